//! Banned turns, taken into the graph itself: after this, any way through the graph is a way that may be driven.
//!
//! A *state* is a place to go on from: one for each node, and one more for each beginning of a ban that somebody may be in the
//! middle of. Edges become *arcs* between states; whoever drives into the beginning of a ban arrives in its state, and
//! from there the last edge of the ban does not go. This is the automaton of Aho and Corasick (1975) over the edges of all bans:
//! a state is the longest end of the way so far that begins a ban. Bans are rare, so hardly a state is added.
//!
//! Both profiles share one graph: an arc says for which of them it is banned.

use super::network::{Ban, EdgeIndex, Network, NodeIndex, Profile};
use std::collections::BTreeMap;

/// A place to go on from, by its number: first one for each node, in their order, then those within bans.
pub type State = u32;

/// One edge, driven from one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// Where from.
    pub tail: State,
    /// Where it leads.
    pub head: State,
    /// Which edge it is.
    pub edge: EdgeIndex,
    /// Whether a ban keeps [`Profile`] normal from it, and siren.
    pub banned: [bool; 2],
}

/// The graph of states. Pure function of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// The node each state is at.
    nodes: Vec<NodeIndex>,
    /// All arcs, by tail, then edge.
    arcs: Vec<Arc>,
    /// The state after each edge for whoever began on it.
    after: Vec<State>,
    /// For each edge, where its arcs begin in `leaving`; one more at the end.
    first_leaving: Vec<u32>,
    /// The arcs of each edge, by their place in `arcs`.
    leaving: Vec<u32>,
    /// The states within bans by their node: (node, state), sorted.
    inner: Vec<(NodeIndex, State)>,
}

/// The beginnings of bans as a tree; 0 is the empty one.
#[derive(Default)]
struct Beginnings {
    child: BTreeMap<(u32, EdgeIndex), u32>,
    /// The node at the end of each beginning; none for the empty one.
    at: Vec<NodeIndex>,
    /// The longest proper end of each that is a beginning too.
    shorter: Vec<u32>,
    /// What completes a ban, and for whom.
    last: BTreeMap<(u32, EdgeIndex), [bool; 2]>,
}

impl Beginnings {
    /// Of all bans that can be driven into: one whose edges do not follow each other is no ban.
    fn of(network: &Network) -> Beginnings {
        let mut tree = Beginnings {
            at: vec![NodeIndex(u32::MAX)],
            shorter: vec![0],
            ..Beginnings::default()
        };
        for ban in &network.bans {
            if follows(network, ban) {
                tree.add(network, ban);
            }
        }
        tree.link();
        tree
    }

    fn add(&mut self, network: &Network, ban: &Ban) {
        let mut beginning = 0;
        for &edge in [ban.from].iter().chain(&ban.via) {
            let next = self.at.len() as u32;
            beginning = *self.child.entry((beginning, edge)).or_insert(next);
            if beginning == next {
                self.at.push(network.edges[edge.0 as usize].to);
                self.shorter.push(0);
            }
        }
        let holds = self.last.entry((beginning, ban.to)).or_default();
        *holds = [holds[0] | ban.holds[0], holds[1] | ban.holds[1]];
    }

    /// Finds the shorter beginning of each, those of fewer edges first, as each step asks only for such.
    fn link(&mut self) {
        let mut level: Vec<(u32, EdgeIndex, u32)> = self.below(0);
        while !level.is_empty() {
            for &(parent, edge, child) in &level {
                self.shorter[child as usize] = match parent {
                    0 => 0,
                    parent => self.step(self.shorter[parent as usize], edge),
                };
            }
            level = level
                .iter()
                .flat_map(|&(_, _, child)| self.below(child))
                .collect();
        }
    }

    fn below(&self, parent: u32) -> Vec<(u32, EdgeIndex, u32)> {
        self.child
            .range((parent, EdgeIndex(0))..=(parent, EdgeIndex(u32::MAX)))
            .map(|(&(parent, edge), &child)| (parent, edge, child))
            .collect()
    }

    /// The beginning that one is in after an edge more.
    fn step(&self, mut beginning: u32, edge: EdgeIndex) -> u32 {
        loop {
            if let Some(&next) = self.child.get(&(beginning, edge)) {
                return next;
            }
            if beginning == 0 {
                return 0;
            }
            beginning = self.shorter[beginning as usize];
        }
    }

    /// Who may not drive an edge from a beginning: by its own bans or by those of its ends.
    fn banned(&self, mut beginning: u32, edge: EdgeIndex) -> [bool; 2] {
        let mut banned = [false; 2];
        while beginning != 0 {
            if let Some(holds) = self.last.get(&(beginning, edge)) {
                banned = [banned[0] | holds[0], banned[1] | holds[1]];
            }
            beginning = self.shorter[beginning as usize];
        }
        banned
    }
}

fn follows(network: &Network, ban: &Ban) -> bool {
    let edges: Vec<EdgeIndex> = [ban.from]
        .into_iter()
        .chain(ban.via.iter().copied())
        .chain([ban.to])
        .collect();
    edges
        .windows(2)
        .all(|pair| network.edges[pair[0].0 as usize].to == network.edges[pair[1].0 as usize].from)
}

impl Turns {
    /// The graph of a network whose edges are sorted by where they begin.
    pub fn of(network: &Network) -> Turns {
        assert!(
            network.edges.is_sorted_by_key(|edge| edge.from),
            "the edges of a network are sorted by where they begin"
        );
        let beginnings = Beginnings::of(network);
        let count = network.nodes.len() as u32;
        let state = |beginning: u32, node: NodeIndex| match beginning {
            0 => node.0,
            beginning => count + beginning - 1,
        };
        let nodes: Vec<NodeIndex> = (0..count)
            .map(NodeIndex)
            .chain(beginnings.at[1..].iter().copied())
            .collect();
        let mut arcs = Vec::with_capacity(network.edges.len());
        for (tail, &node) in (0..).zip(&nodes) {
            let from = network.edges.partition_point(|edge| edge.from < node);
            let beginning = (tail + 1_u32).saturating_sub(count);
            let leaving = network.edges[from..].iter();
            for (edge, it) in (from as u32..).zip(leaving.take_while(|edge| edge.from == node)) {
                let edge = EdgeIndex(edge);
                let banned = beginnings.banned(beginning, edge);
                if banned != [true; 2] {
                    arcs.push(Arc {
                        tail,
                        head: state(beginnings.step(beginning, edge), it.to),
                        edge,
                        banned,
                    });
                }
            }
        }
        let after = (0..).zip(&network.edges);
        let after = after
            .map(|(edge, it)| state(beginnings.step(0, EdgeIndex(edge)), it.to))
            .collect();
        let (first_leaving, leaving) = by_edge(network.edges.len(), &arcs);
        let mut inner: Vec<(NodeIndex, State)> = (count..)
            .zip(&nodes[count as usize..])
            .map(|(state, &node)| (node, state))
            .collect();
        inner.sort_unstable();
        Turns {
            nodes,
            arcs,
            after,
            first_leaving,
            leaving,
            inner,
        }
    }

    /// How many states there are.
    pub fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node each state is at.
    pub fn nodes(&self) -> &[NodeIndex] {
        &self.nodes
    }

    /// All arcs, by tail, then edge.
    pub fn arcs(&self) -> &[Arc] {
        &self.arcs
    }

    /// The state at the end of an edge for whoever began somewhere on it.
    pub fn after(&self, edge: EdgeIndex) -> State {
        self.after[edge.0 as usize]
    }

    /// The states at a node: the one from which every edge goes, then those within bans.
    pub fn at(&self, node: NodeIndex) -> impl Iterator<Item = State> {
        let from = self.inner.partition_point(|&(at, _)| at < node);
        let inner = self.inner[from..].iter();
        std::iter::once(node.0).chain(
            inner
                .take_while(move |&&(at, _)| at == node)
                .map(|&(_, state)| state),
        )
    }

    /// The states from which a profile may drive an edge.
    pub fn before(&self, edge: EdgeIndex, profile: Profile) -> impl Iterator<Item = State> {
        let range = self.first_leaving[edge.0 as usize] as usize
            ..self.first_leaving[edge.0 as usize + 1] as usize;
        self.leaving[range]
            .iter()
            .map(|&arc| self.arcs[arc as usize])
            .filter(move |arc| !arc.banned[profile as usize])
            .map(|arc| arc.tail)
    }
}

/// The arcs of each edge, in two arrays.
fn by_edge(edges: usize, arcs: &[Arc]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; edges + 1];
    for arc in arcs {
        first[arc.edge.0 as usize + 1] += 1;
    }
    for edge in 0..edges {
        first[edge + 1] += first[edge];
    }
    let mut next = first.clone();
    let mut of = vec![0; arcs.len()];
    for (index, arc) in (0..).zip(arcs) {
        let place = &mut next[arc.edge.0 as usize];
        of[*place as usize] = index;
        *place += 1;
    }
    (first, of)
}
