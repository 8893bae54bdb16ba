//! Who is there first by the road: units on the network, and the search among those that are available and fit.
//!
//! Units are found through the grid of their places, nearest cells first; the straight line gives a total that none farther
//! away can undercut ([`Destination::least_ms`]), and only who could still be chosen is asked for the exact time. A unit's own turnout counts
//! in both. Ties go to the lesser unit. Only units that travel by road belong here: boats and aircraft go by straight line.
//!
//! A move keeps the place and the edge, nothing else: new times in force change nothing here.

use super::labels::Cost;
use super::metric::{Metric, ProfileTimes};
use super::network::{EdgeIndex, Profile};
use super::position::{Fraction, Position};
use super::road_map::RoadMap;
use super::travel::{Destination, exits};
use crate::place::grid::{Bounds, Choice, UnitGrid, distance_of};

/// A unit on the way, and how long it takes to set off.
#[derive(Clone, Copy, Debug)]
struct RoadUnit {
    position: Position,
    turnout_ms: u32,
}

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

/// All units that travel by road. Nothing is allocated after `new`.
#[derive(Debug)]
pub struct RoadUnits {
    grid: UnitGrid,
    units: Vec<RoadUnit>,
    /// No turnout that was ever said is below this.
    turnout_least_ms: u32,
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

/// What a search needs beside the units; kept and used again, it allocates nothing.
#[derive(Debug, Default)]
pub struct SearchRoom {
    destination: Destination<u32>,
}

impl RoadUnits {
    /// Units 0 to `units_max` - 1, none of them placed, available or able to do anything; cells about `cell_dm` wide.
    pub fn new(map: &RoadMap, units_max: u32, cell_dm: u32) -> RoadUnits {
        let nowhere = Position {
            edge: EdgeIndex(u32::MAX),
            along: Fraction::BEGINNING,
        };
        let unit = RoadUnit {
            position: nowhere,
            turnout_ms: 0,
        };
        RoadUnits {
            grid: UnitGrid::new(units_max, Bounds::around(map.planes()), cell_dm),
            units: vec![unit; units_max as usize],
            turnout_least_ms: u32::MAX,
        }
    }

    /// Says how long each unit takes to set off, by its number.
    pub fn set_turnouts(&mut self, turnouts_ms: impl Iterator<Item = u32>) {
        for (unit, turnout_ms) in self.units.iter_mut().zip(turnouts_ms) {
            unit.turnout_ms = turnout_ms;
        }
        let least = self.units.iter().map(|unit| unit.turnout_ms).min();
        self.turnout_least_ms = least.unwrap_or(0);
    }

    /// Says how long one unit takes to set off.
    pub fn set_turnout(&mut self, unit: u32, turnout_ms: u32) {
        self.units[unit as usize].turnout_ms = turnout_ms;
        self.turnout_least_ms = self.turnout_least_ms.min(turnout_ms);
    }

    /// Puts a unit where it is now.
    pub fn place(&mut self, map: &RoadMap, unit: u32, position: Position) {
        let plane = map.plane(position);
        self.units[unit as usize].position = position;
        self.grid.place(unit, plane.x_dm, plane.y_dm);
    }

    /// Takes a unit's place away: not known, too old, or far from any road.
    pub fn displace(&mut self, unit: u32) {
        self.grid.displace(unit);
    }

    /// Says what a unit can do, one bit a capability.
    pub fn set_capabilities(&mut self, unit: u32, capabilities: u64) {
        self.grid.set_capabilities(unit, capabilities);
    }

    /// Says whether a unit may be ordered.
    pub fn set_available(&mut self, unit: u32, available: bool) {
        self.grid.set_available(unit, available);
    }

    /// The units with all the needed capabilities that are there first, at most as many as `found` has room for; it is
    /// filled with them in the order of choice. `may_go` leaves units out.
    pub fn nearest(
        &self,
        metric: &Metric,
        wanted: Wanted,
        room: &mut SearchRoom,
        may_go: impl Fn(u32) -> bool,
        found: &mut FoundList,
    ) {
        let Wanted { profile, to, need } = wanted;
        let (map, times) = (&**metric.map(), metric.profile(profile));
        let plane = map.plane(to);
        room.destination.set(map, times, profile, to);
        found.clear();
        let mut choice = First {
            units: self,
            map,
            times,
            destination: &room.destination,
            may_go,
            found,
            reach_dm2: u64::MAX,
        };
        self.grid.search(plane.x_dm, plane.y_dm, need, &mut choice);
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
            found: Vec::with_capacity(most + 1),
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

    /// The last, when there is no more room.
    fn last(&self) -> Option<&Found> {
        self.found.get(self.most - 1)
    }

    fn offer(&mut self, found: Found) {
        let place = self.found.partition_point(|known| *known < found);
        if place < self.most {
            self.found.insert(place, found);
            self.found.truncate(self.most);
        }
    }
}

/// Chooses by turnout and travel.
struct First<'a, F> {
    units: &'a RoadUnits,
    map: &'a RoadMap,
    times: &'a ProfileTimes<u32>,
    destination: &'a Destination<u32>,
    may_go: F,
    found: &'a mut FoundList,
    /// Nobody farther away can be chosen; square decimetres.
    reach_dm2: u64,
}

impl<F: Fn(u32) -> bool> First<'_, F> {
    /// Draws the circle of those who can still be chosen, after the last of the chosen changed.
    fn draw_in(&mut self) {
        if let Some(last) = self.found.last() {
            let travel_ms = last.total_ms.saturating_sub(self.units.turnout_least_ms);
            self.reach_dm2 = self.destination.reach_dm(travel_ms).pow(2);
        }
    }

    /// Whether somebody who needs so long at least cannot be chosen any more.
    fn is_late(&self, unit: u32, least_ms: u32) -> bool {
        let last = self.found.last();
        last.is_some_and(|last| (least_ms, unit) > (last.total_ms, last.unit))
    }
}

impl<F: Fn(u32) -> bool> Choice for First<'_, F> {
    #[inline]
    fn is_beyond(&self, square_dm2: u64) -> bool {
        square_dm2 > self.reach_dm2
    }

    #[inline]
    fn consider(&mut self, unit: u32, square_dm2: u64) {
        if square_dm2 > self.reach_dm2 {
            return;
        }
        let RoadUnit {
            position,
            turnout_ms,
        } = self.units.units[unit as usize];
        if !self.found.found.is_empty() {
            let distance_dm = distance_of(square_dm2);
            let least = self
                .destination
                .least_ms(distance_dm)
                .saturating_add(turnout_ms);
            if self.is_late(unit, least) {
                return;
            }
            let least = self
                .destination
                .least_from_ms(self.times, position.edge, distance_dm);
            if self.is_late(unit, least.saturating_add(turnout_ms)) {
                return;
            }
        }
        if !(self.may_go)(unit) {
            return;
        }
        let exits = exits(self.map, self.times, position);
        let limit = match self.found.last() {
            Some(last) => last.total_ms.saturating_sub(turnout_ms),
            None => u32::NEVER,
        };
        let travel = self
            .destination
            .cost_within(self.map, self.times, position, &exits, limit);
        if let Some(travel_ms) = travel {
            self.found.offer(Found {
                total_ms: travel_ms.saturating_add(turnout_ms),
                unit,
                travel_ms,
            });
            self.draw_in();
        }
    }
}
