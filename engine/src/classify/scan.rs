//! The one pass over a text: folded, cues found clause by clause, denied, hidden, counted.
//!
//! Masks and negation reach no further than a clause. What comes out is in the [`Scratch`]: the folded characters, the sums
//! of the kinds and the concepts; `weigh` makes a verdict of it.

use super::compile::{Cue, Effect, Tables};
use super::concepts::ConceptSet;
use super::endings::Ending;
use super::hearing::{Found, NO_VECTOR, Sum, Vector};
use super::letters::{self, Letter, Letters};

use super::tokens::Token;
use super::verdict::RuleId;
use crate::kind::Kind;

/// The most bytes of a text that are read.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Cues of one clause that are weighed together; a longer clause is cut here.
const CLAUSE_HITS_MAX: usize = 256;
/// Masks and negations that are heeded in one clause.
const CLAUSE_SCOPES_MAX: usize = 16;
/// Cues that are remembered for the evidence.
const COUNTED_MAX: usize = 128;

const KIND_COUNT: usize = Kind::ALL.len();

#[derive(Clone, Copy)]
pub(super) struct Hit {
    /// First character and the one after the last, counted in what was kept of the text.
    start: u32,
    end: u32,
    cue: u32,
}

/// A cue that counted, and for what.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub start: u32,
    pub end: u32,
    pub rule: RuleId,
    pub what: What,
}

impl Counted {
    /// Nothing.
    pub(super) const NONE: Counted = Counted {
        start: 0,
        end: 0,
        rule: RuleId(0),
        what: What::Concept(0),
    };
}

/// What a cue counted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Kind(Kind, i16),
    Concept(u8),
}

#[derive(Clone, Copy, Default)]
struct Last {
    start: u32,
    end: u32,
    weight: i32,
}

/// Room for one text at a time; make one a thread and use it again.
pub struct Scratch {
    /// The kept characters as they are read.
    pub(super) letters: Vec<Letter>,
    pub(super) tokens: Vec<Token>,
    pub(super) found: Found,
    pub(super) sum: Sum,
    /// What the model made of it.
    pub(super) vector: Vector,
    hits: Vec<Hit>,
    /// One bit a cue: already counted in this text.
    seen: Vec<u64>,
    pub(super) counted: Vec<Counted>,
    pub(super) scores: [i32; KIND_COUNT],
    last: [Last; KIND_COUNT],
    pub(super) concepts: ConceptSet,
    /// What the model gives danger to life; 0 where it was not asked.
    pub(super) danger_permille: u32,
}

impl Scratch {
    /// Room for ordinary calls; grows once when a longer one comes.
    pub fn new() -> Scratch {
        Scratch {
            letters: Vec::with_capacity(1024),
            tokens: Vec::with_capacity(1024),
            found: Found::NONE,
            sum: Sum::EMPTY,
            vector: NO_VECTOR,
            hits: Vec::with_capacity(CLAUSE_HITS_MAX),
            seen: Vec::new(),
            counted: Vec::with_capacity(COUNTED_MAX),
            scores: [0; KIND_COUNT],
            last: [Last::default(); KIND_COUNT],
            concepts: ConceptSet::EMPTY,
            danger_permille: 0,
        }
    }

    /// Forgets the last text.
    pub(super) fn begin(&mut self, cues: usize) {
        self.letters.clear();
        self.tokens.clear();
        self.found.clear();
        self.sum = Sum::EMPTY;
        self.vector = NO_VECTOR;
        self.hits.clear();
        self.seen.clear();
        self.seen.resize(cues.div_ceil(64), 0);
        self.counted.clear();
        self.scores = [0; KIND_COUNT];
        self.last = [Last::default(); KIND_COUNT];
        self.concepts = ConceptSet::EMPTY;
        self.danger_permille = 0;
    }

    /// What it has taken from the heap; for tests.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> [usize; 5] {
        [
            self.letters.capacity(),
            self.tokens.capacity(),
            self.hits.capacity(),
            self.seen.capacity(),
            self.counted.capacity(),
        ]
    }

    /// Marks a cue; false when it was marked before.
    fn first_time(&mut self, cue: u32) -> bool {
        let (word, bit) = (cue as usize / 64, 1u64 << (cue % 64));
        let new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        new
    }

    fn remember(&mut self, hit: Hit, rule: RuleId, what: What) {
        if self.counted.len() < COUNTED_MAX {
            self.counted.push(Counted {
                start: hit.start,
                end: hit.end,
                rule,
                what,
            });
        }
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

/// As much of a text as is read, and whether that is less than all.
pub(super) fn bounded(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    (&text[..end], end < text.len())
}

/// Reads a text, finds and counts every cue; true when the text has no character that says anything.
pub(super) fn scan(tables: &Tables, text: &str, scratch: &mut Scratch) -> bool {
    let blank = read(&tables.letters, text, &mut scratch.letters);
    find(tables, text, scratch);
    blank
}

/// The characters of a text that are kept, as they are read; true when none of them says anything.
fn read(letters: &Letters, text: &str, out: &mut Vec<Letter>) -> bool {
    let (mut blank, mut last) = (true, ' ');
    for (offset, c) in text.char_indices() {
        let number = letters.number(c);
        if number <= letters::BREAK {
            // Between Chinese characters a space is nothing, and many are one (hostile spacing).
            let is_idle = number == letters::SPACE && (!last.is_ascii() || last == ' ');
            if is_idle || number == letters::NOTHING {
                continue;
            }
        } else {
            blank = false;
        }
        last = letters.folded(number, c);
        out.push(Letter {
            offset: offset as u32,
            folded: last,
            number,
        });
    }
    blank
}

/// Finds the cues that end at each character, and counts those of a clause at its end.
fn find(tables: &Tables, text: &str, scratch: &mut Scratch) {
    let mut ending = Ending::NONE;
    let mut word_open = false;
    for at in 0..scratch.letters.len() {
        let letter = scratch.letters[at];
        if word_open && letter.folded.is_ascii_alphanumeric() {
            drop_unfinished(tables, scratch, at as u32);
        }
        word_open = false;
        if letter.number == letters::BREAK {
            settle(tables, scratch);
            continue;
        }
        let end = at + 1;
        tables.endings.find(&scratch.letters[..end], &mut ending);
        for &number in ending.cues().iter().rev() {
            let cue = tables.cues[usize::from(number)];
            let start = end - usize::from(cue.chars);
            if cue.word_start && inside_word(text, scratch.letters[start].offset) {
                continue;
            }
            word_open |= cue.word_end;
            if scratch.hits.len() == CLAUSE_HITS_MAX {
                settle(tables, scratch);
            }
            scratch.hits.push(Hit {
                start: start as u32,
                end: end as u32,
                cue: number.into(),
            });
        }
    }
    settle(tables, scratch);
}

/// Whether the byte before is a Latin letter or digit, so that a word cannot begin here.
fn inside_word(text: &str, offset: u32) -> bool {
    offset
        .checked_sub(1)
        .and_then(|before| text.as_bytes().get(before as usize))
        .is_some_and(u8::is_ascii_alphanumeric)
}

/// Takes back the cues that ended just before this character in the middle of a word ("no" in "now").
fn drop_unfinished(tables: &Tables, scratch: &mut Scratch, end: u32) {
    while let Some(hit) = scratch.hits.last()
        && hit.end == end
        && tables.cues[hit.cue as usize].word_end
    {
        scratch.hits.pop();
    }
}

/// Masks and negations of one clause, few and on the stack.
struct Scopes {
    spans: [(u32, u32); CLAUSE_SCOPES_MAX],
    len: usize,
}

impl Scopes {
    fn new() -> Scopes {
        Scopes {
            spans: [(0, 0); CLAUSE_SCOPES_MAX],
            len: 0,
        }
    }

    fn push(&mut self, start: u32, end: u32) {
        if let Some(slot) = self.spans.get_mut(self.len) {
            *slot = (start, end);
            self.len += 1;
        }
    }

    fn any(&self, holds: impl Fn(u32, u32) -> bool) -> bool {
        self.spans[..self.len]
            .iter()
            .any(|&(start, end)| holds(start, end))
    }
}

/// Counts the cues of one clause, then forgets them.
fn settle(tables: &Tables, scratch: &mut Scratch) {
    if scratch.hits.is_empty() {
        return;
    }
    let hits = std::mem::take(&mut scratch.hits);
    let (mut masks, mut denials) = (Scopes::new(), Scopes::new());
    for hit in &hits {
        let cue = tables.cues[hit.cue as usize];
        if cue.mask {
            masks.push(hit.start, hit.end);
        }
    }
    for hit in &hits {
        let cue = tables.cues[hit.cue as usize];
        // A negation inside a longer cue or mask is part of it ("没" in "没呼吸") and denies nothing else.
        if cue.reach > 0 && !hits.iter().any(|other| contains(other, hit)) {
            denials.push(hit.end, hit.end + u32::from(cue.reach));
        }
    }
    for &hit in &hits {
        let cue = tables.cues[hit.cue as usize];
        let masked = masks.any(|start, end| {
            start <= hit.start && hit.end <= end && end - start > hit.end - hit.start
        });
        if masked {
            continue;
        }
        let is_denied = denials.any(|from, to| from <= hit.start && hit.start <= to);
        count(tables, scratch, hit, cue, is_denied);
    }
    scratch.hits = hits;
    scratch.hits.clear();
}

fn contains(outer: &Hit, inner: &Hit) -> bool {
    outer.start <= inner.start
        && inner.end <= outer.end
        && outer.end - outer.start > inner.end - inner.start
}

fn count(tables: &Tables, scratch: &mut Scratch, hit: Hit, cue: Cue, is_denied: bool) {
    let first = usize::from(cue.first);
    let is_new = is_denied || scratch.first_time(hit.cue);
    for effect in &tables.effects[first..first + usize::from(cue.count)] {
        match *effect {
            Effect::Kind { kind, weight, rule } if is_new && !is_denied => {
                if add(scratch, kind, weight, hit) {
                    scratch.remember(hit, rule, What::Kind(kind, weight));
                }
            }
            Effect::Concept {
                denied: Some(concept),
                rule,
                ..
            } if is_denied => {
                scratch.concepts.insert(concept);
                scratch.remember(hit, rule, What::Concept(concept));
            }
            Effect::Concept { concept, rule, .. } if is_new && !is_denied => {
                scratch.concepts.insert(concept);
                scratch.remember(hit, rule, What::Concept(concept));
            }
            Effect::Kind { .. }
            | Effect::Concept { .. }
            | Effect::Mask
            | Effect::Negation { .. } => {}
        }
    }
}

/// Adds a cue's weight. A cue within one already counted for the same kind adds nothing, one around it only what it
/// weighs more. Returns whether it added.
fn add(scratch: &mut Scratch, kind: Kind, weight: i16, hit: Hit) -> bool {
    let last = &mut scratch.last[kind as usize];
    let weight = i32::from(weight);
    if last.weight > 0 && last.start <= hit.start && hit.end <= last.end {
        return false;
    }
    let around = last.weight > 0 && hit.start <= last.start && last.end <= hit.end;
    let gain = if around {
        (weight - last.weight).max(0)
    } else {
        weight
    };
    *last = Last {
        start: hit.start,
        end: hit.end,
        weight: if around {
            weight.max(last.weight)
        } else {
            weight
        },
    };
    scratch.scores[kind as usize] += gain;
    gain > 0
}
