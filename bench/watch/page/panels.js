/** What stands beside the map, as text: figures, what is chosen, alerts, truth, towers. Data is only ever set as text. */

import { worst } from "./ground.js";
import { upTo } from "./times.js";

const LISTED = 8, CALLS = 6, NAMES = 14;

/** Return an element with attributes and children; texts are text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
const decimals = (value) => (value === null ? "–" : value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2));

export function badge(word) {
  return element("span", { class: `state ${word}` }, element("span", { class: "swatch" }), word.replace("_", " "));
}

function tiles(entries) {
  return element("dl", { class: "tiles" }, ...entries.map(([label, value, unit = ""]) => element("div", {},
    element("dt", {}, label), element("dd", {}, value, unit && value !== "–" ? element("small", {}, ` ${unit}`) : ""))));
}

/** The share of failed Hellos (area) and the live sessions (dashed line) over the last windows. */
function chart(points, calendar) {
  const svg = drawn("svg", { class: "chart", viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img" });
  const most = Math.max(...points.map(({ live }) => live), 1), many = Math.max(points.length - 1, 1);
  const known = points.map((point, i) => ({ ...point, x: (100 * i) / many }));
  const shares = known.filter(({ share }) => share !== null).map(({ x, share }) => `${x.toFixed(2)},${(40 - 38 * share).toFixed(2)}`);
  const lives = known.map(({ x, live }) => `${x.toFixed(2)},${(40 - (38 * live) / most).toFixed(2)}`);
  svg.append(drawn("line", { class: "axis", x1: 0, x2: 100, y1: 40, y2: 40, "vector-effect": "non-scaling-stroke" }));
  if (shares.length) {
    const [from, to] = [shares[0], shares.at(-1)].map((each) => each.split(",")[0]);
    svg.append(drawn("polygon", { class: "area", points: `${from},40 ${shares.join(" ")} ${to},40`, "vector-effect": "non-scaling-stroke" }));
  }
  svg.append(drawn("polyline", { class: "live", points: lives.join(" "), "vector-effect": "non-scaling-stroke" }));
  const last = points.at(-1);
  svg.setAttribute("aria-label", last ? `Failed Hellos ${percent(last.share)}, live sessions ${last.live} at the end of the last window` : "no window yet");
  const from = points.length ? calendar.time(points[0].at).slice(0, 5) : "";
  return element("figure", {}, svg, element("figcaption", {},
    element("span", {}, from), element("span", { class: "key" }, "failed Hellos, 0–100 %"), element("span", { class: "key live" }, `live sessions, 0–${most}`)));
}

export class Panels {
  constructor(world, calendar, towers, act) {
    Object.assign(this, { world, calendar, towers, act });
    this.at = (id) => document.getElementById(id);
    this.everyCell = world.cells.map((_, cell) => cell);
    this.raised = Float64Array.from(world.alerts, ({ at }) => at);
    this.truths = world.incidents.map((each) => ({ ...each, about: this.who(each) }));
    this.truths.sort((one, other) => one.start - other.start);
    this.begun = Float64Array.from(this.truths, ({ start }) => start);
    this.found = this.findings();
    this.introduce();
  }

  who({ users, cells }) {
    const names = [...users.map((user) => this.world.users[user]), ...cells.map((cell) => this.world.cells[cell].name)];
    return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
  }

  /** When each incident is first alerted. */
  findings() {
    const found = new Map();
    for (const { at, incident_id: names } of this.world.alerts) {
      for (const name of (names ?? "").split(", ")) if (name && !found.has(name)) found.set(name, at);
    }
    return found;
  }

  introduce() {
    const { world } = this;
    this.at("detector").textContent = world.detector
      ? `${world.detector}: ${world.alerts.length.toLocaleString("en")} alerts (${world.level.replace("_", " ")})`
      : "no detector: detector=NAME or run=FOLDER shows its alerts";
    this.at("truths").textContent = world.incidents.length ? `${world.incidents.length.toLocaleString("en")} incidents` : "no incidents";
    this.at("towers").querySelector("ul").replaceChildren(...this.towers.map((tower) => {
      tower.badge = element("span");
      tower.button = element("button", { type: "button", "aria-pressed": "false", onclick: () => this.act.choose({ tower: tower.name }) }, tower.name, tower.badge);
      return element("li", {}, tower.button);
    }));
    const options = [...this.towers.map(({ name }) => name), ...world.users].slice(0, 20000);
    this.at("names").replaceChildren(...options.map((name) => element("option", { value: name })));
  }

  /** The legend, with the number of cells in each state, and the state of each tower. */
  states(states) {
    const key = states.join();
    if (key === this.known) return;
    this.known = key;
    const words = this.world.words.states, counts = words.map(() => 0);
    for (const state of states) counts[state]++;
    this.at("legend").replaceChildren(...words.map((word, state) => element("span", { class: word }, badge(word), String(counts[state]))));
    for (const tower of this.towers) {
      const word = words[worst(tower.cells.map((cell) => states[cell]))];
      if (tower.word !== word) tower.badge.replaceChildren(badge(word));
      tower.word = word;
    }
  }

  network(part, moment) {
    const { width } = this.world.windows;
    const all = { call: () => true, connection: () => true };
    const found = part.figures(moment, width, this.everyCell, all);
    this.fill(this.at("network").querySelector(".figures"), found, part.history(moment, this.everyCell, 60));
  }

  fill(place, found, history) {
    place.replaceChildren(
      tiles([
        ["live sessions", String(found.live)], ["calls a second", decimals(found.calls)],
        ["mean talk time", decimals(found.talk), "s"], ["failed Hellos", percent(found.share)],
      ]),
      chart(history, this.calendar),
    );
  }

  /** The tower that is chosen: its cells, its figures and who is connected. */
  tower(tower, part, moment, states) {
    const mine = new Set(tower.cells), words = this.world.words.states, users = [];
    const figures = part.figures(moment, this.world.windows.width, tower.cells, {
      call: (row) => mine.has(part.call_cell[row]), connection: (row) => mine.has(part.connection_cell[row]),
    });
    part.live(moment, (row) => { if (mine.has(part.connection_cell[row])) users.push(part.connection_user[row]); });
    const cells = tower.cells.map((cell) => element("span", {}, tower.cells.length > 1 ? `${this.world.cells[cell].name} ` : "", badge(words[states[cell]])));
    const place = element("div");
    this.fill(place, figures, part.history(moment, tower.cells, 60));
    const names = users.slice(0, NAMES).map((user) => this.user(user));
    if (users.length > NAMES) names.push(element("span", { class: "hint" }, `and ${users.length - NAMES} more`));
    this.chosen(tower.name, element("h3", {}, tower.name, ...cells), place,
      element("div", { class: "names" }, names.length ? "" : element("span", { class: "hint" }, "no live session"), ...names));
  }

  user(user) {
    return user < 0 ? element("span", {}, "outside") : element("button", { type: "button", onclick: () => this.act.choose({ phone: this.world.users[user] }) }, this.world.users[user]);
  }

  /** The phone that is chosen: whether it is connected, what it hears, and its calls so far. */
  phone(user, calls, heard, connected) {
    const { words, cells } = this.world, name = this.world.users[user], until = this.act.moment() / 1000;
    const children = [element("h3", {}, name)];
    children.push(element("p", {}, connected.length ? `connected to ${connected.map((cell) => cells[cell]?.name ?? "?").join(", ")}` : "idle"));
    if (heard) children.push(this.heard(heard));
    if (calls) {
      const { begin, end, caller, talk_s: talk, outcome } = calls, rows = [];
      let made = 0, lately = 0, answered = 0, seconds = 0, failed = 0;
      const last = upTo(begin, until);
      for (let row = 0; row < last; row++) {
        if (caller[row] !== user) continue;
        made++;
        lately += begin[row] > until - 3600 ? 1 : 0;
        failed += outcome[row] === 3 ? 1 : 0;
        if (outcome[row] === 0 && end[row] <= until) { answered++; seconds += talk[row]; }
      }
      for (let row = last - 1; row >= 0 && rows.length < CALLS; row--) rows.push(row);
      children.push(tiles([["calls made so far", String(made)], ["in the last hour", String(lately)],
        ["mean talk time", decimals(answered ? seconds / answered : null), "s"], ["failed calls", percent(made ? failed / made : null)]]));
      children.push(element("table", {}, element("thead", {}, element("tr", {}, ...["at", "with", "outcome", "talk"].map((head) => element("th", { scope: "col" }, head)))),
        element("tbody", {}, ...rows.map((row) => this.call(calls, row, user, words, until)))));
    }
    this.chosen(name, ...children);
  }

  call({ begin, end, caller, callee, talk_s: talk, outcome }, row, user, words, until) {
    const other = caller[row] === user ? callee[row] : caller[row], over = end[row] <= until;
    return element("tr", {},
      element("td", {}, this.calendar.time(1000 * begin[row])),
      element("td", {}, `${caller[row] === user ? "→" : "←"} ${other < 0 ? "outside" : this.world.users[other]}`),
      element("td", {}, over ? words.outcomes[outcome[row]] ?? "?" : "live"), element("td", {}, over ? `${talk[row]} s` : ""));
  }

  heard(cells) {
    if (!cells.length) return element("p", {}, "no cell is heard here");
    const [best, ...others] = cells.map(({ cell, power }) => `${this.world.cells[cell].name} ${power} dBm`);
    return element("p", {}, element("b", {}, `best server ${best}`), others.length ? `; then ${others.slice(0, 3).join(", ")}` : "");
  }

  point({ x, y, cells }) {
    this.chosen("point", element("h3", {}, `${(x / 1000).toFixed(2)} km east, ${(y / 1000).toFixed(2)} km north`), this.heard(cells));
  }

  chosen(title, ...children) {
    this.at("about").replaceChildren(...children);
    this.at("unchoose").hidden = false;
    for (const { button, name } of this.towers) button.setAttribute("aria-pressed", String(name === title));
  }

  nothing() {
    this.at("about").replaceChildren(element("p", { class: "hint" }, "Click a tower or a phone; click anywhere else for the cells that are heard there."));
    this.at("unchoose").hidden = true;
    for (const { button } of this.towers) button.setAttribute("aria-pressed", "false");
  }

  /** The last alerts, the latest first. */
  alerts(moment, recent, truth) {
    const last = upTo(this.raised, moment), key = `${last} ${truth} ${last && moment - this.raised[last - 1] < recent}`;
    if (key === this.alerted) return;
    this.alerted = key;
    const rows = this.world.alerts.slice(Math.max(0, last - LISTED), last).reverse();
    this.list("alerts", rows.map((each) => [this.alert(each, truth), moment - each.at < recent ? "fresh" : ""]), last ? "" : "none yet");
  }

  alert({ at, user, cell, score, rank, reasons, verdict, anomaly_type: type }, truth) {
    const who = user >= 0 ? this.world.users[user] : cell >= 0 ? this.world.cells[cell].name : "?";
    const said = truth && verdict && this.world.incidents.length ? ` · ${verdict}${type ? `: ${type}` : ""}` : "";
    return element("button", { type: "button", onclick: () => this.act.choose(user >= 0 ? { phone: who } : { tower: this.world.cells[cell]?.tower ?? null }) },
      element("b", {}, who), ` ${this.calendar.day(at)} ${this.calendar.time(at)}`,
      element("small", {}, `score ${Number(score.toPrecision(3))}, rank ${rank}${said}`), element("small", {}, reasons.slice(0, 120)));
  }

  /** Incidents that go on, then those that ended last. */
  incidents(moment, truth) {
    const last = upTo(this.begun, moment), going = [], over = [];
    for (let row = last - 1; row >= 0 && going.length + over.length < 400; row--) {
      const each = this.truths[row];
      (each.end > moment ? going : over).push(each);
    }
    over.sort((one, other) => other.end - one.end);
    const shown = [...going, ...over].slice(0, LISTED), seen = shown.map(({ name }) => (this.found.get(name) ?? Infinity) <= moment);
    const key = `${truth} ${last} ${shown.map((each) => each.name + (each.end > moment)).join()} ${seen.join()}`;
    if (key !== this.true) {
      this.true = key;
      const rows = shown.map((each, i) => [this.incident(each, moment, seen[i]), each.end > moment ? "now" : ""]);
      this.list("incidents", rows, last ? "" : "none yet");
    }
    return going;
  }

  incident({ name, type, start, end, about, users, cells }, moment, found) {
    const choose = () => this.act.choose(users.length ? { phone: this.world.users[users[0]] } : { tower: this.world.cells[cells[0]]?.tower ?? null });
    const state = end > moment ? `since ${this.calendar.day(start)} ${this.calendar.time(start)}` : `over since ${this.calendar.day(end)} ${this.calendar.time(end)}`;
    return element("button", { type: "button", onclick: choose }, element("b", {}, type), ` ${about}`,
      element("small", {}, state + (found ? " · alerted" : "")), element("small", {}, name));
  }

  list(id, rows, empty) {
    const items = rows.map(([content, kind]) => element("li", { class: kind || null }, content));
    if (empty) items.push(element("li", {}, element("span", { class: "hint" }, empty)));
    this.at(id).querySelector("ol").replaceChildren(...items);
  }
}
