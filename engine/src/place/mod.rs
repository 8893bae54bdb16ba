//! Where things are: points, placed calls, districts by number.
//!
//! A position is in units of 1e-7 degree on WGS-84, whatever datum it came in. `datum` brings it there,
//! `projection` takes it to the plane on which distances are reckoned, `grid` finds what is near.

pub mod datum;
pub mod grid;
pub mod projection;

use crate::kind::vocabulary;
use serde::{Deserialize, Serialize};

/// A position on WGS-84 in units of 1e-7 degree (about 1 cm).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Point {
    /// Latitude, north positive; within ±90°.
    pub lat_e7: i32,
    /// Longitude, east positive; within ±180°.
    pub lon_e7: i32,
}

/// A district of the city, by the number the city's own table gives it (never by its row).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DistrictId(pub u32);

vocabulary! {
    /// What sort of district: clocks differ by this (X6).
    Zone {
        /// The county town.
        Town = "town",
        /// Around it.
        Suburb = "suburb",
        /// A township.
        Township = "township",
    }
}

/// Where a position came from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceSource {
    /// A person at the centre set it.
    Person,
    /// The caller's own position, as the carrier or the device gave it.
    Caller,
    /// The cell that carried the call (N4).
    Cell,
}

/// A usable place of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Where.
    pub point: Point,
    /// How far off it may be, in metres.
    pub radius_m: u32,
    /// Who says so.
    pub source: PlaceSource,
    /// The district it lies in; `None` is outside the served area.
    pub district: Option<DistrictId>,
}
