//! An incident (警情): what is being handled, and the needs it has.
//!
//! Calls point to it, orders serve its needs. A level only rises while it runs (N1).

use crate::call::Assessment;
use crate::capability::Capability;
use crate::id::{IncidentId, OrderId};
use crate::kind::{Priority, vocabulary};
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::line::Line;
use crate::major::{Level, Major, UpwardDuty, UpwardStage};
use crate::moment::Moment;
use crate::place::Place;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// How an incident lives.
    IncidentState {
        /// Being handled.
        Open = "open",
        /// Done with. Its orders have ended and its units are free (S3).
        Closed = "closed",
    }
}

vocabulary! {
    /// Why an incident was closed.
    CloseReason {
        /// Every need was served and every order has ended.
        Served = "served",
        /// A person closed it.
        Person = "person",
        /// Nothing was needed and the last call has ended.
        NothingNeeded = "nothing_needed",
        /// Nothing was said of it for a day, and no order is open.
        Lapsed = "lapsed",
        /// A person found it to be one with another, which is handled on.
        Merged = "merged",
    }
}

vocabulary! {
    /// Where a need stands.
    NeedState {
        /// No unit for it yet.
        Waiting = "waiting",
        /// An order is out.
        Ordered = "ordered",
        /// Its unit has arrived: the requirement is met (S1).
        Met = "met",
        /// Its unit has finished.
        Done = "done",
        /// Not needed any more.
        Dropped = "dropped",
    }
}

vocabulary! {
    /// Why a need has no unit.
    Shortage {
        /// Every unit that could do it is busy.
        AllBusy = "all_busy",
        /// No unit of the centre can do it now: off duty, not staffed, silent or too weak.
        NobodyOnDuty = "nobody_on_duty",
        /// The centre has no such unit at all.
        NoSuchUnit = "no_such_unit",
        /// The call has no usable place (N4).
        NoPlace = "no_place",
        /// The place is outside the served area: nobody of ours is sent.
        Outside = "outside",
        /// Somebody has said no or was relieved of it, and nobody else is free.
        AllAsked = "all_asked",
        /// A drill sends nobody (D1).
        Drill = "drill",
        /// No room for another order; raise `orders_max`.
        NoRoom = "no_room",
    }
}

impl Shortage {
    /// Whether the need is looked at again after a while though nothing has happened: a fitting unit may be free.
    pub const fn is_brought_up_again(self) -> bool {
        match self {
            Shortage::AllAsked | Shortage::NoRoom => true,
            Shortage::AllBusy
            | Shortage::NobodyOnDuty
            | Shortage::NoSuchUnit
            | Shortage::NoPlace
            | Shortage::Outside
            | Shortage::Drill => false,
        }
    }

    /// Whether a unit that comes free can end it; the others wait for a fact.
    pub const fn is_for_want_of_a_unit(self) -> bool {
        match self {
            Shortage::AllBusy
            | Shortage::NobodyOnDuty
            | Shortage::NoSuchUnit
            | Shortage::AllAsked
            | Shortage::NoRoom => true,
            Shortage::NoPlace | Shortage::Outside | Shortage::Drill => false,
        }
    }
}

/// One unit's worth of what an incident needs (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What its unit must be able to do.
    pub capability: Capability,
    /// Where it stands.
    pub state: NeedState,
    /// Why it has no unit, while it waits.
    pub shortage: Shortage,
    /// Orders given for it so far in this round of asking.
    pub asked: u8,
    /// The order that serves it, or the last that was to.
    pub order: Option<OrderId>,
    /// When it should be served, for the rank among those that wait.
    pub deadline: Moment,
    /// By when the unit was to arrive that was called away first: whoever comes in its place owes that (R2).
    pub owed: Option<Moment>,
}

/// The needs of one incident, in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    list: [Option<Need>; NEEDS_PER_INCIDENT_MAX],
    len: u8,
}

impl Needs {
    /// No need.
    pub const NONE: Needs = Needs {
        list: [None; NEEDS_PER_INCIDENT_MAX],
        len: 0,
    };

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is no room for another.
    pub const fn is_full(&self) -> bool {
        self.len as usize == NEEDS_PER_INCIDENT_MAX
    }

    /// Adds one and gives its index; `None` when there is no room.
    pub fn push(&mut self, need: Need) -> Option<u8> {
        let index = self.len;
        *self.list.get_mut(usize::from(index))? = Some(need);
        self.len += 1;
        Some(index)
    }

    /// One of them.
    pub fn get(&self, index: u8) -> Option<&Need> {
        self.list.get(usize::from(index))?.as_ref()
    }

    /// One of them, to change.
    pub fn get_mut(&mut self, index: u8) -> Option<&mut Need> {
        self.list.get_mut(usize::from(index))?.as_mut()
    }

    /// All of them, with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &Need)> {
        self.list[..usize::from(self.len)]
            .iter()
            .flatten()
            .enumerate()
            .map(|(index, need)| (index as u8, need))
    }
}

impl Serialize for Needs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut sequence = serializer.serialize_seq(Some(self.len()))?;
        for (_, need) in self.iter() {
            sequence.serialize_element(need)?;
        }
        sequence.end()
    }
}

impl<'de> Deserialize<'de> for Needs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Needs, D::Error> {
        deserializer.deserialize_seq(NeedsVisitor)
    }
}

/// Takes needs in one by one, without a list beside them.
struct NeedsVisitor;

impl<'de> serde::de::Visitor<'de> for NeedsVisitor {
    type Value = Needs;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at most {NEEDS_PER_INCIDENT_MAX} needs")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut listed: A) -> Result<Needs, A::Error> {
        let mut needs = Needs::NONE;
        while let Some(need) = listed.next_element()? {
            needs
                .push(need)
                .ok_or_else(|| serde::de::Error::custom("too many needs"))?;
        }
        Ok(needs)
    }
}

/// What a centre remembers of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// How it lives.
    pub state: IncidentState,
    /// What it is held to be; rises with new facts, never falls.
    pub assessment: Assessment,
    /// Where, once that is known.
    pub place: Option<Place>,
    /// The line of its first call: what is sent while nobody knows what it is goes by it.
    pub line: Option<Line>,
    /// When its first call was taken.
    pub opened_at: Moment,
    /// Since when its needs are its needs: when it was opened, or reopened last.
    pub needed_since: Moment,
    /// When a call or a fact last came.
    pub heard_at: Moment,
    /// Calls that point to it.
    pub calls: u32,
    /// Of these, calls that have not ended.
    pub calls_open: u32,
    /// How many are said to be hurt.
    pub injured: u16,
    /// Nobody is sent (D1).
    pub drill: bool,
    /// The urgency that a person has raised it to; words alone never bring it below that.
    pub escalated: Option<Priority>,
    /// What it needs.
    pub needs: Needs,
    /// Its newest order.
    pub order: Option<OrderId>,
    /// How many of its orders are open.
    pub orders_open: u16,
    /// The incident that its calls belong to since it was merged.
    pub merged_into: Option<IncidentId>,
    /// How often a unit was called away from it (R2).
    pub bumps: u8,
    /// Its level and what it owes, once it is major (L1).
    pub major: Option<Major>,
    /// What is owed upward of it and what was told, by [`UpwardStage`] (H6).
    pub upward: [UpwardDuty; UpwardStage::ALL.len()],
    /// A person at the centre has taken it up: judged it, raised it, reported on it or sent somebody.
    pub attended: bool,
    /// It was said that only a person closes it (X5), and nobody was needed or sent since.
    pub close_awaited: bool,
    /// When that was said last.
    pub close_said_at: Option<Moment>,
}

impl Incident {
    /// Its urgency.
    pub const fn priority(&self) -> Priority {
        self.assessment.priority
    }

    /// Its level, once it is major (L1).
    pub fn level(&self) -> Option<Level> {
        self.major.map(|major| major.level)
    }
}
