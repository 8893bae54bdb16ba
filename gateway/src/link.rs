//! One stream of one client, as far as answers care: where they go, and how many are still owed.
//!
//! A connection's [`Gate`] bounds what all of its streams may have on the way; a full gate stops reading, and QUIC's
//! flow control carries that back to the client. A [`Link`] whose reading has ended closes once its last answer is out.

use crate::figures::{Door, Figures};
use crate::stream::{Form, Outgoing};
use crate::wire::Response;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// What one connection may have on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateLimits {
    /// Requests.
    pub requests: usize,
    /// Bytes of these requests.
    pub bytes: usize,
}

/// Counts what one connection has on the way.
#[derive(Debug)]
pub struct Gate {
    limits: GateLimits,
    requests: AtomicUsize,
    bytes: AtomicUsize,
    freed: Notify,
}

impl Gate {
    /// Nothing is on the way.
    pub fn new(limits: GateLimits) -> Gate {
        Gate {
            limits,
            requests: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Whether one more may come.
    pub fn is_open(&self) -> bool {
        // Relaxed: a bound, not a hand-over; a stream of the same connection may overshoot it by one.
        self.requests.load(Ordering::Relaxed) < self.limits.requests
            && self.bytes.load(Ordering::Relaxed) < self.limits.bytes
    }

    /// Returns once one more may come.
    pub async fn pass(&self) {
        loop {
            let freed = self.freed.notified();
            if self.is_open() {
                return;
            }
            freed.await;
        }
    }

    fn enter(&self, bytes: usize) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn leave(&self, bytes: usize) {
        let was_open = self.is_open();
        self.requests.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if !was_open && self.is_open() {
            self.freed.notify_waiters();
        }
    }
}

/// Where the answers of one stream go.
#[derive(Debug)]
pub struct Link {
    /// What waits to be written.
    pub outgoing: Outgoing,
    form: Form,
    gate: Arc<Gate>,
    figures: Arc<Figures>,
    owed: AtomicUsize,
    ended: AtomicBool,
}

impl Link {
    /// A stream of a connection.
    pub fn new(form: Form, gate: Arc<Gate>, figures: Arc<Figures>) -> Link {
        Link {
            outgoing: Outgoing::default(),
            form,
            gate,
            figures,
            // The reading itself counts as one, so that nothing closes before it has ended.
            owed: AtomicUsize::new(1),
            ended: AtomicBool::new(false),
        }
    }

    /// The form that it speaks.
    pub fn form(&self) -> Form {
        self.form
    }

    /// One more answer is owed, to a request of so many bytes.
    pub fn owe(&self, bytes: usize) {
        self.gate.enter(bytes);
        self.owed.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives an answer that was owed.
    pub fn pay(&self, response: Option<Response>, bytes: usize) {
        if let Some(response) = response {
            self.say(response);
        }
        self.gate.leave(bytes);
        self.settle();
    }

    /// Says something that was not owed.
    pub fn say(&self, response: Response) {
        if let Response::Problem { problem, .. } = &response {
            self.figures.tell(Door::Quic, problem);
        }
        self.outgoing.append(|out| self.form.append(response, out));
    }

    /// Nothing more will be read: the stream closes behind the last answer.
    pub fn end_reading(&self) {
        if !self.ended.swap(true, Ordering::AcqRel) {
            self.settle();
        }
    }

    fn settle(&self) {
        // AcqRel: the last one to settle has seen every answer appended before.
        if self.owed.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.outgoing.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_full_gate_opens_when_an_answer_is_given() {
        let gate = Arc::new(Gate::new(GateLimits {
            requests: 2,
            bytes: 100,
        }));
        let link = Link::new(
            Form::Lines,
            Arc::clone(&gate),
            Arc::new(Figures::new(&["none"])),
        );
        link.owe(10);
        assert!(gate.is_open());
        link.owe(10);
        assert!(!gate.is_open());
        let waits = tokio::time::timeout(Duration::from_millis(20), gate.pass()).await;
        assert!(waits.is_err());
        let passing = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass().await }
        });
        tokio::task::yield_now().await;
        link.pay(None, 10);
        tokio::time::timeout(Duration::from_secs(5), passing)
            .await
            .unwrap()
            .unwrap();
        link.owe(95);
        assert!(!gate.is_open(), "bytes close it as well");
    }
}
