//! Replays a trace into a centre through QUIC: at the trace's own times on a driven clock, or at a rate on the wall's.
//!
//! [`driven`] moves the centre's time and can give the same state twice; [`rate`] measures load alone. Both tell a
//! [`Tally`](crate::report::tally::Tally), of which the summary is made.

pub mod answers;
pub mod calling;
pub mod driven;
pub mod field;
pub mod link;
pub mod own;
pub mod rate;
pub mod redials;
pub mod repeats;
pub mod stats;
pub mod words;

use crate::crew::{Behaviour, Crews};
use crate::pace::Arrivals;
use crate::simulate::county::Ground;
use crate::trace::TraceError;
use engine::moment::Span;
use gateway::client::{ClientError, Trust};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What both ways of replaying need.
#[derive(Clone, Debug)]
pub struct Options {
    /// The trace.
    pub trace: PathBuf,
    /// The centre.
    pub to: SocketAddr,
    /// Whose certificate is believed.
    pub trust: Trust,
    /// How crews behave; `None`: there are none.
    pub crews: Option<Behaviour>,
    /// Where crews belong and what they drive by; `None`: each stays where its order ended, and drives in a straight line.
    pub ground: Option<Arc<Ground>>,
    /// How callers behave beyond what the trace says; `None`: as the trace says.
    pub callers: Option<crate::caller::behaviour::Behaviour>,
    /// Decides what crews and callers do, and when calls come at random.
    pub seed: u64,
    /// Goes before every key, so that a trace can be replayed again.
    pub run_id: Option<String>,
    /// Where the centre says its sequence and state hash.
    pub stats: Option<String>,
    /// Where every answered key goes, as CSV.
    pub answers: Option<PathBuf>,
    /// No progress line.
    pub quiet: bool,
}

impl Options {
    /// The crews of a run, if it has any.
    fn crews(&self) -> Option<Crews> {
        let (behaviour, seed) = (self.crews?, self.seed);
        Some(match &self.ground {
            Some(ground) => ground.crews(behaviour, seed),
            None => Crews::new(behaviour, seed),
        })
    }
}

/// Moves a driven centre's time.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Centre seconds a second; infinite: as fast as it goes.
    pub times: f64,
    /// Stop after so long on the wall.
    pub at_most: Option<Duration>,
    /// Centre time after the last call in which crews may still finish.
    pub settle: Span,
}

/// Sends by phases on the wall clock.
#[derive(Clone, Debug)]
pub struct Rate {
    /// When calls come.
    pub arrivals: Arrivals,
    /// Connections for calls.
    pub connections: usize,
    /// Streams a connection.
    pub streams: usize,
    /// How long after the last call answers are waited for.
    pub settle: Duration,
    /// Subscribe, so that double orders show; crews and callers need it.
    pub subscribe: bool,
}

/// Why a run did not come to its summary.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The trace has no row.
    #[error("{0} has no row; there is nothing to replay")]
    Empty(String),
    /// The trace does not fit in memory.
    #[error(
        "{trace} has more than {rows_max} rows; on the wall clock they are all held in memory: split it, or use --speed"
    )]
    TooLong {
        /// Which.
        trace: String,
        /// How many there may be.
        rows_max: usize,
    },
    /// No connection, or it is gone and does not come back.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file cannot be written.
    #[error("{file}: {source}")]
    File {
        /// Its path.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The centre's figures cannot be read.
    #[error(
        "{url}: {reason}; --stats takes the address of /v1/stats, as in http://127.0.0.1:8110/v1/stats"
    )]
    Stats {
        /// What was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The run says nothing about the centre.
    #[error("this run is invalid: {0}")]
    Invalid(String),
}

impl ReplayError {
    /// The exit code that a script sees.
    pub const fn exit_code(&self) -> u8 {
        match self {
            ReplayError::Invalid(_) => 2,
            ReplayError::Trace(_)
            | ReplayError::Empty(_)
            | ReplayError::TooLong { .. }
            | ReplayError::Client(_)
            | ReplayError::File { .. }
            | ReplayError::Stats { .. } => 1,
        }
    }
}
