//! What holds on the roads just now: the factors of the hour, and what has been changed on them.
//!
//! With the map they say, edge by edge and by nothing else, how long each takes: so whoever has map and conditions has the
//! same times, at the decision and in every replay of it.

use super::network::{CLOSED_MS, EDGE_MS_MAX, EdgeIndex, Profile, RoadClass};
use super::road_map::RoadMap;
use crate::city::Polygon;
use crate::place::Point;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Factors on the times of the map in thousandths, by profile and class of road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factors {
    /// Of everybody.
    normal: [u16; RoadClass::ALL.len()],
    /// Of vehicles with lights and sirens.
    siren: [u16; RoadClass::ALL.len()],
}

/// A factor of one.
const ONE_PERMILLE: u16 = 1_000;
/// What a factor may be.
pub const FACTOR_PERMILLE: RangeInclusive<u16> = 100..=10_000;

impl Default for Factors {
    /// All times as the map has them.
    fn default() -> Factors {
        Factors {
            normal: [ONE_PERMILLE; RoadClass::ALL.len()],
            siren: [ONE_PERMILLE; RoadClass::ALL.len()],
        }
    }
}

impl Factors {
    /// Sets one.
    pub fn set(&mut self, profile: Profile, class: RoadClass, permille: u16) {
        let row = match profile {
            Profile::Normal => &mut self.normal,
            Profile::Siren => &mut self.siren,
        };
        row[class as usize] = permille;
    }

    /// One of them.
    pub fn of(&self, profile: Profile, class: RoadClass) -> u16 {
        match profile {
            Profile::Normal => self.normal[class as usize],
            Profile::Siren => self.siren[class as usize],
        }
    }

    /// Whether each is in bounds.
    pub fn are_sound(&self) -> bool {
        let mut all = self.normal.iter().chain(&self.siren);
        all.all(|permille| FACTOR_PERMILLE.contains(permille))
    }
}

/// The factors of each hour of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourFactors([Factors; HOURS as usize]);

/// Hours of a day.
const HOURS: u16 = 24;

impl Default for HourFactors {
    /// All times as the map has them, all day.
    fn default() -> HourFactors {
        HourFactors([Factors::default(); HOURS as usize])
    }
}

impl HourFactors {
    /// Sets a factor; hours count from 0 to 23.
    pub fn set(&mut self, profile: Profile, hour: u8, class: RoadClass, permille: u16) {
        self.0[usize::from(hour)].set(profile, class, permille);
    }

    /// Those of a minute of the day.
    pub fn at_minute(&self, minute_of_day: u16) -> &Factors {
        &self.0[usize::from(minute_of_day / 60 % HOURS)]
    }

    /// After how many minutes others hold; `None` where all hours are alike.
    pub fn minutes_to_others(&self, minute_of_day: u16) -> Option<u16> {
        let now = self.at_minute(minute_of_day);
        let hours = 1..HOURS;
        let ahead = hours.map(|hours| hours * 60 - minute_of_day % 60);
        ahead
            .into_iter()
            .find(|ahead| self.at_minute(minute_of_day + ahead) != now)
    }
}

/// Something that is not as the map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nobody drives through.
    Close(EdgeIndex),
    /// It takes so many thousandths of its time; where several say so, the slowest counts.
    Slow(EdgeIndex, u32),
    /// Water: nobody drives through what it touches.
    Flood(Polygon),
}

/// What holds just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Factors of the hour.
    pub factors: Factors,
    /// What is not as the map has it.
    pub changes: Vec<Change>,
}

/// How long edges take one profile under some conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeTimes {
    /// Of driving each edge from end to end, in milliseconds; [`CLOSED_MS`] where nobody may.
    pub through_ms: Vec<u32>,
    /// Of the whole edge for whoever begins or ends on it. A closed edge can still be left and reached: whoever stands at the
    /// accident that closes a bridge can go, and whoever is caught in the water can be reached to where it begins.
    pub own_ms: Vec<u32>,
}

/// What the changes make of one edge.
#[derive(Clone, Copy)]
struct Changed {
    closed: bool,
    slow_permille: u32,
}

impl Conditions {
    /// How long each edge takes either profile, normal first. Changes about edges that the map has not are passed over.
    pub fn edge_times(&self, map: &RoadMap) -> [EdgeTimes; 2] {
        let changed = self.changed(map);
        [Profile::Normal, Profile::Siren].map(|profile| {
            let edges = map.network().edges.iter().zip(&changed);
            let (through_ms, own_ms) = edges
                .map(|(edge, changed)| {
                    let map_ms = edge.time_ms[profile as usize];
                    if map_ms == CLOSED_MS {
                        return (CLOSED_MS, CLOSED_MS);
                    }
                    let factor = self.factors.of(profile, edge.class);
                    let own_ms = scaled(map_ms, factor, changed.slow_permille);
                    (if changed.closed { CLOSED_MS } else { own_ms }, own_ms)
                })
                .unzip();
            EdgeTimes { through_ms, own_ms }
        })
    }

    fn changed(&self, map: &RoadMap) -> Vec<Changed> {
        let plain = Changed {
            closed: false,
            slow_permille: 0,
        };
        let mut changed = vec![plain; map.network().edges.len()];
        for change in &self.changes {
            match change {
                Change::Close(edge) => {
                    if let Some(it) = changed.get_mut(edge.0 as usize) {
                        it.closed = true;
                    }
                }
                Change::Slow(edge, permille) => {
                    if let Some(it) = changed.get_mut(edge.0 as usize) {
                        it.slow_permille = it.slow_permille.max(*permille);
                    }
                }
                Change::Flood(area) => flood(map, area, &mut changed),
            }
        }
        for it in &mut changed {
            if it.slow_permille == 0 {
                it.slow_permille = u32::from(ONE_PERMILLE);
            }
        }
        changed
    }
}

/// A time by two factors in thousandths, rounded half up once; at most a day.
fn scaled(map_ms: u32, factor: u16, slow_permille: u32) -> u32 {
    let product = u128::from(map_ms) * u128::from(factor) * u128::from(slow_permille);
    ((product + 500_000) / 1_000_000).min(u128::from(EDGE_MS_MAX)) as u32
}

fn flood(map: &RoadMap, area: &Polygon, changed: &mut [Changed]) {
    let bounds = area.bounds();
    let (south_west, north_east) = (bounds.south_west, bounds.north_east);
    let nodes = &map.network().nodes;
    for (edge, it) in map.network().edges.iter().zip(changed) {
        let (a, b) = (
            nodes[edge.from.0 as usize].point,
            nodes[edge.to.0 as usize].point,
        );
        let apart = a.lat_e7.max(b.lat_e7) < south_west.lat_e7
            || a.lat_e7.min(b.lat_e7) > north_east.lat_e7
            || a.lon_e7.max(b.lon_e7) < south_west.lon_e7
            || a.lon_e7.min(b.lon_e7) > north_east.lon_e7;
        it.closed |= !apart && touches(area, a, b);
    }
}

/// Whether any point of a segment lies in an area or on its border.
fn touches(area: &Polygon, a: Point, b: Point) -> bool {
    let crosses = |ring: &Vec<Point>| {
        let behind = ring.iter().cycle().skip(1);
        ring.iter().zip(behind).any(|(&c, &d)| meet(a, b, c, d))
    };
    area.contains(a) || area.contains(b) || area.rings().iter().any(crosses)
}

/// Whether two segments have a point in common. Exact.
fn meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let turn = |p: Point, q: Point, r: Point| -> i128 {
        let from = |to: Point| {
            let east = i64::from(to.lon_e7) - i64::from(p.lon_e7);
            let north = i64::from(to.lat_e7) - i64::from(p.lat_e7);
            (i128::from(east), i128::from(north))
        };
        let ((qx, qy), (rx, ry)) = (from(q), from(r));
        (qx * ry - qy * rx).signum()
    };
    let within = |p: Point, q: Point, r: Point| {
        (p.lat_e7.min(q.lat_e7)..=p.lat_e7.max(q.lat_e7)).contains(&r.lat_e7)
            && (p.lon_e7.min(q.lon_e7)..=p.lon_e7.max(q.lon_e7)).contains(&r.lon_e7)
    };
    let (abc, abd) = (turn(a, b, c), turn(a, b, d));
    let (cda, cdb) = (turn(c, d, a), turn(c, d, b));
    (abc != abd && cda != cdb)
        || (abc == 0 && within(a, b, c))
        || (abd == 0 && within(a, b, d))
        || (cda == 0 && within(c, d, a))
        || (cdb == 0 && within(c, d, b))
}
