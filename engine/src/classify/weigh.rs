//! One text through the tables: scan, deny, weigh, choose, adjust.
//!
//! The scan collects cues clause by clause, because masks and negation reach no further than a clause; the rest works
//! on sums and bits, whose number does not depend on the text. Integers only.

use super::compile::{Adjust, Cue, Effect, Tables};
use super::concepts::ConceptSet;
use super::fold::{Fold, Folded};
use super::source::TypedLine;
use super::verdict::{Evidence, EvidenceList, RuleId, Verdict};
use crate::kind::{KINDS, Kind, Nature, Priority};
use crate::line::Line;

/// The most bytes of a text that are read.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Below this confidence a person looks at the verdict.
pub const HUMAN_BELOW_PERMILLE: u16 = 400;

/// Cues of one clause that are weighed together; a longer clause is cut here.
const CLAUSE_HITS_MAX: usize = 256;
/// Masks and negations that are heeded in one clause.
const CLAUSE_SCOPES_MAX: usize = 16;
/// Cues that are remembered for the evidence.
const COUNTED_MAX: usize = 128;
/// What a kind of the dialled line has in advance (C3).
const LINE_WEIGHT: i32 = 6;
/// A sum below this is no verdict: the line's prior speaks.
const SCORE_MIN: i32 = 15;
/// The sum that counts as certain.
const SCORE_CERTAIN: i32 = 60;
/// A second kind within this share of the first (percent) is a conflict.
const CONFLICT_PERCENT: i32 = 85;
/// The gravest among the kinds within this share of the first (percent) wins.
const GRAVE_PERCENT: i32 = 92;

const KIND_COUNT: usize = Kind::ALL.len();

#[derive(Clone, Copy)]
struct Hit {
    /// First character and the one after the last, counted in what was kept of the text.
    start: u32,
    end: u32,
    cue: u32,
}

#[derive(Clone, Copy)]
struct Counted {
    start: u32,
    end: u32,
    rule: RuleId,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
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
    /// Byte at which each kept character begins.
    offsets: Vec<u32>,
    hits: Vec<Hit>,
    /// One bit a cue: already counted in this text.
    seen: Vec<u64>,
    counted: Vec<Counted>,
    scores: [i32; KIND_COUNT],
    last: [Last; KIND_COUNT],
    concepts: ConceptSet,
}

impl Scratch {
    /// Room for ordinary calls; grows once when a longer one comes.
    pub fn new() -> Scratch {
        Scratch {
            offsets: Vec::with_capacity(1024),
            hits: Vec::with_capacity(CLAUSE_HITS_MAX),
            seen: Vec::new(),
            counted: Vec::with_capacity(COUNTED_MAX),
            scores: [0; KIND_COUNT],
            last: [Last::default(); KIND_COUNT],
            concepts: ConceptSet::EMPTY,
        }
    }

    fn begin(&mut self, cues: usize) {
        self.offsets.clear();
        self.hits.clear();
        self.seen.clear();
        self.seen.resize(cues.div_ceil(64), 0);
        self.counted.clear();
        self.scores = [0; KIND_COUNT];
        self.last = [Last::default(); KIND_COUNT];
        self.concepts = ConceptSet::EMPTY;
    }

    /// What it has taken from the heap; for tests.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> [usize; 4] {
        [
            self.offsets.capacity(),
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

/// The way of one text; see [`super::Lexicon::classify`].
pub(super) fn classify(
    tables: &Tables,
    line: Line,
    text: Option<&str>,
    injured: Option<u16>,
    scratch: &mut Scratch,
) -> Verdict {
    scratch.begin(tables.cues.len());
    let (read, cut) = bounded(text.unwrap_or_default());
    let blank = text.is_some() && scan(tables, read, scratch);
    for &(count, concept) in &tables.injured {
        if injured.is_some_and(|injured| injured >= count) {
            scratch.concepts.insert(concept);
        }
    }
    let mut verdict = match text {
        None => unheard(tables, line),
        Some(_) if blank => Verdict {
            confidence_permille: 1000,
            ..defaults(Kind::Silent)
        },
        Some(_) => {
            for rule in &tables.rules {
                if rule.when.holds(&scratch.concepts, line, Kind::Unknown) {
                    scratch.scores[rule.kind as usize] += i32::from(rule.weight);
                }
            }
            choose(tables, line, scratch)
        }
    };
    for adjust in &tables.adjusts {
        if adjust.when.holds(&scratch.concepts, line, verdict.kind) {
            apply(adjust, &mut verdict);
        }
    }
    verdict.human |= cut || verdict.confidence_permille < HUMAN_BELOW_PERMILLE;
    verdict.evidence = evidence(tables, line, read, scratch, verdict.kind);
    verdict
}

fn bounded(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    (&text[..end], end < text.len())
}

/// Finds and counts every cue; true when the text has no character that says anything.
fn scan(tables: &Tables, text: &str, scratch: &mut Scratch) -> bool {
    let Some(automaton) = &tables.automaton else {
        return text.trim().is_empty();
    };
    let fold = Fold::new();
    let mut stepper = automaton.find_overlapping_stepper();
    let (mut blank, mut last, mut word_open) = (true, ' ', false);
    for (offset, c) in text.char_indices() {
        let folded = match fold.fold(c) {
            Folded::Char(folded) => folded,
            Folded::Nothing => continue,
            // Between Chinese characters a space is nothing, and many are one (hostile spacing).
            Folded::Space if !last.is_ascii() || last == ' ' => continue,
            Folded::Space => ' ',
            Folded::Break => '\n',
        };
        blank &= matches!(folded, ' ' | '\n');
        if word_open && folded.is_ascii_alphanumeric() {
            drop_unfinished(tables, scratch);
        }
        last = folded;
        stepper.consume(folded);
        scratch.offsets.push(offset as u32);
        let end = scratch.offsets.len() as u32;
        word_open = false;
        for found in stepper.matches() {
            let cue = tables.cues[found.value() as usize];
            let start = end - u32::from(cue.chars);
            if cue.word_start && inside_word(text, scratch.offsets[start as usize]) {
                continue;
            }
            word_open |= cue.word_end;
            if scratch.hits.len() == CLAUSE_HITS_MAX {
                settle(tables, scratch);
            }
            scratch.hits.push(Hit {
                start,
                end,
                cue: found.value(),
            });
        }
        if folded == '\n' {
            settle(tables, scratch);
        }
    }
    settle(tables, scratch);
    blank
}

/// Whether the byte before is a Latin letter or digit, so that a word cannot begin here.
fn inside_word(text: &str, offset: u32) -> bool {
    offset
        .checked_sub(1)
        .and_then(|before| text.as_bytes().get(before as usize))
        .is_some_and(u8::is_ascii_alphanumeric)
}

/// Takes back the cues that ended on the last character in the middle of a word ("no" in "now").
fn drop_unfinished(tables: &Tables, scratch: &mut Scratch) {
    let end = scratch.offsets.len() as u32;
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
    let range = cue.first as usize..cue.first as usize + usize::from(cue.count);
    let is_new = is_denied || scratch.first_time(hit.cue);
    for effect in &tables.effects[range] {
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

/// A kind's verdict by its row of the table.
fn defaults(kind: Kind) -> Verdict {
    let row = kind.row();
    Verdict {
        kind,
        priority: row.priority,
        nature: row.nature,
        category: row.category,
        agencies: row.agencies,
        confidence_permille: 0,
        human: false,
        evidence: EvidenceList::default(),
    }
}

fn prior(tables: &Tables, line: Line) -> Option<&TypedLine> {
    let own = tables.lines.iter().find(|row| row.line == Some(line));
    own.or_else(|| tables.lines.iter().find(|row| row.line.is_none()))
}

/// A call whose words are not known yet: kind unknown on the line's prior, a human first.
fn unheard(tables: &Tables, line: Line) -> Verdict {
    let mut verdict = Verdict {
        human: true,
        ..defaults(Kind::Unknown)
    };
    if let Some(prior) = prior(tables, line) {
        let usual = defaults(prior.kind);
        verdict.nature = if prior.priority <= Priority::P2 {
            Nature::Emergency
        } else {
            usual.nature
        };
        verdict.category = usual.category;
        verdict.priority = prior.priority;
        verdict.agencies = prior.agencies;
    }
    verdict
}

/// Words were said, but none the lexicon knows: the line's usual kind at the line's priority, a human first.
fn not_understood(tables: &Tables, line: Line) -> Verdict {
    let heard = unheard(tables, line);
    let kind = prior(tables, line).map_or(Kind::PublicHelp, |prior| prior.kind);
    Verdict {
        kind,
        category: defaults(kind).category,
        ..heard
    }
}

/// The kind by the sums: the highest, but the gravest among those that are about as high.
fn choose(tables: &Tables, line: Line, scratch: &mut Scratch) -> Verdict {
    for row in &KINDS {
        let score = &mut scratch.scores[row.kind as usize];
        if *score > 0 && row.line == line.number() {
            *score += LINE_WEIGHT;
        }
    }
    let score = |kind: Kind| scratch.scores[kind as usize];
    let top = KINDS.iter().map(|row| score(row.kind)).max().unwrap_or(0);
    if top < SCORE_MIN {
        return not_understood(tables, line);
    }
    let near = KINDS
        .iter()
        .filter(|row| score(row.kind) * 100 >= top * GRAVE_PERCENT);
    let best = near.min_by_key(|row| (row.priority, -score(row.kind), row.kind));
    let Some(best) = best else {
        return not_understood(tables, line);
    };
    let own = score(best.kind);
    let others = KINDS.iter().filter(|row| row.kind != best.kind);
    let second = others.max_by_key(|row| (score(row.kind), std::cmp::Reverse(row.kind)));
    let (second, second_score) = second.map_or((best, 0), |row| (row, score(row.kind).max(0)));
    let conflict = second_score * 100 >= own * CONFLICT_PERCENT && second.agencies != best.agencies;
    Verdict {
        confidence_permille: confidence(own, second_score),
        human: conflict,
        ..defaults(best.kind)
    }
}

/// Half of it says how much speaks for the kind, half how little for the next one.
fn confidence(own: i32, second: i32) -> u16 {
    let strength = own.min(SCORE_CERTAIN) * 500 / SCORE_CERTAIN;
    let margin = (own - second).clamp(0, own) * 500 / own.max(1);
    (strength + margin).clamp(0, 1000) as u16
}

fn apply(adjust: &Adjust, verdict: &mut Verdict) {
    if let Some(kind) = adjust.kind {
        let usual = defaults(kind);
        *verdict = Verdict {
            confidence_permille: verdict.confidence_permille,
            human: verdict.human,
            ..usual
        };
    }
    if let Some(priority) = adjust.priority {
        verdict.priority = priority;
    }
    verdict.priority = verdict.priority.raised(adjust.raise);
    let lowered =
        (verdict.priority.index() + usize::from(adjust.lower)).min(Priority::ALL.len() - 1);
    verdict.priority = Priority::ALL[lowered];
    if let Some(least) = adjust.at_least {
        verdict.priority = verdict.priority.min(least);
    }
    if let Some(nature) = adjust.nature {
        verdict.nature = nature;
    }
    verdict.agencies = verdict.agencies.union(adjust.add);
    for agency in adjust.drop.iter() {
        verdict.agencies = verdict.agencies.without(agency);
    }
}

/// The cues the verdict rests on: first those that speak for the kind, then the concepts of the rules that do, then the
/// concepts of the adjustments.
fn evidence(
    tables: &Tables,
    line: Line,
    text: &str,
    scratch: &Scratch,
    kind: Kind,
) -> EvidenceList {
    let rules = tables
        .rules
        .iter()
        .filter(|rule| rule.kind == kind && rule.weight > 0);
    let asked_by_rules = rules
        .filter(|rule| rule.when.holds(&scratch.concepts, line, Kind::Unknown))
        .fold(ConceptSet::EMPTY, |set, rule| {
            set.union(rule.when.all).union(rule.when.any)
        });
    let adjusts = tables
        .adjusts
        .iter()
        .filter(|adjust| adjust.when.holds(&scratch.concepts, line, kind));
    let asked_by_adjusts = adjusts.fold(ConceptSet::EMPTY, |set, adjust| {
        set.union(adjust.when.all).union(adjust.when.any)
    });
    let of_kind = |what| matches!(what, What::Kind(own, _) if own == kind);
    let of =
        |what, set: &ConceptSet| matches!(what, What::Concept(concept) if set.contains(concept));
    let mut list = EvidenceList::default();
    for pass in 0..3 {
        for item in &scratch.counted {
            let wanted = match pass {
                0 => of_kind(item.what),
                1 => of(item.what, &asked_by_rules),
                _ => of(item.what, &asked_by_adjusts) && !of(item.what, &asked_by_rules),
            };
            if wanted && !list.push(place(item, text, scratch)) {
                break;
            }
        }
    }
    list.sort();
    list
}

/// The bytes of the original text that a cue covers.
fn place(item: &Counted, text: &str, scratch: &Scratch) -> Evidence {
    let start = scratch.offsets[item.start as usize];
    let last = scratch.offsets[item.end as usize - 1];
    let length = text[last as usize..]
        .chars()
        .next()
        .map_or(0, char::len_utf8);
    Evidence {
        start,
        end: last + length as u32,
        rule: item.rule,
    }
}
