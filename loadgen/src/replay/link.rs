//! One connection for calls, that comes back: what was not answered is sent again under the same key.
//!
//! [`Link::send`] never waits. [`Link::tend`] reads the answers, and when the connection is gone connects again and
//! sends all that is pending once more; a centre gives a key it knows its first decision again.

use super::answers::AnswerLog;
use super::calling::Calling;
use super::field::wall;
use super::{ReplayError, words};
use crate::caller::CallerId;
use crate::report::tally::{Sent, Tally};
use crate::trace::Row;
use gateway::client::{Answer, Answers, Client, ClientError, Options as ClientOptions};
use gateway::wire::{ProblemKind, Request, Response, Tag};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Answers taken at once.
const ANSWERS_AT_ONCE: usize = 256;
/// A connection on which calls wait and nothing has been answered for so long is given up: a centre that was killed
/// says no farewell, and QUIC itself would wait half a minute.
pub const STALL: Duration = Duration::from_secs(3);
/// Between two attempts to connect, and between two to send what found no room.
const RETRY: Duration = Duration::from_millis(200);

/// What all connections share.
pub struct Shared {
    /// The trace.
    pub rows: Arc<[Row]>,
    /// The rows that are a carrier's repeats, and the row that each repeats.
    pub again: HashMap<usize, usize>,
    /// Goes before every key.
    pub run_id: String,
    /// What is counted.
    pub tally: Mutex<Tally>,
    /// What was answered.
    pub log: Mutex<AnswerLog>,
    /// What callers do beyond the trace, if they do.
    pub calling: Mutex<Option<Calling>>,
    /// How often a connection was made anew; who has nothing to wait for looks here.
    pub reconnects: AtomicU64,
}

impl Shared {
    /// The tally, for a moment.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Callers, for a moment.
    pub fn calling(&self) -> MutexGuard<'_, Option<Calling>> {
        self.calling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, AnswerLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what of the answers is still in memory.
    pub fn finish_log(&self) -> Result<(), ReplayError> {
        self.log().finish()
    }

    fn row<'a>(&'a self, said: &'a Said) -> &'a Row {
        match said {
            Said::Row { row, .. } => &self.rows[*row],
            Said::Again { row, .. } => row,
        }
    }

    fn key(&self, said: &Said) -> String {
        let (run, key) = (&self.run_id, &self.row(said).key);
        match said {
            Said::Row { round, .. } => format!("{run}.{round}:{key}"),
            Said::Again { .. } => format!("{run}.{key}"),
        }
    }

    /// Who made a call: of the trace's somebody new, who says the same in each round and is somebody else.
    fn caller(&self, said: &Said, calling: &mut Calling) -> CallerId {
        match said {
            Said::Row { row, round: 0 } => calling.callers().called(&self.rows[*row]),
            Said::Row { row, round } => {
                let row = &self.rows[*row];
                calling.callers().called(&Row {
                    key: format!("{round}:{}", row.key),
                    ..row.clone()
                })
            }
            Said::Again { caller, .. } => *caller,
        }
    }
}

/// What is said in a call.
#[derive(Clone, Debug)]
pub enum Said {
    /// A row of the trace.
    Row {
        /// Which; of a repeat the row that it repeats.
        row: usize,
        /// The round through the trace.
        round: u64,
    },
    /// What somebody says who calls again.
    Again {
        /// As a row.
        row: Arc<Row>,
        /// Who it is.
        caller: CallerId,
    },
}

/// A call that has no answer yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What is said.
    pub said: Said,
    /// Whether it is a carrier's repeat.
    pub is_repeat: bool,
    /// What its answer is judged by.
    pub sent: Sent,
    /// When it was to be sent.
    pub intended: Instant,
    /// The same from the start of the run.
    pub due: Duration,
    /// When it was sent first.
    pub first_sent: Instant,
}

#[derive(Default)]
struct State {
    client: Option<Client>,
    pending: HashMap<Tag, Pending>,
    /// Not taken by the connection, or refused for a moment; sent again soon.
    unsent: Vec<Tag>,
}

/// One connection.
pub struct Link {
    address: SocketAddr,
    options: ClientOptions,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

impl Link {
    /// Connects.
    pub async fn connect(
        address: SocketAddr,
        options: ClientOptions,
        shared: Arc<Shared>,
    ) -> Result<(Arc<Link>, Answers), ClientError> {
        let (client, answers) = Client::connect(address, &options).await?;
        let state = State {
            client: Some(client),
            ..State::default()
        };
        let link = Link {
            address,
            options,
            shared,
            state: Mutex::new(state),
        };
        Ok((Arc::new(link), answers))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls that have no answer yet.
    pub fn pending(&self) -> u64 {
        self.state().pending.len() as u64
    }

    /// Sends a call. One that cannot go out now goes out later.
    pub fn send(&self, tag: Tag, call: Pending) {
        let request = self.request(tag, &call);
        let mut state = self.state();
        state.pending.insert(tag, call);
        self.send_one(&mut state, tag, request);
    }

    fn request(&self, tag: Tag, call: &Pending) -> Request {
        let shared = &self.shared;
        words::request(shared.row(&call.said), shared.key(&call.said), tag)
    }

    fn send_one(&self, state: &mut State, tag: Tag, request: Request) {
        let sent = match &state.client {
            Some(client) => client.send(tag as usize % client.streams().max(1), request),
            None => return,
        };
        // A connection that is gone is made anew, with all that is pending; what found no room goes out soon.
        if let Err(ClientError::Backlog(_)) = sent {
            state.unsent.push(tag);
        }
    }

    /// Sends again what found no room.
    fn retry(&self) {
        let mut state = self.state();
        for tag in std::mem::take(&mut state.unsent) {
            if let Some(call) = state.pending.get(&tag) {
                let request = self.request(tag, call);
                self.send_one(&mut state, tag, request);
            }
        }
    }

    /// Reads answers for ever, and connects again whenever the connection is gone.
    pub async fn tend(&self, mut answers: Answers) -> Result<(), ReplayError> {
        let mut taken = Vec::with_capacity(ANSWERS_AT_ONCE);
        let mut heard = Instant::now();
        loop {
            let next = answers.next_many(&mut taken, ANSWERS_AT_ONCE);
            match tokio::time::timeout(RETRY, next).await {
                Ok(0) => {
                    answers = self.reconnect().await;
                    heard = Instant::now();
                }
                Ok(_) => {
                    heard = Instant::now();
                    self.take(&mut taken)?;
                }
                Err(_) if heard.elapsed() > STALL && self.is_stalled() => {
                    answers = self.reconnect().await;
                    heard = Instant::now();
                }
                Err(_) => self.retry(),
            }
        }
    }

    /// Whether a call has waited for too long.
    fn is_stalled(&self) -> bool {
        let state = self.state();
        let mut pending = state.pending.values();
        pending.any(|call| call.first_sent.elapsed() > STALL)
    }

    async fn reconnect(&self) -> Answers {
        if let Some(client) = self.state().client.take() {
            client.close();
        }
        self.shared.reconnects.fetch_add(1, Ordering::Relaxed);
        loop {
            tokio::time::sleep(RETRY).await;
            let Ok((client, answers)) = Client::connect(self.address, &self.options).await else {
                continue;
            };
            let mut state = self.state();
            state.client = Some(client);
            state.unsent.clear();
            let pending = state.pending.iter();
            let requests: Vec<(Tag, Request)> = pending
                .map(|(&tag, call)| (tag, self.request(tag, call)))
                .collect();
            self.shared.tally().resent += requests.len() as u64;
            for (tag, request) in requests {
                self.send_one(&mut state, tag, request);
            }
            return answers;
        }
    }

    /// The calls that were answered, with their answers, and how many answers were of no call that waits.
    fn answered(&self, answers: &mut Vec<Answer>) -> (Vec<(Pending, Answer)>, u64) {
        let mut answered = Vec::with_capacity(answers.len());
        let mut twice = 0;
        let mut state = self.state();
        for answer in answers.drain(..) {
            let Some(tag) = answer.response.tag() else {
                continue;
            };
            // A centre that is about to stop has not taken the call; it goes out again.
            if let Response::Problem { problem, .. } = &answer.response
                && problem.kind == ProblemKind::NotServing
            {
                state.unsent.push(tag);
                continue;
            }
            // Of one connection each call has one answer; what an older connection still says is not read.
            match state.pending.remove(&tag) {
                Some(call) => answered.push((call, answer)),
                None => twice += 1,
            }
        }
        (answered, twice)
    }

    fn take(&self, answers: &mut Vec<Answer>) -> Result<(), ReplayError> {
        let (answered, twice) = self.answered(answers);
        let mut tally = self.shared.tally();
        tally.keys_doubled += twice;
        let mut log = self.shared.log();
        let mut calling = self.shared.calling();
        let now = Instant::now();
        for (call, answer) in answered {
            tally.turn(answer.at);
            tally.waited.add(now.saturating_duration_since(answer.at));
            match answer.response {
                Response::Decision { decision, .. } if call.is_repeat => {
                    tally.repeat(&call.sent, &decision);
                }
                // Its first may have been taken; if not, that was counted.
                Response::Problem { .. } if call.is_repeat => {}
                Response::Decision { decision, .. } => {
                    let since_intended = answer.at.saturating_duration_since(call.intended);
                    tally.corrected.add(since_intended);
                    // A part of the load is what was scheduled in it.
                    if matches!(call.said, Said::Row { .. }) {
                        tally.parts.decided(call.due, since_intended);
                    }
                    let took = answer.at.saturating_duration_since(call.first_sent);
                    tally.decision(&call.sent, &decision, took);
                    let key = self.shared.key(&call.said);
                    tally.unmet(&key, &call.sent, &decision);
                    log.decided(&key, &decision)?;
                    if let Some(calling) = calling.as_mut() {
                        let caller = self.shared.caller(&call.said, calling);
                        calling.decided(wall(), caller, &decision);
                    }
                }
                Response::Problem { problem, .. } => {
                    tally.problem(&problem);
                    match (&call.said, calling.as_mut()) {
                        (Said::Row { .. }, _) => tally.parts.refused(call.due),
                        (Said::Again { caller, .. }, Some(calling)) => {
                            calling.callers().refused(*caller)
                        }
                        (Said::Again { .. }, None) => {}
                    }
                }
                Response::Done { .. } | Response::Advanced { .. } | Response::Event(_) => {}
            }
        }
        Ok(())
    }
}
