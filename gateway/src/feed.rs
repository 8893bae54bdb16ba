//! The feed: hears every released record once, in order, and lets everybody else read.
//!
//! On the engine's view thread it keeps the view and the names and hands what happened to subscribers. A subscriber
//! begins at one sequence exactly: what the view holds at that moment, then the live chunks after it. One that
//! falls behind goes back to the journal (`history`), so a slow reader costs nobody else anything.

use crate::acts::Acts;
use crate::announce::{Announcement, Interest, announce};
use crate::names::NameTable;
use engine::call::ActKey;
use engine::command::Command;
use engine::event::Event;
use engine::id::{CentreId, Sequence};
use engine::runtime::{Release, ReleasedRecord};
use engine::view::View;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::broadcast;

/// Chunks that wait for the slowest live subscriber; who is further behind reads the journal.
const CHUNKS_KEPT: usize = 256;

/// What a few records had to say.
#[derive(Debug)]
pub struct LiveChunk {
    /// The last record of it.
    pub last: Sequence,
    /// Everything they said, in order.
    pub announcements: Vec<Announcement>,
}

/// What readers share.
#[derive(Debug)]
pub struct Feed {
    centre: CentreId,
    view: RwLock<View>,
    names: NameTable,
    acts: Acts,
    live: broadcast::Sender<Arc<LiveChunk>>,
}

impl Feed {
    /// A feed that has heard nothing yet.
    pub fn new(centre: CentreId) -> Feed {
        Feed {
            centre,
            view: RwLock::new(View::new()),
            names: NameTable::default(),
            acts: Acts::default(),
            live: broadcast::Sender::new(CHUNKS_KEPT),
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

    /// Acts by the key they came under.
    pub fn acts(&self) -> &Acts {
        &self.acts
    }

    /// Begins to listen: `look` sees the view as it is at one sequence, and the chunks after it follow.
    pub fn listen<T>(
        &self,
        look: impl FnOnce(&View) -> T,
    ) -> (T, Sequence, broadcast::Receiver<Arc<LiveChunk>>) {
        let view = self.view();
        // Under the lock that the sink takes for each chunk, so nothing falls between the view and the first chunk.
        let live = self.live.subscribe();
        (look(&view), view.sequence(), live)
    }

    fn hear(&self, records: &[ReleasedRecord]) {
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
        for released in records {
            if let Some(act) = act_of(released) {
                self.acts.done(act, released.sequence);
            }
        }
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
        let Some(last) = records.last() else { return };
        let chunk = LiveChunk {
            last: last.sequence,
            announcements,
        };
        // No receiver left is no error: they have gone since they were counted.
        drop(self.live.send(Arc::new(chunk)));
    }
}

/// The key under which a record's act came, if its sender gave one.
fn act_of(released: &ReleasedRecord) -> Option<ActKey> {
    // Calls have keys of their own, and most that is said comes without words.
    if released.record.testimony.is_empty()
        || matches!(released.record.envelope.command, Command::TakeCall(_))
    {
        return None;
    }
    match released.record.testimony() {
        Ok(testimony) => testimony?.act,
        Err(error) => {
            tracing::error!(record = released.sequence.0, %error, "the words of a record cannot be read");
            None
        }
    }
}

/// The end of the feed that the engine's view thread holds.
pub struct Sink(pub Arc<Feed>);

impl Release for Sink {
    fn released(&mut self, records: &[ReleasedRecord]) {
        self.0.hear(records);
    }
}
