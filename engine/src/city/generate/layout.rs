//! The ground of the embedded county: seats strung along valley roads, and districts that tile it.
//!
//! The county is a mesh of crooked quadrilaterals with shared corners; each belongs to the nearest seat (the town's own
//! within its bounds), and a district's rings are the border of its quadrilaterals. So districts share their corners
//! exactly: no gap, no overlap, whatever the seed.

use super::super::{District, Districts, Polygon, Zone};
use super::random::Random;
use super::{GenerateError, name};
use crate::place::projection::{Plane, Projection};
use crate::place::{DistrictId, Point};
use std::collections::BTreeMap;

/// A part of the county: its place in the numbering, and its seat in hundreds of metres from the town.
pub(super) struct PlaceRow {
    /// What people call it.
    pub name: &'static str,
    /// Short form, for the names of posts and teams.
    pub short: &'static str,
    /// 1 to 24; districts are numbered from [`NUMBER_BASE`].
    pub number: u32,
    /// 0 for town and suburb; the class of the township's team otherwise (X10).
    pub class: u8,
    x_hm: i32,
    y_hm: i32,
}

/// Districts are numbered from here, like codes of townships in a county of their own.
pub(super) const NUMBER_BASE: u32 = 331_099_000;
/// How many of the places are town districts; the next one is the suburb around them.
const TOWNS: usize = 3;
pub(super) const SUBURB: usize = TOWNS;

const fn place(
    number: u32,
    name: &'static str,
    short: &'static str,
    class: u8,
    x_hm: i32,
    y_hm: i32,
) -> PlaceRow {
    PlaceRow {
        name,
        short,
        number,
        class,
        x_hm,
        y_hm,
    }
}

/// Three town districts, the suburb, then the townships road by road: east, west, north, north-west, south,
/// south-east, north-east.
pub(super) const PLACES: [PlaceRow; 24] = [
    place(1, "安和街道", "安和", 0, 0, 8),
    place(2, "南门街道", "南门", 0, 14, -12),
    place(3, "福星街道", "福星", 0, -16, -8),
    place(4, "城郊街道", "城郊", 0, 42, 10),
    place(5, "下塘镇", "下塘", 1, 92, 5),
    place(6, "石井镇", "石井", 1, 155, -15),
    place(7, "官渡镇", "官渡", 2, 220, 10),
    place(8, "大沙乡", "大沙", 3, 284, -5),
    place(9, "横潭镇", "横潭", 1, -88, -10),
    place(10, "白岩镇", "白岩", 1, -150, 15),
    place(11, "田畈镇", "田畈", 2, -215, -5),
    place(12, "溪口乡", "溪口", 2, -280, 20),
    place(13, "青坪镇", "青坪", 2, 10, 92),
    place(14, "双涧乡", "双涧", 3, -10, 150),
    place(15, "步云乡", "步云", 3, 25, 205),
    place(16, "朱坪镇", "朱坪", 2, -75, 78),
    place(17, "湫岭乡", "湫岭", 3, -130, 130),
    place(18, "上林乡", "上林", 3, -190, 110),
    place(19, "黄桥镇", "黄桥", 1, -5, -88),
    place(20, "安岩乡", "安岩", 3, 20, -145),
    place(21, "南坑乡", "南坑", 3, -15, -200),
    place(22, "竹口镇", "竹口", 2, 82, -82),
    place(23, "松坞乡", "松坞", 2, 145, -112),
    place(24, "林溪镇", "林溪", 2, 97, 97),
];

/// Side of a mesh cell.
pub(super) const CELL_DM: i32 = 8_000;
/// How far a corner is moved: less than a quarter of a side, so that no quadrilateral folds.
const CROOKED_DM: i32 = 1_600;
/// Cells west and east of the town, south and north of it.
const COLUMNS: i32 = 42;
const ROWS: i32 = 32;
/// Half the county's width and height, in hundreds of metres.
const HALF_WIDTH_HM: i64 = 320;
const HALF_HEIGHT_HM: i64 = 245;
pub(super) const TOWN_RADIUS_DM: i64 = 32_000;
const SUBURB_RADIUS_DM: i64 = 60_000;

/// A cell of the mesh, by its south-west corner.
pub(super) type CellPlace = (i32, i32);

/// Where things are in the county.
pub(super) struct Layout {
    /// The seat of each place, in the order of [`PLACES`].
    pub seats: Vec<Plane>,
    /// Each cell within the county with its place.
    pub cells: BTreeMap<CellPlace, usize>,
    corners: BTreeMap<CellPlace, Point>,
}

impl Layout {
    pub fn new(projection: &Projection, random: &mut Random) -> Layout {
        let seats: Vec<Plane> = PLACES
            .iter()
            .map(|place| {
                let stray = if place.class == 0 { 1_000 } else { 5_000 };
                Plane {
                    x_dm: place.x_hm * 1_000 + random.between(-stray, stray),
                    y_dm: place.y_hm * 1_000 + random.between(-stray, stray),
                }
            })
            .collect();
        let mut corners = BTreeMap::new();
        for column in -COLUMNS..=COLUMNS {
            for row in -ROWS..=ROWS {
                let x_dm = column * CELL_DM + random.between(-CROOKED_DM, CROOKED_DM);
                let y_dm = row * CELL_DM + random.between(-CROOKED_DM, CROOKED_DM);
                corners.insert((column, row), projection.point(Plane { x_dm, y_dm }));
            }
        }
        let mut cells = BTreeMap::new();
        for column in -COLUMNS..COLUMNS {
            for row in -ROWS..ROWS {
                if let Some(place) = owner(&seats, middle((column, row))) {
                    cells.insert((column, row), place);
                }
            }
        }
        Layout {
            seats,
            cells,
            corners,
        }
    }

    /// The districts of the county.
    pub fn districts(&self) -> Result<Districts, GenerateError> {
        let rows: Result<Vec<District>, GenerateError> = PLACES
            .iter()
            .enumerate()
            .map(|(index, place)| {
                let zone = match index {
                    0..TOWNS => Zone::Town,
                    SUBURB => Zone::Suburb,
                    _ => Zone::Township,
                };
                let shape = Polygon::new(self.rings(index));
                let id = district_id(index);
                Ok(District {
                    id,
                    name: name(place.name)?,
                    zone,
                    parent: None,
                    lines: Vec::new(),
                    shape,
                })
            })
            .collect();
        Ok(Districts::new(rows?))
    }

    /// A place somewhere in the county, and whose it is; never near a border of its cell.
    pub fn anywhere(&self, random: &mut Random) -> (Plane, usize) {
        loop {
            let cell = (
                random.between(-COLUMNS, COLUMNS - 1),
                random.between(-ROWS, ROWS - 1),
            );
            if let Some(&place) = self.cells.get(&cell) {
                let Plane { x_dm, y_dm } = middle(cell);
                let stray = CELL_DM / 2 - CROOKED_DM - 100;
                let x_dm = x_dm + random.between(-stray, stray);
                let y_dm = y_dm + random.between(-stray, stray);
                return (Plane { x_dm, y_dm }, place);
            }
        }
    }

    /// The border of a place's cells as rings, counter-clockwise.
    fn rings(&self, place: usize) -> Vec<Vec<Point>> {
        let mut next: BTreeMap<CellPlace, Vec<CellPlace>> = BTreeMap::new();
        let other = |cell: CellPlace| self.cells.get(&cell) != Some(&place);
        for (&(column, row), _) in self.cells.iter().filter(|(_, owner)| **owner == place) {
            let [south_west, south_east, north_east, north_west] = [
                (column, row),
                (column + 1, row),
                (column + 1, row + 1),
                (column, row + 1),
            ];
            for (neighbour, from, to) in [
                ((column, row - 1), south_west, south_east),
                ((column + 1, row), south_east, north_east),
                ((column, row + 1), north_east, north_west),
                ((column - 1, row), north_west, south_west),
            ] {
                if other(neighbour) {
                    next.entry(from).or_default().push(to);
                }
            }
        }
        let mut rings = Vec::new();
        // Every corner has as many edges in as out, so a walk from a corner ends where it began.
        while let Some(&start) = next.keys().next() {
            let mut ring = Vec::new();
            let mut at = start;
            while let Some(to) = follow(&mut next, at) {
                ring.extend(self.corners.get(&at).copied());
                at = to;
                if at == start {
                    break;
                }
            }
            rings.push(ring);
        }
        rings
    }
}

/// Takes an edge that leaves this corner.
fn follow(next: &mut BTreeMap<CellPlace, Vec<CellPlace>>, from: CellPlace) -> Option<CellPlace> {
    let edges = next.get_mut(&from)?;
    let to = edges.pop();
    if edges.is_empty() {
        next.remove(&from);
    }
    to
}

/// The number of the place at this index.
pub(super) fn district_id(index: usize) -> DistrictId {
    DistrictId(NUMBER_BASE + PLACES[index].number)
}

/// The middle of a cell, before its corners are moved.
pub(super) fn middle((column, row): CellPlace) -> Plane {
    Plane {
        x_dm: column * CELL_DM + CELL_DM / 2,
        y_dm: row * CELL_DM + CELL_DM / 2,
    }
}

/// Whose a place in the county is; `None` is beyond its border.
fn owner(seats: &[Plane], at: Plane) -> Option<usize> {
    let (x, y) = (i64::from(at.x_dm), i64::from(at.y_dm));
    let (x_hm, y_hm) = (x / 1_000, y / 1_000);
    let (width, height) = (
        HALF_WIDTH_HM * HALF_WIDTH_HM,
        HALF_HEIGHT_HM * HALF_HEIGHT_HM,
    );
    if x_hm * x_hm * height + y_hm * y_hm * width > width * height {
        return None;
    }
    let from_town = x * x + y * y;
    let candidates = if from_town <= TOWN_RADIUS_DM * TOWN_RADIUS_DM {
        0..TOWNS
    } else if from_town <= SUBURB_RADIUS_DM * SUBURB_RADIUS_DM {
        SUBURB..SUBURB + 1
    } else {
        SUBURB + 1..seats.len()
    };
    candidates.min_by_key(|&index| {
        let (dx, dy) = (
            x - i64::from(seats[index].x_dm),
            y - i64::from(seats[index].y_dm),
        );
        (dx * dx + dy * dy, index)
    })
}
