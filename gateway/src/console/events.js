//! The stream of events: each once, in order, across every break of the connection.
//!
//! Server-sent events are read by `fetch` and not by `EventSource`, so that a lost connection is seen even when nobody
//! closes it (the centre says `: alive` every ten seconds) and the page can say when it tries again. It goes on after
//! the last event it has seen (`Last-Event-ID`). It knows nothing of what events mean.

const SILENCE_MS = 25_000;
const WAITS_MS = [500, 1000, 2000, 4000, 8000];
/** Answers that say that our last event is not known there. */
const UNKNOWN_EVENT = new Set([400, 404, 410, 422]);
const EVENT_ID = /^\d+\.\d+\.\d+$/;

export class EventStream {
  #hear;
  #tell;
  #last = null;
  #attempt = 0;
  #lostAt = null;
  #hurry = () => {};

  /** `hear(event)` for each event; `tell(state)` with {name: connecting | live | lost, …} whenever that changes. */
  constructor(hear, tell) {
    this.#hear = hear;
    this.#tell = tell;
  }

  /** The last event seen. */
  get last() {
    return this.#last;
  }

  /** Listens for as long as the page lives. With an id: to what came after that event. */
  async run(after = null) {
    this.#last = after;
    for (;;) {
      const reason = await this.#listen();
      this.#lostAt ??= Date.now();
      const wait = WAITS_MS[Math.min(this.#attempt, WAITS_MS.length - 1)];
      this.#attempt += 1;
      this.#tell({ name: "lost", since: this.#lostAt, retryAt: Date.now() + wait, reason });
      await this.#pause(wait);
      this.#tell({ name: "connecting", since: this.#lostAt });
    }
  }

  /** Tries at once instead of waiting on. */
  hurry() {
    this.#hurry();
  }

  #pause(wait) {
    return new Promise((resolve) => {
      this.#hurry = resolve;
      setTimeout(resolve, wait);
    });
  }

  /** Reads one connection to its end and gives the reason why it ended. */
  async #listen() {
    const stop = new AbortController();
    let watch = setTimeout(() => stop.abort(), SILENCE_MS);
    const rewind = () => {
      clearTimeout(watch);
      watch = setTimeout(() => stop.abort(), SILENCE_MS);
    };
    try {
      const headers = { accept: "text/event-stream" };
      if (this.#last !== null) {
        headers["last-event-id"] = this.#last;
      }
      const answer = await fetch("/v1/events", { headers, signal: stop.signal, cache: "no-store" });
      if (!answer.ok) {
        return await this.#refused(answer);
      }
      this.#attempt = 0;
      this.#lostAt = null;
      this.#tell({ name: "live" });
      await this.#readOn(answer.body, rewind);
      return "closed";
    } catch (error) {
      return stop.signal.aborted ? "silent" : error.message;
    } finally {
      clearTimeout(watch);
      stop.abort();
    }
  }

  /** A centre that does not know our last event is another one, or has begun anew: go on from now, and say so. */
  async #refused(answer) {
    const text = await answer.text();
    if (UNKNOWN_EVENT.has(answer.status) && this.#last !== null) {
      this.#tell({ name: "gap", after: this.#last });
      this.#last = null;
    }
    return `HTTP ${answer.status} ${text.slice(0, 200)}`;
  }

  async #readOn(body, rewind) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let block = new Block();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      rewind();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (!block.take(line.endsWith("\r") ? line.slice(0, -1) : line)) {
          this.#deliver(block);
          block = new Block();
        }
      }
    }
  }

  #deliver(block) {
    if (block.id !== null && !isAfter(block.id, this.#last)) {
      return;
    }
    if (EVENT_ID.test(block.id ?? "")) {
      this.#last = block.id;
    }
    if (block.data !== null) {
      this.#hear(block.event());
    }
  }
}

/** Whether an event's id comes after another: `centre.sequence.index`, by their numbers. */
export function isAfter(id, last) {
  if (last === null || !EVENT_ID.test(id)) {
    return true;
  }
  const [, sequence, index] = id.split(".").map(BigInt);
  const [, lastSequence, lastIndex] = last.split(".").map(BigInt);
  return sequence > lastSequence || (sequence === lastSequence && index > lastIndex);
}

/** The lines of one event as they come. */
class Block {
  id = null;
  type = null;
  data = null;

  /** Takes a line; false when it was the empty one that ends the block. */
  take(line) {
    if (line === "") {
      return false;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") {
      this.id = value;
    } else if (name === "event") {
      this.type = value;
    } else if (name === "data") {
      this.data = this.data === null ? value : `${this.data}\n${value}`;
    }
    return true;
  }

  /** The event; one that cannot be read is still an event, and is shown as such. */
  event() {
    try {
      return { type: this.type, ...JSON.parse(this.data), id: this.id };
    } catch {
      return { id: this.id, type: this.type ?? "unreadable", at: null };
    }
  }
}
