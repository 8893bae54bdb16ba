//! Centre time: a point in time and a span, both in whole milliseconds.
//!
//! The engine never reads a clock; a `Moment` always came in from outside. People and wires see RFC 3339,
//! files and tables hold milliseconds since 1970-01-01 UTC.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// A length of time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub i64);

/// Why a text is not a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time; write RFC 3339, as in 2026-11-21T20:00:00+08:00 (years 1970 to 2200)"
)]
pub struct MomentError(pub String);

impl Moment {
    /// The earliest time that is accepted from outside.
    pub const EARLIEST: Moment = Moment(0);
    /// The latest time that is accepted from outside: 2200-01-01.
    pub const LATEST: Moment = Moment(7_258_118_400_000);

    /// The moment, if it is one that can be meant.
    pub fn checked(self) -> Option<Moment> {
        (Moment::EARLIEST..=Moment::LATEST)
            .contains(&self)
            .then_some(self)
    }

    /// How long before `later`; negative when it is after.
    pub const fn until(self, later: Moment) -> Span {
        Span(later.0 - self.0)
    }

    /// Minute of the local day, 0 to 1439, at this offset from UTC.
    pub const fn minute_of_day(self, utc_offset_min: i32) -> u16 {
        let minutes = self.0.div_euclid(60_000) + utc_offset_min as i64;
        minutes.rem_euclid(24 * 60) as u16
    }
}

impl Span {
    /// Nothing.
    pub const ZERO: Span = Span(0);

    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Span {
        Span(seconds * 1_000)
    }

    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Span {
        Span(minutes * 60_000)
    }

    /// So many hours.
    pub const fn hours(hours: i64) -> Span {
        Span(hours * 3_600_000)
    }
}

impl Add<Span> for Moment {
    type Output = Moment;

    fn add(self, span: Span) -> Moment {
        Moment(self.0 + span.0)
    }
}

impl Sub<Span> for Moment {
    type Output = Moment;

    fn sub(self, span: Span) -> Moment {
        Moment(self.0 - span.0)
    }
}

impl Sub for Moment {
    type Output = Span;

    fn sub(self, earlier: Moment) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Span;

    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Moment, MomentError> {
        let refuse = || MomentError(text.chars().take(40).collect());
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| refuse())?;
        Moment(timestamp.as_millisecond())
            .checked()
            .ok_or_else(refuse)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?
                .parse()
                .map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Moment)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back() {
        let moment: Moment = "2026-11-21T20:00:00+08:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-21T12:00:00.000Z");
        assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
        assert_eq!(moment.minute_of_day(480), 20 * 60);
    }

    #[test]
    fn absurd_times_are_refused() {
        for text in [
            "",
            "yesterday",
            "1066-10-14T00:00:00Z",
            "9999-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
