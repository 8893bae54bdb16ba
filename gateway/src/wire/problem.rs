//! Why something was not done, in the shape of RFC 9457.

use super::Tag;
use engine::event::Refusal;
use serde_json::{Map, Value, json};

/// What kind of problem it is. Scripts may rely on [`ProblemKind::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// It is not a frame, not JSON, or not one of the requests.
    NotReadable,
    /// A frame, line or body of more bytes than are taken: 64 KiB, a plan 1 MiB.
    TooLarge,
    /// A call without a readable key.
    NoKey,
    /// A field that a strict request cannot do with.
    BadField,
    /// A field that a strict request does not have.
    UnknownField,
    /// The core did not carry it out.
    Refused(Refusal),
    /// Time cannot be moved so.
    NotAdvanced,
    /// The lane is full; try again later.
    Overloaded,
    /// The centre does not serve: it stops, or its journal failed.
    NotServing,
    /// The disk is nearly full: new calls are not taken.
    NoRoom,
    /// What was asked for is older than what is kept.
    Pruned,
    /// Nothing of that name over HTTP.
    NotFound,
    /// Something of that name over HTTP, but not by this method.
    MethodNotAllowed,
    /// A frame that was begun and not ended in time.
    TooSlow,
    /// The key of an act was given with another act before.
    KeyTaken,
    /// A page or a name that is none of ours asks over HTTP.
    ForeignOrigin,
    /// An act over HTTP whose body is declared as something that no act is.
    BadMediaType,
}

/// Whether a repeat of the same request may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It would be refused again.
    No,
    /// At once.
    AtOnce,
    /// Once somebody has changed what stands against it.
    OnceChanged,
    /// After so long, which `retry_after_ms` says: from the shortest time to the longest.
    After(u32, u32),
}

impl std::fmt::Display for Again {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Again::No => f.write_str("no"),
            Again::AtOnce => f.write_str("at once"),
            Again::OnceChanged => f.write_str("once it changed"),
            Again::After(least, most) if least == most => write!(f, "after {least} ms"),
            Again::After(least, most) => write!(f, "after {least} to {most} ms"),
        }
    }
}

const OWN: [ProblemKind; 16] = [
    ProblemKind::NotReadable,
    ProblemKind::TooLarge,
    ProblemKind::NoKey,
    ProblemKind::BadField,
    ProblemKind::UnknownField,
    ProblemKind::NotAdvanced,
    ProblemKind::Overloaded,
    ProblemKind::NotServing,
    ProblemKind::NoRoom,
    ProblemKind::Pruned,
    ProblemKind::NotFound,
    ProblemKind::MethodNotAllowed,
    ProblemKind::TooSlow,
    ProblemKind::KeyTaken,
    ProblemKind::ForeignOrigin,
    ProblemKind::BadMediaType,
];

impl ProblemKind {
    /// All kinds: those of the gateway, then what the core refuses.
    pub fn all() -> impl Iterator<Item = ProblemKind> {
        let refusals = Refusal::ALL.iter().copied();
        OWN.into_iter().chain(refusals.map(ProblemKind::Refused))
    }

    /// The code that scripts rely on; the last part of the problem's type.
    pub const fn code(self) -> &'static str {
        match self {
            ProblemKind::NotReadable => "not_readable",
            ProblemKind::TooLarge => "too_large",
            ProblemKind::NoKey => "no_key",
            ProblemKind::BadField => "bad_field",
            ProblemKind::UnknownField => "unknown_field",
            ProblemKind::Refused(refusal) => refusal.code(),
            ProblemKind::NotAdvanced => "not_advanced",
            ProblemKind::Overloaded => "overloaded",
            ProblemKind::NotServing => "not_serving",
            ProblemKind::NoRoom => "no_room",
            ProblemKind::Pruned => "pruned",
            ProblemKind::NotFound => "not_found",
            ProblemKind::MethodNotAllowed => "method_not_allowed",
            ProblemKind::TooSlow => "too_slow",
            ProblemKind::KeyTaken => "key_taken",
            ProblemKind::ForeignOrigin => "foreign_origin",
            ProblemKind::BadMediaType => "bad_media_type",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<ProblemKind> {
        OWN.iter()
            .copied()
            .find(|kind| kind.code() == code)
            .or_else(|| Refusal::from_code(code).map(ProblemKind::Refused))
    }

    /// The HTTP status that says the same.
    pub const fn status(self) -> u16 {
        match self {
            ProblemKind::NotReadable => 400,
            ProblemKind::TooLarge => 413,
            ProblemKind::NoKey | ProblemKind::BadField | ProblemKind::UnknownField => 422,
            ProblemKind::Refused(refusal) => match refusal {
                Refusal::UnknownCall
                | Refusal::UnknownIncident
                | Refusal::UnknownOrder
                | Refusal::UnknownUnit
                | Refusal::ObjectMissing => 404,
                Refusal::NotYours => 403,
                Refusal::NotOpened
                | Refusal::AlreadyOpened
                | Refusal::NotAllowedNow
                | Refusal::UnitNotFree
                | Refusal::NeedsFull
                | Refusal::UnitsFull
                | Refusal::HospitalsFull
                | Refusal::NoPlace => 409,
                Refusal::IncidentsFull => 503,
                Refusal::BadDefinition | Refusal::UnitCannot | Refusal::FollowUpNeeded => 422,
            },
            ProblemKind::NotAdvanced => 409,
            ProblemKind::Overloaded | ProblemKind::NotServing | ProblemKind::NoRoom => 503,
            ProblemKind::NotFound => 404,
            ProblemKind::Pruned => 410,
            ProblemKind::MethodNotAllowed => 405,
            ProblemKind::TooSlow => 408,
            ProblemKind::KeyTaken => 409,
            ProblemKind::ForeignOrigin => 403,
            ProblemKind::BadMediaType => 415,
        }
    }

    /// Whether a repeat may help, and when.
    pub const fn again(self) -> Again {
        match self {
            ProblemKind::Overloaded => Again::After(200, 1_000),
            ProblemKind::NotServing => Again::After(1_000, 1_000),
            ProblemKind::NoRoom => Again::After(10_000, 10_000),
            ProblemKind::TooSlow => Again::AtOnce,
            ProblemKind::Refused(refusal) => match refusal {
                Refusal::IncidentsFull => Again::After(250, 250),
                Refusal::UnitNotFree
                | Refusal::NeedsFull
                | Refusal::NoPlace
                | Refusal::UnitsFull
                | Refusal::HospitalsFull
                | Refusal::ObjectMissing
                | Refusal::NotOpened => Again::OnceChanged,
                Refusal::AlreadyOpened
                | Refusal::UnknownCall
                | Refusal::UnknownIncident
                | Refusal::UnknownOrder
                | Refusal::UnknownUnit
                | Refusal::NotYours
                | Refusal::NotAllowedNow
                | Refusal::BadDefinition
                | Refusal::UnitCannot
                | Refusal::FollowUpNeeded => Again::No,
            },
            ProblemKind::NotReadable
            | ProblemKind::TooLarge
            | ProblemKind::NoKey
            | ProblemKind::BadField
            | ProblemKind::UnknownField
            | ProblemKind::NotAdvanced
            | ProblemKind::NotFound
            | ProblemKind::Pruned
            | ProblemKind::MethodNotAllowed
            | ProblemKind::KeyTaken
            | ProblemKind::ForeignOrigin
            | ProblemKind::BadMediaType => Again::No,
        }
    }

    /// A short sentence that is the same for every problem of the kind.
    pub const fn title(self) -> &'static str {
        match self {
            ProblemKind::NotReadable => "not readable as a request",
            ProblemKind::TooLarge => "too large",
            ProblemKind::NoKey => "a call without a readable key",
            ProblemKind::BadField => "a field cannot be used",
            ProblemKind::UnknownField => "a field is not known",
            ProblemKind::Refused(refusal) => match refusal {
                Refusal::NotOpened => "the centre has not been opened",
                Refusal::AlreadyOpened => "the centre has been opened before",
                Refusal::ObjectMissing => "the object is not at hand",
                Refusal::UnknownCall => "no such call in the window",
                Refusal::UnknownIncident => "no such incident in hot state",
                Refusal::UnknownOrder => "no such order in hot state",
                Refusal::UnknownUnit => "no such unit",
                Refusal::NotYours => "the order is another unit's",
                Refusal::NotAllowedNow => "its state does not allow it",
                Refusal::IncidentsFull => "no room for another incident",
                Refusal::UnitsFull => "no room for another unit",
                Refusal::BadDefinition => "a definition contradicts itself",
                Refusal::UnitNotFree => "the unit is not free",
                Refusal::UnitCannot => "the unit cannot do that",
                Refusal::NeedsFull => "the incident has no room for another need",
                Refusal::NoPlace => "the incident has no place yet",
                Refusal::HospitalsFull => "no room for another hospital",
                Refusal::FollowUpNeeded => "the close names nobody for what is left",
            },
            ProblemKind::NotAdvanced => "time was not moved",
            ProblemKind::Overloaded => "too much is waiting",
            ProblemKind::NotServing => "the centre does not serve now",
            ProblemKind::NoRoom => "no room on the disk for another call",
            ProblemKind::Pruned => "not kept any more",
            ProblemKind::NotFound => "nothing of that name",
            ProblemKind::MethodNotAllowed => "not by this method",
            ProblemKind::TooSlow => "begun and not ended in time",
            ProblemKind::KeyTaken => "the key was given with another act",
            ProblemKind::ForeignOrigin => "asked from elsewhere",
            ProblemKind::BadMediaType => "not declared as an act",
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// What is wrong here, and what would be right.
    pub detail: String,
    /// The field it is about.
    pub field: Option<String>,
    /// When a repeat may help, in milliseconds.
    pub retry_after_ms: Option<u32>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
            field: None,
            retry_after_ms: None,
        }
    }

    /// A field that cannot be used, and what would be right.
    pub fn bad_field(field: &str, right: &str) -> Problem {
        Problem::new(ProblemKind::BadField, format!("`{field}` {right}")).about(field)
    }

    /// The same, about a field.
    #[must_use]
    pub fn about(mut self, field: &str) -> Problem {
        // A field's name came from outside: bounded, so that an answer never grows with a question.
        self.field = Some(field.chars().take(64).collect());
        self
    }

    /// The same, with the time after which a repeat may help.
    #[must_use]
    pub fn retry_after_ms(mut self, wait_ms: u32) -> Problem {
        // What docs/protocol.md promises of the kind.
        debug_assert!(
            matches!(self.kind.again(), Again::After(least, most) if (least..=most).contains(&wait_ms)),
            "{:?} after {wait_ms} ms",
            self.kind
        );
        self.retry_after_ms = Some(wait_ms);
        self
    }

    /// The problem as RFC 9457 writes it, with the request's tag where there was one.
    pub fn to_json(&self, tag: Option<Tag>) -> Value {
        let mut fields = Map::new();
        fields.insert(
            "type".into(),
            format!("urn:liandong:problem:{}", self.kind.code()).into(),
        );
        fields.insert("title".into(), self.kind.title().into());
        fields.insert("status".into(), self.kind.status().into());
        fields.insert("detail".into(), self.detail.as_str().into());
        if let Some(field) = &self.field {
            fields.insert("field".into(), field.as_str().into());
        }
        if let Some(wait_ms) = self.retry_after_ms {
            fields.insert("retry_after_ms".into(), wait_ms.into());
        }
        if let Some(tag) = tag {
            fields.insert("tag".into(), json!(tag));
        }
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for kind in OWN {
            assert_eq!(ProblemKind::from_code(kind.code()), Some(kind));
        }
        for &refusal in Refusal::ALL {
            let kind = ProblemKind::Refused(refusal);
            assert_eq!(ProblemKind::from_code(kind.code()), Some(kind));
            assert!((400..600).contains(&kind.status()));
        }
        assert_eq!(ProblemKind::from_code("nonsense"), None);
    }

    /// The table of errors in `docs/protocol.md`: every code once, with its status.
    #[test]
    fn the_protocol_names_every_code_with_its_status() {
        let document = include_str!("../../../docs/protocol.md");
        let table = document.split("## Errors").nth(1).unwrap();
        let table = table.split("## JSON lines").next().unwrap();
        let mut named = Vec::new();
        for row in table.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            for code in cells[1].split(", ") {
                let code = code.trim_matches('`');
                let kind = ProblemKind::from_code(code).unwrap_or_else(|| panic!("{row}"));
                assert_eq!(kind.status().to_string(), cells[2], "{row}");
                assert!(!named.contains(&code), "{code} stands there twice");
                named.push(code);
            }
        }
        let missing: Vec<_> = ProblemKind::all()
            .map(ProblemKind::code)
            .filter(|code| !named.contains(code))
            .collect();
        assert!(missing.is_empty(), "the protocol does not name {missing:?}");
    }

    #[test]
    fn a_problem_has_the_shape_of_rfc_9457() {
        let problem = Problem::new(ProblemKind::Overloaded, "wait")
            .about("lane")
            .retry_after_ms(250);
        let json = problem.to_json(Some(7));
        assert_eq!(json["type"], "urn:liandong:problem:overloaded");
        assert_eq!(json["status"], 503);
        assert_eq!(json["field"], "lane");
        assert_eq!(json["retry_after_ms"], 250);
        assert_eq!(json["tag"], 7);
    }
}
