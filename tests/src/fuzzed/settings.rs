//! Texts that people write: the configuration, the plan, the lexicon.
//!
//! An input is a text of its own, or edits of a good one, so that a small input reaches what stands behind the first
//! mistake: `12=…` replaces line 12, `12+…` adds a line after it, `12-` takes it away; a line `===` before the rest says
//! that the rest is a text of its own. Lines count from 0 and around.

use super::commands;
use engine::classify::{Lexicon, Scratch};
use engine::kind::Kind;
use engine::line::Line;
use engine::plan::Plan;
use gateway::config::{Config, Overrides};
use std::path::Path;

/// A lexicon that has something of everything, and is read in a moment.
pub const SMALL_LEXICON: &str = include_str!("small_lexicon.toml");
const EDITS_MAX: usize = 64;

/// A configuration is taken, or its mistakes are named by their place.
pub fn config(data: &[u8]) {
    let Some(text) = edited(gateway::config::DEFAULT, data) else {
        return;
    };
    match Config::of_text(
        "given.toml",
        &text,
        Path::new("/nowhere"),
        &Overrides::default(),
    ) {
        Ok(config) => assert!(config.shape.check().is_ok(), "a journal that cannot work"),
        Err(error) => {
            assert!(!error.0.is_empty(), "refused without a mistake");
            assert!(
                error
                    .0
                    .iter()
                    .all(|mistake| mistake.place.contains("given.toml")),
                "where? {error}"
            );
        }
    }
}

/// A plan is taken, and a centre can decide by it whatever the call; or its mistakes are named.
pub fn plan(data: &[u8]) {
    let Some(text) = edited(engine::plan::DEFAULT, data) else {
        return;
    };
    match Plan::load(&text) {
        Ok(plan) => commands::decide_by(plan),
        Err(mistakes) => assert!(
            !mistakes.to_string().is_empty(),
            "refused without a mistake"
        ),
    }
}

/// A lexicon is taken, and gives the same verdict twice on any words; or its mistakes are named.
pub fn lexicon(data: &[u8]) {
    let Some(text) = edited(SMALL_LEXICON, data) else {
        return;
    };
    match Lexicon::load(&text) {
        Ok(lexicon) => check_lexicon(&lexicon, &text),
        Err(errors) => assert!(!errors.0.is_empty(), "refused without a mistake"),
    }
}

fn check_lexicon(lexicon: &Lexicon, text: &str) {
    let mut used = Scratch::new();
    // A lexicon's own words are the words that it knows.
    for words in [Some(text), text.lines().last(), Some(""), None] {
        for line in [110, 119, 12_345, 999].into_iter().filter_map(Line::new) {
            let verdict = lexicon.classify(line, words, Some(1), &mut used);
            let fresh = lexicon.classify(line, words, Some(1), &mut Scratch::new());
            assert_eq!(format!("{verdict:?}"), format!("{fresh:?}"));
            assert!(verdict.confidence_permille <= 1_000, "{verdict:?}");
            assert!(Kind::ALL.contains(&verdict.kind));
            for seen in verdict.evidence.as_slice() {
                assert!(!lexicon.rule_name(seen.rule).is_empty());
            }
        }
    }
}

fn edited(base: &str, data: &[u8]) -> Option<String> {
    let given = std::str::from_utf8(data).ok()?;
    if let Some(own) = given.strip_prefix("===\n") {
        return Some(own.to_owned());
    }
    let mut lines: Vec<&str> = base.lines().collect();
    for edit in given.lines().take(EDITS_MAX) {
        let Some(end) = edit.find(['=', '+', '-']) else {
            continue;
        };
        let Ok(line) = edit[..end].parse::<usize>() else {
            continue;
        };
        let (at, rest) = (line % lines.len().max(1), &edit[end + 1..]);
        match edit.as_bytes()[end] {
            b'=' if at < lines.len() => lines[at] = rest,
            b'+' if at < lines.len() => lines.insert(at + 1, rest),
            _ if at < lines.len() => drop(lines.remove(at)),
            _ => {}
        }
    }
    Some(lines.join("\n"))
}
