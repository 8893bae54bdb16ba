//! The exchange: between many clients and the one writer. Requests become submissions under a token, replies find
//! their way back by it.
//!
//! One worker a core. A worker keeps what is on the way in a table of as many places as its reply ring has, so that a
//! ring never overflows and no answer is ever dropped; when the table is full, requests are refused aloud. Nothing here
//! waits for the writer: a full lane refuses too. Next: `answering` words the replies, `history` those that
//! need the journal.

mod in_flight;
mod requests;
mod worker;

pub use in_flight::AnswerTo;
pub use requests::{Counter, Pending};
pub use worker::Recall;

use crate::channels::Channels;
use crate::feed::Feed;
use crate::figures::{Figures, Tally};
use crate::intake::Intake;
use crate::roads::RoadDesk;
use engine::lane::Lane;
use engine::runtime::{Health, Running};
use in_flight::InFlight;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::{Notify, mpsc, watch};

/// What is shared by all streams.
pub struct Exchange {
    /// The centre.
    pub running: Running,
    /// What calls are looked at with.
    pub intake: Intake,
    /// What was released.
    pub feed: Arc<Feed>,
    /// What is counted and timed.
    pub figures: Arc<Figures>,
    /// Whom orders go to, and how that goes.
    pub channels: Arc<Channels>,
    /// What was refused at the door.
    pub refused: Refused,
    /// Streams that are open.
    pub streams: AtomicUsize,
    workers: Vec<Worker>,
    recalls: mpsc::Sender<Recall>,
    /// Held by whoever brings another plan into force: one after the other, from checking to telling intake.
    pub plan_turn: tokio::sync::Mutex<()>,
    /// Whose turn it is to change what holds on the roads.
    pub roads: RoadDesk,
    stopping: AtomicBool,
    stopped: watch::Sender<bool>,
}

/// One worker's place.
struct Worker {
    /// A reply waits, or the centre has stopped.
    wake: Arc<Notify>,
    in_flight: Mutex<InFlight>,
}

/// Requests that were refused before they reached the core.
#[derive(Debug, Default)]
pub struct Refused {
    /// A lane was full, by lane.
    pub lane_full: [AtomicU64; 3],
    /// A worker's table was full.
    pub worker_full: AtomicU64,
    /// They could not be read.
    pub unreadable: AtomicU64,
    /// The centre did not serve.
    pub not_serving: AtomicU64,
    /// The disk was nearly full.
    pub no_room: AtomicU64,
    /// A field of a strict request was wrong.
    pub bad: AtomicU64,
}

impl Refused {
    /// Everything that found no room.
    pub fn overloaded(&self) -> u64 {
        let full = self.lane_full.iter().chain([&self.worker_full]);
        full.map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl Exchange {
    /// An exchange in front of a running centre. `wakes` are what the centre rings, one for each worker.
    pub fn new(
        running: Running,
        intake: Intake,
        (feed, figures, channels): (Arc<Feed>, Arc<Figures>, Arc<Channels>),
        wakes: Vec<Arc<Notify>>,
        in_flight_max: usize,
        recalls: mpsc::Sender<Recall>,
    ) -> Exchange {
        let workers = wakes
            .into_iter()
            .map(|wake| Worker {
                wake,
                in_flight: Mutex::new(InFlight::new(in_flight_max)),
            })
            .collect();
        Exchange {
            roads: RoadDesk::default(),
            running,
            intake,
            feed,
            figures,
            channels,
            refused: Refused::default(),
            streams: AtomicUsize::new(0),
            workers,
            recalls,
            plan_turn: tokio::sync::Mutex::default(),
            stopping: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
        }
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// How many requests are on the way.
    pub fn on_the_way(&self) -> usize {
        let workers = self.workers.iter();
        workers.map(|worker| worker.lock().len()).sum()
    }

    /// Since when the oldest request that is on the way has been waiting.
    pub fn oldest(&self) -> Option<Instant> {
        let workers = self.workers.iter();
        workers.filter_map(|worker| worker.lock().oldest()).min()
    }

    /// How far what only grows has grown, as readers see it.
    pub fn tally(&self) -> Tally {
        let view = self.feed.view();
        Tally {
            calls: view.conservation().accepted,
            events: view.counters().events,
        }
    }

    /// How many submissions wait in each lane.
    pub fn depths(&self) -> [(Lane, u32); 3] {
        Lane::ALL.map(|lane| (lane, self.running.depth(lane)))
    }

    /// Lets every worker look around, though no reply may wait: after a failure they tell whoever still waits.
    pub fn wake_workers(&self) {
        self.workers
            .iter()
            .for_each(|worker| worker.wake.notify_one());
    }

    /// Takes no more requests.
    pub fn stop_taking(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stopped.send_replace(true);
    }

    /// Changes when no more requests are taken: for answers that would go on for ever.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.subscribe()
    }

    /// Whether requests are taken: not while stopping, and not once the centre has failed.
    pub fn serves(&self) -> bool {
        !self.stopping.load(Ordering::Acquire) && self.running.health() == Health::Running
    }
}

impl Worker {
    fn lock(&self) -> std::sync::MutexGuard<'_, InFlight> {
        // Nobody panics while holding it; if one did, its places are still whole.
        self.in_flight
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
