//! The streets of the county town: a grid of blocks on both banks of the river, one-way in its middle, three bridges.

use super::river::is_north;
use super::{ARTERIAL, STREET, Sort, TRUNK, Works};
use crate::city::generate::layout::TOWN_RADIUS_DM;
use crate::place::projection::{Plane, distance_squared_dm2};
use crate::roads::network::NodeIndex;
use std::collections::BTreeMap;

/// Side of a block.
const BLOCK_DM: i32 = 2_000;
/// Streets to each side of the one in the middle, along and across.
const LINES: i32 = 16;
/// As far from the middle as this, in streets, the one-way streets go.
const ONE_WAY_LINES: i32 = 9;
/// Streets from north to south that cross the river.
const BRIDGES: [i32; 3] = [-8, 1, 11];
/// The street from west to east that is the trunk road.
const TRUNK_LINE: i32 = 2;
/// Other wide streets from west to east, one on each bank.
const WIDE: [i32; 2] = [-7, 10];
/// How far crossings are moved.
const STRAY_DM: i32 = 250;

/// A crossing: streets east and north of the middle.
type Crossing = (i32, i32);

/// Which ways a street is driven.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ways {
    Both,
    Up,
    Down,
}

/// The town, built.
pub struct Town {
    crossings: BTreeMap<Crossing, NodeIndex>,
}

impl Town {
    /// Lays all streets.
    pub fn build(works: &mut Works<'_>) -> Town {
        let lines = -LINES..=LINES;
        let grid = lines
            .clone()
            .flat_map(|x| lines.clone().map(move |y| (x, y)));
        let within = grid.filter(|&crossing| {
            let middle = Plane::default();
            distance_squared_dm2(place(crossing), middle)
                <= (TOWN_RADIUS_DM * TOWN_RADIUS_DM) as u64
        });
        let mut crossings = BTreeMap::new();
        for crossing in within {
            crossings.insert(crossing, works.node(place(crossing), STRAY_DM));
        }
        for (&(x, y), &node) in &crossings {
            let dry = |other| is_north(place((x, y))) == is_north(place(other));
            let (east, north) = ((x + 1, y), (x, y + 1));
            if let Some(&to) = crossings.get(&east).filter(|_| dry(east)) {
                street(works, node, to, along(y), ways(y, x.max(-x - 1)));
            }
            let bridge = BRIDGES.contains(&x);
            if let Some(&to) = crossings.get(&north).filter(|_| bridge || dry(north)) {
                street(works, node, to, across(x), ways(x, y.max(-y - 1)));
            }
        }
        Town { crossings }
    }

    /// The crossing nearest to a place, on the bank that is asked for; on a wide street where that is asked for.
    pub fn nearest(&self, works: &Works<'_>, to: Plane, north: bool, wide: bool) -> NodeIndex {
        let fits = |&(&(x, y), _): &(&Crossing, &NodeIndex)| {
            is_north(place((x, y))) == north
                && (!wide || along(y).class != STREET.class || across(x).class != STREET.class)
        };
        let near = |&(_, &node): &(&Crossing, &NodeIndex)| {
            (distance_squared_dm2(works.plane(node), to), node)
        };
        let found = self.crossings.iter().filter(fits).min_by_key(near);
        found.map_or(NodeIndex(0), |(_, &node)| node)
    }
}

/// Where a crossing is, before it is moved.
fn place((x, y): Crossing) -> Plane {
    Plane {
        x_dm: x * BLOCK_DM,
        y_dm: y * BLOCK_DM,
    }
}

/// The sort of a street from west to east.
fn along(y: i32) -> Sort {
    match y {
        TRUNK_LINE => TRUNK,
        _ if WIDE.contains(&y) => ARTERIAL,
        _ => STREET,
    }
}

/// The sort of a street from south to north.
fn across(x: i32) -> Sort {
    if BRIDGES.contains(&x) {
        ARTERIAL
    } else {
        STREET
    }
}

/// Of three streets in the middle of the town one is driven up, one down, one both ways. `reach`: how far out a block is.
fn ways(line: i32, reach: i32) -> Ways {
    if line.abs() > ONE_WAY_LINES || reach >= ONE_WAY_LINES {
        return Ways::Both;
    }
    match line.rem_euclid(3) {
        0 => Ways::Up,
        1 => Ways::Down,
        _ => Ways::Both,
    }
}

fn street(works: &mut Works<'_>, from: NodeIndex, to: NodeIndex, sort: Sort, ways: Ways) {
    let ways = if sort.class == STREET.class {
        ways
    } else {
        Ways::Both
    };
    if ways != Ways::Down {
        works.lane(from, to, sort);
    }
    if ways != Ways::Up {
        works.lane(to, from, sort);
    }
}

/// The few streets of a township around its seat.
pub fn township(works: &mut Works<'_>, seat: NodeIndex) {
    const AROUND: [(i32, i32); 8] = [
        (1, 0),
        (1, 1),
        (0, 1),
        (-1, 1),
        (-1, 0),
        (-1, -1),
        (0, -1),
        (1, -1),
    ];
    let middle = works.plane(seat);
    let ring = AROUND.map(|(x, y)| {
        let at = Plane {
            x_dm: middle.x_dm + x * BLOCK_DM,
            y_dm: middle.y_dm + y * BLOCK_DM,
        };
        works.node(at, STRAY_DM)
    });
    for (at, &node) in ring.iter().enumerate() {
        works.road(node, ring[(at + 1) % ring.len()], STREET);
        if at % 2 == 0 {
            works.road(seat, node, STREET);
        }
    }
}
