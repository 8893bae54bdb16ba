//! Puts the commit into the program, so that `--version` says what was built. Without git, or outside a checkout, it is
//! "unknown"; it never fails a build. Runs again when HEAD moves.

use std::path::Path;
use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// A file of the repository's own folder, wherever that is; a worktree has it elsewhere.
fn watch(name: &str) {
    let path = git(&["rev-parse", "--git-path", name]);
    if let Some(path) = path.filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A folder that was unpacked inside another project's checkout is not that project.
    let tracked = git(&["ls-files", "--error-unmatch", "build.rs"]).is_some();
    let commit = git(&["rev-parse", "--short", "HEAD"]).filter(|_| tracked);
    for name in ["HEAD", "logs/HEAD", "packed-refs"] {
        watch(name);
    }
    if let Some(branch) = git(&["symbolic-ref", "HEAD"]) {
        watch(&branch);
    }
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=LIANDONG_COMMIT={commit}");
}
