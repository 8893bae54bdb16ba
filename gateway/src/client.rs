//! A client of a centre over QUIC, in rkyv frames: many requests on the way at once, answers in any order.
//!
//! One [`Client`] is one connection with a few long-lived streams. [`Client::send`] never waits: it encodes into the
//! stream's buffer, and one task a stream writes whatever has gathered; answers come out of [`Answers`] by tag.
//! [`Client::ask`] sends one request and waits for its answer. Reconnecting is the caller's: a key that is sent again
//! gets its first decision. `trust` says whose certificates are believed.

mod trust;

pub use trust::Trust;

use crate::machine;
use crate::stream::{CHUNK_BYTES, Form, Gathering, Outgoing};
use crate::wire::frame::{self, FrameError};
use crate::wire::{EventNote, Position, Problem, Request, Response, Tag};
use engine::id::{EventId, Sequence};
use quinn::{Connection, Endpoint, EndpointConfig, RecvStream, SendStream, VarInt};
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Tags from here on are the client's own, for [`Client::ask`].
pub const OWN_TAGS: Tag = 1 << 63;
/// Bytes that may wait to be written on one stream: a centre that takes so little is not overloaded further.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Answers and events that may wait to be looked at.
const ANSWERS_WAITING_MAX: usize = 65_536;
/// Asked of the kernel for datagrams that nobody has read yet: a client that is not run for some milliseconds under load loses
/// answers otherwise, and everything behind a lost one waits until it is sent again.
const UDP_BYTES: u64 = 4 << 20;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose certificate is believed.
    pub trust: Trust,
    /// Streams for requests, 1 to 15: the server gives a connection 16, and a subscription takes one.
    pub streams: usize,
    /// Name in the server's certificate.
    pub server_name: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            trust: Trust::Loopback,
            streams: 4,
            server_name: "localhost".into(),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Why there is no connection, or no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not on this machine, and no authority was named.
    #[error(
        "{0} is not a loopback address: name the authority that its certificate comes from (--ca FILE)"
    )]
    NeedsAuthority(SocketAddr),
    /// The authority's file.
    #[error("{path}: {reason}; a PEM file with at least one certificate is needed")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// Cryptography cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// No socket.
    #[error("no UDP socket: {0}")]
    Socket(#[from] std::io::Error),
    /// Nobody there, or not for us.
    #[error("no connection to {address}: {reason}")]
    NoConnection {
        /// Where.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The connection is gone.
    #[error("the connection is gone: {0}")]
    Gone(String),
    /// More is waiting than should be.
    #[error("{0} bytes wait to be sent on this stream; the centre takes less than is offered")]
    Backlog(usize),
    /// The request is too large.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The centre refused.
    #[error("refused: {} ({})", .0.detail, .0.kind.code())]
    Refused(Problem),
    /// There is no such stream.
    #[error("stream {0} was not opened; there are {1}")]
    NoSuchStream(usize, usize),
}

/// A response and when it was read off the stream.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it was read off.
    pub at: Instant,
    /// What it says.
    pub response: Response,
}

/// The answers of one connection, as they come; ends with the connection.
#[derive(Debug)]
pub struct Answers {
    incoming: mpsc::Receiver<Answer>,
}

impl Answers {
    /// The next answer; `None` once the connection is gone and all is looked at.
    pub async fn next(&mut self) -> Option<Answer> {
        self.incoming.recv().await
    }

    /// Waits for the next answers and appends at most `most` of them. 0: the connection is gone.
    pub async fn next_many(&mut self, out: &mut Vec<Answer>, most: usize) -> usize {
        self.incoming.recv_many(out, most).await
    }

    /// An answer that is there already.
    pub fn try_next(&mut self) -> Option<Answer> {
        self.incoming.try_recv().ok()
    }
}

/// The events of one subscription, as they come; ends with the connection.
#[derive(Debug)]
pub struct Events {
    /// The sequence that was released when the subscription began.
    pub from: Sequence,
    incoming: mpsc::Receiver<Answer>,
}

impl Events {
    /// The next event; `None` once the connection is gone and all is looked at.
    pub async fn next(&mut self) -> Option<EventNote> {
        loop {
            match self.incoming.recv().await?.response {
                Response::Event(note) => return Some(note),
                Response::Decision { .. }
                | Response::Problem { .. }
                | Response::Done { .. }
                | Response::Advanced { .. } => {}
            }
        }
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<EventNote> {
        loop {
            match self.incoming.try_recv().ok()?.response {
                Response::Event(note) => return Some(note),
                Response::Decision { .. }
                | Response::Problem { .. }
                | Response::Done { .. }
                | Response::Advanced { .. } => {}
            }
        }
    }
}

/// One connection to a centre. Clones share it; it is closed when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connection: Connection,
    // Kept so that the socket lives as long as the connection.
    _endpoint: Endpoint,
    streams: Vec<Arc<Outgoing>>,
    asked: Arc<Asked>,
    next_own_tag: AtomicU64,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.connection.close(VarInt::from_u32(0), b"done");
    }
}

/// Questions whose answers go to who asked.
#[derive(Debug, Default)]
struct Asked {
    waiting: Mutex<HashMap<Tag, oneshot::Sender<Response>>>,
}

impl Asked {
    fn put(&self, tag: Tag, sender: oneshot::Sender<Response>) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tag, sender);
    }

    fn take(&self, tag: Tag) -> Option<oneshot::Sender<Response>> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&tag)
    }

    fn forget_all(&self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Client {
    /// Connects and opens the streams.
    pub async fn connect(
        address: SocketAddr,
        options: &Options,
    ) -> Result<(Client, Answers), ClientError> {
        let config = trust::client_config(address, &options.trust)?;
        let local: SocketAddr = if address.is_ipv4() {
            ([0, 0, 0, 0], 0).into()
        } else {
            (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
        };
        let udp = UdpSocket::bind(local)?;
        machine::widen(&udp, UDP_BYTES);
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), None, udp, runtime)?;
        let none = |reason: String| ClientError::NoConnection { address, reason };
        let connecting = endpoint
            .connect_with(config, address, &options.server_name)
            .map_err(|error| none(error.to_string()))?;
        let connection = tokio::time::timeout(options.connect_timeout, connecting)
            .await
            .map_err(|_| none("nobody answered in time".into()))?
            .map_err(|error| none(error.to_string()))?;
        let (sender, incoming) = mpsc::channel(ANSWERS_WAITING_MAX);
        let asked = Arc::new(Asked::default());
        let mut streams = Vec::new();
        for _ in 0..options.streams.clamp(1, 15) {
            let open = connection.open_bi().await;
            let (send, receive) = open.map_err(|error| none(error.to_string()))?;
            let outgoing = Arc::new(Outgoing::default());
            spawn_writer(Arc::clone(&outgoing), send);
            tokio::spawn(read(receive, sender.clone(), Arc::clone(&asked)));
            streams.push(outgoing);
        }
        let shared = Arc::new(Shared {
            connection,
            _endpoint: endpoint,
            streams,
            asked,
            next_own_tag: AtomicU64::new(OWN_TAGS),
        });
        Ok((Client { shared }, Answers { incoming }))
    }

    /// How many streams there are for [`Client::send`].
    pub fn streams(&self) -> usize {
        self.shared.streams.len()
    }

    /// Sends a request on one of the streams, without waiting. Its tag is the caller's, below [`OWN_TAGS`]; its answer
    /// comes out of [`Answers`].
    pub fn send(&self, stream: usize, request: Request) -> Result<(), ClientError> {
        if let Some(reason) = self.shared.connection.close_reason() {
            return Err(ClientError::Gone(reason.to_string()));
        }
        let there = self.shared.streams.len();
        let Some(outgoing) = self.shared.streams.get(stream) else {
            return Err(ClientError::NoSuchStream(stream, there));
        };
        outgoing.append(|bytes| {
            if bytes.len() > WAITING_BYTES_MAX {
                return Err(ClientError::Backlog(bytes.len()));
            }
            Ok(frame::append_request(request, bytes)?)
        })
    }

    /// Sends a request on the first stream under a tag of the client's own and waits for its answer, which may
    /// be a problem.
    pub async fn ask(&self, request: Request) -> Result<Response, ClientError> {
        let tag = self.shared.next_own_tag.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.shared.asked.put(tag, sender);
        if let Err(error) = self.send(0, tagged(request, tag)) {
            self.shared.asked.take(tag);
            return Err(error);
        }
        answer.await.map_err(|_| self.gone())
    }

    /// Subscribes to the orders and events of these units (none: to everything), from after `since` or from now on.
    /// When it returns, nothing that happens afterwards is missed.
    pub async fn subscribe(
        &self,
        units: Vec<String>,
        since: Option<EventId>,
    ) -> Result<Events, ClientError> {
        let gone = |error: quinn::ConnectionError| ClientError::Gone(error.to_string());
        let (send, receive) = self.shared.connection.open_bi().await.map_err(gone)?;
        let outgoing = Arc::new(Outgoing::default());
        let (sender, incoming) = mpsc::channel(ANSWERS_WAITING_MAX);
        let tag = self.shared.next_own_tag.fetch_add(1, Ordering::Relaxed);
        let (begun, answer) = oneshot::channel();
        self.shared.asked.put(tag, begun);
        let request = Request::Subscribe {
            tag: Some(tag),
            units,
            since,
        };
        outgoing.append(|bytes| frame::append_request(request, bytes))?;
        spawn_writer(outgoing, send);
        tokio::spawn(read(receive, sender, Arc::clone(&self.shared.asked)));
        match answer.await.map_err(|_| self.gone())? {
            Response::Done { seq, .. } => Ok(Events {
                from: seq,
                incoming,
            }),
            Response::Problem { problem, .. } => Err(ClientError::Refused(problem)),
            other
            @ (Response::Decision { .. } | Response::Advanced { .. } | Response::Event(_)) => {
                Err(ClientError::Gone(format!("unexpected answer {other:?}")))
            }
        }
    }

    /// Sends a position as a datagram: unordered, perhaps lost, never answered.
    pub fn send_position(&self, unit: String, position: Position) -> Result<(), ClientError> {
        let mut bytes = Vec::with_capacity(64);
        let request = Request::Position {
            tag: None,
            unit,
            position,
        };
        frame::append_request(request, &mut bytes)?;
        let datagram = bytes.split_off(frame::PREFIX_BYTES);
        self.shared
            .connection
            .send_datagram(datagram.into())
            .map_err(|error| ClientError::Gone(error.to_string()))
    }

    /// Bytes that wait to be written, over all streams.
    pub fn waiting_bytes(&self) -> usize {
        let streams = self.shared.streams.iter();
        streams.map(|outgoing| outgoing.waiting_bytes()).sum()
    }

    /// Returns when the connection is gone, and says why.
    pub async fn closed(&self) -> String {
        self.shared.connection.closed().await.to_string()
    }

    /// Whether the connection is gone.
    pub fn is_gone(&self) -> bool {
        self.shared.connection.close_reason().is_some()
    }

    /// Round trip time to the centre, as QUIC measures it.
    pub fn rtt(&self) -> Duration {
        self.shared.connection.rtt()
    }

    /// Ends the connection at once; what is on the way is lost.
    pub fn close(&self) {
        self.shared
            .connection
            .close(VarInt::from_u32(0), b"closed by the client");
    }

    fn gone(&self) -> ClientError {
        let reason = self.shared.connection.close_reason();
        ClientError::Gone(reason.map_or_else(
            || "the stream has ended".into(),
            |reason| reason.to_string(),
        ))
    }
}

fn tagged(mut request: Request, own: Tag) -> Request {
    match &mut request {
        Request::Call { tag, .. }
        | Request::Facts { tag, .. }
        | Request::End { tag, .. }
        | Request::Order { tag, .. }
        | Request::Position { tag, .. }
        | Request::Duty { tag, .. }
        | Request::Advance { tag, .. }
        | Request::Subscribe { tag, .. } => *tag = Some(own),
    }
    request
}

fn spawn_writer(outgoing: Arc<Outgoing>, mut send: SendStream) {
    tokio::spawn(async move {
        // A write that fails means that the connection is gone; the reader of it tells everybody.
        if outgoing.write_to(&mut send).await.is_err() {
            outgoing.abandon();
        }
    });
}

/// Reads answers until the stream ends. What was asked goes to who asked, the rest to the channel.
async fn read(mut stream: RecvStream, answers: mpsc::Sender<Answer>, asked: Arc<Asked>) {
    let mut gathering = Gathering::default();
    while let Ok(Some(chunk)) = stream.read_chunk(CHUNK_BYTES, true).await {
        let at = Instant::now();
        gathering.extend(&chunk.bytes);
        loop {
            let response = match gathering.take(Form::Frames) {
                Ok(Some(archive)) => frame::read_response(archive),
                Ok(None) => break,
                Err(_) => return asked.forget_all(),
            };
            let Ok(response) = response else {
                return asked.forget_all();
            };
            let own = response.tag().filter(|&tag| tag >= OWN_TAGS);
            match own.and_then(|tag| asked.take(tag)) {
                // Who has stopped waiting for an answer does not want it.
                Some(asker) => drop(asker.send(response)),
                None if answers.send(Answer { at, response }).await.is_err() => return,
                None => {}
            }
        }
    }
    asked.forget_all();
}
