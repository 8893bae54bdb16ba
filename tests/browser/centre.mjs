//! A `liandong serve` of our own and what the test itself asks it, beside the page: calls, lists, the stream of events.
//!
//! Whoever starts one stops it, by the child it started and never by a name. Go on with `live_page.mjs`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const START_MS = 60_000;

export class Centre {
  #folder;
  #binaries;
  #clock;
  #child = null;
  #starts = 0;

  constructor(folder, binaries, clock) {
    this.#folder = folder;
    this.#binaries = binaries;
    this.#clock = clock;
  }

  /** Takes free ports, which it keeps over all its starts, and starts. */
  async open() {
    this.httpPort = await freeTcpPort();
    this.quicPort = await freeUdpPort();
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(
      join(this.#folder, "liandong.toml"),
      `[quic]\nlisten = "127.0.0.1:${this.quicPort}"\n\n[http]\nlisten = "127.0.0.1:${this.httpPort}"\n`,
    );
    await this.start();
  }

  get origin() {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** Starts it, on what it had before, and waits until it is ready. */
  async start() {
    this.#starts += 1;
    const log = openSync(this.#log(), "w");
    const options = ["serve", "--config", join(this.#folder, "liandong.toml"), "--data", join(this.#folder, "data"), "--clock", this.#clock];
    this.#child = spawn(join(this.#binaries, "liandong"), options, { stdio: ["ignore", log, log] });
    const until = Date.now() + START_MS;
    while (Date.now() < until) {
      assert.equal(this.#child.exitCode, null, `it ended at its start:\n${this.said()}`);
      const answer = await fetch(`${this.origin}/readyz`).catch(() => null);
      if (answer?.ok) {
        return;
      }
      await pause(50);
    }
    throw new Error(`not ready after ${START_MS} ms:\n${this.said()}`);
  }

  /** kill -9. */
  async kill() {
    if (this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await gone;
    }
  }

  /** What it said since its last start. */
  said() {
    return readFileSync(this.#log(), "utf8").slice(-4000);
  }

  /** An answer's JSON; anything but a good answer is a failure. */
  async read(path) {
    const answer = await fetch(this.origin + path);
    const text = await answer.text();
    assert.equal(answer.status, 200, `${path}: ${text}`);
    return JSON.parse(text);
  }

  /** Somebody calls; gives the decision. */
  async call(key, fields) {
    const answer = await fetch(`${this.origin}/v1/calls`, { method: "POST", body: JSON.stringify({ key, datum: "wgs84", ...fields }) });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return JSON.parse(text);
  }

  /** Closes an incident. */
  async close(incident) {
    const answer = await fetch(`${this.origin}/v1/incidents/${incident}/close`, { method: "POST" });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** Ids of all events after one and up to another, as the centre streams them. */
  async idsBetween(after, last) {
    const stop = AbortSignal.timeout(30_000);
    const answer = await fetch(`${this.origin}/v1/events?since=${after}`, { signal: stop });
    assert.equal(answer.status, 200);
    const ids = [];
    let rest = "";
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop();
      for (const line of lines.filter((line) => line.startsWith("id: "))) {
        ids.push(line.slice(4));
        if (line.slice(4) === last) {
          return ids;
        }
      }
    }
    throw new Error(`the stream ended before event ${last}`);
  }

  /** Runs `liandong-load` beside it; gives the child. */
  load(...options) {
    const child = spawn(join(this.#binaries, "liandong-load"), options, { stdio: ["ignore", "ignore", "pipe"] });
    child.complaint = "";
    child.stderr.on("data", (part) => (child.complaint = (child.complaint + part).slice(-4000)));
    return child;
  }

  #log() {
    return join(this.#folder, `serve-${this.#starts}.log`);
  }
}

/** Ends a child that still runs. */
export async function end(child) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

async function freeTcpPort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

async function freeUdpPort() {
  const probe = createSocket("udp4");
  probe.bind(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}
