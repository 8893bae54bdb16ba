//! The feed: hears every released record once, in order, and lets everybody else read.
//!
//! On the engine's view thread it keeps the view and the names and hands what happened to subscribers. A subscriber
//! begins at one sequence exactly: what the view holds at that moment, then the live chunks after it. One that
//! falls behind goes back to the journal (`history`), so a slow reader costs nobody else anything.

use crate::acts::{Acts, Begun};
use crate::announce::{Announcement, Interest, announce};
use crate::names::NameTable;
use axum::body::Bytes;
use engine::call::ActKey;
use engine::command::Command;
use engine::event::Event;
use engine::id::{CentreId, Sequence, UnitId};
use engine::runtime::{Release, ReleasedRecord};
use engine::view::{UnitView, View};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;

/// Chunks that wait for the slowest live subscriber; who is further behind reads the journal.
const CHUNKS_KEPT: usize = 256;

/// Gathered chunks that wait for the slowest reader of the gathered feed.
const GATHERED_KEPT: usize = 64;
/// So long is gathered what happens after a chunk was sent on.
const GATHER_TIME: Duration = Duration::from_millis(50);
/// Readers of the gathered feed take turns within [`GATHER_TIME`]: neighbours in the order of coming are so many
/// milliseconds apart. Prime to its length, so that any run of readers is spread over all of it.
const TURN_STEP: u32 = 19;

/// How soon a follower is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Record by record: for those who act on it.
    AtOnce,
    /// A few times a second, all that happened together: for the many who look on.
    Gathered,
}

/// What a few records had to say.
#[derive(Debug)]
pub struct LiveChunk {
    /// The first record of it.
    pub first: Sequence,
    /// The last record of it.
    pub last: Sequence,
    /// Everything they said, in order.
    pub announcements: Vec<Announcement>,
    /// When it was sent on.
    pub at: Instant,
    /// The same in words, made by the first reader over HTTP who needs them, for all of them.
    pub worded: OnceLock<Bytes>,
}

impl LiveChunk {
    /// A chunk of no records, behind this one.
    fn nothing_after(last: Sequence) -> LiveChunk {
        LiveChunk {
            first: last.next(),
            last,
            announcements: Vec::new(),
            at: Instant::now(),
            worded: OnceLock::new(),
        }
    }

    /// Adds what came next; what does not follow on what is there takes its place.
    fn add(&mut self, chunk: &LiveChunk) {
        if chunk.first != self.last.next() {
            *self = LiveChunk::nothing_after(Sequence(chunk.first.0.saturating_sub(1)));
        }
        self.announcements.extend_from_slice(&chunk.announcements);
        self.last = chunk.last;
    }
}

/// What readers share.
#[derive(Debug)]
pub struct Feed {
    centre: CentreId,
    view: RwLock<View>,
    names: NameTable,
    acts: Acts,
    live: broadcast::Sender<Arc<LiveChunk>>,
    gathered: broadcast::Sender<Arc<LiveChunk>>,
    /// Somebody reads the gathered feed.
    wanted: Notify,
    /// Readers that were given a turn.
    turns: AtomicU32,
    heard: watch::Sender<Sequence>,
}

impl Feed {
    /// A feed that has heard nothing yet.
    pub fn new(centre: CentreId) -> Feed {
        Feed::resumed(centre, View::new())
    }

    /// A feed that has heard what this view knows, and goes on from there.
    pub fn resumed(centre: CentreId, view: View) -> Feed {
        let names = NameTable::default();
        let units = view.units();
        names.add(units.map(|(id, unit)| (id, Arc::from(unit.definition.name.as_str()))));
        let heard = watch::Sender::new(view.sequence());
        Feed {
            centre,
            view: RwLock::new(view),
            names,
            acts: Acts::default(),
            live: broadcast::Sender::new(CHUNKS_KEPT),
            gathered: broadcast::Sender::new(GATHERED_KEPT),
            wanted: Notify::new(),
            turns: AtomicU32::new(0),
            heard,
        }
    }

    /// The centre it is about.
    pub fn centre(&self) -> CentreId {
        self.centre
    }

    /// What is known, at one sequence. Hold it shortly: the next records wait meanwhile.
    pub fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What units are called.
    pub fn names(&self) -> &NameTable {
        &self.names
    }

    /// Acts that were asked for lately, by the key they came under.
    pub fn acts(&self) -> &Acts {
        &self.acts
    }

    /// What is known of an act's key.
    pub fn look_for(&self, act: ActKey) -> Begun {
        self.acts.look(self.view().acts(), act)
    }

    /// Somebody asks for an act under a key; whoever is first is to have it done.
    pub fn begin(&self, act: ActKey) -> Begun {
        self.acts.begin(self.view().acts(), act)
    }

    /// Begins to listen: `look` sees the view as it is at one sequence, and the chunks after it follow.
    pub fn listen<T>(
        &self,
        pace: Pace,
        look: impl FnOnce(&View) -> T,
    ) -> (T, Sequence, broadcast::Receiver<Arc<LiveChunk>>) {
        let view = self.view();
        // Under the lock that the sink takes for each chunk, so nothing falls between the view and the first chunk.
        let live = match pace {
            Pace::AtOnce => self.live.subscribe(),
            Pace::Gathered => {
                let gathered = self.gathered.subscribe();
                self.wanted.notify_one();
                gathered
            }
        };
        (look(&view), view.sequence(), live)
    }

    /// So long after the gathered feed has something the next reader of it is written to. Were all of them written to
    /// at once, a call that comes just then would wait for hundreds of writes.
    pub fn turn(&self) -> Duration {
        let reader = self.turns.fetch_add(1, Relaxed);
        let turns = GATHER_TIME.as_millis() as u32;
        Duration::from_millis(u64::from(reader.wrapping_mul(TURN_STEP) % turns))
    }

    /// Gathers the live feed for those who look on, while there are any. Where it was not listening a chunk does not
    /// begin where the last one ended; followers see that and read the journal.
    pub async fn gather(self: Arc<Feed>) {
        loop {
            self.wanted.notified().await;
            let ((), released, mut live) = self.listen(Pace::AtOnce, |_| ());
            let mut gathered = LiveChunk::nothing_after(released);
            while self.gathered.receiver_count() > 0 {
                let last = gathered.last;
                gathered.at = Instant::now();
                // No reader left is no error: they have gone since they were counted.
                drop(self.gathered.send(Arc::new(gathered)));
                tokio::time::sleep(GATHER_TIME).await;
                gathered = LiveChunk::nothing_after(last);
                match live.recv().await {
                    Ok(chunk) => gathered.add(&chunk),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
                while let Ok(chunk) = live.try_recv() {
                    gathered.add(&chunk);
                }
            }
        }
    }

    /// Returns when the view shows what this record did, so that who was answered finds it in whatever is asked next.
    pub async fn shows(&self, record: Sequence) {
        let mut heard = self.heard.subscribe();
        // The sender is beside the receiver in `self`: it cannot be gone.
        drop(heard.wait_for(|&heard| heard >= record).await);
    }

    /// Knows what this view knows, and goes on from there. Comes before anything is heard.
    fn restore(&self, restored: View) {
        let named =
            |(id, unit): (UnitId, &UnitView)| (id, Arc::from(unit.definition.name.as_str()));
        self.names.add(restored.units().map(named));
        let sequence = restored.sequence();
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = restored;
        self.heard.send_replace(sequence);
    }

    /// Hears these records, in order, and lets readers know.
    fn hear(&self, records: &[ReleasedRecord]) {
        self.tell(records);
        if let Some(last) = records.last() {
            self.heard.send_replace(last.sequence);
        }
    }

    fn tell(&self, records: &[ReleasedRecord]) {
        let defined = records.iter().flat_map(|released| {
            let command = released.record.envelope.command;
            let events = released.record.events.iter();
            events.filter_map(move |event| {
                if let (Event::UnitDefined { unit }, Command::DefineUnit(definition)) =
                    (event, command)
                {
                    Some((*unit, Arc::from(definition.name.as_str())))
                } else {
                    None
                }
            })
        });
        self.names.add(defined);
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        if self.live.receiver_count() == 0 {
            records.iter().for_each(|released| view.hear(released));
            return;
        }
        let mut announcements = Vec::new();
        for released in records {
            view.hear(released);
            announce(
                released,
                self.centre,
                &view,
                &Interest::All,
                &mut announcements,
            );
        }
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        let chunk = LiveChunk {
            first: first.sequence,
            last: last.sequence,
            announcements,
            at: Instant::now(),
            worded: OnceLock::new(),
        };
        // No receiver left is no error: they have gone since they were counted.
        drop(self.live.send(Arc::new(chunk)));
    }
}

/// The end of the feed that the engine's view thread holds.
pub struct Sink(pub Arc<Feed>);

impl Release for Sink {
    fn restored(&mut self, view: View) {
        self.0.restore(view);
    }

    fn released(&mut self, records: &[ReleasedRecord]) {
        self.0.hear(records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn readers_who_come_one_after_the_other_never_share_a_turn() {
        let feed = Feed::new(CentreId(1));
        let mut turns = Vec::new();
        turns.resize_with(200, || feed.turn());
        let all = GATHER_TIME.as_millis() as usize;
        for run in turns.windows(all) {
            assert_eq!(run.iter().collect::<BTreeSet<_>>().len(), all);
        }
        assert!(turns.iter().all(|&turn| turn < GATHER_TIME));
        // Neighbours are not written to in the same moment either.
        let apart = |pair: &[Duration]| pair[0].abs_diff(pair[1]);
        assert!(
            turns
                .windows(2)
                .all(|pair| apart(pair) >= Duration::from_millis(15))
        );
    }
}
