//! Major incidents: levels that rise, what is owed from then on, and the close that names who sees to what is left.

use super::Model;
use super::state::OwedUpward;
use engine::command::{FollowUp, UpwardReport};
use engine::event::{Event, LedgerMatter, Refusal};
use engine::id::IncidentId;
use engine::incident::CloseReason;
use engine::kind::Nature;
use engine::major::{
    IncidentClock, Level, LevelCause, MajorDeadlines, UpwardField, UpwardFields, UpwardStage,
};
use engine::moment::{Moment, Span};

/// The clock that runs out first; of equal ones a situation report before the first word before the written report.
pub(super) fn nearest_owed(owes: &[(IncidentClock, Moment)]) -> Option<(Moment, IncidentClock)> {
    owes.iter().map(|&(clock, due)| (due, clock)).min()
}

fn due_of(owes: &[(IncidentClock, Moment)], clock: IncidentClock) -> Option<Moment> {
    let mut found = owes.iter().filter(|known| known.0 == clock);
    found.next().map(|known| known.1)
}

const fn clock_of(stage: UpwardStage) -> IncidentClock {
    match stage {
        UpwardStage::First => IncidentClock::FirstWord,
        UpwardStage::Written => IncidentClock::WrittenReport,
    }
}

impl Model {
    /// What an incident owes of this clock from here on; `None`: nothing.
    fn owe(&mut self, id: IncidentId, clock: IncidentClock, due: Option<Moment>) {
        let owes = &mut self.incident_mut(id).owes;
        owes.retain(|known| known.0 != clock);
        owes.extend(due.map(|due| (clock, due)));
    }

    /// Raises an incident to what the plan makes of it, if that is graver than it is held.
    pub(super) fn review_level(&mut self, id: IncidentId) -> bool {
        let plan = self.plan_in_force();
        let known = self.incident(id);
        let reached = plan
            .major
            .level(&known.assessment, known.injured, known.calls);
        let Some((level, cause)) = reached.filter(|&(level, _)| Some(level) > known.level) else {
            return false;
        };
        self.rise(id, level, cause);
        true
    }

    pub(super) fn raise_by_person(&mut self, id: IncidentId, level: Level) {
        if !self.is_open_incident(id) {
            return;
        }
        if Some(level) <= self.incident(id).level {
            return self.refuse(Refusal::NotAllowedNow);
        }
        self.incident_mut(id).attended = true;
        self.rise(id, level, LevelCause::Person);
        self.ask_for(id, None);
    }

    /// A deadline that runs is only drawn nearer. What is owed upward is owed from the level on that asks for it first; what
    /// has come, or was missed, gets no new deadline.
    pub(super) fn rise(&mut self, id: IncidentId, level: Level, cause: LevelCause) {
        let (now, owed) = (self.now, self.plan_in_force().major.owed(level));
        self.incident_mut(id).level = Some(level);
        if let Some(pace) = owed.situation_report {
            let running = due_of(&self.incident(id).owes, IncidentClock::SituationReport);
            let due = running.map_or(now + pace, |running| running.min(now + pace));
            self.owe(id, IncidentClock::SituationReport, Some(due));
        }
        for (stage, span) in [
            (UpwardStage::First, owed.first_word),
            (UpwardStage::Written, owed.written_report),
        ] {
            let Some(due) = span.map(|span| now + span) else {
                continue;
            };
            let known = self.incident_mut(id);
            let mut owes = known.owes_upward.iter_mut();
            match owes.find(|known| known.stage == stage) {
                Some(known) if !known.missed => known.due = known.due.min(due),
                Some(_) => {}
                None => known.owes_upward.push(OwedUpward {
                    stage,
                    since: now,
                    due,
                    missed: false,
                }),
            }
            self.run_upward_clock(id, stage);
        }
        self.tell_level(id, level, cause);
    }

    /// The clock of a report upward runs while it is owed, has not come and was not missed. What came before any level asked
    /// for it is owed by none.
    fn run_upward_clock(&mut self, id: IncidentId, stage: UpwardStage) {
        let known = self.incident_mut(id);
        let told = known.told_upward.iter().any(|told| told.0 == stage);
        if told {
            known.owes_upward.retain(|owed| owed.stage != stage);
        }
        let mut owes = known.owes_upward.iter();
        let owed = owes.find(|owed| owed.stage == stage && !owed.missed);
        let due = owed.map(|owed| owed.due);
        self.owe(id, clock_of(stage), due);
    }

    fn clocks_owed(&self, id: IncidentId) -> MajorDeadlines {
        let owes = &self.incident(id).owes;
        MajorDeadlines {
            situation_report: due_of(owes, IncidentClock::SituationReport),
            first_word: due_of(owes, IncidentClock::FirstWord),
            written_report: due_of(owes, IncidentClock::WrittenReport),
        }
    }

    fn tell_level(&mut self, id: IncidentId, level: Level, cause: LevelCause) {
        let deadlines = self.clocks_owed(id);
        self.say(Event::LevelRaised {
            incident: id,
            level,
            cause,
            deadlines,
        });
        self.name_commander(id);
    }

    /// Who commands goes by class and level; of what is not major nobody does.
    pub(super) fn name_commander(&mut self, id: IncidentId) {
        let known = self.incident(id);
        let (class, plan) = (known.assessment.category, self.plan_in_force());
        let named = known
            .level
            .and_then(|level| plan.major.commander(class, level));
        if let Some(named) = named {
            self.say(Event::CommanderNamed {
                incident: id,
                zh: named.zh,
                en: named.en,
            });
        }
    }

    /// What was told upward is kept field by field.
    fn tell_upward(&mut self, id: IncidentId, stage: UpwardStage, fields: &[UpwardField]) {
        let told = &mut self.incident_mut(id).told_upward;
        let mut all: Vec<UpwardField> = fields.to_vec();
        all.extend(
            told.iter()
                .filter(|known| known.0 == stage)
                .flat_map(|known| known.1.iter().copied()),
        );
        all.sort_unstable();
        all.dedup();
        told.retain(|known| known.0 != stage);
        told.push((stage, all));
        told.sort();
        self.run_upward_clock(id, stage);
    }

    /// Two incidents that are one owe what either owes: the graver level, of each clock what is due first. What was told of
    /// one was told of both, and what was missed of one was missed.
    pub(super) fn join_duties(&mut self, from: IncidentId, into: IncidentId) {
        let gone = self.incident(from).clone();
        let (kept_level, before) = (self.incident(into).level, self.clocks_owed(into));
        let level = gone.level.max(kept_level);
        self.incident_mut(into).level = level;
        if let Some(due) = due_of(&gone.owes, IncidentClock::SituationReport) {
            let due = before.situation_report.map_or(due, |own| own.min(due));
            self.owe(into, IncidentClock::SituationReport, Some(due));
        }
        for other in gone.owes_upward {
            let owes = &mut self.incident_mut(into).owes_upward;
            match owes.iter_mut().find(|own| own.stage == other.stage) {
                Some(own) => {
                    own.since = own.since.min(other.since);
                    own.due = own.due.min(other.due);
                    own.missed |= other.missed;
                }
                None => owes.push(other),
            }
        }
        for (stage, fields) in &gone.told_upward {
            self.tell_upward(into, *stage, fields);
        }
        for &stage in UpwardStage::ALL {
            self.run_upward_clock(into, stage);
        }
        let deadlines = self.clocks_owed(into);
        match level {
            Some(level) if level > kept_level.unwrap_or(level) || kept_level.is_none() => {
                self.tell_level(into, level, LevelCause::Merged);
            }
            Some(_) if deadlines != before => self.say(Event::DutiesJoined {
                incident: into,
                deadlines,
            }),
            Some(_) | None => {}
        }
        self.review_level(into);
    }

    pub(super) fn report_situation(&mut self, id: IncidentId) {
        if !self.is_open_incident(id) {
            return;
        }
        let (now, plan) = (self.now, self.plan_in_force());
        let known = self.incident_mut(id);
        (known.heard_at, known.attended) = (now, true);
        let due = due_of(&self.incident(id).owes, IncidentClock::SituationReport);
        let pace = self.incident(id).level;
        let pace = pace.and_then(|level| plan.major.owed(level).situation_report);
        let next_due = pace.map(|pace| now + pace);
        self.owe(id, IncidentClock::SituationReport, next_due);
        self.say(Event::SituationReported {
            incident: id,
            due,
            next_due,
        });
    }

    pub(super) fn report_upward(&mut self, report: &UpwardReport) {
        let UpwardReport {
            incident: id,
            stage,
            fields,
        } = *report;
        if !self.is_open_incident(id) {
            return;
        }
        let (now, plan) = (self.now, self.plan_in_force());
        let known = self.incident_mut(id);
        (known.heard_at, known.attended) = (now, true);
        let due = due_of(&known.owes, clock_of(stage));
        let mut owes = known.owes_upward.iter();
        let since = owes.find(|owed| owed.stage == stage).map(|owed| owed.since);
        self.tell_upward(id, stage, &fields.iter().collect::<Vec<_>>());
        let mut told = self.incident(id).told_upward.iter();
        let told = told.find(|told| told.0 == stage);
        let said = |field| told.is_some_and(|told| told.1.contains(&field));
        let missing = plan.major.complete(stage).iter();
        let missing: UpwardFields = missing.filter(|&field| !said(field)).collect();
        let event = Event::ReportedUpward {
            incident: id,
            stage,
            due,
            delay_ms: since.map(|since| now.0 - since.0),
            missing,
        };
        self.say(event);
        if since.is_some() && !missing.is_empty() {
            let matter = match stage {
                UpwardStage::First => LedgerMatter::IncompleteFirstWord,
                UpwardStage::Written => LedgerMatter::IncompleteWrittenReport,
            };
            self.enter_of_incident(id, matter, now);
        }
    }

    pub(super) fn enter_of_incident(&mut self, id: IncidentId, matter: LedgerMatter, due: Moment) {
        self.say(Event::IncidentEntered {
            incident: id,
            matter,
            due,
        });
    }

    /// A report upward is late once. A situation report that never came is one; the next is owed a pace later.
    pub(super) fn major_clock_runs_out(&mut self, id: IncidentId) {
        let Some((due, clock)) = nearest_owed(&self.incident(id).owes) else {
            return;
        };
        let plan = self.plan_in_force();
        let pace = self.incident(id).level;
        let pace = pace.and_then(|level| plan.major.owed(level).situation_report);
        let (matter, next) = match clock {
            IncidentClock::SituationReport => (LedgerMatter::MissingSituationReport, pace),
            IncidentClock::FirstWord => (LedgerMatter::LateFirstWord, None::<Span>),
            IncidentClock::WrittenReport => (LedgerMatter::LateWrittenReport, None),
        };
        let next_due = next.map(|pace| due + pace);
        self.owe(id, clock, next_due);
        for owed in &mut self.incident_mut(id).owes_upward {
            owed.missed |= clock_of(owed.stage) == clock;
        }
        self.say(Event::IncidentClockMissed {
            incident: id,
            clock,
            due,
            next_due,
        });
        self.enter_of_incident(id, matter, due);
    }

    /// Nothing is owed any more. What was owed upward and never came is entered, but for what is one with another.
    pub(super) fn end_major(&mut self, id: IncidentId, reason: CloseReason) {
        self.incident_mut(id).owes.clear();
        let of_nothing = self.incident(id).assessment.nature == Nature::Invalid;
        if reason == CloseReason::Merged || of_nothing {
            return;
        }
        for (stage, matter) in [
            (UpwardStage::First, LedgerMatter::MissingFirstWord),
            (UpwardStage::Written, LedgerMatter::MissingWrittenReport),
        ] {
            let mut owes = self.incident(id).owes_upward.iter();
            if let Some(owed) = owes.find(|owed| owed.stage == stage).copied() {
                self.enter_of_incident(id, matter, owed.due);
            }
        }
    }

    /// Whether a close names who sees to what is left.
    pub(super) fn needs_follow_up(&self, id: IncidentId) -> bool {
        let known = self.incident(id);
        let plan = self.plan_in_force();
        plan.major.needs_follow_up(&known.assessment, known.level)
    }

    /// Nothing is left to do: it closes, or says once that a person must close it.
    pub(super) fn close_by_itself(&mut self, id: IncidentId, reason: CloseReason) {
        if !self.needs_follow_up(id) {
            self.close(id, reason);
        } else if !self.incident(id).close_awaited {
            self.await_close(id, reason);
        }
    }

    pub(super) fn await_close(&mut self, id: IncidentId, reason: CloseReason) {
        let now = self.now;
        let known = self.incident_mut(id);
        (known.close_awaited, known.close_said_at) = (true, Some(now));
        self.say(Event::CloseAwaited {
            incident: id,
            reason,
        });
    }

    pub(super) fn close_with_follow_up(&mut self, follow_up: &FollowUp) {
        let FollowUp {
            incident,
            unit,
            owner,
        } = *follow_up;
        if !self.is_open_incident(incident) {
            return;
        }
        if self.find_unit(unit).is_none() {
            return self.refuse(Refusal::UnknownUnit);
        }
        self.say(Event::FollowUpNamed {
            incident,
            unit,
            owner,
        });
        self.close(incident, CloseReason::Person);
    }
}
