//! Who is first at each rank, of the units that come onto the hierarchy in its subtree: for one profile and one need.
//!
//! A quickest way rises and then falls (see `labels`), and turns at an ancestor of where it ends. So who is there first is the
//! least, over the ancestors of the destination, of who is first *at* the ancestor, rising alone, and the way down from it: one
//! number an ancestor, however many units there are and however far away.
//!
//! A unit that comes is entered at all its ancestors by its label. When one goes, what it leaves behind wherever it was first is
//! a *bound*: nobody is there sooner. Whether that matters is for a search to say, and only then is it found out who is first
//! now ([`Firsts::settle`]): the least over the lower neighbours, who may have to find out themselves, and those who come onto the
//! rank itself. New times begin with nothing but bounds.
//!
//! Left alone, bounds would gather where nobody asks, and the search that comes by at last would pay for all of them. So each
//! report by which a unit's place changes also finds out who is first at a few ranks ([`Firsts::catch_up`]): at those that units left before, and else in
//! a round over all ranks, the lowest first, so that what is asked of those below is known by then.
//!
//! Against the units of a grid, nearest first, as far as the straight line at the speeds of three grades of road could not rule them out: on Auckland, whose
//! harbours no straight line knows, 193 labels were read one time in a thousand (10 000 units, 60 % busy); so it is one rank and 16
//! arcs. See `docs/performance.md`.

use super::departures::{Departure, Departures};
use super::hierarchy::{Hierarchy, Whose};
use super::labels::Cost;
use super::metric::ProfileTimes;
use std::collections::VecDeque;

/// Bits below the time: the unit and whether it is a bound.
const TIME_SHIFT: u32 = 30;
/// How many ranks may wait for [`Firsts::catch_up`]; the oldest give way to the next round, or to a search.
const LEFT_MAX: usize = if cfg!(test) { 16 } else { 4_096 };
/// After so many ranks a move catches up with no further one that was left; one of them may have to ask some below.
const CATCH_UP_RANKS: u32 = if cfg!(test) { 4 } else { 8 };
/// How many ranks of the round one move looks at, if none are left.
const ROUND_RANKS: u32 = if cfg!(test) { 8 } else { 32 };
/// Whoever comes after a unit that has gone is looked for within this of when that one was there; beyond, the bound is raised.
const CATCH_UP_MS: u32 = 60_000;
/// Units are below this.
pub const UNITS_MOST: u32 = 1 << (TIME_SHIFT - 1);

/// A unit and when it is there. Compares by time, then by unit, then what is known before what is a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct First(u64);

impl First {
    /// Later than everybody.
    pub const NOBODY: First = First(1 << 63);

    /// A unit at a time in milliseconds, below 2^33.
    pub const fn new(ms: u64, unit: u32) -> First {
        First(ms << TIME_SHIFT | (unit as u64) << 1)
    }

    /// The unit.
    pub const fn unit(self) -> u32 {
        (self.0 >> 1) as u32 & (UNITS_MOST - 1)
    }

    /// The time in milliseconds.
    pub const fn ms(self) -> u64 {
        self.0 >> TIME_SHIFT
    }

    /// So much later; at most 2^32 ms.
    #[must_use]
    #[inline(always)]
    pub const fn later(self, ms: u32) -> First {
        First(self.0 + ((ms as u64) << TIME_SHIFT))
    }

    /// So much sooner, or at once.
    #[must_use]
    pub const fn sooner(self, ms: u32) -> First {
        First(self.0.saturating_sub((ms as u64) << TIME_SHIFT))
    }

    /// Whether all that is known is that nobody is there sooner, or at that time as a lesser unit.
    pub const fn is_bound(self) -> bool {
        self.0 & 1 == 1
    }

    const fn as_bound(self) -> First {
        First(self.0 | 1)
    }
}

/// What the units and the times in force are, for whoever finds out who is first.
#[derive(Clone, Copy)]
pub struct Below<'a> {
    /// Who stands above whom.
    pub hierarchy: &'a Hierarchy,
    /// The times in force.
    pub times: &'a ProfileTimes<u32>,
    /// The units.
    pub departures: &'a Departures,
}

/// How much a search had to do, beside reading what is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Ranks at which it had to find out who is first.
    pub settled: u32,
    /// Arcs to them from their lower neighbours.
    pub arcs: u32,
}

/// Who is first at each rank.
#[derive(Debug)]
pub struct Firsts {
    need: u64,
    firsts: Vec<First>,
    /// For each unit, no rank above this has it first.
    highest: Vec<u32>,
    /// Ranks that were left with a bound as units moved or became busy; of each unit those below before those above.
    left: VecDeque<u32>,
    /// Where the round over all ranks is.
    next: u32,
    /// Of the search at hand.
    pub work: Work,
}

impl Firsts {
    /// Of so many ranks and units; nothing is known before [`Firsts::begin`].
    pub fn new(ranks: u32, units_max: usize) -> Firsts {
        Firsts {
            need: 0,
            firsts: vec![First::NOBODY; ranks as usize],
            highest: vec![0; units_max],
            left: VecDeque::with_capacity(LEFT_MAX),
            next: 0,
            work: Work::default(),
        }
    }

    /// Forgets everything and begins anew, for the units that can do all of `need`; none is ready sooner than said.
    pub fn begin(&mut self, need: u64, ready_least_ms: u64) {
        self.need = need;
        self.firsts.fill(First::new(ready_least_ms, 0).as_bound());
        self.highest.fill(0);
        self.left.clear();
        self.next = 0;
    }

    /// What these units can do.
    pub fn need(&self) -> u64 {
        self.need
    }

    /// Whether somebody who can do so much is one of them.
    #[inline]
    pub fn fits(&self, capabilities: u64) -> bool {
        capabilities & self.need == self.need
    }

    /// Who is first at each rank of a run.
    #[inline]
    pub fn run(&self, run: std::ops::Range<usize>) -> &[First] {
        &self.firsts[run]
    }

    /// Takes in a unit that has been listed.
    pub fn enter(&mut self, below: Below<'_>, unit: u32) {
        let [first, second] = below.departures.of(unit);
        let Some(departure) = first.filter(|it| self.fits(it.capabilities)) else {
            return;
        };
        let rising = |departure: Departure| Rising {
            ready: First::new(departure.ready_ms, unit),
            costs: below.times.labels().up(below.hierarchy, departure.rank),
        };
        let mut first = rising(departure);
        let mut other = second.map_or(first, rising);
        let mut highest = 0;
        let second = second.map(|departure| departure.rank);
        for (run, whose) in below.hierarchy.ways_up(departure.rank, second) {
            let begin = run.start;
            let firsts = self.firsts[run].iter_mut();
            let mut offer = |place: usize, known: &mut First, there: First| {
                if there < *known {
                    *known = there;
                    highest = begin + place;
                }
            };
            match whose {
                Whose::First => {
                    let there = first.next(firsts.len());
                    let each = firsts.zip(there).enumerate();
                    each.for_each(|(place, (known, there))| offer(place, known, there));
                }
                Whose::Second => {
                    let there = other.next(firsts.len());
                    let each = firsts.zip(there).enumerate();
                    each.for_each(|(place, (known, there))| offer(place, known, there));
                }
                Whose::Both => {
                    let there = first.next(firsts.len()).zip(other.next(firsts.len()));
                    let each = firsts.zip(there).enumerate();
                    each.for_each(|(place, (known, (a, b)))| offer(place, known, a.min(b)));
                }
            }
        }
        self.highest[unit as usize] = highest as u32;
    }

    /// Takes in that a unit, still listed, is about to go, and remembers where it was first for [`Firsts::catch_up`].
    pub fn leave_for_good(&mut self, below: Below<'_>, unit: u32) {
        let mut left = std::mem::take(&mut self.left);
        self.leave_each(below, unit, |rank| {
            if left.len() == LEFT_MAX {
                left.pop_front();
            }
            left.push_back(rank);
        });
        self.left = left;
    }

    /// Takes in that a unit, still listed, is about to go, and comes again before anybody moves.
    pub fn leave(&mut self, below: Below<'_>, unit: u32) {
        self.leave_each(below, unit, |_| ());
    }

    /// Finds out who is first now at a few ranks.
    pub fn catch_up(&mut self, below: Below<'_>) {
        let searched = std::mem::take(&mut self.work);
        while self.work.settled < CATCH_UP_RANKS {
            let Some(rank) = self.left.pop_front() else {
                self.go_round(below);
                break;
            };
            let bound = self.firsts[rank as usize];
            if bound.is_bound() {
                self.settle(below, rank, bound.later(CATCH_UP_MS));
            }
        }
        self.work = searched;
    }

    /// Goes on with the round over all ranks.
    fn go_round(&mut self, below: Below<'_>) {
        let ranks = self.firsts.len() as u32;
        let end = (self.next + ROUND_RANKS).min(ranks);
        for rank in self.next..end {
            if self.firsts[rank as usize].is_bound() {
                self.settle(below, rank, First::NOBODY);
            }
        }
        self.next = if end == ranks { 0 } else { end };
    }

    fn leave_each(&mut self, below: Below<'_>, unit: u32, mut left: impl FnMut(u32)) {
        let [first, second] = below.departures.of(unit);
        let Some(departure) = first.filter(|it| self.fits(it.capabilities)) else {
            return;
        };
        let highest = self.highest[unit as usize] as usize;
        let second = second.map(|departure| departure.rank);
        for (run, _) in below.hierarchy.ways_up(departure.rank, second) {
            if run.start > highest {
                break;
            }
            let begin = run.start;
            for (place, first) in self.firsts[run].iter_mut().enumerate() {
                let is_there = !first.is_bound() && *first < First::NOBODY;
                if is_there && first.unit() == unit {
                    *first = first.as_bound();
                    left((begin + place) as u32);
                }
            }
        }
    }

    /// Finds out who is first at a rank, if they are before a limit; a bound that is not below the limit otherwise.
    ///
    /// Calls itself for lower neighbours, at most as often within each other as a label is long.
    pub fn settle(&mut self, below: Below<'_>, rank: u32, limit: First) -> First {
        let fitting = below.departures.at(rank);
        let fitting = fitting.filter(|(_, departure)| self.fits(departure.capabilities));
        let own = fitting.map(|(unit, departure)| First::new(departure.ready_ms, unit));
        let mut known = own.min().unwrap_or(First::NOBODY);
        self.work.settled += 1;
        // Over an arc nobody is here before this, and over those behind it neither.
        let soonest = First::new(below.departures.ready_least_ms(), 0);
        let rises = below.times.rises(below.hierarchy, rank);
        let mut has_bounds = false;
        for rise in rises {
            if rise.cost == u32::NEVER || soonest.later(rise.cost) >= known.min(limit) {
                break;
            }
            self.work.arcs += 1;
            let first = self.firsts[rise.from as usize].later(rise.cost);
            has_bounds |= first.is_bound();
            if !first.is_bound() {
                known = known.min(first);
            }
        }
        let mut bound = First::NOBODY;
        for rise in rises {
            let nearer = known.min(limit);
            if rise.cost == u32::NEVER {
                break;
            }
            if soonest.later(rise.cost) >= nearer {
                bound = bound.min(soonest.later(rise.cost).as_bound());
                break;
            }
            if !has_bounds {
                continue;
            }
            let mut first = self.firsts[rise.from as usize].later(rise.cost);
            if first.is_bound() && first < nearer {
                let settled = self.settle(below, rise.from, nearer.sooner(rise.cost));
                first = settled.later(rise.cost);
            }
            match first.is_bound() {
                true => bound = bound.min(first),
                false => known = known.min(first),
            }
        }
        let before = self.firsts[rank as usize];
        let first = match known.min(bound) {
            // What was known of it may say more than what is known of those below.
            first if first.is_bound() && before.is_bound() => first.max(before),
            first => first,
        };
        self.firsts[rank as usize] = first;
        if !first.is_bound() && first < First::NOBODY {
            let highest = &mut self.highest[first.unit() as usize];
            *highest = (*highest).max(rank);
        }
        first
    }
}

/// A unit on the way up: when it is at each ancestor.
#[derive(Clone, Copy)]
struct Rising<'a> {
    ready: First,
    /// What is left of the label, root first.
    costs: &'a [u32],
}

impl<'a> Rising<'a> {
    /// When it is at the next few.
    #[inline(always)]
    fn next(&mut self, count: usize) -> impl Iterator<Item = First> + use<'a> {
        let (above, own) = self.costs.split_at(self.costs.len() - count);
        self.costs = above;
        let ready = self.ready;
        own.iter().rev().map(move |&up| match up {
            u32::NEVER => First::NOBODY,
            up => ready.later(up),
        })
    }
}
