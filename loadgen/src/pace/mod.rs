//! When calls are to be sent, decided before the first goes out: open loop, so that a slow centre is not spared.
//!
//! A load is a list of [`Phase`]s, one after the other; each has a [`Shape`] and says whether calls come evenly or at random. A
//! [`Schedule`] names the times: the same phases, seed and rows give the same times whenever it is asked, and nothing that the
//! centre does can move one of them, so that nothing is gained by writing them all down first. [`shape`] turns shapes into
//! rates over time, [`alarm`] wakes the thread that sends.

pub mod alarm;
pub mod parts;
pub mod shape;

use crate::random::Random;
use crate::trace::Row;
use shape::Curve;
pub use shape::Shape;
use std::fmt;
use std::time::Duration;

/// How calls are spread around the rate of their phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// Evenly.
    #[default]
    Evenly,
    /// At random, as callers do: a Poisson process of that rate.
    Poisson,
}

/// A part of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// How the rate goes.
    pub shape: Shape,
    /// How calls are spread around it.
    pub spread: Spread,
    /// How long; `None`: until the trace has been gone through.
    pub lasting: Option<Duration>,
}

/// All phases of a load, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals(Vec<Phase>);

impl Arrivals {
    /// These phases. One without an end should be the last.
    pub const fn of(phases: Vec<Phase>) -> Arrivals {
        Arrivals(phases)
    }

    /// One rate all the time.
    pub fn constant(rate: f64, spread: Spread, lasting: Option<Duration>) -> Arrivals {
        Arrivals(vec![Phase {
            shape: Shape::Constant { rate },
            spread,
            lasting,
        }])
    }

    /// The phases.
    pub fn phases(&self) -> &[Phase] {
        &self.0
    }

    /// How long all of them take; `None`: until the trace has been gone through.
    pub fn lasting(&self) -> Option<Duration> {
        let mut lasting = self.0.iter().map(|phase| phase.lasting);
        lasting.try_fold(Duration::ZERO, |all, phase| {
            Some(all.saturating_add(phase?))
        })
    }

    /// The times of sending, from the start. `rows` is the trace, for its length and its own times.
    pub fn schedule<'a>(&'a self, seed: u64, rows: &'a [Row]) -> Schedule<'a> {
        Schedule {
            phases: self.0.iter(),
            rows,
            random: Random::stream(seed, 2),
            serial: 0,
            begins_s: 0.0,
            current: None,
        }
    }
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, phase) in self.0.iter().enumerate() {
            let then = if number > 0 { ", then " } else { "" };
            write!(f, "{then}{phase}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shape)?;
        match (self.shape, self.spread) {
            (Shape::Trace { .. }, _) => {}
            (_, Spread::Evenly) => f.write_str(" evenly")?,
            (_, Spread::Poisson) => f.write_str(" at random (Poisson)")?,
        }
        match self.lasting {
            Some(lasting) => write!(f, " for {} s", lasting.as_secs_f64()),
            None => Ok(()),
        }
    }
}

/// The phase that is under way.
struct Current {
    phase: Phase,
    curve: Curve,
    /// Calls of this phase that are expected before the next one.
    mass: f64,
    /// The call that it began with.
    first: u64,
}

/// The times of sending, from the start, never one before the last.
pub struct Schedule<'a> {
    phases: std::slice::Iter<'a, Phase>,
    rows: &'a [Row],
    random: Random,
    serial: u64,
    /// When the phase under way begins.
    begins_s: f64,
    current: Option<Current>,
}

impl Schedule<'_> {
    fn begin(&mut self) -> Option<Current> {
        let phase = *self.phases.next()?;
        Some(Current {
            phase,
            curve: Curve::of(&phase),
            mass: 0.0,
            first: self.serial,
        })
    }

    /// When the next call of this phase comes, from its beginning; `None`: the phase is over.
    fn within(&mut self, current: &mut Current) -> Option<f64> {
        let through = self.serial > current.first && self.is_at_the_trace_s_beginning();
        if current.phase.lasting.is_none() && through {
            return None;
        }
        let at_s = match current.phase.shape {
            Shape::Trace { times } => {
                Some(self.row_s(self.serial) - self.row_s(current.first)).map(|s| s / times)
            }
            Shape::Constant { .. }
            | Shape::Ramp { .. }
            | Shape::Steps { .. }
            | Shape::Spike { .. } => {
                if current.phase.spread == Spread::Poisson {
                    current.mass -= (1.0 - self.random.fraction()).ln();
                }
                let at_s = current.curve.when(current.mass);
                if current.phase.spread == Spread::Evenly {
                    // Counted, not added up in seconds, so that no error grows over hours.
                    current.mass += 1.0;
                }
                at_s
            }
        };
        let lasting = current.phase.lasting.map(|lasting| lasting.as_secs_f64());
        at_s.filter(|&at_s| lasting.is_none_or(|lasting| at_s < lasting))
    }

    /// How long a phase took that is over; one that goes to the trace's end ends when the trace would begin again.
    fn lasted(&self, current: &mut Current) -> f64 {
        if let Some(lasting) = current.phase.lasting {
            return lasting.as_secs_f64();
        }
        match current.phase.shape {
            Shape::Trace { times } => (self.row_s(self.serial) - self.row_s(current.first)) / times,
            Shape::Constant { .. }
            | Shape::Ramp { .. }
            | Shape::Steps { .. }
            | Shape::Spike { .. } => current.curve.when(current.mass).unwrap_or_default(),
        }
    }

    fn is_at_the_trace_s_beginning(&self) -> bool {
        self.serial.is_multiple_of((self.rows.len() as u64).max(1))
    }

    /// When a row comes in the trace's own time, which goes on from round to round.
    fn row_s(&self, serial: u64) -> f64 {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else {
            return 0.0;
        };
        let count = self.rows.len() as u64;
        let span_ms = first.at.until(last.at).0.max(0) as f64;
        // Between the last row and the first of the next round as long as between two rows on average.
        let round_ms = span_ms + (span_ms / (count.max(2) - 1) as f64).max(1.0);
        let row = &self.rows[(serial % count) as usize];
        let within_ms = first.at.until(row.at).0.max(0) as f64;
        ((serial / count) as f64 * round_ms + within_ms) / 1_000.0
    }
}

impl Iterator for Schedule<'_> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => self.begin()?,
            };
            if let Some(at_s) = self.within(&mut current) {
                self.current = Some(current);
                self.serial += 1;
                return Duration::try_from_secs_f64(self.begins_s + at_s).ok();
            }
            self.begins_s += self.lasted(&mut current);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::moment::{Moment, Span};

    fn rows(at_ms: &[i64]) -> Vec<Row> {
        let row = |&at: &i64| Row::new(Moment(1_000_000) + Span(at), format!("k{at}"), "110");
        at_ms.iter().map(row).collect()
    }

    fn seconds(arrivals: &Arrivals, rows: &[Row]) -> Vec<f64> {
        let schedule = arrivals.schedule(7, rows);
        schedule.map(|at| at.as_secs_f64()).collect()
    }

    fn phase(shape: Shape, lasting_s: u64) -> Phase {
        Phase {
            shape,
            spread: Spread::Evenly,
            lasting: Some(Duration::from_secs(lasting_s)),
        }
    }

    #[test]
    fn a_constant_rate_is_even_to_the_end() {
        let arrivals =
            Arrivals::constant(3_000.0, Spread::Evenly, Some(Duration::from_secs(7_200)));
        let rows = rows(&[0]);
        let mut schedule = arrivals.schedule(1, &rows);
        assert_eq!(schedule.next(), Some(Duration::ZERO));
        let later = schedule.nth(3_000 * 3_600 - 1).unwrap();
        assert!((later.as_secs_f64() - 3_600.0).abs() < 1e-6, "{later:?}");
        assert_eq!(schedule.count(), 3_000 * 3_600 - 1);
    }

    #[test]
    fn a_random_rate_has_its_mean_and_its_spread_and_its_seed() {
        let arrivals = Arrivals::constant(100.0, Spread::Poisson, Some(Duration::from_secs(200)));
        let rows = rows(&[0]);
        let times = seconds(&arrivals, &rows);
        assert!(times.is_sorted());
        assert!((19_500..20_500).contains(&times.len()), "{}", times.len());
        // Of exponential gaps 1 in e is longer than the mean.
        let long = times.windows(2).filter(|two| two[1] - two[0] > 0.01);
        let share = long.count() as f64 / times.len() as f64;
        assert!((0.355..0.38).contains(&share), "{share}");
        assert_eq!(times, seconds(&arrivals, &rows));
        let other: Vec<_> = arrivals.schedule(8, &rows).take(10).collect();
        assert_ne!(other[0].as_secs_f64(), times[0]);
    }

    /// Of a ramp from 0 to 100 in 10 s, 500 calls come, a quarter of them in the first half.
    #[test]
    fn a_ramp_has_its_rate_at_each_time() {
        let ramp = Shape::Ramp {
            from: 0.0,
            to: 100.0,
        };
        for spread in [Spread::Evenly, Spread::Poisson] {
            let ramp = Phase {
                spread,
                ..phase(ramp, 10)
            };
            let times = seconds(&Arrivals::of(vec![ramp]), &rows(&[0]));
            let all = times.len() as f64;
            let first_half = times.iter().filter(|&&at| at < 5.0).count() as f64;
            assert!((all - 500.0).abs() < 80.0, "{all}");
            assert!(
                (first_half / all - 0.25).abs() < 0.06,
                "{first_half} of {all}"
            );
        }
    }

    #[test]
    fn phases_follow_each_other() {
        let steps = Shape::Steps {
            from: 10.0,
            to: 30.0,
            steps: 3,
        };
        let spike = Shape::Spike {
            rate: 5.0,
            peak: 100.0,
            at: Duration::from_secs(2),
            lasting: Duration::from_secs(1),
        };
        let arrivals = Arrivals::of(vec![
            phase(steps, 3),
            phase(Shape::Constant { rate: 7.0 }, 2),
            phase(spike, 5),
        ]);
        let times = seconds(&arrivals, &rows(&[0]));
        assert!(times.is_sorted());
        let by_second = (0..10).map(|second| {
            let second = f64::from(second);
            times
                .iter()
                .filter(|&&at| at >= second && at < second + 1.0)
                .count()
        });
        let expected = [10, 20, 30, 7, 7, 5, 5, 100, 5, 5];
        assert_eq!(by_second.collect::<Vec<_>>(), expected, "{times:?}");
    }

    #[test]
    fn a_trace_comes_at_its_own_times_and_goes_on_round_after_round() {
        let rows = rows(&[0, 1_000, 4_000]);
        let times = |lasting: Option<u64>| {
            let trace = Phase {
                shape: Shape::Trace { times: 2.0 },
                spread: Spread::Evenly,
                lasting: lasting.map(Duration::from_secs),
            };
            seconds(&Arrivals::of(vec![trace]), &rows)
        };
        assert_eq!(times(None), [0.0, 0.5, 2.0]);
        // The mean gap is 2 s, at twice the speed 1 s.
        assert_eq!(times(Some(4)), [0.0, 0.5, 2.0, 3.0, 3.5]);
    }

    /// Three rows in 4 s and the mean gap of 2 s behind them, twice as fast: the next phase begins after 3 s.
    #[test]
    fn what_follows_a_trace_that_was_sent_faster_follows_as_much_earlier() {
        let trace = Phase {
            shape: Shape::Trace { times: 2.0 },
            spread: Spread::Evenly,
            lasting: None,
        };
        let then = phase(Shape::Constant { rate: 1.0 }, 2);
        let rows = rows(&[0, 1_000, 4_000]);
        assert_eq!(
            seconds(&Arrivals::of(vec![trace, then]), &rows),
            [0.0, 0.5, 2.0, 3.0, 4.0]
        );
    }

    #[test]
    fn a_load_says_what_it_is_and_how_long() {
        let steps = Shape::Steps {
            from: 1.0,
            to: 3.0,
            steps: 3,
        };
        let arrivals = Arrivals::of(vec![
            phase(steps, 3),
            phase(Shape::Constant { rate: 7.5 }, 2),
        ]);
        let says = "from 1 to 3 calls/s in 3 steps evenly for 3 s, then 7.5 calls/s evenly for 2 s";
        assert_eq!(arrivals.to_string(), says);
        assert_eq!(arrivals.lasting(), Some(Duration::from_secs(5)));
        assert_eq!(
            Arrivals::constant(1.0, Spread::Poisson, None).lasting(),
            None
        );
    }

    #[test]
    fn without_an_end_a_phase_goes_once_through_the_trace() {
        let rows = rows(&[0, 1, 2, 3, 4]);
        let once = Arrivals::constant(10.0, Spread::Evenly, None);
        assert_eq!(seconds(&once, &rows), [0.0, 0.1, 0.2, 0.3, 0.4]);
    }
}
