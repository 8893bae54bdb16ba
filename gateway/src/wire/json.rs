//! The JSON form: one object a line, so that any QUIC library in any language can speak with a centre.
//!
//! `{"tag":7,"call":{…}}` asks, `{"tag":7,"decision":{…}}` or `{"tag":7,"problem":{…}}` answers. Each field is
//! looked at by hand: in `call` and `facts` a bad one is dropped and marked and an unknown one passed over; in acts of
//! people and units either refuses the act by name. What is nested too deep is dropped (`depth`), a line is bounded by
//! 64 KiB. `fields` is the looking, `write` the answers.

mod depth;
mod fields;
mod write;

pub(crate) use fields::Strict;
pub use write::{append_response, decision_json};
pub(crate) use write::{event as event_fields, name_unit};

use super::{CallWords, FactsWords, Problem, ProblemKind, Request, Tag, UnitReport, mend, request};
use engine::call::Mark;
use engine::id::{CallId, EventId};
use engine::kind::Kind;
use engine::limits::FRAME_BYTES_MAX;
use engine::moment::Moment;
use engine::order::OrderAct;
use engine::unit::Duty;
use fields::Lenient;
use serde_json::{Map, Value};

/// Names a subscription may have; who wants more subscribes to everything.
const UNITS_SUBSCRIBED_MAX: usize = 4_096;

const REQUESTS: [&str; 8] = [
    "call",
    "facts",
    "end",
    "order",
    "position",
    "duty",
    "advance",
    "subscribe",
];

/// Why a line is not even looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of more than {FRAME_BYTES_MAX} bytes; nothing so large is taken")]
pub struct LineTooLarge;

impl From<LineTooLarge> for Problem {
    fn from(error: LineTooLarge) -> Problem {
        Problem::new(ProblemKind::TooLarge, error.to_string())
    }
}

/// The first whole line of `bytes`, without its end; `None` while it is not all there. The line and one byte more are
/// then done with.
pub fn split(bytes: &[u8]) -> Result<Option<&[u8]>, LineTooLarge> {
    let looked_at = &bytes[..bytes.len().min(FRAME_BYTES_MAX + 1)];
    match looked_at.iter().position(|&byte| byte == b'\n') {
        Some(end) => Ok(Some(&bytes[..end])),
        None if bytes.len() > FRAME_BYTES_MAX => Err(LineTooLarge),
        None => Ok(None),
    }
}

/// The request of a line.
pub fn read_request(line: &[u8]) -> Result<Request, (Option<Tag>, Problem)> {
    let mut object = read_object(line, LINE).map_err(|problem| (None, problem))?;
    let tag_given = object.remove("tag");
    let tag = tag_given.as_ref().and_then(Value::as_u64);
    let request = name_of(&object)
        .and_then(|name| take(name, object, tag, tag_given.is_some() && tag.is_none()));
    request.map_err(|problem| (tag, problem))
}

/// The call of an HTTP body: the object that stands under `call` in a line.
pub fn read_call(body: &[u8]) -> Result<CallWords, Problem> {
    call(read_object(body, BODY)?)
}

/// The fields of an act over HTTP; an empty body has none.
pub(crate) fn read_act(body: &[u8]) -> Result<Strict, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Strict::new(Map::new()));
    }
    read_object(body, ACT).map(Strict::new)
}

/// Facts over HTTP: the object that stands under `facts` in a line; the call is named by the path. Beside them the names
/// of fields that were given and not taken.
pub(crate) fn read_facts(id: CallId, body: &[u8]) -> Result<(FactsWords, Vec<String>), Problem> {
    let mut object = read_object(body, ACT)?;
    object.insert("call".into(), id.to_string().into());
    let mut lenient = Lenient::new(object);
    Ok((facts(&mut lenient)?, lenient.ignored()))
}

/// What would be right where no object could be read.
struct Right {
    json: &'static str,
    object: &'static str,
}

const LINE: Right = Right {
    json: "write one object a line",
    object: "write {\"tag\":1,\"call\":{…}}",
};
const BODY: Right = Right {
    json: "send one JSON object as the body",
    object: "send the call itself, as in {\"key\":\"…\",\"line\":\"110\",\"text\":\"…\"}",
};

const ACT: Right = Right {
    json: "send one JSON object as the body, or none",
    object: "send the act's fields as an object, as in {\"into\":\"1.9\"}",
};

/// The object of a line or body. What a strict reader refuses for one bad value, or for one that is nested too deep,
/// is mended and read again.
fn read_object(line: &[u8], right: Right) -> Result<Map<String, Value>, Problem> {
    if line.len() > FRAME_BYTES_MAX {
        return Err(LineTooLarge.into());
    }
    let read = serde_json::from_slice(line)
        .or_else(|_| {
            let bounded = depth::bounded(line);
            serde_json::from_slice(&bounded)
                .or_else(|_| serde_json::from_str(&mend::mend(&bounded)))
        })
        .map_err(|error| {
            Problem::new(
                ProblemKind::NotReadable,
                format!("not JSON: {error}; {}", right.json),
            )
        })?;
    match read {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Problem::new(
                ProblemKind::NotReadable,
                format!("not an object; {}", right.object),
            ))
        }
    }
}

/// Which request an object is. A call is found whatever else stands beside it.
fn name_of(object: &Map<String, Value>) -> Result<&'static str, Problem> {
    let mut found = REQUESTS.iter().filter(|name| object.contains_key(**name));
    let name = found.next().ok_or_else(|| {
        Problem::new(
            ProblemKind::NotReadable,
            format!("no request in it; write one of {}", REQUESTS.join(", ")),
        )
    })?;
    if *name == "call" {
        return Ok(name);
    }
    if let Some(second) = found.next() {
        let detail = format!("both `{name}` and `{second}` in one line; write one request a line");
        return Err(Problem::new(ProblemKind::NotReadable, detail));
    }
    if let Some(unknown) = object.keys().find(|key| *key != name) {
        let detail =
            format!("a field beside `{name}` that is not known; only `tag` may stand there");
        return Err(Problem::new(ProblemKind::UnknownField, detail).about(unknown));
    }
    Ok(name)
}

fn take(
    name: &str,
    mut object: Map<String, Value>,
    tag: Option<Tag>,
    tag_is_bad: bool,
) -> Result<Request, Problem> {
    let body = match object.remove(name) {
        Some(Value::Object(body)) => body,
        Some(_) | None => {
            let detail = format!("`{name}` must be an object");
            return Err(Problem::new(ProblemKind::BadField, detail).about(name));
        }
    };
    if name == "call" {
        let call = Box::new(call(body)?);
        return Ok(Request::Call { tag, call });
    }
    if tag_is_bad {
        let detail = "`tag` must be a whole number from 0 to 2^64-1";
        return Err(Problem::new(ProblemKind::BadField, detail).about("tag"));
    }
    if name == "facts" {
        let facts = Box::new(facts(&mut Lenient::new(body))?);
        return Ok(Request::Facts { tag, facts });
    }
    let mut strict = Strict::new(body);
    let request = match name {
        "end" => Request::End {
            tag,
            call: strict.id("call")?,
        },
        "order" => order(tag, &mut strict)?,
        "position" => Request::Position {
            tag,
            unit: strict.text("unit")?,
            position: strict.position()?,
        },
        "duty" => Request::Duty {
            tag,
            report: UnitReport {
                unit: strict.text("unit")?,
                duty: strict.word("duty", Duty::from_code, request::DUTIES)?,
                strength: strict.optional_count("strength")?,
            },
        },
        "advance" => Request::Advance {
            tag,
            to: strict.moment("to")?,
        },
        _ => subscribe(tag, &mut strict)?,
    };
    strict.finish()?;
    Ok(request)
}

fn call(body: Map<String, Value>) -> Result<CallWords, Problem> {
    let mut lenient = Lenient::new(body);
    // A key in which something was mended is not the key that the carrier gave.
    let given = lenient
        .raw_text("key")
        .filter(|key| !key.contains(mend::REPLACEMENT));
    let mut call = CallWords {
        key: request::key(given)?,
        line: lenient.line(),
        caller: lenient.short("caller"),
        at: lenient.known("at", Mark::BadTime, |value| {
            value.as_str().and_then(|text| text.parse::<Moment>().ok())
        }),
        position: lenient.position(),
        accuracy_m: lenient.metres(),
        cell: lenient.short("cell"),
        text: lenient.words(),
        kind: lenient.known("kind", Mark::BadKind, |value| {
            value.as_str().and_then(Kind::from_code)
        }),
        injured: lenient.known("injured", Mark::BadInjured, fields::count),
        hospital: lenient.short("hospital"),
        drill: lenient
            .known("drill", Mark::BadField, Value::as_bool)
            .unwrap_or(false),
        ..CallWords::default()
    };
    call.marks = lenient.marks();
    Ok(call)
}

fn facts(lenient: &mut Lenient) -> Result<FactsWords, Problem> {
    let call: CallId = lenient
        .raw_text("call")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            Problem::new(
                ProblemKind::BadField,
                "`call` must be a call's id, as in \"1.17\"",
            )
            .about("call")
        })?;
    let mut facts = FactsWords {
        text: lenient.words(),
        position: lenient.position(),
        accuracy_m: lenient.metres(),
        cell: lenient.short("cell"),
        kind: lenient.known("kind", Mark::BadKind, |value| {
            value.as_str().and_then(Kind::from_code)
        }),
        injured: lenient.known("injured", Mark::BadInjured, fields::count),
        ..FactsWords::of(call)
    };
    facts.marks = lenient.marks();
    Ok(facts)
}

fn order(tag: Option<Tag>, strict: &mut Strict) -> Result<Request, Problem> {
    let act = |code: &str| {
        let act = match code {
            "set-off" => Some(OrderAct::SetOff),
            other => OrderAct::from_code(other),
        };
        act.filter(|&act| request::is_of_units(act))
    };
    Ok(Request::Order {
        tag,
        order: strict.id("id")?,
        act: strict.word("act", act, request::ACTS)?,
        note: strict.optional_text("note")?,
    })
}

fn subscribe(tag: Option<Tag>, strict: &mut Strict) -> Result<Request, Problem> {
    let units = strict.optional_texts("units", UNITS_SUBSCRIBED_MAX)?;
    let since = strict
        .optional_text("since")?
        .map(|text| text.parse::<EventId>())
        .transpose()
        .map_err(|_| {
            Problem::new(
                ProblemKind::BadField,
                "`since` must be an event's id, as in \"1.40213.0\"",
            )
            .about("since")
        })?;
    Ok(Request::Subscribe {
        tag,
        units: units.unwrap_or_default(),
        since,
    })
}

#[cfg(test)]
mod tests;
