//! Every demand of the field is cited where it is obeyed, or listed as pending with a reason.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use std::collections::{BTreeMap, BTreeSet};
use tests::repository::{root, shared, sources};

/// `labels.toml`: every label, and those still pending.
struct List {
    labels: BTreeSet<String>,
    pending: BTreeMap<String, String>,
}

/// The few shapes that `labels.toml` has; anything else in it fails the test.
fn list() -> List {
    let text = std::fs::read_to_string(root().join("tests/labels.toml")).unwrap();
    let (mut labels, mut pending, mut in_pending) = (BTreeSet::new(), BTreeMap::new(), false);
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line == "[pending]" {
            in_pending = true;
        } else if in_pending {
            let (label, reason) = line
                .split_once(" = ")
                .unwrap_or_else(|| panic!("labels.toml: `{line}`"));
            pending.insert(label.to_owned(), reason.trim_matches('"').to_owned());
        } else {
            labels.extend(labels_in(line));
        }
    }
    List { labels, pending }
}

/// Labels such as X6 or H10: a letter of the requirements' own and one or two digits, standing alone.
fn labels_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
    let is_label = |word: &&str| {
        let digits = word.get(1..).unwrap_or("");
        word.starts_with(['C', 'D', 'H', 'J', 'L', 'N', 'R', 'S', 'X'])
            && (1..=2).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    };
    words.filter(is_label).map(str::to_owned).collect()
}

/// Labels in the comments of our sources.
fn cited() -> BTreeSet<String> {
    let mut cited = BTreeSet::new();
    for (path, text) in sources(&["rs", "py", "toml"]) {
        if path.ends_with("labels.toml") || path.ends_with("labels.rs") {
            continue;
        }
        let is_rust = path.extension().is_some_and(|is| is == "rs");
        for line in text.lines() {
            let comment = if is_rust {
                line.split_once("//").map_or("", |(_, comment)| comment)
            } else {
                line
            };
            cited.extend(labels_in(comment));
        }
    }
    cited
}

#[test]
fn every_demand_is_cited_or_pending() {
    let (list, cited) = (list(), cited());
    let open: Vec<_> = list
        .labels
        .iter()
        .filter(|label| !cited.contains(*label))
        .collect();
    let forgotten: Vec<_> = open
        .into_iter()
        .filter(|label| !list.pending.contains_key(*label))
        .collect();
    assert!(
        forgotten.is_empty(),
        "{forgotten:?}: nobody cites these demands; cite each where it is obeyed and where that is tested, \
         or list it under [pending] in tests/labels.toml with the reason"
    );
}

#[test]
fn the_list_is_sound() {
    let list = list();
    for (label, reason) in &list.pending {
        assert!(
            list.labels.contains(label),
            "{label} is pending and no label"
        );
        assert!(reason.len() > 10, "{label} is pending without a reason");
    }
}

#[test]
fn the_list_is_the_requirements_own() {
    let Some(file) = shared("domain/requirements.md") else {
        return;
    };
    let demands = std::fs::read_to_string(file).unwrap();
    // The volumes and what others got wrong come after the demands and cite no new label.
    assert_eq!(labels_in(&demands), list().labels);
}
