//! What somebody is told of an order: all that is needed to go, and nothing of who called.

use engine::capability::Capability;
use engine::city::contacts::{ContactId, ContactRole};
use engine::id::{IncidentId, OrderId};
use engine::kind::Kind;
use engine::moment::Moment;
use engine::order::{OrderState, Rung};
use engine::place::Point;
use engine::view::View;
use serde::Serialize;

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spot {
    lat: f64,
    lon: f64,
    datum: &'static str,
}

impl From<Point> for Spot {
    fn from(point: Point) -> Spot {
        Spot {
            lat: f64::from(point.lat_e7) / 1e7,
            lon: f64::from(point.lon_e7) / 1e7,
            datum: "wgs84",
        }
    }
}

/// An order, as one person is told of it. Field names are a contract (`docs/protocol.md`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    #[serde(rename = "type")]
    what: &'static str,
    /// The same for every try to tell this person this: whoever has seen it passes it over.
    pub key: String,
    order: OrderId,
    incident: IncidentId,
    unit: String,
    kind: Option<Kind>,
    priority: Option<u8>,
    place: Option<Spot>,
    capability: Capability,
    issued_at: Moment,
    arrive_by: Option<Moment>,
    rung: Rung,
    role: ContactRole,
    attempt: u32,
    /// It may have been told before, by a centre that was started again since.
    again: bool,
}

/// One way to tell one person of one order, on one rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// What of.
    pub order: OrderId,
    /// On which rung of the ladder.
    pub rung: Rung,
    /// Who, and how.
    pub contact: ContactId,
}

impl Notice {
    /// The order as it is now; `None` where it is not to be told: somebody has acknowledged, it has ended, or it is a drill,
    /// which sends nobody (D1).
    pub fn of(
        view: &View,
        telling: Telling,
        (role, attempt, again): (ContactRole, u32, bool),
    ) -> Option<Notice> {
        let Telling {
            order,
            rung,
            contact,
        } = telling;
        let known = view.order(order)?;
        let incident = view.incident(known.incident);
        if known.state != OrderState::Issued || incident.is_some_and(|incident| incident.drill) {
            return None;
        }
        let unit = known.issued.unit;
        Some(Notice {
            what: "order",
            key: format!("{order}-{rung}-{contact}"),
            order,
            incident: known.incident,
            unit: view
                .unit_name(unit)
                .map_or_else(|| unit.to_string(), str::to_owned),
            kind: incident.map(|incident| incident.kind),
            priority: incident.map(|incident| incident.priority.number()),
            place: incident
                .and_then(|incident| incident.place)
                .map(|place| place.point.into()),
            capability: known.issued.capability,
            issued_at: known.at,
            arrive_by: known.issued.deadlines.arrive,
            rung,
            role,
            attempt,
            again,
        })
    }
}

/// A test: whether somebody is there, and says so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestNotice {
    #[serde(rename = "type")]
    what: &'static str,
    /// One for each test.
    pub key: String,
    role: ContactRole,
    at: Moment,
}

impl TestNotice {
    /// A test of a contact at this moment.
    pub fn of(contact: ContactId, role: ContactRole, at: Moment) -> TestNotice {
        TestNotice {
            what: "test",
            key: format!("test-{contact}-{}", at.0),
            role,
            at,
        }
    }
}
