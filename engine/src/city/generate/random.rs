//! Numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014), integers only.

/// A stream of numbers; streams of one seed and different purposes do not disturb one another.
pub struct Random(u64);

impl Random {
    /// The stream of a seed for one purpose.
    pub fn new(seed: u64, purpose: &str) -> Random {
        let mut random = Random(seed);
        for byte in purpose.bytes() {
            random = Random(random.next() ^ u64::from(byte));
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// 0 to `bound` - 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    /// `least` to `most`, both included.
    pub fn between(&mut self, least: i32, most: i32) -> i32 {
        least + self.below((most - least + 1) as u32) as i32
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64() {
        // The reference implementation's first numbers from the state 1234567.
        let mut random = Random(1_234_567);
        let first = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([random.next(), random.next(), random.next()], first);
    }

    #[test]
    fn bounds_are_kept_and_reached() {
        let mut random = Random::new(9, "bounds");
        let rolled: Vec<i32> = (0..1_000).map(|_| random.between(-2, 2)).collect();
        for value in -2..=2 {
            assert!(rolled.contains(&value));
        }
        assert!(rolled.iter().all(|value| (-2..=2).contains(value)));
        assert_ne!(Random::new(9, "a").next(), Random::new(9, "b").next());
    }
}
