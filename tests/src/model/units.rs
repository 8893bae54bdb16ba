//! Units: definitions, positions, duty, shifts, silence.

use super::Model;
use super::state::KnownUnit;
use engine::command::{Actor, UnitDuty, UnitPosition};
use engine::event::{Event, Refusal};
use engine::id::UnitId;
use engine::moment::{Moment, Span};
use engine::place::Point;
use engine::unit::{Duty, UnitDefinition};

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Whether a definition can be meant: it can do something; a desk stands still and nobody else does; only a desk takes
/// more than one order; rosters are minutes of a day.
fn is_sound(definition: &UnitDefinition) -> bool {
    let is_desk = definition
        .capabilities
        .iter()
        .any(|capability| capability.is_desk());
    let stands_still = definition.speed_mm_s == 0;
    let takes = definition.capacity;
    !definition.capabilities.is_empty()
        && is_desk == stands_still
        && (takes == 1 || (takes > 1 && is_desk))
        && i64::from(definition.roster_on_min) < DAY
        && i64::from(definition.roster_off_min) < DAY
}

/// Whether a minute of the day lies in a shift: from its first minute up to, not with, its last; over midnight if need be.
fn is_staffed(definition: &UnitDefinition, minute: u16) -> bool {
    let (on, off) = (definition.roster_on_min, definition.roster_off_min);
    let length = (i64::from(off) - i64::from(on)).rem_euclid(DAY);
    let since = (i64::from(minute) - i64::from(on)).rem_euclid(DAY);
    length == 0 || since < length
}

impl Model {
    /// A unit is new, or is another than it was. Its number stays; a unit that stands at its post moves with it.
    pub(super) fn define_unit(&mut self, definition: UnitDefinition) {
        if !is_sound(&definition) {
            return self.refuse(Refusal::BadDefinition);
        }
        let staffed = is_staffed(&definition, self.minute());
        let named = self
            .unit_ids()
            .find(|&id| self.unit(id).definition.name == definition.name);
        let id = if let Some(id) = named {
            let now = self.now;
            let unit = self.unit_mut(id);
            if unit.point == unit.definition.post {
                unit.point = definition.post;
            }
            let went_about = unit.duty == Duty::Patrolling && unit.travels();
            unit.definition = definition;
            unit.staffed = staffed;
            if unit.duty == Duty::Patrolling && unit.travels() && !went_about {
                unit.point_at = now;
            }
            id
        } else if self.units.len() == self.capacities.units_max as usize {
            return self.refuse(Refusal::UnitsFull);
        } else {
            self.units.push(KnownUnit {
                definition,
                point: definition.post,
                duty: Duty::OnCall,
                staffed,
                silent: false,
                stale: false,
                point_at: self.now,
                due: None,
            });
            super::known(self.unit_ids().last())
        };
        self.say(Event::UnitDefined { unit: id });
        if !(self.unit(id).duty == Duty::Patrolling && self.unit(id).travels()) {
            self.find_again(id);
        }
        self.await_unit(id);
        self.serve_waiting(id);
    }

    /// A unit is here now.
    pub(super) fn move_unit(&mut self, actor: Actor, position: UnitPosition) {
        if !self.may_speak_of(actor, position.unit) {
            return;
        }
        let heard = self.hear(position.unit);
        let was_lost = self.unit(position.unit).stale;
        self.put(position.unit, position.point);
        if heard || was_lost {
            self.serve_waiting(position.unit);
        }
    }

    pub(super) fn put(&mut self, unit: UnitId, point: Point) {
        let now = self.now;
        let known = self.unit_mut(unit);
        (known.point, known.point_at) = (point, now);
        self.say(Event::UnitMoved { unit, point });
        self.find_again(unit);
    }

    /// It is known where a unit is, or does not matter any more.
    fn find_again(&mut self, unit: UnitId) {
        if std::mem::take(&mut self.unit_mut(unit).stale) {
            self.say(Event::UnitPositionStale { unit, stale: false });
            self.await_sooner(unit);
        }
    }

    /// When a patrol counts as lost if it stays unheard of.
    fn lost_at(&self, id: UnitId) -> Option<Moment> {
        let unit = self.unit(id);
        let roams = unit.duty == Duty::Patrolling && unit.travels();
        (roams && !unit.stale).then(|| unit.point_at + self.plan_in_force().stale)
    }

    /// A unit does something else when idle.
    pub(super) fn set_duty(&mut self, actor: Actor, said: UnitDuty) {
        if !self.may_speak_of(actor, said.unit) {
            return;
        }
        self.hear(said.unit);
        let now = self.now;
        let unit = self.unit_mut(said.unit);
        if (unit.duty, said.duty) != (Duty::Patrolling, Duty::Patrolling)
            && said.duty == Duty::Patrolling
        {
            unit.point_at = now;
        }
        unit.duty = said.duty;
        if let Some(strength) = said.strength {
            unit.definition.strength = strength;
        }
        let strength = unit.definition.strength;
        self.say(Event::UnitDutyChanged {
            unit: said.unit,
            duty: said.duty,
            strength,
        });
        if said.duty == Duty::Patrolling && self.unit(said.unit).travels() {
            self.await_sooner(said.unit);
        } else {
            self.find_again(said.unit);
        }
        self.serve_waiting(said.unit);
    }

    /// Whether the unit is known and the actor may speak of it: a unit of itself alone.
    fn may_speak_of(&mut self, actor: Actor, unit: UnitId) -> bool {
        if self.find_unit(unit).is_none() {
            self.refuse(Refusal::UnknownUnit);
            return false;
        }
        if let Actor::Unit(speaker) = actor
            && speaker != unit
        {
            self.refuse(Refusal::NotYours);
            return false;
        }
        true
    }

    /// A unit was heard of; `true` when it had fallen silent before.
    pub(super) fn hear(&mut self, unit: UnitId) -> bool {
        if !self.unit(unit).silent {
            return false;
        }
        self.unit_mut(unit).silent = false;
        self.say(Event::UnitHeard { unit });
        true
    }

    /// A shift begins or ends, a patrol was not heard of for long, or something was left to this unit.
    pub(super) fn shift_changes(&mut self, id: UnitId) {
        let minute = self.minute();
        let lost = self.lost_at(id).is_some_and(|at| at <= self.now);
        let unit = self.unit_mut(id);
        let staffed = is_staffed(&unit.definition, minute);
        let changed = unit.staffed != staffed;
        unit.staffed = staffed;
        unit.stale |= lost;
        self.await_unit(id);
        if changed {
            self.say(Event::UnitStaffed { unit: id, staffed });
        }
        if lost {
            self.say(Event::UnitPositionStale {
                unit: id,
                stale: true,
            });
        }
        self.serve_waiting(id);
    }

    /// Rosters by the local time of a city that has come into force; what is too much for one command is left.
    pub(super) fn read_rosters_anew(&mut self) {
        let minute = self.minute();
        for id in self.unit_ids() {
            let unit = self.unit(id);
            if unit.staffed == is_staffed(&unit.definition, minute) {
                self.await_sooner(id);
            } else if self.may_follow_up() {
                self.follow_ups += 1;
                self.shift_changes(id);
            } else {
                self.put_off(id);
            }
        }
        self.say_whether_more_is_left();
    }

    /// What was left to the unit before stays: it is woken no later than it would have been.
    fn await_sooner(&mut self, id: UnitId) {
        let left = self.unit(id).due;
        self.await_unit(id);
        if let Some(then) = left {
            self.look_again(id, then);
        }
    }

    /// A unit is woken when its shift changes or it counts as lost, whichever comes first.
    fn await_unit(&mut self, id: UnitId) {
        let next = [self.shift_changes_at(id), self.lost_at(id)];
        let now = self.now;
        let due = next.into_iter().flatten().min();
        self.unit_mut(id).due = due.map(|due| due.max(now));
    }

    /// The next whole minute at which the unit's shift begins or ends, within a day from now; none for round the clock.
    fn shift_changes_at(&self, id: UnitId) -> Option<Moment> {
        let minute = i64::from(self.minute());
        let now = self.now;
        let unit = self.unit(id);
        let on = i64::from(unit.definition.roster_on_min);
        let off = i64::from(unit.definition.roster_off_min);
        let ahead = (1..=DAY).find(|ahead| {
            let then = (minute + ahead) % DAY;
            then == on || then == off
        });
        let this_minute = Moment(now.0 - now.0.rem_euclid(Span::minutes(1).0));
        ahead
            .filter(|_| on != off)
            .map(|minutes| this_minute + Span::minutes(minutes))
    }
}
