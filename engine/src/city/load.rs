//! Reads a city's folder and names everything that is wrong with it.
//!
//! Rows are read one by one (`rows`), then compared: repeats, posts and districts that do not exist, ground that is
//! missing. Where a file already has a mistake, what refers to it is not blamed as well. Never stops at the first
//! mistake, never half-loads.
//!
//! The files and their columns are those of [`columns`].
//! Every table may have a column `note`, which is not read.

use super::mistake::{CityErrors, Mistake, Mistakes};
use super::polygon::Districts;
use super::sheet::{Source, read_rows};
use super::{CELLS_MAX, Cell, City, HOSPITALS_MAX, Hospital, POSTS_MAX, Post, UNITS_MAX, UnitRow};
use super::{columns, rows};
use crate::place::projection::Projection;
use ground::{covering, given_ground, middle, places};
use resolve::{Ground, Posts, once, resolve_posts, resolve_units};
use std::path::Path;

mod ground;
mod resolve;
mod settings;
pub(super) use settings::Settings;

/// What a look at a city's files found.
#[derive(Debug)]
pub struct Checked {
    /// The city, or everything that is wrong with it.
    pub city: Result<City, CityErrors>,
    /// What is odd but allowed, such as a team below its least strength.
    pub warnings: Vec<Mistake>,
}

impl City {
    /// The city of a folder.
    pub fn load(dir: &Path) -> Result<City, CityErrors> {
        City::check(dir).city
    }

    /// The city of a folder, with what is odd about it.
    pub fn check(dir: &Path) -> Checked {
        let mut mistakes = Mistakes::default();
        let settings = Settings::read(&Source::in_folder(dir, "city.toml"), &mut mistakes);
        let cells = Source::in_folder(dir, "cells.csv");
        let sources = Sources {
            districts: Some(Source::in_folder(dir, "districts.csv")),
            polygons: Some(Source::in_folder(dir, "polygons.csv")),
            posts: Source::in_folder(dir, "posts.csv"),
            units: Source::in_folder(dir, "units.csv"),
            hospitals: Some(Source::in_folder(dir, "hospitals.csv")),
            cells: cells.path.exists().then_some(cells),
        };
        read(settings, &sources, mistakes)
    }
}

/// The files of a city, wherever they lie.
pub(super) struct Sources {
    pub districts: Option<Source>,
    pub polygons: Option<Source>,
    pub posts: Source,
    pub units: Source,
    pub hospitals: Option<Source>,
    pub cells: Option<Source>,
}

/// Rows with the lines they came from.
type Lines<T> = Vec<(u64, T)>;

/// Reads and compares all files; where no districts are given, one covers everything.
pub(super) fn read(
    settings: Option<Settings>,
    sources: &Sources,
    mut mistakes: Mistakes,
) -> Checked {
    let found = &mut mistakes;
    let (ground, ground_whole) = whole(found, |found| given_ground(sources, found));
    let (posts, posts_whole) = whole(found, |found| {
        read_rows(
            &sources.posts,
            &columns::POSTS,
            POSTS_MAX,
            found,
            rows::post,
        )
    });
    let desk_limit = settings
        .as_ref()
        .map_or(u16::MAX, |settings| settings.desk_limit);
    let units = read_rows(&sources.units, &columns::UNITS, UNITS_MAX, found, |row| {
        rows::unit(row, desk_limit)
    });
    let hospitals = read_hospitals(sources, found);
    let cells = read_cells(sources, found);
    let points = places(&posts, &units, &hospitals);
    let reference = settings.as_ref().and_then(|settings| settings.reference);
    let projection = Projection::new(reference.unwrap_or_else(|| middle(&points)));
    let (districts, trusted) = match ground {
        Some(districts) => (districts, ground_whole),
        None => {
            let districts = covering(&projection, &points, &sources.posts, found);
            (districts, found.is_empty())
        }
    };
    let ground = Ground {
        districts: &districts,
        trusted,
    };
    let (posts, resolved) = whole(found, |found| {
        resolve_posts(&sources.posts, posts, ground, found)
    });
    let trusted = posts_whole && resolved;
    let rows = Posts {
        rows: &posts,
        trusted,
    };
    let units = resolve_units(&sources.units, units, &rows, ground, found);
    let (errors, warnings) = mistakes.finish();
    let city = match settings {
        Some(settings) if errors.mistakes.is_empty() => {
            let posts = posts.into_values().collect();
            Ok(assemble(
                settings, projection, districts, posts, units, hospitals, cells,
            ))
        }
        Some(_) | None => Err(errors),
    };
    Checked { city, warnings }
}

fn read_hospitals(sources: &Sources, found: &mut Mistakes) -> Vec<Hospital> {
    let Some(source) = &sources.hospitals else {
        return Vec::new();
    };
    let columns = &columns::HOSPITALS;
    let rows = read_rows(source, columns, HOSPITALS_MAX, found, rows::hospital);
    once(source, "name", rows, |row| &row.name, found)
}

fn read_cells(sources: &Sources, found: &mut Mistakes) -> Vec<Cell> {
    let Some(source) = &sources.cells else {
        return Vec::new();
    };
    let rows = read_rows(source, &columns::CELLS, CELLS_MAX, found, rows::cell);
    once(source, "cell", rows, |row| &row.cell, found)
}

fn assemble(
    settings: Settings,
    projection: Projection,
    districts: Districts,
    posts: Vec<Post>,
    units: Vec<UnitRow>,
    hospitals: Vec<Hospital>,
    cells: Vec<Cell>,
) -> City {
    let Settings {
        name,
        centre,
        utc_offset_min,
        desk_limit,
        seed,
        reference: _,
    } = settings;
    let mut city = City {
        name,
        centre,
        projection,
        utc_offset_min,
        desk_limit,
        seed,
        districts,
        posts,
        units,
        hospitals,
        cells,
    };
    city.sort();
    city
}

/// What `read` gives, and whether it found no mistake on the way.
fn whole<T>(found: &mut Mistakes, read: impl FnOnce(&mut Mistakes) -> T) -> (T, bool) {
    let before = found.count();
    let value = read(found);
    (value, found.count() == before)
}

fn note(
    source: &Source,
    line: u64,
    field: &str,
    wrong: String,
    right: impl Into<String>,
) -> Mistake {
    Mistake {
        row: Some(line),
        field: Some(field.into()),
        ..source.mistake(wrong, right)
    }
}

#[cfg(test)]
mod tests;
