// What is behind one number: a dialog with its curves, incidents, false alarms and runs.
"use strict";

function Panel({ state, set, world }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (state.cell && !dialog.current.open) dialog.current.showModal();
    if (!state.cell && dialog.current.open) dialog.current.close();
  }, [state.cell]);
  const [place, typePlace] = state.cell ?? [];
  const row = world.rows[place];
  const type = world.types[typePlace];
  return html`<dialog ref=${dialog} aria-labelledby="panel-title" onClose=${() => set({ cell: null })}
      onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    ${row && type ? html`<div class="panel">
      <form method="dialog"><button class="close" aria-label="close">✕</button></form>
      <h2 id="panel-title"><${Family} family=${row.family} />${row.label} on ${type.name}</h2>
      <p class="soft">${FAMILIES.get(row.family)}; ${world.title}; ${LEVELS.get(type.home)}, prevalence ${percent(type.prevalence)}, ${count(type.incidents)} incidents</p>
      <${Against} world=${world} row=${row} type=${type} typePlace=${typePlace} state=${state} />
      <${Curves} world=${world} row=${row} type=${type} typePlace=${typePlace} state=${state} />
      <${Incidents} world=${world} row=${row} type=${type} typePlace=${typePlace} />
      <${FalseAlarms} row=${row} type=${type} />
      <${Numbers} world=${world} row=${row} type=${type} typePlace=${typePlace} />
      <${Runs} row=${row} />
    </div>` : null}</dialog>`;
}

// Where this detector stands among those of the type.
function Against({ world, row, type, state }) {
  const metric = METRICS.get(state.metric);
  const best = bestOf(state, world, type);
  if (!best) return null;
  const first = world.rows[best.row];
  const place = world.rows.indexOf(row);
  const verdict = best.untested.includes(place) ? "" : best.alike.includes(place) ? "; the difference is not significant" : "; the difference is significant";
  const value = withInterval(valueOf(state, world, row, type), metric.kind, row);
  const chance = chanceOf(state, world, row, type);
  const text = first === row
    ? `Best of its type by ${metric.label}: ${value}. Not significantly different from it: ${best.alike.map((each) => world.rows[each].label).join(", ") || "none"}.`
    : `${capital(metric.label)} ${value}. The best is ${first.label} with ${withInterval(valueOf(state, world, first, type), metric.kind, first)}${
      row.ranked ? verdict : ""}.`;
  return html`<p>${text}${chance === NOTHING ? "" : ` ${capital(chanceLabel(state, world))}: ${chance}.`} <span class="soft">Significance: ${best.how}.</span></p>`;
}

function Numbers({ row, type, typePlace }) {
  const levels = [...LEVELS].filter(([level]) => level !== "home" && DOC.metrics.some((metric) => row.values[metric.key][level][typePlace]));
  return html`<div class="wide"><table class="list"><caption><b>All numbers</b></caption>
    <thead><tr><th scope="col">metric</th>${levels.map(([level, label]) =>
      html`<th scope="col">${label}${level === type.home ? ", home level" : ""}</th>`)}</tr></thead>
    <tbody>${DOC.metrics.map((metric) => html`<tr><th scope="row">${metric.label}<small>${metric.meaning}</small></th>${levels.map(([level]) =>
      html`<td class="number">${withInterval(row.values[metric.key][level][typePlace], metric.kind, row)}
        ${row.values[metric.key][level][typePlace] && metric.chance ? html`<small>chance ${written(row.chance[metric.key][level][typePlace], metric.kind)}</small>` : null}</td>`)}</tr>`)}</tbody></table></div>`;
}

function Runs({ row }) {
  return html`<h3>Runs</h3>${row.runs.map((run) => html`<div class="run" key=${run.name + run.link}>
    <p>${run.link ? html`<a href=${run.link}>${run.name}</a>` : run.name}, world seed ${run.world_seed}, seed ${run.seed}:
      <b class=${run.status === "OK" ? "" : "failed"}> ${run.status}</b> ${run.reason}</p>
    ${run.command ? html`<${Command} text=${run.command} />` : null}</div>`)}`;
}

function Command({ text }) {
  const [copied, setCopied] = useState(false);
  const copy = () => navigator.clipboard?.writeText(text).then(() => setCopied(true));
  return html`<div class="command"><code>${text}</code><button type="button" onClick=${copy}>${copied ? "copied" : "copy"}</button></div>`;
}
