//! The ground over HTTP: districts and hospitals of the city, and what changes while the centre runs: hospitals and
//! plans (H9).

use super::Shared;
use super::asking::Act;
use super::query::{Named, Query};
use super::reply::{Answered, Early, json, page};
use super::show;
use super::units::bad_position;
use crate::config::fit::unknown_districts;
use crate::exchange::Exchange;
use crate::wire::{Problem, ProblemKind};
use axum::body::Bytes;
use axum::extract::{RawQuery, Request, State};
use engine::city::District;
use engine::command::{Command, ObjectKind};
use engine::hospital::{HospitalCapabilities, HospitalCapability, HospitalDefinition, HospitalId};
use engine::moment::Moment;
use engine::name::Name;
use engine::place::{DistrictId, Point, Zone};
use engine::plan::Plan;
use serde::Serialize;
use serde_json::Map;
use std::sync::Arc;

/// Bytes of a plan at most.
const PLAN_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Serialize)]
struct DistrictJson {
    id: DistrictId,
    name: String,
    zone: Zone,
    /// The outer ring, as pairs of longitude and latitude.
    ring: Vec<[f64; 2]>,
}

/// The districts of the city in force at the start.
pub async fn districts(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<u32> = query.number("after")?;
    query.finish()?;
    let at = at(&exchange);
    let mut districts: Vec<&District> = exchange.intake.city.districts.iter().collect();
    districts.sort_unstable_by_key(|district| district.id);
    let behind = districts
        .into_iter()
        .filter(|district| after.is_none_or(|after| district.id.0 > after))
        .map(|district| (district.id.0, district));
    let answer = page(&exchange, behind, limit, at, |_, _, district| {
        shown(district)
    });
    json(&answer)
}

fn shown(district: &District) -> DistrictJson {
    let outer = district.shape.rings().first().map(Vec::as_slice);
    let corner = |corner: &Point| {
        [
            f64::from(corner.lon_e7) / 1e7,
            f64::from(corner.lat_e7) / 1e7,
        ]
    };
    DistrictJson {
        id: district.id,
        name: district.name.to_string(),
        zone: district.zone,
        ring: outer.unwrap_or_default().iter().map(corner).collect(),
    }
}

/// Sequence and time that a reading reflects.
fn at(exchange: &Exchange) -> (u64, Moment) {
    let view = exchange.feed.view();
    (view.sequence().0, view.now())
}

/// Hospitals, by number.
pub async fn hospitals(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<u16> = query.number("after")?;
    query.finish()?;
    let view = exchange.feed.view();
    let at = (view.sequence().0, view.now());
    let behind = view
        .hospitals()
        .filter(|(id, _)| after.is_none_or(|after| id.0 > after))
        .map(|(id, hospital)| (id.0, hospital));
    let answer = page(&exchange, behind, limit, at, |_, &id, hospital| {
        show::hospital(HospitalId(id), hospital)
    });
    drop(view);
    json(&answer)
}

/// Changes a hospital, by number or name, or defines one: what is left out stays as it is (H9).
pub async fn define_hospital(
    State(exchange): Shared,
    Named(hospital): Named<String>,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let known = {
        let view = exchange.feed.view();
        let mut hospitals = view.hospitals();
        hospitals
            .find(|(id, known)| known.name.as_str() == hospital || id.0.to_string() == hospital)
            .map(|(_, known)| *known)
    };
    let fields = &mut act.fields;
    let position = fields.optional_position()?;
    let capabilities = fields.optional_texts("capabilities", HospitalCapability::ALL.len())?;
    let beds = fields.optional_count("beds")?;
    let open = fields.optional_flag("open")?;
    let point = position
        .map(|position| position.point())
        .transpose()
        .map_err(bad_position)?;
    let capabilities = capabilities.map(of_codes).transpose()?;
    let new = |field: &str| {
        let detail = format!(
            "`{field}` is missing; there is no hospital of this number or name, and a new one needs `lat`, `lon`, `datum`, `capabilities` and `beds`"
        );
        Problem::new(ProblemKind::BadField, detail).about(field)
    };
    let definition = HospitalDefinition {
        name: match known {
            Some(known) => known.name,
            None => Name::new(&hospital).map_err(|error| {
                Problem::new(ProblemKind::BadField, error.to_string()).about("id")
            })?,
        },
        point: point
            .or(known.map(|known| known.point))
            .ok_or_else(|| new("lat"))?,
        capabilities: capabilities
            .or(known.map(|known| known.capabilities))
            .ok_or_else(|| new("capabilities"))?,
        beds: beds
            .map(u32::from)
            .or(known.map(|known| known.beds))
            .ok_or_else(|| new("beds"))?,
        open: open.unwrap_or(known.is_none_or(|known| known.open)),
    };
    act.decide(&exchange, Command::DefineHospital(definition))
        .await
}

fn of_codes(codes: Vec<String>) -> Result<HospitalCapabilities, Problem> {
    let known: Option<HospitalCapabilities> = codes
        .iter()
        .map(|code| HospitalCapability::from_code(code))
        .collect();
    known.ok_or_else(|| {
        let detail = "`capabilities` must be codes of what a hospital can take, as in [\"trauma\"]";
        Problem::new(ProblemKind::BadField, detail).about("capabilities")
    })
}

/// Another plan, from here on: checked, stored, prepared beside the writer, then activated by a command (H9, H10).
pub async fn plan(State(exchange): Shared, request: Request) -> Answered {
    let look = |bytes| Ok((bytes, Map::new()));
    let (act, bytes) = Act::read_as(&exchange, request, PLAN_BYTES_MAX, look).await?;
    // Goes on though whoever asked is gone: calls must be looked at with what the core decides by.
    let activated = tokio::spawn(async move { activate_plan(exchange, act, bytes).await });
    activated
        .await
        .map_err(|error| Problem::new(ProblemKind::NotServing, error.to_string()))?
}

async fn activate_plan(exchange: Arc<Exchange>, act: Act, bytes: Bytes) -> Answered {
    let asked = Arc::clone(&exchange);
    let stored = tokio::task::spawn_blocking(move || {
        let mistaken =
            |mistakes: String| Problem::new(ProblemKind::BadField, mistakes).about("plan");
        let text = std::str::from_utf8(&bytes).map_err(|error| mistaken(error.to_string()))?;
        let plan = Plan::load(text).map_err(|mistakes| mistaken(mistakes.to_string()))?;
        let unknown = unknown_districts(&plan, &asked.intake.city);
        if !unknown.is_empty() {
            return Err(mistaken(unknown.join("\n")));
        }
        let stored = asked.running.store(ObjectKind::Plan, &bytes);
        let stored =
            stored.map_err(|error| Problem::new(ProblemKind::NotServing, error.to_string()))?;
        Ok::<_, Problem>((Arc::new(plan), stored))
    });
    let (plan, stored) = stored
        .await
        .map_err(|error| Problem::new(ProblemKind::NotServing, error.to_string()))??;
    // One after the other, so that what calls are looked at with is what the core decides by.
    let _turn = exchange.plan_turn.lock().await;
    let answer = act.done(&exchange, |pending, to| {
        exchange.activate(pending, stored, to)
    });
    let answer = answer.await;
    // Who is not answered in time does not know; most likely it is in force.
    let unanswered = matches!(
        &answer,
        Err(Early::Problem(problem)) if problem.kind == ProblemKind::NotServing
    );
    if answer.is_ok() || unanswered {
        exchange.intake.plan.store(plan);
    }
    answer
}
