//! Orders move by the table only, a report that is legal is never refused, a unit has no more open orders than it can, a
//! need one at most.

use super::fleet::{Fleet, is_open};
use super::{Check, Heard};
use engine::centre::Prepared;
use engine::command::{Actor, Command, OrderReport};
use engine::event::{Event, Refusal};
use engine::order::{OrderAct, OrderState, Step, StepSet};

/// From, to and what is missing on the way, for a unit that travels. A desk owes no report of travel.
const WAYS: &[(OrderState, OrderState, &[Step])] = {
    use OrderState::*;
    const NOBODY_SAID_YES: &[Step] = &[Step::Acknowledged];
    const NOBODY_LEFT: &[Step] = &[Step::SetOff];
    &[
        (Issued, Acknowledged, &[]),
        (Issued, SetOff, NOBODY_SAID_YES),
        (Issued, Arrived, &[Step::Acknowledged, Step::SetOff]),
        (
            Issued,
            Finished,
            &[Step::Acknowledged, Step::SetOff, Step::Arrived],
        ),
        (Issued, Declined, &[]),
        (Issued, Cancelled, &[]),
        (Issued, Reassigned, &[]),
        (Issued, Preempted, &[]),
        (Acknowledged, SetOff, &[]),
        (Acknowledged, Arrived, NOBODY_LEFT),
        (Acknowledged, Finished, &[Step::SetOff, Step::Arrived]),
        (Acknowledged, Declined, &[]),
        (Acknowledged, Cancelled, &[]),
        (Acknowledged, Reassigned, &[]),
        (Acknowledged, Preempted, &[]),
        (SetOff, Arrived, &[]),
        (SetOff, Finished, &[Step::Arrived]),
        (SetOff, Cancelled, &[]),
        (SetOff, Reassigned, &[]),
        (SetOff, Preempted, &[]),
        (Arrived, Finished, &[]),
        (Arrived, Cancelled, &[]),
        (Arrived, Reassigned, &[]),
    ]
};

/// Where an act leads.
const fn aim(act: OrderAct) -> OrderState {
    match act {
        OrderAct::Acknowledge => OrderState::Acknowledged,
        OrderAct::Decline => OrderState::Declined,
        OrderAct::SetOff => OrderState::SetOff,
        OrderAct::Arrive => OrderState::Arrived,
        OrderAct::Finish => OrderState::Finished,
        OrderAct::Cancel => OrderState::Cancelled,
        OrderAct::Reassign => OrderState::Reassigned,
        OrderAct::Preempt => OrderState::Preempted,
    }
}

/// The way between two states, if there is one.
fn way(from: OrderState, to: OrderState, travels: bool) -> Option<StepSet> {
    let of_travel = matches!(
        to,
        OrderState::SetOff | OrderState::Arrived | OrderState::Preempted
    );
    let (_, _, missing) = WAYS
        .iter()
        .find(|&&(start, end, _)| (start, end) == (from, to) && (travels || !of_travel))?;
    let owed = missing
        .iter()
        .filter(|&&step| travels || step == Step::Acknowledged);
    Some(owed.copied().fold(StepSet::default(), StepSet::with))
}

/// Follows every order through its life.
#[derive(Debug)]
pub struct Transitions {
    fleet: Fleet,
}

impl Transitions {
    /// The checker of a centre that starts with these objects.
    pub fn new(objects: &[Prepared]) -> Transitions {
        Transitions {
            fleet: Fleet::new(objects),
        }
    }

    /// What a report had to lead to.
    fn reported(&self, heard: &Heard, report: OrderReport) -> Result<(), String> {
        let Some(order) = self.fleet.orders.get(&report.order) else {
            return match heard.events {
                [Event::Refused(_)] => Ok(()),
                _ => Err(format!("an unknown {} was reported on", report.order)),
            };
        };
        let of_the_centre = matches!(
            report.act,
            OrderAct::Cancel | OrderAct::Reassign | OrderAct::Preempt
        );
        let foreign = match heard.envelope.actor {
            Actor::Unit(unit) => unit != order.unit || of_the_centre,
            Actor::System | Actor::Carrier(_) | Actor::Dispatcher(_) => false,
        };
        let travels = self.fleet.travels(order.unit);
        // Nobody reports that a unit was called away: the centre does that itself.
        let legal =
            report.act != OrderAct::Preempt && way(order.state, aim(report.act), travels).is_some();
        let moved = heard.events.iter().any(|event| {
            matches!(event, Event::OrderMoved { order, to, .. }
                if *order == report.order && *to == aim(report.act))
        });
        let refused = heard.events.iter().find_map(|event| match event {
            Event::Refused(refusal) => Some(*refusal),
            _ => None,
        });
        match (foreign, legal, moved, refused) {
            (true, _, false, Some(Refusal::NotYours | Refusal::UnknownOrder))
            | (false, true, true, None)
            | (false, false, false, Some(Refusal::NotAllowedNow)) => Ok(()),
            // What has ended may be forgotten.
            (_, _, false, Some(Refusal::UnknownOrder)) if !is_open(order.state) => Ok(()),
            _ => Err(format!(
                "{} by {:?}, {:?} at {:?}: foreign {foreign}, legal {legal}, moved {moved}, refused {refused:?}",
                report.order, heard.envelope.actor, report.act, order.state
            )),
        }
    }
}

impl Check for Transitions {
    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        if let Command::Report(report) = heard.envelope.command {
            self.reported(heard, report)?;
        }
        for event in heard.events {
            if let Event::OrderIssued(issued) = event
                && self.fleet.orders.keys().any(|known| *known >= issued.order)
            {
                return Err(format!("{} is not a new number", issued.order));
            }
            if let Event::OrderMoved {
                order,
                from,
                to,
                missing,
                ..
            } = *event
            {
                let known = self.fleet.orders.get(&order);
                let known = known.ok_or_else(|| format!("{order} was never issued"))?;
                let owed = way(from, to, self.fleet.travels(known.unit));
                if known.state != from || owed != Some(missing) {
                    let stood = known.state;
                    return Err(format!(
                        "{order} stood at {stood:?}; {from:?} to {to:?} with {missing:?}, owed {owed:?}"
                    ));
                }
            }
            self.fleet.hear(heard, event);
        }
        Ok(())
    }
}

/// Counts the open orders of units and of needs.
#[derive(Debug)]
pub struct OneOrder {
    fleet: Fleet,
}

impl OneOrder {
    /// The checker of a centre that starts with these objects.
    pub fn new(objects: &[Prepared]) -> OneOrder {
        OneOrder {
            fleet: Fleet::new(objects),
        }
    }
}

impl Check for OneOrder {
    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        for event in heard.events {
            let target = match *event {
                Event::OrderIssued(issued) => {
                    let unit = self.fleet.units.get(&issued.unit);
                    let unit = unit.ok_or_else(|| format!("{} is no unit", issued.unit))?;
                    if unit.load >= unit.definition.capacity {
                        return Err(format!(
                            "{} has {} open orders and gets {}",
                            issued.unit, unit.load, issued.order
                        ));
                    }
                    Some((issued.order, issued.incident, issued.need))
                }
                Event::OrderTransferred {
                    order, into, need, ..
                } => Some((order, into, need)),
                _ => None,
            };
            if let Some((order, incident, need)) = target {
                let served = self.fleet.orders.iter().find(|(id, known)| {
                    **id != order
                        && is_open(known.state)
                        && (known.incident, known.need) == (incident, need)
                });
                if let Some((other, _)) = served {
                    return Err(format!(
                        "need {need} of {incident} has {other} and gets {order}"
                    ));
                }
            }
            self.fleet.hear(heard, event);
        }
        Ok(())
    }
}
