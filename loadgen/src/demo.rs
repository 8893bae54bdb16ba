//! The main job before one's eyes: a centre on its embedded city, a day of calls through QUIC, crews, a summary.
//!
//! The only place in this crate that starts a centre; it does so through the gateway's own `serve`, in process, on a
//! driven clock, so that a whole day fits into the seconds that were asked for.

use crate::cli::exit_code;
use crate::crew::{Behaviour, Positions};
use crate::ground::Ground;
use crate::replay::driven::{self, Progress, Watch};
use crate::replay::{Options, Speed};
use crate::report::Summary;
use crate::synth::{self, Size};
use crate::trace::Writer;
use anyhow::{Context, anyhow, bail};
use clap::Parser;
use engine::command::ClockMode;
use engine::explain::Difference;
use engine::id::Sequence;
use engine::moment::Span;
use gateway::client::Trust;
use gateway::config::{Config, Overrides};
use gateway::explain::differences;
use gateway::serve::{ServeError, ServerHandle, serve};
use std::path::{Path, PathBuf};

/// What is played.
const PROFILE: &str = "xianju-2011";
/// Centre time after the last call in which crews may still finish.
const SETTLE: Span = Span::hours(2);
/// Centre time that is fitted into the seconds asked for: the day, and what crews need after it.
const PLAYED_S: f64 = 26.0 * 3_600.0;

const AFTER_HELP: &str = "\
Examples:
  cargo demo -- --seconds 20 --headless           a day in 20 s, a summary, an exit code
  cargo demo                                      a day in three minutes, the page at http://127.0.0.1:8110/
  cargo demo -- --quic-port 0 --http-port 0       where another centre has the usual ports

Exit codes: 0 nothing was lost and nobody ordered twice; 1 it could not be played; 2 the run itself was invalid;
99 something was lost or doubly ordered.";

/// Plays a county's day of emergency calls through a Liandong centre.
#[derive(Debug, Parser)]
#[command(name = "demo", version = gateway::VERSION, after_help = AFTER_HELP)]
pub struct Typed {
    /// The day takes so many seconds.
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// End by itself instead of serving on until Ctrl-C.
    #[arg(long)]
    headless: bool,
    /// Keep the centre's data here; it must be new. Without it: a fresh temporary folder, removed at the end.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The same seed plays the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// UDP port of QUIC on 127.0.0.1; 0: any that is free.
    #[arg(long, default_value_t = 4433)]
    quic_port: u16,
    /// TCP port of HTTP on 127.0.0.1; 0: any that is free.
    #[arg(long, default_value_t = 8110)]
    http_port: u16,
}

/// Runs the demo and gives its exit code: 0 only if nothing was lost or doubly ordered.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let typed = match Typed::try_parse_from(arguments) {
        Ok(typed) => typed,
        Err(error) => {
            let code = u8::from(error.use_stderr());
            return if error.print().is_ok() { code } else { 1 };
        }
    };
    match play(&typed) {
        Ok(summary) => exit_code(&summary),
        Err(error) => {
            eprintln!("demo: {error:#}");
            1
        }
    }
}

fn play(typed: &Typed) -> anyhow::Result<Summary> {
    let folder = tempfile::Builder::new()
        .prefix("liandong-demo-")
        .tempdir()
        .context("no temporary folder")?;
    let data = match &typed.data {
        Some(data) if holds_anything(data) => bail!(
            "{} is not empty; the demo plays a day from its beginning, so name a new folder",
            data.display()
        ),
        Some(data) => data.clone(),
        None => folder.path().join("data"),
    };
    let trace = folder.path().join("day.csv");
    let calls = generate(&trace, typed.seed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads")?;
    let summary = runtime.block_on(async {
        let server = start(typed, &data).await?;
        println!(
            "Liandong: a day of {calls} calls in a county of {} units, in {} s.\n\
             The centre: http://{} · quic://{} · data in {}",
            units(),
            typed.seconds,
            server.http_addr,
            server.quic_addr,
            data.display()
        );
        let played = replay(typed, &trace, &server, &data).await;
        if !typed.headless && played.is_ok() {
            println!(
                "The centre serves on at http://{} until Ctrl-C.",
                server.http_addr
            );
            tokio::signal::ctrl_c()
                .await
                .context("Ctrl-C cannot be heard")?;
        }
        let stopped = server.stop().await;
        let summary = played?;
        stopped.context("the centre did not stop in order")?;
        anyhow::Ok(summary)
    })?;
    Ok(summary)
}

/// A folder that cannot be read is for the centre to complain about.
fn holds_anything(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn units() -> usize {
    engine::city::generate(crate::ground::EMBEDDED_SEED, None).map_or(0, |city| city.units.len())
}

fn generate(trace: &Path, seed: u64) -> anyhow::Result<u64> {
    let rows = synth::generate(PROFILE, seed, Size::default(), &Ground::embedded()?)?;
    let mut writer = Writer::create(trace)?;
    for row in &rows {
        writer.write(row)?;
    }
    Ok(writer.finish()?)
}

async fn start(typed: &Typed, data: &Path) -> anyhow::Result<ServerHandle> {
    let overrides = Overrides {
        data: Some(data.to_path_buf()),
        clock: Some(ClockMode::Driven),
        ..Overrides::default()
    };
    let mut config = Config::load(None, &overrides)?;
    config.quic.listen = ([127, 0, 0, 1], typed.quic_port).into();
    config.http_listen = ([127, 0, 0, 1], typed.http_port).into();
    serve(config).await.map_err(|error| {
        // Said once: the error names the port and what the system says of it.
        match error {
            ServeError::Quic(_) | ServeError::Http { .. } => {
                anyhow!("{error} (--quic-port, --http-port; 0: any that is free)")
            }
            error => error.into(),
        }
    })
}

async fn replay(
    typed: &Typed,
    trace: &Path,
    server: &ServerHandle,
    data: &Path,
) -> anyhow::Result<Summary> {
    let options = Options {
        trace: trace.to_path_buf(),
        to: server.quic_addr,
        trust: Trust::Loopback,
        crews: Some(Behaviour::Field {
            positions: Positions::OnArrival,
        }),
        ground: None,
        callers: None,
        seed: typed.seed,
        run_id: None,
        stats: Some(format!("http://{}/v1/stats", server.http_addr)),
        answers: None,
        quiet: false,
    };
    let speed = Speed {
        times: PLAYED_S / f64::from(typed.seconds),
        at_most: None,
        settle: SETTLE,
    };
    let mut story = Story;
    let mut summary = tokio::select! {
        summary = driven::run(&options, speed, &mut story) => summary?,
        reason = server.failed() => bail!("the centre has failed: {reason}"),
        _ = tokio::signal::ctrl_c() => bail!("stopped by Ctrl-C before the day was over"),
    };
    summary.trace = format!("a day of {PROFILE}, seed {}", typed.seed);
    println!("{summary}{}", by_road(data)?);
    let verdict = if summary.is_good() {
        "Nothing was lost, nobody was ordered twice."
    } else {
        "SOMETHING WAS LOST OR ORDERED TWICE: see above."
    };
    println!("{verdict}");
    Ok(summary)
}

/// What the roads changed, out of the centre's journal.
fn by_road(data: &Path) -> anyhow::Result<String> {
    let all = differences(data, Sequence(u64::MAX))?;
    let others = all.iter().filter(|it| it.sent != it.straight);
    let mut saved: Vec<u32> = others.map(Difference::saved_ms).collect();
    saved.sort_unstable();
    let minutes = |ms: u64| ms as f64 / 60_000.0;
    let median = saved.get(saved.len() / 2).copied().unwrap_or(0);
    Ok(format!(
        "by road   of {} orders to whoever was nearest {} went to another unit than by straight line\n          \
         sooner there by {:.1} min together, {:.1} min in the median",
        all.len(),
        saved.len(),
        minutes(saved.iter().copied().map(u64::from).sum()),
        minutes(median.into()),
    ))
}

/// Tells the day as it goes, a line a second.
struct Story;

impl Watch for Story {
    fn progress(&mut self, progress: &Progress<'_>) {
        let tally = progress.tally;
        let minute = progress
            .now
            .minute_of_day(engine::city::UTC_OFFSET_DEFAULT_MIN);
        let orders = tally.heard.orders;
        println!(
            "{:02}:{:02}  calls {:>4} · merged {:>3} · orders {:>4} · on the way or there {:>3} · arrived {:>4} · \
             finished {:>4} · ladders {:>3}",
            minute / 60,
            minute % 60,
            tally.sent,
            tally.outcomes.get("merged").copied().unwrap_or(0),
            orders.issued,
            orders.open,
            orders.arrived,
            orders.finished,
            tally.heard.ladders.values().sum::<u64>(),
        );
    }
}
