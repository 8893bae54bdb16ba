//! What is near: uniform grids over the plane, in decimetres.
//!
//! [`UnitGrid`] finds the unit that costs least to send, exactly; [`IncidentGrid`] lists what lies within a radius.
//! `cells` is the geometry they share. A grid is derived from the places of units and incidents, so it is no state of
//! its own: it is not written anywhere, and nothing it answers depends on the order in which it was filled (but see
//! [`IncidentGrid::within`]). Roads, speeds and turn-out times come in as functions of the straight distance.

pub(crate) mod cells;
mod incidents;
mod units;

pub use cells::{Bounds, CELLS_MAX, distance_dm, distance_of};
pub use incidents::IncidentGrid;
pub use units::{Choice, Cost, UnitGrid};
