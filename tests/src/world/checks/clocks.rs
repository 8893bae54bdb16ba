//! Every clock of an order fires once, after its deadline and before anything else happens at a later time; or it is met
//! in time; or its order ends.

use super::Checker;
use engine::command::{Actor, Command};
use engine::event::Event;
use engine::id::OrderId;
use engine::moment::Moment;
use engine::order::{OrderClock, Rung};
use engine::runtime::ReleasedRecord;
use std::collections::{BTreeMap, BTreeSet};

/// The clocks that run.
#[derive(Debug, Default)]
pub struct Clocks {
    running: BTreeMap<(OrderId, OrderClock), Moment>,
    due: BTreeSet<(Moment, OrderId, OrderClock)>,
    /// Orders whose acknowledgement has been missed: the clock now stands for the rungs of the ladder.
    climbing: BTreeSet<OrderId>,
    /// The last tick left some of what was due to the next.
    continues: bool,
}

impl Clocks {
    fn start(&mut self, order: OrderId, clock: OrderClock, due: Moment) {
        self.running.insert((order, clock), due);
        self.due.insert((due, order, clock));
    }

    fn stop(&mut self, order: OrderId, clock: OrderClock) -> Option<Moment> {
        let due = self.running.remove(&(order, clock))?;
        self.due.remove(&(due, order, clock));
        Some(due)
    }

    fn hear_event(&mut self, event: &Event, at: Moment) -> Result<(), String> {
        if let Event::OrderIssued(issued) = event {
            for &clock in OrderClock::ALL {
                if let Some(due) = issued.deadlines.get(clock) {
                    self.start(issued.order, clock, due);
                }
            }
        } else if let Event::ClockMissed { order, clock, due } = *event {
            if self.stop(order, clock) != Some(due)
                || self.climbing.contains(&order) && clock == OrderClock::Acknowledge
            {
                return Err(format!("a clock fired that did not run: {event:?}"));
            }
            if at <= due {
                return Err(format!("a clock fired at {at}, too early: {event:?}"));
            }
            if clock == OrderClock::Acknowledge {
                self.climbing.insert(order);
            }
        } else if let Event::ClockMet { order, clock, due } = *event {
            if self.stop(order, clock) != Some(due) || at > due {
                return Err(format!(
                    "a clock was met at {at} that did not run: {event:?}"
                ));
            }
        } else if let Event::LadderClimbed {
            order,
            rung,
            next_due,
            ..
        } = *event
        {
            let before = self.stop(order, OrderClock::Acknowledge);
            let is_first = rung == Rung::Deputy;
            if is_first != before.is_none() || before.is_some_and(|due| at <= due) {
                return Err(format!(
                    "a ladder was climbed at {at}, its rung due {before:?}: {event:?}"
                ));
            }
            if let Some(due) = next_due {
                self.start(order, OrderClock::Acknowledge, due);
            }
        }
        Ok(())
    }

    /// Orders that moved: what their state stops must have been met, ladders excepted; what has ended owes nothing.
    fn settle(&mut self, event: &Event) -> Result<(), String> {
        let Event::OrderMoved { order, to, .. } = *event else {
            return Ok(());
        };
        let is_climbing = self.climbing.contains(&order);
        for &clock in to.stops() {
            let left = self.stop(order, clock);
            if left.is_some() && !(clock == OrderClock::Acknowledge && is_climbing) {
                return Err(format!(
                    "a clock stopped without a word: {clock} due {left:?} of {event:?}"
                ));
            }
        }
        if !to.is_open() {
            for &clock in OrderClock::ALL {
                self.stop(order, clock);
            }
            self.climbing.remove(&order);
        }
        Ok(())
    }
}

impl Checker for Clocks {
    fn hear(&mut self, released: &ReleasedRecord) -> Result<(), String> {
        let record = &released.record;
        let is_tick = record.envelope.command == Command::Tick;
        // What the centre says to itself while it comes up is before its first look at the clock.
        if !is_tick && record.envelope.actor != Actor::System && !self.continues {
            let late = self.due.first().filter(|(due, _, _)| *due < record.at);
            if let Some(late) = late {
                return Err(format!("at {} the clock {late:?} has not fired", record.at));
            }
        }
        for event in &record.events {
            self.hear_event(event, record.at)?;
        }
        for event in &record.events {
            self.settle(event)?;
        }
        self.continues = record
            .events
            .iter()
            .any(|event| matches!(event, Event::Continues { .. }));
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        match self.due.first() {
            None => Ok(()),
            Some(left) => Err(format!("a clock still runs: {left:?}")),
        }
    }
}
