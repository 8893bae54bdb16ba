//! The process that runs a centre: it starts, takes a step here and there, and dies between any two of them or in the
//! middle of an act of its disk.

use super::disk::Flip;
use super::faults::Fault;
use super::ground::{LEXICON, ground, plans};
use super::options::Planted;
use super::stage::{Thing, World};
use super::unsynced::Unsynced;
use engine::command::ClockMode;
use engine::id::{CentreId, Sequence};
use engine::journal::segment::segment_name;
use engine::journal::{BLOCK_BYTES, Durability, Folder, OpenError, ReadError, verify};
use engine::lane::{Lane, LaneLimits};
use engine::moment::{Moment, Span};
use engine::runtime::port::{Submission, Wish};
use engine::runtime::stepped::Stepped;
use engine::runtime::{Release, ReleasedRecord, Replay, ReplayError, Setup, StartError};
use engine::view::View;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the centre's data lies.
const DATA: &str = "/data";

/// What the view's sink has heard and the world has not taken yet.
#[derive(Debug, Default)]
struct Heard {
    restored: Option<Box<View>>,
    records: Vec<ReleasedRecord>,
}

#[derive(Clone, Debug, Default)]
struct Inbox(Arc<Mutex<Heard>>);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Release for Inbox {
    fn restored(&mut self, view: View) {
        self.lock().restored = Some(Box::new(view));
    }

    fn released(&mut self, records: &[ReleasedRecord]) {
        self.lock().records.extend_from_slice(records);
    }
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The power goes.
    Power,
    /// It is killed, or ends itself; the machine runs on.
    Killed,
}

/// The process, if it runs.
#[derive(Default)]
pub(super) struct Machine {
    centre: Option<Stepped>,
    inbox: Inbox,
    writer_at: Option<i64>,
    journal_at: Option<i64>,
    view_at: Option<i64>,
    epoch: u64,
    breaks: u64,
    /// Starts in a row that came to nothing.
    refused: u64,
    /// The last step of the journal left nothing to do: a mark says that all is durable.
    is_sealed: bool,
    flip: Option<Flip>,
    /// How far all was answered for when the last process ended.
    durable: Sequence,
    /// The journal's beginning was gone by then.
    is_pruned: bool,
    /// How far the disk has what was answered.
    unsynced: Unsynced,
    /// Syncs that had failed when the process began.
    sync_errors: u64,
}

impl Inbox {
    /// How far a process that has just come up found the journal written.
    fn found(&self) -> u64 {
        let heard = self.lock();
        let last = heard.records.last().map(|record| record.sequence);
        let last = last.or_else(|| Some(heard.restored.as_ref()?.sequence()));
        last.map_or(0, |last| last.0)
    }
}

/// Whether a start may be refused for this flip: it lies in the journal where that was durable, or in an object. An older
/// snapshot, or the journal from its beginning, stands for one that is damaged.
fn may_refuse(flip: &Flip, why: &StartError, durable: Sequence) -> bool {
    let name = flip.path.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    if flip
        .path
        .parent()
        .is_some_and(|above| above.ends_with("objects"))
    {
        return why.to_string().contains(&*name);
    }
    let damage = match why {
        StartError::Open(OpenError::Damaged(damage))
        | StartError::Read(ReadError::Damaged(damage))
        | StartError::Replay(ReplayError::Read(ReadError::Damaged(damage))) => damage,
        _ => return false,
    };
    let in_header = (flip.offset as u64) < BLOCK_BYTES;
    segment_name(damage.segment) == name && (damage.sequence <= durable || in_header)
}

impl Machine {
    /// When the next step is due.
    pub(super) fn next_at(&self) -> Option<i64> {
        [self.writer_at, self.journal_at, self.view_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// The centre, if it runs.
    pub(super) fn centre(&self) -> Option<&Stepped> {
        self.centre.as_ref()
    }

    /// It runs, and what it has done was released and heard.
    pub(super) fn is_idle(&self) -> bool {
        let told = |centre: &Stepped| centre.running().told() == centre.centre().sequence();
        self.centre.as_ref().is_some_and(told)
    }

    /// The writer looks by then at the latest.
    pub(super) fn wake_writer(&mut self, at: i64) {
        if self.centre.is_some() {
            wake(&mut self.writer_at, at);
        }
    }
}

fn wake(slot: &mut Option<i64>, at: i64) {
    *slot = Some(slot.map_or(at, |known| known.min(at)));
}

impl World {
    fn folder(&self) -> Folder {
        Folder::new(Arc::new(self.disk.clone()), PathBuf::from(DATA))
    }

    fn setup(&self) -> Setup {
        let options = &self.options;
        Setup {
            data: self.folder(),
            centre: CentreId(1),
            clock: options.clock,
            capacities: options.capacities,
            plan: plans()[options.plan].text.clone(),
            lexicon: LEXICON.to_owned(),
            city: Arc::clone(&ground(options.ground).city),
            roads: ground(options.ground)
                .towns
                .get(self.map)
                .map(|town| Arc::clone(&town.bytes)),
            lanes: LaneLimits {
                life: options.lane_items,
                urgent: options.lane_items,
                service: options.lane_items,
            },
            shape: options.shape,
            reply_ring_items: options.ring_items,
            keeping: options.keeping,
            wake: vec![Arc::new(|| {})],
        }
    }

    /// The process is started; it may come to nothing.
    pub(super) fn start(&mut self) -> Result<(), String> {
        if self.machine.centre.is_some() {
            return Ok(());
        }
        let before = self.injected();
        self.machine.inbox = Inbox::default();
        let maps = ground(self.options.ground).towns.len();
        let new_map = self.options.breaks.new_map_permille;
        if maps > 1 && !self.is_calm && self.machine.epoch > 0 && self.random.chance(new_map) {
            self.books.counters.hit("world", "new_map");
            self.map = (self.map + 1) % maps;
        }
        let sink = Box::new(self.machine.inbox.clone());
        match Stepped::start(self.setup(), sink, Arc::clone(&self.wall)) {
            Ok(centre) => {
                self.books.counters.hit("world", "restart");
                self.machine.centre = Some(centre);
                self.take_losses()?;
                self.process_begins(before)
            }
            Err(error) => self.start_refused(before, &error),
        }
    }

    /// How often the disk failed so far, in ways that whoever asked must have seen.
    fn injected(&self) -> u64 {
        let at_crash = [
            Fault::LostWrite,
            Fault::TornWrite,
            Fault::LostName,
            Fault::KeptName,
            Fault::ShortRead,
            Fault::FlippedBit,
        ];
        let counts = self.disk.faults(|faults| faults.counts().clone());
        counts
            .iter()
            .filter(|(fault, _)| !at_crash.contains(fault))
            .map(|(_, times)| times)
            .sum()
    }

    fn sync_errors(&self) -> u64 {
        let times = |faults: &mut super::faults::Faults| {
            let counts = faults.counts();
            counts.get(&Fault::SyncError).copied().unwrap_or(0)
        };
        self.disk.faults(times)
    }

    /// Only what the disk did to this start, or a flip that it cannot be right about, lets it be refused.
    fn start_refused(&mut self, before: u64, why: &StartError) -> Result<(), String> {
        self.books.counters.hit("world", "start_refused");
        let durable = self.machine.durable;
        let is_faulted = self.injected() != before;
        let flip = self
            .machine
            .flip
            .take_if(|flip| may_refuse(flip, why, durable));
        if let Some(flip) = flip {
            self.books.counters.hit("world", "flip_refused");
            self.disk.unflip(&flip);
        } else if !is_faulted {
            let flip = &self.machine.flip;
            return Err(format!(
                "start: refused though nothing is broken ({flip:?}, durable up to {durable}): {why}"
            ));
        }
        self.machine.refused += 1;
        self.die()
    }

    /// Where answers do not wait for the disk, a machine that stopped may have lost what was not synced, and no more; what is
    /// kept is told again below, as it was.
    fn take_losses(&mut self) -> Result<(), String> {
        let found = self.machine.inbox.found();
        let unsynced = &mut self.machine.unsynced;
        let (is_taken, least) = (unsynced.take_end(), unsynced.least());
        unsynced.begin(found);
        if !is_taken || self.options.shape.durability == Durability::Sync {
            return Ok(());
        }
        if found < least {
            return Err(format!(
                "synced and lost: records up to {least} were synced, up to {found} are there"
            ));
        }
        if self.books.lose_after(found)? {
            self.books.counters.hit("world", "unsynced_lost");
            self.everybody_begins_anew();
        }
        Ok(())
    }

    /// Everything that was journalled is told again, and the state is what it was.
    fn process_begins(&mut self, before: u64) -> Result<(), String> {
        let Some(centre) = &self.machine.centre else {
            return Ok(());
        };
        let epoch = centre.running().epoch();
        if epoch <= self.machine.epoch {
            return Err(format!("epoch: {epoch} follows {}", self.machine.epoch));
        }
        let restored = self.machine.inbox.lock().restored.take();
        if restored.is_some() {
            self.books.counters.hit("world", "restored");
        }
        self.books.process_begins(restored.as_deref())?;
        loop {
            match self.step_view_once()? {
                Ok(0) => break,
                Ok(_) => {}
                Err(why) if self.injected() == before => return Err(why),
                Err(_) => return self.die(),
            }
        }
        self.machine.epoch = epoch;
        self.road_desk = match &self.machine.centre {
            Some(centre) => centre.running().map(),
            None => None,
        };
        if let Some(flip) = self.machine.flip.take() {
            // It lies where a start does not look: before a snapshot, or in an older one.
            self.books.counters.hit("world", "flip_survived");
            self.disk.unflip(&flip);
        }
        self.machine.refused = 0;
        self.machine.sync_errors = self.sync_errors();
        self.set_faults();
        self.books.all_told()?;
        self.inspect()?;
        let open: Vec<_> = self.books.view().outbox().map(|(order, _)| order).collect();
        open.into_iter().for_each(|order| self.tell_crew(order));
        self.advance();
        self.machine.wake_writer(self.now);
        Ok(())
    }

    /// A driven centre's time is moved by the one client that may.
    fn advance(&mut self) {
        let Some(centre) = &self.machine.centre else {
            return;
        };
        if self.options.clock == ClockMode::Driven {
            let wish = Wish::Advance {
                to: Moment(self.now),
            };
            let mut submissions = vec![Submission { origin: None, wish }];
            let counters = &mut self.books.counters;
            match centre.running().submit(Lane::Life, &mut submissions) {
                Ok(()) => counters.hit("world", "advance"),
                Err(_) => counters.hit("world", "lane_full"),
            }
        }
    }

    /// Holds the state against the one that never crashed, where both are at the same record.
    fn inspect(&mut self) -> Result<(), String> {
        let Some(centre) = &self.machine.centre else {
            return Ok(());
        };
        if centre.running().told() != centre.centre().sequence() || self.books.records().is_empty()
        {
            return Ok(());
        }
        let inspection = centre.centre().inspect();
        self.books.inspect(&inspection)
    }

    /// Takes the steps that are due.
    pub(super) fn run_machine(&mut self) -> Result<(), String> {
        let due = |at: Option<i64>, now: i64| at.is_some_and(|at| at <= now);
        for part in 0..3 {
            if self.machine.centre.is_none() {
                return Ok(());
            }
            let now = self.now;
            match part {
                0 if due(self.machine.writer_at, now) => self.step_writer()?,
                1 if due(self.machine.journal_at, now) => self.step_journal()?,
                2 if due(self.machine.view_at, now) => self.step_view()?,
                _ => continue,
            }
            self.steps += 1;
            self.perhaps_break()?;
        }
        Ok(())
    }

    /// When a part that was just woken takes its step.
    fn lag(&mut self, part: usize) -> i64 {
        let most = match self.is_calm {
            true => 0,
            false => self.options.lag_ms[part],
        };
        self.now + self.random.between(0, most)
    }

    fn step_writer(&mut self) -> Result<(), String> {
        self.machine.writer_at = None;
        // It may have to make the journal go on, to get a buffer back.
        self.machine.is_sealed = false;
        self.advance();
        let Some(centre) = &mut self.machine.centre else {
            return Ok(());
        };
        let Some(_) = centre.step_writer() else {
            return self.die();
        };
        let (now, due) = (centre.running().now(), centre.next_due());
        if due.is_some_and(|due| due < now) {
            return Err(format!(
                "clocks: the writer looked at {now} and left what was due at {due:?}"
            ));
        }
        if let Some(due) = due {
            let offset = match self.options.clock {
                ClockMode::Wall => self.offset,
                ClockMode::Driven => 0,
            };
            // What is put off to the next tick is due at once; a driven centre waits for its time to be moved.
            wake(
                &mut self.machine.writer_at,
                (due.0 - offset).max(self.now + 1),
            );
        }
        let at = self.lag(1);
        wake(&mut self.machine.journal_at, at);
        Ok(())
    }

    fn step_journal(&mut self) -> Result<(), String> {
        self.machine.journal_at = None;
        self.machine.is_sealed = false;
        let Some(centre) = &mut self.machine.centre else {
            return Ok(());
        };
        let stepped = centre.step_journal();
        let mut replies = Vec::new();
        centre.running().replies(0, &mut replies);
        let durable = centre.running().durable();
        let has_more = centre.running().applied() > durable;
        for reply in replies {
            self.reply_leaves(&reply)?;
        }
        match stepped {
            Err(_) => return self.die(),
            Ok(more) => {
                self.machine.is_sealed = !more;
                self.machine.unsynced.stepped(durable.0, more);
                if more {
                    let at = self.lag(1);
                    wake(&mut self.machine.journal_at, at);
                }
                if has_more {
                    let at = self.lag(0);
                    wake(&mut self.machine.writer_at, at);
                }
            }
        }
        let at = self.lag(2);
        wake(&mut self.machine.view_at, at);
        Ok(())
    }

    fn step_view(&mut self) -> Result<(), String> {
        self.machine.view_at = None;
        let before = self.injected();
        match self.step_view_once()? {
            Ok(0) => Ok(()),
            Ok(_) => {
                let at = self.lag(2);
                wake(&mut self.machine.view_at, at);
                self.keep();
                match self.random.chance(30) {
                    true => self.inspect(),
                    false => Ok(()),
                }
            }
            Err(why) if self.injected() == before => Err(why),
            Err(_) => self.die(),
        }
    }

    /// The keeper's own time is a second: it looks before whoever was turned away comes back.
    pub(super) fn look_at_room(&mut self) {
        if let Some(centre) = &mut self.machine.centre {
            centre.step_keeper();
        }
    }

    /// The keeper looks now and then. What it cannot do is no reason to end.
    fn keep(&mut self) {
        if !self.random.chance(50) {
            return;
        }
        let Some(centre) = &mut self.machine.centre else {
            return;
        };
        let kept = |centre: &Stepped| {
            let kept = centre.running().kept();
            (kept.snapshots(), kept.first(), kept.failures())
        };
        let before = kept(centre);
        centre.step_keeper();
        let after = kept(centre);
        let counters = &mut self.books.counters;
        for (name, is_so) in [
            ("snapshot", before.0 != after.0),
            ("pruned", before.1 != after.1),
            ("keeper_failed", before.2 != after.2),
        ] {
            if is_so {
                counters.hit("world", name);
            }
        }
    }

    /// One step of the view; the books hear what it told. Inside: what it could read, or why it could not.
    fn step_view_once(&mut self) -> Result<Result<usize, String>, String> {
        let Some(centre) = &mut self.machine.centre else {
            return Ok(Ok(0));
        };
        let stepped = centre.step_view();
        let told = std::mem::take(&mut self.machine.inbox.lock().records);
        for record in told {
            if let Some(new) = self.books.hear(record)? {
                let new = new.clone();
                self.released(&new);
            }
        }
        Ok(stepped.map_err(|error| format!("view: cannot read the journal: {error}")))
    }

    fn perhaps_break(&mut self) -> Result<(), String> {
        if self.disk.faults(|faults| faults.is_off()) {
            return self.die();
        }
        let breaks = &self.options.breaks;
        if self.is_calm || self.machine.breaks >= breaks.restarts_max {
            return Ok(());
        }
        let (crash, kill, cut, full) = (
            breaks.crash_one_in,
            breaks.kill_one_in,
            breaks.cut_one_in,
            breaks.full_one_in,
        );
        let mut comes = |one_in: u64| one_in > 0 && self.random.below(one_in) == 0;
        if comes(crash) {
            return self.end(End::Power);
        }
        if comes(kill) {
            return self.end(End::Killed);
        }
        if comes(cut) {
            let acts = self.random.below(40);
            self.disk.faults(|faults| faults.cut_power_after(acts));
        } else if comes(full) {
            let left = self.random.below(3 * self.options.shape.batch_bytes as u64);
            self.disk.leave_free(Some(left));
            let at = self.after(Span::minutes(1), Span::hours(1));
            self.agenda.note(at, Thing::Relief);
        }
        Ok(())
    }

    /// The process cannot go on: its disk failed, or the power did.
    fn die(&mut self) -> Result<(), String> {
        match self.disk.faults(|faults| faults.is_off()) {
            true => self.end(End::Power),
            false => self.end(End::Killed),
        }
    }

    fn end(&mut self, end: End) -> Result<(), String> {
        self.machine.breaks += 1;
        if end == End::Power || self.sync_errors() > self.machine.sync_errors {
            // What a sync was for that failed is lost as well.
            self.machine.unsynced.end();
        }
        if let Some(centre) = self.machine.centre.take() {
            self.machine.durable = centre.running().durable();
            self.machine.is_pruned = centre.running().kept().first() > Sequence(0);
            let dropped = centre.running().replies_dropped();
            self.books
                .counters
                .add(("world", "reply_dropped", ""), dropped);
        }
        (
            self.machine.writer_at,
            self.machine.journal_at,
            self.machine.view_at,
        ) = (None, None, None);
        match end {
            End::Power => {
                self.books.counters.hit("world", "crash");
                self.disk.crash();
            }
            End::Killed => {
                self.books.counters.hit("world", "kill");
                self.disk.kill();
                self.perhaps_rot();
            }
        }
        self.machine.is_sealed = false;
        // Whoever tries in vain long enough calls somebody who mends the disk.
        if self.machine.refused >= 3 || self.machine.flip.is_some() {
            self.disk.faults(|faults| faults.cease());
            self.disk.leave_free(None);
        }
        let at = match self.random.chance(900) {
            true => self.after(Span(50), Span::minutes(3)),
            false => self.after(Span::minutes(3), Span::hours(2)),
        };
        let at = if self.is_calm { self.now + 1_000 } else { at };
        self.agenda.note(at, Thing::Start);
        if self.options.traffic.roads_min > 0 && !self.is_calm && self.random.chance(500) {
            // The first thing that is said to whoever comes up.
            self.agenda.note(at + 1, Thing::RoadNews);
        }
        Ok(())
    }

    /// A bit turns while nobody looks. Only where a mark vouches for all that was answered: before it, the last group
    /// could not be told from what a crash tears.
    fn perhaps_rot(&mut self) {
        let secret = self.options.planted == Some(Planted::SecretFlip);
        let all = self.options.planted == Some(Planted::SnapshotsRot);
        if all && !self.machine.is_pruned {
            return;
        }
        let comes =
            secret || all || self.options.breaks.rot && !self.is_calm && self.random.chance(500);
        if !(comes && self.machine.is_sealed && self.machine.flip.is_none()) {
            return;
        }
        let ending = if all { ".snapshot" } else { "" };
        let flip = self.disk.flip(&mut self.random, ending);
        let others = if all { 40 } else { 0 };
        for _ in 0..others {
            self.disk.flip(&mut self.random, ending);
        }
        self.machine.flip = flip.filter(|_| !secret);
    }

    /// The disk fails from here on as the options say, as long as the world may break.
    pub(super) fn set_faults(&mut self) {
        let faults = match self.is_calm || self.machine.breaks >= self.options.breaks.restarts_max {
            true => Vec::new(),
            false => self.options.breaks.faults.clone(),
        };
        self.disk.faults(|disk| {
            disk.cease();
            faults
                .iter()
                .for_each(|&(fault, one_in)| disk.set(fault, one_in));
        });
    }

    /// All is over: a clean end, a sound journal, the same state from it, and books that close.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        while let Some(centre) = &mut self.machine.centre
            && centre
                .step_journal()
                .map_err(|error| format!("stop: {error}"))?
        {}
        self.inspect()?;
        let Some(centre) = self.machine.centre.take() else {
            return Err("stop: the centre does not run".into());
        };
        let inspection = centre.centre().inspect();
        drop(centre);
        self.books.counters.hit("world", "stop_clean");
        let verdict = verify(self.folder(), None).map_err(|fault| format!("verify: {fault}"))?;
        // What was pruned is not in the count, but the end is where it was.
        let last = Some(Sequence(self.books.records().len() as u64));
        if !verdict.is_sound() || verdict.tail.is_some() || verdict.last != last {
            return Err(format!(
                "verify: after a clean stop with {} records: {verdict}",
                self.books.records().len()
            ));
        }
        let all = Sequence(u64::MAX);
        for replay in [
            Replay::new(self.folder()),
            Replay::from_snapshot(self.folder(), all),
        ] {
            let replayed = replay
                .and_then(|replay| replay.run(all))
                .map_err(|error| format!("replay: {error}"))?
                .inspect();
            if replayed.hash != inspection.hash {
                return Err(format!(
                    "replay: another state: {replayed:?}, it was {inspection:?}"
                ));
            }
        }
        self.books.counters.hit("world", "replayed_hash");
        self.books.end()
    }
}
