//! A table by its columns: rows in order, fields by column, mistakes with their place.

use super::super::decimal::{self, Decimal};
use super::{CsvError, Source};
use csv::{ByteRecord, Position};
use std::fmt;
use std::io::Read;

/// How much of a field is quoted in a message.
const QUOTED_MAX: usize = 40;

/// A table that is being read.
pub(super) struct Table<R: Read> {
    name: String,
    columns: Vec<&'static str>,
    /// Where each of our columns stands in the file; none where an optional one is missing.
    places: Vec<Option<usize>>,
    reader: csv::Reader<R>,
    record: ByteRecord,
}

impl<R: Read> Table<R> {
    /// Reads the header. Columns may come in any order; a column `note` is passed over.
    pub fn open(
        source: Source<R>,
        wanted: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Table<R>, CsvError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(source.bytes);
        let name = source.name;
        let header = reader
            .byte_headers()
            .map_err(|error| refused(&name, error))?
            .clone();
        let columns: Vec<&'static str> = wanted.iter().chain(optional).copied().collect();
        let mut places = vec![None; columns.len()];
        for (place, field) in header.iter().enumerate() {
            let field = field
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(field)
                .trim_ascii();
            match columns.iter().position(|column| column.as_bytes() == field) {
                Some(column) if places[column].is_none() => places[column] = Some(place),
                None if field == b"note" => {}
                _ => {
                    return Err(header_error(
                        &name,
                        format!("{} is no column of it, or is there twice", quoted(field)),
                        &columns,
                    ));
                }
            }
        }
        if let Some(missing) = (0..wanted.len()).find(|&column| places[column].is_none()) {
            let wrong = format!("the column {} is missing", columns[missing]);
            return Err(header_error(&name, wrong, &columns));
        }
        Ok(Table {
            name,
            columns,
            places,
            reader,
            record: ByteRecord::new(),
        })
    }

    /// The next row.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, CsvError> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| refused(&self.name, error))?;
        Ok(more.then_some(Row {
            name: &self.name,
            columns: &self.columns,
            places: &self.places,
            record: &self.record,
        }))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A line of it, for a report.
    pub fn place(&self, line: u64) -> impl fmt::Display + '_ {
        Place(&self.name, line)
    }
}

/// The column list of what is expected, in the words of a message.
fn header_error(file: &str, wrong: String, columns: &[&'static str]) -> CsvError {
    CsvError::Row {
        file: file.to_owned(),
        row: 1,
        wrong,
        right: if columns[0] == "id" {
            "the first line is id,lat,lon"
        } else {
            "the first line is from,to,metres,seconds and, if there are any, seconds_siren and class"
        },
    }
}

fn refused(file: &str, error: csv::Error) -> CsvError {
    let row = error.position().map_or(1, Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(source) => CsvError::Read {
            file: file.to_owned(),
            source,
        },
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => CsvError::Row {
            file: file.to_owned(),
            row,
            wrong: format!("{len} fields where the first line has {expected_len}"),
            right: "each row has a field for each column",
        },
        other => CsvError::Row {
            file: file.to_owned(),
            row,
            wrong: format!("{other:?}"),
            right: "the table is CSV in UTF-8",
        },
    }
}

/// A field as a message shows it: cut and escaped.
fn quoted(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    let cut: String = text.chars().take(QUOTED_MAX).collect();
    format!("{cut:?}")
}

struct Place<'a>(&'a str, u64);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

/// One row.
pub(super) struct Row<'a> {
    name: &'a str,
    columns: &'a [&'static str],
    places: &'a [Option<usize>],
    record: &'a ByteRecord,
}

impl Row<'_> {
    /// Its line, from 1.
    pub fn line(&self) -> u64 {
        self.record.position().map_or(1, Position::line)
    }

    /// Its place, for a report.
    pub fn place(&self) -> impl fmt::Display + '_ {
        Place(self.name, self.line())
    }

    fn field(&self, column: usize) -> &[u8] {
        let place = self.places.get(column).copied().flatten();
        let field = place.and_then(|place| self.record.get(place));
        field.unwrap_or(b"").trim_ascii()
    }

    /// Whether a field is empty, or its column missing.
    pub fn is_empty(&self, column: usize) -> bool {
        self.field(column).is_empty()
    }

    /// A field as text; bytes that are none are no word of ours.
    pub fn text(&self, column: usize) -> &str {
        std::str::from_utf8(self.field(column)).unwrap_or("\u{fffd}")
    }

    /// A whole number of 64 bits. `17.0` is one too: some programs write ids so.
    pub fn id(&self, column: usize) -> Result<i64, CsvError> {
        let text = self.text(column);
        let whole = text.strip_suffix(".0").unwrap_or(text);
        whole.parse().map_err(|_| {
            self.wrong(
                column,
                "is no whole number of 64 bits",
                "ids are whole numbers",
            )
        })
    }

    /// A number times `10^places`.
    pub fn number(&self, column: usize, places: i32) -> Result<Decimal, CsvError> {
        decimal::scaled(self.text(column), places).ok_or_else(|| {
            self.wrong(
                column,
                "is no number",
                "write digits with a point, as in 12.5",
            )
        })
    }

    /// A mistake in a field.
    pub fn wrong(&self, column: usize, wrong: &str, right: &'static str) -> CsvError {
        CsvError::Field {
            file: self.name.to_owned(),
            row: self.line(),
            column: self.columns[column],
            wrong: format!("{} {wrong}", quoted(self.field(column))),
            right,
        }
    }
}
