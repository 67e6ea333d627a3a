// What is behind the numbers: curves, incidents, alarms. It is packed (gzip, base64), and unpacked once the page stands.
"use strict";

let BUDGETS = []; // alerts a day at which curves were read
let RECALLS = []; // recalls at which their precision was read

async function unpackDetails() {
  const details = unpacked("details");
  if (!details) return false;
  BUDGETS = details.budgets;
  RECALLS = details.recalls;
  details.worlds.forEach((each, place) => {
    const world = DOC.worlds[place];
    world.samples = each.samples;
    world.overlaps = each.overlaps;
    each.rows.forEach((mine, row) => { world.rows[row].details = mine; });
  });
  return true;
}

const hasCurves = (world) => world.rows.some((row) => row.details && Object.keys(row.details.curves).length);

// A share at a number of alerts a day, read off a curve; null where the curve does not say.
function valueAtBudget(row, type, curve, budget) {
  const share = row.details?.curves[type]?.[curve]?.[BUDGETS.indexOf(budget)];
  return share === undefined || share === null ? null : [share / 1000];
}

// A curve as points.
function pointsOf(curve) {
  return curve ? curve.recall.map((recall, place) => ({
    alerts: BUDGETS[place], recall: recall / 1000, precision: curve.precision[place] === null ? null : curve.precision[place] / 1000, incident_recall: curve.incident_recall[place] / 1000,
  })) : [];
}

// Fewest alerts a day that find a share of the incidents, of those at which curves were read.
function alertsFor(curve, share) {
  return pointsOf(curve).find((point) => point.incident_recall >= share)?.alerts ?? null;
}

// The slider of alerts a day; at its left end the numbers are those of the run.
function Budget({ state, set, world }) {
  if (!hasCurves(world)) return null;
  const place = state.budget === null ? 0 : BUDGETS.indexOf(state.budget) + 1;
  const text = state.budget === null ? `as run${world.budget ? `, ${count(world.budget)}` : ""}` : count(state.budget);
  const move = (event) => {
    const budget = Number(event.target.value) ? BUDGETS[event.target.value - 1] : null;
    set({ budget, ...(budget !== null && !METRICS.get(state.metric).curve ? { metric: "incident_recall" } : {}) });
  };
  return html`<div class="chooser"><label for="budget">alerts a day: <b>${text}</b></label>
    <input id="budget" type="range" min="0" max=${BUDGETS.length} value=${place} aria-valuetext=${text} onInput=${move} /></div>`;
}

// Curves of a detector on a type.
function Curves({ world, row, type, typePlace, state }) {
  const details = row.details;
  const points = pointsOf(details?.curves[type.name]);
  if (!points.length) return html`<p class="soft">The page has no curves of this run: it left none, or its folder was not there when the page was made.</p>`;
  const level = details.levels[type.name];
  const at = state.budget === null ? {
    recall: row.values.recall[level][typePlace], precision: row.values.precision[level][typePlace],
  } : { recall: valueAtBudget(row, type.name, "recall", state.budget), precision: valueAtBudget(row, type.name, "precision", state.budget) };
  const runs = (details.runs?.[type.name] ?? [details.curves[type.name]]).map((curve) => curve.precision_at.map((share) => share / 1000));
  const share = alertsFor(details.curves[type.name], 0.8);
  const most = points.at(-1);
  const byChance = row.chance.incident_recall[level][typePlace];
  const chances = details.chances?.[type.name];
  const chance = world.budget && byChance !== null ? { alerts: world.budget, share: byChance } : null;
  return html`<div class="side"><div><h3>Precision and recall</h3>
      <${Chart} label=${`precision against recall; average precision ${withInterval(row.values.average_precision[level][typePlace], "share", row)}`}
        draw=${(width) => precisionRecallChart(width, runs, at.recall && at.precision ? at : null, type.prevalence)} needs=${[row, type, state.budget]} />
      <p class="soft">Average precision ${withInterval(row.values.average_precision[level][typePlace], "share", row)}. Circle: at the threshold, with the 95 % intervals
        of recall and precision or the range of the repeats. Dotted: prevalence.${runs.length > 1 ? ` One line for each of ${runs.length} runs.` : ""}</p></div>
    <div><h3>Found against alerts a day</h3>
      <${Chart} label=${`share found against alerts a day; ${share ? `80 % of the incidents at ${share} alerts a day` : "80 % of the incidents at none of them"}`}
        draw=${(width) => budgetChart(width, points, state.budget ?? world.budget, chance, chances)} needs=${[row, type, state.budget]} />
      <p class="soft">${share ? `${share === BUDGETS[0] ? "At most " : "About "}${count(share)} alerts a day find 80 % of the incidents.`
        : `${count(most.alerts)} alerts a day find ${percent(most.incident_recall)} of the incidents.`} Alerts are shared by all types. Dashed: the number of alerts that is shown.${chances ? " Dotted: incidents that as many random alerts would find." : ""}${chance
          ? ` ${chances ? "At" : "Diamond: at"} the threshold of the run, as many random alerts would find ${percent(byChance)} of the incidents; more alerts find more.` : ""}</p></div></div>`;
}

function FalseAlarms({ row, type }) {
  const level = row.details?.levels[type.name];
  const alarms = row.details?.alarms[level] ?? [];
  if (!alarms.length) return null;
  return html`<h3>Highest false alarms</h3><div class="wide" role="region" tabindex="0" aria-label="highest false alarms"><table class="list">
    <thead><tr><th scope="col">rank</th><th scope="col">start (UTC)</th><th scope="col">${level === "cell_quarter" ? "cell" : "user"}</th>
      <th scope="col">score</th><th scope="col">the detector's reasons</th></tr></thead>
    <tbody>${alarms.map((alarm) => html`<tr><th scope="row" class="number">${alarm.rank}</th><td>${alarm.when}</td>
      <td>${level === "cell_quarter" ? alarm.cell_id : `${alarm.user_id}${alarm.callee_id && level === "call" ? ` calls ${alarm.callee_id}` : ""}`}</td>
      <td class="number">${alarm.score}</td><td class="reason">${alarm.reasons || NOTHING}</td></tr>`)}</tbody></table></div>`;
}

// Whether two detectors find the same incidents.
function Overlap(props) {
  const { state, world } = props;
  const type = focusOf(state, world);
  if (!world.overlaps || !Object.keys(world.overlaps).length) return null;
  const overlap = world.overlaps[type.name];
  const pairs = overlap ? overlap.rows.flatMap((a, i) => overlap.rows.slice(i + 1).map((b, j) => ({
    a: world.rows[a], b: world.rows[b], both: overlap.both[i][i + 1 + j], either: overlap.either[i][i + 1 + j],
    alone: [overlap.found[i], overlap.found[i + 1 + j]],
  }))).sort((one, other) => other.either - one.either) : [];
  return html`<section aria-labelledby="overlap"><h2 id="overlap">Do two detectors find the same incidents?</h2>
    <${FocusChooser} ...${props} />
    ${overlap ? html`<p class="soft">Of ${count(overlap.incidents)} incidents of ${type.name}, at the threshold of the runs; the ${overlap.rows.length} detectors that find most, the pairs that
      together find most first. Two detectors side by side raise the alerts of both.</p>
    <div class="wide" role="region" tabindex="0" aria-label="incidents that two detectors find"><table class="list">
      <thead><tr><th scope="col">two detectors</th><th scope="col">first alone</th><th scope="col">second alone</th><th scope="col">both find</th><th scope="col">together</th></tr></thead>
      <tbody>${pairs.slice(0, 12).map(({ a, b, both, either, alone }) => html`<tr><th scope="row"><${Family} family=${a.family} />${a.label} and <${Family} family=${b.family} />${b.label}</th>
        <td class="number">${written(alone[0], "count")}</td><td class="number">${written(alone[1], "count")}</td><td class="number">${written(both, "count")}</td>
        <td class="number"><b>${percent(either / overlap.incidents)}</b></td></tr>`)}</tbody></table></div>` : html`<p class="soft">Fewer than two detectors find an incident of ${type.name}.</p>`}
  </section>`;
}
