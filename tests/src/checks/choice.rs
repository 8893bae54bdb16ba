//! The nearest free unit by road or by the plan was sent, and nothing waits while a unit that fits is free, unless an event
//! names why.

use super::fleet::{Fleet, Goal};
use super::{Check, Heard};
use engine::capability::Capability;
use engine::centre::Prepared;
use engine::command::Command;
use engine::event::{Choice, Event, OrderIssued};
use engine::id::{IncidentId, OrderId, UnitId};
use engine::incident::{CloseReason, Shortage};
use engine::moment::{Moment, Span};
use std::collections::BTreeMap;

/// Holds every order against all units that were free.
#[derive(Debug)]
pub struct Nearest {
    fleet: Fleet,
}

impl Nearest {
    /// The checker of a centre that starts with these objects.
    pub fn new(objects: &[Prepared]) -> Nearest {
        Nearest {
            fleet: Fleet::new(objects),
        }
    }

    fn judge(&self, issued: &OrderIssued) -> Result<(), String> {
        let fleet = &self.fleet;
        let unit = fleet.units.get(&issued.unit);
        let unit = unit.ok_or_else(|| format!("{} is no unit", issued.unit))?;
        let able = unit.definition.capabilities.contains(issued.capability);
        if !unit.is_available() || !able {
            return Err(format!("{} is not free or cannot: {unit:?}", issued.unit));
        }
        let incident = fleet.incidents.get(&issued.incident);
        let incident = incident.ok_or_else(|| format!("{} is unknown", issued.incident))?;
        if incident.drill {
            return Err(format!(
                "{} is a drill and gets {}",
                issued.incident, issued.order
            ));
        }
        let goal = incident.place.map(|place| Goal {
            to: place.point,
            priority: incident.priority,
            district: place.district,
        });
        let travel_ms = match goal {
            Some(goal) if unit.definition.travels() => fleet.way(unit, issued.capability, goal).1,
            Some(_) | None => 0,
        };
        let total_ms = travel_ms.saturating_add(unit.definition.turnout_ms);
        if issued.travel_ms != travel_ms && total_ms != u32::MAX {
            return Err(format!(
                "{} takes {travel_ms} ms, not {}",
                issued.unit, issued.travel_ms
            ));
        }
        if !matches!(issued.choice, Choice::Nearest | Choice::Desk) {
            return Ok(());
        }
        let best = |within| {
            let declined = fleet.declined(issued.previous, within);
            fleet.best(issued.capability, goal, &declined)
        };
        let (all, known) = (best(None), best(Some(issued.incident)));
        if [all, known]
            .iter()
            .flatten()
            .any(|best| best.2 == issued.unit)
        {
            return Ok(());
        }
        Err(format!("{} was sent, and the best is {all:?}", issued.unit))
    }
}

impl Check for Nearest {
    fn prepare(&mut self, object: &Prepared) {
        self.fleet.prepare(object);
    }

    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        for event in heard.events {
            if let Event::OrderIssued(issued) = event {
                self.judge(issued)?;
            }
            self.fleet.hear(heard, event);
        }
        Ok(())
    }
}

/// A need without a unit.
#[derive(Clone, Copy, Debug)]
struct Waits {
    capability: Capability,
    shortage: Shortage,
    last: Option<OrderId>,
}

/// Looks after each command whether anybody free could serve what waits.
#[derive(Debug)]
pub struct Idle {
    fleet: Fleet,
    waits: BTreeMap<(IncidentId, u8), Waits>,
    /// The last order of each need.
    last: BTreeMap<(IncidentId, u8), OrderId>,
    /// When an event last said that the table of orders is full: the named policy that holds needs beside free units.
    no_room_at: Option<Moment>,
    /// Units that a tick still has to look after.
    continues: bool,
}

/// After so long a need without room is brought up again.
const ASK_AGAIN: Span = Span::minutes(5);
/// A free unit looks at so many needs that it has declined before it stays free.
const LOOKED_AT: usize = 8;

impl Idle {
    /// The checker of a centre that starts with these objects.
    pub fn new(objects: &[Prepared]) -> Idle {
        Idle {
            fleet: Fleet::new(objects),
            waits: BTreeMap::new(),
            last: BTreeMap::new(),
            no_room_at: None,
            continues: false,
        }
    }

    fn note(&mut self, heard: &Heard, event: &Event) {
        match *event {
            Event::NeedWaits {
                incident,
                need,
                capability,
                shortage,
                ..
            } => {
                if shortage == Shortage::NoRoom {
                    self.no_room_at = Some(heard.at);
                }
                let last = self.last.get(&(incident, need)).copied();
                let waits = Waits {
                    capability,
                    shortage,
                    last,
                };
                self.waits.insert((incident, need), waits);
            }
            Event::OrderIssued(issued) => {
                self.last
                    .insert((issued.incident, issued.need), issued.order);
                self.waits.remove(&(issued.incident, issued.need));
            }
            Event::OrderTransferred {
                order, into, need, ..
            } => {
                self.last.insert((into, need), order);
                self.waits.remove(&(into, need));
            }
            Event::NeedDropped { incident, need } => {
                self.waits.remove(&(incident, need));
            }
            Event::IncidentClosed {
                incident,
                reason: CloseReason::Lapsed | CloseReason::Served | CloseReason::Person,
            } => self.waits.retain(|&(of, _), _| of != incident),
            // Its needs begin anew: nobody has been asked for them.
            Event::IncidentReopened { incident, .. } => {
                self.last.retain(|&(of, _), _| of != incident);
            }
            Event::Continues { .. } => self.continues = true,
            _ => {}
        }
    }

    /// Whether a unit has declined so much of what waits for this capability that it looks no further.
    fn looks_no_further(&self, unit: UnitId, capability: Capability) -> bool {
        let declined = self.waits.values().filter(|waits| {
            waits.capability == capability && self.fleet.declined(waits.last, None).contains(&unit)
        });
        declined.count() >= LOOKED_AT
    }
}

impl Check for Idle {
    fn prepare(&mut self, object: &Prepared) {
        self.fleet.prepare(object);
    }

    fn hear(&mut self, heard: &Heard) -> Result<(), String> {
        self.continues = false;
        for event in heard.events {
            self.note(heard, event);
            self.fleet.hear(heard, event);
        }
        // What found no room is brought up again by the first tick after a while, which may come late.
        let ticked = heard.envelope.command == Command::Tick && !self.continues;
        if ticked && self.no_room_at.is_some_and(|at| at + ASK_AGAIN <= heard.at) {
            self.no_room_at = None;
        }
        if self.no_room_at.is_some() || self.continues {
            return Ok(());
        }
        for (&(incident, need), waits) in &self.waits {
            use Shortage::{Drill, NoPlace, NoRoom, Outside};
            if matches!(waits.shortage, Drill | NoPlace | Outside | NoRoom) {
                continue;
            }
            let declined = self.fleet.declined(waits.last, None);
            let goal = self.fleet.destination(incident);
            let free = self.fleet.best(waits.capability, goal, &declined);
            if let Some((.., unit)) =
                free.filter(|&(.., unit)| !self.looks_no_further(unit, waits.capability))
            {
                return Err(format!(
                    "need {need} of {incident} waits ({}) beside {unit}",
                    waits.shortage
                ));
            }
        }
        Ok(())
    }
}
