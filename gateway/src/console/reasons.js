//! Why this unit, and why not the nearer ones: the centre's explanations, read when somebody asks, and which are open.
//!
//! The words are the centre's (`/v1/explain`, in the page's language); this page explains nothing itself.

import { span } from "./format.js";
import { coded, language, onLanguage, word } from "./language.js";
import { read } from "./door.js";
import { element, foreign } from "./text.js";

export class Reasons {
  #known = new Map();
  #open = new Set();
  #changed;
  #version = 0;

  constructor(changed) {
    this.#changed = changed;
    onLanguage(() => this.#again());
  }

  /** Differs when anything here would be drawn differently. */
  get signature() {
    return this.#version;
  }

  isOpen(order) {
    return this.#open.has(order);
  }

  toggle(order) {
    if (!this.#open.delete(order)) {
      this.#open.add(order);
      this.#read(order);
    }
    this.#say();
  }

  draw(order) {
    const known = this.#known.get(order);
    if (!known) {
      return element("p", { class: "reason quiet" }, word("state.loading"));
    }
    if (known.refused) {
      return element("p", { class: "reason refused" }, foreign(known.refused));
    }
    const row = (candidate) =>
      element(
        "tr",
        { class: candidate.state === "chosen" ? "chosen" : null },
        element("td", {}, foreign(candidate.unit)),
        element("td", { class: "number" }, Number.isFinite(candidate.total_s) ? span(candidate.total_s * 1000) : "–"),
        element("td", {}, coded("candidate", candidate.state)),
        element("td", {}, foreign(candidate.why ?? "")),
      );
    return element(
      "div",
      { class: "reason" },
      element("p", {}, foreign(known.words ?? "")),
      (known.candidates ?? []).length > 0 && element("table", {}, element("tbody", {}, known.candidates.map(row))),
    );
  }

  async #read(order) {
    const spoken = language();
    try {
      this.#known.set(order, await read(`/v1/explain/${encodeURIComponent(order)}?lang=${spoken}`));
    } catch (error) {
      this.#known.set(order, { refused: error.message });
    }
    this.#say();
  }

  #again() {
    this.#known.clear();
    this.#open.forEach((order) => this.#read(order));
    this.#say();
  }

  #say() {
    this.#version += 1;
    this.#changed();
  }
}
