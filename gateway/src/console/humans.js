//! Calls before a person: what the centre will not decide alone, oldest first, with the reasons and what was said.
//!
//! A call leaves this list when somebody has judged it, when it ends, or when its incident was dealt with: the centre says
//! so, not this page. What may be done is in `acts.js`; the words are shown as text (`text.js`).

import { count, moment, timeOfDay } from "./format.js";
import { coded, language, word } from "./language.js";
import { priorityBadge } from "./signs.js";
import { element, foreign, replace, setText } from "./text.js";

const ROWS_MOST = 300;

export class HumanList {
  #model;
  #clock;
  #acts;
  #choose;
  #signature = "";
  #list = document.getElementById("humans");
  #foot = document.getElementById("humans-foot");
  #number = document.getElementById("humans-number");

  constructor(model, clock, acts, choose) {
    this.#model = model;
    this.#clock = clock;
    this.#acts = acts;
    this.#choose = choose;
  }

  forget() {
    this.#signature = "";
  }

  draw() {
    const calls = this.#model.humans;
    const more = this.#model.cut.humans ? "+" : "";
    setText(this.#number, calls.length > 0 ? `${count(calls.length)}${more}` : "");
    if (this.#list.closest("[hidden]")) {
      return;
    }
    const shown = calls.slice(0, ROWS_MOST);
    const signature = JSON.stringify([language(), shown]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      const focus = document.activeElement?.dataset?.key ?? null;
      replace(this.#list, shown.map((call) => this.#row(call)));
      [...this.#list.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focus)?.focus();
    }
    let text = word("humans.count", { shown: count(shown.length), n: `${count(calls.length)}${more}` });
    if (!this.#model.read.has("humans")) {
      text = word(this.#model.troubles.has("humans") ? "state.unread" : "state.loading");
    } else if (calls.length === 0) {
      text = word("humans.none");
    }
    setText(this.#foot, text);
  }

  #row(call) {
    const said = call.text === null ? word("report.not-known") : call.text === "" ? word("report.silent") : null;
    const button = (name, act) => element("button", { type: "button", class: "small", "data-key": `human ${name} ${call.id}`, onclick: act }, word(`act.${name}`));
    return element(
      "li",
      { class: "asks", "data-call": call.id },
      element(
        "div",
        { class: "report-line" },
        priorityBadge(call.priority),
        element("strong", {}, coded("kind", call.kind)),
        call.reasons.map((reason) => element("span", { class: "tag human" }, coded("human", reason))),
        call.drill && element("span", { class: "tag drill" }, word("tag.drill")),
      ),
      element(
        "div",
        { class: "report-line quiet" },
        element("span", { class: "number" }, timeOfDay(moment(call.at), this.#clock.offset)),
        element("span", {}, foreign(call.line)),
        element("span", { class: "number" }, call.caller ? foreign(call.caller) : word("report.no-number")),
        element("span", { class: "id" }, call.id),
        call.incident && element("button", { type: "button", class: "link number", "data-key": `human incident ${call.id}`, onclick: () => this.#choose(call.incident) }, word("humans.incident", { id: call.incident })),
      ),
      element("p", { class: "said" }, said === null ? foreign(call.text) : element("em", { class: "quiet" }, said)),
      element(
        "div",
        { class: "order-acts" },
        button("classify", () => this.#acts.openVerdict(call.id, call)),
        button("facts", () => this.#acts.openFacts(call.id, call, call.text)),
        button("end", () => this.#acts.openEnd(call.id, call)),
      ),
    );
  }
}
