//! HTTP on loopback: what a duty officer watches and does, what an integrator reads, calls for who has nothing better.
//!
//! One file for each noun; `table` is all there is, and `/openapi.json` says the same (a test holds one against the
//! other). A call goes the same way as over QUIC: intake, lane, journal, decision. Lists come from the view, words from
//! the journal; every answer names the sequence it reflects. Errors are RFC 9457 problems. Who may ask: `visitor`.

mod asking;
mod calls;
mod conduct;
mod contacts;
mod events;
mod explain;
mod ground;
mod incidents;
mod metrics;
mod openapi;
mod orders;
mod query;
mod reply;
mod roads;
mod server;
mod show;
mod stats;
mod units;
pub mod untrusted;
mod visitor;

use crate::exchange::Exchange;
use crate::figures::Door;
use crate::wire::{Problem, ProblemKind};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use engine::runtime::Health;
use reply::problem;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// Requests that read the journal at the same time; more wait for their turn.
const READERS_MAX: usize = 16;

type Shared = State<Arc<Exchange>>;

/// Serves until `stop` says so, on a thread of its own: hundreds who look on are told within a moment, and no call over
/// QUIC may wait behind them. What is returned ends when the thread has; dropped before, it cuts answers that never end.
pub fn serve(
    listener: std::net::TcpListener,
    exchange: Arc<Exchange>,
    connections_max: usize,
    stop: watch::Receiver<bool>,
) -> std::io::Result<impl Future<Output = ()> + Send> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(READERS_MAX)
        .thread_name("liandong-http-files")
        .build()?;
    let listener = {
        let _within = runtime.enter();
        TcpListener::from_std(listener)?
    };
    let port = listener.local_addr()?.port();
    let (ended, end) = oneshot::channel::<()>();
    let (keep, cut) = oneshot::channel::<()>();
    std::thread::Builder::new()
        .name("liandong-http".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::spawn(Arc::clone(&exchange.feed).gather());
                tokio::select! {
                    () = server::serve(listener, routes(exchange, port), connections_max, stop) => {}
                    // Nobody sends: the other end is dropped.
                    _ = cut => {}
                }
            });
            // What still reads a file is not waited for.
            runtime.shutdown_background();
            drop(ended);
        })?;
    Ok(async move {
        let _keep = keep;
        // Nobody sends: the thread drops its end as it ends.
        drop(end.await);
    })
}

/// Every path with its methods.
fn table() -> Vec<(&'static str, MethodRouter<Arc<Exchange>>)> {
    vec![
        ("/livez", get(livez)),
        ("/readyz", get(readyz)),
        ("/metrics", get(metrics::scrape)),
        ("/openapi.json", get(openapi::document)),
        ("/v1/stats", get(stats::stats)),
        ("/v1/events", get(events::stream)),
        ("/v1/calls", get(calls::list).post(calls::take)),
        ("/v1/calls/{id}/facts", post(calls::facts)),
        ("/v1/calls/{id}/end", post(calls::end)),
        ("/v1/calls/{id}/classify", post(calls::classify)),
        ("/v1/incidents", get(incidents::list)),
        ("/v1/incidents/{id}", get(incidents::one)),
        ("/v1/incidents/{id}/merge", post(incidents::merge)),
        ("/v1/incidents/{id}/unmerge", post(incidents::unmerge)),
        ("/v1/incidents/{id}/reopen", post(incidents::reopen)),
        ("/v1/incidents/{id}/split", post(incidents::split)),
        ("/v1/incidents/{id}/close", post(conduct::close)),
        ("/v1/incidents/{id}/escalate", post(conduct::escalate)),
        ("/v1/incidents/{id}/report", post(conduct::report)),
        ("/v1/incidents/{id}/upward", post(conduct::upward)),
        ("/v1/incidents/{id}/assign", post(incidents::assign)),
        ("/v1/units", get(units::list)),
        ("/v1/units/{id}", get(units::one).put(units::define)),
        ("/v1/units/{id}/position", post(units::position)),
        ("/v1/units/{id}/duty", post(units::duty)),
        ("/v1/orders", get(orders::list)),
        ("/v1/orders/{id}/{act}", post(orders::report)),
        ("/v1/explain/{id}", get(explain::order)),
        ("/v1/ledger", get(orders::ledger)),
        ("/v1/contacts", get(contacts::list)),
        ("/v1/contacts/{id}/test", post(contacts::test)),
        ("/v1/districts", get(ground::districts)),
        ("/v1/hospitals", get(ground::hospitals)),
        ("/v1/hospitals/{id}", put(ground::define_hospital)),
        ("/v1/plans", put(ground::plan)),
        ("/v1/roads", get(roads::roads)),
        ("/v1/roads/changes", post(roads::change)),
    ]
}

/// Where answers to paths are counted that are none of ours.
const NO_PATH: &str = "none";

/// Every path, as answers are counted by them; the first is for what is no path of ours.
pub fn paths() -> Vec<&'static str> {
    let known = table().into_iter().map(|(path, _)| path);
    [NO_PATH].into_iter().chain(known).collect()
}

/// Counts every answer by its path and status, and every problem by its kind.
async fn counted(State(exchange): Shared, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let path = path.as_ref().map(MatchedPath::as_str);
    exchange.figures.answer(path, response.status().as_u16());
    if let Some(&kind) = response.extensions().get::<ProblemKind>() {
        exchange.figures.tell_kind(Door::Http, kind);
    }
    response
}

fn routes(exchange: Arc<Exchange>, port: u16) -> Router {
    let mut router = crate::console::routes();
    for (path, methods) in table() {
        router = router.route(path, methods);
    }
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_this_way)
        .layer(from_fn_with_state(port, visitor::admitted))
        .layer(from_fn_with_state(Arc::clone(&exchange), counted))
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
    let detail = "no such path; GET /openapi.json names all there are";
    problem(&Problem::new(ProblemKind::NotFound, detail))
}

/// The router names in `Allow` what is allowed.
async fn not_this_way(method: Method, uri: Uri) -> Response {
    let detail = format!(
        "{method} is not done with {}; the header `Allow` names what is",
        uri.path()
    );
    problem(&Problem::new(ProblemKind::MethodNotAllowed, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_document_names_the_paths_that_there_are() {
        let document: serde_json::Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let described = document["paths"].as_object().unwrap();
        let described: BTreeSet<&str> = described.keys().map(String::as_str).collect();
        let served: BTreeSet<&str> = table().iter().map(|&(path, _)| path).collect();
        assert_eq!(served, described);
    }
}
