//! `liandong-load simulate`: what is typed, and what is printed.

use super::Failure;
use crate::caller::behaviour::Calling;
use crate::crew::observed::Observed;
use crate::simulate::beside::{self, Beside, Matters};
use crate::simulate::county::{Ground, Setting};
use crate::simulate::difference::{Difference, compare, words};
use crate::simulate::outcome::Outcome;
use crate::simulate::region::Region;
use crate::simulate::sheet::Sheet;
use crate::simulate::verdict::Verdict;
use crate::simulate::{Played, SimulateError, play};
use crate::trace::read::Order;
use crate::trace::table::Table;
use crate::trace::{Reader, Row, observed};
use clap::Args;
use gateway::config::{Config, Overrides};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seeds of one run at most.
const SEEDS_MAX: u64 = 1_000;

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The trace; its calls may stand in any order.
    trace: PathBuf,
    /// The centre's configuration, as for `liandong serve`; without one, the embedded city and plan.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Several centres at once: a file that lists them as `[[centre]]`, each with its name, config (or seed) and share.
    #[arg(long, conflicts_with = "config")]
    region: Option<PathBuf>,
    /// Several centres at once: so many generated counties of equal shares.
    #[arg(long, conflicts_with_all = ["config", "region"])]
    centres: Option<usize>,
    /// With --centres: units of each county.
    #[arg(long, requires = "centres")]
    units: Option<u32>,
    /// Another configuration (with --region: another region), compared with the first seed by seed.
    #[arg(long, conflicts_with = "centres")]
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
    /// Crews take as long as units were seen to: a file of `import --format sffd --observed`, or of one's own.
    #[arg(long)]
    crews_observed: Option<PathBuf>,
    /// Print first arrivals beside those of such a file, by matter.
    #[arg(long)]
    beside: Option<PathBuf>,
    /// Threads; as many as there are cores by default. The figures are the same with any.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Write all figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the figures as CSV, one a row; digests, words and --beside are in the JSON alone.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// No progress line.
    #[arg(long)]
    quiet: bool,
}

/// One configuration's figures.
#[derive(Debug, Serialize)]
struct Side {
    #[serde(flatten)]
    together: Verdict,
    /// By the names of centres, where there are several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    centres: BTreeMap<String, Verdict>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Beside>,
}

/// All that is written as JSON.
#[derive(Debug, Serialize)]
struct Written {
    seeds: Vec<u64>,
    first: Side,
    second: Option<Side>,
    differences: Vec<Difference>,
    words: String,
}

impl From<SimulateError> for Failure {
    fn from(error: SimulateError) -> Failure {
        failed(error.to_string())
    }
}

fn failed(message: String) -> Failure {
    Failure { message, code: 1 }
}

pub(super) fn simulate(args: &SimulateArgs) -> Result<(), Failure> {
    let rows = rows(&args.trace)?;
    let regions = regions(args)?;
    let sides: Vec<&Region> = regions.iter().collect();
    let matters = match &args.beside {
        Some(file) => {
            let matters = Matters::of(&observed::read(file)?);
            Some(matters.map_err(|error| failed(format!("{}: {error}", file.display())))?)
        }
        None => None,
    };
    let setting = setting(args, matters.as_ref())?;
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
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = args.threads.unwrap_or(cores);
    let played = play(&rows, &sides, &setting, &seeds, threads, &progress)?;
    let side = |at: usize| -> Option<Side> {
        Some(side(played.get(at)?, regions.get(at)?, matters.as_ref()))
    };
    let outcomes = |at: usize| -> &[Outcome] {
        played
            .get(at)
            .map_or(&[], |played: &Played| &played.together)
    };
    let differences = compare(outcomes(0), outcomes(1));
    let written = Written {
        first: side(0).ok_or_else(|| failed("nothing was played".into()))?,
        second: side(1),
        words: match regions.len() {
            1 => String::new(),
            _ => words(outcomes(0), outcomes(1), &differences),
        },
        differences,
        seeds,
    };
    print(&written);
    if let Some(file) = &args.csv {
        write_csv(file, &written)?;
    }
    match &args.json {
        Some(file) => write(file, &written),
        None => Ok(()),
    }
}

/// The calls of a trace, in the order of their times.
fn rows(file: &Path) -> Result<Vec<Row>, Failure> {
    let reader = Reader::of(Table::open(file)?, &[], Order::Any)?;
    let mut rows = reader.collect::<Result<Vec<Row>, _>>()?;
    rows.sort_by_key(|row| row.at);
    Ok(rows)
}

/// One side, or two.
fn regions(args: &SimulateArgs) -> Result<Vec<Region>, Failure> {
    let alone = |file: Option<&Path>| ground(file).map(Region::alone);
    let against = args.against.as_deref();
    let mut regions = Vec::new();
    match (&args.region, args.centres) {
        (Some(file), _) => {
            regions.push(Region::read(file).map_err(failed)?);
            if let Some(file) = against {
                regions.push(Region::read(file).map_err(failed)?);
            }
        }
        (None, Some(count)) => {
            regions.push(Region::generated(count, args.units).map_err(failed)?);
        }
        (None, None) => {
            regions.push(alone(args.config.as_deref())?);
            if against.is_some() {
                regions.push(alone(against)?);
            }
        }
    }
    Ok(regions)
}

fn setting(args: &SimulateArgs, matters: Option<&Matters>) -> Result<Setting, Failure> {
    let observed = match &args.crews_observed {
        Some(file) => {
            let observed = Observed::of(&observed::read(file)?);
            if observed.is_empty() {
                return Err(failed(format!(
                    "{}: too few units were seen to draw from; 20 are needed of a figure",
                    file.display()
                )));
            }
            Some(Arc::new(observed))
        }
        None => None,
    };
    Ok(Setting {
        callers: args.callers.and_then(|callers| callers.0),
        observed,
        matters: matters.map(Matters::numbers).unwrap_or_default(),
    })
}

fn side(played: &Played, region: &Region, matters: Option<&Matters>) -> Side {
    let names = region.members().iter().map(|member| member.name.clone());
    let centres = played.centres.iter().map(|outcomes| Verdict::of(outcomes));
    Side {
        together: Verdict::of(&played.together),
        centres: names.zip(centres).collect(),
        beside: matters.map_or_else(Vec::new, |matters| matters.beside(&played.together)),
    }
}

fn print(written: &Written) {
    print_side(&written.first);
    if let Some(second) = &written.second {
        println!("\n--- against\n");
        print_side(second);
        println!("\n--- the second less the first, seed by seed, with 95 % intervals\n");
        for difference in &written.differences {
            println!("{}", difference.says);
        }
        println!("\n--- in words\n");
        print!("{}", written.words);
    }
}

fn print_side(side: &Side) {
    for (name, verdict) in &side.centres {
        println!("--- {name}\n");
        println!("{}", verdict.text());
    }
    if !side.centres.is_empty() {
        println!("--- {} centres together\n", side.centres.len());
    }
    print!("{}", side.together.text());
    if !side.beside.is_empty() {
        print!("\n{}", beside::text(&side.beside));
    }
}

/// The ground of a configuration; without a file, the embedded county.
pub(super) fn ground(file: Option<&Path>) -> Result<Ground, Failure> {
    let config = Config::load(file, &Overrides::default());
    let config = config.map_err(|error| failed(error.to_string()))?;
    Ground::of(config).map_err(failed)
}

fn write(file: &Path, written: &Written) -> Result<(), Failure> {
    let failed = |error: std::io::Error| failed(format!("{}: {error}", file.display()));
    let mut json = serde_json::to_vec_pretty(written).map_err(|error| failed(error.into()))?;
    json.push(b'\n');
    std::fs::write(file, json).map_err(failed)
}

fn write_csv(file: &Path, written: &Written) -> Result<(), Failure> {
    let wrote = || -> Result<(), csv::Error> {
        let out = std::io::BufWriter::new(std::fs::File::create(file)?);
        let mut sheet = Sheet::new(out)?;
        let sides = [
            ("first", Some(&written.first)),
            ("second", written.second.as_ref()),
        ];
        for (name, side) in sides {
            let Some(side) = side else { continue };
            sheet.verdict(name, "", &side.together)?;
            for (centre, verdict) in &side.centres {
                sheet.verdict(name, centre, verdict)?;
            }
        }
        sheet.differences(&written.differences)?;
        sheet.finish()
    };
    wrote().map_err(|error| failed(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_may_stand_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "at,line,key\n9,110,b\n4,119,a\n").unwrap();
        let rows = rows(&path).map_err(|failure| failure.message).unwrap();
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
    }
}
