/** The map below the phones: footprints of cells by their state, sites, and the scale. Drawn only when something changes. */

const FEW = 16; // of more cells, only the outlines of those in trouble are drawn, and of what is chosen
const TROUBLE = [false, true, true, true, false];
const PATTERN = 6; // period of the hatching [pixels of the radio map]

/** Colours of the style sheet, for the canvases; read again when the scheme changes. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["land", "grid", "rule", "text", "muted", "idle", "talking", "line", "failing", "alert", "truth", "marker",
    "halo", "accent", "surface", "back"];
  const states = ["green", "orange", "red", "black", "nodata"].map(of);
  return { ...Object.fromEntries(names.map((name) => [name, of(name)])), states };
}

function channels(colour) {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  return probe.getImageData(0, 0, 1, 1).data;
}

export class Ground {
  constructor(canvas, view, world, coverage) {
    Object.assign(this, { canvas, view, world });
    this.context = canvas.getContext("2d");
    this.rows = coverage.rows;
    this.columns = coverage.columns;
    Object.assign(this, coverage.arrays);
    this.raster = document.createElement("canvas");
    this.raster.width = Math.max(this.columns, 1);
    this.raster.height = Math.max(this.rows, 1);
    this.rings = this.paths();
    this.towers = towersOf(world);
    this.repaint();
  }

  /** Take the colours of the scheme. */
  repaint() {
    this.colours = colours();
    this.rgb = this.colours.states.map(channels);
    this.drawn = "";
  }

  /** The outline of each cell's footprint, in metres. */
  paths() {
    const paths = this.world.cells.map(() => null);
    for (let ring = 0; ring < (this.ring_cell?.length ?? 0); ring++) {
      const cell = this.ring_cell[ring];
      const path = (paths[cell] ??= new Path2D());
      for (let i = this.ring_first[ring]; i < this.ring_first[ring + 1]; i++) {
        const x = this.ring_point[2 * i], y = this.ring_point[2 * i + 1];
        if (i === this.ring_first[ring]) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
    }
    return paths;
  }

  /** Draw it, unless nothing has changed. */
  draw(states, chosen, ratio) {
    const key = `${this.view.version} ${states.join()} ${chosen} ${ratio}`;
    if (key === this.drawn) return;
    this.drawn = key;
    const { context, view } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    context.fillStyle = this.colours.land;
    const { width, height } = view.plane;
    context.fillRect(view.left(0), view.top(height), width * view.scale, height * view.scale);
    if (this.rows) this.fill(states);
    this.grid();
    this.outlines(states, chosen, ratio);
    this.sites(states, chosen);
  }

  /** Fill each pixel by the state of its best cell: GREEN plain, ORANGE and RED hatched, BLACK solid, NO_DATA dotted. */
  fill(states) {
    const { columns, rows, best, rgb } = this;
    const context = this.raster.getContext("2d"), image = context.createImageData(columns, rows), data = image.data;
    for (let pixel = 0; pixel < best.length; pixel++) {
      const cell = best[pixel];
      if (cell < 0) continue;
      const column = pixel % columns, row = (pixel / columns) | 0, state = states[cell];
      const at = 4 * ((rows - 1 - row) * columns + column), [red, green, blue] = rgb[state];
      data[at] = red;
      data[at + 1] = green;
      data[at + 2] = blue;
      data[at + 3] = opacity(state, column, row);
    }
    context.putImageData(image, 0, 0);
    const { view } = this, { width, height } = view.plane;
    this.context.imageSmoothingEnabled = width / columns * view.scale < 8;
    this.context.drawImage(this.raster, view.left(0), view.top(height), width * view.scale, height * view.scale);
  }

  grid() {
    const { context, view } = this, { width, height } = view.plane;
    const step = [500, 1000, 2000, 5000, 10000, 20000, 50000].find((each) => each * view.scale > 70) ?? 100000;
    context.strokeStyle = this.colours.rule;
    context.lineWidth = 1;
    context.strokeRect(view.left(0), view.top(height), width * view.scale, height * view.scale);
    const right = view.width - 14, bottom = view.height - 14;
    context.strokeStyle = context.fillStyle = this.colours.muted;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(right - step * view.scale, bottom);
    context.lineTo(right, bottom);
    context.stroke();
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText(step < 1000 ? `${step} m` : `${step / 1000} km`, right, bottom - 6);
  }

  outlines(states, chosen, ratio) {
    const { context, view } = this;
    context.setTransform(ratio * view.scale, 0, 0, -ratio * view.scale, ratio * view.left(0), ratio * view.top(0));
    const many = this.world.cells.length > FEW;
    this.rings.forEach((path, cell) => {
      if (!path || (many && TROUBLE[states[cell]] !== true && this.world.cells[cell].tower !== chosen)) return;
      const mine = this.world.cells[cell].tower === chosen;
      context.lineWidth = (mine ? 3 : 1.3) / view.scale;
      context.globalAlpha = mine ? 1 : 0.75;
      context.strokeStyle = mine ? this.colours.accent : this.colours.states[states[cell]];
      context.setLineDash(states[cell] === 4 && !mine ? [6 / view.scale, 5 / view.scale] : []);
      context.stroke(path);
    });
    context.globalAlpha = 1;
    context.setLineDash([]);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Sites, each with a mark whose shape is that of its worst state, and its name where there is room for it. */
  sites(states, chosen) {
    const { context, view } = this, shown = this.towers.filter(({ x }) => x !== null).map((tower) => ({
      name: tower.name, left: view.left(tower.x), top: view.top(tower.y), state: worst(tower.cells.map((cell) => states[cell])),
    }));
    const rank = ({ name, state }) => (name === chosen ? 9 : state === 4 ? -1 : state);
    shown.sort((one, other) => rank(one) - rank(other));
    for (const { name, left, top, state } of shown) mark(context, left, top, state, this.colours, name === chosen ? 9 : 7);
    const taken = [];
    for (const tower of shown.reverse()) this.label(tower, taken);
  }

  /** Write the name and the state of a site, unless that would cover another one. */
  label({ name, left: at, top, state }, taken) {
    const { context, view } = this, word = this.world.words.states[state].replace("_", " ");
    context.font = "600 11px system-ui, sans-serif";
    const half = context.measureText(name).width / 2 + 2, left = Math.min(Math.max(at, half), view.width - half), box = [left - half, top + 12, left + half, top + 37];
    if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return;
    taken.push(box);
    context.textAlign = "center";
    context.lineWidth = 3.5;
    context.strokeStyle = this.colours.halo;
    context.fillStyle = this.colours.text;
    context.lineJoin = "round";
    for (const [line, down] of [[name, 23], [word, 35]]) {
      context.strokeText(line, left, top + down);
      context.fillText(line, left, top + down);
    }
  }
}

function opacity(state, column, row) {
  const rising = (column + row) % PATTERN < 2, falling = (column - row + 4096) % PATTERN < 2;
  if (state === 0) return 62;
  if (state === 1) return rising ? 150 : 60;
  if (state === 2) return rising || falling ? 165 : 60;
  if (state === 3) return 205;
  return column % 4 < 1 && row % 4 < 1 ? 150 : 26;
}

/** The order of states from the best to the worst; NO_DATA only where nothing else is known. */
export function worst(states) {
  const known = states.filter((state) => state !== 4);
  return known.length ? Math.max(...known) : 4;
}

export function towersOf(world) {
  const towers = new Map();
  world.cells.forEach((cell, number) => {
    const { tower, x, y } = cell;
    if (!towers.has(tower)) towers.set(tower, { name: tower, x, y, cells: [] });
    towers.get(tower).cells.push(number);
  });
  return [...towers.values()];
}

/** Draw a site: a circle for GREEN, a triangle, a square, a cross for the worse states, a ring for NO_DATA. */
function mark(context, x, y, state, { states, halo, text }, size) {
  context.beginPath();
  if (state === 1) {
    context.moveTo(x, y - size * 1.1);
    context.lineTo(x + size, y + size * 0.8);
    context.lineTo(x - size, y + size * 0.8);
    context.closePath();
  } else if (state === 2) context.rect(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7);
  else context.arc(x, y, size, 0, 2 * Math.PI);
  context.lineJoin = "round";
  context.lineWidth = 5;
  context.strokeStyle = halo;
  context.stroke();
  context.fillStyle = state === 4 ? halo : states[state];
  context.fill();
  context.lineWidth = 1.6;
  context.strokeStyle = state === 4 ? states[4] : text;
  context.setLineDash(state === 4 ? [3, 2] : []);
  context.stroke();
  context.setLineDash([]);
  if (state !== 3) return;
  context.strokeStyle = "#fff";
  context.lineWidth = 2;
  context.beginPath();
  for (const way of [1, -1]) {
    context.moveTo(x - size * 0.45, y - way * size * 0.45);
    context.lineTo(x + size * 0.45, y + way * size * 0.45);
  }
  context.stroke();
}
