//! What each act must be told, as fields of its dialog, and the body that is made of them.
//!
//! Suggestions are sorted by distance, for the eye only; whatever is typed goes to the centre as it is, and the centre
//! judges it.

import { distance, metresBetween } from "./format.js";
import { coded, word } from "./language.js";
import { element } from "./text.js";
import { WORDS } from "./words.js";

const SUGGESTIONS_MOST = 12;
const PRIORITIES = [1, 2, 3, 4];
const LEVELS = ["IV", "III", "II", "I"];

/** {fields, hint?, body()} of an act on an incident or a call, or of a report on an order. */
export function fieldsOf(name, subject, model) {
  const make = { escalate, level, situation, upward, merge, unmerge: again("unmerge"), reopen: again("reopen"), split, assign, close, classify, facts, end, report }[name];
  return make(subject, model);
}

function escalate(incident) {
  const higher = PRIORITIES.filter((priority) => priority < incident.priority);
  const radio = (priority, index) =>
    element(
      "label",
      { class: "choice" },
      element("input", { type: "radio", name: "priority", value: String(priority), checked: index === higher.length - 1 }),
      `P${priority} ${coded("priority", String(priority))}`,
    );
  const fields = element("fieldset", {}, element("legend", {}, word("field.priority")), higher.map(radio));
  const body = () => ({ priority: Number(fields.querySelector("input:checked")?.value ?? 0) });
  return { fields, body };
}

function merge(incident, model) {
  const others = model.standings.map((stands) => stands.incident).filter((other) => other.id !== incident.id);
  const near = nearest(others, incident.place, (other) => other.place);
  const suggestions = near.map(({ item, metres }) => ({
    value: item.id,
    text: `${item.id} ${coded("kind", item.kind)} P${item.priority}`,
    note: metres === null ? word("place.none") : distance(metres),
  }));
  const { field, input } = typed("into", word("field.into"), suggestions);
  return { fields: field, hint: word("act.merge.hint", { id: incident.id }), body: () => ({ into: input.value.trim() }) };
}

/** An act that needs no word beside it. */
function again(name) {
  return (incident) => ({ fields: [], hint: word(`act.${name}.hint`, { id: incident.id }), body: () => ({}) });
}

function split(incident) {
  const begun = (incident.reports ?? []).filter((report) => !report.facts);
  const reports = new Map(begun.map((report) => [report.call, report]));
  const calls = [...new Set([...incident.calls, ...reports.keys()])].reverse();
  const option = (call) => element("option", { value: call }, `${call} ${(reports.get(call)?.text ?? "").slice(0, 40)}`);
  const call = element("select", { id: "field-call" }, calls.map(option));
  const kind = element("select", { id: "field-kind" }, element("option", { value: "" }, word("field.same-kind")), codesOf("kind"));
  const fields = [labelled(word("field.call"), call), labelled(word("field.kind"), kind)];
  const body = () => (kind.value === "" ? { call: call.value } : { call: call.value, kind: kind.value });
  return { fields, body };
}

function assign(incident, model) {
  const wanted = new Set(incident.needs.filter((need) => need.state === "waiting").map((need) => need.capability));
  const concerned = incident.agencies.length > 0 ? incident.agencies : null;
  const fits = (unit) =>
    wanted.size > 0 ? unit.capabilities.some((code) => wanted.has(code)) : (concerned?.includes(unit.agency) ?? true);
  const free = model.units.filter((unit) => unit.state === "free" && fits(unit));
  const near = nearest(free, incident.place, (unit) => (unit.desk ? null : unit.position));
  const suggestions = near.map(({ item, metres }) => ({
    value: item.name,
    text: `${item.name} ${item.capabilities.map((code) => coded("capability", code)).join(word("list.comma"))}`,
    note: metres === null ? "" : distance(metres),
  }));
  const { field, input } = typed("unit", word("field.unit"), suggestions);
  const capability = element("select", { id: "field-capability" }, element("option", { value: "" }, word("field.any-capability")), codesOf("capability"));
  const body = () => {
    const unit = input.value.trim();
    return capability.value === "" ? { unit } : { unit, capability: capability.value };
  };
  return { fields: [field, labelled(word("field.capability"), capability)], hint: word("act.assign.hint"), body };
}

/** A level only rises. */
function level(incident) {
  const graver = LEVELS.slice(LEVELS.indexOf(incident.level) + 1);
  const radio = (code, index) =>
    element(
      "label",
      { class: "choice" },
      element("input", { type: "radio", name: "level", value: code, checked: index === 0 }),
      coded("level", code),
    );
  const fields = element("fieldset", {}, element("legend", {}, word("field.level")), graver.map(radio));
  const body = () => ({ level: fields.querySelector("input:checked")?.value ?? "" });
  return { fields, body };
}

function situation() {
  const text = element("textarea", { id: "field-text", rows: "4", maxlength: "4000", autocomplete: "off" });
  return { fields: labelled(word("field.situation"), text), hint: word("act.situation.hint"), body: () => ({ text: text.value.trim() }) };
}

/** What was told upward; what is left empty is left out, and the centre says what that lacks. */
function upward() {
  const stage = element("select", { id: "field-stage" }, codesOf("upward"));
  const prefix = "field-upward.";
  const codes = Object.keys(WORDS).filter((key) => key.startsWith(prefix));
  const inputs = codes.map((key) => [key.slice(prefix.length), element("input", { type: "text", id: key.replace(".", "-"), maxlength: "4000", autocomplete: "off" })]);
  const fields = [labelled(word("field.stage"), stage), inputs.map(([code, input]) => labelled(coded("field-upward", code), input))];
  const body = () => {
    const told = inputs.map(([code, input]) => [code, input.value.trim()]).filter(([, text]) => text !== "");
    return { stage: stage.value, ...Object.fromEntries(told) };
  };
  return { fields, hint: word("act.upward.hint"), body };
}

/** Whoever is named for what is left makes it a close with a follow-up; nothing typed is a plain close. */
function close() {
  const made = (name) => element("input", { type: "text", id: `field-${name}`, autocomplete: "off", spellcheck: "false" });
  const [owner, unit, what] = [made("owner"), made("unit"), made("what")];
  const fields = [labelled(word("field.owner"), owner), labelled(word("field.owning-unit"), unit), labelled(word("field.what"), what)];
  const body = () => {
    const named = { owner: owner.value.trim(), unit: unit.value.trim(), what: what.value.trim() };
    return Object.values(named).every((text) => text === "") ? {} : { follow_up: named };
  };
  return { fields, hint: word("act.close.hint"), body };
}

/** A person's verdict on a call: what it is, where it is, or both. */
function classify() {
  const kind = element("select", { id: "field-kind" }, element("option", { value: "" }, word("field.unchanged")), codesOf("kind"));
  const place = placed();
  const body = () => ({ ...(kind.value === "" ? {} : { kind: kind.value }), ...place.body() });
  return { fields: [labelled(word("field.kind"), kind), place.fields], hint: word("act.classify.hint"), body };
}

/** What is newly known of a call. The centre judges a call by all that was said: what was known goes along. */
function facts({ known }) {
  const text = element("textarea", { id: "field-text", rows: "3", maxlength: "4000", autocomplete: "off" });
  const injured = element("input", { type: "text", inputmode: "numeric", id: "field-injured", autocomplete: "off", placeholder: word("field.unchanged") });
  const place = placed();
  const body = () => {
    const said = text.value.trim();
    return {
      ...(said === "" ? {} : { text: [known, said].filter(Boolean).join("\n") }),
      ...(injured.value.trim() === "" ? {} : { injured: number(injured) }),
      ...place.body(),
    };
  };
  const fields = [labelled(word("field.text"), text), labelled(word("field.injured"), injured), place.fields];
  return { fields, hint: word("act.facts.hint"), body };
}

function end() {
  return { fields: null, hint: word("act.end.hint"), body: () => ({}) };
}

/** Fields for a place, and what they say; nothing where nothing was typed. */
function placed() {
  const latitude = element("input", { type: "text", inputmode: "decimal", id: "field-latitude", autocomplete: "off", placeholder: word("field.unchanged") });
  const longitude = element("input", { type: "text", inputmode: "decimal", id: "field-longitude", autocomplete: "off", placeholder: word("field.unchanged") });
  const datum = element("select", { id: "field-datum" }, codesOf("datum"));
  const place = [labelled(word("field.latitude"), latitude), labelled(word("field.longitude"), longitude), labelled(word("field.datum"), datum)];
  const body = () => {
    const given = latitude.value.trim() !== "" || longitude.value.trim() !== "";
    return given ? { lat: number(latitude), lon: number(longitude), datum: datum.value } : {};
  };
  return { fields: element("div", { class: "abreast" }, place), body };
}

/** What was typed as a number; where it is none, as it was typed, for the centre to refuse by name. */
function number(input) {
  const typedIn = input.value.trim();
  return typedIn !== "" && Number.isFinite(Number(typedIn)) ? Number(typedIn) : typedIn;
}

function report() {
  const note = element("input", { type: "text", id: "field-note", maxlength: "200", autocomplete: "off" });
  const body = () => (note.value.trim() === "" ? {} : { note: note.value.trim() });
  return { fields: labelled(word("field.note"), note), hint: word("report.hint"), body };
}

/** A field to type into, with suggestions to choose from; empty at first, so that nothing is sent by a hasty Enter. */
function typed(name, label, suggestions) {
  const input = element("input", { type: "text", id: `field-${name}`, autocomplete: "off", spellcheck: "false" });
  const pick = (suggestion) =>
    element(
      "button",
      { type: "button", class: "suggestion", onclick: () => (input.value = suggestion.value) },
      element("bdi", {}, suggestion.text),
      element("span", { class: "quiet number" }, suggestion.note),
    );
  const field = [
    labelled(label, input),
    element("div", { class: "suggestions", role: "group", "aria-label": word("field.suggestions") }, suggestions.map(pick)),
  ];
  return { field, input };
}

function labelled(label, control) {
  return element("label", { class: "field" }, element("span", {}, label), control);
}

function codesOf(group) {
  const prefix = `${group}.`;
  const codes = Object.keys(WORDS).filter((key) => key.startsWith(prefix));
  return codes.map((key) => element("option", { value: key.slice(prefix.length) }, word(key)));
}

/** The nearest few to a place; what has no place comes last. */
function nearest(items, place, placeOf) {
  const measured = items.map((item) => {
    const there = placeOf(item);
    return { item, metres: place && there ? metresBetween(place, there) : null };
  });
  measured.sort((one, other) => (one.metres ?? Infinity) - (other.metres ?? Infinity) || 0);
  return measured.slice(0, SUGGESTIONS_MOST);
}
