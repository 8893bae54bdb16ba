//! The centre's time, as far as this page knows it.
//!
//! On the wall's clock it runs on between answers: an answer may be older than it looks, never younger, so the furthest
//! of the latest answers is believed. On a driven clock time stands still until the centre says otherwise; nothing is
//! made up in between. The browser's own clock is never shown.

import { moment, offsetOf } from "./format.js";

const SAMPLES = 30;

export class CentreClock {
  #mode = null;
  #offset = 480;
  #ahead = [];
  #latest = null;

  /** `wall`, `driven`, or null while nobody has said. */
  get mode() {
    return this.#mode;
  }

  /** Minutes east of UTC. */
  get offset() {
    return this.#offset;
  }

  /** Takes the time and the mode out of an answer of `/v1/stats`. */
  hearStats(stats) {
    if (this.#mode !== stats.clock) {
      this.#mode = stats.clock;
      this.#ahead = [];
    }
    const at = moment(stats.now);
    if (at === null) {
      return;
    }
    this.#offset = offsetOf(stats.now);
    this.#ahead.push(at - performance.now());
    this.#ahead.splice(0, this.#ahead.length - SAMPLES);
    this.#latest = at;
  }

  /** Takes the time of an event or of a list: a driven centre is at least there. */
  hear(text) {
    const at = moment(text);
    if (at !== null && (this.#latest === null || at > this.#latest)) {
      this.#latest = at;
    }
  }

  /** Now, in milliseconds since 1970; null while nothing is known. */
  now() {
    if (this.#mode === "wall" && this.#ahead.length > 0) {
      return performance.now() + Math.max(...this.#ahead);
    }
    return this.#latest;
  }
}
