//! Major incidents: what raises one, what it owes from then on, and how it is closed.
//!
//! A level only rises (L1, N1): by the plan's rules, by a person, by a merge. With it come needs (R1), a commander at the
//! scene (X9), situation reports at a pace (X4) and reports upward with their deadlines (H6). What never came is entered
//! in the ledger, as of an order's clocks (`due`). Where the plan wants a follow-up named, nothing closes by itself (X5),
//! and nothing lapses that a person has taken up.

use super::Desk;
use super::state::DueOf;
use crate::call::Assessment;
use crate::command::{FollowUp, LevelRaise, UpwardReport};
use crate::event::{Event, LedgerMatter, Refusal};
use crate::id::IncidentId;
use crate::incident::{CloseReason, Incident};
use crate::kind::Nature;
use crate::major::{IncidentClock, Level, LevelCause, Major, MajorDeadlines, UpwardStage};
use crate::moment::{Moment, Span};
use crate::table::Slot;

impl Desk<'_> {
    /// Holds an incident against the plan's rules and raises it, if they ask for more than it has; `true` if so.
    pub(super) fn review_level(&mut self, slot: Slot) -> bool {
        let incident = self.state.incident(slot);
        let rules = &self.finder.plan.major;
        let reached = rules.level(&incident.assessment, incident.injured, incident.calls);
        match reached {
            Some((level, cause)) if incident.level() < Some(level) => {
                self.raise_level(slot, level, cause);
                true
            }
            Some(_) | None => false,
        }
    }

    /// A person holds an incident to be graver (L1).
    pub(super) fn raise_by_person(&mut self, raise: LevelRaise) {
        let Some(slot) = self.open_slot(raise.incident) else {
            return;
        };
        if self.state.incident(slot).level() >= Some(raise.level) {
            return self.refuse(Refusal::NotAllowedNow);
        }
        self.state.incident_mut(slot).attended = true;
        self.raise_level(slot, raise.level, LevelCause::Person);
        self.ask_for(slot, None);
    }

    /// An incident is of this level from here on. A deadline that runs is only ever drawn nearer.
    fn raise_level(&mut self, slot: Slot, level: Level, cause: LevelCause) {
        let owed = self.finder.plan.major.owed(level);
        let now = self.state.now;
        let incident = self.state.incident_mut(slot);
        let mut major = incident.major.unwrap_or(Major {
            level,
            deadlines: MajorDeadlines::default(),
        });
        major.level = level;
        // X4: from here on at this pace.
        draw_nearer(
            &mut major.deadlines.situation_report,
            owed.situation_report.map(|span| now + span),
        );
        // H6: what is owed upward is owed since the level that asks for it.
        for &stage in UpwardStage::ALL {
            if let Some(span) = owed.upward(stage) {
                let running = major.deadlines.slot(stage.clock());
                incident.upward[stage as usize].owe(now, now + span, running);
            }
        }
        self.put_major(slot, major);
        self.say(Event::LevelRaised {
            incident: self.state.incident_id(slot),
            level,
            cause,
            deadlines: major.deadlines,
        });
        self.name_commander(slot);
    }

    /// A major incident is handled again: it owes from now on what its level asks for, save what was told upward before. What
    /// never came was entered when it was closed, and is owed anew.
    pub(super) fn owe_again(&mut self, slot: Slot) {
        let incident = self.state.incident_mut(slot);
        let Some(level) = incident.level() else {
            return;
        };
        for duty in incident
            .upward
            .iter_mut()
            .filter(|duty| duty.told.is_none())
        {
            duty.owed = None;
        }
        self.raise_level(slot, level, LevelCause::Reopened);
    }

    /// X9: who commands at the scene goes by class and level; nobody is named for what is not major.
    pub(super) fn name_commander(&mut self, slot: Slot) {
        let incident = self.state.incident(slot);
        let Some(level) = incident.level() else {
            return;
        };
        let rules = &self.finder.plan.major;
        if let Some(commander) = rules.commander(incident.assessment.category, level) {
            self.say(Event::CommanderNamed {
                incident: self.state.incident_id(slot),
                zh: commander.zh,
                en: commander.en,
            });
        }
    }

    /// Keeps what a major incident owes, and its place on the wheel: a millisecond after its nearest deadline.
    fn put_major(&mut self, slot: Slot, major: Major) {
        self.state.incident_mut(slot).major = Some(major);
        let node = self.state.node(DueOf::Major(slot));
        match major.deadlines.nearest() {
            Some((_, due)) => self.state.wheel.arm(node, due + Span(1)),
            None => {
                self.state.wheel.disarm(node);
            }
        }
    }

    /// The level that two incidents come to together.
    pub(super) fn level_together(
        &self,
        gone: &Incident,
        kept: &Incident,
        assessment: &Assessment,
    ) -> Option<Level> {
        let rules = &self.finder.plan.major;
        let injured = gone.injured.max(kept.injured);
        let by_rule = rules.level(assessment, injured, gone.calls + kept.calls);
        let by_rule = by_rule.map(|(level, _)| level);
        gone.level().max(kept.level()).max(by_rule)
    }

    /// A merge: the graver level holds, and what either owes is owed together, report by report. A clock that runs for both
    /// runs to the nearer deadline; one that has run out for either was missed, once. What was told upward of either was told
    /// of both (H6).
    pub(super) fn join_duties(&mut self, from: Slot, into: Slot) {
        let (gone, kept) = (*self.state.incident(from), *self.state.incident(into));
        let running = |incident: &Incident| incident.major.map(|major| major.deadlines);
        let of_gone = running(&gone).unwrap_or_default();
        let of_kept = running(&kept).unwrap_or_default();
        let mut deadlines = of_kept;
        draw_nearer(&mut deadlines.situation_report, of_gone.situation_report);
        for &stage in UpwardStage::ALL {
            let (clock, at) = (stage.clock(), stage as usize);
            let (one, other) = (gone.upward[at], kept.upward[at]);
            let joined = one.joined(other);
            let ran_out = one.ran_out(of_gone.get(clock)) || other.ran_out(of_kept.get(clock));
            let awaited = joined.awaited().filter(|_| !ran_out);
            *deadlines.slot(clock) = awaited.map(|owed| owed.due);
            self.state.incident_mut(into).upward[at] = joined;
        }
        let incident = self.state.incident_id(into);
        if let Some(level) = gone.level().max(kept.level()) {
            self.put_major(into, Major { level, deadlines });
            if Some(level) > kept.level() {
                self.say(Event::LevelRaised {
                    incident,
                    level,
                    cause: LevelCause::Merged,
                    deadlines,
                });
                self.name_commander(into);
            } else if deadlines != of_kept {
                self.say(Event::DutiesJoined {
                    incident,
                    deadlines,
                });
            }
        }
        self.review_level(into);
    }

    /// Somebody says how an incident stands. The next word is owed a pace from now (X4).
    pub(super) fn report_situation(&mut self, incident: IncidentId) {
        let Some(slot) = self.open_slot(incident) else {
            return;
        };
        let now = self.state.now;
        let heard = self.state.incident_mut(slot);
        (heard.heard_at, heard.attended) = (now, true);
        let (mut due, mut next_due) = (None, None);
        if let Some(mut major) = self.state.incident(slot).major {
            let pace = self.finder.plan.major.owed(major.level).situation_report;
            due = major.deadlines.situation_report;
            next_due = pace.map(|pace| now + pace);
            major.deadlines.situation_report = next_due;
            self.put_major(slot, major);
        }
        self.say(Event::SituationReported {
            incident,
            due,
            next_due,
        });
    }

    /// Somebody has told upward (H6). The first of each stage stops its clock and is measured; what comes again completes it.
    pub(super) fn report_upward(&mut self, report: &UpwardReport) {
        let Some(slot) = self.open_slot(report.incident) else {
            return;
        };
        let (stage, now) = (report.stage, self.state.now);
        let heard = self.state.incident_mut(slot);
        (heard.heard_at, heard.attended) = (now, true);
        let duty = &mut heard.upward[stage as usize];
        let delay = duty.awaited().map(|owed| now - owed.since);
        let told = duty.told.unwrap_or_default().union(report.fields);
        duty.told = Some(told);
        // C9: what the plan asks for and no report of this stage has said.
        let missing = self.finder.plan.major.complete(stage).without(told);
        let mut due = None;
        if let Some(mut major) = self.state.incident(slot).major {
            due = major.deadlines.slot(stage.clock()).take();
            self.put_major(slot, major);
        }
        self.say(Event::ReportedUpward {
            incident: report.incident,
            stage,
            due,
            delay_ms: delay.map(|delay| delay.0),
            missing,
        });
        if delay.is_some() && !missing.is_empty() {
            let matter = match stage {
                UpwardStage::First => LedgerMatter::IncompleteFirstWord,
                UpwardStage::Written => LedgerMatter::IncompleteWrittenReport,
            };
            self.enter_of_incident(slot, matter, now);
        }
    }

    /// X16: an entry that is about an incident.
    fn enter_of_incident(&mut self, slot: Slot, matter: LedgerMatter, due: Moment) {
        let incident = self.state.incident_id(slot);
        self.say(Event::IncidentEntered {
            incident,
            matter,
            due,
        });
    }

    /// The nearest clock of a major incident has run out. Reports upward are late once; situation reports are owed on (X4).
    pub(super) fn major_clock_runs_out(&mut self, slot: Slot) {
        let Some(mut major) = self.state.incident(slot).major else {
            return;
        };
        let Some((clock, due)) = major.deadlines.nearest() else {
            return;
        };
        let pace = self.finder.plan.major.owed(major.level).situation_report;
        let (matter, next_due) = match clock {
            IncidentClock::SituationReport => (
                LedgerMatter::MissingSituationReport,
                pace.map(|pace| due + pace),
            ),
            IncidentClock::FirstWord => (LedgerMatter::LateFirstWord, None),
            IncidentClock::WrittenReport => (LedgerMatter::LateWrittenReport, None),
        };
        *major.deadlines.slot(clock) = next_due;
        self.put_major(slot, major);
        self.say(Event::IncidentClockMissed {
            incident: self.state.incident_id(slot),
            clock,
            due,
            next_due,
        });
        self.enter_of_incident(slot, matter, due);
    }

    /// A major incident ends: its clocks stop, and what was owed upward and never came is a breach, never silent (H6). What
    /// is one with another owes it there; what a person has found to be nothing owed nothing.
    pub(super) fn end_major(&mut self, slot: Slot, reason: CloseReason) {
        let incident = *self.state.incident(slot);
        let Some(mut major) = incident.major else {
            return;
        };
        major.deadlines = MajorDeadlines::default();
        self.put_major(slot, major);
        if incident.assessment.nature == Nature::Invalid {
            return;
        }
        match reason {
            CloseReason::Merged => return,
            CloseReason::Served
            | CloseReason::Person
            | CloseReason::NothingNeeded
            | CloseReason::Lapsed => {}
        }
        for &stage in UpwardStage::ALL {
            let matter = match stage {
                UpwardStage::First => LedgerMatter::MissingFirstWord,
                UpwardStage::Written => LedgerMatter::MissingWrittenReport,
            };
            if let Some(owed) = incident.upward[stage as usize].awaited() {
                self.enter_of_incident(slot, matter, owed.due);
            }
        }
    }

    /// Whether the plan wants to know who sees to what is left of an incident (X5).
    pub(super) fn needs_follow_up(&self, slot: Slot) -> bool {
        let incident = self.state.incident(slot);
        let rules = &self.finder.plan.major;
        rules.needs_follow_up(&incident.assessment, incident.level())
    }

    /// Nothing was heard of an incident for so long, and nobody is out. Also where a follow-up must be named it lapses as long
    /// as no person has taken it up: what callers alone say would else fill the tables for ever. That nobody was named is
    /// entered, never silent (X5).
    pub(super) fn let_lapse(&mut self, slot: Slot) {
        if self.needs_follow_up(slot) {
            self.enter_of_incident(slot, LedgerMatter::MissingFollowUp, self.state.now);
        }
        self.close(slot, CloseReason::Lapsed);
    }

    /// Closes an incident for which nothing is left to do; where a follow-up must be named it waits for a person (X5).
    pub(super) fn close_by_itself(&mut self, slot: Slot, reason: CloseReason) {
        if !self.needs_follow_up(slot) {
            return self.close(slot, reason);
        }
        if !self.state.incident(slot).close_awaited {
            self.await_close(slot, reason);
        }
    }

    /// Says that only a person closes an incident.
    pub(super) fn await_close(&mut self, slot: Slot, reason: CloseReason) {
        let now = self.state.now;
        let said = self.state.incident_mut(slot);
        (said.close_awaited, said.close_said_at) = (true, Some(now));
        let incident = self.state.incident_id(slot);
        self.say(Event::CloseAwaited { incident, reason });
    }

    /// A person closes an incident and names who sees to what is left (X5).
    pub(super) fn close_with_follow_up(&mut self, follow_up: &FollowUp) {
        let Some(slot) = self.open_slot(follow_up.incident) else {
            return;
        };
        if self.state.unit(follow_up.unit).is_none() {
            return self.refuse(Refusal::UnknownUnit);
        }
        self.say(Event::FollowUpNamed {
            incident: follow_up.incident,
            unit: follow_up.unit,
            owner: follow_up.owner,
        });
        self.close(slot, CloseReason::Person);
    }
}

/// Of a deadline that runs and another, the nearer one holds.
fn draw_nearer(deadline: &mut Option<Moment>, other: Option<Moment>) {
    let nearer = [*deadline, other].into_iter().flatten().min();
    *deadline = nearer;
}
