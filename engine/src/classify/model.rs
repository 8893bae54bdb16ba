//! A trained model: hashed n-grams → a short vector → what the call is. Whole numbers only.
//!
//! Each n-gram that the model knows has a row of small numbers, two in a byte. The rows of a text are added, scaled by how many
//! they are, cut off below zero, and weighed once for every kind, agency, priority and nature. Here are its numbers and its bytes,
//! the same for the same texts on every machine: `train` makes them, `hearing` lays them out for reading texts.

use crate::kind::{Agency, Kind, Nature, Priority};

/// Numbers in a row, and in the vector of a text.
pub(super) const WIDTH: usize = 64;
/// Bytes of a row: the low halves are its first numbers, the high ones the rest.
pub(super) const ROW_BYTES: usize = WIDTH / 2;
/// Kinds that can be said: all but `unknown`.
pub(super) const KINDS: usize = Kind::ALL.len() - 1;
/// Where the agencies begin among the rest.
pub(super) const AGENCIES: usize = Agency::ALL.len();
/// Agencies, priorities and natures: what departs from kind to kind.
pub(super) const REST: usize = AGENCIES + PRIORITIES + NATURES;
/// All that is weighed for a text.
pub(super) const OUTPUTS: usize = KINDS + REST;
pub(super) const PRIORITIES: usize = Priority::ALL.len();
pub(super) const NATURES: usize = Nature::ALL.len();

/// Outputs are in 1/1024 of a natural unit (a difference of 1024 is odds of e to 1).
pub(super) const UNIT_BITS: u32 = 10;
/// The vector of a text is in 1/512.
pub(super) const VECTOR_BITS: u32 = 9;
/// Weights are in 1/512.
pub(super) const WEIGHT_BITS: u32 = 9;
/// Entries of one bucket.
pub(super) const WAYS: usize = 4;
/// Buckets of a model.
pub(super) const BUCKETS: usize = 1 << 12;
/// The most rows of a model.
const ROWS_MAX: usize = 1 << 15;
/// A row's number is twice its half byte less this, in half steps.
pub(super) const MIDDLE: i32 = 15;
/// The half step is in 2^-20.
pub(super) const STEP_BITS: u32 = 20;

const MAGIC: &[u8; 8] = b"LDmodel2";

const _: () = assert!(ROWS_MAX <= u16::MAX as usize, "a row has 16 bits");

/// Where the rows of some n-grams stand. Row 0 is no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub(super) struct Bucket {
    pub tags: [u16; WAYS],
    pub rows: [u16; WAYS],
}

/// Why bytes are no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model's bytes are broken at {at}: {problem}; train it again")]
pub struct ModelError {
    /// Byte from the start.
    pub at: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

/// The tables of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub buckets: Box<[Bucket]>,
    /// The first is nobody's.
    pub rows: Box<[[u8; ROW_BYTES]]>,
    /// What half a step of a row's numbers is.
    pub half_step: u32,
    pub vector_bias: [i32; WIDTH],
    pub weights: Box<[[i16; WIDTH]]>,
    pub bias: Box<[i32]>,
    /// What a kind adds to the rest, once it is chosen.
    pub of_kind: Box<[[i16; REST]]>,
}

impl Model {
    /// The row of a hash; 0 when the model does not know it.
    pub(super) fn row(&self, hash: u32) -> u16 {
        let bucket = &self.buckets[hash as usize % BUCKETS];
        let tag = (hash >> 16) as u16;
        let way = (0..WAYS).find(|&way| bucket.rows[way] != 0 && bucket.tags[way] == tag);
        way.map_or(0, |way| bucket.rows[way])
    }

    /// Its bytes, as [`Model::parse`] reads them.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let counts = [self.buckets.len(), self.rows.len(), WIDTH, OUTPUTS];
        for count in counts {
            out.extend((count as u32).to_le_bytes());
        }
        out.extend(self.half_step.to_le_bytes());
        for bucket in &self.buckets {
            for number in bucket.tags.iter().chain(&bucket.rows) {
                out.extend(number.to_le_bytes());
            }
        }
        out.extend(self.rows.as_flattened());
        for number in self.vector_bias.iter().chain(&self.bias) {
            out.extend(number.to_le_bytes());
        }
        let halves = self.weights.as_flattened().iter();
        for number in halves.chain(self.of_kind.as_flattened()) {
            out.extend(number.to_le_bytes());
        }
        out
    }

    /// Reads a model; its counts and row numbers are checked, so that no lookup can fail.
    pub(super) fn parse(bytes: &[u8]) -> Result<Model, ModelError> {
        let mut bytes = Bytes { all: bytes, at: 0 };
        if bytes.take::<8>()? != *MAGIC {
            return Err(bytes.wrong("not a model of this version"));
        }
        let buckets = bytes.count()?;
        let rows = bytes.count()?;
        let shape = (bytes.count()?, bytes.count()?);
        let half_step = u32::from_le_bytes(bytes.take()?);
        if buckets != BUCKETS || shape != (WIDTH, OUTPUTS) || half_step >= 1 << STEP_BITS {
            return Err(bytes.wrong("another shape than this program's"));
        }
        if !(1..=ROWS_MAX).contains(&rows) {
            return Err(bytes.wrong("too many rows"));
        }
        let mut table = Vec::with_capacity(buckets);
        for _ in 0..buckets {
            let tags = bytes.numbers::<WAYS>()?.map(|number| number as u16);
            let ways = bytes.numbers::<WAYS>()?.map(|number| number as u16);
            if ways.iter().any(|&row| usize::from(row) >= rows) {
                return Err(bytes.wrong("a row that is not there"));
            }
            table.push(Bucket { tags, rows: ways });
        }
        let rows = (0..rows)
            .map(|_| bytes.take::<ROW_BYTES>())
            .collect::<Result<Box<[_]>, ModelError>>()?;
        let mut vector_bias = [0; WIDTH];
        for number in &mut vector_bias {
            *number = i32::from_le_bytes(bytes.take()?);
        }
        let bias = (0..OUTPUTS)
            .map(|_| Ok(i32::from_le_bytes(bytes.take()?)))
            .collect::<Result<_, ModelError>>()?;
        let weights = (0..OUTPUTS)
            .map(|_| bytes.numbers())
            .collect::<Result<_, ModelError>>()?;
        let of_kind = (0..KINDS)
            .map(|_| bytes.numbers())
            .collect::<Result<_, ModelError>>()?;
        if bytes.at != bytes.all.len() {
            return Err(bytes.wrong("more than a model"));
        }
        Ok(Model {
            buckets: table.into(),
            rows,
            half_step,
            vector_bias,
            weights,
            bias,
            of_kind,
        })
    }
}

struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn wrong(&self, problem: &'static str) -> ModelError {
        ModelError {
            at: self.at,
            problem,
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let rest = self.all.get(self.at..).unwrap_or_default();
        let Some((first, _)) = rest.split_first_chunk::<N>() else {
            return Err(self.wrong("it ends too early"));
        };
        self.at += N;
        Ok(*first)
    }

    fn count(&mut self) -> Result<usize, ModelError> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    fn numbers<const N: usize>(&mut self) -> Result<[i16; N], ModelError> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = i16::from_le_bytes(self.take()?);
        }
        Ok(numbers)
    }
}
