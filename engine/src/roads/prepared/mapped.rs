//! Bytes of a file as they lie in memory, and numbers among them without a copy. The crate's only unsafe code.
//!
//! A map of 300 000 nodes has tens of megabytes that a centre reads at random: mapped, a start touches each page once to
//! check it, centres on one machine share them, and nothing is copied.

use memmap2::{Mmap, MmapMut};
use std::fs::File;
use std::path::Path;

#[cfg(target_endian = "big")]
compile_error!("a prepared map is little-endian and is read without a copy");

/// Bytes that stay as they are, beginning at a page.
#[derive(Debug)]
pub(super) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file.
    #[allow(unsafe_code)]
    pub fn open(path: &Path) -> std::io::Result<Mapped> {
        let file = File::open(path)?;
        // SAFETY: a mapping is sound as long as nobody changes or shortens the file under it. Whoever writes maps here writes
        // a new file and renames it over the old name (`write`), which leaves the mapped one as it is until it is unmapped;
        // the folder of a centre is its own (0700), and docs/roads.md says not to edit maps in place.
        unsafe { Mmap::map(&file) }.map(Mapped)
    }

    /// A copy of these bytes, laid out like a file; `None` when there are none, or no memory for them.
    pub fn copy(bytes: &[u8]) -> Option<Mapped> {
        let mut copy = MmapMut::map_anon(bytes.len().max(1)).ok()?;
        copy.get_mut(..bytes.len())?.copy_from_slice(bytes);
        (!bytes.is_empty()).then_some(())?;
        copy.make_read_only().ok().map(Mapped)
    }

    /// All of them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A number that any bytes are.
pub(super) trait Element: Copy + sealed::Plain {}

mod sealed {
    /// Numbers of the machine alone: no padding, no invalid value.
    pub trait Plain {}
    impl Plain for u8 {}
    impl Plain for u32 {}
    impl Plain for i32 {}
    impl Plain for u64 {}
    impl Plain for i64 {}
}

impl<T: Copy + sealed::Plain> Element for T {}

/// These bytes as numbers; `None` when they do not begin where such numbers may, or a piece is left over.
#[allow(unsafe_code)]
pub(super) fn elements<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: `Plain` is implemented for the machine's integers alone, for which any bytes are a value; `align_to` takes care
    // of where they begin.
    let (before, elements, behind) = unsafe { bytes.align_to::<T>() };
    (before.is_empty() && behind.is_empty()).then_some(elements)
}
