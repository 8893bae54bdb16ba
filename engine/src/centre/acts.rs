//! What a person decides: a verdict on a call, a merge, a split, more urgency, a unit of their choice; and what a
//! hospital is from here on.
//!
//! A person's word stands over the classifier's and may also lower what was held. Units that are out are never called
//! back by a correction: whoever wants that closes the incident. Everything here ends in the same needs, orders and
//! clocks as a call does (`needs`, `orders`).

use super::Desk;
use super::intake::{Said, can_be_joined, is_better, raised};
use super::state::{present, unit_index};
use crate::call::{Assessment, Call, CallFacts, Marks};
use crate::capability::Capability;
use crate::city::HOSPITALS_MAX;
use crate::command::{Assignment, CallSplit, CallVerdict, Escalation, IncidentMerge};
use crate::event::{Event, Refusal};
use crate::hospital::{HospitalDefinition, HospitalId};
use crate::id::{IncidentId, OrderId};
use crate::incident::{CloseReason, Incident, IncidentState, NeedState};
use crate::kind::{Nature, Priority};
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::line::Line;
use crate::major::Level;
use crate::place::Place;
use crate::table::Slot;

impl Desk<'_> {
    /// A person says what a call is about, or where.
    pub(super) fn judge(&mut self, verdict: &CallVerdict) {
        let Some(call) = self.known_call(verdict.call) else {
            return self.refuse(Refusal::UnknownCall);
        };
        self.say(Event::CallAmended { call: verdict.call });
        let Some(slot) = self.open_incident_of(&call) else {
            let facts = CallFacts {
                call: verdict.call,
                place: verdict.place,
                assessment: verdict.assessment,
                injured: None,
                marks: Marks::default(),
            };
            return self.reconsider(&call, &facts);
        };
        self.state.incident_mut(slot).heard_at = self.state.now;
        // Who holds it to be nothing has not taken it up.
        let said = verdict.assessment.map(|assessment| assessment.nature);
        self.state.incident_mut(slot).attended |= said != Some(Nature::Invalid);
        let before = self.state.incident(slot).place;
        if let Some(place) = verdict.place {
            self.put_incident(slot, place);
        }
        let is_placed = verdict.place.is_some();
        match verdict.assessment {
            Some(assessment) => self.reclassify(slot, assessment, &call, is_placed),
            None if is_placed => {
                self.seek_all_waiting(slot);
                self.ask_where_it_is(slot, before, Some(call.line));
            }
            None => {}
        }
    }

    /// An incident is elsewhere than it was held to be: where other local plans hold, what these ask for is sought too. Nobody is
    /// called back, and nothing is dropped that waits.
    pub(super) fn ask_where_it_is(
        &mut self,
        slot: Slot,
        before: Option<Place>,
        line: Option<Line>,
    ) {
        let now = self.state.incident(slot).place;
        if self.locals_of(before) != self.locals_of(now) {
            self.ask_for(slot, line);
        }
    }

    /// An incident is where a person says. Units that are out are told by the event.
    fn put_incident(&mut self, slot: Slot, place: Place) {
        self.finder.incidents.remove(slot.0);
        self.state.incident_mut(slot).place = Some(place);
        if can_be_joined(self.state.incident(slot)) {
            self.index_place(slot, Some(place));
        }
        self.say(Event::IncidentPlaced {
            incident: self.state.incident_id(slot),
            place,
        });
    }

    /// An incident is what a person says. What nobody was sent for yet and is not needed any more is dropped. Where it was put
    /// somewhere by the same word, all that still waits is looked for again, by the new urgency.
    fn reclassify(&mut self, slot: Slot, assessment: Assessment, call: &Call, is_placed: bool) {
        let before = self.state.incident(slot).assessment;
        let judged = self.state.incident_mut(slot);
        (judged.assessment, judged.escalated) = (assessment, None);
        self.say(Event::IncidentReclassified {
            incident: self.state.incident_id(slot),
            kind: assessment.kind,
            priority: assessment.priority,
            nature: assessment.nature,
            category: assessment.category,
            agencies: assessment.agencies,
        });
        if assessment.category != before.category {
            self.name_commander(slot);
        }
        self.review_level(slot);
        self.drop_unwanted(slot, call);
        if assessment.priority != before.priority {
            self.rerank(slot);
        }
        match is_placed {
            true => self.seek_all_waiting(slot),
            false => self.look_again_if_more_urgent(slot, before.priority),
        }
        self.ask_for(slot, Some(call.line));
        self.close_if_served_by_verdict(slot);
    }

    /// Drops the needs that wait and that the plan does not ask for any more.
    fn drop_unwanted(&mut self, slot: Slot, call: &Call) {
        for need in (0..self.state.incident(slot).needs.len() as u8).rev() {
            let known = *present(self.state.incident(slot).needs.get(need));
            if known.state == NeedState::Waiting
                && self.live_needs(self.state.incident(slot), known.capability)
                    > self.wanted(slot, known.capability, Some(call.line))
            {
                self.drop_need(slot, need);
            }
        }
    }

    /// How many needs of a capability an incident has that are not dropped.
    fn live_needs(&self, incident: &Incident, capability: Capability) -> usize {
        let needs = incident.needs.iter();
        needs
            .filter(|(_, need)| need.capability == capability && need.state != NeedState::Dropped)
            .count()
    }

    /// How many of a capability the plan asks for as the incident is held now.
    fn wanted(&self, slot: Slot, capability: Capability, line: Option<Line>) -> usize {
        let incident = self.state.incident(slot);
        let held = (incident.assessment, incident.level());
        self.wanted_by(held, incident.place, capability, line)
    }

    /// How many of a capability the plan asks for at a place, by an assessment and a level.
    fn wanted_by(
        &self,
        (assessment, level): (Assessment, Option<Level>),
        place: Option<Place>,
        capability: Capability,
        line: Option<Line>,
    ) -> usize {
        let finder = &*self.finder;
        let locals = self.locals_of(place);
        let wanted = finder
            .plan
            .needs(&assessment, level, line, locals, |capability| {
                finder.has(capability)
            });
        wanted
            .iter()
            .find(|spec| spec.capability == capability)
            .map_or(0, |spec| usize::from(spec.count))
    }

    /// A verdict can leave an incident with needs that are all done or dropped; it is then closed like any other.
    /// One that never had a need stays until its callers are done.
    fn close_if_served_by_verdict(&mut self, slot: Slot) {
        if !self.state.incident(slot).needs.is_empty() {
            self.close_if_served(slot);
        }
    }

    /// Two incidents are one (N1). Orders that are out serve on where they are needed, their clocks running; what is
    /// one too many is called back, unless its unit is there already.
    pub(super) fn merge(&mut self, merge: IncidentMerge) {
        let (Some(from), Some(into)) = (
            self.state.incident_slot(merge.from),
            self.state.incident_slot(merge.into),
        ) else {
            return self.refuse(Refusal::UnknownIncident);
        };
        let (gone, kept) = (*self.state.incident(from), *self.state.incident(into));
        let both_open = gone.state == IncidentState::Open && kept.state == IncidentState::Open;
        if merge.from == merge.into || !both_open || gone.drill != kept.drill {
            return self.refuse(Refusal::NotAllowedNow);
        }
        if kept.needs.len() + self.needs_to_open(&gone, &kept) > NEEDS_PER_INCIDENT_MAX {
            return self.refuse(Refusal::NeedsFull);
        }
        let now = self.state.now;
        let joined = self.state.incident_mut(into);
        joined.calls += gone.calls;
        joined.calls_open += gone.calls_open;
        joined.heard_at = now;
        joined.escalated = earlier(kept.escalated, gone.escalated);
        joined.bumps = kept.bumps.saturating_add(gone.bumps);
        joined.attended = kept.attended || gone.attended;
        self.state.incident_mut(from).merged_into = Some(merge.into);
        self.say(Event::IncidentMerged {
            from: merge.from,
            into: merge.into,
            calls: gone.calls,
        });
        let said = Said {
            assessment: gone.assessment,
            place: None,
            injured: gone.injured,
            line: None,
            drill: gone.drill,
        };
        self.take_worse(into, &said);
        self.join_duties(from, into);
        // Where it is decides what the plan asks for, and so who serves on.
        let better = gone.place.filter(|place| is_better(kept.place, place));
        if let Some(place) = better {
            self.put_incident(into, place);
        }
        // Who is there already takes what waits before those who are still on their way.
        for state in [NeedState::Met, NeedState::Ordered] {
            for need in 0..gone.needs.len() as u8 {
                self.transfer(from, need, state, into);
            }
        }
        let freed = self.end_incident(from, CloseReason::Merged);
        self.serve_waiting_together(&freed);
        // Only now that all who are out serve on: nobody is called away for what they see to.
        self.look_again_if_more_urgent(into, kept.priority());
        if gone.bumps > 0 {
            self.rebind_all_of(into);
        }
        if better.is_some() {
            self.seek_all_waiting(into);
        }
        self.ask_for(into, None);
    }

    /// How many needs a merge opens for the orders that serve on. Where there is no room for them it is refused: nobody
    /// who is at the scene, or needed there, is called back for want of a number.
    fn needs_to_open(&self, gone: &Incident, kept: &Incident) -> usize {
        let assessment = raised(kept.assessment, gone.assessment);
        let level = self.level_together(gone, kept, &assessment);
        let better = gone.place.filter(|place| is_better(kept.place, place));
        let place = better.or(kept.place);
        let count = |incident: &Incident, capability, state| {
            let needs = incident.needs.iter();
            needs
                .filter(|(_, need)| need.capability == capability && need.state == state)
                .count()
        };
        let opened = |&capability: &Capability| {
            let waiting = count(kept, capability, NeedState::Waiting);
            let there = count(gone, capability, NeedState::Met);
            let on_the_way = count(gone, capability, NeedState::Ordered);
            let opened = there.saturating_sub(waiting);
            let has = self.live_needs(kept, capability) + opened;
            let lacks = self
                .wanted_by((assessment, level), place, capability, None)
                .saturating_sub(has);
            let left = on_the_way.saturating_sub(waiting.saturating_sub(there));
            opened + left.min(lacks)
        };
        Capability::ALL.iter().map(opened).sum()
    }

    /// Lets the open order of one incident's need, if that stands so, serve the other incident where it is of use.
    fn transfer(&mut self, from: Slot, need: u8, state: NeedState, into: Slot) {
        let known = *present(self.state.incident(from).needs.get(need));
        let Some(order) = known.order.filter(|_| known.state == state) else {
            return;
        };
        let waiting = {
            let mut needs = self.state.incident(into).needs.iter();
            needs.find(|(_, need)| {
                need.capability == known.capability && need.state == NeedState::Waiting
            })
        }
        .map(|(index, _)| index);
        let lacks = self.live_needs(self.state.incident(into), known.capability)
            < self.wanted(into, known.capability, None);
        let index = match waiting {
            Some(index) => Some(index),
            None if lacks || known.state == NeedState::Met => {
                self.open_need(into, known.capability)
            }
            None => None,
        };
        let Some(index) = index else { return };
        self.unlink_from_incident(from, order);
        let slot = present(self.state.order_slot(order));
        let sibling = self.state.incident(into).order;
        let incident = self.state.incident_id(into);
        let moved = self.state.order_mut(slot);
        (moved.incident, moved.need, moved.sibling) = (incident, index, sibling);
        let (unit, arrives) = (moved.unit, moved.deadlines.arrive.is_some());
        let joined = self.state.incident_mut(into);
        joined.order = Some(order);
        joined.orders_open += 1;
        joined.close_awaited = false;
        if let Some(need) = joined.needs.get_mut(index) {
            (need.state, need.order, need.asked) = (known.state, Some(order), known.asked);
            // R2: whoever comes in its place owes what the first owed, unless that was missed already.
            let owed = known.owed.filter(|_| arrives);
            need.owed = [need.owed, owed].into_iter().flatten().min();
        }
        self.take_off_queue(into, index);
        self.state.incident_mut(from).orders_open -= 1;
        let left = self.state.incident_mut(from).needs.get_mut(need);
        if let Some(left) = left {
            left.order = None;
        }
        self.rebind(unit_index(unit));
        self.say(Event::OrderTransferred {
            order,
            unit,
            into: incident,
            need: index,
        });
    }

    /// Takes an order out of its incident's list.
    fn unlink_from_incident(&mut self, incident: Slot, order: OrderId) {
        let sibling = self
            .state
            .order_slot(order)
            .and_then(|slot| self.state.order(slot).sibling);
        if self.state.incident(incident).order == Some(order) {
            self.state.incident_mut(incident).order = sibling;
            return;
        }
        let mut at = self.state.incident(incident).order;
        while let Some(slot) = at.and_then(|id| self.state.order_slot(id)) {
            let known = self.state.order_mut(slot);
            if known.sibling == Some(order) {
                known.sibling = sibling;
                return;
            }
            at = known.sibling;
        }
    }

    /// A call is about something else than its incident: it gets one of its own (N1).
    pub(super) fn split(&mut self, split: &CallSplit) {
        let Some(call) = self.known_call(split.call) else {
            return self.refuse(Refusal::UnknownCall);
        };
        let Some(from) = self.open_incident_of(&call) else {
            return self.refuse(Refusal::NotAllowedNow);
        };
        let said = Said {
            assessment: split.assessment,
            place: call.place,
            injured: split.injured,
            line: Some(call.line),
            drill: call.drill,
        };
        if self.state.incident(from).calls < 2 || !self.opens_incident(&said) {
            return self.refuse(Refusal::NotAllowedNow);
        }
        if !self.make_room(split.assessment.priority) {
            return self.refuse(Refusal::IncidentsFull);
        }
        self.leave_incidents(&call, Some(from));
        let into = self.open_incident(&said);
        let (from, into) = (self.state.incident_id(from), self.state.incident_id(into));
        if let Some(known) = self.state.calls.get_mut(split.call.number()) {
            known.incident = Some(into);
        }
        self.say(Event::CallSplit {
            call: split.call,
            from,
            into,
        });
    }

    /// A person holds an incident to be more urgent.
    pub(super) fn escalate(&mut self, escalation: Escalation) {
        let Some(slot) = self.open_slot(escalation.incident) else {
            return;
        };
        let known = self.state.incident(slot).assessment;
        if escalation.priority >= known.priority {
            return self.refuse(Refusal::NotAllowedNow);
        }
        let escalated = self.state.incident_mut(slot);
        escalated.assessment.priority = escalation.priority;
        escalated.escalated = Some(escalation.priority);
        escalated.attended = true;
        self.say(Event::IncidentRaised {
            incident: escalation.incident,
            kind: known.kind,
            priority: escalation.priority,
            nature: known.nature,
            category: known.category,
            agencies: known.agencies,
        });
        self.rerank(slot);
        self.look_again_if_more_urgent(slot, known.priority);
        self.ask_for(slot, None);
    }

    /// A person sends this unit, nearest or not.
    pub(super) fn assign(&mut self, assignment: Assignment) {
        let Some(slot) = self.open_slot(assignment.incident) else {
            return;
        };
        if let Err(refusal) = self.try_assign(slot, &assignment) {
            self.refuse(refusal);
        }
    }

    fn try_assign(&mut self, slot: Slot, assignment: &Assignment) -> Result<(), Refusal> {
        let unit = *self
            .state
            .unit(assignment.unit)
            .ok_or(Refusal::UnknownUnit)?;
        let incident = *self.state.incident(slot);
        if incident.drill {
            return Err(Refusal::NotAllowedNow);
        }
        if incident.place.is_none() && unit.definition.travels() {
            return Err(Refusal::NoPlace);
        }
        if !unit.is_available() {
            return Err(Refusal::UnitNotFree);
        }
        let able = unit.definition.capabilities;
        let waiting = incident.needs.iter().find(|(_, need)| {
            let asked_for = assignment
                .capability
                .is_none_or(|capability| capability == need.capability);
            need.state == NeedState::Waiting && asked_for && able.contains(need.capability)
        });
        let capability = waiting
            .map(|(_, need)| need.capability)
            .or(assignment.capability)
            .or(able.iter().next())
            .filter(|&capability| able.contains(capability))
            .ok_or(Refusal::UnitCannot)?;
        if waiting.is_none() && incident.needs.is_full() {
            return Err(Refusal::NeedsFull);
        }
        if !self.make_room_for_an_order() {
            return Err(Refusal::IncidentsFull);
        }
        let waiting = waiting.map(|(index, _)| index);
        let Some(need) = waiting.or_else(|| self.open_need(slot, capability)) else {
            return Err(Refusal::NeedsFull);
        };
        self.state.incident_mut(slot).attended = true;
        self.send_by_hand(slot, need, assignment.unit);
        Ok(())
    }

    pub(super) fn open_slot(&mut self, incident: IncidentId) -> Option<Slot> {
        let slot = self.state.incident_slot(incident);
        match slot.map(|slot| self.state.incident(slot).state) {
            Some(IncidentState::Open) => slot,
            Some(IncidentState::Closed) => {
                self.refuse(Refusal::NotAllowedNow);
                None
            }
            None => {
                self.refuse(Refusal::UnknownIncident);
                None
            }
        }
    }

    /// A hospital is new, or is another than it was (H9). Its number stays.
    pub(super) fn define_hospital(&mut self, definition: HospitalDefinition) {
        let hospitals = &mut self.state.hospitals;
        let known = hospitals
            .iter()
            .position(|hospital| hospital.name == definition.name);
        let index = match known {
            Some(index) => {
                hospitals[index] = definition;
                index
            }
            None if hospitals.len() == HOSPITALS_MAX => {
                return self.refuse(Refusal::HospitalsFull);
            }
            None => {
                hospitals.push(definition);
                hospitals.len() - 1
            }
        };
        self.say(Event::HospitalDefined {
            hospital: HospitalId(index as u16 + 1),
        });
    }
}

/// The more urgent of two that a person may have said.
fn earlier(one: Option<Priority>, other: Option<Priority>) -> Option<Priority> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
