//! A unit (力量): anything that can be ordered. What it is, where it is, whether it may be sent.
//!
//! Status is derived from its orders (S2); what is kept here is only what no order says: where it is, its
//! duty, who is on its roster, and whether it has fallen silent.

use crate::capability::CapabilitySet;
use crate::id::OrderId;
use crate::kind::{Agency, vocabulary};
use crate::moment::Moment;
use crate::name::Name;
use crate::place::{DistrictId, Point};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// 有警接警、无警巡逻、动态备勤 (J3): what an idle unit is doing.
    Duty {
        /// Waits at its post.
        OnCall = "on_call",
        /// Patrols.
        Patrolling = "patrolling",
        /// Stands by at a post that is not its own.
        Standby = "standby",
        /// Out of service.
        Off = "off",
    }
}

impl Duty {
    /// Whether a unit in this duty may be ordered.
    pub const fn is_ready(self) -> bool {
        match self {
            Duty::OnCall | Duty::Patrolling | Duty::Standby => true,
            Duty::Off => false,
        }
    }
}

/// A unit as it is defined: by the city's files at the start, by a person later (H9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitDefinition {
    /// Its name, unique in the centre. A definition under a known name replaces that unit's.
    pub name: Name,
    /// Who it belongs to.
    pub agency: Agency,
    /// What it can do.
    pub capabilities: CapabilitySet,
    /// Its own district.
    pub home: DistrictId,
    /// Its post.
    pub post: Point,
    /// How fast it travels, in millimetres a second; 0 for a desk, which never travels.
    pub speed_mm_s: u32,
    /// From the order to the first metre, in milliseconds.
    pub turnout_ms: u32,
    /// People on duty.
    pub strength: u16,
    /// Below this strength it is not sent (X10).
    pub least_strength: u16,
    /// Local minute of the day at which its shift begins (X12).
    pub roster_on_min: u16,
    /// Local minute of the day at which its shift ends; equal to `roster_on_min`: round the clock.
    pub roster_off_min: u16,
    /// Open orders it can have at once: 1 for all but desks.
    pub capacity: u16,
}

impl UnitDefinition {
    /// Whether the unit moves at all.
    pub const fn travels(&self) -> bool {
        self.speed_mm_s > 0
    }

    /// Whether its way is the road: neither a desk's is, nor an aircraft's (L4).
    pub const fn goes_by_road(&self) -> bool {
        self.travels() && !self.capabilities.flies()
    }

    /// Whether somebody is on the roster at this local minute (X12).
    pub const fn is_staffed(&self, minute_of_day: u16) -> bool {
        let (on, off) = (self.roster_on_min, self.roster_off_min);
        if on == off {
            true
        } else if on < off {
            on <= minute_of_day && minute_of_day < off
        } else {
            on <= minute_of_day || minute_of_day < off
        }
    }
}

/// What a centre knows of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// What it is.
    pub definition: UnitDefinition,
    /// Where it is.
    pub point: Point,
    /// When that was said, or it set out on patrol from there.
    pub point_at: Moment,
    /// What it does when idle.
    pub duty: Duty,
    /// Whether somebody is on its roster now (X12).
    pub staffed: bool,
    /// It let a ladder run out and has not been heard of since.
    pub silent: bool,
    /// It patrols, and said nothing of where it is for so long that nobody knows from where it would come (C7).
    pub stale: bool,
    /// How many open orders it has.
    pub open_orders: u16,
    /// Its newest open order.
    pub order: Option<OrderId>,
}

impl Unit {
    /// Whether it could be ordered if it were not busy.
    pub const fn is_ready(&self) -> bool {
        self.duty.is_ready()
            && self.staffed
            && !self.silent
            && !self.stale
            && self.definition.strength >= self.definition.least_strength
    }

    /// Whether it could be given one more order now.
    pub const fn is_available(&self) -> bool {
        self.is_ready() && self.open_orders < self.definition.capacity
    }

    /// Whether where it is must be heard of: it goes about, so its last place says nothing after a while.
    pub const fn roams(&self) -> bool {
        matches!(self.duty, Duty::Patrolling) && self.definition.travels()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(on: u16, off: u16) -> UnitDefinition {
        UnitDefinition {
            name: Name::new("T-07").unwrap(),
            agency: Agency::Traffic,
            capabilities: CapabilitySet::EMPTY,
            home: DistrictId(1),
            post: Point::default(),
            speed_mm_s: 10_000,
            turnout_ms: 60_000,
            strength: 2,
            least_strength: 2,
            roster_on_min: on,
            roster_off_min: off,
            capacity: 1,
        }
    }

    /// X12: a unit with nobody on duty is not assignable.
    #[test]
    fn a_roster_may_cross_midnight() {
        let night = definition(18 * 60, 6 * 60);
        assert!(night.is_staffed(23 * 60));
        assert!(night.is_staffed(0));
        assert!(!night.is_staffed(6 * 60));
        assert!(!night.is_staffed(17 * 60 + 59));
        assert!(definition(480, 480).is_staffed(1_439));
    }

    /// X10, X12: too few people, nobody on duty, off duty, silent, not heard of or busy: not available.
    #[test]
    fn every_reason_alone_makes_a_unit_unavailable() {
        let ready = Unit {
            definition: definition(0, 0),
            point: Point::default(),
            point_at: Moment(0),
            duty: Duty::OnCall,
            staffed: true,
            silent: false,
            stale: false,
            open_orders: 0,
            order: None,
        };
        assert!(ready.is_available());
        assert!(
            !Unit {
                stale: true,
                ..ready
            }
            .is_available()
        );
        assert!(
            !Unit {
                duty: Duty::Off,
                ..ready
            }
            .is_available()
        );
        assert!(
            !Unit {
                staffed: false,
                ..ready
            }
            .is_available()
        );
        assert!(
            !Unit {
                silent: true,
                ..ready
            }
            .is_available()
        );
        assert!(
            !Unit {
                open_orders: 1,
                ..ready
            }
            .is_available()
        );
        let weak = UnitDefinition {
            strength: 1,
            ..ready.definition
        };
        assert!(
            !Unit {
                definition: weak,
                ..ready
            }
            .is_available()
        );
    }
}
