//! Calls over HTTP: taken like any other, added to, ended, judged by a person, and which of them wait for one.

use super::Shared;
use super::asking::{Act, WORKER, ask, body_of, records, unanswered};
use super::query::{Named, Query};
use super::reply::{Answered, Early, json, json_bytes, page};
use crate::exchange::{Counter, Pending};
use crate::wire::{Problem, ProblemKind, Request, Response as Reply, json as lines};
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request as HttpRequest, State};
use axum::http::StatusCode;
use engine::call::{Assessment, Outcome};
use engine::command::{CallVerdict, Command};
use engine::id::{CallId, IncidentId, Sequence};
use engine::kind::Kind;
use engine::limits::FRAME_BYTES_MAX;
use engine::moment::Moment;
use engine::view::{HumanReason, HumanView};
use serde::Serialize;
use serde_json::Map;
use std::str::FromStr;

/// An id of a path.
pub fn id<T: FromStr>(given: &str) -> Result<T, Early> {
    given.parse().map_err(|_| {
        let detail = "the path needs an id, centre.number, as in 1.17";
        Problem::new(ProblemKind::BadField, detail)
            .about("id")
            .into()
    })
}

/// A call that waits for a person, with its caller's words from the journal.
#[derive(Debug, Serialize)]
struct WaitingJson {
    id: CallId,
    seq: u64,
    at: Moment,
    line: String,
    kind: Kind,
    priority: u8,
    drill: bool,
    outcome: Outcome,
    incident: Option<IncidentId>,
    reasons: Vec<HumanReason>,
    caller: Option<String>,
    text: Option<String>,
}

fn waiting(call: CallId, known: &HumanView) -> WaitingJson {
    WaitingJson {
        id: call,
        seq: known.record.0,
        at: known.at,
        line: known.line.number().to_string(),
        kind: known.kind,
        priority: known.priority.number(),
        drill: known.drill,
        outcome: known.outcome,
        incident: known.incident,
        reasons: known.reasons.clone(),
        caller: None,
        text: None,
    }
}

/// Calls that wait for a person to judge them, oldest first; no other calls are listed.
pub async fn list(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<CallId> = query.id("after")?;
    if !query.flag("human", true)? {
        let detail =
            "only calls that wait for a person are listed; leave `human` out, or give true";
        return Err(Problem::new(ProblemKind::BadField, detail)
            .about("human")
            .into());
    }
    query.finish()?;
    let mut answer = {
        let view = exchange.feed.view();
        let at = (view.sequence().0, view.now());
        let list = view.human_calls_after(after);
        page(&exchange, list, limit, at, |_, &call, known| {
            waiting(call, known)
        })
    };
    let wanted = answer.items.iter().map(|item| Sequence(item.seq)).collect();
    for released in records(&exchange, wanted).await? {
        let found = answer
            .items
            .binary_search_by_key(&released.sequence.0, |item| item.seq);
        let item = found.ok().map(|index| &mut answer.items[index]);
        match (item, released.record.testimony()) {
            (Some(item), Ok(said)) => {
                let said = said.unwrap_or_default();
                (item.caller, item.text) = (said.caller, said.text);
            }
            (None, _) => {}
            (Some(_), Err(error)) => {
                tracing::error!(record = released.sequence.0, %error, "the words of a call cannot be read");
            }
        }
    }
    json(&answer)
}

/// Somebody calls.
pub async fn take(State(exchange): Shared, body: Body) -> Answered {
    let bytes = body_of(&exchange, body, FRAME_BYTES_MAX).await?;
    let mut pending = Pending::new(WORKER);
    let call = lines::read_call(&bytes).inspect_err(|_| exchange.count(Counter::Unreadable))?;
    let request = Request::Call {
        tag: None,
        call: Box::new(call),
    };
    let asked = ask(&exchange, &mut pending, |pending, to| {
        exchange.take(pending, request, to);
    });
    match asked.await? {
        Some(Reply::Decision { decision, .. }) => {
            Ok(json_bytes(StatusCode::OK, lines::decision_json(&decision)))
        }
        Some(
            Reply::Done { .. } | Reply::Problem { .. } | Reply::Advanced { .. } | Reply::Event(_),
        )
        | None => Err(unanswered()),
    }
}

/// More is known of a call. What can be used of it is taken, and the answer names what could not be.
pub async fn facts(
    State(exchange): Shared,
    Named(call): Named<String>,
    request: HttpRequest,
) -> Answered {
    let call: CallId = id(&call)?;
    let look = |bytes: Bytes| {
        let (facts, ignored) = lines::read_facts(call, &bytes)?;
        let beside = Map::from_iter([("ignored".to_owned(), ignored.into())]);
        Ok((Box::new(facts), beside))
    };
    let (act, facts) = Act::read_as(&exchange, request, FRAME_BYTES_MAX, look).await?;
    let request = Request::Facts { tag: None, facts };
    act.done(&exchange, |pending, to| exchange.take(pending, request, to))
        .await
}

/// A caller is done.
pub async fn end(
    State(exchange): Shared,
    Named(call): Named<String>,
    request: HttpRequest,
) -> Answered {
    let call = id(&call)?;
    let act = Act::read(&exchange, request).await?;
    let request = Request::End { tag: None, call };
    act.done(&exchange, |pending, to| exchange.take(pending, request, to))
        .await
}

/// A person says what a call is about, or where.
pub async fn classify(
    State(exchange): Shared,
    Named(call): Named<String>,
    request: HttpRequest,
) -> Answered {
    let call = id(&call)?;
    let mut act = Act::read(&exchange, request).await?;
    let kind = act.fields.optional_word(
        "kind",
        |code| Kind::from_code(code).filter(|&kind| kind != Kind::Unknown),
        "must be the code of a kind, as in \"structure_fire\"; /openapi.json lists them",
    )?;
    let position = act.fields.optional_position()?;
    if kind.is_none() && position.is_none() {
        let detail = "a verdict says `kind`, or `lat`, `lon` and `datum`, or all of them";
        return Err(Problem::new(ProblemKind::BadField, detail)
            .about("kind")
            .into());
    }
    let verdict = CallVerdict {
        call,
        assessment: kind.map(Assessment::stated),
        place: position.and_then(|position| exchange.intake.place_said(position)),
    };
    act.decide(&exchange, Command::JudgeCall(verdict)).await
}
