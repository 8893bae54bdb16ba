//! Runs that differ are told apart, runs that do not are not, and what was not alike is named.

#![allow(clippy::unwrap_used)] // all of this is a test; the lint knows only functions that are marked so

use super::*;
use crate::report::about::About;
use crate::report::latency::Quantiles;

fn run(p99_ms: f64) -> Kept {
    Kept {
        folder: format!("run-{p99_ms}").into(),
        summary: Summary {
            trace: "day.csv".into(),
            sent: 1_000,
            decided: 1_000,
            calls_per_second: 100.0,
            latency: Quantiles {
                count: 1_000,
                p99_ms,
                ..Quantiles::default()
            },
            about: About {
                command: ["liandong-load", "replay", "day.csv", "--report"]
                    .map(String::from)
                    .into_iter()
                    .chain([format!("run-{p99_ms}")])
                    .collect(),
                ..About::default()
            },
            ..Summary::default()
        },
        ..Kept::default()
    }
}

fn compared(first: &[f64], second: &[f64]) -> Comparison {
    let runs = |values: &[f64]| values.iter().map(|value| run(*value)).collect();
    Comparison::of(runs(first), runs(second)).unwrap()
}

#[test]
fn a_difference_that_repeats_is_told_with_its_interval() {
    let slower = compared(&[10.0, 11.0, 10.5], &[16.0, 18.0, 19.0]);
    assert_eq!(slower.verdict(), ["B's p99 is 1.45–1.90 times A's."]);
    assert!(slower.warnings.is_empty(), "{:?}", slower.warnings);
    let text = slower.text();
    assert!(
        text.contains("10.5 (10.0–11.0)") && text.contains("90.0 % sure"),
        "{text}"
    );
}

#[test]
fn runs_that_overlap_and_runs_that_are_too_few_show_nothing() {
    let same = compared(&[10.0, 11.0, 14.0], &[10.5, 12.0, 13.0]);
    assert!(same.verdict()[0].starts_with("No difference shown by 3 and 3 runs."));
    let pair = compared(&[10.0], &[90.0]);
    assert!(pair.verdict()[0].contains("a single pair shows nothing of the spread"));
    assert!(pair.figures.iter().all(|figure| !figure.is_shown()));
    let few = compared(&[10.0, 11.0], &[90.0, 91.0]);
    assert!(few.verdict()[0].contains("too few"), "{:?}", few.verdict());
}

#[test]
fn a_share_that_may_be_nothing_is_told_in_points() {
    let refusing = |refused: u64| {
        let mut run = run(10.0);
        run.summary.refused = refused;
        run
    };
    let none = [0, 0, 0].map(refusing).to_vec();
    let some = [20, 25, 31].map(refusing).to_vec();
    let more = Comparison::of(none.clone(), some.clone()).unwrap();
    assert_eq!(
        more.verdict(),
        ["B's refused is 2.00–3.10 points more than A's."]
    );
    let less = Comparison::of(some, none).unwrap();
    assert_eq!(
        less.verdict(),
        ["B's refused is 2.00–3.10 points less than A's."]
    );
}

#[test]
fn what_was_not_alike_is_named_and_invalid_runs_are_left_out() {
    let mut other = run(12.0);
    other.summary.about.machine.kernel = "7.1".into();
    other.summary.about.command.push("--poisson".into());
    let mut invalid = run(13.0);
    invalid.summary.invalid = Some("late".into());
    let odd = Comparison::of(vec![run(10.0)], vec![other, invalid.clone()]).unwrap();
    let warned = odd.warnings.join("\n");
    assert!(
        warned.contains("run-13 is invalid and left out"),
        "{warned}"
    );
    assert!(warned.contains("kernel differs: A ; B 7.1"), "{warned}");
    assert!(
        warned.contains("flags differs: A replay day.csv; B replay day.csv --poisson"),
        "{warned}"
    );
    assert_eq!(odd.second.len(), 1);
    assert!(Comparison::of(vec![invalid], vec![run(1.0)]).is_err());
}

#[test]
fn a_page_of_it_is_whole_and_safe() {
    let mut hostile = run(10.0);
    hostile.summary.trace = "<script>x</script>".into();
    let page = page::of(&Comparison::of(vec![hostile], vec![run(11.0)]).unwrap());
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    assert_eq!(page.matches("dot-b\" cx").count(), 1 + FIGURES.len());
}
