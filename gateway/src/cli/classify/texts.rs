//! Labelled texts: JSON lines with what was said and what a good officer makes of it.

use anyhow::{Context, bail};
use engine::classify::train::Sample;
use engine::kind::{Agency, AgencySet, Kind, Nature, Priority};
use engine::line::Line;
use serde::Deserialize;
use std::path::Path;

/// Texts are no larger together.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A labelled text with its name.
pub struct Labelled {
    /// As it is called in its file; empty when it has no name.
    pub id: String,
    /// What was said, and what it is.
    pub sample: Sample,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    id: String,
    line: String,
    text: String,
    kind: String,
    agencies: Vec<String>,
    priority: u8,
    nature: String,
}

/// Reads a file of labelled texts; the first mistake is named by file, line and field.
pub fn read(path: &Path) -> anyhow::Result<Vec<Labelled>> {
    let place = path.display();
    let size = std::fs::metadata(path)
        .with_context(|| format!("{place}: cannot be read; name a file that is there"))?
        .len();
    if size > FILE_BYTES_MAX {
        bail!("{place}: {size} bytes; at most {FILE_BYTES_MAX} are read");
    }
    let text = super::read(path)?;
    let rows = text
        .lines()
        .enumerate()
        .filter(|(_, row)| !row.trim().is_empty());
    rows.map(|(number, row)| labelled(row).with_context(|| format!("{place}, line {}", number + 1)))
        .collect()
}

fn labelled(row: &str) -> anyhow::Result<Labelled> {
    let row: Row = serde_json::from_str(row)
        .context("write id, line, text, kind, agencies, priority and nature")?;
    let kind = Kind::from_code(&row.kind).filter(|&kind| kind != Kind::Unknown);
    let mut agencies = AgencySet::EMPTY;
    for code in row.agencies.iter().filter(|code| *code != "none") {
        let agency = Agency::from_code(code);
        agencies = agencies
            .with(agency.with_context(|| format!("`agencies`: `{code}` is not an agency"))?);
    }
    Ok(Labelled {
        id: row.id,
        sample: Sample {
            line: row
                .line
                .parse::<Line>()
                .map_err(|error| anyhow::anyhow!("`line`: {error}"))?,
            text: row.text,
            kind: kind.with_context(|| format!("`kind`: `{}` is not a kind", row.kind))?,
            agencies,
            priority: Priority::try_from(row.priority)
                .ok()
                .with_context(|| format!("`priority`: {} is not 1 to 4", row.priority))?,
            nature: Nature::from_code(&row.nature)
                .with_context(|| format!("`nature`: `{}` is not a nature", row.nature))?,
        },
    })
}
