//! A level only rises; what a major incident owes is met, or missed once at its time and entered; nothing that was owed
//! upward is dropped in silence; whoever is named for what is left is named before the close.

use super::{Check, Heard};
use engine::command::{Command, Envelope};
use engine::event::{Event, LedgerMatter, Refusal};
use engine::id::IncidentId;
use engine::incident::CloseReason;
use engine::major::{IncidentClock, Level, LevelCause, MajorDeadlines, UpwardStage};
use engine::moment::Moment;
use std::collections::BTreeMap;

/// What is known of an incident that is major.
#[derive(Clone, Copy, Debug)]
struct Known {
    level: Level,
    clocks: MajorDeadlines,
    /// By stage: owed since some level, and not come.
    owed: [bool; UpwardStage::ALL.len()],
    given: [bool; UpwardStage::ALL.len()],
}

/// Follows every major incident that is open.
#[derive(Debug, Default)]
pub struct Conduct {
    known: BTreeMap<IncidentId, Known>,
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
        for (index, event) in events.iter().enumerate() {
            self.hear_one(at, envelope, event, &events[..index], &events[index + 1..])
                .map_err(|what| format!("{what}: {event:?}"))?;
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
            Event::LevelRaised {
                incident,
                level,
                cause,
                deadlines,
            } => {
                let from = before.iter().find_map(|event| match *event {
                    Event::IncidentMerged { from, into, .. } if into == incident => Some(from),
                    _ => None,
                });
                let from = from.filter(|_| cause == LevelCause::Merged);
                self.rise(incident, level, deadlines, from)
            }
            Event::CommanderNamed { incident, .. } => self
                .known
                .contains_key(&incident)
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
                let Some(known) = self.known.get_mut(&incident) else {
                    return Ok(());
                };
                let first = !std::mem::replace(&mut known.given[stage as usize], true);
                // What was told of one of two incidents that are one was measured there.
                let by_merge = matches!(envelope.command, Command::MergeIncidents(_));
                if delay_ms.is_some() != (first && known.owed[stage as usize] && !by_merge) {
                    return Err("only what is owed and comes for the first time is measured".into());
                }
                Ok(())
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
        clocks: MajorDeadlines,
        from: Option<IncidentId>,
    ) -> Result<(), String> {
        let before = self.known.get(&incident).copied();
        if before.is_some_and(|before| before.level >= level) {
            return Err(format!("it rises from {before:?}"));
        }
        // What is one with another takes over all that the other owes.
        let mut taken = from.and_then(|from| self.known.get(&from).copied());
        for (taken, before) in taken.iter_mut().zip(before) {
            for (given, told) in taken.given.iter_mut().zip(before.given) {
                *given |= told;
            }
        }
        let mut known = taken.or(before).unwrap_or(Known {
            level,
            clocks,
            owed: [false; _],
            given: [false; _],
        });
        for &stage in UpwardStage::ALL {
            known.owed[stage as usize] |= clocks.get(stage.clock()).is_some();
        }
        (known.level, known.clocks) = (level, clocks);
        self.known.insert(incident, known);
        Ok(())
    }

    /// A clock stops, or fires: it ran until then, and to that deadline.
    fn meet(
        &mut self,
        incident: IncidentId,
        clock: IncidentClock,
        due: Option<Moment>,
        next: Option<Moment>,
    ) -> Result<(), String> {
        let Some(known) = self.known.get_mut(&incident) else {
            return (due.is_none() && next.is_none())
                .then_some(())
                .ok_or("what is not major owes nothing".into());
        };
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
        for (stage, missing) in [
            (UpwardStage::First, LedgerMatter::MissingFirstWord),
            (UpwardStage::Written, LedgerMatter::MissingWrittenReport),
        ] {
            let entered = before.iter().any(|event| {
                matches!(event, Event::IncidentEntered { incident: of, matter, .. } if *of == incident && *matter == missing)
            });
            let at = stage as usize;
            let owed = known.owed[at] && !known.given[at] && reason != CloseReason::Merged;
            if entered && !known.owed[at] || owed && !entered {
                return Err(format!("{known:?} and {stage} entered: {entered}"));
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
