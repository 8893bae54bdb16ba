//! A model as texts are heard with it: the tables of [`Model`], laid out so that little is touched of them.
//!
//! Most n-grams of a text have no row. One bit a tag says so for most of these; for what is left the tags of a bucket are compared at once.
//! Rows stand in the order of their tags, so that a tag's place is its row's. What is summed and multiplied is in arrays of fixed
//! length, which the compiler makes vectors of. Whole numbers only; the order of a sum is nothing to it.

use super::model::{
    BUCKETS, MIDDLE, Model, OUTPUTS, REST, ROW_BYTES, STEP_BITS, UNIT_BITS, VECTOR_BITS, WAYS,
    WEIGHT_BITS, WIDTH,
};
use super::tokens::{self, GRAMS_MAX, Gram, Token};

/// Rows whose sums are carried over together: 15 times as much fits a byte.
const CARRY: usize = 17;
/// Rows of n-grams that are kept to show; a longer text begins anew when it has so many.
pub(super) const FOUND_MAX: usize = 256;
/// Tokens whose n-grams are looked for together, and the most of these.
const TOGETHER: usize = 32;
const BATCH: usize = GRAMS_MAX * TOGETHER;
/// Beyond so many rows a text is scaled as if it had no more.
const SCALES: usize = 1024;
/// Bytes of the tags of a full bucket.
const TAGS_BYTES: usize = 2 * WAYS;
/// One in each of four 16 bits, and the highest bit of each.
const ONES: u64 = 0x0001_0001_0001_0001;
const HIGHEST: u64 = ONES << 15;

const _: () = assert!(CARRY * 15 <= u8::MAX as usize, "a carry fits its sum");
const _: () = assert!(
    FOUND_MAX * 15 <= u16::MAX as usize,
    "the carries of so many rows fit theirs"
);
const _: () = assert!(TAGS_BYTES == 8, "the tags of a bucket are one u64");

/// The half bytes of a row: the low ones are its first numbers, the high ones the rest.
pub(super) type Row = [u8; ROW_BYTES];
/// A text, as far as the outputs ask.
pub(super) type Vector = [i16; WIDTH];
/// Of no text.
pub(super) const NO_VECTOR: Vector = [0; WIDTH];

/// The tables of a model.
pub(super) struct Hearing {
    /// One bit a tag: whether any row has it.
    tagged: Box<[u64; 1 << 10]>,
    /// The first row of each bucket; one more, so that each has an end.
    starts: Box<[u16; BUCKETS + 1]>,
    /// The tags of all rows, bucket by bucket, two bytes each; four more, so that each bucket is read as four.
    tags: Box<[u8]>,
    rows: Box<[Row]>,
    half_step: u32,
    vector_bias: [i32; WIDTH],
    weights: Box<[Vector]>,
    bias: [i32; OUTPUTS],
    of_kind: Box<[[i16; REST]]>,
    /// 2^16 / (1 + √n) for n rows.
    scales: Box<[u32]>,
}

/// The rows found in a text and where; of a long one the last few hundred.
#[derive(Clone, Debug)]
pub(super) struct Found {
    rows: [u16; FOUND_MAX],
    grams: [Gram; FOUND_MAX],
    len: usize,
}

impl Found {
    pub(super) const NONE: Found = Found {
        rows: [0; FOUND_MAX],
        grams: [Gram::NONE; FOUND_MAX],
        len: 0,
    };

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn rows(&self) -> &[u16] {
        &self.rows[..self.len]
    }

    pub(super) fn grams(&self) -> &[Gram] {
        &self.grams[..self.len]
    }
}

/// The sum of the half bytes of a text's rows.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    total: [i32; WIDTH],
    pub count: u32,
}

impl Sum {
    pub(super) const EMPTY: Sum = Sum {
        total: [0; WIDTH],
        count: 0,
    };
}

impl Hearing {
    pub(super) fn of(model: &Model) -> Hearing {
        let mut tagged = Box::new([0; 1 << 10]);
        let mut starts = Box::new([0; BUCKETS + 1]);
        let (mut tags, mut rows) = (Vec::new(), Vec::new());
        for (at, bucket) in model.buckets.iter().enumerate() {
            for (&tag, &row) in bucket.tags.iter().zip(&bucket.rows) {
                if row != 0 {
                    tagged[usize::from(tag) / 64] |= 1u64 << (tag % 64);
                    tags.extend(tag.to_le_bytes());
                    rows.push(model.rows[usize::from(row)]);
                }
            }
            starts[at + 1] = rows.len() as u16;
        }
        tags.extend([0; TAGS_BYTES]);
        Hearing {
            tagged,
            starts,
            tags: tags.into(),
            rows: rows.into(),
            half_step: model.half_step,
            vector_bias: model.vector_bias,
            weights: model.weights.clone(),
            bias: std::array::from_fn(|at| model.bias[at]),
            of_kind: model.of_kind.clone(),
            scales: (0..SCALES as u64)
                .map(|count| ((1 << 24) / (256 + (count << 16).isqrt())) as u32)
                .collect(),
        }
    }

    /// Whether a hash may have a row; most that have none are told here.
    #[inline]
    fn may_have(&self, hash: u32) -> bool {
        self.tagged[hash as usize >> 22] >> ((hash >> 16) % 64) & 1 != 0
    }

    /// The row of a hash, and whether it has one; the number means nothing where it has none.
    #[inline]
    fn look(&self, hash: u32) -> (u16, bool) {
        let bucket = hash as usize % BUCKETS;
        let (start, end) = (self.starts[bucket], self.starts[bucket + 1]);
        let tags = self.tags.get(2 * usize::from(start)..);
        let tags = tags.and_then(<[u8]>::first_chunk::<TAGS_BYTES>);
        let tags = tags.map_or(0, |tags| u64::from_le_bytes(*tags));
        // Zero where the tag stands. The lowest zero is found for certain; what lies above may only seem one.
        let differ = tags ^ (u64::from(hash >> 16) * ONES);
        let zeros = differ.wrapping_sub(ONES) & !differ & HIGHEST;
        let row = start + (zeros.trailing_zeros() / 16) as u16;
        (row, row < end)
    }

    /// The row of a hash.
    pub(super) fn row(&self, hash: u32) -> Option<u16> {
        let (row, is_there) = self.look(hash);
        is_there.then_some(row)
    }

    /// Adds the rows of all n-grams of a text; `found` keeps the last ones.
    #[inline]
    pub(super) fn read(&self, tokens: &[Token], found: &mut Found, sum: &mut Sum) {
        found.clear();
        let mut batch = [(0, Gram::NONE); BATCH];
        for first in (0..tokens.len()).step_by(TOGETHER) {
            let mut len = 0;
            tokens::grams(tokens, first..first + TOGETHER, |hash, gram| {
                // Written in any case and kept if it may have a row: what is read cannot be foreseen, so there is no branch.
                batch[len % BATCH] = (hash, gram);
                len += usize::from(self.may_have(hash));
            });
            self.find(&batch[..len], found, sum);
        }
        for edge in tokens::edges(tokens).into_iter().flatten() {
            if found.len == FOUND_MAX {
                self.carry(found, sum);
            }
            self.find(&[edge], found, sum);
        }
        self.add(found.rows(), sum);
        if let Some(length) = self.row(tokens::length(tokens.len())) {
            self.add(&[length], sum);
        }
    }

    /// Finds the rows of n-grams that may have one.
    #[inline]
    fn find(&self, grams: &[(u32, Gram)], found: &mut Found, sum: &mut Sum) {
        if found.len + grams.len() > FOUND_MAX {
            self.find_one_by_one(grams, found, sum);
            return;
        }
        let mut len = found.len;
        for &(hash, gram) in grams {
            let (row, is_there) = self.look(hash);
            found.rows[len % FOUND_MAX] = row;
            found.grams[len % FOUND_MAX] = gram;
            len += usize::from(is_there);
        }
        found.len = len;
    }

    /// The same where room must be made between two.
    #[cold]
    fn find_one_by_one(&self, grams: &[(u32, Gram)], found: &mut Found, sum: &mut Sum) {
        for &(hash, gram) in grams {
            if found.len == FOUND_MAX {
                self.carry(found, sum);
            }
            if let Some(row) = self.row(hash) {
                found.rows[found.len] = row;
                found.grams[found.len] = gram;
                found.len += 1;
            }
        }
    }

    /// Adds what was found and makes room.
    #[cold]
    fn carry(&self, found: &mut Found, sum: &mut Sum) {
        self.add(found.rows(), sum);
        found.clear();
    }

    /// Adds at most [`FOUND_MAX`] rows.
    #[inline(never)]
    pub(super) fn add(&self, rows: &[u16], sum: &mut Sum) {
        let (mut low, mut high) = ([0u16; ROW_BYTES], [0u16; ROW_BYTES]);
        for rows in rows.chunks(CARRY) {
            let (mut low_bytes, mut high_bytes) = ([0u8; ROW_BYTES], [0u8; ROW_BYTES]);
            for &row in rows {
                let row = &self.rows[usize::from(row)];
                for at in 0..ROW_BYTES {
                    low_bytes[at] += row[at] & 15;
                    high_bytes[at] += row[at] >> 4;
                }
            }
            for at in 0..ROW_BYTES {
                low[at] += u16::from(low_bytes[at]);
                high[at] += u16::from(high_bytes[at]);
            }
        }
        let (first, last) = sum.total.split_at_mut(ROW_BYTES);
        for at in 0..ROW_BYTES {
            first[at] += i32::from(low[at]);
            last[at] += i32::from(high[at]);
        }
        sum.count += rows.len() as u32;
    }

    /// The vector of a text.
    #[inline(never)]
    pub(super) fn vector(&self, sum: &Sum) -> Vector {
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

    /// All outputs of a vector: the kinds, and the rest without what the kind adds.
    #[inline]
    pub(super) fn outputs(&self, vector: &Vector) -> [i32; OUTPUTS] {
        let mut outputs = self.bias;
        for (output, weights) in outputs.iter_mut().zip(&self.weights) {
            *output += product(vector, weights) >> (VECTOR_BITS + WEIGHT_BITS - UNIT_BITS);
        }
        outputs
    }

    /// What a kind adds to the rest, once it is chosen.
    pub(super) fn of_kind(&self, kind: usize) -> &[i16; REST] {
        &self.of_kind[kind]
    }

    /// What hears how loud each row speaks for an output in a text of this vector.
    #[inline]
    pub(super) fn ear(&self, vector: &Vector, output: usize) -> Ear<'_> {
        let weights = &self.weights[output];
        // All bits where something is heard, and none where nothing is: no branch that nobody could foresee.
        let weights: Vector = std::array::from_fn(|at| weights[at] & -i16::from(vector[at] > 0));
        let sum: i32 = weights.iter().map(|&weight| i32::from(weight)).sum();
        Ear {
            rows: &self.rows,
            weights: std::array::from_fn(|half| {
                std::array::from_fn(|part| {
                    let first = half * 2 * LANES + part / 2 + part % 2 * ROW_BYTES;
                    std::array::from_fn(|lane| weights[first + 2 * lane])
                })
            }),
            silence: MIDDLE * sum,
        }
    }

    /// How many bytes its tables take.
    pub(super) fn table_bytes(&self) -> usize {
        size_of::<Hearing>()
            + size_of_val(&*self.tagged)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.tags)
            + size_of_val(&*self.rows)
            + size_of_val(&*self.weights)
            + size_of_val(&*self.of_kind)
            + size_of_val(&*self.scales)
    }
}

/// The weights of one output, those of which nothing is heard at zero.
pub(super) struct Ear<'a> {
    rows: &'a [Row],
    /// In the order in which [`Ear::hear`] takes a row apart: half after half of its bytes.
    weights: [[[i16; LANES]; PARTS]; WIDTH / LANES / PARTS],
    silence: i32,
}

/// Half bytes of the two bytes that are taken apart together.
const PARTS: usize = 4;

impl Ear<'_> {
    /// How loud each of some rows speaks.
    #[inline(never)] // Only by itself the compiler makes vectors of it.
    pub(super) fn hear(&self, rows: &[u16], loudness: &mut [i32]) {
        for (loudness, &row) in loudness.iter_mut().zip(rows) {
            let (halves, _) = self.rows[usize::from(row)].as_chunks::<{ 2 * LANES }>();
            let mut product = Product::ZERO;
            for (bytes, weights) in halves.iter().zip(&self.weights) {
                let pairs: [u16; LANES] = std::array::from_fn(|lane| {
                    u16::from_le_bytes([bytes[2 * lane], bytes[2 * lane + 1]])
                });
                product.add(&pairs.map(|pair| (pair & 15) as i16), &weights[0]);
                product.add(&pairs.map(|pair| (pair >> 4 & 15) as i16), &weights[1]);
                product.add(&pairs.map(|pair| (pair >> 8 & 15) as i16), &weights[2]);
                product.add(&pairs.map(|pair| (pair >> 12) as i16), &weights[3]);
            }
            *loudness = 2 * product.sum() - self.silence;
        }
    }
}

/// Numbers that the processor multiplies at once.
const LANES: usize = 8;

/// The product of two vectors. Inlined into a loop over many it would be torn apart for the sake of that loop.
#[inline(never)]
fn product(one: &Vector, other: &Vector) -> i32 {
    let (one, _) = one.as_chunks::<LANES>();
    let (other, _) = other.as_chunks::<LANES>();
    let mut product = Product::ZERO;
    for (one, other) in one.iter().zip(other) {
        product.add(one, other);
    }
    product.sum()
}

/// A sum of products, in the shape of which the compiler makes the processor's own.
struct Product([i32; LANES]);

impl Product {
    const ZERO: Product = Product([0; LANES]);

    #[inline]
    fn add(&mut self, one: &[i16; LANES], other: &[i16; LANES]) {
        for lane in 0..LANES {
            let product = i32::from(one[lane]) * i32::from(other[lane]);
            self.0[lane] = self.0[lane].wrapping_add(product);
        }
    }

    #[inline]
    fn sum(self) -> i32 {
        self.0.into_iter().fold(0, i32::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use super::super::train::Random;
    use super::*;

    /// Every hash that has a row in the model's own buckets, and many that have none.
    #[test]
    fn a_hash_has_the_row_that_the_model_gives_it() {
        let model = Model::parse(super::super::EMBEDDED_MODEL).unwrap();
        let hearing = Hearing::of(&model);
        let mut random = Random::new(5);
        let some = (0..100_000).map(|_| random.below(1 << 32) as u32);
        let placed = model.buckets.iter().enumerate().flat_map(|(at, bucket)| {
            // The bits between bucket and tag are nobody's.
            bucket.tags.map(|tag| u32::from(tag) << 16 | at as u32)
        });
        let mut count = 0;
        for hash in some.chain(placed.flat_map(|hash| [hash, hash | 0xF000])) {
            let wanted = model.row(hash);
            let row = hearing.row(hash);
            assert_eq!(row.is_some(), wanted != 0, "{hash:x}");
            if let Some(row) = row {
                assert!(hearing.may_have(hash));
                let wanted = &model.rows[usize::from(wanted)];
                assert_eq!(&hearing.rows[usize::from(row)], wanted, "{hash:x}");
                count += 1;
            }
        }
        assert!(count >= 2 * hearing.rows.len());
    }

    #[test]
    fn sums_and_products_are_those_of_the_half_bytes() {
        let model = Model::parse(super::super::EMBEDDED_MODEL).unwrap();
        let hearing = Hearing::of(&model);
        let mut random = Random::new(6);
        for count in [0, 1, CARRY, CARRY + 1, FOUND_MAX] {
            let rows: Vec<u16> = (0..count)
                .map(|_| random.below(hearing.rows.len()) as u16)
                .collect();
            let number = |row: u16, at: usize| {
                let row = &hearing.rows[usize::from(row)];
                i32::from(row[at % ROW_BYTES] >> (at / ROW_BYTES * 4) & 15)
            };
            let mut sum = Sum::EMPTY;
            hearing.add(&rows, &mut sum);
            let vector = hearing.vector(&sum);
            let ear = hearing.ear(&vector, 3);
            for at in 0..WIDTH {
                let wanted: i32 = rows.iter().map(|&row| number(row, at)).sum();
                assert_eq!(sum.total[at], wanted, "{count} rows, number {at}");
            }
            for &row in &rows {
                let heard = (0..WIDTH).filter(|&at| vector[at] > 0);
                let parts = heard
                    .map(|at| (2 * number(row, at) - MIDDLE) * i32::from(hearing.weights[3][at]));
                let mut loudness = [0];
                ear.hear(&[row], &mut loudness);
                assert_eq!(loudness, [parts.sum::<i32>()]);
            }
        }
    }
}
