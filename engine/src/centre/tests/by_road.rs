//! Nearest is by the road (C7): a river with one bridge, far from it two crews of which one is across the water.

use super::explaining::grounds;
use super::*;
use crate::event::{Choice, OrderIssued};
use crate::explain::Standing;
use crate::roads::atlas::Atlas;
use crate::roads::network::{Edge, Network, Node, NodeIndex, RoadClass};
use crate::roads::prepared::Sections;

/// One hundred metres to the north, and to the east at this latitude, in 1e-7 degrees.
const NORTH: i32 = 8_983;
const EAST: i32 = 10_255;

/// Places by hundreds of metres from the town: on the north bank the town itself, 3 km west and 5 km east of it; on the south bank
/// 300 m from the town and below the bridge, which is 5 km east.
const PLACES: [(i32, i32); 5] = [(0, 0), (0, -30), (0, 50), (-3, 50), (-3, 0)];
const TOWN: usize = 0;
const WEST: usize = 1;
const ACROSS: usize = 4;
/// Roads both ways, with their milliseconds: 60 km/h.
const ROADS: [(u32, u32, u32); 4] = [
    (0, 1, 180_000),
    (0, 2, 300_000),
    (2, 3, 18_000),
    (3, 4, 300_000),
];

fn at(town: Point, (north, east): (i32, i32)) -> Point {
    Point {
        lat_e7: town.lat_e7 + north * NORTH,
        lon_e7: town.lon_e7 + east * EAST,
    }
}

/// The map of the river, as the file that a city names.
fn river(town: Point) -> Vec<u8> {
    map(town, &ROADS)
}

fn map(town: Point, roads: &[(u32, u32, u32)]) -> Vec<u8> {
    let mut network = Network::default();
    for (name, &place) in (0..).zip(&PLACES) {
        network.nodes.push(Node {
            point: at(town, place),
            name,
        });
    }
    for &(from, to, ms) in roads {
        for (from, to) in [(from, to), (to, from)] {
            network.edges.push(Edge {
                from: NodeIndex(from),
                to: NodeIndex(to),
                length_mm: ms * 16,
                time_ms: [ms, ms],
                class: RoadClass::Primary,
            });
        }
    }
    network.edges.sort_by_key(|edge| (edge.from, edge.to));
    Sections::of(&network, "").file()
}

/// Two crews of a sort, one 3 km down the road, one 300 m off across the water.
struct Scene {
    world: World,
    west: UnitId,
    across: UnitId,
}

impl Scene {
    fn new(capability: Capability) -> Scene {
        let mut world = World::new();
        let town = world.town();
        let crews = world.keep_only(capability, 2);
        let one = world.centre.state.unit(crews[0]).unwrap().definition;
        let other = world.centre.state.unit(crews[1]).unwrap().definition;
        world.say(Command::DefineUnit(UnitDefinition {
            speed_mm_s: one.speed_mm_s,
            turnout_ms: one.turnout_ms,
            ..other
        }));
        for (&unit, place) in crews.iter().zip([WEST, ACROSS]) {
            world.say(Command::MoveUnit(UnitPosition {
                unit,
                point: at(town, PLACES[place]),
            }));
        }
        Scene {
            west: crews[0],
            across: crews[1],
            world,
        }
    }

    fn bring_roads(&mut self) {
        self.bring(river(self.world.town()));
    }

    fn bring(&mut self, roads: Vec<u8>) {
        self.world.roads = roads;
        let hash = ObjectHash::of(&self.world.roads);
        let atlas = Atlas::read(hash, &self.world.roads).unwrap();
        self.world.centre.prepare(Prepared::Roads(Arc::new(atlas)));
        let activation = Activation {
            object: ObjectKind::Roads,
            hash,
        };
        let said = self.world.say(Command::Activate(activation));
        assert_eq!(said, [Event::ObjectActivated(activation)]);
    }

    /// The first order that a call from the town causes for a capability.
    fn order(&mut self, kind: Kind, capability: Capability) -> OrderIssued {
        let before = self.world.events.len();
        let town = at(self.world.town(), PLACES[TOWN]);
        self.world.call(kind, town);
        let said = self.world.events[before..].iter();
        let mut orders = said.filter_map(|event| match event {
            Event::OrderIssued(issued) => Some(*issued),
            _ => None,
        });
        orders
            .find(|issued| issued.capability == capability)
            .unwrap()
    }
}

#[test]
fn the_river_decides_who_comes_first() {
    let mut scene = Scene::new(Capability::Ambulance);
    let straight = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!(straight.unit, scene.across, "without roads metres decide");

    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.choice), (scene.west, Choice::Nearest));
    assert_eq!(issued.travel_ms, 180_000);
    let grounds = grounds(&scene.world, issued.order);
    assert_eq!(grounds.roads, Some(ObjectHash::of(&scene.world.roads)));
    let told = grounds.candidates.iter();
    let told: Vec<_> = told
        .filter(|it| it.standing != Standing::Off)
        .map(|it| (it.unit, it.travel_ms, it.by_road))
        .collect();
    let wanted = [(scene.west, 180_000, true), (scene.across, 618_000, true)];
    assert_eq!(told, wanted, "the explanation reckons by the road too");
    scene.world.check();
}

#[test]
fn whoever_is_far_from_every_road_comes_by_straight_line() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    // 1 km to the north of the town there is no road.
    let meadow = at(scene.world.town(), (10, 0));
    let moved = UnitPosition {
        unit: scene.across,
        point: meadow,
    };
    scene.world.say(Command::MoveUnit(moved));
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!(issued.unit, scene.across);
    let mut candidates = grounds(&scene.world, issued.order).candidates;
    candidates.retain(|it| it.standing != Standing::Off);
    assert_eq!(candidates[0].travel_ms, issued.travel_ms);
    assert!(!candidates[0].by_road && candidates[1].by_road);

    // And a place that no road reaches is reached by straight line too.
    let other = grounds(&scene.world, issued.order).incident.place.unwrap();
    assert!(other.district.is_some());
    let before = scene.world.events.len();
    scene.world.call(Kind::ChestPain, at(meadow, (30, 0)));
    let by_foot = scene.world.events[before..]
        .iter()
        .find_map(|event| match event {
            Event::OrderIssued(issued) if issued.capability == Capability::Ambulance => {
                Some(*issued)
            }
            _ => None,
        });
    let by_foot = by_foot.unwrap();
    assert_eq!(by_foot.unit, scene.west, "the other one is busy");
    assert!(
        grounds(&scene.world, by_foot.order)
            .candidates
            .iter()
            .all(|it| !it.by_road)
    );
}

#[test]
fn whom_no_way_leads_from_goes_only_when_nobody_else_comes() {
    let mut scene = Scene::new(Capability::Ambulance);
    let town = scene.world.town();
    let without_bridge: Vec<_> = ROADS.into_iter().filter(|road| road.0 != 2).collect();
    scene.bring(map(town, &without_bridge));
    // 1 km to the north of the town there is no road: whoever is there comes over the fields.
    let moved = UnitPosition {
        unit: scene.west,
        point: at(town, (10, 0)),
    };
    scene.world.say(Command::MoveUnit(moved));
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!(issued.unit, scene.west, "300 m off, but across the water");
    scene.world.act(issued.order, OrderAct::Decline);
    let events = scene.world.events.iter().rev();
    let mut orders = events.filter_map(|event| match event {
        Event::OrderIssued(issued) => Some(issued.unit),
        _ => None,
    });
    assert_eq!(orders.next(), Some(scene.across));
    scene.world.check();
}

/// L4: boats are not on the road.
#[test]
fn a_boat_comes_across_the_water() {
    let mut scene = Scene::new(Capability::Boat);
    scene.bring_roads();
    let issued = scene.order(Kind::WaterRescue, Capability::Boat);
    assert_eq!(issued.unit, scene.across);
}

#[test]
fn a_freed_unit_and_a_persons_choice_are_reckoned_by_the_road_too() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let first = scene.order(Kind::ChestPain, Capability::Ambulance);
    scene.world.act(first.order, OrderAct::Decline);
    let events = scene.world.events.iter().rev();
    let next = events.clone().find_map(|event| match event {
        Event::OrderIssued(issued) => Some(*issued),
        _ => None,
    });
    let next = next.unwrap();
    assert_eq!((next.unit, next.travel_ms), (scene.across, 618_000));
}

#[test]
fn a_centre_that_was_saved_goes_on_by_the_same_roads() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let mut bytes = Vec::new();
    scene.world.centre.save(&mut bytes);
    let missing = Centre::load(&bytes, scene.world.prepared_without_roads());
    assert!(missing.is_err(), "without its map it cannot decide");
    scene.world.centre = Centre::load(&bytes, scene.world.prepared()).unwrap();
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.travel_ms), (scene.west, 180_000));
}
