//! Tables good, odd and wrong; what each leaves in the network and in the report.

use super::*;
use proptest::prelude::*;

const NODES: &str = "id,lat,lon\n1,28.85,120.73\n2,28.86,120.73\n-3,28.86,120.74\n";
const EDGES: &str = "from,to,metres,seconds\n1,2,1112,60\n2,-3,976,40.0005\n-3,1,1500,70\n";

fn read(nodes: &str, edges: &str) -> Result<Imported, CsvError> {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        bytes: std::io::Cursor::new(text.as_bytes().to_vec()),
    };
    import(source("nodes.csv", nodes), source("edges.csv", edges), "")
}

fn refusal(nodes: &str, edges: &str) -> String {
    read(nodes, edges).unwrap_err().to_string()
}

#[test]
fn two_tables_make_a_network() {
    let imported = read(NODES, EDGES).unwrap();
    let network = imported.network;
    let names: Vec<i64> = network.nodes.iter().map(|node| node.name).collect();
    assert_eq!(names, [-3, 1, 2]);
    let edges: Vec<_> = network
        .edges
        .iter()
        .map(|edge| (edge.from.0, edge.to.0, edge.length_mm, edge.time_ms))
        .collect();
    assert_eq!(
        edges,
        [
            (0, 1, 1_500_000, [70_000, 70_000]),
            (1, 2, 1_112_000, [60_000, 60_000]),
            (2, 0, 976_000, [40_001, 40_001]),
        ]
    );
    assert_eq!(network.nodes[1].point.lat_e7, 288_500_000);
    assert_eq!(network.check(), Ok(()));
    assert_eq!(imported.report.of(Finding::EdgeRows), 3);
}

#[test]
fn the_siren_has_its_own_times_and_roads() {
    let edges = "seconds_siren,class,to,from,metres,seconds,note\n\
                 40,primary,2,1,1112,60,\n,,-3,2,976,40,as the others\n30,,1,-3,1500,,for the siren alone\n";
    let imported = read(NODES, edges).unwrap();
    let times: Vec<_> = imported
        .network
        .edges
        .iter()
        .map(|edge| edge.time_ms)
        .collect();
    assert_eq!(
        times,
        [[CLOSED_MS, 30_000], [60_000, 40_000], [40_000, 40_000]]
    );
    assert_eq!(imported.network.edges[1].class, RoadClass::Primary);
    assert_eq!(imported.report.of(Finding::EdgeSirenOnly), 1);
}

#[test]
fn rows_that_are_no_roads_are_left_out_and_named() {
    for (row, finding) in [
        ("1,1,10,1", Finding::EdgeLoop),
        ("1,9,10,1", Finding::EdgeUnknownNode),
        ("1,2,10,-1", Finding::EdgeTimeNone),
        ("1,2,10,NaN", Finding::EdgeTimeNone),
        ("1,2,10,inf", Finding::EdgeTimeNone),
        ("1,2,10,86400.0005", Finding::EdgeTimeNone),
        ("1,2,10,1e300", Finding::EdgeTimeNone),
        ("1,2,-10,1", Finding::EdgeLengthNone),
        ("1,2,nan,1", Finding::EdgeLengthNone),
        ("1,2,4000001,1", Finding::EdgeLengthNone),
        ("1,2,1112,61", Finding::EdgeDominated),
    ] {
        let imported = read(NODES, &format!("{EDGES}{row}\n")).unwrap();
        assert_eq!(imported.report.of(finding), 1, "{row}: {}", imported.report);
        assert_eq!(imported.network.edges.len(), 3, "{row}");
        let place = if finding == Finding::EdgeDominated {
            "from 1 to 2"
        } else {
            "edges.csv:5"
        };
        assert!(
            imported.report.to_string().contains(place),
            "{}",
            imported.report
        );
    }
}

#[test]
fn what_is_odd_stays_and_is_said() {
    for (row, finding) in [
        ("1,2,0,59", Finding::EdgeLengthFilled),
        ("1,2,900,59", Finding::EdgeShort),
        ("1,2,1112,0", Finding::EdgeTimeZero),
        ("1,2,1112,0.0004", Finding::EdgeTimeZero),
    ] {
        let imported = read(NODES, &format!("{EDGES}{row}\n")).unwrap();
        assert_eq!(imported.report.of(finding), 1, "{row}: {}", imported.report);
        let quick = imported
            .network
            .edges
            .iter()
            .find(|edge| (edge.from.0, edge.to.0) == (1, 2));
        assert!(quick.is_some_and(|edge| edge.time_ms[0] < 60_000), "{row}");
    }
    let straight = ground::length_mm(
        Point {
            lat_e7: 288_500_000,
            lon_e7: 1_207_300_000,
        },
        Point {
            lat_e7: 288_600_000,
            lon_e7: 1_207_300_000,
        },
    );
    let filled = read(NODES, &EDGES.replace("1112", "0")).unwrap();
    assert_eq!(filled.network.edges[1].length_mm, straight);
}

#[test]
fn nodes_repeated_nowhere_and_at_one_place() {
    let imported = read(
        &format!("{NODES}1,28.850,120.730\n4,28.85,120.73\n5,91,0\n6,nan,0\n"),
        &format!("{EDGES}1,4,0,0\n4,1,0,0\n"),
    )
    .unwrap();
    let report = &imported.report;
    assert_eq!(report.of(Finding::NodeRepeated), 1);
    assert_eq!(report.of(Finding::NodeNowhere), 2);
    assert_eq!(report.of(Finding::NodeSamePlace), 1);
    assert_eq!(report.of(Finding::EdgeTimeZero), 2);
    assert_eq!(imported.network.nodes.len(), 4);
    assert!(report.to_string().contains("1 and 4"), "{report}");
}

#[test]
fn tables_that_are_none_are_refused_by_row_and_column() {
    for (nodes, edges, expected) in [
        (
            "id,lat\n",
            EDGES,
            "nodes.csv:1: the column lon is missing; the first line is id,lat,lon",
        ),
        (
            "id,lat,lon,x\n",
            EDGES,
            "nodes.csv:1: \"x\" is no column of it",
        ),
        (
            "id,lat,lon,lat\n",
            EDGES,
            "nodes.csv:1: \"lat\" is no column of it, or is there twice",
        ),
        ("", EDGES, "nodes.csv:1: the column id is missing"),
        (
            "id,lat,lon\nx,1,1\n",
            EDGES,
            "nodes.csv:2: id: \"x\" is no whole number of 64 bits",
        ),
        (
            "id,lat,lon\n9223372036854775808,1,1\n",
            EDGES,
            "nodes.csv:2: id: \"9223372036854775808\" is no whole number",
        ),
        (
            "id,lat,lon\n1,north,1\n",
            EDGES,
            "nodes.csv:2: lat: \"north\" is no number",
        ),
        (
            "id,lat,lon\n1,1\n",
            EDGES,
            "nodes.csv:2: 2 fields where the first line has 3",
        ),
        (
            "id,lat,lon\n1,1,1\n2,1,1\n1,1,2\n",
            EDGES,
            "nodes.csv:4: id: 1 is at another place in row 2",
        ),
        (
            NODES,
            "from,to,metres,seconds\n1,2,1,soon\n",
            "edges.csv:2: seconds: \"soon\" is no number",
        ),
        (
            NODES,
            "from,to,metres,seconds\n1,2,,1\n",
            "edges.csv:2: metres: \"\" is no number",
        ),
        (
            NODES,
            "from,to,metres,seconds\n1.5,2,1,1\n",
            "edges.csv:2: from: \"1.5\" is no whole number",
        ),
        (
            NODES,
            "from,to,metres,seconds,class\n1,2,1,1,lane\n",
            "edges.csv:2: class: \"lane\" is no class of road",
        ),
        (
            NODES,
            "from,to,metres,seconds\n1,2,1,\u{1}\n",
            "edges.csv:2: seconds: \"\\u{1}\" is no number",
        ),
        (
            NODES,
            "from,to,metres,seconds\n",
            "no road is left that leads anywhere and back: 0 edges were read",
        ),
    ] {
        let message = refusal(nodes, edges);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn ids_at_the_ends_of_64_bits_are_ids() {
    let (least, most) = (i64::MIN, i64::MAX);
    let nodes = format!("id,lat,lon\n{least},1,1\n{most},1,2\n");
    let edges = format!("from,to,metres,seconds\n{least},{most},1,1\n{most},{least}.0,1,1\n");
    let network = read(&nodes, &edges).unwrap().network;
    assert_eq!(network.nodes[0].name, least);
    assert_eq!(network.nodes[1].name, most);
}

proptest! {
    #[test]
    fn no_bytes_panic(nodes in any::<Vec<u8>>(), edges in any::<Vec<u8>>()) {
        let source = |bytes| Source { name: "x".to_owned(), bytes: std::io::Cursor::new(bytes) };
        let head = |head: &[u8], rest: Vec<u8>| [head, &rest].concat();
        drop(import(source(nodes.clone()), source(edges.clone()), ""));
        drop(import(source(head(b"id,lat,lon\n1,1,1\n", nodes)), source(head(b"from,to,metres,seconds\n", edges)), ""));
    }

    #[test]
    fn odd_fields_are_rows_or_errors(rows in proptest::collection::vec("[0-4],[0-4],(-?[0-9]{1,12}|nan|x|),(-?[0-9.]{1,12}|1e9|)", 0..20)) {
        let nodes = "id,lat,lon\n0,1,1\n1,1,1\n2,1.1,1\n3,1.2,1\n";
        let edges = format!("from,to,metres,seconds\n0,1,1,1\n1,0,1,1\n{}", rows.join("\n"));
        if let Ok(imported) = read(nodes, &edges) {
            prop_assert_eq!(imported.network.check(), Ok(()));
            prop_assert_eq!(imported.report.of(Finding::EdgeRows), rows.len() as u64 + 2);
        }
    }
}
