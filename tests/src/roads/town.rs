//! Small towns, made up from a seed: a grid of streets on both banks of a river that few bridges cross, with one-way streets, streets
//! for sirens alone, turns that are banned, two roads side by side, and far off an island whose roads nobody else reaches.
//!
//! Nothing is tidied, as an import would: from some places there is no way to others, and that is wanted.

use engine::city::Polygon;
use engine::id::ObjectHash;
use engine::name::Name;
use engine::place::Point;
use engine::place::projection::{Plane, Projection, distance_squared_dm2};
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::{Bulletin, Notice, SLOW_PERMILLE_MAX, Says, Stretch};
use engine::roads::network::{
    Ban, CLOSED_MS, Edge, EdgeIndex, Network, Node, NodeIndex, Profile, RoadClass,
};
use engine::roads::prepared::Sections;
use engine::roads::road_map::add_order;
use loadgen::random::Random;
use std::sync::Arc;

/// Crossings along the river, and across it.
const COLUMNS: i32 = 11;
const ROWS: i32 = 8;
/// From one crossing to the next, in decimetres.
const STEP_DM: i32 = 7_000;
/// The river runs behind this row.
const RIVER: i32 = 3;
/// Where it is crossed.
const BRIDGES: [i32; 2] = [2, 8];
/// How far east of the town its island is, in decimetres.
const ISLAND_DM: i32 = 120_000;
/// How far the town reaches from its middle, in decimetres.
pub const HALF_DM: (i32, i32) = (COLUMNS * STEP_DM / 2, ROWS * STEP_DM / 2);

/// Speeds in km/h, of everybody and with sirens.
type Sort = (RoadClass, [u64; 2]);

const AVENUE: Sort = (RoadClass::Primary, [60, 80]);
const ROAD: Sort = (RoadClass::Tertiary, [50, 65]);
const STREET: Sort = (RoadClass::Residential, [30, 45]);
const ALLEY: Sort = (RoadClass::Service, [15, 60]);

/// A town's map, as a file, as a centre is to prepare it, and as plain data.
#[derive(Clone, Debug)]
pub struct Town {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// The same, read by the engine.
    pub atlas: Arc<Atlas>,
    /// The same, before it was written.
    pub network: Arc<Network>,
    middle: Point,
}

struct Works {
    random: Random,
    projection: Projection,
    planes: Vec<Plane>,
    network: Network,
}

impl Town {
    /// The town of a seed around a point.
    ///
    /// # Panics
    /// When the engine cannot use its map: a defect of this file, or of the engine.
    pub fn new(seed: u64, middle: Point) -> Town {
        let mut works = Works {
            random: Random::stream(seed, 0x70_3417),
            projection: Projection::new(middle),
            planes: Vec::new(),
            network: Network::default(),
        };
        works.lay_streets();
        works.lay_island();
        let mut network = works.network;
        network
            .edges
            .sort_by_key(|edge| (edge.from, edge.to, edge.time_ms));
        ban_turns(&mut network, &mut works.random);
        let mut sections = Sections::of(&network, "");
        if let Err(error) = add_order(&network, &mut sections) {
            panic!("the town of seed {seed} cannot be ordered: {error}");
        }
        let bytes = sections.file();
        match Atlas::read(ObjectHash::of(&bytes), &bytes) {
            Ok(atlas) => Town {
                bytes: bytes.into(),
                atlas: Arc::new(atlas),
                network: Arc::new(network),
                middle,
            },
            Err(error) => panic!("the town of seed {seed} cannot be used: {error}"),
        }
    }

    /// The map under a bulletin of a seed.
    ///
    /// # Panics
    /// When it cannot be made: a defect of this file, or of the engine.
    pub fn under(&self, seed: u64) -> Arc<Atlas> {
        let random = &mut Random::stream(seed, 0xb0_11e7);
        let mut bulletin = Bulletin::plain(self.atlas.hash());
        for &class in RoadClass::ALL {
            for &profile in Profile::ALL {
                let permille = 100 + random.below(3_000) as u16;
                bulletin.factors.set(profile, class, permille);
            }
        }
        for number in 0..random.below(6) {
            let says = self.any_news(random);
            let id = Name::new(&format!("notice-{number}"));
            bulletin
                .notices
                .extend(id.ok().map(|id| Notice { id, says }));
        }
        let bytes = bulletin.canonical_bytes().unwrap_or_default();
        match self.atlas.under(ObjectHash::of(&bytes), bulletin) {
            Ok(atlas) => Arc::new(atlas),
            Err(error) => panic!("the bulletin of seed {seed} cannot hold: {error}"),
        }
    }

    /// Something that may be said of the roads.
    pub fn any_news(&self, random: &mut Random) -> Says {
        match random.below(5) {
            0..=1 => Says::Closed(self.any_roads(5, random)),
            2..=3 => {
                let permille = [1_000, 1_001, 1_500, 4_000, 30_000, SLOW_PERMILLE_MAX];
                Says::Slow {
                    permille: random.pick(&permille).copied().unwrap_or(1_000),
                    roads: self.any_roads(30, random),
                }
            }
            _ => Says::Flooded(self.any_water(random)),
        }
    }

    /// One road or a few, one way or both; often one of the bridges.
    fn any_roads(&self, most: u64, random: &mut Random) -> Vec<Stretch> {
        let edges = (0..).map(EdgeIndex).zip(&self.network.edges);
        let is_bridge = random.chance(300);
        let meant = edges.filter(|(_, edge)| !is_bridge || edge.class == ROAD.0);
        let meant: Vec<EdgeIndex> = meant.map(|(edge, _)| edge).collect();
        let mut roads = Vec::new();
        for _ in 0..1 + random.below(most) {
            let Some(&edge) = random.pick(&meant) else {
                continue;
            };
            match random.chance(700) {
                true => roads.extend(self.both_ways(edge)),
                false => roads.push(self.stretch(edge)),
            }
        }
        roads.sort();
        roads.dedup();
        roads
    }

    /// Water around a crossing, from a puddle to half of the town; now and then with dry land in it.
    fn any_water(&self, random: &mut Random) -> Polygon {
        let middle = random.pick(&self.network.nodes);
        let middle = middle.map_or(self.middle, |node| node.point);
        let half_e7 = random.between(500, 200_000);
        let mut around = |half_e7: i64| -> Vec<Point> {
            let corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)];
            let corners = corners.map(|(north, east)| {
                let mut shaken = |sign: i64| sign * (half_e7 - random.between(0, half_e7 / 3));
                Point {
                    lat_e7: middle.lat_e7 + shaken(north) as i32,
                    lon_e7: middle.lon_e7 + shaken(east) as i32,
                }
            });
            corners.to_vec()
        };
        let mut rings = vec![around(half_e7)];
        if half_e7 % 3 == 0 {
            rings.push(around(half_e7 / 2));
        }
        Polygon::new(rings)
    }

    /// A piece of road by the names of its ends.
    fn stretch(&self, edge: EdgeIndex) -> Stretch {
        let edge = &self.network.edges[edge.0 as usize];
        let [from, to] = [edge.from, edge.to].map(|node| self.network.nodes[node.0 as usize].name);
        Stretch { from, to }
    }

    /// The same, and back, where a road leads back.
    pub fn both_ways(&self, edge: EdgeIndex) -> Vec<Stretch> {
        let there = self.network.edges[edge.0 as usize];
        let edges = (0..).map(EdgeIndex).zip(&self.network.edges);
        let back = edges.filter(|(_, back)| (back.from, back.to) == (there.to, there.from));
        let back = back.map(|(back, _)| self.stretch(back));
        let mut roads: Vec<Stretch> = back.chain([self.stretch(edge)]).collect();
        roads.sort();
        roads.dedup();
        roads
    }

    /// Somewhere that a crew may stand: mostly beside a street, now and then at a crossing itself, far from every road, or on
    /// the island.
    pub fn stand(&self, random: &mut Random) -> Point {
        let nodes = &self.network.nodes;
        let (town, island) = nodes.split_at(nodes.len() - ISLAND.len());
        let node = |random: &mut Random, list: &[Node]| {
            random.pick(list).map_or(self.middle, |node| node.point)
        };
        match random.below(100) {
            0..=19 => node(random, town),
            20..=89 => beside(node(random, town), 40_000, random),
            90..=95 => {
                let out_dm = HALF_DM.1 + 8_000 + random.below(20_000) as i32;
                let north = if random.chance(500) { 1 } else { -1 };
                let plane = Plane {
                    x_dm: random.between(-30_000, 30_000) as i32,
                    y_dm: north * out_dm,
                };
                Projection::new(self.middle).point(plane)
            }
            _ => beside(node(random, island), 5_000, random),
        }
    }
}

/// Around a point, in units of 1e-7 degree.
fn beside(point: Point, most_e7: i64, random: &mut Random) -> Point {
    let mut near = |at: i32| at + random.between(-most_e7, most_e7) as i32;
    Point {
        lat_e7: near(point.lat_e7),
        lon_e7: near(point.lon_e7),
    }
}

/// The crossings of the island, in decimetres from its own middle.
const ISLAND: [(i32, i32); 4] = [
    (-5_000, -3_000),
    (5_000, -4_000),
    (4_000, 5_000),
    (-4_000, 4_000),
];

impl Works {
    fn node(&mut self, x_dm: i32, y_dm: i32) -> NodeIndex {
        let plane = Plane { x_dm, y_dm };
        let index = NodeIndex(self.planes.len() as u32);
        let point = self.projection.point(plane);
        self.planes.push(plane);
        let name = i64::from(index.0) + 1;
        self.network.nodes.push(Node { point, name });
        index
    }

    fn edge(&mut self, from: NodeIndex, to: NodeIndex, (class, kmh): Sort, open: [bool; 2]) {
        let ends = (self.planes[from.0 as usize], self.planes[to.0 as usize]);
        let length_mm = (distance_squared_dm2(ends.0, ends.1) * 10_000).isqrt();
        let time_ms = |profile: usize| match open[profile] {
            true => ((length_mm * 36 + 5 * kmh[profile]) / (10 * kmh[profile])) as u32,
            false => CLOSED_MS,
        };
        self.network.edges.push(Edge {
            from,
            to,
            length_mm: length_mm as u32,
            time_ms: [time_ms(0), time_ms(1)],
            class,
        });
    }

    /// A street between two crossings: some bend, some are one-way, some are for sirens alone.
    fn street(&mut self, from: NodeIndex, to: NodeIndex, sort: Sort) {
        let is_plain = sort.0 != RoadClass::Residential;
        let (there, back) = match self.random.below(100) {
            _ if is_plain => ([true, true], [true, true]),
            0..=5 => ([true, true], [false, false]),
            6..=11 => ([false, false], [true, true]),
            12..=17 => ([true, true], [false, true]),
            18..=20 => ([false, true], [false, true]),
            _ => ([true, true], [true, true]),
        };
        let mut stops = vec![from];
        if self.random.chance(300) {
            let (a, b) = (self.planes[from.0 as usize], self.planes[to.0 as usize]);
            let mut middle = |a: i32, b: i32| (a + b) / 2 + self.random.between(-900, 900) as i32;
            let (x_dm, y_dm) = (middle(a.x_dm, b.x_dm), middle(a.y_dm, b.y_dm));
            stops.push(self.node(x_dm, y_dm));
        }
        stops.push(to);
        for pair in stops.windows(2) {
            for (from, to, open) in [(pair[0], pair[1], there), (pair[1], pair[0], back)] {
                // A file holds no edge that nobody may drive.
                if open[1] {
                    self.edge(from, to, sort, open);
                }
            }
        }
    }

    fn lay_streets(&mut self) {
        let mut crossings = Vec::new();
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let mut shaken = |at: i32, count: i32| {
                    at * STEP_DM - (count - 1) * STEP_DM / 2
                        + self.random.between(-1_200, 1_200) as i32
                };
                let (x_dm, y_dm) = (shaken(column, COLUMNS), shaken(row, ROWS));
                crossings.push(self.node(x_dm, y_dm));
            }
        }
        let crossing = |column: i32, row: i32| crossings[(row * COLUMNS + column) as usize];
        let sort = |line: i32| match line % 3 {
            2 => AVENUE,
            _ => STREET,
        };
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let own = crossing(column, row);
                if column + 1 < COLUMNS {
                    self.street(own, crossing(column + 1, row), sort(row));
                }
                let over_water = row == RIVER;
                if over_water && BRIDGES.contains(&column) {
                    self.street(own, crossing(column, row + 1), ROAD);
                } else if !over_water && row + 1 < ROWS && self.is_built(sort(column)) {
                    self.street(own, crossing(column, row + 1), sort(column));
                }
            }
        }
        // A road beside another between the same crossings, slow for everybody and quick for sirens.
        for column in [2, 5] {
            let ends = [crossing(column, 0), crossing(column, 1)];
            for (from, to) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                self.edge(from, to, STREET, [true, true]);
                self.edge(from, to, ALLEY, [true, true]);
            }
        }
        // Two crossings at one place, over each other.
        let below = crossing(5, 6);
        let Plane { x_dm, y_dm } = self.planes[below.0 as usize];
        let above = self.node(x_dm, y_dm);
        for (from, to) in [(below, above), (above, below)] {
            self.edge(from, to, ALLEY, [true, true]);
        }
        let beyond = self.node(x_dm + 3_000, y_dm - 3_000);
        self.street(above, beyond, AVENUE);
    }

    /// Some of the lesser streets away from the river are missing; those along it join every crossing to another.
    fn is_built(&mut self, sort: Sort) -> bool {
        sort.0 != RoadClass::Residential || self.random.chance(800)
    }

    fn lay_island(&mut self) {
        let corners: Vec<NodeIndex> = ISLAND
            .iter()
            .map(|&(x_dm, y_dm)| self.node(ISLAND_DM + x_dm, y_dm))
            .collect();
        for (at, &from) in corners.iter().enumerate() {
            let to = corners[(at + 1) % corners.len()];
            self.edge(from, to, ROAD, [true, true]);
            self.edge(to, from, ROAD, [true, true]);
        }
    }
}

/// Turns that must not be taken: some by nobody, some only without a siren, and some over a street between.
fn ban_turns(network: &mut Network, random: &mut Random) {
    let next = |edge: EdgeIndex, random: &mut Random| {
        let at = network.edges[edge.0 as usize].to;
        let leaving = (0..).map(EdgeIndex).zip(&network.edges);
        let leaving: Vec<EdgeIndex> = leaving
            .filter(|(_, next)| next.from == at)
            .map(|(next, _)| next)
            .collect();
        random.pick(&leaving).copied()
    };
    let mut bans = Vec::new();
    for number in 0..24 {
        let from = EdgeIndex(random.below(network.edges.len() as u64) as u32);
        let Some(second) = next(from, random) else {
            continue;
        };
        let (via, to) = match number % 4 {
            0 => match next(second, random) {
                Some(third) => (vec![second], third),
                None => continue,
            },
            _ => (Vec::new(), second),
        };
        let holds = if number % 3 == 0 {
            [true, true]
        } else {
            [true, false]
        };
        bans.push(Ban {
            from,
            via,
            to,
            holds,
        });
    }
    bans.sort();
    bans.dedup_by_key(|ban| ban.edges().collect::<Vec<_>>());
    network.bans = bans;
}
