//! The seam between the committer and where batches are kept: local files now, a replicated log later.
//!
//! An append names the sequence it expects to be next and an id of its own, so that a log with other writers can
//! fence them off and know a repeat. What it answers is committed, conflict or unknown; after anything but committed
//! the caller stops. It is never tried again: after a failed sync the pages count as clean.

use super::chain::Chain;
use super::header::BatchHeader;
use super::reader::ReadError;
use crate::id::{HeaderHash, Sequence};
use crate::moment::Moment;

/// A batch as it goes to the log.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// What its header says.
    pub header: &'a BatchHeader,
    /// The hash of the header: the same batch has the same id.
    pub id: HeaderHash,
    /// Header and records.
    pub bytes: &'a [u8],
}

/// Why a batch is not known to be in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It was not written: something else stands at its place.
    #[error(
        "the batch starts with sequence {expected}, but the journal goes on with {next}; another writer was here"
    )]
    Conflict {
        /// Where the batch wanted to be.
        expected: Sequence,
        /// Where the log goes on.
        next: Sequence,
    },
    /// It may or may not be there; only a recovery can tell.
    #[error(
        "{0}; nothing more is accepted: mend the disk, then start again, which recovers what is on it"
    )]
    Unknown(String),
}

/// An append-only log of batches.
pub trait Log: Send {
    /// Adds a batch that must be the next. It may be durable only after [`Log::sync`].
    fn append(&mut self, expected: Sequence, batch: Sealed<'_>) -> Result<(), AppendError>;

    /// Returns when everything that was appended is durable.
    fn sync(&mut self) -> Result<(), AppendError>;

    /// A moment for housekeeping, in small steps; `idle` when no batch waits. True when there is more to do.
    fn tend(&mut self, _idle: bool) -> Result<bool, AppendError> {
        Ok(false)
    }

    /// Where the log stands.
    fn tail(&self) -> Chain;

    /// Reads what is in the log, from a sequence on.
    fn read_from(&self, sequence: Sequence) -> Result<Box<dyn Records>, ReadError>;
}

/// Records in order.
pub trait Records: Send {
    /// The next record, unless it is later than `durable` or not there yet.
    fn next(&mut self, durable: Sequence) -> Result<Option<RecordRef<'_>>, ReadError>;
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Its sequence.
    pub sequence: Sequence,
    /// The start of the centre that wrote it.
    pub epoch: u64,
    /// The logical time of its batch's last record.
    pub batch_at: Moment,
    /// What the runtime wrote.
    pub payload: &'a [u8],
}
