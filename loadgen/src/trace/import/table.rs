//! A CSV file of one's own, in the columns of a trace or in others that `--map` names.

use super::{Imported, check_room};
use crate::trace::read::{Order, Reader};
use crate::trace::table::Table;
use crate::trace::{Row, TraceError};
use std::path::Path;

/// One `trace_column=column_of_the_file` of `--map`.
pub fn names(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((ours, theirs)) if !ours.is_empty() && !theirs.is_empty() => {
            Ok((ours.trim().to_string(), theirs.trim().to_string()))
        }
        Some(_) | None => Err(format!(
            "`{text}` maps nothing; write trace_column=column_of_the_file, as in at=received"
        )),
    }
}

/// Reads a table; `names` are pairs of (a trace's column, the file's).
pub fn read(path: &Path, names: &[(String, String)]) -> Result<Imported, TraceError> {
    let table = Table::open(path)?;
    let file = table.file().to_string();
    let mut rows: Vec<Row> = Vec::new();
    for row in Reader::of(table, names, Order::Any)? {
        check_room(&file, rows.len())?;
        rows.push(row?);
    }
    Ok(Imported {
        rows,
        ..Imported::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::moment::Moment;

    #[test]
    fn columns_of_other_names_are_found_and_rows_need_no_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.csv");
        std::fs::write(&path, "when,number,text\n9,110,b\n4,119,a\n").unwrap();
        let names = [names("at=when").unwrap(), names("line=number").unwrap()];
        let out = folder.path().join("t.csv");
        let imported = read(&path, &names).unwrap();
        let summary = super::super::write(imported, None, &out).unwrap();
        assert_eq!((summary.rows, summary.placed, summary.inside), (2, 0, None));
        let rows: Vec<Row> = crate::trace::Reader::open(&out)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let seen: Vec<(Moment, &str, &str)> = rows
            .iter()
            .map(|row| (row.at, row.line.as_str(), row.key.as_str()))
            .collect();
        let start = crate::trace::SECONDS_START;
        let at = |seconds| start + engine::moment::Span::seconds(seconds);
        assert_eq!(
            seen,
            [(at(4), "119", "mine.csv:2"), (at(9), "110", "mine.csv:1")]
        );
    }

    #[test]
    fn a_mapping_that_maps_nothing_is_refused() {
        assert!(names("at").is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.csv");
        std::fs::write(&path, "when,line\n9,110\n").unwrap();
        for (map, part) in [
            ("at=then", "no column `then`"),
            ("time=when", "no column of a trace"),
        ] {
            let error = read(&path, &[names(map).unwrap()]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
