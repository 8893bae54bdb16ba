//! The side panel's tabs: one is shown, arrow keys go from one to the next, as readers of screens expect it.

export class Tabs {
  #buttons = [...document.querySelectorAll("[role=tab]")];
  #changed;

  constructor(changed) {
    this.#changed = changed;
    for (const [index, button] of this.#buttons.entries()) {
      button.addEventListener("click", () => this.show(button.dataset.tab));
      button.addEventListener("keydown", (event) => this.#walk(event, index));
    }
  }

  /** Shows the tab of this name. */
  show(name) {
    for (const button of this.#buttons) {
      const chosen = button.dataset.tab === name;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      document.getElementById(button.getAttribute("aria-controls")).hidden = !chosen;
    }
    this.#changed();
  }

  #walk(event, index) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const next = this.#buttons[(index + step + this.#buttons.length) % this.#buttons.length];
      this.show(next.dataset.tab);
      next.focus();
    }
  }
}
