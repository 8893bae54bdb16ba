//! `liandong-load import`: what an importer tells beside the trace: its mistakes, and what units were seen to do.

use super::{Failure, simulating};
use crate::trace::import::{Imported, sffd};
use crate::trace::observed;
use std::path::Path;

/// What an importer could not read, and went on.
pub(super) fn tell_mistakes(imported: &Imported) {
    if imported.repeats > 0 {
        println!(
            "{} rows name a unit of a call again; the first of them counts",
            imported.repeats
        );
    }
    if imported.mistakes_all > 0 {
        eprintln!(
            "{} mistakes, {} rows left out:",
            imported.mistakes_all, imported.rows_left_out
        );
        imported
            .mistakes
            .iter()
            .for_each(|mistake| eprintln!("  {mistake}"));
        let more = imported.mistakes_all - imported.mistakes.len() as u64;
        if more > 0 {
            eprintln!("  and {more} more");
        }
    }
}

/// Writes what units were seen to do, held against a map where there is one.
pub(super) fn keep_observed(
    imported: &mut Imported,
    file: &Path,
    by_road: Option<&Path>,
) -> Result<(), Failure> {
    let mut reckoned = String::new();
    if let Some(config) = by_road {
        let ground = simulating::ground(Some(config))?;
        let atlas = ground.atlas().ok_or_else(|| Failure {
            message: format!(
                "{}: this centre has no map of roads; name one in [roads], or leave --by-road away",
                config.display()
            ),
            code: 1,
        })?;
        let (responses, rows) = (&mut imported.responses, &imported.rows);
        let count = sffd::by_road::reckon(responses, rows, ground.city(), atlas);
        reckoned = format!(", {count} of them with a way that the map reckons too");
    }
    observed::write(file, &imported.responses)?;
    println!(
        "{} units' answers{reckoned}, in {}",
        imported.responses.len(),
        file.display()
    );
    Ok(())
}
