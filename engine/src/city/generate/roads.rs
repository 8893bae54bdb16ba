//! The roads of the embedded county, so that near on the map need not be near by the road.
//!
//! A river (`river`) parts the county and is crossed at few places; the town has streets, many of them one-way (`streets`); a trunk
//! road runs through its valley, others lead up to the townships, and from them every hamlet is reached by a road of its own
//! (`valleys`), seldom over a ridge. Hamlets lie in the cells of the county's mesh, so nearly every place in it has a road within
//! 500 m. Integers from the seed alone: the same map on every machine, however many units the city has.

mod river;
mod streets;
mod valleys;

use super::GenerateError;
use super::layout::Layout;
use super::random::Random;
use crate::place::projection::{Plane, Projection};
use crate::roads::import::{Draft, Report, length_mm, settle};
use crate::roads::network::{Edge, Network, Node, NodeIndex, RoadClass};
use crate::roads::prepared::Sections;
use crate::roads::road_map::add_order;

/// A sort of road: its class, and how fast it is driven by everybody and by sirens, in km/h.
#[derive(Clone, Copy)]
struct Sort {
    class: RoadClass,
    kmh: [u32; 2],
}

const fn sort(class: RoadClass, normal_kmh: u32, siren_kmh: u32) -> Sort {
    Sort {
        class,
        kmh: [normal_kmh, siren_kmh],
    }
}

const TRUNK: Sort = sort(RoadClass::Trunk, 70, 90);
const ARTERIAL: Sort = sort(RoadClass::Primary, 45, 65);
const VALLEY: Sort = sort(RoadClass::Secondary, 50, 70);
const STREET: Sort = sort(RoadClass::Residential, 25, 40);
const VILLAGE: Sort = sort(RoadClass::Unclassified, 30, 45);
const PASS: Sort = sort(RoadClass::Track, 20, 30);

/// The road network of the county of a seed.
pub fn network(seed: u64) -> Result<Network, GenerateError> {
    let projection = Projection::new(super::REFERENCE);
    let layout = Layout::new(&projection, &mut Random::new(seed, "layout"));
    let mut works = Works {
        projection: &projection,
        random: Random::new(seed, "roads"),
        draft: Draft::default(),
        planes: Vec::new(),
    };
    let town = streets::Town::build(&mut works);
    valleys::build(&mut works, &layout, &town);
    settle(works.draft, &mut Report::default()).map_err(|_| GenerateError::Defect("road network"))
}

/// The same as the bytes of a prepared map.
pub fn map(seed: u64) -> Result<Vec<u8>, GenerateError> {
    let network = network(seed)?;
    let report = format!(
        "made up by `liandong city generate --seed {seed}`: {} nodes, {} edges\n",
        network.nodes.len(),
        network.edges.len()
    );
    let mut sections = Sections::of(&network, &report);
    add_order(&network, &mut sections).map_err(|_| GenerateError::Defect("order of roads"))?;
    Ok(sections.file())
}

/// The network while it is being built.
struct Works<'a> {
    projection: &'a Projection,
    random: Random,
    draft: Draft,
    planes: Vec<Plane>,
}

impl Works<'_> {
    /// A node, moved by so much at most.
    fn node(&mut self, at: Plane, stray_dm: i32) -> NodeIndex {
        let at = Plane {
            x_dm: at.x_dm + self.random.between(-stray_dm, stray_dm),
            y_dm: at.y_dm + self.random.between(-stray_dm, stray_dm),
        };
        let index = NodeIndex(self.planes.len() as u32);
        self.planes.push(at);
        self.draft.nodes.push(Node {
            point: self.projection.point(at),
            name: i64::from(index.0) + 1,
        });
        index
    }

    fn plane(&self, node: NodeIndex) -> Plane {
        self.planes[node.0 as usize]
    }

    /// A road that is driven both ways.
    fn road(&mut self, from: NodeIndex, to: NodeIndex, sort: Sort) {
        self.lane(from, to, sort);
        self.lane(to, from, sort);
    }

    /// The same with a bend in its middle.
    fn winding_road(&mut self, from: NodeIndex, to: NodeIndex, stray_dm: i32, sort: Sort) {
        let (a, b) = (self.plane(from), self.plane(to));
        let middle = Plane {
            x_dm: (a.x_dm + b.x_dm) / 2,
            y_dm: (a.y_dm + b.y_dm) / 2,
        };
        let bend = self.node(middle, stray_dm);
        self.road(from, bend, sort);
        self.road(bend, to, sort);
    }

    /// One direction of a road.
    fn lane(&mut self, from: NodeIndex, to: NodeIndex, sort: Sort) {
        let point = |node: NodeIndex| self.draft.nodes[node.0 as usize].point;
        let length_mm = length_mm(point(from), point(to));
        let time_ms = sort.kmh.map(|kmh| {
            let (length, speed) = (u64::from(length_mm), u64::from(kmh) * 1_000_000);
            ((2 * length * 3_600_000 + speed) / (2 * speed)) as u32
        });
        self.draft.edges.push(Edge {
            from,
            to,
            length_mm,
            time_ms,
            class: sort.class,
        });
    }
}

#[cfg(test)]
mod tests;
