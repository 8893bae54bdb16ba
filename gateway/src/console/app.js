//! Puts the page together: what is read, what is heard, what is chosen, and who draws it.
//!
//! Start here. Each part has one idea and knows only what it is given; nothing but this file knows them all. The centre
//! is asked by `door.js`, listened to by `events.js`, and the answers are kept in `model.js`.

import { Acts } from "./acts.js";
import { CentreClock } from "./centre_clock.js";
import { read, readDated, readList } from "./door.js";
import { Detail } from "./detail.js";
import { EventStream } from "./events.js";
import { Head } from "./head.js";
import { HumanList } from "./humans.js";
import { choose, chooseAtStart, language, onLanguage, word } from "./language.js";
import { LedgerTable } from "./ledger.js";
import { IncidentList } from "./list.js";
import { EventLog } from "./log.js";
import { CountyMap } from "./map.js";
import { Model } from "./model.js";
import { Reasons } from "./reasons.js";
import { Refresh } from "./refresh.js";
import { Tabs } from "./tabs.js";
import { setText } from "./text.js";
import { UnitTable } from "./units.js";

const TICK_MS = 250;
/** The most that is read of each list. */
const MOST = { incidents: 1000, units: 20_000, ledger: 5000, humans: 500, districts: 2000, hospitals: 5000 };

const model = new Model();
const clock = new CentreClock();
const refresh = new Refresh(
  {
    stats: { read: readStats, every_ms: 1000 },
    incidents: { read: readIncidents, every_ms: 5000 },
    detail: { read: readDetail, every_ms: 5000 },
    units: { read: readUnits, every_ms: 10_000 },
    ledger: { read: readLedger, every_ms: 10_000 },
    humans: { read: readHumans, every_ms: 10_000 },
    districts: { read: readDistricts, every_ms: 600_000 },
    hospitals: { read: readHospitals, every_ms: 60_000 },
    roads: { read: readRoads, every_ms: 600_000 },
  },
  trouble,
);
const stream = new EventStream(hear, connection);
const tabs = new Tabs(() => model.changed());
const acts = new Acts(model, acted);
const reasons = new Reasons(() => model.changed());
const map = new CountyMap(model, clock, chooseIncident, chooseUnit);
const views = [
  new Head(model, clock, () => stream.hurry()),
  new IncidentList(model, clock, chooseIncident),
  new Detail(model, clock, acts, reasons, chooseIncident),
  new UnitTable(model, chooseUnit),
  new HumanList(model, clock, acts, chooseIncident),
  new LedgerTable(model, clock, chooseIncident),
  new EventLog(model, clock, chooseIncident),
];

start();

function start() {
  onLanguage(() => {
    views.forEach((view) => view.forget());
    model.changed();
  });
  chooseAtStart();
  model.onChange(() => {
    views.forEach((view) => view.draw());
    map.draw();
  });
  document.getElementById("language").addEventListener("click", () => choose(language() === "zh" ? "en" : "zh"));
  window.addEventListener("hashchange", () => chooseIncident(named()));
  window.addEventListener("online", () => stream.hurry());
  setInterval(() => views.forEach((view) => view.tick?.()), TICK_MS);
  chooseIncident(named());
  refresh.run();
  listen();
  model.changed();
}

/** Listens from what the centre has now, so that nothing is missed even if the first connection breaks at once. */
async function listen() {
  let after = null;
  try {
    const [stats, units] = await Promise.all([read("/v1/stats?hash=false"), read("/v1/units?limit=1")]);
    const centre = units.items[0]?.id.split(".")[0];
    after = centre ? `${centre}.${stats.sequence}.0` : null;
  } catch {
    // Then from whatever there is when the connection stands.
  }
  stream.run(after);
}

/** The incident that the address names. */
function named() {
  return /^#(\d+\.\d+)$/.exec(location.hash)?.[1] ?? null;
}

function hear(event) {
  clock.hear(event.at);
  model.takeEvent(event);
  refresh.heard(event.type);
  if (concernsChosen(event)) {
    refresh.mark("detail");
  }
  // For whoever watches the page from outside, such as its test: each event once, as it was taken.
  document.dispatchEvent(new CustomEvent("liandong:event", { detail: event.id }));
}

function concernsChosen(event) {
  const { chosen, detail } = model;
  const named = [event.incident, event.from, event.into, model.incidentOfOrder(event.order)];
  return chosen !== null && (named.includes(chosen) || Boolean(detail?.calls.includes(event.call)));
}

function connection(state) {
  if (state.name === "gap") {
    return note("gap", { after: state.after });
  }
  const before = model.connection;
  model.connection = state;
  if (state.name === "live") {
    const again = before.since !== undefined;
    model.resumed += again ? 1 : 0;
    note(again ? "live" : "begun", { after: model.lastEvent ?? "–" });
    refresh.markAll();
  } else if (state.name === "lost" && before.name === "live") {
    note("lost", {});
  }
  model.changed();
}

function note(name, values) {
  model.note({ note: name, at: clock.now(), values });
}

function trouble(name, error) {
  if (error === null) {
    model.read.add(name);
    model.troubles.delete(name);
  } else {
    const since = model.troubles.get(name)?.since ?? Date.now();
    model.troubles.set(name, { since, why: error.message });
  }
  model.changed();
}

async function readStats() {
  const { body: stats, sent } = await readDated("/v1/stats?hash=false");
  if (model.stats && model.stats.epoch !== stats.epoch) {
    note("restarted", { epoch: stats.epoch });
    refresh.markAll();
  }
  clock.hearStats(stats, sent);
  model.stats = stats;
  model.changed();
}

async function readIncidents() {
  const page = await read(`/v1/incidents?sort=clock&limit=${MOST.incidents}`);
  clock.hear(page.now);
  model.cut.incidents = page.items.length >= MOST.incidents;
  model.takeIncidents(page.items);
}

async function readDetail() {
  const id = model.chosen;
  if (id === null) {
    model.detail = null;
    return;
  }
  const detail = await read(`/v1/incidents/${encodeURIComponent(id)}`);
  if (model.chosen === id) {
    model.detail = detail;
    model.changed();
  }
}

async function readUnits() {
  const list = await readList("/v1/units", MOST.units);
  model.cut.units = list.cut;
  model.takeUnits(list.items);
}

async function readLedger() {
  const list = await readList("/v1/ledger?state=open", MOST.ledger);
  model.cut.ledger = list.cut;
  model.takeLedger(list.items);
}

async function readHumans() {
  const list = await readList("/v1/calls?human=true", MOST.humans);
  model.cut.humans = list.cut;
  model.humans = list.items;
  model.changed();
}

async function readDistricts() {
  model.districts = (await readList("/v1/districts", MOST.districts)).items;
  model.changed();
}

async function readHospitals() {
  model.hospitals = (await readList("/v1/hospitals", MOST.hospitals)).items;
  model.changed();
}

/** Who made the map that ways are reckoned on; it is named wherever the map shows. */
async function readRoads() {
  const { attribution } = await read("/v1/roads");
  setText(document.getElementById("roads-by-name"), attribution ?? "");
  document.getElementById("roads-by").hidden = attribution === null;
}

function chooseIncident(id) {
  if (model.chosen !== id) {
    model.chosen = id;
    model.detail = null;
    model.troubles.delete("detail");
    history.replaceState(null, "", id === null ? location.pathname + location.search : `#${id}`);
  }
  if (id !== null) {
    tabs.show("detail");
    map.show(model.incident(id)?.place ?? null);
  }
  refresh.mark("detail");
  model.changed();
}

function chooseUnit(unit, incident) {
  model.chosenUnit = unit.name;
  map.show(unit.position);
  if (incident !== null) {
    chooseIncident(incident);
  }
  model.changed();
}

function acted(asked, answer) {
  setText(document.getElementById("announcer"), `${asked.title}: ${word("act.done")}`);
  refresh.markAll();
  const split = answer.events?.find((event) => event.type === "call_split");
  if (split) {
    chooseIncident(split.into);
  }
}
