//! How long the way takes from where somebody is to where they are wanted, exactly.
//!
//! Beginning and ending are on edges, so a question is one of a few states each side: [`Exits`] are the states in which one
//! comes off the own edge, in either direction, with the cost until then; a [`Destination`] is the same for arriving, with its
//! labels laid together once, as it is asked about by many. Where both are on the same edge, the way along it counts too.

use super::hierarchy::Hierarchy;
use super::labels::{Cost, least_sum};
use super::metric::ProfileTimes;
use super::network::{EdgeIndex, NodeIndex, Profile};
use super::position::{Fraction, Position};
use super::road_map::RoadMap;

/// Being on an edge: which one, how far along, what the whole of it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OnEdge<C> {
    from: NodeIndex,
    to: NodeIndex,
    along: Fraction,
    whole: C,
}

/// A state, by rank, and the cost between it and a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit<C> {
    /// The state's rank.
    pub rank: u32,
    /// The cost on the edge between it and the position.
    pub cost: C,
}

/// How one comes away from a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exits<C> {
    /// At the ends of the edge; one alone at a node or on a one-way road.
    exits: [Option<Exit<C>>; 2],
    /// In the middle of an edge: that and the one back.
    on: [Option<OnEdge<C>>; 2],
}

/// How one comes away from a position that a profile can drive off from; without any exit where it cannot.
pub fn exits<C: Cost>(map: &RoadMap, times: &ProfileTimes<C>, position: Position) -> Exits<C> {
    if let Some(node) = map.node_at(position) {
        let rank = map.hierarchy().rank(node.0);
        let exit = Exit {
            rank,
            cost: C::ZERO,
        };
        return Exits {
            exits: [Some(exit), None],
            on: [None, None],
        };
    }
    let sides = sides(map, times, position);
    let leave = |side: Option<(EdgeIndex, OnEdge<C>)>| {
        side.map(|(edge, on)| Exit {
            rank: map.hierarchy().rank(map.turns().after(edge)),
            cost: on.whole.less(on.whole.part(on.along)),
        })
    };
    Exits {
        exits: sides.map(leave),
        on: sides.map(|side| side.map(|(_, on)| on)),
    }
}

/// The quickest edges that a profile may drive through a position in the middle of one, there and back.
fn sides<C: Cost>(
    map: &RoadMap,
    times: &ProfileTimes<C>,
    position: Position,
) -> [Option<(EdgeIndex, OnEdge<C>)>; 2] {
    let side = |edge: Option<EdgeIndex>, along| {
        edge.map(|edge| {
            let it = map.edge(edge);
            let on = OnEdge {
                from: it.from,
                to: it.to,
                along,
                whole: times.own(edge),
            };
            (edge, on)
        })
    };
    let there = times.quickest(map.alongside(position.edge));
    let back = times.quickest(map.opposite(position.edge));
    [
        side(there, position.along),
        side(back, position.along.rest()),
    ]
}

impl<C: Cost> Exits<C> {
    /// Whether there is a way off.
    pub fn is_empty(&self) -> bool {
        self.exits == [None, None]
    }

    /// The ways off.
    pub fn iter(&self) -> impl Iterator<Item = Exit<C>> {
        self.exits.into_iter().flatten()
    }
}

/// One way up from a destination: ancestors of a rank and the costs from them to the destination.
#[derive(Clone, Debug, Default)]
struct Chain<C> {
    /// The lowest of the ranks.
    rank: u32,
    /// Itself and its ancestors, root first, each with the first rank of its subtree.
    spans: Vec<(u32, u32)>,
    /// From each of them to the destination.
    costs: Vec<C>,
}

/// Where somebody is wanted, made ready to be asked about. Kept and filled again, it allocates nothing.
#[derive(Clone, Debug)]
pub struct Destination<C> {
    chains: Vec<Chain<C>>,
    /// How many of them are in use.
    used: usize,
    /// All states from which one arrives, for filling `chains`.
    entries: Vec<Exit<C>>,
    on: [Option<OnEdge<C>>; 2],
}

impl<C> Default for Destination<C> {
    /// Nowhere.
    fn default() -> Destination<C> {
        Destination {
            chains: Vec::new(),
            used: 0,
            entries: Vec::new(),
            on: [None, None],
        }
    }
}

impl<C: Cost> Destination<C> {
    /// Makes this the way to a position.
    pub fn set(
        &mut self,
        map: &RoadMap,
        times: &ProfileTimes<C>,
        profile: Profile,
        position: Position,
    ) {
        self.entries.clear();
        self.on = [None, None];
        let rank = |state| map.hierarchy().rank(state);
        if let Some(node) = map.node_at(position) {
            self.entries.extend(map.turns().at(node).map(|state| Exit {
                rank: rank(state),
                cost: C::ZERO,
            }));
        } else {
            let sides = sides(map, times, position);
            for (edge, on) in sides.into_iter().flatten() {
                let cost = on.whole.part(on.along);
                let before = map.turns().before(edge, profile);
                self.entries.extend(before.map(|state| Exit {
                    rank: rank(state),
                    cost,
                }));
            }
            self.on = sides.map(|side| side.map(|(_, on)| on));
        }
        self.entries.sort_unstable_by_key(|entry| entry.rank);
        self.lay(map.hierarchy(), times);
    }

    /// Lays the labels of the entries together: one that stands above another shares its chain.
    fn lay(&mut self, hierarchy: &Hierarchy, times: &ProfileTimes<C>) {
        self.used = 0;
        for entry in &self.entries {
            let label = times.labels().down(hierarchy, entry.rank);
            let below = hierarchy.first_below(entry.rank)..=entry.rank;
            let known = self.chains[..self.used]
                .iter_mut()
                .find(|chain| below.contains(&chain.rank));
            if let Some(chain) = known {
                for (cost, &more) in chain.costs.iter_mut().zip(label) {
                    *cost = cost.lesser(more.plus(entry.cost)).min(C::NEVER);
                }
                continue;
            }
            if self.used == self.chains.len() {
                self.chains.push(Chain {
                    rank: 0,
                    spans: Vec::new(),
                    costs: Vec::new(),
                });
            }
            let chain = &mut self.chains[self.used];
            self.used += 1;
            chain.rank = entry.rank;
            chain.costs.clear();
            let costs = label.iter().map(|cost| cost.plus(entry.cost).min(C::NEVER));
            chain.costs.extend(costs);
            chain.spans.clear();
            let upwards = std::iter::successors(Some(entry.rank), |&rank| hierarchy.parent(rank));
            let spans = upwards.map(|rank| (hierarchy.first_below(rank), rank));
            chain.spans.extend(spans);
            chain.spans.reverse();
        }
    }

    /// The least cost of the way from a position that one leaves like this; `None` where there is no way.
    pub fn cost(
        &self,
        hierarchy: &Hierarchy,
        times: &ProfileTimes<C>,
        exits: &Exits<C>,
    ) -> Option<C> {
        let mut least = self.along(exits);
        for exit in exits.iter() {
            least = least.min(self.from_state(hierarchy, times, exit));
        }
        (least < C::NEVER).then_some(least)
    }

    /// The least cost over the ends of the own edge.
    fn from_state(&self, hierarchy: &Hierarchy, times: &ProfileTimes<C>, exit: Exit<C>) -> C {
        let label = times.labels().up(hierarchy, exit.rank);
        let chains = self.chains[..self.used].iter();
        let least = chains.fold(C::NEVER, |least, chain| {
            let shared = chain.shared(exit.rank);
            least.min(least_sum(&label[..shared], &chain.costs[..shared]))
        });
        least.plus(exit.cost).min(C::NEVER)
    }

    /// The least cost along the edge that both are on.
    fn along(&self, exits: &Exits<C>) -> C {
        let mut least = C::NEVER;
        for from in exits.on.iter().flatten() {
            for to in self.on.iter().flatten() {
                if (from.from, from.to) == (to.from, to.to) && from.along <= to.along {
                    least = least.min(to.whole.part(to.along).less(from.whole.part(from.along)));
                }
            }
        }
        least
    }
}

impl<C> Chain<C> {
    /// How many ancestors, root first, this chain shares with a rank, itself counted.
    fn shared(&self, rank: u32) -> usize {
        self.spans
            .partition_point(|&(first, last)| first <= rank && rank <= last)
    }
}
