//! The live page in a real browser, against a real centre under a real trace.
//!
//! `node live_page.mjs`: an incident appears, is escalated, merged and closed by the page's own acts; what the centre
//! refuses is shown; callers' markup, scripts and directional signs stay text; the centre is killed and comes back, and the
//! page has every event once; nobody else is ever asked. Pictures in both sizes and languages are left in
//! `LIANDONG_PICTURES`. It ends with 0 only if all of that holds. `LIANDONG_BINARIES` names the folder of the binaries,
//! `LIANDONG_NODE_MODULES` where playwright-core is installed, `LIANDONG_CHROMIUM` the browser.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Centre, end } from "./centre.mjs";
import { Witness } from "./witness.mjs";

const BINARIES = resolve(process.env.LIANDONG_BINARIES ?? "../../target/release");
const PICTURES = resolve(process.env.LIANDONG_PICTURES ?? "../../target/browser");
const MODULES = resolve(process.env.LIANDONG_NODE_MODULES ?? "../../target/browser/node_modules");
const CHROMIUM = process.env.LIANDONG_CHROMIUM ?? "/usr/bin/chromium";
const SIZES = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];
const SOON = { timeout: 20_000 };

/** What the browser itself writes to its console when an act is refused, and when the centre is gone. */
const REFUSED = /status of 4\d\d/;
const GONE = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|status of 503/;

const { chromium } = createRequire(join(MODULES, "resolved-from-here.js"))("playwright-core");

/** Words that try to be more than words, and how they must be shown. */
const HOSTILE = [
  {
    said: `<img src=x onerror="window.scriptsRun++"><script>window.scriptsRun++</script><a href="https://elsewhere.example/">着火了</a>`,
    shown: `<img src=x onerror="window.scriptsRun++"><script>window.scriptsRun++</script><a href="https://elsewhere.example/">着火了</a>`,
  },
  { said: `"><svg onload=window.scriptsRun++>{{constructor}}\${scriptsRun++}&lt;b&gt;`, shown: `"><svg onload=window.scriptsRun++>{{constructor}}\${scriptsRun++}&lt;b&gt;` },
  { said: "楼下\u202E火着\u202C有人 \u2067abc\u2069 \u0007\u001b[31m", shown: "楼下[U+202E]火着[U+202C]有人 [U+2067]abc[U+2069] [U+0007][U+001B][31m" },
  { said: "שלום כאן אש وهنا حريق <b>near the bridge</b>", shown: "שלום כאן אש وهنا حريق <b>near the bridge</b>" },
];

const steps = [
  ["the page opens, empty and live", opens],
  ["what waits for a person is listed until a person has judged it", awaitsAPerson],
  ["an incident appears under a real trace", appears],
  ["callers' words stay words", staysText],
  ["an incident is escalated", escalates],
  ["a kind and a place are corrected, and the choice is explained", corrects],
  ["a refusal is shown in the centre's words", refuses],
  ["two incidents are merged", merges],
  ["an incident is closed", closes],
  ["units and ledger are listed", lists],
  ["both languages at both sizes", picturesAreTaken],
  ["killed and restarted, nothing is missed", survivesKill],
  ["the page asked nobody else and complained of nothing", staysClean],
];

await main();

async function main() {
  mkdirSync(PICTURES, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "liandong-page-"));
  const centre = new Centre(join(folder, "wall"), BINARIES, "wall");
  const driven = new Centre(join(folder, "driven"), BINARIES, "driven");
  const browser = await launch();
  const test = { folder, centre, load: null };
  try {
    await centre.open();
    await open(test, browser);
    for (const [name, step] of steps) {
      const since = Date.now();
      await step(test);
      console.log(`ok   ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
    }
    await showsDrivenTime(driven, browser, folder);
    console.log("ok   a driven centre's time is shown as the centre says it");
  } catch (error) {
    await test.page?.screenshot({ path: join(PICTURES, "failed.png") }).catch(() => null);
    console.error(`the centre said:\n${centre.said()}`);
    throw error;
  } finally {
    await browser.close();
    if (test.load !== null) {
      await end(test.load);
    }
    await centre.kill();
    await driven.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function launch() {
  // Whatever is not on this machine's loopback does not even have an address.
  const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", ...quiet];
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args });
}

async function open(test, browser) {
  test.context = await browser.newContext({ viewport: SIZES[0], timezoneId: "Asia/Shanghai" });
  test.page = await test.context.newPage();
  test.witness = new Witness(test.centre.origin);
  await test.witness.watch(test.page);
}

function row(page, id) {
  return page.locator(`#incidents .row[data-id="${id}"]`);
}

async function opens({ page, centre }) {
  const answer = await page.goto(centre.origin);
  const policy = answer.headers()["content-security-policy"];
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
  await page.locator("#connection[data-state=live]").waitFor(SOON);
  await page.getByText("当前没有未结警情").waitFor(SOON);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
}

/** Silent calls make no incident; only the list of calls before a person has them. */
async function awaitsAPerson({ page, centre }) {
  const place = { lat: 28.62, lon: 120.5 };
  const judged = await centre.call("page-human", { line: "110", text: "", ...place });
  const ended = await centre.call("page-silent", { line: "110", text: "", ...place });
  assert.deepEqual([judged.human, judged.incident, ended.incident], [true, null, null]);
  await page.locator("#tab-humans", { hasText: "待人工 2" }).click(SOON);
  const row = (call) => page.locator(`#humans .asks[data-call="${call}"]`);
  await row(ended.call).locator(".tag.human").first().waitFor(SOON);
  assert.match(await row(judged.call).innerText(), /无声/);
  await page.locator(`[data-key="human end ${ended.call}"]`).click(SOON);
  await page.locator("#act-confirm").click();
  await row(ended.call).waitFor({ state: "detached", ...SOON });
  // What the centre cannot use is named, and the dialog stays; what it can is taken.
  await page.locator(`[data-key="human facts ${judged.call}"]`).click(SOON);
  await page.locator("#field-text").fill("有人打架");
  await page.locator("#field-injured").fill("好几个");
  await page.locator("#act-confirm").click();
  await page.locator("#act-refused", { hasText: "injured" }).waitFor(SOON);
  await page.locator("#field-injured").fill("2");
  await page.locator("#act-confirm").click();
  await page.locator("#act").waitFor({ state: "hidden", ...SOON });
  await page.screenshot({ path: join(PICTURES, "before-a-person.png") });
  await row(judged.call).locator(".link").waitFor(SOON);
  const { items } = await centre.read("/v1/calls?human=true");
  assert.deepEqual(items.map((item) => item.id), [judged.call]);
  // The incident that came of it is marked and can be filtered; a verdict ends both.
  const marked = page.locator(`#incidents .row[data-id="${items[0].incident}"]`);
  await marked.locator(".tag.human").waitFor(SOON);
  await page.locator('#incident-filters [data-name="human"]', { hasText: "待人工 1" }).click(SOON);
  await page.locator(`[data-key="human classify ${judged.call}"]`).click(SOON);
  await page.locator("#field-kind").selectOption("fight");
  await page.locator("#act-confirm").click();
  await row(judged.call).waitFor({ state: "detached", ...SOON });
  await marked.waitFor({ state: "detached", ...SOON });
  await page.locator('#incident-filters [data-name="all"]').click();
  await marked.waitFor(SOON);
  assert.equal(await marked.locator(".tag.human").count(), 0);
  const shown = await centre.read(`/v1/incidents/${items[0].incident}`);
  assert.deepEqual([shown.human, shown.injured, shown.kind], [false, 2, "fight"]);
  await centre.close(shown.id);
  await page.locator("#tab-detail").click();
}

/** A trace with crews on the wall's clock, and a call of our own in its midst. */
async function appears(test) {
  const { centre, folder, page } = test;
  const trace = join(folder, "trace.csv");
  const made = centre.load("generate", "--profile", "xianju-2011", "--seed", "7", "--calls", "600", "-o", trace);
  await new Promise((done) => made.on("exit", done));
  assert.equal(made.exitCode, 0, made.complaint);
  const to = ["--to", `quic://127.0.0.1:${centre.quicPort}`, "--rate", "3", "--for", "300s", "--crews", "--quiet"];
  test.load = centre.load("replay", trace, ...to);
  await page.locator("#incidents .row").nth(9).waitFor({ timeout: 60_000 });
  // Far from each other and from the trace's own, of a kind that is not urgent.
  test.one = await centre.call("page-one", { line: "110", lat: 28.9, lon: 120.62, kind: "theft", text: "有人偷了我的电动车" });
  test.other = await centre.call("page-other", { line: "110", lat: 28.79, lon: 120.86, kind: "theft", text: "家里进了小偷" });
  for (const { incident } of [test.one, test.other]) {
    await row(page, incident).waitFor(SOON);
    assert.match(await row(page, incident).innerText(), /P3[\s\S]*盗窃报案/);
  }
  await isSorted(page, centre);
}

/** Rows stand by the time left on their nearest clock. */
async function isSorted(page, centre) {
  await page.locator('.row[data-level="silent"], .row[data-level="silent-late"]').first().waitFor(SOON);
  const left = await page.locator("#incidents .left").allInnerTexts();
  const seconds = left.map((text) => {
    const parts = text.replace("+", "").split(":").map(Number);
    const value = parts.reduce((sum, part) => sum * 60 + part, 0);
    return text === "—" ? Infinity : text.startsWith("+") ? -value : value;
  });
  const sorted = [...seconds].sort((one, other) => one - other);
  assert.deepEqual(seconds, sorted, `rows are not by time left: ${left.join(" ")}`);
  const shown = await page.locator("#centre-time").innerText();
  const { now } = await centre.read("/v1/stats?hash=false");
  const apart = Math.abs(Date.parse(`${shown.replace(" ", "T")}+08:00`) - Date.parse(now));
  assert.ok(apart < 10_000, `the page shows ${shown}, the centre has ${now}`);
}

async function staysText({ page, centre }) {
  const title = await page.title();
  for (const [index, { said, shown }] of HOSTILE.entries()) {
    const { incident } = await centre.call(`page-hostile-${index}`, { line: "119", lat: 28.7 + index / 20, lon: 120.7, kind: "structure_fire", text: said });
    await row(page, incident).locator("button").click(SOON);
    const words = page.locator("#detail .report .said bdi").first();
    await words.waitFor(SOON);
    await page.locator(`#detail .title .id`, { hasText: incident }).waitFor(SOON);
    assert.equal(await words.textContent(), shown);
    assert.equal(await words.evaluate((node) => node.childElementCount), 0, "an element was made of a caller's words");
    assert.equal(await words.evaluate((node) => getComputedStyle(node).unicodeBidi), "isolate");
  }
  assert.equal(await page.locator("#detail img, #detail script, #detail svg, #detail a").count(), 0);
  assert.equal(await page.evaluate(() => window.scriptsRun), 0);
  assert.equal(await page.title(), title);
  await page.screenshot({ path: join(PICTURES, "hostile-words.png") });
}

async function escalates({ page, one, centre }) {
  await row(page, one.incident).locator("button").click(SOON);
  await page.locator('[data-key="escalate"]').click(SOON);
  await page.locator('#act-fields input[value="1"]').check();
  await page.locator("#act-confirm").click();
  await page.locator("#act").waitFor({ state: "hidden", ...SOON });
  await row(page, one.incident).locator(".priority.p1").waitFor(SOON);
  await page.locator("#detail .priority.p1").waitFor(SOON);
  assert.equal((await centre.read(`/v1/incidents/${one.incident}`)).priority, 1);
}

/** A call without a place waits until a person says where it is. */
async function corrects({ page, centre }) {
  const { incident, call } = await centre.call("page-nowhere", { line: "110", kind: "drunk", text: "有人醉倒在路边" });
  await row(page, incident).locator(".chip.lacking").waitFor(SOON);
  await row(page, incident).locator("button").click(SOON);
  await page.locator(`[data-key="classify ${call}"]`).click(SOON);
  await page.locator("#field-kind").selectOption("fight");
  await page.locator("#field-latitude").fill("28.853");
  await page.locator("#field-longitude").fill("120.742");
  await page.locator("#act-confirm").click();
  await page.locator("#act").waitFor({ state: "hidden", ...SOON });
  await page.locator("#detail .title", { hasText: "打架斗殴" }).waitFor(SOON);
  await page.locator("#detail .order").first().waitFor(SOON);
  // Why this unit: the centre's own words, with the unit among those that were weighed.
  await page.locator('[data-key^="why "]').first().click();
  await page.locator("#detail .reason tr.chosen").waitFor(SOON);
  assert.match(await page.locator("#detail .reason p").innerText(), /[\u4e00-\u9fff]{4}/);
  const known = await centre.read(`/v1/incidents/${incident}`);
  assert.equal(known.kind, "fight");
  assert.equal(known.place.source, "person");
}

async function refuses({ page, one, witness }) {
  await witness.expecting(REFUSED, async () => {
    await row(page, one.incident).locator("button").click(SOON);
    await page.locator('[data-key="merge"]').click(SOON);
    await page.locator("#field-into").fill("1.999999");
    await page.locator("#act-confirm").click();
    await page.locator("#act-refused", { hasText: "中心拒绝" }).waitFor(SOON);
    await page.screenshot({ path: join(PICTURES, "refused.png") });
    await page.locator("#act-cancel").click();
    await page.locator("#act").waitFor({ state: "hidden", ...SOON });
  });
}

async function merges({ page, one, other, centre }) {
  await row(page, one.incident).locator("button").click(SOON);
  await page.locator('[data-key="merge"]').click(SOON);
  await page.locator("#field-into").fill(other.incident);
  await page.locator("#act-confirm").click();
  await page.locator("#act").waitFor({ state: "hidden", ...SOON });
  await row(page, one.incident).waitFor({ state: "detached", ...SOON });
  await page.locator("#detail .closed-note", { hasText: other.incident }).waitFor(SOON);
  await page.locator("#detail .closed-note .link").click();
  await page.locator("#detail .report", { hasText: "有人偷了我的电动车" }).waitFor(SOON);
  await page.locator("#detail .report", { hasText: "家里进了小偷" }).waitFor(SOON);
  assert.equal((await centre.read(`/v1/incidents/${one.incident}`)).merged_into, other.incident);
}

async function closes({ page, other, centre }) {
  await row(page, other.incident).locator("button").click(SOON);
  await page.locator('[data-key="close"]').click(SOON);
  await page.locator("#act-confirm").click();
  await row(page, other.incident).waitFor({ state: "detached", ...SOON });
  await page.locator("#detail .closed-note", { hasText: "人工结案" }).waitFor(SOON);
  assert.equal((await centre.read(`/v1/incidents/${other.incident}`)).state, "closed");
}

async function lists({ page, centre }) {
  await page.locator("#tab-units").click();
  await page.locator("#units-rows tr").nth(20).waitFor(SOON);
  await page.locator("#units-agency").selectOption("medical");
  const units = (await centre.read("/v1/units?agency=medical&limit=1000")).items.length;
  await page.locator("#units-foot", { hasText: `${units} / ${units}` }).waitFor(SOON);
  await page.locator("#units-agency").selectOption("all");
  await page.locator("#tab-ledger").click();
  // Crews that never answer come with the trace: an entry is a matter of half a minute.
  await page.locator("#ledger-rows tr").first().waitFor({ timeout: 90_000 });
  await page.screenshot({ path: join(PICTURES, "ledger.png") });
}

async function picturesAreTaken({ page, witness }) {
  // How much comes in and how long a decision takes: the centre's own figures, not dashes.
  await page.locator('[data-figure="calls"] .value', { hasText: /^[\d.]+ \/s$/ }).waitFor(SOON);
  await page.locator('[data-figure="latency"] .value', { hasText: /^[\d.]+ \/ [\d.]+ ms$/ }).waitFor(SOON);
  const silent = page.locator('.row[data-level^="silent"]').first();
  await silent.locator("button").click(SOON);
  await page.locator("#detail .order").first().waitFor(SOON);
  for (const [index, lang] of ["zh", "en"].entries()) {
    if (index > 0) {
      await page.locator("#language").click();
    }
    await page.getByRole("tab", { name: lang === "zh" ? "详情" : "Detail" }).waitFor(SOON);
    assert.match(await page.title(), lang === "zh" ? /联动/ : /Liandong/);
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await pause(1500);
      await page.screenshot({ path: join(PICTURES, `live-${lang}-${size.width}x${size.height}.png`) });
      await fits(page);
    }
  }
  await page.setViewportSize(SIZES[0]);
  await page.locator("#language").click();
  assert.equal(await page.evaluate(() => localStorage.getItem("liandong.lang")), "zh");
  assert.deepEqual(witness.complaints, []);
}

/** Nothing runs over the edge of the screen. */
async function fits(page) {
  const over = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
  assert.ok(over.every((pixels) => pixels <= 0), `the page runs over by ${over} pixels`);
}

async function survivesKill(test) {
  const { page, centre, witness } = test;
  const before = await page.evaluate(() => window.eventsTaken.length);
  await witness.expecting(GONE, async () => {
    await centre.kill();
    await page.locator("#connection[data-state=lost]").waitFor(SOON);
    await page.locator("#trouble .lost").waitFor(SOON);
    await page.screenshot({ path: join(PICTURES, "lost.png") });
    await pause(4000);
    await centre.start();
    // While the page still waits to try again.
    for (let number = 0; number < 20; number += 1) {
      await centre.call(`page-back-${number}`, { line: "122", lat: 28.75 + number / 100, lon: 120.75, kind: "crash_damage", text: "追尾" });
    }
    test.back = await centre.call("page-back", { line: "119", lat: 28.86, lon: 120.5, kind: "wildfire", text: "山上起火" });
    await page.locator("#connection[data-state=live]").waitFor({ timeout: 40_000 });
    await page.locator("#trouble").waitFor({ state: "hidden", ...SOON });
  });
  await row(page, test.back.incident).waitFor(SOON);
  await page.locator("#log-seen", { hasText: "续接 1 次" }).waitFor(SOON);
  await end(test.load);
  const taken = await settledEvents(page);
  assert.ok(taken.length > before + 40, `${taken.length - before} events after the kill are too few to show anything`);
  const told = await centre.idsBetween(taken[0], taken.at(-1));
  assert.deepEqual(taken.slice(1), told, "the page's events are not the centre's");
  assert.equal(new Set(taken).size, taken.length, "an event was taken twice");
  const [, counted] = /已收 ([\d\u2009]+) 条/.exec(await page.locator("#log-seen").innerText());
  assert.equal(Number(counted.replaceAll("\u2009", "")), taken.length, "the page counts otherwise than it was told");
  console.log(`     ${taken.length} events, ${taken.length - before} of them after the kill; the centre tells the same`);
}

/** The events that the page took, once its last one is known to the centre and no other comes for a while. */
async function settledEvents(page) {
  let known = [];
  for (let round = 0; round < 60; round += 1) {
    await pause(500);
    const taken = await page.evaluate(() => window.eventsTaken);
    if (taken.length === known.length) {
      return taken;
    }
    known = taken;
  }
  return known;
}

async function staysClean({ witness, page, context }) {
  assert.equal(await page.evaluate(() => window.scriptsRun), 0);
  await context.close();
  witness.assertClean();
}

/** On a driven centre time jumps; the page shows what the centre says and makes nothing up. */
async function showsDrivenTime(driven, browser, folder) {
  await driven.open();
  const test = { centre: driven };
  await open(test, browser);
  const { page, context, witness } = test;
  await page.goto(`${driven.origin}/?lang=en`);
  const to = ["--to", `quic://127.0.0.1:${driven.quicPort}`, "--speed", "600", "--for", "20s", "--crews", "--quiet"];
  const load = driven.load("replay", join(folder, "trace.csv"), ...to);
  try {
    await page.locator("#centre-clock", { hasText: "driven clock" }).waitFor(SOON);
    await page.locator("#incidents .row").first().waitFor({ timeout: 60_000 });
    await page.screenshot({ path: join(PICTURES, "driven.png") });
  } finally {
    await end(load);
  }
  const { now } = await driven.read("/v1/stats?hash=false");
  const local = new Date(Date.parse(now) + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  await page.locator("#centre-time", { hasText: local }).waitFor(SOON);
  await pause(3000);
  assert.equal(await page.locator("#centre-time").innerText(), local, "time went on although nobody drove it");
  await context.close();
  witness.assertClean();
}
