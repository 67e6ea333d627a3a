// The matrix of detectors and types, and the list of the best of each type.
"use strict";

const AT_FIRST = 60; // so many rows are shown until a reader asks for all: thousands of cells take time to lay out

// The rows and types that are shown, in their order.
function shown(state, world) {
  const types = world.types.filter((type) => !state.types.includes(type.name));
  const text = state.search.trim().toLowerCase();
  const rows = world.rows.filter(
    (row) => !state.families.includes(row.family) && (!text || row.label.toLowerCase().includes(text)));
  const sortType = world.types.find((type) => type.name === state.sort);
  const keyOf = (row) => {
    if (state.sort === "detector") return row.label.toLowerCase();
    if (state.sort === "family") return DOC.families.findIndex((family) => family.key === row.family);
    if (state.sort === "seconds") return seconds(row);
    if (state.sort === "mean") return meanOf(state, world, row);
    return sortType ? valueOf(state, world, row, sortType)?.[0] ?? null : null;
  };
  const sign = state.down === (state.sort !== "mean" || METRICS.get(state.metric).higher_is_better) ? -1 : 1; // of means, the best first
  const covered = new Map(rows.map((row) => [row, state.sort === "mean" ? valuesOf(state, world, row).length : 0]));
  const ordered = rows.map((row) => [keyOf(row), row]).sort(([a, one], [b, other]) => {
    if (one.ranked !== other.ranked) return one.ranked ? -1 : 1; // references stay at the bottom
    if (covered.get(one) !== covered.get(other)) return covered.get(other) - covered.get(one); // means over other types are no match
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  });
  return { rows: ordered.map(([, row]) => row), types };
}

const Family = ({ family }) => html`<svg class="mark" viewBox="-8 -8 16 16" width="12" height="12" aria-hidden="true">
  <path d=${d3.symbol(d3[`symbol${capital(SHAPE.get(family) ?? "circle")}`] ?? d3.symbolCircle, 90)()}
    fill=${["times", "plus"].includes(SHAPE.get(family)) ? "none" : colourOf(family)} stroke=${colourOf(family)} stroke-width="2" /></svg>`;
const capital = (text) => text[0].toUpperCase() + text.slice(1);

// A heading that sorts.
function Heading({ name, label, state, set, upright, title }) {
  const active = state.sort === name;
  const falls = state.down === (name !== "mean" || METRICS.get(state.metric).higher_is_better);
  const order = active ? (falls ? "descending" : "ascending") : "none";
  const down = active ? !state.down : name !== "detector" && name !== "family" && name !== "seconds";
  return html`<th scope="col" class=${upright ? "upright" : ""} aria-sort=${order}>
    <button type="button" title=${title ?? `sort by ${label}`} onClick=${() => set({ sort: name, down, ...(title && name !== "mean" ? { focus: name } : {}) })}>
      <span>${label}</span><i aria-hidden="true">${active ? (falls ? "▼" : "▲") : ""}</i></button></th>`;
}

function groupsOf(types) {
  const found = [];
  for (const type of types) {
    if (found.at(-1)?.group === type.group) found.at(-1).span += 1;
    else found.push({ group: type.group, span: 1 });
  }
  return found;
}

function Cell({ state, set, world, row, type, best, dense }) {
  const metric = METRICS.get(state.metric);
  const value = valueOf(state, world, row, type);
  const place = world.rows.indexOf(row);
  const first = best && best.row === place;
  const alike = best && best.alike.includes(place);
  const shade = shadeOf(value, metric);
  if (!value && row.failure && !row.ok) return html`<td class="failed">${row.failure}</td>`;
  const whole = value ? written(value[0], metric.kind) : NOTHING;
  const text = dense ? shortened(whole) : whole;
  const said = `${row.label}, ${type.name}: ${withInterval(value, metric.kind, row)}${first ? ", best" : alike ? ", not significantly different from the best" : ""}`;
  return html`<td class=${`s${shade ?? "x"} ${first ? "best" : alike ? "alike" : ""}`}>
    <button type="button" aria-label=${said} title=${said} onClick=${() => set({ cell: [place, world.types.indexOf(type)], focus: type.name })}>
      ${text}<i aria-hidden="true">${first ? "★" : alike ? "≈" : ""}</i></button></td>`;
}

const shortened = (text) => text.replace(/^0\./, ".").replace(/^1\.0+$/, "1");

function Matrix({ state, set, world }) {
  const [every, setEvery] = useState(false);
  const { rows, types } = shown(state, world);
  const bests = new Map(types.map((type) => [type, bestOf(state, world, type)]));
  const metric = METRICS.get(state.metric);
  const upright = types.length > 8;
  const dense = types.length > 12; // as narrow as it goes: without families, and without the 0 before the point
  const meanText = (row) => { const text = written(meanOf(state, world, row), metric.kind); return dense ? shortened(text) : text; };
  const before = [html`<td class="family"></td>`, dense ? null : html`<td></td>`, html`<td></td>`];
  const compared = [...new Set([...bests.values()].map((best) => best?.how).filter(Boolean))];
  const kept = every ? rows : rows.slice(0, AT_FIRST);
  return html`<div class="wide" role="region" tabindex="0" aria-label="matrix of detectors and types">
    <table class=${dense ? "matrix dense" : "matrix"}>
      <caption><b>${capital(metric.label)}</b> <span>${metric.meaning}; ${state.level === "home" ? "each type at its home level" : LEVELS.get(state.level)}.
        Choose a number for its curves and incidents, a heading to sort. Rows: by <b>mean</b> over the types shown, detectors with a value of more types first.</span>
        <span class="legend"><span class="best">★ best of a type</span> <span class="alike">≈ not significantly different from it: ${compared.join("; ") || "not compared"}</span></span>
        ${dense ? html`<span class="when-scrolled">More types are to the right: scroll the table sideways.</span>` : null}</caption>
      <thead>
        <tr class="groups"><td></td>${before}${groupsOf(types).map(({ group, span }) =>
          html`<th scope="colgroup" colspan=${span}>${group === "all" ? "" : span > 1 ? GROUPS.get(group) : GROUPS.get(group).split(":")[0]}</th>`)}</tr>
        <tr>
          <${Heading} name="detector" label="detector" state=${state} set=${set} />
          <${Heading} name="family" label="family" state=${state} set=${set} />
          ${dense ? null : html`<${Heading} name="seconds" label="time" state=${state} set=${set} />`}
          <${Heading} name="mean" label="mean" state=${state} set=${set} upright=${upright} title="mean over the types shown of which a detector has a value, without all; sort" />
          ${types.map((type) => html`<${Heading} key=${type.name} name=${type.name} label=${type.name} state=${state} set=${set} upright=${upright}
            title=${`${type.name}: ${LEVELS.get(type.home)}, ${count(type.incidents)} incidents${type.few ? ", too few to judge" : ""}; sort`} />`)}
        </tr>
      </thead>
      <tbody>
        ${kept.map((row) => html`<tr key=${row.label} class=${row.ranked ? "" : "unranked"}>
          <th scope="row"><${Family} family=${row.family} />${row.label}</th>
          <td class="soft family">${FAMILIES.get(row.family)}</td>
          ${dense ? null : html`<td class="soft number">${duration(seconds(row))}</td>`}
          <td class="mean" title=${`over ${valuesOf(state, world, row).length} types`}>${meanText(row)}</td>
          ${types.map((type) => html`<${Cell} key=${type.name} state=${state} set=${set} world=${world} row=${row} type=${type} best=${bests.get(type)} dense=${dense} />`)}
        </tr>`)}
        ${metric.chance ? html`<tr class="reference"><th scope="row" title="of random scores in the place of the best detector">${chanceLabel(state, world)}</th>${before}
          ${types.map((type) => { const text = chanceOfBest(state, world, type); return html`<td>${dense ? shortened(text) : text}</td>`; })}</tr>` : null}
        <tr class="reference"><th scope="row">incidents</th>${before}
          ${types.map((type) => html`<td>${count(type.incidents)}${type.few ? "!" : ""}</td>`)}</tr>
      </tbody>
    </table></div>
    ${kept.length < rows.length ? html`<p><button type="button" onClick=${() => setEvery(true)}>Show all ${rows.length} rows</button></p>` : null}
    ${rows.length < world.rows.length ? html`<p class="soft">${world.rows.length - rows.length} of ${world.rows.length} rows are hidden.</p>` : null}
    ${types.some((type) => type.few) ? html`<p class="soft">! Too few incidents to judge, in at least one world.</p>` : null}`;
}

// A name that may be broken after its underscores, where there is little room.
const breakable = (text) => text.split(/(?<=_)/).map((part) => html`${part}<wbr />`);

// Each type with its best detector, and how sure that is.
function BestList({ state, set, world }) {
  const metric = METRICS.get(state.metric);
  const types = world.types.filter((type) => !state.types.includes(type.name));
  const line = (type) => {
    const best = bestOf(state, world, type);
    const row = best && world.rows[best.row];
    const value = row && valueOf(state, world, row, type);
    const alike = best ? best.alike.map((place) => world.rows[place].label) : [];
    const named = alike.length > 4 ? `${alike.slice(0, 4).join(", ")} and ${alike.length - 4} more` : alike.join(", ");
    return html`<tr key=${type.name}>
      <th scope="row">${breakable(type.name)}<small>${GROUPS.get(type.group)}</small></th>
      <td>${row ? html`<button type="button" class="link" onClick=${() => set({ cell: [best.row, world.types.indexOf(type)], focus: type.name })}>
        <${Family} family=${row.family} />${breakable(row.label)}</button>` : NOTHING}<small class="only-narrow">${withInterval(value, metric.kind, row)}</small></td>
      <td class="not-narrow">${withInterval(value, metric.kind, row)}</td>
      <td class="not-narrow number">${chanceOfBest(state, world, type)}</td>
      <td class="not-narrow number">${row ? duration(seconds(row)) : NOTHING}</td>
      <td>${alike.length ? html`<span title=${`${alike.join(", ")}: ${best.how}`}>${breakable(named)}</span>` : best?.how && state.budget === null ? "none" : NOTHING}</td></tr>`;
  };
  const how = [...new Set(types.map((type) => bestOf(state, world, type)?.how).filter(Boolean))];
  return html`<section aria-labelledby="best"><h2 id="best">Best of each type</h2>
    <div class="wide" role="region" tabindex="0" aria-label="best of each type"><table class="list">
      <caption><span>By ${metric.label}. Significance: ${how.join("; ") || "not tested"}.</span></caption>
      <thead><tr><th scope="col">type</th><th scope="col">best detector</th><th scope="col" class="not-narrow">${metric.label}</th>
        <th scope="col" class="not-narrow">${chanceLabel(state, world)}</th><th scope="col" class="not-narrow">time</th><th scope="col"><span class="not-narrow">not significantly different from it</span><span class="only-narrow">≈ no clear difference</span></th></tr></thead>
      <tbody>${types.map(line)}</tbody></table></div></section>`;
}
