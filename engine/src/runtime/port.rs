//! What crosses between a running centre and the world around it: submissions in, replies and released
//! records out. Everything here is plain data; the threads are in the parent module.

use crate::answer::Answer;
use crate::centre::Prepared;
use crate::command::{Activation, Actor, Envelope};
use crate::id::Sequence;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// Where a reply goes: a worker of the gateway, and a token that only this worker understands. It is never in
/// state and never in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index of the worker's reply ring.
    pub worker: u16,
    /// The worker's own: which connection, which request.
    pub token: u64,
}

/// One thing brought to the writer.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Where the reply goes; `None` when nobody waits for one.
    pub origin: Option<Origin>,
    /// What is wanted.
    pub wish: Wish,
}

/// What can be wanted of the writer.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // nearly all wishes are commands
pub enum Wish {
    /// To carry out a command.
    Command {
        /// Who says what.
        envelope: Envelope,
        /// Their own words, encoded; may be empty.
        testimony: Box<[u8]>,
    },
    /// To move a driven centre's time; refused on the wall clock.
    Advance {
        /// The new time, not before the old one.
        to: Moment,
    },
    /// To decide with this object from here on. It is stored and prepared already, so the writer only takes it up.
    Activate {
        /// Who says so.
        actor: Actor,
        /// Which object.
        activation: Activation,
        /// The object itself.
        object: Prepared,
        /// Their own words, encoded; may be empty.
        testimony: Box<[u8]>,
    },
    /// To read off sequence, state hash and conservation at one point.
    Inspect,
}

/// What the writer says to one wish, once everything it rests on is durable.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Where it goes.
    pub origin: Origin,
    /// The record it rests on.
    pub sequence: Sequence,
    /// Centre time of that record.
    pub at: Moment,
    /// What is said.
    pub body: ReplyBody,
}

/// What is said in a reply.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant)] // most replies are answers to calls
pub enum ReplyBody {
    /// To a command.
    Answer(Answer),
    /// Time stands here now.
    Advanced {
        /// Centre time.
        now: Moment,
        /// The next deadline, if any clock runs.
        next_due: Option<Moment>,
    },
    /// Time was not moved.
    NotAdvanced(AdvanceRefusal),
    /// What was read off.
    Inspected(Inspection),
}

/// Why time was not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceRefusal {
    /// The centre lives on the wall clock.
    #[error(
        "this centre lives on the wall clock; start it with --clock driven to advance its time"
    )]
    WallClock,
    /// The time lies before the centre's.
    #[error("the centre's time is past that already; time never moves backward")]
    Backward,
}

/// State at one sequence, read off by the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The last record that the state holds.
    pub sequence: Sequence,
    /// Centre time.
    pub now: Moment,
    /// BLAKE3 over the whole state.
    pub hash: crate::id::ObjectHash,
    /// How calls add up.
    pub conservation: Conservation,
}

/// How calls add up at one sequence: each accepted key is exactly one of decided and refused; nothing in the
/// state is in flight between two commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conservation {
    /// Keys that were taken for the first time.
    pub accepted: u64,
    /// Of these: units ordered at once.
    pub ordered: u64,
    /// Of these: joined an open incident.
    pub merged: u64,
    /// Of these: sent to another centre's line.
    pub forwarded: u64,
    /// Of these: became a work order.
    pub work_order: u64,
    /// Of these: put before a person.
    pub human: u64,
    /// Of these: needs stand, no unit yet.
    pub waiting: u64,
    /// Of these: refused aloud.
    pub refused: u64,
    /// Keys that came again.
    pub repeated: u64,
    /// Of these: with another body.
    pub conflicts: u64,
    /// Needs that wait for a unit now; those that wait for a place or are a drill are not counted.
    pub needs_waiting: u64,
    /// Incidents that are open now.
    pub incidents_open: u64,
    /// Orders that are open now.
    pub orders_open: u64,
}

impl Conservation {
    /// Whether every accepted key is exactly one of decided and refused.
    pub const fn holds(&self) -> bool {
        self.accepted
            == self.ordered
                + self.merged
                + self.forwarded
                + self.work_order
                + self.human
                + self.waiting
                + self.refused
    }
}
