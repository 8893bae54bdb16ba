//! A centre that was saved and loaded goes on exactly as it would have; damage is an error that says what is wrong.

use super::random::Random;
use super::*;
use crate::incident::IncidentState;
use crate::saved::LoadError;

/// Little room, so that tables fill, the oldest leave and slots are used again.
const TIGHT: Capacities = Capacities {
    units_max: 512,
    incidents_max: 48,
    orders_max: 128,
    calls_max: 100,
};

impl World {
    fn saved(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.centre.save(&mut bytes);
        bytes
    }

    fn view_saved(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.view.save(&mut bytes);
        bytes
    }

    fn view_loaded(&self) -> View {
        View::load(&self.view_saved()).unwrap()
    }

    /// What the centre has at hand.
    pub(super) fn prepared(&self) -> Vec<Prepared> {
        let plans = self.centre.plans.iter().cloned().map(Prepared::Plan);
        let cities = self.centre.cities.iter().cloned();
        let atlases = self.centre.atlases.iter().cloned();
        plans
            .chain(cities.map(|(hash, city)| Prepared::City(hash, city)))
            .chain(atlases.map(Prepared::Roads))
            .collect()
    }

    /// All of that but its maps.
    pub(super) fn prepared_without_roads(&self) -> Vec<Prepared> {
        let mut prepared = self.prepared();
        prepared.retain(|object| !matches!(object, Prepared::Roads(_)));
        prepared
    }

    fn loaded(&self, bytes: &[u8]) -> Result<Centre, LoadError> {
        Centre::load(bytes, self.prepared())
    }
}

fn apply(centre: &mut Centre, at: Moment, actor: Actor, command: Command) -> Vec<Event> {
    let mut events = Vec::new();
    centre.apply(at, &Envelope { actor, command }, &mut events);
    events
}

/// Lets a world run, saves it, loads it, and lets both run on side by side.
fn side_by_side(seed: u64, before: u64, after: u64, capacities: Capacities) -> World {
    let mut world = World::with(capacities);
    let mut random = Random(seed);
    for _ in 0..before {
        world.step(&mut random);
    }
    let bytes = world.saved();
    assert_eq!(ObjectHash::of(&bytes), world.centre.inspect().hash);
    let mut twin = world.loaded(&bytes).unwrap();
    let mut view = world.view_loaded();
    assert_eq!(view, world.view, "seed {seed}");
    assert_eq!(twin.inspect(), world.centre.inspect(), "seed {seed}");
    for step in 0..after {
        let heard = world.records.len();
        for (index, (actor, command, at)) in world.step(&mut random).into_iter().enumerate() {
            let events = apply(&mut twin, at, actor, command);
            let released = &world.records[heard + index];
            assert_eq!(
                events, released.record.events,
                "seed {seed}, {before} + {step} steps: {command:?}"
            );
            view.hear(released);
        }
        assert_eq!(twin.next_due(), world.centre.next_due());
        if step < 100 || step % 64 == 0 {
            assert_eq!(twin.inspect(), world.centre.inspect(), "seed {seed}");
            assert_eq!(view, world.view, "seed {seed}, {before} + {step} steps");
        }
    }
    assert_eq!(twin.inspect(), world.centre.inspect(), "seed {seed}");
    assert_eq!(view, world.view, "seed {seed}");
    assert!(!view.acts().is_empty());
    world
}

#[test]
fn a_loaded_centre_goes_on_as_the_saved_one_would_have() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..12 {
        let before = Random(seed).below(1_500);
        let world = side_by_side(seed, before, 500, TIGHT);
        // The view lets go of what is closed sooner, so it is not held against the state here.
        assert_eq!(world.centre.state.ensure_sound(), Ok(()));
        assert_eq!(world.view.conservation(), world.centre.conservation());
        for event in &world.events {
            let name = format!("{event:?}");
            let name = name.split([' ', '(']).next().unwrap().to_owned();
            *seen.entry(name).or_insert(0_u32) += 1;
        }
    }
    // Fewer would show little: nearly all that a centre can say must have been said.
    for name in [
        "CallRepeated",
        "IncidentJoined",
        "IncidentRaised",
        "IncidentReclassified",
        "IncidentMerged",
        "IncidentReopened",
        "OrderTransferred",
        "CallSplit",
        "NeedWaits",
        "NeedMet",
        "NeedDone",
        "ClockMissed",
        "LadderClimbed",
        "UnitSilent",
        "UnitHeard",
        "UnitStaffed",
        "UnitPositionStale",
        "UnitPreempted",
        "HospitalDefined",
        "LevelRaised",
        "CommanderNamed",
        "SituationReported",
        "ReportedUpward",
        "IncidentClockMissed",
        "IncidentEntered",
        "FollowUpNamed",
        "CloseAwaited",
        "DutiesJoined",
        "Refused",
    ] {
        assert!(seen.get(name) > Some(&3), "{name} is too rare: {seen:?}");
    }
}

/// A world small enough that each of its saved bytes can be changed: a few units, and something of everything.
fn small() -> World {
    let mut city = crate::city::generate(1, None).unwrap();
    let mut kept = 0;
    city.units.retain(|row| {
        kept += 1;
        kept % 8 == 0 || row.capabilities.contains(Capability::Ambulance) && kept % 3 == 0
    });
    let capacities = Capacities {
        units_max: 64,
        incidents_max: 16,
        orders_max: 40,
        calls_max: 24,
    };
    let mut world = World::of(Arc::new(city), capacities);
    let mut random = Random(5);
    for _ in 0..250 {
        world.step(&mut random);
    }
    let known = world.centre.state.incidents.iter();
    let open = known.filter(|(_, _, known)| known.state == IncidentState::Open);
    let ids: Vec<_> = open
        .map(|(slot, ..)| world.centre.state.incident_id(slot))
        .collect();
    // Some want a follow-up named, and stay open.
    for &incident in &ids {
        if world.centre.state.closed.len() < 2 {
            world.say(Command::CloseIncident(incident));
        }
    }
    assert!(world.centre.state.closed.len() >= 2);
    world
}

/// Damage is an error or another state than was saved, never a panic; and what is loaded all the same can be lived with.
#[test]
fn a_changed_byte_never_gives_the_same_centre() {
    let world = small();
    let bytes = world.saved();
    let hash = world.centre.inspect().hash;
    let city = Arc::clone(&world.city);
    let (mut refused, mut another) = (0, 0);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(mut centre) = world.loaded(&changed) else {
            refused += 1;
            continue;
        };
        assert_ne!(centre.inspect().hash, hash, "byte {at}");
        another += 1;
        let mut random = Random(at as u64);
        for _ in 0..10 {
            let (actor, command) = random.said(&centre, &city);
            let at = centre.now() + Span(random.below(100_000) as i64);
            apply(&mut centre, at, actor, command);
        }
    }
    assert!(refused > 500 && another > 500, "{refused} {another}");
}

#[test]
fn any_prefix_and_any_more_is_refused() {
    let world = small();
    let (bytes, view) = (world.saved(), world.view_saved());
    for end in 0..bytes.len() {
        assert!(world.loaded(&bytes[..end]).is_err(), "{end}");
    }
    for end in 0..view.len() {
        assert!(View::load(&view[..end]).is_err(), "{end}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(world.loaded(&longer).unwrap_err(), LoadError::Trailing(1));
    let longer = [&view[..], &[0]].concat();
    assert_eq!(View::load(&longer), Err(LoadError::Trailing(1)));
}

/// A view of damaged bytes is refused, or can be read and goes on hearing.
#[test]
fn a_changed_byte_never_stops_a_view() {
    let mut world = small();
    let bytes = world.view_saved();
    let last = world.records.len();
    let mut random = Random(6);
    for _ in 0..5 {
        world.step(&mut random);
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(mut view) = View::load(&changed) else {
            continue;
        };
        for released in &world.records[last..] {
            view.hear(released);
        }
        view.census(600);
        view.conservation();
        view.incidents_by_clock(usize::MAX);
        let late = |(_, entry): (_, &crate::view::LedgerView)| entry.late(world.now).0;
        view.ledger_after(None).map(late).for_each(drop);
        for number in 1..30 {
            view.incident_of(CallId::new(CentreId(1), number).unwrap());
        }
    }
}

/// The same for bytes that never were a centre.
#[test]
fn noise_is_refused() {
    let world = small();
    let bytes = world.saved();
    let mut random = Random(11);
    for _ in 0..400 {
        let mut noise = bytes.clone();
        for _ in 0..1 + random.below(6) {
            let at = random.below(noise.len() as u64) as usize;
            noise[at] = random.below(256) as u8;
        }
        if noise != bytes {
            let hash = world.loaded(&noise).map(|centre| centre.inspect().hash);
            assert_ne!(hash, Ok(world.centre.inspect().hash));
        }
    }
}

/// Says why a state that was changed by hand is refused.
fn refusal(change: impl FnOnce(&mut super::State)) -> String {
    let mut world = small();
    change(&mut world.centre.state);
    let refused = world.loaded(&world.saved()).unwrap_err();
    refused.to_string()
}

#[test]
fn each_contradiction_is_named() {
    let refused = refusal(|state| state.opening = None);
    assert_eq!(refused, "the saved centre was never opened");
    let opened = |change: fn(&mut Capacities)| {
        refusal(|state| change(&mut state.opening.as_mut().unwrap().capacities))
    };
    let refused = opened(|capacities| capacities.calls_max = u32::MAX);
    assert!(refused.contains("calls_max 4294967295"), "{refused}");
    let refused = opened(|capacities| capacities.incidents_max += 1);
    assert!(
        refused.contains("as the centre was opened with"),
        "{refused}"
    );
    let refused = opened(|capacities| capacities.units_max = 2);
    assert!(refused.contains("units"), "{refused}");
    let refused = refusal(|state| state.plan = Some(ObjectHash([7; 32])));
    assert!(refused.contains("the plan 0707"), "{refused}");
    let refused = refusal(|state| {
        state.wheel.arm(63, Moment(5));
    });
    assert!(refused.contains("of them for somebody"), "{refused}");
    let refused = refusal(|state| state.units[1].definition.name = state.units[0].definition.name);
    assert!(refused.contains("two have this name"), "{refused}");
    let refused = refusal(|state| state.units[0].open_orders += 1);
    assert!(refused.contains("units contradict"), "{refused}");
    let refused = refusal(|state| {
        let slot = state
            .incidents
            .iter()
            .find(|(_, _, known)| known.order.is_some());
        let (order, slot) = (slot.unwrap().2.order, slot.unwrap().0);
        let order_slot = state.order_slot(order.unwrap()).unwrap();
        // A list that goes round in a circle.
        state.order_mut(order_slot).sibling = state.incident(slot).order;
    });
    assert!(refused.contains("another's"), "{refused}");
    let refused = refusal(|state| {
        let (first, last) = (state.closed[0], state.closed[state.closed.len() - 1]);
        // Two that were merged into each other.
        for (one, other) in [(first, last), (last, first)] {
            let slot = state.incident_slot(one.0).unwrap();
            state.incident_mut(slot).merged_into = Some(other.0);
        }
    });
    assert!(refused.contains("was merged into"), "{refused}");
    let refused = refusal(|state| state.conservation.ordered += 1);
    assert!(refused.contains("conservation"), "{refused}");
}
