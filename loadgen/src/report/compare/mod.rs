//! Several runs held against several others: which figures differ, by how much, and how sure that is.
//!
//! [`ranks`] has the method. Repeats are what a difference is judged by: a single pair shows nothing of the spread, and is told so. Runs
//! that were not made alike are compared all the same, with what differs named first. [`page`] is the same as HTML.

pub mod page;
pub mod ranks;

use super::Summary;
use super::kept::Kept;
use super::page::ms;
use ranks::{CONFIDENCE_LEAST, Shift, median, shift};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Flags whose value is a run's own and no circumstance of it.
const OWN_FLAGS: [&str; 7] = [
    "--report",
    "--run-id",
    "--json",
    "--answers",
    "--seed",
    "--to",
    "--stats",
];
/// The same without a value.
const OWN_SWITCHES: [&str; 2] = ["--quiet", "--plain"];

/// A figure that is compared.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What it is called.
    pub name: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
    /// Its unit.
    pub unit: &'static str,
    of: fn(&Summary) -> f64,
    /// Told as a difference: it may well be 0.
    differs: bool,
}

/// All that are compared.
const FIGURES: [Figure; 13] = [
    figure("p50", "中位数", "ms", |run| run.latency.p50_ms, false),
    figure("p90", "p90", "ms", |run| run.latency.p90_ms, false),
    figure("p99", "p99", "ms", |run| run.latency.p99_ms, false),
    figure("p99.9", "p99.9", "ms", |run| run.latency.p999_ms, false),
    figure(
        "slowest call",
        "最慢",
        "ms",
        |run| run.latency.max_ms,
        false,
    ),
    figure(
        "service p50",
        "服务中位数",
        "ms",
        |run| run.latency_uncorrected.p50_ms,
        false,
    ),
    figure(
        "service p99",
        "服务 p99",
        "ms",
        |run| run.latency_uncorrected.p99_ms,
        false,
    ),
    figure("rate", "速率", "calls/s", |run| run.calls_per_second, false),
    figure(
        "refused",
        "拒绝",
        "%",
        |run| share(run.refused, run.sent),
        true,
    ),
    figure("lost", "丢失", "calls", |run| run.lost as f64, true),
    figure(
        "doubled",
        "重复派单",
        "times",
        |run| run.doubly_ordered as f64,
        true,
    ),
    figure(
        "clocks missed",
        "逾期",
        "%",
        |run| share(run.clocks_missed, run.clocks_met + run.clocks_missed),
        true,
    ),
    figure(
        "calls that somebody came to",
        "到场",
        "%",
        |run| run.placed_served_share * 100.0,
        true,
    ),
];

const fn figure(
    name: &'static str,
    chinese: &'static str,
    unit: &'static str,
    of: fn(&Summary) -> f64,
    differs: bool,
) -> Figure {
    Figure {
        name,
        chinese,
        unit,
        of,
        differs,
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    }
}

/// A figure of both sides.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Which.
    pub figure: Figure,
    /// Of each run of the first, in order of size.
    pub first: Vec<f64>,
    /// Of each run of the second.
    pub second: Vec<f64>,
    /// The second ÷ the first, or less it.
    pub shift: Option<Shift>,
    /// A ratio, not a difference.
    pub ratio: bool,
}

impl Compared {
    fn of(figure: Figure, first: &[Kept], second: &[Kept]) -> Compared {
        let values = |runs: &[Kept]| {
            let mut values: Vec<f64> = runs.iter().map(|run| (figure.of)(&run.summary)).collect();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let (first, second) = (values(first), values(second));
        let ratio = !figure.differs && first.iter().chain(&second).all(|value| *value > 0.0);
        let shift = if ratio {
            shift(&first, &second, |one, other| other / one)
        } else {
            shift(&first, &second, |one, other| other - one)
        };
        Compared {
            figure,
            first,
            second,
            shift,
            ratio,
        }
    }

    /// Whether the runs show a difference.
    pub fn is_shown(&self) -> bool {
        let same = if self.ratio { 1.0 } else { 0.0 };
        self.shift.is_some_and(|shift| {
            shift.confidence >= CONFIDENCE_LEAST - 1e-9 && (shift.low > same || shift.high < same)
        })
    }

    /// What they show, in words.
    pub fn says(&self) -> String {
        let (name, unit) = (self.figure.name, self.figure.unit);
        let Some(shift) = self.shift.filter(|_| self.is_shown()) else {
            return format!("{name}: no difference shown");
        };
        if self.ratio {
            return format!("B's {name} is {} times A's", range(shift.low, shift.high));
        }
        let (word, low, high) = if shift.low > 0.0 {
            ("more", shift.low, shift.high)
        } else {
            ("less", -shift.high, -shift.low)
        };
        let unit = if unit == "%" { "points" } else { unit };
        format!("B's {name} is {} {unit} {word} than A's", range(low, high))
    }
}

/// `1.42–1.91`; one number where both are the same.
fn range(low: f64, high: f64) -> String {
    let (low, high) = (format!("{low:.2}"), format!("{high:.2}"));
    if low == high {
        low
    } else {
        format!("{low}–{high}")
    }
}

/// Two groups of runs beside each other.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The runs of the first.
    pub first: Vec<Kept>,
    /// The runs of the second.
    pub second: Vec<Kept>,
    /// Each figure.
    pub figures: Vec<Compared>,
    /// Why the two may differ for another reason than the one that is asked for.
    pub warnings: Vec<String>,
}

/// Why nothing can be compared.
#[derive(Debug, thiserror::Error)]
#[error("{0}: every run of this side is invalid and says nothing; compare others")]
pub struct Nothing(&'static str);

impl Comparison {
    /// Compares. Runs that are invalid are left out, and named.
    pub fn of(first: Vec<Kept>, second: Vec<Kept>) -> Result<Comparison, Nothing> {
        let mut warnings = Vec::new();
        let mut valid = |runs: Vec<Kept>, side: &'static str| {
            let (valid, invalid): (Vec<Kept>, Vec<Kept>) = runs
                .into_iter()
                .partition(|run| run.summary.invalid.is_none());
            for run in invalid {
                warnings.push(format!(
                    "{side}: {} is invalid and left out",
                    run.folder.display()
                ));
            }
            for run in valid.iter().filter(|run| run.summary.cut_short.is_some()) {
                warnings.push(format!("{side}: {} was cut short", run.folder.display()));
            }
            (!valid.is_empty()).then_some(valid).ok_or(Nothing(side))
        };
        let (first, second) = (valid(first, "A")?, valid(second, "B")?);
        warnings.extend(differences(&first, &second));
        let figures = FIGURES.map(|figure| Compared::of(figure, &first, &second));
        Ok(Comparison {
            first,
            second,
            figures: figures.to_vec(),
            warnings,
        })
    }

    /// What the runs show, in sentences: the verdict.
    pub fn verdict(&self) -> Vec<String> {
        let (first, second) = (self.first.len(), self.second.len());
        if first == 1 && second == 1 {
            return vec![
                "One run each: a single pair shows nothing of the spread, so no difference is shown. Repeat both, three times at least."
                    .into(),
            ];
        }
        if !self.is_enough() {
            return vec![format!(
                "{first} and {second} runs are too few: even the whole range is sure to {:.0} % only. Three and three give 90 %.",
                self.confidence() * 100.0
            )];
        }
        let shown: Vec<String> = self
            .figures
            .iter()
            .filter(|compared| compared.is_shown())
            .map(|compared| format!("{}.", compared.says()))
            .collect();
        if shown.is_empty() {
            vec![format!(
                "No difference shown by {first} and {second} runs. There may be one all the same; the intervals say how large."
            )]
        } else {
            shown
        }
    }

    /// Whether so many runs can show anything.
    pub fn is_enough(&self) -> bool {
        self.confidence() >= CONFIDENCE_LEAST - 1e-9
    }

    /// How sure an interval of so many runs is.
    pub fn confidence(&self) -> f64 {
        let shift = self.figures.first().and_then(|compared| compared.shift);
        shift.map_or(0.0, |shift| shift.confidence)
    }

    /// How it was judged.
    pub fn method(&self) -> String {
        format!(
            "Medians, least and most of {} and {} runs. B/A (B-A where 0 may be): the median of all pairs (Hodges-Lehmann) with its exact \
             Mann-Whitney interval, {:.1} % sure for each figure by itself. Of {} figures some may seem to differ by chance.",
            self.first.len(),
            self.second.len(),
            self.confidence() * 100.0,
            self.figures.len()
        )
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut put = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        for (side, runs) in [("A", &self.first), ("B", &self.second)] {
            let folders: Vec<String> = runs
                .iter()
                .map(|run| run.folder.display().to_string())
                .collect();
            put(format!(
                "{side}  {} runs: {}",
                runs.len(),
                folders.join(", ")
            ));
        }
        for warning in &self.warnings {
            put(format!("!  {warning}"));
        }
        put(format!(
            "\n{:<28} {:>26} {:>26} {:>9}  interval",
            "", "A", "B", "B/A"
        ));
        for compared in &self.figures {
            put(line(compared));
        }
        put(String::new());
        for sentence in self.verdict() {
            put(sentence);
        }
        put(self.method());
        text
    }
}

fn line(compared: &Compared) -> String {
    let figure = compared.figure;
    let name = format!("{}, {}", figure.name, figure.unit);
    let mut line = String::new();
    let (first, second) = (spread(&compared.first), spread(&compared.second));
    let written = match compared.shift {
        None => write!(line, "{name:<28} {first:>26} {second:>26}"),
        Some(shift) => {
            let sign = if compared.ratio { "×" } else { "" };
            let estimate = format!(
                "{}{:.2}{sign}",
                plus(compared, shift.estimate),
                shift.estimate
            );
            let star = if compared.is_shown() { " *" } else { "" };
            write!(
                line,
                "{name:<28} {first:>26} {second:>26} {estimate:>9}  {:.2} to {:.2}{star}",
                shift.low, shift.high
            )
        }
    };
    if written.is_err() {
        unreachable!("a String takes everything");
    }
    line
}

fn plus(compared: &Compared, value: f64) -> &'static str {
    if !compared.ratio && value > 0.0 {
        "+"
    } else {
        ""
    }
}

/// `12.3 (11.0–14.2)` of values in order.
pub fn spread(ordered: &[f64]) -> String {
    let (Some(least), Some(most)) = (ordered.first(), ordered.last()) else {
        return String::new();
    };
    if least == most {
        return ms(*least);
    }
    format!("{} ({}–{})", ms(median(ordered)), ms(*least), ms(*most))
}

/// What both sides were not made alike in.
fn differences(first: &[Kept], second: &[Kept]) -> Vec<String> {
    type Fact = (&'static str, fn(&Summary) -> String);
    let facts: [Fact; 13] = [
        ("trace", |run| run.trace.clone()),
        ("load", |run| run.about.load.clone()),
        ("flags", flags),
        ("seeds", |run| run.about.seed.to_string()),
        ("clock", |run| run.clock.clone()),
        ("durability", |run| known(run.state.durability.as_deref())),
        ("version of the centre", |run| {
            known(run.state.version.as_deref())
        }),
        ("version of the generator", |run| {
            run.about.generator.clone()
        }),
        ("processor", |run| run.about.machine.processor.clone()),
        ("cores", |run| run.about.machine.cores.to_string()),
        ("memory", |run| {
            let gib = run.about.machine.memory_bytes as f64 / f64::from(1 << 30);
            format!("{gib:.1} GiB")
        }),
        ("kernel", |run| run.about.machine.kernel.clone()),
        ("system", |run| run.about.machine.system.clone()),
    ];
    let of = |runs: &[Kept], fact: fn(&Summary) -> String| -> BTreeSet<String> {
        runs.iter().map(|run| fact(&run.summary)).collect()
    };
    let list = |values: &BTreeSet<String>| {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        values.join(" | ")
    };
    facts
        .into_iter()
        .filter_map(|(name, fact)| {
            let (one, other) = (of(first, fact), of(second, fact));
            let (said, others) = (list(&one), list(&other));
            if one != other {
                Some(format!("{name} differs: A {said}; B {others}"))
            } else if one.len() > 1 && name != "seeds" {
                Some(format!("{name} differs within each side: {said}"))
            } else {
                None
            }
        })
        .collect()
}

fn known(value: Option<&str>) -> String {
    value.unwrap_or("not asked").to_string()
}

/// The command line without what is a run's own.
fn flags(run: &Summary) -> String {
    let mut words = run.about.command.iter().skip(1);
    let mut kept: Vec<&str> = Vec::new();
    while let Some(word) = words.next() {
        if OWN_FLAGS.contains(&word.as_str()) {
            words.next();
        } else if !OWN_FLAGS
            .iter()
            .any(|flag| word.starts_with(&format!("{flag}=")))
            && !OWN_SWITCHES.contains(&word.as_str())
        {
            kept.push(word);
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests;
