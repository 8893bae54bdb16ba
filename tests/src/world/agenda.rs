//! What is to come, in order of time; of what comes at the same time, first what was noted first.

use std::collections::BTreeMap;

/// Things to come.
#[derive(Clone, Debug)]
pub(super) struct Agenda<T> {
    things: BTreeMap<(i64, u64), T>,
    noted: u64,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Agenda<T> {
        Agenda {
            things: BTreeMap::new(),
            noted: 0,
        }
    }

    /// Notes a thing for a time in milliseconds.
    pub(super) fn note(&mut self, at: i64, thing: T) {
        self.noted += 1;
        self.things.insert((at, self.noted), thing);
    }

    /// When the next thing comes.
    pub(super) fn next_at(&self) -> Option<i64> {
        self.things.first_key_value().map(|(&(at, _), _)| at)
    }

    /// The next thing, if it comes by now.
    pub(super) fn take(&mut self, now: i64) -> Option<T> {
        let first = self.things.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Forgets what does not fit any more.
    pub(super) fn retain(&mut self, fits: impl Fn(&T) -> bool) {
        self.things.retain(|_, thing| fits(thing));
    }
}
