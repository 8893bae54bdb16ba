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
            (
                unit.phones.is_empty()
                    || unit.phones.len() == unit.contacts.len()
                        && unit.phones.iter().any(Option::is_some),
                "its telephone numbers are not those of its contacts",
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

#[cfg(test)]
mod tests {
    use super::super::{Post, generate};
    use super::*;
    use crate::capability::{Capability, CapabilitySet};
    use crate::id::CentreId;
    use std::sync::LazyLock;

    fn city() -> City {
        static CITY: LazyLock<City> = LazyLock::new(|| generate(11, None).unwrap());
        CITY.clone()
    }

    #[test]
    fn a_city_reads_back_from_its_document() {
        for city in [city(), generate(u64::MAX, Some(2_000)).unwrap()] {
            let bytes = city.canonical_bytes().unwrap();
            let read = City::from_canonical(&bytes).unwrap();
            assert_eq!(read, city);
            assert_eq!(read.canonical_bytes().unwrap(), bytes);
            let point = city.units[city.units.len() - 1].point;
            assert_eq!(read.district_at(point), city.district_at(point));
        }
    }

    #[test]
    fn the_document_says_units_in_its_names() {
        let json: serde_json::Value =
            serde_json::from_slice(&city().canonical_bytes().unwrap()).unwrap();
        let of = |list: &str| {
            json[list]
                .as_array()
                .unwrap()
                .iter()
                .next()
                .unwrap()
                .clone()
        };
        let keys = |value: &serde_json::Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            keys(&of("units")),
            "agency capabilities capacity contacts home least_strength name phones point post roster_off_min roster_on_min \
             speed_mm_s strength turnout_ms"
        );
        assert_eq!(keys(&of("posts")), "agency district name point");
        assert_eq!(keys(&of("districts")), "id lines name parent shape zone");
        assert_eq!(keys(&json["projection"]), "reference x_scale y_scale");
        assert_eq!(keys(&of("cells")["point"]), "lat_e7 lon_e7");
        assert_eq!(json["projection"]["reference"]["lat_e7"], 288_500_000);
        assert_eq!(of("districts")["id"], 331_099_001);
        assert!(of("districts")["shape"][0][0]["lat_e7"].is_i64());
    }

    /// One edit of a good city, and what is said about it.
    #[track_caller]
    fn refused(edit: impl FnOnce(&mut City), wrong: &str) {
        let mut city = city();
        edit(&mut city);
        let error = City::from_canonical(&city.canonical_bytes().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains(wrong), "{error}");
    }

    fn patrol(city: &mut City) -> &mut UnitRow {
        city.units
            .iter_mut()
            .find(|unit| unit.name.as_str() == "P-0101")
            .unwrap()
    }

    #[test]
    fn what_the_types_do_not_say_is_checked() {
        refused(
            |city| city.projection.x_scale += 1,
            "its scales are not the reference's",
        );
        refused(
            |city| city.utc_offset_min = 10_000,
            "no place on Earth is so far off",
        );
        refused(|city| city.desk_limit = 0, "it is 0");
        refused(
            |city| city.districts = Vec::new().into(),
            "there are none or too many",
        );
        refused(
            |city| city.units.swap(0, 1),
            "it is there twice or out of order",
        );
        refused(
            |city| city.posts.push(*city.posts.last().unwrap()),
            "it is there twice or out of order",
        );
        refused(
            |city| city.cells[0].cell = city.cells[1].cell,
            "it is there twice or out of order",
        );
        refused(
            |city| city.hospitals[0].point.lat_e7 = 900_000_001,
            "its position is not on the globe",
        );
        refused(
            |city| city.hospitals[0].capabilities.reverse(),
            "its capabilities are out of order",
        );
        refused(
            |city| city.posts[0].district = DistrictId(1),
            "its district is not there",
        );
    }

    #[test]
    fn units_of_a_document_are_checked() {
        refused(
            |city| patrol(city).home = DistrictId(1),
            "its home district is not there",
        );
        refused(
            |city| patrol(city).post = Some(Name::new("x").unwrap()),
            "its post is not there",
        );
        refused(
            |city| patrol(city).capabilities = CapabilitySet::EMPTY,
            "its capabilities are none",
        );
        let mixed = CapabilitySet::EMPTY
            .with(Capability::Patrol)
            .with(Capability::DeskPolice);
        refused(
            |city| patrol(city).capabilities = mixed,
            "its capabilities are none, or a desk's",
        );
        refused(
            |city| patrol(city).speed_mm_s = 0,
            "a desk has the speed 0 and nobody else",
        );
        refused(|city| patrol(city).speed_mm_s = 200_000, "it is too fast");
        refused(|city| patrol(city).turnout_ms = u32::MAX, "more than a day");
        refused(
            |city| patrol(city).roster_on_min = 1_440,
            "its roster is no time of day",
        );
        refused(|city| patrol(city).capacity = 0, "it takes no order");
        refused(|city| patrol(city).capacity = 2, "it takes too many orders");
        refused(
            |city| patrol(city).contacts = vec![Name::new("x").unwrap(); 4],
            "it has too many contacts",
        );
        refused(
            |city| patrol(city).phones.truncate(1),
            "its telephone numbers are not those of its contacts",
        );
        refused(
            |city| patrol(city).phones.fill(None),
            "its telephone numbers are not those of its contacts",
        );
    }

    /// A document that was written before there were numbers is still the document of its city.
    #[test]
    fn a_city_without_numbers_says_nothing_of_them() {
        let mut city = city();
        city.units.iter_mut().for_each(|unit| unit.phones.clear());
        let bytes = city.canonical_bytes().unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("phones"));
        assert_eq!(City::from_canonical(&bytes).unwrap(), city);
    }

    #[test]
    fn districts_of_a_document_are_checked() {
        let edited = |edit: fn(&mut Vec<super::super::District>)| {
            move |city: &mut City| {
                let mut rows: Vec<super::super::District> = city.districts.clone().into();
                edit(&mut rows);
                city.districts = rows.into();
            }
        };
        refused(
            edited(|rows| rows[1].id = rows[0].id),
            "its number or name is 0 or there twice",
        );
        refused(
            edited(|rows| rows[1].name = rows[0].name),
            "its number or name is 0 or there twice",
        );
        refused(
            edited(|rows| rows[1].parent = Some(DistrictId(5))),
            "its parents end nowhere",
        );
        refused(
            edited(|rows| rows[1].parent = Some(rows[1].id)),
            "its parents end nowhere",
        );
        refused(
            edited(|rows| rows[1].lines = vec![119, 110]),
            "its lines are too many or out of order",
        );
        refused(
            edited(|rows| {
                rows[1].shape = super::super::Polygon::new(vec![vec![Point::default(); 3]])
            }),
            "one of its rings is none",
        );
    }

    #[test]
    fn every_other_form_is_refused() {
        let bytes = city().canonical_bytes().unwrap();
        let mut spaced = bytes.clone();
        spaced.push(b' ');
        assert!(matches!(
            City::from_canonical(&spaced),
            Err(CanonicalError::Form)
        ));
        for bytes in [
            &b""[..],
            b"{}",
            b"null",
            &bytes[..bytes.len() - 1],
            &b"[".repeat(100_000),
        ] {
            assert!(matches!(
                City::from_canonical(bytes),
                Err(CanonicalError::Json(_))
            ));
        }
        let text = String::from_utf8(bytes).unwrap();
        let more = text.replacen("{\"name\"", "{\"colour\":1,\"name\"", 1);
        assert!(matches!(
            City::from_canonical(more.as_bytes()),
            Err(CanonicalError::Json(_))
        ));
    }

    #[test]
    fn every_field_is_in_the_document() {
        let base = city();
        let bytes = base.canonical_bytes().unwrap();
        let edits: [fn(&mut City); 8] = [
            |city| city.centre = CentreId(2),
            |city| city.seed = None,
            |city| patrol(city).least_strength += 1,
            |city| patrol(city).roster_off_min += 1,
            |city| patrol(city).contacts.truncate(1),
            |city| city.cells[0].radius_m += 1,
            |city| city.hospitals[0].beds += 1,
            |city| {
                city.posts[0] = Post {
                    agency: crate::kind::Agency::Gas,
                    ..city.posts[0]
                }
            },
        ];
        for edit in edits {
            let mut other = base.clone();
            edit(&mut other);
            assert_ne!(other, base);
            assert_ne!(other.canonical_bytes().unwrap(), bytes);
        }
    }
}
