//! Choosing: who is nearest, and who is served first when nobody is free.
//!
//! `travel` is the seam for the road network, `surcharge` what counts beside the time, `shortlist` who is compared by both, `queue` holds what waits. The search over moving units is
//! [`crate::place::grid::UnitGrid`]; what ties them together is the centre.

pub mod queue;
pub mod shortlist;
pub mod surcharge;
pub mod travel;
