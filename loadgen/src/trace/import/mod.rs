//! Makes a trace of what others wrote: reads all rows, moves them onto a city if asked, sorts them by time.
//!
//! Each source has a file of its own that turns its rows into ours and decides nothing else. Next:
//! [`montgomery`], [`rio`], [`sffd`], [`table`], [`onto`].

pub mod montgomery;
pub mod onto;
pub mod rio;
pub mod sffd;
pub mod table;

use super::observed::Response;
use super::{Row, TraceError, Writer};
use crate::ground::Ground;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

/// The most rows an import takes: they are sorted in memory, a few hundred bytes each.
pub const ROWS_MAX: usize = 5_000_000;

/// A line of progress after so many rows.
const PROGRESS_ROWS: usize = 250_000;

/// What was read, before it is moved and sorted.
#[derive(Debug, Default)]
pub struct Imported {
    /// The rows, in the file's order.
    pub rows: Vec<Row>,
    /// Titles that no rule knows, each with the kind it was given and how often it came.
    pub unmatched: BTreeMap<String, (&'static str, u64)>,
    /// What units were seen to do, where the source tells it.
    pub responses: Vec<Response>,
    /// Rows that said again what another had said.
    pub repeats: u64,
    /// Rows that could not be read and were left out, where the source is known to have such.
    pub rows_left_out: u64,
    /// The first of all mistakes, each with its file and row.
    pub mistakes: Vec<String>,
    /// How many there were.
    pub mistakes_all: u64,
}

/// What an import did, for people.
#[derive(Debug, Default)]
pub struct Summary {
    /// Rows written.
    pub rows: u64,
    /// Rows that have a position.
    pub placed: u64,
    /// Rows that lie inside the city's districts after the move; `None` without a city.
    pub inside: Option<u64>,
    /// Titles that no rule knows.
    pub unmatched: BTreeMap<String, (&'static str, u64)>,
}

/// Moves, sorts and writes what was read.
pub fn write(
    mut imported: Imported,
    ground: Option<&Ground>,
    out: &Path,
) -> Result<Summary, TraceError> {
    let mut summary = Summary {
        unmatched: std::mem::take(&mut imported.unmatched),
        ..Summary::default()
    };
    if let Some(ground) = ground {
        summary.inside = Some(onto::lay(&mut imported.rows, ground));
    }
    // Stable: calls of one instant stay in the file's order.
    imported.rows.sort_by_key(|row| row.at);
    let mut writer = Writer::create(out)?;
    for row in &imported.rows {
        summary.placed += u64::from(row.lat.is_some() && row.lon.is_some());
        writer.write(row)?;
    }
    summary.rows = writer.finish()?;
    Ok(summary)
}

/// Refuses a file of more rows than fit; says now and then how far it is.
pub(super) fn check_room(file: &str, rows: usize) -> Result<(), TraceError> {
    if rows < ROWS_MAX {
        if rows > 0 && rows.is_multiple_of(PROGRESS_ROWS) && std::io::stderr().is_terminal() {
            eprintln!("{file}: {rows} rows");
        }
        return Ok(());
    }
    Err(TraceError::Row {
        file: file.to_string(),
        row: rows as u64 + 1,
        line: rows as u64 + 2,
        problem: format!(
            "is one too many; at most {ROWS_MAX} rows are sorted at once, split the file"
        ),
    })
}

/// What tests read of the data beside the repository.
#[cfg(test)]
mod shared {
    use std::path::{Path, PathBuf};

    /// A file of it; `None` where it is not there, which is said, and never on a build server.
    pub fn data(path: &str) -> Option<PathBuf> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        let file = file.join(path);
        if file.exists() {
            return Some(file);
        }
        let required = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!required, "{} is missing", file.display());
        println!("skipped: {} is not there", file.display());
        None
    }
}
