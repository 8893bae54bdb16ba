//! Crews, callers and the subscription on the wall clock: one connection that hears events and sends what crews do, and callers beyond
//! their calls.
//!
//! Comes back like a [`Link`](super::link): subscribes from the last event it heard, sends unanswered acts again. What a crew has to say
//! and found no room is said again a little later, as a crew would; otherwise its unit would never be free again.

use super::calling;
use super::driven::{request_of, tell};
use super::link::{STALL, Shared};
use super::redials::Redials;
use crate::caller::Act as CallerAct;
use crate::crew::{Counts, Crews};
use engine::id::EventId;
use engine::moment::Moment;
use gateway::client::{Answers, Client, ClientError, Events, Options as ClientOptions};
use gateway::wire::{ProblemKind, Request, Response, Tag};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(200);
/// The longest sleep while nothing is due.
const SLEEP_MAX: Duration = Duration::from_millis(200);

/// The wall's time, as a centre on the wall clock has it.
pub fn wall() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What was sent and has no answer yet.
type Asked = BTreeMap<Tag, Request>;

/// Crews in the field and callers, or just an ear.
pub struct Field {
    address: SocketAddr,
    options: ClientOptions,
    shared: Arc<Shared>,
    crews: Mutex<Option<Crews>>,
    redials: OnceLock<Redials>,
}

/// Acts that found no room, and when each is sent again; the first to be sent first.
#[derive(Default)]
struct Again(VecDeque<(Instant, Tag)>);

impl Again {
    fn send(&mut self, mut send: impl FnMut(Tag)) {
        let now = Instant::now();
        while let Some((_, tag)) = self.0.pop_front_if(|(at, _)| *at <= now) {
            send(tag);
        }
    }
}

/// One connection's worth of talking.
struct Talk {
    client: Client,
    answers: Answers,
    events: Events,
}

impl Field {
    /// Whoever is in the field; `None`: nobody, but events are heard.
    pub fn new(
        address: SocketAddr,
        options: ClientOptions,
        shared: Arc<Shared>,
        crews: Option<Crews>,
    ) -> Field {
        Field {
            address,
            options,
            shared,
            crews: Mutex::new(crews),
            redials: OnceLock::new(),
        }
    }

    /// Who calls again does so by this way; told once, when it is there.
    pub fn call_again_by(&self, redials: Redials) {
        self.redials.get_or_init(|| redials);
    }

    fn crews(&self) -> MutexGuard<'_, Option<Crews>> {
        self.crews.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Orders that crews still have something to do for.
    pub fn open(&self) -> usize {
        self.crews().as_ref().map_or(0, Crews::open)
    }

    /// How orders were taken.
    pub fn counts(&self) -> Counts {
        self.crews().as_ref().map(Crews::counts).unwrap_or_default()
    }

    async fn connect(&self, since: Option<EventId>) -> Result<Talk, ClientError> {
        let (client, answers) = Client::connect(self.address, &self.options).await?;
        let events = client.subscribe(Vec::new(), since).await?;
        Ok(Talk {
            client,
            answers,
            events,
        })
    }

    /// Subscribes and returns when nothing is missed any more; then `tend` goes on with it.
    pub async fn begin(self: &Arc<Self>) -> Result<impl Future<Output = ()> + use<>, ClientError> {
        let talk = self.connect(None).await?;
        let field = Arc::clone(self);
        Ok(async move { field.tend(talk).await })
    }

    /// Hears and acts for ever.
    async fn tend(&self, mut talk: Talk) {
        let mut pending = Asked::new();
        let mut tag = 0;
        let mut since = None;
        loop {
            self.talk(&mut talk, &mut pending, &mut tag, &mut since)
                .await;
            talk = loop {
                tokio::time::sleep(RETRY).await;
                if let Ok(talk) = self.connect(since).await {
                    break talk;
                }
            };
            for (&tag, request) in &pending {
                send(&talk.client, tag, request.clone());
            }
        }
    }

    /// Hears and acts until the connection is gone.
    async fn talk(
        &self,
        talk: &mut Talk,
        pending: &mut Asked,
        tag: &mut Tag,
        since: &mut Option<EventId>,
    ) {
        let reconnects = self.shared.reconnects.load(Ordering::Relaxed);
        let mut heard = Instant::now();
        let mut again = Again::default();
        loop {
            again.send(|tag| {
                if let Some(request) = pending.get(&tag) {
                    send(&talk.client, tag, request.clone());
                }
            });
            let sleep = self.sleep();
            let gone = self.shared.reconnects.load(Ordering::Relaxed) != reconnects;
            // Nothing is answered, or calls had to connect again and nothing is heard: the centre was killed.
            if heard.elapsed() > STALL && (gone || !pending.is_empty()) {
                return talk.client.close();
            }
            tokio::select! {
                note = talk.events.next() => {
                    let Some(note) = note else { return };
                    heard = Instant::now();
                    self.hear(&note);
                    *since = Some(note.id);
                    while let Some(note) = talk.events.try_next() {
                        self.hear(&note);
                        *since = Some(note.id);
                    }
                }
                answer = talk.answers.next() => {
                    let Some(answer) = answer else { return };
                    heard = Instant::now();
                    self.answered(answer.response, pending, &mut again);
                    while let Some(answer) = talk.answers.try_next() {
                        self.answered(answer.response, pending, &mut again);
                    }
                }
                () = tokio::time::sleep(sleep) => {}
            }
            self.act(wall(), tag, |tag, request| {
                send(&talk.client, tag, request.clone());
                pending.insert(tag, request);
            });
        }
    }

    /// Lets crews and callers do what is due.
    fn act(&self, now: Moment, tag: &mut Tag, mut ask: impl FnMut(Tag, Request)) {
        while let Some(act) = self.crews().as_mut().and_then(|crews| crews.poll(now)) {
            *tag += 1;
            if let Some(request) = request_of(act, *tag) {
                self.shared.tally().acts += 1;
                ask(*tag, request);
            }
        }
        while let Some(act) = self.caller_s_act(now) {
            *tag += 1;
            match (act, self.redials.get()) {
                (CallerAct::Call { caller, row }, Some(redials)) => redials.send(caller, *row),
                (act, _) => {
                    if let Some(request) = calling::request_of(act, *tag) {
                        ask(*tag, request);
                    }
                }
            }
        }
    }

    /// The next that a caller does; nothing while there is no way to call again.
    fn caller_s_act(&self, now: Moment) -> Option<CallerAct> {
        self.redials.get()?;
        self.shared.calling().as_mut()?.callers().poll(now)
    }

    /// How long nothing is due.
    fn sleep(&self) -> Duration {
        let crew = self.crews().as_ref().and_then(Crews::next_due);
        let calling = self.shared.calling();
        let caller = calling.as_ref().and_then(|it| it.seen().next_due());
        let due = crew.into_iter().chain(caller).min();
        due.map_or(SLEEP_MAX, |due| {
            let left = wall().until(due).0.max(0);
            Duration::from_millis(left.unsigned_abs()).min(SLEEP_MAX)
        })
    }

    fn hear(&self, note: &gateway::wire::EventNote) {
        {
            let mut tally = self.shared.tally();
            tally.turn(Instant::now());
            tally.heard.hear(note);
        }
        if let Some(calling) = self.shared.calling().as_mut() {
            calling.hear(note);
        }
        tell(self.crews().as_mut(), note, wall());
    }

    fn answered(&self, response: Response, pending: &mut Asked, again: &mut Again) {
        let Some(tag) = response.tag() else { return };
        match response {
            Response::Problem { problem, .. } => {
                // A centre that is about to stop has not taken it.
                if problem.kind == ProblemKind::NotServing {
                    return;
                }
                self.shared.tally().act_problem(&problem);
                if problem.kind == ProblemKind::Overloaded {
                    again.0.push_back((Instant::now() + RETRY, tag));
                } else {
                    pending.remove(&tag);
                }
            }
            Response::Done { .. }
            | Response::Decision { .. }
            | Response::Advanced { .. }
            | Response::Event(_) => {
                pending.remove(&tag);
            }
        }
    }
}

/// One that does not go out stays pending and goes out with the next connection.
fn send(client: &Client, tag: Tag, request: Request) {
    let stream = tag as usize % client.streams().max(1);
    if client.send(stream, request).is_err() {
        client.close();
    }
}
