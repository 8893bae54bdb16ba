//! Which n-grams are worth a row, and where the rows stand.
//!
//! An n-gram is worth what it tells of the kind, less what so many kinds would seem to tell by chance. The best are placed
//! in the buckets of the model one after the other; one whose bucket is full goes without.

use super::super::model::{BUCKETS, Bucket, KINDS, WAYS};
use std::collections::BTreeMap;

/// Rows, but for the one that is no row.
pub(super) const ROWS: usize = 7_600;
/// Texts that must hold an n-gram.
const TEXTS_MIN: u32 = 2;
/// What each kind that it stands with costs, in natural units.
const KIND_COST: f64 = 1.0;

const _: () = assert!(ROWS < BUCKETS * WAYS);

/// How often n-grams stand with kinds.
pub(super) struct Counts {
    grams: BTreeMap<u32, BTreeMap<u8, u32>>,
    kinds: [u32; KINDS],
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            grams: BTreeMap::new(),
            kinds: [0; KINDS],
        }
    }
}

impl Counts {
    /// Counts a text's n-grams, each once.
    pub(super) fn add(&mut self, kind: usize, hashes: &mut Vec<u32>) {
        hashes.sort_unstable();
        hashes.dedup();
        for &hash in hashes.iter() {
            *self
                .grams
                .entry(hash)
                .or_default()
                .entry(kind as u8)
                .or_default() += 1;
        }
        self.kinds[kind] += 1;
    }

    /// Buckets with a row for each n-gram that is worth one, and how many rows there are, the empty one too. `wanted`
    /// have one in any case.
    pub(super) fn place(&self, wanted: &[u32]) -> (Vec<Bucket>, usize) {
        let texts: u32 = self.kinds.iter().sum();
        let worth = |kinds: &BTreeMap<u8, u32>| -> f64 {
            let all: u32 = kinds.values().sum();
            let told = kinds.iter().map(|(&kind, &count)| {
                let share = f64::from(self.kinds[usize::from(kind)]) / f64::from(texts);
                f64::from(count) * logarithm(f64::from(count) / (f64::from(all) * share))
            });
            told.sum::<f64>() - kinds.len() as f64 * KIND_COST
        };
        let mut ranked: Vec<(f64, u32)> = self
            .grams
            .iter()
            .filter(|(_, kinds)| kinds.values().sum::<u32>() >= TEXTS_MIN)
            .map(|(&hash, kinds)| (worth(kinds), hash))
            .collect();
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut buckets = vec![Bucket::default(); BUCKETS];
        let mut next = 1;
        let others = ranked.iter().map(|&(_, hash)| hash);
        for hash in wanted.iter().copied().chain(others) {
            if next > ROWS {
                break;
            }
            let bucket = &mut buckets[hash as usize % BUCKETS];
            let tag = (hash >> 16) as u16;
            let taken = (0..WAYS).any(|way| bucket.rows[way] != 0 && bucket.tags[way] == tag);
            if let Some(way) = bucket.rows.iter().position(|&row| row == 0)
                && !taken
            {
                bucket.tags[way] = tag;
                bucket.rows[way] = next as u16;
                next += 1;
            }
        }
        (buckets, next)
    }
}

/// The natural logarithm, to nine digits, from sums, products and quotients alone.
fn logarithm(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let part = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    let ratio = (part - 1.0) / (part + 1.0);
    let square = ratio * ratio;
    let series = (0..12)
        .rev()
        .fold(0.0, |sum, at| sum * square + 1.0 / f64::from(2 * at + 1));
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * ratio * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_logarithm_is_close() {
        for x in [1e-6, 0.3, 1.0, 1.999, 2.0, 10.0, 12_345.6] {
            assert!((logarithm(x) - x.ln()).abs() < 1e-8, "{x}");
        }
    }

    #[test]
    fn what_tells_more_has_a_row() {
        let mut counts = Counts::default();
        for text in 0..8 {
            counts.add(
                text % 2,
                &mut vec![7, 100 + text as u32 % 2, 1000 + text as u32],
            );
        }
        let (buckets, rows) = counts.place(&[55]);
        let row = |hash: u32| {
            let bucket = &buckets[hash as usize % BUCKETS];
            (0..WAYS).find(|&way| bucket.rows[way] != 0 && bucket.tags[way] == (hash >> 16) as u16)
        };
        assert!(row(55).is_some() && row(100).is_some() && row(101).is_some());
        assert!(row(1000).is_none(), "it stands in one text only");
        assert_eq!(rows, 5, "three, the wanted one and the empty one");
    }
}
