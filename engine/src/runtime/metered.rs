//! A log that is looked at while it works: how long each group took from its first write to its sync, and how large it was.
//!
//! It stands between the committer and the log, which both know no clock, and changes nothing of what passes through.

use super::measures::Measures;
use crate::id::Sequence;
use crate::journal::chain::Chain;
use crate::journal::log::{AppendError, Log, Records, Sealed};
use crate::journal::reader::ReadError;
use std::sync::Arc;

/// Any log, measured.
pub(super) struct Metered<L> {
    log: L,
    measures: Arc<Measures>,
    group: Option<Group>,
}

/// What was appended since the last sync.
struct Group {
    begun_ns: u64,
    records: u64,
    bytes: u64,
}

impl<L> Metered<L> {
    pub fn new(log: L, measures: Arc<Measures>) -> Metered<L> {
        Metered {
            log,
            measures,
            group: None,
        }
    }
}

impl<L: Log> Log for Metered<L> {
    fn append(&mut self, expected: Sequence, batch: Sealed<'_>) -> Result<(), AppendError> {
        let group = self.group.get_or_insert_with(|| Group {
            begun_ns: self.measures.now_ns(),
            records: 0,
            bytes: 0,
        });
        group.records += u64::from(batch.header.count);
        group.bytes += batch.bytes.len() as u64;
        self.log.append(expected, batch)
    }

    fn sync(&mut self) -> Result<(), AppendError> {
        self.log.sync()?;
        // A sync without a write before it says that the end is durable; it commits nobody's record.
        if let Some(group) = self.group.take() {
            let measures = &self.measures;
            let spent = measures.now_ns().saturating_sub(group.begun_ns);
            measures.commit.record(spent);
            measures.group_records.record(group.records);
            measures.group_bytes.record(group.bytes);
        }
        Ok(())
    }

    fn tend(&mut self, idle: bool) -> Result<bool, AppendError> {
        self.log.tend(idle)
    }

    fn tail(&self) -> Chain {
        self.log.tail()
    }

    fn read_from(&self, sequence: Sequence) -> Result<Box<dyn Records>, ReadError> {
        self.log.read_from(sequence)
    }
}
