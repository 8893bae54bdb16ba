//! Following a centre from one event on: what was released since from the journal, then what is released from now on.
//!
//! Pulled, never pushed: a follower that is not asked costs nothing, and one that is too slow for the live feed is served
//! from the journal until it has caught up. It waits for nobody and nobody waits for it.

use crate::announce::{Announcement, Interest, announce};
use crate::exchange::Exchange;
use crate::feed::{LiveChunk, Pace};
use crate::history::{History, HistoryError};
use crate::wire::{Problem, ProblemKind};
use engine::id::{EventId, Sequence};
use engine::view::View;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// Records read back at once.
const RECORDS_AT_ONCE: usize = 256;

/// What comes next.
#[derive(Debug)]
pub enum Found {
    /// A chunk of the live feed, all of which is new and wanted.
    Chunk(Arc<LiveChunk>),
    /// What was picked out of a chunk or read from the journal; may be nothing.
    Picked(Vec<Announcement>),
}

impl Found {
    /// What happened, in order.
    pub fn announcements(&self) -> &[Announcement] {
        match self {
            Found::Chunk(chunk) => &chunk.announcements,
            Found::Picked(picked) => picked,
        }
    }
}

/// One who follows.
pub struct Follower {
    exchange: Arc<Exchange>,
    interest: Interest,
    pace: Pace,
    /// The last event that was given.
    after: EventId,
    /// What was released when the live feed began.
    released: Sequence,
    live: Receiver<Arc<LiveChunk>>,
    history: Option<History>,
    /// When what was given last was sent on; `None` where it was read from the journal.
    sent_on: Option<Instant>,
}

/// Refuses to follow from behind an event that is not kept any more: what came after it could not be told.
pub fn refuse_if_pruned(exchange: &Exchange, since: EventId) -> Result<(), Problem> {
    let first = exchange.running.kept().first();
    if since.sequence >= first {
        return Ok(());
    }
    let detail = format!(
        "events behind {since} are not kept any more; the first record that is kept is {first}: read the lists, then follow from their `seq`"
    );
    Err(Problem::new(ProblemKind::Pruned, detail).about("since"))
}

impl Follower {
    /// Begins behind `since`, or with what is released from now on. `look` sees the view at the beginning.
    pub fn new<T>(
        exchange: &Arc<Exchange>,
        interest: Interest,
        since: Option<EventId>,
        pace: Pace,
        look: impl FnOnce(&View) -> T,
    ) -> (Follower, T) {
        let (seen, released, live) = exchange.feed.listen(pace, look);
        let now = EventId {
            centre: exchange.feed.centre(),
            sequence: released,
            index: u32::MAX,
        };
        let follower = Follower {
            exchange: Arc::clone(exchange),
            interest,
            pace,
            after: since.unwrap_or(now),
            released,
            live,
            history: None,
            sent_on: None,
        };
        (follower, seen)
    }

    /// What was released at the beginning.
    pub fn released(&self) -> Sequence {
        self.released
    }

    /// What comes next, in order; empty when there was nothing of interest. `None`: the centre is gone. May be
    /// dropped while it waits: nothing is lost, the next call goes on where the last answer ended.
    pub async fn next(&mut self) -> Result<Option<Found>, HistoryError> {
        self.sent_on = None;
        if self.is_behind() {
            return self.catch_up().await.map(|read| Some(Found::Picked(read)));
        }
        self.history = None;
        match self.live.recv().await {
            Ok(chunk) => {
                self.sent_on = Some(chunk.at);
                Ok(Some(self.take(chunk)))
            }
            Err(RecvError::Lagged(_)) => {
                let ((), released, live) = self.exchange.feed.listen(self.pace, |_| ());
                (self.released, self.live) = (released, live);
                Ok(Some(Found::Picked(Vec::new())))
            }
            Err(RecvError::Closed) => Ok(None),
        }
    }

    /// When what was given last was sent on; `None` where it was read from the journal.
    pub fn sent_on(&self) -> Option<Instant> {
        self.sent_on
    }

    fn first_wanted(&self) -> Sequence {
        if self.after.index == u32::MAX {
            self.after.sequence.next()
        } else {
            self.after.sequence
        }
    }

    fn is_behind(&self) -> bool {
        self.first_wanted() <= self.released
    }

    fn given_up_to(&mut self, sequence: Sequence) {
        if sequence >= self.after.sequence {
            (self.after.sequence, self.after.index) = (sequence, u32::MAX);
        }
    }

    fn take(&mut self, chunk: Arc<LiveChunk>) -> Found {
        if chunk.first > self.first_wanted() {
            // The feed did not hear of what lies between; the journal has it.
            self.released = self.released.max(chunk.last);
            return Found::Picked(Vec::new());
        }
        let first = chunk.announcements.first();
        let all_new = first.is_none_or(|first| first.id > self.after);
        let last = chunk.last;
        let found = if all_new && self.interest == Interest::All {
            Found::Chunk(chunk)
        } else {
            Found::Picked(self.wanted(&chunk.announcements))
        };
        self.given_up_to(last);
        found
    }

    fn wanted(&self, announcements: &[Announcement]) -> Vec<Announcement> {
        let new = announcements.iter().filter(|announcement| {
            announcement.id > self.after && self.interest.wants(announcement.unit)
        });
        new.copied().collect()
    }

    /// The next records of the journal, up to what was released when the live feed began.
    async fn catch_up(&mut self) -> Result<Vec<Announcement>, HistoryError> {
        let (from, to) = (self.first_wanted(), self.released);
        let (interest, exchange) = (self.interest.clone(), Arc::clone(&self.exchange));
        let given = self.history.take();
        let read = tokio::task::spawn_blocking(move || {
            let mut history = match given {
                Some(history) => history,
                None => History::open(exchange.running.data())?,
            };
            let records = history.read(from, to, RECORDS_AT_ONCE)?;
            let last = records.last().map(|last| last.sequence);
            let view = exchange.feed.view();
            let mut found = Vec::new();
            for released in &records {
                announce(
                    released,
                    exchange.feed.centre(),
                    &view,
                    &interest,
                    &mut found,
                );
            }
            drop(view);
            Ok::<_, HistoryError>((history, last, found))
        });
        // The task cannot be cancelled; if it panicked, the panic is in the log and nothing more can be given.
        let Ok(read) = read.await else {
            self.given_up_to(to);
            return Ok(Vec::new());
        };
        let (history, last, found) = read?;
        self.history = Some(history);
        let found = self.wanted(&found);
        // Where the journal has nothing more to give, the rest comes live.
        self.given_up_to(last.unwrap_or(to));
        Ok(found)
    }
}
