//! What a run came to: one table in Markdown for people, the same and each round in JSON for programs.

use crate::closed_loop::Measured;
use crate::rounds::{Came, Outcome, Plan};
use crate::rows::OWN;
use loadgen::report::about::Machine;
use serde::Serialize;

/// A run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version and commit of Liandong.
    pub version: &'static str,
    /// The machine, and how much it had to do before.
    pub machine: Machine,
    /// Units of the city.
    pub units: usize,
    /// Distinct calls.
    pub calls: usize,
    /// Seconds that count, of each row and round.
    pub seconds: f64,
    /// Where servers kept their data.
    pub data: String,
    /// How long all of it took, in seconds.
    pub took_s: f64,
    /// The rows that were run.
    pub rows: Vec<RowReport>,
    /// Those that were not, and why.
    pub skipped: Vec<Skipped>,
}

/// A row.
#[derive(Debug, Serialize)]
pub struct RowReport {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// How often it was run.
    pub rounds: usize,
    /// Sessions at once.
    pub in_flight: usize,
    /// Connections that they shared.
    pub connections: usize,
    /// What is on the disk when it has answered.
    pub durable: &'static str,
    /// What it leaves undone.
    pub undone: &'static str,
    /// Over the rounds, pairs of assigning and releasing in a second.
    pub pairs_per_second: Spread,
    /// Over the rounds, how often the pairs of Liandong's row in the same round.
    pub ratio: Option<Spread>,
    /// Over the rounds, half of the calls had their unit within so many milliseconds.
    pub assign_p50_ms: Spread,
    /// Over the rounds, 99 in 100 of them.
    pub assign_p99_ms: Spread,
    /// Of a thousand calls, how many were sent nobody, over all rounds.
    pub without_unit_permille: f64,
}

/// A row that was not run.
#[derive(Debug, Serialize)]
pub struct Skipped {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub why: String,
}

/// The middle one of some figures, and the outermost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The median.
    pub median: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// Of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = match sorted.len() % 2 {
            0 => (sorted[middle - 1] + upper) / 2.0,
            _ => upper,
        };
        Some(Spread {
            least: sorted[0],
            median,
            most: sorted[sorted.len() - 1],
        })
    }
}

impl Report {
    /// What a run came to, on a machine that was looked at before it.
    pub fn of(plan: &Plan, outcome: &Outcome, machine: Machine, data: String) -> Report {
        let mut rows = outcome.rows.iter();
        let own = rows.find(|came| came.row.name == OWN);
        let rows = outcome.rows.iter().filter_map(|came| row(came, own));
        let skipped = outcome.skipped.iter();
        Report {
            version: gateway::VERSION,
            machine,
            units: plan.load.units.len(),
            calls: plan.load.calls.len(),
            seconds: plan.lengths.measured.as_secs_f64(),
            data,
            took_s: outcome.took.as_secs_f64(),
            rows: rows.collect(),
            skipped: skipped
                .map(|(row, why)| Skipped {
                    name: row.name,
                    why: why.clone(),
                })
                .collect(),
        }
    }

    /// The table, and what one must know to read it.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| who | assigned and released a second: median (least–most) | of Liandong's | assigned after p50, p99 | on the disk | left undone |\n|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let pairs = row.pairs_per_second;
            let ratio = row
                .ratio
                .map_or("–".to_owned(), |ratio| times(ratio.median));
            text += &format!(
                "| `{}`: {} | {} ({}–{}) | {ratio} | {}, {} ms | {} | {} |\n",
                row.name,
                row.what,
                whole(pairs.median),
                whole(pairs.least),
                whole(pairs.most),
                milliseconds(row.assign_p50_ms.median),
                milliseconds(row.assign_p99_ms.median),
                row.durable,
                row.undone,
            );
        }
        let machine = &self.machine;
        text += &format!(
            "\n{} units, 60 % busy; {} calls of the standard load that take one unit each; {} s a row and round, medians of {} rounds in turn.\n\
             {}, {} cores, Linux {}, load {} before; data on {}. Liandong {}. {:.0} s in all.\n",
            whole(self.units as f64),
            whole(self.calls as f64),
            self.seconds,
            self.rounds(),
            machine.processor,
            machine.cores,
            machine.kernel,
            machine
                .load_before
                .map_or("unknown".into(), |load| format!("{load:.1}")),
            self.data,
            self.version,
            self.took_s,
        );
        for row in self
            .rows
            .iter()
            .filter(|row| row.without_unit_permille > 0.0)
        {
            text += &format!(
                "`{}` sent nobody to {:.1} in 1 000 calls, which do not count.\n",
                row.name, row.without_unit_permille
            );
        }
        for skipped in &self.skipped {
            text += &format!("`{}` was skipped: {}.\n", skipped.name, skipped.why);
        }
        text
    }

    fn rounds(&self) -> usize {
        self.rows.first().map_or(0, |row| row.rounds)
    }
}

fn row(came: &Came, own: Option<&Came>) -> Option<RowReport> {
    let rounds = || came.rounds.iter();
    let quantile = |share: f64| {
        let at = move |round: &Measured| round.assign_ns.value_at_quantile(share) as f64 / 1e6;
        Spread::of(rounds().map(at))
    };
    let ratio = own.and_then(|own| {
        let both = rounds().zip(&own.rounds);
        Spread::of(both.map(|(round, own)| round.pairs_per_second() / own.pairs_per_second()))
    });
    let without_unit: u64 = rounds().map(|round| round.without_unit).sum();
    let pairs: u64 = rounds().map(|round| round.pairs).sum();
    Some(RowReport {
        name: came.row.name,
        what: came.row.what,
        rounds: came.rounds.len(),
        in_flight: came.in_flight,
        connections: came.connections,
        durable: came.row.durable,
        undone: came.row.undone,
        pairs_per_second: Spread::of(rounds().map(Measured::pairs_per_second))?,
        ratio,
        assign_p50_ms: quantile(0.5)?,
        assign_p99_ms: quantile(0.99)?,
        without_unit_permille: without_unit as f64 * 1_000.0 / (without_unit + pairs).max(1) as f64,
    })
}

/// A whole number, its thousands apart.
fn whole(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(" ")
}

/// How often as much: three digits are enough.
fn times(figure: f64) -> String {
    match figure {
        10.0.. => format!("{figure:.0} ×"),
        _ => format!("{figure:.2} ×"),
    }
}

/// Milliseconds, fewer digits the more there are.
fn milliseconds(figure: f64) -> String {
    match figure {
        10.0.. => format!("{figure:.0}"),
        0.1..10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.least, spread.median, spread.most), (1.0, 2.5, 4.0));
        assert_eq!(Spread::of([7.0]).unwrap().median, 7.0);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn figures_are_told_as_people_read_them() {
        assert_eq!(whole(1_234_567.4), "1 234 567");
        assert_eq!(whole(12.0), "12");
        assert_eq!(whole(123_456.0), "123 456");
        assert_eq!(
            (times(12.34), times(1.234)),
            ("12 ×".into(), "1.23 ×".into())
        );
        let told = [0.001_24, 1.26, 12.6].map(milliseconds);
        assert_eq!(told, ["0.0012", "1.3", "13"]);
    }
}
