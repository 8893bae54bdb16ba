//! A row of a trace as the call that is sent.

use crate::caller::Act;
use crate::trace::Row;
use engine::call::Marks;
use engine::place::datum::Datum;
use gateway::wire::{CallWords, FactsWords, Position, Request, Tag};

/// The request that a row makes, under this key.
pub fn request(row: &Row, key: String, tag: Tag) -> Request {
    Request::Call {
        tag: Some(tag),
        call: Box::new(call_words(row, key)),
    }
}

/// What a row says, under this key. A position that cannot be meant, and a line that is no number, are left out: the centre
/// takes the call without.
pub fn call_words(row: &Row, key: String) -> CallWords {
    let place = row.lat.zip(row.lon);
    CallWords {
        key,
        line: row.line.parse().ok(),
        caller: row.caller.clone(),
        at: Some(row.at),
        position: place.and_then(|(lat, lon)| Position::new(lat, lon, row.datum).ok()),
        accuracy_m: row
            .accuracy_m
            .filter(|metres| *metres >= 0.0)
            .map(|metres| metres.ceil() as u32),
        text: row.text.clone(),
        kind: row.kind,
        injured: row.injured,
        ..CallWords::default()
    }
}

/// A position of a crew, which is always on WGS-84.
pub fn position(unit: String, point: engine::place::Point, tag: Tag) -> Option<Request> {
    let (lat, lon) = engine::place::datum::from_wgs84(point, Datum::Wgs84);
    let position = Position::new(lat, lon, Some(Datum::Wgs84)).ok()?;
    Some(Request::Position {
        tag: Some(tag),
        unit,
        position,
    })
}

/// What a caller adds; nothing where the act adds nothing.
pub fn facts_words(act: Act) -> Option<FactsWords> {
    let Act::Facts {
        call,
        text,
        injured,
        place,
    } = act
    else {
        return None;
    };
    Some(FactsWords {
        call,
        text,
        position: place.and_then(|(lat, lon, datum)| Position::new(lat, lon, datum).ok()),
        accuracy_m: None,
        cell: None,
        kind: None,
        injured,
        marks: Marks::default(),
    })
}
