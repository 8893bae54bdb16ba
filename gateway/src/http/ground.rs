//! The ground over HTTP: districts and hospitals of the city, and what changes while the centre runs: hospitals and
//! plans (H9).

use super::Shared;
use super::asking::Act;
use super::query::Query;
use super::reply::{Answered, One, Page, json, not_found};
use super::show;
use crate::wire::{Problem, ProblemKind};
use axum::extract::{Path, RawQuery, Request, State};
use engine::command::{Command, ObjectKind};
use engine::hospital::{HospitalCapabilities, HospitalCapability, HospitalDefinition};
use engine::name::Name;
use engine::place::{DistrictId, Zone};
use engine::plan::Plan;
use serde::Serialize;
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
    Query::of(query.as_deref())?.finish()?;
    let districts = exchange.intake.city.districts.iter();
    let items: Vec<DistrictJson> = districts
        .map(|district| DistrictJson {
            id: district.id,
            name: district.name.to_string(),
            zone: district.zone,
            ring: district
                .shape
                .rings()
                .first()
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .map(|corner| {
                    [
                        f64::from(corner.lon_e7) / 1e7,
                        f64::from(corner.lat_e7) / 1e7,
                    ]
                })
                .collect(),
        })
        .collect();
    let view = exchange.feed.view();
    let (seq, now) = (view.sequence().0, view.now());
    drop(view);
    json(&Page {
        seq,
        now,
        items,
        next: None,
    })
}

/// All hospitals.
pub async fn hospitals(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    Query::of(query.as_deref())?.finish()?;
    let view = exchange.feed.view();
    let items: Vec<_> = view
        .hospitals()
        .map(|(id, hospital)| show::hospital(id, hospital))
        .collect();
    let (seq, now) = (view.sequence().0, view.now());
    drop(view);
    json(&Page {
        seq,
        now,
        items,
        next: None,
    })
}

/// Changes a hospital, by number or name, or defines one: what is left out stays as it is (H9).
pub async fn define_hospital(
    State(exchange): Shared,
    Path(hospital): Path<String>,
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
        .map_err(|error| {
            Problem::new(ProblemKind::BadField, error.to_string()).about(error.field())
        })?;
    let capabilities = capabilities.map(of_codes).transpose()?;
    let new = |field: &str| {
        let detail = "no hospital of this number or name; a new one needs `lat`, `lon`, `datum`, `capabilities` and `beds`";
        not_found(detail, field)
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
    act.done(&exchange, |pending, to| {
        exchange.decide(pending, Command::DefineHospital(definition), to);
    })
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

#[derive(Debug, Serialize)]
struct PlanJson {
    name: String,
    hash: engine::id::ObjectHash,
}

/// Another plan, from here on: checked, stored, prepared beside the writer, then activated by a command (H9, H10).
pub async fn plan(State(exchange): Shared, request: Request) -> Answered {
    let (act, bytes) = Act::read_bytes(&exchange, request, PLAN_BYTES_MAX).await?;
    let asked = Arc::clone(&exchange);
    let stored = tokio::task::spawn_blocking(move || {
        let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
        let plan = Plan::load(text).map_err(|mistakes| mistakes.to_string())?;
        let stored = asked
            .running
            .store(ObjectKind::Plan, &bytes)
            .map_err(|error| error.to_string())?;
        Ok::<_, String>((Arc::new(plan), stored))
    });
    let (plan, stored) = match stored.await {
        Ok(Ok(stored)) => stored,
        Ok(Err(reason)) => {
            return Err(Problem::new(ProblemKind::BadField, reason)
                .about("plan")
                .into());
        }
        Err(error) => return Err(Problem::new(ProblemKind::NotServing, error.to_string()).into()),
    };
    act.done(&exchange, |pending, to| {
        exchange.activate(pending, stored, to)
    })
    .await?;
    let item = PlanJson {
        name: plan.name.clone(),
        hash: plan.hash,
    };
    exchange.intake.plan.store(plan);
    let view = exchange.feed.view();
    let answer = One {
        seq: view.sequence().0,
        now: view.now(),
        item,
    };
    drop(view);
    json(&answer)
}
