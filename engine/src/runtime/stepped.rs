//! A centre without threads: whoever holds it says when the writer, the journal and the view take a step.
//!
//! The same parts that [`super::start`] gives to threads, recovered in the same way; what is told here as time is the
//! wall's. So a simulated world can stop between any two steps, and what a crash leaves is what is on its disk.

use super::keeper::Keeper;
use super::stopwatch::TimeSource;
use super::watcher::{ReleasedRecord, Watcher};
use super::writer::Writer;
use super::{Assembled, Release, Running, Setup, StartError, assemble};
use crate::centre::Centre;
use crate::journal::{AppendError, ReadError};
use crate::moment::Moment;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// A centre that moves only when it is told to.
pub struct Stepped {
    running: Running,
    writer: Writer,
    watcher: Watcher,
    keeper: Keeper,
    chunk: Vec<ReleasedRecord>,
}

impl Stepped {
    /// Recovers a centre from its data folder, or begins one. The sink has heard what was journalled before; of what is
    /// said to bring the setup into force, and of all after it, it hears by [`Stepped::step_view`].
    pub fn start(
        setup: Setup,
        sink: Box<dyn Release>,
        wall_ms: Arc<AtomicI64>,
    ) -> Result<Stepped, StartError> {
        let Assembled {
            running,
            writer,
            watcher,
            keeper,
            durable: _,
        } = assemble(setup, sink, TimeSource::Told(wall_ms))?;
        Ok(Stepped {
            running,
            writer,
            watcher,
            keeper,
            chunk: Vec::new(),
        })
    }

    /// What the gateway sees of it: to submit, to take replies, to ask how it is.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// The state, ahead of what is durable.
    pub fn centre(&self) -> &Centre {
        &self.writer.centre
    }

    /// The next deadline, if any clock runs.
    pub fn next_due(&mut self) -> Option<Moment> {
        self.writer.centre.next_due()
    }

    /// One round of the writer; the number of submissions it took. `None` once the journal has stopped.
    pub fn step_writer(&mut self) -> Option<usize> {
        self.writer.round().ok()
    }

    /// Makes durable what the writer handed over, and lets go what waited for it. True when there may be more to do.
    pub fn step_journal(&mut self) -> Result<bool, AppendError> {
        match &mut self.writer.committer {
            Some(committer) => committer.step(),
            None => Ok(false),
        }
    }

    /// Tells the sink what is durable, a few hundred records at most; their number.
    pub fn step_view(&mut self) -> Result<usize, ReadError> {
        self.watcher.step(&mut self.chunk)
    }

    /// Looks at the room, makes a snapshot if one is due, and lets go what may go.
    pub fn step_keeper(&mut self) {
        self.keeper.step();
    }
}
