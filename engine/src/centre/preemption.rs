//! Calling a unit away from what is less urgent (R2).
//!
//! A unit that is on its way to something less urgent may be sent where it is needed more, where the plan lets that priority take
//! from the other, and it is there so much sooner than whoever is free. Whoever is at a scene stays there, whoever was sent by a
//! person too. The incident that loses its unit is searched for again in the same step, its arrival clock running on; it loses a
//! unit so often and no more.

use super::Desk;
use super::index::Finder;
use super::needs::{Chosen, Declined};
use super::pool::Search;
use super::state::{State, present, unit_index};
use crate::capability::Capability;
use crate::event::{Choice, Event};
use crate::id::OrderId;
use crate::incident::NeedState;
use crate::kind::Priority;
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::order::{OrderAct, OrderState};
use crate::plan::PreemptionRules;
use crate::table::Slot;

/// Bits of what a bound unit can do that say how urgent that is which it would leave; capabilities are below them.
const URGENCY: u32 = 60;
const _: () = assert!(Capability::ALL.len() <= URGENCY as usize);

/// What a bound unit offers: what it can do, and what it would leave for that.
pub(super) const fn offer(capabilities: u64, leaves: Priority) -> u64 {
    capabilities | 1 << (URGENCY + leaves.number() as u32 - 1)
}

impl State {
    /// Lets an index know of every unit what it could be called away from.
    pub fn bind_all(&self, finder: &mut Finder) {
        for (index, unit) in (0..).zip(&self.units) {
            let leaves = self.could_leave(index, &finder.plan.preemption);
            finder.bind(index, unit, leaves);
        }
    }

    /// How urgent that is which a unit could be called away from; `None` where it stays with what it has.
    pub fn could_leave(&self, index: u32, rules: &PreemptionRules) -> Option<Priority> {
        let unit = self.units.get(index as usize)?;
        if rules.is_empty() || !unit.is_ready() || unit.definition.capacity != 1 {
            return None;
        }
        let order = self.order(self.order_slot(unit.order?)?);
        let under_way = match order.state {
            OrderState::Issued | OrderState::Acknowledged | OrderState::SetOff => true,
            OrderState::Arrived
            | OrderState::Finished
            | OrderState::Declined
            | OrderState::Cancelled
            | OrderState::Reassigned
            | OrderState::Preempted => false,
        };
        let incident = self.incident(self.incident_slot(order.incident)?);
        let priority = incident.priority();
        let may = under_way
            && !order.by_hand
            && incident.bumps < rules.bumps_max
            && rules.can_lose(priority);
        may.then_some(priority)
    }
}

impl Desk<'_> {
    /// Takes in whether a unit may be ordered, or called away, now.
    pub(super) fn refresh(&mut self, index: u32) {
        let unit = &self.state.units[index as usize];
        self.finder.refresh(index, unit);
        self.rebind(index);
    }

    /// Takes in whether a unit could be called away now.
    pub(super) fn rebind(&mut self, index: u32) {
        let leaves = self.state.could_leave(index, &self.finder.plan.preemption);
        self.finder
            .bind(index, &self.state.units[index as usize], leaves);
    }

    /// The same for all units that are out for an incident: it is more or less urgent than it was, or has lost a unit.
    pub(super) fn rebind_all_of(&mut self, slot: Slot) {
        if self.finder.plan.preemption.is_empty() {
            return;
        }
        for need in 0..self.state.incident(slot).needs.len() as u8 {
            let known = *present(self.state.incident(slot).needs.get(need));
            let served = matches!(known.state, NeedState::Ordered | NeedState::Met);
            let order = known.order.filter(|_| served);
            if let Some(order) = order.and_then(|order| self.state.order_slot(order)) {
                self.rebind(unit_index(self.state.order(order).unit));
            }
        }
    }

    /// Who should be called away for a need, beside whoever is free for it.
    pub(super) fn whom_to_call_away(
        &mut self,
        slot: Slot,
        capability: Capability,
        declined: &Declined,
        free: Option<Chosen>,
    ) -> Option<Chosen> {
        let incident = self.state.incident(slot);
        let (priority, place) = (incident.priority(), incident.place?);
        let rules = self.finder.plan.preemption;
        if capability.is_desk() {
            return None;
        }
        let search = Search {
            priority,
            to: place.point,
            capability,
        };
        let state = &*self.state;
        let may_go = |unit: u32| !declined.contains(state.unit_id(unit));
        let found = rules
            .takes_from(priority)
            .filter_map(|from| self.finder.soonest_bound(search, from, may_go));
        let found = found.min_by_key(|found| found.rank())?;
        let gained = free.is_none_or(|free| {
            found.total_ms().saturating_add(rules.least_gain_ms) <= free.total_ms()
        });
        gained.then_some(Chosen {
            unit: found.unit,
            travel_ms: found.travel_ms,
            turnout_ms: found.turnout_ms,
            choice: Choice::Preemption,
        })
    }

    /// Calls a unit away for a need, and looks again at once for whom it leaves.
    pub(super) fn call_away(
        &mut self,
        slot: Slot,
        need: u8,
        called: Chosen,
        previous: Option<OrderId>,
    ) {
        let id = present(self.state.units[called.unit as usize].order);
        let order_slot = present(self.state.order_slot(id));
        let order = *self.state.order(order_slot);
        let loser = present(self.state.incident_slot(order.incident));
        self.say(Event::UnitPreempted {
            unit: order.unit,
            order: id,
            from: order.incident,
            into: self.state.incident_id(slot),
        });
        let lost = self.state.incident_mut(loser);
        lost.bumps += 1;
        if let Some(need) = lost.needs.get_mut(order.need) {
            // Its clock runs on, whoever comes in the end.
            need.owed = need.owed.or(order.deadlines.arrive);
        }
        self.end_order(order_slot, OrderAct::Preempt);
        self.issue(slot, need, called, previous);
        self.rebind_all_of(loser);
        self.seek_next(loser, order.need, order_slot);
    }

    /// An incident has become more urgent: what it waits for may be called away from others now.
    pub(super) fn call_away_for_waiting(&mut self, slot: Slot) {
        let priority = self.state.incident(slot).priority();
        let rules = self.finder.plan.preemption;
        if rules.takes_from(priority).next().is_none() {
            return;
        }
        for need in 0..NEEDS_PER_INCIDENT_MAX as u8 {
            let incident = self.state.incident(slot);
            let Some(&known) = incident.needs.get(need) else {
                return;
            };
            let waits = known.state == NeedState::Waiting && known.shortage.is_for_want_of_a_unit();
            if !waits || self.hindrance(incident, known.capability).is_some() {
                continue;
            }
            let declined = self.declined(known.order);
            let called = self.whom_to_call_away(slot, known.capability, &declined, None);
            if let Some(called) = called
                && self.make_room_for_an_order()
            {
                self.call_away(slot, need, called, known.order);
            }
        }
    }
}
