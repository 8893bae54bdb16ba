//! The centre's time, as far as this page knows it.
//!
//! On the wall's clock it runs on between answers. An answer names the time of the last record, or when it was sent in whole
//! seconds: both are at or before the true time, so the furthest that was ever heard is believed. On a driven clock time stands still until the centre says otherwise; nothing is
//! made up in between. The browser's own clock is never shown.

import { moment, offsetOf } from "./format.js";

export class CentreClock {
  #mode = null;
  #offset = 480;
  #ahead = null;
  #latest = null;

  /** `wall`, `driven`, or null while nobody has said. */
  get mode() {
    return this.#mode;
  }

  /** Minutes east of UTC. */
  get offset() {
    return this.#offset;
  }

  /** Takes the time and the mode out of an answer of `/v1/stats`, sent at that time by its machine's clock. */
  hearStats(stats, sent) {
    if (this.#mode !== stats.clock) {
      this.#mode = stats.clock;
      this.#ahead = null;
    }
    const at = moment(stats.now);
    if (at === null) {
      return;
    }
    this.#offset = offsetOf(stats.now);
    this.#latest = at;
    this.#ahead = Math.max(this.#ahead ?? -Infinity, Math.max(at, sent ?? 0) - performance.now());
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
    if (this.#mode === "wall" && this.#ahead !== null) {
      return performance.now() + this.#ahead;
    }
    return this.#latest;
  }
}
