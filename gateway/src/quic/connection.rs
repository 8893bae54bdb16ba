//! One client: its streams, each read by one task and written by another, and its datagrams.
//!
//! A stream is read only while its connection's gate is open and its answers are being taken. What cannot be read costs
//! its own stream at most; other streams and other clients notice nothing.

use super::close_code;
use super::subscription::{Subscriber, subscribe};
use crate::exchange::{AnswerTo, Counter, Exchange, Pending};
use crate::figures::RequestKind;
use crate::link::{Gate, GateLimits, Link};
use crate::serve::LAST_WORDS_TIME;
use crate::stream::{CHUNK_BYTES, Form, Gathering};
use crate::wire::{Problem, ProblemKind, Request, Response, Tag};
use engine::command::ClockMode;
use quinn::crypto::rustls::HandshakeData;
use quinn::{Connection, Incoming, RecvStream, SendStream, VarInt};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A frame that was begun must be whole after so long (hardening: slow streams).
const FRAME_TIME: Duration = Duration::from_secs(2);
/// Answers of one stream that may wait to be taken; above it, the stream is not read.
pub const ANSWERS_WAITING_BYTES: usize = 256 * 1024;
/// How long a client may take to acknowledge the last answers of a stream.
const LAST_ANSWERS_TIME: Duration = Duration::from_secs(3);
/// How long a stream is still read when the centre stops.
const LAST_READING_TIME: Duration = Duration::from_millis(100);
/// How long a handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// What serving one client needs.
#[derive(Clone)]
pub struct Serving {
    /// Where requests go.
    pub exchange: Arc<Exchange>,
    /// The worker that answers.
    pub worker: u16,
    /// What the connection may have on the way.
    pub limits: GateLimits,
    /// Says when the centre stops.
    pub stop: watch::Receiver<bool>,
}

/// Why reading a stream ended.
enum Ended {
    /// The client will send no more here.
    Finished,
    /// The stream or its connection is gone.
    Gone,
    /// The centre stops.
    Stopping,
    /// What came cannot be read; the client was told.
    Fault(VarInt),
}

impl Serving {
    /// Serves one client until it goes.
    pub async fn run(self, incoming: Incoming) {
        let Ok(connecting) = incoming.accept() else {
            return;
        };
        let Ok(Ok(connection)) = tokio::time::timeout(HANDSHAKE_TIME, connecting).await else {
            return;
        };
        let Some(form) = form_of(&connection) else {
            return connection.close(close_code::PROTOCOL, b"speak liandong/1 or liandong-json/1");
        };
        tracing::debug!(client = %connection.remote_address(), ?form, "connected");
        let gate = Arc::new(Gate::new(self.limits));
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                stream = connection.accept_bi() => {
                    let Ok((send, receive)) = stream else { break };
                    let link = Arc::new(Link::new(form, Arc::clone(&gate), Arc::clone(&self.exchange.figures)));
                    tokio::spawn(write(
                        Arc::clone(&self.exchange),
                        Arc::clone(&link),
                        send,
                        self.stop.clone(),
                    ));
                    let serving = self.clone();
                    tokio::spawn(serving.read(connection.clone(), link, Arc::clone(&gate), receive));
                }
                datagram = connection.read_datagram() => {
                    let Ok(datagram) = datagram else { break };
                    self.take_datagram(&datagram);
                }
                _ = stop.changed() => {
                    // Held until the endpoint says why: dropped now, the connection would end without a reason.
                    connection.closed().await;
                    break;
                }
            }
        }
        tracing::debug!(client = %connection.remote_address(), "no more streams");
    }

    /// A position by datagram: never answered, and only on the wall clock, where positions need no order.
    fn take_datagram(&self, datagram: &[u8]) {
        let mut pending = Pending::new(self.worker);
        match Form::Frames.request(datagram) {
            Ok(request @ Request::Position { .. })
                if self.exchange.running.clock() == ClockMode::Wall =>
            {
                let nobody = tokio::sync::oneshot::channel().0;
                self.exchange
                    .take(&mut pending, request, AnswerTo::Once(nobody));
                self.exchange.hand_over(&mut pending);
            }
            Ok(_) | Err(_) => self.exchange.count(Counter::Unreadable),
        }
    }

    /// Reads one stream to its end.
    async fn read(
        self,
        connection: Connection,
        link: Arc<Link>,
        gate: Arc<Gate>,
        mut receive: RecvStream,
    ) {
        let mut reading = Reading {
            serving: &self,
            link: &link,
            gate: &gate,
            gathering: Gathering::default(),
            pending: Pending::new(self.worker),
            begun: None,
            subscriber: None,
        };
        let ended = reading.run(&mut receive).await;
        let subscriber = reading.subscriber.take();
        match ended {
            // A client that only listens may end its side; its subscription goes on until it is gone.
            Ended::Finished => {
                if let Some(subscriber) = subscriber {
                    tokio::select! {
                        () = subscriber.until_gone(&link) => {}
                        _ = connection.closed() => {}
                    }
                }
            }
            Ended::Gone => link.outgoing.abandon(),
            Ended::Stopping => {}
            Ended::Fault(code) => {
                // The stream may be gone already; then there is nobody to tell.
                receive.stop(code).unwrap_or_default();
            }
        }
        link.end_reading();
    }
}

/// Writes the answers of one stream until it closes.
async fn write(
    exchange: Arc<Exchange>,
    link: Arc<Link>,
    mut send: SendStream,
    mut stop: watch::Receiver<bool>,
) {
    exchange.streams.fetch_add(1, Ordering::Relaxed);
    if link.outgoing.write_to(&mut send).await.is_ok() && send.finish().is_ok() {
        // Until the client has it all; whoever does not take it in time is not waited for, least of all by a stop.
        tokio::select! {
            _ = send.stopped() => {}
            () = tokio::time::sleep(LAST_ANSWERS_TIME) => {}
            () = async {
                drop(stop.wait_for(|&stops| stops).await);
                tokio::time::sleep(LAST_WORDS_TIME).await;
            } => {}
        }
    } else {
        link.outgoing.abandon();
    }
    exchange.streams.fetch_sub(1, Ordering::Relaxed);
}

fn form_of(connection: &Connection) -> Option<Form> {
    let data = connection
        .handshake_data()?
        .downcast::<HandshakeData>()
        .ok()?;
    Form::of_alpn(data.protocol.as_deref()?)
}

/// One stream while it is read.
struct Reading<'a> {
    serving: &'a Serving,
    link: &'a Arc<Link>,
    gate: &'a Gate,
    gathering: Gathering,
    pending: Pending,
    /// When the frame that is being gathered began.
    begun: Option<Instant>,
    subscriber: Option<Subscriber>,
}

impl Reading<'_> {
    async fn run(&mut self, receive: &mut RecvStream) -> Ended {
        let mut stop = self.serving.stop.clone();
        loop {
            self.link.outgoing.room(ANSWERS_WAITING_BYTES).await;
            let deadline = self.begun.map(|begun| begun + FRAME_TIME);
            let chunk = tokio::select! {
                // In this order: what is there is read before it is called late, for the waiting may have been ours.
                biased;
                _ = stop.changed() => {
                    // What has come already is refused aloud; the rest hears of it by the end of the connection.
                    drop(tokio::time::timeout(LAST_READING_TIME, self.read_rest(receive)).await);
                    return Ended::Stopping;
                }
                chunk = receive.read_chunk(CHUNK_BYTES, true) => chunk,
                () = until(deadline) => return self.too_slow(),
            };
            match chunk {
                Ok(Some(chunk)) => self.gathering.extend(&chunk.bytes),
                Ok(None) => {
                    self.take_last();
                    return Ended::Finished;
                }
                Err(_) => return Ended::Gone,
            }
            let taken = self.take_whole().await;
            self.serving.exchange.hand_over(&mut self.pending);
            match taken {
                Ok(0) => self.begun = self.begun.or_else(|| self.begins()),
                Ok(_) => self.begun = self.begins(),
                Err(ended) => return ended,
            }
        }
    }

    /// Reads on until nothing comes any more.
    async fn read_rest(&mut self, receive: &mut RecvStream) {
        while let Ok(Some(chunk)) = receive.read_chunk(CHUNK_BYTES, true).await {
            self.gathering.extend(&chunk.bytes);
            let taken = self.take_whole().await;
            self.serving.exchange.hand_over(&mut self.pending);
            if taken.is_err() {
                return;
            }
        }
    }

    fn begins(&self) -> Option<Instant> {
        self.gathering.has_begun().then(Instant::now)
    }

    /// Takes every whole frame; gives how many there were.
    async fn take_whole(&mut self) -> Result<usize, Ended> {
        let form = self.link.form();
        self.pending.begin();
        let mut taken = 0;
        loop {
            if !self.gate.is_open() {
                self.serving.exchange.hand_over(&mut self.pending);
                self.gate.pass().await;
                self.pending.begin();
            }
            let (request, bytes) = match self.gathering.take(form) {
                Ok(Some(whole)) if form == Form::Lines && whole.trim_ascii().is_empty() => continue,
                Ok(Some(whole)) => (form.request(whole), whole.len()),
                Ok(None) => return Ok(taken),
                Err(problem) => return Err(self.fault(None, problem)),
            };
            taken += 1;
            match request {
                Ok(request) => self.take(request, bytes),
                Err((tag, problem)) => self.refuse(tag, problem)?,
            }
        }
    }

    /// A last line may lack its end.
    fn take_last(&mut self) {
        let form = self.link.form();
        self.pending.begin();
        let last = self
            .gathering
            .last(form)
            .map(|line| (form.request(line), line.len()));
        match last {
            Some((Ok(request), bytes)) => self.take(request, bytes),
            Some((Err((tag, problem)), _)) => self.say(tag, problem),
            None => {}
        }
        self.serving.exchange.hand_over(&mut self.pending);
    }

    fn take(&mut self, request: Request, bytes: usize) {
        if let Request::Subscribe { tag, units, since } = request {
            self.serving.exchange.figures.ask(RequestKind::Subscription);
            match subscribe(
                self.serving,
                self.link,
                self.subscriber.is_some(),
                tag,
                &units,
                since,
            ) {
                Ok(subscriber) => self.subscriber = Some(subscriber),
                Err(problem) => self.say(tag, problem),
            }
            return;
        }
        self.link.owe(bytes);
        let to = AnswerTo::Stream {
            link: Arc::clone(self.link),
            tag: request.tag(),
            bytes,
        };
        self.serving.exchange.take(&mut self.pending, request, to);
    }

    fn say(&self, tag: Option<Tag>, problem: Problem) {
        let counter = match problem.kind {
            ProblemKind::NotReadable | ProblemKind::TooLarge | ProblemKind::TooSlow => {
                Counter::Unreadable
            }
            ProblemKind::NoKey
            | ProblemKind::BadField
            | ProblemKind::UnknownField
            | ProblemKind::Refused(_)
            | ProblemKind::NotAdvanced
            | ProblemKind::Overloaded
            | ProblemKind::NotServing
            | ProblemKind::NoRoom
            | ProblemKind::Pruned
            | ProblemKind::NotFound
            | ProblemKind::MethodNotAllowed
            | ProblemKind::KeyTaken
            | ProblemKind::ForeignOrigin
            | ProblemKind::BadMediaType => Counter::Bad,
        };
        self.serving.exchange.count(counter);
        self.link.say(Response::Problem { tag, problem });
    }

    /// A bad line costs itself; a frame that is none costs its stream, because nobody knows where the next begins.
    fn refuse(&self, tag: Option<Tag>, problem: Problem) -> Result<(), Ended> {
        let lost = self.link.form() == Form::Frames && problem.kind == ProblemKind::NotReadable;
        if lost || problem.kind == ProblemKind::TooLarge {
            return Err(self.fault(tag, problem));
        }
        self.say(tag, problem);
        Ok(())
    }

    fn fault(&self, tag: Option<Tag>, problem: Problem) -> Ended {
        self.say(tag, problem);
        Ended::Fault(close_code::UNREADABLE)
    }

    fn too_slow(&self) -> Ended {
        let detail = format!(
            "a frame was begun and not whole after {} s",
            FRAME_TIME.as_secs()
        );
        self.say(None, Problem::new(ProblemKind::TooSlow, detail));
        Ended::Fault(close_code::TOO_SLOW)
    }
}

/// Returns at the deadline; never, when there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
