//! How large the parts of a journal may be, and the proofs of how they fit.
//!
//! The defaults are the design's: the writer runs ahead of the disk by 65 536 commands or 64 MiB at most. Where a
//! size is met in the field it may be set; [`Shape::check`] refuses what cannot work.

use super::header::HEADER_BYTES;
use super::{BLOCK_BYTES, aligned};
use crate::id::Sequence;
use crate::journal::frame::FRAME_BYTES;

/// The most bytes a batch may have, header included; a reader believes no larger one.
pub const BATCH_BYTES_MAX: usize = 4 << 20;
/// The most records a batch may have.
pub const BATCH_RECORDS_MAX: u32 = 4_096;
/// How many batches there are between the writer and the disk.
pub const BATCHES: usize = 16;
/// The size of a segment.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// The largest segment that a reader believes.
pub const SEGMENT_BYTES_MAX: u64 = 4 << 30;

const _: () = {
    // What the writer runs ahead of the journal is what fits in all batches.
    assert!(BATCHES * BATCH_RECORDS_MAX as usize == 65_536);
    assert!(BATCHES * BATCH_BYTES_MAX == 64 << 20);
    // A whole batch fits in a segment beside its header and the mark at its end, with little waste.
    assert!(SEGMENT_BYTES >= 8 * aligned(BATCH_BYTES_MAX as u64));
    assert!(HEADER_BYTES as u64 + FRAME_BYTES as u64 <= BLOCK_BYTES);
};

/// Groups of batches that are released before they are synced, at most, where that is allowed at all.
pub const GROUPS_UNSYNCED_MAX: u32 = 64;

/// When a record counts as safe enough to be acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// On the disk: it survives whatever the disk survives.
    #[default]
    Sync,
    /// Handed to the operating system: it survives the death of this process, but not that of the machine. The disk has it as
    /// soon as nothing waits, and at the latest [`GROUPS_UNSYNCED_MAX`] groups later.
    Batch,
}

impl Durability {
    /// As the configuration and the figures name it.
    pub const fn code(self) -> &'static str {
        match self {
            Durability::Sync => "sync",
            Durability::Batch => "batch",
        }
    }
}

/// The sizes of one journal. They may differ from one start to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The size of a new segment, a multiple of 512.
    pub segment_bytes: u64,
    /// The most bytes in a batch, header included.
    pub batch_bytes: usize,
    /// The most records in a batch.
    pub batch_records: u32,
    /// How many batches may be between the writer and the disk.
    pub batches: usize,
    /// When a record is safe enough.
    pub durability: Durability,
    /// The sequence of the first record of a new journal.
    pub genesis: Sequence,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            segment_bytes: SEGMENT_BYTES,
            batch_bytes: BATCH_BYTES_MAX,
            batch_records: BATCH_RECORDS_MAX,
            batches: BATCHES,
            durability: Durability::Sync,
            genesis: Sequence(1),
        }
    }
}

/// Why these sizes cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The segment cannot hold a batch, or is not made of blocks.
    #[error(
        "a segment has {found} bytes; it must be a multiple of 512 from {min} to {SEGMENT_BYTES_MAX}"
    )]
    Segment {
        /// The size that was asked.
        found: u64,
        /// The least that holds one batch.
        min: u64,
    },
    /// The batch is too small for a record or larger than a reader believes.
    #[error("a batch has {0} bytes; it must have 512 to {BATCH_BYTES_MAX}")]
    Batch(usize),
    /// The batch holds none or too many.
    #[error("a batch has {0} records; it must have 1 to {BATCH_RECORDS_MAX}")]
    Records(u32),
    /// The writer and the disk cannot work at once, or the writer runs too far ahead.
    #[error("there are {0} batches; there must be 2 to 1024")]
    Batches(usize),
    /// Sequence 0 is "before the first".
    #[error("the first record has the sequence 0; it must be 1 or more")]
    Genesis,
}

impl Shape {
    /// Refuses sizes that cannot work.
    pub fn check(&self) -> Result<(), ShapeError> {
        if !(512..=BATCH_BYTES_MAX).contains(&self.batch_bytes) {
            return Err(ShapeError::Batch(self.batch_bytes));
        }
        let min = BLOCK_BYTES + aligned(self.batch_bytes as u64) + BLOCK_BYTES;
        if !(min..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes)
            || !self.segment_bytes.is_multiple_of(BLOCK_BYTES)
        {
            return Err(ShapeError::Segment {
                found: self.segment_bytes,
                min,
            });
        }
        if !(1..=BATCH_RECORDS_MAX).contains(&self.batch_records) {
            return Err(ShapeError::Records(self.batch_records));
        }
        if !(2..=1_024).contains(&self.batches) {
            return Err(ShapeError::Batches(self.batches));
        }
        if self.genesis == Sequence(0) {
            return Err(ShapeError::Genesis);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_cannot_work_are_refused() {
        let good = Shape::default();
        assert_eq!(good.check(), Ok(()));
        for wrong in [
            Shape {
                segment_bytes: 0,
                ..good
            },
            Shape {
                segment_bytes: good.segment_bytes + 1,
                ..good
            },
            Shape {
                segment_bytes: SEGMENT_BYTES_MAX + 512,
                ..good
            },
            Shape {
                batch_bytes: 511,
                ..good
            },
            Shape {
                batch_bytes: BATCH_BYTES_MAX + 1,
                ..good
            },
            Shape {
                batch_records: 0,
                ..good
            },
            Shape {
                batch_records: BATCH_RECORDS_MAX + 1,
                ..good
            },
            Shape { batches: 1, ..good },
            Shape {
                genesis: Sequence(0),
                ..good
            },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
