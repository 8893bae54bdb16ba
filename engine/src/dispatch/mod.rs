//! From needs to orders.
//!
//! `queue` keeps what could not be served yet, in the order in which it will be.

pub mod queue;
