//! The roads of the country: the trunk road and those of the valleys from seat to seat, then a road to every hamlet.
//!
//! There is a hamlet in each cell of the county's mesh outside the town. Roads grow from the valleys outwards over rough and smooth
//! ground, so they branch as valleys do; two hamlets side by side often hang on different branches, and over a ridge between two
//! townships, or over the river, a road leads only here and there.

use super::river::is_north;
use super::streets::{Town, township};
use super::{PASS, Sort, TRUNK, VALLEY, VILLAGE, Works};
use crate::city::generate::layout::{CELL_DM, CellPlace, Layout, SUBURB, TOWN_RADIUS_DM, middle};
use crate::place::projection::{Plane, distance_squared_dm2};
use crate::roads::network::NodeIndex;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// The valleys: the places along each, by index, from the town outwards.
const VALLEYS: [(Sort, &[usize]); 7] = [
    (TRUNK, &[SUBURB, 4, 5, 6, 7]),
    (TRUNK, &[8, 9, 10, 11]),
    (VALLEY, &[12, 13, 14]),
    (VALLEY, &[15, 16, 17]),
    (VALLEY, &[18, 19, 20]),
    (VALLEY, &[21, 22]),
    (VALLEY, &[23]),
];
/// Places whose hamlets across the river have a bridge, besides those of the town and of the trunk road.
const BRIDGES_AT: [usize; 2] = [5, 9];
/// How far hamlets lie from the middles of their cells, and bends beside their road.
const STRAY_DM: i32 = 1_500;
const BEND_DM: i32 = 700;
/// How rough the ground of a cell may be, where a step costs 10, a slanting one 14.
const ROUGH_MOST: i32 = 12;
/// What a way over the river, or into the town from its other bank, costs a valley road.
const RIVER_COST: u32 = 90;
const OTHER_BANK_COST: u32 = 1_000;
/// What it costs a road to a hamlet to cross a ridge between two townships, or the river.
const RIDGE_COST: u32 = 250;
const FLOOD_COST: u32 = 100_000;
/// Of a thousand pairs of neighbours that no road joins yet: which one joins in the suburb, in a township, over a ridge.
const JOINED_PERMILLE: [u32; 3] = [450, 120, 100];

/// The country under construction.
struct Country<'a, 'w> {
    works: &'a mut Works<'w>,
    layout: &'a Layout,
    town: &'a Town,
    /// The hamlet of each cell outside the town, and whether it is north of the river.
    hamlets: BTreeMap<CellPlace, (NodeIndex, bool)>,
    rough: BTreeMap<CellPlace, u32>,
    joined: BTreeSet<(CellPlace, CellPlace)>,
    /// Cells from which roads grow.
    begun: BTreeSet<CellPlace>,
}

/// Builds all roads outside the town.
pub fn build(works: &mut Works<'_>, layout: &Layout, town: &Town) {
    let mut country = Country {
        works,
        layout,
        town,
        hamlets: BTreeMap::new(),
        rough: BTreeMap::new(),
        joined: BTreeSet::new(),
        begun: BTreeSet::new(),
    };
    country.settle();
    for (sort, places) in VALLEYS {
        country.valley(sort, places);
    }
    country.bridges();
    country.grow();
    country.passes();
}

/// The cell that a place lies in.
fn cell_of(at: Plane) -> CellPlace {
    (at.x_dm.div_euclid(CELL_DM), at.y_dm.div_euclid(CELL_DM))
}

fn is_town(cell: CellPlace) -> bool {
    distance_squared_dm2(middle(cell), Plane::default()) <= (TOWN_RADIUS_DM * TOWN_RADIUS_DM) as u64
}

impl Country<'_, '_> {
    /// Hamlets, and the streets of townships; a seat is the hamlet of its cell.
    fn settle(&mut self) {
        let seats = self.layout.seats[SUBURB..].iter();
        let seats: BTreeMap<CellPlace, Plane> = seats.map(|&seat| (cell_of(seat), seat)).collect();
        for &cell in self.layout.cells.keys() {
            let rough = self.works.random.between(0, ROUGH_MOST);
            self.rough.insert(cell, rough.unsigned_abs());
            if is_town(cell) {
                self.begun.insert(cell);
                continue;
            }
            let node = match seats.get(&cell) {
                Some(&seat) => {
                    let node = self.works.node(seat, 0);
                    township(self.works, node);
                    node
                }
                None => self.works.node(middle(cell), STRAY_DM),
            };
            let north = is_north(self.works.plane(node));
            self.hamlets.insert(cell, (node, north));
        }
    }

    /// Whether a cell is north of the river.
    fn bank(&self, cell: CellPlace) -> bool {
        let hamlet = self.hamlets.get(&cell);
        hamlet.map_or_else(|| is_north(middle(cell)), |&(_, north)| north)
    }

    /// A road along a valley, from the town to each seat in turn.
    fn valley(&mut self, sort: Sort, places: &[usize]) {
        let mut before = None;
        for &place in places {
            let seat = cell_of(self.layout.seats[place]);
            let way = self.way(seat, |cell| before.map_or(is_town(cell), |it| it == cell));
            for pair in way.windows(2) {
                self.join(pair[0], pair[1], sort);
            }
            self.begun.extend(way);
            before = Some(seat);
        }
    }

    /// The way of least cost from a cell to the first that will do, over sides and corners.
    fn way(&self, from: CellPlace, will_do: impl Fn(CellPlace) -> bool) -> Vec<CellPlace> {
        let mut reached: BTreeMap<CellPlace, CellPlace> = BTreeMap::new();
        let mut waiting = BinaryHeap::from([Reverse((0, from, from))]);
        while let Some(Reverse((cost, cell, before))) = waiting.pop() {
            if reached.contains_key(&cell) {
                continue;
            }
            reached.insert(cell, before);
            if will_do(cell) {
                return back(&reached, cell);
            }
            for (next, step) in around(cell) {
                if let Some(&rough) = self.rough.get(&next)
                    && !is_town(cell)
                {
                    let river = match (self.bank(cell) == self.bank(next), is_town(next)) {
                        (true, _) => 0,
                        (false, false) => RIVER_COST,
                        (false, true) => OTHER_BANK_COST,
                    };
                    waiting.push(Reverse((cost + step + rough + river, next, cell)));
                }
            }
        }
        Vec::new()
    }

    /// Bridges of the country: straight down from a seat to the other bank.
    fn bridges(&mut self) {
        for place in BRIDGES_AT {
            let (column, top) = cell_of(self.layout.seats[place]);
            let banks = (top - 8..=top).rev().map(|row| (column, row));
            let banks: Vec<CellPlace> = banks
                .filter(|cell| self.hamlets.contains_key(cell))
                .collect();
            let river = banks
                .windows(2)
                .find(|pair| self.bank(pair[0]) != self.bank(pair[1]));
            if let Some(pair) = river {
                self.join(pair[0], pair[1], VALLEY);
            }
        }
    }

    /// A road to every hamlet that has none yet, from wherever one is begun.
    fn grow(&mut self) {
        let mut reached: BTreeSet<CellPlace> = BTreeSet::new();
        let begun = self.begun.iter().map(|&cell| Reverse((0, cell, cell)));
        let mut waiting: BinaryHeap<_> = begun.collect();
        while let Some(Reverse((cost, cell, before))) = waiting.pop() {
            if !reached.insert(cell) {
                continue;
            }
            if before != cell {
                self.join(before, cell, VILLAGE);
            }
            for (next, step) in around(cell).into_iter().take(4) {
                let Some(&rough) = self.rough.get(&next) else {
                    continue;
                };
                let ridge = self.layout.cells.get(&cell) != self.layout.cells.get(&next);
                let ridge = u32::from(ridge && !is_town(cell)) * RIDGE_COST;
                let flood = u32::from(self.bank(cell) != self.bank(next)) * FLOOD_COST;
                let cost = cost + step + 3 * rough + ridge + flood;
                waiting.push(Reverse((cost, next, cell)));
            }
        }
    }

    /// A few more roads, that make rounds, and fewer over ridges.
    fn passes(&mut self) {
        let [suburb, township, ridge] = JOINED_PERMILLE;
        let cells: Vec<(CellPlace, usize)> = self
            .layout
            .cells
            .iter()
            .map(|(&cell, &owner)| (cell, owner))
            .collect();
        for (cell, owner) in cells {
            for (next, _) in around(cell).into_iter().take(2) {
                let Some(&other) = self.layout.cells.get(&next) else {
                    continue;
                };
                let (permille, sort) = match owner == other {
                    true if owner == SUBURB => (suburb, VILLAGE),
                    true => (township, VILLAGE),
                    false => (ridge, PASS),
                };
                let drawn = self.works.random.below(1_000) < permille;
                if drawn && self.bank(cell) == self.bank(next) && !is_town(cell) && !is_town(next) {
                    self.join(cell, next, sort);
                }
            }
        }
    }

    /// Joins two cells by a road, unless one is there. Within the town nothing is to be done.
    fn join(&mut self, a: CellPlace, b: CellPlace, sort: Sort) {
        if !self.joined.insert((a.min(b), a.max(b))) {
            return;
        }
        let wide = sort.class != VILLAGE.class;
        let ends = (self.hamlets.get(&a).copied(), self.hamlets.get(&b).copied());
        let (from, to) = match ends {
            (Some((from, _)), Some((to, _))) => (from, to),
            (Some((hamlet, north)), None) | (None, Some((hamlet, north))) => {
                let at = self.works.plane(hamlet);
                (hamlet, self.town.nearest(self.works, at, north, wide))
            }
            (None, None) => return,
        };
        if wide {
            self.works.winding_road(from, to, BEND_DM, sort);
        } else {
            self.works.road(from, to, sort);
        }
    }
}

/// The cells around one with what a step there costs: over the sides east and north, west and south, then over the corners.
fn around((column, row): CellPlace) -> [(CellPlace, u32); 8] {
    [
        ((column + 1, row), 10),
        ((column, row + 1), 10),
        ((column - 1, row), 10),
        ((column, row - 1), 10),
        ((column + 1, row + 1), 14),
        ((column - 1, row + 1), 14),
        ((column - 1, row - 1), 14),
        ((column + 1, row - 1), 14),
    ]
}

/// The cells of a way, from the one that was reached back to where it began.
fn back(reached: &BTreeMap<CellPlace, CellPlace>, from: CellPlace) -> Vec<CellPlace> {
    let mut way = vec![from];
    let mut at = from;
    while let Some(&before) = reached.get(&at)
        && before != at
    {
        way.push(before);
        at = before;
    }
    way
}
