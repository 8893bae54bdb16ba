//! The process: what was built, how long it has run, what it takes of the machine.

use super::Writer;
use crate::exchange::Exchange;
use engine::runtime::Health;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;

/// What was built; "unknown" when the build could not say.
const COMMIT: &str = env!("LIANDONG_COMMIT");

pub(super) fn write(writer: &mut Writer<'_>, exchange: &Exchange) -> fmt::Result {
    let build = [("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT)];
    writer
        .encoder
        .encode_descriptor(
            "liandong_build",
            "The program that runs",
            None,
            MetricType::Info,
        )?
        .encode_info(&build)?;
    let healthy = exchange.running.health() == Health::Running;
    writer.gauge(
        "liandong_healthy",
        "1 while the centre serves",
        u64::from(healthy),
    )?;
    writer.gauge(
        "liandong_epoch",
        "Which start of the centre this is",
        exchange.running.epoch(),
    )?;
    writer.measure(
        "liandong_uptime",
        "How long it has served",
        &Unit::Seconds,
        exchange.figures.uptime().as_secs_f64(),
    )?;
    // Under their usual names, so that dashboards that know them find them. Elsewhere than on Linux they are not known.
    if let Some(bytes) = resident_bytes() {
        writer.measure(
            "process_resident_memory",
            "Memory of the process that is in use",
            &Unit::Bytes,
            bytes as f64,
        )?;
    }
    if let Some(files) = open_files() {
        writer.gauge(
            "process_open_fds",
            "Files and sockets that the process holds",
            files,
        )?;
    }
    Ok(())
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

fn open_files() -> Option<u64> {
    let entries = std::fs::read_dir("/proc/self/fd").ok()?;
    // One of them is this very reading.
    Some((entries.count() as u64).saturating_sub(1))
}
