//! The road network of a city: which file, whether it is a map, and whether it covers the city.

use super::typed::Typed;
use super::{Check, Config};
use engine::city::City;
use engine::id::ObjectHash;
use engine::journal::objects::OBJECT_BYTES_MAX;
use engine::roads::atlas::Atlas;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The file of a city folder that is its map, unless another is named.
pub const FILE: &str = "city.roads";
/// A map is no larger: the data folder keeps it as an object.
const BYTES_MAX: u64 = OBJECT_BYTES_MAX;

/// The map that a city is served with.
#[derive(Clone)]
pub struct Roads {
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
    /// Who made it, to be shown wherever it shows; empty when it is the centre's own.
    pub attribution: String,
    /// Its nodes and edges.
    pub size: [usize; 2],
    /// Vehicles whose post is far from every road, and how many vehicles there are.
    pub far: [usize; 2],
}

impl fmt::Debug for Roads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roads({self})")
    }
}

impl fmt::Display for Roads {
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

impl Check<'_> {
    /// The map; `None` where there is none, and where it has mistakes.
    pub(super) fn roads(&mut self, typed: &Typed, city: Option<&City>) -> Option<Roads> {
        let named = typed.city.roads.path().map(|file| self.path(file));
        let folder = typed.city.folder.path().map(|folder| self.path(folder));
        let beside = || Some(folder?.join(FILE)).filter(|file| file.exists());
        let file = named.or_else(beside)?;
        match read(&file).and_then(|bytes| taken(bytes, city)) {
            Ok(roads) => {
                let [far, all] = roads.far;
                if all > 0 && far == all {
                    let what = format!(
                        "{}: no vehicle's post is within 500 m of a road: the map is of another place; name the one of this city",
                        file.display()
                    );
                    self.wrong(&typed.city.roads.place(), "city.roads", what);
                }
                Some(roads)
            }
            Err(error) => {
                let what = format!("{}: {error}", file.display());
                self.wrong(&typed.city.roads.place(), "city.roads", what);
                None
            }
        }
    }
}

fn read(file: &PathBuf) -> Result<Vec<u8>, String> {
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

fn taken(bytes: Vec<u8>, city: Option<&City>) -> Result<Roads, String> {
    let atlas = Atlas::read(ObjectHash::of(&bytes), &bytes)?;
    let vehicles = city.map_or(&[][..], |city| &city.units);
    let vehicles = vehicles.iter().filter(|unit| unit.speed_mm_s > 0);
    let all = vehicles.clone().count();
    let far = vehicles.filter(|unit| atlas.position(unit.point).is_none());
    let network = atlas.metric().map().network();
    Ok(Roads {
        far: [far.count(), all],
        size: [network.nodes.len(), network.edges.len()],
        attribution: atlas.attribution().to_owned(),
        bytes: bytes.into(),
    })
}

impl Config {
    /// The bytes of the map, if there is one.
    pub fn roads_bytes(&self) -> Option<Arc<[u8]>> {
        self.roads.as_ref().map(|roads| Arc::clone(&roads.bytes))
    }
}
