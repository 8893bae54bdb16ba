//! Small random networks, as awkward as an importer lets them through: parallel edges, nodes at one place, edges of no
//! time, lengths below the straight line, one profile's edges, bans over several edges, several parts.

use super::super::network::{Ban, CLOSED_MS, Edge, EdgeIndex, Network, Node, NodeIndex, RoadClass};
use crate::place::Point;
use proptest::prelude::*;

/// How large a network is.
#[derive(Clone, Copy)]
pub struct Layout {
    pub nodes: usize,
    pub edges: usize,
    pub bans: usize,
}

impl Layout {
    pub const SMALL: Layout = Layout {
        nodes: 9,
        edges: 24,
        bans: 8,
    };
}

type Raw = (usize, usize, u32, Option<u32>, bool, bool);

fn raw_edges(layout: Layout) -> impl Strategy<Value = Vec<Raw>> {
    let time = prop_oneof![1 => 0u32..3, 6 => 1u32..60_000, 1 => Just(86_400_000u32)];
    let siren = prop_oneof![3 => Just(None), 2 => (1u32..30_000).prop_map(Some)];
    let edge = (
        0..layout.nodes,
        0..layout.nodes,
        time,
        siren,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.5),
    );
    prop::collection::vec(edge, 1..layout.edges)
}

/// Random networks.
pub fn networks(layout: Layout) -> impl Strategy<Value = Network> {
    let points = prop::collection::vec((0i32..6, 0i32..6), layout.nodes);
    let walks = prop::collection::vec(
        (
            any::<u32>(),
            prop::collection::vec(any::<u32>(), 1..4),
            any::<[bool; 2]>(),
        ),
        0..layout.bans,
    );
    (points, raw_edges(layout), walks).prop_map(|(points, raw, walks)| {
        let nodes = (0..).zip(&points).map(|(name, &(lat, lon))| Node {
            point: Point {
                lat_e7: 288_000_000 + lat * 9_001,
                lon_e7: 1_207_000_000 + lon * 9_001,
            },
            name,
        });
        let edges = edges(&raw);
        let bans = walks
            .iter()
            .filter_map(|walk| ban(&edges, walk))
            .collect::<std::collections::BTreeSet<Ban>>();
        Network {
            nodes: nodes.collect(),
            bans: bans.into_iter().collect(),
            edges,
            attribution: String::new(),
        }
    })
}

fn edges(raw: &[Raw]) -> Vec<Edge> {
    let mut edges: Vec<Edge> = raw
        .iter()
        .filter(|(from, to, ..)| from != to)
        .flat_map(|&(from, to, time, siren, only_siren, both_ways)| {
            let edge = |from: usize, to: usize| Edge {
                from: NodeIndex(from as u32),
                to: NodeIndex(to as u32),
                length_mm: time / 2,
                time_ms: [
                    if only_siren { CLOSED_MS } else { time },
                    siren.unwrap_or(time),
                ],
                class: RoadClass::Other,
            };
            let back = both_ways.then(|| edge(to, from));
            std::iter::once(edge(from, to)).chain(back)
        })
        .collect();
    edges.sort_by_key(|edge| (edge.from, edge.to, edge.time_ms));
    edges
}

/// A ban along a random walk.
fn ban(edges: &[Edge], (first, turns, holds): &(u32, Vec<u32>, [bool; 2])) -> Option<Ban> {
    if edges.is_empty() {
        return None;
    }
    let mut walk = vec![first % edges.len() as u32];
    for turn in turns {
        let at = edges[*walk.last()? as usize].to;
        let next: Vec<u32> = (0..edges.len() as u32)
            .filter(|&edge| edges[edge as usize].from == at)
            .collect();
        if next.is_empty() {
            break;
        }
        walk.push(next[*turn as usize % next.len()]);
    }
    let (&from, rest) = walk.split_first()?;
    let (&to, via) = rest.split_last()?;
    Some(Ban {
        from: EdgeIndex(from),
        via: via.iter().map(|&edge| EdgeIndex(edge)).collect(),
        to: EdgeIndex(to),
        holds: *holds,
    })
}
