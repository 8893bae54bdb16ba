//! Small journals for the tests of this module.

use super::*;
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::journal::log::Sealed;
use crate::moment::Moment;

pub const CENTRE: CentreId = CentreId(7);

/// Segments of a few batches.
pub fn small() -> Shape {
    Shape {
        segment_bytes: 4_096,
        batch_bytes: 1_024,
        batch_records: 8,
        batches: 4,
        durability: Durability::Sync,
        genesis: Sequence(1),
    }
}

/// The payload of a record, different for each, of uneven length.
pub fn payload(sequence: Sequence) -> Vec<u8> {
    let length = 20 + (sequence.0 % 60 * 7 % 60) as usize;
    (0..length)
        .map(|index| {
            (sequence.0 as u8)
                .wrapping_mul(31)
                .wrapping_add(index as u8)
        })
        .collect()
}

/// Appends one batch of so many records and syncs it.
pub fn append(log: &mut dyn Log, records: u64) {
    let durable = log.tail().last();
    append_unsynced(log, records, durable);
    log.sync().unwrap();
}

/// Appends one batch that claims this to be durable.
pub fn append_unsynced(log: &mut dyn Log, records: u64, durable: Sequence) -> HeaderHash {
    let chain = log.tail();
    let mut batch = Batch::new(&small());
    batch.start(chain.next);
    for index in 0..records {
        let sequence = Sequence(chain.next.0 + index);
        batch
            .push(
                Moment((sequence.0 % 1_000_000) as i64 * 10),
                &payload(sequence),
            )
            .unwrap();
    }
    let (header, bytes) = batch.seal(&chain, durable);
    log.append(
        chain.next,
        Sealed {
            header: &header,
            id: header.hash(),
            bytes,
        },
    )
    .unwrap();
    header.hash()
}

/// All records that can be read, each checked against [`payload`]; their number.
pub fn read_all(folder: &Path) -> Result<u64, ReadError> {
    let mut reader = Reader::open(folder)?;
    let mut expected = 1;
    while let Some(record) = reader.next(Sequence(u64::MAX))? {
        assert_eq!(record.sequence, Sequence(expected));
        assert_eq!(
            record.payload,
            payload(record.sequence),
            "sequence {expected}"
        );
        expected += 1;
    }
    Ok(expected - 1)
}
