//! What a run must hold: `p99<10ms,lost=0`. A small grammar, and the judgement of a run's figures by it.
//!
//! An objective names a measure, `<`, `<=` or `=`, and a bound. Latencies (`p50 p90 p99 p99.9 p99.99 max mean`) count from the intended time
//! of sending and take `us`, `ms` or `s`; counts (`lost refused doubly_ordered errors unmet`) take a number, or a share of the calls sent with
//! `%`. A call that was never answered is slower than any bound, so that a centre does not look fast by what it loses; and where none of
//! them bounds what is refused, nothing may be, so that it does not look fast by what it sheds.
//! Nothing here decides what a run exits with.

use crate::report::latency::Latencies;
use crate::report::{Judged, Summary};
use std::fmt;
use std::str::FromStr;

const GRAMMAR: &str = "write objectives joined by commas, as in p99<10ms,lost=0: p50, p90, p99, p99.9, p99.99, max or mean with us, ms or s; \
lost, refused, doubly_ordered, errors or unmet with a number or a percentage";

/// A latency that is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// So large a share was as fast, in percent; below 100.
    Percentile(f64),
    /// The slowest.
    Max,
    /// On average.
    Mean,
}

impl Latency {
    const ALL: [(&'static str, Latency); 7] = [
        ("p50", Latency::Percentile(50.0)),
        ("p90", Latency::Percentile(90.0)),
        ("p99", Latency::Percentile(99.0)),
        ("p99.9", Latency::Percentile(99.9)),
        ("p99.99", Latency::Percentile(99.99)),
        ("max", Latency::Max),
        ("mean", Latency::Mean),
    ];

    /// This figure in milliseconds, where so many more were never answered; `None`: it is longer than anything that was measured, or
    /// nothing was.
    pub fn of(self, latencies: &Latencies, unanswered: u64) -> Option<f64> {
        match self {
            Latency::Percentile(percent) => latencies.at_ms(percent / 100.0, unanswered),
            Latency::Max => latencies.at_ms(1.0, unanswered),
            Latency::Mean => latencies.mean_ms().filter(|_| unanswered == 0),
        }
    }
}

/// Calls that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Neither decided nor refused.
    Lost,
    /// Refused aloud.
    Refused,
    /// Units or needs with two open orders, keys with two answers.
    DoublyOrdered,
    /// Lost, refused and doubly ordered together.
    Errors,
    /// Not everybody was told whom the trace expects.
    Unmet,
}

impl Count {
    const ALL: [(&'static str, Count); 5] = [
        ("lost", Count::Lost),
        ("refused", Count::Refused),
        ("doubly_ordered", Count::DoublyOrdered),
        ("errors", Count::Errors),
        ("unmet", Count::Unmet),
    ];

    const fn of(self, summary: &Summary) -> u64 {
        match self {
            Count::Lost => summary.lost,
            Count::Refused => summary.refused,
            Count::DoublyOrdered => summary.doubly_ordered,
            Count::Errors => summary.lost + summary.refused + summary.doubly_ordered,
            Count::Unmet => summary.expected - summary.expected_met,
        }
    }
}

/// What is looked at, and its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// A latency and its bound in milliseconds.
    Latency(Latency, f64),
    /// A count and its bound.
    Count(Count, f64),
    /// A count as a share of the calls sent, and its bound in percent.
    Share(Count, f64),
}

/// How a figure stands to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Below it.
    Below,
    /// Not above it.
    AtMost,
    /// Equal to it.
    Equal,
}

impl Relation {
    fn holds(self, figure: f64, bound: f64) -> bool {
        match self {
            Relation::Below => figure < bound,
            Relation::AtMost => figure <= bound,
            Relation::Equal => figure == bound,
        }
    }
}

/// One thing that a run must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// As it was typed.
    text: String,
    /// What is looked at, and its bound.
    pub measure: Measure,
    relation: Relation,
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether one of them bounds what may be lost; where none does, nothing may.
pub fn is_loss_judged(judged: &[Judged]) -> bool {
    let objectives = judged
        .iter()
        .map(|judged| judged.objective.parse::<Objective>());
    objectives
        .flatten()
        .any(|objective| objective.is_about_loss())
}

/// How it came out, in words.
pub fn verdict(judged: &Judged) -> String {
    let word = if judged.held { "held" } else { "BROKEN" };
    format!("{} {word} ({})", judged.objective, judged.measured)
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Objective, String> {
        let text: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let refuse = |why: &str| format!("`{text}` is no objective: {why}; {GRAMMAR}");
        let at = text
            .find(['<', '='])
            .ok_or_else(|| refuse("it has no <, <= or ="))?;
        let (name, rest) = text.split_at(at);
        let (relation, bound) = match (rest.strip_prefix("<="), rest.strip_prefix('<')) {
            (Some(bound), _) => (Relation::AtMost, bound),
            (None, Some(bound)) => (Relation::Below, bound),
            (None, None) => (Relation::Equal, rest.trim_start_matches('=')),
        };
        let latency = Latency::ALL.iter().find(|(known, _)| *known == name);
        let count = Count::ALL.iter().find(|(known, _)| *known == name);
        let measure = match (latency, count) {
            (Some(_), _) if relation == Relation::Equal => {
                return Err(refuse("a latency is never just so long; it takes < or <="));
            }
            (Some(&(_, latency)), _) => {
                Measure::Latency(latency, milliseconds(bound).map_err(refuse)?)
            }
            (None, Some(&(_, count))) => match bound.strip_suffix('%') {
                Some(percent) => Measure::Share(count, number(percent).map_err(refuse)?),
                None => Measure::Count(count, number(bound).map_err(refuse)?),
            },
            (None, None) => return Err(refuse("nothing of that name is measured")),
        };
        Ok(Objective {
            text,
            measure,
            relation,
        })
    }
}

fn number(text: &str) -> Result<f64, &'static str> {
    let number = text
        .parse()
        .ok()
        .filter(|number| f64::is_finite(*number) && *number >= 0.0);
    number.ok_or("its bound is not a number from 0 on")
}

fn milliseconds(text: &str) -> Result<f64, &'static str> {
    let digits = text.trim_end_matches(|letter: char| letter.is_alphabetic());
    let factor = match &text[digits.len()..] {
        "us" | "µs" => 0.001,
        "ms" => 1.0,
        "s" => 1_000.0,
        _ => return Err("its bound has no unit of time (us, ms, s)"),
    };
    Ok(number(digits)? * factor)
}

impl Objective {
    /// What a run came to.
    pub fn judge(&self, summary: &Summary) -> Judged {
        let share = |count: Count| count.of(summary) as f64 * 100.0 / summary.sent.max(1) as f64;
        let (figure, bound, measured) = match self.measure {
            Measure::Latency(latency, bound) => {
                let figure = latency.of(&summary.distributions.corrected, summary.lost);
                let measured = match figure {
                    Some(ms) => format!("{ms:.3} ms"),
                    None if summary.decided == 0 => "nothing was answered".into(),
                    None => format!("beyond all that was answered: {} were not", summary.lost),
                };
                (figure.unwrap_or(f64::INFINITY), bound, measured)
            }
            Measure::Count(count, bound) => (
                count.of(summary) as f64,
                bound,
                count.of(summary).to_string(),
            ),
            Measure::Share(count, bound) => (share(count), bound, format!("{:.4} %", share(count))),
        };
        Judged {
            objective: self.text.clone(),
            measured,
            held: self.relation.holds(figure, bound),
        }
    }

    /// Whether it bounds what is refused, in its own words.
    pub const fn is_about_refusal(&self) -> bool {
        match self.measure {
            Measure::Count(Count::Refused | Count::Errors, _)
            | Measure::Share(Count::Refused | Count::Errors, _) => true,
            Measure::Latency(..) | Measure::Count(..) | Measure::Share(..) => false,
        }
    }

    /// Whether it bounds what is lost, in its own words.
    const fn is_about_loss(&self) -> bool {
        match self.measure {
            Measure::Count(Count::Lost | Count::Errors, _)
            | Measure::Share(Count::Lost | Count::Errors, _) => true,
            Measure::Latency(..) | Measure::Count(..) | Measure::Share(..) => false,
        }
    }
}

/// All that a run must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slo(pub Vec<Objective>);

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Slo, String> {
        let objectives = text.split(',').map(str::parse);
        objectives.collect::<Result<_, _>>().map(Slo)
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self
            .0
            .iter()
            .map(|objective| objective.text.as_str())
            .collect();
        f.write_str(&texts.join(","))
    }
}

impl Slo {
    /// Judges a run by each of them, and by what goes without saying if it was refused all the same.
    pub fn judge(&self, summary: &Summary) -> Vec<Judged> {
        let judged = self.0.iter().map(|objective| objective.judge(summary));
        let is_bounded = self.0.iter().any(Objective::is_about_refusal);
        let is_unsaid = summary.refused > 0 && !is_bounded && !self.0.is_empty();
        let unsaid = is_unsaid.then(|| Judged {
            objective: "refused=0".into(),
            measured: format!("{}, and no objective allows it", summary.refused),
            held: false,
        });
        judged.chain(unsaid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A hundred answers of 1 to 100 ms.
    fn run() -> Summary {
        let mut summary = Summary {
            sent: 200,
            decided: 100,
            ..Summary::default()
        };
        for ms in 1..=100 {
            summary
                .distributions
                .corrected
                .add(Duration::from_millis(ms));
        }
        summary
    }

    fn held(objective: &str, summary: &Summary) -> bool {
        objective.parse::<Objective>().unwrap().judge(summary).held
    }

    #[test]
    fn each_measure_is_judged_by_its_bound() {
        let summary = Summary {
            refused: 2,
            ..run()
        };
        for objective in [
            "p50<51ms",
            "p90<=91ms",
            "p99<0.1s",
            "p99.9<100.2ms",
            "p99.99<101ms",
            "max<101ms",
            "mean<50600us",
            "lost=0",
            "refused<3",
            "refused<=2",
            "refused=2",
            "refused<=1%",
            "errors<1.1%",
            "doubly_ordered = 0",
        ] {
            assert!(held(objective, &summary), "{objective}");
        }
        for objective in [
            "p50<50ms",
            "p90<89ms",
            "p99<98ms",
            "max<100ms",
            "mean<50ms",
            "refused=0",
            "refused<2",
            "refused<1%",
            "errors=0",
        ] {
            assert!(!held(objective, &summary), "{objective}");
        }
    }

    /// Half of all refused and the rest quick is no good run.
    #[test]
    fn what_no_objective_bounds_may_not_be_refused() {
        let summary = Summary {
            refused: 100,
            ..run()
        };
        let judged = |slo: &str| slo.parse::<Slo>().unwrap().judge(&summary);
        let broken: Vec<String> = judged("p99<1s,lost=0")
            .iter()
            .filter(|judged| !judged.held)
            .map(verdict)
            .collect();
        assert_eq!(
            broken,
            ["refused=0 BROKEN (100, and no objective allows it)"]
        );
        assert!(judged("p99<1s,refused<=50%").iter().all(|it| it.held));
        assert_eq!(Slo::default().judge(&summary), [], "nothing was asked");
    }

    #[test]
    fn who_was_not_told_counts() {
        let summary = Summary {
            expected: 50,
            expected_met: 47,
            ..run()
        };
        assert!(held("unmet<4", &summary) && held("unmet<=1.5%", &summary));
        assert!(!held("unmet=0", &summary));
    }

    /// 100 answered and 2 lost: the 99th of 102 is among the lost, whatever the answered took.
    #[test]
    fn what_was_lost_is_slower_than_any_bound() {
        let summary = Summary { lost: 2, ..run() };
        assert!(!held("p99<1000s", &summary));
        assert!(!held("mean<1000s", &summary));
        assert!(held("p90<93ms", &summary));
        assert!(!held("p50<1s", &Summary::default()), "nothing was answered");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
        for text in [
            "",
            "p99",
            "p99<10",
            "p99=10ms",
            "p98<1ms",
            "lost<x",
            "lost=-1",
            "lost=1ms",
            "p99<-1ms",
            "p99<NaNms",
            "p99>1ms",
        ] {
            let error = text.parse::<Slo>().unwrap_err();
            assert!(error.contains("p99<10ms,lost=0"), "{text}: {error}");
        }
        let slo: Slo = "p99 < 10ms, lost = 0".parse().unwrap();
        assert_eq!(
            (slo.0.len(), slo.to_string().as_str()),
            (2, "p99<10ms,lost=0")
        );
    }
}
