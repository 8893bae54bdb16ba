//! Shapes of a load, as rates over time: how many calls are expected until when, and its inverse.
//!
//! Every shape but that of a trace is a list of pieces in which the rate goes in a straight line. Calls that come evenly stand
//! where the expected number is 0, 1, 2 …; those that come at random stand where it has grown by an exponential gap, which is a
//! Poisson process of just that rate, whatever the shape (time change of a process of rate 1).

use super::Phase;
use std::fmt;
use std::time::Duration;

/// Below this difference of expected calls two numbers are one: a phase of 30 s at 0.1 a second has 3 calls, not 4.
const SAME: f64 = 1e-9;

/// How the rate of a phase goes; rates are calls a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// One rate; a soak is a long one.
    Constant {
        /// Calls a second.
        rate: f64,
    },
    /// In a straight line from one rate to the other.
    Ramp {
        /// At the beginning.
        from: f64,
        /// At the end.
        to: f64,
    },
    /// In so many equal steps from one rate to the other, each as long as the next.
    Steps {
        /// The first.
        from: f64,
        /// The last.
        to: f64,
        /// How many, two at least.
        steps: u32,
    },
    /// One rate, and for a while another.
    Spike {
        /// Before and after.
        rate: f64,
        /// Meanwhile.
        peak: f64,
        /// When it begins, from the beginning of the phase.
        at: Duration,
        /// How long it is.
        lasting: Duration,
    },
    /// The trace's own times, so many times faster.
    Trace {
        /// Seconds of the trace a second.
        times: f64,
    },
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Constant { rate } => write!(f, "{rate} calls/s"),
            Shape::Ramp { from, to } => write!(f, "from {from} to {to} calls/s"),
            Shape::Steps { from, to, steps } => {
                write!(f, "from {from} to {to} calls/s in {steps} steps")
            }
            Shape::Spike {
                rate,
                peak,
                at,
                lasting,
            } => {
                let (at, lasting) = (at.as_secs_f64(), lasting.as_secs_f64());
                write!(
                    f,
                    "{rate} calls/s with a spike of {peak} at {at} s for {lasting} s"
                )
            }
            Shape::Trace { times } => write!(f, "the trace's own times, {times} times faster"),
        }
    }
}

/// The rate of each of so many equal steps.
pub(super) fn rates_of_steps(from: f64, to: f64, steps: u32) -> impl Iterator<Item = f64> {
    let last = f64::from(steps.max(2) - 1);
    (0..steps).map(move |step| from + (to - from) * f64::from(step) / last)
}

/// A time in which the rate goes in a straight line.
#[derive(Clone, Copy, Debug)]
struct Piece {
    seconds: f64,
    from: f64,
    to: f64,
}

impl Piece {
    const fn level(seconds: f64, rate: f64) -> Piece {
        Piece {
            seconds,
            from: rate,
            to: rate,
        }
    }

    /// How many calls are expected in it.
    fn mass(&self) -> f64 {
        if self.from + self.to > 0.0 {
            self.seconds * (self.from + self.to) / 2.0
        } else {
            0.0
        }
    }

    /// When so many of them are expected.
    fn when(&self, mass: f64) -> f64 {
        if mass <= 0.0 {
            return 0.0;
        }
        let slope = (self.to - self.from) / self.seconds;
        // The root of from·t + slope·t²/2 = mass, written so that a slope near 0 loses no digits.
        let rate_then = (self.from * self.from + 2.0 * slope * mass).max(0.0).sqrt();
        2.0 * mass / (self.from + rate_then)
    }
}

/// The rate of a phase over its time.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    pieces: Vec<Piece>,
    /// The piece under way, and what was before it.
    at: usize,
    mass_before: f64,
    seconds_before: f64,
}

impl Curve {
    pub(super) fn of(phase: &Phase) -> Curve {
        let lasting = phase.lasting.map(|lasting| lasting.as_secs_f64());
        let seconds = lasting.unwrap_or(f64::INFINITY);
        let pieces = match phase.shape {
            Shape::Constant { rate } => vec![Piece::level(seconds, rate)],
            Shape::Ramp { from, to } => vec![Piece { seconds, from, to }],
            Shape::Steps { from, to, steps } => {
                let each = seconds / f64::from(steps);
                let rates = rates_of_steps(from, to, steps);
                rates.map(|rate| Piece::level(each, rate)).collect()
            }
            Shape::Spike {
                rate,
                peak,
                at,
                lasting,
            } => {
                let (at, lasting) = (at.as_secs_f64(), lasting.as_secs_f64());
                vec![
                    Piece::level(at, rate),
                    Piece::level(lasting, peak),
                    Piece::level((seconds - at - lasting).max(0.0), rate),
                ]
            }
            Shape::Trace { .. } => Vec::new(),
        };
        Curve {
            pieces,
            at: 0,
            mass_before: 0.0,
            seconds_before: 0.0,
        }
    }

    /// When so many calls are expected; asked for more from time to time. `None`: there are not so many.
    pub(super) fn when(&mut self, mass: f64) -> Option<f64> {
        loop {
            let piece = self.pieces.get(self.at)?;
            let end = self.mass_before + piece.mass();
            if mass < end - SAME * end.max(1.0) || end.is_infinite() {
                return Some(self.seconds_before + piece.when(mass - self.mass_before));
            }
            self.mass_before = end;
            self.seconds_before += piece.seconds;
            self.at += 1;
        }
    }
}
