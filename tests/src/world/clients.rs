//! Those who ask: carriers, crews, people. A message may be lost, late, doubled or overtaken on its way, an answer too;
//! whoever hears nothing asks again under the same key, and gives up on nothing but an act.

use super::checks::Replies;
use super::stage::{Thing, World};
use engine::answer::Answer;
use engine::call::BodyDigest;
use engine::command::{Command, Envelope};
use engine::event::Event;
use engine::id::{CallId, IncidentId, OrderId};
use engine::kind::Priority;
use engine::lane::Lane;
use engine::moment::Span;
use engine::runtime::ReleasedRecord;
use engine::runtime::port::{Origin, Reply, ReplyBody, Submission, Wish};
use std::collections::{BTreeMap, VecDeque};

/// Times that an act is tried before whoever wanted it gives up.
const ACT_TRIES_MAX: u32 = 8;
/// What a client remembers of a kind.
const REMEMBERED: usize = 200;

/// One try of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token {
    request: u64,
    attempt: u32,
}

impl Token {
    fn bits(self) -> u64 {
        self.request << 16 | u64::from(self.attempt)
    }

    fn of(bits: u64) -> Token {
        Token {
            request: bits >> 16,
            attempt: (bits & 0xffff) as u32,
        }
    }
}

#[derive(Clone, Debug)]
struct Request {
    wish: Wish,
    lane: Lane,
    tries: u32,
    /// What the first answer was, once there is one.
    answer: Option<Answer>,
    is_call: bool,
}

/// All requests of a world, and what clients and people know by now.
#[derive(Debug, Default)]
pub(super) struct Clients {
    requests: BTreeMap<u64, Request>,
    /// Requests that nobody has answered yet and that are still wanted.
    open: BTreeMap<u64, ()>,
    /// Submissions under their tokens, as they were sent.
    sent: BTreeMap<Token, Envelope>,
    asked: u64,
    answered_calls: VecDeque<u64>,
    /// Calls, incidents and orders of late.
    pub(super) calls: VecDeque<CallId>,
    pub(super) incidents: VecDeque<IncidentId>,
    pub(super) orders: VecDeque<OrderId>,
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == REMEMBERED {
        list.pop_front();
    }
    list.push_back(item);
}

/// The envelope that a wish becomes in the journal.
fn envelope_of(wish: &Wish) -> Option<Envelope> {
    match wish {
        Wish::Command { envelope, .. } => Some(*envelope),
        Wish::Activate {
            actor, activation, ..
        } => Some(Envelope {
            actor: *actor,
            command: Command::Activate(*activation),
        }),
        Wish::Advance { .. } | Wish::Inspect => None,
    }
}

/// The lane that a gateway would choose.
fn lane_of(wish: &Wish) -> Lane {
    match envelope_of(wish).map(|envelope| envelope.command) {
        Some(Command::TakeCall(report)) => match report.assessment.priority {
            Priority::P1 => Lane::Life,
            Priority::P2 => Lane::Urgent,
            Priority::P3 | Priority::P4 => Lane::Service,
        },
        Some(_) | None => Lane::Life,
    }
}

impl Clients {
    /// Requests that are not answered and not given up.
    pub(super) fn waiting(&self) -> usize {
        self.open.len()
    }

    /// A record was released: people read it.
    pub(super) fn hear(&mut self, record: &ReleasedRecord) {
        for event in &record.record.events {
            if let Event::CallTaken { call } = *event {
                remember(&mut self.calls, call);
            } else if let Event::IncidentOpened { incident, .. } = *event {
                remember(&mut self.incidents, incident);
            } else if let Event::OrderIssued(issued) = *event {
                remember(&mut self.orders, issued.order);
            }
        }
    }
}

impl World {
    /// Somebody wants something and asks for it until there is an answer.
    pub(super) fn ask(&mut self, wish: Wish) {
        self.clients.asked += 1;
        let request = self.clients.asked;
        let is_call = envelope_of(&wish)
            .is_some_and(|envelope| matches!(envelope.command, Command::TakeCall(_)));
        let known = Request {
            lane: lane_of(&wish),
            wish,
            tries: 0,
            answer: None,
            is_call,
        };
        self.clients.requests.insert(request, known);
        self.clients.open.insert(request, ());
        self.try_again(request);
    }

    /// A command is asked for.
    pub(super) fn ask_command(&mut self, envelope: Envelope, testimony: Box<[u8]>) {
        self.ask(Wish::Command {
            envelope,
            testimony,
        });
    }

    fn try_again(&mut self, request: u64) {
        let Some(known) = self.clients.requests.get_mut(&request) else {
            return;
        };
        known.tries += 1;
        let token = Token {
            request,
            attempt: known.tries,
        };
        let backoff = 1 << known.tries.min(7);
        let network = &self.options.network;
        let mut patience = network.timeout_ms * backoff + 2 * network.delay_ms;
        if self.is_calm {
            // Whoever was turned away together comes back apart: hundreds at one instant, again and again, would drop
            // each other's answers from a small ring for ever.
            patience += self.random.between(0, patience);
        }
        self.agenda.note(self.now + patience, Thing::TimeOut(token));
        if !self.is_lost("lost_message") {
            let at = self.way();
            self.agenda.note(at, Thing::Arrives(token));
            if !self.is_calm && self.random.chance(self.options.network.repeat_permille) {
                self.books.counters.hit("world", "duplicate");
                let at = self.way();
                self.agenda.note(at, Thing::Arrives(token));
            }
        }
    }

    fn is_lost(&mut self, deed: &'static str) -> bool {
        let is_lost = !self.is_calm && self.random.chance(self.options.network.loss_permille);
        if is_lost {
            self.books.counters.hit("world", deed);
        }
        is_lost
    }

    /// When something that is sent now is there.
    fn way(&mut self) -> i64 {
        let most = match self.is_calm {
            true => 1,
            false => self.options.network.delay_ms,
        };
        self.now + self.random.between(1, most.max(1))
    }

    /// A message reaches the centre's door; when nobody is there it is lost.
    pub(super) fn arrives(&mut self, token: Token) {
        let Some(centre) = self.machine.centre() else {
            return;
        };
        let Some(request) = self.clients.requests.get(&token.request) else {
            return;
        };
        if request.is_call && !centre.running().kept().room().admits(request.lane) {
            // The gateway says so aloud; whoever called asks again.
            self.books.counters.hit("world", "room_refused");
            return self.look_at_room();
        }
        let mut wish = request.wish.clone();
        if token.attempt > 1 {
            self.books.counters.hit("world", "call_resent");
            let conflicts = self.random.chance(self.options.network.conflict_permille);
            if let (true, Wish::Command { envelope, .. }) = (conflicts, &mut wish)
                && let Command::TakeCall(report) = &mut envelope.command
            {
                report.body = BodyDigest(report.body.0 ^ 1);
                self.books.counters.hit("world", "conflict_sent");
            }
        }
        // The same bits may be at the door twice; each is answered by its own record, so each has its own token.
        let token = self.unused(token);
        if let Some(envelope) = envelope_of(&wish) {
            self.clients.sent.insert(token, envelope);
        }
        let origin = Some(Origin {
            worker: 0,
            token: token.bits(),
        });
        let lane = request.lane;
        let mut submissions = vec![Submission { origin, wish }];
        if centre.running().submit(lane, &mut submissions).is_err() {
            self.books.counters.hit("world", "lane_full");
            return;
        }
        let at = self.now + self.lag_of_writer();
        self.machine.wake_writer(at);
    }

    /// A token of the same request under which nothing was submitted yet.
    fn unused(&self, mut token: Token) -> Token {
        while self.clients.sent.contains_key(&token) {
            token.attempt += 256;
        }
        token
    }

    fn lag_of_writer(&mut self) -> i64 {
        match self.is_calm {
            true => 0,
            false => self.random.between(0, self.options.lag_ms[0]),
        }
    }

    /// A reply leaves the centre: from here on what it says is promised.
    pub(super) fn reply_leaves(&mut self, reply: &Reply) -> Result<(), String> {
        let ReplyBody::Answer(answer) = reply.body else {
            return Err(format!("replies: nobody asked for {reply:?}"));
        };
        let token = Token::of(reply.origin.token);
        let Some(&envelope) = self.clients.sent.get(&token) else {
            return Err(format!("replies: nobody asked what is answered: {reply:?}"));
        };
        self.books.counters.hit("world", "reply");
        let left = Replies::left_by(reply, envelope, answer);
        self.books.reply(reply.sequence, left)?;
        if !self.is_lost("lost_reply") {
            let at = self.way();
            self.agenda
                .note(at, Thing::Answered(token, Box::new(answer)));
        }
        Ok(())
    }

    /// An answer is there. A caller may then say more, or hang up.
    pub(super) fn answered(&mut self, token: Token, answer: Answer) {
        let Some(request) = self.clients.requests.get_mut(&token.request) else {
            return;
        };
        if request.answer.is_some() {
            return;
        }
        request.answer = Some(answer);
        let is_call = request.is_call;
        self.clients.open.remove(&token.request);
        if !is_call {
            return;
        }
        remember(&mut self.clients.answered_calls, token.request);
        let call = match answer {
            Answer::Decided(decision) => decision.call,
            Answer::Repeated { call, .. } => call,
            Answer::OrderMoved { .. } | Answer::Done | Answer::Refused(_) => return,
        };
        if self.random.chance(250) {
            let at = self.after(Span(500), Span::minutes(20));
            self.agenda.note(at, Thing::Facts(call));
        }
    }

    /// Nothing came in time.
    pub(super) fn time_out(&mut self, token: Token) {
        let Some(request) = self.clients.requests.get(&token.request) else {
            return;
        };
        if !self.clients.open.contains_key(&token.request) || request.tries != token.attempt {
            return;
        }
        if !request.is_call && request.tries >= ACT_TRIES_MAX && !self.is_calm {
            self.books.counters.hit("world", "gave_up");
            self.clients.open.remove(&token.request);
            return;
        }
        self.try_again(token.request);
    }

    /// Many clients send again what was answered already: their own connection broke.
    pub(super) fn storm(&mut self) {
        self.books.counters.hit("world", "storm");
        let again: Vec<u64> = self.clients.answered_calls.iter().copied().collect();
        for request in again {
            if self.random.chance(600) {
                self.try_again(request);
            }
        }
    }
}
