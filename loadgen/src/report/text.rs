//! The summary as people read it.

use super::Summary;
use super::events::Counts;
use super::latency::Quantiles;
use std::fmt;

/// `ordered 12 · merged 3`.
fn list(counts: &Counts) -> String {
    let parts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if parts.is_empty() {
        "none".into()
    } else {
        parts.join(" · ")
    }
}

fn quantiles(q: &Quantiles) -> String {
    format!(
        "p50 {:.3} · p90 {:.3} · p99 {:.3} · p99.9 {:.3} · p99.99 {:.3} · max {:.3} ms",
        q.p50_ms, q.p90_ms, q.p99_ms, q.p999_ms, q.p9999_ms, q.max_ms
    )
}

/// `12 345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} on the {} clock: {:.1} s, {:.1} h of centre time, {:.0} calls/s",
            self.trace,
            self.clock,
            self.seconds,
            self.centre_seconds / 3_600.0,
            self.calls_per_second
        )?;
        writeln!(
            f,
            "calls     sent {} (again {}) · decided {} · refused {} · in flight {} · lost {}",
            self.sent, self.resent, self.decided, self.refused, self.in_flight, self.lost
        )?;
        writeln!(f, "outcomes  {}", list(&self.outcomes))?;
        if self.refused > 0 {
            writeln!(f, "refused   {}", list(&self.refused_by))?;
        }
        writeln!(
            f,
            "doubly ordered {} (units {} · needs {} · keys {})",
            self.doubly_ordered, self.doubled.units, self.doubled.needs, self.doubled.keys
        )?;
        let o = &self.orders;
        writeln!(
            f,
            "orders    issued {} · acknowledged {} · set off {} · arrived {} · finished {} · declined {} · \
             reassigned {} · called away {} · cancelled {} · open {}",
            o.issued,
            o.acknowledged,
            o.set_off,
            o.arrived,
            o.finished,
            o.declined,
            o.reassigned,
            o.preempted,
            o.cancelled,
            o.open
        )?;
        writeln!(
            f,
            "arrivals  {} of {} placed calls that need a unit ({:.1} %) · needs waiting {}",
            self.placed_served,
            self.placed_needing_unit,
            self.placed_served_share * 100.0,
            self.needs_waiting
        )?;
        writeln!(
            f,
            "crews     obeyed {} · late {} · declined {} · silent {} · acts {} · refused: {}",
            self.crews.obeyed,
            self.crews.late,
            self.crews.declined,
            self.crews.silent,
            self.acts,
            list(&self.acts_refused)
        )?;
        if let Some(callers) = &self.callers {
            writeln!(
                f,
                "callers   ended {} · abandoned {} · redials {} (joined {}) · facts {} (raised {})",
                callers.ended,
                callers.abandoned,
                callers.redials,
                callers.redials_joined,
                callers.facts,
                callers.facts_raised
            )?;
        }
        if self.repeated > 0 {
            writeln!(
                f,
                "repeats   {} rows under a key that had come before",
                self.repeated
            )?;
        }
        writeln!(
            f,
            "ladders   {} ({})",
            self.ladders_fired,
            list(&self.ladders)
        )?;
        writeln!(
            f,
            "clocks    met {} ({}) · missed {} ({})",
            self.clocks_met,
            list(&self.clocks_met_by),
            self.clocks_missed,
            list(&self.clocks_missed_by)
        )?;
        writeln!(f, "ledger    {}", list(&self.ledger))?;
        writeln!(
            f,
            "expected  {} of {} rows told everybody they expect",
            self.expected_met, self.expected
        )?;
        self.table(f)?;
        writeln!(f, "latency   {}", quantiles(&self.latency))?;
        writeln!(f, "  uncorrected {}", quantiles(&self.latency_uncorrected))?;
        if self.lateness.count > 0 {
            writeln!(f, "  sent late   {}", quantiles(&self.lateness))?;
        }
        self.parts(f)?;
        let own = &self.generator;
        if own.cores > 0 {
            writeln!(f, "  read late   {}", quantiles(&own.waited))?;
            writeln!(
                f,
                "generator {:.2} of {} cores busy · {:.0} ms behind its schedule at the end",
                own.cores_busy, own.cores, own.behind_ms
            )?;
        }
        let unknown = self.state.unknown.as_deref();
        let unknown = unknown.unwrap_or("not asked (--stats)");
        let hash = self.state.hash.as_deref().unwrap_or(unknown);
        writeln!(
            f,
            "state     sequence {} · hash {hash}",
            self.state.sequence
        )?;
        for judged in &self.objectives {
            let word = if judged.held { "held" } else { "BROKEN" };
            writeln!(
                f,
                "objective {} · {} · {word}",
                judged.objective, judged.measured
            )?;
        }
        if let Some(by) = &self.cut_short {
            writeln!(f, "cut short by {by}")?;
        }
        if let Some(invalid) = &self.invalid {
            writeln!(f, "INVALID   {invalid}")?;
        }
        Ok(())
    }
}

impl Summary {
    fn parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            let q = &part.latency;
            writeln!(
                f,
                "  phase {:<5} sent {} · refused {} · lost {} · p50 {:.3} · p90 {:.3} · p99 {:.3} · max {:.3} ms · {}",
                part.name,
                part.sent,
                part.refused,
                part.lost,
                q.p50_ms,
                q.p90_ms,
                q.p99_ms,
                q.max_ms,
                part.load
            )?;
        }
        Ok(())
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "kind", "calls", "merged", "missed", "orders", "arrived", "overdue"
        )?;
        for (kind, row) in &self.kinds {
            writeln!(
                f,
                "{kind:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
                row.calls, row.merged, row.merge_missed, row.orders, row.arrived, row.clocks_missed
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_groups() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }
}
