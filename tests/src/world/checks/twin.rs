//! A centre that never crashed: it is told every released command and must say the same and be in the same state as the
//! one that did.

use super::Checker;
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
    events: Vec<Event>,
}

impl Twin {
    /// One that stands on this ground and has heard nothing.
    pub fn new(ground: &Ground) -> Twin {
        Twin {
            centre: Centre::new(Capacities::NONE),
            ground: ground.clone(),
            events: Vec::new(),
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
            self.centre.prepare(self.ground.prepared.clone());
            let lexicon = super::super::ground::LEXICON.as_bytes();
            self.centre.prepare(Prepared::Lexicon(ObjectHash::of(lexicon)));
            for plan in plans() {
                self.centre.prepare(Prepared::Plan(Arc::clone(&plan.plan)));
            }
        }
        self.events.clear();
        self.centre.apply(record.at, &record.envelope, &mut self.events);
        if self.centre.sequence() != released.sequence {
            return Err(format!("record {} came after {} others", released.sequence, self.centre.sequence()));
        }
        if self.events != record.events {
            return Err(format!("a centre that never crashed says {:?}", self.events));
        }
        Ok(())
    }
}

