//! From a request to the writer and back: the body within its bounds, the answer within its time, an act's own key.
//!
//! An act is answered with the events of its record, read from the journal. The same act sent again under the same
//! `Idempotency-Key` finds that record and is answered by it, word for word, after a restart too (N2). Whoever has an
//! answer finds what it says in whatever is asked next: an answer waits for the view.

use super::reply::{Answered, Early, json, problem};
use super::visitor::readable;
use crate::acts::Begun;
use crate::announce::announce_alone;
use crate::answering::{not_now, refused_act};
use crate::exchange::{AnswerTo, Counter, Exchange, Pending};
use crate::feed::Feed;
use crate::history::History;
use crate::wire::{Problem, ProblemKind, Response as Reply, Strict, json as lines};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::IntoResponse;
use engine::call::{ActKey, BodyDigest, KeyDigest};
use engine::command::Command;
use engine::event::Event;
use engine::id::Sequence;
use engine::limits::{FRAME_BYTES_MAX, KEY_BYTES_MAX};
use engine::runtime::ReleasedRecord;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a request may wait for its answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long an answer waits for the view; it is given all the same.
const VIEW_TIME: Duration = Duration::from_secs(1);
/// How often an act that is on its way is looked after.
const ON_THE_WAY_PERIOD: Duration = Duration::from_millis(10);
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(2);
/// The worker that words the answers of HTTP.
pub const WORKER: u16 = 0;
/// The carrier whose keys acts are kept under: nobody's calls come under it.
const ACTS: u32 = u32::MAX;

/// The bytes of a body, if they come in time and are not too many.
pub async fn body_of(exchange: &Exchange, body: Body, most: usize) -> Result<Bytes, Early> {
    let unreadable = |kind, detail: String| {
        exchange.count(Counter::Unreadable);
        Early::from(Problem::new(kind, detail))
    };
    match tokio::time::timeout(BODY_TIME, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(unreadable(
            ProblemKind::TooLarge,
            format!("a body of more than {most} bytes, or one that broke off"),
        )),
        Err(_) => Err(unreadable(
            ProblemKind::TooSlow,
            "the body was begun and not whole in time".into(),
        )),
    }
}

/// What the writer says to what is taken in; `None` when it says nothing in time.
pub async fn ask(
    exchange: &Exchange,
    pending: &mut Pending,
    take_in: impl FnOnce(&mut Pending, AnswerTo),
) -> Result<Option<Reply>, Early> {
    ask_then(exchange, pending, take_in, || ()).await
}

/// The same; `afterwards` is done once the writer has spoken, though that be later than anybody waits for.
async fn ask_then(
    exchange: &Exchange,
    pending: &mut Pending,
    take_in: impl FnOnce(&mut Pending, AnswerTo),
    afterwards: impl FnOnce() + Send + 'static,
) -> Result<Option<Reply>, Early> {
    let (sender, answer) = oneshot::channel();
    take_in(pending, AnswerTo::Once(sender));
    exchange.hand_over(pending);
    match said(answer, afterwards).await {
        Some(Reply::Problem { problem, .. }) => Err(problem.into()),
        Some(reply) => {
            shown(exchange, &reply).await;
            Ok(Some(reply))
        }
        None => Ok(None),
    }
}

/// What is said in time. `afterwards` is done once anything was said, or nothing can be said any more.
async fn said<T: Send + 'static>(
    mut answer: oneshot::Receiver<T>,
    afterwards: impl FnOnce() + Send + 'static,
) -> Option<T> {
    let Ok(in_time) = tokio::time::timeout(ANSWER_TIME, &mut answer).await else {
        tokio::spawn(async move {
            drop(answer.await);
            afterwards();
        });
        return None;
    };
    afterwards();
    in_time.ok()
}

/// Waits until the view shows what is answered.
async fn shown(exchange: &Exchange, reply: &Reply) {
    let record = match reply {
        Reply::Decision { decision, .. } => decision.seq,
        Reply::Done { seq, .. } => *seq,
        Reply::Problem { .. } | Reply::Advanced { .. } | Reply::Event(_) => return,
    };
    let shows = exchange.feed.shows(record);
    if tokio::time::timeout(VIEW_TIME, shows).await.is_err() {
        tracing::warn!(record = record.0, "the view is behind what is answered");
    }
}

/// Nobody has answered in time; what was asked may have been done.
pub fn unanswered() -> Early {
    let detail = "no answer in time; send it again under the same key, the first decision stands";
    Problem::new(ProblemKind::NotServing, detail)
        .retry_after_ms(1_000)
        .into()
}

/// One act of a person: its fields, and the key it came under.
pub struct Act {
    /// What was asked.
    pub fields: Strict,
    key: Option<ActKey>,
    /// What its answer says beside what its record says: of the body alone, so that a repeat says the same.
    beside: Map<String, Value>,
}

impl Act {
    /// Reads an act; an empty body has no fields. The same act under the same key is answered as it was before, whatever
    /// has happened since.
    pub async fn read(exchange: &Arc<Exchange>, request: Request) -> Result<Act, Early> {
        let look = |bytes: Bytes| Ok((lines::read_act(&bytes)?, Map::new()));
        let (mut act, fields) = Act::read_as(exchange, request, FRAME_BYTES_MAX, look).await?;
        act.fields = fields;
        Ok(act)
    }

    /// The same for an act whose body is looked at by who takes it: what `look` makes of it, and what the answer is to
    /// say of it beside.
    pub async fn read_as<T>(
        exchange: &Arc<Exchange>,
        request: Request,
        most: usize,
        look: impl FnOnce(Bytes) -> Result<(T, Map<String, Value>), Problem>,
    ) -> Result<(Act, T), Early> {
        let (head, body) = request.into_parts();
        readable(&head)?;
        let bytes = body_of(exchange, body, most).await?;
        let key = key_of(&head.method, &head.uri, &head.headers, &bytes)?;
        let looked_at = look(bytes).inspect_err(|_| exchange.count(Counter::Unreadable));
        let (seen, beside) = looked_at?;
        if let Some(key) = key {
            settled(exchange, key, Feed::look_for, &beside).await?;
        }
        let fields = Strict::new(Map::new());
        Ok((
            Act {
                fields,
                key,
                beside,
            },
            seen,
        ))
    }

    /// Refuses fields that nobody has asked for, before anything dear is done.
    pub fn has_no_more(&mut self) -> Result<(), Early> {
        Ok(std::mem::replace(&mut self.fields, Strict::new(Map::new())).finish()?)
    }

    /// Goes on where the act is still to be done, after waiting for others; else it is answered as it was.
    pub async fn is_still_due(&self, exchange: &Arc<Exchange>) -> Result<(), Early> {
        match self.key {
            Some(key) => settled(exchange, key, Feed::look_for, &self.beside).await,
            None => Ok(()),
        }
    }

    /// Has a person's decision carried out, once.
    pub async fn decide(self, exchange: &Arc<Exchange>, decided: Command) -> Answered {
        self.done(exchange, |pending, to| {
            exchange.decide(pending, decided, to)
        })
        .await
    }

    /// The same for one with words of its own.
    pub async fn decide_in_words(
        self,
        exchange: &Arc<Exchange>,
        decided: Command,
        words: String,
    ) -> Answered {
        self.done(exchange, |pending, to| {
            exchange.decide_in_words(pending, decided, Some(words), to)
        })
        .await
    }

    /// Has the act done, once: the first answer stands under its key.
    pub async fn done(
        self,
        exchange: &Arc<Exchange>,
        take_in: impl FnOnce(&mut Pending, AnswerTo),
    ) -> Answered {
        self.done_then(exchange, take_in, || ()).await
    }

    /// The same; `afterwards` is done when the act is done or refused, though that be later than anybody waits for.
    pub async fn done_then(
        self,
        exchange: &Arc<Exchange>,
        take_in: impl FnOnce(&mut Pending, AnswerTo),
        afterwards: impl FnOnce() + Send + 'static,
    ) -> Answered {
        self.fields.finish()?;
        let mut pending = Pending::new(WORKER);
        pending.act = self.key;
        if let Some(key) = self.key {
            settled(exchange, key, Feed::begin, &self.beside).await?;
        }
        match ask_then(exchange, &mut pending, take_in, afterwards).await {
            Ok(None) => Err(unanswered()),
            Ok(Some(Reply::Done { seq, .. })) => {
                if let Some(key) = self.key {
                    exchange.feed.acts().done(key, seq);
                }
                answer_of(exchange, seq, &self.beside).await
            }
            Ok(Some(
                Reply::Decision { .. }
                | Reply::Problem { .. }
                | Reply::Advanced { .. }
                | Reply::Event(_),
            )) => Err(Problem::new(ProblemKind::NotServing, "an answer to something else").into()),
            Err(early) => {
                // What the core refused stands in the journal under the key; what never reached it may be tried again.
                let of_the_core = matches!(
                    &early,
                    Early::Problem(problem) if matches!(problem.kind, ProblemKind::Refused(_))
                );
                if let Some(key) = self.key.filter(|_| !of_the_core) {
                    exchange.feed.acts().forget(key);
                }
                Err(early)
            }
        }
    }
}

/// Goes on where the act is to be done now; otherwise that is the answer. Who asks again while the act is being done
/// waits for the answer to it.
async fn settled(
    exchange: &Arc<Exchange>,
    key: ActKey,
    look: fn(&Feed, ActKey) -> Begun,
    beside: &Map<String, Value>,
) -> Result<(), Early> {
    let asked = Instant::now();
    let mut begun = look(&exchange.feed, key);
    while begun == Begun::OnTheWay && asked.elapsed() < ANSWER_TIME {
        tokio::time::sleep(ON_THE_WAY_PERIOD).await;
        begun = look(&exchange.feed, key);
    }
    match begun {
        Begun::First => Ok(()),
        Begun::Done(record) => Err(Early::Answered(Box::new(
            answer_of(exchange, record, beside).await?,
        ))),
        Begun::OnTheWay => {
            let detail = "the same act is on its way; ask again under the same key";
            Err(Problem::new(ProblemKind::Overloaded, detail)
                .retry_after_ms(200)
                .into())
        }
        Begun::Another => {
            let detail =
                "this Idempotency-Key was given with another request; take a new one for a new act";
            Err(Problem::new(ProblemKind::KeyTaken, detail)
                .about("Idempotency-Key")
                .into())
        }
    }
}

/// The act's key, with a digest of all that was asked under it.
pub(super) fn key_of(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<ActKey>, Early> {
    let Some(given) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = given
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| {
            let detail =
                format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} visible ASCII characters");
            Problem::new(ProblemKind::BadField, detail).about("Idempotency-Key")
        })?;
    let mut asked = format!("{method} {uri}\n").into_bytes();
    asked.extend_from_slice(body);
    Ok(Some(ActKey {
        key: KeyDigest::of(ACTS, key),
        body: BodyDigest::of(&asked),
    }))
}

/// Records of the journal, read beside everything else.
pub async fn records(
    exchange: &Arc<Exchange>,
    wanted: Vec<Sequence>,
) -> Result<Vec<ReleasedRecord>, Early> {
    let asked = Arc::clone(exchange);
    let read = tokio::task::spawn_blocking(move || {
        let durable = asked.running.durable();
        let mut history = History::open(asked.running.data())?;
        let mut found = Vec::with_capacity(wanted.len());
        for sequence in wanted {
            found.extend(history.read(sequence, durable, 1)?);
        }
        Ok::<_, crate::history::HistoryError>(found)
    });
    match read.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(Problem::new(ProblemKind::NotServing, error.to_string()).into()),
        Err(error) => Err(Problem::new(ProblemKind::NotServing, error.to_string()).into()),
    }
}

/// What an act is answered with: what its record says, and what its body says beside.
async fn answer_of(
    exchange: &Arc<Exchange>,
    sequence: Sequence,
    beside: &Map<String, Value>,
) -> Answered {
    let records = records(exchange, vec![sequence]).await?;
    let Some(released) = records.first() else {
        let detail = "the act was done, but its record cannot be read back";
        return Err(Problem::new(ProblemKind::NotServing, detail).into());
    };
    let refusal = released.record.events.iter().find_map(|event| match event {
        Event::Refused(refusal) => Some(*refusal),
        _ => None,
    });
    if let Some(refusal) = refusal {
        let not_now = not_now(&released.record.envelope.command);
        return Ok(problem(&refused_act(refusal, not_now)).into_response());
    }
    let names = exchange.feed.names().get();
    let events: Vec<Value> = announce_alone(released, exchange.feed.centre())
        .iter()
        .map(|announcement| Value::Object(lines::event_fields(&announcement.note(&names))))
        .collect();
    let mut answer = serde_json::json!({ "seq": sequence.0, "events": events });
    // What an act made is named beside its events.
    for event in &released.record.events {
        if let Event::CallSplit { into, .. } = event {
            answer["incident"] = into.to_string().into();
        } else if let Event::ObjectActivated(activation) = event {
            answer["hash"] = activation.hash.to_string().into();
        }
    }
    for (name, value) in beside {
        answer[name] = value.clone();
    }
    json(&answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn noted() -> (Arc<AtomicBool>, impl FnOnce() + Send + 'static) {
        let is_done = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&is_done);
        (is_done, move || note.store(true, Ordering::SeqCst))
    }

    /// Two changes of the roads must not both stand on the same one before them, however late the writer takes up the first.
    #[tokio::test(start_paused = true)]
    async fn what_comes_afterwards_waits_for_the_writer_and_not_for_who_asked() {
        let (sender, answer) = oneshot::channel();
        let (is_done, afterwards) = noted();
        assert_eq!(said(answer, afterwards).await, None, "nothing in time");
        tokio::time::sleep(ANSWER_TIME).await;
        assert!(!is_done.load(Ordering::SeqCst), "still on its way");
        sender.send(1).unwrap();
        tokio::task::yield_now().await;
        assert!(is_done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_time_and_one_that_can_never_come_end_the_waiting_at_once() {
        let (sender, answer) = oneshot::channel();
        let (is_done, afterwards) = noted();
        sender.send(1).unwrap();
        assert_eq!(said(answer, afterwards).await, Some(1));
        assert!(is_done.load(Ordering::SeqCst));
        let (sender, answer) = oneshot::channel::<u8>();
        let (is_done, afterwards) = noted();
        drop(sender);
        assert_eq!(said(answer, afterwards).await, None);
        assert!(is_done.load(Ordering::SeqCst));
    }
}
