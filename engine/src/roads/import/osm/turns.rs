//! From restrictions and barriers to banned sequences of edges.
//!
//! A `no_…` bans its own sequence; an `only_…` bans, for whoever comes from its `from`, every other way on at each node up to
//! its `to`, the way back included. Turning round at a node is otherwise allowed, but for where `no_u_turn` stands.

use super::restriction::{Restriction, Via};
use crate::roads::import::report::{Finding, Report};
use crate::roads::network::{Ban, CLOSED_MS, Edge, EdgeIndex, NodeIndex};
use std::collections::BTreeMap;

/// A straight piece of a way, and the edges that it made: with the way's order, and against it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub a: NodeIndex,
    pub b: NodeIndex,
    pub edges: [Option<EdgeIndex>; 2],
}

impl Piece {
    /// The edges that lead to this node, and from it.
    fn at(&self, node: NodeIndex) -> Option<(Option<EdgeIndex>, Option<EdgeIndex>)> {
        let [along, against] = self.edges;
        if self.b == node {
            Some((along, against))
        } else if self.a == node {
            Some((against, along))
        } else {
            None
        }
    }
}

/// A way that a restriction names: its pieces in the order of its nodes, and where it ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    pub pieces: Vec<Piece>,
    /// Its first node and its last; none where the border of the extract cuts it.
    pub ends: [Option<NodeIndex>; 2],
    /// Whether all of its nodes are in the extract.
    pub whole: bool,
}

/// All that restrictions name, by id.
pub(super) type Courses = BTreeMap<i64, Course>;

/// Why a restriction bans nothing.
enum Refused {
    /// Its members do not meet as they must.
    Broken,
    /// They are not there, or not driven that way.
    Gone,
}

/// Edges by node: those of one node lie together.
struct Index {
    order: Vec<u32>,
    first: Vec<u32>,
}

impl Index {
    fn new(nodes: usize, edges: &[Edge], of: fn(&Edge) -> NodeIndex) -> Index {
        let mut order: Vec<u32> = (0..edges.len() as u32).collect();
        order.sort_by_key(|&edge| of(&edges[edge as usize]));
        let mut first = vec![0; nodes + 1];
        for edge in edges {
            first[of(edge).0 as usize + 1] += 1;
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        Index { order, first }
    }

    fn of(&self, node: NodeIndex) -> impl Iterator<Item = EdgeIndex> + '_ {
        let at = node.0 as usize;
        let range = self.first[at] as usize..self.first[at + 1] as usize;
        self.order[range].iter().copied().map(EdgeIndex)
    }
}

/// Which edges begin and end at each node, and the bans that follow.
pub(super) struct Turns<'a> {
    edges: &'a [Edge],
    leaving: Index,
    arriving: Index,
}

impl<'a> Turns<'a> {
    pub fn new(nodes: usize, edges: &'a [Edge]) -> Turns<'a> {
        Turns {
            edges,
            leaving: Index::new(nodes, edges, |edge| edge.from),
            arriving: Index::new(nodes, edges, |edge| edge.to),
        }
    }

    fn edge(&self, edge: EdgeIndex) -> &Edge {
        &self.edges[edge.0 as usize]
    }

    /// Bans the way through a node for the profiles that its barrier stops; each side may still be driven to, and back.
    pub fn bar(&self, node: NodeIndex, holds: [bool; 2], bans: &mut Vec<Ban>) {
        for from in self.arriving.of(node) {
            for to in self.leaving.of(node) {
                if self.edge(from).from != self.edge(to).to {
                    bans.push(Ban {
                        from,
                        via: Vec::new(),
                        to,
                        holds,
                    });
                }
            }
        }
    }

    /// What a restriction bans; what bans nothing is noted.
    pub fn ban(
        &self,
        restriction: &Restriction,
        courses: &Courses,
        via_node: Option<NodeIndex>,
        bans: &mut Vec<Ban>,
        report: &mut Report,
    ) {
        let place = format!("relation {}", restriction.id);
        match self.sequences(restriction, courses, via_node) {
            Ok(sequences) => {
                report.note(Finding::RestrictionObeyed, &place);
                for sequence in sequences {
                    self.apply(restriction, &sequence, bans);
                }
            }
            Err(Refused::Broken) => report.note(Finding::RestrictionBroken, &place),
            Err(Refused::Gone) => report.note(Finding::RestrictionGone, &place),
        }
    }

    fn apply(&self, restriction: &Restriction, sequence: &[EdgeIndex], bans: &mut Vec<Ban>) {
        let ban = |edges: &[EdgeIndex], to, holds| Ban {
            from: edges[0],
            via: edges[1..].to_vec(),
            to,
            holds,
        };
        let last = sequence.len() - 1;
        if !restriction.only {
            bans.push(ban(&sequence[..last], sequence[last], restriction.holds));
            return;
        }
        // Nobody is told to go where he may not.
        let holds = [0, 1].map(|profile| {
            let open = |&edge: &EdgeIndex| self.edge(edge).time_ms[profile] != CLOSED_MS;
            restriction.holds[profile] && sequence.iter().all(open)
        });
        for (done, &next) in sequence.iter().enumerate().skip(1) {
            let behind = self.leaving.of(self.edge(sequence[done - 1]).to);
            for other in behind.filter(|&other| other != next) {
                bans.push(ban(&sequence[..done], other, holds));
            }
        }
    }

    /// The sequences of edges that a restriction is about.
    fn sequences(
        &self,
        restriction: &Restriction,
        courses: &Courses,
        via_node: Option<NodeIndex>,
    ) -> Result<Vec<Vec<EdgeIndex>>, Refused> {
        let way = |id: &i64| courses.get(id).filter(|way| !way.pieces.is_empty());
        let mut sequences = Vec::new();
        let mut refused = Refused::Gone;
        for from in &restriction.from {
            for to in &restriction.to {
                let (Some(from_way), Some(to_way)) = (way(from), way(to)) else {
                    continue;
                };
                let found = match &restriction.via {
                    Via::Node(_) if from == to && restriction.u_turn => via_node
                        .ok_or(Refused::Gone)
                        .and_then(|node| round(from_way, node)),
                    Via::Node(_) if from == to => Err(Refused::Broken),
                    Via::Node(_) => via_node.ok_or(Refused::Gone).and_then(|node| {
                        Ok(vec![vec![into(from_way, node)?, out_of(to_way, node)?]])
                    }),
                    Via::Ways(ids) => {
                        let via: Option<Vec<&Course>> = ids.iter().map(way).collect();
                        via.ok_or(Refused::Gone)
                            .and_then(|via| over(from_way, &via, to_way))
                            .map(|sequence| vec![sequence])
                    }
                };
                match found {
                    Ok(found) => sequences.extend(found),
                    Err(why) => refused = why,
                }
            }
        }
        if sequences.is_empty() {
            Err(refused)
        } else {
            Ok(sequences)
        }
    }
}

/// The piece of a way that touches a node at which it ends; a way through it, or round to it, leaves two and says nothing.
fn end_piece(way: &Course, node: NodeIndex) -> Result<&Piece, Refused> {
    let mut touching = way
        .pieces
        .iter()
        .filter(|piece| piece.a == node || piece.b == node);
    match (touching.next(), touching.next()) {
        (Some(piece), None) => Ok(piece),
        _ => Err(Refused::Broken),
    }
}

fn into(way: &Course, node: NodeIndex) -> Result<EdgeIndex, Refused> {
    let (into, _) = end_piece(way, node)?.at(node).ok_or(Refused::Broken)?;
    into.ok_or(Refused::Gone)
}

fn out_of(way: &Course, node: NodeIndex) -> Result<EdgeIndex, Refused> {
    let (_, out) = end_piece(way, node)?.at(node).ok_or(Refused::Broken)?;
    out.ok_or(Refused::Gone)
}

/// Turning round on one way at a node: back over the piece one came by. Where the way goes on, from either side.
fn round(way: &Course, node: NodeIndex) -> Result<Vec<Vec<EdgeIndex>>, Refused> {
    let pieces = way.pieces.iter();
    let touching: Vec<_> = pieces.filter_map(|piece| piece.at(node)).collect();
    if touching.is_empty() {
        return Err(Refused::Broken);
    }
    let turns: Vec<_> = touching
        .into_iter()
        .filter_map(|(into, out)| Some(vec![into?, out?]))
        .collect();
    if turns.is_empty() {
        Err(Refused::Gone)
    } else {
        Ok(turns)
    }
}

/// From one way over others to another: they must meet end to end, in whatever order the relation names them.
fn over(from: &Course, via: &[&Course], to: &Course) -> Result<Vec<EdgeIndex>, Refused> {
    let mut refused = Refused::Broken;
    for start in [from.ends[1], from.ends[0]].into_iter().flatten() {
        let Some((path, end)) = chain(start, via) else {
            continue;
        };
        if !to.ends.contains(&Some(end)) {
            continue;
        }
        let path: Option<Vec<EdgeIndex>> = path.into_iter().collect();
        match (into(from, start), path, out_of(to, end)) {
            (Ok(into), Some(path), Ok(out)) => {
                let mut sequence = vec![into];
                sequence.extend(path);
                sequence.push(out);
                return Ok(sequence);
            }
            _ => refused = Refused::Gone,
        }
    }
    Err(refused)
}

/// The edges of the ways one after the other from a node, and where they end; an edge is none where it is not driven so.
fn chain(start: NodeIndex, via: &[&Course]) -> Option<(Vec<Option<EdgeIndex>>, NodeIndex)> {
    let mut left: Vec<&Course> = via.to_vec();
    let mut at = start;
    let mut path = Vec::new();
    while !left.is_empty() {
        let next = left.iter().position(|way| way.ends.contains(&Some(at)))?;
        let way = left.remove(next);
        if !way.whole {
            return None;
        }
        let pieces = way.pieces.iter();
        if way.ends[0] == Some(at) {
            path.extend(pieces.map(|piece| piece.edges[0]));
            at = way.ends[1]?;
        } else {
            path.extend(pieces.rev().map(|piece| piece.edges[1]));
            at = way.ends[0]?;
        }
    }
    Some((path, at))
}
