//! The committed corpus, played through every fuzz target; what once broke something is part of it.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use std::path::{Path, PathBuf};
use tests::fuzzed::{TARGETS, Target, seeds};
use tests::repository::root;

const FILES_MAX: usize = 200;
const FILE_BYTES_MAX: u64 = seeds::SEED_BYTES_MAX as u64;
const ALL_BYTES_MAX: u64 = 1 << 20;

fn folder() -> PathBuf {
    root().join("tests/fuzz/corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Whether a target holds for some bytes; a panic is told on the way.
fn holds(target: &Target, bytes: &[u8]) -> bool {
    std::panic::catch_unwind(|| (target.check)(bytes)).is_ok()
}

#[test]
fn the_corpus_holds() {
    let (mut played, mut broken) = (0, Vec::new());
    for target in TARGETS {
        let files = files(&folder().join(target.name));
        assert!(!files.is_empty(), "{} has no corpus", target.name);
        for file in &files {
            if !holds(target, &std::fs::read(file).unwrap()) {
                broken.push(file.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
        println!("{}: {} files", target.name, files.len());
        played += files.len();
    }
    println!("{played} files of {} targets", TARGETS.len());
    assert!(broken.is_empty(), "these break it: {broken:#?}");
}

#[test]
fn the_corpus_is_small_and_has_a_target() {
    let mut bytes = 0;
    for folder in files(&folder()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(
            TARGETS.iter().any(|target| target.name == name),
            "{name} is no target"
        );
        let files = files(&folder);
        assert!(files.len() <= FILES_MAX, "{name} has {} files", files.len());
        for file in files {
            let size = file.metadata().unwrap().len();
            assert!(
                size <= FILE_BYTES_MAX,
                "{} has {size} bytes",
                file.display()
            );
            bytes += size;
        }
    }
    assert!(bytes <= ALL_BYTES_MAX, "{bytes} bytes");
}

/// Every target has its binary, and no binary is without.
#[test]
fn every_target_has_a_binary() {
    let manifest = std::fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).unwrap();
    for target in TARGETS {
        let name = format!("name = \"{}\"", target.name);
        assert!(manifest.contains(&name), "{} has no binary", target.name);
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

/// Good inputs of the real encoders; with `FUZZ_SEEDS=FOLDER` they are also written there, for a fuzzer to start from.
#[test]
fn the_seeds_hold() {
    let out = std::env::var_os("FUZZ_SEEDS").map(PathBuf::from);
    let mut broken = Vec::new();
    for target in TARGETS {
        let seeds = seeds::of(target.name);
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            if !holds(target, seed) {
                broken.push(format!("{} seed {number}", target.name));
            }
            if let Some(out) = &out {
                let folder = out.join(target.name);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(format!("seed-{number:03}")), seed).unwrap();
            }
        }
        println!("{}: {} seeds", target.name, seeds.len());
    }
    assert!(broken.is_empty(), "these break it: {broken:#?}");
}
