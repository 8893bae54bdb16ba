//! Writes a map: whole under another name, synced, then renamed. Whoever has the old one mapped keeps it.

use super::Sections;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a map was not written. The old file of that name, if there was one, is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", path.display())]
pub struct WriteError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl Sections {
    /// Writes the file and returns how many bytes it has.
    pub fn write(&self, path: &Path) -> Result<u64, WriteError> {
        let bytes = self.file();
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}.new", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let written = put(&fresh, &bytes).and_then(|()| fs::rename(&fresh, path));
        let synced = written.and_then(|()| sync_folder(path));
        synced.map_err(|source| {
            // What is half-written goes; the reason why it is half-written is what the caller needs to hear.
            drop(fs::remove_file(&fresh));
            WriteError {
                path: path.to_owned(),
                source,
            }
        })?;
        Ok(bytes.len() as u64)
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
