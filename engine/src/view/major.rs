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

/// A report upward that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpwardView {
    /// When it came first.
    pub at: Moment,
    /// The newest record with its words.
    pub record: Sequence,
    /// How long it was owed; `None`: it was not.
    pub delay: Option<Span>,
    /// What the newest one leaves out.
    pub missing: UpwardFields,
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
    /// Clocks that ran out, by [`IncidentClock`].
    pub missed: [u32; IncidentClock::ALL.len()],
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
        let Some(incident) = incident_of(event) else {
            return;
        };
        let Some(known) = self.incidents.get_mut(&incident) else {
            return;
        };
        let before = known.conduct.nearest();
        known.conduct.hear(event, heard);
        let after = known.conduct.nearest();
        if before != after {
            before.map(|due| self.incidents_due.remove(&(due, incident)));
            self.incidents_due.extend(after.map(|due| (due, incident)));
        }
    }
}

/// The incident whose conduct an event is about.
fn incident_of(event: &Event) -> Option<IncidentId> {
    if let Event::LevelRaised { incident, .. }
    | Event::CommanderNamed { incident, .. }
    | Event::SituationReported { incident, .. }
    | Event::ReportedUpward { incident, .. }
    | Event::IncidentClockMissed { incident, .. }
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
                missed: known.map_or([0; _], |known| known.missed),
            });
        } else if let Event::CommanderNamed { zh, en, .. } = *event {
            self.change(|major| major.commander = Some((zh, en)));
        } else if let Event::SituationReported { next_due, .. } = *event {
            if self.situations.len() == SITUATIONS_MAX {
                self.situations.pop_front();
            }
            self.situations.push_back(heard.sequence);
            self.change(|major| major.clocks.situation_report = next_due);
        } else if let Event::IncidentClockMissed {
            clock, next_due, ..
        } = *event
        {
            self.change(|major| {
                *major.clocks.slot(clock) = next_due;
                let missed = &mut major.missed[clock as usize];
                *missed = missed.saturating_add(1);
            });
        } else if let Event::CloseAwaited { reason, .. } = *event {
            let since = self.close_awaited.map_or(heard.at, |(since, _)| since);
            self.close_awaited = Some((since, reason));
        } else if let Event::NeedOpened { .. } = *event {
            self.close_awaited = None;
        } else if let Event::FollowUpNamed { unit, owner, .. } = *event {
            self.follow_up = Some(FollowUpView {
                unit,
                owner,
                record: heard.sequence,
            });
        } else if let Event::IncidentClosed { .. } = *event {
            self.close_awaited = None;
            self.change(|major| major.clocks = MajorDeadlines::default());
        } else {
            self.hear_of_upward(event, heard);
        }
    }

    /// What was told of either of two incidents that are one was told of both.
    pub(super) fn join(&mut self, other: &ConductView) {
        for (told, other) in self.upward.iter_mut().zip(other.upward) {
            *told = told.or(other);
        }
        self.situations.extend(&other.situations);
        self.situations.make_contiguous().sort_unstable();
        let many = self.situations.len().saturating_sub(SITUATIONS_MAX);
        self.situations.drain(..many);
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
        let told = &mut self.upward[stage as usize];
        let before = *told;
        *told = Some(UpwardView {
            at: before.map_or(heard.at, |before| before.at),
            record: heard.sequence,
            delay: before
                .and_then(|before| before.delay)
                .or(delay_ms.map(Span)),
            missing,
        });
        self.change(|major| *major.clocks.slot(stage.clock()) = None);
    }

    /// When the first of its clocks runs out.
    pub(super) fn nearest(&self) -> Option<Moment> {
        Some(self.major?.clocks.nearest()?.1)
    }

    fn change(&mut self, change: impl FnOnce(&mut MajorView)) {
        if let Some(major) = &mut self.major {
            change(major);
        }
    }
}
