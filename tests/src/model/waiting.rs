//! Who is served when a unit comes free: the first in rank, with a floor for service calls (C4).

use super::Model;
use super::state::{KnownNeed, Rank, Waiting};
use engine::capability::Capability;
use engine::event::Choice;
use engine::id::UnitId;
use engine::incident::Shortage;
use engine::kind::Priority;
use engine::limits::WAITING_LOOKED_AT_MAX;
use engine::moment::Moment;

/// A need that is served now, and whether that is by the floor for service calls.
#[derive(Clone, Copy)]
struct Turn {
    waiting: Waiting,
    floor: bool,
}

impl Model {
    /// Gives a unit that has come free to the first in rank of those it can serve, and again while it has room. What is
    /// more than one command may do is left to the next tick.
    pub(super) fn serve_waiting(&mut self, unit: UnitId) {
        while self.is_available(unit) {
            let Some(turn) = self.turn_of(unit) else {
                return;
            };
            if !self.may_follow_up() {
                return self.put_off(unit);
            }
            if !self.make_room_for_an_order() {
                return self.lack_room(turn.waiting, &[unit]);
            }
            self.grant(turn, unit);
        }
    }

    /// Gives units that came free together to what waits: each time the need that is first in rank for any of them, and to
    /// it the best of all units that are free, be it one of these or not.
    pub(super) fn serve_waiting_together(&mut self, units: &[UnitId]) {
        loop {
            let mut first: Option<(Turn, UnitId)> = None;
            for &unit in units {
                if !self.is_available(unit) {
                    continue;
                }
                let Some(turn) = self.turn_of(unit) else {
                    continue;
                };
                if first.is_none_or(|(known, _)| turn.waiting.rank < known.waiting.rank) {
                    first = Some((turn, unit));
                }
            }
            let Some((turn, unit)) = first else { return };
            if !self.may_follow_up() {
                units.iter().for_each(|&unit| self.put_off(unit));
                return;
            }
            if !self.make_room_for_an_order() {
                return self.lack_room(turn.waiting, units);
            }
            let Rank { incident, need, .. } = turn.waiting.rank;
            let KnownNeed {
                capability, order, ..
            } = *self.need(incident, need);
            let declined = self.declined(order);
            let best = self.best_unit(incident, capability, &declined);
            self.grant(turn, best.map_or(unit, |(best, _)| best));
        }
    }

    /// What a free unit serves first. Danger to life goes before all. Otherwise, for a capability of which service calls
    /// have been passed over often enough, the first service call goes before what is not one. Otherwise rank decides.
    fn turn_of(&self, unit: UnitId) -> Option<Turn> {
        let floor = self.plan_in_force().service_floor;
        let mut first: Option<Waiting> = None;
        let mut owed: Option<Waiting> = None;
        let earlier = |known: Option<Waiting>, other: Waiting| match known {
            Some(known) if known.rank < other.rank => known,
            Some(_) | None => other,
        };
        for capability in self.unit(unit).definition.capabilities.iter() {
            let urgent = self.first_in(capability, false, unit);
            let service = self.first_in(capability, true, unit);
            for waiting in urgent.into_iter().chain(service) {
                first = Some(earlier(first, waiting));
            }
            let is_due = self.passed_over[capability as usize].saturating_add(1) >= floor;
            if let Some(service) = service.filter(|_| is_due) {
                owed = Some(earlier(owed, service));
            }
        }
        let first = first?;
        match owed {
            Some(owed) if matches!(first.rank.priority, Priority::P2 | Priority::P3) => {
                Some(Turn {
                    waiting: owed,
                    floor: true,
                })
            }
            Some(_) | None => Some(Turn {
                waiting: first,
                floor: false,
            }),
        }
    }

    /// The first that waits for a capability and that this unit has not declined: of service calls, or of all others. Only
    /// the first eight in rank are looked at.
    fn first_in(&self, capability: Capability, service: bool, unit: UnitId) -> Option<Waiting> {
        let mut queue: Vec<Waiting> = self
            .waiting
            .iter()
            .copied()
            .filter(|waiting| {
                waiting.capability == capability
                    && (waiting.rank.priority == Priority::P4) == service
            })
            .collect();
        queue.sort_by_key(|waiting| waiting.rank);
        queue.truncate(WAITING_LOOKED_AT_MAX);
        queue.into_iter().find(|waiting| {
            let order = self.need(waiting.rank.incident, waiting.rank.need).order;
            !self.declined(order).contains(&unit)
        })
    }

    fn grant(&mut self, turn: Turn, unit: UnitId) {
        let Rank {
            incident,
            need,
            priority,
            ..
        } = turn.waiting.rank;
        self.follow_ups += 1;
        self.count_grant(turn.waiting.capability, priority);
        let previous = self.need(incident, need).order;
        let choice = if turn.floor {
            Choice::ServiceFloor
        } else {
            Choice::Waiting
        };
        let travel_ms = self.travel_to(unit, incident, turn.waiting.capability);
        self.issue(incident, need, unit, travel_ms, choice, previous);
    }

    /// Counts who was passed over (C4): grants that are neither danger to life nor service, while service waits.
    fn count_grant(&mut self, capability: Capability, priority: Priority) {
        let service_waits = self.waiting.iter().any(|waiting| {
            waiting.capability == capability && waiting.rank.priority == Priority::P4
        });
        let passed = &mut self.passed_over[capability as usize];
        match priority {
            Priority::P1 => {}
            Priority::P2 | Priority::P3 => {
                *passed = passed.saturating_add(u16::from(service_waits));
            }
            Priority::P4 => *passed = 0,
        }
    }

    /// A need waits beside free units for want of room alone: it is brought up again, and they look again, after a while.
    fn lack_room(&mut self, waiting: Waiting, units: &[UnitId]) {
        self.let_wait(waiting.rank.incident, waiting.rank.need, Shortage::NoRoom);
        let again = self.now + super::needs::ASK_AGAIN;
        for &unit in units {
            self.look_again(unit, again);
        }
    }

    /// Leaves a unit to the next tick: this command has done as much as it may.
    pub(super) fn put_off(&mut self, unit: UnitId) {
        self.look_again(unit, self.now);
        self.continues = true;
    }

    /// Lets a unit look at what waits once more, then at the latest.
    pub(super) fn look_again(&mut self, unit: UnitId, then: Moment) {
        let unit = self.unit_mut(unit);
        unit.due = Some(unit.due.map_or(then, |due| due.min(then)));
    }
}
