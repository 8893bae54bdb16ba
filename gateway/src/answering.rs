//! From what the core answers to what a client reads: ids become names, spans of a text become its words.
//!
//! Pure. The same function words a first decision and the same decision read back from the journal, so a key that is
//! sent again gets what it got before.

use crate::intake::Intake;
use crate::names::Names;
use crate::wire::{Decision, Evidence, Forward, OrderLine, Problem, ProblemKind, ShortLine};
use engine::answer;
use engine::call::{CallReport, EvidenceNote, Testimony};
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
                .about("act")
        }
        Refusal::IncidentsFull => {
            problem("no room for another incident of this priority; raise capacity.incidents_max")
                .retry_after_ms(RETRY_AFTER_MS)
        }
        Refusal::UnitsFull => problem("no room for another unit; raise capacity.units_max"),
        Refusal::BadDefinition => problem("the definition contradicts itself"),
        Refusal::UnitNotFree => problem(
            "the unit is busy, off duty, not staffed, too weak or silent; `GET /v1/units` lists who is free",
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn every_refusal_says_what_and_keeps_its_kind() {
        for &refusal in Refusal::ALL {
            let problem = refused(refusal);
            assert_eq!(problem.kind, ProblemKind::Refused(refusal));
            assert!(problem.detail.len() > 20, "{}", problem.detail);
        }
    }
}
