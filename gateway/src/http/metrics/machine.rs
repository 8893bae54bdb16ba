//! The process: what was built, how long it has run, what it takes of the machine.

use super::Writer;
use crate::exchange::Exchange;
use crate::machine::GATEWAY_THREAD;
use engine::runtime::Health;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Threads with a name of their own beside the gateway's, as labels and as the kernel cuts their names. All of them live as long as the
/// centre.
const THREADS: [(&str, &str); 6] = [
    ("writer", "liandong-writer"),
    ("journal", "liandong-journa"),
    ("view", "liandong-view"),
    ("keeper", "liandong-keeper"),
    ("history", "liandong-histor"),
    ("http", "liandong-http"),
];
/// The kernel tells the time of threads in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);

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
    let process = processor_time();
    writer.durations_total("process_cpu", "Processor time of the process", process)?;
    let Some(threads) = thread_times() else {
        return Ok(());
    };
    let named: Duration = threads.iter().map(|(_, spent)| *spent).sum();
    let rest = process.saturating_sub(named).as_nanos();
    // Threads are told in coarser steps than the process, and later: their difference must not fall.
    let rest = u64::try_from(rest).unwrap_or(u64::MAX);
    let told = UNNAMED_NS.fetch_max(rest, Ordering::Relaxed).max(rest);
    let others = ("others".to_owned(), Duration::from_nanos(told));
    writer.durations_total_by(
        "liandong_thread_busy",
        "Processor time of the centre's threads",
        threads
            .iter()
            .chain([&others])
            .map(|(thread, spent)| ([("thread", thread.as_str())], *spent)),
    )
}

/// The most that was told of the threads without a name, of this process. Relaxed: it orders nothing else.
static UNNAMED_NS: AtomicU64 = AtomicU64::new(0);

fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Processor time of the threads that have a name, sorted by it; of several centres in one process, together.
fn thread_times() -> Option<Vec<(String, Duration)>> {
    let fixed = THREADS.map(|(label, _)| (label.to_owned(), Duration::ZERO));
    let mut times = BTreeMap::from(fixed);
    for thread in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread that has just ended has nothing to tell.
        let Ok(told) = std::fs::read_to_string(thread.path().join("stat")) else {
            continue;
        };
        let Some((name, ticks)) = name_and_ticks(&told) else {
            continue;
        };
        let known = THREADS.iter().find(|(_, known)| *known == name);
        let label = match known {
            Some((label, _)) => label,
            None if name.starts_with(GATEWAY_THREAD) => name,
            None => continue,
        };
        *times.entry(label.to_owned()).or_default() += TICK * ticks;
    }
    Some(times.into_iter().collect())
}

/// Name and processor time of `/proc/…/stat`: the second field, in brackets, and the sum of the 14th and 15th.
fn name_and_ticks(stat: &str) -> Option<(&str, u32)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some((name, ticks()?.checked_add(ticks()?)?))
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

#[cfg(test)]
mod tests {
    use super::name_and_ticks;

    #[test]
    fn a_thread_s_time_is_read_whatever_its_name() {
        let told = "7 (a) b) S 1 7 7 0 -1 64 9 0 0 0 250 31 0 0 20 0 9 0 100 1 1";
        assert_eq!(name_and_ticks(told), Some(("a) b", 281)));
        assert_eq!(name_and_ticks("7 (cut) S 1"), None);
    }
}
