//! The story of a call: a known key is answered with its first decision; what lies near an open incident joins it;
//! anything else opens one, or is sent on. Later come facts, and the end.

use super::state::KnownCall;
use super::{Model, Said, is_better, is_drill, known};
use engine::call::{CallFacts, CallReport, Mark, Outcome};
use engine::event::{Event, Refusal};
use engine::id::{CallId, IncidentId};
use engine::incident::CloseReason;
use engine::kind::Nature;
use engine::moment::Span;
use engine::plan::LineMode;

/// A key is remembered for so long, room allowing.
const WINDOW: Span = Span::hours(24);

impl Model {
    pub(super) fn take_call(&mut self, report: &CallReport) {
        if let Some(first) = self.calls.iter().find(|call| call.key == report.key) {
            return self.repeat(*first, report);
        }
        let said = Said {
            assessment: report.assessment,
            place: report.place,
            injured: report.injured,
            line: Some(report.line),
            drill: is_drill(report.marks),
        };
        let joined = self.nearest_joinable(&said);
        let opens = joined.is_none() && self.asks_for_an_incident(&said);
        if opens && !self.make_room(report.assessment.priority) {
            self.counted.accepted += 1;
            self.counted.refused += 1;
            return self.refuse(Refusal::IncidentsFull);
        }
        let call = self.enter_call(report);
        self.say(Event::CallTaken { call });
        let incident = match joined {
            Some((incident, distance_dm)) => {
                self.join(incident, call, distance_dm);
                self.raise(incident, &said);
                Some(incident)
            }
            None if opens => Some(self.open_incident(&said)),
            None => None,
        };
        self.decide(call, report, incident, joined.is_some());
    }

    /// However often a key comes, there is one call and one decision (N2).
    fn repeat(&mut self, first: KnownCall, report: &CallReport) {
        let conflict = first.body != report.body;
        self.counted.repeated += 1;
        self.counted.conflicts += u64::from(conflict);
        self.say(Event::CallRepeated {
            call: first.id,
            first: first.taken,
            conflict,
        });
    }

    /// A call without an incident makes one unless it only is passed on, or asks for nothing.
    pub(super) fn asks_for_an_incident(&self, said: &Said) -> bool {
        let plan = self.plan_in_force();
        let mode = said
            .line
            .and_then(|line| plan.line(line))
            .map(|row| row.mode);
        !matches!(mode, Some(LineMode::Forward(_))) && said.assessment.nature != Nature::Invalid
    }

    /// Takes a call into the window. For each that comes, whatever is too many leaves, and up to two that are too old.
    fn enter_call(&mut self, report: &CallReport) -> CallId {
        let capacity = self.capacities.calls_max.max(1) as usize;
        let mut left = 0;
        while let Some(oldest) = self.calls.first() {
            let old = oldest.taken_at + WINDOW < self.now;
            if self.calls.len() < capacity && !(old && left < 2) {
                break;
            }
            self.calls.remove(0);
            left += 1;
        }
        self.calls_given += 1;
        self.counted.accepted += 1;
        let id = known(CallId::new(self.centre(), self.calls_given));
        self.calls.push(KnownCall {
            id,
            key: report.key,
            body: report.body,
            taken: self.sequence,
            taken_at: self.now,
            incident: None,
            ended: false,
            line: report.line,
            place: report.place,
            drill: is_drill(report.marks),
        });
        id
    }

    /// N1: the nearest open incident inside the served area, within the radius and the window of what is said, of a kind of
    /// the same group, and a drill only with drills. Of equally near ones the oldest.
    pub(super) fn nearest_joinable(&self, said: &Said) -> Option<(IncidentId, u32)> {
        let place = said.place.filter(|place| place.district.is_some())?;
        if !self.asks_for_an_incident(said) {
            return None;
        }
        let plan = self.plan_in_force();
        let rule = plan.merge(said.assessment.kind);
        let group = rule.group?;
        let mut near = Vec::new();
        for incident in self.incidents.iter().filter(|known| known.open) {
            let Some(there) = incident.place.filter(|there| there.district.is_some()) else {
                continue;
            };
            let distance_dm = self.distance_dm(there.point, place.point);
            if incident.drill == said.drill
                && distance_dm <= rule.radius_dm
                && incident.heard_at + rule.window >= self.now
                && plan.merge(incident.assessment.kind).group == Some(group)
            {
                near.push((distance_dm, incident.id));
            }
        }
        near.into_iter()
            .min()
            .map(|(distance_dm, incident)| (incident, distance_dm))
    }

    pub(super) fn join(&mut self, incident: IncidentId, call: CallId, distance_dm: u32) {
        let now = self.now;
        let joined = self.incident_mut(incident);
        joined.calls += 1;
        joined.calls_open += 1;
        joined.heard_at = now;
        self.say(Event::IncidentJoined {
            incident,
            call,
            distance_dm,
        });
    }

    /// What became of the call, by what its own record says so far.
    fn decide(
        &mut self,
        call: CallId,
        report: &CallReport,
        incident: Option<IncidentId>,
        merged: bool,
    ) {
        let nature = report.assessment.nature;
        // What is said of an incident that lost its unit for this call is not this call's.
        let own = |of: IncidentId| Some(of) == incident;
        let mut said = self.events.iter();
        let ordered = said.any(|event| matches!(event, Event::OrderIssued(it) if own(it.incident)));
        let mut said = self.events.iter();
        let waits =
            said.any(|event| matches!(event, Event::NeedWaits { incident, .. } if own(*incident)));
        let mut said = self.events.iter();
        let refused = said.any(|event| matches!(event, Event::NeedRefused { .. }));
        let outside = report.place.is_some_and(|place| place.district.is_none());
        let is_work = nature == Nature::Enquiry || nature == Nature::Complaint;
        let outcome = if incident.is_none() {
            if nature == Nature::Invalid {
                Outcome::Human
            } else {
                Outcome::Forwarded
            }
        } else if merged {
            Outcome::Merged
        } else if ordered && is_work {
            Outcome::WorkOrder
        } else if ordered {
            Outcome::Ordered
        } else if waits && report.place.is_some() && !outside {
            Outcome::Waiting
        } else {
            Outcome::Human
        };
        let human = report.assessment.human
            || report.marks.is_damaged()
            || report.marks.contains(Mark::CellPlace)
            || outside
            || refused
            || outcome == Outcome::Human
            || outcome == Outcome::Waiting
            || (report.place.is_none() && outcome != Outcome::Forwarded);
        if let Some(known) = self.call_mut(call) {
            known.incident = incident;
        }
        self.count(outcome);
        self.say(Event::CallDecided {
            call,
            incident,
            outcome,
            human,
            outside,
        });
    }

    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ordered => self.counted.ordered += 1,
            Outcome::Merged => self.counted.merged += 1,
            Outcome::Forwarded => self.counted.forwarded += 1,
            Outcome::WorkOrder => self.counted.work_order += 1,
            Outcome::Human => self.counted.human += 1,
            Outcome::Waiting => self.counted.waiting += 1,
        }
    }

    /// More is known of a call. A fact is never refused while the call is known.
    pub(super) fn add_facts(&mut self, facts: &CallFacts) {
        let Some(call) = self.call(facts.call).copied() else {
            return self.refuse(Refusal::UnknownCall);
        };
        self.say(Event::CallAmended { call: facts.call });
        match self.open_incident_of(&call) {
            Some(incident) => self.amend(incident, facts),
            None => self.reconsider(&call, facts),
        }
    }

    /// The open incident that a call belongs to, through however many merges.
    pub(super) fn open_incident_of(&self, call: &KnownCall) -> Option<IncidentId> {
        let mut at = call.incident;
        loop {
            let incident = self.find_incident(at?)?;
            if incident.open {
                return Some(incident.id);
            }
            at = incident.merged_into;
        }
    }

    /// Facts for an incident that is being handled.
    fn amend(&mut self, id: IncidentId, facts: &CallFacts) {
        let now = self.now;
        let incident = self.incident_mut(id);
        incident.heard_at = now;
        let (drill, before) = (incident.drill, incident.place);
        let better = facts.place.filter(|place| is_better(incident.place, place));
        if let Some(place) = better {
            incident.place = Some(place);
            self.say(Event::IncidentPlaced {
                incident: id,
                place,
            });
        }
        // What comes with the place is taken before anybody is sought for that place.
        let held = self.incident(id).assessment;
        let said = Said {
            assessment: facts.assessment.unwrap_or(held),
            place: None,
            injured: facts.injured.unwrap_or(0),
            line: None,
            drill,
        };
        let says_what = facts.assessment.is_some() || facts.injured.is_some();
        let graver = says_what && self.take_worse(id, &said);
        let risen = says_what && self.review_level(id);
        if better.is_some() {
            self.seek_all_waiting(id);
        } else {
            self.look_again_if_more_urgent(id, held.priority);
        }
        if graver || risen {
            self.ask_for(id, None);
        } else {
            self.ask_elsewhere(id, before, None);
        }
    }

    /// Facts for a call that has no open incident: what they now say may need one, and the call lives again.
    pub(super) fn reconsider(&mut self, call: &KnownCall, facts: &CallFacts) {
        let Some(assessment) = facts.assessment else {
            return;
        };
        let said = Said {
            assessment,
            place: facts.place.or(call.place),
            injured: facts.injured.unwrap_or(0),
            line: Some(call.line),
            drill: call.drill || is_drill(facts.marks),
        };
        if !self.asks_for_an_incident(&said) {
            return;
        }
        let joined = self.nearest_joinable(&said);
        if joined.is_none() && !self.make_room(assessment.priority) {
            return self.refuse(Refusal::IncidentsFull);
        }
        self.leave_all(call, None);
        let incident = if let Some((incident, distance_dm)) = joined {
            self.join(incident, call.id, distance_dm);
            self.raise(incident, &said);
            incident
        } else {
            self.open_incident(&said)
        };
        if let Some(call) = self.call_mut(call.id) {
            call.incident = Some(incident);
            call.ended = false;
        }
    }

    /// A caller is done. An incident that never needed anything ends with its last caller.
    pub(super) fn end_call(&mut self, id: CallId) {
        let Some(call) = self.call(id).copied() else {
            return self.refuse(Refusal::UnknownCall);
        };
        if call.ended {
            return self.refuse(Refusal::NotAllowedNow);
        }
        if let Some(call) = self.call_mut(id) {
            call.ended = true;
        }
        self.say(Event::CallEnded { call: id });
        self.end_for_all(&call);
        let Some(incident) = self.open_incident_of(&call) else {
            return;
        };
        let left = self.incident(incident);
        if left.calls_open == 0 && left.needs.is_empty() {
            self.close_by_itself(incident, CloseReason::NothingNeeded);
        }
    }
}
