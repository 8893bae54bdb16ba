//! A simulated world: a whole centre, its disk, its clients, its crews and its people in one thread, in virtual time,
//! from one seed.
//!
//! The centre is the real one ([`engine::runtime::stepped`]), stepped by hand, on a disk ([`disk`]) that tears and loses
//! what it may. A world has two phases: in the first everything goes wrong that its [`options`] say; then faults stop, and
//! every call must come to an end. Nothing is checked by the world itself: the [`checks`] hear what was released.
//!
//! `stage` moves time, `machine` is the process that runs and dies, `clients` ask and ask again, `traffic`, `callers`, `people`
//! and `roads` say what happens in a day.

mod agenda;
mod callers;
pub mod checks;
mod clients;
pub mod counters;
pub mod disk;
pub mod faults;
pub mod ground;
mod inode;
mod machine;
pub mod options;
mod people;
mod roads;
mod stage;
mod traffic;
pub mod unsynced;

pub use options::{Options, Planted};
pub use stage::{Failure, Report, run, run_caught};
