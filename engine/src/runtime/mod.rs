//! A running centre: four threads around one state.
//!
//! ```text
//!  lanes, position slots ──▶ writer ──batches──▶ journal ──▶ replies, by worker
//!                            (applies)           (syncs)  ──▶ view (reads the files) ──▶ the sink
//!                                                             keeper (reads the files) ──▶ snapshots
//! ```
//!
//! [`start`] recovers by replay, brings the objects and units of the setup into force, and starts the threads.
//! [`Running`] is all that the gateway sees. Threads of the engine are started here and nowhere else;
//! [`stepped`] is the same centre without any, for whoever simulates a world.

mod boot;
mod glimpse;
pub mod keeper;
mod measures;
mod metered;
pub mod port;
mod read_ahead;
mod release;
mod replay;
pub mod stepped;
mod stopwatch;
#[cfg(test)]
mod tests;
mod watcher;
mod writer;

pub use boot::StartError;
pub use glimpse::Glimpse;
pub use measures::{Lag, Measures};
pub use release::Wake;
pub use replay::{Replay, ReplayError};
pub use watcher::{Release, ReleasedRecord};

use crate::centre::Prepared;
use crate::city::City;
use crate::command::{Activation, ClockMode, ObjectKind};
use crate::id::{CentreId, Sequence};
use crate::journal::committer::Watch;
use crate::journal::{Committer, Cut, Durability, Folder, Log, Shape};
use crate::lane::{Bell, Lane, LaneLimits, Producer};
use crate::limits::Capacities;
use crate::moment::Moment;
use crate::name::Name;
use crate::plan::Plan;
use crate::position_slots::PositionSlots;
use crate::roads::atlas::Atlas;
use crate::roads::bulletin::Bulletin;
use keeper::{Keeper, Keeping, Kept};
use port::{Reply, Submission};
use release::ReplyRing;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use stopwatch::TimeSource;
use watcher::Watcher;
use writer::{Shown, Writer};

/// All that a centre is started with.
pub struct Setup {
    /// The data folder: journal segments and objects.
    pub data: Folder,
    /// The centre's number.
    pub centre: CentreId,
    /// The clock it lives on.
    pub clock: ClockMode,
    /// How much it can hold.
    pub capacities: Capacities,
    /// The text of its plan.
    pub plan: String,
    /// The text of its lexicon.
    pub lexicon: String,
    /// Its city.
    pub city: Arc<City>,
    /// The bytes of its prepared map; `None` where travel goes by straight line.
    pub roads: Option<Arc<[u8]>>,
    /// How much each lane holds.
    pub lanes: LaneLimits,
    /// How the journal is laid out.
    pub shape: Shape,
    /// Replies that wait for one worker at most.
    pub reply_ring_items: usize,
    /// When snapshots are made, how much of the journal is kept, and how much room must stay.
    pub keeping: Keeping,
    /// One for each worker: called when a reply waits.
    pub wake: Vec<Wake>,
}

/// How a running centre is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It serves.
    Running,
    /// It has stopped for this reason; nothing new is served.
    Failed(String),
}

/// The lane is full; what did not go in is still where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {lane} lane is full; send it again a little later")]
pub struct LaneFull {
    /// Which lane.
    pub lane: Lane,
}

/// A centre that is running.
pub struct Running {
    producer: Producer<Submission>,
    positions: Arc<PositionSlots>,
    rings: Arc<Vec<ReplyRing>>,
    shown: Arc<Shown>,
    measures: Arc<Measures>,
    watch: Watch,
    told: Arc<AtomicU64>,
    last: Arc<AtomicBool>,
    view: Bell,
    view_failure: Arc<OnceLock<String>>,
    clock: ClockMode,
    durability: Durability,
    epoch: u64,
    data: Folder,
    kept: Arc<Kept>,
    keeper: Bell,
    passed_over: Vec<String>,
    cut: Option<Cut>,
    plan: Option<Arc<Plan>>,
    notices_left: Vec<Name>,
    threads: Vec<JoinHandle<()>>,
}

/// Recovers a centre from its data folder, or begins one, and starts it. Returns once the sink has heard all that
/// was journalled before.
pub fn start(setup: Setup, sink: Box<dyn Release>) -> Result<Running, StartError> {
    let Assembled {
        mut running,
        mut writer,
        watcher,
        keeper,
        durable,
    } = assemble(setup, sink, TimeSource::Machine)?;
    if let Some(committer) = writer.committer.take() {
        running.threads = vec![
            spawn("liandong-writer", move || writer.run())?,
            spawn("liandong-journal", move || commit(committer))?,
            spawn("liandong-view", move || watcher.run())?,
            spawn("liandong-keeper", move || keeper.run())?,
        ];
    }
    running.await_view(durable);
    Ok(running)
}

/// A centre that is up; nothing of it runs yet.
struct Assembled {
    running: Running,
    writer: Writer,
    watcher: Watcher,
    keeper: Keeper,
    /// The last record that the sink is to hear before anybody is served.
    durable: Sequence,
}

fn assemble(
    setup: Setup,
    sink: Box<dyn Release>,
    time: TimeSource,
) -> Result<Assembled, StartError> {
    let boot::Booted {
        mut writer,
        watcher,
        keeper,
        passed_over,
        cut,
        notices_left,
        handles,
    } = boot::boot(&setup, sink, time)?;
    let boot::Handles {
        producer,
        positions,
        rings,
        watch,
        epoch,
        durable,
    } = handles;
    let plan = writer.centre.plan();
    writer.shown.map.store(writer.centre.atlas().cloned());
    let (shown, clock) = (Arc::clone(&writer.shown), writer.clock);
    let measures = Arc::clone(&writer.measures);
    measures.set_applied(writer.centre.sequence());
    let (told, last) = (Arc::clone(&watcher.told), Arc::clone(&watcher.last));
    let (view, view_failure) = (watcher.bell.clone(), Arc::clone(&watcher.failure));
    writer.shown.now_ms.store(writer.now.0, Ordering::Relaxed);
    writer.events.reserve(crate::limits::EVENTS_PER_COMMAND_MAX);
    let running = Running {
        producer,
        positions,
        rings,
        shown,
        measures,
        watch,
        told,
        last,
        view,
        view_failure,
        clock,
        durability: setup.shape.durability,
        epoch,
        data: setup.data,
        kept: Arc::clone(&keeper.kept),
        keeper: keeper.bell.clone(),
        passed_over,
        cut,
        plan,
        notices_left,
        threads: Vec::new(),
    };
    Ok(Assembled {
        running,
        writer,
        watcher,
        keeper,
        durable,
    })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map_err(StartError::Thread)
}

/// The reason of a failure is kept where everybody looks for it: in the watch.
fn commit<L: Log>(committer: Committer<L, release::Releaser, release::Carried>) {
    drop(committer.run());
}

impl Running {
    /// Hands submissions to the writer; never blocks. What does not fit stays in `items`.
    pub fn submit(&self, lane: Lane, items: &mut Vec<Submission>) -> Result<(), LaneFull> {
        while !items.is_empty() {
            let mut chunk = self.producer.chunk();
            let count = items.len().min(crate::lane::CHUNK);
            for item in items.drain(..count) {
                if chunk.push(item).is_err() {
                    unreachable!("a chunk takes {count} items");
                }
            }
            if let Err(refused) = self.producer.push(lane, chunk) {
                let mut chunk = refused.chunk;
                let rest: Vec<_> = chunk.drain().chain(items.drain(..)).collect();
                items.extend(rest);
                return Err(LaneFull { lane });
            }
        }
        Ok(())
    }

    /// Puts where a unit is, on the wall clock: latest wins, nobody waits. The index is the unit's number less one.
    pub fn position(&self, unit: crate::id::UnitId, point: crate::place::Point) -> bool {
        let index = u32::try_from(unit.number() - 1).unwrap_or(u32::MAX);
        let put = self.positions.put(index, point).is_ok();
        self.producer.ring();
        put
    }

    /// The plan that was in force when the centre came up: the configuration's, or the one that a person activated since.
    pub fn plan_at_start(&self) -> Option<Arc<Plan>> {
        self.plan.clone()
    }

    /// Snapshots, and the room on the disk.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Snapshots that were newer than the one that the centre came up with, and what is wrong with them.
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }

    /// The unfinished tail that was cut off when the centre came up, if there was one: what was not known to be on the disk.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// The data folder.
    pub fn data(&self) -> &Folder {
        &self.data
    }

    /// Checks an object, stores it in the data folder and makes it ready, so that [`port::Wish::Activate`] can bring it
    /// into force. Reads and writes files: not for a thread that others need.
    pub fn store(
        &self,
        object: ObjectKind,
        bytes: &[u8],
    ) -> Result<(Activation, Prepared), StartError> {
        boot::store(&self.data, object, bytes)
    }

    /// The same for a bulletin: what holds on the roads from when it comes into force. Makes all times of the map anew: not for a
    /// thread that others need. Whoever keeps the map that it replaces for a while spares the writer letting it go.
    pub fn store_bulletin(
        &self,
        map: &Atlas,
        bulletin: Bulletin,
    ) -> Result<(Activation, Arc<Atlas>), StartError> {
        boot::store_bulletin(&self.data, map, bulletin)
    }

    /// The map that the centre decides by, with its times now; `None` where travel goes by straight line.
    pub fn map(&self) -> Option<Arc<Atlas>> {
        self.shown.map.load_full()
    }

    /// Notices on the roads that another map left without a road at the start.
    pub fn notices_left(&self) -> &[Name] {
        &self.notices_left
    }

    /// Takes the replies that wait for a worker; called by that worker alone.
    pub fn replies(&self, worker: usize, out: &mut Vec<Reply>) -> usize {
        let Some(ring) = self.rings.get(worker) else {
            return 0;
        };
        let before = out.len();
        while let Some(reply) = ring.ring.pop() {
            out.push(reply);
        }
        out.len() - before
    }

    /// Replies that found their worker's ring full and were dropped.
    pub fn replies_dropped(&self) -> u64 {
        self.rings
            .iter()
            .map(|ring| ring.dropped.load(Ordering::Relaxed))
            .sum()
    }

    /// Centre time, as of the writer's last round.
    pub fn now(&self) -> Moment {
        Moment(self.shown.now_ms.load(Ordering::Relaxed))
    }

    /// The clock it lives on.
    pub fn clock(&self) -> ClockMode {
        self.clock
    }

    /// When a record counts as safe enough to be acknowledged.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Which start of the centre this is.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last record that is durable.
    pub fn durable(&self) -> Sequence {
        self.watch.durable()
    }

    /// The last record that the sink has heard.
    pub fn told(&self) -> Sequence {
        Sequence(self.told.load(Ordering::Acquire))
    }

    /// The last record that the writer has applied, as of its last round.
    pub fn applied(&self) -> Sequence {
        self.measures.applied()
    }

    /// How far the journal is behind the writer.
    pub fn journal_lag(&self) -> Lag {
        // Before what is durable: then a batch that is released meanwhile can only make it look older.
        let released = self.shown.batches_released.load(Ordering::Acquire);
        self.measures.lag(self.durable(), released)
    }

    /// What deciding and committing take.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// How many submissions wait in a lane.
    pub fn depth(&self, lane: Lane) -> u32 {
        self.producer.depth(lane)
    }

    /// How far the machine's clock is behind the centre's, in milliseconds: until it has caught up the centre's stands still, and nothing
    /// falls due. So it is after the clock was ahead and was put right, or when a machine starts in the past.
    pub fn clock_behind_ms(&self) -> i64 {
        self.shown.clock_behind_ms.load(Ordering::Relaxed)
    }

    /// Forward steps of the machine's clock that were large enough for an alarm.
    pub fn clock_jumps(&self) -> u64 {
        self.shown.clock_jumps.load(Ordering::Relaxed)
    }

    /// How it is.
    pub fn health(&self) -> Health {
        if let Some(reason) = self.watch.failure() {
            return Health::Failed(format!("the journal has stopped: {reason}"));
        }
        if let Some(reason) = self.view_failure.get() {
            return Health::Failed(reason.clone());
        }
        if self.threads.iter().any(JoinHandle::is_finished)
            && !self.shown.stop.load(Ordering::Acquire)
        {
            return Health::Failed(
                "a thread of the centre has ended; its message is in the log".into(),
            );
        }
        Health::Running
    }

    /// Waits until the sink has heard of all up to `sequence`.
    fn await_view(&self, sequence: Sequence) {
        while self.told() < sequence && self.health() == Health::Running {
            self.view.ring();
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
    }

    /// Takes what waits in the lanes, makes it durable, tells the sink, and ends.
    pub fn stop(mut self) -> Result<(), String> {
        self.shown.stop.store(true, Ordering::Release);
        self.producer.ring();
        let mut threads = self.threads.drain(..);
        let (writer, journal, view) = (threads.next(), threads.next(), threads.next());
        let keeper = threads.next();
        self.keeper.ring();
        let join =
            |thread: Option<JoinHandle<()>>| thread.is_none_or(|thread| thread.join().is_ok());
        let mut sound = join(writer);
        sound &= join(journal);
        self.last.store(true, Ordering::Release);
        self.view.ring();
        sound &= join(view);
        sound &= join(keeper);
        drop(threads);
        if let Some(reason) = self.watch.failure() {
            return Err(format!("the journal has stopped: {reason}"));
        }
        if sound {
            Ok(())
        } else {
            Err("a thread of the centre panicked; its message is in the log".into())
        }
    }
}
