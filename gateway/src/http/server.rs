//! The HTTP listener's loop: who may hold a connection, for how long, and how all of them end.
//!
//! A request's head must be whole within [`HEAD_TIME`], and a connection that asks nothing for so long is closed. When
//! every place is taken, the one that has waited longest for a request gives way; only when all are being answered is a
//! newcomer refused aloud. An answer may take as long as it likes: some of them never end by design. What is answered
//! is the router's matter, see the parent.

use crate::wire::{Problem, ProblemKind};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// How long the head of a request may take, and how long a connection may ask nothing.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The head of a request is no larger; answers are cut to pieces of this size.
const BUFFER_BYTES: usize = 64 * 1024;
/// Newcomers that are told at the same time that there is no room; more are closed without a word.
const TURNED_AWAY_MAX: usize = 64;
/// How long telling one of them may take.
const TURNING_AWAY_TIME: Duration = Duration::from_secs(1);
/// After an error of the listener itself (no file handle is left), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Instead of the time since when a connection waits, while it is being answered.
const ANSWERING: u64 = u64::MAX;

/// Serves connections until `stop` says so, then lets each answer that has begun come to its end.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    connections_max: usize,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Places::new(connections_max));
    let turning_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stop.wait_for(|&stops| stops) => break,
        };
        match accepted {
            Ok((stream, _)) => match places.take() {
                Some(place) => {
                    let routes = TowerToHyperService::new(routes.clone());
                    connections.spawn(serve_one(stream, routes, place, stop.clone()));
                }
                None => {
                    if let Ok(permit) = Arc::clone(&turning_away).try_acquire_owned() {
                        connections.spawn(turn_away(stream, permit));
                    }
                }
            },
            Err(error) => {
                tracing::warn!(%error, "http cannot take a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection to its end.
async fn serve_one(
    stream: TcpStream,
    routes: TowerToHyperService<Router>,
    place: Place,
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "an http connection was gone at once");
        return;
    }
    let service = service_fn(|request: Request<Incoming>| {
        let answering = Answering::begin(&place.holder);
        let answer = routes.call(request);
        async move {
            let response: Response<Body> = answer.await?;
            Ok::<_, Infallible>(response.map(|body| Watched { body, answering }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // What a client does wrong on its connection costs the connection, nothing more.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|&stops| stops) => {}
        () = place.holder.give_way.notified() => {
            if !place.holder.is_answered() {
                return;
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "an http connection ended badly");
    }
}

/// Tells a newcomer that there is no room.
async fn turn_away(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let detail = "every connection that http may hold is being answered; see http.connections_max";
    let problem = Problem::new(ProblemKind::Overloaded, detail).retry_after_ms(1_000);
    let body = problem.to_json(None).to_string();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\
         Retry-After: 1\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let telling = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // A socket that is closed on words it has not read takes its answer with it.
        let mut asked = [0; 4_096];
        while stream.read(&mut asked).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Who is gone or does not listen has been turned away all the same.
    drop(tokio::time::timeout(TURNING_AWAY_TIME, telling).await);
}

/// The places that there are, and who holds them.
struct Places {
    most: usize,
    since: Instant,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    holders: BTreeMap<u64, Arc<Holder>>,
}

/// A connection, as far as others may want its place.
struct Holder {
    /// Since when it waits for a request, in milliseconds of the listener; or [`ANSWERING`].
    waiting_since_ms: AtomicU64,
    began: Instant,
    give_way: Notify,
}

impl Places {
    fn new(most: usize) -> Places {
        Places {
            most,
            since: Instant::now(),
            taken: Mutex::default(),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if need be that of the connection which has waited longest; none while all are being answered.
    fn take(self: &Arc<Places>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.holders.len() >= self.most {
            let waiting = taken
                .holders
                .iter()
                .map(|(&number, holder)| (holder.waiting_since_ms.load(Ordering::Relaxed), number));
            let (since, number) = waiting.min()?;
            if since == ANSWERING {
                return None;
            }
            if let Some(longest) = taken.holders.remove(&number) {
                longest.give_way.notify_one();
            }
        }
        let holder = Arc::new(Holder {
            waiting_since_ms: AtomicU64::new(0),
            began: self.since,
            give_way: Notify::new(),
        });
        holder.wait();
        let number = taken.next;
        taken.next += 1;
        taken.holders.insert(number, Arc::clone(&holder));
        Some(Place {
            places: Arc::clone(self),
            number,
            holder,
        })
    }
}

impl Holder {
    fn wait(&self) {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(ANSWERING - 1);
        self.waiting_since_ms.store(now_ms, Ordering::Relaxed);
    }

    fn is_answered(&self) -> bool {
        self.waiting_since_ms.load(Ordering::Relaxed) == ANSWERING
    }
}

/// A place that is held until this is dropped.
struct Place {
    places: Arc<Places>,
    number: u64,
    holder: Arc<Holder>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().holders.remove(&self.number);
    }
}

/// A request that is being answered until this is dropped.
struct Answering(Arc<Holder>);

impl Answering {
    fn begin(holder: &Arc<Holder>) -> Answering {
        holder.waiting_since_ms.store(ANSWERING, Ordering::Relaxed);
        Answering(Arc::clone(holder))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// An answer's body, which knows when it is over.
struct Watched {
    body: Body,
    #[allow(dead_code)] // held for its drop
    answering: Answering,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
