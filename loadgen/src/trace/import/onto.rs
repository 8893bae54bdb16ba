//! Lays the extent of a trace onto the districts of a city, so that calls of one place can be played in another.
//!
//! Linear in each axis, without turning: the box between the 0.5th and the 99.5th percentile of the trace's
//! latitudes and longitudes goes onto the largest box of the same centre and shape as the city's own extent that
//! lies all but wholly inside its districts. Points outside the first box go outside the second, so that wild ones
//! stay wild. Equal places stay equal, near ones near.

use crate::ground::Ground;
use crate::trace::Row;
use engine::place::Point;
use engine::place::datum::{Datum, from_wgs84, to_wgs84};

/// How finely a box is tried: so many points a side.
const GRID: i64 = 40;
/// The share of a box's points that must lie in a district, in thousandths: nearly all.
const INSIDE_PERMILLE: i64 = 995;
/// Percentiles are counted in these.
const TAIL_PER_THOUSAND: usize = 5;

/// One axis of the move: from one interval onto another.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: (i64, i64),
    onto: (i64, i64),
}

impl Axis {
    fn of(mut values: Vec<i64>, onto: (i64, i64)) -> Axis {
        values.sort_unstable();
        let tail = values.len() * TAIL_PER_THOUSAND / 1_000;
        let low = values.get(tail).copied().unwrap_or(0);
        let high = values
            .get(values.len().saturating_sub(tail + 1))
            .copied()
            .unwrap_or(low);
        Axis {
            from: (low, high),
            onto,
        }
    }

    /// Linear inside and outside; everything onto the middle when the trace has no extent.
    fn lay(self, value: i64) -> i64 {
        let (low, high) = self.from;
        let (onto_low, onto_high) = self.onto;
        if low == high {
            return (onto_low + onto_high) / 2 + value - low;
        }
        let far = i128::from(value - low) * i128::from(onto_high - onto_low);
        onto_low + (far / i128::from(high - low)) as i64
    }
}

/// Moves every row's position onto the city, in WGS-84. How many lie inside a district afterwards.
pub fn lay(rows: &mut [Row], ground: &Ground) -> u64 {
    let points: Vec<Option<Point>> = rows.iter().map(point_of).collect();
    let (south_west, north_east) = inscribed(ground);
    let axis = |of: fn(Point) -> i32, low: i32, high: i32| {
        let values = points.iter().flatten().map(|&point| i64::from(of(point)));
        Axis::of(values.collect(), (i64::from(low), i64::from(high)))
    };
    let north = axis(|point| point.lat_e7, south_west.lat_e7, north_east.lat_e7);
    let east = axis(|point| point.lon_e7, south_west.lon_e7, north_east.lon_e7);
    let mut inside = 0;
    for (row, point) in rows.iter_mut().zip(points) {
        let Some(point) = point else { continue };
        // Still a position on the globe, however wild.
        let laid = Point {
            lat_e7: north
                .lay(point.lat_e7.into())
                .clamp(-900_000_000, 900_000_000) as i32,
            lon_e7: east
                .lay(point.lon_e7.into())
                .clamp(-1_800_000_000, 1_800_000_000) as i32,
        };
        let (lat, lon) = from_wgs84(laid, Datum::Wgs84);
        (row.lat, row.lon, row.datum) = (Some(lat), Some(lon), Some(Datum::Wgs84));
        inside += u64::from(ground.contains(laid));
    }
    inside
}

fn point_of(row: &Row) -> Option<Point> {
    to_wgs84(row.lat?, row.lon?, row.datum?).ok()
}

/// The largest box, with the centre and the proportions of the city's own, that is nearly all inside.
fn inscribed(ground: &Ground) -> (Point, Point) {
    let bounds = ground.bounds();
    let shrunk = |percent: i64| {
        let side = |low: i32, high: i32| {
            let (low, high) = (i64::from(low), i64::from(high));
            let (middle, half) = ((low + high) / 2, (high - low) / 2);
            let half = half * percent / 100;
            ((middle - half) as i32, (middle + half) as i32)
        };
        let (south, north) = side(bounds.south_west.lat_e7, bounds.north_east.lat_e7);
        let (west, east) = side(bounds.south_west.lon_e7, bounds.north_east.lon_e7);
        let corner = |lat_e7, lon_e7| Point { lat_e7, lon_e7 };
        (corner(south, west), corner(north, east))
    };
    (1..=100)
        .rev()
        .step_by(3)
        .map(shrunk)
        .find(|&(low, high)| share_inside(ground, low, high) >= INSIDE_PERMILLE)
        .unwrap_or_else(|| shrunk(1))
}

/// How many thousandths of the points of a grid over the box lie in a district.
fn share_inside(ground: &Ground, low: Point, high: Point) -> i64 {
    let along = |low: i32, high: i32, step: i64| {
        let (low, high) = (i64::from(low), i64::from(high));
        (low + (high - low) * step / GRID) as i32
    };
    let inside = (0..=GRID)
        .flat_map(|row| (0..=GRID).map(move |column| (row, column)))
        .filter(|&(row, column)| {
            ground.contains(Point {
                lat_e7: along(low.lat_e7, high.lat_e7, row),
                lon_e7: along(low.lon_e7, high.lon_e7, column),
            })
        })
        .count() as i64;
    inside * 1_000 / ((GRID + 1) * (GRID + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use engine::moment::Moment;

    fn row(lat: f64, lon: f64) -> Row {
        Row {
            lat: Some(lat),
            lon: Some(lon),
            datum: Some(Datum::Wgs84),
            ..Row::new(Moment(0), "k".into(), "110")
        }
    }

    #[test]
    fn ordinary_points_come_to_lie_inside_and_wild_ones_stay_wild() {
        let ground = Ground::embedded().unwrap();
        let mut random = Random::new(3);
        let mut rows: Vec<Row> = (0..2_000)
            .map(|_| {
                row(
                    40.0 + random.fraction() * 0.4,
                    -75.6 + random.fraction() * 0.6,
                )
            })
            .collect();
        rows[17] = row(32.387, -86.276);
        rows[18] = row(40.2, -75.3);
        rows[19] = row(40.2, -75.3);
        rows.push(Row::new(Moment(0), "no place".into(), "110"));
        rows.push(row(f64::NAN, 1.0));
        let inside = lay(&mut rows, &ground);
        assert!((1_940..=1_999).contains(&inside), "{inside}");
        let wild = to_wgs84(rows[17].lat.unwrap(), rows[17].lon.unwrap(), Datum::Wgs84);
        assert!(!ground.contains(wild.unwrap()));
        assert_eq!((rows[18].lat, rows[18].lon), (rows[19].lat, rows[19].lon));
        assert_eq!(rows[2_000].lat, None);
        assert!(rows[2_001].lat.is_some_and(f64::is_nan));
    }
}
