//! A study as people read it: a line for each step as it ends, the verdict with its limit, and a plot of what lies beyond.

use super::{APART_MAX, Purpose, Step, Verdict, limit};
use crate::objective::verdict;
use std::fmt;

/// Characters of the longest bar.
const BAR: usize = 40;
/// The columns of the rows that are kept as CSV.
const COLUMNS: &str = "purpose,search,rate,sent_per_second,p50_ms,p99_ms,p999_ms,max_ms,refused,lost,held,generator_was_the_bottleneck\n";

impl Purpose {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::WarmUp => "warm-up",
            Purpose::Search => "step",
            Purpose::Soak => "soak",
            Purpose::Past => "past",
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
    /// The objectives that it broke, with their figures.
    pub fn broken(&self) -> Vec<String> {
        let broken = self.objectives.iter().filter(|judged| !judged.held);
        broken.map(verdict).collect()
    }
}

/// All steps as rows, for a plot.
pub fn csv(verdict: &Verdict) -> String {
    let mut csv = String::from(COLUMNS);
    for step in &verdict.steps {
        csv.push_str(&format!(
            "{},{},{:.1},{:.1},{},{},{},{},{},{},{},{}\n",
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
            step.invalid.is_some()
        ));
    }
    csv
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "capacity of {} for {}", self.to, self.slo)?;
        let found: Vec<String> = self.found.iter().map(|rate| format!("{rate:.0}")).collect();
        if self.rate > 0.0 {
            writeln!(
                f,
                "holds     {:.0} calls/s, each time confirmed by a soak (searches found {}; {:.1} % apart)",
                self.rate,
                found.join(", "),
                self.apart * 100.0
            )?;
        } else {
            writeln!(f, "holds     at no rate that was tried")?;
        }
        if self.apart > APART_MAX {
            writeln!(
                f,
                "          that is far apart: something else was going on; give it a quieter machine or longer steps"
            )?;
        }
        if self.is_cut_short {
            writeln!(
                f,
                "          time ran out before all searches were done (--at-most)"
            )?;
        }
        if let Some(step) = self.broken() {
            let what = match &step.invalid {
                Some(why) => why.clone(),
                None => step.broken().join(" · "),
            };
            writeln!(f, "breaks    at {:.0} calls/s: {what}", step.rate)?;
        }
        writeln!(f, "limit     {}", self.limit)?;
        if let Some(step) = self.broken() {
            writeln!(f, "busiest   {}", limit::busiest(&step.busy).join(" · "))?;
        }
        self.plot(f)
    }
}

impl Verdict {
    /// The 99th percentile before and past the rate that holds, on a scale where each tenth of a bar is as many times longer.
    fn plot(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut past: Vec<&Step> = self
            .steps
            .iter()
            .filter(|step| step.purpose == Purpose::Past)
            .collect();
        let soaked = self.steps.iter().rev();
        past.extend(
            soaked
                .clone()
                .find(|step| step.purpose == Purpose::Soak && step.held && step.rate == self.rate),
        );
        past.sort_by(|one, other| one.rate.total_cmp(&other.rate));
        let most = past.iter().map(|step| step.p99_ms).fold(1.0, f64::max);
        if past.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "\n{:>8} {:>5} {:>9} {:>9} {:>9} {:>9} {:>8}",
            "calls/s", "of it", "p50 ms", "p99 ms", "p99.9 ms", "refused", "lost"
        )?;
        for step in past {
            let of_it = step.rate * 100.0 / self.rate.max(1e-9);
            let bar = bar(step.p99_ms, most);
            let own = if step.invalid.is_some() {
                "  the generator was the bottleneck"
            } else {
                ""
            };
            writeln!(
                f,
                "{:>8.0} {of_it:>4.0}% {:>9.2} {:>9.2} {:>9.2} {:>9} {:>8}  {bar}{own}",
                step.rate, step.p50_ms, step.p99_ms, step.p999_ms, step.refused, step.lost
            )?;
        }
        writeln!(
            f,
            "bars: the 99th percentile, logarithmic from 0.1 ms to {most:.0} ms"
        )
    }
}

fn bar(ms: f64, most: f64) -> String {
    const LEAST_MS: f64 = 0.1;
    let share = (ms.max(LEAST_MS) / LEAST_MS).ln() / (most / LEAST_MS).ln().max(1e-9);
    "█".repeat((share * BAR as f64).round() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::centre::Busy;
    use crate::capacity::limit::Limit;
    use crate::report::Judged;

    fn step(purpose: Purpose, rate: f64, p99_ms: f64) -> Step {
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

    #[test]
    fn a_verdict_says_what_holds_what_broke_and_plots_beyond() {
        let verdict = Verdict {
            to: "quic://127.0.0.1:4433".into(),
            slo: "p99<10ms".into(),
            rate: 100.0,
            found: vec![100.0, 120.0],
            apart: 0.2,
            limit: Limit::Journal,
            broke_at: Some(1),
            is_cut_short: false,
            steps: vec![
                step(Purpose::Soak, 100.0, 5.0),
                step(Purpose::Search, 125.0, 40.0),
                step(Purpose::Past, 160.0, 1_000.0),
            ],
        };
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
