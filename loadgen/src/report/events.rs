//! What a subscription tells, as far as a summary counts it: orders and their units, needs, clocks, ladders.
//!
//! This is where a unit or a need with two open orders shows. It believes events alone and nothing that was
//! answered, so that the two can be held against each other.

use engine::id::{IncidentId, OrderId, UnitId};
use engine::kind::Kind;
use engine::order::{OrderState, Rung};
use gateway::wire::{Announced, EventNote};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The fields of other events that are counted; an event has some of them.
#[derive(Debug, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    name: &'a str,
    incident: Option<IncidentId>,
    order: Option<OrderId>,
    need: Option<u8>,
    #[serde(borrow, default)]
    capability: Option<&'a str>,
    #[serde(borrow, default)]
    clock: Option<&'a str>,
    #[serde(borrow, default)]
    matter: Option<&'a str>,
}

/// Counts by name.
pub type Counts = BTreeMap<String, u64>;

/// Orders by where they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// Told to a unit.
    pub issued: u64,
    /// The unit said yes.
    pub acknowledged: u64,
    /// The unit left.
    pub set_off: u64,
    /// The unit was there.
    pub arrived: u64,
    /// The unit was done.
    pub finished: u64,
    /// The unit said no.
    pub declined: u64,
    /// Withdrawn.
    pub cancelled: u64,
    /// Given to another.
    pub reassigned: u64,
    /// Open at the end.
    pub open: u64,
}

/// What is known of an incident.
#[derive(Clone, Copy, Debug, Default)]
pub struct Incident {
    /// It asked for something that travels.
    pub needs_unit: bool,
    /// Somebody has arrived.
    pub arrived: bool,
    /// It is done with.
    pub closed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    incident: IncidentId,
    need: u8,
    unit: UnitId,
    desk: bool,
    kind: Option<Kind>,
    open: bool,
}

/// What was told so far.
#[derive(Debug, Default)]
pub struct Heard {
    /// Events counted.
    pub events: u64,
    /// Orders by where they came to.
    pub orders: Orders,
    /// Orders to a unit that had another open one.
    pub units_doubled: u64,
    /// Orders for a need that had another open one.
    pub needs_doubled: u64,
    /// Rungs climbed, by rung.
    pub ladders: Counts,
    /// Clocks met, by clock.
    pub clocks_met: Counts,
    /// Clocks missed, by clock.
    pub clocks_missed: Counts,
    /// Ledger entries, by matter.
    pub ledger: Counts,
    /// Clocks missed, by kind.
    pub missed_by_kind: BTreeMap<&'static str, u64>,
    /// Orders to travelling units that arrived, by kind.
    pub arrived_by_kind: BTreeMap<&'static str, u64>,
    /// Orders, by kind.
    pub orders_by_kind: BTreeMap<&'static str, u64>,
    incidents: HashMap<IncidentId, Incident>,
    all: HashMap<OrderId, Order>,
    by_unit: HashMap<UnitId, OrderId>,
    by_need: HashMap<(IncidentId, u8), OrderId>,
    waiting: HashSet<(IncidentId, u8)>,
}

impl Heard {
    /// What is known of an incident.
    pub fn incident(&self, incident: IncidentId) -> Incident {
        self.incidents.get(&incident).copied().unwrap_or_default()
    }

    /// Needs without a unit now.
    pub fn needs_waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Takes in one event.
    pub fn hear(&mut self, note: &EventNote) {
        self.events += 1;
        match &note.announced {
            Announced::OrderIssued { issued, kind, .. } => {
                let order = Order {
                    incident: issued.incident,
                    need: issued.need,
                    unit: issued.unit,
                    desk: issued.capability.is_desk(),
                    kind: *kind,
                    open: true,
                };
                self.issued(issued.order, order);
            }
            Announced::OrderMoved { order, to, .. } => self.moved(*order, *to),
            Announced::LadderClimbed { rung, .. } => {
                let rung: &Rung = rung;
                *self.ladders.entry(rung.code().into()).or_default() += 1;
            }
            Announced::Other { json } => self.other(json),
        }
    }

    fn issued(&mut self, id: OrderId, order: Order) {
        // Delivered again: nothing new.
        if self.all.contains_key(&id) {
            return;
        }
        self.orders.issued += 1;
        self.orders.open += 1;
        self.all.insert(id, order);
        self.waiting.remove(&(order.incident, order.need));
        if let Some(kind) = order.kind {
            *self.orders_by_kind.entry(kind.code()).or_default() += 1;
        }
        // A desk takes many orders at once; every other unit one.
        if !order.desk && self.by_unit.insert(order.unit, id).is_some() {
            self.units_doubled += 1;
        }
        let need = (order.incident, order.need);
        if self.by_need.insert(need, id).is_some() {
            self.needs_doubled += 1;
        }
    }

    fn moved(&mut self, id: OrderId, to: OrderState) {
        let orders = &mut self.orders;
        let count = match to {
            OrderState::Issued => &mut orders.issued,
            OrderState::Acknowledged => &mut orders.acknowledged,
            OrderState::SetOff => &mut orders.set_off,
            OrderState::Arrived => &mut orders.arrived,
            OrderState::Finished => &mut orders.finished,
            OrderState::Declined => &mut orders.declined,
            OrderState::Cancelled => &mut orders.cancelled,
            OrderState::Reassigned => &mut orders.reassigned,
        };
        *count += 1;
        let Some(order) = self.all.get_mut(&id) else {
            return;
        };
        // A finish without an arrival before it was an arrival too; only units that travel can arrive.
        if !order.desk && matches!(to, OrderState::Arrived | OrderState::Finished) {
            let incident = self.incidents.entry(order.incident).or_default();
            incident.arrived = true;
            if let Some(kind) = order.kind.filter(|_| to == OrderState::Arrived) {
                *self.arrived_by_kind.entry(kind.code()).or_default() += 1;
            }
        }
        if to.is_open() || !order.open {
            return;
        }
        order.open = false;
        self.orders.open -= 1;
        if self.by_unit.get(&order.unit) == Some(&id) {
            self.by_unit.remove(&order.unit);
        }
        let need = (order.incident, order.need);
        if self.by_need.get(&need) == Some(&id) {
            self.by_need.remove(&need);
        }
    }

    fn other(&mut self, json: &str) {
        // What is not known here is not counted; a later release may say more than this one.
        let Ok(fields) = serde_json::from_str::<Fields<'_>>(json) else {
            return;
        };
        let need = fields.incident.zip(fields.need);
        match fields.name {
            "need_opened" => {
                let travels = fields
                    .capability
                    .is_some_and(|capability| !capability.starts_with("desk_"));
                if let Some(incident) = fields.incident.filter(|_| travels) {
                    self.incidents.entry(incident).or_default().needs_unit = true;
                }
            }
            "need_waits" => self.waiting.extend(need),
            "need_dropped" => {
                if let Some(need) = need {
                    self.waiting.remove(&need);
                }
            }
            "incident_closed" => {
                if let Some(incident) = fields.incident {
                    self.incidents.entry(incident).or_default().closed = true;
                    self.waiting.retain(|&(waiting, _)| waiting != incident);
                }
            }
            "clock_met" => count(&mut self.clocks_met, fields.clock),
            "clock_missed" => {
                count(&mut self.clocks_missed, fields.clock);
                let order = fields.order.and_then(|order| self.all.get(&order));
                if let Some(kind) = order.and_then(|order| order.kind) {
                    *self.missed_by_kind.entry(kind.code()).or_default() += 1;
                }
            }
            "ledger_entered" => count(&mut self.ledger, fields.matter),
            _ => {}
        }
    }
}

fn count(counts: &mut Counts, name: Option<&str>) {
    let Some(name) = name else { return };
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_string(), 1);
        }
    }
}
