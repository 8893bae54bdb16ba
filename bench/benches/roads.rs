//! Nearest by the road: one question, one move, new times in force, and how they grow; beside Dijkstra with early stop and `fast_paths`.
//!
//! `cargo bench -p bench --bench roads -- --warm-up-time 1 --measurement-time 3 --sample-size 20`. `cargo test -p bench --bench roads` runs
//! each once at the smoke size. Auckland is read from beside the repository and left out, with a word, where it is missing.

#![allow(missing_docs)] // criterion's macros make undocumented items

use bench::{Moves, Outwards, RoadLoad, auckland};
use criterion::{Criterion, criterion_group, criterion_main};
use engine::id::ObjectHash;
use engine::place::Point;
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::Bulletin;
use engine::roads::conditions::{Change, Conditions};
use engine::roads::generate::{Layout, generate};
use engine::roads::metric::{Metric, ProfileTimes};
use engine::roads::network::{EdgeIndex, Network, Profile};
use engine::roads::position::Position;
use engine::roads::prepared::{Prepared, Sections};
use engine::roads::road_map::{RoadMap, add_order};
use engine::roads::travel::{Destination, exits};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Single questions that are timed for the quantiles.
const TIMED: u32 = 200_000;
/// Moves after which each rank has been looked at since new times.
const ROUND_MOVES: u32 = 200_000;
/// Turnouts are at least this; see `RoadLoad`.
const TURNOUT_LEAST_MS: u32 = 30_000;

/// What a plan may add to a unit's time: one in ten belongs to the place and is one of many.
type Extra = fn(u32) -> u32;
/// As the default plan does for priority 3: another district, a scarce skill here and there.
const BY_DEFAULT: Extra = |unit| match unit % 10 {
    0 => 0,
    1..=3 => 60_000,
    _ => 30_000,
};
const EXTRAS: [(&str, Extra); 3] = [
    ("by_time_alone", |_| 0),
    ("by_default", BY_DEFAULT),
    // The most that can be written, for all three reasons, on all but one in ten.
    ("at_most", |unit| if unit % 10 == 0 { 0 } else { 900_000 }),
];

fn is_smoke() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}

fn good<T>(result: anyhow::Result<T>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} cannot be made: {error:#}"),
    }
}

/// The networks, each with its map made ready.
fn maps(criterion: &mut Criterion) -> Vec<(&'static str, Arc<RoadMap>)> {
    let town = |layout| good(generate(layout, 1).map_err(anyhow::Error::from), "the town");
    let mut networks: Vec<(&'static str, Network)> = Vec::new();
    if is_smoke() {
        networks.push(("town", town(Layout::TOWN)));
    } else {
        networks.extend(good(auckland(), "Auckland").map(|network| ("auckland", network)));
        networks.push(("metro", town(Layout::METRO)));
    }
    let ready = |(name, network): (&'static str, Network)| {
        let started = Instant::now();
        let mut sections = Sections::of(&network, "");
        let entries = add_order(&network, &mut sections).map_err(anyhow::Error::from);
        let (entries, _) = good(entries, name);
        let file = sections.file();
        let built_s = started.elapsed().as_secs_f64();
        let built_mib = peak_mib();
        let opened = Instant::now();
        let prepared = good(Prepared::of_bytes(&file).map_err(anyhow::Error::from), name);
        let map = good(RoadMap::open(&prepared).map_err(anyhow::Error::from), name);
        let opened_s = opened.elapsed().as_secs_f64();
        let read = Instant::now();
        let atlas = Atlas::read(ObjectHash::of(&file), &file).map_err(anyhow::Error::msg);
        let atlas = good(atlas, name);
        let read_s = read.elapsed().as_secs_f64();
        let read_mib = peak_mib();
        snap(criterion, name, &atlas);
        // As when the times change: those in force stay until others are.
        let next = atlas.under(atlas.hash(), Bulletin::plain(atlas.hash()));
        drop(good(next.map_err(anyhow::Error::from), name));
        let states = map.hierarchy().len().max(1) as usize;
        println!(
            "{name}: {} nodes, {} edges, {states} states; built in {built_s:.2} s, mean label {}; a file of {} MiB, opened in {opened_s:.3} s, with its times and places in {read_s:.3} s; memory at most {built_mib} MiB when built, {read_mib} with its times, {} with others made beside",
            map.network().nodes.len(),
            map.network().edges.len(),
            entries / states,
            file.len() >> 20,
            peak_mib(),
        );
        (name, Arc::new(map))
    };
    networks.into_iter().map(ready).collect()
}

/// The most memory this process had, where the machine tells.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1_024
}

fn roads(criterion: &mut Criterion) {
    for (name, map) in maps(criterion) {
        search(criterion, name, &map);
        customise(criterion, name, &map);
        peers(criterion, name, &map);
    }
}

/// Questions and moves, by the number of units and how they move.
fn search(criterion: &mut Criterion, name: &str, map: &Arc<RoadMap>) {
    let counts: &[u32] = if is_smoke() {
        &[200]
    } else {
        &[1_000, 10_000, 100_000]
    };
    for (how, moves) in [("driving", Moves::Driving), ("anywhere", Moves::Anywhere)] {
        let mut group = criterion.benchmark_group(format!("roads_{name}_{how}"));
        for &count in counts {
            let mut load = RoadLoad::new(map.clone(), count, moves);
            group.bench_function(format!("nearest/{count}"), |bencher| {
                bencher.iter(|| {
                    load.step();
                    load.ask()
                })
            });
            for (what, extra_ms) in EXTRAS {
                group.bench_function(format!("cheapest_{what}/{count}"), |bencher| {
                    bencher.iter(|| {
                        load.step();
                        load.ask_cheapest(extra_ms)
                    })
                });
            }
            group.bench_function(format!("move/{count}"), |bencher| {
                bencher.iter(|| load.step())
            });
            quantiles(name, how, RoadLoad::new(map.clone(), count, moves), count);
            if moves == Moves::Driving {
                let load = RoadLoad::new(map.clone(), count, moves).in_both_profiles();
                quantiles(name, "driving, in both profiles", load, count);
            }
        }
        group.finish();
    }
    taken_up(criterion, name, map, counts);
}

/// Single questions: just after new times, then when moves have gone by.
fn quantiles(name: &str, how: &str, mut load: RoadLoad, count: u32) {
    let times = if is_smoke() { 500 } else { TIMED };
    for (what, times, moves) in [
        ("new times", times / 100, 1),
        ("a move a question", times, 1),
        ("100 moves a question", times / 10, 100),
    ] {
        let latencies = load.time(times, moves, BY_DEFAULT);
        let sum_ms = load.sum_ms;
        println!("{name}, {count} units {how}, {what}: {latencies}; sum {sum_ms} ms");
        if what == "new times" && !is_smoke() {
            (0..ROUND_MOVES).for_each(|_| load.step());
        }
    }
}

/// The first question after new times, which lists all units anew.
fn taken_up(criterion: &mut Criterion, name: &str, map: &Arc<RoadMap>, counts: &[u32]) {
    let mut group = criterion.benchmark_group(format!("roads_{name}"));
    group.sample_size(10);
    for &count in counts {
        let mut load = RoadLoad::new(map.clone(), count, Moves::Driving);
        let mut other = Some(Metric::new(map.clone(), &Conditions::default()));
        group.bench_function(format!("first_under_new_times/{count}"), |bencher| {
            bencher.iter(|| other = other.take().map(|other| load.ask_under(other)))
        });
    }
    group.finish();
}

/// Where a place is on the roads, which each report of a position and each call asks.
fn snap(criterion: &mut Criterion, name: &str, atlas: &Atlas) {
    let network = atlas.metric().map().network();
    let mut turn = 0_usize;
    criterion.bench_function(&format!("roads_{name}/snap"), |bencher| {
        bencher.iter(|| {
            turn = (turn + 7_919) % network.nodes.len();
            let node = network.nodes[turn].point;
            // Some 100 m off.
            black_box(atlas.positions(Point {
                lat_e7: node.lat_e7 + 5_000,
                lon_e7: node.lon_e7 + 7_000,
            }))
        })
    });
}

/// A closed road until its times are made, both profiles.
fn customise(criterion: &mut Criterion, name: &str, map: &Arc<RoadMap>) {
    let mut group = criterion.benchmark_group(format!("roads_{name}"));
    group.sample_size(10);
    let mut edge = 0;
    let mut closed = || {
        edge = (edge + 7_919) % map.network().edges.len() as u32;
        Conditions {
            changes: vec![Change::Close(EdgeIndex(edge))],
            ..Conditions::default()
        }
    };
    group.bench_function("new_times", |bencher| {
        bencher.iter(|| black_box(Metric::new(map.clone(), &closed())))
    });
    group.bench_function("new_times_by_two_threads", |bencher| {
        bencher.iter(|| {
            let [normal, siren] = closed().edge_times(map);
            let profiles = std::thread::scope(|scope| {
                let normal = scope.spawn(|| ProfileTimes::new(map, Profile::Normal, &normal));
                let siren = ProfileTimes::new(map, Profile::Siren, &siren);
                normal.join().ok().map(|normal| [normal, siren])
            });
            profiles.map(|profiles| black_box(Metric::of(map.clone(), profiles)))
        })
    });
    group.finish();
}

/// The same questions asked of others. They know no bans, and none of these networks has any.
fn peers(criterion: &mut Criterion, name: &str, map: &Arc<RoadMap>) {
    let count = if is_smoke() { 200 } else { 10_000 };
    let mut load = RoadLoad::new(map.clone(), count, Moves::Anywhere);
    let mut group = criterion.benchmark_group(format!("roads_{name}"));
    let mut outwards = Outwards::new(map, Profile::Siren, TURNOUT_LEAST_MS);
    for unit in (0..count).filter(|unit| unit % 5 < 2 && unit % 3 == 0) {
        let position = load.position();
        outwards.place(unit, position, 30_000 + unit % 4 * 15_000);
    }
    group.bench_function(format!("nearest_by_dijkstra/{count}"), |bencher| {
        bencher.iter(|| {
            let to = load.position();
            outwards.nearest(to)
        })
    });
    pairs(&mut group, map, &mut load);
    group.finish();
}

/// One pair of nodes: labels, and `fast_paths` where its preparation does not take minutes.
fn pairs(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    map: &Arc<RoadMap>,
    load: &mut RoadLoad,
) {
    let times = load.metric.profile(Profile::Siren).clone();
    let mut destination = Destination::default();
    let pair = |load: &mut RoadLoad| (load.position(), load.position());
    let mut labels = |from: Position, to: Position| {
        destination.set(map, &times, Profile::Siren, to);
        destination.cost(map, &times, from, &exits(map, &times, from))
    };
    group.bench_function("pair", |bencher| {
        bencher.iter(|| {
            let (from, to) = pair(load);
            labels(from, to)
        })
    });
    if map.network().nodes.len() > 100_000 {
        return;
    }
    let mut input = fast_paths::InputGraph::new();
    for edge in &map.network().edges {
        let weight = edge.time_ms[Profile::Siren as usize].max(1) as usize;
        input.add_edge(edge.from.0 as usize, edge.to.0 as usize, weight);
    }
    input.freeze();
    let graph = fast_paths::prepare(&input);
    let mut calculator = fast_paths::create_calculator(&graph);
    group.bench_function("pair_by_fast_paths", |bencher| {
        bencher.iter(|| {
            let (from, to) = pair(load);
            let node = |position: Position| map.edge(position.edge).to.0 as usize;
            calculator
                .calc_path(&graph, node(from), node(to))
                .map(|path| path.get_weight())
        })
    });
}

criterion_group!(benches, roads);
criterion_main!(benches);
