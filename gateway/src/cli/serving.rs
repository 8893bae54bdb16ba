//! `liandong serve`, `check` and `config default`.

use crate::config::{self, Config, Overrides};
use crate::machine;
use crate::serve::serve as serve_centre;
use anyhow::{Context, bail};
use std::io::Write;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until it is told to stop or the centre fails.
pub fn serve(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<()> {
    let config = Config::load(file, overrides)?;
    crate::log::start(&config.log, std::io::stderr);
    let wanted = machine::Wanted::of(&config);
    machine::raise_open_files(&wanted);
    for warning in machine::warnings(&wanted, &machine::Found::read()) {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads for the gateway")?;
    runtime.block_on(until_told(config))
}

async fn until_told(config: Config) -> anyhow::Result<()> {
    // Listened to before anything starts, so that a stop during recovery is not lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (units, clock, data) = (config.city.units.len(), config.clock, config.data.clone());
    let server = serve_centre(config).await?;
    eprintln!(
        "liandong: centre of {units} units on the {clock} clock, data in {}; quic on {}, http on http://{}",
        data.display(),
        server.quic_addr,
        server.http_addr
    );
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        reason = server.failed() => Some(reason),
    };
    match failure {
        None => eprintln!("liandong: stopping: answering what is on the way"),
        Some(ref reason) => eprintln!("liandong: THE CENTRE HAS FAILED: {reason}"),
    }
    let stopped = server.stop().await;
    if failure.is_some() {
        bail!("nothing was served after the failure above");
    }
    stopped?;
    eprintln!("liandong: stopped; everything that was answered is durable");
    Ok(())
}

/// Checks a configuration and all that it names.
pub fn check(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(Some(file), &Overrides::default())?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: good: centre {}, {} clock, {} units, {} districts, {} hospitals, plan `{}` with {} lines, {} rules of the lexicon",
        file.display(),
        config.centre.0,
        config.clock,
        config.city.units.len(),
        config.city.districts.len(),
        config.city.hospitals.len(),
        config.plan.name,
        config.plan.lines().len(),
        config.lexicon.rule_count(),
    )?;
    Ok(())
}

/// Prints the commented default configuration.
pub fn print_default() -> anyhow::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(config::DEFAULT.as_bytes())?;
    Ok(())
}
