//! One row of a table: its fields as what they should be, every mistake noted by line and column.

use super::super::mistake::{Mistake, Mistakes, quoted};
use super::Source;
use crate::name::Name;
use crate::place::Point;
use crate::place::datum::{Axis, Datum, DatumError, to_wgs84};
use csv::ByteRecord;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The longest field; more is a quote that was never closed.
const FIELD_BYTES_MAX: usize = 4096;

/// One row while it is read: every accessor notes its mistake and gives `None` then.
pub(in super::super) struct Row<'a> {
    pub(super) source: &'a Source,
    pub(super) header: &'a [String],
    pub(super) record: &'a ByteRecord,
    pub(in super::super) line: u64,
    pub(super) mistakes: &'a mut Mistakes,
}

impl Row<'_> {
    /// Whether its fields are as many as the header's, short enough and UTF-8.
    pub(super) fn fits(&mut self) -> bool {
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
        for (place, column) in self.header.iter().enumerate() {
            let field = self.record.get(place).unwrap_or_default();
            if std::str::from_utf8(field).is_err() {
                self.note(
                    Some(column),
                    "the field is not UTF-8",
                    "save the file as UTF-8",
                );
                fits = false;
            } else if field.len() > FIELD_BYTES_MAX {
                let right =
                    format!("at most {FIELD_BYTES_MAX} are read; perhaps a quote is not closed");
                self.note(
                    Some(column),
                    format!("the field has {} bytes", field.len()),
                    right,
                );
                fits = false;
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
    pub fn word<T: Display>(
        &mut self,
        column: &str,
        from_code: fn(&str) -> Option<T>,
        all: &[T],
    ) -> Option<T> {
        let found = from_code(self.text(column));
        if found.is_none() {
            let wrong = format!("{} is unknown", quoted(self.text(column)));
            self.wrong(column, wrong, format!("write one of {}", codes(all)));
        }
        found
    }

    /// Words of a closed vocabulary, parted by semicolons; empty pieces are skipped.
    pub fn words<T: Display>(
        &mut self,
        column: &str,
        from_code: fn(&str) -> Option<T>,
        all: &[T],
    ) -> Option<Vec<T>> {
        let mut found = Vec::new();
        let mut unknown = Vec::new();
        let pieces = self.text(column).split(';').map(str::trim);
        for code in pieces.filter(|code| !code.is_empty()) {
            match from_code(code) {
                Some(value) => found.push(value),
                None => unknown.push(quoted(code)),
            }
        }
        let whole = unknown.is_empty();
        for code in unknown {
            let right = format!("write some of {}, parted by semicolons", codes(all));
            self.wrong(column, format!("{code} is unknown"), right);
        }
        whole.then_some(found)
    }

    /// The position in the columns lat, lon and datum (N5).
    pub fn point(&mut self) -> Option<Point> {
        let datum = self.word("datum", Datum::from_code, Datum::ALL);
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
pub(in super::super) fn codes<T: Display>(all: &[T]) -> String {
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
