//! Tables that never grow: a map from keys to slots, and a slab of values keyed by the number of an id.
//!
//! All memory is reserved when a table is made and touched only as it fills, so nothing here allocates while calls
//! are decided. A full table says so and keeps what it has; who is refused then is for the caller to say. Nothing
//! depends on an address or a random seed: the same inserts and removals give the same slots on every machine.
//! Start at [`Table`]; [`Index`] alone serves where the values live elsewhere.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a table of this size cannot take any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the table is full at {capacity} entries; remove one first or raise its limit in the configuration"
)]
pub struct Full {
    /// How many it holds at most.
    pub capacity: u32,
}

/// What an [`Index`] can look up.
///
/// `BLANK` fills places that hold nothing; it may be used as a key all the same. `spread` must depend on the key
/// alone and must put its best bits on top.
pub trait Key: Copy + Ord {
    /// The key whose bytes are all zero.
    const BLANK: Self;

    /// The bits that choose the key's place.
    fn spread(self) -> u64;
}

/// 2^64 divided by the golden ratio: neighbouring numbers land far apart (Knuth, The Art of Computer Programming 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Key for u64 {
    const BLANK: u64 = 0;

    fn spread(self) -> u64 {
        self.wrapping_mul(GOLDEN)
    }
}

/// A digest. It must come from a keyed hash: whoever can choose texts with equal leading bytes makes every probe long.
impl Key for [u8; 16] {
    const BLANK: [u8; 16] = [0; 16];

    fn spread(self) -> u64 {
        let (low, high) = self.split_at(8);
        let word = |half: &[u8]| {
            half.iter()
                .rev()
                .fold(0, |word, &byte| word << 8 | u64::from(byte))
        };
        (word(low) ^ word(high).rotate_left(32)).wrapping_mul(GOLDEN)
    }
}

/// A map from keys to `u32` values: open addressing, linear probing, at most half full.
#[derive(Debug)]
pub struct Index<K: Key> {
    /// A key with its value plus one; 0 is an empty place. Tuples of zeroes, so that the allocator hands out pages
    /// that are not mapped until they are written.
    places: Vec<(K, u32)>,
    /// How far the spread of a key is shifted to give its place.
    shift: u32,
    len: u32,
    capacity: u32,
}

impl<K: Key> Index<K> {
    /// The largest capacity: twice as many places still have 32-bit numbers.
    pub const CAPACITY_MAX: u32 = 1 << 30;

    /// An empty map for so many keys; panics above [`Index::CAPACITY_MAX`].
    pub fn new(capacity: u32) -> Index<K> {
        assert!(
            capacity <= Self::CAPACITY_MAX,
            "an index of {capacity} keys; at most {}",
            Self::CAPACITY_MAX
        );
        let places = (capacity.max(1) as usize * 2).next_power_of_two();
        Index {
            places: vec![(K::BLANK, 0); places],
            shift: 64 - places.trailing_zeros(),
            len: 0,
            capacity,
        }
    }

    /// How many keys it holds.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many keys it holds at most.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// The value of a key.
    pub fn get(&self, key: K) -> Option<u32> {
        self.places[self.find(key)].1.checked_sub(1)
    }

    /// Sets the value of a key and gives back the one it had. Any value but `u32::MAX` will do.
    pub fn insert(&mut self, key: K, value: u32) -> Result<Option<u32>, Full> {
        assert!(value != u32::MAX, "u32::MAX is not a slot");
        let place = self.find(key);
        let before = self.places[place].1.checked_sub(1);
        if before.is_none() {
            if self.len == self.capacity {
                return Err(Full {
                    capacity: self.capacity,
                });
            }
            self.len += 1;
        }
        self.places[place] = (key, value + 1);
        Ok(before)
    }

    /// Forgets a key and gives back its value.
    pub fn remove(&mut self, key: K) -> Option<u32> {
        let mut hole = self.find(key);
        let value = self.places[hole].1.checked_sub(1)?;
        let mask = self.places.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let (key, taken) = self.places[at];
            if taken == 0 {
                break;
            }
            // An entry may fill the hole if the hole lies on its way from home, that is, if it is at least as far
            // from its home as from the hole. So no tombstones are left and probes stay short for ever.
            let from_home = at.wrapping_sub(self.home(key)) & mask;
            let from_hole = at.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.places[hole] = self.places[at];
                hole = at;
            }
        }
        self.places[hole] = (K::BLANK, 0);
        self.len -= 1;
        Some(value)
    }

    /// The keys with their values, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (K, u32)> {
        self.places
            .iter()
            .filter_map(|&(key, taken)| Some((key, taken.checked_sub(1)?)))
    }

    fn home(&self, key: K) -> usize {
        (key.spread() >> self.shift) as usize
    }

    /// The place that holds the key, or the empty one where it would go. Ends because half the places are empty.
    fn find(&self, key: K) -> usize {
        let mask = self.places.len() - 1;
        let mut at = self.home(key);
        while self.places[at].1 != 0 && self.places[at].0 != key {
            at = (at + 1) & mask;
        }
        at
    }
}

/// Written in the order of the keys: the places depend on the history, what can be asked does not.
impl<K: Key + Serialize> Serialize for Index<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<(K, u32)> = self.iter().collect();
        entries.sort_unstable();
        (self.capacity, entries).serialize(serializer)
    }
}

impl<'de, K: Key + Deserialize<'de>> Deserialize<'de> for Index<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Index<K>, D::Error> {
        let (capacity, entries) = <(u32, Vec<(K, u32)>)>::deserialize(deserializer)?;
        if capacity > Self::CAPACITY_MAX {
            return Err(D::Error::custom(format!(
                "an index of {capacity} keys; at most {}",
                Self::CAPACITY_MAX
            )));
        }
        let mut index = Index::new(capacity);
        for (key, value) in entries {
            if value == u32::MAX {
                return Err(D::Error::custom(
                    "an index holds u32::MAX, which is not a slot",
                ));
            }
            if index
                .insert(key, value)
                .map_err(D::Error::custom)?
                .is_some()
            {
                return Err(D::Error::custom("an index holds one key twice"));
            }
        }
        Ok(index)
    }
}

/// The place of a value in a [`Table`]: stays while the value is there, is used again afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot as a subscript.
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
enum Entry<T> {
    Taken { number: u64, value: T },
    Vacant { next: Option<u32> },
}

/// A slab of at most so many values, each known by the number of its id and by its slot.
///
/// The slot freed last is taken first; when none is free the next untouched one is taken.
#[derive(Debug)]
pub struct Table<T> {
    entries: Vec<Entry<T>>,
    slots: Index<u64>,
    vacant: Option<u32>,
}

impl<T> Table<T> {
    /// An empty table for so many values; panics above [`Index::CAPACITY_MAX`].
    pub fn new(capacity: u32) -> Table<T> {
        Table {
            entries: Vec::with_capacity(capacity as usize),
            slots: Index::new(capacity),
            vacant: None,
        }
    }

    /// How many values it holds.
    pub fn len(&self) -> u32 {
        self.slots.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many values it holds at most. Slots are below this.
    pub fn capacity(&self) -> u32 {
        self.slots.capacity()
    }

    /// Takes a value in. Panics when the number is taken: a centre gives each number once.
    pub fn insert(&mut self, number: u64, value: T) -> Result<Slot, Full> {
        assert!(
            self.slots.get(number).is_none(),
            "number {number} is in the table already"
        );
        if self.len() == self.capacity() {
            return Err(Full {
                capacity: self.capacity(),
            });
        }
        let slot = self.vacant.unwrap_or(self.entries.len() as u32);
        self.slots.insert(number, slot)?;
        let entry = Entry::Taken { number, value };
        if slot as usize == self.entries.len() {
            self.entries.push(entry);
        } else {
            match std::mem::replace(&mut self.entries[slot as usize], entry) {
                Entry::Vacant { next } => self.vacant = next,
                Entry::Taken { number, .. } => {
                    unreachable!("slot {slot} is both free and taken by {number}")
                }
            }
        }
        Ok(Slot(slot))
    }

    /// Gives a value back and frees its slot.
    pub fn remove(&mut self, number: u64) -> Option<T> {
        let slot = self.slots.remove(number)?;
        let vacant = Entry::Vacant { next: self.vacant };
        match std::mem::replace(&mut self.entries[slot as usize], vacant) {
            Entry::Taken { value, .. } => {
                self.vacant = Some(slot);
                Some(value)
            }
            Entry::Vacant { .. } => {
                unreachable!("number {number} points at slot {slot}, which is free")
            }
        }
    }

    /// The slot of a number.
    pub fn slot_of(&self, number: u64) -> Option<Slot> {
        self.slots.get(number).map(Slot)
    }

    /// The value in a slot.
    pub fn get(&self, slot: Slot) -> Option<&T> {
        match self.entries.get(slot.at())? {
            Entry::Taken { value, .. } => Some(value),
            Entry::Vacant { .. } => None,
        }
    }

    /// The value in a slot, to change.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        match self.entries.get_mut(slot.at())? {
            Entry::Taken { value, .. } => Some(value),
            Entry::Vacant { .. } => None,
        }
    }

    /// The number whose value is in a slot.
    pub fn number_of(&self, slot: Slot) -> Option<u64> {
        match self.entries.get(slot.at())? {
            Entry::Taken { number, .. } => Some(*number),
            Entry::Vacant { .. } => None,
        }
    }

    /// The value of a number.
    pub fn find(&self, number: u64) -> Option<&T> {
        self.get(self.slot_of(number)?)
    }

    /// The value of a number, to change.
    pub fn find_mut(&mut self, number: u64) -> Option<&mut T> {
        self.get_mut(self.slot_of(number)?)
    }

    /// Slots, numbers and values in the order of the slots.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, u64, &T)> {
        self.entries
            .iter()
            .enumerate()
            .filter_map(|(slot, entry)| match entry {
                Entry::Taken { number, value } => Some((Slot(slot as u32), *number, value)),
                Entry::Vacant { .. } => None,
            })
    }

    /// Slots, numbers and values in the order of the slots, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Slot, u64, &mut T)> {
        self.entries
            .iter_mut()
            .enumerate()
            .filter_map(|(slot, entry)| match entry {
                Entry::Taken { number, value } => Some((Slot(slot as u32), *number, value)),
                Entry::Vacant { .. } => None,
            })
    }

    /// The free slots that were used before, in the order in which they will be taken.
    fn vacancies(&self) -> impl Iterator<Item = u32> {
        std::iter::successors(self.vacant, |&slot| match self.entries[slot as usize] {
            Entry::Vacant { next } => next,
            Entry::Taken { .. } => None,
        })
    }
}

/// Capacity, (number, slot, value) in the order of the numbers, free slots in the order they will be taken: all that
/// can be seen of a table now or later.
impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut taken: Vec<(u64, Slot, &T)> = self
            .iter()
            .map(|(slot, number, value)| (number, slot, value))
            .collect();
        taken.sort_unstable_by_key(|&(number, ..)| number);
        (
            self.capacity(),
            taken,
            self.vacancies().collect::<Vec<u32>>(),
        )
            .serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Table<T>, D::Error> {
        type Parts<T> = (u32, Vec<(u64, Slot, T)>, Vec<u32>);
        let (capacity, taken, vacancies) = Parts::<T>::deserialize(deserializer)?;
        let mut refill = Refill::new(capacity).map_err(D::Error::custom)?;
        for (number, slot, value) in taken {
            refill
                .place(number, slot, value)
                .map_err(D::Error::custom)?;
        }
        refill.finish(&vacancies).map_err(D::Error::custom)
    }
}

/// Why what was written is not a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DamagedTable {
    #[error(
        "{entries} slots do not fit a table of {capacity} (at most {max}); each slot must be listed once"
    )]
    Size {
        entries: usize,
        capacity: u32,
        max: u32,
    },
    #[error("slot {slot} is missing or listed twice among {entries} slots")]
    Slot { slot: u32, entries: usize },
    #[error("number {0} is listed twice")]
    Number(u64),
}

/// A table being filled again, value by value, with room for all of its capacity.
pub(crate) struct Refill<T>(Table<T>);

impl<T> Refill<T> {
    /// Stands in a slot until it is said what is there; no slot follows itself in a list of vacancies that ends.
    const UNLISTED: Entry<T> = Entry::Vacant {
        next: Some(u32::MAX),
    };

    pub fn new(capacity: u32) -> Result<Refill<T>, DamagedTable> {
        let max = Index::<u64>::CAPACITY_MAX;
        if capacity > max {
            return Err(DamagedTable::Size {
                entries: 0,
                capacity,
                max,
            });
        }
        Ok(Refill(Table::new(capacity)))
    }

    /// The next value.
    pub fn place(&mut self, number: u64, slot: Slot, value: T) -> Result<(), DamagedTable> {
        let Refill(table) = self;
        let (entries, capacity) = (table.entries.len(), table.capacity());
        if slot.0 >= capacity {
            return Err(DamagedTable::Slot {
                slot: slot.0,
                entries,
            });
        }
        if entries <= slot.at() {
            table.entries.resize_with(slot.at() + 1, || Self::UNLISTED);
        }
        if let Entry::Taken { .. } = table.entries[slot.at()] {
            return Err(DamagedTable::Slot {
                slot: slot.0,
                entries,
            });
        }
        if !matches!(table.slots.insert(number, slot.0), Ok(None)) {
            return Err(DamagedTable::Number(number));
        }
        table.entries[slot.at()] = Entry::Taken { number, value };
        Ok(())
    }

    /// The table, once it is said which slots are free, in the order in which they will be taken. Each slot must have
    /// been listed once.
    pub fn finish(self, vacancies: &[u32]) -> Result<Table<T>, DamagedTable> {
        let Refill(mut table) = self;
        let (capacity, max) = (table.capacity(), Index::<u64>::CAPACITY_MAX);
        let entries = table.len() as usize + vacancies.len();
        if entries > capacity as usize {
            return Err(DamagedTable::Size {
                entries,
                capacity,
                max,
            });
        }
        if table.entries.len() < entries {
            table.entries.resize_with(entries, || Self::UNLISTED);
        }
        for (at, &slot) in vacancies.iter().enumerate() {
            match table.entries.get_mut(slot as usize) {
                Some(entry) if entry.is_unlisted() => {
                    *entry = Entry::Vacant {
                        next: vacancies.get(at + 1).copied(),
                    };
                }
                Some(_) | None => return Err(DamagedTable::Slot { slot, entries }),
            }
        }
        if let Some(slot) = table.entries.iter().position(Entry::is_unlisted) {
            let slot = slot as u32;
            return Err(DamagedTable::Slot { slot, entries });
        }
        table.vacant = vacancies.first().copied();
        Ok(table)
    }
}

impl<T> Entry<T> {
    fn is_unlisted(&self) -> bool {
        matches!(
            self,
            Entry::Vacant {
                next: Some(u32::MAX)
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Act {
        Insert(u64, u32),
        Remove(u64),
    }

    /// Few keys, so that they meet again; some of them neighbours, some equal in their leading bits.
    fn keys() -> impl Strategy<Value = u64> {
        prop_oneof![
            0u64..40,
            (0u64..8).prop_map(|key| key << 61),
            Just(u64::MAX)
        ]
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            3 => (keys(), 0u32..u32::MAX).prop_map(|(key, value)| Act::Insert(key, value)),
            2 => keys().prop_map(Act::Remove),
        ];
        prop::collection::vec(act, 0..200)
    }

    /// Every key has one of two homes, so that clusters and their wrap-around are met in each run.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Crowded(u64);

    impl Key for Crowded {
        const BLANK: Crowded = Crowded(0);

        fn spread(self) -> u64 {
            if self.0.is_multiple_of(2) {
                u64::MAX
            } else {
                u64::MAX << 60
            }
        }
    }

    fn drive_index<K: Key + std::fmt::Debug>(acts: &[Act], key_of: impl Fn(u64) -> K) {
        let mut index = Index::new(24);
        let mut oracle = BTreeMap::new();
        for act in acts {
            match *act {
                Act::Insert(key, value) => {
                    let key = key_of(key);
                    if oracle.len() == 24 && !oracle.contains_key(&key) {
                        assert_eq!(index.insert(key, value), Err(Full { capacity: 24 }));
                    } else {
                        assert_eq!(index.insert(key, value), Ok(oracle.insert(key, value)));
                    }
                }
                Act::Remove(key) => {
                    assert_eq!(index.remove(key_of(key)), oracle.remove(&key_of(key)))
                }
            }
            assert_eq!(index.len() as usize, oracle.len());
            for (&key, &value) in &oracle {
                assert_eq!(index.get(key), Some(value));
            }
        }
        let mut entries: Vec<_> = index.iter().collect();
        entries.sort_unstable();
        assert_eq!(entries, oracle.into_iter().collect::<Vec<_>>());
    }

    fn digest(number: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&number.to_le_bytes());
        bytes
    }

    /// A table as its definition has it: a map, a stack of free slots and a high-water mark.
    #[derive(Default)]
    struct Plain {
        taken: BTreeMap<u64, (u32, u32)>,
        free: Vec<u32>,
        touched: u32,
    }

    fn drive_table(acts: &[Act], mut table: Table<u32>, mut plain: Plain) -> (Table<u32>, Plain) {
        for act in acts {
            match *act {
                Act::Insert(number, value) if !plain.taken.contains_key(&number) => {
                    if plain.taken.len() == 24 {
                        assert_eq!(table.insert(number, value), Err(Full { capacity: 24 }));
                        continue;
                    }
                    let slot = plain.free.pop().unwrap_or_else(|| {
                        plain.touched += 1;
                        plain.touched - 1
                    });
                    plain.taken.insert(number, (slot, value));
                    assert_eq!(table.insert(number, value), Ok(Slot(slot)));
                }
                Act::Insert(number, value) => {
                    plain.taken.get_mut(&number).unwrap().1 = value;
                    *table.find_mut(number).unwrap() = value;
                }
                Act::Remove(number) => {
                    let removed = plain.taken.remove(&number);
                    plain.free.extend(removed.map(|(slot, _)| slot));
                    assert_eq!(table.remove(number), removed.map(|(_, value)| value));
                }
            }
        }
        assert_eq!(table.len() as usize, plain.taken.len());
        let mut by_slot: Vec<_> = plain
            .taken
            .iter()
            .map(|(&number, &(slot, value))| (Slot(slot), number, value))
            .collect();
        by_slot.sort_unstable();
        assert_eq!(
            table
                .iter()
                .map(|(slot, number, &value)| (slot, number, value))
                .collect::<Vec<_>>(),
            by_slot
        );
        for (slot, number, value) in by_slot {
            assert_eq!(table.slot_of(number), Some(slot));
            assert_eq!(table.number_of(slot), Some(number));
            assert_eq!(table.get(slot), Some(&value));
        }
        (table, plain)
    }

    proptest! {
        #[test]
        fn an_index_is_a_map(acts in acts()) {
            drive_index(&acts, |key| key);
            drive_index(&acts, digest);
            drive_index(&acts, Crowded);
        }

        #[test]
        fn a_table_is_a_map_with_a_stack_of_free_slots(before in acts(), after in acts()) {
            let (table, plain) = drive_table(&before, Table::new(24), Plain::default());
            // What is read back goes on giving the same slots as what was written.
            let bytes = postcard::to_stdvec(&table).unwrap();
            let again: Table<u32> = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(postcard::to_stdvec(&again).unwrap(), bytes);
            drive_table(&after, again, plain);
        }

        #[test]
        fn damage_is_an_error_not_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            // Two leading bytes keep the claimed capacity small.
            let bytes = [&[0x80, 0x01][..], &bytes].concat();
            if let Ok(table) = postcard::from_bytes::<Table<u32>>(&bytes) {
                drive_table(&[], table.check(), Plain::default());
            }
        }
    }

    impl Table<u32> {
        /// The table emptied through its own doors, each of which must fit.
        fn check(mut self) -> Table<u32> {
            let numbers: Vec<u64> = self.iter().map(|(_, number, _)| number).collect();
            assert!(self.vacancies().count() + numbers.len() == self.entries.len());
            for number in numbers {
                assert!(self.remove(number).is_some());
            }
            self
        }
    }

    #[test]
    fn the_history_of_an_index_cannot_be_seen() {
        let mut one = Index::new(16);
        let mut other = Index::new(16);
        for key in 0..16 {
            one.insert(key, key as u32).unwrap();
            other.insert(15 - key, 15 - key as u32).unwrap();
        }
        one.remove(3);
        other.remove(3);
        let bytes = postcard::to_stdvec(&one).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&other).unwrap());
        assert_eq!(
            postcard::to_stdvec(&postcard::from_bytes::<Index<u64>>(&bytes).unwrap()).unwrap(),
            bytes
        );
    }

    #[test]
    fn each_kind_of_damage_is_named() {
        let refill = |capacity, taken: Vec<(u64, Slot, u32)>, free: &[u32]| {
            let mut refill = Refill::new(capacity)?;
            for (number, slot, value) in taken {
                refill.place(number, slot, value)?;
            }
            refill.finish(free)
        };
        let refusal = |capacity, taken, free: &[u32]| {
            let refused = refill(capacity, taken, free);
            refused.err().unwrap().to_string()
        };
        assert!(
            refusal(1, vec![(7, Slot(0), 0)], &[1]).starts_with("2 slots do not fit a table of 1")
        );
        assert!(refusal(u32::MAX, vec![], &[]).contains("do not fit"));
        assert_eq!(
            refusal(4, vec![(7, Slot(1), 0)], &[1]),
            "slot 1 is missing or listed twice among 2 slots"
        );
        assert_eq!(
            refusal(4, vec![(7, Slot(0), 0), (8, Slot(0), 0)], &[]),
            "slot 0 is missing or listed twice among 1 slots"
        );
        assert_eq!(
            refusal(4, vec![(7, Slot(1), 0)], &[]),
            "slot 0 is missing or listed twice among 1 slots"
        );
        assert_eq!(
            refusal(4, vec![], &[1]),
            "slot 1 is missing or listed twice among 1 slots"
        );
        assert_eq!(
            refusal(4, vec![(7, Slot(4), 0)], &[]),
            "slot 4 is missing or listed twice among 0 slots"
        );
        assert_eq!(
            refusal(4, vec![(7, Slot(0), 0), (7, Slot(1), 0)], &[]),
            "number 7 is listed twice"
        );
    }

    #[test]
    fn numbers_near_their_end_are_kept_apart() {
        let mut table = Table::new(2_000);
        for number in (u64::MAX - 999..=u64::MAX).chain((1 << 63) - 500..(1 << 63) + 500) {
            table.insert(number, number).unwrap();
        }
        assert!(
            table.iter().all(
                |(slot, number, &value)| number == value && table.slot_of(number) == Some(slot)
            )
        );
        assert_eq!(table.insert(1, 1), Err(Full { capacity: 2_000 }));
    }

    #[test]
    fn neighbouring_numbers_seldom_meet() {
        let mut index = Index::new(1 << 16);
        for number in 0..1u64 << 16 {
            index.insert((7 << 48) + number, 0).unwrap();
        }
        let mask = index.places.len() - 1;
        let probes: usize = (0..=mask)
            .filter(|&at| index.places[at].1 != 0)
            .map(|at| at.wrapping_sub(index.home(index.places[at].0)) & mask)
            .sum();
        assert!(
            probes < 1 << 14,
            "{probes} steps beyond home for {} keys",
            index.len()
        );
    }

    #[test]
    #[should_panic(expected = "number 7 is in the table already")]
    fn a_number_is_given_once() {
        let mut table = Table::new(2);
        table.insert(7, ()).unwrap();
        table.insert(7, ()).ok();
    }
}
