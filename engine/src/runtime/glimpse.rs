//! What a snapshot shows to whoever only reads: the view and what was in force, without the state.
//!
//! For telling from a journal whose beginning was pruned, or of which only the end is asked for.

use super::replay::names_of;
use crate::command::Activation;
use crate::id::Sequence;
use crate::journal::{Folder, ReadError, Snapshot, SnapshotError, Snapshots};
use crate::view::View;

/// What a centre had come to at one record.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// That record.
    pub sequence: Sequence,
    /// What readers knew.
    pub view: View,
    /// What was decided with.
    pub in_force: Vec<Activation>,
}

impl Glimpse {
    /// Of the newest snapshot that is whole; `None` where there is none.
    pub fn newest(folder: impl Into<Folder>) -> Result<Option<Glimpse>, ReadError> {
        let folder = folder.into();
        let sequences = Snapshots::of(&folder).list()?;
        first_whole(&folder, sequences.into_iter().rev())
    }

    /// Of the oldest snapshot that is whole and behind which all records are kept, the first of which is `first`.
    pub fn oldest(
        folder: impl Into<Folder>,
        first: Sequence,
    ) -> Result<Option<Glimpse>, ReadError> {
        let folder = folder.into();
        let sequences = Snapshots::of(&folder).list()?;
        let usable = sequences.into_iter().filter(|last| last.next() >= first);
        first_whole(&folder, usable)
    }
}

fn first_whole(
    folder: &Folder,
    sequences: impl Iterator<Item = Sequence>,
) -> Result<Option<Glimpse>, ReadError> {
    let snapshots = Snapshots::of(folder);
    for sequence in sequences {
        let seen = match snapshots.read(sequence) {
            Ok(snapshot) => seen(&snapshot),
            Err(SnapshotError::Io(fault)) => return Err(fault.into()),
            Err(
                SnapshotError::Damaged { .. }
                | SnapshotError::Version { .. }
                | SnapshotError::Large(_),
            ) => None,
        };
        if seen.is_some() {
            return Ok(seen);
        }
    }
    Ok(None)
}

fn seen(snapshot: &Snapshot) -> Option<Glimpse> {
    let [names, _, seen] = &snapshot.parts;
    Some(Glimpse {
        sequence: snapshot.header.sequence(),
        view: View::load(seen).ok()?,
        in_force: names_of(names).ok()?,
    })
}
