//! The latest position of each unit on its way to the writer.
//!
//! Any thread puts, the writer drains; nobody ever waits. A position that was not drained is replaced by the next
//! one of its unit, so positions are coalesced and never queue. The last one put is always drained. Whether a
//! position is worth putting (moved far enough, old enough) is not known here, nor who wakes the writer: see
//! [`crate::lane::Producer::ring`].

use crate::lane::sync::{AtomicBool, AtomicU64};
use crate::place::Point;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// No unit has this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unit index {unit} is beyond the {units_max} units there is room for; raise the limit in the configuration"
)]
pub struct NoSuchUnit {
    /// What was given.
    pub unit: u32,
    /// How many there are.
    pub units_max: u32,
}

/// What a slot holds when nothing is to be drained: a latitude of -214°, which no point has.
const EMPTY: u64 = pack(Point {
    lat_e7: i32::MIN,
    lon_e7: i32::MIN,
});

/// One slot a unit. Share it by reference or `Arc`; one thread alone may drain.
#[derive(Debug)]
pub struct PositionSlots {
    slots: Vec<AtomicU64>,
    /// One bit for each slot that may hold something.
    dirty: Vec<AtomicU64>,
    /// Whether any bit is set, or may be.
    any: AtomicBool,
}

/// The draining end's place: where it goes on, so that a full drain starves no unit.
#[derive(Debug, Default)]
pub struct DrainCursor {
    unit: u32,
}

impl PositionSlots {
    /// Empty slots for the units 0 to `units_max` - 1.
    pub fn new(units_max: u32) -> PositionSlots {
        let units = units_max as usize;
        PositionSlots {
            slots: (0..units).map(|_| AtomicU64::new(EMPTY)).collect(),
            dirty: (0..units.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            any: AtomicBool::new(false),
        }
    }

    /// Puts where a unit is now, and says whether that replaced one that was not yet drained. Never blocks.
    ///
    /// Three writes, drained in reverse: slot, bit, flag. The slot is whole in one atomic and publishes nothing else, so
    /// Relaxed will do for it; the bit is set with Release so that whoever takes the bit finds this position in the slot
    /// or a later one; the flag likewise for the bit. Bit and flag are set by read-modify-write, never by a plain
    /// store: so each continues the release sequence of those before it, and who takes it has seen all of them.
    pub fn put(&self, unit: u32, point: Point) -> Result<bool, NoSuchUnit> {
        let refuse = NoSuchUnit {
            unit,
            units_max: self.slots.len() as u32,
        };
        let before = self
            .slots
            .get(unit as usize)
            .ok_or(refuse)?
            .swap(pack(point), Relaxed);
        self.dirty[unit as usize / 64].fetch_or(1 << (unit % 64), Release);
        self.any.swap(true, Release);
        Ok(before != EMPTY)
    }

    /// Whether a drain may find something.
    pub fn is_dirty(&self) -> bool {
        // Relaxed: whoever parks on it orders it by the fences of the bell.
        self.any.load(Relaxed)
    }

    /// Calls back with the latest position of at most `max` units that were put since, and returns how many. For one
    /// thread; what is put meanwhile is found now or the next time.
    ///
    /// A put whose slot was written before the bit was taken is delivered now. If its bit is set only after, the
    /// next drain finds the slot empty and passes over it, or finds a still later position. Nothing comes twice.
    pub fn drain(
        &self,
        cursor: &mut DrainCursor,
        max: usize,
        mut each: impl FnMut(u32, Point),
    ) -> usize {
        // Acquire: pairs with the swap in `put`. Loaded first, so that an idle drain writes nothing.
        if !self.any.load(Relaxed) || !self.any.swap(false, Acquire) {
            return 0;
        }
        let mut drained = 0;
        let words = self.dirty.len();
        let (first, from) = (cursor.unit as usize / 64, cursor.unit % 64);
        // Once around: the first word is met twice, its upper part at the start and its lower part at the end.
        for step in 0..=words {
            let word = (first + step) % words;
            let part = match step {
                0 => u64::MAX << from,
                _ if step == words => !(u64::MAX << from),
                _ => u64::MAX,
            };
            // Relaxed: a bit whose flag was taken above is visible; another will set the flag again.
            if self.dirty[word].load(Relaxed) & part == 0 {
                continue;
            }
            // Acquire: pairs with the fetch_or in `put`.
            let mut bits = self.dirty[word].fetch_and(!part, Acquire) & part;
            while bits != 0 && drained < max {
                let unit = word as u32 * 64 + bits.trailing_zeros();
                bits &= bits - 1;
                // Relaxed: a single atomic, ordered by its bit.
                let packed = self.slots[unit as usize].swap(EMPTY, Relaxed);
                if packed != EMPTY {
                    each(unit, unpack(packed));
                    drained += 1;
                    cursor.unit = if unit as usize + 1 < self.slots.len() {
                        unit + 1
                    } else {
                        0
                    };
                }
            }
            if bits != 0 {
                // Put back what was taken too much. Release: keeps, for the next drain, the order of the puts seen.
                self.dirty[word].fetch_or(bits, Release);
            }
            if drained == max {
                self.any.swap(true, Release);
                break;
            }
        }
        drained
    }
}

const fn pack(point: Point) -> u64 {
    (point.lat_e7 as u32 as u64) << 32 | point.lon_e7 as u32 as u64
}

const fn unpack(packed: u64) -> Point {
    Point {
        lat_e7: (packed >> 32) as u32 as i32,
        lon_e7: packed as u32 as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn point(number: i32) -> Point {
        Point {
            lat_e7: number,
            lon_e7: -number,
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Put(u32, i32),
        Drain(usize),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            4 => (0u32..200, any::<i32>()).prop_map(|(unit, number)| Act::Put(unit, number)),
            1 => (0usize..12).prop_map(Act::Drain),
        ];
        prop::collection::vec(act, 0..200)
    }

    proptest! {
        #[test]
        fn slots_are_a_map_of_the_latest(acts in acts()) {
            let slots = PositionSlots::new(200);
            let mut cursor = DrainCursor::default();
            let mut plain = BTreeMap::new();
            for act in acts.into_iter().chain([Act::Drain(200)]) {
                match act {
                    Act::Put(unit, number) => {
                        let number = number.saturating_add(1);
                        let point = point(number.max(-i32::MAX));
                        let replaced = plain.insert(unit, point).is_some();
                        prop_assert_eq!(slots.put(unit, point), Ok(replaced));

                        prop_assert!(slots.is_dirty());
                    }
                    Act::Drain(max) => {
                        let expected = plain.len().min(max);
                        let drained = slots.drain(&mut cursor, max, |unit, point| {
                            assert_eq!(plain.remove(&unit), Some(point));
                        });
                        prop_assert_eq!(drained, expected);
                    }
                }
            }
            prop_assert!(plain.is_empty());
        }
    }

    #[test]
    fn a_full_drain_starves_nobody() {
        let slots = PositionSlots::new(250);
        let mut cursor = DrainCursor::default();
        let mut had = [0; 250];
        for round in 0..160 {
            (0..250).for_each(|unit| assert!(slots.put(unit, point(round)).is_ok()));
            assert_eq!(
                slots.drain(&mut cursor, 50, |unit, _| had[unit as usize] += 1),
                50
            );
        }
        assert!(had == [32; 250], "{had:?}");
    }

    #[test]
    fn an_index_beyond_the_units_is_refused() {
        let slots = PositionSlots::new(1);
        assert_eq!(
            slots.put(1, point(1)),
            Err(NoSuchUnit {
                unit: 1,
                units_max: 1
            })
        );
        assert_eq!(
            PositionSlots::new(0).drain(&mut DrainCursor::default(), 9, |_, _| ()),
            0
        );
    }

    #[test]
    fn every_corner_of_the_earth_is_packed() {
        for lat_e7 in [-900_000_000, -1, 0, 1, 900_000_000] {
            for lon_e7 in [-1_800_000_000, -1, 0, 1, 1_800_000_000] {
                let point = Point { lat_e7, lon_e7 };
                assert_eq!(unpack(pack(point)), point);
                assert_ne!(pack(point), EMPTY);
            }
        }
    }

    /// Three threads put over each other, one drains: each thread's positions of a unit come in order, and the last
    /// one put by anybody is the last one drained.
    #[test]
    fn the_last_put_is_always_seen() {
        const UNITS: u32 = 130;
        const ROUNDS: i32 = 3_000;
        let slots = PositionSlots::new(UNITS);
        let mut latest = vec![[0; 3]; UNITS as usize];
        let mut last = vec![None; UNITS as usize];
        let mut cursor = DrainCursor::default();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|writer| {
                    let slots = &slots;
                    scope.spawn(move || {
                        for round in 1..=ROUNDS {
                            (0..UNITS).for_each(|unit| {
                                assert!(
                                    slots
                                        .put(
                                            unit,
                                            Point {
                                                lat_e7: writer,
                                                lon_e7: round,
                                            }
                                        )
                                        .is_ok()
                                );
                            });
                        }
                    })
                })
                .collect();
            loop {
                let ended = writers.iter().all(|writer| writer.is_finished());
                let drained = slots.drain(&mut cursor, 50, |unit, point| {
                    let latest = &mut latest[unit as usize][point.lat_e7 as usize];
                    assert!(
                        point.lon_e7 > *latest,
                        "an older position came after a newer one, or one came twice"
                    );
                    *latest = point.lon_e7;
                    last[unit as usize] = Some(point.lon_e7);
                });
                if ended && drained == 0 {
                    break;
                }
            }
        });
        // Whoever ended last put its last round last.
        assert!(last.iter().all(|&last| last == Some(ROUNDS)));
    }
}

#[cfg(all(test, engine_loom))]
mod loom_tests {
    use super::*;

    #[test]
    fn loom_the_last_put_is_seen_and_nothing_twice() {
        loom::model(|| {
            let slots = loom::sync::Arc::new(PositionSlots::new(2));
            let mut cursor = DrainCursor::default();
            let writers: Vec<_> = [0, 1]
                .map(|unit| {
                    let slots = slots.clone();
                    loom::thread::spawn(move || {
                        assert!(
                            slots
                                .put(
                                    unit,
                                    Point {
                                        lat_e7: 1,
                                        lon_e7: 1,
                                    }
                                )
                                .is_ok()
                        );
                        if unit == 0 {
                            assert!(
                                slots
                                    .put(
                                        0,
                                        Point {
                                            lat_e7: 2,
                                            lon_e7: 2,
                                        }
                                    )
                                    .is_ok()
                            );
                        }
                    })
                })
                .into();
            let mut seen = [0; 2];
            let mut drain = |seen: &mut [i32; 2]| {
                slots.drain(&mut cursor, 2, |unit, point| {
                    assert!(point.lat_e7 > seen[unit as usize]);
                    seen[unit as usize] = point.lat_e7;
                })
            };
            drain(&mut seen);
            writers
                .into_iter()
                .for_each(|writer| writer.join().unwrap());
            drain(&mut seen);
            assert_eq!(seen, [2, 1]);
            assert_eq!(drain(&mut seen), 0);
        });
    }
}
