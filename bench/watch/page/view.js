/** Which part of the plane the map shows, and where a point of it is on the screen. */

const CLOSEST = 40, EDGE = 18, LEGEND = 34; // pixels around the plane, and above it for the legend

export class View {
  constructor(plane) {
    this.plane = plane;
    this.zoom = 1;
    this.x = plane.width / 2;
    this.y = plane.height / 2;
    this.width = this.height = 1;
    this.version = 0;
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    this.version++;
  }

  /** Pixels of the screen in a metre. */
  get scale() {
    const { width, height } = this.plane;
    return this.zoom * Math.min((this.width - 2 * EDGE) / width, (this.height - 2 * EDGE - LEGEND) / height);
  }

  left(x) {
    return this.width / 2 + (x - this.x) * this.scale;
  }

  top(y) {
    return (this.height + LEGEND) / 2 - (y - this.y) * this.scale;
  }

  /** The point of the plane under a point of the screen; on a torus, moved into the plane. */
  point(left, top) {
    const { width, height, wrap } = this.plane;
    const x = this.x + (left - this.width / 2) / this.scale, y = this.y - (top - (this.height + LEGEND) / 2) / this.scale;
    return wrap ? [modulo(x, width), modulo(y, height)] : [x, y];
  }

  zoomed(factor, left = this.width / 2, top = this.height / 2) {
    const before = this.scale;
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), CLOSEST);
    const change = 1 / before - 1 / this.scale;
    this.moved((left - this.width / 2) * change, -(top - (this.height + LEGEND) / 2) * change);
  }

  moved(x, y) {
    const { width, height } = this.plane;
    const inside = (value, size, seen) => {
      const half = Math.min(seen / this.scale / 2 - EDGE / this.scale, size / 2);
      return Math.min(Math.max(value, half), size - half);
    };
    this.x = inside(this.x + x, width, this.width);
    this.y = inside(this.y + y, height, this.height - LEGEND);
    this.version++;
  }

  whole() {
    this.zoom = 1;
    this.moved(0, 0);
  }

  centre(x, y) {
    if (this.zoom > 1) this.moved(x - this.x, y - this.y);
  }
}

export function modulo(value, size) {
  return ((value % size) + size) % size;
}

/** A difference of coordinates along the shortest way on a torus. */
export function shortest(difference, size, wrap) {
  return wrap ? difference - size * Math.floor(difference / size + 0.5) : difference;
}
