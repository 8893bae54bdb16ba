//! Simulated first arrivals beside those that were observed, by the service's own matters: median and nine in ten.
//!
//! Two spans were observed: from the call to the first unit on scene, and from the first word to any unit to the first on scene.
//! A simulated centre decides the moment it is called, so the second is what its figure is held beside; what is between
//! the two is how long people talked and typed.

use super::course::Times;
use super::estimate::Estimate;
use super::outcome::{Outcome, Spread};
use crate::trace::observed::Response;
use engine::moment::Span;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// What of a matter was observed.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    from_call: Spread,
    from_word: Spread,
}

/// Matters in the order of their numbers.
#[derive(Clone, Debug)]
pub struct Matters {
    seen: Vec<Seen>,
    numbers: HashMap<String, u16>,
}

/// The first arrival at one call.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    arrival: Option<Span>,
    word: Option<Span>,
}

impl Matters {
    /// Of what units were seen to do.
    ///
    /// # Errors
    /// There are more matters than a number of two bytes can tell apart.
    pub fn of(responses: &[Response]) -> Result<Matters, String> {
        let mut calls: BTreeMap<&str, (&str, First)> = BTreeMap::new();
        for response in responses {
            let (_, first) = calls
                .entry(&response.call)
                .or_insert((&response.matter, First::default()));
            let earlier = |known: Option<Span>, new: Option<Span>| match (known, new) {
                (Some(known), Some(new)) => Some(known.min(new)),
                (known, new) => known.or(new),
            };
            first.arrival = earlier(first.arrival, response.arrival);
            first.word = earlier(first.word, response.handling);
        }
        let mut by_matter: BTreeMap<&str, Vec<First>> = BTreeMap::new();
        for &(matter, first) in calls.values() {
            by_matter.entry(matter).or_default().push(first);
        }
        let most = usize::from(u16::MAX);
        if by_matter.len() > most {
            return Err(format!(
                "{} matters were observed; at most {most} are told apart: is `matter` a column of words that come again?",
                by_matter.len()
            ));
        }
        let numbers: HashMap<&str, u16> = by_matter.keys().copied().zip(0..u16::MAX).collect();
        let seen = by_matter.iter().map(|(name, firsts)| {
            let from_call = firsts.iter().filter_map(|first| first.arrival);
            let from_word = firsts
                .iter()
                .filter_map(|first| Some(Span((first.arrival?.0 - first.word?.0).max(0))));
            Seen {
                name: (*name).to_owned(),
                from_call: Times::of(from_call).settle(),
                from_word: Times::of(from_word).settle(),
            }
        });
        Ok(Matters {
            seen: seen.collect(),
            numbers: calls
                .iter()
                .filter_map(|(call, (matter, _))| Some(((*call).to_owned(), *numbers.get(matter)?)))
                .collect(),
        })
    }

    /// The number of each call's matter.
    pub fn numbers(&self) -> HashMap<String, u16> {
        self.numbers.clone()
    }

    /// What was simulated beside what was seen.
    pub fn beside(&self, outcomes: &[Outcome]) -> Vec<Beside> {
        let each = (0..).zip(&self.seen).map(|(number, seen)| {
            let figure = |of: &dyn Fn(&Spread) -> Option<f64>| {
                let values: Vec<f64> = outcomes
                    .iter()
                    .filter_map(|it| of(it.matters.get(&number)?))
                    .collect();
                Estimate::of(&values)
            };
            let p50 = figure(&Spread::p50_s);
            let p90 = figure(&Spread::p90_s);
            // A seed under which nobody came to such a matter counts none.
            let counts = outcomes.iter().map(|it| it.matters.get(&number));
            let counts: Vec<f64> = counts
                .map(|spread| spread.map_or(0.0, |spread| spread.count as f64))
                .collect();
            let less =
                |simulated: Option<Estimate>, seen: Option<f64>| Some(simulated?.mean - seen?);
            Beside {
                matter: seen.name.clone(),
                simulated: Estimate::of(&counts).map_or(0.0, |it| it.mean),
                observed: seen.from_call.count,
                simulated_p50_s: p50,
                simulated_p90_s: p90,
                observed_from_word_p50_s: seen.from_word.p50_s(),
                observed_from_word_p90_s: seen.from_word.p90_s(),
                observed_from_call_p50_s: seen.from_call.p50_s(),
                observed_from_call_p90_s: seen.from_call.p90_s(),
                difference_p50_s: less(p50, seen.from_word.p50_s()),
                difference_p90_s: less(p90, seen.from_word.p90_s()),
            }
        });
        each.collect()
    }
}

/// The first arrivals of one matter, simulated and observed, in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// What the service calls it.
    pub matter: String,
    /// Incidents that somebody came to, of a run.
    pub simulated: f64,
    /// Calls that somebody came to.
    pub observed: u64,
    /// From the call, on which the centre decides at once.
    pub simulated_p50_s: Option<Estimate>,
    /// The same, nine in ten.
    pub simulated_p90_s: Option<Estimate>,
    /// From the first word to any unit.
    pub observed_from_word_p50_s: Option<f64>,
    /// The same, nine in ten.
    pub observed_from_word_p90_s: Option<f64>,
    /// From the call.
    pub observed_from_call_p50_s: Option<f64>,
    /// The same, nine in ten.
    pub observed_from_call_p90_s: Option<f64>,
    /// Simulated less observed from the first word.
    pub difference_p50_s: Option<f64>,
    /// The same, nine in ten.
    pub difference_p90_s: Option<f64>,
}

/// As a table.
pub fn text(rows: &[Beside]) -> String {
    let mut lines = vec![
        "first arrivals, simulated beside observed (seconds; 50 % / 90 %)".to_owned(),
        format!(
            "{:<36}{:>16}{:>22}{:>22}{:>22}{:>18}",
            "matter",
            "simulated",
            "observed from word",
            "difference",
            "observed from call",
            "counts"
        ),
    ];
    let pair = |p50: Option<f64>, p90: Option<f64>| {
        let one = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.0}"));
        format!("{} / {}", one(p50), one(p90))
    };
    let mean = |it: Option<Estimate>| it.map(|it| it.mean);
    for row in rows {
        lines.push(format!(
            "{:<36}{:>16}{:>22}{:>22}{:>22}{:>18}",
            row.matter,
            pair(mean(row.simulated_p50_s), mean(row.simulated_p90_s)),
            pair(row.observed_from_word_p50_s, row.observed_from_word_p90_s),
            pair(row.difference_p50_s, row.difference_p90_s),
            pair(row.observed_from_call_p50_s, row.observed_from_call_p90_s),
            format!("{:.0} / {}", row.simulated, row.observed),
        ));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(call: &str, matter: &str, handling_s: i64, arrival_s: Option<i64>) -> Response {
        Response {
            call: call.into(),
            at: None,
            matter: matter.into(),
            kind: None,
            unit: String::new(),
            unit_type: String::new(),
            capability: None,
            handling: Some(Span::seconds(handling_s)),
            turnout: None,
            travel: None,
            travel_percent: None,
            stay: None,
            arrival: arrival_s.map(Span::seconds),
        }
    }

    #[test]
    fn the_first_of_a_calls_units_counts_from_the_call_and_from_the_first_word() {
        let matters = Matters::of(&[
            response("a", "Fire", 60, Some(400)),
            response("a", "Fire", 90, Some(300)),
            response("b", "Fire", 30, None),
            response("c", "Alarm", 10, Some(110)),
        ])
        .unwrap();
        let rows = matters.beside(&[]);
        let [alarm, fire] = &rows[..] else {
            panic!("two matters");
        };
        assert_eq!((fire.matter.as_str(), fire.observed), ("Fire", 1));
        assert_eq!(fire.observed_from_call_p50_s, Some(300.0));
        assert_eq!(fire.observed_from_word_p50_s, Some(240.0));
        assert_eq!(alarm.observed_from_word_p90_s, Some(100.0));
        assert_eq!((fire.simulated, fire.difference_p50_s), (0.0, None));
        assert_eq!(matters.numbers()["a"], matters.numbers()["b"]);
        assert_ne!(matters.numbers()["a"], matters.numbers()["c"]);
        assert!(text(&rows).contains("240 / 240"), "{}", text(&rows));
    }

    #[test]
    fn more_matters_than_numbers_are_refused() {
        let many = |count: u32| {
            let each = (0..count).map(|nth| response(&nth.to_string(), &nth.to_string(), 1, None));
            Matters::of(&each.collect::<Vec<Response>>())
        };
        assert!(many(65_535).is_ok());
        assert!(many(65_536).unwrap_err().contains("65536 matters"));
    }
}
