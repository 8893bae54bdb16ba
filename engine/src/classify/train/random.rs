//! Numbers that look random and are the same on every machine (xorshift64*), and the characters that are spoken alike.

use std::collections::BTreeMap;

const HOMOPHONES: &str = include_str!("homophones.txt");

/// A sequence of numbers; the same seed gives the same sequence.
pub(in crate::classify) struct Random(u64);

impl Random {
    pub(in crate::classify) fn new(seed: u64) -> Random {
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (seed + 1));
        for _ in 0..8 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 up to, not including, 1.
    pub(in crate::classify) fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    /// From 0 up to, not including, `end`, which is not 0.
    pub(in crate::classify) fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 33) % end as u64) as usize
    }

    /// Brings a list into another order.
    pub(in crate::classify) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.below(at + 1);
            list.swap(at, other);
        }
    }
}

/// Characters that are spoken alike.
pub(in crate::classify) struct Homophones(BTreeMap<char, &'static str>);

impl Homophones {
    pub(in crate::classify) fn new() -> Homophones {
        let rows = HOMOPHONES.lines().filter(|row| !row.starts_with('#'));
        let groups = rows.filter_map(|row| row.split_once(' '));
        Homophones(
            groups
                .flat_map(|(_, group)| group.chars().map(move |c| (c, group)))
                .collect(),
        )
    }

    /// Another character that sounds like this one.
    pub(in crate::classify) fn another(&self, c: char, random: &mut Random) -> Option<char> {
        let group = self.0.get(&c)?;
        let mut others = group.chars().filter(|&other| other != c);
        let place = random.below(group.chars().count() - 1);
        others.nth(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [random.below(1000), random.below(1000), random.below(1000)]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mut list: Vec<usize> = (0..50).collect();
        Random::new(3).shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_homophone_is_another_character_of_its_syllable() {
        let homophones = Homophones::new();
        let mut random = Random::new(1);
        for c in ['火', '车', '是'] {
            let other = homophones.another(c, &mut random).unwrap();
            assert_ne!(other, c);
            assert_eq!(homophones.0[&c], homophones.0[&other]);
        }
        assert_eq!(homophones.another('\u{10FFFF}', &mut random), None);
    }
}
