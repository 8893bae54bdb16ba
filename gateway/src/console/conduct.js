//! How an incident is conducted: its level, who commands, what it owes and what was told, and whether its close is awaited.
//!
//! Words of people at the centre are shown as text, like callers' (`text.js`). What may be done is in `acts.js`.

import { moment, span, timeOfDay } from "./format.js";
import { coded, language, word } from "./language.js";
import { fact } from "./signs.js";
import { element, foreign } from "./text.js";

/** Facts of a major incident, for the list of facts. */
export function conductFacts(incident, clock) {
  const { level, commander, clocks, overdue, upward, close_awaited: awaited, follow_up: named } = incident;
  const deadlines = (group, of) => Object.entries(of ?? {}).filter(([, due]) => due).map(([name, due]) => deadline(coded(group, name), due));
  const deadline = (name, due) =>
    element("span", { class: "deadline" }, name, " ", element("span", { class: "number", "data-due": moment(due) }), " ");
  const owed = [...deadlines("overdue", overdue), ...deadlines("owed", clocks)];
  return [
    level && fact(word("fact.level"), coded("level", level), " ", element("span", { class: "quiet" }, coded("cause", incident.level_cause))),
    commander && fact(word("fact.commander"), foreign(language() === "zh" ? commander.zh : commander.en)),
    owed.length > 0 && fact(word("fact.owed"), owed),
    Object.entries(upward ?? {})
      .filter(([, told]) => told)
      .map(([stage, told]) => fact(coded("upward", stage), toldUpward(told, clock))),
    awaited && fact(word("fact.close-awaited"), coded("reason", awaited.reason)),
    named && fact(word("fact.follow-up"), foreign(named.unit), " ", foreign(named.owner)),
  ];
}

function toldUpward(told, clock) {
  const missing = told.missing.map((code) => coded("field-upward", code)).join(word("list.comma"));
  return [
    element("span", { class: "number" }, timeOfDay(moment(told.at), clock.offset)),
    told.delay_ms !== null && element("span", { class: "quiet" }, " ", word("told.delay", { span: span(told.delay_ms) })),
    missing !== "" && element("span", { class: "late" }, " ", word("told.missing", { what: missing })),
  ];
}

/** What was said of it at the centre; null where nothing was. */
export function notes(incident, clock) {
  const said = incident.notes ?? [];
  if (said.length === 0) {
    return null;
  }
  return element(
    "section",
    { "aria-label": word("detail.notes") },
    element("h3", {}, word("detail.notes")),
    [...said].reverse().map((note) =>
      element(
        "article",
        { class: "report" },
        element("div", { class: "report-line quiet" }, element("span", { class: "number" }, timeOfDay(moment(note.at), clock.offset)), coded("note", note.act)),
        note.text && element("p", { class: "said" }, foreign(note.text)),
        Object.entries(note.fields).map(([code, text]) => element("p", { class: "said" }, element("span", { class: "quiet" }, coded("field-upward", code)), " ", foreign(String(text)))),
      ),
    ),
  );
}
