//! What comes back from a channel: that it was taken, perhaps an acknowledgement, or why not.

use axum::http::StatusCode;

/// Bytes of an answer that are read; of its head twice as many.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// What came back from somebody who was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Somebody says yes to the order.
    pub acknowledged: bool,
}

/// Why somebody was not told. Says nothing of the address: it ends up in logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody listens at the unit's subscription.
    #[error("no device of the unit listens")]
    NobodyListens,
    /// No connection.
    #[error("no connection ({0})")]
    Connection(std::io::ErrorKind),
    /// Not within its time.
    #[error("no answer in time")]
    Time,
    /// Not a whole answer.
    #[error("the answer broke off, or is no HTTP")]
    Broken,
    /// More than is read.
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    Long,
    /// It points elsewhere.
    #[error("a redirect ({0}), which is not followed")]
    Redirect(StatusCode),
    /// It was refused.
    #[error("refused ({0})")]
    Refused(StatusCode),
    /// The file of the log channel.
    #[error("the file cannot be written ({0})")]
    File(std::io::ErrorKind),
    /// It cannot be put in words.
    #[error("it cannot be written down")]
    Words,
}
