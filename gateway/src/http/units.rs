//! Units over HTTP: lists, one, its definition (H9), where it is, what it does when idle.

use super::Shared;
use super::asking::Act;
use super::query::{Named, Query};
use super::reply::{Answered, Early, One, json, not_found, page};
use super::show;
use crate::answering::refused;
use crate::exchange::Exchange;
use crate::wire::{PositionError, Problem, ProblemKind, Strict};
use axum::extract::{RawQuery, Request, State};
use engine::capability::{Capability, CapabilitySet};
use engine::city::{DAY_MIN, SPEED_MOST_MM_S, TURNOUT_MOST_MS};
use engine::command::{Command, UnitDuty, UnitPosition};
use engine::event::Refusal;
use engine::id::UnitId;
use engine::kind::Agency;
use engine::name::Name;
use engine::place::DistrictId;
use engine::unit::{Duty, UnitDefinition};
use engine::view::UnitStatus;

/// The unit of a name or an id.
pub fn unit_of(exchange: &Exchange, given: &str, field: &str) -> Result<UnitId, Early> {
    let view = exchange.feed.view();
    let by_id = || {
        let id: UnitId = given.parse().ok()?;
        view.unit(id).map(|_| id)
    };
    view.unit_named(given)
        .or_else(by_id)
        .ok_or_else(|| refused(Refusal::UnknownUnit).about(field).into())
}

/// All units, or those of an agency or in a state.
pub async fn list(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<UnitId> = query.id("after")?;
    let agency = query.word("agency", Agency::from_code, "the code of an agency")?;
    // `busy` is any state that an order brings.
    let states: Option<Vec<UnitStatus>> = query.word(
        "state",
        |code| match code {
            "busy" => Some(vec![
                UnitStatus::Issued,
                UnitStatus::Acknowledged,
                UnitStatus::SetOff,
                UnitStatus::Arrived,
            ]),
            code => UnitStatus::from_code(code).map(|state| vec![state]),
        },
        "free, busy, issued, acknowledged, set_off, arrived, off, unstaffed, understrength, silent or stale",
    )?;
    query.finish()?;
    let view = exchange.feed.view();
    let minute = show::minute_of_day(&exchange, &view);
    let wanted = view.units_after(after).filter(|(_, unit)| {
        agency.is_none_or(|agency| unit.definition.agency == agency)
            && states
                .as_ref()
                .is_none_or(|states| states.contains(&view.unit_status(unit, minute)))
    });
    let at = (view.sequence().0, view.now());
    let answer = page(&exchange, wanted, limit, at, |exchange, &id, unit| {
        show::unit(exchange, &view, id, unit)
    });
    drop(view);
    json(&answer)
}

/// One unit, by name or id.
pub async fn one(State(exchange): Shared, Named(unit): Named<String>) -> Answered {
    let id = unit_of(&exchange, &unit, "id")?;
    let view = exchange.feed.view();
    let known = view
        .unit(id)
        .ok_or_else(|| not_found("no such unit", "id"))?;
    let answer = One {
        seq: view.sequence().0,
        now: view.now(),
        item: show::unit(&exchange, &view, id, known),
    };
    drop(view);
    json(&answer)
}

/// Where a unit is: an act like any other, journalled and answered with its own record. Crews who tell it every second say
/// it over QUIC, where the latest wins.
pub async fn position(
    State(exchange): Shared,
    Named(unit): Named<String>,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let unit = unit_of(&exchange, &unit, "id")?;
    let point = act.fields.position()?.point().map_err(bad_position)?;
    let moved = UnitPosition { unit, point };
    act.done(&exchange, |pending, to| {
        exchange.place_unit(pending, moved, to)
    })
    .await
}

/// What a unit does when idle (J3).
pub async fn duty(
    State(exchange): Shared,
    Named(unit): Named<String>,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let unit = unit_of(&exchange, &unit, "id")?;
    let duty = act.fields.word(
        "duty",
        Duty::from_code,
        "must be on_call, patrolling, standby or off",
    )?;
    let strength = act.fields.optional_count("strength")?;
    let duty = UnitDuty {
        unit,
        duty,
        strength,
    };
    act.decide(&exchange, Command::SetDuty(duty)).await
}

/// Defines a unit, or changes one: what is left out stays as it is (H9). A new unit needs all but the optional fields.
pub async fn define(
    State(exchange): Shared,
    Named(unit): Named<String>,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let known = {
        let view = exchange.feed.view();
        let id = view.unit_named(&unit).or_else(|| unit.parse().ok());
        id.and_then(|id| view.unit(id)).map(|unit| unit.definition)
    };
    let definition = definition(&exchange, &unit, known, &mut act.fields)?;
    act.decide(&exchange, Command::DefineUnit(definition)).await
}

/// A position that cannot be brought to WGS-84.
pub fn bad_position(error: PositionError) -> Problem {
    Problem::new(ProblemKind::BadField, error.to_string()).about(error.field())
}

fn missing(name: &str) -> Problem {
    let detail = format!("`{name}` is missing; a new unit needs it");
    Problem::new(ProblemKind::BadField, detail).about(name)
}

fn definition(
    exchange: &Exchange,
    name: &str,
    known: Option<UnitDefinition>,
    fields: &mut Strict,
) -> Result<UnitDefinition, Problem> {
    let agency =
        fields.optional_word("agency", Agency::from_code, "must be the code of an agency")?;
    let capabilities = capabilities(fields)?;
    let home = home(exchange, fields)?;
    let post = fields.optional_position()?;
    let post = post
        .map(|position| position.point())
        .transpose()
        .map_err(bad_position)?;
    let speed_most = f64::from(SPEED_MOST_MM_S) * 0.0036;
    let speed = fields.optional_number("speed_kmh", 0.0..=speed_most)?;
    let turnout =
        fields.optional_number("turnout_s", 0.0..=f64::from(TURNOUT_MOST_MS) / 1_000.0)?;
    let strength = fields.optional_count("strength")?;
    let least_strength = fields.optional_count("least_strength")?;
    let roster = (minute(fields, "roster_on")?, minute(fields, "roster_off")?);
    let capacity = fields.optional_count("capacity")?;
    let name = match known {
        Some(known) => known.name,
        None => Name::new(name)
            .map_err(|error| Problem::new(ProblemKind::BadField, error.to_string()).about("id"))?,
    };
    let had = |value: fn(UnitDefinition) -> u16, default| known.map_or(default, value);
    let need = |name| missing(name);
    let speed_mm_s = match speed {
        Some(kmh) => (kmh / 0.0036).round() as u32,
        None => known.ok_or_else(|| need("speed_kmh"))?.speed_mm_s,
    };
    let turnout_ms = match turnout {
        Some(seconds) => (seconds * 1_000.0).round() as u32,
        None => known.ok_or_else(|| need("turnout_s"))?.turnout_ms,
    };
    Ok(UnitDefinition {
        name,
        agency: agency
            .or(known.map(|known| known.agency))
            .ok_or_else(|| need("agency"))?,
        capabilities: capabilities
            .or(known.map(|known| known.capabilities))
            .ok_or_else(|| need("capabilities"))?,
        home: home
            .or(known.map(|known| known.home))
            .ok_or_else(|| need("home"))?,
        post: post
            .or(known.map(|known| known.post))
            .ok_or_else(|| need("lat"))?,
        speed_mm_s,
        turnout_ms,
        strength: strength.unwrap_or(had(|known| known.strength, 1)),
        least_strength: least_strength.unwrap_or(had(|known| known.least_strength, 1)),
        roster_on_min: roster.0.unwrap_or(had(|known| known.roster_on_min, 0)),
        roster_off_min: roster.1.unwrap_or(had(|known| known.roster_off_min, 0)),
        capacity: capacity.unwrap_or(had(|known| known.capacity, 1)),
    })
}

fn capabilities(fields: &mut Strict) -> Result<Option<CapabilitySet>, Problem> {
    let Some(codes) = fields.optional_texts("capabilities", Capability::ALL.len())? else {
        return Ok(None);
    };
    let known: Option<CapabilitySet> = codes
        .iter()
        .map(|code| Capability::from_code(code))
        .collect();
    known
        .filter(|set| !set.is_empty())
        .map(Some)
        .ok_or_else(|| {
            let detail =
                "`capabilities` must be codes of capabilities, one at least, as in [\"ambulance\"]";
            Problem::new(ProblemKind::BadField, detail).about("capabilities")
        })
}

/// A district by its name or its number in the city's table.
fn home(exchange: &Exchange, fields: &mut Strict) -> Result<Option<DistrictId>, Problem> {
    let Some(given) = fields.optional_text("home")? else {
        return Ok(None);
    };
    let number = given.parse().ok().map(DistrictId);
    let mut districts = exchange.intake.city.districts.iter();
    let found = districts
        .find(|district| district.name.as_str() == given || Some(district.id) == number)
        .map(|district| district.id);
    found.map(Some).ok_or_else(|| {
        let detail = "`home` must be the name or the number of a district, as text; GET /v1/districts lists them";
        Problem::new(ProblemKind::BadField, detail).about("home")
    })
}

/// A minute of the local day, as `08:30`.
fn minute(fields: &mut Strict, name: &str) -> Result<Option<u16>, Problem> {
    let Some(given) = fields.optional_text(name)? else {
        return Ok(None);
    };
    let minute = given.split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (minutes < 60)
            .then(|| hours.checked_mul(60)?.checked_add(minutes))
            .flatten()
            .filter(|&minute| minute < DAY_MIN)
    });
    minute.map(Some).ok_or_else(|| {
        let detail =
            format!("`{name}` must be a time of the day from 00:00 to 23:59, as in \"08:30\"");
        Problem::new(ProblemKind::BadField, detail).about(name)
    })
}
