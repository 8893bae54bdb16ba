//! Liandong's load generator: traces, crews, paced replay and honest latencies.
//!
//! Drives a centre from outside through the gateway's client and never reaches into one; `simulate` alone holds one, in process, on
//! virtual time. Crews and callers are sans-IO, so that whoever drives a centre has the same.

pub mod caller;
pub mod capacity;
pub mod cli;
pub mod crew;
pub mod demo;
pub mod ground;
pub mod objective;
pub mod pace;
pub mod random;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod simulate;
pub mod synth;
pub mod trace;
pub mod watch;
