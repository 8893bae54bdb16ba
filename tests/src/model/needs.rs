//! What an incident needs and who is sent: the nearest unit by the plan's travel rule, or the desk with the least to
//! do; otherwise the need waits.

use super::state::{KnownIncident, KnownNeed, KnownOrder, Rank, Waiting};
use super::ways::By;
use super::{Model, known};
use engine::capability::Capability;
use engine::event::{Choice, Event, OrderIssued};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::{NeedState, Shortage};
use engine::limits::{ASKED_PER_NEED_MAX, NEEDS_PER_INCIDENT_MAX};
use engine::moment::{Moment, Span};
use engine::order::{Deadlines, OrderClock, OrderState, Rung};
use engine::place::Zone;
use engine::plan::ClockCase;

/// A need that somebody declined, or that found no room, is brought up again after so long.
pub(super) const ASK_AGAIN: Span = Span::minutes(5);

impl Model {
    /// Adds one need; `None` when the incident has as many as it can.
    pub(super) fn open_need(&mut self, id: IncidentId, capability: Capability) -> Option<u8> {
        let index = self.incident(id).needs.len();
        if index == NEEDS_PER_INCIDENT_MAX {
            return None;
        }
        let deadline = self.need_deadline(id, capability);
        self.incident_mut(id).needs.push(KnownNeed {
            capability,
            state: NeedState::Waiting,
            shortage: Shortage::AllBusy,
            asked: 0,
            order: None,
            deadline,
            owed: None,
        });
        self.incident_mut(id).close_awaited = false;
        let need = index as u8;
        self.say(Event::NeedOpened {
            incident: id,
            need,
            capability,
        });
        Some(need)
    }

    /// How many needs of a capability an incident has that were not dropped.
    pub(super) fn live_needs(&self, id: IncidentId, capability: Capability) -> usize {
        let needs = self.incident(id).needs.iter();
        needs
            .filter(|need| need.capability == capability && need.state != NeedState::Dropped)
            .count()
    }

    /// When a need should be served, counted from the incident's opening: by the arrival clock of a unit at home, for a desk or
    /// without such a clock by the result clock, without either within a day.
    pub(super) fn need_deadline(&self, id: IncidentId, capability: Capability) -> Moment {
        let incident = self.incident(id);
        let case = self.clock_case(incident, capability, false);
        let plan = self.plan_in_force();
        let arrive = plan.clocks.span(OrderClock::Arrive, case);
        let result = plan.clocks.span(OrderClock::Result, case);
        let span = if capability.is_desk() {
            result
        } else {
            arrive.or(result)
        };
        incident.needed_since + span.unwrap_or(Span::hours(24))
    }

    fn clock_case(
        &self,
        incident: &KnownIncident,
        capability: Capability,
        away: bool,
    ) -> ClockCase {
        ClockCase {
            agency: capability.agency(),
            zone: self.zone(incident.place.and_then(|place| place.district)),
            day_night: self.plan_in_force().day_night(self.minute()),
            priority: incident.assessment.priority,
            class: capability.class(),
            away,
        }
    }

    /// Looks for a unit for a need and orders it, or lets the need wait and says why.
    pub(super) fn seek(&mut self, id: IncidentId, need: u8, previous: Option<OrderId>) {
        let capability = self.need(id, need).capability;
        if let Some(shortage) = self.hindrance(self.incident(id), capability) {
            return self.let_wait(id, need, shortage);
        }
        if !self.make_room_for_an_order() {
            return self.let_wait(id, need, Shortage::NoRoom);
        }
        let declined = self.declined(previous);
        let best = self.best_unit(id, capability, &declined);
        if let Some(called) = self.whom_to_call_away(id, capability, &declined) {
            return self.call_away(id, need, called, previous);
        }
        match best {
            Some((unit, travel_ms)) => {
                let choice = if capability.is_desk() {
                    Choice::Desk
                } else {
                    Choice::Nearest
                };
                self.count_nearest(id, capability, &declined, unit);
                self.issue(id, need, unit, travel_ms, choice, previous);
            }
            None => {
                let shortage = self.shortage(capability, !declined.is_empty());
                self.let_wait(id, need, shortage);
            }
        }
    }

    /// Why nobody at all is sent, whoever is free: a drill; for what must travel, no place, or one outside.
    pub(super) fn hindrance(
        &self,
        incident: &KnownIncident,
        capability: Capability,
    ) -> Option<Shortage> {
        if incident.drill {
            Some(Shortage::Drill)
        } else if capability.is_desk() {
            None
        } else {
            match incident.place {
                None => Some(Shortage::NoPlace),
                Some(place) if place.district.is_none() => Some(Shortage::Outside),
                Some(_) => None,
            }
        }
    }

    fn shortage(&self, capability: Capability, somebody_declined: bool) -> Shortage {
        let mut able = self
            .units
            .iter()
            .filter(|unit| unit.definition.capabilities.contains(capability));
        if !self.has(capability) {
            Shortage::NoSuchUnit
        } else if somebody_declined {
            Shortage::AllAsked
        } else if !able.any(|unit| unit.is_ready()) {
            Shortage::NobodyOnDuty
        } else {
            Shortage::AllBusy
        }
    }

    /// The units that are out of the question for a need: those that said no, or that a person took it from, among the
    /// last eight orders for it. Orders that are known no more end the row.
    pub(super) fn declined(&self, last: Option<OrderId>) -> Vec<UnitId> {
        let mut declined = Vec::new();
        let mut at = last;
        for _ in 0..ASKED_PER_NEED_MAX {
            let Some(order) = at.and_then(|order| self.find_order(order)) else {
                break;
            };
            // Who let the ladder run out may be asked again as soon as it is heard of.
            let relieved = order.state == OrderState::Reassigned && order.rung != Rung::NextUnit;
            if order.state == OrderState::Declined || relieved {
                declined.push(order.unit);
            }
            at = order.previous;
        }
        declined
    }

    /// Of all units that are free and can do it, with their travel time: for a desk the one with the fewest open orders,
    /// else of so many that are there first, turnout included, the one that still is with what the plan adds for whom it would leave
    /// behind (C7, C8, H8, R3); of equal ones the first defined. Whom no way leads from goes only when nobody else comes. A unit without
    /// wheels is never sent to a place.
    pub(super) fn best_unit(
        &self,
        id: IncidentId,
        capability: Capability,
        declined: &[UnitId],
    ) -> Option<(UnitId, u32)> {
        let units = self.fit_units(capability, declined);
        if capability.is_desk() {
            let desk = units
                .into_iter()
                .min_by_key(|&desk| (self.load_of(desk), desk));
            return desk.map(|desk| (desk, 0));
        }
        let place = self.incident(id).place?;
        let travelling = units.into_iter().filter(|&unit| self.unit(unit).travels());
        let timed = travelling.map(|unit| {
            let turnout_ms = self.unit(unit).definition.turnout_ms;
            let way = self.way(unit, id, capability, place.point);
            let total_ms = way.travel_ms.saturating_add(turnout_ms);
            (way.by == By::NoWay, total_ms, unit, total_ms - turnout_ms)
        });
        let mut timed: Vec<_> = timed.collect();
        timed.sort_unstable();
        timed.truncate(self.plan_in_force().choice.compared);
        let best = timed
            .into_iter()
            .min_by_key(|&(is_cut_off, total_ms, unit, _)| {
                let added_ms = self.added_ms(unit, id, capability);
                (is_cut_off, total_ms.saturating_add(added_ms), unit)
            });
        best.map(|(.., unit, travel_ms)| (unit, travel_ms))
    }

    /// The units that are free, can do it and have not said no.
    pub(super) fn fit_units(&self, capability: Capability, declined: &[UnitId]) -> Vec<UnitId> {
        let fits = |&unit: &UnitId| {
            let able = self.unit(unit).definition.capabilities;
            able.contains(capability) && self.is_available(unit) && !declined.contains(&unit)
        };
        self.unit_ids().filter(fits).collect()
    }

    /// Whether the order of one desk could go to another.
    pub(super) fn another_desk_is_free(&self, order: &KnownOrder) -> bool {
        let mut declined = self.declined(order.previous);
        declined.push(order.unit);
        order.capability.is_desk()
            && self
                .best_unit(order.incident, order.capability, &declined)
                .is_some()
    }

    /// Tells a unit to go. Every clock starts here.
    pub(super) fn issue(
        &mut self,
        id: IncidentId,
        need: u8,
        unit: UnitId,
        travel_ms: u32,
        choice: Choice,
        previous: Option<OrderId>,
    ) {
        let capability = self.need(id, need).capability;
        let mut deadlines = self.deadlines_of(id, capability, unit);
        // The clock of a need that lost its unit runs on.
        if let (Some(due), Some(owed)) = (deadlines.arrive, self.need(id, need).owed) {
            deadlines.arrive = Some(due.min(owed.max(self.now)));
        }
        let told = self.unit(unit);
        let turnout_ms = if told.travels() {
            told.definition.turnout_ms
        } else {
            0
        };
        self.orders_given += 1;
        let order = known(OrderId::new(self.centre(), self.orders_given));
        self.count_way(unit, id, capability);
        let place_number = self.order_places.take();
        self.orders.push(KnownOrder {
            id: order,
            place_number,
            incident: id,
            need,
            capability,
            unit,
            state: OrderState::Issued,
            rung: Rung::Primary,
            deadlines,
            previous,
            by_hand: choice == Choice::Person,
            due: None,
        });
        self.await_clocks(order);
        self.incident_mut(id).orders.push(order);
        self.incident_mut(id).close_awaited = false;
        let served = self.need_mut(id, need);
        served.state = NeedState::Ordered;
        served.order = Some(order);
        served.asked = served.asked.saturating_add(1);
        self.take_off_queue(id, need);
        let there_at = self.now + Span(i64::from(travel_ms) + i64::from(turnout_ms));
        self.say(Event::OrderIssued(OrderIssued {
            order,
            incident: id,
            need,
            unit,
            capability,
            travel_ms,
            turnout_ms,
            deadlines,
            previous,
            choice,
            foreseen_late: deadlines.arrive.is_some_and(|due| there_at > due),
        }));
    }

    /// A unit is away when it is sent into a township that is not its own district. A desk owes no report of travel.
    fn deadlines_of(&self, id: IncidentId, capability: Capability, unit: UnitId) -> Deadlines {
        let incident = self.incident(id);
        let unit = self.unit(unit);
        let district = incident.place.and_then(|place| place.district);
        let away = self.zone(district) == Zone::Township
            && district.is_some_and(|district| district != unit.definition.home);
        let case = self.clock_case(incident, capability, away);
        let plan = self.plan_in_force();
        let due = |clock| plan.clocks.span(clock, case).map(|span| self.now + span);
        let of_travel = |clock| unit.travels().then(|| due(clock))?;
        Deadlines {
            acknowledge: due(OrderClock::Acknowledge),
            set_off: of_travel(OrderClock::SetOff),
            muster: of_travel(OrderClock::Muster),
            arrive: of_travel(OrderClock::Arrive),
            result: due(OrderClock::Result),
        }
    }

    /// Lets a need wait: on its queue where a unit that comes free can end that, and looked at again after a while where
    /// a fitting unit may be free all the same.
    pub(super) fn let_wait(&mut self, id: IncidentId, need: u8, shortage: Shortage) {
        let waiting = self.need_mut(id, need);
        waiting.state = NeedState::Waiting;
        waiting.shortage = shortage;
        let KnownNeed {
            capability,
            deadline,
            ..
        } = *waiting;
        match shortage {
            Shortage::NoPlace | Shortage::Outside | Shortage::Drill => {}
            Shortage::AllBusy
            | Shortage::NobodyOnDuty
            | Shortage::NoSuchUnit
            | Shortage::AllAsked
            | Shortage::NoRoom => {
                self.take_off_queue(id, need);
                self.put_on_queue(id, need);
            }
        }
        if shortage == Shortage::AllAsked || shortage == Shortage::NoRoom {
            let again = self.now + ASK_AGAIN;
            let incident = self.incident_mut(id);
            incident.due = Some(incident.due.map_or(again, |due| due.min(again)));
        }
        self.say(Event::NeedWaits {
            incident: id,
            need,
            capability,
            shortage,
            deadline,
        });
    }

    fn put_on_queue(&mut self, id: IncidentId, need: u8) {
        let KnownNeed {
            capability,
            deadline,
            ..
        } = *self.need(id, need);
        let rank = Rank {
            priority: self.incident(id).assessment.priority,
            deadline,
            incident: id,
            need,
        };
        self.waiting.push(Waiting { capability, rank });
    }

    /// Takes a need off its queue; `false` when it is on none.
    pub(super) fn take_off_queue(&mut self, id: IncidentId, need: u8) -> bool {
        let before = self.waiting.len();
        self.waiting
            .retain(|waiting| (waiting.rank.incident, waiting.rank.need) != (id, need));
        self.waiting.len() < before
    }

    /// Ranks an incident's needs on the queues anew, after its priority changed. A deadline is only ever brought forward.
    pub(super) fn rank_anew(&mut self, id: IncidentId) {
        for need in self.needs_of(id) {
            if self.take_off_queue(id, need) {
                let deadline = self.need_deadline(id, self.need(id, need).capability);
                let waiting = self.need_mut(id, need);
                waiting.deadline = waiting.deadline.min(deadline);
                self.put_on_queue(id, need);
            }
        }
    }

    /// Looks again for every need of an incident that waits.
    pub(super) fn seek_all_waiting(&mut self, id: IncidentId) {
        for need in self.needs_of(id) {
            let KnownNeed { state, order, .. } = *self.need(id, need);
            if state == NeedState::Waiting {
                self.take_off_queue(id, need);
                self.seek(id, need, order);
            }
        }
    }

    /// Ends a need that is not needed any more; one that is done or dropped stays so.
    pub(super) fn drop_need(&mut self, id: IncidentId, need: u8) {
        let dropped = self.need_mut(id, need);
        if dropped.state == NeedState::Done || dropped.state == NeedState::Dropped {
            return;
        }
        dropped.state = NeedState::Dropped;
        self.take_off_queue(id, need);
        self.say(Event::NeedDropped { incident: id, need });
    }
}
