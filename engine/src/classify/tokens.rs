//! Folded characters → tokens → hashed n-grams, the same for a trainer and for a call.
//!
//! A token is a Chinese character, a Latin word or a run of digits; n-grams never cross the end of a clause. Hashes are
//! part of the model's format: change one here and the model must be trained again.

use super::letters::Letter;
use std::ops::Range;

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its hash; [`BREAK`] for the end of a clause.
    pub hash: u32,
    /// First of its characters, counted in what was kept of the text.
    pub start: u32,
    /// The character after its last.
    pub end: u32,
}

/// The hash of no word: a clause ends here.
pub(super) const BREAK: u32 = 0;

/// Classes of length, in tokens: shorter than each of these.
const LENGTHS: [usize; 8] = [1, 6, 12, 25, 50, 100, 200, 400];

/// What the hash of an n-gram is made for, so that none of one sort equals one of another.
#[derive(Clone, Copy)]
enum Sort {
    One = 1,
    Two = 2,
    Three = 3,
    Skip = 4,
    First = 5,
    Last = 6,
    Length = 7,
    Name = 8,
}

/// The tokens of a text as it is read, where `\n` is the end of a clause.
pub(super) fn tokens(read: &[Letter], out: &mut Vec<Token>) {
    out.clear();
    let mut at = 0;
    while let Some(&Letter { folded: c, .. }) = read.get(at) {
        let start = at;
        at += 1;
        let hash = match c {
            'a'..='z' | '\'' => {
                let mut hash = with_letter(0x811C_9DC5, c);
                while let Some(letter) = read.get(at).filter(|letter| is_letter(letter.folded)) {
                    hash = with_letter(hash, letter.folded);
                    at += 1;
                }
                hash | 1
            }
            '0'..='9' => {
                while read
                    .get(at)
                    .is_some_and(|letter| letter.folded.is_ascii_digit())
                {
                    at += 1;
                }
                of_char('0')
            }
            ' ' => continue,
            '\n' | '、' if out.last().is_none_or(|last| last.hash == BREAK) => continue,
            '\n' | '、' => BREAK,
            c => of_char(c),
        };
        out.push(Token {
            hash,
            start: start as u32,
            end: at as u32,
        });
    }
    if out.last().is_some_and(|last| last.hash == BREAK) {
        out.pop();
    }
}

fn with_letter(hash: u32, c: char) -> u32 {
    (hash ^ c as u32).wrapping_mul(0x0100_0193)
}

fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c == '\''
}

fn of_char(c: char) -> u32 {
    (c as u32).wrapping_mul(0x9E37_79B1) | 1
}

/// Which tokens an n-gram is made of: the first, and how many follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gram(u32);

impl Gram {
    pub(super) const NONE: Gram = Gram(0);

    fn new(first: usize, after: usize) -> Gram {
        Gram((first << 2 | after) as u32)
    }

    /// Its first and its last token.
    pub(super) fn span(self) -> (usize, usize) {
        let first = (self.0 >> 2) as usize;
        (first, first + (self.0 & 3) as usize)
    }
}

/// The most n-grams that begin with one token.
pub(super) const GRAMS_MAX: usize = 4;

/// Calls `emit` with every n-gram that begins with some of the tokens and its hash, but for those of [`edges`].
#[inline]
pub(super) fn grams(tokens: &[Token], firsts: Range<usize>, mut emit: impl FnMut(u32, Gram)) {
    for at in firsts {
        let Some(one) = tokens.get(at).map(|token| token.hash) else {
            return;
        };
        if one == BREAK {
            continue;
        }
        emit(hash(Sort::One, one, 0, 0), Gram::new(at, 0));
        let Some(two) = hash_at(tokens, at + 1) else {
            continue;
        };
        emit(hash(Sort::Two, one, two, 0), Gram::new(at, 1));
        let Some(three) = hash_at(tokens, at + 2) else {
            continue;
        };
        emit(hash(Sort::Three, one, two, three), Gram::new(at, 2));
        emit(hash(Sort::Skip, one, 0, three), Gram::new(at, 2));
    }
}

/// What a text begins and ends with, by hash.
pub(super) fn edges(tokens: &[Token]) -> Option<[(u32, Gram); 2]> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    Some([
        (hash(Sort::First, first.hash, 0, 0), Gram::new(0, 0)),
        (
            hash(Sort::Last, last.hash, 0, 0),
            Gram::new(tokens.len() - 1, 0),
        ),
    ])
}

fn hash_at(tokens: &[Token], at: usize) -> Option<u32> {
    tokens
        .get(at)
        .map(|token| token.hash)
        .filter(|&hash| hash != BREAK)
}

/// The hash of how long a text is.
pub(super) fn length(tokens: usize) -> u32 {
    let class = LENGTHS.iter().filter(|&&least| tokens >= least).count();
    hash(Sort::Length, class as u32 + 1, 0, 0)
}

/// The hash of what has a name: a concept, a line.
pub(super) fn named(name: &str) -> u32 {
    let folded = name.bytes().fold(0x811C_9DC5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash(Sort::Name, folded, 0, 0)
}

#[inline]
fn hash(sort: Sort, one: u32, two: u32, three: u32) -> u32 {
    let sum = u64::from(one).wrapping_mul(0xA24B_AED4_963E_E407)
        ^ u64::from(two)
            .wrapping_mul(0x9FB2_1C65_1E98_DF25)
            .rotate_left(17)
        ^ u64::from(three)
            .wrapping_mul(0xD6E8_FEB8_6659_FD93)
            .rotate_left(31)
        ^ (sort as u64) << 59;
    let mixed = sum.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Token> {
        let mut out = Vec::new();
        let read = text.chars().map(|folded| Letter {
            offset: 0,
            folded,
            number: 0,
        });
        tokens(&read.collect::<Vec<_>>(), &mut out);
        out
    }

    #[test]
    fn words_and_numbers_are_one_token_and_clauses_end() {
        let found: Vec<(u32, u32)> = of("\nit's on 着火 119\n\n楼\n")
            .iter()
            .map(|token| (token.start, token.end))
            .collect();
        assert_eq!(
            found,
            [
                (1, 5),
                (6, 8),
                (9, 10),
                (10, 11),
                (12, 15),
                (15, 16),
                (17, 18)
            ]
        );
        assert_eq!(of("119")[0].hash, of("0")[0].hash);
        assert!(of("").is_empty() && of("\n \n").is_empty());
    }

    #[test]
    fn grams_do_not_cross_a_clause() {
        let mut spans = Vec::new();
        grams(&of("着火\n了"), 0..4, |_, gram| spans.push(gram.span()));
        assert_eq!(spans, [(0, 0), (0, 1), (1, 1), (3, 3)]);
        let edges = edges(&of("着火\n了")).unwrap();
        assert_eq!(edges.map(|(_, gram)| gram.span()), [(0, 0), (3, 3)]);
    }

    #[test]
    fn hashes_of_different_things_differ() {
        let mut seen = std::collections::BTreeSet::new();
        let mut count = 0;
        let tokens = of("火着火烧了房子里有人没出来");
        let mut hear = |hash, _| {
            seen.insert(hash);
            count += 1;
        };
        grams(&tokens, 0..tokens.len(), &mut hear);
        for (hash, gram) in edges(&tokens).into_iter().flatten() {
            hear(hash, gram);
        }
        assert_eq!(seen.len(), count - 1, "only 火 stands twice");
        assert_ne!(length(3), length(30));
        assert_eq!(length(3), length(4));
        assert_ne!(named("hurt"), named("fire"));
    }
}
