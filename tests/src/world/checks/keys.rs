//! One decision for each key (N2), whatever crashed in between: a key that comes again within the window is told the
//! first one, and whether its body was another.

use super::Checker;
use engine::command::{Command, Opening};
use engine::event::{Event, Refusal};
use engine::id::{CallId, Sequence};
use engine::moment::{Moment, Span};
use engine::runtime::ReleasedRecord;
use std::collections::BTreeMap;

/// How long a key is remembered, room allowing.
const WINDOW: Span = Span::hours(24);

#[derive(Clone, Copy, Debug)]
struct First {
    call: CallId,
    sequence: Sequence,
    at: Moment,
    body: u64,
}

/// The first decision of every key.
#[derive(Debug, Default)]
pub struct Keys {
    firsts: BTreeMap<[u8; 16], First>,
    opening: Option<Opening>,
    calls: u64,
}

impl Keys {
    /// Whether the key must still be known: the newest so many are, for a day.
    fn must_know(&self, first: &First, now: Moment) -> bool {
        let room = self
            .opening
            .map_or(0, |opening| u64::from(opening.capacities.calls_max));
        first.call.number() + room > self.calls && now <= first.at + WINDOW
    }
}

impl Checker for Keys {
    fn hear(&mut self, released: &ReleasedRecord) -> Result<(), String> {
        let record = &released.record;
        if let Command::OpenCentre(opening) = record.envelope.command {
            self.opening = Some(opening);
        }
        let Command::TakeCall(report) = record.envelope.command else {
            return Ok(());
        };
        let known = self.firsts.get(&report.key.0).copied();
        let mut decided = false;
        for event in &record.events {
            if let Event::CallTaken { call } = *event {
                if let Some(first) = known.filter(|first| self.must_know(first, record.at)) {
                    return Err(format!(
                        "a key has two decisions: {first:?} and call {call}"
                    ));
                }
                if call.number() != self.calls + 1 {
                    return Err(format!("call {call} follows the {}th", self.calls));
                }
                self.calls = call.number();
                let first = First {
                    call,
                    sequence: released.sequence,
                    at: record.at,
                    body: report.body.0,
                };
                self.firsts.insert(report.key.0, first);
                decided = true;
            } else if let Event::CallRepeated {
                call,
                first: sequence,
                conflict,
            } = *event
            {
                let Some(first) = known else {
                    return Err(format!("call {call} is said to be a repeat and is none"));
                };
                if (call, sequence, conflict)
                    != (first.call, first.sequence, first.body != report.body.0)
                {
                    return Err(format!("a repeat of {first:?} is told {event:?}"));
                }
                decided = true;
            } else if let Event::Refused(Refusal::IncidentsFull) = *event {
                decided = true;
            }
        }
        match decided {
            true => Ok(()),
            false => Err(format!("a call was not decided: {:?}", record.events)),
        }
    }
}
