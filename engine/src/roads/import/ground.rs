//! How long a straight segment is, in whole millimetres and in integers: no sine of the machine decides a length.
//!
//! The plane is laid at the segment itself (the cosine of its middle latitude), so its error is that of a chord against an
//! arc: below a millimetre for a kilometre. The sphere is the one of `place::projection`, 6 371 009 m. `docs/roads.md` has
//! the formula, so that whoever checks a map can get the same millimetre.

use crate::place::Point;
use crate::place::projection::Projection;

/// Half a turn in 1e-7 degrees.
const HALF_TURN_E7: i64 = 1_800_000_000;

/// The length of the segment between two points, in millimetres, rounded half up; saturates beyond 4 294 km.
///
/// ```text
/// middle = floor((a.lat + b.lat) / 2)              x_scale, y_scale = the projection's scales at that latitude
/// east = (|b.lon - a.lon|, the short way round) × x_scale × 100 >> 16          in millimetres times 2^16
/// north = |b.lat - a.lat| × y_scale × 100 >> 16
/// length_mm = (floor(sqrt(east² + north²)) + 2^15) >> 16
/// ```
pub fn length_mm(a: Point, b: Point) -> u32 {
    let middle = (i64::from(a.lat_e7) + i64::from(b.lat_e7)).div_euclid(2);
    let scales = Projection::new(Point {
        lat_e7: middle as i32,
        lon_e7: 0,
    });
    let turned = (i64::from(b.lon_e7) - i64::from(a.lon_e7)).unsigned_abs() as i64;
    let east = turned.min((2 * HALF_TURN_E7 - turned).abs());
    let north = (i64::from(b.lat_e7) - i64::from(a.lat_e7)).abs();
    let part = |e7: i64, scale: u32| (e7 as u128 * u128::from(scale) * 100) >> 16;
    let (east, north) = (part(east, scales.x_scale), part(north, scales.y_scale));
    let length = ((east * east + north * north).isqrt() + (1 << 15)) >> 16;
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn haversine_mm(a: Point, b: Point) -> f64 {
        let radians = |e7: i32| (f64::from(e7) / 1e7).to_radians();
        let (p, q) = (radians(a.lat_e7), radians(b.lat_e7));
        let east = radians(b.lon_e7) - radians(a.lon_e7);
        let h = ((q - p) / 2.0).sin().powi(2) + p.cos() * q.cos() * (east / 2.0).sin().powi(2);
        2.0 * 6_371_009_000.0 * h.sqrt().asin()
    }

    proptest! {
        #[test]
        fn segments_are_as_long_as_on_the_sphere(
            lat in -700_000_000i32..700_000_000, lon in -1_800_000_000i32..1_800_000_000,
            north in -100_000i32..100_000, east in -100_000i32..100_000,
        ) {
            let a = Point { lat_e7: lat, lon_e7: lon };
            let b = Point { lat_e7: lat + north, lon_e7: lon.saturating_add(east) };
            let (ours, exact) = (f64::from(length_mm(a, b)), haversine_mm(a, b));
            prop_assert!((ours - exact).abs() <= 1.0 + exact * 2e-6, "{ours} {exact}");
            prop_assert_eq!(length_mm(a, b), length_mm(b, a));
        }

        #[test]
        fn nothing_overflows(a in any::<(i32, i32)>(), b in any::<(i32, i32)>()) {
            length_mm(Point { lat_e7: a.0, lon_e7: a.1 }, Point { lat_e7: b.0, lon_e7: b.1 });
        }
    }

    #[test]
    fn the_date_line_is_crossed_the_short_way() {
        let at = |lon_e7| Point { lat_e7: 0, lon_e7 };
        assert_eq!(length_mm(at(1_799_999_999), at(-1_799_999_999)), 22);
        assert_eq!(length_mm(at(5), at(5)), 0);
    }
}
