//! Everything of Liandong that touches the outside: sockets, forms, certificates, configuration, the command line.
//!
//! Follow a call: [`wire`] reads it from a stream, `intake` makes the core's report and the testimony of it.
//! Nothing here decides anything about a call; that is the engine's.

pub mod client;
mod stream;
pub mod wire;
