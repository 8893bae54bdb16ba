//! The blobs of a `.osm.pbf`: one after the other, bounded, unpacked.
//!
//! Sizes that a file claims are held against the format's own limits before a byte is read, memory grows with what is really
//! there, and unpacking stops at the limit: a bomb is refused, not inflated. Read by hand rather than by the crate
//! `osmpbf`: that one panics on a member type that it does not know and on ids whose differences overflow, builds a tree of
//! small allocations for each block, and brings a protobuf runtime, rayon and a second memmap2.

use super::wire::{Fields, Malformed, Value};
use flate2::read::ZlibDecoder;
use std::io::{self, Read};

/// The largest header of a blob, by the format's description.
const HEADER_BYTES_MAX: u32 = 64 * 1024;
/// The largest blob, packed or not, by the format's description.
const BLOB_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Why a file is no extract of OpenStreetMap that can be read.
#[derive(Debug, thiserror::Error)]
pub enum PbfError {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It does not begin as such files do.
    #[error(
        "byte 0: this is no .osm.pbf (those begin with an OSMHeader); .osm and .osm.bz2 must be converted first, as by `osmium cat`"
    )]
    Foreign,
    /// It ends within a blob.
    #[error("byte {at}: the file ends within a blob; it was cut off: fetch it again")]
    Truncated {
        /// Where that blob begins.
        at: u64,
    },
    /// A size beyond what the format allows.
    #[error(
        "byte {at}: a blob says {claimed} bytes, {most} are the most; the file is damaged or hostile"
    )]
    Oversized {
        /// Where that blob begins.
        at: u64,
        /// What it says, or what came out of it so far.
        claimed: u64,
        /// What is allowed.
        most: u64,
    },
    /// A blob that cannot be unpacked.
    #[error(
        "byte {at}: a blob cannot be unpacked: {wrong}; fetch the file again, or convert it to zlib as by `osmium cat`"
    )]
    Packed {
        /// Where that blob begins.
        at: u64,
        /// What is wrong.
        wrong: String,
    },
    /// A blob that holds no message of the format.
    #[error("byte {at}: {source}; the file is damaged: fetch it again")]
    Malformed {
        /// Where that blob begins.
        at: u64,
        /// What is wrong.
        source: Malformed,
    },
    /// It needs what this reader has not.
    #[error("the file needs {feature:?}, which is not read here; {right}")]
    Feature {
        /// The feature, as the header names it.
        feature: String,
        /// What would be right.
        right: &'static str,
    },
}

/// What a blob holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Data,
    Other,
}

/// The blobs of a file, in order.
pub(super) struct Blobs<R> {
    reader: R,
    at: u64,
    packed: Vec<u8>,
}

impl<R: Read> Blobs<R> {
    pub fn new(reader: R) -> Blobs<R> {
        Blobs {
            reader,
            at: 0,
            packed: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Unpacks the next blob into `block`; its kind, and where it begins. `None` at the end of the file.
    pub fn next(&mut self, block: &mut Vec<u8>) -> Result<Option<(Kind, u64)>, PbfError> {
        let at = self.at;
        self.take(4, at)?;
        if self.packed.is_empty() {
            return Ok(None);
        }
        let header_bytes = match self.packed[..] {
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
            _ => return Err(PbfError::Truncated { at }),
        };
        if header_bytes == 0 || header_bytes > HEADER_BYTES_MAX {
            return Err(if at == 0 {
                PbfError::Foreign
            } else {
                PbfError::Oversized {
                    at,
                    claimed: header_bytes.into(),
                    most: HEADER_BYTES_MAX.into(),
                }
            });
        }
        self.take_all(header_bytes.into(), at)?;
        let (kind, size) = header(&self.packed).map_err(|source| {
            if at == 0 {
                PbfError::Foreign
            } else {
                PbfError::Malformed { at, source }
            }
        })?;
        if at == 0 && kind != Kind::Header {
            return Err(PbfError::Foreign);
        }
        if size > BLOB_BYTES_MAX {
            return Err(oversized(at, size));
        }
        self.take_all(size, at)?;
        unpack(&self.packed, block, at)?;
        Ok(Some((kind, at)))
    }

    /// Up to so many bytes into `packed`; it grows with what comes, not with what is asked for.
    fn take(&mut self, bytes: u64, at: u64) -> Result<(), PbfError> {
        self.packed.clear();
        let read = self
            .reader
            .by_ref()
            .take(bytes)
            .read_to_end(&mut self.packed);
        let read = read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => PbfError::Truncated { at },
            _ => PbfError::Read(error),
        })?;
        self.at += read as u64;
        Ok(())
    }

    fn take_all(&mut self, bytes: u64, at: u64) -> Result<(), PbfError> {
        self.take(bytes, at)?;
        if (self.packed.len() as u64) < bytes {
            return Err(PbfError::Truncated { at });
        }
        Ok(())
    }
}

fn oversized(at: u64, claimed: u64) -> PbfError {
    PbfError::Oversized {
        at,
        claimed,
        most: BLOB_BYTES_MAX,
    }
}

/// What a header says of the blob behind it.
fn header(bytes: &[u8]) -> Result<(Kind, u64), Malformed> {
    let (mut kind, mut size) = (None, None);
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(name)) => {
                kind = Some(match name {
                    b"OSMHeader" => Kind::Header,
                    b"OSMData" => Kind::Data,
                    _ => Kind::Other,
                });
            }
            (3, Value::Number(bytes)) => size = Some(bytes),
            _ => {}
        }
    }
    kind.zip(size)
        .ok_or(Malformed::Missing("a blob's type or size"))
}

fn unpack(packed: &[u8], block: &mut Vec<u8>, at: u64) -> Result<(), PbfError> {
    block.clear();
    let malformed = |source| PbfError::Malformed { at, source };
    let wrong = |wrong: &str| PbfError::Packed {
        at,
        wrong: wrong.to_owned(),
    };
    let mut claimed = None;
    let mut unpacked = false;
    let mut fields = Fields::new(packed);
    while let Some((number, value)) = fields.next().map_err(malformed)? {
        match (number, value) {
            (1, Value::Bytes(raw)) => {
                block.clear();
                block.extend_from_slice(raw);
                unpacked = true;
            }
            (2, Value::Number(size)) => claimed = Some(size),
            (3, Value::Bytes(zlib)) => {
                block.clear();
                let mut decoder = ZlibDecoder::new(zlib).take(BLOB_BYTES_MAX + 1);
                decoder
                    .read_to_end(block)
                    .map_err(|error| wrong(&error.to_string()))?;
                unpacked = true;
            }
            (4..=7, Value::Bytes(_)) => {
                return Err(wrong("it is packed with lzma, bzip2, lz4 or zstd"));
            }
            _ => {}
        }
        if block.len() as u64 > BLOB_BYTES_MAX {
            return Err(oversized(at, block.len() as u64));
        }
    }
    if !unpacked {
        return Err(wrong("it holds nothing"));
    }
    if claimed.is_some_and(|claimed| claimed != block.len() as u64) {
        return Err(wrong("it has not the size that it says"));
    }
    Ok(())
}
