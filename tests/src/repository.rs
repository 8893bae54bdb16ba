//! The repository as files: its root, its sources, and the shared data beside it.
//!
//! It only reads. Nothing here knows what the files should say; the tests do.

use std::path::{Path, PathBuf};

/// The folder that holds the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// A file or folder of the shared data beside the repository, such as `domain/requirements.md`.
///
/// `None`, after one line that says so, where it is not there; under `CI=true` that is a failure.
///
/// # Panics
/// Under `CI=true`, when the file is missing: a build server must not skip.
pub fn shared(path: &str) -> Option<PathBuf> {
    let file = root().join("../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    let required = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(
        !required,
        "../shared/{path} is missing, and CI=true skips nothing"
    );
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// Every file of the crates with one of these extensions, as (path from the root, text); nothing that was built.
pub fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["engine", "gateway", "loadgen", "bench", "tests"] {
        collect(&root().join(folder), extensions, &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if path.is_dir() {
            if !matches!(name, "target" | "__pycache__" | ".venv" | "node_modules") {
                collect(&path, extensions, found);
            }
        } else if extensions
            .iter()
            .any(|&extension| path.extension().is_some_and(|is| is == extension))
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let path = path.strip_prefix(root()).unwrap_or(&path).to_path_buf();
            found.push((path, text));
        }
    }
}
