//! Reads a file through one buffer, so that walking over many small batches is few system calls.
//!
//! Bytes beyond the end of the file are zero, as are those not yet written: a shortened segment and an unfinished
//! one look alike. What is buffered may be older than the file; whoever finds no batch asks [`Window::forget`] and
//! looks again.

use super::IoFault;
use super::disk::{Access, Folder, OpenFile};

const WINDOW_BYTES: u64 = 256 << 10;

pub(super) struct Window {
    file: OpenFile,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn open(folder: &Folder, name: &str) -> Result<Window, IoFault> {
        let file = folder.open(name, Access::Read)?;
        Ok(Window {
            file,
            start: 0,
            bytes: Vec::new(),
        })
    }

    /// The bytes at an offset. The length is the caller's to bound.
    pub(super) fn at(&mut self, offset: u64, length: usize) -> Result<&[u8], IoFault> {
        let end = self.start + self.bytes.len() as u64;
        if offset < self.start || offset + length as u64 > end {
            let ahead = self.file_bytes()?.saturating_sub(offset).min(WINDOW_BYTES);
            self.fill(offset, length.max(ahead as usize))?;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + length])
    }

    /// The length of the file now.
    pub(super) fn file_bytes(&self) -> Result<u64, IoFault> {
        self.file.length()
    }

    pub(super) fn forget(&mut self) {
        self.bytes.clear();
    }

    fn fill(&mut self, offset: u64, length: usize) -> Result<(), IoFault> {
        self.start = offset;
        self.bytes.clear();
        self.bytes.resize(length, 0);
        let read = self.file.read(&mut self.bytes, offset);
        if read.is_err() {
            self.bytes.clear();
        }
        read.map(drop)
    }
}
