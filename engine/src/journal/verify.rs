//! Proves a journal from beginning to end for `liandong journal verify`: every byte, hash and link.
//!
//! Reads only, takes no lock. A person who kept the hash of a head learns whether the journal still leads there; an
//! edit, a swap or a cut before it cannot.

use super::IoFault;
use super::chain::{Damage, Depth, Flaw};
use super::disk::Folder;
use super::reader::ReadError;
use super::snapshot::{SnapshotError, Snapshots};
use super::walk::{Cut, Next, Walk};
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::moment::Moment;
use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;

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
    /// Snapshots that are whole.
    pub snapshots: u64,
    /// The first snapshot that is not.
    pub snapshot_damaged: Option<Sequence>,
    /// Something that belongs to no record and takes none away: a mark that was not written whole, bytes behind the last batch
    /// of a closed segment.
    pub odd: Option<Damage>,
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
        self.damage.is_none() && self.snapshot_damaged.is_none() && self.asked != Asked::Absent
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
        snapshots: 0,
        snapshot_damaged: None,
        odd: None,
        damage: None,
        tail: None,
        asked: if wanted.is_some() {
            Asked::Absent
        } else {
            Asked::Nothing
        },
    };
    let folder = folder.into();
    let heads = heads(&folder, &mut verdict)?;
    match prove(&folder, wanted, &heads, &mut verdict) {
        Ok(()) => Ok(verdict),
        Err(Stop::Damaged(damage)) => {
            verdict.damage = Some(damage);
            Ok(verdict)
        }
        Err(Stop::Io(fault)) => Err(fault),
    }
}

enum Stop {
    Io(IoFault),
    Damaged(Damage),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Stop {
        match error {
            ReadError::Io(fault) => Stop::Io(fault),
            ReadError::Damaged(damage) => Stop::Damaged(damage),
            ReadError::Pruned { first, .. } => Stop::Damaged(beginning(first)),
        }
    }
}

fn beginning(first: Sequence) -> Damage {
    Damage {
        segment: first,
        offset: 0,
        sequence: first,
        flaw: Flaw::Beginning,
    }
}

/// The heads that whole snapshots name, by the last sequence in them.
fn heads(
    folder: &Folder,
    verdict: &mut Verdict,
) -> Result<BTreeMap<Sequence, HeaderHash>, IoFault> {
    let snapshots = Snapshots::of(folder);
    let mut heads = BTreeMap::new();
    for sequence in snapshots.list()? {
        match snapshots.read(sequence) {
            Ok(snapshot) => {
                verdict.snapshots += 1;
                heads.insert(sequence, snapshot.header.place.chain.previous);
            }
            // Pruned meanwhile by the one who writes here.
            Err(SnapshotError::Io(fault)) if fault.source.kind() == ErrorKind::NotFound => {}
            Err(SnapshotError::Io(fault)) => return Err(fault),
            Err(
                SnapshotError::Damaged { .. }
                | SnapshotError::Version { .. }
                | SnapshotError::Large(_),
            ) => verdict.snapshot_damaged = verdict.snapshot_damaged.or(Some(sequence)),
        }
    }
    Ok(heads)
}

fn prove(
    folder: &Folder,
    wanted: Option<HeaderHash>,
    heads: &BTreeMap<Sequence, HeaderHash>,
    verdict: &mut Verdict,
) -> Result<(), Stop> {
    let mut walk = Walk::new(folder)?;
    walk.is_thorough = true;
    verdict.segments = walk.segments().len() as u64;
    // A pruned journal's beginning is vouched for by a snapshot that the rest of it leads to.
    let mut is_vouched = !walk.begin()? || walk.is_at_genesis();
    let first = walk.segments().first().copied();
    if let Some(first) = first.filter(|_| !is_vouched && heads.is_empty()) {
        return Err(Stop::Damaged(beginning(first)));
    }
    loop {
        if let Some(place) = walk.place()
            && let Some(head) = heads.get(&place.chain.last())
        {
            if *head != place.chain.previous {
                return Err(Stop::Damaged(Damage {
                    segment: place.segment,
                    offset: place.offset,
                    sequence: place.chain.next,
                    flaw: Flaw::Snapshot,
                }));
            }
            is_vouched = true;
        }
        let next = walk.next(Depth::Hashes, Sequence(0))?;
        verdict.odd = walk.odd;
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
                return match first.filter(|_| !is_vouched) {
                    Some(first) => Err(Stop::Damaged(beginning(first))),
                    None => Ok(()),
                };
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
        writeln!(f, "{} snapshots", self.snapshots)?;
        if let Some(sequence) = self.snapshot_damaged {
            writeln!(
                f,
                "DAMAGED: the snapshot after sequence {sequence}; it is passed over at a start, remove it"
            )?;
        }
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
        if let Some(odd) = self.odd {
            writeln!(f, "odd, but nothing is lost: {odd}")?;
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
