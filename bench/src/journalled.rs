//! A journal written straight to a folder, as the committer would, but as fast as it goes: full batches, one sync at the end.

use anyhow::Context;
use engine::id::{CentreId, Sequence};
use engine::journal::log::Sealed;
use engine::journal::{Batch, Chain, Files, Log, Objects, Shape, open};
use engine::moment::Moment;
use std::path::Path;

/// The journal of a load.
pub(crate) struct Journalled {
    files: Files,
    chain: Chain,
    batch: Batch,
    failure: Option<anyhow::Error>,
}

impl Journalled {
    /// Opens a folder's journal, or begins it.
    pub(crate) fn new(folder: &Path, centre: CentreId) -> anyhow::Result<Journalled> {
        let shape = Shape::default();
        let (files, _) = open(folder, centre, &shape)?;
        let chain = files.tail();
        let mut batch = Batch::new(&shape);
        batch.start(chain.next);
        Ok(Journalled {
            files,
            chain,
            batch,
            failure: None,
        })
    }

    /// Keeps an object that records name.
    pub(crate) fn put(&self, bytes: &[u8]) -> anyhow::Result<()> {
        Objects::of(self.files.folder().clone()).put(bytes)?;
        Ok(())
    }

    /// Appends a record. What went wrong is told when it is closed.
    pub(crate) fn push(&mut self, at: Moment, record: &[u8]) {
        if self.batch.push(at, record).is_err() {
            let written = self.write();
            self.failure = self.failure.take().or(written.err());
            if self.batch.push(at, record).is_err() {
                self.failure = Some(anyhow::anyhow!("a record does not fit an empty batch"));
            }
        }
    }

    fn write(&mut self) -> anyhow::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let first = self.chain.next;
        let (header, bytes) = self.batch.seal(&self.chain, Sequence(first.0 - 1));
        let next = self.chain.after(&header);
        let sealed = Sealed {
            header: &header,
            id: next.previous,
            bytes,
        };
        self.files.append(first, sealed)?;
        self.chain = next;
        self.batch.start(next.next);
        Ok(())
    }

    /// Writes what is left, makes all of it durable and lets the folder go.
    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        self.write()?;
        self.files.sync().context("cannot sync the journal")?;
        self.failure.map_or(Ok(()), Err)
    }
}
