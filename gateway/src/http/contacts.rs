//! Contacts over HTTP: who is told in which role and whether they can be reached (J6), and a test of one.
//!
//! Names and addresses of people are masked unless somebody asks for them in so many words.

use super::Shared;
use super::asking::Act;
use super::query::{Named, Query};
use super::reply::{Answered, json, not_found, page};
use super::units::unit_of;
use crate::exchange::Exchange;
use crate::wire::{Problem, ProblemKind};
use axum::extract::{RawQuery, Request, State};
use engine::city::contacts::{ChannelKind, Contact, ContactId, ContactRole, Hours, Whose};
use engine::kind::Agency;
use engine::moment::Moment;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;

/// Tests that run at the same time.
const TESTS_MAX: usize = 16;
static TESTS: Semaphore = Semaphore::const_new(TESTS_MAX);

#[derive(Debug, Serialize)]
struct ContactJson {
    id: u32,
    unit: Option<String>,
    agency: Option<Agency>,
    role: ContactRole,
    name: String,
    channel: ChannelKind,
    address: Option<String>,
    valid_from: Option<Moment>,
    valid_until: Option<Moment>,
    hours: Option<String>,
    holds: bool,
    reached_at: Option<Moment>,
    failing: bool,
    tested_at: Option<Moment>,
}

/// Everybody who can be told, in the order of the file.
pub async fn list(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<u32> = query.number("after")?;
    let role = query.word(
        "role",
        ContactRole::from_code,
        "team, commander, deputy or duty_leader",
    )?;
    let unit = match query.text("unit") {
        Some(given) => Some(unit_of(&exchange, &given, "unit")?),
        None => None,
    };
    let full = query.flag("full", false)?;
    query.finish()?;
    let view = exchange.feed.view();
    let at = (view.sequence().0, view.now());
    let unit = unit
        .and_then(|unit| view.unit(unit))
        .map(|unit| unit.definition.name);
    drop(view);
    let rows = exchange.channels.contacts.rows().iter();
    let wanted = rows
        .filter(|row| after.is_none_or(|after| row.id.0 > after))
        .filter(|row| role.is_none_or(|role| row.role == role))
        .filter(|row| unit.is_none_or(|unit| row.whose == Whose::Unit(unit)))
        .map(|row| (row.id.0, row));
    let now = exchange.running.now();
    let shown = |exchange: &Exchange, _: &u32, row| shown(exchange, row, (now, full));
    json(&page(&exchange, wanted, limit, at, shown))
}

fn shown(exchange: &Exchange, row: &Contact, (now, full): (Moment, bool)) -> ContactJson {
    let channels = &exchange.channels;
    let reached = channels.reach.of(row.id);
    let (unit, agency) = match row.whose {
        Whose::Unit(unit) => (Some(unit.to_string()), None),
        Whose::Agency(agency) => (None, Some(agency)),
        Whose::Centre => (None, None),
    };
    ContactJson {
        id: row.id.0,
        unit,
        agency,
        role: row.role,
        name: if full {
            row.name.to_string()
        } else {
            masked(row.name.as_str())
        },
        channel: row.channel,
        address: row.address.as_ref().map(|address| {
            let shown = if full { address.as_str() } else { "http://…" };
            shown.to_owned()
        }),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        hours: row.hours.map(hours),
        holds: channels.contacts.holds(row, now),
        reached_at: reached.reached_at,
        failing: reached.failing,
        tested_at: row.tested_at.max(reached.tested_at),
    }
}

/// The first character and a star for each other: enough to tell two apart, not to know who it is.
fn masked(name: &str) -> String {
    let mut characters = name.chars();
    let first: String = characters.next().into_iter().collect();
    first + &"*".repeat(characters.count())
}

fn hours(hours: Hours) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", clock(hours.from_min), clock(hours.to_min))
}

#[derive(Debug, Serialize)]
struct TestedJson {
    seq: u64,
    now: Moment,
    id: u32,
    channel: ChannelKind,
    reached: bool,
    acknowledged: bool,
    took_ms: u64,
    problem: Option<String>,
}

/// Tests whether a contact can be reached, by the way that an order would go. It is no act of the journal: it says what it found,
/// and whoever looks after `contacts.csv` writes the day down there.
pub async fn test(State(exchange): Shared, Named(id): Named<String>, request: Request) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    act.has_no_more()?;
    let id: u32 = id.parse().map_err(|_| {
        Problem::bad_field(
            "id",
            "must be a line of contacts.csv, as GET /v1/contacts gives it",
        )
    })?;
    let contacts = &exchange.channels.contacts;
    let contact = contacts
        .get(ContactId(id))
        .ok_or_else(|| not_found("no contact of this id; GET /v1/contacts lists them", "id"))?;
    let Ok(_turn) = TESTS.try_acquire() else {
        let detail = "as many contacts as may be are being tested; test this one after them";
        let problem = Problem::new(ProblemKind::Overloaded, detail).retry_after_ms(1_000);
        return Err(problem.into());
    };
    let unit = match contact.whose {
        Whose::Unit(unit) => exchange.feed.view().unit_named(unit.as_str()),
        Whose::Agency(_) | Whose::Centre => None,
    };
    let (seq, now) = {
        let view = exchange.feed.view();
        (view.sequence().0, exchange.running.now())
    };
    let begun = Instant::now();
    let channels = Arc::clone(&exchange.channels);
    let tested = channels.test(contact, unit, now).await;
    json(&TestedJson {
        seq,
        now,
        id,
        channel: contact.channel,
        reached: tested.is_ok(),
        acknowledged: tested.as_ref().is_ok_and(|answer| answer.acknowledged),
        took_ms: begun.elapsed().as_millis() as u64,
        problem: tested.err().map(|failure| failure.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_from_another_and_not_known() {
        assert_eq!(masked("蒋伟民"), "蒋**");
        assert_eq!((masked("x"), masked("")), ("x".into(), String::new()));
        let night = Hours {
            from_min: 1_200,
            to_min: 485,
        };
        assert_eq!(hours(night), "20:00-08:05");
    }
}
