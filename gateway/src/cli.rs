//! The command line: what can be asked, and the voice in which mistakes are told.
//!
//! Results go to stdout, logs and mistakes to stderr; exit code 1 means that something went wrong. Each command is
//! one function beside this file; `main` calls [`run`] and nothing else.

mod city;
mod classify;
mod journal;
mod serving;

use crate::config;
use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::command::ClockMode;
use engine::id::{HeaderHash, Sequence};
use std::path::PathBuf;
use std::process::ExitCode;

/// Routes emergency calls: says what each one is, orders the nearest units, watches every clock.
#[derive(Debug, Parser)]
#[command(name = "liandong", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a centre. Without a config: the embedded city, on this machine alone.
    Serve(Serve),
    /// Check a configuration with its plan, lexicon and city; name the exact place of each error.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Make, import or check a city folder.
    #[command(subcommand)]
    City(City),
    /// Say what calls are: JSON lines with "line" and "text" in, the same with the verdict out.
    Classify(Classify),
    /// Look at a journal. Reads only and takes no lock.
    #[command(subcommand)]
    Journal(Journal),
    /// About configurations.
    #[command(subcommand)]
    Config(Config),
}

#[derive(Debug, Args)]
struct Serve {
    /// The configuration file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The data folder, over that of the configuration.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The clock the centre lives on, over that of the configuration.
    #[arg(long, value_enum)]
    clock: Option<Clock>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Clock {
    /// The machine's own.
    Wall,
    /// Moved by one client.
    Driven,
}

impl From<Clock> for ClockMode {
    fn from(clock: Clock) -> ClockMode {
        match clock {
            Clock::Wall => ClockMode::Wall,
            Clock::Driven => ClockMode::Driven,
        }
    }
}

#[derive(Debug, Subcommand)]
enum City {
    /// Make a county from a seed.
    Generate {
        /// The folder to write.
        dir: PathBuf,
        /// The same seed makes the same city.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many units; left out: what a county has.
        #[arg(long)]
        units: Option<u32>,
    },
    /// Make a city folder from tables of one's own.
    Import(Import),
    /// Check a city folder; name every mistake by file, row and field.
    Check {
        /// The folder.
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Import {
    /// The folder to write.
    dir: PathBuf,
    /// What to call the city.
    #[arg(long)]
    name: String,
    /// The number of its centre.
    #[arg(long, default_value_t = 1)]
    centre: u16,
    /// CSV of posts.
    #[arg(long)]
    posts: PathBuf,
    /// CSV of units.
    #[arg(long)]
    units: PathBuf,
    /// CSV of districts; needs --shapes.
    #[arg(long, requires = "shapes")]
    districts: Option<PathBuf>,
    /// CSV of the districts' corners; needs --districts.
    #[arg(long, requires = "districts")]
    shapes: Option<PathBuf>,
    /// CSV of hospitals.
    #[arg(long)]
    hospitals: Option<PathBuf>,
    /// CSV of radio cells.
    #[arg(long)]
    cells: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Classify {
    /// The plan whose lines are known.
    #[arg(long)]
    plan: Option<PathBuf>,
    /// The lexicon to read with.
    #[arg(long)]
    lexicon: Option<PathBuf>,
    /// Write the span of each piece of evidence too.
    #[arg(long)]
    explain: bool,
}

#[derive(Debug, Subcommand)]
enum Journal {
    /// Prove it: every byte, hash and link.
    Verify {
        /// The data folder.
        dir: PathBuf,
        /// The hash of a head that was kept: does the journal lead there?
        #[arg(long)]
        head: Option<HeaderHash>,
    },
    /// Print its records as JSON lines.
    Export {
        /// The data folder.
        dir: PathBuf,
        /// Write the plans, lexicons and cities that it names into this folder.
        #[arg(long)]
        objects: Option<PathBuf>,
        /// The first record.
        #[arg(long)]
        from: Option<u64>,
        /// The last record.
        #[arg(long)]
        to: Option<u64>,
    },
    /// Apply every command again and compare the events.
    Replay {
        /// The data folder.
        dir: PathBuf,
    },
    /// Print the hash of the state.
    Hash {
        /// The data folder.
        dir: PathBuf,
        /// As of this record; left out: the last.
        #[arg(long)]
        at: Option<u64>,
    },
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Print the commented default configuration.
    Default,
}

/// Does what the command line asks.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match obey(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("liandong: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, each once: many errors say their cause themselves.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// Whoever reads our results has seen enough, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| {
        let kind = match cause.downcast_ref::<std::io::Error>() {
            Some(error) => Some(error.kind()),
            None => cause
                .downcast_ref::<serde_json::Error>()
                .and_then(serde_json::Error::io_error_kind),
        };
        kind == Some(std::io::ErrorKind::BrokenPipe)
    })
}

fn obey(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(Serve {
            config,
            data,
            clock,
        }) => serving::serve(
            config.as_deref(),
            &config::Overrides {
                data,
                clock: clock.map(ClockMode::from),
            },
        ),
        Command::Check { config } => serving::check(&config),
        Command::City(City::Generate { dir, seed, units }) => city::generate(&dir, seed, units),
        Command::City(City::Import(import)) => city::import(import),
        Command::City(City::Check { dir }) => city::check(&dir),
        Command::Classify(Classify {
            plan,
            lexicon,
            explain,
        }) => classify::classify(plan.as_deref(), lexicon.as_deref(), explain),
        Command::Journal(Journal::Verify { dir, head }) => journal::verify(&dir, head),
        Command::Journal(Journal::Export {
            dir,
            objects,
            from,
            to,
        }) => journal::export(
            &dir,
            objects.as_deref(),
            Sequence(from.unwrap_or(0)),
            Sequence(to.unwrap_or(u64::MAX)),
        ),
        Command::Journal(Journal::Replay { dir }) => journal::replay(&dir),
        Command::Journal(Journal::Hash { dir, at }) => journal::hash(&dir, at.map(Sequence)),
        Command::Config(Config::Default) => serving::print_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let disk = || std::io::Error::other("the disk is full");
        let error = anyhow::Error::from(disk()).context("journal: the disk is full");
        assert_eq!(told(&error), "journal: the disk is full");
        let error = anyhow::Error::from(disk()).context("record 7");
        assert_eq!(told(&error), "record 7: the disk is full");
    }

    /// A reader that has seen enough is no mistake, whoever noticed it first.
    #[test]
    fn a_broken_pipe_is_known_in_every_dress() {
        let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&broken().into()));
        assert!(is_broken_pipe(&serde_json::Error::io(broken()).into()));
        assert!(is_broken_pipe(
            &anyhow::Error::from(broken()).context("record 7")
        ));
        assert!(!is_broken_pipe(&std::io::Error::other("full").into()));
    }
}
