//! A call (报警): what one caller reported, once; and how it lives.
//!
//! A [`CallReport`] is what the core decides on: flat, without a word of text. What the caller said, who
//! they are and what the classifier found travel beside it as [`Testimony`], which the core never reads
//! and the journal keeps with the record.

use crate::id::{CallId, IncidentId, ObjectHash, Sequence};
use crate::kind::{AgencySet, Category, Kind, Nature, Priority, vocabulary};
use crate::line::Line;
use crate::moment::Moment;
use crate::place::Place;
use serde::{Deserialize, Serialize};

/// The digest of (carrier, key) that makes intake idempotent (N2): the first half of a BLAKE3 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyDigest(pub [u8; 16]);

impl KeyDigest {
    /// The digest of a key under its carrier.
    pub fn of(carrier: u32, key: &str) -> KeyDigest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&carrier.to_le_bytes());
        hasher.update(key.as_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        KeyDigest(digest)
    }
}

/// The digest of a call's body, to notice a key that comes again with other words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BodyDigest(pub u64);

impl BodyDigest {
    /// The digest of a body in its canonical form.
    pub fn of(body: &[u8]) -> BodyDigest {
        let hash = blake3::hash(body);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        BodyDigest(u64::from_le_bytes(first))
    }
}

/// What a call is held to be, and how sure that is: a classifier's verdict or a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The gravest thing that is reported.
    pub kind: Kind,
    /// Urgency of dispatch.
    pub priority: Priority,
    /// What it asks of the centre (C2).
    pub nature: Nature,
    /// GB/T 35561 class (L1).
    pub category: Category,
    /// Everybody whom it concerns (C3).
    pub agencies: AgencySet,
    /// How sure, in thousandths.
    pub confidence_permille: u16,
    /// A person should decide first.
    pub human: bool,
}

impl Assessment {
    /// The defaults of a kind, as a person's word.
    pub fn stated(kind: Kind) -> Assessment {
        let row = kind.row();
        Assessment {
            kind,
            priority: row.priority,
            nature: row.nature,
            category: row.category,
            agencies: row.agencies,
            confidence_permille: 1_000,
            human: false,
        }
    }
}

/// What was wrong or notable about a call as it came in. Nothing of this refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u16);

vocabulary! {
    /// One mark of a call.
    Mark {
        /// The position was not a number or out of range.
        BadPlace = "bad_place",
        /// A position came without the datum it is in (N5).
        NoDatum = "no_datum",
        /// The claimed time could not be read or meant.
        BadTime = "bad_time",
        /// The text was not UTF-8 or of the wrong type.
        BadText = "bad_text",
        /// The line is missing or no line of this centre.
        BadLine = "bad_line",
        /// The given kind is no kind.
        BadKind = "bad_kind",
        /// The number of injured could not be read.
        BadInjured = "bad_injured",
        /// Another field had the wrong type.
        BadField = "bad_field",
        /// No place of any source was usable (N4).
        NoPlace = "no_place",
        /// The place was reckoned from the cell (N4).
        CellPlace = "cell_place",
        /// The place lies outside the served area.
        Outside = "outside",
        /// A drill: taken through the whole way, nobody is sent (D1).
        Drill = "drill",
        /// The line's words are not known yet.
        NoText = "no_text",
        /// The kind was given by the sender, not found by the classifier.
        Stated = "stated",
    }
}

const _: () = assert!(Mark::ALL.len() <= 16, "a mark is one bit of 16");

impl Marks {
    /// The marks with one more.
    #[must_use]
    pub const fn with(self, mark: Mark) -> Marks {
        Marks(self.0 | 1 << mark as u16)
    }

    /// Whether the mark is set.
    pub const fn contains(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u16) != 0
    }

    /// The marks that are set, in their numeric order.
    pub fn iter(self) -> impl Iterator<Item = Mark> {
        Mark::ALL
            .iter()
            .copied()
            .filter(move |&mark| self.contains(mark))
    }

    /// Whether a field was dropped because it could not be used; such a call goes before a person.
    pub fn is_damaged(self) -> bool {
        self.iter().any(|mark| (mark as u8) <= Mark::BadField as u8)
    }
}

impl FromIterator<Mark> for Marks {
    fn from_iter<I: IntoIterator<Item = Mark>>(marks: I) -> Marks {
        marks.into_iter().fold(Marks::default(), Marks::with)
    }
}

impl Serialize for Marks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Marks, D::Error> {
        if deserializer.is_human_readable() {
            return Ok(Vec::<Mark>::deserialize(deserializer)?
                .into_iter()
                .collect());
        }
        let bits = u16::deserialize(deserializer)?;
        if bits >> Mark::ALL.len() != 0 {
            return Err(serde::de::Error::custom("unknown mark bit"));
        }
        Ok(Marks(bits))
    }
}

/// A call as the core sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReport {
    /// (carrier, key), digested.
    pub key: KeyDigest,
    /// The rest of the body, digested.
    pub body: BodyDigest,
    /// The number that was dialled.
    pub line: Line,
    /// Where, when any source gives a usable place.
    pub place: Option<Place>,
    /// What it is held to be.
    pub assessment: Assessment,
    /// How many are said to be hurt.
    pub injured: u16,
    /// What was wrong or notable.
    pub marks: Marks,
}

/// Facts that arrive later. `None` leaves a thing as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFacts {
    /// The call they belong to.
    pub call: CallId,
    /// A better place.
    pub place: Option<Place>,
    /// A new verdict over all that has been said.
    pub assessment: Option<Assessment>,
    /// How many are said to be hurt.
    pub injured: Option<u16>,
    /// What was wrong or notable.
    pub marks: Marks,
}

/// One thing the classifier saw: a span of the text and the rule it set off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceNote {
    /// First byte of the span in the text.
    pub start: u32,
    /// The byte after the span.
    pub end: u32,
    /// The rule, by its name in the lexicon.
    pub rule: String,
}

/// What a person said or did in their own words, kept in the record for people and for proof. The core never reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testimony {
    /// The carrier's key of the call.
    pub key: Option<String>,
    /// The caller's number.
    pub caller: Option<String>,
    /// The time the sender claims; decides nothing.
    pub claimed_at: Option<Moment>,
    /// What was said or typed. `None`: not known yet.
    pub text: Option<String>,
    /// The cell that carried the call.
    pub cell: Option<String>,
    /// The hospital the patient asks for.
    pub hospital: Option<String>,
    /// A note with a report.
    pub note: Option<String>,
    /// What the classifier saw.
    pub evidence: Vec<EvidenceNote>,
    /// The lexicon the text was read with.
    pub lexicon: Option<ObjectHash>,
    /// The city the place was found on.
    pub city: Option<ObjectHash>,
    /// The sender's own key of an act, so that the same act sent again is answered by this record.
    pub act: Option<ActKey>,
}

/// The key under which a person's or a program's act came, and what the act was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActKey {
    /// The key, digested.
    pub key: KeyDigest,
    /// All that was asked, digested.
    pub body: BodyDigest,
}

/// How a call lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// The caller is there or may come back; facts are taken.
    Open,
    /// The caller is done. Late facts are still taken: a fact is never refused.
    Ended,
}

/// What can happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallAct {
    /// More is known.
    Facts,
    /// The caller is done.
    End,
}

impl CallState {
    /// Where an act leads; `None` refuses it.
    pub const fn after(self, act: CallAct) -> Option<CallState> {
        match (self, act) {
            (CallState::Open, CallAct::Facts) => Some(CallState::Open),
            (CallState::Open, CallAct::End) => Some(CallState::Ended),
            (CallState::Ended, CallAct::Facts) => Some(CallState::Ended),
            (CallState::Ended, CallAct::End) => None,
        }
    }
}

vocabulary! {
    /// What became of a call: exactly one for each accepted key.
    Outcome {
        /// At least one unit was ordered for it at once.
        Ordered = "ordered",
        /// It joined an incident that is being handled.
        Merged = "merged",
        /// Its line is served elsewhere and it was sent there.
        Forwarded = "forwarded",
        /// It became a work order with a deadline (C2).
        WorkOrder = "work_order",
        /// It was put before a person.
        Human = "human",
        /// It waits for a unit: its incident stands, all its needs are short.
        Waiting = "waiting",
    }
}

/// What a centre remembers of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// (carrier, key), digested.
    pub key: KeyDigest,
    /// The rest of the body, digested.
    pub body: BodyDigest,
    /// The record that took it; its text and its decision are there.
    pub taken: Sequence,
    /// When it was taken.
    pub taken_at: Moment,
    /// The incident it points to.
    pub incident: Option<IncidentId>,
    /// How it lives.
    pub state: CallState,
    /// What became of it.
    pub outcome: Outcome,
    /// The number that was dialled.
    pub line: Line,
    /// Where, as it was taken.
    pub place: Option<Place>,
    /// Nobody is sent (D1).
    pub drill: bool,
}

impl Call {
    /// What stands in a place whose call has left and will not be asked for.
    pub(crate) const GONE: Call = Call {
        key: KeyDigest([0; 16]),
        body: BodyDigest(0),
        taken: Sequence(0),
        taken_at: Moment(0),
        incident: None,
        state: CallState::Ended,
        outcome: Outcome::Human,
        line: Line::POLICE,
        place: None,
        drill: false,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_of_a_call() {
        let mut table = String::new();
        for state in [CallState::Open, CallState::Ended] {
            for act in [CallAct::Facts, CallAct::End] {
                table += &format!("{state:?} {act:?} -> {:?}\n", state.after(act));
            }
        }
        assert_eq!(
            table,
            "Open Facts -> Some(Open)\nOpen End -> Some(Ended)\nEnded Facts -> Some(Ended)\nEnded End -> None\n"
        );
    }

    #[test]
    fn a_key_belongs_to_its_carrier() {
        assert_ne!(KeyDigest::of(1, "a"), KeyDigest::of(2, "a"));
        assert_eq!(KeyDigest::of(1, "a"), KeyDigest::of(1, "a"));
    }

    #[test]
    fn only_dropped_fields_make_a_call_damaged() {
        assert!(
            !Marks::default()
                .with(Mark::Drill)
                .with(Mark::NoPlace)
                .is_damaged()
        );
        assert!(Marks::default().with(Mark::BadPlace).is_damaged());
        let marks: Marks = [Mark::NoDatum, Mark::Stated].into_iter().collect();
        let json = serde_json::to_string(&marks).unwrap();
        assert_eq!(json, r#"["no_datum","stated"]"#);
        assert_eq!(serde_json::from_str::<Marks>(&json).unwrap(), marks);
    }
}
