//! `liandong explain`, `report` and `board`: what the journal tells, for people. They read, take no lock and change nothing.

use crate::explain::explain as explain_order;
use crate::language::Language;
use anyhow::bail;
use engine::id::{OrderId, Sequence};
use engine::moment::Moment;
use jiff::Timestamp;
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
    let wall = Moment(Timestamp::now().as_millisecond());
    let figures = crate::report::report(dir, day, wall)?;
    if csv {
        print(figures.csv()?.trim_end())?;
    } else {
        print(figures.table(language, by_unit).trim_end())?;
    }
    must_be_whole("report", figures.damage.as_deref())
}

/// Prints the board.
pub fn board(dir: &Path, language: Language) -> anyhow::Result<()> {
    let board = crate::board::board(dir)?;
    print(board.print(language).trim_end())?;
    must_be_whole("board", board.damage())
}

/// What was printed may be used; the exit code says that something is missing.
fn must_be_whole(what: &str, damage: Option<&str>) -> anyhow::Result<()> {
    match damage {
        Some(damage) => bail!(
            "the {what} above is not whole: {damage}; keep the folder as it is, and work on by what is above and by telephone"
        ),
        None => Ok(()),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
