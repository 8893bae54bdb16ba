//! What a centre, and the machine where it is this one, were busy with during a step: read off before, meanwhile and after.
//!
//! From `/metrics` where `--stats` says where the centre's figures are; on loopback also the processor's idle time and what its
//! socket dropped, from the kernel. What cannot be read is left out, and the verdict says that it was not looked at.

use crate::replay::ReplayError;
use crate::replay::own::processor_time;
use crate::replay::stats::get;
use crate::watch::{self, Progress};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often queues are looked at during a step.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a scrape may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked whether a step sends already, or no more.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Bytes.
const MIB: f64 = 1_048_576.0;

/// Samples of a scrape by their names with labels, as `liandong_queue_depth{lane="life"}`.
type Samples = BTreeMap<String, f64>;

/// Where a centre's figures are, and where it listens.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Where `/metrics` is.
    pub metrics: Option<String>,
    /// Where calls go.
    pub to: SocketAddr,
}

/// What was busy during a step. Shares are of the time in which it sent; what is `None` or empty could not be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Busy {
    /// Cores of this machine.
    pub cores: f64,
    /// Of these idle; on loopback alone.
    pub cores_idle: Option<f64>,
    /// Kept busy by the generator.
    pub generator_cores: f64,
    /// Kept busy by the centre.
    pub centre_cores: Option<f64>,
    /// The same by thread.
    pub threads: BTreeMap<String, f64>,
    /// Of the time in which the journal wrote and synced.
    pub journal_share: Option<f64>,
    /// One group's writing and syncing, on average.
    pub journal_ms: Option<f64>,
    /// What it wrote, in MiB a second, headers included.
    pub journal_mib_per_second: Option<f64>,
    /// The centre's memory at the end, in MiB; where its system tells it.
    pub resident_mib: Option<f64>,
    /// A call's whole way through the centre, on average.
    pub decision_ms: Option<f64>,
    /// Of the time in which the writer waited for the journal.
    pub writer_waited_share: Option<f64>,
    /// Requests that found no room, by what was full.
    pub overloads: BTreeMap<String, u64>,
    /// The most that were seen waiting, by lane.
    pub queue_depths: BTreeMap<String, u64>,
    /// Datagrams that the centre's socket dropped; on loopback alone.
    pub datagrams_dropped: Option<u64>,
}

/// One reading of everything.
#[derive(Clone, Debug)]
struct Reading {
    at: Instant,
    samples: Option<Samples>,
    /// All cores' time so far and of it idle, in ticks.
    ticks: Option<(u64, u64)>,
    dropped: Option<u64>,
    own: Duration,
}

/// A step being watched. Shares count while it sends: connecting before and settling after would dilute them.
pub struct Watch {
    watched: Watched,
    before: Reading,
    /// Taken when it sends, and when it sends no more.
    sending: Option<tokio::task::JoinHandle<Reading>>,
    sent: Option<tokio::task::JoinHandle<Reading>>,
    depths: Arc<Mutex<BTreeMap<String, u64>>>,
    looking: tokio::task::JoinHandle<()>,
}

impl Watched {
    async fn read(&self) -> Reading {
        let here = self.to.ip().is_loopback();
        let samples = self.samples().await.ok();
        Reading {
            at: Instant::now(),
            samples,
            ticks: here.then(ticks).flatten(),
            dropped: here.then(|| dropped(self.to.port())).flatten(),
            own: processor_time(),
        }
    }

    async fn samples(&self) -> Result<Samples, String> {
        let url = self.metrics.as_ref().ok_or("no address was given")?;
        let asked = tokio::time::timeout(PATIENCE, get(url)).await;
        let answer = asked.map_err(|_| format!("no answer within {PATIENCE:?}"))??;
        let samples = samples(&answer);
        if samples.keys().any(|name| name.starts_with("liandong_")) {
            return Ok(samples);
        }
        let status = answer.lines().next().unwrap_or_default();
        Err(format!("no figures of a centre are there ({status})"))
    }

    /// Refuses an address at which there are no figures, before anything was spent on a study without them.
    pub async fn check(&self) -> Result<(), ReplayError> {
        let Some(url) = &self.metrics else {
            return Ok(());
        };
        let failed = |reason: String| ReplayError::Stats {
            url: url.clone(),
            reason,
        };
        self.samples().await.map(drop).map_err(failed)
    }

    /// Begins to watch.
    pub async fn begin(&self) -> Watch {
        let depths: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let (watched, seen) = (self.clone(), Arc::clone(&depths));
        let looking = tokio::spawn(async move {
            while watched.metrics.is_some() {
                // What cannot be read now may be readable in a moment: a centre that is busy answers late.
                if let Ok(samples) = watched.samples().await {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    for (lane, depth) in labelled(&samples, "liandong_queue_depth", "lane") {
                        let most = seen.entry(lane).or_default();
                        *most = (*most).max(depth as u64);
                    }
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Watch {
            watched: self.clone(),
            before: self.read().await,
            sending: None,
            sent: None,
            depths,
            looking,
        }
    }
}

impl Watch {
    /// What was busy since it began.
    pub async fn end(self) -> Busy {
        self.looking.abort();
        let after = self.watched.read().await;
        let from = taken(self.sending, &self.before).await;
        let to = taken(self.sent, &after).await;
        let mut busy = if from.at < to.at {
            busy(&from, &to)
        } else {
            busy(&self.before, &after)
        };
        // What was refused or dropped was so whenever it was.
        busy.overloads = overloads(&self.before, &after);
        busy.datagrams_dropped = grown_by(self.before.dropped, after.dropped);
        busy.queue_depths = self
            .depths
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        busy
    }
}

impl watch::Watch for Watch {
    fn progress(&mut self, progress: &Progress<'_>) {
        let taken = if progress.sending {
            &mut self.sending
        } else {
            &mut self.sent
        };
        if taken.is_none() {
            let watched = self.watched.clone();
            *taken = Some(tokio::spawn(async move { watched.read().await }));
        }
    }

    fn every(&self) -> Duration {
        ASK_EVERY
    }
}

/// A reading that was taken meanwhile, or the other where there is none, or none with what that one has.
async fn taken(reading: Option<tokio::task::JoinHandle<Reading>>, other: &Reading) -> Reading {
    let Some(reading) = reading else {
        return other.clone();
    };
    match reading.await {
        Ok(reading) if reading.samples.is_some() || other.samples.is_none() => reading,
        Ok(_) | Err(_) => other.clone(),
    }
}

fn grown_by(then: Option<u64>, now: Option<u64>) -> Option<u64> {
    then.zip(now).map(|(then, now)| now.saturating_sub(then))
}

/// Requests that found no room in between, by what was full.
fn overloads(before: &Reading, after: &Reading) -> BTreeMap<String, u64> {
    let of = |reading: &Reading| -> BTreeMap<String, f64> {
        let samples = reading.samples.iter();
        samples
            .flat_map(|samples| labelled(samples, "liandong_overloads_total", "full"))
            .collect()
    };
    let (first, last) = (of(before), of(after));
    if before.samples.is_none() {
        return BTreeMap::new();
    }
    last.into_iter()
        .map(|(full, count)| {
            let grown = count - first.get(&full).unwrap_or(&0.0);
            (full, grown.max(0.0) as u64)
        })
        .filter(|(_, grown)| *grown > 0)
        .collect()
}

/// What was busy between two readings; what was refused or dropped is not in it.
fn busy(before: &Reading, after: &Reading) -> Busy {
    let seconds = after
        .at
        .saturating_duration_since(before.at)
        .as_secs_f64()
        .max(1e-9);
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let own = after.own.saturating_sub(before.own).as_secs_f64();
    let idle = before
        .ticks
        .zip(after.ticks)
        .map(|((all, idle), (all_then, idle_then))| {
            let passed = all_then.saturating_sub(all).max(1) as f64;
            cores * idle_then.saturating_sub(idle) as f64 / passed
        });
    let mut busy = Busy {
        cores,
        cores_idle: idle,
        generator_cores: own / seconds,
        ..Busy::default()
    };
    let (Some(first), Some(last)) = (&before.samples, &after.samples) else {
        return busy;
    };
    let grown = |name: &str| Some((last.get(name)? - first.get(name).unwrap_or(&0.0)).max(0.0));
    let mean_ms = |stage: &str| {
        let of = |what: &str| {
            grown(&format!(
                "liandong_stage_duration_seconds_{what}{{stage=\"{stage}\"}}"
            ))
        };
        let count = of("count").filter(|&count| count > 0.0)?;
        Some(of("sum")? * 1_000.0 / count)
    };
    busy.centre_cores = grown("process_cpu_seconds_total").map(|spent| spent / seconds);
    busy.journal_share = grown("liandong_stage_duration_seconds_sum{stage=\"journal\"}")
        .map(|spent| spent / seconds);
    busy.journal_mib_per_second =
        grown("liandong_journal_group_bytes_sum").map(|bytes| bytes / MIB / seconds);
    busy.resident_mib = last
        .get("process_resident_memory_bytes")
        .map(|bytes| bytes / MIB);
    busy.journal_ms = mean_ms("journal");
    busy.decision_ms = mean_ms("decision");
    busy.writer_waited_share =
        grown("liandong_writer_waited_seconds_total").map(|spent| spent / seconds);
    let threads = labelled(last, "liandong_thread_busy_seconds_total", "thread");
    busy.threads = threads
        .filter_map(|(thread, _)| {
            let spent = grown(&format!(
                "liandong_thread_busy_seconds_total{{thread=\"{thread}\"}}"
            ))?;
            Some((thread, spent / seconds))
        })
        .collect();
    busy
}

/// The samples of a text in the OpenMetrics format that have one label at most.
fn samples(text: &str) -> Samples {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

/// The values of one name by one label.
fn labelled<'a>(
    samples: &'a Samples,
    name: &str,
    label: &str,
) -> impl Iterator<Item = (String, f64)> + use<'a> {
    let begin = format!("{name}{{{label}=\"");
    samples.iter().filter_map(move |(name, &value)| {
        let label = name.strip_prefix(&begin)?.strip_suffix("\"}")?;
        Some((label.to_owned(), value))
    })
}

/// All cores' time so far and of it idle or waiting for the disk, as the kernel counts it.
fn ticks() -> Option<(u64, u64)> {
    let told = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = told
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        // Beyond the eighth is what guests took, which is in the first two already.
        .take(8)
        .filter_map(|field| field.parse().ok())
        .collect();
    Some((fields.iter().sum(), fields.get(3)? + fields.get(4)?))
}

/// Datagrams that sockets on this port dropped so far.
fn dropped(port: u16) -> Option<u64> {
    let mut found = None;
    for file in ["/proc/net/udp", "/proc/net/udp6"] {
        let Ok(told) = std::fs::read_to_string(file) else {
            continue;
        };
        for line in told.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let local = fields.get(1).and_then(|local| local.rsplit_once(':'));
            let is_here = local.is_some_and(|(_, hex)| u16::from_str_radix(hex, 16) == Ok(port));
            let drops = fields.last().and_then(|drops| drops.parse::<u64>().ok());
            if let Some(drops) = drops.filter(|_| is_here) {
                *found.get_or_insert(0) += drops;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at: Instant, journal_s: f64, groups: u64, lane: u64) -> Reading {
        let text = format!(
            "# TYPE x counter\nprocess_cpu_seconds_total {journal_s}\n\
             liandong_stage_duration_seconds_sum{{stage=\"journal\"}} {journal_s}\n\
             liandong_stage_duration_seconds_count{{stage=\"journal\"}} {groups}\n\
             liandong_thread_busy_seconds_total{{thread=\"writer\"}} {journal_s}\n\
             liandong_overloads_total{{full=\"urgent\"}} {lane}\nliandong_overloads_total{{full=\"worker\"}} 3\n# EOF\n"
        );
        Reading {
            at,
            samples: Some(samples(&text)),
            ticks: Some((groups * 10, groups)),
            dropped: None,
            own: Duration::ZERO,
        }
    }

    #[test]
    fn what_grew_in_between_is_what_was_busy() {
        let begun = Instant::now();
        let (before, after) = (
            reading(begun, 1.0, 100, 5),
            reading(begun + Duration::from_secs(5), 5.0, 300, 25),
        );
        let busy = busy(&before, &after);
        assert_eq!(
            (busy.journal_share, busy.journal_ms),
            (Some(0.8), Some(20.0))
        );
        assert_eq!(
            (busy.centre_cores, busy.threads["writer"]),
            (Some(0.8), 0.8)
        );
        let full = overloads(&before, &after);
        assert_eq!(full, BTreeMap::from([("urgent".to_owned(), 20)]));
        assert_eq!(busy.cores_idle, Some(busy.cores / 10.0));
        assert_eq!((busy.decision_ms, busy.datagrams_dropped), (None, None));
    }

    /// Four busy seconds of sending, then ten of settling: the share is of the four.
    #[tokio::test]
    async fn shares_are_of_the_time_of_sending() {
        let begun = Instant::now();
        let at = |seconds: u64, journal_s: f64, lane: u64| {
            reading(begun + Duration::from_secs(seconds), journal_s, 1, lane)
        };
        let settled = at(15, 5.0, 9);
        let from = taken(
            Some(tokio::spawn(std::future::ready(at(1, 1.0, 0)))),
            &settled,
        );
        let to = taken(
            Some(tokio::spawn(std::future::ready(at(5, 4.0, 0)))),
            &settled,
        );
        let share = busy(&from.await, &to.await).journal_share;
        assert_eq!(share, Some(0.75));
        assert_eq!(taken(None, &settled).await.at, settled.at);
        let unread = Reading {
            samples: None,
            ..at(5, 4.0, 0)
        };
        let unread = tokio::spawn(std::future::ready(unread));
        assert_eq!(taken(Some(unread), &settled).await.at, settled.at);
    }

    /// Nobody is there, somebody says nothing of a centre, nobody answers: each is told before a study begins.
    #[tokio::test]
    async fn an_address_without_figures_is_refused() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let watched = Watched {
            metrics: Some(format!("http://{address}/metrics")),
            to: address,
        };
        let silent = watched.check().await.unwrap_err().to_string();
        assert!(silent.contains("no answer within 2s"), "{silent}");
        drop(listener);
        let gone = watched.check().await.unwrap_err().to_string();
        assert!(
            gone.contains(&format!("http://{address}/metrics: ")),
            "{gone}"
        );
        let nowhere = Watched {
            metrics: None,
            ..watched
        };
        assert!(nowhere.check().await.is_ok());
    }

    #[test]
    fn the_kernel_s_own_figures_are_read() {
        let (all, idle) = ticks().unwrap();
        assert!(all > idle && idle > 0);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(dropped(socket.local_addr().unwrap().port()), Some(0));
    }
}
