//! All rows in turn, round after round, so that what the machine does beside them meets each alike.

use crate::closed_loop::{Lengths, Measured};
use crate::load::Load;
use crate::rows::Row;
use crate::session::Setting;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is run.
pub struct Plan {
    /// Which rows.
    pub rows: Vec<&'static Row>,
    /// How often each.
    pub rounds: usize,
    /// How long each.
    pub lengths: Lengths,
    /// The load.
    pub load: Arc<Load>,
    /// The run's folder.
    pub folder: PathBuf,
    /// Sessions instead of the row's own, to try others.
    pub in_flight: Option<usize>,
    /// Connections instead of the row's own.
    pub connections: Option<usize>,
}

/// What one row came to.
pub struct Came {
    /// The row.
    pub row: &'static Row,
    /// Sessions at once.
    pub in_flight: usize,
    /// Connections.
    pub connections: usize,
    /// Its rounds, in order.
    pub rounds: Vec<Measured>,
}

/// What all came to.
pub struct Outcome {
    /// By row.
    pub rows: Vec<Came>,
    /// Rows that could not be run, and why.
    pub skipped: Vec<(&'static Row, String)>,
    /// How long it all took.
    pub took: Duration,
}

/// Runs it all, a line on standard error for each round of each row.
pub async fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let since = Instant::now();
    let mut outcome = Outcome {
        rows: Vec::new(),
        skipped: Vec::new(),
        took: Duration::ZERO,
    };
    for &row in &plan.rows {
        match (row.missing)() {
            Some(why) => {
                eprintln!("{:14} skipped: {why}", row.name);
                outcome.skipped.push((row, why));
            }
            None => outcome.rows.push(Came {
                row,
                in_flight: plan.in_flight.unwrap_or(row.in_flight),
                connections: plan.connections.unwrap_or(row.connections),
                rounds: Vec::new(),
            }),
        }
    }
    for number in 1..=plan.rounds {
        for came in &mut outcome.rows {
            let setting = Setting {
                load: Arc::clone(&plan.load),
                folder: plan.folder.clone(),
                in_flight: came.in_flight,
                connections: came.connections,
            };
            let name = came.row.name;
            let round = (came.row.round)(setting, plan.lengths).await;
            let round = round.with_context(|| format!("{name}, round {number}"))?;
            eprintln!(
                "{name:14} round {number}: {:>9.0} pairs/s",
                round.pairs_per_second()
            );
            came.rounds.push(round);
        }
    }
    outcome.took = since.elapsed();
    Ok(outcome)
}
