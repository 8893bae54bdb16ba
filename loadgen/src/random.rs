//! A small random number generator of our own (SplitMix64), so that a seed means the same rows and the same
//! crews on every machine and in every release. Not for secrets.

/// A stream of numbers that its seed decides.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// An own stream for one thing under a seed, whatever was drawn before.
    pub const fn stream(seed: u64, thing: u64) -> Random {
        Random(mix(seed ^ mix(thing ^ 0x5bf0_3635_dcf5_1a2f)))
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `count`, each as likely as the next (the bias is below count ÷ 2^64). 0 when `count` is 0.
    pub const fn below(&mut self, count: u64) -> u64 {
        ((self.bits() as u128 * count as u128) >> 64) as u64
    }

    /// A number from `least` to `most`, both included.
    pub const fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least) as u64 + 1) as i64
    }

    /// Whether one of so many thousandths came up.
    pub const fn chance(&mut self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// A number from 0 to below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of a list; `None` of an empty one.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len() as u64) as usize)
    }

    /// An index, each as likely as its weight says; `None` when all weights are 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> Option<usize> {
        let total: u64 = weights.clone().sum();
        if total == 0 {
            return None;
        }
        let mut left = self.below(total);
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return Some(index);
            }
            left -= weight;
        }
        None
    }
}

/// Scatters bits: the finalizer of SplitMix64 (Steele, Lea, Flood, 2014).
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_the_published_ones() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_stay_in_their_bounds_and_reach_them() {
        let mut random = Random::stream(1, 2);
        let drawn: Vec<i64> = (0..1_000).map(|_| random.between(-2, 2)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&2));
        assert_eq!(random.weighted([0, 0].into_iter()), None);
        let ones = (0..1_000)
            .filter(|_| random.weighted([1, 9].into_iter()) == Some(1))
            .count();
        assert!((850..950).contains(&ones), "{ones}");
    }
}
