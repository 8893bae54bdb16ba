//! Why this unit, and why not the nearer ones (R4), from the journal alone: the reading, and the answer as JSON.
//!
//! `engine::explain` folds and reckons; here its grounds are read out of a data folder and told. `words` puts them into
//! sentences. Blocking: reads the journal from its first record on. Behind `liandong explain` and `GET /v1/explain/ORDER`.

mod words;

pub(crate) use words::duration;

use crate::language::Language;
use crate::records::{Records, RecordsError};
use crate::wire::whole_seconds;
use engine::command::Actor;
use engine::event::{Choice, Event};
use engine::explain::{Candidate, Difference, Fold, Grounds, Standing};
use engine::id::{IncidentId, ObjectHash, OrderId, Sequence, UnitId};
use engine::kind::{Agency, Kind, Priority};
use engine::moment::Moment;
use engine::order::OrderState;
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// Why an order cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The journal.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// No such order.
    #[error("{}: no order {order}: the journal holds {held}", folder.display())]
    Unknown {
        /// The data folder.
        folder: PathBuf,
        /// What was asked for.
        order: OrderId,
        /// What there is.
        held: Held,
    },
    /// An order whose incident, plan or city the journal does not hold any more.
    #[error("{}: order {order} is there, but not what it was decided on; the journal's beginning is missing: bring its first segments back", folder.display())]
    NoGrounds {
        /// The data folder.
        folder: PathBuf,
        /// The order.
        order: OrderId,
    },
}

/// The orders that a journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held(pub Option<(OrderId, OrderId)>);

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => f.write_str("no order yet"),
            Some((first, last)) if first == last => write!(f, "{first} alone"),
            Some((first, last)) => write!(f, "{first} to {last}"),
        }
    }
}

/// Why an order went to its unit.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// All that it was decided on.
    pub grounds: Grounds,
}

/// Explains an order out of the data folder `data`, going no further than the record `durable`; a caller who cannot know what
/// is durable says `Sequence(u64::MAX)`. Blocks while it reads.
pub fn explain(
    data: &Path,
    order: OrderId,
    durable: Sequence,
) -> Result<Explanation, ExplainError> {
    let mut records = Records::open(data, durable)?;
    let mut fold = fold_before(&mut records)?;
    let mut held = Held(None);
    while let Some(released) = records.read_next()? {
        if let Some(activation) = Fold::wants(&released.record) {
            records.object(released.sequence, &activation, |bytes| {
                fold.bring_into_force(&activation, bytes)
            })?;
        }
        let mut found = false;
        for event in &released.record.events {
            if let Event::OrderIssued(issued) = event {
                found |= issued.order == order;
                let first = held.0.map_or(issued.order, |(first, _)| first);
                held = Held(Some((first, issued.order)));
            }
        }
        if let Some(grounds) = fold.hear(released, order) {
            return Ok(Explanation { grounds });
        }
        if found {
            let folder = data.to_owned();
            return Err(ExplainError::NoGrounds { folder, order });
        }
    }
    let folder = data.to_owned();
    Err(ExplainError::Unknown {
        folder,
        order,
        held,
    })
}

/// What the roads changed about the orders of a data folder, up to the record `durable`. Blocks while it reads.
pub fn differences(data: &Path, durable: Sequence) -> Result<Vec<Difference>, RecordsError> {
    let mut records = Records::open(data, durable)?;
    let mut fold = fold_before(&mut records)?;
    let mut told = Vec::new();
    while let Some(released) = records.read_next()? {
        if let Some(activation) = Fold::wants(&released.record) {
            records.object(released.sequence, &activation, |bytes| {
                fold.bring_into_force(&activation, bytes)
            })?;
        }
        fold.hear_differences(&released, &mut told);
    }
    Ok(told)
}

/// What was known before the first record that will be read.
fn fold_before(records: &mut Records) -> Result<Fold, RecordsError> {
    let mut fold = Fold::new();
    if let Some(before) = records.take_before() {
        for activation in &before.in_force {
            records.object(before.sequence, activation, |bytes| {
                fold.bring_into_force(activation, bytes)
            })?;
        }
        fold.resume(before.view);
    }
    Ok(fold)
}

impl Explanation {
    /// The explanation in sentences, for people.
    pub fn words(&self, language: Language) -> String {
        words::of(&self.grounds, language)
    }

    /// The explanation as JSON whose sentences are in this language.
    pub fn told(&self, language: Language) -> impl Serialize {
        told(&self.grounds, language)
    }
}

/// In Chinese; [`Explanation::told`] gives the choice.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        told(&self.grounds, Language::Chinese).serialize(serializer)
    }
}

/// The JSON of an explanation. Times are RFC 3339, durations seconds: `travel_s` whole and rounded up, as in the decision;
/// `total_s`, which is the way (`road_s`) and the turnout together, to the millisecond, as units were compared by.
#[derive(Debug, Serialize)]
struct Told {
    order: OrderId,
    unit: String,
    unit_id: UnitId,
    incident: IncidentId,
    kind: Kind,
    priority: Priority,
    need: u8,
    capability: engine::capability::Capability,
    agency: Agency,
    choice: Choice,
    seq: Sequence,
    at: Moment,
    by: Actor,
    travel_s: u32,
    road_s: f64,
    turnout_s: f64,
    total_s: f64,
    foreseen_late: bool,
    waited_since: Option<Moment>,
    asked: Vec<ToldAsked>,
    plan: ObjectHash,
    city: ObjectHash,
    roads: Option<ObjectHash>,
    /// Who made the map.
    attribution: Option<String>,
    /// What held on the roads beside what the map says.
    bulletin: Option<ObjectHash>,
    detour_permille: u32,
    words: String,
    candidates: Vec<ToldCandidate>,
}

#[derive(Debug, Serialize)]
struct ToldAsked {
    order: OrderId,
    unit: String,
    state: OrderState,
}

#[derive(Debug, Serialize)]
struct ToldCandidate {
    unit: String,
    unit_id: UnitId,
    travel_s: u32,
    total_s: f64,
    road_s: f64,
    turnout_s: f64,
    added_s: f64,
    by_road: bool,
    distance_m: f64,
    state: &'static str,
    why: String,
}

fn seconds(ms: u32) -> f64 {
    f64::from(ms) / 1_000.0
}

/// The code of a standing. `free`: could have been sent and was no farther, yet a person chose another; `spared`: the plan did;
/// `relieved`: a person took this need from it; `cut_off`: no way led there.
const fn code(standing: &Standing) -> &'static str {
    match standing {
        Standing::Chosen => "chosen",
        Standing::Declined { .. } => "declined",
        Standing::Relieved { .. } => "relieved",
        Standing::Busy { .. } => "busy",
        Standing::Off => "off",
        Standing::Unstaffed => "unstaffed",
        Standing::Understrength { .. } => "understrength",
        Standing::Silent => "silent",
        Standing::Stale { .. } => "stale",
        Standing::CutOff => "cut_off",
        Standing::Free => "free",
        Standing::Spared => "spared",
        Standing::Farther => "farther",
    }
}

fn told(grounds: &Grounds, language: Language) -> Told {
    let issued = &grounds.issued;
    let chosen = grounds.chosen();
    let total_ms = issued.travel_ms.saturating_add(issued.turnout_ms);
    let candidate = |candidate: &Candidate| ToldCandidate {
        unit: candidate.name.to_string(),
        unit_id: candidate.unit,
        travel_s: whole_seconds(candidate.total_ms()),
        total_s: seconds(candidate.total_ms()),
        road_s: seconds(candidate.travel_ms),
        turnout_s: seconds(candidate.turnout_ms),
        added_s: seconds(candidate.surcharge.total_ms()),
        by_road: candidate.by_road,
        distance_m: f64::from(candidate.distance_dm) / 10.0,
        state: code(&candidate.standing),
        why: words::why(grounds, candidate, language),
    };
    Told {
        order: issued.order,
        unit: chosen.map_or_else(|| issued.unit.to_string(), |chosen| chosen.name.to_string()),
        unit_id: issued.unit,
        incident: issued.incident,
        kind: grounds.incident.kind,
        priority: grounds.incident.priority,
        need: issued.need,
        capability: issued.capability,
        agency: issued.capability.agency(),
        choice: issued.choice,
        seq: grounds.sequence,
        at: grounds.at,
        by: grounds.actor,
        travel_s: whole_seconds(total_ms),
        road_s: seconds(issued.travel_ms),
        turnout_s: seconds(issued.turnout_ms),
        total_s: seconds(total_ms),
        foreseen_late: issued.foreseen_late,
        waited_since: grounds.waited_since,
        asked: grounds
            .asked
            .iter()
            .map(|asked| ToldAsked {
                order: asked.order,
                unit: asked.name.to_string(),
                state: asked.state,
            })
            .collect(),
        plan: grounds.plan,
        city: grounds.city,
        roads: grounds.roads,
        attribution: Some(grounds.attribution.clone()).filter(|made_by| !made_by.is_empty()),
        bulletin: grounds.bulletin,
        detour_permille: grounds.detour_permille,
        words: words::of(grounds, language),
        candidates: grounds.candidates.iter().map(candidate).collect(),
    }
}

#[cfg(test)]
mod tests;
