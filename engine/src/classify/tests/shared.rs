//! The classifier on real words, which are never copied into the repository.

use super::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A file beside the repository; `None`, with one line that says so, where it is missing. Under CI it must be there.
fn find(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "../shared/{path} is missing under CI"
    );
    println!("skipped: ../shared/{path} is not there");
    None
}

pub(super) fn read(path: &str) -> Option<String> {
    find(path).map(|path| std::fs::read_to_string(path).unwrap())
}

/// Rows of a compressed table of tab-separated values.
fn rows(path: &str) -> Option<Vec<csv::StringRecord>> {
    let file = std::fs::File::open(find(path)?).unwrap();
    let plain = zstd::stream::read::Decoder::new(file).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_reader(plain);
    Some(reader.records().map(|record| record.unwrap()).collect())
}

fn agencies_of(value: &Value) -> AgencySet {
    value
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|code| Agency::from_code(code.as_str().unwrap()))
        .collect()
}

/// Floors in percent, a little under what is reached, so that a change for the worse is seen.
#[test]
fn the_labelled_calls_are_mostly_understood() {
    let Some(text) = read("data/calls-dev.jsonl") else {
        return;
    };
    let (mut total, mut kinds, mut agencies, mut priorities, mut natures, mut humans) =
        (0, 0, 0, 0, 0, 0);
    let mut grave_missed = 0;
    for row in text.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let verdict = verdict(
            row["line"]
                .as_str()
                .unwrap()
                .parse::<Line>()
                .unwrap()
                .number(),
            row["text"].as_str().unwrap(),
        );
        total += 1;
        kinds += usize::from(verdict.kind.code() == row["kind"]);
        agencies += usize::from(verdict.agencies == agencies_of(&row["agencies"]));
        priorities +=
            usize::from(u64::from(verdict.priority.number()) == row["priority"].as_u64().unwrap());
        natures += usize::from(verdict.nature.code() == row["nature"]);
        humans += usize::from(verdict.human);
        grave_missed +=
            usize::from(row["priority"] == 1 && verdict.priority > Priority::P2 && !verdict.human);
    }
    println!(
        "{total} calls: kind {kinds}, agencies {agencies}, priority {priorities}, nature {natures}, to a human {humans}"
    );
    for (right, floor, what) in [
        (kinds, 88, "kind"),
        (agencies, 90, "agencies"),
        (priorities, 90, "priority"),
        (natures, 90, "nature"),
    ] {
        assert!(
            right * 100 >= total * floor,
            "{what}: {right} of {total}, the floor is {floor} %"
        );
    }
    assert!(
        grave_missed * 100 <= total * 2,
        "{grave_missed} dangers to life below priority 2 without a human"
    );
}

fn share_of_p1(number: u32, texts: &[String]) -> usize {
    let grave = texts
        .iter()
        .filter(|text| verdict(number, text).priority == Priority::P1)
        .count();
    println!(
        "line {number}: {grave} of {} texts that are no emergency became priority 1",
        texts.len()
    );
    grave * 1000 / texts.len()
}

#[test]
fn what_is_no_emergency_does_not_become_one() {
    if let Some(rows) = rows("data/text-messages/messages.tsv.zst") {
        let texts: Vec<String> = rows
            .iter()
            .map(|row| format!("{}。{}", &row[1], &row[3]))
            .collect();
        assert!(
            share_of_p1(12345, &texts) <= 50,
            "permille of letters to the government"
        );
    }
    if let Some(rows) = rows("data/text-health/questions.tsv.zst") {
        let texts: Vec<String> = rows
            .iter()
            .map(|row| format!("{}。{}", &row[1], &row[2]))
            .collect();
        assert!(
            share_of_p1(12320, &texts) <= 30,
            "permille of questions about health"
        );
    }
}
