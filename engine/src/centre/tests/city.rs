//! Another city comes into force: its local time decides whose shift it is, at once and from then on (X12).

use super::*;

/// Puts the same city, so many minutes ahead of UTC, into force.
fn move_to(world: &mut World, utc_offset_min: i32) -> Vec<Event> {
    let city = City {
        utc_offset_min,
        ..City::clone(&world.city)
    };
    let hash = ObjectHash::of(&city.canonical_bytes().unwrap());
    world.centre.prepare(Prepared::City(hash, Arc::new(city)));
    world.say(Command::Activate(Activation {
        object: ObjectKind::City,
        hash,
    }))
}

/// Units whose roster says otherwise than what the centre holds.
fn misread(world: &World, utc_offset_min: i32) -> usize {
    let minute = world.now.minute_of_day(utc_offset_min);
    let units = world.centre.state.units.iter();
    units
        .filter(|unit| unit.staffed != unit.definition.is_staffed(minute))
        .count()
}

fn said(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, Event::UnitStaffed { .. }))
        .count()
}

/// X12: the rosters are read by the new local time, each change is said, and the next one comes at its new time.
#[test]
fn rosters_follow_the_local_time_of_a_new_city() {
    let mut world = World::new();
    let offset = 480 - 12 * 60;
    let wrong = misread(&world, offset);
    assert!(wrong > 0);
    let events = move_to(&mut world, offset);
    assert_eq!((said(&events), misread(&world, offset)), (wrong, 0));
    assert_eq!(
        said(&move_to(&mut world, offset)),
        0,
        "nothing is said twice"
    );
    for _ in 0..24 {
        world.pass(Span::minutes(61));
        assert_eq!(misread(&world, offset), 0, "{}", world.now);
    }
    world.check();
}

/// What is more than one command may do is done by the ticks after it.
#[test]
fn a_great_city_is_read_in_parts() {
    let mut city = crate::city::generate(1, Some(3_000)).unwrap();
    for row in &mut city.units {
        (row.roster_on_min, row.roster_off_min) = (8 * 60, 20 * 60);
    }
    let capacities = Capacities {
        units_max: 3_000,
        incidents_max: 64,
        orders_max: 64,
        calls_max: 64,
    };
    let mut world = World::of(Arc::new(city), capacities);
    let offset = 480 - 12 * 60;
    let wrong = misread(&world, offset);
    assert!(wrong > FOLLOW_UPS_MAX, "{wrong}");
    let mut events = move_to(&mut world, offset);
    let mut in_all = said(&events);
    assert_eq!(in_all, FOLLOW_UPS_MAX);
    while matches!(events.last(), Some(Event::Continues { .. })) {
        assert_eq!(world.centre.next_due(), Some(world.now));
        events = world.say(Command::Tick);
        in_all += said(&events);
    }
    assert_eq!((in_all, misread(&world, offset)), (wrong, 0));
}
