//! The oracle of the roads: what can be worked out by hand it says too, and the engine says the same of whole towns.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::city::Polygon;
use engine::id::ObjectHash;
use engine::name::Name;
use engine::place::Point;
use engine::place::projection::{Plane, Projection};
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::{Bulletin, Notice, Says, Stretch};
use engine::roads::network::{
    Ban, CLOSED_MS, Edge, EdgeIndex, Network, Node, NodeIndex, Profile, RoadClass,
};
use engine::roads::prepared::Sections;
use engine::roads::travel::Destination;
use loadgen::random::Random;
use tests::roads::spot::{Spot, WHOLE};
use tests::roads::town::{HALF_DM, Town};
use tests::roads::{Manner, Oracle, Trip};

const MIDDLE: Point = Point {
    lat_e7: 288_500_000,
    lon_e7: 1_207_300_000,
};
const MANNERS: [(Manner, Profile); 2] = [
    (Manner::Normal, Profile::Normal),
    (Manner::Siren, Profile::Siren),
];

/// Corners that must not follow one another, and for whom that holds: everybody, sirens.
type Banned<'a> = (&'a [(u32, u32)], [bool; 2]);

/// A square whose sides are a kilometre long, its corners counted from the south-west to the east and round. Each side takes
/// 100 s, 60 s with a siren; the last is one-way, from corner 3 to 0, but for sirens.
fn square(bans: &[Banned]) -> Network {
    let mut network = Network::default();
    for (name, (x, y)) in (1..).zip([(0, 0), (1, 0), (1, 1), (0, 1)]) {
        let plane = Plane {
            x_dm: x * 10_000,
            y_dm: y * 10_000,
        };
        let point = Projection::new(MIDDLE).point(plane);
        network.nodes.push(Node { point, name });
    }
    for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 0)] {
        for (from, to) in [(from, to), (to, from)] {
            let normal_ms = if (from, to) == (0, 3) {
                CLOSED_MS
            } else {
                100_000
            };
            network.edges.push(Edge {
                from: NodeIndex(from),
                to: NodeIndex(to),
                length_mm: 1_000_000,
                time_ms: [normal_ms, 60_000],
                class: RoadClass::Tertiary,
            });
        }
    }
    network.edges.sort_by_key(|edge| (edge.from, edge.to));
    for &(way, holds) in bans {
        let edges: Vec<EdgeIndex> = way
            .iter()
            .map(|&(from, to)| edge(&network, from, to))
            .collect();
        let (first, last) = (edges[0], edges[edges.len() - 1]);
        network.bans.push(Ban {
            from: first,
            via: edges[1..edges.len() - 1].to_vec(),
            to: last,
            holds,
        });
    }
    network.bans.sort();
    network
}

fn edge(network: &Network, from: u32, to: u32) -> EdgeIndex {
    let ends = (NodeIndex(from), NodeIndex(to));
    let mut edges = network.edges.iter();
    EdgeIndex(edges.position(|edge| (edge.from, edge.to) == ends).unwrap() as u32)
}

fn oracle(network: &Network) -> Oracle {
    Oracle::of(&atlas(network))
}

fn atlas(network: &Network) -> Atlas {
    let bytes = Sections::of(network, "").file();
    Atlas::read(ObjectHash::of(&bytes), &bytes).unwrap()
}

/// The roads while this alone is said of them.
fn under(network: &Network, says: Says) -> Oracle {
    let atlas = atlas(network);
    let mut bulletin = Bulletin::plain(atlas.hash());
    let id = Name::new("notice").unwrap();
    bulletin.put(Notice { id, says });
    Oracle::of(&atlas.under(ObjectHash([1; 32]), bulletin).unwrap())
}

/// So many metres east and north of the south-west corner.
fn at(east_m: i32, north_m: i32) -> Point {
    Projection::new(MIDDLE).point(Plane {
        x_dm: east_m * 10,
        y_dm: north_m * 10,
    })
}

/// How long a way takes, to the tenth of a second: places are whole decimetres, so it may be some milliseconds off what
/// metres say.
fn takes(roads: &Oracle, manner: Manner, from: Point, to: Point) -> u32 {
    match roads.trip(manner, from, to) {
        Trip::Takes(ms) => (ms + 50) / 100 * 100,
        other => panic!("{from:?} {to:?}: {other:?}"),
    }
}

#[test]
fn ways_that_can_be_worked_out_by_hand() {
    let roads = oracle(&square(&[]));
    let takes = |manner, from, to| takes(&roads, manner, from, to);
    let (normal, siren) = (Manner::Normal, Manner::Siren);
    assert_eq!(takes(normal, at(0, 0), at(1_000, 1_000)), 200_000);
    assert_eq!(takes(siren, at(0, 0), at(0, 1_000)), 60_000);
    assert_eq!(takes(normal, at(0, 0), at(0, 1_000)), 300_000, "one-way");
    assert_eq!(takes(normal, at(0, 1_000), at(0, 0)), 100_000);
    // Along one street, and against its one way round the square.
    assert_eq!(takes(normal, at(200, 0), at(700, 0)), 50_000);
    assert_eq!(takes(normal, at(700, 0), at(200, 0)), 50_000);
    assert_eq!(takes(normal, at(0, 800), at(0, 300)), 50_000);
    assert_eq!(takes(normal, at(0, 300), at(0, 800)), 350_000);
    assert_eq!(takes(siren, at(0, 300), at(0, 800)), 30_000);
    // 400 m beside a road is near, 600 m is far.
    assert_eq!(takes(normal, at(500, -400), at(1_000, 0)), 50_000);
    let far = roads.trip(normal, at(500, -600), at(1_000, 0));
    assert_eq!(far, Trip::OffRoad);
}

#[test]
fn turns_that_are_banned_are_not_taken() {
    let corner: &[(u32, u32)] = &[(0, 1), (1, 2)];
    let two_corners: &[(u32, u32)] = &[(0, 1), (1, 2), (2, 3)];
    let (south_west, half_south) = (at(0, 0), at(500, 0));
    let roads = oracle(&square(&[(corner, [true, false])]));
    // Whoever begins at the corner is not coming from the street before it.
    let from_corner = roads.trip(Manner::Normal, at(1_000, 0), at(1_000, 1_000));
    assert_eq!(from_corner, Trip::Takes(100_000));
    let way = roads.trip(Manner::Siren, south_west, at(1_000, 1_000));
    assert_eq!(way, Trip::Takes(120_000));
    // The other way round the square is against the one-way street.
    let way = roads.trip(Manner::Normal, south_west, at(1_000, 1_000));
    assert_eq!(way, Trip::CutOff);
    let roads = oracle(&square(&[(two_corners, [true, true])]));
    let takes = |manner, from, to| takes(&roads, manner, from, to);
    let (normal, siren) = (Manner::Normal, Manner::Siren);
    let way = takes(normal, half_south, at(1_000, 1_000));
    assert_eq!(way, 150_000, "the ban is over two corners");
    let way = takes(normal, half_south, at(0, 1_000));
    assert_eq!(way, 450_000, "to turn round and come again is not banned");
    assert_eq!(takes(siren, south_west, at(0, 1_000)), 60_000);
}

#[test]
fn what_is_closed_slow_or_under_water() {
    let network = square(&[]);
    let east = [(2, 3), (3, 2)].map(|(from, to)| Stretch { from, to });
    let normal = Manner::Normal;
    let closed = under(&network, Says::Closed(east.to_vec()));
    // Both ways round are barred: the other one by the one-way street.
    let way = closed.trip(normal, at(0, 0), at(1_000, 1_000));
    assert_eq!(way, Trip::CutOff);
    let way = closed.trip(Manner::Siren, at(0, 0), at(1_000, 1_000));
    assert_eq!(way, Trip::Takes(120_000));
    // Whoever stands on the closed road can leave it, and be reached there.
    assert_eq!(takes(&closed, normal, at(1_000, 400), at(0, 0)), 140_000);
    assert_eq!(takes(&closed, normal, at(0, 0), at(1_000, 400)), 140_000);
    let permille = 2_500;
    let roads = east[..1].to_vec();
    let slow = under(&network, Says::Slow { roads, permille });
    assert_eq!(takes(&slow, normal, at(0, 0), at(1_000, 1_000)), 350_000);
    assert_eq!(takes(&slow, normal, at(1_000, 1_000), at(0, 0)), 200_000);
    let pond = [(900, 400), (1_100, 400), (1_100, 600), (900, 600)];
    let pond = Polygon::new(vec![pond.map(|(x, y)| at(x, y)).to_vec()]);
    let flooded = under(&network, Says::Flooded(pond));
    let way = flooded.trip(normal, at(0, 0), at(1_000, 1_000));
    assert_eq!(way, Trip::CutOff);
    let moat = [(-100, -100), (1_100, -100), (1_100, 1_100), (-100, 1_100)];
    let shore = [(-50, -50), (1_050, -50), (1_050, 1_050), (-50, 1_050)];
    let rings = [moat, shore].map(|ring| ring.map(|(x, y)| at(x, y)).to_vec());
    let dry = under(&network, Says::Flooded(Polygon::new(rings.to_vec())));
    let way = dry.trip(normal, at(0, 0), at(1_000, 1_000));
    assert_eq!(way, Trip::Takes(200_000), "all of it lies within the moat");
}

#[test]
fn what_is_near_a_node_is_at_it() {
    let roads = oracle(&square(&[]));
    assert_eq!(roads.spot(Manner::Normal, at(1_000, 0)), Some(Spot::At(1)));
    let Some(Spot::On(_, parts)) = roads.spot(Manner::Normal, at(500, 30)) else {
        panic!("between two corners");
    };
    assert!(parts.abs_diff(WHOLE / 2) < WHOLE / 1_000, "{parts}");
    let near = |x_dm: i32, y_dm: i32| {
        let point = Projection::new(MIDDLE).point(Plane { x_dm, y_dm });
        roads.spot(Manner::Normal, point)
    };
    assert_eq!(near(7, -40), Some(Spot::At(0)));
    assert_eq!(near(-4_000, 7), Some(Spot::At(0)));
    assert!(matches!(near(25, 4), Some(Spot::On(..))));
}

/// Points in and around a town, some of them its nodes, some on its island.
fn points(town: &Town, random: &mut Random, count: usize) -> Vec<Point> {
    let somewhere = |random: &mut Random| {
        let mut within = |half_dm: i32| random.between(-8_000, 8_000) as i32 + half_dm / 2;
        let (x_dm, y_dm) = (within(HALF_DM.0), within(HALF_DM.1));
        Projection::new(MIDDLE).point(Plane { x_dm, y_dm })
    };
    (0..count)
        .map(|number| match number % 4 {
            0 => somewhere(random),
            _ => town.stand(random),
        })
        .collect()
}

#[test]
fn the_engine_takes_as_long_as_the_oracle() {
    let mut met = [0; 3];
    for seed in 0..4 {
        let town = Town::new(seed, MIDDLE);
        let random = &mut Random::stream(seed, 0x9017);
        let (from, to) = (points(&town, random, 60), points(&town, random, 24));
        let mut room = Destination::default();
        let bulletins = (0..5).map(|number| town.under(10 * seed + number));
        let maps: Vec<_> = std::iter::once(town.atlas.clone())
            .chain(bulletins)
            .collect();
        for (atlas, (manner, profile)) in maps.iter().flat_map(|map| MANNERS.map(|it| (map, it))) {
            let oracle = Oracle::of(atlas);
            for (&from, &to) in from
                .iter()
                .flat_map(|from| to.iter().map(move |to| (from, to)))
            {
                let positions = atlas
                    .position(profile, from)
                    .zip(atlas.position(profile, to));
                let engine = match positions {
                    None => Trip::OffRoad,
                    Some((from, to)) => match atlas.time_ms(profile, from, to, &mut room) {
                        None => Trip::CutOff,
                        Some(ms) => Trip::Takes(ms),
                    },
                };
                let ours = oracle.trip(manner, from, to);
                assert_eq!(
                    ours,
                    engine,
                    "seed {seed}, {manner:?}, {from:?} to {to:?}, {:?}",
                    atlas.bulletin()
                );
                met[match ours {
                    Trip::Takes(_) => 0,
                    Trip::CutOff => 1,
                    Trip::OffRoad => 2,
                }] += 1;
            }
        }
    }
    println!("by road, cut off, off the road: {met:?}");
    assert!(met.iter().all(|&times| times > 100), "{met:?}");
}
