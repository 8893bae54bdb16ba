//! How a unit comes to an incident: by the road where both are on it, by straight line otherwise; and how often which was so.

use super::Model;
use crate::roads::{Manner, Trip};
use engine::capability::Capability;
use engine::id::{IncidentId, UnitId};
use engine::place::Point;

/// By what a unit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The road.
    Road,
    /// The straight line: without a map, on the water, or where one of the two is far from every road.
    Line,
    /// The straight line, because no road leads there.
    NoWay,
}

/// How a unit would come, and how long that takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub by: By,
    pub travel_ms: u32,
}

/// How units came to their orders, while a map was in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// By the road.
    pub by_road: u64,
    /// By straight line, far from every road or on the water.
    pub by_line: u64,
    /// By straight line, through the air.
    pub by_air: u64,
    /// By straight line, as no road led there.
    pub no_way: u64,
    /// By the road, in another time than the map's own, for what holds on it just now.
    pub changed: u64,
    /// Somebody was sent as the nearest of all, and by straight line it would have been somebody else.
    pub not_by_metres: u64,
    /// Somebody was sent although another would have been there sooner: the plan holds that they leave less behind.
    pub past_nearer: u64,
    /// Somebody was called away from something less urgent.
    pub preempted: u64,
}

impl Model {
    /// How a unit would come to an incident at this point, for this capability.
    pub(super) fn way(
        &self,
        unit: UnitId,
        id: IncidentId,
        capability: Capability,
        to: Point,
    ) -> Way {
        let straight_ms = self.straight_ms(unit, to);
        let manner = Manner::of(self.incident(id).assessment.priority);
        let mut maps = self.maps.iter();
        let map = maps.find(|map| Some(map.map()) == self.roads && map.bulletin() == self.bulletin);
        // Boats and aircraft do not go by road (L4).
        let on_water = matches!(capability, Capability::Boat | Capability::Aircraft);
        let flies = self.flies(unit);
        let map = map.filter(|_| !on_water && !flies);
        let (by, travel_ms) = match map.map(|map| map.trip(manner, self.unit(unit).point, to)) {
            Some(Trip::Takes(road_ms)) => (By::Road, road_ms),
            Some(Trip::CutOff) => (By::NoWay, straight_ms),
            Some(Trip::OffRoad) | None => (By::Line, straight_ms),
        };
        Way { by, travel_ms }
    }

    /// Whether it is an aircraft, whatever it is asked for.
    fn flies(&self, unit: UnitId) -> bool {
        let mut offered = self.unit(unit).definition.capabilities.iter();
        offered.any(|capability| capability == Capability::Aircraft)
    }

    /// How long a unit takes to an incident; nothing for a desk, or while nobody knows where that is.
    pub(super) fn travel_to(
        &self,
        unit: UnitId,
        incident: IncidentId,
        capability: Capability,
    ) -> u32 {
        match self.incident(incident).place {
            Some(place) if self.unit(unit).travels() => {
                self.way(unit, incident, capability, place.point).travel_ms
            }
            Some(_) | None => 0,
        }
    }

    /// Counts by what the unit of an order goes.
    pub(super) fn count_way(&mut self, unit: UnitId, id: IncidentId, capability: Capability) {
        let place = self.incident(id).place.filter(|_| self.roads.is_some());
        if let (Some(place), true) = (place, self.unit(unit).travels()) {
            let way = self.way(unit, id, capability, place.point);
            match way.by {
                By::Road => self.ways.by_road += 1,
                By::Line if self.flies(unit) => self.ways.by_air += 1,
                By::Line => self.ways.by_line += 1,
                By::NoWay => self.ways.no_way += 1,
            }
            let manner = Manner::of(self.incident(id).assessment.priority);
            let mut maps = self.maps.iter();
            let plain = maps.find(|map| Some(map.map()) == self.roads && map.bulletin().is_none());
            let plain = plain.map(|map| map.trip(manner, self.unit(unit).point, place.point));
            let is_changed = way.by == By::Road && plain != Some(Trip::Takes(way.travel_ms));
            self.ways.changed += u64::from(is_changed);
        }
    }

    /// Whom the time alone would send.
    fn sent_first_by_time(
        &self,
        id: IncidentId,
        capability: Capability,
        declined: &[UnitId],
        to: Point,
    ) -> Option<UnitId> {
        let units = self.fit_units(capability, declined).into_iter();
        units
            .filter(|&unit| self.unit(unit).travels())
            .min_by_key(|&unit| {
                let way = self.way(unit, id, capability, to);
                let turnout_ms = self.unit(unit).definition.turnout_ms;
                let total_ms = way.travel_ms.saturating_add(turnout_ms);
                (way.by == By::NoWay, total_ms, unit)
            })
    }

    /// Counts when somebody else would have been the nearest by straight line, or by time alone.
    pub(super) fn count_nearest(
        &mut self,
        id: IncidentId,
        capability: Capability,
        declined: &[UnitId],
        sent: UnitId,
    ) {
        let place = self.incident(id).place;
        let Some(place) = place.filter(|_| !capability.is_desk()) else {
            return;
        };
        let sooner = self.sent_first_by_time(id, capability, declined, place.point);
        self.ways.past_nearer += u64::from(sooner != Some(sent));
        if self.roads.is_none() {
            return;
        }
        let units = self.fit_units(capability, declined).into_iter();
        let by_metres = units
            .filter(|&unit| self.unit(unit).travels())
            .min_by_key(|&unit| {
                let turnout_ms = self.unit(unit).definition.turnout_ms;
                let straight_ms = self.straight_ms(unit, place.point);
                (straight_ms.saturating_add(turnout_ms), unit)
            });
        self.ways.not_by_metres += u64::from(by_metres != Some(sent));
    }
}
