//! The generator's own part in what a run measured: how late it sent, how long its own threads let work wait, what of the
//! machine it took. [`fault`] says when the run says more about it than about the centre.
//!
//! Late sending and late reading both make a centre look slower, never faster; a schedule that was not kept makes it look better, for
//! less was asked of it than was promised. So what was not kept is always invalid, and what was late when it is most of the figure
//! that is told, or of one that an objective was broken by.

use crate::objective::{Latency, Measure, Slo, verdict};
use crate::report::latency::{Latencies, Quantiles};
use crate::report::{Judged, Summary};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A schedule that ends later than this, or by more than [`BEHIND_SHARE`], was not kept.
const BEHIND_MS: f64 = 250.0;
/// The same as a share of the schedule's length.
const BEHIND_SHARE: f64 = 0.01;
/// Below this 99th percentile nothing of its own is worth a word, whatever the centre took.
const OWN_MS: f64 = 20.0;
/// From this share on a figure is mostly the generator's own.
const OWN_SHARE: f64 = 0.5;
/// Busy with more than this share of the machine's cores, nothing is left that could be waited for.
const SATURATED: f64 = 0.95;
/// How often its own threads are asked how long they let work wait.
const ASKED_EVERY: Duration = Duration::from_millis(10);

/// What the generator itself did in a run on the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    /// When the last call was to be sent, in seconds from the first.
    pub schedule_s: f64,
    /// How late the sending came to its end.
    pub behind_ms: f64,
    /// How long work that was ready waited for a thread of its own, as an answer does that has come.
    pub waited: Quantiles,
    /// Processor time of this process while it sent, in cores.
    pub cores_busy: f64,
    /// Cores that it may use.
    pub cores: u32,
}

/// Processor time of this process so far.
pub fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Cores that this process may use.
pub fn cores() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores).unwrap_or(u32::MAX)
}

/// Asks the runtime, from outside, how long it lets ready work wait; until it is dropped.
pub struct Probe {
    waited: Arc<Mutex<Latencies>>,
    stop: Arc<AtomicBool>,
    begun: Duration,
    since: Instant,
}

impl Probe {
    /// Begins. Needs a tokio runtime around it.
    pub fn begin() -> std::io::Result<Probe> {
        let probe = Probe {
            waited: Arc::default(),
            stop: Arc::default(),
            begun: processor_time(),
            since: Instant::now(),
        };
        let (runtime, waited, stop) = (
            tokio::runtime::Handle::current(),
            Arc::clone(&probe.waited),
            Arc::clone(&probe.stop),
        );
        std::thread::Builder::new()
            .name("load-probe".into())
            .spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::thread::sleep(ASKED_EVERY);
                    let (asked, waited) = (Instant::now(), Arc::clone(&waited));
                    drop(runtime.spawn(async move {
                        let took = asked.elapsed();
                        waited
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .add(took);
                    }));
                }
            })?;
        Ok(probe)
    }

    /// What it saw so far, of a schedule that was so long and came to its end so late; and how long work waited, whole.
    pub fn seen(&self, schedule: Duration, behind: Duration) -> (Own, Latencies) {
        let waited = self
            .waited
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let busy = processor_time().saturating_sub(self.begun);
        let own = Own {
            schedule_s: schedule.as_secs_f64(),
            behind_ms: behind.as_secs_f64() * 1_000.0,
            waited: waited.quantiles(),
            cores_busy: busy.as_secs_f64() / self.since.elapsed().as_secs_f64().max(1e-9),
            cores: cores(),
        };
        (own, waited)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Why a run says more about the generator than about the centre, if so.
pub fn fault(summary: &Summary) -> Option<String> {
    let own = &summary.generator;
    let remedy = "the generator was the bottleneck; lower the rate or give it a machine of its own";
    let allowed_ms = BEHIND_MS.max(own.schedule_s * 1_000.0 * BEHIND_SHARE);
    if own.behind_ms > allowed_ms {
        return Some(format!(
            "the schedule of {:.1} s was not kept: its last call went out {:.0} ms late, so that less was asked of the centre than was \
             promised: {remedy}",
            own.schedule_s, own.behind_ms
        ));
    }
    if own.cores_busy >= SATURATED * f64::from(own.cores.max(1)) {
        return Some(format!(
            "it kept {:.2} of {} cores busy itself while it sent: {remedy}",
            own.cores_busy, own.cores
        ));
    }
    // Where so many were never answered that there is no such figure, it is none of the generator's.
    let percentile = Latency::Percentile(99.0);
    let told = percentile.of(&summary.distributions.corrected, summary.lost)?;
    for (what, ms) in [
        ("calls went out", summary.lateness.p99_ms),
        ("answers that had come were read", own.waited.p99_ms),
    ] {
        if ms > OWN_MS && ms > told * OWN_SHARE {
            return Some(format!(
                "{what} up to {ms:.0} ms late (99th percentile), most of the {told:.0} ms that calls took by it: {remedy}"
            ));
        }
    }
    None
}

/// The same of a latency that an objective was broken by: mostly the generator's own at that percentile.
pub fn fault_of(summary: &Summary, slo: &Slo, judged: &[Judged]) -> Option<String> {
    let broken = slo.0.iter().zip(judged).filter(|(_, judged)| !judged.held);
    for (objective, judged) in broken {
        let Measure::Latency(latency, _) = objective.measure else {
            continue;
        };
        let distributions = &summary.distributions;
        let own =
            own_ms(latency, &distributions.lateness).max(own_ms(latency, &distributions.waited));
        let told = latency.of(&distributions.corrected, summary.lost);
        if let Some(told) = told.filter(|told| own > told * OWN_SHARE) {
            return Some(format!(
                "{}, and {own:.1} of these {told:.1} ms the generator was late itself; lower the rate or give it a machine of its own",
                verdict(judged)
            ));
        }
    }
    None
}

fn own_ms(latency: Latency, latencies: &Latencies) -> f64 {
    latency.of(latencies, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of 10 s on 2 cores whose answers took 40 ms.
    fn run() -> Summary {
        let mut summary = Summary {
            generator: Own {
                schedule_s: 10.0,
                cores: 2,
                cores_busy: 1.0,
                ..Own::default()
            },
            ..Summary::default()
        };
        for _ in 0..1_000 {
            summary
                .distributions
                .corrected
                .add(Duration::from_millis(40));
        }
        (summary.sent, summary.decided) = (1_000, 1_000);
        summary.latency = summary.distributions.corrected.quantiles();
        summary
    }

    fn says(change: impl FnOnce(&mut Summary)) -> String {
        let mut summary = run();
        change(&mut summary);
        fault(&summary).unwrap_or_default()
    }

    #[test]
    fn each_way_to_be_the_bottleneck_is_seen() {
        assert_eq!(says(|_| ()), "");
        assert_eq!(says(|run| run.generator.behind_ms = 240.0), "");
        assert!(says(|run| run.generator.behind_ms = 260.0).contains("was not kept"));
        assert_eq!(
            says(|run| (run.generator.behind_ms, run.generator.schedule_s) = (500.0, 60.0)),
            ""
        );
        assert!(says(|run| run.generator.cores_busy = 1.95).contains("1.95 of 2 cores"));
        assert_eq!(says(|run| run.lateness.p99_ms = 19.0), "");
        assert!(says(|run| run.lateness.p99_ms = 21.0).contains("went out up to 21 ms late"));
        assert!(says(|run| run.generator.waited.p99_ms = 30.0).contains("read up to 30 ms late"));
        // The same lateness in a run in which a centre took a second, or did not answer, is not what was measured.
        let slow = says(|run| {
            run.lateness.p99_ms = 30.0;
            for _ in 0..20 {
                run.distributions.corrected.add(Duration::from_secs(1));
            }
        });
        assert_eq!(slow, "");
        assert_eq!(says(|run| (run.lateness.p99_ms, run.lost) = (30.0, 20)), "");
    }

    #[test]
    fn an_objective_that_the_generator_broke_says_nothing_of_the_centre() {
        let slo: Slo = "p99<30ms,lost=0".parse().unwrap();
        let mut summary = run();
        let judged = slo.judge(&summary);
        assert_eq!(
            judged.iter().map(|one| one.held).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(fault_of(&summary, &slo, &judged), None);
        for _ in 0..100 {
            summary
                .distributions
                .lateness
                .add(Duration::from_millis(25));
        }
        let said = fault_of(&summary, &slo, &judged).unwrap();
        assert!(said.contains("p99<30ms BROKEN"), "{said}");
        // One that holds asks nothing.
        let slo: Slo = "p99<50ms".parse().unwrap();
        assert_eq!(fault_of(&summary, &slo, &slo.judge(&summary)), None);
    }
}
