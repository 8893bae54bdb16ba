//! The log as segment files in one folder: appends at the tail, turns to the next segment, prepares the one after.
//!
//! Made by [`super::recovery::open`] alone, which knows where the tail is, and holds the folder's lock while it lives.
//! After the first error it refuses everything.

use super::chain::Chain;
use super::disk::{Folder, Held};
use super::header::Kind;
use super::log::{AppendError, Log, Records, Sealed};
use super::reader::{ReadError, Reader};
use super::segment::{Segment, Spare};
use super::{IoFault, Shape};
use crate::id::Sequence;

/// Groups that pass before a disk that refused the next segment is asked again.
const SPARE_RESTS: u32 = 256;

/// The journal of one centre in local files.
pub struct Files {
    folder: Folder,
    segment_bytes: u64,
    segment: Segment,
    spare: Option<Spare>,
    /// Looks to be let pass before the next segment is tried again, after the disk refused it.
    spare_rests: u32,
    chain: Chain,
    /// All that was appended is synced.
    is_synced: bool,
    /// A mark at the tail says so on disk.
    is_marked: bool,
    broken: Option<AppendError>,
    _lock: Box<dyn Held>,
}

impl Files {
    pub(super) fn new(
        folder: &Folder,
        shape: &Shape,
        segment: Segment,
        chain: Chain,
        lock: Box<dyn Held>,
    ) -> Files {
        Files {
            folder: folder.clone(),
            segment_bytes: shape.segment_bytes,
            segment,
            spare: None,
            spare_rests: 0,
            chain,
            is_synced: true,
            is_marked: false,
            broken: None,
            _lock: lock,
        }
    }

    /// The folder that holds the segments.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Writes at the tail that all before it is durable, and syncs that too.
    pub(super) fn mark_durably(&mut self) -> Result<(), IoFault> {
        self.segment.mark(&self.chain.mark(Kind::Pause).encode())?;
        self.is_marked = true;
        self.segment.sync()
    }

    /// Ends the segment and goes on in the next. The old one is durable before the new one gets its name, which
    /// therefore proves it.
    fn turn(&mut self) -> Result<(), IoFault> {
        self.segment.sync()?;
        let spare = match self.spare.take() {
            Some(spare) => spare,
            None => Spare::create(&self.folder, self.segment_bytes)?,
        };
        let next = spare.name(&self.folder, &self.chain)?;
        // So that the loss of the newest file would not look like the journal's end.
        self.segment
            .mark(&self.chain.mark(Kind::Continued).encode())?;
        self.segment.sync()?;
        self.segment = next;
        Ok(())
    }

    fn write(&mut self, batch: Sealed<'_>) -> Result<(), IoFault> {
        if !self.segment.fits(batch.bytes.len()) {
            self.turn()?;
        }
        self.segment.append(batch.bytes)
    }

    /// Prepares the next segment a little; true when there is more to do. It is no part of the journal yet: a disk that
    /// refuses it is asked again later, and the segment in use is filled to its end meanwhile.
    fn prepare(&mut self, idle: bool) -> bool {
        if self.spare_rests > 0 {
            self.spare_rests -= 1;
            return false;
        }
        self.prepared(idle).unwrap_or_else(|_refused| {
            if let Some(spare) = self.spare.take() {
                spare.drop_from(&self.folder);
            }
            self.spare_rests = SPARE_RESTS;
            false
        })
    }

    fn prepared(&mut self, idle: bool) -> Result<bool, IoFault> {
        let spare = match &mut self.spare {
            Some(spare) => spare,
            none => none.insert(Spare::create(&self.folder, self.segment_bytes)?),
        };
        // Under load it keeps ahead of what is used up, so that a turn finds the next segment ready.
        let is_due = idle || spare.ready_per_1024() <= self.segment.used_per_1024() + 64;
        if is_due && !spare.is_ready() {
            spare.step()?;
        }
        Ok(idle && !spare.is_ready())
    }

    fn refuse_if_broken(&self) -> Result<(), AppendError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn judged<T>(&mut self, done: Result<T, IoFault>) -> Result<T, AppendError> {
        done.map_err(|fault| {
            let error = AppendError::Unknown(format!("{fault}, at sequence {}", self.chain.next));
            self.broken = Some(error.clone());
            error
        })
    }
}

impl Log for Files {
    fn append(&mut self, expected: Sequence, batch: Sealed<'_>) -> Result<(), AppendError> {
        self.refuse_if_broken()?;
        if expected != self.chain.next || self.chain.check(batch.header).is_err() {
            return Err(AppendError::Conflict {
                expected,
                next: self.chain.next,
            });
        }
        if !batch.header.is_possible() {
            return Err(AppendError::Unknown(format!(
                "no reader would believe the batch {:?}",
                batch.header
            )));
        }
        (self.is_synced, self.is_marked) = (false, false);
        let written = self.write(batch);
        self.judged(written)?;
        self.chain = self.chain.after(batch.header);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), AppendError> {
        self.refuse_if_broken()?;
        let synced = self.segment.sync();
        self.judged(synced)?;
        self.is_synced = true;
        Ok(())
    }

    fn tend(&mut self, idle: bool) -> Result<bool, AppendError> {
        self.refuse_if_broken()?;
        if idle && self.is_synced && !self.is_marked {
            // Not synced: it is there after a crash of this process, and usually after one of the machine. Without
            // it, damage to the last group could not be told from a torn write.
            let marked = self.segment.mark(&self.chain.mark(Kind::Pause).encode());
            self.judged(marked)?;
            self.is_marked = true;
        }
        Ok(self.prepare(idle))
    }

    fn tail(&self) -> Chain {
        self.chain
    }

    fn read_from(&self, sequence: Sequence) -> Result<Box<dyn Records>, ReadError> {
        let mut reader = Reader::open(&self.folder)?;
        reader.seek(sequence);
        Ok(Box::new(reader))
    }
}
