//! Tables that never grow: a map from keys to slots, and a slab of values keyed by the number of an id.
//!
//! All memory is reserved when a table is made and touched only as it fills, so nothing here allocates while calls
//! are decided. A full table says so and keeps what it has; who is refused then is for the caller to say. Nothing
//! depends on an address or a random seed: the same inserts and removals give the same slots on every machine.
//! Start at [`Table`]; [`Index`] alone serves where the values live elsewhere.

use crate::memory::{on_large_pages, room};
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

    /// Its place among 2^(64 - `shift`), unless that is taken.
    fn home(self, shift: u32) -> usize {
        (self.spread() >> shift) as usize
    }
}

/// 2^64 divided by the golden ratio: neighbouring numbers land far apart (Knuth, The Art of Computer Programming 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Key for u64 {
    const BLANK: u64 = 0;

    fn spread(self) -> u64 {
        self.wrapping_mul(GOLDEN)
    }

    /// Numbers that were given one after the other are mostly asked for so too: four of them, a line of the cache, stay
    /// together.
    fn home(self, shift: u32) -> usize {
        if shift > u64::BITS - 4 {
            return (self.spread() >> shift) as usize;
        }
        let four = (self >> 2).wrapping_mul(GOLDEN) >> (shift + 2);
        (four << 2 | self & 3) as usize
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
            places: on_large_pages(vec![(K::BLANK, 0); places]),
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

    /// Touches the memory in which a key will be looked for; what it gives says nothing.
    fn foresee(&self, key: K) -> u32 {
        self.places[self.home(key)].1
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
        key.home(self.shift)
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
            entries: room(capacity as usize),
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
        match self.entries.get_mut(slot as usize) {
            None => self.entries.push(entry),
            Some(free) => {
                match *free {
                    Entry::Vacant { next } => self.vacant = next,
                    Entry::Taken { number, .. } => {
                        unreachable!("slot {slot} is both free and taken by {number}")
                    }
                }
                *free = entry;
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

    /// Frees a value's slot after a last look at it, without moving what may be large.
    pub fn discard<R>(&mut self, number: u64, look: impl FnOnce(&T) -> R) -> Option<R> {
        let slot = self.slots.remove(number)?;
        let entry = &mut self.entries[slot as usize];
        let Entry::Taken { value, .. } = &*entry else {
            unreachable!("number {number} points at slot {slot}, which is free")
        };
        let seen = look(value);
        *entry = Entry::Vacant { next: self.vacant };
        self.vacant = Some(slot);
        Some(seen)
    }

    /// Touches the memory in which a number will be looked for; what it gives says nothing.
    pub fn foresee(&self, number: u64) -> u32 {
        self.slots.foresee(number)
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
mod tests;
