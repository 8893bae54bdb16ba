//! One file of the simulated disk: what is durable, what memory shows, and what lies between.

use super::faults::{Fault, Faults, Keeps};

/// What a drive writes whole or not at all.
const SECTOR: usize = 512;

/// One change to a file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// These bytes are there now.
    Bytes {
        /// From here on.
        offset: usize,
        /// What was written.
        bytes: Vec<u8>,
    },
    /// It is so long now.
    Length(usize),
}

impl Change {
    /// The first byte behind it.
    pub(super) fn end(&self) -> usize {
        match self {
            Change::Bytes { offset, bytes } => offset + bytes.len(),
            Change::Length(length) => *length,
        }
    }

    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Bytes { offset, bytes } => write(to, *offset, bytes),
            Change::Length(length) => to.resize(*length, 0),
        }
    }
}

fn write(to: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[offset..end].copy_from_slice(bytes);
}

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    durable: Vec<u8>,
    shown: Vec<u8>,
    /// Not synced, in their order.
    changes: Vec<Change>,
    /// How many of them were there at the last sync, on a disk that is late.
    late: usize,
}

impl Inode {
    pub(super) fn length(&self) -> usize {
        self.shown.len()
    }

    /// How far it holds anything but zeros.
    pub(super) fn used(&self) -> usize {
        let last = self.shown.iter().rposition(|byte| *byte != 0);
        last.map_or(0, |last| last + 1)
    }

    pub(super) fn read(&self, into: &mut [u8], offset: usize) -> usize {
        let from = self.shown.get(offset..).unwrap_or_default();
        let count = from.len().min(into.len());
        into[..count].copy_from_slice(&from[..count]);
        count
    }

    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.shown);
        self.changes.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.changes.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    pub(super) fn sync_late(&mut self) {
        let late = self.late.min(self.changes.len());
        for change in self.changes.drain(..late) {
            change.apply(&mut self.durable);
        }
        self.late = self.changes.len();
    }

    /// A sync failed: some of it is durable, none of it will be tried again, and memory shows it all as if it were.
    pub(super) fn sync_failed(&mut self, faults: &mut Faults) {
        for change in std::mem::take(&mut self.changes) {
            self.reach(&change, faults);
        }
    }

    /// Memory forgets what counts as clean.
    pub(super) fn distrust_memory(&mut self) {
        self.shown.clone_from(&self.durable);
        for change in &self.changes {
            change.apply(&mut self.shown);
        }
    }

    pub(super) fn flip(&mut self, offset: usize, mask: u8) {
        for bytes in [&mut self.durable, &mut self.shown] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= mask;
            }
        }
    }

    /// What stands on the disk at an offset.
    pub(super) fn byte(&self, offset: usize) -> u8 {
        self.durable.get(offset).copied().unwrap_or(0)
    }

    pub(super) fn unflip(&mut self, offset: usize, was: u8, mask: u8) {
        for bytes in [&mut self.durable, &mut self.shown] {
            if let Some(byte) = bytes.get_mut(offset).filter(|byte| **byte == was ^ mask) {
                *byte = was;
            }
        }
    }

    /// The power is gone.
    pub(super) fn crash(&mut self, faults: &mut Faults) {
        let changes = std::mem::take(&mut self.changes);
        match faults.keeps() {
            Keeps::All => changes
                .iter()
                .for_each(|change| change.apply(&mut self.durable)),
            Keeps::Nothing => faults.count_of(Fault::LostWrite, changes.len() as u64),
            Keeps::Prefix => {
                let kept = faults.part_of(changes.len());
                for change in &changes[..kept] {
                    change.apply(&mut self.durable);
                }
                if let Some(torn) = changes.get(kept) {
                    self.tear(torn, faults);
                }
                faults.count_of(Fault::LostWrite, (changes.len() - kept) as u64);
            }
            Keeps::Some => changes.iter().for_each(|change| self.reach(change, faults)),
        }
        self.shown.clone_from(&self.durable);
        self.late = 0;
    }

    /// A change becomes durable, or does not, or in part.
    fn reach(&mut self, change: &Change, faults: &mut Faults) {
        match faults.part_of(3) {
            0 => change.apply(&mut self.durable),
            1 => self.tear(change, faults),
            _ => faults.count(Fault::LostWrite),
        }
    }

    /// Any of the sectors of a write arrive. The last piece of several, where it is no whole sector, may also be cut
    /// inside; a write within one sector arrives or does not, which is what the journal counts on.
    fn tear(&mut self, change: &Change, faults: &mut Faults) {
        let Change::Bytes { offset, bytes } = change else {
            return;
        };
        faults.count(Fault::TornWrite);
        let mut at = 0;
        while at < bytes.len() {
            let end = ((offset + at) / SECTOR + 1) * SECTOR - offset;
            let is_whole = end <= bytes.len();
            let end = end.min(bytes.len());
            if faults.part_of(1) == 0 {
                let piece = &bytes[at..end];
                let kept = if is_whole || bytes.len() <= SECTOR {
                    piece.len()
                } else {
                    faults.part_of(piece.len())
                };
                write(&mut self.durable, offset + at, &piece[..kept]);
            }
            at = end;
        }
    }
}
