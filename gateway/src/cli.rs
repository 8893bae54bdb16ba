//! The command line: what can be asked, and the voice in which mistakes are told.
//!
//! Results go to stdout, logs and mistakes to stderr. Exit codes: 0 good, 1 something went wrong, 2 a wrong command line.
//! Each command is one function beside this file; `examples` stand under its help, `manual` makes pages and completions
//! of all of it; `main` calls [`run`] and nothing else.

mod city;
mod city_columns;
mod classify;
mod examples;
mod journal;
pub mod manual;
mod roads;
mod serving;
mod told;

use crate::config;
use crate::language::Language;
use crate::log::LogFormat;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use engine::command::ClockMode;
use engine::id::{HeaderHash, OrderId, Sequence};
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;

/// Routes emergency calls: says what each one is, orders the nearest units, watches every clock.
#[derive(Debug, Parser)]
#[command(name = "liandong", version = crate::VERSION, propagate_version = true, after_help = examples::PROGRAM)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a centre. Without a config: the embedded city, on this machine alone.
    ///
    /// Recovers what the data folder holds, then listens for calls over QUIC and HTTP until it is told to stop. Nothing is
    /// answered before it is durable; a journal that cannot be written ends the centre aloud.
    #[command(after_help = examples::SERVE)]
    Serve(Serve),
    /// Check a configuration with its plan, lexicon and city; name the exact place of each error.
    ///
    /// Reads what `serve` would read and starts nothing. All mistakes come at once.
    #[command(after_help = examples::CHECK)]
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Make, import or check a city folder.
    ///
    /// A city is a folder of CSV files and one TOML file: districts, posts, units with rosters and contacts, hospitals,
    /// radio cells.
    #[command(subcommand)]
    City(City),
    /// Say what calls are: JSON lines with "line" and "text" in, the same with the verdict out.
    ///
    /// Reads stdin and writes stdout, line by line and in order. No centre is needed.
    #[command(after_help = examples::CLASSIFY)]
    Classify(Classify),
    /// Build prepared maps of roads, and ask them.
    ///
    /// A prepared map is one file: nodes, edges with a time for each profile, banned turns. Built once, checked at every start.
    #[command(subcommand)]
    Roads(roads::Roads),
    /// Look at a journal. Reads only and takes no lock.
    ///
    /// All of these work beside a running centre.
    #[command(subcommand)]
    Journal(Journal),
    /// Say why this unit was sent, and why not the nearer ones, from the journal alone.
    ///
    /// Folds the journal up to the order and reckons the time of everybody who could have gone by the documented formula. It
    /// never decides again. Reads only, takes no lock, works beside a running centre.
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// The data folder.
        dir: PathBuf,
        /// The order, as in 1.12.
        order: OrderId,
        /// The language of the sentences.
        #[arg(long, value_enum, default_value_t)]
        lang: Language,
        /// JSON instead of sentences.
        #[arg(long)]
        json: bool,
    },
    /// Print the shift's figures for one day.
    ///
    /// Calls by line and nature with the share that was valid; orders by agency with what was acknowledged, left, arrived and
    /// fed back in time, late or not at all; the open entries of the ledger. Reads only, takes no lock, works beside a
    /// running centre.
    #[command(after_help = examples::REPORT)]
    Report {
        /// The data folder.
        dir: PathBuf,
        /// The day, in the city's own time, as in 2026-11-21.
        #[arg(long, value_name = "DATE", value_parser = day)]
        day: Date,
        /// One figure a row, for programs: day,table,key,figure,value.
        #[arg(long)]
        csv: bool,
        /// A table of units too.
        #[arg(long)]
        units: bool,
        /// The language of the tables.
        #[arg(long, value_enum, default_value_t)]
        lang: Language,
    },
    /// Print the board for the hour the system is down: what is open, who was sent, whom to call.
    ///
    /// Incidents by priority, the orders of each with their next clock, what is still wanted, and the contacts that the
    /// city's data name. Reads only, takes no lock, works beside a running centre and after it.
    #[command(after_help = examples::BOARD)]
    Board {
        /// The data folder.
        dir: PathBuf,
        /// The language of the board.
        #[arg(long, value_enum, default_value_t)]
        lang: Language,
    },
    /// About configurations.
    ///
    /// A configuration is one TOML file; every line that is left out has its default.
    #[command(subcommand)]
    Config(Config),
    /// Write manual pages, made from these flags.
    ///
    /// One page for the program and one for each command.
    #[command(after_help = examples::MAN)]
    Man {
        /// The folder to write; left out: the program's page to stdout.
        dir: Option<PathBuf>,
    },
    /// Print completions for a shell, made from these flags.
    ///
    /// Where they belong is the shell's own matter; its manual says so.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: manual::Shell,
    },
}

#[derive(Debug, Args)]
struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder, over that of the configuration.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The clock the centre lives on, over that of the configuration.
    #[arg(long, value_enum)]
    clock: Option<Clock>,
    /// How the log is written, over that of the configuration.
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
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
    ///
    /// Made up, and the same on every machine: districts, posts, units with rosters, hospitals, cells, roads. A folder that
    /// holds another city is left as it is, unless --force says otherwise.
    #[command(after_help = examples::CITY_GENERATE)]
    Generate {
        /// The folder to write.
        dir: PathBuf,
        /// The same seed makes the same city.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many units; left out: what a county has.
        #[arg(long)]
        units: Option<u32>,
        /// Overwrite another city that is in the folder.
        #[arg(long)]
        force: bool,
    },
    /// Make a city folder from tables of one's own.
    ///
    /// Takes CSV in UTF-8, moves positions to WGS-84, and names every mistake by file, row and field. `liandong city columns`
    /// says what each table holds; --nodes and --edges are those of `liandong roads build`. A folder that holds another city is left as it is, unless --force says otherwise.
    #[command(after_help = examples::CITY_IMPORT)]
    Import(Box<Import>),
    /// Print every file and column of a city: type, unit, what it holds, an example.
    ///
    /// Made from what the loader reads; the same tables stand in docs/city.md. The tables that `city import` takes have the
    /// same columns.
    #[command(after_help = examples::CITY_COLUMNS)]
    Columns,
    /// Check a city folder; name every mistake by file, row and field.
    ///
    /// Reads it as `serve` would, its map of roads too. Warnings do not make it unusable.
    #[command(after_help = examples::CITY_CHECK)]
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
    /// CSV of contacts: whom orders go to.
    #[arg(long)]
    contacts: Option<PathBuf>,
    /// CSV of the roads' nodes: id,lat,lon; needs --edges.
    #[arg(long, requires = "edges")]
    nodes: Option<PathBuf>,
    /// CSV of the roads' edges, one row one direction: from,to,metres,seconds; needs --nodes.
    #[arg(long, requires = "nodes")]
    edges: Option<PathBuf>,
    /// Who made the roads' tables, to be shown wherever the map shows.
    #[arg(long, value_name = "TEXT", default_value = "", requires = "nodes")]
    attribution: String,
    /// Overwrite another city that is in the folder.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct Classify {
    #[command(subcommand)]
    act: Option<ClassifyAct>,
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
enum ClassifyAct {
    /// Say how well it does on labelled texts.
    ///
    /// JSON lines with line, text, kind, agencies, priority and nature. Prints shares with their 95 % intervals, what was taken for
    /// what, and the worst cases.
    #[command(after_help = examples::CLASSIFY_EVALUATE)]
    Evaluate {
        /// The labelled texts.
        file: PathBuf,
        /// The lexicon to read with.
        #[arg(long)]
        lexicon: Option<PathBuf>,
    },
    /// Make the model that a lexicon names, from labelled texts.
    ///
    /// The same texts and the same lexicon make the same bytes on every machine. The lexicon's line `model = …` is written anew.
    #[command(after_help = examples::CLASSIFY_TRAIN)]
    Train {
        /// The labelled texts.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The lexicon whose concepts are heard.
        #[arg(long)]
        lexicon: PathBuf,
        /// Where the model stands.
        #[arg(long)]
        model: PathBuf,
        /// Write nothing; fail when the model that is there is another.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Journal {
    /// Prove it: every byte, hash and link.
    ///
    /// Reads all segments from the first byte to the last and says how far the journal is sound.
    #[command(after_help = examples::JOURNAL_VERIFY)]
    Verify {
        /// The data folder.
        dir: PathBuf,
        /// The hash of a head that was kept: does the journal lead there?
        #[arg(long)]
        head: Option<HeaderHash>,
    },
    /// Print its records as JSON lines.
    ///
    /// Each line is {seq, at, actor, command, events, testimony}. It holds what callers said: keep it as you keep the journal.
    #[command(after_help = examples::JOURNAL_EXPORT)]
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
    ///
    /// The same journal gives the same state, on every machine. Changes nothing.
    #[command(after_help = examples::JOURNAL_REPLAY)]
    Replay {
        /// The data folder.
        dir: PathBuf,
    },
    /// Copy it, while a centre writes to it or not, and prove the copy.
    ///
    /// Snapshots, segments and what they name, up to the last record that is durable. Takes no lock and changes nothing.
    #[command(after_help = examples::JOURNAL_BACKUP)]
    Backup {
        /// The data folder.
        dir: PathBuf,
        /// Where the copy goes: a folder that holds no journal.
        copy: PathBuf,
    },
    /// Bring a copy back into an empty data folder, and prove it.
    ///
    /// A centre that is started there goes on where the copy ended; what was answered later is not in it.
    #[command(after_help = examples::JOURNAL_RESTORE)]
    Restore {
        /// The copy.
        copy: PathBuf,
        /// The data folder: it must hold no journal.
        dir: PathBuf,
    },
    /// Print the hash of the state.
    ///
    /// Two centres with one hash are in one state.
    #[command(after_help = examples::JOURNAL_HASH)]
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
    ///
    /// Every line of it is the default; a file needs only what differs.
    #[command(after_help = examples::CONFIG_DEFAULT)]
    Default,
}

/// A day as it is typed; the reason is ours, so that it says what would be right.
fn day(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| "no day of the calendar; write year-month-day, as in 2026-11-21".to_owned())
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
            log_format,
        }) => serving::serve(
            config.as_deref(),
            &config::Overrides {
                data,
                clock: clock.map(ClockMode::from),
                log_format,
            },
        ),
        Command::Check { config } => serving::check(&config),
        Command::City(City::Generate {
            dir,
            seed,
            units,
            force,
        }) => city::generate(&dir, seed, units, force),
        Command::City(City::Import(import)) => city::import(*import),
        Command::City(City::Columns) => city_columns::columns(),
        Command::City(City::Check { dir }) => city::check(&dir),
        Command::Classify(Classify {
            act: Some(ClassifyAct::Evaluate { file, lexicon }),
            ..
        }) => classify::evaluate(&file, lexicon.as_deref()),
        Command::Classify(Classify {
            act:
                Some(ClassifyAct::Train {
                    files,
                    lexicon,
                    model,
                    check,
                }),
            ..
        }) => classify::train(&files, &lexicon, &model, check),
        Command::Classify(Classify {
            act: None,
            plan,
            lexicon,
            explain,
        }) => classify::classify(plan.as_deref(), lexicon.as_deref(), explain),
        Command::Roads(command) => roads::obey(command),
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
        Command::Journal(Journal::Backup { dir, copy }) => journal::copy(&dir, &copy),
        Command::Journal(Journal::Restore { copy, dir }) => journal::copy(&copy, &dir),
        Command::Journal(Journal::Hash { dir, at }) => journal::hash(&dir, at.map(Sequence)),
        Command::Explain {
            dir,
            order,
            lang,
            json,
        } => told::explain(&dir, order, lang, json),
        Command::Report {
            dir,
            day,
            csv,
            units,
            lang,
        } => told::report(&dir, day, lang, csv, units),
        Command::Board { dir, lang } => told::board(&dir, lang),
        Command::Config(Config::Default) => serving::print_default(),
        Command::Man { dir } => manual::man(Cli::command(), dir.as_deref()),
        Command::Completions { shell } => manual::completions(Cli::command(), shell),
    }
}

#[cfg(test)]
mod tests;
