//! How long the way takes: the seam that a road network fills.
//!
//! Until one is loaded, the way is the straight line × a detour factor ÷ the unit's speed, in integers:
//! `travel_ms = distance_dm × detour_permille × 100 ÷ speed_mm_s`, rounded down, in 64 bits.

use crate::place::projection::{Plane, distance_dm};

/// Travel times of units.
pub trait Travel {
    /// From here to there at this speed, in milliseconds.
    fn time_ms(&self, from: Plane, to: Plane, speed_mm_s: u32) -> u32;

    /// Over this distance at this speed, in milliseconds; never falls as the distance grows.
    fn over_ms(&self, distance_dm: u32, speed_mm_s: u32) -> u32;
}

/// Straight line × detour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StraightLine {
    /// Road distance over straight line, in thousandths.
    pub detour_permille: u32,
}

impl Travel for StraightLine {
    fn time_ms(&self, from: Plane, to: Plane, speed_mm_s: u32) -> u32 {
        self.over_ms(distance_dm(from, to), speed_mm_s)
    }

    fn over_ms(&self, distance_dm: u32, speed_mm_s: u32) -> u32 {
        let way = u64::from(distance_dm) * u64::from(self.detour_permille) * 100;
        u32::try_from(way / u64::from(speed_mm_s.max(1))).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_kilometres_at_sixty_with_a_detour_of_thirty_percent() {
        let travel = StraightLine {
            detour_permille: 1_300,
        };
        let (from, to) = (
            Plane { x_dm: 0, y_dm: 0 },
            Plane {
                x_dm: 60_000,
                y_dm: 80_000,
            },
        );
        // 10 km × 1.3 at 16.667 m/s
        assert_eq!(travel.time_ms(from, to, 16_667), 779_984);
        assert_eq!(travel.time_ms(from, to, 0), u32::MAX);
    }
}
