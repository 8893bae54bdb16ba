//! Identities: of centres, and of the things a centre numbers itself.
//!
//! A number is 48 bits under a 16-bit centre, counts up from 1 and is never reused. People and wires see
//! `centre.number` (`1.17`); files and tables hold the same 64 bits as one integer.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// One command centre: the unit of state, of order and of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CentreId(pub u16);

/// Bits of an id that hold its number.
pub const NUMBER_BITS: u32 = 48;
/// The largest number a centre can give out.
pub const NUMBER_MAX: u64 = (1 << NUMBER_BITS) - 1;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id; write centre.number, as in 1.17 (centre 0-65535, number from 1)")]
pub struct IdError(pub String);

fn parse(text: &str) -> Option<NonZeroU64> {
    let (centre, number) = text.split_once('.')?;
    let centre: u16 = centre.parse().ok()?;
    let number: u64 = number.parse().ok()?;
    if number == 0 || number > NUMBER_MAX {
        return None;
    }
    NonZeroU64::new(u64::from(centre) << NUMBER_BITS | number)
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id of the thing that this centre numbered so; `None` outside 1 to 2^48-1.
            pub const fn new(centre: CentreId, number: u64) -> Option<$name> {
                if number == 0 || number > NUMBER_MAX {
                    return None;
                }
                match NonZeroU64::new((centre.0 as u64) << NUMBER_BITS | number) {
                    Some(bits) => Some($name(bits)),
                    None => None,
                }
            }

            /// The id with these 64 bits; `None` when the number is 0.
            pub const fn from_bits(bits: u64) -> Option<$name> {
                $name::new(CentreId((bits >> NUMBER_BITS) as u16), bits & NUMBER_MAX)
            }

            /// Centre and number in one integer.
            pub const fn bits(self) -> u64 {
                self.0.get()
            }

            /// The centre that gave the number.
            pub const fn centre(self) -> CentreId {
                CentreId((self.0.get() >> NUMBER_BITS) as u16)
            }

            /// The number under its centre, from 1.
            pub const fn number(self) -> u64 {
                self.0.get() & NUMBER_MAX
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.centre().0, self.number())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$name, IdError> {
                parse(text).map($name).ok_or_else(|| IdError(text.chars().take(40).collect()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64(self.bits())
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                use serde::de::Error;
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
                } else {
                    let bits = u64::deserialize(deserializer)?;
                    $name::from_bits(bits).ok_or_else(|| D::Error::custom("an id's number is 0"))
                }
            }
        }
    )+};
}

ids! {
    /// 报警: what one caller reported, once.
    CallId,
    /// 警情: what is being handled.
    IncidentId,
    /// 指令单: one unit told to serve one incident.
    OrderId,
    /// 力量: anything that can be ordered.
    UnitId,
}

/// A place in the journal: the number of a record, from 1. 0 is "before the first".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of one event: `centre.sequence.index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The centre that said it.
    pub centre: CentreId,
    /// The record it belongs to.
    pub sequence: Sequence,
    /// Its place among the events of the record, from 0.
    pub index: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.centre.0, self.sequence, self.index)
    }
}

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<EventId, IdError> {
        let refuse = || IdError(text.chars().take(40).collect());
        let mut parts = text.split('.');
        let mut part = || {
            parts
                .next()
                .and_then(|part| part.parse::<u64>().ok())
                .ok_or_else(refuse)
        };
        let (centre, sequence, index) = (part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(refuse());
        }
        Ok(EventId {
            centre: CentreId(u16::try_from(centre).map_err(|_| refuse())?),
            sequence: Sequence(sequence),
            index: u32::try_from(index).map_err(|_| refuse())?,
        })
    }
}

/// Why a text is not a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a hash; write its 64 lower-case hexadecimal digits")]
pub struct HashError(pub String);

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

macro_rules! hashes {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HashError;

            fn from_str(text: &str) -> Result<$name, HashError> {
                parse_hash(text).map($name).ok_or_else(|| HashError(text.chars().take(80).collect()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                use serde::de::Error;
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
                } else {
                    <[u8; 32]>::deserialize(deserializer).map($name)
                }
            }
        }
    )+};
}

hashes! {
    /// The BLAKE3 hash of an object (plan, lexicon, city, roads) that a decision was made with; its name.
    ObjectHash,
    /// The BLAKE3 hash of a batch header; it names all that was ever recorded up to there.
    HeaderHash,
}

impl ObjectHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> ObjectHash {
        ObjectHash(*blake3::hash(bytes).as_bytes())
    }
}

impl HeaderHash {
    /// What stands where there is no header before.
    pub const NONE: HeaderHash = HeaderHash([0; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_every_form() {
        let id = CallId::new(CentreId(1), 17).unwrap();
        assert_eq!(id.to_string(), "1.17");
        assert_eq!("1.17".parse::<CallId>().unwrap(), id);
        assert_eq!(CallId::from_bits(id.bits()), Some(id));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"1.17\"");
        assert_eq!(
            postcard::from_bytes::<CallId>(&postcard::to_stdvec(&id).unwrap()),
            Ok(id)
        );
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "1",
            "1.",
            "1.0",
            ".1",
            "65536.1",
            "1.281474976710656",
            "1.2.3",
            "a.b",
            "-1.1",
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
        assert!(CallId::from_bits(1 << NUMBER_BITS).is_none());
        let largest = CallId::new(CentreId(u16::MAX), NUMBER_MAX).unwrap();
        assert_eq!(largest.to_string().parse::<CallId>().unwrap(), largest);
    }

    #[test]
    fn an_event_id_reads_back() {
        let id: EventId = "1.40213.2".parse().unwrap();
        assert_eq!(id.to_string(), "1.40213.2");
        assert!("1.40213".parse::<EventId>().is_err());
        assert!("1.2.3.4".parse::<EventId>().is_err());
    }

    #[test]
    fn a_hash_reads_back_from_every_form() {
        let hash = ObjectHash(std::array::from_fn(|index| index as u8 * 7));
        let text = hash.to_string();
        assert!(text.starts_with("00070e15"), "{text}");
        assert_eq!(text.parse::<ObjectHash>().unwrap(), hash);
        assert_eq!(
            serde_json::from_str::<ObjectHash>(&format!("\"{text}\"")).unwrap(),
            hash
        );
        let bytes = postcard::to_stdvec(&hash).unwrap();
        assert_eq!(bytes, hash.0);
        assert_eq!(postcard::from_bytes::<ObjectHash>(&bytes), Ok(hash));
        for wrong in [
            "",
            "00",
            &text[1..],
            &text.to_uppercase(),
            &format!("{text}0"),
            &"é".repeat(32),
        ] {
            assert!(wrong.parse::<HeaderHash>().is_err(), "{wrong}");
        }
    }
}
