//! A centre that never crashed: it is told every released command and must say the same and be in the same state as the
//! one that did. Beside it sit the checkers of [`crate::checks`], who hear how its calls add up after each command.

use super::Checker;
use crate::checks::{Checks, Heard};
use crate::duel::scene::Scene;
use crate::world::ground::{Ground, plans};
use engine::centre::{Centre, Prepared};
use engine::command::Command;
use engine::event::Event;
use engine::id::ObjectHash;
use engine::limits::Capacities;
use engine::runtime::ReleasedRecord;
use engine::runtime::port::Inspection;
use std::sync::Arc;

/// The centre that never crashed.
#[derive(Debug)]
pub struct Twin {
    centre: Centre,
    ground: Ground,
    checks: Option<Checks>,
    is_attended: bool,
    events: Vec<Event>,
}

impl Twin {
    /// One that stands on this ground and has heard nothing. The checkers beside it look at all that is open at every
    /// command, which takes longer than all the rest: not every world is attended by them.
    pub fn new(ground: &Ground, is_attended: bool) -> Twin {
        Twin {
            centre: Centre::new(Capacities::NONE),
            ground: ground.clone(),
            checks: None,
            is_attended,
            events: Vec::new(),
        }
    }

    /// What the checkers must know beforehand.
    fn scene(&self, capacities: Capacities) -> Scene {
        Scene {
            capacities,
            plans: plans().iter().map(|plan| Arc::clone(&plan.plan)).collect(),
            cities: vec![(self.ground.hash, Arc::clone(&self.ground.city))],
            maps: Vec::new(),
        }
    }

    /// Puts an object at hand that the next record activates; to the checkers beside it, which may be told something else.
    pub fn prepare(&mut self, object: Prepared, told: &Prepared) {
        self.centre.prepare(object);
        if let Some(checks) = &mut self.checks {
            checks.prepare(told);
        }
    }

    /// Its state.
    pub fn inspect(&self) -> Inspection {
        self.centre.inspect()
    }
}

impl Checker for Twin {
    fn hear(&mut self, released: &ReleasedRecord) -> Result<(), String> {
        let record = &released.record;
        if let Command::OpenCentre(opening) = record.envelope.command
            && self.centre.opening().is_none()
        {
            self.centre = Centre::new(opening.capacities);
            self.centre.prepare(Prepared::City(
                self.ground.hash,
                Arc::clone(&self.ground.city),
            ));
            let lexicon = super::super::ground::LEXICON.as_bytes();
            self.centre
                .prepare(Prepared::Lexicon(ObjectHash::of(lexicon)));
            for plan in plans() {
                self.centre.prepare(Prepared::Plan(Arc::clone(&plan.plan)));
            }
            let attended = self.is_attended.then(|| self.scene(opening.capacities));
            self.checks = attended.map(|scene| Checks::new(&scene));
        }
        self.events.clear();
        self.centre
            .apply(record.at, &record.envelope, &mut self.events);
        if self.centre.sequence() != released.sequence {
            return Err(format!(
                "record {} came after {} others",
                released.sequence,
                self.centre.sequence()
            ));
        }
        if self.events != record.events {
            return Err(format!(
                "a centre that never crashed says {:?}",
                self.events
            ));
        }
        let heard = Heard {
            sequence: released.sequence,
            at: record.at,
            envelope: &record.envelope,
            events: &record.events,
            conservation: self.centre.conservation(),
        };
        match &mut self.checks {
            Some(checks) => checks.hear(&heard),
            None => Ok(()),
        }
    }
}
