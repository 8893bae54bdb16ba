//! From released records to what subscribers are told.
//!
//! Pure. Orders carry what a crew needs beside them (name, place, kind); all other events are their own fields
//! as JSON.

use crate::names::Names;
use crate::wire::{Announced, EventNote, event_fields, name_unit};
use engine::event::{Event, OrderIssued};
use engine::id::{CentreId, EventId, IncidentId, UnitId};
use engine::kind::Kind;
use engine::place::Point;
use engine::runtime::ReleasedRecord;
use engine::view::{OrderView, View};
use serde_json::Value;
use std::collections::HashSet;

/// An event and whom it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// What is told.
    pub note: EventNote,
    /// The unit it is about, if it is about one.
    pub unit: Option<UnitId>,
}

/// Whom a subscriber wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Everybody and everything.
    All,
    /// These units.
    Units(HashSet<UnitId>),
}

impl Interest {
    /// Whether something about this unit, or about none, is wanted.
    pub fn wants(&self, unit: Option<UnitId>) -> bool {
        match self {
            Interest::All => true,
            Interest::Units(units) => unit.is_some_and(|unit| units.contains(&unit)),
        }
    }
}

/// What is known of an incident where it is needed: of open ones by the view, of closed ones nothing.
fn known_of(view: &View, incident: IncidentId) -> (Option<Point>, Option<Kind>) {
    let known = view.incident(incident);
    let point = known.and_then(|known| known.place).map(|place| place.point);
    (point, known.map(|known| known.kind))
}

/// Everything in a record that `interest` wants, in order. A record without events is told to who wants everything, so
/// that each sequence is shown: a client that drives the clock goes on only when it has seen the last of a record.
pub fn announce(
    released: &ReleasedRecord,
    centre: CentreId,
    view: &View,
    names: &Names,
    interest: &Interest,
    out: &mut Vec<Announcement>,
) {
    let events = &released.record.events;
    if events.is_empty() && interest.wants(None) {
        out.push(Announcement {
            note: EventNote {
                id: EventId {
                    centre,
                    sequence: released.sequence,
                    index: 0,
                },
                at: released.record.at,
                redelivered: false,
                last: true,
                announced: Announced::Other {
                    json: r#"{"type":"nothing"}"#.into(),
                },
            },
            unit: None,
        });
    }
    for (index, event) in events.iter().enumerate() {
        let unit = unit_of(event);
        if !interest.wants(unit) {
            continue;
        }
        let id = EventId {
            centre,
            sequence: released.sequence,
            index: index as u32,
        };
        out.push(Announcement {
            note: EventNote {
                id,
                at: released.record.at,
                redelivered: false,
                last: index + 1 == events.len(),
                announced: announced(event, view, names),
            },
            unit,
        });
    }
}

/// An order of the outbox, told again.
pub fn again(order: &OrderView, view: &View, names: &Names) -> EventNote {
    EventNote {
        id: order.event,
        at: order.at,
        redelivered: true,
        last: false,
        announced: order_issued(&order.issued, view, names),
    }
}

fn order_issued(issued: &OrderIssued, view: &View, names: &Names) -> Announced {
    let (point, kind) = known_of(view, issued.incident);
    Announced::OrderIssued {
        issued: *issued,
        unit: names.of(issued.unit),
        point,
        kind,
    }
}

fn announced(event: &Event, view: &View, names: &Names) -> Announced {
    if let Event::OrderIssued(issued) = event {
        order_issued(issued, view, names)
    } else if let Event::OrderMoved {
        order,
        unit,
        from,
        to,
        ..
    } = *event
    {
        Announced::OrderMoved {
            order,
            unit_id: unit,
            unit: names.of(unit),
            from,
            to,
        }
    } else if let Event::LadderClimbed {
        order,
        unit,
        rung,
        next_due,
    } = *event
    {
        Announced::LadderClimbed {
            order,
            unit_id: unit,
            unit: names.of(unit),
            rung,
            next_due,
        }
    } else {
        let mut fields = event_fields(event);
        if let Some(unit) = unit_of(event) {
            name_unit(&mut fields, &names.of(unit));
        }
        Announced::Other {
            json: Value::Object(fields).to_string(),
        }
    }
}

/// The unit that an event is about.
fn unit_of(event: &Event) -> Option<UnitId> {
    match event {
        Event::OrderIssued(issued) => Some(issued.unit),
        Event::UnitDefined { unit }
        | Event::OrderMoved { unit, .. }
        | Event::LadderClimbed { unit, .. }
        | Event::LedgerEntered { unit, .. }
        | Event::UnitMoved { unit, .. }
        | Event::UnitDutyChanged { unit, .. }
        | Event::UnitStaffed { unit, .. }
        | Event::UnitSilent { unit }
        | Event::UnitHeard { unit } => Some(*unit),
        Event::CentreOpened(_)
        | Event::ObjectActivated(_)
        | Event::CallTaken { .. }
        | Event::CallRepeated { .. }
        | Event::IncidentOpened { .. }
        | Event::IncidentJoined { .. }
        | Event::IncidentRaised { .. }
        | Event::IncidentPlaced { .. }
        | Event::IncidentClosed { .. }
        | Event::NeedOpened { .. }
        | Event::NeedWaits { .. }
        | Event::NeedMet { .. }
        | Event::NeedDone { .. }
        | Event::NeedDropped { .. }
        | Event::ClockMet { .. }
        | Event::ClockMissed { .. }
        | Event::CallAmended { .. }
        | Event::CallEnded { .. }
        | Event::CallDecided { .. }
        | Event::Refused(_)
        | Event::Continues { .. } => None,
    }
}
