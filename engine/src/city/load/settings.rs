//! `city.toml`: what is said about a city once.

use super::super::columns::SETTINGS;
use super::super::mistake::{Mistake, Mistakes, quoted};
use super::super::sheet::{Source, codes};
use super::super::{DESK_LIMIT_DEFAULT, UTC_OFFSET_DEFAULT_MIN, UTC_OFFSET_MOST_MIN};
use crate::id::CentreId;
use crate::name::Name;
use crate::place::Point;
use crate::place::datum::{Axis, Datum, DatumError, to_wgs84};
use std::ops::RangeInclusive;
use toml::{Table, Value};

const FILE_BYTES_MAX: u64 = 64 << 10;

/// The city's own settings; `reference` is `None` where the middle of its posts is to be taken.
#[derive(Clone, Debug)]
pub(in super::super) struct Settings {
    pub name: Name,
    pub centre: CentreId,
    pub reference: Option<Point>,
    pub utc_offset_min: i32,
    pub desk_limit: u16,
    pub seed: Option<u64>,
}

impl Settings {
    /// The settings of the file, or `None` and its mistakes noted.
    pub fn read(source: &Source, mistakes: &mut Mistakes) -> Option<Settings> {
        let table = match source
            .bytes(FILE_BYTES_MAX)
            .and_then(|bytes| parse(source, &bytes))
        {
            Ok(table) => table,
            Err(mistake) => {
                mistakes.add(mistake);
                return None;
            }
        };
        let before = mistakes.count();
        let mut keys = Keys {
            source,
            table: &table,
            mistakes,
        };
        let known: Vec<_> = SETTINGS.columns.iter().map(|key| key.name).collect();
        keys.check_known(&known);
        let name = keys.name();
        let centre = keys.whole("centre", 0..=i64::from(u16::MAX), None);
        let reference = keys.reference();
        let most = i64::from(UTC_OFFSET_MOST_MIN);
        let utc_offset_min = keys.whole(
            "utc_offset_min",
            -most..=most,
            Some(i64::from(UTC_OFFSET_DEFAULT_MIN)),
        );
        let desk_limit = keys.whole(
            "desk_limit",
            1..=i64::from(u16::MAX),
            Some(i64::from(DESK_LIMIT_DEFAULT)),
        );
        let seed = keys.seed();
        if mistakes.count() > before {
            return None;
        }
        Some(Settings {
            name: name?,
            centre: CentreId(centre?),
            reference: Some(reference?),
            utc_offset_min: utc_offset_min?,
            desk_limit: desk_limit?,
            seed,
        })
    }
}

fn parse(source: &Source, bytes: &[u8]) -> Result<Table, Mistake> {
    let right = "write keys and values as in `centre = 1`";
    let text = std::str::from_utf8(bytes)
        .map_err(|_| source.mistake("it is not UTF-8", "save the file as UTF-8"))?;
    toml::from_str::<Table>(text).map_err(|error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| 1 + before.matches('\n').count());
        let wrong = format!("it is not TOML ({})", error.message().escape_debug());
        Mistake {
            row: line.map(|line| line as u64),
            ..source.mistake(wrong, right)
        }
    })
}

struct Keys<'a> {
    source: &'a Source,
    table: &'a Table,
    mistakes: &'a mut Mistakes,
}

impl Keys<'_> {
    fn wrong(&mut self, key: &str, wrong: impl Into<String>, right: impl Into<String>) {
        self.mistakes.add(Mistake {
            field: Some(key.into()),
            ..self.source.mistake(wrong, right)
        });
    }

    fn check_known(&mut self, known: &[&str]) {
        for key in self.table.keys() {
            if !known.contains(&key.as_str()) {
                let right = format!("the keys are {}", known.join(", "));
                self.mistakes.add(
                    self.source
                        .mistake(format!("there is no key {}", quoted(key)), right),
                );
            }
        }
    }

    fn name(&mut self) -> Option<Name> {
        let right = "write what people call the city, as in name = \"仙溪县\"";
        let Some(text) = self.table.get("name").and_then(Value::as_str) else {
            self.wrong("name", "it is missing or no text", right);
            return None;
        };
        match Name::new(text.trim()) {
            Ok(name) => Some(name),
            Err(error) => {
                self.wrong("name", error.to_string(), right);
                None
            }
        }
    }

    fn whole<T: TryFrom<i64>>(
        &mut self,
        key: &str,
        range: RangeInclusive<i64>,
        default: Option<i64>,
    ) -> Option<T> {
        let given = match self.table.get(key) {
            Some(value) => value.as_integer().filter(|value| range.contains(value)),
            None => default,
        };
        let value = given.and_then(|value| T::try_from(value).ok());
        if value.is_none() {
            let right = format!(
                "write a whole number from {} to {}",
                range.start(),
                range.end()
            );
            self.wrong(key, "it is missing or no number that fits", right);
        }
        value
    }

    fn reference(&mut self) -> Option<Point> {
        let right = "write reference = { lat = 28.85, lon = 120.73, datum = \"wgs84\" }";
        let Some(Value::Table(table)) = self.table.get("reference") else {
            self.wrong("reference", "it is missing or no table", right);
            return None;
        };
        let degrees = |key: &str| {
            table
                .get(key)
                .and_then(|value| value.as_float().or(value.as_integer().map(|n| n as f64)))
        };
        let datum = table
            .get("datum")
            .and_then(Value::as_str)
            .and_then(Datum::from_code);
        let (Some(lat), Some(lon)) = (degrees("lat"), degrees("lon")) else {
            self.wrong("reference", "its lat or lon is missing or no number", right);
            return None;
        };
        let Some(datum) = datum else {
            self.wrong(
                "reference.datum",
                "it is missing or unknown",
                format!("write one of {}", codes(Datum::ALL)),
            );
            return None;
        };
        match to_wgs84(lat, lon, datum) {
            Ok(point) => Some(point),
            Err(error) => {
                let key = match error {
                    DatumError::NotFinite(Axis::Latitude)
                    | DatumError::Range {
                        axis: Axis::Latitude,
                        ..
                    } => "reference.lat",
                    DatumError::NotFinite(Axis::Longitude)
                    | DatumError::Range {
                        axis: Axis::Longitude,
                        ..
                    } => "reference.lon",
                };
                self.wrong(key, error.to_string(), right);
                None
            }
        }
    }

    /// The seed is text, because TOML's numbers end at 2^63; a number is taken as well.
    fn seed(&mut self) -> Option<u64> {
        let value = self.table.get("seed")?;
        let number = match value {
            Value::String(text) => text.parse().ok(),
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        };
        if number.is_none() {
            self.wrong(
                "seed",
                "it is no number that fits",
                "write a whole number from 0 to 2^64-1 in quotes, or leave it out",
            );
        }
        number
    }
}
