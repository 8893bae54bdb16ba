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

impl NotANetwork {
    fn new(what: &'static str, at: usize, wrong: &'static str) -> NotANetwork {
        NotANetwork { what, at, wrong }
    }
}

impl Network {
    /// Whether it is what its description says, strong connection aside: sorted, in bounds, every ban a way to drive.
    pub fn check(&self) -> Result<(), NotANetwork> {
        check_nodes(self.nodes.iter().copied())?;
        check_edges(self.edges.iter().copied(), self.nodes.len())?;
        check_bans(
            self.bans.iter().cloned(),
            |edge| (self.edges[edge].from, self.edges[edge].to),
            self.edges.len(),
        )
    }
}

/// Nodes on the globe, sorted by name, each name once.
pub(super) fn check_nodes(nodes: impl Iterator<Item = Node>) -> Result<(), NotANetwork> {
    let wrong = |at, wrong| Err(NotANetwork::new("node", at, wrong));
    let mut before = None;
    for (at, node) in nodes.enumerate() {
        let Point { lat_e7, lon_e7 } = node.point;
        if lat_e7.unsigned_abs() > 900_000_000 || lon_e7.unsigned_abs() > 1_800_000_000 {
            return wrong(at, "is not on the globe");
        }
        if before.is_some_and(|before| before >= node.name) {
            return wrong(at, "is out of order");
        }
        before = Some(node.name);
    }
    Ok(())
}

/// Edges between nodes that are there, none a loop, each open to the siren, sorted; every node has one.
pub(super) fn check_edges(
    edges: impl Iterator<Item = Edge>,
    nodes: usize,
) -> Result<(), NotANetwork> {
    let wrong = |at, wrong| Err(NotANetwork::new("edge", at, wrong));
    let mut used = vec![false; nodes];
    let mut before = None;
    for (at, edge) in edges.enumerate() {
        for end in [edge.from, edge.to] {
            match used.get_mut(end.0 as usize) {
                Some(used) => *used = true,
                None => return wrong(at, "names a node that is not there"),
            }
        }
        if edge.from == edge.to {
            return wrong(at, "ends where it begins");
        }
        let [normal, siren] = edge.time_ms;
        if siren > EDGE_MS_MAX || (normal > EDGE_MS_MAX && normal != CLOSED_MS) {
            return wrong(at, "takes longer than a day");
        }
        let key = (edge.from, edge.to, edge.time_ms);
        if before.is_some_and(|before| before > key) {
            return wrong(at, "is out of order");
        }
        before = Some(key);
    }
    match used.iter().position(|used| !used) {
        Some(at) => Err(NotANetwork::new("node", at, "has no edge")),
        None => Ok(()),
    }
}

/// Bans over edges that are there and follow one another, sorted, each once, each holding for somebody.
pub(super) fn check_bans(
    bans: impl Iterator<Item = Ban>,
    ends: impl Fn(usize) -> (NodeIndex, NodeIndex),
    edges: usize,
) -> Result<(), NotANetwork> {
    let wrong = |at, wrong| Err(NotANetwork::new("ban", at, wrong));
    let mut before: Option<Ban> = None;
    for (at, ban) in bans.enumerate() {
        if ban.edges().any(|edge| edge.0 as usize >= edges) {
            return wrong(at, "names an edge that is not there");
        }
        let mut reached = None;
        for (from, to) in ban.edges().map(|edge| ends(edge.0 as usize)) {
            if reached.is_some_and(|reached| reached != from) {
                return wrong(at, "names edges that do not follow one another");
            }
            reached = Some(to);
        }
        if ban.holds == [false, false] || before.is_some_and(|before| before >= ban) {
            return wrong(at, "holds for nobody or is out of order");
        }
        before = Some(ban);
    }
    Ok(())
}
