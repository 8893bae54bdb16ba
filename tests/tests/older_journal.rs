//! A journal that an earlier build wrote is read by this one: sound, each record as it was written, the same state. Or, where
//! rules or formats have changed since, it is refused and told why.
//!
//! `KEPT_JOURNAL=write` writes the journal of this build anew; `docs/upgrade.md` says when.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::id::Sequence;
use engine::journal::{Reader, verify};
use engine::record::{LOGIC_VERSION, Record, RecordRef};
use engine::runtime::{Replay, ReplayError};
use std::path::{Path, PathBuf};
use tests::boundary::leave;
use tests::repository::root;

/// The rules of which a journal is kept.
const KEPT: [u32; 8] = [3, 4, 5, 6, 7, 8, 9, 10];
const COMMANDS: u64 = 60;
const BYTES_MAX: usize = 48 << 10;

/// Files by name, and the hash of the state that they come to.
type Kept = (Vec<(String, Vec<u8>)>, String);

fn path(rules: u32) -> PathBuf {
    root().join(format!("tests/fixtures/journal-rules-{rules}.zst"))
}

fn write() {
    let path = path(LOGIC_VERSION);
    assert!(!path.exists(), "what is kept is never written anew");
    let (files, hash) = leave(COMMANDS).unwrap();
    let bytes = postcard::to_stdvec(&(files, hash.to_string())).unwrap();
    let packed = zstd::encode_all(bytes.as_slice(), 19).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, packed).unwrap();
}

/// Unpacks a kept journal; the hash of its state.
fn unpack(rules: u32, folder: &Path) -> String {
    let packed = std::fs::read(path(rules)).unwrap();
    assert!(packed.len() <= BYTES_MAX, "{} bytes", packed.len());
    let bytes = zstd::decode_all(packed.as_slice()).unwrap();
    let (files, hash): Kept = postcard::from_bytes(&bytes).unwrap();
    for (name, bytes) in files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    hash
}

#[test]
fn a_journal_of_an_earlier_build_is_read_or_refused_by_name() {
    if std::env::var("KEPT_JOURNAL").is_ok_and(|what| what == "write") {
        write();
    }
    assert!(KEPT.contains(&LOGIC_VERSION), "no journal of these rules");
    KEPT.into_iter().for_each(reads_or_refuses);
}

fn reads_or_refuses(rules: u32) {
    let folder = tempfile::tempdir().unwrap();
    let hash = unpack(rules, folder.path());
    let verdict = verify(folder.path(), None).unwrap();
    assert!(verdict.is_sound() && verdict.tail.is_none(), "{verdict}");
    let mut reader = Reader::open(folder.path()).unwrap();
    let mut records = 0;
    while let Some(read) = reader.next(Sequence(u64::MAX)).unwrap() {
        let record = Record::decode(read.payload).unwrap();
        let mut again = Vec::new();
        RecordRef {
            at: record.at,
            envelope: &record.envelope,
            testimony: &record.testimony,
            events: &record.events,
        }
        .encode(&mut again);
        assert_eq!(again, read.payload, "record {}", read.sequence);
        records += 1;
    }
    assert_eq!(records, verdict.records);
    assert!(records > COMMANDS, "{records}");
    let replayed = Replay::new(folder.path()).and_then(|replay| replay.run(Sequence(u64::MAX)));
    if rules == LOGIC_VERSION {
        assert_eq!(replayed.unwrap().inspect().hash.to_string(), hash);
    } else {
        let refusal = replayed.err();
        let is_named = matches!(refusal, Some(ReplayError::Version { found }) if found == rules);
        assert!(is_named, "{refusal:?}");
    }
}
