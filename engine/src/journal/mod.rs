//! The journal: what was said and decided, on disk before anyone is told.
//!
//! A record is opaque here, bytes that the runtime encodes. This module owns how records are framed, chained,
//! made durable, found again and proved undamaged. It never reads a clock, starts a thread or retries a failed write.
//!
//! ```text
//! <folder>/LOCK                     held by the one process that writes; holds its process id
//! <folder>/0000000000000001.log     a segment, named by the first sequence it holds, in hexadecimal
//! <folder>/000000000001f3a0.log     the one after it
//! <folder>/EPOCH                    how often the centre was started
//! <folder>/next.new                 the segment to come, being filled with zeros; no part of the journal
//! <folder>/objects/<hash>           plans, lexicons, cities, by content
//! <folder>/snapshots/…              what all records up to one came to
//!
//! a segment   │ header 512 │ batch │ batch │ … │ mark │ zeros to the end │
//! a batch     │ header 128 │ frame 40 + payload │ frame 40 + payload │ … │ zeros to a multiple of 512 │
//! ```
//!
//! On the way down: [`batch`] (filled by the writer) → [`committer`] (one thread, one sync a group) → [`log`] (the
//! seam) → [`files`] → [`segment`]. On the way up: `walk` (checks the chain) → [`reader`], [`recovery`], [`mod@verify`].
//! [`header`] and [`frame`] fix the bytes.

pub mod backup;
pub mod batch;
pub mod chain;
pub mod committer;
pub mod disk;
pub mod fault;
pub mod files;
pub mod frame;
pub mod header;
pub mod lock;
pub mod log;
pub mod objects;
pub mod reader;
pub mod recovery;
pub mod retention;
pub mod segment;
pub mod shape;
pub mod snapshot;
pub mod verify;
mod walk;
mod window;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod segment_damage_tests;

pub use batch::Batch;
pub use chain::{Chain, Damage, Flaw};
pub use committer::{Committer, Feed, Filled, Release, Watch};
pub use disk::{Disk, Folder};
pub use files::Files;
pub use log::{AppendError, Log, RecordRef, Records};
pub use objects::Objects;
pub use reader::{ReadError, Reader};
pub use recovery::{OpenError, Proved, Recovery, open, open_from};
pub use shape::{Durability, Shape};
pub use snapshot::{Snapshot, SnapshotError, SnapshotHeader, Snapshots};
pub use verify::{Verdict, verify};
pub use walk::{Cut, Place};

use std::path::{Path, PathBuf};

/// Batches start at multiples of this many bytes, so that a write never touches a sector that holds durable bytes.
///
/// 512 is the sector that drives write whole or, with 4096-byte sectors under it, rewrite without losing the
/// neighbours on a power cut. 4096 would be safe on the drives that do not, but makes a quiet centre, where most
/// batches hold one record, write eight times as much; should it happen, the loss is found and said, not hidden.
pub const BLOCK_BYTES: u64 = 512;

/// The first multiple of [`BLOCK_BYTES`] at or after `bytes`.
pub(crate) const fn aligned(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES)
}

/// Something that the operating system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct IoFault {
    /// What was tried.
    pub doing: &'static str,
    /// With which file or folder.
    pub path: PathBuf,
    /// What it said.
    pub source: std::io::Error,
}

impl IoFault {
    /// Names the place of an error: `.map_err(IoFault::at("open", path))`.
    pub fn at<'a>(
        doing: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> IoFault + 'a {
        move |source| IoFault {
            doing,
            path: path.to_path_buf(),
            source,
        }
    }
}
