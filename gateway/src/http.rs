//! HTTP on loopback: is it there, is it ready, what are its figures, and calls for who has nothing better.
//!
//! `GET /livez` `/readyz` `/metrics` `/v1/stats`, `POST /v1/calls`. A call goes the same way as over QUIC: intake,
//! lane, journal, decision. Errors are RFC 9457 problems.

mod metrics;

use crate::exchange::{AnswerTo, Counter, Exchange, Pending};
use crate::wire::{Problem, ProblemKind, Request, Response as Answer, json};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use engine::limits::FRAME_BYTES_MAX;
use engine::runtime::Health;
use engine::runtime::port::{Conservation, Inspection};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// How long a request may wait for its answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(2);
/// The worker that words the answers of HTTP.
const WORKER: u16 = 0;

type Shared = State<Arc<Exchange>>;

/// Serves until `stop` says so.
pub async fn serve(
    listener: TcpListener,
    exchange: Arc<Exchange>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let stopping = async move {
        // An error says that nobody is left to say it, which means the same.
        drop(stop.changed().await);
    };
    axum::serve(listener, routes(exchange))
        .with_graceful_shutdown(stopping)
        .await
}

fn routes(exchange: Arc<Exchange>) -> Router {
    Router::new()
        .merge(crate::console::routes())
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics::scrape))
        .route("/v1/stats", get(stats))
        .route("/v1/calls", post(take_call))
        .fallback(nothing_here)
        .with_state(exchange)
}

async fn livez() -> &'static str {
    "alive\n"
}

async fn readyz(State(exchange): Shared) -> Response {
    match exchange.running.health() {
        Health::Running if exchange.serves() => "ready\n".into_response(),
        Health::Running => problem(&Problem::new(
            ProblemKind::NotServing,
            "the centre is stopping",
        )),
        Health::Failed(reason) => problem(&Problem::new(ProblemKind::NotServing, reason)),
    }
}

async fn nothing_here() -> Response {
    let detail =
        "no such path; there are /livez, /readyz, /metrics, /v1/stats and /v1/calls (POST)";
    problem(&Problem::new(ProblemKind::NotFound, detail))
}

/// A problem as RFC 9457 sends it.
fn problem(problem: &Problem) -> Response {
    let status =
        StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, kind, problem.to_json(None).to_string()).into_response();
    if let Some(wait_ms) = problem.retry_after_ms {
        let seconds = wait_ms.div_ceil(1_000).into();
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn json_of(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Somebody calls.
async fn take_call(State(exchange): Shared, body: Body) -> Response {
    let Ok(read) = tokio::time::timeout(BODY_TIME, to_bytes(body, FRAME_BYTES_MAX)).await else {
        exchange.count(Counter::Unreadable);
        let detail = "the body was begun and not whole in time";
        return problem(&Problem::new(ProblemKind::TooSlow, detail));
    };
    let Ok(bytes) = read else {
        exchange.count(Counter::Unreadable);
        let detail = format!("a body of more than {FRAME_BYTES_MAX} bytes, or one that broke off");
        return problem(&Problem::new(ProblemKind::TooLarge, detail));
    };
    let call = match json::read_call(&bytes) {
        Ok(call) => Box::new(call),
        Err(refused) => {
            exchange.count(Counter::Unreadable);
            return problem(&refused);
        }
    };
    let (sender, answer) = oneshot::channel();
    let mut pending = Pending::new(WORKER);
    let request = Request::Call { tag: None, call };
    exchange.take(&mut pending, request, AnswerTo::Once(sender));
    exchange.hand_over(&mut pending);
    match tokio::time::timeout(ANSWER_TIME, answer).await {
        Ok(Ok(Answer::Decision { decision, .. })) => {
            json_of(StatusCode::OK, json::decision_json(&decision))
        }
        Ok(Ok(Answer::Problem {
            problem: refused, ..
        })) => problem(&refused),
        Ok(Ok(Answer::Done { .. } | Answer::Advanced { .. } | Answer::Event(_)) | Err(_))
        | Err(_) => {
            let detail =
                "no answer in time; send it again under the same key, the first decision stands";
            problem(&Problem::new(ProblemKind::NotServing, detail).retry_after_ms(1_000))
        }
    }
}

#[derive(Serialize)]
struct Stats {
    sequence: u64,
    now: engine::moment::Moment,
    clock: &'static str,
    epoch: u64,
    hash: engine::id::ObjectHash,
    conservation: Conservation,
    conservation_holds: bool,
    released: u64,
    durable: u64,
    queues: Queues,
    on_the_way: usize,
    units: usize,
}

#[derive(Serialize)]
struct Queues {
    life: u32,
    urgent: u32,
    service: u32,
}

/// Sequence, state hash and conservation, read off at one point.
async fn stats(State(exchange): Shared) -> Response {
    let mut pending = Pending::new(WORKER);
    let inspection = exchange.inspect(&mut pending);
    exchange.hand_over(&mut pending);
    match tokio::time::timeout(ANSWER_TIME, inspection).await {
        Ok(Ok(inspection)) => stats_of(&exchange, inspection),
        Ok(Err(_)) | Err(_) => {
            let detail = "the centre's state could not be read off in time";
            problem(&Problem::new(ProblemKind::NotServing, detail).retry_after_ms(1_000))
        }
    }
}

fn stats_of(exchange: &Exchange, inspection: Inspection) -> Response {
    let [(_, life), (_, urgent), (_, service)] = exchange.depths();
    let stats = Stats {
        sequence: inspection.sequence.0,
        now: inspection.now,
        clock: exchange.running.clock().code(),
        epoch: exchange.running.epoch(),
        hash: inspection.hash,
        conservation: inspection.conservation,
        conservation_holds: inspection.conservation.holds(),
        released: exchange.running.told().0,
        durable: exchange.running.durable().0,
        queues: Queues {
            life,
            urgent,
            service,
        },
        on_the_way: exchange.on_the_way(),
        units: exchange.feed.names().get().len(),
    };
    match serde_json::to_vec(&stats) {
        Ok(body) => json_of(StatusCode::OK, body),
        Err(error) => problem(&Problem::new(ProblemKind::NotServing, error.to_string())),
    }
}
