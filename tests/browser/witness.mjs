//! Watches a page from outside: every request it makes, every complaint it has, every event it took.
//!
//! Complaints are failures, but for those that a test has announced (`expecting`): a refused act and a killed server make
//! the browser itself write to its console. Requests to anywhere but the page's own origin are always failures.

import assert from "node:assert/strict";

export class Witness {
  #origin;
  #expected = null;
  #requests = 0;

  strangers = [];
  complaints = [];

  constructor(origin) {
    this.#origin = origin;
  }

  /** Watches a page from before its first line runs. */
  async watch(page) {
    // Every event that the page takes, in order; and what a script in a caller's words would do if it ever ran.
    await page.addInitScript(() => {
      window.eventsTaken = [];
      window.scriptsRun = 0;
      document.addEventListener("liandong:event", (event) => window.eventsTaken.push(event.detail));
      document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    page.on("request", (request) => this.#note(request.url()));
    page.on("websocket", (socket) => this.strangers.push(socket.url()));
    page.on("pageerror", (error) => this.complaints.push(`error: ${error.stack}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.#complain(message.text());
      }
    });
  }

  /** Runs something during which the browser may complain in these words. */
  async expecting(words, run) {
    this.#expected = words;
    await run();
    this.#expected = null;
  }

  /** Everything was asked of the page's own origin, and nothing unannounced was complained of. */
  assertClean() {
    assert.ok(this.#requests > 30, `only ${this.#requests} requests were seen`);
    assert.deepEqual(this.strangers, [], "the page asked somebody else");
    assert.deepEqual(this.complaints, [], "the page complained");
  }

  #note(url) {
    this.#requests += 1;
    const own = new URL(url).origin === this.#origin || url.startsWith("data:");
    if (!own) {
      this.strangers.push(url);
    }
  }

  #complain(text) {
    if (this.#expected === null || !this.#expected.test(text)) {
      this.complaints.push(text);
    }
  }
}
