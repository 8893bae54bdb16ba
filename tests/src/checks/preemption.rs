//! Who is called away from what is less urgent (R2): the plan lets it, it is worth it, and the clock of whom it leaves runs on.

use super::fleet::{Fleet, FleetUnit, Goal};
use super::{Check, Heard};
use engine::centre::Prepared;
use engine::event::{Choice, Event, OrderIssued};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::moment::Moment;
use engine::order::OrderState;
use std::collections::{BTreeMap, BTreeSet};

/// Follows every call away and what comes after it.
#[derive(Debug)]
pub struct Preemption {
    fleet: Fleet,
    /// How often each incident has lost a unit.
    bumps: BTreeMap<IncidentId, u8>,
    /// Orders that a person gave.
    by_hand: BTreeSet<OrderId>,
    /// The arrival clocks of orders.
    arrive: BTreeMap<OrderId, Moment>,
    /// By when the first unit that was called away from a need was to be there.
    owed: BTreeMap<(IncidentId, u8), Moment>,
    /// Who was called away in this record, and for what.
    called: Vec<(UnitId, IncidentId)>,
}

impl Preemption {
    /// The checker of a centre that starts with these objects.
    pub fn new(objects: &[Prepared]) -> Preemption {
        Preemption {
            fleet: Fleet::new(objects),
            bumps: BTreeMap::new(),
            by_hand: BTreeSet::new(),
            arrive: BTreeMap::new(),
            owed: BTreeMap::new(),
            called: Vec::new(),
        }
    }

    fn call(&mut self, unit: UnitId, id: OrderId, into: IncidentId) -> Result<(), String> {
        let fleet = &self.fleet;
        let (Some(order), Some(taker)) = (fleet.orders.get(&id), fleet.incidents.get(&into)) else {
            return Err(format!(
                "{unit} is called away from or for something unknown"
            ));
        };
        let Some(loser) = fleet.incidents.get(&order.incident) else {
            return Err(format!("{unit} is called away from an unknown incident"));
        };
        let under_way = matches!(
            order.state,
            OrderState::Issued | OrderState::Acknowledged | OrderState::SetOff
        );
        if !under_way || self.by_hand.contains(&id) {
            return Err(format!("{unit} stays with {id}, and is called away"));
        }
        let is_vehicle = fleet.travels(unit);
        let load = fleet.units.get(&unit).map(|unit| unit.load);
        if !is_vehicle || load != Some(1) {
            return Err(format!("{unit} is called away and has {load:?} orders"));
        }
        let rules = fleet.plan().map(|plan| plan.preemption).unwrap_or_default();
        if !rules.lets(taker.priority, loser.priority) {
            return Err(format!(
                "priority {} takes {unit} from priority {}",
                taker.priority.number(),
                loser.priority.number()
            ));
        }
        let bumps = self.bumps.entry(order.incident).or_default();
        *bumps += 1;
        if *bumps > rules.bumps_max {
            return Err(format!("{} loses {bumps} units", order.incident));
        }
        if let Some(&due) = self.arrive.get(&id) {
            self.owed.entry((order.incident, order.need)).or_insert(due);
        }
        self.called.push((unit, into));
        Ok(())
    }

    /// What a need owes goes over with its order, as long as the clock of that has not run out.
    fn hand_over(&mut self, id: OrderId, into: IncidentId, need: u8) {
        let Some(order) = self.fleet.orders.get(&id) else {
            return;
        };
        let left = self.owed.remove(&(order.incident, order.need));
        if let (Some(owed), true) = (left, self.arrive.contains_key(&id)) {
            let joined = self.owed.entry((into, need)).or_insert(owed);
            *joined = owed.min(*joined);
        }
    }

    fn judge(&self, at: Moment, issued: &OrderIssued) -> Result<(), String> {
        let owed = self.owed.get(&(issued.incident, issued.need));
        if let (Some(owed), Some(due)) = (owed, issued.deadlines.arrive)
            && due > at.max(*owed)
        {
            return Err(format!("{} may arrive later than was owed", issued.order));
        }
        if issued.choice != Choice::Preemption {
            return Ok(());
        }
        if !self.called.contains(&(issued.unit, issued.incident)) {
            return Err(format!("nobody was called away for {}", issued.order));
        }
        self.judge_gain(issued)
    }

    /// Who was called away comes by some way, and so much sooner than anybody who is free. What the plan would add to the times of
    /// free ones for what they leave behind counts for nothing here.
    fn judge_gain(&self, issued: &OrderIssued) -> Result<(), String> {
        let fleet = &self.fleet;
        let incident = fleet.incidents.get(&issued.incident);
        let goal = incident.and_then(|incident| {
            Some(Goal {
                to: incident.place?.point,
                priority: incident.priority,
                district: incident.place?.district,
            })
        });
        let Some(goal) = goal else { return Ok(()) };
        let total_ms = |unit: &FleetUnit| {
            let (is_cut_off, travel_ms) = fleet.way(unit, issued.capability, goal);
            let total_ms = travel_ms.saturating_add(unit.definition.turnout_ms);
            (!is_cut_off).then_some(total_ms)
        };
        let called_ms = fleet.units.get(&issued.unit).and_then(total_ms);
        let Some(called_ms) = called_ms else {
            return Err(format!(
                "{} is called away, no way leads there",
                issued.unit
            ));
        };
        let mut out = fleet.declined(issued.previous, None);
        out.push(issued.unit);
        let gain_ms = fleet.plan().map_or(0, |plan| plan.preemption.least_gain_ms);
        for (id, unit) in &fleet.units {
            let able = unit.definition.capabilities.contains(issued.capability);
            let is_free = able && fleet.travels(*id) && unit.is_available() && !out.contains(id);
            let free_ms = total_ms(unit).filter(|_| is_free);
            if free_ms.is_some_and(|free_ms| called_ms.saturating_add(gain_ms) > free_ms) {
                return Err(format!(
                    "{} is called away, {id} is free and hardly later",
                    issued.unit
                ));
            }
        }
        Ok(())
    }
}

impl Check for Preemption {
    fn prepare(&mut self, object: &Prepared) {
        self.fleet.prepare(object);
    }

    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        self.called.clear();
        for event in heard.events {
            if let Event::UnitPreempted {
                unit, order, into, ..
            } = *event
            {
                self.call(unit, order, into)?;
            } else if let Event::OrderIssued(issued) = event {
                self.judge(heard.at, issued)?;
                if issued.choice == Choice::Person {
                    self.by_hand.insert(issued.order);
                }
                if let Some(due) = issued.deadlines.arrive {
                    self.arrive.insert(issued.order, due);
                }
            } else if let Event::OrderTransferred {
                order, into, need, ..
            } = *event
            {
                self.hand_over(order, into, need);
            } else if let Event::IncidentReopened { incident, .. } = *event {
                self.owed.retain(|&(of, _), _| of != incident);
            } else if let Event::IncidentMerged { from, into, .. } = *event {
                // Both have lost what either has.
                let lost = self.bumps.remove(&from).unwrap_or(0);
                let bumps = self.bumps.entry(into).or_default();
                *bumps = bumps.saturating_add(lost);
            } else if let Event::ClockMissed { order, clock, .. }
            | Event::ClockMet { order, clock, .. } = *event
            {
                // What ran out, or was met, is owed no more.
                if clock == engine::order::OrderClock::Arrive {
                    self.arrive.remove(&order);
                }
            }
            self.fleet.hear(heard, event);
        }
        Ok(())
    }
}
