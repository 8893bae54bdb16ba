//! From what a map or a table says to a [`Network`]: read, judged, repaired aloud.
//!
//! `csv` and `osm` each leave a [`Draft`] and note in a [`Report`] what they read, dropped and repaired; `settle` makes it a
//! network: duplicates out, the largest strongly connected part kept, everything sorted. `decimal` reads numbers from
//! their digits, `ground` measures segments; both in integers, so that two builds give the same bytes on every machine.

pub mod csv;
mod decimal;
mod ground;
pub mod osm;
mod report;
mod settle;

pub use ground::length_mm;
pub use report::{Finding, Report, Verdict};
pub use settle::{Draft, SettleError, settle};

use super::network::Network;

/// The attribution of every map made from OpenStreetMap data.
pub const OPENSTREETMAP: &str = "© OpenStreetMap contributors";

/// A network and how it came about.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What can be driven.
    pub network: Network,
    /// What was read, dropped and repaired.
    pub report: Report,
}
