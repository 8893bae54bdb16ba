//! The prepared map.
