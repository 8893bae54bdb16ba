//! How an incident stands: what is owed next, by whom, and how urgently it must be looked at. Pure.
//!
//! An order that nobody has acknowledged outranks everything else (X11): "ordered, and nobody moves" is the failure this
//! page is for. A clock that has run out stays the nearest one until what was owed has come; the centre then only has it
//! in the ledger (X16), so both are read together. Rows are drawn by `list.js`.

import { moment } from "./format.js";

const OPEN = new Set(["issued", "acknowledged", "set_off", "arrived"]);
/** Matters of the ledger that are clocks which still run over, and which clock each was. */
const CLOCK_OF = {
  no_acknowledgement: "acknowledge",
  late_set_off: "set_off",
  late_muster: "muster",
  late_arrival: "arrive",
  late_result: "result",
};
/** Shortages that nobody is to end: a drill sends nobody, and what lies outside is not ours. */
const NOT_OURS = new Set(["drill", "outside"]);
/** Up to this priority a need without a unit is overdue from its first second. */
const URGENT = 2;

/** Whether an order binds its unit. */
export function isOpen(order) {
  return OPEN.has(order.state);
}

/** Needs that still look for a unit. */
export function unserved(incident) {
  return incident.needs.filter((need) => need.state === "waiting" && !NOT_OURS.has(need.shortage));
}

/** Open ledger entries about clocks, by incident. */
export function overdueByIncident(ledger) {
  const found = new Map();
  for (const entry of ledger) {
    const clock = CLOCK_OF[entry.matter];
    const due = moment(entry.due);
    if (!clock || due === null || entry.settled_at || !entry.incident) {
      continue;
    }
    const known = found.get(entry.incident) ?? [];
    known.push({ clock, due, order: entry.order, unit: entry.unit });
    found.set(entry.incident, known);
  }
  return found;
}

/**
 * How an incident stands: its open orders, those that nobody acknowledged, the needs without a unit, and the nearest
 * clock as {clock, due, unit, order}, null where none runs. `clock` is `unit` where a unit itself is owed.
 */
export function standing(incident, overdue = []) {
  const open = incident.orders.filter(isOpen);
  const silent = open.filter((order) => order.state === "issued");
  const lacking = unserved(incident);
  const clocks = overdue.filter((late) => open.some((order) => order.id === late.order));
  // What a major incident owes itself: what runs, and what was to be told upward and has not been.
  const { situation_report: _, ...untold } = incident.overdue ?? {};
  for (const [clock, due] of [...Object.entries(incident.clocks ?? {}), ...Object.entries(untold)]) {
    if (due) {
      clocks.push({ clock, due: moment(due), order: null, unit: null });
    }
  }
  const next = incident.next_clock;
  if (next) {
    clocks.push({ clock: next.clock, due: moment(next.due), order: next.order, unit: next.unit });
  }
  if (lacking.length > 0 && incident.priority <= URGENT) {
    clocks.push({ clock: "unit", due: moment(incident.opened_at), order: null, unit: null });
  }
  clocks.sort((one, other) => one.due - other.due);
  return { incident, open, silent, lacking, nearest: clocks[0] ?? null };
}

/** Nearest clock first; without a clock last, the most urgent of them first, then the oldest. */
export function byTimeLeft(one, other) {
  const [left, right] = [one.nearest?.due ?? Infinity, other.nearest?.due ?? Infinity];
  if (left !== right) {
    return left - right;
  }
  const [first, second] = [one.incident, other.incident];
  return first.priority - second.priority || moment(first.opened_at) - moment(second.opened_at) || compareIds(first.id, second.id);
}

/** `1.9` before `1.10`. */
export function compareIds(one, other) {
  const [left, right] = [one.split(".").map(Number), other.split(".").map(Number)];
  return left[0] - right[0] || left[1] - right[1];
}

/** How it is to be shown: silent-late, silent, late, soon, running or resting. */
export function level(stands, now) {
  const late = stands.nearest !== null && stands.nearest.due <= now;
  if (stands.silent.length > 0) {
    const climbed = stands.silent.some((order) => order.rung !== "primary");
    return climbed || (late && stands.nearest.clock === "acknowledge") ? "silent-late" : "silent";
  }
  if (late) {
    return "late";
  }
  if (stands.nearest === null) {
    return "resting";
  }
  return stands.nearest.due - now <= 60_000 ? "soon" : "running";
}
