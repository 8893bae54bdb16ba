//! Where the open incidents are, and which of them lie near a call.

use super::cells::{BLOCK, BLOCK_CELLS, Bounds, Cells};
use super::distance_dm;
use crate::memory::filled;

/// No node, no cell.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    x_dm: i32,
    y_dm: i32,
    /// `NONE` when it is not in the grid.
    cell: u32,
    next: u32,
    previous: u32,
}

/// Incidents by place; a node is a number the caller gives. Nothing is allocated after `new`.
///
/// A good width of a cell is the radius that is mostly asked for.
#[derive(Debug)]
pub struct IncidentGrid {
    cells: Cells,
    nodes: Vec<Node>,
    /// The first node of each cell.
    first: Vec<u32>,
    /// One bit for each cell of a block that has nodes.
    occupied: Vec<u64>,
    len: u32,
}

impl IncidentGrid {
    /// An empty grid for the nodes 0 to `nodes` - 1. Cells are `cell_dm` wide, or wider where that would make more than
    /// [`super::CELLS_MAX`].
    pub fn new(nodes: u32, bounds: Bounds, cell_dm: u32) -> IncidentGrid {
        let cells = Cells::new(bounds, cell_dm);
        let node = Node {
            x_dm: 0,
            y_dm: 0,
            cell: NONE,
            next: NONE,
            previous: NONE,
        };
        IncidentGrid {
            nodes: filled(node, nodes as usize),
            first: filled(NONE, cells.len() as usize),
            occupied: vec![0; (cells.len() / BLOCK_CELLS) as usize],
            cells,
            len: 0,
        }
    }

    /// How many nodes it holds.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts a node at a place, in place of the one it may have.
    pub fn insert(&mut self, node: u32, x_dm: i32, y_dm: i32) {
        self.remove(node);
        let cell = self.cells.number_at(x_dm, y_dm);
        let next = std::mem::replace(&mut self.first[cell as usize], node);
        if next != NONE {
            self.nodes[next as usize].previous = node;
        }
        self.nodes[node as usize] = Node {
            x_dm,
            y_dm,
            cell,
            next,
            previous: NONE,
        };
        self.occupied[(cell / BLOCK_CELLS) as usize] |= 1 << (cell % BLOCK_CELLS);
        self.len += 1;
    }

    /// Takes a node out; `false` when it is not there.
    pub fn remove(&mut self, node: u32) -> bool {
        let Node {
            cell,
            next,
            previous,
            ..
        } = self.nodes[node as usize];
        if cell == NONE {
            return false;
        }
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NONE {
            self.nodes[previous as usize].next = next;
        } else {
            self.first[cell as usize] = next;
            if next == NONE {
                self.occupied[(cell / BLOCK_CELLS) as usize] &= !(1 << (cell % BLOCK_CELLS));
            }
        }
        self.nodes[node as usize].cell = NONE;
        self.len -= 1;
        true
    }

    /// Touches what a look around here will begin with: first the cell, then who stands in it. What it gives says nothing.
    pub fn foresee(&self, x_dm: i32, y_dm: i32, stage: u8) -> u32 {
        let cell = self.cells.number_at(x_dm, y_dm);
        let first = self.first[cell as usize];
        if stage == 0 {
            return first ^ self.occupied[(cell / BLOCK_CELLS) as usize] as u32;
        }
        let node = self.nodes.get(first as usize);
        node.map_or(0, |node| node.next)
    }

    /// Calls back with each node within the radius and its distance. The order depends on the history: whoever chooses
    /// among the nodes must take the least by something of their own.
    pub fn within(&self, x_dm: i32, y_dm: i32, radius_dm: u32, mut each: impl FnMut(u32, u32)) {
        // To clamp keeps the order on each axis, so whatever is within the radius lies between these two corners, be
        // it outside the bounds or not.
        let corner = |sign: i64| {
            let reach = sign * i64::from(radius_dm);
            Cells::square(
                self.cells
                    .spot(i64::from(x_dm) + reach, i64::from(y_dm) + reach),
                self.cells.width,
            )
        };
        let (west, south) = corner(-1);
        let (east, north) = corner(1);
        for block_row in south / BLOCK..=north / BLOCK {
            for block_column in west / BLOCK..=east / BLOCK {
                let block = self.cells.block_number(block_column, block_row);
                let mut occupied = self.occupied[block as usize];
                while occupied != 0 {
                    let cell = occupied.trailing_zeros();
                    occupied &= occupied - 1;
                    let column = block_column * BLOCK + cell % BLOCK;
                    let row = block_row * BLOCK + cell / BLOCK;
                    if (west..=east).contains(&column) && (south..=north).contains(&row) {
                        self.cell(block * BLOCK_CELLS + cell, x_dm, y_dm, radius_dm, &mut each);
                    }
                }
            }
        }
    }

    fn cell(
        &self,
        cell: u32,
        x_dm: i32,
        y_dm: i32,
        radius_dm: u32,
        each: &mut impl FnMut(u32, u32),
    ) {
        let mut at = self.first[cell as usize];
        while at != NONE {
            let node = &self.nodes[at as usize];
            let distance = distance_dm(x_dm, y_dm, node.x_dm, node.y_dm);
            if distance <= radius_dm {
                each(at, distance);
            }
            at = node.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODES: u32 = 60;
    const BOUNDS: Bounds = Bounds {
        x_min_dm: -1_000,
        y_min_dm: -1_000,
        x_max_dm: 4_000,
        y_max_dm: 2_000,
    };

    #[derive(Clone, Debug)]
    enum Act {
        Insert(u32, (i32, i32)),
        Remove(u32),
        Within((i32, i32), u32),
    }

    fn places() -> impl Strategy<Value = (i32, i32)> {
        prop_oneof![
            8 => (-1_500i32..4_500, -1_500i32..2_500),
            1 => (any::<i32>(), any::<i32>()),
        ]
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let radii = prop_oneof![4 => 0u32..2_000, 1 => Just(u32::MAX)];
        let act = prop_oneof![
            4 => (0..NODES, places()).prop_map(|(node, place)| Act::Insert(node, place)),
            1 => (0..NODES).prop_map(Act::Remove),
            2 => (places(), radii).prop_map(|(place, radius)| Act::Within(place, radius)),
        ];
        prop::collection::vec(act, 0..250)
    }

    proptest! {
        #[test]
        fn within_lists_what_is_within(acts in acts(), width in 10u32..900) {
            let mut grid = IncidentGrid::new(NODES, BOUNDS, width);
            let mut plain = vec![None; NODES as usize];
            for act in acts {
                match act {
                    Act::Insert(node, (x, y)) => {
                        grid.insert(node, x, y);
                        plain[node as usize] = Some((x, y));
                    }
                    Act::Remove(node) => {
                        prop_assert_eq!(grid.remove(node), plain[node as usize].take().is_some());
                    }
                    Act::Within((x, y), radius) => {
                        let mut found = Vec::new();
                        grid.within(x, y, radius, |node, distance| found.push((node, distance)));
                        found.sort_unstable();
                        let expected: Vec<(u32, u32)> = (0..NODES)
                            .filter_map(|node| {
                                let (to_x, to_y) = plain[node as usize]?;
                                Some((node, distance_dm(x, y, to_x, to_y)))
                            })
                            .filter(|&(_, distance)| distance <= radius)
                            .collect();
                        prop_assert_eq!(found, expected);
                    }
                }
                prop_assert_eq!(grid.len() as usize, plain.iter().flatten().count());
            }
        }
    }

    #[test]
    fn the_edge_of_the_radius_is_within() {
        let mut grid = IncidentGrid::new(1, BOUNDS, 100);
        grid.insert(0, 300, 400);
        let count = |grid: &IncidentGrid, radius| {
            let mut count = 0;
            grid.within(0, 0, radius, |_, _| count += 1);
            count
        };
        assert_eq!((count(&grid, 499), count(&grid, 500)), (0, 1));
        assert!(grid.remove(0) && grid.is_empty());
    }
}
