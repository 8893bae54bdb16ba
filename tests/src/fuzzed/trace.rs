//! Traces of `liandong-load`: CSV, plain or compressed.

use super::scratch;
use loadgen::trace::read::Order;
use loadgen::trace::table::Table;
use loadgen::trace::{Reader, Row, Writer};
use std::path::Path;

/// How the compressed forms begin.
const COMPRESSED: [&[u8]; 2] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd"];

/// Whatever comes is rows or a named mistake; a trace that was read is written and read again as the same.
pub fn check(data: &[u8]) {
    let file = |data: &[u8]| {
        Table::read(
            "given.csv".into(),
            Box::new(std::io::Cursor::new(data.to_vec())),
        )
    };
    let rows = if COMPRESSED.iter().any(|magic| data.starts_with(magic)) {
        let folder = scratch::folder();
        let path = folder.path().join("given.csv");
        std::fs::write(&path, data).expect("a file in memory");
        Table::open(&path).and_then(|table| read(table, Order::Kept))
    } else {
        let any = file(data).and_then(|table| read(table, Order::Any));
        let kept = file(data).and_then(|table| read(table, Order::Kept));
        if let Ok(kept) = &kept {
            assert_eq!(
                format!("{:?}", any.as_ref().ok()),
                format!("{:?}", Some(kept))
            );
            assert!(
                kept.is_sorted_by_key(|row| row.at),
                "a trace runs backwards"
            );
        }
        any
    };
    match rows {
        Ok(rows) => check_again(&rows),
        Err(error) => assert!(error.to_string().contains("given.csv"), "where? {error}"),
    }
}

fn read(table: Table, order: Order) -> Result<Vec<Row>, loadgen::trace::TraceError> {
    Reader::of(table, &[], order)?.collect()
}

fn check_again(rows: &[Row]) {
    let folder = scratch::folder();
    let path = folder.path().join("again.csv");
    let mut writer = Writer::create(&path).expect("a file in memory");
    for row in rows {
        writer.write(row).expect("a row that was read");
    }
    writer.finish().expect("a trace in memory");
    let again = open(&path);
    // By their words, for a latitude may be no number, which equals nothing.
    assert_eq!(format!("{again:?}"), format!("{rows:?}"));
}

fn open(path: &Path) -> Vec<Row> {
    let table = Table::open(path).expect("a trace that was written");
    read(table, Order::Any).expect("rows that were written")
}
