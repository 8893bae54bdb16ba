//! Snapshots: what all records up to one came to, so that recovery need not read them and old segments may go.
//!
//! What is in one is opaque here: the runtime saves and loads it. A snapshot stands at a batch's end and names that
//! place in the chain, so whoever goes on from it proves that it belongs to this journal. It gets its name only when all of
//! it is durable, is never changed, and is believed only whole.
//!
//! ```text
//! <folder>/snapshots/0000000000001f3a.snapshot     named by the last sequence it holds
//!
//!   0 magic FF "LDSNAPS"     8
//!   8 version                2   1
//!  10 centre                 2
//!  12 logic version          4   of the rules that came to it
//!  16 epoch                  8   of the last header
//!  24 sequence               8   the last record in it
//!  32 logical time           8   of that record
//!  40 head                  32   hash of the last header
//!  72 segment                8   where the journal goes on: first sequence of the segment,
//!  80 segment bytes          8   its size,
//!  88 offset                 8   and the offset in it
//!  96 state hash            32
//! 128 parts           3 × 40   each: bytes 8, BLAKE3 32
//! 248 zero                 260
//! 508 CRC32C                 4   over bytes 0 to 507
//! 512 the parts, one behind the other
//! ```

use super::chain::Chain;
use super::disk::{Access, Folder, OpenFile};
use super::header::{SEQUENCE_MAX, field};
use super::walk::Place;
use super::{BLOCK_BYTES, IoFault};
use crate::id::{CentreId, HeaderHash, ObjectHash, Sequence};
use crate::memory::on_large_pages;
use crate::moment::Moment;
use std::path::PathBuf;

/// The format that is written and read.
pub const VERSION: u16 = 1;
/// Parts of a snapshot.
pub const PARTS: usize = 3;
/// The most bytes that one part may have.
pub const PART_BYTES_MAX: u64 = 4 << 30;

const MAGIC: [u8; 8] = *b"\xFFLDSNAPS";
const BLOCK: usize = BLOCK_BYTES as usize;
const PARTS_AT: usize = 128;
const PART: usize = 40;
const CHECKSUM_AT: usize = BLOCK - 4;
/// So much is written and synced at once: the journal's own syncs never wait behind more.
const STEP_BYTES: usize = 1 << 20;
const SUFFIX: &str = ".snapshot";

const _: () = assert!(PARTS_AT + PARTS * PART <= CHECKSUM_AT);

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// Where the journal goes on behind it.
    pub place: Place,
    /// The rules that came to it.
    pub logic_version: u32,
    /// The hash of the state in it.
    pub state_hash: ObjectHash,
    parts: [(u64, [u8; 32]); PARTS],
}

/// A snapshot in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it says of itself.
    pub header: SnapshotHeader,
    /// What the runtime put into it.
    pub parts: [Vec<u8>; PARTS],
}

/// Why a snapshot is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// Another format.
    #[error("the snapshot {} has the format {found}; this program reads {VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// It is not what was written.
    #[error("the snapshot {} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A part is too large for any reader.
    #[error("a part of the snapshot has {0} bytes; at most {PART_BYTES_MAX} are kept")]
    Large(u64),
}

impl Snapshot {
    /// A snapshot of these parts, at the end of the journal as far as `place`.
    pub fn new(
        place: Place,
        logic_version: u32,
        state_hash: ObjectHash,
        parts: [Vec<u8>; PARTS],
    ) -> Snapshot {
        let described = std::array::from_fn(|at| {
            (parts[at].len() as u64, *blake3::hash(&parts[at]).as_bytes())
        });
        let header = SnapshotHeader {
            place,
            logic_version,
            state_hash,
            parts: described,
        };
        Snapshot { header, parts }
    }

    /// Whether its parts are those that its header names; otherwise what is wrong.
    pub fn ensure_whole(&self) -> Result<(), &'static str> {
        let mut parts = self.parts.iter().zip(self.header.parts);
        let is_whole = parts.all(|(part, (_, hash))| *blake3::hash(part).as_bytes() == hash);
        is_whole
            .then_some(())
            .ok_or("a part of it has another hash")
    }
}

impl SnapshotHeader {
    /// The last record in it.
    pub fn sequence(&self) -> Sequence {
        self.place.chain.last()
    }

    /// The logical time of that record.
    pub fn at(&self) -> Moment {
        self.place.chain.at
    }

    /// The BLAKE3 hash of the bytes of one part.
    pub fn part_hash(&self, part: usize) -> ObjectHash {
        ObjectHash(self.parts[part].1)
    }

    /// The bytes of the whole file.
    pub fn bytes(&self) -> u64 {
        BLOCK_BYTES + self.parts.iter().map(|(bytes, _)| bytes).sum::<u64>()
    }

    fn encode(&self) -> [u8; BLOCK] {
        let (place, chain) = (&self.place, &self.place.chain);
        let mut block = [0; BLOCK];
        let mut put = |at: usize, field: &[u8]| block[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        put(8, &VERSION.to_le_bytes());
        put(10, &chain.centre.0.to_le_bytes());
        put(12, &self.logic_version.to_le_bytes());
        put(16, &chain.epoch.to_le_bytes());
        put(24, &chain.last().0.to_le_bytes());
        put(32, &chain.at.0.to_le_bytes());
        put(40, &chain.previous.0);
        put(72, &place.segment.0.to_le_bytes());
        put(80, &place.segment_bytes.to_le_bytes());
        put(88, &place.offset.to_le_bytes());
        put(96, &self.state_hash.0);
        for (index, (bytes, hash)) in self.parts.iter().enumerate() {
            put(PARTS_AT + index * PART, &bytes.to_le_bytes());
            put(PARTS_AT + index * PART + 8, hash);
        }
        let checksum = crc32c::crc32c(&block[..CHECKSUM_AT]);
        block[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        block
    }

    fn decode(block: &[u8]) -> Result<SnapshotHeader, Misfit> {
        if block.len() != BLOCK || block[..8] != MAGIC {
            return Err(Misfit::Damage("it does not begin as a snapshot does"));
        }
        let number = |at| u64::from_le_bytes(field(block, at));
        let version = u16::from_le_bytes(field(block, 8));
        if version != VERSION {
            return Err(Misfit::Version(version));
        }
        if crc32c::crc32c(&block[..CHECKSUM_AT]) != u32::from_le_bytes(field(block, CHECKSUM_AT)) {
            return Err(Misfit::Damage("its header's checksum is wrong"));
        }
        let sequence = number(24);
        if !(1..SEQUENCE_MAX).contains(&sequence) || number(72) > sequence + 1 {
            return Err(Misfit::Damage("its header says what no writer writes"));
        }
        let parts = std::array::from_fn(|index| {
            let at = PARTS_AT + index * PART;
            (number(at), field(block, at + 8))
        });
        if parts.iter().any(|&(bytes, _)| bytes > PART_BYTES_MAX) {
            return Err(Misfit::Damage(
                "one of its parts is larger than any writer makes it",
            ));
        }
        let chain = Chain {
            centre: CentreId(u16::from_le_bytes(field(block, 10))),
            epoch: number(16),
            next: Sequence(sequence + 1),
            previous: HeaderHash(field(block, 40)),
            at: Moment(number(32) as i64),
        };
        Ok(SnapshotHeader {
            place: Place {
                segment: Sequence(number(72)),
                segment_bytes: number(80),
                offset: number(88),
                chain,
            },
            logic_version: u32::from_le_bytes(field(block, 12)),
            state_hash: ObjectHash(field(block, 96)),
            parts,
        })
    }
}

/// Why bytes are no header.
enum Misfit {
    Version(u16),
    Damage(&'static str),
}

/// The snapshots beside a journal.
#[derive(Clone, Debug)]
pub struct Snapshots {
    folder: Folder,
}

fn snapshot_name(sequence: Sequence) -> String {
    format!("{:016x}{SUFFIX}", sequence.0)
}

impl Snapshots {
    /// Those of the journal in this folder. Touches nothing.
    pub fn of(journal: impl Into<Folder>) -> Snapshots {
        Snapshots {
            folder: journal.into().within("snapshots"),
        }
    }

    /// The last sequences of all snapshots there are, oldest first. Whether they are whole is not looked at.
    pub fn list(&self) -> Result<Vec<Sequence>, IoFault> {
        let names = match self.folder.names() {
            Ok(names) => names,
            Err(fault) if fault.source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let sequence_of = |name: &String| {
            let number = u64::from_str_radix(name.strip_suffix(SUFFIX)?, 16).ok()?;
            (*name == snapshot_name(Sequence(number))).then_some(Sequence(number))
        };
        let mut sequences: Vec<Sequence> = names.iter().filter_map(sequence_of).collect();
        sequences.sort_unstable();
        Ok(sequences)
    }

    /// Keeps a snapshot, durably. Nothing is left of one that cannot be written, as far as the disk allows.
    pub fn write(&self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        if let Some(&(bytes, _)) = snapshot
            .header
            .parts
            .iter()
            .find(|part| part.0 > PART_BYTES_MAX)
        {
            return Err(SnapshotError::Large(bytes));
        }
        self.folder.make()?;
        let name = snapshot_name(snapshot.header.sequence());
        let unnamed = format!("{name}.new");
        let written = self.write_unnamed(&unnamed, snapshot);
        if let Err(fault) = written {
            // What it took is given back: the disk may be full by it. Whatever comes of that, the first fault is told.
            drop(self.folder.remove(&unnamed));
            return Err(fault.into());
        }
        self.folder.rename(&unnamed, &name)?;
        Ok(self.folder.sync()?)
    }

    fn write_unnamed(&self, unnamed: &str, snapshot: &Snapshot) -> Result<(), IoFault> {
        let file = self.folder.open(unnamed, Access::Create)?;
        file.write(&snapshot.header.encode(), 0)?;
        let mut offset = BLOCK_BYTES;
        for step in snapshot
            .parts
            .iter()
            .flat_map(|part| part.chunks(STEP_BYTES))
        {
            file.write(step, offset)?;
            file.sync_data()?;
            offset += step.len() as u64;
        }
        file.sync_all()
    }

    /// What the snapshot at this sequence says of itself.
    pub fn header(&self, sequence: Sequence) -> Result<SnapshotHeader, SnapshotError> {
        Ok(self.open(sequence)?.1)
    }

    /// The snapshot at this sequence, whole.
    pub fn read(&self, sequence: Sequence) -> Result<Snapshot, SnapshotError> {
        let snapshot = self.read_unproved(sequence)?;
        let whole = snapshot.ensure_whole();
        whole.map_err(|what| self.damaged(sequence, what))?;
        Ok(snapshot)
    }

    /// The snapshot at this sequence as it is on the disk: nothing in it is to be believed before
    /// [`Snapshot::ensure_whole`].
    pub fn read_unproved(&self, sequence: Sequence) -> Result<Snapshot, SnapshotError> {
        let (file, header) = self.open(sequence)?;
        if file.length()? != header.bytes() {
            return Err(self.damaged(sequence, "its length is not what its header says"));
        }
        let mut parts: [Vec<u8>; PARTS] = Default::default();
        let mut offset = BLOCK_BYTES;
        for (part, (bytes, _)) in parts.iter_mut().zip(header.parts) {
            // No longer than the file, whose length was compared.
            *part = on_large_pages(vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)]);
            file.read(part, offset)?;
            offset += bytes;
        }
        Ok(Snapshot { header, parts })
    }

    /// Removes the snapshot at this sequence.
    pub fn remove(&self, sequence: Sequence) -> Result<(), IoFault> {
        self.folder.remove(&snapshot_name(sequence))?;
        self.folder.sync()
    }

    /// Removes what writes that were cut off left behind.
    pub fn tidy(&self) -> Result<(), IoFault> {
        let names = match self.folder.names() {
            Ok(names) => names,
            Err(fault) if fault.source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(fault) => return Err(fault),
        };
        for name in names.iter().filter(|name| name.ends_with(".snapshot.new")) {
            self.folder.remove(name)?;
        }
        Ok(())
    }

    /// The file of the snapshot at this sequence.
    pub fn path(&self, sequence: Sequence) -> PathBuf {
        self.folder.path().join(snapshot_name(sequence))
    }

    fn open(&self, sequence: Sequence) -> Result<(OpenFile, SnapshotHeader), SnapshotError> {
        let file = self.folder.open(&snapshot_name(sequence), Access::Read)?;
        let mut block = [0; BLOCK];
        file.read(&mut block, 0)?;
        let header = SnapshotHeader::decode(&block).map_err(|misfit| match misfit {
            Misfit::Version(found) => SnapshotError::Version {
                path: self.path(sequence),
                found,
            },
            Misfit::Damage(what) => self.damaged(sequence, what),
        })?;
        if header.sequence() != sequence {
            return Err(self.damaged(sequence, "its name is another's"));
        }
        Ok((file, header))
    }

    fn damaged(&self, sequence: Sequence, what: &'static str) -> SnapshotError {
        SnapshotError::Damaged {
            path: self.path(sequence),
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(sequence: u64) -> Snapshot {
        let chain = Chain {
            centre: CentreId(3),
            epoch: 2,
            next: Sequence(sequence + 1),
            previous: HeaderHash([7; 32]),
            at: Moment(-5),
        };
        let place = Place {
            segment: Sequence(1),
            segment_bytes: 4_096,
            offset: 1_024,
            chain,
        };
        let parts = [b"names".to_vec(), vec![9; 3_000], Vec::new()];
        Snapshot::new(place, 2, ObjectHash([4; 32]), parts)
    }

    #[test]
    fn a_snapshot_is_had_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::of(folder.path());
        assert_eq!(snapshots.list().unwrap(), []);
        for sequence in [300, 20] {
            snapshots.write(&snapshot(sequence)).unwrap();
            assert_eq!(
                snapshots.read(Sequence(sequence)).unwrap(),
                snapshot(sequence)
            );
        }
        assert_eq!(snapshots.list().unwrap(), [Sequence(20), Sequence(300)]);
        let path = snapshots.path(Sequence(20));
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&path, &changed).unwrap();
            let read = snapshots.read(Sequence(20));
            assert!(
                matches!(
                    read,
                    Err(SnapshotError::Damaged { .. } | SnapshotError::Version { .. })
                ),
                "byte {at}: {read:?}"
            );
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(snapshots.read(Sequence(20)).is_err(), "cut at {at}");
        }
        std::fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
        assert!(snapshots.read(Sequence(20)).is_err(), "something behind it");
        std::fs::rename(snapshots.path(Sequence(300)), &path).unwrap();
        let error = snapshots.read(Sequence(20)).unwrap_err().to_string();
        assert!(error.contains("its name is another's"), "{error}");
        snapshots.remove(Sequence(20)).unwrap();
        assert_eq!(snapshots.list().unwrap(), []);
    }

    #[test]
    fn what_was_cut_off_is_no_snapshot_and_is_tidied_away() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::of(folder.path());
        snapshots.tidy().unwrap();
        snapshots.write(&snapshot(9)).unwrap();
        let left = folder
            .path()
            .join("snapshots/000000000000000a.snapshot.new");
        std::fs::write(&left, b"half").unwrap();
        assert_eq!(snapshots.list().unwrap(), [Sequence(9)]);
        snapshots.tidy().unwrap();
        assert!(!left.exists());
        assert_eq!(snapshots.list().unwrap(), [Sequence(9)]);
    }
}
