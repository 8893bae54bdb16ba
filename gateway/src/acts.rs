//! Acts by the key they came under, so that an act that is sent again is not done again (N2).
//!
//! What was done is the view's to say: the key stands in the act's own record, so the memory survives a restart and goes
//! into snapshots with the view. Here are only the keys that the view has not heard of: between being asked and being
//! heard of, a key is on its way. Bounded by age and by number; the oldest leave first.

use engine::call::{ActKey, BodyDigest, KeyDigest};
use engine::id::Sequence;
use engine::view::{ACTS_MAX, Acts as Heard};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After so long a key that never came to a record may be used again; one that did has long been heard of.
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
    OnTheWay,
    Done(Sequence),
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    body: BodyDigest,
    since: Instant,
    stage: Stage,
}

/// The keys that were asked for lately.
#[derive(Debug, Default)]
pub struct Acts(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    known: HashMap<KeyDigest, Asked>,
    /// With the time at which each was asked, so that one that was asked anew is not taken for the old one.
    oldest_first: VecDeque<(KeyDigest, Instant)>,
}

impl Acts {
    fn lock(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of an act's key. The view that `heard` belongs to must be held meanwhile, so that no key falls
    /// between the two.
    pub fn look(&self, heard: &Heard, act: ActKey) -> Begun {
        self.lock().look(heard, act, Instant::now())
    }

    /// Somebody asks for an act under a key; whoever is first is to have it done.
    pub fn begin(&self, heard: &Heard, act: ActKey) -> Begun {
        let now = Instant::now();
        let mut window = self.lock();
        let begun = window.look(heard, act, now);
        if begun == Begun::First {
            window.put(act, now);
        }
        begun
    }

    /// The act under this key is in this record.
    pub fn done(&self, act: ActKey, record: Sequence) {
        if let Some(asked) = self.lock().known.get_mut(&act.key) {
            asked.stage = Stage::Done(record);
        }
    }

    /// The act under this key never reached the centre and may be asked for again.
    pub fn forget(&self, act: ActKey) {
        let mut window = self.lock();
        let asked = window.known.get(&act.key);
        if asked.is_some_and(|asked| matches!(asked.stage, Stage::OnTheWay)) {
            window.known.remove(&act.key);
        }
    }
}

impl Window {
    fn look(&self, heard: &Heard, act: ActKey, now: Instant) -> Begun {
        let (body, stage) = match (heard.done(act.key), self.known.get(&act.key)) {
            (Some((body, record)), _) => (body, Stage::Done(record)),
            (None, Some(asked)) if now - asked.since < ON_THE_WAY_MAX => (asked.body, asked.stage),
            (None, Some(_) | None) => return Begun::First,
        };
        if body != act.body {
            return Begun::Another;
        }
        match stage {
            Stage::OnTheWay => Begun::OnTheWay,
            Stage::Done(record) => Begun::Done(record),
        }
    }

    fn put(&mut self, act: ActKey, now: Instant) {
        while let Some(&(key, since)) = self.oldest_first.front() {
            if self.oldest_first.len() < ACTS_MAX && now - since < ON_THE_WAY_MAX {
                break;
            }
            self.oldest_first.pop_front();
            if self
                .known
                .get(&key)
                .is_some_and(|asked| asked.since == since)
            {
                self.known.remove(&key);
            }
        }
        let asked = Asked {
            body: act.body,
            since: now,
            stage: Stage::OnTheWay,
        };
        self.known.insert(act.key, asked);
        self.oldest_first.push_back((act.key, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::call::Testimony;
    use engine::command::{Actor, Command, Envelope};
    use engine::moment::Moment;
    use engine::record::Record;
    use engine::runtime::ReleasedRecord;
    use engine::view::View;

    fn act(key: &str, body: &str) -> ActKey {
        ActKey {
            key: KeyDigest::of(0, key),
            body: BodyDigest::of(body.as_bytes()),
        }
    }

    /// A view that has heard of this act in this record.
    fn heard(act: ActKey, record: u64) -> View {
        let testimony = Testimony {
            act: Some(act),
            ..Testimony::default()
        };
        let mut view = View::new();
        view.hear(&ReleasedRecord {
            sequence: Sequence(record),
            record: Record {
                at: Moment(0),
                envelope: Envelope {
                    actor: Actor::System,
                    command: Command::Tick,
                },
                testimony: testimony.encode().into_vec(),
                events: Vec::new(),
            },
        });
        view
    }

    #[test]
    fn a_key_is_begun_once_and_remembered() {
        let (acts, nothing) = (Acts::default(), Heard::default());
        let (one, other) = (act("k", "close"), act("k", "merge"));
        assert_eq!(acts.begin(&nothing, one), Begun::First);
        assert_eq!(acts.begin(&nothing, one), Begun::OnTheWay);
        assert_eq!(acts.begin(&nothing, other), Begun::Another);
        acts.forget(one);
        assert_eq!(acts.begin(&nothing, one), Begun::First);
        acts.done(one, Sequence(7));
        acts.forget(one);
        assert_eq!(acts.begin(&nothing, one), Begun::Done(Sequence(7)));
        assert_eq!(acts.begin(&nothing, other), Begun::Another);
    }

    /// N2: what the view has heard of is done, whether it was asked for here or before a restart.
    #[test]
    fn what_the_view_has_heard_of_is_done() {
        let acts = Acts::default();
        let (one, other) = (act("k", "close"), act("k", "merge"));
        let view = heard(one, 9);
        assert_eq!(acts.begin(view.acts(), one), Begun::Done(Sequence(9)));
        assert_eq!(acts.look(view.acts(), other), Begun::Another);
        assert_eq!(acts.begin(&Heard::default(), one), Begun::First);
        assert_eq!(acts.look(view.acts(), one), Begun::Done(Sequence(9)));
    }

    #[test]
    fn what_is_on_its_way_is_bounded_by_number_and_by_age() {
        let (mut window, nothing) = (Window::default(), Heard::default());
        let start = Instant::now();
        for number in 0..ACTS_MAX + 10 {
            window.put(act(&number.to_string(), "x"), start);
        }
        assert_eq!(window.known.len(), ACTS_MAX);
        let look = |window: &Window, key, now| window.look(&nothing, act(key, "x"), now);
        assert_eq!(look(&window, "0", start), Begun::First);
        assert_eq!(look(&window, "20", start), Begun::OnTheWay);
        let later = start + ON_THE_WAY_MAX;
        assert_eq!(look(&window, "20", later), Begun::First);
        window.put(act("new", "x"), later);
        assert_eq!((window.known.len(), window.oldest_first.len()), (1, 1));
    }
}
