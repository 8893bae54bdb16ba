//! One event, many callers (N1).

use super::*;
use crate::call::Outcome;
use crate::incident::CloseReason;

fn north(point: Point, metres: i32) -> Point {
    // 1e-7 degree of latitude is 1.11 cm.
    Point {
        lat_e7: point.lat_e7 + metres * 90,
        ..point
    }
}

/// N1: near and soon, of a compatible kind: linked, never dropped, and nobody is ordered twice.
#[test]
fn callers_of_one_crash_share_an_incident() {
    let mut world = World::new();
    let town = world.town();
    let first = world.call(Kind::CrashDamage, town);
    for metres in [5, 40, 100] {
        world.pass(Span::minutes(2));
        let again = world.call(Kind::CrashDamage, north(town, metres));
        assert!(again.merged);
        assert_eq!(
            (again.incident, again.outcome),
            (first.incident, Outcome::Merged)
        );
        assert!(again.orders.is_empty());
    }
    assert_eq!(world.centre.conservation().merged, 3);
    world.check();
}

/// N1: too far, too late, or of another kind of matter: evaluated as unique.
#[test]
fn what_is_far_late_or_other_stands_alone() {
    let mut world = World::new();
    let town = world.town();
    world.call(Kind::CrashDamage, town);
    assert!(!world.call(Kind::CrashDamage, north(town, 400)).merged);
    assert!(!world.call(Kind::Noise, town).merged);
    world.pass(Span::minutes(21));
    assert!(!world.call(Kind::CrashDamage, north(town, 50)).merged);
    let fraud = world.call(Kind::Fraud, town);
    assert!(
        !fraud.merged && !world.call(Kind::Fraud, town).merged,
        "frauds are never one event"
    );
}

/// N1: a level only rises; new facts add the agencies that they call for.
#[test]
fn a_second_caller_who_says_injured_brings_the_ambulance() {
    let mut world = World::new();
    let town = world.town();
    let first = world.call(Kind::CrashDamage, town);
    assert!(
        first
            .orders
            .iter()
            .all(|order| order.capability == Capability::TrafficPatrol)
    );
    let second = world.call(Kind::CrashInjury, town);
    assert!(second.merged);
    let sent: Vec<_> = second.orders.iter().map(|order| order.capability).collect();
    assert_eq!(
        sent,
        [Capability::Ambulance],
        "the traffic police are on their way already"
    );
    let slot = world
        .centre
        .state
        .incident_slot(first.incident.unwrap())
        .unwrap();
    assert_eq!(world.centre.state.incident(slot).priority().number(), 1);
    world.call(Kind::CrashDamage, town);
    assert_eq!(
        world.centre.state.incident(slot).assessment.kind,
        Kind::CrashInjury,
        "it never falls"
    );
}

/// A voice call without words opens an incident for a person; its words bring the orders, its end alone closes it.
#[test]
fn an_unknown_call_becomes_what_its_words_say() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::Unknown, Some(town));
    report.assessment.human = true;
    let decision = world.take(report);
    assert!(decision.human && decision.orders.is_empty());
    assert_eq!(decision.outcome, Outcome::Human);
    let events = world.say(facts(decision.call, Some(Kind::ChestPain), None));
    assert!(events.iter().any(|event| matches!(
        event,
        Event::IncidentRaised {
            kind: Kind::ChestPain,
            ..
        }
    )));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::OrderIssued(_)))
    );

    let report = world.report(Kind::Unknown, Some(north(town, 5_000)));
    let idle = world.take(report);
    let events = world.say(Command::EndCall(idle.call));
    let closed = Event::IncidentClosed {
        incident: idle.incident.unwrap(),
        reason: CloseReason::NothingNeeded,
    };
    assert!(events.contains(&closed), "{events:?}");
    assert_eq!(
        world.say(Command::EndCall(idle.call)),
        [Event::Refused(Refusal::NotAllowedNow)]
    );
}

/// C2: a complaint becomes a work order at a desk; an invalid call goes before a person and makes no incident.
#[test]
fn complaints_and_invalid_calls_take_no_unit() {
    let mut world = World::new();
    let town = world.town();
    let noise = world.call(Kind::Noise, town);
    assert_eq!(noise.outcome, Outcome::WorkOrder);
    assert!(
        noise
            .orders
            .iter()
            .all(|order| order.capability.is_desk() && order.arrive_by.is_none())
    );
    let silent = world.call(Kind::Silent, town);
    assert_eq!((silent.outcome, silent.incident), (Outcome::Human, None));
}

/// C1: the call of a forwarded line is sent on and makes no incident here.
#[test]
fn a_forwarded_line_is_sent_on() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::WaterRescue, Some(town));
    report.line = Line(12395);
    let decision = world.take(report);
    assert_eq!(
        (decision.outcome, decision.incident),
        (Outcome::Forwarded, None)
    );
}

/// R1: what an incident needs beyond what it can have is said, and a person is asked.
#[test]
fn the_seventeenth_need_is_put_before_a_person() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::MassCasualty, Some(town));
    assert!(!report.assessment.human);
    report.assessment.agencies = crate::kind::Agency::ALL.iter().copied().collect();
    let decision = world.take(report);
    assert_eq!(decision.outcome, Outcome::Ordered);
    assert!(decision.human);
    let incident = decision.incident.unwrap();
    let said = |event: &&Event| matches!(event, Event::NeedOpened { .. });
    assert_eq!(world.events.iter().filter(said).count(), 16);
    let refused: Vec<_> = (world.events.iter())
        .filter(|event| matches!(event, Event::NeedRefused { .. }))
        .collect();
    assert!(
        matches!(refused[..], [Event::NeedRefused { incident: of, count: 1, .. }] if *of == incident),
        "{refused:?}"
    );
    world.check();
}
