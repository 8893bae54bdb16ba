//! What the benches share: the standard load of the design, on a centre of 10 000 units of which 60 % are busy.

mod auckland;
mod journalled;
mod recovery;
mod standard;

pub use auckland::auckland;
pub use recovery::{Recovery, RecoverySize};
pub use standard::{Standard, StandardSize};
