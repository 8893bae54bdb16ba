//! A city of one's own from tables of posts and units, written as a folder that a centre can be started with.
//!
//! The tables have the columns of a city's folder, in any datum; every mistake is named by file, line and column, and
//! nothing is written while there is one. Where no districts are given, one covers everything and 20 km around it.

use super::load::{Settings, Sources, read};
use super::mistake::{CityErrors, Mistake, Mistakes};
use super::sheet::Source;
use super::write::WriteError;
use super::{City, UTC_OFFSET_MOST_MIN};
use crate::id::CentreId;
use crate::name::Name;
use crate::place::Point;
use std::path::{Path, PathBuf};

/// What to make a city from.
#[derive(Clone, Debug)]
pub struct ImportInputs {
    /// What to call it.
    pub name: Name,
    /// The centre that will serve it.
    pub centre: CentreId,
    /// Its reference point; `None` is the middle of everything that stands in it.
    pub reference: Option<Point>,
    /// Minutes of local time ahead of UTC.
    pub utc_offset_min: i32,
    /// The most orders a desk takes at once.
    pub desk_limit: u16,
    /// Table of posts.
    pub posts: PathBuf,
    /// Table of units.
    pub units: PathBuf,
    /// Tables of districts and of their corners; both or neither.
    pub districts: Option<(PathBuf, PathBuf)>,
    /// Table of hospitals.
    pub hospitals: Option<PathBuf>,
    /// Table of cells.
    pub cells: Option<PathBuf>,
}

/// What came of an import.
#[derive(Debug)]
pub struct Imported {
    /// The city as it was written.
    pub city: City,
    /// What is odd about the tables but allowed.
    pub warnings: Vec<Mistake>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The tables have mistakes.
    #[error(transparent)]
    Tables(#[from] CityErrors),
    /// A setting that is not in a table.
    #[error("{0}")]
    Setting(&'static str),
    /// The folder refused.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Reads the tables and writes a city's folder.
pub fn import(inputs: &ImportInputs, dir: &Path) -> Result<Imported, ImportError> {
    if inputs.utc_offset_min.abs() > UTC_OFFSET_MOST_MIN {
        return Err(ImportError::Setting(
            "the offset from UTC is out of range; give minutes from -840 to 840",
        ));
    }
    if inputs.desk_limit == 0 {
        return Err(ImportError::Setting(
            "a desk takes one order at least; give a limit from 1 to 65535",
        ));
    }
    let (districts, polygons) = inputs
        .districts
        .as_ref()
        .map_or((None, None), |(districts, polygons)| {
            (Some(Source::at(districts)), Some(Source::at(polygons)))
        });
    let sources = Sources {
        districts,
        polygons,
        posts: Source::at(&inputs.posts),
        units: Source::at(&inputs.units),
        hospitals: inputs.hospitals.as_deref().map(Source::at),
        cells: inputs.cells.as_deref().map(Source::at),
    };
    let settings = Settings {
        name: inputs.name,
        centre: inputs.centre,
        reference: inputs.reference,
        utc_offset_min: inputs.utc_offset_min,
        desk_limit: inputs.desk_limit,
        seed: None,
    };
    let checked = read(Some(settings), &sources, Mistakes::default());
    let city = checked.city?;
    city.write(dir)?;
    Ok(Imported {
        city,
        warnings: checked.warnings,
    })
}
