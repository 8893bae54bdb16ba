//! How an incident is conducted, over HTTP: its level and what it owes, what was said of it here and upward, and its close.
//!
//! What people say is testimony: it goes into the record beside the command, is read back from the journal, and is never
//! state. The core knows which fields a report upward fills and who owns a follow-up, nothing of their words.

use super::Shared;
use super::asking::{Act, records};
use super::query::OfIncident;
use super::reply::{Answered, Early};
use super::units::unit_of;
use crate::exchange::Exchange;
use crate::wire::Problem;
use axum::extract::{Request, State};
use engine::command::{Command, Escalation, FollowUp, LevelRaise, UpwardReport};
use engine::id::Sequence;
use engine::incident::CloseReason;
use engine::kind::Priority;
use engine::major::{Level, LevelCause, MajorDeadlines, UpwardField, UpwardFields, UpwardStage};
use engine::moment::Moment;
use engine::name::Name;
use engine::view::{ConductView, Counters, UpwardFigures, View};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Characters of a situation report, or of one field of a report upward.
const WORDS_MAX: usize = 4_000;

/// An office in both languages.
#[derive(Debug, Serialize)]
struct CommanderJson {
    zh: String,
    en: String,
}

/// A report upward that has come.
#[derive(Debug, Serialize)]
struct UpwardJson {
    at: Moment,
    /// How long it was owed; `None`: it was not.
    delay_ms: Option<i64>,
    missing: UpwardFields,
}

#[derive(Debug, Serialize)]
struct AwaitedJson {
    since: Moment,
    reason: CloseReason,
}

#[derive(Debug, Serialize)]
struct FollowUpJson {
    unit: String,
    owner: String,
}

/// What an incident shows of its conduct.
#[derive(Debug, Serialize)]
pub struct ConductJson {
    level: Option<Level>,
    level_cause: Option<LevelCause>,
    level_since: Option<Moment>,
    commander: Option<CommanderJson>,
    clocks: MajorDeadlines,
    overdue: MajorDeadlines,
    upward: BTreeMap<UpwardStage, Option<UpwardJson>>,
    close_awaited: Option<AwaitedJson>,
    follow_up: Option<FollowUpJson>,
}

/// An incident's conduct as readers see it.
pub fn conduct(view: &View, known: &ConductView) -> ConductJson {
    let major = known.major;
    let upward = UpwardStage::ALL.iter().map(|&stage| {
        let told = known.upward[stage as usize].as_ref();
        let told = told.map(|told| UpwardJson {
            at: told.at,
            delay_ms: told.delay.map(|delay| delay.0),
            missing: told.missing,
        });
        (stage, told)
    });
    ConductJson {
        level: major.map(|major| major.level),
        level_cause: major.map(|major| major.cause),
        level_since: major.map(|major| major.since),
        commander: major
            .and_then(|major| major.commander)
            .map(|(zh, en)| CommanderJson {
                zh: zh.to_string(),
                en: en.to_string(),
            }),
        clocks: major.map(|major| major.clocks).unwrap_or_default(),
        overdue: known.overdue,
        upward: upward.collect(),
        close_awaited: known
            .close_awaited
            .map(|(since, reason)| AwaitedJson { since, reason }),
        follow_up: known.follow_up.map(|named| FollowUpJson {
            unit: super::show::unit_name(view, named.unit),
            owner: named.owner.to_string(),
        }),
    }
}

/// What somebody at the centre said of an incident, from the journal.
#[derive(Debug, Serialize)]
pub struct NoteJson {
    seq: u64,
    at: Moment,
    /// What it was said with.
    act: &'static str,
    text: Option<String>,
    /// Of a report upward: whom it was told, and its fields.
    fields: Map<String, Value>,
}

/// The records of what was said at the centre of an incident, oldest first.
pub fn noted(known: &ConductView) -> Vec<Sequence> {
    let upward = known.upward.iter().flatten();
    let upward = upward.flat_map(|told| told.records.iter().copied());
    let closed = known.follow_up.map(|named| named.record);
    let mut noted: Vec<_> = known.situations.iter().copied().collect();
    noted.extend(upward.chain(closed));
    noted.sort_unstable();
    noted.dedup();
    noted
}

/// What these records say.
pub async fn notes(
    exchange: &Arc<Exchange>,
    wanted: Vec<Sequence>,
) -> Result<Vec<NoteJson>, Early> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let read = records(exchange, wanted).await?;
    let note = |released: &engine::runtime::ReleasedRecord| {
        let record = &released.record;
        let act = match record.envelope.command {
            Command::ReportSituation(_) => "report",
            Command::ReportUpward(report) => match report.stage {
                UpwardStage::First => "first",
                UpwardStage::Written => "written",
            },
            Command::CloseWithFollowUp(_) => "close",
            _ => return None,
        };
        let said = match record.testimony() {
            Ok(said) => said.unwrap_or_default().note,
            Err(error) => {
                tracing::error!(record = released.sequence.0, %error, "what was said at the centre cannot be read");
                return None;
            }
        };
        let fields = said
            .as_deref()
            .filter(|_| matches!(act, "first" | "written"));
        let fields = fields.and_then(|text| serde_json::from_str(text).ok());
        Some(NoteJson {
            seq: released.sequence.0,
            at: record.at,
            act,
            text: said.filter(|_| fields.is_none()),
            fields: fields.unwrap_or_default(),
        })
    };
    Ok(read.iter().filter_map(note).collect())
}

/// A text that says something and is not too long.
fn words(act: &mut Act, field: &str) -> Result<Option<String>, Problem> {
    let given = act.fields.optional_text(field)?;
    let said = given.map(|text| text.trim().to_owned());
    let said = said.filter(|text| !text.is_empty());
    match said {
        Some(text) if text.chars().count() > WORDS_MAX => Err(Problem::bad_field(
            field,
            &format!("has at most {WORDS_MAX} characters"),
        )),
        said => Ok(said),
    }
}

/// An incident is more urgent than was held, or of a graver level (L1).
pub async fn escalate(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let level = act.fields.optional_word(
        "level",
        Level::from_code,
        "must be IV, III, II or I (the gravest)",
    )?;
    let given = act.fields.optional_count("priority")?;
    let decided = match (given, level) {
        (None, Some(level)) => Command::RaiseLevel(LevelRaise { incident, level }),
        (Some(_), Some(_)) => {
            let right = "and `priority` are two acts; name one of them";
            return Err(Problem::bad_field("level", right).into());
        }
        (given, None) => {
            let priority = given
                .and_then(|number| u8::try_from(number).ok())
                .and_then(|number| Priority::try_from(number).ok())
                .ok_or_else(|| {
                    let right = "must be a whole number from 1 (danger to life) to 4; or name a `level` from IV to I";
                    Problem::bad_field("priority", right)
                })?;
            Command::EscalateIncident(Escalation { incident, priority })
        }
    };
    act.decide(&exchange, decided).await
}

/// Somebody says how an incident stands (X4).
pub async fn report(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let Some(text) = words(&mut act, "text")? else {
        return Err(Problem::bad_field("text", "is missing; say how the incident stands").into());
    };
    let said = Command::ReportSituation(incident);
    act.decide_in_words(&exchange, said, text).await
}

/// Somebody has told of an incident upward (H6).
pub async fn upward(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let right = "must be first (the first word) or written (the written report)";
    let stage = act.fields.word("stage", UpwardStage::from_code, right)?;
    let Some(to) = words(&mut act, "to")? else {
        return Err(Problem::bad_field("to", "is missing; say who was told").into());
    };
    let (mut fields, mut told) = (UpwardFields::default(), Map::new());
    told.insert("to".into(), to.into());
    for &field in UpwardField::ALL {
        if let Some(text) = words(&mut act, field.code())? {
            fields = fields.with(field);
            told.insert(field.code().into(), text.into());
        }
    }
    let report = Command::ReportUpward(UpwardReport {
        incident,
        stage,
        fields,
    });
    let text = Value::Object(told).to_string();
    act.decide_in_words(&exchange, report, text).await
}

/// A person closes an incident; where something is left to be seen to they name by whom (X5).
pub async fn close(
    State(exchange): Shared,
    OfIncident(incident): OfIncident,
    request: Request,
) -> Answered {
    let mut act = Act::read(&exchange, request).await?;
    let Some(mut named) = act.fields.optional_fields("follow_up")? else {
        let close = Command::CloseIncident(incident);
        return act.decide(&exchange, close).await;
    };
    let within = |problem: Problem| {
        let field = format!("follow_up.{}", problem.field.as_deref().unwrap_or(""));
        problem.about(&field)
    };
    let text = named.text("owner").map_err(within)?;
    let owner = Name::new(text.trim())
        .map_err(|error| Problem::bad_field("follow_up.owner", &error.to_string()))?;
    let unit = named.text("unit").map_err(within)?;
    let unit = unit_of(&exchange, &unit, "follow_up.unit")?;
    let what = named.optional_text("what").map_err(within)?;
    named.finish().map_err(within)?;
    let what = what.unwrap_or_default().trim().to_owned();
    if what.is_empty() || what.chars().count() > WORDS_MAX {
        let right = format!("says in 1 to {WORDS_MAX} characters what is left to be seen to");
        return Err(Problem::bad_field("follow_up.what", &right).into());
    }
    let follow_up = FollowUp {
        incident,
        unit,
        owner,
    };
    let close = Command::CloseWithFollowUp(follow_up);
    act.decide_in_words(&exchange, close, what).await
}

/// Reports upward of one stage, in figures (C9).
#[derive(Serialize)]
struct UpwardFiguresJson {
    given: u64,
    late: u64,
    incomplete: u64,
    fields_missing: u64,
    never: u64,
    /// `None` when none was given.
    delay_ms_mean: Option<u64>,
    delay_ms_max: u64,
}

impl From<UpwardFigures> for UpwardFiguresJson {
    fn from(figures: UpwardFigures) -> UpwardFiguresJson {
        UpwardFiguresJson {
            given: figures.given,
            late: figures.late,
            incomplete: figures.incomplete,
            fields_missing: figures.fields_missing,
            never: figures.never,
            delay_ms_mean: figures.delay_ms_sum.checked_div(figures.given),
            delay_ms_max: figures.delay_ms_max,
        }
    }
}

/// How major incidents were conducted since the centre was opened.
#[derive(Serialize)]
pub struct ConductFigures {
    levels: BTreeMap<Level, u64>,
    situations_given: u64,
    situations_missing: u64,
    upward: BTreeMap<UpwardStage, UpwardFiguresJson>,
    follow_ups: u64,
}

impl From<&Counters> for ConductFigures {
    fn from(counters: &Counters) -> ConductFigures {
        let level = |&level: &Level| {
            let count = counters.levels.get(&level).copied();
            (level, count.unwrap_or(0))
        };
        let stage = |&stage: &UpwardStage| {
            let figures = counters.upward.get(&stage).copied();
            (stage, figures.unwrap_or_default().into())
        };
        ConductFigures {
            levels: Level::ALL.iter().map(level).collect(),
            situations_given: counters.situations,
            situations_missing: counters.situations_missing(),
            upward: UpwardStage::ALL.iter().map(stage).collect(),
            follow_ups: counters.follow_ups,
        }
    }
}
