//! Units on a road network and places that ask for one: 60 % busy, three capabilities, a unit moving between questions, as
//! one does that drives through its district and tells where it is every ten seconds, or else to anywhere at once.

use engine::city::generate::random::Random;
use engine::dispatch::shortlist::{Listed, Shortlist};
use engine::roads::conditions::Conditions;
use engine::roads::metric::Metric;
use engine::roads::nearest::{Found, FoundList, RoadUnits, SearchRoom, Wanted};
use engine::roads::network::{CLOSED_MS, EdgeIndex, Network, NodeIndex, Profile};
use engine::roads::position::{Fraction, Position, Positions};
use engine::roads::road_map::RoadMap;
use std::sync::Arc;

/// Capabilities that are asked for in turn.
const CAPABILITIES: u32 = 3;
/// Of those who are there first, how many are compared: as in the default plan.
const COMPARED: usize = 32;
/// Of five units, how many are free.
const FREE_OF_FIVE: u32 = 2;
/// How far a unit drives between two reports: ten seconds at 43 km/h, in millimetres.
const REPORT_MM: u64 = 120_000;

/// How units move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// On along their road, 120 m a report, at each node into any road but the one they came by.
    Driving,
    /// From anywhere to anywhere: the worst that can come.
    Anywhere,
}

/// The edges that leave each node.
struct Leaving {
    firsts: Vec<u32>,
    edges: Vec<EdgeIndex>,
}

impl Leaving {
    fn of(network: &Network) -> Leaving {
        let mut edges: Vec<_> = (0..network.edges.len() as u32).map(EdgeIndex).collect();
        let from = |edge: &EdgeIndex| network.edges[edge.0 as usize].from.0;
        edges.sort_by_key(from);
        let nodes = 0..=network.nodes.len() as u32;
        let firsts = nodes.map(|node| edges.partition_point(|edge| from(edge) < node) as u32);
        Leaving {
            firsts: firsts.collect(),
            edges,
        }
    }

    fn at(&self, node: NodeIndex) -> &[EdgeIndex] {
        let ends = [node.0, node.0 + 1].map(|node| self.firsts[node as usize] as usize);
        &self.edges[ends[0]..ends[1]]
    }
}

/// A network with units on it.
pub struct RoadLoad {
    /// The map.
    pub map: Arc<RoadMap>,
    /// The times in force.
    pub metric: Metric,
    /// The units.
    pub units: RoadUnits,
    moves: Moves,
    leaving: Leaving,
    places: Vec<Position>,
    count: u32,
    random: Random,
    asked: u32,
    profiles: &'static [Profile],
    room: SearchRoom,
    found: FoundList,
    list: Shortlist,
    /// Sum of all totals so far: the same on every machine.
    pub sum_ms: u64,
}

/// What single questions and moves took, in nanoseconds.
pub struct Latencies {
    questions: Vec<u64>,
    /// What a decision asks: the best of those who are there first, with what the plan adds.
    decisions: Vec<u64>,
    moves: Vec<u64>,
    clock: Vec<u64>,
    /// Of doing nothing for two microseconds.
    idle: Vec<u64>,
    /// Ranks settled and arcs read a question.
    settled: Vec<u64>,
    arcs: Vec<u64>,
}

impl RoadLoad {
    /// A map with so many units, spread over its edges.
    pub fn new(map: Arc<RoadMap>, count: u32, moves: Moves) -> RoadLoad {
        let metric = Metric::new(map.clone(), &Conditions::default());
        let mut units = RoadUnits::new(count);
        units.set_turnouts((0..count).map(|unit| 30_000 + unit % 4 * 15_000));
        let mut load = RoadLoad {
            metric,
            units,
            moves,
            leaving: Leaving::of(map.network()),
            places: Vec::new(),
            count,
            random: Random::new(1, "road load"),
            asked: 0,
            profiles: &[Profile::Siren],
            room: SearchRoom::default(),
            found: FoundList::new(1),
            list: Shortlist::new(),
            sum_ms: 0,
            map,
        };
        for unit in 0..count {
            let position = load.position();
            load.places.push(position);
            load.units.place(unit, Positions::of_all(position));
            load.units
                .set_capabilities(unit, 1 << (unit % CAPABILITIES));
            load.units.set_available(unit, unit % 5 < FREE_OF_FIVE);
        }
        load
    }

    /// Asks under both profiles in turn, as a centre does that has urgent calls and others: each move then counts for both.
    #[must_use]
    pub fn in_both_profiles(mut self) -> RoadLoad {
        self.profiles = Profile::ALL;
        self
    }

    /// Of a network, whose order is found here.
    pub fn of(network: Network, count: u32) -> anyhow::Result<RoadLoad> {
        let map = Arc::new(RoadMap::build(network)?);
        Ok(RoadLoad::new(map, count, Moves::Anywhere))
    }

    /// Any place on any edge.
    pub fn position(&mut self) -> Position {
        let edges = self.map.network().edges.len() as u32;
        Position {
            edge: EdgeIndex(self.random.below(edges)),
            along: Fraction::new(self.random.below(1 << 20)),
        }
    }

    /// One unit moves.
    pub fn step(&mut self) {
        let (unit, position) = self.next_move();
        self.units.place(unit, Positions::of_all(position));
    }

    /// Which unit moves next, and to where.
    fn next_move(&mut self) -> (u32, Position) {
        let unit = self.random.below(self.count);
        let position = match self.moves {
            Moves::Anywhere => self.position(),
            Moves::Driving => self.driven_on(self.places[unit as usize]),
        };
        self.places[unit as usize] = position;
        (unit, position)
    }

    /// Where somebody is one report later.
    fn driven_on(&mut self, from: Position) -> Position {
        let network = self.map.network();
        let Position { mut edge, along } = from;
        let mut rest_mm = REPORT_MM + u64::from(along.of(network.edges[edge.0 as usize].length_mm));
        loop {
            let on = network.edges[edge.0 as usize];
            let length_mm = u64::from(on.length_mm);
            if rest_mm < length_mm {
                let along = Fraction::new((rest_mm << 20).div_ceil(length_mm.max(1)) as u32);
                return Position { edge, along };
            }
            rest_mm = rest_mm.saturating_sub(length_mm.max(1));
            let open = |next: &&EdgeIndex| {
                let next = network.edges[next.0 as usize];
                next.time_ms[Profile::Siren as usize] != CLOSED_MS
            };
            let back = |next: &&EdgeIndex| network.edges[next.0 as usize].to == on.from;
            let ways = || self.leaving.at(on.to).iter().filter(open);
            let forth = ways().filter(|next| !back(next)).count() as u32;
            let count = if forth > 0 {
                forth
            } else {
                ways().count() as u32
            };
            if count == 0 {
                let along = Fraction::END;
                return Position { edge, along };
            }
            let chosen = self.random.below(count) as usize;
            let next = ways().filter(|next| forth == 0 || !back(next)).nth(chosen);
            edge = next.copied().unwrap_or(edge);
        }
    }

    /// Who is there first, at any place; asks for each capability in turn.
    pub fn ask(&mut self) -> Option<Found> {
        let to = self.position();
        self.ask_at(to)
    }

    /// Who comes to the least, at any place, with what this adds to each unit's time; asks for each capability in turn.
    pub fn ask_cheapest(&mut self, extra_ms: impl Fn(u32) -> u32) -> Option<Listed> {
        let to = self.position();
        self.ask_cheapest_at(to, extra_ms)
    }

    fn ask_cheapest_at(&mut self, to: Position, extra_ms: impl Fn(u32) -> u32) -> Option<Listed> {
        let wanted = self.wanted(to);
        let extra = |unit| Some(extra_ms(unit));
        self.list.begin(COMPARED);
        self.units
            .shortlist(&self.metric, wanted, &mut self.room, extra, &mut self.list);
        let best = self.list.best();
        self.sum_ms += best.map_or(0, |best| u64::from(best.sum_ms));
        best
    }

    /// Other times come into force, and the first question under them is asked; those before are given back.
    pub fn ask_under(&mut self, metric: Metric) -> Metric {
        let before = std::mem::replace(&mut self.metric, metric);
        std::hint::black_box(self.ask());
        before
    }

    fn ask_at(&mut self, to: Position) -> Option<Found> {
        let wanted = self.wanted(to);
        let (room, found) = (&mut self.room, &mut self.found);
        self.units
            .nearest(&self.metric, wanted, room, |_| true, found);
        let first = self.found.as_slice().first().copied();
        self.sum_ms += first.map_or(0, |first| u64::from(first.total_ms));
        first
    }

    /// What is asked for next: each capability in turn, under each profile.
    fn wanted(&mut self, to: Position) -> Wanted {
        let turn = self.asked;
        self.asked += 1;
        Wanted {
            profile: self.profiles[(turn / CAPABILITIES) as usize % self.profiles.len()],
            to,
            need: 1 << (turn % CAPABILITIES),
        }
    }

    /// Asks so often, with so many moves between, the last of which is timed too; one time for who is there first, the next time as a
    /// decision does, with what this adds to each unit's time. Each is timed by the thread's own time, so that what
    /// the machine does beside it does not count; what reading that clock takes is told apart and not taken off.
    pub fn time(&mut self, times: u32, moves: u32, extra_ms: fn(u32) -> u32) -> Latencies {
        let mut latencies = Latencies {
            questions: Vec::new(),
            decisions: Vec::new(),
            moves: Vec::new(),
            clock: Vec::new(),
            idle: Vec::new(),
            settled: Vec::new(),
            arcs: Vec::new(),
        };
        for turn in 0..times {
            (1..moves).for_each(|_| self.step());
            let (unit, position) = self.next_move();
            let to = self.position();
            let started = thread_ns();
            let clock = thread_ns();
            self.units.place(unit, Positions::of_all(position));
            let moved = thread_ns();
            let is_decision = turn % 2 == 1;
            if is_decision {
                std::hint::black_box(self.ask_cheapest_at(to, extra_ms));
            } else {
                std::hint::black_box(self.ask_at(to));
            }
            let asked = thread_ns();
            latencies.clock.push(clock - started);
            latencies.moves.push(moved - clock);
            latencies.idle.push(idle_ns());
            if is_decision {
                latencies.decisions.push(asked - moved);
                continue;
            }
            latencies.questions.push(asked - moved);
            let work = self.room.work();
            latencies.settled.push(work.settled.into());
            latencies.arcs.push(work.arcs.into());
        }
        let Latencies {
            questions,
            decisions,
            moves,
            clock,
            idle,
            settled,
            arcs,
        } = &mut latencies;
        for values in [questions, decisions, moves, clock, idle, settled, arcs] {
            values.sort_unstable();
        }
        latencies
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |sorted: &[u64], permille: usize| {
            let index = (sorted.len() * permille).div_ceil(1_000).max(1) - 1;
            sorted.get(index).copied().unwrap_or(0)
        };
        let quantiles = [
            ("nearest ns", &self.questions),
            ("by the plan ns", &self.decisions),
            ("move ns", &self.moves),
            ("ranks settled", &self.settled),
            ("arcs read for it", &self.arcs),
            ("doing nothing ns", &self.idle),
        ];
        for (what, sorted) in quantiles {
            let [p50, p90, p99, p999] = [500, 900, 990, 999].map(|permille| at(sorted, permille));
            let mean = sorted.iter().sum::<u64>() / sorted.len().max(1) as u64;
            write!(
                f,
                "{what}: mean {mean} p50 {p50} p90 {p90} p99 {p99} p99.9 {p999}; "
            )?;
        }
        write!(f, "the clock itself p50 {}", at(&self.clock, 500))
    }
}

/// Does nothing for two microseconds, about as long as a question takes: what it takes beyond that is the machine's, not ours.
fn idle_ns() -> u64 {
    let started = thread_ns();
    loop {
        let now = thread_ns();
        if now >= started + 2_000 {
            return now - started;
        }
    }
}

/// The time that this thread has run, in nanoseconds.
pub(crate) fn thread_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
