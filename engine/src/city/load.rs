//! Reads a city's folder and names everything that is wrong with it.
//!
//! Rows are read one by one (`rows`), then compared: repeats, posts and districts that do not exist, ground that is
//! missing. Where a file already has a mistake, what refers to it is not blamed as well. Never stops at the first
//! mistake, never half-loads.

use super::mistake::{CityErrors, Mistake, Mistakes};
use super::polygon::Districts;
use super::rows;
use super::sheet::{Source, read_rows};
use super::{CELLS_MAX, Cell, City, HOSPITALS_MAX, Hospital, POSTS_MAX, Post, UNITS_MAX, UnitRow};
use crate::name::Name;
use crate::place::projection::Projection;
use ground::{covering, given_ground, middle, places};
use resolve::{Ground, Posts, once, resolve_posts, resolve_units};
use std::collections::BTreeMap;
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
        read_rows(&sources.posts, &rows::POSTS, POSTS_MAX, found, rows::post)
    });
    let desk_limit = settings
        .as_ref()
        .map_or(u16::MAX, |settings| settings.desk_limit);
    let units = read_rows(&sources.units, &rows::UNITS, UNITS_MAX, found, |row| {
        rows::unit(row, desk_limit)
    });
    let hospitals = sources.hospitals.as_ref().map_or_else(Vec::new, |source| {
        let rows = read_rows(
            source,
            &rows::HOSPITALS,
            HOSPITALS_MAX,
            found,
            rows::hospital,
        );
        once(source, "name", rows, |row| &row.name, found)
    });
    let cells = sources.cells.as_ref().map_or_else(Vec::new, |source| {
        let rows = read_rows(source, &rows::CELLS, CELLS_MAX, found, rows::cell);
        once(source, "cell", rows, |row| &row.cell, found)
    });
    let reference = settings.as_ref().and_then(|settings| settings.reference);
    let reference = reference.unwrap_or_else(|| middle(&places(&posts, &units, &hospitals)));
    let projection = Projection::new(reference);
    let (ground, covered) = match ground {
        Some(ground) => (ground, ground_whole),
        None => whole(found, |found| {
            covering(
                &projection,
                &posts,
                &units,
                &hospitals,
                &sources.posts,
                found,
            )
        }),
    };
    let ground = Ground {
        districts: &ground,
        trusted: covered,
    };
    let (posts, resolved) = whole(found, |found| {
        resolve_posts(&sources.posts, posts, ground, found)
    });
    let posts = Posts {
        rows: &posts,
        trusted: posts_whole && resolved,
    };
    let units = resolve_units(&sources.units, units, &posts, ground, found);
    let (errors, warnings) = mistakes.finish();
    let city = match settings {
        Some(settings) if errors.mistakes.is_empty() => Ok(assemble(
            settings,
            projection,
            ground.districts.clone(),
            posts.rows,
            units,
            hospitals,
            cells,
        )),
        Some(_) | None => Err(errors),
    };
    Checked { city, warnings }
}

fn assemble(
    settings: Settings,
    projection: Projection,
    districts: Districts,
    posts: &BTreeMap<Name, Post>,
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
    let posts = posts.values().copied().collect();
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
