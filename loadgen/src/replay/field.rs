//! Crews and the subscription on the wall clock: one connection that hears events and sends what crews do.
//!
//! Comes back like a [`Link`](super::link): subscribes from the last event it heard, sends unanswered acts again. What a crew has to say
//! and found no room is said again a little later, as a crew would; otherwise its unit would never be free again.

use super::driven::{request_of, tell};
use super::link::{STALL, Shared};
use crate::crew::{Act, Counts, Crews};
use engine::id::EventId;
use engine::moment::Moment;
use gateway::client::{Answers, Client, ClientError, Events, Options as ClientOptions};
use gateway::wire::{ProblemKind, Response, Tag};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Crews in the field, or just an ear.
pub struct Field {
    address: SocketAddr,
    options: ClientOptions,
    shared: Arc<Shared>,
    crews: Mutex<Option<Crews>>,
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
        }
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
        let mut pending: BTreeMap<Tag, Act> = BTreeMap::new();
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
            for (&tag, act) in &pending {
                self.send(&talk.client, tag, act.clone());
            }
        }
    }

    /// Hears and acts until the connection is gone.
    async fn talk(
        &self,
        talk: &mut Talk,
        pending: &mut BTreeMap<Tag, Act>,
        tag: &mut Tag,
        since: &mut Option<EventId>,
    ) {
        let reconnects = self.shared.reconnects.load(Ordering::Relaxed);
        let mut heard = Instant::now();
        let mut again = Again::default();
        loop {
            again.send(|tag| {
                if let Some(act) = pending.get(&tag) {
                    self.send(&talk.client, tag, act.clone());
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
            let now = wall();
            loop {
                let Some(act) = self.crews().as_mut().and_then(|crews| crews.poll(now)) else {
                    break;
                };
                *tag += 1;
                self.shared.tally().acts += 1;
                self.send(&talk.client, *tag, act.clone());
                pending.insert(*tag, act);
            }
        }
    }

    /// How long nothing is due.
    fn sleep(&self) -> Duration {
        let due = self.crews().as_ref().and_then(Crews::next_due);
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
        tell(self.crews().as_mut(), note, wall());
    }

    fn send(&self, client: &Client, tag: Tag, act: Act) {
        let Some(request) = request_of(act, tag) else {
            return;
        };
        // One that does not go out stays pending and goes out with the next connection.
        if client
            .send(tag as usize % client.streams().max(1), request)
            .is_err()
        {
            client.close();
        }
    }

    fn answered(&self, response: Response, pending: &mut BTreeMap<Tag, Act>, again: &mut Again) {
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
