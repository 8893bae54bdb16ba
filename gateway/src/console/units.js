//! The table of units: who can be sent, who is out, who is silent; by agency, state and name.
//!
//! At most `ROWS_MOST` rows; the filters reach the others. A unit's state is the centre's word, derived there from its
//! orders (S2); this page derives nothing of its own from it.

import { count } from "./format.js";
import { coded, language, word } from "./language.js";
import { stateSign } from "./signs.js";
import { element, foreign, replace, setText } from "./text.js";

const ROWS_MOST = 200;
/** Filter of states → the states it lets through. */
const STATES = {
  all: null,
  free: ["free"],
  silent: ["issued"],
  busy: ["issued", "acknowledged", "set_off", "arrived"],
  away: ["off", "unstaffed", "understrength", "silent"],
};
/** States in the order in which a duty officer looks for them. */
const RANK = ["issued", "silent", "set_off", "acknowledged", "arrived", "free", "understrength", "unstaffed", "off"];

export class UnitTable {
  #model;
  #choose;
  #signature = "";
  #agency = document.getElementById("units-agency");
  #state = document.getElementById("units-state");
  #name = document.getElementById("units-name");
  #rows = document.getElementById("units-rows");
  #foot = document.getElementById("units-foot");

  /** `choose(unit)` when a row is chosen. */
  constructor(model, choose) {
    this.#model = model;
    this.#choose = choose;
    for (const input of [this.#agency, this.#state, this.#name]) {
      input.addEventListener("input", () => this.draw());
    }
  }

  forget() {
    this.#signature = "";
    replace(this.#agency);
    replace(this.#state);
  }

  draw() {
    if (this.#rows.closest("[hidden]")) {
      return;
    }
    this.#drawFilters();
    const states = STATES[this.#state.value];
    const part = this.#name.value.trim().toLowerCase();
    const wanted = this.#model.units.filter(
      (unit) =>
        (this.#agency.value === "all" || unit.agency === this.#agency.value) &&
        (!states || states.includes(unit.state)) &&
        (part === "" || `${unit.name} ${unit.home_name ?? ""}`.toLowerCase().includes(part)),
    );
    wanted.sort((one, other) => RANK.indexOf(one.state) - RANK.indexOf(other.state));
    const shown = wanted.slice(0, ROWS_MOST);
    const signature = JSON.stringify([language(), this.#model.chosenUnit, shown.map((unit) => [unit.id, unit.state, unit.orders, unit.home_name])]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      replace(this.#rows, shown.map((unit) => this.#row(unit)));
    }
    this.#drawFoot(wanted.length, shown.length);
  }

  #row(unit) {
    const incident = unit.orders.map((order) => this.#model.incidentOfOrder(order)).find(Boolean) ?? null;
    return element(
      "tr",
      { class: unit.name === this.#model.chosenUnit ? "chosen" : null },
      element("td", {}, element("button", { type: "button", class: "link", onclick: () => this.#choose(unit, incident) }, foreign(unit.name))),
      element("td", {}, stateSign("unit", unit.state), unit.orders.length > 1 && ` ×${unit.orders.length}`),
      element("td", {}, coded("agency", unit.agency)),
      element("td", {}, unit.capabilities.map((code) => coded("capability", code)).join(word("list.comma"))),
      element("td", {}, foreign(unit.home_name ?? "–")),
    );
  }

  #drawFilters() {
    if (this.#agency.childElementCount === 0) {
      const codes = [...new Set(this.#model.units.map((unit) => unit.agency))];
      const option = (value, text) => element("option", { value }, text);
      if (codes.length > 0) {
        const chosen = this.#agency.dataset.chosen ?? "all";
        replace(this.#agency, option("all", word("units.all-agencies")), codes.map((code) => option(code, coded("agency", code))));
        this.#agency.value = codes.includes(chosen) ? chosen : "all";
      }
    }
    this.#agency.dataset.chosen = this.#agency.value || "all";
    if (this.#state.childElementCount === 0) {
      const chosen = this.#state.dataset.chosen ?? "all";
      replace(this.#state, Object.keys(STATES).map((name) => element("option", { value: name }, word(`units.${name}`))));
      this.#state.value = chosen;
    }
    this.#state.dataset.chosen = this.#state.value;
  }

  #drawFoot(wanted, shown) {
    let text = word("units.count", { shown: count(shown), n: count(wanted) });
    if (!this.#model.read.has("units")) {
      text = word(this.#model.troubles.has("units") ? "state.unread" : "state.loading");
    } else if (wanted === 0) {
      text = word("units.none");
    } else if (this.#model.cut.units) {
      text = word("units.cut", { n: count(this.#model.units.length) });
    }
    setText(this.#foot, text);
  }
}
