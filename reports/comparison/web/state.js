// What every part of the page uses: the document, its choices, and how numbers are written.
"use strict";

const { h, render } = preact;
const { useEffect, useMemo, useRef, useState } = preactHooks;
const html = htm.bind(h);

// What is packed in an element (gzip, base64); null if it is empty.
function unpacked(id) {
  const packed = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return packed ? JSON.parse(fflate.strFromU8(fflate.gunzipSync(bytes))) : null;
}

const DOC = unpacked("document");
const METRICS = new Map(DOC.metrics.map((metric) => [metric.key, metric]));
const FAMILIES = new Map(DOC.families.map((family) => [family.key, family.label]));
const GROUPS = new Map(DOC.groups.map((group) => [group.key, group.label]));
const LEVELS = new Map(DOC.levels.map((level) => [level.key, level.label]));
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "times", "plus"];
const SHAPE = new Map(DOC.families.map((family, place) => [family.key, SYMBOLS[place % SYMBOLS.length]]));
const NOTHING = "–";

// The choices of a reader. They are kept in the address (after #), so that a link shows the same.
const START = {
  world: 0, metric: "average_precision", level: "home", budget: null, sort: "mean", down: true, search: "",
  families: [], types: [], focus: "all", cell: null,
}; // families and types: those that are hidden

function stateFromAddress() {
  const state = { ...START };
  for (const [key, text] of new URLSearchParams(location.hash.slice(1))) {
    if (!(key in START)) continue;
    try {
      const value = JSON.parse(text);
      if (START[key] === null || typeof value === typeof START[key]) state[key] = value;
    } catch { /* an address that somebody has mistyped */ }
  }
  return sound(state);
}

// Return choices that exist in this document, whatever the address says.
function sound(state) {
  const world = DOC.worlds[state.world] ? state.world : 0;
  const types = DOC.worlds[world].types.map((type) => type.name);
  const known = (list) => (Array.isArray(list) ? list.filter((each) => typeof each === "string") : []);
  const [row, type] = Array.isArray(state.cell) ? state.cell : [];
  return {
    ...state, world,
    metric: METRICS.has(state.metric) ? state.metric : START.metric,
    level: LEVELS.has(state.level) ? state.level : START.level,
    families: known(state.families), types: known(state.types),
    sort: types.includes(state.sort) || ["detector", "family", "seconds", "mean"].includes(state.sort) ? state.sort : START.sort,
    focus: types.includes(state.focus) ? state.focus : types[0],
    budget: typeof state.budget === "number" ? state.budget : null,
    cell: DOC.worlds[world].rows[row] && types[type] ? [row, type] : null,
  };
}

function addressOf(state) {
  const changed = Object.entries(state).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(START[key]));
  return changed.length ? `#${new URLSearchParams(changed.map(([key, value]) => [key, JSON.stringify(value)]))}` : " ";
}

// The level of a type that is looked at.
const levelOf = (state, type) => (state.level === "home" ? type.home : state.level);

// [mean, low, high] of a detector on a type, or null; at another number of alerts a day, from its curve.
function valueOf(state, world, row, type) {
  const place = world.types.indexOf(type);
  const metric = METRICS.get(state.metric);
  if (state.budget !== null && metric.curve) return valueAtBudget(row, type.name, metric.curve, state.budget);
  return row.values[metric.key]?.[levelOf(state, type)]?.[place] ?? null;
}

// A detector's values on the types that are shown and of which it has one, without "all"; and their mean, null without any.
const valuesOf = (state, world, row) => world.types.filter((type) => type.name !== "all" && !state.types.includes(type.name))
  .flatMap((type) => valueOf(state, world, row, type)?.slice(0, 1) ?? []);
const meanOf = (state, world, row) => d3.mean(valuesOf(state, world, row)) ?? null;

// The best of a type and those not significantly different from it; at another budget than the run's, only the highest.
function bestOf(state, world, type) {
  const metric = METRICS.get(state.metric);
  if (state.budget === null || !metric.curve) {
    return world.best[metric.key]?.[levelOf(state, type)]?.[world.types.indexOf(type)] ?? null;
  }
  let best = null;
  world.rows.forEach((row, place) => {
    const value = row.ranked ? valueOf(state, world, row, type) : null;
    if (value && (!best || value[0] > best.value)) best = { row: place, value: value[0], alike: [] };
  });
  return best && { ...best, untested: [...world.rows.keys()], how: "no test at this number of alerts, which is read off the curves" };
}

// What random scores would get in a detector's place, as text. That of incidents found depends on the number of alerts: where it
// is not known at the number that is shown, it is that at the runs' threshold, with a star.
function chanceOf(state, world, row, type) {
  const metric = METRICS.get(state.metric);
  const atRun = row.chance[state.metric]?.[levelOf(state, type)]?.[world.types.indexOf(type)] ?? null;
  if (atRun === null || !otherAlerts(state)) return written(atRun, metric.kind);
  const share = row.details?.chances[type.name]?.[BUDGETS.indexOf(state.budget)];
  return share === undefined ? `${written(atRun, metric.kind)}*` : written(share / 1000, metric.kind);
}

const otherAlerts = (state) => state.budget !== null && state.metric === "incident_recall";

// That in the place of the best detector of a type.
function chanceOfBest(state, world, type) {
  const best = bestOf(state, world, type);
  return best ? chanceOf(state, world, world.rows[best.row], type) : NOTHING;
}

const chanceLabel = (state, world) => (otherAlerts(state)
  ? `chance; * at ${world.budget ? `${count(world.budget)} alerts a day` : "the runs' threshold"}` : "chance");

function seconds(row) {
  const { fit_seconds: fit, score_seconds: score } = row.cost;
  return fit || score ? (fit?.[0] ?? 0) + (score?.[0] ?? 0) : null;
}

// A number in the form of its metric: 0.123, 12 %, 7.2×, 3.2 days.
function written(value, kind) {
  if (value === null || value === undefined) return NOTHING;
  if (kind === "time") return duration(value);
  if (kind === "times") return `${value < 10 ? value.toFixed(1) : count(value)}×`;
  if (kind === "percent") return percent(value);
  if (kind === "count") return Number.isInteger(value) ? count(value) : value.toFixed(1);
  return value.toFixed(3);
}

function duration(value) {
  if (value === null || value === undefined) return NOTHING;
  const [size, unit] = value < 60 ? [1, "s"] : value < 3600 ? [60, "min"] : value < 172800 ? [3600, "h"] : [86400, "days"];
  const amount = value / size;
  return `${amount >= 100 ? count(amount) : Number(amount.toPrecision(2))} ${unit}`;
}

const count = (value) => (value === null || value === undefined ? NOTHING : Math.round(value).toLocaleString("en"));
const percent = (value) =>
  value === null || value === undefined ? NOTHING : `${Number((100 * value).toPrecision(value < 0.1 ? 2 : 3))} %`;

// A mean with its bounds, such as "0.228 (95 % CI 0.201 to 0.256)"; of repeats "0.228 (range 0.201 to 0.256)".
function withInterval(value, kind, row) {
  if (!value) return NOTHING;
  const [mean, low, high] = value;
  const bounds = row?.runs.length > 1 ? "range" : "95 % CI";
  return low === undefined ? written(mean, kind) : `${written(mean, kind)} (${bounds} ${written(low, kind)} to ${written(high, kind)})`;
}

// How dark a cell is, from 0 to 10.
function shadeOf(value, metric) {
  if (!value) return null;
  const share = metric.kind === "times" ? Math.log10(Math.max(value[0], 1)) / 2.5
    : metric.kind === "time" ? 1 - Math.log10(Math.max(value[0], 60) / 60) / 4 : value[0];
  return Math.round(10 * Math.min(Math.max(share, 0), 1));
}

let chooserCount = 0;

// A list to choose from, with its label.
function Chooser({ label, value, options, choose }) {
  const id = useMemo(() => `chooser-${chooserCount++}`, []);
  return html`<div class="chooser"><label for=${id}>${label}</label><select id=${id} value=${value} onChange=${(event) => choose(event.target.value)}>
    ${options.map(([each, text]) => html`<option key=${each} value=${each} selected=${each === value}>${text}</option>`)}</select></div>`;
}
