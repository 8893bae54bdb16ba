//! The city a centre is started with: districts, posts, units with their rosters, hospitals, cells.
//!
//! A city is a folder of CSV files and one TOML file ([`mod@load`], [`mod@write`], [`mod@import`]), or is generated from a seed
//! ([`mod@generate`]). In memory it is plain data, checked once and sorted by key; as an object of the journal it is one
//! JSON document ([`canonical`]) that a checker in any language can read. It decides nothing and knows no plan.

pub mod canonical;
pub mod columns;
pub mod contacts;
pub mod generate;
pub mod import;
pub mod load;
pub mod mistake;
mod phone;
pub mod polygon;
mod rows;
mod sheet;
pub mod write;

pub use crate::place::Zone;
pub use canonical::CanonicalError;
pub use contacts::Contacts;
pub use generate::{GenerateError, generate};
pub use import::{ImportInputs, import};
pub use load::Checked;
pub use mistake::{CityErrors, Mistake};
pub use phone::Phone;
pub use polygon::{Districts, Polygon};
pub use write::WriteError;

use crate::capability::CapabilitySet;
use crate::hospital::HospitalCapability;
use crate::id::CentreId;
use crate::kind::Agency;
use crate::name::Name;
use crate::place::projection::Projection;
use crate::place::{DistrictId, Point};
use serde::{Deserialize, Serialize};

/// The most units a city can have.
pub const UNITS_MAX: usize = 200_000;
/// The most posts a city can have.
pub const POSTS_MAX: usize = 50_000;
/// The most districts a city can have.
pub const DISTRICTS_MAX: usize = 10_000;
/// The most corners that all district polygons can have together.
pub const CORNERS_MAX: usize = 1_000_000;
/// The most hospitals a city can have.
pub const HOSPITALS_MAX: usize = 10_000;
/// The most cells a city can have.
pub const CELLS_MAX: usize = 500_000;
/// The most contacts a unit can have: primary, deputy, duty leader (X11).
pub const CONTACTS_MAX: usize = 3;
/// The most lines that a district can name.
pub const LINES_MAX: usize = 16;
/// Orders that a desk takes at once where the city says nothing else.
pub const DESK_LIMIT_DEFAULT: u16 = 64;
/// Minutes east of UTC where the city says nothing else: China's one time.
pub const UTC_OFFSET_DEFAULT_MIN: i32 = 480;
/// The widest offset from UTC in use anywhere.
pub const UTC_OFFSET_MOST_MIN: i32 = 14 * 60;
/// The fastest a unit can be said to travel, in mm/s: 400 km/h, a helicopter with room to spare.
pub const SPEED_MOST_MM_S: u32 = 111_111;
/// The longest turnout: one day.
pub const TURNOUT_MOST_MS: u32 = 86_400_000;
/// Minutes of a day; a roster's times are below it.
pub const DAY_MIN: u16 = 24 * 60;

/// 辖区数据: what a centre knows about its ground before the first call.
///
/// Every list is sorted by its key and free of repeats, whatever the order of the files' rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// What people call it.
    pub name: Name,
    /// The centre that serves it.
    pub centre: CentreId,
    /// The plane for distances, and with it the city's reference point.
    pub projection: Projection,
    /// Minutes of local time ahead of UTC.
    pub utc_offset_min: i32,
    /// The most orders a desk takes at once.
    pub desk_limit: u16,
    /// The seed it was generated from, if it was.
    pub seed: Option<u64>,
    /// The served area, by number.
    pub districts: Districts,
    /// Places where units stand, by name.
    pub posts: Vec<Post>,
    /// Whatever can be ordered, by name.
    pub units: Vec<UnitRow>,
    /// Where patients can be taken, by name.
    pub hospitals: Vec<Hospital>,
    /// Radio cells, by their own name (N4).
    pub cells: Vec<Cell>,
}

/// A part of the served area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// The number the city's own table gives it.
    pub id: DistrictId,
    /// What people call it.
    pub name: Name,
    /// What kind of ground it is.
    pub zone: Zone,
    /// The district it is a part of.
    pub parent: Option<DistrictId>,
    /// Lines whose calls without a place belong here, ascending (N4).
    pub lines: Vec<u32>,
    /// Its ground; empty only where its parts have theirs.
    pub shape: Polygon,
}

/// A place where units stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// What people call it; unique.
    pub name: Name,
    /// Whose it is.
    pub agency: Agency,
    /// Where it is.
    pub point: Point,
    /// The district it belongs to.
    pub district: DistrictId,
}

/// 力量: one unit as the city knows it; the centre makes its definition from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRow {
    /// What people call it; unique.
    pub name: Name,
    /// Whose it is.
    pub agency: Agency,
    /// What it can do; never empty. Desk capabilities stand alone.
    pub capabilities: CapabilitySet,
    /// The post it starts from, if it has one.
    pub post: Option<Name>,
    /// The district it belongs to (C8).
    pub home: DistrictId,
    /// Where it is until it says otherwise.
    pub point: Point,
    /// How fast it travels, in mm/s; 0 for desks and only for them.
    pub speed_mm_s: u32,
    /// From order to departure.
    pub turnout_ms: u32,
    /// How many people it has.
    pub strength: u16,
    /// Below so many it is not sent (X10).
    pub least_strength: u16,
    /// Minute of the local day at which its duty begins (X12).
    pub roster_on_min: u16,
    /// Minute of the local day at which its duty ends; equal to the beginning is round the clock.
    pub roster_off_min: u16,
    /// Orders it takes at once: 1, except for desks.
    pub capacity: u16,
    /// Whom to tell, in this order: primary, deputy, duty leader (X11); at most three.
    pub contacts: Vec<Name>,
    /// Their telephone numbers, one place for each contact; empty where nobody has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Option<Phone>>,
}

/// A hospital.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hospital {
    /// What people call it; unique.
    pub name: Name,
    /// Where it is.
    pub point: Point,
    /// What it can take, in numeric order, each once.
    pub capabilities: Vec<HospitalCapability>,
    /// How many beds it has for emergencies.
    pub beds: u32,
}

/// A radio cell: the last resort for a call without a place (N4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Its identity as carriers send it, such as `460-00-1234-5678`; unique.
    pub cell: Name,
    /// The middle of what it covers.
    pub point: Point,
    /// How far it reaches.
    pub radius_m: u32,
}

impl City {
    /// The point at which the plane is zero.
    pub fn reference(&self) -> Point {
        self.projection.reference
    }

    /// The district that a point lies in; `None` is outside the served area. See [`polygon`] for the edge rule.
    pub fn district_at(&self, point: Point) -> Option<DistrictId> {
        self.districts.at(point)
    }

    /// The cell of this identity.
    pub fn cell(&self, cell: &str) -> Option<&Cell> {
        found(&self.cells, cell, |row| &row.cell)
    }

    /// The post of this name.
    pub fn post(&self, name: &str) -> Option<&Post> {
        found(&self.posts, name, |row| &row.name)
    }

    /// The unit of this name.
    pub fn unit(&self, name: &str) -> Option<&UnitRow> {
        found(&self.units, name, |row| &row.name)
    }

    /// Brings the lists into the order of their keys, which `post`, `unit` and `cell` rely on.
    fn sort(&mut self) {
        self.posts
            .sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        self.units
            .sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        self.hospitals
            .sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        self.cells
            .sort_by(|a, b| a.cell.as_str().cmp(b.cell.as_str()));
    }
}

/// The row of this key in a sorted list.
fn found<'a, T>(rows: &'a [T], key: &str, of: impl Fn(&T) -> &Name) -> Option<&'a T> {
    let place = rows
        .binary_search_by(|row| of(row).as_str().cmp(key))
        .ok()?;
    rows.get(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_key_and_only_by_the_whole_key() {
        let city = generate(1, None).unwrap();
        for cell in &city.cells {
            assert_eq!(city.cell(cell.cell.as_str()), Some(cell));
        }
        for unit in &city.units {
            assert_eq!(city.unit(unit.name.as_str()), Some(unit));
        }
        for post in &city.posts {
            assert_eq!(city.post(post.name.as_str()), Some(post));
        }
        assert_eq!(city.cell("460-00"), None);
        assert_eq!(city.cell(""), None);
        assert_eq!(city.unit("P-9999"), None);
    }
}
