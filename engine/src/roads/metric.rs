//! The times in force: labels of both profiles for one map under one set of conditions.
//!
//! A metric is a pure function of map and conditions. It is made whole, on any thread, and never changed after: whoever puts
//! another in force hands over an `Arc`. See `travel` for what is asked of it.

use super::conditions::{Conditions, EdgeTimes};
use super::hierarchy::Hierarchy;
use super::labels::{Cost, Labels, Neighbours};
use super::network::{CLOSED_MS, EdgeIndex, Profile};
use super::road_map::RoadMap;
use super::sides::Sides;
use std::sync::Arc;

/// How one profile drives just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileTimes<C> {
    labels: Labels<C>,
    /// How each edge is driven there and back.
    sides: Vec<Sides<C>>,
    /// The arcs up to each rank from its lower neighbours, as [`Hierarchy::lower_range`] says, the least first; only where units
    /// are searched for.
    rises: Vec<Rise<C>>,
}

/// An arc up to a rank from one of its lower neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rise<C> {
    /// The lower neighbour.
    pub from: u32,
    /// What it costs over anything that lies below both; [`Cost::NEVER`] where nothing leads up.
    pub cost: C,
}

/// The times in force.
#[derive(Clone, Debug)]
pub struct Metric {
    map: Arc<RoadMap>,
    profiles: [Arc<ProfileTimes<u32>>; 2],
}

impl Metric {
    /// The times of a map under these conditions.
    pub fn new(map: Arc<RoadMap>, conditions: &Conditions) -> Metric {
        let [normal, siren] = conditions.edge_times(&map);
        let profiles = [
            ProfileTimes::new(&map, Profile::Normal, &normal),
            ProfileTimes::new(&map, Profile::Siren, &siren),
        ];
        Metric::of(map, profiles)
    }

    /// Of the times of both profiles, normal first: whoever has two cores makes each on its own.
    pub fn of(map: Arc<RoadMap>, profiles: [ProfileTimes<u32>; 2]) -> Metric {
        let profiles = profiles.map(Arc::new);
        Metric { map, profiles }
    }

    /// The map.
    pub fn map(&self) -> &Arc<RoadMap> {
        &self.map
    }

    /// How a profile drives.
    pub fn profile(&self, profile: Profile) -> &ProfileTimes<u32> {
        self.shared_profile(profile)
    }

    /// The same, to be kept.
    pub fn shared_profile(&self, profile: Profile) -> &Arc<ProfileTimes<u32>> {
        &self.profiles[profile as usize]
    }

    /// How each profile drives, to be kept.
    pub fn shared_profiles(&self) -> &[Arc<ProfileTimes<u32>>; 2] {
        &self.profiles
    }

    /// How many bytes the labels take.
    pub fn bytes(&self) -> usize {
        self.profiles.iter().map(|it| it.labels.bytes()).sum()
    }
}

impl ProfileTimes<u32> {
    /// For these times of edges.
    pub fn new(map: &RoadMap, profile: Profile, times: &EdgeTimes) -> ProfileTimes<u32> {
        let cost = |&ms: &u32| if ms == CLOSED_MS { u32::NEVER } else { ms };
        let through: Vec<u32> = times.through_ms.iter().map(cost).collect();
        let own: Vec<u32> = times.own_ms.iter().map(cost).collect();
        let neighbours = neighbours(map, profile, &through);
        ProfileTimes {
            labels: Labels::of(map.hierarchy(), &neighbours),
            sides: map.side_ranks(profile).at(map, profile, &own),
            rises: rises(map.hierarchy(), &neighbours),
        }
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
        let neighbours = neighbours(map, profile, through);
        ProfileTimes {
            labels: Labels::of(map.hierarchy(), &neighbours),
            sides: map.side_ranks(profile).at(map, profile, own),
            rises: Vec::new(),
        }
    }

    /// The labels.
    pub fn labels(&self) -> &Labels<C> {
        &self.labels
    }

    /// The arcs up to a rank from its lower neighbours, the least first; none for times that units are not searched by.
    #[inline]
    pub fn rises(&self, hierarchy: &Hierarchy, rank: u32) -> &[Rise<C>] {
        self.rises
            .get(hierarchy.lower_range(rank))
            .unwrap_or_default()
    }

    /// How an edge is driven there and back.
    #[inline]
    pub fn sides(&self, edge: EdgeIndex) -> &Sides<C> {
        &self.sides[edge.0 as usize]
    }
}

fn rises<C: Cost>(hierarchy: &Hierarchy, neighbours: &Neighbours<C>) -> Vec<Rise<C>> {
    let places = hierarchy.all_lowers().iter();
    let rises = places.map(|&place| Rise {
        from: hierarchy.owner(place),
        cost: neighbours.up(place as usize),
    });
    let mut rises: Vec<Rise<C>> = rises.collect();
    for rank in 0..hierarchy.len() {
        let of_rank = &mut rises[hierarchy.lower_range(rank)];
        of_rank.sort_unstable_by_key(|rise| (rise.cost, rise.from));
    }
    rises
}

/// The costs between neighbours for these costs of edges.
fn neighbours<C: Cost>(map: &RoadMap, profile: Profile, through: &[C]) -> Neighbours<C> {
    let arcs = map.turns().arcs().iter();
    let costs = arcs.map(|arc| match arc.banned[profile as usize] {
        true => C::NEVER,
        false => through[arc.edge.0 as usize],
    });
    Neighbours::new(map.hierarchy(), costs)
}
