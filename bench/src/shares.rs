//! What each policy costs the writer: the standard load decided by centres that differ in one policy each, in turn.
//!
//! All centres of a row stand beside each other and take their batches one after the other, so that whatever the machine does
//! beside it meets all of them alike; a share is the median over the rounds of what the centre with everything needs more than the one
//! without. The time is the thread's own. How many incidents were open is told as it was in the end: those of the load itself, some hundreds
//! at a call every millisecond, come on top of those that were asked for.

use crate::road_load::thread_ns;
use crate::standard::{Policies, Standard, StandardSize};
use std::fmt;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct SharesSize {
    /// Units of the city.
    pub units: u32,
    /// Distinct calls.
    pub calls: u64,
    /// Open incidents, one row each.
    pub open: Vec<u32>,
    /// Calls of one batch.
    pub batch: u32,
    /// Batches of each centre.
    pub rounds: u32,
    /// Whether all decide by the county's roads.
    pub roads: bool,
}

impl SharesSize {
    /// The size that figures name.
    pub fn full() -> SharesSize {
        SharesSize {
            units: 10_000,
            calls: 20_000,
            open: vec![10, 1_000, 10_000, 100_000],
            batch: 20_000,
            rounds: 21,
            roads: false,
        }
    }

    /// The size that the tests run.
    pub fn smoke() -> SharesSize {
        SharesSize {
            units: 1_000,
            calls: 300,
            open: vec![10, 1_000],
            batch: 200,
            rounds: 3,
            roads: false,
        }
    }
}

/// Of a thousand units, how many are not free.
const TAKEN_PERMILLE: u32 = 600;

/// What is measured beside each other: everything as the default plan has it, each policy left out, none of them, and calling away for
/// any gain at all.
fn variants(roads: bool) -> [(&'static str, Policies); 6] {
    let all = Policies {
        roads,
        ..Policies::default()
    };
    let none = Policies {
        preemption: false,
        choice: false,
        majors: false,
        ..all
    };
    [
        ("everything", all),
        (
            "preemption",
            Policies {
                preemption: false,
                ..all
            },
        ),
        (
            "choice",
            Policies {
                choice: false,
                ..all
            },
        ),
        (
            "majors",
            Policies {
                majors: false,
                ..all
            },
        ),
        ("all three", none),
        (
            "eager",
            Policies {
                preemption_eager: true,
                ..all
            },
        ),
    ]
}

/// What was measured with so many incidents open.
struct Row {
    open: u64,
    /// Nanoseconds a call, by variant, round after round.
    rounds: Vec<[u64; 6]>,
    /// Of a thousand calls with everything on, and of the eager: units called away.
    preempted_permille: [u64; 2],
    /// Of a thousand calls: levels raised.
    levels_permille: u64,
}

/// All of it.
pub struct Shares {
    size: SharesSize,
    rows: Vec<Row>,
}

impl Shares {
    /// Measures each row.
    pub fn measure(size: SharesSize) -> anyhow::Result<Shares> {
        let rows = size.open.iter().map(|&open| row(&size, open));
        let rows = rows.collect::<anyhow::Result<Vec<Row>>>()?;
        Ok(Shares { size, rows })
    }
}

fn row(size: &SharesSize, open: u32) -> anyhow::Result<Row> {
    // As many units are out as there are incidents for; the others that are taken are off duty.
    let taken = size.units * TAKEN_PERMILLE / 1_000;
    let busy = open.min(taken);
    let standard = StandardSize {
        units: size.units,
        calls: size.calls,
        open: busy,
        busy_permille: busy * 1_000 / size.units,
        under_way_permille: 500,
        off_permille: (taken - busy) * 1_000 / size.units,
        idle: open - busy,
    };
    let mut centres = Vec::new();
    for (_, policies) in variants(size.roads) {
        centres.push(Standard::deciding_by(standard, &policies)?);
    }
    for centre in &mut centres {
        (0..size.batch).for_each(|_| centre.decide());
    }
    let calls = u64::from(size.batch) * u64::from(size.rounds + 1);
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        let mut round = [0; 6];
        for (centre, ns) in centres.iter_mut().zip(&mut round) {
            let started = thread_ns();
            (0..size.batch).for_each(|_| centre.decide());
            *ns = (thread_ns() - started) / u64::from(size.batch);
        }
        rounds.push(round);
    }
    let permille = |count: u64| count * 1_000 / calls;
    Ok(Row {
        open: centres[0].incidents_open(),
        preempted_permille: [centres[0].preempted, centres[5].preempted].map(permille),
        levels_permille: permille(centres[0].levels),
        rounds,
    })
}

fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SharesSize {
            units,
            batch,
            rounds,
            roads,
            ..
        } = self.size;
        writeln!(
            f,
            "The writer's time a call with its share of the reports, in ns: {units} units of which {TAKEN_PERMILLE} ‰ are not free, {}; medians of {rounds} rounds of {batch} calls.",
            if roads {
                "by the roads of the county"
            } else {
                "by straight line"
            }
        )?;
        writeln!(
            f,
            "| open incidents | everything | without any | share of preemption | of choice | of majors | eager preemption adds | called away ‰ | eager ‰ | levels ‰ |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let of = |variant: usize| {
                let rounds = row.rounds.iter();
                median(rounds.map(|round| round[variant] as i64))
            };
            let share = |with: usize, without: usize| {
                let rounds = row.rounds.iter();
                median(rounds.map(|round| round[with] as i64 - round[without] as i64))
            };
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                row.open,
                of(0),
                of(4),
                share(0, 1),
                share(0, 2),
                share(0, 3),
                share(5, 0),
                row.preempted_permille[0],
                row.preempted_permille[1],
                row.levels_permille,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The small size runs, and calls somebody away where it is eager.
    #[test]
    fn every_policy_has_its_share() {
        let shares = Shares::measure(SharesSize::smoke()).unwrap();
        assert!(shares.rows.iter().any(|row| row.preempted_permille[1] > 0));
        let table = shares.to_string();
        assert_eq!(table.lines().count(), 5, "{table}");
    }
}
