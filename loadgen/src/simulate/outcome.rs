//! What became of a simulated trace: how soon somebody was there, who missed which clock, who was busy how long, what waited.
//!
//! Told events in their order and nothing else; knows no engine. Times are in milliseconds until they are shown.

use crate::caller::Counts as Called;
use crate::crew::Counts;
use engine::call::Outcome as Decided;
use engine::event::Event;
use engine::id::{IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::{Agency, AgencySet, Priority};
use engine::moment::Moment;
use engine::order::{OrderClock, OrderState};
use engine::unit::UnitDefinition;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// How long things took, in milliseconds, in the order in which they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(Vec<i64>);

impl Times {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Their mean, in seconds; `None` where there were none.
    pub fn mean_s(&self) -> Option<f64> {
        let sum: i64 = self.0.iter().sum();
        (!self.0.is_empty()).then(|| sum as f64 / self.0.len() as f64 / 1_000.0)
    }

    /// The time that so many hundredths of them do not exceed (nearest rank), in seconds.
    pub fn percentile_s(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map(|&ms| ms as f64 / 1_000.0)
    }

    fn add(&mut self, from: Moment, to: Moment) {
        self.0.push(from.until(to).0);
    }
}

/// What is known of an incident.
#[derive(Clone, Copy, Debug)]
struct Known {
    opened_at: Moment,
    priority: Priority,
    /// A vehicle was sent.
    sent: bool,
    /// Agencies of which one arrived, one bit each.
    arrived: u32,
}

/// What is known of an order.
#[derive(Clone, Copy, Debug)]
struct Ordered {
    incident: IncidentId,
    unit: UnitId,
}

/// What is known of a unit.
#[derive(Clone, Debug)]
pub struct UnitUse {
    /// Its name.
    pub name: String,
    /// Who it belongs to.
    pub agency: Agency,
    /// Whether it moves at all.
    pub travels: bool,
    /// Orders it was given.
    pub orders: u64,
    /// How long it had an order, in milliseconds.
    pub busy_ms: i64,
    busy_since: Option<Moment>,
    open: u32,
}

/// All that came of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When the first call came, nearly.
    pub from: Moment,
    /// When the last crew was done.
    pub to: Moment,
    /// Calls.
    pub calls: u64,
    /// What became of them.
    pub decided: BTreeMap<&'static str, u64>,
    /// Calls whose agencies the trace states, and of these those that were met exactly.
    pub expected: [u64; 2],
    /// From the opening of an incident to the first vehicle on scene, by priority.
    pub first_arrivals: BTreeMap<Priority, Times>,
    /// From the opening of an incident to the first vehicle of an agency on scene.
    pub arrivals: BTreeMap<Agency, Times>,
    /// Incidents that a vehicle was sent to and none ever came to, by priority.
    pub never: BTreeMap<Priority, u64>,
    /// Clocks that ran out, by agency and clock.
    pub missed: BTreeMap<(Agency, OrderClock), u64>,
    /// Clocks that ran out, by priority.
    pub missed_by_priority: BTreeMap<Priority, u64>,
    /// From a need that had to wait to its unit.
    pub waits: Times,
    /// Needs that had to wait for want of a unit.
    pub waited: u64,
    /// By unit.
    pub units: BTreeMap<UnitId, UnitUse>,
    /// How crews took their orders.
    pub crews: Counts,
    /// What callers did; `None` where they were not played.
    pub callers: Option<Called>,
    /// Calls that a carrier sent again under their key (N2).
    pub repeated: u64,
    /// Over everything that was said, in order.
    pub digest: ObjectHash,
    incidents: HashMap<IncidentId, Known>,
    orders: HashMap<OrderId, Ordered>,
    waiting: HashMap<(IncidentId, u8), Moment>,
}

impl Outcome {
    /// Nothing has happened yet.
    pub fn new(from: Moment) -> Outcome {
        Outcome {
            from,
            to: from,
            calls: 0,
            decided: BTreeMap::new(),
            expected: [0, 0],
            first_arrivals: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            never: BTreeMap::new(),
            missed: BTreeMap::new(),
            missed_by_priority: BTreeMap::new(),
            waits: Times::default(),
            waited: 0,
            units: BTreeMap::new(),
            crews: Counts::default(),
            callers: None,
            repeated: 0,
            digest: ObjectHash::of(b""),
            incidents: HashMap::new(),
            orders: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// The units that there are.
    pub fn know_units<'a>(&mut self, units: impl Iterator<Item = (UnitId, &'a UnitDefinition)>) {
        let known = units.map(|(id, definition)| {
            let used = UnitUse {
                name: definition.name.to_string(),
                agency: definition.agency,
                travels: definition.travels(),
                orders: 0,
                busy_ms: 0,
                busy_since: None,
                open: 0,
            };
            (id, used)
        });
        self.units = known.collect();
    }

    /// Somebody called; whom the trace expects, and whom the words were held to concern.
    pub fn called(&mut self, at: Moment, expected: Option<AgencySet>, found: AgencySet) {
        self.calls += 1;
        self.to = at;
        if let Some(expected) = expected {
            self.expected[0] += 1;
            self.expected[1] += u64::from(expected == found);
        }
    }

    /// What was said at a time.
    pub fn hear(&mut self, at: Moment, events: &[Event]) {
        for event in events {
            self.hear_one(at, event);
        }
    }

    fn hear_one(&mut self, at: Moment, event: &Event) {
        match *event {
            Event::CallDecided { outcome, .. } => {
                *self.decided.entry(Decided::code(outcome)).or_default() += 1;
            }
            Event::IncidentOpened {
                incident, priority, ..
            } => {
                let known = Known {
                    opened_at: at,
                    priority,
                    sent: false,
                    arrived: 0,
                };
                self.incidents.insert(incident, known);
            }
            Event::IncidentRaised {
                incident, priority, ..
            }
            | Event::IncidentReclassified {
                incident, priority, ..
            } => {
                if let Some(known) = self.incidents.get_mut(&incident) {
                    known.priority = priority;
                }
            }
            Event::IncidentClosed { incident, .. } => {
                if let Some(known) = self.incidents.remove(&incident) {
                    self.close(known);
                }
                self.waiting.retain(|&(waits, _), _| waits != incident);
            }
            // Others wait for a fact: a place, say.
            Event::NeedWaits {
                incident,
                need,
                shortage,
                ..
            } if shortage.is_for_want_of_a_unit() => {
                if let Entry::Vacant(first) = self.waiting.entry((incident, need)) {
                    self.waited += 1;
                    first.insert(at);
                }
            }
            Event::NeedDropped { incident, need } => {
                self.waiting.remove(&(incident, need));
            }
            Event::OrderIssued(issued) => {
                if let Some(since) = self.waiting.remove(&(issued.incident, issued.need)) {
                    self.waits.add(since, at);
                }
                let ordered = Ordered {
                    incident: issued.incident,
                    unit: issued.unit,
                };
                self.orders.insert(issued.order, ordered);
                if let Some(unit) = self.units.get_mut(&issued.unit) {
                    unit.orders += 1;
                    unit.open += 1;
                    unit.busy_since.get_or_insert(at);
                    if let Some(known) = self.incidents.get_mut(&issued.incident) {
                        known.sent |= unit.travels;
                    }
                }
            }
            Event::OrderMoved {
                order, unit, to, ..
            } => self.moved(at, order, unit, to),
            Event::ClockMissed { order, clock, .. } => self.miss(order, clock),
            _ => {}
        }
    }

    fn close(&mut self, known: Known) {
        if known.sent && known.arrived == 0 {
            *self.never.entry(known.priority).or_default() += 1;
        }
    }

    fn moved(&mut self, at: Moment, order: OrderId, unit: UnitId, to: OrderState) {
        let Some(&ordered) = self.orders.get(&order) else {
            return;
        };
        let Some(used) = self.units.get_mut(&unit) else {
            return;
        };
        if to == OrderState::Arrived
            && used.travels
            && let Some(known) = self.incidents.get_mut(&ordered.incident)
        {
            let before = known.arrived;
            known.arrived |= 1 << used.agency as u32;
            if before == 0 {
                let times = self.first_arrivals.entry(known.priority).or_default();
                times.add(known.opened_at, at);
            }
            if before != known.arrived {
                let times = self.arrivals.entry(used.agency).or_default();
                times.add(known.opened_at, at);
            }
        }
        if !to.is_open() {
            used.open = used.open.saturating_sub(1);
            if used.open == 0
                && let Some(since) = used.busy_since.take()
            {
                used.busy_ms += since.until(at).0;
            }
            self.orders.remove(&order);
        }
        self.to = self.to.max(at);
    }

    fn miss(&mut self, order: OrderId, clock: OrderClock) {
        let Some(ordered) = self.orders.get(&order) else {
            return;
        };
        if let Some(known) = self.incidents.get(&ordered.incident) {
            *self.missed_by_priority.entry(known.priority).or_default() += 1;
        }
        if let Some(unit) = self.units.get(&ordered.unit) {
            *self.missed.entry((unit.agency, clock)).or_default() += 1;
        }
    }

    /// It is over.
    pub fn end(&mut self, to: Moment, digest: ObjectHash, crews: Counts) {
        self.to = to;
        self.digest = digest;
        self.crews = crews;
        let open: Vec<Known> = self.incidents.values().copied().collect();
        open.into_iter().for_each(|known| self.close(known));
        for used in self.units.values_mut() {
            if let Some(since) = used.busy_since.take() {
                used.busy_ms += since.until(to).0;
            }
        }
    }
}
