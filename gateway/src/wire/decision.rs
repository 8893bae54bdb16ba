//! A decision as a carrier reads it: names and codes instead of numbers, the words that it rests on.

use engine::call::Outcome;
use engine::capability::Capability;
use engine::event::Choice;
use engine::id::{CallId, IncidentId, OrderId, Sequence};
use engine::incident::Shortage;
use engine::kind::{Agency, AgencySet, Kind, Nature, Priority};
use engine::moment::Moment;
use serde::{Deserialize, Serialize};

/// What was decided about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The call.
    pub call: CallId,
    /// The incident it points to.
    pub incident: Option<IncidentId>,
    /// The record of it.
    pub seq: Sequence,
    /// It joined an open incident.
    pub merged: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// What it is held to be.
    pub kind: Kind,
    /// Urgency of dispatch.
    pub priority: Priority,
    /// What it asks for.
    pub nature: Nature,
    /// Everybody whom it concerns.
    pub agencies: AgencySet,
    /// How sure, in thousandths; on the wire a number from 0 to 1.
    pub confidence_permille: u16,
    /// A person should look at it.
    pub human: bool,
    /// What the classifier saw.
    pub evidence: Vec<Evidence>,
    /// Where the voice should go.
    pub forward: Forward,
    /// The orders it caused.
    pub orders: Vec<OrderLine>,
    /// What is missing.
    pub short: Vec<ShortLine>,
    /// It can be foreseen that somebody arrives late (R5).
    pub foreseen_late: bool,
    /// The hospital that is meant.
    pub hospital: Option<String>,
    /// It lies outside the served area.
    pub outside: bool,
    /// The key came before with another body; this is the first decision.
    pub conflict: bool,
}

/// Words of the text and the rule they set off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The words.
    pub text: String,
    /// The rule, by its name in the lexicon.
    pub rule: String,
}

/// Where a call's voice should go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The line that serves the matter.
    pub line: u32,
    /// The seat at the centre.
    pub seat: Option<String>,
}

/// An order in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The order.
    pub order: OrderId,
    /// Its unit, by name.
    pub unit: String,
    /// Who the unit works for.
    pub agency: Agency,
    /// Turnout and travel together, in milliseconds; on the wire whole seconds, rounded up.
    pub travel_ms: u32,
    /// When the unit must be there; `None` for a desk.
    pub arrive_by: Option<Moment>,
    /// How it was chosen.
    pub why: Choice,
}

/// Seconds as they are told: whole and rounded up, so that nobody is promised sooner than was reckoned.
pub fn whole_seconds(ms: u32) -> u32 {
    ms.div_ceil(1_000)
}

/// A shortage in a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortLine {
    /// What is missing.
    pub need: Capability,
    /// How many.
    pub count: u8,
    /// Why.
    pub reason: Shortage,
}
