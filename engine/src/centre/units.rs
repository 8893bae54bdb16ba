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
        // A unit that stands at its post moves with it.
        if unit.point == unit.definition.post {
            unit.point = definition.post;
        }
        unit.definition = definition;
        unit.staffed = definition.is_staffed(minute);
        self.finder
            .define(index, &self.state.units[index as usize], before);
        self.come_into_effect(index);
    }

    fn come_into_effect(&mut self, index: u32) {
        let unit = self.state.unit_id(index);
        self.say(Event::UnitDefined { unit });
        self.await_shift(index);
        self.serve_waiting(unit);
    }

    /// A unit is here now.
    pub(super) fn move_unit(&mut self, actor: Actor, position: UnitPosition) {
        let Some(index) = self.spoken_of(actor, position.unit) else {
            return;
        };
        let heard = self.hear(index);
        self.put(index, position.point);
        if heard {
            self.serve_waiting(position.unit);
        }
    }

    /// Puts a unit somewhere.
    pub(super) fn put(&mut self, index: u32, point: Point) {
        let unit = &mut self.state.units[index as usize];
        unit.point = point;
        unit.point_at = self.state.now;
        self.finder.place(index, &self.state.units[index as usize]);
        self.say(Event::UnitMoved {
            unit: self.state.unit_id(index),
            point,
        });
    }

    /// A unit does something else when idle (J3).
    pub(super) fn set_duty(&mut self, actor: Actor, said: UnitDuty) {
        let Some(index) = self.spoken_of(actor, said.unit) else {
            return;
        };
        self.hear(index);
        let unit = &mut self.state.units[index as usize];
        unit.duty = said.duty;
        unit.definition.strength = said.strength.unwrap_or(unit.definition.strength);
        let strength = unit.definition.strength;
        self.finder
            .refresh(index, &self.state.units[index as usize]);
        self.say(Event::UnitDutyChanged {
            unit: said.unit,
            duty: said.duty,
            strength,
        });
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
        self.finder
            .refresh(index, &self.state.units[index as usize]);
        self.say(Event::UnitHeard {
            unit: self.state.unit_id(index),
        });
        true
    }

    /// A shift begins or ends (X12), or an earlier command left something to this unit.
    pub(super) fn shift_changes(&mut self, index: u32) {
        let minute = self.minute_of_day();
        let unit = &mut self.state.units[index as usize];
        let staffed = unit.definition.is_staffed(minute);
        let changed = unit.staffed != staffed;
        unit.staffed = staffed;
        self.await_shift(index);
        if changed {
            self.finder
                .refresh(index, &self.state.units[index as usize]);
            let unit = self.state.unit_id(index);
            self.say(Event::UnitStaffed { unit, staffed });
        }
        self.serve_waiting(self.state.unit_id(index));
    }

    /// Another city may keep another local time: who is staffed by it, and when each shift changes next (X12).
    pub(super) fn read_rosters_anew(&mut self) {
        let minute = self.minute_of_day();
        for index in 0..self.state.units.len() as u32 {
            let unit = &self.state.units[index as usize];
            if unit.staffed == unit.definition.is_staffed(minute) {
                let left = self.state.wheel.due(self.state.node(DueOf::Unit(index)));
                self.await_shift(index);
                // What an earlier command left to the unit is not put off by another city.
                if let Some(then) = left {
                    self.look_again(index, then);
                }
            } else if self.may_follow_up() {
                self.follow_ups += 1;
                self.shift_changes(index);
            } else {
                self.put_off(index);
            }
        }
        self.say_whether_more_is_left();
    }

    /// Sets a unit's place on the wheel to the next change of its shift.
    fn await_shift(&mut self, index: u32) {
        let node = self.state.node(DueOf::Unit(index));
        let definition = &self.state.units[index as usize].definition;
        let (on, off) = (definition.roster_on_min, definition.roster_off_min);
        if on == off {
            self.state.wheel.disarm(node);
            return;
        }
        let now = self.state.now;
        let minute = self.minute_of_day();
        let ahead = |boundary: u16| match (boundary + DAY_MIN - minute) % DAY_MIN {
            0 => DAY_MIN,
            minutes => minutes,
        };
        let into_minute = now.0.rem_euclid(Span::minutes(1).0);
        let minutes = i64::from(ahead(on).min(ahead(off)));
        let due = Moment(now.0 - into_minute) + Span::minutes(minutes);
        self.state.wheel.arm(node, due);
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
