/** Moments as texts, in the local time of the world; all moments are ms since the start of the world. */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value) => String(value).padStart(2, "0");

export class Calendar {
  constructor(clock) {
    this.clock = clock;
  }

  offset(utc) {
    let offset = this.clock.offset;
    for (const [moment, later] of this.clock.changes) if (utc >= moment) offset = later;
    return offset;
  }

  local(moment) {
    const utc = this.clock.start + moment;
    return new Date(utc + 1000 * this.offset(utc));
  }

  day(moment) {
    const at = this.local(moment);
    return `${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
  }

  time(moment) {
    const at = this.local(moment);
    return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  }

  full(moment) {
    return `${this.day(moment)} ${this.local(moment).getUTCFullYear()} ${this.time(moment)}`;
  }

  /** A moment as in a link: UTC, to the second where that is exact. */
  written(moment) {
    return new Date(this.clock.start + Math.round(moment)).toISOString().replace(".000Z", "Z");
  }

  read(text) {
    const utc = Date.parse(text);
    return Number.isFinite(utc) ? utc - this.clock.start : null;
  }
}

/** A length of time in its largest unit, in full or briefly. */
export function span(ms, briefly = false) {
  const units = [["day", 86400e3], ["hour", 3600e3], ["minute", 60e3], ["second", 1e3]];
  const [name, size] = units.find(([, each]) => ms >= each) ?? units[3];
  const many = Math.round((10 * ms) / size) / 10;
  if (briefly) return `${many} ${{ day: "d", hour: "h", minute: "min", second: "s" }[name]}`;
  return `${many} ${name}${many === 1 ? "" : "s"}`;
}

/** The number of values of a sorted array that are not above a limit. */
export function upTo(sorted, limit) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
