//! The summary of a run: what was sent, what became of it, how long it took; as JSON for scripts, as text for people.
//!
//! [`tally`] counts what was sent and answered, [`events`] what the subscription told, [`latency`] how long it took, [`seconds`]
//! each second of it; [`folder`] keeps all of it, [`page`] shows it, [`compare`] holds several runs against several others.

pub mod about;
pub mod compare;
pub mod events;
pub mod folder;
pub mod interval_log;
mod joinable;
pub mod kept;
pub mod latency;
pub mod packed;
pub mod page;
pub mod parts;
pub mod seconds;
mod table;
pub mod tally;
pub mod text;
pub mod unmet;

use crate::caller::Counts as CallerCounts;
use crate::crew::Counts as CrewCounts;
use crate::objective;
use crate::replay::own::Own;
use about::About;
use events::{Counts, Orders, Served};
use latency::{Latencies, Quantiles};
use parts::PartSummary;
use seconds::Interval;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tally::Tally;

/// Calls of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KindSummary {
    /// Decided.
    pub calls: u64,
    /// Joined an open incident.
    pub merged: u64,
    /// Should have, and did not. On the wall clock an incident whose closing was told only after the answer counts too.
    pub merge_missed: u64,
    /// Orders.
    pub orders: u64,
    /// Orders whose unit arrived.
    pub arrived: u64,
    /// Clocks that ran out.
    pub clocks_missed: u64,
}

/// Doubly ordered, taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Doubled {
    /// Orders to a unit that had another open one (desks apart).
    pub units: u64,
    /// Orders for a need that had another open one.
    pub needs: u64,
    /// Keys with two answers.
    pub keys: u64,
}

/// How crews took their orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrewSummary {
    /// Did all that was asked.
    pub obeyed: u64,
    /// Acknowledged only after the ladder had climbed.
    pub late: u64,
    /// Said no.
    pub declined: u64,
    /// Never answered.
    pub silent: u64,
}

/// What the centre itself says at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The last record.
    pub sequence: u64,
    /// Of the whole state; only with `--stats`.
    pub hash: Option<String>,
    /// Version and commit of the centre; only with `--stats`.
    pub version: Option<String>,
    /// Why none of this is known, though `--stats` was asked for.
    pub unknown: Option<String>,
    /// Its clock; only with `--stats`.
    pub clock: Option<String>,
    /// When it acknowledges: `sync` or `batch`; only with `--stats`.
    pub durability: Option<String>,
}

/// An objective, held against what was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judged {
    /// As it was asked, such as `p99<10ms`.
    pub objective: String,
    /// What the run came to, with its unit.
    pub measured: String,
    /// Whether it held.
    pub held: bool,
}

/// The distributions behind the quantiles of a summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distributions {
    /// From the intended time of sending (wall) or the actual one (driven).
    pub corrected: Latencies,
    /// From the actual time of sending.
    pub uncorrected: Latencies,
    /// How late calls were sent.
    pub lateness: Latencies,
    /// How long the generator let work wait that was ready.
    pub waited: Latencies,
    /// All of it, second by second.
    pub intervals: Vec<Interval>,
}

/// A run in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// What was replayed.
    pub trace: String,
    /// `driven` or `wall`.
    pub clock: String,
    /// How long it took on the wall.
    pub seconds: f64,
    /// Centre time that passed, in seconds.
    pub centre_seconds: f64,
    /// Calls sent, each key once.
    pub sent: u64,
    /// Calls sent again under their key after a reconnect.
    pub resent: u64,
    /// Rows whose key had come before, sent as the carrier's repeats; not among those sent.
    pub repeated: u64,
    /// Keys that have a decision.
    pub decided: u64,
    /// Decisions by outcome.
    pub outcomes: Counts,
    /// Sent, and still waited for.
    pub in_flight: u64,
    /// Keys that were refused aloud.
    pub refused: u64,
    /// Refusals by reason.
    pub refused_by: Counts,
    /// Sent, and neither decided nor refused when the run ended.
    pub lost: u64,
    /// Units or needs with two open orders, keys with two answers.
    pub doubly_ordered: u64,
    /// The same, taken apart.
    pub doubled: Doubled,
    /// Calls outside the served area.
    pub outside: u64,
    /// Decisions that say that their key came before with another body.
    pub conflicts: u64,
    /// Needs without a unit at the end.
    pub needs_waiting: u64,
    /// Orders.
    pub orders: Orders,
    /// Calls with a place that needed a unit.
    pub placed_needing_unit: u64,
    /// Of these: one arrived.
    pub placed_served: u64,
    /// Their share; 1 when there was none.
    pub placed_served_share: f64,
    /// Ladders by rung.
    pub ladders: Counts,
    /// Ladders that fired: rungs climbed in all.
    pub ladders_fired: u64,
    /// Clocks met.
    pub clocks_met: u64,
    /// Clocks that ran out.
    pub clocks_missed: u64,
    /// Clocks met, by clock.
    pub clocks_met_by: Counts,
    /// Clocks that ran out, by clock.
    pub clocks_missed_by: Counts,
    /// Ledger entries, by matter.
    pub ledger: Counts,
    /// Rows that say whom they expect.
    pub expected: u64,
    /// Of these: everybody was told.
    pub expected_met: u64,
    /// Acts of crews sent.
    pub acts: u64,
    /// Acts of crews that were refused, by reason.
    pub acts_refused: Counts,
    /// How crews took their orders.
    pub crews: CrewSummary,
    /// What callers did; nothing where they were not played.
    pub callers: Option<CallerCounts>,
    /// Calls of which not everybody was told whom they expect, the first ten thousand; not in the JSON, for it is long.
    #[serde(skip)]
    pub unmet: Vec<tally::Unmet>,
    /// By kind.
    pub kinds: BTreeMap<String, KindSummary>,
    /// From the intended time of sending (wall) or the actual one (driven).
    pub latency: Quantiles,
    /// From the actual time of sending.
    pub latency_uncorrected: Quantiles,
    /// Phase by phase, where there was more than one (wall).
    pub parts: Vec<PartSummary>,
    /// How late calls were sent.
    pub lateness: Quantiles,
    /// The same, whole; not in the JSON, for it is long.
    #[serde(skip)]
    pub distributions: Distributions,
    /// Calls a second, over the time in which they were sent.
    pub calls_per_second: f64,
    /// What the centre itself says at the end.
    pub state: State,
    /// What the generator itself took (wall).
    pub generator: Own,
    /// What was asked of the run, and whether it held.
    pub objectives: Vec<Judged>,
    /// Why the run says nothing about the centre, if so.
    pub invalid: Option<String>,
    /// Who ended the run before its time, if anybody.
    pub cut_short: Option<String>,
    /// Under what circumstances it was made.
    pub about: About,
}

impl Summary {
    /// The figures of a tally; who drove the run fills in the rest.
    pub fn of(tally: &Tally, crews: CrewCounts) -> Summary {
        let heard = &tally.heard;
        let Served { needing, served } = tally.served();
        let doubled = Doubled {
            units: heard.units_doubled,
            needs: heard.needs_doubled,
            keys: tally.keys_doubled,
        };
        Summary {
            sent: tally.sent,
            resent: tally.resent,
            repeated: tally.repeated,
            decided: tally.decided(),
            outcomes: tally.outcomes.clone(),
            refused: tally.refusals(),
            refused_by: tally.refused.clone(),
            lost: tally
                .sent
                .saturating_sub(tally.decided() + tally.refusals()),
            doubly_ordered: doubled.units + doubled.needs + doubled.keys,
            doubled,
            outside: tally.outside,
            conflicts: tally.conflicts,
            needs_waiting: heard.needs_waiting(),
            orders: heard.orders,
            placed_needing_unit: needing,
            placed_served: served,
            placed_served_share: if needing == 0 {
                1.0
            } else {
                served as f64 / needing as f64
            },
            ladders_fired: heard.ladders.values().sum(),
            ladders: heard.ladders.clone(),
            clocks_met: heard.clocks_met.values().sum(),
            clocks_missed: heard.clocks_missed.values().sum(),
            clocks_met_by: heard.clocks_met.clone(),
            clocks_missed_by: heard.clocks_missed.clone(),
            ledger: heard.ledger.clone(),
            expected: tally.expected,
            expected_met: tally.expected_met,
            acts: tally.acts,
            acts_refused: tally.acts_refused.clone(),
            crews: CrewSummary {
                obeyed: crews.obeyed,
                late: crews.late,
                declined: crews.declined,
                silent: crews.silent,
            },
            unmet: tally.unmet.clone(),
            kinds: kinds(tally),
            latency: tally.corrected.quantiles(),
            latency_uncorrected: tally.service.quantiles(),
            lateness: tally.lateness.quantiles(),
            distributions: Distributions {
                corrected: tally.corrected.clone(),
                uncorrected: tally.service.clone(),
                lateness: tally.lateness.clone(),
                intervals: tally.intervals(),
                ..Distributions::default()
            },
            ..Summary::default()
        }
    }

    /// Whether nothing was ordered twice, and nothing lost that no objective bounds.
    pub fn is_good(&self) -> bool {
        let loss_is_judged = objective::is_loss_judged(&self.objectives);
        (self.lost == 0 || loss_is_judged) && self.doubly_ordered == 0
    }

    /// Whether every objective was held.
    pub fn is_held(&self) -> bool {
        self.objectives.iter().all(|judged| judged.held)
    }
}

fn kinds(tally: &Tally) -> BTreeMap<String, KindSummary> {
    let heard = &tally.heard;
    let of = |counts: &BTreeMap<&'static str, u64>, kind: &str| counts.get(kind).copied();
    tally
        .kinds
        .iter()
        .map(|(&kind, calls)| {
            let summary = KindSummary {
                calls: calls.calls,
                merged: calls.merged,
                merge_missed: calls.merge_missed,
                orders: of(&heard.orders_by_kind, kind).unwrap_or(0),
                arrived: of(&heard.arrived_by_kind, kind).unwrap_or(0),
                clocks_missed: of(&heard.missed_by_kind, kind).unwrap_or(0),
            };
            (kind.to_string(), summary)
        })
        .collect()
}
