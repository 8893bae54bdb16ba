//! Callers in a replay: told what the subscription tells, and their acts as requests.
//!
//! Reads the few events that concern callers and no others. Next: [`caller`](crate::caller) for what they do.

use super::words::facts_words;
use crate::caller::{Act, CallerId, Callers};
use engine::call::Outcome;
use engine::id::{IncidentId, OrderId};
use engine::moment::Moment;
use engine::order::OrderState;
use gateway::wire::{Announced, Decision, EventNote, Request};
use serde::Deserialize;
use std::collections::HashMap;

/// Callers, and the incidents of the orders that are open.
pub struct Calling {
    callers: Callers,
    ordered: HashMap<OrderId, IncidentId>,
}

/// The events of an incident that concern its callers.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    name: &'a str,
    incident: Option<IncidentId>,
    from: Option<IncidentId>,
    into: Option<IncidentId>,
}

impl Calling {
    /// These callers.
    pub fn new(callers: Callers) -> Calling {
        Calling {
            callers,
            ordered: HashMap::new(),
        }
    }

    /// Who calls.
    pub fn callers(&mut self) -> &mut Callers {
        &mut self.callers
    }

    /// The same, to look at.
    pub fn seen(&self) -> &Callers {
        &self.callers
    }

    /// What became of a caller's call.
    pub fn decided(&mut self, now: Moment, caller: CallerId, decision: &Decision) {
        let sent = decision.outcome == Outcome::Ordered;
        let (call, incident, kind) = (decision.call, decision.incident, decision.kind);
        self.callers
            .decided(now, caller, call, incident, kind, sent);
    }

    /// Tells callers of an event.
    pub fn hear(&mut self, note: &EventNote) {
        match &note.announced {
            Announced::OrderIssued { issued, .. } => {
                self.ordered.insert(issued.order, issued.incident);
                self.callers.ordered(issued.incident);
            }
            Announced::OrderMoved { order, to, .. } => {
                if let Some(&incident) = self.ordered.get(order) {
                    if *to == OrderState::Arrived {
                        self.callers.arrived(incident);
                    }
                    if !to.is_open() {
                        self.ordered.remove(order);
                    }
                }
            }
            Announced::LadderClimbed { .. } => {}
            Announced::Other { json } if json.contains(r#""type":"incident_"#) => self.other(json),
            Announced::Other { .. } => {}
        }
    }

    fn other(&mut self, json: &str) {
        // What cannot be read is of a newer centre, and concerns no caller of this one.
        let Ok(fields) = serde_json::from_str::<Fields<'_>>(json) else {
            return;
        };
        match (fields.name, fields.incident, fields.from.zip(fields.into)) {
            ("incident_raised", Some(incident), _) => self.callers.raised(incident),
            ("incident_closed", Some(incident), _) => self.callers.closed(incident),
            ("incident_merged", _, Some((from, into))) => self.callers.merged(from, into),
            _ => {}
        }
    }
}

/// The request that an act of a caller makes; none for a call, which is sent as rows are.
pub fn request_of(act: Act, tag: u64) -> Option<Request> {
    match act {
        Act::Call { .. } => None,
        Act::End { call } => Some(Request::End {
            tag: Some(tag),
            call,
        }),
        Act::Facts { .. } => facts_words(act).map(|facts| Request::Facts {
            tag: Some(tag),
            facts: Box::new(facts),
        }),
    }
}
