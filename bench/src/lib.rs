//! What the benches share: the standard load of the design, on a centre of 10 000 units of which 60 % are busy.

mod auckland;
<<<<<<< HEAD
mod journalled;
mod recovery;
mod standard;

pub use auckland::auckland;
pub use recovery::{Recovery, RecoverySize};
=======
mod road_load;
mod road_peers;
mod standard;

pub use auckland::auckland;
pub use road_load::{Latencies, RoadLoad};
pub use road_peers::Outwards;
>>>>>>> roads-search
pub use standard::{Standard, StandardSize};
