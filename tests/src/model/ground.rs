//! Distances and the time that they take, from the formulas of the city's document and the plan: integers only.

use super::Model;
use engine::id::UnitId;
use engine::place::{DistrictId, Point, Zone};

/// Half a turn in 1e-7 degrees.
const HALF_TURN: i64 = 1_800_000_000;

impl Model {
    /// The straight distance in whole decimetres on the city's plane, rounded down.
    pub(super) fn distance_dm(&self, one: Point, other: Point) -> u32 {
        let (x1, y1) = self.plane(one);
        let (x2, y2) = self.plane(other);
        let square = u128::from(x1.abs_diff(x2)).pow(2) + u128::from(y1.abs_diff(y2)).pow(2);
        square.min(u128::from(u64::MAX)).isqrt() as u32
    }

    /// Decimetres east and north of the city's reference.
    fn plane(&self, point: Point) -> (i64, i64) {
        let projection = self.city_in_force().projection;
        let north = i64::from(point.lat_e7) - i64::from(projection.reference.lat_e7);
        let east = i64::from(point.lon_e7) - i64::from(projection.reference.lon_e7);
        let east = (east + HALF_TURN).rem_euclid(2 * HALF_TURN) - HALF_TURN;
        (
            (east * i64::from(projection.x_scale)) >> 32,
            (north.clamp(-HALF_TURN, HALF_TURN) * i64::from(projection.y_scale)) >> 32,
        )
    }

    /// How long a unit takes without a road: straight line × detour ÷ speed, in milliseconds, rounded down.
    pub(super) fn straight_ms(&self, unit: UnitId, to: Point) -> u32 {
        let unit = self.unit(unit);
        let distance = u64::from(self.distance_dm(unit.point, to));
        let way = distance * u64::from(self.plan_in_force().detour_permille) * 100;
        let ms = way / u64::from(unit.definition.speed_mm_s);
        ms.min(u64::from(u32::MAX)) as u32
    }

    /// The zone of a district; a township where the city does not know it, or nobody knows the district.
    pub(super) fn zone(&self, district: Option<DistrictId>) -> Zone {
        let city = self.city_in_force();
        let mut districts = city.districts.iter();
        districts
            .find(|row| Some(row.id) == district)
            .map_or(Zone::Township, |row| row.zone)
    }
}
