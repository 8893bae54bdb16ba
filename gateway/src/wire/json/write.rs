//! Answers and events as JSON, in the field names that the design fixes.

use crate::wire::event::fields_of;
use crate::wire::{
    Announced, Decision, EventNote, Evidence, OrderLine, Problem, ProblemKind, Response, ShortLine,
    Tag, whole_seconds,
};
use engine::call::Outcome;
use engine::event::{Choice, Event};
use engine::id::{CallId, IncidentId, OrderId, Sequence};
use engine::kind::{Agency, AgencySet, Kind, Nature, Priority};
use engine::moment::Moment;
use engine::order::OrderState;
use engine::place::Point;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
struct DecisionLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Tag>,
    decision: DecisionJson<'a>,
}

#[derive(Serialize)]
struct DecisionJson<'a> {
    call: CallId,
    incident: Option<IncidentId>,
    seq: Sequence,
    merged: bool,
    outcome: Outcome,
    kind: Kind,
    priority: Priority,
    nature: Nature,
    agencies: AgencySet,
    confidence: f64,
    human: bool,
    evidence: &'a [Evidence],
    forward: ForwardJson<'a>,
    orders: Vec<OrderJson<'a>>,
    short: &'a [ShortLine],
    foreseen_late: bool,
    hospital: Option<&'a str>,
    outside: bool,
    conflict: bool,
}

#[derive(Serialize)]
struct ForwardJson<'a> {
    line: String,
    seat: Option<&'a str>,
}

#[derive(Serialize)]
struct OrderJson<'a> {
    order: OrderId,
    unit: &'a str,
    agency: Agency,
    travel_s: u32,
    arrive_by: Option<Moment>,
    why: Choice,
}

#[derive(Serialize)]
struct ProblemLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Tag>,
    problem: Value,
}

#[derive(Serialize)]
struct DoneLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Tag>,
    done: DoneJson,
}

#[derive(Serialize)]
struct DoneJson {
    seq: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<OrderState>,
}

#[derive(Serialize)]
struct AdvancedLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Tag>,
    advanced: AdvancedJson,
}

#[derive(Serialize)]
struct AdvancedJson {
    now: Moment,
    seq: Sequence,
    next_due: Option<Moment>,
}

#[derive(Serialize)]
struct EventLine {
    event: Map<String, Value>,
}

impl<'a> From<&'a Decision> for DecisionJson<'a> {
    fn from(decision: &'a Decision) -> DecisionJson<'a> {
        DecisionJson {
            call: decision.call,
            incident: decision.incident,
            seq: decision.seq,
            merged: decision.merged,
            outcome: decision.outcome,
            kind: decision.kind,
            priority: decision.priority,
            nature: decision.nature,
            agencies: decision.agencies,
            confidence: f64::from(decision.confidence_permille) / 1_000.0,
            human: decision.human,
            evidence: &decision.evidence,
            forward: ForwardJson {
                line: decision.forward.line.to_string(),
                seat: decision.forward.seat.as_deref(),
            },
            orders: decision.orders.iter().map(OrderJson::from).collect(),
            short: &decision.short,
            foreseen_late: decision.foreseen_late,
            hospital: decision.hospital.as_deref(),
            outside: decision.outside,
            conflict: decision.conflict,
        }
    }
}

impl<'a> From<&'a OrderLine> for OrderJson<'a> {
    fn from(line: &'a OrderLine) -> OrderJson<'a> {
        OrderJson {
            order: line.order,
            unit: &line.unit,
            agency: line.agency,
            travel_s: whole_seconds(line.travel_ms),
            arrive_by: line.arrive_by,
            why: line.why,
        }
    }
}

/// The decision as the object that stands under `decision` in a line.
pub fn decision_json(decision: &Decision) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    put(&DecisionJson::from(decision), &mut out);
    out
}

/// Appends a response as one line.
pub fn append_response(response: &Response, out: &mut Vec<u8>) {
    match response {
        Response::Decision { tag, decision } => put(
            &DecisionLine {
                tag: *tag,
                decision: decision.as_ref().into(),
            },
            out,
        ),
        Response::Problem { tag, problem } => put(
            &ProblemLine {
                tag: *tag,
                problem: problem.to_json(*tag),
            },
            out,
        ),
        Response::Done { tag, seq, state } => put(
            &DoneLine {
                tag: *tag,
                done: DoneJson {
                    seq: *seq,
                    state: *state,
                },
            },
            out,
        ),
        Response::Advanced {
            tag,
            now,
            seq,
            next_due,
        } => put(
            &AdvancedLine {
                tag: *tag,
                advanced: AdvancedJson {
                    now: *now,
                    seq: *seq,
                    next_due: *next_due,
                },
            },
            out,
        ),
        Response::Event(note) => put(&EventLine { event: event(note) }, out),
    }
    out.push(b'\n');
}

/// Writing plain data into memory cannot fail; if it ever did, the client is told and not left without an answer.
fn put<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    if let Err(error) = serde_json::to_writer(&mut *out, value) {
        out.truncate(start);
        let problem = Problem::new(ProblemKind::NotServing, error.to_string()).to_json(None);
        out.extend_from_slice(format!("{{\"problem\":{problem}}}").as_bytes());
    }
}

pub(crate) fn event(note: &EventNote) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("id".into(), note.id.to_string().into());
    fields.insert("at".into(), note.at.to_string().into());
    if note.redelivered {
        fields.insert("redelivered".into(), true.into());
    }
    if note.last {
        fields.insert("last".into(), true.into());
    }
    match &note.announced {
        Announced::OrderIssued {
            issued,
            unit,
            point,
            kind,
        } => {
            fields.extend(fields_of(&Event::OrderIssued(*issued)));
            name_unit(&mut fields, unit);
            if let Some(Point { lat_e7, lon_e7 }) = *point {
                fields.insert("lat".into(), degrees(lat_e7));
                fields.insert("lon".into(), degrees(lon_e7));
                fields.insert("datum".into(), "wgs84".into());
            }
            if let Some(kind) = kind {
                fields.insert("kind".into(), kind.code().into());
            }
        }
        Announced::OrderMoved {
            order,
            unit_id,
            unit,
            from,
            to,
        } => {
            fields.insert("type".into(), "order_moved".into());
            fields.insert("order".into(), order.to_string().into());
            fields.insert("unit".into(), unit_id.to_string().into());
            fields.insert("from".into(), from.code().into());
            fields.insert("to".into(), to.code().into());
            name_unit(&mut fields, unit);
        }
        Announced::LadderClimbed {
            order,
            unit_id,
            unit,
            rung,
            next_due,
        } => {
            fields.insert("type".into(), "ladder_climbed".into());
            fields.insert("order".into(), order.to_string().into());
            fields.insert("unit".into(), unit_id.to_string().into());
            fields.insert("rung".into(), rung.code().into());
            fields.insert(
                "next_due".into(),
                next_due.map(|due| due.to_string()).into(),
            );
            name_unit(&mut fields, unit);
        }
        Announced::Other { json } => other(json, &mut fields),
    }
    fields
}

/// The fields of an event that is JSON already.
fn other(json: &str, fields: &mut Map<String, Value>) {
    match serde_json::from_str(json) {
        Ok(Value::Object(other)) => fields.extend(other),
        Ok(other) => {
            fields.insert("value".into(), other);
        }
        Err(error) => {
            fields.insert("value".into(), error.to_string().into());
        }
    }
}

/// Units are known by their names outside; the number that the centre gave stands beside it.
pub(crate) fn name_unit(fields: &mut Map<String, Value>, name: &str) {
    if let Some(id) = fields.insert("unit".into(), name.into()) {
        fields.insert("unit_id".into(), id);
    }
}

fn degrees(e7: i32) -> Value {
    (f64::from(e7) / 1e7).into()
}
