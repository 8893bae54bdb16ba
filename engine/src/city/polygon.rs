//! Which district a point lies in: exact, on integers, the same on every machine.
//!
//! **Rule.** A polygon is a set of rings; a point is inside when a ray from it to the east crosses an odd number of
//! their edges (even-odd, so a ring within a ring is a hole). The edge a→b is crossed when exactly one of its ends
//! lies north of the point (`lat > point.lat`) and the point lies strictly west of the edge. So a point on a border
//! belongs to the district east or north of it, and where districts share their corners every point belongs to
//! exactly one. Where districts lie within one another the one with the most ancestors wins, then the lowest
//! number. Rings do not cross the date line.

use super::District;
use crate::place::{DistrictId, Point};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The smallest rectangle around something, edges included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The corner with the least latitude and longitude.
    pub south_west: Point,
    /// The corner with the greatest.
    pub north_east: Point,
}

impl Bounds {
    /// What contains nothing.
    pub const EMPTY: Bounds = Bounds {
        south_west: Point {
            lat_e7: i32::MAX,
            lon_e7: i32::MAX,
        },
        north_east: Point {
            lat_e7: i32::MIN,
            lon_e7: i32::MIN,
        },
    };

    /// Around all of these points.
    pub fn around<'a>(points: impl IntoIterator<Item = &'a Point>) -> Bounds {
        points
            .into_iter()
            .fold(Bounds::EMPTY, |bounds, point| Bounds {
                south_west: Point {
                    lat_e7: bounds.south_west.lat_e7.min(point.lat_e7),
                    lon_e7: bounds.south_west.lon_e7.min(point.lon_e7),
                },
                north_east: Point {
                    lat_e7: bounds.north_east.lat_e7.max(point.lat_e7),
                    lon_e7: bounds.north_east.lon_e7.max(point.lon_e7),
                },
            })
    }

    /// Whether the point lies in or on it.
    pub const fn contains(&self, point: Point) -> bool {
        // `&`, not `&&`: four compares without a branch between them; this runs once a district a call.
        (self.south_west.lat_e7 <= point.lat_e7)
            & (point.lat_e7 <= self.north_east.lat_e7)
            & (self.south_west.lon_e7 <= point.lon_e7)
            & (point.lon_e7 <= self.north_east.lon_e7)
    }
}

/// A ring list; each ring is closed by itself, its first corner not repeated at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Polygon {
    rings: Vec<Vec<Point>>,
}

/// Why corners are not a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Too few different corners.
    #[error("a ring has {0} different corners; it takes at least 3")]
    Few(usize),
    /// All on one line.
    #[error("a ring encloses nothing; its corners lie on one line")]
    Flat,
    /// From one side of the globe to the other.
    #[error("a ring is more than 180° wide; split it where it crosses the date line")]
    Wide,
}

impl Polygon {
    /// A polygon of these rings, which `ring` has tidied.
    pub fn new(rings: Vec<Vec<Point>>) -> Polygon {
        Polygon { rings }
    }

    /// The rings.
    pub fn rings(&self) -> &[Vec<Point>] {
        &self.rings
    }

    /// Whether it has no ring.
    pub fn is_empty(&self) -> bool {
        self.rings.is_empty()
    }

    /// The rectangle around it.
    pub fn bounds(&self) -> Bounds {
        Bounds::around(self.rings.iter().flatten())
    }

    /// Whether the point is inside, by the rule of this file.
    pub fn contains(&self, point: Point) -> bool {
        self.rings
            .iter()
            .fold(false, |inside, ring| inside ^ odd_crossings(ring, point))
    }
}

/// The corners as a ring: repeats in a row and the closing repeat left out.
pub fn ring(corners: &[Point]) -> Result<Vec<Point>, RingError> {
    let mut ring: Vec<Point> = Vec::with_capacity(corners.len());
    for &corner in corners {
        if ring.last() != Some(&corner) {
            ring.push(corner);
        }
    }
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    let mut different = ring.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 3 {
        return Err(RingError::Few(different.len()));
    }
    let bounds = Bounds::around(&ring);
    let width = i64::from(bounds.north_east.lon_e7) - i64::from(bounds.south_west.lon_e7);
    if width > 1_800_000_000 {
        return Err(RingError::Wide);
    }
    let first = ring[0];
    if ring
        .windows(2)
        .all(|edge| side(first, edge[0], edge[1]) == 0)
    {
        return Err(RingError::Flat);
    }
    Ok(ring)
}

/// Twice the area of the triangle from `at` over a to b: positive when that is counter-clockwise. Exact.
fn side(at: Point, a: Point, b: Point) -> i128 {
    let from = |p: Point| {
        let east = i64::from(p.lon_e7) - i64::from(at.lon_e7);
        let north = i64::from(p.lat_e7) - i64::from(at.lat_e7);
        (i128::from(east), i128::from(north))
    };
    let ((ax, ay), (bx, by)) = (from(a), from(b));
    ax * by - ay * bx
}

fn odd_crossings(ring: &[Point], point: Point) -> bool {
    let Some(&last) = ring.last() else {
        return false;
    };
    let mut inside = false;
    let mut a = last;
    for &b in ring {
        let rises = b.lat_e7 > point.lat_e7;
        if (a.lat_e7 > point.lat_e7) != rises {
            let turn = side(point, a, b);
            // An edge that rises to the north passes east of the point when it turns counter-clockwise around it.
            inside ^= if rises { turn > 0 } else { turn < 0 };
        }
        a = b;
    }
    inside
}

/// All districts of a city, by number, and the way from a point to one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<District>", into = "Vec<District>")]
pub struct Districts {
    rows: Vec<District>,
    /// Rectangles in the order in which districts are asked, each with the row it stands for.
    order: Vec<(Bounds, u32)>,
}

impl Districts {
    /// The districts with these rows.
    pub fn new(mut rows: Vec<District>) -> Districts {
        rows.sort_by_key(|district| district.id);
        let parents: BTreeMap<DistrictId, Option<DistrictId>> = rows
            .iter()
            .map(|district| (district.id, district.parent))
            .collect();
        let depth = |district: &District| {
            std::iter::successors(district.parent, |id| parents.get(id).copied().flatten())
                .take(DEPTH_MAX)
                .count()
        };
        let mut order: Vec<(usize, u32)> = (0u32..)
            .zip(&rows)
            .filter(|(_, district)| !district.shape.is_empty())
            .map(|(row, district)| (DEPTH_MAX - depth(district), row))
            .collect();
        order.sort_unstable();
        let order = order
            .into_iter()
            .map(|(_, row)| (rows[row as usize].shape.bounds(), row))
            .collect();
        Districts { rows, order }
    }

    /// The district that a point lies in, by the rule of this file.
    pub fn at(&self, point: Point) -> Option<DistrictId> {
        self.order
            .iter()
            .filter(|(bounds, _)| bounds.contains(point))
            .map(|&(_, row)| &self.rows[row as usize])
            .find(|district| district.shape.contains(point))
            .map(|district| district.id)
    }

    /// The district of this number.
    pub fn get(&self, id: DistrictId) -> Option<&District> {
        let place = self
            .rows
            .binary_search_by_key(&id, |district| district.id)
            .ok()?;
        self.rows.get(place)
    }

    /// Every district, by number.
    pub fn iter(&self) -> std::slice::Iter<'_, District> {
        self.rows.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The most steps from a district up to the root; a city has four or five tiers.
pub(super) const DEPTH_MAX: usize = 16;

impl From<Vec<District>> for Districts {
    fn from(rows: Vec<District>) -> Districts {
        Districts::new(rows)
    }
}

impl From<Districts> for Vec<District> {
    fn from(districts: Districts) -> Vec<District> {
        districts.rows
    }
}

impl<'a> IntoIterator for &'a Districts {
    type Item = &'a District;
    type IntoIter = std::slice::Iter<'a, District>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Zone;
    use super::*;
    use crate::name::Name;
    use proptest::prelude::*;

    fn at(lat_e7: i32, lon_e7: i32) -> Point {
        Point { lat_e7, lon_e7 }
    }

    fn square(south: i32, west: i32, size: i32) -> Vec<Point> {
        vec![
            at(south, west),
            at(south, west + size),
            at(south + size, west + size),
            at(south + size, west),
        ]
    }

    fn district(id: u32, parent: Option<u32>, rings: Vec<Vec<Point>>) -> District {
        District {
            id: DistrictId(id),
            name: Name::new(&format!("d{id}")).unwrap(),
            zone: Zone::Town,
            parent: parent.map(DistrictId),
            lines: Vec::new(),
            shape: Polygon::new(rings),
        }
    }

    #[test]
    fn a_border_belongs_to_the_east_and_the_north() {
        let shape = Polygon::new(vec![square(0, 0, 10)]);
        for (point, inside) in [
            (at(5, 5), true),
            (at(0, 0), true),
            (at(5, 0), true),
            (at(0, 5), true),
            (at(5, 10), false),
            (at(10, 5), false),
            (at(10, 10), false),
            (at(5, -1), false),
            (at(5, 11), false),
        ] {
            assert_eq!(shape.contains(point), inside, "{point:?}");
        }
        let reversed = Polygon::new(vec![square(0, 0, 10).into_iter().rev().collect()]);
        for lat in -1..=11 {
            for lon in -1..=11 {
                assert_eq!(
                    shape.contains(at(lat, lon)),
                    reversed.contains(at(lat, lon)),
                    "{lat} {lon}"
                );
            }
        }
    }

    #[test]
    fn a_ring_within_a_ring_is_a_hole() {
        let shape = Polygon::new(vec![square(0, 0, 30), square(10, 10, 10)]);
        assert!(shape.contains(at(5, 5)) && shape.contains(at(25, 15)));
        assert!(!shape.contains(at(15, 15)));
        assert!(!Polygon::default().contains(at(0, 0)));
    }

    #[test]
    fn the_part_wins_over_the_whole_and_then_the_lower_number() {
        let districts = Districts::new(vec![
            district(1, None, vec![square(0, 0, 100)]),
            district(3, Some(1), vec![square(10, 10, 50)]),
            district(2, Some(1), vec![square(20, 20, 50)]),
            district(9, None, Vec::new()),
        ]);
        assert_eq!(districts.at(at(5, 5)), Some(DistrictId(1)));
        assert_eq!(districts.at(at(15, 15)), Some(DistrictId(3)));
        assert_eq!(districts.at(at(30, 30)), Some(DistrictId(2)));
        assert_eq!(districts.at(at(100, 100)), None);
        assert_eq!(districts.get(DistrictId(9)).unwrap().name.as_str(), "d9");
        assert_eq!(districts.get(DistrictId(4)), None);
        assert_eq!(districts.len(), 4);
    }

    #[test]
    fn parents_that_run_in_a_circle_end() {
        let districts = Districts::new(vec![
            district(1, Some(2), vec![square(0, 0, 10)]),
            district(2, Some(1), vec![square(0, 0, 10)]),
        ]);
        assert_eq!(districts.at(at(5, 5)), Some(DistrictId(1)));
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        assert_eq!(ring(&[]), Err(RingError::Few(0)));
        assert_eq!(
            ring(&[at(0, 0), at(0, 9), at(0, 0), at(0, 9)]),
            Err(RingError::Few(2))
        );
        assert_eq!(ring(&[at(0, 0), at(5, 5), at(9, 9)]), Err(RingError::Flat));
        let wide = [at(0, -1_700_000_000), at(0, 1_700_000_000), at(9, 0)];
        assert_eq!(ring(&wide), Err(RingError::Wide));
        let mut closed = square(0, 0, 10);
        closed.push(closed[0]);
        closed.insert(1, closed[0]);
        assert_eq!(ring(&closed), Ok(square(0, 0, 10)));
    }

    #[test]
    fn the_widest_polygon_does_not_overflow() {
        let corners = [
            at(-900_000_000, -900_000_000),
            at(900_000_000, -900_000_000),
            at(900_000_000, 900_000_000),
            at(-900_000_000, 900_000_000),
        ];
        let shape = Polygon::new(vec![ring(&corners).unwrap()]);
        assert!(shape.contains(at(0, 0)));
        for point in [
            at(i32::MAX, i32::MAX),
            at(i32::MIN, i32::MIN),
            at(0, i32::MIN),
        ] {
            assert!(!shape.contains(point));
        }
    }

    proptest! {
        /// Tiles around a shared corner cover the square once, wherever that corner is.
        #[test]
        fn shared_corners_leave_no_gap_and_no_overlap(
            lat in 1i32..99, lon in 1i32..99, border in 1i32..99, point in (0i32..100, 0i32..100),
        ) {
            let (middle, east, west) = (at(lat, lon), at(border, 100), at(100 - border, 0));
            let south = vec![at(0, 0), at(0, 100), east, middle, west];
            let north = vec![west, middle, east, at(100, 100), at(100, 0)];
            let point = at(point.0, point.1);
            let inside = |ring: Vec<Point>| Polygon::new(vec![ring]).contains(point);
            prop_assert_eq!(u8::from(inside(south)) + u8::from(inside(north)), 1);
        }
    }
}
