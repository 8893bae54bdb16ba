//! A centre's state as bytes, and back: what recovery begins from instead of the first record.
//!
//! The bytes are those that the state hash is taken over, so the hash of a saved centre is the hash of its bytes. What has
//! links (wheel, queues, table, ring) is written as its meaning and built anew, with all room reserved again; the
//! indexes follow from the state and the objects in force. What is read may be damaged or made up: capacities are
//! bounded before anything is reserved, and [`soundness`](super::soundness) refuses what contradicts itself.

use super::ring::CallRing;
use super::state::State;
use super::{Centre, Prepared};
use crate::capability::Capability;
use crate::city::HOSPITALS_MAX;
use crate::clock::wheel::Wheel;
use crate::command::{ObjectKind, Opening};
use crate::dispatch::queue::Queues;
use crate::hospital::HospitalDefinition;
use crate::id::{IncidentId, ObjectHash};
use crate::limits::{Capacities, NEEDS_PER_INCIDENT_MAX};
use crate::moment::Moment;
use crate::saved::{LoadError, Parts, append, ensure, wrong};
use crate::table::{DamagedTable, Refill, Slot, Table};
use crate::unit::Unit;
use serde::Deserialize;
use std::collections::VecDeque;

impl Centre {
    /// Appends the state. Its BLAKE3 hash is the one that [`Centre::inspect`] gives.
    pub fn save(&self, out: &mut Vec<u8>) {
        append(&self.state, out);
    }

    /// The centre that was saved: it decides from there on as the other would have. The objects in force must be among
    /// `prepared`; capacities are those that it was opened with.
    pub fn load(bytes: &[u8], prepared: Vec<Prepared>) -> Result<Centre, LoadError> {
        let (state, capacities) = read(bytes)?;
        let mut centre = Centre::new(Capacities::NONE);
        centre.state = state;
        centre.capacities = capacities;
        prepared
            .into_iter()
            .for_each(|object| centre.prepare(object));
        centre.ensure_at_hand()?;
        centre.state.ensure_sound()?;
        centre.rebuild();
        centre.state.ensure_decided_with(centre.finder.is_some())?;
        // Whatever was read otherwise than it is written (an overlong number, say) is not what was saved.
        ensure(
            centre.state.hash() == ObjectHash::of(bytes),
            "bytes",
            || "they are not as this release writes what they say".into(),
        )?;
        Ok(centre)
    }

    /// Every object in force must be there: the next decision is made with it.
    fn ensure_at_hand(&self) -> Result<(), LoadError> {
        for &kind in ObjectKind::ALL {
            if let Some(hash) = self.in_force(kind).filter(|&hash| !self.has(kind, hash)) {
                return Err(LoadError::Object { kind, hash });
            }
        }
        Ok(())
    }
}

/// The parts of a state in the order in which they are written.
fn read(bytes: &[u8]) -> Result<(State, Capacities), LoadError> {
    let mut parts = Parts(bytes);
    let opening: Option<Opening> = parts.take("opening")?;
    let opening = opening.ok_or(LoadError::NotOpened)?;
    let capacities = bounded(opening.capacities)?;
    let needs = capacities.incidents_max * NEEDS_PER_INCIDENT_MAX as u32;
    let nodes = capacities.units_max + capacities.incidents_max + capacities.orders_max;
    let now: Moment = parts.take("time")?;
    // In the order of the fields of `State`: postcard writes a structure as its fields, one after the other.
    let state = State {
        opening: Some(opening),
        now,
        sequence: parts.take("sequence")?,
        plan: parts.take("plan's hash")?,
        plan_configured: parts.take("configured plan's hash")?,
        lexicon: parts.take("lexicon's hash")?,
        city: parts.take("city's hash")?,
        roads: parts.take("roads' hash")?,
        bulletin: parts.take("bulletin's hash")?,
        numbers: parts.take("numbers")?,
        conservation: parts.take("conservation")?,
        calls: CallRing::restored(capacities.calls_max, &mut parts)?,
        incidents: table(&mut parts, "incidents", capacities.incidents_max)?,
        orders: table(&mut parts, "orders", capacities.orders_max)?,
        units: units(&mut parts, capacities.units_max)?,
        closed: closed(&mut parts, capacities.incidents_max)?,
        wheel: Wheel::restored(nodes, now, &parts.take::<Vec<_>>("clocks")?)
            .map_err(|what| wrong("clocks", what))?,
        queues: Queues::restored(
            needs,
            2 * Capability::ALL.len() as u32,
            &parts.take::<Vec<_>>("waiting needs")?,
        )
        .map_err(|what| wrong("waiting needs", what))?,
        hospitals: hospitals(&mut parts)?,
        passed_over: parts.take("grants past service calls")?,
    };
    parts.end()?;
    Ok((state, capacities))
}

/// The capacities, if they are ones that can be configured. Nothing is reserved for any other.
fn bounded(capacities: Capacities) -> Result<Capacities, LoadError> {
    let most = Capacities::MOST;
    for (what, found, most) in [
        ("units_max", capacities.units_max, most.units_max),
        (
            "incidents_max",
            capacities.incidents_max,
            most.incidents_max,
        ),
        ("orders_max", capacities.orders_max, most.orders_max),
        ("calls_max", capacities.calls_max, most.calls_max),
    ] {
        if found > most {
            return Err(LoadError::Capacity {
                what,
                found: u64::from(found),
                right: format!("at most {most}"),
            });
        }
    }
    Ok(capacities)
}

fn table<'a, T: Deserialize<'a>>(
    parts: &mut Parts<'a>,
    part: &'static str,
    opened: u32,
) -> Result<Table<T>, LoadError> {
    let capacity: u32 = parts.take(part)?;
    if capacity != opened {
        return Err(LoadError::Capacity {
            what: part,
            found: u64::from(capacity),
            right: format!("{opened}, as the centre was opened with"),
        });
    }
    let damaged = |damage: DamagedTable| wrong(part, damage.to_string());
    let mut refill = Refill::new(capacity).map_err(damaged)?;
    parts.each(part, |(number, slot, value): (u64, Slot, T)| {
        refill.place(number, slot, value).map_err(damaged)
    })?;
    let vacancies: Vec<u32> = parts.take(part)?;
    refill.finish(&vacancies).map_err(damaged)
}

/// As many as fit, in a list with room for all: how much room there is decides who is refused and whose clock is whose.
fn units(parts: &mut Parts<'_>, most: u32) -> Result<Vec<Unit>, LoadError> {
    let read: Vec<Unit> = parts.take("units")?;
    fits(read.len(), most as usize, "units")?;
    let mut units = Vec::with_capacity(most as usize);
    units.extend(read);
    Ok(units)
}

fn closed(parts: &mut Parts<'_>, most: u32) -> Result<VecDeque<(IncidentId, Moment)>, LoadError> {
    let read: Vec<(IncidentId, Moment)> = parts.take("closed incidents")?;
    fits(read.len(), most as usize, "closed incidents")?;
    let mut closed = VecDeque::with_capacity(most as usize);
    closed.extend(read);
    Ok(closed)
}

fn hospitals(parts: &mut Parts<'_>) -> Result<Vec<HospitalDefinition>, LoadError> {
    let read: Vec<HospitalDefinition> = parts.take("hospitals")?;
    fits(read.len(), HOSPITALS_MAX, "hospitals")?;
    let mut hospitals = Vec::with_capacity(HOSPITALS_MAX);
    hospitals.extend(read);
    Ok(hospitals)
}

fn fits(found: usize, most: usize, what: &'static str) -> Result<(), LoadError> {
    if found <= most {
        return Ok(());
    }
    Err(LoadError::Capacity {
        what,
        found: found as u64,
        right: format!("at most {most}"),
    })
}
