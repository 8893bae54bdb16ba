//! Every clock ends once: met, missed at its time, or with its order. A tick that says it is done leaves nothing overdue.

use super::{Check, Heard};
use engine::command::Command;
use engine::event::Event;
use engine::id::OrderId;
use engine::moment::Moment;
use engine::order::{OrderClock, OrderState, Rung};
use std::collections::BTreeMap;

/// Follows every clock of every open order.
#[derive(Debug, Default)]
pub struct Clocks {
    running: BTreeMap<(OrderId, OrderClock), Moment>,
    /// The rung that was told last, and when the next one is due.
    ladders: BTreeMap<OrderId, (Rung, Moment)>,
    /// The deadline that fired last in this command.
    fired: Option<Moment>,
}

impl Clocks {
    fn fire(&mut self, heard: &Heard, due: Moment) -> Result<(), String> {
        if heard.envelope.command != Command::Tick || due >= heard.at {
            return Err(format!("a deadline of {due} fired at {}", heard.at));
        }
        if self.fired.is_some_and(|fired| due < fired) {
            return Err(format!("a deadline of {due} fired after {:?}", self.fired));
        }
        self.fired = Some(due);
        Ok(())
    }

    fn end(&mut self, order: OrderId, clock: OrderClock, due: Moment) -> Result<(), String> {
        match self.running.remove(&(order, clock)) {
            Some(running) if running == due => Ok(()),
            other => Err(format!(
                "{clock} of {order} at {due}: {other:?} was running"
            )),
        }
    }

    fn climb(
        &mut self,
        heard: &Heard,
        order: OrderId,
        rung: Rung,
        next_due: Option<Moment>,
    ) -> Result<(), String> {
        let stood = self.ladders.remove(&order);
        let follows = match rung {
            // The clock itself is missed first, and that is said.
            Rung::Deputy => {
                stood.is_none() && !self.running.contains_key(&(order, OrderClock::Acknowledge))
            }
            Rung::DutyLeader => stood.is_some_and(|(before, _)| before == Rung::Deputy),
            Rung::NextUnit => stood.is_some_and(|(before, _)| before == Rung::DutyLeader),
            Rung::Primary => false,
        };
        if !follows || next_due.is_none() != (rung == Rung::NextUnit) {
            return Err(format!(
                "the ladder of {order} went from {stood:?} to {rung}"
            ));
        }
        if let Some((_, due)) = stood {
            self.fire(heard, due)?;
        }
        if let Some(due) = next_due {
            self.ladders.insert(order, (rung, due));
        }
        Ok(())
    }

    fn hear_one(&mut self, heard: &Heard, event: &Event) -> Result<(), String> {
        match *event {
            Event::OrderIssued(issued) => {
                for &clock in OrderClock::ALL {
                    if let Some(due) = issued.deadlines.get(clock) {
                        self.running.insert((issued.order, clock), due);
                    }
                }
                Ok(())
            }
            Event::OrderMoved { order, to, .. } => {
                self.ladders.remove(&order);
                let passed_over = self.running.iter().find(|((of, _), due)| {
                    *of == order && self.fired.is_some_and(|fired| **due < fired)
                });
                if let Some(((_, clock), due)) = passed_over {
                    return Err(format!("{clock} of {order} at {due} never fired"));
                }
                use OrderState::{Cancelled, Declined, Preempted, Reassigned};
                if matches!(to, Cancelled | Declined | Reassigned | Preempted) {
                    self.running.retain(|(of, _), _| *of != order);
                }
                Ok(())
            }
            Event::ClockMet { order, clock, due } => self.end(order, clock, due),
            Event::ClockMissed { order, clock, due } => {
                self.end(order, clock, due)?;
                self.fire(heard, due)
            }
            Event::LadderClimbed {
                order,
                rung,
                next_due,
                ..
            } => self.climb(heard, order, rung, next_due),
            _ => Ok(()),
        }
    }
}

impl Check for Clocks {
    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        self.fired = None;
        let mut finished = Vec::new();
        for event in heard.events {
            self.hear_one(heard, event)?;
            if let Event::OrderMoved {
                order,
                to: OrderState::Finished,
                ..
            } = event
            {
                finished.push(*order);
            }
        }
        if let Some(left) = self.running.keys().find(|key| finished.contains(&key.0)) {
            return Err(format!("{left:?} runs on though its order has finished"));
        }
        let done = !matches!(heard.events.last(), Some(Event::Continues { .. }));
        let ticked =
            heard.envelope.command == Command::Tick && !matches!(heard.events, [Event::Refused(_)]);
        if ticked && done {
            let overdue = self.running.iter().find(|&(_, &due)| due < heard.at);
            let late = self.ladders.iter().find(|&(_, &(_, due))| due < heard.at);
            if overdue.is_some() || late.is_some() {
                return Err(format!("the tick left {overdue:?} and {late:?} overdue"));
            }
        }
        Ok(())
    }
}
