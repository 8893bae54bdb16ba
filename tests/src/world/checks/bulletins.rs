//! What holds on the roads, as whoever reads the records knows it: what people said, and what follows from the hour.
//!
//! A bulletin that nobody gave must be the one before it with the factors that the plan has for its hour, or what still can be meant of
//! it on another map; and that must follow the map at once. On a driven clock, where the centre keeps the hour itself, nothing
//! may be decided by the factors of another.

use crate::world::ground::{Ground, plans};
use engine::command::{Activation, ClockMode, Command, ObjectKind};
use engine::event::Event;
use engine::id::ObjectHash;
use engine::moment::Moment;
use engine::plan::Plan;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::{Bulletin, Says};
use engine::roads::network::NodeIndex;
use engine::runtime::ReleasedRecord;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What was said of the map before, and can still be meant of the one that has just come.
    carried: Option<Bulletin>,
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
            carried: None,
            plan: None,
            is_driven: false,
        }
    }

    /// As if nothing had been heard; what people gave is known.
    pub fn begin_anew(&mut self) {
        self.in_force = None;
        self.carried = None;
        self.plan = None;
        self.is_driven = false;
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
            ObjectKind::Roads => {
                let town = self.ground.town(hash);
                Ok(town.map(|town| Arc::clone(&town.atlas)))
            }
            ObjectKind::Bulletin => match self.given.get(&hash) {
                Some(atlas) => Ok(Some(Arc::clone(atlas))),
                None => self.made_by_the_centre(hash, released.record.at).map(Some),
            },
        }
    }

    /// The map in force with what follows from the hour, or from the map before it, if that is what a bulletin says.
    fn made_by_the_centre(&self, hash: ObjectHash, at: Moment) -> Result<Arc<Atlas>, String> {
        let (Some(atlas), Some(plan)) = (&self.in_force, &self.plan) else {
            return Err(format!("the bulletin {hash} came before there was a map"));
        };
        let hourly = Bulletin {
            factors: *plan.traffic.at_minute(self.minute(at)),
            ..atlas.bulletin()
        };
        let made = self.carried.clone().unwrap_or(hourly);
        let wrong = |error: &dyn std::fmt::Display| format!("the centre's bulletin: {error}");
        let bytes = made.canonical_bytes().map_err(|error| wrong(&error))?;
        if ObjectHash::of(&bytes) != hash {
            return Err(format!(
                "nobody gave the bulletin {hash}; it ought to be {made:?}"
            ));
        }
        let atlas = atlas.under(hash, made).map_err(|error| wrong(&error))?;
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
        let was_owed = self.carried.take();
        for event in &record.events {
            if let Event::ObjectActivated(active) = event {
                self.activate(*active, &brought);
            }
        }
        let is_bulletin = matches!(
            record.envelope.command,
            Command::Activate(Activation {
                object: ObjectKind::Bulletin,
                ..
            })
        );
        if let (Some(owed), false) = (was_owed, is_bulletin) {
            return Err(format!(
                "what was said of the roads went with their map: {owed:?}"
            ));
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
            ObjectKind::Roads => {
                let before = self.in_force.as_ref().map(|atlas| atlas.bulletin());
                self.in_force.clone_from(brought);
                self.carried = before.and_then(|before| self.carried_over(before));
            }
            ObjectKind::Bulletin => self.in_force.clone_from(brought),
            ObjectKind::Lexicon | ObjectKind::City => {}
        }
    }

    /// What was said of another map and can be meant of the one in force: notices all of whose roads it has, and water. `None`
    /// when that is nothing.
    fn carried_over(&self, mut said: Bulletin) -> Option<Bulletin> {
        let map = self.in_force.as_ref()?.hash();
        let network = &self.ground.town(map)?.network;
        let name = |NodeIndex(node): NodeIndex| network.nodes[node as usize].name;
        let roads: BTreeSet<(i64, i64)> = network
            .edges
            .iter()
            .map(|edge| (name(edge.from), name(edge.to)))
            .collect();
        said.roads = map;
        said.notices.retain(|notice| match &notice.says {
            Says::Closed(named) | Says::Slow { roads: named, .. } => {
                named.iter().all(|it| roads.contains(&(it.from, it.to)))
            }
            Says::Flooded(_) => true,
        });
        (said != Bulletin::plain(map)).then_some(said)
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
