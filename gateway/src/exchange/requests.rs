//! From a request to a submission in its lane, or to a problem at once.

use super::in_flight::{AnswerTo, Asked, Waiting};
use super::{Exchange, Worker};
use crate::answering::{RETRY_AFTER_MS, refused};
use crate::figures::{RequestKind, nanoseconds};
use crate::intake::Desk;
use crate::wire::{Problem, ProblemKind, Request, Response, UnitReport};
use engine::call::{ActKey, Testimony};
use engine::centre::Prepared;
use engine::command::{
    Activation, Actor, ClockMode, Command, Envelope, OrderReport, UnitDuty, UnitPosition,
};
use engine::event::Refusal;
use engine::id::UnitId;
use engine::lane::Lane;
use engine::runtime::port::{Inspection, Origin, Submission, Wish};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::oneshot;

/// How long a client waits when the disk is nearly full: somebody must come and make room.
const NO_ROOM_RETRY_MS: u32 = 10_000;

/// The carrier that every client on loopback is until rights are configured.
const ANYBODY: u32 = 0;

/// What one stream has read and not handed over yet, with its buffers.
pub struct Pending {
    /// The key of the act that is taken in next, if its sender gave one; it goes into the act's record.
    pub act: Option<ActKey>,
    worker: u16,
    /// When the reading of the next request began.
    begun: Instant,
    lanes: [Vec<Submission>; 3],
    desk: Desk,
}

/// What a request was counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// It could not be read.
    Unreadable,
    /// A field of a strict request was wrong.
    Bad,
}

impl Pending {
    /// Nothing yet, for a stream of this worker.
    pub fn new(worker: u16) -> Pending {
        Pending {
            act: None,
            worker,
            begun: Instant::now(),
            lanes: Default::default(),
            desk: Desk::default(),
        }
    }

    /// The reading of what has come begins: the first request of it is timed from here on.
    pub fn begin(&mut self) {
        self.begun = Instant::now();
    }
}

fn said(actor: Actor, command: Command, testimony: &Testimony) -> Wish {
    Wish::Command {
        envelope: Envelope { actor, command },
        testimony: testimony.encode(),
    }
}

/// A command with the sender's own words and key, where there are any.
fn command(actor: Actor, command: Command, note: Option<String>, act: Option<ActKey>) -> Wish {
    Wish::Command {
        envelope: Envelope { actor, command },
        testimony: words(note, act),
    }
}

/// What is kept beside a command; nothing where nothing was said.
fn words(note: Option<String>, act: Option<ActKey>) -> Box<[u8]> {
    if note.is_none() && act.is_none() {
        return Box::default();
    }
    let testimony = Testimony {
        note,
        act,
        ..Testimony::default()
    };
    testimony.encode()
}

impl Exchange {
    /// Takes a request in: it will be handed over with the others of `pending`, or is answered at once.
    pub fn take(&self, pending: &mut Pending, request: Request, to: AnswerTo) {
        self.figures.ask(RequestKind::of(&request));
        if !self.serves() {
            return self.turn_away(to);
        }
        match request {
            Request::Call { call, .. } => {
                let taken = self.intake.call(ANYBODY, *call, &mut pending.desk);
                if !self.running.kept().room().admits(taken.lane) {
                    return self.no_room(to);
                }
                crate::log::call_taken(&taken);
                let report = Command::TakeCall(taken.report);
                let wish = said(Actor::Carrier(ANYBODY), report, &taken.testimony);
                let asked = Asked::Call(Box::new((taken.report, taken.testimony)));
                self.wait(pending, taken.lane, wish, asked, to);
            }
            Request::Facts { facts, .. } => {
                let mut taken = self.intake.facts(*facts, &mut pending.desk);
                taken.testimony.act = pending.act;
                crate::log::facts_taken(&taken);
                let facts = Command::AddFacts(taken.facts);
                let wish = said(Actor::Carrier(ANYBODY), facts, &taken.testimony);
                self.wait(pending, taken.lane, wish, Asked::Other, to);
            }
            Request::End { call, .. } => {
                let actor = Actor::Carrier(ANYBODY);
                let wish = command(actor, Command::EndCall(call), None, pending.act);
                self.wait(pending, Lane::Life, wish, Asked::Other, to);
            }
            Request::Order {
                order, act, note, ..
            } => {
                let report = Command::Report(OrderReport { order, act });
                let wish = command(Actor::Dispatcher(ANYBODY), report, note, pending.act);
                self.wait(pending, Lane::Life, wish, Asked::Other, to);
            }
            Request::Position { unit, position, .. } => {
                match (self.unit(&unit), position.point()) {
                    (Some(unit), Ok(point)) => {
                        self.position(pending, UnitPosition { unit, point }, to)
                    }
                    (None, _) => self.refuse_unit(to),
                    (Some(_), Err(error)) => {
                        let problem = Problem::new(ProblemKind::BadField, error.to_string());
                        self.refuse(to, problem.about(error.field()));
                    }
                }
            }
            Request::Duty { report, .. } => self.duty(pending, &report, to),
            Request::Advance { to: moment, .. } => {
                self.wait(
                    pending,
                    Lane::Life,
                    Wish::Advance { to: moment },
                    Asked::Other,
                    to,
                );
            }
            Request::Subscribe { .. } => {
                let detail = "a subscription needs a QUIC stream of its own";
                self.refuse(to, Problem::new(ProblemKind::NotReadable, detail));
            }
        }
    }

    /// Takes in what a person at the centre has decided.
    pub fn decide(&self, pending: &mut Pending, decided: Command, to: AnswerTo) {
        self.decide_in_words(pending, decided, None, to);
    }

    /// The same with what they said.
    pub fn decide_in_words(
        &self,
        pending: &mut Pending,
        decided: Command,
        words: Option<String>,
        to: AnswerTo,
    ) {
        self.figures.ask(RequestKind::Act);
        if !self.serves() {
            return self.turn_away(to);
        }
        let wish = command(Actor::Dispatcher(ANYBODY), decided, words, pending.act);
        self.wait(pending, Lane::Life, wish, Asked::Other, to);
    }

    /// Brings an object into force that was stored and prepared.
    pub fn activate(
        &self,
        pending: &mut Pending,
        (activation, object): (Activation, Prepared),
        to: AnswerTo,
    ) {
        self.figures.ask(RequestKind::Activation);
        if !self.serves() {
            return self.turn_away(to);
        }
        let wish = Wish::Activate {
            actor: Actor::Dispatcher(ANYBODY),
            activation,
            object,
            testimony: words(None, pending.act),
        };
        self.wait(pending, Lane::Life, wish, Asked::Other, to);
    }

    /// Takes in where a unit is, as a command that is journalled and answered; a position that is only the latest goes
    /// by [`Exchange::take`].
    pub fn place_unit(&self, pending: &mut Pending, position: UnitPosition, to: AnswerTo) {
        self.figures.ask(RequestKind::Position);
        self.move_unit(pending, position, to);
    }

    fn move_unit(&self, pending: &mut Pending, position: UnitPosition, to: AnswerTo) {
        if !self.serves() {
            return self.turn_away(to);
        }
        let actor = Actor::Unit(position.unit);
        let wish = command(actor, Command::MoveUnit(position), None, pending.act);
        self.wait(pending, Lane::Life, wish, Asked::Other, to);
    }

    fn duty(&self, pending: &mut Pending, report: &UnitReport, to: AnswerTo) {
        let Some(unit) = self.unit(&report.unit) else {
            return self.refuse_unit(to);
        };
        let duty = UnitDuty {
            unit,
            duty: report.duty,
            strength: report.strength,
        };
        let actor = Actor::Dispatcher(ANYBODY);
        let wish = command(actor, Command::SetDuty(duty), None, pending.act);
        self.wait(pending, Lane::Life, wish, Asked::Other, to);
    }

    fn unit(&self, name: &str) -> Option<UnitId> {
        self.feed.names().get().named(name)
    }

    /// On the wall clock a position goes to its unit's slot, where the latest wins; on a driven one it is a command
    /// like any other, in order and answered.
    fn position(&self, pending: &mut Pending, position: UnitPosition, to: AnswerTo) {
        match self.running.clock() {
            ClockMode::Driven => self.move_unit(pending, position, to),
            ClockMode::Wall => {
                if !self.running.position(position.unit, position.point) {
                    return self.refuse_unit(to);
                }
                let tag = to.tag();
                match (tag, to) {
                    // Without a tag nobody waits for an answer.
                    (None, AnswerTo::Stream { link, bytes, .. }) => link.pay(None, bytes),
                    (_, to) => to.give(Response::Done {
                        tag,
                        seq: self.running.told(),
                        state: None,
                    }),
                }
            }
        }
    }

    /// Asks what the state is, at the end of what waits.
    pub fn inspect(&self, pending: &mut Pending) -> oneshot::Receiver<Inspection> {
        self.figures.ask(RequestKind::Inspection);
        let (sender, receiver) = oneshot::channel();
        let to = AnswerTo::Inspection(sender);
        // The lowest lane: nobody's call waits for somebody's curiosity.
        self.wait(pending, Lane::Service, Wish::Inspect, Asked::Other, to);
        receiver
    }

    /// Keeps who waits, and puts the wish with the others of its lane.
    fn wait(&self, pending: &mut Pending, lane: Lane, wish: Wish, asked: Asked, to: AnswerTo) {
        let worker = &self.workers[usize::from(pending.worker) % self.workers.len()];
        // The end of one is the beginning of the next that came with it: one reading of the clock a request.
        let now = Instant::now();
        let since = std::mem::replace(&mut pending.begun, now);
        let intake = nanoseconds(now.duration_since(since));
        self.figures.intake.record(intake);
        let asked = asked.for_wish(&wish);
        let waiting = worker.lock().put(Waiting { to, asked, since });
        match waiting {
            Ok(token) => pending.lanes[lane as usize].push(Submission {
                origin: Some(Origin {
                    worker: pending.worker,
                    token,
                }),
                wish,
            }),
            Err(Waiting { to, .. }) => self.overloaded(to, &self.refused.worker_full),
        }
    }

    /// Hands over all that was taken in. What does not fit in its lane is refused aloud.
    pub fn hand_over(&self, pending: &mut Pending) {
        for lane in Lane::ALL {
            let submissions = &mut pending.lanes[lane as usize];
            if submissions.is_empty() || self.running.submit(lane, submissions).is_ok() {
                continue;
            }
            let worker: &Worker = &self.workers[usize::from(pending.worker) % self.workers.len()];
            for submission in submissions.drain(..) {
                let token = submission.origin.map(|origin| origin.token);
                let waiting = token.and_then(|token| worker.lock().take(token));
                if let Some(waiting) = waiting {
                    self.overloaded(waiting.to, &self.refused.lane_full[lane as usize]);
                }
            }
        }
    }

    fn overloaded(&self, to: AnswerTo, full: &AtomicU64) {
        full.fetch_add(1, Ordering::Relaxed);
        let detail = "the lane of this request is full; send it again under the same key after the time given";
        let problem = Problem::new(ProblemKind::Overloaded, detail).retry_after_ms(RETRY_AFTER_MS);
        let tag = to.tag();
        to.give(Response::Problem { tag, problem });
    }

    /// Answers a request that will not be carried out because the centre does not serve.
    pub fn turn_away(&self, to: AnswerTo) {
        self.refused.not_serving.fetch_add(1, Ordering::Relaxed);
        let detail = "the centre is stopping or its journal has failed; connect again and send it under the same key";
        let problem = Problem::new(ProblemKind::NotServing, detail).retry_after_ms(1_000);
        let tag = to.tag();
        to.give(Response::Problem { tag, problem });
    }

    fn no_room(&self, to: AnswerTo) {
        self.refused.no_room.fetch_add(1, Ordering::Relaxed);
        let detail = "the disk is nearly full, what is left is for what is open; route the call elsewhere, or send it again under the same key when there is room";
        let problem = Problem::new(ProblemKind::NoRoom, detail).retry_after_ms(NO_ROOM_RETRY_MS);
        let tag = to.tag();
        to.give(Response::Problem { tag, problem });
    }

    fn refuse(&self, to: AnswerTo, problem: Problem) {
        self.count(Counter::Bad);
        let tag = to.tag();
        to.give(Response::Problem { tag, problem });
    }

    fn refuse_unit(&self, to: AnswerTo) {
        self.refuse(to, refused(Refusal::UnknownUnit));
    }

    /// Counts a request that was refused before it was taken in.
    pub fn count(&self, counter: Counter) {
        let counter = match counter {
            Counter::Unreadable => &self.refused.unreadable,
            Counter::Bad => &self.refused.bad,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
