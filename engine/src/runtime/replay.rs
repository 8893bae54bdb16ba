//! From the journal back to the state: every command is applied again, and what it causes must be what is written.

use crate::centre::{Centre, Prepared};
use crate::city::City;
use crate::classify::Lexicon;
use crate::command::{Activation, Command, ObjectKind};
use crate::event::Event;
use crate::id::Sequence;
use crate::journal::{Folder, Objects, ReadError, Reader};
use crate::limits::Capacities;
use crate::plan::Plan;
use crate::record::{DecodeError, LOGIC_VERSION, Record};
use std::sync::Arc;

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

/// Reads an object from the store and makes it ready for the centre.
fn prepared(objects: &Objects, activation: &Activation) -> Result<Prepared, String> {
    let bytes = objects
        .get(activation.hash)
        .map_err(|error| error.to_string())?;
    prepare(activation, &bytes)
}

/// Makes an object ready for the centre.
pub(super) fn prepare(activation: &Activation, bytes: &[u8]) -> Result<Prepared, String> {
    let text = || std::str::from_utf8(bytes).map_err(|error| error.to_string());
    match activation.object {
        ObjectKind::Plan => {
            let plan = Plan::load(text()?).map_err(|mistakes| mistakes.to_string())?;
            Ok(Prepared::Plan(Arc::new(plan)))
        }
        ObjectKind::Lexicon => {
            Lexicon::load(text()?).map_err(|mistakes| mistakes.to_string())?;
            Ok(Prepared::Lexicon(activation.hash))
        }
        ObjectKind::City => {
            let city = City::from_canonical(bytes).map_err(|error| error.to_string())?;
            Ok(Prepared::City(activation.hash, Arc::new(city)))
        }
    }
}

/// A centre being rebuilt from its journal.
pub struct Replay {
    reader: Reader,
    objects: Objects,
    centre: Centre,
    events: Vec<Event>,
}

impl Replay {
    /// A replay of the journal in a folder; nothing has been applied yet.
    pub fn new(folder: impl Into<Folder>) -> Result<Replay, ReplayError> {
        let folder = &folder.into();
        Ok(Replay {
            reader: Reader::open(folder)?,
            objects: Objects::of(folder),
            centre: Centre::new(Capacities::NONE),
            events: Vec::new(),
        })
    }

    /// Applies the next record; `None` at the end of what is written, or past `until`.
    pub fn step(&mut self, until: Sequence) -> Result<Option<(Sequence, Record)>, ReplayError> {
        if self.centre.sequence() >= until {
            return Ok(None);
        }
        // All that is whole: what is asked for may lie past the end, and that is no damage.
        let Some(read) = self.reader.next(Sequence(u64::MAX))? else {
            return Ok(None);
        };
        let sequence = read.sequence;
        let record = Record::decode(read.payload)
            .map_err(|reason| ReplayError::Decode { sequence, reason })?;
        match record.envelope.command {
            Command::OpenCentre(opening) if opening.logic_version != LOGIC_VERSION => {
                return Err(ReplayError::Version {
                    found: opening.logic_version,
                });
            }
            // The first record says how much the centre holds.
            Command::OpenCentre(opening) if self.centre.opening().is_none() => {
                self.centre = Centre::new(opening.capacities);
            }
            // An activation that was refused may name what never was at hand.
            Command::Activate(activation)
                if record.events.contains(&Event::ObjectActivated(activation)) =>
            {
                let object =
                    prepared(&self.objects, &activation).map_err(|reason| ReplayError::Object {
                        sequence,
                        activation,
                        reason,
                    })?;
                self.centre.prepare(object);
            }
            _ => {}
        }
        self.events.clear();
        self.centre
            .apply(record.at, &record.envelope, &mut self.events);
        if self.events != record.events {
            return Err(differs(sequence, &record.events, &self.events));
        }
        Ok(Some((sequence, record)))
    }

    /// Applies all that is left, up to `until`.
    pub fn run(mut self, until: Sequence) -> Result<Centre, ReplayError> {
        while self.step(until)?.is_some() {}
        Ok(self.centre)
    }

    /// The centre as far as it has been rebuilt.
    pub fn centre(&self) -> &Centre {
        &self.centre
    }
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
