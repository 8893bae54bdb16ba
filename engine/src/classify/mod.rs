//! Text and line → kind, priority, nature, agencies, evidence, confidence. Pure: the same lexicon and the same words give
//! the same verdict on every machine.
//!
//! A lexicon is commented TOML: cues for kinds, cues for concepts (hurt, trapped, weapon …), rules that weigh concepts
//! together and adjustments that depart from a kind's defaults. `source` reads it, `compile` makes tables of it, `weigh`
//! runs a text through them once. The line is a weak prior (C3): a wrong one changes nothing but the evidence.
//! No float, no allocation once a [`Scratch`] is warm, no look at anything but its arguments.

mod compile;
mod concepts;
mod fold;
mod source;
mod traditional;
mod verdict;
mod weigh;

pub use source::{
    CONCEPTS_MAX, CUE_CHARS_MAX, CUES_MAX, ERRORS_MAX, LEXICON_BYTES_MAX, LexiconError,
    LexiconErrors, NEGATION_REACH_MAX, RULES_MAX, WEIGHT_MAX,
};
pub use verdict::{Evidence, EvidenceList, RuleId, Verdict};
pub use weigh::{HUMAN_BELOW_PERMILLE, Scratch, TEXT_BYTES_MAX};

use crate::line::Line;
use compile::Tables;
use source::Mistakes;
use std::sync::LazyLock;

const EMBEDDED: &str = include_str!("lexicon.toml");

static EMBEDDED_LEXICON: LazyLock<Lexicon> = LazyLock::new(|| match Lexicon::load(EMBEDDED) {
    Ok(lexicon) => lexicon,
    // A test loads it, so a build that passed its tests never comes here.
    Err(errors) => panic!("the embedded lexicon is broken:\n{errors}"),
});

/// A compiled lexicon.
pub struct Lexicon {
    tables: Tables,
}

impl Lexicon {
    /// The lexicon that comes with the program.
    pub fn embedded() -> &'static Lexicon {
        &EMBEDDED_LEXICON
    }

    /// Its text, whose hash the journal names.
    pub fn source_embedded() -> &'static str {
        EMBEDDED
    }

    /// Compiles a lexicon; every mistake is named by line and key.
    pub fn load(text: &str) -> Result<Lexicon, LexiconErrors> {
        let mut mistakes = Mistakes::new(text);
        let typed = source::read(text, &mut mistakes);
        let tables = compile::compile(typed, &mut mistakes);
        mistakes.into_result(Lexicon { tables })
    }

    /// What the call is. `text` is `None` while the words are not known yet, and blank for a silent call; what lies
    /// beyond [`TEXT_BYTES_MAX`] is not read, and a person is asked. `injured` is the count a sender gave apart from
    /// the words. Costs time linear in the text.
    pub fn classify(
        &self,
        line: Line,
        text: Option<&str>,
        injured: Option<u16>,
        scratch: &mut Scratch,
    ) -> Verdict {
        weigh::classify(&self.tables, line, text, injured, scratch)
    }

    /// What a rule of this lexicon is called, as in `crash_damage/追尾`; empty for a number it does not have.
    pub fn rule_name(&self, rule: RuleId) -> &str {
        self.tables
            .names
            .get(usize::from(rule.0))
            .map_or("", String::as_str)
    }

    /// How many cues, rules and adjustments it has.
    pub fn rule_count(&self) -> usize {
        self.tables.names.len()
    }
}

#[cfg(test)]
mod tests;
