//! Folded characters → tokens → hashed n-grams, the same for a trainer and for a call.
//!
//! A token is a Chinese character, a Latin word or a run of digits; n-grams never cross the end of a clause. Hashes are
//! part of the model's format: change one here and the model must be trained again.

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

/// The tokens of folded characters, where `\n` is the end of a clause.
pub(super) fn tokens(folded: &[char], out: &mut Vec<Token>) {
    out.clear();
    let mut at = 0;
    while let Some(&c) = folded.get(at) {
        let start = at;
        let is_word = is_letter(c);
        let hash = if is_word {
            let mut hash = 0x811C_9DC5_u32;
            while let Some(&c) = folded.get(at)
                && is_letter(c)
            {
                hash = (hash ^ c as u32).wrapping_mul(0x0100_0193);
                at += 1;
            }
            hash | 1
        } else if c.is_ascii_digit() {
            while folded.get(at).is_some_and(char::is_ascii_digit) {
                at += 1;
            }
            of_char('0')
        } else {
            at += 1;
            match c {
                ' ' => continue,
                '\n' | '、' if out.last().is_none_or(|last| last.hash == BREAK) => continue,
                '\n' | '、' => BREAK,
                c => of_char(c),
            }
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

fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c == '\''
}

fn of_char(c: char) -> u32 {
    (c as u32).wrapping_mul(0x9E37_79B1) | 1
}

/// Calls `emit` with the hash, the first and the last token of every n-gram.
#[inline]
pub(super) fn grams(tokens: &[Token], mut emit: impl FnMut(u32, usize, usize)) {
    for (at, token) in tokens.iter().enumerate() {
        let one = token.hash;
        if one == BREAK {
            continue;
        }
        emit(hash(Sort::One, one, 0, 0), at, at);
        let Some(two) = hash_at(tokens, at + 1) else {
            continue;
        };
        emit(hash(Sort::Two, one, two, 0), at, at + 1);
        let Some(three) = hash_at(tokens, at + 2) else {
            continue;
        };
        emit(hash(Sort::Three, one, two, three), at, at + 2);
        emit(hash(Sort::Skip, one, 0, three), at, at + 2);
    }
    if let (Some(first), Some(last)) = (tokens.first(), tokens.last()) {
        let end = tokens.len() - 1;
        emit(hash(Sort::First, first.hash, 0, 0), 0, 0);
        emit(hash(Sort::Last, last.hash, 0, 0), end, end);
    }
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
        tokens(&text.chars().collect::<Vec<_>>(), &mut out);
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
        grams(&of("着火\n了"), |_, first, last| {
            spans.push((first, last))
        });
        assert_eq!(spans, [(0, 0), (0, 1), (1, 1), (3, 3), (0, 0), (3, 3)]);
    }

    #[test]
    fn hashes_of_different_things_differ() {
        let mut seen = std::collections::BTreeSet::new();
        let mut count = 0;
        grams(
            &of("火着火烧了房子里有人没出来"),
            |hash, _, _| {
                seen.insert(hash);
                count += 1;
            },
        );
        assert_eq!(seen.len(), count - 1, "only 火 stands twice");
        assert_ne!(length(3), length(30));
        assert_eq!(length(3), length(4));
        assert_ne!(named("hurt"), named("fire"));
    }
}
