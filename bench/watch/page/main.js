/** The page: fetches the world, keeps the play head, draws every frame, and listens to keys and clicks. */

import { fetched } from "./binary.js";
import { Ground, colours } from "./ground.js";
import { read, written } from "./link.js";
import { Moving, RECENT_S } from "./moving.js";
import { Panels } from "./panels.js";
import { Parts } from "./parts.js";
import { TimeLine } from "./timeline.js";
import { Calendar, span, upTo } from "./times.js";
import { View } from "./view.js";

const SPEEDS = [1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 14400];
const PANELS_MS = 250, NEAR = 14, STATES_MS = 100;
const at = (id) => document.getElementById(id);

class Page {
  constructor(world, coverage, overview) {
    this.world = world;
    this.calendar = new Calendar(world.clock);
    this.view = new View(world.plane);
    this.parts = new Parts(world);
    this.ground = new Ground(at("ground"), this.view, world, coverage);
    this.moving = new Moving(at("moving"), this.view, world);
    this.line = new TimeLine(at("timeline"), world, overview, this.calendar);
    this.panels = new Panels(world, this.calendar, this.ground.towers, { choose: (what) => this.choose(what), moment: () => this.moment });
    this.states = new Uint8Array(world.cells.length).fill(4);
    this.moment = 0;
    this.playing = false;
    this.speed = SPEEDS.find((each) => each >= world.windows.slide / 4000) ?? 60;
    this.chosen = { tower: null, user: null, point: null };
    this.incidents = [];
    this.frames = 0;
    this.seeks = [];
    this.prepare();
  }

  prepare() {
    const { world } = this;
    at("title").textContent = `${world.title}: ${world.users.length.toLocaleString("en")} phones, ${this.ground.towers.length} sites`;
    at("zone").textContent = world.clock.zone;
    const notes = [];
    if (world.positions === "estimated") notes.push("Positions between messages are estimated.");
    if (world.positions === "unknown") notes.push("Positions are not known: cells stand on a grid, phones at the cell of their last call.");
    if (world.footprints === "best") notes.push("Outlines: where each cell is the strongest.");
    if (world.footprints === null) notes.push("No network was simulated or recorded: no footprints.");
    at("note").textContent = notes.join(" ");
    at("note").hidden = !notes.length;
    at("back").textContent = `−${span(world.windows.slide, true)}`;
    at("forward").textContent = `+${span(world.windows.slide, true)}`;
    for (const speed of SPEEDS) at("speed").add(new Option(`×${speed}`, speed));
    for (const [value, text] of this.line.options()) at("span").add(new Option(text, value));
    this.recolour();
    this.resize();
    this.listen();
    this.follow();
    requestAnimationFrame((now) => this.frame(now));
  }

  recolour() {
    this.moving.colours = colours();
    this.ground.repaint();
    this.line.repaint();
  }

  resize() {
    const stage = at("stage"), ratio = Math.min(devicePixelRatio, 2);
    this.ratio = ratio;
    for (const canvas of [at("ground"), at("moving")]) {
      canvas.width = Math.round(stage.clientWidth * ratio);
      canvas.height = Math.round(stage.clientHeight * ratio);
    }
    this.view.resize(stage.clientWidth, stage.clientHeight);
    this.view.moved(0, 0);
  }

  /** How long alerts and failures stay marked [ms of event time]. */
  get recent() {
    return Math.max(1000 * RECENT_S * Math.max(this.playing ? this.speed : 1, 1), 1500);
  }

  frame(now) {
    const passed = Math.min(now - (this.before ?? now), 250);
    this.before = now;
    const part = this.parts.at(this.moment, this.playing ? this.speed * 4000 : 0);
    if (part && this.playing) this.step(passed * this.speed);
    const shown = this.parts.at(this.moment);
    if (shown) this.show(shown, now);
    else this.wait(now);
    this.line.draw(this.moment, this.truth, this.ratio);
    requestAnimationFrame((next) => this.frame(next));
  }

  step(ms) {
    this.moment = Math.min(this.moment + ms, this.world.clock.length - 1);
    if (this.moment >= this.world.clock.length - 1) this.play(false);
  }

  show(part, now) {
    this.frames++;
    at("busy").hidden = true;
    this.waiting = null;
    if (this.sought !== undefined) {
      this.seeks.push(performance.now() - this.sought);
      this.sought = undefined;
    }
    if (now - (this.coloured ?? -STATES_MS) >= STATES_MS || !this.playing) {
      this.coloured = now;
      part.states(this.moment, this.states, 4);
    }
    this.ground.draw(this.states, this.chosen.tower, this.ratio);
    this.moving.draw(part, this.moment, { ...this.chosen, alerts: this.alerted(), incidents: this.truth ? this.incidents : [], recent: this.recent }, this.ratio);
    if (now - (this.told ?? -PANELS_MS) >= PANELS_MS || this.changed) this.tell(part, now);
  }

  wait(now) {
    this.waiting ??= now;
    at("busy").hidden = now - this.waiting < 300;
    at("busy").textContent = this.parts.failed ? "the server does not answer" : "loading";
  }

  /** Whom the latest alerts are about. */
  alerted() {
    const { alerts } = this.world, last = upTo(this.panels.raised, this.moment), found = [];
    const since = this.moment - Math.max(this.recent, this.world.windows.slide);
    for (let row = last - 1; row >= 0 && alerts[row].at > since && found.length < 100; row--) {
      const { user, cell } = alerts[row];
      found.push({ users: user >= 0 ? [user] : [], cells: user < 0 && cell >= 0 ? [cell] : [] });
    }
    return found;
  }

  tell(part, now) {
    this.told = now;
    this.changed = false;
    at("time").textContent = this.calendar.full(this.moment);
    at("time").dateTime = this.calendar.written(this.moment);
    this.panels.states(this.states);
    this.panels.network(part, this.moment);
    this.panels.alerts(this.moment, Math.max(this.recent, this.world.windows.slide), this.truth);
    this.incidents = this.panels.incidents(this.moment, this.truth);
    this.describe(part);
    this.announce();
    const [low, high] = this.line.bounds(this.moment), seek = at("seek");
    seek.value = Math.round((1000 * (this.moment - low)) / (high - low));
    seek.setAttribute("aria-valuetext", this.calendar.full(this.moment));
    if (!this.playing || now - (this.linked ?? 0) > 1000) this.link(now);
  }

  describe(part) {
    const { tower, user, point } = this.chosen;
    if (tower !== null) this.panels.tower(this.ground.towers.find(({ name }) => name === tower), part, this.moment, this.states);
    else if (user !== null) this.phone(part, user);
    else if (point) this.panels.point(point);
  }

  phone(part, user) {
    const connected = [];
    part.live(this.moment, (row) => { if (part.connection_user[row] === user) connected.push(part.connection_cell[row]); });
    const calls = this.calls?.user === user ? this.calls.arrays : null;
    this.panels.phone(user, calls, this.heardBy === user ? this.heard : null, connected);
    const { width, height, wrap } = this.world.plane, fold = (value, size) => (wrap ? ((value % size) + size) % size : Math.min(Math.max(value, 0), size));
    const x = this.moving.x[user], y = this.moving.y[user], spot = `${Math.round(x / 50)} ${Math.round(y / 50)}`;
    if (Number.isNaN(x) || this.asking || (this.heardBy === user && this.spot === spot)) return;
    this.asking = true;
    this.best(fold(x, width), fold(y, height)).then((cells) => {
      [this.heard, this.heardBy, this.spot] = [cells, user, spot];
      this.changed = true;
    }).catch(() => {}).finally(() => { this.asking = false; });
  }

  async best(x, y) {
    const answer = await fetch(`/best?x=${x}&y=${y}`);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  /** Say, for screen readers, which towers have got worse. */
  announce() {
    const bad = this.ground.towers.filter(({ word }) => word === "BLACK" || word === "RED").map(({ name, word }) => `${name} is ${word}`).join(", ");
    if (bad !== this.bad) at("said").textContent = bad || "no tower is RED or BLACK";
    this.bad = bad;
  }

  get truth() {
    return at("truth").checked;
  }

  play(playing) {
    this.playing = playing;
    if (playing && this.moment >= this.world.clock.length - 1) this.seek(0);
    at("play").textContent = playing ? "❚❚ Pause" : "▶ Play";
    at("play").setAttribute("aria-pressed", String(playing));
    this.changed = true;
  }

  seek(moment) {
    this.moment = Math.min(Math.max(moment, 0), this.world.clock.length - 1);
    this.sought ??= performance.now();
    this.coloured = undefined;
    this.changed = true;
  }

  choose({ tower = null, phone = null, point = null }) {
    const known = tower !== null && this.ground.towers.some(({ name }) => name === tower);
    const user = phone === null ? -1 : this.world.users.indexOf(phone);
    this.chosen = { tower: known ? tower : null, user: user < 0 ? null : user, point };
    if (!known && user < 0 && !point) this.panels.nothing();
    if (user >= 0) this.ask(user);
    this.changed = true;
    return known || user >= 0;
  }

  async ask(user) {
    this.calls = null;
    this.calls = await fetched(`/calls/${user}`).catch(() => null);
    this.changed = true;
  }

  /** What is at a point of the screen: a tower, else a phone, else the cells that are heard there. */
  async pick(left, top) {
    const nearest = (entries, place) => entries.map((each) => [Math.hypot(place(each)[0] - left, place(each)[1] - top), each]).reduce((one, other) => (other[0] < one[0] ? other : one), [NEAR, null])[1];
    const tower = nearest(this.ground.towers.filter(({ x }) => x !== null), ({ x, y }) => [this.view.left(x), this.view.top(y)]);
    if (tower) return this.choose({ tower: tower.name });
    const user = nearest([...this.world.users.keys()].filter((each) => !Number.isNaN(this.moving.x[each])), (each) => this.moving.phone(each));
    if (user !== null) return this.choose({ phone: this.world.users[user] });
    const [x, y] = this.view.point(left, top), { width, height } = this.world.plane;
    if (x < 0 || y < 0 || x > width || y > height) return this.choose({});
    return this.choose({ point: { x, y, cells: await this.best(x, y) } });
  }

  /** Go to the next (or previous) of some sorted moments. */
  jump(moments, way) {
    const here = way > 0 ? upTo(moments, this.moment) : upTo(moments, this.moment - 1) - 1;
    if (here >= 0 && here < moments.length) this.seek(moments[here]);
  }

  get settings() {
    const { tower, user } = this.chosen;
    return { moment: this.moment, speed: this.speed, span: this.line.span, tower, phone: user === null ? null : this.world.users[user], truth: this.truth };
  }

  link(now) {
    this.linked = now;
    this.hash = written(this.settings, this.calendar);
    if (location.hash !== this.hash) history.replaceState(null, "", this.hash);
  }

  /** Take over what the address asks for. */
  follow() {
    const asked = read(location.hash, this.calendar);
    if (asked.moment !== null) this.seek(asked.moment);
    if (SPEEDS.includes(asked.speed)) this.speed = asked.speed;
    if (this.line.spans.includes(asked.span)) this.line.span = asked.span;
    if (asked.truth !== null) at("truth").checked = asked.truth;
    at("speed").value = this.speed;
    at("span").value = this.line.span;
    document.body.classList.toggle("blind", !this.truth);
    this.toggled();
    if (asked.tower !== null || asked.phone !== null) this.choose({ tower: asked.tower, phone: asked.phone });
    this.play(asked.playing);
  }

  toggled() {
    at("incidents").hidden = !this.truth;
    at("sides").classList.toggle("alone", !this.truth);
    this.changed = true;
  }

  async copy() {
    this.link(performance.now());
    try {
      await navigator.clipboard.writeText(location.href);
      at("said").textContent = at("link").textContent = "Link copied";
    } catch {
      at("link").textContent = "See address";
    }
    setTimeout(() => { at("link").textContent = "Copy link"; }, 1500);
  }

  faster(way) {
    const next = SPEEDS.indexOf(this.speed) + way;
    if (next < 0 || next >= SPEEDS.length) return;
    this.speed = SPEEDS[next];
    at("speed").value = this.speed;
    this.changed = true;
  }

  listen() {
    const click = (id, act) => at(id).addEventListener("click", act);
    click("play", () => this.play(!this.playing));
    click("back", () => this.seek(this.moment - this.world.windows.slide));
    click("forward", () => this.seek(this.moment + this.world.windows.slide));
    click("closer", () => this.view.zoomed(1.6));
    click("farther", () => this.view.zoomed(1 / 1.6));
    click("whole", () => this.view.whole());
    click("unchoose", () => this.choose({}));
    click("link", () => this.copy());
    click("help", () => at("keys").showModal());
    at("truth").addEventListener("change", () => this.toggled());
    at("speed").addEventListener("change", () => { this.speed = Number(at("speed").value); });
    at("span").addEventListener("change", () => { this.line.span = Number(at("span").value); this.changed = true; });
    at("seek").addEventListener("input", () => {
      const [low, high] = this.line.bounds(this.moment);
      this.seek(Math.min(low + (at("seek").value / 1000) * (high - low), high - 1));
    });
    at("find").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = at("wanted").value.trim();
      if (!this.choose({ tower: name }) && !this.choose({ phone: name })) at("said").textContent = `there is no ${name}`;
    });
    for (const button of document.querySelectorAll(".step")) button.addEventListener("click", () => this.hop(button.dataset.step));
    addEventListener("resize", () => this.resize());
    addEventListener("hashchange", () => { if (location.hash !== this.hash) this.follow(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    document.addEventListener("keydown", (event) => this.key(event));
    this.point();
  }

  hop(step) {
    const [what, back] = step.split("-");
    this.jump(what === "alert" ? this.panels.raised : this.panels.begun, back ? -1 : 1);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
    const inside = event.target.closest("input:not([type=checkbox]):not([type=range]), select");
    if (inside || (event.key === " " && event.target.closest("button, input"))) return;
    const { slide } = this.world.windows, step = event.shiftKey ? 10 * slide : slide;
    const acts = {
      " ": () => this.play(!this.playing), ArrowLeft: () => this.seek(this.moment - step), ArrowRight: () => this.seek(this.moment + step),
      Home: () => this.seek(0), End: () => this.seek(Infinity), ",": () => this.faster(-1), ".": () => this.faster(1),
      a: () => this.hop("alert"), A: () => this.hop("alert-back"), i: () => this.hop("incident"), I: () => this.hop("incident-back"),
      t: () => { at("truth").checked = !this.truth; this.toggled(); }, "+": () => this.view.zoomed(1.6), "-": () => this.view.zoomed(1 / 1.6),
      0: () => this.view.whole(), f: () => at("wanted").focus(), l: () => this.copy(), "?": () => at("keys").showModal(), Escape: () => this.choose({}),
    };
    if (!Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** Drag, wheel, pinch and click on the map. */
  point() {
    const canvas = at("moving"), down = new Map();
    let moved = 0, apart = 0;
    const distance = () => { const [one, other] = [...down.values()]; return Math.hypot(one.x - other.x, one.y - other.y); };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      moved = 0;
      if (down.size === 2) apart = distance();
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      if (!before) return;
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      const dx = event.offsetX - before.x, dy = event.offsetY - before.y;
      moved += Math.abs(dx) + Math.abs(dy);
      if (down.size === 2) {
        const now = distance();
        this.view.zoomed(now / apart, event.offsetX, event.offsetY);
        apart = now;
      } else if (moved > 6) this.view.moved(-dx / this.view.scale, dy / this.view.scale);
    });
    const up = (event) => {
      if (down.delete(event.pointerId) && moved <= 6 && event.type === "pointerup") this.pick(event.offsetX, event.offsetY);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.view.zoomed(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, { passive: false });
  }
}

async function start() {
  try {
    const answers = [fetch("/world.json").then((answer) => answer.json()), fetched("/coverage"), fetched("/overview")];
    window.page = new Page(...(await Promise.all(answers)));
    document.body.dataset.ready = "";
  } catch (error) {
    at("busy").hidden = false;
    at("busy").textContent = `the world cannot be shown: ${error.message}`;
    throw error;
  }
}

start();
