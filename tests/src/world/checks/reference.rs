//! The plain reference model beside the centre: to the same command at the same time it must say the same.

use super::Checker;
use crate::model::Model;
use crate::world::counters::Counters;
use crate::world::ground::{Ground, LEXICON, plans};
use engine::centre::Prepared;
use engine::command::Command;
use engine::id::ObjectHash;
use engine::runtime::ReleasedRecord;
use std::sync::Arc;

/// The model, once the centre was opened.
#[derive(Debug)]
pub struct Reference {
    model: Option<Model>,
    ground: Ground,
}

impl Reference {
    /// A model on this ground that has heard nothing.
    pub fn new(ground: &Ground) -> Reference {
        Reference {
            model: None,
            ground: ground.clone(),
        }
    }

    fn open(&self, command: &Command) -> Option<Model> {
        let Command::OpenCentre(opening) = command else {
            return None;
        };
        let mut model = Model::new(opening.capacities);
        model.prepare(Prepared::City(
            self.ground.hash,
            Arc::clone(&self.ground.city),
        ));
        model.prepare(Prepared::Lexicon(ObjectHash::of(LEXICON.as_bytes())));
        for plan in plans() {
            model.prepare(Prepared::Plan(Arc::clone(&plan.plan)));
        }
        Some(model)
    }
}

impl Checker for Reference {
    fn prepare(&mut self, object: &Prepared) {
        if let Some(model) = &mut self.model {
            model.prepare(object.clone());
        }
    }

    fn tell(&self, counters: &mut Counters) {
        let Some(ways) = self.model.as_ref().map(Model::ways) else {
            return;
        };
        for (which, times) in [
            ("by_road", ways.by_road),
            ("by_air", ways.by_air),
            ("by_line", ways.by_line),
            ("changed", ways.changed),
            ("no_way", ways.no_way),
            ("not_by_metres", ways.not_by_metres),
            ("past_nearer", ways.past_nearer),
            ("preempted", ways.preempted),
        ] {
            counters.add(("way", which, ""), times);
        }
    }

    fn hear(&mut self, released: &ReleasedRecord) -> Result<(), String> {
        let record = &released.record;
        if self.model.is_none() {
            self.model = self.open(&record.envelope.command);
        }
        let Some(model) = &mut self.model else {
            return Err("something was said before the centre was opened".into());
        };
        let expected = model.apply(record.at, &record.envelope);
        if expected == record.events {
            return Ok(());
        }
        let differs = expected
            .iter()
            .zip(&record.events)
            .position(|(one, other)| one != other);
        Err(format!(
            "from event {differs:?} on the model says {expected:?}"
        ))
    }
}
