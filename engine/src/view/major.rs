//! What readers know of a major incident: its level, who commands, what it owes and what has come (L1, X4, X9, H6, X5).

use super::{Heard, View};
use crate::event::Event;
use crate::id::{IncidentId, Sequence, UnitId};
use crate::incident::CloseReason;
use crate::major::{IncidentClock, Level, LevelCause, MajorDeadlines, UpwardFields, UpwardStage};
use crate::moment::{Moment, Span};
use crate::name::Name;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Newest records of situation reports that an incident names.
pub(super) const SITUATIONS_MAX: usize = 32;
/// Newest records of reports upward of one stage that an incident names.
pub(super) const TOLD_MAX: usize = 8;

/// A report upward that has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpwardView {
    /// When it came first.
    pub at: Moment,
    /// The newest records with its words, oldest first.
    pub records: VecDeque<Sequence>,
    /// How long it was owed; `None`: it was not.
    pub delay: Option<Span>,
    /// What none of them has said.
    pub missing: UpwardFields,
}

impl UpwardView {
    /// The same report of two incidents that are one: what was told of either was told of both.
    fn join(&mut self, other: &UpwardView) {
        self.at = self.at.min(other.at);
        self.delay = self.delay.or(other.delay);
        self.missing = self.missing.intersection(other.missing);
        join_newest(&mut self.records, &other.records, TOLD_MAX);
    }
}

/// An incident that is or was major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MajorView {
    /// Its level.
    pub level: Level,
    /// Why it has it.
    pub cause: LevelCause,
    /// Since when it has a level at all.
    pub since: Moment,
    /// Who commands at the scene, in Chinese and English.
    pub commander: Option<(Name, Name)>,
    /// The clocks that run.
    pub clocks: MajorDeadlines,
}

/// Who sees to what is left of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUpView {
    /// The unit that owns it.
    pub unit: UnitId,
    /// The person of that unit.
    pub owner: Name,
    /// The record that says what is to be done.
    pub record: Sequence,
}

/// What is kept of an incident's conduct.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConductView {
    /// Its level and what it owes, once it is major.
    pub major: Option<MajorView>,
    /// Deadlines that have run out and whose report has not come since; of situation reports the first.
    pub overdue: MajorDeadlines,
    /// What was told upward, by [`UpwardStage`].
    pub upward: [Option<UpwardView>; UpwardStage::ALL.len()],
    /// The newest records of situation reports, oldest first.
    pub situations: VecDeque<Sequence>,
    /// Since when, and why, only a person's close is awaited.
    pub close_awaited: Option<(Moment, CloseReason)>,
    /// Who sees to what is left.
    pub follow_up: Option<FollowUpView>,
}

impl View {
    pub(super) fn hear_of_conduct(&mut self, event: &Event, heard: Heard<'_>) {
        if let Some(incident) = incident_of(event) {
            self.change_conduct(incident, |conduct| conduct.hear(event, heard));
        }
    }

    /// Whether an event is about how a drill is conducted: that is like the real thing, and nobody's breach (D1).
    pub fn is_of_a_drill(&self, event: &Event) -> bool {
        incident_of(event).is_some_and(|incident| self.is_drill(incident))
    }

    /// Changes what is kept of an incident's conduct, and its place among the clocks with it.
    pub(super) fn change_conduct(
        &mut self,
        incident: IncidentId,
        change: impl FnOnce(&mut ConductView),
    ) {
        let Some(known) = self.incidents.get_mut(&incident) else {
            return;
        };
        let before = known.conduct.nearest();
        change(&mut known.conduct);
        let after = known.conduct.nearest();
        if before != after {
            before.map(|due| self.incidents_due.remove(&(due, incident)));
            self.incidents_due.extend(after.map(|due| (due, incident)));
        }
    }
}

/// The incident whose conduct an event is about.
fn incident_of(event: &Event) -> Option<IncidentId> {
    if let Event::OrderIssued(issued) = event {
        Some(issued.incident)
    } else if let Event::OrderTransferred { into, .. } = *event {
        Some(into)
    } else if let Event::LevelRaised { incident, .. }
    | Event::DutiesJoined { incident, .. }
    | Event::CommanderNamed { incident, .. }
    | Event::SituationReported { incident, .. }
    | Event::ReportedUpward { incident, .. }
    | Event::IncidentClockMissed { incident, .. }
    | Event::IncidentEntered { incident, .. }
    | Event::CloseAwaited { incident, .. }
    | Event::FollowUpNamed { incident, .. }
    | Event::NeedOpened { incident, .. }
    | Event::IncidentClosed { incident, .. } = *event
    {
        Some(incident)
    } else {
        None
    }
}

impl ConductView {
    fn hear(&mut self, event: &Event, heard: Heard<'_>) {
        if let Event::LevelRaised {
            level,
            cause,
            deadlines,
            ..
        } = *event
        {
            let known = self.major;
            self.major = Some(MajorView {
                level,
                cause,
                since: known.map_or(heard.at, |known| known.since),
                commander: known.and_then(|known| known.commander),
                clocks: deadlines,
            });
        } else if let Event::DutiesJoined { deadlines, .. } = *event {
            self.change(|major| major.clocks = deadlines);
        } else if let Event::CommanderNamed { zh, en, .. } = *event {
            self.change(|major| major.commander = Some((zh, en)));
        } else if let Event::SituationReported { next_due, .. } = *event {
            if self.situations.len() == SITUATIONS_MAX {
                self.situations.pop_front();
            }
            self.situations.push_back(heard.sequence);
            self.overdue.situation_report = None;
            self.change(|major| major.clocks.situation_report = next_due);
        } else if let Event::IncidentClockMissed {
            clock,
            due,
            next_due,
            ..
        } = *event
        {
            self.overdue.slot(clock).get_or_insert(due);
            self.change(|major| *major.clocks.slot(clock) = next_due);
        } else if let Event::CloseAwaited { reason, .. } = *event {
            let since = self.close_awaited.map_or(heard.at, |(since, _)| since);
            self.close_awaited = Some((since, reason));
        } else if let Event::NeedOpened { .. }
        | Event::OrderIssued(_)
        | Event::OrderTransferred { .. } = *event
        {
            self.close_awaited = None;
        } else if let Event::FollowUpNamed { unit, owner, .. } = *event {
            self.follow_up = Some(FollowUpView {
                unit,
                owner,
                record: heard.sequence,
            });
        } else if let Event::IncidentClosed { .. } = *event {
            self.close_awaited = None;
            self.overdue = MajorDeadlines::default();
            self.change(|major| major.clocks = MajorDeadlines::default());
        } else {
            self.hear_of_upward(event, heard);
        }
    }

    /// What was told of either of two incidents that are one was told of both; what is overdue of either is of both. The clocks
    /// that run are said by an event of their own.
    pub(super) fn join(&mut self, other: &ConductView) {
        for (told, other) in self.upward.iter_mut().zip(&other.upward) {
            match (told, other) {
                (Some(told), Some(other)) => told.join(other),
                (told @ None, other) => told.clone_from(other),
                (Some(_), None) => {}
            }
        }
        for &clock in IncidentClock::ALL {
            let overdue = [self.overdue.get(clock), other.overdue.get(clock)];
            *self.overdue.slot(clock) = overdue.into_iter().flatten().min();
        }
        for &stage in UpwardStage::ALL {
            if self.upward[stage as usize].is_some() {
                *self.overdue.slot(stage.clock()) = None;
            }
        }
        join_newest(&mut self.situations, &other.situations, SITUATIONS_MAX);
    }

    fn hear_of_upward(&mut self, event: &Event, heard: Heard<'_>) {
        let Event::ReportedUpward {
            stage,
            delay_ms,
            missing,
            ..
        } = *event
        else {
            return;
        };
        let told = self.upward[stage as usize].get_or_insert_with(|| UpwardView {
            at: heard.at,
            records: VecDeque::new(),
            delay: None,
            missing,
        });
        told.delay = told.delay.or(delay_ms.map(Span));
        told.missing = missing;
        if told.records.len() == TOLD_MAX {
            told.records.pop_front();
        }
        told.records.push_back(heard.sequence);
        *self.overdue.slot(stage.clock()) = None;
        self.change(|major| *major.clocks.slot(stage.clock()) = None);
    }

    /// When the first of its clocks runs out, or ran out whose report upward is still awaited.
    pub(super) fn nearest(&self) -> Option<Moment> {
        let running = self.major.and_then(|major| major.clocks.nearest());
        let overdue = UpwardStage::ALL.iter();
        let overdue = overdue.filter_map(|stage| self.overdue.get(stage.clock()));
        overdue.chain(running.map(|(_, due)| due)).min()
    }

    fn change(&mut self, change: impl FnOnce(&mut MajorView)) {
        if let Some(major) = &mut self.major {
            change(major);
        }
    }
}

/// Takes records of another list into a sorted one that keeps the newest.
fn join_newest(records: &mut VecDeque<Sequence>, others: &VecDeque<Sequence>, most: usize) {
    records.extend(others);
    records.make_contiguous().sort_unstable();
    let many = records.len().saturating_sub(most);
    records.drain(..many);
}
