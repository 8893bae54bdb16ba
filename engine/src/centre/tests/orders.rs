//! The life of orders, and what the field got wrong about it.

use super::*;
use crate::event::LedgerMatter;
use crate::incident::CloseReason;
use crate::order::{OrderClock, OrderState, Rung, Step};

fn issued(events: &[Event]) -> Vec<crate::event::OrderIssued> {
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

fn matters(events: &[Event]) -> Vec<LedgerMatter> {
    events
        .iter()
        .filter_map(|event| {
            if let Event::LedgerEntered { matter, .. } = event {
                Some(*matter)
            } else {
                None
            }
        })
        .collect()
}

/// From the order to the close, every clock met.
#[test]
fn an_order_is_obeyed() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let order = *decision.orders.iter().next().unwrap();
    world.pass(Span::seconds(10));
    world.act(order.order, OrderAct::Acknowledge);
    world.act(order.order, OrderAct::SetOff);
    world.pass(Span::minutes(5));
    let arrived = world.act(order.order, OrderAct::Arrive);
    assert!(
        arrived.contains(&Event::NeedMet {
            incident: decision.incident.unwrap(),
            need: 0
        }),
        "S1"
    );
    let unit = *world.centre.state.unit(order.unit).unwrap();
    assert_eq!(unit.point, town, "who has arrived is there");
    let done = world.act(order.order, OrderAct::Finish);
    let met = |clock| {
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::ClockMet { clock: met, .. } if *met == clock))
    };
    for clock in [
        OrderClock::Acknowledge,
        OrderClock::SetOff,
        OrderClock::Arrive,
        OrderClock::Result,
    ] {
        assert!(met(clock), "{clock}");
    }
    let closed = Event::IncidentClosed {
        incident: decision.incident.unwrap(),
        reason: CloseReason::Served,
    };
    assert!(done.contains(&closed));
    assert!(matters(&world.events).is_empty());
    world.check();
}

/// X3: a report that skips others is legal, and each skipped one is entered as missing.
#[test]
fn finished_at_once_leaves_three_reports_missing() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let order = decision.orders.iter().next().unwrap().order;
    let events = world.act(order, OrderAct::Finish);
    let missing = events.iter().find_map(|event| match event {
        Event::OrderMoved {
            to: OrderState::Finished,
            missing,
            ..
        } => Some(missing.iter().collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(
        missing,
        Some(vec![Step::Acknowledged, Step::SetOff, Step::Arrived])
    );
    assert_eq!(
        matters(&events),
        [
            LedgerMatter::MissingAcknowledgement,
            LedgerMatter::MissingSetOff,
            LedgerMatter::MissingArrival
        ]
    );
}

/// X11: primary → deputy → duty leader → the next unit, with a ledger entry; the clock starts at the order.
#[test]
fn the_ladder_climbs_to_the_next_unit() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let order = *decision.orders.iter().next().unwrap();
    let start = world.now;
    let events = world.pass(Span::seconds(119));
    let rungs: Vec<_> = events
        .iter()
        .filter_map(|event| {
            if let Event::LadderClimbed { rung, .. } = event {
                Some(*rung)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(rungs, [Rung::Deputy, Rung::DutyLeader, Rung::NextUnit]);
    let due = start + Span::seconds(30);
    assert!(events.contains(&Event::ClockMissed {
        order: order.order,
        clock: OrderClock::Acknowledge,
        due
    }));
    assert!(
        matters(&events).starts_with(&[LedgerMatter::NoAcknowledgement]),
        "X16"
    );
    assert!(matters(&events).contains(&LedgerMatter::PassedOn));
    let next = issued(&events);
    assert_eq!(next.len(), 1);
    assert_ne!(next[0].unit, order.unit);
    assert_eq!(next[0].previous, Some(order.order));
    assert!(events.contains(&Event::UnitSilent { unit: order.unit }));
    world.check();
}

/// A silent unit is not asked again until it is heard of; its late report is refused and yet heard.
#[test]
fn a_silent_unit_is_heard_again() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let order = *decision.orders.iter().next().unwrap();
    world.pass(Span::seconds(100));
    assert!(!world.centre.state.unit(order.unit).unwrap().is_available());
    let events = world.act(order.order, OrderAct::Acknowledge);
    assert!(events.contains(&Event::UnitHeard { unit: order.unit }));
    assert!(
        events.contains(&Event::Refused(Refusal::NotAllowedNow)),
        "the order has gone to another"
    );
    assert!(world.centre.state.unit(order.unit).unwrap().is_available());
}

/// A unit that says no is not asked again for the same need in this round.
#[test]
fn who_declines_is_not_asked_again() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let mut order = decision
        .orders
        .iter()
        .next()
        .map(|order| (order.order, order.unit))
        .unwrap();
    let mut asked = vec![order.1];
    for _ in 0..4 {
        let events = world.act(order.0, OrderAct::Decline);
        assert_eq!(matters(&events)[..1], [LedgerMatter::Declined]);
        let next = issued(&events)[0];
        assert!(!asked.contains(&next.unit), "asked twice");
        asked.push(next.unit);
        order = (next.order, next.unit);
        world.check();
    }
}

/// Fault 1: a second order neither resets nor hides the first. Fault 3: a refused transition changes nothing.
#[test]
fn what_has_ended_cannot_be_moved() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let order = decision.orders.iter().next().unwrap().order;
    world.act(order, OrderAct::Finish);
    for act in [
        OrderAct::Acknowledge,
        OrderAct::Decline,
        OrderAct::SetOff,
        OrderAct::Arrive,
        OrderAct::Finish,
    ] {
        assert_eq!(
            world.act(order, act),
            [Event::Refused(Refusal::NotAllowedNow)]
        );
    }
}

/// S3, fault 2: closing an incident frees its units in the same step.
#[test]
fn a_close_frees_the_units() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::Hazmat, town);
    assert!(decision.orders.len() >= 3);
    let units: Vec<_> = decision.orders.iter().map(|order| order.unit).collect();
    world.say(Command::CloseIncident(decision.incident.unwrap()));
    for unit in units {
        assert_eq!(world.centre.state.unit(unit).unwrap().open_orders, 0);
    }
    assert_eq!(world.centre.conservation().orders_open, 0);
    assert_eq!(world.centre.conservation().incidents_open, 0);
    world.check();
}

/// X6: 20 minutes by day; R5: a breach that can be foreseen is said with the order.
#[test]
fn the_arrival_clock_is_missed_once() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::Robbery, town);
    let order = *decision.orders.iter().next().unwrap();
    assert_eq!(order.arrive_by, Some(world.now + Span::minutes(20)), "X6");
    world.act(order.order, OrderAct::SetOff);
    let events = world.pass(Span::minutes(40));
    let missed = events
        .iter()
        .filter(|event| matches!(event, Event::ClockMissed { order: of, clock: OrderClock::Arrive, .. } if *of == order.order));
    assert_eq!(missed.count(), 1);
    assert!(matters(&events).contains(&LedgerMatter::LateArrival));
}

/// X7: a team sent into another township musters by its own clock.
#[test]
fn a_team_sent_away_musters() {
    let mut world = World::new();
    world.keep_only(Capability::TownshipTeam, 1);
    let home = world.centre.state.units.iter().find(|unit| {
        unit.is_available()
            && unit
                .definition
                .capabilities
                .contains(Capability::TownshipTeam)
    });
    let home = home.unwrap().definition.home;
    let away = world.city.posts.iter().find(|post| {
        let zone = world
            .city
            .districts
            .get(post.district)
            .map(|district| district.zone);
        post.district != home && zone == Some(crate::place::Zone::Township)
    });
    let point = away.unwrap().point;
    let decision = world.call(Kind::Wildfire, point);
    let team = world
        .events
        .iter()
        .filter_map(|event| {
            if let Event::OrderIssued(issued) = event {
                Some(*issued)
            } else {
                None
            }
        })
        .find(|issued| {
            issued.capability == Capability::TownshipTeam
                && Some(issued.incident) == decision.incident
        });
    let deadlines = team.unwrap().deadlines;
    assert_eq!(deadlines.muster, Some(world.now + Span::minutes(15)), "X7");
    assert_eq!(deadlines.set_off, None);
}

/// X8: the result is owed within 24 hours.
#[test]
fn the_result_is_owed_within_a_day() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::Robbery, town);
    let order = *decision.orders.iter().next().unwrap();
    world.act(order.order, OrderAct::Arrive);
    let due = world.now + Span::hours(24);
    let events = world.pass(Span::hours(25));
    assert!(events.contains(&Event::ClockMissed {
        order: order.order,
        clock: OrderClock::Result,
        due
    }));
}

/// A clock fires once: when the ladder has begun to climb, a late acknowledgement stops the ladder and meets nothing.
#[test]
fn a_clock_that_was_missed_is_not_met() {
    let mut world = World::new();
    let town = world.town();
    let order = world
        .call(Kind::ChestPain, town)
        .orders
        .iter()
        .next()
        .unwrap()
        .order;
    world.pass(Span::seconds(35));
    let events = world.act(order, OrderAct::Acknowledge);
    let fired = world.events.iter().filter(|event| {
        matches!(
            event,
            Event::ClockMet {
                clock: OrderClock::Acknowledge,
                ..
            } | Event::ClockMissed {
                clock: OrderClock::Acknowledge,
                ..
            }
        )
    });
    assert_eq!(fired.count(), 1);
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::ClockMet { .. })),
        "{events:?}"
    );
    let later = world.pass(Span::minutes(5));
    assert!(
        !later
            .iter()
            .any(|event| matches!(event, Event::LadderClimbed { order: of, .. } if *of == order))
    );
    world.check();
}

/// A person who passes an order on means another unit, also while the first is free and the nearest, and also when the
/// need must wait; who let a ladder run out may be asked again as soon as it is heard of.
#[test]
fn who_is_relieved_is_not_asked_again() {
    let mut world = World::new();
    let kept = world.keep_only(Capability::Ambulance, 2);
    let town = world.town();
    let decision = world.call(Kind::ChestPain, town);
    let first = *decision.orders.iter().next().unwrap();
    let pass_on = |world: &mut World, order| {
        let act = OrderAct::Reassign;
        let report = Command::Report(OrderReport { order, act });
        world.say_as(Actor::Dispatcher(0), report)
    };
    let events = pass_on(&mut world, first.order);
    let second = issued(&events)[0];
    assert_eq!(second.previous, Some(first.order));
    assert!(second.unit != first.unit && kept.contains(&second.unit));
    let events = pass_on(&mut world, second.order);
    assert!(
        issued(&events).is_empty(),
        "both are free and relieved of it"
    );
    let events = world.pass(Span::minutes(5));
    assert_eq!(issued(&events)[0].unit, first.unit, "a new round");
    world.check();

    let mut world = World::new();
    let kept = world.keep_only(Capability::Ambulance, 1);
    let decision = world.call(Kind::ChestPain, town);
    let silent = world.pass(Span::seconds(100));
    assert!(silent.contains(&Event::UnitSilent { unit: kept[0] }));
    let heard = world.act(
        decision.orders.iter().next().unwrap().order,
        OrderAct::Acknowledge,
    );
    assert_eq!(issued(&heard)[0].unit, kept[0]);
}

/// X6, X11: "within" takes in the deadline itself; a millisecond later it is missed, and the deadline is named as it was.
#[test]
fn a_report_at_its_deadline_is_in_time() {
    let mut world = World::new();
    let town = world.town();
    for (late, meets) in [(0, true), (1, false)] {
        let decision = world.call(Kind::ChestPain, town);
        let order = decision.orders.iter().next().unwrap().order;
        let due = world.now + Span::seconds(30);
        let before = world.pass(Span(30_000 + late));
        let clock = OrderClock::Acknowledge;
        let missed = Event::ClockMissed { order, clock, due };
        assert_eq!(before.contains(&missed), !meets);
        let events = world.act(order, OrderAct::Acknowledge);
        assert_eq!(
            events.contains(&Event::ClockMet { order, clock, due }),
            meets
        );
        world.say(Command::CloseIncident(decision.incident.unwrap()));
    }
}

/// The desk whose only sibling is off duty keeps its order and is not silenced: nobody else could take it.
#[test]
fn a_desk_beside_one_that_is_off_duty_keeps_its_order() {
    for sibling in [Duty::Off, Duty::OnCall] {
        let mut world = World::new();
        let desk = world.keep_only(Capability::DeskGovernment, 1)[0];
        let definition = world.centre.state.unit(desk).unwrap().definition;
        let name = Name::new("second desk").unwrap();
        world.say(Command::DefineUnit(UnitDefinition { name, ..definition }));
        let (other, _) = world.centre.unit_named(&name).unwrap();
        let town = world.town();
        let taken = world.call(Kind::ConductComplaint, town);
        let order = taken.orders.iter().find(|line| line.unit == desk).unwrap();
        world.say(Command::SetDuty(UnitDuty {
            unit: other,
            duty: sibling,
            strength: None,
        }));
        world.pass(Span::minutes(10));
        world.check();
        let alone = sibling == Duty::Off;
        let known = world.centre.state.unit(desk).unwrap();
        assert_eq!(
            (known.silent, known.open_orders),
            (!alone, u16::from(alone))
        );
        let slot = world.centre.state.order_slot(order.order).unwrap();
        assert_eq!(world.centre.state.order(slot).state.is_open(), alone);
    }
}
