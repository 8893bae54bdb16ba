//! Calls that wait for a person: which ones, since when, and why each was put before somebody.
//!
//! A call comes here with its decision and leaves when a person has said what it is (or that it is a matter of its own),
//! when it ends, or when the incident it points to was served or closed by a person. One whose incident merely lapsed stays:
//! nobody has looked at it. The newest are kept up to a bound; the oldest leave first.

use super::{Heard, View, behind};
use crate::call::{CallReport, Mark, Outcome};
use crate::command::Command;
use crate::event::Event;
use crate::id::{CallId, IncidentId, Sequence};
use crate::incident::CloseReason;
use crate::kind::{Kind, Nature, Priority, vocabulary};
use crate::line::Line;
use crate::moment::Moment;
use crate::saved::{LoadError, ensure, ensure_moment};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Calls that wait for a person at most.
const WAITING_MAX: usize = 20_000;

vocabulary! {
    /// Why a call was put before a person.
    HumanReason {
        /// What it is about is not sure, or not known yet.
        Unsure = "unsure",
        /// A field could not be used and was dropped.
        Damaged = "damaged",
        /// No place of any source.
        NoPlace = "no_place",
        /// Only the cell says where.
        CellPlace = "cell_place",
        /// It lies outside the served area.
        Outside = "outside",
        /// Nobody who can help is free.
        Waiting = "waiting",
        /// It is held to be nothing that anybody is sent to: silent, a nuisance.
        NoMatter = "no_matter",
        /// Nobody was sent for another reason: the plan sends nobody, or there was no room for an order.
        NobodySent = "nobody_sent",
    }
}

/// A call that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanView {
    /// When it was taken.
    pub at: Moment,
    /// The record that took it, with its words.
    pub record: Sequence,
    /// The number that was dialled.
    pub line: Line,
    /// What it was held to be.
    pub kind: Kind,
    /// Its urgency.
    pub priority: Priority,
    /// Nobody is sent (D1).
    pub drill: bool,
    /// What became of it all the same.
    pub outcome: Outcome,
    /// The incident it points to.
    pub incident: Option<IncidentId>,
    /// Why a person is asked, one reason at least.
    pub reasons: Vec<HumanReason>,
}

/// All calls that wait for a person, by their id and by the incident they point to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Humans {
    waiting: BTreeMap<CallId, HumanView>,
    #[serde(skip)]
    by_incident: BTreeSet<(IncidentId, CallId)>,
}

impl Humans {
    /// Refuses what was not kept here, and makes the index anew.
    pub(super) fn index(&mut self) -> Result<(), LoadError> {
        let count = self.waiting.len();
        ensure(count <= WAITING_MAX, "calls before a person", || {
            format!("{count} are listed; at most {WAITING_MAX} can be")
        })?;
        for known in self.waiting.values() {
            ensure_moment(known.at, "calls before a person")?;
        }
        let pairs = self.waiting.iter();
        let pairs = pairs.filter_map(|(&call, known)| Some((known.incident?, call)));
        self.by_incident = pairs.collect();
        Ok(())
    }

    fn insert(&mut self, call: CallId, known: HumanView) {
        if self.waiting.len() == WAITING_MAX
            && let Some((&oldest, _)) = self.waiting.first_key_value()
        {
            self.remove(oldest);
        }
        self.by_incident.extend(known.incident.map(|of| (of, call)));
        self.waiting.insert(call, known);
    }

    fn remove(&mut self, call: CallId) {
        if let Some(HumanView {
            incident: Some(of), ..
        }) = self.waiting.remove(&call)
        {
            self.by_incident.remove(&(of, call));
        }
    }

    /// A call points elsewhere from here on.
    fn point(&mut self, call: CallId, to: Option<IncidentId>) {
        let Some(known) = self.waiting.get_mut(&call) else {
            return;
        };
        let from = std::mem::replace(&mut known.incident, to);
        if let Some(from) = from {
            self.by_incident.remove(&(from, call));
        }
        self.by_incident.extend(to.map(|to| (to, call)));
    }

    fn of_incident(&self, incident: IncidentId) -> impl Iterator<Item = CallId> {
        let first = CallId::new(incident.centre(), 1);
        let from = first.into_iter().flat_map(move |first| {
            let pairs = self.by_incident.range((incident, first)..);
            pairs.take_while(move |(of, _)| *of == incident)
        });
        from.map(|&(_, call)| call)
    }
}

impl View {
    /// Calls that wait for a person, in the order of their ids, after `after`.
    pub fn human_calls_after(
        &self,
        after: Option<CallId>,
    ) -> impl Iterator<Item = (CallId, &HumanView)> {
        let waiting = self.humans.waiting.range(behind(after));
        waiting.map(|(&call, known)| (call, known))
    }

    /// How many calls wait for a person.
    pub fn human_calls(&self) -> usize {
        self.humans.waiting.len()
    }

    /// Whether a call of an incident waits for a person.
    pub fn is_before_a_person(&self, incident: IncidentId) -> bool {
        self.humans.of_incident(incident).next().is_some()
    }

    /// Hears an event after the calls and incidents it is about have.
    pub(super) fn hear_of_human(&mut self, event: &Event, heard: Heard<'_>) {
        if let (
            Event::CallDecided {
                call,
                incident,
                outcome,
                human: true,
                ..
            },
            Command::TakeCall(report),
        ) = (event, heard.command)
        {
            let known = HumanView {
                at: heard.at,
                record: heard.sequence,
                line: report.line,
                kind: report.assessment.kind,
                priority: report.assessment.priority,
                drill: report.marks.contains(Mark::Drill),
                outcome: *outcome,
                incident: *incident,
                reasons: reasons(event, report),
            };
            self.humans.insert(*call, known);
        } else if let Event::CallEnded { call } | Event::CallSplit { call, .. } = *event {
            self.humans.remove(call);
        } else if let Event::CallAmended { call } = *event {
            if is_a_persons_word(heard.command) {
                self.humans.remove(call);
            }
        } else if let Event::IncidentMerged { from, into, .. } = *event {
            let calls: Vec<CallId> = self.humans.of_incident(from).collect();
            for call in calls {
                self.humans.point(call, Some(into));
            }
        } else if let Event::IncidentReopened { incident, from, .. } = *event {
            self.part_humans(incident, from);
        } else if let Event::IncidentClosed { incident, reason } = *event {
            let is_done = match reason {
                CloseReason::Served | CloseReason::Person | CloseReason::NothingNeeded => true,
                CloseReason::Lapsed | CloseReason::Merged => false,
            };
            let calls: Vec<CallId> = self.humans.of_incident(incident).collect();
            for call in calls.into_iter().filter(|_| is_done) {
                self.humans.remove(call);
            }
        } else if let (
            Event::IncidentOpened { .. } | Event::IncidentJoined { .. },
            Command::AddFacts(facts),
        ) = (event, heard.command)
        {
            // Facts that made an incident of a call, or that joined it to one.
            self.humans.point(facts.call, self.incident_of(facts.call));
        }
    }

    /// Calls of an incident that parts from those it had been merged into are before a person for it again.
    fn part_humans(&mut self, incident: IncidentId, from: Option<IncidentId>) {
        let mut at = from;
        while let Some(left) = at {
            let calls: Vec<CallId> = self.humans.of_incident(left).collect();
            for call in calls {
                if self.incident_of(call) == Some(incident) {
                    self.humans.point(call, Some(incident));
                }
            }
            at = self
                .incidents
                .get(&left)
                .and_then(|known| known.merged_into);
        }
    }
}

/// Whether a command says what a person holds a call to be.
fn is_a_persons_word(command: &Command) -> bool {
    if let Command::AddFacts(facts) = command {
        facts.marks.contains(Mark::Stated)
    } else {
        matches!(command, Command::JudgeCall(_))
    }
}

/// Why a call was put before a person: what `centre::intake` asks, read off what it said.
fn reasons(decided: &Event, report: &CallReport) -> Vec<HumanReason> {
    let Event::CallDecided {
        outcome, outside, ..
    } = *decided
    else {
        return Vec::new();
    };
    let is_forwarded = outcome == Outcome::Forwarded;
    let marks = report.marks;
    let asked = [
        (HumanReason::Unsure, report.assessment.human),
        (HumanReason::Damaged, marks.is_damaged()),
        (
            HumanReason::NoPlace,
            report.place.is_none() && !is_forwarded,
        ),
        (HumanReason::CellPlace, marks.contains(Mark::CellPlace)),
        (HumanReason::Outside, outside),
        (HumanReason::Waiting, outcome == Outcome::Waiting),
        (
            HumanReason::NoMatter,
            report.assessment.nature == Nature::Invalid,
        ),
    ];
    let mut reasons: Vec<HumanReason> = asked
        .into_iter()
        .filter_map(|(reason, is_so)| is_so.then_some(reason))
        .collect();
    if reasons.is_empty() {
        reasons.push(HumanReason::NobodySent);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Assessment, BodyDigest, CallFacts, KeyDigest, Marks};
    use crate::command::{Actor, CallSplit, CallVerdict, Envelope};
    use crate::id::CentreId;
    use crate::record::Record;
    use crate::runtime::ReleasedRecord;

    fn call(number: u64) -> CallId {
        CallId::new(CentreId(1), number).unwrap()
    }

    fn incident(number: u64) -> IncidentId {
        IncidentId::new(CentreId(1), number).unwrap()
    }

    fn report(kind: Kind, marks: Marks) -> CallReport {
        CallReport {
            key: KeyDigest::of(0, "k"),
            body: BodyDigest(0),
            line: Line(110),
            place: None,
            assessment: Assessment::stated(kind),
            injured: 0,
            marks,
        }
    }

    struct Told(View);

    impl Told {
        fn hear(&mut self, command: Command, events: &[Event]) {
            self.0.hear(&ReleasedRecord {
                sequence: self.0.sequence().next(),
                record: Record {
                    at: Moment(1_000),
                    envelope: Envelope {
                        actor: Actor::Dispatcher(0),
                        command,
                    },
                    testimony: Vec::new(),
                    events: events.to_vec(),
                },
            });
        }

        /// Takes calls 1 to `most`, all before a person; call n points to incident n, as far as there is one.
        fn calls(most: u64, pointing: u64) -> Told {
            let mut told = Told(View::new());
            for number in 1..=most {
                let to = (number <= pointing).then(|| incident(number));
                let decided = Event::CallDecided {
                    call: call(number),
                    incident: to,
                    outcome: Outcome::Human,
                    human: true,
                    outside: false,
                };
                let report = report(Kind::Fight, Marks::default());
                let taken = Event::CallTaken { call: call(number) };
                told.hear(Command::TakeCall(report), &[taken, decided]);
            }
            told
        }

        fn waiting(&self) -> Vec<u64> {
            let calls = self.0.human_calls_after(None);
            calls.map(|(call, _)| call.number()).collect()
        }
    }

    #[test]
    fn a_person_who_judges_a_call_takes_it_off() {
        let mut told = Told::calls(5, 0);
        let verdict = CallVerdict {
            call: call(1),
            assessment: None,
            place: None,
        };
        let amended = |number| [Event::CallAmended { call: call(number) }];
        told.hear(Command::JudgeCall(verdict), &amended(1));
        let facts = |number, marks| {
            Command::AddFacts(CallFacts {
                call: call(number),
                place: None,
                assessment: None,
                injured: Some(1),
                marks,
            })
        };
        told.hear(facts(2, Marks::default()), &amended(2));
        told.hear(facts(3, Marks::default().with(Mark::Stated)), &amended(3));
        told.hear(
            Command::EndCall(call(4)),
            &[Event::CallEnded { call: call(4) }],
        );
        assert_eq!(told.waiting(), [2, 5], "more that is known is no verdict");
        let behind = told
            .0
            .human_calls_after(Some(call(2)))
            .map(|(call, _)| call);
        assert_eq!(behind.collect::<Vec<_>>(), [call(5)]);
    }

    #[test]
    fn an_incident_that_was_dealt_with_takes_its_calls_off_and_one_that_lapsed_does_not() {
        for &reason in CloseReason::ALL {
            let mut told = Told::calls(3, 2);
            assert!(told.0.is_before_a_person(incident(1)));
            let closed = Event::IncidentClosed {
                incident: incident(1),
                reason,
            };
            told.hear(Command::CloseIncident(incident(1)), &[closed]);
            let stays = matches!(reason, CloseReason::Lapsed | CloseReason::Merged);
            assert_eq!(told.waiting().contains(&1), stays, "{reason}");
            assert_eq!(told.0.is_before_a_person(incident(1)), stays);
            assert!(told.0.is_before_a_person(incident(2)));
        }
    }

    #[test]
    fn a_merge_takes_calls_along_and_a_split_is_a_persons_word() {
        let mut told = Told::calls(3, 3);
        let merged = Event::IncidentMerged {
            from: incident(1),
            into: incident(2),
            calls: 1,
        };
        told.hear(Command::CloseIncident(incident(1)), &[merged]);
        assert!(!told.0.is_before_a_person(incident(1)));
        let split = Event::CallSplit {
            call: call(2),
            from: incident(2),
            into: incident(4),
        };
        let said = CallSplit {
            call: call(2),
            assessment: Assessment::stated(Kind::Fight),
            injured: 0,
        };
        told.hear(Command::SplitCall(said), &[split]);
        assert_eq!(told.waiting(), [1, 3]);
        assert!(
            told.0.is_before_a_person(incident(2)),
            "call 1 is there now"
        );
        let closed = Event::IncidentClosed {
            incident: incident(2),
            reason: CloseReason::Person,
        };
        told.hear(Command::CloseIncident(incident(2)), &[closed]);
        assert_eq!(told.waiting(), [3]);
    }

    #[test]
    fn the_oldest_leave_first() {
        let told = Told::calls(WAITING_MAX as u64 + 3, WAITING_MAX as u64 + 3);
        assert_eq!(told.waiting().len(), WAITING_MAX);
        assert_eq!(told.waiting()[0], 4);
        assert!(!told.0.is_before_a_person(incident(3)) && told.0.is_before_a_person(incident(4)));
        assert_eq!(told.0.humans.by_incident.len(), WAITING_MAX);
    }

    #[test]
    fn every_reason_is_read_off_what_was_said() {
        let of = |outcome, outside, report: &CallReport| {
            let decided = Event::CallDecided {
                call: call(1),
                incident: None,
                outcome,
                human: true,
                outside,
            };
            reasons(&decided, report)
        };
        let mut unsure = report(Kind::Fight, Marks::default());
        unsure.assessment.human = true;
        let placed = |kind, mark| {
            let mut report = report(kind, Marks::default().with(mark));
            report.place = Some(crate::place::Place {
                point: crate::place::Point::default(),
                radius_m: 0,
                district: None,
                source: crate::place::PlaceSource::Person,
            });
            report
        };
        let fight = |mark| placed(Kind::Fight, mark);
        use HumanReason::{
            CellPlace, Damaged, NoMatter, NoPlace, NobodySent, Outside, Unsure, Waiting,
        };
        assert_eq!(of(Outcome::Human, false, &unsure), [Unsure, NoPlace]);
        assert_eq!(of(Outcome::Forwarded, false, &unsure), [Unsure]);
        assert_eq!(
            of(Outcome::Ordered, false, &fight(Mark::BadTime)),
            [Damaged]
        );
        assert_eq!(
            of(Outcome::Ordered, false, &fight(Mark::CellPlace)),
            [CellPlace]
        );
        assert_eq!(of(Outcome::Human, true, &fight(Mark::Outside)), [Outside]);
        assert_eq!(of(Outcome::Waiting, false, &fight(Mark::Stated)), [Waiting]);
        assert_eq!(
            of(Outcome::Human, false, &fight(Mark::Stated)),
            [NobodySent]
        );
        let nothing = placed(Kind::Nuisance, Mark::Stated);
        assert_eq!(of(Outcome::Human, false, &nothing), [NoMatter]);
    }
}
