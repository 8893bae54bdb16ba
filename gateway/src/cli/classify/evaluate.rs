//! `liandong classify evaluate`: how well the classifier does on labelled texts.
//!
//! Shares come with their 95 % interval (Wilson). Danger to life is a label of priority 1; a text is lost when it is held to
//! be priority 3 or 4 and no person looks.

use super::texts::{self, Labelled};
use engine::classify::{Lexicon, Scratch, Verdict};
use engine::kind::{AgencySet, Kind, Nature, Priority};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The worst cases that are shown.
const WORST_MAX: usize = 20;
/// Characters of a text that are shown.
const SHOWN_CHARS: usize = 60;
/// The normal distribution's reach on either side that holds 95 %.
const REACH_95: f64 = 1.959_964;

/// Judges the texts of a file; gives what came of it.
pub fn evaluate(file: &Path, lexicon: &Lexicon) -> anyhow::Result<String> {
    let texts = texts::read(file)?;
    let mut scratch = Scratch::new();
    let judged: Vec<Judged> = texts
        .iter()
        .map(|text| judge(text, lexicon, &mut scratch))
        .collect();
    Ok(report(&judged))
}

struct Judged<'a> {
    labelled: &'a Labelled,
    said: Verdict,
}

fn judge<'a>(labelled: &'a Labelled, lexicon: &Lexicon, scratch: &mut Scratch) -> Judged<'a> {
    let sample = &labelled.sample;
    let said = lexicon.classify(sample.line, Some(&sample.text), None, scratch);
    Judged { labelled, said }
}

impl Judged<'_> {
    fn agencies(&self) -> bool {
        self.said.agencies == self.labelled.sample.agencies
    }

    fn kind(&self) -> bool {
        self.said.kind == self.labelled.sample.kind
    }

    fn priority(&self) -> bool {
        self.said.priority == self.labelled.sample.priority
    }

    fn nature(&self) -> bool {
        self.said.nature == self.labelled.sample.nature
    }

    fn is_danger(&self) -> bool {
        self.labelled.sample.priority == Priority::P1
    }

    fn is_lost(&self) -> bool {
        self.is_danger() && self.said.priority > Priority::P2 && !self.said.human
    }

    /// Whether a unit could be ordered for it as an emergency.
    fn is_emergency(&self) -> bool {
        self.said.nature == Nature::Emergency && !self.said.agencies.is_empty()
    }

    /// How bad a mistake it is; 0 for none.
    fn badness(&self) -> u32 {
        let sample = &self.labelled.sample;
        let steps = self.said.priority.index().abs_diff(sample.priority.index()) as u32;
        let missing = sample
            .agencies
            .iter()
            .filter(|&agency| !self.said.agencies.contains(agency));
        let unseen = if self.said.human { 0 } else { 2 };
        let wrong = 10 * missing.count() as u32
            + 3 * u32::from(!self.agencies())
            + 4 * steps
            + 2 * u32::from(!self.kind())
            + u32::from(!self.nature());
        100 * u32::from(self.is_lost()) + if wrong == 0 { 0 } else { wrong + unseen }
    }
}

/// The figures as text.
fn report(judged: &[Judged<'_>]) -> String {
    let mut out = format!("{} texts\n", judged.len());
    let mut row = |name: &str, right: usize, of: usize| {
        let (share, from, to) = interval(right, of);
        // Writing to a text cannot fail.
        writeln!(
            out,
            "{name:42} {share:5.1} %  {right} of {of}  (95 %: {from:.1} to {to:.1})"
        )
        .ok();
    };
    let all: Vec<&Judged<'_>> = judged.iter().collect();
    row("kind", count(&all, |one| one.kind()), all.len());
    row("agencies", count(&all, |one| one.agencies()), all.len());
    row("priority", count(&all, |one| one.priority()), all.len());
    row("nature", count(&all, |one| one.nature()), all.len());
    row("to a human", count(&all, |one| one.said.human), all.len());
    let alone: Vec<&Judged<'_>> = all.iter().copied().filter(|one| !one.said.human).collect();
    row(
        "agencies, without a human",
        count(&alone, |one| one.agencies()),
        alone.len(),
    );
    let danger: Vec<&Judged<'_>> = all.iter().copied().filter(|one| one.is_danger()).collect();
    row(
        "danger to life: priority 1",
        count(&danger, |one| one.said.priority == Priority::P1),
        danger.len(),
    );
    row(
        "danger to life: priority 1 or a human",
        count(&danger, |one| {
            one.said.priority == Priority::P1 || one.said.human
        }),
        danger.len(),
    );
    row(
        "danger to life: 3 or 4 without a human",
        count(&danger, |one| one.is_lost()),
        danger.len(),
    );
    row(
        "held to be an emergency",
        count(&all, |one| one.is_emergency()),
        all.len(),
    );
    out + &by_kind(judged) + &confusions(judged) + &worst(judged)
}

fn count(list: &[&Judged<'_>], what: impl Fn(&Judged<'_>) -> bool) -> usize {
    list.iter().filter(|one| what(one)).count()
}

/// Share, lower and upper bound in percent.
fn interval(right: usize, of: usize) -> (f64, f64, f64) {
    if of == 0 {
        return (0.0, 0.0, 100.0);
    }
    let (n, share, z) = (of as f64, right as f64 / of as f64, REACH_95);
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let percent = |x: f64| (x * 100.0).clamp(0.0, 100.0);
    (
        percent(share),
        percent(middle - half),
        percent(middle + half),
    )
}

fn by_kind(judged: &[Judged<'_>]) -> String {
    let mut kinds: BTreeMap<Kind, (usize, usize, usize)> = BTreeMap::new();
    for one in judged {
        let row = kinds.entry(one.labelled.sample.kind).or_default();
        row.0 += 1;
        row.1 += usize::from(one.kind());
        row.2 += usize::from(one.agencies());
    }
    let mut out = String::from("\nkind                 texts  kind right  agencies right\n");
    for (kind, (all, right, agencies)) in kinds {
        writeln!(out, "{:20} {all:5} {right:11} {agencies:15}", kind.code()).ok();
    }
    out
}

fn confusions(judged: &[Judged<'_>]) -> String {
    let mut pairs: BTreeMap<(Kind, Kind), usize> = BTreeMap::new();
    for one in judged.iter().filter(|one| !one.kind()) {
        *pairs
            .entry((one.labelled.sample.kind, one.said.kind))
            .or_default() += 1;
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|&(pair, count)| (std::cmp::Reverse(count), pair));
    let mut out = String::from("\nlabelled             said                 texts\n");
    for ((label, said), count) in pairs {
        writeln!(out, "{:20} {:20} {count:5}", label.code(), said.code()).ok();
    }
    out
}

fn worst(judged: &[Judged<'_>]) -> String {
    let mut bad: Vec<&Judged<'_>> = judged.iter().filter(|one| one.badness() > 0).collect();
    bad.sort_by_key(|one| std::cmp::Reverse(one.badness()));
    let mut out = String::from("\nthe worst\n");
    for one in bad.into_iter().take(WORST_MAX) {
        let sample = &one.labelled.sample;
        let shown: String = sample.text.chars().take(SHOWN_CHARS).collect();
        let said = &one.said;
        writeln!(
            out,
            "{} {}: {} {} {} {}\n  said {} {} {} {}{}\n  {}",
            one.labelled.id,
            sample.line,
            sample.kind,
            sample.priority.number(),
            sample.nature,
            codes(sample.agencies),
            said.kind,
            said.priority.number(),
            said.nature,
            codes(said.agencies),
            if said.human { ", to a human" } else { "" },
            shown.replace(['\n', '\r'], " "),
        )
        .ok();
    }
    out
}

fn codes(agencies: AgencySet) -> String {
    let codes: Vec<&str> = agencies.iter().map(|agency| agency.code()).collect();
    if codes.is_empty() {
        "none".to_owned()
    } else {
        codes.join("+")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_share_and_narrows() {
        let (share, from, to) = interval(90, 100);
        assert!(
            (share - 90.0).abs() < 1e-9 && (from - 82.6).abs() < 0.1 && (to - 94.5).abs() < 0.1
        );
        let wide = interval(9, 10);
        assert!(wide.1 < from && wide.2 > to);
        assert_eq!(interval(0, 0), (0.0, 0.0, 100.0));
        assert!(interval(10, 10).2 >= 99.999);
    }

    #[test]
    fn a_report_names_what_went_wrong() {
        let rows = [
            r#"{"id":"t1","line":"119","text":"三楼着火了","kind":"structure_fire","agencies":["fire"],"priority":1,"nature":"emergency"}"#,
            r#"{"id":"t2","line":"119","text":"三楼着火了","kind":"noise","agencies":["none"],"priority":4,"nature":"invalid"}"#,
        ];
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), rows.join("\n")).unwrap();
        let texts = texts::read(file.path()).unwrap();
        let mut scratch = Scratch::new();
        let judged: Vec<_> = texts
            .iter()
            .map(|text| judge(text, Lexicon::embedded(), &mut scratch))
            .collect();
        let report = report(&judged);
        assert!(report.contains("2 texts"), "{report}");
        assert!(report.contains("50.0 %  1 of 2"), "{report}");
        assert!(
            report.contains("noise                structure_fire           1"),
            "{report}"
        );
        assert!(report.contains("t2 119: noise 4 invalid none"), "{report}");
    }
}
