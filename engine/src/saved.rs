//! What was saved, read back: part by part, so that an error can say which part is wrong.
//!
//! The bytes may be damaged or made up. So every part is read within what is left of them, no size that they claim is
//! believed before it is held against a limit, and what does not fit is an error, never a panic. Used by `centre`
//! and `view`; which file the bytes come from is not known here.

use crate::id::{ObjectHash, Sequence};
use crate::moment::Moment;
use crate::record::{Against, Append};
use serde::{Deserialize, Serialize};

/// Moments farther than this from 1970 are not believed: spans are added to what is believed, and must not overflow.
const MOMENT_FARTHEST: i64 = 1 << 60;
/// Counts above this are not believed: they go on counting, and are added up.
const COUNT_MAX: u64 = 1 << 60;
/// Sequences above this are not believed: they go on counting.
const SEQUENCE_MAX: u64 = u64::MAX - (1 << 40);

/// Why saved bytes are not what they should be. Load an older snapshot, or replay the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A part cannot be read.
    #[error("the {part} cannot be read: {reason}; it was saved by another release, or is damaged")]
    Unreadable {
        /// Which part.
        part: &'static str,
        /// Why.
        reason: postcard::Error,
    },
    /// More bytes than parts.
    #[error("{0} bytes follow the last part; it was saved by another release, or is damaged")]
    Trailing(usize),
    /// A centre that was never opened has nothing that could be loaded.
    #[error("the saved centre was never opened")]
    NotOpened,
    /// A capacity is out of bounds, or not the one that the centre was opened with.
    #[error("the saved centre has {what} {found}; it must be {right}")]
    Capacity {
        /// Which capacity.
        what: &'static str,
        /// What was found.
        found: u64,
        /// What would be right.
        right: String,
    },
    /// An object in force is not among those at hand.
    #[error(
        "the saved centre decides with the {kind} {hash}, which is not at hand; prepare it first"
    )]
    Object {
        /// What it is.
        kind: crate::command::ObjectKind,
        /// Which one.
        hash: ObjectHash,
    },
    /// A part contradicts itself or another.
    #[error("the {part} contradict themselves: {what}")]
    Contradiction {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        what: String,
    },
}

/// That a part contradicts itself, and how.
pub(crate) fn wrong(part: &'static str, what: impl Into<String>) -> LoadError {
    LoadError::Contradiction {
        part,
        what: what.into(),
    }
}

/// Refuses what does not hold.
pub(crate) fn ensure(
    holds: bool,
    part: &'static str,
    what: impl FnOnce() -> String,
) -> Result<(), LoadError> {
    if holds {
        Ok(())
    } else {
        Err(wrong(part, what()))
    }
}

/// Refuses a moment that nobody can have meant.
pub(crate) fn ensure_moment(at: Moment, part: &'static str) -> Result<(), LoadError> {
    ensure(
        (-MOMENT_FARTHEST..=MOMENT_FARTHEST).contains(&at.0),
        part,
        || format!("{} ms since 1970 is no moment", at.0),
    )
}

/// Refuses a number that could not count on.
pub(crate) fn ensure_count(count: u64, part: &'static str) -> Result<(), LoadError> {
    ensure(count <= COUNT_MAX, part, || {
        format!("{count} is too large to count on from")
    })
}

/// Refuses a sequence that could not count on.
pub(crate) fn ensure_sequence(sequence: Sequence) -> Result<(), LoadError> {
    ensure((1..=SEQUENCE_MAX).contains(&sequence.0), "sequence", || {
        format!("{sequence} is no record that others could follow")
    })
}

/// What is left of saved bytes.
pub(crate) struct Parts<'a>(pub &'a [u8]);

impl<'a> Parts<'a> {
    /// The next part.
    pub fn take<T: Deserialize<'a>>(&mut self, part: &'static str) -> Result<T, LoadError> {
        let (value, rest) = postcard::take_from_bytes(self.0)
            .map_err(|reason| LoadError::Unreadable { part, reason })?;
        self.0 = rest;
        Ok(value)
    }

    /// The next part, a list, one by one, so that it need not be held twice; their number.
    pub fn each<T: Deserialize<'a>>(
        &mut self,
        part: &'static str,
        mut take: impl FnMut(T) -> Result<(), LoadError>,
    ) -> Result<u64, LoadError> {
        let count: u64 = self.take(part)?;
        for _ in 0..count {
            take(self.take(part)?)?;
        }
        Ok(count)
    }

    /// What `read` takes of it, and the bytes that this was read from.
    pub fn span<T>(
        &mut self,
        read: impl FnOnce(&mut Parts<'a>) -> Result<T, LoadError>,
    ) -> Result<(T, &'a [u8]), LoadError> {
        let from = self.0;
        let value = read(self)?;
        Ok((value, &from[..from.len() - self.0.len()]))
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), LoadError> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(LoadError::Trailing(left)),
        }
    }
}

/// Appends a value's bytes. Writes into memory alone and therefore cannot fail.
pub(crate) fn append<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    let written = postcard::serialize_with_flavor(value, Append(out));
    assert!(written.is_ok(), "saving into memory failed: {written:?}");
}

/// Whether these are the bytes that a value is saved as.
pub(crate) fn is_saved_as<T: Serialize + ?Sized>(value: &T, bytes: &[u8]) -> bool {
    // What differs ends it: the room is full, as it were.
    postcard::serialize_with_flavor(value, Against(bytes)) == Ok(true)
}

/// Carries out two things neither of which needs the other.
pub trait Together {
    /// Both of them; what they come to.
    fn both<A: Send, B>(
        &self,
        aside: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B);
}

/// One after the other.
pub struct InTurn;

impl Together for InTurn {
    fn both<A: Send, B>(
        &self,
        aside: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B) {
        (aside(), here())
    }
}
