//! From a typed lexicon to tables: names resolved, cues folded into one tree, rules as bit masks.
//!
//! What can be said in a lexicon but can never come true (a dead rule, a concept nobody asks for) is a mistake
//! here. `weigh` is the only reader of the tables.

use super::concepts::ConceptSet;
use super::endings::Endings;
use super::fold;
use super::hearing::Hearing;
use super::letters::{LETTERS_MAX, Letters};
use super::source::{
    At, CONCEPTS_MAX, CUE_CHARS_MAX, CUES_MAX, Mistakes, RULES_MAX, Typed, TypedAdjust, TypedLine,
    TypedWhen,
};
use super::tokens;
use super::triggers::Triggers;
use super::verdict::RuleId;
use crate::kind::{AgencySet, Kind, Nature, Priority};
use crate::line::Line;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const _: () = assert!(Kind::ALL.len() <= 128, "a set of kinds is a u128");
const _: () = assert!(
    CUES_MAX + 2 * RULES_MAX + Kind::ALL.len() < u16::MAX as usize,
    "a rule id is 16 bits and numbers cues, rules, adjustments and the kinds of the model"
);

/// What a cue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Speaks for a kind.
    Kind {
        kind: Kind,
        weight: i16,
        rule: RuleId,
    },
    /// Sets a concept; denied, it sets the other, if there is one.
    Concept {
        concept: u8,
        denied: Option<u8>,
        rule: RuleId,
    },
    /// Hides the cues that lie inside it.
    Mask,
    /// Denies the cues that begin within its reach after it.
    Negation { reach: u8 },
}

/// One cue text with all it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    /// Length in characters.
    pub chars: u8,
    /// Begins with a Latin letter or digit, so it must begin a word.
    pub word_start: bool,
    /// Ends with one, so it must end a word.
    pub word_end: bool,
    /// Whether it is a mask.
    pub mask: bool,
    /// Reach of its negation; 0 when it is none.
    pub reach: u8,
    /// First of its effects.
    pub first: u16,
    /// Number of its effects.
    pub count: u16,
}

/// When a rule holds, as bits.
#[derive(Clone, Debug)]
pub(super) struct When {
    pub all: ConceptSet,
    pub any: ConceptSet,
    pub none: ConceptSet,
    pub kinds: u128,
    pub lines: Box<[Line]>,
}

impl When {
    /// The concepts it asks for: all of these, any of those.
    fn asks(&self) -> (&ConceptSet, &ConceptSet) {
        (&self.all, &self.any)
    }

    /// Whether it holds for these concepts, this line and this kind.
    #[inline]
    pub(super) fn holds(&self, concepts: &ConceptSet, line: Line, kind: Kind) -> bool {
        concepts.has_all(&self.all)
            && (self.any.is_empty() || concepts.meets(&self.any))
            && !concepts.meets(&self.none)
            && self.kinds & kind_bit(kind) != 0
            && (self.lines.is_empty() || self.lines.contains(&line))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub when: When,
    pub kind: Kind,
    pub weight: i16,
}

#[derive(Clone, Debug)]
pub(super) struct Adjust {
    pub when: When,
    pub kind: Option<Kind>,
    pub priority: Option<Priority>,
    pub at_least: Option<Priority>,
    pub raise: u8,
    pub lower: u8,
    pub nature: Option<Nature>,
    pub add: AgencySet,
    pub drop: AgencySet,
}

/// All tables of a lexicon.
pub(super) struct Tables {
    pub letters: Letters,
    /// The tree of cues, by these letters.
    pub endings: Endings,
    pub cues: Vec<Cue>,
    pub effects: Vec<Effect>,
    pub rules: Vec<Rule>,
    rules_by_concept: Triggers,
    pub adjusts: Vec<Adjust>,
    adjusts_by_concept: Triggers,
    pub injured: Vec<(u16, u8)>,
    pub lines: Vec<TypedLine>,
    pub names: Vec<String>,
    /// Names of the concepts, by number.
    pub concepts: Vec<String>,
    /// The model that hears the text, if there is one, with its rows of concepts and lines.
    pub hearing: Option<Arc<Hearing>>,
    pub concept_rows: Box<[Option<u16>; CONCEPTS_MAX]>,
    pub line_rows: Vec<(Line, u16)>,
    /// The rule of the first kind that n-grams speak for.
    pub first_of_model: u16,
}

impl Tables {
    /// The rules that hold for these concepts and this line, in their order.
    #[inline]
    pub(super) fn rules_that_hold(
        &self,
        concepts: &ConceptSet,
        line: Line,
    ) -> impl Iterator<Item = &Rule> {
        let heard = self.rules_by_concept.heard(concepts);
        heard
            .map(|at| &self.rules[at])
            .filter(move |rule| rule.when.holds(concepts, line, Kind::Unknown))
    }

    /// The adjustments that may hold for these concepts, in their order; whether they do may hang on those before them.
    #[inline]
    pub(super) fn adjusts_heard(&self, concepts: &ConceptSet) -> impl Iterator<Item = &Adjust> {
        let heard = self.adjusts_by_concept.heard(concepts);
        heard.map(|at| &self.adjusts[at])
    }

    /// How many bytes take the tables that a text is run through.
    pub(super) fn bytes(&self) -> usize {
        let hearing = self.hearing.as_ref();
        hearing.map_or(0, |hearing| hearing.table_bytes())
            + self.letters.table_bytes()
            + self.endings.table_bytes()
            + size_of_val(self.cues.as_slice())
            + size_of_val(self.effects.as_slice())
            + size_of_val(self.rules.as_slice())
            + self.rules_by_concept.table_bytes()
            + size_of_val(self.adjusts.as_slice())
            + self.adjusts_by_concept.table_bytes()
            + size_of_val(&*self.concept_rows)
    }

    /// Has the text heard by a model too.
    pub(super) fn hear_with(&mut self, hearing: Arc<Hearing>) {
        let row_named = |name: &str| hearing.row(tokens::named(name));
        for (row, name) in self.concept_rows.iter_mut().zip(&self.concepts) {
            *row = row_named(&super::concept_name(name));
        }
        let lines = self.lines.iter().filter_map(|row| row.line);
        self.line_rows = lines
            .filter_map(|line| Some((line, row_named(&super::line_name(line))?)))
            .collect();
        self.first_of_model = self.names.len() as u16;
        let kinds = Kind::ALL.iter();
        self.names.extend(kinds.map(|kind| format!("model/{kind}")));
        self.hearing = Some(hearing);
    }
}

/// The bit of a kind in a set of kinds.
pub(super) const fn kind_bit(kind: Kind) -> u128 {
    1 << kind as u32
}

/// Builds the tables; what is wrong goes to `mistakes`.
pub(super) fn compile(typed: Typed, mistakes: &mut Mistakes) -> Tables {
    let mut builder = Builder::new(&typed, mistakes);
    builder.cues(&typed);
    let rules = builder.rules(&typed);
    let adjusts = builder.adjusts(&typed);
    let injured = builder.injured(&typed);
    // A model hears every concept.
    if typed.model.is_none() {
        builder.unused(&typed);
    }
    builder.check_lines(&typed);
    let Builder {
        patterns,
        names,
        concepts,
        ..
    } = builder;
    let mut by_number = vec![String::new(); concepts.len()];
    for (name, number) in concepts {
        by_number[usize::from(number)] = name;
    }
    let letters = letters_of(&patterns, mistakes);
    let endings = endings_of(&patterns, &letters);
    let (cues, effects) = cues_of(&patterns);
    Tables {
        letters,
        endings,
        cues,
        effects,
        rules_by_concept: Triggers::of(rules.iter().map(|rule| rule.when.asks())),
        rules,
        adjusts_by_concept: Triggers::of(adjusts.iter().map(|adjust| adjust.when.asks())),
        adjusts,
        injured,
        lines: typed.lines,
        names,
        concepts: by_number,
        hearing: None,
        concept_rows: Box::new([None; CONCEPTS_MAX]),
        line_rows: Vec::new(),
        first_of_model: 0,
    }
}

struct Builder<'m> {
    mistakes: &'m mut Mistakes,
    concepts: BTreeMap<String, u8>,
    denied: BTreeMap<u8, u8>,
    /// Concepts that some cue, denial or count can set.
    settable: ConceptSet,
    /// Concepts that some rule asks for.
    asked: ConceptSet,
    patterns: BTreeMap<String, Vec<Effect>>,
    names: Vec<String>,
}

impl<'m> Builder<'m> {
    fn new(typed: &Typed, mistakes: &'m mut Mistakes) -> Builder<'m> {
        let mut concepts = BTreeMap::new();
        let targets = typed.denied.iter().map(|(_, target)| target);
        for name in typed.concepts.iter().map(|(name, _)| name).chain(targets) {
            let next = concepts.len();
            if concepts.contains_key(&name.value) {
                continue;
            }
            if next >= CONCEPTS_MAX {
                mistakes.add(
                    name.line,
                    "concept",
                    format!("too many concepts; at most {CONCEPTS_MAX} fit"),
                );
                break;
            }
            concepts.insert(name.value.clone(), next as u8);
        }
        Builder {
            mistakes,
            concepts,
            denied: BTreeMap::new(),
            settable: ConceptSet::EMPTY,
            asked: ConceptSet::EMPTY,
            patterns: BTreeMap::new(),
            names: Vec::new(),
        }
    }

    fn concept(&mut self, name: &At<String>, key: &str) -> Option<u8> {
        let found = self.concepts.get(&name.value).copied();
        if found.is_none() {
            let problem = format!("`{}` is not a concept; add it under [concept]", name.value);
            self.mistakes.add(name.line, key, problem);
        }
        found
    }

    fn rule_id(&mut self, name: String) -> RuleId {
        let id = RuleId(u16::try_from(self.names.len()).unwrap_or(u16::MAX));
        self.names.push(name);
        id
    }

    fn cues(&mut self, typed: &Typed) {
        let concept_cues: usize = typed.concepts.iter().map(|(_, cues)| cues.len()).sum();
        let count = typed.kinds.len() + concept_cues + typed.masks.len() + typed.negation.len();
        if count > CUES_MAX {
            self.mistakes.add(
                1,
                "file",
                format!("has {count} cues; at most {CUES_MAX} fit"),
            );
            return;
        }
        for (name, target) in &typed.denied {
            let from = self.concept(name, "denied");
            let to = self.concept(target, "denied");
            if let (Some(from), Some(to)) = (from, to) {
                self.denied.insert(from, to);
                self.settable.insert(to);
            }
        }
        for (_, name) in &typed.injured {
            if let Some(&concept) = self.concepts.get(&name.value) {
                self.settable.insert(concept);
            }
        }
        for (kind, weight, cue) in &typed.kinds {
            let rule = self.rule_id(format!("{kind}/{}", cue.value.trim()));
            let effect = Effect::Kind {
                kind: *kind,
                weight: *weight,
                rule,
            };
            self.cue(cue, &format!("kind.{kind}.{weight}"), effect);
        }
        for (name, cues) in &typed.concepts {
            let Some(&concept) = self.concepts.get(&name.value) else {
                continue;
            };
            if !cues.is_empty() {
                self.settable.insert(concept);
            }
            let denied = self.denied.get(&concept).copied();
            for cue in cues {
                let rule = self.rule_id(format!("{}/{}", name.value, cue.value.trim()));
                let effect = Effect::Concept {
                    concept,
                    denied,
                    rule,
                };
                self.cue(cue, &format!("concept.{}", name.value), effect);
            }
        }
        for cue in &typed.masks {
            self.cue(cue, "mask", Effect::Mask);
        }
        for (reach, cue) in &typed.negation {
            self.cue(
                cue,
                &format!("negation.{reach}"),
                Effect::Negation { reach: *reach },
            );
        }
    }

    fn cue(&mut self, cue: &At<String>, key: &str, effect: Effect) {
        let Some(folded) = fold::cue(&cue.value) else {
            let problem = format!(
                "cue \"{}\" is empty or holds punctuation; write words only",
                cue.value
            );
            self.mistakes.add(cue.line, key, problem);
            return;
        };
        let chars = folded.chars().count();
        if chars > CUE_CHARS_MAX {
            let problem =
                format!("cue \"{folded}\" has {chars} characters; at most {CUE_CHARS_MAX}");
            self.mistakes.add(cue.line, key, problem);
            return;
        }
        let effects = self.patterns.entry(folded).or_default();
        if effects.iter().any(|other| same_target(*other, effect)) {
            let problem = format!(
                "cue \"{}\" stands twice for the same thing; remove one",
                cue.value
            );
            self.mistakes.add(cue.line, key, problem);
            return;
        }
        effects.push(effect);
    }

    fn set(&mut self, names: &[At<String>], key: &str) -> ConceptSet {
        let mut set = ConceptSet::EMPTY;
        for name in names {
            if let Some(concept) = self.concept(name, key) {
                set.insert(concept);
            }
        }
        self.asked = self.asked.union(set);
        set
    }

    /// The condition as bits. One that can never hold, or always holds, is a mistake (a dead rule).
    fn when(&mut self, name: &At<String>, section: &str, when: &TypedWhen) -> When {
        let key = format!("{section}.{}", name.value);
        let all = self.set(&when.all, &key);
        let any = self.set(&when.any, &key);
        let none = self.set(&when.none, &key);
        let listed = when
            .kinds
            .iter()
            .fold(0, |bits, &kind| bits | kind_bit(kind));
        let except = when
            .except
            .iter()
            .fold(0, |bits, &kind| bits | kind_bit(kind));
        let kinds = if listed == 0 {
            !except
        } else {
            listed & !except
        };
        if all.meets(&none) || (!any.is_empty() && none.has_all(&any)) || kinds == 0 {
            self.mistakes.add(
                name.line,
                &key,
                "dead rule: what it asks for and what it forbids exclude each other",
            );
        } else if !self.settable.has_all(&all) || (!any.is_empty() && !self.settable.meets(&any)) {
            self.mistakes.add(
                name.line,
                &key,
                "dead rule: it asks for a concept that no cue, denial or count sets",
            );
        } else if all.is_empty() && any.is_empty() && listed == 0 && when.lines.is_empty() {
            self.mistakes.add(
                name.line,
                &key,
                "has no condition; write all, any, kinds or lines",
            );
        }
        When {
            all,
            any,
            none,
            kinds,
            lines: when.lines.clone().into_boxed_slice(),
        }
    }

    fn unique(&mut self, name: &At<String>, section: &str) {
        let full = format!("{section}/{}", name.value);
        if self.names.contains(&full) {
            self.mistakes.add(
                name.line,
                section,
                format!("the name `{}` stands twice; rename one", name.value),
            );
        }
        self.rule_id(full);
    }

    fn rules(&mut self, typed: &Typed) -> Vec<Rule> {
        self.count(typed.rules.len(), "rule");
        let mut rules = Vec::new();
        for rule in typed.rules.iter().take(RULES_MAX) {
            self.unique(&rule.name, "rule");
            let when = self.when(&rule.name, "rule", &rule.when);
            if rule.weight == 0 {
                let key = format!("rule.{}", rule.name.value);
                self.mistakes
                    .add(rule.name.line, &key, "dead rule: its weight is 0");
            }
            rules.push(Rule {
                when,
                kind: rule.kind,
                weight: rule.weight,
            });
        }
        rules
    }

    fn adjusts(&mut self, typed: &Typed) -> Vec<Adjust> {
        self.count(typed.adjusts.len(), "adjust");
        let mut adjusts = Vec::new();
        for adjust in typed.adjusts.iter().take(RULES_MAX) {
            self.unique(&adjust.name, "adjust");
            let when = self.when(&adjust.name, "adjust", &adjust.when);
            if changes_nothing(adjust) {
                let key = format!("adjust.{}", adjust.name.value);
                self.mistakes
                    .add(adjust.name.line, &key, "dead rule: it changes nothing");
            }
            adjusts.push(Adjust {
                when,
                kind: adjust.kind,
                priority: adjust.priority,
                at_least: adjust.at_least,
                raise: adjust.raise,
                lower: adjust.lower,
                nature: adjust.nature,
                add: adjust.add,
                drop: adjust.drop,
            });
        }
        adjusts
    }

    fn count(&mut self, count: usize, section: &str) {
        if count > RULES_MAX {
            self.mistakes.add(
                1,
                section,
                format!("stands {count} times; at most {RULES_MAX} fit"),
            );
        }
    }

    fn injured(&mut self, typed: &Typed) -> Vec<(u16, u8)> {
        let mut injured = Vec::new();
        for (count, name) in &typed.injured {
            if let Some(concept) = self.concept(name, &format!("injured.{count}")) {
                injured.push((*count, concept));
            }
        }
        injured
    }

    fn unused(&mut self, typed: &Typed) {
        for (name, _) in &typed.concepts {
            let asked = self
                .concepts
                .get(&name.value)
                .is_none_or(|&concept| self.asked.contains(concept));
            if !asked {
                let key = format!("concept.{}", name.value);
                self.mistakes.add(
                    name.line,
                    &key,
                    "no rule or adjustment asks for it; remove it or use it",
                );
            }
        }
    }

    fn check_lines(&mut self, typed: &Typed) {
        if !typed.lines.iter().any(|row| row.line.is_none()) {
            self.mistakes.add(
                1,
                "line.default",
                "is missing: the prior of every line that has none of its own",
            );
        }
    }
}

fn same_target(one: Effect, other: Effect) -> bool {
    match (one, other) {
        (Effect::Kind { kind, .. }, Effect::Kind { kind: second, .. }) => kind == second,
        (
            Effect::Concept { concept, .. },
            Effect::Concept {
                concept: second, ..
            },
        ) => concept == second,
        (Effect::Mask, Effect::Mask) | (Effect::Negation { .. }, Effect::Negation { .. }) => true,
        (
            Effect::Kind { .. } | Effect::Concept { .. } | Effect::Mask | Effect::Negation { .. },
            _,
        ) => false,
    }
}

fn changes_nothing(adjust: &TypedAdjust) -> bool {
    adjust.kind.is_none()
        && adjust.priority.is_none()
        && adjust.at_least.is_none()
        && adjust.raise == 0
        && adjust.lower == 0
        && adjust.nature.is_none()
        && adjust.add.is_empty()
        && adjust.drop.is_empty()
}

fn letters_of(patterns: &BTreeMap<String, Vec<Effect>>, mistakes: &mut Mistakes) -> Letters {
    let chars: BTreeSet<char> = patterns.keys().flat_map(|cue| cue.chars()).collect();
    if chars.len() > LETTERS_MAX {
        let problem = format!(
            "its cues hold {} different characters; at most {LETTERS_MAX} fit",
            chars.len()
        );
        mistakes.add(1, "file", problem);
    }
    Letters::of(chars.into_iter().take(LETTERS_MAX))
}

fn endings_of(patterns: &BTreeMap<String, Vec<Effect>>, letters: &Letters) -> Endings {
    let spelt = patterns.keys().map(|cue| cue.chars());
    let spelt = spelt.map(|chars| chars.map(|c| letters.number(c)).collect());
    Endings::of(&spelt.collect::<Vec<_>>())
}

fn cues_of(patterns: &BTreeMap<String, Vec<Effect>>) -> (Vec<Cue>, Vec<Effect>) {
    let (mut cues, mut effects) = (Vec::new(), Vec::new());
    for (text, own) in patterns {
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        cues.push(Cue {
            chars: text.chars().count() as u8,
            word_start: word(text.chars().next()),
            word_end: word(text.chars().next_back()),
            mask: own.contains(&Effect::Mask),
            reach: own.iter().find_map(|effect| reach_of(*effect)).unwrap_or(0),
            first: effects.len() as u16,
            count: own.len() as u16,
        });
        effects.extend_from_slice(own);
    }
    (cues, effects)
}

fn reach_of(effect: Effect) -> Option<u8> {
    match effect {
        Effect::Negation { reach } => Some(reach),
        Effect::Kind { .. } | Effect::Concept { .. } | Effect::Mask => None,
    }
}
