//! What the one who spoke is told: a projection of a command's events, never of state.

use crate::call::Outcome;
use crate::capability::Capability;
use crate::event::{Choice, Event, Refusal};
use crate::id::{CallId, IncidentId, OrderId, Sequence, UnitId};
use crate::incident::Shortage;
use crate::limits::ORDERS_PER_DECISION_MAX;
use crate::moment::Moment;
use crate::order::OrderState;

/// An order in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The order.
    pub order: OrderId,
    /// Its unit.
    pub unit: UnitId,
    /// What it is asked for.
    pub capability: Capability,
    /// Turnout and travel together, in milliseconds.
    pub travel_ms: u32,
    /// When the unit must be there; `None` for a desk.
    pub arrive_by: Option<Moment>,
    /// How it was chosen.
    pub choice: Choice,
}

/// A shortage in a decision: so many units of one capability that nobody serves yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortLine {
    /// What is missing.
    pub capability: Capability,
    /// How many.
    pub count: u8,
    /// Why.
    pub shortage: Shortage,
}

/// A list of bounded length, in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines<T: Copy> {
    list: [Option<T>; ORDERS_PER_DECISION_MAX],
    len: u8,
}

impl<T: Copy> Lines<T> {
    /// Nothing.
    pub const EMPTY: Lines<T> = Lines {
        list: [None; ORDERS_PER_DECISION_MAX],
        len: 0,
    };

    /// Adds one; a plan never asks for more than fit.
    pub fn push(&mut self, line: T) {
        if let Some(free) = self.list.get_mut(usize::from(self.len)) {
            *free = Some(line);
            self.len += 1;
        }
    }

    /// The lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.list.iter().flatten()
    }

    /// The lines, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.list.iter_mut().flatten()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len as usize
    }
}

/// What was decided about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The call.
    pub call: CallId,
    /// The incident it points to.
    pub incident: Option<IncidentId>,
    /// What became of it.
    pub outcome: Outcome,
    /// It joined an open incident.
    pub merged: bool,
    /// A person should look at it.
    pub human: bool,
    /// It lies outside the served area.
    pub outside: bool,
    /// It can be foreseen that somebody arrives late (R5).
    pub foreseen_late: bool,
    /// The orders it caused.
    pub orders: Lines<OrderLine>,
    /// What is missing.
    pub short: Lines<ShortLine>,
}

/// What the one who spoke is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // most answers are decisions
pub enum Answer {
    /// A new call was decided.
    Decided(Decision),
    /// The key came again: the decision is in record `first`.
    Repeated {
        /// The call.
        call: CallId,
        /// The record with its decision.
        first: Sequence,
        /// The body was another.
        conflict: bool,
    },
    /// The order stands so now.
    OrderMoved {
        /// The order.
        order: OrderId,
        /// Where it stands.
        to: OrderState,
    },
    /// It was done.
    Done,
    /// It was not done.
    Refused(Refusal),
}

impl Answer {
    /// The answer to a command that caused these events.
    pub fn of(events: &[Event]) -> Answer {
        let mut decision: Option<Decision> = None;
        let mut answer = Answer::Done;
        for event in events {
            if let Event::CallRepeated {
                call,
                first,
                conflict,
            } = *event
            {
                return Answer::Repeated {
                    call,
                    first,
                    conflict,
                };
            } else if let Event::Refused(refusal) = *event {
                return Answer::Refused(refusal);
            } else if let Event::CallTaken { call } = *event {
                decision = Some(Decision::of(call));
            } else if let Some(decision) = &mut decision {
                decision.hear(event);
            } else if let (Event::OrderMoved { order, to, .. }, Answer::Done) = (*event, answer)
                // Nobody asks for that: it is what became of another's order.
                && to != OrderState::Preempted
            {
                answer = Answer::OrderMoved { order, to };
            }
        }
        decision.map_or(answer, Answer::Decided)
    }
}

impl Decision {
    fn of(call: CallId) -> Decision {
        Decision {
            call,
            incident: None,
            outcome: Outcome::Human,
            merged: false,
            human: false,
            outside: false,
            foreseen_late: false,
            orders: Lines::EMPTY,
            short: Lines::EMPTY,
        }
    }

    /// Takes in what one event says of the decision; most say nothing of it.
    fn hear(&mut self, event: &Event) {
        if let Event::IncidentJoined { incident, .. } = *event {
            self.merged = true;
            self.incident = Some(incident);
        } else if let Event::IncidentOpened { incident, .. } = *event {
            self.incident = Some(incident);
        } else if let Event::OrderIssued(issued) = *event {
            // Whoever was called away for this call is looked for again; that is another incident's.
            if Some(issued.incident) != self.incident {
                return;
            }
            self.foreseen_late |= issued.foreseen_late;
            self.orders.push(OrderLine {
                order: issued.order,
                unit: issued.unit,
                capability: issued.capability,
                travel_ms: issued.travel_ms.saturating_add(issued.turnout_ms),
                arrive_by: issued.deadlines.arrive,
                choice: issued.choice,
            });
        } else if let Event::NeedWaits {
            incident,
            capability,
            shortage,
            ..
        } = *event
        {
            if Some(incident) != self.incident {
                return;
            }
            self.foreseen_late = true;
            self.lacks(capability, shortage);
        } else if let Event::CallDecided {
            incident,
            outcome,
            human,
            outside,
            ..
        } = *event
        {
            self.incident = incident;
            self.outcome = outcome;
            self.human = human;
            self.outside = outside;
        }
    }

    /// Enters one more unit that is missing.
    fn lacks(&mut self, capability: Capability, shortage: Shortage) {
        for line in self.short.iter_mut() {
            if line.capability == capability && line.shortage == shortage {
                line.count += 1;
                return;
            }
        }
        self.short.push(ShortLine {
            capability,
            count: 1,
            shortage,
        });
    }
}
