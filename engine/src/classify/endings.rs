//! Which cues end at a place of a text: a tree of all cues, read from their last character back.
//!
//! A double array: the child of a node by a letter is the slot `next + letter`, if it names that letter; no two nodes have the
//! same `next`. Read backwards, each place of a text is looked at by itself, and the processor can look at several at once; an
//! automaton that reads forwards must know one state before it can ask for the next. The slow twin is in the tests.

use super::letters::Letter;
use super::source::{CUE_CHARS_MAX, CUES_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// No cue ends here.
const NO_CUE: u16 = u16::MAX;
/// No letter: a slot that is free.
const NO_LETTER: u16 = u16::MAX;

/// Slots before the last that was found, in which free ones are looked for again.
const WINDOW: usize = 1 << 12;

const _: () = assert!(CUES_MAX < NO_CUE as usize, "a cue has 16 bits");

/// A node, in the place its parent expects it.
#[derive(Clone, Copy)]
struct Slot {
    letter: u16,
    /// The cue that is read whole here.
    cue: u16,
    /// Where its children begin; the number of slots when it has none.
    next: u32,
}

const FREE: Slot = Slot {
    letter: NO_LETTER,
    cue: NO_CUE,
    next: 0,
};

/// The cues that end at one place, the shortest first.
pub(super) struct Ending {
    cues: [u16; CUE_CHARS_MAX],
    len: usize,
}

impl Ending {
    pub(super) const NONE: Ending = Ending {
        cues: [0; CUE_CHARS_MAX],
        len: 0,
    };

    /// The numbers of the cues.
    pub(super) fn cues(&self) -> &[u16] {
        &self.cues[..self.len]
    }
}

/// All cues of a lexicon. The root's children begin at slot 0.
pub(super) struct Endings {
    slots: Box<[Slot]>,
}

impl Endings {
    /// The tree of cues, each the letters of one of at most [`CUE_CHARS_MAX`]; a cue's number is its place.
    pub(super) fn of(cues: &[Vec<u16>]) -> Endings {
        let mut nodes = vec![Node::default()];
        for (number, cue) in cues.iter().enumerate() {
            let mut at = 0;
            for &letter in cue.iter().rev() {
                let new = nodes.len();
                at = *nodes[at].children.entry(letter).or_insert(new);
                if at == new {
                    nodes.push(Node::default());
                }
            }
            nodes[at].cue = Some(number as u16);
        }
        Endings {
            slots: placed(&nodes).into(),
        }
    }

    /// Looks for the cues that end with the last of these letters.
    #[inline]
    pub(super) fn find(&self, letters: &[Letter], ending: &mut Ending) {
        ending.len = 0;
        let mut next = 0;
        for letter in letters.iter().rev() {
            let Some(slot) = self.slots.get(next + usize::from(letter.number)) else {
                return;
            };
            if slot.letter != letter.number {
                return;
            }
            if slot.cue != NO_CUE
                && let Some(cue) = ending.cues.get_mut(ending.len)
            {
                *cue = slot.cue;
                ending.len += 1;
            }
            next = slot.next as usize;
        }
    }

    /// How many bytes it takes.
    pub(super) fn table_bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }
}

/// A node while the tree grows.
#[derive(Default)]
struct Node {
    children: BTreeMap<u16, usize>,
    cue: Option<u16>,
}

/// The slots of all nodes, those with the most children placed first.
fn placed(nodes: &[Node]) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut taken = BTreeSet::new();
    let mut nexts = vec![None; nodes.len()];
    let mut order: Vec<usize> = (1..nodes.len()).collect();
    order.retain(|&node| !nodes[node].children.is_empty());
    order.sort_by_key(|&node| std::cmp::Reverse(nodes[node].children.len()));
    let mut from = 0;
    // The root first, so that its children begin at slot 0.
    for node in std::iter::once(0).chain(order) {
        let children = &nodes[node].children;
        let next = if node == 0 {
            0
        } else {
            place_for(children, &slots, &taken, &mut from)
        };
        taken.insert(next);
        nexts[node] = Some(next);
        for (&letter, &child) in children {
            let at = next + usize::from(letter);
            if at >= slots.len() {
                slots.resize(at + 1, FREE);
            }
            slots[at] = Slot {
                letter,
                cue: nodes[child].cue.unwrap_or(NO_CUE),
                // Becomes where its children begin, once all have a place.
                next: child as u32,
            };
        }
    }
    let none = slots.len();
    for slot in slots.iter_mut().filter(|slot| slot.letter != NO_LETTER) {
        slot.next = nexts[slot.next as usize].unwrap_or(none) as u32;
    }
    slots
}

/// Where children may begin so that all find their slots free. `from` is where free slots are looked for; it follows what is
/// found, so that a large lexicon takes no time with the square of its size.
fn place_for(
    children: &BTreeMap<u16, usize>,
    slots: &[Slot],
    taken: &BTreeSet<usize>,
    from: &mut usize,
) -> usize {
    let is_free = |at: usize| slots.get(at).is_none_or(|slot| slot.letter == NO_LETTER);
    let first = children.keys().next().map_or(0, |&letter| letter.into());
    let mut places = (*from..).filter(|&at| is_free(at));
    let fits = places.find_map(|at| {
        let next = at.checked_sub(first)?;
        let mut all = children.keys();
        let fits = !taken.contains(&next) && all.all(|&letter| is_free(next + usize::from(letter)));
        fits.then_some(next)
    });
    // There is no end of free slots beyond the last.
    let next = fits.unwrap_or(slots.len());
    *from = (*from).max((next + first).saturating_sub(WINDOW));
    next
}

#[cfg(test)]
mod tests {
    use super::super::train::Random;
    use super::*;

    /// A few letters in every order: cues that lie in each other, begin and end alike, or are one letter long.
    #[test]
    fn it_finds_what_comparing_all_cues_finds() {
        let mut random = Random::new(7);
        for letters in [2, 5, 60] {
            let mut draw = |least: usize, most: usize| -> Vec<u16> {
                let len = least + random.below(most);
                (0..len).map(|_| 4 + random.below(letters) as u16).collect()
            };
            let cues: BTreeSet<Vec<u16>> = (0..300).map(|_| draw(1, 6)).collect();
            let cues: Vec<Vec<u16>> = cues.into_iter().collect();
            let endings = Endings::of(&cues);
            for _ in 0..200 {
                let text = draw(0, 40);
                let read: Vec<Letter> = text.iter().map(|&number| letter(number)).collect();
                for end in 0..=text.len() {
                    let mut ending = Ending::NONE;
                    endings.find(&read[..end], &mut ending);
                    let mut wanted: Vec<usize> = (0..cues.len())
                        .filter(|&cue| text[..end].ends_with(&cues[cue]))
                        .collect();
                    wanted.sort_by_key(|&cue| cues[cue].len());
                    let found: Vec<usize> = ending.cues().iter().map(|&c| c.into()).collect();
                    assert_eq!(found, wanted, "{text:?} to {end}");
                }
            }
        }
    }

    fn letter(number: u16) -> Letter {
        Letter {
            offset: 0,
            folded: ' ',
            number,
        }
    }

    #[test]
    fn without_cues_nothing_is_found() {
        let mut ending = Ending::NONE;
        Endings::of(&[]).find(&[letter(0), letter(9)], &mut ending);
        assert!(ending.cues().is_empty());
    }
}
