//! A map ready to be asked while calls come in: the times in force, and where each segment lies.
//!
//! Made whole from the bytes of a prepared map, on any thread, and never changed after. The same bytes answer the same on every
//! machine, so whoever has the object that a journal names has the times that it was decided by.

use super::bulletin::{Bulletin, BulletinError};
use super::conditions::{Conditions, Factors};
use super::metric::Metric;
use super::network::Profile;
use super::position::{Position, Positions};
use super::prepared::Prepared;
use super::road_map::RoadMap;
use super::snap::{Nearness, Segments};
use super::travel::{Destination, exits};
use crate::id::ObjectHash;
use crate::kind::Priority;
use crate::place::Point;
use std::sync::Arc;

/// Whom vehicles go to with lights and sirens: danger to life, and what is urgent.
pub const fn profile_for(priority: Priority) -> Profile {
    match priority {
        Priority::P1 | Priority::P2 => Profile::Siren,
        Priority::P3 | Priority::P4 => Profile::Normal,
    }
}

/// A map, its times, its segments.
#[derive(Debug)]
pub struct Atlas {
    hash: ObjectHash,
    /// What holds on it beside what it says, and under which hash that is kept; `None`: nothing.
    bulletin: Option<(ObjectHash, Bulletin)>,
    metric: Metric,
    segments: Arc<Segments>,
    attribution: Arc<str>,
}

impl Atlas {
    /// From the bytes of a prepared map, whose hash as an object this is.
    pub fn read(hash: ObjectHash, bytes: &[u8]) -> Result<Atlas, String> {
        let prepared = Prepared::of_bytes(bytes).map_err(|error| error.to_string())?;
        let map = RoadMap::open(&prepared).map_err(|error| error.to_string())?;
        let segments = Segments::of(&map);
        Ok(Atlas {
            hash,
            bulletin: None,
            segments: Arc::new(segments),
            attribution: prepared.attribution().into(),
            metric: Metric::new(Arc::new(map), &Conditions::default()),
        })
    }

    /// The same map as it is when this bulletin holds. The dear part of a change on the roads: for a thread that nobody
    /// waits for.
    pub fn under(&self, hash: ObjectHash, bulletin: Bulletin) -> Result<Atlas, BulletinError> {
        let map = self.metric.map();
        bulletin.check(self.hash, map)?;
        Ok(Atlas {
            hash: self.hash,
            metric: Metric::new(Arc::clone(map), &bulletin.conditions(map)),
            bulletin: Some((hash, bulletin)),
            segments: Arc::clone(&self.segments),
            attribution: Arc::clone(&self.attribution),
        })
    }

    /// The bulletin that its times are by, as an object; `None` where they are the map's own.
    pub fn bulletin_hash(&self) -> Option<ObjectHash> {
        self.bulletin.as_ref().map(|(hash, _)| *hash)
    }

    /// What holds on it beside what it says.
    pub fn bulletin(&self) -> Bulletin {
        match &self.bulletin {
            Some((_, bulletin)) => bulletin.clone(),
            None => Bulletin::plain(self.hash),
        }
    }

    /// The factors of the hour that its times are by.
    pub fn factors(&self) -> Factors {
        let bulletin = self.bulletin.as_ref();
        bulletin.map_or(Factors::default(), |(_, bulletin)| bulletin.factors)
    }

    /// The map as an object.
    pub fn hash(&self) -> ObjectHash {
        self.hash
    }

    /// The times in force.
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// Who made the map, to be shown wherever it shows; empty when it is the centre's own.
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// Where a place is on the roads; `None` when it is far from every road that the profile can use (N4).
    pub fn position(&self, profile: Profile, point: Point) -> Option<Position> {
        let map = self.metric.map();
        let at = map.projection().plane(point);
        let snapped = self.segments.snap(map, profile, at, Nearness::default());
        snapped.ok().map(|snapped| snapped.position)
    }

    /// The same for every profile at once.
    pub fn positions(&self, point: Point) -> Positions {
        let map = self.metric.map();
        let at = map.projection().plane(point);
        self.segments.positions(map, at, Nearness::default())
    }

    /// How long the way takes, in milliseconds; `None` where there is none. `room` is kept and used again.
    pub fn time_ms(
        &self,
        profile: Profile,
        from: Position,
        to: Position,
        room: &mut Destination<u32>,
    ) -> Option<u32> {
        let (map, times) = (&**self.metric.map(), self.metric.profile(profile));
        room.set(map, times, profile, to);
        room.cost(map, times, from, &exits(map, times, from))
    }
}
