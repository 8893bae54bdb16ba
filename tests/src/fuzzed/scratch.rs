//! A folder for one check, in memory where there is such a place: a sync costs nothing there.

use std::path::Path;
use tempfile::TempDir;

const IN_MEMORY: &str = "/dev/shm";

/// An empty folder, gone when it is dropped.
pub fn folder() -> TempDir {
    let builder = |parent: &Path| tempfile::Builder::new().prefix("fuzzed").tempdir_in(parent);
    builder(Path::new(IN_MEMORY))
        .or_else(|_| builder(&std::env::temp_dir()))
        .expect("a folder for what is checked")
}
