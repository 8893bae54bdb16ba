//! The chain: what the next batch must hook into, and all the ways in which one can fail to.
//!
//! Pure. [`Chain::check`] is asked at every read (sequence, epoch, hash of the one before), by readers, recovery
//! and `verify` alike; `walk` brings the bytes.

use super::frame;
use super::header::{BatchHeader, HEADER_BYTES, Kind};
use super::segment::segment_name;
use crate::id::{CentreId, HeaderHash, Sequence};
use crate::moment::Moment;

/// Where a journal stands: what the next batch must say to be the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose journal it is.
    pub centre: CentreId,
    /// The epoch of the last header.
    pub epoch: u64,
    /// The sequence to come.
    pub next: Sequence,
    /// The hash of the last batch's header.
    pub previous: HeaderHash,
    /// The logical time of the last record.
    pub at: Moment,
}

/// What is wrong with bytes that should be the next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// There are no bytes.
    #[error("there is nothing where the next batch should be")]
    Missing,
    /// There are other bytes.
    #[error("the bytes there are no header")]
    NoHeader,
    /// Another format.
    #[error("the format has version {0}; this program reads version {version}", version = super::header::VERSION)]
    Version(u16),
    /// The header's bits changed.
    #[error("the header's checksum is wrong")]
    HeaderChecksum,
    /// The header's fields cannot be meant.
    #[error("the header says what no writer writes")]
    Impossible,
    /// Another centre's bytes.
    #[error("it belongs to centre {found}, this is the journal of centre {wanted}", found = found.0, wanted = wanted.0)]
    Centre {
        /// Whose it is.
        found: CentreId,
        /// Whose it should be.
        wanted: CentreId,
    },
    /// A batch or segment was moved, doubled or lost.
    #[error("it starts with sequence {found} instead")]
    Order {
        /// What stands there.
        found: Sequence,
    },
    /// A later start cannot have a smaller number.
    #[error("its epoch {found} is before {last}, the epoch of the batch before")]
    Epoch {
        /// What stands there.
        found: u64,
        /// What the batch before says.
        last: u64,
    },
    /// It follows something else.
    #[error("it does not carry the hash of the header before it")]
    Unchained,
    /// The lengths of the records do not add up.
    #[error("a record's length does not fit its batch")]
    RecordLength,
    /// A record's bits changed, or it stands in another's place.
    #[error("the record's checksum is wrong")]
    RecordChecksum,
    /// A record was changed together with its checksum.
    #[error("the record's payload hash is wrong")]
    RecordHash,
    /// Records were changed together with their hashes.
    #[error("the header's root is not the hash of its records' hashes")]
    Root,
    /// Something stands between two batches.
    #[error("the padding after the batch is not zero")]
    Padding,
    /// A segment has its full length before it has its name, so no crash makes it shorter.
    #[error("the segment was shortened; what it held after this is gone")]
    Shortened,
    /// A segment's header cannot be read.
    #[error("the segment's header is damaged")]
    SegmentHeader,
    /// The journal does not start with its first record, and no snapshot says what was before.
    #[error(
        "earlier segments are missing: the first one there is not the journal's beginning, and no snapshot that is whole says what was before it"
    )]
    Beginning,
    /// A snapshot names another head after this sequence.
    #[error(
        "the snapshot that stands here was made from another journal, or what is before it was changed"
    )]
    Snapshot,
    /// The last segment says there is another.
    #[error("the next segment is missing; bring back {}", segment_name(*.0))]
    NextSegment(Sequence),
}

/// A flaw and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segment {}, offset {offset}, sequence {sequence}: {flaw}", segment_name(*segment))]
pub struct Damage {
    /// The first sequence of the segment, which names its file.
    pub segment: Sequence,
    /// The offset of the batch in the segment.
    pub offset: u64,
    /// The first sequence that cannot be read.
    pub sequence: Sequence,
    /// What is wrong.
    pub flaw: Flaw,
}

/// How closely the payloads are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Checksums: finds what disks do.
    Checksums,
    /// Hashes and root as well: finds what people do.
    Hashes,
}

impl Chain {
    /// Whether a header is the next in the chain.
    pub fn check(&self, header: &BatchHeader) -> Result<(), Flaw> {
        if header.centre != self.centre {
            return Err(Flaw::Centre {
                found: header.centre,
                wanted: self.centre,
            });
        }
        if header.first != self.next {
            return Err(Flaw::Order {
                found: header.first,
            });
        }
        if header.epoch < self.epoch {
            return Err(Flaw::Epoch {
                found: header.epoch,
                last: self.epoch,
            });
        }
        if header.previous != self.previous {
            return Err(Flaw::Unchained);
        }
        Ok(())
    }

    /// The chain after a header that was checked. A mark adds no link, but its epoch counts.
    #[must_use]
    pub fn after(&self, header: &BatchHeader) -> Chain {
        match header.kind {
            Kind::Batch => Chain {
                centre: header.centre,
                epoch: header.epoch,
                next: Sequence(header.first.0 + u64::from(header.count)),
                previous: header.hash(),
                at: header.at,
            },
            Kind::Pause | Kind::Continued => Chain {
                epoch: header.epoch,
                ..*self
            },
        }
    }

    /// The last sequence there is.
    pub fn last(&self) -> Sequence {
        Sequence(self.next.0 - 1)
    }

    /// A mark that says that everything so far is durable.
    pub(super) fn mark(&self, kind: Kind) -> BatchHeader {
        BatchHeader {
            kind,
            centre: self.centre,
            epoch: self.epoch,
            first: self.next,
            count: 0,
            payload_bytes: 0,
            at: self.at,
            durable_through: self.last(),
            root: [0; 32],
            previous: self.previous,
        }
    }
}

/// Checks the records of a batch whose header was checked; `batch` is header, payload and padding. An error names
/// the sequence it was found at.
pub(super) fn check_records(
    header: &BatchHeader,
    batch: &[u8],
    depth: Depth,
) -> Result<(), (Sequence, Flaw)> {
    let (mut rest, padding) = batch[HEADER_BYTES..].split_at(header.payload_bytes as usize);
    let mut root = blake3::Hasher::new();
    for index in 0..u64::from(header.count) {
        let sequence = Sequence(header.first.0 + index);
        let bytes = frame::record_bytes(rest).ok_or((sequence, Flaw::RecordLength))?;
        let record;
        (record, rest) = rest.split_at(bytes);
        frame::open(record, sequence).map_err(|flaw| (sequence, flaw))?;
        if depth == Depth::Hashes {
            root.update(&frame::check_hash(record).map_err(|flaw| (sequence, flaw))?);
        }
    }
    if !rest.is_empty() {
        return Err((header.first, Flaw::RecordLength));
    }
    if depth == Depth::Hashes && *root.finalize().as_bytes() != header.root {
        return Err((header.first, Flaw::Root));
    }
    if padding.iter().any(|byte| *byte != 0) {
        return Err((header.first, Flaw::Padding));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_the_next_or_says_why_not() {
        let chain = Chain {
            centre: CentreId(1),
            epoch: 4,
            next: Sequence(10),
            previous: HeaderHash([5; 32]),
            at: Moment(100),
        };
        let good = BatchHeader {
            kind: Kind::Batch,
            count: 3,
            payload_bytes: 200,
            ..chain.mark(Kind::Batch)
        };
        let wanted = CentreId(1);
        let found = CentreId(2);
        for (header, verdict) in [
            (good, Ok(())),
            (BatchHeader { epoch: 5, ..good }, Ok(())),
            (
                BatchHeader { epoch: 3, ..good },
                Err(Flaw::Epoch { found: 3, last: 4 }),
            ),
            (
                BatchHeader {
                    first: Sequence(9),
                    ..good
                },
                Err(Flaw::Order { found: Sequence(9) }),
            ),
            (
                BatchHeader {
                    first: Sequence(11),
                    ..good
                },
                Err(Flaw::Order {
                    found: Sequence(11),
                }),
            ),
            (
                BatchHeader {
                    previous: HeaderHash([6; 32]),
                    ..good
                },
                Err(Flaw::Unchained),
            ),
            (
                BatchHeader {
                    centre: found,
                    ..good
                },
                Err(Flaw::Centre { found, wanted }),
            ),
        ] {
            assert_eq!(chain.check(&header), verdict, "{header:?}");
        }
        let after = chain.after(&BatchHeader {
            epoch: 5,
            at: Moment(120),
            ..good
        });
        assert_eq!(
            (after.epoch, after.next, after.at),
            (5, Sequence(13), Moment(120))
        );
        assert_eq!(
            chain.after(&chain.mark(Kind::Pause)),
            chain,
            "a mark is no link"
        );
    }
}
