//! Tables against maps of the standard library, and what damage to them is called.

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
    assert!(refusal(1, vec![(7, Slot(0), 0)], &[1]).starts_with("2 slots do not fit a table of 1"));
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
        table
            .iter()
            .all(|(slot, number, &value)| number == value && table.slot_of(number) == Some(slot))
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
        probes < 1 << 15,
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
