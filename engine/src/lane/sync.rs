//! The atomics and the parking that are checked under loom; everything else takes std's.
//!
//! Under `--cfg engine_loom` a park has no timeout: a lost wake-up is then a deadlock that loom reports.

#[cfg(not(engine_loom))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU64, fence},
    thread::{Thread, current, park_timeout},
};

#[cfg(engine_loom)]
pub(crate) use loom::{
    sync::atomic::{AtomicBool, AtomicU64, fence},
    thread::{Thread, current},
};

#[cfg(engine_loom)]
pub(crate) fn park_timeout(_: std::time::Duration) {
    loom::thread::park();
}
