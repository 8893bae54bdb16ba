//! Maps made by hand: what becomes of their roads, barriers and restrictions; and files that are no maps.

use super::made::{Map, blob, bytes, number, raw, zlib};
use super::*;
use crate::roads::network::{Ban, Network, RoadClass};
use proptest::prelude::*;
use std::io::Cursor;

fn read(file: Vec<u8>) -> Result<Imported, OsmError> {
    import(Cursor::new(file), &Speeds::default(), &mut |_| {})
}

fn good(map: &Map) -> Imported {
    let imported = read(map.file()).unwrap();
    assert_eq!(imported.network.check(), Ok(()));
    imported
}

/// The names of the nodes that a ban leads over.
fn path(network: &Network, ban: &Ban) -> Vec<i64> {
    let name = |node: NodeIndex| network.nodes[node.0 as usize].name;
    let edges: Vec<&Edge> = ban
        .edges()
        .map(|edge| &network.edges[edge.0 as usize])
        .collect();
    let mut path = vec![name(edges[0].from)];
    path.extend(edges.iter().map(|edge| name(edge.to)));
    path
}

fn paths(network: &Network) -> Vec<Vec<i64>> {
    let mut paths: Vec<_> = network.bans.iter().map(|ban| path(network, ban)).collect();
    paths.sort();
    paths
}

/// A cross: 1 in the middle, 2 to 5 around it, each arm a way of its own (12 to 15) to the middle.
fn cross() -> Map {
    let mut map = Map::default();
    map.node(1, 0, 0, &[]);
    for (id, north, east) in [(2, 100, 0), (3, 0, 100), (4, -100, 0), (5, 0, -100)] {
        map.node(id, north, east, &[]);
        map.way(10 + id, &[id, 1], &[("highway", "residential")]);
    }
    map
}

#[test]
fn a_road_becomes_edges_with_times() {
    let mut map = Map::default();
    map.node(1, 0, 0, &[])
        .node(2, 1_000, 0, &[])
        .node(3, 2_000, 0, &[]);
    map.way(7, &[1, 2, 3], &[("highway", "primary"), ("maxspeed", "60")]);
    let network = good(&map).network;
    let times: Vec<_> = network
        .edges
        .iter()
        .map(|edge| (edge.length_mm, edge.time_ms))
        .collect();
    // 0.01° of latitude is 1 111.95 m; at 60 km/h 66.717 s, with sirens 72 km/h: 55.598 s.
    assert_eq!(times, vec![(1_111_951, [66_717, 55_598]); 4]);
    assert_eq!(network.edges[0].class, RoadClass::Primary);
    assert_eq!(network.attribution, "© OpenStreetMap contributors");
    assert!(network.bans.is_empty());
}

#[test]
fn a_turn_is_banned_for_whom_it_is() {
    let mut map = cross();
    map.restrict(90, "no_left_turn", 12, 1, 13);
    let imported = good(&map);
    assert_eq!(paths(&imported.network), [[2, 1, 3]]);
    assert_eq!(imported.network.bans[0].holds, [true, true]);
    assert_eq!(imported.report.of(Finding::RestrictionObeyed), 1);
}

#[test]
fn only_bans_all_else_the_way_back_too() {
    let mut map = cross();
    map.restrict(90, "only_straight_on", 12, 1, 14);
    assert_eq!(
        paths(&good(&map).network),
        [[2, 1, 2], [2, 1, 3], [2, 1, 5]]
    );
}

#[test]
fn turning_round_is_banned_where_it_stands() {
    let mut map = cross();
    map.restrict(90, "no_u_turn", 12, 1, 12);
    assert_eq!(paths(&good(&map).network), [[2, 1, 2]]);
}

#[test]
fn a_ban_leads_over_ways() {
    // A dual carriageway: 1-2-3 one way, 6-5-4 back, 2-5 between over a node of its own.
    let mut map = Map::default();
    for (id, north, east) in [
        (1, 0, 0),
        (2, 0, 100),
        (3, 0, 200),
        (4, 50, 200),
        (5, 50, 100),
        (6, 50, 0),
        (7, 25, 100),
    ] {
        map.node(id, north, east, &[]);
    }
    let one = [("highway", "primary"), ("oneway", "yes")];
    map.way(21, &[1, 2], &one)
        .way(22, &[2, 3], &one)
        .way(23, &[4, 5], &one)
        .way(24, &[5, 6], &one);
    map.way(25, &[2, 7, 5], &[("highway", "service")]);
    map.way(26, &[3, 4], &[("highway", "service")])
        .way(27, &[6, 1], &[("highway", "service")]);
    map.relation(
        90,
        &[("from", 1, 21), ("via", 1, 25), ("to", 1, 24)],
        &[("type", "restriction"), ("restriction", "no_u_turn")],
    );
    let network = good(&map).network;
    assert_eq!(paths(&network), [[1, 2, 7, 5, 6]]);
    assert_eq!(network.bans[0].via.len(), 2);
    // The same as an order: nothing but that way from 21 on.
    map.relation(
        91,
        &[("from", 1, 21), ("via", 1, 25), ("to", 1, 24)],
        &[("type", "restriction"), ("restriction", "only_u_turn")],
    );
    let network = good(&map).network;
    assert!(paths(&network).contains(&vec![1, 2, 3]));
    assert!(paths(&network).contains(&vec![1, 2, 7, 2]));
    assert!(paths(&network).contains(&vec![1, 2, 7, 5, 7]));
}

#[test]
fn restrictions_that_cannot_hold_are_told() {
    for (kind, from, via, to, finding) in [
        ("no_left_turn", 12, 9, 13, Finding::RestrictionGone),
        ("no_left_turn", 12, 2, 13, Finding::RestrictionBroken),
        ("no_left_turn", 99, 1, 13, Finding::RestrictionGone),
        ("no_left_turn", 12, 1, 12, Finding::RestrictionBroken),
        ("no_sliding", 12, 1, 13, Finding::RestrictionBroken),
    ] {
        let mut map = cross();
        map.restrict(90, kind, from, via, to);
        let imported = good(&map);
        assert_eq!(
            imported.report.of(finding),
            1,
            "{kind} {from} {via} {to}: {}",
            imported.report
        );
        assert!(imported.network.bans.is_empty());
    }
    // A way through the junction says not which of its two sides is meant.
    let mut map = cross();
    map.way(30, &[2, 1, 4], &[("highway", "residential")]);
    map.restrict(90, "no_left_turn", 30, 1, 13);
    assert_eq!(good(&map).report.of(Finding::RestrictionBroken), 1);
    // Against a one-way nobody turns anyway.
    let mut map = cross();
    map.node(6, 100, 100, &[]).way(
        31,
        &[6, 1],
        &[("highway", "residential"), ("oneway", "yes")],
    );
    map.way(32, &[3, 6], &[("highway", "residential")]);
    map.restrict(90, "no_right_turn", 12, 1, 31);
    assert_eq!(good(&map).report.of(Finding::RestrictionGone), 1);
}

#[test]
fn a_way_that_the_border_cuts_is_no_way_over_which_a_ban_leads() {
    // The via way goes on beyond node 5, where the extract ends: what looks like its end is none.
    let mut map = cross();
    map.way(30, &[77, 5, 6, 3], &[("highway", "residential")]);
    map.node(6, 50, 0, &[]);
    map.relation(
        90,
        &[("from", 1, 13), ("via", 1, 30), ("to", 1, 15)],
        &[("type", "restriction"), ("restriction", "no_u_turn")],
    );
    let imported = good(&map);
    assert_eq!(imported.report.of(Finding::RestrictionBroken), 1);
    assert!(imported.network.bans.is_empty());
}

#[test]
fn a_shut_barrier_lets_nobody_through_and_an_island_is_told() {
    let mut map = Map::default();
    map.node(1, 0, 0, &[])
        .node(2, 0, 100, &[("barrier", "bollard"), ("emergency", "yes")]);
    map.node(3, 0, 200, &[])
        .node(4, 0, 300, &[])
        .node(5, 0, 400, &[("barrier", "bollard")])
        .node(6, 0, 500, &[]);
    map.way(7, &[1, 2, 3, 4, 5, 6], &[("highway", "residential")]);
    let imported = good(&map);
    let network = &imported.network;
    assert_eq!(paths(network), [[1, 2, 3], [3, 2, 1]]);
    assert!(network.bans.iter().all(|ban| ban.holds == [true, false]));
    assert_eq!(
        network.nodes.last().map(|node| node.name),
        Some(5),
        "6 lies behind the bollard"
    );
    assert_eq!(imported.report.of(Finding::BarrierClosed), 1);
    assert_eq!(imported.report.of(Finding::BarrierSiren), 1);
    assert_eq!(imported.report.of(Finding::LostEdges), 2);
    assert_eq!(imported.report.of(Finding::BanGone), 2);
}

#[test]
fn what_the_border_cuts_is_counted() {
    let mut map = cross();
    map.way(30, &[2, 77, 78], &[("highway", "residential")]);
    map.way(12, &[3, 4], &[("highway", "residential")]);
    map.node(2, 1, 1, &[])
        .way(31, &[3, 3, 4], &[("highway", "residential")]);
    map.node(8, 100, 0, &[])
        .way(32, &[2, 8], &[("highway", "residential")]);
    let report = good(&map).report;
    assert_eq!(report.of(Finding::SegmentCut), 2);
    assert_eq!(report.of(Finding::WayRepeated), 1);
    assert_eq!(report.of(Finding::NodeRepeated), 1);
    assert_eq!(report.of(Finding::EdgeLoop), 1);
    assert_eq!(report.of(Finding::SegmentZero), 1);
    assert_eq!(report.of(Finding::NodeSamePlace), 1);
}

#[test]
fn progress_is_told_in_two_passes() {
    let file = cross().file();
    let mut told = Vec::new();
    import(
        Cursor::new(file.clone()),
        &Speeds::default(),
        &mut |progress| told.push(progress),
    )
    .unwrap();
    let bytes = file.len() as u64;
    assert_eq!(told.len(), 4);
    assert_eq!(told[1], Progress { pass: 1, bytes });
    assert_eq!(told[3], Progress { pass: 2, bytes });
}

fn refusal(file: Vec<u8>) -> String {
    read(file).unwrap_err().to_string()
}

#[test]
fn files_that_are_no_extract_are_refused_by_their_place() {
    let header = blob("OSMHeader", &raw(b""));
    let with = |rest: &[u8]| [&header, rest].concat();
    let mut feature = Vec::new();
    bytes(4, b"HistoricalInformation", &mut feature);
    let mut claimed = Vec::new();
    number(2, 5, &mut claimed);
    bytes(1, b"abc", &mut claimed);
    let mut zstd = Vec::new();
    bytes(7, b"abc", &mut zstd);
    let huge = [
        &[0, 0, 0, 14, 0x0a, 7][..],
        b"OSMData",
        &[0x18, 0xff, 0xff, 0xff, 0x7f],
    ]
    .concat();
    let bomb = blob("OSMData", &zlib(&vec![0; 33 << 20]));
    assert!(bomb.len() < 64 << 10);
    for (file, expected) in [
        (Vec::new(), "byte 0: this is no .osm.pbf"),
        (
            b"<?xml version='1.0'?><osm></osm>".to_vec(),
            "byte 0: this is no .osm.pbf",
        ),
        (
            b"LDROADS\0 and more of it".to_vec(),
            "byte 0: this is no .osm.pbf",
        ),
        (blob("OSMData", &raw(b"")), "byte 0: this is no .osm.pbf"),
        (with(&[0, 0]), "byte 19: the file ends within a blob"),
        (
            with(&[0, 0, 0, 9, 1]),
            "byte 19: the file ends within a blob",
        ),
        (
            with(&[0xff; 4]),
            "byte 19: a blob says 4294967295 bytes, 65536 are the most",
        ),
        (
            with(&huge),
            "byte 19: a blob says 268435455 bytes, 33554432 are the most",
        ),
        (
            with(&bomb),
            "byte 19: a blob says 33554433 bytes, 33554432 are the most",
        ),
        (
            with(&blob("OSMData", &claimed)),
            "byte 19: a blob cannot be unpacked: it has not the size that it says",
        ),
        (
            with(&blob("OSMData", &zstd)),
            "byte 19: a blob cannot be unpacked: it is packed with",
        ),
        (
            with(&blob("OSMData", b"")),
            "byte 19: a blob cannot be unpacked: it holds nothing",
        ),
        (
            with(&blob("OSMData", &raw(&[0x0a]))),
            "byte 19: a field runs over the end",
        ),
        (
            with(&blob("OSMData", &raw(&[0x0b]))),
            "byte 19: a field is written in no known way",
        ),
        (
            blob("OSMHeader", &raw(&feature)),
            "the file needs \"HistoricalInformation\"",
        ),
        (header.clone(), "no road is left"),
    ] {
        let message = refusal(file);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn every_cut_of_an_extract_is_refused() {
    let map = cross();
    let file = map.file();
    let header = file.len() - blob("OSMData", &zlib(&map.block())).len();
    for length in 0..file.len() {
        let message = refusal(file[..length].to_vec());
        // Cut between two blobs it is a file without roads, and that is what is said.
        let expected = if length == header {
            "no road is left"
        } else {
            "byte "
        };
        assert!(message.starts_with(expected), "{length}: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_panic(file in any::<Vec<u8>>(), block in any::<Vec<u8>>()) {
        drop(read(file));
        let blocks = [blob("OSMHeader", &raw(b"")), blob("OSMData", &raw(&block))].concat();
        drop(read(blocks));
    }

    /// Blocks that are nearly good, so that what is behind the first check is tried.
    #[test]
    fn no_damaged_block_panics(at in any::<prop::sample::Index>(), with in any::<[u8; 3]>(), length in 1usize..4) {
        let mut map = cross();
        map.restrict(90, "only_straight_on", 12, 1, 14);
        let mut block = map.block();
        let at = at.index(block.len() - 3);
        block[at..at + length.min(3)].copy_from_slice(&with[..length.min(3)]);
        let file = [blob("OSMHeader", &raw(b"")), blob("OSMData", &raw(&block))].concat();
        if let Ok(imported) = read(file) {
            prop_assert_eq!(imported.network.check(), Ok(()));
        }
    }
}

/// What the shared extracts are known to hold.
#[test]
fn real_extracts_are_read() {
    for (name, restrictions) in [
        ("andorra", None),
        ("baltimore", Some(3)),
        ("helsinki-centre", Some(45)),
        ("monaco-osrm", Some(27)),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../shared/data/roads-osm/{name}.osm.pbf"));
        if !path.exists() {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "{path:?} is missing"
            );
            println!("skipped: {} is not there", path.display());
            return;
        }
        let file = std::fs::read(&path).unwrap();
        let imported = read(file.clone()).unwrap();
        println!("{name}\n{}", imported.report);
        assert_eq!(imported.network.check(), Ok(()));
        if let Some(expected) = restrictions {
            assert_eq!(
                imported.report.of(Finding::Restrictions),
                expected,
                "{name}"
            );
        }
        assert_eq!(read(file).unwrap().network, imported.network, "{name}");
    }
}
