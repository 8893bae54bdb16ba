//! All that a centre may say back.
//!
//! Events are flat and `Copy`; together with their command they are the record. Readers (export, explanation,
//! re-sent keys, the view) know a centre by its events alone. The order of variants is part of the journal:
//! append, never reorder.

use crate::call::Outcome;
use crate::capability::Capability;
use crate::command::{Activation, Opening};
use crate::hospital::HospitalId;
use crate::id::{CallId, IncidentId, OrderId, Sequence, UnitId};
use crate::incident::{CloseReason, Shortage};
use crate::kind::{AgencySet, Category, Kind, Nature, Priority, vocabulary};
use crate::major::{IncidentClock, Level, LevelCause, MajorDeadlines, UpwardFields, UpwardStage};
use crate::moment::Moment;
use crate::name::Name;
use crate::order::{Deadlines, OrderClock, OrderState, Rung, StepSet};
use crate::place::{Place, Point};
use crate::unit::Duty;
use serde::{Deserialize, Serialize};

/// One thing a centre says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // an order is what most commands end in; the others ride in its size
pub enum Event {
    /// The centre exists.
    CentreOpened(Opening),
    /// The object is in force.
    ObjectActivated(Activation),
    /// The unit has this number and is as its definition says.
    UnitDefined {
        /// The unit.
        unit: UnitId,
    },
    /// A call was taken for the first time.
    CallTaken {
        /// Its id.
        call: CallId,
    },
    /// A key came again: the first decision stands (N2).
    CallRepeated {
        /// The call of that key.
        call: CallId,
        /// The record with its decision.
        first: Sequence,
        /// The body was another.
        conflict: bool,
    },
    /// An incident was opened.
    IncidentOpened {
        /// Its id.
        incident: IncidentId,
        /// What it is held to be.
        kind: Kind,
        /// Its urgency.
        priority: Priority,
        /// What it asks for.
        nature: Nature,
        /// Its class.
        category: Category,
        /// Everybody whom it concerns.
        agencies: AgencySet,
        /// Where.
        place: Option<Place>,
        /// Nobody is sent (D1).
        drill: bool,
    },
    /// A call points to an incident that was already open (N1).
    IncidentJoined {
        /// The incident.
        incident: IncidentId,
        /// The call.
        call: CallId,
        /// How far apart, in decimetres.
        distance_dm: u32,
    },
    /// An incident is graver, or concerns more, than it did.
    IncidentRaised {
        /// The incident.
        incident: IncidentId,
        /// What it is held to be now.
        kind: Kind,
        /// Its urgency now.
        priority: Priority,
        /// What it asks for now.
        nature: Nature,
        /// Its class now.
        category: Category,
        /// Everybody whom it concerns now.
        agencies: AgencySet,
    },
    /// An incident is at another place than was held.
    IncidentPlaced {
        /// The incident.
        incident: IncidentId,
        /// Where.
        place: Place,
    },
    /// An incident is done with; its needs are dropped, its units free (S3).
    IncidentClosed {
        /// The incident.
        incident: IncidentId,
        /// Why.
        reason: CloseReason,
    },
    /// An incident needs one more unit (R1).
    NeedOpened {
        /// The incident.
        incident: IncidentId,
        /// Index among its needs.
        need: u8,
        /// What the unit must be able to do.
        capability: Capability,
    },
    /// A need found no unit and waits for one.
    NeedWaits {
        /// The incident.
        incident: IncidentId,
        /// Index among its needs.
        need: u8,
        /// What the unit must be able to do.
        capability: Capability,
        /// Why.
        shortage: Shortage,
        /// What it ranks by among the waiting, after the priority.
        deadline: Moment,
    },
    /// The first unit that can serve the need has arrived, or its desk has acknowledged (S1).
    NeedMet {
        /// The incident.
        incident: IncidentId,
        /// Index among its needs.
        need: u8,
    },
    /// The need's order has finished.
    NeedDone {
        /// The incident.
        incident: IncidentId,
        /// Index among its needs.
        need: u8,
    },
    /// The need is no more.
    NeedDropped {
        /// The incident.
        incident: IncidentId,
        /// Index among its needs.
        need: u8,
    },
    /// A unit is told to go.
    OrderIssued(OrderIssued),
    /// An order stands elsewhere in its life.
    OrderMoved {
        /// The order.
        order: OrderId,
        /// Its unit.
        unit: UnitId,
        /// Where it stood.
        from: OrderState,
        /// Where it stands.
        to: OrderState,
        /// Reports that were owed on the way and never came (X3).
        missing: StepSet,
    },
    /// What the clock was for happened in time.
    ClockMet {
        /// The order.
        order: OrderId,
        /// Which clock.
        clock: OrderClock,
        /// The deadline.
        due: Moment,
    },
    /// The clock ran out. Fires once, a millisecond after its deadline or as soon after as the centre lived.
    ClockMissed {
        /// The order.
        order: OrderId,
        /// Which clock.
        clock: OrderClock,
        /// The deadline.
        due: Moment,
    },
    /// Nobody acknowledged: the next on the ladder is told (X11).
    LadderClimbed {
        /// The order.
        order: OrderId,
        /// Its unit.
        unit: UnitId,
        /// Who is told now.
        rung: Rung,
        /// When the rung after this is due.
        next_due: Option<Moment>,
    },
    /// The ledger has one more entry (X16).
    LedgerEntered {
        /// The order.
        order: OrderId,
        /// Its unit.
        unit: UnitId,
        /// What was owed.
        matter: LedgerMatter,
        /// When it was owed.
        due: Moment,
    },
    /// A unit is elsewhere.
    UnitMoved {
        /// The unit.
        unit: UnitId,
        /// Where.
        point: Point,
    },
    /// A unit does something else when idle.
    UnitDutyChanged {
        /// The unit.
        unit: UnitId,
        /// What it does.
        duty: Duty,
        /// People on duty.
        strength: u16,
    },
    /// A unit's shift began or ended (X12).
    UnitStaffed {
        /// The unit.
        unit: UnitId,
        /// Whether somebody is on its roster now.
        staffed: bool,
    },
    /// A unit let a ladder run out; it is not asked until it is heard of.
    UnitSilent {
        /// The unit.
        unit: UnitId,
    },
    /// A silent unit was heard of again.
    UnitHeard {
        /// The unit.
        unit: UnitId,
    },
    /// More was said of a call.
    CallAmended {
        /// The call.
        call: CallId,
    },
    /// A caller is done.
    CallEnded {
        /// The call.
        call: CallId,
    },
    /// What became of a new call; the last event of its record that is about it.
    CallDecided {
        /// The call.
        call: CallId,
        /// The incident it points to.
        incident: Option<IncidentId>,
        /// What became of it.
        outcome: Outcome,
        /// A person should look at it.
        human: bool,
        /// It lies outside the served area.
        outside: bool,
    },
    /// The command was not carried out.
    Refused(Refusal),
    /// More is due than one command may do; the rest continues with the next tick.
    Continues {
        /// Deadlines that wait.
        left: u32,
    },
    /// A person has said what an incident is; that stands, whether it is graver or not.
    IncidentReclassified {
        /// The incident.
        incident: IncidentId,
        /// What it is held to be now.
        kind: Kind,
        /// Its urgency now.
        priority: Priority,
        /// What it asks for now.
        nature: Nature,
        /// Its class now.
        category: Category,
        /// Everybody whom it concerns now.
        agencies: AgencySet,
    },
    /// Two incidents are one from here on; the closing of the first follows.
    IncidentMerged {
        /// The one that is closed.
        from: IncidentId,
        /// The one that is handled on.
        into: IncidentId,
        /// Calls that point to it from here on.
        calls: u32,
    },
    /// An order serves another incident from here on. Its clocks run on: timeliness is judged on the first order.
    OrderTransferred {
        /// The order.
        order: OrderId,
        /// Its unit.
        unit: UnitId,
        /// The incident it serves now.
        into: IncidentId,
        /// Index among that incident's needs.
        need: u8,
    },
    /// A call points to another incident from here on.
    CallSplit {
        /// The call.
        call: CallId,
        /// The incident it pointed to.
        from: IncidentId,
        /// The one it points to now.
        into: IncidentId,
    },
    /// The hospital has this number and is as its definition says.
    HospitalDefined {
        /// Its number.
        hospital: HospitalId,
    },
    /// An incident needs more than it can have; a person must see to the rest.
    NeedRefused {
        /// The incident.
        incident: IncidentId,
        /// What the units must be able to do.
        capability: Capability,
        /// How many units.
        count: u8,
    },
    /// A patrol was not heard of for so long that nobody knows where it is, or is heard of again (C7).
    UnitPositionStale {
        /// The unit.
        unit: UnitId,
        /// Whether its place is not known any more.
        stale: bool,
    },
    /// A unit is called away from one incident for another that is more urgent (R2); the end of its order follows.
    UnitPreempted {
        /// The unit.
        unit: UnitId,
        /// The order that it leaves.
        order: OrderId,
        /// The incident that loses it.
        from: IncidentId,
        /// The incident that it goes to.
        into: IncidentId,
    },
    /// An incident is major, or graver than it was (L1).
    LevelRaised {
        /// The incident.
        incident: IncidentId,
        /// Its level now.
        level: Level,
        /// Why.
        cause: LevelCause,
        /// The clocks that run on it from here on.
        deadlines: MajorDeadlines,
    },
    /// Who commands at the scene of a major incident from here on, in both languages (X9).
    CommanderNamed {
        /// The incident.
        incident: IncidentId,
        /// Their office, in Chinese.
        zh: Name,
        /// The same in English.
        en: Name,
    },
    /// Somebody has said how an incident stands (X4).
    SituationReported {
        /// The incident.
        incident: IncidentId,
        /// The deadline that this has met, where one ran.
        due: Option<Moment>,
        /// The next one.
        next_due: Option<Moment>,
    },
    /// Somebody has told of an incident upward (H6).
    ReportedUpward {
        /// The incident.
        incident: IncidentId,
        /// Which of the reports.
        stage: UpwardStage,
        /// The deadline that this has met; `None`: none ran, or it had run out.
        due: Option<Moment>,
        /// How long it was owed, in milliseconds; `None`: it was not owed, or has come before.
        delay_ms: Option<i64>,
        /// What the plan asks of it and no report of this stage has said (C9).
        missing: UpwardFields,
    },
    /// A clock of a major incident ran out. Fires once, a millisecond after its deadline.
    IncidentClockMissed {
        /// The incident.
        incident: IncidentId,
        /// Which clock.
        clock: IncidentClock,
        /// The deadline.
        due: Moment,
        /// The next one: situation reports are owed on.
        next_due: Option<Moment>,
    },
    /// The ledger has one more entry that is about an incident, not about an order (X16).
    IncidentEntered {
        /// The incident.
        incident: IncidentId,
        /// What was owed.
        matter: LedgerMatter,
        /// When it was owed.
        due: Moment,
    },
    /// Nothing is left to do, but what follows needs an owner: only a person closes the incident (X5).
    CloseAwaited {
        /// The incident.
        incident: IncidentId,
        /// Why it would have been closed.
        reason: CloseReason,
    },
    /// Somebody sees to what is left of an incident (X5); its closing follows.
    FollowUpNamed {
        /// The incident.
        incident: IncidentId,
        /// The unit that owns it.
        unit: UnitId,
        /// The person of that unit.
        owner: Name,
    },
    /// Two incidents are one, and what it owes is not what it owed: what of either is due first, without what was told of either.
    DutiesJoined {
        /// The one that is handled on.
        incident: IncidentId,
        /// The clocks that run on it from here on.
        deadlines: MajorDeadlines,
    },
    /// An incident that was closed is handled again, as it was held then; none of its needs stands any more (N1).
    IncidentReopened {
        /// The incident.
        incident: IncidentId,
        /// The one that it had been merged into and parts from; its calls are its own again.
        from: Option<IncidentId>,
        /// Calls that point to it from here on.
        calls: u32,
        /// What it is held to be.
        kind: Kind,
        /// Its urgency.
        priority: Priority,
        /// What it asks for.
        nature: Nature,
        /// Its class.
        category: Category,
        /// Everybody whom it concerns.
        agencies: AgencySet,
        /// Where.
        place: Option<Place>,
        /// How many are said to be hurt.
        injured: u16,
        /// Nobody is sent (D1).
        drill: bool,
        /// When its first call was taken.
        opened_at: Moment,
    },
}

/// An order as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderIssued {
    /// Its id.
    pub order: OrderId,
    /// The incident it serves.
    pub incident: IncidentId,
    /// Index among the incident's needs.
    pub need: u8,
    /// The unit that is told.
    pub unit: UnitId,
    /// What it is asked for.
    pub capability: Capability,
    /// From the first metre to the place, in milliseconds; 0 for a desk.
    pub travel_ms: u32,
    /// From the order to the first metre, in milliseconds.
    pub turnout_ms: u32,
    /// Its clocks.
    pub deadlines: Deadlines,
    /// The order for the same need before this one.
    pub previous: Option<OrderId>,
    /// How the need got its unit.
    pub choice: Choice,
    /// It can be foreseen that the unit arrives late (R5).
    pub foreseen_late: bool,
}

vocabulary! {
    /// How a need got its unit.
    Choice {
        /// The nearest of all that were free.
        Nearest = "nearest",
        /// The unit came free, and this need was first among those waiting for it.
        Waiting = "waiting",
        /// The unit came free, and it was the turn of the service calls (C4).
        ServiceFloor = "service_floor",
        /// The desk of the agency with the fewest open orders.
        Desk = "desk",
        /// A person sent it.
        Person = "person",
        /// It was called away from something less urgent (R2).
        Preemption = "preemption",
    }
}

vocabulary! {
    /// What a ledger entry is about (X16).
    LedgerMatter {
        /// Nobody acknowledged in time.
        NoAcknowledgement = "no_acknowledgement",
        /// Nobody acknowledged at all; the order went to the next unit.
        PassedOn = "passed_on",
        /// The unit said no.
        Declined = "declined",
        /// The unit left late, or has not left.
        LateSetOff = "late_set_off",
        /// The team mustered late, or has not.
        LateMuster = "late_muster",
        /// The unit arrived late, or has not.
        LateArrival = "late_arrival",
        /// The result came late, or has not come.
        LateResult = "late_result",
        /// The report of acknowledgement never came (X3).
        MissingAcknowledgement = "missing_acknowledgement",
        /// The report of setting off never came (X3).
        MissingSetOff = "missing_set_off",
        /// The report of arrival never came (X3).
        MissingArrival = "missing_arrival",
        /// A situation report never came (X4).
        MissingSituationReport = "missing_situation_report",
        /// The first word upward came late, or has not come (H6).
        LateFirstWord = "late_first_word",
        /// The written report upward came late, or has not come (H6).
        LateWrittenReport = "late_written_report",
        /// The first word upward left out what the plan asks for (C9).
        IncompleteFirstWord = "incomplete_first_word",
        /// The written report upward left out what the plan asks for (C9).
        IncompleteWrittenReport = "incomplete_written_report",
        /// The incident was closed without the first word upward (H6).
        MissingFirstWord = "missing_first_word",
        /// The incident was closed without the written report upward (H6).
        MissingWrittenReport = "missing_written_report",
        /// The incident lapsed, and nobody was named to see to what is left (X5).
        MissingFollowUp = "missing_follow_up",
    }
}

vocabulary! {
    /// Why a command was not carried out.
    Refusal {
        /// The centre has not been opened.
        NotOpened = "not_opened",
        /// The centre has been opened before.
        AlreadyOpened = "already_opened",
        /// The object is not at hand.
        ObjectMissing = "object_missing",
        /// No such call in the window.
        UnknownCall = "unknown_call",
        /// No such incident in hot state.
        UnknownIncident = "unknown_incident",
        /// No such order in hot state.
        UnknownOrder = "unknown_order",
        /// No such unit.
        UnknownUnit = "unknown_unit",
        /// The order is another unit's.
        NotYours = "not_yours",
        /// The thing's state does not allow it.
        NotAllowedNow = "not_allowed_now",
        /// No room for another incident; raise `incidents_max`.
        IncidentsFull = "incidents_full",
        /// No room for another unit; raise `units_max`.
        UnitsFull = "units_full",
        /// The definition contradicts itself.
        BadDefinition = "bad_definition",
        /// The unit is busy, off duty, not staffed, too weak or silent.
        UnitNotFree = "unit_not_free",
        /// The unit cannot do what it is wanted for.
        UnitCannot = "unit_cannot",
        /// The incident has as many needs as it can have.
        NeedsFull = "needs_full",
        /// The incident has no place that a unit could be sent to.
        NoPlace = "no_place",
        /// No room for another hospital.
        HospitalsFull = "hospitals_full",
        /// Something is left to be seen to: the close names an owner and an owning unit (X5).
        FollowUpNeeded = "follow_up_needed",
    }
}
