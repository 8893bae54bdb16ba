//! What a map says, in the form in which both importers leave it and everything else reads it.
//!
//! Every node of the map is a node here, those that only give a road its shape too: an edge is a straight segment, so a
//! place on it is a fraction of it. Times are integer milliseconds, rounded half up for each edge, so that a sum of them is
//! the same on every machine. A turn that is banned is a sequence of edges that no route may hold in a row.

use crate::kind::vocabulary;
use crate::place::Point;

/// A node, by its place in [`Network::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub u32);

/// An edge, by its place in [`Network::edges`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeIndex(pub u32);

/// The time of an edge that a profile may not use.
pub const CLOSED_MS: u32 = u32::MAX;

/// The longest time of one edge that is open: a day. Sums along any route of a network then stay below `u32::MAX / 2` in
/// practice; whoever adds them saturates.
pub const EDGE_MS_MAX: u32 = 86_400_000;

vocabulary! {
    /// How a vehicle drives.
    Profile {
        /// By the signs that hold for everybody.
        Normal = "normal",
        /// With lights and sirens: may pass where signs let emergency vehicles pass, at their own speeds.
        Siren = "siren",
    }
}

vocabulary! {
    /// What sort of road: factors of the hour and default speeds go by this.
    RoadClass {
        /// Motorways.
        Motorway = "motorway",
        /// Trunk roads.
        Trunk = "trunk",
        /// Primary roads.
        Primary = "primary",
        /// Secondary roads.
        Secondary = "secondary",
        /// Tertiary roads.
        Tertiary = "tertiary",
        /// Unclassified through roads.
        Unclassified = "unclassified",
        /// Residential streets.
        Residential = "residential",
        /// Living streets.
        LivingStreet = "living_street",
        /// Service roads and drives.
        Service = "service",
        /// Tracks.
        Track = "track",
        /// The map does not say.
        Other = "other",
    }
}

/// A place where edges meet or a road bends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where.
    pub point: Point,
    /// What the map calls it: an OpenStreetMap id, or the id of the CSV.
    pub name: i64,
}

/// One straight segment of road in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins.
    pub from: NodeIndex,
    /// Where it ends.
    pub to: NodeIndex,
    /// How long it is, in millimetres.
    pub length_mm: u32,
    /// How long it takes, in milliseconds, by [`Profile`]; [`CLOSED_MS`] where that profile may not drive.
    pub time_ms: [u32; 2],
    /// What sort of road.
    pub class: RoadClass,
}

/// Edges that may not be driven one directly after the other: `via` is empty for a turn at a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ban {
    /// The edge before the turn.
    pub from: EdgeIndex,
    /// The edges between, when the ban goes over ways.
    pub via: Vec<EdgeIndex>,
    /// The edge that may not follow.
    pub to: EdgeIndex,
    /// Whether it holds for [`Profile`] normal, and for siren.
    pub holds: [bool; 2],
}

/// A road network as an importer leaves it: nodes sorted by name, edges by (from, to, times), bans sorted; no loops, no node
/// without an edge; every open edge within the largest strongly connected part of the siren profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All edges.
    pub edges: Vec<Edge>,
    /// All banned turns.
    pub bans: Vec<Ban>,
    /// Who made the map, to be shown wherever it shows: "© OpenStreetMap contributors"; empty when it is the centre's own.
    pub attribution: String,
}

impl Ban {
    /// All its edges in the order in which they are driven.
    pub fn edges(&self) -> impl Iterator<Item = EdgeIndex> + '_ {
        let ends = |edge| std::iter::once(edge);
        ends(self.from)
            .chain(self.via.iter().copied())
            .chain(ends(self.to))
    }
}

/// What a network must not be. Whoever made it is wrong, or its file was made up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {at}: {wrong}; build the map again")]
pub struct NotANetwork {
    /// Nodes, edges or bans.
    pub what: &'static str,
    /// Which one.
    pub at: usize,
    /// What is wrong with it.
    pub wrong: &'static str,
}

impl Network {
    /// Whether it is what its description says, strong connection aside: sorted, in bounds, every ban a way to drive.
    pub fn check(&self) -> Result<(), NotANetwork> {
        let wrong = |what, at, wrong| Err(NotANetwork { what, at, wrong });
        let mut used = vec![false; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            let Point { lat_e7, lon_e7 } = node.point;
            if lat_e7.unsigned_abs() > 900_000_000 || lon_e7.unsigned_abs() > 1_800_000_000 {
                return wrong("node", at, "is not on the globe");
            }
            if at > 0 && self.nodes[at - 1].name >= node.name {
                return wrong("node", at, "is out of order");
            }
        }
        for (at, edge) in self.edges.iter().enumerate() {
            let ends = [edge.from, edge.to].map(|end| end.0 as usize);
            if ends.iter().any(|&end| end >= self.nodes.len()) {
                return wrong("edge", at, "names a node that is not there");
            }
            for end in ends {
                used[end] = true;
            }
            if edge.from == edge.to {
                return wrong("edge", at, "ends where it begins");
            }
            let open = |ms: u32| ms <= EDGE_MS_MAX;
            if !open(edge.time_ms[1]) || !(open(edge.time_ms[0]) || edge.time_ms[0] == CLOSED_MS) {
                return wrong("edge", at, "takes longer than a day");
            }
            let key = |edge: &Edge| (edge.from, edge.to, edge.time_ms);
            if at > 0 && key(&self.edges[at - 1]) > key(edge) {
                return wrong("edge", at, "is out of order");
            }
        }
        if let Some(at) = used.iter().position(|used| !used) {
            return wrong("node", at, "has no edge");
        }
        for (at, ban) in self.bans.iter().enumerate() {
            if ban.edges().any(|edge| edge.0 as usize >= self.edges.len()) {
                return wrong("ban", at, "names an edge that is not there");
            }
            let driven: Vec<_> = ban
                .edges()
                .map(|edge| self.edges[edge.0 as usize])
                .collect();
            if driven.windows(2).any(|pair| pair[0].to != pair[1].from) {
                return wrong("ban", at, "names edges that do not follow one another");
            }
            if ban.holds == [false, false] || (at > 0 && self.bans[at - 1] >= *ban) {
                return wrong("ban", at, "holds for nobody or is out of order");
            }
        }
        Ok(())
    }
}
