//! Brings a position from the datum it was given in to WGS-84, the only one that is kept (N5).
//!
//! Chinese maps and phones speak GCJ-02 or BD-09, which lie 230 to 680 m off; a datum is therefore never guessed.
//! Floats live here and in the readers of files alone: what leaves is a [`Point`] in whole 1e-7 degrees, and that
//! is what commands and the journal hold. Next: `projection` takes a point to the plane.

use super::Point;
use crate::kind::vocabulary;
use std::f64::consts::PI;

vocabulary! {
    /// What a latitude and a longitude are measured against.
    Datum {
        /// GPS and BeiDou receivers, OpenStreetMap.
        Wgs84 = "wgs84",
        /// 国测局坐标: Chinese maps and phones.
        Gcj02 = "gcj02",
        /// 百度坐标: GCJ-02 shifted once more.
        Bd09 = "bd09",
    }
}

/// Why two numbers are not a position.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum DatumError {
    /// NaN or infinite.
    #[error("{0} is not a finite number; write decimal degrees, as in 28.8512")]
    NotFinite(Axis),
    /// Outside the globe.
    #[error("{axis} {value} is out of range; write decimal degrees from -{most} to {most}", most = axis.most())]
    Range {
        /// Which of the two.
        axis: Axis,
        /// What was given.
        value: f64,
    },
}

/// One of the two numbers of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// North and south.
    Latitude,
    /// East and west.
    Longitude,
}

impl Axis {
    /// The largest number of degrees.
    pub const fn most(self) -> u32 {
        match self {
            Axis::Latitude => 90,
            Axis::Longitude => 180,
        }
    }

    /// The value, if it can be meant.
    fn check(self, value: f64) -> Result<f64, DatumError> {
        if !value.is_finite() {
            return Err(DatumError::NotFinite(self));
        }
        if value.abs() > f64::from(self.most()) {
            return Err(DatumError::Range { axis: self, value });
        }
        Ok(value)
    }
}

impl std::fmt::Display for Axis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Axis::Latitude => "latitude",
            Axis::Longitude => "longitude",
        })
    }
}

/// Degrees while they are being shifted.
#[derive(Clone, Copy)]
struct Degrees {
    lat: f64,
    lon: f64,
}

impl Degrees {
    /// Inside the rectangle in which GCJ-02 and BD-09 differ from WGS-84; outside it their maps use WGS-84.
    fn shifted(self) -> bool {
        (0.8293..=55.8271).contains(&self.lat) && (72.004..=137.8347).contains(&self.lon)
    }

    /// The point that `forward` takes here. `forward` moves points by less than 0.02° and its move changes by
    /// less than 1 part in 100, so eight corrections leave far less than a millimetre.
    fn undo(self, forward: fn(Degrees) -> Degrees) -> Degrees {
        let mut guess = self;
        for _ in 0..8 {
            let there = forward(guess);
            guess.lat += self.lat - there.lat;
            guess.lon += self.lon - there.lon;
        }
        guess
    }

    fn point(self) -> Point {
        // The corrections may carry a point a hair over the edge of the globe's range: `as` saturates, and the
        // shifted rectangle lies far inside it.
        Point {
            lat_e7: (self.lat * 1e7).round() as i32,
            lon_e7: (self.lon * 1e7).round() as i32,
        }
    }
}

/// GCJ-02 from WGS-84: the published approximation (Krasovsky 1940 ellipsoid), good to a few decimetres.
fn gcj02_from_wgs84(Degrees { lat, lon }: Degrees) -> Degrees {
    const SEMI_MAJOR_M: f64 = 6_378_245.0;
    const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
    let (x, y) = (lon - 105.0, lat - 35.0);
    let root = x.abs().sqrt();
    let ripple = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let waves = |at: f64, near: f64, far: f64, far_period: f64| {
        (20.0 * (at * PI).sin() + 40.0 * (at / 3.0 * PI).sin()) * 2.0 / 3.0
            + (near * (at / 12.0 * PI).sin() + far * (at * PI / far_period).sin()) * 2.0 / 3.0
    };
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + ripple
        + waves(y, 160.0, 320.0, 30.0);
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + ripple
        + waves(x, 150.0, 300.0, 30.0);
    let radians = lat.to_radians();
    let curve = 1.0 - ECCENTRICITY_SQUARED * radians.sin().powi(2);
    let meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (curve * curve.sqrt());
    let parallel_m = SEMI_MAJOR_M / curve.sqrt() * radians.cos();
    Degrees {
        lat: lat + (north_m / meridian_m).to_degrees(),
        lon: lon + (east_m / parallel_m).to_degrees(),
    }
}

/// BD-09 from GCJ-02, as Baidu published it.
fn bd09_from_gcj02(Degrees { lat, lon }: Degrees) -> Degrees {
    const TURN: f64 = PI * 3000.0 / 180.0;
    let radius = lon.hypot(lat) + 0.000_02 * (lat * TURN).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * TURN).cos();
    Degrees {
        lat: radius * angle.sin() + 0.006,
        lon: radius * angle.cos() + 0.0065,
    }
}

/// The position on WGS-84 (N5).
///
/// Latitude and longitude are decimal degrees in the given datum. Outside the rectangle 0.8293–55.8271° N,
/// 72.004–137.8347° E the three datums are one. Inside, undoing the published shift leaves well under 1 m.
pub fn to_wgs84(lat: f64, lon: f64, datum: Datum) -> Result<Point, DatumError> {
    let given = Degrees {
        lat: Axis::Latitude.check(lat)?,
        lon: Axis::Longitude.check(lon)?,
    };
    if !given.shifted() {
        return Ok(given.point());
    }
    Ok(match datum {
        Datum::Wgs84 => given,
        Datum::Gcj02 => given.undo(gcj02_from_wgs84),
        Datum::Bd09 => given.undo(bd09_from_gcj02).undo(gcj02_from_wgs84),
    }
    .point())
}

/// Latitude and longitude in decimal degrees of the given datum: for clients, importers and tests.
pub fn from_wgs84(point: Point, datum: Datum) -> (f64, f64) {
    let given = Degrees {
        lat: f64::from(point.lat_e7) / 1e7,
        lon: f64::from(point.lon_e7) / 1e7,
    };
    let there = if given.shifted() {
        match datum {
            Datum::Wgs84 => given,
            Datum::Gcj02 => gcj02_from_wgs84(given),
            Datum::Bd09 => bd09_from_gcj02(gcj02_from_wgs84(given)),
        }
    } else {
        given
    };
    (there.lat, there.lon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Metres between two positions that are close.
    fn apart_m(a: (f64, f64), b: (f64, f64)) -> f64 {
        let north = (a.0 - b.0) * 111_195.0;
        let east = (a.1 - b.1) * 111_195.0 * a.0.to_radians().cos();
        north.hypot(east)
    }

    fn degrees(point: Point) -> (f64, f64) {
        from_wgs84(point, Datum::Wgs84)
    }

    #[test]
    fn published_pairs_agree() {
        // WGS-84 → GCJ-02 as other public implementations print it.
        let pairs = [
            (
                (31.177_427_6, 121.527_210_6),
                (31.175_303_983_645_97, 121.531_541_859_215),
            ),
            (
                (22.543_847, 113.912_316),
                (22.540_796_131_694_766, 113.917_176_480_836_3),
            ),
            (
                (39.911_954, 116.377_817),
                (39.913_345_455_360_69, 116.384_047_224_556_57),
            ),
            (
                (39.915, 116.404),
                (39.916_404_281_501_64, 116.410_244_499_169_38),
            ),
        ];
        for (wgs84, gcj02) in pairs {
            let point = to_wgs84(wgs84.0, wgs84.1, Datum::Wgs84).unwrap();
            assert!(
                apart_m(from_wgs84(point, Datum::Gcj02), gcj02) < 0.02,
                "{wgs84:?}"
            );
            let back = to_wgs84(gcj02.0, gcj02.1, Datum::Gcj02).unwrap();
            assert!(apart_m(degrees(back), wgs84) < 0.02, "{gcj02:?}");
        }
        let there = bd09_from_gcj02(Degrees {
            lat: 39.915,
            lon: 116.404,
        });
        assert!(
            apart_m(
                (there.lat, there.lon),
                (39.921_336_993_510_21, 116.410_369_493_710_29)
            ) < 0.01
        );
    }

    /// N5.
    #[test]
    fn a_wrong_datum_moves_a_caller_by_hundreds_of_metres() {
        let (lat, lon) = (28.85, 120.73);
        let here = to_wgs84(lat, lon, Datum::Wgs84).unwrap();
        for (datum, range) in [(Datum::Gcj02, 230.0..700.0), (Datum::Bd09, 230.0..1600.0)] {
            let moved = apart_m(degrees(here), degrees(to_wgs84(lat, lon, datum).unwrap()));
            assert!(range.contains(&moved), "{datum}: {moved} m");
        }
    }

    #[test]
    fn outside_china_nothing_shifts() {
        for (lat, lon) in [
            (37.77, -122.42),
            (-36.85, 174.76),
            (90.0, 180.0),
            (-90.0, -180.0),
            (0.0, 0.0),
        ] {
            for &datum in Datum::ALL {
                let point = to_wgs84(lat, lon, datum).unwrap();
                assert_eq!(point, to_wgs84(lat, lon, Datum::Wgs84).unwrap());
                assert_eq!(from_wgs84(point, datum), from_wgs84(point, Datum::Wgs84));
            }
        }
    }

    #[test]
    fn what_is_no_position_is_refused_by_name() {
        use Axis::*;
        for &datum in Datum::ALL {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(
                    to_wgs84(bad, 120.0, datum),
                    Err(DatumError::NotFinite(Latitude))
                );
                assert_eq!(
                    to_wgs84(28.0, bad, datum),
                    Err(DatumError::NotFinite(Longitude))
                );
            }
            let range = |axis, value| Err(DatumError::Range { axis, value });
            assert_eq!(to_wgs84(90.000_1, 0.0, datum), range(Latitude, 90.000_1));
            assert_eq!(to_wgs84(0.0, -180.5, datum), range(Longitude, -180.5));
        }
        let message = to_wgs84(120.73, 28.85, Datum::Wgs84)
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            "latitude 120.73 is out of range; write decimal degrees from -90 to 90"
        );
        assert_eq!(Datum::from_code("gcj02"), Some(Datum::Gcj02));
        assert_eq!(Datum::from_code("GCJ-02"), None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_within_half_a_metre(lat in 3.5f64..53.6, lon in 73.5f64..135.1, number in 0u8..3) {
            let datum = Datum::from_number(number).unwrap();
            let point = to_wgs84(lat, lon, Datum::Wgs84).unwrap();
            let (lat, lon) = from_wgs84(point, datum);
            let back = to_wgs84(lat, lon, datum).unwrap();
            prop_assert!(apart_m(degrees(point), degrees(back)) < 0.5);
        }

        #[test]
        fn anything_finite_gives_a_point_on_the_globe(lat in -90.0f64..=90.0, lon in -180.0f64..=180.0, number in 0u8..3) {
            let point = to_wgs84(lat, lon, Datum::from_number(number).unwrap()).unwrap();
            prop_assert!(point.lat_e7.abs() <= 900_000_000 && point.lon_e7.abs() <= 1_800_000_000);
        }
    }
}
