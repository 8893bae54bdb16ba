//! The map: districts, hospitals, units and incidents on a plain canvas. No tiles, nothing from elsewhere.
//!
//! Drag or arrow keys move it, wheel or plus and minus scale it, a click chooses what is nearest. It shows what the lists
//! show and nothing more, so that whoever cannot see it misses nothing. Shapes as in `signs.js`; where things are on the
//! screen is `map_view.js`.

import { coded } from "./language.js";
import { level } from "./standing.js";
import { MapView } from "./map_view.js";
import { harmless, setText } from "./text.js";

const REACH_PX = 14;
const NAMES_FROM_SCALE = 3;
const COLOURS = ["ground", "district", "border", "name", "free", "busy", "arrived", "silent", "away", "late", "calm", "ink", "paper", "hospital"];

export class CountyMap {
  #model;
  #clock;
  #chooseIncident;
  #chooseUnit;
  #canvas = document.getElementById("map");
  #tip = document.getElementById("map-tip");
  #view = new MapView();
  #colours = {};
  #asked = false;
  #fitted = null;

  constructor(model, clock, chooseIncident, chooseUnit) {
    this.#model = model;
    this.#clock = clock;
    this.#chooseIncident = chooseIncident;
    this.#chooseUnit = chooseUnit;
    new ResizeObserver(() => this.#resize()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#takeColours());
    this.#takeColours();
    this.#listen();
  }

  /** Draws in the next frame. */
  draw() {
    if (this.#fitted !== this.#model.districts) {
      this.#fitted = this.#model.districts;
      this.#fit();
    }
    if (!this.#asked) {
      this.#asked = true;
      requestAnimationFrame(() => {
        this.#asked = false;
        this.#paint();
      });
    }
  }

  /** Moves the map so that a place is in it. */
  show(place) {
    if (place && !this.#view.holds(place)) {
      this.#view.centreOn(place);
    }
    this.draw();
  }

  #fit() {
    const corners = this.#model.districts.flatMap((district) => district.ring.map(([lon, lat]) => ({ lon, lat })));
    this.#view.fit(corners.length > 0 ? corners : this.#model.units.map((unit) => unit.position));
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#view.resize(width, height);
    this.draw();
  }

  #takeColours() {
    const style = getComputedStyle(document.documentElement);
    this.#colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
    this.#colours.font = getComputedStyle(document.body).fontFamily;
    this.draw();
  }

  #paint() {
    const pen = this.#canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = this.#colours.ground;
    pen.fillRect(0, 0, this.#view.width, this.#view.height);
    if (!this.#view.fitted) {
      return;
    }
    this.#paintDistricts(pen);
    this.#paintHospitals(pen);
    this.#paintUnits(pen);
    this.#paintLinks(pen);
    this.#paintIncidents(pen);
    this.#paintScale(pen);
  }

  #paintDistricts(pen) {
    pen.lineWidth = 1;
    pen.fillStyle = this.#colours.district;
    pen.strokeStyle = this.#colours.border;
    for (const district of this.#model.districts) {
      if (district.ring.length === 0) {
        continue;
      }
      pen.beginPath();
      for (const [lon, lat] of district.ring) {
        const { x, y } = this.#view.point({ lon, lat });
        pen.lineTo(x, y);
      }
      pen.closePath();
      pen.fill();
      pen.stroke();
    }
    this.#paintNames(pen);
  }

  /** Names of districts, largest first, each only where no other stands. */
  #paintNames(pen) {
    pen.font = `11px ${this.#colours.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = this.#colours.name;
    const taken = [];
    const drawn = this.#model.districts.filter((district) => district.ring.length > 0);
    const boxes = drawn.map((district) => ({ district, ...this.#view.box(district.ring) }));
    boxes.sort((one, other) => other.width * other.height - one.width * one.height);
    for (const { district, x, y } of boxes) {
      const name = harmless(district.name);
      const half = pen.measureText(name).width / 2 + 2;
      if (!taken.some((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < 14)) {
        taken.push({ x, y, half });
        pen.fillText(name, x, y);
      }
    }
  }

  #paintHospitals(pen) {
    pen.fillStyle = this.#colours.hospital;
    for (const hospital of this.#model.hospitals) {
      const { x, y } = this.#view.point(hospital);
      pen.fillRect(x - 4, y - 1.2, 8, 2.4);
      pen.fillRect(x - 1.2, y - 4, 2.4, 8);
    }
  }

  #paintUnits(pen) {
    const later = [];
    const many = this.#model.units.length > 2000;
    const half = many && this.#view.scale < NAMES_FROM_SCALE ? 1 : 2;
    pen.strokeStyle = this.#colours.free;
    pen.fillStyle = this.#colours.free;
    for (const unit of this.#model.units) {
      if (unit.desk || !unit.position) {
        continue;
      }
      if (unit.state !== "free" || unit.name === this.#model.chosenUnit) {
        later.push(unit);
        continue;
      }
      const { x, y } = this.#view.point(unit.position);
      pen.fillRect(x - half, y - half, 2 * half, 2 * half);
    }
    for (const unit of later) {
      this.#paintUnit(pen, unit);
    }
  }

  #paintUnit(pen, unit) {
    const { x, y } = this.#view.point(unit.position);
    const busy = { issued: "silent", acknowledged: "busy", set_off: "busy", arrived: "arrived", free: "free" }[unit.state];
    pen.fillStyle = this.#colours[busy ?? "away"];
    pen.strokeStyle = this.#colours.paper;
    pen.lineWidth = 1;
    pen.beginPath();
    if (unit.state === "issued") {
      polygon(pen, x, y, 5.5, 3, -Math.PI / 2);
    } else if (unit.state === "set_off") {
      polygon(pen, x, y, 5.5, 3, 0);
    } else if (unit.state === "acknowledged") {
      polygon(pen, x, y, 5, 4, 0);
    } else if (unit.state === "arrived") {
      pen.rect(x - 3.5, y - 3.5, 7, 7);
    } else if (busy) {
      pen.rect(x - 2, y - 2, 4, 4);
    } else {
      pen.rect(x - 2.5, y - 0.8, 5, 1.6);
    }
    pen.fill();
    if (busy) {
      pen.stroke();
    }
    const chosen = unit.name === this.#model.chosenUnit;
    if (chosen || (busy && this.#view.scale >= NAMES_FROM_SCALE)) {
      this.#label(pen, unit.name, x, y + 12);
    }
    if (chosen) {
      this.#ring(pen, x, y, 10);
    }
  }

  /** Lines from the chosen incident to the units that are ordered to it. */
  #paintLinks(pen) {
    const stands = this.#model.standings.find((known) => known.incident.id === this.#model.chosen);
    if (!stands?.incident.place) {
      return;
    }
    const to = this.#view.point(stands.incident.place);
    pen.setLineDash([4, 3]);
    pen.lineWidth = 1.5;
    for (const order of stands.open) {
      const unit = this.#model.unit(order.unit);
      if (unit && !unit.desk) {
        const from = this.#view.point(unit.position);
        pen.strokeStyle = order.state === "issued" ? this.#colours.silent : this.#colours.busy;
        pen.beginPath();
        pen.moveTo(from.x, from.y);
        pen.lineTo(to.x, to.y);
        pen.stroke();
        this.#label(pen, unit.name, from.x, from.y + 12);
      }
    }
    pen.setLineDash([]);
  }

  #paintIncidents(pen) {
    const now = this.#clock.now() ?? 0;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    // Where there are many, smaller, so that the ground stays to be seen.
    const size = this.#model.standings.length > 200 && this.#view.scale < NAMES_FROM_SCALE ? 0.7 : 1;
    pen.font = `bold ${Math.round(10 * size)}px ${this.#colours.font}`;
    // The most pressing are drawn last, on top of the others.
    for (const stands of [...this.#model.standings].reverse()) {
      const { incident } = stands;
      if (!incident.place) {
        continue;
      }
      const { x, y } = this.#view.point(incident.place);
      const shown = level(stands, now);
      const silent = shown.startsWith("silent");
      pen.fillStyle = shown.endsWith("late") ? this.#colours.late : silent ? this.#colours.silent : this.#colours.calm;
      pen.strokeStyle = this.#colours.paper;
      pen.lineWidth = 1.5;
      pen.beginPath();
      if (silent) {
        polygon(pen, x, y, 10 * size, 3, -Math.PI / 2);
      } else {
        pen.arc(x, y, 7 * size, 0, 2 * Math.PI);
      }
      pen.fill();
      pen.stroke();
      pen.fillStyle = this.#colours.ink;
      pen.fillText(String(incident.priority), x, y + 1);
      if (incident.id === this.#model.chosen) {
        this.#ring(pen, x, y, 14);
      }
    }
  }

  /** A bar with its length on the ground. */
  #paintScale(pen) {
    const { metres, pixels } = this.#view.bar();
    const [x, y] = [10, this.#view.height - 10];
    pen.strokeStyle = this.#colours.name;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(x, y - 4);
    pen.lineTo(x, y);
    pen.lineTo(x + pixels, y);
    pen.lineTo(x + pixels, y - 4);
    pen.stroke();
    pen.font = `11px ${this.#colours.font}`;
    pen.textAlign = "left";
    pen.fillStyle = this.#colours.name;
    pen.fillText(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, x + pixels + 5, y - 4);
  }

  #label(pen, text, x, y) {
    pen.font = `11px ${this.#colours.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.strokeStyle = this.#colours.district;
    pen.lineWidth = 3;
    const dash = pen.getLineDash();
    pen.setLineDash([]);
    pen.strokeText(harmless(text), x, y);
    pen.setLineDash(dash);
    pen.fillStyle = this.#colours.name;
    pen.fillText(harmless(text), x, y);
    pen.lineWidth = 1.5;
  }

  #ring(pen, x, y, radius) {
    pen.strokeStyle = this.#colours.name;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }

  /** What is under a point of the screen: an incident first, then a unit. */
  #under(x, y) {
    const near = (place) => {
      const point = this.#view.point(place);
      return Math.hypot(point.x - x, point.y - y);
    };
    let best = { far: REACH_PX };
    for (const stands of this.#model.standings) {
      if (stands.incident.place) {
        const far = near(stands.incident.place);
        best = far < best.far ? { far, stands } : best;
      }
    }
    if (!best.stands) {
      for (const unit of this.#model.units) {
        if (!unit.desk && unit.position) {
          const far = near(unit.position);
          best = far < best.far ? { far, unit } : best;
        }
      }
    }
    return best;
  }

  #listen() {
    const canvas = this.#canvas;
    let grip = null;
    canvas.addEventListener("pointerdown", (event) => {
      grip = { x: event.offsetX, y: event.offsetY, moved: 0 };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!grip) {
        return this.#hover(event.offsetX, event.offsetY);
      }
      const [x, y] = [event.offsetX - grip.x, event.offsetY - grip.y];
      grip = { x: event.offsetX, y: event.offsetY, moved: grip.moved + Math.hypot(x, y) };
      this.#tip.hidden = true;
      this.#view.move(x, y);
      this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const clicked = grip !== null && grip.moved < 5;
      grip = null;
      if (clicked) {
        this.#click(event.offsetX, event.offsetY);
      }
    });
    canvas.addEventListener("pointercancel", () => (grip = null));
    canvas.addEventListener("pointerleave", () => (this.#tip.hidden = true));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    for (const [id, factor] of [["map-in", 1.5], ["map-out", 1 / 1.5]]) {
      document.getElementById(id).addEventListener("click", () => this.#zoom(factor));
    }
    document.getElementById("map-fit").addEventListener("click", () => this.#refit());
  }

  #click(x, y) {
    const { stands, unit } = this.#under(x, y);
    if (stands) {
      this.#chooseIncident(stands.incident.id);
    } else if (unit) {
      this.#chooseUnit(unit, null);
    }
  }

  #hover(x, y) {
    const { stands, unit } = this.#under(x, y);
    this.#canvas.classList.toggle("over", Boolean(stands || unit));
    this.#tip.hidden = !stands && !unit;
    if (stands) {
      const { incident } = stands;
      setText(this.#tip, `P${incident.priority} ${coded("kind", incident.kind)} ${incident.id}`);
    } else if (unit) {
      setText(this.#tip, `${unit.name} · ${coded("unit", unit.state)}`);
    }
    const left = Math.min(x + 12, this.#view.width - this.#tip.offsetWidth - 4);
    this.#tip.style.left = `${Math.max(4, left)}px`;
    this.#tip.style.top = `${y > 40 ? y - 30 : y + 18}px`;
  }

  #wheel(event) {
    event.preventDefault();
    this.#view.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX, event.offsetY);
    this.draw();
  }

  #zoom(factor) {
    this.#view.zoom(factor, this.#view.width / 2, this.#view.height / 2);
    this.draw();
  }

  #refit() {
    this.#fit();
    this.draw();
  }

  #key(event) {
    const step = 40;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) {
      this.#view.move(...moves[event.key]);
    } else if (event.key === "+" || event.key === "=") {
      this.#zoom(1.5);
    } else if (event.key === "-") {
      this.#zoom(1 / 1.5);
    } else if (event.key === "0") {
      this.#fit();
    } else {
      return;
    }
    event.preventDefault();
    this.draw();
  }
}

/** A regular polygon as a path; the first corner lies in the given direction. */
function polygon(pen, x, y, radius, corners, direction) {
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = direction + (2 * Math.PI * corner) / corners;
    pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  pen.closePath();
}
