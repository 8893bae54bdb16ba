//! Texts to classify: those of the repository, brought to one length.

use engine::classify::{Lexicon, Scratch};
use engine::line::Line;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Texts that a bench goes round.
const TEXTS: usize = 500;
const SAID: &str = include_str!("../../tests/texts/mixed.jsonl");

/// Texts of so many characters, each of several that were said one after the other, and the lines they came on.
pub fn texts(chars: usize) -> Vec<(Line, String)> {
    let said: Vec<(Line, String)> = SAID.lines().filter_map(said).collect();
    (0..TEXTS)
        .map(|first| {
            let place = |at: usize| &said[(first + at) % said.len()];
            let joined = (0..).flat_map(|at| place(at).1.chars().chain(['。']));
            (place(0).0, joined.take(chars).collect())
        })
        .collect()
}

fn said(row: &str) -> Option<(Line, String)> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    let line = row.get("line")?.as_str()?.parse().ok()?;
    let text = row.get("text")?.as_str()?;
    (!text.trim().is_empty()).then(|| (line, text.to_owned()))
}

/// A hash of what is said of all texts.
pub fn hash(lexicon: &Lexicon) -> u64 {
    let mut scratch = Scratch::new();
    let mut hasher = DefaultHasher::new();
    for chars in [46, 1_000] {
        for (line, text) in texts(chars) {
            lexicon
                .classify(line, Some(&text), None, &mut scratch)
                .hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length() {
        let texts = texts(46);
        assert_eq!(texts.len(), TEXTS);
        assert!(texts.iter().all(|(_, text)| text.chars().count() == 46));
    }
}
