//! Acts by the key they came under, so that an act that is sent again is answered by the record of the first (N2).
//!
//! The key stands in the words of the act's own record. The newest are kept, the oldest leave first.

use crate::call::{ActKey, BodyDigest, KeyDigest};
use crate::command::Command;
use crate::id::Sequence;
use crate::runtime::ReleasedRecord;
use crate::saved::{LoadError, ensure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Acts that are remembered at most.
pub const ACTS_MAX: usize = 100_000;

/// The newest acts that came under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acts {
    oldest_first: VecDeque<KeyDigest>,
    known: BTreeMap<KeyDigest, (BodyDigest, Sequence)>,
}

impl Acts {
    /// What was done under a key last, and the record that has it.
    pub fn done(&self, key: KeyDigest) -> Option<(BodyDigest, Sequence)> {
        self.known.get(&key).copied()
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn hear(&mut self, released: &ReleasedRecord) {
        if let Some(act) = act_of(released) {
            self.enter(act, released.sequence);
        }
    }

    fn enter(&mut self, act: ActKey, record: Sequence) {
        if self.known.insert(act.key, (act.body, record)).is_some() {
            return;
        }
        self.oldest_first.push_back(act.key);
        while self.oldest_first.len() > ACTS_MAX {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Refuses a window that was not kept by [`Acts::enter`].
    pub(super) fn ensure_sound(&self) -> Result<(), LoadError> {
        let mut keys: Vec<_> = self.oldest_first.iter().copied().collect();
        keys.sort_unstable();
        ensure(
            keys.len() <= ACTS_MAX && self.known.keys().copied().eq(keys),
            "acts",
            || "their order names others than are known, or too many".into(),
        )
    }
}

/// The key under which a record's act came, if its sender gave one. Words that cannot be read hold none.
fn act_of(released: &ReleasedRecord) -> Option<ActKey> {
    // Calls have keys of their own, and most that is said comes without words.
    if released.record.testimony.is_empty()
        || matches!(released.record.envelope.command, Command::TakeCall(_))
    {
        return None;
    }
    released.record.testimony().ok()??.act
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(key: u64, body: u64) -> ActKey {
        ActKey {
            key: KeyDigest::of(0, &key.to_string()),
            body: BodyDigest(body),
        }
    }

    /// N2: the newest keys are remembered with their record; the oldest leave.
    #[test]
    fn the_window_is_bounded() {
        let mut acts = Acts::default();
        for number in 0..ACTS_MAX as u64 + 10 {
            acts.enter(act(number, 3), Sequence(number + 1));
        }
        assert_eq!(acts.len(), ACTS_MAX);
        assert_eq!(acts.done(act(9, 3).key), None);
        assert_eq!(
            acts.done(act(10, 3).key),
            Some((BodyDigest(3), Sequence(11)))
        );
        assert_eq!(acts.ensure_sound(), Ok(()));
        acts.oldest_first.pop_back();
        assert!(acts.ensure_sound().is_err());
    }

    /// The last record under a key answers for it; it grows no older by that.
    #[test]
    fn a_key_that_comes_again_keeps_its_place() {
        let mut acts = Acts::default();
        acts.enter(act(1, 3), Sequence(1));
        acts.enter(act(1, 4), Sequence(2));
        assert_eq!(acts.done(act(1, 3).key), Some((BodyDigest(4), Sequence(2))));
        assert_eq!(acts.oldest_first.len(), 1);
    }
}
