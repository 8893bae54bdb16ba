//! From a text to a typed configuration, with everything on the way that does not fit.
//!
//! The reader behind serde stops at the first thing it cannot take. So what it could not take is noted, dropped from the
//! table, and the rest is read again until it fits: one run names every unknown field and every wrong type. What was
//! dropped stands at its default, so that the checks of the second step (see the parent) still have their say.

use super::line_of;
use super::typed::Typed;
use super::{ConfigError, ConfigMistake};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

/// Mistakes that are listed of one text; a file of noise need not fill a screen.
const MISTAKES_MAX: usize = 100;

/// The typed configuration of a text and what in it does not fit; an error alone when it is no TOML.
pub fn read(name: &str, text: &str) -> Result<(Typed, Vec<ConfigMistake>), ConfigError> {
    let place = |at: Option<usize>, path: &[String]| {
        let line = at.map(|at| format!(":{}", line_of(text, at)));
        let field = if path.is_empty() {
            String::new()
        } else {
            format!(": {}", path.join("."))
        };
        format!("{name}{}{field}", line.unwrap_or_default())
    };
    let (mut table, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        let faults = faults.iter().take(MISTAKES_MAX).map(|fault| ConfigMistake {
            place: place(fault.span().map(|span| span.start), &[]),
            what: fault.message().to_owned(),
        });
        return Err(ConfigError(faults.collect()));
    }
    let mut mistakes = Vec::new();
    loop {
        let error = match Typed::deserialize(Deserializer::from(table.clone())) {
            Ok(typed) => return Ok((typed, mistakes)),
            Err(error) => error,
        };
        let mut path = Vec::new();
        let at = error.span().map(|span| span.start);
        let dropped = at.is_some_and(|at| drop_at(table.get_mut(), at, &mut path));
        path.reverse();
        mistakes.push(ConfigMistake {
            place: place(at, &path),
            what: error.message().to_owned(),
        });
        if !dropped || mistakes.len() == MISTAKES_MAX {
            return Err(ConfigError(mistakes));
        }
    }
}

/// Drops the innermost entry that stands at this byte; `path` gets its names, the innermost first.
fn drop_at(table: &mut DeTable<'_>, at: usize, path: &mut Vec<String>) -> bool {
    let mut dropped = None;
    for (key, value) in table.iter_mut() {
        let within = match value.get_mut() {
            DeValue::Table(inner) => drop_at(inner, at, path),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => false,
        };
        if within {
            path.push(key.get_ref().to_string());
            return true;
        }
        if stands_at(key, at) || stands_at(value, at) {
            path.push(key.get_ref().to_string());
            dropped = Some(key.clone());
            break;
        }
    }
    dropped.is_some_and(|key| table.remove(&key).is_some())
}

fn stands_at<T>(spanned: &Spanned<T>, at: usize) -> bool {
    spanned.span().contains(&at)
}
