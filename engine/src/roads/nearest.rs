//! Who is there first by the road: units on the network, and the search among those that are available and fit.
//!
//! For each profile, and each need that was asked for, it is kept who is first at each rank ([`super::firsts`]); a search reads
//! that along the ways up from where it is wanted, and settles what is only a bound there. A unit's own turnout counts. Ties go to the
//! lesser unit. Only units that travel by road belong here: aircraft, and whoever is asked for with a boat, go by straight line.
//!
//! A unit that moves, comes or goes is taken in at once, for all that was asked under the times of the last question; other times are
//! taken in with the first question that brings them.

use super::firsts::UNITS_MOST;
use super::metric::Metric;
use super::network::Profile;
use super::position::{Position, Positions};
use super::profile_units::{ProfileUnits, RoadUnit};
use crate::dispatch::shortlist::{Listed, Shortlist};

pub use super::profile_units::SearchRoom;

/// How many needs who is first is kept for, by profile; beyond them that which was not asked for the longest goes.
pub const NEEDS_KEPT: usize = 64;

/// A unit that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Turnout and travel, in milliseconds.
    pub total_ms: u32,
    /// The unit.
    pub unit: u32,
    /// Travel alone.
    pub travel_ms: u32,
}

/// Who is wanted, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How they drive.
    pub profile: Profile,
    /// Where.
    pub to: Position,
    /// The capabilities that each must have, one bit each.
    pub need: u64,
}

/// All units that travel by road. Nothing is allocated but with the first question of a profile and of a need.
#[derive(Debug)]
pub struct RoadUnits {
    units: Vec<RoadUnit>,
    /// By profile; `None` until it is asked for.
    profiles: [Option<ProfileUnits>; 2],
}

impl RoadUnits {
    /// Units 0 to `units_max` - 1, none of them placed, available or able to do anything.
    pub fn new(units_max: u32) -> RoadUnits {
        assert!(
            units_max <= UNITS_MOST,
            "at most {UNITS_MOST} units can be kept, not {units_max}"
        );
        let unit = RoadUnit {
            positions: Positions::default(),
            turnout_ms: 0,
            available: false,
            capabilities: 0,
        };
        RoadUnits {
            units: vec![unit; units_max as usize],
            profiles: [None, None],
        }
    }

    /// Says how long each unit takes to set off, by its number.
    pub fn set_turnouts(&mut self, turnouts_ms: impl Iterator<Item = u32>) {
        let units = 0..self.units.len() as u32;
        for (unit, turnout_ms) in units.zip(turnouts_ms) {
            self.set_turnout(unit, turnout_ms);
        }
    }

    /// Says how long one unit takes to set off.
    pub fn set_turnout(&mut self, unit: u32, turnout_ms: u32) {
        if self.units[unit as usize].turnout_ms != turnout_ms {
            self.change(unit, |unit| unit.turnout_ms = turnout_ms);
        }
    }

    /// Puts a unit where it is now; nowhere, when that is not known, too old, or far from any road.
    pub fn place(&mut self, unit: u32, positions: Positions) {
        if self.units[unit as usize].positions != positions {
            self.change(unit, |unit| unit.positions = positions);
            // Where it is seldom changes within a decision: hardly anybody waits for this.
            let it = &self.units[unit as usize];
            let profiles = self.profiles.iter_mut().flatten();
            profiles.for_each(|profile| profile.catch_up(it));
        }
    }

    /// Says what a unit can do, one bit a capability.
    pub fn set_capabilities(&mut self, unit: u32, capabilities: u64) {
        if self.units[unit as usize].capabilities != capabilities {
            self.change(unit, |unit| unit.capabilities = capabilities);
        }
    }

    /// Says whether a unit may be ordered.
    pub fn set_available(&mut self, unit: u32, available: bool) {
        if self.units[unit as usize].available != available {
            self.change(unit, |unit| unit.available = available);
        }
    }

    fn change(&mut self, unit: u32, change: impl FnOnce(&mut RoadUnit)) {
        let it = &mut self.units[unit as usize];
        change(it);
        for profile in self.profiles.iter_mut().flatten() {
            profile.renew(unit, it);
        }
    }

    /// The units with all the needed capabilities that are there first, at most as many as `found` has room for; it is
    /// filled with them in the order of choice. `may_go` leaves units out.
    pub fn nearest(
        &mut self,
        metric: &Metric,
        wanted: Wanted,
        room: &mut SearchRoom,
        may_go: impl Fn(u32) -> bool,
        found: &mut FoundList,
    ) {
        found.found.clear();
        self.search(metric, wanted, room, |first| {
            if may_go(first.unit) {
                found.found.push(first);
            }
            found.found.len() < found.most
        });
    }

    /// Offers an empty list the units with all the needed capabilities that may be among its soonest; `extra` gives what is added to
    /// the time of each when it is compared, nothing to leave it out. Whoever cannot come to the least is not looked at.
    pub fn shortlist(
        &mut self,
        metric: &Metric,
        wanted: Wanted,
        room: &mut SearchRoom,
        extra: impl Fn(u32) -> Option<u32>,
        list: &mut Shortlist,
    ) {
        self.search(metric, wanted, room, |next| {
            if let Some(extra_ms) = extra(next.unit) {
                list.offer(Listed {
                    total_ms: next.total_ms,
                    unit: next.unit,
                    sum_ms: next.total_ms.saturating_add(extra_ms),
                    travel_ms: next.travel_ms,
                });
            }
            list.wants((next.total_ms, next.unit))
        });
    }

    /// Shows units in the order in which they are there, as long as whoever looks wants more.
    fn search(
        &mut self,
        metric: &Metric,
        wanted: Wanted,
        room: &mut SearchRoom,
        wants_more: impl FnMut(Found) -> bool,
    ) {
        // Both, so that nobody keeps the memory of times that are not in force any more.
        for profile in self.profiles.iter_mut().flatten() {
            profile.take(metric, &self.units);
        }
        let profile = &mut self.profiles[wanted.profile as usize];
        let profile =
            profile.get_or_insert_with(|| ProfileUnits::new(metric, wanted.profile, &self.units));
        profile.search(&self.units, wanted, room, wants_more);
    }
}

/// The first few, in the order of choice.
#[derive(Clone, Debug)]
pub struct FoundList {
    found: Vec<Found>,
    most: usize,
}

impl FoundList {
    /// With room for so many, one at least.
    pub fn new(most: usize) -> FoundList {
        let most = most.max(1);
        FoundList {
            found: Vec::with_capacity(most),
            most,
        }
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.found.clear();
    }

    /// Those that were found, first to last.
    pub fn as_slice(&self) -> &[Found] {
        &self.found
    }
}
