//! What each character is to a lexicon, by one look at a table: how it is folded, and which letter of the cues it is.
//!
//! `fold` says how characters are read; here it is asked once for all of them, when a lexicon is compiled. Characters of cues are
//! numbered without gaps, so that the tree of cues (`endings`) needs no room for the many between them.

use super::fold::{self, Folded};
use std::collections::BTreeMap;

/// Characters on a page of the table.
const PAGE: usize = 64;
/// Pages of the table: the first 65 536 characters.
const PAGES: usize = 0x1_0000 / PAGE;
/// The most characters of cues.
pub(super) const LETTERS_MAX: usize = 1 << 15;

/// What a character is to a lexicon: one of the four below, or the number of a folded character.
pub(super) type Number = u16;
/// Not there at all.
pub(super) const NOTHING: Number = 0;
/// White space; within a Latin cue it is a letter as others are.
pub(super) const SPACE: Number = 1;
/// The end of a clause; in no cue.
pub(super) const BREAK: Number = 2;
/// Read as it is, and in no cue.
pub(super) const OTHER: Number = 3;
/// What is read for the first four.
const FIRST: [char; 4] = ['\0', ' ', '\n', '\0'];

/// One kept character of a text.
#[derive(Clone, Copy)]
pub(super) struct Letter {
    /// Byte at which it begins.
    pub offset: u32,
    /// What it is read as; `\n` for the end of a clause.
    pub folded: char,
    pub number: Number,
}

/// The characters of a lexicon's cues, and all others.
pub(super) struct Letters {
    /// The page of each 64 characters; many share the one where all are read as they are.
    pages: Box<[u16; PAGES]>,
    numbers: Box<[[Number; PAGE]]>,
    /// What a number is read as.
    folded: Box<[char]>,
    /// Characters of cues beyond the table, sorted.
    beyond: Box<[(char, Number)]>,
}

impl Letters {
    /// The letters of cues that hold these folded characters, at most [`LETTERS_MAX`] different ones.
    pub(super) fn of(cues: impl Iterator<Item = char>) -> Letters {
        let mut folded = FIRST.to_vec();
        let mut numbered = BTreeMap::from([(' ', SPACE)]);
        let mut number = |c: char| {
            *numbered.entry(c).or_insert_with(|| {
                folded.push(c);
                (folded.len() - 1) as Number
            })
        };
        let mut own: Vec<(char, Number)> = cues.map(|c| (c, number(c))).collect();
        own.sort_unstable();
        own.dedup();
        let in_cue = |c: char| own.binary_search_by_key(&c, |&(own, _)| own);
        let mut number_of = |c: char| match fold::fold(c) {
            Folded::Nothing => NOTHING,
            Folded::Space => SPACE,
            Folded::Break => BREAK,
            Folded::Char(read) => match in_cue(read) {
                Ok(at) => own[at].1,
                Err(_) if read == c => OTHER,
                Err(_) => number(read),
            },
        };
        let (mut pages, mut numbers) = (Box::new([0; PAGES]), vec![[OTHER; PAGE]]);
        for (page, first) in pages.iter_mut().zip((0u32..).step_by(PAGE)) {
            let own: [Number; PAGE] = std::array::from_fn(|at| {
                char::from_u32(first + at as u32).map_or(OTHER, &mut number_of)
            });
            if own != numbers[0] {
                *page = numbers.len() as u16;
                numbers.push(own);
            }
        }
        own.retain(|&(c, _)| u32::from(c) as usize >= PAGES * PAGE);
        Letters {
            pages,
            numbers: numbers.into(),
            folded: folded.into(),
            beyond: own.into(),
        }
    }

    /// What a character is.
    #[inline]
    pub(super) fn number(&self, c: char) -> Number {
        let code = u32::from(c) as usize;
        match self.pages.get(code / PAGE) {
            Some(&page) => self.numbers[usize::from(page)][code % PAGE],
            None => self.number_beyond(c),
        }
    }

    /// What a character of this number is read as.
    #[inline]
    pub(super) fn folded(&self, number: Number, c: char) -> char {
        if number == OTHER {
            c
        } else {
            self.folded[usize::from(number)]
        }
    }

    #[cold]
    fn number_beyond(&self, c: char) -> Number {
        let found = self.beyond.binary_search_by_key(&c, |&(own, _)| own);
        found.map_or(OTHER, |at| self.beyond[at].1)
    }

    /// How many bytes they take.
    pub(super) fn table_bytes(&self) -> usize {
        size_of_val(&*self.pages)
            + size_of_val(&*self.numbers)
            + size_of_val(&*self.folded)
            + size_of_val(&*self.beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_read_as_it_is_folded() {
        let cues = "着火了车一鿿ひé、no 119\u{4dff}𠀀";
        let letters = Letters::of(cues.chars());
        let mut seen = BTreeMap::new();
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let number = letters.number(c);
            match fold::fold(c) {
                Folded::Nothing => assert_eq!(number, NOTHING, "{c:?}"),
                Folded::Space => assert_eq!(number, SPACE, "{c:?}"),
                Folded::Break => assert_eq!(number, BREAK, "{c:?}"),
                Folded::Char(read) => {
                    assert_eq!(letters.folded(number, c), read, "{c:?}");
                    assert!(number >= OTHER, "{c:?}");
                    if cues.contains(read) {
                        assert_ne!(number, OTHER, "{c:?}");
                        assert_eq!(*seen.entry(read).or_insert(number), number, "{c:?}");
                    }
                }
            }
        }
        let own: std::collections::BTreeSet<Number> = seen.values().copied().collect();
        assert_eq!(own.len(), seen.len(), "no two share a number");
        assert!(letters.table_bytes() < 64 * 1024);
    }
}
