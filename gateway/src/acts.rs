//! Acts by the key they came under, so that an act that is sent again is not done again (N2).
//!
//! Filled from the journal: the key stands in the act's own record, so the memory survives a restart. Between being
//! asked and being heard of, a key is on its way. Bounded by age and by number; the oldest leave first.

use engine::call::{ActKey, BodyDigest, KeyDigest};
use engine::id::Sequence;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Keys that are remembered at most.
const KEYS_MAX: usize = 100_000;
/// After so long a key that never came to a record may be used again.
const ON_THE_WAY_MAX: Duration = Duration::from_secs(60);

/// What is known of a key that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: the act is to be done now.
    First,
    /// The same act is being done.
    OnTheWay,
    /// The same act was done; this record says how.
    Done(Sequence),
    /// Another act was asked under this key.
    Another,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    OnTheWay(Instant),
    Done(Sequence),
}

/// The keys of the window.
#[derive(Debug, Default)]
pub struct Acts(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    known: HashMap<KeyDigest, (BodyDigest, Stage)>,
    oldest_first: VecDeque<KeyDigest>,
}

impl Acts {
    fn lock(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of an act's key.
    pub fn look(&self, act: ActKey) -> Begun {
        self.lock().look(act)
    }

    /// Somebody asks for an act under a key; whoever is first is to have it done.
    pub fn begin(&self, act: ActKey) -> Begun {
        let mut window = self.lock();
        let begun = window.look(act);
        if begun == Begun::First {
            window.put(act, Stage::OnTheWay(Instant::now()));
        }
        begun
    }

    /// The act under this key is in this record.
    pub fn done(&self, act: ActKey, record: Sequence) {
        self.lock().put(act, Stage::Done(record));
    }

    /// The act under this key never reached the centre and may be asked for again.
    pub fn forget(&self, act: ActKey) {
        let mut window = self.lock();
        if let Some((_, Stage::OnTheWay(_))) = window.known.get(&act.key) {
            window.known.remove(&act.key);
        }
    }
}

impl Window {
    fn look(&self, act: ActKey) -> Begun {
        match self.known.get(&act.key) {
            Some((body, _)) if *body != act.body => Begun::Another,
            Some((_, Stage::Done(record))) => Begun::Done(*record),
            Some((_, Stage::OnTheWay(since))) if since.elapsed() < ON_THE_WAY_MAX => {
                Begun::OnTheWay
            }
            Some((_, Stage::OnTheWay(_))) | None => Begun::First,
        }
    }

    fn put(&mut self, act: ActKey, stage: Stage) {
        if self.known.insert(act.key, (act.body, stage)).is_some() {
            return;
        }
        self.oldest_first.push_back(act.key);
        while self.oldest_first.len() > KEYS_MAX {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(key: &str, body: &str) -> ActKey {
        ActKey {
            key: KeyDigest::of(0, key),
            body: BodyDigest::of(body.as_bytes()),
        }
    }

    #[test]
    fn a_key_is_begun_once_and_remembered() {
        let acts = Acts::default();
        let (one, other) = (act("k", "close"), act("k", "merge"));
        assert_eq!(acts.begin(one), Begun::First);
        assert_eq!(acts.begin(one), Begun::OnTheWay);
        assert_eq!(acts.begin(other), Begun::Another);
        acts.forget(one);
        assert_eq!(acts.begin(one), Begun::First);
        acts.done(one, Sequence(7));
        acts.forget(one);
        assert_eq!(acts.begin(one), Begun::Done(Sequence(7)));
        assert_eq!(acts.begin(other), Begun::Another);
    }

    #[test]
    fn the_window_is_bounded() {
        let acts = Acts::default();
        for number in 0..KEYS_MAX + 10 {
            acts.done(act(&number.to_string(), "x"), Sequence(1));
        }
        let window = acts.lock();
        assert_eq!(window.known.len(), KEYS_MAX);
        drop(window);
        assert_eq!(acts.begin(act("0", "x")), Begun::First);
        assert_eq!(acts.begin(act("20", "x")), Begun::Done(Sequence(1)));
    }
}
