//! Serving a centre: everything started in order, and ended in order.
//!
//! Start: the runtime recovers, then the listeners bind, then they serve. Stop: no new requests, answers to what is on the
//! way, the runtime drains and syncs. A journal that fails ends everything loudly. Used by `liandong serve`, by the demo
//! and by tests, in process.

use crate::channels::{Channels, Teller};
use crate::config::Config;
use crate::exchange::Exchange;
use crate::feed::{Feed, Sink};
use crate::figures::{Figures, look_each_second};
use crate::history::{History, HistoryError, recall_all};
use crate::intake::Intake;
use crate::quic::{Identity, IdentityError, Listener, QuicError, close_code};
use crate::roads::keep_the_hour;
use engine::command::{ClockMode, Opening};
use engine::id::CentreId;
use engine::limits::Capacities;
use engine::runtime::{Health, Setup, StartError, Wake, start};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

/// Keys that came again and wait for the journal.
const RECALLS_MAX: usize = 4_096;
/// How often the centre's health is looked at.
const HEALTH_PERIOD: Duration = Duration::from_millis(100);
/// How long what is on the way may take at a stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// How long a client may take to hear the last that is said to it, once nothing is on the way any more.
pub const LAST_WORDS_TIME: Duration = Duration::from_millis(200);

/// Why a centre is not served, or not any more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error("cannot make the data folder {}: {source}; name one that may be written (`centre.data`, or --data)", path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The city cannot be written as an object.
    #[error("the city cannot be used: {0}; `liandong city check DIR` names each mistake")]
    City(String),
    /// The data folder was begun otherwise.
    #[error("{}: {}; say the same, or name another folder (`centre.data`, or --data)", path.display(), differ.join("; "))]
    Begun {
        /// Which folder.
        path: PathBuf,
        /// What differs, and nothing else.
        differ: Vec<String>,
    },
    /// The centre.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The QUIC listener.
    #[error(transparent)]
    Quic(#[from] QuicError),
    /// The HTTP listener.
    #[error(
        "http.listen {address}: {source}; is another centre running? Stop it, or name another port"
    )]
    Http {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// What was said before.
    #[error("cannot read what was said before: {0}; `liandong journal verify DIR` names the place")]
    History(#[from] HistoryError),
    /// No thread or socket address from the operating system.
    #[error(
        "the operating system gives no thread or address: {0}; look at the limits of the process (`ulimit -a`)"
    )]
    System(#[from] std::io::Error),
    /// The centre stopped serving.
    #[error("{0}; nothing was served after it")]
    Failed(String),
    /// It did not end in order.
    #[error("the centre did not stop in order: {0}; what was answered is durable, start it again")]
    Stop(String),
}

/// A centre that is being served.
pub struct ServerHandle {
    /// Where QUIC listens.
    pub quic_addr: SocketAddr,
    /// Where HTTP listens.
    pub http_addr: SocketAddr,
    exchange: Arc<Exchange>,
    stop: watch::Sender<bool>,
    endpoint: quinn::Endpoint,
    listeners: Vec<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
    recalls: std::thread::JoinHandle<()>,
}

/// In what a data folder differs from what is asked for, in the words of the configuration.
fn differences(held: &Opening, asked: (CentreId, ClockMode, Capacities)) -> Vec<String> {
    let (centre, clock, capacities) = asked;
    let (has, wants) = (held.capacities, capacities);
    let rows = [
        (
            "the city's centre",
            held.centre.0.to_string(),
            centre.0.to_string(),
        ),
        ("centre.clock", held.clock.to_string(), clock.to_string()),
        (
            "capacity.units_max",
            has.units_max.to_string(),
            wants.units_max.to_string(),
        ),
        (
            "capacity.incidents_max",
            has.incidents_max.to_string(),
            wants.incidents_max.to_string(),
        ),
        (
            "capacity.orders_max",
            has.orders_max.to_string(),
            wants.orders_max.to_string(),
        ),
        (
            "capacity.calls_max",
            has.calls_max.to_string(),
            wants.calls_max.to_string(),
        ),
    ];
    let differ = rows.into_iter().filter(|(_, has, wants)| has != wants);
    let mut told: Vec<String> = differ
        .map(|(what, has, wants)| {
            format!("{what} is {has} in this folder, and {wants} is asked for")
        })
        .collect();
    if told.is_empty() {
        let version = held.logic_version;
        told.push(format!(
            "this folder was decided by rules of version {version}, and this release has others"
        ));
    }
    told
}

/// Starts a centre and serves it. Needs a multi-threaded tokio runtime around it.
pub async fn serve(config: Config) -> Result<ServerHandle, ServeError> {
    std::fs::create_dir_all(&config.data).map_err(|source| ServeError::Data {
        path: config.data.clone(),
        source,
    })?;
    let intake = Intake::of(&config).map_err(|error| ServeError::City(error.to_string()))?;
    let feed = Arc::new(Feed::new(config.centre));
    let wakes: Vec<Arc<Notify>> = (0..config.workers).map(|_| Arc::default()).collect();
    let setup = setup(&config, &wakes)?;
    let asked = (setup.centre, setup.clock, setup.capacities);
    let sink = Box::new(Sink(Arc::clone(&feed)));
    // Recovery reads files and waits for the disk: not for a thread that others need.
    let running = tokio::task::spawn_blocking(move || start(setup, sink))
        .await
        .map_err(|error| ServeError::Stop(error.to_string()))?
        .map_err(|error| match error {
            StartError::Another(held) => ServeError::Begun {
                path: config.data.clone(),
                differ: differences(&held, asked),
            },
            error => ServeError::Start(error),
        })?;
    for reason in running.passed_over() {
        tracing::warn!(reason, "a snapshot was passed over; remove it");
    }
    if let Some(cut) = running.cut() {
        // What runs now says nothing of the run that left it.
        let told = "nobody was told of it, unless the centre ran with durability = \"batch\"";
        tracing::warn!(%cut, told, "the journal's unfinished tail was cut off");
    }
    for notice in running.notices_left() {
        tracing::warn!(%notice, "a change on the roads was dropped: the map has no such road any more");
    }
    if let Some(plan) = running.plan_at_start() {
        intake.plan.store(plan);
    }
    let listeners = bind(&config);
    let (listener, http) = match listeners {
        Ok(listeners) => listeners,
        Err(error) => {
            drop(running.stop());
            return Err(error);
        }
    };
    let (recalls_in, recalls_out) = mpsc::channel(RECALLS_MAX);
    let in_flight_max = config.worker_requests_max;
    let figures = Arc::new(Figures::new(&crate::http::paths()));
    let channels = Channels::new(Arc::clone(&config.contacts), config.channels, &config.data);
    let read = (feed, figures, Arc::new(channels));
    let exchange = Exchange::new(running, intake, read, wakes, in_flight_max, recalls_in);
    let exchange = Arc::new(exchange);
    let (stop, stopping) = watch::channel(false);
    let history = History::open(&config.data)?;
    let weak = Arc::downgrade(&exchange);
    let recalls = std::thread::Builder::new()
        .name("liandong-history".into())
        .spawn(move || recall_all(history, &weak, recalls_out))?;
    let looking = tokio::spawn(look_each_second(Arc::clone(&exchange)));
    let hours = tokio::spawn(keep_the_hour(Arc::clone(&exchange)));
    let telling = tokio::spawn(Teller::run(Arc::clone(&exchange), config.data.clone()));
    let workers = (0..config.workers)
        .map(|index| tokio::spawn(Arc::clone(&exchange).work(index)))
        .chain([looking, hours, telling])
        .collect();
    let (quic_addr, http_addr) = (listener.address()?, http.local_addr()?);
    let endpoint = listener.endpoint();
    let http_max = config.http_connections_max;
    let serving_http = crate::http::serve(http, Arc::clone(&exchange), http_max, stopping.clone())?;
    let listeners = vec![
        tokio::spawn(listener.serve(Arc::clone(&exchange), stopping)),
        tokio::spawn(serving_http),
    ];
    Ok(ServerHandle {
        quic_addr,
        http_addr,
        exchange,
        stop,
        endpoint,
        listeners,
        workers,
        recalls,
    })
}

fn setup(config: &Config, wakes: &[Arc<Notify>]) -> Result<Setup, ServeError> {
    let roads = config.roads_bytes();
    let roads = roads.map_err(|error| ServeError::City(error.to_string()))?;
    let wake = wakes.iter().map(|wake| {
        let wake = Arc::clone(wake);
        Arc::new(move || wake.notify_one()) as Wake
    });
    Ok(Setup {
        data: (&config.data).into(),
        centre: config.centre,
        clock: config.clock,
        capacities: config.capacities,
        plan: config.plan_text.clone(),
        lexicon: config.lexicon_text.clone(),
        city: Arc::clone(&config.city),
        roads,
        lanes: config.lanes,
        shape: config.shape,
        keeping: config.keeping,
        // As many places as requests may be on the way, so that no reply is ever without one.
        reply_ring_items: config.worker_requests_max,
        wake: wake.collect(),
    })
}

fn bind(config: &Config) -> Result<(Listener, TcpListener), ServeError> {
    let identity = Identity::of(&config.data)?;
    let listener = Listener::bind(config.quic.clone(), &identity)?;
    let address = config.http_listen;
    let http = TcpListener::bind(address)
        .and_then(|http| http.set_nonblocking(true).map(|()| http))
        .map_err(|source| ServeError::Http { address, source })?;
    Ok((listener, http))
}

impl ServerHandle {
    /// Returns when the centre has failed, and says why.
    pub async fn failed(&self) -> String {
        loop {
            if let Health::Failed(reason) = self.exchange.running.health() {
                return reason;
            }
            tokio::time::sleep(HEALTH_PERIOD).await;
        }
    }

    /// Stops in order: takes nothing new, answers what is on the way, makes everything durable.
    pub async fn stop(self) -> Result<(), ServeError> {
        let begun = Instant::now();
        self.exchange.stop_taking();
        self.stop.send_replace(true);
        let left = |exchange: &Exchange| {
            exchange.on_the_way() + exchange.streams.load(std::sync::atomic::Ordering::Relaxed)
        };
        while left(&self.exchange) > 0 && begun.elapsed() < DRAIN_TIME {
            if self.exchange.running.health() != Health::Running {
                self.exchange.wake_workers();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.endpoint
            .close(close_code::STOPPING, b"the centre stops");
        for mut listener in self.listeners {
            if tokio::time::timeout(LAST_WORDS_TIME, &mut listener)
                .await
                .is_err()
            {
                // An answer that never ends by itself ends here, with its connection.
                listener.abort();
            }
        }
        // Clients that are gone do not answer; they are not waited for longer than this.
        drop(tokio::time::timeout(LAST_WORDS_TIME, self.endpoint.wait_idle()).await);
        for worker in self.workers {
            worker.abort();
            drop(worker.await);
        }
        // All but the runtime is dropped here: with it the queue that the thread which reads history waits on.
        let Exchange { running, .. } = alone(self.exchange).await?;
        let stopped = tokio::task::spawn_blocking(move || running.stop());
        let stopped = stopped
            .await
            .map_err(|error| ServeError::Stop(error.to_string()))?;
        if self.recalls.join().is_err() {
            return Err(ServeError::Stop(
                "the thread that reads history panicked".into(),
            ));
        }
        stopped.map_err(ServeError::Failed)
    }
}

/// The exchange, once nobody else holds it: the last tasks end within moments of their connections.
async fn alone(mut exchange: Arc<Exchange>) -> Result<Exchange, ServeError> {
    let begun = Instant::now();
    loop {
        exchange = match Arc::try_unwrap(exchange) {
            Ok(alone) => return Ok(alone),
            Err(shared) => shared,
        };
        if begun.elapsed() > DRAIN_TIME {
            return Err(ServeError::Stop("a connection did not end".into()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[cfg(test)]
mod tests;
