//! Calls over HTTP: taken like any other, added to, ended, and judged by a person.

use super::Shared;
use super::asking::{Act, WORKER, ask, body_of, unanswered};
use super::query::Named;
use super::reply::{Answered, Early, json_bytes};
use crate::exchange::{Counter, Pending};
use crate::wire::{Problem, ProblemKind, Request, Response as Reply, json as lines};
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use engine::call::Assessment;
use engine::command::{CallVerdict, Command};
use engine::id::CallId;
use engine::kind::Kind;
use engine::limits::FRAME_BYTES_MAX;
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

/// More is known of a call.
pub async fn facts(
    State(exchange): Shared,
    Named(call): Named<String>,
    request: HttpRequest,
) -> Answered {
    let call: CallId = id(&call)?;
    let (act, bytes) = Act::read_bytes(&exchange, request, FRAME_BYTES_MAX).await?;
    let facts = Box::new(lines::read_facts(call, &bytes)?);
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
