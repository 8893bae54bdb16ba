//! The list of open incidents: nearest clock first, what nobody acknowledged standing out.
//!
//! A row is built anew only when its incident has changed; countdowns run without that. At most `ROWS_MOST` rows are in
//! the page; the filters reach the others. What a row means is decided in `standing.js`.

import { count, countdown } from "./format.js";
import { coded, word } from "./language.js";
import { level } from "./standing.js";
import { chip, lackChips, priorityBadge, tags } from "./signs.js";
import { element, foreign, replace, setText } from "./text.js";

const ROWS_MOST = 200;
const CHIPS_MOST = 4;
const FILTERS = {
  all: () => true,
  silent: (stands) => stands.silent.length > 0,
  late: (stands, now) => level(stands, now).endsWith("late"),
  lacking: (stands) => stands.lacking.length > 0,
  human: (stands) => stands.incident.human,
  life: (stands) => stands.incident.priority === 1,
};

export class IncidentList {
  #model;
  #clock;
  #choose;
  #rows = new Map();
  #filter = "all";
  #list = document.getElementById("incidents");
  #filters = document.getElementById("incident-filters");
  #foot = document.getElementById("incidents-foot");

  constructor(model, clock, choose) {
    this.#model = model;
    this.#clock = clock;
    this.#choose = choose;
    this.#list.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Forgets how rows were drawn, as after a change of language. */
  forget() {
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  /** Draws what has changed. */
  draw() {
    const now = this.#clock.now() ?? 0;
    const wanted = this.#model.standings.filter((stands) => FILTERS[this.#filter](stands, now));
    const shown = wanted.slice(0, ROWS_MOST);
    this.#drawFilters(now);
    const kept = new Set(shown.map((stands) => stands.incident.id));
    for (const [id, row] of this.#rows) {
      if (!kept.has(id)) {
        row.node.remove();
        this.#rows.delete(id);
      }
    }
    shown.forEach((stands, index) => this.#place(this.#row(stands), index));
    this.#drawFoot(wanted.length, shown.length);
    this.tick();
  }

  /** Lets the countdowns go on. */
  tick() {
    const now = this.#clock.now();
    if (now === null) {
      return;
    }
    for (const { node, left, clock, stands } of this.#rows.values()) {
      const shown = level(stands, now);
      if (node.dataset.level !== shown) {
        node.dataset.level = shown;
      }
      const { nearest } = stands;
      const late = nearest !== null && nearest.due <= now;
      setText(left, nearest === null ? "—" : countdown(nearest.due, now));
      setText(clock, nearest === null ? word("no-clock") : coded(late ? "overdue" : "clock", nearest.clock));
    }
  }

  #row(stands) {
    const id = stands.incident.id;
    const known = this.#rows.get(id);
    const signature = JSON.stringify([stands.incident, stands.nearest]);
    if (known && known.signature === signature) {
      known.stands = stands;
    } else {
      const made = known ?? { node: element("li", { class: "row", "data-id": id }) };
      const focused = made.node.contains(document.activeElement);
      made.left = element("span", { class: "left" });
      made.clock = element("span", { class: "clock" });
      replace(made.node, this.#button(stands, made));
      if (focused) {
        made.node.firstChild.focus();
      }
      Object.assign(made, { signature, stands });
      this.#rows.set(id, made);
    }
    const row = this.#rows.get(id);
    const current = this.#model.chosen === id;
    row.node.classList.toggle("chosen", current);
    row.node.firstChild.setAttribute("aria-current", String(current));
    return row.node;
  }

  #button(stands, { left, clock }) {
    const { incident } = stands;
    const place = incident.place;
    return element(
      "button",
      { type: "button", class: "row-face", onclick: () => this.#choose(incident.id) },
      element("span", { class: "due" }, left, clock),
      element(
        "span",
        { class: "what" },
        priorityBadge(incident.priority),
        element("strong", {}, coded("kind", incident.kind)),
        tags(incident),
        incident.calls_total > 1 && element("span", { class: "calls" }, word("calls.times", { n: incident.calls_total })),
      ),
      element(
        "span",
        { class: "where" },
        place?.district_name ? foreign(place.district_name) : word(incident.outside ? "place.outside" : "place.none"),
        element("span", { class: "id" }, incident.id),
      ),
      this.#chips(stands),
    );
  }

  #chips(stands) {
    // What is wrong comes first, so that a narrow row never hides it.
    const answered = stands.open.filter((order) => !stands.silent.includes(order));
    const chips = [...lackChips(stands.lacking), ...[...stands.silent, ...answered].map((order) => chip(order))];
    const more = chips.length - CHIPS_MOST;
    const shown = more > 0 ? chips.slice(0, CHIPS_MOST) : chips;
    return element(
      "span",
      { class: "chips" },
      shown.length === 0 && element("span", { class: "quiet" }, word("incident.no-orders")),
      shown,
      more > 0 && element("span", { class: "quiet" }, word("more", { n: more })),
    );
  }

  #place(node, index) {
    const there = this.#list.children[index];
    if (there !== node) {
      this.#list.insertBefore(node, there ?? null);
    }
  }

  #drawFilters(now) {
    const names = Object.keys(FILTERS);
    if (this.#filters.childElementCount !== names.length) {
      const make = (name) => element("button", { type: "button", class: "filter", "data-name": name, onclick: () => this.#choosePart(name) });
      replace(this.#filters, names.map(make));
    }
    for (const button of this.#filters.children) {
      const name = button.dataset.name;
      const n = this.#model.standings.filter((stands) => FILTERS[name](stands, now)).length;
      setText(button, `${word(`filter.${name}`)} ${count(n)}`);
      button.setAttribute("aria-pressed", String(name === this.#filter));
      button.classList.toggle("some", n > 0 && name !== "all");
    }
  }

  #choosePart(name) {
    this.#filter = name;
    this.draw();
  }

  #drawFoot(wanted, shown) {
    const total = this.#model.stats?.conservation.incidents_open ?? wanted;
    let text = "";
    if (this.#model.troubles.has("incidents") && wanted === 0) {
      text = word("state.unread");
    } else if (!this.#model.read.has("incidents")) {
      text = word("state.loading");
    } else if (wanted === 0) {
      text = word(this.#filter === "all" ? "incidents.none" : "incidents.none-such");
    } else if (shown < wanted) {
      text = word("incidents.cut", { shown: count(shown), n: count(wanted) });
    } else if (this.#model.cut.incidents) {
      text = word("incidents.beyond", { shown: count(this.#model.standings.length), n: count(total) });
    }
    setText(this.#foot, text);
    this.#foot.hidden = text === "";
  }

  /** Arrow keys walk from row to row. */
  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest(".row");
    const next = step === 1 ? row?.nextElementSibling : step === -1 ? row?.previousElementSibling : null;
    if (next) {
      event.preventDefault();
      next.firstChild.focus();
    }
  }
}
