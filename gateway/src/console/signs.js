//! The small signs that mean the same wherever they stand: priority, state of an order, what is lacking, tags.
//!
//! Colour never says anything alone: each sign has a shape and a word. The map draws the same shapes (`map.js`).

import { coded, word } from "./language.js";
import { element, foreign } from "./text.js";

/** State of an order or a unit → its shape. */
const SHAPES = {
  issued: "▲",
  acknowledged: "◆",
  set_off: "➤",
  arrived: "■",
  finished: "✓",
  declined: "✕",
  cancelled: "⊘",
  reassigned: "↪",
  preempted: "⇥",
  free: "○",
  off: "×",
  unstaffed: "×",
  understrength: "×",
  silent: "!",
};

/** The shape of a state. */
export function shape(state) {
  return SHAPES[state] ?? "·";
}

/** P1 to P4. */
export function priorityBadge(priority) {
  const title = coded("priority", String(priority));
  return element("span", { class: `priority p${priority}`, title }, `P${priority}`);
}

/** A unit with the state of its order; for one that nobody acknowledged, who was told last. */
export function chip(order) {
  const climbed = order.state === "issued" && order.rung !== "primary";
  return element(
    "span",
    { class: `chip ${order.state}`, title: `${coded("capability", order.capability)} · ${coded("order", order.state)}` },
    element("span", { class: "shape", "aria-hidden": "true" }, shape(order.state)),
    foreign(order.unit),
    element("span", { class: "state" }, coded("order", order.state)),
    climbed && element("span", { class: "rung" }, coded("rung", order.rung)),
  );
}

/** The state of something as shape and word. */
export function stateSign(group, state) {
  return element(
    "span",
    { class: `sign ${state}` },
    element("span", { class: "shape", "aria-hidden": "true" }, shape(state)),
    element("span", { class: "state" }, coded(group, state)),
  );
}

/** What needs a unit and has none, one chip a capability. */
export function lackChips(needs) {
  const counts = new Map();
  for (const need of needs) {
    counts.set(need.capability, (counts.get(need.capability) ?? 0) + 1);
  }
  return [...counts].map(([capability, n]) =>
    element(
      "span",
      { class: "chip lacking" },
      element("span", { class: "shape", "aria-hidden": "true" }, "◌"),
      word("lacks", { what: coded("capability", capability) }),
      n > 1 && ` ×${n}`,
    ),
  );
}

/** What must be known of an incident at first sight. */
export function tags(incident) {
  const tag = (name, values) => element("span", { class: `tag ${name}` }, word(`tag.${name}`, values));
  return [
    incident.level && element("span", { class: "tag injured" }, coded("level", incident.level)),
    incident.close_awaited && tag("awaited"),
    incident.state === "closed" && tag("closed"),
    incident.drill && tag("drill"),
    incident.human && incident.state !== "closed" && tag("human"),
    incident.outside && tag("outside"),
    incident.injured > 0 && tag("injured", { n: incident.injured }),
    incident.state !== "closed" && incident.orders.some((order) => order.foreseen_late && !order.ended_at) && tag("foreseen"),
  ];
}

/** A label and its value, for lists of facts. */
export function fact(label, ...value) {
  return element("div", { class: "fact" }, element("dt", {}, label), element("dd", {}, value));
}
