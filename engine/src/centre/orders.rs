//! The life of an order: reports of units, clocks that stop, needs that are met, units that come free.
//!
//! All status is on the order (S2). A later report is legal from any open state; what it skipped is entered as
//! missing (X3). A refused transition is an event and changes nothing.

use super::Desk;
use super::needs::Seek;
use super::state::{DueOf, present, unit_index};
use crate::command::{Actor, OrderReport};
use crate::event::{Event, LedgerMatter, Refusal};
use crate::id::{OrderId, UnitId};
use crate::incident::{CloseReason, IncidentState, NeedState};
use crate::limits::ASKED_PER_NEED_MAX;
use crate::moment::Moment;
use crate::order::{Order, OrderAct, OrderClock, OrderState, Rung, Step, StepSet};
use crate::table::Slot;

impl Desk<'_> {
    /// What is said of an order.
    pub(super) fn report(&mut self, actor: Actor, report: OrderReport) {
        let Some(slot) = self.state.order_slot(report.order) else {
            return self.refuse(Refusal::UnknownOrder);
        };
        let order = *self.state.order(slot);
        let of_the_centre = match report.act {
            OrderAct::Acknowledge
            | OrderAct::Decline
            | OrderAct::SetOff
            | OrderAct::Arrive
            | OrderAct::Finish => false,
            OrderAct::Cancel | OrderAct::Reassign | OrderAct::Preempt => true,
        };
        match actor {
            Actor::Unit(unit) if unit != order.unit || of_the_centre => {
                return self.refuse(Refusal::NotYours);
            }
            Actor::Unit(_) | Actor::Dispatcher(_) | Actor::Carrier(_) | Actor::System => {}
        }
        let heard = !of_the_centre && self.hear(unit_index(order.unit));
        if order
            .state
            .after(report.act, self.travels(order.unit))
            .is_some()
        {
            self.advance(slot, report.act);
        } else {
            self.refuse(Refusal::NotAllowedNow);
        }
        if heard {
            self.serve_waiting(order.unit);
        }
    }

    fn travels(&self, unit: UnitId) -> bool {
        self.state.units[unit_index(unit) as usize]
            .definition
            .travels()
    }

    /// Carries out a legal act.
    fn advance(&mut self, slot: Slot, act: OrderAct) {
        let order = *self.state.order(slot);
        let incident = present(self.state.incident_slot(order.incident));
        match act {
            OrderAct::Acknowledge => {
                self.step(slot, act);
                if !self.travels(order.unit) {
                    self.meet_need(incident, order.need);
                }
            }
            OrderAct::SetOff => self.step(slot, act),
            OrderAct::Arrive => {
                self.step(slot, act);
                self.put_at_incident(order.unit, incident);
                self.meet_need(incident, order.need);
            }
            OrderAct::Finish => {
                if order.state != OrderState::Arrived {
                    self.put_at_incident(order.unit, incident);
                }
                self.end_order(slot, act);
                self.finish_need(incident, order.need);
                self.serve_waiting(order.unit);
            }
            OrderAct::Decline => {
                self.end_order(slot, act);
                self.enter(slot, LedgerMatter::Declined, self.state.now);
                self.seek_next(incident, order.need, slot);
                self.serve_waiting(order.unit);
            }
            OrderAct::Cancel => {
                self.end_order(slot, act);
                self.drop_need(incident, order.need);
                self.close_if_served(incident);
                self.serve_waiting(order.unit);
            }
            // Nobody reports that; the need that calls a unit away does it.
            OrderAct::Preempt => self.refuse(Refusal::NotAllowedNow),
            OrderAct::Reassign => {
                self.end_order(slot, act);
                self.seek_next(incident, order.need, slot);
                self.serve_waiting(order.unit);
            }
        }
    }

    /// Moves an order on, stops the clocks that this answers, enters what was skipped.
    fn step(&mut self, slot: Slot, act: OrderAct) {
        let order = *self.state.order(slot);
        let travels = self.travels(order.unit);
        let to = present(order.state.after(act, travels));
        let missing = order.state.skipped(to, travels);
        self.state.order_mut(slot).state = to;
        let id = self.state.order_id(slot);
        self.say(Event::OrderMoved {
            order: id,
            unit: order.unit,
            from: order.state,
            to,
            missing,
        });
        self.enter_missing(slot, &order, missing);
        for &clock in to.stops() {
            let stopped = self.state.order_mut(slot).deadlines.slot(clock).take();
            // Once the ladder climbs, the slot holds its next rung: the clock itself was missed and fires no more.
            let fired = clock == OrderClock::Acknowledge && order.rung != Rung::Primary;
            if let Some(due) = stopped.filter(|_| !fired) {
                self.say(Event::ClockMet {
                    order: id,
                    clock,
                    due,
                });
            }
        }
        self.arm(slot);
        self.rebind(unit_index(order.unit));
    }

    /// X3: a missing report is a breach, never a silent close.
    fn enter_missing(&mut self, slot: Slot, order: &Order, missing: StepSet) {
        for step in missing.iter() {
            let (matter, clock) = match step {
                Step::Acknowledged => (
                    LedgerMatter::MissingAcknowledgement,
                    OrderClock::Acknowledge,
                ),
                Step::SetOff => (LedgerMatter::MissingSetOff, OrderClock::SetOff),
                Step::Arrived => (LedgerMatter::MissingArrival, OrderClock::Arrive),
            };
            let due = order.deadlines.get(clock).unwrap_or(self.state.now);
            self.enter(slot, matter, due);
        }
    }

    /// X16: the ledger of inaction.
    pub(super) fn enter(&mut self, slot: Slot, matter: LedgerMatter, due: Moment) {
        let order = self.state.order_id(slot);
        let unit = self.state.order(slot).unit;
        self.say(Event::LedgerEntered {
            order,
            unit,
            matter,
            due,
        });
    }

    /// Ends an order and frees its unit; what becomes of the need is the caller's.
    pub(super) fn end_order(&mut self, slot: Slot, act: OrderAct) -> UnitId {
        self.step(slot, act);
        let order = *self.state.order(slot);
        self.state.order_mut(slot).deadlines = Default::default();
        let node = self.state.node(DueOf::Order(slot));
        self.state.wheel.disarm(node);
        self.state.conservation.orders_open -= 1;
        if let Some(incident) = self.state.incident_slot(order.incident) {
            self.state.incident_mut(incident).orders_open -= 1;
        }
        let index = unit_index(order.unit);
        self.unlink(index, self.state.order_id(slot), order.beside);
        let unit = &mut self.state.units[index as usize];
        unit.open_orders -= 1;
        self.refresh(index);
        order.unit
    }

    /// Takes an order out of its unit's list; a list is as long as the unit's capacity.
    fn unlink(&mut self, unit: u32, order: OrderId, beside: Option<OrderId>) {
        let newest = self.state.units[unit as usize].order;
        if newest == Some(order) {
            self.state.units[unit as usize].order = beside;
            return;
        }
        let mut at = newest;
        while let Some(slot) = at.and_then(|id| self.state.order_slot(id)) {
            let known = self.state.order_mut(slot);
            if known.beside == Some(order) {
                known.beside = beside;
                return;
            }
            at = known.beside;
        }
    }

    fn put_at_incident(&mut self, unit: UnitId, incident: Slot) {
        let place = self.state.incident(incident).place;
        if let (true, Some(place)) = (self.travels(unit), place) {
            self.put(unit_index(unit), place.point);
        }
    }

    /// S1: the need is met by the first unit that satisfies it.
    fn meet_need(&mut self, slot: Slot, need: u8) {
        let incident = self.state.incident_id(slot);
        if let Some(known) = self.state.incident_mut(slot).needs.get_mut(need) {
            known.state = NeedState::Met;
            self.say(Event::NeedMet { incident, need });
        }
    }

    fn finish_need(&mut self, slot: Slot, need: u8) {
        let incident = self.state.incident_id(slot);
        if let Some(known) = self.state.incident_mut(slot).needs.get_mut(need) {
            known.state = NeedState::Done;
            self.say(Event::NeedDone { incident, need });
        }
        self.close_if_served(slot);
    }

    /// Closes an incident all of whose needs are done with.
    pub(super) fn close_if_served(&mut self, slot: Slot) {
        let incident = self.state.incident(slot);
        let done = |state| match state {
            NeedState::Done | NeedState::Dropped => true,
            NeedState::Waiting | NeedState::Ordered | NeedState::Met => false,
        };
        let served = incident.needs.iter().all(|(_, need)| done(need.state));
        if incident.state == IncidentState::Open && incident.orders_open == 0 && served {
            self.close_by_itself(slot, CloseReason::Served);
        }
    }

    /// Looks for the next unit after one has said no, or nothing.
    pub(super) fn seek_next(&mut self, incident: Slot, need: u8, order: Slot) {
        let asked = present(self.state.incident(incident).needs.get(need)).asked;
        // After so many the round begins anew, and whoever said no may be asked again.
        let previous = (asked < ASKED_PER_NEED_MAX).then(|| self.state.order_id(order));
        if let Some(known) = self.state.incident_mut(incident).needs.get_mut(need) {
            known.order = previous;
            if previous.is_none() {
                known.asked = 0;
            }
        }
        self.seek(incident, need, Seek { previous });
    }
}
