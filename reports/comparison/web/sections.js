// What follows the matrix: cost, sensitivity, ranks, the clean twin, failures, worlds.
"use strict";

const FocusChooser = ({ state, set, world }) => html`<${Chooser} label="type" value=${state.focus}
  options=${world.types.map((type) => [type.name, type.name])} choose=${(focus) => set({ focus })} />`;

const focusOf = (state, world) => world.types.find((type) => type.name === state.focus) ?? world.types[0];

function FamilyLegend({ families }) {
  return html`<p class="legend">${[...families].map((family) => html`<span><${Family} family=${family} />${FAMILIES.get(family)}</span>`)}</p>`;
}

function Cost(props) {
  const { state, world } = props;
  const metric = METRICS.get(state.metric);
  const type = focusOf(state, world);
  const { rows } = shown(state, world);
  const points = rows.flatMap((row) => {
    const value = valueOf(state, world, row, type);
    return value && seconds(row) ? [{ label: row.label, family: row.family, seconds: seconds(row), value: value[0], row }] : [];
  });
  return html`<section aria-labelledby="cost"><h2 id="cost">Accuracy against cost</h2>
    <${FocusChooser} ...${props} />
    <${Chart} label=${`${metric.label} on ${type.name} against seconds, ${points.length} detectors; the table below has the numbers`}
      draw=${(width) => costChart(width, points, metric)} needs=${[state, world]} />
    <${FamilyLegend} families=${new Set(points.map((point) => point.family))} />
    <details><summary>Cost as a table</summary><div class="wide" role="region" tabindex="0" aria-label="cost"><table class="list">
      <thead><tr><th scope="col">detector</th><th scope="col">${metric.label}, ${type.name}</th><th scope="col">fit</th><th scope="col">score</th>
        <th scope="col">calls a second</th><th scope="col">memory</th><th scope="col">runs</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr><th scope="row">${row.label}</th>
        <td class="number">${withInterval(valueOf(state, world, row, type), metric.kind, row)}</td>
        <td class="number">${duration(row.cost.fit_seconds?.[0])}</td><td class="number">${duration(row.cost.score_seconds?.[0])}</td>
        <td class="number">${count(row.cost.calls_per_second?.[0])}</td><td class="number">${row.cost.peak_mib ? `${count(row.cost.peak_mib[0])} MiB` : NOTHING}</td>
        <td class="number">${row.ok} of ${row.runs.length}</td></tr>`)}</tbody></table></div></details></section>`;
}

const lastName = (setting) => setting.split(".").at(-1);

// The settings of detectors or of worlds that differ, each with its points.
function sweptSettings(state, world, type) {
  const found = new Map();
  const add = (setting, point) => found.set(setting, [...(found.get(setting) ?? []), point]);
  for (const row of world.rows) {
    const value = valueOf(state, world, row, type);
    for (const [setting, text] of Object.entries(value ? row.varied : {})) {
      const others = Object.entries(row.varied).filter(([other]) => other !== setting).map(([other, each]) => `${lastName(other)}=${each}`).join(", ");
      add(setting, { x: asNumber(text), value: value[0], line: others ? `${row.detector} (${others})` : row.detector, family: row.family });
    }
  }
  for (const each of DOC.worlds) {
    const here = each.types.find((other) => other.name === type.name);
    if (!here) continue;
    for (const row of each.rows) {
      const value = valueOf({ ...state, budget: null }, each, row, here);
      for (const [setting, x] of Object.entries(value ? each.settings : {})) {
        if (setting.startsWith("anomaly.") && type.name !== "all" && setting.split(".")[1] !== type.name) continue;
        const others = Object.entries(each.settings).filter(([other]) => other !== setting).map(([name, other]) => `${lastName(name)}=${other}`).join(", ");
        add(setting, { x, value: value[0], line: others ? `${row.label} [${others}]` : row.label, family: row.family });
      }
    }
  }
  for (const [setting, points] of found) {
    if (new Set(points.map((point) => point.x)).size < 2) found.delete(setting);
  }
  return found;
}

const asNumber = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

function Sensitivity(props) {
  const { state, world } = props;
  const metric = METRICS.get(state.metric);
  const type = focusOf(state, world);
  const settings = useMemo(() => sweptSettings(state, world, type), [state, world]);
  const [asked, setAsked] = useState("");
  if (!settings.size) return null;
  const setting = settings.has(asked) ? asked : settings.keys().next().value;
  const points = settings.get(setting);
  return html`<section aria-labelledby="sensitivity"><h2 id="sensitivity">What a setting does</h2>
    <p class="soft">${capital(metric.label)} along the settings in which recorded runs differ: of detectors, or of worlds (difficulty, ratio, size).</p>
    <${Chooser} label="setting" value=${setting} options=${[...settings.keys()].map((each) => [each, each])} choose=${setAsked} />
    <${FocusChooser} ...${props} />
    <${Chart} label=${`${metric.label} on ${type.name} along ${setting}`} draw=${(width) => sensitivityChart(width, points, setting, metric)} needs=${[state, setting]} />
    <${FamilyLegend} families=${new Set(points.map((point) => point.family))} />
    <details><summary>As a table</summary><div class="wide" role="region" tabindex="0" aria-label="sensitivity"><table class="list">
      <thead><tr><th scope="col">detector</th><th scope="col">${setting}</th><th scope="col">${metric.label}</th></tr></thead>
      <tbody>${[...points].sort((a, b) => (a.line < b.line ? -1 : a.line > b.line ? 1 : a.x - b.x)).map((point) =>
        html`<tr><th scope="row">${point.line}</th><td class="number">${point.x}</td><td class="number">${written(point.value, metric.kind)}</td></tr>`)}</tbody></table></div></details>
  </section>`;
}

function Ranks({ state, set }) {
  if (!DOC.contests.some((contest) => contest.rankings.length)) return null;
  return html`<section aria-labelledby="ranks"><h2 id="ranks">Detectors over several worlds</h2>
    <p class="soft">By average precision at the home level of the type.</p>
    ${DOC.contests.map((contest) => html`<${ContestOf} key=${contest.title} contest=${contest} state=${state} set=${set} />`)}</section>`;
}

function ContestOf({ contest, state, set }) {
  const ranking = contest.rankings.find((each) => each.type === state.focus) ?? contest.rankings[0];
  if (!ranking) return null;
  return html`<h3>${contest.title}</h3>
    ${contest.cautions.map((caution) => html`<p class="caution">${caution}</p>`)}
    <${Chooser} label="type" value=${ranking.type} options=${contest.rankings.map((each) => [each.type, each.type])} choose=${(focus) => set({ focus })} />
    <p class="soft">${capital(ranking.said)}.</p>
    ${ranking.groups.length || ranking.said.startsWith("mean rank") ? html`<${Chart} label=${`mean ranks on ${ranking.type}; the table below has the numbers`}
      draw=${(width) => rankChart(width, ranking)} needs=${[ranking]} />` : null}
    <details open=${!ranking.said.startsWith("mean rank")}><summary>As a table</summary>
    <div class="wide" role="region" tabindex="0" aria-label="ranks"><table class="list">
      <thead><tr><th scope="col">detector</th><th scope="col">${ranking.said.startsWith("mean rank") ? "mean rank" : "average precision"}</th>
        <th scope="col">${ranking.said.startsWith("mean rank") ? "not significantly different from" : "difference to the first, simultaneous 95 % interval"}</th></tr></thead>
      <tbody>${ranking.names.map((name, place) => html`<tr><th scope="row">${name}</th><td class="number">${ranking.values[place]}</td>
        <td>${ranking.notes[place] || NOTHING}</td></tr>`)}</tbody></table></div></details>`;
}

function Twin({ world }) {
  const rows = world.rows.filter((row) => row.twin[0] !== null);
  if (!rows.length) return null;
  return html`<section aria-labelledby="twin"><h2 id="twin">Alerts on the clean twin</h2>
    <p class="soft">At the same threshold, in the same world without incidents: what the detector would alert about where nothing is wrong.</p>
    <div class="wide" role="region" tabindex="0" aria-label="alerts on the clean twin"><table class="list">
      <thead><tr><th scope="col">detector</th><th scope="col">alerts on the twin</th><th scope="col">false alarms here</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr><th scope="row">${row.label}</th><td class="number">${count(row.twin[0])}</td><td class="number">${count(row.twin[1])}</td></tr>`)}</tbody>
    </table></div></section>`;
}

function Failures() {
  const failed = DOC.worlds.flatMap((world) => world.rows.flatMap((row) => row.runs.filter((run) => run.status !== "OK").map((run) => [world, row, run])));
  if (!failed.length) return null;
  return html`<section aria-labelledby="failed"><h2 id="failed">Runs that failed</h2>
    <p class="soft">A failed run has no numbers; it counts neither as 0 nor as anything else.</p>
    <div class="wide" role="region" tabindex="0" aria-label="runs that failed"><table class="list">
      <thead><tr><th scope="col">run</th><th scope="col">detector</th><th scope="col">world</th><th scope="col">seeds</th><th scope="col">status</th><th scope="col">reason</th></tr></thead>
      <tbody>${failed.map(([world, row, run]) => html`<tr><th scope="row">${run.link ? html`<a href=${run.link}>${run.name}</a>` : run.name}</th>
        <td>${row.label}</td><td>${world.title}</td><td>${run.world_seed}, ${run.seed}</td><td class="failed">${run.status}</td><td class="reason">${run.reason}</td></tr>`)}</tbody>
    </table></div></section>`;
}

// The world configurations that are together here: what each is, and a button that shows it alone.
function Kinds({ world, set }) {
  const kinds = world.kinds.map((place) => [place, DOC.worlds[place]]);
  if (!kinds.length) return null;
  return html`<div class="wide" role="region" tabindex="0" aria-label="world configurations"><table class="list">
    <thead><tr>${Object.keys(kinds[0][1].kind).map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${kinds.map(([place, { kind, title }]) => html`<tr><th scope="row"><button type="button" class="link" title=${title} onClick=${() => set({ world: place })}>${kind.world}</button></th>
      ${Object.values(kind).slice(1).map((text) => html`<td>${text || NOTHING}</td>`)}</tr>`)}</tbody></table></div>`;
}

function World({ world, set }) {
  return html`<section aria-labelledby="world"><h2 id="world">${world.kinds.length ? "These world configurations" : "This world configuration"}</h2>
    <${Kinds} world=${world} set=${set} />
    <dl>${world.facts.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>
    ${world.audits.filter((audit) => audit.verdict).map((audit) => html`<details><summary>Audit of world seed ${audit.world_seed}
      (<code>${audit.fingerprint.slice(0, 12)}</code>): ${audit.verdict}</summary>
      ${audit.checks.length ? html`<table class="list"><thead><tr><th scope="col">check</th><th scope="col">verdict</th><th scope="col">found</th></tr></thead>
        <tbody>${audit.checks.map(([name, light, lines]) => html`<tr><th scope="row">${name}</th><td>${light}</td><td class="reason">${lines}</td></tr>`)}</tbody></table>`
      : html`<p class="soft">The world is no longer on this disk; its audit said no more than this.</p>`}</details>`)}
  </section>`;
}

function AllRuns({ world }) {
  const [open, setOpen] = useState(false);
  const runs = open ? world.rows.flatMap((row) => row.runs.map((run) => [row, run])) : [];
  return html`<details onToggle=${(event) => setOpen(event.target.open)}><summary>All runs of this world configuration</summary>
    <div class="wide" role="region" tabindex="0" aria-label="all runs"><table class="list">
      <thead><tr><th scope="col">run</th><th scope="col">started</th><th scope="col">detector</th><th scope="col">world seed</th><th scope="col">seed</th><th scope="col">status</th><th scope="col">world</th></tr></thead>
      <tbody>${runs.map(([row, run]) => html`<tr><th scope="row">${run.link ? html`<a href=${run.link}>${run.name}</a>` : run.name}</th><td>${run.started_at}</td>
        <td>${row.label}</td><td>${run.world_seed}</td><td>${run.seed}</td><td class=${run.status === "OK" ? "" : "failed"}>${run.status}</td><td><code>${run.fingerprint.slice(0, 12)}</code></td></tr>`)}</tbody>
    </table></div></details>`;
}
