//! A worker: wakes when replies wait, words them, and gives each to who asked.

use super::in_flight::{AnswerTo, Asked, Waiting};
use super::{Exchange, Worker};
use crate::answering::{Grounds, decision, refused, refused_act};
use crate::figures::Timed;
use crate::names::Names;
use crate::wire::{Problem, ProblemKind, Response};
use engine::answer::Answer;
use engine::id::Sequence;
use engine::runtime::Health;
use engine::runtime::port::{Reply, ReplyBody};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Asked of `history`: the decision that stands in this record.
#[derive(Debug)]
pub struct Recall {
    /// Who waits.
    pub to: AnswerTo,
    /// The record with the first decision.
    pub first: Sequence,
    /// The key came with another body.
    pub conflict: bool,
}

impl Exchange {
    /// Runs one worker until its centre has failed or it is dropped.
    pub async fn work(self: Arc<Self>, index: usize) {
        let Some(worker) = self.workers.get(index) else {
            return;
        };
        let mut replies = Vec::with_capacity(1_024);
        loop {
            // The ring is emptied before the nap, and a wake that comes meanwhile is kept: no reply is overlooked.
            worker.wake.notified().await;
            while self.running.replies(index, &mut replies) > 0 {
                self.answer_all(worker, &mut replies);
                // Other tasks of this core: the writers of the streams that were just filled.
                tokio::task::yield_now().await;
            }
            if self.running.health() != Health::Running {
                self.give_up(worker);
            }
        }
    }

    /// After a failure nothing more will be durable: everybody who waits is told.
    fn give_up(&self, worker: &Worker) {
        let all = worker.lock().take_all();
        for waiting in all {
            self.turn_away(waiting.to);
        }
    }

    fn answer_all(&self, worker: &Worker, replies: &mut Vec<Reply>) {
        let names = self.feed.names().get();
        let mut waiting = Vec::with_capacity(replies.len());
        {
            let mut in_flight = worker.lock();
            waiting.extend(
                replies
                    .iter()
                    .map(|reply| in_flight.take(reply.origin.token)),
            );
        }
        let mut answered = Vec::with_capacity(replies.len());
        for (reply, waiting) in replies.drain(..).zip(waiting) {
            if let Some(waiting) = waiting {
                answered.extend(timed(&reply, &waiting));
                self.answer(&reply, waiting, &names);
            }
        }
        // One reading of the clock for all of them: a few microseconds too much for the first, never too little.
        let now = Instant::now();
        answered
            .into_iter()
            .for_each(|timed| self.figures.time(timed, now));
    }

    fn answer(&self, reply: &Reply, waiting: Waiting, names: &Names) {
        let Waiting { to, asked, .. } = waiting;
        let tag = to.tag();
        let seq = reply.sequence;
        let problem = |problem| Response::Problem { tag, problem };
        let response = match (reply.body, asked) {
            (ReplyBody::Answer(Answer::Decided(decided)), Asked::Call(call)) => {
                let (report, testimony) = &*call;
                let grounds = Grounds { report, testimony };
                let decision = decision(seq, &decided, grounds, &self.intake, names);
                Response::Decision {
                    tag,
                    decision: Box::new(decision),
                }
            }
            (
                ReplyBody::Answer(Answer::Repeated {
                    first, conflict, ..
                }),
                _,
            ) => {
                return self.recall(Recall {
                    to,
                    first,
                    conflict,
                });
            }
            (ReplyBody::Answer(Answer::OrderMoved { to: state, .. }), _) => Response::Done {
                tag,
                seq,
                state: Some(state),
            },
            (ReplyBody::Answer(Answer::Decided(_) | Answer::Done), _) => Response::Done {
                tag,
                seq,
                state: None,
            },
            (ReplyBody::Answer(Answer::Refused(refusal)), Asked::Act(not_now)) => {
                problem(refused_act(refusal, Some(not_now)))
            }
            (ReplyBody::Answer(Answer::Refused(refusal)), _) => problem(refused(refusal)),
            (ReplyBody::Advanced { now, next_due }, _) => Response::Advanced {
                tag,
                now,
                seq,
                next_due,
            },
            (ReplyBody::NotAdvanced(refusal), _) => {
                problem(Problem::new(ProblemKind::NotAdvanced, refusal.to_string()).about("to"))
            }
            (ReplyBody::Inspected(inspection), _) => {
                if let AnswerTo::Inspection(sender) = to {
                    // Who has stopped waiting does not want it.
                    sender.send(inspection).ok();
                    return;
                }
                problem(Problem::new(
                    ProblemKind::NotFound,
                    "nobody asked for an inspection here",
                ))
            }
        };
        to.give(response);
    }

    /// The first decision is in the journal; reading files is not for a worker.
    fn recall(&self, recall: Recall) {
        if let Err(full) = self.recalls.try_send(recall) {
            let recall = full.into_inner();
            self.overloaded_by_recalls(recall.to);
        }
    }

    fn overloaded_by_recalls(&self, to: AnswerTo) {
        let detail = "too many keys are being sent again; send it once more after the time given";
        let wait = Duration::from_millis(500).as_millis() as u32;
        let problem = Problem::new(ProblemKind::Overloaded, detail).retry_after_ms(wait);
        let tag = to.tag();
        to.give(Response::Problem { tag, problem });
    }
}

/// What is timed of an answer: not what goes to the journal first, and not the centre's own curiosity.
fn timed(reply: &Reply, waiting: &Waiting) -> Option<Timed> {
    let is_call = match waiting.asked {
        Asked::Call(_) => true,
        Asked::Act(_) | Asked::Other => false,
    };
    match reply.body {
        ReplyBody::Answer(Answer::Repeated { .. }) | ReplyBody::Inspected(_) => None,
        ReplyBody::Answer(
            Answer::Decided(_) | Answer::OrderMoved { .. } | Answer::Done | Answer::Refused(_),
        )
        | ReplyBody::Advanced { .. }
        | ReplyBody::NotAdvanced(_) => Some(Timed {
            since: waiting.since,
            is_call,
        }),
    }
}
