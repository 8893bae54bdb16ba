//! The bell that wakes the writer: it sleeps when nothing waits, and whoever brings work rings.
//!
//! No wake-up is lost, and while the writer is awake a ring costs one fence and one load.

use super::sync::{AtomicBool, Thread, current, fence, park_timeout};
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release, SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

#[derive(Debug, Default)]
struct Shared {
    asleep: AtomicBool,
    sleeper: OnceLock<Thread>,
}

/// One bell for one thread that sleeps and any number of threads that ring. Clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    shared: Arc<Shared>,
}

impl Bell {
    /// A bell that the first thread to sleep by it will own.
    pub fn new() -> Bell {
        Bell::default()
    }

    /// Wakes the sleeper if it sleeps. Call it after the work can be seen by it.
    ///
    /// Why none is lost: here the work is written, then a fence, then `asleep` is read; in [`Bell::sleep`] `asleep` is
    /// written, then a fence, then the work is looked for. The two fences have an order. If this one is first, the sleeper
    /// finds the work and does not park. If the other is first, `asleep` is read here as the sleeper set it or as it was
    /// set later: by another ringer, who unparks, or by the sleeper, who is awake and will come through its fence again
    /// before it parks. An unpark before the park is kept by the thread as a token, so the gap between does not matter.
    pub fn ring(&self) {
        // Partner: the fence in `sleep`.
        fence(SeqCst);
        // Relaxed: the fences order it. Read before it is swapped, so that ringers of an awake sleeper share the line.
        // The swap lets one ringer alone pay for the unpark; its Acquire pairs with the Release in `sleep`, which
        // follows the setting of `sleeper`.
        if self.shared.asleep.load(Relaxed)
            && self.shared.asleep.swap(false, AcqRel)
            && let Some(sleeper) = self.shared.sleeper.get()
        {
            sleeper.unpark();
        }
    }

    /// Parks the calling thread until somebody rings or the span is over, but not if `waits` says that there is work.
    /// It may also return for no reason. Panics when another thread slept by this bell before.
    pub fn sleep(&self, span: Duration, waits: impl FnOnce() -> bool) {
        let sleeper = self.shared.sleeper.get_or_init(current);
        assert!(
            sleeper.id() == current().id(),
            "a bell wakes one thread; give each writer its own"
        );
        // Release: pairs with the swap in `ring`, so that a ringer who sees it sees `sleeper` too. A swap, here and below,
        // where a store would do: loom does not order a store against another thread's swap.
        self.shared.asleep.swap(true, Release);
        // Partner: the fence in `ring`.
        fence(SeqCst);
        if !waits() {
            park_timeout(span);
        }
        // Relaxed: a ringer who still reads `true` unparks a thread that is awake; its next park returns at once.
        self.shared.asleep.swap(false, Relaxed);
    }
}

#[cfg(all(test, engine_loom))]
mod loom_tests {
    use super::*;
    use loom::sync::atomic::AtomicUsize;

    /// Some bring work once each, by the weakest ordering there is; the sleeper must get all of it and always end.
    fn model(ringers: usize) {
        let bell = Bell::new();
        let work = loom::sync::Arc::new(AtomicUsize::new(0));
        for _ in 0..ringers {
            let (bell, work) = (bell.clone(), work.clone());
            loom::thread::spawn(move || {
                work.fetch_add(1, Relaxed);
                bell.ring();
            });
        }
        let mut taken = 0;
        while taken < ringers {
            let found = work.swap(0, Relaxed);
            taken += found;
            if found == 0 {
                bell.sleep(Duration::MAX, || work.load(Relaxed) != 0);
            }
        }
    }

    #[test]
    fn loom_no_wake_up_is_lost() {
        loom::model(|| model(1));
    }

    #[test]
    fn loom_two_ringers_lose_no_wake_up() {
        loom::model(|| model(2));
    }
}
