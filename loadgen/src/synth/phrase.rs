//! Call texts from fragments: an opening, the matter, what may follow, a closing. No two callers need say the same.
//!
//! The fragments are this project's own, one file for the callers of each line. A kind's fragments never say more than the kind
//! (nobody hurt in a `crash_damage`) unless they name whom else that concerns, so that a row can state whom it expects. Next:
//! [`speech`](super::speech) for how it is put, [`words`] for what fills the slots.

use super::speech::Way;
use super::words;
use crate::random::Random;
use crate::trace::agencies_named;
use engine::kind::{AgencySet, Kind, Priority};
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

/// What a caller says, and whom it concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The words; empty for a silent caller.
    pub text: String,
    /// Everybody who should be told.
    pub agencies: AgencySet,
}

/// A piece of what can be said, and whom it concerns beside those whom its kind does.
#[derive(Clone, Copy, Debug)]
struct Fragment {
    words: &'static str,
    also: AgencySet,
    /// Says no more than its kind, in words that the standard load has.
    plain: bool,
}

impl Fragment {
    /// `words`, `~ words`, or `words | medical+fire`.
    fn of(text: &'static str) -> Option<Fragment> {
        let (text, varied) = match text.strip_prefix('~') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (words, also) = match text.split_once('|') {
            Some((words, also)) => (words, agencies_named(also.trim()).ok()?),
            None => (text, AgencySet::EMPTY),
        };
        let words = words.trim();
        let plain = !varied && also.is_empty();
        (!words.is_empty()).then_some(Fragment { words, also, plain })
    }
}

/// What can be said of one kind.
#[derive(Clone, Debug, Default)]
struct Fragments {
    matters: Vec<Fragment>,
    details: Vec<Fragment>,
}

/// What can be said of every kind.
#[derive(Clone, Debug)]
pub struct Phrases(BTreeMap<Kind, Fragments>);

/// A file of fragments that cannot be read: a mistake of this program, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file}, line {line}: `{text}` is neither `[kind]` nor, under one, `- matter` or `+ detail`, `-~` and `+~` where the standard load does without, with `| agencies` where it says more"
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
                match (first, fragments, Fragment::of(&text[1..])) {
                    ('-', Some(fragments), Some(fragment)) => fragments.matters.push(fragment),
                    ('+', Some(fragments), Some(fragment)) => fragments.details.push(fragment),
                    _ => return Err(error),
                }
            }
        }
        Ok(Phrases(kinds))
    }

    /// What one caller says of a matter of this kind at this place, in one way or another.
    pub fn say(&self, kind: Kind, place: &str, random: &mut Random) -> Said {
        let way = Way::draw(kind != Kind::Nuisance, random);
        self.compose(kind, place, way, true, random)
    }

    /// The same in exactly so many characters, in plain sentences that say no more than the kind, padded with words that say
    /// nothing.
    pub fn say_exactly(
        &self,
        kind: Kind,
        place: &str,
        characters: usize,
        random: &mut Random,
    ) -> Said {
        let mut said = self.compose(kind, place, Way::Spoken, false, random);
        for _ in 0..TRIES_MAX {
            if said.text.chars().count() <= characters {
                break;
            }
            said = self.compose(kind, place, Way::Spoken, false, random);
        }
        while said.text.chars().count() < characters {
            said.text.push('，');
            said.text += words::filler(random);
        }
        said.text = said.text.chars().take(characters).collect();
        said
    }

    fn compose(
        &self,
        kind: Kind,
        place: &str,
        way: Way,
        with_more: bool,
        random: &mut Random,
    ) -> Said {
        let mut agencies = kind.row().agencies;
        let Some(fragments) = self.0.get(&kind) else {
            let text = String::new();
            return Said { text, agencies };
        };
        let usable = |list: &[Fragment]| -> Vec<Fragment> {
            let usable = list.iter().filter(|it| with_more || it.plain);
            usable.copied().collect()
        };
        let (matters, details) = (usable(&fragments.matters), usable(&fragments.details));
        let Some(&matter) = random.pick(&matters) else {
            let text = String::new();
            return Said { text, agencies };
        };
        let pressing = kind.row().priority <= Priority::P3;
        // What names neither place nor person would be the same line again and again.
        let bare = !matter.words.contains('{');
        let (opens, closes) = match way.courtesy_permille() {
            courtesy if !bare => courtesy,
            (opens, closes) => (opens.max(700), closes.max(700)),
        };
        let mut parts: Vec<String> = Vec::with_capacity(8);
        if random.chance(opens) {
            parts.push(words::filled(
                words::opener(pressing, random),
                place,
                random,
            ));
        }
        let mut add = |fragment: Fragment, random: &mut Random| {
            parts.push(words::filled(fragment.words, place, random));
            agencies = agencies.union(fragment.also);
        };
        add(matter, random);
        let count = way
            .details(random)
            .max(usize::from(bare))
            .min(details.len());
        let first = random.below(details.len() as u64) as usize;
        for step in 0..count {
            add(details[(first + step) % details.len()], random);
        }
        let placeless = kind == Kind::Nuisance || matter.words.contains("{处}");
        if !placeless && random.chance(300) {
            parts.push(format!("在{place}"));
        }
        if way == Way::Rambling && kind != Kind::Nuisance {
            parts.push(words::filler(random).into());
        }
        if random.chance(closes) {
            parts.push(words::filled(
                words::closer(pressing, random),
                place,
                random,
            ));
        }
        Said {
            text: way.put(&parts, random),
            agencies,
        }
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
                    phrases.say(kind, &place, &mut random).text
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
            let said = phrases.say_exactly(Kind::CrashInjury, "环城南路12号", 46, &mut random);
            assert_eq!(said.text.chars().count(), 46);
        }
    }
}
