//! What the page knows: the last answers of the centre, what was chosen on the page, and the events seen.
//!
//! It holds and derives; it asks nobody (`refresh.js`, `door.js` do) and draws nothing. Whoever changes it says so by
//! `changed`, and the views are drawn at most once a frame.

import { byTimeLeft, overdueByIncident, standing } from "./standing.js";

/** Events that the log shows. */
export const LOG_MOST = 200;

export class Model {
  /** Open incidents as they stand, nearest clock first. */
  standings = [];
  units = [];
  ledger = [];
  /** Calls that wait for a person, oldest first. */
  humans = [];
  districts = [];
  hospitals = [];
  stats = null;
  /** The chosen incident with its reports, once it has been read. */
  detail = null;
  /** Id of the chosen incident, and name of the chosen unit. */
  chosen = null;
  chosenUnit = null;
  /** What has been read at least once. */
  read = new Set();
  /** Lists that were cut short, by name. */
  cut = {};
  /** What could not be read, by name. */
  troubles = new Map();
  connection = { name: "connecting" };
  /** The newest events, newest first; and how many there were, and the id of the last. */
  log = [];
  seen = 0;
  lastEvent = null;
  /** How often the stream was taken up again after it had broken off. */
  resumed = 0;

  #incidents = [];
  #unitNames = new Map();
  #unitIds = new Map();
  #orderIncident = new Map();
  #listeners = [];
  #asked = false;

  /** Calls back in the next frame after something changed. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** Says that something changed. */
  changed() {
    if (this.#asked) {
      return;
    }
    this.#asked = true;
    const draw = () => {
      if (!this.#asked) {
        return;
      }
      this.#asked = false;
      this.#listeners.forEach((listener) => listener());
    };
    // A page in the background gets no frames; its counts must go on all the same.
    if (document.hidden) {
      setTimeout(draw, 1000);
    } else {
      requestAnimationFrame(draw);
    }
  }

  /** Takes the open incidents. */
  takeIncidents(items) {
    this.#incidents = items;
    this.#orderIncident = new Map(items.flatMap((incident) => incident.orders.map((order) => [order.id, incident.id])));
    this.#stand();
  }

  /** Takes the open entries of the ledger. */
  takeLedger(items) {
    this.ledger = items;
    this.#stand();
  }

  /** Takes all units. */
  takeUnits(items) {
    this.units = items;
    this.#unitNames = new Map(items.map((unit) => [unit.name, unit]));
    this.#unitIds = new Map(items.map((unit) => [unit.id, unit]));
    this.changed();
  }

  /** Takes what was heard: events in their order, or a note of the page's own about the connection. */
  takeEvent(event) {
    this.seen += 1;
    this.lastEvent = event.id;
    this.note(event);
  }

  /** Puts a line into the log that is not an event of the centre. */
  note(line) {
    this.log.unshift(line);
    if (this.log.length > 2 * LOG_MOST) {
      this.log.length = LOG_MOST;
    }
    this.changed();
  }

  /** A unit by its name or its id. */
  unit(nameOrId) {
    return this.#unitNames.get(nameOrId) ?? this.#unitIds.get(nameOrId) ?? null;
  }

  /** An open incident by its id. */
  incident(id) {
    return this.#incidents.find((incident) => incident.id === id) ?? null;
  }

  /** The incident that an order serves, as far as it is known here. */
  incidentOfOrder(order) {
    const shown = this.detail?.orders.some((known) => known.id === order) ? this.detail.id : null;
    return this.#orderIncident.get(order) ?? shown;
  }

  #stand() {
    const overdue = overdueByIncident(this.ledger);
    this.standings = this.#incidents.map((incident) => standing(incident, overdue.get(incident.id))).sort(byTimeLeft);
    this.changed();
  }
}
