//! An order (指令单): one unit told to serve one need of one incident.
//!
//! All status lives here (S2); a unit's status is derived from its orders. The table of transitions is
//! [`OrderState::after`]: a later report is legal from any open state, and the steps it skipped are entered
//! as missing (X3).

use crate::capability::Capability;
use crate::id::{IncidentId, OrderId, UnitId};
use crate::kind::vocabulary;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// Where an order stands.
    OrderState {
        /// Told to the unit; nobody has said yes yet. The clocks run.
        Issued = "issued",
        /// The unit has said yes.
        Acknowledged = "acknowledged",
        /// The unit is on its way.
        SetOff = "set_off",
        /// The unit is there.
        Arrived = "arrived",
        /// The unit has done its work and said so.
        Finished = "finished",
        /// The unit said no.
        Declined = "declined",
        /// Withdrawn: its incident was closed, or its need is gone.
        Cancelled = "cancelled",
        /// Taken from a unit that did not answer and given to another.
        Reassigned = "reassigned",
        /// The unit was called away for something more urgent (R2).
        Preempted = "preempted",
    }
}

vocabulary! {
    /// What can happen to an order.
    OrderAct {
        /// The unit says yes.
        Acknowledge = "acknowledge",
        /// The unit says no.
        Decline = "decline",
        /// The unit leaves.
        SetOff = "set_off",
        /// The unit is there.
        Arrive = "arrive",
        /// The unit is done.
        Finish = "finish",
        /// The centre withdraws it.
        Cancel = "cancel",
        /// The centre gives it to another.
        Reassign = "reassign",
        /// The centre calls the unit away for something more urgent (R2).
        Preempt = "preempt",
    }
}

impl OrderState {
    /// Whether the order binds its unit.
    pub const fn is_open(self) -> bool {
        match self {
            OrderState::Issued
            | OrderState::Acknowledged
            | OrderState::SetOff
            | OrderState::Arrived => true,
            OrderState::Finished
            | OrderState::Declined
            | OrderState::Cancelled
            | OrderState::Reassigned
            | OrderState::Preempted => false,
        }
    }

    /// Where an act leads; `None` refuses it. A desk never travels, so it can neither set off nor arrive.
    pub const fn after(self, act: OrderAct, travels: bool) -> Option<OrderState> {
        use OrderState::*;
        if !self.is_open() {
            return None;
        }
        match act {
            OrderAct::Acknowledge => match self {
                Issued => Some(Acknowledged),
                Acknowledged | SetOff | Arrived | Finished | Declined | Cancelled | Reassigned
                | Preempted => None,
            },
            // Once a unit has set off it cannot say no any more; it can only finish or be reassigned.
            OrderAct::Decline => match self {
                Issued | Acknowledged => Some(Declined),
                SetOff | Arrived | Finished | Declined | Cancelled | Reassigned | Preempted => None,
            },
            OrderAct::SetOff => match self {
                Issued | Acknowledged if travels => Some(SetOff),
                Issued | Acknowledged | SetOff | Arrived | Finished | Declined | Cancelled
                | Reassigned | Preempted => None,
            },
            OrderAct::Arrive => match self {
                Issued | Acknowledged | SetOff if travels => Some(Arrived),
                Issued | Acknowledged | SetOff | Arrived | Finished | Declined | Cancelled
                | Reassigned | Preempted => None,
            },
            OrderAct::Finish => Some(Finished),
            OrderAct::Cancel => Some(Cancelled),
            OrderAct::Reassign => Some(Reassigned),
            // Whoever is there stays there.
            OrderAct::Preempt => match self {
                Issued | Acknowledged | SetOff if travels => Some(Preempted),
                Issued | Acknowledged | SetOff | Arrived | Finished | Declined | Cancelled
                | Reassigned | Preempted => None,
            },
        }
    }

    /// The clocks that reaching a state stops. An order that was declined, cancelled or reassigned owes nothing more: its
    /// clocks end with it, neither met nor missed.
    pub const fn stops(self) -> &'static [OrderClock] {
        use OrderClock::*;
        match self {
            OrderState::Issued
            | OrderState::Declined
            | OrderState::Cancelled
            | OrderState::Reassigned
            | OrderState::Preempted => &[],
            OrderState::Acknowledged => &[Acknowledge],
            OrderState::SetOff => &[Acknowledge, SetOff, Muster],
            OrderState::Arrived => &[Acknowledge, SetOff, Muster, Arrive],
            OrderState::Finished => &[Acknowledge, SetOff, Muster, Arrive, Result],
        }
    }

    /// The reports that should have come between two states and did not (X3). Only progress can skip; a desk
    /// owes no report of travel.
    pub fn skipped(self, to: OrderState, travels: bool) -> StepSet {
        let rank = |state: OrderState| match state {
            OrderState::Issued => 0,
            OrderState::Acknowledged => 1,
            OrderState::SetOff => 2,
            OrderState::Arrived => 3,
            OrderState::Finished => 4,
            OrderState::Declined
            | OrderState::Cancelled
            | OrderState::Reassigned
            | OrderState::Preempted => 0,
        };
        Step::ALL
            .iter()
            .copied()
            .filter(|&step| travels || step == Step::Acknowledged)
            .filter(|&step| rank(self) < step.rank() && step.rank() < rank(to))
            .fold(StepSet::default(), StepSet::with)
    }
}

vocabulary! {
    /// A report that is owed on the way to the last one.
    Step {
        /// The order was acknowledged.
        Acknowledged = "acknowledged",
        /// The unit set off.
        SetOff = "set_off",
        /// The unit arrived.
        Arrived = "arrived",
    }
}

impl Step {
    const fn rank(self) -> u8 {
        self as u8 + 1
    }
}

/// Some of the three steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepSet(u8);

impl StepSet {
    /// The set with one more.
    #[must_use]
    pub const fn with(self, step: Step) -> StepSet {
        StepSet(self.0 | 1 << step as u8)
    }

    /// Whether the step is in the set.
    pub const fn contains(self, step: Step) -> bool {
        self.0 & (1 << step as u8) != 0
    }

    /// Whether no step is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The steps of the set.
    pub fn iter(self) -> impl Iterator<Item = Step> {
        Step::ALL
            .iter()
            .copied()
            .filter(move |&step| self.contains(step))
    }
}

impl Serialize for StepSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u8(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for StepSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<StepSet, D::Error> {
        if deserializer.is_human_readable() {
            let steps = Vec::<Step>::deserialize(deserializer)?;
            return Ok(steps.into_iter().fold(StepSet::default(), StepSet::with));
        }
        let bits = u8::deserialize(deserializer)?;
        if bits >> Step::ALL.len() != 0 {
            return Err(serde::de::Error::custom("unknown step bit"));
        }
        Ok(StepSet(bits))
    }
}

vocabulary! {
    /// A deadline that runs on an order, from the moment it is issued.
    OrderClock {
        /// Somebody says yes, or the ladder climbs (X11).
        Acknowledge = "acknowledge",
        /// The unit leaves.
        SetOff = "set_off",
        /// A team sent to another township is assembled and leaves (X7).
        Muster = "muster",
        /// The unit is there (X6).
        Arrive = "arrive",
        /// The result is reported (X8).
        Result = "result",
    }
}

/// The deadlines of one order; `None` where the clock does not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    /// Of the acknowledgement: of the next rung while the ladder climbs.
    pub acknowledge: Option<Moment>,
    /// Of leaving.
    pub set_off: Option<Moment>,
    /// Of a team's muster, in the place of leaving.
    pub muster: Option<Moment>,
    /// Of arriving.
    pub arrive: Option<Moment>,
    /// Of the result.
    pub result: Option<Moment>,
}

impl Deadlines {
    /// The deadline of one clock.
    pub const fn get(&self, clock: OrderClock) -> Option<Moment> {
        match clock {
            OrderClock::Acknowledge => self.acknowledge,
            OrderClock::SetOff => self.set_off,
            OrderClock::Muster => self.muster,
            OrderClock::Arrive => self.arrive,
            OrderClock::Result => self.result,
        }
    }

    /// The place of one clock's deadline.
    pub const fn slot(&mut self, clock: OrderClock) -> &mut Option<Moment> {
        match clock {
            OrderClock::Acknowledge => &mut self.acknowledge,
            OrderClock::SetOff => &mut self.set_off,
            OrderClock::Muster => &mut self.muster,
            OrderClock::Arrive => &mut self.arrive,
            OrderClock::Result => &mut self.result,
        }
    }

    /// The clock that runs out first; ties in the order of [`OrderClock::ALL`].
    pub fn nearest(&self) -> Option<(OrderClock, Moment)> {
        OrderClock::ALL
            .iter()
            .filter_map(|&clock| self.get(clock).map(|due| (clock, due)))
            .min_by_key(|&(clock, due)| (due, clock))
    }
}

vocabulary! {
    /// Who is told next when nobody acknowledges (X11).
    Rung {
        /// The unit's first contact: told with the order itself.
        Primary = "primary",
        /// The deputy.
        Deputy = "deputy",
        /// The duty leader.
        DutyLeader = "duty_leader",
        /// The next unit: the order is reassigned.
        NextUnit = "next_unit",
    }
}

/// What a centre remembers of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The incident it serves.
    pub incident: IncidentId,
    /// Which of the incident's needs.
    pub need: u8,
    /// The capability that was asked for.
    pub capability: Capability,
    /// Who was told.
    pub unit: UnitId,
    /// Where it stands.
    pub state: OrderState,
    /// The rung of the ladder that was told last.
    pub rung: Rung,
    /// When it was issued: every clock starts here.
    pub issued_at: Moment,
    /// The clocks that still run.
    pub deadlines: Deadlines,
    /// The order for the same need before this one, declined or not answered.
    pub previous: Option<OrderId>,
    /// The next order of the same incident, older than this one.
    pub sibling: Option<OrderId>,
    /// The next open order of the same unit (desks have several), older than this one.
    pub beside: Option<OrderId>,
    /// A person sent it: it is not called away (R2).
    pub by_hand: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, so that any change of it is seen in a review.
    #[test]
    fn the_life_of_an_order() {
        let mut table = String::new();
        for &travels in &[true, false] {
            for &state in OrderState::ALL {
                for &act in OrderAct::ALL {
                    if let Some(next) = state.after(act, travels) {
                        let missing: Vec<_> = state
                            .skipped(next, travels)
                            .iter()
                            .map(Step::code)
                            .collect();
                        let who = if travels { "unit" } else { "desk" };
                        table += format!("{who} {state} {act} -> {next} {}", missing.join("+"))
                            .trim_end();
                        table += "\n";
                    }
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    /// Fault 1 and 3 of the field: nothing that has ended can be moved again.
    #[test]
    fn what_has_ended_stays_ended() {
        for &state in OrderState::ALL {
            for &act in OrderAct::ALL {
                assert!(state.is_open() || state.after(act, true).is_none());
            }
        }
    }
}
