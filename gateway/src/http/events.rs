//! Events over HTTP, as server-sent events: every released event in the journal's order, from now on or from behind a known
//! one. A reader that was away misses nothing; one that never reads is never asked for, and costs its socket alone. What
//! happened is put in words once for all who read everything, and sent on a few times a second rather than one by one, to one
//! reader after the other, so that calls find their turn between them.

use super::Shared;
use super::query::Query;
use super::reply::Answered;
use super::units::unit_of;
use crate::announce::{Announcement, Interest};
use crate::exchange::Exchange;
use crate::feed::Pace;
use crate::figures::Present;
use crate::follow::{Follower, Found, refuse_if_pruned};
use crate::wire::{Problem, ProblemKind, json as lines};
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use engine::id::EventId;
use futures_util::stream::unfold;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// After so long without an event a comment is sent, so that whoever is between keeps the line open.
const ALIVE_TIME: Duration = Duration::from_secs(10);
/// Units that one reader may name; who wants more reads everything.
const UNITS_MAX: usize = 256;

struct Reader {
    exchange: Arc<Exchange>,
    follower: Follower,
    stopped: watch::Receiver<bool>,
    #[allow(dead_code)] // held for its drop
    present: Present,
    /// So long after others its turn to be written to comes.
    turn: Duration,
    /// What is said first.
    greeting: Option<Bytes>,
}

/// A stream of events.
pub async fn stream(
    State(exchange): Shared,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let since: Option<EventId> = query.id("since")?;
    let units = query.text("units");
    query.finish()?;
    let last = last_event_id(&headers)?;
    let since = since_known(&exchange, last.or(since))?;
    let interest = match units {
        None => Interest::All,
        Some(names) => {
            let names: Vec<_> = names.split(',').take(UNITS_MAX + 1).collect();
            if names.len() > UNITS_MAX {
                let detail =
                    format!("`units` names at most {UNITS_MAX}; leave it out to hear of all");
                return Err(Problem::new(ProblemKind::BadField, detail)
                    .about("units")
                    .into());
            }
            let known = names
                .into_iter()
                .map(|name| unit_of(&exchange, name, "units"));
            Interest::Units(known.collect::<Result<_, _>>()?)
        }
    };
    let (follower, ()) = Follower::new(&exchange, interest, since, Pace::Gathered, |_| ());
    let reader = Reader {
        stopped: exchange.stopped(),
        present: Present::enter(&exchange.figures, |figures| &figures.readers),
        turn: exchange.feed.turn(),
        follower,
        exchange,
        // Also tells a browser to come again soon after the line breaks.
        greeting: Some(Bytes::from_static(b"retry: 1000\n: events of a centre\n\n")),
    };
    let events = unfold(reader, |mut reader| async {
        let part = reader.part().await?;
        Some((Ok::<_, Infallible>(part), reader))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<EventId>, Problem> {
    let Some(given) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let text = given.to_str().unwrap_or("-");
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let detail = "Last-Event-ID must be the id of an event, as in 1.40213.0";
        Problem::new(ProblemKind::BadField, detail).about("Last-Event-ID")
    })
}

/// An event of this centre, not of its future, and not of a past that is not kept any more.
fn since_known(exchange: &Exchange, since: Option<EventId>) -> Result<Option<EventId>, Problem> {
    let Some(since) = since else {
        return Ok(None);
    };
    refuse_if_pruned(exchange, since)?;
    let refuse = |detail: String| Problem::new(ProblemKind::BadField, detail).about("since");
    let feed = &exchange.feed;
    if since.centre != feed.centre() {
        return Err(refuse(format!(
            "an event of another centre; this one is {}",
            feed.centre().0
        )));
    }
    let newest = exchange.running.durable();
    if since.sequence > newest {
        return Err(refuse(format!(
            "an event that this centre has not had; its newest record is {newest}: was another data folder served here before?"
        )));
    }
    Ok(Some(since))
}

impl Reader {
    /// The next part of the answer, asked for when the last one has gone out; `None` ends it.
    async fn part(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(ALIVE_TIME, self.follower.next()) => next,
                _ = self.stopped.changed() => return None,
            };
            let found = match next {
                Err(_) => return Some(Bytes::from_static(b": alive\n\n")),
                Ok(Ok(Some(found))) => found,
                Ok(Ok(None)) => return None,
                Ok(Err(error)) => {
                    // The reader comes again behind its last event; the cause is for whoever runs the centre.
                    tracing::error!(%error, "a reader of events cannot be told what was released");
                    return None;
                }
            };
            if found.announcements().is_empty() {
                continue;
            }
            if let Some(sent_on) = self.follower.sent_on() {
                tokio::time::sleep_until(sent_on + self.turn).await;
            }
            let words = || worded(&self.exchange, found.announcements());
            return Some(match &found {
                Found::Chunk(chunk) => chunk.worded.get_or_init(words).clone(),
                Found::Picked(_) => words(),
            });
        }
    }
}

/// Events as they stand in a stream.
fn worded(exchange: &Exchange, announcements: &[Announcement]) -> Bytes {
    let names = exchange.feed.names().get();
    let mut text = Vec::with_capacity(256 * announcements.len());
    for announcement in announcements {
        let note = announcement.note(&names);
        let fields = lines::event_fields(&note);
        let kind = fields.get("type").and_then(|kind| kind.as_str());
        let kind = kind.unwrap_or("event").to_owned();
        let data = serde_json::Value::Object(fields);
        let event = format!("id: {}\nevent: {kind}\ndata: {data}\n\n", note.id);
        text.extend_from_slice(event.as_bytes());
    }
    Bytes::from(text)
}
