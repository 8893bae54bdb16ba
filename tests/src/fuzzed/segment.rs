//! The bytes of one segment, whatever they are; as they come, or with every checksum, hash and link made right, so that
//! what stands behind them is reached.
//!
//! The first byte says what is made right, the rest are the blocks after the segment's header.

use super::journal::{check_agreement, put};
use super::scratch;
use engine::id::{CentreId, HeaderHash, Sequence};
use engine::journal::Reader;
use engine::journal::frame;
use engine::journal::header::{BatchHeader, HEADER_BYTES, Kind};
use engine::moment::Moment;
use std::collections::BTreeMap;

const BLOCK: usize = 512;
const SEGMENT_MAGIC: &[u8] = b"\xFFLDSEGMT";
const BATCH_MAGIC: &[u8] = b"\xFFLDBATCH";
/// Make records and headers right.
const SEAL: u8 = 1;
/// And the links between them.
const LINK: u8 = 2;
/// The segment says that it is longer than it is.
const SHORT: u8 = 4;

/// Whatever the blocks hold: `verify`, `open` and readers agree on it.
pub fn check(data: &[u8]) {
    let (flags, blocks) = data
        .split_first()
        .map_or((0, data), |(flags, rest)| (*flags, rest));
    let mut bytes = vec![0; BLOCK];
    bytes.extend_from_slice(blocks);
    bytes.resize(bytes.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    let says = bytes.len() + if flags & SHORT == 0 { 0 } else { 4 * BLOCK };
    head(&mut bytes, says as u64);
    if flags & SEAL != 0 {
        seal(&mut bytes, flags & LINK != 0);
    }
    let folder = scratch::folder();
    put(&BTreeMap::from([(1, bytes)]), folder.path());
    let mut reader = Reader::open(folder.path()).expect("files in memory");
    let mut last = Sequence(0);
    while let Ok(Some(record)) = reader.next(Sequence(u64::MAX)) {
        assert_eq!(record.sequence, last.next());
        last = record.sequence;
    }
    check_agreement(folder.path());
}

/// The segment's own header, as its layout is written down.
fn head(bytes: &mut [u8], says: u64) {
    let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
    put(0, SEGMENT_MAGIC);
    put(8, &1u16.to_le_bytes());
    put(10, &7u16.to_le_bytes());
    put(16, &1u64.to_le_bytes());
    put(24, &1u64.to_le_bytes());
    put(32, &says.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..BLOCK - 4]);
    bytes[BLOCK - 4..BLOCK].copy_from_slice(&checksum.to_le_bytes());
}

/// Makes right what looks like a batch.
fn seal(bytes: &mut [u8], link: bool) {
    let (mut next, mut previous) = (1, HeaderHash::NONE);
    let mut at = BLOCK;
    while at + BLOCK <= bytes.len() {
        let (before, batch) = bytes.split_at_mut(at);
        at = before.len() + BLOCK;
        if !batch.starts_with(BATCH_MAGIC) {
            continue;
        }
        let mut header = typed(batch);
        if link {
            (header.first, header.previous) = (Sequence(next), previous);
            header.durable_through.0 %= next;
        }
        header.first.0 %= u64::MAX / 2;
        if header.kind == Kind::Batch {
            header.root = seal_records(&mut batch[HEADER_BYTES..], &header);
        }
        batch[..HEADER_BYTES].copy_from_slice(&header.encode());
        if header.kind == Kind::Batch {
            next += u64::from(header.count);
            previous = header.hash();
            at += header.payload_bytes as usize / BLOCK * BLOCK;
        }
    }
}

fn typed(bytes: &[u8]) -> BatchHeader {
    let field = |at: usize| -> [u8; 8] {
        let mut field = [0; 8];
        field.copy_from_slice(&bytes[at..at + 8]);
        field
    };
    let low =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    BatchHeader {
        kind: [Kind::Batch, Kind::Pause, Kind::Continued][usize::from(bytes[10]) % 3],
        centre: CentreId(u16::from_le_bytes([bytes[12], bytes[13]])),
        epoch: u64::from_le_bytes(field(16)),
        first: Sequence(u64::from_le_bytes(field(24))),
        count: low(32),
        payload_bytes: low(36),
        at: Moment(i64::from_le_bytes(field(40))),
        durable_through: Sequence(u64::from_le_bytes(field(48))),
        root: [0; 32],
        previous: HeaderHash([0; 32]),
    }
}

fn seal_records(batch: &mut [u8], header: &BatchHeader) -> [u8; 32] {
    let mut root = blake3::Hasher::new();
    let end = (header.payload_bytes as usize).min(batch.len());
    let mut rest = &mut batch[..end];
    let mut sequence = header.first;
    while let Some(bytes) = frame::record_bytes(rest) {
        let record;
        (record, rest) = rest.split_at_mut(bytes);
        root.update(&frame::seal(record, sequence));
        sequence = sequence.next();
    }
    *root.finalize().as_bytes()
}
