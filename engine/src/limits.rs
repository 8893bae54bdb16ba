//! Every capacity of the engine in one place, with the proofs of how they fit.
//!
//! What can be met in the field is configuration ([`Capacities`]); what is here as a constant bounds one
//! command or one frame.

use crate::kind::Priority;
use crate::moment::Span;
use serde::{Deserialize, Serialize};

/// Needs that one incident can have: the largest plan, twice over.
pub const NEEDS_PER_INCIDENT_MAX: usize = 16;
/// Orders and shortages that one decision can carry.
pub const ORDERS_PER_DECISION_MAX: usize = NEEDS_PER_INCIDENT_MAX;
/// Follow-ups (deadlines fired, waiting needs served) of one command; the rest continues with the next tick.
pub const FOLLOW_UPS_MAX: usize = 1_024;
/// Events that one follow-up can cause at most: an incident closes, each of its orders ends with five events. What the
/// units that this frees are given counts as follow-ups of its own.
pub const EVENTS_PER_FOLLOW_UP_MAX: usize = 16 * NEEDS_PER_INCIDENT_MAX;
/// Units that one choice can compare: those that are there first.
pub const COMPARED_MAX: usize = 64;
/// Units that one search can call away at most: each leaves something less urgent than the one before, which is searched for again.
pub const CALLS_AWAY_PER_SEARCH_MAX: usize = Priority::ALL.len() - 1;
/// Events of one call away: who is called, the end of its order, the new one.
const EVENTS_PER_CALL_AWAY: usize = 3;
/// Events of one command at most; a tick stops firing before it could cause more.
pub const EVENTS_PER_COMMAND_MAX: usize = 16_384;
/// Closed incidents that leave before their time to make room for the orders of one command, at most. Most make room for
/// one at least; those that never had an order are passed on the way.
pub const EVICTIONS_PER_COMMAND_MAX: usize = 64;
/// Orders for one need before everybody may be asked again: the ladder has then run out so many times.
pub const ASKED_PER_NEED_MAX: u8 = 8;
/// Rules of a plan that raise an incident's level; each call about an incident is held against those of its kind.
pub const LEVEL_RULES_MAX: usize = 64;
/// Waiting needs that a freed unit looks at before it stays free.
pub const WAITING_LOOKED_AT_MAX: usize = 8;
/// Bytes of one frame, JSON line or body from outside.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a call's key.
pub const KEY_BYTES_MAX: usize = 128;
/// How long a key is remembered at least, room allowing, and the record that it was answered from (N2).
pub const KEYS_REMEMBERED: Span = Span::hours(24);
/// A forward step of the wall clock that raises an alarm, in milliseconds.
pub const CLOCK_STEP_ALARM_MS: i64 = 60_000;
/// How far a unit must have moved before its position is taken again, in decimetres.
pub const POSITION_STEP_DM: u32 = 250;
/// How long after the last one a position is taken however little the unit moved, in milliseconds.
pub const POSITION_AGE_MS: i64 = 10_000;

const _: () = assert!(
    NEEDS_PER_INCIDENT_MAX <= u8::MAX as usize,
    "a need's index is one byte"
);
const _: () = assert!(
    NEEDS_PER_INCIDENT_MAX * (CALLS_AWAY_PER_SEARCH_MAX * EVENTS_PER_CALL_AWAY + 1)
        <= EVENTS_PER_FOLLOW_UP_MAX,
    "an incident whose needs are all looked for again, each calling away as many as it can, is one follow-up: at the end of each search \
     somebody is ordered, or something waits"
);
const _: () = assert!(
    FRAME_BYTES_MAX >= 16 * KEY_BYTES_MAX,
    "a key leaves room for the call"
);

/// How much one centre can hold. Memory is reserved for all of it and touched as it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capacities {
    /// Units that can be defined.
    pub units_max: u32,
    /// Incidents in hot state: open ones, and closed ones of the last day.
    pub incidents_max: u32,
    /// Orders in hot state.
    pub orders_max: u32,
    /// Calls whose key is remembered (N2).
    pub calls_max: u32,
}

impl Capacities {
    /// Room for nothing: a centre that has not been opened.
    pub const NONE: Capacities = Capacities {
        units_max: 0,
        incidents_max: 0,
        orders_max: 0,
        calls_max: 0,
    };

    /// The most that can be configured: 3 million calls a day for a week. What a damaged file claims beyond it is not
    /// reserved.
    pub const MOST: Capacities = Capacities {
        units_max: 1 << 18,
        incidents_max: 1 << 22,
        orders_max: 1 << 23,
        calls_max: 1 << 24,
    };
}

const _: () = assert!(
    (Capacities::MOST.incidents_max as u64) * (NEEDS_PER_INCIDENT_MAX as u64) < u32::MAX as u64,
    "every need has a number among those that wait"
);
const _: () = assert!(
    Capacities::MOST.units_max as usize > crate::city::UNITS_MAX,
    "the largest city fits"
);

impl Default for Capacities {
    fn default() -> Capacities {
        Capacities {
            units_max: 16_384,
            incidents_max: 1 << 17,
            orders_max: 1 << 18,
            calls_max: 1 << 20,
        }
    }
}
