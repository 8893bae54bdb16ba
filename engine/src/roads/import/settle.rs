//! From a draft to a network: duplicates out, sorted, the largest strongly connected part kept, the rest reported.
//!
//! Connected is meant edge by edge and with the banned turns at nodes, for the siren profile: from each edge that stays one
//! can drive on to each other. So no unit stands on a road from which no call can be reached, and a bollard or a ban that
//! cuts a street off is seen. Bans over several edges are left out of this; they hold, but cut nothing off here.
//! The same draft gives the same network, whatever order its edges came in, unless two of them are alike in everything.

mod strong;

use super::report::{Finding, Report};
use crate::roads::network::{Ban, Edge, EdgeIndex, Network, Node, NodeIndex, Profile};
use std::cmp::Reverse;

/// What an importer leaves: nothing sorted, nothing connected yet. Indices are places in these lists.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// All nodes, each name once.
    pub nodes: Vec<Node>,
    /// All edges, none a loop, each open to the siren profile.
    pub edges: Vec<Edge>,
    /// All banned turns: sequences of edges that do follow one another.
    pub bans: Vec<Ban>,
    /// Who made the map.
    pub attribution: String,
}

/// Why no network came of a draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// Nothing can be driven.
    #[error("no road is left that leads anywhere and back: {0}; see what was dropped, and why")]
    Empty(String),
    /// More than the indices of a network hold.
    #[error(
        "the map has {0} {1}; a network holds 1 000 000 000 at most: build it from a smaller extract"
    )]
    TooLarge(usize, &'static str),
}

/// Indices are 32 bits, and sums of a few of them must fit too.
const COUNT_MAX: usize = 1_000_000_000;
/// The mark of an edge or a node that does not stay.
const GONE: u32 = u32::MAX;

/// Makes it a network, and notes what was dropped.
pub fn settle(mut draft: Draft, report: &mut Report) -> Result<Network, SettleError> {
    for (count, what) in [(draft.nodes.len(), "nodes"), (draft.edges.len(), "edges")] {
        if count > COUNT_MAX {
            return Err(SettleError::TooLarge(count, what));
        }
    }
    let read = draft.edges.len();
    sort_nodes(&mut draft);
    sort_edges(&mut draft);
    tidy_bans(&mut draft);
    drop_dominated(&mut draft, report);
    keep_strong_part(&mut draft, report);
    drop_idle_nodes(&mut draft, report);
    if draft.edges.is_empty() {
        return Err(SettleError::Empty(format!("{read} edges were read")));
    }
    tell(&draft, report);
    Ok(Network {
        nodes: draft.nodes,
        edges: draft.edges,
        bans: draft.bans,
        attribution: draft.attribution,
    })
}

/// For a list of old places in their new order: the new place of each old one.
fn places(order: &[u32]) -> Vec<u32> {
    let mut places = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        places[old as usize] = new as u32;
    }
    places
}

fn sort_nodes(draft: &mut Draft) {
    let mut order: Vec<u32> = (0..draft.nodes.len() as u32).collect();
    order.sort_by_key(|&node| draft.nodes[node as usize].name);
    let places = places(&order);
    draft.nodes = order.iter().map(|&old| draft.nodes[old as usize]).collect();
    for edge in &mut draft.edges {
        edge.from = NodeIndex(places[edge.from.0 as usize]);
        edge.to = NodeIndex(places[edge.to.0 as usize]);
    }
}

fn sort_edges(draft: &mut Draft) {
    let key = |edge: &Edge| (edge.from, edge.to, edge.time_ms, edge.length_mm, edge.class);
    let mut order: Vec<u32> = (0..draft.edges.len() as u32).collect();
    order.sort_by_key(|&edge| key(&draft.edges[edge as usize])); // stable: the draft's order decides between twins
    let places = places(&order);
    draft.edges = order.iter().map(|&old| draft.edges[old as usize]).collect();
    move_bans(&mut draft.bans, &places);
}

/// Gives each ban the new places of its edges; bans with an edge that is gone go too. Returns how many went.
fn move_bans(bans: &mut Vec<Ban>, places: &[u32]) -> u64 {
    let before = bans.len();
    let moved = |edge: &mut EdgeIndex| {
        edge.0 = places[edge.0 as usize];
        edge.0 != GONE
    };
    bans.retain_mut(|ban| {
        let ends = moved(&mut ban.from) & moved(&mut ban.to);
        ends && ban.via.iter_mut().all(moved)
    });
    (before - bans.len()) as u64
}

/// Sorted, each sequence once, those that hold for nobody gone.
fn tidy_bans(draft: &mut Draft) {
    draft.bans.sort();
    draft.bans.dedup_by(|later, kept| {
        let same = (later.from, &later.via, later.to) == (kept.from, &kept.via, kept.to);
        if same {
            kept.holds = [0, 1].map(|profile| kept.holds[profile] || later.holds[profile]);
        }
        same
    });
    draft.bans.retain(|ban| ban.holds.contains(&true));
}

/// Drops what no route would use: a parallel edge of the same class that is neither quicker in a profile nor shorter than
/// another. That other must be free of bans; a factor of the hour goes by class and keeps the order.
fn drop_dominated(draft: &mut Draft, report: &mut Report) {
    let mut banned = vec![false; draft.edges.len()];
    for ban in &draft.bans {
        for edge in ban.edges() {
            banned[edge.0 as usize] = true;
        }
    }
    let mut stays = vec![true; draft.edges.len()];
    let mut begin = 0;
    for group in draft
        .edges
        .chunk_by(|a, b| (a.from, a.to) == (b.from, b.to))
    {
        for worse in 0..group.len() {
            let dominated = (0..group.len()).any(|better| {
                better != worse
                    && stays[begin + better]
                    && !banned[begin + better]
                    && dominates(&group[better], &group[worse])
            });
            if dominated {
                stays[begin + worse] = false;
                let from = draft.nodes[group[worse].from.0 as usize].name;
                let to = draft.nodes[group[worse].to.0 as usize].name;
                report.note(Finding::EdgeDominated, format_args!("from {from} to {to}"));
            }
        }
        begin += group.len();
    }
    let gone = retain_edges(draft, &stays);
    report.count(Finding::BanGone, gone);
}

fn dominates(better: &Edge, worse: &Edge) -> bool {
    better.class == worse.class
        && better.length_mm <= worse.length_mm
        && better.time_ms[0] <= worse.time_ms[0]
        && better.time_ms[1] <= worse.time_ms[1]
}

/// Keeps the edges that stay, in their order; returns how many bans went with the others.
fn retain_edges(draft: &mut Draft, stays: &[bool]) -> u64 {
    let mut places = Vec::with_capacity(stays.len());
    let mut next = 0;
    for &stays in stays {
        places.push(if stays { next } else { GONE });
        next += u32::from(stays);
    }
    let mut stay = stays.iter();
    draft
        .edges
        .retain(|_| stay.next().copied().unwrap_or(false));
    move_bans(&mut draft.bans, &places)
}

fn keep_strong_part(draft: &mut Draft, report: &mut Report) {
    let part_of = strong::parts(draft, Profile::Siren);
    let Some(&largest) = largest(&part_of).as_ref() else {
        return;
    };
    let stays: Vec<bool> = part_of.iter().map(|&part| part == largest).collect();
    tell_lost(draft, &stays, report);
    let gone = retain_edges(draft, &stays);
    report.count(Finding::BanGone, gone);
}

/// The part with the most edges; of equals the one that holds the first edge.
fn largest(part_of: &[u32]) -> Option<u32> {
    let mut counts = vec![0u32; part_of.len()];
    for &part in part_of {
        counts[part as usize] += 1;
    }
    let first = (0..part_of.len()).min_by_key(|&edge| Reverse(counts[part_of[edge] as usize]))?;
    Some(part_of[first])
}

/// Says what is lost, and where its biggest connected piece lies.
fn tell_lost(draft: &Draft, stays: &[bool], report: &mut Report) {
    let lost = || (0..draft.edges.len()).filter(|&edge| !stays[edge]);
    let count = lost().count();
    if count == 0 {
        return;
    }
    report.count(Finding::LostEdges, count as u64);
    let pieces = strong::pieces(draft, stays);
    let mut edges_of = vec![0u32; draft.nodes.len()];
    for edge in lost() {
        edges_of[pieces[draft.edges[edge].from.0 as usize] as usize] += 1;
    }
    let parts = edges_of.iter().filter(|&&edges| edges > 0).count();
    report.count(Finding::LostParts, parts as u64);
    let biggest = (0..edges_of.len()).max_by_key(|&piece| (edges_of[piece], Reverse(piece)));
    if let Some(node) = biggest {
        let Node { point, name } = draft.nodes[node];
        report.place(
            Finding::LostParts,
            format_args!(
                "{} edges at node {name} ({}, {})",
                edges_of[node],
                degrees(point.lat_e7),
                degrees(point.lon_e7)
            ),
        );
    }
}

/// 1e-7 degrees as degrees, without a float.
fn degrees(e7: i32) -> String {
    let sign = if e7 < 0 { "-" } else { "" };
    let size = e7.unsigned_abs();
    format!("{sign}{}.{:07}", size / 10_000_000, size % 10_000_000)
}

fn drop_idle_nodes(draft: &mut Draft, report: &mut Report) {
    let mut places = vec![GONE; draft.nodes.len()];
    for edge in &draft.edges {
        places[edge.from.0 as usize] = 0;
        places[edge.to.0 as usize] = 0;
    }
    let before = draft.nodes.len();
    let kept = places.iter_mut().filter(|place| **place != GONE);
    for (next, place) in kept.enumerate() {
        *place = next as u32;
    }
    let mut stay = places.iter();
    draft
        .nodes
        .retain(|_| stay.next().is_some_and(|&place| place != GONE));
    for edge in &mut draft.edges {
        edge.from = NodeIndex(places[edge.from.0 as usize]);
        edge.to = NodeIndex(places[edge.to.0 as usize]);
    }
    report.count(Finding::LostNodes, (before - draft.nodes.len()) as u64);
}

/// What the network holds, and what is odd about it.
fn tell(draft: &Draft, report: &mut Report) {
    report.count(Finding::Nodes, draft.nodes.len() as u64);
    report.count(Finding::Edges, draft.edges.len() as u64);
    report.count(Finding::Bans, draft.bans.len() as u64);
    let mut points: Vec<_> = draft
        .nodes
        .iter()
        .map(|node| (node.point, node.name))
        .collect();
    points.sort();
    for pair in points.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        report.note(
            Finding::NodeSamePlace,
            format_args!("{} and {}", pair[0].1, pair[1].1),
        );
    }
}

#[cfg(test)]
mod tests;
