//! A trace: calls in the order of their times, as a CSV file (plain, `.gz` or `.zst`).
//!
//! Owns the columns and what a row means. A trace says what callers did and never what a centre should decide;
//! only `expect_agencies` states a hope, which the summary counts. Next: [`read`], [`mod@write`], [`import`].

pub mod import;
pub mod observed;
pub mod read;
pub mod record;
pub mod table;
pub mod write;

use engine::kind::{Agency, AgencySet, Kind};
use engine::moment::Moment;
use engine::place::datum::Datum;

pub use read::Reader;
pub use write::Writer;

/// The columns of a trace, in the order in which they are written. Only `at` and `line` must be there.
pub const COLUMNS: [&str; 12] = [
    "at",
    "key",
    "line",
    "caller",
    "lat",
    "lon",
    "datum",
    "accuracy_m",
    "text",
    "kind",
    "injured",
    "expect_agencies",
];

/// The most bytes one row may have: a call's frame (64 KiB) and its row hold the same words.
pub const ROW_BYTES_MAX: u64 = 64 * 1024;

/// The cell that means "nobody has said yet", where an empty `text` means a silent caller.
pub const TEXT_UNKNOWN: &str = r"\N";

/// The moment that second 0 stands for in a trace whose times are seconds: 2026-01-01T00:00:00+08:00, so that
/// local day and night fall where the seconds say.
pub const SECONDS_START: Moment = Moment(1_767_196_800_000);

/// One call of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When it comes in.
    pub at: Moment,
    /// The sender's key; file and row where the trace gives none.
    pub key: String,
    /// The dialled number, as it stands in the file.
    pub line: String,
    /// The caller's number.
    pub caller: Option<String>,
    /// Degrees north in `datum`.
    pub lat: Option<f64>,
    /// Degrees east in `datum`.
    pub lon: Option<f64>,
    /// What the position is measured against.
    pub datum: Option<Datum>,
    /// How far off it may be, in metres.
    pub accuracy_m: Option<f64>,
    /// What is said. `None`: not known yet; empty: a silent caller.
    pub text: Option<String>,
    /// What the sender holds it to be.
    pub kind: Option<Kind>,
    /// How many are said to be hurt.
    pub injured: Option<u16>,
    /// Who should be told; empty: nobody.
    pub expect_agencies: Option<AgencySet>,
}

impl Row {
    /// A row with nothing but what is mandatory.
    pub fn new(at: Moment, key: String, line: &str) -> Row {
        Row {
            at,
            key,
            line: line.to_string(),
            caller: None,
            lat: None,
            lon: None,
            datum: None,
            accuracy_m: None,
            text: None,
            kind: None,
            injured: None,
            expect_agencies: None,
        }
    }
}

/// What is wrong with a trace, and where.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read or written at all.
    #[error(
        "{file}: {source}; name a file that is there and may be read, or one that may be written"
    )]
    File {
        /// Its path.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The header is not one of a trace.
    #[error("{file}, header: {problem}")]
    Header {
        /// Its path.
        file: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A row cannot be read as CSV.
    #[error("{file}, row {row} (line {line}): {problem}")]
    Row {
        /// Its path.
        file: String,
        /// The row, from 1 after the header.
        row: u64,
        /// The line of the file, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// A cell does not say what its column asks for.
    #[error("{file}, row {row} (line {line}), {column}: `{cell}` {problem}")]
    Cell {
        /// Its path.
        file: String,
        /// The row, from 1 after the header.
        row: u64,
        /// The line of the file, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there, shortened.
        cell: String,
        /// What would be right.
        problem: String,
    },
}

/// `fire+medical`, or `none`.
pub fn agencies_text(agencies: AgencySet) -> String {
    let codes: Vec<&str> = agencies.iter().map(Agency::code).collect();
    if codes.is_empty() {
        "none".into()
    } else {
        codes.join("+")
    }
}

/// The agencies that `fire+medical` or `none` names.
pub fn agencies_named(text: &str) -> Result<AgencySet, String> {
    if text == "none" {
        return Ok(AgencySet::default());
    }
    let mut agencies = Vec::new();
    for code in text.split('+') {
        let agency = Agency::from_code(code.trim())
            .ok_or("names no agency; write codes joined by `+`, as in fire+medical, or none")?;
        agencies.push(agency);
    }
    Ok(AgencySet::of(&agencies))
}
