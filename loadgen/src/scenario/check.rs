//! From a typed scenario to one that can be run, or everything that is wrong with it.

use super::typed::{PhaseTyped, Typed, line_of};
use super::{Mistake, PHASES_MAX, RATE_MAX, Scenario, ScenarioError};
use crate::caller::behaviour::Calling;
use crate::cli::checked::{Crewing, Lasting, Positions};
use crate::crew::Behaviour;
use crate::objective::{Objective, Slo};
use crate::pace::{Arrivals, Phase, Shape, Spread};
use std::str::FromStr;
use std::time::Duration;
use toml::Spanned;

/// A name that a phase's shape has, what it needs beside its duration, and an example.
struct Form {
    name: &'static str,
    needs: &'static [&'static str],
    example: &'static str,
}

const FORMS: [Form; 7] = [
    Form {
        name: "constant",
        needs: &["rate"],
        example: "rate = 500",
    },
    Form {
        name: "soak",
        needs: &["rate"],
        example: "rate = 500",
    },
    Form {
        name: "ramp",
        needs: &["from", "to"],
        example: "from = 100, to = 2000",
    },
    Form {
        name: "step",
        needs: &["from", "to", "steps"],
        example: "from = 500, to = 2000, steps = 4",
    },
    Form {
        name: "spike",
        needs: &["rate", "peak", "at", "lasting"],
        example: "rate = 100, peak = 2000, at = \"10s\", lasting = \"2s\"",
    },
    Form {
        name: "trace",
        needs: &["speed"],
        example: "speed = 60",
    },
    // Not a shape, but what many a tool calls one.
    Form {
        name: "poisson",
        needs: &[],
        example: "",
    },
];

/// Checks a typed scenario.
pub fn scenario(name: &str, text: &str, typed: &Typed) -> Result<Scenario, ScenarioError> {
    let mut check = Check {
        name,
        text,
        mistakes: Vec::new(),
    };
    let scenario = check.scenario(typed);
    if check.mistakes.is_empty() {
        Ok(scenario)
    } else {
        Err(ScenarioError(check.mistakes))
    }
}

struct Check<'a> {
    name: &'a str,
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl Check<'_> {
    fn wrong(&mut self, at: usize, field: &str, what: impl Into<String>) {
        let line = line_of(self.text, at);
        let place = format!("{}:{line}: {field}", self.name);
        self.mistakes.push(Mistake {
            place,
            what: what.into(),
        });
    }

    fn scenario(&mut self, typed: &Typed) -> Scenario {
        let connections = self.whole("connections", typed.connections.as_ref(), 1, 1_000);
        let streams = self.whole("streams", typed.streams.as_ref(), 1, 15);
        let seed = self.whole("seed", typed.seed.as_ref(), 0, i64::MAX);
        let objectives = typed
            .objectives
            .iter()
            .filter_map(|one| self.parsed::<Objective>("objectives", Some(one)));
        let objectives = Slo(objectives.collect());
        let settle = self.parsed::<Lasting>("settle", typed.settle.as_ref());
        Scenario {
            arrivals: self.arrivals(typed),
            connections: connections.and_then(|count| u16::try_from(count).ok()),
            streams: streams.and_then(|count| u8::try_from(count).ok()),
            settle: settle.map(|settle| settle.0),
            crews: self.crews(typed),
            callers: self.parsed::<Calling>("callers", typed.callers.as_ref()),
            seed: seed.and_then(|seed| u64::try_from(seed).ok()),
            objectives,
        }
    }

    /// What a text says, where there is one and it can be meant.
    fn parsed<T: FromStr<Err = String>>(
        &mut self,
        field: &str,
        text: Option<&Spanned<String>>,
    ) -> Option<T> {
        let text = text?;
        match text.get_ref().parse() {
            Ok(value) => Some(value),
            Err(what) => {
                self.wrong(text.span().start, field, what);
                None
            }
        }
    }

    fn whole(
        &mut self,
        field: &str,
        number: Option<&Spanned<i64>>,
        least: i64,
        most: i64,
    ) -> Option<i64> {
        let number = number?;
        if (least..=most).contains(number.get_ref()) {
            return Some(*number.get_ref());
        }
        let what = format!(
            "{} cannot be; write a number from {least} to {most}",
            number.get_ref()
        );
        self.wrong(number.span().start, field, what);
        None
    }

    fn crews(&mut self, typed: &Typed) -> Option<Option<Behaviour>> {
        let positions = self.parsed::<Positions>("positions", typed.positions.as_ref());
        let crews = typed.crews.as_ref()?;
        if crews.get_ref() == "none" {
            return Some(None);
        }
        match crews.get_ref().parse() {
            Ok(crewing) => Some(Some(Crewing::behaviour(
                crewing,
                positions.unwrap_or_default(),
            ))),
            Err(_) => {
                let what = format!(
                    "`{}` is no behaviour of crews; write none, field or standard",
                    crews.get_ref()
                );
                self.wrong(crews.span().start, "crews", what);
                None
            }
        }
    }

    fn arrivals(&mut self, typed: &Typed) -> Arrivals {
        if typed.phase.is_empty() || typed.phase.len() > PHASES_MAX {
            let what = format!(
                "{} phases; write 1 to {PHASES_MAX}, as in [[phase]] shape = \"constant\", rate = 500, duration = \"30s\"",
                typed.phase.len()
            );
            self.wrong(0, "phase", what);
        }
        let mut phases = Vec::new();
        for (index, phase) in typed.phase.iter().enumerate() {
            let at = phase.span().start;
            let is_last = index + 1 == typed.phase.len();
            phases.extend(self.phase(phase.get_ref(), at, is_last));
        }
        if self.mistakes.is_empty() && !phases.iter().any(sends) {
            self.wrong(
                0,
                "phase",
                "not one call would be sent; raise a rate or a duration",
            );
        }
        Arrivals::of(phases)
    }

    fn phase(&mut self, typed: &PhaseTyped, at: usize, is_last: bool) -> Option<Phase> {
        let form = FORMS.iter().find(|form| form.name == typed.shape.get_ref());
        let Some(form) = form.filter(|form| !form.needs.is_empty()) else {
            let shape = typed.shape.get_ref();
            let hint = if form.is_some() {
                " (calls come at random with arrivals = \"poisson\")"
            } else {
                ""
            };
            let what = format!(
                "`{shape}` is no shape{hint}; write constant, ramp, step, spike, soak or trace"
            );
            self.wrong(typed.shape.span().start, "phase.shape", what);
            return None;
        };
        let known = self.mistakes.len();
        self.belongs(typed, form, at);
        let duration = self
            .parsed::<Lasting>("phase.duration", typed.duration.as_ref())
            .map(|lasting| lasting.0);
        if typed.duration.is_none() && !(form.name == "trace" && is_last) {
            let what = format!(
                "a {} needs a duration, as in duration = \"30s\"{}",
                form.name,
                if form.name == "trace" {
                    "; only the last phase may go on to the trace's end"
                } else {
                    ""
                }
            );
            self.wrong(at, "phase.duration", what);
        }
        if duration.is_some_and(|duration| duration.is_zero()) {
            self.wrong(
                at,
                "phase.duration",
                "a phase of no time; write a length of time above 0, as in 30s",
            );
        }
        let spread = self.spread(typed, form);
        let shape = self.shape(typed, form, duration.unwrap_or(Duration::MAX));
        if self.mistakes.len() > known {
            return None;
        }
        Some(Phase {
            shape: shape?,
            spread: spread?,
            lasting: duration,
        })
    }

    /// Every field that the shape needs is there, and no other.
    fn belongs(&mut self, typed: &PhaseTyped, form: &Form, at: usize) {
        let fields = [
            ("rate", typed.rate.as_ref().map(|it| it.span().start)),
            ("from", typed.from.as_ref().map(|it| it.span().start)),
            ("to", typed.to.as_ref().map(|it| it.span().start)),
            ("steps", typed.steps.as_ref().map(|it| it.span().start)),
            ("peak", typed.peak.as_ref().map(|it| it.span().start)),
            ("at", typed.at.as_ref().map(|it| it.span().start)),
            ("lasting", typed.lasting.as_ref().map(|it| it.span().start)),
            ("speed", typed.speed.as_ref().map(|it| it.span().start)),
        ];
        for (field, there) in fields {
            let what = match (form.needs.contains(&field), there) {
                (true, None) => format!("a {} needs it, as in {}", form.name, form.example),
                (false, Some(_)) => format!(
                    "does not belong to a {}; it takes {}",
                    form.name,
                    form.needs.join(", ")
                ),
                (true, Some(_)) | (false, None) => continue,
            };
            self.wrong(there.unwrap_or(at), &format!("phase.{field}"), what);
        }
    }

    fn spread(&mut self, typed: &PhaseTyped, form: &Form) -> Option<Spread> {
        let Some(arrivals) = &typed.arrivals else {
            return Some(Spread::Evenly);
        };
        let spread = match arrivals.get_ref().as_str() {
            "evenly" => Some(Spread::Evenly),
            "poisson" => Some(Spread::Poisson),
            _ => None,
        };
        let what = match spread {
            Some(_) if form.name == "trace" => "a trace has its own times; leave it out".to_owned(),
            Some(spread) => return Some(spread),
            None => format!(
                "`{}` is no way to arrive; write evenly or poisson",
                arrivals.get_ref()
            ),
        };
        self.wrong(arrivals.span().start, "phase.arrivals", what);
        None
    }

    fn shape(&mut self, typed: &PhaseTyped, form: &Form, duration: Duration) -> Option<Shape> {
        match form.name {
            "constant" | "soak" => Some(Shape::Constant {
                rate: self.rate("rate", typed.rate.as_ref())?,
            }),
            "ramp" => {
                let (from, to) = (
                    self.rate("from", typed.from.as_ref()),
                    self.rate("to", typed.to.as_ref()),
                );
                Some(Shape::Ramp {
                    from: from?,
                    to: to?,
                })
            }
            "step" => {
                let (from, to) = (
                    self.rate("from", typed.from.as_ref()),
                    self.rate("to", typed.to.as_ref()),
                );
                let steps = self.whole("phase.steps", typed.steps.as_ref(), 2, 10_000)?;
                let steps = u32::try_from(steps).ok()?;
                Some(Shape::Steps {
                    from: from?,
                    to: to?,
                    steps,
                })
            }
            "spike" => self.spike(typed, duration),
            _ => {
                let speed = typed.speed.as_ref()?;
                if speed.get_ref().is_finite() && *speed.get_ref() > 0.0 {
                    return Some(Shape::Trace {
                        times: *speed.get_ref(),
                    });
                }
                let what = format!(
                    "{} is not a speed; write a number above 0, as in 60",
                    speed.get_ref()
                );
                self.wrong(speed.span().start, "phase.speed", what);
                None
            }
        }
    }

    fn spike(&mut self, typed: &PhaseTyped, duration: Duration) -> Option<Shape> {
        let (rate, peak) = (
            self.rate("rate", typed.rate.as_ref()),
            self.rate("peak", typed.peak.as_ref()),
        );
        let at = self.parsed::<Lasting>("phase.at", typed.at.as_ref());
        let lasting = self.parsed::<Lasting>("phase.lasting", typed.lasting.as_ref());
        let (at, lasting) = (at?.0, lasting?.0);
        if at.saturating_add(lasting) > duration {
            let what = format!(
                "the spike ends after {:?}, and the phase after {duration:?}; let it end within",
                at + lasting
            );
            self.wrong(typed.shape.span().start, "phase.lasting", what);
        }
        Some(Shape::Spike {
            rate: rate?,
            peak: peak?,
            at,
            lasting,
        })
    }

    fn rate(&mut self, field: &str, rate: Option<&Spanned<f64>>) -> Option<f64> {
        let rate = rate?;
        if (0.0..=RATE_MAX).contains(rate.get_ref()) {
            return Some(*rate.get_ref());
        }
        let what = format!(
            "{} is not a rate; write calls a second, from 0 to {RATE_MAX}",
            rate.get_ref()
        );
        self.wrong(rate.span().start, &format!("phase.{field}"), what);
        None
    }
}

/// Whether a call comes in it at all.
fn sends(phase: &Phase) -> bool {
    match phase.shape {
        Shape::Constant { rate } => rate > 0.0,
        Shape::Ramp { from, to } | Shape::Steps { from, to, .. } => from + to > 0.0,
        Shape::Spike { rate, peak, .. } => rate + peak > 0.0,
        Shape::Trace { .. } => true,
    }
}
