//! The contraction hierarchy of a network: who stands above whom, whatever the times are.
//!
//! Contracting the states in their order, each leaves arcs between all its neighbours that are still there. What a state is
//! joined to then are its *upper* neighbours; the lowest of them is its parent in the elimination tree, and all of them are
//! among its ancestors (Dibbelt, Strasser, Wagner 2016). States are numbered anew here, by *rank*: each subtree of the elimination tree is
//! one run of ranks with its root last, so that what is near on the map is near in memory, and whether one state stands
//! above another is two compares. A state without upper neighbours is a root; a network in several parts has several.

use super::turns::Turns;

/// No state.
const NONE: u32 = u32::MAX;

/// Why an order is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Too long or too short.
    #[error(
        "the contraction order names {order} states, the network has {states}; build the map again"
    )]
    Length {
        /// Of the order.
        order: usize,
        /// Of the network.
        states: u32,
    },
    /// A state twice, or none at all.
    #[error(
        "the contraction order names state {0} twice, or there is no such state; build the map again"
    )]
    State(u32),
    /// Labels would not fit their index.
    #[error(
        "the labels of this map would hold {0} entries, at most 4 294 967 295 fit; use a smaller extract"
    )]
    Entries(u64),
}

/// Where a rank stands: what a question about a pair reads of it, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stand {
    /// Where its label begins: its ancestors, root first, and itself.
    label: u32,
    /// The lowest rank in its subtree.
    first: u32,
}

/// A rank with several children: where ways down part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The lowest rank in its subtree.
    pub first: u32,
    /// The rank itself, the highest in its subtree.
    pub rank: u32,
    /// Entries of its label.
    pub entries: u32,
    /// The next fork above; `NONE` at the top.
    above: u32,
}

/// The way up from a rank, as far as each next rank is the parent of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    /// The last rank that is reached so.
    last: u32,
    /// Its parent; `NONE` for a root.
    above: u32,
}

/// Who stands above whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// The rank of each state.
    ranks: Vec<u32>,
    /// One for each rank, and one more at the end.
    stands: Vec<Stand>,
    /// Entries of the longest label.
    longest: u32,
    /// All forks, by rank.
    forks: Vec<Fork>,
    /// The lowest fork that is each rank or stands above it; `NONE` where there is none.
    fork_above: Vec<u32>,
    /// The parent of each rank; `NONE` for roots.
    parents: Vec<u32>,
    /// The stretch from each rank upwards.
    stretches: Vec<Stretch>,
    /// Where the upper neighbours of each rank begin; one more at the end.
    first_upper: Vec<u32>,
    /// The upper neighbours, ascending.
    uppers: Vec<u32>,
    /// The depths of the upper neighbours.
    upper_depths: Vec<u32>,
    /// Where the lower neighbours of each rank begin; one more at the end.
    first_lower: Vec<u32>,
    /// For each lower neighbour, ascending: the place in `uppers` at which it names this rank.
    lowers: Vec<u32>,
    /// For each of `uppers`, whose it is.
    owners: Vec<u32>,
    /// For each arc of the turns: its place in `uppers` times two, one more when it leads down; `NONE` for a loop.
    arc_places: Vec<u32>,
}

impl Hierarchy {
    /// The hierarchy of these turns in this order.
    pub fn new(turns: &Turns, order: &[u32]) -> Result<Hierarchy, OrderError> {
        let states = turns.len();
        let given = inverse(order, states)?;
        let upper_sets = contract(turns, &given);
        let parents: Vec<u32> = upper_sets
            .iter()
            .map(|set| set.first().copied().unwrap_or(NONE))
            .collect();
        let renumbered = postorder(&parents);
        let mut hierarchy = assemble(&upper_sets, &renumbered)?;
        hierarchy.ranks = given
            .iter()
            .map(|&rank| renumbered[rank as usize])
            .collect();
        hierarchy.arc_places = turns
            .arcs()
            .iter()
            .map(|arc| hierarchy.place(arc.tail, arc.head))
            .collect();
        Ok(hierarchy)
    }

    /// How many states there are.
    pub fn len(&self) -> u32 {
        self.ranks.len() as u32
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// The rank of a state.
    pub fn rank(&self, state: u32) -> u32 {
        self.ranks[state as usize]
    }

    /// The lowest rank in the subtree of a rank: those from it to the rank itself are the subtree.
    pub fn first_below(&self, rank: u32) -> u32 {
        self.stands[rank as usize].first
    }

    /// The parent of a rank.
    pub fn parent(&self, rank: u32) -> Option<u32> {
        Some(self.parents[rank as usize]).filter(|&parent| parent != NONE)
    }

    /// A rank and all its ancestors, upwards, and those of a second where there is one, each once: as runs of ranks that stand one above
    /// the other. They are few, for subtrees are runs of ranks and most ranks have one child.
    #[inline]
    pub fn ways_up(&self, rank: u32, second: Option<u32>) -> WaysUp<'_> {
        WaysUp {
            stretches: &self.stretches,
            next: [rank, second.unwrap_or(NONE)],
        }
    }

    /// The forks from a rank upwards, itself included.
    pub fn forks(&self, rank: u32) -> impl Iterator<Item = Fork> {
        let fork = |index: u32| self.forks.get(index as usize).copied();
        std::iter::successors(fork(self.fork_above[rank as usize]), move |it| {
            fork(it.above)
        })
    }

    /// Where the label of a rank stands among all labels: an entry for each ancestor, root first, and one for itself.
    pub fn label(&self, rank: u32) -> std::ops::Range<usize> {
        let (from, to) = (self.stands[rank as usize], self.stands[rank as usize + 1]);
        from.label as usize..to.label as usize
    }

    /// Entries of all labels together.
    pub fn label_entries(&self) -> usize {
        self.stands.last().map_or(0, |end| end.label as usize)
    }

    /// Entries of the longest label.
    pub fn longest(&self) -> usize {
        self.longest as usize
    }

    /// How many pairs of neighbours there are.
    pub fn upper_count(&self) -> usize {
        self.uppers.len()
    }

    /// The places of a rank's upper neighbours in [`Hierarchy::uppers`].
    pub fn upper_range(&self, rank: u32) -> std::ops::Range<usize> {
        self.first_upper[rank as usize] as usize..self.first_upper[rank as usize + 1] as usize
    }

    /// All upper neighbours, rank by rank, ascending within one.
    pub fn uppers(&self) -> &[u32] {
        &self.uppers
    }

    /// The depths of [`Hierarchy::uppers`].
    pub fn upper_depths(&self) -> &[u32] {
        &self.upper_depths
    }

    /// Where the lower neighbours of a rank stand among those of all.
    #[inline]
    pub fn lower_range(&self, rank: u32) -> std::ops::Range<usize> {
        self.first_lower[rank as usize] as usize..self.first_lower[rank as usize + 1] as usize
    }

    /// All lower neighbours, rank by rank, ascending within one, as places in [`Hierarchy::uppers`] that name it.
    pub fn all_lowers(&self) -> &[u32] {
        &self.lowers
    }

    /// The lower neighbours of a rank, as places in [`Hierarchy::uppers`] that name it.
    pub fn lowers(&self, rank: u32) -> &[u32] {
        &self.lowers[self.lower_range(rank)]
    }

    /// Whose upper neighbour a place in [`Hierarchy::uppers`] is.
    pub fn owner(&self, place: u32) -> u32 {
        self.owners[place as usize]
    }

    /// Where each arc of the turns is kept: its place among the upper neighbours and whether it leads down.
    pub fn arc_places(&self) -> impl Iterator<Item = Option<(usize, bool)>> {
        self.arc_places
            .iter()
            .map(|&place| (place != NONE).then_some((place as usize >> 1, place & 1 == 1)))
    }

    fn place(&self, tail: u32, head: u32) -> u32 {
        let (tail, head) = (self.rank(tail), self.rank(head));
        if tail == head {
            return NONE;
        }
        let range = self.upper_range(tail.min(head));
        let within = self.uppers[range.clone()].partition_point(|&upper| upper < tail.max(head));
        ((range.start + within) as u32) << 1 | u32::from(tail > head)
    }
}

/// Whose ancestors ranks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of the first alone.
    First,
    /// Of the second alone.
    Second,
    /// Of both.
    Both,
}

/// See [`Hierarchy::ways_up`].
#[derive(Clone, Debug)]
pub struct WaysUp<'a> {
    stretches: &'a [Stretch],
    /// Where either way goes on; `NONE` at its end.
    next: [u32; 2],
}

impl Iterator for WaysUp<'_> {
    type Item = (std::ops::Range<usize>, Whose);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let [first, second] = self.next;
        // The lower one goes on until it meets the other: what they share ranks above both.
        let (lower, upper) = (first.min(second), first.max(second));
        let stretch = self.stretches.get(lower as usize)?;
        let (end, above) = match upper {
            upper if upper > lower && upper <= stretch.last => (upper, upper),
            _ => (stretch.last + 1, stretch.above),
        };
        let whose = if first == second {
            self.next = [above, above];
            Whose::Both
        } else if first < second {
            self.next[0] = above;
            Whose::First
        } else {
            self.next[1] = above;
            Whose::Second
        };
        Some((lower as usize..end as usize, whose))
    }
}

/// The place of each state in the order.
fn inverse(order: &[u32], states: u32) -> Result<Vec<u32>, OrderError> {
    if order.len() != states as usize {
        return Err(OrderError::Length {
            order: order.len(),
            states,
        });
    }
    let mut places = vec![NONE; order.len()];
    for (place, &state) in (0..).zip(order) {
        match places.get_mut(state as usize) {
            Some(free) if *free == NONE => *free = place,
            Some(_) | None => return Err(OrderError::State(state)),
        }
    }
    Ok(places)
}

/// The upper neighbours of each place in the order, ascending.
fn contract(turns: &Turns, places: &[u32]) -> Vec<Vec<u32>> {
    let mut uppers: Vec<Vec<u32>> = vec![Vec::new(); places.len()];
    for arc in turns.arcs() {
        let (tail, head) = (places[arc.tail as usize], places[arc.head as usize]);
        if tail != head {
            uppers[tail.min(head) as usize].push(tail.max(head));
        }
    }
    for place in 0..uppers.len() {
        let mut set = std::mem::take(&mut uppers[place]);
        set.sort_unstable();
        set.dedup();
        set.shrink_to_fit();
        // All that is left of a contracted state is that its neighbours are joined: it is enough to tell the lowest of them,
        // who passes it on.
        if let Some((&parent, above)) = set.split_first() {
            uppers[parent as usize].extend_from_slice(above);
        }
        uppers[place] = set;
    }
    uppers
}

/// A number for each place such that every subtree is one run of numbers with its root last, lower children first.
fn postorder(parents: &[u32]) -> Vec<u32> {
    let count = parents.len();
    // A parent stands behind its children, so sizes and starts need no recursion.
    let mut sizes = vec![1_u32; count];
    for place in 0..count {
        if parents[place] != NONE {
            sizes[parents[place] as usize] += sizes[place];
        }
    }
    // Where the next child's subtree of each place begins; filled from above.
    let mut next = vec![0_u32; count];
    let mut begins = vec![0_u32; count];
    let mut next_root = 0;
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); count];
    let mut roots = Vec::new();
    for (place, &parent) in (0..).zip(parents) {
        match parent {
            NONE => roots.push(place),
            parent => children[parent as usize].push(place),
        }
    }
    for root in roots {
        begins[root as usize] = next_root;
        next_root += sizes[root as usize];
    }
    for place in (0..count).rev() {
        next[place] = begins[place];
        for &child in &children[place] {
            begins[child as usize] = next[place];
            next[place] += sizes[child as usize];
        }
    }
    (0..count)
        .map(|place| begins[place] + sizes[place] - 1)
        .collect()
}

fn assemble(upper_sets: &[Vec<u32>], renumbered: &[u32]) -> Result<Hierarchy, OrderError> {
    let count = upper_sets.len();
    let mut of_rank = vec![0_u32; count];
    for (place, &rank) in (0..).zip(renumbered) {
        of_rank[rank as usize] = place;
    }
    let mut first_upper = Vec::with_capacity(count + 1);
    let (mut uppers, mut owners) = (Vec::new(), Vec::new());
    first_upper.push(0);
    for (rank, &place) in (0..).zip(&of_rank) {
        let from = uppers.len();
        uppers.extend(
            upper_sets[place as usize]
                .iter()
                .map(|&upper| renumbered[upper as usize]),
        );
        uppers[from..].sort_unstable();
        owners.resize(uppers.len(), rank);
        first_upper.push(uppers.len() as u32);
    }
    let parents: Vec<u32> = (0..count)
        .map(|rank| {
            let (from, to) = (first_upper[rank], first_upper[rank + 1]);
            if from == to {
                NONE
            } else {
                uppers[from as usize]
            }
        })
        .collect();
    let mut depths = vec![0_u32; count];
    let mut first_below: Vec<u32> = (0..count as u32).collect();
    for rank in (0..count).rev() {
        if parents[rank] != NONE {
            depths[rank] = depths[parents[rank] as usize] + 1;
        }
    }
    // Children come before their parent, so what reaches a rank is final when it is passed on.
    for rank in 0..count {
        let below = first_below[rank];
        if parents[rank] != NONE {
            let parent = &mut first_below[parents[rank] as usize];
            *parent = (*parent).min(below);
        }
    }
    let (first_lower, lowers) = lower_neighbours(count, &uppers);
    let stretches = stretches(&parents);
    let (forks, fork_above) = forks(&parents, &depths, &first_below);
    Ok(Hierarchy {
        ranks: Vec::new(),
        stands: stands(&depths, &first_below)?,
        longest: depths.iter().max().map_or(0, |depth| depth + 1),
        forks,
        fork_above,
        upper_depths: uppers.iter().map(|&upper| depths[upper as usize]).collect(),
        parents,
        stretches,
        first_upper,
        uppers,
        first_lower,
        lowers,
        owners,
        arc_places: Vec::new(),
    })
}

fn stands(depths: &[u32], first_below: &[u32]) -> Result<Vec<Stand>, OrderError> {
    let mut entries = 0_u64;
    let mut stands = Vec::with_capacity(depths.len() + 1);
    for (&depth, &first) in depths.iter().zip(first_below) {
        let label = entries as u32;
        stands.push(Stand { label, first });
        entries += u64::from(depth) + 1;
        if entries > u64::from(u32::MAX) {
            let all = depths.iter().map(|&depth| u64::from(depth) + 1).sum();
            return Err(OrderError::Entries(all));
        }
    }
    let (label, first) = (entries as u32, depths.len() as u32);
    stands.push(Stand { label, first });
    Ok(stands)
}

fn stretches(parents: &[u32]) -> Vec<Stretch> {
    let end = Stretch {
        last: NONE,
        above: NONE,
    };
    let mut stretches = vec![end; parents.len()];
    for (rank, &parent) in (0..parents.len() as u32).zip(parents).rev() {
        let begins = Stretch {
            last: rank,
            above: parent,
        };
        let goes_on = parent == rank + 1;
        let above = stretches.get(parent as usize).filter(|_| goes_on).copied();
        stretches[rank as usize] = above.unwrap_or(begins);
    }
    stretches
}

/// All forks, and the lowest one from each rank upwards.
fn forks(parents: &[u32], depths: &[u32], first_below: &[u32]) -> (Vec<Fork>, Vec<u32>) {
    let mut children = vec![0_u32; parents.len()];
    for &parent in parents.iter().filter(|&&parent| parent != NONE) {
        children[parent as usize] += 1;
    }
    let is_fork = |rank: usize| children[rank] > 1;
    let mut next = (0..parents.len()).filter(|&rank| is_fork(rank)).count() as u32;
    let mut forks = Vec::with_capacity(next as usize);
    let mut fork_above = vec![NONE; parents.len()];
    for rank in (0..parents.len()).rev() {
        let above = match parents[rank] {
            NONE => NONE,
            parent => fork_above[parent as usize],
        };
        fork_above[rank] = above;
        if is_fork(rank) {
            next -= 1;
            fork_above[rank] = next;
            forks.push(Fork {
                first: first_below[rank],
                rank: rank as u32,
                entries: depths[rank] + 1,
                above,
            });
        }
    }
    forks.reverse();
    (forks, fork_above)
}

/// For each rank the places in `uppers` that name it, ascending.
fn lower_neighbours(count: usize, uppers: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; count + 1];
    for &upper in uppers {
        first[upper as usize + 1] += 1;
    }
    for rank in 0..count {
        first[rank + 1] += first[rank];
    }
    let mut next = first.clone();
    let mut lowers = vec![0; uppers.len()];
    for (place, &upper) in (0..).zip(uppers) {
        lowers[next[upper as usize] as usize] = place;
        next[upper as usize] += 1;
    }
    (first, lowers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roads::order::contraction_order;
    use crate::roads::tests::random::{Layout, networks};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_ways_up_from_two_ranks_are_their_ancestors_each_once(network in networks(Layout::SMALL)) {
            let turns = Turns::of(&network);
            let hierarchy = Hierarchy::new(&turns, &contraction_order(&network, &turns)).unwrap();
            let ancestors = |rank: u32| std::iter::successors(Some(rank), |&rank| hierarchy.parent(rank));
            for first in 0..hierarchy.len() {
                for second in (0..hierarchy.len()).map(Some).chain([None]) {
                    let mut ways = [Vec::new(), Vec::new()];
                    for (run, whose) in hierarchy.ways_up(first, second) {
                        let run = run.map(|rank| rank as u32);
                        match whose {
                            Whose::First => ways[0].extend(run),
                            Whose::Second => ways[1].extend(run),
                            Whose::Both => ways.iter_mut().for_each(|way| way.extend(run.clone())),
                        }
                    }
                    prop_assert_eq!(&ways[0], &ancestors(first).collect::<Vec<_>>());
                    let theirs = second.map_or(Vec::new(), |second| ancestors(second).collect());
                    prop_assert_eq!(&ways[1], &theirs);
                }
            }
        }
    }
}
