//! The highest rate at which a centre holds its objectives, what kept it from more, and how it behaves beyond.
//!
//! A study warms up, then searches several times over ([`search`]): steps of open load at one rate, each a run of its own with everything
//! that a run counts, judged by the objectives; then it goes past the rate that it found. During each step it watches what was busy
//! ([`centre`]), so that it can name the limit ([`limit`]); [`text`] words and plots it. A step in which the generator was the
//! bottleneck holds nothing and is not blamed on the centre.

pub mod centre;
pub mod limit;
pub mod search;
pub mod text;

use crate::objective::Slo;
use crate::pace::{Arrivals, Spread};
use crate::replay::{Options, Rate, ReplayError, own, rate};
use crate::report::{Judged, Summary};
use crate::trace::Row;
use crate::watch::Silent;
use centre::{Busy, Watched};
use limit::Limit;
use search::{Next, Search};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How far past the rate that holds it goes.
pub const PAST: [f64; 4] = [0.8, 1.1, 1.3, 1.6];
/// Studies whose repeats lie further apart than this share found no one rate.
pub const APART_MAX: f64 = 0.10;
/// A search after the first begins at this share of what the first found.
const AGAIN_FROM: f64 = 0.5;

/// How often a step tries to connect, and how long it waits in between.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// What to study.
#[derive(Clone, Debug)]
pub struct Study {
    /// What every step must hold.
    pub slo: Slo,
    /// The first rate, in calls a second.
    pub from: f64,
    /// No higher.
    pub ceiling: f64,
    /// How long a step is.
    pub step: Duration,
    /// How long the confirmation is.
    pub soak: Duration,
    /// Searches.
    pub repeats: u32,
    /// No step begins later than this after the first.
    pub at_most: Duration,
    /// Connections for calls, and streams on each.
    pub links: (usize, usize),
    /// How calls are spread.
    pub spread: Spread,
    /// How long after its last call a step waits for answers.
    pub settle: Duration,
}

/// Why a step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Not judged.
    WarmUp,
    /// Part of a search.
    Search,
    /// Confirms what a search found.
    Soak,
    /// Beyond it.
    Past,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Why.
    pub purpose: Purpose,
    /// Which search, from 1; 0 before and after.
    pub search: u32,
    /// Calls a second, asked for.
    pub rate: f64,
    /// Calls a second, sent.
    pub sent_per_second: f64,
    /// Calls sent.
    pub sent: u64,
    /// Half were answered within.
    pub p50_ms: f64,
    /// 99 in 100 were.
    pub p99_ms: f64,
    /// 999 in 1 000 were.
    pub p999_ms: f64,
    /// The slowest.
    pub max_ms: f64,
    /// Refused aloud.
    pub refused: u64,
    /// Never answered.
    pub lost: u64,
    /// Whether it held all objectives.
    pub held: bool,
    /// Each of them.
    pub objectives: Vec<Judged>,
    /// Why the generator was the bottleneck, if so.
    pub invalid: Option<String>,
    /// What was busy.
    pub busy: Busy,
}

/// What a study came to.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The centre.
    pub to: String,
    /// What was to be held.
    pub slo: String,
    /// The highest rate that held, the median over all searches; 0: none did.
    pub rate: f64,
    /// What each search found.
    pub found: Vec<f64>,
    /// The highest of these above the lowest, as a share of the lowest.
    pub apart: f64,
    /// What kept it from more.
    pub limit: Limit,
    /// The step that says so, as its place in `steps`.
    pub broke_at: Option<usize>,
    /// Whether time ran out before the end.
    pub is_cut_short: bool,
    /// Every step.
    pub steps: Vec<Step>,
}

impl Verdict {
    /// The step at which it broke.
    pub fn broken(&self) -> Option<&Step> {
        self.steps.get(self.broke_at?)
    }
}

/// Carries out a study. `told` hears each step as it ends.
pub async fn run(
    study: &Study,
    options: &Options,
    rows: Arc<[Row]>,
    metrics: Option<String>,
    told: &mut dyn FnMut(&Step),
) -> Result<Verdict, ReplayError> {
    let mut bench = Bench {
        study,
        options,
        rows,
        watched: Watched {
            metrics,
            to: options.to,
        },
        began: Instant::now(),
        steps: Vec::new(),
        told,
    };
    bench.run().await
}

struct Bench<'a> {
    study: &'a Study,
    options: &'a Options,
    rows: Arc<[Row]>,
    watched: Watched,
    began: Instant,
    steps: Vec<Step>,
    told: &'a mut dyn FnMut(&Step),
}

impl Bench<'_> {
    async fn run(&mut self) -> Result<Verdict, ReplayError> {
        self.step(Purpose::WarmUp, 0, self.study.from, self.study.step)
            .await?;
        let mut found = Vec::new();
        let mut at_the_ceiling = true;
        for number in 1..=self.study.repeats {
            let first = found.first().copied().filter(|&rate| rate > 0.0);
            let from = first.map_or(self.study.from, |rate: f64| rate * AGAIN_FROM);
            let mut search = Search::new(from, self.study.ceiling);
            let Some(rate) = self.search(&mut search, number).await? else {
                break;
            };
            at_the_ceiling &= search.is_at_the_ceiling();
            found.push(rate);
        }
        let is_cut_short = found.len() < self.study.repeats as usize;
        let rate = median(&found);
        let broke_at = self.broke_at(rate);
        if rate > 0.0 {
            for past in PAST {
                self.step(Purpose::Past, 0, rate * past, self.study.step)
                    .await?;
            }
        }
        let limit = match broke_at.and_then(|index| self.steps.get(index)) {
            _ if !found.is_empty() && at_the_ceiling && rate > 0.0 => Limit::Ceiling,
            Some(step) => limit::of(&step.busy, step.invalid.as_deref()),
            None => Limit::Unknown,
        };
        Ok(Verdict {
            to: format!("quic://{}", self.options.to),
            slo: self.study.slo.to_string(),
            rate,
            apart: apart(&found),
            found,
            limit,
            broke_at,
            is_cut_short,
            steps: std::mem::take(&mut self.steps),
        })
    }

    /// One search; `None` when time ran out.
    async fn search(
        &mut self,
        search: &mut Search,
        number: u32,
    ) -> Result<Option<f64>, ReplayError> {
        loop {
            let (purpose, rate, lasting) = match search.next() {
                Next::Found(rate) => return Ok(Some(rate)),
                Next::Step(rate) => (Purpose::Search, rate, self.study.step),
                Next::Soak(rate) => (Purpose::Soak, rate, self.study.soak),
            };
            if self.began.elapsed() > self.study.at_most {
                return Ok(None);
            }
            let held = self.step(purpose, number, rate, lasting).await?;
            search.told(held);
        }
    }

    /// One step; whether it held.
    async fn step(
        &mut self,
        purpose: Purpose,
        search: u32,
        rate: f64,
        lasting: Duration,
    ) -> Result<bool, ReplayError> {
        let number = self.steps.len();
        let run = self.options.run_id.as_deref().unwrap_or("capacity");
        let options = Options {
            run_id: Some(format!("{run}-{number}")),
            seed: self.options.seed.wrapping_add(number as u64),
            stats: None,
            quiet: true,
            ..self.options.clone()
        };
        let load = Rate {
            arrivals: Arrivals::constant(rate, self.study.spread, Some(lasting)),
            connections: self.study.links.0,
            streams: self.study.links.1,
            settle: self.study.settle,
            subscribe: true,
        };
        let (watch, summary) = self.load(&options, &load).await?;
        let busy = watch.end().await;
        let objectives = self.study.slo.judge(&summary);
        let invalid = summary
            .invalid
            .clone()
            .or_else(|| own::fault_of(&summary, &self.study.slo, &objectives));
        let step = Step {
            purpose,
            search,
            rate,
            sent_per_second: summary.calls_per_second,
            sent: summary.sent,
            p50_ms: summary.latency.p50_ms,
            p99_ms: summary.latency.p99_ms,
            p999_ms: summary.latency.p999_ms,
            max_ms: summary.latency.max_ms,
            refused: summary.refused,
            lost: summary.lost,
            held: invalid.is_none()
                && objectives.iter().all(|judged| judged.held)
                && summary.doubly_ordered == 0,
            objectives,
            invalid,
            busy,
        };
        (self.told)(&step);
        let held = step.held;
        self.steps.push(step);
        Ok(held)
    }

    /// One run, watched. A centre that is still busy with the step before may be slow to let somebody in.
    async fn load(
        &self,
        options: &Options,
        load: &Rate,
    ) -> Result<(centre::Watch, Summary), ReplayError> {
        let mut tries = 1;
        loop {
            let watch = self.watched.begin().await;
            let rows = Arc::clone(&self.rows);
            match rate::run_rows(options, load.clone(), rows, &mut Silent).await {
                Ok(summary) => return Ok((watch, summary)),
                Err(ReplayError::Client(_)) if tries < TRIES => {
                    drop(watch.end().await);
                    tries += 1;
                    tokio::time::sleep(BETWEEN_TRIES).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The step that shows what broke: rather one that is the centre's own; above the rate that holds the nearest, and where none
    /// holds the highest, which says most.
    fn broke_at(&self, rate: f64) -> Option<usize> {
        let searched =
            |step: &Step| matches!(step.purpose, Purpose::Search | Purpose::Soak) && !step.held;
        let broken = self.steps.iter().enumerate();
        let broken = broken.filter(|(_, step)| searched(step) && step.rate > rate);
        let shown = broken.min_by(|(_, one), (_, other)| {
            let by_fault = one.invalid.is_some().cmp(&other.invalid.is_some());
            let by_rate = one.rate.total_cmp(&other.rate);
            by_fault.then(if rate > 0.0 {
                by_rate
            } else {
                by_rate.reverse()
            })
        });
        shown.map(|(index, _)| index)
    }
}

/// The middle one; of two in the middle the lower, for a rate that held is a rate that held.
fn median(found: &[f64]) -> f64 {
    let mut sorted = found.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(sorted.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or_default()
}

fn apart(found: &[f64]) -> f64 {
    let least = found.iter().copied().fold(f64::INFINITY, f64::min);
    let most = found.iter().copied().fold(0.0, f64::max);
    if least > 0.0 && least.is_finite() {
        most / least - 1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_what_was_found_and_how_far_it_lies_apart() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&[5.0, 1.0]), 1.0);
        assert!((apart(&[110.0, 100.0, 105.0]) - 0.10).abs() < 1e-9);
        assert_eq!(apart(&[0.0, 0.0]), 0.0);
    }
}
