//! How answers over HTTP look: JSON with the sequence it reflects, lists in pages, problems by RFC 9457.

use crate::exchange::Exchange;
use crate::wire::{Problem, ProblemKind};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::moment::Moment;
use serde::Serialize;

/// What a route gives: an answer, or a problem that says what is wrong.
pub type Answered = Result<Response, Early>;

/// An answer before the end of the way: a problem, or what was answered to the same act before.
#[derive(Debug)]
pub enum Early {
    /// What is wrong.
    Problem(Problem),
    /// The first answer.
    Answered(Box<Response>),
}

impl From<Problem> for Early {
    fn from(problem: Problem) -> Early {
        Early::Problem(problem)
    }
}

impl IntoResponse for Early {
    fn into_response(self) -> Response {
        match self {
            Early::Problem(wrong) => problem(&wrong),
            Early::Answered(response) => *response,
        }
    }
}

/// A problem as RFC 9457 sends it.
pub fn problem(problem: &Problem) -> Response {
    let status =
        StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, kind, problem.to_json(None).to_string()).into_response();
    // For whoever counts what was told.
    response.extensions_mut().insert(problem.kind);
    if let Some(wait_ms) = problem.retry_after_ms {
        let seconds = wait_ms.div_ceil(1_000).into();
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// Bytes that are JSON already.
pub fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

/// Plain data as JSON.
pub fn json<T: Serialize>(value: &T) -> Answered {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(json_bytes(StatusCode::OK, body)),
        Err(error) => Err(Problem::new(ProblemKind::NotServing, error.to_string()).into()),
    }
}

/// Nothing of that name.
pub fn not_found(detail: &str, field: &str) -> Early {
    Problem::new(ProblemKind::NotFound, detail)
        .about(field)
        .into()
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// The sequence it reflects.
    pub seq: u64,
    /// Centre time of that sequence.
    pub now: Moment,
    /// What is on it.
    pub items: Vec<T>,
    /// What to give as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// One thing with the sequence it reflects.
#[derive(Debug, Serialize)]
pub struct One<T> {
    /// The sequence it reflects.
    pub seq: u64,
    /// Centre time of that sequence.
    pub now: Moment,
    /// The thing.
    #[serde(flatten)]
    pub item: T,
}

/// Takes a page off a list that begins behind `after`: one more is looked at, to know whether another follows.
pub fn page<K: ToString, V, T>(
    exchange: &Exchange,
    list: impl Iterator<Item = (K, V)>,
    limit: usize,
    at: (u64, Moment),
    show: impl Fn(&Exchange, &K, V) -> T,
) -> Page<T> {
    let mut items = Vec::new();
    let mut last = None;
    let mut next = None;
    for (id, thing) in list {
        if items.len() == limit {
            next = last;
            break;
        }
        items.push(show(exchange, &id, thing));
        last = Some(id.to_string());
    }
    Page {
        seq: at.0,
        now: at.1,
        items,
        next,
    }
}
