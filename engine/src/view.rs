//! The view: what readers know of a centre, folded from released records alone.
//!
//! Never the writer's state: a projection that a thread of its own keeps, and that names the sequence it reflects.
//! It also derives the outbox: orders that are out and that nobody has acknowledged.

use crate::call::Outcome;
use crate::command::{ClockMode, Command};
use crate::event::{Event, LedgerMatter, OrderIssued, Refusal};
use crate::id::{EventId, IncidentId, OrderId, Sequence, UnitId};
use crate::incident::CloseReason;
use crate::kind::Kind;
use crate::moment::Moment;
use crate::order::{OrderClock, OrderState, Rung};
use crate::place::{Place, Point};
use crate::runtime::ReleasedRecord;
use crate::runtime::port::Conservation;
use crate::unit::{Duty, UnitDefinition};
use std::collections::{BTreeMap, BTreeSet};

/// A unit as readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitView {
    /// What it is.
    pub definition: UnitDefinition,
    /// Where it is.
    pub point: Point,
    /// What it does when idle.
    pub duty: Duty,
    /// Whether it let a ladder run out.
    pub silent: bool,
    /// How many orders it has.
    pub open_orders: u32,
}

/// An order that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// As it was issued.
    pub issued: OrderIssued,
    /// The event that issued it.
    pub event: EventId,
    /// When.
    pub at: Moment,
    /// Where it stands.
    pub state: OrderState,
    /// The rung of the ladder that was told last.
    pub rung: Rung,
}

/// An incident that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentView {
    /// What it is held to be.
    pub kind: Kind,
    /// Where.
    pub place: Option<Place>,
    /// When it was opened.
    pub opened_at: Moment,
    /// Calls that point to it.
    pub calls: u32,
}

/// Numbers that only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls by what became of them.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Commands that were not carried out, by reason.
    pub refusals: BTreeMap<Refusal, u64>,
    /// Keys that came again.
    pub repeated: u64,
    /// Of these: with another body.
    pub conflicts: u64,
    /// Orders issued.
    pub orders_issued: u64,
    /// Orders by the state they came to.
    pub orders_moved: BTreeMap<OrderState, u64>,
    /// Clocks met.
    pub clocks_met: BTreeMap<OrderClock, u64>,
    /// Clocks missed.
    pub clocks_missed: BTreeMap<OrderClock, u64>,
    /// Rungs climbed.
    pub rungs: BTreeMap<Rung, u64>,
    /// Ledger entries by matter.
    pub ledger: BTreeMap<LedgerMatter, u64>,
    /// Incidents opened.
    pub incidents_opened: u64,
    /// Incidents closed, by reason.
    pub incidents_closed: BTreeMap<CloseReason, u64>,
}

/// What readers know of a centre.
#[derive(Clone, Debug, Default)]
pub struct View {
    sequence: Sequence,
    now: Moment,
    clock: Option<ClockMode>,
    names: BTreeMap<String, UnitId>,
    units: BTreeMap<UnitId, UnitView>,
    orders: BTreeMap<OrderId, OrderView>,
    incidents: BTreeMap<IncidentId, IncidentView>,
    waiting: BTreeSet<(IncidentId, u8)>,
    refused_calls: u64,
    counters: Counters,
}

impl View {
    /// A view of nothing yet.
    pub fn new() -> View {
        View::default()
    }

    /// The last record it reflects.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Centre time of that record.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The clock the centre lives on.
    pub fn clock(&self) -> Option<ClockMode> {
        self.clock
    }

    /// The unit of this name.
    pub fn unit_named(&self, name: &str) -> Option<UnitId> {
        self.names.get(name).copied()
    }

    /// A unit.
    pub fn unit(&self, unit: UnitId) -> Option<&UnitView> {
        self.units.get(&unit)
    }

    /// The name of a unit.
    pub fn unit_name(&self, unit: UnitId) -> Option<&str> {
        self.units
            .get(&unit)
            .map(|unit| unit.definition.name.as_str())
    }

    /// All units.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, &UnitView)> {
        self.units.iter().map(|(&id, unit)| (id, unit))
    }

    /// An open order.
    pub fn order(&self, order: OrderId) -> Option<&OrderView> {
        self.orders.get(&order)
    }

    /// All open orders.
    pub fn orders(&self) -> impl Iterator<Item = (OrderId, &OrderView)> {
        self.orders.iter().map(|(&id, order)| (id, order))
    }

    /// The outbox: open orders that nobody has acknowledged. They are delivered again after a restart.
    pub fn outbox(&self) -> impl Iterator<Item = (OrderId, &OrderView)> {
        self.orders()
            .filter(|(_, order)| order.state == OrderState::Issued)
    }

    /// An open incident.
    pub fn incident(&self, incident: IncidentId) -> Option<&IncidentView> {
        self.incidents.get(&incident)
    }

    /// All open incidents.
    pub fn incidents(&self) -> impl Iterator<Item = (IncidentId, &IncidentView)> {
        self.incidents.iter().map(|(&id, incident)| (id, incident))
    }

    /// Numbers that only grow.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How calls add up at [`View::sequence`].
    pub fn conservation(&self) -> Conservation {
        let outcome = |outcome| self.counters.outcomes.get(&outcome).copied().unwrap_or(0);
        Conservation {
            accepted: self.counters.outcomes.values().sum::<u64>() + self.refused_calls,
            ordered: outcome(Outcome::Ordered),
            merged: outcome(Outcome::Merged),
            forwarded: outcome(Outcome::Forwarded),
            work_order: outcome(Outcome::WorkOrder),
            human: outcome(Outcome::Human),
            waiting: outcome(Outcome::Waiting),
            refused: self.refused_calls,
            repeated: self.counters.repeated,
            conflicts: self.counters.conflicts,
            needs_waiting: self.waiting.len() as u64,
            incidents_open: self.incidents.len() as u64,
            orders_open: self.orders.len() as u64,
        }
    }

    /// Takes in the next record.
    pub fn hear(&mut self, released: &ReleasedRecord) {
        let record = &released.record;
        self.sequence = released.sequence;
        self.now = record.at;
        let command = &record.envelope.command;
        for (index, event) in record.events.iter().enumerate() {
            self.hear_of_call(event, command);
            self.hear_of_incident(event, record.at);
            self.hear_of_unit(event, command);
            self.hear_of_order(event, released, index as u32);
            self.count(event);
        }
    }

    fn hear_of_call(&mut self, event: &Event, command: &Command) {
        if let Event::CentreOpened(opening) = event {
            self.clock = Some(opening.clock);
        } else if let Event::CallRepeated { conflict, .. } = event {
            self.counters.repeated += 1;
            self.counters.conflicts += u64::from(*conflict);
        } else if let Event::CallDecided { outcome, .. } = event {
            *self.counters.outcomes.entry(*outcome).or_default() += 1;
        } else if let (Event::Refused(_), Command::TakeCall(_)) = (event, command) {
            self.refused_calls += 1;
        }
    }

    fn hear_of_incident(&mut self, event: &Event, at: Moment) {
        if let Event::IncidentOpened {
            incident,
            kind,
            place,
            ..
        } = *event
        {
            self.incidents.insert(
                incident,
                IncidentView {
                    kind,
                    place,
                    opened_at: at,
                    calls: 1,
                },
            );
            self.counters.incidents_opened += 1;
        } else if let Event::IncidentJoined { incident, .. } = *event {
            self.incidents
                .entry(incident)
                .and_modify(|known| known.calls += 1);
        } else if let Event::IncidentRaised { incident, kind, .. } = *event {
            self.incidents
                .entry(incident)
                .and_modify(|known| known.kind = kind);
        } else if let Event::IncidentPlaced { incident, place } = *event {
            self.incidents
                .entry(incident)
                .and_modify(|known| known.place = Some(place));
        } else if let Event::IncidentClosed { incident, reason } = *event {
            self.incidents.remove(&incident);
            *self.counters.incidents_closed.entry(reason).or_default() += 1;
        } else if let Event::NeedWaits {
            incident,
            need,
            shortage,
            ..
        } = *event
        {
            if shortage.is_for_want_of_a_unit() {
                self.waiting.insert((incident, need));
            } else {
                self.waiting.remove(&(incident, need));
            }
        } else if let Event::NeedDropped { incident, need } = *event {
            self.waiting.remove(&(incident, need));
        }
    }

    fn hear_of_unit(&mut self, event: &Event, command: &Command) {
        if let (Event::UnitDefined { unit }, Command::DefineUnit(definition)) = (event, command) {
            self.define(*unit, *definition);
        } else if let Event::UnitMoved { unit, point } = *event {
            self.units
                .entry(unit)
                .and_modify(|known| known.point = point);
        } else if let Event::UnitDutyChanged {
            unit,
            duty,
            strength,
        } = *event
        {
            self.units.entry(unit).and_modify(|known| {
                known.duty = duty;
                known.definition.strength = strength;
            });
        } else if let Event::UnitSilent { unit } = *event {
            self.units
                .entry(unit)
                .and_modify(|known| known.silent = true);
        } else if let Event::UnitHeard { unit } = *event {
            self.units
                .entry(unit)
                .and_modify(|known| known.silent = false);
        }
    }

    fn define(&mut self, unit: UnitId, definition: UnitDefinition) {
        self.names.insert(definition.name.to_string(), unit);
        let fresh = UnitView {
            definition,
            point: definition.post,
            duty: Duty::OnCall,
            silent: false,
            open_orders: 0,
        };
        self.units
            .entry(unit)
            .and_modify(|known| {
                // A unit that stands at its post moves with it.
                if known.point == known.definition.post {
                    known.point = definition.post;
                }
                known.definition = definition;
            })
            .or_insert(fresh);
    }

    fn hear_of_order(&mut self, event: &Event, released: &ReleasedRecord, index: u32) {
        if let Event::OrderIssued(issued) = *event {
            let event = EventId {
                centre: issued.order.centre(),
                sequence: released.sequence,
                index,
            };
            let order = OrderView {
                issued,
                event,
                at: released.record.at,
                state: OrderState::Issued,
                rung: Rung::Primary,
            };
            self.orders.insert(issued.order, order);
            self.waiting.remove(&(issued.incident, issued.need));
            self.units
                .entry(issued.unit)
                .and_modify(|unit| unit.open_orders += 1);
            self.counters.orders_issued += 1;
        } else if let Event::OrderMoved {
            order, unit, to, ..
        } = *event
        {
            *self.counters.orders_moved.entry(to).or_default() += 1;
            if to.is_open() {
                self.orders
                    .entry(order)
                    .and_modify(|known| known.state = to);
            } else {
                self.orders.remove(&order);
                self.units
                    .entry(unit)
                    .and_modify(|unit| unit.open_orders = unit.open_orders.saturating_sub(1));
            }
        } else if let Event::LadderClimbed { order, rung, .. } = *event {
            self.orders
                .entry(order)
                .and_modify(|known| known.rung = rung);
            *self.counters.rungs.entry(rung).or_default() += 1;
        }
    }

    fn count(&mut self, event: &Event) {
        if let Event::ClockMet { clock, .. } = *event {
            *self.counters.clocks_met.entry(clock).or_default() += 1;
        } else if let Event::ClockMissed { clock, .. } = *event {
            *self.counters.clocks_missed.entry(clock).or_default() += 1;
        } else if let Event::LedgerEntered { matter, .. } = *event {
            *self.counters.ledger.entry(matter).or_default() += 1;
        } else if let Event::Refused(refusal) = *event {
            *self.counters.refusals.entry(refusal).or_default() += 1;
        }
    }
}
