//! Calling a unit away from what is less urgent (R2): who could be, when it is worth it, and what becomes of whom it leaves.

use super::Model;
use super::state::is_open;
use super::ways::By;
use engine::capability::Capability;
use engine::event::{Choice, Event};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::{NeedState, Shortage};
use engine::kind::Priority;
use engine::order::{OrderAct, OrderState};

impl Model {
    /// The order that a unit could be called away from, and how urgent that is: it is a vehicle with this one order, on its way there,
    /// nobody sent it by hand, and the incident has not lost too many.
    fn could_leave(&self, unit: UnitId) -> Option<(OrderId, Priority)> {
        let rules = &self.plan_in_force().preemption;
        let known = self.unit(unit);
        if !known.is_ready() || !known.travels() || known.definition.capacity != 1 {
            return None;
        }
        let orders = self.orders.iter();
        let mut open = orders.filter(|order| order.unit == unit && is_open(order.state));
        let order = open.next()?;
        let incident = self.incident(order.incident);
        let priority = incident.assessment.priority;
        let may = open.next().is_none()
            && order.state != OrderState::Arrived
            && !order.by_hand
            && !order.capability.is_desk()
            && incident.bumps < rules.bumps_max
            && rules.can_lose(priority);
        may.then_some((order.id, priority))
    }

    /// Who should be called away for a need: there so much sooner than anybody who is free. Whom no way leads from is neither called
    /// away nor free; what a plan adds to the time of who is free makes nobody later.
    pub(super) fn whom_to_call_away(
        &self,
        id: IncidentId,
        capability: Capability,
        declined: &[UnitId],
    ) -> Option<(UnitId, u32)> {
        let incident = self.incident(id);
        let place = incident.place.filter(|_| !capability.is_desk())?;
        let urgency = incident.assessment.priority;
        let rules = self.plan_in_force().preemption;
        // Total and travel of who comes by some way.
        let comes = |unit: UnitId| {
            let known = self.unit(unit);
            let way = self.way(unit, id, capability, place.point);
            let total_ms = way.travel_ms.saturating_add(known.definition.turnout_ms);
            let travel_ms = total_ms - known.definition.turnout_ms;
            let is_there = known.travels() && way.by != By::NoWay;
            is_there.then_some((total_ms, unit, travel_ms))
        };
        let fits = |&unit: &UnitId| {
            let able = self.unit(unit).definition.capabilities;
            let leaves = self.could_leave(unit);
            able.contains(capability)
                && !declined.contains(&unit)
                && leaves.is_some_and(|(_, priority)| rules.lets(urgency, priority))
        };
        let bound = self.unit_ids().filter(fits).filter_map(comes);
        let free = self.fit_units(capability, declined).into_iter();
        let (total_ms, unit, travel_ms) = bound.min()?;
        let enough = total_ms.saturating_add(rules.least_gain_ms);
        let free = free.filter_map(comes).min();
        free.is_none_or(|(free_ms, ..)| enough <= free_ms)
            .then_some((unit, travel_ms))
    }

    /// Calls it away, and looks again at once for whom it leaves; the clock of that runs on.
    pub(super) fn call_away(
        &mut self,
        id: IncidentId,
        need: u8,
        (unit, travel_ms): (UnitId, u32),
        previous: Option<OrderId>,
    ) {
        let Some((order, _)) = self.could_leave(unit) else {
            return;
        };
        let left = *self.order(order);
        self.say(Event::UnitPreempted {
            unit,
            order,
            from: left.incident,
            into: id,
        });
        self.ways.preempted += 1;
        self.incident_mut(left.incident).bumps += 1;
        let loser = self.need_mut(left.incident, left.need);
        loser.owed = loser.owed.or(left.deadlines.arrive);
        self.end_order(order, OrderAct::Preempt);
        self.issue(id, need, unit, travel_ms, Choice::Preemption, previous);
        self.seek_next(left.incident, left.need, order);
    }

    /// An incident that was of this urgency may be more urgent now: what it waits for is looked for again.
    pub(super) fn look_again_if_more_urgent(&mut self, id: IncidentId, before: Priority) {
        if self.incident(id).assessment.priority < before {
            self.call_away_for_waiting(id);
        }
    }

    /// An incident is more urgent than it was: what it waits for may be called away from others.
    pub(super) fn call_away_for_waiting(&mut self, id: IncidentId) {
        let urgency = self.incident(id).assessment.priority;
        if !self.plan_in_force().preemption.takes(urgency) {
            return;
        }
        for need in self.needs_of(id) {
            let known = *self.need(id, need);
            let wants_a_unit = !matches!(
                known.shortage,
                Shortage::NoPlace | Shortage::Outside | Shortage::Drill
            );
            let waits = known.state == NeedState::Waiting && wants_a_unit;
            if !waits
                || self
                    .hindrance(self.incident(id), known.capability)
                    .is_some()
            {
                continue;
            }
            if known.capability.is_desk() {
                continue;
            }
            let declined = self.declined(known.order);
            let called = self.whom_to_call_away(id, known.capability, &declined);
            let free = self.best_unit(id, known.capability, &declined);
            if called.or(free).is_none() || !self.make_room_for_an_order() {
                continue;
            }
            if let Some(called) = called {
                self.call_away(id, need, called, known.order);
            } else if let Some((unit, travel_ms)) = free {
                self.count_nearest(id, known.capability, &declined, unit);
                self.issue(id, need, unit, travel_ms, Choice::Nearest, known.order);
            }
        }
    }
}
