//! Who waits, and who is served when a unit frees (C4).

use super::*;
use crate::event::{Choice, OrderIssued};
use crate::incident::Shortage;

/// Far enough apart never to be one event.
fn places(world: &World, count: usize) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for post in &world.city.posts {
        let far = |other: &Point| {
            (other.lat_e7 - post.point.lat_e7).abs() + (other.lon_e7 - post.point.lon_e7).abs()
                > 300_000
        };
        if points.iter().all(far) {
            points.push(post.point);
        }
    }
    points.truncate(count);
    assert_eq!(points.len(), count);
    points
}

fn served(events: &[Event]) -> Vec<OrderIssued> {
    events
        .iter()
        .filter_map(|event| {
            if let Event::OrderIssued(issued) = event {
                Some(*issued)
            } else {
                None
            }
        })
        .collect()
}

/// Waiting needs are served by priority, then deadline, whenever a unit frees.
#[test]
fn the_most_urgent_is_served_first() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 1);
    let points = places(&world, 4);
    let busy = world.call(Kind::MinorTrauma, points[0]);
    // Whoever is there stays there.
    world.act(busy.orders.iter().next().unwrap().order, OrderAct::Arrive);
    let low = world.call(Kind::Illness, points[1]);
    world.pass(Span::seconds(5));
    let late = world.call(Kind::ChestPain, points[2]);
    world.pass(Span::seconds(5));
    let later = world.call(Kind::CardiacArrest, points[3]);
    for decision in [&low, &late, &later] {
        assert_eq!(
            decision.short.iter().next().unwrap().shortage,
            Shortage::AllBusy
        );
        assert_eq!(decision.outcome, crate::call::Outcome::Waiting);
    }
    assert_eq!(world.centre.conservation().needs_waiting, 3);
    let mut order = busy.orders.iter().next().unwrap().order;
    for expected in [&late, &later, &low] {
        let next = served(&world.act(order, OrderAct::Finish))[0];
        assert_eq!(
            (Some(next.incident), next.choice),
            (expected.incident, Choice::Waiting)
        );
        order = next.order;
        world.check();
    }
}

/// C4: service calls are never starved, and yet never go before danger to life.
#[test]
fn the_floor_for_service_calls() {
    let mut world = World::new();
    world.keep_only(Capability::Patrol, 1);
    let points = places(&world, 14);
    let first = world.call(Kind::Fight, points[0]);
    let service = world.call(Kind::PublicHelp, points[1]);
    for point in &points[2..13] {
        world.call(Kind::Fight, *point);
    }
    let mut order = first.orders.iter().next().unwrap().order;
    let mut before = 0;
    loop {
        let next = served(&world.act(order, OrderAct::Finish))[0];
        order = next.order;
        if Some(next.incident) == service.incident {
            assert_eq!(next.choice, Choice::ServiceFloor);
            break;
        }
        before += 1;
    }
    assert_eq!(before, 7, "the default plan gives one grant in eight");
}

/// With nobody able on duty the decision says so; when somebody comes on duty they are sent.
#[test]
fn coming_on_duty_serves_who_waits() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 0);
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    assert_eq!(
        decision.short.iter().next().unwrap().shortage,
        Shortage::NobodyOnDuty
    );
    assert!(decision.foreseen_late, "R5");
    let index = world.centre.state.units.iter().position(|unit| {
        unit.staffed && unit.definition.capabilities.contains(Capability::Ambulance)
    });
    let unit = world.centre.state.unit_id(index.unwrap() as u32);
    let events = world.say(Command::SetDuty(UnitDuty {
        unit,
        duty: Duty::Patrolling,
        strength: None,
    }));
    assert_eq!(served(&events).len(), 1, "{events:?}");
    world.check();
}

/// A need that everybody declined is brought up again after a while.
#[test]
fn when_everybody_has_declined_they_are_asked_again() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 1);
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let order = decision.orders.iter().next().unwrap().order;
    let events = world.act(order, OrderAct::Decline);
    let waits = events.iter().any(|event| {
        matches!(
            event,
            Event::NeedWaits {
                shortage: Shortage::AllAsked,
                ..
            }
        )
    });
    assert!(waits && served(&events).is_empty(), "{events:?}");
    let events = world.pass(Span::minutes(6));
    assert_eq!(
        served(&events).first().map(|issued| issued.incident),
        decision.incident
    );
    world.check();
}

/// A priority that rises moves a waiting need forward.
#[test]
fn a_raised_incident_is_ranked_anew() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 1);
    let points = places(&world, 3);
    let busy = world.call(Kind::MinorTrauma, points[0]);
    world.act(busy.orders.iter().next().unwrap().order, OrderAct::Arrive);
    let first = world.call(Kind::Illness, points[1]);
    let second = world.call(Kind::Illness, points[2]);
    world.say(facts(second.call, Some(Kind::Unconscious), None));
    let next = served(&world.act(busy.orders.iter().next().unwrap().order, OrderAct::Finish))[0];
    assert_eq!(Some(next.incident), second.incident);
    assert_ne!(Some(next.incident), first.incident);
}

/// A full table refuses the lowest first, never danger to life; a refused key may come again.
#[test]
fn a_full_table_refuses_the_lowest_first() {
    let mut world = World::with(Capacities {
        units_max: 512,
        incidents_max: 32,
        orders_max: 256,
        calls_max: 256,
    });
    let town = world.town();
    let mut refused = Vec::new();
    for metres in 0..32 {
        let point = Point {
            lat_e7: town.lat_e7 + metres * 300 * 90,
            ..town
        };
        for kind in [Kind::Noise, Kind::Unconscious] {
            let report = world.report(kind, Some(point));
            let events = world.say(Command::TakeCall(report));
            if events == [Event::Refused(Refusal::IncidentsFull)] {
                refused.push(kind);
            }
        }
    }
    assert_eq!(refused.first(), Some(&Kind::Noise));
    let life = world
        .centre
        .state
        .incidents
        .iter()
        .filter(|(_, _, incident)| incident.priority().number() == 1)
        .count();
    assert!(life >= 20, "{life}");
    world.check();
}

/// A full table of orders lets needs wait, panics at nothing, and serves them once there is room again.
#[test]
fn a_full_table_of_orders_lets_needs_wait() {
    let mut world = World::with(Capacities {
        units_max: 512,
        incidents_max: 64,
        orders_max: 8,
        calls_max: 256,
    });
    let points = places(&world, 12);
    let decisions: Vec<_> = points
        .iter()
        .map(|&point| world.call(Kind::Theft, point))
        .collect();
    let mut open: Vec<_> = decisions
        .iter()
        .flat_map(|decision| decision.orders.iter().map(|order| order.order))
        .collect();
    assert_eq!(open.len(), 8);
    let short: Vec<_> = decisions
        .iter()
        .flat_map(|decision| decision.short.iter())
        .collect();
    assert!(!short.is_empty() && short.iter().all(|short| short.shortage == Shortage::NoRoom));
    for _ in 0..4 {
        let next = served(&world.act(open.remove(0), OrderAct::Finish));
        open.extend(next.iter().map(|issued| issued.order));
        world.check();
    }
    assert_eq!(world.centre.conservation().needs_waiting, 0);
}

/// C7, S3: units that come free together are given out as if each were looked for: the nearest goes.
#[test]
fn of_those_freed_together_the_nearest_is_sent() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 3);
    let places = places(&world, 2);
    let crash = world.call(Kind::MassCasualty, places[0]);
    let ambulances: Vec<_> = (crash.orders.iter())
        .filter(|line| line.capability == Capability::Ambulance)
        .map(|line| line.unit)
        .collect();
    assert_eq!(ambulances.len(), 3);
    let pain = world.call(Kind::ChestPain, places[1]);
    assert!(pain.orders.is_empty());
    for near in ambulances {
        let mut world = World::new();
        world.keep_only(Capability::Ambulance, 3);
        let crash = world.call(Kind::MassCasualty, places[0]);
        let pain = world.call(Kind::ChestPain, places[1]);
        world.say(Command::MoveUnit(UnitPosition {
            unit: near,
            point: places[1],
        }));
        let events = world.say(Command::CloseIncident(crash.incident.unwrap()));
        let sent: Vec<_> = served(&events)
            .iter()
            .map(|issued| (Some(issued.incident), issued.unit))
            .collect();
        assert_eq!(sent, [(pain.incident, near)]);
        world.check();
    }
}

/// A desk that comes back over a backlog fills up at once; what is more than one command may do follows with the tick.
#[test]
fn a_desk_fills_up_to_its_capacity() {
    let mut world = World::with(Capacities {
        units_max: 512,
        incidents_max: 4_096,
        orders_max: 4_096,
        calls_max: 4_096,
    });
    let desk = world.keep_only(Capability::DeskGovernment, 1)[0];
    let duty = |duty| {
        Command::SetDuty(UnitDuty {
            unit: desk,
            duty,
            strength: None,
        })
    };
    world.say(duty(Duty::Off));
    for _ in 0..1_200 {
        let report = world.report(Kind::GovernmentEnquiry, None);
        assert!(world.take(report).orders.is_empty());
    }
    let events = world.say(duty(Duty::OnCall));
    assert_eq!(served(&events).len(), 64);
    world.check();

    let definition = world.centre.state.unit(desk).unwrap().definition;
    let events = world.say(Command::DefineUnit(UnitDefinition {
        capacity: 2_000,
        ..definition
    }));
    assert_eq!(served(&events).len(), FOLLOW_UPS_MAX);
    assert!(matches!(events.last(), Some(Event::Continues { .. })));
    let events = world.pass(Span::ZERO);
    assert_eq!(served(&events).len(), 1_200 - 64 - FOLLOW_UPS_MAX);
    assert_eq!(world.centre.conservation().needs_waiting, 0);
    world.check();
}

/// Who comes free while the table of orders is full looks again when there may be room.
#[test]
fn who_comes_free_without_room_looks_again() {
    let mut world = World::with(Capacities {
        units_max: 512,
        incidents_max: 64,
        orders_max: 8,
        calls_max: 256,
    });
    world.keep_only(Capability::Ambulance, 1);
    let points = places(&world, 12);
    let crash = world.call(Kind::CrashInjury, points[0]);
    let ambulance = (crash.orders.iter())
        .find(|order| order.capability == Capability::Ambulance)
        .unwrap();
    assert!(crash.orders.len() > 1);
    let pain = world.call(Kind::ChestPain, points[1]);
    let other = world.call(Kind::ChestPain, points[11]);
    let left = 8 - crash.orders.len();
    let thefts: Vec<_> = points[2..2 + left]
        .iter()
        .map(|&point| world.call(Kind::Theft, point))
        .collect();
    assert!(thefts.iter().all(|theft| theft.orders.len() == 1));
    // So that no ladder climbs and takes what room there will be.
    for decision in [&crash].into_iter().chain(&thefts) {
        for order in decision.orders.iter() {
            world.act(order.order, OrderAct::Acknowledge);
        }
    }
    let events = world.act(ambulance.order, OrderAct::Finish);
    assert!(served(&events).is_empty(), "{events:?}");
    let lacks = events.iter().any(|event| {
        matches!(event, Event::NeedWaits { incident, shortage: Shortage::NoRoom, .. }
            if Some(*incident) == pain.incident)
    });
    assert!(lacks, "{events:?}");
    world.say(Command::CloseIncident(thefts[0].incident.unwrap()));
    world.say(Command::CloseIncident(pain.incident.unwrap()));
    let events = world.pass(Span::minutes(5));
    let next = served(&events);
    assert_eq!(next.len(), 1, "{events:?}");
    assert_eq!(
        (Some(next[0].incident), next[0].unit),
        (other.incident, ambulance.unit)
    );
    world.check();
}

/// Where open orders fill the table nothing that is closed leaves; otherwise so many a command at most.
#[test]
fn what_is_closed_leaves_only_for_room() {
    let mut world = World::with(Capacities {
        units_max: 512,
        incidents_max: 512,
        orders_max: 40,
        calls_max: 512,
    });
    let enquire = |world: &mut World, drill| {
        let mut report = world.report(Kind::GovernmentEnquiry, None);
        if drill {
            report.marks = report.marks.with(crate::call::Mark::Drill);
        }
        world.take(report)
    };
    // Closed without an order, so that their leaving makes no room.
    for _ in 0..200 {
        let drill = enquire(&mut world, true);
        world.say(Command::CloseIncident(drill.incident.unwrap()));
    }
    let first = enquire(&mut world, false);
    for _ in 1..40 {
        assert_eq!(enquire(&mut world, false).orders.len(), 1);
    }
    let closed = |world: &World| world.centre.state.closed.len();
    let before = closed(&world);
    assert!(before > 2 * EVICTIONS_PER_COMMAND_MAX);
    assert!(enquire(&mut world, false).orders.is_empty());
    assert_eq!(before - closed(&world), 2, "the incident's own");

    // One that was declined is not open, and cannot leave while its incident is.
    let order = first.orders.iter().next().unwrap().order;
    let before = closed(&world);
    world.act(order, OrderAct::Decline);
    assert_eq!(before - closed(&world), EVICTIONS_PER_COMMAND_MAX);
    world.check();
}
