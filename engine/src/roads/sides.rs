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

/// The sides of every edge of a map for one profile, but for what they cost.
#[derive(Clone, Debug)]
pub struct SideRanks {
    /// Each with [`Cost::NEVER`].
    sides: Vec<Sides<u32>>,
    /// Edges that lie beside others, or whose opposites do: the quickest is a matter of costs.
    beside_others: Vec<EdgeIndex>,
}

impl SideRanks {
    /// Of a map's turns and hierarchy.
    pub fn new(map: &RoadMap, profile: Profile) -> SideRanks {
        let edges = (0..map.network().edges.len() as u32).map(EdgeIndex);
        let one = |edge: Option<EdgeIndex>| edge.map_or(NONE, |edge| side(map, profile, edge));
        let several = |&edge: &EdgeIndex| {
            map.alongside(edge).nth(1).is_some() || map.opposite(edge).nth(1).is_some()
        };
        SideRanks {
            sides: edges
                .clone()
                .map(|edge| Sides {
                    there: side(map, profile, edge),
                    back: one(map.opposite(edge).next()),
                })
                .collect(),
            beside_others: edges.filter(several).collect(),
        }
    }

    /// With these costs of whole edges.
    pub fn at<C: Cost>(&self, map: &RoadMap, profile: Profile, own: &[C]) -> Vec<Sides<C>> {
        let cost = |edge: EdgeIndex| own.get(edge.0 as usize).copied().unwrap_or(C::NEVER);
        let priced = |side: Side<u32>| Side {
            edge: side.edge,
            after: side.after,
            before: side.before,
            whole: cost(side.edge),
        };
        let mut sides: Vec<Sides<C>> = self
            .sides
            .iter()
            .map(|sides| Sides {
                there: priced(sides.there),
                back: priced(sides.back),
            })
            .collect();
        for &edge in &self.beside_others {
            let quickest = |edges: &mut dyn Iterator<Item = EdgeIndex>| {
                let edge = edges.min_by_key(|&edge| (cost(edge), edge));
                priced(edge.map_or(NONE, |edge| side(map, profile, edge)))
            };
            sides[edge.0 as usize] = Sides {
                there: quickest(&mut map.alongside(edge)),
                back: quickest(&mut map.opposite(edge)),
            };
        }
        sides
    }
}

/// What a one-way road has for the other way.
const NONE: Side<u32> = Side {
    edge: EdgeIndex(NO_SIDE),
    after: NO_SIDE,
    before: NO_SIDE,
    whole: u32::NEVER,
};

fn side(map: &RoadMap, profile: Profile, edge: EdgeIndex) -> Side<u32> {
    let rank = |state| map.hierarchy().rank(state);
    let mut before = map.turns().before(edge, profile);
    let first = before.next();
    let only = first.filter(|_| before.next().is_none());
    Side {
        edge,
        after: rank(map.turns().after(edge)),
        before: only.map_or(NO_SIDE, rank),
        whole: u32::NEVER,
    }
}
