//! One writer a folder: an exclusive lock on the file `LOCK`, which also says who holds it.
//!
//! The lock is the kernel's and ends with the process, however that ends; the file stays. Readers take none.

use super::IoFault;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Held while it lives.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why the folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else writes there.
    #[error("the journal in {} is being written by {holder}; stop that, or use another folder", folder.display())]
    Held {
        /// Which folder.
        folder: PathBuf,
        /// Who, as far as the file says.
        holder: String,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFault),
}

impl FolderLock {
    /// Takes the lock, or says who has it.
    pub fn take(folder: &Path) -> Result<FolderLock, LockError> {
        let path = folder.join("LOCK");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(IoFault::at("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&file);
                return Err(LockError::Held {
                    folder: folder.to_path_buf(),
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(IoFault::at("lock", &path)(error).into()),
        }
        file.set_len(0).map_err(IoFault::at("empty", &path))?;
        writeln!(file, "{}", std::process::id()).map_err(IoFault::at("write", &path))?;
        Ok(FolderLock { _file: file })
    }
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    match file
        .take(16)
        .read_to_string(&mut text)
        .map(|_| text.trim().parse::<u32>())
    {
        Ok(Ok(id)) => format!("process {id}"),
        Ok(Err(_)) | Err(_) => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_opener_is_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let message = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains(&format!("process {}", std::process::id())),
            "{message}"
        );
        drop(first);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_lock_file_full_of_garbage_is_only_a_name_lost() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        std::fs::write(folder.path().join("LOCK"), [0xFF; 4_000]).unwrap();
        let message = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(message.contains("another process"), "{message}");
        drop(first);
    }
}
