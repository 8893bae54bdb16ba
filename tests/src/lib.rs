//! What the tests that cross Liandong's crates share. The tests themselves are in `tests/` (Rust) and `python/`
//! (end to end, by a client in another language); `tests/run` runs all of both.

pub mod boundary;
pub mod checks;
pub mod duel;
pub mod fuzzed;
pub mod local_plans;
pub mod model;
pub mod repository;
pub mod roads;
pub mod world;
