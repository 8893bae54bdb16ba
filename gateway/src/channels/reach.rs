//! Who was reached when, and who cannot be: since the start, contact by contact (J6).

use engine::city::contacts::ContactId;
use engine::moment::Moment;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of reaching one contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// When the channel last took something.
    pub reached_at: Option<Moment>,
    /// The last try failed.
    pub failing: bool,
    /// When somebody last acknowledged a test.
    pub tested_at: Option<Moment>,
}

/// The same for all that were tried.
#[derive(Debug, Default)]
pub struct Reach(Mutex<HashMap<ContactId, Reached>>);

impl Reach {
    fn lock(&self) -> MutexGuard<'_, HashMap<ContactId, Reached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of one.
    pub fn of(&self, contact: ContactId) -> Reached {
        self.lock().get(&contact).copied().unwrap_or_default()
    }

    /// A try went well; whether the one before had failed.
    pub fn reached(&self, contact: ContactId, now: Moment) -> bool {
        let mut known = self.lock();
        let known = known.entry(contact).or_default();
        known.reached_at = Some(now);
        std::mem::take(&mut known.failing)
    }

    /// A try failed; whether it is the first after one that went well.
    pub fn failed(&self, contact: ContactId) -> bool {
        let mut known = self.lock();
        !std::mem::replace(&mut known.entry(contact).or_default().failing, true)
    }

    /// Somebody acknowledged a test.
    pub fn tested(&self, contact: ContactId, now: Moment) {
        self.lock().entry(contact).or_default().tested_at = Some(now);
    }
}
