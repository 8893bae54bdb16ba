//! Calls that are not in the trace: somebody calls again. They go out beside the schedule, when their caller makes them, and are timed from
//! then on.

use super::field::wall;
use super::link::{Link, Pending, Said};
use super::rate::held;
use crate::caller::CallerId;
use crate::report::seconds::Departures;
use crate::report::tally::Sent;
use crate::trace::Row;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Their numbers, and the tags of their requests, begin here: no schedule comes so far.
const FIRST: u64 = 1 << 62;

/// The way out for those who call again.
pub struct Redials {
    links: Vec<Arc<Link>>,
    sent: Arc<AtomicU64>,
    departures: Arc<Mutex<Departures>>,
    started: Instant,
    made: AtomicU64,
}

impl Redials {
    /// Over these connections, counted with the calls of the schedule.
    pub fn new(
        links: Vec<Arc<Link>>,
        sent: Arc<AtomicU64>,
        departures: Arc<Mutex<Departures>>,
        started: Instant,
    ) -> Redials {
        Redials {
            links,
            sent,
            departures,
            started,
            made: AtomicU64::new(0),
        }
    }

    /// Somebody calls again and says this.
    pub fn send(&self, caller: CallerId, row: Row) {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let (number, now) = (FIRST + made, Instant::now());
        let due = now.saturating_duration_since(self.started);
        held(&self.departures).sent(due, due);
        self.sent.fetch_add(1, Ordering::Relaxed);
        let link = &self.links[made as usize % self.links.len()];
        let call = Pending {
            sent: Sent::of(&row, number, wall()),
            said: Said::Again {
                row: row.into(),
                caller,
            },
            is_repeat: false,
            intended: now,
            due,
            first_sent: now,
        };
        link.send(number, call);
    }
}
