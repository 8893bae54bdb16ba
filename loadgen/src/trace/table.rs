//! A CSV file with a header, read row by row with bounded memory: plain, gzip or zstandard by its first bytes.
//!
//! Knows where every cell stands so that an error can say so; knows nothing of what the columns mean. Next:
//! [`read`](super::read) for traces, [`import`](super::import) for what others wrote.

use super::{ROW_BYTES_MAX, TraceError};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

/// What the CSV reader fetches at once; a row may end anywhere in it.
const FETCH_BYTES: u64 = 64 * 1024;

/// Decompressed bytes, of which no more may pass than the row at hand is allowed.
struct Bounded<R> {
    inner: R,
    passed: u64,
    limit: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passed >= self.limit.get() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("is longer than {ROW_BYTES_MAX} bytes; is a quote missing?"),
            ));
        }
        let count = self.inner.read(buffer)?;
        self.passed += count as u64;
        Ok(count)
    }
}

/// A CSV file that is being read.
pub struct Table {
    file: String,
    csv: csv::Reader<Bounded<Box<dyn Read>>>,
    limit: Rc<Cell<u64>>,
    header: Vec<String>,
    record: csv::StringRecord,
    row: u64,
}

impl Table {
    /// Opens the file and reads its header.
    pub fn open(path: &Path) -> Result<Table, TraceError> {
        let file = path.display().to_string();
        let opened = File::open(path).and_then(decompressed);
        let inner = opened.map_err(|source| TraceError::File {
            file: file.clone(),
            source,
        })?;
        Table::read(file, inner)
    }

    /// Reads what is already open; `file` is its name in errors and keys.
    pub fn read(file: String, inner: Box<dyn Read>) -> Result<Table, TraceError> {
        let limit = Rc::new(Cell::new(ROW_BYTES_MAX + FETCH_BYTES));
        let bounded = Bounded {
            inner,
            passed: 0,
            limit: Rc::clone(&limit),
        };
        let mut csv = csv::ReaderBuilder::new()
            .buffer_capacity(FETCH_BYTES as usize)
            .has_headers(true)
            .from_reader(bounded);
        let problem = |problem: String| TraceError::Header {
            file: file.clone(),
            problem,
        };
        let header = csv.headers().map_err(|error| problem(cause(&error)))?;
        let header: Vec<String> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_string())
            .collect();
        for (index, name) in header.iter().enumerate() {
            if header[..index].contains(name) {
                return Err(problem(format!("column `{name}` is there twice")));
            }
        }
        Ok(Table {
            file,
            csv,
            limit,
            header,
            record: csv::StringRecord::new(),
            row: 0,
        })
    }

    /// The name of the file, as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The file's name without its folders, for keys.
    pub fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// Where a column stands that must be there.
    pub fn needed(&self, name: &str) -> Result<usize, TraceError> {
        self.column(name).ok_or_else(|| TraceError::Header {
            file: self.file.clone(),
            problem: format!(
                "there is no column `{name}`; the columns are: {}",
                self.header.join(", ")
            ),
        })
    }

    /// Goes to the next row; `false` at the end of the file.
    pub fn advance(&mut self) -> Result<bool, TraceError> {
        self.limit
            .set(self.csv.position().byte() + ROW_BYTES_MAX + FETCH_BYTES);
        let line = self.csv.position().line();
        let read = self.csv.read_record(&mut self.record);
        self.row += 1;
        read.map_err(|error| TraceError::Row {
            file: self.file.clone(),
            row: self.row,
            line,
            problem: cause(&error),
        })
    }

    /// The number of the row at hand, from 1 after the header.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The cell of a column in the row at hand.
    pub fn cell(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default().trim()
    }

    /// The cell of a column that may be missing; `None` too when it is empty.
    pub fn filled(&self, column: Option<usize>) -> Option<&str> {
        column
            .map(|column| self.cell(column))
            .filter(|cell| !cell.is_empty())
    }

    /// An error at a cell of the row at hand.
    pub fn wrong(&self, column: usize, problem: impl Into<String>) -> TraceError {
        TraceError::Cell {
            file: self.file.clone(),
            row: self.row,
            line: self.record.position().map_or(0, csv::Position::line),
            column: self.header.get(column).cloned().unwrap_or_default(),
            cell: self.cell(column).chars().take(40).collect(),
            problem: problem.into(),
        }
    }
}

/// What is behind a CSV error, without the places that our own errors already name.
fn cause(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(source) => source.to_string(),
        csv::ErrorKind::Utf8 { err, .. } => format!("is not UTF-8 ({err})"),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} cells where the header has {expected_len}"),
        other => format!("cannot be read: {other:?}"),
    }
}

/// The bytes of a file, decompressed if its first bytes say that it is compressed.
fn decompressed(file: File) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::new(file);
    let start = std::io::BufRead::fill_buf(&mut file)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(file)));
    }
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Box::new(zstd::stream::read::Decoder::with_buffer(file)?));
    }
    Ok(Box::new(file))
}
