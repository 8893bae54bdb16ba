//! A set of concepts, one bit each: what a text has said so far, and what a rule asks for.
//!
//! Fixed size, so that a set costs no heap and a test of a rule costs a few instructions, whatever the text.

use super::source::CONCEPTS_MAX;

const WORDS: usize = CONCEPTS_MAX / 64;

/// A set of concepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ConceptSet([u64; WORDS]);

const _: () = assert!(
    CONCEPTS_MAX == 256,
    "a concept is a u8, and every u8 is one"
);

impl ConceptSet {
    /// No concept.
    pub(super) const EMPTY: ConceptSet = ConceptSet([0; WORDS]);

    /// The set of one.
    pub(super) fn of(concept: u8) -> ConceptSet {
        let mut set = ConceptSet::EMPTY;
        set.insert(concept);
        set
    }

    /// Adds one.
    pub(super) fn insert(&mut self, concept: u8) {
        self.0[usize::from(concept) / 64] |= 1 << (concept % 64);
    }

    /// Whether it is in.
    pub(super) fn contains(&self, concept: u8) -> bool {
        self.0[usize::from(concept) / 64] & (1 << (concept % 64)) != 0
    }

    /// Those that are in, the lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u8> {
        self.0.into_iter().enumerate().flat_map(|(word, bits)| {
            let rests =
                std::iter::successors(Some(bits), |&rest| Some(rest & rest.wrapping_sub(1)));
            rests
                .take_while(|&rest| rest != 0)
                .map(move |rest| (64 * word as u32 + rest.trailing_zeros()) as u8)
        })
    }

    /// Whether it has none.
    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// Whether it has all of the other's.
    #[inline]
    pub(super) fn has_all(&self, other: &ConceptSet) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(own, other)| own & other == *other)
    }

    /// Whether the two have one in common.
    #[inline]
    pub(super) fn meets(&self, other: &ConceptSet) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(own, other)| own & other != 0)
    }

    /// What both have.
    #[must_use]
    pub(super) fn intersection(self, other: ConceptSet) -> ConceptSet {
        ConceptSet(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// Both together.
    #[must_use]
    pub(super) fn union(self, other: ConceptSet) -> ConceptSet {
        ConceptSet(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

impl FromIterator<u8> for ConceptSet {
    fn from_iter<I: IntoIterator<Item = u8>>(concepts: I) -> ConceptSet {
        concepts
            .into_iter()
            .fold(ConceptSet::EMPTY, |set, concept| {
                set.union(ConceptSet::of(concept))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        let set: ConceptSet = [0, 63, 64, 255].into_iter().collect();
        let inside: Vec<u8> = (0..=255).filter(|&concept| set.contains(concept)).collect();
        assert_eq!(inside, [0, 63, 64, 255]);
        assert!(set.iter().eq(inside));
        assert!(set.has_all(&ConceptSet::of(255)) && !set.has_all(&[0, 1].into_iter().collect()));
        assert!(set.meets(&[1, 64].into_iter().collect()) && !set.meets(&ConceptSet::of(65)));
        assert!(ConceptSet::EMPTY.is_empty() && !set.is_empty() && set.has_all(&ConceptSet::EMPTY));
    }
}
