//! In which order the states of a network are contracted: nested dissection, so that the ways up from any of them are short.
//!
//! The separators are found by inertial flow (Schild and Sommer 2015) as the crate `cch` has it: integers, and sums of two
//! coordinates that are whole decimetres below 2^24, which IEEE 754 gives every machine alike. The order depends on where
//! things are and what is joined, never on times, so it is made once, with the map.

use super::network::Network;
use super::turns::Turns;
use crate::place::Point;
use crate::place::projection::{Plane, Projection};

/// The states in the order of their contraction.
pub fn contraction_order(network: &Network, turns: &Turns) -> Vec<u32> {
    let projection = Projection::new(middle(network));
    let planes: Vec<Plane> = network
        .nodes
        .iter()
        .map(|node| projection.plane(node.point))
        .collect();
    let coordinate = |of: fn(Plane) -> i32| -> Vec<f32> {
        turns
            .nodes()
            .iter()
            .map(|node| of(planes[node.0 as usize]) as f32)
            .collect()
    };
    let (tails, heads): (Vec<u32>, Vec<u32>) = turns
        .arcs()
        .iter()
        .filter(|arc| arc.tail != arc.head)
        .map(|arc| (arc.tail, arc.head))
        .unzip();
    cch::inertial_order(
        turns.len(),
        &tails,
        &heads,
        &coordinate(|plane| plane.y_dm),
        &coordinate(|plane| plane.x_dm),
    )
}

/// The middle of the rectangle around all nodes: the reference of the plane on which a network lies.
pub fn middle(network: &Network) -> Point {
    let points = || network.nodes.iter().map(|node| node.point);
    let half = |of: fn(Point) -> i32| {
        let (least, most) = points().fold((i32::MAX, i32::MIN), |(least, most), point| {
            (least.min(of(point)), most.max(of(point)))
        });
        ((i64::from(least) + i64::from(most)) / 2) as i32
    };
    if network.nodes.is_empty() {
        return Point::default();
    }
    Point {
        lat_e7: half(|point| point.lat_e7),
        lon_e7: half(|point| point.lon_e7),
    }
}
