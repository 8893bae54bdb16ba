//! What is due: shifts of units, reviews of incidents, clocks of orders. Each deadline fires once, the earliest first; of
//! equal ones units before incidents before orders before what major incidents owe, and within these by where they stand.

use super::Model;
use super::major::nearest_owed;
use super::orders::nearest_clock;
use engine::event::{Event, LedgerMatter};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::{CloseReason, NeedState, Shortage};
use engine::moment::{Moment, Span};
use engine::order::{OrderAct, OrderClock, Rung};

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Unit(UnitId),
    Incident(IncidentId),
    Order(OrderId),
    /// What an incident owes because it is major.
    Major(IncidentId),
}

impl Model {
    /// Every deadline that runs, with the two numbers that decide between equal ones.
    pub(super) fn deadlines(&self) -> Vec<(Moment, u8, u32, Owner)> {
        let units = (0..).zip(self.unit_ids().zip(&self.units));
        let units =
            units.filter_map(|(place, (id, unit))| Some((unit.due?, 0, place, Owner::Unit(id))));
        let incidents = self.incidents.iter().filter_map(|known| {
            Some((known.due?, 1, known.place_number, Owner::Incident(known.id)))
        });
        let orders = self.orders.iter();
        let orders = orders
            .filter_map(|known| Some((known.due?, 2, known.place_number, Owner::Order(known.id))));
        let majors = self.incidents.iter();
        let majors = majors.filter_map(|known| {
            let (due, _) = nearest_owed(&known.owes)?;
            let due = due + Span(1);
            Some((due, 3, known.place_number, Owner::Major(known.id)))
        });
        units.chain(incidents).chain(orders).chain(majors).collect()
    }

    /// Lets everything that is due happen, as far as one command may.
    pub(super) fn tick(&mut self) {
        while self.may_follow_up() {
            let first = self
                .deadlines()
                .into_iter()
                .min_by_key(|&(due, class, place, _)| (due, class, place));
            let Some((_, _, _, owner)) = first.filter(|&(due, ..)| due <= self.now) else {
                break;
            };
            self.follow_ups += 1;
            match owner {
                Owner::Unit(unit) => {
                    self.unit_mut(unit).due = None;
                    self.shift_changes(unit);
                }
                Owner::Incident(incident) => {
                    self.incident_mut(incident).due = None;
                    self.review(incident);
                }
                Owner::Major(incident) => self.major_clock_runs_out(incident),
                Owner::Order(order) => {
                    self.order_mut(order).due = None;
                    self.clock_runs_out(order);
                }
            }
        }
        self.continues = self.next_due().is_some_and(|due| due <= self.now);
    }

    /// An incident of which nothing was heard for the plan's span and that has no open order is closed. Otherwise needs
    /// that everybody declined, or that found no room, are brought up again, and with them all that wait.
    fn review(&mut self, id: IncidentId) {
        let lapse_span = self.plan_in_force().lapse;
        let lapse = self.incident(id).heard_at + lapse_span;
        let mut next = lapse;
        if lapse <= self.now {
            next = self.now + lapse_span;
        }
        if lapse <= self.now && self.open_orders_of(id) == 0 {
            let (by_a_person, now) = (self.needs_follow_up(id), self.now);
            if !by_a_person || !self.incident(id).attended {
                if by_a_person {
                    self.enter_of_incident(id, LedgerMatter::MissingFollowUp, now);
                }
                return self.close(id, CloseReason::Lapsed);
            }
            // It is said at most once in so long, whatever else it is looked at for.
            match self.incident(id).close_said_at {
                Some(said) if said + lapse_span > now => next = said + lapse_span,
                Some(_) | None => self.await_close(id, CloseReason::Lapsed),
            }
        }
        let incident = self.incident_mut(id);
        incident.due = Some(next);
        let mut brought_up = false;
        for need in &mut incident.needs {
            if need.state != NeedState::Waiting {
                continue;
            }
            if need.shortage == Shortage::AllAsked {
                // A new round: whoever said no may be asked again.
                (need.order, need.asked) = (None, 0);
            }
            brought_up |= matches!(need.shortage, Shortage::AllAsked | Shortage::NoRoom);
        }
        if brought_up {
            self.seek_all_waiting(id);
        }
    }

    fn clock_runs_out(&mut self, id: OrderId) {
        let Some((due, clock)) = nearest_clock(&self.order(id).deadlines) else {
            return;
        };
        let matter = match clock {
            OrderClock::Acknowledge => return self.climb(id, due),
            OrderClock::SetOff => LedgerMatter::LateSetOff,
            OrderClock::Muster => LedgerMatter::LateMuster,
            OrderClock::Arrive => LedgerMatter::LateArrival,
            OrderClock::Result => LedgerMatter::LateResult,
        };
        self.miss(id, clock, due, matter);
        *self.order_mut(id).deadlines.slot(clock) = None;
        self.await_clocks(id);
    }

    fn miss(&mut self, order: OrderId, clock: OrderClock, due: Moment, matter: LedgerMatter) {
        self.say(Event::ClockMissed { order, clock, due });
        self.enter(order, matter, due);
    }

    /// X11: nobody acknowledged. Primary → deputy → duty leader → the next unit. The clock is missed at the first step only.
    fn climb(&mut self, id: OrderId, due: Moment) {
        let order = *self.order(id);
        if order.rung == Rung::Primary {
            self.miss(
                id,
                OrderClock::Acknowledge,
                due,
                LedgerMatter::NoAcknowledgement,
            );
        }
        let rung = match order.rung {
            Rung::Primary => Rung::Deputy,
            Rung::Deputy => Rung::DutyLeader,
            Rung::DutyLeader | Rung::NextUnit => Rung::NextUnit,
        };
        let ends = rung == Rung::NextUnit;
        let next_due = (!ends).then_some(due + self.plan_in_force().rung);
        let climbing = self.order_mut(id);
        climbing.rung = rung;
        climbing.deadlines.acknowledge = next_due;
        self.await_clocks(id);
        self.say(Event::LadderClimbed {
            order: id,
            unit: order.unit,
            rung,
            next_due,
        });
        if ends {
            self.pass_on(id);
        }
    }

    /// The ladder has run out: the unit is silent, and the order goes to the next. A desk beside which no other could take
    /// it keeps its order.
    fn pass_on(&mut self, id: OrderId) {
        let order = *self.order(id);
        if !self.unit(order.unit).travels() && !self.another_desk_is_free(&order) {
            return;
        }
        self.enter(id, LedgerMatter::PassedOn, self.now);
        self.unit_mut(order.unit).silent = true;
        self.say(Event::UnitSilent { unit: order.unit });
        self.end_order(id, OrderAct::Reassign);
        self.seek_next(order.incident, order.need, id);
    }

    /// An order is due a millisecond after its nearest deadline: a report at the deadline itself is in time.
    pub(super) fn await_clocks(&mut self, id: OrderId) {
        let order = self.order_mut(id);
        order.due = nearest_clock(&order.deadlines).map(|(due, _)| due + Span(1));
    }
}
