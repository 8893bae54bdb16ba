//! `liandong roads nearest`: who is there first.

use super::Nearest;
use super::points;
use super::table::parts;
use anyhow::anyhow;
use engine::roads::conditions::Conditions;
use engine::roads::metric::{Metric, ProfileTimes};
use engine::roads::nearest::{FoundList, RoadUnits, SearchRoom, Wanted};
use engine::roads::position::Positions;
use engine::roads::snap::Segments;
use engine::roads::travel::{Destination, exits};
use std::io::Write;
use std::sync::Arc;

/// Prints who comes first.
pub(super) fn nearest(asked: &Nearest) -> anyhow::Result<()> {
    let map = Arc::new(points::open(&asked.roads)?);
    let profile = asked.travel.profile();
    let (unit_rows, to_rows) = (
        points::read(&asked.units, true)?,
        points::read(&asked.to, false)?,
    );
    let segments = Segments::of(&map);
    let snap = |file, rows| points::snap(&map, &segments, profile, asked.travel.far, file, rows);
    let (at, to) = (snap(&asked.units, &unit_rows), snap(&asked.to, &to_rows));
    let metric = Metric::new(map.clone(), &Conditions::default());
    let with_lengths = ProfileTimes::with_lengths(&map, profile);
    let count = u32::try_from(at.len()).map_err(|_| anyhow!("more than 4 294 967 295 units"))?;
    let mut units = RoadUnits::new(count);
    for (unit, position) in (0..).zip(&at) {
        if let Some(position) = *position {
            units.place(unit, Positions::of_all(position));
            units.set_available(unit, true);
        }
    }
    let (mut room, mut found) = (
        SearchRoom::default(),
        FoundList::new((asked.k as usize).min(at.len())),
    );
    let mut destination = Destination::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "to,rank,unit,seconds,metres")?;
    let mut nobody = 0_u64;
    for (to_row, to) in to.iter().enumerate() {
        found.clear();
        if let Some(to) = *to {
            units.nearest(
                &metric,
                Wanted {
                    profile,
                    to,
                    need: 0,
                },
                &mut room,
                |_| true,
                &mut found,
            );
            destination.set(&map, &with_lengths, profile, to);
        }
        if found.as_slice().is_empty() {
            nobody += 1;
            writeln!(out, "{to_row},1,,,")?;
        }
        for (rank, found) in (1..).zip(found.as_slice()) {
            let row = &unit_rows[found.unit as usize];
            let cost = at[found.unit as usize].and_then(|from| {
                let leaving = exits(&map, &with_lengths, from);
                destination.cost(&map, &with_lengths, from, &leaving)
            });
            let (seconds, metres) = parts(cost.ok_or_else(|| {
                anyhow!("unit {} was found and has no way; this is a defect", row.id)
            })?);
            writeln!(
                out,
                "{to_row},{rank},{},{seconds},{metres}",
                quoted(&row.id)
            )?;
        }
    }
    out.flush()?;
    if nobody > 0 {
        eprintln!("liandong: to {nobody} places nobody can come");
    }
    Ok(())
}

/// An id as a field of CSV.
fn quoted(id: &str) -> String {
    if id.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", id.replace('"', "\"\""))
    } else {
        id.to_owned()
    }
}
