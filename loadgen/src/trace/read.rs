//! Reads a trace row by row, in bounded memory; every mistake is named by file, row and column.
//!
//! Strict where the file's author made a mistake (times that run backwards, unknown kinds), lenient where a
//! caller may be wrong: a line that nobody serves or a latitude of NaN is what a centre must bear, so it passes.

use super::table::Table;
use super::{COLUMNS, ROW_BYTES_MAX, Row, SECONDS_START, TEXT_UNKNOWN, TraceError, agencies_named};
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::place::datum::Datum;
use std::path::Path;

/// Which column of the file holds which column of a trace.
#[derive(Clone, Debug)]
struct Places([Option<usize>; COLUMNS.len()]);

/// Whether a trace's times must come in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A time before the last one is an error: what replay needs.
    Kept,
    /// Any order: what import sorts.
    Any,
}

/// A trace that is being read.
pub struct Reader {
    table: Table,
    places: Places,
    order: Order,
    seconds: Option<bool>,
    last: Moment,
    failed: bool,
}

impl Reader {
    /// Opens a trace.
    pub fn open(path: &Path) -> Result<Reader, TraceError> {
        Reader::of(Table::open(path)?, &[], Order::Kept)
    }

    /// Reads a trace from a table whose columns may have other names: pairs of (a trace's column, the file's).
    pub fn of(
        table: Table,
        names: &[(String, String)],
        order: Order,
    ) -> Result<Reader, TraceError> {
        let mut places = Places([None; COLUMNS.len()]);
        for (place, column) in places.0.iter_mut().zip(COLUMNS) {
            let named = names.iter().find(|(ours, _)| ours == column);
            *place = match named {
                Some((_, theirs)) => Some(table.needed(theirs)?),
                None => table.column(column),
            };
        }
        if let Some((ours, _)) = names
            .iter()
            .find(|(ours, _)| !COLUMNS.contains(&ours.as_str()))
        {
            return Err(TraceError::Header {
                file: table.file().to_string(),
                problem: format!(
                    "`{ours}` is no column of a trace; they are: {}",
                    COLUMNS.join(", ")
                ),
            });
        }
        let reader = Reader {
            table,
            places,
            order,
            seconds: None,
            last: Moment(i64::MIN),
            failed: false,
        };
        for column in ["at", "line"] {
            if reader.column(column).is_none() {
                reader.table.needed(column)?;
            }
        }
        Ok(reader)
    }

    fn column(&self, name: &str) -> Option<usize> {
        let index = COLUMNS.iter().position(|column| *column == name)?;
        self.places.0[index]
    }

    fn filled(&self, name: &str) -> Option<(usize, &str)> {
        let column = self.column(name)?;
        self.table.filled(Some(column)).map(|cell| (column, cell))
    }

    fn parsed<T: std::str::FromStr>(
        &self,
        name: &str,
        right: &str,
    ) -> Result<Option<T>, TraceError> {
        self.filled(name)
            .map(|(column, cell)| {
                cell.parse()
                    .map_err(|_| self.table.wrong(column, format!("is not {right}")))
            })
            .transpose()
    }

    fn coded<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        right: &str,
    ) -> Result<Option<T>, TraceError> {
        self.filled(name)
            .map(|(column, cell)| {
                read(cell).ok_or_else(|| self.table.wrong(column, format!("is not {right}")))
            })
            .transpose()
    }

    fn moment(&mut self) -> Result<Moment, TraceError> {
        let column = self.column("at").unwrap_or_default();
        let cell = self.table.cell(column);
        let (moment, seconds) = match cell.parse::<f64>() {
            Ok(seconds) => (seconds_in(seconds), true),
            Err(_) => (cell.parse::<Moment>().ok(), false),
        };
        let Some(moment) = moment else {
            return Err(self.table.wrong(
                column,
                "is not a time; write RFC 3339, as in 2026-11-21T20:00:00+08:00, or seconds from the start",
            ));
        };
        if self.seconds.is_some_and(|before| before != seconds) {
            return Err(self.table.wrong(
                column,
                "is written another way than the rows before; use RFC 3339 or seconds throughout",
            ));
        }
        if self.order == Order::Kept && moment < self.last {
            return Err(self.table.wrong(
                column,
                "is before the row above; sort the trace by `at` (import sorts)",
            ));
        }
        self.seconds = Some(seconds);
        self.last = moment;
        Ok(moment)
    }

    fn row(&mut self) -> Result<Row, TraceError> {
        let at = self.moment()?;
        let line = self.filled("line").map(|(_, line)| line.to_string());
        let Some(line) = line else {
            let column = self.column("line").unwrap_or_default();
            return Err(self
                .table
                .wrong(column, "is empty; write the dialled number, as in 110"));
        };
        let key = match self.filled("key") {
            Some((_, key)) => key.to_string(),
            None => format!("{}:{}", self.table.file_name(), self.table.row()),
        };
        let text = self
            .column("text")
            .map(|column| self.table.cell(column))
            .filter(|text| *text != TEXT_UNKNOWN);
        let expect_agencies = self
            .filled("expect_agencies")
            .map(|(column, cell)| {
                agencies_named(cell).map_err(|problem| self.table.wrong(column, problem))
            })
            .transpose()?;
        Ok(Row {
            at,
            key,
            line,
            caller: self.filled("caller").map(|(_, cell)| cell.to_string()),
            lat: self.parsed("lat", "decimal degrees, as in 28.8512")?,
            lon: self.parsed("lon", "decimal degrees, as in 120.7331")?,
            datum: self.coded("datum", Datum::from_code, "wgs84, gcj02 or bd09")?,
            accuracy_m: self.parsed("accuracy_m", "a number of metres")?,
            text: text.map(str::to_string),
            kind: self.coded("kind", Kind::from_code, "a kind's code, as in crash_injury")?,
            injured: self.parsed("injured", "a number of people from 0 to 65535")?,
            expect_agencies,
        })
    }
}

/// A time that is written as seconds from the start.
fn seconds_in(seconds: f64) -> Option<Moment> {
    let most = (Moment::LATEST.0 - SECONDS_START.0) as f64 / 1_000.0;
    (0.0..=most)
        .contains(&seconds)
        .then(|| SECONDS_START + Span((seconds * 1_000.0).round() as i64))
}

impl Iterator for Reader {
    type Item = Result<Row, TraceError>;

    /// The next row; nothing after the first mistake.
    fn next(&mut self) -> Option<Result<Row, TraceError>> {
        if self.failed {
            return None;
        }
        let row = match self.table.advance() {
            Ok(false) => return None,
            Ok(true) => self.row(),
            Err(error) => Err(error),
        };
        self.failed = row.is_err();
        Some(row)
    }
}

const _: () = assert!(
    ROW_BYTES_MAX <= 1 << 20,
    "a row must fit in memory many times"
);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Row>, String> {
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        let table = Table::read("dir/t.csv".into(), Box::new(bytes)).map_err(|e| e.to_string())?;
        Reader::of(table, &[], Order::Kept)
            .map_err(|e| e.to_string())?
            .collect::<Result<Vec<Row>, TraceError>>()
            .map_err(|e| e.to_string())
    }

    #[test]
    fn only_time_and_line_are_needed_and_a_missing_key_is_file_and_row() {
        let rows = read("at,line\n0,110\n1.5,122\n").unwrap();
        assert_eq!(rows[1].key, "t.csv:2");
        assert_eq!(rows[1].at, SECONDS_START + Span(1_500));
        assert_eq!(rows[1].text, None);
        assert_eq!(SECONDS_START.to_string(), "2025-12-31T16:00:00.000Z");
    }

    #[test]
    fn an_empty_text_is_a_silent_caller_and_an_unknown_one_is_not() {
        let rows = read("at,line,text\n0,110,\n0,110,\\N\n0,110,着火了\n").unwrap();
        let texts: Vec<_> = rows.iter().map(|row| row.text.as_deref()).collect();
        assert_eq!(texts, [Some(""), None, Some("着火了")]);
    }

    #[test]
    fn what_a_caller_may_get_wrong_passes() {
        let rows = read("at,line,lat,lon\n2026-01-01T00:00:00Z,999x,NaN,1e9\n").unwrap();
        assert!(rows[0].lat.is_some_and(f64::is_nan));
        assert_eq!(rows[0].line, "999x");
    }

    #[test]
    fn each_mistake_is_named_by_file_row_and_column() {
        let cases = [
            ("line\n110\n", "header: there is no column `at`"),
            ("at,line,at\n", "column `at` is there twice"),
            (
                "at,line\n0,110\nsoon,110\n",
                "row 2 (line 3), at: `soon` is not a time",
            ),
            ("at,line\n-1,110\n", "`-1` is not a time"),
            (
                "at,line\n5,110\n4,110\n",
                "row 2 (line 3), at: `4` is before",
            ),
            ("at,line\n5,110\n2026-01-01T00:00:00Z,110\n", "another way"),
            ("at,line\n5,\n", "row 1 (line 2), line: `` is empty"),
            ("at,line,kind\n5,110,fire!\n", "kind: `fire!` is not a kind"),
            ("at,line,datum\n5,110,mars\n", "datum: `mars` is not wgs84"),
            (
                "at,line,injured\n5,110,-3\n",
                "injured: `-3` is not a number",
            ),
            ("at,line,lat\n5,110,north\n", "lat: `north` is not decimal"),
            (
                "at,line,expect_agencies\n5,110,fire+x\n",
                "expect_agencies: `fire+x` names no",
            ),
            ("at,line\n5,110,7\n", "row 1 (line 2): has 3 cells"),
        ];
        for (text, part) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text:?} gave: {error}");
            assert!(error.starts_with("dir/t.csv"), "{error}");
        }
    }

    #[test]
    fn a_row_without_end_is_refused_in_bounded_memory() {
        let endless = std::io::Read::chain(
            std::io::Cursor::new(b"at,line,text\n0,110,ok\n1,110,\"".to_vec()),
            std::io::repeat(b'x'),
        );
        let table = Table::read("t.csv".into(), Box::new(endless)).unwrap();
        let mut reader = Reader::of(table, &[], Order::Kept).unwrap();
        assert!(reader.next().unwrap().is_ok());
        let error = reader.next().unwrap().unwrap_err().to_string();
        assert!(
            error.contains("row 2") && error.contains("longer than"),
            "{error}"
        );
        assert!(reader.next().is_none());
    }
}
