//! The journal of a data folder, read from the first record that is kept, with the objects that it names.
//!
//! Only reads: takes no lock, changes nothing, works beside a centre that is running. Used by whatever tells from the
//! journal alone: `explain`, `report`, `board`.

use engine::command::{Activation, ObjectKind};
use engine::id::Sequence;
use engine::journal::objects::ObjectError;
use engine::journal::{Objects, ReadError, Reader};
use engine::record::{DecodeError, Record};
use engine::runtime::{Glimpse, ReleasedRecord};
use std::path::{Path, PathBuf};

/// Why a journal cannot be told from.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The folder.
    #[error("{}: no such folder; name the data folder of a centre (`centre.data` of its configuration)", .0.display())]
    NoFolder(PathBuf),
    /// A folder without a record.
    #[error("{}: no journal in this folder; name the data folder of a centre that has been started", .0.display())]
    NoJournal(PathBuf),
    /// A journal whose beginning is gone, and no snapshot to stand for it.
    #[error("{}: the journal's beginning was pruned and no snapshot can stand for it; bring back the folder `snapshots` from a backup", .0.display())]
    NoBeginning(PathBuf),
    /// The files.
    #[error("{}: {source}", folder.display())]
    Read {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// A record.
    #[error("{}: record {sequence}: {reason}", folder.display())]
    Decode {
        /// The data folder.
        folder: PathBuf,
        /// Which record.
        sequence: Sequence,
        /// Why.
        reason: DecodeError,
    },
    /// An object.
    #[error("record {sequence}: the {kind} that it brings into force cannot be used: {reason}")]
    Object {
        /// Which record.
        sequence: Sequence,
        /// What it is.
        kind: ObjectKind,
        /// Why.
        reason: String,
    },
}

/// Records in their order.
pub struct Records {
    folder: PathBuf,
    reader: Reader,
    objects: Objects,
    durable: Sequence,
    last: Option<Sequence>,
    before: Option<Glimpse>,
}

impl Records {
    /// Those of a data folder that are durable; `Sequence(u64::MAX)` where only the files can say: all that is whole.
    pub fn open(folder: &Path, durable: Sequence) -> Result<Records, RecordsError> {
        if !folder.is_dir() {
            return Err(RecordsError::NoFolder(folder.to_owned()));
        }
        let unread = |source| RecordsError::Read {
            folder: folder.to_owned(),
            source,
        };
        let mut reader = Reader::open(folder).map_err(unread)?;
        let mut before = None;
        // Damage to the first segment is said when it is read.
        if reader.is_pruned().unwrap_or(false) {
            let first = reader.first().map_err(unread)?;
            before = Glimpse::oldest(folder, first).map_err(unread)?;
            if before.is_none() {
                return Err(RecordsError::NoBeginning(folder.to_owned()));
            }
        }
        Ok(Records::behind(folder, durable, reader, before))
    }

    /// The same from the newest snapshot on, for whoever asks only how things stand in the end.
    pub fn open_late(folder: &Path, durable: Sequence) -> Result<Records, RecordsError> {
        // One that cannot be read is no reason to say nothing: the journal is told from its beginning.
        match (Reader::open(folder), Glimpse::newest(folder)) {
            (Ok(reader), Ok(Some(before))) => {
                Ok(Records::behind(folder, durable, reader, Some(before)))
            }
            (Ok(_) | Err(_), _) => Records::open(folder, durable),
        }
    }

    fn behind(
        folder: &Path,
        durable: Sequence,
        mut reader: Reader,
        before: Option<Glimpse>,
    ) -> Records {
        let last = before.as_ref().map(|before| before.sequence);
        if let Some(last) = last {
            reader.seek(last.next());
        }
        Records {
            folder: folder.to_owned(),
            reader,
            objects: Objects::of(folder),
            durable,
            last,
            before,
        }
    }

    /// What was known before the first record that will be read, where that is not the journal's very first.
    pub fn take_before(&mut self) -> Option<Glimpse> {
        self.before.take()
    }

    /// The next record; `None` at the end. A journal without a single one is an error.
    pub fn read_next(&mut self) -> Result<Option<ReleasedRecord>, RecordsError> {
        let read = self.reader.next(self.durable);
        let read = read.map_err(|source| RecordsError::Read {
            folder: self.folder.clone(),
            source,
        })?;
        let Some(read) = read else {
            return match self.last {
                Some(_) => Ok(None),
                None => Err(RecordsError::NoJournal(self.folder.clone())),
            };
        };
        let sequence = read.sequence;
        self.last = Some(sequence);
        let record = Record::decode(read.payload).map_err(|reason| RecordsError::Decode {
            folder: self.folder.clone(),
            sequence,
            reason,
        })?;
        Ok(Some(ReleasedRecord { sequence, record }))
    }

    /// The next record, as far as the journal can be read. What cannot be read ends it there and is kept in `damage`; only a
    /// journal of which not one record can be read is an error.
    pub fn read_whole(
        &mut self,
        damage: &mut Option<String>,
    ) -> Result<Option<ReleasedRecord>, RecordsError> {
        let before = self.last;
        self.read_next().or_else(|error| match before {
            Some(_) => {
                *damage = Some(error.to_string());
                Ok(None)
            }
            None => Err(error),
        })
    }

    /// Hands the bytes of what a record brings into force to `take`, and says where it was when they cannot be used.
    pub fn object(
        &self,
        sequence: Sequence,
        activation: &Activation,
        take: impl FnOnce(&[u8]) -> Result<(), String>,
    ) -> Result<(), RecordsError> {
        let bytes = self.objects.get(activation.hash);
        let taken = bytes
            .map_err(|error: ObjectError| error.to_string())
            .and_then(|bytes| take(&bytes));
        taken.map_err(|reason| RecordsError::Object {
            sequence,
            kind: activation.object,
            reason,
        })
    }
}
