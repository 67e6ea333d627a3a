/** The time line: calls and failures over time, incidents and alerts, and the play head. */

import { colours } from "./ground.js";
import { span } from "./times.js";

const SPANS = [600e3, 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3];
const LANES = 5, STRIP = 20; // rows of incidents, and their height together [pixels]
const WINDOWS = 80; // at least so many windows are in view at first

export class TimeLine {
  constructor(canvas, world, overview, calendar) {
    Object.assign(this, { canvas, world, calendar, steps: overview.steps });
    Object.assign(this, overview.arrays);
    this.bars = lanes(world);
    this.still = document.createElement("canvas");
    this.scheme = 0;
    this.length = world.clock.length;
    this.spans = [...SPANS.filter((each) => each < this.length), this.length];
    this.span = this.spans.find((each) => each >= WINDOWS * world.windows.slide) ?? this.length;
    this.repaint();
  }

  repaint() {
    this.colours = colours();
    this.scheme++;
  }

  options() {
    return this.spans.map((each) => [each, each === this.length ? `whole (${span(each)})` : span(each)]);
  }

  /** The beginning and end of what is in view. */
  bounds(moment) {
    const low = Math.min(Math.floor(moment / this.span) * this.span, Math.max(this.length - 1, 0));
    const high = Math.min(low + this.span, this.length);
    return [low, high];
  }

  draw(moment, truth, ratio) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight, [low, high] = this.bounds(moment);
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    const at = (time) => ((time - low) / (high - low)) * width, base = height - 15;
    const key = `${low} ${high} ${truth} ${size} ${this.scheme}`;
    if (key !== this.drawn) {
      this.drawn = key;
      [this.still.width, this.still.height] = size;
      [this.canvas.width, this.canvas.height] = size;
      this.context = this.still.getContext("2d");
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.curves(at, low, high, base - STRIP - 9, width);
      if (truth) this.truths(at, low, high, base);
      this.alerts(at, low, high, base - STRIP - 9);
      this.labels(low, high, at, height, width);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, ...size);
    context.drawImage(this.still, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.colours.marker;
    context.fillRect(at(moment) - 1, 0, 2, base + 2);
    context.beginPath();
    context.arc(at(moment), 4, 4, 0, 2 * Math.PI);
    context.fill();
  }

  /** The number of calls as an area, the share of failed Hellos as a line. */
  curves(at, low, high, base, width) {
    const { context, calls, hellos, failed, steps } = this, most = Math.max(...calls, 1), step = this.length / steps;
    const first = Math.max(Math.floor(low / step), 0), last = Math.min(Math.ceil(high / step), steps);
    context.fillStyle = this.colours.rule;
    for (let i = first; i < last; i++) {
      const tall = (calls[i] / most) * (base - 8), left = Math.max(at(i * step), 0);
      context.fillRect(left, base - tall, Math.min(at((i + 1) * step), width) - left + 0.3, tall);
    }
    context.beginPath();
    for (let i = first; i < last; i++) {
      if (hellos[i]) context.lineTo(at((i + 0.5) * step), base - (failed[i] / hellos[i]) * (base - 8));
    }
    context.strokeStyle = this.colours.failing;
    context.lineWidth = 1.2;
    context.stroke();
  }

  /** Incidents as bars in a strip. */
  truths(at, low, high, base) {
    const { context } = this;
    context.fillStyle = context.strokeStyle = this.colours.truth;
    const bar = (start, end, top, tall) => {
      if (end < low || start > high) return;
      const left = Math.max(at(start), 0);
      context.fillRect(left, top, Math.max(Math.min(at(end), at(high)) - left, 1.5), tall);
    };
    context.globalAlpha = 0.75;
    for (const { start, end, lane } of this.bars) bar(start, end, base - STRIP + lane * (STRIP / LANES), STRIP / LANES - 1);
    context.globalAlpha = 1;
  }

  alerts(at, low, high, top) {
    const { context } = this;
    context.fillStyle = this.colours.alert;
    for (const { at: raised } of this.world.alerts) {
      if (raised >= low && raised <= high) context.fillRect(at(raised) - 0.8, top + 1, 1.6, 6);
    }
  }

  labels(low, high, at, height, width) {
    const { context } = this, steps = [60e3, 120e3, 600e3, 3600e3, 3 * 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3];
    const room = Math.max(Math.floor(width / 90), 2), step = steps.find((each) => (high - low) / each <= room) ?? 28 * 86400e3;
    context.fillStyle = this.colours.muted;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    for (let time = Math.ceil(low / step) * step; time < high; time += step) {
      if (at(time) > width - 48) break;
      context.fillRect(at(time), height - 15, 1, 4);
      context.fillText(step >= 86400e3 ? this.calendar.day(time) : this.calendar.time(time).slice(0, 5), at(time) + 3, height - 3);
    }
  }
}

/** Incidents, each in the first row that is free at its start, or the one that is free first. */
function lanes({ incidents }) {
  const bars = incidents.map(({ start, end }) => ({ start, end }));
  bars.sort((one, other) => one.start - other.start);
  const free = new Array(LANES).fill(-Infinity);
  for (const bar of bars) {
    const first = free.findIndex((end) => end <= bar.start);
    bar.lane = first >= 0 ? first : free.indexOf(Math.min(...free));
    free[bar.lane] = Math.max(free[bar.lane], bar.end);
  }
  return bars;
}
