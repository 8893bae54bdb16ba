//! The journal read ahead of whoever applies it: a thread of its own reads, checks and takes records apart, while another
//! decides them again. A recovery is as fast as the slower of the two.

use super::replay::{ReplayError, decoded};
use crate::command::Envelope;
use crate::id::Sequence;
use crate::journal::Reader;
use crate::moment::Moment;
use crate::record::Head;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

/// Records that are handed over at once.
const CHUNK_RECORDS: usize = 512;
/// Or bytes of them, whichever is reached first.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks between the two threads.
pub(super) const CHUNKS_AHEAD: usize = 8;
/// Records that are looked at together before they are applied.
const GROUP_RECORDS: usize = 16;

/// Records in their order, taken apart.
#[derive(Default)]
pub(super) struct Chunk {
    records: Vec<Apart>,
    bytes: Vec<u8>,
}

struct Apart {
    sequence: Sequence,
    at: Moment,
    envelope: Envelope,
    payload: Range<usize>,
    /// Where in it the events begin.
    events: usize,
}

/// One record of a chunk.
pub(super) struct Ready<'a> {
    pub sequence: Sequence,
    pub at: Moment,
    pub envelope: &'a Envelope,
    /// The record as it is written.
    pub payload: &'a [u8],
    /// Its events as they are written.
    pub events: &'a [u8],
}

impl<'a> Ready<'a> {
    /// A record, its head taken apart.
    pub fn of(sequence: Sequence, head: &'a Head<'_>, payload: &'a [u8], events: &'a [u8]) -> Self {
        Ready {
            sequence,
            at: head.at,
            envelope: &head.envelope,
            payload,
            events,
        }
    }
}

/// A few records that follow each other.
pub(super) struct Group<'a> {
    records: &'a [Apart],
    bytes: &'a [u8],
}

impl<'a> Group<'a> {
    /// The records in their order.
    pub fn iter(&self) -> impl Iterator<Item = Ready<'a>> {
        let bytes = self.bytes;
        self.records.iter().map(move |apart| {
            let payload = &bytes[apart.payload.clone()];
            Ready {
                sequence: apart.sequence,
                at: apart.at,
                envelope: &apart.envelope,
                payload,
                events: &payload[apart.events..],
            }
        })
    }

    /// What they say.
    pub fn envelopes(&self) -> impl Iterator<Item = &'a Envelope> + Clone {
        self.records.iter().map(|apart| &apart.envelope)
    }
}

impl Chunk {
    /// The records in their order, a few at a time.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let groups = self.records.chunks(GROUP_RECORDS);
        groups.map(|records| Group {
            records,
            bytes: &self.bytes,
        })
    }

    fn is_full(&self) -> bool {
        self.records.len() == CHUNK_RECORDS || self.bytes.len() >= CHUNK_BYTES
    }

    fn take(&mut self, sequence: Sequence, payload: &[u8]) -> Result<(), ReplayError> {
        let (head, events) = decoded(sequence, Head::decode(payload))?;
        let from = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.records.push(Apart {
            sequence,
            at: head.at,
            envelope: head.envelope,
            payload: from..self.bytes.len(),
            events: payload.len() - events.len(),
        });
        Ok(())
    }
}

/// The journal as it is read.
pub(super) struct Ahead {
    chunks: Receiver<Result<Chunk, ReplayError>>,
    spent: SyncSender<Chunk>,
}

impl Ahead {
    /// The next chunk; none behind the journal's end, or behind an error.
    pub fn next(&self) -> Result<Option<Chunk>, ReplayError> {
        self.chunks.recv().ok().transpose()
    }

    /// Gives a chunk back to be filled again.
    pub fn give_back(&self, chunk: Chunk) {
        // Where there are enough, or nobody fills any more, it is let go.
        drop(self.spent.try_send(chunk));
    }
}

/// Starts to read up to `until`. The chunks end with the journal, or with the first error; what came before it is whole.
pub(super) fn read_ahead<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    reader: &'scope mut Reader,
    until: Sequence,
) -> Result<Ahead, ReplayError> {
    let (filled, chunks) = sync_channel(CHUNKS_AHEAD);
    let (spent, blanks) = sync_channel(CHUNKS_AHEAD);
    Builder::new()
        .name("liandong-reader".into())
        .spawn_scoped(scope, move || read(reader, until, &filled, &blanks))
        .map_err(ReplayError::Thread)?;
    Ok(Ahead { chunks, spent })
}

fn read(
    reader: &mut Reader,
    until: Sequence,
    filled: &SyncSender<Result<Chunk, ReplayError>>,
    blanks: &Receiver<Chunk>,
) {
    loop {
        let mut chunk = blanks.try_recv().unwrap_or_default();
        chunk.records.clear();
        chunk.bytes.clear();
        let ended = fill(reader, until, &mut chunk);
        let is_last = !matches!(ended, Ok(false));
        // Nobody takes it when a record before it was refused.
        let mut is_wanted = filled.send(Ok(chunk)).is_ok();
        if let Err(error) = ended {
            is_wanted = filled.send(Err(error)).is_ok();
        }
        if is_last || !is_wanted {
            return;
        }
    }
}

/// Fills a chunk; true at the end.
fn fill(reader: &mut Reader, until: Sequence, chunk: &mut Chunk) -> Result<bool, ReplayError> {
    while !chunk.is_full() {
        // All that is whole: what is asked for may lie past the end, and that is no damage.
        let Some(read) = reader.next(Sequence(u64::MAX))? else {
            return Ok(true);
        };
        if read.sequence > until {
            return Ok(true);
        }
        chunk.take(read.sequence, read.payload)?;
    }
    Ok(false)
}
