//! The times in force: labels of both profiles for one map under one set of conditions.
//!
//! A metric is a pure function of map and conditions. It is made whole, on any thread, and never changed after: whoever puts
//! another in force hands over an `Arc`. See `travel` for what is asked of it.

use super::conditions::{Conditions, EdgeTimes};
use super::labels::{Cost, Labels};
use super::network::{CLOSED_MS, EdgeIndex, Profile};
use super::road_map::RoadMap;
use super::sides::{Sides, all_sides};
use std::sync::Arc;

/// How far off the straight line between two positions may be, in decimetres: each coordinate of either is rounded down.
const PLANE_ERROR_DM: u32 = 3;
/// How far the time of a way may be below that of its parts: at both ends a part of an edge is rounded.
const PARTS_ERROR_MS: u64 = 1;
/// Fraction bits of [`ProfileTimes::ratio`].
const RATIO_BITS: u32 = 20;

/// How one profile drives just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileTimes<C> {
    labels: Labels<C>,
    /// How each edge is driven there and back.
    sides: Vec<Sides<C>>,
    /// Milliseconds a decimetre of straight line that no edge undercuts, times 2^20, rounded down.
    ratio: u64,
}

/// The times in force.
#[derive(Clone, Debug)]
pub struct Metric {
    map: Arc<RoadMap>,
    profiles: [ProfileTimes<u32>; 2],
}

impl Metric {
    /// The times of a map under these conditions.
    pub fn new(map: Arc<RoadMap>, conditions: &Conditions) -> Metric {
        let [normal, siren] = conditions.edge_times(&map);
        let profiles = [
            ProfileTimes::new(&map, Profile::Normal, &normal),
            ProfileTimes::new(&map, Profile::Siren, &siren),
        ];
        Metric { map, profiles }
    }

    /// The map.
    pub fn map(&self) -> &Arc<RoadMap> {
        &self.map
    }

    /// How a profile drives.
    pub fn profile(&self, profile: Profile) -> &ProfileTimes<u32> {
        &self.profiles[profile as usize]
    }

    /// How many bytes the labels take.
    pub fn bytes(&self) -> usize {
        self.profiles.iter().map(|it| it.labels.bytes()).sum()
    }
}

impl ProfileTimes<u32> {
    fn new(map: &RoadMap, profile: Profile, times: &EdgeTimes) -> ProfileTimes<u32> {
        let cost = |&ms: &u32| if ms == CLOSED_MS { u32::NEVER } else { ms };
        let through: Vec<u32> = times.through_ms.iter().map(cost).collect();
        let own: Vec<u32> = times.own_ms.iter().map(cost).collect();
        ProfileTimes::with_costs(map, profile, &through, &own)
    }

    /// A time that no way between two positions so far apart on the map's plane undercuts; never falls with the distance.
    ///
    /// A way is at least as long as the straight line, and each of its edges takes at least `ratio` for each decimetre of its
    /// own straight line; lengths do not come into it, as some maps have them shorter than that.
    pub fn least_ms(&self, distance_dm: u32) -> u32 {
        let surely = u64::from(distance_dm.saturating_sub(PLANE_ERROR_DM));
        let least = (surely * self.ratio) >> RATIO_BITS;
        least
            .saturating_sub(PARTS_ERROR_MS)
            .min(u64::from(u32::NEVER)) as u32
    }
}

impl ProfileTimes<u64> {
    /// The times of the map with the lengths of the ways: of equally quick ones the shortest, in milliseconds × 2^32 + millimetres.
    pub fn with_lengths(map: &RoadMap, profile: Profile) -> ProfileTimes<u64> {
        let edges = map.network().edges.iter();
        let costs: Vec<u64> = edges
            .map(|edge| match edge.time_ms[profile as usize] {
                CLOSED_MS => u64::NEVER,
                ms => u64::from(ms) << 32 | u64::from(edge.length_mm),
            })
            .collect();
        ProfileTimes::with_costs(map, profile, &costs, &costs)
    }
}

impl<C: Cost> ProfileTimes<C> {
    /// For these costs of edges: of driving through, and of beginning or ending on them.
    pub fn with_costs(
        map: &RoadMap,
        profile: Profile,
        through: &[C],
        own: &[C],
    ) -> ProfileTimes<C> {
        let arcs = map.turns().arcs().iter();
        let arc_costs = arcs.map(|arc| match arc.banned[profile as usize] {
            true => C::NEVER,
            false => through[arc.edge.0 as usize],
        });
        let labels = Labels::new(map.hierarchy(), arc_costs);
        ProfileTimes {
            labels,
            sides: all_sides(map, profile, own),
            ratio: least_ratio(map, own),
        }
    }

    /// The labels.
    pub fn labels(&self) -> &Labels<C> {
        &self.labels
    }

    /// How an edge is driven there and back.
    #[inline]
    pub fn sides(&self, edge: EdgeIndex) -> &Sides<C> {
        &self.sides[edge.0 as usize]
    }
}

/// The least time a decimetre of straight line over all edges, times 2^20, rounded down.
fn least_ratio<C: Cost>(map: &RoadMap, own: &[C]) -> u64 {
    own.iter()
        .zip(map.straights_dm())
        .filter(|&(&own, &straight)| own < C::NEVER && straight > 0)
        .map(|(own, &straight)| (u64::from(own.milliseconds()) << RATIO_BITS) / u64::from(straight))
        .min()
        .unwrap_or(0)
}
