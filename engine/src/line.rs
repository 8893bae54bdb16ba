//! A line (服务号码): the number that was dialled, as data.
//!
//! It says nothing about what the number means; that is the lexicon's and the plan's. See `classify` for the weak
//! prior that a line gives.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A dialled number of three to eight digits, such as 110 or 12345; no leading zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Line(pub u32);

/// Why a text or number is not a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a line; write the dialled number, three to eight digits without a leading zero, as in 110 or 12345"
)]
pub struct LineError(pub String);

impl Line {
    /// 公安
    pub const POLICE: Line = Line(110);
    /// 消防
    pub const FIRE: Line = Line(119);
    /// 交警
    pub const TRAFFIC: Line = Line(122);
    /// 急救
    pub const MEDICAL: Line = Line(120);

    /// The smallest number that is a line.
    pub const MIN: u32 = 100;
    /// The largest number that is a line.
    pub const MAX: u32 = 99_999_999;

    /// The line with this number; `None` outside three to eight digits.
    pub const fn new(number: u32) -> Option<Line> {
        if number < Line::MIN || number > Line::MAX {
            return None;
        }
        Some(Line(number))
    }

    /// The number, as dialled.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Line, LineError> {
        let refuse = || LineError(text.chars().take(40).collect());
        let digits = (3..=8).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        if !digits {
            return Err(refuse());
        }
        text.parse().ok().and_then(Line::new).ok_or_else(refuse)
    }
}

impl From<Line> for u32 {
    fn from(line: Line) -> u32 {
        line.0
    }
}

impl TryFrom<u32> for Line {
    type Error = LineError;

    fn try_from(number: u32) -> Result<Line, LineError> {
        Line::new(number).ok_or_else(|| LineError(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_from_every_form() {
        for text in ["110", "12345", "99999999"] {
            let line: Line = text.parse().unwrap();
            assert_eq!(line.to_string(), text);
            assert_eq!(serde_json::to_string(&line).unwrap(), text);
            assert_eq!(serde_json::from_str::<Line>(text).unwrap(), line);
        }
        assert_eq!("110".parse::<Line>().unwrap(), Line::POLICE);
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for text in [
            "",
            "11",
            "011",
            "123456789",
            "+110",
            "-110",
            "11a",
            " 110",
            "１１０",
            "urn:service:sos",
        ] {
            assert!(text.parse::<Line>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Line>("99").is_err());
        assert!(Line::new(u32::MAX).is_none());
    }
}
