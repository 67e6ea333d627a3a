// Pictures of incidents: who called whom, and when; for faults of cells, where.
"use strict";

const LINE = 17; // height of a party's line
const LEFT = 112; // where time begins
const PICTURE = 620;

// Each party has a line; each call goes from the caller's to the callee's at its start, and a bar shows how long it lasted.
function Timeline({ incident }) {
  const last = d3.max(incident.calls, ([start, length]) => start + length) ?? 1;
  const first = Math.min(0, d3.min(incident.calls, ([start]) => start) ?? 0);
  const x = d3.scaleLinear([first, Math.max(last, first + 1)], [LEFT, PICTURE - 12]);
  const y = (party) => 12 + LINE * party;
  const bottom = y(incident.parties.length) + 4;
  const ticks = [first, (first + last) / 2, last];
  const label = `${incident.calls.length} calls between ${incident.parties.length} parties within ${duration(last - first)}`;
  return html`<svg class="incident" viewBox=${`0 0 ${PICTURE} ${bottom + 16}`} role="img" aria-label=${label}>
    ${incident.parties.map((party, place) => html`<g key=${party}>
      <line x1=${LEFT} x2=${PICTURE - 12} y1=${y(place)} y2=${y(place)} class="rule" />
      <text x=${LEFT - 8} y=${y(place) + 4} text-anchor="end" class=${incident.actors.includes(party) ? "actor" : ""}>${short(party, 15)}<title>${party}</title></text></g>`)}
    ${incident.calls.map(([start, length, caller, callee, , answered]) => html`<g class=${answered ? "call" : "call unanswered"}>
      <line x1=${x(start)} x2=${x(start)} y1=${y(caller)} y2=${y(callee)} />
      <line class="talk" x1=${x(start)} x2=${Math.max(x(start + length), x(start) + 2)} y1=${y(caller)} y2=${y(caller)} />
      <circle cx=${x(start)} cy=${y(callee)} r="2.5" />
      <title>${`${incident.parties[caller]} calls ${incident.parties[callee]}, ${duration(length)}${answered ? "" : ", not answered"}`}</title></g>`)}
    ${ticks.map((at, place) => html`<text class="tick" x=${x(at)} y=${bottom + 10} text-anchor=${["start", "middle", "end"][place]}>${place ? `+${duration(at)}` : incident.start}</text>`)}
  </svg>`;
}

// What the marks of a picture mean.
const Legend = ({ marks }) => html`<p class="legend soft">${marks.map(([draw, text]) => html`<span><svg class="incident-mark" viewBox="0 0 24 12" width="24" height="12" aria-hidden="true">${draw}</svg> ${text}</span>`)}</p>`;

const callMark = (name) => html`<g class=${name}><line x1="5" x2="5" y1="1" y2="11" /><circle cx="5" cy="11" r="2.5" /><line class="talk" x1="5" x2="22" y1="2" y2="2" /></g>`;
const CALL_MARKS = [
  [callMark("call"), "a call, from the caller's line to the dot on the other party's; the bar is its length"],
  [callMark("call unanswered"), "not answered"],
];
const cellMark = (name, size) => html`<circle class=${name} cx="12" cy="6" r=${size} />`;
const CELL_MARKS = [
  [cellMark("fault", 6), "the fault"],
  [cellMark("touched", 4.5), "a cell in which calls of it began"],
  [cellMark("cell", 2.5), "another cell"],
];

// All cells of the world by their place, those of the incident filled.
function CellMap({ incident, cells }) {
  const known = cells.filter(([, longitude]) => longitude !== null);
  if (!known.length) return null;
  const [west, east] = d3.extent(known, (cell) => cell[1]);
  const [south, north] = d3.extent(known, (cell) => cell[2]);
  const squeeze = Math.cos((Math.PI * (south + north)) / 360); // a degree of longitude is shorter than one of latitude
  const size = Math.min(300 / Math.max((east - west) * squeeze, 1e-6), 200 / Math.max(north - south, 1e-6));
  const at = ([, longitude, latitude]) => [12 + (longitude - west) * squeeze * size, 12 + (north - latitude) * size];
  const calls = d3.rollup(incident.calls, (each) => each.length, (call) => call[4]);
  const height = 24 + (north - south) * size;
  const faulty = known.filter(([name]) => incident.actors.includes(name));
  return html`<svg class="incident map" viewBox=${`0 0 324 ${height}`} role="img" aria-label=${`map of ${known.length} cells; the fault is at ${faulty.map(([name]) => name).join(", ")}`}>
    ${cells.map((cell, place) => {
      if (cell[1] === null) return null;
      const [x, y] = at(cell);
      const actor = incident.actors.includes(cell[0]);
      const touched = calls.get(place) ?? 0;
      return html`<circle key=${cell[0]} cx=${x} cy=${y} r=${actor ? 6 : touched ? 4.5 : 2.5} class=${actor ? "fault" : touched ? "touched" : "cell"}>
        <title>${`${cell[0]}${actor ? ", the fault" : ""}${touched ? `, ${touched} calls of the incident` : ""}`}</title></circle>`;
    })}
    ${faulty.length === 1 ? html`<text x=${at(faulty[0])[0] + (at(faulty[0])[0] > 230 ? -9 : 9)} y=${at(faulty[0])[1] + 4}
      text-anchor=${at(faulty[0])[0] > 230 ? "end" : "start"}>${faulty[0][0]}</text>` : null}
  </svg>`;
}

const short = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

// The incidents of a type in one world: found or missed by a detector, with their pictures.
function Incidents({ world, row, type, typePlace }) {
  const mine = row.details?.incidents ?? {};
  const shownOnes = (world.samples ?? []).flatMap((samples, place) => samples.incidents
    .filter((each) => type.name === "all" || each.type === type.name)
    .map((each) => ({ ...each, key: `${place} ${each.id}`, cells: samples.cells, seed: samples.world_seed })));
  const verdictOf = (each) => {
    const share = mine[each.key]?.[0];
    return share === undefined || share === null ? "not judged" : share >= 0.5 ? "found" : "missed";
  };
  const opened = ["found", "missed"].map((verdict) => shownOnes.find((each) => verdictOf(each) === verdict)); // the first of each
  const total = row.details?.counts?.[type.name];
  if (!total && !shownOnes.length) return null;
  const chance = row.chance.incident_recall[row.details?.levels[type.name] ?? type.home]?.[typePlace];
  return html`<h3>Incidents found and missed</h3>
    ${total ? html`<p>${written(total[0], "count")} of ${count(total[1])} incidents found${row.runs.length > 1 ? ", over all repeats" : ""}.
      ${chance === undefined || chance === null ? "" : ` As many random alerts would find ${percent(chance)} of them.`}
      ${shownOnes.length ? ` Below: ${shownOnes.length} of them, spread evenly over the scored days of one world (seed ${shownOnes[0].seed}).` : ""}</p>` : null}
    <ul class="incidents">${shownOnes.map((each) => {
      const [, delay, rank, reasons] = mine[each.key] ?? [];
      const verdict = verdictOf(each);
      return html`<li key=${`${row.label} ${each.key}`}><details open=${opened.includes(each)}>
        <summary><b class=${verdict.replace(" ", "-")}>${verdict === "found" ? "✓" : verdict === "missed" ? "✗" : "·"} ${verdict}:</b>
          ${type.name === "all" ? ` ${each.type}, ` : " "}${each.start}, ${count(each.records)} ${each.records === 1 ? "call" : "calls"} within ${duration(each.length_s)}${
          delay !== undefined && delay !== null ? `; first alert after ${duration(delay)}` : ""}${rank ? `; best rank ${count(rank)}` : ""}</summary>
        ${reasons ? html`<p class="soft">The detector's reasons, ${verdict === "found" ? "at its first alert" : "at its highest score"}: ${reasons}</p>` : null}
        ${each.type === type.name && type.home === "cell_quarter" ? html`<${CellMap} incident=${each} cells=${each.cells} />
          <${Legend} marks=${CELL_MARKS} /><p class="soft">Below: the calls of the cells marked, by caller and callee.</p>` : null}
        ${each.calls.length ? html`<div class="wide" role="region" tabindex="0" aria-label="calls of the incident"><${Timeline} incident=${each} /></div><${Legend} marks=${CALL_MARKS} /><p class="soft">A line is a party; bold: who acts in the incident.</p>` : html`<p class="soft">No call of it is in the records.</p>`}
        ${each.records > each.calls.length ? html`<p class="soft">The first ${each.calls.length} of ${count(each.records)} calls.</p>` : null}
      </details></li>`;
    })}</ul>`;
}
