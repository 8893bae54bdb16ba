//! Plans of smaller tiers, and exceptions by district, place and hour, as stories (L2, H10, R1).

use super::*;
use crate::command::{CallVerdict, IncidentMerge};
use crate::plan::DEFAULT;

/// A night plan of the county, a plan of the township 下塘镇, and one of the market in the middle of the town.
const LOCAL: &str = r#"
[[local]]
name = "县夜间预案"
tier = "county"
from = "22:00"
to = "06:00"
[local.kind.fight]
needs = [{ capability = "patrol", count = 2 }]
[[local]]
name = "下塘镇预案"
tier = "township"
districts = ["下塘镇"]
[local.kind.fight]
needs = [{ capability = "township_team", count = 1 }]
"#;

fn world() -> World {
    let mut world = World::new();
    let (lat, lon) = (world.town().lat_e7, world.town().lon_e7);
    let market = format!(
        "[[local]]\nname = \"市场预案\"\ntier = \"village\"\nlat = {}\nlon = {}\ndatum = \"wgs84\"\nradius_m = 300\n[local.kind.fight]\nneeds = [{{ capability = \"patrol\", count = 3 }}]\n",
        f64::from(lat) / 1e7,
        f64::from(lon) / 1e7
    );
    world.bring_plan(&format!("{DEFAULT}{LOCAL}{market}"));
    world
}

fn asked(world: &World, incident: IncidentId) -> Vec<Capability> {
    let known = world.state_of(incident);
    known
        .needs
        .iter()
        .map(|(_, need)| need.capability)
        .collect()
}

/// The middle of a district.
fn middle_of(world: &World, name: &str) -> Point {
    let mut districts = world.city.districts.iter();
    let district = districts.find(|known| known.name.as_str() == name).unwrap();
    let posts = world.city.posts.iter().map(|post| post.point);
    let mut inside = posts.filter(|&point| world.city.districts.at(point) == Some(district.id));
    inside.next().unwrap()
}

/// H10: the market asks for three; elsewhere in the town the county says nothing by day, and two by night; the township sends its own
/// team at any hour.
#[test]
fn a_fight_needs_what_the_smallest_tier_says() {
    let mut world = world();
    let (market, street) = (world.town(), world.north(1_000));
    let township = middle_of(&world, "下塘镇");
    let fight = |world: &mut World, point| {
        let incident = world.call(Kind::Fight, point).incident.unwrap();
        world.check();
        let asked = asked(world, incident);
        world.say(Command::CloseIncident(incident));
        asked
    };
    let patrols = |count| vec![Capability::Patrol; count];
    assert_eq!(fight(&mut world, market), patrols(3));
    assert_eq!(fight(&mut world, street), patrols(1));
    assert_eq!(fight(&mut world, township)[0], Capability::TownshipTeam);
    world.pass(Span::hours(13));
    assert_eq!(fight(&mut world, market), patrols(3));
    assert_eq!(fight(&mut world, street), patrols(2));
    assert_eq!(fight(&mut world, township)[0], Capability::TownshipTeam);
}

/// A person finds that it is in the market after all: what is asked for there is sought, and nobody is called back.
#[test]
fn what_is_placed_elsewhere_is_asked_for_there() {
    let mut world = world();
    let (market, street) = (world.town(), world.north(1_000));
    let call = world.call(Kind::Fight, street);
    let incident = call.incident.unwrap();
    assert_eq!(asked(&world, incident).len(), 1);
    let place = world.report(Kind::Fight, Some(market)).place;
    world.say(Command::JudgeCall(CallVerdict {
        call: call.call,
        assessment: None,
        place,
    }));
    world.check();
    assert_eq!(asked(&world, incident).len(), 3);
    let known = world.state_of(incident);
    assert_eq!(known.orders_open, 3);
}

/// N4: where nobody knows the place, only what holds everywhere is asked.
#[test]
fn without_a_place_only_the_hour_counts() {
    let mut world = world();
    world.pass(Span::hours(13));
    let report = world.report(Kind::Fight, None);
    let incident = world.take(report).incident.unwrap();
    assert_eq!(asked(&world, incident), [Capability::Patrol; 2]);
}

/// N1: where the one that is handled on has no place, the other's decides what is asked, before anybody is called back.
#[test]
fn a_merge_calls_nobody_back_whom_the_place_asks_for() {
    let mut world = world();
    let market = world.town();
    let report = world.report(Kind::Fight, None);
    let into = world.take(report).incident.unwrap();
    let placed = world.call(Kind::Fight, market);
    let from = placed.incident.unwrap();
    let out: Vec<UnitId> = placed.orders.iter().map(|line| line.unit).collect();
    assert_eq!(out.len(), 3);
    let events = world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    world.check();
    let moved = events.iter().filter_map(|event| match event {
        Event::OrderTransferred { unit, .. } => Some(*unit),
        _ => None,
    });
    assert_eq!(moved.collect::<Vec<_>>(), out);
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::OrderMoved { .. } | Event::OrderIssued(_))),
        "{events:?}"
    );
}
