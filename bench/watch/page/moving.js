/** What moves: phones, sessions, failures, alerts, incidents, and what is chosen. Drawn for every frame. */

import { shortest } from "./view.js";

export const RECENT_S = 1.2; // how long a failure stays on the screen

export class Moving {
  constructor(canvas, view, world) {
    Object.assign(this, { canvas, view, world });
    this.context = canvas.getContext("2d");
    this.x = new Float32Array(world.users.length);
    this.y = new Float32Array(world.users.length);
    this.talks = new Uint8Array(world.users.length);
    this.colours = null;
  }

  /** Draw a moment. `shown` has what is chosen, alerted and true. */
  draw(part, moment, shown, ratio) {
    const { context, view } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    part.positions(moment, this.x, this.y);
    context.save();
    context.beginPath();
    context.rect(view.left(0), view.top(view.plane.height), view.plane.width * view.scale, view.plane.height * view.scale);
    context.clip();
    this.sessions(part, moment, shown);
    this.failures(part, moment, shown.recent);
    context.restore();
    this.phones();
    for (const each of shown.incidents) this.rings(each, this.colours.truth, 11, [4, 3]);
    for (const each of shown.alerts) this.rings(each, this.colours.alert, 7.5, []);
    this.choice(shown);
  }

  /** The place of a phone on the screen. */
  phone(user) {
    const { plane } = this.view;
    let x = this.x[user], y = this.y[user];
    if (plane.wrap) {
      x -= plane.width * Math.floor(x / plane.width);
      y -= plane.height * Math.floor(y / plane.height);
    }
    return [this.view.left(x), this.view.top(y)];
  }

  /** Add a line from a phone to a site, on a torus along the shortest way. */
  wire(user, cell) {
    const { view, context } = this, { plane } = view, site = this.world.cells[cell];
    if (!site || site.x === null || Number.isNaN(this.x[user])) return;
    const [left, top] = this.phone(user);
    const dx = shortest(site.x - this.x[user], plane.width, plane.wrap) * view.scale;
    const dy = shortest(site.y - this.y[user], plane.height, plane.wrap) * view.scale;
    context.moveTo(left, top);
    context.lineTo(left + dx, top - dy);
    const there = [view.left(site.x), view.top(site.y)];
    if (Math.hypot(there[0] - left - dx, there[1] - top + dy) < 2) return;
    context.moveTo(...there); // the line leaves the map at one edge, and comes in at the opposite one
    context.lineTo(there[0] - dx, there[1] + dy);
  }

  sessions(part, moment, shown) {
    const { context, colours } = this, mine = [];
    this.talks.fill(0);
    context.beginPath();
    part.live(moment, (row) => {
      const user = part.connection_user[row], cell = part.connection_cell[row];
      if (user < 0) return;
      this.talks[user] = 1;
      this.wire(user, cell);
      if (user === shown.user || this.world.cells[cell]?.tower === shown.tower) mine.push([user, cell]);
    });
    context.strokeStyle = colours.line;
    context.globalAlpha = 0.55;
    context.lineWidth = 1.1;
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = 2.4;
    context.beginPath();
    for (const [user, cell] of mine) this.wire(user, cell);
    context.stroke();
  }

  failures(part, moment, recent) {
    const { context } = this;
    context.beginPath();
    part.failed(moment, recent, (row) => {
      const user = part.failure_user[row];
      if (user >= 0 && part.failure_cell[row] >= 0) this.wire(user, part.failure_cell[row]);
      else if (user >= 0 && !Number.isNaN(this.x[user])) {
        const [left, top] = this.phone(user);
        context.moveTo(left + 6, top);
        context.arc(left, top, 6, 0, 2 * Math.PI);
      }
    });
    context.strokeStyle = this.colours.failing;
    context.lineWidth = 1.6;
    context.setLineDash([2, 4]);
    context.stroke();
    context.setLineDash([]);
  }

  phones() {
    const { context, colours, view, talks } = this, many = this.x.length;
    const size = Math.min(Math.max(1.3, 2.6 - many / 1500), 2.6) * Math.min(view.zoom ** 0.4, 2);
    context.fillStyle = colours.idle;
    context.globalAlpha = 0.8;
    for (let user = 0; user < many; user++) {
      if (talks[user] || Number.isNaN(this.x[user])) continue;
      const [left, top] = this.phone(user);
      context.fillRect(left - size, top - size, 2 * size, 2 * size);
    }
    context.globalAlpha = 1;
    context.beginPath();
    for (let user = 0; user < many; user++) {
      if (!talks[user] || Number.isNaN(this.x[user])) continue;
      const [left, top] = this.phone(user);
      context.moveTo(left + size + 1.6, top);
      context.arc(left, top, size + 1.6, 0, 2 * Math.PI);
    }
    context.fillStyle = colours.talking;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = colours.halo;
    context.stroke();
  }

  /** Rings around users and cells. */
  rings({ users, cells }, colour, size, dashes) {
    const { context } = this;
    context.beginPath();
    const ring = (left, top, radius) => {
      context.moveTo(left + radius, top);
      context.arc(left, top, radius, 0, 2 * Math.PI);
    };
    for (const user of users) if (!Number.isNaN(this.x[user])) ring(...this.phone(user), size);
    for (const cell of cells) {
      const { x, y } = this.world.cells[cell];
      if (x !== null) ring(this.view.left(x), this.view.top(y), size + 7);
    }
    context.strokeStyle = colour;
    context.lineWidth = 2.4;
    context.setLineDash(dashes);
    context.stroke();
    context.setLineDash([]);
  }

  choice({ user, point }) {
    const { context, colours, view } = this;
    context.strokeStyle = colours.marker;
    context.lineWidth = 2;
    if (user !== null && !Number.isNaN(this.x[user])) {
      const [left, top] = this.phone(user);
      context.strokeRect(left - 8, top - 8, 16, 16);
    }
    if (!point) return;
    const left = view.left(point.x), top = view.top(point.y);
    context.beginPath();
    context.moveTo(left - 7, top);
    context.lineTo(left + 7, top);
    context.moveTo(left, top - 7);
    context.lineTo(left, top + 7);
    context.stroke();
    point.cells.forEach(({ cell }, rank) => {
      const site = this.world.cells[cell], { plane } = view;
      const dx = shortest(site.x - point.x, plane.width, plane.wrap), dy = shortest(site.y - point.y, plane.height, plane.wrap);
      context.beginPath();
      context.moveTo(left, top);
      context.lineTo(left + dx * view.scale, top - dy * view.scale);
      context.setLineDash(rank ? [3, 5] : []);
      context.lineWidth = rank ? 1 : 2.4;
      context.stroke();
    });
    context.setLineDash([]);
  }
}
