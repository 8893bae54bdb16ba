//! When what is read again: soon after an event that changes it, never more than once a second, and now and then anyway.
//!
//! A list that takes long to read is read less often (its time × 10), so that this page never is the load it watches. It
//! knows which events change what, by the noun in front of their names; what it does not know changes everything.

const STEP_MS = 250;
const LEAST_MS = 1000;
const PATIENCE = 10;
/** First words of events → the lists they change. */
const CHANGES = {
  centre: ["districts"],
  object: ["districts", "roads"],
  unit: ["units"],
  call: ["incidents", "humans"],
  incident: ["incidents", "humans", "units", "ledger"],
  need: ["incidents"],
  order: ["incidents", "units", "ledger"],
  clock: ["incidents", "ledger"],
  ladder: ["incidents", "units"],
  ledger: ["incidents", "ledger"],
  hospital: ["hospitals"],
  continues: [],
  refused: [],
};

export class Refresh {
  #sources;
  #trouble;

  /** `sources`: name → {read, every_ms}; `trouble(name, error)` after each reading, with null when it went well. */
  constructor(sources, trouble) {
    this.#trouble = trouble;
    this.#sources = Object.entries(sources).map(([name, source]) => ({
      name,
      ...source,
      dirty: true,
      busy: false,
      begun: -Infinity,
      took: 0,
    }));
  }

  /** Looks after the lists from now on. */
  run() {
    this.#step();
    setInterval(() => this.#step(), STEP_MS);
  }

  /** Marks what an event changes. */
  heard(type) {
    const lists = CHANGES[String(type).split("_")[0]];
    if (lists) {
      this.mark(...lists);
    } else {
      this.markAll();
    }
  }

  /** Marks lists as out of date. */
  mark(...names) {
    for (const source of this.#sources) {
      source.dirty ||= names.includes(source.name);
    }
  }

  /** Marks everything as out of date. */
  markAll() {
    this.#sources.forEach((source) => (source.dirty = true));
  }

  #step() {
    const now = performance.now();
    for (const source of this.#sources) {
      const since = now - source.begun;
      const soonest = Math.max(LEAST_MS, source.took * PATIENCE);
      const latest = document.hidden ? source.every_ms * 10 : source.every_ms;
      if (!source.busy && since >= soonest && (source.dirty || since >= latest)) {
        this.#read(source, now);
      }
    }
  }

  async #read(source, now) {
    source.busy = true;
    source.dirty = false;
    source.begun = now;
    try {
      await source.read();
      this.#trouble(source.name, null);
    } catch (error) {
      this.#trouble(source.name, error);
    } finally {
      source.took = performance.now() - now;
      source.busy = false;
    }
  }
}
