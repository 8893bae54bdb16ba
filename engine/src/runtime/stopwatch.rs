//! The one place in the engine that reads a clock.

#![allow(clippy::disallowed_types)] // this is the exception that the lint points to

use crate::limits::CLOCK_STEP_ALARM_MS;
use crate::moment::{Moment, Span};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where the wall's time comes from.
#[derive(Clone, Debug, Default)]
pub enum TimeSource {
    /// The machine's clock.
    #[default]
    Machine,
    /// Whoever holds the other end: milliseconds since 1970.
    Told(Arc<AtomicI64>),
}

/// The wall's clock, made monotone: a backward step is clamped, a large forward step is counted.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    source: TimeSource,
    last: Moment,
    /// Whether it was read before: how long nobody ran says nothing about the clock.
    begun: bool,
    /// Forward steps larger than the alarm's.
    pub jumps: u64,
    /// How far the last reading was before what is shown: so long nothing falls due.
    pub behind: Span,
}

impl Stopwatch {
    /// A clock that never shows less than `floor`.
    pub fn not_before(floor: Moment, source: TimeSource) -> Stopwatch {
        Stopwatch {
            source,
            last: floor,
            ..Stopwatch::default()
        }
    }

    /// The time now.
    pub fn now(&mut self) -> Moment {
        let read = match &self.source {
            TimeSource::Machine => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
            }
            TimeSource::Told(now) => now.load(Ordering::Relaxed),
        };
        self.take(Moment(read))
    }

    /// What it shows after this reading of the machine's clock.
    fn take(&mut self, read: Moment) -> Moment {
        self.behind = Span((self.last - read).0.max(0));
        if self.behind == Span(0) {
            // The writer reads at least once a second, so a gap is a step of the clock or a stopped machine.
            if self.begun && read - self.last > Span(CLOCK_STEP_ALARM_MS) {
                self.jumps += 1;
            }
            self.last = read;
        }
        self.begun = true;
        self.last
    }
}

/// Time that has passed since a moment, whatever the machine's clock says: for measuring, never for deciding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lapse(Instant);

impl Lapse {
    /// From now on.
    pub fn begin() -> Lapse {
        Lapse(Instant::now())
    }

    /// Nanoseconds since.
    pub fn ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_forward_is_counted_and_a_step_back_is_clamped() {
        let mut stopwatch = Stopwatch::not_before(Moment(1_000), TimeSource::Machine);
        // A day in which nobody ran is no step.
        let day = Moment(86_400_000);
        assert_eq!((stopwatch.take(day), stopwatch.jumps), (day, 0));
        let usual = day + Span(CLOCK_STEP_ALARM_MS);
        assert_eq!((stopwatch.take(usual), stopwatch.jumps), (usual, 0));
        let stepped = usual + Span(CLOCK_STEP_ALARM_MS + 1);
        assert_eq!((stopwatch.take(stepped), stopwatch.jumps), (stepped, 1));
        assert_eq!(
            (stopwatch.take(day), stopwatch.behind),
            (stepped, stepped - day)
        );
        assert_eq!(
            (stopwatch.take(stepped), stopwatch.behind),
            (stepped, Span(0))
        );
        assert_eq!(stopwatch.jumps, 1);
    }

    #[test]
    fn a_clock_behind_the_journal_shows_the_journals_time() {
        let mut stopwatch = Stopwatch::not_before(Moment(5_000), TimeSource::Machine);
        assert_eq!(stopwatch.take(Moment(1)), Moment(5_000));
        assert_eq!((stopwatch.behind, stopwatch.jumps), (Span(4_999), 0));
        assert!(stopwatch.now() > Moment(5_000));
    }
}
