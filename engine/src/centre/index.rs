//! What a centre keeps only to find things fast: grids, counts and names. All of it follows from the state
//! and the objects in force, so none of it is hashed.

use super::by_road::ByRoad;
use crate::capability::{Capability, CapabilitySet};
use crate::city::City;
use crate::dispatch::travel::StraightLine;
use crate::limits::Capacities;
use crate::name::Name;
use crate::place::grid::{Bounds, IncidentGrid, UnitGrid};
use crate::place::projection::{Plane, Projection};
use crate::place::{DistrictId, Point, Zone};
use crate::plan::Plan;
use crate::table::Index;
use crate::unit::Unit;
use std::sync::Arc;

/// Side of a grid cell, in decimetres.
const CELL_DM: u32 = 10_000;

/// How fast a unit is, and how long it takes to set off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    pub speed_mm_s: u32,
    pub turnout_ms: u32,
}

/// How units find what they need; rebuilt from the state whenever the city changes.
#[derive(Debug)]
pub(super) struct Finder {
    /// The city in force.
    pub city: Arc<City>,
    /// The plan in force.
    pub plan: Arc<Plan>,
    /// From points to the plane.
    pub projection: Projection,
    /// How long ways take.
    pub travel: StraightLine,
    /// Where units are, and which may be ordered.
    pub units: UnitGrid,
    /// Where open incidents are.
    pub incidents: IncidentGrid,
    /// Units by the digest of their name.
    names: Index<[u8; 16]>,
    /// Places of units on the plane, by index.
    planes: Vec<Plane>,
    /// What their ways take, by index: a search asks it of many, and their definitions are far apart.
    paces: Vec<Pace>,
    /// Units with a capability.
    defined: Vec<u32>,
    /// Of these: on duty, staffed, strong enough and not silent.
    ready: Vec<u32>,
    /// Desks by capability; desks are few.
    desks: Vec<Vec<u32>>,
    /// Whether each unit was counted as ready.
    counted: Vec<bool>,
    /// The fastest pace and the quickest turnout there have been, by capability, for the bound of the search.
    quickest: Vec<Pace>,
    zones: Vec<(DistrictId, Zone)>,
    /// Where units are on the roads, once there is a map.
    pub by_road: Option<ByRoad>,
}

impl Finder {
    pub fn new(city: Arc<City>, plan: Arc<Plan>, capacities: &Capacities) -> Finder {
        let projection = city.projection;
        let bounds = bounds_of(&city, &projection);
        let capabilities = Capability::ALL.len();
        let mut zones: Vec<_> = city
            .districts
            .iter()
            .map(|district| (district.id, district.zone))
            .collect();
        zones.sort_unstable();
        Finder {
            travel: StraightLine {
                detour_permille: plan.detour_permille,
            },
            projection,
            units: UnitGrid::new(capacities.units_max, bounds, CELL_DM),
            incidents: IncidentGrid::new(capacities.incidents_max, bounds, CELL_DM / 10),
            names: Index::new(capacities.units_max),
            planes: Vec::with_capacity(capacities.units_max as usize),
            paces: Vec::with_capacity(capacities.units_max as usize),
            defined: vec![0; capabilities],
            ready: vec![0; capabilities],
            desks: (0..capabilities).map(|_| Vec::with_capacity(16)).collect(),
            counted: Vec::with_capacity(capacities.units_max as usize),
            quickest: vec![
                Pace {
                    speed_mm_s: 1,
                    turnout_ms: u32::MAX
                };
                capabilities
            ],
            zones,
            city,
            plan,
            by_road: None,
        }
    }

    /// Takes in another plan.
    pub fn change_plan(&mut self, plan: Arc<Plan>) {
        self.travel = StraightLine {
            detour_permille: plan.detour_permille,
        };
        self.plan = plan;
    }

    /// The zone of a district; a township where the city does not know it.
    pub fn zone(&self, district: DistrictId) -> Zone {
        match self.zones.binary_search_by_key(&district, |&(id, _)| id) {
            Ok(found) => self.zones[found].1,
            Err(_) => Zone::Township,
        }
    }

    /// A point on the plane.
    pub fn plane(&self, point: Point) -> Plane {
        self.projection.plane(point)
    }

    /// Where a unit is on the plane.
    pub fn unit_plane(&self, index: u32) -> Plane {
        self.planes[index as usize]
    }

    /// No unit with this capability is faster or sets off sooner.
    pub fn quickest(&self, capability: Capability) -> Pace {
        self.quickest[capability as usize]
    }

    /// How fast a unit is.
    pub fn pace(&self, index: u32) -> Pace {
        self.paces[index as usize]
    }

    /// The unit of this name.
    pub fn unit_named(&self, name: &Name) -> Option<u32> {
        self.names.get(digest(name))
    }

    /// Whether the city has any unit with this capability.
    pub fn has(&self, capability: Capability) -> bool {
        self.defined[capability as usize] > 0
    }

    /// Whether any unit with this capability could be ordered if it were not busy.
    pub fn is_manned(&self, capability: Capability) -> bool {
        self.ready[capability as usize] > 0
    }

    /// The desks with this capability, by index.
    pub fn desks(&self, capability: Capability) -> &[u32] {
        &self.desks[capability as usize]
    }

    /// Takes in a unit that is new.
    pub fn enter(&mut self, index: u32, unit: &Unit) {
        let entered = self.names.insert(digest(&unit.definition.name), index);
        assert!(entered == Ok(None), "a unit was entered twice: {entered:?}");
        self.planes.push(self.projection.plane(unit.point));
        self.paces.push(Pace::default());
        self.counted.push(false);
        if let Some(by_road) = &mut self.by_road {
            by_road.enter();
        }
        self.define(index, unit, CapabilitySet::EMPTY);
    }

    /// Takes in what a unit is now, where it had `before`.
    pub fn define(&mut self, index: u32, unit: &Unit, before: CapabilitySet) {
        self.count(index, false, before);
        for capability in before.iter() {
            self.defined[capability as usize] -= 1;
            self.desks[capability as usize].retain(|&desk| desk != index);
        }
        let definition = &unit.definition;
        for capability in definition.capabilities.iter() {
            self.defined[capability as usize] += 1;
            if capability.is_desk() {
                self.desks[capability as usize].push(index);
                self.desks[capability as usize].sort_unstable();
            }
        }
        self.paces[index as usize] = Pace {
            speed_mm_s: definition.speed_mm_s,
            turnout_ms: definition.turnout_ms,
        };
        if definition.travels() {
            for capability in definition.capabilities.iter() {
                let quickest = &mut self.quickest[capability as usize];
                quickest.speed_mm_s = quickest.speed_mm_s.max(definition.speed_mm_s);
                quickest.turnout_ms = quickest.turnout_ms.min(definition.turnout_ms);
            }
            self.units
                .set_capabilities(index, definition.capabilities.bits());
        } else {
            // A desk is chosen by its load, never by its place.
            self.units.set_capabilities(index, 0);
        }
        if let Some(by_road) = &mut self.by_road {
            by_road.define(index, unit);
        }
        self.place(index, unit);
        self.refresh(index, unit);
    }

    /// Takes in where a unit is now.
    pub fn place(&mut self, index: u32, unit: &Unit) {
        let plane = self.projection.plane(unit.point);
        self.planes[index as usize] = plane;
        self.units.place(index, plane.x_dm, plane.y_dm);
        if let Some(by_road) = &mut self.by_road {
            by_road.place(index, unit);
        }
    }

    /// Takes in whether a unit may be ordered now.
    pub fn refresh(&mut self, index: u32, unit: &Unit) {
        self.units.set_available(index, unit.is_available());
        if let Some(by_road) = &mut self.by_road {
            by_road.refresh(index, unit);
        }
        self.count(index, unit.is_ready(), unit.definition.capabilities);
    }

    fn count(&mut self, index: u32, ready: bool, capabilities: CapabilitySet) {
        let counted = std::mem::replace(&mut self.counted[index as usize], ready);
        if counted == ready {
            return;
        }
        for capability in capabilities.iter() {
            let count = &mut self.ready[capability as usize];
            *count = if ready { *count + 1 } else { *count - 1 };
        }
    }
}

fn digest(name: &Name) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(name.as_str().as_bytes()).as_bytes()[..16]);
    digest
}

/// The box around the city's districts on the plane.
fn bounds_of(city: &City, projection: &Projection) -> Bounds {
    let corners = city
        .districts
        .iter()
        .flat_map(|district| district.shape.rings())
        .flatten();
    let mut bounds: Option<Bounds> = None;
    for &corner in corners {
        let Plane { x_dm, y_dm } = projection.plane(corner);
        let at = Bounds {
            x_min_dm: x_dm,
            y_min_dm: y_dm,
            x_max_dm: x_dm,
            y_max_dm: y_dm,
        };
        bounds = Some(bounds.map_or(at, |bounds| Bounds {
            x_min_dm: bounds.x_min_dm.min(x_dm),
            y_min_dm: bounds.y_min_dm.min(y_dm),
            x_max_dm: bounds.x_max_dm.max(x_dm),
            y_max_dm: bounds.y_max_dm.max(y_dm),
        }));
    }
    bounds.unwrap_or(Bounds {
        x_min_dm: -10_000,
        y_min_dm: -10_000,
        x_max_dm: 10_000,
        y_max_dm: 10_000,
    })
}
