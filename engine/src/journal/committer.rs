//! Group commit: one thread takes all batches that wait, writes them, syncs once, then lets them go in order.
//!
//! Nothing is released before it is durable. After the first error nothing is released any more, nothing is tried
//! again and the loop ends. The thread is started by the runtime, which calls [`Committer::run`]; this file starts
//! none.
//!
//! ```text
//!  writer ── Feed::submit ──▶ filled ──▶ Committer: append … append, sync ──▶ Release::release, in order
//!     ▲                                                        │
//!     └────────── Feed::blank ◀────────── blanks ◀─────────────┘
//! ```
//!
//! The number of buffers bounds how far the writer runs ahead: when all are out, there is no blank.

use super::batch::Batch;
use super::chain::Chain;
use super::log::{AppendError, Log, Sealed};
use super::shape::{Durability, GROUPS_UNSYNCED_MAX, Shape};
use crate::id::Sequence;
use crossbeam::channel::{Receiver, Sender, TryRecvError, bounded};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A batch, and what travels with it outside the journal: replies, events. Both are used again.
pub struct Filled<T> {
    /// The records.
    pub batch: Batch,
    /// What is let go when they are durable.
    pub carried: T,
}

/// Who is told what became of batches. Called on the journal's thread.
pub trait Release<T> {
    /// This batch is durable, and so are all before it. What it leaves in `carried` comes back with the buffer.
    fn release(&mut self, batch: &Batch, carried: &mut T);

    /// The journal stopped for this reason. No batch will be released any more.
    fn failed(&mut self, reason: &AppendError);
}

struct Shared {
    durable: AtomicU64,
    synced: AtomicU64,
    failure: OnceLock<AppendError>,
}

/// The writer's end.
pub struct Feed<T> {
    filled: Sender<Filled<T>>,
    blanks: Receiver<Filled<T>>,
    watch: Watch,
}

/// Shows how far the journal is durable, to whoever has a copy.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
}

impl Watch {
    /// The last sequence that is on the disk. It is [`Watch::durable`], unless more was allowed ([`Durability::Batch`]).
    pub fn synced(&self) -> Sequence {
        // Acquire pairs with the release store in `sync`.
        Sequence(self.shared.synced.load(Ordering::Acquire))
    }

    /// The last sequence that is durable, in the sense of the journal's [`Durability`].
    pub fn durable(&self) -> Sequence {
        // Acquire pairs with the release store in `commit`: who sees the number sees the bytes in the file.
        Sequence(self.shared.durable.load(Ordering::Acquire))
    }

    /// Why the journal stopped, if it did.
    pub fn failure(&self) -> Option<&AppendError> {
        self.shared.failure.get()
    }
}

impl<T> Feed<T> {
    /// An empty batch, if one is free. The caller starts it with its sequence.
    pub fn blank(&self) -> Option<Filled<T>> {
        self.blanks.try_recv().ok()
    }

    /// An empty batch, as soon as one is free; `None` when the journal has stopped.
    pub fn wait_blank(&self) -> Option<Filled<T>> {
        self.blanks.recv().ok()
    }

    /// Hands a batch to the journal; never waits. When the journal has stopped, it comes back.
    pub fn submit(&self, filled: Filled<T>) -> Result<(), Filled<T>> {
        // There are as many places as buffers, so only a stopped journal refuses.
        self.filled
            .try_send(filled)
            .map_err(|error| error.into_inner())
    }

    /// Shows how far the journal is durable.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }
}

/// The journal thread's loop.
pub struct Committer<L, R, T> {
    log: L,
    release: R,
    filled: Receiver<Filled<T>>,
    blanks: Sender<Filled<T>>,
    shared: Arc<Shared>,
    group: Vec<Filled<T>>,
    chain: Chain,
    durability: Durability,
    /// Groups that were released and not synced.
    unsynced: u32,
}

impl<L: Log, R: Release<T>, T> Committer<L, R, T> {
    /// Joins a log and those who wait for it: the writer's end, and the loop to be run on a thread of its own.
    pub fn with_feed(log: L, release: R, shape: &Shape) -> (Feed<T>, Committer<L, R, T>)
    where
        T: Default,
    {
        let (to_journal, filled) = bounded(shape.batches);
        let (to_writer, blanks) = bounded(shape.batches);
        for _ in 0..shape.batches {
            let blank = Filled {
                batch: Batch::new(shape),
                carried: T::default(),
            };
            assert!(
                to_writer.try_send(blank).is_ok(),
                "there is a place for each buffer"
            );
        }
        let chain = log.tail();
        let shared = Arc::new(Shared {
            durable: AtomicU64::new(chain.last().0),
            synced: AtomicU64::new(chain.last().0),
            failure: OnceLock::new(),
        });
        let watch = Watch {
            shared: Arc::clone(&shared),
        };
        let group = Vec::with_capacity(shape.batches);
        (
            Feed {
                filled: to_journal,
                blanks,
                watch,
            },
            Committer {
                log,
                release,
                filled,
                blanks: to_writer,
                shared,
                group,
                chain,
                durability: shape.durability,
                unsynced: 0,
            },
        )
    }

    /// Commits until the [`Feed`] is dropped and all it submitted is durable, or until the first error. Returns the
    /// log for whoever wants to go on with it.
    pub fn run(mut self) -> Result<L, AppendError> {
        match self.commit_all() {
            Ok(()) => Ok(self.log),
            Err(reason) => Err(self.fail(reason)),
        }
    }

    /// Commits all batches that wait, without waiting for one; for whoever runs the loop in hand. True when it did
    /// something. After the first error it does nothing any more.
    pub fn step(&mut self) -> Result<bool, AppendError> {
        if let Some(reason) = self.shared.failure.get() {
            return Err(reason.clone());
        }
        let done = self.commit_waiting();
        done.map_err(|reason| self.fail(reason))
    }

    fn commit_waiting(&mut self) -> Result<bool, AppendError> {
        while self.group.len() < self.group.capacity() {
            match self.filled.try_recv() {
                Ok(filled) => self.group.push(filled),
                Err(_) => break,
            }
        }
        if self.group.is_empty() {
            self.sync_what_is_left()?;
            return self.log.tend(true);
        }
        self.commit()?;
        self.log.tend(false)?;
        Ok(true)
    }

    fn fail(&mut self, reason: AppendError) -> AppendError {
        // First for those who look, then for those who are told. Set once: whoever runs the loop ends with it.
        let reason = self.shared.failure.get_or_init(|| reason).clone();
        self.release.failed(&reason);
        reason
    }

    fn commit_all(&mut self) -> Result<(), AppendError> {
        while self.gather()? {
            self.commit()?;
            self.log.tend(false)?;
        }
        self.sync_what_is_left()?;
        // The last word on disk: all before is durable.
        self.log.tend(true)?;
        self.log.sync()
    }

    /// Takes all batches that wait, or waits for one; false when there will be none.
    fn gather(&mut self) -> Result<bool, AppendError> {
        let mut has_chores = true;
        loop {
            match self.filled.try_recv() {
                Ok(filled) => self.group.push(filled),
                Err(TryRecvError::Disconnected) => return Ok(!self.group.is_empty()),
                Err(TryRecvError::Empty) if !self.group.is_empty() => return Ok(true),
                Err(TryRecvError::Empty) if self.unsynced > 0 => self.sync()?,
                Err(TryRecvError::Empty) if has_chores => has_chores = self.log.tend(true)?,
                Err(TryRecvError::Empty) => match self.filled.recv() {
                    Ok(filled) => self.group.push(filled),
                    Err(_) => return Ok(false),
                },
            }
            if self.group.len() == self.group.capacity() {
                return Ok(true);
            }
        }
    }

    fn commit(&mut self) -> Result<(), AppendError> {
        let durable = self.chain_synced();
        let mut is_changed = false;
        for filled in self
            .group
            .iter_mut()
            .filter(|filled| !filled.batch.is_empty())
        {
            let expected = filled.batch.first();
            let (header, bytes) = filled.batch.seal(&self.chain, durable);
            let chain = self.chain.after(&header);
            self.log.append(
                expected,
                Sealed {
                    header: &header,
                    id: chain.previous,
                    bytes,
                },
            )?;
            self.chain = chain;
            is_changed = true;
        }
        self.unsynced += u32::from(is_changed);
        if self.durability == Durability::Sync || self.unsynced >= GROUPS_UNSYNCED_MAX {
            self.sync_what_is_left()?;
        }
        // Release pairs with the acquire load in `Watch::durable`.
        self.shared
            .durable
            .store(self.chain.last().0, Ordering::Release);
        for mut filled in self.group.drain(..) {
            self.release.release(&filled.batch, &mut filled.carried);
            filled.batch.start(Sequence(0));
            // A writer that has gone needs no buffers.
            drop(self.blanks.try_send(filled));
        }
        Ok(())
    }

    fn sync_what_is_left(&mut self) -> Result<(), AppendError> {
        if self.unsynced > 0 {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), AppendError> {
        self.log.sync()?;
        self.unsynced = 0;
        // Release pairs with the acquire load in `Watch::synced`.
        self.shared
            .synced
            .store(self.chain.last().0, Ordering::Release);
        Ok(())
    }

    fn chain_synced(&self) -> Sequence {
        // Only this thread writes it.
        Sequence(self.shared.synced.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::fault::{Fault, FaultyLog};
    use crate::journal::fixture::{CENTRE, payload, read_all, small};
    use crate::journal::log::Records;
    use crate::journal::reader::ReadError;
    use crate::journal::{open, verify};
    use crate::moment::Moment;
    use std::path::Path;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Ledger(Arc<Mutex<(Vec<u64>, Option<AppendError>)>>);

    impl Release<u64> for Ledger {
        fn release(&mut self, batch: &Batch, carried: &mut u64) {
            let mut ledger = self.0.lock().unwrap();
            assert!(ledger.1.is_none(), "nothing is released after a failure");
            assert_eq!(batch.last(), Sequence(*carried));
            ledger.0.push(*carried);
        }

        fn failed(&mut self, reason: &AppendError) {
            assert!(
                self.0.lock().unwrap().1.replace(reason.clone()).is_none(),
                "told once"
            );
        }
    }

    fn fill(feed: &Feed<u64>, next: &mut u64) -> Result<(), Filled<u64>> {
        let Some(mut filled) = feed.wait_blank() else {
            return Ok(());
        };
        filled.batch.start(Sequence(*next));
        for _ in 0..1 + *next % 3 {
            filled
                .batch
                .push(Moment(*next as i64), &payload(Sequence(*next)))
                .unwrap();
            *next += 1;
        }
        filled.carried = filled.batch.last().0;
        feed.submit(filled)
    }

    fn files(folder: &Path) -> crate::journal::Files {
        open(folder, CENTRE, &small()).unwrap().0
    }

    #[test]
    fn batches_are_released_in_order_and_are_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let mut next = 1;
        for start in 1..4 {
            let (feed, committer) =
                Committer::with_feed(files(folder.path()), ledger.clone(), &small());
            assert_eq!(feed.watch().durable(), Sequence(next - 1));
            std::thread::scope(|scope| {
                let journal = scope.spawn(|| committer.run().map(drop));
                for _ in 0..40 {
                    assert!(fill(&feed, &mut next).is_ok());
                }
                let watch = feed.watch().clone();
                drop(feed);
                journal.join().unwrap().unwrap();
                assert_eq!(watch.durable(), Sequence(next - 1));
            });
            let released = ledger.0.lock().unwrap().0.clone();
            assert_eq!(released.len(), start * 40);
            assert!(released.is_sorted());
            assert_eq!(released.last(), Some(&(next - 1)));
            assert_eq!(read_all(folder.path()).unwrap(), next - 1);
            let verdict = verify(folder.path(), None).unwrap();
            assert!(verdict.is_sound() && verdict.tail.is_none(), "{verdict}");
            assert_eq!(verdict.epoch, start as u64);
        }
    }

    /// Fail the n-th call, for every n: nothing is released after it, all that was released is there.
    #[test]
    fn after_any_fault_nothing_is_released_and_nothing_acknowledged_is_lost() {
        for fault in (0..12).flat_map(|n| [Fault::Append(n), Fault::Sync(n)]) {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::default();
            let log = FaultyLog::new(files(folder.path()), fault);
            let (feed, committer) = Committer::with_feed(log, ledger.clone(), &small());
            let mut next = 1;
            std::thread::scope(|scope| {
                let journal = scope.spawn(|| committer.run().map(drop));
                let watch = feed.watch().clone();
                // More than the faults need, even if each group takes all the buffers there are.
                for _ in 0..60 {
                    if fill(&feed, &mut next).is_err() {
                        break;
                    }
                }
                drop(feed);
                assert!(journal.join().unwrap().is_err(), "{fault:?}");
                let (released, failure) = ledger.0.lock().unwrap().clone();
                assert_eq!(failure.as_ref(), watch.failure(), "{fault:?}");
                assert!(failure.is_some(), "{fault:?}");
                assert_eq!(watch.durable().0, released.last().copied().unwrap_or(0));
                assert!(
                    read_all(folder.path()).unwrap() >= watch.durable().0,
                    "{fault:?}"
                );
                let (_, recovery) = open(folder.path(), CENTRE, &small()).unwrap();
                assert!(recovery.chain.last() >= watch.durable(), "{fault:?}");
            });
        }
    }

    /// A log whose syncs wait for permission.
    struct Gated<L> {
        log: L,
        entered: Sender<u64>,
        permitted: Receiver<()>,
        appends: u64,
    }

    impl<L: Log> Log for Gated<L> {
        fn append(&mut self, expected: Sequence, batch: Sealed<'_>) -> Result<(), AppendError> {
            self.appends += 1;
            self.log.append(expected, batch)
        }

        fn sync(&mut self) -> Result<(), AppendError> {
            self.entered
                .send(std::mem::take(&mut self.appends))
                .unwrap();
            self.permitted.recv().unwrap();
            self.log.sync()
        }

        fn tail(&self) -> Chain {
            self.log.tail()
        }

        fn read_from(&self, sequence: Sequence) -> Result<Box<dyn Records>, ReadError> {
            self.log.read_from(sequence)
        }
    }

    #[test]
    fn where_it_is_allowed_records_are_released_before_the_sync_and_synced_when_nothing_waits() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let shape = Shape {
            durability: Durability::Batch,
            ..small()
        };
        let (entered, has_entered) = bounded(8);
        let (permit, permitted) = bounded(8);
        let log = Gated {
            log: files(folder.path()),
            entered,
            permitted,
            appends: 0,
        };
        let (feed, mut committer) = Committer::with_feed(log, ledger.clone(), &shape);
        let watch = feed.watch().clone();
        let mut next = 1;
        for group in 1..GROUPS_UNSYNCED_MAX {
            assert!(fill(&feed, &mut next).is_ok());
            assert!(committer.step().unwrap());
            assert_eq!(ledger.0.lock().unwrap().0.len(), group as usize);
            assert_eq!((watch.durable().0, watch.synced().0), (next - 1, 0));
        }
        permit.send(()).unwrap();
        assert!(fill(&feed, &mut next).is_ok());
        assert!(committer.step().unwrap());
        assert_eq!(has_entered.recv(), Ok(u64::from(GROUPS_UNSYNCED_MAX)));
        assert_eq!(watch.synced(), watch.durable());

        assert!(fill(&feed, &mut next).is_ok());
        assert!(committer.step().unwrap());
        assert_eq!(watch.synced().0 + 2, next - 1, "two records of a group");
        permit.send(()).unwrap();
        committer.step().unwrap();
        assert_eq!(has_entered.recv(), Ok(1), "nothing waits");
        assert_eq!(watch.synced(), watch.durable());
    }

    #[test]
    fn all_that_wait_share_one_sync_and_none_is_released_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let (entered, has_entered) = bounded(8);
        let (permit, permitted) = bounded(8);
        let log = Gated {
            log: files(folder.path()),
            entered,
            permitted,
            appends: 0,
        };
        let (feed, committer) = Committer::with_feed(log, ledger.clone(), &small());
        let mut next = 1;
        std::thread::scope(|scope| {
            let journal = scope.spawn(|| committer.run().map(drop));
            assert!(fill(&feed, &mut next).is_ok());
            assert_eq!(has_entered.recv(), Ok(1));
            for _ in 0..3 {
                assert!(fill(&feed, &mut next).is_ok());
            }
            assert!(
                feed.blank().is_none(),
                "the writer runs ahead by the buffers there are, no further"
            );
            assert_eq!(ledger.0.lock().unwrap().0, [0; 0]);
            assert_eq!(feed.watch().durable(), Sequence(0));
            permit.send(()).unwrap();
            assert_eq!(has_entered.recv(), Ok(3), "three batches, one sync");
            assert_eq!(ledger.0.lock().unwrap().0.len(), 1);
            drop(feed);
            permit.send(()).unwrap();
            assert_eq!(has_entered.recv(), Ok(0), "the last sync, for the mark");
            permit.send(()).unwrap();
            journal.join().unwrap().unwrap();
        });
        assert_eq!(ledger.0.lock().unwrap().0.len(), 4);
    }

    #[test]
    fn a_batch_out_of_order_stops_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let (feed, committer) =
            Committer::with_feed(files(folder.path()), Ledger::default(), &small());
        assert!(fill(&feed, &mut 5).is_ok());
        let error = committer.run().map(drop).unwrap_err();
        assert_eq!(
            error,
            AppendError::Conflict {
                expected: Sequence(5),
                next: Sequence(1)
            }
        );
        assert_eq!(feed.watch().failure(), Some(&error));
        assert!(fill(&feed, &mut 1).is_err(), "it comes back");
    }

    #[test]
    fn a_reader_follows_a_live_writer_and_never_sees_what_is_not_durable() {
        let folder = tempfile::tempdir().unwrap();
        let (feed, committer) =
            Committer::with_feed(files(folder.path()), Ledger::default(), &small());
        let watch = feed.watch().clone();
        let last = 600;
        std::thread::scope(|scope| {
            let journal = scope.spawn(|| committer.run().map(drop));
            let reader = scope.spawn(|| {
                let mut reader = crate::journal::Reader::open(folder.path()).unwrap();
                let mut expected = 1;
                while expected <= last {
                    let durable = watch.durable();
                    while let Some(record) = reader.next(durable).unwrap() {
                        assert_eq!(record.sequence, Sequence(expected));
                        assert!(record.sequence <= durable);
                        assert_eq!(record.payload, payload(record.sequence));
                        expected += 1;
                    }
                    // A walk without knowing the bound takes no half-written batch for damage either.
                    assert!(verify(folder.path(), None).unwrap().is_sound());
                }
            });
            let mut next = 1;
            while next <= last {
                assert!(fill(&feed, &mut next).is_ok());
            }
            reader.join().unwrap();
            drop(feed);
            journal.join().unwrap().unwrap();
        });
    }
}
