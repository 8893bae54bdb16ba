//! Which rules may hold once some concepts are heard: those that ask for one of them, and those that ask for none.
//!
//! A rule that asks for all of some concepts is looked at when the first of them is heard; one that asks for any, when any is. So the rules
//! that have nothing to do with a text cost nothing, however many a lexicon has.

use super::concepts::ConceptSet;
use super::source::{CONCEPTS_MAX, RULES_MAX};

const WORDS: usize = RULES_MAX / 64;

const _: () = assert!(
    RULES_MAX.is_multiple_of(64),
    "a set of rules is whole words"
);

/// A set of rules, one bit each.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RuleSet([u64; WORDS]);

/// The rules of a lexicon, or its adjustments, by the concepts that bring them up.
pub(super) struct Triggers {
    always: RuleSet,
    /// The place of each concept's rules among the sets; most concepts have none.
    places: Box<[u16; CONCEPTS_MAX]>,
    sets: Vec<RuleSet>,
    /// The concepts that have some.
    heeded: ConceptSet,
}

impl Triggers {
    /// Of rules in their order, each by what it asks for: all of these and any of those.
    pub(super) fn of<'a>(
        rules: impl Iterator<Item = (&'a ConceptSet, &'a ConceptSet)>,
    ) -> Triggers {
        let mut own = Triggers {
            always: RuleSet([0; WORDS]),
            places: Box::new([0; CONCEPTS_MAX]),
            sets: Vec::new(),
            heeded: ConceptSet::EMPTY,
        };
        for (rule, (all, any)) in rules.enumerate() {
            let first = all.iter().next().map(ConceptSet::of);
            let by = first.unwrap_or(*any);
            if by.is_empty() {
                own.always.insert(rule);
            }
            for concept in by.iter() {
                own.set_of(concept).insert(rule);
            }
        }
        own
    }

    fn set_of(&mut self, concept: u8) -> &mut RuleSet {
        if !self.heeded.contains(concept) {
            self.heeded.insert(concept);
            self.places[usize::from(concept)] = self.sets.len() as u16;
            self.sets.push(RuleSet([0; WORDS]));
        }
        &mut self.sets[usize::from(self.places[usize::from(concept)])]
    }

    /// The rules that may hold, in their order.
    #[inline]
    pub(super) fn heard(&self, concepts: &ConceptSet) -> impl Iterator<Item = usize> {
        let mut heard = self.always;
        for concept in concepts.intersection(self.heeded).iter() {
            heard.add(&self.sets[usize::from(self.places[usize::from(concept)])]);
        }
        heard.0.into_iter().enumerate().flat_map(|(word, bits)| {
            let rests = std::iter::successors(Some(bits), |rest| Some(rest & rest.wrapping_sub(1)));
            rests
                .take_while(|&rest| rest != 0)
                .map(move |rest| 64 * word + rest.trailing_zeros() as usize)
        })
    }

    /// How many bytes they take.
    pub(super) fn table_bytes(&self) -> usize {
        size_of_val(&*self.places) + size_of_val(self.sets.as_slice())
    }
}

impl RuleSet {
    fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    fn add(&mut self, other: &RuleSet) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::train::Random;
    use super::*;

    /// Every rule that holds is looked at; what is looked at in vain is few.
    #[test]
    fn no_rule_that_holds_is_passed_over() {
        let mut random = Random::new(11);
        let mut draw = |most: usize| -> ConceptSet {
            let count = random.below(most + 1);
            (0..count)
                .map(|_| random.below(CONCEPTS_MAX) as u8)
                .collect()
        };
        let rules: Vec<(ConceptSet, ConceptSet)> =
            (0..RULES_MAX).map(|_| (draw(2), draw(3))).collect();
        let triggers = Triggers::of(rules.iter().map(|(all, any)| (all, any)));
        for _ in 0..500 {
            let concepts = draw(12);
            let heard: Vec<usize> = triggers.heard(&concepts).collect();
            assert!(heard.is_sorted());
            for (rule, (all, any)) in rules.iter().enumerate() {
                let holds = concepts.has_all(all) && (any.is_empty() || concepts.meets(any));
                assert!(!holds || heard.contains(&rule), "{rule}");
                let asks = !all.is_empty() || !any.is_empty();
                if asks && heard.contains(&rule) {
                    assert!(concepts.meets(all) || concepts.meets(any), "{rule}");
                }
            }
        }
    }
}
