//! The way back up, measured: the whole journal replayed, then a start from a snapshot with the records behind it.

use crate::{Standard, StandardSize};
use anyhow::{Context, ensure};
use engine::classify::Lexicon;
use engine::command::ClockMode;
use engine::id::{CentreId, Sequence};
use engine::journal::Shape;
use engine::lane::LaneLimits;
use engine::moment::Span;
use engine::runtime::keeper::Keeping;
use engine::runtime::stepped::Stepped;
use engine::runtime::{Release, ReleasedRecord, Replay, Setup};
use engine::view::View;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

/// How much comes back.
#[derive(Clone, Copy, Debug)]
pub struct RecoverySize {
    /// The load that is journalled.
    pub load: StandardSize,
    /// Commands of the whole journal.
    pub commands: u64,
    /// Commands behind the snapshot.
    pub behind_snapshot: u64,
}

impl RecoverySize {
    /// The size that figures name.
    pub const FULL: RecoverySize = RecoverySize {
        load: StandardSize::FULL,
        commands: 5_000_000,
        behind_snapshot: 100_000,
    };
    /// The size that the tests run.
    pub const SMOKE: RecoverySize = RecoverySize {
        load: StandardSize::SMOKE,
        commands: 5_000,
        behind_snapshot: 500,
    };
}

/// What was measured.
pub struct Recovery {
    size: RecoverySize,
    journal_bytes: u64,
    writing: Duration,
    replaying: Duration,
    replayed: u64,
    keeping: Duration,
    starting: Duration,
    result: String,
}

/// A call every 20 ms, so that calls of one event still come within its minutes. More than the default capacities keep for a
/// day: what closed first makes room.
const PACE: Span = Span(20);

impl Recovery {
    /// Journals a load in this folder and comes back from it.
    pub fn measure(size: RecoverySize, folder: &Path) -> anyhow::Result<Recovery> {
        let begun = Instant::now();
        let mut standard = Standard::journalled(size.load, PACE, folder)?;
        while standard.commands() < size.commands {
            standard.decide();
        }
        standard.close_journal()?;
        let writing = begun.elapsed();
        let journal_bytes = bytes_of(folder)?;

        let begun = Instant::now();
        let replayed = Replay::new(folder)?.run(Sequence(u64::MAX))?;
        let replaying = begun.elapsed();
        ensure!(
            replayed.inspect().hash == standard.state_hash(),
            "the replayed state is not the one that was written"
        );
        let replayed = replayed.sequence().0;

        let keeping = keep(size, &standard, folder)?;
        standard.reopen_journal(folder)?;
        let until = standard.commands() + size.behind_snapshot;
        while standard.commands() < until {
            standard.decide();
        }
        standard.close_journal()?;

        let begun = Instant::now();
        let mut centre = start(setup(size, &standard, folder))?;
        while centre.step_view()? > 0 {}
        let starting = begun.elapsed();
        ensure!(
            centre.centre().inspect().hash == standard.state_hash(),
            "the state after a snapshot is not the one that was written"
        );
        Ok(Recovery {
            size,
            journal_bytes,
            writing,
            replaying,
            replayed,
            keeping,
            starting,
            result: standard.result(),
        })
    }
}

/// Makes a snapshot of all that is journalled; how long the keeper took for it.
fn keep(size: RecoverySize, standard: &Standard, folder: &Path) -> anyhow::Result<Duration> {
    let mut setup = setup(size, standard, folder);
    setup.keeping.snapshot_records = 1;
    let mut centre = start(setup)?;
    let begun = Instant::now();
    centre.step_keeper();
    let kept = begun.elapsed();
    let running = centre.running().kept();
    ensure!(
        running.snapshot() == Sequence(standard.commands()),
        "no snapshot of all was made: {:?}",
        running.trouble()
    );
    Ok(kept)
}

fn start(setup: Setup) -> anyhow::Result<Stepped> {
    let wall = Arc::new(AtomicI64::new(0));
    Stepped::start(setup, Box::<Viewer>::default(), wall).context("the centre does not come up")
}

fn setup(size: RecoverySize, standard: &Standard, folder: &Path) -> Setup {
    let lane = 4_096;
    Setup {
        data: folder.into(),
        centre: CentreId(1),
        clock: ClockMode::Driven,
        capacities: size.load.capacities(),
        plan: engine::plan::DEFAULT.to_string(),
        lexicon: Lexicon::source_embedded().to_string(),
        city: Arc::clone(standard.city()),
        roads: None,
        lanes: LaneLimits {
            life: lane,
            urgent: lane,
            service: lane,
        },
        shape: Shape::default(),
        reply_ring_items: lane as usize,
        keeping: Keeping {
            // Not while it is measured.
            snapshot_records: u64::MAX,
            ..Keeping::default()
        },
        wake: vec![Arc::new(|| {})],
    }
}

/// What readers see, told as the gateway would be.
#[derive(Default)]
struct Viewer(View);

impl Release for Viewer {
    fn restored(&mut self, view: View) {
        self.0 = view;
    }

    fn released(&mut self, records: &[ReleasedRecord]) {
        for record in records {
            self.0.hear(record);
        }
    }
}

fn bytes_of(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "log")
        {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |commands: u64, time: Duration| commands as f64 / time.as_secs_f64() / 1e6;
        writeln!(
            f,
            "{} commands journalled in {:.1} s: {:.2} GB, {:.2} million a second",
            self.replayed,
            self.writing.as_secs_f64(),
            self.journal_bytes as f64 / 1e9,
            rate(self.replayed, self.writing),
        )?;
        writeln!(
            f,
            "replayed from the first in {:.1} s: {:.2} million commands a second, every event compared",
            self.replaying.as_secs_f64(),
            rate(self.replayed, self.replaying),
        )?;
        writeln!(
            f,
            "a snapshot of all of it in {:.1} s",
            self.keeping.as_secs_f64()
        )?;
        writeln!(
            f,
            "back in service from it and the last {} commands, view included, in {:.0} ms",
            self.size.behind_snapshot,
            self.starting.as_secs_f64() * 1e3,
        )?;
        write!(f, "recovery: {}", self.result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let recovery = Recovery::measure(RecoverySize::SMOKE, &data).unwrap();
        assert!(recovery.replayed >= RecoverySize::SMOKE.commands);
        let told = recovery.to_string();
        assert!(
            told.contains("every event compared") && told.contains("state "),
            "{told}"
        );
    }
}
