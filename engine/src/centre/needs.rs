//! What an incident needs, and who is nearest: search, order, wait, serve.
//!
//! A need waits only while no unit that could serve it is free. So whenever a unit frees, it is given to the first
//! in rank of those it can serve: by priority, then deadline, then incident and need; with a floor for
//! service calls (C4).

use super::Desk;
use super::due::ASK_AGAIN;
use super::pool::{Reached, Search};
use super::state::{DueOf, State, numbered, present, unit_index};
use crate::capability::Capability;
use crate::dispatch::queue::Rank;
use crate::event::{Choice, Event, OrderIssued};
use crate::id::{OrderId, UnitId};
use crate::incident::{Incident, Need, NeedState, Shortage};
use crate::kind::Priority;
use crate::limits::{ASKED_PER_NEED_MAX, NEEDS_PER_INCIDENT_MAX, WAITING_LOOKED_AT_MAX};
use crate::moment::{Moment, Span};
use crate::order::{Deadlines, Order, OrderClock, OrderState, Rung};
use crate::place::Zone;
use crate::plan::ClockCase;
use crate::table::Slot;

/// How a search came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seek {
    /// The order for the same need before this one.
    pub previous: Option<OrderId>,
}

impl Seek {
    /// Nobody has been asked yet.
    pub const FIRST: Seek = Seek { previous: None };
}

/// Who is told to go, and how long they take.
#[derive(Clone, Copy)]
pub(super) struct Chosen {
    pub unit: u32,
    pub travel_ms: u32,
    pub turnout_ms: u32,
    pub choice: Choice,
}

impl Chosen {
    /// Somebody who was found, and why it is they.
    pub fn of(found: Reached, choice: Choice) -> Chosen {
        Chosen {
            unit: found.unit,
            travel_ms: found.travel_ms,
            turnout_ms: found.turnout_ms,
            choice,
        }
    }
}

/// Units that said no to a need in this round of asking, or that a person took it from.
pub(super) struct Declined {
    units: [Option<UnitId>; ASKED_PER_NEED_MAX as usize],
}

impl Declined {
    pub fn contains(&self, unit: UnitId) -> bool {
        self.units.contains(&Some(unit))
    }
}

impl State {
    /// What a need ranks by among those that wait.
    pub(super) fn rank(&self, slot: Slot, need: u8) -> Rank {
        let incident = self.incident(slot);
        let deadline = incident
            .needs
            .get(need)
            .map_or(Moment(0), |need| need.deadline);
        Rank {
            priority: incident.priority().number(),
            deadline: deadline.0,
            id: self.incident_id(slot).bits(),
            sub: need,
        }
    }
}

impl Desk<'_> {
    /// Adds one need to an incident; `None` when it has as many as it can, and the caller must say so.
    pub(super) fn open_need(&mut self, slot: Slot, capability: Capability) -> Option<u8> {
        let deadline = self.need_deadline(self.state.incident(slot), capability);
        let need = Need {
            capability,
            state: NeedState::Waiting,
            shortage: Shortage::AllBusy,
            asked: 0,
            order: None,
            deadline,
            owed: None,
        };
        let index = self.state.incident_mut(slot).needs.push(need)?;
        self.state.incident_mut(slot).close_awaited = false;
        let incident = self.state.incident_id(slot);
        self.say(Event::NeedOpened {
            incident,
            need: index,
            capability,
        });
        Some(index)
    }

    /// When a need should be served, for its rank: opening + the arrival clock of its own district, or the result clock.
    fn need_deadline(&self, incident: &Incident, capability: Capability) -> Moment {
        let case = self.clock_case(incident, capability, false);
        let clocks = &self.finder.plan.clocks;
        let span = clocks
            .span(OrderClock::Arrive, case)
            .filter(|_| !capability.is_desk());
        incident.needed_since
            + span
                .or(clocks.span(OrderClock::Result, case))
                .unwrap_or(Span::hours(24))
    }

    fn clock_case(&self, incident: &Incident, capability: Capability, away: bool) -> ClockCase {
        ClockCase {
            agency: capability.agency(),
            zone: self.zone_of(incident),
            day_night: self.finder.plan.day_night(self.minute_of_day()),
            priority: incident.priority(),
            class: capability.class(),
            away,
        }
    }

    fn zone_of(&self, incident: &Incident) -> Zone {
        let district = incident.place.and_then(|place| place.district);
        district.map_or(Zone::Township, |district| self.finder.zone(district))
    }

    /// Looks for a unit for a need, and orders it or lets the need wait.
    pub(super) fn seek(&mut self, slot: Slot, need: u8, seek: Seek) {
        let incident = self.state.incident(slot);
        let capability = present(incident.needs.get(need)).capability;
        if let Some(shortage) = self.hindrance(incident, capability) {
            return self.let_wait(slot, need, shortage);
        }
        if !self.make_room_for_an_order() {
            return self.let_wait(slot, need, Shortage::NoRoom);
        }
        let declined = self.declined(seek.previous);
        let chosen = if capability.is_desk() {
            self.freest_desk(capability, &declined)
        } else {
            let free = self.nearest(slot, capability, &declined);
            if let Some(called) = self.whom_to_call_away(slot, capability, &declined, free) {
                return self.call_away(slot, need, called, seek.previous);
            }
            free.map(|free| Chosen::of(free, Choice::Nearest))
        };
        match chosen {
            Some(chosen) => self.issue(slot, need, chosen, seek.previous),
            None => {
                let shortage = self.shortage(capability, &declined);
                self.let_wait(slot, need, shortage);
            }
        }
    }

    /// Why nobody at all is sent, whoever is free.
    pub(super) fn hindrance(
        &self,
        incident: &Incident,
        capability: Capability,
    ) -> Option<Shortage> {
        if incident.drill {
            return Some(Shortage::Drill);
        }
        if capability.is_desk() {
            return None;
        }
        match incident.place {
            None => Some(Shortage::NoPlace),
            Some(place) if place.district.is_none() => Some(Shortage::Outside),
            Some(_) => None,
        }
    }

    /// Why nobody was found. Where somebody has declined they may be all there are, so the need is brought up again
    /// after a while, whoever is free then.
    fn shortage(&self, capability: Capability, declined: &Declined) -> Shortage {
        if !self.finder.has(capability) {
            Shortage::NoSuchUnit
        } else if declined.units.iter().any(Option::is_some) {
            Shortage::AllAsked
        } else if !self.finder.is_manned(capability) {
            Shortage::NobodyOnDuty
        } else {
            Shortage::AllBusy
        }
    }

    /// The units that said no since the round began, or that a person took the need from: the chain of orders
    /// before this one.
    pub(super) fn declined(&self, previous: Option<OrderId>) -> Declined {
        let mut declined = Declined {
            units: [None; ASKED_PER_NEED_MAX as usize],
        };
        let mut order = previous;
        for unit in &mut declined.units {
            let Some(slot) = order.and_then(|order| self.state.order_slot(order)) else {
                break;
            };
            let known = self.state.order(slot);
            if is_declined(known) {
                *unit = Some(known.unit);
            }
            order = known.previous;
        }
        declined
    }

    /// The desk with the fewest open orders; of equal ones the first.
    fn freest_desk(&self, capability: Capability, declined: &Declined) -> Option<Chosen> {
        let free = self.finder.desks(capability).iter().filter(|&&desk| {
            self.state.units[desk as usize].is_available()
                && !declined.contains(self.state.unit_id(desk))
        });
        let desk = free.min_by_key(|&&desk| (self.state.units[desk as usize].open_orders, desk))?;
        Some(Chosen {
            unit: *desk,
            travel_ms: 0,
            turnout_ms: 0,
            choice: Choice::Desk,
        })
    }

    /// Whether the order of one desk could go to another.
    pub(super) fn another_desk_is_free(&self, order: &Order) -> bool {
        let declined = self.declined(order.previous);
        self.finder.desks(order.capability).iter().any(|&desk| {
            let other = self.state.unit_id(desk);
            other != order.unit
                && self.state.units[desk as usize].is_available()
                && !declined.contains(other)
        })
    }

    /// The free unit that is there first, by the road where there is one (C7), where the plan does not hold that somebody who is
    /// there a little later leaves less behind (C8, H8, R3); of equal ones the first defined.
    pub(super) fn nearest(
        &mut self,
        slot: Slot,
        capability: Capability,
        declined: &Declined,
    ) -> Option<Reached> {
        let incident = self.state.incident(slot);
        let place = incident.place?;
        let search = Search {
            priority: incident.priority(),
            to: place.point,
            capability,
            compared: self.finder.plan.choice.compared,
        };
        let state = &*self.state;
        let may_go = |unit: u32| !declined.contains(state.unit_id(unit));
        self.finder.soonest_free(search, place.district, may_go)
    }

    /// Tells a unit to go. The clocks start here, never when somebody signs (X6, X7, X8).
    pub(super) fn issue(
        &mut self,
        slot: Slot,
        need: u8,
        chosen: Chosen,
        previous: Option<OrderId>,
    ) {
        let incident = self.state.incident(slot);
        let (sibling, capability) = (incident.order, present(incident.needs.get(need)).capability);
        let mut deadlines = self.deadlines(incident, capability, chosen.unit);
        // R2: the clock of a need that lost its unit runs on.
        if let (Some(due), Some(owed)) = (deadlines.arrive, present(incident.needs.get(need)).owed)
        {
            deadlines.arrive = Some(due.min(owed.max(self.state.now)));
        }
        let id = self.state.incident_id(slot);
        let unit = self.state.unit_id(chosen.unit);
        self.state.numbers.order += 1;
        let number = self.state.numbers.order;
        let order = Order {
            incident: id,
            need,
            capability,
            unit,
            state: OrderState::Issued,
            rung: Rung::Primary,
            issued_at: self.state.now,
            deadlines,
            previous,
            sibling,
            beside: self.state.units[chosen.unit as usize].order,
            by_hand: chosen.choice == Choice::Person,
        };
        let order_slot = present(self.state.orders.insert(number, order).ok());
        let order = numbered(OrderId::new(self.state.centre(), number));
        self.arm(order_slot);
        self.state.conservation.orders_open += 1;
        let told = self.state.incident_mut(slot);
        told.order = Some(order);
        told.orders_open += 1;
        told.close_awaited = false;
        if let Some(need) = told.needs.get_mut(need) {
            need.state = NeedState::Ordered;
            need.order = Some(order);
            need.asked = need.asked.saturating_add(1);
        }
        self.state.queues.remove(queue_node(slot, need));
        let ordered = &mut self.state.units[chosen.unit as usize];
        ordered.open_orders += 1;
        ordered.order = Some(order);
        self.refresh(chosen.unit);
        let takes = Span(i64::from(chosen.travel_ms) + i64::from(chosen.turnout_ms));
        self.say(Event::OrderIssued(OrderIssued {
            order,
            incident: id,
            need,
            unit,
            capability,
            travel_ms: chosen.travel_ms,
            turnout_ms: chosen.turnout_ms,
            deadlines,
            previous,
            choice: chosen.choice,
            // R5: a breach that can be foreseen is raised now, not when the clock runs out.
            foreseen_late: deadlines
                .arrive
                .is_some_and(|due| self.state.now + takes > due),
        }));
    }

    fn deadlines(&self, incident: &Incident, capability: Capability, unit: u32) -> Deadlines {
        let definition = &self.state.units[unit as usize].definition;
        let district = incident.place.and_then(|place| place.district);
        let away = self.zone_of(incident) == Zone::Township
            && district.is_some_and(|district| district != definition.home);
        let case = self.clock_case(incident, capability, away);
        let due = |clock| {
            self.finder
                .plan
                .clocks
                .span(clock, case)
                .map(|span| self.state.now + span)
        };
        let travelling = |clock| {
            if definition.travels() {
                due(clock)
            } else {
                None
            }
        };
        Deadlines {
            acknowledge: due(OrderClock::Acknowledge),
            set_off: travelling(OrderClock::SetOff),
            muster: travelling(OrderClock::Muster),
            arrive: travelling(OrderClock::Arrive),
            result: due(OrderClock::Result),
        }
    }

    /// Sets an order's place on the wheel to the first moment that its nearest deadline does not reach: a report at the
    /// deadline itself is in time.
    pub(super) fn arm(&mut self, order: Slot) {
        let node = self.state.node(DueOf::Order(order));
        match self.state.order(order).deadlines.nearest() {
            Some((_, due)) => self.state.wheel.arm(node, due + Span(1)),
            None => {
                self.state.wheel.disarm(node);
            }
        }
    }

    /// Lets a need wait, in its queue where a unit that comes free may serve it.
    fn let_wait(&mut self, slot: Slot, need: u8, shortage: Shortage) {
        let rank = self.state.rank(slot, need);
        let incident = self.state.incident_id(slot);
        let waiting = present(self.state.incident_mut(slot).needs.get_mut(need));
        waiting.state = NeedState::Waiting;
        waiting.shortage = shortage;
        let (capability, deadline) = (waiting.capability, waiting.deadline);
        if shortage.is_for_want_of_a_unit() {
            let node = queue_node(slot, need);
            self.state.queues.remove(node);
            self.state
                .queues
                .push(queue_of(capability, rank.priority), node, rank);
        }
        if shortage.is_brought_up_again() {
            let again = self.state.now + ASK_AGAIN;
            let node = self.state.node(DueOf::Incident(slot));
            if self.state.wheel.due(node).is_none_or(|due| again < due) {
                self.state.wheel.arm(node, again);
            }
        }
        self.say(Event::NeedWaits {
            incident,
            need,
            capability,
            shortage,
            deadline,
        });
    }

    /// Ranks an incident's waiting needs anew, after its priority changed. Whether others are called away for it now is the
    /// caller's to say (`look_again_if_more_urgent`): a merge first lets serve on who is out.
    pub(super) fn rerank(&mut self, slot: Slot) {
        for need in 0..self.state.incident(slot).needs.len() as u8 {
            let node = queue_node(slot, need);
            if self.state.queues.remove(node) {
                let capability = present(self.state.incident(slot).needs.get(need)).capability;
                let deadline = self.need_deadline(self.state.incident(slot), capability);
                if let Some(need) = self.state.incident_mut(slot).needs.get_mut(need) {
                    need.deadline = need.deadline.min(deadline);
                }
                let rank = self.state.rank(slot, need);
                self.state
                    .queues
                    .push(queue_of(capability, rank.priority), node, rank);
            }
        }
        self.rebind_all_of(slot);
    }

    /// Looks again for every need of an incident that waits: its place has become known, or a while has passed.
    pub(super) fn seek_all_waiting(&mut self, slot: Slot) {
        for need in 0..self.state.incident(slot).needs.len() as u8 {
            let known = *present(self.state.incident(slot).needs.get(need));
            if known.state == NeedState::Waiting {
                self.state.queues.remove(queue_node(slot, need));
                self.seek(
                    slot,
                    need,
                    Seek {
                        previous: known.order,
                    },
                );
            }
        }
    }

    /// Ends a need that is not needed any more.
    pub(super) fn drop_need(&mut self, slot: Slot, need: u8) {
        let incident = self.state.incident_id(slot);
        let known = present(self.state.incident_mut(slot).needs.get_mut(need));
        match known.state {
            NeedState::Done | NeedState::Dropped => {}
            NeedState::Waiting | NeedState::Ordered | NeedState::Met => {
                known.state = NeedState::Dropped;
                self.state.queues.remove(queue_node(slot, need));
                self.say(Event::NeedDropped { incident, need });
            }
        }
    }

    /// Gives a unit that has come free to the first in rank of those it can serve, as long as it has room: a desk
    /// fills up at once. What is more than one command may do is left to the next tick.
    pub(super) fn serve_waiting(&mut self, unit: UnitId) {
        let index = unit_index(unit);
        while self.state.units[index as usize].is_available() {
            let Some((node, floor)) = self.first_waiting_for(index) else {
                return;
            };
            if !self.may_follow_up() {
                return self.put_off(index);
            }
            if !self.make_room_for_an_order() {
                return self.lack_room(node, &[Some(unit)]);
            }
            self.grant(node, index, floor);
        }
    }

    /// A need waits beside free units for want of room alone: it is brought up again, and they look again.
    fn lack_room(&mut self, node: u32, units: &[Option<UnitId>]) {
        let (slot, need) = need_of(node);
        self.let_wait(slot, need, Shortage::NoRoom);
        for &unit in units.iter().flatten() {
            self.look_again(unit_index(unit), self.state.now + ASK_AGAIN);
        }
    }

    /// Gives units that came free together to what waits: each time to the first in rank for any of them, and of all
    /// that are free the nearest. One after the other, the first of them could be sent past a nearer one.
    pub(super) fn serve_waiting_together(&mut self, units: &[Option<UnitId>]) {
        while let Some((node, floor, index)) = self.first_waiting_for_any(units) {
            if !self.may_follow_up() {
                for &unit in units.iter().flatten() {
                    self.put_off(unit_index(unit));
                }
                return;
            }
            if !self.make_room_for_an_order() {
                return self.lack_room(node, units);
            }
            let unit = self.nearest_for(node).unwrap_or(index);
            self.grant(node, unit, floor);
        }
    }

    /// The first need in rank for any of these units, whether that is by the floor, and for which of them.
    fn first_waiting_for_any(&self, units: &[Option<UnitId>]) -> Option<(u32, bool, u32)> {
        let mut first: Option<(Rank, u32, bool, u32)> = None;
        for &unit in units.iter().flatten() {
            let index = unit_index(unit);
            if !self.state.units[index as usize].is_available() {
                continue;
            }
            let Some((node, floor)) = self.first_waiting_for(index) else {
                continue;
            };
            let Some((_, rank)) = self.state.queues.waiting(node) else {
                continue;
            };
            if first.is_none_or(|(known, ..)| rank < known) {
                first = Some((rank, node, floor, index));
            }
        }
        first.map(|(_, node, floor, index)| (node, floor, index))
    }

    /// Who would be sent to a need that waits, of all that are free now.
    fn nearest_for(&mut self, node: u32) -> Option<u32> {
        let (slot, need) = need_of(node);
        let known = *self.state.incident(slot).needs.get(need)?;
        let declined = self.declined(known.order);
        if known.capability.is_desk() {
            let desk = self.freest_desk(known.capability, &declined);
            return desk.map(|desk| desk.unit);
        }
        let nearest = self.nearest(slot, known.capability, &declined);
        nearest.map(|found| found.unit)
    }

    /// The need that a free unit serves first, and whether that is by the floor for service calls (C4).
    fn first_waiting_for(&self, unit: u32) -> Option<(u32, bool)> {
        let capabilities = self.state.units[unit as usize].definition.capabilities;
        let mut first: Option<(Rank, u32)> = None;
        let mut floor: Option<(Rank, u32)> = None;
        for capability in capabilities.iter() {
            let urgent = self.first_in(queue_of(capability, Priority::P1.number()), unit);
            let service = self.first_in(queue_of(capability, Priority::P4.number()), unit);
            let due = self.state.passed_over[capability as usize].saturating_add(1)
                >= self.finder.plan.service_floor;
            if let Some(service) = service.filter(|_| due) {
                floor = Some(floor.map_or(service, |floor| floor.min(service)));
            }
            for found in [urgent, service].into_iter().flatten() {
                first = Some(first.map_or(found, |first| first.min(found)));
            }
        }
        match (first, floor) {
            // Danger to life goes before any floor.
            (Some((rank, node)), _) if rank.priority == Priority::P1.number() => {
                Some((node, false))
            }
            (Some((rank, _)), Some((_, node))) if rank.priority != Priority::P4.number() => {
                Some((node, true))
            }
            (Some((_, node)), _) => Some((node, false)),
            (None, _) => None,
        }
    }

    /// The first of a queue that this unit has not declined; looks at a few, then lets it be.
    fn first_in(&self, queue: u32, unit: u32) -> Option<(Rank, u32)> {
        let id = self.state.unit_id(unit);
        let mut next = self.state.queues.peek(queue);
        for _ in 0..WAITING_LOOKED_AT_MAX {
            let (node, rank) = next?;
            let (slot, need) = need_of(node);
            let order = self
                .state
                .incident(slot)
                .needs
                .get(need)
                .and_then(|need| need.order);
            if !self.declined(order).contains(id) {
                return Some((rank, node));
            }
            next = self.state.queues.next(queue, node, rank);
        }
        None
    }

    /// Sends the unit that a person has chosen.
    pub(super) fn send_by_hand(&mut self, slot: Slot, need: u8, unit: UnitId) {
        let incident = self.state.incident(slot);
        let known = *present(incident.needs.get(need));
        let index = unit_index(unit);
        let (travel_ms, turnout_ms) = self.takes(slot, known.capability, index);
        let chosen = Chosen {
            unit: index,
            travel_ms,
            turnout_ms,
            choice: Choice::Person,
        };
        self.issue(slot, need, chosen, known.order);
    }

    /// Takes a need off its queue, if it is on one.
    pub(super) fn take_off_queue(&mut self, slot: Slot, need: u8) {
        self.state.queues.remove(queue_node(slot, need));
    }

    /// Travel and turnout of a unit to an incident, in milliseconds; 0 for a desk.
    fn takes(&mut self, slot: Slot, capability: Capability, unit: u32) -> (u32, u32) {
        let incident = self.state.incident(slot);
        let definition = &self.state.units[unit as usize].definition;
        match incident.place {
            _ if !definition.travels() => (0, 0),
            None => (0, definition.turnout_ms),
            Some(place) => {
                let search = Search {
                    priority: incident.priority(),
                    to: place.point,
                    capability,
                    compared: 1,
                };
                (self.finder.travel_ms(unit, search), definition.turnout_ms)
            }
        }
    }

    fn grant(&mut self, node: u32, unit: u32, floor: bool) {
        let (slot, need) = need_of(node);
        let incident = self.state.incident(slot);
        let (known, priority) = (*present(incident.needs.get(need)), incident.priority());
        let (travel_ms, turnout_ms) = self.takes(slot, known.capability, unit);
        self.follow_ups += 1;
        self.count_grant(known.capability, priority);
        let choice = if floor {
            Choice::ServiceFloor
        } else {
            Choice::Waiting
        };
        self.issue(
            slot,
            need,
            Chosen {
                unit,
                travel_ms,
                turnout_ms,
                choice,
            },
            known.order,
        );
    }

    /// Counts who was passed over (C4): grants that are neither danger to life nor service, while service waits.
    fn count_grant(&mut self, capability: Capability, priority: Priority) {
        let service_waits = !self
            .state
            .queues
            .is_empty(queue_of(capability, Priority::P4.number()));
        let passed = &mut self.state.passed_over[capability as usize];
        match priority {
            Priority::P1 => {}
            Priority::P2 | Priority::P3 if service_waits => *passed = passed.saturating_add(1),
            Priority::P2 | Priority::P3 => {}
            Priority::P4 => *passed = 0,
        }
    }
}

/// Whether an order's unit is out of the question for its need in this round. One that let the ladder run out is not:
/// as soon as it is heard of it may be the nearest.
fn is_declined(order: &Order) -> bool {
    match order.state {
        OrderState::Declined => true,
        OrderState::Reassigned => order.rung != Rung::NextUnit,
        OrderState::Issued
        | OrderState::Acknowledged
        | OrderState::SetOff
        | OrderState::Arrived
        | OrderState::Finished
        | OrderState::Cancelled
        | OrderState::Preempted => false,
    }
}

/// The queue of a capability: one for service calls, one for all others.
pub(super) fn queue_of(capability: Capability, priority: u8) -> u32 {
    2 * capability as u32 + u32::from(priority == Priority::P4.number())
}

/// The queue's number of a need.
pub(super) fn queue_node(incident: Slot, need: u8) -> u32 {
    incident.0 * NEEDS_PER_INCIDENT_MAX as u32 + u32::from(need)
}

/// The need of a queue's number.
fn need_of(node: u32) -> (Slot, u8) {
    let most = NEEDS_PER_INCIDENT_MAX as u32;
    (Slot(node / most), (node % most) as u8)
}
