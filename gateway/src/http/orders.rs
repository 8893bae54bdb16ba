//! Orders and the ledger over HTTP: lists, and what a unit, or a person for it, reports.

use super::Shared;
use super::asking::Act;
use super::calls::id;
use super::query::{Named, Query};
use super::reply::{Answered, json, not_found, page};
use super::show;
use super::units::unit_of;
use crate::wire::Request as Asked;
use axum::extract::{RawQuery, Request, State};
use engine::id::{EventId, IncidentId, OrderId, UnitId};
use engine::kind::Agency;
use engine::order::OrderAct;

/// Orders that are open, or also those that have ended.
pub async fn list(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<OrderId> = query.id("after")?;
    let incident: Option<IncidentId> = query.id("incident")?;
    let unit: Option<UnitId> = match query.text("unit") {
        Some(given) => Some(unit_of(&exchange, &given, "unit")?),
        None => None,
    };
    let all = all_or_open(&mut query)?;
    query.finish()?;
    let view = exchange.feed.view();
    let at = (view.sequence().0, view.now());
    let wanted = |order: &engine::view::OrderView| {
        incident.is_none_or(|incident| order.incident == incident)
            && unit.is_none_or(|unit| order.issued.unit == unit)
    };
    let shown = |_: &_, id: &OrderId, order: &_| show::order(&view, *id, order);
    let answer = if all {
        let list = view.orders_after(after).filter(|(_, order)| wanted(order));
        page(&exchange, list, limit, at, shown)
    } else {
        let list = view.open_orders_after(after);
        let list = list.filter(|(_, order)| wanted(order));
        page(&exchange, list, limit, at, shown)
    };
    drop(view);
    json(&answer)
}

fn all_or_open(query: &mut Query) -> Result<bool, crate::wire::Problem> {
    let meaning = |code: &str| match code {
        "open" => Some(false),
        "all" => Some(true),
        _ => None,
    };
    Ok(query
        .word("state", meaning, "open or all")?
        .unwrap_or(false))
}

/// A report on an order.
pub async fn report(
    State(exchange): Shared,
    Named((order, act)): Named<(String, String)>,
    request: Request,
) -> Answered {
    let order = id(&order)?;
    let reported = match act.as_str() {
        "acknowledge" => OrderAct::Acknowledge,
        "decline" => OrderAct::Decline,
        "set-off" => OrderAct::SetOff,
        "arrive" => OrderAct::Arrive,
        "finish" => OrderAct::Finish,
        _ => {
            let detail = "an order is acknowledged, declined, set off on, arrived at or finished: acknowledge, decline, set-off, arrive, finish";
            return Err(not_found(detail, "act"));
        }
    };
    let mut act = Act::read(&exchange, request).await?;
    let note = act.fields.optional_text("note")?;
    let request = Asked::Order {
        tag: None,
        order,
        act: reported,
        note,
    };
    act.done(&exchange, |pending, to| exchange.take(pending, request, to))
        .await
}

/// The ledger: what was owed and did not come in time (X16).
pub async fn ledger(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<EventId> = query.id("after")?;
    let agency = query.word("agency", Agency::from_code, "the code of an agency")?;
    let all = all_or_open(&mut query)?;
    query.finish()?;
    let view = exchange.feed.view();
    let at = (view.sequence().0, view.now());
    let list = view.ledger_after(after).filter(|(_, entry)| {
        let of_agency = || {
            let unit = entry.about.unit().and_then(|unit| view.unit(unit));
            unit.map(|unit| unit.definition.agency) == agency
        };
        (all || entry.settled_at.is_none()) && (agency.is_none() || of_agency())
    });
    let answer = page(&exchange, list, limit, at, |_, &id, entry| {
        show::ledger(&view, id, entry)
    });
    drop(view);
    json(&answer)
}
