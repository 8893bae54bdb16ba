//! From what a text holds to a verdict: the line's prior, the model's word, the cues' weights, then what must hold.
//!
//! With a model, its outputs and the cues' weights are added; without one the cues decide alone. Whole numbers only.
//! What may be a danger to life and is unclear goes to a person and is routed as if it were one.

use super::compile::{Adjust, Tables};
use super::evidence::evidence;
use super::hearing::{FOUND_MAX, Hearing, Sum};
use super::model::{AGENCIES, KINDS as KIND_OUTPUTS, NATURES, PRIORITIES, REST};
use super::odds::{Shares, certainty};
use super::scan::{self, Scratch};
use super::source::{CONCEPTS_MAX, TypedLine};
use super::tokens;
use super::verdict::{EvidenceList, Verdict};
use crate::kind::{Agency, AgencySet, KINDS, Kind, Nature, Priority};
use crate::line::Line;

/// Below this confidence a person looks at the verdict.
pub const HUMAN_BELOW_PERMILLE: u16 = 400;
/// Where a model decides: below this confidence in kind and agencies a person looks.
const MODEL_HUMAN_BELOW_PERMILLE: u16 = 240;
/// A share of danger to life from which what is held to be less is routed as one, and a person looks.
const DANGER_ROUTED_PERMILLE: u32 = 400;
/// A share of danger to life from which a person looks.
const DANGER_HUMAN_PERMILLE: u32 = 120;
/// The same for what is held to be of priority 3 or 4.
const DANGER_LEAST_PERMILLE: u32 = 20;
/// A share of other kinds that are a danger to life by themselves, from which a person looks at what is held to be of priority 3 or 4.
const DANGER_KINDS_PERMILLE: u32 = 200;

/// What a kind of the dialled line has in advance where cues decide alone (C3).
const LINE_WEIGHT: i32 = 6;
/// A sum below this is no verdict: the line's prior speaks.
const SCORE_MIN: i32 = 15;
/// The sum that counts as certain.
const SCORE_CERTAIN: i32 = 60;
/// A second kind within this share of the first (percent) is a conflict.
const CONFLICT_PERCENT: i32 = 85;
/// The gravest among the kinds within this share of the first (percent) wins.
const GRAVE_PERCENT: i32 = 92;
/// What a cue's weight adds to the model's output: 60 is odds of e^6 to 1.
const CUE_OUTPUT: i32 = 102;

/// Whom each kind that a model can say asks for, and what of: equal where both are.
static MATTERS: [u32; KIND_OUTPUTS] = {
    let mut matters = [0; KIND_OUTPUTS];
    let mut at = 0;
    while at < KIND_OUTPUTS {
        let row = &KINDS[at + 1];
        matters[at] = (row.agencies.bits() as u32) << 8 | row.nature as u32;
        at += 1;
    }
    matters
};

/// Whether each kind that a model can say is a danger to life by itself.
static DANGERS: [bool; KIND_OUTPUTS] = {
    let mut dangers = [false; KIND_OUTPUTS];
    let mut at = 0;
    while at < KIND_OUTPUTS {
        dangers[at] = matches!(KINDS[at + 1].priority, Priority::P1);
        at += 1;
    }
    dangers
};

/// The way of one text; see [`super::Lexicon::classify`].
pub(super) fn classify(
    tables: &Tables,
    line: Line,
    text: Option<&str>,
    injured: Option<u16>,
    scratch: &mut Scratch,
) -> Verdict {
    scratch.begin(tables.cues.len());
    let (read, cut) = scan::bounded(text.unwrap_or_default());
    let blank = text.is_some() && scan::scan(tables, read, scratch);
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
            for rule in tables.rules_that_hold(&scratch.concepts, line) {
                scratch.scores[rule.kind as usize] += i32::from(rule.weight);
            }
            match &tables.hearing {
                Some(hearing) => judge(tables, hearing, line, scratch),
                None => choose(tables, line, scratch),
            }
        }
    };
    for adjust in tables.adjusts_heard(&scratch.concepts) {
        if adjust.when.holds(&scratch.concepts, line, verdict.kind) {
            apply(adjust, &mut verdict);
        }
    }
    // An adjustment may lower what the model heard as a danger, but not behind a person's back.
    verdict.human |= may_be_danger(scratch.danger_permille, verdict.priority);
    verdict.human |= cut;
    verdict.evidence = evidence(tables, line, read, scratch, verdict.kind);
    verdict
}

/// What the model holds the text to be, the cues' weights added.
fn judge(tables: &Tables, hearing: &Hearing, line: Line, scratch: &mut Scratch) -> Verdict {
    tokens::tokens(&scratch.letters, &mut scratch.tokens);
    hearing.read(&scratch.tokens, &mut scratch.found, &mut scratch.sum);
    if scratch.found.rows().is_empty() && scratch.sum.count < 2 {
        return not_understood(tables, line);
    }
    let vector = hearing.vector(with_names(tables, hearing, line, scratch));
    scratch.vector = vector;
    let outputs = hearing.outputs(&vector);
    let (kinds, rest) = outputs.split_at(KIND_OUTPUTS);
    let kinds: [i32; KIND_OUTPUTS] =
        std::array::from_fn(|at| kinds[at] + scratch.scores[at + 1] * CUE_OUTPUT);
    let top = kinds.iter().copied().max().unwrap_or(0);
    let best = kinds.iter().position(|&output| output == top).unwrap_or(0);
    let of_kind = hearing.of_kind(best);
    let rest: [i32; REST] = std::array::from_fn(|at| rest[at] + i32::from(of_kind[at]));
    let (agencies, others) = rest.split_at(AGENCIES);
    let (priorities, natures) = others.split_at(PRIORITIES);
    debug_assert_eq!(natures.len(), NATURES);
    let kind = Kind::ALL[best + 1];
    let usual = defaults(kind);
    let shares = Shares::of(&kinds, top);
    // A kind that asks for the same agencies is no doubt about whom to send.
    let matter = MATTERS[best];
    let alike = shares.share(|at| MATTERS[at] == matter);
    let certain = agencies.iter().fold(alike, |product, &output| {
        ((u64::from(product) * u64::from(certainty(output))) >> 16) as u32
    });
    let (priority, nature) = fitting(priorities, natures);
    let mut verdict = Verdict {
        priority,
        nature,
        agencies: needed(agencies),
        confidence_permille: ((u64::from(certain) * 1000) >> 16) as u16,
        ..usual
    };
    if verdict.agencies.is_empty() && verdict.nature != Nature::Invalid {
        verdict.agencies = usual.agencies;
    }
    verdict.human = verdict.confidence_permille < MODEL_HUMAN_BELOW_PERMILLE;
    scratch.danger_permille = (share_of_danger(priorities) * 1000) >> 16;
    let others = shares.share(|at| at != best && DANGERS[at]);
    verdict.human |=
        verdict.priority > Priority::P2 && (others * 1000) >> 16 >= DANGER_KINDS_PERMILLE;
    if scratch.danger_permille >= DANGER_ROUTED_PERMILLE {
        verdict.priority = Priority::P1;
        verdict.nature = Nature::Emergency;
    }
    verdict
}

/// The sum of a text with the rows of its concepts and its line.
fn with_names<'a>(
    tables: &Tables,
    hearing: &Hearing,
    line: Line,
    scratch: &'a mut Scratch,
) -> &'a Sum {
    let (mut rows, mut len) = ([0; CONCEPTS_MAX + 1], 0);
    let line = tables.line_rows.iter().find(|(of, _)| *of == line);
    let concepts = scratch.concepts.iter();
    let concepts = concepts.filter_map(|concept| tables.concept_rows[usize::from(concept)]);
    for row in concepts.chain(line.map(|&(_, row)| row)) {
        rows[len] = row;
        len += 1;
    }
    for rows in rows[..len].chunks(FOUND_MAX) {
        hearing.add(rows, &mut scratch.sum);
    }
    &scratch.sum
}

/// The priority and the nature that are the highest together: danger to life is an emergency, what can wait longest is none.
fn fitting(priorities: &[i32], natures: &[i32]) -> (Priority, Nature) {
    let mut best = (i32::MIN, Priority::P1, Nature::Emergency);
    for (&priority, urgent) in Priority::ALL.iter().zip(priorities) {
        for (&nature, asked) in Nature::ALL.iter().zip(natures) {
            let fits = match priority {
                Priority::P1 => nature == Nature::Emergency,
                Priority::P2 | Priority::P3 => nature != Nature::Invalid,
                Priority::P4 => nature != Nature::Emergency,
            };
            let sum = urgent.saturating_add(*asked);
            if fits && sum > best.0 {
                best = (sum, priority, nature);
            }
        }
    }
    (best.1, best.2)
}

/// Whether a person must look because it may be a danger to life and is held to be less.
fn may_be_danger(danger_permille: u32, priority: Priority) -> bool {
    match priority {
        Priority::P1 => false,
        Priority::P2 => danger_permille >= DANGER_HUMAN_PERMILLE,
        Priority::P3 | Priority::P4 => danger_permille >= DANGER_LEAST_PERMILLE,
    }
}

/// The share of danger to life among the priorities, in 2^-16.
fn share_of_danger(priorities: &[i32]) -> u32 {
    let priorities: [i32; PRIORITIES] = std::array::from_fn(|at| priorities[at]);
    let top = priorities.into_iter().max().unwrap_or(0);
    Shares::of(&priorities, top).share(|at| at == Priority::P1.index())
}

fn needed(outputs: &[i32]) -> AgencySet {
    let all = Agency::ALL.iter().zip(outputs);
    all.filter(|(_, output)| **output > 0)
        .map(|(&agency, _)| agency)
        .collect()
}

/// A kind's verdict by its row of the table.
pub(super) fn defaults(kind: Kind) -> Verdict {
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
        human: conflict || confidence(own, second_score) < HUMAN_BELOW_PERMILLE,
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
        if least == Priority::P1 {
            verdict.nature = Nature::Emergency;
        }
    }
    if let Some(nature) = adjust.nature {
        verdict.nature = nature;
    }
    verdict.agencies = verdict.agencies.union(adjust.add);
    for agency in adjust.drop.iter() {
        verdict.agencies = verdict.agencies.without(agency);
    }
}
