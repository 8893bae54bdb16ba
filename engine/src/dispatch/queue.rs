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

use crate::memory::on_large_pages;
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

/// No place.
const NONE: u32 = u32::MAX;

/// A node that waits, at a place of its own: few do at a time, and so they lie together.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    rank: Rank,
    node: u32,
    queue: u32,
    /// The place of the tree before it; in a free place, the next free one.
    before: u32,
    after: u32,
}

/// Where the place of a node stands.
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
/// as far as ever waited at once, so that a quiet centre stays small.
#[derive(Debug)]
pub struct Queues {
    /// The place of each node plus one; 0 when it waits nowhere.
    places: Vec<u32>,
    waiting: Vec<Waiting>,
    /// The place that was freed last.
    free: u32,
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
            places: on_large_pages(vec![0; nodes as usize]),
            waiting: Vec::with_capacity(nodes as usize),
            free: NONE,
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
        (0..).zip(&self.places).filter_map(|(node, &place)| {
            let waiting = &self.waiting[place.checked_sub(1)? as usize];
            Some((node, waiting.queue, waiting.rank))
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
        self.place_of(node).is_some()
    }

    fn place_of(&self, node: u32) -> Option<u32> {
        self.places[node as usize].checked_sub(1)
    }

    /// Where and under which rank a node waits.
    pub fn waiting(&self, node: u32) -> Option<(u32, Rank)> {
        let waiting = &self.waiting[self.place_of(node)? as usize];
        Some((waiting.queue, waiting.rank))
    }

    /// The first node of a queue.
    pub fn peek(&self, queue: u32) -> Option<(u32, Rank)> {
        self.entry(self.queues[queue as usize].first)
    }

    /// The first node of a queue that comes after this one; the node itself need not be there any more.
    pub fn next(&self, queue: u32, node: u32, rank: Rank) -> Option<(u32, Rank)> {
        self.entry(self.place_after(queue, node, rank))
    }

    fn place_after(&self, queue: u32, node: u32, rank: Rank) -> u32 {
        let mut found = NONE;
        let mut at = self.queues[queue as usize].root;
        while at != NONE {
            let entry = &self.waiting[at as usize];
            if (entry.rank, entry.node) > (rank, node) {
                found = at;
                at = entry.before;
            } else {
                at = entry.after;
            }
        }
        found
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
        let place = self.take_place(Waiting {
            rank,
            node,
            queue,
            before: NONE,
            after: NONE,
        });
        self.places[node as usize] = place + 1;
        let mut link = Link::Root(queue);
        let mut at = self.follow(link);
        while at != NONE && self.height(at) > self.height(place) {
            link = if self.order(place, at) == Ordering::Less {
                Link::Before(at)
            } else {
                Link::After(at)
            };
            at = self.follow(link);
        }
        self.set(link, place);
        self.split(at, place);
        let entry = &mut self.queues[queue as usize];
        entry.len += 1;
        let first = entry.first;
        if first == NONE || self.order(place, first) == Ordering::Less {
            self.queues[queue as usize].first = place;
        }
    }

    /// Takes a node out of its queue; `false` when it waits in none.
    pub fn remove(&mut self, node: u32) -> bool {
        let Some(place) = self.place_of(node) else {
            return false;
        };
        let Waiting {
            rank,
            queue,
            before,
            after,
            ..
        } = self.waiting[place as usize];
        if self.queues[queue as usize].first == place {
            self.queues[queue as usize].first = self.place_after(queue, node, rank);
        }
        let mut link = Link::Root(queue);
        let mut at = self.follow(link);
        while at != place {
            link = if self.order(place, at) == Ordering::Less {
                Link::Before(at)
            } else {
                Link::After(at)
            };
            at = self.follow(link);
        }
        self.join(link, before, after);
        self.queues[queue as usize].len -= 1;
        self.places[node as usize] = 0;
        self.waiting[place as usize].before = std::mem::replace(&mut self.free, place);
        true
    }

    /// Takes the first node out of a queue.
    pub fn pop(&mut self, queue: u32) -> Option<(u32, Rank)> {
        let first = self.peek(queue)?;
        self.remove(first.0);
        Some(first)
    }

    fn take_place(&mut self, waiting: Waiting) -> u32 {
        let place = self.free;
        if place == NONE {
            self.waiting.push(waiting);
            return self.waiting.len() as u32 - 1;
        }
        self.free = self.waiting[place as usize].before;
        self.waiting[place as usize] = waiting;
        place
    }

    /// Deals out the tree under `at` into what is before and what is after a place, and hangs both under it.
    fn split(&mut self, mut at: u32, place: u32) {
        let mut before = Link::Before(place);
        let mut after = Link::After(place);
        while at != NONE {
            if self.order(at, place) == Ordering::Less {
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
            if self.height(before) > self.height(after) {
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

    fn entry(&self, place: u32) -> Option<(u32, Rank)> {
        (place != NONE).then(|| {
            let waiting = &self.waiting[place as usize];
            (waiting.node, waiting.rank)
        })
    }

    fn height(&self, place: u32) -> u32 {
        height(self.waiting[place as usize].node)
    }

    /// Ranks name what waits, so they differ; should two be equal, the node decides and nothing is lost.
    fn order(&self, place: u32, other: u32) -> Ordering {
        let (one, other) = (&self.waiting[place as usize], &self.waiting[other as usize]);
        (one.rank, one.node).cmp(&(other.rank, other.node))
    }

    fn follow(&self, link: Link) -> u32 {
        match link {
            Link::Root(queue) => self.queues[queue as usize].root,
            Link::Before(place) => self.waiting[place as usize].before,
            Link::After(place) => self.waiting[place as usize].after,
        }
    }

    fn set(&mut self, link: Link, place: u32) {
        match link {
            Link::Root(queue) => self.queues[queue as usize].root = place,
            Link::Before(above) => self.waiting[above as usize].before = place,
            Link::After(above) => self.waiting[above as usize].after = place,
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
        while let Some((place, depth)) = open.pop() {
            if place != NONE {
                deepest = deepest.max(depth);
                let Waiting { before, after, .. } = queues.waiting[place as usize];
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
