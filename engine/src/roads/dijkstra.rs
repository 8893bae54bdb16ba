//! The obvious way to a travel time: from state to state, always the one that is reached first (Dijkstra 1959).
//!
//! The naive twin of `labels` and `nearest`: slow, and easy to believe. It walks the edges of a network itself and holds bans as
//! a list of the last edges driven, so that it shares nothing with [`super::turns`] either. It decides nothing.

use super::labels::Cost;
use super::network::{EdgeIndex, Network, NodeIndex, Profile};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Where somebody is: the edges behind them that bans can ask for, latest last, and the node they are at.
type Situation = (NodeIndex, Vec<EdgeIndex>);

/// The least cost of being at the end of each edge after having driven it, for whoever begins as said.
///
/// `starts` are nodes, or edges that are being driven, with the cost until their end. `costs` are of the edges,
/// [`Cost::NEVER`] where they cannot be driven.
pub fn costs_by_last_edge<C: Cost>(
    network: &Network,
    profile: Profile,
    costs: &[C],
    starts: &[(Start, C)],
) -> Reached<C> {
    let longest = network.bans.iter().map(|ban| ban.via.len() + 1).max();
    let mut search = Search {
        network,
        profile,
        costs,
        behind_most: longest.unwrap_or(0),
        best: BTreeMap::new(),
        queue: BinaryHeap::new(),
    };
    for &(start, cost) in starts {
        let situation = match start {
            Start::Node(node) => (node, Vec::new()),
            Start::Edge(edge) => search.shortened(network.edges[edge.0 as usize].to, vec![edge]),
        };
        search.offer(situation, cost);
    }
    search.run()
}

/// How somebody begins.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// At a node, free to take any edge.
    Node(NodeIndex),
    /// On an edge, bound for its end.
    Edge(EdgeIndex),
}

/// What was reached, and for how much.
#[derive(Clone, Debug)]
pub struct Reached<C> {
    /// The least cost of being at each node.
    pub nodes: Vec<C>,
    /// The least cost of being at the beginning of each edge and free to drive it.
    pub edges: Vec<C>,
}

struct Search<'a, C> {
    network: &'a Network,
    profile: Profile,
    costs: &'a [C],
    behind_most: usize,
    best: BTreeMap<Situation, C>,
    queue: BinaryHeap<Reverse<(C, Situation)>>,
}

impl<C: Cost> Search<'_, C> {
    fn shortened(&self, node: NodeIndex, mut behind: Vec<EdgeIndex>) -> Situation {
        let surplus = behind.len().saturating_sub(self.behind_most);
        behind.drain(..surplus);
        (node, behind)
    }

    fn offer(&mut self, situation: Situation, cost: C) {
        if cost >= C::NEVER || self.best.get(&situation).is_some_and(|&best| best <= cost) {
            return;
        }
        self.best.insert(situation.clone(), cost);
        self.queue.push(Reverse((cost, situation)));
    }

    fn is_banned(&self, behind: &[EdgeIndex], edge: EdgeIndex) -> bool {
        self.network.bans.iter().any(|ban| {
            let before: Vec<EdgeIndex> = std::iter::once(ban.from)
                .chain(ban.via.iter().copied())
                .collect();
            ban.holds[self.profile as usize] && ban.to == edge && behind.ends_with(&before)
        })
    }

    fn run(mut self) -> Reached<C> {
        let mut reached = Reached {
            nodes: vec![C::NEVER; self.network.nodes.len()],
            edges: vec![C::NEVER; self.network.edges.len()],
        };
        while let Some(Reverse((cost, (node, behind)))) = self.queue.pop() {
            if self.best.get(&(node, behind.clone())) != Some(&cost) {
                continue;
            }
            let at = &mut reached.nodes[node.0 as usize];
            *at = (*at).min(cost);
            let first = self.network.edges.partition_point(|edge| edge.from < node);
            for (index, edge) in (first..).zip(&self.network.edges[first..]) {
                if edge.from != node {
                    break;
                }
                let index = EdgeIndex(index as u32);
                if self.is_banned(&behind, index) {
                    continue;
                }
                let before = &mut reached.edges[index.0 as usize];
                *before = (*before).min(cost);
                let step = self.costs[index.0 as usize];
                if step < C::NEVER {
                    let mut behind = behind.clone();
                    behind.push(index);
                    let next = self.shortened(edge.to, behind);
                    self.offer(next, cost.plus(step));
                }
            }
        }
        reached
    }
}
