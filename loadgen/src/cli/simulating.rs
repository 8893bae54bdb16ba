//! `liandong-load simulate`: what is typed, and what is printed.

use super::Failure;
use crate::caller::behaviour::Calling;
use crate::simulate::county::Ground;
use crate::simulate::outcome::Outcome;
use crate::simulate::verdict::{Difference, Verdict, compare};
use crate::simulate::{SimulateError, play};
use crate::trace::{Reader, Row};
use clap::Args;
use gateway::config::{Config, Overrides};
use serde::Serialize;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Seeds of one run at most.
const SEEDS_MAX: u64 = 1_000;

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The trace; its calls may stand in any order.
    trace: PathBuf,
    /// The centre's configuration, as for `liandong serve`; without one, the embedded city and plan.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Another configuration, compared with the first seed by seed.
    #[arg(long)]
    against: Option<PathBuf>,
    /// How many seeds; intervals take two at least.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX))]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Callers who hang up, call again and say more than the trace has; `off`, or what differs, as in redial=60%,facts=0%.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "field")]
    callers: Option<Calling>,
    /// Write all figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// No progress line.
    #[arg(long)]
    quiet: bool,
}

/// All that is written as JSON.
#[derive(Debug, Serialize)]
struct Written {
    seeds: Vec<u64>,
    first: Verdict,
    second: Option<Verdict>,
    differences: Vec<Difference>,
}

impl From<SimulateError> for Failure {
    fn from(error: SimulateError) -> Failure {
        Failure {
            message: error.to_string(),
            code: 1,
        }
    }
}

pub(super) fn simulate(args: &SimulateArgs) -> Result<(), Failure> {
    let rows = rows(&args.trace)?;
    let callers = args.callers.and_then(|callers| callers.0);
    let with_callers = |ground: Ground| ground.with_callers(callers);
    let first = ground(args.config.as_deref()).map(with_callers)?;
    let second = args.against.as_deref().map(|file| ground(Some(file)));
    let second = second.transpose()?.map(with_callers);
    let grounds: Vec<&Ground> = [Some(&first), second.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    let seeds: Vec<u64> = (0..args.seeds)
        .map(|nth| args.seed.wrapping_add(nth))
        .collect();
    let shows = !args.quiet && std::io::stderr().is_terminal();
    let progress = |done: usize, all: usize| {
        if shows {
            eprint!("\r{done} of {all} runs");
            if done == all {
                eprintln!();
            }
        }
    };
    let outcomes = play(&rows, &grounds, &seeds, &progress)?;
    let of = |ground: usize| outcomes.get(ground).map(Vec::as_slice);
    let first: &[Outcome] = of(0).unwrap_or_default();
    let written = Written {
        first: Verdict::of(first),
        second: of(1).map(Verdict::of),
        differences: of(1).map_or_else(Vec::new, |second| compare(first, second)),
        seeds,
    };
    print!("{}", written.first.text());
    if let Some(second) = &written.second {
        println!("\n--- against\n");
        print!("{}", second.text());
        println!("\n--- the second less the first, seed by seed, with 95 % intervals\n");
        for difference in &written.differences {
            println!("{}", difference.says);
        }
        if args.seeds < 2 {
            println!("(one seed has no interval: give --seeds 10)");
        }
    }
    match &args.json {
        Some(file) => write(file, &written),
        None => Ok(()),
    }
}

/// The calls of a trace, in the order of their times.
fn rows(file: &Path) -> Result<Vec<Row>, Failure> {
    let mut rows = Reader::open(file)?.collect::<Result<Vec<Row>, _>>()?;
    rows.sort_by_key(|row| row.at);
    Ok(rows)
}

fn ground(file: Option<&Path>) -> Result<Ground, Failure> {
    let failed = |message: String| Failure { message, code: 1 };
    let config = Config::load(file, &Overrides::default());
    let config = config.map_err(|error| failed(error.to_string()))?;
    Ground::of(config).map_err(failed)
}

fn write(file: &Path, written: &Written) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure {
        message: format!("{}: {error}", file.display()),
        code: 1,
    };
    let mut json = serde_json::to_vec_pretty(written).map_err(|error| failed(error.into()))?;
    json.push(b'\n');
    std::fs::write(file, json).map_err(failed)
}
