//! Walks the batches of a journal in order and checks each; tells a torn tail from damage.
//!
//! Reads only, takes no lock, and works while a writer goes on: what looks wrong is read once more before it is
//! believed. [`super::reader`], [`super::recovery`] and [`mod@super::verify`] are the three who walk.

use super::chain::{Chain, Damage, Depth, Flaw, check_records};
use super::disk::Folder;
use super::header::{BatchHeader, HEADER_BYTES, Kind, field};
use super::reader::ReadError;
use super::segment::{self, SegmentHeader, segment_name};
use super::window::Window;
use super::{BLOCK_BYTES, aligned};
use crate::id::{HeaderHash, Sequence};

/// Bytes at the end that were never known to be on the disk and are not (or no longer) whole. Nobody was told of what is in them, unless
/// the centre answered before its disk did (`durability = "batch"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unfinished tail: {damage}; at risk: sequences from {from}{through}, which were not known to be on the disk",
    from = damage.sequence,
    through = match self.last { Some(last) => format!(" to {last}"), None => String::new() },
)]
pub struct Cut {
    /// Where the tail starts, and what is wrong with it.
    pub damage: Damage,
    /// The last sequence that some header in the tail speaks of.
    pub last: Option<Sequence>,
}

/// What comes next in a journal.
#[derive(Debug)]
pub(super) enum Next {
    /// A batch, checked.
    Batch(BatchHeader),
    /// The end so far, and what is to be cut off there.
    Tail(Option<Cut>),
}

/// A place between two batches, from which to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first sequence of the segment.
    pub segment: Sequence,
    /// The size of the segment.
    pub segment_bytes: u64,
    /// The offset in it.
    pub offset: u64,
    /// What the next batch must hook into.
    pub chain: Chain,
}

enum Look {
    Batch(BatchHeader),
    /// Nothing, or a mark.
    End(Option<Kind>),
    /// `resume` is where to look on for intact headers.
    Flawed {
        sequence: Sequence,
        flaw: Flaw,
        resume: u64,
    },
}

struct Open {
    place: Place,
    window: Window,
    /// Where the batch that was found last starts.
    found: u64,
}

pub(super) struct Walk {
    /// Also looks at what no record stands in.
    pub(super) is_thorough: bool,
    /// The first place where something stands in a closed segment that belongs to no record and takes none away.
    pub(super) odd: Option<Damage>,
    folder: Folder,
    segments: Vec<Sequence>,
    open: Option<Open>,
}

impl Walk {
    pub(super) fn new(folder: &Folder) -> Result<Walk, ReadError> {
        let segments = segment::list(folder)?;
        Ok(Walk {
            is_thorough: false,
            odd: None,
            folder: folder.clone(),
            segments,
            open: None,
        })
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(super) fn segments(&self) -> &[Sequence] {
        &self.segments
    }

    pub(super) fn relist(&mut self) -> Result<(), ReadError> {
        self.segments = segment::list(&self.folder)?;
        Ok(())
    }

    /// Where the walk stands; `None` before it entered a segment.
    pub(super) fn place(&self) -> Option<Place> {
        self.open.as_ref().map(|open| open.place)
    }

    /// Goes to the first batch of a segment. With a chain, the segment must hook into it; without, it is believed.
    pub(super) fn enter(&mut self, name: Sequence, chain: Option<&Chain>) -> Result<(), ReadError> {
        let mut window = Window::open(&self.folder, &segment_name(name))?;
        let refuse = |flaw| {
            ReadError::Damaged(Damage {
                segment: name,
                offset: 0,
                sequence: name,
                flaw,
            })
        };
        let header = SegmentHeader::decode(window.at(0, BLOCK_BYTES as usize)?).map_err(refuse)?;
        if header.first != name {
            return Err(refuse(Flaw::Order {
                found: header.first,
            }));
        }
        if let Some(chain) = chain {
            chain
                .check(&header.chain().mark(Kind::Pause))
                .map_err(refuse)?;
        }
        let place = Place {
            segment: name,
            segment_bytes: header.bytes,
            offset: BLOCK_BYTES,
            chain: header.chain(),
        };
        self.open = Some(Open {
            place,
            window,
            found: 0,
        });
        Ok(())
    }

    /// Goes to the first batch that is kept; false when there is no segment yet.
    pub(super) fn begin(&mut self) -> Result<bool, ReadError> {
        let Some(first) = self.segments.first().copied() else {
            return Ok(false);
        };
        self.enter(first, None)?;
        Ok(true)
    }

    /// Whether the walk stands before the journal's very first batch; what was before a later one is pruned, or lost.
    pub(super) fn is_at_genesis(&self) -> bool {
        self.place()
            .is_some_and(|place| place.chain.previous == HeaderHash::NONE)
    }

    /// Walks from the beginning of its segment to a place that was walked through before, and proves that it still leads there.
    pub(super) fn retrace(&mut self, wanted: &Place) -> Result<(), ReadError> {
        if self.segments.binary_search(&wanted.segment).is_err() {
            return Err(damaged(
                wanted,
                wanted.segment,
                Flaw::NextSegment(wanted.segment),
            ));
        }
        self.enter(wanted.segment, None)?;
        loop {
            let Some(place) = self.place() else {
                return Err(damaged(wanted, wanted.chain.next, Flaw::Missing));
            };
            if place.chain.next >= wanted.chain.next {
                let leads_there = (place.chain.next, place.chain.previous)
                    == (wanted.chain.next, wanted.chain.previous);
                return if leads_there {
                    Ok(())
                } else {
                    Err(damaged(&place, place.chain.next, Flaw::Unchained))
                };
            }
            match self.next(Depth::Hashes, Sequence(0))? {
                Next::Batch(_) => {}
                Next::Tail(cut) => {
                    let flaw = cut.map_or(Flaw::Missing, |cut| cut.damage.flaw);
                    return Err(damaged(&place, place.chain.next, flaw));
                }
            }
        }
    }

    /// Goes to a place that was walked through before.
    pub(super) fn jump(&mut self, place: Place) -> Result<(), ReadError> {
        match &mut self.open {
            Some(open) if open.place.segment == place.segment => open.place = place,
            Some(_) | None => {
                let window = Window::open(&self.folder, &segment_name(place.segment))?;
                self.open = Some(Open {
                    place,
                    window,
                    found: 0,
                });
            }
        }
        Ok(())
    }

    /// The next batch, or the tail; an error when what was durable cannot be read.
    /// Batches that end before `from` are only looked at by their header.
    pub(super) fn next(&mut self, depth: Depth, from: Sequence) -> Result<Next, ReadError> {
        let mut doubted = false;
        loop {
            let stop = match self.step(depth, from)? {
                Look::Batch(header) => return Ok(Next::Batch(header)),
                stop @ (Look::End(_) | Look::Flawed { .. }) => stop,
            };
            match self.judge(&stop) {
                // A writer may have gone on between the look and the judgement.
                Err(ReadError::Damaged(_)) if !doubted => doubted = true,
                judged => return judged.map(Next::Tail),
            }
        }
    }

    /// Header and records of the batch that was found last.
    pub(super) fn batch(&mut self, header: &BatchHeader) -> Result<&[u8], ReadError> {
        match &mut self.open {
            Some(open) => Ok(open.window.at(open.found, header.bytes())?),
            None => Ok(&[]),
        }
    }

    fn step(&mut self, depth: Depth, from: Sequence) -> Result<Look, ReadError> {
        if self.open.is_none() && !self.begin()? {
            self.relist()?;
            if !self.begin()? {
                return Ok(Look::End(None));
            }
        }
        loop {
            let mut look = self.look(depth, from)?;
            if !matches!(look, Look::Batch(_)) {
                if let Some(open) = &mut self.open {
                    open.window.forget();
                }
                look = self.look(depth, from)?;
            }
            let mark_flaw = match look {
                Look::End(_) => None,
                // A write of the mark that was cut short, once the next segment had its name: nothing is lost if that
                // hooks in here.
                Look::Flawed {
                    flaw: flaw @ (Flaw::NoHeader | Flaw::HeaderChecksum),
                    ..
                } => Some(flaw),
                Look::Batch(_) | Look::Flawed { .. } => return Ok(look),
            };
            let Some(place) = self.place() else {
                return Ok(look);
            };
            if place.segment == place.chain.next {
                return Ok(look);
            }
            if self.segments.binary_search(&place.chain.next).is_err() {
                self.relist()?;
            }
            if self.segments.binary_search(&place.chain.next).is_err() {
                return Ok(look);
            }
            self.leave(&place, mark_flaw)?;
            self.enter(place.chain.next, Some(&place.chain))?;
        }
    }

    /// Looks, if it was asked to, whether a segment that another follows holds anything behind its last batch but its mark.
    fn leave(&mut self, place: &Place, mark_flaw: Option<Flaw>) -> Result<(), ReadError> {
        let Some(open) = self.open.as_mut().filter(|_| self.is_thorough) else {
            return Ok(());
        };
        let odd = |offset, flaw| Damage {
            segment: place.segment,
            offset,
            sequence: place.chain.next,
            flaw,
        };
        if let Some(flaw) = mark_flaw {
            self.odd = self.odd.or(Some(odd(place.offset, flaw)));
        }
        let length = open.window.file_bytes()?;
        if length < place.segment_bytes {
            self.odd = self.odd.or(Some(odd(length, Flaw::Shortened)));
        }
        let mark: [u8; BLOCK_BYTES as usize] =
            field(open.window.at(place.offset, BLOCK_BYTES as usize)?, 0);
        let behind_mark = mark[HEADER_BYTES..].iter().all(|byte| *byte == 0);
        if !behind_mark || !open.is_blank(place.offset + BLOCK_BYTES)? {
            self.odd = self.odd.or(Some(odd(place.offset, Flaw::Padding)));
        }
        Ok(())
    }

    fn look(&mut self, depth: Depth, from: Sequence) -> Result<Look, ReadError> {
        let Some(open) = &mut self.open else {
            return Ok(Look::End(None));
        };
        let place = &mut open.place;
        let room = place.segment_bytes.saturating_sub(place.offset);
        if room < BLOCK_BYTES {
            return Ok(Look::End(None));
        }
        let flawed = |sequence, flaw, resume| {
            Ok(Look::Flawed {
                sequence,
                flaw,
                resume,
            })
        };
        let bytes: [u8; HEADER_BYTES] = field(open.window.at(place.offset, HEADER_BYTES)?, 0);
        if bytes == [0; HEADER_BYTES] {
            return Ok(Look::End(None));
        }
        let checked = BatchHeader::decode(&bytes)
            .and_then(|header| place.chain.check(&header).map(|()| header));
        let header = match checked {
            Ok(header) => header,
            Err(flaw) => return flawed(place.chain.next, flaw, place.offset),
        };
        let extent = aligned(header.bytes() as u64);
        match header.kind {
            Kind::Pause | Kind::Continued => {
                place.chain = place.chain.after(&header);
                return Ok(Look::End(Some(header.kind)));
            }
            Kind::Batch if extent > room => {
                return flawed(
                    place.chain.next,
                    Flaw::Impossible,
                    place.offset + BLOCK_BYTES,
                );
            }
            Kind::Batch => {}
        }
        if header.last() >= from {
            let batch = open.window.at(place.offset, extent as usize)?;
            if let Err((sequence, flaw)) = check_records(&header, batch, depth) {
                return flawed(sequence, flaw, place.offset + extent);
            }
        }
        open.found = place.offset;
        place.offset += extent;
        place.chain = place.chain.after(&header);
        Ok(Look::Batch(header))
    }

    /// Whether the place where no batch follows is the tail. It is not when anything later, a segment or an intact
    /// header, says that what should be here was durable, and not when another release went on here: a damaged journal is never
    /// silently shortened, and one that is not understood neither.
    fn judge(&mut self, stop: &Look) -> Result<Option<Cut>, ReadError> {
        let Some(place) = self.place() else {
            return Ok(None);
        };
        self.relist()?;
        let next = place.chain.next;
        let (sequence, flaw, resume) = match *stop {
            Look::Flawed {
                sequence,
                flaw,
                resume,
            } => (sequence, flaw, resume),
            Look::End(Some(Kind::Continued)) => {
                return Err(damaged(&place, next, Flaw::NextSegment(next)));
            }
            Look::End(Some(_)) => (next, Flaw::NoHeader, place.offset + BLOCK_BYTES),
            Look::End(None) | Look::Batch(_) => (next, Flaw::Missing, place.offset),
        };
        if self
            .segments
            .last()
            .is_some_and(|last| *last > place.segment)
        {
            return Err(damaged(&place, sequence, flaw));
        }
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        let rest = open.rest(resume)?;
        if rest.durable_through.is_some_and(|durable| durable >= next) {
            return Err(damaged(&place, sequence, flaw));
        }
        if let Some(version) = rest.version {
            return Err(damaged(&place, sequence, Flaw::Version(version)));
        }
        let is_short = open.window.file_bytes()? < place.segment_bytes;
        let is_flawed = matches!(stop, Look::Flawed { .. });
        let is_alone = !matches!(stop, Look::End(Some(_))) || open.is_mark_alone()?;
        if rest.is_blank && is_alone && !is_flawed && !is_short {
            return Ok(None);
        }
        let flaw = if !is_alone {
            Flaw::Padding
        } else if is_short && !is_flawed {
            Flaw::Shortened
        } else {
            flaw
        };
        let damage = Damage {
            segment: place.segment,
            offset: place.offset,
            sequence: next,
            flaw,
        };
        Ok(Some(Cut {
            damage,
            last: rest.last.filter(|last| *last >= next),
        }))
    }
}

fn damaged(place: &Place, sequence: Sequence, flaw: Flaw) -> ReadError {
    ReadError::Damaged(Damage {
        segment: place.segment,
        offset: place.offset,
        sequence,
        flaw,
    })
}

/// What stands in a segment from some offset on.
struct Rest {
    is_blank: bool,
    durable_through: Option<Sequence>,
    last: Option<Sequence>,
    /// Of a whole header that another release wrote.
    version: Option<u16>,
}

impl Open {
    /// Whether all is zero from some offset on.
    fn is_blank(&mut self, from: u64) -> Result<bool, ReadError> {
        let mut offset = from;
        while offset + BLOCK_BYTES <= self.place.segment_bytes {
            let block = self.window.at(offset, BLOCK_BYTES as usize)?;
            if block.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            offset += BLOCK_BYTES;
        }
        Ok(true)
    }

    /// Whether a mark's block holds nothing else. The batch that is written over the mark counts on zeros behind it: what
    /// stood there would make it unreadable after it was acknowledged.
    fn is_mark_alone(&mut self) -> Result<bool, ReadError> {
        let block = self.window.at(self.place.offset, BLOCK_BYTES as usize)?;
        Ok(block[HEADER_BYTES..].iter().all(|byte| *byte == 0))
    }

    /// Looks through the rest of the segment, block by block, for headers of this journal that are intact.
    /// Every block is looked at: a header that a disk wrote to a wrong place says nothing of where the next one stands, and
    /// must not hide one that says what was durable. No payload poses as one, for none holds its magic.
    fn rest(&mut self, from: u64) -> Result<Rest, ReadError> {
        let mut rest = Rest {
            is_blank: true,
            durable_through: None,
            last: None,
            version: None,
        };
        let mut offset = from;
        while offset + BLOCK_BYTES <= self.place.segment_bytes {
            let block = self.window.at(offset, BLOCK_BYTES as usize)?;
            offset += BLOCK_BYTES;
            if block.iter().all(|byte| *byte == 0) {
                continue;
            }
            rest.is_blank = false;
            let header = match BatchHeader::decode(&field(block, 0)) {
                Ok(header) => header,
                Err(Flaw::Version(version)) => {
                    rest.version = rest.version.or(Some(version));
                    continue;
                }
                Err(_) => continue,
            };
            if header.centre == self.place.chain.centre {
                rest.durable_through = rest.durable_through.max(Some(header.durable_through));
                rest.last = rest.last.max(Some(header.last()));
            }
        }
        Ok(rest)
    }
}
