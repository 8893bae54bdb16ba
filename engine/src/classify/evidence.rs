//! What a verdict rests on: the cues that counted, and the n-grams that spoke loudest for the kind.

use super::compile::Tables;
use super::concepts::ConceptSet;
use super::hearing::Hearing;
use super::scan::{Counted, Scratch, What};
use super::verdict::{Evidence, EvidenceList, RuleId};
use crate::kind::Kind;
use crate::line::Line;

/// The cues the verdict rests on: first those that speak for the kind, then the concepts of the rules that do, then the
/// concepts of the adjustments.
pub(super) fn evidence(
    tables: &Tables,
    line: Line,
    text: &str,
    scratch: &Scratch,
    kind: Kind,
) -> EvidenceList {
    let rules = tables.rules_that_hold(&scratch.concepts, line);
    let asked_by_rules = rules
        .filter(|rule| rule.kind == kind && rule.weight > 0)
        .fold(ConceptSet::EMPTY, |set, rule| {
            set.union(rule.when.all).union(rule.when.any)
        });
    let adjusts = tables.adjusts_heard(&scratch.concepts);
    let asked_by_adjusts = adjusts
        .filter(|adjust| adjust.when.holds(&scratch.concepts, line, kind))
        .fold(ConceptSet::EMPTY, |set, adjust| {
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
    if let Some(hearing) = &tables.hearing {
        loudest(hearing, tables, text, scratch, kind, &mut list);
    }
    list.sort();
    list
}

/// The most n-grams and concepts that are shown.
const LOUDEST_MAX: usize = 5;
/// N-grams that are heard at once.
const HEARD_TOGETHER: usize = 64;
/// How much louder a concept counts than an n-gram where they overlap.
const NAMED: i32 = 3;

/// What spoke loudest so far, the loudest first; silence where there is less.
struct Loudest {
    items: [(i32, Counted); LOUDEST_MAX],
}

impl Loudest {
    const NONE: Loudest = Loudest {
        items: [(0, Counted::NONE); LOUDEST_MAX],
    };

    /// Takes it in if it is loud enough: of those that overlap the loudest stands for all.
    #[inline]
    fn offer(&mut self, loudness: i32, item: impl FnOnce() -> Counted) {
        if loudness > self.items[LOUDEST_MAX - 1].0 {
            self.take(loudness, item());
        }
    }

    fn take(&mut self, loudness: i32, item: Counted) {
        // One bit an item that it overlaps: whether it does cannot be foreseen, so there is no branch.
        let overlapped = self.items.iter().enumerate().map(|(at, (own, other))| {
            let inside = (*own > 0) & (item.start < other.end) & (other.start < item.end);
            u32::from(inside) << at
        });
        let first = overlapped.sum::<u32>().trailing_zeros() as usize;
        let mut slot = first.min(LOUDEST_MAX - 1);
        if loudness <= self.items[slot].0 {
            return;
        }
        let order = |&(loudness, item): &(i32, Counted)| (-loudness, item.start);
        self.items[slot] = (loudness, item);
        while slot > 0 && order(&self.items[slot]) < order(&self.items[slot - 1]) {
            self.items.swap(slot, slot - 1);
            slot -= 1;
        }
    }
}

/// Adds what spoke loudest for a kind through the model: concepts under their own rule, n-grams under the kind's.
fn loudest(
    hearing: &Hearing,
    tables: &Tables,
    text: &str,
    scratch: &Scratch,
    kind: Kind,
    list: &mut EvidenceList,
) {
    let Some(output) = (kind as usize)
        .checked_sub(1)
        .filter(|_| scratch.sum.count > 0)
    else {
        return;
    };
    let ear = hearing.ear(&scratch.vector, output);
    let mut top = Loudest::NONE;
    for item in &scratch.counted {
        if let What::Concept(concept) = item.what
            && let Some(row) = tables.concept_rows[usize::from(concept)]
        {
            let mut loudness = [0];
            ear.hear(&[row], &mut loudness);
            // It has a name, which says more to a reader than a piece of a word.
            top.offer(NAMED * loudness[0], || *item);
        }
    }
    let of_kind = RuleId(tables.first_of_model + kind as u16);
    let mut loudness = [0; HEARD_TOGETHER];
    let (rows, grams) = (scratch.found.rows(), scratch.found.grams());
    for (rows, grams) in rows
        .chunks(HEARD_TOGETHER)
        .zip(grams.chunks(HEARD_TOGETHER))
    {
        ear.hear(rows, &mut loudness);
        for (gram, &loudness) in grams.iter().zip(&loudness) {
            top.offer(loudness, || {
                let (first, last) = gram.span();
                Counted {
                    start: scratch.tokens[first].start,
                    end: scratch.tokens[last].end,
                    rule: of_kind,
                    what: What::Kind(kind, 0),
                }
            });
        }
    }
    for (loudness, item) in top.items {
        let stands = |list: &EvidenceList, new: Evidence| {
            let mut all = list.as_slice().iter();
            all.any(|old| old.start == new.start && old.end == new.end)
        };
        if loudness > 0 {
            let new = place(&item, text, scratch);
            if !stands(list, new) && !list.push(new) {
                return;
            }
        }
    }
}

/// The bytes of the original text that a cue covers.
fn place(item: &Counted, text: &str, scratch: &Scratch) -> Evidence {
    let start = scratch.letters[item.start as usize].offset;
    let last = scratch.letters[item.end as usize - 1].offset;
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
