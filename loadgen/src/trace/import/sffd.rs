//! San Francisco's "Fire Department Calls for Service": a row for each unit that was sent to a call.
//!
//! The rows of one call become one row of a trace; what each unit did when becomes a [`Response`]. Columns may stand in any order
//! and be written as on the city's page or as in its API. A row that cannot be read is left out and a figure that cannot be
//! meant is left empty: both are told with file and row, and the rest is read. Next: [`matters`], [`clock`], [`by_road`].

pub mod by_road;
pub mod clock;
pub mod matters;

use super::{Imported, check_room};
use crate::trace::observed::{PART_MAX, Response};
use crate::trace::table::Table;
use crate::trace::{Row, TraceError};
use clock::Clock;
use engine::kind::AgencySet;
use engine::moment::{Moment, Span};
use engine::place::datum::Datum;
use matters::{capability_of, kind_of};
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::path::Path;

/// What is told of single mistakes; the rest is counted.
const TOLD_MAX: usize = 20;
/// So many rows in a row that are no CSV are no slip.
const BROKEN_MAX: u32 = 100;
/// What goes before a call's number in its key.
const KEY: &str = "sffd:";

/// Where the columns stand.
struct Columns {
    call: usize,
    unit: usize,
    matter: usize,
    received: usize,
    dispatch: Option<usize>,
    response: Option<usize>,
    on_scene: Option<usize>,
    available: Option<usize>,
    location: Option<usize>,
    address: Option<usize>,
    priority: Option<usize>,
    final_priority: Option<usize>,
    group: Option<usize>,
    unit_type: Option<usize>,
}

impl Columns {
    fn of(table: &Table) -> Result<Columns, TraceError> {
        let plain = |name: &str| -> String {
            let letters = name.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_lowercase()).collect()
        };
        let header: Vec<String> = table.header().iter().map(|name| plain(name)).collect();
        let find = |names: &[&str]| {
            let mut names = names.iter().map(|name| plain(name));
            names.find_map(|name| header.iter().position(|column| *column == name))
        };
        let needed = |name: &str| find(&[name]).map_or_else(|| table.needed(name), Ok);
        Ok(Columns {
            call: needed("Call Number")?,
            unit: needed("Unit ID")?,
            matter: needed("Call Type")?,
            received: needed("Received DtTm")?,
            dispatch: find(&["Dispatch DtTm"]),
            response: find(&["Response DtTm"]),
            on_scene: find(&["On Scene DtTm"]),
            available: find(&["Available DtTm"]),
            location: find(&["Location", "case_location"]),
            address: find(&["Address"]),
            priority: find(&["Original Priority"]),
            final_priority: find(&["Final Priority", "Priority"]),
            group: find(&["Call Type Group"]),
            unit_type: find(&["Unit Type"]),
        })
    }
}

/// Reads the city's file: its calls in the order of their first rows, and what units did.
pub fn read(path: &Path) -> Result<Imported, TraceError> {
    let table = Table::open(path)?;
    let clock = Clock::of_san_francisco().map_err(|problem| TraceError::Header {
        file: table.file().to_string(),
        problem,
    })?;
    let columns = Columns::of(&table)?;
    let reading = Reading {
        table,
        clock,
        columns,
        imported: Imported::default(),
        calls: HashMap::new(),
        seen: HashSet::new(),
    };
    reading.run()
}

/// A file that is being read.
struct Reading {
    table: Table,
    clock: Clock,
    columns: Columns,
    imported: Imported,
    /// Where the row of each call stands, by its key.
    calls: HashMap<String, usize>,
    /// Units that were already read, by their call's key.
    seen: HashSet<(usize, String)>,
}

impl Reading {
    fn run(mut self) -> Result<Imported, TraceError> {
        let mut broken = 0;
        loop {
            match self.table.advance() {
                Ok(false) => break,
                Ok(true) => {
                    broken = 0;
                    check_room(self.table.file(), self.imported.responses.len())?;
                    if let Err(mistake) = self.row() {
                        self.imported.rows_left_out += 1;
                        self.tell(mistake);
                    }
                }
                Err(mistake @ TraceError::Row { .. }) if broken < BROKEN_MAX => {
                    broken += 1;
                    self.imported.rows_left_out += 1;
                    self.tell(mistake);
                }
                Err(mistake) => return Err(mistake),
            }
        }
        if self.imported.rows.is_empty() && self.imported.rows_left_out > 0 {
            return Err(TraceError::Header {
                file: self.table.file().to_string(),
                problem: format!(
                    "not one of its {} rows can be read; the first: {}",
                    self.imported.rows_left_out,
                    self.imported.mistakes.first().map_or("", String::as_str)
                ),
            });
        }
        self.count_from_the_earliest();
        Ok(self.imported)
    }

    /// Of a call's rows the last may have told that it came earlier; what then took too long to be believed is told and left out.
    fn count_from_the_earliest(&mut self) {
        let mut mistakes = Vec::new();
        for response in &mut self.imported.responses {
            let at = self.calls.get(&response.call);
            let at = at.and_then(|&call| self.imported.rows.get(call));
            let (Some(row), Some(own)) = (at, response.at) else {
                continue;
            };
            let earlier = row.at.until(own);
            response.at = Some(row.at);
            for (what, span) in [
                ("word to it", &mut response.handling),
                ("arrival", &mut response.arrival),
            ] {
                let longer = span.map(|span| Span(span.0 + earlier.0));
                *span = longer.filter(|&span| span <= PART_MAX);
                if longer != *span {
                    mistakes.push(format!(
                        "{}, call {}, unit {}: the {what} is more than a day after the earliest time that a row tells for the call",
                        self.table.file(),
                        response.call,
                        response.unit
                    ));
                }
            }
        }
        mistakes.into_iter().for_each(|mistake| self.tell(mistake));
    }

    fn tell(&mut self, mistake: impl Display) {
        if self.imported.mistakes.len() < TOLD_MAX {
            self.imported.mistakes.push(mistake.to_string());
        }
        self.imported.mistakes_all += 1;
    }

    /// One unit's row.
    fn row(&mut self) -> Result<(), TraceError> {
        let (table, columns) = (&self.table, &self.columns);
        let needed = |column: usize, what: &str| match table.cell(column) {
            "" => Err(table.wrong(column, format!("has to say {what}"))),
            cell => Ok(cell.to_string()),
        };
        let key = KEY.to_string() + &needed(columns.call, "which call this is")?;
        let unit = needed(columns.unit, "which unit this is")?;
        let matter = needed(columns.matter, "what the call was about")?;
        let received = self.clock.read(table.cell(columns.received), None);
        let received = received.ok_or_else(|| {
            table.wrong(
                columns.received,
                "is not a local time, as in 01/10/2009 02:36:01 PM",
            )
        })?;
        let call = match self.calls.get(&key) {
            Some(&call) => {
                let row = &mut self.imported.rows[call];
                row.at = row.at.min(received);
                call
            }
            None => {
                let call = self.imported.rows.len();
                let row = self.call(received, key.clone(), &matter);
                self.imported.rows.push(row);
                self.calls.insert(key.clone(), call);
                call
            }
        };
        if self.imported.rows[call].lat.is_none()
            && let Some((lat, lon)) = self.place()
        {
            let row = &mut self.imported.rows[call];
            (row.lat, row.lon, row.datum) = (Some(lat), Some(lon), Some(Datum::Wgs84));
        }
        if self.seen.insert((call, unit.clone())) {
            let response = self.response(key, unit, received, call);
            self.imported.responses.push(response);
        } else {
            self.imported.repeats += 1;
        }
        Ok(())
    }

    /// The row of a call that is new.
    fn call(&mut self, received: Moment, key: String, matter: &str) -> Row {
        let (table, columns) = (&self.table, &self.columns);
        let words = |column| table.filled(column).unwrap_or_default();
        let priority = match words(columns.priority) {
            "" => words(columns.final_priority),
            priority => priority,
        };
        let (kind, service, listed) = kind_of(matter, priority, words(columns.group));
        let text = [Some(matter), table.filled(columns.address)];
        let text: Vec<&str> = text.into_iter().flatten().collect();
        let row = Row {
            text: Some(text.join("; ")),
            kind: Some(kind),
            expect_agencies: Some(AgencySet::of(&[service.agency()])),
            ..Row::new(received, key, service.line())
        };
        if !listed {
            let unmatched = &mut self.imported.unmatched;
            let known = unmatched.entry(matter.to_string());
            known.or_insert((kind.code(), 0)).1 += 1;
        }
        row
    }

    /// Degrees north and east, from `(37.77, -122.44)` or `POINT (-122.44 37.77)`.
    fn place(&mut self) -> Option<(f64, f64)> {
        let column = self.columns.location?;
        let cell = self.table.filled(Some(column))?;
        let number = |letter: char| !(letter.is_ascii_digit() || "+-.eE".contains(letter));
        let is_point = cell.to_ascii_uppercase().starts_with("POINT");
        let inside = cell.split_once('(').map_or(cell, |(_, inside)| inside);
        let numbers = inside.split(number).filter(|number| !number.is_empty());
        let numbers: Result<Vec<f64>, _> = numbers.map(str::parse).collect();
        let place = match numbers.as_deref() {
            Ok(&[lon, lat]) if is_point => Some((lat, lon)),
            Ok(&[lat, lon]) => Some((lat, lon)),
            Ok(_) | Err(_) => None,
        };
        // Nobody lives where both are zero: there stands whatever could not be found.
        let place = place.filter(|&(lat, lon): &(f64, f64)| {
            lat.abs() <= 90.0 && lon.abs() <= 180.0 && (lat, lon) != (0.0, 0.0)
        });
        if place.is_none() {
            let problem = "is no place, as in (37.775, -122.444) or POINT (-122.444 37.775)";
            let mistake = self.table.wrong(column, problem);
            self.tell(mistake);
        }
        place
    }

    /// What a unit did for a call.
    fn response(&mut self, call: String, unit: String, received: Moment, row: usize) -> Response {
        let unit_type = self.table.filled(self.columns.unit_type);
        let unit_type = unit_type.unwrap_or_default().to_string();
        let told = self.stage(self.columns.dispatch, received);
        let set_off = self.stage(self.columns.response, told.unwrap_or(received));
        let before = set_off.or(told).unwrap_or(received);
        let arrived = self.stage(self.columns.on_scene, before);
        let free = self.stage(self.columns.available, arrived.unwrap_or(before));
        let between = |from: Option<Moment>, to: Option<Moment>| {
            from.zip(to).map(|(from, to)| from.until(to))
        };
        Response {
            at: Some(received),
            matter: self.matter(),
            kind: self.imported.rows[row].kind,
            capability: capability_of(&unit_type),
            handling: between(Some(received), told),
            turnout: between(told, set_off),
            travel: between(set_off, arrived),
            travel_percent: None,
            stay: between(arrived, free),
            arrival: between(Some(received), arrived),
            call,
            unit,
            unit_type,
        }
    }

    fn matter(&self) -> String {
        self.table.cell(self.columns.matter).to_string()
    }

    /// A time of the row that cannot be before another one, nor long after it; what says otherwise is told and left out.
    fn stage(&mut self, column: Option<usize>, before: Moment) -> Option<Moment> {
        let column = column?;
        let cell = self.table.filled(Some(column))?;
        let problem = match self.clock.read(cell, Some(before)) {
            None => "is not a local time, as in 01/10/2009 02:36:01 PM",
            Some(at) if at < before => "is earlier than what was before it",
            Some(at) if before.until(at) > PART_MAX => "is more than a day later",
            Some(at) => return Some(at),
        };
        let mistake = self.table.wrong(column, problem);
        self.tell(mistake);
        None
    }
}

#[cfg(test)]
mod tests;
