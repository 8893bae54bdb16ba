//! Everything that is asked of the centre and told to it, apart from the stream of events (`events.js`).
//!
//! Paths are relative to the page's own origin; nothing else is ever asked. A refusal is a [`Refused`] with the centre's
//! own problem (RFC 9457); no answer at all is [`Unanswered`]. Nothing here touches the page.

const PAGE_LIMIT = 1000;
const PATIENCE_MS = 15_000;

/** The centre said no, and why. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The centre did not answer. */
export class Unanswered extends Error {}

/** Reads a path. */
export async function read(path) {
  return (await ask(path, { method: "GET" })).body;
}

/** Reads a path, and when the centre's machine sent it: `{body, sent}`, the second in milliseconds since 1970 or null. */
export function readDated(path) {
  return ask(path, { method: "GET" });
}

/** Reads a whole list, page after page, up to so many items; says whether it was cut short. */
export async function readList(path, most) {
  const items = [];
  let after = "";
  for (;;) {
    const limit = Math.min(PAGE_LIMIT, most - items.length);
    const separator = path.includes("?") ? "&" : "?";
    const page = await read(`${path}${separator}limit=${limit}${after}`);
    items.push(...page.items);
    if (!page.next || items.length >= most) {
      return { items, seq: page.seq, now: page.now, cut: Boolean(page.next) };
    }
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/** Tells the centre to do something. The same key makes sure that it is done once, however often it is sent. */
export async function act(path, body, key) {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).body;
}

/** A key that nobody else uses. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function ask(path, options) {
  const stop = AbortSignal.timeout(PATIENCE_MS);
  let answer;
  let text;
  try {
    answer = await fetch(path, { ...options, signal: stop, cache: "no-store", credentials: "same-origin" });
    text = await answer.text();
  } catch (error) {
    throw new Unanswered(error.message);
  }
  const body = parsed(text);
  if (!answer.ok) {
    throw new Refused(answer.status, body ?? { title: `HTTP ${answer.status}`, detail: text.slice(0, 400) });
  }
  if (body === null) {
    throw new Refused(answer.status, { title: "not JSON", detail: text.slice(0, 400) });
  }
  const sent = Date.parse(answer.headers.get("date") ?? "");
  return { body, sent: Number.isNaN(sent) ? null : sent };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
