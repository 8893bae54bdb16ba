//! A subscription: what is in the outbox first, then what was released since, then what is released from now on.
//!
//! Orders that are out and not acknowledged are told again, marked, under their first event's id: at least once, and the
//! receiver drops repeats. `follow` does the following.

use super::connection::{ANSWERS_WAITING_BYTES, Serving};
use crate::announce::{Interest, again};
use crate::answering::refused;
use crate::channels::Presence;
use crate::exchange::Exchange;
use crate::feed::Pace;
use crate::follow::{Follower, refuse_if_pruned};
use crate::link::Link;
use crate::wire::{EventNote, Problem, ProblemKind, Response, Tag};
use engine::event::Refusal;
use engine::id::EventId;
use engine::view::View;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A subscription that runs; it ends when this is dropped.
pub struct Subscriber {
    task: JoinHandle<()>,
    _presence: Presence,
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
    let exchange = &serving.exchange;
    if let Some(since) = since {
        refuse_if_pruned(exchange, since)?;
    }
    let (follower, outbox) =
        Follower::new(exchange, interest.clone(), since, Pace::AtOnce, |view| {
            outbox(view, exchange, &interest)
        });
    if let Some(tag) = tag {
        link.say(Response::Done {
            tag: Some(tag),
            seq: follower.released(),
            state: None,
        });
    }
    // From here on the units hear their orders.
    let presence = exchange.channels.devices.listen(&interest);
    let telling = Telling {
        exchange: Arc::clone(exchange),
        link: Arc::clone(link),
        follower,
    };
    let mut stop = serving.stop.clone();
    let task = tokio::spawn(async move {
        tokio::select! {
            () = telling.run(outbox) => {}
            _ = stop.changed() => {}
        }
    });
    Ok(Subscriber {
        task,
        _presence: presence,
    })
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
    follower: Follower,
}

impl Telling {
    async fn run(mut self, outbox: Vec<EventNote>) {
        for note in outbox {
            self.tell(note).await;
        }
        loop {
            match self.follower.next().await {
                Ok(Some(found)) => {
                    let names = self.exchange.feed.names().get();
                    for announcement in found.announcements() {
                        self.tell(announcement.note(&names)).await;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "a subscriber cannot be told what was released");
                    let problem = Problem::new(ProblemKind::NotServing, error.to_string());
                    return self.link.say(Response::Problem { tag: None, problem });
                }
            }
        }
    }

    async fn tell(&self, note: EventNote) {
        self.link.outgoing.room(ANSWERS_WAITING_BYTES).await;
        self.link.say(Response::Event(note));
    }
}
