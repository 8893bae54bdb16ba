//! How far the disk must have what was answered, where answers do not wait for it ([`Durability::Batch`]): up to where it last had nothing
//! to do, and all but the last groups since.
//!
//! [`Durability::Batch`]: engine::journal::Durability::Batch

use engine::journal::shape::GROUPS_UNSYNCED_MAX;
use std::collections::VecDeque;

/// What was answered and may not be on the disk yet.
#[derive(Debug, Default)]
pub struct Unsynced {
    /// Up to here it is there.
    least: u64,
    /// Where each group ends that came since.
    groups: VecDeque<u64>,
    /// A machine stopped since, or a sync failed: what is not on the disk may be lost.
    is_ended: bool,
}

impl Unsynced {
    /// A process found the journal written so far, and vouches for that.
    pub fn begin(&mut self, found: u64) {
        self.groups.clear();
        self.least = found;
    }

    /// The journal took a step: it has answered up to here, and has more to do or not.
    pub fn stepped(&mut self, answered: u64, more: bool) {
        if !more {
            return self.begin(answered);
        }
        if self.groups.back().copied().unwrap_or(self.least) < answered {
            self.groups.push_back(answered);
        }
        if self.groups.len() > GROUPS_UNSYNCED_MAX as usize
            && let Some(synced) = self.groups.pop_front()
        {
            self.least = synced;
        }
    }

    /// The machine stopped, or a sync failed.
    pub fn end(&mut self) {
        self.is_ended = true;
    }

    /// Whether it did since this was last asked.
    pub fn take_end(&mut self) -> bool {
        std::mem::take(&mut self.is_ended)
    }

    /// Up to which record nothing may be lost whatever stops.
    pub fn least(&self) -> u64 {
        self.least
    }
}
