//! A run out of its folder: the summary, its seconds, its distributions. What a report is made of, now or in a year.
//!
//! Reads only. A folder that an earlier release wrote has less in it; what is missing is empty, and a page says so.

use super::Summary;
use super::seconds::{self, Second};
use serde::Deserialize;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// So much of a distribution was as fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Point {
    /// Between 0 and 100.
    pub percentile: f64,
    /// The latency.
    pub latency_ms: f64,
    /// How many were as fast.
    pub count: u64,
}

/// A run that was kept.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Where it was.
    pub folder: PathBuf,
    /// Its summary.
    pub summary: Summary,
    /// Its seconds.
    pub seconds: Vec<Second>,
    /// From the intended time of sending.
    pub latency: Vec<Point>,
    /// From the actual one.
    pub uncorrected: Vec<Point>,
    /// How late calls were sent.
    pub lateness: Vec<Point>,
}

/// Why a folder is no run.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// There is none.
    #[error("{}: no run is kept there (it has no summary.json); name a folder that `replay --report` wrote", .0.display())]
    NoRun(PathBuf),
    /// It cannot be read.
    #[error("{}: {reason}; name a folder that `replay --report` wrote", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Kept {
    /// Reads a run.
    pub fn read(folder: &Path) -> Result<Kept, KeptError> {
        let Some(summary) = bytes(&folder.join("summary.json"))? else {
            return Err(KeptError::NoRun(folder.to_path_buf()));
        };
        let unreadable = |name: &str, reason: String| KeptError::Unreadable {
            file: folder.join(name),
            reason,
        };
        let summary = serde_json::from_slice(&summary)
            .map_err(|error| unreadable("summary.json", error.to_string()))?;
        let seconds = bytes(&folder.join("seconds.csv"))?.unwrap_or_default();
        let seconds = seconds::read(&seconds)
            .map_err(|error| unreadable("seconds.csv", error.to_string()))?;
        let points = |name: &str| {
            let bytes = bytes(&folder.join(name))?.unwrap_or_default();
            let rows: Result<Vec<Point>, csv::Error> = csv::Reader::from_reader(bytes.as_slice())
                .deserialize()
                .collect();
            rows.map_err(|error| unreadable(name, error.to_string()))
        };
        Ok(Kept {
            folder: folder.to_path_buf(),
            summary,
            seconds,
            latency: points("latency.csv")?,
            uncorrected: points("latency_uncorrected.csv")?,
            lateness: points("lateness.csv")?,
        })
    }

    /// The runs of a folder: itself, or those right in it, in the order of their names.
    pub fn all(folder: &Path) -> Result<Vec<Kept>, KeptError> {
        match Kept::read(folder) {
            Err(KeptError::NoRun(_)) => {}
            read => return read.map(|kept| vec![kept]),
        }
        let entries = fs::read_dir(folder).map_err(|_| KeptError::NoRun(folder.to_path_buf()))?;
        let mut inside: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.join("summary.json").exists())
            .collect();
        inside.sort();
        if inside.is_empty() {
            return Err(KeptError::NoRun(folder.to_path_buf()));
        }
        inside.iter().map(|path| Kept::read(path)).collect()
    }
}

/// A file's bytes; `None` where there is no such file.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, KeptError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeptError::Unreadable {
            file: path.to_path_buf(),
            reason: error.to_string(),
        }),
    }
}
