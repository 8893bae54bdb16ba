//! `liandong roads table`: from every place to every other, row by row as they are found.

use super::Table;
use super::points::{self, Thousandths};
use engine::roads::metric::ProfileTimes;
use engine::roads::snap::Segments;
use engine::roads::travel::{Destination, exits};
use std::io::Write;

/// Destinations that are kept ready; those behind them are made ready again for every row of `--from`.
const READY_MAX: usize = 16_384;

/// Prints the table.
pub(super) fn table(asked: &Table) -> anyhow::Result<()> {
    let map = points::open(&asked.roads)?;
    let profile = asked.travel.profile();
    let (from_rows, to_rows) = (
        points::read(&asked.from, false)?,
        points::read(&asked.to, false)?,
    );
    let segments = Segments::of(&map);
    let snap = |file, rows| points::snap(&map, &segments, profile, asked.travel.far, file, rows);
    let (from, to) = (snap(&asked.from, &from_rows), snap(&asked.to, &to_rows));
    let times = ProfileTimes::with_lengths(&map, profile);
    let ready: Vec<Option<Destination<u64>>> = to
        .iter()
        .take(READY_MAX)
        .map(|to| {
            to.map(|to| {
                let mut destination = Destination::default();
                destination.set(&map, &times, profile, to);
                destination
            })
        })
        .collect();
    let mut again = Destination::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "from,to,seconds,metres")?;
    let (mut off_road, mut without_way) = (0_u64, 0_u64);
    for (from_row, from) in from.iter().enumerate() {
        let leaving = from.map(|from| (from, exits(&map, &times, from)));
        for (to_row, to) in to.iter().enumerate() {
            let (Some((from, leaving)), Some(to)) = (leaving, *to) else {
                off_road += 1;
                writeln!(out, "{from_row},{to_row},,")?;
                continue;
            };
            let destination = match ready.get(to_row) {
                Some(Some(destination)) => destination,
                Some(None) | None => {
                    again.set(&map, &times, profile, to);
                    &again
                }
            };
            match destination.cost(&map, &times, from, &leaving) {
                Some(cost) => {
                    let (seconds, metres) = parts(cost);
                    writeln!(out, "{from_row},{to_row},{seconds},{metres}")?;
                }
                None => {
                    without_way += 1;
                    writeln!(out, "{from_row},{to_row},,")?;
                }
            }
        }
    }
    out.flush()?;
    if off_road + without_way > 0 {
        eprintln!(
            "liandong: {off_road} pairs have a place on no road, {without_way} have no way between them"
        );
    }
    Ok(())
}

/// Time and length of a way.
pub(super) fn parts(cost: u64) -> (Thousandths, Thousandths) {
    (Thousandths((cost >> 32) as u32), Thousandths(cost as u32))
}
