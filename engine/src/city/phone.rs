//! A telephone number of somebody who is to be told: private, so it is masked wherever it is not asked for by name.
//!
//! Read from the city's own tables and printed on the board. `Debug` shows its last two digits alone, and there is no
//! `Display`: whatever prints one says [`Phone::as_str`].

use crate::name::Name;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A telephone number: 3 to 20 characters, of which 3 at least are digits, the rest blanks, `+` and `-`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Phone(Name);

impl Phone {
    /// The longest, in bytes.
    pub const BYTES_MAX: usize = 20;

    /// The text as a number; `None` where it is none.
    pub fn new(text: &str) -> Option<Phone> {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let fits = |byte: u8| byte.is_ascii_digit() || b" +-".contains(&byte);
        (digits >= 3 && text.len() <= Phone::BYTES_MAX && text.bytes().all(fits))
            .then(|| Name::new(text).ok().map(Phone))
            .flatten()
    }

    /// The number in full: for the board, never for a log.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.as_str();
        let last = shown.get(shown.len() - 2..).unwrap_or_default();
        write!(f, "Phone(…{last})")
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Phone, D::Error> {
        let name = Name::deserialize(deserializer)?;
        Phone::new(name.as_str()).ok_or_else(|| serde::de::Error::custom("no telephone number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_what_parts_them() {
        for good in [
            "110",
            "000-0001-0001",
            "+86 576 8777 0000",
            "00000000000000000000",
        ] {
            assert_eq!(Phone::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "12",
            "12-",
            "+ - +",
            "ask 110",
            "110\n",
            "０１２３",
            "000000000000000000000",
        ] {
            assert_eq!(Phone::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_number_does_not_get_into_a_log() {
        let phone = Phone::new("000-0001-0042").unwrap();
        assert_eq!(format!("{phone:?}"), "Phone(…42)");
    }

    #[test]
    fn a_document_cannot_bring_another_text() {
        let read = |text: &str| serde_json::from_str::<Phone>(text);
        assert_eq!(read("\"110\"").unwrap().as_str(), "110");
        assert!(read("\"<b>\"").is_err());
    }
}
