//! What a verdict rests on: the cues that counted, and the n-grams that spoke loudest for the kind.

use super::compile::Tables;
use super::concepts::ConceptSet;
use super::model::{MIDDLE, Model, WIDTH};
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
    if let Some(model) = &tables.model {
        loudest(model, tables, text, scratch, kind, &mut list);
    }
    list.sort();
    list
}

/// The most n-grams and concepts that are shown.
const LOUDEST_MAX: usize = 5;
/// How much louder a concept counts than an n-gram where they overlap.
const NAMED: i32 = 3;

/// Adds what spoke loudest for a kind through the model: concepts under their own rule, n-grams under the kind's.
fn loudest(
    model: &Model,
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
    let heard: [i16; WIDTH] = std::array::from_fn(|at| {
        if scratch.vector[at] > 0 {
            model.weights[output][at]
        } else {
            0
        }
    });
    let silence = MIDDLE * heard.iter().map(|&weight| i32::from(weight)).sum::<i32>();
    let loudness = |row: u16| 2 * model.product(row, &heard) - silence;
    let mut top = [(0i32, Counted::NONE); LOUDEST_MAX];
    let mut offer = |loudness: i32, item: Counted| {
        let lowest = LOUDEST_MAX - 1;
        let inside = |other: &(i32, Counted)| {
            other.0 > 0 && item.start < other.1.end && other.1.start < item.end
        };
        // Of n-grams that overlap the loudest stands for all.
        let slot = top.iter().position(inside).unwrap_or(lowest);
        if loudness > top[slot].0 {
            top[slot] = (loudness, item);
            top.sort_unstable_by_key(|&(loudness, item)| (-loudness, item.start));
        }
    };
    for item in &scratch.counted {
        if let What::Concept(concept) = item.what {
            let row = tables.concept_rows.iter().find(|(of, _)| *of == concept);
            // It has a name, which says more to a reader than a piece of a word.
            offer(NAMED * row.map_or(0, |&(_, row)| loudness(row)), *item);
        }
    }
    let of_kind = RuleId(tables.first_of_model + kind as u16);
    let found = &scratch.found;
    for (&row, &(first, last)) in found.rows[..found.len].iter().zip(&found.spans) {
        let (first, last) = (first as usize, last as usize);
        let (Some(first), Some(last)) = (scratch.tokens.get(first), scratch.tokens.get(last))
        else {
            continue;
        };
        let item = Counted {
            start: first.start,
            end: last.end,
            rule: of_kind,
            what: What::Kind(kind, 0),
        };
        offer(loudness(row), item);
    }
    for (loudness, item) in top {
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
