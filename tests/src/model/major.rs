//! Major incidents: levels that rise, what is owed from then on, and the close that names who sees to what is left.

use super::Model;
use super::state::KnownIncident;
use engine::command::{FollowUp, UpwardReport};
use engine::event::{Event, LedgerMatter, Refusal};
use engine::id::IncidentId;
use engine::incident::CloseReason;
use engine::major::{IncidentClock, Level, LevelCause, MajorDeadlines, UpwardFields, UpwardStage};
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
        self.rise(id, level, LevelCause::Person);
        self.ask_for(id, None);
    }

    /// A deadline that runs is only drawn nearer. What is owed upward is owed from the level on that asks for it first; what
    /// has come, or has run out already, gets no new deadline.
    fn rise(&mut self, id: IncidentId, level: Level, cause: LevelCause) {
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
            let Some(span) = span else { continue };
            let running = due_of(&self.incident(id).owes, clock_of(stage));
            let upward = &mut self.incident_mut(id).upward;
            let known = upward.iter().find(|known| known.0 == stage).copied();
            match (known, running) {
                (Some((_, _, true)), _) | (Some((_, Some(_), false)), None) => {}
                (Some((_, Some(_), false)), Some(running)) => {
                    self.owe(id, clock_of(stage), Some(running.min(now + span)));
                }
                (None | Some((_, None, false)), _) => {
                    upward.retain(|known| known.0 != stage);
                    upward.push((stage, Some(now), false));
                    self.owe(id, clock_of(stage), Some(now + span));
                }
            }
        }
        self.tell_level(id, level, cause);
    }

    fn tell_level(&mut self, id: IncidentId, level: Level, cause: LevelCause) {
        let owes = &self.incident(id).owes;
        let deadlines = MajorDeadlines {
            situation_report: due_of(owes, IncidentClock::SituationReport),
            first_word: due_of(owes, IncidentClock::FirstWord),
            written_report: due_of(owes, IncidentClock::WrittenReport),
        };
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

    /// A report upward has come: it is owed no more.
    fn was_told(&mut self, id: IncidentId, stage: UpwardStage) {
        self.owe(id, clock_of(stage), None);
        let upward = &mut self.incident_mut(id).upward;
        let known = upward.iter().find(|known| known.0 == stage).copied();
        upward.retain(|known| known.0 != stage);
        upward.push((stage, known.and_then(|known| known.1), true));
    }

    /// Of two incidents that are one the graver level stays, with what is owed for it; what was told of one was told of
    /// both; together they may come to more.
    pub(super) fn inherit_level(&mut self, from: IncidentId, into: IncidentId) {
        let (gone, kept) = (self.incident(from).clone(), self.incident(into).clone());
        let told =
            |known: &KnownIncident, stage| known.upward.iter().any(|it| it.0 == stage && it.2);
        if let Some(level) = gone.level.filter(|&level| Some(level) > kept.level) {
            let taken = self.incident_mut(into);
            (taken.level, taken.owes, taken.upward) = (gone.level, gone.owes, gone.upward);
            for stage in UpwardStage::ALL {
                if told(&kept, *stage) {
                    self.was_told(into, *stage);
                }
            }
            self.tell_level(into, level, LevelCause::Merged);
        } else if kept.level.is_some() && gone.level.is_some() {
            for &stage in UpwardStage::ALL {
                if told(&gone, stage) && !told(&kept, stage) {
                    let due = due_of(&kept.owes, clock_of(stage));
                    self.was_told(into, stage);
                    self.say(Event::ReportedUpward {
                        incident: into,
                        stage,
                        due,
                        delay_ms: None,
                        missing: UpwardFields::default(),
                    });
                }
            }
        }
        self.review_level(into);
    }

    pub(super) fn report_situation(&mut self, id: IncidentId) {
        if !self.is_open_incident(id) {
            return;
        }
        let (now, plan) = (self.now, self.plan_in_force());
        self.incident_mut(id).heard_at = now;
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
        let missing = plan.major.complete(stage).iter();
        let missing: UpwardFields = missing.filter(|&field| !fields.contains(field)).collect();
        let known = self.incident_mut(id);
        known.heard_at = now;
        let due = due_of(&known.owes, clock_of(stage));
        let before = known.upward.iter().find(|known| known.0 == stage).copied();
        let since = match before {
            Some((_, since, false)) => since,
            Some((_, _, true)) | None => None,
        };
        if known.level.is_some() {
            known.upward.retain(|known| known.0 != stage);
            let owed_since = before.and_then(|before| before.1);
            known.upward.push((stage, owed_since, true));
        }
        self.owe(id, clock_of(stage), None);
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

    fn enter_of_incident(&mut self, id: IncidentId, matter: LedgerMatter, due: Moment) {
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
        let owes = std::mem::take(&mut self.incident_mut(id).owes);
        if reason == CloseReason::Merged {
            return;
        }
        for (stage, matter) in [
            (UpwardStage::First, LedgerMatter::MissingFirstWord),
            (UpwardStage::Written, LedgerMatter::MissingWrittenReport),
        ] {
            let mut upward = self.incident(id).upward.iter();
            let owed = upward.any(|known| matches!(*known, (of, Some(_), false) if of == stage));
            if owed {
                let due = due_of(&owes, clock_of(stage)).unwrap_or(self.now);
                self.enter_of_incident(id, matter, due);
            }
        }
    }

    /// Whether a close names who sees to what is left.
    pub(super) fn needs_follow_up(&self, id: IncidentId) -> bool {
        let known = self.incident(id);
        let plan = self.plan_in_force();
        plan.major
            .needs_follow_up(known.assessment.kind, known.level)
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
        self.incident_mut(id).close_awaited = true;
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
