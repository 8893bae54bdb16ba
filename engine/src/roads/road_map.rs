//! A network made ready to be asked: its turns, its hierarchy, its plane. It knows no times; those are a [`super::metric`]'s.
//!
//! Made once, when a map is loaded, and shared by every metric on it. The contraction order is the dear part and comes with
//! the map; everything else follows from it and the network, on every machine alike.

use super::hierarchy::{Hierarchy, OrderError};
use super::network::{Edge, EdgeIndex, Network, NodeIndex, Profile};
use super::order::{contraction_order, middle};
use super::position::{Fraction, Position, between};
use super::prepared::{Prepared, Sections};
use super::sides::SideRanks;
use super::turns::Turns;
use crate::place::projection::{Plane, Projection};

/// No edge.
const NONE: u32 = u32::MAX;

/// The section of a prepared map that holds the contraction order, one word a state.
const ORDER_SECTION: &str = "contraction_order";

/// Adds the contraction order of a network to what its prepared map will hold, and says how long labels will be: all entries, and
/// those of the longest.
pub fn add_order(network: &Network, sections: &mut Sections) -> Result<(usize, usize), OrderError> {
    let turns = Turns::of(network);
    let order = contraction_order(network, &turns);
    let hierarchy = Hierarchy::new(&turns, &order)?;
    sections.add_words(ORDER_SECTION, &order);
    Ok((hierarchy.label_entries(), hierarchy.longest()))
}

/// A network with all that does not depend on times.
#[derive(Clone, Debug)]
pub struct RoadMap {
    network: Network,
    turns: Turns,
    hierarchy: Hierarchy,
    projection: Projection,
    planes: Vec<Plane>,
    /// The first edge that leads back between the same two nodes; `NONE` on a one-way road.
    opposites: Vec<u32>,
    /// The ranks at the ends of edges, by profile.
    side_ranks: Vec<SideRanks>,
}

impl RoadMap {
    /// With the contraction order that came with the network.
    pub fn new(network: Network, order: &[u32]) -> Result<RoadMap, OrderError> {
        let turns = Turns::of(&network);
        let hierarchy = Hierarchy::new(&turns, order)?;
        let projection = Projection::new(middle(&network));
        let planes: Vec<Plane> = network
            .nodes
            .iter()
            .map(|node| projection.plane(node.point))
            .collect();
        let opposites = network
            .edges
            .iter()
            .map(|edge| {
                let first = first_between(&network.edges, edge.to, edge.from);
                let found = network.edges.get(first);
                let leads_back = found.is_some_and(|it| (it.from, it.to) == (edge.to, edge.from));
                if leads_back { first as u32 } else { NONE }
            })
            .collect();
        let mut map = RoadMap {
            network,
            turns,
            hierarchy,
            projection,
            planes,
            opposites,
            side_ranks: Vec::new(),
        };
        let profiles = Profile::ALL.iter();
        map.side_ranks = profiles
            .map(|&profile| SideRanks::new(&map, profile))
            .collect();
        Ok(map)
    }

    /// Of a prepared map, with the order that it holds; finds the order where it holds none.
    pub fn open(prepared: &Prepared) -> Result<RoadMap, OrderError> {
        match prepared.words(ORDER_SECTION) {
            Some(order) => RoadMap::new(prepared.network(), order),
            None => RoadMap::build(prepared.network()),
        }
    }

    /// Finds the order itself, which takes long on a large network; see [`contraction_order`].
    pub fn build(network: Network) -> Result<RoadMap, OrderError> {
        let order = contraction_order(&network, &Turns::of(&network));
        RoadMap::new(network, &order)
    }

    /// What the map says.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Its turns.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Its hierarchy.
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// The plane it lies on.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// One edge.
    pub fn edge(&self, edge: EdgeIndex) -> &Edge {
        &self.network.edges[edge.0 as usize]
    }

    /// Where all nodes are.
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// Where a node is.
    pub fn node_plane(&self, node: NodeIndex) -> Plane {
        self.planes[node.0 as usize]
    }

    /// Where a position is.
    pub fn plane(&self, position: Position) -> Plane {
        let edge = self.edge(position.edge);
        between(
            self.node_plane(edge.from),
            self.node_plane(edge.to),
            position.along,
        )
    }

    /// The node a position is at, if it is at one.
    pub fn node_at(&self, position: Position) -> Option<NodeIndex> {
        let edge = self.edge(position.edge);
        match position.along {
            Fraction::BEGINNING => Some(edge.from),
            Fraction::END => Some(edge.to),
            _ => None,
        }
    }

    /// A position at a node; `None` where no edge begins or ends.
    pub fn position_at(&self, node: NodeIndex) -> Option<Position> {
        let first = self.network.edges.partition_point(|edge| edge.from < node);
        if self
            .network
            .edges
            .get(first)
            .is_some_and(|edge| edge.from == node)
        {
            return Some(Position {
                edge: EdgeIndex(first as u32),
                along: Fraction::BEGINNING,
            });
        }
        let last = self.network.edges.iter().position(|edge| edge.to == node)?;
        Some(Position {
            edge: EdgeIndex(last as u32),
            along: Fraction::END,
        })
    }

    /// The ranks at the ends of edges.
    pub fn side_ranks(&self, profile: Profile) -> &SideRanks {
        &self.side_ranks[profile as usize]
    }

    /// All edges that lead from and to the same nodes as this one, itself included.
    pub fn alongside(&self, edge: EdgeIndex) -> impl Iterator<Item = EdgeIndex> {
        let (index, it) = (edge.0 as usize, self.edge(edge));
        let same = |other: &&Edge| (other.from, other.to) == (it.from, it.to);
        let before = self.network.edges[..index].iter().rev();
        let before = before.take_while(same).count();
        let behind = self.network.edges[index..].iter().take_while(same).count();
        (index - before..index + behind).map(|edge| EdgeIndex(edge as u32))
    }

    /// All edges that lead back between the same nodes.
    pub fn opposite(&self, edge: EdgeIndex) -> impl Iterator<Item = EdgeIndex> {
        let first = self.opposites[edge.0 as usize];
        (first != NONE)
            .then(|| self.alongside(EdgeIndex(first)))
            .into_iter()
            .flatten()
    }

    /// The edges between two nodes by what the map calls them, in this direction.
    pub fn edges_named(&self, from: i64, to: i64) -> impl Iterator<Item = EdgeIndex> {
        let nodes = &self.network.nodes;
        let find = |name| nodes.binary_search_by_key(&name, |node| node.name).ok();
        find(from)
            .zip(find(to))
            .map(|(from, to)| (NodeIndex(from as u32), NodeIndex(to as u32)))
            .into_iter()
            .flat_map(|(from, to)| {
                let first = first_between(&self.network.edges, from, to);
                let same = self.network.edges[first..].iter();
                let same = same.take_while(|edge| (edge.from, edge.to) == (from, to));
                (first..first + same.count()).map(|edge| EdgeIndex(edge as u32))
            })
    }
}

/// Where the edges between two nodes stand, or would.
fn first_between(edges: &[Edge], from: NodeIndex, to: NodeIndex) -> usize {
    edges.partition_point(|edge| (edge.from, edge.to) < (from, to))
}
