//! Which call came under a key: a map from digests to places in the ring, small enough to be at hand.
//!
//! Every call is looked for here before anything is decided, and its own place is nowhere near the last one's; so what
//! counts is how much memory that touches. A place holds 32 bits of the key's spread and where in the ring the call is:
//! 8 bytes, eight to a line of the cache. The key itself stands in the ring and is compared there, which is asked for
//! only when the 32 bits agree. Open addressing, linear probing, at most half full, no tombstones.

use crate::call::KeyDigest;
use crate::memory::{filled, on_large_pages, room};
use crate::table::Key;

/// Bits of a tag by which keys are sorted before many are taken in at once: a stretch of the index for a million keys is
/// then 64 KiB.
const STRETCH_BITS: u32 = 8;

/// 32 bits of a key's spread, of which the upper ones choose the place; and the place in the ring plus one, 0 for none.
type Entry = (u32, u32);

/// Places in the ring by key.
#[derive(Debug)]
pub(super) struct KeyIndex {
    entries: Vec<Entry>,
    /// How far a tag is shifted to give its home.
    shift: u32,
}

impl KeyIndex {
    /// An empty index for so many keys.
    pub fn new(keys: u32) -> KeyIndex {
        let entries = (u64::from(keys.max(1)) * 2).next_power_of_two();
        assert!(
            entries <= 1 << 31,
            "an index of {keys} keys has no room for its homes"
        );
        KeyIndex {
            entries: on_large_pages(vec![(0, 0); entries as usize]),
            shift: u32::BITS - entries.trailing_zeros(),
        }
    }

    /// An index for so many keys with these in it, each with its place; the place of one that came before otherwise.
    /// `is_same` says whether the calls at two places came under one key. They are taken in stretch by stretch of the
    /// index, so that all that is written at a time is near.
    pub fn of(
        keys_max: u32,
        keys: impl ExactSizeIterator<Item = (KeyDigest, u32)>,
        is_same: impl Fn(u32, u32) -> bool,
    ) -> Result<KeyIndex, u32> {
        let stretch = |tag: u32| (tag >> (u32::BITS - STRETCH_BITS)) as usize;
        let mut ends = [0_usize; 1 << STRETCH_BITS];
        let mut listed: Vec<Entry> = room(keys.len());
        for (key, place) in keys {
            let tag = tag(key);
            ends[stretch(tag)] += 1;
            listed.push((tag, place));
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        let mut sorted: Vec<Entry> = filled((0, 0), sum);
        for (tag, place) in listed {
            let end = &mut ends[stretch(tag)];
            sorted[*end] = (tag, place);
            *end += 1;
        }
        let mut index = KeyIndex::new(keys_max);
        for (tag, place) in sorted {
            if index.seek(tag, |known| is_same(known, place)).is_some() {
                return Err(place);
            }
            index.put(tag, place);
        }
        Ok(index)
    }

    /// The place of a key; `is_key` says whether the call at a place came under it.
    pub fn get(&self, key: KeyDigest, is_key: impl Fn(u32) -> bool) -> Option<u32> {
        self.seek(tag(key), is_key)
    }

    fn seek(&self, tag: u32, is_key: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.entries.len() - 1;
        let mut at = self.home(tag);
        loop {
            let (known, taken) = self.entries[at];
            let place = taken.checked_sub(1)?;
            if known == tag && is_key(place) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    /// Touches the memory in which a key will be looked for; what it gives says nothing.
    pub fn foresee(&self, key: KeyDigest) -> u32 {
        self.entries[self.home(tag(key))].1
    }

    /// Takes in a key that is not there. There must be room: the ring holds no more than it was made for.
    pub fn insert(&mut self, key: KeyDigest, place: u32) {
        self.put(tag(key), place);
    }

    fn put(&mut self, tag: u32, place: u32) {
        let mask = self.entries.len() - 1;
        let mut at = self.home(tag);
        while self.entries[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.entries[at] = (tag, place + 1);
    }

    /// Forgets the key of the call at a place.
    pub fn remove(&mut self, key: KeyDigest, place: u32) {
        let mask = self.entries.len() - 1;
        let mut hole = self.home(tag(key));
        while self.entries[hole].1 != place + 1 {
            assert!(self.entries[hole].1 != 0, "a key in the ring is not known");
            hole = (hole + 1) & mask;
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let (tag, taken) = self.entries[at];
            if taken == 0 {
                break;
            }
            // An entry may fill the hole if the hole lies on its way from home; so no tombstones are left.
            let from_home = at.wrapping_sub(self.home(tag)) & mask;
            let from_hole = at.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.entries[hole] = self.entries[at];
                hole = at;
            }
        }
        self.entries[hole] = (0, 0);
    }

    fn home(&self, tag: u32) -> usize {
        (tag >> self.shift) as usize
    }
}

fn tag(key: KeyDigest) -> u32 {
    (key.0.spread() >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Few keys, many of them with one tag, so that homes, clusters and their wrap-around are met in each run.
    fn key(number: u8) -> KeyDigest {
        let mut bytes = [0; 16];
        bytes[0] = number % 4 * 80;
        // The spread takes both halves against each other, so this leaves the tag as it is.
        let same = u64::from(number / 4) << 8;
        bytes[1..8].copy_from_slice(&same.to_le_bytes()[1..8]);
        bytes[8..].copy_from_slice(&same.rotate_left(32).to_le_bytes());
        KeyDigest(bytes)
    }

    proptest! {
        #[test]
        fn an_index_of_keys_is_a_map(acts in prop::collection::vec((any::<bool>(), 0u8..64), 0..300)) {
            let mut index = KeyIndex::new(24);
            let mut oracle: BTreeMap<KeyDigest, u32> = BTreeMap::new();
            // The ring: whose key stands at a place.
            let mut ring: Vec<KeyDigest> = Vec::new();
            for (inserts, number) in acts {
                let key = key(number);
                match oracle.get(&key).copied() {
                    Some(place) if !inserts => {
                        index.remove(key, place);
                        oracle.remove(&key);
                    }
                    None if inserts && oracle.len() < 24 => {
                        index.insert(key, ring.len() as u32);
                        oracle.insert(key, ring.len() as u32);
                        ring.push(key);
                    }
                    Some(_) | None => {}
                }
                let keys: Vec<_> = oracle.iter().map(|(&key, &place)| (key, place)).collect();
                let is_same = |one: u32, other: u32| ring[one as usize] == ring[other as usize];
                let at_once = KeyIndex::of(24, keys.into_iter(), is_same).unwrap();
                for number in 0..64 {
                    let key = self::key(number);
                    for index in [&index, &at_once] {
                        let found = index.get(key, |place| ring[place as usize] == key);
                        prop_assert_eq!(found, oracle.get(&key).copied());
                    }
                }
            }
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_named_by_its_place() {
        let ring = [key(1), key(5), key(9), key(5)];
        let keys = (0..).zip(ring).map(|(place, key)| (key, place));
        let keys: Vec<_> = keys.collect();
        let is_same = |one: u32, other: u32| ring[one as usize] == ring[other as usize];
        let of = |keys: &[(KeyDigest, u32)]| KeyIndex::of(8, keys.iter().copied(), is_same);
        assert_eq!(of(&keys).err(), Some(3));
        assert!(of(&keys[..3]).is_ok());
    }
}
