//! The few who are compared when one is chosen: those that are there first, and of them who comes to the least.
//!
//! What a plan adds to a unit's time bounds how much later another may be, and in a dense city many are there within that. So a choice
//! is among so many of the soonest and no more, whatever finds them; and whoever finds them may stop as soon as nobody farther
//! can be one of these and come to less.

use crate::limits::COMPARED_MAX;

/// One of those that are compared. Compares by when it is there, then by unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Travel and turnout, in milliseconds.
    pub total_ms: u32,
    /// The unit.
    pub unit: u32,
    /// With what is added.
    pub sum_ms: u32,
    /// Travel alone.
    pub travel_ms: u32,
}

/// The soonest so far. Nothing is allocated after `new`.
#[derive(Clone, Debug)]
pub struct Shortlist {
    /// Soonest first.
    listed: Vec<Listed>,
    most: usize,
    /// Total and unit: whoever is not before this changes nothing.
    limit: (u32, u32),
}

impl Shortlist {
    /// With nobody on it.
    pub fn new() -> Shortlist {
        Shortlist {
            // One more, while it is put in its place.
            listed: Vec::with_capacity(COMPARED_MAX + 1),
            most: 1,
            limit: (u32::MAX, u32::MAX),
        }
    }

    /// Empties it for another choice, among so many at most.
    pub fn begin(&mut self, most: usize) {
        self.listed.clear();
        self.most = most.clamp(1, COMPARED_MAX);
        self.limit = (u32::MAX, u32::MAX);
    }

    /// Takes somebody in, if they are one of the soonest.
    pub fn offer(&mut self, it: Listed) {
        if !self.wants((it.total_ms, it.unit)) {
            return;
        }
        let place = self.listed.partition_point(|other| *other < it);
        self.listed.insert(place, it);
        if self.listed.len() > self.most {
            self.listed.pop();
        }
        // Nobody who is there after it comes to less than it, nor takes its place.
        self.limit = self.limit.min((it.sum_ms, it.unit));
        if let Some(last) = self
            .listed
            .last()
            .filter(|_| self.listed.len() == self.most)
        {
            self.limit = self.limit.min((last.total_ms, last.unit));
        }
    }

    /// Whether somebody who is there then may be on it and come to the least.
    pub fn wants(&self, (total_ms, unit): (u32, u32)) -> bool {
        (total_ms, unit) < self.limit
    }

    /// Nobody is wanted who is there later.
    pub fn limit_ms(&self) -> u32 {
        self.limit.0
    }

    /// Who comes to the least; of equal ones the least unit.
    pub fn best(&self) -> Option<Listed> {
        let listed = self.listed.iter().copied();
        listed.min_by_key(|it| (it.sum_ms, it.unit))
    }
}

impl Default for Shortlist {
    fn default() -> Shortlist {
        Shortlist::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// In whatever order they come, it is the least of the soonest.
        #[test]
        fn the_best_is_the_least_of_the_soonest(
            all in prop::collection::vec((0u32..20, 0u32..20), 0..40),
            most in 1usize..6,
        ) {
            let mut list = Shortlist::new();
            list.begin(most);
            let mut listed: Vec<Listed> = (0..)
                .zip(&all)
                .map(|(unit, &(total_ms, extra_ms))| Listed {
                    total_ms,
                    unit,
                    sum_ms: total_ms + extra_ms,
                    travel_ms: 0,
                })
                .collect();
            for &it in &listed {
                list.offer(it);
            }
            listed.sort_unstable();
            listed.truncate(most);
            let best = listed.into_iter().min_by_key(|it| (it.sum_ms, it.unit));
            prop_assert_eq!(list.best(), best);
        }
    }
}
