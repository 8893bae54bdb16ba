//! The texts that callers are taken to say: each row is whole, no two are too alike, every kind is there.
//!
//! What they are for and how they were written stands in `tests/texts/README.md`.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::kind::{Agency, Kind, Nature};
use engine::line::Line;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use tests::repository::root;

/// Of the trigrams of the shorter of two texts, so many in a hundred may be in the longer one too.
const SHARED_PERCENT_MAX: usize = 60;
/// Shorter ones say too little to be compared.
const TRIGRAMS_MIN: usize = 4;
/// The files that are never tuned on.
const KEPT_BACK: [&str; 2] = ["fresh", "unseen"];
/// Texts of each kind, in the files that are never tuned on together and in all others together.
const OF_KIND_MIN: [usize; 2] = [8, 40];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    id: String,
    line: String,
    text: String,
    kind: String,
    agencies: Vec<String>,
    priority: u8,
    nature: String,
}

/// All texts, by file.
fn texts() -> BTreeMap<String, Vec<Text>> {
    let folder = root().join("tests/texts");
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let rows = std::fs::read_to_string(&path).unwrap();
        let row = |(number, row): (usize, &str)| {
            serde_json::from_str(row)
                .unwrap_or_else(|error| panic!("{name}.jsonl, line {}: {error}", number + 1))
        };
        texts.insert(name.clone(), rows.lines().enumerate().map(row).collect());
    }
    assert!(texts.len() >= 10, "{:?}", texts.keys());
    texts
}

#[test]
fn every_row_is_whole() {
    let mut ids = BTreeSet::new();
    for row in texts().values().flatten() {
        let id = &row.id;
        assert!(ids.insert(id.clone()), "{id} stands twice");
        assert!(Kind::from_code(&row.kind).is_some(), "{id}: {}", row.kind);
        assert!(
            Nature::from_code(&row.nature).is_some(),
            "{id}: {}",
            row.nature
        );
        assert!((1..=4).contains(&row.priority), "{id}: {}", row.priority);
        assert!(row.line.parse::<Line>().is_ok(), "{id}: {}", row.line);
        let agencies: BTreeSet<_> = row.agencies.iter().collect();
        assert_eq!(agencies.len(), row.agencies.len(), "{id}: one agency twice");
        let is_nobody = row.agencies == ["none"];
        let are_known = agencies
            .iter()
            .all(|code| Agency::from_code(code).is_some());
        assert!(
            !agencies.is_empty() && (is_nobody || are_known),
            "{id}: {agencies:?}"
        );
    }
}

#[test]
fn every_kind_is_there() {
    for is_kept_back in [true, false] {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let texts = texts();
        let files = texts
            .iter()
            .filter(|(name, _)| KEPT_BACK.contains(&name.as_str()) == is_kept_back);
        for row in files.flat_map(|(_, rows)| rows) {
            *counts.entry(&row.kind).or_default() += 1;
        }
        for &kind in Kind::ALL {
            // What nobody has said yet is no text.
            if kind != Kind::Unknown {
                let count = counts.get(kind.code()).copied().unwrap_or(0);
                assert!(
                    count >= OF_KIND_MIN[usize::from(!is_kept_back)],
                    "{}: {count}",
                    kind.code()
                );
            }
        }
    }
}

#[test]
fn no_two_are_too_alike() {
    let texts = texts();
    let rows: Vec<&Text> = texts.values().flatten().collect();
    let mut grams: Vec<BTreeSet<[char; 3]>> = Vec::new();
    let mut places: BTreeMap<[char; 3], Vec<usize>> = BTreeMap::new();
    let mut alike = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let signs: Vec<char> = row.text.chars().collect();
        let own: BTreeSet<[char; 3]> = signs.windows(3).map(|it| [it[0], it[1], it[2]]).collect();
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for other in own.iter().filter_map(|gram| places.get(gram)).flatten() {
            *shared.entry(*other).or_default() += 1;
        }
        for (other, count) in shared {
            let shorter = own.len().min(grams[other].len());
            if shorter >= TRIGRAMS_MIN && count * 100 > shorter * SHARED_PERCENT_MAX {
                alike.push(format!("{} and {}", rows[other].id, row.id));
            }
        }
        for gram in &own {
            places.entry(*gram).or_default().push(number);
        }
        grams.push(own);
    }
    assert!(alike.is_empty(), "{alike:?}");
}
