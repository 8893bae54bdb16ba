//! Where units are, and whether they may be sent: definitions, positions, duty, rosters, silence.

use super::Desk;
use super::state::{DueOf, unit_index};
use crate::capability::CapabilitySet;
use crate::command::{Actor, UnitDuty, UnitPosition};
use crate::event::{Event, Refusal};
use crate::id::UnitId;
use crate::moment::{Moment, Span};
use crate::place::Point;
use crate::unit::{Duty, Unit, UnitDefinition};

/// Minutes of a day.
const DAY_MIN: u16 = 24 * 60;

impl Desk<'_> {
    /// A unit is new, or is another than it was (H9). Its number stays.
    pub(super) fn define_unit(&mut self, definition: UnitDefinition) {
        if !is_sound(&definition) {
            return self.refuse(Refusal::BadDefinition);
        }
        match self.finder.unit_named(&definition.name) {
            Some(index) => self.redefine(index, definition),
            None => self.enter_unit(definition),
        }
    }

    fn enter_unit(&mut self, definition: UnitDefinition) {
        if self.state.units.len() == self.state.units.capacity() {
            return self.refuse(Refusal::UnitsFull);
        }
        let index = self.state.units.len() as u32;
        let unit = Unit {
            definition,
            point: definition.post,
            point_at: self.state.now,
            duty: Duty::OnCall,
            staffed: definition.is_staffed(self.minute_of_day()),
            silent: false,
            stale: false,
            open_orders: 0,
            order: None,
        };
        self.state.units.push(unit);
        self.finder.enter(index, &unit);
        self.come_into_effect(index);
    }

    fn redefine(&mut self, index: u32, definition: UnitDefinition) {
        let minute = self.minute_of_day();
        let unit = &mut self.state.units[index as usize];
        let before: CapabilitySet = unit.definition.capabilities;
        let roamed = unit.roams();
        // A unit that stands at its post moves with it.
        if unit.point == unit.definition.post {
            unit.point = definition.post;
        }
        unit.definition = definition;
        unit.staffed = definition.is_staffed(minute);
        // A desk that is a patrol from now on is where it was when it sets out.
        if unit.roams() && !roamed {
            unit.point_at = self.state.now;
        }
        self.finder
            .define(index, &self.state.units[index as usize], before);
        self.rebind(index);
        self.come_into_effect(index);
    }

    fn come_into_effect(&mut self, index: u32) {
        let unit = self.state.unit_id(index);
        self.say(Event::UnitDefined { unit });
        if !self.state.units[index as usize].roams() {
            self.locate(index);
        }
        self.await_unit(index);
        self.serve_waiting(unit);
    }

    /// A unit is here now.
    pub(super) fn move_unit(&mut self, actor: Actor, position: UnitPosition) {
        let Some(index) = self.spoken_of(actor, position.unit) else {
            return;
        };
        let heard = self.hear(index);
        let located = self.put(index, position.point);
        if heard || located {
            self.serve_waiting(position.unit);
        }
    }

    /// Puts a unit somewhere; `true` when nobody knew where it was before.
    pub(super) fn put(&mut self, index: u32, point: Point) -> bool {
        let unit = &mut self.state.units[index as usize];
        unit.point = point;
        unit.point_at = self.state.now;
        self.finder.place(index, &self.state.units[index as usize]);
        self.say(Event::UnitMoved {
            unit: self.state.unit_id(index),
            point,
        });
        self.locate(index)
    }

    /// A unit's place is known, or does not matter any more; `true` when it was not known before.
    fn locate(&mut self, index: u32) -> bool {
        let unit = &mut self.state.units[index as usize];
        if !unit.stale {
            return false;
        }
        unit.stale = false;
        self.refresh(index);
        self.say_stale(index, false);
        self.await_sooner(index);
        true
    }

    fn say_stale(&mut self, index: u32, stale: bool) {
        let unit = self.state.unit_id(index);
        self.say(Event::UnitPositionStale { unit, stale });
    }

    /// A unit does something else when idle (J3).
    pub(super) fn set_duty(&mut self, actor: Actor, said: UnitDuty) {
        let Some(index) = self.spoken_of(actor, said.unit) else {
            return;
        };
        self.hear(index);
        let unit = &mut self.state.units[index as usize];
        // It is where it was when it sets out.
        if said.duty == Duty::Patrolling && unit.duty != Duty::Patrolling {
            unit.point_at = self.state.now;
        }
        unit.duty = said.duty;
        unit.definition.strength = said.strength.unwrap_or(unit.definition.strength);
        let strength = unit.definition.strength;
        self.refresh(index);
        self.say(Event::UnitDutyChanged {
            unit: said.unit,
            duty: said.duty,
            strength,
        });
        match self.state.units[index as usize].roams() {
            true => self.await_sooner(index),
            false => {
                self.locate(index);
            }
        }
        self.serve_waiting(said.unit);
    }

    /// The unit that is spoken of, if the actor may speak of it.
    fn spoken_of(&mut self, actor: Actor, unit: UnitId) -> Option<u32> {
        if self.state.unit(unit).is_none() {
            self.refuse(Refusal::UnknownUnit);
            return None;
        }
        match actor {
            Actor::Unit(speaker) if speaker != unit => {
                self.refuse(Refusal::NotYours);
                None
            }
            Actor::Unit(_) | Actor::Dispatcher(_) | Actor::Carrier(_) | Actor::System => {
                Some(unit_index(unit))
            }
        }
    }

    /// A unit was heard of; `true` when it had fallen silent before.
    pub(super) fn hear(&mut self, index: u32) -> bool {
        if !self.state.units[index as usize].silent {
            return false;
        }
        self.state.units[index as usize].silent = false;
        self.refresh(index);
        self.say(Event::UnitHeard {
            unit: self.state.unit_id(index),
        });
        true
    }

    /// A shift begins or ends (X12), a patrol was not heard of for long, or an earlier command left something to this unit.
    pub(super) fn look_at_unit(&mut self, index: u32) {
        let minute = self.minute_of_day();
        let stale_at = self.stale_at(index);
        let unit = &mut self.state.units[index as usize];
        let staffed = unit.definition.is_staffed(minute);
        let changed = unit.staffed != staffed;
        let lost = stale_at.is_some_and(|at| at <= self.state.now);
        unit.staffed = staffed;
        unit.stale |= lost;
        self.await_unit(index);
        if changed || lost {
            self.refresh(index);
        }
        if changed {
            let unit = self.state.unit_id(index);
            self.say(Event::UnitStaffed { unit, staffed });
        }
        if lost {
            self.say_stale(index, true);
        }
        self.serve_waiting(self.state.unit_id(index));
    }

    /// When a unit's place is not known any more unless it is heard of; `None` where that does not matter, or is so already.
    fn stale_at(&self, index: u32) -> Option<Moment> {
        let unit = &self.state.units[index as usize];
        (unit.roams() && !unit.stale).then(|| unit.point_at + self.finder.plan.stale)
    }

    /// Another city may keep another local time: who is staffed by it, and when each shift changes next (X12).
    pub(super) fn read_rosters_anew(&mut self) {
        let minute = self.minute_of_day();
        for index in 0..self.state.units.len() as u32 {
            let unit = &self.state.units[index as usize];
            if unit.staffed == unit.definition.is_staffed(minute) {
                self.await_sooner(index);
            } else if self.may_follow_up() {
                self.follow_ups += 1;
                self.look_at_unit(index);
            } else {
                self.put_off(index);
            }
        }
        self.say_whether_more_is_left();
    }

    /// Sets a unit's place on the wheel to whatever happens to it next, and no later than it was set to: what an earlier
    /// command left to it is not put off.
    fn await_sooner(&mut self, index: u32) {
        let left = self.state.wheel.due(self.state.node(DueOf::Unit(index)));
        self.await_unit(index);
        if let Some(then) = left {
            self.look_again(index, then);
        }
    }

    /// Sets a unit's place on the wheel to the next change of its shift, or to when a patrol was not heard of for long. A
    /// position does not move that: when the time comes it is looked at anew. What has come already, as another plan's shorter time may
    /// have, is due now.
    fn await_unit(&mut self, index: u32) {
        let node = self.state.node(DueOf::Unit(index));
        let next = [self.shift_changes_at(index), self.stale_at(index)];
        if let Some(due) = next.into_iter().flatten().min() {
            self.state.wheel.arm(node, due.max(self.state.now));
        } else {
            self.state.wheel.disarm(node);
        }
    }

    /// When a unit's shift begins or ends next; `None` round the clock.
    fn shift_changes_at(&self, index: u32) -> Option<Moment> {
        let definition = &self.state.units[index as usize].definition;
        let (on, off) = (definition.roster_on_min, definition.roster_off_min);
        if on == off {
            return None;
        }
        let now = self.state.now;
        let minute = self.minute_of_day();
        let ahead = |boundary: u16| match (boundary + DAY_MIN - minute) % DAY_MIN {
            0 => DAY_MIN,
            minutes => minutes,
        };
        let into_minute = now.0.rem_euclid(Span::minutes(1).0);
        let minutes = i64::from(ahead(on).min(ahead(off)));
        Some(Moment(now.0 - into_minute) + Span::minutes(minutes))
    }
}

/// Whether a definition can be meant; the city's check says more, this is the core's own guard.
pub(super) fn is_sound(definition: &UnitDefinition) -> bool {
    let desk = definition
        .capabilities
        .iter()
        .any(|capability| capability.is_desk());
    definition.roster_on_min < DAY_MIN
        && definition.roster_off_min < DAY_MIN
        && definition.capacity > 0
        && desk != definition.travels()
        && (desk || definition.capacity == 1)
        && !definition.capabilities.is_empty()
}
