//! Which edges can reach one another, turns that are banned minded; and which lie together at all.
//!
//! Tarjan's algorithm over edges, with a stack of its own: a country's roads are deeper than a thread's. Edges must be
//! sorted by where they begin.

use super::Draft;
use crate::roads::network::{Edge, Profile};

/// Not yet seen.
const UNSEEN: u32 = u32::MAX;

/// For each node where its edges begin in the sorted list; one more at the end.
fn first_edges(nodes: usize, edges: &[Edge]) -> Vec<u32> {
    let mut first = vec![0u32; nodes + 1];
    for edge in edges {
        first[edge.from.0 as usize + 1] += 1;
    }
    for node in 0..nodes {
        first[node + 1] += first[node];
    }
    first
}

/// What the search keeps of each edge.
struct Search<'a> {
    draft: &'a Draft,
    first: Vec<u32>,
    /// Banned (from, to) at a node, sorted.
    banned: Vec<(u32, u32)>,
    /// Where the search is: an edge and which of the edges behind it comes next.
    path: Vec<(u32, u32)>,
    /// Seen and not yet in a part.
    open: Vec<u32>,
    seen: Vec<u32>,
    low: Vec<u32>,
    part: Vec<u32>,
    clock: u32,
    parts: u32,
}

/// The part of each edge: two edges are in one part when each can be driven after the other.
pub(super) fn parts(draft: &Draft, profile: Profile) -> Vec<u32> {
    let count = draft.edges.len();
    let mut banned: Vec<(u32, u32)> = draft
        .bans
        .iter()
        .filter(|ban| ban.via.is_empty() && ban.holds[profile as usize])
        .map(|ban| (ban.from.0, ban.to.0))
        .collect();
    banned.sort_unstable();
    let mut search = Search {
        draft,
        first: first_edges(draft.nodes.len(), &draft.edges),
        banned,
        path: Vec::new(),
        open: Vec::new(),
        seen: vec![UNSEEN; count],
        low: vec![0; count],
        part: vec![UNSEEN; count],
        clock: 0,
        parts: 0,
    };
    for edge in 0..count as u32 {
        if search.seen[edge as usize] == UNSEEN {
            search.enter(edge);
            while let Some((edge, next)) = search.path.pop() {
                search.step(edge, next);
            }
        }
    }
    search.part
}

impl Search<'_> {
    fn enter(&mut self, edge: u32) {
        self.seen[edge as usize] = self.clock;
        self.low[edge as usize] = self.clock;
        self.clock += 1;
        self.open.push(edge);
        let at = self.draft.edges[edge as usize].to.0 as usize;
        self.path.push((edge, self.first[at]));
    }

    /// Looks at the next edge behind this one, or closes it.
    fn step(&mut self, edge: u32, mut next: u32) {
        let at = self.draft.edges[edge as usize].to.0 as usize;
        while next < self.first[at + 1] {
            let follower = next;
            next += 1;
            if self.banned.binary_search(&(edge, follower)).is_ok() {
                continue;
            }
            if self.seen[follower as usize] == UNSEEN {
                self.path.push((edge, next));
                self.enter(follower);
                return;
            }
            if self.part[follower as usize] == UNSEEN {
                let low = self.seen[follower as usize].min(self.low[edge as usize]);
                self.low[edge as usize] = low;
            }
        }
        if self.low[edge as usize] == self.seen[edge as usize] {
            self.close(edge);
        }
        if let Some(&(before, _)) = self.path.last() {
            let low = self.low[edge as usize].min(self.low[before as usize]);
            self.low[before as usize] = low;
        }
    }

    /// All that was opened since this edge is one part.
    fn close(&mut self, edge: u32) {
        while let Some(member) = self.open.pop() {
            self.part[member as usize] = self.parts;
            if member == edge {
                break;
            }
        }
        self.parts += 1;
    }
}

/// For each node the least node of the piece that it makes with what does not stay, one-ways or not.
pub(super) fn pieces(draft: &Draft, stays: &[bool]) -> Vec<u32> {
    let mut least: Vec<u32> = (0..draft.nodes.len() as u32).collect();
    for (edge, _) in draft.edges.iter().zip(stays).filter(|(_, stays)| !**stays) {
        let (a, b) = (root(&mut least, edge.from.0), root(&mut least, edge.to.0));
        least[a.max(b) as usize] = a.min(b);
    }
    (0..least.len() as u32)
        .map(|node| root(&mut least, node))
        .collect()
}

fn root(least: &mut [u32], mut node: u32) -> u32 {
    while least[node as usize] != node {
        least[node as usize] = least[least[node as usize] as usize];
        node = least[node as usize];
    }
    node
}
