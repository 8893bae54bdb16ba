//! The atomics, the queue and the parking that are checked under loom; everything else takes std's.
//!
//! Under `--cfg engine_loom` a park has no timeout: a lost wake-up is then a deadlock that loom reports. The queue, whose own
//! atomics loom cannot see, is then a copy of its ways that it can.

#[cfg(not(engine_loom))]
pub(crate) use crossbeam::queue::ArrayQueue as BoundedQueue;
#[cfg(not(engine_loom))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence},
    thread::{Thread, current, park_timeout},
};

#[cfg(engine_loom)]
pub(crate) use loom::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence},
    thread::{Thread, current},
};
#[cfg(engine_loom)]
pub(crate) use modelled::BoundedQueue;

#[cfg(engine_loom)]
pub(crate) fn park_timeout(_: std::time::Duration) {
    loom::thread::park();
}

/// The queue of `crossbeam` 0.8 told again, each step with the ordering it has there: what the lanes rest on, in atomics that loom
/// follows. An item is handed over behind loom's back, for a lock of std's orders nothing that loom believes.
#[cfg(engine_loom)]
mod modelled {
    use loom::sync::atomic::{AtomicUsize, fence};
    use std::sync::Mutex;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

    #[derive(Debug)]
    struct Slot<T> {
        stamp: AtomicUsize,
        item: Mutex<Option<T>>,
    }

    #[derive(Debug)]
    pub(crate) struct BoundedQueue<T> {
        head: AtomicUsize,
        tail: AtomicUsize,
        slots: Vec<Slot<T>>,
        lap: usize,
    }

    impl<T> BoundedQueue<T> {
        pub(crate) fn new(room: usize) -> BoundedQueue<T> {
            let slot = |index| Slot {
                stamp: AtomicUsize::new(index),
                item: Mutex::new(None),
            };
            BoundedQueue {
                head: AtomicUsize::new(0),
                tail: AtomicUsize::new(0),
                slots: (0..room).map(slot).collect(),
                lap: (room + 1).next_power_of_two(),
            }
        }

        /// The place after this one: the next slot, or the first one of the next lap.
        fn after(&self, place: usize) -> usize {
            let index = place & (self.lap - 1);
            match index + 1 < self.slots.len() {
                true => place + 1,
                false => (place & !(self.lap - 1)) + self.lap,
            }
        }

        pub(crate) fn push(&self, item: T) -> Result<(), T> {
            let mut tail = self.tail.load(Relaxed);
            loop {
                let slot = &self.slots[tail & (self.lap - 1)];
                let stamp = slot.stamp.load(Acquire);
                if stamp == tail {
                    let next = self.after(tail);
                    match self.tail.compare_exchange(tail, next, SeqCst, Relaxed) {
                        Ok(_) => {
                            let before = slot.item.try_lock().unwrap().replace(item);
                            assert!(before.is_none(), "a slot is taken twice");
                            slot.stamp.store(tail + 1, Release);
                            return Ok(());
                        }
                        Err(now) => tail = now,
                    }
                } else if stamp + self.lap == tail + 1 {
                    fence(SeqCst);
                    if self.head.load(Relaxed) + self.lap == tail {
                        return Err(item);
                    }
                    loom::thread::yield_now();
                    tail = self.tail.load(Relaxed);
                } else {
                    loom::thread::yield_now();
                    tail = self.tail.load(Relaxed);
                }
            }
        }

        pub(crate) fn pop(&self) -> Option<T> {
            let mut head = self.head.load(Relaxed);
            loop {
                let slot = &self.slots[head & (self.lap - 1)];
                let stamp = slot.stamp.load(Acquire);
                if stamp == head + 1 {
                    let next = self.after(head);
                    match self.head.compare_exchange(head, next, SeqCst, Relaxed) {
                        Ok(_) => {
                            let item = slot.item.try_lock().unwrap().take();
                            assert!(item.is_some(), "a slot is emptied twice");
                            slot.stamp.store(head + self.lap, Release);
                            return item;
                        }
                        Err(now) => head = now,
                    }
                } else if stamp == head {
                    fence(SeqCst);
                    if self.tail.load(Relaxed) == head {
                        return None;
                    }
                    loom::thread::yield_now();
                    head = self.head.load(Relaxed);
                } else {
                    loom::thread::yield_now();
                    head = self.head.load(Relaxed);
                }
            }
        }

        pub(crate) fn is_empty(&self) -> bool {
            let head = self.head.load(SeqCst);
            let tail = self.tail.load(SeqCst);
            tail == head
        }
    }
}
