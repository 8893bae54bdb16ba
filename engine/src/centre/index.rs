//! What a centre keeps only to find things fast: grids, counts and names. All of it follows from the state
//! and the objects in force, so none of it is hashed.

use super::by_road::OnMap;
use super::local::Locals;
use super::pool::{Ground, Pace, Pool, Reached, Search};
use super::preemption::{asked_of_bound, offer};
use super::reserves::{Errand, Reserves};
use crate::capability::{Capability, CapabilitySet};
use crate::city::City;
use crate::dispatch::travel::{StraightLine, Travel};
use crate::kind::Priority;
use crate::limits::Capacities;
use crate::name::Name;
use crate::place::grid::{Bounds, IncidentGrid};
use crate::place::projection::{Plane, Projection};
use crate::place::{DistrictId, Place, Point, Zone};
use crate::plan::{LocalSet, Plan};
use crate::roads::atlas::{Atlas, profile_for};
use crate::table::Index;
use crate::unit::Unit;
use std::sync::Arc;

/// Side of a grid cell of incidents, in decimetres.
const CELL_DM: u32 = 1_000;

/// How units find what they need; rebuilt from the state whenever the city changes.
#[derive(Debug)]
pub(super) struct Finder {
    /// The city in force.
    pub city: Arc<City>,
    /// The plan in force.
    pub plan: Arc<Plan>,
    /// Where its local plans hold.
    locals: Locals,
    /// What ways follow from.
    ground: Ground,
    /// Units that may be ordered.
    pub free: Pool,
    /// Units that could be called away from what they are doing.
    bound: Pool,
    /// From what.
    leaves: Vec<Option<Priority>>,
    /// Where open incidents are.
    pub incidents: IncidentGrid,
    /// Units by the digest of their name.
    names: Index<[u8; 16]>,
    /// Units with a capability.
    defined: Vec<u32>,
    /// Of these: on duty, staffed, strong enough and not silent.
    ready: Vec<u32>,
    /// Desks by capability; desks are few.
    desks: Vec<Vec<u32>>,
    /// Whether each unit was counted as ready.
    counted: Vec<bool>,
    zones: Vec<(DistrictId, Zone)>,
    /// Who is free where.
    reserves: Reserves,
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
            locals: Locals::new(&plan, &city),
            ground: Ground {
                travel: StraightLine {
                    detour_permille: plan.detour_permille,
                },
                projection,
                planes: Vec::with_capacity(capacities.units_max as usize),
                paces: Vec::with_capacity(capacities.units_max as usize),
                quickest: vec![
                    Pace {
                        speed_mm_s: 1,
                        turnout_ms: u32::MAX
                    };
                    capabilities
                ],
                on_map: None,
            },
            free: Pool::new(capacities, bounds),
            bound: Pool::new(capacities, bounds),
            leaves: Vec::with_capacity(capacities.units_max as usize),
            incidents: IncidentGrid::new(capacities.incidents_max, bounds, CELL_DM),
            names: Index::new(capacities.units_max),
            defined: vec![0; capabilities],
            ready: vec![0; capabilities],
            desks: (0..capabilities).map(|_| Vec::with_capacity(16)).collect(),
            counted: Vec::with_capacity(capacities.units_max as usize),
            reserves: Reserves::new(
                zones.iter().map(|&(district, _)| district),
                capacities.units_max,
            ),
            zones,
            city,
            plan,
        }
    }

    /// Takes in another plan.
    pub fn change_plan(&mut self, plan: Arc<Plan>) {
        self.ground.travel = StraightLine {
            detour_permille: plan.detour_permille,
        };
        self.locals = Locals::new(&plan, &self.city);
        self.plan = plan;
    }

    /// The local plans that hold at a place at a local minute (L2, H10).
    pub fn locals(&self, place: Option<&Place>, minute_of_day: u16) -> LocalSet {
        let projection = &self.ground.projection;
        self.locals.at(&self.plan, projection, place, minute_of_day)
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
        self.ground.projection.plane(point)
    }

    /// Where a unit is on the plane.
    pub fn unit_plane(&self, index: u32) -> Plane {
        self.ground.planes[index as usize]
    }

    /// The free unit that is there first with what the plan adds for whom it would leave behind, of those that may go.
    pub fn soonest_free(
        &mut self,
        search: Search,
        district: Option<DistrictId>,
        may_go: impl Fn(u32) -> bool,
    ) -> Option<Reached> {
        let Finder {
            free,
            ground,
            reserves,
            plan,
            ..
        } = self;
        let errand = Errand {
            priority: search.priority,
            wanted: search.capability,
            district,
        };
        let added = |unit| reserves.surcharge(&plan.choice, unit, errand).total_ms();
        free.soonest(ground, search, 1 << search.capability as u64, |unit| {
            may_go(unit).then(|| added(unit))
        })
    }

    /// The free unit that is there first whatever it leaves behind, if a way leads there from any.
    pub fn first_free(&mut self, search: Search, may_go: impl Fn(u32) -> bool) -> Option<Reached> {
        let Finder { free, ground, .. } = self;
        let offered = 1 << search.capability as u64;
        free.soonest_that_comes(ground, search, offered, |unit| may_go(unit).then_some(0))
    }

    /// The unit that is there first of those that could be called away for what is so urgent, if a way leads there from any.
    pub fn first_bound(&mut self, search: Search, may_go: impl Fn(u32) -> bool) -> Option<Reached> {
        let Finder { bound, ground, .. } = self;
        let offered = asked_of_bound(search.capability, search.priority);
        bound.soonest_that_comes(ground, search, offered, |unit| may_go(unit).then_some(0))
    }

    /// How long a unit that travels takes to a place, without its turnout.
    pub fn travel_ms(&mut self, index: u32, search: Search) -> u32 {
        let on_map = self.ground.on_map.as_mut();
        let on_map = on_map.filter(|_| search.capability.comes_by_road());
        let profile = profile_for(search.priority);
        let by_road = on_map.and_then(|map| map.time_ms(profile, index, search.to));
        by_road.unwrap_or_else(|| {
            let (from, to) = (self.unit_plane(index), self.plane(search.to));
            let speed_mm_s = self.ground.paces[index as usize].speed_mm_s;
            self.ground.travel.time_ms(from, to, speed_mm_s)
        })
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
        let plane = self.plane(unit.point);
        self.ground.planes.push(plane);
        self.ground.paces.push(Pace::default());
        self.counted.push(false);
        self.leaves.push(None);
        self.reserves.enter();
        if let Some(on_map) = &mut self.ground.on_map {
            on_map.enter();
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
        self.ground.paces[index as usize] = Pace {
            speed_mm_s: definition.speed_mm_s,
            turnout_ms: definition.turnout_ms,
        };
        if definition.travels() {
            for capability in definition.capabilities.iter() {
                let quickest = &mut self.ground.quickest[capability as usize];
                quickest.speed_mm_s = quickest.speed_mm_s.max(definition.speed_mm_s);
                quickest.turnout_ms = quickest.turnout_ms.min(definition.turnout_ms);
            }
        }
        self.free.offer(index, offered(unit), definition.turnout_ms);
        self.place(index, unit);
        self.refresh(index, unit);
    }

    /// Takes in where a unit is now.
    pub fn place(&mut self, index: u32, unit: &Unit) {
        self.ground.planes[index as usize] = self.plane(unit.point);
        if let Some(on_map) = &mut self.ground.on_map {
            on_map.place(index, unit);
        }
        self.free.place(index, &self.ground);
        if self.leaves[index as usize].is_some() {
            self.bound.place(index, &self.ground);
        }
    }

    /// Takes in whether a unit may be ordered now.
    pub fn refresh(&mut self, index: u32, unit: &Unit) {
        self.free.set_available(index, unit.is_available());
        self.reserves.refresh(index, unit);
        self.count(index, unit.is_ready(), unit.definition.capabilities);
    }

    /// Takes in what a unit could be called away from now.
    pub fn bind(&mut self, index: u32, unit: &Unit, leaves: Option<Priority>) {
        let before = std::mem::replace(&mut self.leaves[index as usize], leaves);
        match leaves {
            Some(priority) => {
                let takers = self.plan.preemption.takers_from(priority);
                let offered = offer(offered(unit), takers);
                self.bound.offer(index, offered, unit.definition.turnout_ms);
                self.bound.place(index, &self.ground);
                self.bound.set_available(index, true);
            }
            None if before.is_some() => self.bound.set_available(index, false),
            None => {}
        }
    }

    /// What a unit could be called away from, as it was last taken in.
    #[cfg(test)]
    pub fn leaves(&self, index: u32) -> Option<Priority> {
        self.leaves[index as usize]
    }

    /// Decides by this map from here on. Other times on the same map change no place of a unit; on another all are put on it.
    pub fn take_roads<'a>(
        &mut self,
        atlas: &Arc<Atlas>,
        capacities: &Capacities,
        units: impl Iterator<Item = &'a Unit> + Clone,
    ) {
        let on_map = self.ground.on_map.as_mut();
        if on_map.is_some_and(|on_map| on_map.take(atlas)) {
            return;
        }
        let mut on_map = OnMap::new(Arc::clone(atlas), capacities);
        for (index, unit) in (0..).zip(units.clone()) {
            on_map.enter();
            on_map.place(index, unit);
        }
        self.ground.on_map = Some(on_map);
        self.free.take_roads(capacities);
        self.bound.take_roads(capacities);
        for (index, unit) in (0..).zip(units) {
            self.free
                .offer(index, offered(unit), unit.definition.turnout_ms);
            self.free.place(index, &self.ground);
            self.free.set_available(index, unit.is_available());
            let leaves = self.leaves[index as usize];
            self.bind(index, unit, leaves);
        }
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

/// What a unit that may be ordered offers to a search; a desk is chosen by its load, never by its place.
fn offered(unit: &Unit) -> u64 {
    match unit.definition.travels() {
        true => unit.definition.capabilities.bits(),
        false => 0,
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
