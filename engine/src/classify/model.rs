//! A trained model: hashed n-grams → a short vector → what the call is. Whole numbers only.
//!
//! Each n-gram that the model knows has a row of small numbers, two in a byte. The rows of a text are added, scaled by how many
//! they are, cut off below zero, and weighed once for every kind, agency, priority and nature. `train` makes the bytes, `weigh` asks;
//! neither the text nor the line is looked at here. The bytes are the same for the same texts on every machine.

use super::tokens::{self, Token};
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
/// The most buckets and rows of a model.
const BUCKETS_MAX: usize = 1 << 14;
const ROWS_MAX: usize = 1 << 15;
/// Rows whose sums are carried over together: 15 times as much fits a byte.
const CARRY: usize = 17;
/// Rows that are looked up before they are added.
pub(super) const BATCH: usize = 256;
/// A row's number is twice its half byte less this, in half steps.
pub(super) const MIDDLE: i32 = 15;
/// The half step is in 2^-20.
pub(super) const STEP_BITS: u32 = 20;
/// Beyond so many n-grams a text is scaled as if it had no more.
const SCALES: usize = 1024;

const MAGIC: &[u8; 8] = b"LDmodel2";

const _: () = assert!(CARRY * 15 <= u8::MAX as usize, "a carry fits its sum");
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
    /// 2^16 / (1 + √n) for n rows; made when it is read.
    scales: Box<[u32]>,
}

/// The sum of the half bytes of a text's rows.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub total: [i32; WIDTH],
    pub count: u32,
}

impl Sum {
    pub(super) const EMPTY: Sum = Sum {
        total: [0; WIDTH],
        count: 0,
    };
}

/// Rows found in a text and where; of a long one the last few hundred.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub rows: [u16; BATCH],
    /// First and last token.
    pub spans: [(u32, u32); BATCH],
    pub len: usize,
}

impl Found {
    pub(super) fn new() -> Found {
        Found {
            rows: [0; BATCH],
            spans: [(0, 0); BATCH],
            len: 0,
        }
    }
}

impl Model {
    /// The model without a row, which says the same of every text.
    pub(super) fn new(
        half_step: u32,
        buckets: Box<[Bucket]>,
        rows: Box<[[u8; ROW_BYTES]]>,
        vector_bias: [i32; WIDTH],
        (weights, bias): (Box<[[i16; WIDTH]]>, Box<[i32]>),
        of_kind: Box<[[i16; REST]]>,
    ) -> Model {
        let scales = (0..SCALES as u64)
            .map(|count| ((1 << 24) / (256 + (count << 16).isqrt())) as u32)
            .collect();
        Model {
            buckets,
            rows,
            half_step,
            vector_bias,
            weights,
            bias,
            of_kind,
            scales,
        }
    }

    /// The row of a hash; 0 when the model does not know it.
    #[inline]
    pub(super) fn row(&self, hash: u32) -> u16 {
        let bucket = &self.buckets[hash as usize & (self.buckets.len() - 1)];
        let tag = (hash >> 16) as u16;
        let mut row = 0;
        for way in 0..WAYS {
            row |= if bucket.tags[way] == tag {
                bucket.rows[way]
            } else {
                0
            };
        }
        row
    }

    /// The row of a name, as in `concept/hurt`.
    pub(super) fn row_named(&self, name: &str) -> u16 {
        self.row(tokens::named(name))
    }

    /// Looks up every n-gram of a text; `found` keeps the last ones.
    #[inline]
    pub(super) fn read(&self, tokens: &[Token], found: &mut Found, sum: &mut Sum) {
        found.len = 0;
        tokens::grams(tokens, |hash, first, last| {
            let row = self.row(hash);
            if found.len == BATCH {
                self.add(&found.rows, sum);
                found.len = 0;
            }
            found.rows[found.len] = row;
            found.spans[found.len] = (first as u32, last as u32);
            found.len += usize::from(row != 0);
        });
        self.add(&found.rows[..found.len], sum);
        let length = self.row(tokens::length(tokens.len()));
        if length != 0 {
            self.add(&[length], sum);
        }
    }

    /// Adds rows.
    #[inline]
    pub(super) fn add(&self, rows: &[u16], sum: &mut Sum) {
        for rows in rows.chunks(CARRY) {
            let (mut low, mut high) = ([0u8; ROW_BYTES], [0u8; ROW_BYTES]);
            for &row in rows {
                let row = &self.rows[usize::from(row)];
                for at in 0..ROW_BYTES {
                    low[at] += row[at] & 15;
                    high[at] += row[at] >> 4;
                }
            }
            let (first, last) = sum.total.split_at_mut(ROW_BYTES);
            for at in 0..ROW_BYTES {
                first[at] += i32::from(low[at]);
                last[at] += i32::from(high[at]);
            }
        }
        sum.count += rows.len() as u32;
    }

    /// The product of a row's half bytes with weights.
    #[inline]
    pub(super) fn product(&self, row: u16, weights: &[i16; WIDTH]) -> i32 {
        let row = &self.rows[usize::from(row)];
        let (first, last) = weights.split_at(ROW_BYTES);
        let mut sum = 0;
        for at in 0..ROW_BYTES {
            sum += i32::from(i16::from(row[at] & 15)) * i32::from(first[at]);
            sum += i32::from(i16::from(row[at] >> 4)) * i32::from(last[at]);
        }
        sum
    }

    /// The vector of a text.
    #[inline]
    pub(super) fn vector(&self, sum: &Sum) -> [i16; WIDTH] {
        let scale = i64::from(self.scales[(sum.count as usize).min(SCALES - 1)]);
        let scale = scale * i64::from(self.half_step);
        let middle = i64::from(MIDDLE) * i64::from(sum.count);
        let shift = 16 + STEP_BITS - VECTOR_BITS;
        std::array::from_fn(|at| {
            let scaled = ((2 * i64::from(sum.total[at]) - middle) * scale) >> shift;
            let number = scaled + i64::from(self.vector_bias[at]);
            number.clamp(0, i64::from(i16::MAX)) as i16
        })
    }

    /// One output of a vector, without what the kind adds.
    #[inline]
    pub(super) fn output(&self, vector: &[i16; WIDTH], output: usize) -> i32 {
        let weights = &self.weights[output];
        let products = vector.iter().zip(weights);
        let sum: i32 = products
            .map(|(&one, &other)| i32::from(one) * i32::from(other))
            .fold(0, i32::wrapping_add);
        (sum >> (VECTOR_BITS + WEIGHT_BITS - UNIT_BITS)) + self.bias[output]
    }

    /// How many bytes its tables take while it is used.
    pub(super) fn table_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
            + size_of_val(&*self.rows)
            + size_of_val(&*self.weights)
            + size_of_val(&*self.bias)
            + size_of_val(&*self.of_kind)
            + size_of_val(&*self.scales)
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
        if shape != (WIDTH, OUTPUTS) || half_step >= 1 << STEP_BITS {
            return Err(bytes.wrong("another shape than this program's"));
        }
        if !buckets.is_power_of_two() || buckets > BUCKETS_MAX || !(1..=ROWS_MAX).contains(&rows) {
            return Err(bytes.wrong("too many buckets or rows"));
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
        let buckets = table.into_boxed_slice();
        let outputs = (weights, bias);
        Ok(Model::new(
            half_step,
            buckets,
            rows,
            vector_bias,
            outputs,
            of_kind,
        ))
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
