//! From the journal back to the state: every command is applied again, and what it causes must be what is written.

use super::read_ahead::{Ahead, CHUNKS_AHEAD, Chunk, Ready, read_ahead};
use super::watcher::{Release, ReleasedRecord};
use crate::centre::{Centre, Prepared, Unproved};
use crate::city::City;
use crate::classify::Lexicon;
use crate::command::{Activation, Command, ObjectKind};
use crate::event::Event;
use crate::id::{ObjectHash, Sequence};
use crate::journal::{
    Folder, Objects, Place, ReadError, Reader, Snapshot, SnapshotHeader, Snapshots,
};
use crate::limits::Capacities;
use crate::plan::Plan;
use crate::record::{DecodeError, Head, LOGIC_VERSION, Record, are_written};
use crate::roads::atlas::Atlas;
use crate::roads::bulletin::Bulletin;
use crate::saved::{LoadError, Parts, Together, append};
use crate::view::View;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Builder};

/// Why a journal cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record cannot be read.
    #[error("record {sequence}: {reason}")]
    Decode {
        /// Which record.
        sequence: Sequence,
        /// Why.
        reason: DecodeError,
    },
    /// Another release decided it, by other rules.
    #[error(
        "the journal was decided by rules of version {found}; this release has version {LOGIC_VERSION}: use the release that wrote it"
    )]
    Version {
        /// The version in the journal.
        found: u32,
    },
    /// The same command caused other events.
    #[error(
        "record {sequence}: the command now causes other events than are written (at event {index}: {written} is written, {caused} is caused); the journal is not of this release or was changed"
    )]
    Differs {
        /// Which record.
        sequence: Sequence,
        /// The first event that differs.
        index: usize,
        /// What is written.
        written: String,
        /// What the command causes.
        caused: String,
    },
    /// The beginning is not kept any more, and no snapshot can stand for it.
    #[error(
        "the journal's beginning was pruned and no snapshot can stand for it; bring back a whole snapshot from a backup ({tried})"
    )]
    NoSnapshot {
        /// The snapshots that there are, and why they will not do.
        tried: String,
    },
    /// The operating system gave no thread.
    #[error("cannot start a thread to read the journal: {0}")]
    Thread(std::io::Error),
    /// An object that the journal names is missing or unusable.
    #[error("record {sequence}: the {kind} {hash} that it names cannot be used: {reason}", kind = .activation.object, hash = .activation.hash)]
    Object {
        /// Which record.
        sequence: Sequence,
        /// The object.
        activation: Activation,
        /// Why.
        reason: String,
    },
}

/// Reads an object from the store and makes it ready for the centre, which has this map.
fn prepared(
    objects: &Objects,
    activation: &Activation,
    map: Option<&Atlas>,
) -> Result<Prepared, String> {
    prepare(activation, &stored(objects, activation)?, map)
}

fn stored(objects: &Objects, activation: &Activation) -> Result<Vec<u8>, String> {
    let bytes = objects.get(activation.hash);
    bytes.map_err(|error| error.to_string())
}

/// Makes an object ready for the centre, which has this map.
pub(super) fn prepare(
    activation: &Activation,
    bytes: &[u8],
    map: Option<&Atlas>,
) -> Result<Prepared, String> {
    let text = || std::str::from_utf8(bytes).map_err(|error| error.to_string());
    match activation.object {
        ObjectKind::Plan => {
            let plan = Plan::load(text()?).map_err(|mistakes| mistakes.to_string())?;
            Ok(Prepared::Plan(Arc::new(plan)))
        }
        ObjectKind::Lexicon => {
            Lexicon::check_kept(text()?).map_err(|mistakes| mistakes.to_string())?;
            Ok(Prepared::Lexicon(activation.hash))
        }
        ObjectKind::City => {
            let city = City::from_canonical(bytes).map_err(|error| error.to_string())?;
            Ok(Prepared::City(activation.hash, Arc::new(city)))
        }
        ObjectKind::Roads => {
            let atlas = Atlas::read(activation.hash, bytes)?;
            Ok(Prepared::Roads(Arc::new(atlas)))
        }
        ObjectKind::Bulletin => {
            let map = map.ok_or("there is no map that it could be about")?;
            let bulletin = Bulletin::from_canonical(bytes).map_err(|error| error.to_string())?;
            let atlas = map.under(activation.hash, bulletin);
            Ok(Prepared::Roads(Arc::new(
                atlas.map_err(|error| error.to_string())?,
            )))
        }
    }
}

/// Which part of a snapshot is the state.
const STATE_PART: usize = 1;

/// What a centre and its view came to, as the runtime keeps them in a snapshot at this place.
pub(super) fn frozen(centre: &Centre, view: &View, place: Place) -> Snapshot {
    let in_force = ObjectKind::ALL.iter().filter_map(|&object| {
        let hash = centre.in_force(object)?;
        Some(Activation { object, hash })
    });
    let mut names = Vec::new();
    append(&in_force.collect::<Vec<_>>(), &mut names);
    let (mut state, mut seen) = (Vec::new(), Vec::new());
    centre.save(&mut state);
    view.save(&mut seen);
    let hash = ObjectHash::of(&state);
    Snapshot::new(place, LOGIC_VERSION, hash, [names, state, seen])
}

/// The objects that were in force, from a snapshot's first part.
pub(super) fn names_of(part: &[u8]) -> Result<Vec<Activation>, LoadError> {
    let mut parts = Parts(part);
    let in_force = parts.take("names of objects")?;
    parts.end()?;
    Ok(in_force)
}

/// A centre and its view from a snapshot that is not proved yet; what is wrong with it otherwise. All that it needs of the disk is read when
/// `beside` is begun with, which takes its time on another thread.
pub(super) fn restored(
    snapshot: &Snapshot,
    objects: &Objects,
    beside: impl FnOnce() + Send,
) -> Result<(Centre, View), String> {
    let header = &snapshot.header;
    if header.logic_version != LOGIC_VERSION {
        return Err(format!(
            "it was decided by rules of version {}; this release has version {LOGIC_VERSION}",
            header.logic_version
        ));
    }
    let [names, state, seen] = &snapshot.parts;
    // Both are hashes of the same bytes.
    if header.part_hash(STATE_PART) != header.state_hash {
        return Err("its state is not the one that its header names".into());
    }
    let in_force = names_of(names).map_err(|error| error.to_string())?;
    let stored: Result<Vec<_>, String> = in_force
        .iter()
        .map(|activation| Ok((activation, stored(objects, activation)?)))
        .collect();
    let stored = stored?;
    // All of these take long, and none needs another. Nothing of it is believed before the bytes were held against their
    // hashes.
    let (view, centre) = TwoThreads.both(
        || {
            let view = View::load(seen);
            beside();
            view
        },
        || {
            let (at_hand, read) = TwoThreads.both(
                || {
                    snapshot.ensure_whole()?;
                    prepared_all(&stored)
                },
                || Unproved::read(state, &TwoThreads),
            );
            let (at_hand, read) = (at_hand?, read.map_err(|error| error.to_string())?);
            let proved = read.prove(at_hand, &TwoThreads);
            proved.map_err(|error| error.to_string())
        },
    );
    let centre = centre?;
    let view = view.map_err(|error| error.to_string())?;
    if (centre.sequence(), view.sequence()) != (header.sequence(), header.sequence()) {
        return Err("its state is not of the record that its name says".into());
    }
    Ok((centre, view))
}

/// Makes the objects ready that were in force together.
fn prepared_all(stored: &[(&Activation, Vec<u8>)]) -> Result<Vec<Prepared>, String> {
    let mut at_hand = Vec::with_capacity(stored.len());
    for (activation, bytes) in stored {
        // A map is named before what is said of it.
        let map = at_hand.iter().find_map(|object| match object {
            Prepared::Roads(atlas) => Some(&**atlas),
            Prepared::Plan(_) | Prepared::City(..) | Prepared::Lexicon(_) => None,
        });
        at_hand.push(prepare(activation, bytes, map)?);
    }
    Ok(at_hand)
}

/// Tells a sink of records that were applied, until no more come.
fn tell(applied: &Receiver<Chunk>, sink: &mut dyn Release) -> Result<(), ReplayError> {
    let mut records = Vec::new();
    for chunk in applied {
        for group in chunk.groups() {
            for ready in group.iter() {
                let record = decoded(ready.sequence, Record::decode(ready.payload))?;
                let sequence = ready.sequence;
                records.push(ReleasedRecord { sequence, record });
            }
        }
        sink.released(&records);
        records.clear();
    }
    Ok(())
}

/// Does two things at once.
struct TwoThreads;

impl Together for TwoThreads {
    fn both<A: Send, B>(
        &self,
        aside: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B) {
        thread::scope(|scope| {
            let aside = scope.spawn(aside);
            let here = here();
            let aside = aside.join();
            (
                aside.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                here,
            )
        })
    }
}

/// A centre being rebuilt from its journal.
pub struct Replay {
    reader: Reader,
    rebuilt: Rebuilt,
    view: View,
    snapshot: Option<SnapshotHeader>,
    passed_over: Vec<String>,
}

/// The centre as far as it has been rebuilt, and what it takes to go on.
struct Rebuilt {
    objects: Objects,
    centre: Centre,
    events: Vec<Event>,
}

impl Replay {
    /// A replay of all that the journal in a folder keeps: from its first record, or from the snapshot that stands before
    /// what is left of it.
    pub fn new(folder: impl Into<Folder>) -> Result<Replay, ReplayError> {
        let folder = &folder.into();
        let mut replay = Replay::nothing(folder)?;
        if replay.reader.is_pruned()? {
            let first = replay.reader.first()?;
            let snapshots = Snapshots::of(folder).list().map_err(ReadError::from)?;
            let usable = snapshots.into_iter().filter(|last| last.next() >= first);
            replay.begin_with_one_of(folder, usable, &mut |_| {})?;
        }
        Ok(replay)
    }

    /// A replay from the newest snapshot that is whole and not past `until`; from the first record where there is none.
    pub fn from_snapshot(
        folder: impl Into<Folder>,
        until: Sequence,
    ) -> Result<Replay, ReplayError> {
        Replay::from_snapshot_beside(folder, until, |_| {})
    }

    /// The same. `beside` is called for each snapshot that is tried, with its header, while that is loaded.
    pub(super) fn from_snapshot_beside(
        folder: impl Into<Folder>,
        until: Sequence,
        mut beside: impl FnMut(&SnapshotHeader) + Send,
    ) -> Result<Replay, ReplayError> {
        let folder = &folder.into();
        let mut replay = Replay::nothing(folder)?;
        let snapshots = Snapshots::of(folder).list().map_err(ReadError::from)?;
        let usable = snapshots.into_iter().rev().filter(|&last| last <= until);
        match replay.begin_with_one_of(folder, usable, &mut beside) {
            // Damage to the first segment is not said here but by whoever reads it.
            Err(ReplayError::NoSnapshot { .. }) if !replay.reader.is_pruned().unwrap_or(false) => {}
            begun => begun?,
        }
        Ok(replay)
    }

    fn nothing(folder: &Folder) -> Result<Replay, ReplayError> {
        Ok(Replay {
            reader: Reader::open(folder)?,
            rebuilt: Rebuilt {
                objects: Objects::of(folder),
                centre: Centre::new(Capacities::NONE),
                events: Vec::new(),
            },
            view: View::new(),
            snapshot: None,
            passed_over: Vec::new(),
        })
    }

    /// Begins with the first of these snapshots that is whole.
    fn begin_with_one_of(
        &mut self,
        folder: &Folder,
        sequences: impl Iterator<Item = Sequence>,
        beside: &mut (impl FnMut(&SnapshotHeader) + Send),
    ) -> Result<(), ReplayError> {
        let snapshots = Snapshots::of(folder);
        for sequence in sequences {
            match self.load(&snapshots, sequence, beside) {
                Ok(()) => return Ok(()),
                Err(reason) => self.passed_over.push(reason),
            }
        }
        Err(ReplayError::NoSnapshot {
            tried: self.passed_over.join("; "),
        })
    }

    fn load(
        &mut self,
        snapshots: &Snapshots,
        sequence: Sequence,
        beside: &mut (impl FnMut(&SnapshotHeader) + Send),
    ) -> Result<(), String> {
        let snapshot = snapshots
            .read_unproved(sequence)
            .map_err(|error| error.to_string())?;
        let path = snapshots.path(sequence);
        let beside = || beside(&snapshot.header);
        let (centre, view) = restored(&snapshot, &self.rebuilt.objects, beside)
            .map_err(|reason| format!("{}: {reason}", path.display()))?;
        self.reader.seek(sequence.next());
        (self.rebuilt.centre, self.view) = (centre, view);
        self.snapshot = Some(snapshot.header);
        Ok(())
    }

    /// The snapshot that it began with.
    pub fn snapshot(&self) -> Option<&SnapshotHeader> {
        self.snapshot.as_ref()
    }

    /// What is wrong with snapshots that were newer and had to be passed over.
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }

    /// The view as it was saved in the snapshot that it began with; whoever wants it to go on tells it the records of each step.
    pub fn take_view(&mut self) -> View {
        std::mem::take(&mut self.view)
    }

    /// Where the journal goes on behind what was applied, if that ends where a batch does.
    pub(super) fn boundary(&self) -> Option<Place> {
        self.reader.boundary()
    }

    /// Applies the next record; `None` at the end of what is written, or past `until`.
    pub fn step(&mut self, until: Sequence) -> Result<Option<(Sequence, Record)>, ReplayError> {
        if self.rebuilt.centre.sequence() >= until {
            return Ok(None);
        }
        // All that is whole: what is asked for may lie past the end, and that is no damage.
        let Some(read) = self.reader.next(Sequence(u64::MAX))? else {
            return Ok(None);
        };
        let (sequence, payload) = (read.sequence, read.payload);
        let (head, events) = decoded(sequence, Head::decode(payload))?;
        self.rebuilt
            .apply(&Ready::of(sequence, &head, payload, events))?;
        let record = decoded(sequence, Record::decode(payload))?;
        Ok(Some((sequence, record)))
    }

    /// Applies all that is left, up to `until`.
    pub fn run(mut self, until: Sequence) -> Result<Centre, ReplayError> {
        self.apply_all(until, Ahead::give_back)?;
        Ok(self.rebuilt.centre)
    }

    /// Applies all that is left, and tells a sink of it on another thread, each record once it was applied.
    pub(super) fn run_telling(mut self, sink: &mut dyn Release) -> Result<Centre, ReplayError> {
        thread::scope(|scope| {
            let (applied, heard) = sync_channel(CHUNKS_AHEAD);
            let telling = Builder::new()
                .name("liandong-view".into())
                .spawn_scoped(scope, move || tell(&heard, sink))
                .map_err(ReplayError::Thread)?;
            // Who tells ends early only by an error of its own.
            let done = self.apply_all(Sequence(u64::MAX), |_, chunk| drop(applied.send(chunk)));
            drop(applied);
            let told = telling.join();
            done?;
            told.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        Ok(self.rebuilt.centre)
    }

    fn apply_all(
        &mut self,
        until: Sequence,
        applied: impl Fn(&Ahead, Chunk),
    ) -> Result<(), ReplayError> {
        let (reader, rebuilt) = (&mut self.reader, &mut self.rebuilt);
        if rebuilt.centre.sequence() >= until {
            return Ok(());
        }
        thread::scope(|scope| {
            let ahead = read_ahead(scope, reader, until)?;
            while let Some(chunk) = ahead.next()? {
                for group in chunk.groups() {
                    rebuilt.centre.foresee(group.envelopes());
                    group.iter().try_for_each(|ready| rebuilt.apply(&ready))?;
                }
                applied(&ahead, chunk);
            }
            Ok(())
        })
    }

    /// The centre as far as it has been rebuilt.
    pub fn centre(&self) -> &Centre {
        &self.rebuilt.centre
    }
}

impl Rebuilt {
    /// Applies the next record, and holds what it causes against what is written.
    fn apply(&mut self, ready: &Ready<'_>) -> Result<(), ReplayError> {
        let sequence = ready.sequence;
        match ready.envelope.command {
            Command::OpenCentre(opening) if opening.logic_version != LOGIC_VERSION => {
                return Err(ReplayError::Version {
                    found: opening.logic_version,
                });
            }
            // The first record says how much the centre holds.
            Command::OpenCentre(opening) if self.centre.opening().is_none() => {
                self.centre = Centre::new(opening.capacities);
            }
            Command::Activate(activation) => self.prepare(ready, activation)?,
            _ => {}
        }
        self.events.clear();
        self.centre
            .apply(ready.at, ready.envelope, &mut self.events);
        // What is caused is held against the bytes that are written: reading those is dearer, and only tells more when
        // they differ.
        if !are_written(&self.events, ready.events) {
            let record = decoded(sequence, Record::decode(ready.payload))?;
            if record.events != self.events {
                return Err(differs(sequence, &record.events, &self.events));
            }
        }
        Ok(())
    }

    /// Puts the object at hand that a record activates.
    fn prepare(&mut self, ready: &Ready<'_>, activation: Activation) -> Result<(), ReplayError> {
        let sequence = ready.sequence;
        let record = decoded(sequence, Record::decode(ready.payload))?;
        // An activation that was refused may name what never was at hand.
        if record.events.contains(&Event::ObjectActivated(activation)) {
            let map = self.centre.atlas().map(|atlas| &**atlas);
            let object = prepared(&self.objects, &activation, map);
            let object = object.map_err(|reason| ReplayError::Object {
                sequence,
                activation,
                reason,
            })?;
            self.centre.prepare(object);
        }
        Ok(())
    }
}

pub(super) fn decoded<T>(
    sequence: Sequence,
    decoded: Result<T, DecodeError>,
) -> Result<T, ReplayError> {
    decoded.map_err(|reason| ReplayError::Decode { sequence, reason })
}

fn differs(sequence: Sequence, written: &[Event], caused: &[Event]) -> ReplayError {
    let index = written
        .iter()
        .zip(caused)
        .take_while(|(a, b)| a == b)
        .count();
    let say = |event: Option<&Event>| event.map_or("nothing".into(), |event| format!("{event:?}"));
    ReplayError::Differs {
        sequence,
        index,
        written: say(written.get(index)),
        caused: say(caused.get(index)),
    }
}
