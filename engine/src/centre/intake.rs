//! A call comes in: known key → decision again; near an open incident → joined; otherwise an incident of its own.
//! Later: facts, the end, and the close of what it opened.

use super::Desk;
use super::needs::Seek;
use super::state::{DueOf, numbered};
use crate::call::{Assessment, Call, CallAct, CallFacts, CallReport, CallState, Mark, Outcome};
use crate::event::{Event, Refusal};
use crate::id::{CallId, IncidentId, NUMBER_MAX, UnitId};
use crate::incident::{CloseReason, Incident, IncidentState, NeedState, Needs};
use crate::kind::{Kind, Nature, Priority};
use crate::limits::{EVICTIONS_PER_COMMAND_MAX, NEEDS_PER_INCIDENT_MAX};
use crate::line::Line;
use crate::moment::Span;
use crate::order::OrderAct;
use crate::place::Place;
use crate::plan::{LineMode, LocalSet};
use crate::table::Slot;

/// A closed incident leaves hot state after so long.
pub(super) const CLOSED_KEPT: Span = Span::hours(24);

/// Units that an incident had when it ended.
pub(super) type Freed = [Option<UnitId>; 2 * NEEDS_PER_INCIDENT_MAX];

/// Where a call's assessment came with: what an incident is opened or raised by.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub assessment: Assessment,
    pub place: Option<Place>,
    pub injured: u16,
    pub line: Option<Line>,
    pub drill: bool,
}

/// Whether calls may still join an incident.
pub(super) fn can_be_joined(incident: &Incident) -> bool {
    incident.state == IncidentState::Open
        && incident.place.is_some_and(|place| place.district.is_some())
}

/// Whether a place is taken over the one that is known: a first one, or the first inside the served area.
pub(super) fn is_better(known: Option<Place>, place: &Place) -> bool {
    known.is_none_or(|known| known.district.is_none() && place.district.is_some())
}

impl Desk<'_> {
    /// The story of a call.
    pub(super) fn take_call(&mut self, report: &CallReport) {
        if let Some(number) = self.state.calls.with_key(report.key) {
            return self.repeat(number, report);
        }
        let said = Said {
            assessment: report.assessment,
            place: report.place,
            injured: report.injured,
            line: Some(report.line),
            drill: report.marks.contains(Mark::Drill),
        };
        let joined = self.nearest_joinable(&said);
        let opens = joined.is_none() && self.opens_incident(&said);
        // The window's next number is a number too.
        let is_numbered = self.state.numbers.call + 1 < NUMBER_MAX;
        if !is_numbered || opens && !self.make_room(report.assessment.priority) {
            self.state.conservation.accepted += 1;
            self.state.conservation.refused += 1;
            return self.refuse(Refusal::IncidentsFull);
        }
        let call = self.number_call(report);
        let events_before = self.events.len();
        let incident = match joined {
            Some((slot, distance_dm)) => {
                self.join(slot, call, distance_dm);
                self.raise(slot, &said);
                Some(slot)
            }
            None => opens.then(|| self.open_incident(&said)),
        };
        self.decide(call, report, incident, joined.is_some(), events_before);
    }

    /// N2: however often a key comes, there is one call and one decision.
    fn repeat(&mut self, number: u64, report: &CallReport) {
        let Some(&known) = self.state.calls.get(number) else {
            return;
        };
        let conflict = known.body != report.body;
        self.state.conservation.repeated += 1;
        self.state.conservation.conflicts += u64::from(conflict);
        let call = numbered(CallId::new(self.state.centre(), number));
        self.say(Event::CallRepeated {
            call,
            first: known.taken,
            conflict,
        });
    }

    /// Whether the call makes an incident when it joins none: what is forwarded or invalid does not.
    pub(super) fn opens_incident(&self, said: &Said) -> bool {
        let line = said.line.and_then(|line| self.finder.plan.line(line));
        let forwarded = line.is_some_and(|plan| matches!(plan.mode, LineMode::Forward(_)));
        !forwarded && said.assessment.nature != Nature::Invalid
    }

    fn number_call(&mut self, report: &CallReport) -> CallId {
        let call = Call {
            key: report.key,
            body: report.body,
            taken: self.state.sequence,
            taken_at: self.state.now,
            incident: None,
            state: CallState::Open,
            outcome: Outcome::Human,
            line: report.line,
            place: report.place,
            drill: report.marks.contains(Mark::Drill),
        };
        let number = self.state.calls.push(call, self.state.now);
        self.state.numbers.call = number;
        self.state.conservation.accepted += 1;
        let call = numbered(CallId::new(self.state.centre(), number));
        self.say(Event::CallTaken { call });
        call
    }

    /// N1: the nearest open incident within radius and window whose kind is compatible; of equal ones the oldest.
    fn nearest_joinable(&self, said: &Said) -> Option<(Slot, u32)> {
        if !self.opens_incident(said) {
            return None;
        }
        let place = said.place.filter(|place| place.district.is_some())?;
        let rule = *self.finder.plan.merge(said.assessment.kind);
        let group = rule.group?;
        let plane = self.finder.plane(place.point);
        let mut best: Option<(u32, u64, Slot)> = None;
        let state = &*self.state;
        self.finder.incidents.within(
            plane.x_dm,
            plane.y_dm,
            rule.radius_dm,
            |node, distance_dm| {
                let slot = Slot(node);
                let incident = state.incident(slot);
                let fits = incident.drill == said.drill
                    && self.finder.plan.merge(incident.assessment.kind).group == Some(group)
                    && incident.heard_at + rule.window >= state.now;
                let rank = (
                    distance_dm,
                    state.incidents.number_of(slot).unwrap_or(u64::MAX),
                    slot,
                );
                if fits && best.is_none_or(|best| (rank.0, rank.1) < (best.0, best.1)) {
                    best = Some(rank);
                }
            },
        );
        best.map(|(distance_dm, _, slot)| (slot, distance_dm))
    }

    fn join(&mut self, slot: Slot, call: CallId, distance_dm: u32) {
        let incident = self.state.incident_id(slot);
        let now = self.state.now;
        let joined = self.state.incident_mut(slot);
        joined.calls += 1;
        joined.calls_open += 1;
        joined.heard_at = now;
        self.say(Event::IncidentJoined {
            incident,
            call,
            distance_dm,
        });
    }

    /// Room for one more incident: what was closed longest ago leaves first. A full table refuses the lowest first and never
    /// danger to life.
    pub(super) fn make_room(&mut self, priority: Priority) -> bool {
        let mut evicted = 0;
        while let Some(&(incident, closed_at)) = self.state.closed.front() {
            let full = self.state.incidents.len() == self.state.incidents.capacity()
                || self.state.orders.len() + 2 * NEEDS_PER_INCIDENT_MAX as u32
                    > self.state.orders.capacity();
            if evicted == 2 || !(full || closed_at + CLOSED_KEPT < self.state.now) {
                break;
            }
            self.evict(incident);
            evicted += 1;
        }
        self.state.incidents.len() < self.state.incidents.capacity()
            && self.may_be_opened(priority)
            && self.state.numbers.incident < NUMBER_MAX
    }

    /// Whether one more of this urgency may be open: the last part of the table is kept for what is more urgent.
    pub(super) fn may_be_opened(&self, priority: Priority) -> bool {
        let capacity = self.state.incidents.capacity();
        let kept = match priority {
            Priority::P1 => 0,
            Priority::P2 => capacity / 16,
            Priority::P3 => capacity / 8,
            Priority::P4 => capacity / 4,
        };
        let taken = self.state.incidents.len();
        // What is closed can leave at any time and does not count against the lower ones.
        let open = taken - (self.state.closed.len() as u32).min(taken);
        open + kept < capacity
    }

    /// Room for one more order: what was closed longest ago leaves first, as far as one command may.
    pub(super) fn make_room_for_an_order(&mut self) -> bool {
        let capacity = self.state.orders.capacity();
        // Nothing that is closed holds an open order.
        if self.state.conservation.orders_open == u64::from(capacity)
            || self.state.numbers.order == NUMBER_MAX
        {
            return false;
        }
        while self.state.orders.len() == capacity {
            let Some(&(incident, _)) = self.state.closed.front() else {
                return false;
            };
            if self.evictions == EVICTIONS_PER_COMMAND_MAX {
                return false;
            }
            self.evictions += 1;
            self.evict(incident);
        }
        true
    }

    fn evict(&mut self, incident: IncidentId) {
        self.state.closed.pop_front();
        let incidents = &mut self.state.incidents;
        let mut order = incidents
            .discard(incident.number(), |gone| gone.order)
            .flatten();
        while let Some(id) = order {
            let orders = &mut self.state.orders;
            order = orders.discard(id.number(), |gone| gone.sibling).flatten();
        }
    }

    pub(super) fn open_incident(&mut self, said: &Said) -> Slot {
        self.state.numbers.incident += 1;
        let number = self.state.numbers.incident;
        let now = self.state.now;
        let incident = Incident {
            state: IncidentState::Open,
            assessment: said.assessment,
            place: said.place,
            line: said.line,
            opened_at: now,
            needed_since: now,
            heard_at: now,
            calls: 1,
            calls_open: 1,
            injured: said.injured,
            drill: said.drill,
            escalated: None,
            needs: Needs::NONE,
            order: None,
            orders_open: 0,
            merged_into: None,
            bumps: 0,
            major: None,
            upward: Default::default(),
            attended: false,
            close_awaited: false,
            close_said_at: None,
        };
        let joinable = can_be_joined(&incident);
        let slot = super::state::present(self.state.incidents.insert(number, incident).ok());
        self.state.conservation.incidents_open += 1;
        let node = self.state.node(DueOf::Incident(slot));
        self.state.wheel.arm(node, now + self.finder.plan.lapse);
        if joinable {
            self.index_place(slot, said.place);
        }
        self.say(Event::IncidentOpened {
            incident: self.state.incident_id(slot),
            kind: said.assessment.kind,
            priority: said.assessment.priority,
            nature: said.assessment.nature,
            category: said.assessment.category,
            agencies: said.assessment.agencies,
            place: said.place,
            drill: said.drill,
        });
        self.review_level(slot);
        self.ask_for(slot, said.line);
        slot
    }

    pub(super) fn index_place(&mut self, slot: Slot, place: Option<Place>) {
        if let Some(place) = place {
            let plane = self.finder.plane(place.point);
            self.finder.incidents.insert(slot.0, plane.x_dm, plane.y_dm);
        }
    }

    /// New facts may raise an incident; a level only rises while it runs (N1).
    pub(super) fn raise(&mut self, slot: Slot, said: &Said) {
        let before = self.state.incident(slot).priority();
        let graver = self.take_worse(slot, said);
        let risen = self.review_level(slot);
        self.look_again_if_more_urgent(slot, before);
        if risen || graver {
            self.ask_for(slot, said.line);
        }
    }

    /// Takes what is graver or more in what is said; `false` when nothing is.
    pub(super) fn take_worse(&mut self, slot: Slot, said: &Said) -> bool {
        let incident = self.state.incident_mut(slot);
        let before = incident.assessment;
        incident.injured = incident.injured.max(said.injured);
        incident.assessment = raised(before, said.assessment);
        // What a person held it to be urgent stands, also where words come for a call that had none.
        if let Some(escalated) = incident.escalated {
            incident.assessment.priority = incident.assessment.priority.min(escalated);
        }
        let after = incident.assessment;
        if after == before {
            return false;
        }
        self.say(Event::IncidentRaised {
            incident: self.state.incident_id(slot),
            kind: after.kind,
            priority: after.priority,
            nature: after.nature,
            category: after.category,
            agencies: after.agencies,
        });
        if after.category != before.category {
            self.name_commander(slot);
        }
        if after.priority != before.priority {
            self.rerank(slot);
        }
        true
    }

    /// Says what became of the call: exactly one thing.
    fn decide(
        &mut self,
        call: CallId,
        report: &CallReport,
        slot: Option<Slot>,
        merged: bool,
        events_before: usize,
    ) {
        let mut ordered = false;
        let mut waits = false;
        let mut refused = false;
        // Who is called away for it is looked for again in the same record; that is another incident's.
        let own = slot.map(|slot| self.state.incident_id(slot));
        for event in &self.events[events_before..] {
            if let Event::OrderIssued(issued) = event {
                ordered |= Some(issued.incident) == own;
            } else if let Event::NeedWaits { incident, .. } = event {
                waits |= Some(*incident) == own;
            } else if let Event::NeedRefused { .. } = event {
                refused = true;
            }
        }
        let nature = report.assessment.nature;
        let outside = report.place.is_some_and(|place| place.district.is_none());
        let outcome = match slot {
            None if nature == Nature::Invalid => Outcome::Human,
            None => Outcome::Forwarded,
            Some(_) if merged => Outcome::Merged,
            Some(_) if matches!(nature, Nature::Enquiry | Nature::Complaint) && ordered => {
                Outcome::WorkOrder
            }
            Some(_) if ordered => Outcome::Ordered,
            Some(_) if outside || report.place.is_none() => Outcome::Human,
            Some(_) if waits => Outcome::Waiting,
            Some(_) => Outcome::Human,
        };
        let human = report.assessment.human
            || report.marks.is_damaged()
            || outside
            || refused
            || (report.place.is_none() && outcome != Outcome::Forwarded)
            || report.marks.contains(Mark::CellPlace)
            || matches!(outcome, Outcome::Human | Outcome::Waiting);
        let incident = slot.map(|slot| self.state.incident_id(slot));
        if let Some(known) = self.state.calls.get_mut(call.number()) {
            known.incident = incident;
            known.outcome = outcome;
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
        let conservation = &mut self.state.conservation;
        let counter = match outcome {
            Outcome::Ordered => &mut conservation.ordered,
            Outcome::Merged => &mut conservation.merged,
            Outcome::Forwarded => &mut conservation.forwarded,
            Outcome::WorkOrder => &mut conservation.work_order,
            Outcome::Human => &mut conservation.human,
            Outcome::Waiting => &mut conservation.waiting,
        };
        *counter += 1;
    }

    /// More is known of a call.
    pub(super) fn add_facts(&mut self, facts: &CallFacts) {
        let Some(call) = self.known_call(facts.call) else {
            return self.refuse(Refusal::UnknownCall);
        };
        if call.state.after(CallAct::Facts).is_none() {
            return self.refuse(Refusal::NotAllowedNow);
        }
        self.say(Event::CallAmended { call: facts.call });
        match self.open_incident_of(&call) {
            Some(slot) => self.amend(slot, facts),
            None => self.reconsider(&call, facts),
        }
    }

    /// The open incident that a call belongs to, through however many merges.
    pub(super) fn open_incident_of(&self, call: &Call) -> Option<Slot> {
        let mut at = call.incident;
        // A merge always leads to an incident that was open then, so the way has no circle.
        while let Some(slot) = at.and_then(|incident| self.state.incident_slot(incident)) {
            let incident = self.state.incident(slot);
            match incident.state {
                IncidentState::Open => return Some(slot),
                IncidentState::Closed => at = incident.merged_into,
            }
        }
        None
    }

    /// Changes every incident that counts a call among its own: the one it points to, and those that this was merged into.
    /// The last of them, as far as they are in hot state.
    fn each_incident_of(
        &mut self,
        call: &Call,
        mut change: impl FnMut(&mut Incident),
    ) -> Option<Slot> {
        let (mut at, mut last) = (call.incident, None);
        while let Some(slot) = at.and_then(|incident| self.state.incident_slot(incident)) {
            let incident = self.state.incident_mut(slot);
            change(incident);
            (at, last) = (incident.merged_into, Some(slot));
        }
        last
    }

    /// A call counts no longer for the incidents that it points to, of which the open one is named, if there is one: room may have been made
    /// of one on the way there.
    pub(super) fn leave_incidents(&mut self, call: &Call, open: Option<Slot>) {
        let is_open = u32::from(call.state == CallState::Open);
        let leave = |incident: &mut Incident| {
            incident.calls = incident.calls.saturating_sub(1);
            incident.calls_open = incident.calls_open.saturating_sub(is_open);
        };
        let last = self.each_incident_of(call, leave);
        if let Some(open) = open.filter(|&open| last != Some(open)) {
            leave(self.state.incident_mut(open));
        }
    }

    /// Facts for an incident that is being handled.
    fn amend(&mut self, slot: Slot, facts: &CallFacts) {
        let now = self.state.now;
        let incident = self.state.incident_mut(slot);
        incident.heard_at = now;
        let (drill, before) = (incident.drill, incident.place);
        // A first place, or the first inside the served area, is taken; a place that orders went out for stays.
        let better = facts.place.filter(|place| is_better(incident.place, place));
        if let Some(place) = better {
            incident.place = Some(place);
            let joinable = can_be_joined(incident);
            if joinable {
                self.index_place(slot, Some(place));
            }
            self.say(Event::IncidentPlaced {
                incident: self.state.incident_id(slot),
                place,
            });
        }
        let is_said = facts.assessment.is_some() || facts.injured.is_some();
        let held = self.state.incident(slot).assessment;
        let said = Said {
            assessment: facts.assessment.unwrap_or(held),
            place: None,
            injured: facts.injured.unwrap_or(0),
            line: None,
            drill,
        };
        let graver = is_said && self.take_worse(slot, &said);
        let risen = is_said && self.review_level(slot);
        // Only now, so that nobody is sought at an urgency that is not its own any more.
        match better {
            Some(_) => self.seek_all_waiting(slot),
            None => self.look_again_if_more_urgent(slot, held.priority),
        }
        if risen || graver {
            self.ask_for(slot, None);
        } else {
            self.ask_where_it_is(slot, before, None);
        }
    }

    /// Facts for a call that made no incident, or whose incident is closed: what they now say may need one.
    pub(super) fn reconsider(&mut self, call: &Call, facts: &CallFacts) {
        let Some(assessment) = facts
            .assessment
            .filter(|assessment| assessment.nature != Nature::Invalid)
        else {
            return;
        };
        let said = Said {
            assessment,
            place: facts.place.or(call.place),
            injured: facts.injured.unwrap_or(0),
            line: Some(call.line),
            drill: call.drill || facts.marks.contains(Mark::Drill),
        };
        if !self.opens_incident(&said) {
            return;
        }
        let joined = self.nearest_joinable(&said);
        if joined.is_none() && !self.make_room(assessment.priority) {
            return self.refuse(Refusal::IncidentsFull);
        }
        self.leave_incidents(call, None);
        let slot = match joined {
            Some((slot, distance_dm)) => {
                self.join(slot, facts.call, distance_dm);
                self.raise(slot, &said);
                slot
            }
            None => self.open_incident(&said),
        };
        let incident = self.state.incident_id(slot);
        if let Some(call) = self.state.calls.get_mut(facts.call.number()) {
            call.incident = Some(incident);
            call.state = CallState::Open;
        }
    }

    pub(super) fn known_call(&self, call: CallId) -> Option<Call> {
        (call.centre() == self.state.centre())
            .then(|| self.state.calls.get(call.number()).copied())
            .flatten()
    }

    /// A caller is done.
    pub(super) fn end_call(&mut self, id: CallId) {
        let Some(call) = self.known_call(id) else {
            return self.refuse(Refusal::UnknownCall);
        };
        let Some(next) = call.state.after(CallAct::End) else {
            return self.refuse(Refusal::NotAllowedNow);
        };
        if let Some(known) = self.state.calls.get_mut(id.number()) {
            known.state = next;
        }
        self.say(Event::CallEnded { call: id });
        self.each_incident_of(&call, |incident| {
            incident.calls_open = incident.calls_open.saturating_sub(1);
        });
        let Some(slot) = self.open_incident_of(&call) else {
            return;
        };
        let incident = self.state.incident(slot);
        if incident.calls_open == 0 && incident.needs.is_empty() {
            self.close_by_itself(slot, CloseReason::NothingNeeded);
        }
    }

    /// A person closes an incident.
    pub(super) fn close_by_person(&mut self, incident: IncidentId) {
        match self.state.incident_slot(incident) {
            None => self.refuse(Refusal::UnknownIncident),
            Some(slot) if self.state.incident(slot).state == IncidentState::Closed => {
                self.refuse(Refusal::NotAllowedNow);
            }
            Some(slot) if self.needs_follow_up(slot) => self.refuse(Refusal::FollowUpNeeded),
            Some(slot) => self.close(slot, CloseReason::Person),
        }
    }

    /// Closes an incident: its orders end and its units are free in the same step (S3).
    pub(super) fn close(&mut self, slot: Slot, reason: CloseReason) {
        let freed = self.end_incident(slot, reason);
        self.serve_waiting_together(&freed);
    }

    /// Ends an incident with all its orders and needs, and gives the units that are free now.
    pub(super) fn end_incident(&mut self, slot: Slot, reason: CloseReason) -> Freed {
        let id = self.state.incident_id(slot);
        let mut freed: Freed = [None; _];
        let mut count = 0;
        let mut order = self.state.incident(slot).order;
        while let Some(order_id) = order {
            let order_slot = super::state::present(self.state.order_slot(order_id));
            order = self.state.order(order_slot).sibling;
            if self.state.order(order_slot).state.is_open() {
                let unit = self.end_order(order_slot, OrderAct::Cancel);
                if let Some(free) = freed.get_mut(count) {
                    *free = Some(unit);
                    count += 1;
                }
            }
        }
        for need in 0..self.state.incident(slot).needs.len() as u8 {
            self.drop_need(slot, need);
        }
        self.end_major(slot, reason);
        self.state.incident_mut(slot).state = IncidentState::Closed;
        self.finder.incidents.remove(slot.0);
        let node = self.state.node(DueOf::Incident(slot));
        self.state.wheel.disarm(node);
        self.state.closed.push_back((id, self.state.now));
        self.state.conservation.incidents_open -= 1;
        self.say(Event::IncidentClosed {
            incident: id,
            reason,
        });
        freed
    }

    /// The local plans that hold at a place now.
    pub(super) fn locals_of(&self, place: Option<Place>) -> LocalSet {
        self.finder.locals(place.as_ref(), self.minute_of_day())
    }

    /// Opens the needs that an incident's assessment asks for and that it does not have yet (R1).
    pub(super) fn ask_for(&mut self, slot: Slot, line: Option<Line>) {
        let finder = &*self.finder;
        let incident = self.state.incident(slot);
        let (assessment, level) = (&incident.assessment, incident.level());
        let locals = self.locals_of(incident.place);
        let wanted = finder
            .plan
            .needs(assessment, level, line, locals, |capability| {
                finder.has(capability)
            });
        // Each capability is asked for once, so what is opened here counts for no later one.
        for spec in wanted.iter() {
            let needs = &self.state.incident(slot).needs;
            let had = needs
                .iter()
                .filter(|(_, need)| {
                    need.capability == spec.capability && need.state != NeedState::Dropped
                })
                .count();
            let mut refused = 0;
            for _ in had..usize::from(spec.count) {
                match self.open_need(slot, spec.capability) {
                    Some(need) => self.seek(slot, need, Seek::FIRST),
                    None => refused += 1,
                }
            }
            if refused > 0 {
                self.say(Event::NeedRefused {
                    incident: self.state.incident_id(slot),
                    capability: spec.capability,
                    count: refused,
                });
            }
        }
    }
}

/// What two assessments of one matter come to: the gravest kind, the union of agencies, the highest priority.
pub(super) fn raised(known: Assessment, said: Assessment) -> Assessment {
    if said.kind == Kind::Unknown {
        return known;
    }
    let graver = known.kind == Kind::Unknown || said.priority < known.priority;
    let lead = if graver { said } else { known };
    Assessment {
        kind: lead.kind,
        category: lead.category,
        priority: if known.kind == Kind::Unknown {
            said.priority
        } else {
            known.priority.min(said.priority)
        },
        nature: if known.kind == Kind::Unknown {
            said.nature
        } else {
            known.nature.min(said.nature)
        },
        agencies: known.agencies.union(said.agencies),
        confidence_permille: lead.confidence_permille,
        human: lead.human,
    }
}
