//! What units were seen to do: one row for each unit that was sent to a call, with how long each part of it took.
//!
//! Owns the columns. An importer writes them from a service's own records; crews draw their delays from them, and a simulated
//! county is held beside them. A figure that nobody wrote down is an empty cell, never a zero. Next: [`crate::crew::observed`].

use super::TraceError;
use super::import::check_room;
use super::table::Table;
use engine::capability::Capability;
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use std::path::Path;

/// The columns, in the order in which they are written. Others are passed over; only `call` must be there.
pub const COLUMNS: [&str; 13] = [
    "call",
    "at",
    "matter",
    "kind",
    "unit",
    "unit_type",
    "capability",
    "handling_s",
    "turnout_s",
    "travel_s",
    "travel_percent",
    "stay_s",
    "arrival_s",
];

/// The longest that any part of an answer is believed to have taken.
pub const PART_MAX: Span = Span::hours(24);
/// The most that a way is believed to have taken of what was reckoned, in hundredths.
pub const PERCENT_MAX: u32 = 2_000;

/// One unit, sent to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The key that the call has in the trace.
    pub call: String,
    /// When the call came in.
    pub at: Option<Moment>,
    /// What the service itself calls the matter.
    pub matter: String,
    /// What we hold it to be.
    pub kind: Option<Kind>,
    /// The unit's name.
    pub unit: String,
    /// What the service calls units of its sort.
    pub unit_type: String,
    /// What such a unit can do, in our words.
    pub capability: Option<Capability>,
    /// From the call to the word to this unit.
    pub handling: Option<Span>,
    /// From the word to the first metre.
    pub turnout: Option<Span>,
    /// From the first metre to the place.
    pub travel: Option<Span>,
    /// The way, in hundredths of what a map reckons for it.
    pub travel_percent: Option<u32>,
    /// From the arrival until the unit was free again.
    pub stay: Option<Span>,
    /// From the call to the arrival.
    pub arrival: Option<Span>,
}

/// Writes a file of responses.
pub fn write(path: &Path, responses: &[Response]) -> Result<(), TraceError> {
    let failed = |source: std::io::Error| TraceError::File {
        file: path.display().to_string(),
        source,
    };
    let mut out = csv::Writer::from_path(path).map_err(|error| failed(error.into()))?;
    let wrote = out.write_record(COLUMNS);
    wrote.map_err(|error| failed(error.into()))?;
    for response in responses {
        let wrote = out.write_record(cells(response));
        wrote.map_err(|error| failed(error.into()))?;
    }
    out.flush().map_err(failed)
}

fn cells(response: &Response) -> [String; COLUMNS.len()] {
    fn cell<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let seconds = |span: Option<Span>| cell(span.map(|span| span.0 / 1_000));
    [
        response.call.clone(),
        cell(response.at),
        response.matter.clone(),
        cell(response.kind),
        response.unit.clone(),
        response.unit_type.clone(),
        cell(response.capability),
        seconds(response.handling),
        seconds(response.turnout),
        seconds(response.travel),
        cell(response.travel_percent),
        seconds(response.stay),
        seconds(response.arrival),
    ]
}

/// Where the columns stand in a file.
struct Places([Option<usize>; COLUMNS.len()]);

/// Reads a file of responses.
///
/// # Errors
/// It cannot be read, has no column `call` or more rows than are held at once, or a cell says nothing that its column can mean.
pub fn read(path: &Path) -> Result<Vec<Response>, TraceError> {
    let mut table = Table::open(path)?;
    table.needed("call")?;
    let places = Places(COLUMNS.map(|column| table.column(column)));
    let mut responses = Vec::new();
    while table.advance()? {
        check_room(table.file(), responses.len())?;
        responses.push(response(&table, &places)?);
    }
    Ok(responses)
}

fn response(table: &Table, places: &Places) -> Result<Response, TraceError> {
    let [
        call,
        at,
        matter,
        kind,
        unit,
        unit_type,
        capability,
        handling,
        turnout,
        travel,
        travel_percent,
        stay,
        arrival,
    ] = places.0;
    let text = |place| table.filled(place).unwrap_or_default().to_string();
    let span = |place| {
        parsed(table, place, "is no number of seconds, as in 95", |cell| {
            let seconds: i64 = cell.parse().ok()?;
            let span = Span(seconds.checked_mul(1_000)?);
            (0..=PART_MAX.0).contains(&span.0).then_some(span)
        })
    };
    Ok(Response {
        call: text(call),
        at: parsed(
            table,
            at,
            "is no time, as in 2015-12-10T22:40:00Z",
            |cell| cell.parse().ok(),
        )?,
        matter: text(matter),
        kind: parsed(table, kind, "is no kind, as in structure_fire", |cell| {
            Kind::from_code(cell)
        })?,
        unit: text(unit),
        unit_type: text(unit_type),
        capability: parsed(
            table,
            capability,
            "is no capability, as in ambulance",
            Capability::from_code,
        )?,
        handling: span(handling)?,
        turnout: span(turnout)?,
        travel: span(travel)?,
        travel_percent: parsed(
            table,
            travel_percent,
            "is no number of hundredths, as in 110",
            |cell| {
                cell.parse()
                    .ok()
                    .filter(|percent| (1..=PERCENT_MAX).contains(percent))
            },
        )?,
        stay: span(stay)?,
        arrival: span(arrival)?,
    })
}

/// What a cell says; nothing when it is empty.
fn parsed<T>(
    table: &Table,
    place: Option<usize>,
    problem: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, TraceError> {
    let (Some(column), Some(cell)) = (place, table.filled(place)) else {
        return Ok(None);
    };
    read(cell)
        .map(Some)
        .ok_or_else(|| table.wrong(column, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Response {
        Response {
            call: "sffd:1".into(),
            at: Some(Moment(1_000_000)),
            matter: "Outside Fire".into(),
            kind: Some(Kind::Wildfire),
            unit: "E21".into(),
            unit_type: "ENGINE".into(),
            capability: Some(Capability::FireEngine),
            handling: Some(Span::seconds(81)),
            turnout: Some(Span::seconds(70)),
            travel: None,
            travel_percent: Some(113),
            stay: Some(Span::seconds(44)),
            arrival: None,
        }
    }

    #[test]
    fn what_is_written_reads_back_and_an_empty_cell_stays_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observed.csv");
        let bare = Response {
            at: None,
            kind: None,
            capability: None,
            travel_percent: None,
            turnout: None,
            ..one()
        };
        write(&path, &[one(), bare.clone()]).unwrap();
        assert_eq!(read(&path).unwrap(), [one(), bare]);
    }

    #[test]
    fn a_cell_that_says_nothing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observed.csv");
        for (text, part) in [
            ("call,turnout_s\na,-3\n", "row 1 (line 2), turnout_s"),
            ("call,kind\na,dragon\n", "row 1 (line 2), kind"),
            (
                "call,travel_percent\na,0\n",
                "row 1 (line 2), travel_percent",
            ),
            ("turnout_s\n3\n", "no column `call`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
