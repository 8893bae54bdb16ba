//! A record on disk: 40 bytes of frame, then the payload.
//!
//! ```text
//!  0 CRC32C          4   over the sequence (8 bytes), then bytes 4 to the end of the payload
//!  4 length          4   of the payload; the top bit is kept free for "erased"
//!  8 payload hash   32   BLAKE3
//! 40 payload
//! ```
//!
//! The hash stands here whole, not truncated: 16 bytes would save 5 % of the disk, but whoever writes a call's text
//! could then look for two texts with one hash in 2^64 steps. Because it stands here and not only in the root, a
//! payload can be erased in place one day and the chain still holds. The checksum includes the sequence, so a record
//! in another's place is found without its hash; readers check it always, recovery and `verify` check the hash too.

use super::chain::Flaw;
use super::header::field;
use crate::id::Sequence;

/// Bytes before a payload.
pub const FRAME_BYTES: usize = 40;

/// Fills the frame at the start of `record`, whose payload is already in place; returns the payload's hash.
pub fn seal(record: &mut [u8], sequence: Sequence) -> [u8; 32] {
    let length = (record.len() - FRAME_BYTES) as u32;
    let hash = *blake3::hash(&record[FRAME_BYTES..]).as_bytes();
    record[4..8].copy_from_slice(&length.to_le_bytes());
    record[8..FRAME_BYTES].copy_from_slice(&hash);
    let checksum = checksum(record, sequence);
    record[..4].copy_from_slice(&checksum.to_le_bytes());
    hash
}

/// The length of the record, frame included, that starts these bytes; they may hold more.
pub fn record_bytes(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(field(bytes.get(..FRAME_BYTES)?, 4));
    let whole = FRAME_BYTES + length as usize;
    (whole <= bytes.len()).then_some(whole)
}

/// Checks a record against its checksum and place, and returns its payload.
pub fn open(record: &[u8], sequence: Sequence) -> Result<&[u8], Flaw> {
    if checksum(record, sequence) != u32::from_le_bytes(field(record, 0)) {
        return Err(Flaw::RecordChecksum);
    }
    Ok(&record[FRAME_BYTES..])
}

/// Checks a payload against the hash beside it, and returns the hash.
pub fn check_hash(record: &[u8]) -> Result<[u8; 32], Flaw> {
    let hash = field(record, 8);
    if *blake3::hash(&record[FRAME_BYTES..]).as_bytes() == hash {
        Ok(hash)
    } else {
        Err(Flaw::RecordHash)
    }
}

fn checksum(record: &[u8], sequence: Sequence) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&sequence.0.to_le_bytes()), &record[4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_known_by_its_bytes_and_its_place() {
        let mut record = [0; FRAME_BYTES + 5];
        record[FRAME_BYTES..].copy_from_slice(b"hello");
        let hash = seal(&mut record, Sequence(9));
        assert_eq!(record_bytes(&record), Some(record.len()));
        assert_eq!(open(&record, Sequence(9)), Ok(&b"hello"[..]));
        assert_eq!(check_hash(&record), Ok(hash));
        assert_eq!(open(&record, Sequence(10)), Err(Flaw::RecordChecksum));
        for bit in 0..record.len() * 8 {
            let mut flipped = record;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                open(&flipped, Sequence(9)),
                Err(Flaw::RecordChecksum),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused() {
        let mut record = [0; FRAME_BYTES];
        seal(&mut record, Sequence(1));
        assert_eq!(record_bytes(&record[..FRAME_BYTES - 1]), None);
        record[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(record_bytes(&record), None);
    }
}
