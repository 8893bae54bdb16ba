//! What holds on the roads, as whoever reads the records knows it: what people said, and what follows from the hour.
//!
//! A bulletin that nobody gave must be the one before it with the factors that the plan has for its hour. On a driven clock, where
//! the centre keeps the hour itself, nothing may be decided by the factors of another.

use crate::world::ground::{Ground, plans};
use engine::command::{Activation, ClockMode, Command, ObjectKind};
use engine::event::Event;
use engine::id::ObjectHash;
use engine::moment::Moment;
use engine::plan::Plan;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::Bulletin;
use engine::runtime::ReleasedRecord;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The maps that were said to hold, and the one that does.
#[derive(Debug)]
pub struct Bulletins {
    ground: Ground,
    /// Whether the disk keeps what it is given, so that the centre can keep every hour.
    keeps_hours: bool,
    /// As people said, by bulletin.
    given: BTreeMap<ObjectHash, Arc<Atlas>>,
    in_force: Option<Arc<Atlas>>,
    plan: Option<Arc<Plan>>,
    is_driven: bool,
}

impl Bulletins {
    /// Nothing was said yet.
    pub fn new(ground: &Ground, keeps_hours: bool) -> Bulletins {
        Bulletins {
            ground: ground.clone(),
            keeps_hours,
            given: BTreeMap::new(),
            in_force: None,
            plan: None,
            is_driven: false,
        }
    }

    /// Somebody gave a bulletin: this is the map as it says.
    pub fn give(&mut self, atlas: &Arc<Atlas>) {
        if let Some(hash) = atlas.bulletin_hash() {
            self.given.insert(hash, Arc::clone(atlas));
        }
    }

    /// The map that a record brings into force, or would; `None` when it is about no map.
    pub fn brought(&self, released: &ReleasedRecord) -> Result<Option<Arc<Atlas>>, String> {
        let Command::Activate(Activation { object, hash }) = released.record.envelope.command
        else {
            return Ok(None);
        };
        match object {
            ObjectKind::Plan | ObjectKind::Lexicon | ObjectKind::City => Ok(None),
            ObjectKind::Roads => Ok(self.ground.atlas().filter(|atlas| atlas.hash() == hash)),
            ObjectKind::Bulletin => match self.given.get(&hash) {
                Some(atlas) => Ok(Some(Arc::clone(atlas))),
                None => self.of_the_hour(hash, released.record.at).map(Some),
            },
        }
    }

    /// The map in force with the factors of another hour, if that is what a bulletin says.
    fn of_the_hour(&self, hash: ObjectHash, at: Moment) -> Result<Arc<Atlas>, String> {
        let (Some(atlas), Some(plan)) = (&self.in_force, &self.plan) else {
            return Err(format!("the bulletin {hash} came before there was a map"));
        };
        let hourly = Bulletin {
            factors: *plan.traffic.at_minute(self.minute(at)),
            ..atlas.bulletin()
        };
        let wrong = |error: &dyn std::fmt::Display| format!("the bulletin of the hour: {error}");
        let bytes = hourly.canonical_bytes().map_err(|error| wrong(&error))?;
        if ObjectHash::of(&bytes) != hash {
            return Err(format!(
                "nobody gave the bulletin {hash}, nor is it the hour's"
            ));
        }
        let atlas = atlas.under(hash, hourly).map_err(|error| wrong(&error))?;
        Ok(Arc::new(atlas))
    }

    fn minute(&self, at: Moment) -> u16 {
        at.minute_of_day(self.ground.city.utc_offset_min)
    }

    /// Takes in a record that brings this map into force, or none.
    pub fn hear(
        &mut self,
        released: &ReleasedRecord,
        brought: Option<Arc<Atlas>>,
    ) -> Result<(), String> {
        let record = &released.record;
        if let Command::OpenCentre(opening) = record.envelope.command {
            self.is_driven = opening.clock == ClockMode::Driven;
        }
        for event in &record.events {
            if let Event::ObjectActivated(active) = event {
                self.activate(*active, &brought);
            }
        }
        self.check_hour(released)
    }

    fn activate(&mut self, active: Activation, brought: &Option<Arc<Atlas>>) {
        match active.object {
            ObjectKind::Plan => {
                let mut known = plans().iter();
                let plan = known.find(|plan| plan.hash == active.hash);
                self.plan = plan.map(|plan| Arc::clone(&plan.plan));
            }
            ObjectKind::Roads | ObjectKind::Bulletin => self.in_force = brought.clone(),
            ObjectKind::Lexicon | ObjectKind::City => {}
        }
    }

    /// Nothing but what is brought into force comes between an hour and its factors.
    fn check_hour(&self, released: &ReleasedRecord) -> Result<(), String> {
        let record = &released.record;
        let is_activation = matches!(record.envelope.command, Command::Activate(_));
        if !self.keeps_hours || !self.is_driven || is_activation || record.at == Moment(0) {
            return Ok(());
        }
        let (Some(atlas), Some(plan)) = (&self.in_force, &self.plan) else {
            return Ok(());
        };
        match *plan.traffic.at_minute(self.minute(record.at)) == atlas.factors() {
            true => Ok(()),
            false => Err(format!(
                "at {} the roads go by the factors of another hour",
                record.at
            )),
        }
    }
}
