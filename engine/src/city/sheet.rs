//! Reads one CSV file row by row and names every mistake by line and column.
//!
//! A file is UTF-8 with or without a byte-order mark, has a header line, and may leave optional columns out; a column
//! called `note` is nobody's business. Knows columns and kinds of field, nothing of what a row means: see `rows`.

use super::columns::File;
use super::mistake::{Mistake, Mistakes, quoted};
use csv::{ByteRecord, ReaderBuilder};
use std::io::Read;
use std::path::{Path, PathBuf};

mod row;
pub(super) use row::{Row, codes};

/// The largest file that is read.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;
/// The most columns a row can have.
const COLUMNS_MAX: usize = 64;

/// A file to read: where it is and what messages call it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    pub label: String,
}

impl Source {
    pub fn in_folder(dir: &Path, file: &str) -> Source {
        Source {
            path: dir.join(file),
            label: file.into(),
        }
    }

    pub fn at(path: &Path) -> Source {
        Source {
            path: path.into(),
            label: path.display().to_string(),
        }
    }

    pub fn mistake(&self, wrong: impl Into<String>, right: impl Into<String>) -> Mistake {
        let (wrong, right) = (wrong.into(), right.into());
        Mistake {
            file: self.label.clone(),
            row: None,
            field: None,
            wrong,
            right,
        }
    }

    /// The whole file, if it can be had within the bound.
    pub fn bytes(&self, most: u64) -> Result<Vec<u8>, Mistake> {
        let cannot = |error: std::io::Error| {
            let right = "put the file there, as `city generate` writes it";
            self.mistake(format!("it cannot be read ({error})"), right)
        };
        let large = || {
            let right = format!("split the city, or drop rows; at most {most} bytes are read");
            self.mistake(format!("it is larger than {most} bytes"), right)
        };
        let file = std::fs::File::open(&self.path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.len() > most {
            return Err(large());
        }
        let mut bytes = Vec::new();
        file.take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(cannot)?;
        if bytes.len() as u64 > most {
            return Err(large());
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(bytes)
    }
}

/// Reads the rows of a file; `read` makes something of each. Stops at `most` rows.
pub(super) fn read_rows<T>(
    source: &Source,
    file: &File,
    most: usize,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&mut Row) -> Option<T>,
) -> Vec<(u64, T)> {
    let bytes = match source.bytes(FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(mistake) => {
            mistakes.add(mistake);
            return Vec::new();
        }
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(&bytes[..]);
    let mut record = ByteRecord::new();
    let Some(header) = read_header(source, file, mistakes, &mut reader, &mut record) else {
        return Vec::new();
    };
    let mut lines = LineCounter::new(&bytes);
    let (mut rows, mut count) = (Vec::new(), 0);
    loop {
        let line = lines.line_at(reader.position().byte());
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return rows,
            Err(error) => {
                let mut mistake =
                    source.mistake(format!("it is not CSV ({error})"), "repair the line");
                mistake.row = Some(line);
                mistakes.add(mistake);
                return rows;
            }
        }
        count += 1;
        if count > most {
            let right = format!("at most {most} rows are read from this file");
            let mut mistake = source.mistake("there are too many rows", right);
            mistake.row = Some(line);
            mistakes.add(mistake);
            return rows;
        }
        let mut row = Row {
            source,
            header: &header,
            record: &record,
            line,
            mistakes,
        };
        if row.fits()
            && let Some(value) = read(&mut row)
        {
            rows.push((line, value));
        }
    }
}

/// The line of a byte, counted as editors do. The CSV reader's own count stands still at empty lines
/// before a record.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn new(bytes: &[u8]) -> LineCounter<'_> {
        LineCounter {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// The line of the first record that begins at or after this byte; bytes come in ascending order.
    fn line_at(&mut self, byte: u64) -> u64 {
        while let Some(&here) = self.bytes.get(self.at) {
            let ends = matches!(here, b'\n' | b'\r');
            if self.at as u64 >= byte && !ends {
                break;
            }
            let pair = here == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(ends && !pair);
            self.at += 1;
        }
        self.line
    }
}

fn read_header(
    source: &Source,
    file: &File,
    mistakes: &mut Mistakes,
    reader: &mut csv::Reader<&[u8]>,
    record: &mut ByteRecord,
) -> Option<Vec<String>> {
    let names = |optional: bool| {
        let all = file.columns.iter();
        all.filter(move |column| column.optional == optional)
            .map(|column| column.name)
    };
    let required: Vec<_> = names(false).collect();
    let known: Vec<_> = names(false).chain(names(true)).collect();
    let expected = || format!("its first line names the columns {}", required.join(","));
    if !matches!(reader.read_byte_record(record), Ok(true)) || record.len() > COLUMNS_MAX {
        mistakes.add(source.mistake("it has no header, or one too wide", expected()));
        return None;
    }
    let mut wrong = Vec::new();
    let mut header: Vec<String> = Vec::new();
    for field in record.iter() {
        let Ok(name) = std::str::from_utf8(field) else {
            wrong.push((
                String::from("the header is not UTF-8"),
                String::from("save the file as UTF-8"),
            ));
            break;
        };
        let name = name.trim();
        if header.iter().any(|earlier| earlier == name) {
            wrong.push((
                format!("the column {} is there twice", quoted(name)),
                "keep one of them".into(),
            ));
        }
        if name != "note" && !known.contains(&name) {
            let known = known.join(", ");
            wrong.push((
                format!("there is no column {}", quoted(name)),
                format!("the columns are {known} and note"),
            ));
        }
        header.push(name.into());
    }
    let readable = header.len() == record.len();
    for (wrong, right) in wrong {
        mistakes.add(Mistake {
            row: Some(1),
            ..source.mistake(wrong, right)
        });
    }
    for &name in &required {
        if readable && !header.iter().any(|column| column == name) {
            mistakes.add(Mistake {
                field: Some(name.into()),
                row: Some(1),
                ..source.mistake("the column is missing", expected())
            });
        }
    }
    let complete = required
        .iter()
        .all(|name| header.iter().any(|column| column == name));
    complete.then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::columns::Column;

    const ONE: File = File {
        name: "a.csv",
        about: "",
        flag: "",
        columns: &[Column {
            name: "x",
            optional: false,
            kind: "",
            about: "",
            example: "",
        }],
    };

    #[test]
    fn rows_are_read_up_to_a_bound() {
        let dir = tempfile::tempdir().unwrap();
        let text = "x\n1\n2\n\n3\n4\n5\n";
        std::fs::write(dir.path().join("a.csv"), text).unwrap();
        let source = Source::in_folder(dir.path(), "a.csv");
        let read = |most| {
            let mut mistakes = Mistakes::default();
            let rows = read_rows(&source, &ONE, most, &mut mistakes, |row| {
                row.whole("x", 0..=9, None)
            });
            (rows, mistakes.finish().0.to_string())
        };
        assert_eq!(
            read(5),
            (vec![(2, 1), (3, 2), (5, 3), (6, 4), (7, 5)], String::new())
        );
        let (rows, errors) = read(3);
        assert_eq!(rows, [(2, 1), (3, 2), (5, 3)]);
        let right = "at most 3 rows are read from this file";
        assert_eq!(errors, format!("a.csv:6: there are too many rows; {right}"));
    }

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["\"x\"", "a", "", "", "\"b", "b\"", "c"].join(end);
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("a.csv"), text).unwrap();
            let source = Source::in_folder(dir.path(), "a.csv");
            let mut mistakes = Mistakes::default();
            let rows = read_rows(&source, &ONE, 9, &mut mistakes, |_| Some(()));
            let lines: Vec<u64> = rows.iter().map(|(line, ())| *line).collect();
            assert_eq!(lines, [2, 5, 7], "{end:?}");
        }
    }
}
