//! Where a point is on the roads: every street is looked at, the nearest is taken.

use super::Manner;
use super::streets::Streets;
use engine::place::Point;
use engine::place::projection::Plane;

/// A part of a street, in so many of this.
pub const WHOLE: u64 = 1 << 20;
/// Farther from every road than this is far: 500 m, in decimetres.
const FAR_DM: u128 = 5_000;
/// Nearer to the end of a street than this is at it: 1 m, in decimetres.
const AT_NODE_DM: u128 = 10;

/// A place on the roads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// At a node.
    At(usize),
    /// Between the ends of an edge, so many of [`WHOLE`] from its beginning; on every other edge between them too.
    On(usize, u64),
}

/// How far a point is from a street: the square of it in 1/256 of a square decimetre, rounded down; and where on the street that is,
/// in parts of [`WHOLE`].
type Near = (u128, u64);

impl Streets {
    /// The nearest place on a road that may be driven in this manner at least one way; of equally near ones on the edge that
    /// comes first. `None` far from every such road.
    pub fn spot(&self, manner: Manner, point: Point) -> Option<Spot> {
        let at = self.projection.plane(point);
        let near = |edge: usize| (near(at, self.begin_plane(edge), self.end_plane(edge)), edge);
        let streets = self.streets[manner as usize].iter().map(|&edge| near(edge));
        let ((square, parts), edge) = streets.min_by_key(|&((square, _), edge)| (square, edge))?;
        if (square >> 8).isqrt() > FAR_DM {
            return None;
        }
        let (from, to) = (self.begin_plane(edge), self.end_plane(edge));
        let foot = Plane {
            x_dm: between(from.x_dm, to.x_dm, parts),
            y_dm: between(from.y_dm, to.y_dm, parts),
        };
        let (to_begin, to_end) = (distance_dm(foot, from), distance_dm(foot, to));
        let (begin, end) = self.ends(edge);
        Some(if to_begin <= to_end && to_begin < AT_NODE_DM {
            Spot::At(begin)
        } else if to_end < AT_NODE_DM {
            Spot::At(end)
        } else {
            match parts {
                0 => Spot::At(begin),
                WHOLE => Spot::At(end),
                _ => Spot::On(edge, parts),
            }
        })
    }
}

/// How far a point is from the straight street between two others.
fn near(at: Plane, from: Plane, to: Plane) -> Near {
    let (street, way) = (offset(from, to), offset(from, at));
    let (length, along) = (product(street, street), product(street, way));
    if along <= 0 {
        return (square(way) << 8, 0);
    }
    if along >= length {
        return (square(offset(to, at)) << 8, WHOLE);
    }
    let whole = i128::from(WHOLE);
    let parts = (along * whole + length / 2) / length;
    let aside = (street.0 * way.1 - street.1 * way.0).unsigned_abs();
    (((aside * aside) << 8) / length.unsigned_abs(), parts as u64)
}

fn offset(from: Plane, to: Plane) -> (i128, i128) {
    let east = i128::from(to.x_dm) - i128::from(from.x_dm);
    (east, i128::from(to.y_dm) - i128::from(from.y_dm))
}

fn product(one: (i128, i128), other: (i128, i128)) -> i128 {
    one.0 * other.0 + one.1 * other.1
}

fn square(offset: (i128, i128)) -> u128 {
    product(offset, offset).unsigned_abs()
}

/// In whole decimetres, rounded down.
fn distance_dm(one: Plane, other: Plane) -> u128 {
    square(offset(one, other)).isqrt()
}

/// So many parts of the way from one coordinate to another, rounded down.
fn between(from: i32, to: i32, parts: u64) -> i32 {
    let way = (i128::from(to) - i128::from(from)) * i128::from(parts);
    (i128::from(from) + way.div_euclid(i128::from(WHOLE))) as i32
}
