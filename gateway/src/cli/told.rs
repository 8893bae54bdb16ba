//! `liandong explain`, `report` and `board`: what the journal tells, for people. They read, take no lock and change nothing.

use crate::explain::explain as explain_order;
use crate::language::Language;
use engine::id::{OrderId, Sequence};
use jiff::civil::Date;
use std::io::Write;
use std::path::Path;

/// Explains an order.
pub fn explain(dir: &Path, order: OrderId, language: Language, json: bool) -> anyhow::Result<()> {
    let explanation = explain_order(dir, order, Sequence(u64::MAX))?;
    if json {
        print(&serde_json::to_string_pretty(&explanation.told(language))?)
    } else {
        print(&explanation.words(language))
    }
}

/// Prints a day's figures.
pub fn report(
    dir: &Path,
    day: Date,
    language: Language,
    csv: bool,
    by_unit: bool,
) -> anyhow::Result<()> {
    let figures = crate::report::report(dir, day)?;
    if csv {
        print(figures.csv()?.trim_end())
    } else {
        print(figures.table(language, by_unit).trim_end())
    }
}

/// Prints the board.
pub fn board(dir: &Path, language: Language) -> anyhow::Result<()> {
    print(crate::board::board(dir)?.print(language).trim_end())
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
