//! What the channels have done: counts by outcome, how many wait, how long it took until somebody was told.

use engine::city::contacts::ChannelKind;
use engine::histogram::Histogram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What became of telling somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Told,
    /// It did not; it is tried again.
    Failed,
    /// Not wanted any more: somebody acknowledged, or the order ended.
    Cancelled,
    /// It gave way to a newer one: too many waited.
    GaveWay,
    /// The answer acknowledged the order.
    Acknowledged,
}

impl Outcome {
    /// All of them, in their order.
    pub const ALL: [Outcome; 5] = [
        Outcome::Told,
        Outcome::Failed,
        Outcome::Cancelled,
        Outcome::GaveWay,
        Outcome::Acknowledged,
    ];

    /// The word for it.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Told => "told",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::GaveWay => "gave_way",
            Outcome::Acknowledged => "acknowledged",
        }
    }
}

/// What is counted and timed, by channel.
#[derive(Debug)]
pub struct ChannelFigures([OfChannel; ChannelKind::ALL.len()]);

#[derive(Debug)]
struct OfChannel {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    waiting: AtomicU64,
    took: Histogram,
}

impl Default for ChannelFigures {
    fn default() -> ChannelFigures {
        ChannelFigures(std::array::from_fn(|_| OfChannel {
            outcomes: Default::default(),
            waiting: AtomicU64::new(0),
            took: Histogram::of_durations(),
        }))
    }
}

impl ChannelFigures {
    fn of(&self, channel: ChannelKind) -> &OfChannel {
        &self.0[channel as usize]
    }

    /// Counts some outcomes.
    pub fn count(&self, channel: ChannelKind, outcome: Outcome, times: u64) {
        self.of(channel).outcomes[outcome as usize].fetch_add(times, Ordering::Relaxed);
    }

    /// Somebody was told, so long after it was known whom to tell.
    pub fn told(&self, channel: ChannelKind, took: Duration) {
        self.count(channel, Outcome::Told, 1);
        let took = crate::figures::nanoseconds(took);
        self.of(channel).took.record(took);
    }

    /// So many wait in a channel now.
    pub fn wait(&self, channel: ChannelKind, waiting: usize) {
        let waiting = waiting as u64;
        self.of(channel).waiting.store(waiting, Ordering::Relaxed);
    }

    /// How often something came of telling.
    pub fn counted(&self, channel: ChannelKind, outcome: Outcome) -> u64 {
        self.of(channel).outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// How many wait in a channel, those that are on their way among them.
    pub fn waiting(&self, channel: ChannelKind) -> u64 {
        self.of(channel).waiting.load(Ordering::Relaxed)
    }

    /// How long it took until somebody was told, in nanoseconds.
    pub fn took(&self, channel: ChannelKind) -> &Histogram {
        &self.of(channel).took
    }
}
