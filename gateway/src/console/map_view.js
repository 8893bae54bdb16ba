//! Which part of the earth the map shows, and where a place of WGS-84 is on the screen. Pure; `map.js` draws.
//!
//! Flat, with degrees of longitude shortened for the latitude of the middle: right within a province.

const ZOOM_MOST = 60;
const MARGIN = 0.05;
const METRES_PER_DEGREE = 111_195;

export class MapView {
  width = 1;
  height = 1;
  /** How much larger than the whole. */
  scale = 1;
  /** Whether there is anything to show. */
  fitted = false;

  #whole = null;
  #middle = { lon: 0, lat: 0 };

  /** Takes the size of the screen. */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  /** Shows all of these places. */
  fit(places) {
    const known = places.filter(Boolean);
    if (known.length === 0) {
      return;
    }
    const box = { west: Infinity, east: -Infinity, south: Infinity, north: -Infinity };
    for (const { lon, lat } of known) {
      box.west = Math.min(box.west, lon);
      box.east = Math.max(box.east, lon);
      box.south = Math.min(box.south, lat);
      box.north = Math.max(box.north, lat);
    }
    this.#middle = { lon: (box.west + box.east) / 2, lat: (box.south + box.north) / 2 };
    this.#whole = { ...box, shorten: Math.cos((this.#middle.lat * Math.PI) / 180) };
    this.scale = 1;
    this.fitted = true;
  }

  /** Pixels of a degree of latitude. */
  get #pixels() {
    const { west, east, south, north, shorten } = this.#whole;
    const across = this.width / Math.max((east - west) * shorten, 1e-4);
    const along = this.height / Math.max(north - south, 1e-4);
    return Math.min(across, along) * (1 - MARGIN) * this.scale;
  }

  /** Where a place is on the screen. */
  point({ lon, lat }) {
    const pixels = this.#pixels;
    return {
      x: this.width / 2 + (lon - this.#middle.lon) * this.#whole.shorten * pixels,
      y: this.height / 2 - (lat - this.#middle.lat) * pixels,
    };
  }

  /** The middle and the size of a ring on the screen. */
  box(ring) {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [lon, lat] of ring) {
      const { x, y } = this.point({ lon, lat });
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
    return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top };
  }

  /** Whether a place is on the screen. */
  holds(place) {
    if (!this.fitted) {
      return true;
    }
    const { x, y } = this.point(place);
    return x > 10 && y > 10 && x < this.width - 10 && y < this.height - 10;
  }

  centreOn({ lon, lat }) {
    this.#middle = { lon, lat };
  }

  /** Moves the ground by so many pixels. */
  move(x, y) {
    if (this.fitted) {
      const pixels = this.#pixels;
      this.#middle = { lon: this.#middle.lon - x / (this.#whole.shorten * pixels), lat: this.#middle.lat + y / pixels };
    }
  }

  /** Scales about a point of the screen, which stays where it is. */
  zoom(factor, x, y) {
    if (!this.fitted) {
      return;
    }
    const [dx, dy] = [x - this.width / 2, y - this.height / 2];
    this.move(-dx, -dy);
    this.scale = Math.min(ZOOM_MOST, Math.max(1, this.scale * factor));
    this.move(dx, dy);
  }

  /** A round length of about 80 pixels. */
  bar() {
    const perPixel = METRES_PER_DEGREE / this.#pixels;
    const wanted = perPixel * 80;
    const power = 10 ** Math.floor(Math.log10(wanted));
    const metres = [1, 2, 5, 10].map((step) => step * power).filter((step) => step <= wanted).at(-1) ?? power;
    return { metres, pixels: metres / perPixel };
  }
}
