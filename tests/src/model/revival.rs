//! What was closed is handled again; what was merged parts.

use super::Model;
use super::incidents::CLOSED_KEPT;
use super::state::KnownCall;
use engine::event::{Event, Refusal};
use engine::id::IncidentId;
use engine::major::LevelCause;

impl Model {
    pub(super) fn reopen(&mut self, id: IncidentId) {
        self.revive(id, false);
    }

    pub(super) fn unmerge(&mut self, id: IncidentId) {
        self.revive(id, true);
    }

    /// Only what is closed comes back, by the one act if it was merged and by the other if not, and only where one more of its
    /// urgency may be open.
    fn revive(&mut self, id: IncidentId, merged: bool) {
        let Some(known) = self.find_incident(id).cloned() else {
            return self.refuse(Refusal::UnknownIncident);
        };
        let closed = self.closed.iter().find(|(closed, _)| *closed == id);
        if closed.is_some_and(|(_, at)| *at + CLOSED_KEPT < self.now) {
            return self.refuse(Refusal::UnknownIncident);
        }
        if known.open || known.merged_into.is_some() != merged {
            return self.refuse(Refusal::NotAllowedNow);
        }
        if !self.may_be_opened(known.assessment.priority) {
            return self.refuse(Refusal::IncidentsFull);
        }
        for above in self.merged_behind(known.merged_into) {
            let left = self.incident_mut(above);
            left.calls = left.calls.saturating_sub(known.calls);
            left.calls_open = left.calls_open.saturating_sub(known.calls_open);
        }
        self.closed.retain(|&(closed, _)| closed != id);
        let (now, lapse) = (self.now, self.plan_in_force().lapse);
        let back = self.incident_mut(id);
        back.open = true;
        back.merged_into = None;
        back.heard_at = now;
        back.needed_since = now;
        back.attended = true;
        back.needs.clear();
        (back.close_awaited, back.close_said_at) = (false, None);
        back.due = Some(now + lapse);
        self.say(Event::IncidentReopened {
            incident: id,
            from: known.merged_into,
            calls: known.calls,
            kind: known.assessment.kind,
            priority: known.assessment.priority,
            nature: known.assessment.nature,
            category: known.assessment.category,
            agencies: known.assessment.agencies,
            place: known.place,
            injured: known.injured,
            drill: known.drill,
            opened_at: known.opened_at,
        });
        if let Some(level) = known.level {
            // What was told was told; all else is owed as if the level were new.
            let told = known.told_upward;
            let was_told = |stage| told.iter().any(|told| told.0 == stage);
            let owes = &mut self.incident_mut(id).owes_upward;
            owes.retain(|owed| was_told(owed.stage));
            self.rise(id, level, LevelCause::Reopened);
        }
        self.ask_for(id, known.line);
    }

    /// An incident and those that it was merged into, as far as they are known.
    fn merged_behind(&self, first: Option<IncidentId>) -> Vec<IncidentId> {
        let mut chain = Vec::new();
        let mut at = first;
        while let Some(known) = at.and_then(|id| self.find_incident(id)) {
            chain.push(known.id);
            at = known.merged_into;
        }
        chain
    }

    /// The caller is done: a call is open no more for any incident that counts it.
    pub(super) fn end_for_all(&mut self, call: &KnownCall) {
        for id in self.merged_behind(call.incident) {
            let left = self.incident_mut(id);
            left.calls_open = left.calls_open.saturating_sub(1);
        }
    }

    /// A call belongs to other incidents from here on.
    /// The open one is named, for what lies between may be forgotten by now.
    pub(super) fn leave_all(&mut self, call: &KnownCall, open: Option<IncidentId>) {
        let mut counting = self.merged_behind(call.incident);
        counting.extend(open);
        counting.dedup();
        for id in counting {
            let left = self.incident_mut(id);
            left.calls = left.calls.saturating_sub(1);
            if !call.ended {
                left.calls_open = left.calls_open.saturating_sub(1);
            }
        }
    }
}
