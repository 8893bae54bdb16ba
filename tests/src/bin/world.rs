//! Lives through simulated worlds, one for each seed, and says what they met: `world --seed N`, `--seeds A..B`,
//! `--count N`. Exit 1 with the seed and the command that repeats it when something did not hold.

use clap::Parser;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tests::world::counters::Counters;
use tests::world::{Failure, Options, run_caught};

/// Seeds of a run that names none.
const COUNT: u64 = 100;
/// What was met less often than that has a line of its own.
const SELDOM: u64 = 100;

#[derive(Parser)]
#[command(about = "Lives through simulated worlds, one for each seed")]
struct Arguments {
    /// One seed; its options are printed.
    #[arg(long, conflicts_with_all = ["seeds", "count"])]
    seed: Option<u64>,
    /// Seeds from A on, before B.
    #[arg(long, value_name = "A..B", conflicts_with = "count")]
    seeds: Option<String>,
    /// So many seeds, from 1 on.
    #[arg(long)]
    count: Option<u64>,
    /// No new seed is begun after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    budget: Option<u64>,
    /// How many worlds live at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    threads: u64,
    /// Three days and 10 000 commands a seed.
    #[arg(long)]
    long: bool,
    /// A file of seeds, the first word of each line, that are lived through before the others.
    #[arg(long, value_name = "FILE")]
    kept: Option<std::path::PathBuf>,
    /// Goes on after a failure and prints each.
    #[arg(long)]
    keep_going: bool,
}

struct Run {
    kept: Vec<u64>,
    first: u64,
    end: u64,
    begun: AtomicU64,
    stop: AtomicBool,
    sum: Mutex<Sum>,
}

#[derive(Default)]
struct Sum {
    counters: Option<Counters>,
    worlds: u64,
    records: u64,
    hours: u64,
    slowest: (Duration, u64),
    failures: Vec<Failure>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some((first, end)) = seeds(&arguments) else {
        eprintln!("world: seeds are written as A..B, A less than B");
        return ExitCode::from(2);
    };
    let kept = match arguments.kept.as_deref().map(kept).transpose() {
        Ok(kept) => kept.unwrap_or_default(),
        Err(error) => {
            eprintln!("world: the kept seeds cannot be read: {error}");
            return ExitCode::from(2);
        }
    };
    println!("kept seeds {kept:?}, then seeds {first}..{end}");
    let begun = Instant::now();
    let run = Run {
        kept,
        first,
        end,
        begun: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        sum: Mutex::default(),
    };
    if arguments.seed.is_none() {
        // A panic is a finding and is printed with its seed; its trace would only hide it.
        std::panic::set_hook(Box::new(|_| {}));
    } else {
        println!("{:#?}", options(first, arguments.long));
    }
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| live(&run, &arguments, begun));
        }
    });
    let sum = run.sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    print(&sum, begun.elapsed(), arguments.long)
}

/// The seeds of a file: the first word of each line that is no comment.
fn kept(file: &std::path::Path) -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let firsts = lines.filter_map(|line| line.split_whitespace().next());
    Ok(firsts.map(str::parse).collect::<Result<_, _>>()?)
}

fn seeds(arguments: &Arguments) -> Option<(u64, u64)> {
    if let Some(seed) = arguments.seed {
        return Some((seed, seed + 1));
    }
    let Some(range) = &arguments.seeds else {
        return Some((1, 1 + arguments.count.unwrap_or(COUNT)));
    };
    let (from, to) = range.split_once("..")?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from < to).then_some((from, to))
}

fn options(seed: u64, long: bool) -> Options {
    let mut options = Options::draw(seed);
    if long {
        options.commands_min = 10_000;
        options.day_ms *= 3;
    }
    options
}

fn live(run: &Run, arguments: &Arguments, begun: Instant) {
    let budget = arguments.budget.map(Duration::from_secs);
    loop {
        let index = run.begun.fetch_add(1, Ordering::Relaxed);
        let kept = run.kept.get(index as usize).copied();
        let seed = kept.unwrap_or_else(|| run.first + index - run.kept.len() as u64);
        let is_late = budget.is_some_and(|budget| begun.elapsed() >= budget);
        let is_last = kept.is_none() && (seed >= run.end || is_late);
        if is_last || run.stop.load(Ordering::Relaxed) {
            return;
        }
        let since = Instant::now();
        let lived = run_caught(options(seed, arguments.long));
        let mut sum = run.sum.lock().unwrap_or_else(PoisonError::into_inner);
        match lived {
            Ok(report) => {
                sum.worlds += 1;
                sum.records += report.records;
                sum.hours += report.lasted_ms as u64 / 3_600_000;
                sum.slowest = sum.slowest.max((since.elapsed(), seed));
                sum.counters.get_or_insert_default().merge(&report.counters);
                if arguments.seed.is_some() {
                    println!("digest {}", report.digest);
                }
            }
            Err(failure) => {
                println!("FAILED {failure}");
                sum.failures.push(*failure);
                if !arguments.keep_going {
                    run.stop.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

fn print(sum: &Sum, took: Duration, long: bool) -> ExitCode {
    if let Some(counters) = &sum.counters {
        print!("{counters}");
        for ((sort, which, to), times) in counters.below(SELDOM) {
            println!("seldom: {sort}: {which} {to}: {times}");
        }
    }
    let each = took / sum.worlds.max(1) as u32;
    println!(
        "{} worlds, {} records, {} simulated hours in {:.1} s, {:.1} ms each; the slowest was seed {} with {} ms",
        sum.worlds,
        sum.records,
        sum.hours,
        took.as_secs_f64(),
        each.as_secs_f64() * 1e3,
        sum.slowest.1,
        sum.slowest.0.as_millis(),
    );
    for failure in &sum.failures {
        let long = if long { " --long" } else { "" };
        println!("again: target/release/world --seed {}{long}", failure.seed);
    }
    match sum.failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
