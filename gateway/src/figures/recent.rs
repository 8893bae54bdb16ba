//! What was lately: calls and events a second over ten seconds, and how long decisions of the last minute took.
//!
//! Bounded: a handful of tallies, and a ring of histograms that takes turns. It reads no clock; whoever looks once a second
//! says how late it is. Next: the parent, which looks.

use engine::histogram::{Distribution, Histogram};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Over how long a rate is taken.
const RATES_OVER: Duration = Duration::from_secs(10);
/// Tallies that are kept at most.
const TALLIES_MAX: usize = 16;
/// How long one histogram has its turn.
const TURN: Duration = Duration::from_secs(5);
/// Turns that make up the minute: eleven whole ones, and the one that is on.
const TURNS: usize = 12;

const _: () = assert!(TURN.as_secs() * TURNS as u64 == 60);

/// How far what only grows had grown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were accepted.
    pub calls: u64,
    /// Events that were released.
    pub events: u64,
}

/// How fast it grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Rates {
    /// Calls a second.
    pub calls_per_s: f64,
    /// Events a second.
    pub events_per_s: f64,
}

/// What was lately.
#[derive(Debug)]
pub struct Recent {
    tallies: Mutex<VecDeque<(Duration, Tally)>>,
    turns: [Histogram; TURNS],
    /// Whose turn it is, counted on for ever.
    turn: AtomicUsize,
}

impl Recent {
    /// Nothing yet.
    pub fn new() -> Recent {
        Recent {
            tallies: Mutex::default(),
            turns: std::array::from_fn(|_| Histogram::of_durations()),
            turn: AtomicUsize::new(0),
        }
    }

    fn tallies(&self) -> MutexGuard<'_, VecDeque<(Duration, Tally)>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a decision that took so many nanoseconds; waits for nobody.
    pub fn decided(&self, ns: u64) {
        self.turns[self.turn.load(Ordering::Relaxed) % TURNS].record(ns);
    }

    /// Keeps a tally that was taken at `now`, since the beginning, and gives the next histogram its turn when it is time.
    /// Called by one task alone.
    pub fn look(&self, now: Duration, tally: Tally) {
        let mut tallies = self.tallies();
        tallies.push_back((now, tally));
        while tallies.len() > TALLIES_MAX {
            tallies.pop_front();
        }
        drop(tallies);
        let due = (now.as_secs() / TURN.as_secs()) as usize;
        let on = self.turn.load(Ordering::Relaxed);
        // Each that begins anew; after a pause of a minute or more that is all of them, once.
        for turn in (on + 1).max((due + 1).saturating_sub(TURNS))..=due {
            self.turns[turn % TURNS].clear();
        }
        self.turn.store(due.max(on), Ordering::Relaxed);
    }

    /// How fast it has grown to this tally within the last ten seconds, or since the beginning if that is less.
    pub fn rates(&self, now: Duration, tally: Tally) -> Rates {
        let from = now.saturating_sub(RATES_OVER);
        let tallies = self.tallies();
        let Some(&(at, before)) = tallies.iter().find(|(at, _)| *at >= from) else {
            return Rates::default();
        };
        let seconds = now.saturating_sub(at).as_secs_f64();
        if seconds <= 0.0 {
            return Rates::default();
        }
        let rate = |before: u64, after: u64| {
            let rate = after.saturating_sub(before) as f64 / seconds;
            (rate * 10.0).round() / 10.0
        };
        Rates {
            calls_per_s: rate(before.calls, tally.calls),
            events_per_s: rate(before.events, tally.events),
        }
    }

    /// Decisions of the last minute; the oldest turn has gone, so it is between 55 and 60 seconds.
    pub fn decisions(&self) -> Distribution {
        let [first, rest @ ..] = &self.turns;
        rest.iter()
            .fold(first.read(), |sum, turn| sum.with(&turn.read()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn tally(calls: u64) -> Tally {
        Tally {
            calls,
            events: calls * 3,
        }
    }

    #[test]
    fn a_rate_is_of_the_last_ten_seconds_alone() {
        let recent = Recent::new();
        assert_eq!(recent.rates(s(1), tally(500)), Rates::default());
        recent.look(s(0), tally(0));
        let young = recent.rates(s(2), tally(100));
        assert_eq!((young.calls_per_s, young.events_per_s), (50.0, 150.0));
        // A burst in the first ten seconds, then nothing but one call a second.
        for second in 1..=40 {
            recent.look(s(second), tally(1_000 * second.min(10) + second));
        }
        assert!(recent.tallies().len() <= TALLIES_MAX);
        let rates = recent.rates(s(40), tally(10_040));
        assert_eq!((rates.calls_per_s, rates.events_per_s), (1.0, 3.0));
        assert_eq!(recent.rates(s(100), tally(10_040)), Rates::default());
    }

    #[test]
    fn a_decision_is_remembered_for_a_minute() {
        let recent = Recent::new();
        let mut samples = Vec::new();
        for second in 0..=130 {
            recent.look(s(second), Tally::default());
            if second == 3 || second == 62 {
                recent.decided(4_000_000);
            }
            samples.push(recent.decisions().total());
        }
        // Of second 3 in the turn from 0 to 5: gone at 60, when that turn is over a minute old in part.
        assert_eq!(
            (samples[3], samples[59], samples[60], samples[61]),
            (1, 1, 0, 0)
        );
        assert_eq!((samples[62], samples[119], samples[120]), (1, 1, 0));
    }

    #[test]
    fn a_pause_of_any_length_leaves_nothing_old() {
        let recent = Recent::new();
        for second in 0..60 {
            recent.look(s(second), Tally::default());
            recent.decided(1_000);
        }
        assert_eq!(recent.decisions().total(), 60);
        recent.look(s(61_003), Tally::default());
        assert_eq!(recent.decisions().total(), 0);
        recent.decided(2_000_000);
        // Interpolated between the bounds 1.8 and 2 ms.
        assert_eq!(recent.decisions().quantile(500), Some(2_000_000));
    }
}
