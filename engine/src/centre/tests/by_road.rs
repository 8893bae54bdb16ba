//! Nearest is by the road (C7): a river with one bridge, far from it two crews of which one is across the water.

use super::explaining::grounds;
use super::*;
use crate::event::{Choice, OrderIssued};
use crate::explain::Standing;
use crate::roads::atlas::Atlas;
use crate::roads::bulletin::{Bulletin, Notice, Says, Stretch};
use crate::roads::network::{CLOSED_MS, Edge, Network, Node, NodeIndex, RoadClass};
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
    let network = network(town, &PLACES, roads);
    Sections::of(&network, "").file()
}

fn network(town: Point, places: &[(i32, i32)], roads: &[(u32, u32, u32)]) -> Network {
    let mut network = Network::default();
    for (name, &place) in (0..).zip(places) {
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
    network
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

    fn bring(&mut self, bytes: Vec<u8>) {
        let hash = ObjectHash::of(&bytes);
        let atlas = Atlas::read(hash, &bytes).unwrap();
        self.world.objects.push(bytes);
        self.world.centre.prepare(Prepared::Roads(Arc::new(atlas)));
        let activation = Activation {
            object: ObjectKind::Roads,
            hash,
        };
        let said = self.world.say(Command::Activate(activation));
        assert_eq!(said, [Event::ObjectActivated(activation)]);
    }

    fn map(&self) -> Arc<Atlas> {
        self.world.centre.atlas().unwrap().clone()
    }

    /// Says what holds on the roads from here on.
    fn post(&mut self, bulletin: Bulletin) -> Vec<Event> {
        let bytes = bulletin.canonical_bytes().unwrap();
        let hash = ObjectHash::of(&bytes);
        let atlas = self.map().under(hash, bulletin).unwrap();
        self.world.objects.push(bytes);
        self.world.centre.prepare(Prepared::Roads(Arc::new(atlas)));
        let object = ObjectKind::Bulletin;
        self.world
            .say(Command::Activate(Activation { object, hash }))
    }

    /// Says what a unit does from here on.
    fn duty(&mut self, unit: UnitId, duty: Duty) -> Vec<Event> {
        self.world.say(Command::SetDuty(UnitDuty {
            unit,
            duty,
            strength: None,
        }))
    }

    /// Says one thing more of the roads.
    fn notice(&mut self, id: &str, says: Says) {
        let mut bulletin = self.map().bulletin();
        let id = Name::new(id).unwrap();
        bulletin.put(Notice { id, says });
        self.post(bulletin);
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
    assert_eq!(grounds.roads, Some(scene.map().hash()));
    assert_eq!(grounds.bulletin, None);
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
fn sirens_are_led_over_a_lane_that_nobody_else_may_use() {
    let mut scene = Scene::new(Capability::Ambulance);
    let town = scene.world.town();
    // A lane north from the town, and 100 m east of its end a road that is reached from the far east alone.
    let (lane_end, road_end) = ((2, 0), (2, 1));
    let places: Vec<_> = PLACES.into_iter().chain([lane_end, road_end]).collect();
    let roads: Vec<_> = ROADS
        .into_iter()
        .chain([(0, 5, 12_000), (2, 6, 300_000)])
        .collect();
    let mut network = network(town, &places, &roads);
    let of_lane = |edge: &&mut Edge| [edge.from.0, edge.to.0].contains(&5);
    network
        .edges
        .iter_mut()
        .filter(of_lane)
        .for_each(|edge| edge.time_ms[0] = CLOSED_MS);
    scene.bring(Sections::of(&network, "").file());
    let (unit, point) = (scene.across, at(town, road_end));
    scene
        .world
        .say(Command::MoveUnit(UnitPosition { unit, point }));
    let order_to_the_lane = |scene: &mut Scene, kind| {
        let before = scene.world.events.len();
        scene.world.call(kind, at(town, lane_end));
        let said = scene.world.events[before..].iter();
        let mut orders = said.filter_map(|event| match event {
            Event::OrderIssued(issued) => Some(*issued),
            _ => None,
        });
        orders
            .find(|issued| issued.capability == Capability::Ambulance)
            .unwrap()
    };
    let siren = order_to_the_lane(&mut scene, Kind::ChestPain);
    assert_eq!((siren.unit, siren.travel_ms), (scene.west, 192_000));
    let told = grounds(&scene.world, siren.order).candidates;
    let other = told.iter().find(|it| it.unit == scene.across).unwrap();
    assert_eq!(other.travel_ms, 612_000, "the explanation drives as it did");
    // As everybody drives the lane is no road, and the place is at the end of the other.
    scene.world.act(siren.order, OrderAct::Acknowledge);
    scene.world.act(siren.order, OrderAct::Finish);
    let (unit, point) = (scene.west, at(town, PLACES[WEST]));
    scene
        .world
        .say(Command::MoveUnit(UnitPosition { unit, point }));
    let normal = order_to_the_lane(&mut scene, Kind::MinorTrauma);
    assert_eq!((normal.unit, normal.travel_ms), (scene.across, 0));
    scene.world.check();
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
    let told = grounds(&scene.world, issued.order).candidates;
    let across = told.iter().find(|it| it.unit == scene.across).unwrap();
    assert_eq!(across.standing, Standing::CutOff);
    scene.world.act(issued.order, OrderAct::Decline);
    let events = scene.world.events.iter().rev();
    let mut orders = events.filter_map(|event| match event {
        Event::OrderIssued(issued) => Some(issued.unit),
        _ => None,
    });
    assert_eq!(orders.next(), Some(scene.across));
    scene.world.check();
}

/// R2: whom no way leads from is not called away, and one that is free counts for nobody.
#[test]
fn who_is_cut_off_is_neither_called_away_nor_free() {
    let without_bridge: Vec<_> = ROADS.into_iter().filter(|road| road.0 != 2).collect();
    let bound_at = |place: usize| {
        let mut scene = Scene::new(Capability::Ambulance);
        let town = scene.world.town();
        scene.bring(map(town, &without_bridge));
        let before = scene.world.events.len();
        scene.world.call(Kind::MinorTrauma, at(town, PLACES[place]));
        let mut said = scene.world.events[before..].iter();
        let bound = said.find_map(|event| match event {
            Event::OrderIssued(issued) => Some(issued.unit),
            _ => None,
        });
        let urgent = scene.order(Kind::ChestPain, Capability::Ambulance);
        scene.world.check();
        (scene, bound.unwrap(), urgent)
    };
    // 300 m off across the water, and on its way to somebody there: whoever comes by the road goes, though much later.
    let (scene, bound, urgent) = bound_at(ACROSS);
    assert_eq!(bound, scene.across);
    assert_eq!((urgent.unit, urgent.choice), (scene.west, Choice::Nearest));
    // Whoever is free there does not come: the only one that does is called away.
    let (scene, bound, urgent) = bound_at(WEST);
    assert_eq!(bound, scene.west);
    let called = (scene.west, Choice::Preemption);
    assert_eq!((urgent.unit, urgent.choice), called);
}

/// L4: boats are not on the road.
#[test]
fn a_boat_comes_across_the_water() {
    let mut scene = Scene::new(Capability::Boat);
    scene.bring_roads();
    let issued = scene.order(Kind::WaterRescue, Capability::Boat);
    assert_eq!(issued.unit, scene.across);
}

/// L4: neither are aircraft, whatever they are asked for, and for as long as they are.
#[test]
fn an_aircraft_comes_through_the_air() {
    let ordered = |flies: &[bool]| {
        let mut scene = Scene::new(Capability::Ambulance);
        scene.bring_roads();
        let unit = scene.world.centre.state.unit(scene.across).unwrap();
        let driven = unit.definition;
        let flown = UnitDefinition {
            capabilities: driven.capabilities.with(Capability::Aircraft),
            ..driven
        };
        for &flies in flies {
            let definition = if flies { flown } else { driven };
            scene.world.say(Command::DefineUnit(definition));
        }
        let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
        scene.world.check();
        let told = grounds(&scene.world, issued.order).candidates;
        let way = [scene.west, scene.across].map(|unit| {
            let told = told.iter().find(|it| it.unit == unit).unwrap();
            (told.by_road, told.travel_ms)
        });
        (issued.unit == scene.across, issued.travel_ms, way)
    };
    let (is_across, travel_ms, way) = ordered(&[true]);
    assert!(is_across, "300 m off, across the water");
    assert!(travel_ms < 60_000, "{travel_ms}");
    assert_eq!(way, [(true, 180_000), (false, travel_ms)]);
    // On wheels again, it would come over the bridge.
    let by_bridge = (false, 180_000, [(true, 180_000), (true, 618_000)]);
    assert_eq!(ordered(&[true, false]), by_bridge);
    assert_eq!(ordered(&[]), by_bridge);
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

/// The road to the west, in the direction towards the town.
const WESTERN: Stretch = Stretch { from: 1, to: 0 };
const BRIDGE: Stretch = Stretch { from: 3, to: 2 };

#[test]
fn a_closed_road_sends_the_other_and_its_opening_the_first_again() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    scene.notice("G104", Says::Closed(vec![WESTERN]));
    let midway = UnitPosition {
        unit: scene.west,
        point: at(scene.world.town(), (0, -15)),
    };
    scene.world.say(Command::MoveUnit(midway));
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!(
        issued.unit, scene.west,
        "who stands on a closed road can leave it"
    );
    scene.world.act(issued.order, OrderAct::Decline);

    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    scene.notice("bridge", Says::Closed(vec![BRIDGE]));
    let slow = Says::Slow {
        roads: vec![WESTERN],
        permille: 3_000,
    };
    scene.notice("works", slow);
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.travel_ms), (scene.west, 540_000));
    let grounds = grounds(&scene.world, issued.order);
    assert_eq!(grounds.bulletin, scene.map().bulletin_hash());
    let across = grounds.candidates.iter().find(|it| it.unit == scene.across);
    assert!(!across.unwrap().by_road, "no way leads there any more");
    scene.world.check();

    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let slow = Says::Slow {
        roads: vec![WESTERN],
        permille: 5_000,
    };
    scene.notice("works", slow);
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.travel_ms), (scene.across, 618_000));
    scene.world.act(issued.order, OrderAct::Acknowledge);
    scene.world.act(issued.order, OrderAct::Arrive);
    scene.world.act(issued.order, OrderAct::Finish);
    let mut lifted = scene.map().bulletin();
    assert!(lifted.lift(Name::new("works").unwrap()));
    assert!(lifted.is_plain());
    scene.post(lifted);
    let west = time_from_the_west(&mut scene);
    assert_eq!(west, 180_000);
}

/// How long the crew in the west takes to the town by the map in force.
fn time_from_the_west(scene: &mut Scene) -> u32 {
    let map = scene.map();
    let town = scene.world.town();
    let profile = crate::roads::network::Profile::Siren;
    let place = |index: usize| map.position(profile, at(town, PLACES[index])).unwrap();
    let mut room = crate::roads::travel::Destination::default();
    map.time_ms(profile, place(WEST), place(TOWN), &mut room)
        .unwrap()
}

#[test]
fn water_over_the_bridge_sends_the_other() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let town = scene.world.town();
    // Around the foot of the bridge, and nothing else.
    let corner = |north: i32, east: i32| Point {
        lat_e7: town.lat_e7 - 3 * NORTH + north,
        lon_e7: town.lon_e7 + 50 * EAST + east,
    };
    let ring = vec![
        corner(-400, -400),
        corner(-400, 400),
        corner(400, 400),
        corner(400, -400),
    ];
    let flooded = Says::Flooded(crate::city::Polygon::new(vec![ring]));
    scene.notice("water", flooded);
    let slow = Says::Slow {
        roads: vec![WESTERN],
        permille: 5_000,
    };
    scene.notice("works", slow);
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.travel_ms), (scene.west, 900_000));
}

#[test]
fn a_bulletin_of_another_map_or_of_none_is_refused() {
    let mut scene = Scene::new(Capability::Ambulance);
    let object = ObjectKind::Bulletin;
    let hash = ObjectHash::of(b"nothing");
    let refused = [Event::Refused(crate::event::Refusal::ObjectMissing)];
    let activate = Command::Activate(Activation { object, hash });
    assert_eq!(scene.world.say(activate), refused);
    scene.bring_roads();
    assert_eq!(scene.world.say(activate), refused);
    let other = Bulletin::plain(hash);
    assert!(scene.map().under(hash, other).is_err());
}

#[test]
fn the_map_as_it_is_comes_back_only_when_it_is_at_hand() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let plain = Command::Activate(Activation {
        object: ObjectKind::Roads,
        hash: scene.map().hash(),
    });
    scene.notice("G104", Says::Closed(vec![WESTERN]));
    let refused = [Event::Refused(crate::event::Refusal::ObjectMissing)];
    assert_eq!(scene.world.say(plain), refused);
    scene.bring_roads();
    assert_eq!(time_from_the_west(&mut scene), 180_000);
}

#[test]
fn a_centre_that_was_saved_goes_on_under_the_same_bulletin() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let slow = Says::Slow {
        roads: vec![WESTERN],
        permille: 5_000,
    };
    scene.notice("works", slow);
    let mut bytes = Vec::new();
    scene.world.centre.save(&mut bytes);
    let mut prepared = scene.world.prepared();
    let alone = Centre::load(&bytes, prepared.clone());
    assert!(alone.is_err(), "the map itself must be at hand too");
    let map = &scene.world.objects[0];
    let map = Atlas::read(ObjectHash::of(map), map).unwrap();
    prepared.push(Prepared::Roads(Arc::new(map)));
    let hash = scene.world.centre.inspect().hash;
    scene.world.centre = Centre::load(&bytes, prepared).unwrap();
    assert_eq!(scene.world.centre.inspect().hash, hash);
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.travel_ms), (scene.across, 618_000));
}

/// The factors of the hour are the plan's; whoever drives the centre brings them into force.
#[test]
fn the_hour_decides_too() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let text = format!(
        "{}\n[[traffic]]\nfrom_hour = 9\nto_hour = 11\nclasses = [\"primary\"]\nsiren_percent = 150\n",
        crate::plan::DEFAULT
    );
    scene.world.bring_plan(&text);
    let centre = &scene.world.centre;
    let midnight = Moment(MORNING.0 - i64::from(MORNING.minute_of_day(480)) * 60_000);
    let hour = |hour: i64| midnight + Span::hours(hour);
    assert_eq!(centre.bulletin_due(hour(8)), None);
    assert_eq!(centre.next_hour(hour(8)), Some(hour(9)));
    assert_eq!(centre.next_hour(hour(9)), Some(hour(11)));
    assert_eq!(centre.next_hour(hour(11)), Some(hour(33)));
    let due = centre.bulletin_due(hour(9)).unwrap();
    scene.post(due);
    assert_eq!(scene.world.centre.bulletin_due(hour(10)), None);
    let back = scene.world.centre.bulletin_due(hour(11)).unwrap();
    assert!(back.is_plain());
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!((issued.unit, issued.travel_ms), (scene.west, 270_000));
}

/// C7: a patrol that was not heard of for half an hour is not sent; a word of where it is, and it is.
#[test]
fn a_patrol_that_nobody_heard_of_is_out() {
    let mut scene = Scene::new(Capability::Ambulance);
    scene.bring_roads();
    let (west, across) = (scene.west, scene.across);
    scene.duty(west, Duty::Patrolling);
    scene.duty(across, Duty::Patrolling);
    scene.world.pass(Span::minutes(20));
    let town = scene.world.town();
    let here = |place: usize| at(town, PLACES[place]);
    let said = |unit, point| Command::MoveUnit(UnitPosition { unit, point });
    scene.world.say(said(across, here(ACROSS)));
    let lost = |unit, stale| Event::UnitPositionStale { unit, stale };
    let events = scene.world.pass(Span::minutes(11));
    assert!(events.contains(&lost(west, true)), "{events:?}");
    assert!(!events.contains(&lost(across, true)));
    scene.world.check();
    let issued = scene.order(Kind::ChestPain, Capability::Ambulance);
    assert_eq!(issued.unit, across, "nobody knows where the nearer one is");
    let stood = grounds(&scene.world, issued.order);
    let stood = stood.candidates.iter().find(|it| it.unit == west);
    assert!(matches!(stood.unwrap().standing, Standing::Stale { .. }));

    // Another one waits, and gets it as soon as it says where it is.
    let before = scene.world.events.len();
    scene.world.call(Kind::ChestPain, at(here(TOWN), (-200, 0)));
    let waits = |event: &Event| matches!(event, Event::NeedWaits { .. });
    assert!(scene.world.events[before..].iter().any(waits));
    let found = scene.world.say(said(west, here(WEST)));
    assert!(found.contains(&lost(west, false)), "{found:?}");
    assert!(
        found
            .iter()
            .any(|event| matches!(event, Event::OrderIssued(issued) if issued.unit == west))
    );
    scene.world.check();
}

#[test]
fn a_patrol_that_goes_on_call_again_need_not_say_where_it_is() {
    let mut scene = Scene::new(Capability::Ambulance);
    let west = scene.west;
    scene.duty(west, Duty::Patrolling);
    scene.world.pass(Span::minutes(31));
    let said = scene.duty(west, Duty::OnCall);
    let located = Event::UnitPositionStale {
        unit: west,
        stale: false,
    };
    assert!(said.contains(&located), "{said:?}");
    let quiet = scene.world.pass(Span::minutes(61));
    assert!(
        !quiet
            .iter()
            .any(|event| matches!(event, Event::UnitPositionStale { stale: true, .. }))
    );
    scene.world.check();
}

/// Whoever does not go about any more need not say where it is, whatever it was before.
#[test]
fn a_lost_patrol_that_becomes_a_desk_is_not_lost() {
    let mut scene = Scene::new(Capability::Ambulance);
    let west = scene.west;
    let definition = scene.world.centre.state.unit(west).unwrap().definition;
    scene.duty(west, Duty::Patrolling);
    scene.world.pass(Span::minutes(31));
    assert!(scene.world.centre.state.unit(west).unwrap().stale);
    scene.world.say(Command::DefineUnit(UnitDefinition {
        speed_mm_s: 0,
        capabilities: [Capability::DeskMedical].into_iter().collect(),
        ..definition
    }));
    assert!(!scene.world.centre.state.unit(west).unwrap().stale);
    scene.world.check();
}

/// Another plan gives up a patrol sooner, and one word from it that is no place has it looked at anew: at once, and not in the past.
#[test]
fn a_patrol_that_another_plan_gives_up_sooner_is_lost_at_once() {
    let mut scene = Scene::new(Capability::Ambulance);
    let west = scene.west;
    scene.duty(west, Duty::Patrolling);
    scene.world.pass(Span::minutes(20));
    let sooner = crate::plan::DEFAULT.replace("stale_s = 1800", "stale_s = 600");
    scene.world.bring_plan(&sooner);
    scene.duty(west, Duty::Patrolling);
    let now = scene.world.centre.now();
    assert_eq!(scene.world.centre.next_due(), Some(now));
    assert!(!scene.world.centre.state.unit(west).unwrap().stale);
    scene.world.pass(Span(1));
    assert!(scene.world.centre.state.unit(west).unwrap().stale);
    scene.world.check();
}

/// The other way round: a desk that goes about from now on is where it was, and half an hour begins.
#[test]
fn a_desk_that_becomes_a_patrol_is_lost_half_an_hour_later() {
    let mut scene = Scene::new(Capability::Ambulance);
    let west = scene.west;
    let patrol = scene.world.centre.state.unit(west).unwrap().definition;
    scene.world.say(Command::DefineUnit(UnitDefinition {
        speed_mm_s: 0,
        capabilities: [Capability::DeskMedical].into_iter().collect(),
        ..patrol
    }));
    scene.duty(west, Duty::Patrolling);
    scene.world.pass(Span::hours(5));
    let is_lost = |scene: &Scene| scene.world.centre.state.unit(west).unwrap().stale;
    scene.world.say(Command::DefineUnit(patrol));
    let now = scene.world.centre.now();
    let next = scene.world.centre.next_due();
    assert!(next.is_none_or(|due| due >= now), "{next:?} at {now}");
    scene.world.pass(Span::minutes(29));
    assert!(!is_lost(&scene));
    scene.world.pass(Span::minutes(2));
    assert!(is_lost(&scene));
    scene.world.check();
}
