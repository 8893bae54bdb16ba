//! A table that grows a little at a time.
//!
//! A hash map that is full moves all it has at once: with half a million calls that takes a tenth of a second, in which answers
//! wait and look late, though the centre was quick. Here the entries lie in many small maps, which fill at slightly different
//! times and of which each moves in some ten microseconds.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

const PARTS: usize = 256;
/// Below so many entries a part is not swept.
const SWEPT_LEAST: usize = 16;

/// What is known by key.
#[derive(Debug)]
pub struct Table<K, V> {
    parts: Box<[HashMap<K, V>]>,
    /// For each part, a sweep is due when it has more entries: twice what the last one left.
    sweep_above: Box<[usize]>,
    chooser: RandomState,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table {
            parts: (0..PARTS).map(|_| HashMap::new()).collect(),
            sweep_above: vec![SWEPT_LEAST; PARTS].into(),
            chooser: RandomState::new(),
        }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// How many entries there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.parts.iter().map(HashMap::len).sum()
    }

    /// What is known by this key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.parts[self.part(key)].get(key)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.parts[self.part(key)].get_mut(key)
    }

    /// Enters this, and gives what was known before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.parts[self.part(&key)].insert(key, value)
    }

    /// What is known by this key, to be changed; begun if nothing is.
    pub fn of(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.parts[self.part(&key)].entry(key).or_default()
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flatten()
    }

    /// Gives back what need not be kept of the part in which this key lies, if that has grown twofold since it last did.
    pub fn sweep(&mut self, key: &K, keep: impl FnMut(&K, &mut V) -> bool) {
        let number = self.part(key);
        let (part, sweep_above) = (&mut self.parts[number], &mut self.sweep_above[number]);
        if part.len() > *sweep_above {
            part.retain(keep);
            *sweep_above = SWEPT_LEAST.max(2 * part.len());
        }
    }

    fn part(&self, key: &K) -> usize {
        self.chooser.hash_one(key) as usize % PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_what_was_entered() {
        let mut table = Table::default();
        for key in 0..10_000_u64 {
            assert_eq!(table.insert(key, key * 2), None);
        }
        assert_eq!(table.insert(7, 1), Some(14));
        *table.of(10_000) += 3;
        if let Some(known) = table.get_mut(&8) {
            *known += 1;
        }
        assert_eq!(table.len(), 10_001);
        let known = [6, 7, 8, 10_000, 10_001].map(|key| table.get(&key).copied());
        assert_eq!(known, [Some(12), Some(1), Some(17), Some(3), None]);
        let all: u64 = table.iter().map(|(key, _)| key).sum();
        assert_eq!(all, 10_000 * 10_001 / 2);
    }

    #[test]
    fn what_need_not_be_kept_takes_no_room() {
        let mut table = Table::default();
        for key in 0..100_000_u64 {
            table.sweep(&key, |&known, ()| known + 1_000 > key);
            table.insert(key, ());
        }
        assert!(table.len() < PARTS * SWEPT_LEAST * 2, "{}", table.len());
        assert!((99_001..100_000).all(|key| table.get(&key).is_some()));
    }

    #[test]
    fn no_part_ever_has_much_to_move() {
        let mut table = Table::default();
        for key in 0..100_000_u64 {
            table.insert(key, ());
        }
        let fullest = table.parts.iter().map(HashMap::len).max();
        assert!(fullest < Some(100_000 / PARTS * 2), "{fullest:?}");
    }
}
