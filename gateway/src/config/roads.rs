//! The road network of a city: a file, or that of the county that is made up; whether it is a map, and whether it covers the city.

use super::typed::Typed;
use super::{Check, Config};
use engine::city::generate::{GenerateError, roads};
use engine::city::{City, UnitRow};
use engine::id::ObjectHash;
use engine::journal::objects::OBJECT_BYTES_MAX;
use engine::roads::atlas::Atlas;
use engine::roads::network::Profile;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of a city folder that is its map, unless another is named.
pub const FILE: &str = "city.roads";
/// What is said instead of a file where there is to be no map.
const NONE: &str = "none";
/// A map is no larger: the data folder keeps it as an object.
const BYTES_MAX: u64 = OBJECT_BYTES_MAX;

/// The roads that a city is served with.
#[derive(Clone, Debug)]
pub enum Roads {
    /// A map that was read.
    Read(Map),
    /// Those of the county of this seed, which are made when somebody wants them.
    OfSeed(u64),
}

/// A map, read.
#[derive(Clone)]
pub struct Map {
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
    /// Who made it, to be shown wherever it shows; empty when it is the centre's own.
    pub attribution: String,
    /// Its nodes and edges.
    pub size: [usize; 2],
    /// Vehicles whose post is far from every road that they may use without lights and sirens, and how many there are; aircraft
    /// are none of them.
    pub far: [usize; 2],
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({self})")
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [nodes, edges] = self.size;
        write!(f, "roads of {nodes} nodes and {edges} edges")?;
        if self.far[0] > 0 {
            let [far, all] = self.far;
            write!(f, ", {far} of {all} vehicles far from every one")?;
        }
        if !self.attribution.is_empty() {
            write!(f, ", {}", self.attribution)?;
        }
        Ok(())
    }
}

impl Map {
    /// Out of a file; refused when it is of another place than the city.
    pub fn read(file: &Path, city: Option<&City>) -> Result<Map, String> {
        let map = read(file).and_then(|bytes| Map::of(bytes.into(), city));
        let map = map.map_err(|error| format!("{}: {error}", file.display()))?;
        let [far, all] = map.far;
        if all > 0 && far == all {
            return Err(format!(
                "{}: no vehicle's post is within 500 m of a road: the map is of another place; name the one of this city",
                file.display()
            ));
        }
        Ok(map)
    }

    /// Of the bytes of a map.
    fn of(bytes: Arc<[u8]>, city: Option<&City>) -> Result<Map, String> {
        let atlas = Atlas::read(ObjectHash::of(&bytes), &bytes)?;
        let vehicles = city.map_or(&[][..], |city| &city.units);
        let by_road = |unit: &&UnitRow| unit.speed_mm_s > 0 && !unit.capabilities.flies();
        let vehicles = vehicles.iter().filter(by_road);
        let all = vehicles.clone().count();
        let far = vehicles.filter(|unit| {
            let positions = atlas.positions(unit.point);
            positions.of(Profile::Normal).is_none()
        });
        let network = atlas.metric().map().network();
        Ok(Map {
            far: [far.count(), all],
            size: [network.nodes.len(), network.edges.len()],
            attribution: atlas.attribution().to_owned(),
            bytes,
        })
    }
}

impl Check<'_> {
    /// The roads; `None` where there are none, and where they have mistakes.
    pub(super) fn roads(&mut self, typed: &Typed, city: Option<&City>) -> Option<Roads> {
        let named = typed.city.roads.path();
        if named == Some(Path::new(NONE)) {
            return None;
        }
        let folder = typed.city.folder.path().map(|folder| self.path(folder));
        let file = match (named.map(|file| self.path(file)), folder) {
            (Some(file), _) => file,
            (None, Some(folder)) => beside(&folder)?,
            (None, None) => return Some(Roads::OfSeed(typed.city.seed)),
        };
        match Map::read(&file, city) {
            Ok(map) => Some(Roads::Read(map)),
            Err(error) => {
                self.wrong(&typed.city.roads.place(), "city.roads", error);
                None
            }
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let bytes = std::fs::metadata(file)
        .map_err(|error| error.to_string())?
        .len();
    if bytes > BYTES_MAX {
        return Err(format!(
            "it has {bytes} bytes; a map has at most {BYTES_MAX}"
        ));
    }
    std::fs::read(file).map_err(|error| error.to_string())
}

/// The file beside a city, where there is one.
pub fn beside(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(FILE)).filter(|file| file.exists())
}

impl Config {
    /// The bytes of the map, if there is one.
    pub fn roads_bytes(&self) -> Result<Option<Arc<[u8]>>, GenerateError> {
        match &self.roads {
            None => Ok(None),
            Some(Roads::Read(map)) => Ok(Some(Arc::clone(&map.bytes))),
            Some(Roads::OfSeed(seed)) => roads::map(*seed).map(|bytes| Some(bytes.into())),
        }
    }

    /// The map, if there is one; what is still to be made is made, once.
    pub fn map(&mut self) -> Result<Option<&Map>, String> {
        if let Some(Roads::OfSeed(seed)) = self.roads {
            let bytes = roads::map(seed).map_err(|error| error.to_string())?;
            self.roads = Some(Roads::Read(Map::of(bytes.into(), Some(&self.city))?));
        }
        match &self.roads {
            Some(Roads::Read(map)) => Ok(Some(map)),
            Some(Roads::OfSeed(_)) | None => Ok(None),
        }
    }
}
