//! The one place in the engine that reads a clock.

#![allow(clippy::disallowed_types)] // this is the exception that the lint points to

use crate::limits::CLOCK_STEP_ALARM_MS;
use crate::moment::{Moment, Span};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's clock, made monotone: a backward step is clamped, a large forward step is counted.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    last: Moment,
    /// Forward steps larger than the alarm's.
    pub jumps: u64,
    /// Readings that were before the last.
    pub clamps: u64,
}

impl Stopwatch {
    /// A clock that never shows less than `floor`.
    pub fn not_before(floor: Moment) -> Stopwatch {
        Stopwatch {
            last: floor,
            jumps: 0,
            clamps: 0,
        }
    }

    /// The time now.
    pub fn now(&mut self) -> Moment {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let read = Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        if read < self.last {
            self.clamps += 1;
        } else {
            // The writer reads at least once a second, so a gap is a step of the clock or a stopped machine.
            if self.last > Moment(0) && read - self.last > Span(CLOCK_STEP_ALARM_MS) {
                self.jumps += 1;
            }
            self.last = read;
        }
        self.last
    }
}
