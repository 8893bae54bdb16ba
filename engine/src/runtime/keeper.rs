//! The keeper: makes snapshots, lets go what they stand for, and looks at the room on the disk.
//!
//! It begins with the last snapshot, replays what is durable since, and writes the next; so every replay is proved while the
//! centre runs, and a snapshot counts only once it was read back and came to the same state. It works on files alone: the writer
//! takes no part and waits for nothing here. Its thread has the lowest priority there is.

use super::replay::{Replay, ReplayError, frozen, restored};
use super::watcher::ReleasedRecord;
use super::writer::Shown;
use crate::id::Sequence;
use crate::journal::retention::{self, Retention, SnapshotFacts};
use crate::journal::{Folder, IoFault, Objects, SnapshotError, Snapshots};
use crate::lane::{Bell, Lane};
use crate::moment::{Moment, Span};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often it looks whether there is something to do.
const LOOK: Duration = Duration::from_secs(1);
/// Records applied before it asks again whether it shall end.
const STRETCH: u32 = 256;
/// While there is no room for a snapshot, how often it looks for what may go.
const PRUNE_PAUSE: Span = Span(60_000);
/// Records applied before it looks again at the room on the disk: a tenth of a second of them.
const ROOM_STRETCH: u32 = 1 << 16;

/// What is kept, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// A snapshot is due after so many records.
    pub snapshot_records: u64,
    /// Or, if there was any, after this time of the centre.
    pub snapshot_age: Span,
    /// How much of the journal is kept.
    pub retention: Retention,
    /// Below so many free bytes it warns.
    pub room_low_bytes: u64,
    /// Below so many free bytes no new call is taken but those with danger to life; below an eighth of it none at all.
    pub room_least_bytes: u64,
}

impl Default for Keeping {
    fn default() -> Keeping {
        Keeping {
            snapshot_records: 100_000,
            snapshot_age: Span::hours(1),
            retention: Retention {
                kept: Span::hours(24 * 1_095),
                bytes_max: None,
            },
            room_low_bytes: 4 << 30,
            room_least_bytes: 512 << 20,
        }
    }
}

/// Room on the disk that holds the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    #[default]
    Ample,
    /// Below the mark at which to act.
    Low,
    /// So little that no new call is taken but those with danger to life: what is open must still be seen through.
    Spent,
    /// So little that no new call is taken at all.
    Gone,
}

/// What is left of `room_least_bytes`, divided by this, is for what is open alone.
const ROOM_GONE: u64 = 8;

/// What others may see of the keeper.
#[derive(Debug, Default)]
pub struct Kept {
    room: AtomicU8,
    free_bytes: AtomicU64,
    first: AtomicU64,
    snapshot: AtomicU64,
    snapshots: AtomicU64,
    failures: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Room {
    /// A name for logs and figures.
    pub const fn code(self) -> &'static str {
        match self {
            Room::Ample => "ample",
            Room::Low => "low",
            Room::Spent => "spent",
            Room::Gone => "gone",
        }
    }

    /// Whether a new call of this lane may still be taken.
    pub const fn admits(self, lane: Lane) -> bool {
        match self {
            Room::Ample | Room::Low => true,
            Room::Spent => matches!(lane, Lane::Life),
            Room::Gone => false,
        }
    }
}

impl Kept {
    /// How much room there is.
    pub fn room(&self) -> Room {
        match self.room.load(Ordering::Relaxed) {
            0 => Room::Ample,
            1 => Room::Low,
            2 => Room::Spent,
            _ => Room::Gone,
        }
    }

    /// Free bytes on the disk, as of the last look.
    pub fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// The first record that is kept; 0 as long as all are.
    pub fn first(&self) -> Sequence {
        Sequence(self.first.load(Ordering::Relaxed))
    }

    /// The last record of the newest snapshot that was proved since the start, or that the centre came up with; 0 without one.
    pub fn snapshot(&self) -> Sequence {
        Sequence(self.snapshot.load(Ordering::Relaxed))
    }

    /// Snapshots made since the start.
    pub fn snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }

    /// Snapshots, removals and looks that failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Why the last one failed, until one succeeds.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, trouble: Option<String>) {
        self.failures
            .fetch_add(u64::from(trouble.is_some()), Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// Why there is no new snapshot, or nothing was let go.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("no snapshot: {0}")]
    Replay(#[from] ReplayError),
    #[error("no snapshot: {0}")]
    Snapshot(#[from] SnapshotError),
    #[error("no snapshot: what was read back is not what was written: {0}")]
    Unproved(String),
    #[error(
        "no snapshot: it takes {needed} MiB, {free} MiB are free, and {kept} MiB of them are for what is open; make room on the disk"
    )]
    Full { needed: u64, free: u64, kept: u64 },
    #[error("nothing was pruned: {0}")]
    Prune(IoFault),
    #[error("the room on the disk is not known: {0}")]
    Room(IoFault),
}

pub(super) struct Keeper {
    pub folder: Folder,
    pub keeping: Keeping,
    pub durable: Box<dyn Fn() -> Sequence + Send>,
    pub shown: Arc<Shown>,
    pub kept: Arc<Kept>,
    pub bell: Bell,
    /// Snapshots that were read back whole since the start.
    pub proved: BTreeSet<Sequence>,
    /// Where the last one ends, and its time.
    pub last: (Sequence, Moment),
    /// When it was last looked for what may go.
    pub pruned: Moment,
    /// Whether what an earlier run left unfinished is gone.
    pub is_tidy: bool,
}

impl Keeper {
    pub fn new(
        folder: Folder,
        keeping: Keeping,
        durable: Box<dyn Fn() -> Sequence + Send>,
        shown: Arc<Shown>,
        began_with: Option<(Sequence, Moment)>,
        first: Sequence,
    ) -> Keeper {
        let kept = Arc::new(Kept::default());
        kept.first.store(first.0, Ordering::Relaxed);
        let last = began_with.unwrap_or((Sequence(0), Moment(0)));
        kept.snapshot.store(last.0.0, Ordering::Relaxed);
        Keeper {
            folder,
            keeping,
            durable,
            shown,
            kept,
            bell: Bell::new(),
            proved: began_with
                .map(|(sequence, _)| sequence)
                .into_iter()
                .collect(),
            last,
            pruned: Moment(0),
            is_tidy: false,
        }
    }

    /// Runs until the centre stops.
    pub fn run(mut self) {
        let nicest = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
        if let Err(error) = nicest {
            self.kept.set_trouble(Some(format!(
                "it works at the priority of all others: {error}"
            )));
        }
        while !self.is_over() {
            self.step();
            let shown = Arc::clone(&self.shown);
            self.bell.sleep(LOOK, || {
                shown.stop.load(Ordering::Acquire) || shown.failed.load(Ordering::Acquire)
            });
        }
    }

    fn is_over(&self) -> bool {
        self.shown.stop.load(Ordering::Acquire) || self.shown.failed.load(Ordering::Acquire)
    }

    /// Looks once, and does what is due.
    pub fn step(&mut self) {
        let done = self
            .tidy()
            .and_then(|()| self.look_at_room())
            .and_then(|()| self.keep());
        match done {
            Ok(false) => {}
            Ok(true) => self.kept.set_trouble(None),
            Err(trouble) => self.kept.set_trouble(Some(trouble.to_string())),
        }
    }

    /// Gives back what a snapshot took that was never finished, before the room is looked at for the first time: it may be what fills the
    /// disk.
    fn tidy(&mut self) -> Result<(), Trouble> {
        if !self.is_tidy {
            let tidied = Snapshots::of(&self.folder).tidy();
            tidied.map_err(SnapshotError::from)?;
            self.is_tidy = true;
        }
        Ok(())
    }

    fn look_at_room(&self) -> Result<(), Trouble> {
        let free = self.folder.space().map_err(Trouble::Room)?.free;
        let marks = [
            self.keeping.room_low_bytes,
            self.keeping.room_least_bytes,
            self.keeping.room_least_bytes / ROOM_GONE,
        ];
        let room = marks.iter().filter(|&&mark| free < mark).count() as u8;
        self.kept.free_bytes.store(free, Ordering::Relaxed);
        self.kept.room.store(room, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the next snapshot if it is due, and lets go what may; true when it did.
    fn keep(&mut self) -> Result<bool, Trouble> {
        let durable = (self.durable)();
        let now = Moment(self.shown.now_ms.load(Ordering::Relaxed));
        if self.last.1 == Moment(0) {
            // There was none yet: its age counts from here.
            self.last.1 = now;
        }
        let aged = self.last.1 + self.keeping.snapshot_age <= now;
        let grown = durable.0.saturating_sub(self.last.0.0);
        if grown < self.keeping.snapshot_records && !(aged && grown > 0) {
            return Ok(false);
        }
        if matches!(self.kept.room(), Room::Spent | Room::Gone) {
            // It would take what is left; what is open must still be seen through. What may go makes room all the same.
            if self.pruned + PRUNE_PAUSE <= now {
                self.prune(now)?;
            }
            return Ok(false);
        }
        // Whatever comes of it, the next try is not at once.
        self.last = (durable, now);
        if self.snapshot(durable)? {
            self.prune(now)?;
        }
        Ok(true)
    }

    /// Makes a snapshot of all that is durable, and proves it; false when there was no time left.
    fn snapshot(&mut self, durable: Sequence) -> Result<bool, Trouble> {
        let snapshots = Snapshots::of(&self.folder);
        snapshots.tidy().map_err(SnapshotError::from)?;
        let mut replay = Replay::from_snapshot(&self.folder, durable)?;
        let mut view = replay.take_view();
        let mut stretch = 0;
        while let Some((sequence, record)) = replay.step(durable)? {
            view.hear(&ReleasedRecord { sequence, record });
            stretch += 1;
            if stretch % STRETCH == 0 && self.is_over() {
                return Ok(false);
            }
            // It takes long, and calls go on being written meanwhile.
            if stretch % ROOM_STRETCH == 0 {
                self.look_at_room()?;
            }
        }
        let Some(place) = replay.boundary() else {
            return Err(Trouble::Unproved(
                "what is durable ends within a batch".into(),
            ));
        };
        let snapshot = frozen(replay.centre(), &view, place);
        drop((replay, view));
        let sequence = snapshot.header.sequence();
        self.ensure_room_for(snapshot.header.bytes())?;
        snapshots.write(&snapshot)?;
        drop(snapshot);
        if let Err(reason) = self.prove(&snapshots, sequence) {
            // It must never be begun with.
            snapshots.remove(sequence).map_err(SnapshotError::from)?;
            return Err(Trouble::Unproved(reason));
        }
        self.kept.snapshot.store(sequence.0, Ordering::Relaxed);
        self.kept.snapshots.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }

    /// Whether a file of this size leaves what is kept for what is open.
    fn ensure_room_for(&self, bytes: u64) -> Result<(), Trouble> {
        self.look_at_room()?;
        let (free, kept) = (self.kept.free_bytes(), self.keeping.room_least_bytes);
        if free >= bytes.saturating_add(kept) {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        Err(Trouble::Full {
            needed: mib(bytes),
            free: mib(free),
            kept: mib(kept),
        })
    }

    /// Reads a snapshot back, all of it.
    fn prove(&mut self, snapshots: &Snapshots, sequence: Sequence) -> Result<(), String> {
        if self.proved.contains(&sequence) {
            return Ok(());
        }
        let read = snapshots
            .read_unproved(sequence)
            .map_err(|error| error.to_string())?;
        restored(&read, &Objects::of(&self.folder), || {})?;
        self.proved.insert(sequence);
        Ok(())
    }

    /// Lets go what is older than was asked for.
    fn prune(&mut self, now: Moment) -> Result<(), Trouble> {
        self.pruned = now;
        let snapshots = Snapshots::of(&self.folder);
        let mut facts = Vec::new();
        for sequence in snapshots.list().map_err(Trouble::Prune)? {
            if let Ok(header) = snapshots.header(sequence) {
                facts.push(SnapshotFacts::from(&header));
            }
        }
        let segments = retention::segments(&self.folder).map_err(Trouble::Prune)?;
        loop {
            let removal = retention::plan(&self.keeping.retention, now, &segments, &facts);
            match removal.base {
                // What is not whole is no copy of anything.
                Some(base) if self.prove(&snapshots, base).is_err() => {
                    facts.retain(|one| one.sequence != base);
                }
                Some(_) | None => {
                    let left = segments.get(removal.segments.len());
                    if let Some(left) = left.filter(|_| !removal.segments.is_empty()) {
                        self.kept.first.store(left.first.0, Ordering::Relaxed);
                    }
                    return retention::carry_out(&self.folder, &removal).map_err(Trouble::Prune);
                }
            }
        }
    }
}
