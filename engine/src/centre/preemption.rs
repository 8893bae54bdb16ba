//! Calling a unit away from what is less urgent (R2).
//!
//! A unit that is on its way to something less urgent may be sent where it is needed more, where the plan lets that priority take
//! from the other, and it is there so much sooner than whoever is free. Whoever is at a scene stays there, whoever was sent by a
//! person too. The incident that loses its unit is searched for again in the same step, its arrival clock running on; it loses a
//! unit so often and no more.

use super::Desk;
use super::index::Finder;
use super::needs::{Chosen, Declined};
use super::pool::{Reached, Search};
use super::state::{State, present, unit_index};
use crate::capability::Capability;
use crate::event::{Choice, Event};
use crate::id::OrderId;
use crate::incident::NeedState;
use crate::kind::Priority;
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::order::{OrderAct, OrderState};
use crate::plan::PreemptionRules;
use crate::roads::nearest::NEEDS_KEPT;
use crate::table::Slot;

/// Bits of what a bound unit can do that say who may call it away, one for each priority; capabilities are below them.
const TAKERS: u32 = 60;
const _: () = assert!(
    Capability::ALL.len() <= TAKERS as usize,
    "no capability is read as a priority"
);

// Who is free is kept by capability; who is bound by capability and by who asks, of whom those of priority 1 and 2 drive alike.
const _: () = assert!(
    2 * (Capability::DeskPolice as usize) <= NEEDS_KEPT,
    "who is first by the road is known for all that can be asked of bound units"
);

/// What a bound unit offers: what it can do, and to which priorities, one bit each.
pub(super) const fn offer(capabilities: u64, takers: u8) -> u64 {
    capabilities | (takers as u64) << TAKERS
}

/// What is asked of a bound unit: that it can do this, and may be called away for what is so urgent.
pub(super) const fn asked_of_bound(capability: Capability, priority: Priority) -> u64 {
    offer(1 << capability as u64, priority.bit())
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
        let is_vehicle = unit.definition.travels() && unit.definition.capacity == 1;
        if rules.is_empty() || !unit.is_ready() || !is_vehicle || unit.open_orders != 1 {
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
            && !order.capability.is_desk()
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

    /// Who should be called away for a need, beside whoever is free for it: who is there so much sooner than anybody who is. A free
    /// unit that is cut off from there counts for nobody. What the plan adds to the time of free ones counts for nothing: a loss of
    /// time that is tolerated takes no unit from others.
    pub(super) fn whom_to_call_away(
        &mut self,
        slot: Slot,
        capability: Capability,
        declined: &Declined,
        free: Option<Reached>,
    ) -> Option<Reached> {
        let incident = self.state.incident(slot);
        let (priority, place) = (incident.priority(), incident.place?);
        let rules = self.finder.plan.preemption;
        let free = free.filter(|free| !free.is_cut_off);
        let is_there = free.is_some_and(|free| free.total_ms() < rules.least_gain_ms);
        if capability.is_desk() || !rules.takes(priority) || is_there {
            return None;
        }
        let search = Search {
            priority,
            to: place.point,
            capability,
            compared: self.finder.plan.choice.compared,
        };
        let state = &*self.state;
        let may_go = |unit: u32| !declined.contains(state.unit_id(unit));
        let found = self.finder.first_bound(search, may_go)?;
        let needed_ms = found.total_ms().saturating_add(rules.least_gain_ms);
        let gains = |free: Option<Reached>| free.is_none_or(|free| needed_ms <= free.total_ms());
        if !gains(free) {
            return None;
        }
        let is_first = free.is_none() || self.finder.plan.choice.is_time_alone(priority);
        let worth_it = is_first || gains(self.finder.first_free(search, may_go));
        worth_it.then_some(found)
    }

    /// Calls a unit away for a need, and looks again at once for whom it leaves.
    pub(super) fn call_away(
        &mut self,
        slot: Slot,
        need: u8,
        called: Reached,
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
        let called = Chosen::of(called, Choice::Preemption);
        self.issue(slot, need, called, previous);
        self.rebind_all_of(loser);
        self.seek_next(loser, order.need, order_slot);
    }

    /// An incident that was of this urgency may be more urgent now: then what it waits for is looked for again, for it may be called
    /// away from others.
    pub(super) fn look_again_if_more_urgent(&mut self, slot: Slot, before: Priority) {
        if self.state.incident(slot).priority() < before {
            self.call_away_for_waiting(slot);
        }
    }

    /// An incident has become more urgent: what it waits for may be called away from others now.
    pub(super) fn call_away_for_waiting(&mut self, slot: Slot) {
        let priority = self.state.incident(slot).priority();
        if !self.finder.plan.preemption.takes(priority) {
            return;
        }
        for need in 0..NEEDS_PER_INCIDENT_MAX as u8 {
            let incident = self.state.incident(slot);
            let Some(&known) = incident.needs.get(need) else {
                return;
            };
            let capability = known.capability;
            let waits = known.state == NeedState::Waiting && known.shortage.is_for_want_of_a_unit();
            if !waits || capability.is_desk() || self.hindrance(incident, capability).is_some() {
                continue;
            }
            let declined = self.declined(known.order);
            let free = self.nearest(slot, capability, &declined);
            let called = self.whom_to_call_away(slot, capability, &declined, free);
            if free.or(called).is_none() || !self.make_room_for_an_order() {
                continue;
            }
            match (called, free) {
                (Some(called), _) => self.call_away(slot, need, called, known.order),
                // It was kept waiting for want of room, or for another reason that had nothing to do with who is free.
                (None, Some(free)) => {
                    let chosen = Chosen::of(free, Choice::Nearest);
                    self.issue(slot, need, chosen, known.order);
                }
                (None, None) => {}
            }
        }
    }
}
