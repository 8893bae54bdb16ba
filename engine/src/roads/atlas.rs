//! A map ready to be asked while calls come in: the times in force, and where each segment lies.
//!
//! Made whole from the bytes of a prepared map, on any thread, and never changed after. The same bytes answer the same on every
//! machine, so whoever has the object that a journal names has the times that it was decided by.

use super::conditions::Conditions;
use super::metric::Metric;
use super::network::Profile;
use super::position::Position;
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
    metric: Metric,
    segments: Segments,
    attribution: String,
}

impl Atlas {
    /// From the bytes of a prepared map, whose hash as an object this is.
    pub fn read(hash: ObjectHash, bytes: &[u8]) -> Result<Atlas, String> {
        let prepared = Prepared::of_bytes(bytes).map_err(|error| error.to_string())?;
        let map = RoadMap::open(&prepared).map_err(|error| error.to_string())?;
        let segments = Segments::of(&map);
        Ok(Atlas {
            hash,
            segments,
            attribution: prepared.attribution().to_owned(),
            metric: Metric::new(Arc::new(map), &Conditions::default()),
        })
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

    /// Where a place is on the roads; `None` when it is far from every road that anybody may use (N4).
    pub fn position(&self, point: Point) -> Option<Position> {
        let map = self.metric.map();
        let at = map.projection().plane(point);
        // What everybody may use, sirens may use too.
        let snapped = self
            .segments
            .snap(map, Profile::Normal, at, Nearness::default());
        snapped.ok().map(|snapped| snapped.position)
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
