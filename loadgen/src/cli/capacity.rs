//! `liandong-load capacity`: what is typed, and what is printed. The study itself is [`crate::capacity`]'s.

use super::checked::{self, Centre, Crewing, Lasting, Positions};
use super::{Failure, write_json};
use crate::capacity::limit::Limit;
use crate::capacity::{self, Study, Verdict, picture, text};
use crate::ground::Ground;
use crate::objective::Slo;
use crate::pace::Spread;
use crate::replay::field::wall;
use crate::replay::{Options, rate};
use crate::report::about::About;
use crate::synth::{self, Size};
use crate::trace::Row;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(super) const HELP: &str = "\
Examples:
  liandong-load capacity --to quic://127.0.0.1:4433 --slo 'p99<10ms,lost=0' --stats http://127.0.0.1:8110
  liandong-load capacity day.csv --to quic://127.0.0.1:4433 --slo 'p99<50ms,errors<0.1%' --from 50 --repeats 1 --json verdict.json

Warms up, climbs by half as much again until an objective breaks twice in a row, halves the gap down to 5 %, and soaks --soaks times, 5 %
higher after one that held and lower after one that broke (before any held, up to seven more, in the end by a fifth and by half); all of it --repeats
times. What holds is the rate at which one is as likely to hold as to break by all that was seen, no more than one has held. Then it measures a
curve, at 20, 40, 60, 80, 110, 130 and 160 % of the rate that holds. Calls come at random (Poisson) or --evenly.
Exit codes: 0 a rate holds; 1 usage or error; 2 it says nothing about the centre: the generator was the bottleneck, or other programs had the
machine; 99 no rate holds, time ran out before one was confirmed, or the centre could not be reached any more. Searches that lie over 10 % apart are
told, and `apart` of the JSON says by how much; the exit code does not.";

/// Calls of the standard load that are made where no trace is given.
const CALLS: u64 = 50_000;

#[derive(Debug, Args)]
pub(super) struct CapacityArgs {
    /// The calls, sent again and again under new keys; without a trace the standard load is made.
    trace: Option<PathBuf>,
    /// The centre, as in quic://127.0.0.1:4433; it must live on the wall clock.
    #[arg(long)]
    to: Centre,
    /// What every step must hold, as in 'p99<10ms,lost=0'; what no objective bounds may not be lost or refused.
    #[arg(long)]
    slo: Slo,
    /// The first rate, in calls a second.
    #[arg(long, default_value_t = 100.0)]
    from: f64,
    /// The search goes no higher than this rate; what is measured beyond the rate that holds does.
    #[arg(long, default_value_t = 200_000.0)]
    ceiling: f64,
    /// How long the first rate is kept up before anything is judged; without it one step. A minute and more lets a centre just started
    /// touch the memory it will use, which slows its first million calls.
    #[arg(long)]
    warm_up: Option<Lasting>,
    /// How long each step is.
    #[arg(long = "step", default_value = "5s")]
    step: Lasting,
    /// How long each soak is.
    #[arg(long, default_value = "20s")]
    soak: Lasting,
    /// How many soaks each search ends with, up and down around what it found. One is quick; near its limit a centre now holds and now breaks
    /// the same rate, and more of them find the same again.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=100))]
    soaks: u32,
    /// How often the whole search is done.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeats: u32,
    /// Begin no step later than this.
    #[arg(long, default_value = "30m")]
    at_most: Lasting,
    /// The address of the centre's figures, as in http://127.0.0.1:8110; without it the limit can often not be named.
    #[arg(long)]
    stats: Option<String>,
    /// The city's folder that the standard load is laid on; without it the embedded city.
    #[arg(long, default_value = "embedded")]
    city: PathBuf,
    /// Crews: `standard` (one report within 1 s) or `field`.
    #[arg(long, default_value = "standard")]
    crews: Crewing,
    /// Connections for calls.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Streams a connection.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=15))]
    streams: u8,
    /// Calls come evenly: kinder to the centre than callers are, but the same rate is found again sooner.
    #[arg(long)]
    evenly: bool,
    /// How long after its last call a step waits for answers.
    #[arg(long, default_value = "10s")]
    settle: Lasting,
    /// Decides the load, what crews do and when calls come.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The authority (PEM) that the centre's certificate comes from; on loopback none is needed.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Write the verdict with every step as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write every step as a row of CSV: rate, latencies, refused, lost.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Draw the curve, from a fifth of the rate that holds to well past it, as a picture (SVG): latencies, and cores.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// No line for each step.
    #[arg(long)]
    quiet: bool,
}

pub(super) fn capacity(args: &CapacityArgs) -> Result<u8, Failure> {
    for (flag, rate) in [("--from", args.from), ("--ceiling", args.ceiling)] {
        checked::rate(flag, rate).map_err(|message| Failure { message, code: 1 })?;
    }
    if args.ceiling < args.from {
        let message = "--ceiling lies below --from; write a rate from --from on".into();
        return Err(Failure { message, code: 1 });
    }
    for (name, lasting) in [
        ("warm-up", args.warm_up.unwrap_or(args.step)),
        ("step", args.step),
        ("soak", args.soak),
    ] {
        if lasting.0 < Duration::from_millis(100) {
            let message = format!(
                "--{name}: of so short a time nothing can be told; write 100ms or more, as in 5s"
            );
            return Err(Failure { message, code: 1 });
        }
    }
    let (study, options) = (study(args), options(args));
    let rows: Arc<[Row]> = rows(args, &options)?.into();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let quiet = args.quiet;
    let mut told = |step: &capacity::Step| {
        if !quiet {
            eprintln!("{step}");
        }
    };
    let about = circumstances(args, &options);
    let studied = capacity::run(&study, &options, rows, metrics(args), about, &mut told);
    let verdict = runtime.block_on(studied)?;
    runtime.shutdown_background();
    print!("{verdict}");
    if let Some(path) = &args.json {
        write_json(&verdict, path)?;
    }
    if let Some(path) = &args.csv {
        write_to(path, &text::csv(&verdict))?;
    }
    if let Some(path) = &args.svg {
        match picture::svg(&verdict) {
            Some(svg) => write_to(path, &svg)?,
            None => eprintln!(
                "{}: not written, for no rate holds and there is no curve",
                path.display()
            ),
        }
    }
    Ok(exit_code(&verdict))
}

fn circumstances(args: &CapacityArgs, options: &Options) -> About {
    let command = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    About {
        centre: format!("quic://{}", options.to),
        seed: options.seed,
        load: format!("{}, from {} calls/s on", options.trace.display(), args.from),
        ..About::now(command)
    }
}

fn study(args: &CapacityArgs) -> Study {
    Study {
        slo: args.slo.clone(),
        from: args.from,
        ceiling: args.ceiling,
        warm_up: args.warm_up.unwrap_or(args.step).0,
        step: args.step.0,
        soak: args.soak.0,
        soaks: args.soaks as usize,
        repeats: args.repeats,
        at_most: args.at_most.0,
        links: (args.connections.into(), args.streams.into()),
        spread: if args.evenly {
            Spread::Evenly
        } else {
            Spread::Poisson
        },
        settle: args.settle.0,
    }
}

fn options(args: &CapacityArgs) -> Options {
    let trust = match &args.ca {
        Some(path) => gateway::client::Trust::Authority(path.clone()),
        None => gateway::client::Trust::Loopback,
    };
    Options {
        trace: args
            .trace
            .clone()
            .unwrap_or_else(|| "the standard load".into()),
        to: args.to.0,
        trust,
        crews: Some(args.crews.behaviour(Positions::default())),
        ground: None,
        callers: None,
        seed: args.seed,
        run_id: Some(format!("capacity-{:x}", wall().0)),
        stats: None,
        answers: None,
        quiet: true,
    }
}

fn rows(args: &CapacityArgs, options: &Options) -> Result<Vec<Row>, Failure> {
    if args.trace.is_none() {
        let size = Size {
            days: None,
            calls: Some(CALLS),
        };
        let ground = Ground::named(&args.city)?;
        return Ok(synth::generate(
            synth::standard::NAME,
            args.seed,
            size,
            &ground,
        )?);
    }
    Ok(rate::rows(options, false)?)
}

/// Where the centre's metrics are: beside whatever of its figures was named.
fn metrics(args: &CapacityArgs) -> Option<String> {
    let url = args.stats.as_deref()?;
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let host = rest.split('/').next().unwrap_or(rest);
    Some(format!("http://{host}/metrics"))
}

fn write_to(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure {
        message: format!(
            "{}: {error}; name a file that may be written",
            path.display()
        ),
        code: 1,
    })
}

/// What a study exits with.
fn exit_code(verdict: &Verdict) -> u8 {
    match verdict.limit {
        Limit::Generator { .. } | Limit::Others => 2,
        Limit::Ceiling
        | Limit::Lane { .. }
        | Limit::Worker
        | Limit::Network
        | Limit::Cores
        | Limit::Journal
        | Limit::Thread { .. }
        | Limit::Gateways { .. }
        | Limit::Unknown => {
            if verdict.rate > 0.0 && verdict.broke_off.is_none() {
                0
            } else {
                99
            }
        }
    }
}
