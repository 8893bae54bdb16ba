//! What many seeds come to: means with 95 % intervals, two configurations compared seed by seed, in a table and in words.
//!
//! Intervals are Student's t over seeds. A difference counts only when its whole interval lies on one side of zero.

use super::outcome::{Outcome, Times};
use engine::kind::{Agency, Priority};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Two-sided 95 % quantiles of Student's t, for 1 to 30 degrees of freedom; beyond, the normal distribution's.
const T_95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
const NORMAL_95: f64 = 1.960;

/// A mean over seeds, and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % interval; `None` for one seed.
    pub within: Option<f64>,
}

impl Estimate {
    /// Of one value a seed; `None` where there is none.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        let within = (count > 1).then(|| {
            let deviation = (squares.sum::<f64>() / (count - 1) as f64).sqrt();
            let t = T_95.get(count - 2).copied().unwrap_or(NORMAL_95);
            t * deviation / (count as f64).sqrt()
        });
        Some(Estimate { mean, within })
    }

    /// Whether the whole interval lies on one side of zero; the sign.
    pub fn side(&self) -> Option<std::cmp::Ordering> {
        let within = self.within?;
        if self.mean - within > 0.0 {
            Some(std::cmp::Ordering::Greater)
        } else if self.mean + within < 0.0 {
            Some(std::cmp::Ordering::Less)
        } else {
            None
        }
    }

    fn text(&self) -> String {
        match self.within {
            Some(within) => format!("{:.1} ± {within:.1}", self.mean),
            None => format!("{:.1}", self.mean),
        }
    }
}

/// How long something took, over seeds: mean and percentiles of each seed, averaged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lasted {
    /// How often, on average.
    pub count: f64,
    /// Its mean in seconds.
    pub mean_s: Option<Estimate>,
    /// What half of them did not exceed.
    pub p50_s: Option<Estimate>,
    /// What nine in ten did not exceed.
    pub p90_s: Option<Estimate>,
    /// What all but one in a hundred did not exceed.
    pub p99_s: Option<Estimate>,
}

impl Lasted {
    fn over<'a>(seeds: impl Iterator<Item = Option<&'a Times>> + Clone) -> Lasted {
        let each = |value: &dyn Fn(&Times) -> Option<f64>| {
            let values: Vec<f64> = seeds.clone().flatten().filter_map(value).collect();
            Estimate::of(&values)
        };
        let counts: Vec<f64> = seeds
            .clone()
            .map(|times| times.map_or(0.0, |times| times.count() as f64))
            .collect();
        Lasted {
            count: counts.iter().sum::<f64>() / counts.len().max(1) as f64,
            mean_s: each(&Times::mean_s),
            p50_s: each(&|times| times.percentile_s(50)),
            p90_s: each(&|times| times.percentile_s(90)),
            p99_s: each(&|times| times.percentile_s(99)),
        }
    }
}

/// What the runs of one configuration come to.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Calls of a run.
    pub calls: u64,
    /// What became of them, on average.
    pub decided: BTreeMap<&'static str, f64>,
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
    /// Clocks that ran out, by agency and clock.
    pub missed: BTreeMap<String, Estimate>,
    /// Needs that had to wait for want of a unit.
    pub waited: Option<Estimate>,
    /// How long they did.
    pub waits: Lasted,
    /// Share of the time that a unit had an order, in per cent.
    pub utilisation_percent: BTreeMap<String, Estimate>,
    /// What callers did, on average; empty where they were not played.
    pub callers: BTreeMap<&'static str, Estimate>,
    /// One a seed: the same trace, configuration and seed give the same.
    pub digests: Vec<String>,
}

impl Verdict {
    /// Of the outcomes of all seeds; there is one at least.
    pub fn of(outcomes: &[Outcome]) -> Verdict {
        let expected: [u64; 2] = outcomes.iter().fold([0, 0], |sum, outcome| {
            [sum[0] + outcome.expected[0], sum[1] + outcome.expected[1]]
        });
        Verdict {
            calls: outcomes.first().map_or(0, |outcome| outcome.calls),
            decided: counted(outcomes, |it| &it.decided)
                .map(|(what, count)| (what, count.mean))
                .collect(),
            agencies_met_percent: (expected[0] > 0)
                .then(|| expected[1] as f64 * 100.0 / expected[0] as f64),
            first_arrivals: lasted(outcomes, |it| &it.first_arrivals),
            arrivals: lasted(outcomes, |it| &it.arrivals),
            never: counted(outcomes, |it| &it.never).collect(),
            missed_by_priority: counted(outcomes, |it| &it.missed_by_priority).collect(),
            missed: counted(outcomes, |it| &it.missed)
                .map(|((agency, clock), count)| (format!("{agency} {clock}"), count))
                .collect(),
            waited: over(outcomes, |it| it.waited as f64),
            waits: Lasted::over(outcomes.iter().map(|it| Some(&it.waits))),
            utilisation_percent: utilisation_percent(outcomes),
            callers: callers(outcomes),
            digests: outcomes.iter().map(|it| it.digest.to_string()).collect(),
        }
    }

    /// As a table.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        let decided = self.decided.iter();
        let decided: Vec<String> = decided
            .map(|(what, count)| format!("{what} {count:.0}"))
            .collect();
        line(format!("{} calls: {}", self.calls, decided.join(", ")));
        if let Some(percent) = self.agencies_met_percent {
            line(format!("agencies as the trace states: {percent:.1} %"));
        }
        line(String::new());
        line(row(
            "first vehicle on scene",
            "count",
            ["mean", "50 %", "90 %", "99 %"],
        ));
        for (priority, lasted) in &self.first_arrivals {
            line(lasted_row(
                &format!("priority {}", u8::from(*priority)),
                lasted,
            ));
        }
        line(String::new());
        line(row(
            "first of an agency",
            "count",
            ["mean", "50 %", "90 %", "99 %"],
        ));
        for (agency, lasted) in &self.arrivals {
            line(lasted_row(agency.code(), lasted));
        }
        line(String::new());
        if let Some(waited) = self.waited {
            line(format!("needs that had to wait: {}", waited.text()));
        }
        line(lasted_row("how long they waited", &self.waits));
        for priority in Priority::ALL {
            let text = |counts: &BTreeMap<Priority, Estimate>| {
                counts.get(&priority).map_or("0".into(), Estimate::text)
            };
            line(format!(
                "priority {}: clocks missed {}, sent to and never reached {}",
                u8::from(priority),
                text(&self.missed_by_priority),
                text(&self.never)
            ));
        }
        line(String::new());
        if !self.callers.is_empty() {
            let counts = self.callers.iter();
            let counts: Vec<String> = counts
                .map(|(what, count)| format!("{what} {}", count.text()))
                .collect();
            line(format!("callers: {}", counts.join(", ")));
            line(String::new());
        }
        line("busiest units (share of the time with an order, per cent)".into());
        let mut busiest: Vec<_> = self.utilisation_percent.iter().collect();
        busiest.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean).then(a.0.cmp(b.0)));
        for (name, share) in busiest.into_iter().take(10) {
            line(format!("  {name}  {}", share.text()));
        }
        for digest in &self.digests {
            line(format!("digest {digest}"));
        }
        out
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

/// Times by a key.
fn lasted<K: Ord + Copy>(
    outcomes: &[Outcome],
    of: impl Fn(&Outcome) -> &BTreeMap<K, Times> + Copy,
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

/// By the name of a unit, the share of the time that it had an order.
fn utilisation_percent(outcomes: &[Outcome]) -> BTreeMap<String, Estimate> {
    let units = outcomes.first().into_iter().flat_map(|first| &first.units);
    let share = |it: &Outcome, id| {
        let length = it.from.until(it.to).0.max(1) as f64;
        let busy_ms = it.units.get(id).map_or(0, |unit| unit.busy_ms);
        busy_ms as f64 * 100.0 / length
    };
    units
        .filter_map(|(id, unit)| Some((unit.name.clone(), over(outcomes, |it| share(it, id))?)))
        .collect()
}

fn row(name: &str, count: &str, values: [&str; 4]) -> String {
    let mut line = format!("{name:<24}{count:>9}");
    for value in values {
        // Writing into a string cannot fail.
        write!(line, "{value:>22}").unwrap_or_default();
    }
    line
}

fn lasted_row(name: &str, lasted: &Lasted) -> String {
    let each = [lasted.mean_s, lasted.p50_s, lasted.p90_s, lasted.p99_s];
    let each = each.map(|value| value.map_or("-".to_owned(), |value| value.text() + " s"));
    let each = [&each[0], &each[1], &each[2], &each[3]].map(String::as_str);
    row(name, &format!("{:.0}", lasted.count), each)
}

/// One figure of two configurations, seed by seed.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What it is about.
    pub what: String,
    /// The second less the first.
    pub by: Estimate,
    /// What that means.
    pub says: String,
}

/// How the second configuration differs from the first, seed by seed: first arrivals by priority, waiting, missed clocks.
pub fn compare(first: &[Outcome], second: &[Outcome]) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut take = |what: String, unit: &str, value: &dyn Fn(&Outcome) -> Option<f64>| {
        let pairs = first.iter().zip(second);
        let by: Vec<f64> = pairs
            .filter_map(|(first, second)| Some(value(second)? - value(first)?))
            .collect();
        if let Some(by) = Estimate::of(&by) {
            let says = match by.side() {
                Some(std::cmp::Ordering::Less) => "less with the second".to_owned(),
                Some(_) => "more with the second".to_owned(),
                None => "no difference that these seeds show".to_owned(),
            };
            let says = format!("{what}: {} {unit}, {says}", by.text());
            differences.push(Difference { what, by, says });
        }
    };
    for priority in Priority::ALL {
        let number = u8::from(priority);
        take(
            format!("first vehicle on scene, priority {number}, mean"),
            "s",
            &|it| it.first_arrivals.get(&priority)?.mean_s(),
        );
        take(
            format!("first vehicle on scene, priority {number}, 90 %"),
            "s",
            &|it| it.first_arrivals.get(&priority)?.percentile_s(90),
        );
    }
    for &agency in Agency::ALL {
        take(format!("first vehicle of {agency}, mean"), "s", &|it| {
            it.arrivals.get(&agency)?.mean_s()
        });
    }
    for priority in Priority::ALL {
        let number = u8::from(priority);
        let what = format!("sent to and never reached, priority {number}");
        take(what, "incidents", &|it| {
            Some(it.never.get(&priority).copied().unwrap_or(0) as f64)
        });
    }
    take("needs that had to wait".into(), "", &|it| {
        Some(it.waited as f64)
    });
    take("clocks missed".into(), "", &|it| {
        Some(it.missed.values().sum::<u64>() as f64)
    });
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        assert_eq!(Estimate::of(&[]), None);
        let one = Estimate::of(&[3.0]).unwrap();
        assert_eq!((one.mean, one.within), (3.0, None));
        // Of 1, 2, 3: mean 2, deviation 1; t with 2 degrees of freedom 4.303, over the root of 3.
        let three = Estimate::of(&[1.0, 2.0, 3.0]).unwrap();
        assert!((three.within.unwrap() - 2.4843).abs() < 1e-3);
        assert_eq!(three.side(), None);
        let clear = Estimate::of(&[-3.0, -3.1, -2.9]).unwrap();
        assert_eq!(clear.side(), Some(std::cmp::Ordering::Less));
    }
}
