//! The command line of `liandong-load`: typed by clap, validated in [`checked`], then run.
//!
//! Exit codes: 0 good · 1 usage or error · 2 the run itself was invalid · 99 something was lost or doubly ordered, or an objective broken.
//! Results go to stdout, progress and errors to stderr.

mod capacity;
pub mod checked;
mod importing;
mod reporting;
mod simulating;
mod wall;
mod watching;

use crate::caller::behaviour::Calling;
use crate::crew::Behaviour;
use crate::ground::Ground;
use crate::objective::Slo;
use crate::replay::{Options, ReplayError, Speed, own};
use crate::report::Summary;
use crate::report::folder::{FolderError, ReportFolder};
use crate::simulate::county;
use crate::synth::{self, Size};
use crate::trace::import::{self, montgomery, rio, sffd, table};
use crate::trace::record::{RecordError, record};
use crate::trace::{TraceError, Writer};
use checked::{Centre, Crewing, Lasting, Positions, Times};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use gateway::cli::manual;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Replays real or generated emergency calls into a Liandong centre and says what became of them.
#[derive(Debug, Parser)]
#[command(name = "liandong-load", version = gateway::VERSION, after_help = AFTER_HELP)]
pub struct Typed {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Examples:
  liandong-load generate --profile xianju-2011 --seed 1 -o day.csv
  liandong-load replay day.csv --to quic://127.0.0.1:4433 --speed 600 --crews

Manual pages: `liandong-load man DIR`; completions: `liandong-load completions bash`.
Exit codes: 0 good · 1 usage or error · 2 the run itself was invalid · 99 lost, doubly ordered, or an objective broken.
A trace is CSV, plain, .gz or .zst: at,key,line,caller,lat,lon,datum,accuracy_m,text,kind,injured,expect_agencies;
`at` is RFC 3339 or seconds from the start; only `at` and `line` are mandatory. An empty `text` is a silent caller,
`\\N` one whose words are not known yet.";

const REPLAY_HELP: &str = "\
Examples:
  liandong-load replay day.csv --to quic://127.0.0.1:4433 --speed max --crews --callers
  liandong-load replay day.csv.zst --to quic://127.0.0.1:4433 --rate 5000 --for 20s --crews=standard
  liandong-load replay day.csv --to quic://127.0.0.1:4433 --rate 200 --report run-1
  liandong-load replay day.csv --to quic://127.0.0.1:4433 --rate 5 --crews --positions 1s --config centre.toml
  liandong-load replay day.csv --to quic://127.0.0.1:4433 --scenario storm.toml --slo 'p99<10ms,lost=0'

--speed wants a centre that was started with `--clock driven`; --rate, --phase and --scenario want one on the wall clock.
Shapes of a phase, in a scenario as fields of [[phase]] and with --phase as words: constant and soak (rate), ramp (from, to), step
(from, to, steps), spike (rate, peak, at, lasting), trace (speed: the trace's own times, so many times faster); all with `duration`, all but
trace with `arrivals` (evenly, poisson). A scenario may also set connections, streams, settle, crews, positions, callers, seed,
objectives.
Objectives: p50 p90 p99 p99.9 p99.99 max mean with us, ms or s; lost refused doubly_ordered errors with a number or a percentage.
Exit codes: 0 good; 1 usage or error; 2 the run itself was invalid, for the generator was the bottleneck; 99 something was lost or
doubly ordered, or an objective was broken.";

const SIMULATE_HELP: &str = "\
Examples:
  liandong-load simulate year.csv.zst
  liandong-load simulate year.csv.zst --config now.toml --against one-ambulance-more.toml --seeds 10

The seed decides what crews do. With --against both configurations are played under the same seeds and compared seed by seed.";

const GENERATE_HELP: &str = "\
Examples:
  liandong-load generate --profile xianju-2011 --seed 1 -o day.csv
  liandong-load generate --profile standard --calls 100000 --city my-county -o load.csv.zst
  liandong-load generate --profile one-accident --callers 500 -o crash.csv
  liandong-load generate --profile list";

const IMPORT_HELP: &str = "\
Examples:
  liandong-load import --format montgomery --onto embedded 911.csv -o calls.csv.gz
  liandong-load import --format rio --days 28 --seed 1 --onto embedded call_rates.csv -o month.csv.zst
  liandong-load import --format sffd Fire_Department_Calls_for_Service.csv --observed observed.csv -o calls.csv
  liandong-load import --format csv --map at=time --map line=number calls-of-ours.csv -o calls.csv";

const RECORD_HELP: &str = "\
Examples:
  liandong-load record liandong-data -o yesterday.csv.zst

Works beside a centre that is running. Repeats of a call are left out; `expect_agencies` is what the centre held each call to concern.";

const MAN_HELP: &str = "\
Examples:
  liandong-load man man1";

const COMPLETIONS_HELP: &str = "\
Examples:
  liandong-load completions bash";

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // one is made a run
enum Verb {
    /// Send a trace to a centre.
    #[command(after_help = REPLAY_HELP)]
    Replay(ReplayArgs),
    /// Find the highest rate at which a centre holds its objectives, and what keeps it from more.
    #[command(after_help = capacity::HELP)]
    Capacity(capacity::CapacityArgs),
    /// Play a trace in process on virtual time: a year in seconds, one configuration or two beside each other.
    #[command(after_help = SIMULATE_HELP)]
    Simulate(simulating::SimulateArgs),
    /// Make a trace out of a profile and a seed.
    #[command(after_help = GENERATE_HELP)]
    Generate(GenerateArgs),
    /// Make a trace of what others wrote.
    #[command(after_help = IMPORT_HELP)]
    Import(ImportArgs),
    /// Show a kept run again, or hold several runs against several others.
    #[command(after_help = reporting::HELP)]
    Report(reporting::ReportArgs),
    /// Make a trace out of a centre's journal.
    #[command(after_help = RECORD_HELP)]
    Record(RecordArgs),
    /// Write manual pages, made from these flags, into a folder; without one, the program's page to stdout.
    #[command(after_help = MAN_HELP)]
    Man {
        /// The folder to write.
        dir: Option<PathBuf>,
    },
    /// Print completions for a shell, made from these flags.
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell.
        shell: manual::Shell,
    },
}

/// How many times faster than life a centre is driven where nothing is said.
const SPEED_DEFAULT: f64 = 60.0;

#[derive(Debug, Args)]
struct ReplayArgs {
    /// The trace.
    trace: PathBuf,
    /// The centre, as in quic://127.0.0.1:4433.
    #[arg(long)]
    to: Centre,
    /// Drive a centre whose clock is `driven`, so many times faster than life, or `max`.
    /// 60 where neither this nor --rate is given.
    #[arg(long, conflicts_with = "rate")]
    speed: Option<Times>,
    /// Send so many calls a second on the wall clock, whatever the trace's times.
    #[arg(long)]
    rate: Option<f64>,
    /// Load the centre as this file says, in phases: TOML, see below.
    #[arg(long, conflicts_with_all = ["speed", "rate", "lasting", "phases"])]
    scenario: Option<PathBuf>,
    /// A phase of the load, as in 'ramp from=100 to=2000 duration=30s arrivals=poisson'; may be repeated.
    #[arg(long = "phase", conflicts_with_all = ["speed", "rate", "lasting"])]
    phases: Vec<wall::TypedPhase>,
    /// What the run must hold, as in p99<10ms,lost=0; broken: exit code 99.
    #[arg(long)]
    slo: Option<Slo>,
    /// With --rate: at random (Poisson) instead of evenly.
    #[arg(long, requires = "rate")]
    poisson: bool,
    /// Stop sending after so long on the wall, as in 20s; with --rate the trace is repeated under new keys until then.
    #[arg(long = "for")]
    lasting: Option<Lasting>,
    /// Crews that acknowledge, set off, arrive and finish, some of them badly; `standard`: one report within 1 s.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "field")]
    crews: Option<Crewing>,
    /// The centre's configuration, as for `liandong serve`: crews go home to their posts and drive by its map. Without it they stay where
    /// their orders end and drive in a straight line.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Callers who hang up, call again and say more than the trace has; `off`, or what differs, as in redial=60%,facts=0%,patience=90s.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "field")]
    callers: Option<Calling>,
    /// Where crews in the field say where they are: `none`, on `arrival`, or every so often on the way, as in 30s (arrival); on the way from
    /// where they belong with --config alone.
    #[arg(long, requires = "crews")]
    positions: Option<Positions>,
    /// Connections for calls, on the wall clock (2).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: Option<u16>,
    /// Streams a connection, on the wall clock (4).
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=15))]
    streams: Option<u8>,
    /// How long after the last call answers (--rate, wall time, 30s) or crews (--speed, centre time, 24h) may take.
    #[arg(long)]
    settle: Option<Lasting>,
    /// On the wall clock: do not subscribe; double orders then cannot show.
    #[arg(long, conflicts_with_all = ["crews", "callers"])]
    deaf: bool,
    /// Decides what crews do and when calls come at random (1).
    #[arg(long)]
    seed: Option<u64>,
    /// Goes before every key; on the wall clock the time by default, so that a trace can be sent again.
    #[arg(long)]
    run_id: Option<String>,
    /// The address of the centre's figures, for sequence and state hash, as in http://127.0.0.1:8110/v1/stats.
    #[arg(long)]
    stats: Option<String>,
    /// The authority (PEM) that the centre's certificate comes from; on loopback none is needed.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Write the summary as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write every answered key as CSV: key,call,incident,seq,outcome,orders.
    #[arg(long, conflicts_with = "report")]
    answers: Option<PathBuf>,
    /// Keep all of the run in this folder, which must be new or empty: report.html, summary.json, summary.txt, every second in
    /// seconds.csv and intervals.hlog, the distributions as CSV and .hgrm, every answered key in answers.csv, and in unmet.csv the calls
    /// of which not everybody was told whom the trace expects.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A line a second on stderr, even where that is a terminal on which the run could be drawn.
    #[arg(long)]
    plain: bool,
    /// Nothing on stderr while it runs.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// What to draw from; `list` names all of them with a line each.
    #[arg(long)]
    profile: String,
    /// The same seed gives the same trace.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// So many days; the profile's own without.
    #[arg(long)]
    days: Option<u64>,
    /// So many calls, at the profile's own pace; over --days where both are given.
    #[arg(long)]
    calls: Option<u64>,
    /// With a scene, as one-accident: so many callers.
    #[arg(long, conflicts_with_all = ["calls", "days"])]
    callers: Option<u64>,
    /// The city's folder; without it the embedded city.
    #[arg(long, default_value = "embedded")]
    city: PathBuf,
    /// The trace; .gz and .zst are compressed.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Montgomery County's file of EMS, fire and traffic calls.
    Montgomery,
    /// Rio de Janeiro's ambulance calls as rates, of which a trace is drawn; the regions' places stand in regions.csv beside it.
    Rio,
    /// San Francisco's "Fire Department Calls for Service": a row for each unit that was sent.
    Sffd,
    /// A table in a trace's columns, or in those that --map names.
    Csv,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// What the file is.
    #[arg(long)]
    format: Format,
    /// Lay the calls on a city: its folder, or `embedded`.
    #[arg(long)]
    onto: Option<PathBuf>,
    /// With csv: trace_column=column_of_the_file; may be repeated.
    #[arg(long, value_parser = table::names)]
    map: Vec<(String, String)>,
    /// With rio: so many days.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=rio::DAYS_MAX))]
    days: u64,
    /// With rio: decides which calls come.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// With sffd: write what units were seen to do, for `simulate --crews-observed` and `--beside`.
    #[arg(long)]
    observed: Option<PathBuf>,
    /// With --observed: the configuration of a centre on whose map each way is reckoned, from the station whose number the unit bears.
    #[arg(long, requires = "observed")]
    by_road: Option<PathBuf>,
    /// The file; plain, gzip or zstandard.
    input: PathBuf,
    /// The trace; .gz and .zst are compressed.
    #[arg(short, long)]
    output: PathBuf,
}

#[derive(Debug, Args)]
struct RecordArgs {
    /// The data folder of a centre.
    dir: PathBuf,
    /// The trace; .gz and .zst are compressed.
    #[arg(short, long)]
    output: PathBuf,
    /// With the numbers of callers, which are left out otherwise.
    #[arg(long)]
    callers: bool,
}

/// Runs the command line and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let typed = match Typed::try_parse_from(arguments) {
        Ok(typed) => typed,
        Err(error) => {
            // Help and version are wanted and good; anything else is a usage error.
            let code = u8::from(error.use_stderr());
            return if error.print().is_ok() { code } else { 1 };
        }
    };
    let done = match typed.verb {
        Verb::Replay(args) => replay(args),
        Verb::Capacity(args) => capacity::capacity(&args),
        Verb::Simulate(args) => simulating::simulate(&args).map(|()| 0),
        Verb::Report(args) => reporting::report(&args).map(|()| 0),
        Verb::Generate(args) => generate(&args).map(|()| 0),
        Verb::Import(args) => import(&args).map(|()| 0),
        Verb::Record(args) => recorded(&args).map(|()| 0),
        Verb::Man { dir } => documented(manual::man(Typed::command(), dir.as_deref())),
        Verb::Completions { shell } => documented(manual::completions(Typed::command(), shell)),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("liandong-load: {}", failure.message);
        failure.code
    })
}

/// Why a command failed, and what it exits with.
struct Failure {
    message: String,
    code: u8,
}

macro_rules! plain_failure {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure { message: error.to_string(), code: 1 }
            }
        }
    )+};
}
plain_failure!(
    TraceError,
    FolderError,
    RecordError,
    synth::SynthError,
    crate::ground::GroundError,
    std::io::Error
);

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Failure {
        Failure {
            code: error.exit_code(),
            message: error.to_string(),
        }
    }
}

/// Pages and completions, as this program fails.
fn documented(written: anyhow::Result<()>) -> Result<u8, Failure> {
    let failed = |error: anyhow::Error| Failure {
        message: format!("{error:#}"),
        code: 1,
    };
    written.map(|()| 0).map_err(failed)
}

fn replay(args: ReplayArgs) -> Result<u8, Failure> {
    let report = args.report.as_deref().map(ReportFolder::prepare);
    let report = report.transpose()?;
    let mut options = options(&args, report.as_ref());
    if args.crews == Some(Crewing::Standard) && args.positions.is_some() {
        let message = "--positions says where crews in the field are, and crews of `standard` go nowhere; write --crews without it, or leave --positions away";
        return Err(Failure {
            message: message.to_string(),
            code: 1,
        });
    }
    let load = wall::load(&args)?;
    let slo = load.as_ref().map(|load| load.slo.clone());
    let slo = slo.or(args.slo.clone()).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if let Some(load) = &load {
        (options.crews, options.callers, options.seed) = (load.crews, load.callers, load.seed);
    }
    options.ground = belonging(args.config.as_deref(), options.crews)?;
    let mut summary = runtime.block_on(watching::run(&args, &options, load))?;
    // Nothing may hold the process up once there is a summary.
    runtime.shutdown_background();
    judge(&mut summary, &slo);
    print!("{summary}");
    if let Some(path) = &args.json {
        write_json(&summary, path)?;
    }
    if let Some(report) = &report {
        report.write(&summary)?;
    }
    Ok(exit_code(&summary))
}

fn options(args: &ReplayArgs, report: Option<&ReportFolder>) -> Options {
    let trust = match &args.ca {
        Some(path) => gateway::client::Trust::Authority(path.clone()),
        None => gateway::client::Trust::Loopback,
    };
    Options {
        trace: args.trace.clone(),
        to: args.to.0,
        trust,
        crews: wall::behaviour(args),
        ground: None,
        callers: args.callers.and_then(|callers| callers.0),
        seed: args.seed.unwrap_or(wall::SEED),
        run_id: args.run_id.clone(),
        stats: args.stats.clone(),
        answers: report.map(ReportFolder::answers).or(args.answers.clone()),
        quiet: args.quiet,
    }
}

/// Where crews belong, read from the centre's configuration where one is named.
fn belonging(
    config: Option<&Path>,
    crews: Option<Behaviour>,
) -> Result<Option<Arc<county::Ground>>, Failure> {
    let Some(config) = config else {
        return Ok(None);
    };
    if crews.is_none_or(|crews| crews == Behaviour::Standard) {
        let message = "--config says where crews in the field belong, and there are none; add --crews, or leave it away";
        return Err(Failure {
            message: message.to_string(),
            code: 1,
        });
    }
    simulating::ground(Some(config)).map(|ground| Some(Arc::new(ground)))
}

/// Writes down what the run had to hold. One that the generator broke makes the run invalid.
fn judge(summary: &mut Summary, slo: &Slo) {
    let judged = slo.judge(summary);
    if summary.invalid.is_none() {
        summary.invalid = own::fault_of(summary, slo, &judged);
    }
    summary.objectives = judged;
}

fn speed_of(args: &ReplayArgs) -> Speed {
    Speed {
        times: args.speed.map_or(SPEED_DEFAULT, |times| times.0),
        at_most: args.lasting.map(|lasting| lasting.0),
        settle: args.settle.unwrap_or(Lasting::seconds(86_400)).span(),
    }
}

/// What a run's summary exits with.
pub fn exit_code(summary: &Summary) -> u8 {
    if summary.invalid.is_some() {
        2
    } else if summary.is_good() && summary.is_held() {
        0
    } else {
        99
    }
}

fn write_json(told: &impl serde::Serialize, path: &Path) -> Result<(), Failure> {
    let written = serde_json::to_vec_pretty(told)
        .map_err(std::io::Error::other)
        .and_then(|json| std::fs::write(path, json));
    written.map_err(|error| Failure {
        message: format!(
            "{}: {error}; name a file that may be written",
            path.display()
        ),
        code: 1,
    })
}

fn generate(args: &GenerateArgs) -> Result<(), Failure> {
    if args.profile == "list" {
        println!("{}", synth::list());
        return Ok(());
    }
    let Some(output) = &args.output else {
        return Err(Failure {
            message: "a trace needs a file; say -o FILE, as in -o day.csv.zst".into(),
            code: 1,
        });
    };
    let ground = Ground::named(&args.city)?;
    let size = Size {
        days: args.days,
        calls: args.calls.or(args.callers),
    };
    let (_, rows) = synth::stream(&args.profile, args.seed, size, &ground)?;
    let mut writer = Writer::create(output)?;
    let mut span = None;
    for row in rows {
        writer.write(&row)?;
        span = Some((span.map_or(row.at, |(first, _)| first), row.at));
    }
    let count = writer.finish()?;
    let (first, last) = span.map_or(Default::default(), |(first, last)| {
        (first.to_string(), last.to_string())
    });
    println!(
        "{count} calls from {first} to {last} in {}",
        output.display()
    );
    Ok(())
}

fn recorded(args: &RecordArgs) -> Result<(), Failure> {
    let recorded = record(&args.dir, &args.output, args.callers)?;
    println!(
        "{} calls, {} with the caller's own position, in {}",
        recorded.calls,
        recorded.placed,
        args.output.display()
    );
    if recorded.pruned {
        println!("the journal's beginning is gone; earlier calls are not in it any more");
    }
    Ok(())
}

fn import(args: &ImportArgs) -> Result<(), Failure> {
    let ground = args.onto.as_deref().map(Ground::named).transpose()?;
    if args.observed.is_some() && !matches!(args.format, Format::Sffd) {
        return Err(Failure {
            message: "--observed needs --format sffd: no other source tells what units did".into(),
            code: 1,
        });
    }
    let mut imported = match args.format {
        Format::Montgomery => montgomery::read(&args.input)?,
        Format::Rio => {
            let (days, seed, regions) = (args.days, args.seed, None);
            rio::read(
                &args.input,
                &rio::Wish {
                    days,
                    seed,
                    regions,
                },
            )?
        }
        Format::Sffd => sffd::read(&args.input)?,
        Format::Csv => table::read(&args.input, &args.map)?,
    };
    importing::tell_mistakes(&imported);
    if let Some(file) = &args.observed {
        importing::keep_observed(&mut imported, file, args.by_road.as_deref())?;
    }
    let summary = import::write(imported, ground.as_ref(), &args.output)?;
    println!(
        "{} calls, {} with a place, in {}",
        summary.rows,
        summary.placed,
        args.output.display()
    );
    if let Some(inside) = summary.inside {
        println!("{inside} of them inside the city's districts");
    }
    if !summary.unmatched.is_empty() {
        println!("titles that no rule knows:");
        for (title, (kind, count)) in &summary.unmatched {
            println!("{count:>8}  {title}  taken as {kind}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn code(line: &str) -> u8 {
        run(line.split(' ').map(std::ffi::OsString::from))
    }

    #[test]
    fn help_names_what_is_there_and_nothing_else() {
        let help = Typed::command().render_long_help().to_string();
        for verb in [
            "replay", "capacity", "simulate", "report", "generate", "import", "record",
        ] {
            assert!(help.contains(verb), "{help}");
        }
        assert_eq!(code("liandong-load --help"), 0);
    }

    /// Every command shows how it is typed, and what it shows can be typed.
    #[test]
    fn every_example_can_be_typed() {
        for command in Typed::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            let begin = format!("  liandong-load {}", command.get_name());
            let examples: Vec<_> = help
                .lines()
                .filter(|line| line.starts_with(&begin))
                .collect();
            assert!(!examples.is_empty(), "{}", command.get_name());
            for example in examples {
                // As a shell takes them: quotes are not part of a word.
                let words = example.split_whitespace();
                let words = words.map(|word| word.trim_matches('\''));
                let parsed = Typed::try_parse_from(words);
                assert!(parsed.is_ok(), "{example}: {}", parsed.err().unwrap());
            }
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_told_with_what_to_do() {
        let missing = crate::trace::Reader::open(Path::new("/nowhere/t.csv"))
            .err()
            .unwrap();
        let told = missing.to_string();
        assert!(
            told.starts_with("/nowhere/t.csv: ") && told.contains("; name a file"),
            "{told}"
        );
    }

    #[test]
    fn usage_errors_exit_with_1() {
        for line in [
            "liandong-load",
            "liandong-load capacity --to quic://127.0.0.1:1",
            "liandong-load capacity --to quic://127.0.0.1:1 --slo p98<1ms",
            "liandong-load capacity --to quic://127.0.0.1:1 --slo p99<1ms --step 1ms",
            "liandong-load replay t.csv --to quic://127.0.0.1:1 --scenario /nowhere/s.toml",
            "liandong-load replay t.csv --to quic://127.0.0.1:1 --rate 1 --scenario s.toml",
            "liandong-load replay t.csv --to quic://127.0.0.1:1",
            "liandong-load replay t.csv --to quic://127.0.0.1:1 --speed 1 --rate 1",
            "liandong-load replay t.csv --to 127.0.0.1:1 --speed 1",
            "liandong-load replay t.csv --to quic://127.0.0.1:1 --speed 1 --crews=lazy",
            "liandong-load replay /nowhere/t.csv --to quic://127.0.0.1:1 --speed 1",
            "liandong-load replay t.csv --to quic://127.0.0.1:1 --rate 0",
            "liandong-load generate --profile atlantis -o /tmp/never.csv",
            "liandong-load import --format rome x -o y",
        ] {
            assert_eq!(code(line), 1, "{line}");
        }
    }

    #[test]
    fn a_summary_has_the_exit_code_of_what_it_says() {
        let good = Summary::default();
        assert_eq!(exit_code(&good), 0);
        assert_eq!(
            exit_code(&Summary {
                lost: 1,
                ..good.clone()
            }),
            99
        );
        assert_eq!(
            exit_code(&Summary {
                doubly_ordered: 1,
                ..good.clone()
            }),
            99
        );
        let judged = |objective: &str, held| crate::report::Judged {
            objective: objective.into(),
            held,
            ..crate::report::Judged::default()
        };
        let with = |objectives| Summary {
            lost: 1,
            objectives,
            ..good.clone()
        };
        // What an objective allows to be lost may be lost, and what it does not may not.
        assert_eq!(exit_code(&with(vec![judged("lost<1%", true)])), 0);
        assert_eq!(exit_code(&with(vec![judged("lost<1%", false)])), 99);
        assert_eq!(exit_code(&with(vec![judged("p99<1s", true)])), 99);
        let invalid = Some("late".to_string());
        assert_eq!(
            exit_code(&Summary {
                invalid,
                lost: 1,
                ..good
            }),
            2
        );
    }

    #[test]
    fn a_generated_trace_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv.gz");
        let line = format!(
            "liandong-load generate --profile standard --calls 50 -o {}",
            path.display()
        );
        assert_eq!(code(&line), 0);
        let rows: Vec<_> = crate::trace::Reader::open(&path).unwrap().collect();
        assert_eq!(rows.len(), 50);
        assert!(rows.iter().all(Result::is_ok));
    }
}
