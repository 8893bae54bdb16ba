//! What is said between a centre and the outside, whatever form it travels in.
//!
//! Two forms, [`frame`] (rkyv, ALPN `liandong/1`) and [`json`] (lines, ALPN `liandong-json/1`), meet in [`Request`]
//! and [`Response`]; whoever is behind them never knows which one a client speaks. A form checks types and
//! ranges; what the words mean for the centre is `intake`'s. A call and its facts are taken with whatever of them can
//! be read (bad fields are dropped and marked); acts of people and units are strict.

mod decision;
mod event;
pub mod frame;
pub mod json;
mod mend;
#[cfg(test)]
mod page;
mod problem;
mod request;
#[cfg(test)]
mod samples;

pub(crate) use decision::whole_seconds;
pub use decision::{Decision, Evidence, Forward, OrderLine, ShortLine};
pub(crate) use event::fields_of as event_fields;
pub use event::{Announced, EventNote};
pub(crate) use json::Strict;
pub(crate) use json::name_unit;
pub use problem::{Again, Problem, ProblemKind};
pub use request::{CallWords, FactsWords, Position, PositionError, Request, UnitReport};

use engine::id::Sequence;
use engine::moment::Moment;
use engine::order::OrderState;

/// The application protocol of rkyv frames.
pub const ALPN_FRAMES: &[u8] = b"liandong/1";
/// The application protocol of JSON lines.
pub const ALPN_JSON: &[u8] = b"liandong-json/1";

/// A client's own number for a request; its answer carries it back.
pub type Tag = u64;

/// One thing that a centre says to a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// What was decided about a call.
    Decision {
        /// The request's.
        tag: Option<Tag>,
        /// The decision.
        decision: Box<Decision>,
    },
    /// It was not done.
    Problem {
        /// The request's, where it could be read.
        tag: Option<Tag>,
        /// Why.
        problem: Problem,
    },
    /// It was done.
    Done {
        /// The request's.
        tag: Option<Tag>,
        /// The record of it.
        seq: Sequence,
        /// Where the order stands now, when it was about one.
        state: Option<OrderState>,
    },
    /// Time stands here now.
    Advanced {
        /// The request's.
        tag: Option<Tag>,
        /// Centre time.
        now: Moment,
        /// The last record so far.
        seq: Sequence,
        /// The next deadline, if any clock runs.
        next_due: Option<Moment>,
    },
    /// Something happened that the client subscribed to.
    Event(EventNote),
}

impl Response {
    /// The tag of the request that it answers.
    pub const fn tag(&self) -> Option<Tag> {
        match self {
            Response::Decision { tag, .. }
            | Response::Problem { tag, .. }
            | Response::Done { tag, .. }
            | Response::Advanced { tag, .. } => *tag,
            Response::Event(_) => None,
        }
    }
}
