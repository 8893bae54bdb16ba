//! A map comes back as it was; damaged, cut, foreign and made-up files are refused with their place.

use super::super::network::{Profile, RoadClass};
use super::*;
use proptest::prelude::*;

fn small() -> Network {
    let node = |name: i64| Node {
        point: Point {
            lat_e7: 288_500_000 + name as i32,
            lon_e7: 1_207_300_000,
        },
        name,
    };
    let edge = |from, to, ms| Edge {
        from: NodeIndex(from),
        to: NodeIndex(to),
        length_mm: 70_000,
        time_ms: [ms, 900],
        class: RoadClass::Primary,
    };
    let ban = |from, via: &[u32], to, holds| Ban {
        from: EdgeIndex(from),
        via: via.iter().copied().map(EdgeIndex).collect(),
        to: EdgeIndex(to),
        holds,
    };
    Network {
        nodes: vec![node(-5), node(7), node(9)],
        edges: vec![
            edge(0, 1, 1_000),
            edge(1, 0, 1_000),
            edge(1, 2, CLOSED_MS),
            edge(2, 1, 1_000),
        ],
        bans: vec![ban(0, &[], 1, [true, false]), ban(0, &[2], 3, [true, true])],
        attribution: "© somebody".to_owned(),
    }
}

fn file() -> Vec<u8> {
    let mut sections = Sections::of(&small(), "read 4 edges\n");
    sections.add_words("order", &[2, 0, 1]);
    sections.add_longs("far", &[1 << 40]);
    sections.file()
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() - SEAL_BYTES;
    let seal = blake3::hash(&bytes[..at]);
    bytes[at..].copy_from_slice(seal.as_bytes());
    bytes
}

#[test]
fn a_map_comes_back_as_it_was() {
    let bytes = file();
    let map = Prepared::of_bytes(&bytes).unwrap();
    assert_eq!(map.network(), small());
    assert_eq!(map.report(), "read 4 edges\n");
    assert_eq!(map.words("order"), Some(&[2, 0, 1][..]));
    assert_eq!(map.longs("far"), Some(&[1 << 40][..]));
    assert_eq!(map.longs("order"), None, "of another width");
    assert_eq!(map.words("nothing"), None);
    assert_eq!(map.hash(), ObjectHash::of(&bytes));
    assert_eq!(map.edge_time_ms(Profile::Normal)[2], CLOSED_MS);
    let again = Sections::of(&map.network(), map.report());
    assert_eq!(
        again.file(),
        Sections::of(&small(), "read 4 edges\n").file()
    );
    // The layout as it is documented, byte by byte where it matters.
    assert_eq!(&bytes[..12], b"LDROADS\0\x01\0\0\0");
    assert_eq!(&bytes[32..41], b"node name");
    assert_eq!(
        bytes.len() as u64,
        u64::from_le_bytes(bytes[16..24].try_into().unwrap())
    );
}

#[test]
fn a_map_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.roads");
    let sections = Sections::of(&small(), "");
    let written = sections.write(&path).unwrap();
    let map = Prepared::open(&path).unwrap();
    assert_eq!(map.size() as u64, written);
    // Written again under a mapping: the old mapping stays what it was.
    let mut other = small();
    other.attribution.clear();
    Sections::of(&other, "").write(&path).unwrap();
    assert_eq!(map.attribution(), "© somebody");
    assert_eq!(Prepared::open(&path).unwrap().attribution(), "");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("no/such/city.roads");
    let error = sections.write(&nowhere).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
    let error = Prepared::open(&nowhere).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = file();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(Prepared::of_bytes(&damaged).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn every_cut_is_refused() {
    let bytes = file();
    for length in 0..bytes.len() {
        let error = Prepared::of_bytes(&bytes[..length]).unwrap_err();
        let named = matches!(error, MapError::Length { found, .. } if found == length as u64);
        assert!(
            named || (length < 8 && error == MapError::Foreign),
            "{length}: {error}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(
        Prepared::of_bytes(&longer),
        Err(MapError::Length { .. })
    ));
}

#[test]
fn an_error_names_the_place() {
    let bytes = file();
    let refusal = |bytes: &[u8]| Prepared::of_bytes(bytes).unwrap_err().to_string();
    assert!(refusal(b"\x0a\x09OSMHeader").starts_with("byte 0: this is no prepared map"));
    assert!(refusal(b"").starts_with("byte 0"));
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert!(refusal(&sealed(newer)).starts_with("byte 8: its version is 2, this release reads 1"));
    let map = Prepared::of_bytes(&bytes).unwrap();
    for entry in &map.entries {
        let mut damaged = bytes.clone();
        damaged[entry.at] ^= 1;
        let expected = format!("section {} at byte {}: damaged", entry.name, entry.at);
        assert!(refusal(&damaged).starts_with(&expected));
    }
    let mut padding = bytes.clone();
    let lat = map
        .entries
        .iter()
        .find(|entry| entry.name == sections::NODE_LAT)
        .unwrap();
    padding[lat.at + lat.bytes] = 1;
    assert!(refusal(&padding).starts_with("damaged between the sections"));
}

#[test]
fn a_sealed_file_that_is_no_network_is_refused() {
    let refusal = |network: &Network| {
        let file = Sections::of(network, "").file();
        Prepared::of_bytes(&file).unwrap_err().to_string()
    };
    let broken = |change: fn(&mut Network)| {
        let mut network = small();
        change(&mut network);
        refusal(&network)
    };
    for (change, expected) in [
        (
            (|n| n.edges[0].to = NodeIndex(3)) as fn(&mut Network),
            "edge 0: names a node that is not there",
        ),
        (
            |n| n.edges[0].to = NodeIndex(0),
            "edge 0: ends where it begins",
        ),
        (|n| n.edges.swap(0, 1), "edge 1: is out of order"),
        (
            |n| n.edges[2].time_ms[1] = CLOSED_MS,
            "edge 2: takes longer than a day",
        ),
        (|n| n.nodes.swap(0, 1), "node 1: is out of order"),
        (
            |n| n.nodes[1].point.lat_e7 = 900_000_001,
            "node 1: is not on the globe",
        ),
        (
            |n| {
                n.nodes.push(Node {
                    name: 10,
                    ..n.nodes[2]
                })
            },
            "node 3: has no edge",
        ),
        (
            |n| n.bans[0].to = EdgeIndex(4),
            "ban 0: names an edge that is not there",
        ),
        (
            |n| n.bans[0].to = EdgeIndex(3),
            "ban 0: names edges that do not follow",
        ),
        (
            |n| n.bans[0].holds = [false, false],
            "ban 0: holds for nobody",
        ),
        (
            |n| n.bans.swap(0, 1),
            "ban 1: holds for nobody or is out of order",
        ),
        (|n| n.edges.clear(), "section edge from: is empty"),
    ] {
        let message = broken(change);
        assert!(
            message.starts_with(expected),
            "{message}; expected {expected}"
        );
    }
    let mut missing = Sections::default();
    missing.add_words("order", &[1]);
    let error = Prepared::of_bytes(&missing.file()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "section node name: is missing, or not of the width that it must have; build the map again"
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>(), keep in 0usize..900) {
        prop_assert!(Prepared::of_bytes(&bytes).is_err());
        let good = file();
        let mixed = [&good[..keep.min(good.len())], &bytes].concat();
        prop_assert!(Prepared::of_bytes(&mixed).is_err());
    }

    /// Seal and checksums made to fit, so that what is behind them is tried.
    #[test]
    fn no_sealed_bytes_panic(at in 0usize..2_000, with in any::<[u8; 8]>()) {
        let mut bytes = file();
        let at = at % (bytes.len() - SEAL_BYTES - 8);
        bytes[at..at + 8].copy_from_slice(&with);
        if let Ok(entries) = sections::entries(&bytes) {
            for (number, entry) in entries.iter().enumerate() {
                let sum = crc32c::crc32c(&bytes[entry.at..entry.at + entry.bytes]).to_le_bytes();
                let place = HEAD_BYTES + ENTRY_BYTES * number + NAME_BYTES + 16;
                bytes[place..place + 4].copy_from_slice(&sum);
            }
        }
        if let Ok(map) = Prepared::of_bytes(&sealed(bytes)) {
            prop_assert_eq!(map.network().check(), Ok(()));
        }
    }
}
