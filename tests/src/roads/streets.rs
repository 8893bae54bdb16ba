//! A map as a list of streets, and the quickest way over them: Dijkstra's (1959), backwards from where somebody is wanted.
//!
//! Turns that are banned need a memory: what is driven next may depend on what was driven before. So a way goes from situation to
//! situation, and a situation is a node and the edges before it that a ban can still ask about.

use super::holding::Times;
use super::spot::{Spot, WHOLE};
use engine::id::ObjectHash;
use engine::place::projection::{Plane, Projection};
use engine::roads::atlas::Atlas;
use engine::roads::network::{CLOSED_MS, Edge, EdgeIndex, Network};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex, PoisonError};

/// What takes so long or longer is out of reach: twelve days.
const OUT_OF_REACH_MS: u64 = (1 << 30) - 1;

/// A node, and the edges driven last that begin a ban.
type Situation = (usize, Vec<usize>);

/// Situations, each with a number.
#[derive(Default)]
struct Situations {
    list: Vec<Situation>,
    numbers: BTreeMap<Situation, usize>,
}

impl Situations {
    fn number(&mut self, situation: Situation) -> usize {
        let next = self.list.len();
        let number = *self.numbers.entry(situation.clone()).or_insert(next);
        if number == next {
            self.list.push(situation);
        }
        number
    }
}

/// An edge that is driven from one situation into another.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: usize,
    edge: usize,
    to: usize,
    /// Whether a ban forbids it to each [`Manner`](super::Manner).
    banned: [bool; 2],
}

/// A map.
#[derive(Debug)]
pub struct Streets {
    /// The map as an object.
    pub hash: ObjectHash,
    pub(super) network: Network,
    pub(super) projection: Projection,
    planes: Vec<Plane>,
    /// The edges from one node to another, in their order.
    between: BTreeMap<(usize, usize), Vec<usize>>,
    /// The edges on which somebody can be, by manner: of all between two nodes the first, where at least one of them may be driven so.
    pub(super) streets: [Vec<usize>; 2],
    /// Situations at a node with nothing behind have the node's number.
    situations: Vec<Situation>,
    steps: Vec<Step>,
    /// The steps that lead into each situation.
    steps_into: Vec<Vec<usize>>,
    /// The situation at the end of each edge for whoever began on it.
    after: Vec<usize>,
}

/// Every map that was listed: each world asks for the same few.
static LISTED: Mutex<BTreeMap<ObjectHash, Arc<Streets>>> = Mutex::new(BTreeMap::new());

impl Streets {
    /// The map that an atlas was read from, listed once in a process.
    pub fn of(atlas: &Atlas) -> Arc<Streets> {
        let mut listed = LISTED.lock().unwrap_or_else(PoisonError::into_inner);
        let streets = listed.entry(atlas.hash());
        Arc::clone(streets.or_insert_with(|| Arc::new(Streets::list(atlas))))
    }

    fn list(atlas: &Atlas) -> Streets {
        let map = atlas.metric().map();
        let network = map.network().clone();
        let projection = *map.projection();
        let planes = network.nodes.iter();
        let planes = planes.map(|node| projection.plane(node.point)).collect();
        let mut streets = Streets {
            hash: atlas.hash(),
            projection,
            planes,
            between: BTreeMap::new(),
            streets: Default::default(),
            situations: Vec::new(),
            steps: Vec::new(),
            steps_into: Vec::new(),
            after: Vec::new(),
            network,
        };
        streets.list_streets();
        streets.list_steps();
        streets
    }

    fn edge(&self, edge: usize) -> &Edge {
        &self.network.edges[edge]
    }

    /// The nodes at which an edge begins and ends.
    pub(super) fn ends(&self, edge: usize) -> (usize, usize) {
        let edge = self.edge(edge);
        (edge.from.0 as usize, edge.to.0 as usize)
    }

    pub(super) fn begin_plane(&self, edge: usize) -> Plane {
        self.planes[self.ends(edge).0]
    }

    pub(super) fn end_plane(&self, edge: usize) -> Plane {
        self.planes[self.ends(edge).1]
    }

    fn list_streets(&mut self) {
        let mut first: BTreeMap<(usize, usize), (usize, [bool; 2])> = BTreeMap::new();
        for (index, edge) in self.network.edges.iter().enumerate() {
            let (from, to) = self.ends(index);
            self.between.entry((from, to)).or_default().push(index);
            let street = first.entry((from.min(to), from.max(to)));
            let (_, open) = street.or_insert((index, [false; 2]));
            for (open, ms) in open.iter_mut().zip(edge.time_ms) {
                *open |= ms != CLOSED_MS;
            }
        }
        for (edge, open) in first.into_values() {
            for (streets, open) in self.streets.iter_mut().zip(open) {
                streets.extend(open.then_some(edge));
            }
        }
    }

    /// Lists every situation that somebody can come into, and every step between them.
    fn list_steps(&mut self) {
        let mut situations = Situations::default();
        for node in 0..self.network.nodes.len() {
            situations.number((node, Vec::new()));
        }
        let edges = 0..self.network.edges.len();
        for edge in edges.clone() {
            let behind = self.remembered(vec![edge]);
            self.after
                .push(situations.number((self.ends(edge).1, behind)));
        }
        let mut steps = Vec::new();
        let mut from = 0;
        while let Some((node, behind)) = situations.list.get(from).cloned() {
            for edge in edges.clone().filter(|&edge| self.ends(edge).0 == node) {
                let driven: Vec<usize> = behind.iter().copied().chain([edge]).collect();
                let banned = self.banned(&driven);
                let to = situations.number((self.ends(edge).1, self.remembered(driven)));
                steps.push(Step {
                    from,
                    edge,
                    to,
                    banned,
                });
            }
            from += 1;
        }
        self.steps_into = vec![Vec::new(); situations.list.len()];
        for (index, step) in steps.iter().enumerate() {
            self.steps_into[step.to].push(index);
        }
        (self.situations, self.steps) = (situations.list, steps);
    }

    /// Of the edges driven, those that a ban can still ask about: the longest end that begins one.
    fn remembered(&self, mut driven: Vec<usize>) -> Vec<usize> {
        let begins = |driven: &[usize]| {
            self.bans()
                .any(|(ban, _)| driven.len() < ban.len() && ban.starts_with(driven))
        };
        while !driven.is_empty() && !begins(&driven) {
            driven.remove(0);
        }
        driven
    }

    /// Who must not have driven these edges one after the other.
    fn banned(&self, driven: &[usize]) -> [bool; 2] {
        let mut banned = [false; 2];
        for (ban, holds) in self.bans() {
            if driven.ends_with(&ban) {
                banned = [banned[0] | holds[0], banned[1] | holds[1]];
            }
        }
        banned
    }

    fn bans(&self) -> impl Iterator<Item = (Vec<usize>, [bool; 2])> {
        let number = |EdgeIndex(edge): EdgeIndex| edge as usize;
        let bans = self.network.bans.iter();
        bans.map(move |ban| (ban.edges().map(number).collect(), ban.holds))
    }

    /// How long from every situation to a spot, [`u64::MAX`] where no way leads.
    pub fn search(&self, times: &Times, to: Spot) -> Vec<u64> {
        let mut least = vec![u64::MAX; self.situations.len()];
        let mut queue = BinaryHeap::new();
        match to {
            Spot::At(node) => {
                let there = self.situations.iter().enumerate();
                let there = there.filter(|(_, situation)| situation.0 == node);
                queue.extend(there.map(|(situation, _)| Reverse((0, situation))));
            }
            Spot::On(..) => {
                for (edge, _, until_ms) in self.own_edges(times, to) {
                    let steps = self.steps.iter().filter(|step| step.edge == edge);
                    let steps = steps.filter(|step| !step.banned[times.manner as usize]);
                    queue.extend(steps.map(|step| Reverse((until_ms, step.from))));
                }
            }
        }
        while let Some(Reverse((ms, situation))) = queue.pop() {
            if ms >= least[situation] {
                continue;
            }
            least[situation] = ms;
            for &step in &self.steps_into[situation] {
                let step = self.steps[step];
                let takes_ms = times.through_ms[step.edge];
                if let (Some(takes_ms), false) = (takes_ms, step.banned[times.manner as usize]) {
                    queue.push(Reverse((ms + takes_ms, step.from)));
                }
            }
        }
        least
    }

    /// The quickest way from a spot to the one that was searched for.
    pub fn least_ms(&self, times: &Times, search: &[u64], from: Spot, to: Spot) -> Option<u32> {
        let mut ways = Vec::new();
        match from {
            Spot::At(node) => ways.push(search[node]),
            Spot::On(..) => {
                for (edge, whole_ms, until_ms) in self.own_edges(times, from) {
                    let on = search[self.after[edge]];
                    ways.push(on.saturating_add(whole_ms - until_ms));
                    // Somebody farther along the same street is reached without leaving it.
                    let is_ahead = self.parts(edge, from) <= self.parts(edge, to);
                    let goals = self.own_edges(times, to);
                    let ahead = goals.filter(|&(goal, ..)| goal == edge && is_ahead);
                    ways.extend(ahead.map(|(_, _, ms)| ms - until_ms));
                }
            }
        }
        let least = ways.into_iter().min().filter(|&ms| ms < OUT_OF_REACH_MS)?;
        u32::try_from(least).ok()
    }

    /// The edges on which somebody at a spot drives off, or comes: in each direction the quickest that may be driven, of equal
    /// ones the first. With how long the whole of it takes, and its part until the spot.
    fn own_edges<'a>(
        &'a self,
        times: &'a Times,
        spot: Spot,
    ) -> impl Iterator<Item = (usize, u64, u64)> + 'a {
        let ends = match spot {
            Spot::At(_) => None,
            Spot::On(edge, _) => Some(self.ends(edge)),
        };
        let both_ways = ends
            .into_iter()
            .flat_map(|(from, to)| [(from, to), (to, from)]);
        both_ways.filter_map(move |ends| {
            let between = self.between.get(&ends).into_iter().flatten();
            let open = between.filter_map(|&edge| Some((times.own_ms[edge]?, edge)));
            let (whole_ms, edge) = open.min()?;
            let parts = self.parts(edge, spot)?;
            // Rounded half up.
            let until_ms = (whole_ms * parts + WHOLE / 2) / WHOLE;
            Some((edge, whole_ms, until_ms))
        })
    }

    /// How far along an edge a spot is; `None` where it is on another street.
    fn parts(&self, edge: usize, spot: Spot) -> Option<u64> {
        let Spot::On(own, parts) = spot else {
            return None;
        };
        let (from, to) = self.ends(edge);
        match self.ends(own) {
            ends if ends == (from, to) => Some(parts),
            ends if ends == (to, from) => Some(WHOLE - parts),
            _ => None,
        }
    }
}
