//! Call texts from fragments: an opening, the matter, what may follow, a closing. No two callers need say the same.
//!
//! The fragments are this project's own, one file for the callers of each line. A kind's fragments never say more
//! than the kind (nobody hurt in a `crash_damage`), so that a row can state whom it expects.

use super::words;
use crate::random::Random;
use engine::kind::{Kind, Priority};
use std::collections::BTreeMap;

const SOURCES: [(&str, &str); 5] = [
    ("police.txt", include_str!("phrases/police.txt")),
    ("fire.txt", include_str!("phrases/fire.txt")),
    ("traffic.txt", include_str!("phrases/traffic.txt")),
    ("medical.txt", include_str!("phrases/medical.txt")),
    ("service.txt", include_str!("phrases/service.txt")),
];

/// How often a text is composed anew to come below a length before it is cut.
const TRIES_MAX: usize = 8;

/// What can be said of one kind.
#[derive(Clone, Debug, Default)]
struct Fragments {
    matters: Vec<&'static str>,
    details: Vec<&'static str>,
}

/// What can be said of every kind.
#[derive(Clone, Debug)]
pub struct Phrases(BTreeMap<Kind, Fragments>);

/// A file of fragments that cannot be read: a mistake of this program, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file}, line {line}: `{text}` is neither `[kind]` nor `- matter` nor `+ detail` under one"
)]
pub struct PhraseError {
    file: &'static str,
    line: usize,
    text: &'static str,
}

impl Phrases {
    /// Reads the built-in fragments.
    pub fn new() -> Result<Phrases, PhraseError> {
        let mut kinds: BTreeMap<Kind, Fragments> = BTreeMap::new();
        for (file, source) in SOURCES {
            let mut kind = None;
            for (index, text) in source.lines().enumerate() {
                let error = PhraseError {
                    file,
                    line: index + 1,
                    text,
                };
                let Some(first) = text.chars().next().filter(|&first| first != '#') else {
                    continue;
                };
                if first == '[' {
                    kind = Kind::from_code(text.trim_matches(['[', ']']));
                    continue;
                }
                let fragments = kind.map(|kind| kinds.entry(kind).or_default());
                match (first, fragments) {
                    ('-', Some(fragments)) => fragments.matters.push(text[1..].trim()),
                    ('+', Some(fragments)) => fragments.details.push(text[1..].trim()),
                    _ => return Err(error),
                }
            }
        }
        Ok(Phrases(kinds))
    }

    /// What one caller says of a matter of this kind at this place; empty for a silent one.
    pub fn say(&self, kind: Kind, place: &str, random: &mut Random) -> String {
        let Some(fragments) = self.0.get(&kind) else {
            return String::new();
        };
        let matter = random.pick(&fragments.matters).copied().unwrap_or_default();
        let pressing = kind.row().priority <= Priority::P3;
        let mut parts: Vec<String> = Vec::with_capacity(5);
        if random.chance(450) {
            parts.push(words::opener(pressing, random).into());
        }
        parts.push(words::filled(matter, place, random));
        let details = random.weighted([3, 5, 2].into_iter()).unwrap_or(0);
        let first = random.below(fragments.details.len() as u64) as usize;
        for step in 0..details.min(fragments.details.len()) {
            let detail = fragments.details[(first + step) % fragments.details.len()];
            parts.push(words::filled(detail, place, random));
        }
        let placeless = kind == Kind::Nuisance || matter.contains("{处}");
        if !placeless && random.chance(300) {
            parts.push(format!("在{place}"));
        }
        if random.chance(350) {
            parts.push(words::closer(pressing, random).into());
        }
        parts.join("，")
    }

    /// The same in exactly so many characters, padded with words that say nothing.
    pub fn say_exactly(
        &self,
        kind: Kind,
        place: &str,
        characters: usize,
        random: &mut Random,
    ) -> String {
        let mut text = self.say(kind, place, random);
        for _ in 0..TRIES_MAX {
            if text.chars().count() <= characters {
                break;
            }
            text = self.say(kind, place, random);
        }
        while text.chars().count() < characters {
            text.push('，');
            text += words::filler(random);
        }
        text.chars().take(characters).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_but_silence_has_something_to_say() {
        let phrases = Phrases::new().unwrap();
        for &kind in Kind::ALL {
            let fragments = phrases.0.get(&kind);
            if matches!(kind, Kind::Unknown | Kind::Silent) {
                assert!(fragments.is_none());
                continue;
            }
            let fragments = fragments.unwrap_or_else(|| panic!("{kind} says nothing"));
            assert!(
                fragments.matters.len() >= 3 && fragments.details.len() >= 2,
                "{kind}"
            );
        }
    }

    #[test]
    fn a_kind_has_hundreds_of_texts_with_every_slot_filled() {
        let phrases = Phrases::new().unwrap();
        let mut random = Random::new(11);
        for &kind in Kind::ALL {
            let texts: BTreeSet<String> = (0..400)
                .map(|_| {
                    let place = words::place(&mut random);
                    phrases.say(kind, &place, &mut random)
                })
                .collect();
            assert!(
                texts.iter().all(|text| !text.contains(['{', '}'])),
                "{kind}"
            );
            let least = match kind {
                Kind::Unknown | Kind::Silent => 1,
                Kind::Nuisance => 150,
                _ => 300,
            };
            assert!(texts.len() >= least, "{kind}: {}", texts.len());
        }
    }

    #[test]
    fn a_text_of_a_length_has_that_length() {
        let phrases = Phrases::new().unwrap();
        let mut random = Random::new(5);
        for _ in 0..200 {
            let text = phrases.say_exactly(Kind::CrashInjury, "环城南路12号", 46, &mut random);
            assert_eq!(text.chars().count(), 46);
        }
    }
}
