//! Text and line → kind, priority, nature, agencies, evidence, confidence. Pure: the same lexicon and the same words give
//! the same verdict on every machine.
//!
//! A lexicon is commented TOML: cues for kinds, cues for concepts (hurt, trapped, weapon …), rules that weigh concepts
//! together and adjustments that depart from a kind's defaults. `source` reads it, `compile` makes tables of it, `weigh`
//! runs a text through them once. The line is a weak prior (C3): a wrong one changes nothing but the evidence.
//! No float, no allocation once a [`Scratch`] is warm, no look at anything but its arguments.

mod compile;
mod concepts;
mod endings;
mod evidence;
mod fold;
mod hearing;
mod letters;
mod model;
mod odds;
mod scan;
mod source;
mod tokens;
mod traditional;
pub mod train;
mod triggers;
mod verdict;
mod weigh;

pub use scan::{Scratch, TEXT_BYTES_MAX};
pub use source::{
    CONCEPTS_MAX, CUE_CHARS_MAX, CUES_MAX, ERRORS_MAX, LEXICON_BYTES_MAX, LexiconError,
    LexiconErrors, NEGATION_REACH_MAX, RULES_MAX, WEIGHT_MAX,
};
pub use verdict::{Evidence, EvidenceList, RuleId, Verdict};
pub use weigh::HUMAN_BELOW_PERMILLE;

use crate::line::Line;
use compile::Tables;
use hearing::Hearing;
use model::Model;
use source::Mistakes;
use std::sync::{Arc, LazyLock};

const EMBEDDED: &str = include_str!("lexicon.toml");
const EMBEDDED_MODEL: &[u8] = include_bytes!("model.bin");

static EMBEDDED_LEXICON: LazyLock<Lexicon> = LazyLock::new(|| match Lexicon::load(EMBEDDED) {
    Ok(lexicon) => lexicon,
    // A test loads it, so a build that passed its tests never comes here.
    Err(errors) => panic!("the embedded lexicon is broken:\n{errors}"),
});

static OWN_MODEL: LazyLock<(String, Arc<Hearing>)> =
    LazyLock::new(|| match Model::parse(EMBEDDED_MODEL) {
        Ok(model) => (model_name(EMBEDDED_MODEL), Arc::new(Hearing::of(&model))),
        // A test reads it too.
        Err(error) => panic!("the embedded model: {error}"),
    });

/// The first half of a model's BLAKE3 hash.
fn model_name(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// What a concept is called in a model.
fn concept_name(name: &str) -> String {
    format!("concept/{name}")
}

/// What a line is called in a model.
fn line_name(line: Line) -> String {
    format!("line/{}", line.number())
}

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

    /// Compiles a lexicon; every mistake is named by line and key. The model it names must be the one that comes with
    /// the program, so a lexicon's hash says all that a verdict was made with.
    pub fn load(text: &str) -> Result<Lexicon, LexiconErrors> {
        let mut mistakes = Mistakes::new(text);
        let typed = source::read(text, &mut mistakes);
        let named = typed.model.clone();
        let mut tables = compile::compile(typed, &mut mistakes);
        if let Some(named) = named {
            let (own, hearing) = &*OWN_MODEL;
            if named.value == *own {
                tables.hear_with(Arc::clone(hearing));
            } else {
                let problem = format!(
                    "`{}` is not the model of this program; write \"{own}\", or \"none\" to let the cues decide alone",
                    named.value
                );
                mistakes.add(named.line, "model", problem);
            }
        }
        mistakes.into_result(Lexicon { tables })
    }

    /// Compiles a lexicon as if it named no model: what a trainer hears concepts with.
    pub fn without_model(text: &str) -> Result<Lexicon, LexiconErrors> {
        let mut mistakes = Mistakes::new(text);
        let typed = source::read(text, &mut mistakes);
        let tables = compile::compile(typed, &mut mistakes);
        mistakes.into_result(Lexicon { tables })
    }

    /// Compiles a lexicon that a journal kept, to see that it is one: its model may be another program's, and is not asked.
    pub fn check_kept(text: &str) -> Result<(), LexiconErrors> {
        Lexicon::without_model(text).map(|_| ())
    }

    /// Compiles a lexicon with a model's bytes, whichever it names: to try one before it is taken.
    pub fn with_bytes(text: &str, model: &[u8]) -> Result<Lexicon, LexiconErrors> {
        let mut lexicon = Lexicon::without_model(text)?;
        match Model::parse(model) {
            Ok(model) => lexicon.tables.hear_with(Arc::new(Hearing::of(&model))),
            Err(error) => {
                let mut mistakes = Mistakes::new(text);
                mistakes.add(1, "model", error.to_string());
                return mistakes.into_result(lexicon);
            }
        }
        Ok(lexicon)
    }

    /// The text of a lexicon, naming the model of these bytes.
    pub fn with_model(text: &str, model: &[u8]) -> String {
        let named = format!("model = \"{}\"", model_name(model));
        let mut lines: Vec<&str> = text.lines().collect();
        let of_model = lines.iter().position(|line| line.starts_with("model = "));
        match of_model {
            Some(at) => lines[at] = &named,
            None => lines.insert(0, &named),
        }
        lines.join("\n") + "\n"
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

    /// How many bytes the tables take that a text is run through: the model's, the cues', the rules', those of characters.
    pub fn table_bytes(&self) -> usize {
        self.tables.bytes()
    }

    /// How many cues, rules and adjustments it has.
    pub fn rule_count(&self) -> usize {
        self.tables.names.len()
    }
}

#[cfg(test)]
mod tests;
