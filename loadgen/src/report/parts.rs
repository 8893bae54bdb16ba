//! A run on the wall clock part by part: what each phase, or step of one, asked for and what became of it. A call belongs to the part
//! in which it was to be sent, whenever it was answered.

use super::latency::{Latencies, Quantiles};
use crate::pace::parts::Part;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One part in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartSummary {
    /// `2.3`: the third step of the second phase.
    pub name: String,
    /// What was asked, in words.
    pub load: String,
    /// When it began, in seconds from the start.
    pub begins_s: f64,
    /// How long it was, in seconds; none: until the trace had been gone through.
    pub lasting_s: Option<f64>,
    /// Calls that were to be sent in it and were.
    pub sent: u64,
    /// Of these: decided.
    pub decided: u64,
    /// Refused aloud.
    pub refused: u64,
    /// Neither, when the run ended.
    pub lost: u64,
    /// From the intended time of sending.
    pub latency: Quantiles,
}

/// The parts of a run that is under way.
#[derive(Clone, Debug, Default)]
pub struct Parts(Vec<Counted>);

#[derive(Clone, Debug)]
struct Counted {
    part: Part,
    decided: u64,
    refused: u64,
    latency: Latencies,
}

impl Parts {
    /// These, in the order of their times; none to tell apart where there is but one.
    pub fn of(parts: Vec<Part>) -> Parts {
        let parts = if parts.len() < 2 { Vec::new() } else { parts };
        let counted = |part| Counted {
            part,
            decided: 0,
            refused: 0,
            latency: Latencies::default(),
        };
        Parts(parts.into_iter().map(counted).collect())
    }

    /// The part of a call that was to be sent at this time from the start.
    pub fn at(&self, intended: Duration) -> Option<usize> {
        self.0
            .partition_point(|counted| counted.part.begins <= intended)
            .checked_sub(1)
    }

    /// A call was decided, so long after it was to be sent.
    pub fn decided(&mut self, intended: Duration, took: Duration) {
        if let Some(at) = self.at(intended) {
            self.0[at].decided += 1;
            self.0[at].latency.add(took);
        }
    }

    /// A call was refused.
    pub fn refused(&mut self, intended: Duration) {
        if let Some(at) = self.at(intended) {
            self.0[at].refused += 1;
        }
    }

    /// What they came to, of which so many were sent.
    pub fn summaries(&self, sent: &[u64]) -> Vec<PartSummary> {
        let parts = self.0.iter().enumerate();
        parts
            .map(|(at, counted)| {
                let sent = sent.get(at).copied().unwrap_or_default();
                PartSummary {
                    name: counted.part.name.clone(),
                    load: counted.part.load.clone(),
                    begins_s: counted.part.begins.as_secs_f64(),
                    lasting_s: counted.part.lasting.map(|lasting| lasting.as_secs_f64()),
                    sent,
                    decided: counted.decided,
                    refused: counted.refused,
                    lost: sent.saturating_sub(counted.decided + counted.refused),
                    latency: counted.latency.quantiles(),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, begins_s: u64) -> Part {
        Part {
            name: name.into(),
            load: "10 calls/s".into(),
            begins: Duration::from_secs(begins_s),
            lasting: Some(Duration::from_secs(10)),
        }
    }

    #[test]
    fn a_call_belongs_to_the_part_in_which_it_was_to_be_sent() {
        let mut parts = Parts::of(vec![part("1", 0), part("2", 10)]);
        let seconds = Duration::from_secs_f64;
        parts.decided(seconds(9.9), seconds(5.0));
        parts.decided(seconds(10.0), seconds(0.5));
        parts.refused(seconds(25.0));
        let told = parts.summaries(&[2, 2]);
        let told: Vec<_> = told
            .iter()
            .map(|part| {
                let p50 = part.latency.p50_ms.round();
                (part.sent, part.decided, part.refused, part.lost, p50)
            })
            .collect();
        assert_eq!(told, [(2, 1, 0, 1, 5_001.0), (2, 1, 1, 0, 500.0)]);
    }

    #[test]
    fn one_part_is_the_whole_run_and_not_told_twice() {
        let mut parts = Parts::of(vec![part("1", 0)]);
        parts.decided(Duration::ZERO, Duration::ZERO);
        assert_eq!(parts.summaries(&[1]), []);
    }
}
