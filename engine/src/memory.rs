//! How much lies in memory: files that are mapped, numbers among their bytes without a copy, tables on large pages. The
//! crate's only unsafe code.
//!
//! A map of 300 000 nodes has tens of megabytes that are read at random: mapped from its file, opening it touches each page once to
//! check it, and nothing is copied; a centre, whose map is an object of its journal, copies these bytes once. A centre's own tables have hundreds of megabytes
//! and are read at random too: with pages of 4 KiB nearly every look at one also misses the processor's list of pages,
//! and each page costs an interruption when it is first written.

use memmap2::{Mmap, MmapMut};
use rustix::mm::{Advice, madvise};
use std::fs::File;
use std::path::Path;

#[cfg(target_endian = "big")]
compile_error!("a prepared map is little-endian and is read without a copy");

/// Bytes that stay as they are, beginning at a page.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

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
pub(crate) trait Element: Copy + sealed::Plain {}

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
pub(crate) fn elements<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: `Plain` is implemented for the machine's integers alone, for which any bytes are a value; `align_to` takes care
    // of where they begin.
    let (before, elements, behind) = unsafe { bytes.align_to::<T>() };
    (before.is_empty() && behind.is_empty()).then_some(elements)
}

/// Bytes of a large page.
const LARGE_PAGE: usize = 2 << 20;
/// Bytes of the smallest page there is; advice is given for whole ones.
const PAGE: usize = 4 << 10;

/// Room for so many values. A large one lies on large pages, where the machine has them: it is given whole, two mebibytes
/// at a time, as it is first written.
pub(crate) fn room<T>(values: usize) -> Vec<T> {
    let room = Vec::with_capacity(values);
    prefer_large_pages(&room);
    room
}

/// So many values that are all the same, on large pages if they are many.
pub(crate) fn filled<T: Clone>(value: T, values: usize) -> Vec<T> {
    let mut list = room(values);
    list.resize(values, value);
    list
}

/// The same list, of zeroes that nobody has written yet, on large pages if it is large.
pub(crate) fn on_large_pages<T>(list: Vec<T>) -> Vec<T> {
    prefer_large_pages(&list);
    list
}

/// Asks for large pages under a list's room, before it is written. Changes nothing that can be seen but time, and a refusal
/// leaves small pages.
#[allow(unsafe_code)]
fn prefer_large_pages<T>(list: &Vec<T>) {
    let bytes = list.capacity() * size_of::<T>();
    let unaligned = list.as_ptr().cast::<u8>().align_offset(PAGE);
    if bytes < 2 * LARGE_PAGE || unaligned >= bytes {
        return;
    }
    let whole = (bytes - unaligned) / PAGE * PAGE;
    let start = list.as_ptr().cast::<u8>().wrapping_add(unaligned);
    // SAFETY: the range lies within the list's own room, and this advice changes no byte of it.
    let advised = unsafe { madvise(start.cast_mut().cast(), whole, Advice::LinuxHugepage) };
    // A kernel without large pages refuses; small ones do as well.
    advised.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_table_is_what_a_small_one_is() {
        for values in [0, 1, 1_000, 3 << 20] {
            let list = filled((7u64, 3u32), values);
            assert!(list.len() == values && list.iter().all(|&value| value == (7, 3)));
            assert!(room::<[u8; 3]>(values).capacity() >= values);
        }
    }
}
