//! Where the units are, and which fitting one costs least to send.
//!
//! Only units that are available and have a place stand in the lists of the cells. Each cell keeps the capabilities that its
//! listed units have between them, exactly; each block of 8 × 8 cells keeps for each capability which of its cells have
//! it. So a search steps over what cannot help.

use super::cells::{
    BLOCK, BLOCK_CELLS, Bounds, Cells, Spot, distance_of, each_of_ring, ring_least, square_dm2,
    square_least,
};

use crate::dispatch::shortlist::{Listed, Shortlist};
use crate::memory::on_large_pages;

/// No unit, no cell.
const NONE: u32 = u32::MAX;
/// Rings of cells that are searched before whole blocks are.
const RINGS_NEAR: u32 = 3;
/// Capabilities that there can be: one bit each.
const CAPABILITIES: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Unit {
    capabilities: u64,
    x_dm: i32,
    y_dm: i32,
    /// `NONE` when it has no place.
    cell: u32,
    /// While it is listed: the chunk that it stands in, and where in it.
    chunk: u32,
    at: u8,
    available: bool,
}

impl Unit {
    fn is_listed(&self) -> bool {
        self.available && self.cell != NONE
    }
}

/// Units of a chunk.
const CHUNK: usize = 8;

/// Some of a cell's listed units, side by side, so that a search that passes them waits for memory once and not for each.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    capabilities: [u64; CHUNK],
    places: [(i32, i32); CHUNK],
    units: [u32; CHUNK],
    len: u8,
    /// The cell's next chunk, which is full; the next free one in a chunk that is free.
    next: u32,
}

impl Chunk {
    const EMPTY: Chunk = Chunk {
        capabilities: [0; CHUNK],
        places: [(0, 0); CHUNK],
        units: [NONE; CHUNK],
        len: 0,
        next: NONE,
    };

    /// What each of its units can do.
    fn capabilities(&self) -> &[u64] {
        &self.capabilities[..usize::from(self.len)]
    }
}

/// All units by place. Nothing is allocated after `new`.
///
/// A good width of a cell leaves one or two available units in it on average.
#[derive(Debug)]
pub struct UnitGrid {
    cells: Cells,
    units: Vec<Unit>,
    /// The first chunk of each cell, the only one that may have room.
    first: Vec<u32>,
    chunks: Vec<Chunk>,
    /// The chunk that was freed last.
    free: u32,
    /// What the listed units of each cell can do between them.
    cell_capabilities: Vec<u64>,
    /// By block and capability: the cells of the block that have it, one bit each.
    able: Vec<[u64; CAPABILITIES]>,
    /// How many listed units have each capability.
    counts: [u32; 64],
    listed: u32,
}

impl UnitGrid {
    /// A grid for units 0 to `units_max` - 1, none of them placed, available or able to do anything. Cells are
    /// `cell_dm` wide, or wider where that would make more than [`super::CELLS_MAX`].
    pub fn new(units_max: u32, bounds: Bounds, cell_dm: u32) -> UnitGrid {
        let cells = Cells::new(bounds, cell_dm);
        let unit = Unit {
            capabilities: 0,
            x_dm: 0,
            y_dm: 0,
            cell: NONE,
            chunk: NONE,
            at: 0,
            available: false,
        };
        UnitGrid {
            units: vec![unit; units_max as usize],
            first: vec![NONE; cells.len() as usize],
            // Each has one unit at least.
            chunks: Vec::with_capacity(units_max as usize),
            free: NONE,
            cell_capabilities: vec![0; cells.len() as usize],
            able: on_large_pages(vec![
                [0; CAPABILITIES];
                (cells.len() / BLOCK_CELLS) as usize
            ]),
            cells,
            counts: [0; 64],
            listed: 0,
        }
    }

    /// How many units can be found: those that are available and have a place.
    pub fn len(&self) -> u32 {
        self.listed
    }

    /// Whether no unit can be found.
    pub fn is_empty(&self) -> bool {
        self.listed == 0
    }

    /// Puts a unit where it is now.
    pub fn place(&mut self, unit: u32, x_dm: i32, y_dm: i32) {
        let cell = self.cells.number_at(x_dm, y_dm);
        self.change(unit, cell, |unit| {
            (unit.x_dm, unit.y_dm, unit.cell) = (x_dm, y_dm, cell);
        });
    }

    /// Takes a unit's place away: it is not known where it is.
    pub fn displace(&mut self, unit: u32) {
        self.change(unit, NONE, |unit| unit.cell = NONE);
    }

    /// Says what a unit can do, one bit a capability.
    pub fn set_capabilities(&mut self, unit: u32, capabilities: u64) {
        if self.units[unit as usize].capabilities != capabilities {
            self.change(unit, NONE, |unit| unit.capabilities = capabilities);
        }
    }

    /// Says whether a unit may be ordered.
    pub fn set_available(&mut self, unit: u32, available: bool) {
        if self.units[unit as usize].available != available {
            self.change(unit, NONE, |unit| unit.available = available);
        }
    }

    /// Where a unit is.
    pub fn place_of(&self, unit: u32) -> Option<(i32, i32)> {
        let unit = &self.units[unit as usize];
        (unit.cell != NONE).then_some((unit.x_dm, unit.y_dm))
    }

    /// The available unit with all the needed capabilities that has the least total, with that total; of equal ones the least unit.
    ///
    /// `cost` gives the total in ms for a unit at a distance, `None` to leave it out. `bound` gives a total that no
    /// unit at that distance or farther undercuts; it must not fall with the distance. The answer is exact if it keeps
    /// to that, for a cell or ring is left out only when its bound is above the least total found.
    pub fn nearest(
        &self,
        x_dm: i32,
        y_dm: i32,
        need: u64,
        cost: impl Fn(u32, u32) -> Option<u32>,
        bound: impl Fn(u32) -> u32,
    ) -> Option<(u32, u32)> {
        let mut list = Shortlist::new();
        list.begin(1);
        let cost = |unit, distance_dm| {
            Some(Cost {
                total_ms: cost(unit, distance_dm)?,
                travel_ms: 0,
                extra_ms: 0,
            })
        };
        self.shortlist((x_dm, y_dm), need, cost, bound, &mut list);
        list.best().map(|best| (best.unit, best.total_ms))
    }

    /// Offers a list the available units with all the needed capabilities that may be among its soonest: `cost` says what
    /// each costs at a distance, `None` to leave it out. `bound` is as for [`UnitGrid::nearest`].
    pub fn shortlist(
        &self,
        (x_dm, y_dm): (i32, i32),
        need: u64,
        cost: impl Fn(u32, u32) -> Option<Cost>,
        bound: impl Fn(u32) -> u32,
        list: &mut Shortlist,
    ) {
        let mut choice = Cheapest {
            cost,
            bound,
            list,
            reach_dm2: u64::MAX,
        };
        // It may have somebody on it already.
        if choice.list.limit_ms() < u32::MAX {
            choice.draw_in(0);
        }
        self.search(x_dm, y_dm, need, &mut choice);
    }

    /// Touches what a search around here will begin with: first the cell, then who stands in it. What it gives says nothing.
    pub fn foresee(&self, x_dm: i32, y_dm: i32, stage: u8) -> u32 {
        let cell = self.cells.number_at(x_dm, y_dm) as usize;
        let first = self.first[cell];
        if stage == 0 {
            return first ^ self.cell_capabilities[cell] as u32;
        }
        let chunk = self.chunks.get(first as usize);
        chunk.map_or(0, |chunk| {
            chunk.capabilities[0] as u32 ^ chunk.places[0].0 as u32 ^ chunk.units[0]
        })
    }

    /// Touches one unit.
    pub fn foresee_unit(&self, unit: u32) -> u32 {
        let known = self.units.get(unit as usize);
        known.map_or(0, |known| known.cell)
    }

    /// Shows a choice the available units with all the needed capabilities, nearer cells first, until it says that nothing
    /// farther can be chosen.
    pub fn search(&self, x_dm: i32, y_dm: i32, need: u64, choice: &mut impl Choice) {
        let spot = self.cells.spot(i64::from(x_dm), i64::from(y_dm));
        let mut search = Search {
            grid: self,
            x_dm,
            y_dm,
            spot,
            need,
            choice,
        };
        if self.could(need) && search.near() {
            search.far();
        }
    }

    /// Whether each needed capability is had by some listed unit.
    fn could(&self, need: u64) -> bool {
        self.listed > 0 && bits(need).all(|bit| self.counts[bit] > 0)
    }

    /// Changes a unit, which will be in `cell` or where it was, and keeps the lists right.
    fn change(&mut self, unit: u32, cell: u32, change: impl FnOnce(&mut Unit)) {
        let before = self.units[unit as usize];
        // The usual report of a position: the unit moved within its cell.
        let stays = before.cell == cell;
        if before.is_listed() && !stays {
            self.unlist(unit);
        }
        change(&mut self.units[unit as usize]);
        let after = self.units[unit as usize];
        if before.is_listed() && stays {
            let chunk = &mut self.chunks[after.chunk as usize];
            chunk.places[usize::from(after.at)] = (after.x_dm, after.y_dm);
        } else if after.is_listed() {
            self.list(unit);
        }
    }

    fn list(&mut self, unit: u32) {
        let cell = self.units[unit as usize].cell;
        let mut head = self.first[cell as usize];
        if head == NONE || usize::from(self.chunks[head as usize].len) == CHUNK {
            head = self.take_chunk(head);
            self.first[cell as usize] = head;
        }
        let chunk = &mut self.chunks[head as usize];
        let entry = &mut self.units[unit as usize];
        (entry.chunk, entry.at) = (head, chunk.len);
        let (at, capabilities) = (usize::from(chunk.len), entry.capabilities);
        chunk.capabilities[at] = capabilities;
        chunk.places[at] = (entry.x_dm, entry.y_dm);
        chunk.units[at] = unit;
        chunk.len += 1;
        let had = self.cell_capabilities[cell as usize];
        self.cell_capabilities[cell as usize] = had | capabilities;
        let able = &mut self.able[(cell / BLOCK_CELLS) as usize];
        bits(capabilities & !had).for_each(|bit| able[bit] |= 1 << (cell % BLOCK_CELLS));
        bits(capabilities).for_each(|bit| self.counts[bit] += 1);
        self.listed += 1;
    }

    /// An empty chunk before this one.
    fn take_chunk(&mut self, next: u32) -> u32 {
        let empty = Chunk {
            next,
            ..Chunk::EMPTY
        };
        let chunk = self.free;
        if chunk == NONE {
            self.chunks.push(empty);
            return self.chunks.len() as u32 - 1;
        }
        self.free = self.chunks[chunk as usize].next;
        self.chunks[chunk as usize] = empty;
        chunk
    }

    /// The last unit of the cell's first chunk takes its place.
    fn unlist(&mut self, unit: u32) {
        let Unit {
            capabilities,
            cell,
            chunk,
            at,
            ..
        } = self.units[unit as usize];
        let head = self.first[cell as usize];
        let first = &mut self.chunks[head as usize];
        first.len -= 1;
        let last = usize::from(first.len);
        let moved = (
            first.capabilities[last],
            first.places[last],
            first.units[last],
        );
        if last == 0 {
            self.first[cell as usize] = first.next;
            first.next = std::mem::replace(&mut self.free, head);
        }
        if moved.2 != unit {
            let hole = &mut self.chunks[chunk as usize];
            let place = usize::from(at);
            (
                hole.capabilities[place],
                hole.places[place],
                hole.units[place],
            ) = moved;
            let entry = &mut self.units[moved.2 as usize];
            (entry.chunk, entry.at) = (chunk, at);
        }
        bits(capabilities).for_each(|bit| self.counts[bit] -= 1);
        self.listed -= 1;
        self.forget(cell, capabilities);
    }

    /// Takes out of a cell's capabilities those of a unit that left which no other still has. Looks at others only until
    /// they make up for it, which is nearly always at once.
    fn forget(&mut self, cell: u32, mut lost: u64) {
        let mut at = self.first[cell as usize];
        while at != NONE && lost != 0 {
            let chunk = &self.chunks[at as usize];
            let had = chunk.capabilities().iter().fold(0, |had, can| had | can);
            lost &= !had;
            at = chunk.next;
        }
        self.cell_capabilities[cell as usize] &= !lost;
        let able = &mut self.able[(cell / BLOCK_CELLS) as usize];
        bits(lost).for_each(|bit| able[bit] &= !(1 << (cell % BLOCK_CELLS)));
    }
}

/// The numbers of the bits that are set.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// What one unit costs, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Until it is there.
    pub total_ms: u32,
    /// Of that on the way.
    pub travel_ms: u32,
    /// What is added when it is compared.
    pub extra_ms: u32,
}

/// What a search is for.
pub trait Choice {
    /// Whether nothing at this straight distance or farther can be chosen any more; stays so as the distance grows. Squared,
    /// for a root a cell is dear; [`distance_of`] takes it.
    fn is_beyond(&self, square_dm2: u64) -> bool;

    /// One unit, at this straight distance, squared.
    fn consider(&mut self, unit: u32, square_dm2: u64);
}

/// The soonest, and of them who comes to the least.
struct Cheapest<'a, C, B> {
    cost: C,
    bound: B,
    list: &'a mut Shortlist,
    /// Nobody farther away can be chosen; square decimetres. Most cells and units are farther, and are left out without a
    /// root, let alone a cost.
    reach_dm2: u64,
}

impl<C, B: Fn(u32) -> u32> Cheapest<'_, C, B> {
    /// Finds a square whose root, rounded down, has a bound above what is wanted at most, as everything farther has: equal totals
    /// can be chosen, a lesser unit may have them. Not the least such square but one near it: to look at a little more is
    /// cheaper than to find it. `distance_dm` is one whose bound is not above that; where there is none, 0.
    fn draw_in(&mut self, distance_dm: u32) {
        let total = self.list.limit_ms();
        let undercuts = |distance: u64| {
            u32::try_from(distance).is_ok_and(|distance| (self.bound)(distance) <= total)
        };
        let mut within = u64::from(distance_dm);
        let mut beyond = self.reach_dm2.isqrt() + 1;
        // Outwards by doubling, then by halves.
        let mut probe = 2 * within + 1;
        while probe < beyond && undercuts(probe) {
            within = probe;
            probe *= 2;
        }
        beyond = beyond.min(probe);
        while within + within / 16 + 1 < beyond {
            let middle = within + (beyond - within) / 2;
            if undercuts(middle) {
                within = middle;
            } else {
                beyond = middle;
            }
        }
        let square = u128::from(beyond) * u128::from(beyond);
        self.reach_dm2 = u64::try_from(square.saturating_sub(1)).unwrap_or(u64::MAX);
    }
}

impl<C: Fn(u32, u32) -> Option<Cost>, B: Fn(u32) -> u32> Choice for Cheapest<'_, C, B> {
    fn is_beyond(&self, square_dm2: u64) -> bool {
        square_dm2 > self.reach_dm2
    }

    fn consider(&mut self, unit: u32, square_dm2: u64) {
        if self.is_beyond(square_dm2) {
            return;
        }
        let distance_dm = distance_of(square_dm2);
        let Some(cost) = (self.cost)(unit, distance_dm) else {
            return;
        };
        let before = self.list.limit_ms();
        self.list.offer(Listed {
            total_ms: cost.total_ms,
            unit,
            sum_ms: cost.total_ms.saturating_add(cost.extra_ms),
            travel_ms: cost.travel_ms,
        });
        if self.list.limit_ms() < before {
            self.draw_in(distance_dm);
        }
    }
}

struct Search<'a, C> {
    grid: &'a UnitGrid,
    x_dm: i32,
    y_dm: i32,
    spot: Spot,
    need: u64,
    choice: &'a mut C,
}

impl<C: Choice> Search<'_, C> {
    /// Searches cell by cell in rings; says whether there may be something farther out.
    fn near(&mut self) -> bool {
        let cells = &self.grid.cells;
        let own = Cells::square(self.spot, cells.width);
        for ring in 0..RINGS_NEAR {
            match ring_least(self.spot, cells.width, cells.columns, cells.rows, ring) {
                Some(least) if !self.choice.is_beyond(u64::from(least).pow(2)) => {}
                Some(_) | None => return false,
            }
            each_of_ring(own, (cells.columns, cells.rows), ring, |column, row| {
                self.cell(column, row)
            });
        }
        true
    }

    /// Searches block by block in rings, without the cells that `near` has seen.
    fn far(&mut self) {
        let cells = &self.grid.cells;
        let width = cells.block_width();
        let own = Cells::square(self.spot, width);
        let size = (cells.block_columns(), cells.block_rows());
        for ring in 0.. {
            match ring_least(self.spot, width, size.0, size.1, ring) {
                Some(least) if !self.choice.is_beyond(u64::from(least).pow(2)) => {}
                Some(_) | None => return,
            }
            each_of_ring(own, size, ring, |column, row| self.block(column, row));
        }
    }

    fn block(&mut self, column: u32, row: u32) {
        let cells = &self.grid.cells;
        let able = &self.grid.able[cells.block_number(column, row) as usize];
        // Of several capabilities a cell may have each by another unit; that is seen in the cell.
        let able = bits(self.need).fold(u64::MAX, |all, bit| all & able[bit]);
        if able == 0
            || self
                .choice
                .is_beyond(square_least(self.spot, cells.block_width(), column, row))
        {
            return;
        }
        let own = Cells::square(self.spot, cells.width);
        for cell in bits(able) {
            let column = column * BLOCK + cell as u32 % BLOCK;
            let row = row * BLOCK + cell as u32 / BLOCK;
            if column.abs_diff(own.0).max(row.abs_diff(own.1)) >= RINGS_NEAR {
                self.cell(column, row);
            }
        }
    }

    fn cell(&mut self, column: u32, row: u32) {
        let cells = &self.grid.cells;
        let cell = cells.number(column, row) as usize;
        if self.grid.cell_capabilities[cell] & self.need != self.need
            || self
                .choice
                .is_beyond(square_least(self.spot, cells.width, column, row))
        {
            return;
        }
        let mut at = self.grid.first[cell];
        while at != NONE {
            let chunk = &self.grid.chunks[at as usize];
            for (at, can) in chunk.capabilities().iter().enumerate() {
                if can & self.need == self.need {
                    let (x_dm, y_dm) = chunk.places[at];
                    let square = square_dm2(self.x_dm, self.y_dm, x_dm, y_dm);
                    self.choice.consider(chunk.units[at], square);
                }
            }
            at = chunk.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::grid::distance_dm;
    use proptest::prelude::*;
    use std::cell::Cell;

    const UNITS: u32 = 60;
    const BOUNDS: Bounds = Bounds {
        x_min_dm: -1_000,
        y_min_dm: -1_000,
        x_max_dm: 4_000,
        y_max_dm: 2_000,
    };

    #[derive(Clone, Debug)]
    enum Act {
        Place(u32, i32, i32),
        Displace(u32),
        Capabilities(u32, u64),
        Available(u32, bool),
        Nearest {
            x: i32,
            y: i32,
            need: u64,
            slow: u32,
        },
    }

    /// Inside, outside, far outside, and on few places so that ties are met.
    fn places() -> impl Strategy<Value = (i32, i32)> {
        prop_oneof![
            4 => (-1_500i32..4_500, -1_500i32..2_500),
            2 => (0i32..4, 0i32..4).prop_map(|(x, y)| (x * 1_000, y * 500)),
            1 => (any::<i32>(), any::<i32>()),
        ]
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let capabilities = prop_oneof![Just(0u64), 0u64..8, Just(1 << 63), Just(u64::MAX)];
        let act = prop_oneof![
            6 => (0..UNITS, places()).prop_map(|(unit, (x, y))| Act::Place(unit, x, y)),
            1 => (0..UNITS).prop_map(Act::Displace),
            3 => (0..UNITS, capabilities).prop_map(|(unit, set)| Act::Capabilities(unit, set)),
            5 => (0..UNITS, prop::bool::weighted(0.7)).prop_map(|(unit, yes)| Act::Available(unit, yes)),
            5 => (places(), 0u64..8, 1u32..4)
                .prop_map(|((x, y), need, slow)| Act::Nearest { x, y, need, slow }),
        ];
        prop::collection::vec(act, 0..250)
    }

    /// Turn-out and detour differ by unit, one unit is left out, and totals are coarse so that many are equal.
    fn cost(slow: u32) -> impl Fn(u32, u32) -> Option<u32> {
        move |unit, distance| {
            (unit % 13 != 5).then(|| {
                (distance / 1_024)
                    .saturating_mul(slow)
                    .saturating_add(unit % 3)
            })
        }
    }

    fn bound(slow: u32) -> impl Fn(u32) -> u32 {
        move |distance| (distance / 1_024).saturating_mul(slow)
    }

    /// The definition: every unit looked at.
    fn plain_nearest(units: &[Unit], x: i32, y: i32, need: u64, slow: u32) -> Option<(u32, u32)> {
        (0..)
            .zip(units)
            .filter(|(_, unit)| unit.is_listed() && unit.capabilities & need == need)
            .filter_map(|(number, unit)| {
                Some((
                    cost(slow)(number, distance_dm(x, y, unit.x_dm, unit.y_dm))?,
                    number,
                ))
            })
            .min()
            .map(|(total, number)| (number, total))
    }

    /// Lists, capabilities and counts say what the units say.
    fn check(grid: &UnitGrid) {
        let mut cells = vec![0; grid.first.len()];
        let mut counts = [0; 64];
        let mut listed = vec![false; UNITS as usize];
        for (cell, capabilities) in cells.iter_mut().enumerate() {
            let mut at = grid.first[cell];
            while at != NONE {
                let chunk = &grid.chunks[at as usize];
                assert!(chunk.len > 0 && (at == grid.first[cell] || chunk.len as usize == CHUNK));
                for (place, &can) in chunk.capabilities().iter().enumerate() {
                    let number = chunk.units[place] as usize;
                    let unit = &grid.units[number];
                    assert!(unit.cell as usize == cell && !listed[number]);
                    assert_eq!((unit.chunk, usize::from(unit.at)), (at, place));
                    let copied = (unit.capabilities, (unit.x_dm, unit.y_dm));
                    assert_eq!((can, chunk.places[place]), copied);
                    listed[number] = true;
                    *capabilities |= can;
                    bits(can).for_each(|bit| counts[bit] += 1);
                }
                at = chunk.next;
            }
        }
        assert_eq!(
            listed,
            grid.units.iter().map(Unit::is_listed).collect::<Vec<_>>()
        );
        assert_eq!(
            grid.listed as usize,
            listed.iter().filter(|&&listed| listed).count()
        );
        assert_eq!(grid.cell_capabilities, cells);
        assert_eq!(grid.counts, counts);
        for (block, cells) in grid.able.iter().zip(cells.chunks(BLOCK_CELLS as usize)) {
            for (bit, &able) in block.iter().enumerate() {
                let has = (0..).zip(cells).map(|(at, can)| (can >> bit & 1) << at);
                assert_eq!(able, has.fold(0, |all, one| all | one));
            }
        }
    }

    proptest! {
        #[test]
        fn the_nearest_is_the_nearest_of_all(acts in acts(), width in 10u32..900) {
            let mut grid = UnitGrid::new(UNITS, BOUNDS, width);
            let start = Unit {
                capabilities: 0, x_dm: 0, y_dm: 0, cell: NONE, chunk: NONE, at: 0, available: false,
            };
            let mut plain = vec![start; UNITS as usize];
            for act in acts {
                match act {
                    Act::Place(unit, x, y) => {
                        grid.place(unit, x, y);
                        let entry = &mut plain[unit as usize];
                        (entry.x_dm, entry.y_dm, entry.cell) = (x, y, 0);
                        prop_assert_eq!(grid.place_of(unit), Some((x, y)));
                    }
                    Act::Displace(unit) => {
                        grid.displace(unit);
                        plain[unit as usize].cell = NONE;
                        prop_assert_eq!(grid.place_of(unit), None);
                    }
                    Act::Capabilities(unit, set) => {
                        grid.set_capabilities(unit, set);
                        plain[unit as usize].capabilities = set;
                    }
                    Act::Available(unit, yes) => {
                        grid.set_available(unit, yes);
                        plain[unit as usize].available = yes;
                    }
                    Act::Nearest { x, y, need, slow } => prop_assert_eq!(
                        grid.nearest(x, y, need, cost(slow), bound(slow)),
                        plain_nearest(&plain, x, y, need, slow)
                    ),
                }
                prop_assert_eq!(grid.len() as usize, plain.iter().filter(|unit| unit.is_listed()).count());
            }
            check(&grid);
        }
    }

    /// A city of 100 km: the work of a search, counted in units looked at, stays the same from 1 000 to 100 000.
    #[test]
    fn a_search_looks_at_few_units_however_many_there_are() {
        for units in [1_000u32, 10_000, 100_000] {
            let bounds = Bounds {
                x_min_dm: 0,
                y_min_dm: 0,
                x_max_dm: 999_999,
                y_max_dm: 999_999,
            };
            let mut grid = UnitGrid::new(units, bounds, 1_000_000 / units.isqrt());
            let mut seed = 7u64;
            let mut random = || {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as i32 % 1_000_000
            };
            for unit in 0..units {
                grid.place(unit, random(), random());
                grid.set_capabilities(unit, 1 | if unit % 100 == 0 { 2 } else { 0 });
                grid.set_available(unit, unit % 10 < 4);
            }
            for (need, looks_max) in [(1, 30), (2, 30)] {
                let looks = Cell::new(0);
                for _ in 0..200 {
                    let count = |_, distance| {
                        looks.set(looks.get() + 1);
                        Some(distance)
                    };
                    assert!(
                        grid.nearest(random(), random(), need, count, |distance| distance)
                            .is_some()
                    );
                }
                assert!(
                    looks.get() <= 200 * looks_max,
                    "{} looks for {units} units",
                    looks.get()
                );
            }
        }
    }

    #[test]
    fn what_nobody_can_do_is_known_at_once() {
        let mut grid = UnitGrid::new(2, BOUNDS, 100);
        for unit in 0..2 {
            grid.place(unit, 0, 0);
            grid.set_capabilities(unit, 1 << unit);
            grid.set_available(unit, true);
        }
        let find = |grid: &UnitGrid, need| {
            grid.nearest(
                9,
                9,
                need,
                |_, distance| Some(distance),
                |distance| distance,
            )
        };
        assert_eq!(find(&grid, 0b10), Some((1, 12)));
        // Two units have the two between them, none has both.
        assert_eq!(find(&grid, 0b11), None);
        assert!(grid.could(0b11));
        grid.set_available(1, false);
        assert!(!grid.could(0b10));
        assert_eq!(find(&grid, 0b10), None);
    }
}
