//! What a second configuration gains or loses beside the first, seed by seed, in figures and in words.
//!
//! A difference counts only when its whole 95 % interval lies on one side of zero. Of so many figures one in twenty does so by
//! chance alone, and the words say so. The interval is about these very calls; another year's differ more. Whether a gain is worth its price nobody here decides.

use super::estimate::Estimate;
use super::outcome::Outcome;
use engine::kind::{Agency, Priority};
use serde::Serialize;
use std::cmp::Ordering;

/// One figure of two configurations, seed by seed. Of all of them less is better.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What it is about.
    pub what: String,
    /// What it is counted in.
    pub unit: &'static str,
    /// With the first.
    pub first: f64,
    /// With the second.
    pub second: f64,
    /// The second less the first.
    pub by: Estimate,
    /// What that means.
    pub says: String,
}

/// How the second configuration differs from the first: arrivals by priority and agency, waiting, missed clocks.
pub fn compare(first: &[Outcome], second: &[Outcome]) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut take = |what: String, unit: &'static str, value: &dyn Fn(&Outcome) -> Option<f64>| {
        let pairs = first.iter().zip(second);
        let pairs: Vec<(f64, f64)> = pairs
            .filter_map(|(first, second)| Some((value(first)?, value(second)?)))
            .collect();
        let by: Vec<f64> = pairs.iter().map(|(first, second)| second - first).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| {
            pairs.iter().map(of).sum::<f64>() / pairs.len().max(1) as f64
        };
        let (first, second) = (mean(|pair| pair.0), mean(|pair| pair.1));
        if let Some(by) = Estimate::of(&by).filter(|_| first != 0.0 || second != 0.0) {
            let says = match by.side() {
                Some(Ordering::Less) => "less with the second",
                Some(Ordering::Greater) => "more with the second",
                Some(Ordering::Equal) | None => "no difference that these seeds show",
            };
            differences.push(Difference {
                says: format!(
                    "{what}: {first:.1} → {second:.1} {unit}, {}: {says}",
                    by.text()
                ),
                what,
                unit,
                first,
                second,
                by,
            });
        }
    };
    for priority in Priority::ALL {
        let number = u8::from(priority);
        let what = |figure: &str| format!("first vehicle on scene at priority {number}, {figure}");
        take(what("mean"), "s", &|it| {
            it.first_arrivals.get(&priority)?.mean_s()
        });
        take(what("90 %"), "s", &|it| {
            it.first_arrivals.get(&priority)?.p90_s()
        });
    }
    for &agency in Agency::ALL {
        take(format!("first vehicle of {agency}, mean"), "s", &|it| {
            it.arrivals.get(&agency)?.mean_s()
        });
    }
    for priority in Priority::ALL {
        let number = u8::from(priority);
        let what = format!("sent to and never reached at priority {number}");
        take(what, "incidents", &|it| {
            Some(it.never.get(&priority).copied().unwrap_or(0) as f64)
        });
        let what = format!("needs that had to wait at priority {number}");
        take(what, "needs", &|it| Some(it.waited_at(priority) as f64));
        let what = format!("clocks missed at priority {number}");
        take(what, "clocks", &|it| Some(it.missed_at(priority) as f64));
    }
    take("how long needs waited, mean".into(), "s", &|it| {
        it.all_waits.mean_s()
    });
    for &agency in Agency::ALL {
        take(format!("clocks that {agency} missed"), "clocks", &|it| {
            let own = it.missed.iter();
            let own = own.filter(|((of, _, _), _)| *of == agency);
            Some(own.map(|(_, count)| count).sum::<u64>() as f64)
        });
    }
    differences
}

/// The differences in words: who gains, who loses, at which utilisation, and what these seeds do not show.
pub fn words(first: &[Outcome], second: &[Outcome], differences: &[Difference]) -> String {
    let mut lines = Vec::new();
    lines.extend(other_units(first, second));
    if first.len() < 2 {
        lines
            .push("One seed has no interval and shows nothing either way: give --seeds 10.".into());
        return lines.join("\n") + "\n";
    }
    let side = |wanted: Option<Ordering>| {
        let all = differences.iter();
        all.filter(move |it| it.by.side() == wanted)
    };
    let told = |it: &Difference| {
        let within = it.by.within.unwrap_or(0.0);
        format!(
            "  {}: {:.1} {} {} (95 %: {:.1} to {:.1}), {:.1} → {:.1}",
            it.what,
            it.by.mean.abs(),
            it.unit,
            if it.by.mean < 0.0 { "less" } else { "more" },
            it.by.mean - within,
            it.by.mean + within,
            it.first,
            it.second
        )
    };
    let gains: Vec<String> = side(Some(Ordering::Less)).map(told).collect();
    let losses: Vec<String> = side(Some(Ordering::Greater)).map(told).collect();
    let same: Vec<&str> = side(None).map(|it| it.what.as_str()).collect();
    let sum = match (gains.is_empty(), losses.is_empty()) {
        (true, true) => "These seeds show no difference between the two.",
        (false, true) => {
            "The second configuration gains, and these seeds show nothing that it loses."
        }
        (true, false) => {
            "The second configuration loses, and these seeds show nothing that it gains."
        }
        (false, false) => "The second configuration gains in some and loses in others.",
    };
    lines.push(sum.into());
    if !gains.is_empty() {
        lines.push("It gains:".into());
        lines.extend(gains);
    }
    if !losses.is_empty() {
        lines.push("It loses:".into());
        lines.extend(losses);
    }
    lines.extend(busy(first, second));
    if !same.is_empty() && same.len() < differences.len() {
        lines.push(format!(
            "These seeds show no difference in: {}.",
            same.join("; ")
        ));
    }
    lines.push(format!(
        "({} figures were compared over {} seeds; of twenty that do not differ about one seems to.)",
        differences.len(),
        first.len()
    ));
    lines.push("(The intervals are about these very calls under other seeds; another year's calls differ more.)".into());
    lines.join("\n") + "\n"
}

/// Units that only one of the two has.
fn other_units(first: &[Outcome], second: &[Outcome]) -> Vec<String> {
    let (Some(first), Some(second)) = (first.first(), second.first()) else {
        return Vec::new();
    };
    let lacking = |of: &Outcome, in_: &Outcome| {
        let known: std::collections::BTreeSet<&str> =
            in_.units.iter().map(|unit| unit.name.as_str()).collect();
        let own = of.units.iter().map(|unit| unit.name.clone());
        own.filter(|name| !known.contains(name.as_str()))
            .collect::<Vec<String>>()
    };
    let mut lines = Vec::new();
    for (what, names) in [
        ("more", lacking(second, first)),
        ("fewer", lacking(first, second)),
    ] {
        if let Some(example) = names.first() {
            let more = if names.len() > 1 { ", …" } else { "" };
            let count = names.len();
            lines.push(format!(
                "The second has {count} units {what} ({example}{more})."
            ));
        }
    }
    lines
}

/// How busy the vehicles of each agency are, where that differs.
fn busy(first: &[Outcome], second: &[Outcome]) -> Vec<String> {
    let each = Agency::ALL.iter().filter_map(|&agency| {
        let mean = |outcomes: &[Outcome]| {
            let shares: Option<Vec<f64>> =
                outcomes.iter().map(|it| it.busy_percent(agency)).collect();
            Some(Estimate::of(&shares?)?.mean)
        };
        let (first, second) = (mean(first)?, mean(second)?);
        let differs = (first - second).abs() >= 0.05;
        differs.then(|| {
            format!("Vehicles of {agency} have an order {first:.1} % of the time with the first, {second:.1} % with the second.")
        })
    });
    each.collect()
}
