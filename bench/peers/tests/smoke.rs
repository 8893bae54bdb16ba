//! The table at its smallest: every peer that needs nothing installed answers, its units are the nearest, nobody is given out twice.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

const IN_PROCESS: [&str; 6] = ["liandong", "echo", "tonic", "axum", "kiddo", "rstar"];

fn peers(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_peers"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn every_peer_in_process_makes_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("table.json");
    let only = IN_PROCESS.join(",");
    let data = folder.path().to_str().unwrap();
    let (is_good, table, said) = peers(&[
        "--seconds",
        "1",
        "--rounds",
        "1",
        "--units",
        "1000",
        "--only",
        &only,
        "--data",
        data,
        "--json",
        json.to_str().unwrap(),
    ]);
    assert!(is_good, "{said}");
    for name in IN_PROCESS {
        assert!(table.contains(&format!("| `{name}`: ")), "{name}:\n{table}");
    }
    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), IN_PROCESS.len());
    for row in rows {
        let pairs = row["pairs_per_second"]["median"].as_f64().unwrap();
        assert!(pairs > 0.0, "{row:#}");
        assert!(row["ratio"]["median"].as_f64().unwrap() > 0.0, "{row:#}");
        // Calls that join another matter are few.
        assert!(
            row["without_unit_permille"].as_f64().unwrap() < 50.0,
            "{row:#}"
        );
    }
    // Whatever was kept on the way is gone.
    let left: BTreeSet<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, BTreeSet::from(["table.json".into()]));
}

#[test]
fn a_row_that_is_not_there_is_refused() {
    let (is_good, _, said) = peers(&["--only", "oracle"]);
    assert!(!is_good && said.contains("postgis-async"), "{said}");
}
