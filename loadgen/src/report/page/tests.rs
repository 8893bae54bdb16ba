//! A page says what was measured, asks nobody for anything, and lets no text from outside become markup.

#![allow(clippy::unwrap_used)] // all of this is a test; the lint knows only functions that are marked so

use super::*;
use crate::report::Judged;
use crate::report::about::About;
use crate::report::kept::Point;
use crate::report::latency::Quantiles;
use crate::report::parts::PartSummary;
use crate::report::seconds::Second;

const HOSTILE: &str =
    "x\"><script>alert(1)</script><img src=http://evil.example/a onerror='b'>&.csv";

fn kept() -> Kept {
    let point = |percentile, latency_ms, count| Point {
        percentile,
        latency_ms,
        count,
    };
    let second = |second: u64| Second {
        second,
        seconds: 1.0,
        intended: 100,
        sent: 100,
        answered: 100,
        decided: 99,
        refused: u64::from(second == 3),
        pending: 2,
        clocks_missed: second % 2,
        p50_ms: Some(1.0),
        p99_ms: (second != 2).then_some(3.0),
        max_ms: Some(8.0),
        ..Second::default()
    };
    Kept {
        summary: Summary {
            trace: HOSTILE.into(),
            clock: "wall".into(),
            sent: 600,
            decided: 600,
            latency: Quantiles {
                count: 600,
                p50_ms: 1.0,
                p99_ms: 3.0,
                max_ms: 8.0,
                ..Quantiles::default()
            },
            about: About {
                command: vec!["replay".into(), HOSTILE.into()],
                ..About::default()
            },
            ..Summary::default()
        },
        seconds: (0..6).map(second).collect(),
        latency: vec![
            point(0.0, 0.4, 1),
            point(50.0, 1.0, 300),
            point(100.0, 8.0, 600),
        ],
        ..Kept::default()
    }
}

#[test]
fn a_page_asks_nobody_and_text_from_outside_stays_text() {
    let mut kept = kept();
    kept.summary.invalid = Some(HOSTILE.into());
    kept.summary.cut_short = Some(HOSTILE.into());
    kept.summary.refused_by.insert(HOSTILE.into(), 3);
    kept.summary
        .kinds
        .insert(HOSTILE.into(), crate::report::KindSummary::default());
    kept.summary.state.hash = Some(HOSTILE.into());
    kept.summary.parts.push(PartSummary {
        name: HOSTILE.into(),
        load: HOSTILE.into(),
        ..PartSummary::default()
    });
    kept.summary.objectives.push(Judged {
        objective: HOSTILE.into(),
        measured: HOSTILE.into(),
        held: false,
    });
    let page = of(&kept);
    assert!(page.matches("&lt;script&gt;").count() >= 10, "{page}");
    for never in [
        "<script", "<img", "<link", "<iframe", "<object", "src=", "href=", "url(", "@import",
    ] {
        let found = page.replace("src=http://evil.example/a onerror=", "");
        assert!(!found.contains(never), "{never}");
    }
}

#[test]
fn every_mark_that_is_opened_is_closed() {
    let page = of(&kept());
    for mark in [
        "div", "section", "figure", "table", "dl", "ul", "svg", "p", "span", "h2", "header",
        "title",
    ] {
        let opened =
            page.matches(&format!("<{mark}>")).count() + page.matches(&format!("<{mark} ")).count();
        assert_eq!(
            opened,
            page.matches(&format!("</{mark}>")).count(),
            "{mark}"
        );
        assert!(opened > 0, "{mark}");
    }
    assert!(page.starts_with("<!doctype html>"));
}

#[test]
fn the_verdict_says_the_worst_first() {
    let mut summary = kept().summary;
    assert_eq!(verdict(&summary).mood, "good");
    assert!(verdict(&summary).english.contains("within 3.00 ms"));
    summary.refused = 4;
    assert!(
        verdict(&summary)
            .english
            .contains("4 of them refused aloud")
    );
    summary.objectives.push(Judged {
        objective: "p99<2ms".into(),
        measured: "3 ms".into(),
        held: false,
    });
    let broken = verdict(&summary);
    assert_eq!(broken.mood, "bad");
    assert!(broken.english.contains("p99<2ms (3 ms)"));
    summary.lost = 1;
    assert!(
        verdict(&summary)
            .english
            .starts_with("1 calls had no answer")
    );
    summary.invalid = Some("too late".into());
    assert_eq!(verdict(&summary).mood, "odd");
}

#[test]
fn what_never_happened_is_told_and_a_folder_with_less_in_it_is_shown() {
    let mut kept = kept();
    assert!(of(&kept).contains("class=\"red-bars\""));
    for second in &mut kept.seconds {
        second.refused = 0;
    }
    assert!(of(&kept).contains("No call was refused."));
    kept.seconds.clear();
    kept.latency.clear();
    let page = of(&kept);
    assert!(page.contains("no seconds.csv") && page.contains("Nothing was answered."));
}

#[test]
fn an_objective_of_latency_is_drawn_where_it_is() {
    assert_eq!(plots::gate_of("p99<10ms"), Some((0.99, 10.0)));
    let (quantile, limit) = plots::gate_of("p99.9 <= 1.5s").unwrap();
    assert!((quantile - 0.999).abs() < 1e-9 && limit == 1_500.0);
    assert_eq!(plots::gate_of("lost=0"), None);
    assert_eq!(plots::gate_of("p100<1ms"), None);
}
