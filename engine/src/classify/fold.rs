//! Folding: one character of a text to the one character that cues are written in.
//!
//! Full-width to half-width, upper to lower case, traditional to simplified, one to one, so that the place of a
//! match in the folded text is its place in the original. It never looks at more than one character; what
//! belongs together is the automaton's business.

use super::traditional;
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

const BLOCK_FIRST: u32 = 0x4E00;
const BLOCK_LAST: u32 = 0x9FFF;
/// What the table of characters takes.
pub(super) const TABLE_BYTES: usize = 2 * (BLOCK_LAST - BLOCK_FIRST + 1) as usize;

/// The CJK block, each character to its simplified form: a flat table, since most characters of most calls are
/// looked up here.
static SIMPLIFIED: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut table: Vec<u16> = (BLOCK_FIRST..=BLOCK_LAST).map(|code| code as u16).collect();
    for (from, to) in traditional::pairs() {
        if let Some(slot) = slot(from).and_then(|index| table.get_mut(index))
            && let Ok(to) = u16::try_from(u32::from(to))
        {
            *slot = to;
        }
    }
    table
});

fn slot(c: char) -> Option<usize> {
    u32::from(c)
        .checked_sub(BLOCK_FIRST)
        .map(|index| index as usize)
}

/// A folder with its table at hand, so that the loop over a text does not ask for it each time.
#[derive(Clone, Copy)]
pub(super) struct Fold {
    simplified: &'static [u16],
}

impl Fold {
    /// The folder.
    pub(super) fn new() -> Fold {
        Fold {
            simplified: &SIMPLIFIED,
        }
    }

    /// What this character is read as.
    #[inline]
    pub(super) fn fold(self, c: char) -> Folded {
        let code = u32::from(c);
        if (BLOCK_FIRST..=BLOCK_LAST).contains(&code) {
            let folded = self.simplified.get((code - BLOCK_FIRST) as usize).copied();
            return Folded::Char(
                folded
                    .and_then(|code| char::from_u32(u32::from(code)))
                    .unwrap_or(c),
            );
        }
        match c {
            'a'..='z' | '0'..='9' | '\'' | '、' => Folded::Char(c),
            'A'..='Z' => Folded::Char(c.to_ascii_lowercase()),
            ' ' | '\t' | '\u{a0}' | '\u{3000}' => Folded::Space,
            '’' | '‘' | '＇' => Folded::Char('\''),
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => Folded::Nothing,
            '！'..='～' => self.half(char::from_u32(code - 0xFEE0).unwrap_or(c)),
            _ if is_break(c) => Folded::Break,
            _ => Folded::Char(c),
        }
    }

    fn half(self, c: char) -> Folded {
        if is_break(c) {
            Folded::Break
        } else {
            Folded::Char(c.to_ascii_lowercase())
        }
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
    let fold = Fold::new();
    let mut folded = String::new();
    for c in text.trim().chars() {
        match fold.fold(c) {
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
        let fold = Fold::new();
        for c in ['，', ',', '。', '！', '？', '；', '…', '\n', '（'] {
            assert_eq!(fold.fold(c), Folded::Break, "{c}");
        }
        assert_eq!(fold.fold('\u{10FFFF}'), Folded::Char('\u{10FFFF}'));
    }

    #[test]
    fn the_table_of_characters_is_sound() {
        let mut seen = std::collections::BTreeSet::new();
        for (from, to) in traditional::pairs() {
            assert!(seen.insert(from), "{from} twice");
            assert_ne!(from, to);
            let fold = Fold::new();
            assert_eq!(fold.fold(from), Folded::Char(to), "{from}");
            assert_eq!(
                fold.fold(to),
                Folded::Char(to),
                "{from}{to} leads on to another"
            );
        }
        assert!(seen.len() >= 2_800, "{}", seen.len());
    }
}
