//! A centre's state as bytes, and back: what recovery begins from instead of the first record.
//!
//! The bytes are those that the state hash is taken over, so the hash of a saved centre is the hash of its bytes. What has
//! links (wheel, queues, table, ring) is written as its meaning and built anew, with all room reserved again; the
//! indexes follow from the state and the objects in force. What is read may be damaged or made up: capacities are
//! bounded before anything is reserved, and [`soundness`](super::soundness) refuses what contradicts itself.

use super::ring::CallRing;
use super::state::{State, wheel_nodes};
use super::{Centre, Prepared};
use crate::capability::Capability;
use crate::city::HOSPITALS_MAX;
use crate::clock::wheel::Wheel;
use crate::command::{ObjectKind, Opening};
use crate::dispatch::queue::Queues;
use crate::hospital::HospitalDefinition;
use crate::id::IncidentId;
use crate::limits::{Capacities, NEEDS_PER_INCIDENT_MAX};
use crate::moment::Moment;
use crate::saved::{InTurn, LoadError, Parts, Together, append, ensure, is_saved_as, wrong};
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
        Unproved::read(bytes, &InTurn)?.prove(prepared, &InTurn)
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

/// A state that was read and is not believed yet.
pub struct Unproved<'a> {
    state: State,
    capacities: Capacities,
    spans: Spans<'a>,
}

impl<'a> Unproved<'a> {
    /// Reads a saved centre, two things at once where that can be.
    pub fn read(bytes: &'a [u8], together: &impl Together) -> Result<Unproved<'a>, LoadError> {
        let (state, capacities, spans) = read(bytes, together)?;
        Ok(Unproved {
            state,
            capacities,
            spans,
        })
    }

    /// The centre, once nothing in it contradicts anything, and once what it is saved as is what it was read from.
    pub fn prove(
        self,
        prepared: Vec<Prepared>,
        together: &impl Together,
    ) -> Result<Centre, LoadError> {
        let Unproved {
            state,
            capacities,
            spans,
        } = self;
        let mut centre = Centre::new(Capacities::NONE);
        centre.state = state;
        centre.capacities = capacities;
        prepared
            .into_iter()
            .for_each(|object| centre.prepare(object));
        centre.ensure_at_hand()?;
        let state = &centre.state;
        let (is_saved, is_sound) = together.both(
            || {
                let (before, _, behind) = state.thirds();
                is_saved_as(&before, spans.before) && is_saved_as(&behind, spans.behind)
            },
            || state.ensure_sound(),
        );
        is_sound?;
        centre.rebuild();
        centre.state.ensure_decided_with(centre.finder.is_some())?;
        // The state, saved again, is byte for byte what it was read from. Whatever was read otherwise than it is written
        // (an overlong number, say) is not what was saved.
        ensure(is_saved && spans.calls_are_saved, "bytes", || {
            "they are not as this release writes what they say".into()
        })?;
        Ok(centre)
    }
}

/// Where in the bytes the thirds of a state stand.
struct Spans<'a> {
    before: &'a [u8],
    behind: &'a [u8],
    /// Whether the calls that were read are saved as the bytes that they were read from.
    calls_are_saved: bool,
}

/// The parts of a state in the order in which they are written.
fn read<'a>(
    bytes: &'a [u8],
    together: &impl Together,
) -> Result<(State, Capacities, Spans<'a>), LoadError> {
    let mut parts = Parts(bytes);
    // In the order of the fields of `State`: they are written one after the other.
    let ((mut state, capacities), before) = parts.span(read_before)?;
    let (mut calls, calls_span) =
        parts.span(|parts| CallRing::restored(capacities.calls_max, parts))?;
    // The calls are most of it. What they need beyond being read is done while the rest is.
    let ((index, calls_are_saved), behind) = together.both(
        || (calls.index(), is_saved_as(&calls, calls_span)),
        || parts.span(|parts| read_behind(&mut state, &capacities, parts)),
    );
    let ((), behind) = behind?;
    parts.end()?;
    calls.find_by(index?);
    state.calls = calls;
    let spans = Spans {
        before,
        behind,
        calls_are_saved,
    };
    Ok((state, capacities, spans))
}

/// What stands before the calls, in a state that is empty otherwise.
fn read_before(parts: &mut Parts<'_>) -> Result<(State, Capacities), LoadError> {
    let opening: Option<Opening> = parts.take("opening")?;
    let opening = opening.ok_or(LoadError::NotOpened)?;
    let capacities = bounded(opening.capacities)?;
    let state = State {
        opening: Some(opening),
        now: parts.take("time")?,
        sequence: parts.take("sequence")?,
        plan: parts.take("plan's hash")?,
        plan_configured: parts.take("configured plan's hash")?,
        lexicon: parts.take("lexicon's hash")?,
        city: parts.take("city's hash")?,
        roads: parts.take("roads' hash")?,
        bulletin: parts.take("bulletin's hash")?,
        numbers: parts.take("numbers")?,
        conservation: parts.take("conservation")?,
        ..State::new(&Capacities::NONE)
    };
    Ok((state, capacities))
}

/// What stands behind the calls.
fn read_behind(
    state: &mut State,
    capacities: &Capacities,
    parts: &mut Parts<'_>,
) -> Result<(), LoadError> {
    let needs = capacities.incidents_max * NEEDS_PER_INCIDENT_MAX as u32;
    state.incidents = table(parts, "incidents", capacities.incidents_max)?;
    state.orders = table(parts, "orders", capacities.orders_max)?;
    state.units = units(parts, capacities.units_max)?;
    state.closed = closed(parts, capacities.incidents_max)?;
    state.wheel = Wheel::restored(
        wheel_nodes(capacities),
        state.now,
        &parts.take::<Vec<_>>("clocks")?,
    )
    .map_err(|what| wrong("clocks", what))?;
    state.queues = Queues::restored(
        needs,
        2 * Capability::ALL.len() as u32,
        &parts.take::<Vec<_>>("waiting needs")?,
    )
    .map_err(|what| wrong("waiting needs", what))?;
    state.hospitals = hospitals(parts)?;
    state.passed_over = parts.take("grants past service calls")?;
    Ok(())
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
