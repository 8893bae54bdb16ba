//! Watching a run: what it tells of itself while it goes on, and how it is ended early.
//!
//! Whoever drives a run calls [`Watch::progress`] with what is counted, under whatever lock that needs, then [`Watch::show`] without
//! any. [`Line`] prints a line a second; [`screen`] draws, [`terminal`] is the terminal it is drawn on. Nothing here is counted.

pub mod screen;
pub mod terminal;

use crate::report::seconds::Departure;
use crate::report::tally::Tally;
use engine::moment::Moment;
use std::time::Duration;

/// Whether a run is to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// To its end.
    #[default]
    GoOn,
    /// Send nothing more, wait for the answers; who says so.
    Stop(String),
    /// Wait for nothing any more; who says so.
    StopAtOnce(String),
}

impl Wish {
    /// Who wants it to stop, if anybody.
    pub fn stop(&self) -> Option<&str> {
        match self {
            Wish::GoOn => None,
            Wish::Stop(by) | Wish::StopAtOnce(by) => Some(by),
        }
    }
}

/// Something to look at while it runs: the demo shows more than a line.
pub trait Watch: Send {
    /// What stands now; called every so often, under a lock: looks and returns.
    fn progress(&mut self, progress: &Progress<'_>);

    /// Shows it; nothing is locked.
    fn show(&mut self) {}

    /// How often it wants to look.
    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// Whether the run is to go on.
    fn wish(&self) -> Wish {
        Wish::GoOn
    }
}

/// Where a run stands.
pub struct Progress<'a> {
    /// On the wall clock, at a rate; otherwise on a driven one.
    pub wall: bool,
    /// Centre time.
    pub now: Moment,
    /// What was counted so far.
    pub tally: &'a Tally,
    /// What went out in the last second that is over.
    pub departure: Departure,
    /// Calls sent.
    pub sent: u64,
    /// Of these, not answered.
    pub pending: u64,
    /// Orders that crews still have something to do for.
    pub open: usize,
    /// Centre seconds a second so far.
    pub speed: f64,
    /// How long it runs.
    pub elapsed: Duration,
    /// How long it is to send, where that is known.
    pub lasting: Option<Duration>,
    /// It still sends.
    pub sending: bool,
}

/// Prints a line on stderr.
pub struct Line;

impl Watch for Line {
    fn progress(&mut self, progress: &Progress<'_>) {
        let tally = progress.tally;
        if progress.wall {
            let latency = tally.corrected.quantiles();
            eprintln!(
                "{:.0} s · sent {} · decided {} · in flight {} · refused {} · orders {} · open {} · \
                 p50 {:.2} ms · p99 {:.2} ms",
                progress.elapsed.as_secs_f64(),
                progress.sent,
                tally.decided(),
                progress.pending,
                tally.refusals(),
                tally.heard.orders.issued,
                tally.heard.orders.open,
                latency.p50_ms,
                latency.p99_ms,
            );
            return;
        }
        eprintln!(
            "{} · {:.0}× · calls {} · decided {} · refused {} · orders {} · arrived {} · open {} · ladders {}",
            progress.now,
            progress.speed,
            tally.sent,
            tally.decided(),
            tally.refusals(),
            tally.heard.orders.issued,
            tally.heard.orders.arrived,
            progress.open,
            tally.heard.ladders.values().sum::<u64>(),
        );
    }
}

/// Watches nothing.
pub struct Silent;

impl Watch for Silent {
    fn progress(&mut self, _: &Progress<'_>) {}
}
