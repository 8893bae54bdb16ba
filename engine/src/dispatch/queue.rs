//! Waiting queues: what could not be served yet, first things first.
//!
//! A node is a number the caller gives (the slot of a need); it waits in one queue at most, under a [`Rank`]. What can
//! be seen depends only on the set of (queue, node, rank), never on the order in which it came about. Which queues there are and what
//! is served by whom is not known here.
//!
//! Each queue is a treap (Seidel & Aragon 1996): a search tree by rank whose shape is that of random insertion, because
//! each node has a height from a fixed mixing function. A pairing heap pushes faster, yet its first pop after n pushes
//! touches n nodes, and it cannot be read in order without being taken apart. Here every step is O(log n) each time,
//! the first is at hand, and any number of the following can be read.

use serde::{Deserialize, Serialize, Serializer};
use std::cmp::Ordering;

/// What decides who is served first: the fields in their order, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rank {
    /// Priority of the incident, 1 the first.
    pub priority: u8,
    /// When it should have been served, in ms since 1970.
    pub deadline: i64,
    /// Who waits, as the bits of an id.
    pub id: u64,
    /// Which of its needs.
    pub sub: u8,
}

/// No node.
const NONE: u32 = u32::MAX;
/// Not in a queue.
const NOWHERE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    rank: Rank,
    queue: u32,
    before: u32,
    after: u32,
}

/// A node that waits nowhere.
const IDLE: Node = Node {
    rank: Rank {
        priority: 0,
        deadline: 0,
        id: 0,
        sub: 0,
    },
    queue: NOWHERE,
    before: NONE,
    after: NONE,
};

/// A place where the number of a node stands.
#[derive(Clone, Copy)]
enum Link {
    Root(u32),
    Before(u32),
    After(u32),
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    root: u32,
    first: u32,
    len: u32,
}

/// Some queues over one set of nodes. Nothing is allocated after `new`: memory is reserved for all nodes and touched
/// as far as the highest that ever waited, so that a quiet centre stays small.
#[derive(Debug)]
pub struct Queues {
    nodes: Vec<Node>,
    nodes_max: u32,
    queues: Vec<Queue>,
}

impl Queues {
    /// Empty queues 0 to `queues` - 1 over the nodes 0 to `nodes` - 1.
    pub fn new(nodes: u32, queues: u32) -> Queues {
        let empty = Queue {
            root: NONE,
            first: NONE,
            len: 0,
        };
        Queues {
            nodes: Vec::with_capacity(nodes as usize),
            nodes_max: nodes,
            queues: vec![empty; queues as usize],
        }
    }

    /// Queues 0 to `queues` - 1 over the nodes 0 to `nodes` - 1 with these (node, queue, rank) waiting, in the order of
    /// the nodes; otherwise what is wrong.
    pub(crate) fn restored(
        nodes: u32,
        queues: u32,
        waiting: &[(u32, u32, Rank)],
    ) -> Result<Queues, String> {
        let mut restored = Queues::new(nodes, queues);
        for (at, &(node, queue, rank)) in waiting.iter().enumerate() {
            if node >= nodes || queue >= queues {
                return Err(format!(
                    "node {node} of {nodes} waits in queue {queue} of {queues}"
                ));
            }
            if at > 0 && waiting[at - 1].0 >= node {
                return Err(format!("node {node} waits twice or out of order"));
            }
            restored.push(queue, node, rank);
        }
        Ok(restored)
    }

    /// The nodes that wait anywhere, in their order, with queue and rank.
    pub(crate) fn waiting_all(&self) -> impl Iterator<Item = (u32, u32, Rank)> {
        (0..self.nodes.len() as u32).filter_map(|node| {
            let (queue, rank) = self.waiting(node)?;
            Some((node, queue, rank))
        })
    }

    /// How many nodes wait in a queue.
    pub fn len(&self, queue: u32) -> u32 {
        self.queues[queue as usize].len
    }

    /// Whether nothing waits in a queue.
    pub fn is_empty(&self, queue: u32) -> bool {
        self.len(queue) == 0
    }

    /// Whether the node waits in any queue.
    pub fn contains(&self, node: u32) -> bool {
        self.node(node).queue != NOWHERE
    }

    /// A node as it is; one that never waited is idle.
    fn node(&self, node: u32) -> Node {
        assert!(
            node < self.nodes_max,
            "there are nodes 0 to {} - 1, not {node}",
            self.nodes_max
        );
        self.nodes.get(node as usize).copied().unwrap_or(IDLE)
    }

    /// Where and under which rank a node waits.
    pub fn waiting(&self, node: u32) -> Option<(u32, Rank)> {
        let Node { rank, queue, .. } = self.node(node);
        (queue != NOWHERE).then_some((queue, rank))
    }

    /// The first node of a queue.
    pub fn peek(&self, queue: u32) -> Option<(u32, Rank)> {
        self.entry(self.queues[queue as usize].first)
    }

    /// The first node of a queue that comes after this one; the node itself need not be there any more.
    pub fn next(&self, queue: u32, node: u32, rank: Rank) -> Option<(u32, Rank)> {
        let mut found = NONE;
        let mut at = self.queues[queue as usize].root;
        while at != NONE {
            let entry = &self.nodes[at as usize];
            if (entry.rank, at) > (rank, node) {
                found = at;
                at = entry.before;
            } else {
                at = entry.after;
            }
        }
        self.entry(found)
    }

    /// The nodes of a queue in their order, O(log n) each; take as many as needed.
    pub fn iter(&self, queue: u32) -> impl Iterator<Item = (u32, Rank)> {
        std::iter::successors(self.peek(queue), move |&(node, rank)| {
            self.next(queue, node, rank)
        })
    }

    /// Lets a node wait. Panics when it waits already.
    pub fn push(&mut self, queue: u32, node: u32, rank: Rank) {
        assert!(!self.contains(node), "node {node} waits already");
        if node as usize >= self.nodes.len() {
            self.nodes.resize(node as usize + 1, IDLE);
        }
        self.nodes[node as usize] = Node {
            rank,
            queue,
            before: NONE,
            after: NONE,
        };
        let mut link = Link::Root(queue);
        let mut at = self.follow(link);
        while at != NONE && height(at) > height(node) {
            link = if self.order(node, at) == Ordering::Less {
                Link::Before(at)
            } else {
                Link::After(at)
            };
            at = self.follow(link);
        }
        self.set(link, node);
        self.split(at, node);
        let entry = &mut self.queues[queue as usize];
        entry.len += 1;
        let first = entry.first;
        if first == NONE || self.order(node, first) == Ordering::Less {
            self.queues[queue as usize].first = node;
        }
    }

    /// Takes a node out of its queue; `false` when it waits in none.
    pub fn remove(&mut self, node: u32) -> bool {
        let Node {
            queue,
            before,
            after,
            ..
        } = self.node(node);
        if queue == NOWHERE {
            return false;
        }
        if self.queues[queue as usize].first == node {
            let next = self.next(queue, node, self.nodes[node as usize].rank);
            self.queues[queue as usize].first = next.map_or(NONE, |(next, _)| next);
        }
        let mut link = Link::Root(queue);
        let mut at = self.follow(link);
        while at != node {
            link = if self.order(node, at) == Ordering::Less {
                Link::Before(at)
            } else {
                Link::After(at)
            };
            at = self.follow(link);
        }
        self.join(link, before, after);
        self.nodes[node as usize].queue = NOWHERE;
        self.queues[queue as usize].len -= 1;
        true
    }

    /// Takes the first node out of a queue.
    pub fn pop(&mut self, queue: u32) -> Option<(u32, Rank)> {
        let first = self.peek(queue)?;
        self.remove(first.0);
        Some(first)
    }

    /// Deals out the tree under `at` into what is before and what is after `node`, and hangs both under it.
    fn split(&mut self, mut at: u32, node: u32) {
        let mut before = Link::Before(node);
        let mut after = Link::After(node);
        while at != NONE {
            if self.order(at, node) == Ordering::Less {
                self.set(before, at);
                before = Link::After(at);
                at = self.follow(before);
            } else {
                self.set(after, at);
                after = Link::Before(at);
                at = self.follow(after);
            }
        }
        self.set(before, NONE);
        self.set(after, NONE);
    }

    /// Hangs two trees at `link` as one; all of the first come before all of the second.
    fn join(&mut self, mut link: Link, mut before: u32, mut after: u32) {
        while before != NONE && after != NONE {
            if height(before) > height(after) {
                self.set(link, before);
                link = Link::After(before);
                before = self.follow(link);
            } else {
                self.set(link, after);
                link = Link::Before(after);
                after = self.follow(link);
            }
        }
        self.set(link, if before == NONE { after } else { before });
    }

    fn entry(&self, node: u32) -> Option<(u32, Rank)> {
        (node != NONE).then(|| (node, self.nodes[node as usize].rank))
    }

    /// Ranks name what waits, so they differ; should two be equal, the node decides and nothing is lost.
    fn order(&self, node: u32, other: u32) -> Ordering {
        (self.nodes[node as usize].rank, node).cmp(&(self.nodes[other as usize].rank, other))
    }

    fn follow(&self, link: Link) -> u32 {
        match link {
            Link::Root(queue) => self.queues[queue as usize].root,
            Link::Before(node) => self.nodes[node as usize].before,
            Link::After(node) => self.nodes[node as usize].after,
        }
    }

    fn set(&mut self, link: Link, node: u32) {
        match link {
            Link::Root(queue) => self.queues[queue as usize].root = node,
            Link::Before(above) => self.nodes[above as usize].before = node,
            Link::After(above) => self.nodes[above as usize].after = node,
        }
    }
}

/// How high a node stands in its tree: the finaliser of MurmurHash3, which gives each node another height.
fn height(node: u32) -> u32 {
    let node = (node ^ node >> 16).wrapping_mul(0x85EB_CA6B);
    let node = (node ^ node >> 13).wrapping_mul(0xC2B2_AE35);
    node ^ node >> 16
}

/// (node, queue, rank) in the order of the nodes: all that can be seen of the queues.
impl Serialize for Queues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let waiting = self.queues.iter().map(|queue| queue.len as usize).sum();
        let mut entries = serializer.serialize_seq(Some(waiting))?;
        for entry in self.waiting_all() {
            entries.serialize_element(&entry)?;
        }
        entries.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const NODES: u32 = 50;

    #[derive(Clone, Debug)]
    enum Act {
        Push(u32, u32, Rank),
        Remove(u32),
        Pop(u32),
    }

    /// Small fields, so that each of them decides now and then, and equal ranks are met too.
    fn ranks() -> impl Strategy<Value = Rank> {
        (1u8..3, -1i64..3, 0u64..4, 0u8..3).prop_map(|(priority, deadline, id, sub)| Rank {
            priority,
            deadline,
            id,
            sub,
        })
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            4 => (0..3u32, 0..NODES, ranks()).prop_map(|(queue, node, rank)| Act::Push(queue, node, rank)),
            1 => (0..NODES).prop_map(Act::Remove),
            1 => (0..3u32).prop_map(Act::Pop),
        ];
        prop::collection::vec(act, 0..200)
    }

    fn check(queues: &Queues, sets: &[BTreeSet<(Rank, u32)>; 3]) {
        let mut waiting = Vec::new();
        for (queue, set) in (0..).zip(sets) {
            let entries: Vec<_> = set.iter().map(|&(rank, node)| (node, rank)).collect();
            assert_eq!(queues.peek(queue), entries.first().copied());
            assert_eq!(queues.iter(queue).collect::<Vec<_>>(), entries);
            assert_eq!(queues.len(queue) as usize, set.len());
            assert_eq!(queues.is_empty(queue), set.is_empty());
            waiting.extend(entries.into_iter().map(|(node, rank)| (node, queue, rank)));
        }
        waiting.sort_unstable();
        assert_eq!(
            postcard::to_stdvec(queues).unwrap(),
            postcard::to_stdvec(&waiting).unwrap()
        );
        for node in 0..NODES {
            let place = waiting.iter().find(|&&(waits, ..)| waits == node);
            assert_eq!(
                queues.waiting(node),
                place.map(|&(_, queue, rank)| (queue, rank))
            );
        }
    }

    proptest! {
        #[test]
        fn queues_are_sorted_sets(acts in acts()) {
            let mut queues = Queues::new(NODES, 3);
            let mut sets: [BTreeSet<(Rank, u32)>; 3] = Default::default();
            for act in acts {
                match act {
                    Act::Push(queue, node, rank) if !queues.contains(node) => {
                        queues.push(queue, node, rank);
                        sets[queue as usize].insert((rank, node));
                    }
                    Act::Push(_, node, _) | Act::Remove(node) => {
                        let waits = sets.iter().any(|set| set.iter().any(|&(_, waits)| waits == node));
                        assert_eq!(queues.remove(node), waits);
                        sets.iter_mut().for_each(|set| set.retain(|&(_, waits)| waits != node));
                    }
                    Act::Pop(queue) => {
                        let first = sets[queue as usize].pop_first();
                        assert_eq!(queues.pop(queue), first.map(|(rank, node)| (node, rank)));
                    }
                }
                check(&queues, &sets);
            }
        }
    }

    /// A queue fills in the order of its ranks, the worst there is for a tree that does not balance.
    #[test]
    fn a_full_queue_stays_shallow() {
        const FULL: u32 = 100_000;
        let mut queues = Queues::new(FULL, 1);
        for node in 0..FULL {
            let rank = Rank {
                priority: 3,
                deadline: i64::from(node),
                id: u64::from(node),
                sub: 0,
            };
            queues.push(0, node, rank);
        }
        // Then a half is served from the front while as much comes in behind.
        for node in 0..FULL / 2 {
            let (served, rank) = queues.pop(0).unwrap();
            let rank = Rank {
                deadline: rank.deadline + i64::from(FULL),
                ..rank
            };
            assert_eq!(served, node);
            queues.push(0, served, rank);
        }
        // And every third is withdrawn, wherever it stands.
        (0..FULL)
            .step_by(3)
            .for_each(|node| assert!(queues.remove(node)));
        let mut deepest = 0;
        let mut open = vec![(queues.queues[0].root, 1)];
        while let Some((node, depth)) = open.pop() {
            if node != NONE {
                deepest = deepest.max(depth);
                let Node { before, after, .. } = queues.nodes[node as usize];
                open.extend([(before, depth + 1), (after, depth + 1)]);
            }
        }
        // About 2.99 log2 n for random insertion.
        assert!(deepest <= 60, "{deepest} deep");
    }

    #[test]
    #[should_panic(expected = "node 1 waits already")]
    fn a_node_waits_once() {
        let mut queues = Queues::new(2, 2);
        let rank = Rank {
            priority: 1,
            deadline: 0,
            id: 1,
            sub: 0,
        };
        queues.push(0, 1, rank);
        queues.push(1, 1, rank);
    }
}
