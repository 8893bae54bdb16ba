//! What is said to hold on the roads just now, as an object of the journal: the factors of the hour, and notices by name.
//!
//! One bulletin says all that holds: whoever has it and its map has the times that a decision was made by. It is one JSON
//! document, keys in the order of the types here, notices in the order of their ids, edges sorted, so one bulletin is
//! one sequence of bytes. Roads are named by the map's own names of nodes, so that notices outlive a newer map.

use super::conditions::{Change, Conditions, Factors};
use super::road_map::RoadMap;
use crate::city::Polygon;
use crate::id::ObjectHash;
use crate::name::Name;
use crate::place::Point;
use serde::{Deserialize, Serialize};

/// Notices of one bulletin at most.
pub const NOTICES_MAX: usize = 1_000;
/// Pieces of road of one notice at most.
pub const STRETCHES_MAX: usize = 1_000;
/// Corners of one flooded area at most.
pub const CORNERS_MAX: usize = 1_000;
/// Pieces of road, and corners of areas, of a whole bulletin at most: what holds is written and reckoned whole with each change.
pub const TOGETHER_MAX: usize = 10_000;
/// The slowest that a road can be said to be: so many thousandths of its time.
pub const SLOW_PERMILLE_MAX: u32 = 100_000;

/// All that holds on a map just now beside what the map says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulletin {
    /// The map it is about.
    pub roads: ObjectHash,
    /// The factors of the hour.
    pub factors: Factors,
    /// What is not as the map has it, sorted by id.
    pub notices: Vec<Notice>,
}

/// One thing that is not as the map has it, until it is lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What whoever gave it calls it.
    pub id: Name,
    /// What it says.
    pub says: Says,
}

/// A piece of road in one direction, by the names of the nodes at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Where it begins.
    pub from: i64,
    /// Where it ends.
    pub to: i64,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Says {
    /// Nobody drives through.
    Closed(Vec<Stretch>),
    /// It takes longer.
    Slow {
        /// Which roads.
        roads: Vec<Stretch>,
        /// How many thousandths of their time.
        permille: u32,
    },
    /// Nobody drives through what lies in this area or touches it.
    Flooded(Polygon),
}

/// Why a bulletin cannot be.
#[derive(Debug, thiserror::Error)]
pub enum BulletinError {
    /// Not JSON, or not of this shape.
    #[error("the bulletin cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Not the bytes that it has.
    #[error("the bulletin is not in its one form; write it with Bulletin::canonical_bytes")]
    Form,
    /// About another map.
    #[error("the bulletin is about the map {about}, not {map}")]
    AnotherMap {
        /// What it names.
        about: ObjectHash,
        /// What it was held against.
        map: ObjectHash,
    },
    /// A factor that cannot be.
    #[error("a factor of the bulletin is below 100 or above 10000 thousandths")]
    Factor,
    /// Too many.
    #[error("the bulletin has {0} notices; at most {NOTICES_MAX} are possible, lift some")]
    Notices(usize),
    /// Too much in all of them.
    #[error(
        "the notices have {0} pieces of road and corners together; at most {TOGETHER_MAX} are possible, lift some"
    )]
    Together(usize),
    /// A notice that cannot be.
    #[error("notice {id}: {wrong}")]
    Notice {
        /// Which.
        id: Name,
        /// What is wrong with it.
        wrong: String,
    },
}

impl Bulletin {
    /// Of a map that is as it says, at hours without factors.
    pub fn plain(roads: ObjectHash) -> Bulletin {
        Bulletin {
            roads,
            factors: Factors::default(),
            notices: Vec::new(),
        }
    }

    /// Whether it leaves all as the map has it.
    pub fn is_plain(&self) -> bool {
        self.factors == Factors::default() && self.notices.is_empty()
    }

    /// Puts a notice in its place, over one of the same id.
    pub fn put(&mut self, notice: Notice) {
        match self.notices.binary_search_by_key(&notice.id, |it| it.id) {
            Ok(known) => self.notices[known] = notice,
            Err(place) => self.notices.insert(place, notice),
        }
    }

    /// Takes a notice out; `false` where there is none of this id.
    pub fn lift(&mut self, id: Name) -> bool {
        match self.notices.binary_search_by_key(&id, |it| it.id) {
            Ok(known) => {
                self.notices.remove(known);
                true
            }
            Err(_) => false,
        }
    }

    /// The same on another map: notices about roads that it has not are left out and given back.
    pub fn carried_to(&self, roads: ObjectHash, map: &RoadMap) -> (Bulletin, Vec<Name>) {
        let fits = |notice: &&Notice| notice.check(map).is_ok();
        let (fit, left): (Vec<_>, Vec<_>) = self.notices.iter().partition(fits);
        let carried = Bulletin {
            roads,
            factors: self.factors,
            notices: fit.into_iter().cloned().collect(),
        };
        (carried, left.iter().map(|notice| notice.id).collect())
    }

    /// As one JSON document: the same bulletin, the same bytes.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, BulletinError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// The bulletin of a document; refuses every form but the one.
    pub fn from_canonical(bytes: &[u8]) -> Result<Bulletin, BulletinError> {
        let bulletin: Bulletin = serde_json::from_slice(bytes)?;
        if bulletin.canonical_bytes()? != bytes {
            return Err(BulletinError::Form);
        }
        Ok(bulletin)
    }

    /// Whether it can hold on this map.
    pub fn check(&self, hash: ObjectHash, map: &RoadMap) -> Result<(), BulletinError> {
        if self.roads != hash {
            return Err(BulletinError::AnotherMap {
                about: self.roads,
                map: hash,
            });
        }
        if !self.factors.are_sound() {
            return Err(BulletinError::Factor);
        }
        if self.notices.len() > NOTICES_MAX {
            return Err(BulletinError::Notices(self.notices.len()));
        }
        if !self.notices.is_sorted_by(|a, b| a.id < b.id) {
            return Err(BulletinError::Form);
        }
        let together: usize = self.notices.iter().map(Notice::size).sum();
        if together > TOGETHER_MAX {
            return Err(BulletinError::Together(together));
        }
        self.notices.iter().try_for_each(|notice| notice.check(map))
    }

    /// What its words come to on its map.
    pub fn conditions(&self, map: &RoadMap) -> Conditions {
        let mut changes = Vec::new();
        for notice in &self.notices {
            match &notice.says {
                Says::Closed(roads) => {
                    let edges = edges(map, roads);
                    changes.extend(edges.map(Change::Close));
                }
                Says::Slow { roads, permille } => {
                    let edges = edges(map, roads);
                    changes.extend(edges.map(|edge| Change::Slow(edge, *permille)));
                }
                Says::Flooded(area) => changes.push(Change::Flood(area.clone())),
            }
        }
        Conditions {
            factors: self.factors,
            changes,
        }
    }
}

fn edges(map: &RoadMap, roads: &[Stretch]) -> impl Iterator<Item = super::network::EdgeIndex> {
    roads
        .iter()
        .flat_map(|stretch| map.edges_named(stretch.from, stretch.to))
}

impl Notice {
    /// How many pieces of road or corners it names.
    fn size(&self) -> usize {
        match &self.says {
            Says::Closed(roads) | Says::Slow { roads, .. } => roads.len(),
            Says::Flooded(area) => area.rings().iter().map(Vec::len).sum(),
        }
    }

    /// Whether it can hold on this map.
    pub fn check(&self, map: &RoadMap) -> Result<(), BulletinError> {
        let checked = match &self.says {
            Says::Closed(roads) => check_roads(roads, map),
            Says::Slow { roads, permille } => {
                if (1_000..=SLOW_PERMILLE_MAX).contains(permille) {
                    check_roads(roads, map)
                } else {
                    Err(format!(
                        "{permille} thousandths of the time; 1000 to {SLOW_PERMILLE_MAX} are possible"
                    ))
                }
            }
            Says::Flooded(area) => check_area(area),
        };
        checked.map_err(|wrong| BulletinError::Notice { id: self.id, wrong })
    }
}

fn check_roads(roads: &[Stretch], map: &RoadMap) -> Result<(), String> {
    if roads.is_empty() || roads.len() > STRETCHES_MAX {
        let count = roads.len();
        return Err(format!(
            "it names {count} pieces of road; 1 to {STRETCHES_MAX} are possible"
        ));
    }
    if !roads.is_sorted_by(|a, b| a < b) {
        return Err("its pieces of road are not sorted, each once".into());
    }
    let unknown = |road: &&Stretch| map.edges_named(road.from, road.to).next().is_none();
    match roads.iter().find(unknown) {
        None => Ok(()),
        Some(Stretch { from, to }) => Err(format!(
            "no road of the map leads straight from node {from} to node {to}"
        )),
    }
}

fn check_area(area: &Polygon) -> Result<(), String> {
    let corners = area.rings().iter().map(Vec::len).sum::<usize>();
    if !(3..=CORNERS_MAX).contains(&corners) {
        return Err(format!(
            "its area has {corners} corners; 3 to {CORNERS_MAX} are possible"
        ));
    }
    let globe = |corner: &Point| {
        corner.lat_e7.unsigned_abs() <= 900_000_000 && corner.lon_e7.unsigned_abs() <= 1_800_000_000
    };
    if !area.rings().iter().flatten().all(globe) {
        return Err("a corner of its area is not on the globe".into());
    }
    for given in area.rings() {
        match crate::city::polygon::ring(given) {
            Ok(tidy) if tidy == *given => {}
            Ok(_) => return Err("a corner of its area is said twice in a row".into()),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}
