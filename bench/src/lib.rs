//! What the benches share: the standard load of the design, on a centre of 10 000 units of which 60 % are busy.

mod auckland;
mod journalled;
mod recovery;
mod road_load;
mod road_peers;
mod shares;
mod standard;
pub mod wording;

pub use auckland::auckland;
pub use recovery::{Recovery, RecoverySize};
pub use road_load::{Latencies, Moves, RoadLoad};
pub use road_peers::Outwards;
pub use shares::{Shares, SharesSize};
pub use standard::{Policies, Standard, StandardSize};
