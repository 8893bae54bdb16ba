//! Writes a city's folder: the same city gives the same bytes, and reading them gives the same city.
//!
//! Positions are written on WGS-84 with all seven decimals. Each file is written beside its name and then moved there,
//! so that a reader never sees half of one.

use super::rows::mm_s;
use super::{City, District, UnitRow};
use crate::place::Point;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Why a folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system refused.
    #[error("{path} cannot be written ({error}); name a folder that may be written to")]
    File {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// There is another city already, perhaps one that somebody has worked on.
    #[error("{}: holds another city, which would be lost: {}; name another folder, or say --force to overwrite it", dir.display(), differ.join(", "))]
    Taken {
        /// The folder.
        dir: PathBuf,
        /// The files that differ, each with the first line that does.
        differ: Vec<String>,
    },
    /// A row could not be put into CSV.
    #[error("{file} cannot be put into CSV ({error})")]
    Csv {
        /// Which file.
        file: &'static str,
        /// What the writer said.
        error: csv::Error,
    },
}

impl City {
    /// Writes the city's files into the folder, which is made where it is missing.
    pub fn write(&self, dir: &Path) -> Result<(), WriteError> {
        write_files(dir, &self.files()?)
    }

    /// Writes the files as [`City::write`] does, but refuses to overwrite a file that says anything else.
    pub fn write_new(&self, dir: &Path) -> Result<(), WriteError> {
        write_new_files(dir, &self.files()?)
    }

    /// Every file of the folder with its bytes.
    pub fn files(&self) -> Result<Vec<CityFile>, WriteError> {
        Ok(vec![
            ("city.toml", self.settings().into_bytes()),
            ("districts.csv", self.districts_csv()?),
            ("polygons.csv", self.polygons_csv()?),
            ("posts.csv", self.posts_csv()?),
            ("units.csv", self.units_csv()?),
            ("hospitals.csv", self.hospitals_csv()?),
            ("cells.csv", self.cells_csv()?),
        ])
    }

    fn settings(&self) -> String {
        let [lat, lon] = degrees(self.reference());
        let name = toml::Value::String(self.name.as_str().into());
        let mut text = format!(
            "name = {name}\ncentre = {}\nreference = {{ lat = {lat}, lon = {lon}, datum = \"wgs84\" }}\n\
             utc_offset_min = {}\ndesk_limit = {}\n",
            self.centre.0, self.utc_offset_min, self.desk_limit
        );
        if let Some(seed) = self.seed {
            text.push_str(&format!("seed = \"{seed}\"\n"));
        }
        text
    }

    fn districts_csv(&self) -> Result<Vec<u8>, WriteError> {
        let rows = self.districts.iter().map(|district| {
            let District {
                id,
                name,
                zone,
                parent,
                lines,
                shape: _,
            } = district;
            let lines = joined(lines.iter());
            let parent = parent.map_or_else(String::new, |id| id.0.to_string());
            vec![
                id.0.to_string(),
                name.to_string(),
                zone.to_string(),
                parent,
                lines,
            ]
        });
        table(
            "districts.csv",
            &["id", "name", "zone", "parent", "lines"],
            rows,
        )
    }

    fn polygons_csv(&self) -> Result<Vec<u8>, WriteError> {
        let rows = self.districts.iter().flat_map(|district| {
            let id = district.id.0;
            district
                .shape
                .rings()
                .iter()
                .enumerate()
                .flat_map(move |(ring, corners)| {
                    corners.iter().map(move |&corner| {
                        let [lat, lon] = degrees(corner);
                        vec![id.to_string(), ring.to_string(), lat, lon, "wgs84".into()]
                    })
                })
        });
        table(
            "polygons.csv",
            &["district", "ring", "lat", "lon", "datum"],
            rows,
        )
    }

    fn posts_csv(&self) -> Result<Vec<u8>, WriteError> {
        let rows = self.posts.iter().map(|post| {
            let [lat, lon] = degrees(post.point);
            let district = post.district.0.to_string();
            vec![
                post.name.to_string(),
                post.agency.to_string(),
                lat,
                lon,
                "wgs84".into(),
                district,
            ]
        });
        table(
            "posts.csv",
            &["name", "agency", "lat", "lon", "datum", "district"],
            rows,
        )
    }

    fn units_csv(&self) -> Result<Vec<u8>, WriteError> {
        let columns = [
            "name",
            "agency",
            "capabilities",
            "post",
            "home",
            "lat",
            "lon",
            "datum",
            "speed_kmh",
            "turnout_s",
            "strength",
            "least_strength",
            "on",
            "off",
            "capacity",
            "primary",
            "deputy",
            "leader",
            "primary_phone",
            "deputy_phone",
            "leader_phone",
        ];
        table(
            "units.csv",
            &columns,
            self.units.iter().map(|unit| self.unit_fields(unit)),
        )
    }

    fn unit_fields(&self, unit: &UnitRow) -> Vec<String> {
        let at_post = unit
            .post
            .and_then(|name| self.post(name.as_str()))
            .is_some_and(|post| post.point == unit.point);
        let [lat, lon] = if at_post {
            [String::new(), String::new()]
        } else {
            degrees(unit.point)
        };
        let contact = |place: usize| {
            unit.contacts
                .get(place)
                .map_or_else(String::new, ToString::to_string)
        };
        let phone = |place: usize| {
            let phone = unit.phones.get(place).copied().flatten();
            phone.map_or_else(String::new, |phone| phone.as_str().to_owned())
        };
        vec![
            unit.name.to_string(),
            unit.agency.to_string(),
            joined(unit.capabilities.iter()),
            unit.post.map_or_else(String::new, |name| name.to_string()),
            unit.home.0.to_string(),
            lat,
            lon,
            if at_post {
                String::new()
            } else {
                "wgs84".into()
            },
            thousandths(metres_an_hour(unit.speed_mm_s)),
            thousandths(unit.turnout_ms),
            unit.strength.to_string(),
            unit.least_strength.to_string(),
            time_of_day(unit.roster_on_min),
            time_of_day(unit.roster_off_min),
            unit.capacity.to_string(),
            contact(0),
            contact(1),
            contact(2),
            phone(0),
            phone(1),
            phone(2),
        ]
    }

    fn hospitals_csv(&self) -> Result<Vec<u8>, WriteError> {
        let rows = self.hospitals.iter().map(|hospital| {
            let [lat, lon] = degrees(hospital.point);
            let capabilities = joined(hospital.capabilities.iter());
            vec![
                hospital.name.to_string(),
                lat,
                lon,
                "wgs84".into(),
                capabilities,
                hospital.beds.to_string(),
            ]
        });
        table(
            "hospitals.csv",
            &["name", "lat", "lon", "datum", "capabilities", "beds"],
            rows,
        )
    }

    fn cells_csv(&self) -> Result<Vec<u8>, WriteError> {
        let rows = self.cells.iter().map(|cell| {
            let [lat, lon] = degrees(cell.point);
            vec![
                cell.cell.to_string(),
                lat,
                lon,
                "wgs84".into(),
                cell.radius_m.to_string(),
            ]
        });
        table(
            "cells.csv",
            &["cell", "lat", "lon", "datum", "radius_m"],
            rows,
        )
    }
}

/// A file of a city's folder: its name and its bytes.
pub type CityFile = (&'static str, Vec<u8>);

/// Writes files into a folder, which is made where it is missing.
pub fn write_files(dir: &Path, files: &[CityFile]) -> Result<(), WriteError> {
    std::fs::create_dir_all(dir).map_err(|error| WriteError::File {
        path: dir.into(),
        error,
    })?;
    for (file, bytes) in files {
        put(&dir.join(file), bytes)?;
    }
    Ok(())
}

/// Writes files as [`write_files`] does, but refuses to overwrite one that says anything else.
pub fn write_new_files(dir: &Path, files: &[CityFile]) -> Result<(), WriteError> {
    let mut differ = Vec::new();
    for (file, fresh) in files {
        let path = dir.join(file);
        match std::fs::read(&path) {
            Ok(held) if &held != fresh => {
                // Only text has lines.
                let line = line_of_difference(&held, fresh);
                let text = std::str::from_utf8(fresh).is_ok();
                differ.push(match text {
                    true => format!("{file} from line {line}"),
                    false => (*file).to_owned(),
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(WriteError::File { path, error }),
        }
    }
    if !differ.is_empty() {
        let dir = dir.into();
        return Err(WriteError::Taken { dir, differ });
    }
    write_files(dir, files)
}

/// The first line, from 1, in which two files that are not the same differ.
fn line_of_difference(held: &[u8], fresh: &[u8]) -> usize {
    let (held, fresh) = (
        held.split(|&byte| byte == b'\n'),
        fresh.split(|&byte| byte == b'\n'),
    );
    1 + held
        .zip(fresh)
        .take_while(|(held, fresh)| held == fresh)
        .count()
}

pub(super) fn table(
    file: &'static str,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, WriteError> {
    let csv = |error| WriteError::Csv { file, error };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(csv)?;
    for row in rows {
        writer.write_record(row).map_err(csv)?;
    }
    writer
        .into_inner()
        .map_err(|error| csv(csv::Error::from(error.into_error())))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let fresh = path.with_extension("new");
    let refuse = |error| WriteError::File {
        path: path.into(),
        error,
    };
    std::fs::write(&fresh, bytes).map_err(refuse)?;
    std::fs::rename(&fresh, path).map_err(refuse)
}

/// Latitude and longitude with exactly seven decimals.
fn degrees(point: Point) -> [String; 2] {
    [point.lat_e7, point.lon_e7].map(|e7| {
        let (sign, magnitude) = (if e7 < 0 { "-" } else { "" }, e7.unsigned_abs());
        format!(
            "{sign}{}.{:07}",
            magnitude / 10_000_000,
            magnitude % 10_000_000
        )
    })
}

fn joined<T: std::fmt::Display>(items: impl Iterator<Item = T>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push(';');
        }
        // Writing to a String does not fail.
        write!(text, "{item}").unwrap_or_default();
    }
    text
}

/// The roundest km/h, in thousandths, that reads back as this speed.
fn metres_an_hour(speed_mm_s: u32) -> u32 {
    let exact = (speed_mm_s * 36 + 5) / 10;
    let round = (exact + 500) / 1000 * 1000;
    if mm_s(round) == speed_mm_s {
        round
    } else {
        exact
    }
}

fn thousandths(value: u32) -> String {
    let text = format!("{}.{:03}", value / 1000, value % 1000);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn time_of_day(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::super::{SPEED_MOST_MM_S, generate};
    use super::*;

    #[test]
    fn a_city_reads_back_the_same_and_writes_the_same_bytes() {
        let city = generate(7, None).unwrap();
        let dir = tempfile::tempdir().unwrap();
        city.write(dir.path()).unwrap();
        let read = City::check(dir.path());
        assert_eq!(read.city.unwrap(), city);
        assert_eq!(read.warnings, []);
        let again = tempfile::tempdir().unwrap();
        City::load(dir.path()).unwrap().write(again.path()).unwrap();
        for (file, bytes) in city.files().unwrap() {
            assert_eq!(
                std::fs::read(dir.path().join(file)).unwrap(),
                bytes,
                "{file}"
            );
            assert_eq!(
                std::fs::read(again.path().join(file)).unwrap(),
                bytes,
                "{file}"
            );
        }
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            7,
            "nothing half-written is left"
        );
    }

    #[test]
    fn numbers_are_written_so_that_they_read_back() {
        for speed in (0..=SPEED_MOST_MM_S).step_by(7).chain([SPEED_MOST_MM_S]) {
            assert_eq!(mm_s(metres_an_hour(speed)), speed);
        }
        assert_eq!(thousandths(metres_an_hour(16_667)), "60");
        assert_eq!(thousandths(12_500), "12.5");
        assert_eq!(thousandths(0), "0");
        assert_eq!(
            degrees(Point {
                lat_e7: -1,
                lon_e7: 1_207_300_000
            }),
            ["-0.0000001", "120.7300000"]
        );
    }

    /// A city that somebody has edited is not lost to a second `generate`.
    #[test]
    fn a_city_that_says_something_else_is_not_overwritten() {
        let (city, other) = (generate(1, None).unwrap(), generate(2, None).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new");
        city.write_new(&folder).unwrap();
        city.write_new(&folder).unwrap();
        let settings = folder.join("city.toml");
        let edited = std::fs::read_to_string(&settings).unwrap() + "# mine\n";
        std::fs::write(&settings, &edited).unwrap();
        let error = city.write_new(&folder).unwrap_err().to_string();
        assert!(error.contains("city.toml from line 7;"), "{error}");
        assert!(
            error.contains("--force") && !error.contains(".csv"),
            "{error}"
        );
        let error = other.write_new(&folder).unwrap_err().to_string();
        assert!(error.contains("units.csv from line 2"), "{error}");
        assert_eq!(std::fs::read_to_string(&settings).unwrap(), edited);
        other.write(&folder).unwrap();
        assert_eq!(City::load(&folder).unwrap(), other);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("taken");
        std::fs::write(&file, "x").unwrap();
        let error = generate(1, None).unwrap().write(&file).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
    }
}
