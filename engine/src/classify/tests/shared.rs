//! The classifier on real words, which are never copied into the repository, and on those of our own that were kept back.

use super::super::train::{Homophones, Random};
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

/// Texts that were never tuned on.
fn unseen() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/texts/unseen.jsonl");
    std::fs::read_to_string(path).unwrap()
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

/// Counts over labelled texts.
#[derive(Debug, Default)]
struct Counts {
    all: usize,
    kinds: usize,
    agencies: usize,
    priorities: usize,
    natures: usize,
    humans: usize,
    /// Right in agencies among those that no person looks at.
    alone: usize,
    dangers: usize,
    /// Labelled priority 1, and neither priority 1 nor before a person.
    missed: usize,
    /// Labelled priority 1, held to be 3 or 4, and not before a person.
    lost: usize,
}

fn counts(text: &str, change: &mut dyn FnMut(&str) -> String) -> Counts {
    let mut counts = Counts::default();
    for row in text.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let number = row["line"].as_str().unwrap().parse::<Line>().unwrap();
        let verdict = verdict(number.number(), &change(row["text"].as_str().unwrap()));
        let agencies = verdict.agencies == agencies_of(&row["agencies"]);
        let priority = row["priority"].as_u64().unwrap();
        counts.all += 1;
        counts.kinds += usize::from(verdict.kind.code() == row["kind"]);
        counts.agencies += usize::from(agencies);
        counts.priorities += usize::from(u64::from(verdict.priority.number()) == priority);
        counts.natures += usize::from(verdict.nature.code() == row["nature"]);
        counts.humans += usize::from(verdict.human);
        counts.alone += usize::from(agencies && !verdict.human);
        if priority == 1 && !verdict.human {
            counts.missed += usize::from(verdict.priority != Priority::P1);
            counts.lost += usize::from(verdict.priority > Priority::P2);
        }
        counts.dangers += usize::from(priority == 1);
    }
    counts
}

/// Floors in percent, a little under what is reached, so that a change for the worse is seen.
fn hold(counts: &Counts, floors: [usize; 4]) {
    println!("{counts:?}");
    let right = [
        (counts.kinds, "kind"),
        (counts.agencies, "agencies"),
        (counts.priorities, "priority"),
        (counts.natures, "nature"),
    ];
    for ((right, what), floor) in right.into_iter().zip(floors) {
        assert!(
            right * 100 >= counts.all * floor,
            "{what}: {right} of {}, the floor is {floor} %",
            counts.all
        );
    }
    assert!(counts.humans * 100 <= counts.all * 14, "{counts:?}");
    assert!(
        counts.missed * 100 <= counts.dangers * 3,
        "{} of {} dangers to life below priority 1 without a human",
        counts.missed,
        counts.dangers
    );
    assert!(
        counts.lost * 100 <= counts.dangers * 2,
        "{} dangers to life at priority 3 or 4 without a human",
        counts.lost
    );
}

#[test]
fn the_labelled_calls_are_mostly_understood() {
    let Some(text) = read("data/calls-dev.jsonl") else {
        return;
    };
    hold(&counts(&text, &mut str::to_owned), [88, 90, 86, 93]);
}

#[test]
fn calls_that_were_kept_back_are_mostly_understood() {
    hold(&counts(&unseen(), &mut str::to_owned), [85, 88, 85, 92]);
}

#[test]
fn a_slip_of_the_ear_costs_little() {
    let homophones = Homophones::new();
    let mut random = Random::new(5);
    let mut slip = |text: &str| {
        let chars: Vec<char> = text.chars().collect();
        for _ in 0..100 {
            let at = random.below(chars.len().max(1));
            let heard = chars.get(at).copied();
            if let Some(other) = heard.and_then(|c| homophones.another(c, &mut random)) {
                let (before, after) = (chars[..at].iter(), chars[at + 1..].iter());
                return before.chain([&other]).chain(after).collect();
            }
        }
        text.to_owned()
    };
    let dev = read("data/calls-dev.jsonl");
    for text in [Some(unseen()), dev].into_iter().flatten() {
        let plain = counts(&text, &mut str::to_owned);
        let (mut heard, rounds) = (0, 5);
        for _ in 0..rounds {
            heard += counts(&text, &mut slip).agencies;
        }
        println!(
            "{} of {} agencies; with a slip {heard} of {rounds} times",
            plain.agencies, plain.all
        );
        assert!(
            heard * 100 + 3 * plain.all * rounds >= plain.agencies * rounds * 100,
            "{heard} in {rounds} rounds of {} that are right without",
            plain.agencies
        );
    }
}

/// Permille of texts that would send somebody as to an emergency.
fn share_of_emergencies(number: u32, texts: &[String]) -> usize {
    let emergencies = texts.iter().filter(|text| {
        let verdict = verdict(number, text);
        verdict.nature == Nature::Emergency && !verdict.agencies.is_empty()
    });
    let count = emergencies.count();
    println!(
        "line {number}: {count} of {} texts became emergencies",
        texts.len()
    );
    count * 1000 / texts.len()
}

#[test]
fn what_is_no_emergency_seldom_becomes_one() {
    if let Some(rows) = rows("data/text-messages/messages.tsv.zst") {
        let texts: Vec<String> = rows
            .iter()
            .map(|row| format!("{}。{}", &row[1], &row[3]))
            .collect();
        assert!(
            share_of_emergencies(12345, &texts) < 20,
            "permille of letters to the government"
        );
    }
    if let Some(rows) = rows("data/text-health/questions.tsv.zst") {
        let texts: Vec<String> = rows
            .iter()
            .map(|row| format!("{}。{}", &row[1], &row[2]))
            .collect();
        assert!(
            share_of_emergencies(12320, &texts) < 20,
            "permille of questions about health"
        );
    }
}

#[test]
fn most_news_of_a_disaster_reach_the_agency_that_leads() {
    let Some(rows) = rows("data/text-news/news.tsv.zst") else {
        return;
    };
    let (mut right, mut all) = (0, 0);
    for row in rows {
        let lead = match &row[0] {
            "火灾" => Agency::Fire,
            "交通事故" => Agency::Traffic,
            "食物中毒" => Agency::Medical,
            "恐怖袭击" => Agency::Police,
            _ => continue,
        };
        all += 1;
        let said = verdict(110, &row[3]);
        let is_right = said.agencies.contains(lead);
        right += usize::from(is_right);
        if !is_right {
            println!("{} {} {}", &row[0], said.kind, &row[3]);
        }
    }
    println!("{right} of {all} reports reach the agency that leads");
    assert!(right * 100 >= all * 70, "{right} of {all}");
}
