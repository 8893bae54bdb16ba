//! A record: a command with its events, as the journal keeps it.
//!
//! The layout is postcard's (variable-length integers, no names), written straight into the batch without an
//! allocation. The sequence is not in it: it is the record's place in the journal.

use crate::call::Testimony;
use crate::command::Envelope;
use crate::event::Event;
use crate::moment::Moment;
use crate::saved::is_saved_as;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The rules by which this release decides. A journal of another version is not replayed but refused.
pub const LOGIC_VERSION: u32 = 10;

/// A command with its events, borrowed from where they are.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RecordRef<'a> {
    /// Centre time of the command.
    pub at: Moment,
    /// Who said what.
    pub envelope: &'a Envelope,
    /// What was said in their own words, encoded by [`Testimony::encode`]; may be empty.
    #[serde(serialize_with = "as_bytes")]
    pub testimony: &'a [u8],
    /// What the centre said back.
    pub events: &'a [Event],
}

/// A record as it was read back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// Centre time of the command.
    pub at: Moment,
    /// Who said what.
    pub envelope: Envelope,
    /// What was said in their own words, still encoded; may be empty.
    #[serde(deserialize_with = "from_bytes")]
    pub testimony: Vec<u8>,
    /// What the centre said back.
    pub events: Vec<Event>,
}

/// The head of a record, read where it lies: enough to apply its command again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Head<'a> {
    /// Centre time of the command.
    pub at: Moment,
    /// Who said what.
    pub envelope: Envelope,
    /// What was said in their own words, still encoded; may be empty.
    pub testimony: &'a [u8],
}

/// Why bytes are not a record or not a testimony.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not readable as {what}: {reason}; it was written by another release, or is damaged")]
pub struct DecodeError {
    what: &'static str,
    reason: postcard::Error,
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// All of them at once, not one by one.
fn from_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
}

/// Bytes up to which a loop is cheaper than a call: most of what is written are numbers of a few bytes.
const SHORT: usize = 10;

/// Lets postcard append to a vector that the caller keeps.
pub(crate) struct Append<'a>(pub &'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if bytes.len() <= SHORT {
            bytes.iter().for_each(|&byte| self.0.push(byte));
        } else {
            self.0.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Lets postcard write to the start of some room; gives the number of bytes.
struct Within<'a> {
    room: &'a mut [u8],
    written: usize,
}

impl postcard::ser_flavors::Flavor for Within<'_> {
    type Output = usize;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        let place = self.room.get_mut(self.written);
        *place.ok_or(postcard::Error::SerializeBufferFull)? = byte;
        self.written += 1;
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let end = self.written + bytes.len();
        let place = self.room.get_mut(self.written..end);
        let place = place.ok_or(postcard::Error::SerializeBufferFull)?;
        if bytes.len() <= SHORT {
            for (place, &byte) in place.iter_mut().zip(bytes) {
                *place = byte;
            }
        } else {
            place.copy_from_slice(bytes);
        }
        self.written = end;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<usize> {
        Ok(self.written)
    }
}

/// Lets postcard hold what it would write against what is left of bytes that are written.
pub(crate) struct Against<'a>(pub &'a [u8]);

impl postcard::ser_flavors::Flavor for Against<'_> {
    /// Whether nothing is left.
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        match self.0.split_first() {
            Some((&written, rest)) if written == byte => {
                self.0 = rest;
                Ok(())
            }
            Some(_) | None => Err(postcard::Error::SerializeBufferFull),
        }
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let split = self.0.split_at_checked(bytes.len());
        let (written, rest) = split.ok_or(postcard::Error::SerializeBufferFull)?;
        let is_same = if bytes.len() <= SHORT {
            let mut pairs = written.iter().zip(bytes);
            pairs.all(|(written, byte)| written == byte)
        } else {
            written == bytes
        };
        self.0 = rest;
        is_same
            .then_some(())
            .ok_or(postcard::Error::SerializeBufferFull)
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.0.is_empty())
    }
}

impl RecordRef<'_> {
    /// Appends the record's bytes. Writes into memory alone and therefore cannot fail.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let written = postcard::serialize_with_flavor(self, Append(out));
        assert!(
            written.is_ok(),
            "writing a record into memory failed: {written:?}"
        );
    }
}

impl RecordRef<'_> {
    /// Writes the record's bytes to the start of `room` and gives their number; `None` when they do not fit.
    pub fn encode_into(&self, room: &mut [u8]) -> Option<usize> {
        postcard::serialize_with_flavor(self, Within { room, written: 0 }).ok()
    }
}

impl<'a> Head<'a> {
    /// The head of the record that these bytes hold, and the bytes of its events.
    pub fn decode(bytes: &'a [u8]) -> Result<(Head<'a>, &'a [u8]), DecodeError> {
        postcard::take_from_bytes(bytes).map_err(|reason| DecodeError {
            what: "a record",
            reason,
        })
    }
}

/// Whether these are the bytes that the events are written as.
pub fn are_written(events: &[Event], bytes: &[u8]) -> bool {
    is_saved_as(events, bytes)
}

impl Record {
    /// The record that these bytes hold.
    pub fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
        postcard::from_bytes(bytes).map_err(|reason| DecodeError {
            what: "a record",
            reason,
        })
    }

    /// What was said in their own words, if anything was.
    pub fn testimony(&self) -> Result<Option<Testimony>, DecodeError> {
        if self.testimony.is_empty() {
            Ok(None)
        } else {
            Testimony::decode(&self.testimony).map(Some)
        }
    }
}

impl Testimony {
    /// The bytes that travel beside a command.
    pub fn encode(&self) -> Box<[u8]> {
        let mut out = Vec::with_capacity(128);
        let written = postcard::serialize_with_flavor(self, Append(&mut out));
        assert!(
            written.is_ok(),
            "writing a testimony into memory failed: {written:?}"
        );
        out.into_boxed_slice()
    }

    /// The testimony that these bytes hold.
    pub fn decode(bytes: &[u8]) -> Result<Testimony, DecodeError> {
        postcard::from_bytes(bytes).map_err(|reason| DecodeError {
            what: "a testimony",
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::event::Refusal;

    #[test]
    fn a_record_reads_back() {
        let testimony = Testimony {
            text: Some("追尾了".into()),
            ..Testimony::default()
        };
        let envelope = Envelope {
            actor: Actor::Carrier(7),
            command: Command::Tick,
        };
        let events = [Event::Refused(Refusal::UnknownCall)];
        let encoded = testimony.encode();
        let mut bytes = Vec::new();
        RecordRef {
            at: Moment(5),
            envelope: &envelope,
            testimony: &encoded,
            events: &events,
        }
        .encode(&mut bytes);
        let record = Record::decode(&bytes).unwrap();
        assert_eq!((record.at, record.envelope), (Moment(5), envelope));
        assert_eq!(record.events, events);
        assert_eq!(record.testimony().unwrap(), Some(testimony));
    }

    #[test]
    fn any_prefix_of_a_record_is_refused() {
        let envelope = Envelope {
            actor: Actor::System,
            command: Command::Tick,
        };
        let mut bytes = Vec::new();
        RecordRef {
            at: Moment(5),
            envelope: &envelope,
            testimony: b"abc",
            events: &[],
        }
        .encode(&mut bytes);
        for end in 0..bytes.len() {
            assert!(Record::decode(&bytes[..end]).is_err(), "{end}");
        }
    }
}
