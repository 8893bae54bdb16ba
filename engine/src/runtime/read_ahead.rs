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
const CHUNKS_AHEAD: usize = 8;

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

impl Chunk {
    /// The records in their order.
    pub fn iter(&self) -> impl Iterator<Item = Ready<'_>> {
        self.records.iter().map(|apart| {
            let payload = &self.bytes[apart.payload.clone()];
            Ready {
                sequence: apart.sequence,
                at: apart.at,
                envelope: &apart.envelope,
                payload,
                events: &payload[apart.events..],
            }
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

/// Starts to read up to `until`. The chunks end with the journal, or with the first error; what came before it is whole.
pub(super) fn read_ahead<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    reader: &'scope mut Reader,
    until: Sequence,
) -> Result<Receiver<Result<Chunk, ReplayError>>, ReplayError> {
    let (filled, chunks) = sync_channel(CHUNKS_AHEAD);
    Builder::new()
        .name("liandong-reader".into())
        .spawn_scoped(scope, move || read(reader, until, &filled))
        .map_err(ReplayError::Thread)?;
    Ok(chunks)
}

fn read(reader: &mut Reader, until: Sequence, filled: &SyncSender<Result<Chunk, ReplayError>>) {
    loop {
        let mut chunk = Chunk::default();
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
