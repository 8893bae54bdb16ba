//! Looking at the fields of a JSON object: leniently for calls and facts, strictly for acts of people and units.

use crate::wire::mend::REPLACEMENT;
use crate::wire::{Position, Problem, ProblemKind, request};
use engine::call::{Mark, Marks};
use engine::moment::Moment;
use engine::place::datum::Datum;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A count of people.
pub fn count(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|count| u16::try_from(count).ok())
}

/// Names of fields that an answer repeats, and characters of each: an answer never grows with a question.
const IGNORED_MAX: usize = 16;
const NAME_MAX: usize = 64;

/// Fields of which each may be missing or wrong; what is wrong is dropped and marked.
pub struct Lenient {
    fields: Map<String, Value>,
    marks: Marks,
    dropped: Vec<&'static str>,
}

impl Lenient {
    /// These fields.
    pub fn new(fields: Map<String, Value>) -> Lenient {
        Lenient {
            fields,
            marks: Marks::default(),
            dropped: Vec::new(),
        }
    }

    /// Names of fields that were given and not taken: those that were wrong, then those that nobody asked for.
    pub fn ignored(self) -> Vec<String> {
        let short = |name: &str| name.chars().take(NAME_MAX).collect();
        let wrong = self.dropped.into_iter().map(short);
        let strange = self.fields.keys().map(|name| short(name));
        wrong.chain(strange).take(IGNORED_MAX).collect()
    }

    /// What was wrong with them.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// A field that was given: `null` counts as not given.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    fn mark(&mut self, mark: Mark) {
        self.marks = self.marks.with(mark);
    }

    /// A text as it is, for what the call cannot be without.
    pub fn raw_text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) => Some(text),
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_),
            )
            | None => None,
        }
    }

    /// A field with a meaning of its own.
    pub fn known<T>(
        &mut self,
        name: &'static str,
        mark: Mark,
        meaning: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let given = self.take(name)?;
        let known = request::known(Some(&given), meaning, mark, &mut self.marks);
        self.kept(name, known)
    }

    /// The same, remembered as dropped where nothing is left of it.
    fn kept<T>(&mut self, name: &'static str, known: Option<T>) -> Option<T> {
        if known.is_none() {
            self.dropped.push(name);
        }
        known
    }

    /// A short text.
    pub fn short(&mut self, name: &'static str) -> Option<String> {
        let given = self.take(name)?;
        let bytes = match given {
            Value::String(text) if !text.contains(REPLACEMENT) => text.into_bytes(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                self.mark(Mark::BadField);
                return self.kept(name, None);
            }
        };
        let short = request::short(Some(bytes), &mut self.marks);
        self.kept(name, short)
    }

    /// What was said. A mended text is kept and marked: half a cry for help is still one.
    pub fn words(&mut self) -> Option<String> {
        match self.take("text")? {
            Value::String(text) => {
                if text.contains(REPLACEMENT) {
                    self.mark(Mark::BadText);
                }
                Some(text)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => {
                self.mark(Mark::BadText);
                self.kept("text", None)
            }
        }
    }

    /// The dialled number, as text or number.
    pub fn line(&mut self) -> Option<u32> {
        self.known("line", Mark::BadLine, |value| match value {
            Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()
            }
            Value::Number(number) => number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok()),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        })
    }

    /// A radius in metres.
    pub fn metres(&mut self) -> Option<u32> {
        self.known("accuracy_m", Mark::BadField, |value| {
            value.as_f64().and_then(request::metres)
        })
    }

    /// Where, with its datum (N5).
    pub fn position(&mut self) -> Option<Position> {
        let (lat, lon) = (self.take("lat"), self.take("lon"));
        let said = self.take("datum");
        let mut given = Vec::new();
        for (name, value) in [("lat", &lat), ("lon", &lon), ("datum", &said)] {
            given.extend(value.as_ref().map(|_| name));
        }
        // A number of the wrong type is none: NaN makes the position a bad one, not a missing one.
        let number = |value: Value| value.as_f64().unwrap_or(f64::NAN);
        let datum = said.as_ref().and_then(Value::as_str);
        let datum = datum.and_then(Datum::from_code);
        let position = request::position(lat.map(number), lon.map(number), datum, &mut self.marks);
        if position.is_none() {
            self.dropped.extend(given);
        }
        position
    }
}

/// Fields that must all be known and right.
pub struct Strict {
    fields: Map<String, Value>,
}

fn bad(name: &str, right: &str) -> Problem {
    Problem::new(ProblemKind::BadField, format!("`{name}` {right}")).about(name)
}

impl Strict {
    /// These fields.
    pub fn new(fields: Map<String, Value>) -> Strict {
        Strict { fields }
    }

    /// Refuses what nobody has asked for.
    pub fn finish(self) -> Result<(), Problem> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => {
                let detail = "a field that this request does not have; nothing was done";
                Err(Problem::new(ProblemKind::UnknownField, detail).about(name))
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.contains(REPLACEMENT) => Ok(Some(text)),
            Some(_) => Err(bad(name, "must be text")),
        }
    }

    /// A text.
    pub fn text(&mut self, name: &str) -> Result<String, Problem> {
        self.optional_text(name)?
            .ok_or_else(|| bad(name, "is missing; it must be text"))
    }

    /// Fields of their own that may be missing.
    pub fn optional_fields(&mut self, name: &str) -> Result<Option<Strict>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Strict::new(fields))),
            Some(_) => Err(bad(name, "must be an object with fields of its own")),
        }
    }

    /// A list of texts that may be missing.
    pub fn optional_texts(
        &mut self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<String>>, Problem> {
        let refuse = || bad(name, &format!("must be a list of at most {most} texts"));
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(list)) if list.len() <= most => list
                .into_iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(refuse))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(refuse()),
        }
    }

    /// A list of whole numbers that may be missing.
    pub fn optional_whole_numbers(
        &mut self,
        name: &str,
        many: RangeInclusive<usize>,
    ) -> Result<Option<Vec<i64>>, Problem> {
        let (least, most) = (many.start(), many.end());
        let refuse = || {
            bad(
                name,
                &format!("must be a list of {least} to {most} whole numbers"),
            )
        };
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(list)) if many.contains(&list.len()) => list
                .iter()
                .map(|item| item.as_i64().ok_or_else(refuse))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(refuse()),
        }
    }

    /// A list of pairs of numbers.
    pub fn pairs(
        &mut self,
        name: &str,
        many: RangeInclusive<usize>,
    ) -> Result<Vec<[f64; 2]>, Problem> {
        let (least, most) = (many.start(), many.end());
        let refuse = || {
            bad(
                name,
                &format!("must be a list of {least} to {most} pairs, as in [[120.73, 28.85], …]"),
            )
        };
        let pair = |item: &Value| match item.as_array().map(Vec::as_slice) {
            Some([one, other]) => Some([one.as_f64()?, other.as_f64()?]),
            _ => None,
        };
        match self.take(name) {
            Some(Value::Array(list)) if many.contains(&list.len()) => list
                .iter()
                .map(|item| pair(item).ok_or_else(refuse))
                .collect(),
            _ => Err(refuse()),
        }
    }

    /// A finite or infinite number; whether it can be meant is for who asks.
    pub fn number(&mut self, name: &str) -> Result<f64, Problem> {
        self.take(name)
            .as_ref()
            .and_then(Value::as_f64)
            .ok_or_else(|| bad(name, "must be a number"))
    }

    /// A count of people that may be missing.
    pub fn optional_count(&mut self, name: &str) -> Result<Option<u16>, Problem> {
        let Some(given) = self.take(name) else {
            return Ok(None);
        };
        count(&given)
            .map(Some)
            .ok_or_else(|| bad(name, "must be a whole number from 0 to 65535"))
    }

    /// An id.
    pub fn id<T: FromStr>(&mut self, name: &str) -> Result<T, Problem> {
        self.text(name)?
            .parse()
            .map_err(|_| bad(name, "must be an id, centre.number, as in \"1.17\""))
    }

    /// A time.
    pub fn moment(&mut self, name: &str) -> Result<Moment, Problem> {
        self.text(name)?.parse().map_err(|_| {
            bad(
                name,
                "must be a time in RFC 3339 from 1970 to 2200, as in 2026-11-21T20:00:00+08:00",
            )
        })
    }

    /// A word of a vocabulary.
    pub fn word<T>(
        &mut self,
        name: &str,
        meaning: impl FnOnce(&str) -> Option<T>,
        right: &str,
    ) -> Result<T, Problem> {
        meaning(&self.text(name)?).ok_or_else(|| bad(name, right))
    }

    /// A word of a vocabulary that may be missing.
    pub fn optional_word<T>(
        &mut self,
        name: &str,
        meaning: impl FnOnce(&str) -> Option<T>,
        right: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(given) = self.optional_text(name)? else {
            return Ok(None);
        };
        meaning(&given).map(Some).ok_or_else(|| bad(name, right))
    }

    /// A number within bounds that may be missing.
    pub fn optional_number(
        &mut self,
        name: &str,
        within: RangeInclusive<f64>,
    ) -> Result<Option<f64>, Problem> {
        let Some(given) = self.take(name) else {
            return Ok(None);
        };
        given
            .as_f64()
            .filter(|number| within.contains(number))
            .map(Some)
            .ok_or_else(|| {
                let right = format!(
                    "must be a number from {} to {}",
                    within.start(),
                    within.end()
                );
                bad(name, &right)
            })
    }

    /// Yes or no, if it is said.
    pub fn optional_flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(bad(name, "must be true or false")),
        }
    }

    /// A position of `lat`, `lon` and `datum`, or none of the three.
    pub fn optional_position(&mut self) -> Result<Option<Position>, Problem> {
        let given = |name: &str| self.fields.get(name).is_some_and(|value| !value.is_null());
        if !["lat", "lon", "datum"].into_iter().any(given) {
            return Ok(None);
        }
        self.position().map(Some)
    }

    /// A position of `lat`, `lon` and `datum` (N5).
    pub fn position(&mut self) -> Result<Position, Problem> {
        let (lat, lon) = (self.number("lat")?, self.number("lon")?);
        let datum = self.datum()?;
        Position::new(lat, lon, datum).map_err(|error| {
            Problem::new(ProblemKind::BadField, error.to_string()).about(error.field())
        })
    }

    /// A datum; `None` when it is missing, which the position refuses in its own words (N5).
    pub fn datum(&mut self) -> Result<Option<Datum>, Problem> {
        let Some(code) = self.optional_text("datum")? else {
            return Ok(None);
        };
        Datum::from_code(&code)
            .map(Some)
            .ok_or_else(|| bad("datum", "must be wgs84, gcj02 or bd09"))
    }
}
