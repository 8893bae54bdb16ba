//! What a person decides: a verdict, a merge, a split, more urgency, a unit of their choice, a hospital. Their word
//! may also lower what was held; units that are out are never called back by a correction.

use super::state::{KnownCall, KnownNeed};
use super::{Model, Said, is_better, known};
use engine::call::{Assessment, CallFacts, Marks};
use engine::capability::Capability;
use engine::city::HOSPITALS_MAX;
use engine::command::{Assignment, CallSplit, CallVerdict, Escalation, IncidentMerge};
use engine::event::{Choice, Event, Refusal};
use engine::hospital::{HospitalDefinition, HospitalId};
use engine::id::IncidentId;
use engine::incident::{CloseReason, NeedState};
use engine::kind::Nature;
use engine::limits::NEEDS_PER_INCIDENT_MAX;
use engine::line::Line;
use engine::name::Name;
use engine::place::{DistrictId, Place};
use engine::plan::LocalSet;

impl Model {
    pub(super) fn judge(&mut self, verdict: &CallVerdict) {
        let Some(call) = self.call(verdict.call).copied() else {
            return self.refuse(Refusal::UnknownCall);
        };
        self.say(Event::CallAmended { call: call.id });
        let Some(incident) = self.open_incident_of(&call) else {
            let facts = CallFacts {
                call: verdict.call,
                place: verdict.place,
                assessment: verdict.assessment,
                injured: None,
                marks: Marks::default(),
            };
            return self.reconsider(&call, &facts);
        };
        self.incident_mut(incident).heard_at = self.now;
        let nothing = |held: Assessment| held.nature == Nature::Invalid;
        if !verdict.assessment.is_some_and(nothing) {
            self.incident_mut(incident).attended = true;
        }
        let before = self.incident(incident).place;
        if let Some(place) = verdict.place {
            self.put_incident(incident, place);
        }
        let is_placed = verdict.place.is_some();
        if let Some(assessment) = verdict.assessment {
            self.reclassify(incident, assessment, &call, is_placed);
        } else if is_placed {
            self.seek_all_waiting(incident);
            self.ask_elsewhere(incident, before, Some(call.line));
        }
    }

    /// Where other local plans hold than before, what they ask for is sought as well.
    pub(super) fn ask_elsewhere(
        &mut self,
        id: IncidentId,
        before: Option<Place>,
        line: Option<Line>,
    ) {
        if self.locals_at(before) != self.locals_at(self.incident(id).place) {
            self.ask_for(id, line);
        }
    }

    /// The local plans that hold at a place now: by district, by circle, by hour.
    pub(super) fn locals_at(&self, place: Option<Place>) -> LocalSet {
        let minute = self.minute();
        let mut set = LocalSet::NONE;
        for (index, local) in self.plan_in_force().local.iter().enumerate() {
            let in_district = local.districts.is_empty()
                || place
                    .and_then(|place| place.district)
                    .is_some_and(|district| self.lies_in(district, &local.districts));
            let in_circle = local.circle.is_none_or(|circle| {
                place.is_some_and(|place| {
                    self.distance_dm(circle.middle, place.point) <= circle.radius_dm
                })
            });
            if in_district && in_circle && local.is_hour(minute) {
                set = set.with(index);
            }
        }
        set
    }

    /// Whether a district, or one that it is a part of, has one of these names.
    fn lies_in(&self, district: DistrictId, names: &[Name]) -> bool {
        let districts = &self.city_in_force().districts;
        let mut at = Some(district);
        while let Some(known) = at.and_then(|id| districts.get(id)) {
            if names.contains(&known.name) {
                return true;
            }
            at = known.parent;
        }
        false
    }

    fn put_incident(&mut self, id: IncidentId, place: Place) {
        self.incident_mut(id).place = Some(place);
        self.say(Event::IncidentPlaced {
            incident: id,
            place,
        });
    }

    /// An incident is what a person says. Needs that wait and are too many now are dropped, the newest first. What still waits is
    /// looked for again where it was put somewhere by the same word, or is more urgent.
    fn reclassify(
        &mut self,
        id: IncidentId,
        assessment: Assessment,
        call: &KnownCall,
        is_placed: bool,
    ) {
        let incident = self.incident_mut(id);
        let before = incident.assessment;
        (incident.assessment, incident.escalated) = (assessment, None);
        self.say(Event::IncidentReclassified {
            incident: id,
            kind: assessment.kind,
            priority: assessment.priority,
            nature: assessment.nature,
            category: assessment.category,
            agencies: assessment.agencies,
        });
        if assessment.category != before.category {
            self.name_commander(id);
        }
        self.review_level(id);
        for need in self.needs_of(id).rev() {
            let KnownNeed {
                state, capability, ..
            } = *self.need(id, need);
            if state == NeedState::Waiting
                && self.live_needs(id, capability) > self.wanted(id, capability, Some(call.line))
            {
                self.drop_need(id, need);
            }
        }
        if assessment.priority != before.priority {
            self.rank_anew(id);
        }
        if is_placed {
            self.seek_all_waiting(id);
        } else {
            self.look_again_if_more_urgent(id, before.priority);
        }
        self.ask_for(id, Some(call.line));
        if !self.incident(id).needs.is_empty() {
            self.close_if_served(id);
        }
    }

    /// How many of a capability the plan asks for as the incident is held now.
    fn wanted(&self, id: IncidentId, capability: Capability, line: Option<Line>) -> usize {
        let (assessment, level) = (self.incident(id).assessment, self.incident(id).level);
        let plan = self.plan_in_force();
        let locals = self.locals_at(self.incident(id).place);
        let wanted = plan.needs(&assessment, level, line, locals, |capability| {
            self.has(capability)
        });
        wanted
            .iter()
            .filter(|spec| spec.capability == capability)
            .map(|spec| usize::from(spec.count))
            .sum()
    }

    /// Two incidents are one (N1). It is refused where there is no room for the orders that serve on, which a rehearsal
    /// shows.
    pub(super) fn merge(&mut self, merge: IncidentMerge) {
        let (Some(gone), Some(kept)) = (
            self.find_incident(merge.from),
            self.find_incident(merge.into),
        ) else {
            return self.refuse(Refusal::UnknownIncident);
        };
        let both_open = gone.open && kept.open;
        if merge.from == merge.into || !both_open || gone.drill != kept.drill {
            return self.refuse(Refusal::NotAllowedNow);
        }
        if !self.clone().unite(merge) {
            return self.refuse(Refusal::NeedsFull);
        }
        let is_placed = gone
            .place
            .is_some_and(|place| is_better(kept.place, &place));
        let before = kept.assessment.priority;
        self.unite(merge);
        let freed = self.end_incident(merge.from, CloseReason::Merged);
        self.serve_waiting_together(&freed);
        self.look_again_if_more_urgent(merge.into, before);
        if is_placed {
            self.seek_all_waiting(merge.into);
        }
        self.ask_for(merge.into, None);
    }

    /// Calls, urgency and orders go over: first of units that are there, then of those still on their way. `false` when an
    /// order that serves on found no room.
    fn unite(&mut self, merge: IncidentMerge) -> bool {
        let now = self.now;
        let gone = self.incident(merge.from).clone();
        let kept = self.incident_mut(merge.into);
        kept.calls += gone.calls;
        kept.calls_open += gone.calls_open;
        kept.heard_at = now;
        kept.escalated = kept.escalated.into_iter().chain(gone.escalated).min();
        kept.bumps = kept.bumps.saturating_add(gone.bumps);
        kept.attended |= gone.attended;
        self.incident_mut(merge.from).merged_into = Some(merge.into);
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
        self.take_worse(merge.into, &said);
        self.join_duties(merge.from, merge.into);
        let known = self.incident(merge.into).place;
        if let Some(place) = gone.place.filter(|place| is_better(known, place)) {
            self.put_incident(merge.into, place);
        }
        let mut room = true;
        for state in [NeedState::Met, NeedState::Ordered] {
            for need in self.needs_of(merge.from) {
                if self.need(merge.from, need).state == state {
                    room &= self.transfer(merge.from, need, merge.into);
                }
            }
        }
        room
    }

    /// The open order of a need serves the other incident: a need of its kind that waits there; else one more, if the plan
    /// asks for it or the unit is there already; else it stays and ends with its incident. `false` for want of room.
    fn transfer(&mut self, from: IncidentId, need: u8, into: IncidentId) -> bool {
        let given = *self.need(from, need);
        let Some(order) = given.order else {
            return true;
        };
        let capability = given.capability;
        let waits = self.needs_of(into).find(|&need| {
            let known = self.need(into, need);
            known.capability == capability && known.state == NeedState::Waiting
        });
        let lacks = self.live_needs(into, capability) < self.wanted(into, capability, None);
        let taken = match waits {
            Some(waits) => waits,
            None if lacks || given.state == NeedState::Met => {
                match self.open_need(into, capability) {
                    Some(opened) => opened,
                    None => return false,
                }
            }
            None => return true,
        };
        self.take_off_queue(into, taken);
        // By when somebody was to be there is owed on, unless that was missed or met already.
        let clock_runs = self.order(order).deadlines.arrive.is_some();
        let served = self.need_mut(into, taken);
        (served.state, served.order, served.asked) = (given.state, Some(order), given.asked);
        if let Some(owed) = given.owed.filter(|_| clock_runs) {
            served.owed = Some(served.owed.map_or(owed, |own| own.min(owed)));
        }
        self.incident_mut(into).close_awaited = false;
        self.need_mut(from, need).order = None;
        self.incident_mut(from).orders.retain(|&id| id != order);
        self.incident_mut(into).orders.push(order);
        let moved = self.order_mut(order);
        (moved.incident, moved.need) = (into, taken);
        let unit = moved.unit;
        self.say(Event::OrderTransferred {
            order,
            unit,
            into,
            need: taken,
        });
        true
    }

    /// A call is about something else than its incident: it gets one of its own.
    pub(super) fn split(&mut self, split: &CallSplit) {
        let Some(call) = self.call(split.call).copied() else {
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
        if self.incident(from).calls < 2 || !self.asks_for_an_incident(&said) {
            return self.refuse(Refusal::NotAllowedNow);
        }
        if !self.make_room(split.assessment.priority) {
            return self.refuse(Refusal::IncidentsFull);
        }
        self.leave_all(&call, Some(from));
        let into = self.open_incident(&said);
        if let Some(call) = self.call_mut(call.id) {
            call.incident = Some(into);
        }
        self.say(Event::CallSplit {
            call: call.id,
            from,
            into,
        });
    }

    /// A person holds an incident to be more urgent.
    pub(super) fn escalate(&mut self, escalation: Escalation) {
        let id = escalation.incident;
        if !self.is_open_incident(id) {
            return;
        }
        let held = self.incident(id).assessment;
        if escalation.priority >= held.priority {
            return self.refuse(Refusal::NotAllowedNow);
        }
        let incident = self.incident_mut(id);
        incident.assessment.priority = escalation.priority;
        incident.escalated = Some(escalation.priority);
        incident.attended = true;
        self.say(Event::IncidentRaised {
            incident: id,
            kind: held.kind,
            priority: escalation.priority,
            nature: held.nature,
            category: held.category,
            agencies: held.agencies,
        });
        self.rank_anew(id);
        self.look_again_if_more_urgent(id, held.priority);
        self.ask_for(id, None);
    }

    /// A person sends this unit, nearest or not.
    pub(super) fn assign(&mut self, assignment: Assignment) {
        if !self.is_open_incident(assignment.incident) {
            return;
        }
        match self.job_for(&assignment) {
            Err(refusal) => self.refuse(refusal),
            Ok(_) if !self.make_room_for_an_order() => self.refuse(Refusal::IncidentsFull),
            Ok((waits, capability)) => {
                let id = assignment.incident;
                let need = waits.or_else(|| self.open_need(id, capability));
                let need = known(need);
                self.incident_mut(id).attended = true;
                let previous = self.need(id, need).order;
                let travel_ms = self.travel_to(assignment.unit, id, capability);
                self.issue(
                    id,
                    need,
                    assignment.unit,
                    travel_ms,
                    Choice::Person,
                    previous,
                );
            }
        }
    }

    /// What a unit is sent for: the first need that waits and that it can serve (of the capability asked for, if one was), else
    /// that capability, else the first thing it can do.
    fn job_for(&self, assignment: &Assignment) -> Result<(Option<u8>, Capability), Refusal> {
        let id = assignment.incident;
        let unit = self
            .find_unit(assignment.unit)
            .ok_or(Refusal::UnknownUnit)?;
        let incident = self.incident(id);
        if incident.drill {
            return Err(Refusal::NotAllowedNow);
        }
        if incident.place.is_none() && unit.travels() {
            return Err(Refusal::NoPlace);
        }
        if !self.is_available(assignment.unit) {
            return Err(Refusal::UnitNotFree);
        }
        let able = unit.definition.capabilities;
        for need in self.needs_of(id) {
            let known = self.need(id, need);
            let meant = assignment.capability.unwrap_or(known.capability);
            if known.state == NeedState::Waiting
                && meant == known.capability
                && able.contains(meant)
            {
                return Ok((Some(need), meant));
            }
        }
        let capability = assignment.capability.or(able.iter().next());
        let capability = capability
            .filter(|&capability| able.contains(capability))
            .ok_or(Refusal::UnitCannot)?;
        if incident.needs.len() == NEEDS_PER_INCIDENT_MAX {
            return Err(Refusal::NeedsFull);
        }
        Ok((None, capability))
    }

    pub(super) fn is_open_incident(&mut self, id: IncidentId) -> bool {
        match self.find_incident(id).map(|incident| incident.open) {
            Some(true) => return true,
            Some(false) => self.refuse(Refusal::NotAllowedNow),
            None => self.refuse(Refusal::UnknownIncident),
        }
        false
    }

    /// A hospital is new, or is another than it was. Its number stays.
    pub(super) fn define_hospital(&mut self, definition: HospitalDefinition) {
        let named = self
            .hospitals
            .iter()
            .position(|hospital| hospital.name == definition.name);
        if named.is_none() && self.hospitals.len() == HOSPITALS_MAX {
            return self.refuse(Refusal::HospitalsFull);
        }
        let index = named.unwrap_or(self.hospitals.len());
        if index == self.hospitals.len() {
            self.hospitals.push(definition);
        } else {
            self.hospitals[index] = definition;
        }
        self.say(Event::HospitalDefined {
            hospital: HospitalId(index as u16 + 1),
        });
    }
}
