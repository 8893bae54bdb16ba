//! Replay at a rate on the wall clock: an open loop that measures load alone.
//!
//! A thread of its own sends by a schedule that was fixed before; latency counts from the intended time of sending, service time
//! beside it from the actual one. What the generator itself was late is measured (`own`), and a run in which it was the
//! bottleneck says nothing about the centre and is declared invalid.

use super::answers::AnswerLog;
use super::calling::Calling;
use super::field::{Field, wall};
use super::link::{Link, Pending, Said, Shared};
use super::own::{Own, Probe, fault};
use super::redials::Redials;
use super::repeats::Repeats;
use super::{Options, Rate, ReplayError, stats};
use crate::crew::Behaviour;
use crate::pace::alarm::Alarm;
use crate::pace::parts::parts_of;
use crate::pace::{Arrivals, Phase, Shape};
use crate::report::Summary;
use crate::report::latency::Latencies;
use crate::report::parts::Parts;
use crate::report::seconds::Departures;
use crate::report::tally::{Sent, Tally};
use crate::trace::{Reader, Row};
use crate::watch::{Line, Progress, Silent, Watch, Wish};
use engine::moment::Moment;
use gateway::client::{Client, Options as ClientOptions};
use gateway::wire::{ProblemKind, Request, Response};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most rows that are held in memory.
const ROWS_MAX: usize = 5_000_000;
/// How long one attempt to connect may take; a centre that was killed is soon there again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// So often whoever waits for a call that is long in coming looks whether it is to end.
const LOOK_UP: Duration = Duration::from_millis(100);

/// The thread that sends.
struct Pacer {
    links: Vec<Arc<Link>>,
    shared: Arc<Shared>,
    arrivals: Arrivals,
    seed: u64,
    started: Instant,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    departures: Arc<Mutex<Departures>>,
    parts: Parts,
}

/// What became of the sending.
struct Paced {
    /// How late each call went out.
    lateness: Latencies,
    /// When the last call was to go out, from the start.
    schedule: Duration,
    /// How long the sending took.
    took: Duration,
    /// Calls by part of the load.
    by_part: Vec<u64>,
    /// Repeats of carriers, which are none of these.
    repeated: u64,
}

impl Pacer {
    /// Sends until the schedule is over.
    fn run(self) -> Paced {
        let alarm = Alarm::of_this_thread();
        let mut paced = Paced {
            lateness: Latencies::default(),
            schedule: Duration::ZERO,
            took: Duration::ZERO,
            by_part: Vec::new(),
            repeated: 0,
        };
        let schedule = self.arrivals.schedule(self.seed, &self.shared.rows);
        for (serial, due) in (0..).zip(schedule) {
            let intended = self.started + due;
            if !self.wait_until(intended, alarm) {
                break;
            }
            let is_repeat = self.send(serial, intended, due, &mut paced.lateness);
            paced.schedule = due;
            paced.repeated += u64::from(is_repeat);
            if let Some(part) = self.parts.at(due).filter(|_| !is_repeat) {
                paced.by_part.resize(paced.by_part.len().max(part + 1), 0);
                paced.by_part[part] += 1;
            }
        }
        paced.took = self.started.elapsed();
        paced
    }

    /// Waits until a call is due; `false` when nothing more is to be sent.
    fn wait_until(&self, intended: Instant, alarm: Alarm) -> bool {
        while !self.stop.load(Ordering::Relaxed) {
            let look = Instant::now() + LOOK_UP;
            alarm.wait_until(intended.min(look));
            if intended <= look {
                return true;
            }
        }
        false
    }

    /// Sends a row; whether it was a carrier's repeat, which says what the first said.
    fn send(
        &self,
        serial: u64,
        intended: Instant,
        due: Duration,
        lateness: &mut Latencies,
    ) -> bool {
        let rows = self.shared.rows.len() as u64;
        let (row, round) = ((serial % rows) as usize, serial / rows);
        let repeats = self.shared.again.get(&row).copied();
        let row = repeats.unwrap_or(row);
        let first_sent = Instant::now();
        lateness.add(first_sent.saturating_duration_since(intended));
        let call = Pending {
            said: Said::Row { row, round },
            is_repeat: repeats.is_some(),
            sent: Sent::of(&self.shared.rows[row], round * rows + row as u64, wall()),
            intended,
            due,
            first_sent,
        };
        let since = |at: Instant| at.saturating_duration_since(self.started);
        if repeats.is_none() {
            held(&self.departures).sent(due, since(first_sent));
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        // Round robin over connections, then over their streams.
        let link = &self.links[(serial % self.links.len() as u64) as usize];
        link.send(serial / self.links.len() as u64, call);
        repeats.is_some()
    }
}

/// What is held by who sends and who looks, for a moment.
pub(super) fn held(departures: &Mutex<Departures>) -> MutexGuard<'_, Departures> {
    departures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replays the trace that the options name, by phases on the wall clock.
pub async fn run(options: &Options, rate: Rate) -> Result<Summary, ReplayError> {
    let (mut line, mut silent) = (Line, Silent);
    let watch: &mut dyn Watch = if options.quiet {
        &mut silent
    } else {
        &mut line
    };
    run_watched(options, rate, watch).await
}

/// The same, and lets somebody watch.
pub async fn run_watched(
    options: &Options,
    rate: Rate,
    watch: &mut dyn Watch,
) -> Result<Summary, ReplayError> {
    let mut rows = rows(options, keeps_its_times(&rate))?;
    let is_timed = |phase: &Phase| matches!(phase.shape, Shape::Trace { .. });
    if rate.arrivals.phases().iter().any(is_timed) {
        rows.sort_by_key(|row| row.at);
    }
    run_rows(options, rate, rows.into(), watch).await
}

/// The same with rows that are there already.
pub async fn run_rows(
    options: &Options,
    rate: Rate,
    rows: Arc<[Row]>,
    watch: &mut dyn Watch,
) -> Result<Summary, ReplayError> {
    let client_options = ClientOptions {
        trust: options.trust.clone(),
        streams: rate.streams,
        connect_timeout: CONNECT_TIMEOUT,
        ..ClientOptions::default()
    };
    // Before any file is begun: a run that cannot begin leaves nothing behind.
    check_clock(options, &client_options).await?;
    stats::check(options.stats.as_deref()).await?;
    let again = if keeps_its_times(&rate) {
        repeats_of(&rows)
    } else {
        HashMap::new()
    };
    let shared = Arc::new(Shared {
        rows,
        again,
        run_id: options
            .run_id
            .clone()
            .unwrap_or_else(|| format!("{:x}", wall().0)),
        tally: Mutex::new(Tally::default()),
        log: Mutex::new(AnswerLog::open(options.answers.as_deref())?),
        calling: Mutex::new(calling(options)),
        reconnects: AtomicU64::new(0),
    });
    let mut tasks = tokio::task::JoinSet::new();
    let crews = options.crews();
    let field = Arc::new(Field::new(
        options.to,
        client_options.clone(),
        Arc::clone(&shared),
        crews,
    ));
    if rate.subscribe || options.crews.is_some() || options.callers.is_some() {
        let tending = field.begin().await?;
        tasks.spawn(async move {
            tending.await;
            Ok(())
        });
    }
    let mut links = Vec::new();
    for _ in 0..rate.connections.max(1) {
        let (link, answers) =
            Link::connect(options.to, client_options.clone(), Arc::clone(&shared)).await?;
        let tended = Arc::clone(&link);
        tasks.spawn(async move { tended.tend(answers).await });
        links.push(link);
    }
    let started = Instant::now();
    let parts = Parts::of(parts_of(&rate.arrivals));
    {
        let mut tally = shared.tally();
        tally.begin(started);
        tally.parts = parts;
    }
    let run = Run {
        options,
        rate,
        shared,
        field,
        links,
        stop: Arc::new(AtomicBool::new(false)),
        sent: Arc::new(AtomicU64::new(0)),
        departures: Arc::default(),
        started,
    };
    run.field.call_again_by(Redials::new(
        run.links.clone(),
        Arc::clone(&run.sent),
        Arc::clone(&run.departures),
        started,
    ));
    run.run(&mut tasks, watch).await
}

/// Callers who do more than the trace says, if they are to.
fn calling(options: &Options) -> Option<Calling> {
    let callers = options.callers?.callers(options.seed);
    Some(Calling::new(callers.overlapping()))
}

/// Refuses a centre on a driven clock: on it no time would pass. Asked by moving its time to the beginning, which
/// moves nothing.
async fn check_clock(options: &Options, client: &ClientOptions) -> Result<(), ReplayError> {
    let (client, _answers) = Client::connect(options.to, client).await?;
    let wish = Request::Advance {
        tag: None,
        to: Moment::EARLIEST,
    };
    let driven = match client.ask(wish).await? {
        Response::Advanced { .. } => true,
        Response::Problem { problem, .. } => {
            problem.kind == ProblemKind::NotAdvanced && !problem.detail.contains("wall clock")
        }
        Response::Decision { .. } | Response::Done { .. } | Response::Event(_) => false,
    };
    if driven {
        return Err(ReplayError::Invalid(
            "this centre's clock is driven and does not move by itself; use --speed, or a centre that was \
             started with --clock wall"
                .into(),
        ));
    }
    Ok(())
}

struct Run<'a> {
    options: &'a Options,
    rate: Rate,
    shared: Arc<Shared>,
    field: Arc<Field>,
    links: Vec<Arc<Link>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    departures: Arc<Mutex<Departures>>,
    started: Instant,
}

impl Run<'_> {
    async fn run(
        &self,
        tasks: &mut tokio::task::JoinSet<Result<(), ReplayError>>,
        watch: &mut dyn Watch,
    ) -> Result<Summary, ReplayError> {
        let pacer = Pacer {
            links: self.links.clone(),
            shared: Arc::clone(&self.shared),
            arrivals: self.rate.arrivals.clone(),
            seed: self.options.seed,
            started: self.started,
            stop: Arc::clone(&self.stop),
            sent: Arc::clone(&self.sent),
            departures: Arc::clone(&self.departures),
            parts: Parts::of(parts_of(&self.rate.arrivals)),
        };
        let probe = Probe::begin().map_err(|error| {
            ReplayError::Invalid(format!("no thread to watch itself by: {error}"))
        })?;
        let mut sending = tokio::task::spawn_blocking(move || pacer.run());
        let paced = loop {
            tokio::select! {
                paced = &mut sending => break paced,
                Some(ended) = tasks.join_next() => self.ended(ended)?,
                () = tokio::time::sleep(watch.every()) => {
                    if self.progress(watch, true).stop().is_some() {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                }
            }
        };
        let paced =
            paced.map_err(|error| ReplayError::Invalid(format!("the sender failed: {error}")))?;
        let own = probe.seen(paced.schedule, paced.took.saturating_sub(paced.schedule));
        drop(probe);
        let waited = Instant::now();
        let mut shown = waited;
        while waited.elapsed() < self.rate.settle && !self.settled(&watch.wish()) {
            tokio::select! {
                Some(ended) = tasks.join_next() => self.ended(ended)?,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
            if shown.elapsed() >= watch.every() {
                shown = Instant::now();
                self.progress(watch, false);
            }
        }
        tasks.abort_all();
        let mut summary = self.summary(paced, own).await?;
        summary.cut_short = watch.wish().stop().map(String::from);
        Ok(summary)
    }

    /// A task that tends a connection ends only with an error.
    fn ended(
        &self,
        ended: Result<Result<(), ReplayError>, tokio::task::JoinError>,
    ) -> Result<(), ReplayError> {
        self.stop.store(true, Ordering::Relaxed);
        ended
            .map_err(|error| ReplayError::Invalid(format!("a connection's task failed: {error}")))?
    }

    fn pending(&self) -> u64 {
        self.links.iter().map(|link| link.pending()).sum()
    }

    /// Everything is answered, and crews that finish within a second have finished, or nobody waits for it.
    fn settled(&self, wish: &Wish) -> bool {
        match wish {
            Wish::GoOn => {}
            Wish::Stop(_) => return self.pending() == 0,
            Wish::StopAtOnce(_) => return true,
        }
        let crews_done = match self.options.crews {
            Some(Behaviour::Standard) => {
                self.field.open() == 0 && self.shared.tally().heard.orders.open == 0
            }
            Some(Behaviour::Field { .. }) | None => true,
        };
        self.pending() == 0 && crews_done
    }

    fn progress(&self, watch: &mut dyn Watch, sending: bool) -> Wish {
        let (pending, open) = (self.pending(), self.field.open());
        let elapsed = self.started.elapsed();
        let departure = held(&self.departures).before(elapsed);
        {
            let mut tally = self.shared.tally();
            tally.turn(self.started + elapsed);
            watch.progress(&Progress {
                wall: true,
                now: wall(),
                tally: &tally,
                departure,
                sent: self.sent.load(Ordering::Relaxed),
                pending,
                open,
                speed: 1.0,
                elapsed,
                lasting: self.rate.arrivals.lasting(),
                sending,
            });
        }
        watch.show();
        watch.wish()
    }

    /// How long calls were sent: as long as was meant, the gap behind the last one too, unless it took longer or was ended before.
    fn sent_for(&self, paced: &Paced) -> Duration {
        let meant = self.rate.arrivals.lasting();
        let meant = meant.filter(|_| !self.stop.load(Ordering::Relaxed));
        let took = paced.took.max(Duration::from_nanos(1));
        meant.map_or(took, |meant| meant.max(took))
    }

    async fn summary(
        &self,
        paced: Paced,
        (mut own, mut waited): (Own, Latencies),
    ) -> Result<Summary, ReplayError> {
        self.shared.finish_log()?;
        let sent_for = self.sent_for(&paced);
        let mut summary = {
            let mut tally = self.shared.tally();
            tally.sent = self.sent.load(Ordering::Relaxed);
            tally.repeated = paced.repeated;
            tally.lateness = paced.lateness;
            tally.departures = held(&self.departures).clone();
            tally.end(self.started.elapsed());
            waited.merge(&tally.waited);
            let mut summary = Summary::of(&tally, self.field.counts());
            summary.parts = tally.parts.summaries(&paced.by_part);
            summary
        };
        summary.callers = (self.shared.calling().as_ref()).map(|it| it.seen().counts());
        summary.trace = self.options.trace.display().to_string();
        summary.clock = "wall".into();
        summary.seconds = self.started.elapsed().as_secs_f64();
        summary.centre_seconds = summary.seconds;
        summary.calls_per_second = summary.sent as f64 / sent_for.as_secs_f64();
        own.waited = waited.quantiles();
        summary.generator = own;
        summary.distributions.waited = waited;
        summary.invalid = fault(&summary);
        if let Some(url) = &self.options.stats {
            summary.state = stats::ask_at_the_end(url, 0).await;
        }
        Ok(summary)
    }
}

/// Whether rows go out at the times of the trace and no others.
fn keeps_its_times(rate: &Rate) -> bool {
    let mut phases = rate.arrivals.phases().iter();
    phases.all(|phase| matches!(phase.shape, Shape::Trace { .. }))
}

/// Which rows are a carrier's repeats, each with the row that it repeats.
fn repeats_of(rows: &[Row]) -> HashMap<usize, usize> {
    let mut repeats = Repeats::default();
    let known = rows.iter().enumerate();
    let repeated = known.filter_map(|(number, row)| {
        let first = repeats.of(row, number as u64)?;
        Some((number, first.serial as usize))
    });
    repeated.collect()
}

/// The rows of the trace; `with_repeats`: those too that repeat one before.
pub(crate) fn rows(options: &Options, with_repeats: bool) -> Result<Vec<Row>, ReplayError> {
    let mut rows = Vec::new();
    let mut repeats = Repeats::default();
    for row in Reader::open(&options.trace)? {
        if rows.len() == ROWS_MAX {
            let trace = options.trace.display().to_string();
            return Err(ReplayError::TooLong {
                trace,
                rows_max: ROWS_MAX,
            });
        }
        let row = row?;
        // At a rate that is not the trace's own, a carrier's repeat would be no repeat: its first may come after it.
        if with_repeats || repeats.of(&row, 0).is_none() {
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(ReplayError::Empty(options.trace.display().to_string()));
    }
    Ok(rows)
}
