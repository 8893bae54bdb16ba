//! Looking ahead: a few commands that are known already touch, all at once, the memory that each will ask for by itself.
//!
//! A decision reads perhaps twenty places that are nowhere near each other, one after the other, and memory is slow to
//! answer. Asked for many at a time, it answers many at a time. In stages: each reads only what the one before has brought.
//! Nothing is changed here, nothing needs it, and what it reads may be out of date when its command comes.

use super::Centre;
use super::index::Finder;
use super::needs::queue_node;
use super::state::{DueOf, State, unit_index};
use crate::command::{Command, Envelope};
use crate::id::IncidentId;
use crate::place::Point;
use crate::table::Slot;
use std::hint::black_box;

impl Centre {
    /// Looks ahead at commands that come next; a dozen or two are a good number.
    pub fn foresee<'a>(&self, envelopes: impl Iterator<Item = &'a Envelope> + Clone) {
        let calls = envelopes.clone().filter_map(|envelope| {
            let Command::TakeCall(report) = &envelope.command else {
                return None;
            };
            Some(report)
        });
        let reports = envelopes.filter_map(|envelope| {
            let Command::Report(report) = &envelope.command else {
                return None;
            };
            Some(report.order.number())
        });
        let points = calls.clone().filter_map(|call| Some(call.place?.point));
        let state = &self.state;
        // Fewer than half of the calls open an incident, for which the one that was closed first may have to leave.
        let leaving = state.closed.iter().map(|&(incident, _)| incident);
        let leaving = || leaving.clone().take(calls.clone().count() / 2);

        let mut seen = 0;
        for (ahead, call) in (0..).zip(calls.clone()) {
            seen ^= state.calls.foresee(call.key, ahead);
        }
        for order in reports.clone() {
            seen ^= state.orders.foresee(order);
        }
        for incident in leaving() {
            seen ^= state.incidents.foresee(incident.number());
        }
        if let Some(finder) = &self.finder {
            for stage in 0..2 {
                for point in points.clone() {
                    seen ^= finder.foresee(point, stage);
                }
            }
            for order in reports.clone() {
                seen ^= state.foresee_unit_of(finder, order);
            }
        }
        for order in reports {
            seen ^= state.foresee_incident_of(order);
        }
        for incident in leaving() {
            seen ^= state.foresee_leaving(incident);
        }
        black_box(seen);
    }
}

impl Finder {
    /// What lies near a point: first its cells, then who stands in them.
    fn foresee(&self, point: Point, stage: u8) -> u32 {
        let plane = self.plane(point);
        self.free.units.foresee(plane.x_dm, plane.y_dm, stage)
            ^ self.incidents.foresee(plane.x_dm, plane.y_dm, stage)
    }
}

impl State {
    /// What a report on an order changes beside it.
    fn foresee_unit_of(&self, finder: &Finder, order: u64) -> u32 {
        let Some(slot) = self.orders.slot_of(order) else {
            return 0;
        };
        let order = self.order(slot);
        let index = unit_index(order.unit);
        let unit = self.units.get(index as usize);
        let unit = unit.map_or(0, |unit| u32::from(unit.open_orders));
        let due = self.wheel.due(self.node(DueOf::Order(slot)));
        unit ^ finder.free.units.foresee_unit(index)
            ^ due.map_or(0, |due| due.0 as u32)
            ^ self.incidents.foresee(order.incident.number())
    }

    fn foresee_incident_of(&self, order: u64) -> u32 {
        let slot = self.orders.find(order).map(|order| order.incident);
        let slot = slot.and_then(|incident| self.incidents.slot_of(incident.number()));
        slot.map_or(0, |slot| self.foresee_incident(slot))
    }

    /// The incident that is written over when a new one needs room, and the first of its orders.
    fn foresee_leaving(&self, incident: IncidentId) -> u32 {
        let Some(slot) = self.incidents.slot_of(incident.number()) else {
            return 0;
        };
        let needs = &self.incident(slot).needs;
        let written = [5, 10, 15].map(|need| u32::from(needs.get(need).is_some()));
        let order = self.incident(slot).order;
        let order = order.and_then(|order| self.orders.find(order.number()));
        let waits = self.queues.contains(queue_node(slot, 0));
        written[0]
            ^ written[1]
            ^ written[2]
            ^ u32::from(waits)
            ^ order.map_or(0, |order| u32::from(order.need))
            ^ self.foresee_incident(slot)
    }

    fn foresee_incident(&self, slot: Slot) -> u32 {
        let incident = self.incident(slot);
        let due = self.wheel.due(self.node(DueOf::Incident(slot)));
        let need = incident
            .needs
            .get(0)
            .map_or(0, |need| u32::from(need.asked));
        u32::from(incident.orders_open) ^ need ^ due.map_or(0, |due| due.0 as u32)
    }
}
