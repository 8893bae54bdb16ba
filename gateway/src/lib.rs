//! Everything of Liandong that touches the outside: sockets, forms, certificates, configuration, the command line.
//!
//! Follow a call: `quic::connection` reads it from a stream, [`wire`] makes it a request, [`intake`] the core's report and
//! the testimony of it, `exchange` hands it to the writer in its lane. The reply comes back to a worker of
//! `exchange`, `answering` words it, `link` and `stream` carry it out. Orders go out through `feed`, `announce` and
//! `quic::subscription`. [`serve`] starts and ends all of it. Nothing here decides anything about a call; that is the
//! engine's.

mod acts;
mod announce;
mod answering;
pub mod cli;
pub mod client;
pub mod config;
mod console;
mod exchange;
mod feed;
mod follow;
mod history;
mod http;
pub mod intake;
mod link;
mod names;
mod quic;
pub mod serve;
mod stream;
pub mod wire;
