//! One incident, whole: what callers said, what it needs, who was ordered and how that stands, and what may be done.
//!
//! Callers' words are shown as text and isolated (`text.js`); nothing of them is read as anything else. The acts
//! themselves, with their confirmation, are in `acts.js`; why a unit was chosen is the centre's own explanation.

import { countdown, dateAndTime, distance, moment, span, timeOfDay } from "./format.js";
import { conductFacts, notes } from "./conduct.js";
import { coded, language, word } from "./language.js";
import { REPORTS_OF_ORDER } from "./acts.js";
import { fact, priorityBadge, stateSign, tags } from "./signs.js";
import { isOpen } from "./standing.js";
import { element, foreign, replace, setText } from "./text.js";

/** Clocks → the states of an order in which they run. */
const CLOCKS = {
  acknowledge: ["issued"],
  set_off: ["issued", "acknowledged"],
  muster: ["issued", "acknowledged"],
  arrive: ["issued", "acknowledged", "set_off"],
  result: ["issued", "acknowledged", "set_off", "arrived"],
};

export class Detail {
  #model;
  #clock;
  #acts;
  #choose;
  #reasons;
  #signature = "";
  #panel = document.getElementById("detail");

  /** `reasons`: what is known of why each order was given (`reasons.js`). */
  constructor(model, clock, acts, reasons, choose) {
    this.#model = model;
    this.#clock = clock;
    this.#acts = acts;
    this.#reasons = reasons;
    this.#choose = choose;
  }

  forget() {
    this.#signature = "";
  }

  draw() {
    const { chosen, detail, troubles } = this.#model;
    const trouble = troubles.get("detail")?.why ?? null;
    const shown = detail && detail.id === chosen ? { ...detail, seq: 0, now: "" } : null;
    const signature = JSON.stringify([language(), chosen, shown, shown ? null : trouble, this.#reasons.signature]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#rebuild(chosen, shown, trouble);
    }
    this.tick();
  }

  /** Lets the countdowns go on. */
  tick() {
    const now = this.#clock.now();
    if (now === null) {
      return;
    }
    for (const node of this.#panel.querySelectorAll("[data-due]")) {
      const due = Number(node.dataset.due);
      setText(node, countdown(due, now));
      node.classList.toggle("late", due <= now);
    }
  }

  #rebuild(chosen, incident, trouble) {
    const focus = document.activeElement?.dataset?.key ?? null;
    if (chosen === null) {
      replace(this.#panel, element("p", { class: "empty" }, word("detail.none")));
    } else if (incident === null) {
      const text = trouble ? word("detail.unread", { id: chosen, why: trouble }) : word("state.loading");
      replace(this.#panel, element("p", { class: "empty" }, text));
    } else {
      replace(this.#panel, this.#title(incident), this.#actions(incident), this.#facts(incident), this.#needs(incident), notes(incident, this.#clock), this.#reports(incident));
    }
    if (focus !== null) {
      [...this.#panel.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focus)?.focus();
    }
  }

  #title(incident) {
    return element(
      "header",
      { class: "title" },
      priorityBadge(incident.priority),
      element("h2", {}, coded("kind", incident.kind)),
      tags(incident),
      element("span", { class: "id" }, incident.id),
    );
  }

  #actions(incident) {
    const button = (name, disabled = false) =>
      element("button", { type: "button", "data-key": name, disabled, onclick: () => this.#acts.open(name, incident) }, word(`act.${name}`));
    const acts = { class: "acts", role: "group", "aria-label": word("detail.acts") };
    if (incident.state === "closed") {
      const into = incident.merged_into;
      const note = element(
        "p",
        { class: "closed-note" },
        word("detail.closed", { at: this.#at(incident.closed_at), why: coded("reason", incident.close_reason) }),
        into && [" ", word("detail.merged"), " ", element("button", { type: "button", class: "link", onclick: () => this.#choose(into) }, into)],
      );
      return [note, element("div", acts, button(into ? "unmerge" : "reopen"))];
    }
    return element(
      "div",
      acts,
      button("assign"),
      button("escalate", incident.priority === 1),
      button("level", incident.level === "I"),
      button("situation"),
      button("upward"),
      button("merge"),
      button("split", incident.calls_total < 2),
      button("close"),
    );
  }

  #facts(incident) {
    const { place } = incident;
    const spot = place ? `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)} ± ${distance(place.radius_m ?? 0)}` : word("place.none");
    const none = word("none");
    return element(
      "dl",
      { class: "facts" },
      fact(word("fact.place"), place?.district_name ? foreign(place.district_name) : null, " ", element("span", { class: "quiet number" }, spot), place?.source ? ` ${coded("located", place.source)}` : null),
      fact(word("fact.opened"), this.#at(incident.opened_at)),
      fact(word("fact.nature"), coded("nature", incident.nature), word("list.comma"), coded("category", incident.category)),
      fact(word("fact.agencies"), incident.agencies.map((code) => coded("agency", code)).join(word("list.comma")) || none),
      conductFacts(incident, this.#clock),
    );
  }

  /** Each need with the order that serves it; then orders that serve none any more. */
  #needs(incident) {
    const serving = new Set(incident.needs.map((need) => need.order));
    const byId = new Map(incident.orders.map((order) => [order.id, order]));
    const past = incident.orders.filter((order) => !serving.has(order.id) || !incident.needs.some((need) => need.order === order.id));
    return element(
      "section",
      { "aria-label": word("detail.needs") },
      element("h3", {}, word("detail.needs"), element("span", { class: "quiet" }, ` ${incident.needs.length}`)),
      incident.needs.length === 0 && element("p", { class: "quiet" }, word("detail.no-needs")),
      incident.needs.map((need) => this.#need(need, byId.get(need.order))),
      past.length > 0 && element("h4", {}, word("detail.past")),
      past.map((order) => this.#order(order)),
    );
  }

  #need(need, order) {
    const waits = need.state === "waiting";
    return element(
      "div",
      { class: `need ${need.state}` },
      element(
        "div",
        { class: "need-line" },
        element("strong", {}, coded("capability", need.capability)),
        element("span", { class: `need-state ${need.state}` }, waits && element("span", { "aria-hidden": "true" }, "◌ "), coded("need", need.state)),
        waits && need.shortage && element("span", { class: "shortage" }, coded("shortage", need.shortage)),
      ),
      order && this.#order(order),
    );
  }

  #order(order) {
    const open = isOpen(order);
    const running = open ? deadlinesOf(order) : [];
    const known = this.#model.unit(order.unit);
    return element(
      "div",
      { class: `order ${order.state}`, "data-order": order.id },
      element(
        "div",
        { class: "order-line" },
        stateSign("order", order.state),
        element("strong", {}, foreign(order.unit)),
        open && order.state === "issued" && order.rung !== "primary" && element("span", { class: "rung" }, word("rung.told", { who: coded("rung", order.rung) })),
        element("span", { class: "quiet" }, word("order.issued-at", { at: this.#time(order.issued_at) })),
        order.travel_s > 0 && element("span", { class: "quiet" }, word("order.travel", { span: span(order.travel_s * 1000) })),
        element("span", { class: "quiet" }, coded("choice", order.choice)),
        order.foreseen_late && open && element("span", { class: "tag foreseen" }, word("tag.foreseen")),
      ),
      running.length > 0 && element("div", { class: "clocks" }, running.map(([clock, due]) => this.#deadline(clock, due))),
      element(
        "div",
        { class: "order-acts" },
        open && this.#orderReports(order, known),
        element("span", { class: "id end" }, order.id),
        element("button", { type: "button", class: "link", "data-key": `why ${order.id}`, "aria-expanded": String(this.#reasons.isOpen(order.id)), onclick: () => this.#reasons.toggle(order.id) }, word("order.why")),
      ),
      this.#reasons.isOpen(order.id) && this.#reasons.draw(order.id),
    );
  }

  #deadline(clock, due) {
    return element("span", { class: "deadline" }, coded("clock", clock), " ", element("span", { class: "number", "data-due": moment(due) }));
  }

  #orderReports(order, unit) {
    return REPORTS_OF_ORDER.filter((report) => report.from.includes(order.state) && !(report.travels && unit?.desk)).map((report) =>
      element("button", { type: "button", class: "small", "data-key": `${report.path} ${order.id}`, onclick: () => this.#acts.openReport(report, order) }, word(`report.${report.path}`)),
    );
  }

  #reports(incident) {
    const calls = byCall(incident.reports ?? []);
    const more = incident.calls_total - calls.length;
    return element(
      "section",
      { "aria-label": word("detail.said") },
      element("h3", {}, word("detail.said"), element("span", { class: "quiet" }, ` ${word("detail.calls", { n: incident.calls_total })}`)),
      calls.length === 0 && element("p", { class: "quiet" }, word("detail.nothing-said")),
      calls.reverse().map((call) => this.#call(call, incident)),
      more > 0 && calls.length > 0 && element("p", { class: "quiet" }, word("detail.older", { n: more })),
    );
  }

  #call({ call, said, facts }, incident) {
    const { line, caller, kind, injured } = said ?? {};
    return element(
      "article",
      { class: "report", "data-call": call },
      element(
        "div",
        { class: "report-line quiet" },
        said && element("span", { class: "number" }, this.#time(said.at)),
        line && element("span", {}, foreign(line)),
        said && element("span", { class: "number" }, caller ? foreign(caller) : word("report.no-number")),
        kind && element("span", {}, coded("kind", kind)),
        injured > 0 && element("span", {}, word("tag.injured", { n: injured })),
        element("span", { class: "id" }, call),
        incident.state === "open" && this.#callActs(call, incident, facts.findLast((added) => added.text)?.text ?? said?.text ?? null),
      ),
      said && element("p", { class: "said" }, words(said.text)),
      facts.map((added) => element("p", { class: "said later" }, element("span", { class: "quiet number" }, this.#time(added.at)), " ", words(added.text))),
    );
  }

  #callActs(call, incident, known) {
    const link = (name, act) => element("button", { type: "button", class: "link", "data-key": `${name} ${call}`, onclick: act }, word(`act.${name}`));
    return [
      link("classify", () => this.#acts.openVerdict(call, incident)),
      link("facts", () => this.#acts.openFacts(call, incident, known)),
      link("end", () => this.#acts.openEnd(call, incident)),
    ];
  }

  #time(text) {
    return timeOfDay(moment(text), this.#clock.offset);
  }

  #at(text) {
    return dateAndTime(moment(text), this.#clock.offset);
  }
}

/** The deadlines that still count, as [clock, due]: as they were set, but for the ladder's, which moves on. */
function deadlinesOf(order) {
  const counts = Object.entries(CLOCKS).filter(([clock, states]) => order.deadlines?.[clock] && states.includes(order.state));
  return counts.map(([clock]) => [clock, order.next_clock?.clock === clock ? order.next_clock.due : order.deadlines[clock]]);
}

/** What was said, by call: {call, said: what it began with or null where that is older, facts: what was added}. */
function byCall(reports) {
  const calls = new Map();
  for (const report of reports) {
    const known = calls.get(report.call) ?? { call: report.call, said: null, facts: [] };
    calls.set(report.call, known);
    if (report.facts) {
      known.facts.push(report);
    } else {
      known.said = report;
    }
  }
  return [...calls.values()];
}

/** A caller's words; a call without any says which kind of silence it is. */
function words(text) {
  if (text === null || text === undefined) {
    return element("em", { class: "quiet" }, word("report.not-known"));
  }
  return text === "" ? element("em", { class: "quiet" }, word("report.silent")) : foreign(text);
}
