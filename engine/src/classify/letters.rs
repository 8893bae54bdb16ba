//! The characters that stand in cues, numbered without gaps: the automaton keeps a table as long as its highest character,
//! and Chinese ones are high.

/// Where the block of common Chinese characters begins, and how many words of bits it takes.
const BLOCK_FIRST: u32 = 0x4E00;
const WORDS: usize = 0x5200 / 64;
/// The first number of a character that is not ASCII.
const FIRST: u32 = 0x80;
/// What stands for every character that is in no cue. No folded text or cue holds it.
const UNKNOWN: char = '\u{7f}';

/// The characters of a lexicon's cues.
pub(super) struct Letters {
    /// One bit a character of the block: whether it is in a cue.
    bits: Box<[u64]>,
    /// How many are in cues before each word.
    before: Box<[u16]>,
    /// Those outside the block, sorted.
    others: Box<[char]>,
}

impl Letters {
    pub(super) fn of(chars: impl Iterator<Item = char>) -> Letters {
        let (mut bits, mut others) = (vec![0u64; WORDS], Vec::new());
        for c in chars.filter(|c| !c.is_ascii()) {
            match place(c) {
                Some((word, bit)) => bits[word] |= 1 << bit,
                None => others.push(c),
            }
        }
        others.sort_unstable();
        others.dedup();
        let mut sum = 0;
        let before = bits.iter().map(|word| {
            let own = sum;
            sum += word.count_ones() as u16;
            own
        });
        let before = before.collect();
        Letters {
            bits: bits.into(),
            before,
            others: others.into(),
        }
    }

    /// The letter that stands for a character.
    #[inline]
    pub(super) fn letter(&self, c: char) -> char {
        if c.is_ascii() {
            return c;
        }
        let Some((word, bit)) = place(c) else {
            return self.other(c);
        };
        let bits = self.bits[word];
        if bits & (1 << bit) == 0 {
            return UNKNOWN;
        }
        let lower = (bits & ((1 << bit) - 1)).count_ones();
        numbered(FIRST + u32::from(self.before[word]) + lower)
    }

    #[cold]
    fn other(&self, c: char) -> char {
        let Ok(at) = self.others.binary_search(&c) else {
            return UNKNOWN;
        };
        let inside: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        numbered(FIRST + inside + at as u32)
    }

    /// How many bytes they take.
    pub(super) fn table_bytes(&self) -> usize {
        size_of_val(&*self.bits) + size_of_val(&*self.before) + size_of_val(&*self.others)
    }
}

/// Word and bit of a character of the block.
#[inline]
fn place(c: char) -> Option<(usize, u32)> {
    let at = u32::from(c).checked_sub(BLOCK_FIRST)?;
    let word = (at / 64) as usize;
    (word < WORDS).then_some((word, at % 64))
}

#[inline]
fn numbered(number: u32) -> char {
    char::from_u32(number).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_of_a_cue_has_a_letter_of_its_own() {
        let chars = "着火了车一鿿ひé、no 119\u{4dff}";
        let letters = Letters::of(chars.chars());
        let mut seen = std::collections::BTreeSet::new();
        for c in chars.chars() {
            let letter = letters.letter(c);
            assert_ne!(letter, UNKNOWN, "{c}");
            assert!(u32::from(letter) < 0x100, "{c}");
            if c != '1' {
                assert!(seen.insert(letter), "{c}");
            }
        }
        for c in ['水', 'も', '\u{10FFFF}', '\u{a000}'] {
            assert_eq!(letters.letter(c), UNKNOWN, "{c}");
        }
        assert!(letters.table_bytes() < 4096);
    }
}
