//! The top level holds what the design names, and nothing else.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use std::collections::BTreeSet;
use std::process::Command;
use tests::repository::root;

const ALLOWED: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "README.md",
    "README.zh-CN.md",
    "bench",
    "docs",
    "engine",
    "gateway",
    "loadgen",
    "rustfmt.toml",
    "tests",
];
/// Made by running things; git ignores them.
const MADE: &[&str] = &[".git", "target", "liandong-data"];
const CRATES: &[&str] = &["engine", "gateway", "bench", "loadgen", "tests"];
/// In a crate's folder, with dependencies that nothing else may have: what the benches compare with.
const INSIDE: &[&str] = &["bench/peers"];

/// What git keeps; where there is no git, what lies there.
fn top_level() -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached"])
        .current_dir(root())
        .output();
    if let Ok(output) = listed
        && output.status.success()
    {
        let text = String::from_utf8(output.stdout).unwrap();
        return text
            .lines()
            .filter_map(|path| path.split('/').next().map(str::to_owned))
            .collect();
    }
    let entries = std::fs::read_dir(root()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| !MADE.contains(&name.as_str()))
        .collect()
}

#[test]
fn the_top_level_is_fixed() {
    let found = top_level();
    let strange: Vec<_> = found
        .iter()
        .filter(|name| !ALLOWED.contains(&name.as_str()))
        .collect();
    assert!(
        strange.is_empty(),
        "{strange:?} do not belong at the top level; it is fixed: {ALLOWED:?}"
    );
    for name in CRATES {
        assert!(found.contains(*name), "crate {name} is missing");
    }
}

#[test]
fn the_workspace_is_exactly_these_crates() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest
        .lines()
        .find(|line| line.starts_with("members"))
        .unwrap();
    let named: BTreeSet<_> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(named, CRATES.iter().chain(INSIDE).copied().collect());
    assert!(manifest.contains("resolver = \"3\"") && manifest.contains("edition = \"2024\""));
}
