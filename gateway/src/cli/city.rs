//! `liandong city generate`, `import` and `check`.

use super::Import;
use anyhow::Context;
use engine::city::{self, City, ImportInputs, Mistake};
use engine::id::CentreId;
use engine::name::Name;
use std::io::Write;
use std::path::Path;

/// Makes a county from a seed.
pub fn generate(dir: &Path, seed: u64, units: Option<u32>, force: bool) -> anyhow::Result<()> {
    let city = city::generate(seed, units)?;
    if force {
        city.write(dir)?;
    } else {
        city.write_new(dir)?;
    }
    say(dir, &city, "made")
}

/// Makes a city folder from tables of one's own.
pub fn import(import: Import) -> anyhow::Result<()> {
    let inputs = ImportInputs {
        name: Name::new(&import.name).with_context(|| {
            format!(
                "--name {:?}: write a shorter one, without control characters",
                import.name
            )
        })?,
        centre: CentreId(import.centre),
        reference: None,
        utc_offset_min: city::UTC_OFFSET_DEFAULT_MIN,
        desk_limit: city::DESK_LIMIT_DEFAULT,
        posts: import.posts,
        units: import.units,
        districts: import.districts.zip(import.shapes),
        hospitals: import.hospitals,
        cells: import.cells,
        force: import.force,
    };
    let imported = city::import(&inputs, &import.dir)?;
    warn(&imported.warnings);
    say(&import.dir, &imported.city, "imported")
}

/// Checks a city folder.
pub fn check(dir: &Path) -> anyhow::Result<()> {
    let checked = City::check(dir);
    warn(&checked.warnings);
    say(dir, &checked.city?, "good")
}

fn warn(warnings: &[Mistake]) {
    for warning in warnings {
        eprintln!("liandong: warning: {warning}");
    }
}

fn say(dir: &Path, city: &City, what: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {what}: {}, centre {}, {} units, {} posts, {} districts, {} hospitals, {} cells",
        dir.display(),
        city.name,
        city.centre.0,
        city.units.len(),
        city.posts.len(),
        city.districts.len(),
        city.hospitals.len(),
        city.cells.len(),
    )?;
    Ok(())
}
