//! What the model knows: calls, incidents with their needs, orders, units, what waits. Plain records in lists.

use super::{Model, known};
use engine::call::{Assessment, BodyDigest, KeyDigest};
use engine::capability::Capability;
use engine::id::{CallId, IncidentId, OrderId, Sequence, UnitId};
use engine::incident::{NeedState, Shortage};
use engine::kind::Priority;
use engine::line::Line;
use engine::major::{IncidentClock, Level, UpwardField, UpwardStage};
use engine::moment::Moment;
use engine::order::{Deadlines, OrderState, Rung};
use engine::place::{Place, Point};
use engine::unit::{Duty, UnitDefinition};
use serde::Serialize;

/// A call of the window.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct KnownCall {
    pub id: CallId,
    pub key: KeyDigest,
    pub body: BodyDigest,
    pub taken: Sequence,
    pub taken_at: Moment,
    pub incident: Option<IncidentId>,
    pub ended: bool,
    pub line: Line,
    pub place: Option<Place>,
    pub drill: bool,
}

/// An incident, open or closed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct KnownIncident {
    pub id: IncidentId,
    /// Where it stands among incidents: decides between equal deadlines, nothing else.
    pub place_number: u32,
    pub open: bool,
    pub assessment: Assessment,
    pub place: Option<Place>,
    /// The line of its first call.
    pub line: Option<Line>,
    pub opened_at: Moment,
    /// When it was opened, or reopened last.
    pub needed_since: Moment,
    pub heard_at: Moment,
    pub calls: u32,
    pub calls_open: u32,
    pub injured: u16,
    pub drill: bool,
    /// The urgency that a person raised it to.
    pub escalated: Option<Priority>,
    pub needs: Vec<KnownNeed>,
    /// Its orders, oldest first; one that was transferred counts as the newest.
    pub orders: Vec<OrderId>,
    pub merged_into: Option<IncidentId>,
    /// How often a unit was called away from it.
    pub bumps: u8,
    pub level: Option<Level>,
    /// The clocks that run because it is major, each with its deadline.
    pub owes: Vec<(IncidentClock, Moment)>,
    /// Reports upward that some level asks for.
    pub owes_upward: Vec<OwedUpward>,
    /// Reports upward that have come, with all that was told.
    pub told_upward: Vec<(UpwardStage, Vec<UpwardField>)>,
    /// A person at the centre has taken it up.
    pub attended: bool,
    /// It was said that only a person closes it, and nobody was needed or sent since.
    pub close_awaited: bool,
    /// When that was said last.
    pub close_said_at: Option<Moment>,
    /// When it is looked at again.
    pub due: Option<Moment>,
}

/// A report upward that a level asks for: since when, until when, and whether that was missed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct OwedUpward {
    pub stage: UpwardStage,
    pub since: Moment,
    pub due: Moment,
    pub missed: bool,
}

/// One unit's worth of what an incident needs.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct KnownNeed {
    pub capability: Capability,
    pub state: NeedState,
    pub shortage: Shortage,
    /// Orders given in this round of asking.
    pub asked: u8,
    /// The order that serves it, or the last of this round.
    pub order: Option<OrderId>,
    pub deadline: Moment,
    /// By when the unit was to arrive that was called away first.
    pub owed: Option<Moment>,
}

/// An order, open or ended.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct KnownOrder {
    pub id: OrderId,
    /// Where it stands among orders: decides between equal deadlines, nothing else.
    pub place_number: u32,
    pub incident: IncidentId,
    pub need: u8,
    pub capability: Capability,
    pub unit: UnitId,
    pub state: OrderState,
    pub rung: Rung,
    pub deadlines: Deadlines,
    pub previous: Option<OrderId>,
    /// A person sent its unit.
    pub by_hand: bool,
    /// When its nearest clock has run out.
    pub due: Option<Moment>,
}

/// A unit.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct KnownUnit {
    pub definition: UnitDefinition,
    pub point: Point,
    pub duty: Duty,
    pub staffed: bool,
    pub silent: bool,
    /// Whether it patrols and nobody knows where.
    pub stale: bool,
    /// When it was last heard where it is.
    pub point_at: Moment,
    /// When its shift changes, or it looks at what waits again.
    pub due: Option<Moment>,
}

impl KnownUnit {
    /// Whether it could be ordered if it were not busy.
    pub fn is_ready(&self) -> bool {
        self.duty != Duty::Off
            && self.staffed
            && !self.silent
            && !self.stale
            && self.definition.strength >= self.definition.least_strength
    }

    pub fn travels(&self) -> bool {
        self.definition.speed_mm_s > 0
    }
}

/// A need on its queue. The fields after the queue's are in the order in which they rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waiting {
    pub capability: Capability,
    pub rank: Rank,
}

/// The first in rank is served first: priority, then deadline, then the older incident, then the need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Rank {
    pub priority: Priority,
    pub deadline: Moment,
    pub incident: IncidentId,
    pub need: u8,
}

/// Numbered places that are used again: the place that was freed last is taken first, else the next unused one.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Places {
    free: Vec<u32>,
    used: u32,
}

impl Places {
    pub fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        })
    }

    pub fn give_back(&mut self, place: u32) {
        self.free.push(place);
    }
}

/// Whether an order binds its unit.
pub(super) fn is_open(state: OrderState) -> bool {
    matches!(
        state,
        OrderState::Issued | OrderState::Acknowledged | OrderState::SetOff | OrderState::Arrived
    )
}

impl Model {
    pub(super) fn call(&self, id: CallId) -> Option<&KnownCall> {
        self.calls.iter().find(|call| call.id == id)
    }

    pub(super) fn call_mut(&mut self, id: CallId) -> Option<&mut KnownCall> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    pub(super) fn find_incident(&self, id: IncidentId) -> Option<&KnownIncident> {
        self.incidents.iter().find(|incident| incident.id == id)
    }

    pub(super) fn incident(&self, id: IncidentId) -> &KnownIncident {
        known(self.find_incident(id))
    }

    pub(super) fn incident_mut(&mut self, id: IncidentId) -> &mut KnownIncident {
        known(self.incidents.iter_mut().find(|known| known.id == id))
    }

    pub(super) fn need(&self, incident: IncidentId, need: u8) -> &KnownNeed {
        &self.incident(incident).needs[usize::from(need)]
    }

    pub(super) fn need_mut(&mut self, incident: IncidentId, need: u8) -> &mut KnownNeed {
        &mut self.incident_mut(incident).needs[usize::from(need)]
    }

    /// Indices of an incident's needs.
    pub(super) fn needs_of(&self, incident: IncidentId) -> std::ops::Range<u8> {
        0..self.incident(incident).needs.len() as u8
    }

    pub(super) fn find_order(&self, id: OrderId) -> Option<&KnownOrder> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub(super) fn order(&self, id: OrderId) -> &KnownOrder {
        known(self.find_order(id))
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> &mut KnownOrder {
        known(self.orders.iter_mut().find(|known| known.id == id))
    }

    /// How many orders are open.
    pub(super) fn open_orders(&self) -> usize {
        self.orders
            .iter()
            .filter(|order| is_open(order.state))
            .count()
    }

    /// How many orders of an incident are open.
    pub(super) fn open_orders_of(&self, incident: IncidentId) -> usize {
        let orders = self.incident(incident).orders.iter();
        orders.filter(|&&id| is_open(self.order(id).state)).count()
    }

    pub(super) fn find_unit(&self, id: UnitId) -> Option<&KnownUnit> {
        let index = usize::try_from(id.number()).ok()?.checked_sub(1)?;
        (id.centre() == self.centre()).then(|| self.units.get(index))?
    }

    pub(super) fn unit(&self, id: UnitId) -> &KnownUnit {
        known(self.find_unit(id))
    }

    pub(super) fn unit_mut(&mut self, id: UnitId) -> &mut KnownUnit {
        &mut self.units[id.number() as usize - 1]
    }

    /// All units in the order of definition.
    pub(super) fn unit_ids(&self) -> impl Iterator<Item = UnitId> + use<> {
        let centre = self.centre();
        (1..=self.units.len() as u64).map(move |number| known(UnitId::new(centre, number)))
    }

    /// How many orders a unit has open.
    pub(super) fn load_of(&self, unit: UnitId) -> usize {
        let orders = self.orders.iter();
        orders
            .filter(|order| order.unit == unit && is_open(order.state))
            .count()
    }

    /// Whether a unit can be given one more order now.
    pub(super) fn is_available(&self, unit: UnitId) -> bool {
        let known = self.unit(unit);
        known.is_ready() && self.load_of(unit) < usize::from(known.definition.capacity)
    }

    /// Whether the city has any unit with this capability.
    pub(super) fn has(&self, capability: Capability) -> bool {
        self.units
            .iter()
            .any(|unit| unit.definition.capabilities.contains(capability))
    }
}
