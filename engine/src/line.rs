//! Placeholder.
use serde::{Deserialize, Serialize};
/// The dialled number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Line(pub u32);
