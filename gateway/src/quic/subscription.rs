//! A subscription: what is in the outbox first, then what was released since, then what is released from now on.
//!
//! Orders that are out and not acknowledged are told again, marked, under their first event's id: at least once, and the
//! receiver drops repeats. Whoever reads too slowly for the live feed is served from the journal until it has caught
//! up; it waits for nobody and nobody waits for it.

use super::connection::{ANSWERS_WAITING_BYTES, Serving};
use crate::announce::{Announcement, Interest, again, announce};
use crate::answering::refused;
use crate::exchange::Exchange;
use crate::feed::LiveChunk;
use crate::history::{History, HistoryError};
use crate::link::Link;
use crate::wire::{EventNote, Problem, ProblemKind, Response, Tag};
use engine::event::Refusal;
use engine::id::{EventId, Sequence};
use engine::view::View;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

/// Records read back at once.
const RECORDS_AT_ONCE: usize = 256;

/// A subscription that runs; it ends when this is dropped.
pub struct Subscriber {
    task: JoinHandle<()>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Subscriber {
    /// Goes on until the stream is gone.
    pub async fn until_gone(mut self, link: &Link) {
        tokio::select! {
            // It ends by itself only when nothing can be told any more.
            _ = &mut self.task => {}
            () = link.outgoing.closed() => {}
        }
    }
}

/// Begins a subscription on a stream.
pub fn subscribe(
    serving: &Serving,
    link: &Arc<Link>,
    has_one: bool,
    tag: Option<Tag>,
    units: &[String],
    since: Option<EventId>,
) -> Result<Subscriber, Problem> {
    if has_one {
        let detail = "this stream has a subscription; open another stream for another";
        return Err(Problem::new(ProblemKind::NotReadable, detail));
    }
    let interest = interest(&serving.exchange, units)?;
    let feed = &serving.exchange.feed;
    if since.is_some_and(|since| since.centre != feed.centre()) {
        let detail = format!("`since` must be an event of centre {}", feed.centre().0);
        return Err(Problem::new(ProblemKind::BadField, detail).about("since"));
    }
    let (outbox, released, live) = feed.listen(|view| outbox(view, &serving.exchange, &interest));
    if let Some(tag) = tag {
        link.say(Response::Done {
            tag: Some(tag),
            seq: released,
            state: None,
        });
    }
    let telling = Telling {
        exchange: Arc::clone(&serving.exchange),
        link: Arc::clone(link),
        data: Arc::clone(&serving.data),
        interest,
        after: since.unwrap_or(EventId {
            centre: feed.centre(),
            sequence: released,
            index: u32::MAX,
        }),
    };
    let mut stop = serving.stop.clone();
    let task = tokio::spawn(async move {
        tokio::select! {
            () = telling.run(outbox, released, live) => {}
            _ = stop.changed() => {}
        }
    });
    Ok(Subscriber { task })
}

fn interest(exchange: &Exchange, units: &[String]) -> Result<Interest, Problem> {
    if units.is_empty() {
        return Ok(Interest::All);
    }
    let names = exchange.feed.names().get();
    let known = units.iter().map(|name| names.named(name));
    match known.collect::<Option<_>>() {
        Some(units) => Ok(Interest::Units(units)),
        None => Err(refused(Refusal::UnknownUnit).about("units")),
    }
}

fn outbox(view: &View, exchange: &Exchange, interest: &Interest) -> Vec<EventNote> {
    let names = exchange.feed.names().get();
    view.outbox()
        .filter(|(_, order)| interest.wants(Some(order.issued.unit)))
        .map(|(_, order)| again(order, view, &names))
        .collect()
}

/// What telling one subscriber needs.
struct Telling {
    exchange: Arc<Exchange>,
    link: Arc<Link>,
    data: Arc<PathBuf>,
    interest: Interest,
    /// The last event that was told.
    after: EventId,
}

impl Telling {
    async fn run(
        mut self,
        outbox: Vec<EventNote>,
        mut released: Sequence,
        mut live: Receiver<Arc<LiveChunk>>,
    ) {
        for note in outbox {
            self.tell(note).await;
        }
        loop {
            if let Err(error) = self.catch_up(released).await {
                tracing::error!(%error, "a subscriber cannot be told what was released");
                let problem = Problem::new(ProblemKind::NotServing, error.to_string());
                return self.link.say(Response::Problem { tag: None, problem });
            }
            match self.follow(&mut live).await {
                RecvError::Closed => return,
                RecvError::Lagged(_) => {
                    let ((), now, again) = self.exchange.feed.listen(|_| ());
                    (released, live) = (now, again);
                }
            }
        }
    }

    /// Tells what was released up to `to`, from the journal.
    async fn catch_up(&mut self, to: Sequence) -> Result<(), HistoryError> {
        let whole = self.after.index == u32::MAX;
        let mut from = if whole {
            self.after.sequence.next()
        } else {
            self.after.sequence
        };
        if from > to {
            return Ok(());
        }
        let mut history: Option<History> = None;
        while from <= to {
            let (data, interest) = (Arc::clone(&self.data), self.interest.clone());
            let exchange = Arc::clone(&self.exchange);
            let given = history.take();
            let read = tokio::task::spawn_blocking(move || {
                let mut history = match given {
                    Some(history) => history,
                    None => History::open(&data)?,
                };
                let records = history.read(from, to, RECORDS_AT_ONCE)?;
                let next = records.last().map(|last| last.sequence.next());
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
                Ok::<_, HistoryError>((history, next, found))
            });
            // The task cannot be cancelled; if it panicked, the panic is in the log and this subscription ends.
            let Ok(read) = read.await else { return Ok(()) };
            let (kept, next, found) = read?;
            history = Some(kept);
            self.tell_new(&found).await;
            let Some(next) = next else { break };
            from = next;
        }
        self.after = EventId {
            sequence: to.max(self.after.sequence),
            index: u32::MAX,
            ..self.after
        };
        Ok(())
    }

    /// Tells what is released from now on, until the subscriber is too far behind.
    async fn follow(&mut self, live: &mut Receiver<Arc<LiveChunk>>) -> RecvError {
        loop {
            let chunk = match live.recv().await {
                Ok(chunk) => chunk,
                Err(error) => return error,
            };
            self.tell_new(&chunk.announcements).await;
            if chunk.last > self.after.sequence {
                self.after = EventId {
                    sequence: chunk.last,
                    index: u32::MAX,
                    ..self.after
                };
            }
        }
    }

    /// Tells what is wanted and was not told yet.
    async fn tell_new(&mut self, announcements: &[Announcement]) {
        let names = self.exchange.feed.names().get();
        for announcement in announcements {
            if announcement.id > self.after && self.interest.wants(announcement.unit) {
                self.tell(announcement.note(&names)).await;
            }
        }
    }

    async fn tell(&self, note: EventNote) {
        self.link.outgoing.room(ANSWERS_WAITING_BYTES).await;
        self.link.say(Response::Event(note));
    }
}
