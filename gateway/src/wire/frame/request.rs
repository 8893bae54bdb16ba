//! The frames of clients and what they mean. Vocabularies travel as their numbers, which are never reordered.

use crate::wire::{
    CallWords, FactsWords, Position, Problem, ProblemKind, Request, Tag, UnitReport, request,
};
use engine::call::Mark;
use engine::id::{CallId, CentreId, EventId, OrderId, Sequence};
use engine::kind::Kind;
use engine::moment::Moment;
use engine::order::OrderAct;
use engine::place::datum::Datum;
use engine::unit::Duty;
use rkyv::{Archive, Deserialize, Serialize};

/// One thing that a client says.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum ClientFrame {
    /// Somebody calls.
    Call(CallFrame),
    /// More is known of a call.
    Facts(FactsFrame),
    /// A caller is done.
    End(EndFrame),
    /// A unit reports on an order.
    Order(OrderFrame),
    /// A unit is here.
    Position(PositionFrame),
    /// A unit does this when idle.
    Duty(DutyFrame),
    /// Time goes on.
    Advance(AdvanceFrame),
    /// Tell me what happens.
    Subscribe(SubscribeFrame),
}

/// Somebody calls. Only the key must be readable.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct CallFrame {
    /// For the answer.
    pub tag: Option<u64>,
    /// UTF-8.
    pub key: Vec<u8>,
    /// The number that was dialled.
    pub line: Option<u32>,
    /// UTF-8.
    pub caller: Option<Vec<u8>>,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: Option<i64>,
    /// Decimal degrees.
    pub lat: Option<f64>,
    /// Decimal degrees.
    pub lon: Option<f64>,
    /// Number of a [`Datum`].
    pub datum: Option<u8>,
    /// Metres.
    pub accuracy_m: Option<f64>,
    /// UTF-8.
    pub cell: Option<Vec<u8>>,
    /// UTF-8.
    pub text: Option<Vec<u8>>,
    /// Number of a [`Kind`].
    pub kind: Option<u8>,
    /// People.
    pub injured: Option<u32>,
    /// UTF-8.
    pub hospital: Option<Vec<u8>>,
    /// Nobody is sent.
    pub drill: bool,
}

/// More is known of a call.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct FactsFrame {
    /// For the answer.
    pub tag: Option<u64>,
    /// Bits of a [`CallId`].
    pub call: u64,
    /// UTF-8.
    pub text: Option<Vec<u8>>,
    /// Decimal degrees.
    pub lat: Option<f64>,
    /// Decimal degrees.
    pub lon: Option<f64>,
    /// Number of a [`Datum`].
    pub datum: Option<u8>,
    /// Metres.
    pub accuracy_m: Option<f64>,
    /// UTF-8.
    pub cell: Option<Vec<u8>>,
    /// Number of a [`Kind`].
    pub kind: Option<u8>,
    /// People.
    pub injured: Option<u32>,
}

/// A caller is done.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EndFrame {
    /// For the answer.
    pub tag: Option<u64>,
    /// Bits of a [`CallId`].
    pub call: u64,
}

/// A unit reports on an order.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct OrderFrame {
    /// For the answer.
    pub tag: Option<u64>,
    /// Bits of an [`OrderId`].
    pub order: u64,
    /// Number of an [`OrderAct`] that a unit may do.
    pub act: u8,
    /// UTF-8.
    pub note: Option<Vec<u8>>,
}

/// A unit is here. May also travel as a datagram, without a length.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct PositionFrame {
    /// For the answer; without one, none is given.
    pub tag: Option<u64>,
    /// UTF-8.
    pub unit: Vec<u8>,
    /// Decimal degrees.
    pub lat: f64,
    /// Decimal degrees.
    pub lon: f64,
    /// Number of a [`Datum`].
    pub datum: u8,
}

/// A unit does this when idle.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DutyFrame {
    /// For the answer.
    pub tag: Option<u64>,
    /// UTF-8.
    pub unit: Vec<u8>,
    /// Number of a [`Duty`].
    pub duty: u8,
    /// People on duty.
    pub strength: Option<u16>,
}

/// Time goes on.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AdvanceFrame {
    /// For the answer.
    pub tag: Option<u64>,
    /// Milliseconds since 1970-01-01 UTC.
    pub to_ms: i64,
}

/// Tell me what happens.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SubscribeFrame {
    /// For the answer; without one, none is given.
    pub tag: Option<u64>,
    /// UTF-8 names; none: everything.
    pub units: Vec<Vec<u8>>,
    /// Centre, sequence and index of the last event that is known.
    pub since: Option<super::EventIdRow>,
}

fn bad(field: &str, right: &str) -> Problem {
    Problem::new(ProblemKind::BadField, format!("`{field}` {right}")).about(field)
}

fn strict_words(bytes: Vec<u8>, field: &str) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| bad(field, "must be UTF-8"))
}

impl ClientFrame {
    /// The tag of the request.
    pub const fn tag(&self) -> Option<Tag> {
        match self {
            ClientFrame::Call(frame) => frame.tag,
            ClientFrame::Facts(frame) => frame.tag,
            ClientFrame::End(frame) => frame.tag,
            ClientFrame::Order(frame) => frame.tag,
            ClientFrame::Position(frame) => frame.tag,
            ClientFrame::Duty(frame) => frame.tag,
            ClientFrame::Advance(frame) => frame.tag,
            ClientFrame::Subscribe(frame) => frame.tag,
        }
    }

    /// What it asks for.
    pub fn request(self) -> Result<Request, Problem> {
        match self {
            ClientFrame::Call(frame) => frame.request(),
            ClientFrame::Facts(frame) => frame.request(),
            ClientFrame::End(EndFrame { tag, call }) => Ok(Request::End {
                tag,
                call: CallId::from_bits(call).ok_or_else(|| bad("call", "must be a call's id"))?,
            }),
            ClientFrame::Order(frame) => frame.request(),
            ClientFrame::Position(frame) => frame.request(),
            ClientFrame::Duty(frame) => frame.request(),
            ClientFrame::Advance(AdvanceFrame { tag, to_ms }) => Ok(Request::Advance {
                tag,
                to: Moment(to_ms)
                    .checked()
                    .ok_or_else(|| bad("to", "must be a time from 1970 to 2200"))?,
            }),
            ClientFrame::Subscribe(SubscribeFrame { tag, units, since }) => {
                Ok(Request::Subscribe {
                    tag,
                    units: units
                        .into_iter()
                        .map(|unit| strict_words(unit, "units"))
                        .collect::<Result<_, _>>()?,
                    since: since.map(EventId::from),
                })
            }
        }
    }
}

impl CallFrame {
    fn request(self) -> Result<Request, Problem> {
        let key = request::key(String::from_utf8(self.key).ok())?;
        let mut call = CallWords {
            key,
            line: self.line,
            drill: self.drill,
            ..CallWords::default()
        };
        let marks = &mut call.marks;
        call.caller = request::short(self.caller, marks);
        call.cell = request::short(self.cell, marks);
        call.hospital = request::short(self.hospital, marks);
        call.text = self.text.map(|text| request::text(text, marks));
        call.at = request::known(self.at_ms, |ms| Moment(ms).checked(), Mark::BadTime, marks);
        call.kind = request::known(self.kind, Kind::from_number, Mark::BadKind, marks);
        call.injured = request::known(
            self.injured,
            |count| u16::try_from(count).ok(),
            Mark::BadInjured,
            marks,
        );
        call.accuracy_m = request::known(self.accuracy_m, request::metres, Mark::BadField, marks);
        let datum = self.datum.and_then(Datum::from_number);
        call.position = request::position(self.lat, self.lon, datum, marks);
        Ok(Request::Call {
            tag: self.tag,
            call: Box::new(call),
        })
    }
}

impl FactsFrame {
    fn request(self) -> Result<Request, Problem> {
        let call =
            CallId::from_bits(self.call).ok_or_else(|| bad("call", "must be a call's id"))?;
        let mut facts = FactsWords::of(call);
        let marks = &mut facts.marks;
        facts.cell = request::short(self.cell, marks);
        facts.text = self.text.map(|text| request::text(text, marks));
        facts.kind = request::known(self.kind, Kind::from_number, Mark::BadKind, marks);
        facts.injured = request::known(
            self.injured,
            |count| u16::try_from(count).ok(),
            Mark::BadInjured,
            marks,
        );
        facts.accuracy_m = request::known(self.accuracy_m, request::metres, Mark::BadField, marks);
        let datum = self.datum.and_then(Datum::from_number);
        facts.position = request::position(self.lat, self.lon, datum, marks);
        Ok(Request::Facts {
            tag: self.tag,
            facts: Box::new(facts),
        })
    }
}

impl OrderFrame {
    fn request(self) -> Result<Request, Problem> {
        Ok(Request::Order {
            tag: self.tag,
            order: OrderId::from_bits(self.order)
                .ok_or_else(|| bad("order", "must be an order's id"))?,
            act: OrderAct::from_number(self.act)
                .filter(|&act| request::is_of_units(act))
                .ok_or_else(|| bad("act", request::ACTS))?,
            note: self
                .note
                .map(|note| strict_words(note, "note"))
                .transpose()?,
        })
    }
}

impl PositionFrame {
    fn request(self) -> Result<Request, Problem> {
        Ok(Request::Position {
            tag: self.tag,
            unit: strict_words(self.unit, "unit")?,
            position: Position::new(self.lat, self.lon, Datum::from_number(self.datum))
                .map_err(|error| bad(error.field(), &format!("cannot be used: {error}")))?,
        })
    }
}

impl DutyFrame {
    fn request(self) -> Result<Request, Problem> {
        Ok(Request::Duty {
            tag: self.tag,
            report: UnitReport {
                unit: strict_words(self.unit, "unit")?,
                duty: Duty::from_number(self.duty).ok_or_else(|| bad("duty", request::DUTIES))?,
                strength: self.strength,
            },
        })
    }
}

impl From<Request> for ClientFrame {
    fn from(request: Request) -> ClientFrame {
        match request {
            Request::Call { tag, call } => ClientFrame::Call(CallFrame::of(tag, *call)),
            Request::Facts { tag, facts } => ClientFrame::Facts(FactsFrame::of(tag, *facts)),
            Request::End { tag, call } => ClientFrame::End(EndFrame {
                tag,
                call: call.bits(),
            }),
            Request::Order {
                tag,
                order,
                act,
                note,
            } => ClientFrame::Order(OrderFrame {
                tag,
                order: order.bits(),
                act: act as u8,
                note: note.map(String::into_bytes),
            }),
            Request::Position {
                tag,
                unit,
                position,
            } => ClientFrame::Position(PositionFrame {
                tag,
                unit: unit.into_bytes(),
                lat: position.lat(),
                lon: position.lon(),
                datum: position.datum() as u8,
            }),
            Request::Duty { tag, report } => ClientFrame::Duty(DutyFrame {
                tag,
                unit: report.unit.into_bytes(),
                duty: report.duty as u8,
                strength: report.strength,
            }),
            Request::Advance { tag, to } => ClientFrame::Advance(AdvanceFrame { tag, to_ms: to.0 }),
            Request::Subscribe { tag, units, since } => ClientFrame::Subscribe(SubscribeFrame {
                tag,
                units: units.into_iter().map(String::into_bytes).collect(),
                since: since.map(super::EventIdRow::from),
            }),
        }
    }
}

impl CallFrame {
    fn of(tag: Option<Tag>, call: CallWords) -> CallFrame {
        CallFrame {
            tag,
            key: call.key.into_bytes(),
            line: call.line,
            caller: call.caller.map(String::into_bytes),
            at_ms: call.at.map(|at| at.0),
            lat: call.position.map(|position| position.lat()),
            lon: call.position.map(|position| position.lon()),
            datum: call.position.map(|position| position.datum() as u8),
            accuracy_m: call.accuracy_m.map(f64::from),
            cell: call.cell.map(String::into_bytes),
            text: call.text.map(String::into_bytes),
            kind: call.kind.map(|kind| kind as u8),
            injured: call.injured.map(u32::from),
            hospital: call.hospital.map(String::into_bytes),
            drill: call.drill,
        }
    }
}

impl FactsFrame {
    fn of(tag: Option<Tag>, facts: FactsWords) -> FactsFrame {
        FactsFrame {
            tag,
            call: facts.call.bits(),
            text: facts.text.map(String::into_bytes),
            lat: facts.position.map(|position| position.lat()),
            lon: facts.position.map(|position| position.lon()),
            datum: facts.position.map(|position| position.datum() as u8),
            accuracy_m: facts.accuracy_m.map(f64::from),
            cell: facts.cell.map(String::into_bytes),
            kind: facts.kind.map(|kind| kind as u8),
            injured: facts.injured.map(u32::from),
        }
    }
}

impl From<EventId> for super::EventIdRow {
    fn from(id: EventId) -> super::EventIdRow {
        super::EventIdRow {
            centre: id.centre.0,
            sequence: id.sequence.0,
            index: id.index,
        }
    }
}

impl From<super::EventIdRow> for EventId {
    fn from(row: super::EventIdRow) -> EventId {
        EventId {
            centre: CentreId(row.centre),
            sequence: Sequence(row.sequence),
            index: row.index,
        }
    }
}
