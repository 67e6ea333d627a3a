/** The parts of the world by time: fetched around the play head, the least recently used ones forgotten. */

import { fetched } from "./binary.js";
import { upTo } from "./times.js";

const KEPT = 6, AGAIN_MS = 1000;

/** One part: everything that happens from `start` to `end` [ms since the start of the world]. */
export class Part {
  constructor({ number, start, end, arrays }, cells) {
    Object.assign(this, { number, start, end, cells }, arrays);
    this.longest = { connection: longest(arrays, "connection"), call: longest(arrays, "call") };
    this.cursor = this.track_first.slice(0, -1);
    this.size = Object.values(arrays).reduce((sum, each) => sum + each.byteLength, 0);
  }

  /** Fill in where each phone is [m]; NaN for one that is never seen. */
  positions(moment, x, y) {
    const t = moment - this.start, { track_first: first, track_time: time, track_position: at, cursor } = this;
    for (let user = 0; user + 1 < first.length; user++) {
      const low = first[user], high = first[user + 1];
      if (low === high) {
        x[user] = y[user] = NaN;
        continue;
      }
      let i = cursor[user];
      if (time[i] > t) i = low;
      while (i + 1 < high && time[i + 1] <= t) i++;
      cursor[user] = i;
      let share = 0;
      if (i + 1 < high && t > time[i]) share = (t - time[i]) / (time[i + 1] - time[i]);
      const next = share ? i + 1 : i;
      x[user] = at[2 * i] + share * (at[2 * next] - at[2 * i]);
      y[user] = at[2 * i + 1] + share * (at[2 * next + 1] - at[2 * i + 1]);
    }
  }

  /** Call `use(row)` for each connection that is live at a moment. */
  live(moment, use) {
    const t = moment - this.start, { connection_begin: begin, connection_end: end } = this;
    const last = upTo(begin, t);
    for (let row = upTo(begin, t - this.longest.connection - 1); row < last; row++) if (end[row] > t) use(row);
  }

  /** Call `use(row)` for each failure within (moment - span, moment]. */
  failed(moment, span, use) {
    const t = moment - this.start, last = upTo(this.failure_begin, t);
    for (let row = upTo(this.failure_begin, t - span); row < last; row++) use(row);
  }

  /** The number of the last window whose status is known at a moment; -1 before the first. */
  window(moment) {
    return upTo(this.window_end, moment - this.start) - 1;
  }

  /** The state of each cell as known at a moment; `states` is filled in. */
  states(moment, states, unknown) {
    const window = this.window(moment);
    for (let cell = 0; cell < this.cells; cell++) {
      states[cell] = window < 0 ? unknown : this.window_state[window * this.cells + cell];
    }
    return window;
  }

  /** Figures of some calls, connections and cells at a moment, over a window before it. */
  figures(moment, width, cells, mine) {
    const t = moment - this.start, { call_begin: begin, call_end: end } = this;
    let begun = 0, ended = 0, talked = 0, live = 0;
    const last = upTo(begin, t);
    for (let row = upTo(begin, t - width - this.longest.call - 1); row < last; row++) {
      if (!mine.call(row)) continue;
      if (begin[row] > t - width) begun++;
      if (end[row] > t - width && end[row] <= t && this.call_outcome[row] === 0) {
        ended++;
        talked += this.call_talk_s[row];
      }
    }
    this.live(moment, (row) => { live += mine.connection(row) ? 1 : 0; });
    const window = this.window(moment), [hellos, failed] = this.asked(window, cells);
    return {
      calls: begun / (width / 1000), talk: ended ? talked / ended : null, share: hellos ? failed / hellos : null, live,
    };
  }

  /** Hellos and failed Hellos of some cells in a window. */
  asked(window, cells) {
    let hellos = 0, failed = 0;
    if (window >= 0) {
      for (const cell of cells) {
        const at = window * this.cells + cell;
        hellos += this.window_hellos[at];
        failed += this.window_fails[at] + this.window_timeouts[at];
      }
    }
    return [hellos, failed];
  }

  /** Failure share and live sessions of some cells in the windows that are known at a moment, at most `many`. */
  history(moment, cells, many) {
    const last = this.window(moment), points = [];
    for (let window = Math.max(0, last - many + 1); window <= last; window++) {
      const [hellos, failed] = this.asked(window, cells);
      let live = 0;
      for (const cell of cells) live += this.window_live_sessions[window * this.cells + cell];
      points.push({ at: this.start + this.window_end[window], share: hellos ? failed / hellos : null, live });
    }
    return points;
  }
}

function longest(arrays, name) {
  const begin = arrays[`${name}_begin`], end = arrays[`${name}_end`];
  let most = 0;
  for (let row = 0; row < begin.length; row++) most = Math.max(most, end[row] - begin[row]);
  return most;
}

export class Parts {
  constructor(world) {
    this.world = world;
    this.found = new Map();
    this.asked = new Map();
    this.failed = null;
  }

  number(moment) {
    const { length, number } = this.world.parts;
    return Math.min(Math.max(Math.floor(moment / length), 0), number - 1);
  }

  /** The part of a moment if it is there; else it is fetched. The next one in the direction of play is fetched ahead. */
  at(moment, ahead = 0) {
    const number = this.number(moment);
    const part = this.found.get(number);
    if (part) {
      this.found.delete(number);
      this.found.set(number, part); // the most recently used one is last
      if (ahead && this.number(moment + ahead) !== number) this.ask(this.number(moment + ahead));
    } else this.ask(number);
    return part;
  }

  ask(number) {
    if (this.found.has(number) || this.asked.has(number)) return this.asked.get(number);
    const coming = fetched(`/parts/${number}`).then(
      (content) => {
        this.found.set(number, new Part(content, this.world.cells.length));
        for (const old of this.found.keys()) if (this.found.size > KEPT) this.found.delete(old);
        this.failed = null;
      },
      async (error) => {
        this.failed = error;
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      },
    ).finally(() => this.asked.delete(number));
    this.asked.set(number, coming);
    return coming;
  }
}
