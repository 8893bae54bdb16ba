//! From what a client says to what the core decides on: keys digested, words classified, positions brought to
//! WGS-84 and to a district. Pure: the same words give the same report.
//!
//! Nothing is refused here. What cannot be used is marked, and a marked call goes before a person. Words stay in
//! the [`Testimony`]; the report has none. Next: `exchange` hands it to the writer.

use crate::config::Config;
use crate::wire::{CallWords, FactsWords, Position};
use arc_swap::ArcSwap;
use engine::call::{
    Assessment, BodyDigest, CallFacts, CallReport, EvidenceNote, KeyDigest, Mark, Marks, Testimony,
};
use engine::city::{CanonicalError, City};
use engine::classify::{Lexicon, Scratch, Verdict};
use engine::id::ObjectHash;
use engine::kind::{Agency, Kind, Nature, Priority};
use engine::lane::Lane;
use engine::line::Line;
use engine::place::{Place, PlaceSource};
use engine::plan::{LineMode, Plan};
use std::sync::Arc;

/// How far off a caller's position may be when nobody says: a phone in a town.
const RADIUS_DEFAULT_M: u32 = 50;

/// All that intake looks at. Shared by every stream; each has a [`Desk`] of its own.
pub struct Intake {
    /// Which lines there are, and how they are taken.
    pub plan: ArcSwap<Plan>,
    /// What words mean.
    pub lexicon: Arc<Lexicon>,
    /// The lexicon, by content.
    pub lexicon_hash: ObjectHash,
    /// Where districts and cells are.
    pub city: Arc<City>,
    /// The city, by content.
    pub city_hash: ObjectHash,
    /// The line of a call that comes without a usable one.
    pub default_line: Line,
}

/// Buffers of one stream, so that nothing is allocated for looking at a call.
#[derive(Default)]
pub struct Desk {
    scratch: Scratch,
    body: Vec<u8>,
}

/// A call, ready for the writer.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenCall {
    /// What is decided on.
    pub report: CallReport,
    /// What was said.
    pub testimony: Testimony,
    /// Where it waits.
    pub lane: Lane,
}

/// Facts, ready for the writer.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenFacts {
    /// What is newly known.
    pub facts: CallFacts,
    /// What was said.
    pub testimony: Testimony,
    /// Where they wait.
    pub lane: Lane,
}

/// The lane of a matter: danger to life, other emergencies, the rest.
pub fn lane_of(assessment: &Assessment) -> Lane {
    match (assessment.priority, assessment.nature) {
        (Priority::P1, _) => Lane::Life,
        (Priority::P2 | Priority::P3 | Priority::P4, Nature::Emergency) => Lane::Urgent,
        (
            Priority::P2 | Priority::P3 | Priority::P4,
            Nature::Help | Nature::Enquiry | Nature::Complaint | Nature::Invalid,
        ) => Lane::Service,
    }
}

impl Intake {
    /// What calls are looked at with under this configuration.
    ///
    /// # Errors
    /// The city cannot be written as an object.
    pub fn of(config: &Config) -> Result<Intake, CanonicalError> {
        let city = config.city.canonical_bytes()?;
        Ok(Intake {
            plan: ArcSwap::new(Arc::clone(&config.plan)),
            lexicon: Arc::clone(&config.lexicon),
            lexicon_hash: ObjectHash::of(config.lexicon_text.as_bytes()),
            city: Arc::clone(&config.city),
            city_hash: ObjectHash::of(&city),
            default_line: config.default_line,
        })
    }

    /// Takes a call of a carrier.
    pub fn call(&self, carrier: u32, words: CallWords, desk: &mut Desk) -> TakenCall {
        let body = self.body_digest(&words, desk);
        let mut marks = words.marks;
        let line = self.line(words.line, &mut marks);
        let place = self.locate(
            words.position,
            words.accuracy_m,
            words.cell.as_deref(),
            &mut marks,
        );
        if place.is_none() {
            marks = marks.with(Mark::NoPlace);
        }
        if words.drill {
            marks = marks.with(Mark::Drill);
        }
        let text = words.text.as_deref();
        let mut evidence = Vec::new();
        let assessment = match stated(words.kind, words.injured, &mut marks) {
            Some(assessment) => assessment,
            None => self.hear(line, text, words.injured, desk, &mut marks, &mut evidence),
        };
        let report = CallReport {
            key: KeyDigest::of(carrier, &words.key),
            body,
            line,
            place,
            assessment,
            injured: words.injured.unwrap_or(0),
            marks,
        };
        let testimony = Testimony {
            key: Some(words.key),
            caller: words.caller,
            claimed_at: words.at,
            text: words.text,
            cell: words.cell,
            hospital: words.hospital,
            note: None,
            evidence,
            lexicon: Some(self.lexicon_hash),
            city: Some(self.city_hash),
            act: None,
        };
        TakenCall {
            lane: lane_of(&assessment),
            report,
            testimony,
        }
    }

    /// Takes facts about a call. What is not said stays as it is.
    pub fn facts(&self, words: FactsWords, desk: &mut Desk) -> TakenFacts {
        let mut marks = words.marks;
        let place = self.locate(
            words.position,
            words.accuracy_m,
            words.cell.as_deref(),
            &mut marks,
        );
        let mut evidence = Vec::new();
        let assessment = match stated(words.kind, words.injured, &mut marks) {
            Some(assessment) => Some(assessment),
            None => words.text.as_deref().map(|text| {
                let line = self.default_line;
                self.hear(
                    line,
                    Some(text),
                    words.injured,
                    desk,
                    &mut marks,
                    &mut evidence,
                )
            }),
        };
        let facts = CallFacts {
            call: words.call,
            place,
            assessment,
            injured: words.injured,
            marks,
        };
        let testimony = Testimony {
            text: words.text,
            cell: words.cell,
            evidence,
            lexicon: Some(self.lexicon_hash),
            city: Some(self.city_hash),
            ..Testimony::default()
        };
        TakenFacts {
            // Facts may raise an incident to a danger to life; only their own words can say that they do not.
            lane: assessment.as_ref().map_or(Lane::Life, lane_of),
            facts,
            testimony,
        }
    }

    /// The line to forward a call's voice to: its line's own, or the one that usually serves its kind.
    pub fn forward_line(&self, line: Line, kind: Kind) -> u32 {
        let plan = self.plan.load();
        let mode = plan.line(line).map(|plan| plan.mode);
        match mode {
            Some(LineMode::Forward(to)) => to.number(),
            Some(LineMode::Merged | LineMode::Parallel) | None => {
                let usual = Line::new(kind.row().line).filter(|&usual| plan.line(usual).is_some());
                usual.unwrap_or(line).number()
            }
        }
    }

    /// An unknown or missing line takes the carrier's default, marked.
    fn line(&self, given: Option<u32>, marks: &mut Marks) -> Line {
        let known = given
            .and_then(Line::new)
            .filter(|&line| self.plan.load().line(line).is_some());
        known.unwrap_or_else(|| {
            *marks = marks.with(Mark::BadLine);
            self.default_line
        })
    }

    /// The best usable place: the caller's position, else the cell (N4, N5).
    fn locate(
        &self,
        position: Option<Position>,
        accuracy_m: Option<u32>,
        cell: Option<&str>,
        marks: &mut Marks,
    ) -> Option<Place> {
        let caller = position.and_then(|position| match position.point() {
            Ok(point) => Some((
                point,
                accuracy_m.unwrap_or(RADIUS_DEFAULT_M),
                PlaceSource::Caller,
            )),
            Err(error) => {
                *marks = marks.with(error.mark());
                None
            }
        });
        let of_cell = || {
            let cell = self.city.cell(cell?)?;
            Some((cell.point, cell.radius_m, PlaceSource::Cell))
        };
        let (point, radius_m, source) = caller.or_else(of_cell)?;
        let district = self.city.district_at(point);
        if source == PlaceSource::Cell {
            *marks = marks.with(Mark::CellPlace);
        }
        if district.is_none() {
            *marks = marks.with(Mark::Outside);
        }
        Some(Place {
            point,
            radius_m,
            source,
            district,
        })
    }

    /// Where a person says that it is.
    pub fn place_said(&self, position: Position) -> Option<Place> {
        let place = self.locate(Some(position), None, None, &mut Marks::default())?;
        Some(Place {
            source: PlaceSource::Person,
            ..place
        })
    }

    /// What the words say. The line is a weak prior (C3); words that are not known yet are marked.
    fn hear(
        &self,
        line: Line,
        text: Option<&str>,
        injured: Option<u16>,
        desk: &mut Desk,
        marks: &mut Marks,
        evidence: &mut Vec<EvidenceNote>,
    ) -> Assessment {
        if text.is_none() {
            *marks = marks.with(Mark::NoText);
        }
        let verdict = self
            .lexicon
            .classify(line, text, injured, &mut desk.scratch);
        evidence.extend(verdict.evidence.as_slice().iter().map(|seen| EvidenceNote {
            start: seen.start,
            end: seen.end,
            rule: self.lexicon.rule_name(seen.rule).to_owned(),
        }));
        assessment_of(&verdict)
    }

    /// The digest of a call's body: of its meaning, so that it is the same in either form.
    fn body_digest(&self, words: &CallWords, desk: &mut Desk) -> BodyDigest {
        let position = words.position.map(|position| {
            let bits = (position.lat().to_bits(), position.lon().to_bits());
            (bits, position.datum())
        });
        let body = (
            (
                words.line,
                &words.caller,
                words.at,
                position,
                words.accuracy_m,
            ),
            (&words.cell, &words.text, words.kind, words.injured),
            (&words.hospital, words.drill),
        );
        let buffer = std::mem::take(&mut desk.body);
        desk.body = postcard::to_extend(&body, buffer).unwrap_or_default();
        let digest = BodyDigest::of(&desk.body);
        desk.body.clear();
        digest
    }
}

/// A person's word wins over the classifier's; `unknown` is nobody's word.
fn stated(kind: Option<Kind>, injured: Option<u16>, marks: &mut Marks) -> Option<Assessment> {
    let kind = kind.filter(|&kind| kind != Kind::Unknown)?;
    *marks = marks.with(Mark::Stated);
    let mut assessment = Assessment::stated(kind);
    // Anybody hurt brings the ambulance, whatever the kind (C3).
    let acts = matches!(assessment.nature, Nature::Emergency | Nature::Help);
    if acts && injured.is_some_and(|injured| injured > 0) {
        assessment.agencies = assessment.agencies.with(Agency::Medical);
    }
    Some(assessment)
}

fn assessment_of(verdict: &Verdict) -> Assessment {
    Assessment {
        kind: verdict.kind,
        priority: verdict.priority,
        nature: verdict.nature,
        category: verdict.category,
        agencies: verdict.agencies,
        confidence_permille: verdict.confidence_permille,
        human: verdict.human,
    }
}

#[cfg(test)]
mod tests;
