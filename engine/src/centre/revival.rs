//! What was closed too early is handled again, and what was held to be one with another parts from it (N1).
//!
//! Both bring a closed incident back, as it was held when it was closed. Its needs begin anew: the plan is asked as if it
//! opened now, and who was there before may be asked again. Units that went over with a merge serve on where they are.
//! An incident that has left hot state, or was closed more than a day ago, is not brought back; whoever calls about it opens one.

use super::Desk;
use super::intake::{CLOSED_KEPT, can_be_joined};
use super::state::DueOf;
use crate::event::{Event, Refusal};
use crate::id::IncidentId;
use crate::incident::{IncidentState, Needs};
use crate::table::Slot;

impl Desk<'_> {
    /// A person finds that an incident was closed too early.
    pub(super) fn reopen(&mut self, incident: IncidentId) {
        if let Some((slot, place)) = self.closed_slot(incident, false) {
            self.bring_back(slot, place);
        }
    }

    /// A person finds that an incident is not one with the one it was merged into.
    pub(super) fn unmerge(&mut self, incident: IncidentId) {
        if let Some((slot, place)) = self.closed_slot(incident, true) {
            self.bring_back(slot, place);
        }
    }

    /// An incident that was closed, by a merge or otherwise, and may be open again, with its place among those that are closed;
    /// refused if there is none.
    fn closed_slot(&mut self, incident: IncidentId, merged: bool) -> Option<(Slot, usize)> {
        let found = self.find_closed(incident, merged);
        found.map_err(|refusal| self.refuse(refusal)).ok()
    }

    fn find_closed(&self, incident: IncidentId, merged: bool) -> Result<(Slot, usize), Refusal> {
        let slot = self.state.incident_slot(incident);
        let slot = slot.ok_or(Refusal::UnknownIncident)?;
        // A person's act, seldom enough to look for it among all that was closed within a day.
        let mut closed = self.state.closed.iter();
        let place = closed.rposition(|&(closed, _)| closed == incident);
        let place = place.ok_or(Refusal::NotAllowedNow)?;
        if self.state.closed[place].1 + CLOSED_KEPT < self.state.now {
            return Err(Refusal::UnknownIncident);
        }
        let known = self.state.incident(slot);
        if known.merged_into.is_some() != merged {
            return Err(Refusal::NotAllowedNow);
        }
        if !self.may_be_opened(known.priority()) {
            return Err(Refusal::IncidentsFull);
        }
        Ok((slot, place))
    }

    /// A closed incident is handled again.
    fn bring_back(&mut self, slot: Slot, place: usize) {
        let (id, now) = (self.state.incident_id(slot), self.state.now);
        self.state.closed.remove(place);
        let from = self.part(slot);
        let incident = self.state.incident_mut(slot);
        incident.state = IncidentState::Open;
        (incident.heard_at, incident.needed_since) = (now, now);
        incident.needs = Needs::NONE;
        incident.attended = true;
        (incident.close_awaited, incident.close_said_at) = (false, None);
        let back = *incident;
        self.state.conservation.incidents_open += 1;
        let node = self.state.node(DueOf::Incident(slot));
        self.state.wheel.arm(node, now + self.finder.plan.lapse);
        if can_be_joined(&back) {
            self.index_place(slot, back.place);
        }
        self.say(Event::IncidentReopened {
            incident: id,
            from,
            calls: back.calls,
            kind: back.assessment.kind,
            priority: back.assessment.priority,
            nature: back.assessment.nature,
            category: back.assessment.category,
            agencies: back.assessment.agencies,
            place: back.place,
            injured: back.injured,
            drill: back.drill,
            opened_at: back.opened_at,
        });
        self.owe_again(slot);
        self.ask_for(slot, back.line);
    }

    /// Takes the calls of an incident out of all that it was merged into; the first of these.
    fn part(&mut self, slot: Slot) -> Option<IncidentId> {
        let parting = self.state.incident_mut(slot);
        let (calls, calls_open) = (parting.calls, parting.calls_open);
        let from = parting.merged_into.take();
        let mut at = from;
        while let Some(slot) = at.and_then(|incident| self.state.incident_slot(incident)) {
            let left = self.state.incident_mut(slot);
            left.calls = left.calls.saturating_sub(calls);
            left.calls_open = left.calls_open.saturating_sub(calls_open);
            at = left.merged_into;
        }
        from
    }
}
