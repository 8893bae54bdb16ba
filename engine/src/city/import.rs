//! A city of one's own from tables of posts and units, written as a folder that a centre can be started with.
//!
//! The tables have the columns of a city's folder, in any datum; every mistake is named by file, line and column, and
//! nothing is written while there is one. Where no districts are given, one covers everything and 20 km around it.

use super::load::{Settings, Sources, read};
use super::mistake::{CityErrors, Mistake, Mistakes};
use super::sheet::{FILE_BYTES_MAX, Source};
use super::write::{CityFile, WriteError, write_files, write_new_files};
use super::{City, Contacts, UTC_OFFSET_MOST_MIN, contacts};
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
    /// Table of contacts.
    pub contacts: Option<PathBuf>,
    /// Files that go into the folder beside the tables, such as a map of roads.
    pub beside: Vec<CityFile>,
    /// Overwrite a city that is in the folder already.
    pub force: bool,
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
    let mut files = city.files()?;
    if let Some(path) = &inputs.contacts {
        let source = Source::at(path);
        Contacts::read(&source, &city)?;
        let bytes = source.bytes(FILE_BYTES_MAX).map_err(CityErrors::one)?;
        files.push((contacts::FILE, bytes));
    }
    files.extend(inputs.beside.iter().cloned());
    if inputs.force {
        write_files(dir, &files)?;
    } else {
        write_new_files(dir, &files)?;
    }
    Ok(Imported {
        city,
        warnings: checked.warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::DistrictId;
    use crate::place::projection::{Plane, distance_dm};

    const POSTS: &str =
        "name,agency,lat,lon,datum\n北所,police,28.90,120.70,gcj02\n南站,fire,28.80,120.80,wgs84\n";
    const UNITS: &str = "name,agency,capabilities,post,speed_kmh,turnout_s\n巡1,police,patrol,北所,45,30\n消1,fire,fire_engine,南站,45,60\n";

    fn inputs(dir: &Path, posts: &str, units: &str) -> ImportInputs {
        let (posts_path, units_path) = (dir.join("my posts.csv"), dir.join("my units.csv"));
        std::fs::write(&posts_path, posts).unwrap();
        std::fs::write(&units_path, units).unwrap();
        ImportInputs {
            name: Name::new("我的城").unwrap(),
            centre: CentreId(3),
            reference: None,
            utc_offset_min: 480,
            desk_limit: 64,
            posts: posts_path,
            units: units_path,
            districts: None,
            hospitals: None,
            cells: None,
            contacts: None,
            beside: Vec::new(),
            force: false,
        }
    }

    #[test]
    fn posts_and_units_make_a_city_that_loads() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("city");
        let imported = import(&inputs(dir.path(), POSTS, UNITS), &out).unwrap();
        assert_eq!(City::load(&out).unwrap(), imported.city);
        let city = imported.city;
        let mut again = inputs(dir.path(), &POSTS.replace("28.80", "28.81"), UNITS);
        let refused = import(&again, &out).unwrap_err();
        assert!(matches!(
            refused,
            ImportError::Write(WriteError::Taken { .. })
        ));
        again.force = true;
        assert_ne!(import(&again, &out).unwrap().city, city);
        assert_eq!(
            (city.units.len(), city.posts.len(), city.districts.len()),
            (2, 2, 1)
        );
        // The one district reaches 20 km beyond what stands in it, and not much farther.
        for (post, north_dm) in [("北所", 1), ("南站", -1)] {
            let at = city.projection.plane(city.post(post).unwrap().point);
            let beyond = |dm: i32| {
                city.projection.point(Plane {
                    y_dm: at.y_dm + north_dm * dm,
                    ..at
                })
            };
            assert_eq!(city.district_at(beyond(199_000)), Some(DistrictId(1)));
            assert_eq!(city.district_at(beyond(201_000)), None);
        }
        let middle = city.projection.plane(city.reference());
        let posts = [&city.posts[0], &city.posts[1]]
            .map(|post| distance_dm(middle, city.projection.plane(post.point)));
        assert!(posts[0].abs_diff(posts[1]) < 1_000, "{posts:?}");
    }

    #[test]
    fn mistakes_are_named_by_the_users_file_and_row_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("city");
        let posts = POSTS.replace("28.90", "NaN");
        let units = UNITS.replace("fire_engine", "fire engine");
        let ImportError::Tables(errors) =
            import(&inputs(dir.path(), &posts, &units), &out).unwrap_err()
        else {
            panic!("the tables are wrong")
        };
        assert_eq!(errors.mistakes.len(), 2, "{errors}");
        assert!(
            errors.mistakes[0]
                .to_string()
                .contains("my posts.csv:2: lat: it is not a finite number")
        );
        assert!(
            errors.mistakes[1]
                .to_string()
                .contains("my units.csv:3: capabilities: `fire engine` is unknown")
        );
        assert!(!out.exists());
    }

    #[test]
    fn districts_of_ones_own_are_used() {
        let dir = tempfile::tempdir().unwrap();
        let (districts, polygons) = (dir.path().join("d.csv"), dir.path().join("p.csv"));
        std::fs::write(&districts, "id,name,zone\n44,城区,town\n").unwrap();
        std::fs::write(
            &polygons,
            "district,ring,lat,lon,datum\n44,0,28,120,wgs84\n44,0,28,121,wgs84\n44,0,29,121,wgs84\n44,0,29,120,wgs84\n",
        )
        .unwrap();
        let mut inputs = inputs(dir.path(), POSTS, UNITS);
        inputs.districts = Some((districts, polygons));
        let city = import(&inputs, &dir.path().join("city")).unwrap().city;
        assert!(city.units.iter().all(|unit| unit.home == DistrictId(44)));
    }

    #[test]
    fn settings_and_empty_or_impossible_tables_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |edit: fn(&mut ImportInputs), posts: &str, units: &str| {
            let mut inputs = inputs(dir.path(), posts, units);
            edit(&mut inputs);
            import(&inputs, &dir.path().join("city"))
                .unwrap_err()
                .to_string()
        };
        let far = |inputs: &mut ImportInputs| inputs.utc_offset_min = 900;
        assert!(refused(far, POSTS, UNITS).contains("offset from UTC"));
        assert!(
            refused(|inputs| inputs.desk_limit = 0, POSTS, UNITS).contains("desk takes one order")
        );
        let gone = |inputs: &mut ImportInputs| inputs.units = "/nonexistent/units.csv".into();
        assert!(refused(gone, POSTS, UNITS).contains("/nonexistent/units.csv: it cannot be read"));
        let (posts, units) = (
            "name,agency,lat,lon,datum\n",
            "name,agency,capabilities,post,speed_kmh,turnout_s\n",
        );
        assert!(refused(|_| {}, posts, units).contains("it has no post"));
        let wide = format!("{POSTS}西所,police,0,-179,wgs84\n东所,police,0,179,wgs84\n");
        assert!(refused(|_| {}, &wide, UNITS).contains("half the globe"));
        let none = refused(|_| {}, &POSTS.replace("28.", "NaN"), UNITS);
        assert!(
            !none.contains("outside"),
            "only the posts are blamed: {none}"
        );
        let numbered = POSTS
            .replace("datum\n", "datum,district\n")
            .replace("gcj02", "gcj02,7")
            .replace("wgs84\n", "wgs84,\n");
        assert!(refused(|_| {}, &numbered, UNITS).contains("there is no district 7"));
    }
}
