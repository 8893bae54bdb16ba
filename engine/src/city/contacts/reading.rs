//! Reads `contacts.csv`: row by row, then against the city whose people they are. Every mistake by line and column.
//!
//! No message quotes a name or an address of a person: mistakes end up in logs.

use super::{ChannelKind, Contact, ContactId, ContactRole, Contacts, FILE, Hours, PushAddress};
use super::{ROWS_MAX, Whose};
use crate::city::mistake::{CityErrors, Mistakes, quoted};
use crate::city::sheet::{Row, Source, read_rows};
use crate::city::{City, DAY_MIN, columns};
use crate::kind::Agency;
use crate::moment::{Moment, Span};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::Path;

impl Contacts {
    /// The contacts in a city's folder; nobody where there is no such file.
    pub fn load(dir: &Path, city: &City) -> Result<Contacts, CityErrors> {
        let source = Source::in_folder(dir, FILE);
        if source.path.exists() {
            Contacts::read(&source, city)
        } else {
            Ok(Contacts::default())
        }
    }

    /// The contacts of a table, wherever it lies.
    pub(in super::super) fn read(source: &Source, city: &City) -> Result<Contacts, CityErrors> {
        let mut mistakes = Mistakes::default();
        let mut seen = BTreeMap::new();
        let rows = read_rows(source, &columns::CONTACTS, ROWS_MAX, &mut mistakes, |row| {
            let contact = contact(row, city)?;
            once(row, &mut seen)?;
            Some(contact)
        });
        let (errors, _) = mistakes.finish();
        if !errors.mistakes.is_empty() {
            return Err(errors);
        }
        let rows = rows.into_iter().map(|(line, contact)| Contact {
            id: ContactId(u32::try_from(line).unwrap_or(u32::MAX)),
            ..contact
        });
        Ok(Contacts::new(rows.collect(), city.utc_offset_min))
    }
}

/// Refuses a row that says what an earlier one said: whoever stands there twice would be told twice.
fn once(row: &mut Row, seen: &mut BTreeMap<Vec<String>, u64>) -> Option<()> {
    let told = columns::CONTACTS.columns.iter();
    let told = told.filter(|column| column.name != "tested_at");
    let key: Vec<String> = told
        .map(|column| row.text(column.name).to_owned())
        .collect();
    let line = row.line;
    match seen.get(&key) {
        None => {
            seen.insert(key, line);
            Some(())
        }
        Some(first) => {
            let wrong = format!("the row stands in line {first} already");
            row.wrong("name", wrong, "remove one of the two");
            None
        }
    }
}

fn contact(row: &mut Row, city: &City) -> Option<Contact> {
    let whose = whose(row, city);
    let role = row.word("role", ContactRole::from_code, ContactRole::ALL);
    let name = row.name("name");
    let channel = row.word("channel", ChannelKind::from_code, ChannelKind::ALL);
    let address = channel.and_then(|channel| address(row, channel));
    let offset = city.utc_offset_min;
    let valid_from = time(row, "valid_from", offset, Span::ZERO);
    let valid_until = time(row, "valid_to", offset, Span::hours(24));
    let tested_at = time(row, "tested_at", offset, Span::ZERO);
    let hours = hours(row);
    if let (Some(Whose::Centre), Some(role)) = (whose, role)
        && role != ContactRole::DutyLeader
    {
        let wrong = "a row without a unit is the centre's own, which has a duty leader alone";
        row.wrong(
            "role",
            wrong,
            "write duty_leader, or name a unit or an agency",
        );
        return None;
    }
    if let (Some(Some(from)), Some(Some(until))) = (valid_from, valid_until)
        && until <= from
    {
        row.wrong(
            "valid_to",
            "it ends before it begins",
            "write a day from valid_from on",
        );
        return None;
    }
    Some(Contact {
        id: ContactId(0),
        whose: whose?,
        role: role?,
        name: name?,
        channel: channel?,
        address: address?,
        valid_from: valid_from?,
        valid_until: valid_until?,
        hours: hours?,
        tested_at: tested_at?,
    })
}

fn whose(row: &mut Row, city: &City) -> Option<Whose> {
    let text = row.text("unit");
    if text.is_empty() {
        return Some(Whose::Centre);
    }
    if let Some(unit) = city.unit(text) {
        return Some(Whose::Unit(unit.name));
    }
    let agency = Agency::from_code(text).map(Whose::Agency);
    if agency.is_none() {
        let wrong = format!("{} is no unit and no agency", quoted(text));
        let right = "write a name of units.csv, the code of an agency, or nothing for the centre's duty leader";
        row.wrong("unit", wrong, right);
    }
    agency
}

/// `Some(None)` for a channel that has no address.
fn address(row: &mut Row, channel: ChannelKind) -> Option<Option<PushAddress>> {
    let text = row.text("address");
    match channel {
        ChannelKind::Push => match PushAddress::new(text) {
            Ok(address) => Some(Some(address)),
            Err(error) => {
                let right = "write a URL on this machine, as in http://127.0.0.1:9000/orders; others need TLS and rights, which cannot be configured yet";
                row.wrong("address", error.to_string(), right);
                None
            }
        },
        ChannelKind::Subscribe | ChannelKind::Log if text.is_empty() => Some(None),
        ChannelKind::Subscribe | ChannelKind::Log => {
            row.wrong(
                "address",
                format!("the channel {channel} has no address"),
                "leave it empty, or write push as the channel",
            );
            None
        }
    }
}

/// A day, or a moment; a day is its local midnight and `day_adds` after that. `Some(None)` where nothing is written.
fn time(
    row: &mut Row,
    column: &str,
    utc_offset_min: i32,
    day_adds: Span,
) -> Option<Option<Moment>> {
    let text = row.text(column);
    if text.is_empty() {
        return Some(None);
    }
    let day = || {
        let date: Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
        let midnight = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let ahead = Span::minutes(utc_offset_min.into());
        (Moment(midnight.as_millisecond()) - ahead + day_adds).checked()
    };
    let found = day().or_else(|| text.parse().ok());
    if found.is_none() {
        let wrong = format!("{} is not a day or a time", quoted(text));
        let right = "write a day as in 2026-11-21, or RFC 3339 as in 2026-11-21T20:00:00+08:00";
        row.wrong(column, wrong, right);
    }
    found.map(Some)
}

/// `Some(None)` where nothing is written.
fn hours(row: &mut Row) -> Option<Option<Hours>> {
    let text = row.text("hours");
    if text.is_empty() {
        return Some(None);
    }
    let read = text.split_once('-').and_then(|(from, to)| {
        let (from_min, to_min) = (minute(from)?, minute(to)?);
        (from_min < DAY_MIN).then_some(Hours {
            from_min,
            to_min: to_min % DAY_MIN,
        })
    });
    if read.is_none() {
        let wrong = format!("{} are no hours", quoted(text));
        row.wrong(
            "hours",
            wrong,
            "write HH:MM-HH:MM, as in 06:00-18:00 or, over midnight, 20:00-08:00",
        );
    }
    read.map(Some)
}

/// Minutes of `HH:MM`, to 24:00.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let two = |digits: &str| {
        let digits_alone = digits.bytes().all(|byte| byte.is_ascii_digit());
        (digits.len() == 2 && digits_alone).then(|| digits.parse::<u16>().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && hour * 60 + minute <= DAY_MIN).then_some(hour * 60 + minute)
}
