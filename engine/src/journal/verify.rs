//! Proves a journal from beginning to end for `liandong journal verify`: every byte, hash and link.
//!
//! Reads only, takes no lock. A person who kept the hash of a head learns whether the journal still leads there; an
//! edit, a swap or a cut before it cannot.

use super::IoFault;
use super::chain::{Damage, Depth};
use super::disk::Folder;
use super::reader::ReadError;
use super::walk::{Cut, Next, Walk};
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::moment::Moment;
use std::fmt;

/// What a journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose journal; `None` when there is none.
    pub centre: Option<CentreId>,
    /// Segment files in the folder.
    pub segments: u64,
    /// Batches that are whole and in place.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// The first sequence, when there is a record.
    pub first: Option<Sequence>,
    /// The last sequence that is whole, when there is a record.
    pub last: Option<Sequence>,
    /// The logical time of the last record.
    pub at: Option<Moment>,
    /// The epoch of the last header.
    pub epoch: u64,
    /// The hash of the last header that is whole; all zeros when there is none.
    pub head: HeaderHash,
    /// Damage to what was durable.
    pub damage: Option<Damage>,
    /// An unfinished tail, as a crash leaves it or a writer at work.
    pub tail: Option<Cut>,
    /// What became of the head that was asked for.
    pub asked: Asked,
}

/// What became of the head that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// None was.
    Nothing,
    /// The journal ends there.
    Head,
    /// The journal leads there and on: it is the head as it was after this sequence.
    Passed(Sequence),
    /// The journal does not lead there.
    Absent,
}

impl Verdict {
    /// Nothing is damaged, and the head that was asked for is there. An unfinished tail is no damage.
    pub fn is_sound(&self) -> bool {
        self.damage.is_none() && self.asked != Asked::Absent
    }

    fn meet(&mut self, hash: HeaderHash, last: Sequence, wanted: Option<HeaderHash>) {
        self.head = hash;
        self.asked = match self.asked {
            Asked::Absent if wanted == Some(hash) => Asked::Head,
            Asked::Head => Asked::Passed(self.last.unwrap_or(Sequence(0))),
            asked @ (Asked::Nothing | Asked::Passed(_) | Asked::Absent) => asked,
        };
        self.last = Some(last);
    }
}

/// Proves the journal in a folder; with `wanted`, also that it leads to that head.
pub fn verify(folder: impl Into<Folder>, wanted: Option<HeaderHash>) -> Result<Verdict, IoFault> {
    let mut verdict = Verdict {
        centre: None,
        segments: 0,
        batches: 0,
        records: 0,
        first: None,
        last: None,
        at: None,
        epoch: 0,
        head: HeaderHash::NONE,
        damage: None,
        tail: None,
        asked: if wanted.is_some() {
            Asked::Absent
        } else {
            Asked::Nothing
        },
    };
    match prove(&folder.into(), wanted, &mut verdict) {
        Ok(()) => {}
        Err(ReadError::Damaged(damage)) => verdict.damage = Some(damage),
        Err(ReadError::Io(fault)) => return Err(fault),
    }
    Ok(verdict)
}

fn prove(
    folder: &Folder,
    wanted: Option<HeaderHash>,
    verdict: &mut Verdict,
) -> Result<(), ReadError> {
    let mut walk = Walk::new(folder)?;
    verdict.segments = walk.segments().len() as u64;
    loop {
        let next = walk.next(Depth::Hashes, Sequence(0))?;
        verdict.segments = walk.segments().len() as u64;
        if let Some(place) = walk.place() {
            verdict.centre = Some(place.chain.centre);
            verdict.epoch = place.chain.epoch;
        }
        match (next, walk.place()) {
            (Next::Batch(header), Some(place)) => {
                verdict.batches += 1;
                verdict.records += u64::from(header.count);
                verdict.first = verdict.first.or(Some(header.first));
                verdict.at = Some(header.at);
                verdict.meet(place.chain.previous, header.last(), wanted);
            }
            (Next::Batch(_), None) => {}
            (Next::Tail(cut), _) => {
                verdict.tail = cut;
                return Ok(());
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(centre) = self.centre else {
            return match self.damage {
                Some(damage) => write!(f, "DAMAGED: {damage}"),
                None => write!(f, "no journal here: {} segments", self.segments),
            };
        };
        writeln!(
            f,
            "centre {}, epoch {}: {} records in {} batches in {} segments",
            centre.0, self.epoch, self.records, self.batches, self.segments
        )?;
        if let (Some(first), Some(last), Some(at)) = (self.first, self.last, self.at) {
            writeln!(f, "sequences {first} to {last}, the last at {at}")?;
        }
        writeln!(f, "head {}", self.head)?;
        match self.asked {
            Asked::Nothing => {}
            Asked::Head => writeln!(f, "the head that was asked for is this one")?,
            Asked::Passed(last) => writeln!(
                f,
                "the head that was asked for was passed after sequence {last}"
            )?,
            Asked::Absent => writeln!(
                f,
                "FOREIGN: the journal does not lead to the head that was asked for"
            )?,
        }
        if let Some(tail) = self.tail {
            writeln!(f, "{tail}")?;
        }
        match self.damage {
            Some(damage) => write!(f, "DAMAGED: {damage}"),
            None => write!(f, "no damage"),
        }
    }
}
