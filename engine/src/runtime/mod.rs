//! Placeholder.
pub mod port;
