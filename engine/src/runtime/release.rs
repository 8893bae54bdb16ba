//! What happens to a batch once it is durable: replies go to their workers, the view and the writer are woken.
//!
//! Runs on the journal's thread and never waits: a full ring drops the reply, and the client sends its key again.

use super::port::Reply;
use super::writer::Shown;
use crate::journal::{AppendError, Batch, Release};
use crate::lane::Bell;
use crossbeam::queue::ArrayQueue;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Wakes one worker of the gateway.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What travels beside a batch: replies that wait for it.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub replies: Vec<Reply>,
}

/// A worker's ring of replies.
pub(super) struct ReplyRing {
    pub ring: ArrayQueue<Reply>,
    pub dropped: AtomicU64,
    pub wake: Wake,
}

pub(super) struct Releaser {
    pub rings: Arc<Vec<ReplyRing>>,
    pub shown: Arc<Shown>,
    pub writer: Bell,
    pub view: Bell,
    /// Whether each worker got something from the batch in hand.
    pub touched: Vec<bool>,
}

impl Release<Carried> for Releaser {
    fn release(&mut self, _batch: &Batch, carried: &mut Carried) {
        for reply in carried.replies.drain(..) {
            let worker = usize::from(reply.origin.worker);
            let (Some(ring), Some(touched)) =
                (self.rings.get(worker), self.touched.get_mut(worker))
            else {
                continue;
            };
            *touched = true;
            if ring.ring.push(reply).is_err() {
                ring.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        for (ring, touched) in self.rings.iter().zip(&mut self.touched) {
            if std::mem::take(touched) {
                (ring.wake)();
            }
        }
        // Release pairs with the acquire loads in the writer: it sees the buffer back as well.
        self.shown.batches_released.fetch_add(1, Ordering::Release);
        self.writer.ring();
        self.view.ring();
    }

    fn failed(&mut self, _reason: &AppendError) {
        self.shown.failed.store(true, Ordering::Release);
        self.writer.ring();
        self.view.ring();
        for ring in self.rings.iter() {
            (ring.wake)();
        }
    }
}
