//! What the classifier says about a call: a flat value that fits in a command.
//!
//! It holds spans and rule numbers, never text; who wants words asks the lexicon that made it
//! (`Lexicon::rule_name`).

use crate::kind::{AgencySet, Category, Kind, Nature, Priority};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A cue or rule of the lexicon, by its number in that lexicon.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RuleId(pub u16);

/// Where in the text a cue stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// First byte of the original text.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The cue that matched.
    pub rule: RuleId,
}

/// At most [`EvidenceList::MAX`] pieces of evidence, in the order of the text.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct EvidenceList {
    items: [Evidence; EvidenceList::MAX],
    len: u8,
}

impl EvidenceList {
    /// The most a verdict keeps.
    pub const MAX: usize = 8;

    /// The evidence.
    pub fn as_slice(&self) -> &[Evidence] {
        &self.items[..usize::from(self.len)]
    }

    /// Adds one; false, and nothing happens, when the list is full.
    pub fn push(&mut self, evidence: Evidence) -> bool {
        let Some(slot) = self.items.get_mut(usize::from(self.len)) else {
            return false;
        };
        *slot = evidence;
        self.len += 1;
        true
    }

    /// Brings it into the order of the text.
    pub(super) fn sort(&mut self) {
        self.items[..usize::from(self.len)]
            .sort_unstable_by_key(|item| (item.start, item.end, item.rule));
    }
}

impl fmt::Debug for EvidenceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl Serialize for EvidenceList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.as_slice())
    }
}

struct EvidenceVisitor;

impl<'de> Visitor<'de> for EvidenceVisitor {
    type Value = EvidenceList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} pieces of evidence", EvidenceList::MAX)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<EvidenceList, A::Error> {
        let mut list = EvidenceList::default();
        while let Some(item) = items.next_element()? {
            if !list.push(item) {
                return Err(serde::de::Error::invalid_length(
                    EvidenceList::MAX + 1,
                    &self,
                ));
            }
        }
        Ok(list)
    }
}

impl<'de> Deserialize<'de> for EvidenceList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EvidenceList, D::Error> {
        deserializer.deserialize_seq(EvidenceVisitor)
    }
}

/// What a call is, as far as its words and its line tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// What it is about; `Unknown` only when the words are not known yet.
    pub kind: Kind,
    /// Urgency of dispatch.
    pub priority: Priority,
    /// What it asks of the centre.
    pub nature: Nature,
    /// Class of GB/T 35561.
    pub category: Category,
    /// Who is responsible; empty is nobody.
    pub agencies: AgencySet,
    /// How sure, 0 to 1000.
    #[serde(rename = "confidence")]
    pub confidence_permille: u16,
    /// Whether a person should look before anybody relies on it.
    pub human: bool,
    /// What it rests on.
    pub evidence: EvidenceList,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Agency;

    fn sample() -> Verdict {
        let mut evidence = EvidenceList::default();
        for start in [9, 3] {
            assert!(evidence.push(Evidence {
                start,
                end: start + 6,
                rule: RuleId(7)
            }));
        }
        evidence.sort();
        Verdict {
            kind: Kind::CrashInjury,
            priority: Priority::P1,
            nature: Nature::Emergency,
            category: Category::Accident,
            agencies: AgencySet::of(&[Agency::Traffic, Agency::Medical]),
            confidence_permille: 970,
            human: false,
            evidence,
        }
    }

    #[test]
    fn a_verdict_reads_back_from_both_its_forms() {
        let json = serde_json::to_string(&sample()).unwrap();
        assert!(json.starts_with(
            r#"{"kind":"crash_injury","priority":1,"nature":"emergency","category":"accident","#
        ));
        assert!(
            json.contains(r#""agencies":["traffic","medical"],"confidence":970,"human":false"#),
            "{json}"
        );
        assert!(
            json.contains(r#"[{"start":3,"end":9,"rule":7},{"start":9"#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), sample());
        let bytes = postcard::to_stdvec(&sample()).unwrap();
        assert_eq!(postcard::from_bytes::<Verdict>(&bytes).unwrap(), sample());
    }

    #[test]
    fn a_ninth_piece_of_evidence_is_refused() {
        let nine = vec![Evidence::default(); 9];
        assert!(
            serde_json::from_str::<EvidenceList>(&serde_json::to_string(&nine).unwrap()).is_err()
        );
        let mut list = EvidenceList::default();
        assert_eq!((0..9).filter(|_| list.push(Evidence::default())).count(), 8);
    }
}
