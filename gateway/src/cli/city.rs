//! `liandong city generate`, `import` and `check`: the tables of a city, and the map of its roads beside them.

use super::Import;
use super::roads::build::of_tables;
use crate::config::roads::{self, Map};
use anyhow::{Context, anyhow};
use engine::city::write::{write_files, write_new_files};
use engine::city::{self, City, Contacts, ImportInputs, Mistake};
use engine::id::CentreId;
use engine::moment::Moment;
use engine::name::Name;
use jiff::Timestamp;
use std::io::Write;
use std::path::Path;

/// Makes a county from a seed, and its roads.
pub fn generate(dir: &Path, seed: u64, units: Option<u32>, force: bool) -> anyhow::Result<()> {
    let city = city::generate(seed, units)?;
    let mut files = city.files()?;
    files.push((roads::FILE, city::generate::roads::map(seed)?));
    files.push(city::contacts::example(&city)?);
    if force {
        write_files(dir, &files)?;
    } else {
        write_new_files(dir, &files)?;
    }
    say(dir, &city, "made")
}

/// Makes a city folder from tables of one's own.
pub fn import(import: Import) -> anyhow::Result<()> {
    let (beside, report) = match import.nodes.zip(import.edges) {
        Some((nodes, edges)) => {
            let (map, report) = of_tables(&nodes, &edges, &import.attribution)?;
            (vec![(roads::FILE, map)], report)
        }
        None => (Vec::new(), String::new()),
    };
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
        contacts: import.contacts,
        beside,
        force: import.force,
    };
    let imported = city::import(&inputs, &import.dir)?;
    std::io::stdout().lock().write_all(report.as_bytes())?;
    warn(&imported.warnings);
    say(&import.dir, &imported.city, "imported")
}

/// Checks a city folder.
pub fn check(dir: &Path) -> anyhow::Result<()> {
    let checked = City::check(dir);
    warn(&checked.warnings);
    let city = checked.city?;
    let contacts = Contacts::load(dir, &city)?;
    warn(&contacts.audit(&city, wall_now()));
    say(dir, &city, "good")
}

/// Now, by the clock of this machine.
pub fn wall_now() -> Moment {
    Moment(Timestamp::now().as_millisecond())
}

/// Names what is odd but allowed.
pub fn warn(warnings: &[Mistake]) {
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
    if let Some(file) = roads::beside(dir) {
        let map = Map::read(&file, Some(city)).map_err(|error| anyhow!(error))?;
        writeln!(out, "{}: {what}: {map}", file.display())?;
    }
    Ok(())
}
