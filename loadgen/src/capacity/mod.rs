//! The highest rate at which a centre holds its objectives, what kept it from more, and how it behaves beyond.
//!
//! A study warms up, then searches several times over ([`search`]): steps of open load at one rate, each a run of its own with everything
//! that a run counts, judged by the objectives; then it draws a curve, from well below the rate that it found to well past it. During each
//! step it watches what was busy ([`centre`]), so that it can name the limit ([`limit`]); [`text`] words it, [`picture`] draws it. A step in which the generator was the
//! bottleneck holds nothing and is not blamed on the centre.

pub mod centre;
pub mod limit;
pub mod picture;
pub mod search;
pub mod text;

use crate::objective::{Objective, Slo};
use crate::pace::{Arrivals, Spread};
use crate::replay::{Options, Rate, ReplayError, own, rate};
use crate::report::about::About;
use crate::report::{Judged, Summary};
use crate::trace::Row;
use centre::{Busy, Watched};
use limit::Limit;
use search::{Next, Search};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the curve has its points besides the rate that holds, as shares of that.
pub const CURVE: [f64; 7] = [0.2, 0.4, 0.6, 0.8, 1.1, 1.3, 1.6];
/// Studies whose repeats lie further apart than this share found no one rate.
pub const APART_MAX: f64 = 0.10;
/// A search after the first begins at this share of what the first found.
const AGAIN_FROM: f64 = 0.5;
/// Steps that broke at most so many times above the lowest that did broke beside it: three soaks, each 5 % above the next.
const BESIDE: f64 = 1.16;

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
    /// The search goes no higher.
    pub ceiling: f64,
    /// How long the first rate is kept up before anything is judged.
    pub warm_up: Duration,
    /// How long a step is.
    pub step: Duration,
    /// How long each soak is.
    pub soak: Duration,
    /// How many of them a search ends with.
    pub soaks: usize,
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
    /// A point of the curve, before or beyond the rate that holds.
    Curve,
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
    /// Units or needs with two open orders, keys with two answers.
    pub doubly_ordered: u64,
    /// Calls of which not everybody was told whom the trace expects.
    pub unmet: u64,
    /// Whether it held all objectives, and nothing was lost, refused or doubly ordered that none of them allows.
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
    /// The highest rate at which a step held where time ran out before any search was over: no soak confirmed it.
    pub unconfirmed: Option<f64>,
    /// The highest of these above the lowest, as a share of the lowest; `None`: some found a rate and some found none.
    pub apart: Option<f64>,
    /// What kept it from more.
    pub limit: Limit,
    /// The step that says so, as its place in `steps`.
    pub broke_at: Option<usize>,
    /// How many steps and soaks broke just above the rate that holds; all that broke, where none holds.
    pub broke: usize,
    /// Of these, the generator's fault: were they most, it is the limit.
    pub generators: usize,
    /// Whether not all searches came to their end: time ran out, or the study broke off.
    pub is_cut_short: bool,
    /// Why the study broke off, if it did: what is told is of the steps before.
    pub broke_off: Option<String>,
    /// Every step.
    pub steps: Vec<Step>,
    /// Machine, kernel, program, command line and seed, without which figures cannot be compared.
    pub about: About,
}

impl Verdict {
    /// The points of the curve by their rates, with the soak that confirmed the rate that holds.
    pub fn curve(&self) -> Vec<&Step> {
        let is_confirmed =
            |step: &&Step| step.purpose == Purpose::Soak && step.held && step.rate == self.rate;
        let points = self
            .steps
            .iter()
            .filter(|step| step.purpose == Purpose::Curve);
        let mut curve: Vec<&Step> = points.collect();
        curve.extend(self.steps.iter().rev().find(is_confirmed));
        curve.sort_by(|one, other| one.rate.total_cmp(&other.rate));
        curve
    }

    /// The step at which it broke.
    pub fn broken(&self) -> Option<&Step> {
        self.steps.get(self.broke_at?)
    }

    /// Whether the searches found no one rate.
    pub fn is_apart(&self) -> bool {
        self.apart.is_none_or(|apart| apart > APART_MAX)
    }
}

impl Step {
    /// Whether an objective broke that bounds what is refused.
    fn broke_by_refusing(&self) -> bool {
        let broken = self.objectives.iter().filter(|judged| !judged.held);
        let mut broken = broken.flat_map(|judged| judged.objective.parse::<Objective>());
        broken.any(|objective| objective.is_about_refusal())
    }

    /// Whether a search went by it.
    const fn is_searched(&self) -> bool {
        match self.purpose {
            Purpose::Search | Purpose::Soak => true,
            Purpose::WarmUp | Purpose::Curve => false,
        }
    }

    /// A step as its run came out, which has been judged; `invalid` says why the generator was its bottleneck, if so.
    fn of(
        (purpose, search, rate): (Purpose, u32, f64),
        summary: Summary,
        invalid: Option<String>,
        busy: Busy,
    ) -> Step {
        let is_good = summary.is_good();
        let mut step = Step {
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
            doubly_ordered: summary.doubly_ordered,
            unmet: summary.expected - summary.expected_met,
            held: false,
            objectives: summary.objectives,
            invalid,
            busy,
        };
        step.held = is_good && step.invalid.is_none() && step.broken().is_empty();
        step
    }
}

/// Carries out a study. `told` hears each step as it ends.
pub async fn run(
    study: &Study,
    options: &Options,
    rows: Arc<[Row]>,
    metrics: Option<String>,
    about: About,
    told: &mut dyn FnMut(&Step),
) -> Result<Verdict, ReplayError> {
    let watched = Watched {
        metrics,
        to: options.to,
    };
    watched.check().await?;
    let mut bench = Bench {
        study,
        options,
        rows,
        watched,
        began: Instant::now(),
        steps: Vec::new(),
        about,
        ran_out: false,
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
    about: About,
    /// Time ran out within a search.
    ran_out: bool,
    told: &'a mut dyn FnMut(&Step),
}

impl Bench<'_> {
    async fn run(&mut self) -> Result<Verdict, ReplayError> {
        self.step(Purpose::WarmUp, 0, self.study.from, self.study.warm_up)
            .await?;
        let (mut found, mut broke_off) = (Vec::new(), None);
        for number in 1..=self.study.repeats {
            let first = found.first().copied().filter(|&rate| rate > 0.0);
            let from = first.map_or(self.study.from, |rate: f64| rate * AGAIN_FROM);
            let mut search = Search::new(from, self.study.ceiling, self.study.soaks);
            match self.search(&mut search, number).await {
                Ok(Some(rate)) => found.push(rate),
                Ok(None) => break,
                Err(error) => {
                    broke_off = Some(error.to_string());
                    break;
                }
            }
        }
        let is_cut_short = self.ran_out || found.len() < self.study.repeats as usize;
        let rate = median(&found);
        let unconfirmed = found.is_empty().then(|| unconfirmed(&self.steps)).flatten();
        let breach = Breach::above(unconfirmed.unwrap_or(rate), &self.steps);
        let (broke_at, (broke, generators)) = (breach.shown(), breach.beside());
        if rate > 0.0 {
            for share in CURVE {
                if broke_off.is_some() || self.is_late() {
                    break;
                }
                let point = self.step(Purpose::Curve, 0, rate * share, self.study.step);
                broke_off = point.await.err().map(|error| error.to_string());
            }
        }
        let limit = match broke_at.and_then(|index| self.steps.get(index)) {
            None if rate >= self.study.ceiling => Limit::Ceiling,
            Some(step) => limit::of(
                &step.busy,
                step.invalid.as_deref(),
                step.broke_by_refusing(),
            ),
            None => Limit::Unknown,
        };
        Ok(Verdict {
            to: format!("quic://{}", self.options.to),
            slo: self.study.slo.to_string(),
            rate,
            unconfirmed,
            apart: apart(&found),
            found,
            limit,
            broke_at,
            broke,
            generators,
            is_cut_short,
            broke_off,
            steps: std::mem::take(&mut self.steps),
            about: std::mem::take(&mut self.about),
        })
    }

    /// Whether no further step may begin.
    fn is_late(&self) -> bool {
        self.began.elapsed() > self.study.at_most
    }

    /// One search; what its soaks came to so far when time ran out, `None` where none had held.
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
            if self.is_late() {
                self.ran_out = true;
                return Ok(search.so_far());
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
        let (watch, mut summary) = self.load(&options, &load).await?;
        let busy = watch.end().await;
        let objectives = self.study.slo.judge(&summary);
        let invalid = summary
            .invalid
            .clone()
            .or_else(|| own::fault_of(&summary, &self.study.slo, &objectives));
        summary.objectives = objectives;
        let step = Step::of((purpose, search, rate), summary, invalid, busy);
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
            let mut watch = self.watched.begin().await;
            let rows = Arc::clone(&self.rows);
            match rate::run_rows(options, load.clone(), rows, &mut watch).await {
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
}

/// What broke, above a rate that holds, or at it where nothing broke above.
struct Breach<'a> {
    rate: f64,
    steps: &'a [Step],
    /// The places of the steps.
    broke: Vec<usize>,
}

impl<'a> Breach<'a> {
    fn above(rate: f64, steps: &'a [Step]) -> Breach<'a> {
        let broke = |shows: &dyn Fn(&Step) -> bool| -> Vec<usize> {
            let all = steps.iter().enumerate();
            all.filter(|(_, step)| step.is_searched() && !step.held && shows(step))
                .map(|(at, _)| at)
                .collect()
        };
        let above = broke(&|step| step.rate > rate);
        let broke = if above.is_empty() {
            broke(&|step| step.rate == rate && step.purpose == Purpose::Soak)
        } else {
            above
        };
        Breach { rate, steps, broke }
    }

    /// How many steps broke beside the rate that holds, all of them where none holds, and at how many of these the generator was the
    /// bottleneck.
    fn beside(&self) -> (usize, usize) {
        let broke = || self.broke.iter().map(|&at| &self.steps[at]);
        let lowest = broke().map(|step| step.rate).fold(f64::INFINITY, f64::min);
        let beside = || broke().filter(|step| self.rate == 0.0 || step.rate <= lowest * BESIDE);
        let invalid = beside().filter(|step| step.invalid.is_some());
        (beside().count(), invalid.count())
    }

    /// The step that shows what broke: the generator's own where most beside the rate that holds were, for then nothing is known of the
    /// centre beyond, otherwise rather one of the centre's; rather one that broke twice; then the nearest, and where none holds the
    /// highest, which says most.
    fn shown(&self) -> Option<usize> {
        let (beside, invalid) = self.beside();
        let is_the_generators = 2 * invalid > beside;
        self.broke.iter().copied().min_by(|&one, &other| {
            let (first, second) = (&self.steps[one], &self.steps[other]);
            let is_told = |step: &Step| step.invalid.is_some() == is_the_generators;
            let by_fault = is_told(second).cmp(&is_told(first));
            let by_times = broke_twice(self.steps, other).cmp(&broke_twice(self.steps, one));
            let by_rate = first.rate.total_cmp(&second.rate);
            by_fault.then(by_times).then(if self.rate > 0.0 {
                by_rate
            } else {
                by_rate.reverse()
            })
        })
    }
}

/// Whether the same was tried at once before or after, and both broke.
fn broke_twice(steps: &[Step], at: usize) -> bool {
    let Some(step) = steps.get(at) else {
        return false;
    };
    // A soak is as long as several steps.
    if step.purpose == Purpose::Soak {
        return !step.held;
    }
    let is_the_same = |other: &Step| {
        (other.purpose, other.search) == (step.purpose, step.search) && other.rate == step.rate
    };
    let beside = [at.checked_sub(1), Some(at + 1)];
    let mut beside = beside.into_iter().flatten().filter_map(|at| steps.get(at));
    !step.held && beside.any(|other| !other.held && is_the_same(other))
}

/// The highest rate at which a step held, below all at which two broke.
fn unconfirmed(steps: &[Step]) -> Option<f64> {
    let rates = |wanted: &dyn Fn(usize, &Step) -> bool| -> Vec<f64> {
        let steps = steps.iter().enumerate();
        let wanted = steps.filter(|&(at, step)| step.is_searched() && wanted(at, step));
        wanted.map(|(_, step)| step.rate).collect()
    };
    let breaks = rates(&|at, _| broke_twice(steps, at));
    let breaks = breaks.into_iter().fold(f64::INFINITY, f64::min);
    let held = rates(&|_, step| step.held && step.rate < breaks);
    held.into_iter().reduce(f64::max)
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

fn apart(found: &[f64]) -> Option<f64> {
    let least = found.iter().copied().reduce(f64::min).unwrap_or_default();
    let most = found.iter().copied().fold(0.0, f64::max);
    match (least > 0.0, most > 0.0) {
        (true, _) => Some(most / least - 1.0),
        (false, true) => None,
        (false, false) => Some(0.0),
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
        assert!((apart(&[110.0, 100.0, 105.0]).unwrap() - 0.10).abs() < 1e-9);
        assert_eq!((apart(&[0.0, 0.0]), apart(&[])), (Some(0.0), Some(0.0)));
        assert_eq!(apart(&[100.0, 0.0, 100.0]), None, "one found none");
    }

    /// A search's step in which a centre left so much undone.
    fn step(slo: &str, rate: f64, change: impl FnOnce(&mut Summary)) -> Step {
        let mut summary = Summary {
            sent: 100,
            ..Summary::default()
        };
        change(&mut summary);
        summary.objectives = slo.parse::<Slo>().unwrap().judge(&summary);
        Step::of((Purpose::Search, 1, rate), summary, None, Busy::default())
    }

    fn broke_at(steps: &[Step], rate: f64) -> Option<usize> {
        Breach::above(rate, steps).shown()
    }

    fn lost_or_slow() -> Step {
        step("p99<10ms,refused<50%", 1.0, |run| {
            (run.lost, run.refused) = (2, 3);
        })
    }

    #[test]
    fn what_no_objective_bounds_may_not_be_lost_or_refused() {
        let refused = |slo: &str| step(slo, 1.0, |run| run.refused = 3);
        assert!(refused("refused<=3%").held && refused("errors<4").held);
        let shown = refused("lost=0");
        assert!(!shown.held);
        let unsaid = "refused=0 BROKEN (3, and no objective allows it)";
        assert_eq!(shown.broken(), [unsaid]);
        assert!(shown.broke_by_refusing() && !lost_or_slow().broke_by_refusing());
        let lost = |slo: &str| step(slo, 1.0, |run| run.lost = 3);
        assert!(lost("lost<4").held);
        assert_eq!(
            lost("refused=0").broken(),
            ["lost 3, and no objective allows it"]
        );
        let doubled = step("doubly_ordered<5", 1.0, |run| run.doubly_ordered = 2);
        assert!(!doubled.held);
        assert_eq!(doubled.broken(), ["doubly ordered 2"]);
    }

    #[test]
    fn what_broke_twice_shows_more_than_what_broke_once() {
        let at = |rate: f64, lost: u64| step("lost=0", rate, |run| run.lost = lost);
        let steps = [
            at(100.0, 0),
            at(150.0, 1),
            at(150.0, 0),
            at(225.0, 1),
            at(225.0, 1),
            at(337.0, 1),
        ];
        assert_eq!(broke_at(&steps, 100.0), Some(3));
        assert_eq!(broke_at(&steps[..3], 100.0), Some(1), "once is something");
        assert_eq!(broke_at(&steps, 337.0), None);
        assert_eq!(unconfirmed(&steps), Some(150.0));
        assert_eq!(unconfirmed(&steps[3..]), None);
        // A soak that broke undoes what a step held, and shows more than a step far above.
        let soak = Step {
            purpose: Purpose::Soak,
            ..at(150.0, 1)
        };
        let eased = [at(100.0, 0), at(150.0, 0), at(225.0, 1), at(225.0, 1), soak];
        assert_eq!(unconfirmed(&eased), Some(100.0));
        assert_eq!(broke_at(&eased, 142.5), Some(4));
        assert_eq!(broke_at(&eased[..2], 150.0), None);
        assert_eq!(
            broke_at(&[&eased[..2], &eased[4..]].concat(), 150.0),
            Some(2)
        );
    }

    /// A step at which the generator was the bottleneck holds nothing, so it may be all that keeps the found rate down.
    #[test]
    fn where_most_that_broke_was_the_generator_s_it_is_the_limit() {
        let broke = |rate: f64, is_the_generators: bool| Step {
            invalid: is_the_generators.then(|| "it was late".to_owned()),
            ..step("lost=0", rate, |run| run.lost = 1)
        };
        // The centre was overloaded by the climb, far above; just above what holds it is the generator that was late, two times of three.
        let mostly = [
            broke(225.0, false),
            broke(225.0, false),
            broke(105.0, true),
            broke(105.0, true),
            broke(110.0, false),
        ];
        assert_eq!(Breach::above(100.0, &mostly).beside(), (3, 2));
        assert_eq!(broke_at(&mostly, 100.0), Some(2));
        let once = [&mostly[..3], &mostly[4..], &[broke(115.0, false)]].concat();
        assert_eq!(Breach::above(100.0, &once).beside(), (3, 1));
        let shown = broke_at(&once, 100.0);
        assert_eq!(shown, Some(0), "broke twice, and is the centre's");
        // None holds: all that broke is looked at.
        assert_eq!(Breach::above(0.0, &mostly).beside(), (5, 2));
        assert_eq!(Breach::above(0.0, &[]).beside(), (0, 0));
    }
}
