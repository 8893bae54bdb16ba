//! Units on the roads: where each is on the network, and who is there first by it (C7).
//!
//! A unit far from every road is not on it, and neither is an aircraft, wherever it is (L4); they are searched for by the straight
//! line, beside. All of it follows from the state and the map in force.

use crate::dispatch::shortlist::Shortlist;
use crate::limits::Capacities;
use crate::place::Point;
use crate::roads::atlas::Atlas;
use crate::roads::nearest::{RoadUnits, SearchRoom, Wanted};
use crate::roads::network::Profile;
use crate::roads::position::{Position, Positions};
use crate::roads::travel::Destination;
use crate::unit::Unit;
use std::sync::Arc;

/// Where the units of a centre are on the map in force, whatever they do.
#[derive(Debug)]
pub(super) struct OnMap {
    atlas: Arc<Atlas>,
    /// Of units that travel.
    positions: Vec<Option<Positions>>,
    way: Destination<u32>,
}

impl OnMap {
    pub fn new(atlas: Arc<Atlas>, capacities: &Capacities) -> OnMap {
        OnMap {
            positions: Vec::with_capacity(capacities.units_max as usize),
            way: Destination::default(),
            atlas,
        }
    }

    /// Takes in a unit that is new; where it is comes next.
    pub fn enter(&mut self) {
        self.positions.push(None);
    }

    /// Goes by these times from here on, if they are of the same map.
    pub fn take(&mut self, atlas: &Arc<Atlas>) -> bool {
        let is_same = self.atlas.hash() == atlas.hash();
        if is_same {
            self.atlas = Arc::clone(atlas);
        }
        is_same
    }

    /// Takes in where a unit is now.
    pub fn place(&mut self, index: u32, unit: &Unit) {
        if !unit.definition.travels() {
            return;
        }
        let positions = match unit.definition.goes_by_road() {
            true => self.atlas.positions(unit.point),
            false => Positions::default(),
        };
        self.positions[index as usize] = Some(positions);
    }

    /// Where a place is on the map.
    pub fn position(&self, profile: Profile, point: Point) -> Option<Position> {
        self.atlas.position(profile, point)
    }

    /// Whether a unit is on it.
    pub fn is_on_road(&self, profile: Profile, index: u32) -> bool {
        let positions = self.positions[index as usize];
        positions.is_some_and(|positions| positions.of(profile).is_some())
    }

    /// How long one unit's way takes; `None` when it, or the place, is not on the map, or no way leads there.
    pub fn time_ms(&mut self, profile: Profile, unit: u32, to: Point) -> Option<u32> {
        let from = self.positions[unit as usize]?.of(profile)?;
        let to = self.atlas.position(profile, to)?;
        self.atlas.time_ms(profile, from, to, &mut self.way)
    }
}

/// Some of the units, to be searched for by the road.
#[derive(Debug)]
pub(super) struct ByRoad {
    units: RoadUnits,
    room: SearchRoom,
}

impl ByRoad {
    pub fn new(capacities: &Capacities) -> ByRoad {
        ByRoad {
            units: RoadUnits::new(capacities.units_max),
            room: SearchRoom::default(),
        }
    }

    /// Takes in what a unit offers, one bit each, and how long it takes to set off.
    pub fn offer(&mut self, index: u32, offered: u64, turnout_ms: u32) {
        self.units.set_capabilities(index, offered);
        self.units.set_turnout(index, turnout_ms);
    }

    /// Takes in where a unit is now, if it travels.
    pub fn place(&mut self, index: u32, on_map: &OnMap) {
        if let Some(positions) = on_map.positions[index as usize] {
            self.units.place(index, positions);
        }
    }

    /// Takes in whether a unit can be chosen now.
    pub fn set_available(&mut self, index: u32, is_available: bool) {
        self.units.set_available(index, is_available);
    }

    /// Offers an empty list those who may be among its soonest by the road, each with what `extra` adds to its time; `extra` leaves a
    /// unit out by giving nothing.
    pub fn shortlist(
        &mut self,
        on_map: &OnMap,
        wanted: Wanted,
        extra: impl Fn(u32) -> Option<u32>,
        list: &mut Shortlist,
    ) {
        let metric = on_map.atlas.metric();
        self.units
            .shortlist(metric, wanted, &mut self.room, extra, list);
    }
}
