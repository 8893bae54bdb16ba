//! Traditional characters, each before its simplified form, and the commonest Cantonese ones before the word of the
//! standard language.
//!
//! One to one, by character alone: what depends on its neighbours (乾, 著) takes the commonest form, and cues and n-grams
//! are folded by the same table. `fold` makes it flat.

const LIST: &str = include_str!("traditional.txt");

/// The pairs of the list.
pub(super) fn pairs() -> impl Iterator<Item = (char, char)> {
    let rows = LIST.lines().filter(|row| !row.starts_with('#'));
    rows.flat_map(str::split_whitespace).filter_map(|pair| {
        let mut chars = pair.chars();
        Some((chars.next()?, chars.next()?))
    })
}
