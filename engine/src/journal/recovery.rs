//! Opens a journal for writing: proves all of it, finds its tail, cuts off what was never promised.
//!
//! The rule: damage at or below what any intact header, mark or later segment says was durable refuses to start and
//! says where; what is above it was acknowledged to nobody, is cut off and reported. A journal is never silently
//! shortened. Nothing is changed before all of it was read.

use super::IoFault;
use super::chain::{Chain, Damage, Depth, Flaw};
use super::disk::{Access, Folder, Held};
use super::files::Files;
use super::lock::LockError;
use super::reader::ReadError;
use super::segment::{Segment, Spare};
use super::shape::{Shape, ShapeError};
use super::walk::{Cut, Next, Place, Walk};
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::moment::Moment;
use std::io::ErrorKind;

/// The file that counts the starts.
const EPOCH: &str = "EPOCH";
/// Starts in a row of which the journal kept no trace, at most.
const STARTS_TORN_MAX: u64 = 1 << 20;

/// Why a journal cannot be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The sizes cannot work.
    #[error("the journal's sizes cannot work: {0}")]
    Shape(#[from] ShapeError),
    /// Somebody else writes there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// What was acknowledged is damaged.
    #[error(
        "the journal is damaged where it was durable: {0}; restore the segment from a copy, nothing was changed"
    )]
    Damaged(#[from] Damage),
    /// Another release went on here, and this one cannot read what it wrote.
    #[error(
        "another release went on with this journal: {0}; start that one, or restore a copy from before; nothing was changed"
    )]
    Release(Damage),
    /// What belongs to a journal is there, and the journal is not.
    #[error(
        "the folder has a journal's {0} and no journal: bring its segments (*.log) back from a copy, or name an empty folder for a new centre; nothing was changed"
    )]
    Lost(&'static str),
    /// The folder holds another centre's journal.
    #[error("the folder holds the journal of centre {found}, not of centre {wanted}; use its own folder", found = found.0, wanted = wanted.0)]
    Centre {
        /// Whose it is.
        found: CentreId,
        /// Who was to be started.
        wanted: CentreId,
    },
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> OpenError {
        match error {
            ReadError::Io(fault) => OpenError::Io(fault),
            ReadError::Damaged(damage) if matches!(damage.flaw, Flaw::Version(_)) => {
                OpenError::Release(damage)
            }
            ReadError::Damaged(damage) => OpenError::Damaged(damage),
            ReadError::Pruned { first, .. } => OpenError::Damaged(Damage {
                segment: first,
                offset: 0,
                sequence: first,
                flaw: Flaw::Beginning,
            }),
        }
    }
}

/// What was found when a journal was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Where it goes on: next sequence, last header's hash, last logical time, and the epoch of this start.
    pub chain: Chain,
    /// How many records there are behind the snapshot, or in all.
    pub records: u64,
    /// What was cut off, if anything.
    pub cut: Option<Cut>,
}

/// Opens the journal in a folder, or begins one, for this centre. The folder is locked until the result is dropped.
pub fn open(
    folder: impl Into<Folder>,
    centre: CentreId,
    shape: &Shape,
) -> Result<(Files, Recovery), OpenError> {
    open_from(folder, centre, shape, None)
}

/// The same, proved from the segment on in which a snapshot stands, up to which place the records need not be read.
pub fn open_from(
    folder: impl Into<Folder>,
    centre: CentreId,
    shape: &Shape,
    snapshot: Option<&Place>,
) -> Result<(Files, Recovery), OpenError> {
    Proved::of(folder, centre, shape, snapshot)?.open()
}

/// A journal that was proved and is locked, but not changed yet.
pub struct Proved {
    folder: Folder,
    centre: CentreId,
    shape: Shape,
    lock: Box<dyn Held>,
    /// Where it ends, how many records there are and what is to be cut off; `None` where there is no journal yet.
    found: Option<(Place, u64, Option<Cut>)>,
}

impl Proved {
    /// Locks the journal in a folder and reads all of it that no snapshot vouches for.
    pub fn of(
        folder: impl Into<Folder>,
        centre: CentreId,
        shape: &Shape,
        snapshot: Option<&Place>,
    ) -> Result<Proved, OpenError> {
        shape.check()?;
        let folder = folder.into();
        folder.make()?;
        let lock = folder.lock("LOCK")?;
        Spare::discard(&folder)?;
        // A start before this one may have given a segment its name and not lived to make that durable: what is
        // acknowledged from here on must not hang on a name that a crash can take away.
        folder.sync()?;

        let mut walk = Walk::new(&folder)?;
        if let Some(last) = walk.segments().last() {
            // Earlier ones were synced before a later one got its name.
            Segment::distrust_memory(&folder, *last)?;
        }
        let mut found = None;
        if walk.begin()? {
            let (records, cut) = prove(&mut walk, centre, snapshot)?;
            found = walk.place().map(|place| (place, records, cut));
        } else {
            ensure_new(&folder)?;
        }
        Ok(Proved {
            folder,
            centre,
            shape: *shape,
            lock,
            found,
        })
    }

    /// Opens it for writing, or begins one: cuts off what was never promised, and counts the start.
    pub fn open(self) -> Result<(Files, Recovery), OpenError> {
        let Proved {
            folder,
            centre,
            shape,
            lock,
            found,
        } = self;
        let Some((place, records, cut)) = found else {
            return begin(&folder, centre, &shape, lock);
        };
        let segment = Segment::open(&folder, place.segment, place.segment_bytes, place.offset)?;
        if cut.is_some() {
            segment.clear_tail()?;
        }
        let chain = Chain {
            epoch: next_epoch(&folder, place.chain.epoch)?,
            ..place.chain
        };
        let mut files = Files::new(&folder, &shape, segment, chain, lock);
        // Counts this start on disk, and vouches for all that was just proved.
        files.mark_durably()?;
        Ok((
            files,
            Recovery {
                chain,
                records,
                cut,
            },
        ))
    }
}

/// Whether a folder without a segment never had one: a centre makes its first segment before anything else that stays.
fn ensure_new(folder: &Folder) -> Result<(), OpenError> {
    for part in ["snapshots", "objects"] {
        match folder.within(part).names() {
            Ok(names) if names.is_empty() => {}
            Ok(_) => return Err(OpenError::Lost(part)),
            Err(fault) if fault.source.kind() == ErrorKind::NotFound => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(())
}

fn begin(
    folder: &Folder,
    centre: CentreId,
    shape: &Shape,
    lock: Box<dyn Held>,
) -> Result<(Files, Recovery), OpenError> {
    let chain = Chain {
        centre,
        epoch: next_epoch(folder, 0)?,
        next: shape.genesis,
        previous: HeaderHash::NONE,
        at: Moment::EARLIEST,
    };
    let segment = Spare::create(folder, shape.segment_bytes)?.name(folder, &chain)?;
    let mut files = Files::new(folder, shape, segment, chain, lock);
    files.mark_durably()?;
    Ok((
        files,
        Recovery {
            chain,
            records: 0,
            cut: None,
        },
    ))
}

/// The epoch of this start, counted durably before anything is written under it. The journal alone cannot say: the first batch
/// of a start overwrites its mark, and may be torn.
fn next_epoch(folder: &Folder, written: u64) -> Result<u64, IoFault> {
    let counted = match folder.open(EPOCH, Access::Read) {
        Ok(file) => String::from_utf8(file.read_whole(32)?).ok(),
        Err(fault) if fault.source.kind() == ErrorKind::NotFound => None,
        Err(fault) => return Err(fault),
    };
    let counted: Option<u64> = counted.and_then(|text| text.trim().parse().ok());
    // What nobody can have counted was not written here.
    let counted = counted.filter(|&counted| counted.saturating_sub(written) <= STARTS_TORN_MAX);
    let epoch = written.max(counted.unwrap_or(0)).saturating_add(1);
    folder.write_durably(EPOCH, format!("{epoch}\n").as_bytes())?;
    Ok(epoch)
}

/// Reads everything that no snapshot vouches for; the number of records and what the tail needs.
fn prove(
    walk: &mut Walk,
    centre: CentreId,
    snapshot: Option<&Place>,
) -> Result<(u64, Option<Cut>), OpenError> {
    if let Some(found) = walk
        .place()
        .map(|place| place.chain.centre)
        .filter(|found| *found != centre)
    {
        return Err(OpenError::Centre {
            found,
            wanted: centre,
        });
    }
    match (snapshot, walk.place()) {
        (Some(place), _) => walk.retrace(place)?,
        (None, Some(place)) if !walk.is_at_genesis() => {
            return Err(OpenError::Damaged(Damage {
                segment: place.segment,
                offset: 0,
                sequence: place.segment,
                flaw: Flaw::Beginning,
            }));
        }
        (None, _) => {}
    }
    let mut records = 0;
    loop {
        match walk.next(Depth::Hashes, Sequence(0))? {
            Next::Batch(header) => records += u64::from(header.count),
            Next::Tail(cut) => return Ok((records, cut)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::fixture::{CENTRE, append, append_unsynced, read_all, small};
    use crate::journal::log::Log;
    use crate::journal::verify;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_journal_goes_on_where_it_was_across_segments_and_starts() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/journal");
        let mut written = 0;
        for start in 1..=4 {
            let (mut files, recovery) = open(&folder, CENTRE, &small()).unwrap();
            assert_eq!(recovery.cut, None);
            assert_eq!((recovery.records, recovery.chain.epoch), (written, start));
            assert_eq!(recovery.chain.next, Sequence(written + 1));
            for records in 1..=8 {
                append(&mut files, records);
                written += records;
            }
            assert_eq!(read_all(&folder).unwrap(), written);
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "for nobody else's eyes");
        }
        let verdict = verify(&folder, None).unwrap();
        assert!(verdict.is_sound() && verdict.segments > 2, "{verdict}");
        assert_eq!(verdict.at, Some(Moment(written as i64 * 10)));
    }

    #[test]
    fn full_batches_of_the_default_size_turn_from_segment_to_segment() {
        let folder = tempfile::tempdir().unwrap();
        let shape = Shape {
            segment_bytes: 16 << 20,
            ..Shape::default()
        };
        let (mut files, _) = open(folder.path(), CENTRE, &shape).unwrap();
        let mut batch = crate::journal::Batch::new(&shape);
        for _ in 0..10 {
            let chain = files.tail();
            batch.start(chain.next);
            while batch.push(Moment(1), &[3; 4_000]).is_ok() {}
            let (header, bytes) = batch.seal(&chain, chain.last());
            let sealed = crate::journal::log::Sealed {
                header: &header,
                id: header.hash(),
                bytes,
            };
            files.append(chain.next, sealed).unwrap();
            files.sync().unwrap();
            while files.tend(true).unwrap() {}
        }
        let last = files.tail().last();
        drop(files);
        let verdict = verify(folder.path(), None).unwrap();
        assert!(
            verdict.is_sound() && verdict.tail.is_none() && verdict.segments == 3,
            "{verdict}"
        );
        assert_eq!(verdict.last, Some(last));
    }

    #[test]
    fn a_start_is_counted_although_nothing_happened() {
        let folder = tempfile::tempdir().unwrap();
        for start in 1..5 {
            let (_, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
            assert_eq!((recovery.chain.epoch, recovery.cut), (start, None));
        }
    }

    #[test]
    fn the_second_opener_and_another_centre_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path(), CENTRE, &small()).unwrap();
        assert!(matches!(
            open(folder.path(), CENTRE, &small()),
            Err(OpenError::Lock(LockError::Held { .. }))
        ));
        drop(first);
        let other = CentreId(8);
        assert!(matches!(
            open(folder.path(), other, &small()),
            Err(OpenError::Centre { found: CENTRE, wanted }) if wanted == other
        ));
        open(folder.path(), CENTRE, &small()).unwrap();
    }

    #[test]
    fn sizes_may_change_from_start_to_start() {
        let folder = tempfile::tempdir().unwrap();
        let sizes = [4_096, 2_048, 65_536, 8_192];
        for (index, segment_bytes) in sizes.into_iter().enumerate() {
            let shape = Shape {
                segment_bytes,
                ..small()
            };
            let (mut files, _) = open(folder.path(), CENTRE, &shape).unwrap();
            for _ in 0..6 {
                append(&mut files, 8);
            }
            drop(files);
            assert_eq!(read_all(folder.path()).unwrap(), (index as u64 + 1) * 48);
        }
    }

    #[test]
    fn sequences_near_their_end_are_counted_and_then_refused() {
        let genesis = Sequence(super::super::header::SEQUENCE_MAX - 10);
        let folder = tempfile::tempdir().unwrap();
        let shape = Shape { genesis, ..small() };
        let (mut files, _) = open(folder.path(), CENTRE, &shape).unwrap();
        append(&mut files, 8);
        drop(files);
        let (mut files, recovery) = open(folder.path(), CENTRE, &shape).unwrap();
        assert_eq!(recovery.records, 8);
        let chain = files.tail();
        let mut batch = crate::journal::Batch::new(&shape);
        batch.start(chain.next);
        for _ in 0..4 {
            batch.push(Moment(0), b"x").unwrap();
        }
        let (header, bytes) = batch.seal(&chain, chain.last());
        let sealed = crate::journal::log::Sealed {
            header: &header,
            id: header.hash(),
            bytes,
        };
        assert!(files.append(chain.next, sealed).is_err());
    }

    #[test]
    fn a_file_system_that_cannot_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let message = open(&file, CENTRE, &small()).err().unwrap().to_string();
        assert!(message.contains("file"), "{message}");
    }

    #[test]
    fn a_group_that_was_never_synced_is_kept_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, _) = open(folder.path(), CENTRE, &small()).unwrap();
        append(&mut files, 2);
        append_unsynced(&mut files, 2, Sequence(2));
        drop(files);
        let (_, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
        assert_eq!((recovery.records, recovery.cut), (4, None));
    }
}
