//! A city as one JSON document: the object that the journal names by its hash.
//!
//! Keys stand in the order of the types in [`super`], lists in the order of their keys, so one city is one sequence
//! of bytes. A checker in another language reads it with any JSON parser: positions are `lat_e7`, `lon_e7`; the
//! plane's scales and their formula are those of `place::projection`; sets are lists of codes.

use super::mistake::quoted;
use super::polygon::{DEPTH_MAX, ring};
use super::rows::is_desk;
use super::{
    CELLS_MAX, CONTACTS_MAX, CORNERS_MAX, City, DAY_MIN, DISTRICTS_MAX, HOSPITALS_MAX, LINES_MAX,
    POSTS_MAX, SPEED_MOST_MM_S, TURNOUT_MOST_MS, UNITS_MAX, UTC_OFFSET_MOST_MIN, UnitRow,
};
use crate::name::Name;
use crate::place::projection::Projection;
use crate::place::{DistrictId, Point};
use std::collections::BTreeMap;

/// Why bytes are not the document of a city.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not JSON, or not of this shape.
    #[error("the city's document cannot be read ({0}); write it with City::canonical_bytes")]
    Json(#[from] serde_json::Error),
    /// Of the shape, but no city.
    #[error("the city's document is wrong: {place}: {wrong}")]
    Wrong {
        /// The part of it.
        place: String,
        /// What is wrong there.
        wrong: &'static str,
    },
    /// A city, but not the bytes that it has.
    #[error("the city's document is not in its one form; write it with City::canonical_bytes")]
    Form,
}

impl City {
    /// The city as one JSON document: the same city, the same bytes.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// The city of a document; refuses what `load` would refuse, and every form but the one.
    pub fn from_canonical(bytes: &[u8]) -> Result<City, CanonicalError> {
        let city: City = serde_json::from_slice(bytes)?;
        city.verify()?;
        if city.canonical_bytes()? != bytes {
            return Err(CanonicalError::Form);
        }
        Ok(city)
    }

    /// Checks what the types alone do not say.
    pub(super) fn verify(&self) -> Result<(), CanonicalError> {
        let must = |holds: bool, place: &str, wrong| {
            if holds {
                Ok(())
            } else {
                Err(refuse(place, wrong))
            }
        };
        must(
            Projection::new(self.reference()) == self.projection,
            "projection",
            "its scales are not the reference's",
        )?;
        must(
            self.utc_offset_min.abs() <= UTC_OFFSET_MOST_MIN,
            "utc_offset_min",
            "no place on Earth is so far off",
        )?;
        must(self.desk_limit > 0, "desk_limit", "it is 0")?;
        on_globe("projection.reference", self.reference())?;
        must(
            (1..=DISTRICTS_MAX).contains(&self.districts.len()),
            "districts",
            "there are none or too many",
        )?;
        self.verify_districts()?;
        ascending("posts", POSTS_MAX, &self.posts, |post| &post.name)?;
        for post in &self.posts {
            on_globe(post.name.as_str(), post.point)?;
            must(
                self.districts.get(post.district).is_some(),
                post.name.as_str(),
                "its district is not there",
            )?;
        }
        ascending("units", UNITS_MAX, &self.units, |unit| &unit.name)?;
        for unit in &self.units {
            self.verify_unit(unit)?;
        }
        ascending("hospitals", HOSPITALS_MAX, &self.hospitals, |hospital| {
            &hospital.name
        })?;
        for hospital in &self.hospitals {
            on_globe(hospital.name.as_str(), hospital.point)?;
            let sorted = hospital.capabilities.is_sorted_by(|a, b| a < b);
            must(
                sorted,
                hospital.name.as_str(),
                "its capabilities are out of order",
            )?;
        }
        ascending("cells", CELLS_MAX, &self.cells, |cell| &cell.cell)?;
        self.cells
            .iter()
            .try_for_each(|cell| on_globe(cell.cell.as_str(), cell.point))
    }

    fn verify_districts(&self) -> Result<(), CanonicalError> {
        let corners: usize = self
            .districts
            .iter()
            .flat_map(|district| district.shape.rings())
            .map(Vec::len)
            .sum();
        if corners > CORNERS_MAX {
            return Err(refuse("districts", "they have too many corners"));
        }
        let mut last = DistrictId(0);
        let mut names: BTreeMap<Name, DistrictId> = BTreeMap::new();
        for district in &self.districts {
            let place = district.name.as_str();
            if district.id <= last || names.insert(district.name, district.id).is_some() {
                return Err(refuse(place, "its number or name is 0 or there twice"));
            }
            last = district.id;
            let parent = |id: &DistrictId| self.districts.get(*id).and_then(|parent| parent.parent);
            let up = std::iter::successors(district.parent, parent);
            let known = district
                .parent
                .is_none_or(|id| self.districts.get(id).is_some());
            if !known || up.take(DEPTH_MAX + 1).count() > DEPTH_MAX {
                return Err(refuse(place, "its parents end nowhere"));
            }
            if district.lines.len() > LINES_MAX || !district.lines.is_sorted_by(|a, b| a < b) {
                return Err(refuse(place, "its lines are too many or out of order"));
            }
            for corners in district.shape.rings() {
                corners
                    .iter()
                    .try_for_each(|&corner| on_globe(place, corner))?;
                if ring(corners).as_ref() != Ok(corners) {
                    return Err(refuse(place, "one of its rings is none"));
                }
            }
        }
        Ok(())
    }

    fn verify_unit(&self, unit: &UnitRow) -> Result<(), CanonicalError> {
        let place = unit.name.as_str();
        on_globe(place, unit.point)?;
        let desk = is_desk(unit.capabilities);
        let mixed = desk
            && unit
                .capabilities
                .iter()
                .any(|capability| !capability.is_desk());
        let checks = [
            (
                self.districts.get(unit.home).is_some(),
                "its home district is not there",
            ),
            (
                unit.post
                    .is_none_or(|name| self.post(name.as_str()).is_some()),
                "its post is not there",
            ),
            (
                !unit.capabilities.is_empty() && !mixed,
                "its capabilities are none, or a desk's and others",
            ),
            (
                desk == (unit.speed_mm_s == 0),
                "a desk has the speed 0 and nobody else",
            ),
            (unit.speed_mm_s <= SPEED_MOST_MM_S, "it is too fast"),
            (
                unit.turnout_ms <= TURNOUT_MOST_MS,
                "it takes more than a day to set off",
            ),
            (
                unit.roster_on_min < DAY_MIN && unit.roster_off_min < DAY_MIN,
                "its roster is no time of day",
            ),
            (unit.capacity > 0, "it takes no order"),
            (
                unit.capacity <= if desk { self.desk_limit } else { 1 },
                "it takes too many orders",
            ),
            (
                unit.contacts.len() <= CONTACTS_MAX,
                "it has too many contacts",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, wrong)) => Err(refuse(place, wrong)),
            None => Ok(()),
        }
    }
}

fn refuse(place: &str, wrong: &'static str) -> CanonicalError {
    CanonicalError::Wrong {
        place: quoted(place),
        wrong,
    }
}

fn on_globe(place: &str, point: Point) -> Result<(), CanonicalError> {
    if point.lat_e7.unsigned_abs() > 900_000_000 || point.lon_e7.unsigned_abs() > 1_800_000_000 {
        return Err(refuse(place, "its position is not on the globe"));
    }
    Ok(())
}

/// Whether the rows are in the order of their keys, each once, and not too many.
fn ascending<T>(
    list: &'static str,
    most: usize,
    rows: &[T],
    key: impl Fn(&T) -> &Name,
) -> Result<(), CanonicalError> {
    if rows.len() > most {
        return Err(refuse(list, "there are too many"));
    }
    match rows
        .windows(2)
        .find(|pair| key(&pair[0]).as_str() >= key(&pair[1]).as_str())
    {
        Some(pair) => Err(refuse(
            key(&pair[1]).as_str(),
            "it is there twice or out of order",
        )),
        None => Ok(()),
    }
}
