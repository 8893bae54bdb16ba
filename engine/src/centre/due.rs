//! Clocks run out: orders that nobody acknowledged, units that did not leave or arrive, incidents nobody speaks of,
//! shifts that begin and end. Each deadline fires once, in the order of (deadline, owner); an order's a millisecond after it,
//! so that a report at the deadline is in time.

use super::Desk;
use super::state::{DueOf, present, unit_index};
use crate::event::{Event, LedgerMatter};
use crate::incident::{CloseReason, IncidentState, NeedState, Shortage};
use crate::moment::{Moment, Span};
use crate::order::{OrderAct, OrderClock, Rung};
use crate::table::Slot;

/// After so long a need that somebody declined and nobody else could take, or that found no room, is brought up again.
pub(super) const ASK_AGAIN: Span = Span::minutes(5);

impl Desk<'_> {
    /// Lets everything that is due happen, as far as one command may.
    pub(super) fn tick(&mut self) {
        while self.may_follow_up() {
            let Some((node, _)) = self.state.wheel.pop(self.state.now) else {
                break;
            };
            self.follow_ups += 1;
            match self.state.due_of(node) {
                DueOf::Unit(index) => self.look_at_unit(index),
                DueOf::Incident(slot) => self.review(slot),
                DueOf::Order(slot) => self.clock_runs_out(slot),
                DueOf::Major(slot) => self.major_clock_runs_out(slot),
            }
        }
        let next = self.state.wheel.next_due();
        self.continues = next.is_some_and(|due| due <= self.state.now);
    }

    /// An incident is looked at again: needs that everybody declined are brought up, silence of a day closes it.
    fn review(&mut self, slot: Slot) {
        let incident = *self.state.incident(slot);
        if incident.state == IncidentState::Closed {
            return;
        }
        let (now, span) = (self.state.now, self.finder.plan.lapse);
        let lapse = incident.heard_at + span;
        let lapsed = lapse <= now && incident.orders_open == 0;
        let waits_for_a_person = self.needs_follow_up(slot);
        if lapsed && !(waits_for_a_person && incident.attended) {
            return self.let_lapse(slot);
        }
        // X5: never silently; it is said again each time that nothing was heard of it, and nothing said, for so long.
        let reminder = incident
            .close_said_at
            .map_or(lapse, |said| lapse.max(said + span));
        let next = if lapsed && reminder <= now {
            self.await_close(slot, CloseReason::Lapsed);
            now + span
        } else if lapsed {
            reminder
        } else if lapse <= now {
            now + span
        } else {
            lapse
        };
        let node = self.state.node(DueOf::Incident(slot));
        self.state.wheel.arm(node, next);
        if self.begin_round(slot) {
            self.seek_all_waiting(slot);
        }
    }

    /// A new round of asking: whoever said no to a need may be asked again.
    fn begin_round(&mut self, slot: Slot) -> bool {
        let mut begun = false;
        for need in 0..self.state.incident(slot).needs.len() as u8 {
            let Some(need) = self.state.incident_mut(slot).needs.get_mut(need) else {
                continue;
            };
            if need.state != NeedState::Waiting || !need.shortage.is_brought_up_again() {
                continue;
            }
            begun = true;
            if need.shortage == Shortage::AllAsked {
                (need.order, need.asked) = (None, 0);
            }
        }
        begun
    }

    fn clock_runs_out(&mut self, slot: Slot) {
        let Some((clock, due)) = self.state.order(slot).deadlines.nearest() else {
            return;
        };
        match clock {
            OrderClock::Acknowledge => return self.climb(slot, due),
            OrderClock::SetOff => self.miss(slot, clock, due, LedgerMatter::LateSetOff),
            OrderClock::Muster => self.miss(slot, clock, due, LedgerMatter::LateMuster),
            OrderClock::Arrive => self.miss(slot, clock, due, LedgerMatter::LateArrival),
            OrderClock::Result => self.miss(slot, clock, due, LedgerMatter::LateResult),
        }
        *self.state.order_mut(slot).deadlines.slot(clock) = None;
        self.arm(slot);
    }

    fn miss(&mut self, slot: Slot, clock: OrderClock, due: Moment, matter: LedgerMatter) {
        let order = self.state.order_id(slot);
        self.say(Event::ClockMissed { order, clock, due });
        self.enter(slot, matter, due);
    }

    /// X11: nobody acknowledged. Primary → deputy → duty leader → the next unit.
    fn climb(&mut self, slot: Slot, due: Moment) {
        let known = *self.state.order(slot);
        let (order, unit) = (self.state.order_id(slot), known.unit);
        let rung = match known.rung {
            Rung::Primary => {
                // The clock is missed once; the rungs after it are the ladder's own.
                self.miss(
                    slot,
                    OrderClock::Acknowledge,
                    due,
                    LedgerMatter::NoAcknowledgement,
                );
                Rung::Deputy
            }
            Rung::Deputy => Rung::DutyLeader,
            Rung::DutyLeader | Rung::NextUnit => Rung::NextUnit,
        };
        self.state.order_mut(slot).rung = rung;
        let next_due = (rung != Rung::NextUnit).then(|| due + self.finder.plan.rung);
        self.say(Event::LadderClimbed {
            order,
            unit,
            rung,
            next_due,
        });
        self.state.order_mut(slot).deadlines.acknowledge = next_due;
        if next_due.is_some() {
            return self.arm(slot);
        }
        self.pass_on(slot);
    }

    /// The ladder has run out: the unit counts as silent and the order goes to the next. A desk beside which no other
    /// could take it keeps its order: it is the last resort of its agency, and its result clock runs on.
    fn pass_on(&mut self, slot: Slot) {
        let order = *self.state.order(slot);
        let index = unit_index(order.unit);
        if !self.state.units[index as usize].definition.travels()
            && !self.another_desk_is_free(&order)
        {
            return self.arm(slot);
        }
        self.enter(slot, LedgerMatter::PassedOn, self.state.now);
        self.state.units[index as usize].silent = true;
        self.say(Event::UnitSilent { unit: order.unit });
        self.end_order(slot, OrderAct::Reassign);
        let incident = present(self.state.incident_slot(order.incident));
        self.seek_next(incident, order.need, slot);
    }
}
