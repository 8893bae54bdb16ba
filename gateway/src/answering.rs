//! From what the core answers to what a client reads: ids become names, spans of a text become its words.
//!
//! Pure. The same function words a first decision and the same decision read back from the journal, so a key that is
//! sent again gets what it got before.

use crate::intake::Intake;
use crate::names::Names;
use crate::wire::{Decision, Evidence, Forward, OrderLine, Problem, ProblemKind, ShortLine};
use engine::answer;
use engine::call::{CallReport, EvidenceNote, Testimony};
use engine::command::Command;
use engine::event::Refusal;
use engine::id::Sequence;

/// When a repeat may help after a table or a lane was full, in milliseconds.
pub const RETRY_AFTER_MS: u32 = 250;

/// What a decision rests on beside the events: the command's report and what was said.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// The report that was decided on.
    pub report: &'a CallReport,
    /// What was said.
    pub testimony: &'a Testimony,
}

/// The decision in words.
pub fn decision(
    seq: Sequence,
    decided: &answer::Decision,
    grounds: Grounds<'_>,
    intake: &Intake,
    names: &Names,
) -> Decision {
    let Grounds { report, testimony } = grounds;
    let assessment = &report.assessment;
    Decision {
        call: decided.call,
        incident: decided.incident,
        seq,
        merged: decided.merged,
        outcome: decided.outcome,
        kind: assessment.kind,
        priority: assessment.priority,
        nature: assessment.nature,
        agencies: assessment.agencies,
        confidence_permille: assessment.confidence_permille,
        human: decided.human,
        evidence: evidence(
            testimony.text.as_deref().unwrap_or_default(),
            &testimony.evidence,
        ),
        forward: Forward {
            line: intake.forward_line(report.line, assessment.kind),
            seat: None,
        },
        orders: decided
            .orders
            .iter()
            .map(|line| OrderLine {
                order: line.order,
                unit: names.of(line.unit),
                agency: line.capability.agency(),
                travel_ms: line.travel_ms,
                arrive_by: line.arrive_by,
                why: line.choice,
            })
            .collect(),
        short: decided
            .short
            .iter()
            .map(|line| ShortLine {
                need: line.capability,
                count: line.count,
                reason: line.shortage,
            })
            .collect(),
        foreseen_late: decided.foreseen_late,
        hospital: None,
        outside: decided.outside,
        conflict: false,
    }
}

/// The words that each note points to; a span that is not one of the text's is passed over.
fn evidence(text: &str, notes: &[EvidenceNote]) -> Vec<Evidence> {
    let words = |note: &EvidenceNote| text.get(note.start as usize..note.end as usize);
    notes
        .iter()
        .filter_map(|note| {
            Some(Evidence {
                text: words(note)?.to_owned(),
                rule: note.rule.clone(),
            })
        })
        .collect()
}

/// What to say of an act that the state of what it is about does not allow: the field it is about, what holds, what would be
/// right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNow {
    field: &'static str,
    detail: &'static str,
}

/// The same for a command; `None` for one that no state forbids.
pub const fn not_now(command: &Command) -> Option<NotNow> {
    let (field, detail) = match command {
        Command::AddFacts(_) => (
            "call",
            "the caller is done with this call, and nothing is added to it any more; take what is new as a call of its own",
        ),
        Command::EndCall(_) => (
            "call",
            "the call has been ended before; nothing is left to do",
        ),
        Command::CloseIncident(_) => (
            "incident",
            "the incident is closed already; nothing is left to do",
        ),
        Command::Report(_) => (
            "act",
            "the order is past this step, or over; `GET /v1/orders?state=all` says where it stands",
        ),
        Command::MergeIncidents(_) => (
            "into",
            "one of the two is closed, both are the same, or one is a drill; name two open incidents, as `GET /v1/incidents` lists them",
        ),
        Command::SplitCall(_) => (
            "call",
            "the call is the only one of its incident, its incident is closed, or by itself it would open none; correct its kind or place with POST /v1/calls/ID/classify",
        ),
        Command::EscalateIncident(_) => (
            "priority",
            "the incident is that urgent already, or closed; name a smaller number than its own, or correct the kind to lower it",
        ),
        Command::AssignUnit(_) => (
            "incident",
            "the incident is closed or a drill, and nobody is sent to it; open another with a call",
        ),
        Command::RaiseLevel(_) => (
            "level",
            "the incident is of that level already, or closed; a level only rises, name a graver one",
        ),
        Command::ReportSituation(_) | Command::ReportUpward(_) => (
            "incident",
            "the incident is closed, and nothing is reported of it any more",
        ),
        Command::CloseWithFollowUp(_) => (
            "incident",
            "the incident is closed already; nothing is left to do",
        ),
        Command::ReopenIncident(_) => (
            "incident",
            "the incident is open, or was merged into another; POST /v1/incidents/ID/unmerge parts it from that",
        ),
        Command::UnmergeIncident(_) => (
            "incident",
            "the incident is open, or was closed otherwise than by a merge; POST /v1/incidents/ID/reopen reopens it",
        ),
        Command::OpenCentre(_)
        | Command::Activate(_)
        | Command::DefineUnit(_)
        | Command::TakeCall(_)
        | Command::MoveUnit(_)
        | Command::SetDuty(_)
        | Command::Tick
        | Command::JudgeCall(_)
        | Command::DefineHospital(_) => return None,
    };
    Some(NotNow { field, detail })
}

/// Why the core did not carry an act out, in words that are about this act.
pub fn refused_act(refusal: Refusal, not_now: Option<NotNow>) -> Problem {
    match (refusal, not_now) {
        (Refusal::NotAllowedNow, Some(NotNow { field, detail })) => {
            Problem::new(ProblemKind::Refused(refusal), detail).about(field)
        }
        (refusal, _) => refused(refusal),
    }
}

/// Why the core did not carry something out.
pub fn refused(refusal: Refusal) -> Problem {
    let problem = |detail: &str| Problem::new(ProblemKind::Refused(refusal), detail);
    match refusal {
        Refusal::NotOpened => problem("the centre's journal has no first record"),
        Refusal::AlreadyOpened => problem("a centre is opened once"),
        Refusal::ObjectMissing => problem("the object that was named is not in the data folder"),
        Refusal::UnknownCall => {
            problem("no call of this id, or it left the window of remembered calls").about("call")
        }
        Refusal::UnknownIncident => {
            problem("no incident of this id in hot state").about("incident")
        }
        Refusal::UnknownOrder => problem("no order of this id in hot state").about("id"),
        Refusal::UnknownUnit => {
            problem("no unit of this name; `liandong city check` lists them").about("unit")
        }
        Refusal::NotYours => problem("an order is reported on by its own unit").about("id"),
        Refusal::NotAllowedNow => {
            problem("its state does not allow this any more, or not yet; nothing was changed")
        }
        Refusal::IncidentsFull => {
            problem("no room for another incident of this priority; raise capacity.incidents_max")
                .retry_after_ms(RETRY_AFTER_MS)
        }
        Refusal::UnitsFull => problem("no room for another unit; raise capacity.units_max"),
        Refusal::BadDefinition => problem("the definition contradicts itself"),
        Refusal::UnitNotFree => problem(
            "the unit is busy, off duty, not staffed, too weak, silent, or on patrol and not heard of for long; `GET /v1/units` lists who is free",
        )
        .about("unit"),
        Refusal::UnitCannot => {
            problem("the unit has not the capability that it is wanted for").about("unit")
        }
        Refusal::NeedsFull => problem(
            "the incident has as many needs as it can have; close what is done or open another incident",
        )
        .about("incident"),
        Refusal::NoPlace => problem(
            "the incident has no place yet; give one with POST /v1/calls/ID/classify, then send the unit",
        )
        .about("incident"),
        Refusal::HospitalsFull => problem("no room for another hospital in this centre"),
        Refusal::FollowUpNeeded => problem(
            "something is left to be seen to: the plan wants an owner and an owning unit with this close; send `follow_up` with `owner`, `unit` and `what`",
        )
        .about("follow_up"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::command::{Assignment, Escalation, IncidentMerge};
    use engine::id::{CallId, CentreId, IncidentId, UnitId};
    use engine::kind::Priority;
    use std::collections::BTreeSet;

    #[test]
    fn evidence_is_words_of_the_text_or_nothing() {
        let note = |start, end| EvidenceNote {
            start,
            end,
            rule: "r".into(),
        };
        let seen = evidence(
            "两车追尾",
            &[note(6, 12), note(1, 3), note(6, 99), note(9, 6)],
        );
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].text, "追尾");
    }

    /// Two acts that their states forbid do not read alike, and each names what would be right.
    #[test]
    fn what_is_not_allowed_now_is_told_of_the_act() {
        let call = CallId::new(CentreId(1), 1).unwrap();
        let incident = IncidentId::new(CentreId(1), 1).unwrap();
        let unit = UnitId::new(CentreId(1), 1).unwrap();
        let acts = [
            Command::EndCall(call),
            Command::CloseIncident(incident),
            Command::MergeIncidents(IncidentMerge {
                from: incident,
                into: incident,
            }),
            Command::EscalateIncident(Escalation {
                incident,
                priority: Priority::P1,
            }),
            Command::AssignUnit(Assignment {
                incident,
                unit,
                capability: None,
            }),
        ];
        let told = acts.map(|act| refused_act(Refusal::NotAllowedNow, not_now(&act)));
        let details: BTreeSet<_> = told.iter().map(|problem| &problem.detail).collect();
        assert_eq!(details.len(), acts.len());
        assert_eq!(told[3].field.as_deref(), Some("priority"));
        assert!(
            told.iter().all(|problem| problem.detail.contains("; ")),
            "{told:?}"
        );
        // Whatever else is refused is told as ever.
        let unknown = refused_act(Refusal::UnknownCall, not_now(&acts[0]));
        assert_eq!(unknown, refused(Refusal::UnknownCall));
    }

    #[test]
    fn every_refusal_says_what_and_keeps_its_kind() {
        for &refusal in Refusal::ALL {
            let problem = refused(refusal);
            assert_eq!(problem.kind, ProblemKind::Refused(refusal));
            assert!(problem.detail.len() > 20, "{}", problem.detail);
        }
    }
}
