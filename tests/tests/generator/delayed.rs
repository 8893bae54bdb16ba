//! A server that speaks a centre's frames and answers every call after a delay that is known: constant, exponential, one of
//! two, or at once but for a second in which it stands still.
//!
//! It notes how long it really kept each call, from the moment it was read to the moment its answer was handed to the connection, so that
//! a test holds the generator against what happened and not against what a busy machine was asked for. It decides nothing: every
//! call is an invalid one, under a number of its own.

use engine::call::Outcome;
use engine::id::{CallId, CentreId, Sequence};
use engine::kind::{AgencySet, Kind, Nature, Priority};
use gateway::wire::{
    ALPN_FRAMES, Decision, Forward, Problem, ProblemKind, Request, Response, frame,
};
use loadgen::random::Random;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, RecvStream, SendStream, ServerConfig};
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long calls are kept.
#[derive(Clone, Copy, Debug)]
pub enum Delay {
    /// All as long.
    Constant(Duration),
    /// As a queue would: exponential, of this mean.
    Exponential(Duration),
    /// So many of a thousand the second, the others the first.
    TwoPoint(Duration, Duration, u64),
    /// As the first, but one call in so many is answered twice.
    Twice(Duration, u64),
    /// The first; but whatever comes in the time from the second to the third after the first call waits until its end.
    Stalled(Duration, Duration, Duration),
}

struct Shared {
    delay: Delay,
    random: Mutex<Random>,
    calls: AtomicU64,
    first: Mutex<Option<Instant>>,
    kept: Mutex<Vec<Duration>>,
}

/// A server that is up until it is dropped.
pub struct Delayed {
    endpoint: Endpoint,
    shared: Arc<Shared>,
}

impl Delayed {
    /// Binds a free port of loopback and serves. Needs a tokio runtime around it.
    pub fn serve(delay: Delay) -> Delayed {
        let named = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(named).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        tls.alpn_protocols = vec![ALPN_FRAMES.to_vec()];
        let crypto = QuicServerConfig::try_from(tls).unwrap();
        let config = ServerConfig::with_crypto(Arc::new(crypto));
        let endpoint = Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
        let shared = Arc::new(Shared {
            delay,
            random: Mutex::new(Random::new(11)),
            calls: AtomicU64::new(0),
            first: Mutex::default(),
            kept: Mutex::default(),
        });
        tokio::spawn(accept(endpoint.clone(), Arc::clone(&shared)));
        Delayed { endpoint, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.endpoint.local_addr().unwrap()
    }

    /// How long each call was kept, the shortest first.
    pub fn kept(&self) -> Vec<Duration> {
        let mut kept = self.shared.kept.lock().unwrap().clone();
        kept.sort();
        kept
    }
}

impl Drop for Delayed {
    fn drop(&mut self) {
        self.endpoint.close(0u8.into(), b"done");
    }
}

async fn accept(endpoint: Endpoint, shared: Arc<Shared>) {
    while let Some(incoming) = endpoint.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let Ok(connection) = incoming.await else {
                return;
            };
            while let Ok((send, receive)) = connection.accept_bi().await {
                let (answers, outgoing) = mpsc::unbounded_channel();
                tokio::spawn(write(send, outgoing));
                tokio::spawn(read(receive, answers, Arc::clone(&shared)));
            }
        });
    }
}

async fn write(mut send: SendStream, mut outgoing: mpsc::UnboundedReceiver<Response>) {
    while let Some(response) = outgoing.recv().await {
        let mut bytes = Vec::new();
        frame::append_response(response, &mut bytes).unwrap();
        if send.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read(
    mut receive: RecvStream,
    answers: mpsc::UnboundedSender<Response>,
    shared: Arc<Shared>,
) {
    let mut bytes: Vec<u8> = Vec::new();
    while let Ok(Some(chunk)) = receive.read_chunk(64 * 1024, true).await {
        let came = Instant::now();
        bytes.extend_from_slice(&chunk.bytes);
        while let Some(archive) = frame::split(&bytes).unwrap() {
            let length = archive.len();
            let request = frame::read_request(archive).unwrap();
            bytes.drain(..frame::PREFIX_BYTES + length);
            match request {
                Request::Call { tag, .. } => shared.answer_later(came, tag, answers.clone()),
                // What a centre on the wall clock says when it is asked to move its time.
                other => drop(answers.send(Response::Problem {
                    tag: other.tag(),
                    problem: Problem::new(
                        ProblemKind::NotAdvanced,
                        "this centre lives on the wall clock",
                    ),
                })),
            }
        }
    }
}

impl Shared {
    fn answer_later(
        self: &Arc<Self>,
        came: Instant,
        tag: Option<u64>,
        answers: mpsc::UnboundedSender<Response>,
    ) {
        let number = 1 + self.calls.fetch_add(1, Ordering::Relaxed);
        let delay = self.delay(came);
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep_until((came + delay).into()).await;
            let decision = Box::new(decision(number));
            shared.kept.lock().unwrap().push(came.elapsed());
            if let Delay::Twice(_, of) = shared.delay
                && number.is_multiple_of(of)
            {
                let decision = decision.clone();
                drop(answers.send(Response::Decision { tag, decision }));
            }
            // Who is gone does not want it.
            drop(answers.send(Response::Decision { tag, decision }));
        });
    }

    fn delay(&self, came: Instant) -> Duration {
        let mut random = self.random.lock().unwrap();
        match self.delay {
            Delay::Constant(delay) | Delay::Twice(delay, _) => delay,
            Delay::Exponential(mean) => mean.mul_f64(-(1.0 - random.fraction()).ln()),
            Delay::TwoPoint(one, other, permille) => {
                if random.chance(permille) {
                    other
                } else {
                    one
                }
            }
            Delay::Stalled(delay, from, until) => {
                let first = *self.first.lock().unwrap().get_or_insert(came);
                let since = came.duration_since(first);
                if since >= from && since < until {
                    until - since + delay
                } else {
                    delay
                }
            }
        }
    }
}

fn decision(number: u64) -> Decision {
    Decision {
        call: CallId::new(CentreId(1), number).unwrap(),
        incident: None,
        seq: Sequence(number),
        merged: false,
        outcome: Outcome::Forwarded,
        kind: Kind::Nuisance,
        priority: Priority::P4,
        nature: Nature::Invalid,
        agencies: AgencySet::default(),
        confidence_permille: 1_000,
        human: false,
        evidence: Vec::new(),
        forward: Forward {
            line: 110,
            seat: None,
        },
        orders: Vec::new(),
        short: Vec::new(),
        foreseen_late: false,
        hospital: None,
        outside: false,
        conflict: false,
    }
}
