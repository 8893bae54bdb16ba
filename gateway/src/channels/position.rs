//! How far the orders of the journal have been handed to the channels, kept beside it in the data folder.
//!
//! It decides nothing but one word: an order from before it may have been told already, and is told `again`. What is to be
//! told after a restart is the view's to say: every order that nobody has acknowledged and that has not ended.

use engine::id::Sequence;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file in the data folder.
const FILE: &str = "channels.position";

/// The position, as it was last written.
#[derive(Debug)]
pub struct Position {
    path: PathBuf,
    written: Sequence,
}

impl Position {
    /// What was written before; the beginning where nothing was, or nothing that can be read.
    pub fn open(data: &Path) -> Position {
        let path = data.join(FILE);
        let written = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().ok(),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(0),
            Err(_) => None,
        };
        if written.is_none() {
            tracing::warn!(
                file = FILE,
                "cannot be read; orders that are out are told as if for the first time"
            );
        }
        Position {
            path,
            written: Sequence(written.unwrap_or(0)),
        }
    }

    /// Up to which record orders may have been told.
    pub fn written(&self) -> Sequence {
        self.written
    }

    /// Writes the position down where it has moved: beside its name, then under it, so that half of one is never read.
    pub fn write(&mut self, sequence: Sequence) -> std::io::Result<()> {
        if sequence <= self.written {
            return Ok(());
        }
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, format!("{}\n", sequence.0))?;
        std::fs::rename(&fresh, &self.path)?;
        self.written = sequence;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_found_again_and_only_grows() {
        let dir = tempfile::tempdir().unwrap();
        let mut position = Position::open(dir.path());
        assert_eq!(position.written(), Sequence(0));
        position.write(Sequence(7)).unwrap();
        position.write(Sequence(5)).unwrap();
        assert_eq!(Position::open(dir.path()).written(), Sequence(7));
        std::fs::write(dir.path().join(FILE), "seven").unwrap();
        assert_eq!(Position::open(dir.path()).written(), Sequence(0));
    }
}
