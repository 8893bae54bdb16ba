//! From a place on the ground to one on the network: the nearest segment that a profile can use, and the walk to it.
//!
//! The nearest is exact: distances are compared in 2^-8 of a square decimetre, rounded down from the true fraction, and of equal ones the
//! edge of the lowest number wins. Segments are found through a grid, nearer cells first; [`nearest_of_all`] is its naive twin. What is nearer
//! than a tolerance to an end counts as at the node, as positions are never as fine as nodes are.

use super::network::{CLOSED_MS, EdgeIndex, Profile};
use super::position::{Fraction, Position, Positions};
use super::road_map::RoadMap;
use crate::place::grid::Bounds;
use crate::place::grid::cells::{Cells, Spot, each_of_ring, ring_least};
use crate::place::projection::{Plane, distance_dm};

/// What lies farther from any road is far from it, unless somebody says otherwise: 500 m.
pub const FAR_DM: u32 = 5_000;
/// What is this near to a node is at it, unless somebody says otherwise: 1 m.
pub const AT_NODE_DM: u32 = 10;
/// How wide cells are: about as long as segments in a town.
const CELL_DM: u32 = 1_000;
/// Fraction bits of a squared distance.
const SQUARE_BITS: u32 = 8;

/// A place on the network and the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapped {
    /// Where.
    pub position: Position,
    /// How far that is on foot, in decimetres, rounded down.
    pub walk_dm: u32,
}

impl Snapped {
    /// The walk in whole metres, rounded half up.
    pub const fn walk_m(&self) -> u32 {
        self.walk_dm.saturating_add(5) / 10
    }
}

/// Why a place is not on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapError {
    /// No road within the limit (N4).
    #[error(
        "{walk_m} m from the nearest road that the profile can use, at most {limit_m} m are near; go by straight line or say where the road is"
    )]
    Far {
        /// How far it is.
        walk_m: u32,
        /// What would be near.
        limit_m: u32,
    },
    /// Nothing to drive on.
    #[error("the map has no road that the profile can use; build it with one")]
    Empty,
}

/// What counts as near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearness {
    /// Nearer to a node than this is at it, in decimetres.
    pub at_node_dm: u32,
    /// Farther from any road than this is far, in decimetres.
    pub far_dm: u32,
}

impl Default for Nearness {
    fn default() -> Nearness {
        Nearness {
            at_node_dm: AT_NODE_DM,
            far_dm: FAR_DM,
        }
    }
}

/// All segments of a map by place, each once, named by its edge of the lowest number.
#[derive(Clone, Debug)]
pub struct Segments {
    cells: Cells,
    /// Where the segments of each cell begin; one more at the end.
    first: Vec<u32>,
    /// Edges, cell by cell, ascending.
    edges: Vec<u32>,
    /// Whether each profile can use the segment an edge stands for, one bit a profile.
    usable: Vec<u8>,
}

/// How far an edge's segment is: square distance and edge, in the order of choice; and how far along.
type Near = (u128, u32, Fraction);

impl Segments {
    /// Of a map.
    pub fn of(map: &RoadMap) -> Segments {
        let cells = Cells::new(Bounds::around(map.planes()), CELL_DM);
        let usable = usable(map);
        let mut listed: Vec<(u32, u32)> = Vec::new();
        for (edge, &bits) in (0..).zip(&usable) {
            if bits != 0 {
                let (a, b) = ends(map, EdgeIndex(edge));
                each_cell(&cells, a, b, |cell| listed.push((cell, edge)));
            }
        }
        listed.sort_unstable();
        listed.dedup();
        let mut first = vec![0_u32; cells.len() as usize + 1];
        for &(cell, _) in &listed {
            first[cell as usize + 1] += 1;
        }
        for cell in 0..cells.len() as usize {
            first[cell + 1] += first[cell];
        }
        let edges = listed.into_iter().map(|(_, edge)| edge).collect();
        Segments {
            cells,
            first,
            edges,
            usable,
        }
    }

    /// The nearest place that a profile can use.
    pub fn snap(
        &self,
        map: &RoadMap,
        profile: Profile,
        at: Plane,
        nearness: Nearness,
    ) -> Result<Snapped, SnapError> {
        finish(map, at, self.nearest(map, bit(profile), at), nearness)
    }

    /// The same for every profile. Mostly one search: the road nearest of all is open to all.
    pub fn positions(&self, map: &RoadMap, at: Plane, nearness: Nearness) -> Positions {
        let all = bit(Profile::Normal) | bit(Profile::Siren);
        let nearest = self.nearest(map, all, at);
        let is_for_all = nearest.is_some_and(|(_, edge, _)| self.usable[edge as usize] == all);
        let position = |near| finish(map, at, near, nearness).ok().map(|it| it.position);
        if is_for_all || nearest.is_none() {
            return Positions::new([position(nearest); 2]);
        }
        let of = |profile: Profile| position(self.nearest(map, bit(profile), at));
        Positions::new([of(Profile::Normal), of(Profile::Siren)])
    }

    /// The segment nearest of those that one of some profiles can use.
    fn nearest(&self, map: &RoadMap, profiles: u8, at: Plane) -> Option<Near> {
        let spot = self.cells.spot(i64::from(at.x_dm), i64::from(at.y_dm));
        let own = Cells::square(spot, self.cells.width);
        let size = (self.cells.columns, self.cells.rows);
        let mut best: Option<Near> = None;
        for ring in 0.. {
            let Some(least) = self.ring_least(spot, ring) else {
                break;
            };
            if best.is_some_and(|(square, ..)| squared(least) > square) {
                break;
            }
            each_of_ring(own, size, ring, |column, row| {
                self.look(map, profiles, at, self.cells.number(column, row), &mut best);
            });
        }
        best
    }

    fn ring_least(&self, spot: Spot, ring: u32) -> Option<u32> {
        ring_least(
            spot,
            self.cells.width,
            self.cells.columns,
            self.cells.rows,
            ring,
        )
    }

    fn look(&self, map: &RoadMap, profiles: u8, at: Plane, cell: u32, best: &mut Option<Near>) {
        let range = self.first[cell as usize] as usize..self.first[cell as usize + 1] as usize;
        for &edge in &self.edges[range] {
            if self.usable[edge as usize] & profiles != 0 {
                let near = near(map, at, edge);
                if best.is_none_or(|best| (near.0, near.1) < (best.0, best.1)) {
                    *best = Some(near);
                }
            }
        }
    }
}

/// The naive twin of [`Segments::snap`]: looks at every edge.
pub fn nearest_of_all(
    map: &RoadMap,
    profile: Profile,
    at: Plane,
    nearness: Nearness,
) -> Result<Snapped, SnapError> {
    let edges = (0..).zip(&map.network().edges);
    let best = edges
        .filter(|(_, edge)| {
            let either_way = map.network().edges.iter().filter(|other| {
                (other.from, other.to) == (edge.from, edge.to)
                    || (other.from, other.to) == (edge.to, edge.from)
            });
            let mut times = either_way.map(|other| other.time_ms[profile as usize]);
            times.any(|ms| ms != CLOSED_MS)
        })
        .map(|(edge, _)| near(map, at, edge))
        .min_by_key(|&(square, edge, _)| (square, edge));
    finish(map, at, best, nearness)
}

/// The bit of a profile among those that can use a segment.
const fn bit(profile: Profile) -> u8 {
    1 << profile as u8
}

/// One bit for each profile that can use the segment, at the lowest of its edges; none at the others.
fn usable(map: &RoadMap) -> Vec<u8> {
    let edges = &map.network().edges;
    let bits = |edge: EdgeIndex| {
        let times = map.edge(edge).time_ms;
        u8::from(times[0] != CLOSED_MS) | u8::from(times[1] != CLOSED_MS) << 1
    };
    (0..edges.len() as u32)
        .map(EdgeIndex)
        .map(|edge| {
            let all = || map.alongside(edge).chain(map.opposite(edge));
            let is_lowest = all().all(|other| edge <= other);
            if is_lowest {
                all().fold(0, |set, other| set | bits(other))
            } else {
                0
            }
        })
        .collect()
}

fn ends(map: &RoadMap, edge: EdgeIndex) -> (Plane, Plane) {
    let edge = map.edge(edge);
    (map.node_plane(edge.from), map.node_plane(edge.to))
}

fn squared(distance_dm: u32) -> u128 {
    u128::from(distance_dm).pow(2) << SQUARE_BITS
}

/// How far a point is from an edge's segment, and where on it.
fn near(map: &RoadMap, at: Plane, edge: u32) -> Near {
    let (a, b) = ends(map, EdgeIndex(edge));
    let difference = |to: Plane, from: Plane| {
        let x = i128::from(to.x_dm) - i128::from(from.x_dm);
        (x, i128::from(to.y_dm) - i128::from(from.y_dm))
    };
    let ((x, y), (px, py)) = (difference(b, a), difference(at, a));
    let (length2, dot) = (x * x + y * y, px * x + py * y);
    let far = |(x, y): (i128, i128)| ((x * x + y * y) as u128) << SQUARE_BITS;
    if dot <= 0 {
        return (far((px, py)), edge, Fraction::BEGINNING);
    }
    if dot >= length2 {
        return (far(difference(at, b)), edge, Fraction::END);
    }
    let along = Fraction::new((((dot << 20) + length2 / 2) / length2) as u32);
    let cross = (px * y - py * x).unsigned_abs();
    let square = match cross
        .checked_mul(cross)
        .and_then(|it| it.checked_mul(1 << SQUARE_BITS))
    {
        Some(product) => product / length2 as u128,
        // Half a planet away: only that it is far matters.
        None => (cross / length2 as u128).saturating_mul(cross),
    };
    (square, edge, along)
}

/// The answer: which edge to name, at the node or between, near or far.
fn finish(
    map: &RoadMap,
    at: Plane,
    best: Option<Near>,
    nearness: Nearness,
) -> Result<Snapped, SnapError> {
    let (square, edge, along) = best.ok_or(SnapError::Empty)?;
    let walk_dm = (square >> SQUARE_BITS).isqrt().min(u128::from(u32::MAX)) as u32;
    if walk_dm > nearness.far_dm {
        let metres = |dm: u32| dm.saturating_add(5) / 10;
        return Err(SnapError::Far {
            walk_m: metres(walk_dm),
            limit_m: metres(nearness.far_dm),
        });
    }
    let edge = EdgeIndex(edge);
    let (a, b) = ends(map, edge);
    let place = map.plane(Position { edge, along });
    let (to_a, to_b) = (distance_dm(place, a), distance_dm(place, b));
    let along = match along {
        _ if to_a <= to_b && to_a < nearness.at_node_dm => Fraction::BEGINNING,
        _ if to_b < nearness.at_node_dm => Fraction::END,
        between => between,
    };
    let position = Position { edge, along };
    let walk_dm = match map.node_at(position) {
        Some(node) => distance_dm(at, map.node_plane(node)),
        None => walk_dm,
    };
    Ok(Snapped { position, walk_dm })
}

/// Every cell that a segment passes through; perhaps some beside it.
fn each_cell(cells: &Cells, a: Plane, b: Plane, mut each: impl FnMut(u32)) {
    let (south, north) = if a.y_dm <= b.y_dm { (a, b) } else { (b, a) };
    let square = |x: i64, y: i64| Cells::square(cells.spot(x, y), cells.width);
    let width = i64::from(cells.width);
    let (_, first_row) = square(south.x_dm.into(), south.y_dm.into());
    let (_, last_row) = square(north.x_dm.into(), north.y_dm.into());
    let rise = i64::from(north.y_dm) - i64::from(south.y_dm);
    let run = i64::from(north.x_dm) - i64::from(south.x_dm);
    // Where it is at some height, a little more than exactly.
    let x_at = |y: i64| match rise {
        0 => i64::from(north.x_dm),
        rise => i64::from(south.x_dm) + (y - i64::from(south.y_dm)) * run / rise,
    };
    let mut low = i64::from(south.y_dm);
    for row in first_row..=last_row {
        let high = if row == last_row {
            i64::from(north.y_dm)
        } else {
            cells.south_of(row) + width
        };
        let (from, to) = match rise {
            0 => (south.x_dm.into(), north.x_dm.into()),
            _ => (x_at(low), x_at(high)),
        };
        let (west, east) = (from.min(to) - 1, from.max(to) + 1);
        let (first, _) = square(west, high);
        let (last, _) = square(east, high);
        (first..=last).for_each(|column| each(cells.number(column, row)));
        low = high;
    }
}
