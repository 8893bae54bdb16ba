//! Units on the roads: where each is on the network, and who is there first by it (C7).
//!
//! A unit far from every road is not on it, and neither is one that does not travel by road at all (L4); they are searched for by
//! the straight line, beside. All of it follows from the state and the map in force.

use super::index::Finder;
use crate::limits::Capacities;
use crate::place::Point;
use crate::roads::atlas::Atlas;
use crate::roads::nearest::{Found, FoundList, RoadUnits, SearchRoom, Wanted};
use crate::roads::network::Profile;
use crate::roads::position::{Position, Positions};
use crate::roads::travel::Destination;
use crate::unit::Unit;
use std::sync::Arc;

/// The units of a centre on the map in force.
#[derive(Debug)]
pub(super) struct ByRoad {
    atlas: Arc<Atlas>,
    units: RoadUnits,
    /// Of units that travel: where on the map each is.
    positions: Vec<Option<Positions>>,
    /// How many are far from every road, by profile.
    off_road: [u32; 2],
    room: SearchRoom,
    way: Destination<u32>,
    found: FoundList,
}

impl ByRoad {
    pub fn new(atlas: Arc<Atlas>, capacities: &Capacities) -> ByRoad {
        ByRoad {
            units: RoadUnits::new(capacities.units_max),
            positions: Vec::with_capacity(capacities.units_max as usize),
            off_road: [0; 2],
            room: SearchRoom::default(),
            way: Destination::default(),
            found: FoundList::new(1),
            atlas,
        }
    }

    /// Takes in a unit that is new; its definition comes next.
    pub fn enter(&mut self) {
        self.positions.push(None);
    }

    /// Takes in what a unit can do and how long it takes to set off.
    pub fn define(&mut self, index: u32, unit: &Unit) {
        let definition = &unit.definition;
        let capabilities = match definition.travels() {
            true => definition.capabilities.bits(),
            // A desk is chosen by its load, never by its place.
            false => 0,
        };
        self.units.set_capabilities(index, capabilities);
        if definition.travels() {
            self.units.set_turnout(index, definition.turnout_ms);
        }
    }

    /// Takes in where a unit is now.
    pub fn place(&mut self, index: u32, unit: &Unit) {
        if !unit.definition.travels() {
            return;
        }
        let positions = self.atlas.positions(unit.point);
        let before = self.positions[index as usize].replace(positions);
        for (&profile, off_road) in Profile::ALL.iter().zip(&mut self.off_road) {
            *off_road += u32::from(positions.of(profile).is_none());
            *off_road -= u32::from(before.is_some_and(|before| before.of(profile).is_none()));
        }
        self.units.place(index, positions);
    }

    /// Takes in whether a unit may be ordered now.
    pub fn refresh(&mut self, index: u32, unit: &Unit) {
        self.units.set_available(index, unit.is_available());
    }

    /// Where a place is on the map.
    pub fn position(&self, profile: Profile, point: Point) -> Option<Position> {
        self.atlas.position(profile, point)
    }

    /// Whether every unit that travels is on it.
    pub fn is_everybody_on_road(&self, profile: Profile) -> bool {
        self.off_road[profile as usize] == 0
    }

    /// Whether a unit is on it.
    pub fn is_on_road(&self, profile: Profile, index: u32) -> bool {
        let positions = self.positions[index as usize];
        positions.is_some_and(|positions| positions.of(profile).is_some())
    }

    /// The free unit that is there first by the road; of equal ones the first defined.
    pub fn nearest(&mut self, wanted: Wanted, may_go: impl Fn(u32) -> bool) -> Option<Found> {
        self.units.nearest(
            self.atlas.metric(),
            wanted,
            &mut self.room,
            may_go,
            &mut self.found,
        );
        self.found.as_slice().first().copied()
    }

    /// How long one unit's way takes; `None` when it, or the place, is not on the map, or no way leads there.
    pub fn time_ms(&mut self, profile: Profile, unit: u32, to: Point) -> Option<u32> {
        let from = self.positions[unit as usize]?.of(profile)?;
        let to = self.atlas.position(profile, to)?;
        self.atlas.time_ms(profile, from, to, &mut self.way)
    }
}

impl Finder {
    /// Decides by this map from here on. Other times on the same map change no place of a unit; on another all are put on it.
    pub fn take_roads<'a>(
        &mut self,
        atlas: Arc<Atlas>,
        capacities: &Capacities,
        units: impl Iterator<Item = &'a Unit>,
    ) {
        if let Some(by_road) = &mut self.by_road
            && by_road.atlas.hash() == atlas.hash()
        {
            by_road.atlas = atlas;
            return;
        }
        let mut by_road = ByRoad::new(atlas, capacities);
        for (index, unit) in (0..).zip(units) {
            by_road.enter();
            by_road.define(index, unit);
            by_road.place(index, unit);
            by_road.refresh(index, unit);
        }
        self.by_road = Some(by_road);
    }
}
