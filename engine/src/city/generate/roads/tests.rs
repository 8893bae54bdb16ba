//! What the roads of the embedded county promise, whatever its seed.

use super::*;
use crate::city::generate::generate;
use crate::id::ObjectHash;
use crate::kind::Agency;
use crate::place::Point;
use crate::place::projection::distance_dm;
use crate::roads::atlas::Atlas;
use crate::roads::network::Profile;
use crate::roads::travel::Destination;

fn atlas(seed: u64) -> Atlas {
    let bytes = map(seed).unwrap();
    Atlas::read(ObjectHash::of(&bytes), &bytes).unwrap()
}

#[test]
fn the_same_seed_is_the_same_map_and_another_is_another() {
    assert_eq!(map(1).unwrap(), map(1).unwrap());
    assert_ne!(map(1).unwrap(), map(2).unwrap());
    // The map of the embedded city must not change by accident: journals name it by its hash.
    insta::assert_snapshot!(blake3::hash(&map(1).unwrap()).to_hex().as_str());
}

/// Hardly anything is laid that cannot be driven to and from: bends, dead ends and one-way streets hang together.
#[test]
fn all_roads_hang_together() {
    for seed in 0..4 {
        let network = network(seed).unwrap();
        let named = network.nodes.last().unwrap().name;
        let kept = network.nodes.len() as i64;
        assert!((4_500..8_000).contains(&kept), "{kept} nodes");
        assert!(
            named - kept <= 4,
            "seed {seed}: {kept} of {named} nodes are left"
        );
        for class in [TRUNK, ARTERIAL, VALLEY, STREET, VILLAGE, PASS].map(|sort| sort.class) {
            assert!(
                network.edges.iter().any(|edge| edge.class == class),
                "{class:?}"
            );
        }
    }
}

#[test]
fn every_post_is_by_a_road_and_nearly_every_place() {
    for seed in 0..4 {
        let (city, atlas) = (generate(seed, Some(2_000)).unwrap(), atlas(seed));
        for post in &city.posts {
            assert!(
                !atlas.positions(post.point).are_none(),
                "{seed}: {}",
                post.name
            );
        }
        for hospital in &city.hospitals {
            assert!(
                !atlas.positions(hospital.point).are_none(),
                "{seed}: {}",
                hospital.name
            );
        }
        let vehicles = city.units.iter().filter(|unit| unit.speed_mm_s > 0);
        let far = vehicles.filter(|unit| atlas.positions(unit.point).are_none());
        let far = far.count();
        assert!(
            far <= 20,
            "seed {seed}: {far} of 2 000 units all over the county are far from every road"
        );
    }
}

/// Who is nearest by the straight line need not be there first: for places all over the county, of the stations of one agency
/// another is often first by the road, and sooner by minutes.
#[test]
fn near_on_the_map_is_often_far_by_the_road() {
    let (city, atlas) = (generate(1, Some(1_000)).unwrap(), atlas(1));
    let mut room = Destination::default();
    let stations = city
        .posts
        .iter()
        .filter(|post| post.agency == Agency::Police);
    let stations: Vec<Point> = stations.map(|post| post.point).collect();
    let strewn = city.units.iter().filter(|unit| unit.post.is_none());
    let (mut places, mut others) = (0, Vec::new());
    for to in strewn.map(|unit| unit.point) {
        let Some(goal) = atlas.position(Profile::Siren, to) else {
            continue;
        };
        let plane = |point| city.projection.plane(point);
        let mut ms = |from: Point| {
            let from = atlas.position(Profile::Siren, from).unwrap();
            let way = atlas.time_ms(Profile::Siren, from, goal, &mut room);
            way.unwrap()
        };
        let near = stations
            .iter()
            .min_by_key(|&&from| distance_dm(plane(from), plane(to)));
        let near = ms(*near.unwrap());
        let first = stations.iter().map(|&from| ms(from)).min().unwrap();
        places += 1;
        if first < near {
            others.push((near - first) / 1_000);
        }
    }
    others.sort_unstable();
    let (count, median_s) = (others.len(), others[others.len() / 2]);
    println!("{count} of {places} places, {median_s} s sooner in the median");
    assert!(places > 700 && count * 8 > places && median_s > 60);
}

/// Whoever wants to the other bank takes a bridge, and there are few of them.
#[test]
fn the_river_has_few_bridges() {
    let projection = Projection::new(super::super::REFERENCE);
    for seed in 0..4 {
        let network = network(seed).unwrap();
        let north = |node: NodeIndex| {
            let point = network.nodes[node.0 as usize].point;
            river::is_north(projection.plane(point))
        };
        let over = network
            .edges
            .iter()
            .filter(|edge| north(edge.from) && !north(edge.to));
        assert!((5..=40).contains(&over.clone().count()), "{}", over.count());
    }
}
