//! A study as people read it: a line for each step as it ends, the verdict with its limit, and a plot of what lies beyond.

use super::{Purpose, Step, Verdict, limit};
use crate::objective::{is_loss_judged, verdict};
use crate::report::about::About;
use std::fmt;

/// Characters of the longest bar.
const BAR: usize = 40;
/// The columns of the rows that are kept as CSV.
const COLUMNS: &str = "purpose,search,rate,sent_per_second,p50_ms,p99_ms,p999_ms,max_ms,refused,lost,held,generator_was_the_bottleneck,centre_cores,generator_cores,journal_mib_per_second,resident_mib,unmet\n";

impl Purpose {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::WarmUp => "warm-up",
            Purpose::Search => "step",
            Purpose::Soak => "soak",
            Purpose::Curve => "curve",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (&self.invalid, self.purpose, self.held) {
            (Some(_), ..) => "the generator was the bottleneck".to_owned(),
            (None, Purpose::WarmUp, _) => "not judged".to_owned(),
            (None, _, true) => "held".to_owned(),
            (None, _, false) => self.broken().join(" · "),
        };
        write!(
            f,
            "{:<7} {:>8.0}/s  p50 {:>8.2}  p99 {:>8.2}  p99.9 {:>8.2} ms  refused {}  lost {}  {verdict}",
            self.purpose.name(),
            self.rate,
            self.p50_ms,
            self.p99_ms,
            self.p999_ms,
            self.refused,
            self.lost
        )
    }
}

impl Step {
    /// The objectives that it broke, with their figures, and what happened that no objective allows.
    pub fn broken(&self) -> Vec<String> {
        let broken = self.objectives.iter().filter(|judged| !judged.held);
        let mut broken: Vec<String> = broken.map(verdict).collect();
        if self.lost > 0 && !is_loss_judged(&self.objectives) {
            broken.push(format!("lost {}, and no objective allows it", self.lost));
        }
        if self.doubly_ordered > 0 {
            broken.push(format!("doubly ordered {}", self.doubly_ordered));
        }
        broken
    }
}

/// All steps as rows, for a plot.
pub fn csv(verdict: &Verdict) -> String {
    let mut csv = String::from(COLUMNS);
    for step in &verdict.steps {
        csv.push_str(&format!(
            "{},{},{:.1},{:.1},{},{},{},{},{},{},{},{},{},{:.3},{},{},{}\n",
            step.purpose.name(),
            step.search,
            step.rate,
            step.sent_per_second,
            step.p50_ms,
            step.p99_ms,
            step.p999_ms,
            step.max_ms,
            step.refused,
            step.lost,
            step.held,
            step.invalid.is_some(),
            known(step.busy.centre_cores),
            step.busy.generator_cores,
            known(step.busy.journal_mib_per_second),
            known(step.busy.resident_mib),
            step.unmet,
        ));
    }
    csv
}

/// A figure; what could not be read is empty.
fn known(figure: Option<f64>) -> String {
    figure.map_or_else(String::new, |figure| format!("{figure:.3}"))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "capacity of {} for {}", self.to, self.slo)?;
        let About {
            generator, machine, ..
        } = &self.about;
        writeln!(f, "measured  on {machine}, by {generator}")?;
        self.holds(f)?;
        if let Some(step) = self.broken() {
            let what = match &step.invalid {
                Some(why) => why.clone(),
                None => step.broken().join(" · "),
            };
            writeln!(f, "breaks    at {:.0} calls/s: {what}", step.rate)?;
        }
        if self.is_cut_short && self.rate == 0.0 && self.broke_at.is_none() {
            writeln!(f, "limit     not known: nothing broke before time ran out")?;
        } else {
            writeln!(f, "limit     {}", self.limit)?;
        }
        if self.generators > 0 {
            writeln!(
                f,
                "          the generator was the bottleneck at {} of the {} steps that broke next to it",
                self.generators, self.broke
            )?;
        }
        if let Some(step) = self.broken() {
            writeln!(f, "busiest   {}", limit::busiest(&step.busy).join(" · "))?;
        }
        let unmet: u64 = self.steps.iter().map(|step| step.unmet).sum();
        if unmet > 0 {
            writeln!(
                f,
                "unmet     {unmet} calls, not everybody was told whom the trace expects (an objective `unmet` bounds them)"
            )?;
        }
        self.plot(f)
    }
}

impl Verdict {
    /// The rate that holds, and how sure that is.
    fn holds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found.iter().map(|&rate| {
            if rate > 0.0 {
                format!("{rate:.0}")
            } else {
                "none".to_owned()
            }
        });
        let found = found.collect::<Vec<_>>().join(", ");
        let apart = match self.apart {
            Some(apart) => format!("{:.1} % apart", apart * 100.0),
            None => "not all found one".to_owned(),
        };
        match (self.rate > 0.0, self.unconfirmed) {
            (true, _) => {
                let each = match self.found.contains(&0.0) {
                    true => "where one was found,",
                    false => "each time",
                };
                writeln!(
                    f,
                    "holds     {:.0} calls/s, {each} confirmed by a soak (searches found {found}; {apart})",
                    self.rate
                )?;
            }
            (false, Some(rate)) => writeln!(
                f,
                "holds     {rate:.0} calls/s in a step, unconfirmed: no soak came to its end"
            )?,
            (false, None) if self.apart.is_none() => writeln!(
                f,
                "holds     at no rate each time (searches found {found}; {apart})"
            )?,
            (false, None)
                if self
                    .steps
                    .iter()
                    .any(|step| step.held && step.purpose == Purpose::Search) =>
            {
                writeln!(
                    f,
                    "holds     at no rate for long: steps held, and every soak broke"
                )?;
            }
            (false, None) => writeln!(f, "holds     at no rate that was tried")?,
        }
        if self.is_apart() {
            writeln!(
                f,
                "          that is far apart: something else was going on; give it a quieter machine or longer steps"
            )?;
        }
        if let Some(why) = &self.broke_off {
            writeln!(
                f,
                "          the study broke off: {why}; all of this is of the steps before"
            )?;
        } else if self.is_cut_short {
            let when = if self.found.is_empty() {
                "before the first search was done"
            } else {
                "before all searches were done"
            };
            writeln!(f, "          time ran out {when} (--at-most)")?;
        }
        Ok(())
    }

    /// The curve: latencies, and what the centre took of the machine for it; bars on a scale where each tenth is as many times longer.
    fn plot(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = self.curve();
        let most = curve.iter().map(|step| step.p99_ms).fold(1.0, f64::max);
        if curve.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "\n{:>8} {:>5} {:>9} {:>9} {:>9} {:>8} {:>6} {:>6} {:>9} {:>8}",
            "calls/s",
            "of it",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "refused",
            "lost",
            "cores",
            "MiB/s",
            "MiB"
        )?;
        for step in curve {
            let of_it = step.rate * 100.0 / self.rate.max(1e-9);
            let bar = bar(step.p99_ms, most);
            let own = if step.invalid.is_some() {
                "  the generator was the bottleneck"
            } else {
                ""
            };
            let busy = &step.busy;
            let taken = |figure: Option<f64>, decimals: usize| {
                figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.decimals$}"))
            };
            writeln!(
                f,
                "{:>8.0} {of_it:>4.0}% {:>9.2} {:>9.2} {:>9.2} {:>8} {:>6} {:>6} {:>9} {:>8}  {bar}{own}",
                step.rate,
                step.p50_ms,
                step.p99_ms,
                step.p999_ms,
                step.refused,
                step.lost,
                taken(busy.centre_cores, 2),
                taken(busy.journal_mib_per_second, 1),
                taken(busy.resident_mib, 0),
            )?;
        }
        writeln!(
            f,
            "cores, disk (of the journal) and memory: the centre's; bars: the 99th percentile, logarithmic from 0.1 ms to {most:.0} ms"
        )
    }
}

fn bar(ms: f64, most: f64) -> String {
    const LEAST_MS: f64 = 0.1;
    let share = (ms.max(LEAST_MS) / LEAST_MS).ln() / (most / LEAST_MS).ln().max(1e-9);
    "█".repeat((share * BAR as f64).round() as usize)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::capacity::centre::Busy;
    use crate::capacity::limit::Limit;
    use crate::report::Judged;

    /// A step that broke `p99<10ms` or held it.
    pub fn step(purpose: Purpose, rate: f64, p99_ms: f64) -> Step {
        let held = p99_ms < 10.0;
        Step {
            purpose,
            search: 1,
            rate,
            sent_per_second: rate,
            sent: 100,
            p50_ms: 1.0,
            p99_ms,
            p999_ms: p99_ms,
            max_ms: p99_ms,
            refused: 0,
            lost: 0,
            doubly_ordered: 0,
            unmet: 0,
            held,
            objectives: vec![Judged {
                objective: "p99<10ms".into(),
                measured: format!("{p99_ms} ms"),
                held,
            }],
            invalid: None,
            busy: Busy::default(),
        }
    }

    /// A study in which 100 calls a second hold.
    pub fn verdict() -> Verdict {
        Verdict {
            to: "quic://127.0.0.1:4433".into(),
            slo: "p99<10ms".into(),
            rate: 100.0,
            found: vec![100.0, 120.0],
            unconfirmed: None,
            apart: Some(0.2),
            limit: Limit::Journal,
            broke_at: Some(1),
            broke: 1,
            generators: 0,
            is_cut_short: false,
            broke_off: None,
            about: About {
                generator: "0.1.0".into(),
                ..About::default()
            },
            steps: vec![
                step(Purpose::Soak, 100.0, 5.0),
                step(Purpose::Search, 125.0, 40.0),
                step(Purpose::Curve, 160.0, 1_000.0),
            ],
        }
    }

    #[test]
    fn a_search_that_found_none_or_was_cut_short_is_told() {
        let none = Verdict {
            found: vec![100.0, 0.0, 120.0],
            apart: None,
            ..verdict()
        };
        let text = none.to_string();
        assert!(
            text.contains("where one was found, confirmed by a soak (searches found 100, none, 120; not all found one")
                && text.contains("far apart"),
            "{text}"
        );
        let gone = Verdict {
            broke_off: Some("no connection to 127.0.0.1:4433".into()),
            ..verdict()
        };
        let text = gone.to_string();
        assert!(
            text.contains("broke off: no connection to 127.0.0.1:4433")
                && text.contains("holds     100"),
            "{text}"
        );
        let cut = Verdict {
            rate: 0.0,
            found: Vec::new(),
            unconfirmed: Some(80.0),
            apart: Some(0.0),
            is_cut_short: true,
            broke_at: None,
            limit: Limit::Unknown,
            steps: Vec::new(),
            ..verdict()
        };
        let text = cut.to_string();
        for says in [
            "holds     80 calls/s in a step, unconfirmed",
            "time ran out before the first search was done",
            "nothing broke before time ran out",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        assert!(!text.contains("at no rate"), "{text}");
        let late = Verdict {
            broke: 3,
            generators: 1,
            ..verdict()
        };
        let text = late.to_string();
        assert!(
            text.contains("the bottleneck at 1 of the 3 steps that broke next to it"),
            "{text}"
        );
        assert!(!verdict().to_string().contains("the generator was"));
    }

    #[test]
    fn a_verdict_says_what_holds_what_broke_and_plots_beyond() {
        let verdict = verdict();
        let text = verdict.to_string();
        for says in [
            "holds     100 calls/s",
            "20.0 % apart",
            "far apart",
            "breaks    at 125 calls/s: p99<10ms BROKEN (40 ms)",
            "limit     the journal",
            "     160  160%",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let longest = text.lines().map(|line| line.matches('█').count()).max();
        assert_eq!(longest, Some(BAR), "{text}");
        assert_eq!(csv(&verdict).lines().count(), 4);
    }
}
