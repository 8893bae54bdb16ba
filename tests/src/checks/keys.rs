//! No accepted key is lost, and no key is decided twice (N2).

use super::fleet::is_older;
use super::{Check, Heard};
use engine::call::{BodyDigest, CallReport, KeyDigest};
use engine::command::Command;
use engine::event::{Event, Refusal};
use engine::id::{CallId, Sequence};
use engine::moment::{Moment, Span};

#[derive(Clone, Copy, Debug)]
struct Accepted {
    key: KeyDigest,
    body: BodyDigest,
    call: CallId,
    first: Sequence,
    at: Moment,
}

/// Remembers every key that was accepted; the window says which of them the centre must still know.
#[derive(Debug)]
pub struct Keys {
    accepted: Vec<Accepted>,
    window: usize,
}

impl Keys {
    /// The checker of a centre that remembers so many calls.
    pub fn new(calls_max: u32) -> Keys {
        Keys {
            accepted: Vec::new(),
            window: calls_max.max(1) as usize,
        }
    }

    fn first_time(&mut self, report: &CallReport, heard: &Heard) -> Result<(), String> {
        let taken: Vec<CallId> = heard
            .events
            .iter()
            .filter_map(|event| match event {
                Event::CallTaken { call } => Some(*call),
                _ => None,
            })
            .collect();
        let decided: Vec<CallId> = heard
            .events
            .iter()
            .filter_map(|event| match event {
                Event::CallDecided { call, .. } => Some(*call),
                _ => None,
            })
            .collect();
        match (&taken[..], heard.events) {
            ([call], _) if decided == [*call] => {
                self.accepted.push(Accepted {
                    key: report.key,
                    body: report.body,
                    call: *call,
                    first: heard.sequence,
                    at: heard.at,
                });
                Ok(())
            }
            (
                [],
                [
                    Event::Refused(
                        Refusal::IncidentsFull | Refusal::NotOpened | Refusal::ObjectMissing,
                    ),
                ],
            ) => Ok(()),
            _ => Err(format!(
                "a new key was taken as {taken:?} and decided as {decided:?}"
            )),
        }
    }
}

impl Check for Keys {
    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        let Command::TakeCall(report) = heard.envelope.command else {
            let speaks = |event: &Event| {
                matches!(event, Event::CallTaken { .. } | Event::CallDecided { .. })
            };
            return match heard.events.iter().find(|event| speaks(event)) {
                Some(event) => Err(format!("no call came, yet {event:?}")),
                None => Ok(()),
            };
        };
        let mut newest = self.accepted.iter().rev().enumerate();
        let known = newest.find(|(_, known)| known.key == report.key);
        let Some((behind, &known)) = known else {
            return self.first_time(&report, heard);
        };
        let answer = Event::CallRepeated {
            call: known.call,
            first: known.first,
            conflict: known.body != report.body,
        };
        let may_be_forgotten =
            behind >= self.window || is_older(known.at, heard.at, Span::hours(24));
        if heard.events == [answer] {
            Ok(())
        } else if may_be_forgotten {
            self.first_time(&report, heard)
        } else {
            Err(format!(
                "the key of {} was not answered {answer:?}",
                known.call
            ))
        }
    }
}
