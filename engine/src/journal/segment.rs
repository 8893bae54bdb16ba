//! One file of the journal: its header, and writing into it. [`super::files`] decides when to turn to the next.
//!
//! A segment is allocated and filled with zeros before it gets its name, so that a sync in service only moves
//! data and never the file system's own records. Its header was synced before the name was given, so a named
//! segment with an unreadable header is damage, never an accident of a crash.
//!
//! ```text
//!   0 magic FF "LDSEGMT"     8
//!   8 version                2   1
//!  10 centre                 2
//!  12 zero                   4
//!  16 epoch                  8   of the start that made it
//!  24 first sequence         8
//!  32 size                   8   of this file
//!  40 logical time           8   of the last record before
//!  48 previous              32   hash of the last header before; zero in a journal's first segment
//!  80 zero                 428
//! 508 CRC32C                 4   over bytes 0 to 507
//! ```

use super::chain::{Chain, Flaw};
use super::disk::{Access, Folder, OpenFile};
use super::header::{SEQUENCE_MAX, VERSION, field};
use super::shape::SEGMENT_BYTES_MAX;
use super::{BLOCK_BYTES, IoFault};
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::moment::Moment;

const MAGIC: [u8; 8] = *b"\xFFLDSEGMT";
const BLOCK: usize = BLOCK_BYTES as usize;
const CHECKSUM_AT: usize = BLOCK - 4;
/// The file that is being filled with zeros.
const SPARE: &str = "next.new";
/// How much of the next segment is prepared at once: about half a millisecond, so that no batch waits long.
const STEP_BYTES: u64 = 512 << 10;

/// The name of the segment that starts with this sequence.
pub fn segment_name(first: Sequence) -> String {
    format!("{:016x}.log", first.0)
}

/// The segments in a folder, by first sequence, in order.
pub(super) fn list(folder: &Folder) -> Result<Vec<Sequence>, IoFault> {
    let names = folder.names()?;
    let mut segments: Vec<Sequence> = names.iter().filter_map(|name| first_of(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// The first sequence of the segment with this name, if it is one's.
fn first_of(name: &str) -> Option<Sequence> {
    let first = u64::from_str_radix(name.strip_suffix(".log")?, 16).ok()?;
    (name == segment_name(Sequence(first))).then_some(Sequence(first))
}

/// The first block of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) centre: CentreId,
    pub(super) epoch: u64,
    pub(super) first: Sequence,
    pub(super) bytes: u64,
    pub(super) at: Moment,
    pub(super) previous: HeaderHash,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let mut put = |at: usize, field: &[u8]| block[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        put(8, &VERSION.to_le_bytes());
        put(10, &self.centre.0.to_le_bytes());
        put(16, &self.epoch.to_le_bytes());
        put(24, &self.first.0.to_le_bytes());
        put(32, &self.bytes.to_le_bytes());
        put(40, &self.at.0.to_le_bytes());
        put(48, &self.previous.0);
        let checksum = crc32c::crc32c(&block[..CHECKSUM_AT]);
        block[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        block
    }

    pub(super) fn decode(block: &[u8]) -> Result<SegmentHeader, Flaw> {
        if block.len() != BLOCK || block[..8] != MAGIC {
            return Err(Flaw::SegmentHeader);
        }
        if crc32c::crc32c(&block[..CHECKSUM_AT]) != u32::from_le_bytes(field(block, CHECKSUM_AT)) {
            return Err(Flaw::SegmentHeader);
        }
        let version = u16::from_le_bytes(field(block, 8));
        if version != VERSION {
            return Err(Flaw::Version(version));
        }
        let header = SegmentHeader {
            centre: CentreId(u16::from_le_bytes(field(block, 10))),
            epoch: u64::from_le_bytes(field(block, 16)),
            first: Sequence(u64::from_le_bytes(field(block, 24))),
            bytes: u64::from_le_bytes(field(block, 32)),
            at: Moment(i64::from_le_bytes(field(block, 40))),
            previous: HeaderHash(field(block, 48)),
        };
        let possible = (1..SEQUENCE_MAX).contains(&header.first.0)
            && (BLOCK_BYTES..=SEGMENT_BYTES_MAX).contains(&header.bytes);
        if possible {
            Ok(header)
        } else {
            Err(Flaw::SegmentHeader)
        }
    }

    /// What the segment's first batch must hook into.
    pub(super) fn chain(&self) -> Chain {
        Chain {
            centre: self.centre,
            epoch: self.epoch,
            next: self.first,
            previous: self.previous,
            at: self.at,
        }
    }
}

/// A segment open for writing.
pub(super) struct Segment {
    file: OpenFile,
    bytes: u64,
    offset: u64,
}

impl Segment {
    /// Opens one that exists, to go on at this offset.
    pub(super) fn open(
        folder: &Folder,
        first: Sequence,
        bytes: u64,
        offset: u64,
    ) -> Result<Segment, IoFault> {
        let file = folder.open(&segment_name(first), Access::Write)?;
        Ok(Segment {
            file,
            bytes,
            offset,
        })
    }

    /// Forgets what memory holds of a segment, so that what is read next is what the disk has.
    pub(super) fn distrust_memory(folder: &Folder, first: Sequence) -> Result<(), IoFault> {
        folder
            .open(&segment_name(first), Access::Read)?
            .distrust_memory()
    }

    /// Whether so many bytes fit beside the mark at the end.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        self.offset + super::aligned(bytes as u64) + BLOCK_BYTES <= self.bytes
    }

    /// Writes at the tail and moves on to the next block. The padding is there already: all is zero ahead.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), IoFault> {
        self.mark(bytes)?;
        self.offset += super::aligned(bytes.len() as u64);
        Ok(())
    }

    /// Writes at the tail and stays there.
    pub(super) fn mark(&mut self, bytes: &[u8]) -> Result<(), IoFault> {
        self.file.write(bytes, self.offset)
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), IoFault> {
        self.file.sync_data()
    }

    /// Fills everything from the tail with zeros, durably, so that nothing there can ever be read again.
    pub(super) fn clear_tail(&self) -> Result<(), IoFault> {
        let mut at = self.offset;
        while at < self.bytes {
            let step = STEP_BYTES.min(self.bytes - at);
            write_zeros(&self.file, at, step)?;
            at += step;
        }
        self.file.set_length(self.bytes)?;
        self.file.sync_all()
    }

    /// The share of the file that is used, in 1/1024.
    pub(super) fn used_per_1024(&self) -> u64 {
        self.offset * 1024 / self.bytes
    }
}

/// The segment to come, on its way to being all zeros.
pub(super) struct Spare {
    file: OpenFile,
    bytes: u64,
    written: u64,
}

impl Spare {
    /// Throws away what an earlier start left half done.
    pub(super) fn discard(folder: &Folder) -> Result<(), IoFault> {
        folder.remove(SPARE)
    }

    pub(super) fn create(folder: &Folder, bytes: u64) -> Result<Spare, IoFault> {
        let file = folder.open(SPARE, Access::Create)?;
        let spare = Spare {
            file,
            bytes,
            written: 0,
        };
        // A file system without it still gets the zeros, only less neatly laid out.
        match spare.file.allocate(bytes) {
            Ok(()) => Ok(spare),
            Err(fault) => {
                // Half of it would take the last room from the segment in use.
                spare.drop_from(folder);
                Err(fault)
            }
        }
    }

    /// Gives up the room it took. Whether that worked or not, nothing depends on it.
    pub(super) fn drop_from(self, folder: &Folder) {
        drop(self.file);
        drop(folder.remove(SPARE));
    }

    pub(super) fn is_ready(&self) -> bool {
        self.written == self.bytes
    }

    /// The share of the file that is prepared, in 1/1024.
    pub(super) fn ready_per_1024(&self) -> u64 {
        self.written * 1024 / self.bytes
    }

    /// Prepares a little more, durably.
    pub(super) fn step(&mut self) -> Result<(), IoFault> {
        let step = STEP_BYTES.min(self.bytes - self.written);
        write_zeros(&self.file, self.written, step)?;
        self.file.sync_data()?;
        self.written += step;
        Ok(())
    }

    /// Makes it the segment that hooks into this chain.
    pub(super) fn name(self, folder: &Folder, chain: &Chain) -> Result<Segment, IoFault> {
        // What is not prepared by now is written in one go; the sync below covers it.
        write_zeros(&self.file, self.written, self.bytes - self.written)?;
        let header = SegmentHeader {
            centre: chain.centre,
            epoch: chain.epoch,
            first: chain.next,
            bytes: self.bytes,
            at: chain.at,
            previous: chain.previous,
        };
        self.file.write(&header.encode(), 0)?;
        self.file.sync_all()?;
        folder.rename(SPARE, &segment_name(chain.next))?;
        folder.sync()?;
        Ok(Segment {
            file: self.file,
            bytes: self.bytes,
            offset: BLOCK_BYTES,
        })
    }
}

fn write_zeros(file: &OpenFile, offset: u64, bytes: u64) -> Result<(), IoFault> {
    static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
    let mut done = 0;
    while done < bytes {
        let step = (ZEROS.len() as u64).min(bytes - done);
        file.write(&ZEROS[..step as usize], offset + done)?;
        done += step;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_segment_header_is_seen() {
        let header = SegmentHeader {
            centre: CentreId(3),
            epoch: 2,
            first: Sequence(1 << 40),
            bytes: 1 << 20,
            at: Moment(-5),
            previous: HeaderHash([7; 32]),
        };
        let block = header.encode();
        assert_eq!(SegmentHeader::decode(&block), Ok(header));
        for bit in 0..BLOCK * 8 {
            let mut flipped = block;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&flipped).is_err(), "bit {bit}");
        }
        assert!(SegmentHeader::decode(&block[1..]).is_err());
    }

    #[test]
    fn only_segments_are_listed_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "0000000000000010.log",
            "0000000000000009.log",
            "LOCK",
            "next.new",
            "9.log",
            "x.log",
        ] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        assert_eq!(
            list(&folder.path().into()).unwrap(),
            [Sequence(9), Sequence(16)]
        );
        assert_eq!(segment_name(Sequence(16)), "0000000000000010.log");
    }
}
