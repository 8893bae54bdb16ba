//! The map that the gRPC and the HTTP server keep behind one mutex: the free units of each capability in squares, searched in rings
//! from where they are wanted.

use crate::load::{Load, SKILLS, Skill};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Side of a square.
const SIDE_M: f64 = 1_000.0;

type Square = (i32, i32);

/// The free units.
#[derive(Debug)]
pub struct Grid {
    load: Arc<Load>,
    free: [Mutex<Free>; SKILLS.len()],
}

#[derive(Debug, Default)]
struct Free {
    squares: HashMap<Square, Vec<u32>>,
    /// No unit is in a ring farther from any place of the city.
    rings_max: i32,
    count: usize,
}

fn square([x, y]: [f64; 2]) -> Square {
    ((x / SIDE_M).floor() as i32, (y / SIDE_M).floor() as i32)
}

impl Grid {
    /// All free units of the load.
    pub fn new(load: &Arc<Load>) -> Grid {
        let rings_max = extent(load);
        let grid = Grid {
            load: Arc::clone(load),
            free: Default::default(),
        };
        for skill in Skill::all() {
            grid.lock(skill).rings_max = rings_max;
            for (unit, _) in load.free(skill) {
                grid.release(unit);
            }
        }
        grid
    }

    fn lock(&self, skill: Skill) -> std::sync::MutexGuard<'_, Free> {
        let free = &self.free[skill.0 as usize];
        free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nearest free unit, which is free no more.
    pub fn claim(&self, skill: Skill, metres: [f64; 2]) -> Option<u32> {
        self.lock(skill).claim(&self.load, metres)
    }

    /// It is free again.
    pub fn release(&self, unit: u32) {
        let row = &self.load.units[unit as usize];
        if let Some(skill) = row.skill {
            let mut free = self.lock(skill);
            free.count += 1;
            let units = free.squares.entry(square(row.spot.metres)).or_default();
            units.push(unit);
        }
    }
}

/// How many rings it takes from one end of the city to the other.
fn extent(load: &Load) -> i32 {
    let spots = load.units.iter().map(|unit| unit.spot);
    let spots = spots.chain(load.calls.iter().map(|call| call.spot));
    let (mut least, mut most) = ((i32::MAX, i32::MAX), (i32::MIN, i32::MIN));
    for (x, y) in spots.map(|spot| square(spot.metres)) {
        least = (least.0.min(x), least.1.min(y));
        most = (most.0.max(x), most.1.max(y));
    }
    (most.0 - least.0).max(most.1 - least.1)
}

impl Free {
    fn claim(&mut self, load: &Load, metres: [f64; 2]) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        let (x, y) = square(metres);
        let mut best: Option<(f64, Square, usize)> = None;
        for ring in 0..=self.rings_max {
            // Whoever is in this ring is at least so far away.
            let least_m = f64::from(ring - 1).max(0.0) * SIDE_M;
            if best.is_some_and(|(distance_m, ..)| distance_m <= least_m) {
                break;
            }
            for at in ring_around(x, y, ring) {
                let Some(units) = self.squares.get(&at) else {
                    continue;
                };
                for (place, &unit) in units.iter().enumerate() {
                    let [unit_x, unit_y] = load.units[unit as usize].spot.metres;
                    let distance_m = (unit_x - metres[0]).hypot(unit_y - metres[1]);
                    if best.is_none_or(|(best_m, ..)| distance_m < best_m) {
                        best = Some((distance_m, at, place));
                    }
                }
            }
        }
        let (_, at, place) = best?;
        self.count -= 1;
        self.squares
            .get_mut(&at)
            .map(|units| units.swap_remove(place))
    }
}

/// The squares that are exactly so many squares away.
fn ring_around(x: i32, y: i32, ring: i32) -> impl Iterator<Item = Square> {
    let sides = (-ring..=ring).flat_map(move |along| {
        let ends = [(along, -ring), (along, ring), (-ring, along), (ring, along)];
        // The corners belong to the first two sides; a ring of one square is that square, once.
        let count = match (ring, along.abs() == ring) {
            (0, _) => 1,
            (_, true) => 2,
            (_, false) => 4,
        };
        ends.into_iter().take(count)
    });
    sides.map(move |(east, north)| (x + east, y + north))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rings_meet_every_square_once() {
        let mut met = BTreeSet::new();
        for ring in 0..5 {
            for at in ring_around(2, -3, ring) {
                assert!(met.insert(at), "{at:?} twice");
            }
        }
        assert_eq!(met.len(), 81);
    }
}
