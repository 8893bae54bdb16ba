//! The parts of a load that are told by themselves: each phase, of a phase in steps each step, of a spike what is before, in and after it.

use super::shape::rates_of_steps;
use super::{Arrivals, Phase, Shape};
use std::time::Duration;

/// More than these are not told apart: the last is all the rest.
const PARTS_MAX: usize = 200;

/// A time in which calls are counted by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `2.3`: the third step of the second phase.
    pub name: String,
    /// What was asked in it, in words.
    pub load: String,
    /// When it begins, from the start.
    pub begins: Duration,
    /// How long it is; `None`: until the trace has been gone through.
    pub lasting: Option<Duration>,
}

/// All parts of a load, each beginning where the one before ends.
pub fn parts_of(arrivals: &Arrivals) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut begins = Duration::ZERO;
    for (number, phase) in (1..).zip(arrivals.phases()) {
        let pieces = pieces(phase);
        let told_apart = pieces.len() > 1;
        for (step, (load, lasting)) in (1..).zip(pieces) {
            parts.push(Part {
                name: match told_apart {
                    true => format!("{number}.{step}"),
                    false => number.to_string(),
                },
                load,
                begins,
                lasting,
            });
            begins = begins.saturating_add(lasting.unwrap_or_default());
        }
    }
    if parts.len() > PARTS_MAX {
        let beyond = parts.split_off(PARTS_MAX);
        if let Some(rest) = parts.last_mut() {
            let all = beyond.iter().map(|part| part.lasting);
            let all = all.fold(rest.lasting, |all, part| Some(all? + part?));
            (rest.load, rest.lasting) = ("all the rest".into(), all);
        }
    }
    parts
}

/// What is told apart in a phase: the load in words, and how long it is.
fn pieces(phase: &Phase) -> Vec<(String, Option<Duration>)> {
    let whole = || vec![(phase.shape.to_string(), phase.lasting)];
    let Some(all) = phase.lasting else {
        return whole();
    };
    let level = |rate: f64, lasting| (Shape::Constant { rate }.to_string(), Some(lasting));
    match phase.shape {
        Shape::Steps { from, to, steps } => {
            let each = all / steps.max(1);
            let rates = rates_of_steps(from, to, steps);
            rates.map(|rate| level(rate, each)).collect()
        }
        Shape::Spike {
            rate,
            peak,
            at,
            lasting,
        } => {
            let at = at.min(all);
            let lasting = lasting.min(all - at);
            let pieces = [(rate, at), (peak, lasting), (rate, all - at - lasting)];
            let pieces = pieces.into_iter().filter(|(_, lasting)| !lasting.is_zero());
            pieces.map(|(rate, lasting)| level(rate, lasting)).collect()
        }
        Shape::Constant { .. } | Shape::Ramp { .. } | Shape::Trace { .. } => whole(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Spread;

    fn phase(shape: Shape, lasting_s: u64) -> Phase {
        Phase {
            shape,
            spread: Spread::Evenly,
            lasting: Some(Duration::from_secs(lasting_s)),
        }
    }

    fn told(phases: Vec<Phase>) -> Vec<String> {
        let told = |part: &Part| {
            let lasting = part
                .lasting
                .map_or(f64::INFINITY, |lasting| lasting.as_secs_f64());
            let begins = part.begins.as_secs_f64();
            format!("{} {begins}+{lasting} {}", part.name, part.load)
        };
        parts_of(&Arrivals::of(phases)).iter().map(told).collect()
    }

    #[test]
    fn steps_and_spikes_are_told_apart() {
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
        let to_the_end = Phase {
            lasting: None,
            ..phase(Shape::Trace { times: 2.0 }, 0)
        };
        assert_eq!(
            told(vec![phase(steps, 3), phase(spike, 5), to_the_end]),
            [
                "1.1 0+1 10 calls/s",
                "1.2 1+1 20 calls/s",
                "1.3 2+1 30 calls/s",
                "2.1 3+2 5 calls/s",
                "2.2 5+1 100 calls/s",
                "2.3 6+2 5 calls/s",
                "3 8+inf the trace's own times, 2 times faster",
            ]
        );
    }

    #[test]
    fn more_than_are_told_apart_are_one() {
        let steps = Shape::Steps {
            from: 1.0,
            to: 500.0,
            steps: 500,
        };
        let parts = parts_of(&Arrivals::of(vec![phase(steps, 500)]));
        let last = parts.last().unwrap();
        assert_eq!((parts.len(), last.load.as_str()), (200, "all the rest"));
        assert_eq!(
            (last.begins, last.lasting),
            (Duration::from_secs(199), Some(Duration::from_secs(301)))
        );
    }
}
