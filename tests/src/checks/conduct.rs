//! A level only rises; what a major incident owes is met, or missed once at its time and entered; two that are one owe what
//! either owes; nothing that was owed upward is dropped in silence; whoever is named for what is left is named before the
//! close, and nothing lapses without one that a person has taken up.

use super::{Check, Heard};
use engine::command::{Command, Envelope};
use engine::event::{Event, LedgerMatter, Refusal};
use engine::id::IncidentId;
use engine::incident::CloseReason;
use engine::kind::Nature;
use engine::major::{IncidentClock, Level, LevelCause, MajorDeadlines, UpwardStage};
use engine::moment::Moment;
use std::collections::BTreeMap;

/// What is known of an incident.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    level: Option<Level>,
    clocks: MajorDeadlines,
    /// By stage: until when it is owed since some level.
    owed: [Option<Moment>; UpwardStage::ALL.len()],
    told: [bool; UpwardStage::ALL.len()],
    /// A person at the centre has taken it up.
    attended: bool,
    /// A person has found it to be nothing.
    nothing: bool,
}

impl Known {
    fn awaited(&self, stage: UpwardStage) -> Option<Moment> {
        self.owed[stage as usize].filter(|_| !self.told[stage as usize])
    }

    fn was_missed(&self, stage: UpwardStage) -> bool {
        self.awaited(stage).is_some() && self.clocks.get(stage.clock()).is_none()
    }
}

/// What the record of a merge has yet to say.
#[derive(Clone, Copy, Debug)]
struct Joining {
    into: IncidentId,
    /// The level that it rises to, if it does.
    level: Option<Level>,
    clocks: MajorDeadlines,
}

/// Follows every incident that is open.
#[derive(Debug, Default)]
pub struct Conduct {
    known: BTreeMap<IncidentId, Known>,
    /// What was known of those that are closed, should they be handled again.
    closed: BTreeMap<IncidentId, Known>,
    joining: Option<Joining>,
    /// A major incident that is handled again, and of which its level has yet to be said.
    returning: Option<IncidentId>,
    /// The deadline that fired last in this command.
    fired: Option<Moment>,
    /// The last tick left something to the next.
    continues: bool,
}

impl Conduct {
    /// Takes in the next command.
    ///
    /// # Errors
    /// What was promised and did not hold, in words.
    pub fn take(
        &mut self,
        at: Moment,
        envelope: &Envelope,
        events: &[Event],
    ) -> Result<(), String> {
        self.fired = None;
        self.joining = None;
        let refused = matches!(events, [Event::Refused(_), ..]);
        if let Some(incident) = taken_up(&envelope.command).filter(|_| !refused) {
            self.known.entry(incident).or_default().attended = true;
        }
        for (index, event) in events.iter().enumerate() {
            self.hear_one(at, envelope, event, &events[..index], &events[index + 1..])
                .map_err(|what| format!("{what}: {event:?}"))?;
        }
        if let Some(incident) = self.returning.take() {
            return Err(format!(
                "{incident} is handled again, and owes nothing anew"
            ));
        }
        self.continues = matches!(events.last(), Some(Event::Continues { .. }));
        let ticked = envelope.command == Command::Tick && !matches!(events, [Event::Refused(_)]);
        if ticked && !self.continues {
            let late = self.known.iter().find(|(_, known)| {
                let nearest = known.clocks.nearest();
                nearest.is_some_and(|(_, due)| due < at)
            });
            if let Some(late) = late {
                return Err(format!("the tick left {late:?} overdue"));
            }
        }
        Ok(())
    }

    /// Whether a clock still runs.
    pub fn runs_on(&self) -> Option<String> {
        let mut known = self.known.iter();
        let left = known.find(|(_, known)| known.clocks.nearest().is_some())?;
        Some(format!("{left:?}"))
    }

    fn hear_one(
        &mut self,
        at: Moment,
        envelope: &Envelope,
        event: &Event,
        before: &[Event],
        behind: &[Event],
    ) -> Result<(), String> {
        match *event {
            Event::IncidentOpened {
                incident, nature, ..
            }
            | Event::IncidentRaised {
                incident, nature, ..
            }
            | Event::IncidentReclassified {
                incident, nature, ..
            } => {
                let known = self.known.entry(incident).or_default();
                known.nothing = nature == Nature::Invalid;
                Ok(())
            }
            Event::IncidentMerged { from, into, .. } => {
                self.join(from, into);
                Ok(())
            }
            Event::LevelRaised {
                incident,
                level,
                cause,
                deadlines,
            } => {
                if cause == LevelCause::Merged {
                    self.be_joined(incident, Some(level), deadlines)?;
                }
                self.rise(incident, level, cause, deadlines)
            }
            Event::DutiesJoined {
                incident,
                deadlines,
            } => {
                self.be_joined(incident, None, deadlines)?;
                self.known.entry(incident).or_default().clocks = deadlines;
                Ok(())
            }
            Event::IncidentReopened {
                incident, nature, ..
            } => {
                self.reopen(incident, nature);
                Ok(())
            }
            Event::CommanderNamed { incident, .. } => self
                .known
                .get(&incident)
                .is_some_and(|known| known.level.is_some())
                .then_some(())
                .ok_or("somebody commands at what is not major".into()),
            Event::SituationReported {
                incident,
                due,
                next_due,
            } => self.meet(incident, IncidentClock::SituationReport, due, next_due),
            Event::ReportedUpward {
                incident,
                stage,
                due,
                delay_ms,
                ..
            } => {
                self.meet(incident, stage.clock(), due, None)?;
                let known = self.known.entry(incident).or_default();
                let awaited = known.awaited(stage).is_some();
                known.told[stage as usize] = true;
                (delay_ms.is_some() == awaited)
                    .then_some(())
                    .ok_or("only what is owed and comes for the first time is measured".into())
            }
            Event::IncidentClockMissed {
                incident,
                clock,
                due,
                next_due,
            } => {
                self.fire(at, envelope, due)?;
                self.meet(incident, clock, Some(due), next_due)?;
                let matter = match clock {
                    IncidentClock::SituationReport => LedgerMatter::MissingSituationReport,
                    IncidentClock::FirstWord => LedgerMatter::LateFirstWord,
                    IncidentClock::WrittenReport => LedgerMatter::LateWrittenReport,
                };
                let entry = Event::IncidentEntered {
                    incident,
                    matter,
                    due,
                };
                (behind.first() == Some(&entry))
                    .then_some(())
                    .ok_or("a clock ran out and nobody entered it".into())
            }
            Event::IncidentEntered {
                incident,
                matter: LedgerMatter::MissingFollowUp,
                ..
            } => {
                let reason = CloseReason::Lapsed;
                let lapses = behind.contains(&Event::IncidentClosed { incident, reason });
                let known = self.known.get(&incident);
                let attended = known.is_some_and(|known| known.attended);
                (lapses && !attended)
                    .then_some(())
                    .ok_or("what a person has taken up lapses".into())
            }
            Event::IncidentClosed { incident, reason } => self.close(incident, reason, before),
            Event::FollowUpNamed { incident, .. } => {
                let closes = behind.iter().any(|event| {
                    let reason = CloseReason::Person;
                    *event == Event::IncidentClosed { incident, reason }
                });
                let said = matches!(envelope.command, Command::CloseWithFollowUp(_));
                (closes && said)
                    .then_some(())
                    .ok_or("a follow-up without a person's close".into())
            }
            Event::Refused(Refusal::FollowUpNeeded) => {
                matches!(envelope.command, Command::CloseIncident(_))
                    .then_some(())
                    .ok_or("only a close can lack a follow-up".into())
            }
            _ => Ok(()),
        }
    }

    fn rise(
        &mut self,
        incident: IncidentId,
        level: Level,
        cause: LevelCause,
        clocks: MajorDeadlines,
    ) -> Result<(), String> {
        let known = self.known.entry(incident).or_default();
        let is_so = match cause {
            // What it was when it was closed, said once.
            LevelCause::Reopened => {
                self.returning.take() == Some(incident) && known.level == Some(level)
            }
            _ => known.level < Some(level),
        };
        if !is_so {
            return Err(format!("it rises from {known:?}"));
        }
        for &stage in UpwardStage::ALL {
            let (due, at) = (clocks.get(stage.clock()), stage as usize);
            if due.is_some() && (known.told[at] || known.was_missed(stage)) {
                return Err(format!("{stage} came, or was missed: {known:?}"));
            }
            let before = known.clocks.get(stage.clock());
            if before.is_some_and(|before| due.is_none_or(|due| due > before)) {
                return Err(format!("{stage} is put off: {known:?}"));
            }
            if cause != LevelCause::Merged {
                known.owed[at] = due.or(known.owed[at]);
            }
        }
        (known.level, known.clocks) = (Some(level), clocks);
        Ok(())
    }

    /// A closed incident is handled again: what was told was told, all else is owed as if its level were new.
    fn reopen(&mut self, incident: IncidentId, nature: Nature) {
        let mut known = self.closed.remove(&incident).unwrap_or_default();
        for (owed, told) in known.owed.iter_mut().zip(known.told) {
            *owed = owed.filter(|_| told);
        }
        known.clocks = MajorDeadlines::default();
        (known.attended, known.nothing) = (true, nature == Nature::Invalid);
        self.returning = known.level.map(|_| incident);
        self.known.insert(incident, known);
    }

    /// Two incidents are one. What that comes to must be said before the first is closed.
    fn join(&mut self, from: IncidentId, into: IncidentId) {
        let gone = self.known.get(&from).copied().unwrap_or_default();
        let kept = self.known.get(&into).copied().unwrap_or_default();
        let nearer =
            |one: Option<Moment>, other: Option<Moment>| one.into_iter().chain(other).min();
        let mut joined = kept;
        joined.attended |= gone.attended;
        let mut clocks = kept.clocks;
        clocks.situation_report =
            nearer(kept.clocks.situation_report, gone.clocks.situation_report);
        for &stage in UpwardStage::ALL {
            let at = stage as usize;
            joined.told[at] |= gone.told[at];
            joined.owed[at] = nearer(kept.owed[at], gone.owed[at]);
            let over = gone.was_missed(stage) || kept.was_missed(stage);
            *clocks.slot(stage.clock()) = joined.awaited(stage).filter(|_| !over);
        }
        let level = gone.level.filter(|_| gone.level > kept.level);
        let says = level.is_some() || clocks != kept.clocks;
        self.joining = says.then_some(Joining {
            into,
            level,
            clocks,
        });
        // What was drawn nearer, or came, is known by now; a checker of what follows must not take it for put off.
        joined.clocks = clocks;
        self.known.insert(into, joined);
    }

    fn be_joined(
        &mut self,
        incident: IncidentId,
        level: Option<Level>,
        clocks: MajorDeadlines,
    ) -> Result<(), String> {
        let due = self.joining.take();
        due.is_some_and(|due| (due.into, due.level, due.clocks) == (incident, level, clocks))
            .then_some(())
            .ok_or_else(|| format!("together they come to {due:?}"))
    }

    /// A clock stops, or fires: it ran until then, and to that deadline.
    fn meet(
        &mut self,
        incident: IncidentId,
        clock: IncidentClock,
        due: Option<Moment>,
        next: Option<Moment>,
    ) -> Result<(), String> {
        let known = self.known.entry(incident).or_default();
        if known.level.is_none() {
            return (due.is_none() && next.is_none())
                .then_some(())
                .ok_or("what is not major owes nothing".into());
        }
        let running = std::mem::replace(known.clocks.slot(clock), next);
        if running != due {
            return Err(format!("{clock} ran to {running:?}"));
        }
        Ok(())
    }

    fn fire(&mut self, at: Moment, envelope: &Envelope, due: Moment) -> Result<(), String> {
        if envelope.command != Command::Tick || due >= at {
            return Err(format!("it fired at {at}"));
        }
        if self.fired.is_some_and(|fired| due < fired) {
            return Err(format!("it fired after {:?}", self.fired));
        }
        self.fired = Some(due);
        Ok(())
    }

    fn close(
        &mut self,
        incident: IncidentId,
        reason: CloseReason,
        before: &[Event],
    ) -> Result<(), String> {
        let Some(known) = self.known.remove(&incident) else {
            return Ok(());
        };
        self.closed.insert(incident, known);
        if reason == CloseReason::Merged && self.joining.is_some() {
            return Err(format!("nobody said what they come to: {:?}", self.joining));
        }
        for (stage, missing) in [
            (UpwardStage::First, LedgerMatter::MissingFirstWord),
            (UpwardStage::Written, LedgerMatter::MissingWrittenReport),
        ] {
            let entered = before.iter().find_map(|event| match *event {
                Event::IncidentEntered {
                    incident: of,
                    matter,
                    due,
                } => (of == incident && matter == missing).then_some(due),
                _ => None,
            });
            let owes = reason != CloseReason::Merged && !known.nothing;
            let awaited = known.awaited(stage).filter(|_| owes);
            if entered != awaited {
                return Err(format!("{known:?} and {stage} entered: {entered:?}"));
            }
        }
        Ok(())
    }
}

impl Check for Conduct {
    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        self.take(heard.at, heard.envelope, heard.events)
    }
}

/// The incident that a person takes up with a command.
fn taken_up(command: &Command) -> Option<IncidentId> {
    match *command {
        Command::RaiseLevel(raise) => Some(raise.incident),
        Command::EscalateIncident(escalation) => Some(escalation.incident),
        Command::AssignUnit(assignment) => Some(assignment.incident),
        Command::ReportSituation(incident) => Some(incident),
        Command::ReportUpward(report) => Some(report.incident),
        _ => None,
    }
}
