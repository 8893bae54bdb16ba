//! Everything of Liandong that touches the outside: sockets, forms, certificates, configuration, the command line.
//!
//! Follow a call: `quic::connection` reads it from a stream, [`wire`] makes it a request, [`intake`] the core's report and
//! the testimony of it, `exchange` hands it to the writer in its lane. The reply comes back to a worker of
//! `exchange`, `answering` words it, `link` and `stream` carry it out. Orders go out through `feed`, `announce`,
//! `quic::subscription` and `channels`. [`serve`] starts and ends all of it. Nothing here decides anything about a call; that is the
//! engine's.

mod acts;
mod announce;
mod answering;
pub mod board;
mod channels;
pub mod cli;
pub mod client;
mod columns;
pub mod config;
mod console;
mod exchange;
pub mod explain;
mod feed;
mod figures;
mod follow;
mod history;
mod http;
pub mod intake;
pub mod language;
mod link;
mod local_time;
pub mod log;
pub mod machine;
mod names;
#[cfg(test)]
mod played;
mod quic;
pub mod records;
pub mod report;
mod roads;
pub mod serve;
mod stream;
pub mod wire;

#[doc(hidden)]
pub use http::untrusted;

/// Version and commit, as `--version` says them.
pub const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("LIANDONG_COMMIT"),
    ")"
);
