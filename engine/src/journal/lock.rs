//! One writer a folder: an exclusive lock on the file `LOCK`, which also says who holds it.
//!
//! The lock is the kernel's and ends with the process, however that ends; the file stays. Readers take none.

use super::IoFault;
use super::disk::Held;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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

/// Takes the lock, or says who has it. It is held as long as the file is open.
pub(super) fn take(path: &Path) -> Result<Box<dyn Held>, LockError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(IoFault::at("open", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = holder(&file);
            let folder = path.parent().unwrap_or(path).to_path_buf();
            return Err(LockError::Held { folder, holder });
        }
        Err(TryLockError::Error(error)) => return Err(IoFault::at("lock", path)(error).into()),
    }
    file.set_len(0).map_err(IoFault::at("empty", path))?;
    writeln!(file, "{}", std::process::id()).map_err(IoFault::at("write", path))?;
    Ok(Box::new(file))
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
        let first = take(&folder.path().join("LOCK")).unwrap();
        let message = take(&folder.path().join("LOCK")).unwrap_err().to_string();
        assert!(
            message.contains(&format!("process {}", std::process::id())),
            "{message}"
        );
        drop(first);
        take(&folder.path().join("LOCK")).unwrap();
    }

    #[test]
    fn a_lock_file_full_of_garbage_is_only_a_name_lost() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(&folder.path().join("LOCK")).unwrap();
        std::fs::write(folder.path().join("LOCK"), [0xFF; 4_000]).unwrap();
        let message = take(&folder.path().join("LOCK")).unwrap_err().to_string();
        assert!(message.contains("another process"), "{message}");
        drop(first);
    }
}
