//! The timing wheel: every armed deadline of a centre, and which of them is due.
//!
//! A deadline belongs to a node, a number the caller gives (the slot of an order, an incident, a unit); a node has at
//! most one. What can be seen depends only on the set of (node, due), never on how it came about: deadlines come out in
//! the order of (due, node), however many are overdue. It knows no clock: what is due by when is the caller's question.
//!
//! Levels of 64 slots after Varghese & Lauck (1987, scheme 7): a slot of level L is 64^L ms wide. The level of
//! a deadline is the highest base-64 digit in which it differs from the base, its slot is that digit. Hence each level's
//! deadlines come before those of the levels above, slots come in the order of their numbers, and the first occupied slot of
//! the lowest level holds the earliest deadline. To look into a slot the base moves up to the earliest deadline in it and
//! the slot's nodes fall to lower levels, each at most ten times in its life. The base may so run ahead of the
//! caller's time. What is armed below it goes to a heap instead, and so do several deadlines of one
//! millisecond, which must come out by node; the heap is before everything in the wheel.

use crate::memory::filled;
use crate::moment::Moment;
use serde::{Serialize, Serializer};

/// Bits of a base-64 digit.
const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
/// Enough for every moment that an `i64` can hold.
const LEVELS: usize = 11;
const _: () = assert!(
    LEVELS as u32 * DIGIT_BITS >= u64::BITS,
    "a deadline must have a level"
);
const _: () = assert!(
    LEVELS <= u16::BITS as usize,
    "the occupied levels are the bits of a u16"
);

/// No node.
const NONE: u32 = u32::MAX;

/// Where a node is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    /// Not armed.
    Nowhere,
    /// In the list of the slot that its deadline has under the present base.
    List,
    /// In the heap, at `next`.
    Heap,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    due: Moment,
    next: u32,
    previous: u32,
    home: Home,
}

/// All the deadlines of a centre. Nothing is allocated after `new`.
#[derive(Debug)]
pub struct Wheel {
    nodes: Vec<Node>,
    /// The first node of each slot's list, by level and slot.
    first: [[u32; SLOTS]; LEVELS],
    /// One bit for each slot that has a list.
    occupied_slots: [u64; LEVELS],
    /// One bit for each level that has a list.
    occupied_levels: u16,
    /// Not after any deadline in the lists, after every deadline in the heap. One more bit than a moment, so that it
    /// can be past the last one.
    base: u64,
    /// A binary heap by (due, node).
    heap: Vec<(Moment, u32)>,
    armed: u32,
    /// How often a node was put in a list, for the tests.
    #[cfg(test)]
    links: u64,
}

impl Wheel {
    /// A wheel for nodes 0 to `nodes` - 1, none armed, that expects deadlines after `start`.
    pub fn new(nodes: u32, start: Moment) -> Wheel {
        let idle = Node {
            due: start,
            next: NONE,
            previous: NONE,
            home: Home::Nowhere,
        };
        Wheel {
            nodes: filled(idle, nodes as usize),
            first: [[NONE; SLOTS]; LEVELS],
            occupied_slots: [0; LEVELS],
            occupied_levels: 0,
            base: u64::try_from(start.0).unwrap_or(0),
            heap: Vec::with_capacity(nodes as usize),
            armed: 0,
            #[cfg(test)]
            links: 0,
        }
    }

    /// A wheel for nodes 0 to `nodes` - 1 with these armed, as [`Wheel::iter`] gives them; otherwise what is wrong.
    pub(crate) fn restored(
        nodes: u32,
        start: Moment,
        armed: &[(u32, Moment)],
    ) -> Result<Wheel, String> {
        let mut wheel = Wheel::new(nodes, start);
        for (at, &(node, due)) in armed.iter().enumerate() {
            if node >= nodes {
                return Err(format!("there are nodes 0 to {nodes} - 1, not {node}"));
            }
            if at > 0 && armed[at - 1].0 >= node {
                return Err(format!("node {node} is armed twice or out of order"));
            }
            wheel.arm(node, due);
        }
        Ok(wheel)
    }

    /// How many nodes are armed.
    pub fn len(&self) -> u32 {
        self.armed
    }

    /// Whether no node is armed.
    pub fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// The deadline of a node.
    pub fn due(&self, node: u32) -> Option<Moment> {
        let Node { due, home, .. } = self.nodes[node as usize];
        (home != Home::Nowhere).then_some(due)
    }

    /// Gives a node its deadline, in place of the one it may have. One that is past comes out at the next `pop`.
    pub fn arm(&mut self, node: u32, due: Moment) {
        self.disarm(node);
        self.armed += 1;
        self.nodes[node as usize].due = due;
        match u64::try_from(due.0) {
            Ok(due) if due >= self.base => self.link(node),
            Ok(_) | Err(_) => self.heap_push(node),
        }
    }

    /// Takes a node's deadline away and gives it back.
    pub fn disarm(&mut self, node: u32) -> Option<Moment> {
        let Node {
            due, next, home, ..
        } = self.nodes[node as usize];
        match home {
            Home::Nowhere => return None,
            Home::List => self.unlink(node),
            Home::Heap => self.heap_remove(next as usize),
        }
        self.nodes[node as usize].home = Home::Nowhere;
        self.armed -= 1;
        Some(due)
    }

    /// The earliest deadline of all.
    pub fn next_due(&mut self) -> Option<Moment> {
        if let Some(&(due, _)) = self.heap.first() {
            return Some(due);
        }
        let node = self.earliest_list()?;
        Some(self.nodes[node as usize].due)
    }

    /// Disarms and gives back the first deadline by (due, node), if that is due by `now`.
    pub fn pop(&mut self, now: Moment) -> Option<(u32, Moment)> {
        if self.heap.is_empty() {
            let node = self.earliest_list()?;
            let Node { due, next, .. } = self.nodes[node as usize];
            if due > now {
                return None;
            }
            if next == NONE {
                self.disarm(node);
                return Some((node, due));
            }
            self.spill(node, due);
        }
        let &(due, node) = self.heap.first()?;
        if due > now {
            return None;
        }
        self.disarm(node);
        Some((node, due))
    }

    /// The armed nodes with their deadlines, in the order of the nodes.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Moment)> {
        (0..self.nodes.len() as u32).filter_map(|node| Some((node, self.due(node)?)))
    }

    /// Moves the whole list of one millisecond to the heap, which sorts it by node.
    fn spill(&mut self, first: u32, due: Moment) {
        let mut node = first;
        while node != NONE {
            let next = self.nodes[node as usize].next;
            self.unlink(node);
            self.heap_push(node);
            node = next;
        }
        // Nothing of this millisecond is left in the lists, and nothing before it ever was.
        self.advance(due.0 as u64 + 1);
    }

    /// A node of the earliest list; that list is of a single millisecond.
    fn earliest_list(&mut self) -> Option<u32> {
        let (level, slot) = self.lowest()?;
        if level > 0 {
            let mut earliest = u64::MAX;
            let mut node = self.first[level][slot];
            while node != NONE {
                earliest = earliest.min(self.nodes[node as usize].due.0 as u64);
                node = self.nodes[node as usize].next;
            }
            self.advance(earliest);
        }
        let (level, slot) = self.lowest()?;
        debug_assert_eq!(
            level, 0,
            "the earliest deadline equals the base, so it has the lowest level"
        );
        Some(self.first[level][slot])
    }

    /// The first occupied slot of the lowest occupied level.
    fn lowest(&self) -> Option<(usize, usize)> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros() as usize;
        Some((level, self.occupied_slots[level].trailing_zeros() as usize))
    }

    /// Moves the base up to `base`, which no deadline in the lists may precede.
    ///
    /// Let L be the level of the highest digit in which the two bases differ. Lists above L and lists of L in later slots keep
    /// their place, for it is decided by a digit that did not change or by digit L itself. Lists below L
    /// lie before the new base, so there are none. Only the list in the new base's own slot of L must be dealt out anew.
    fn advance(&mut self, base: u64) {
        debug_assert!(base >= self.base);
        let (level, slot) = place(self.base, base);
        self.base = base;
        if level == 0 {
            return;
        }
        debug_assert_eq!(self.occupied_levels & ((1 << level) - 1), 0);
        let mut node = self.first[level][slot];
        self.first[level][slot] = NONE;
        self.vacate(level, slot);
        while node != NONE {
            let next = self.nodes[node as usize].next;
            self.link(node);
            node = next;
        }
    }

    fn link(&mut self, node: u32) {
        let (level, slot) = place(self.base, self.nodes[node as usize].due.0 as u64);
        let next = std::mem::replace(&mut self.first[level][slot], node);
        if next != NONE {
            self.nodes[next as usize].previous = node;
        }
        let entry = &mut self.nodes[node as usize];
        entry.next = next;
        entry.previous = NONE;
        entry.home = Home::List;
        self.occupied_slots[level] |= 1 << slot;
        self.occupied_levels |= 1 << level;
        #[cfg(test)]
        {
            self.links += 1;
        }
    }

    fn unlink(&mut self, node: u32) {
        let Node {
            due,
            next,
            previous,
            ..
        } = self.nodes[node as usize];
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NONE {
            self.nodes[previous as usize].next = next;
            return;
        }
        let (level, slot) = place(self.base, due.0 as u64);
        self.first[level][slot] = next;
        if next == NONE {
            self.vacate(level, slot);
        }
    }

    fn vacate(&mut self, level: usize, slot: usize) {
        self.occupied_slots[level] &= !(1 << slot);
        if self.occupied_slots[level] == 0 {
            self.occupied_levels &= !(1 << level);
        }
    }

    fn heap_push(&mut self, node: u32) {
        self.heap.push((self.nodes[node as usize].due, node));
        self.nodes[node as usize].home = Home::Heap;
        self.heap_up(self.heap.len() - 1);
    }

    fn heap_remove(&mut self, at: usize) {
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.heap_up(at);
            self.heap_down(at);
        }
    }

    /// Lets the entry rise to its place and notes where it is.
    fn heap_up(&mut self, mut at: usize) {
        while at > 0 && self.heap[at] < self.heap[(at - 1) / 2] {
            let above = (at - 1) / 2;
            self.heap.swap(at, above);
            self.nodes[self.heap[at].1 as usize].next = at as u32;
            at = above;
        }
        self.nodes[self.heap[at].1 as usize].next = at as u32;
    }

    /// Lets the entry sink to its place and notes where it is.
    fn heap_down(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            if left >= self.heap.len() {
                break;
            }
            let right = left + 1;
            let lesser = if right < self.heap.len() && self.heap[right] < self.heap[left] {
                right
            } else {
                left
            };
            if self.heap[at] <= self.heap[lesser] {
                break;
            }
            self.heap.swap(at, lesser);
            self.nodes[self.heap[at].1 as usize].next = at as u32;
            at = lesser;
        }
        self.nodes[self.heap[at].1 as usize].next = at as u32;
    }
}

/// Level and slot of a deadline under a base that is not after it.
fn place(base: u64, due: u64) -> (usize, usize) {
    let level = ((base ^ due) | 1).ilog2() / DIGIT_BITS;
    (
        level as usize,
        (due >> (level * DIGIT_BITS)) as usize % SLOTS,
    )
}

/// The armed nodes in their order: all that can be seen of a wheel.
impl Serialize for Wheel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut entries = serializer.serialize_seq(Some(self.armed as usize))?;
        for entry in self.iter() {
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

    const NODES: u32 = 40;
    const START: i64 = 1_795_000_000_000;

    #[derive(Clone, Debug)]
    enum Act {
        Arm(u32, i64),
        Disarm(u32),
        NextDue,
        /// Moves the time on and takes at most so many.
        Pop(i64, usize),
    }

    /// Spans from the same millisecond to a century, near the edges of slots and before the start.
    fn spans() -> impl Strategy<Value = i64> {
        prop_oneof![
            4 => 0i64..4,
            4 => -200i64..200,
            4 => 0i64..100_000,
            2 => 0i64..86_400_000,
            1 => 0i64..3_200_000_000_000,
            2 => (0u32..7, -2i64..3).prop_map(|(level, off)| (1i64 << (6 * level)) - START % (1i64 << (6 * level)) + off),
            1 => prop_oneof![Just(i64::MAX - START), Just(i64::MAX - START - 1), Just(-START - 5), Just(-START)],
        ]
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            6 => (0..NODES, spans()).prop_map(|(node, span)| Act::Arm(node, span)),
            2 => (0..NODES).prop_map(Act::Disarm),
            2 => Just(Act::NextDue),
            3 => (spans(), 0usize..6).prop_map(|(span, most)| Act::Pop(span.clamp(0, 4_000_000), most)),
        ];
        prop::collection::vec(act, 0..300)
    }

    /// The wheel beside the set of (due, node) that it stands for.
    struct Pair {
        wheel: Wheel,
        set: BTreeSet<(Moment, u32)>,
        now: i64,
    }

    impl Pair {
        fn new(nodes: u32) -> Pair {
            Pair {
                wheel: Wheel::new(nodes, Moment(START)),
                set: BTreeSet::new(),
                now: START,
            }
        }

        fn due(&self, node: u32) -> Option<Moment> {
            self.set
                .iter()
                .find(|&&(_, armed)| armed == node)
                .map(|&(due, _)| due)
        }

        fn act(&mut self, act: &Act) {
            match *act {
                Act::Arm(node, span) => {
                    let due = Moment(self.now.saturating_add(span));
                    self.set.retain(|&(_, armed)| armed != node);
                    self.set.insert((due, node));
                    self.wheel.arm(node, due);
                    assert_eq!(self.wheel.due(node), Some(due));
                }
                Act::Disarm(node) => {
                    assert_eq!(self.wheel.disarm(node), self.due(node));
                    self.set.retain(|&(_, armed)| armed != node);
                }
                Act::NextDue => {
                    assert_eq!(self.wheel.next_due(), self.set.first().map(|&(due, _)| due))
                }
                Act::Pop(span, most) => {
                    self.now += span;
                    (0..most).for_each(|_| self.pop());
                }
            }
        }

        fn pop(&mut self) {
            let now = Moment(self.now);
            let first = self.set.first().copied().filter(|&(due, _)| due <= now);
            assert_eq!(self.wheel.pop(now), first.map(|(due, node)| (node, due)));
            if first.is_some() {
                self.set.pop_first();
            }
        }

        fn check(&self) {
            let mut armed: Vec<(u32, Moment)> =
                self.set.iter().map(|&(due, node)| (node, due)).collect();
            armed.sort_unstable();
            assert_eq!(self.wheel.iter().collect::<Vec<_>>(), armed);
            assert_eq!(self.wheel.len() as usize, armed.len());
            assert_eq!(
                postcard::to_stdvec(&self.wheel).unwrap(),
                postcard::to_stdvec(&armed).unwrap()
            );
        }
    }

    proptest! {
        #[test]
        fn a_wheel_is_a_sorted_set(acts in acts()) {
            let mut pair = Pair::new(NODES);
            for act in &acts {
                pair.act(act);
                pair.check();
            }
            pair.now = i64::MAX;
            (0..=NODES).for_each(|_| pair.pop());
            prop_assert!(pair.wheel.is_empty());
        }
    }

    #[test]
    fn overdue_deadlines_come_out_by_due_and_node() {
        let mut wheel = Wheel::new(1_000, Moment(START));
        for node in 0..1_000 {
            // Many share a millisecond, and none comes in order.
            wheel.arm(node, Moment(START + i64::from(node * 7_919 % 100)));
        }
        let popped: Vec<_> = std::iter::from_fn(|| wheel.pop(Moment(START + 3_600_000))).collect();
        assert_eq!(popped.len(), 1_000);
        assert!(popped.is_sorted_by_key(|&(node, due)| (due, node)));
    }

    #[test]
    fn a_deadline_may_be_armed_before_one_that_was_looked_at() {
        let mut wheel = Wheel::new(3, Moment(START));
        wheel.arm(0, Moment(START + 86_400_000));
        assert_eq!(wheel.next_due(), Some(Moment(START + 86_400_000)));
        wheel.arm(1, Moment(START + 60_000));
        wheel.arm(2, Moment(START - 60_000));
        assert_eq!(wheel.next_due(), Some(Moment(START - 60_000)));
        assert_eq!(wheel.pop(Moment(START)), Some((2, Moment(START - 60_000))));
        assert_eq!(wheel.pop(Moment(START + 59_999)), None);
        assert_eq!(
            wheel.pop(Moment(START + 60_000)),
            Some((1, Moment(START + 60_000)))
        );
        assert_eq!(
            wheel.pop(Moment(i64::MAX)),
            Some((0, Moment(START + 86_400_000)))
        );
    }

    /// A night's closed incidents lie in one slot a day ahead while near deadlines come and go. Counted in links,
    /// not in time: the far list is dealt out once, not each time somebody asks what is next.
    #[test]
    fn asking_what_is_next_does_not_walk_the_far_deadlines_again() {
        let mut wheel = Wheel::new(100_001, Moment(START));
        for node in 0..100_000 {
            wheel.arm(node, Moment(START + 86_400_000 + i64::from(node % 50_000)));
        }
        for round in 0..100_000 {
            let first = Moment(START + 86_400_000 + i64::from(round / 2));
            assert_eq!(wheel.next_due(), Some(first));
            // The earliest is disarmed again and again, between it a near deadline is armed and disarmed.
            wheel.arm(100_000, Moment(START + i64::from(round)));
            assert_eq!(wheel.next_due(), Some(Moment(START + i64::from(round))));
            wheel.disarm(100_000);
            let earliest = round / 2 + if round % 2 == 0 { 0 } else { 50_000 };
            assert!(wheel.disarm(earliest).is_some());
        }
        assert!(wheel.is_empty());
        assert!(
            wheel.links <= 100_001 * LEVELS as u64,
            "{} links",
            wheel.links
        );
    }

    #[test]
    fn centuries_and_the_last_moment_have_their_place() {
        let mut wheel = Wheel::new(4, Moment(i64::MIN));
        wheel.arm(0, Moment(i64::MAX));
        wheel.arm(1, Moment(i64::MAX));
        wheel.arm(2, Moment::LATEST);
        wheel.arm(3, Moment(i64::MIN));
        assert_eq!(wheel.pop(Moment(i64::MIN)), Some((3, Moment(i64::MIN))));
        assert_eq!(wheel.pop(Moment::LATEST), Some((2, Moment::LATEST)));
        assert_eq!(wheel.pop(Moment::LATEST), None);
        assert_eq!(wheel.pop(Moment(i64::MAX)), Some((0, Moment(i64::MAX))));
        wheel.arm(0, Moment(i64::MAX));
        assert_eq!(wheel.pop(Moment(i64::MAX)), Some((0, Moment(i64::MAX))));
        assert_eq!(wheel.pop(Moment(i64::MAX)), Some((1, Moment(i64::MAX))));
    }
}
