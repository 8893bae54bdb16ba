//! What readers are shown: the view's nouns as JSON, with names beside numbers and places in degrees.
//!
//! Field names are a contract (`/openapi.json`). Nothing here reads the clock: "now" is the view's.

use super::conduct::{ConductJson, conduct};
use crate::exchange::Exchange;
use crate::wire::whole_seconds;
use engine::capability::Capability;
use engine::city::City;
use engine::event::{Choice, LedgerMatter};
use engine::hospital::{HospitalCapability, HospitalDefinition, HospitalId};
use engine::id::{EventId, IncidentId, OrderId, UnitId};
use engine::incident::{CloseReason, NeedState, Shortage};
use engine::kind::{Agency, AgencySet, Category, Kind, Nature};
use engine::moment::Moment;
use engine::order::{Deadlines, OrderClock, OrderState, Rung};
use engine::place::{DistrictId, Place, PlaceSource, Point};
use engine::unit::{Duty, UnitDefinition};
use engine::view::{
    IncidentView, LedgerSubject, LedgerView, OrderView, UnitStatus, UnitView, View,
};
use serde::Serialize;

/// Newest calls that an incident names.
const CALLS_SHOWN: usize = 32;

/// A point in degrees of WGS-84.
#[derive(Debug, Serialize)]
pub struct PointJson {
    lat: f64,
    lon: f64,
}

impl From<Point> for PointJson {
    fn from(point: Point) -> PointJson {
        PointJson {
            lat: f64::from(point.lat_e7) / 1e7,
            lon: f64::from(point.lon_e7) / 1e7,
        }
    }
}

/// A usable place.
#[derive(Debug, Serialize)]
pub struct PlaceJson {
    #[serde(flatten)]
    point: PointJson,
    radius_m: u32,
    source: PlaceSource,
    district: Option<DistrictId>,
    district_name: Option<String>,
}

/// The name of a district, where the city knows it.
fn district_name(city: &City, district: DistrictId) -> Option<String> {
    Some(city.districts.get(district)?.name.to_string())
}

fn place(city: &City, place: Place) -> PlaceJson {
    PlaceJson {
        point: place.point.into(),
        radius_m: place.radius_m,
        source: place.source,
        district: place.district,
        district_name: place.district.and_then(|id| district_name(city, id)),
    }
}

/// A clock that runs.
#[derive(Debug, Serialize)]
pub struct ClockJson {
    clock: OrderClock,
    due: Moment,
}

/// The clock of an incident that runs out first, with the order it runs on.
#[derive(Debug, Serialize)]
pub struct NextClockJson {
    clock: OrderClock,
    order: OrderId,
    unit: String,
    due: Moment,
}

/// A need.
#[derive(Debug, Serialize)]
pub struct NeedJson {
    need: usize,
    capability: Capability,
    state: NeedState,
    shortage: Option<Shortage>,
    order: Option<OrderId>,
}

/// An order.
#[derive(Debug, Serialize)]
pub struct OrderJson {
    id: OrderId,
    incident: IncidentId,
    need: u8,
    unit: String,
    unit_id: UnitId,
    agency: Agency,
    capability: Capability,
    state: OrderState,
    rung: Rung,
    issued_at: Moment,
    /// How long until there, turnout and way together: whole seconds, rounded up, as in the decision.
    travel_s: u32,
    turnout_s: f64,
    deadlines: Deadlines,
    next_clock: Option<ClockJson>,
    choice: Choice,
    previous: Option<OrderId>,
    foreseen_late: bool,
    ended_at: Option<Moment>,
}

fn seconds(ms: u32) -> f64 {
    f64::from(ms) / 1_000.0
}

/// An order as readers see it.
pub fn order(view: &View, id: OrderId, order: &OrderView) -> OrderJson {
    let issued = &order.issued;
    OrderJson {
        id,
        incident: order.incident,
        need: order.need,
        unit: unit_name(view, issued.unit),
        unit_id: issued.unit,
        agency: issued.capability.agency(),
        capability: issued.capability,
        state: order.state,
        rung: order.rung,
        issued_at: order.at,
        travel_s: whole_seconds(issued.travel_ms.saturating_add(issued.turnout_ms)),
        turnout_s: seconds(issued.turnout_ms),
        deadlines: issued.deadlines,
        next_clock: order
            .clocks
            .nearest()
            .map(|(clock, due)| ClockJson { clock, due }),
        choice: issued.choice,
        previous: issued.previous,
        foreseen_late: issued.foreseen_late,
        ended_at: order.ended_at,
    }
}

pub(super) fn unit_name(view: &View, unit: UnitId) -> String {
    view.unit_name(unit)
        .map_or_else(|| unit.to_string(), str::to_owned)
}

/// An incident.
#[derive(Debug, Serialize)]
pub struct IncidentJson {
    id: IncidentId,
    state: &'static str,
    kind: Kind,
    priority: u8,
    nature: Nature,
    category: Category,
    agencies: AgencySet,
    place: Option<PlaceJson>,
    outside: bool,
    human: bool,
    drill: bool,
    injured: u16,
    opened_at: Moment,
    closed_at: Option<Moment>,
    close_reason: Option<CloseReason>,
    merged_into: Option<IncidentId>,
    calls_total: u32,
    calls: Vec<engine::id::CallId>,
    needs: Vec<NeedJson>,
    orders: Vec<OrderJson>,
    next_clock: Option<NextClockJson>,
    #[serde(flatten)]
    conduct: ConductJson,
}

/// An incident as readers see it.
pub fn incident(
    exchange: &Exchange,
    view: &View,
    id: IncidentId,
    incident: &IncidentView,
) -> IncidentJson {
    let orders: Vec<_> = incident
        .orders
        .iter()
        .filter_map(|&id| Some((id, view.order(id)?)))
        .collect();
    let next = orders
        .iter()
        .filter_map(|(id, order)| {
            let (clock, due) = order.clocks.nearest()?;
            Some((due, clock, *id, order.issued.unit))
        })
        .min();
    let mut calls: Vec<_> = incident.reports.iter().map(|report| report.call).collect();
    calls.sort_unstable();
    calls.dedup();
    let calls = calls.split_off(calls.len().saturating_sub(CALLS_SHOWN));
    IncidentJson {
        id,
        state: if incident.is_open() { "open" } else { "closed" },
        kind: incident.kind,
        priority: incident.priority.number(),
        nature: incident.nature,
        category: incident.category,
        agencies: incident.agencies,
        place: incident
            .place
            .map(|known| place(&exchange.intake.city, known)),
        outside: incident.place.is_some_and(|place| place.district.is_none()),
        human: view.is_before_a_person(id),
        drill: incident.drill,
        injured: incident.injured,
        opened_at: incident.opened_at,
        closed_at: incident.closed.map(|(at, _)| at),
        close_reason: incident.closed.map(|(_, reason)| reason),
        merged_into: incident.merged_into,
        calls_total: incident.calls,
        calls,
        needs: incident
            .needs
            .iter()
            .enumerate()
            .map(|(need, known)| NeedJson {
                need,
                capability: known.capability,
                state: known.state,
                shortage: known.shortage,
                order: known.order,
            })
            .collect(),
        next_clock: next.map(|(due, clock, order, unit)| NextClockJson {
            clock,
            order,
            unit: unit_name(view, unit),
            due,
        }),
        orders: orders
            .iter()
            .map(|(id, known)| order(view, *id, known))
            .collect(),
        conduct: conduct(view, &incident.conduct),
    }
}

/// When a unit's people are there.
#[derive(Debug, Serialize)]
pub struct RosterJson {
    on: String,
    off: String,
}

/// A unit.
#[derive(Debug, Serialize)]
pub struct UnitJson {
    id: UnitId,
    name: String,
    agency: Agency,
    capabilities: Vec<Capability>,
    home: DistrictId,
    home_name: Option<String>,
    post: PointJson,
    position: PointJson,
    position_at: Moment,
    duty: Duty,
    staffed: bool,
    silent: bool,
    stale: bool,
    available: bool,
    desk: bool,
    state: UnitStatus,
    orders: Vec<OrderId>,
    capacity: u16,
    strength: u16,
    least_strength: u16,
    speed_kmh: f64,
    turnout_s: f64,
    roster: Option<RosterJson>,
}

fn roster(definition: &UnitDefinition) -> Option<RosterJson> {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    (definition.roster_on_min != definition.roster_off_min).then(|| RosterJson {
        on: clock(definition.roster_on_min),
        off: clock(definition.roster_off_min),
    })
}

/// The local minute of the day at a view's time.
pub fn minute_of_day(exchange: &Exchange, view: &View) -> u16 {
    view.now()
        .minute_of_day(exchange.intake.city.utc_offset_min)
}

/// A unit as readers see it.
pub fn unit(exchange: &Exchange, view: &View, id: UnitId, unit: &UnitView) -> UnitJson {
    let minute = minute_of_day(exchange, view);
    let definition = &unit.definition;
    UnitJson {
        id,
        name: definition.name.to_string(),
        agency: definition.agency,
        capabilities: definition.capabilities.iter().collect(),
        home: definition.home,
        home_name: district_name(&exchange.intake.city, definition.home),
        post: definition.post.into(),
        position: unit.point.into(),
        position_at: unit.point_at,
        duty: unit.duty,
        staffed: unit.is_staffed(minute),
        silent: unit.silent,
        stale: unit.stale,
        available: unit.is_available(minute),
        desk: !definition.travels(),
        state: view.unit_status(unit, minute),
        orders: unit.orders.clone(),
        capacity: definition.capacity,
        strength: definition.strength,
        least_strength: definition.least_strength,
        // To a tenth: what was typed, not what became of it in millimetres.
        speed_kmh: (f64::from(definition.speed_mm_s) * 0.036).round() / 10.0,
        turnout_s: seconds(definition.turnout_ms),
        roster: roster(definition),
    }
}

/// An entry of the ledger.
#[derive(Debug, Serialize)]
pub struct LedgerJson {
    id: String,
    at: Moment,
    matter: LedgerMatter,
    due: Moment,
    order: Option<OrderId>,
    incident: Option<IncidentId>,
    unit: Option<String>,
    agency: Option<Agency>,
    rung: Option<Rung>,
    drill: bool,
    settled_at: Option<Moment>,
    late_ms: i64,
}

/// An entry of the ledger as readers see it.
pub fn ledger(view: &View, id: EventId, entry: &LedgerView) -> LedgerJson {
    let (order, unit) = (entry.about.order(), entry.about.unit());
    let incident = match entry.about {
        LedgerSubject::Order(order, _) => view.order(order).map(|order| order.incident),
        LedgerSubject::Incident(incident) => Some(incident),
    };
    LedgerJson {
        id: id.to_string(),
        at: entry.at,
        matter: entry.matter,
        due: entry.due,
        order,
        incident,
        unit: unit.map(|unit| unit_name(view, unit)),
        agency: unit
            .and_then(|unit| view.unit(unit))
            .map(|unit| unit.definition.agency),
        rung: entry.rung,
        drill: entry.drill,
        settled_at: entry.settled_at,
        late_ms: entry.late(view.now()).0,
    }
}

/// A hospital.
#[derive(Debug, Serialize)]
pub struct HospitalJson {
    id: HospitalId,
    name: String,
    #[serde(flatten)]
    point: PointJson,
    capabilities: Vec<HospitalCapability>,
    beds: u32,
    open: bool,
}

/// A hospital as readers see it.
pub fn hospital(id: HospitalId, hospital: &HospitalDefinition) -> HospitalJson {
    HospitalJson {
        id,
        name: hospital.name.to_string(),
        point: hospital.point.into(),
        capabilities: hospital.capabilities.iter().collect(),
        beds: hospital.beds,
        open: hospital.open,
    }
}
