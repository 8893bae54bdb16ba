//! Who obeys, who is late, who declines, who stays silent: 3 % each of the last three, spread evenly.
//!
//! In their order they are not drawn by chance: of any hundred vehicles' orders in a row exactly three are taken in each bad manner, so
//! that a short run has its share too. Where two centres are compared each order's manner is drawn by what it is about, so that an
//! order which only one of them issues changes no other's.

use crate::random::Random;

/// How a crew takes an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Does all that is asked.
    Obey,
    /// Acknowledges after the ladder's first rung and before its last (X11).
    Late,
    /// Says no.
    Decline,
    /// Never answers.
    Silent,
}

/// Orders of one round.
const ROUND: u64 = 100;
/// Orders of a round that are taken in each bad manner.
const BAD: u64 = 3;
/// A step that visits all of a round, since it has no factor in common with it.
const STEP: u64 = 37;

/// Gives each order its manner.
#[derive(Clone, Debug)]
pub struct Manners {
    orders: u64,
    offset: u64,
}

impl Manners {
    /// The manners of a seed.
    pub fn new(seed: u64) -> Manners {
        Manners {
            orders: 0,
            offset: Random::stream(seed, 1).below(ROUND),
        }
    }

    /// The manner of the next order.
    pub fn of_next(&mut self) -> Manner {
        let place = (self.orders % ROUND * STEP + self.offset) % ROUND;
        self.orders += 1;
        Manner::at(place)
    }
}

impl Manner {
    /// The manner in which an order about this is taken under a seed.
    pub fn drawn(seed: u64, matter: u64) -> Manner {
        // A stream of its own: the times that are drawn for the order do not follow from its manner.
        Manner::at(Random::stream(!seed, matter).below(ROUND))
    }

    fn at(place: u64) -> Manner {
        match place / BAD {
            0 => Manner::Late,
            1 => Manner::Decline,
            2 => Manner::Silent,
            _ => Manner::Obey,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_has_the_same_shares() {
        let drawn: Vec<Manner> = (0..10_000).map(|matter| Manner::drawn(1, matter)).collect();
        for manner in [Manner::Late, Manner::Decline, Manner::Silent] {
            let count = drawn.iter().filter(|&&taken| taken == manner).count();
            assert!((240..=360).contains(&count), "{manner:?}: {count}");
        }
    }

    #[test]
    fn at_least_two_in_a_hundred_are_bad_in_each_way() {
        for seed in 0..50 {
            let mut manners = Manners::new(seed);
            let round: Vec<Manner> = (0..ROUND).map(|_| manners.of_next()).collect();
            for manner in [Manner::Late, Manner::Decline, Manner::Silent] {
                let count = round.iter().filter(|&&taken| taken == manner).count();
                assert_eq!(count, BAD as usize, "{manner:?}");
            }
        }
    }
}
