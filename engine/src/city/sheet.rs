//! Reads one CSV file row by row and names every mistake by line and column.
//!
//! A file is UTF-8 with or without a byte-order mark, has a header line, and may leave optional columns out; a column
//! called `note` is nobody's business. Knows columns and kinds of field, nothing of what a row means: see `rows`.

use super::mistake::{Mistake, Mistakes, quoted};
use crate::name::Name;
use crate::place::Point;
use crate::place::datum::{Axis, Datum, DatumError, to_wgs84};
use csv::{ByteRecord, ReaderBuilder};
use std::fmt::Display;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The largest file that is read.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;
/// The most columns a row can have.
const COLUMNS_MAX: usize = 64;
/// The longest field; more is a quote that was never closed.
const FIELD_BYTES_MAX: usize = 4096;

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

/// What a file's header may and must hold.
pub(super) struct Columns {
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

/// One row while it is read: every accessor notes its mistake and gives `None` then.
pub(super) struct Row<'a> {
    source: &'a Source,
    header: &'a [String],
    record: &'a ByteRecord,
    line: u64,
    mistakes: &'a mut Mistakes,
}

/// Reads the rows of a file; `read` makes something of each. Stops at `most` rows.
pub(super) fn read_rows<T>(
    source: &Source,
    columns: &Columns,
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
    let Some(header) = read_header(source, columns, mistakes, &mut reader, &mut record) else {
        return Vec::new();
    };
    let (mut rows, mut count) = (Vec::new(), 0);
    loop {
        let line = reader.position().line();
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
        let line = record.position().map_or(line, csv::Position::line);
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

fn read_header(
    source: &Source,
    columns: &Columns,
    mistakes: &mut Mistakes,
    reader: &mut csv::Reader<&[u8]>,
    record: &mut ByteRecord,
) -> Option<Vec<String>> {
    let expected = || {
        format!(
            "its first line names the columns {}",
            columns.required.join(",")
        )
    };
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
        if name != "note" && !columns.required.contains(&name) && !columns.optional.contains(&name)
        {
            let known = [columns.required, columns.optional].concat().join(", ");
            wrong.push((
                format!("there is no column {}", quoted(name)),
                format!("the columns are {known} and note"),
            ));
        }
        header.push(name.into());
    }
    for &name in columns.required {
        if !header.iter().any(|column| column == name) {
            mistakes.add(Mistake {
                field: Some(name.into()),
                row: Some(1),
                ..source.mistake("the column is missing", expected())
            });
        }
    }
    for (wrong, right) in wrong {
        mistakes.add(Mistake {
            row: Some(1),
            ..source.mistake(wrong, right)
        });
    }
    let complete = columns
        .required
        .iter()
        .all(|name| header.iter().any(|column| column == name));
    complete.then_some(header)
}

impl Row<'_> {
    /// Whether its fields are as many as the header's, short enough and UTF-8.
    fn fits(&mut self) -> bool {
        if self.record.len() != self.header.len() {
            let (has, wants) = (self.record.len(), self.header.len());
            let right = "give every column of the header a field; quote fields that hold a comma";
            self.note(
                None,
                format!("the row has {has} fields, the header {wants}"),
                right,
            );
            return false;
        }
        let mut fits = true;
        for place in 0..self.record.len() {
            let field = self.header[place].clone();
            match self
                .record
                .get(place)
                .map(|bytes| (bytes.len(), std::str::from_utf8(bytes)))
            {
                Some((_, Err(_))) => {
                    self.note(
                        Some(&field),
                        "the field is not UTF-8",
                        "save the file as UTF-8",
                    );
                    fits = false;
                }
                Some((length, Ok(_))) if length > FIELD_BYTES_MAX => {
                    let right = format!(
                        "at most {FIELD_BYTES_MAX} are read; perhaps a quote is not closed"
                    );
                    self.note(Some(&field), format!("the field has {length} bytes"), right);
                    fits = false;
                }
                Some((_, Ok(_))) | None => {}
            }
        }
        fits
    }

    fn note(&mut self, field: Option<&str>, wrong: impl Into<String>, right: impl Into<String>) {
        let (row, field) = (Some(self.line), field.map(String::from));
        self.mistakes.add(Mistake {
            row,
            field,
            ..self.source.mistake(wrong, right)
        });
    }

    /// Notes a mistake in a column of this row.
    pub fn wrong(&mut self, column: &str, wrong: impl Into<String>, right: impl Into<String>) {
        self.note(Some(column), wrong, right);
    }

    /// Notes something in a column of this row that is odd but allowed.
    pub fn odd(&mut self, column: &str, wrong: impl Into<String>, right: impl Into<String>) {
        let (row, field) = (Some(self.line), Some(column.into()));
        self.mistakes.warn(Mistake {
            row,
            field,
            ..self.source.mistake(wrong, right)
        });
    }

    /// The trimmed text of a column; empty when the file leaves the column out.
    pub fn text(&self, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column);
        let bytes = place
            .and_then(|place| self.record.get(place))
            .unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default().trim()
    }

    /// A name that must be there.
    pub fn name(&mut self, column: &str) -> Option<Name> {
        match Name::new(self.text(column)) {
            Ok(name) => Some(name),
            Err(error) => {
                self.wrong(
                    column,
                    error.to_string(),
                    "write 1 to 48 bytes of plain text",
                );
                None
            }
        }
    }

    /// A name that may be left out: `Some(None)` then.
    pub fn optional_name(&mut self, column: &str) -> Option<Option<Name>> {
        if self.text(column).is_empty() {
            Some(None)
        } else {
            self.name(column).map(Some)
        }
    }

    /// A whole number in a range; `default` stands for an empty field.
    pub fn whole<T>(
        &mut self,
        column: &str,
        range: RangeInclusive<T>,
        default: Option<T>,
    ) -> Option<T>
    where
        T: std::str::FromStr + PartialOrd + Display + Copy,
    {
        let text = self.text(column);
        if let (true, Some(default)) = (text.is_empty(), default) {
            return Some(default);
        }
        match text.parse::<T>() {
            Ok(value) if range.contains(&value) => Some(value),
            Ok(_) | Err(_) => {
                let wrong = format!("{} is not a number that fits here", quoted(text));
                let right = format!(
                    "write a whole number from {} to {}",
                    range.start(),
                    range.end()
                );
                self.wrong(column, wrong, right);
                None
            }
        }
    }

    /// A number with at most three decimals, in thousandths.
    pub fn thousandths(&mut self, column: &str, most: u32, default: Option<u32>) -> Option<u32> {
        let text = self.text(column);
        if let (true, Some(default)) = (text.is_empty(), default) {
            return Some(default);
        }
        match thousandths(text) {
            Some(value) if value <= most => Some(value),
            Some(_) | None => {
                let wrong = format!("{} is not a number that fits here", quoted(text));
                let right = format!(
                    "write a number from 0 to {}, at most three decimals",
                    most / 1000
                );
                self.wrong(column, wrong, right);
                None
            }
        }
    }

    /// A word of a closed vocabulary.
    pub fn word<T>(
        &mut self,
        column: &str,
        from_code: fn(&str) -> Option<T>,
        codes: &str,
    ) -> Option<T> {
        let found = from_code(self.text(column));
        if found.is_none() {
            let wrong = format!("{} is unknown", quoted(self.text(column)));
            self.wrong(column, wrong, format!("write one of {codes}"));
        }
        found
    }

    /// Words of a closed vocabulary, parted by semicolons; empty pieces are skipped.
    pub fn words<T>(
        &mut self,
        column: &str,
        from_code: fn(&str) -> Option<T>,
        codes: &str,
    ) -> Option<Vec<T>> {
        let mut found = Vec::new();
        let mut unknown = Vec::new();
        for code in self
            .text(column)
            .split(';')
            .map(str::trim)
            .filter(|code| !code.is_empty())
        {
            match from_code(code) {
                Some(value) => found.push(value),
                None => unknown.push(quoted(code)),
            }
        }
        let whole = unknown.is_empty();
        for code in unknown {
            let right = format!("write some of {codes}, parted by semicolons");
            self.wrong(column, format!("{code} is unknown"), right);
        }
        whole.then_some(found)
    }

    /// The position in the columns lat, lon and datum (N5).
    pub fn point(&mut self) -> Option<Point> {
        let datum = self.word("datum", Datum::from_code, &codes(Datum::ALL));
        let lat = self.degrees("lat");
        let lon = self.degrees("lon");
        let (lat, lon) = (lat?, lon?);
        match to_wgs84(lat, lon, datum?) {
            Ok(point) => Some(point),
            Err(error) => {
                let (axis, wrong) = match error {
                    DatumError::NotFinite(axis) => {
                        (axis, String::from("it is not a finite number"))
                    }
                    DatumError::Range { axis, value } => (axis, format!("{value} is out of range")),
                };
                let column = match axis {
                    Axis::Latitude => "lat",
                    Axis::Longitude => "lon",
                };
                self.wrong(
                    column,
                    wrong,
                    format!("write degrees from -{0} to {0}", axis.most()),
                );
                None
            }
        }
    }

    fn degrees(&mut self, column: &str) -> Option<f64> {
        let text = self.text(column);
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => {
                let wrong = format!("{} is not a number", quoted(text));
                self.wrong(column, wrong, "write decimal degrees, as in 28.8512");
                None
            }
        }
    }

    /// A local time of day, `HH:MM`, as minutes; 24:00 is the midnight at the end.
    pub fn time_of_day(&mut self, column: &str) -> Option<u16> {
        let text = self.text(column);
        let minutes = text.split_once(':').and_then(|(hour, minute)| {
            let two = |digits: &str| {
                digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
            };
            let hour: u16 = hour.parse().ok().filter(|_| two(hour))?;
            let minute: u16 = minute
                .parse()
                .ok()
                .filter(|&value| two(minute) && value < 60)?;
            Some(hour * 60 + minute).filter(|&minutes| minutes <= 24 * 60)
        });
        if minutes.is_none() {
            let wrong = format!("{} is not a time of day", quoted(text));
            self.wrong(column, wrong, "write HH:MM from 00:00 to 24:00");
        }
        minutes
    }
}

/// Everything a message says when a code is unknown.
pub(super) fn codes<T: Display>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let part: u32 = format!("{part:0<3}").parse().ok()?;
    whole
        .parse::<u32>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_are_exact() {
        for (text, value) in [
            ("0", 0),
            ("12", 12_000),
            ("12.5", 12_500),
            ("0.007", 7),
            ("4294967.295", u32::MAX),
        ] {
            assert_eq!(thousandths(text), Some(value), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "NaN",
            "1.0000",
            "4294967.296",
            "99999999999",
            "1,5",
        ] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }
}
