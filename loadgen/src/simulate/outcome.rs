//! What a run came to: a few figures, however long it was, so that a thousand seeds of a year fit beside each other.
//!
//! All figures are exact: percentiles are times that there were, by nearest rank over all of a run. Times are in milliseconds until
//! they are shown. Made by [`super::course`], put together over seeds by [`super::verdict`].

use crate::caller::Counts as Called;
use crate::crew::Counts;
use engine::id::ObjectHash;
use engine::kind::{Agency, Priority};
use engine::moment::Moment;
use engine::order::OrderClock;
use std::collections::BTreeMap;

/// How long things took in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many there were.
    pub count: u64,
    /// All of them together, in milliseconds.
    pub sum_ms: u64,
    /// What half of them did not exceed.
    pub p50_ms: u32,
    /// What nine in ten did not exceed.
    pub p90_ms: u32,
    /// What all but one in a hundred did not exceed.
    pub p99_ms: u32,
}

impl Spread {
    /// Their mean, in seconds; `None` where there were none.
    pub fn mean_s(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ms as f64 / self.count as f64 / 1_000.0)
    }

    /// The time that half of them did not exceed, in seconds.
    pub fn p50_s(&self) -> Option<f64> {
        self.seconds(self.p50_ms)
    }

    /// The time that nine in ten did not exceed, in seconds.
    pub fn p90_s(&self) -> Option<f64> {
        self.seconds(self.p90_ms)
    }

    /// The time that all but one in a hundred did not exceed, in seconds.
    pub fn p99_s(&self) -> Option<f64> {
        self.seconds(self.p99_ms)
    }

    fn seconds(&self, ms: u32) -> Option<f64> {
        (self.count > 0).then(|| f64::from(ms) / 1_000.0)
    }
}

/// What a unit did in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitUse {
    /// Its name; with its centre's before it where there are several.
    pub name: String,
    /// Who it belongs to.
    pub agency: Agency,
    /// Whether it moves at all.
    pub travels: bool,
    /// Orders it was given.
    pub orders: u64,
    /// How long it had an order, in milliseconds.
    pub busy_ms: i64,
    /// Of so many milliseconds.
    pub whole_ms: i64,
}

impl UnitUse {
    /// The share of the time that it had an order, in per cent.
    pub fn busy_percent(&self) -> f64 {
        self.busy_ms as f64 * 100.0 / self.whole_ms.max(1) as f64
    }
}

/// All that came of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When the first call came, nearly.
    pub from: Moment,
    /// When the last crew was done.
    pub to: Moment,
    /// Calls.
    pub calls: u64,
    /// What became of them.
    pub decided: BTreeMap<&'static str, u64>,
    /// Calls whose agencies the trace states, and of these those that were met exactly.
    pub expected: [u64; 2],
    /// From the opening of an incident to the first vehicle on scene, by priority.
    pub first_arrivals: BTreeMap<Priority, Spread>,
    /// From the opening of an incident to the first vehicle of an agency on scene.
    pub arrivals: BTreeMap<Agency, Spread>,
    /// From the opening of an incident to the first vehicle on scene, by the matter of its first call.
    pub matters: BTreeMap<u16, Spread>,
    /// Incidents that a vehicle was sent to and none ever came to, by priority.
    pub never: BTreeMap<Priority, u64>,
    /// Clocks that ran out, by agency, the priority of the incident, and clock.
    pub missed: BTreeMap<(Agency, Priority, OrderClock), u64>,
    /// How long a need waited for a unit, all its waiting together.
    pub all_waits: Spread,
    /// The same by the priority that its incident had when it began to.
    pub waits: BTreeMap<Priority, Spread>,
    /// Needs that had to wait for want of a unit, by the agency that is wanted and priority; each counts once.
    pub waited: BTreeMap<(Agency, Priority), u64>,
    /// What each unit did; in the same order in every run of a configuration.
    pub units: Vec<UnitUse>,
    /// How crews took their orders.
    pub crews: Counts,
    /// What callers did; `None` where they were not played.
    pub callers: Option<Called>,
    /// Calls that a carrier sent again under their key (N2).
    pub repeated: u64,
    /// Over everything that was said, in order; where there are several centres, over their digests in order.
    pub digest: ObjectHash,
}

impl Outcome {
    /// Clocks that ran out at a priority.
    pub fn missed_at(&self, wanted: Priority) -> u64 {
        let all = self.missed.iter();
        all.filter(|((_, priority, _), _)| *priority == wanted)
            .map(|(_, count)| count)
            .sum()
    }

    /// Needs that had to wait at a priority.
    pub fn waited_at(&self, wanted: Priority) -> u64 {
        let all = self.waited.iter();
        all.filter(|((_, priority), _)| *priority == wanted)
            .map(|(_, count)| count)
            .sum()
    }

    /// The share of the time that the vehicles of an agency had an order, in per cent; `None` where it has none.
    pub fn busy_percent(&self, agency: Agency) -> Option<f64> {
        let own = self.units.iter();
        let own = own.filter(|unit| unit.travels && unit.agency == agency);
        let (busy, whole) = own.fold((0, 0), |(busy, whole), unit| {
            (busy + unit.busy_ms, whole + unit.whole_ms)
        });
        (whole > 0).then(|| busy as f64 * 100.0 / whole as f64)
    }
}
