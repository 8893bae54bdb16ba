//! What the search by road is held against: Dijkstra's algorithm from the incident outwards, which stops when nobody farther out
//! can be first. No hierarchy, no labels, no straight line.

use engine::roads::network::{CLOSED_MS, EdgeIndex, NodeIndex, Profile};
use engine::roads::position::Position;
use engine::roads::road_map::RoadMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Where units wait, by the node that they reach first; networks with banned turns are not for it.
pub struct Outwards<'a> {
    map: &'a RoadMap,
    profile: Profile,
    /// Edges by the node they lead to.
    first: Vec<u32>,
    arriving: Vec<EdgeIndex>,
    /// For each node: unit and its time until there, turnout included.
    waiting: Vec<Vec<(u32, u32)>>,
    turnout_least_ms: u32,
    best: Vec<u32>,
    touched: Vec<u32>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

impl<'a> Outwards<'a> {
    /// Without units.
    pub fn new(map: &'a RoadMap, profile: Profile, turnout_least_ms: u32) -> Outwards<'a> {
        let nodes = map.network().nodes.len();
        let edges = &map.network().edges;
        let mut arriving: Vec<EdgeIndex> = (0..edges.len() as u32).map(EdgeIndex).collect();
        arriving.sort_by_key(|&edge| map.edge(edge).to);
        let leads_to = |node: u32| arriving.partition_point(|&edge| map.edge(edge).to.0 < node);
        Outwards {
            first: (0..=nodes as u32)
                .map(|node| leads_to(node) as u32)
                .collect(),
            arriving,
            waiting: vec![Vec::new(); nodes],
            turnout_least_ms,
            best: vec![u32::MAX; nodes],
            touched: Vec::new(),
            queue: BinaryHeap::new(),
            map,
            profile,
        }
    }

    fn time_ms(&self, edge: EdgeIndex) -> u32 {
        self.map.edge(edge).time_ms[self.profile as usize]
    }

    /// A unit that can be chosen.
    pub fn place(&mut self, unit: u32, position: Position, turnout_ms: u32) {
        let sides = [
            (Some(position.edge), position.along),
            (
                self.map.opposite(position.edge).next(),
                position.along.rest(),
            ),
        ];
        for (edge, along) in sides {
            let Some(edge) = edge.filter(|&edge| self.time_ms(edge) != CLOSED_MS) else {
                continue;
            };
            let left = self.time_ms(edge) - along.of(self.time_ms(edge));
            let node = self.map.edge(edge).to;
            self.waiting[node.0 as usize].push((unit, left + turnout_ms));
        }
    }

    /// The least total and its unit; the way along the incident's own edge is left out.
    pub fn nearest(&mut self, to: Position) -> Option<(u32, u32)> {
        for node in self.touched.drain(..) {
            self.best[node as usize] = u32::MAX;
        }
        self.queue.clear();
        let sides = [
            (Some(to.edge), to.along),
            (self.map.opposite(to.edge).next(), to.along.rest()),
        ];
        for (edge, along) in sides {
            if let Some(edge) = edge.filter(|&edge| self.time_ms(edge) != CLOSED_MS) {
                let cost = along.of(self.time_ms(edge));
                self.offer(self.map.edge(edge).from, cost);
            }
        }
        let mut chosen: Option<(u32, u32)> = None;
        while let Some(Reverse((cost, node))) = self.queue.pop() {
            if chosen.is_some_and(|(total, _)| cost.saturating_add(self.turnout_least_ms) > total) {
                break;
            }
            if self.best[node as usize] < cost {
                continue;
            }
            for &(unit, until_here) in &self.waiting[node as usize] {
                let offered = (cost + until_here, unit);
                if chosen.is_none_or(|chosen| offered < chosen) {
                    chosen = Some(offered);
                }
            }
            let range = self.first[node as usize] as usize..self.first[node as usize + 1] as usize;
            for index in range {
                let edge = self.arriving[index];
                if self.time_ms(edge) != CLOSED_MS {
                    self.offer(self.map.edge(edge).from, cost + self.time_ms(edge));
                }
            }
        }
        chosen
    }

    fn offer(&mut self, node: NodeIndex, cost: u32) {
        let best = &mut self.best[node.0 as usize];
        if cost < *best {
            if *best == u32::MAX {
                self.touched.push(node.0);
            }
            *best = cost;
            self.queue.push(Reverse((cost, node.0)));
        }
    }
}
