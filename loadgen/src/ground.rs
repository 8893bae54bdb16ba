//! The ground that calls come from: the districts of a city, and places drawn from them.
//!
//! Reads a city and nothing else of a centre; knows no units. Traces are laid on it by `trace::import::onto`,
//! `synth` draws its places from it.

use crate::random::Random;
use engine::capability::Capability;
use engine::city::mistake::CityErrors;
use engine::city::polygon::Bounds;
use engine::city::{City, GenerateError, Polygon, Zone};
use engine::place::Point;
use std::path::Path;

/// The seed of the city that a centre without a configuration is started with.
pub const EMBEDDED_SEED: u64 = 1;

/// How much likelier a call is in town than in one township of the same standing.
const TOWN_WEIGHT: u64 = 12;
const SUBURB_WEIGHT: u64 = 5;
const TOWNSHIP_WEIGHT: u64 = 1;

/// Draws before a point inside a polygon is given up: even a sliver of a hundredth of its box is hit by then.
const DRAWS_MAX: usize = 2_000;

/// Why there is no ground.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// The folder does not hold a city.
    #[error("the city in {folder} cannot be used: {errors}")]
    City {
        /// The folder.
        folder: String,
        /// Every mistake.
        errors: CityErrors,
    },
    /// The embedded city cannot be made.
    #[error("the embedded city cannot be generated: {0}")]
    Embedded(#[from] GenerateError),
    /// Nowhere to put a call.
    #[error("the city has no district with a polygon; a trace cannot be laid on it")]
    Empty,
}

/// A district as far as calls are concerned.
#[derive(Clone, Debug)]
struct Area {
    weight: u64,
    bounds: Bounds,
    shape: Polygon,
}

/// The districts of a city, to draw places from.
#[derive(Clone, Debug)]
pub struct Ground {
    city: City,
    areas: Vec<Area>,
    bounds: Bounds,
}

impl Ground {
    /// The ground of a city: a folder, or the word `embedded`.
    pub fn named(name: &Path) -> Result<Ground, GroundError> {
        if name.as_os_str() == "embedded" {
            return Ground::embedded();
        }
        let city = City::load(name).map_err(|errors| GroundError::City {
            folder: name.display().to_string(),
            errors,
        })?;
        Ground::of(city)
    }

    /// The ground of the embedded city.
    pub fn embedded() -> Result<Ground, GroundError> {
        Ground::of(engine::city::generate(EMBEDDED_SEED, None)?)
    }

    /// The ground of this city.
    pub fn of(city: City) -> Result<Ground, GroundError> {
        let areas: Vec<Area> = city
            .districts
            .iter()
            .filter(|district| !district.shape.is_empty())
            .map(|district| Area {
                weight: match district.zone {
                    Zone::Town => TOWN_WEIGHT,
                    Zone::Suburb => SUBURB_WEIGHT,
                    Zone::Township => TOWNSHIP_WEIGHT,
                },
                bounds: district.shape.bounds(),
                shape: district.shape.clone(),
            })
            .collect();
        if areas.is_empty() {
            return Err(GroundError::Empty);
        }
        let corners = areas
            .iter()
            .flat_map(|area| [area.bounds.south_west, area.bounds.north_east]);
        let bounds = Bounds::around(&corners.collect::<Vec<Point>>());
        Ok(Ground {
            city,
            areas,
            bounds,
        })
    }

    /// Minutes of local time ahead of UTC.
    pub fn utc_offset_min(&self) -> i32 {
        self.city.utc_offset_min
    }

    /// How many ambulances the city has.
    pub fn ambulances(&self) -> u64 {
        let units = self.city.units.iter();
        let ambulances = units.filter(|unit| unit.capabilities.contains(Capability::Ambulance));
        ambulances.count() as u64
    }

    /// Whether the point is in the served area.
    pub fn contains(&self, point: Point) -> bool {
        self.city.district_at(point).is_some()
    }

    /// The rectangle around the served area.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// A place in the served area, likelier in town, and there likelier near the middle.
    pub fn draw(&self, random: &mut Random) -> Point {
        let index = random.weighted(self.areas.iter().map(|area| area.weight));
        let area = &self.areas[index.unwrap_or(0)];
        self.draw_in(area.bounds, random, towards_middle, |point| {
            area.shape.contains(point)
        })
    }

    /// A place in the served area, each as likely as the next.
    pub fn draw_evenly(&self, random: &mut Random) -> Point {
        self.draw_in(self.bounds, random, evenly, |_| true)
    }

    fn draw_in(
        &self,
        bounds: Bounds,
        random: &mut Random,
        along: fn(&mut Random, i32, i32) -> i32,
        fits: impl Fn(Point) -> bool,
    ) -> Point {
        let (low, high) = (bounds.south_west, bounds.north_east);
        let mut drawn = low;
        for _ in 0..DRAWS_MAX {
            drawn = Point {
                lat_e7: along(random, low.lat_e7, high.lat_e7),
                lon_e7: along(random, low.lon_e7, high.lon_e7),
            };
            if fits(drawn) && self.contains(drawn) {
                break;
            }
        }
        drawn
    }

    /// A place within so many metres of another, on a square; exact enough for callers who see the same thing.
    pub fn near(&self, point: Point, metres: i64, random: &mut Random) -> Point {
        // 1 m is about 90 units of 1e-7 degree north; east it is more, so this stays within the distance.
        let reach = metres * 64;
        let near = Point {
            lat_e7: point
                .lat_e7
                .saturating_add(random.between(-reach, reach) as i32),
            lon_e7: point
                .lon_e7
                .saturating_add(random.between(-reach, reach) as i32),
        };
        if self.contains(near) { near } else { point }
    }
}

/// A number between two others, each as likely as the next.
fn evenly(random: &mut Random, low: i32, high: i32) -> i32 {
    random.between(low.into(), high.into()) as i32
}

/// A number between two others: the mean of two draws, so the middle is likelier than the edges.
fn towards_middle(random: &mut Random, low: i32, high: i32) -> i32 {
    let (low, high) = (i64::from(low), i64::from(high));
    ((random.between(low, high) + random.between(low, high)) / 2) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::ObjectHash;
    use engine::roads::atlas::Atlas;
    use engine::roads::network::Profile;

    /// Who calls can be driven to: nearly every place has a road within 500 m.
    #[test]
    fn places_lie_by_the_roads() {
        let map = engine::city::generate::roads::map(EMBEDDED_SEED).unwrap();
        let atlas = Atlas::read(ObjectHash::of(&map), &map).unwrap();
        let ground = Ground::embedded().unwrap();
        let mut random = Random::new(11);
        let drawn = (0..2_000).map(|_| ground.draw(&mut random));
        let near = drawn.filter(|&point| atlas.position(Profile::Normal, point).is_some());
        let near = near.count();
        println!("{near} of 2000 places have a road within 500 m");
        assert!(
            near > 1_960,
            "{near} of 2000 places have a road within 500 m"
        );
    }

    #[test]
    fn places_lie_in_the_city_and_mostly_in_town() {
        let ground = Ground::embedded().unwrap();
        let mut random = Random::new(7);
        let drawn: Vec<Point> = (0..500).map(|_| ground.draw(&mut random)).collect();
        assert!(drawn.iter().all(|&point| ground.contains(point)));
        let zone = |point| {
            let id = ground.city.district_at(point).unwrap();
            ground.city.districts.get(id).unwrap().zone
        };
        let town = drawn
            .iter()
            .filter(|&&point| zone(point) != Zone::Township)
            .count();
        assert!((150..450).contains(&town), "{town}");
        assert!(ground.contains(ground.near(drawn[0], 30, &mut random)));
    }

    #[test]
    fn a_folder_without_a_city_is_named() {
        let error = Ground::named(Path::new("/nowhere")).err().unwrap();
        assert!(error.to_string().contains("/nowhere"), "{error}");
    }
}
