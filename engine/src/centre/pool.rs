//! Units that can be searched for: by straight line everywhere, by the road where there is a map.

use super::by_road::{ByRoad, OnMap};
use crate::capability::Capability;
use crate::dispatch::shortlist::{Listed, Shortlist};
use crate::dispatch::travel::{StraightLine, Travel};
use crate::kind::Priority;
use crate::limits::Capacities;
use crate::place::Point;
use crate::place::grid::{Bounds, Cost, UnitGrid};
use crate::place::projection::{Plane, Projection};
use crate::roads::atlas::profile_for;
use crate::roads::nearest::Wanted;
use crate::roads::network::Profile;

/// Side of a grid cell, in decimetres.
const CELL_DM: u32 = 10_000;
/// The same where only those stand who are far from every road: few.
const STRAY_CELL_DM: u32 = 80_000;

/// How fast a unit is, and how long it takes to set off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    pub speed_mm_s: u32,
    pub turnout_ms: u32,
}

/// What ways follow from, for all units.
#[derive(Debug)]
pub(super) struct Ground {
    /// From points to the plane.
    pub projection: Projection,
    /// How long ways take.
    pub travel: StraightLine,
    /// Places of units on the plane, by index.
    pub planes: Vec<Plane>,
    /// What their ways take, by index: a search asks it of many, and their definitions are far apart.
    pub paces: Vec<Pace>,
    /// The fastest pace and the quickest turnout there have been, by capability, for the bound of the search.
    pub quickest: Vec<Pace>,
    /// The map, and where on it they are, once there is one.
    pub on_map: Option<OnMap>,
}

/// Where somebody is wanted, what for and how urgently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub priority: Priority,
    pub to: Point,
    pub capability: Capability,
    /// So many of the soonest are compared.
    pub compared: usize,
}

/// Who was found, and how long they take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub unit: u32,
    pub travel_ms: u32,
    pub turnout_ms: u32,
    /// No road leads there from where it is.
    pub is_cut_off: bool,
}

impl Reached {
    /// From the order to the place.
    pub fn total_ms(&self) -> u32 {
        self.travel_ms.saturating_add(self.turnout_ms)
    }
}

/// Some of the units, by place and by what each offers.
#[derive(Debug)]
pub(super) struct Pool {
    /// On the plane.
    pub units: UnitGrid,
    /// On the roads, once there is a map.
    by_road: Option<ByRoad>,
    /// Aircraft, and those of whom the map in force has no road near, by profile.
    strays: [UnitGrid; 2],
    list: Shortlist,
}

impl Pool {
    pub fn new(capacities: &Capacities, bounds: Bounds) -> Pool {
        Pool {
            units: UnitGrid::new(capacities.units_max, bounds, CELL_DM),
            by_road: None,
            strays: [(); 2].map(|()| UnitGrid::new(capacities.units_max, bounds, STRAY_CELL_DM)),
            list: Shortlist::new(),
        }
    }

    /// Takes in what a unit offers, one bit each, and how long it takes to set off.
    pub fn offer(&mut self, index: u32, offered: u64, turnout_ms: u32) {
        self.units.set_capabilities(index, offered);
        for strays in &mut self.strays {
            strays.set_capabilities(index, offered);
        }
        if let Some(by_road) = &mut self.by_road {
            by_road.offer(index, offered, turnout_ms);
        }
    }

    /// Takes in where a unit is now.
    pub fn place(&mut self, index: u32, ground: &Ground) {
        let plane = ground.planes[index as usize];
        self.units.place(index, plane.x_dm, plane.y_dm);
        if let (Some(by_road), Some(on_map)) = (&mut self.by_road, &ground.on_map) {
            by_road.place(index, on_map);
            for (&profile, strays) in Profile::ALL.iter().zip(&mut self.strays) {
                match on_map.is_on_road(profile, index) {
                    true => strays.displace(index),
                    false => strays.place(index, plane.x_dm, plane.y_dm),
                }
            }
        }
    }

    /// Takes in whether a unit can be chosen now.
    pub fn set_available(&mut self, index: u32, is_available: bool) {
        self.units.set_available(index, is_available);
        for strays in &mut self.strays {
            strays.set_available(index, is_available);
        }
        if let Some(by_road) = &mut self.by_road {
            by_road.set_available(index, is_available);
        }
    }

    /// Decides by another map from here on; every unit must be put on it anew.
    pub fn take_roads(&mut self, capacities: &Capacities) {
        self.by_road = Some(ByRoad::new(capacities));
    }

    /// Of the soonest so many the unit that is there first with what `extra` adds to that, by the road where there is one; of equal
    /// ones the first defined. If no road leads there from anybody, somebody must go all the same. `extra` leaves a unit out by
    /// giving nothing.
    pub fn soonest(
        &mut self,
        ground: &Ground,
        search: Search,
        offered: u64,
        extra: impl Fn(u32) -> Option<u32>,
    ) -> Option<Reached> {
        let reached = self.soonest_that_comes(ground, search, offered, &extra);
        reached.or_else(|| {
            let Pool { units, list, .. } = self;
            list.begin(search.compared);
            list_straight(units, ground, search, offered, &extra, list);
            Some(Reached {
                is_cut_off: true,
                ..reached_of(list.best()?, ground)
            })
        })
    }

    /// The same of those from whom a way leads there.
    pub fn soonest_that_comes(
        &mut self,
        ground: &Ground,
        search: Search,
        offered: u64,
        extra: impl Fn(u32) -> Option<u32>,
    ) -> Option<Reached> {
        let Pool {
            units,
            by_road,
            strays,
            list,
        } = self;
        list.begin(search.compared);
        let profile = profile_for(search.priority);
        let roads = by_road.as_mut().zip(ground.on_map.as_ref());
        let roads = roads.filter(|_| search.capability.comes_by_road());
        let on_road = roads.and_then(|(by_road, on_map)| {
            let to = on_map.position(profile, search.to)?;
            Some((by_road, on_map, to))
        });
        match on_road {
            // Boats and aircraft, and everybody on the way to a place far from every road, come by straight line (L4, N4).
            None => list_straight(units, ground, search, offered, &extra, list),
            Some((by_road, on_map, to)) => {
                let wanted = Wanted {
                    profile,
                    to,
                    need: offered,
                };
                by_road.shortlist(on_map, wanted, &extra, list);
                // Who is far from every road, or above them, still comes.
                let strays = &strays[profile as usize];
                list_straight(strays, ground, search, offered, &extra, list);
            }
        }
        Some(reached_of(list.best()?, ground))
    }
}

fn reached_of(listed: Listed, ground: &Ground) -> Reached {
    Reached {
        unit: listed.unit,
        travel_ms: listed.travel_ms,
        turnout_ms: ground.paces[listed.unit as usize].turnout_ms,
        is_cut_off: false,
    }
}

/// Lists the soonest by straight line × detour.
fn list_straight(
    units: &UnitGrid,
    ground: &Ground,
    search: Search,
    offered: u64,
    extra: &dyn Fn(u32) -> Option<u32>,
    list: &mut Shortlist,
) {
    let to = ground.projection.plane(search.to);
    let quickest = ground.quickest[search.capability as usize];
    let time = |distance_dm: u32, pace: Pace| {
        let travel = ground.travel.over_ms(distance_dm, pace.speed_mm_s);
        travel.saturating_add(pace.turnout_ms)
    };
    let cost = |unit: u32, distance_dm: u32| {
        let extra_ms = extra(unit)?;
        let pace = ground.paces[unit as usize];
        let total_ms = time(distance_dm, pace);
        Some(Cost {
            total_ms,
            travel_ms: total_ms - pace.turnout_ms,
            extra_ms,
        })
    };
    let least = |distance_dm: u32| time(distance_dm, quickest);
    units.shortlist((to.x_dm, to.y_dm), offered, cost, least, list);
}
