//! Sequences, numbers and counts that begin near their end: a centre that has lived for ever goes on, and where a number
//! has no next one it ends aloud.

use super::random::Random;
use super::*;
use crate::event::Refusal;
use crate::id::{NUMBER_MAX, Sequence};
use crate::incident::Shortage;

/// What a story begins with.
#[derive(Clone, Copy, Debug)]
struct Begin {
    /// The last record.
    sequence: u64,
    /// The last call, incident and order.
    number: u64,
    /// What was counted of each sort.
    count: u64,
}

/// A thousand before each width that a number could be held in.
const BEGINS: [Begin; 4] = [
    Begin {
        sequence: (1 << 32) - 1_000,
        number: (1 << 32) - 1_000,
        count: (1 << 32) - 1_000,
    },
    Begin {
        sequence: (1 << 48) - 1_000,
        number: (1 << 32) - 1,
        count: (1 << 48) - 1_000,
    },
    Begin {
        sequence: (1 << 63) - 10_000,
        number: NUMBER_MAX - 20_000,
        count: (1 << 48) - 1_000,
    },
    Begin {
        sequence: (1 << 53) - 1_000,
        number: NUMBER_MAX / 2 - 1_000,
        count: (1 << 32) - 1_000,
    },
];

impl World {
    /// A world in which so much has happened before.
    fn after(begin: Begin, capacities: Capacities) -> World {
        let mut world = World::with(capacities);
        let state = &mut world.centre.state;
        state.sequence = Sequence(begin.sequence);
        state.numbers.call = begin.number;
        state.numbers.incident = begin.number;
        state.numbers.order = begin.number;
        state.calls.begin_behind(begin.number);
        let sums = &mut state.conservation;
        (sums.accepted, sums.human) = (begin.count, begin.count);
        sums.repeated = begin.count;
        world.records.clear();
        world
    }
}

/// The random story of a thousand steps, from there and from one: the same is done, under other numbers; and what was
/// saved there is loaded there.
#[test]
fn a_story_near_every_maximum_is_the_same_story() {
    let capacities = Capacities {
        units_max: 512,
        incidents_max: 48,
        orders_max: 128,
        calls_max: 96,
    };
    for begin in BEGINS {
        let mut world = World::after(begin, capacities);
        let mut random = Random(7);
        let heard = world.events.len();
        for _ in 0..1_500 {
            world.step(&mut random);
        }
        let state = &world.centre.state;
        assert_eq!(state.ensure_sound(), Ok(()), "{begin:?}");
        assert!(state.conservation.holds(), "{begin:?}");
        assert!(state.numbers.order > begin.number + 50, "{begin:?}");
        assert!(state.sequence.0 > begin.sequence + 1_400, "{begin:?}");
        assert!(world.events.len() > heard + 2_000, "{begin:?}");
        let mut bytes = Vec::new();
        world.centre.save(&mut bytes);
        let plans = world.centre.plans.iter().cloned().map(Prepared::Plan);
        let cities = world.centre.cities.iter().cloned();
        let cities = cities.map(|(hash, city)| Prepared::City(hash, city));
        let loaded = Centre::load(&bytes, plans.chain(cities).collect::<Vec<_>>());
        assert_eq!(
            loaded.unwrap().inspect(),
            world.centre.inspect(),
            "{begin:?}"
        );
    }
}

fn refused(events: &[Event]) -> bool {
    events == [Event::Refused(Refusal::IncidentsFull)]
}

/// Where a call, an incident or an order has no next number it is refused or waits, aloud; nothing panics, and what is open
/// is seen through.
#[test]
fn what_has_no_number_left_is_refused_aloud() {
    for left in 0..3 {
        let mut world = World::after(BEGINS[0], Capacities::default());
        world.centre.state.numbers.call = NUMBER_MAX - 1 - left;
        world.centre.state.calls.begin_behind(NUMBER_MAX - 1 - left);
        let town = world.town();
        for taken in 0..5 {
            let report = world.report(Kind::Noise, Some(town));
            let events = world.say_as(Actor::Carrier(0), Command::TakeCall(report));
            assert_eq!(refused(&events), taken >= left, "{left}: {events:?}");
        }
        assert!(world.centre.conservation().holds());
        assert_eq!(world.centre.state.ensure_sound(), Ok(()));
    }
    let mut world = World::after(BEGINS[0], Capacities::default());
    world.centre.state.numbers.incident = NUMBER_MAX - 1;
    let town = world.town();
    let first = world.call(Kind::StructureFire, town);
    let report = world.report(Kind::Noise, None);
    let events = world.say_as(Actor::Carrier(0), Command::TakeCall(report));
    assert!(refused(&events), "{events:?}");
    for order in first.orders.iter() {
        world.act(order.order, OrderAct::Acknowledge);
        world.act(order.order, OrderAct::Finish);
    }
    assert_eq!(world.centre.conservation().incidents_open, 0);

    let mut world = World::after(BEGINS[0], Capacities::default());
    world.centre.state.numbers.order = NUMBER_MAX - 1;
    let decision = world.call(Kind::StructureFire, town);
    assert_eq!(decision.orders.len(), 1);
    assert!(!decision.short.is_empty());
    for short in decision.short.iter() {
        assert_eq!(short.shortage, Shortage::NoRoom);
    }
    world.pass(Span::hours(2));
    assert!(world.centre.conservation().holds());
    assert_eq!(world.centre.state.ensure_sound(), Ok(()));
}
