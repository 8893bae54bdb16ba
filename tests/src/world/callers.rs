//! Callers of a world: those of a replay and of a simulation, told what was released, their acts asked for over the same lossy way.
//!
//! Nobody here has words: what is said of a call is its report. Wild facts, which no caller would say, come from `traffic`.

use super::stage::World;
use engine::call::{BodyDigest, CallFacts, CallReport, KeyDigest, Marks, Outcome, Testimony};
use engine::command::{Actor, Command, Envelope};
use engine::event::Event;
use engine::id::{IncidentId, OrderId};
use engine::moment::Moment;
use engine::order::OrderState;
use engine::runtime::ReleasedRecord;
use loadgen::caller::behaviour::Behaviour;
use loadgen::caller::{AGAIN, Act, CallerId, Callers};
use loadgen::trace::Row;
use std::collections::BTreeMap;

/// Everybody who has called, and under which key.
pub(super) struct Calling {
    people: Callers,
    reports: BTreeMap<[u8; 16], (CallerId, CallReport)>,
    ordered: BTreeMap<OrderId, IncidentId>,
}

impl Calling {
    pub(super) fn new(seed: u64) -> Calling {
        Calling {
            people: Callers::new(Behaviour::default(), seed),
            reports: BTreeMap::new(),
            ordered: BTreeMap::new(),
        }
    }

    pub(super) fn next_due(&self) -> Option<Moment> {
        self.people.next_due()
    }

    /// Somebody calls with this report, under this key.
    pub(super) fn called(&mut self, now: i64, key: &str, report: CallReport) {
        let row = Row::new(Moment(now), key.to_owned(), "110");
        let caller = self.people.called(&row);
        self.reports.insert(report.key.0, (caller, report));
    }

    /// A record was released for the first time.
    pub(super) fn hear(&mut self, now: Moment, record: &ReleasedRecord) {
        let command = &record.record.envelope.command;
        for event in &record.record.events {
            if let Event::CallDecided {
                call,
                incident,
                outcome,
                ..
            } = *event
            {
                let Command::TakeCall(report) = command else {
                    continue;
                };
                if let Some(&(caller, _)) = self.reports.get(&report.key.0) {
                    let sent = outcome == Outcome::Ordered;
                    let kind = report.assessment.kind;
                    self.people.decided(now, caller, call, incident, kind, sent);
                }
            } else if let Event::OrderIssued(issued) = *event {
                self.ordered.insert(issued.order, issued.incident);
                self.people.ordered(issued.incident);
            } else if let Event::OrderMoved { order, to, .. } = *event {
                let incident = self.ordered.get(&order).copied();
                if let Some(incident) = incident.filter(|_| to == OrderState::Arrived) {
                    self.people.arrived(incident);
                }
                if !to.is_open() {
                    self.ordered.remove(&order);
                }
            } else if let Event::IncidentClosed { incident, .. } = *event {
                self.people.closed(incident);
            } else if let Event::IncidentMerged { from, into, .. } = *event {
                self.people.merged(from, into);
            }
        }
    }
}

impl World {
    /// Callers do what is due.
    pub(super) fn callers_act(&mut self) {
        while let Some(act) = self.calling.people.poll(Moment(self.now)) {
            match act {
                Act::Call { caller, row } => self.calls_again(caller, &row),
                Act::End { call } => self.hang_up(call),
                Act::Facts { call, injured, .. } => {
                    self.books.counters.hit("world", "caller_facts");
                    let facts = CallFacts {
                        call,
                        place: None,
                        assessment: None,
                        injured,
                        marks: Marks::default(),
                    };
                    let envelope = Envelope {
                        actor: Actor::Carrier(0),
                        command: Command::AddFacts(facts),
                    };
                    self.ask_command(envelope, Box::default());
                }
            }
        }
    }

    /// The same person about the same thing, under a new key.
    fn calls_again(&mut self, caller: CallerId, row: &Row) {
        let first = row.key.split(AGAIN).next().unwrap_or_default();
        let first = KeyDigest::of(0, first).0;
        let Some(&(_, mut report)) = self.calling.reports.get(&first) else {
            return;
        };
        self.books.counters.hit("world", "redial");
        report.key = KeyDigest::of(0, &row.key);
        report.body = BodyDigest(self.random.bits());
        self.calling.reports.insert(report.key.0, (caller, report));
        let words = Testimony {
            key: Some(row.key.clone()),
            text: Some("somebody of a simulated world calls again".into()),
            ..Testimony::default()
        };
        let envelope = Envelope {
            actor: Actor::Carrier(0),
            command: Command::TakeCall(report),
        };
        self.ask_command(envelope, words.encode());
    }
}
