//! Folding: one character of a text to the one character that cues are written in.
//!
//! Full-width to half-width, upper to lower case, traditional to simplified, one to one, so that the place of a
//! match in the folded text is its place in the original. It never looks at more than one character. `letters` makes a
//! table of it, by which texts are read.

use super::traditional;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a character is to the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// Read as this character.
    Char(char),
    /// White space: kept between Latin words, nothing between Chinese ones.
    Space,
    /// The end of a clause: negation reaches no further.
    Break,
    /// Not there at all (zero-width and other format characters).
    Nothing,
}

/// Each traditional character to its simplified form.
static SIMPLIFIED: LazyLock<BTreeMap<char, char>> =
    LazyLock::new(|| traditional::pairs().collect());

/// What this character is read as.
pub(super) fn fold(c: char) -> Folded {
    match c {
        'a'..='z' | '0'..='9' | '\'' | '、' => Folded::Char(c),
        'A'..='Z' => Folded::Char(c.to_ascii_lowercase()),
        ' ' | '\t' | '\u{a0}' | '\u{3000}' => Folded::Space,
        '’' | '‘' | '＇' => Folded::Char('\''),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => Folded::Nothing,
        '！'..='～' => half(char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c)),
        _ if is_break(c) => Folded::Break,
        _ => Folded::Char(SIMPLIFIED.get(&c).copied().unwrap_or(c)),
    }
}

fn half(c: char) -> Folded {
    if is_break(c) {
        Folded::Break
    } else {
        Folded::Char(c.to_ascii_lowercase())
    }
}

fn is_break(c: char) -> bool {
    matches!(
        c,
        ',' | '.'
            | '!'
            | '?'
            | ';'
            | ':'
            | '('
            | ')'
            | '\n'
            | '\r'
            | '。'
            | '…'
            | '—'
            | '“'
            | '”'
            | '「'
            | '」'
            | '"'
    )
}

/// A cue as the automaton holds it, or `None` when nothing is left of it.
pub(super) fn cue(text: &str) -> Option<String> {
    let mut folded = String::new();
    for c in text.trim().chars() {
        match fold(c) {
            Folded::Char(c) => folded.push(c),
            Folded::Space
                if folded
                    .chars()
                    .next_back()
                    .is_some_and(|last| last.is_ascii()) =>
            {
                folded.push(' ')
            }
            Folded::Space | Folded::Nothing => {}
            Folded::Break => return None,
        }
    }
    (!folded.is_empty()).then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_character_by_character() {
        for (text, folded) in [
            ("ＫＴＶ著火", "ktv着火"),
            ("Ｆire", "fire"),
            ("車禍", "车祸"),
            ("can’t", "can't"),
            ("１１０", "110"),
        ] {
            assert_eq!(cue(text).as_deref(), Some(folded));
            assert_eq!(text.chars().count(), folded.chars().count());
        }
        assert_eq!(cue("着 火").as_deref(), Some("着火"));
        assert_eq!(cue("on fire").as_deref(), Some("on fire"));
        assert_eq!(cue("着\u{200b}火").as_deref(), Some("着火"));
        assert_eq!(cue("  "), None);
        assert_eq!(cue("着，火"), None);
    }

    #[test]
    fn a_clause_ends_at_either_width() {
        for c in ['，', ',', '。', '！', '？', '；', '…', '\n', '（'] {
            assert_eq!(fold(c), Folded::Break, "{c}");
        }
        assert_eq!(fold('\u{10FFFF}'), Folded::Char('\u{10FFFF}'));
    }

    #[test]
    fn the_table_of_characters_is_sound() {
        let mut seen = std::collections::BTreeSet::new();
        for (from, to) in traditional::pairs() {
            assert!(seen.insert(from), "{from} twice");
            assert_ne!(from, to);
            assert_eq!(fold(from), Folded::Char(to), "{from}");
            assert_eq!(fold(to), Folded::Char(to), "{from}{to} leads on to another");
        }
        assert!(seen.len() >= 2_800, "{}", seen.len());
    }
}
