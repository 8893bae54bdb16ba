//! The log of events: the newest at the top, each once, with the count of all that were seen.
//!
//! The count and the last id are the proof that nothing was missed while the connection was away: the stream goes on
//! after the last id, and the log says where it broke off and came back.

import { LOG_MOST } from "./model.js";
import { count, moment, timeOfDay } from "./format.js";
import { coded, word } from "./language.js";
import { shape } from "./signs.js";
import { element, foreign, replace, setText } from "./text.js";

/** Fields of events that name something, in the order in which they are shown; with the group of their words. */
const FIELDS = [
  ["incident", null],
  ["unit", null],
  ["order", null],
  ["call", null],
  ["kind", "kind"],
  ["capability", "capability"],
  ["matter", "matter"],
  ["clock", "clock"],
  ["from", "order"],
  ["to", "order"],
  ["into", null],
  ["rung", "rung"],
  ["shortage", "shortage"],
  ["reason", "reason"],
  ["duty", "duty"],
  ["outcome", "outcome"],
  ["hospital", null],
  ["value", null],
];

export class EventLog {
  #model;
  #clock;
  #choose;
  #lines = new Map();
  #list = document.getElementById("log");
  #seen = document.getElementById("log-seen");

  constructor(model, clock, choose) {
    this.#model = model;
    this.#clock = clock;
    this.#choose = choose;
  }

  forget() {
    this.#lines.clear();
    this.#list.replaceChildren();
  }

  draw() {
    const shown = this.#model.log.slice(0, LOG_MOST);
    const kept = new Set(shown);
    for (const [line, node] of this.#lines) {
      if (!kept.has(line)) {
        node.remove();
        this.#lines.delete(line);
      }
    }
    // New lines are at the top, and those below keep their order.
    const first = this.#list.firstChild;
    for (const line of shown) {
      if (this.#lines.has(line)) {
        break;
      }
      const node = line.note ? this.#note(line) : this.#event(line);
      this.#lines.set(line, node);
      this.#list.insertBefore(node, first);
    }
    const last = this.#model.lastEvent;
    const { seen, resumed } = this.#model;
    setText(this.#seen, last ? word("log.seen", { n: count(seen), last, resumed }) : word("log.none"));
  }

  #note(line) {
    return element("li", { class: `note ${line.note}` }, line.at === null ? null : `${timeOfDay(line.at, this.#clock.offset)} `, word(`note.${line.note}`, line.values));
  }

  #event(event) {
    const incident = event.incident ?? this.#model.incidentOfOrder(event.order);
    const has = (name) => typeof event[name] === "string" || typeof event[name] === "number";
    const said = FIELDS.filter(([name]) => has(name) && !(name === "from" && has("to")));
    return element(
      "li",
      { "data-id": event.id },
      element("span", { class: "at" }, timeOfDay(moment(event.at), this.#clock.offset)),
      element("span", { class: "type" }, event.to ? `${shape(event.to)} ` : "", coded("event", event.type)),
      element("span", { class: "about" }, said.map(([name, group]) => this.#field(event, name, group, incident))),
    );
  }

  #field(event, name, group, incident) {
    const value = event[name];
    if (name === "incident") {
      return this.#link(value);
    }
    if (name === "order" || name === "call") {
      const known = name === "order" && incident && !event.incident;
      return element("span", { class: "quiet" }, known && [this.#link(incident), " "], word(`noun.${name}`), " ", value);
    }
    const arrow = name === "to" || name === "into" ? "→ " : "";
    return element("span", {}, arrow, group ? coded(group, value) : foreign(this.#named(name, value)));
  }

  #link(incident) {
    return element("button", { type: "button", class: "link", onclick: () => this.#choose(incident) }, incident);
  }

  #named(name, value) {
    return name === "unit" ? (this.#model.unit(value)?.name ?? value) : value;
  }
}
