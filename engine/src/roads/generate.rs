//! A made-up town of any size, for tests and benches: integers from a seed, the same on every machine.
//!
//! A grid of arterial roads with blocks of streets between them that few exits leave, streets that bend, dead ends and one-way streets; a
//! river with few bridges; two motorways with few ramps. So ways out of any quarter are few, as in towns that grew, and
//! separators stay small: a plain grid of streets would have paths in its elimination tree that are six times as long.

use super::import::{Draft, Report, SettleError, settle};
use super::network::{Edge, Network, Node, NodeIndex, RoadClass};
use crate::city::generate::random::Random;
use crate::place::Point;
use crate::place::projection::{Plane, Projection, distance_squared_dm2};

/// How a town is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where its south-west corner is.
    pub corner: Point,
    /// Blocks a side.
    pub blocks: u32,
    /// Crossings of streets a side of a block.
    pub streets: u32,
    /// From one arterial road to the next, in decimetres.
    pub block_dm: u32,
    /// Every so many arterial roads cross the river.
    pub bridge_every: u32,
    /// Every so many arterial roads meet the motorway.
    pub ramp_every: u32,
}

impl Layout {
    /// About 300 000 nodes.
    pub const METRO: Layout = Layout {
        corner: Point {
            lat_e7: 288_000_000,
            lon_e7: 1_206_000_000,
        },
        blocks: 31,
        streets: 9,
        block_dm: 7_000,
        bridge_every: 4,
        ramp_every: 3,
    };
    /// About 3 000 nodes.
    pub const TOWN: Layout = Layout {
        blocks: 5,
        streets: 5,
        ..Layout::METRO
    };
}

/// Speeds in km/h: normal and siren.
type Speeds = [u32; 2];

const MOTORWAY: (RoadClass, Speeds) = (RoadClass::Motorway, [100, 130]);
const RAMP: (RoadClass, Speeds) = (RoadClass::Trunk, [60, 70]);
const ARTERIAL: (RoadClass, Speeds) = (RoadClass::Primary, [60, 80]);
const STREET: (RoadClass, Speeds) = (RoadClass::Residential, [30, 45]);

/// A town under construction.
struct Town {
    layout: Layout,
    projection: Projection,
    random: Random,
    draft: Draft,
    planes: Vec<Plane>,
}

/// Makes a town. The same layout and seed make the same network.
pub fn generate(layout: Layout, seed: u64) -> Result<Network, SettleError> {
    let mut town = Town {
        layout,
        projection: Projection::new(layout.corner),
        random: Random::new(seed, "roads"),
        draft: Draft::default(),
        planes: Vec::new(),
    };
    let crossings = town.crossings();
    let (rows, columns) = town.arterials(&crossings);
    for row in 0..layout.blocks {
        for column in 0..layout.blocks {
            if row != town.river_row() {
                town.block(column, row, &rows, &columns);
            }
        }
    }
    town.motorways(&crossings);
    settle(town.draft, &mut Report::default())
}

impl Town {
    /// The row of blocks that is water.
    fn river_row(&self) -> u32 {
        self.layout.blocks / 2
    }

    fn node(&mut self, x_dm: i32, y_dm: i32, shake_dm: i32) -> NodeIndex {
        let place = Plane {
            x_dm: x_dm + self.random.between(-shake_dm, shake_dm),
            y_dm: y_dm + self.random.between(-shake_dm, shake_dm),
        };
        let index = NodeIndex(self.planes.len() as u32);
        self.planes.push(place);
        self.draft.nodes.push(Node {
            point: self.projection.point(place),
            name: i64::from(index.0) + 1,
        });
        index
    }

    fn edge(&mut self, from: NodeIndex, to: NodeIndex, (class, speeds): (RoadClass, Speeds)) {
        let (a, b) = (self.planes[from.0 as usize], self.planes[to.0 as usize]);
        let length_mm = (distance_squared_dm2(a, b) * 10_000).isqrt().max(1);
        self.draft.edges.push(Edge {
            from,
            to,
            length_mm: length_mm as u32,
            time_ms: speeds.map(|kmh| {
                let kmh = u64::from(kmh);
                ((length_mm * 36 + 5 * kmh) / (10 * kmh)) as u32
            }),
            class,
        });
    }

    /// A road over some bends, both ways or one; its nodes, ends included.
    fn road(
        &mut self,
        from: NodeIndex,
        to: NodeIndex,
        bends: u32,
        shake_dm: i32,
        both_ways: bool,
        sort: (RoadClass, Speeds),
    ) -> Vec<NodeIndex> {
        let (a, b) = (self.planes[from.0 as usize], self.planes[to.0 as usize]);
        let mut nodes = vec![from];
        for bend in 1..=bends as i32 {
            let part = |a: i32, b: i32| a + (b - a) * bend / (bends as i32 + 1);
            nodes.push(self.node(part(a.x_dm, b.x_dm), part(a.y_dm, b.y_dm), shake_dm));
        }
        nodes.push(to);
        for pair in nodes.windows(2) {
            self.edge(pair[0], pair[1], sort);
            if both_ways {
                self.edge(pair[1], pair[0], sort);
            }
        }
        nodes
    }

    /// Where arterial roads cross, row by row.
    fn crossings(&mut self) -> Vec<Vec<NodeIndex>> {
        let width = self.layout.block_dm as i32;
        let lines = 0..=self.layout.blocks as i32;
        lines
            .clone()
            .map(|row| {
                let columns = lines.clone();
                columns
                    .map(|column| self.node(column * width, row * width, width / 12))
                    .collect()
            })
            .collect()
    }

    /// The arterial roads along the rows and along the columns: the node in the middle of each stretch, where there is one.
    fn arterials(
        &mut self,
        crossings: &[Vec<NodeIndex>],
    ) -> (Vec<Vec<NodeIndex>>, Vec<Vec<Option<NodeIndex>>>) {
        let shake = self.layout.block_dm as i32 / 40;
        let blocks = self.layout.blocks as usize;
        let mut rows = Vec::new();
        for row in crossings {
            let stretches = row.windows(2);
            let middle =
                stretches.map(|pair| self.road(pair[0], pair[1], 3, shake, true, ARTERIAL)[2]);
            rows.push(middle.collect());
        }
        let mut columns = vec![vec![None; blocks]; blocks + 1];
        for row in 0..blocks {
            for column in 0..=blocks {
                let water = row as u32 == self.river_row();
                let bridge = (column as u32).is_multiple_of(self.layout.bridge_every);
                if !water || bridge {
                    let (from, to) = (crossings[row][column], crossings[row + 1][column]);
                    let middle = self.road(from, to, 3, shake, true, ARTERIAL)[2];
                    columns[column][row] = Some(middle);
                }
            }
        }
        (rows, columns)
    }

    /// The streets of one block, and its exits.
    fn block(
        &mut self,
        column: u32,
        row: u32,
        rows: &[Vec<NodeIndex>],
        columns: &[Vec<Option<NodeIndex>>],
    ) {
        let side = self.layout.streets as usize;
        let width = self.layout.block_dm as i32;
        let step = width / (side as i32 + 1);
        let corner = (column as i32 * width, row as i32 * width);
        let mut streets: Vec<Vec<NodeIndex>> = Vec::new();
        for y in 0..side {
            let mut line = Vec::new();
            for x in 0..side {
                let (x_dm, y_dm) = (
                    corner.0 + step * (x as i32 + 1),
                    corner.1 + step * (y as i32 + 1),
                );
                line.push(self.node(x_dm, y_dm, step / 4));
            }
            streets.push(line);
        }
        for y in 0..side {
            for x in 0..side {
                self.streets_of(&streets, x, y, step / 6);
            }
        }
        let middle = side / 2;
        let (column, row) = (column as usize, row as usize);
        let exits = [
            (streets[0][middle], Some(rows[row][column])),
            (streets[side - 1][middle], Some(rows[row + 1][column])),
            (streets[middle][0], columns[column][row]),
            (streets[middle][side - 1], columns[column + 1][row]),
        ];
        for (street, arterial) in exits {
            if let Some(arterial) = arterial {
                self.road(street, arterial, 1, step / 6, true, STREET);
            }
        }
    }

    /// The streets from one crossing to the west and the south: one at least, so that all hang together.
    fn streets_of(&mut self, streets: &[Vec<NodeIndex>], x: usize, y: usize, shake_dm: i32) {
        let west = (x > 0).then(|| streets[y][x - 1]);
        let south = (y > 0).then(|| streets[y - 1][x]);
        let west_first = self.random.below(2) == 0;
        let (first, second) = match (west, south) {
            (Some(west), Some(south)) if west_first => (Some(west), Some(south)),
            (Some(west), Some(south)) => (Some(south), Some(west)),
            (one, other) => (one.or(other), None),
        };
        let own = streets[y][x];
        if let Some(first) = first {
            let bends = 1 + self.random.below(4);
            self.road(own, first, bends, shake_dm, true, STREET);
        }
        if let Some(second) = second
            && self.random.below(10) < 4
        {
            let bends = self.random.below(4);
            let both_ways = self.random.below(4) > 0;
            self.road(own, second, bends, shake_dm, both_ways, STREET);
        }
    }

    /// One motorway to the east and one to the north, a third of the way into the town.
    fn motorways(&mut self, crossings: &[Vec<NodeIndex>]) {
        let line = self.layout.blocks as usize / 3;
        let aside = self.layout.block_dm as i32 / 5;
        let east: Vec<NodeIndex> = crossings[line].clone();
        let north: Vec<NodeIndex> = crossings.iter().map(|row| row[line]).collect();
        for (beside, (x, y)) in [(east, (0, aside)), (north, (aside, 0))] {
            let mut before: Option<NodeIndex> = None;
            for (at, crossing) in (0..).zip(beside) {
                let place = self.planes[crossing.0 as usize];
                let node = self.node(place.x_dm + x, place.y_dm + y, 50);
                if let Some(before) = before {
                    self.road(before, node, 2, 50, true, MOTORWAY);
                }
                if u32::is_multiple_of(at, self.layout.ramp_every) {
                    self.road(node, crossing, 1, 50, true, RAMP);
                }
                before = Some(node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roads::road_map::RoadMap;

    #[test]
    fn a_town_is_the_same_for_the_same_seed_and_hangs_together() {
        let town = generate(Layout::TOWN, 7).unwrap();
        assert_eq!(town, generate(Layout::TOWN, 7).unwrap());
        assert_ne!(town, generate(Layout::TOWN, 8).unwrap());
        assert!(
            (1_500..6_000).contains(&town.nodes.len()),
            "{}",
            town.nodes.len()
        );
        for class in [
            RoadClass::Motorway,
            RoadClass::Primary,
            RoadClass::Residential,
        ] {
            assert!(town.edges.iter().any(|edge| edge.class == class));
        }
        let map = RoadMap::build(town).unwrap();
        let mean = map.hierarchy().label_entries() / map.hierarchy().len() as usize;
        assert!(mean <= 80, "mean elimination path of {mean}");
    }
}
