//! Incidents over HTTP: lists and one with its callers' words; merge, unmerge, reopen, split, assign. Go on with `conduct` for levels, reports
//! and the close.

use super::Shared;
use super::asking::{Act, records};
use super::conduct::{self, NoteJson};
use super::query::{OfIncident, Query};
use super::reply::{Answered, Early, One, Page, json, not_found, page};
use super::show::{self, IncidentJson};
use super::units::unit_of;
use crate::exchange::Exchange;
use crate::wire::{Problem, ProblemKind};
use axum::extract::{RawQuery, Request, State};
use engine::call::Assessment;
use engine::capability::Capability;
use engine::command::{Assignment, CallSplit, Command, IncidentMerge};
use engine::id::{CallId, IncidentId, Sequence};
use engine::kind::Kind;
use engine::moment::Moment;
use engine::view::ReportRef;
use serde::Serialize;
use std::sync::Arc;

/// Callers' words that one incident is shown with.
const REPORTS_SHOWN: usize = 50;

/// Incidents that are open, closed, or both.
pub async fn list(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let limit = query.limit()?;
    let after: Option<IncidentId> = query.id("after")?;
    let state = query.word(
        "state",
        |code| {
            ["open", "closed", "all"]
                .into_iter()
                .find(|known| *known == code)
        },
        "open, closed or all",
    )?;
    let by_clock = query.word(
        "sort",
        |code| ["id", "clock"].iter().position(|known| *known == code),
        "id or clock",
    )? == Some(1);
    query.finish()?;
    if by_clock && (after.is_some() || state.is_some_and(|state| state != "open")) {
        let detail = "`sort=clock` lists open incidents from the nearest deadline; it takes neither `after` nor another `state`";
        return Err(Problem::new(ProblemKind::BadField, detail)
            .about("sort")
            .into());
    }
    let view = exchange.feed.view();
    let at = (view.sequence().0, view.now());
    let shown = |exchange: &Exchange, id: &IncidentId, known: &engine::view::IncidentView| {
        show::incident(exchange, &view, *id, known)
    };
    let answer: Page<IncidentJson> = if by_clock {
        let list = view.incidents_by_clock(limit);
        Page {
            seq: at.0,
            now: at.1,
            items: list
                .into_iter()
                .map(|(id, known)| shown(&exchange, &id, known))
                .collect(),
            next: None,
        }
    } else {
        match state {
            None | Some("open") => page(
                &exchange,
                view.open_incidents_after(after),
                limit,
                at,
                shown,
            ),
            Some("closed") => {
                let closed = view
                    .incidents_after(after)
                    .filter(|(_, known)| !known.is_open());
                page(&exchange, closed, limit, at, shown)
            }
            Some(_) => page(&exchange, view.incidents_after(after), limit, at, shown),
        }
    };
    drop(view);
    json(&answer)
}

/// What one caller said, from the journal.
#[derive(Debug, Serialize)]
struct ReportJson {
    call: CallId,
    seq: u64,
    at: Moment,
    line: Option<String>,
    caller: Option<String>,
    text: Option<String>,
    kind: Option<Kind>,
    injured: Option<u16>,
    facts: bool,
}

#[derive(Debug, Serialize)]
struct IncidentWithWords {
    #[serde(flatten)]
    incident: IncidentJson,
    reports: Vec<ReportJson>,
    notes: Vec<NoteJson>,
}

/// One incident with what its callers said.
pub async fn one(State(exchange): Shared, OfIncident(wanted): OfIncident) -> Answered {
    let (at, incident, reports, noted) = {
        let view = exchange.feed.view();
        let known = view.incident(wanted).ok_or_else(|| unknown("id"))?;
        let at = (view.sequence().0, view.now());
        let reports: Vec<ReportRef> = known.reports.iter().copied().collect();
        let noted = conduct::noted(&known.conduct);
        let shown = show::incident(&exchange, &view, wanted, known);
        (at, shown, reports, noted)
    };
    let newest = reports.len().saturating_sub(REPORTS_SHOWN);
    let reports = words(&exchange, &reports[newest..]).await?;
    let notes = conduct::notes(&exchange, noted).await?;
    json(&One {
        seq: at.0,
        now: at.1,
        item: IncidentWithWords {
            incident,
            reports,
            notes,
        },
    })
}

fn unknown(field: &str) -> Early {
    not_found(
        "no such incident among those that are open or were closed within a day",
        field,
    )
}

async fn words(exchange: &Arc<Exchange>, reports: &[ReportRef]) -> Result<Vec<ReportJson>, Early> {
    let mut wanted: Vec<Sequence> = reports.iter().map(|report| report.record).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let read = records(exchange, wanted).await?;
    let report = |released: &engine::runtime::ReleasedRecord| {
        let record = &released.record;
        let said = match record.testimony() {
            Ok(said) => said.unwrap_or_default(),
            Err(error) => {
                tracing::error!(record = released.sequence.0, %error, "the words of a call cannot be read");
                return None;
            }
        };
        let (line, kind, injured, facts) = match record.envelope.command {
            Command::TakeCall(report) => (
                Some(report.line.number().to_string()),
                Some(report.assessment.kind),
                Some(report.injured),
                false,
            ),
            Command::AddFacts(facts) => (
                None,
                facts.assessment.map(|assessment| assessment.kind),
                facts.injured,
                true,
            ),
            _ => return None,
        };
        let call = reports
            .iter()
            .find(|known| known.record == released.sequence)?
            .call;
        Some(ReportJson {
            call,
            seq: released.sequence.0,
            at: record.at,
            line,
            caller: said.caller,
            text: said.text,
            kind,
            injured,
            facts,
        })
    };
    Ok(read.iter().filter_map(report).collect())
}

/// Two incidents are one.
pub async fn merge(
    State(exchange): Shared,
    OfIncident(from): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let into = act.fields.id("into")?;
    let merge = Command::MergeIncidents(IncidentMerge { from, into });
    act.decide(&exchange, merge).await
}

/// An incident is not one with the one it was merged into.
pub async fn unmerge(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let act = Act::read(&exchange, request).await?;
    let unmerge = Command::UnmergeIncident(incident);
    act.decide(&exchange, unmerge).await
}

/// An incident was closed too early.
pub async fn reopen(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let act = Act::read(&exchange, request).await?;
    let reopen = Command::ReopenIncident(incident);
    act.decide(&exchange, reopen).await
}

/// A call is about something else. What it is about is said, or is what was last held of that call.
pub async fn split(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let call: CallId = act.fields.id("call")?;
    let kind = act.fields.optional_word(
        "kind",
        |code| Kind::from_code(code).filter(|&kind| kind != Kind::Unknown),
        "must be the code of a kind, as in \"structure_fire\"",
    )?;
    let known = {
        let view = exchange.feed.view();
        if view.incident(incident).is_none() {
            return Err(unknown("id"));
        }
        let belongs = view.incident_of(call) == Some(incident);
        view.call(call).copied().filter(|_| belongs)
    };
    let Some(known) = known else {
        let detail = "this call does not belong to this incident, or left the window";
        return Err(not_found(detail, "call"));
    };
    let (held, injured) = held_of(&exchange, known.taken, known.said).await?;
    let split = CallSplit {
        call,
        assessment: kind.map_or(held, Assessment::stated),
        injured,
    };
    act.decide(&exchange, Command::SplitCall(split)).await
}

/// What was last held of a call: by its newest facts, or as it was taken.
async fn held_of(
    exchange: &Arc<Exchange>,
    taken: Sequence,
    said: Sequence,
) -> Result<(Assessment, u16), Early> {
    let read = records(exchange, vec![taken, said]).await?;
    let mut held = (Assessment::stated(Kind::Unknown), 0);
    for released in &read {
        match released.record.envelope.command {
            Command::TakeCall(report) => held = (report.assessment, report.injured),
            Command::AddFacts(facts) => {
                held = (
                    facts.assessment.unwrap_or(held.0),
                    facts.injured.unwrap_or(held.1),
                );
            }
            _ => {}
        }
    }
    Ok(held)
}

/// A person sends a unit of their choice.
pub async fn assign(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let unit = unit_of(&exchange, &act.fields.text("unit")?, "unit")?;
    let capability = act.fields.optional_word(
        "capability",
        Capability::from_code,
        "must be the code of a capability, as in \"ambulance\"; /openapi.json lists them",
    )?;
    let assignment = Assignment {
        incident,
        unit,
        capability,
    };
    act.decide(&exchange, Command::AssignUnit(assignment)).await
}
