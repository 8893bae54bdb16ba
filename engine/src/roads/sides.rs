//! What a question reads of an edge, in one stretch of memory: how it is driven there and back, by rank and cost.
//!
//! Where several edges join the same two nodes, somebody between them drives the quickest that lies open; of equal ones
//! the first.

use super::labels::Cost;
use super::network::{EdgeIndex, Profile};
use super::road_map::RoadMap;

/// No rank, or several.
pub const NO_SIDE: u32 = u32::MAX;

/// One direction of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side<C> {
    /// The edge that is driven.
    pub edge: EdgeIndex,
    /// The rank at its end for whoever began on it.
    pub after: u32,
    /// The rank at its beginning; [`NO_SIDE`] where it can be driven from several, or none.
    pub before: u32,
    /// What the whole costs whoever begins or ends on it; [`Cost::NEVER`] where nobody may.
    pub whole: C,
}

/// A segment, seen from one of its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides<C> {
    /// The way the edge leads.
    pub there: Side<C>,
    /// The other way.
    pub back: Side<C>,
}

/// The sides of every edge, at these costs.
pub fn all_sides<C: Cost>(map: &RoadMap, profile: Profile, own: &[C]) -> Vec<Sides<C>> {
    let edges = 0..map.network().edges.len() as u32;
    let one = |edges: &mut dyn Iterator<Item = EdgeIndex>| {
        let quickest = edges.min_by_key(|&edge| (own[edge.0 as usize], edge));
        quickest.map_or(none(), |edge| side(map, profile, own, edge))
    };
    edges
        .map(EdgeIndex)
        .map(|edge| Sides {
            there: one(&mut map.alongside(edge)),
            back: one(&mut map.opposite(edge)),
        })
        .collect()
}

fn none<C: Cost>() -> Side<C> {
    Side {
        edge: EdgeIndex(NO_SIDE),
        after: NO_SIDE,
        before: NO_SIDE,
        whole: C::NEVER,
    }
}

fn side<C: Cost>(map: &RoadMap, profile: Profile, own: &[C], edge: EdgeIndex) -> Side<C> {
    let rank = |state| map.hierarchy().rank(state);
    let mut before = map.turns().before(edge, profile);
    let first = before.next();
    let only = first.filter(|_| before.next().is_none());
    Side {
        edge,
        after: rank(map.turns().after(edge)),
        before: only.map_or(NO_SIDE, rank),
        whole: own[edge.0 as usize],
    }
}
