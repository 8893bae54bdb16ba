//! Times on small random networks against the naive twin: every pair of positions, with bans, closures and both profiles.

mod changing;
mod moving;
pub(super) mod random;
mod snapping;

use super::conditions::{Change, Conditions};
use super::dijkstra::{Reached, Start, costs_by_last_edge};
use super::labels::Cost;
use super::metric::Metric;
use super::network::{CLOSED_MS, Edge, EdgeIndex, Network, Node, NodeIndex, Profile, RoadClass};
use super::position::{Fraction, Position};
use super::road_map::RoadMap;
use super::travel::{Destination, exits};
use crate::place::Point;
use proptest::prelude::*;
use random::{Layout, networks};
use std::sync::Arc;

/// The times by the book, from one position to any.
pub(super) struct Naive<'a> {
    map: &'a RoadMap,
    through: Vec<u32>,
    own: Vec<u32>,
    profile: Profile,
}

impl<'a> Naive<'a> {
    pub fn new(map: &'a RoadMap, conditions: &Conditions, profile: Profile) -> Naive<'a> {
        let times = &conditions.edge_times(map)[profile as usize];
        let cost = |&ms: &u32| if ms == CLOSED_MS { u32::NEVER } else { ms };
        Naive {
            map,
            through: times.through_ms.iter().map(cost).collect(),
            own: times.own_ms.iter().map(cost).collect(),
            profile,
        }
    }

    /// The edges that somebody in the middle of one is on, each with how far along they are: the quickest there and back.
    fn sides(&self, position: Position) -> Vec<(EdgeIndex, Fraction)> {
        let edges = &self.map.network().edges;
        let own = edges[position.edge.0 as usize];
        let quickest = |from, to| {
            (0..edges.len() as u32)
                .filter(|&edge| self.own[edge as usize] < u32::NEVER)
                .filter(|&edge| (edges[edge as usize].from, edges[edge as usize].to) == (from, to))
                .min_by_key(|&edge| (self.own[edge as usize], edge))
        };
        let there = quickest(own.from, own.to).map(|edge| (EdgeIndex(edge), position.along));
        let back = quickest(own.to, own.from).map(|edge| (EdgeIndex(edge), position.along.rest()));
        there.into_iter().chain(back).collect()
    }

    fn part(&self, edge: EdgeIndex, along: Fraction) -> u32 {
        along.of(self.own[edge.0 as usize])
    }

    pub fn from(&self, position: Position) -> Reached<u32> {
        let starts = match self.map.node_at(position) {
            Some(node) => vec![(Start::Node(node), 0)],
            None => self
                .sides(position)
                .into_iter()
                .map(|(edge, along)| {
                    let left = self.own[edge.0 as usize] - self.part(edge, along);
                    (Start::Edge(edge), left)
                })
                .collect(),
        };
        costs_by_last_edge(self.map.network(), self.profile, &self.through, &starts)
    }

    pub fn to(&self, reached: &Reached<u32>, from: Position, to: Position) -> Option<u32> {
        let mut least = match self.map.node_at(to) {
            Some(node) => reached.nodes[node.0 as usize],
            None => u32::NEVER,
        };
        let on = |position| match self.map.node_at(position) {
            Some(_) => Vec::new(),
            None => self.sides(position),
        };
        for (edge, along) in on(to) {
            least = least.min(reached.edges[edge.0 as usize] + self.part(edge, along));
            for (other, behind) in on(from) {
                if other == edge && behind <= along {
                    least = least.min(self.part(edge, along) - self.part(edge, behind));
                }
            }
        }
        (least < u32::NEVER).then_some(least)
    }
}

/// Two edges one after the other on one line to the east, 500 m each, one-way, for sirens alone.
fn straight_road() -> Network {
    let node = |name: i64| Node {
        point: Point {
            lat_e7: 0,
            lon_e7: 1_200_000_000 + name as i32 * 44_966,
        },
        name,
    };
    let edge = |from| Edge {
        from: NodeIndex(from),
        to: NodeIndex(from + 1),
        length_mm: 500_000,
        time_ms: [CLOSED_MS, 10_001],
        class: RoadClass::Primary,
    };
    Network {
        nodes: (0..3).map(node).collect(),
        edges: (0..2).map(edge).collect(),
        ..Network::default()
    }
}

/// Positions at both ends of every edge and within it.
fn positions(map: &RoadMap) -> Vec<Position> {
    let parts = [0, 1, 1 << 18, 700_000, 1 << 20];
    (0..map.network().edges.len() as u32)
        .flat_map(|edge| parts.map(|parts| (edge, parts)))
        .map(|(edge, parts)| Position {
            edge: EdgeIndex(edge),
            along: Fraction::new(parts),
        })
        .collect()
}

pub(super) fn conditions_of(map: &RoadMap, closed: &[u32], slow: &[(u32, u32)]) -> Conditions {
    let edges = map.network().edges.len() as u32;
    let mut changes = Vec::new();
    if edges > 0 {
        changes.extend(
            closed
                .iter()
                .map(|edge| Change::Close(EdgeIndex(edge % edges))),
        );
        let slowed = slow.iter();
        changes.extend(slowed.map(|&(edge, by)| Change::Slow(EdgeIndex(edge % edges), by)));
    }
    Conditions {
        changes,
        ..Conditions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_time_is_that_of_the_naive_twin(
        network in networks(Layout::SMALL),
        closed in prop::collection::vec(any::<u32>(), 0..3),
        slow in prop::collection::vec((any::<u32>(), 500u32..4_000), 0..3),
    ) {
        let map = Arc::new(RoadMap::build(network).unwrap());
        let conditions = conditions_of(&map, &closed, &slow);
        let metric = Metric::new(map.clone(), &conditions);
        let positions = positions(&map);
        let mut destination = Destination::default();
        for &profile in Profile::ALL {
            let times = metric.profile(profile);
            let naive = Naive::new(&map, &conditions, profile);
            // From a few to all: the naive twin is slow.
            for &from in positions.iter().step_by(7) {
                let reached = naive.from(from);
                let leaving = exits(&map, times, from);
                for &to in &positions {
                    destination.set(&map, times, profile, to);
                    let ours = destination.cost(&map, times, from, &leaving);
                    let theirs = naive.to(&reached, from, to);
                    prop_assert_eq!(ours, theirs, "{:?} from {:?} to {:?}", profile, from, to);
                }
            }
        }
    }
}
