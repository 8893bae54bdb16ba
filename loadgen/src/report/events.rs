//! What a subscription tells, as far as a summary counts it: orders and their units, needs, clocks, ladders.
//!
//! This is where a unit or a need with two open orders shows. It believes events alone and nothing that was
//! answered, so that the two can be held against each other. What is over is forgotten after [`KEPT`], so that a soak of days takes no more
//! memory than one of an hour.

use super::table::Table;
use engine::id::{IncidentId, OrderId, UnitId};
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::order::{OrderState, Rung};
use gateway::wire::{Announced, EventNote};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is over, a call that was answered, an order that has ended, an incident that was closed, is known for so long in the time of the
/// calls. Longer than any check looks back: a carrier's repeat comes within two minutes (N2), a call joins within ten (N1).
pub const KEPT: Span = Span::minutes(15);

/// The fields of other events that are counted; an event has some of them.
#[derive(Debug, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    name: &'a str,
    incident: Option<IncidentId>,
    order: Option<OrderId>,
    need: Option<u8>,
    #[serde(default)]
    into: Option<IncidentId>,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Called away for something more urgent.
    pub preempted: u64,
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
    /// Something was told of it: it is open unless it was closed.
    told: bool,
    /// Calls with a place that are about it.
    placed: u64,
    /// When it was last heard or told of.
    at: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    incident: IncidentId,
    need: u8,
    unit: UnitId,
    desk: bool,
    kind: Option<Kind>,
    open: bool,
    /// When it was issued, or came to its end.
    at: Moment,
}

/// Calls with a place, by what came of their incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Their incident asked for something that travels.
    pub needing: u64,
    /// Of these: somebody arrived.
    pub served: u64,
}

impl Served {
    fn add(&mut self, incident: &Incident) {
        let counted = |is: bool| if is { incident.placed } else { 0 };
        self.needing += counted(incident.needs_unit);
        self.served += counted(incident.needs_unit && incident.arrived);
    }
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
    /// The time of the calls so far.
    now: Moment,
    incidents: Table<IncidentId, Incident>,
    /// What came of the incidents that are forgotten.
    forgotten: Served,
    all: Table<OrderId, Order>,
    by_unit: HashMap<UnitId, OrderId>,
    by_need: HashMap<(IncidentId, u8), OrderId>,
    waiting: BTreeSet<(IncidentId, u8)>,
    /// Orders that were delivered again: after a restart all that are open are, before what was missed is caught up on.
    ahead: BTreeSet<OrderId>,
    /// The older of two, of which one was ahead: no fault if its end comes yet.
    ahead_of_units: BTreeSet<OrderId>,
    ahead_of_needs: BTreeSet<OrderId>,
}

impl Heard {
    /// What is known of an incident.
    pub fn incident(&self, incident: IncidentId) -> Incident {
        self.incidents.get(&incident).copied().unwrap_or_default()
    }

    /// It is so late by the calls.
    pub fn turn(&mut self, now: Moment) {
        self.now = self.now.max(now);
    }

    /// A call with a place is about this incident.
    pub fn placed(&mut self, incident: IncidentId) {
        self.known(incident).placed += 1;
    }

    /// What came of the calls with a place.
    pub fn served(&self) -> Served {
        let mut served = self.forgotten;
        self.incidents
            .iter()
            .for_each(|(_, incident)| served.add(incident));
        served
    }

    /// What is known of an incident, to be changed. Makes room where much is over, or nothing was ever told, as to who is deaf.
    fn known(&mut self, id: IncidentId) -> &mut Incident {
        let (oldest, forgotten) = (self.now - KEPT, &mut self.forgotten);
        self.incidents.sweep(&id, |_, incident| {
            let is_open = incident.told && !incident.closed;
            let keep = is_open || incident.at >= oldest;
            if !keep {
                forgotten.add(incident);
            }
            keep
        });
        let incident = self.incidents.of(id);
        incident.at = self.now;
        incident
    }

    /// The same, of which something was told.
    fn told_of(&mut self, id: IncidentId) -> &mut Incident {
        let incident = self.known(id);
        incident.told = true;
        incident
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
                    at: self.now,
                };
                self.issued(issued.order, order, note.redelivered);
            }
            Announced::OrderMoved { order, to, .. } => self.moved(*order, *to),
            Announced::LadderClimbed { rung, .. } => {
                let rung: &Rung = rung;
                *self.ladders.entry(rung.code().into()).or_default() += 1;
            }
            Announced::Other { json } => self.other(json),
        }
    }

    fn issued(&mut self, id: OrderId, order: Order, redelivered: bool) {
        // Delivered again: nothing new.
        if self.all.get(&id).is_some() {
            return;
        }
        self.orders.issued += 1;
        self.orders.open += 1;
        let oldest = self.now - KEPT;
        let keep = |known: &Order| known.open || known.at >= oldest;
        self.all.sweep(&id, |_, known| keep(known));
        self.all.insert(id, order);
        self.waiting.remove(&(order.incident, order.need));
        if let Some(kind) = order.kind {
            *self.orders_by_kind.entry(kind.code()).or_default() += 1;
        }
        // A desk takes many orders at once; every other unit one.
        if redelivered {
            self.ahead.insert(id);
        }
        let ahead = &self.ahead;
        if !order.desk
            && let Some(older) = hold(&mut self.by_unit, order.unit, id)
        {
            self.units_doubled += 1;
            self.ahead_of_units.extend(older.if_one_is_of(ahead));
        }
        let need = (order.incident, order.need);
        if let Some(older) = hold(&mut self.by_need, need, id) {
            self.needs_doubled += 1;
            self.ahead_of_needs.extend(older.if_one_is_of(ahead));
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
            OrderState::Preempted => &mut orders.preempted,
        };
        *count += 1;
        let Some(order) = self.all.get_mut(&id) else {
            return;
        };
        let was_open = order.open;
        if was_open && !to.is_open() {
            (order.open, order.at) = (false, self.now);
        }
        let order = *order;
        // A finish without an arrival before it was an arrival too; only units that travel can arrive.
        if !order.desk && matches!(to, OrderState::Arrived | OrderState::Finished) {
            self.told_of(order.incident).arrived = true;
            if let Some(kind) = order.kind.filter(|_| to == OrderState::Arrived) {
                *self.arrived_by_kind.entry(kind.code()).or_default() += 1;
            }
        }
        if order.open || !was_open {
            return;
        }
        self.orders.open -= 1;
        self.units_doubled -= u64::from(self.ahead_of_units.remove(&id));
        self.needs_doubled -= u64::from(self.ahead_of_needs.remove(&id));
        if self.by_unit.get(&order.unit) == Some(&id) {
            self.by_unit.remove(&order.unit);
        }
        let need = (order.incident, order.need);
        if self.by_need.get(&need) == Some(&id) {
            self.by_need.remove(&need);
        }
    }

    /// An order serves another incident's need from here on.
    fn transferred(&mut self, id: OrderId, need: (IncidentId, u8)) {
        self.waiting.remove(&need);
        let Some(order) = self.all.get_mut(&id).filter(|order| order.open) else {
            return;
        };
        let left = (order.incident, order.need);
        (order.incident, order.need) = need;
        if self.by_need.get(&left) == Some(&id) {
            self.by_need.remove(&left);
        }
        self.by_need.insert(need, id);
    }

    fn other(&mut self, json: &str) {
        // What is not known here is not counted; a later release may say more than this one.
        let Ok(fields) = serde_json::from_str::<Fields<'_>>(json) else {
            return;
        };
        let need = fields.incident.zip(fields.need);
        match fields.name {
            "incident_opened" => {
                if let Some(incident) = fields.incident {
                    self.told_of(incident);
                }
            }
            "need_opened" => {
                let travels = fields
                    .capability
                    .is_some_and(|capability| !capability.starts_with("desk_"));
                if let Some(incident) = fields.incident.filter(|_| travels) {
                    self.told_of(incident).needs_unit = true;
                }
            }
            "need_waits" => self.waiting.extend(need),
            "need_dropped" => {
                if let Some(need) = need {
                    self.waiting.remove(&need);
                }
            }
            "order_transferred" => {
                if let (Some(order), Some(need)) = (fields.order, fields.into.zip(fields.need)) {
                    self.transferred(order, need);
                }
            }
            "incident_reopened" => {
                if let Some(incident) = fields.incident {
                    self.told_of(incident).closed = false;
                }
            }
            "incident_closed" => {
                if let Some(incident) = fields.incident {
                    self.told_of(incident).closed = true;
                    while let Some(&need) = self
                        .waiting
                        .range((incident, 0)..=(incident, u8::MAX))
                        .next()
                    {
                        self.waiting.remove(&need);
                    }
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

/// Two orders that are both held to be open: the older and the newer.
struct Both {
    older: OrderId,
    newer: OrderId,
}

impl Both {
    /// The older one, where one of them is listed.
    fn if_one_is_of(&self, listed: &BTreeSet<OrderId>) -> Option<OrderId> {
        let is_listed = listed.contains(&self.older) || listed.contains(&self.newer);
        is_listed.then_some(self.older)
    }
}

/// Enters an order for a unit or a need, the newest of which is kept; gives both, where another was there.
fn hold<K: std::hash::Hash + Eq>(
    held: &mut HashMap<K, OrderId>,
    by: K,
    id: OrderId,
) -> Option<Both> {
    let known = held.entry(by).or_insert(id);
    let other = *known;
    *known = other.max(id);
    (other != id).then(|| Both {
        older: other.min(id),
        newer: other.max(id),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use engine::capability::Capability;
    use engine::event::{Choice, OrderIssued};
    use engine::id::{CentreId, EventId, Sequence};
    use engine::moment::Moment;
    use engine::order::Deadlines;

    const CENTRE: CentreId = CentreId(1);

    fn note(announced: Announced) -> EventNote {
        EventNote {
            id: EventId {
                centre: CENTRE,
                sequence: Sequence(1),
                index: 0,
            },
            at: Moment(0),
            redelivered: false,
            last: true,
            announced,
        }
    }

    fn issued(order: u64, unit: u64, need: u8, capability: Capability) -> EventNote {
        note(Announced::OrderIssued {
            issued: OrderIssued {
                order: OrderId::new(CENTRE, order).unwrap(),
                incident: IncidentId::new(CENTRE, 1).unwrap(),
                need,
                unit: UnitId::new(CENTRE, unit).unwrap(),
                capability,
                travel_ms: 1,
                turnout_ms: 1,
                deadlines: Deadlines::default(),
                previous: None,
                choice: Choice::Nearest,
                foreseen_late: false,
            },
            unit: "P-01".into(),
            point: None,
            kind: Some(Kind::Fight),
        })
    }

    /// An order of the incident and to the unit of this number.
    fn issued_for(order: u64, number: u64) -> EventNote {
        let mut note = issued(order, number, 0, Capability::Patrol);
        if let Announced::OrderIssued { issued, .. } = &mut note.announced {
            issued.incident = IncidentId::new(CENTRE, number).unwrap();
        }
        note
    }

    fn moved(order: u64, unit: u64, to: OrderState) -> EventNote {
        note(Announced::OrderMoved {
            order: OrderId::new(CENTRE, order).unwrap(),
            unit_id: UnitId::new(CENTRE, unit).unwrap(),
            unit: "P-01".into(),
            from: OrderState::Issued,
            to,
        })
    }

    fn other(json: &str) -> EventNote {
        note(Announced::Other { json: json.into() })
    }

    fn heard(notes: &[EventNote]) -> Heard {
        let mut heard = Heard::default();
        notes.iter().for_each(|note| heard.hear(note));
        heard
    }

    /// After a restart open orders are delivered again before the events since: the end of the order before comes after.
    #[test]
    fn an_order_that_is_delivered_again_may_come_before_the_end_of_the_one_before() {
        let patrol = Capability::Patrol;
        let again = EventNote {
            redelivered: true,
            ..issued(2, 7, 0, patrol)
        };
        let ahead = [issued(1, 7, 0, patrol), again.clone()];
        let told = heard(&ahead);
        assert_eq!((told.units_doubled, told.needs_doubled), (1, 1));
        let caught_up = [
            issued(1, 7, 0, patrol),
            again,
            moved(1, 7, OrderState::Preempted),
        ];
        let told = heard(&caught_up);
        assert_eq!((told.units_doubled, told.needs_doubled), (0, 0));
        // One that came and went in between is caught up on later still.
        let between = [
            EventNote {
                redelivered: true,
                ..issued(3, 7, 0, patrol)
            },
            issued(2, 7, 0, patrol),
        ];
        assert_eq!(heard(&between).units_doubled, 1);
        let gone = [
            between[0].clone(),
            between[1].clone(),
            moved(2, 7, OrderState::Preempted),
        ];
        let told = heard(&gone);
        assert_eq!((told.units_doubled, told.needs_doubled), (0, 0));
    }

    #[test]
    fn a_unit_with_two_open_orders_shows_and_a_desk_may_have_them() {
        let patrol = Capability::Patrol;
        let twice = [issued(1, 7, 0, patrol), issued(2, 7, 1, patrol)];
        assert_eq!(heard(&twice).units_doubled, 1);
        let one_after_the_other = [
            issued(1, 7, 0, patrol),
            moved(1, 7, OrderState::Finished),
            issued(2, 7, 1, patrol),
        ];
        assert_eq!(heard(&one_after_the_other).units_doubled, 0);
        let desk = Capability::DeskPolice;
        let desk = [issued(1, 7, 0, desk), issued(2, 7, 1, desk)];
        assert_eq!(heard(&desk).units_doubled, 0);
    }

    #[test]
    fn a_need_with_two_open_orders_shows_and_a_repeat_does_not() {
        let patrol = Capability::Patrol;
        let twice = [issued(1, 7, 0, patrol), issued(2, 8, 0, patrol)];
        assert_eq!(heard(&twice).needs_doubled, 1);
        let passed_on = [
            issued(1, 7, 0, patrol),
            moved(1, 7, OrderState::Reassigned),
            issued(2, 8, 0, patrol),
        ];
        assert_eq!(heard(&passed_on).needs_doubled, 0);
        let repeated = [issued(1, 7, 0, patrol), issued(1, 7, 0, patrol)];
        let repeated = heard(&repeated);
        assert_eq!((repeated.orders.issued, repeated.needs_doubled), (1, 0));
    }

    /// A merge hands an order over; the need that it left may have another, once what was merged parts.
    #[test]
    fn an_order_that_was_handed_over_holds_its_old_need_no_longer() {
        let patrol = Capability::Patrol;
        let mut told = heard(&[
            other(r#"{"type":"need_waits","incident":"1.2","need":0,"capability":"patrol"}"#),
            issued(1, 7, 0, patrol),
            other(
                r#"{"type":"order_transferred","order":"1.1","unit":"P-7","into":"1.2","need":0}"#,
            ),
            issued(2, 8, 0, patrol),
        ]);
        assert_eq!((told.needs_doubled, told.needs_waiting()), (0, 0));
        told.hear(&moved(1, 7, OrderState::Finished));
        assert_eq!(told.orders.open, 1);
    }

    #[test]
    fn needs_wait_until_somebody_is_ordered_or_the_incident_closes() {
        let waits = |need: u8| {
            other(&format!(
                r#"{{"type":"need_waits","incident":"1.1","need":{need},"capability":"patrol"}}"#
            ))
        };
        let mut heard = heard(&[waits(0), waits(1), waits(2)]);
        assert_eq!(heard.needs_waiting(), 3);
        heard.hear(&issued(1, 7, 0, Capability::Patrol));
        assert_eq!(heard.needs_waiting(), 2);
        heard.hear(&other(
            r#"{"type":"need_dropped","incident":"1.1","need":1}"#,
        ));
        assert_eq!(heard.needs_waiting(), 1);
        heard.hear(&other(
            r#"{"type":"incident_closed","incident":"1.1","reason":"served"}"#,
        ));
        assert_eq!(heard.needs_waiting(), 0);
    }

    /// Days of calls: what is open stays known however old, what is over goes, and what came of it stays counted.
    #[test]
    fn what_is_over_is_forgotten_and_what_is_open_never() {
        let mut told = Heard::default();
        let incident = |number: u64| IncidentId::new(CENTRE, number).unwrap();
        let opened = |number: u64| {
            let id = incident(number);
            other(&format!(
                r#"{{"type":"need_opened","incident":"{id}","need":0,"capability":"patrol"}}"#
            ))
        };
        let ended = |number: u64| {
            let id = incident(number);
            other(&format!(
                r#"{{"type":"incident_closed","incident":"{id}"}}"#
            ))
        };
        // The first is never seen to.
        told.hear(&opened(1));
        told.placed(incident(1));
        told.hear(&issued(1, 1, 0, Capability::Patrol));
        for number in 2..50_000 {
            told.turn(Moment(0) + Span::seconds(number as i64));
            told.hear(&opened(number));
            told.placed(incident(number));
            told.hear(&issued_for(number, number));
            told.hear(&moved(number, number, OrderState::Finished));
            told.hear(&ended(number));
        }
        let known = (told.incidents.len(), told.all.len());
        assert!(known.0 < 10_000 && known.1 < 10_000, "{known:?}");
        let served = Served {
            needing: 49_999,
            served: 49_998,
        };
        assert_eq!(told.served(), served);
        assert_eq!((told.orders.issued, told.orders.open), (49_999, 1));
        assert!(told.incident(incident(1)).needs_unit && !told.incident(incident(1)).closed);
        told.hear(&issued(50_000, 1, 1, Capability::Patrol));
        assert_eq!(
            told.units_doubled, 1,
            "its first order is as old as the run"
        );
    }

    #[test]
    fn clocks_arrivals_and_needs_for_vehicles_are_counted() {
        let mut heard = heard(&[
            other(r#"{"type":"need_opened","incident":"1.1","need":0,"capability":"desk_police"}"#),
            issued(1, 7, 0, Capability::Patrol),
            other(r#"{"type":"clock_missed","order":"1.1","clock":"arrive","due":"x"}"#),
            other(r#"{"type":"clock_met","order":"1.1","clock":"set_off","due":"x"}"#),
            other("not json"),
        ]);
        let incident = IncidentId::new(CENTRE, 1).unwrap();
        assert!(!heard.incident(incident).needs_unit, "a desk is no vehicle");
        heard.hear(&other(
            r#"{"type":"need_opened","incident":"1.1","need":1,"capability":"patrol"}"#,
        ));
        assert!(heard.incident(incident).needs_unit);
        assert_eq!(heard.clocks_missed["arrive"], 1);
        assert_eq!(heard.clocks_met["set_off"], 1);
        assert_eq!(heard.missed_by_kind["fight"], 1);
        assert!(!heard.incident(incident).arrived);
        heard.hear(&moved(1, 7, OrderState::Arrived));
        assert!(heard.incident(incident).arrived);
        assert_eq!(heard.arrived_by_kind["fight"], 1);
    }
}
