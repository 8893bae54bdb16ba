//! Reads records in order, from any sequence, from a journal that is being written or is not.
//!
//! Takes no lock and changes nothing. Every batch is checked as it is read: checksums, sequence, epoch and the
//! hash of the one before. What is not yet durable is not given out; the caller says how far that is.

use super::IoFault;
use super::chain::{Damage, Depth, Flaw};
use super::disk::Folder;
use super::frame;
use super::header::HEADER_BYTES;
use super::log::{RecordRef, Records};
use super::walk::{Next, Place, Walk};
use crate::id::{CentreId, Sequence};
use crate::moment::Moment;
use std::collections::BTreeMap;

/// Segments in which places are remembered, the newest.
const SEGMENTS_REMEMBERED: usize = 64;
/// A landmark is kept for each so many bytes of a segment that was walked through; finding a record there again
/// passes that many bytes of headers at most. A segment of 64 MiB costs 6 KiB. Tests have small segments.
const LANDMARK_BYTES: u64 = if cfg!(test) { 1_024 } else { 1 << 20 };

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// It was pruned: what it came to is in a snapshot.
    #[error("record {wanted} is not kept any more; the journal begins with {first}")]
    Pruned {
        /// The record that was asked for.
        wanted: Sequence,
        /// The first that is kept.
        first: Sequence,
    },
    /// What was durable is damaged.
    #[error("the journal is damaged: {0}; restore the segment from a copy, nothing was changed")]
    Damaged(#[from] Damage),
}

/// Reads the journal in one folder.
pub struct Reader {
    walk: Walk,
    /// Places walked through, by segment, so that finding a record again is short.
    landmarks: BTreeMap<Sequence, Vec<Place>>,
    /// The next record to give.
    wanted: Sequence,
    batch: Vec<u8>,
    /// Of the batch in hand: the first record not passed, where it starts, and what all of its records share.
    cursor: Sequence,
    cursor_at: usize,
    last: Sequence,
    epoch: u64,
    at: Moment,
}

impl Reader {
    /// Opens the journal in a folder at the first record that is kept. A folder without a journal has no records yet.
    pub fn open(folder: impl Into<Folder>) -> Result<Reader, ReadError> {
        let walk = Walk::new(&folder.into())?;
        let first = walk.segments().first().copied().unwrap_or(Sequence(1));
        Ok(Reader {
            walk,
            landmarks: BTreeMap::new(),
            wanted: first,
            batch: Vec::new(),
            // Behind `last`, so that no batch is in hand; sequence 0 would otherwise be found in it.
            cursor: Sequence(1),
            cursor_at: 0,
            last: Sequence(0),
            epoch: 0,
            at: Moment(0),
        })
    }

    /// The centre whose journal it is; `None` while there is none.
    pub fn centre(&mut self) -> Result<Option<CentreId>, ReadError> {
        if self.walk.place().is_none() {
            self.walk.relist()?;
            self.walk.begin()?;
        }
        Ok(self.walk.place().map(|place| place.chain.centre))
    }

    /// The first record that is kept.
    pub fn first(&mut self) -> Result<Sequence, ReadError> {
        self.walk.relist()?;
        Ok(self.walk.segments().first().copied().unwrap_or(Sequence(1)))
    }

    /// Whether the first record that is kept is not the journal's very first.
    pub fn is_pruned(&mut self) -> Result<bool, ReadError> {
        self.walk.relist()?;
        let mut walk = Walk::new(self.walk.folder())?;
        Ok(walk.begin()? && !walk.is_at_genesis())
    }

    /// Where the journal goes on behind the records given so far, if they end where a batch does.
    pub fn boundary(&self) -> Option<Place> {
        self.walk
            .place()
            .filter(|place| place.chain.next == self.wanted)
    }

    /// The next record to be given is this one.
    pub fn seek(&mut self, sequence: Sequence) {
        self.wanted = sequence;
    }

    /// The record with this sequence, if it is durable.
    pub fn record(
        &mut self,
        sequence: Sequence,
        durable: Sequence,
    ) -> Result<Option<RecordRef<'_>>, ReadError> {
        self.seek(sequence);
        self.next(durable)
    }

    /// The next record, if it is durable. A caller who cannot know what is durable, because nobody writes or it is
    /// in another process, says `Sequence(u64::MAX)` and gets all that is whole.
    pub fn next(&mut self, durable: Sequence) -> Result<Option<RecordRef<'_>>, ReadError> {
        if self.wanted > durable {
            return Ok(None);
        }
        if !(self.cursor..=self.last).contains(&self.wanted) && !self.load(durable)? {
            return Ok(None);
        }
        let mut record = &[][..];
        while self.cursor <= self.wanted {
            let rest = self.batch.get(self.cursor_at..).unwrap_or_default();
            // The batch was checked as a whole when it was loaded; this cannot fail.
            let bytes = frame::record_bytes(rest).unwrap_or(0);
            record = rest.get(frame::FRAME_BYTES..bytes).unwrap_or_default();
            self.cursor_at += bytes;
            self.cursor = self.cursor.next();
        }
        let sequence = self.wanted;
        self.wanted = sequence.next();
        Ok(Some(RecordRef {
            sequence,
            epoch: self.epoch,
            batch_at: self.at,
            payload: record,
        }))
    }

    /// Brings the batch with the wanted record into hand; false when there is none yet.
    fn load(&mut self, durable: Sequence) -> Result<bool, ReadError> {
        if !self.approach()? {
            return Ok(false);
        }
        loop {
            match self.walk.next(Depth::Checksums, self.wanted)? {
                Next::Batch(header) => {
                    self.remember();
                    if header.last() < self.wanted {
                        continue;
                    }
                    self.batch.clear();
                    self.batch.extend_from_slice(self.walk.batch(&header)?);
                    (self.cursor, self.cursor_at) = (header.first, HEADER_BYTES);
                    (self.last, self.epoch, self.at) = (header.last(), header.epoch, header.at);
                    return Ok(true);
                }
                Next::Tail(cut) => {
                    let Some(place) = self.walk.place() else {
                        return Ok(false);
                    };
                    if durable == Sequence(u64::MAX) {
                        return Ok(false);
                    }
                    // The caller knows it to be durable, so this is no tail but damage.
                    return Err(ReadError::Damaged(Damage {
                        segment: place.segment,
                        offset: place.offset,
                        sequence: place.chain.next,
                        flaw: cut.map_or(Flaw::Missing, |cut| cut.damage.flaw),
                    }));
                }
            }
        }
    }

    /// Goes to the nearest known place at or before the wanted record; false when the journal starts after it.
    fn approach(&mut self) -> Result<bool, ReadError> {
        let here = self
            .walk
            .place()
            .filter(|place| place.chain.next <= self.wanted);
        // Reading on in order is the usual case, and needs no search.
        if here.is_some_and(|place| place.chain.next == self.wanted) {
            return Ok(true);
        }
        self.walk.relist()?;
        let behind = self
            .walk
            .segments()
            .partition_point(|first| *first <= self.wanted);
        let Some(segment) = behind
            .checked_sub(1)
            .and_then(|index| self.walk.segments().get(index).copied())
        else {
            return match self.walk.segments().first() {
                Some(&first) if self.wanted > Sequence(0) => Err(ReadError::Pruned {
                    wanted: self.wanted,
                    first,
                }),
                Some(_) | None => Ok(false),
            };
        };
        let places = self
            .landmarks
            .get(&segment)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let passed = places.partition_point(|place| place.chain.next <= self.wanted);
        let landmark = passed
            .checked_sub(1)
            .and_then(|index| places.get(index).copied());
        match here
            .into_iter()
            .chain(landmark)
            .max_by_key(|place| place.chain.next)
        {
            Some(place) if place.chain.next >= segment => self.walk.jump(place)?,
            Some(_) | None => self.walk.enter(segment, None)?,
        }
        Ok(true)
    }

    fn remember(&mut self) {
        let Some(place) = self.walk.place() else {
            return;
        };
        if self.landmarks.len() > SEGMENTS_REMEMBERED {
            self.landmarks.pop_first();
        }
        let places = self.landmarks.entry(place.segment).or_default();
        let behind = places.last().map_or(0, |last| last.offset);
        if place.offset >= behind + LANDMARK_BYTES {
            places.push(place);
        }
    }
}

impl Records for Reader {
    fn next(&mut self, durable: Sequence) -> Result<Option<RecordRef<'_>>, ReadError> {
        Reader::next(self, durable)
    }
}
