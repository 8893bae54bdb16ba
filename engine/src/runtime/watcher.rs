//! The view's thread: reads what is durable from the journal, in order, and tells the sink.
//!
//! It reads files, not the writer's memory, so however slow a reader is, it costs the writer nothing.

use super::writer::Shown;
use crate::id::Sequence;
use crate::journal::{ReadError, Reader};
use crate::lane::Bell;
use crate::record::Record;
use crate::view::View;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Records told at once at most.
const CHUNK_MAX: usize = 256;

/// A record that is durable.
#[derive(Clone, Debug)]
pub struct ReleasedRecord {
    /// Its place in the journal.
    pub sequence: Sequence,
    /// What it says.
    pub record: Record,
}

/// Who hears what is durable.
pub trait Release: Send {
    /// What is known up to a snapshot that the centre came up with. Comes once, before everything else; not at all where the
    /// journal is told from its first record.
    fn restored(&mut self, view: View);

    /// The next records, in order, each exactly once; at a start from the first on, or from the one behind the snapshot.
    fn released(&mut self, records: &[ReleasedRecord]);
}

pub(super) struct Watcher {
    pub reader: Reader,
    pub durable: Box<dyn Fn() -> Sequence + Send>,
    pub sink: Box<dyn Release>,
    pub bell: Bell,
    pub shown: Arc<Shown>,
    /// The last record told.
    pub told: Arc<AtomicU64>,
    /// The writer has ended: after what is durable now, nothing comes.
    pub last: Arc<AtomicBool>,
    /// Why it stopped, for those who ask.
    pub failure: Arc<std::sync::OnceLock<String>>,
}

impl Watcher {
    pub fn run(mut self) {
        if let Err(error) = self.follow() {
            self.failure
                .get_or_init(|| format!("the view cannot read the journal: {error}"));
            self.shown.failed.store(true, Ordering::Release);
        }
    }

    fn follow(&mut self) -> Result<(), ReadError> {
        let mut chunk = Vec::with_capacity(CHUNK_MAX);
        loop {
            // Looked at before the reading, so that what became durable before the end is read.
            let last = self.last.load(Ordering::Acquire);
            if self.step(&mut chunk)? == 0 {
                if last {
                    return Ok(());
                }
                let told = self.told.load(Ordering::Relaxed);
                let (waits, ends) = (&self.durable, &self.last);
                self.bell.sleep(Duration::from_secs(1), || {
                    waits().0 > told || ends.load(Ordering::Acquire)
                });
            }
        }
    }

    /// Tells of what is durable, a chunk at most; the number of records.
    pub fn step(&mut self, chunk: &mut Vec<ReleasedRecord>) -> Result<usize, ReadError> {
        let durable = (self.durable)();
        chunk.clear();
        while chunk.len() < CHUNK_MAX {
            let Some(read) = self.reader.next(durable)? else {
                break;
            };
            let sequence = read.sequence;
            match Record::decode(read.payload) {
                Ok(record) => chunk.push(ReleasedRecord { sequence, record }),
                // What the writer encoded a moment ago can be decoded; what was replayed at the start was.
                Err(error) => panic!("record {sequence}: {error}"),
            }
        }
        if let Some(last) = chunk.last() {
            self.sink.released(chunk);
            self.told.store(last.sequence.0, Ordering::Release);
        }
        Ok(chunk.len())
    }
}
