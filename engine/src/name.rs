//! A short name held inline, so that a definition fits in a command without a heap.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// UTF-8 text of at most [`Name::BYTES_MAX`] bytes, without control characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    bytes: [u8; Name::BYTES_MAX],
    len: u8,
}

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has no character.
    #[error("a name is empty")]
    Empty,
    /// It does not fit.
    #[error("a name has {0} bytes; at most {max} fit (16 Chinese characters)", max = Name::BYTES_MAX)]
    Long(usize),
    /// It holds a control character.
    #[error("a name holds a control character")]
    Control,
}

impl Name {
    /// The most bytes a name can have.
    pub const BYTES_MAX: usize = 48;

    /// The text as a name.
    pub fn new(text: &str) -> Result<Name, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Name::BYTES_MAX {
            return Err(NameError::Long(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        let mut bytes = [0; Name::BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Name {
            bytes,
            len: text.len() as u8,
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

struct NameVisitor;

impl serde::de::Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name of at most {} bytes", Name::BYTES_MAX)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Name, E> {
        Name::new(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_its_bounds_hold() {
        let name = Name::new("仙居县城关镇应急队").unwrap();
        assert_eq!(name.as_str(), "仙居县城关镇应急队");
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(serde_json::from_str::<Name>(&json).unwrap(), name);
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new(&"x".repeat(49)), Err(NameError::Long(49)));
        assert_eq!(Name::new("a\nb"), Err(NameError::Control));
    }
}
