//! What the runtime measures of itself: how long deciding and committing take, and how far the journal is behind.
//!
//! Written by the writer and the journal's thread, each once a round or a group, in atomics that nobody waits for; read
//! by whoever asks. The clock is read in `stopwatch`; nothing here goes into a decision or a record.

use super::stopwatch::Lapse;
use crate::histogram::{BYTES, COUNTS, Histogram};
use crate::id::Sequence;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the runtime measures of itself.
#[derive(Debug)]
pub struct Measures {
    /// The writer's time a command in nanoseconds, as the mean of its round: drained, applied, recorded.
    pub decide: Histogram,
    /// The journal's time a group in nanoseconds: written and synced.
    pub commit: Histogram,
    /// Records of a group.
    pub group_records: Histogram,
    /// Bytes of a group, headers included.
    pub group_bytes: Histogram,
    lapse: Lapse,
    applied: AtomicU64,
    waited_ns: AtomicU64,
    /// When each batch between the writer and the disk was begun, by its number modulo their count.
    begun_ns: Box<[AtomicU64]>,
}

/// How far something is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Records that are not there yet.
    pub records: u64,
    /// How long the oldest of them has been waiting.
    pub age: Duration,
}

impl Measures {
    /// Nothing measured yet, of a journal with so many batches on the way.
    pub(super) fn new(batches: usize) -> Measures {
        Measures {
            decide: Histogram::of_durations(),
            commit: Histogram::of_durations(),
            group_records: Histogram::of(&COUNTS),
            group_bytes: Histogram::of(&BYTES),
            lapse: Lapse::begin(),
            applied: AtomicU64::new(0),
            waited_ns: AtomicU64::new(0),
            begun_ns: (0..batches.max(1)).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// How long the writer has waited for the journal in all.
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed))
    }

    /// Reads the clock: nanoseconds since these measures began.
    pub(super) fn now_ns(&self) -> u64 {
        self.lapse.ns()
    }

    pub(super) fn add_wait(&self, ns: u64) {
        self.waited_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub(super) fn begin_batch(&self, number: u64, now_ns: u64) {
        self.begun_at(number).store(now_ns, Ordering::Relaxed);
    }

    pub(super) fn applied(&self) -> Sequence {
        Sequence(self.applied.load(Ordering::Relaxed))
    }

    pub(super) fn set_applied(&self, sequence: Sequence) {
        self.applied.store(sequence.0, Ordering::Relaxed);
    }

    /// How far the journal is behind the writer, once so many batches are released.
    pub(super) fn lag(&self, durable: Sequence, batches_released: u64) -> Lag {
        let records = self.applied().0.saturating_sub(durable.0);
        if records == 0 {
            return Lag::default();
        }
        // The oldest batch that is not released holds the oldest record that is not durable.
        let begun = self.begun_at(batches_released).load(Ordering::Relaxed);
        Lag {
            records,
            age: Duration::from_nanos(self.now_ns().saturating_sub(begun)),
        }
    }

    fn begun_at(&self, number: u64) -> &AtomicU64 {
        &self.begun_ns[(number % self.begun_ns.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_as_old_as_the_oldest_batch_that_is_not_released() {
        let measures = Measures::new(2);
        assert_eq!(measures.lag(Sequence(0), 0), Lag::default());
        let before = measures.now_ns();
        measures.begin_batch(7, before);
        measures.begin_batch(8, before + 3_600_000_000_000);
        measures.set_applied(Sequence(50));
        let lag = measures.lag(Sequence(20), 7);
        let most = Duration::from_nanos(measures.now_ns() - before);
        assert_eq!(lag.records, 30);
        assert!(lag.age <= most && lag.age < Duration::from_secs(3_600));
        // Batch 8 is begun an hour from now: as old as nothing, but never a negative age.
        assert_eq!(measures.lag(Sequence(20), 8).age, Duration::ZERO);
        assert_eq!(measures.lag(Sequence(50), 8), Lag::default());
        assert_eq!(measures.lag(Sequence(60), 8), Lag::default());
    }
}
