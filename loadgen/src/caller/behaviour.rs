//! How callers behave, in figures: all of them this project's estimates, and all of them settable from outside.
//!
//! Knows no call. Next: the parent, which acts by it.

use super::Between;
use engine::moment::Span;
use std::str::FromStr;

/// Spans and shares of what callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Who has nothing to say hangs up within this.
    pub idle: Between,
    /// How long somebody talks who is told that help is on its way.
    pub talk: Between,
    /// How long somebody stays on the line to whom nobody has been sent.
    pub patience: Between,
    /// When somebody to whom nobody has come calls again.
    pub wait: Between,
    /// The same, when life is in danger.
    pub wait_life: Between,
    /// Of a thousand callers: who would call again.
    pub redial_permille: u64,
    /// How often one person calls again at most.
    pub redials_max: u64,
    /// When more is known.
    pub say: Between,
    /// Of a thousand callers: who says more later.
    pub facts_permille: u64,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            idle: Between::seconds(2, 8),
            talk: Between::seconds(30, 90),
            patience: Between::seconds(20, 180),
            wait: Between::seconds(15 * 60, 40 * 60),
            wait_life: Between::seconds(6 * 60, 15 * 60),
            redial_permille: 300,
            redials_max: 2,
            say: Between::seconds(20, 240),
            facts_permille: 80,
        }
    }
}

/// The right words, for whoever typed others.
const RIGHT: &str = "write --callers, --callers=off, or what differs, as in --callers=redial=60%,facts=0%,patience=90s";

impl FromStr for Behaviour {
    type Err = String;

    /// `field`, or a list of what differs from it: `redial` and `facts` in per cent, `redials` as a count, `patience`, `wait`,
    /// `talk` as a length of time of which half to three halves is drawn.
    fn from_str(text: &str) -> Result<Behaviour, String> {
        let mut behaviour = Behaviour::default();
        for part in text.split(',').filter(|part| *part != "field") {
            let wrong = || format!("`{part}` is no behaviour of callers; {RIGHT}");
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            match name {
                "redial" => behaviour.redial_permille = permille(value).ok_or_else(wrong)?,
                "facts" => behaviour.facts_permille = permille(value).ok_or_else(wrong)?,
                "redials" => behaviour.redials_max = value.parse().map_err(|_| wrong())?,
                "patience" => behaviour.patience = around(value).ok_or_else(wrong)?,
                "talk" => behaviour.talk = around(value).ok_or_else(wrong)?,
                "wait" => {
                    behaviour.wait = around(value).ok_or_else(wrong)?;
                    behaviour.wait_life = behaviour.wait;
                }
                _ => return Err(wrong()),
            }
        }
        Ok(behaviour)
    }
}

fn permille(text: &str) -> Option<u64> {
    let percent: f64 = text.strip_suffix('%')?.parse().ok()?;
    (0.0..=100.0)
        .contains(&percent)
        .then(|| (percent * 10.0).round() as u64)
}

fn around(text: &str) -> Option<Between> {
    let middle = text.parse::<crate::cli::checked::Lasting>().ok()?.span();
    let most = Span::hours(24).0;
    (1..=most).contains(&middle.0).then_some(Between {
        least: Span(middle.0 / 2),
        most: Span(middle.0 * 3 / 2),
    })
}

/// What `--callers` says: behaviour, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calling(pub Option<Behaviour>);

impl FromStr for Calling {
    type Err = String;

    fn from_str(text: &str) -> Result<Calling, String> {
        match text {
            "off" => Ok(Calling(None)),
            _ => text.parse().map(|behaviour| Calling(Some(behaviour))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_read_and_the_rest_stays() {
        let read: Behaviour = "redial=60%,patience=90s".parse().unwrap();
        assert_eq!(read.redial_permille, 600);
        assert_eq!(read.patience, Between::seconds(45, 135));
        assert_eq!(read.talk, Behaviour::default().talk);
        assert_eq!("off".parse(), Ok(Calling(None)));
        assert_eq!("field".parse(), Ok(Calling(Some(Behaviour::default()))));
        for text in [
            "redial=2",
            "redial=200%",
            "patience=0s",
            "lazy",
            "lazy=1s",
            "redials=-1",
        ] {
            let error = text.parse::<Calling>().unwrap_err();
            assert!(error.contains("--callers=off"), "{error}");
        }
    }
}
