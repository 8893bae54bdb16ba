//! Snapping against the naive twin, and what it says where there is nothing near.

use super::super::network::Profile;
use super::super::road_map::RoadMap;
use super::super::snap::{Nearness, Segments, SnapError, nearest_of_all};
use super::random::{Layout, networks};
use crate::place::projection::Plane;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_nearest_segment_is_that_of_all(
        network in networks(Layout::SMALL),
        places in prop::collection::vec((-9_000i32..9_000, -9_000i32..9_000), 1..20),
        at_node_dm in prop_oneof![Just(0u32), Just(10u32), Just(100u32)],
        far_dm in prop_oneof![Just(5_000u32), Just(100u32), Just(u32::MAX)],
    ) {
        let map = RoadMap::build(network).unwrap();
        let segments = Segments::of(&map);
        let nearness = Nearness { at_node_dm, far_dm };
        let nodes = map.planes().to_vec();
        let places = places.iter().map(|&(x_dm, y_dm)| Plane { x_dm, y_dm }).chain(nodes);
        for place in places {
            for &profile in Profile::ALL {
                let ours = segments.snap(&map, profile, place, nearness);
                prop_assert_eq!(ours, nearest_of_all(&map, profile, place, nearness), "{:?}", place);
                if let Ok(snapped) = ours {
                    prop_assert!(snapped.walk_dm <= far_dm.saturating_add(at_node_dm));
                }
                let at_once = segments.positions(&map, place, nearness).of(profile);
                prop_assert_eq!(at_once, ours.ok().map(|snapped| snapped.position));
            }
        }
    }
}

#[test]
fn where_there_is_no_road_that_is_said() {
    let map = RoadMap::build(super::straight_road()).unwrap();
    let segments = Segments::of(&map);
    // The road runs east for 1 000 m; its middle node is the plane's origin.
    let at = |x_dm, y_dm| Plane { x_dm, y_dm };
    let snap = |place| segments.snap(&map, Profile::Siren, place, Nearness::default());
    let beside = snap(at(1_000, 300)).unwrap();
    assert_eq!((beside.walk_m(), map.node_at(beside.position)), (30, None));
    let behind = snap(at(6_000, 0)).unwrap();
    assert!(map.node_at(behind.position).is_some() && behind.walk_m() == 100);
    assert_eq!(
        snap(at(0, 50_000)),
        Err(SnapError::Far {
            walk_m: 5_000,
            limit_m: 500
        })
    );
    assert_eq!(
        segments.snap(&map, Profile::Normal, at(0, 0), Nearness::default()),
        Err(SnapError::Empty),
        "only sirens may"
    );
}
