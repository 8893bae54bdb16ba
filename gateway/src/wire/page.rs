//! docs/protocol.md against the code: whoever writes a client in another language has that page and nothing else.
//!
//! Each test says what the page should hold, so that a page that is behind is mended by copying. Frames are held by a
//! client in another language that knows nothing but the page (`tests/python/test_frames.py`).

use super::samples::responses;
use super::{ProblemKind, Response, json};
use engine::call::{Mark, Outcome};
use engine::capability::Capability;
use engine::command::{ClockMode, ObjectKind};
use engine::event::{Choice, LedgerMatter};
use engine::incident::{CloseReason, Shortage};
use engine::kind::{Agency, Category, Kind, Nature};
use engine::major::{IncidentClock, Level, LevelCause, UpwardField, UpwardStage};
use engine::order::{OrderAct, OrderClock, OrderState, Rung, Step};
use engine::place::datum::Datum;
use engine::unit::Duty;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The part of the page under this heading, up to the next of any rank.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n{heading}\n")).unwrap();
    rest.split("\n#").next().unwrap()
}

/// The rows of the first table in a text, without its head; cells without their blanks.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().skip_while(|line| !line.starts_with('|'));
    let table = lines.take_while(|line| line.starts_with('|')).skip(2);
    table
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The words in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_error_stands_on_the_page_with_its_status_and_whether_to_repeat() {
    let mut documented = BTreeMap::new();
    for row in rows(section("## Errors")) {
        for code in quoted(row[0]) {
            let fresh = documented.insert(code, (row[1], row[2])).is_none();
            assert!(fresh, "{code} stands there twice");
        }
    }
    for kind in ProblemKind::all() {
        let (status, again) = documented
            .remove(kind.code())
            .unwrap_or_else(|| panic!("{} is not on the page", kind.code()));
        let wanted = (kind.status().to_string(), kind.again().to_string());
        assert_eq!((status, again), (&*wanted.0, &*wanted.1), "{}", kind.code());
    }
    assert!(documented.is_empty(), "no such errors: {documented:?}");
}

#[test]
fn every_vocabulary_stands_on_the_page_with_its_numbers() {
    let mut table = String::new();
    macro_rules! vocabularies {
        ($($name:literal $vocabulary:ty)+) => {
            $(
                let all = <$vocabulary>::ALL.iter();
                let codes = all.map(|&value| format!("{} `{}`", value as u8, value.code()));
                writeln!(table, "| `{}` | {} |", $name, codes.collect::<Vec<_>>().join(", ")).unwrap();
            )+
        };
    }
    vocabularies! {
        "datum" Datum "act" OrderAct "duty" Duty "state" OrderState "outcome" Outcome "nature" Nature
        "category" Category "agency" Agency "capability" Capability "choice" Choice "shortage" Shortage "rung" Rung
        "clock" OrderClock "step" Step "matter" LedgerMatter "reason" CloseReason "mark" Mark "object" ObjectKind
        "mode" ClockMode "kind" Kind "level" Level "level_cause" LevelCause "incident_clock" IncidentClock
        "upward_stage" UpwardStage "upward_field" UpwardField
    }
    assert!(
        PAGE.contains(&table),
        "docs/protocol.md should hold\n{table}"
    );
}

#[test]
fn the_shown_json_is_what_is_written() {
    let mut missing = String::new();
    for response in responses() {
        let mut line = Vec::new();
        json::append_response(&response, &mut line);
        let line = String::from_utf8(line).unwrap();
        let untagged = matches!(response, Response::Done { tag: None, .. });
        if !untagged && !PAGE.contains(&line) {
            missing += &line;
        }
    }
    assert!(
        missing.is_empty(),
        "docs/protocol.md should hold\n{missing}"
    );
}

/// A variant of the engine's events with its fields, from its source: an enum with fields cannot be listed otherwise.
fn events() -> Vec<(String, String)> {
    let source = include_str!("../../../engine/src/event.rs");
    let body = source.split("pub enum Event {").nth(1).unwrap();
    let body = body.split("\n}\n").next().unwrap();
    let of_struct = |name: &str| {
        let all = [source, include_str!("../../../engine/src/command.rs")];
        let (_, body) = all
            .iter()
            .find_map(|source| source.split_once(&format!("pub struct {name} {{")))
            .unwrap();
        fields(body.split("\n}\n").next().unwrap(), "    pub ")
    };
    let mut events: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        let Some(item) = line.strip_prefix("    ") else {
            continue;
        };
        if item.starts_with(|sign: char| sign.is_ascii_uppercase()) {
            let (name, rest) = item.split_at(item.find([' ', '(']).unwrap());
            let held = match rest.trim_start_matches('(').split_once(')') {
                Some(("Refusal", _)) => "`value`: refusal".to_owned(),
                Some((name, _)) => of_struct(name),
                None => String::new(),
            };
            events.push((snake(name), held));
        } else if let Some(field) = item.strip_prefix("    ") {
            let held = fields(field, "");
            let last = &mut events.last_mut().unwrap().1;
            if !held.is_empty() {
                *last = format!("{last}{}{held}", if last.is_empty() { "" } else { ", " });
            }
        }
    }
    assert!(events.len() > 30);
    events
}

/// Fields that begin with this, as the page writes them.
fn fields(body: &str, begin: &str) -> String {
    let lines = body.lines().filter_map(|line| line.strip_prefix(begin));
    let pairs = lines.filter_map(|line| line.trim_end_matches(',').split_once(": "));
    let pairs = pairs.filter(|(name, _)| {
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    let told = pairs.map(|(name, kind)| match (name, kind) {
        // Units are known by their names outside, and the number stands beside it.
        ("unit", "UnitId") => "`unit`: name, `unit_id`: id".to_owned(),
        (name, kind) => format!("`{name}`: {}", told(kind)),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A type of the engine in the words of the page.
fn told(kind: &str) -> String {
    if let Some(inner) = kind.strip_prefix("Option<") {
        return format!("{} or null", told(inner.trim_end_matches('>')));
    }
    match kind {
        "CallId" | "IncidentId" | "OrderId" | "UnitId" => "id",
        "u8" | "u16" | "u32" | "Sequence" | "HospitalId" | "CentreId" | "Priority" => "number",
        "Moment" => "time",
        "Choice" => "choice",
        "LedgerMatter" => "matter",
        "CloseReason" => "reason",
        "OrderState" => "state",
        "OrderClock" => "clock",
        "ObjectKind" => "object",
        "ClockMode" => "mode",
        "AgencySet" => "list of agency",
        "StepSet" => "list of step",
        "ObjectHash" => "hex",
        "i64" => "number",
        "Name" => "text",
        "UpwardFields" => "list of upward_field",
        other => return snake(other),
    }
    .to_owned()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for sign in name.chars() {
        if sign.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(sign.to_ascii_lowercase());
    }
    snake
}

#[test]
fn every_event_stands_on_the_page_with_its_fields() {
    let mut table = String::new();
    for (name, fields) in events() {
        // A crew is told where an order stands, not what was owed on the way.
        let fields = match name.as_str() {
            "order_moved" => fields.replace(", `missing`: list of step", ""),
            "order_issued" => {
                format!("{fields}; where they are known `lat`, `lon`, `datum`, `kind`")
            }
            _ => fields,
        };
        writeln!(table, "| `{name}` | {fields} |").unwrap();
    }
    assert!(
        PAGE.contains(&table),
        "docs/protocol.md should hold\n{table}"
    );
}
