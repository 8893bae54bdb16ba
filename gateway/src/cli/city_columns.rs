//! `liandong city columns`: every file of a city, every column in it, every word that may stand there.
//!
//! What it prints is made from what the loader reads, and `docs/city.md` holds it word for word.

use crate::columns::{Align, padded, width};
use engine::capability::Capability;
use engine::city::Zone;
use engine::city::columns::{FILES, File};
use engine::city::contacts::{ChannelKind, ContactRole};
use engine::hospital::HospitalCapability;
use engine::kind::Agency;
use engine::place::datum::Datum;
use std::fmt::Display;
use std::io::Write;

/// Prints all files.
pub fn columns() -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(page().as_bytes())?;
    Ok(())
}

/// The files and the vocabularies, as Markdown.
pub(super) fn page() -> String {
    let mut page = String::new();
    for file in FILES {
        page.push_str(&format!("### {}\n\n", file.name));
        page.push_str(&format!(
            "{} (`city import`: {}).\n\n",
            file.about, file.flag
        ));
        page.push_str(&table(file));
        page.push('\n');
    }
    page.push_str("### Words\n\n");
    let words = [
        ("agency", codes(Agency::ALL)),
        ("capability", codes(Capability::ALL)),
        ("hospital capability", codes(HospitalCapability::ALL)),
        ("contact role", codes(ContactRole::ALL)),
        ("channel", codes(ChannelKind::ALL)),
        ("zone", codes(Zone::ALL)),
        ("datum", codes(Datum::ALL)),
    ];
    for (what, codes) in words {
        page.push_str(&format!("- **{what}**: {codes}\n"));
    }
    page
}

fn codes<T: Display>(all: &[T]) -> String {
    let codes: Vec<String> = all.iter().map(|code| format!("`{code}`")).collect();
    codes.join(", ")
}

/// One file as a table whose columns line up in a terminal too.
fn table(file: &File) -> String {
    let head = ["column", "may be empty", "type", "what it holds", "example"];
    let mut rows = vec![head.map(str::to_owned)];
    for column in file.columns {
        let example = match column.example {
            "" => String::new(),
            example => format!("`{example}`"),
        };
        rows.push([
            format!("`{}`", column.name),
            if column.optional { "yes" } else { "no" }.to_owned(),
            column.kind.to_owned(),
            column.about.to_owned(),
            example,
        ]);
    }
    let widths: [usize; 5] =
        std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    rows.insert(1, widths.map(|cells| "-".repeat(cells)));
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, cells)| padded(cell, cells, Align::Left));
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that teaches a city's format is what the command prints, and that is what the loader reads.
    #[test]
    fn the_document_is_what_the_command_prints() {
        let document = include_str!("../../../docs/city.md");
        let page = page();
        assert!(
            document.contains(&page),
            "docs/city.md is behind; put this into it:\n{page}"
        );
        for file in FILES {
            assert!(page.contains(&format!("### {}\n", file.name)));
            for column in file.columns {
                assert!(
                    !column.about.contains('|') && page.contains(&format!("| `{}`", column.name))
                );
            }
        }
    }
}
