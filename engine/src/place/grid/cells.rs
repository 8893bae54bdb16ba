//! The geometry of a grid: which cell a point lies in, and how far a cell is at least.
//!
//! What lies outside the bounds is kept in the nearest cell on the edge. Distances between cells stay a lower bound of
//! the true ones all the same: to clamp two points into a rectangle never moves them apart (each coordinate is
//! clamped by a function of slope 0 or 1), and both ends of a cell distance are clamped points.
//!
//! Cells are numbered block by block, 64 neighbours (8 × 8) in a row, so that a block is one stretch of memory.

use crate::place::projection::Plane;

/// Cells a side of a block.
pub(crate) const BLOCK: u32 = 8;
/// Cells of a block.
pub(crate) const BLOCK_CELLS: u32 = BLOCK * BLOCK;
/// How many cells a grid has at most; finer ones are coarsened until they fit.
pub const CELLS_MAX: u32 = 1 << 20;

/// A rectangle in decimetres, edges included, that holds nearly all there is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// West edge.
    pub x_min_dm: i32,
    /// South edge.
    pub y_min_dm: i32,
    /// East edge.
    pub x_max_dm: i32,
    /// North edge.
    pub y_max_dm: i32,
}

impl Bounds {
    /// Around all of these; around the origin where there is none.
    pub fn around(places: &[Plane]) -> Bounds {
        let x = || places.iter().map(|place| place.x_dm);
        let y = || places.iter().map(|place| place.y_dm);
        Bounds {
            x_min_dm: x().min().unwrap_or(0),
            y_min_dm: y().min().unwrap_or(0),
            x_max_dm: x().max().unwrap_or(0),
            y_max_dm: y().max().unwrap_or(0),
        }
    }
}

/// Straight distance in whole decimetres, rounded down; what does not fit counts as `u32::MAX`.
pub fn distance_dm(x_dm: i32, y_dm: i32, to_x_dm: i32, to_y_dm: i32) -> u32 {
    distance_of(square_dm2(x_dm, y_dm, to_x_dm, to_y_dm))
}

/// Straight distance squared; saturates.
pub fn square_dm2(x_dm: i32, y_dm: i32, to_x_dm: i32, to_y_dm: i32) -> u64 {
    let dx = u64::from(x_dm.abs_diff(to_x_dm));
    let dy = u64::from(y_dm.abs_diff(to_y_dm));
    squares(dx, dy)
}

/// The root of a square, rounded down: that of a `u64` fits a `u32`.
pub fn distance_of(square_dm2: u64) -> u32 {
    square_dm2.isqrt() as u32
}

/// Grows with either leg.
fn squares(dx: u64, dy: u64) -> u64 {
    (dx * dx).saturating_add(dy * dy)
}

/// One axis: cells of equal width from an origin.
#[derive(Clone, Copy, Debug)]
struct Axis {
    min: i64,
    max: i64,
}

impl Axis {
    fn new(edge: i32, other: i32) -> Axis {
        Axis {
            min: i64::from(edge.min(other)),
            max: i64::from(edge.max(other)),
        }
    }

    fn cells(self, width: u32) -> u64 {
        ((self.max - self.min) / i64::from(width)) as u64 + 1
    }

    /// Clamped and counted from the axis' own origin.
    fn offset(self, at: i64) -> u32 {
        (at.clamp(self.min, self.max) - self.min) as u32
    }
}

/// The cells of a grid.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    x: Axis,
    y: Axis,
    /// Width of a cell in decimetres.
    pub width: u32,
    /// Cells from west to east.
    pub columns: u32,
    /// Cells from south to north.
    pub rows: u32,
}

/// A point as the cells see it: clamped, counted from the south-west corner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    x: u32,
    y: u32,
}

impl Cells {
    pub fn new(bounds: Bounds, width: u32) -> Cells {
        let x = Axis::new(bounds.x_min_dm, bounds.x_max_dm);
        let y = Axis::new(bounds.y_min_dm, bounds.y_max_dm);
        let mut width = width.max(1);
        let rounded = |cells: u64| cells.next_multiple_of(u64::from(BLOCK));
        while rounded(x.cells(width)).saturating_mul(rounded(y.cells(width))) > u64::from(CELLS_MAX)
        {
            width = width.saturating_mul(2);
        }
        Cells {
            x,
            y,
            width,
            columns: x.cells(width) as u32,
            rows: y.cells(width) as u32,
        }
    }

    /// How many numbers of cells there are; some at the edges belong to no cell.
    pub fn len(&self) -> u32 {
        self.block_columns() * self.block_rows() * BLOCK_CELLS
    }

    pub fn block_columns(&self) -> u32 {
        self.columns.div_ceil(BLOCK)
    }

    pub fn block_rows(&self) -> u32 {
        self.rows.div_ceil(BLOCK)
    }

    pub fn spot(&self, x_dm: i64, y_dm: i64) -> Spot {
        Spot {
            x: self.x.offset(x_dm),
            y: self.y.offset(y_dm),
        }
    }

    /// Column and row in squares of so many decimetres: cells or blocks.
    pub fn square(spot: Spot, width: u32) -> (u32, u32) {
        (spot.x / width, spot.y / width)
    }

    /// The south edge of a row, in decimetres.
    pub fn south_of(&self, row: u32) -> i64 {
        self.y.min + i64::from(row) * i64::from(self.width)
    }

    pub fn block_width(&self) -> u32 {
        self.width.saturating_mul(BLOCK)
    }

    pub fn block_number(&self, column: u32, row: u32) -> u32 {
        row * self.block_columns() + column
    }

    pub fn number(&self, column: u32, row: u32) -> u32 {
        let block = self.block_number(column / BLOCK, row / BLOCK);
        block * BLOCK_CELLS + row % BLOCK * BLOCK + column % BLOCK
    }

    pub fn number_at(&self, x_dm: i32, y_dm: i32) -> u32 {
        let spot = self.spot(i64::from(x_dm), i64::from(y_dm));
        let (column, row) = Cells::square(spot, self.width);
        self.number(column, row)
    }
}

/// How far any point whose clamped place is in this square is at least, squared.
pub(crate) fn square_least(spot: Spot, width: u32, column: u32, row: u32) -> u64 {
    let gap = |at: u32, index: u32| {
        let first = u64::from(index) * u64::from(width);
        let last = first + u64::from(width) - 1;
        let at = u64::from(at);
        first.saturating_sub(at) + at.saturating_sub(last)
    };
    squares(gap(spot.x, column), gap(spot.y, row))
}

/// How far anything in the squares of a ring around the spot's own square, or beyond it, is at least; `None` when the
/// ring lies outside the grid whole.
///
/// A side of the ring that is still inside the grid bounds what lies in it and behind it; each step outwards adds the
/// width to every side, so the least over the sides grows with the ring.
pub(crate) fn ring_least(
    spot: Spot,
    width: u32,
    columns: u32,
    rows: u32,
    ring: u32,
) -> Option<u32> {
    let side = |at: u32, squares: u32| {
        let own = at / width;
        let down =
            (own >= ring).then(|| at - ((own - ring) * width).saturating_add(width - 1).min(at));
        let up = (own + ring < squares).then(|| ((own + ring) * width).saturating_sub(at));
        down.into_iter().chain(up).min()
    };
    side(spot.x, columns)
        .into_iter()
        .chain(side(spot.y, rows))
        .min()
}

/// Calls back with column and row of each square of a ring that lies inside the grid.
pub(crate) fn each_of_ring(
    (column, row): (u32, u32),
    (columns, rows): (u32, u32),
    ring: u32,
    mut each: impl FnMut(u32, u32),
) {
    let west = column.saturating_sub(ring);
    let east = (column + ring).min(columns - 1);
    for at_row in row.saturating_sub(ring)..=(row + ring).min(rows - 1) {
        if at_row.abs_diff(row) == ring {
            (west..=east).for_each(|at_column| each(at_column, at_row));
            continue;
        }
        if column >= ring {
            each(column - ring, at_row);
        }
        if column + ring < columns {
            each(column + ring, at_row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distances_round_down_and_never_overflow() {
        assert_eq!(distance_dm(0, 0, 3, 4), 5);
        assert_eq!(distance_dm(0, 0, 1, 1), 1);
        assert_eq!(distance_dm(-5, 0, 5, 0), 10);
        assert_eq!(distance_dm(i32::MIN, 0, i32::MAX, 0), u32::MAX);
        assert_eq!(
            distance_dm(i32::MIN, i32::MIN, i32::MAX, i32::MAX),
            u32::MAX
        );
    }

    #[test]
    fn cells_are_bounded_whatever_is_asked_for() {
        let all = Bounds {
            x_min_dm: i32::MAX,
            y_min_dm: i32::MIN,
            x_max_dm: i32::MIN,
            y_max_dm: i32::MAX,
        };
        let cells = Cells::new(all, 0);
        assert!(cells.len() <= CELLS_MAX);
        assert!(cells.number_at(i32::MAX, i32::MAX) < cells.len());
        let spot = cells.spot(i64::MAX, i64::MAX);
        assert_eq!(
            ring_least(spot, cells.width, cells.columns, cells.rows, 0),
            Some(0)
        );
        assert_eq!(ring_least(spot, u32::MAX, 1, 1, 0), Some(0));
        let point = Bounds {
            x_min_dm: 5,
            y_min_dm: 5,
            x_max_dm: 5,
            y_max_dm: 5,
        };
        assert_eq!(Cells::new(point, 100).len(), BLOCK_CELLS);
        assert_eq!(Cells::new(point, u32::MAX).number_at(-7, 9), 0);
    }

    proptest! {
        /// What is said of a cell or a ring holds for every point in it, those outside the bounds included.
        #[test]
        fn no_point_is_nearer_than_its_cell_and_ring(
            (x, y, to_x, to_y) in (-900i32..900, -900i32..900, -900i32..900, -900i32..900),
            (right, top, width) in (0i32..600, 0i32..600, 1u32..90),
            coarse in any::<bool>(),
        ) {
            let cells = Cells::new(Bounds { x_min_dm: -300, y_min_dm: -300, x_max_dm: right, y_max_dm: top }, width);
            let (width, columns, rows) = if coarse {
                (cells.block_width(), cells.block_columns(), cells.block_rows())
            } else {
                (cells.width, cells.columns, cells.rows)
            };
            let spot = cells.spot(x.into(), y.into());
            let (own_column, own_row) = Cells::square(spot, width);
            let (column, row) = Cells::square(cells.spot(to_x.into(), to_y.into()), width);
            let distance = distance_dm(x, y, to_x, to_y);
            prop_assert!(square_least(spot, width, column, row) <= square_dm2(x, y, to_x, to_y));
            let ring = column.abs_diff(own_column).max(row.abs_diff(own_row));
            for nearer in 0..=ring {
                let least = ring_least(spot, width, columns, rows, nearer);
                prop_assert!(least.is_some_and(|least| least <= distance));
            }
            let mut seen = Vec::new();
            for ring in 0..columns.max(rows) {
                each_of_ring((own_column, own_row), (columns, rows), ring, |column, row| {
                    seen.push((column, row));
                    assert_eq!(column.abs_diff(own_column).max(row.abs_diff(own_row)), ring);
                });
                prop_assert_eq!(
                    ring_least(spot, width, columns, rows, ring + 1).is_none(),
                    seen.len() == (columns * rows) as usize
                );
            }
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), (columns * rows) as usize);
        }
    }
}
