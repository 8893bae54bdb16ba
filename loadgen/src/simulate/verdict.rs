//! What the runs of one configuration come to: means with 95 % intervals, in tables.
//!
//! Next: [`super::difference`] for two configurations, [`super::sheet`] for the same figures as CSV.

use super::estimate::{Estimate, Lasted};
use super::outcome::{Outcome, Spread};
use engine::kind::{Agency, Priority};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Units of one agency that are listed at most; the JSON and the CSV have all.
const UNITS_LISTED: usize = 10;

/// What the runs of one configuration come to.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Calls of a run.
    pub calls: u64,
    /// What became of them, on average.
    pub decided: BTreeMap<&'static str, f64>,
    /// Calls that a carrier sent again under their key (N2); they are not among the calls.
    pub repeated: u64,
    /// Of those whose agencies the trace states, the share that was met exactly, in per cent.
    pub agencies_met_percent: Option<f64>,
    /// From the opening of an incident to its first vehicle, by priority.
    pub first_arrivals: BTreeMap<Priority, Lasted>,
    /// From the opening of an incident to the first vehicle of an agency.
    pub arrivals: BTreeMap<Agency, Lasted>,
    /// Incidents to which a vehicle was sent and none came, by priority.
    pub never: BTreeMap<Priority, Estimate>,
    /// Clocks that ran out, by priority.
    pub missed_by_priority: BTreeMap<Priority, Estimate>,
    /// Clocks that ran out, by agency, priority and clock.
    pub missed: Vec<Missed>,
    /// Needs that had to wait for want of a unit, each once.
    pub waited: Option<Estimate>,
    /// The same by the agency that was wanted and priority.
    pub waited_for: Vec<WaitedFor>,
    /// How long they did.
    pub waits: Lasted,
    /// The same by priority.
    pub waits_by_priority: BTreeMap<Priority, Lasted>,
    /// The share of the time that an agency's vehicles had an order, in per cent.
    pub agency_busy_percent: BTreeMap<Agency, Estimate>,
    /// What each unit did.
    pub units: Vec<Busy>,
    /// What callers did, on average; empty where they were not played.
    pub callers: BTreeMap<&'static str, Estimate>,
    /// One a seed: the same trace, configuration and seed give the same.
    pub digests: Vec<String>,
}

/// Clocks that ran out.
#[derive(Clone, Debug, Serialize)]
pub struct Missed {
    /// Whose orders'.
    pub agency: Agency,
    /// At which priority.
    pub priority: Priority,
    /// Which clock.
    pub clock: String,
    /// How many.
    pub count: Estimate,
}

/// Needs that had to wait.
#[derive(Clone, Debug, Serialize)]
pub struct WaitedFor {
    /// For whom.
    pub agency: Agency,
    /// At which priority.
    pub priority: Priority,
    /// How many.
    pub count: Estimate,
}

/// What a unit did.
#[derive(Clone, Debug, Serialize)]
pub struct Busy {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub agency: Agency,
    /// Whether it moves at all.
    pub travels: bool,
    /// Orders of a run.
    pub orders: Estimate,
    /// The share of the time that it had one, in per cent.
    pub busy_percent: Estimate,
}

impl Verdict {
    /// Of the outcomes of all seeds; there is one at least.
    pub fn of(outcomes: &[Outcome]) -> Verdict {
        let expected: [u64; 2] = outcomes.iter().fold([0, 0], |sum, outcome| {
            [sum[0] + outcome.expected[0], sum[1] + outcome.expected[1]]
        });
        let missed = counted(outcomes, |it| &it.missed);
        let waited_for = counted(outcomes, |it| &it.waited);
        Verdict {
            calls: outcomes.first().map_or(0, |outcome| outcome.calls),
            decided: counted(outcomes, |it| &it.decided)
                .map(|(what, count)| (what, count.mean))
                .collect(),
            repeated: outcomes.first().map_or(0, |outcome| outcome.repeated),
            agencies_met_percent: (expected[0] > 0)
                .then(|| expected[1] as f64 * 100.0 / expected[0] as f64),
            first_arrivals: lasted(outcomes, |it| &it.first_arrivals),
            arrivals: lasted(outcomes, |it| &it.arrivals),
            never: counted(outcomes, |it| &it.never).collect(),
            missed_by_priority: by_priority(outcomes, Outcome::missed_at),
            missed: missed
                .map(|((agency, priority, clock), count)| Missed {
                    agency,
                    priority,
                    clock: clock.to_string(),
                    count,
                })
                .collect(),
            waited: over(outcomes, |it| it.waited.values().sum::<u64>() as f64),
            waited_for: waited_for
                .map(|((agency, priority), count)| WaitedFor {
                    agency,
                    priority,
                    count,
                })
                .collect(),
            waits: Lasted::over(outcomes.iter().map(|it| Some(&it.all_waits))),
            waits_by_priority: lasted(outcomes, |it| &it.waits),
            agency_busy_percent: agency_busy_percent(outcomes),
            units: units(outcomes),
            callers: callers(outcomes),
            digests: outcomes.iter().map(|it| it.digest.to_string()).collect(),
        }
    }

    /// As tables.
    pub fn text(&self) -> String {
        let mut lines = vec![self.calls_line()];
        if let Some(percent) = self.agencies_met_percent {
            lines.push(format!("agencies as the trace states: {percent:.1} %"));
        }
        let figures = ["mean", "50 %", "90 %", "99 %"];
        lines.push(String::new());
        lines.push(row("first vehicle on scene", "count", figures));
        for (priority, lasted) in &self.first_arrivals {
            lines.push(lasted_row(
                &format!("priority {}", u8::from(*priority)),
                lasted,
            ));
        }
        lines.push(String::new());
        lines.push(row("first of an agency", "count", figures));
        for (agency, lasted) in &self.arrivals {
            lines.push(lasted_row(agency.code(), lasted));
        }
        lines.push(String::new());
        if let Some(waited) = self.waited {
            lines.push(format!("needs that had to wait: {}", waited.text()));
        }
        lines.push(row("how long they waited", "count", figures));
        lines.push(lasted_row("all", &self.waits));
        for (priority, lasted) in &self.waits_by_priority {
            lines.push(lasted_row(
                &format!("priority {}", u8::from(*priority)),
                lasted,
            ));
        }
        lines.push(String::new());
        lines.extend(self.miss_lines());
        if !self.callers.is_empty() {
            let counts = self.callers.iter();
            let counts: Vec<String> = counts
                .map(|(what, count)| format!("{what} {}", count.text()))
                .collect();
            lines.push(String::new());
            lines.push(format!("callers: {}", counts.join(", ")));
        }
        lines.push(String::new());
        lines.extend(self.busy_lines());
        lines.extend(self.digests.iter().map(|digest| format!("digest {digest}")));
        lines.join("\n") + "\n"
    }

    fn calls_line(&self) -> String {
        let decided = self.decided.iter();
        let decided: Vec<String> = decided
            .map(|(what, count)| format!("{what} {count:.0}"))
            .collect();
        let mut line = format!("{} calls: {}", self.calls, decided.join(", "));
        if self.repeated > 0 {
            let repeated = self.repeated;
            // Writing into a string cannot fail.
            write!(line, "; {repeated} sent again by their carriers").unwrap_or_default();
        }
        line
    }

    fn miss_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for priority in Priority::ALL {
            let text = |counts: &BTreeMap<Priority, Estimate>| {
                counts.get(&priority).map_or("0".into(), Estimate::text)
            };
            lines.push(format!(
                "priority {}: clocks missed {}, sent to and never reached {}",
                u8::from(priority),
                text(&self.missed_by_priority),
                text(&self.never)
            ));
        }
        for &agency in Agency::ALL {
            let each = |wanted: Priority| {
                let own = self.missed.iter();
                let own = own.filter(|it| it.agency == agency && it.priority == wanted);
                let missed = own.fold(0.0, |sum, it| sum + it.count.mean);
                let own = self.waited_for.iter();
                let own = own.filter(|it| it.agency == agency && it.priority == wanted);
                let waited = own.fold(0.0, |sum, it| sum + it.count.mean);
                (missed, waited)
            };
            let each = Priority::ALL.map(each);
            if each.iter().all(|&(missed, waited)| missed + waited == 0.0) {
                continue;
            }
            let each = each.map(|(missed, waited)| format!("{missed:.1} / {waited:.1}"));
            lines.push(format!(
                "{}: clocks missed / needs that waited, priority 1 to 4: {}",
                agency.code(),
                each.join(", ")
            ));
        }
        lines
    }

    fn busy_lines(&self) -> Vec<String> {
        let mut lines = vec![
            "busiest units of each agency (share of the time with an order, per cent)".to_owned(),
        ];
        for (agency, share) in &self.agency_busy_percent {
            let own = self.units.iter();
            let mut own: Vec<&Busy> = own
                .filter(|unit| unit.travels && unit.agency == *agency && unit.orders.mean > 0.0)
                .collect();
            let by_share = |a: &&Busy, b: &&Busy| {
                let order = b.busy_percent.mean.total_cmp(&a.busy_percent.mean);
                order.then_with(|| a.name.cmp(&b.name))
            };
            own.sort_by(by_share);
            if own.is_empty() {
                continue;
            }
            lines.push(format!(
                "  {}: all its vehicles {}",
                agency.code(),
                share.text()
            ));
            for unit in own.into_iter().take(UNITS_LISTED) {
                lines.push(format!(
                    "    {}  {}  ({:.0} orders)",
                    unit.name,
                    unit.busy_percent.text(),
                    unit.orders.mean
                ));
            }
        }
        lines
    }
}

/// One figure a seed.
fn over(outcomes: &[Outcome], value: impl Fn(&Outcome) -> f64) -> Option<Estimate> {
    let values: Vec<f64> = outcomes.iter().map(value).collect();
    Estimate::of(&values)
}

/// All keys that any of the outcomes has.
fn keys<K: Ord + Copy, T>(
    outcomes: &[Outcome],
    of: impl Fn(&Outcome) -> &BTreeMap<K, T>,
) -> BTreeSet<K> {
    let all = outcomes.iter().flat_map(|outcome| of(outcome).keys());
    all.copied().collect()
}

/// Counts by a key; a seed without it counts nothing.
fn counted<K: Ord + Copy>(
    outcomes: &[Outcome],
    of: impl Fn(&Outcome) -> &BTreeMap<K, u64>,
) -> impl Iterator<Item = (K, Estimate)> {
    keys(outcomes, &of).into_iter().filter_map(move |key| {
        let count = over(outcomes, |it| of(it).get(&key).copied().unwrap_or(0) as f64);
        Some((key, count?))
    })
}

/// Counts by priority, without those that never were.
fn by_priority(
    outcomes: &[Outcome],
    of: impl Fn(&Outcome, Priority) -> u64,
) -> BTreeMap<Priority, Estimate> {
    let each = Priority::ALL.into_iter();
    let each = each.filter_map(|priority| {
        let count = over(outcomes, |it| of(it, priority) as f64)?;
        (count.mean > 0.0).then_some((priority, count))
    });
    each.collect()
}

/// Times by a key.
fn lasted<K: Ord + Copy>(
    outcomes: &[Outcome],
    of: impl Fn(&Outcome) -> &BTreeMap<K, Spread> + Copy,
) -> BTreeMap<K, Lasted> {
    let each = keys(outcomes, of).into_iter();
    each.map(|key| {
        let times = outcomes.iter().map(move |it| of(it).get(&key));
        (key, Lasted::over(times))
    })
    .collect()
}

/// What callers did.
fn callers(outcomes: &[Outcome]) -> BTreeMap<&'static str, Estimate> {
    let mut all = BTreeMap::new();
    if outcomes.iter().any(|it| it.callers.is_none()) {
        return all;
    }
    let mut take = |what, value: fn(crate::caller::Counts) -> u64| {
        let count = over(outcomes, |it| it.callers.map_or(0, value) as f64);
        all.extend(count.map(|count| (what, count)));
    };
    take("abandoned", |it| it.abandoned);
    take("redials", |it| it.redials);
    take("redials joined", |it| it.redials_joined);
    take("facts", |it| it.facts);
    take("facts raised", |it| it.facts_raised);
    take("ended", |it| it.ended);
    all
}

fn agency_busy_percent(outcomes: &[Outcome]) -> BTreeMap<Agency, Estimate> {
    let each = Agency::ALL.iter().filter_map(|&agency| {
        let shares: Option<Vec<f64>> = outcomes.iter().map(|it| it.busy_percent(agency)).collect();
        Some((agency, Estimate::of(&shares?)?))
    });
    each.collect()
}

/// What each unit did; every run of a configuration has the same units in the same order.
fn units(outcomes: &[Outcome]) -> Vec<Busy> {
    let Some(first) = outcomes.first() else {
        return Vec::new();
    };
    let each = first.units.iter().enumerate().filter_map(|(at, unit)| {
        let orders = over(outcomes, |it| it.units[at].orders as f64)?;
        let busy_percent = over(outcomes, |it| it.units[at].busy_percent())?;
        Some(Busy {
            name: unit.name.clone(),
            agency: unit.agency,
            travels: unit.travels,
            orders,
            busy_percent,
        })
    });
    each.collect()
}

pub(super) fn row(name: &str, count: &str, values: [&str; 4]) -> String {
    let mut line = format!("{name:<24}{count:>9}");
    for value in values {
        // Writing into a string cannot fail.
        write!(line, "{value:>22}").unwrap_or_default();
    }
    line
}

pub(super) fn lasted_row(name: &str, lasted: &Lasted) -> String {
    let each = [lasted.mean_s, lasted.p50_s, lasted.p90_s, lasted.p99_s];
    let each = each.map(|value| value.map_or("-".to_owned(), |value| value.text() + " s"));
    let each = [&each[0], &each[1], &each[2], &each[3]].map(String::as_str);
    row(name, &format!("{:.0}", lasted.count), each)
}
