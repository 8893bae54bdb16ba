//! Hours and live changes: what a metric makes of them, by examples that can be reckoned by hand.

use super::super::conditions::{Change, Conditions, HourFactors};
use super::super::metric::Metric;
use super::super::nearest::{FoundList, RoadUnits, SearchRoom, Wanted};
use super::super::network::{EdgeIndex, Profile, RoadClass};
use super::super::position::{Fraction, Position};
use super::super::road_map::RoadMap;
use super::super::travel::{Destination, exits};
use crate::city::Polygon;
use crate::place::Point;
use std::sync::Arc;

fn time(map: &Arc<RoadMap>, conditions: &Conditions, from: Position, to: Position) -> Option<u32> {
    let metric = Metric::new(map.clone(), conditions);
    let times = metric.profile(Profile::Siren);
    let mut destination = Destination::default();
    destination.set(map, times, Profile::Siren, to);
    destination.cost(map, times, from, &exits(map, times, from))
}

fn ends(map: &RoadMap) -> (Position, Position) {
    let last = map.network().edges.len() as u32 - 1;
    let position = |edge, along| Position {
        edge: EdgeIndex(edge),
        along,
    };
    (
        position(0, Fraction::BEGINNING),
        position(last, Fraction::END),
    )
}

#[test]
fn the_hour_and_a_slow_edge_multiply_and_are_rounded_once() {
    let map = Arc::new(RoadMap::build(super::straight_road()).unwrap());
    let (from, to) = ends(&map);
    let mut conditions = Conditions::default();
    assert_eq!(time(&map, &conditions, from, to), Some(20_002));
    let mut hours = HourFactors::default();
    hours.set(Profile::Siren, 8, RoadClass::Primary, 1_500);
    conditions.factors = *hours.at_minute(8 * 60);
    assert_eq!(
        time(&map, &conditions, from, to),
        Some(2 * 15_002),
        "10 001 × 1.5, half up, each"
    );
    conditions.changes.push(Change::Slow(EdgeIndex(0), 2_000));
    conditions.changes.push(Change::Slow(EdgeIndex(0), 1_100));
    assert_eq!(
        time(&map, &conditions, from, to),
        Some(30_003 + 15_002),
        "the slowest counts"
    );
    conditions.factors = *hours.at_minute(9 * 60);
    assert_eq!(time(&map, &conditions, from, to), Some(20_002 + 10_001));
}

#[test]
fn when_other_factors_hold_is_known_ahead() {
    let mut hours = HourFactors::default();
    assert_eq!(hours.minutes_to_others(90), None);
    hours.set(Profile::Normal, 8, RoadClass::Trunk, 1_300);
    hours.set(Profile::Normal, 9, RoadClass::Trunk, 1_300);
    let ahead = [0, 7 * 60 + 59, 8 * 60, 9 * 60 + 30, 10 * 60, 23 * 60 + 59];
    assert_eq!(
        ahead.map(|minute| hours.minutes_to_others(minute)),
        [480, 1, 120, 30, 22 * 60, 8 * 60 + 1].map(Some)
    );
}

#[test]
fn a_closed_edge_is_left_and_reached_but_not_driven_through() {
    let map = Arc::new(RoadMap::build(super::straight_road()).unwrap());
    let (from, to) = ends(&map);
    let closed = Conditions {
        changes: vec![Change::Close(EdgeIndex(0))],
        ..Conditions::default()
    };
    let middle = Position {
        edge: EdgeIndex(0),
        along: Fraction::new(1 << 19),
    };
    assert_eq!(time(&map, &closed, from, to), None);
    assert_eq!(time(&map, &closed, from, middle), Some(5_001));
    assert_eq!(time(&map, &closed, middle, to), Some(5_000 + 10_001));
}

#[test]
fn times_are_kept_by_the_units_until_a_question_under_others() {
    let map = Arc::new(RoadMap::build(super::straight_road()).unwrap());
    let mut units = RoadUnits::new(1);
    let mut ask = |metric: &Metric| {
        let wanted = Wanted {
            profile: Profile::Siren,
            to: ends(&map).1,
            need: 1,
        };
        let (room, found) = (&mut SearchRoom::default(), &mut FoundList::new(1));
        units.nearest(metric, wanted, room, |_| true, found);
    };
    let before = Metric::new(map.clone(), &Conditions::default());
    let after = Metric::new(map.clone(), &Conditions::default());
    let holders = |metric: &Metric| metric.shared_profiles().each_ref().map(Arc::strong_count);
    assert_eq!(holders(&before), [1, 1]);
    ask(&before);
    assert_eq!((holders(&before), holders(&after)), ([1, 2], [1, 1]));
    ask(&after);
    assert_eq!((holders(&before), holders(&after)), ([1, 1], [1, 2]));
}

#[test]
fn water_closes_what_it_touches() {
    let map = Arc::new(RoadMap::build(super::straight_road()).unwrap());
    let (from, to) = ends(&map);
    let reference = map.projection().reference;
    let around = |north: i32| {
        let corner = |lat: i32, lon: i32| Point {
            lat_e7: reference.lat_e7 + lat,
            lon_e7: reference.lon_e7 + lon,
        };
        // A thin strip across the first edge, none of whose corners and no node of the road lies in the other.
        Polygon::new(vec![vec![
            corner(-north, -20_100),
            corner(north, -20_100),
            corner(north, -20_000),
            corner(-north, -20_000),
        ]])
    };
    let flooded = |area| Conditions {
        changes: vec![Change::Flood(area)],
        ..Conditions::default()
    };
    assert_eq!(time(&map, &flooded(around(5_000)), from, to), None);
    let beside = Polygon::new(vec![vec![
        Point {
            lat_e7: reference.lat_e7 + 900,
            lon_e7: reference.lon_e7 - 30_000,
        },
        Point {
            lat_e7: reference.lat_e7 + 5_000,
            lon_e7: reference.lon_e7,
        },
        Point {
            lat_e7: reference.lat_e7 + 900,
            lon_e7: reference.lon_e7 + 30_000,
        },
    ]]);
    assert_eq!(time(&map, &flooded(beside), from, to), Some(20_002));
}
