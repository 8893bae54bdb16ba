//! What a person decides, as stories: verdicts, merges, splits, urgency, a unit of their choice, hospitals.

use super::*;
use crate::command::{Assignment, CallSplit, CallVerdict, Escalation, IncidentMerge};
use crate::event::Choice;
use crate::hospital::{HospitalDefinition, HospitalId};
use crate::incident::{CloseReason, IncidentState, NeedState};
use crate::kind::Priority;
use crate::order::OrderState;

/// A point so many metres north of the town's middle: far enough that calls do not join.
fn open_orders(world: &World, incident: IncidentId) -> Vec<(UnitId, OrderState)> {
    let orders = world.centre.state.orders.iter();
    orders
        .filter(|(_, _, order)| order.incident == incident && order.state.is_open())
        .map(|(_, _, order)| (order.unit, order.state))
        .collect()
}

fn refusal(events: &[Event]) -> Option<Refusal> {
    events.iter().find_map(|event| match event {
        Event::Refused(refusal) => Some(*refusal),
        _ => None,
    })
}

/// N1: two incidents are one. The ambulance on its way is not called back and replaced: its order serves on, its
/// clocks as they were; what is one too many is free in the same step.
#[test]
fn a_merge_keeps_the_units_that_are_needed_and_frees_the_rest() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let plain = world.call(Kind::CrashDamage, here);
    let grave = world.call(Kind::CrashInjury, there);
    let (into, from) = (plain.incident.unwrap(), grave.incident.unwrap());
    let ambulance = grave
        .orders
        .iter()
        .find(|line| line.capability == Capability::Ambulance)
        .copied()
        .unwrap();
    let before = *world
        .centre
        .state
        .order(world.centre.state.order_slot(ambulance.order).unwrap());
    let events = world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    world.check();
    let order = *world
        .centre
        .state
        .order(world.centre.state.order_slot(ambulance.order).unwrap());
    assert_eq!((order.incident, order.state), (into, OrderState::Issued));
    assert_eq!(order.deadlines, before.deadlines);
    assert!(
        !events.iter().any(|event| matches!(event, Event::OrderIssued(issued) if issued.capability == Capability::Ambulance)),
        "{events:?}"
    );
    let merged = world.state_of(into);
    assert_eq!(merged.assessment.priority, grave_priority());
    assert_eq!(merged.calls, 2);
    let gone = world.state_of(from);
    assert_eq!(
        (gone.state, gone.merged_into),
        (IncidentState::Closed, Some(into))
    );
    assert!(open_orders(&world, from).is_empty());
    // Both had traffic police; one of them is free again.
    let police = grave
        .orders
        .iter()
        .find(|line| line.capability.agency() == crate::kind::Agency::Traffic)
        .unwrap();
    assert_eq!(world.centre.state.unit(police.unit).unwrap().open_orders, 0);
    // The unit reports on the order it knows.
    world.act(ambulance.order, OrderAct::Arrive);
    assert!(
        world
            .state_of(into)
            .needs
            .iter()
            .any(|(_, need)| need.capability == Capability::Ambulance
                && need.state == NeedState::Met)
    );
}

fn grave_priority() -> Priority {
    Kind::CrashInjury.row().priority
}

/// N1: chains resolve to one incident, for facts too.
#[test]
fn facts_find_their_incident_through_two_merges() {
    let mut world = World::new();
    let calls = world.calls_apart(3, Kind::CrashDamage);
    let ids: Vec<_> = calls.iter().map(|call| call.incident.unwrap()).collect();
    for pair in ids.windows(2) {
        world.say(Command::MergeIncidents(IncidentMerge {
            from: pair[0],
            into: pair[1],
        }));
        world.check();
    }
    world.say(facts(calls[0].call, Some(Kind::CrashInjury), Some(3)));
    let merged = world.state_of(ids[2]);
    assert_eq!((merged.calls, merged.injured), (3, 3));
    assert_eq!(merged.assessment.kind, Kind::CrashInjury);
}

#[test]
fn a_merge_that_makes_no_sense_changes_nothing() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let one = world.call(Kind::CrashDamage, here).incident.unwrap();
    let other = world.call(Kind::CrashDamage, there).incident.unwrap();
    let unknown = IncidentId::new(CentreId(1), 99).unwrap();
    for (from, into, expected) in [
        (one, one, Refusal::NotAllowedNow),
        (one, unknown, Refusal::UnknownIncident),
        (unknown, one, Refusal::UnknownIncident),
    ] {
        let merge = IncidentMerge { from, into };
        assert_eq!(
            world.say(Command::MergeIncidents(merge)),
            [Event::Refused(expected)]
        );
    }
    world.say(Command::CloseIncident(other));
    let merge = IncidentMerge {
        from: one,
        into: other,
    };
    assert_eq!(
        world.say(Command::MergeIncidents(merge)),
        [Event::Refused(Refusal::NotAllowedNow)]
    );
}

/// N1: a call that was about something else gets an incident of its own, and its own units.
#[test]
fn a_split_opens_an_incident_for_the_call() {
    let mut world = World::new();
    let town = world.town();
    let first = world.call(Kind::CrashDamage, town);
    let second = world.call(Kind::CrashDamage, town);
    assert!(second.merged);
    let split = |call| {
        Command::SplitCall(CallSplit {
            call,
            assessment: Assessment::stated(Kind::StructureFire),
            injured: 0,
        })
    };
    let events = world.say(split(second.call));
    world.check();
    let Some(&Event::CallSplit { from, into, .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(Some(from), first.incident);
    assert_eq!(world.state_of(from).calls, 1);
    assert_eq!(world.state_of(into).assessment.kind, Kind::StructureFire);
    assert!(!open_orders(&world, into).is_empty());
    // The last call of an incident has nothing to be split from.
    assert_eq!(
        refusal(&world.say(split(first.call))),
        Some(Refusal::NotAllowedNow)
    );
}

/// The person's word stands, upward and downward; units that are out are not called back, waiting needs are dropped.
#[test]
fn a_verdict_corrects_kind_and_place() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 0);
    let there = world.north(2_000);
    let town = world.town();
    let taken = world.call(Kind::CrashInjury, town);
    let incident = taken.incident.unwrap();
    let out = open_orders(&world, incident);
    let place = Place {
        point: there,
        radius_m: 10,
        source: PlaceSource::Caller,
        district: world.city.districts.at(there),
    };
    world.say(Command::JudgeCall(CallVerdict {
        call: taken.call,
        assessment: Some(Assessment::stated(Kind::CrashDamage)),
        place: Some(place),
    }));
    world.check();
    let known = world.state_of(incident);
    assert_eq!(known.assessment, Assessment::stated(Kind::CrashDamage));
    assert_eq!(known.place, Some(place));
    assert_eq!(open_orders(&world, incident), out);
    let waiting = known
        .needs
        .iter()
        .filter(|(_, need)| need.state == NeedState::Waiting)
        .count();
    assert_eq!(waiting, 0, "{:?}", known.needs);
    // A call at the new place joins; one at the old place does not.
    assert!(world.call(Kind::CrashDamage, there).merged);
    assert!(!world.call(Kind::CrashDamage, town).merged);
}

/// A call that was put aside becomes an incident when a person says what it is.
#[test]
fn a_verdict_on_an_invalid_call_opens_an_incident() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::Nuisance, Some(town));
    report.assessment.nature = crate::kind::Nature::Invalid;
    let taken = world.take(report);
    assert_eq!(taken.incident, None);
    let events = world.say(Command::JudgeCall(CallVerdict {
        call: taken.call,
        assessment: Some(Assessment::stated(Kind::ChestPain)),
        place: None,
    }));
    world.check();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::OrderIssued(_))),
        "{events:?}"
    );
}

#[test]
fn urgency_only_rises_by_escalation() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Noise, town).incident.unwrap();
    let before = world.state_of(incident).assessment.priority;
    let to = |priority| Command::EscalateIncident(Escalation { incident, priority });
    world.say(to(Priority::P1));
    world.check();
    let known = world.state_of(incident).assessment;
    assert_eq!((known.priority, known.kind), (Priority::P1, Kind::Noise));
    assert_eq!(
        world.say(to(before)),
        [Event::Refused(Refusal::NotAllowedNow)]
    );
    assert_eq!(
        world.say(to(Priority::P1)),
        [Event::Refused(Refusal::NotAllowedNow)]
    );
}

/// A waiting need that was ranked low is served first once its incident is escalated.
#[test]
fn an_escalated_incident_is_served_first() {
    let mut world = World::new();
    let kept = world.keep_only(Capability::Ambulance, 1);
    let town = world.town();
    let busy = world.call(Kind::ChestPain, town);
    let (first, second) = (world.north(2_000), world.north(4_000));
    let early = world.call(Kind::Obstetric, first).incident.unwrap();
    let late = world.call(Kind::Obstetric, second).incident.unwrap();
    world.say(Command::EscalateIncident(Escalation {
        incident: late,
        priority: Priority::P1,
    }));
    let ambulance = busy.orders.iter().find(|line| line.unit == kept[0]);
    world.act(ambulance.unwrap().order, OrderAct::Finish);
    world.check();
    let serves = |incident| {
        let orders = open_orders(&world, incident);
        orders.iter().any(|(unit, _)| *unit == kept[0])
    };
    assert!(serves(late) && !serves(early));
}

/// A person sends a unit that is not the nearest; it serves the need that waits, or one more.
#[test]
fn a_person_sends_the_unit_of_their_choice() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::CrashDamage, town).incident.unwrap();
    let free: Vec<UnitId> = (0..world.centre.state.units.len() as u32)
        .filter(|&index| {
            let unit = &world.centre.state.units[index as usize];
            unit.is_available() && unit.definition.capabilities.contains(Capability::Ambulance)
        })
        .map(|index| world.centre.state.unit_id(index))
        .collect();
    let far = *free.last().unwrap();
    let assign = |unit, capability| {
        Command::AssignUnit(Assignment {
            incident,
            unit,
            capability,
        })
    };
    assert_eq!(
        refusal(&world.say(assign(far, Some(Capability::Boat)))),
        Some(Refusal::UnitCannot)
    );
    let events = world.say(assign(far, None));
    world.check();
    let issued = events
        .iter()
        .find_map(|event| match event {
            Event::OrderIssued(issued) => Some(*issued),
            _ => None,
        })
        .unwrap();
    assert_eq!((issued.unit, issued.choice), (far, Choice::Person));
    assert!(issued.travel_ms > 0);
    assert_eq!(
        refusal(&world.say(assign(far, None))),
        Some(Refusal::UnitNotFree)
    );
    world.say(Command::CloseIncident(incident));
    assert_eq!(
        refusal(&world.say(assign(far, None))),
        Some(Refusal::NotAllowedNow)
    );
    world.check();
}

/// H9: a hospital keeps its number, whatever is said of it.
#[test]
fn a_hospital_is_defined_and_redefined() {
    let mut world = World::new();
    let definition = |open| HospitalDefinition {
        name: Name::new("县医院").unwrap(),
        point: Point::default(),
        capabilities: Default::default(),
        beds: 20,
        open,
    };
    for open in [true, false] {
        assert_eq!(
            world.say(Command::DefineHospital(definition(open))),
            [Event::HospitalDefined {
                hospital: HospitalId(1)
            }]
        );
    }
    let name = Name::new("县医院").unwrap();
    assert!(!world.centre.hospital_named(&name).unwrap().open);
}

/// Whatever people do in whatever order, no unit has two orders, no need is served twice, and closing frees all.
#[test]
fn any_mixture_of_acts_keeps_the_books() {
    let mut world = World::new();
    let mut random = 0x5EED_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let kinds = [
        Kind::CrashDamage,
        Kind::CrashInjury,
        Kind::ChestPain,
        Kind::StructureFire,
        Kind::Noise,
    ];
    for _ in 0..600 {
        let incident = IncidentId::new(CentreId(1), 1 + next(40)).unwrap();
        let call = CallId::new(CentreId(1), 1 + next(80)).unwrap();
        let assessment = Assessment::stated(kinds[next(5) as usize]);
        let point = world.north(next(20) as i32 * 300);
        match next(8) {
            0 | 1 => {
                world.call(assessment.kind, point);
            }
            2 => {
                let into = IncidentId::new(CentreId(1), 1 + next(40)).unwrap();
                world.say(Command::MergeIncidents(IncidentMerge {
                    from: incident,
                    into,
                }));
            }
            3 => {
                world.say(Command::SplitCall(CallSplit {
                    call,
                    assessment,
                    injured: 0,
                }));
            }
            4 => {
                let place = Place {
                    point,
                    radius_m: 5,
                    source: PlaceSource::Caller,
                    district: world.city.districts.at(point),
                };
                world.say(Command::JudgeCall(CallVerdict {
                    call,
                    assessment: Some(assessment),
                    place: Some(place),
                }));
            }
            5 => {
                let unit = world.centre.state.unit_id(next(150) as u32);
                world.say(Command::AssignUnit(Assignment {
                    incident,
                    unit,
                    capability: None,
                }));
            }
            6 => {
                world.say(Command::EscalateIncident(Escalation {
                    incident,
                    priority: Priority::P2,
                }));
            }
            _ => {
                world.say(Command::CloseIncident(incident));
            }
        }
        world.check();
    }
    for number in 1..=world.centre.state.numbers.incident {
        world.say(Command::CloseIncident(
            IncidentId::new(CentreId(1), number).unwrap(),
        ));
    }
    assert!(
        world
            .centre
            .state
            .units
            .iter()
            .all(|unit| unit.open_orders == 0)
    );
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::OrderTransferred { .. }))
    );
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::IncidentClosed {
            reason: CloseReason::Merged,
            ..
        }
    )));
}

fn free_and_able(world: &World, capability: Capability) -> Vec<UnitId> {
    let units = world.centre.state.units.iter().enumerate();
    units
        .filter(|(_, unit)| {
            unit.is_available() && unit.definition.capabilities.contains(capability)
        })
        .map(|(index, _)| world.centre.state.unit_id(index as u32))
        .collect()
}

fn assign(
    world: &mut World,
    incident: IncidentId,
    unit: UnitId,
    capability: Capability,
) -> OrderId {
    let events = world.say(Command::AssignUnit(Assignment {
        incident,
        unit,
        capability: Some(capability),
    }));
    let issued = events.iter().find_map(|event| match event {
        Event::OrderIssued(issued) => Some(issued.order),
        _ => None,
    });
    issued.unwrap_or_else(|| panic!("{events:?}"))
}

/// Nobody who is at the scene is called back because the other incident has no number left for a need: the merge is
/// refused before anything is changed. With one number left it is carried out.
#[test]
fn a_merge_without_room_for_who_is_there_is_refused_whole() {
    for needs in [16, 15] {
        let mut world = World::new();
        let (here, there) = (world.town(), world.north(2_000));
        let into = world.call(Kind::CrashDamage, here).incident.unwrap();
        let taken = world.call(Kind::ChestPain, there);
        let (from, ambulance) = (taken.incident.unwrap(), taken.orders.iter().next().unwrap());
        world.act(ambulance.order, OrderAct::Arrive);
        let free = free_and_able(&world, Capability::Patrol);
        for &unit in &free[..needs - world.state_of(into).needs.len()] {
            assign(&mut world, into, unit, Capability::Patrol);
        }
        assert_eq!(world.state_of(into).needs.len(), needs);
        let before = (world.state_of(from), world.state_of(into));
        let events = world.say(Command::MergeIncidents(IncidentMerge { from, into }));
        world.check();
        if needs == 16 {
            assert_eq!(events, [Event::Refused(Refusal::NeedsFull)]);
            assert_eq!((world.state_of(from), world.state_of(into)), before);
        } else {
            assert_eq!(refusal(&events), None);
            let scene = (ambulance.unit, OrderState::Arrived);
            assert!(open_orders(&world, into).contains(&scene), "{events:?}");
        }
    }
}

/// Who is at the scene takes the need that waits; who is still on the way to one too many is free.
#[test]
fn who_is_there_goes_before_who_is_on_the_way() {
    let mut world = World::new();
    let kept = world.keep_only(Capability::Ambulance, 2);
    let (here, there) = (world.town(), world.north(2_000));
    let taken = world.call(Kind::ChestPain, there);
    let (from, first) = (
        taken.incident.unwrap(),
        *taken.orders.iter().next().unwrap(),
    );
    let second = *kept.iter().find(|&&unit| unit != first.unit).unwrap();
    let arrived = assign(&mut world, from, second, Capability::Ambulance);
    world.act(arrived, OrderAct::Arrive);
    let into = world.call(Kind::ChestPain, here).incident.unwrap();
    assert!(open_orders(&world, into).is_empty());
    world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    world.check();
    assert_eq!(open_orders(&world, into), [(second, OrderState::Arrived)]);
    assert_eq!(world.centre.state.unit(first.unit).unwrap().open_orders, 0);
}

/// A merge that brings the first place inside the served area takes it, as a caller's facts would.
#[test]
fn a_merge_takes_the_place_that_somebody_can_be_sent_to() {
    let mut world = World::new();
    let far = Point {
        lat_e7: 100_000_000,
        lon_e7: 100_000_000,
    };
    let town = world.town();
    let into = world.call(Kind::ChestPain, far).incident.unwrap();
    let from = world.call(Kind::ChestPain, town).incident.unwrap();
    world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    world.check();
    assert_eq!(world.state_of(into).place.unwrap().point, town);
    assert_eq!(open_orders(&world, into).len(), 1);
}

/// What a desk has acknowledged is met for the other incident too, and readers see it so.
#[test]
fn an_acknowledged_work_order_is_met_after_a_merge() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let into = world.call(Kind::ConductComplaint, here).incident.unwrap();
    let taken = world.call(Kind::ConductComplaint, there);
    world.act(
        taken.orders.iter().next().unwrap().order,
        OrderAct::Acknowledge,
    );
    let from = taken.incident.unwrap();
    let events = world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    let moved = |event: &Event| matches!(event, Event::OrderTransferred { .. });
    assert!(events.iter().any(moved), "{events:?}");
    world.check();
}

/// A call without words that a person holds to be urgent stays so when the words come, and through a merge; a person's
/// verdict may lower it again.
#[test]
fn words_do_not_undo_an_escalation() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let taken = world.call(Kind::Unknown, here);
    let incident = taken.incident.unwrap();
    world.say(Command::EscalateIncident(Escalation {
        incident,
        priority: Priority::P1,
    }));
    let other = world.call(Kind::Noise, there).incident.unwrap();
    world.say(Command::MergeIncidents(IncidentMerge {
        from: incident,
        into: other,
    }));
    let noise = Assessment::stated(Kind::Noise);
    world.say(facts(taken.call, Some(Kind::Noise), None));
    world.check();
    let known = world.state_of(other).assessment;
    assert_eq!((known.kind, known.priority), (Kind::Noise, Priority::P1));
    world.say(Command::JudgeCall(CallVerdict {
        call: taken.call,
        assessment: Some(noise),
        place: None,
    }));
    world.check();
    assert_eq!(world.state_of(other).assessment, noise);
}

/// The calls of an incident that was merged find the other one as long as they are known at all: an incident leaves
/// hot state by age no earlier than its calls do.
#[test]
fn merged_calls_find_their_incident_as_long_as_they_are_known() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let into = world.call(Kind::CrashDamage, here).incident.unwrap();
    let taken = world.call(Kind::CrashDamage, there);
    let merge = IncidentMerge {
        from: taken.incident.unwrap(),
        into,
    };
    world.say(Command::MergeIncidents(merge));
    let hurt = |injured| facts(taken.call, None, Some(injured));
    for hour in 1..=24 {
        world.pass(Span::hours(1));
        let elsewhere = world.north(4_000 + 500 * hour);
        world.call(Kind::Noise, elsewhere);
        assert_eq!(refusal(&world.say(hurt(hour as u16))), None, "{hour}");
        assert_eq!(world.state_of(into).injured, hour as u16);
    }
    world.pass(Span::minutes(1));
    world.call(Kind::Noise, here);
    assert_eq!(refusal(&world.say(hurt(99))), Some(Refusal::UnknownCall));
}
