//! The folder of one run: its summary for scripts and for people, its distributions, its seconds, every answered key, its page.
//!
//! `summary.json`, `summary.txt`; `latency.csv`, `latency_uncorrected.csv`, `lateness.csv`; `latency.hgrm`,
//! `latency_uncorrected.hgrm`; `seconds.csv`, `intervals.hlog`; `answers.csv`, `unmet.csv`; `report.html`. It is made before anything is sent and
//! never written over: a folder that holds anything already is refused. `answers.csv` is the
//! [`AnswerLog`](crate::replay::answers::AnswerLog)'s; the rest is written at the end, the page last, out of what stands
//! there ([`Kept`]).

use super::kept::{Kept, KeptError};
use super::seconds::{self, Second};
use super::{Summary, interval_log, page};
use std::fs;
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A folder for one run.
#[derive(Clone, Debug)]
pub struct ReportFolder(PathBuf);

/// Why a report is not written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there.
    #[error("--report {}: the folder is not empty; name a new one, so that no run is lost", .0.display())]
    NotEmpty(PathBuf),
    /// The system says no.
    #[error("{}: {source}; name a folder that may be written", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: Error,
    },
    /// What was just written cannot be read.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

fn failed(path: &Path) -> impl Fn(Error) -> FolderError {
    let path = path.to_path_buf();
    move |source| FolderError::File {
        path: path.clone(),
        source,
    }
}

impl ReportFolder {
    /// Makes the folder, or takes one that is empty.
    pub fn prepare(path: &Path) -> Result<ReportFolder, FolderError> {
        fs::create_dir_all(path).map_err(failed(path))?;
        let mut inside = fs::read_dir(path).map_err(failed(path))?;
        if inside.next().is_some() {
            return Err(FolderError::NotEmpty(path.to_path_buf()));
        }
        Ok(ReportFolder(path.to_path_buf()))
    }

    /// Where every answered key goes.
    pub fn answers(&self) -> PathBuf {
        self.0.join("answers.csv")
    }

    /// Writes what a run came to.
    pub fn write(&self, summary: &Summary) -> Result<(), FolderError> {
        let json = serde_json::to_vec_pretty(summary)
            .map_err(Error::other)
            .map_err(failed(&self.0.join("summary.json")))?;
        self.write_new("summary.json", &json)?;
        self.write_new("summary.txt", summary.to_string().as_bytes())?;
        let distributions = &summary.distributions;
        for (name, latencies) in [
            ("latency.csv", &distributions.corrected),
            ("latency_uncorrected.csv", &distributions.uncorrected),
            ("lateness.csv", &distributions.lateness),
        ] {
            self.write_new(name, latencies.percentiles_csv().as_bytes())?;
        }
        for (name, latencies) in [
            ("latency.hgrm", &distributions.corrected),
            ("latency_uncorrected.hgrm", &distributions.uncorrected),
        ] {
            self.write_new(name, latencies.hgrm().as_bytes())?;
        }
        self.write_seconds(summary)?;
        self.write_new("unmet.csv", super::unmet::csv(&summary.unmet).as_bytes())?;
        let page = page::of(&Kept::read(&self.0)?);
        self.write_new("report.html", page.as_bytes())
    }

    fn write_seconds(&self, summary: &Summary) -> Result<(), FolderError> {
        let intervals = &summary.distributions.intervals;
        let rows: Vec<Second> = intervals.iter().map(Second::from).collect();
        let rows = seconds::csv(&rows)
            .map_err(Error::other)
            .map_err(failed(&self.0.join("seconds.csv")))?;
        self.write_new("seconds.csv", &rows)?;
        let mut log = Vec::new();
        interval_log::write(intervals, summary.about.started_at(), &mut log)
            .map_err(failed(&self.0.join("intervals.hlog")))?;
        self.write_new("intervals.hlog", &log)
    }

    fn write_new(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.0.join(name);
        let written = fs::File::create_new(&path).and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => FolderError::NotEmpty(self.0.clone()),
            _ => failed(&path)(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::latency::Latencies;
    use std::time::Duration;

    #[test]
    fn a_report_is_whole_and_never_written_over() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new/report");
        let folder = ReportFolder::prepare(&path).unwrap();
        let mut summary = Summary {
            sent: 7,
            ..Summary::default()
        };
        let mut corrected = Latencies::default();
        for ms in 1..=100 {
            corrected.add(Duration::from_millis(ms));
        }
        summary.distributions.corrected = corrected;
        folder.write(&summary).unwrap();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
        assert_eq!(json["sent"], 7);
        assert_eq!(read("summary.txt"), summary.to_string());
        assert!(
            read("latency.csv")
                .lines()
                .last()
                .unwrap()
                .starts_with("100,100.")
        );
        assert_eq!(read("lateness.csv").lines().count(), 1);
        assert!(matches!(
            folder.write(&summary),
            Err(FolderError::NotEmpty(_))
        ));
        let again = ReportFolder::prepare(&path).unwrap_err().to_string();
        assert!(again.contains("not empty"), "{again}");
        assert_eq!(read("summary.txt"), summary.to_string());
    }
}
