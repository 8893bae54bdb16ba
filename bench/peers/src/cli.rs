//! The command line: what is typed, made a plan, run, and told.

use crate::closed_loop::Lengths;
use crate::load::{Load, UNITS};
use crate::rounds::{Plan, run as run_rounds};
use crate::rows::{ROWS, Row};
use crate::table::Report;
use anyhow::{Context, bail};
use clap::Parser;
use loadgen::report::about::Machine;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Before each measurement, as a share of it: by default a second, in which Liandong comes to rest after its units were busied.
const WARM_SHARE: f64 = 0.5;
/// `f_type` of a file system in memory (linux/magic.h, TMPFS_MAGIC).
const IN_MEMORY: rustix::fs::FsWord = 0x0102_1994;

const AFTER_HELP: &str = "\
Examples:
  peers                                    the whole table, in under five minutes
  peers --only liandong,redis-aof,postgis  those that keep what they have promised
  peers --only redis --in-flight 64        another number at once than the best that was found
  peers --seconds 0.2 --rounds 1 --only echo,axum,tonic,kiddo,rstar,liandong   a look whether it works

Servers of others are started on free loopback ports with the configuration in bench/peers, in a temporary folder, and ended.
One that is not installed is named and skipped; `bench/peers/install` installs them.

Exit codes: 0 the table was made; 1 it was not; 2 the command line was wrong.";

/// Liandong beside others that find the nearest free unit and claim it: the same calls, machine and run, one table.
#[derive(Debug, Parser)]
#[command(name = "peers", version = gateway::VERSION, after_help = AFTER_HELP)]
struct Typed {
    /// Rounds; each row runs once in each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rounds: u16,
    /// Seconds that count, of each row in each round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Only these rows, by name, with commas between.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Units of the city.
    #[arg(long, default_value_t = UNITS, value_parser = clap::value_parser!(u32).range(500..=16_000))]
    units: u32,
    /// Calls on the way at once, instead of each row's own number.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    in_flight: Option<u16>,
    /// Connections that they share, instead of each row's own number.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=250))]
    connections: Option<u16>,
    /// Make the temporary folder of the servers' data in here; without it: where the system has them.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Write the table and each row's spread here too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs the command and gives its exit code.
pub fn run() -> ExitCode {
    let typed = match Typed::try_parse() {
        Ok(typed) => typed,
        Err(error) => error.exit(),
    };
    match compare(&typed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chosen(only: &[String]) -> anyhow::Result<Vec<&'static Row>> {
    const ALL: &[Row] = &ROWS;
    let names: Vec<_> = ALL.iter().map(|row| row.name).collect();
    for name in only {
        if !names.contains(&name.as_str()) {
            bail!(
                "--only {name}: there is no such row; there are {}",
                names.join(", ")
            );
        }
    }
    let is_chosen = |row: &&Row| only.is_empty() || only.iter().any(|name| name == row.name);
    Ok(ALL.iter().filter(is_chosen).collect())
}

fn compare(typed: &Typed) -> anyhow::Result<()> {
    let rows = chosen(&typed.only)?;
    if !(0.01..=3_600.0).contains(&typed.seconds) {
        bail!("--seconds {} must be from 0.01 to 3600", typed.seconds);
    }
    let machine = Machine::read();
    let folder = folder(typed.data.as_deref())?;
    let plan = Plan {
        rows,
        rounds: typed.rounds.into(),
        lengths: Lengths {
            warm: Duration::from_secs_f64(typed.seconds * WARM_SHARE),
            measured: Duration::from_secs_f64(typed.seconds),
        },
        load: Arc::new(Load::new(typed.units)?),
        folder: folder.path().to_path_buf(),
        in_flight: typed.in_flight.map(usize::from),
        connections: typed.connections.map(usize::from),
    };
    let data = file_system(folder.path())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads")?;
    let outcome = runtime.block_on(async {
        let (mut ends, mut breaks) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        // Whoever is cut off here ends the servers that it started.
        tokio::select! {
            outcome = run_rounds(&plan) => outcome,
            _ = ends.recv() => bail!("ended from outside"),
            _ = breaks.recv() => bail!("stopped by Ctrl-C"),
        }
    })?;
    let report = Report::of(&plan, &outcome, machine, data);
    print!("{}", report.markdown());
    if let Some(file) = &typed.json {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(file, json)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// The run's folder. Servers that run as somebody else must be able to pass through it.
fn folder(parent: Option<&Path>) -> anyhow::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("liandong-peers-");
    builder.permissions(std::fs::Permissions::from_mode(0o755));
    let made = match parent {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    };
    made.context("no temporary folder; name one that may be written (--data)")
}

/// Whether what is on the disk is on a disk.
fn file_system(folder: &Path) -> anyhow::Result<String> {
    let is_in_memory = rustix::fs::statfs(folder)?.f_type == IN_MEMORY;
    Ok(match is_in_memory {
        true => "a file system in memory, so that nothing is durable".into(),
        false => "a disk".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_or_refused() {
        let names = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
            chosen(&only).map(|rows| rows.iter().map(|row| row.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap().len(), ROWS.len());
        assert_eq!(names(&["rstar", "echo"]).unwrap(), ["echo", "rstar"]);
        let refused = names(&["reddis"]).unwrap_err().to_string();
        assert!(refused.contains("redis-aof"), "{refused}");
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Typed::command().debug_assert();
    }
}
