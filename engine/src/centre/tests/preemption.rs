//! Units that are called away from what is less urgent (R2), and what becomes of whom they leave.

use super::*;
use crate::command::UnitPosition;
use crate::event::{Choice, OrderIssued};
use crate::incident::Shortage;

/// A world with one ambulance that is free round the clock, and which that is.
fn one_ambulance() -> (World, UnitId) {
    let mut world = World::new();
    let able = world.keep_only(Capability::Ambulance, 1);
    (world, able[0])
}

fn issued(events: &[Event]) -> Vec<OrderIssued> {
    let issued = events.iter().filter_map(|event| match event {
        Event::OrderIssued(issued) => Some(*issued),
        _ => None,
    });
    issued.collect()
}

fn order_of(decision: &Decision) -> OrderId {
    decision.orders.iter().next().unwrap().order
}

/// Says that somebody is not breathing there, and gives all that this caused.
fn arrest(world: &mut World, point: Point) -> Vec<Event> {
    let report = world.report(Kind::CardiacArrest, Some(point));
    let only_an_ambulance = CallReport {
        assessment: Assessment {
            kind: Kind::ChestPain,
            ..report.assessment
        },
        ..report
    };
    world.say_as(Actor::Carrier(0), Command::TakeCall(only_an_ambulance))
}

/// R2: the only ambulance is on its way to a sprained ankle when somebody's heart stops.
#[test]
fn danger_to_life_takes_the_unit_that_is_on_its_way_to_less() {
    let (mut world, ambulance) = one_ambulance();
    let ankle = world.call(Kind::MinorTrauma, world.north(4_000));
    world.act(order_of(&ankle), OrderAct::SetOff);
    world.pass(Span::seconds(30));
    let point = world.north(1_000);
    let events = arrest(&mut world, point);
    let Answer::Decided(decision) = Answer::of(&events) else {
        panic!("{events:?}");
    };
    let called = issued(&events);
    assert_eq!(called.len(), 1, "{events:?}");
    assert_eq!(
        (called[0].unit, called[0].choice, Some(called[0].incident)),
        (ambulance, Choice::Preemption, decision.incident)
    );
    let preempted = Event::UnitPreempted {
        unit: ambulance,
        order: order_of(&ankle),
        from: ankle.incident.unwrap(),
        into: decision.incident.unwrap(),
    };
    assert!(events.contains(&preempted), "{events:?}");
    // The answer is about this call alone: that the other waits now is not its shortage.
    assert_eq!(decision.orders.len(), 1);
    assert!(decision.short.is_empty());
    // Whom it left is looked for again at once, and waits as nobody else is free.
    let waits = events.iter().any(|event| {
        matches!(event, Event::NeedWaits { incident, shortage: Shortage::AllBusy, .. }
            if Some(*incident) == ankle.incident)
    });
    assert!(waits, "{events:?}");
    world.check();
    // When the more urgent is done with, the first gets it back.
    let back = issued(&world.act(called[0].order, OrderAct::Finish));
    assert_eq!(
        (Some(back[0].incident), back[0].choice),
        (ankle.incident, Choice::Waiting)
    );
    world.check();
}

/// R2: the loser's clock runs on: who comes in its place owes what the first owed.
#[test]
fn the_clock_of_whom_it_leaves_runs_on() {
    let (mut world, _) = one_ambulance();
    let ankle = world.call(Kind::MinorTrauma, world.north(4_000));
    let first = *issued(&world.events).last().unwrap();
    world.pass(Span::seconds(20));
    let point = world.north(1_000);
    let called = issued(&arrest(&mut world, point));
    world.pass(Span::seconds(10));
    let again = issued(&world.act(called[0].order, OrderAct::Finish));
    assert_eq!(Some(again[0].incident), ankle.incident);
    assert_eq!(again[0].deadlines.arrive, first.deadlines.arrive);
    // The other clocks are those of the new order.
    assert!(again[0].deadlines.acknowledge > first.deadlines.acknowledge);
}

/// R2: an incident loses a unit as often as the plan says and no more.
#[test]
fn nobody_loses_more_than_the_plan_says() {
    let (mut world, ambulance) = one_ambulance();
    world.call(Kind::MinorTrauma, world.north(4_000));
    let point = world.north(1_000);
    let called = issued(&arrest(&mut world, point));
    let back = issued(&world.act(called[0].order, OrderAct::Finish));
    assert_eq!(back[0].unit, ambulance);
    let point = world.north(12_000);
    let events = arrest(&mut world, point);
    assert!(issued(&events).is_empty(), "{events:?}");
    world.check();
}

/// R2: whoever has arrived stays, and so does whom a person sent.
#[test]
fn who_is_there_stays_and_who_was_sent_by_hand() {
    let (mut world, _) = one_ambulance();
    let ankle = world.call(Kind::MinorTrauma, world.north(4_000));
    world.act(order_of(&ankle), OrderAct::Arrive);
    let point = world.north(1_000);
    assert!(issued(&arrest(&mut world, point)).is_empty());

    let (mut world, ambulance) = one_ambulance();
    let ankle = world.call(Kind::MinorTrauma, world.north(4_000));
    world.act(order_of(&ankle), OrderAct::Decline);
    world.say_as(
        Actor::Dispatcher(1),
        Command::AssignUnit(crate::command::Assignment {
            incident: ankle.incident.unwrap(),
            unit: ambulance,
            capability: None,
        }),
    );
    let by_hand = *issued(&world.events).last().unwrap();
    assert_eq!(by_hand.choice, Choice::Person);
    let point = world.north(1_000);
    assert!(issued(&arrest(&mut world, point)).is_empty());
    world.check();
}

/// R2: a free unit goes, where the one that is bound would not be there so much sooner.
#[test]
fn a_small_gain_calls_nobody_away() {
    let mut world = World::new();
    let able = world.keep_only(Capability::Ambulance, 2);
    for (&unit, km) in able.iter().zip([2, 3]) {
        let point = world.north(km * 1_000);
        world.say(Command::MoveUnit(UnitPosition { unit, point }));
    }
    let town = world.town();
    let ankle = world.call(Kind::MinorTrauma, town);
    let bound = issued(&world.events).last().unwrap().unit;
    assert!(ankle.incident.is_some());
    let point = world.north(1_000);
    let called = issued(&arrest(&mut world, point));
    assert_eq!(called[0].choice, Choice::Nearest);
    assert_ne!(called[0].unit, bound);
    world.check();
}

/// R2: an incident that waits and turns out to be graver calls away whom it may now.
#[test]
fn who_waits_and_is_raised_calls_away_too() {
    let (mut world, ambulance) = one_ambulance();
    let ankle = world.call(Kind::MinorTrauma, world.north(4_000));
    let ill = world.call(Kind::Illness, world.north(12_000));
    assert!(ill.orders.is_empty());
    let events = world.say(facts(ill.call, Some(Kind::Unconscious), None));
    let called = issued(&events);
    assert_eq!(
        (called[0].unit, called[0].choice, Some(called[0].incident)),
        (ambulance, Choice::Preemption, ill.incident)
    );
    assert!(ankle.incident.is_some());
    // What became of another's order is not the answer to these facts.
    assert_eq!(Answer::of(&events), Answer::Done);
    world.check();
}

/// A world in which an ambulance is on its way to something less urgent, another is free 12 km off, and somebody has called and not
/// said where.
fn one_bound_one_far() -> (World, [UnitId; 2], Decision, Point) {
    let mut world = World::new();
    let able = world.keep_only(Capability::Ambulance, 2);
    let town = world.town();
    for (&unit, km) in able.iter().zip([1, 12]) {
        let point = world.north(km * 1_000);
        world.say(Command::MoveUnit(UnitPosition { unit, point }));
    }
    world.call(Kind::MinorTrauma, world.north(2_000));
    let bound = issued(&world.events).last().unwrap().unit;
    assert_eq!(bound, able[0]);
    let report = world.report(Kind::Illness, None);
    let ill = world.take(report);
    assert!(ill.orders.is_empty());
    (world, [able[0], able[1]], ill, town)
}

fn ambulances(events: &[Event]) -> Vec<(UnitId, Choice)> {
    let issued = issued(events).into_iter();
    let ambulances = issued.filter(|issued| issued.capability == Capability::Ambulance);
    ambulances
        .map(|issued| (issued.unit, issued.choice))
        .collect()
}

/// R2: where it is and how bad it is come together, and nobody is sought before both are taken.
#[test]
fn a_place_that_comes_with_worse_news_is_sought_at_their_urgency() {
    let (mut world, [bound, far], ill, town) = one_bound_one_far();
    let district = world.city.districts.at(town);
    let place = Place {
        point: town,
        radius_m: 20,
        source: PlaceSource::Caller,
        district,
    };
    let events = world.say(Command::AddFacts(CallFacts {
        call: ill.call,
        place: Some(place),
        assessment: Some(Assessment::stated(Kind::ChestPain)),
        injured: None,
        marks: Marks::default(),
    }));
    // The one it was called away from is looked for again, and gets who is free.
    let wanted = [(bound, Choice::Preemption), (far, Choice::Nearest)];
    assert_eq!(ambulances(&events), wanted);
    world.check();

    // The same of what a person says: what turns out to be less takes nobody's unit.
    let (mut world, [_, far], _, town) = one_bound_one_far();
    let report = world.report(Kind::ChestPain, None);
    let pain = world.take(report);
    let events = world.say_as(
        Actor::Dispatcher(1),
        Command::JudgeCall(crate::command::CallVerdict {
            call: pain.call,
            place: Some(Place {
                point: town,
                ..place
            }),
            assessment: Some(Assessment::stated(Kind::Illness)),
        }),
    );
    assert_eq!(ambulances(&events), [(far, Choice::Nearest)]);
    world.check();
}

/// R2: what waits beside a free unit, for want of room, gets that one when it is found to be graver, and nobody is called away.
#[test]
fn who_is_free_goes_before_anybody_is_called_away() {
    let capacities = Capacities {
        orders_max: 2,
        ..Capacities::default()
    };
    let mut world = World::with(capacities);
    let patrols = world.keep_only(Capability::Patrol, 1);
    let able = world.keep_only(Capability::Ambulance, 2);
    for (unit, km) in [(patrols[0], 9), (able[0], 1), (able[1], 3)] {
        let point = world.north(km * 1_000);
        world.say(Command::MoveUnit(UnitPosition { unit, point }));
    }
    let quarrel = world.call(Kind::Dispute, world.north(9_000));
    let ankle = world.call(Kind::MinorTrauma, world.north(1_000));
    assert_eq!(ankle.orders.iter().next().unwrap().unit, able[0]);
    let ill = world.call(Kind::Illness, world.north(2_000));
    assert_eq!(ill.short.iter().next().unwrap().shortage, Shortage::NoRoom);
    world.act(order_of(&quarrel), OrderAct::Finish);
    let events = world.say_as(
        Actor::Dispatcher(1),
        Command::EscalateIncident(crate::command::Escalation {
            incident: ill.incident.unwrap(),
            priority: crate::kind::Priority::P1,
        }),
    );
    assert_eq!(ambulances(&events), [(able[1], Choice::Nearest)]);
    world.check();
}

/// R2: a desk that became an ambulance has its desk's order still, and nobody is called away from a desk's work.
#[test]
fn nobody_is_called_away_from_a_desk_s_work() {
    let (mut world, ambulance) = one_ambulance();
    let definition = world.centre.state.unit(ambulance).unwrap().definition;
    world.say(Command::SetDuty(UnitDuty {
        unit: ambulance,
        duty: Duty::Off,
        strength: None,
    }));
    let asks = world.call(Kind::HealthEnquiry, world.north(1_000));
    let desk = *asks.orders.iter().next().unwrap();
    let known = world.centre.state.unit(desk.unit).unwrap().definition;
    assert!(desk.capability.is_desk());
    world.say(Command::DefineUnit(UnitDefinition {
        name: known.name,
        ..definition
    }));
    let point = world.north(1_000);
    assert!(ambulances(&arrest(&mut world, point)).is_empty());
    world.check();
}

/// Nobody can report that a unit was called away.
#[test]
fn calling_away_is_not_a_report() {
    let (mut world, _) = one_ambulance();
    let ankle = world.call(Kind::MinorTrauma, world.north(4_000));
    let report = Command::Report(OrderReport {
        order: order_of(&ankle),
        act: OrderAct::Preempt,
    });
    let events = world.say_as(Actor::Dispatcher(1), report);
    let refused = [Event::Refused(crate::event::Refusal::NotAllowedNow)];
    assert_eq!(events, refused);
    world.check();
}
