//! A lexicon as it is typed: TOML read with every mistake named by its line and key.
//!
//! Here the file's shape, names and bounds are checked; `compile` turns what is sound into tables. Nothing in this
//! file knows how a text is weighed.

use crate::kind::{Agency, AgencySet, Kind, Nature, Priority};
use crate::line::Line;
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest lexicon that is read.
pub const LEXICON_BYTES_MAX: usize = 1 << 20;
/// The most cues, each counted where it stands.
pub const CUES_MAX: usize = 16_384;
/// The most rules and the most adjustments.
pub const RULES_MAX: usize = 512;
/// The most concepts: one bit each of a fixed set.
pub const CONCEPTS_MAX: usize = 256;
/// The longest cue, in characters.
pub const CUE_CHARS_MAX: usize = 32;
/// The most a cue or rule can weigh.
pub const WEIGHT_MAX: i16 = 100;
/// The farthest a negation reaches, in characters.
pub const NEGATION_REACH_MAX: u8 = 16;
/// What a lexicon writes that is heard without a model.
pub(super) const MODEL_NONE: &str = "none";
/// The most mistakes that are reported at once.
pub const ERRORS_MAX: usize = 64;

/// One mistake in a lexicon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, `{key}`: {problem}")]
pub struct LexiconError {
    /// Line of the file, from 1.
    pub line: usize,
    /// The key it is about.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// All mistakes of a lexicon, in the order they were found, at most [`ERRORS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexiconErrors(pub Vec<LexiconError>);

impl fmt::Display for LexiconErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "lexicon {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LexiconErrors {}

/// Something typed at a line of the file.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub line: usize,
    pub value: T,
}

/// Where a call of a line goes while nothing in its words says more.
#[derive(Clone, Debug)]
pub(super) struct TypedLine {
    pub line: Option<Line>,
    pub kind: Kind,
    pub priority: Priority,
    pub agencies: AgencySet,
}

/// When a rule or adjustment holds.
#[derive(Clone, Debug, Default)]
pub(super) struct TypedWhen {
    pub all: Vec<At<String>>,
    pub any: Vec<At<String>>,
    pub none: Vec<At<String>>,
    pub kinds: Vec<Kind>,
    pub except: Vec<Kind>,
    pub lines: Vec<Line>,
}

/// Concepts together speak for a kind.
#[derive(Clone, Debug)]
pub(super) struct TypedRule {
    pub name: At<String>,
    pub when: TypedWhen,
    pub kind: Kind,
    pub weight: i16,
}

/// A case that departs from its kind's defaults.
#[derive(Clone, Debug)]
pub(super) struct TypedAdjust {
    pub name: At<String>,
    pub when: TypedWhen,
    pub kind: Option<Kind>,
    pub priority: Option<Priority>,
    pub at_least: Option<Priority>,
    pub raise: u8,
    pub lower: u8,
    pub nature: Option<Nature>,
    pub add: AgencySet,
    pub drop: AgencySet,
}

/// A lexicon whose every value has the right shape; names are not resolved yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// The model it is heard with, by its hash; none when the cues decide alone.
    pub model: Option<At<String>>,
    pub kinds: Vec<(Kind, i16, At<String>)>,
    pub concepts: Vec<(At<String>, Vec<At<String>>)>,
    pub denied: Vec<(At<String>, At<String>)>,
    pub negation: Vec<(u8, At<String>)>,
    pub masks: Vec<At<String>>,
    pub lines: Vec<TypedLine>,
    pub injured: Vec<(u16, At<String>)>,
    pub rules: Vec<TypedRule>,
    pub adjusts: Vec<TypedAdjust>,
}

type Table<'a> = DeTable<'a>;
type Value<'a> = Spanned<DeValue<'a>>;

/// Collects mistakes; knows the text only to turn places into lines.
pub(super) struct Mistakes {
    line_starts: Vec<usize>,
    errors: Vec<LexiconError>,
}

impl Mistakes {
    pub(super) fn new(text: &str) -> Mistakes {
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte == b'\n')
            .map(|(at, _)| at + 1);
        Mistakes {
            line_starts: std::iter::once(0).chain(breaks).collect(),
            errors: Vec::new(),
        }
    }

    fn line_of(&self, byte: usize) -> usize {
        self.line_starts
            .partition_point(|&start| start <= byte)
            .max(1)
    }

    pub(super) fn add(&mut self, line: usize, key: &str, problem: impl Into<String>) {
        if self.errors.len() < ERRORS_MAX {
            let key = key.chars().take(80).collect();
            self.errors.push(LexiconError {
                line,
                key,
                problem: problem.into(),
            });
        }
    }

    fn at<T>(&mut self, place: &Spanned<T>, key: &str, problem: impl Into<String>) {
        let line = self.line_of(place.span().start);
        self.add(line, key, problem);
    }

    pub(super) fn into_result<T>(self, value: T) -> Result<T, LexiconErrors> {
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(LexiconErrors(self.errors))
        }
    }
}

/// Reads the text; all that is wrong goes to `mistakes`, and what is right is returned.
pub(super) fn read(text: &str, mistakes: &mut Mistakes) -> Typed {
    let mut typed = Typed::default();
    if text.len() > LEXICON_BYTES_MAX {
        let problem = format!(
            "has {} bytes; at most {LEXICON_BYTES_MAX} are read",
            text.len()
        );
        mistakes.add(1, "file", problem);
        return typed;
    }
    let (root, syntax) = DeTable::parse_recoverable(text);
    for error in syntax {
        let line = mistakes.line_of(error.span().map_or(0, |span| span.start));
        mistakes.add(line, "file", error.message().trim().replace('\n', " "));
    }
    let mut reader = Reader { mistakes };
    for (key, value) in root.get_ref() {
        reader.section(key, value, &mut typed);
    }
    typed
}

struct Reader<'m> {
    mistakes: &'m mut Mistakes,
}

impl Reader<'_> {
    fn section(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Value<'_>,
        typed: &mut Typed,
    ) {
        let name = key.get_ref().as_ref();
        match name {
            "model" => {
                let model = self.string(value, "model");
                typed.model = model.filter(|model| model.value != MODEL_NONE);
            }
            "kind" => self.kinds(value, typed),
            "concept" => self.concepts(value, typed),
            "denied" => self.denied(value, typed),
            "negation" => self.negation(value, typed),
            "mask" => typed.masks = self.strings(value, "mask"),
            "line" => self.lines(value, typed),
            "injured" => self.injured(value, typed),
            "rule" => self.rules(value, typed),
            "adjust" => self.adjusts(value, typed),
            _ => self.mistakes.at(
                key,
                name,
                "unknown section; write model, kind, concept, denied, negation, mask, line, injured, rule or adjust",
            ),
        }
    }

    fn table<'v, 'a>(&mut self, value: &'v Value<'a>, key: &str) -> Option<&'v Table<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.mistakes.at(
                value,
                key,
                format!("is {}; write a table", value.get_ref().type_str()),
            );
        }
        table
    }

    fn array<'v, 'a>(&mut self, value: &'v Value<'a>, key: &str) -> &'v [Value<'a>] {
        match value.get_ref().as_array() {
            Some(array) => array,
            None => {
                self.mistakes.at(
                    value,
                    key,
                    format!("is {}; write a list", value.get_ref().type_str()),
                );
                &[]
            }
        }
    }

    fn string(&mut self, value: &Value<'_>, key: &str) -> Option<At<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.mistakes.at(
                value,
                key,
                format!("is {}; write a text in quotes", value.get_ref().type_str()),
            );
            return None;
        };
        Some(At {
            line: self.mistakes.line_of(value.span().start),
            value: text.to_owned(),
        })
    }

    fn strings(&mut self, value: &Value<'_>, key: &str) -> Vec<At<String>> {
        self.array(value, key)
            .iter()
            .filter_map(|item| self.string(item, key))
            .collect()
    }

    fn integer(
        &mut self,
        value: &Value<'_>,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let problem = format!(
                "is not a whole number from {} to {}",
                range.start(),
                range.end()
            );
            self.mistakes.at(value, key, problem);
        }
        number
    }

    fn code<T>(
        &mut self,
        value: &Value<'_>,
        key: &str,
        what: &str,
        find: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let code = self.string(value, key)?;
        let found = find(&code.value);
        if found.is_none() {
            self.mistakes
                .at(value, key, format!("`{}` is not {what}", code.value));
        }
        found
    }

    fn codes<T>(
        &mut self,
        value: &Value<'_>,
        key: &str,
        what: &str,
        find: fn(&str) -> Option<T>,
    ) -> Vec<T> {
        self.array(value, key)
            .iter()
            .filter_map(|item| self.code(item, key, what, find))
            .collect()
    }

    fn priority(&mut self, value: &Value<'_>, key: &str) -> Option<Priority> {
        let number = self.integer(value, key, 1..=4)?;
        Priority::try_from(number as u8).ok()
    }

    fn agencies(&mut self, value: &Value<'_>, key: &str) -> AgencySet {
        self.codes(value, key, "an agency, as in \"police\"", Agency::from_code)
            .into_iter()
            .collect()
    }

    /// A key that is a number, as in `[kind.fraud] 40 = […]`.
    fn number_key<T: std::str::FromStr + PartialOrd>(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        path: &str,
        range: std::ops::RangeInclusive<T>,
        what: &str,
    ) -> Option<T> {
        let number = key
            .get_ref()
            .parse()
            .ok()
            .filter(|number| range.contains(number));
        if number.is_none() {
            self.mistakes.at(
                key,
                &format!("{path}.{}", key.get_ref()),
                format!("is not {what}"),
            );
        }
        number
    }

    fn kinds(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for (code, groups) in self.table(value, "kind").into_iter().flatten() {
            let path = format!("kind.{}", code.get_ref());
            let Some(kind) = Kind::from_code(code.get_ref()).filter(|&kind| kind != Kind::Unknown)
            else {
                self.mistakes.at(
                    code,
                    &path,
                    "unknown kind; write a code of the table of kinds, as in crash_injury",
                );
                continue;
            };
            for (weight, cues) in self.table(groups, &path).into_iter().flatten() {
                let what = "a weight from 1 to 100";
                let Some(number) = self.number_key(weight, &path, 1..=WEIGHT_MAX, what) else {
                    continue;
                };
                let key = format!("{path}.{number}");
                typed.kinds.extend(
                    self.strings(cues, &key)
                        .into_iter()
                        .map(|cue| (kind, number, cue)),
                );
            }
        }
    }

    fn concepts(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for (name, cues) in self.table(value, "concept").into_iter().flatten() {
            let key = format!("concept.{}", name.get_ref());
            let at = At {
                line: self.mistakes.line_of(name.span().start),
                value: name.get_ref().to_string(),
            };
            let cues = self.strings(cues, &key);
            typed.concepts.push((at, cues));
        }
    }

    fn denied(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for (name, target) in self.table(value, "denied").into_iter().flatten() {
            let at = At {
                line: self.mistakes.line_of(name.span().start),
                value: name.get_ref().to_string(),
            };
            if let Some(target) = self.string(target, &format!("denied.{}", name.get_ref())) {
                typed.denied.push((at, target));
            }
        }
    }

    fn negation(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for (reach, words) in self.table(value, "negation").into_iter().flatten() {
            let what = "a reach of 1 to 16 characters";
            let Some(number) = self.number_key(reach, "negation", 1..=NEGATION_REACH_MAX, what)
            else {
                continue;
            };
            let key = format!("negation.{number}");
            typed.negation.extend(
                self.strings(words, &key)
                    .into_iter()
                    .map(|word| (number, word)),
            );
        }
    }

    fn injured(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for (count, concept) in self.table(value, "injured").into_iter().flatten() {
            let what = "a count of people, 1 to 65535";
            let Some(number) = self.number_key(count, "injured", 1..=u16::MAX, what) else {
                continue;
            };
            if let Some(concept) = self.string(concept, &format!("injured.{number}")) {
                typed.injured.push((number, concept));
            }
        }
    }

    fn lines(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for (number, row) in self.table(value, "line").into_iter().flatten() {
            let path = format!("line.{}", number.get_ref());
            let line = number.get_ref().parse::<Line>();
            if number.get_ref() != "default"
                && let Err(error) = &line
            {
                self.mistakes
                    .at(number, &path, format!("{error}; or write line.default"));
                continue;
            }
            let Some(table) = self.table(row, &path) else {
                continue;
            };
            let (mut kind, mut priority, mut agencies) = (None, None, None);
            for (key, value) in table {
                let path = format!("{path}.{}", key.get_ref());
                match key.get_ref().as_ref() {
                    "kind" => kind = self.code(value, &path, "a kind", Kind::from_code),
                    "priority" => priority = self.priority(value, &path),
                    "agencies" => agencies = Some(self.agencies(value, &path)),
                    _ => self.mistakes.at(
                        key,
                        &path,
                        "unknown key; write kind, priority and agencies",
                    ),
                }
            }
            match (kind, priority, agencies) {
                (Some(kind), Some(priority), Some(agencies)) => {
                    typed.lines.push(TypedLine {
                        line: line.ok(),
                        kind,
                        priority,
                        agencies,
                    });
                }
                _ => self
                    .mistakes
                    .at(number, &path, "needs kind, priority and agencies"),
            }
        }
    }

    /// One key of a condition; false when it is not one.
    fn when(&mut self, key: &str, value: &Value<'_>, path: &str, when: &mut TypedWhen) -> bool {
        match key {
            "all" => when.all = self.strings(value, path),
            "any" => when.any = self.strings(value, path),
            "none" => when.none = self.strings(value, path),
            "kinds" => when.kinds = self.codes(value, path, "a kind", Kind::from_code),
            "except" => when.except = self.codes(value, path, "a kind", Kind::from_code),
            "lines" => {
                let lines = self.array(value, path).iter();
                when.lines = lines
                    .filter_map(|item| {
                        self.integer(item, path, i64::from(Line::MIN)..=i64::from(Line::MAX))
                    })
                    .filter_map(|number| u32::try_from(number).ok().and_then(Line::new))
                    .collect();
            }
            _ => return false,
        }
        true
    }

    fn name(&mut self, item: &Value<'_>, section: &str) -> At<String> {
        let line = self.mistakes.line_of(item.span().start);
        let name = item
            .get_ref()
            .as_table()
            .and_then(|table| table.get("name"))
            .cloned();
        match name.and_then(|name| self.string(&name, &format!("{section}.name"))) {
            Some(name) if !name.value.trim().is_empty() => name,
            _ => {
                self.mistakes
                    .add(line, section, "needs a name, as in name = \"车辆着火\"");
                At {
                    line,
                    value: String::new(),
                }
            }
        }
    }

    fn rules(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for item in self.array(value, "rule") {
            let Some(table) = self.table(item, "rule") else {
                continue;
            };
            let name = self.name(item, "rule");
            let (mut when, mut kind, mut weight) = (TypedWhen::default(), None, None);
            for (key, value) in table {
                let path = format!("rule.{}.{}", name.value, key.get_ref());
                match key.get_ref().as_ref() {
                    "name" => {}
                    "kind" => kind = self.code(value, &path, "a kind", Kind::from_code),
                    "weight" => {
                        weight = self.integer(
                            value,
                            &path,
                            i64::from(-WEIGHT_MAX)..=i64::from(WEIGHT_MAX),
                        );
                    }
                    "kinds" | "except" => {
                        self.mistakes.at(
                            key,
                            &path,
                            "a rule comes before the kind; only an adjustment can ask for it",
                        );
                    }
                    other if self.when(other, value, &path, &mut when) => {}
                    _ => self.mistakes.at(
                        key,
                        &path,
                        "unknown key; write name, all, any, none, lines, kind, weight",
                    ),
                }
            }
            match (kind, weight) {
                (Some(kind), Some(weight)) => {
                    typed.rules.push(TypedRule {
                        name,
                        when,
                        kind,
                        weight: weight as i16,
                    });
                }
                _ => self.mistakes.at(
                    item,
                    &format!("rule.{}", name.value),
                    "needs kind and weight",
                ),
            }
        }
    }

    fn adjusts(&mut self, value: &Value<'_>, typed: &mut Typed) {
        for item in self.array(value, "adjust") {
            let Some(table) = self.table(item, "adjust") else {
                continue;
            };
            let mut adjust = TypedAdjust {
                name: self.name(item, "adjust"),
                when: TypedWhen::default(),
                kind: None,
                priority: None,
                at_least: None,
                raise: 0,
                lower: 0,
                nature: None,
                add: AgencySet::EMPTY,
                drop: AgencySet::EMPTY,
            };
            for (key, value) in table {
                self.adjust_key(key, value, &mut adjust);
            }
            typed.adjusts.push(adjust);
        }
    }

    fn adjust_key(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Value<'_>,
        adjust: &mut TypedAdjust,
    ) {
        let path = format!("adjust.{}.{}", adjust.name.value, key.get_ref());
        match key.get_ref().as_ref() {
            "name" => {}
            "kind" => adjust.kind = self.code(value, &path, "a kind", Kind::from_code),
            "priority" => adjust.priority = self.priority(value, &path),
            "at_least" => adjust.at_least = self.priority(value, &path),
            "raise" => adjust.raise = self.integer(value, &path, 1..=3).unwrap_or(0) as u8,
            "lower" => adjust.lower = self.integer(value, &path, 1..=3).unwrap_or(0) as u8,
            "nature" => adjust.nature = self.code(value, &path, "a nature, as in \"help\"", Nature::from_code),
            "add" => adjust.add = self.agencies(value, &path),
            "drop" => adjust.drop = self.agencies(value, &path),
            other if self.when(other, value, &path, &mut adjust.when) => {}
            _ => self.mistakes.at(
                key,
                &path,
                "unknown key; write name, all, any, none, kinds, except, lines, kind, priority, at_least, raise, lower, nature, add, drop",
            ),
        }
    }
}
