//! What was typed, checked: addresses, speeds, lengths of time.

use crate::scenario::RATE_MAX;
use engine::moment::Span;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

/// Where a centre is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Centre(pub SocketAddr);

impl FromStr for Centre {
    type Err = String;

    fn from_str(text: &str) -> Result<Centre, String> {
        let refuse = |why: String| {
            format!(
                "`{text}` is not a centre ({why}); write quic://HOST:PORT, as in quic://127.0.0.1:4433"
            )
        };
        let host = text
            .strip_prefix("quic://")
            .ok_or_else(|| refuse("it does not start with quic://".into()))?
            .trim_end_matches('/');
        let mut found = host
            .to_socket_addrs()
            .map_err(|error| refuse(error.to_string()))?;
        found
            .next()
            .map(Centre)
            .ok_or_else(|| refuse("the name has no address".into()))
    }
}

/// Centre seconds a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times(pub f64);

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> Result<Times, String> {
        if text == "max" {
            return Ok(Times(f64::INFINITY));
        }
        match text.parse() {
            Ok(times) if f64::is_finite(times) && times > 0.0 => Ok(Times(times)),
            Ok(_) | Err(_) => Err(format!(
                "`{text}` is not a speed; write a number above 0, as in 60, or max"
            )),
        }
    }
}

/// A rate that can be meant.
pub fn rate(flag: &str, rate: f64) -> Result<(), String> {
    if rate.is_finite() && rate > 0.0 && rate <= RATE_MAX {
        return Ok(());
    }
    Err(format!(
        "{flag} {rate} is not a rate; write calls a second, above 0 and at most {RATE_MAX}"
    ))
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting(pub Duration);

impl Lasting {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Lasting {
        Lasting(Duration::from_secs(seconds))
    }

    /// The same in centre time.
    pub fn span(self) -> Span {
        Span(i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX / 4))
    }
}

impl FromStr for Lasting {
    type Err = String;

    fn from_str(text: &str) -> Result<Lasting, String> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let factor = match &text[digits.len()..] {
            "ms" => Some(0.001),
            "s" | "" => Some(1.0),
            "m" => Some(60.0),
            "h" => Some(3_600.0),
            "d" => Some(86_400.0),
            _ => None,
        };
        let seconds = digits.parse::<f64>().ok().zip(factor);
        seconds
            .map(|(number, factor)| number * factor)
            .filter(|seconds| *seconds <= 3_153_600_000.0)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(Lasting)
            .ok_or_else(|| {
                format!("`{text}` is not a length of time; write a number with ms, s, m, h or d, as in 20s")
            })
    }
}

/// How crews behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crewing {
    /// As in the field.
    Field,
    /// One report within 1 s.
    Standard,
}

impl Crewing {
    /// The same as crews have it.
    pub const fn behaviour(self, positions: Positions) -> crate::crew::Behaviour {
        match self {
            Crewing::Field => crate::crew::Behaviour::Field {
                positions: positions.0,
            },
            Crewing::Standard => crate::crew::Behaviour::Standard,
        }
    }
}

impl FromStr for Crewing {
    type Err = String;

    fn from_str(text: &str) -> Result<Crewing, String> {
        match text {
            "field" => Ok(Crewing::Field),
            "standard" => Ok(Crewing::Standard),
            _ => Err(format!(
                "`{text}` is no behaviour of crews; write --crews or --crews=standard"
            )),
        }
    }
}

/// When crews say where they are: never as no time, on arrival as none in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions(pub crate::crew::Positions);

impl Default for Positions {
    fn default() -> Positions {
        Positions(crate::crew::Positions::OnArrival)
    }
}

impl FromStr for Positions {
    type Err = String;

    fn from_str(text: &str) -> Result<Positions, String> {
        use crate::crew::Positions as Said;
        match text {
            "none" => Ok(Positions(Said::Never)),
            "arrival" => Ok(Positions(Said::OnArrival)),
            _ => match text.parse::<Lasting>() {
                Ok(every) if every.span().0 > 0 => Ok(Positions(Said::Every(every.span()))),
                Ok(_) | Err(_) => Err(format!(
                    "`{text}` is not a time of positions; write none, arrival, or a length of time, as in 30s"
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crew::Positions as Said;

    #[test]
    fn what_can_be_meant_is_read() {
        assert_eq!("20s".parse(), Ok(Lasting::seconds(20)));
        assert_eq!("1.5m".parse(), Ok(Lasting::seconds(90)));
        assert_eq!("250ms".parse(), Ok(Lasting(Duration::from_millis(250))));
        assert_eq!("60".parse(), Ok(Times(60.0)));
        assert_eq!("max".parse(), Ok(Times(f64::INFINITY)));
        let centre: Centre = "quic://127.0.0.1:4433".parse().unwrap();
        assert_eq!(centre.0, SocketAddr::from(([127, 0, 0, 1], 4433)));
        assert_eq!("30s".parse(), Ok(Positions(Said::Every(Span::seconds(30)))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
        for text in ["", "s", "20x", "-1s", "NaN", "inf", "1e300h", "秒"] {
            let error = text.parse::<Lasting>().unwrap_err();
            assert!(error.contains("as in 20s"), "{text}");
        }
        for text in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(text.parse::<Times>().is_err(), "{text}");
        }
        for text in [
            "127.0.0.1:4433",
            "quic://",
            "quic://127.0.0.1",
            "http://127.0.0.1:1",
        ] {
            let error = text.parse::<Centre>().unwrap_err();
            assert!(error.contains("quic://127.0.0.1:4433"), "{error}");
        }
        for rate_asked in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(rate("--rate", rate_asked).is_err(), "{rate_asked}");
        }
    }
}
