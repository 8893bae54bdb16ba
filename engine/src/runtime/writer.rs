//! The writer: the one thread that changes a centre. Drain → tick → apply → record → hand to the journal.
//!
//! It reads the clock once a round and twice more to measure it, takes a bounded number of submissions, and sleeps by the bell when nothing
//! waits and no clock is due. It never waits for a reader; it waits for the journal alone, when it has run ahead as far as it may.

use super::boot::hour_due;
use super::measures::Measures;
use super::metered::Metered;
use super::port::{AdvanceRefusal, Origin, Reply, ReplyBody, Submission, Wish};
use super::release::{Carried, Releaser};
use super::stopwatch::Stopwatch;
use crate::answer::Answer;
use crate::centre::Centre;
use crate::command::{Actor, ClockMode, Command, Envelope, UnitPosition};
use crate::event::Event;
use crate::id::Sequence;
use crate::journal::{Committer, Feed, Files, Filled, Folder};
use crate::lane::Consumer;
use crate::limits::{EVENTS_PER_COMMAND_MAX, POSITION_AGE_MS, POSITION_STEP_DM};
use crate::moment::{Moment, Span};
use crate::place::Point;
use crate::position_slots::{DrainCursor, PositionSlots};
use crate::record::RecordRef;
use crate::roads::atlas::Atlas;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Submissions of one round at most.
const ROUND_MAX: usize = 1_024;
/// Positions of one round at most.
const POSITIONS_MAX: usize = 1_024;
/// Batches on their way to the disk at once: one being written, one ready. Beyond, the open batch fills on.
const IN_FLIGHT_MAX: u64 = 2;
/// After so long factors of the hour that could not be kept are tried again.
const HOUR_AGAIN: Span = Span::minutes(1);
/// The longest sleep, so that the clock is looked at.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// What others may see of the writer.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Centre time in milliseconds.
    pub now_ms: AtomicI64,
    /// Batches that the journal has let go.
    pub batches_released: AtomicU64,
    /// Large forward steps of the wall clock.
    pub clock_jumps: AtomicU64,
    /// How far the wall clock is behind the centre's time, in milliseconds.
    pub clock_behind_ms: AtomicI64,
    /// The writer shall drain, flush and end.
    pub stop: AtomicBool,
    /// The writer ended because the journal did.
    pub failed: AtomicBool,
    /// The map that it decides by, with its times.
    pub map: ArcSwapOption<Atlas>,
}

pub(super) struct Writer {
    pub centre: Centre,
    pub clock: ClockMode,
    pub now: Moment,
    /// Where objects are kept.
    pub data: Folder,
    /// Until then the roads' factors in force are those of the hour, on a driven clock.
    pub hour_until: Moment,
    pub stopwatch: Stopwatch,
    pub consumer: Consumer<Submission>,
    pub positions: Arc<PositionSlots>,
    pub feed: Feed<Carried>,
    /// The journal's loop, while no thread of its own runs it.
    pub committer: Option<InHand>,
    pub shown: Arc<Shown>,
    pub measures: Arc<Measures>,
    pub round: Round,
    pub open: Option<Filled<Carried>>,
    pub submitted: u64,
    pub cursor: DrainCursor,
    pub inbox: Vec<Submission>,
    pub moved: Vec<(u32, Point)>,
    pub events: Vec<Event>,
}

/// What is measured of one round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// When it began.
    begun_ns: u64,
    /// What of it was waiting for the journal.
    waited_ns: u64,
    /// The last record before it.
    before: Sequence,
}

/// The journal's loop.
pub(super) type InHand = Committer<Metered<Files>, Releaser, Carried>;

/// The journal has stopped; nothing new is served.
pub(super) struct Stopped;

impl Writer {
    /// Runs until it is told to stop and nothing waits, or until the journal stops.
    pub fn run(mut self) {
        if self.rounds().is_err() {
            self.shown.failed.store(true, Ordering::Release);
        }
    }

    fn rounds(&mut self) -> Result<(), Stopped> {
        loop {
            let stop = self.shown.stop.load(Ordering::Acquire);
            if self.round()? == 0 {
                if stop && self.consumer.is_empty() {
                    return self.flush(true);
                }
                self.sleep();
            }
        }
    }

    /// One round: what is due fires, where units are is taken, then what was submitted; the number of submissions.
    pub fn round(&mut self) -> Result<usize, Stopped> {
        self.begin_round();
        if self.clock == ClockMode::Wall {
            self.now = self.stopwatch.now();
            self.shown
                .clock_jumps
                .store(self.stopwatch.jumps, Ordering::Relaxed);
            self.shown
                .clock_behind_ms
                .store(self.stopwatch.behind.0, Ordering::Relaxed);
            self.tick_until(self.now)?;
            self.take_positions()?;
        }
        let took = self.take_submissions()?;
        self.shown.now_ms.store(self.now.0, Ordering::Relaxed);
        self.end_round();
        self.flush(false)?;
        Ok(took)
    }

    fn begin_round(&mut self) {
        self.round = Round {
            begun_ns: self.measures.now_ns(),
            waited_ns: 0,
            before: self.centre.sequence(),
        };
    }

    /// Counts what the round's commands took, all together: two readings of the clock, however many there were.
    fn end_round(&mut self) {
        let sequence = self.centre.sequence();
        let commands = sequence.0 - self.round.before.0;
        if commands == 0 {
            return;
        }
        let spent = self.measures.now_ns() - self.round.begun_ns - self.round.waited_ns;
        self.measures.decide.record_shared(spent, commands);
        self.measures.set_applied(sequence);
    }

    fn sleep(&mut self) {
        let due = match (self.clock, self.centre.next_due()) {
            (ClockMode::Wall, Some(due)) => Duration::from_millis((due - self.now).0.max(0) as u64),
            (ClockMode::Wall, None) | (ClockMode::Driven, _) => SLEEP_MAX,
        };
        let held_back = self
            .open
            .as_ref()
            .is_some_and(|open| !open.batch.is_empty() || !open.carried.replies.is_empty());
        let (shown, positions) = (&self.shown, &self.positions);
        let submitted = self.submitted;
        self.consumer.sleep(due.min(SLEEP_MAX), || {
            let in_flight = submitted - shown.batches_released.load(Ordering::Acquire);
            (held_back && in_flight < IN_FLIGHT_MAX)
                || positions.is_dirty()
                || shown.stop.load(Ordering::Acquire)
        });
    }

    /// Lets every deadline up to `until` fire, each at its own time on a driven clock, all at once on the wall's.
    fn tick_until(&mut self, until: Moment) -> Result<(), Stopped> {
        while let Some(due) = self.centre.next_due().filter(|&due| due <= until) {
            self.now = match self.clock {
                ClockMode::Wall => until,
                // A driven centre that has not started yet has no time to catch up with.
                ClockMode::Driven if self.now == Moment(0) => until,
                ClockMode::Driven => due.max(self.now),
            };
            self.keep_hour()?;
            self.apply(
                &Envelope {
                    actor: Actor::System,
                    command: Command::Tick,
                },
                &[],
                None,
            )?;
        }
        self.now = self.now.max(until);
        Ok(())
    }

    /// On a driven clock nobody waits: the roads' factors of an hour are made here, and come into force before the first thing
    /// that is decided in it. On the wall's they are made beside the writer and submitted.
    fn keep_hour(&mut self) -> Result<(), Stopped> {
        if self.clock == ClockMode::Wall || self.now < self.hour_until || self.now == Moment(0) {
            return Ok(());
        }
        let next = self.centre.next_hour(self.now);
        self.hour_until = next.unwrap_or(Moment(i64::MAX));
        // Factors that cannot be kept are not decided by; those before them stay until it is tried again.
        match hour_due(&self.centre, &self.data, self.now) {
            Ok(None) => Ok(()),
            Ok(Some((activation, object))) => {
                self.centre.prepare(object);
                let envelope = Envelope {
                    actor: Actor::System,
                    command: Command::Activate(activation),
                };
                self.apply(&envelope, &[], None)
            }
            Err(_) => {
                self.hour_until = self.now + HOUR_AGAIN;
                Ok(())
            }
        }
    }

    fn take_positions(&mut self) -> Result<(), Stopped> {
        let mut moved = std::mem::take(&mut self.moved);
        self.positions
            .drain(&mut self.cursor, POSITIONS_MAX, |unit, point| {
                moved.push((unit, point))
            });
        for (index, point) in moved.drain(..) {
            if let Some(unit) = self.centre.worth_moving(
                index,
                point,
                POSITION_STEP_DM,
                Span(POSITION_AGE_MS),
                self.now,
            ) {
                let command = Command::MoveUnit(UnitPosition { unit, point });
                self.apply(
                    &Envelope {
                        actor: Actor::Unit(unit),
                        command,
                    },
                    &[],
                    None,
                )?;
            }
        }
        self.moved = moved;
        Ok(())
    }

    fn take_submissions(&mut self) -> Result<usize, Stopped> {
        let mut inbox = std::mem::take(&mut self.inbox);
        let took = self
            .consumer
            .drain(ROUND_MAX, |submission| inbox.push(submission));
        for submission in inbox.drain(..) {
            match submission.wish {
                Wish::Command {
                    envelope,
                    testimony,
                } => self.apply(&envelope, &testimony, submission.origin)?,
                Wish::Activate {
                    actor,
                    activation,
                    object,
                    testimony,
                } => {
                    self.centre.prepare(object);
                    let command = Command::Activate(activation);
                    self.apply(&Envelope { actor, command }, &testimony, submission.origin)?;
                    self.hour_until = Moment(i64::MIN);
                    self.keep_hour()?;
                }
                Wish::Advance { to } => self.advance(to, submission.origin)?,
                Wish::Inspect => {
                    let inspection = self.centre.inspect();
                    self.answer(submission.origin, ReplyBody::Inspected(inspection))?;
                }
            }
        }
        self.inbox = inbox;
        Ok(took)
    }

    fn advance(&mut self, to: Moment, origin: Option<Origin>) -> Result<(), Stopped> {
        let body = if self.clock == ClockMode::Wall {
            ReplyBody::NotAdvanced(AdvanceRefusal::WallClock)
        } else if to < self.now {
            ReplyBody::NotAdvanced(AdvanceRefusal::Backward)
        } else {
            self.tick_until(to)?;
            self.keep_hour()?;
            ReplyBody::Advanced {
                now: self.now,
                next_due: self.centre.next_due(),
            }
        };
        self.answer(origin, body)
    }

    /// Applies one command and records it with its events.
    pub fn apply(
        &mut self,
        envelope: &Envelope,
        testimony: &[u8],
        origin: Option<Origin>,
    ) -> Result<(), Stopped> {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        self.centre.apply(self.now, envelope, &mut events);
        assert!(
            events.len() <= EVENTS_PER_COMMAND_MAX,
            "a command caused more events than it may"
        );
        let record = RecordRef {
            at: self.now,
            envelope,
            testimony,
            events: &events,
        };
        let (sequence, mut filled) = self.record(&record)?;
        if let Some(origin) = origin {
            let body = ReplyBody::Answer(Answer::of(&events));
            filled.carried.replies.push(Reply {
                origin,
                sequence,
                at: self.now,
                body,
            });
        }
        self.open = Some(filled);
        self.events = events;
        if let Command::Activate(_) = envelope.command {
            self.shown.map.store(self.centre.atlas().cloned());
        }
        Ok(())
    }

    /// Writes the record of what was just applied; gives the batch that holds it.
    fn record(&mut self, record: &RecordRef<'_>) -> Result<(Sequence, Filled<Carried>), Stopped> {
        let sequence = self.centre.sequence();
        let mut filled = self.take_open(sequence)?;
        let mut written = filled
            .batch
            .room()
            .and_then(|room| record.encode_into(room));
        if written.is_none() {
            // It did not fit behind the others; an empty batch takes any record (`limits`).
            self.submit(filled)?;
            filled = self.take_open(sequence)?;
            written = filled
                .batch
                .room()
                .and_then(|room| record.encode_into(room));
        }
        let Some(bytes) = written else {
            panic!(
                "a record is larger than a batch: {:?}",
                record.envelope.command
            )
        };
        assert_eq!(
            filled.batch.finish(self.now, bytes),
            sequence,
            "journal and state count apart"
        );
        Ok((sequence, filled))
    }

    /// Says something that rests on all that was applied so far.
    fn answer(&mut self, origin: Option<Origin>, body: ReplyBody) -> Result<(), Stopped> {
        let Some(origin) = origin else { return Ok(()) };
        let mut filled = self.take_open(self.centre.sequence().next())?;
        filled.carried.replies.push(Reply {
            origin,
            sequence: self.centre.sequence(),
            at: self.now,
            body,
        });
        self.open = Some(filled);
        Ok(())
    }

    /// The batch being filled, or as soon as the journal gives one back an empty one whose next record is `next`.
    fn take_open(&mut self, next: Sequence) -> Result<Filled<Carried>, Stopped> {
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        let mut filled = match self.feed.blank() {
            Some(blank) => blank,
            None => self.wait_blank()?,
        };
        self.measures
            .begin_batch(self.submitted, self.round.begun_ns + self.round.waited_ns);
        filled.batch.start(next);
        Ok(filled)
    }

    /// Waits for the journal, and does not count that as time of its own.
    fn wait_blank(&mut self) -> Result<Filled<Carried>, Stopped> {
        let begun_ns = self.measures.now_ns();
        if let Some(committer) = &mut self.committer {
            // Nobody else will give one back.
            committer.step().map_err(|_| Stopped)?;
        }
        let filled = self.feed.wait_blank().ok_or(Stopped);
        let waited_ns = self.measures.now_ns() - begun_ns;
        self.round.waited_ns += waited_ns;
        self.measures.add_wait(waited_ns);
        filled
    }

    fn submit(&mut self, filled: Filled<Carried>) -> Result<(), Stopped> {
        self.submitted += 1;
        self.feed.submit(filled).map_err(|_| Stopped)
    }

    /// Hands the open batch to the journal, unless it has enough to write; then the batch fills on.
    pub fn flush(&mut self, last: bool) -> Result<(), Stopped> {
        let in_flight = self.submitted - self.shown.batches_released.load(Ordering::Acquire);
        if in_flight >= IN_FLIGHT_MAX && !last {
            return Ok(());
        }
        match self.open.take() {
            Some(filled) if filled.batch.is_empty() && filled.carried.replies.is_empty() => {
                self.open = Some(filled)
            }
            Some(filled) => self.submit(filled)?,
            None => {}
        }
        Ok(())
    }
}
