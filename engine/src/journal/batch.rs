//! The buffer that the writer fills with records, and the journal thread seals.
//!
//! Fixed in size and used again, so filling one allocates nothing. The writer only lays payloads in place; hashes,
//! checksums and the header are computed by [`Batch::seal`] on the journal's thread.

use super::chain::Chain;
use super::frame::{self, FRAME_BYTES};
use super::header::{BatchHeader, HEADER_BYTES, Kind};
use super::shape::Shape;
use crate::id::Sequence;
use crate::moment::Moment;

/// Records that become durable together.
pub struct Batch {
    /// Header, then frames and payloads; the frames are empty until it is sealed.
    bytes: Box<[u8]>,
    used: usize,
    first: Sequence,
    count: u32,
    count_max: u32,
    at: Moment,
    /// The payloads' hashes in a row: hashed at once they cost a fifth of hashing one by one.
    hashes: Vec<u8>,
}

/// The record does not fit; submit the batch and put it into the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch is full; submit it and put the record into the next one")]
pub struct Full;

impl Batch {
    /// An empty batch of this size.
    pub fn new(shape: &Shape) -> Batch {
        Batch {
            bytes: vec![0; shape.batch_bytes].into_boxed_slice(),
            used: HEADER_BYTES,
            first: Sequence(0),
            count: 0,
            count_max: shape.batch_records,
            at: Moment(0),
            hashes: Vec::with_capacity(shape.batch_records as usize * 32),
        }
    }

    /// Empties it; the next record will have this sequence.
    pub fn start(&mut self, first: Sequence) {
        self.used = HEADER_BYTES;
        self.first = first;
        self.count = 0;
    }

    /// Where the next record's payload may be written, to be kept by [`Batch::finish`]; `None` when it is full.
    pub fn room(&mut self) -> Option<&mut [u8]> {
        let start = self.used + FRAME_BYTES;
        if self.count == self.count_max {
            None
        } else {
            self.bytes.get_mut(start..)
        }
    }

    /// Keeps the first so many bytes of [`Batch::room`] as a record of this logical time; returns its sequence.
    ///
    /// # Panics
    /// When there was no such room: the caller wrote somewhere else.
    pub fn finish(&mut self, at: Moment, payload_bytes: usize) -> Sequence {
        let end = self.used + FRAME_BYTES + payload_bytes;
        assert!(
            self.count < self.count_max && end <= self.bytes.len(),
            "a record without room"
        );
        let length = (payload_bytes as u32).to_le_bytes();
        self.bytes[self.used + 4..self.used + 8].copy_from_slice(&length);
        self.used = end;
        self.count += 1;
        self.at = at;
        self.last()
    }

    /// Adds a record of this logical time; returns its sequence.
    pub fn push(&mut self, at: Moment, payload: &[u8]) -> Result<Sequence, Full> {
        let room = self
            .room()
            .and_then(|room| room.get_mut(..payload.len()))
            .ok_or(Full)?;
        room.copy_from_slice(payload);
        Ok(self.finish(at, payload.len()))
    }

    /// The first record's sequence.
    pub fn first(&self) -> Sequence {
        self.first
    }

    /// The last record's sequence; the one before [`Batch::first`] while there is none.
    pub fn last(&self) -> Sequence {
        Sequence((self.first.0 + u64::from(self.count)).saturating_sub(1))
    }

    /// How many records it holds.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes in use, header included.
    pub fn bytes_used(&self) -> usize {
        self.used
    }

    /// The logical time of the last record.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// Fills in frames and header; returns the header and all bytes, ready to be written.
    pub fn seal(&mut self, chain: &Chain, durable_through: Sequence) -> (BatchHeader, &[u8]) {
        self.hashes.clear();
        let mut rest = &mut self.bytes[HEADER_BYTES..self.used];
        let mut sequence = self.first;
        while let Some(bytes) = frame::record_bytes(rest) {
            let record;
            (record, rest) = rest.split_at_mut(bytes);
            self.hashes
                .extend_from_slice(&frame::seal(record, sequence));
            sequence = sequence.next();
        }
        let header = BatchHeader {
            kind: Kind::Batch,
            centre: chain.centre,
            epoch: chain.epoch,
            first: self.first,
            count: self.count,
            payload_bytes: (self.used - HEADER_BYTES) as u32,
            at: self.at,
            durable_through,
            root: *blake3::hash(&self.hashes).as_bytes(),
            previous: chain.previous,
        };
        self.bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
        (header, &self.bytes[..self.used])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CentreId, HeaderHash};
    use crate::journal::chain::{Depth, check_records};

    fn small() -> Shape {
        Shape {
            batch_bytes: 512,
            batch_records: 3,
            ..Shape::default()
        }
    }

    #[test]
    fn it_is_full_by_records_or_by_bytes_and_keeps_what_it_has() {
        let mut batch = Batch::new(&small());
        batch.start(Sequence(5));
        assert_eq!(batch.last(), Sequence(4));
        for sequence in 5..8 {
            assert_eq!(batch.push(Moment(1), b"x"), Ok(Sequence(sequence)));
        }
        assert_eq!(batch.push(Moment(2), b"x"), Err(Full));
        assert_eq!((batch.count(), batch.at()), (3, Moment(1)));

        batch.start(Sequence(8));
        let most = 512 - HEADER_BYTES - FRAME_BYTES;
        assert_eq!(batch.push(Moment(1), &vec![1; most + 1]), Err(Full));
        assert_eq!(batch.push(Moment(1), &vec![1; most]), Ok(Sequence(8)));
        assert!(batch.room().is_none());
        assert_eq!(batch.push(Moment(1), b""), Err(Full));
    }

    #[test]
    fn what_is_sealed_checks() {
        let chain = Chain {
            centre: CentreId(1),
            epoch: 2,
            next: Sequence(5),
            previous: HeaderHash([9; 32]),
            at: Moment(0),
        };
        let mut batch = Batch::new(&small());
        for round in 0..2 {
            batch.start(Sequence(5));
            for payload in [&b"one"[..], b"", b"three"] {
                batch.push(Moment(7), payload).unwrap();
            }
            let (header, bytes) = batch.seal(&chain, Sequence(3));
            assert_eq!(chain.check(&header), Ok(()));
            assert_eq!(
                check_records(&header, bytes, Depth::Hashes),
                Ok(()),
                "round {round}"
            );
            assert_eq!((header.last(), header.at), (Sequence(7), Moment(7)));
        }
    }
}
