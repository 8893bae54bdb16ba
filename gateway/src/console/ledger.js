//! The ledger of inaction (X16): what is owed, by whom, since when; newest entries first.
//!
//! Only open entries are read; what was settled meanwhile disappears here and stays in the journal.

import { count, moment, span, timeOfDay } from "./format.js";
import { coded, language, word } from "./language.js";
import { element, foreign, replace, setText } from "./text.js";

const ROWS_MOST = 200;

export class LedgerTable {
  #model;
  #clock;
  #choose;
  #signature = "";
  #rows = document.getElementById("ledger-rows");
  #foot = document.getElementById("ledger-foot");

  constructor(model, clock, choose) {
    this.#model = model;
    this.#clock = clock;
    this.#choose = choose;
  }

  forget() {
    this.#signature = "";
  }

  draw() {
    if (this.#rows.closest("[hidden]")) {
      return;
    }
    const entries = this.#model.ledger;
    const shown = [...entries].sort((one, other) => moment(other.at) - moment(one.at)).slice(0, ROWS_MOST);
    const signature = JSON.stringify([language(), shown]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      replace(this.#rows, shown.map((entry) => this.#row(entry)));
    }
    let text = word("ledger.count", { shown: count(shown.length), n: count(entries.length) });
    if (!this.#model.read.has("ledger")) {
      text = word(this.#model.troubles.has("ledger") ? "state.unread" : "state.loading");
    } else if (entries.length === 0) {
      text = word("ledger.none");
    } else if (this.#model.cut.ledger) {
      text = word("ledger.cut", { n: count(entries.length) });
    }
    setText(this.#foot, text);
    this.tick();
  }

  tick() {
    const now = this.#clock.now();
    if (now === null || this.#rows.closest("[hidden]")) {
      return;
    }
    for (const cell of this.#rows.querySelectorAll("[data-due]")) {
      setText(cell, span(Math.max(0, now - Number(cell.dataset.due))));
    }
  }

  #row(entry) {
    const due = moment(entry.due);
    const known = entry.late_ms !== null && entry.late_ms !== undefined && entry.settled_at;
    return element(
      "tr",
      {},
      element("td", { class: "number" }, timeOfDay(moment(entry.at), this.#clock.offset)),
      element("td", {}, element("strong", {}, coded("matter", entry.matter)), entry.drill && element("span", { class: "tag drill" }, word("tag.drill"))),
      element("td", {}, foreign(entry.unit ?? "–"), element("div", { class: "quiet" }, entry.agency ? coded("agency", entry.agency) : word("ledger.centre"))),
      element("td", { class: "number late", "data-due": known ? null : due }, known ? span(entry.late_ms) : ""),
      element("td", {}, entry.rung ? coded("rung", entry.rung) : ""),
      element(
        "td",
        {},
        entry.incident && element("button", { type: "button", class: "link number", onclick: () => this.#choose(entry.incident) }, entry.incident),
      ),
    );
  }
}
