//! Units as readers see them: what they are, where they are, and their status, which follows from their orders (S2).

use super::{Heard, View, behind};
use crate::command::Command;
use crate::event::Event;
use crate::id::{OrderId, UnitId};
use crate::kind::vocabulary;
use crate::moment::Moment;
use crate::order::OrderState;
use crate::place::Point;
use crate::unit::{Duty, UnitDefinition};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What a unit does, in one word.
    UnitStatus {
        /// It could be ordered now.
        Free = "free",
        /// Its newest order is not acknowledged yet.
        Issued = "issued",
        /// Its newest order is acknowledged.
        Acknowledged = "acknowledged",
        /// It is on its way.
        SetOff = "set_off",
        /// It is there.
        Arrived = "arrived",
        /// Out of service.
        Off = "off",
        /// Nobody is on its roster now (X12).
        Unstaffed = "unstaffed",
        /// It has fewer people than it must have (X10).
        Understrength = "understrength",
        /// It let a ladder run out and has not been heard of since.
        Silent = "silent",
        /// It patrols and nobody knows where: its last position is too old.
        Stale = "stale",
    }
}

/// A unit as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitView {
    /// What it is.
    pub definition: UnitDefinition,
    /// Where it is.
    pub point: Point,
    /// When that was said.
    pub point_at: Moment,
    /// What it does when idle.
    pub duty: Duty,
    /// Whether somebody is on its roster now (X12); `None` until its first shift change: then its definition says.
    pub staffed: Option<bool>,
    /// Whether it let a ladder run out.
    pub silent: bool,
    /// Whether it patrols and nobody knows where.
    pub stale: bool,
    /// Its open orders, oldest first.
    pub orders: Vec<OrderId>,
}

impl UnitView {
    /// Whether somebody is on its roster at a local minute of the day.
    pub fn is_staffed(&self, minute_of_day: u16) -> bool {
        self.staffed
            .unwrap_or_else(|| self.definition.is_staffed(minute_of_day))
    }

    /// Whether it could be given one more order.
    pub fn is_available(&self, minute_of_day: u16) -> bool {
        self.hindrance(minute_of_day).is_none()
            && self.orders.len() < usize::from(self.definition.capacity)
    }

    /// Why it is not sent though it has no order.
    fn hindrance(&self, minute_of_day: u16) -> Option<UnitStatus> {
        if !self.duty.is_ready() {
            Some(UnitStatus::Off)
        } else if !self.is_staffed(minute_of_day) {
            Some(UnitStatus::Unstaffed)
        } else if self.definition.strength < self.definition.least_strength {
            Some(UnitStatus::Understrength)
        } else if self.silent {
            Some(UnitStatus::Silent)
        } else {
            self.stale.then_some(UnitStatus::Stale)
        }
    }
}

impl View {
    /// The unit of this name.
    pub fn unit_named(&self, name: &str) -> Option<UnitId> {
        self.names.get(name).copied()
    }

    /// A unit.
    pub fn unit(&self, unit: UnitId) -> Option<&UnitView> {
        self.units.get(&unit)
    }

    /// The name of a unit.
    pub fn unit_name(&self, unit: UnitId) -> Option<&str> {
        self.units
            .get(&unit)
            .map(|unit| unit.definition.name.as_str())
    }

    /// All units.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, &UnitView)> {
        self.units_after(None)
    }

    /// Units in the order of their ids, after `after`.
    pub fn units_after(&self, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, &UnitView)> {
        self.units
            .range(behind(after))
            .map(|(&id, unit)| (id, unit))
    }

    /// What a unit does, in one word: its newest order's state while it has one.
    pub fn unit_status(&self, unit: &UnitView, minute_of_day: u16) -> UnitStatus {
        let newest = unit.orders.last().and_then(|order| self.orders.get(order));
        // A desk with room is free, however many matters it has.
        let full = unit.orders.len() >= usize::from(unit.definition.capacity);
        match newest.filter(|_| full).map(|order| order.state) {
            Some(OrderState::Issued) => UnitStatus::Issued,
            Some(OrderState::Acknowledged) => UnitStatus::Acknowledged,
            Some(OrderState::SetOff) => UnitStatus::SetOff,
            Some(OrderState::Arrived) => UnitStatus::Arrived,
            Some(
                OrderState::Finished
                | OrderState::Declined
                | OrderState::Cancelled
                | OrderState::Reassigned
                | OrderState::Preempted,
            )
            | None => unit.hindrance(minute_of_day).unwrap_or(UnitStatus::Free),
        }
    }

    pub(super) fn hear_of_unit(&mut self, event: &Event, heard: Heard<'_>) {
        if let (Event::UnitDefined { unit }, Command::DefineUnit(definition)) =
            (event, heard.command)
        {
            self.define(*unit, *definition, heard.at);
        } else if let Event::UnitMoved { unit, point } = *event {
            self.change_unit(unit, |known| {
                (known.point, known.point_at) = (point, heard.at);
            });
        } else if let Event::UnitDutyChanged {
            unit,
            duty,
            strength,
        } = *event
        {
            self.change_unit(unit, |known| {
                known.duty = duty;
                known.definition.strength = strength;
            });
        } else if let Event::UnitStaffed { unit, staffed } = *event {
            self.change_unit(unit, |known| known.staffed = Some(staffed));
        } else if let Event::UnitSilent { unit } = *event {
            self.change_unit(unit, |known| known.silent = true);
        } else if let Event::UnitHeard { unit } = *event {
            self.change_unit(unit, |known| known.silent = false);
        } else if let Event::UnitPositionStale { unit, stale } = *event {
            self.change_unit(unit, |known| known.stale = stale);
        }
    }

    fn change_unit(&mut self, unit: UnitId, change: impl FnOnce(&mut UnitView)) {
        if let Some(known) = self.units.get_mut(&unit) {
            change(known);
        }
    }

    fn define(&mut self, unit: UnitId, definition: UnitDefinition, at: Moment) {
        self.names.insert(definition.name.to_string(), unit);
        let fresh = UnitView {
            definition,
            point: definition.post,
            point_at: at,
            duty: Duty::OnCall,
            staffed: None,
            silent: false,
            stale: false,
            orders: Vec::new(),
        };
        self.units
            .entry(unit)
            .and_modify(|known| {
                // A unit that stands at its post moves with it.
                if known.point == known.definition.post {
                    known.point = definition.post;
                }
                known.definition = definition;
                known.staffed = None;
            })
            .or_insert(fresh);
    }
}
