//! A log that fails when it is told to: for tests of everything that writes through the seam.
//!
//! It passes all on to another log until the n-th append or sync, which fails as a disk would; so does all after.

use super::chain::Chain;
use super::log::{AppendError, Log, Records, Sealed};
use super::reader::ReadError;
use crate::id::Sequence;

/// What is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The n-th append, from 0; nothing of it is written.
    Append(u64),
    /// The n-th sync, from 0; what was appended may or may not be there.
    Sync(u64),
}

/// A log that fails at the n-th call.
pub struct FaultyLog<L> {
    log: L,
    fault: Fault,
    appends: u64,
    syncs: u64,
}

impl<L: Log> FaultyLog<L> {
    /// That log, with that fault.
    pub fn new(log: L, fault: Fault) -> FaultyLog<L> {
        FaultyLog {
            log,
            fault,
            appends: 0,
            syncs: 0,
        }
    }

    fn check(&self) -> Result<(), AppendError> {
        let (reached, place) = match self.fault {
            Fault::Append(at) => (self.appends > at, "append"),
            Fault::Sync(at) => (self.syncs > at, "sync"),
        };
        if reached {
            Err(AppendError::Unknown(format!(
                "the {place} was made to fail"
            )))
        } else {
            Ok(())
        }
    }
}

impl<L: Log> Log for FaultyLog<L> {
    fn append(&mut self, expected: Sequence, batch: Sealed<'_>) -> Result<(), AppendError> {
        self.appends += 1;
        self.check()?;
        self.log.append(expected, batch)
    }

    fn sync(&mut self) -> Result<(), AppendError> {
        self.syncs += 1;
        self.check()?;
        self.log.sync()
    }

    fn tend(&mut self, idle: bool) -> Result<bool, AppendError> {
        self.check()?;
        self.log.tend(idle)
    }

    fn tail(&self) -> Chain {
        self.log.tail()
    }

    fn read_from(&self, sequence: Sequence) -> Result<Box<dyn Records>, ReadError> {
        self.log.read_from(sequence)
    }
}
