//! The header of a batch: 128 bytes, little endian, fixed for ever by a golden test.
//!
//! ```text
//!   0 magic FF "LDBATCH"     8   marks a header; FF never occurs in UTF-8, so no call text can pose as one
//!   8 version                2   1
//!  10 kind                   2   0 batch · 1 pause · 2 continued
//!  12 centre                 2
//!  14 zero                   2
//!  16 epoch                  8   how often the centre was started, this time included
//!  24 first sequence         8
//!  32 count                  4   records
//!  36 payload bytes          4   frames and payloads, without header and padding
//!  40 logical time           8   of the last record, milliseconds since 1970, signed
//!  48 durable through        8   the sequence known to be on disk when the batch was formed
//!  56 root                  32   BLAKE3 over the records' payload hashes, concatenated
//!  88 previous              32   BLAKE3 over the 128 bytes of the header before; zero for the first
//! 120 zero                   4
//! 124 CRC32C                 4   over bytes 0 to 123
//! ```
//!
//! The header holds no checksum of the payloads themselves: root, over hashes that stand beside the records, covers
//! them, and lets a person's data be erased one day without breaking the chain. A *pause* says "all before me is
//! durable" and is overwritten by the next batch; a *continued* says the same at the end of a segment and that
//! another follows. Neither is a link of the chain.

use super::chain::Flaw;
use super::frame::FRAME_BYTES;
use super::shape::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::moment::Moment;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 128;
/// The format that is written and read.
pub const VERSION: u16 = 1;

/// No sequence is above this, so that adding to one never overflows.
pub const SEQUENCE_MAX: u64 = i64::MAX as u64;

const MAGIC: [u8; 8] = *b"\xFFLDBATCH";
const CHECKSUM_AT: usize = HEADER_BYTES - 4;

/// What a header stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Records.
    Batch,
    /// Nothing yet; all before is durable.
    Pause,
    /// Nothing; all before is durable, and the journal goes on in the next segment.
    Continued,
}

/// The header of a batch, or a mark; its layout is in the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// What it stands before.
    pub kind: Kind,
    /// Whose journal this is.
    pub centre: CentreId,
    /// How often the centre was started.
    pub epoch: u64,
    /// The first record's sequence; in a mark, the one to come.
    pub first: Sequence,
    /// How many records.
    pub count: u32,
    /// Frames and payloads in bytes.
    pub payload_bytes: u32,
    /// The logical time of the last record.
    pub at: Moment,
    /// The sequence known durable when this was formed.
    pub durable_through: Sequence,
    /// BLAKE3 over the records' payload hashes.
    pub root: [u8; 32],
    /// The hash of the header before.
    pub previous: HeaderHash,
}

impl BatchHeader {
    /// The header as bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        let kind: u16 = match self.kind {
            Kind::Batch => 0,
            Kind::Pause => 1,
            Kind::Continued => 2,
        };
        put(0, &MAGIC);
        put(8, &VERSION.to_le_bytes());
        put(10, &kind.to_le_bytes());
        put(12, &self.centre.0.to_le_bytes());
        put(16, &self.epoch.to_le_bytes());
        put(24, &self.first.0.to_le_bytes());
        put(32, &self.count.to_le_bytes());
        put(36, &self.payload_bytes.to_le_bytes());
        put(40, &self.at.0.to_le_bytes());
        put(48, &self.durable_through.0.to_le_bytes());
        put(56, &self.root);
        put(88, &self.previous.0);
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header in these bytes, if it is whole and says nothing impossible.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<BatchHeader, Flaw> {
        if bytes[..8] != MAGIC {
            return Err(Flaw::NoHeader);
        }
        // First: where a header is whole, its version is what its writer wrote. Every version keeps magic, version and checksum
        // where they are.
        if crc32c::crc32c(&bytes[..CHECKSUM_AT]) != u32::from_le_bytes(field(bytes, CHECKSUM_AT)) {
            return Err(Flaw::HeaderChecksum);
        }
        let version = u16::from_le_bytes(field(bytes, 8));
        if version != VERSION {
            return Err(Flaw::Version(version));
        }
        let header = BatchHeader {
            kind: match u16::from_le_bytes(field(bytes, 10)) {
                0 => Kind::Batch,
                1 => Kind::Pause,
                2 => Kind::Continued,
                _ => return Err(Flaw::Impossible),
            },
            centre: CentreId(u16::from_le_bytes(field(bytes, 12))),
            epoch: u64::from_le_bytes(field(bytes, 16)),
            first: Sequence(u64::from_le_bytes(field(bytes, 24))),
            count: u32::from_le_bytes(field(bytes, 32)),
            payload_bytes: u32::from_le_bytes(field(bytes, 36)),
            at: Moment(i64::from_le_bytes(field(bytes, 40))),
            durable_through: Sequence(u64::from_le_bytes(field(bytes, 48))),
            root: field(bytes, 56),
            previous: HeaderHash(field(bytes, 88)),
        };
        let spare_is_zero = bytes[14..16] == [0; 2] && bytes[120..124] == [0; 4];
        if spare_is_zero && header.is_possible() {
            Ok(header)
        } else {
            Err(Flaw::Impossible)
        }
    }

    /// The hash by which the next header names this one.
    pub fn hash(&self) -> HeaderHash {
        HeaderHash(*blake3::hash(&self.encode()).as_bytes())
    }

    /// The last record's sequence; in a mark, the one before the first to come.
    pub fn last(&self) -> Sequence {
        Sequence(self.first.0 + u64::from(self.count) - 1)
    }

    /// Header and payload in bytes, without padding.
    pub fn bytes(&self) -> usize {
        HEADER_BYTES + self.payload_bytes as usize
    }

    /// Whether a writer could have meant this, so that what follows may be read by its lengths.
    pub(super) fn is_possible(&self) -> bool {
        let sized = match self.kind {
            Kind::Batch => {
                (1..=BATCH_RECORDS_MAX).contains(&self.count)
                    && self.count as usize * FRAME_BYTES <= self.payload_bytes as usize
                    && self.bytes() <= BATCH_BYTES_MAX
            }
            Kind::Pause | Kind::Continued => self.count == 0 && self.payload_bytes == 0,
        };
        sized
            && self.first.0 >= 1
            && self.first.0 <= SEQUENCE_MAX - u64::from(self.count)
            && self.durable_through < self.first
    }
}

/// The `N` bytes at an offset. Offsets here are constants inside fixed arrays.
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

/// Changes a header's bytes and sets its checksum, as its writer would have.
#[cfg(test)]
pub(super) fn rewrite(bytes: &mut [u8], change: impl FnOnce(&mut [u8])) {
    change(bytes);
    let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
    bytes[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&checksum.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> BatchHeader {
        BatchHeader {
            kind: Kind::Batch,
            centre: CentreId(0x0201),
            epoch: 7,
            first: Sequence(40_213),
            count: 3,
            payload_bytes: 1_000,
            at: Moment(1_795_262_400_000),
            durable_through: Sequence(40_200),
            root: std::array::from_fn(|index| index as u8),
            previous: HeaderHash(std::array::from_fn(|index| 255 - index as u8)),
        }
    }

    /// The one thing on disk that must never change: old journals are read by it for ever.
    #[test]
    fn the_bytes_of_a_header_are_golden() {
        let golden = concat!(
            "ff4c444241544348",
            "0100",
            "0000",
            "0102",
            "0000",
            "0700000000000000",
            "159d000000000000",
            "03000000",
            "e8030000",
            "0046fafda1010000",
            "089d000000000000",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0",
            "00000000",
            "0335fc91",
        );
        let hex: String = sample()
            .encode()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, golden);
        assert_eq!(BatchHeader::decode(&sample().encode()), Ok(sample()));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = sample().encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(BatchHeader::decode(&bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn an_impossible_header_is_refused_although_its_checksum_is_right() {
        let good = sample();
        for wrong in [
            BatchHeader { count: 0, ..good },
            BatchHeader { count: 26, ..good },
            BatchHeader {
                count: u32::MAX,
                ..good
            },
            BatchHeader {
                payload_bytes: u32::MAX,
                ..good
            },
            BatchHeader {
                first: Sequence(0),
                ..good
            },
            BatchHeader {
                first: Sequence(u64::MAX),
                ..good
            },
            BatchHeader {
                first: Sequence(SEQUENCE_MAX - 2),
                ..good
            },
            BatchHeader {
                durable_through: good.first,
                ..good
            },
            BatchHeader {
                kind: Kind::Pause,
                ..good
            },
            BatchHeader {
                kind: Kind::Continued,
                count: 0,
                ..good
            },
        ] {
            assert_eq!(
                BatchHeader::decode(&wrong.encode()),
                Err(Flaw::Impossible),
                "{wrong:?}"
            );
        }
        let near_the_end = BatchHeader {
            first: Sequence(SEQUENCE_MAX - 3),
            ..good
        };
        assert_eq!(
            BatchHeader::decode(&near_the_end.encode()),
            Ok(near_the_end)
        );
    }

    proptest! {
        #[test]
        fn garbage_never_panics(mut bytes in any::<[u8; HEADER_BYTES]>(), magic: bool, summed: bool) {
            if magic {
                bytes[..8].copy_from_slice(&MAGIC);
                bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
            }
            if summed {
                let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
                bytes[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
            }
            if let Ok(header) = BatchHeader::decode(&bytes) {
                prop_assert_eq!(header.encode(), bytes);
            }
        }
    }
}
