//! The plane on which distances are reckoned: integers only, so that every machine and every other language gets
//! the same decimetre.
//!
//! With reference (lat₀, lon₀), scales `x_scale`, `y_scale` (decimetres per 1e-7 degree, times 2^32) and `>>` as
//! floor division by a power of two:
//!
//! ```text
//! dlat = clamp(lat_e7 - lat0_e7, -1_800_000_000, 1_800_000_000)
//! dlon = (lon_e7 - lon0_e7 + 1_800_000_000) mod 3_600_000_000 - 1_800_000_000        (mod is never negative)
//! x_dm = (dlon * x_scale) >> 32            y_dm = (dlat * y_scale) >> 32
//! distance_dm(a, b) = floor(sqrt(min((ax - bx)² + (ay - by)², 2^64 - 1)))
//! ```
//!
//! Whoever checks a decision reads the scales from the city's own document and needs nothing else. They come from
//! a sphere of 6 371 009 m: `y_scale` is one constant, `x_scale` is it times the cosine of lat₀. Two points 60 km
//! from the reference are off by at most 0.6 % (the cosine's change), those within 30 km by at most 0.3 %.

use super::Point;
use serde::{Deserialize, Serialize};

/// Half a turn in 1e-7 degrees.
const HALF_TURN_E7: i64 = 1_800_000_000;
/// Fraction bits of a scale.
const SCALE_BITS: u32 = 32;
/// Decimetres per 1e-7 degree of a great circle of the mean Earth (π × 63 710 090 / 1.8e9), times 2^32.
const SCALE_GREAT_CIRCLE: u32 = 477_579_248;
/// Beyond this latitude a reference keeps the scale of this one: a plane has no use at the poles.
const REFERENCE_LATITUDE_MOST_E7: i32 = 800_000_000;

const _: () = assert!(
    HALF_TURN_E7 as i128 * u32::MAX as i128 <= i64::MAX as i128,
    "any difference times any scale fits, so a scale read from a file cannot overflow"
);
const _: () = assert!(
    (HALF_TURN_E7 * u32::MAX as i64) >> SCALE_BITS <= i32::MAX as i64,
    "and its result fits a coordinate"
);

/// A place on the plane, in decimetres east and north of the reference.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Plane {
    /// East, in decimetres.
    pub x_dm: i32,
    /// North, in decimetres.
    pub y_dm: i32,
}

/// The way from the globe to the plane of one city; see the file's head for the formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// Where the plane is zero.
    pub reference: Point,
    /// Decimetres per 1e-7 degree of longitude, times 2^32.
    pub x_scale: u32,
    /// Decimetres per 1e-7 degree of latitude, times 2^32.
    pub y_scale: u32,
}

impl Projection {
    /// The plane around a reference; its scales are the same bits on every machine.
    pub const fn new(reference: Point) -> Projection {
        let x_scale = (SCALE_GREAT_CIRCLE as u64 * cosine_2_30(reference.lat_e7)) >> 30;
        Projection {
            reference,
            x_scale: x_scale as u32,
            y_scale: SCALE_GREAT_CIRCLE,
        }
    }

    /// The place of a point. Total: the far side of the globe lands far away, nothing overflows.
    pub const fn plane(&self, point: Point) -> Plane {
        let north = point.lat_e7 as i64 - self.reference.lat_e7 as i64;
        let north = clamp(north, -HALF_TURN_E7, HALF_TURN_E7);
        let east = wrap(point.lon_e7 as i64 - self.reference.lon_e7 as i64);
        Plane {
            x_dm: ((east * self.x_scale as i64) >> SCALE_BITS) as i32,
            y_dm: ((north * self.y_scale as i64) >> SCALE_BITS) as i32,
        }
    }

    /// A point of this place, within two decimetres; for drawing and generating, never for deciding.
    pub fn point(&self, place: Plane) -> Point {
        let back = |dm: i32, scale: u32| (i64::from(dm) << SCALE_BITS) / i64::from(scale.max(1));
        let lat = i64::from(self.reference.lat_e7).saturating_add(back(place.y_dm, self.y_scale));
        let lon = i64::from(self.reference.lon_e7).saturating_add(back(place.x_dm, self.x_scale));
        Point {
            lat_e7: clamp(lat, -HALF_TURN_E7 / 2, HALF_TURN_E7 / 2) as i32,
            lon_e7: wrap(lon) as i32,
        }
    }
}

/// The square of the distance, in square decimetres; saturates.
pub const fn distance_squared_dm2(a: Plane, b: Plane) -> u64 {
    let x = a.x_dm.abs_diff(b.x_dm) as u64;
    let y = a.y_dm.abs_diff(b.y_dm) as u64;
    (x * x).saturating_add(y * y)
}

/// The straight distance in whole decimetres, rounded down.
pub const fn distance_dm(a: Plane, b: Plane) -> u32 {
    distance_squared_dm2(a, b).isqrt() as u32
}

const fn clamp(value: i64, least: i64, most: i64) -> i64 {
    if value < least {
        least
    } else if value > most {
        most
    } else {
        value
    }
}

/// The same angle within half a turn of zero.
const fn wrap(angle_e7: i64) -> i64 {
    (angle_e7.wrapping_add(HALF_TURN_E7)).rem_euclid(2 * HALF_TURN_E7) - HALF_TURN_E7
}

/// The cosine of a latitude times 2^30: the Taylor series to the 20th power in 2^-60 steps, whose remainder up to
/// 80° is below 1e-18. Integers, because the last bit of a library's cosine differs between machines.
const fn cosine_2_30(lat_e7: i32) -> u64 {
    const ONE: i128 = 1 << 60;
    // π / 1.8e9 (radians per 1e-7 degree) times 2^90.
    const RADIAN: i128 = 2_160_612_962_779_783_726;
    let most = REFERENCE_LATITUDE_MOST_E7;
    let lat = clamp(lat_e7 as i64, -(most as i64), most as i64) as i128;
    let angle = (lat * RADIAN) >> 30;
    let square = (angle * angle) >> 60;
    let (mut sum, mut term, mut n) = (ONE, ONE, 1);
    while n <= 10 {
        term = -((term * square) >> 60) / ((2 * n - 1) * 2 * n);
        sum += term;
        n += 1;
    }
    (sum >> 30) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const XIANJU: Point = Point {
        lat_e7: 288_500_000,
        lon_e7: 1_207_300_000,
    };

    fn haversine_dm(a: Point, b: Point) -> f64 {
        let radians = |e7: i32| (f64::from(e7) / 1e7).to_radians();
        let (p, q) = (radians(a.lat_e7), radians(b.lat_e7));
        let east = radians(b.lon_e7) - radians(a.lon_e7);
        let h = ((q - p) / 2.0).sin().powi(2) + p.cos() * q.cos() * (east / 2.0).sin().powi(2);
        2.0 * 63_710_090.0 * h.sqrt().asin()
    }

    #[test]
    fn the_constants_are_what_they_say() {
        let exact = std::f64::consts::PI * 63_710_090.0 / 1.8e9 * 2f64.powi(32);
        assert_eq!(f64::from(SCALE_GREAT_CIRCLE), exact.round());
        for tenth in -800..=800i32 {
            let exact = (f64::from(tenth) / 10.0).to_radians().cos() * 2f64.powi(30);
            let ours = cosine_2_30(tenth * 1_000_000) as f64;
            assert!((ours - exact).abs() < 1.5, "{tenth}: {ours} {exact}");
        }
        assert_eq!(cosine_2_30(0), 1 << 30);
        assert_eq!(cosine_2_30(900_000_000), cosine_2_30(800_000_000));
    }

    #[test]
    fn the_scales_are_the_same_bits_everywhere() {
        // What a checker in another language finds in the city's document; see the formula above.
        let projection = Projection::new(XIANJU);
        let json = serde_json::to_string(&projection).unwrap();
        assert_eq!(
            json,
            r#"{"reference":{"lat_e7":288500000,"lon_e7":1207300000},"x_scale":418304946,"y_scale":477579248}"#
        );
        assert_eq!(
            serde_json::from_str::<Projection>(&json).unwrap(),
            projection
        );
        let north_east = projection.plane(Point {
            lat_e7: 289_500_000,
            lon_e7: 1_208_300_000,
        });
        let south_west = projection.plane(Point {
            lat_e7: 287_500_000,
            lon_e7: 1_206_300_000,
        });
        assert_eq!(
            north_east,
            Plane {
                x_dm: 97_394,
                y_dm: 111_195
            }
        );
        assert_eq!(
            south_west,
            Plane {
                x_dm: -97_395,
                y_dm: -111_196
            },
            "floor, not truncation"
        );
    }

    #[test]
    fn the_distance_is_the_floor_of_the_root() {
        let at = |x_dm, y_dm| Plane { x_dm, y_dm };
        assert_eq!(distance_dm(at(0, 0), at(3, -4)), 5);
        assert_eq!(distance_dm(at(0, 0), at(1, 1)), 1);
        assert_eq!(distance_dm(at(0, 0), at(2, 2)), 2);
        assert_eq!(
            distance_dm(at(i32::MIN, i32::MIN), at(i32::MAX, i32::MAX)),
            u32::MAX
        );
        assert_eq!(distance_dm(at(i32::MIN, 0), at(i32::MAX, 0)), u32::MAX);
    }

    #[test]
    fn the_date_line_is_crossed_the_short_way() {
        let projection = Projection::new(Point {
            lat_e7: -368_500_000,
            lon_e7: 1_799_000_000,
        });
        let east = projection.plane(Point {
            lat_e7: -368_500_000,
            lon_e7: -1_799_000_000,
        });
        assert!((177_000..179_000).contains(&east.x_dm), "{east:?}");
    }

    fn around() -> impl Strategy<Value = (Point, f64)> {
        (0.0f64..std::f64::consts::TAU, 1_000.0f64..600_000.0).prop_map(|(angle, dm)| {
            let place = Plane {
                x_dm: (angle.cos() * dm) as i32,
                y_dm: (angle.sin() * dm) as i32,
            };
            (Projection::new(XIANJU).point(place), dm)
        })
    }

    fn within(a: Point, b: Point, part: f64) -> Result<(), TestCaseError> {
        let projection = Projection::new(XIANJU);
        let ours = f64::from(distance_dm(projection.plane(a), projection.plane(b)));
        let exact = haversine_dm(a, b);
        prop_assert!((ours - exact).abs() <= exact * part + 3.0, "{ours} {exact}");
        Ok(())
    }

    proptest! {
        #[test]
        fn distances_are_true_within_60_km((a, a_dm) in around(), (b, b_dm) in around()) {
            within(XIANJU, a, 0.003)?;
            within(a, b, if a_dm.max(b_dm) <= 300_000.0 { 0.003 } else { 0.006 })?;
        }

        #[test]
        fn a_place_comes_back((a, _) in around()) {
            let projection = Projection::new(XIANJU);
            let back = projection.point(projection.plane(a));
            prop_assert!(distance_dm(projection.plane(a), projection.plane(back)) <= 2);
        }

        #[test]
        fn nothing_overflows(
            lat in any::<i32>(), lon in any::<i32>(), lat0 in any::<i32>(), lon0 in any::<i32>(),
            x_scale in any::<u32>(), y_scale in any::<u32>(), place in any::<(i32, i32)>(),
        ) {
            let reference = Point { lat_e7: lat0, lon_e7: lon0 };
            let point = Point { lat_e7: lat, lon_e7: lon };
            for projection in [Projection::new(reference), Projection { reference, x_scale, y_scale }] {
                let there = projection.plane(point);
                distance_dm(there, projection.plane(reference));
                projection.point(Plane { x_dm: place.0, y_dm: place.1 });
                prop_assert_eq!(i64::from(there.x_dm), plain(lon, lon0, projection.x_scale, true));
                prop_assert_eq!(i64::from(there.y_dm), plain(lat, lat0, projection.y_scale, false));
            }
        }
    }

    /// The formula of the file's head in wide integers, word for word.
    fn plain(value: i32, zero: i32, scale: u32, turns: bool) -> i64 {
        let difference = i128::from(value) - i128::from(zero);
        let difference = if turns {
            (difference + 1_800_000_000).rem_euclid(3_600_000_000) - 1_800_000_000
        } else {
            difference.clamp(-1_800_000_000, 1_800_000_000)
        };
        (difference * i128::from(scale)).div_euclid(1 << 32) as i64
    }
}
