//! The frames of a centre and what they mean.

use super::FrameError;
use crate::wire::{
    Announced, Decision, EventNote, Evidence, Forward, OrderLine, Problem, ProblemKind, Response,
    ShortLine,
};
use engine::call::Outcome;
use engine::capability::Capability;
use engine::event::{Choice, OrderIssued};
use engine::id::{CallId, EventId, IncidentId, OrderId, Sequence, UnitId};
use engine::incident::Shortage;
use engine::kind::{Agency, AgencySet, Kind, Nature, Priority};
use engine::moment::Moment;
use engine::order::{Deadlines, OrderState, Rung};
use engine::place::Point;
use rkyv::{Archive, Deserialize, Serialize};

/// One thing that a centre says.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum ServerFrame {
    /// What was decided about a call.
    Decision(DecisionFrame),
    /// It was not done.
    Problem(ProblemFrame),
    /// It was done.
    Done(DoneFrame),
    /// Time stands here now.
    Advanced(AdvancedFrame),
    /// A unit is told to go.
    OrderIssued(OrderIssuedFrame),
    /// An order stands elsewhere.
    OrderMoved(OrderMovedFrame),
    /// The next on the ladder is told.
    LadderClimbed(LadderClimbedFrame),
    /// Any other event.
    Event(EventJsonFrame),
}

/// What was decided about a call. Vocabularies by their numbers, ids by their bits, times in milliseconds.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Decision`
pub struct DecisionFrame {
    pub tag: Option<u64>,
    pub call: u64,
    pub incident: Option<u64>,
    pub seq: u64,
    pub merged: bool,
    pub outcome: u8,
    pub kind: u8,
    pub priority: u8,
    pub nature: u8,
    pub agencies: u16,
    pub confidence_permille: u16,
    pub human: bool,
    pub evidence: Vec<EvidenceRow>,
    pub forward_line: u32,
    pub forward_seat: Option<String>,
    pub orders: Vec<OrderRow>,
    pub short: Vec<ShortRow>,
    pub foreseen_late: bool,
    pub hospital: Option<String>,
    pub outside: bool,
    pub conflict: bool,
}

/// One piece of evidence.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Evidence`
pub struct EvidenceRow {
    pub text: String,
    pub rule: String,
}

/// One order of a decision.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::OrderLine`
pub struct OrderRow {
    pub order: u64,
    pub unit: String,
    pub agency: u8,
    pub travel_ms: u32,
    pub arrive_by_ms: Option<i64>,
    pub why: u8,
}

/// One shortage of a decision.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::ShortLine`
pub struct ShortRow {
    pub need: u8,
    pub count: u8,
    pub reason: u8,
}

/// It was not done.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Problem`
pub struct ProblemFrame {
    pub tag: Option<u64>,
    pub code: String,
    pub detail: String,
    pub field: Option<String>,
    pub retry_after_ms: Option<u32>,
}

/// It was done.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Response::Done`
pub struct DoneFrame {
    pub tag: Option<u64>,
    pub seq: u64,
    pub state: Option<u8>,
}

/// Time stands here now.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Response::Advanced`
pub struct AdvancedFrame {
    pub tag: Option<u64>,
    pub now_ms: i64,
    pub seq: u64,
    pub next_due_ms: Option<i64>,
}

/// The id of an event.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each field is that of `EventId`
pub struct EventIdRow {
    pub centre: u16,
    pub sequence: u64,
    pub index: u32,
}

/// A point on WGS-84.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each field is that of `Point`
pub struct PointRow {
    pub lat_e7: i32,
    pub lon_e7: i32,
}

/// A unit is told to go.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `OrderIssued` or of `wire::EventNote`
pub struct OrderIssuedFrame {
    pub event: EventIdRow,
    pub at_ms: i64,
    pub redelivered: bool,
    pub last: bool,
    pub order: u64,
    pub incident: u64,
    pub need: u8,
    pub unit_id: u64,
    pub unit: String,
    pub capability: u8,
    pub travel_ms: u32,
    pub turnout_ms: u32,
    pub acknowledge_ms: Option<i64>,
    pub set_off_ms: Option<i64>,
    pub muster_ms: Option<i64>,
    pub arrive_ms: Option<i64>,
    pub result_ms: Option<i64>,
    pub previous: Option<u64>,
    pub choice: u8,
    pub foreseen_late: bool,
    pub point: Option<PointRow>,
    pub kind: Option<u8>,
}

/// An order stands elsewhere.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Announced::OrderMoved` or of `wire::EventNote`
pub struct OrderMovedFrame {
    pub event: EventIdRow,
    pub at_ms: i64,
    pub redelivered: bool,
    pub last: bool,
    pub order: u64,
    pub unit_id: u64,
    pub unit: String,
    pub from: u8,
    pub to: u8,
}

/// The next on the ladder is told.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::Announced::LadderClimbed` or of `wire::EventNote`
pub struct LadderClimbedFrame {
    pub event: EventIdRow,
    pub at_ms: i64,
    pub redelivered: bool,
    pub last: bool,
    pub order: u64,
    pub unit_id: u64,
    pub unit: String,
    pub rung: u8,
    pub next_due_ms: Option<i64>,
}

/// Any other event, as JSON.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each field is that of `wire::EventNote`
pub struct EventJsonFrame {
    pub event: EventIdRow,
    pub at_ms: i64,
    pub redelivered: bool,
    pub last: bool,
    pub json: String,
}

impl From<Response> for ServerFrame {
    fn from(response: Response) -> ServerFrame {
        match response {
            Response::Decision { tag, decision } => {
                ServerFrame::Decision(DecisionFrame::of(tag, *decision))
            }
            Response::Problem { tag, problem } => ServerFrame::Problem(ProblemFrame {
                tag,
                code: problem.kind.code().to_owned(),
                detail: problem.detail,
                field: problem.field,
                retry_after_ms: problem.retry_after_ms,
            }),
            Response::Done { tag, seq, state } => ServerFrame::Done(DoneFrame {
                tag,
                seq: seq.0,
                state: state.map(|state| state as u8),
            }),
            Response::Advanced {
                tag,
                now,
                seq,
                next_due,
            } => ServerFrame::Advanced(AdvancedFrame {
                tag,
                now_ms: now.0,
                seq: seq.0,
                next_due_ms: next_due.map(|due| due.0),
            }),
            Response::Event(note) => ServerFrame::from(note),
        }
    }
}

impl DecisionFrame {
    fn of(tag: Option<u64>, decision: Decision) -> DecisionFrame {
        DecisionFrame {
            tag,
            call: decision.call.bits(),
            incident: decision.incident.map(IncidentId::bits),
            seq: decision.seq.0,
            merged: decision.merged,
            outcome: decision.outcome as u8,
            kind: decision.kind as u8,
            priority: decision.priority.number(),
            nature: decision.nature as u8,
            agencies: decision.agencies.bits(),
            confidence_permille: decision.confidence_permille,
            human: decision.human,
            evidence: decision
                .evidence
                .into_iter()
                .map(|Evidence { text, rule }| EvidenceRow { text, rule })
                .collect(),
            forward_line: decision.forward.line,
            forward_seat: decision.forward.seat,
            orders: decision
                .orders
                .into_iter()
                .map(|line| OrderRow {
                    order: line.order.bits(),
                    unit: line.unit,
                    agency: line.agency as u8,
                    travel_ms: line.travel_ms,
                    arrive_by_ms: line.arrive_by.map(|by| by.0),
                    why: line.why as u8,
                })
                .collect(),
            short: decision
                .short
                .iter()
                .map(|line| ShortRow {
                    need: line.need as u8,
                    count: line.count,
                    reason: line.reason as u8,
                })
                .collect(),
            foreseen_late: decision.foreseen_late,
            hospital: decision.hospital,
            outside: decision.outside,
            conflict: decision.conflict,
        }
    }
}

impl OrderIssuedFrame {
    fn of(event: EventIdRow, at_ms: i64, issued: &OrderIssued, unit: String) -> OrderIssuedFrame {
        OrderIssuedFrame {
            event,
            at_ms,
            redelivered: false,
            last: false,
            order: issued.order.bits(),
            incident: issued.incident.bits(),
            need: issued.need,
            unit_id: issued.unit.bits(),
            unit,
            capability: issued.capability as u8,
            travel_ms: issued.travel_ms,
            turnout_ms: issued.turnout_ms,
            acknowledge_ms: issued.deadlines.acknowledge.map(|due| due.0),
            set_off_ms: issued.deadlines.set_off.map(|due| due.0),
            muster_ms: issued.deadlines.muster.map(|due| due.0),
            arrive_ms: issued.deadlines.arrive.map(|due| due.0),
            result_ms: issued.deadlines.result.map(|due| due.0),
            previous: issued.previous.map(OrderId::bits),
            choice: issued.choice as u8,
            foreseen_late: issued.foreseen_late,
            point: None,
            kind: None,
        }
    }
}

impl From<EventNote> for ServerFrame {
    fn from(note: EventNote) -> ServerFrame {
        let (event, at_ms, redelivered) = (note.id.into(), note.at.0, note.redelivered);
        let last = note.last;
        match note.announced {
            Announced::OrderIssued {
                issued,
                unit,
                point,
                kind,
            } => ServerFrame::OrderIssued(OrderIssuedFrame {
                point: point.map(|Point { lat_e7, lon_e7 }| PointRow { lat_e7, lon_e7 }),
                kind: kind.map(|kind| kind as u8),
                redelivered,
                last,
                ..OrderIssuedFrame::of(event, at_ms, &issued, unit)
            }),
            Announced::OrderMoved {
                order,
                unit_id,
                unit,
                from,
                to,
            } => ServerFrame::OrderMoved(OrderMovedFrame {
                event,
                at_ms,
                redelivered,
                last,
                order: order.bits(),
                unit_id: unit_id.bits(),
                unit,
                from: from as u8,
                to: to as u8,
            }),
            Announced::LadderClimbed {
                order,
                unit_id,
                unit,
                rung,
                next_due,
            } => ServerFrame::LadderClimbed(LadderClimbedFrame {
                event,
                at_ms,
                redelivered,
                last,
                order: order.bits(),
                unit_id: unit_id.bits(),
                unit,
                rung: rung as u8,
                next_due_ms: next_due.map(|due| due.0),
            }),
            Announced::Other { json } => ServerFrame::Event(EventJsonFrame {
                event,
                at_ms,
                redelivered,
                last,
                json,
            }),
        }
    }
}

fn known<T>(value: Option<T>, field: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Unknown(field))
}

/// An id that may be missing, but not be wrong.
fn optional<T>(
    bits: Option<u64>,
    id: impl FnOnce(u64) -> Option<T>,
    field: &'static str,
) -> Result<Option<T>, FrameError> {
    bits.map(|bits| known(id(bits), field)).transpose()
}

impl ServerFrame {
    /// What it says.
    pub fn response(self) -> Result<Response, FrameError> {
        Ok(match self {
            ServerFrame::Decision(frame) => Response::Decision {
                tag: frame.tag,
                decision: Box::new(frame.decision()?),
            },
            ServerFrame::Problem(frame) => Response::Problem {
                tag: frame.tag,
                problem: Problem {
                    kind: known(ProblemKind::from_code(&frame.code), "code")?,
                    detail: frame.detail,
                    field: frame.field,
                    retry_after_ms: frame.retry_after_ms,
                },
            },
            ServerFrame::Done(frame) => Response::Done {
                tag: frame.tag,
                seq: Sequence(frame.seq),
                state: frame
                    .state
                    .map(|state| known(OrderState::from_number(state), "state"))
                    .transpose()?,
            },
            ServerFrame::Advanced(frame) => Response::Advanced {
                tag: frame.tag,
                now: Moment(frame.now_ms),
                seq: Sequence(frame.seq),
                next_due: frame.next_due_ms.map(Moment),
            },
            ServerFrame::OrderIssued(frame) => Response::Event(frame.note()?),
            ServerFrame::OrderMoved(frame) => Response::Event(frame.note()?),
            ServerFrame::LadderClimbed(frame) => Response::Event(frame.note()?),
            ServerFrame::Event(frame) => Response::Event(EventNote {
                id: EventId::from(frame.event),
                at: Moment(frame.at_ms),
                redelivered: frame.redelivered,
                last: frame.last,
                announced: Announced::Other { json: frame.json },
            }),
        })
    }
}

impl DecisionFrame {
    fn decision(self) -> Result<Decision, FrameError> {
        Ok(Decision {
            call: known(CallId::from_bits(self.call), "call")?,
            incident: optional(self.incident, IncidentId::from_bits, "incident")?,
            seq: Sequence(self.seq),
            merged: self.merged,
            outcome: known(Outcome::from_number(self.outcome), "outcome")?,
            kind: known(Kind::from_number(self.kind), "kind")?,
            priority: known(Priority::try_from(self.priority).ok(), "priority")?,
            nature: known(Nature::from_number(self.nature), "nature")?,
            agencies: known(AgencySet::from_bits(self.agencies), "agencies")?,
            confidence_permille: self.confidence_permille,
            human: self.human,
            evidence: self
                .evidence
                .into_iter()
                .map(|EvidenceRow { text, rule }| Evidence { text, rule })
                .collect(),
            forward: Forward {
                line: self.forward_line,
                seat: self.forward_seat,
            },
            orders: self
                .orders
                .into_iter()
                .map(OrderRow::line)
                .collect::<Result<_, _>>()?,
            short: self
                .short
                .into_iter()
                .map(ShortRow::line)
                .collect::<Result<_, _>>()?,
            foreseen_late: self.foreseen_late,
            hospital: self.hospital,
            outside: self.outside,
            conflict: self.conflict,
        })
    }
}

impl OrderRow {
    fn line(self) -> Result<OrderLine, FrameError> {
        Ok(OrderLine {
            order: known(OrderId::from_bits(self.order), "order")?,
            unit: self.unit,
            agency: known(Agency::from_number(self.agency), "agency")?,
            travel_ms: self.travel_ms,
            arrive_by: self.arrive_by_ms.map(Moment),
            why: known(Choice::from_number(self.why), "why")?,
        })
    }
}

impl ShortRow {
    fn line(self) -> Result<ShortLine, FrameError> {
        Ok(ShortLine {
            need: known(Capability::from_number(self.need), "need")?,
            count: self.count,
            reason: known(Shortage::from_number(self.reason), "reason")?,
        })
    }
}

impl OrderIssuedFrame {
    fn note(self) -> Result<EventNote, FrameError> {
        let issued = OrderIssued {
            order: known(OrderId::from_bits(self.order), "order")?,
            incident: known(IncidentId::from_bits(self.incident), "incident")?,
            need: self.need,
            unit: known(UnitId::from_bits(self.unit_id), "unit_id")?,
            capability: known(Capability::from_number(self.capability), "capability")?,
            travel_ms: self.travel_ms,
            turnout_ms: self.turnout_ms,
            deadlines: Deadlines {
                acknowledge: self.acknowledge_ms.map(Moment),
                set_off: self.set_off_ms.map(Moment),
                muster: self.muster_ms.map(Moment),
                arrive: self.arrive_ms.map(Moment),
                result: self.result_ms.map(Moment),
            },
            previous: optional(self.previous, OrderId::from_bits, "previous")?,
            choice: known(Choice::from_number(self.choice), "choice")?,
            foreseen_late: self.foreseen_late,
        };
        Ok(EventNote {
            id: EventId::from(self.event),
            at: Moment(self.at_ms),
            redelivered: self.redelivered,
            last: self.last,
            announced: Announced::OrderIssued {
                issued,
                unit: self.unit,
                point: self
                    .point
                    .map(|PointRow { lat_e7, lon_e7 }| Point { lat_e7, lon_e7 }),
                kind: self
                    .kind
                    .map(|kind| known(Kind::from_number(kind), "kind"))
                    .transpose()?,
            },
        })
    }
}

impl OrderMovedFrame {
    fn note(self) -> Result<EventNote, FrameError> {
        Ok(EventNote {
            id: EventId::from(self.event),
            at: Moment(self.at_ms),
            redelivered: self.redelivered,
            last: self.last,
            announced: Announced::OrderMoved {
                order: known(OrderId::from_bits(self.order), "order")?,
                unit_id: known(UnitId::from_bits(self.unit_id), "unit_id")?,
                unit: self.unit,
                from: known(OrderState::from_number(self.from), "from")?,
                to: known(OrderState::from_number(self.to), "to")?,
            },
        })
    }
}

impl LadderClimbedFrame {
    fn note(self) -> Result<EventNote, FrameError> {
        Ok(EventNote {
            id: EventId::from(self.event),
            at: Moment(self.at_ms),
            redelivered: self.redelivered,
            last: self.last,
            announced: Announced::LadderClimbed {
                order: known(OrderId::from_bits(self.order), "order")?,
                unit_id: known(UnitId::from_bits(self.unit_id), "unit_id")?,
                unit: self.unit,
                rung: known(Rung::from_number(self.rung), "rung")?,
                next_due: self.next_due_ms.map(Moment),
            },
        })
    }
}
