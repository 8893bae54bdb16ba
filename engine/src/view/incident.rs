//! Incidents as readers see them: what they are held to be, what they need, who calls about them.

use super::{ConductView, Heard, View, behind};
use crate::capability::Capability;
use crate::command::Command;
use crate::event::Event;
use crate::id::{CallId, IncidentId, OrderId, Sequence};
use crate::incident::{CloseReason, NeedState, Shortage};
use crate::kind::{AgencySet, Category, Kind, Nature, Priority};
use crate::moment::Moment;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Newest records of callers' words that an incident names.
pub(super) const REPORTS_MAX: usize = 64;

/// A need as readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedView {
    /// What its unit must be able to do.
    pub capability: Capability,
    /// Where it stands.
    pub state: NeedState,
    /// Why it has no unit, while it waits.
    pub shortage: Option<Shortage>,
    /// Since when it waits.
    pub waits_since: Option<Moment>,
    /// The order that serves it, or the last that was to.
    pub order: Option<OrderId>,
}

impl NeedView {
    /// Whether a unit that comes free can serve it.
    pub(super) fn waits_for_a_unit(&self) -> bool {
        let for_want = self.shortage.is_some_and(Shortage::is_for_want_of_a_unit);
        self.state == NeedState::Waiting && for_want
    }
}

/// A record with a caller's words about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRef {
    /// The call.
    pub call: CallId,
    /// The record.
    pub record: Sequence,
}

/// An incident as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentView {
    /// What it is held to be.
    pub kind: Kind,
    /// Its urgency.
    pub priority: Priority,
    /// What it asks for.
    pub nature: Nature,
    /// Its class.
    pub category: Category,
    /// Everybody whom it concerns.
    pub agencies: AgencySet,
    /// Where.
    pub place: Option<Place>,
    /// Nobody is sent (D1).
    pub drill: bool,
    /// How many are said to be hurt.
    pub injured: u16,
    /// When it was opened.
    pub opened_at: Moment,
    /// When and why it was closed.
    pub closed: Option<(Moment, CloseReason)>,
    /// The incident that its calls belong to since it was merged.
    pub merged_into: Option<IncidentId>,
    /// Calls that point to it.
    pub calls: u32,
    /// The newest records of what callers said, oldest first.
    pub reports: VecDeque<ReportRef>,
    /// What it needs, by index.
    pub needs: Vec<NeedView>,
    /// Its orders, oldest first, ended ones too.
    pub orders: Vec<OrderId>,
    /// Its level, what it owes, and how its close stands.
    pub conduct: ConductView,
}

impl IncidentView {
    /// Whether it is being handled.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    fn hear_words(&mut self, call: CallId, record: Sequence) {
        if self
            .reports
            .back()
            .is_some_and(|last| last.record == record)
        {
            return;
        }
        if self.reports.len() == REPORTS_MAX {
            self.reports.pop_front();
        }
        self.reports.push_back(ReportRef { call, record });
    }

    /// Takes in what was said of another incident, each record once; the newest stay.
    fn hear_all(&mut self, reports: VecDeque<ReportRef>) {
        self.reports.extend(reports);
        let all = self.reports.make_contiguous();
        all.sort_by_key(|report| report.record);
        let mut known = Vec::from(std::mem::take(&mut self.reports));
        known.dedup();
        let many = known.len().saturating_sub(REPORTS_MAX);
        self.reports = known.split_off(many).into();
    }
}

impl View {
    /// An incident that is open, or was closed within a day.
    pub fn incident(&self, incident: IncidentId) -> Option<&IncidentView> {
        self.incidents.get(&incident)
    }

    /// All incidents that are open or were closed within a day, in the order of their ids, after `after`.
    pub fn incidents_after(
        &self,
        after: Option<IncidentId>,
    ) -> impl Iterator<Item = (IncidentId, &IncidentView)> {
        self.incidents
            .range(behind(after))
            .map(|(&id, incident)| (id, incident))
    }

    /// Open incidents in the order of their ids, after `after`.
    pub fn open_incidents_after(
        &self,
        after: Option<IncidentId>,
    ) -> impl Iterator<Item = (IncidentId, &IncidentView)> {
        self.incidents_open
            .range(behind(after))
            .filter_map(|id| Some((*id, self.incidents.get(id)?)))
    }

    /// Up to `most` open incidents by the time that is left on their nearest clock; those without a clock come last.
    pub fn incidents_by_clock(&self, most: usize) -> Vec<(IncidentId, &IncidentView)> {
        let mut chosen = Vec::with_capacity(most.min(self.incidents_open.len()));
        let mut seen = std::collections::BTreeSet::new();
        // Both are sorted: the nearer of the two comes first, each time.
        let mut of_orders = self.due.iter().peekable();
        let mut of_incidents = self.incidents_due.iter().peekable();
        let clocked = std::iter::from_fn(|| {
            let of_order = of_orders.peek().map(|(due, _)| *due);
            let of_incident = of_incidents.peek().map(|(due, _)| *due);
            match (of_order, of_incident) {
                (order, Some(due)) if order.is_none_or(|order| due < order) => {
                    of_incidents.next().map(|&(_, incident)| Some(incident))
                }
                _ => of_orders
                    .next()
                    .map(|(_, order)| Some(self.orders.get(order)?.incident)),
            }
        })
        .flatten();
        // An incident without a clock is old news or has nobody yet: those that wait for a unit go before the rest.
        let waiting = self.waiting.iter().map(|&(incident, _)| incident);
        let others = self.incidents_open.iter().copied();
        for id in clocked.chain(waiting).chain(others) {
            if chosen.len() == most {
                break;
            }
            if let (true, Some(incident)) = (seen.insert(id), self.incidents.get(&id)) {
                chosen.push((id, incident));
            }
        }
        chosen
    }

    /// How many incidents are open.
    pub fn incidents_open(&self) -> usize {
        self.incidents_open.len()
    }

    pub(super) fn hear_of_incident(&mut self, event: &Event, heard: Heard<'_>) {
        if let Event::IncidentOpened { .. } = *event {
            self.open_incident(event, heard);
        } else if let Event::IncidentJoined { incident, call, .. } = *event {
            let injured = injured_of(heard.command);
            self.change_incident(incident, |known| {
                known.calls += 1;
                known.injured = known.injured.max(injured);
            });
            self.adopt(call, incident, heard);
        } else if let Event::IncidentPlaced { incident, place } = *event {
            self.change_incident(incident, |known| known.place = Some(place));
        } else if let Event::IncidentRaised {
            incident,
            kind,
            priority,
            nature,
            category,
            agencies,
        }
        | Event::IncidentReclassified {
            incident,
            kind,
            priority,
            nature,
            category,
            agencies,
        } = *event
        {
            self.change_incident(incident, |known| {
                (known.kind, known.priority, known.nature) = (kind, priority, nature);
                (known.category, known.agencies) = (category, agencies);
            });
        } else if let Event::IncidentClosed { incident, reason } = *event {
            self.change_incident(incident, |known| known.closed = Some((heard.at, reason)));
            self.incidents_open.remove(&incident);
            self.incidents_closed.push_back((heard.at, incident));
        } else if let Event::IncidentMerged { from, into, calls } = *event {
            self.merge_incidents(from, into, calls);
        } else if let Event::CallSplit { call, from, into } = *event {
            self.leave_incidents(call);
            self.point(call, Some(into));
            self.split_incident(call, from, into, heard.sequence);
        } else if let Event::IncidentReopened { .. } = *event {
            self.reopen_incident(event);
        } else if let Event::CallDecided {
            call,
            incident: Some(incident),
            ..
        } = *event
        {
            self.change_incident(incident, |known| known.hear_words(call, heard.sequence));
        } else if let Event::CallAmended { call } = *event {
            self.amend_incident(call, heard);
        }
    }

    fn open_incident(&mut self, event: &Event, heard: Heard<'_>) {
        let Event::IncidentOpened {
            incident,
            kind,
            priority,
            nature,
            category,
            agencies,
            place,
            drill,
        } = *event
        else {
            return;
        };
        self.incidents_open.insert(incident);
        let view = IncidentView {
            kind,
            priority,
            nature,
            category,
            agencies,
            place,
            drill,
            injured: injured_of(heard.command),
            opened_at: heard.at,
            closed: None,
            merged_into: None,
            calls: 1,
            reports: VecDeque::new(),
            needs: Vec::new(),
            orders: Vec::new(),
            conduct: ConductView::default(),
        };
        self.incidents.insert(incident, view);
        // Facts that made an incident of a call: the call points to it from here on, and its words belong to it.
        if let Command::AddFacts(facts) = *heard.command {
            self.adopt(facts.call, incident, heard);
        } else if let Command::JudgeCall(verdict) = *heard.command {
            self.adopt(verdict.call, incident, heard);
        }
    }

    /// A call points to an incident from here on, and what its caller said belongs to it.
    fn adopt(&mut self, call: CallId, incident: IncidentId, heard: Heard<'_>) {
        let taken = self.call(call).map(|known| known.taken);
        self.leave_incidents(call);
        self.point(call, Some(incident));
        let words = matches!(heard.command, Command::AddFacts(_)).then_some(heard.sequence);
        self.change_incident(incident, |known| {
            for record in taken.into_iter().chain(words) {
                known.hear_words(call, record);
            }
        });
    }

    fn amend_incident(&mut self, call: CallId, heard: Heard<'_>) {
        let Some(incident) = self.incident_of(call) else {
            return;
        };
        let injured = injured_of(heard.command);
        let words = matches!(heard.command, Command::AddFacts(_));
        self.change_incident(incident, |known| {
            known.injured = known.injured.max(injured);
            if words {
                known.hear_words(call, heard.sequence);
            }
        });
    }

    /// The incident that a call belongs to, through however many merges.
    pub fn incident_of(&self, call: CallId) -> Option<IncidentId> {
        let mut at = self.call(call)?.incident?;
        while let Some(into) = self.incidents.get(&at).and_then(|known| known.merged_into) {
            at = into;
        }
        Some(at)
    }

    fn merge_incidents(&mut self, from: IncidentId, into: IncidentId, calls: u32) {
        let Some(gone) = self.incidents.get_mut(&from) else {
            return;
        };
        gone.merged_into = Some(into);
        let (reports, injured) = (gone.reports.clone(), gone.injured);
        let conduct = gone.conduct.clone();
        self.change_incident(into, |known| {
            known.calls += calls;
            known.injured = known.injured.max(injured);
            known.hear_all(reports);
        });
        self.change_conduct(into, |known| known.join(&conduct));
    }

    /// An incident is handled again. One that readers have been told of long ago is as if it were new.
    fn reopen_incident(&mut self, event: &Event) {
        let Event::IncidentReopened {
            incident,
            from,
            calls,
            kind,
            priority,
            nature,
            category,
            agencies,
            place,
            injured,
            drill,
            opened_at,
        } = *event
        else {
            return;
        };
        let gone = self.incidents.remove(&incident);
        let (reports, orders, mut conduct) = gone
            .map(|gone| (gone.reports, gone.orders, gone.conduct))
            .unwrap_or_default();
        conduct.follow_up = None;
        let back = IncidentView {
            kind,
            priority,
            nature,
            category,
            agencies,
            place,
            drill,
            injured,
            opened_at,
            closed: None,
            merged_into: None,
            calls,
            reports,
            needs: Vec::new(),
            orders,
            conduct,
        };
        self.incidents.insert(incident, back);
        self.incidents_open.insert(incident);
        self.incidents_closed
            .retain(|&(_, closed)| closed != incident);
        self.part(incident, from, calls);
    }

    /// What calls of an incident have said leaves those that it had been merged into, and so do the calls.
    fn part(&mut self, incident: IncidentId, from: Option<IncidentId>, calls: u32) {
        let mut at = from;
        while let Some(id) = at {
            let Some(left) = self.incidents.get_mut(&id) else {
                return;
            };
            left.calls = left.calls.saturating_sub(calls);
            at = left.merged_into;
            let reports = std::mem::take(&mut left.reports).into_iter();
            let (moved, stay) =
                reports.partition(|report| self.incident_of(report.call) == Some(incident));
            self.change_incident(id, |known| known.reports = stay);
            self.change_incident(incident, |known| known.hear_all(moved));
        }
    }

    /// A call counts no longer among those of the incidents that it pointed to.
    fn leave_incidents(&mut self, call: CallId) {
        let mut at = self.call(call).and_then(|known| known.incident);
        while let Some(known) = at.and_then(|incident| self.incidents.get_mut(&incident)) {
            known.calls = known.calls.saturating_sub(1);
            at = known.merged_into;
        }
    }

    fn split_incident(
        &mut self,
        call: CallId,
        from: IncidentId,
        into: IncidentId,
        record: Sequence,
    ) {
        let mut moved: Vec<ReportRef> = Vec::new();
        self.change_incident(from, |known| {
            known.reports.retain(|report| {
                let stays = report.call != call;
                if !stays {
                    moved.push(*report);
                }
                stays
            });
        });
        self.change_incident(into, |known| {
            known.reports.extend(moved);
            if known.reports.is_empty() {
                known.hear_words(call, record);
            }
        });
    }

    pub(super) fn change_incident(
        &mut self,
        incident: IncidentId,
        change: impl FnOnce(&mut IncidentView),
    ) {
        if let Some(known) = self.incidents.get_mut(&incident) {
            change(known);
        }
    }

    pub(super) fn hear_of_need(&mut self, event: &Event, heard: Heard<'_>) {
        if let Event::NeedOpened {
            incident,
            capability,
            ..
        } = *event
        {
            let need = NeedView {
                capability,
                state: NeedState::Waiting,
                shortage: None,
                waits_since: None,
                order: None,
            };
            self.change_incident(incident, |known| known.needs.push(need));
        } else if let Event::NeedWaits {
            incident,
            need,
            shortage,
            ..
        } = *event
        {
            if shortage.is_for_want_of_a_unit() {
                self.waiting.insert((incident, need));
            } else {
                self.waiting.remove(&(incident, need));
            }
            self.change_need(incident, need, |known| {
                (known.state, known.shortage) = (NeedState::Waiting, Some(shortage));
                known.waits_since = known.waits_since.or(Some(heard.at));
            });
        } else if let Event::NeedMet { incident, need } = *event {
            self.change_need(incident, need, |known| known.state = NeedState::Met);
        } else if let Event::NeedDone { incident, need } = *event {
            self.change_need(incident, need, |known| known.state = NeedState::Done);
        } else if let Event::NeedDropped { incident, need } = *event {
            self.waiting.remove(&(incident, need));
            self.change_need(incident, need, |known| {
                (known.state, known.waits_since) = (NeedState::Dropped, None)
            });
        } else if let Event::OrderIssued(issued) = event {
            self.waiting.remove(&(issued.incident, issued.need));
            self.change_need(issued.incident, issued.need, |known| {
                (known.state, known.shortage) = (NeedState::Ordered, None);
                known.waits_since = None;
                known.order = Some(issued.order);
            });
        }
    }

    pub(super) fn change_need(
        &mut self,
        incident: IncidentId,
        need: u8,
        change: impl FnOnce(&mut NeedView),
    ) {
        let known = self.incidents.get_mut(&incident);
        if let Some(need) = known.and_then(|known| known.needs.get_mut(usize::from(need))) {
            change(need);
        }
    }
}

/// How many are said to be hurt in a command.
fn injured_of(command: &Command) -> u16 {
    if let Command::TakeCall(report) = command {
        report.injured
    } else if let Command::AddFacts(facts) = command {
        facts.injured.unwrap_or(0)
    } else if let Command::SplitCall(split) = command {
        split.injured
    } else {
        0
    }
}
