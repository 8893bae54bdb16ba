//! The life of an order: what may be reported when, which clocks that answers, what was skipped on the way, and what
//! becomes of the need and of the unit.

use super::Model;
use super::state::{KnownOrder, is_open};
use engine::command::{Actor, OrderReport};
use engine::event::{Event, LedgerMatter, Refusal};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::NeedState;
use engine::limits::ASKED_PER_NEED_MAX;
use engine::moment::Moment;
use engine::order::{Deadlines, OrderAct, OrderClock, OrderState, Rung, Step, StepSet};

/// How far an order has come; an end without a result counts as nothing.
fn progress(state: OrderState) -> u8 {
    match state {
        OrderState::Acknowledged => 1,
        OrderState::SetOff => 2,
        OrderState::Arrived => 3,
        OrderState::Finished => 4,
        OrderState::Issued
        | OrderState::Declined
        | OrderState::Cancelled
        | OrderState::Reassigned
        | OrderState::Preempted => 0,
    }
}

/// Where an act leads; `None` where it is refused. Nothing happens to an order that has ended. Any later report is
/// legal; an earlier or the same one is not. Who has left can decline no more; a desk neither leaves nor arrives.
fn after(state: OrderState, act: OrderAct, travels: bool) -> Option<OrderState> {
    if !is_open(state) {
        return None;
    }
    let (to, legal) = match act {
        OrderAct::Acknowledge => (OrderState::Acknowledged, progress(state) < 1),
        OrderAct::SetOff => (OrderState::SetOff, progress(state) < 2 && travels),
        OrderAct::Arrive => (OrderState::Arrived, progress(state) < 3 && travels),
        OrderAct::Finish => (OrderState::Finished, true),
        OrderAct::Decline => (OrderState::Declined, progress(state) < 2),
        OrderAct::Cancel => (OrderState::Cancelled, true),
        OrderAct::Reassign => (OrderState::Reassigned, true),
        OrderAct::Preempt => (OrderState::Preempted, progress(state) < 3 && travels),
    };
    legal.then_some(to)
}

/// The reports that should have come in between and did not. A desk owes an acknowledgement alone.
fn missing(from: OrderState, to: OrderState, travels: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for (step, reached) in [
        (Step::Acknowledged, 1),
        (Step::SetOff, 2),
        (Step::Arrived, 3),
    ] {
        let owed = travels || step == Step::Acknowledged;
        if owed && progress(from) < reached && reached < progress(to) {
            steps.push(step);
        }
    }
    steps
}

/// How far an order must have come for a clock to be answered, in the order in which clocks are told.
const ANSWERED_AT: [(OrderClock, u8); 5] = [
    (OrderClock::Acknowledge, 1),
    (OrderClock::SetOff, 2),
    (OrderClock::Muster, 2),
    (OrderClock::Arrive, 3),
    (OrderClock::Result, 4),
];

/// The clock of an order that runs out first, of equal ones the first told.
pub(super) fn nearest_clock(deadlines: &Deadlines) -> Option<(Moment, OrderClock)> {
    let running = ANSWERED_AT
        .iter()
        .filter_map(|&(clock, _)| Some((deadlines.get(clock)?, clock)));
    running.min_by_key(|&(due, _)| due)
}

impl Model {
    pub(super) fn report(&mut self, actor: Actor, report: OrderReport) {
        let Some(&order) = self.find_order(report.order) else {
            return self.refuse(Refusal::UnknownOrder);
        };
        let of_the_centre = matches!(
            report.act,
            OrderAct::Cancel | OrderAct::Reassign | OrderAct::Preempt
        );
        if let Actor::Unit(unit) = actor
            && (unit != order.unit || of_the_centre)
        {
            return self.refuse(Refusal::NotYours);
        }
        // Whatever a unit reports, it was heard of; also when the report is refused.
        let heard = !of_the_centre && self.hear(order.unit);
        let travels = self.unit(order.unit).travels();
        match after(order.state, report.act, travels) {
            Some(_) => self.advance(&order, report.act),
            None => self.refuse(Refusal::NotAllowedNow),
        }
        if heard {
            self.serve_waiting(order.unit);
        }
    }

    /// Carries out a legal act.
    fn advance(&mut self, order: &KnownOrder, act: OrderAct) {
        let KnownOrder {
            id,
            incident,
            need,
            unit,
            ..
        } = *order;
        match act {
            OrderAct::SetOff => self.step(id, act),
            OrderAct::Acknowledge => {
                self.step(id, act);
                if !self.unit(unit).travels() {
                    self.meet_need(incident, need);
                }
            }
            OrderAct::Arrive => {
                self.step(id, act);
                self.put_at(unit, incident);
                self.meet_need(incident, need);
            }
            OrderAct::Finish => {
                if order.state != OrderState::Arrived {
                    self.put_at(unit, incident);
                }
                self.end_order(id, act);
                self.need_mut(incident, need).state = NeedState::Done;
                self.say(Event::NeedDone { incident, need });
                self.close_if_served(incident);
                self.serve_waiting(unit);
            }
            OrderAct::Decline => {
                self.end_order(id, act);
                self.enter(id, LedgerMatter::Declined, self.now);
                self.seek_next(incident, need, id);
                self.serve_waiting(unit);
            }
            OrderAct::Cancel => {
                self.end_order(id, act);
                self.drop_need(incident, need);
                self.close_if_served(incident);
                self.serve_waiting(unit);
            }
            // Nobody reports that.
            OrderAct::Preempt => self.refuse(Refusal::NotAllowedNow),
            OrderAct::Reassign => {
                self.end_order(id, act);
                self.seek_next(incident, need, id);
                self.serve_waiting(unit);
            }
        }
    }

    /// Moves an order on: says so, enters what was skipped (X3), and answers the clocks that this answers.
    fn step(&mut self, id: OrderId, act: OrderAct) {
        let before = *self.order(id);
        let travels = self.unit(before.unit).travels();
        let to = super::known(after(before.state, act, travels));
        let skipped = missing(before.state, to, travels);
        self.order_mut(id).state = to;
        self.say(Event::OrderMoved {
            order: id,
            unit: before.unit,
            from: before.state,
            to,
            missing: skipped
                .iter()
                .copied()
                .fold(StepSet::default(), StepSet::with),
        });
        for step in skipped {
            let (matter, clock) = match step {
                Step::Acknowledged => (
                    LedgerMatter::MissingAcknowledgement,
                    OrderClock::Acknowledge,
                ),
                Step::SetOff => (LedgerMatter::MissingSetOff, OrderClock::SetOff),
                Step::Arrived => (LedgerMatter::MissingArrival, OrderClock::Arrive),
            };
            let due = before.deadlines.get(clock).unwrap_or(self.now);
            self.enter(id, matter, due);
        }
        for (clock, reached) in ANSWERED_AT {
            if progress(to) < reached {
                continue;
            }
            let answered = self.order_mut(id).deadlines.slot(clock).take();
            // A ladder that climbs has missed its clock already; what runs then is the next rung.
            let climbing = clock == OrderClock::Acknowledge && before.rung != Rung::Primary;
            if let Some(due) = answered.filter(|_| !climbing) {
                self.say(Event::ClockMet {
                    order: id,
                    clock,
                    due,
                });
            }
        }
        self.await_clocks(id);
    }

    /// X16: the ledger has one more entry.
    pub(super) fn enter(&mut self, order: OrderId, matter: LedgerMatter, due: Moment) {
        let unit = self.order(order).unit;
        self.say(Event::LedgerEntered {
            order,
            unit,
            matter,
            due,
        });
    }

    /// Ends an order; its clocks end with it. Its unit is free by that alone.
    pub(super) fn end_order(&mut self, id: OrderId, act: OrderAct) {
        self.step(id, act);
        let ended = self.order_mut(id);
        ended.deadlines = Deadlines::default();
        ended.due = None;
    }

    /// A unit that travels is where it was sent.
    fn put_at(&mut self, unit: UnitId, incident: IncidentId) {
        if let (true, Some(place)) = (self.unit(unit).travels(), self.incident(incident).place) {
            self.put(unit, place.point);
        }
    }

    /// S1: the need is met by the first unit that satisfies it.
    fn meet_need(&mut self, incident: IncidentId, need: u8) {
        self.need_mut(incident, need).state = NeedState::Met;
        self.say(Event::NeedMet { incident, need });
    }

    /// Looks for the next unit. After eight orders the round begins anew, and whoever said no may be asked again.
    pub(super) fn seek_next(&mut self, incident: IncidentId, need: u8, ended: OrderId) {
        let known = self.need_mut(incident, need);
        known.order = Some(ended);
        if known.asked >= ASKED_PER_NEED_MAX {
            (known.order, known.asked) = (None, 0);
        }
        let previous = known.order;
        self.seek(incident, need, previous);
    }
}
