//! The channel `log`: one JSON line an order, in a file of the data folder or on stderr, for whatever reads it there.
//!
//! The file is moved aside when it has grown, and the oldest of those goes: it never takes more than so much of the disk.

use super::answer::{Answer, Failure};
use serde::Deserialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file in the data folder; older ones end in `.1`, `.2` and so on.
pub const FILE: &str = "orders.jsonl";
/// Files that are kept beside the one that grows.
const KEPT: u32 = 3;

/// Where the log channel writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineTarget {
    /// A file of the data folder.
    #[default]
    File,
    /// Standard error, among the log.
    Stderr,
}

/// What the log channel writes into.
#[derive(Debug)]
pub struct Lines(Mutex<Open>);

#[derive(Debug)]
struct Open {
    target: LineTarget,
    path: PathBuf,
    most: u64,
    file: Option<(File, u64)>,
}

impl Lines {
    /// Nothing is opened before the first line.
    pub fn new(data: &Path, target: LineTarget, most: u64) -> Lines {
        Lines(Mutex::new(Open {
            target,
            path: data.join(FILE),
            most,
            file: None,
        }))
    }

    /// Writes one line. Waits for the disk: not for a thread that others need.
    pub fn write(&self, line: &str) -> Result<Answer, Failure> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.write(line).map_err(|error| {
            // Whatever is wrong with the file, the next line opens it anew.
            open.file = None;
            Failure::File(error.kind())
        })?;
        Ok(Answer {
            acknowledged: false,
        })
    }
}

impl Open {
    fn write(&mut self, line: &str) -> std::io::Result<()> {
        let bytes = format!("{line}\n").into_bytes();
        match self.target {
            LineTarget::Stderr => std::io::stderr().lock().write_all(&bytes),
            LineTarget::File => {
                let more = bytes.len() as u64;
                let (file, written) = self.room_for(more)?;
                file.write_all(&bytes)?;
                *written += more;
                Ok(())
            }
        }
    }

    /// The file, with room for so many bytes.
    fn room_for(&mut self, more: u64) -> std::io::Result<&mut (File, u64)> {
        let full = |&(_, written): &(File, u64)| written > 0 && written + more > self.most;
        let mut held = match self.file.take() {
            Some(held) => held,
            None => self.open()?,
        };
        if full(&held) {
            self.move_aside()?;
            held = self.open()?;
        }
        Ok(self.file.insert(held))
    }

    fn open(&self) -> std::io::Result<(File, u64)> {
        let mut how = OpenOptions::new();
        let file = how.create(true).append(true).mode(0o600).open(&self.path)?;
        let written = file.metadata()?.len();
        Ok((file, written))
    }

    fn move_aside(&self) -> std::io::Result<()> {
        let older = |age: u32| match age {
            0 => self.path.clone(),
            age => self.path.with_extension(format!("jsonl.{age}")),
        };
        for age in (0..KEPT).rev() {
            match std::fs::rename(older(age), older(age + 1)) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_grows_so_far_and_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let write = |lines: &Lines, number: u32| lines.write(&format!("{number:09}")).unwrap();
        let lines = Lines::new(dir.path(), LineTarget::File, 35);
        for number in 1..=20 {
            write(&lines, number);
        }
        // What was there is gone on with.
        let lines = Lines::new(dir.path(), LineTarget::File, 35);
        write(&lines, 21);
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read(FILE), "000000019\n000000020\n000000021\n");
        assert_eq!(read("orders.jsonl.1"), "000000016\n000000017\n000000018\n");
        assert_eq!(read("orders.jsonl.3"), "000000010\n000000011\n000000012\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(dir.path().join(FILE))
                .unwrap()
                .permissions(),
        );
        assert_eq!(mode & 0o077, 0, "nobody else reads it");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let lines = Lines::new(&dir.path().join("later"), LineTarget::File, 100);
        let missing = Failure::File(std::io::ErrorKind::NotFound);
        assert_eq!(lines.write("x"), Err(missing));
        std::fs::create_dir(dir.path().join("later")).unwrap();
        assert!(lines.write("x").is_ok());
    }
}
