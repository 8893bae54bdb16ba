//! When calls are to be sent, decided before the first goes out: open loop, so that a slow centre is not spared.

use crate::random::Random;
use std::time::Duration;

/// Calls a second, and how they are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// Evenly.
    Constant(f64),
    /// At random, as callers do: the gaps are exponential.
    Poisson(f64),
}

impl Arrivals {
    /// The mean number a second.
    pub const fn per_second(self) -> f64 {
        match self {
            Arrivals::Constant(rate) | Arrivals::Poisson(rate) => rate,
        }
    }

    /// The times of sending, from the start.
    pub fn schedule(self, seed: u64) -> Schedule {
        Schedule {
            arrivals: self,
            random: Random::stream(seed, 2),
            sent: 0,
            at_s: 0.0,
        }
    }
}

/// The times of sending, from the start; without end.
#[derive(Clone, Debug)]
pub struct Schedule {
    arrivals: Arrivals,
    random: Random,
    sent: u64,
    at_s: f64,
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        match self.arrivals {
            // From the count, so that no error adds up over hours.
            Arrivals::Constant(rate) => self.at_s = self.sent as f64 / rate,
            Arrivals::Poisson(rate) => self.at_s -= (1.0 - self.random.fraction()).ln() / rate,
        }
        self.sent += 1;
        Duration::try_from_secs_f64(self.at_s).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_rate_is_even_to_the_end() {
        let mut schedule = Arrivals::Constant(3_000.0).schedule(1);
        assert_eq!(schedule.next(), Some(Duration::ZERO));
        let later = schedule.nth(3_000 * 3_600 - 1).unwrap();
        assert!((later.as_secs_f64() - 3_600.0).abs() < 1e-6, "{later:?}");
    }

    #[test]
    fn a_random_rate_has_its_mean_and_its_spread() {
        let times: Vec<f64> = Arrivals::Poisson(100.0)
            .schedule(7)
            .take(20_000)
            .map(|at| at.as_secs_f64())
            .collect();
        assert!(times.is_sorted());
        let seconds = times[times.len() - 1];
        assert!((195.0..205.0).contains(&seconds), "{seconds}");
        // Of exponential gaps 1 in e is longer than the mean.
        let long = times
            .windows(2)
            .filter(|two| two[1] - two[0] > 0.01)
            .count();
        assert!((7_000..7_700).contains(&long), "{long}");
    }
}
