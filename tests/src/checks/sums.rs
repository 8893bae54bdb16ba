//! Conservation: what the centre counts is what its events add up to, and each accepted key is one thing exactly.

use super::{Check, Heard};
use engine::call::Outcome;
use engine::command::Command;
use engine::event::{Event, Refusal};
use engine::id::IncidentId;
use engine::incident::Shortage;
use engine::order::OrderState;
use engine::runtime::port::Conservation;
use std::collections::BTreeSet;

/// Adds up the events.
#[derive(Debug, Default)]
pub struct Sums {
    sums: Conservation,
    waiting: BTreeSet<(IncidentId, u8)>,
}

impl Sums {
    fn add(&mut self, heard: &Heard, event: &Event) {
        let sums = &mut self.sums;
        match *event {
            Event::CallTaken { .. } => sums.accepted += 1,
            Event::CallRepeated { conflict, .. } => {
                sums.repeated += 1;
                sums.conflicts += u64::from(conflict);
            }
            Event::Refused(Refusal::IncidentsFull)
                if matches!(heard.envelope.command, Command::TakeCall(_)) =>
            {
                sums.accepted += 1;
                sums.refused += 1;
            }
            Event::CallDecided { outcome, .. } => match outcome {
                Outcome::Ordered => sums.ordered += 1,
                Outcome::Merged => sums.merged += 1,
                Outcome::Forwarded => sums.forwarded += 1,
                Outcome::WorkOrder => sums.work_order += 1,
                Outcome::Human => sums.human += 1,
                Outcome::Waiting => sums.waiting += 1,
            },
            Event::IncidentOpened { .. } | Event::IncidentReopened { .. } => {
                sums.incidents_open += 1
            }
            Event::IncidentClosed { .. } => {
                sums.incidents_open = sums.incidents_open.wrapping_sub(1);
            }
            Event::OrderMoved { to, .. } => {
                use OrderState::{Cancelled, Declined, Finished, Preempted, Reassigned};
                if matches!(to, Finished | Declined | Cancelled | Reassigned | Preempted) {
                    sums.orders_open = sums.orders_open.wrapping_sub(1);
                }
            }
            _ => self.hear_of_need(event),
        }
    }

    /// A need waits for a unit from the event that says so, for want of one, to its order or its end.
    fn hear_of_need(&mut self, event: &Event) {
        match *event {
            Event::NeedWaits {
                incident,
                need,
                shortage,
                ..
            } => {
                use Shortage::{Drill, NoPlace, Outside};
                if matches!(shortage, Drill | NoPlace | Outside) {
                    self.waiting.remove(&(incident, need));
                } else {
                    self.waiting.insert((incident, need));
                }
            }
            Event::OrderIssued(issued) => {
                self.sums.orders_open += 1;
                self.waiting.remove(&(issued.incident, issued.need));
            }
            Event::OrderTransferred { into, need, .. } => {
                self.waiting.remove(&(into, need));
            }
            Event::NeedDropped { incident, need } => {
                self.waiting.remove(&(incident, need));
            }
            _ => {}
        }
    }
}

impl Check for Sums {
    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        for event in heard.events {
            self.add(heard, event);
        }
        self.sums.needs_waiting = self.waiting.len() as u64;
        if self.sums != heard.conservation {
            let counted = heard.conservation;
            return Err(format!(
                "the events add up to {:?}, counted is {counted:?}",
                self.sums
            ));
        }
        if !self.sums.holds() {
            return Err(format!("a key is not exactly one thing: {:?}", self.sums));
        }
        Ok(())
    }
}
