//! The line at the top: is it connected, what time is it there, how much comes in, how fast it is decided, does it add up.
//!
//! Below it, only when something is wrong, a line that says what and since when. Figures are the centre's own
//! (`/v1/stats`); this page measures nothing.

import { count, dateAndTime, measure, span, timeOfDay } from "./format.js";
import { word } from "./language.js";
import { element, replace, setText } from "./text.js";

const STALE_MS = 5000;

export class Head {
  #model;
  #clock;
  #hurry;
  #connection = document.getElementById("connection");
  #time = document.getElementById("centre-time");
  #mode = document.getElementById("centre-clock");
  #figures = document.getElementById("figures");
  #trouble = document.getElementById("trouble");
  #announcer = document.getElementById("announcer");
  #values = new Map();
  #shown = "";

  /** `hurry()` tries to connect at once. */
  constructor(model, clock, hurry) {
    this.#model = model;
    this.#clock = clock;
    this.#hurry = hurry;
  }

  forget() {
    this.#values.clear();
    this.#figures.replaceChildren();
    this.#shown = "";
  }

  draw() {
    const { connection, stats } = this.#model;
    this.#connection.dataset.state = connection.name;
    document.body.classList.toggle("stale", Boolean(connection.since));
    setText(this.#connection.querySelector(".word"), word(`connection.${connection.name}`));
    setText(this.#mode, this.#clock.mode === "driven" ? word("driven") : "");
    this.#mode.hidden = this.#clock.mode !== "driven";
    this.#drawFigures(stats);
    this.tick();
  }

  tick() {
    const now = this.#clock.now();
    setText(this.#time, now === null ? "–" : dateAndTime(now, this.#clock.offset));
    const troubles = this.#troubles();
    const names = troubles.map((trouble) => trouble.name).join();
    if (names !== this.#shown) {
      this.#shown = names;
      this.#trouble.hidden = troubles.length === 0;
      replace(this.#trouble, troubles.map((trouble) => this.#line(trouble)));
      // Said once for those who listen; the seconds that run in the line itself are not read aloud.
      setText(this.#announcer, troubles.map((trouble) => trouble.text).join(" "));
    }
    troubles.forEach(({ text }, index) => setText(this.#trouble.children[index].querySelector(".text"), text));
  }

  #drawFigures(stats) {
    const silent = this.#model.standings.filter((stands) => stands.silent.length > 0).length;
    const lacking = this.#model.standings.filter((stands) => stands.lacking.length > 0).length;
    const sums = stats?.conservation;
    const holds = stats?.conservation_holds;
    this.#figure("open", sums ? count(sums.incidents_open) : "–");
    this.#figure("silent", count(silent), silent > 0 ? "warn" : "");
    this.#figure("lacking", count(lacking), lacking > 0 ? "warn" : "");
    this.#figure("calls", measure(stats?.rates?.calls_per_s), "", "/s");
    this.#figure("latency", `${measure(stats?.latency?.p50_ms)} / ${measure(stats?.latency?.p99_ms)}`, "", "ms");
    this.#figure("sums", stats ? word(holds ? "sums.hold" : "sums.alarm") : "–", stats && !holds ? "alarm" : "good");
  }

  #figure(name, text, mood = "", measureOf = "") {
    if (!this.#values.has(name)) {
      const value = element("span", { class: "value" });
      const label = element("span", { class: "label" }, word(`figure.${name}`));
      const node = element("div", { class: "figure", "data-figure": name, title: word(`figure.${name}.long`) }, label, value);
      this.#figures.append(node);
      this.#values.set(name, { node, value });
    }
    const { node, value } = this.#values.get(name);
    node.dataset.mood = mood;
    setText(value, measureOf ? `${text} ${measureOf}` : text);
  }

  /** What is wrong, as {name, text, again}. */
  #troubles() {
    const { connection, stats, troubles } = this.#model;
    const lines = [];
    if (connection.since) {
      const wait = Math.max(0, Math.ceil(((connection.retryAt ?? 0) - Date.now()) / 1000));
      const values = { at: timeOfDay(connection.since, -new Date().getTimezoneOffset()), since: span(Date.now() - connection.since), n: wait };
      lines.push({ name: "lost", text: word(wait > 0 ? "trouble.lost" : "trouble.trying", values), again: true });
    }
    if (stats && !stats.conservation_holds) {
      lines.push({ name: "alarm", text: word("trouble.sums", { sums: sumsOf(stats.conservation) }) });
    }
    for (const [name, { since, why }] of troubles) {
      if (connection.name === "live" && Date.now() - since > STALE_MS) {
        const values = { what: word(`source.${name}`), since: span(Date.now() - since), why };
        lines.push({ name: `unread-${name}`, text: word("trouble.unread", values) });
      }
    }
    return lines;
  }

  #line({ name, text, again }) {
    const button = again && element("button", { type: "button", onclick: () => this.#hurry() }, word("trouble.again"));
    return element("p", { class: name }, element("span", { "aria-hidden": "true" }, "⚠ "), element("span", { class: "text" }, text), button);
  }
}

/** The sums that should agree, as one text. */
function sumsOf(sums) {
  return Object.entries(sums)
    .map(([name, number]) => `${name} ${number}`)
    .join(" · ");
}
