//! Units, orders and incidents as a reader of the stream knows them: nothing but what commands and events say.

use super::Heard;
use crate::roads::{Manner, Oracle, Trip};
use engine::capability::Capability;
use engine::centre::Prepared;
use engine::city::City;
use engine::command::{Command, ObjectKind};
use engine::event::Event;
use engine::id::{IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::Priority;
use engine::moment::Moment;
use engine::order::{OrderState, Rung};
use engine::place::projection::distance_dm;
use engine::place::{DistrictId, Place, Point};
use engine::plan::Plan;
use engine::unit::{Duty, UnitDefinition};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Orders of one round of asking that count as declined at most.
const ASKED_MAX: usize = 8;

/// What is known of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct FleetUnit {
    pub definition: UnitDefinition,
    pub point: Point,
    pub duty: Duty,
    pub staffed: bool,
    pub silent: bool,
    pub stale: bool,
    pub load: u16,
}

impl FleetUnit {
    pub fn is_available(&self) -> bool {
        self.duty != Duty::Off
            && self.staffed
            && !self.silent
            && !self.stale
            && self.definition.strength >= self.definition.least_strength
            && self.load < self.definition.capacity
    }
}

/// What is known of an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct FleetOrder {
    pub incident: IncidentId,
    pub need: u8,
    pub unit: UnitId,
    pub state: OrderState,
    pub rung: Rung,
    pub previous: Option<OrderId>,
}

/// What is known of an incident.
#[derive(Clone, Copy, Debug)]
pub(super) struct FleetIncident {
    pub place: Option<Place>,
    pub drill: bool,
    pub priority: Priority,
}

/// Where somebody is wanted, and how urgently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    pub to: Point,
    pub priority: Priority,
    pub district: Option<DistrictId>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fleet {
    plans: Vec<Arc<Plan>>,
    cities: Vec<(ObjectHash, Arc<City>)>,
    maps: Vec<Rc<Oracle>>,
    plan: Option<Arc<Plan>>,
    city: Option<Arc<City>>,
    roads: Option<Rc<Oracle>>,
    pub units: BTreeMap<UnitId, FleetUnit>,
    pub orders: BTreeMap<OrderId, FleetOrder>,
    pub incidents: BTreeMap<IncidentId, FleetIncident>,
}

/// Whether an order binds its unit.
pub(super) fn is_open(state: OrderState) -> bool {
    use OrderState::*;
    matches!(state, Issued | Acknowledged | SetOff | Arrived)
}

impl Fleet {
    pub fn new(objects: &[Prepared]) -> Fleet {
        let mut fleet = Fleet::default();
        objects.iter().for_each(|object| fleet.prepare(object));
        fleet
    }

    /// Puts an object at hand.
    pub fn prepare(&mut self, object: &Prepared) {
        match object {
            Prepared::Plan(plan) => self.plans.push(Arc::clone(plan)),
            Prepared::City(hash, city) => self.cities.push((*hash, Arc::clone(city))),
            Prepared::Roads(atlas) => {
                let said = (atlas.hash(), atlas.bulletin_hash());
                let mut known = self.maps.iter();
                if !known.any(|map| (map.map(), map.bulletin()) == said) {
                    self.maps.push(Rc::new(Oracle::of(atlas)));
                }
            }
            Prepared::Lexicon(_) => {}
        }
    }

    /// Takes in one event of a command; they come in their order.
    pub fn hear(&mut self, heard: &Heard, event: &Event) {
        match *event {
            Event::ObjectActivated(active) => self.activate(active.object, active.hash),
            Event::UnitDefined { unit } => self.define(heard, unit),
            Event::IncidentOpened {
                incident,
                place,
                drill,
                priority,
                ..
            } => {
                let opened = FleetIncident {
                    place,
                    drill,
                    priority,
                };
                self.incidents.insert(incident, opened);
            }
            Event::IncidentRaised {
                incident, priority, ..
            }
            | Event::IncidentReclassified {
                incident, priority, ..
            } => {
                let held = self.incidents.get_mut(&incident);
                held.into_iter().for_each(|held| held.priority = priority);
            }
            Event::IncidentPlaced { incident, place } => {
                let placed = self.incidents.get_mut(&incident);
                placed
                    .into_iter()
                    .for_each(|placed| placed.place = Some(place));
            }
            Event::OrderIssued(_) | Event::OrderMoved { .. } => self.hear_of_order(event),
            Event::OrderTransferred {
                order, into, need, ..
            } => {
                if let Some(order) = self.orders.get_mut(&order) {
                    (order.incident, order.need) = (into, need);
                }
            }
            Event::LadderClimbed { order, rung, .. } => {
                let told = self.orders.get_mut(&order);
                told.into_iter().for_each(|told| told.rung = rung);
            }
            _ => self.hear_of_unit(event),
        }
    }

    fn hear_of_order(&mut self, event: &Event) {
        if let Event::OrderIssued(issued) = event {
            let order = FleetOrder {
                incident: issued.incident,
                need: issued.need,
                unit: issued.unit,
                state: OrderState::Issued,
                rung: Rung::Primary,
                previous: issued.previous,
            };
            self.orders.insert(issued.order, order);
            self.change(issued.unit, |unit| unit.load += 1);
        }
        if let Event::OrderMoved {
            order, unit, to, ..
        } = *event
        {
            let moved = self.orders.get_mut(&order);
            moved.into_iter().for_each(|moved| moved.state = to);
            if !is_open(to) {
                self.change(unit, |unit| unit.load = unit.load.saturating_sub(1));
            }
        }
    }

    fn hear_of_unit(&mut self, event: &Event) {
        match *event {
            Event::UnitMoved { unit, point } => self.change(unit, |unit| unit.point = point),
            Event::UnitStaffed { unit, staffed } => {
                self.change(unit, |unit| unit.staffed = staffed);
            }
            Event::UnitSilent { unit } => self.change(unit, |unit| unit.silent = true),
            Event::UnitHeard { unit } => self.change(unit, |unit| unit.silent = false),
            Event::UnitPositionStale { unit, stale } => {
                self.change(unit, |unit| unit.stale = stale);
            }
            Event::UnitDutyChanged {
                unit,
                duty,
                strength,
            } => self.change(unit, |unit| {
                (unit.duty, unit.definition.strength) = (duty, strength);
            }),
            _ => {}
        }
    }

    fn change(&mut self, unit: UnitId, change: impl FnOnce(&mut FleetUnit)) {
        if let Some(unit) = self.units.get_mut(&unit) {
            change(unit);
        }
    }

    fn activate(&mut self, object: ObjectKind, hash: ObjectHash) {
        let plan = self.plans.iter().find(|plan| plan.hash == hash);
        let city = self.cities.iter().find(|city| city.0 == hash);
        match object {
            ObjectKind::Plan => self.plan = plan.cloned(),
            ObjectKind::City => self.city = city.map(|city| Arc::clone(&city.1)),
            ObjectKind::Roads => self.take_roads(hash, None),
            ObjectKind::Bulletin => {
                let map = self.roads.as_ref().map(|roads| roads.map());
                map.into_iter()
                    .for_each(|map| self.take_roads(map, Some(hash)));
            }
            ObjectKind::Lexicon => {}
        }
    }

    /// Goes by a map from here on, as this bulletin says, or as it is itself.
    fn take_roads(&mut self, map: ObjectHash, bulletin: Option<ObjectHash>) {
        let mut maps = self.maps.iter();
        let map = maps.find(|known| known.map() == map && known.bulletin() == bulletin);
        self.roads = map.cloned();
        self.maps.retain(|known| known.bulletin().is_none());
    }

    /// A definition comes with its command. A unit that stood at its post stands at the new one.
    fn define(&mut self, heard: &Heard, id: UnitId) {
        let (Command::DefineUnit(definition), Some(city)) = (heard.envelope.command, &self.city)
        else {
            return;
        };
        let staffed = definition.is_staffed(heard.at.minute_of_day(city.utc_offset_min));
        let unit = self.units.entry(id).or_insert(FleetUnit {
            definition,
            point: definition.post,
            duty: Duty::OnCall,
            staffed,
            silent: false,
            stale: false,
            load: 0,
        });
        if unit.point == unit.definition.post {
            unit.point = definition.post;
        }
        (unit.definition, unit.staffed) = (definition, staffed);
    }

    /// The plan in force.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_deref()
    }

    pub fn travels(&self, unit: UnitId) -> bool {
        let unit = self.units.get(&unit);
        unit.is_some_and(|unit| unit.definition.speed_mm_s > 0)
    }

    /// Travel of a unit that moves, in milliseconds, by the road where both are on it; and whether it is cut off from there,
    /// so that it goes only when nobody else comes.
    pub fn way(&self, unit: &FleetUnit, capability: Capability, goal: Goal) -> (bool, u32) {
        // What needs a boat goes by the water, and what flies through the air (L4).
        let offered = unit.definition.capabilities;
        let off_road = capability == Capability::Boat || offered.contains(Capability::Aircraft);
        let roads = self.roads.as_ref().filter(|_| !off_road);
        let manner = Manner::of(goal.priority);
        let straight_ms = self.straight_ms(unit, goal.to);
        match roads.map(|roads| roads.trip(manner, unit.point, goal.to)) {
            Some(Trip::Takes(road_ms)) => (false, road_ms),
            Some(Trip::CutOff) => (true, straight_ms),
            Some(Trip::OffRoad) | None => (false, straight_ms),
        }
    }

    /// The same by the plan's rule alone.
    fn straight_ms(&self, unit: &FleetUnit, to: Point) -> u32 {
        let (Some(plan), Some(city)) = (&self.plan, &self.city) else {
            return u32::MAX;
        };
        let plane = |point| city.projection.plane(point);
        let way = u64::from(distance_dm(plane(unit.point), plane(to)));
        let way = way * u64::from(plan.detour_permille) * 100;
        u32::try_from(way / u64::from(unit.definition.speed_mm_s.max(1))).unwrap_or(u32::MAX)
    }

    /// Units that are out of the question for a need whose last order this is. With `within`, the row ends at the first order
    /// that served another incident: that incident may be forgotten.
    pub fn declined(&self, last: Option<OrderId>, within: Option<IncidentId>) -> Vec<UnitId> {
        let mut declined = Vec::new();
        let mut at = last;
        for _ in 0..ASKED_MAX {
            let Some(order) = at.and_then(|at| self.orders.get(&at)) else {
                break;
            };
            if within.is_some_and(|incident| incident != order.incident) {
                break;
            }
            let relieved = order.state == OrderState::Reassigned && order.rung != Rung::NextUnit;
            if order.state == OrderState::Declined || relieved {
                declined.push(order.unit);
            }
            at = order.previous;
        }
        declined
    }

    /// What the plan adds to a unit's time, by what its going would leave behind.
    fn added_ms(&self, unit: &FleetUnit, wanted: Capability, goal: Goal) -> u32 {
        let (Some(plan), Some(city), Some(district)) = (&self.plan, &self.city, goal.district)
        else {
            return 0;
        };
        let home = |unit: &FleetUnit| city.districts.get(unit.definition.home).map(|it| it.id);
        let free = |skill: Capability| {
            let of_district = self.units.values().filter(|other| {
                let able = other.definition.capabilities.contains(skill);
                able && other.is_available() && home(other) == home(unit)
            });
            of_district.count() as u32
        };
        let at = usize::from(goal.priority.number() - 1);
        let others = unit.definition.capabilities.iter();
        let scarcest = others.filter(|&skill| skill != wanted).map(free).min();
        let is_foreign = unit.definition.home != district;
        [
            is_foreign.then_some(plan.choice.foreign_ms[at]),
            scarcest.map(|free| plan.choice.scarce_ms[at] / free),
            (free(wanted) == 1).then_some(plan.choice.last_ms[at]),
        ]
        .into_iter()
        .flatten()
        .sum()
    }

    /// The best unit for a need: the desk with the fewest orders, else of so many that are there first whoever still is with what the
    /// plan adds to that; of equals the first defined. Before its sum stands whether it is cut off from there.
    pub fn best(
        &self,
        capability: Capability,
        goal: Option<Goal>,
        declined: &[UnitId],
    ) -> Option<(bool, u32, UnitId)> {
        let fit = self.units.iter().filter(|&(id, unit)| {
            let able = unit.definition.capabilities.contains(capability);
            able && unit.is_available() && !declined.contains(id)
        });
        if capability.is_desk() {
            let loads = fit.map(|(&id, unit)| (false, u32::from(unit.load), id));
            return loads.min();
        }
        let goal = goal?;
        let timed = fit.filter(|(_, unit)| unit.definition.speed_mm_s > 0);
        let timed = timed.map(|(&id, unit)| {
            let (is_cut_off, travel_ms) = self.way(unit, capability, goal);
            let total_ms = travel_ms.saturating_add(unit.definition.turnout_ms);
            (is_cut_off, total_ms, id)
        });
        let mut timed: Vec<_> = timed.collect();
        timed.sort_unstable();
        timed.truncate(self.plan()?.choice.compared);
        let sums = timed.into_iter().map(|(is_cut_off, total_ms, id)| {
            let added_ms = self.added_ms(&self.units[&id], capability, goal);
            (is_cut_off, total_ms.saturating_add(added_ms), id)
        });
        sums.min()
    }

    /// Where a unit would be sent to for an incident, if it may be sent at all.
    pub fn destination(&self, incident: IncidentId) -> Option<Goal> {
        let incident = self.incidents.get(&incident)?;
        let place = incident.place.filter(|place| place.district.is_some())?;
        Some(Goal {
            to: place.point,
            priority: incident.priority,
            district: place.district,
        })
    }
}

/// Whether a moment lies so far back.
pub(super) fn is_older(then: Moment, now: Moment, span: engine::moment::Span) -> bool {
    then + span < now
}
