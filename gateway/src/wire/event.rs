//! What a subscriber is told: an event of a centre with what a crew needs beside it.

use engine::event::{Event, OrderIssued};
use engine::id::{EventId, OrderId, UnitId};
use engine::kind::Kind;
use engine::moment::Moment;
use engine::order::{OrderState, Rung};
use engine::place::Point;
use serde_json::{Map, Value};

/// One event, as it is announced.
#[derive(Clone, Debug, PartialEq)]
pub struct EventNote {
    /// Which one.
    pub id: EventId,
    /// Centre time of its record.
    pub at: Moment,
    /// Told before, and not acknowledged: the receiver drops it if it knows the order.
    pub redelivered: bool,
    /// The last event of its record: whoever subscribed to everything has been shown its sequence whole.
    pub last: bool,
    /// What happened.
    pub announced: Announced,
}

/// What happened, in the terms of who needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Announced {
    /// A unit is told to go.
    OrderIssued {
        /// The order as it was given.
        issued: OrderIssued,
        /// The unit's name.
        unit: String,
        /// Where to, on WGS-84; `None` when the incident has no usable place.
        point: Option<Point>,
        /// What the incident is held to be, when it is known here.
        kind: Option<Kind>,
    },
    /// An order stands elsewhere in its life.
    OrderMoved {
        /// The order.
        order: OrderId,
        /// Its unit.
        unit_id: UnitId,
        /// The unit's name.
        unit: String,
        /// Where it stood.
        from: OrderState,
        /// Where it stands.
        to: OrderState,
    },
    /// Nobody acknowledged: the next on the ladder is told.
    LadderClimbed {
        /// The order.
        order: OrderId,
        /// Its unit.
        unit_id: UnitId,
        /// The unit's name.
        unit: String,
        /// Who is told now.
        rung: Rung,
        /// When the rung after this is due.
        next_due: Option<Moment>,
    },
    /// Anything else, as JSON: its `type` and the fields of the event.
    Other {
        /// A JSON object.
        json: String,
    },
}

/// An event's own fields with its `type` in front.
pub(crate) fn fields_of(event: &Event) -> Map<String, Value> {
    let mut fields = Map::new();
    match serde_json::to_value(event) {
        Ok(Value::Object(tagged)) => {
            if let Some((name, body)) = tagged.into_iter().next() {
                fields.insert("type".into(), name.into());
                match body {
                    Value::Object(body) => fields.extend(body),
                    body @ (Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)) => {
                        fields.insert("value".into(), body);
                    }
                }
            }
        }
        Ok(other) => {
            fields.insert("type".into(), other);
        }
        Err(error) => {
            // Events hold plain data; that one cannot be written is a mistake in this program, never silence.
            fields.insert("type".into(), "unwritable".into());
            fields.insert("value".into(), error.to_string().into());
        }
    }
    fields
}
