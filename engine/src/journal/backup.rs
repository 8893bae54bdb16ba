//! A copy of a journal with all that belongs to it, taken while a centre writes to it, and proved before it counts.
//!
//! Snapshots and objects are copied whole. Segments are walked and copied as far as the walk proved them, so the copy ends
//! with a batch that was durable and never with half of one. The same copy in the other direction is a restore.

use super::chain::Depth;
use super::disk::{Access, Folder};
use super::objects::{ObjectError, Objects};
use super::reader::ReadError;
use super::segment::segment_name;
use super::snapshot::{SnapshotError, Snapshots};
use super::verify::{Verdict, verify};
use super::walk::{Next, Walk};
use super::{IoFault, segment};
use crate::id::{ObjectHash, Sequence};
use std::io::ErrorKind;
use std::path::PathBuf;

/// How often it begins anew when what it copies is pruned meanwhile.
const TRIES: u32 = 5;
const STEP_BYTES: u64 = 1 << 20;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something already.
    #[error("{} holds a journal already; name an empty folder", .0.display())]
    NotEmpty(PathBuf),
    /// There is nothing to copy.
    #[error("{} holds no journal", .0.display())]
    Nothing(PathBuf),
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// What is to be copied cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A snapshot cannot be copied.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// An object cannot be copied.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The copy is not sound.
    #[error("the copy is not sound and must not be relied on:\n{0}")]
    Unsound(Box<Verdict>),
}

/// Copies the journal in `from` to `to`, which must hold none, and proves the copy.
pub fn copy(from: &Folder, to: &Folder) -> Result<Verdict, BackupError> {
    if segment::list(from)?.is_empty() {
        return Err(BackupError::Nothing(from.path().to_path_buf()));
    }
    to.make()?;
    if !segment::list(to)?.is_empty() {
        return Err(BackupError::NotEmpty(to.path().to_path_buf()));
    }
    for tried in 1..=TRIES {
        match copy_all(from, to) {
            // Pruned under our hands: what is left is enough, but must be copied as it is now.
            Err(error) if tried < TRIES && is_gone(&error) => clear(to)?,
            done => {
                done?;
                break;
            }
        }
    }
    let verdict = verify(to, None)?;
    if verdict.is_sound() {
        Ok(verdict)
    } else {
        Err(BackupError::Unsound(Box::new(verdict)))
    }
}

fn is_gone(error: &BackupError) -> bool {
    let not_found = |fault: &IoFault| fault.source.kind() == ErrorKind::NotFound;
    match error {
        BackupError::Io(fault) | BackupError::Read(ReadError::Io(fault)) => not_found(fault),
        BackupError::Snapshot(SnapshotError::Io(fault)) => not_found(fault),
        BackupError::Read(ReadError::Damaged(_) | ReadError::Pruned { .. })
        | BackupError::Snapshot(_)
        | BackupError::Object(_)
        | BackupError::NotEmpty(_)
        | BackupError::Nothing(_)
        | BackupError::Unsound(_) => false,
    }
}

fn clear(to: &Folder) -> Result<(), IoFault> {
    for first in segment::list(to)? {
        to.remove(&segment_name(first))?;
    }
    let snapshots = Snapshots::of(to);
    for sequence in snapshots.list()? {
        snapshots.remove(sequence)?;
    }
    to.sync()
}

fn copy_all(from: &Folder, to: &Folder) -> Result<(), BackupError> {
    copy_snapshots(from, to)?;
    copy_segments(from, to)?;
    // Last: what a segment names was stored before the segment named it.
    copy_objects(from, to)
}

fn copy_snapshots(from: &Folder, to: &Folder) -> Result<(), BackupError> {
    let (source, copies) = (Snapshots::of(from), Snapshots::of(to));
    for sequence in source.list()? {
        match source.read(sequence) {
            Ok(snapshot) => copies.write(&snapshot)?,
            // What is not whole is worth nothing in a copy either; what is needed of it is found missing by the proof.
            Err(SnapshotError::Damaged { .. } | SnapshotError::Version { .. }) => {}
            Err(error @ (SnapshotError::Io(_) | SnapshotError::Large(_))) => {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

fn copy_objects(from: &Folder, to: &Folder) -> Result<(), BackupError> {
    let (source, copies) = (Objects::of(from), Objects::of(to));
    let names = match from.within("objects").names() {
        Ok(names) => names,
        Err(fault) if fault.source.kind() == ErrorKind::NotFound => Vec::new(),
        Err(fault) => return Err(fault.into()),
    };
    for name in names {
        if let Ok(hash) = name.parse::<ObjectHash>() {
            copies.put(&source.get(hash)?)?;
        }
    }
    Ok(())
}

fn copy_segments(from: &Folder, to: &Folder) -> Result<(), BackupError> {
    let mut walk = Walk::new(from)?;
    walk.begin()?;
    let Some(mut behind) = walk.place() else {
        return Ok(());
    };
    loop {
        let next = walk.next(Depth::Hashes, Sequence(0))?;
        let Some(place) = walk.place() else {
            return Ok(());
        };
        if place.segment != behind.segment {
            // It is followed by another, so nobody writes to it any more.
            copy_segment(
                from,
                to,
                behind.segment,
                behind.segment_bytes,
                behind.segment_bytes,
            )?;
        }
        behind = place;
        if let Next::Tail(_) = next {
            copy_segment(from, to, place.segment, place.offset, place.segment_bytes)?;
            return Ok(to.sync()?);
        }
    }
}

/// The first `proved` bytes of a segment; the rest is zero, as in a segment that was not written to yet.
fn copy_segment(
    from: &Folder,
    to: &Folder,
    first: Sequence,
    proved: u64,
    bytes: u64,
) -> Result<(), IoFault> {
    let name = segment_name(first);
    let source = from.open(&name, Access::Read)?;
    let copy = to.open(&name, Access::Create)?;
    let mut step = vec![0; STEP_BYTES as usize];
    let mut offset = 0;
    while offset < proved {
        let length = STEP_BYTES.min(proved - offset) as usize;
        source.read(&mut step[..length], offset)?;
        copy.write(&step[..length], offset)?;
        offset += length as u64;
    }
    step.fill(0);
    while offset < bytes {
        let length = STEP_BYTES.min(bytes - offset) as usize;
        copy.write(&step[..length], offset)?;
        offset += length as u64;
    }
    copy.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::fixture::{CENTRE, append, read_all, small};
    use crate::journal::{Log, open};

    #[test]
    fn a_copy_is_taken_while_the_journal_is_written_and_goes_on_by_itself() {
        let (live, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let to = Folder::from(copied.path().join("copy"));
        let (mut files, _) = open(live.path(), CENTRE, &small()).unwrap();
        for records in 1..=8 {
            append(&mut files, records);
        }
        Objects::of(live.path()).put(b"a plan").unwrap();
        // No mark at the tail, as while a writer is at work.
        let verdict = copy(&live.path().into(), &to).unwrap();
        assert_eq!((verdict.records, verdict.tail), (36, None));
        assert_eq!(verdict.head, verify(live.path(), None).unwrap().head);
        assert_eq!(
            Objects::of(&to).get(ObjectHash::of(b"a plan")).unwrap(),
            b"a plan"
        );
        append(&mut files, 3);
        assert_eq!(read_all(to.path()).unwrap(), 36);
        let (mut restored, recovery) = open(&to, CENTRE, &small()).unwrap();
        assert_eq!((recovery.records, recovery.cut), (36, None));
        append(&mut restored, 1);
        assert_eq!(restored.tail().next, Sequence(38));

        let refused = copy(&live.path().into(), &to).unwrap_err().to_string();
        assert!(refused.contains("holds a journal already"), "{refused}");
        let empty = tempfile::tempdir().unwrap();
        let refused = copy(&empty.path().into(), &to).unwrap_err().to_string();
        assert!(refused.contains("holds no journal"), "{refused}");
    }

    #[test]
    fn what_is_damaged_is_not_copied_as_if_it_were_whole() {
        let (live, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mut files, _) = open(live.path(), CENTRE, &small()).unwrap();
        for records in 1..=8 {
            append(&mut files, records);
        }
        drop(files);
        let path = live.path().join(segment_name(Sequence(1)));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[700] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let refused = copy(&live.path().into(), &copied.path().into()).unwrap_err();
        assert!(refused.to_string().contains("damaged"), "{refused}");
    }
}
