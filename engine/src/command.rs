//! All that may be said to a centre, grouped by noun.
//!
//! Every command is flat and `Copy`: what it decides on, nothing else. Words travel beside it as
//! [`Testimony`](crate::call::Testimony). The order of variants is part of the journal: append, never reorder.

use crate::call::{Assessment, CallFacts, CallReport};
use crate::capability::Capability;
use crate::hospital::HospitalDefinition;
use crate::id::{CallId, CentreId, IncidentId, ObjectHash, OrderId, UnitId};
use crate::kind::{Priority, vocabulary};
use crate::limits::Capacities;
use crate::major::{Level, UpwardFields, UpwardStage};
use crate::name::Name;
use crate::order::OrderAct;
use crate::place::{Place, Point};
use crate::unit::{Duty, UnitDefinition};
use serde::{Deserialize, Serialize};

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The centre itself.
    System,
    /// A carrier that forwards lines; 0 is any client on loopback until rights are configured.
    Carrier(u32),
    /// A person at the centre; 0 is any client on loopback until rights are configured.
    Dispatcher(u32),
    /// A unit in the field.
    Unit(UnitId),
}

/// A command and who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Who says it.
    pub actor: Actor,
    /// What is said.
    pub command: Command,
}

/// One thing said to a centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The first record of every journal.
    OpenCentre(Opening),
    /// From here on, decide with this object.
    Activate(Activation),
    /// A unit is so from here on.
    DefineUnit(UnitDefinition),
    /// Somebody calls.
    TakeCall(CallReport),
    /// More is known of a call.
    AddFacts(CallFacts),
    /// A caller is done.
    EndCall(CallId),
    /// A person closes an incident.
    CloseIncident(IncidentId),
    /// A unit, or a person for it, reports on an order.
    Report(OrderReport),
    /// A unit is here now.
    MoveUnit(UnitPosition),
    /// A unit does this when idle from here on.
    SetDuty(UnitDuty),
    /// Time has come to a deadline.
    Tick,
    /// A person says what a call is about, or where (the verdict stands over the classifier's).
    JudgeCall(CallVerdict),
    /// A person says that two incidents are one (N1).
    MergeIncidents(IncidentMerge),
    /// A person says that a call is about something else than its incident (N1).
    SplitCall(CallSplit),
    /// A person holds an incident to be more urgent.
    EscalateIncident(Escalation),
    /// A person sends this unit.
    AssignUnit(Assignment),
    /// A hospital is so from here on (H9).
    DefineHospital(HospitalDefinition),
    /// A person holds an incident to be of a graver level (L1).
    RaiseLevel(LevelRaise),
    /// A person says how an incident stands (X4); what they say is testimony.
    ReportSituation(IncidentId),
    /// A person has told of an incident upward (H6); what they told is testimony.
    ReportUpward(UpwardReport),
    /// A person closes an incident and names who sees to what is left (X5).
    CloseWithFollowUp(FollowUp),
    /// A person finds that an incident was closed too early (N1).
    ReopenIncident(IncidentId),
    /// A person finds that an incident was merged into one that it is not one with (N1).
    UnmergeIncident(IncidentId),
}

/// The circumstances a centre is opened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its number.
    pub centre: CentreId,
    /// The clock it lives on, for good.
    pub clock: ClockMode,
    /// The rules it decides by.
    pub logic_version: u32,
    /// How much it can hold: what is full refuses, so this decides too.
    pub capacities: Capacities,
}

vocabulary! {
    /// The clock a centre lives on.
    ClockMode {
        /// The machine's own clock.
        Wall = "wall",
        /// Time moves only when one client advances it.
        Driven = "driven",
    }
}

vocabulary! {
    /// A kind of object that decisions are made with.
    ObjectKind {
        /// Kinds, needs, clocks, ladders.
        Plan = "plan",
        /// The classifier's cues.
        Lexicon = "lexicon",
        /// Districts, posts, units.
        City = "city",
        /// The road network.
        Roads = "roads",
        /// What holds on the roads just now: the factors of the hour, and notices.
        Bulletin = "bulletin",
    }
}

/// An object that is in force from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// What it is.
    pub object: ObjectKind,
    /// Which one.
    pub hash: ObjectHash,
}

/// What is said of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// The order.
    pub order: OrderId,
    /// What happened.
    pub act: OrderAct,
}

/// A person's verdict on a call. `None` leaves a thing as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallVerdict {
    /// The call.
    pub call: CallId,
    /// What it is about.
    pub assessment: Option<Assessment>,
    /// Where.
    pub place: Option<Place>,
}

/// Two incidents that are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentMerge {
    /// The one that is closed.
    pub from: IncidentId,
    /// The one that is handled on.
    pub into: IncidentId,
}

/// A call that leaves its incident for one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSplit {
    /// The call.
    pub call: CallId,
    /// What it is about.
    pub assessment: Assessment,
    /// How many are said to be hurt.
    pub injured: u16,
}

/// An incident that is more urgent than was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The incident.
    pub incident: IncidentId,
    /// Its urgency from here on; must be higher than it was.
    pub priority: Priority,
}

/// A unit that a person sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Where it is needed.
    pub incident: IncidentId,
    /// Who is sent.
    pub unit: UnitId,
    /// What for; `None`: the first waiting need that it can serve, otherwise the first thing it can do.
    pub capability: Option<Capability>,
}

/// Where a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPosition {
    /// The unit.
    pub unit: UnitId,
    /// Where.
    pub point: Point,
}

/// What a unit does when idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitDuty {
    /// The unit.
    pub unit: UnitId,
    /// What it does.
    pub duty: Duty,
    /// People on duty, where that changes.
    pub strength: Option<u16>,
}

/// An incident that is graver than was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRaise {
    /// The incident.
    pub incident: IncidentId,
    /// Its level from here on; must be graver than it was.
    pub level: Level,
}

/// A report upward, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpwardReport {
    /// The incident.
    pub incident: IncidentId,
    /// Which of the reports.
    pub stage: UpwardStage,
    /// What it says something of.
    pub fields: UpwardFields,
}

/// Who sees to what is left of a matter that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// The incident.
    pub incident: IncidentId,
    /// The unit that owns it.
    pub unit: UnitId,
    /// The person of that unit.
    pub owner: Name,
}
