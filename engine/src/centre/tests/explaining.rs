//! Why this unit, and why not the nearer ones (R4): the grounds rebuilt from records, held against the state itself.

use super::*;
use crate::command::Assignment;
use crate::event::{Choice, OrderIssued};
use crate::explain::{FARTHER_SHOWN, Fold, Freed, Grounds, Standing};
use crate::order::OrderState;

/// The grounds of an order, from the records of a world alone.
pub(super) fn grounds(world: &World, order: OrderId) -> Grounds {
    let mut fold = Fold::new();
    for released in &world.records {
        if let Some(activation) = Fold::wants(&released.record) {
            let bytes = match activation.object {
                ObjectKind::City => world.city.canonical_bytes().unwrap(),
                ObjectKind::Roads | ObjectKind::Bulletin => {
                    let mut kept = world.objects.iter();
                    let kept = kept.find(|bytes| ObjectHash::of(bytes) == activation.hash);
                    kept.unwrap().clone()
                }
                ObjectKind::Plan | ObjectKind::Lexicon => crate::plan::DEFAULT.into(),
            };
            fold.bring_into_force(&activation, &bytes).unwrap();
        }
        if let Some(grounds) = fold.hear(released.clone(), order) {
            return grounds;
        }
    }
    panic!("no record issues {order}")
}

fn issued(world: &World) -> Vec<OrderIssued> {
    let events = world.events.iter();
    events
        .filter_map(|event| match event {
            Event::OrderIssued(issued) => Some(*issued),
            _ => None,
        })
        .collect()
}

/// What would be shown by looking at the whole state: (unit, time, whether it was free), in order of time.
fn by_hand(world: &World, capability: Capability, to: Point) -> Vec<(UnitId, u32, bool)> {
    let finder = world.centre.finder.as_ref().unwrap();
    let units = world.centre.state.units.iter().enumerate();
    let mut all: Vec<_> = units
        .filter(|(_, unit)| unit.definition.capabilities.contains(capability))
        .map(|(index, unit)| {
            let way = distance_dm(finder.plane(unit.point), finder.plane(to));
            let travel = u64::from(way) * 1_300 * 100 / u64::from(unit.definition.speed_mm_s);
            let total = travel as u32 + unit.definition.turnout_ms;
            let id = world.centre.state.unit_id(index as u32);
            (id, total, unit.is_available())
        })
        .collect();
    all.sort_by_key(|&(id, total, _)| (total, id));
    let free = all.iter().position(|&(.., free)| free);
    let farther = all.split_off(free.map_or(all.len(), |chosen| chosen + 1));
    let free = farther.into_iter().filter(|&(.., free)| free);
    all.extend(free.take(FARTHER_SHOWN));
    all
}

/// R4: what is told of an order is what looking at every unit at that moment shows.
#[test]
fn the_grounds_are_those_of_the_moment() {
    let mut world = World::new();
    let mut seed = 7_u64;
    let mut expected = Vec::new();
    for round in 0..90 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let post = world.city.posts[(seed >> 33) as usize % world.city.posts.len()].point;
        let point = Point {
            lat_e7: post.lat_e7 + (seed >> 40) as i32 % 40_000,
            ..post
        };
        // A chest pain needs one ambulance first; what is seen before the call is what the order was decided on.
        let seen = by_hand(&world, Capability::Ambulance, point);
        let before = issued(&world).len();
        world.call(Kind::ChestPain, point);
        let order = issued(&world).get(before).copied();
        let ambulance = order.filter(|order| order.capability == Capability::Ambulance);
        expected.extend(ambulance.map(|order| (order, seen)));
        if let Some(order) = order {
            world.act(order.order, OrderAct::Acknowledge);
        }
        // Now and then everybody is done, and stands where they were sent.
        for order in issued(&world).into_iter().filter(|_| round % 12 == 0) {
            world.act(order.order, OrderAct::Finish);
        }
        world.pass(Span::minutes(1));
    }
    assert!(expected.len() > 20);
    for (order, seen) in expected {
        let told = grounds(&world, order.order);
        let candidates: Vec<_> = told
            .candidates
            .iter()
            .map(|candidate| {
                let free = matches!(candidate.standing, Standing::Chosen | Standing::Farther);
                (candidate.unit, candidate.total_ms(), free)
            })
            .collect();
        assert_eq!(candidates, seen, "{}", order.order);
        let chosen = told.chosen().unwrap();
        assert_eq!(
            (chosen.unit, chosen.travel_ms, chosen.turnout_ms),
            (order.unit, order.travel_ms, order.turnout_ms)
        );
    }
}

/// The last order of a world for an ambulance.
fn newest(world: &World) -> OrderIssued {
    let orders = issued(world).into_iter().rev();
    let mut ambulances = orders.filter(|order| order.capability == Capability::Ambulance);
    ambulances.next().unwrap()
}

fn duty(world: &mut World, unit: UnitId, duty: Duty, strength: Option<u16>) {
    world.say(Command::SetDuty(UnitDuty {
        unit,
        duty,
        strength,
    }));
}

/// Eight ambulances in a row north of the town's middle, nearest first, all off duty.
fn row(world: &mut World) -> Vec<UnitId> {
    let able = world.keep_only(Capability::Ambulance, 8);
    let town = world.town();
    for (step, &unit) in able.iter().enumerate() {
        let definition = UnitDefinition {
            speed_mm_s: 10_000,
            turnout_ms: 60_000,
            strength: 2,
            least_strength: 2,
            ..world.centre.state.unit(unit).unwrap().definition
        };
        world.say(Command::DefineUnit(definition));
        let point = Point {
            lat_e7: town.lat_e7 + 20_000 * (1 + step as i32),
            ..town
        };
        world.say(Command::MoveUnit(UnitPosition { unit, point }));
        duty(world, unit, Duty::Off, None);
    }
    able
}

/// R4, X10, X11, X12: every reason for passing a nearer unit over is named, each as it was when the order was issued.
#[test]
fn every_nearer_unit_has_its_reason() {
    let mut world = World::new();
    let able = row(&mut world);
    let [busy, off, weak, night, silent, declined, chosen, farther] = able[..] else {
        panic!("{able:?}");
    };
    let far = world.city.posts.last().unwrap().point;

    duty(&mut world, silent, Duty::OnCall, None);
    let unheard = world.call(Kind::MinorTrauma, far).incident.unwrap();
    world.pass(Span::minutes(3));
    world.say(Command::CloseIncident(unheard));

    duty(&mut world, busy, Duty::OnCall, None);
    let elsewhere = world.call(Kind::MinorTrauma, far).incident.unwrap();
    let bound = newest(&world).order;
    world.act(bound, OrderAct::Acknowledge);
    let bound_since = world.now;

    duty(&mut world, weak, Duty::OnCall, Some(1));
    let asleep = UnitDefinition {
        roster_on_min: 20 * 60,
        roster_off_min: 6 * 60,
        ..world.centre.state.unit(night).unwrap().definition
    };
    world.say(Command::DefineUnit(asleep));
    for unit in [night, declined, chosen, farther] {
        duty(&mut world, unit, Duty::OnCall, None);
    }
    world.call(Kind::MinorTrauma, world.town());
    let refused = newest(&world);
    assert_eq!(refused.unit, declined);
    world.act(refused.order, OrderAct::Decline);
    let order = newest(&world);

    let told = grounds(&world, order.order);
    let standings: Vec<_> = told
        .candidates
        .iter()
        .map(|candidate| (candidate.unit, candidate.standing))
        .collect();
    let expected = [
        (
            busy,
            Standing::Busy {
                order: bound,
                incident: elsewhere,
                state: OrderState::Acknowledged,
                since: bound_since,
            },
        ),
        (off, Standing::Off),
        (
            weak,
            Standing::Understrength {
                strength: 1,
                least: 2,
            },
        ),
        (night, Standing::Unstaffed),
        (silent, Standing::Silent),
        (
            declined,
            Standing::Declined {
                order: refused.order,
            },
        ),
        (chosen, Standing::Chosen),
        (farther, Standing::Farther),
    ];
    assert_eq!(standings, expected);
    assert_eq!(
        (told.asked.len(), told.asked[0].state),
        (1, OrderState::Declined)
    );
    assert_eq!(told.issued.choice, Choice::Nearest);
    // The first of them was decided before anybody had said no.
    let first = grounds(&world, refused.order);
    assert_eq!(first.chosen().unwrap().unit, declined);
    assert!(first.asked.is_empty());
}

/// A unit that comes free is given to a need: since when that waited, and what freed the unit, are told.
#[test]
fn a_need_that_waited_says_since_when() {
    let mut world = World::new();
    let able = world.keep_only(Capability::Ambulance, 1);
    let first = world.call(Kind::MinorTrauma, world.town());
    let busy = newest(&world).order;
    world.act(busy, OrderAct::Arrive);
    let since = world.now;
    let far = world.city.posts.last().unwrap().point;
    world.call(Kind::ChestPain, far);
    world.pass(Span::seconds(20));
    world.act(busy, OrderAct::Finish);
    let order = newest(&world);
    assert_eq!((order.unit, order.choice), (able[0], Choice::Waiting));
    assert_ne!(Some(order.incident), first.incident);
    let told = grounds(&world, order.order);
    assert_eq!(told.waited_since, Some(since));
    assert_eq!(
        told.freed,
        Some(Freed::OrderEnded {
            order: busy,
            state: OrderState::Finished
        })
    );
    // Where it was when it was freed counts, not where it stands when somebody asks.
    assert_eq!(told.chosen().unwrap().travel_ms, order.travel_ms);
}

/// A person may send a unit past a nearer one that is free; that is told as it is.
#[test]
fn a_persons_choice_names_the_nearer_ones_that_were_free() {
    let mut world = World::new();
    let able = row(&mut world);
    let incident = world
        .call(Kind::MinorTrauma, world.town())
        .incident
        .unwrap();
    // The first that comes on duty is taken by the need that waits; the others are free.
    for &unit in &able {
        duty(&mut world, unit, Duty::OnCall, None);
    }
    assert_eq!(newest(&world).unit, able[0]);
    world.say_as(
        Actor::Dispatcher(3),
        Command::AssignUnit(Assignment {
            incident,
            unit: able[5],
            capability: Some(Capability::Ambulance),
        }),
    );
    let order = newest(&world);
    let told = grounds(&world, order.order);
    assert_eq!(
        (told.issued.choice, told.actor),
        (Choice::Person, Actor::Dispatcher(3))
    );
    let free: Vec<_> = told
        .candidates
        .iter()
        .filter(|candidate| candidate.standing == Standing::Free)
        .map(|candidate| candidate.unit)
        .collect();
    assert_eq!(free, &able[1..5]);
    assert_eq!(told.chosen().unwrap().unit, able[5]);
}

/// A desk is chosen by its open orders, and no distance is told of it.
#[test]
fn a_desk_has_no_way_to_go() {
    let mut world = World::new();
    let point = world.town();
    let report = CallReport {
        assessment: Assessment::stated(Kind::GovernmentEnquiry),
        ..world.report(Kind::GovernmentEnquiry, Some(point))
    };
    world.take(report);
    let order = issued(&world).pop().unwrap();
    assert_eq!(order.choice, Choice::Desk);
    let told = grounds(&world, order.order);
    let chosen = told.chosen().unwrap();
    assert_eq!((chosen.total_ms(), chosen.distance_dm), (0, 0));
    assert_eq!(chosen.unit, order.unit);
}

/// What comes after an order in its own record has not happened yet, what comes before it has.
#[test]
fn an_order_knows_nothing_of_the_next_in_its_record() {
    let mut world = World::new();
    let town = world.town();
    world.call(Kind::StructureFire, town);
    let engines: Vec<_> = issued(&world)
        .into_iter()
        .filter(|order| order.capability == Capability::FireEngine)
        .collect();
    assert!(engines.len() >= 2);
    let standing = |of: OrderId, unit: UnitId| {
        let told = grounds(&world, of).candidates;
        let mut found = told.iter().filter(|candidate| candidate.unit == unit);
        found.next().map(|candidate| candidate.standing)
    };
    let (first, second) = (engines[0], engines[1]);
    assert_eq!(standing(first.order, second.unit), Some(Standing::Farther));
    let busy = standing(second.order, first.unit);
    assert!(
        matches!(busy, Some(Standing::Busy { order, .. }) if order == first.order),
        "{busy:?}"
    );
}

/// R4: from whom a person took the need is not one that the plan spared.
#[test]
fn whom_a_person_relieved_is_told_as_that() {
    let mut world = World::new();
    let able = world.keep_only(Capability::Ambulance, 2);
    let town = world.town();
    for (&unit, km) in able.iter().zip([1, 2]) {
        let point = Point {
            lat_e7: town.lat_e7 + km * 90_000,
            ..town
        };
        world.say(Command::MoveUnit(crate::command::UnitPosition {
            unit,
            point,
        }));
    }
    world.call(Kind::Illness, town);
    let first = *issued(&world).last().unwrap();
    assert_eq!(first.unit, able[0]);
    world.say_as(
        Actor::Dispatcher(1),
        Command::Report(OrderReport {
            order: first.order,
            act: OrderAct::Reassign,
        }),
    );
    let second = *issued(&world).last().unwrap();
    assert_eq!(second.unit, able[1]);
    let told = grounds(&world, second.order).candidates;
    let standing = |unit| told.iter().find(|it| it.unit == unit).unwrap().standing;
    let order = first.order;
    assert_eq!(standing(able[0]), Standing::Relieved { order });
}
