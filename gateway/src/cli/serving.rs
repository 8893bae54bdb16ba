//! `liandong serve`, `check` and `config default`.

use crate::config::{self, Config, Overrides, fit};
use crate::log::LogFormat;
use crate::machine;
use crate::serve::serve as serve_centre;
use anyhow::{Context, bail};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Serves until it is told to stop or the centre fails.
pub fn serve(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<()> {
    let mut config = Config::load(file, overrides)?;
    crate::log::start(&config.log, std::io::stderr);
    let wanted = machine::Wanted::of(&config);
    machine::raise_open_files(&wanted);
    for warning in machine::warnings(&wanted, &machine::Found::read()) {
        tracing::warn!("{warning}");
    }
    let threads = machine::cores();
    let started = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(threads)
        // The first are started at once and stay; what comes after them waits for a file.
        .thread_name_fn(move || match started.fetch_add(1, Ordering::Relaxed) {
            thread if thread < threads => format!("{}{thread}", machine::GATEWAY_THREAD),
            _ => "liandong-files".into(),
        })
        .build()
        .context(
            "cannot start the gateway's threads; look at the limits of the process (`ulimit -u`)",
        )?;
    let format = config.log.format;
    if let Some(map) = config.map().map_err(anyhow::Error::msg)? {
        tell(format, &map.to_string());
    }
    runtime.block_on(until_told(config))
}

/// Tells whoever started the centre how it is. Where the log is read by programs, it is a line of the log.
fn tell(format: LogFormat, text: &str) {
    match format {
        LogFormat::Text => eprintln!("liandong: {text}"),
        LogFormat::Json => tracing::info!(target: "liandong", "{text}"),
    }
}

/// The same, where the centre cannot go on.
fn cry(format: LogFormat, text: &str) {
    match format {
        LogFormat::Text => eprintln!("liandong: {text}"),
        LogFormat::Json => tracing::error!(target: "liandong", "{text}"),
    }
}

async fn until_told(config: Config) -> anyhow::Result<()> {
    // Listened to before anything starts, so that a stop during recovery is not lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (units, clock, data) = (config.city.units.len(), config.clock, config.data.clone());
    let format = config.log.format;
    let server = serve_centre(config).await?;
    let (quic, http) = (server.quic_addr, server.http_addr);
    let data = data.display();
    tell(
        format,
        &format!(
            "centre of {units} units on the {clock} clock, data in {data}; quic on {quic}, http on http://{http}"
        ),
    );
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        reason = server.failed() => Some(reason),
    };
    match failure {
        None => tell(format, "stopping: answering what is on the way"),
        Some(ref reason) => cry(format, &format!("THE CENTRE HAS FAILED: {reason}")),
    }
    let stopped = server.stop().await;
    if failure.is_some() {
        bail!("nothing was served after the failure above");
    }
    stopped?;
    tell(format, "stopped; everything that was answered is durable");
    Ok(())
}

/// Checks a configuration and all that it names.
pub fn check(file: &Path) -> anyhow::Result<()> {
    let mut config = Config::load(Some(file), &Overrides::default())?;
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
    if !config.plan.local.is_empty() {
        let names: Vec<&str> = config
            .plan
            .local
            .iter()
            .map(|local| local.name.as_str())
            .collect();
        writeln!(
            out,
            "{}: good: local plans, the smallest tier first: {}",
            file.display(),
            names.join(", ")
        )?;
    }
    for gap in fit::gaps(&config.plan, &config.city) {
        writeln!(out, "{}: note: {gap}", file.display())?;
    }
    if let Some(map) = config.map().map_err(anyhow::Error::msg)? {
        writeln!(out, "{}: good: {map}", file.display())?;
    }
    super::city::warn(&config.contacts.audit(&config.city, super::city::wall_now()));
    Ok(())
}

/// Prints the commented default configuration.
pub fn print_default() -> anyhow::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(config::DEFAULT.as_bytes())?;
    Ok(())
}
