//! Where units come onto the hierarchy: for each rank, who sets off over it, and when they are there.
//!
//! A unit leaves its edge at one end or the other ([`Exits`]), so it stands in two lists at most. Only units that can be
//! ordered now are listed. The order of a list depends on the history: whoever chooses among its units must take the least by
//! something of their own.

use super::travel::Exits;

/// No unit, no rank.
const NONE: u32 = u32::MAX;
/// Later than anybody is ready, by turnout and way off the edge.
const NEVER_READY_MS: u64 = 1 << 33;

/// A unit at an end of its edge.
#[derive(Clone, Copy, Debug)]
pub struct Departure {
    /// The rank; `NONE` when it is not listed.
    pub rank: u32,
    next: u32,
    previous: u32,
    /// When it is there, turnout included, in milliseconds.
    pub ready_ms: u64,
    /// What the unit can do.
    pub capabilities: u64,
}

/// All departures, two a unit. Nothing is allocated after `new`.
#[derive(Debug)]
pub struct Departures {
    /// The first of each rank.
    first: Vec<u32>,
    /// Those of unit n are 2 n and 2 n + 1.
    departures: Vec<[Departure; 2]>,
    /// None that was ever listed is ready before this.
    ready_least_ms: u64,
}

impl Departures {
    /// Of nobody yet: for so many ranks, and units 0 to `units_max` - 1.
    pub fn new(ranks: u32, units_max: usize) -> Departures {
        let nowhere = Departure {
            rank: NONE,
            next: NONE,
            previous: NONE,
            ready_ms: 0,
            capabilities: 0,
        };
        Departures {
            first: vec![NONE; ranks as usize],
            departures: vec![[nowhere; 2]; units_max],
            ready_least_ms: NEVER_READY_MS,
        }
    }

    /// Lists a unit that is not listed.
    pub fn list(&mut self, unit: u32, exits: &Exits<u32>, turnout_ms: u32, capabilities: u64) {
        for (side, exit) in (0..).zip(exits.iter()) {
            let ready_ms = u64::from(turnout_ms) + u64::from(exit.cost);
            let number = unit << 1 | side;
            let next = std::mem::replace(&mut self.first[exit.rank as usize], number);
            if next != NONE {
                self.at_mut(next).previous = number;
            }
            *self.at_mut(number) = Departure {
                rank: exit.rank,
                next,
                previous: NONE,
                ready_ms,
                capabilities,
            };
            self.ready_least_ms = self.ready_least_ms.min(ready_ms);
        }
    }

    /// Takes a unit out, if it is listed.
    pub fn unlist(&mut self, unit: u32) {
        for side in 0..2 {
            let departure = self.at_mut(unit << 1 | side);
            let rank = std::mem::replace(&mut departure.rank, NONE);
            let Departure { next, previous, .. } = *departure;
            if rank == NONE {
                continue;
            }
            if next != NONE {
                self.at_mut(next).previous = previous;
            }
            match previous {
                NONE => self.first[rank as usize] = next,
                previous => self.at_mut(previous).next = next,
            }
        }
    }

    /// Takes everybody out.
    pub fn clear(&mut self) {
        self.first.fill(NONE);
        let departures = self.departures.iter_mut().flatten();
        departures.for_each(|departure| departure.rank = NONE);
        self.ready_least_ms = NEVER_READY_MS;
    }

    /// How many units there can be.
    pub fn units_max(&self) -> usize {
        self.departures.len()
    }

    /// Nobody is ready before this.
    pub fn ready_least_ms(&self) -> u64 {
        self.ready_least_ms
    }

    /// Those of a unit; the first is there if any is.
    #[inline]
    pub fn of(&self, unit: u32) -> [Option<Departure>; 2] {
        let both = self.departures[unit as usize];
        both.map(|departure| Some(departure).filter(|it| it.rank != NONE))
    }

    /// Who comes onto a rank.
    #[inline]
    pub fn at(&self, rank: u32) -> impl Iterator<Item = (u32, Departure)> {
        let mut number = self.first[rank as usize];
        std::iter::from_fn(move || {
            if number == NONE {
                return None;
            }
            let departure = self.departures[number as usize >> 1][number as usize & 1];
            let unit = number >> 1;
            number = departure.next;
            Some((unit, departure))
        })
    }

    fn at_mut(&mut self, number: u32) -> &mut Departure {
        &mut self.departures[number as usize >> 1][number as usize & 1]
    }
}
