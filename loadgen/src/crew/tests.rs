//! What crews do, told as a log of acts with their times.

use super::*;
use engine::id::CentreId;

const CENTRE: CentreId = CentreId(1);
const HERE: Point = Point {
    lat_e7: 288_500_000,
    lon_e7: 1_207_300_000,
};

fn order(number: u64) -> OrderId {
    OrderId::new(CENTRE, number).unwrap()
}

fn told(number: u64) -> Told<'static> {
    Told {
        order: order(number),
        unit: UnitId::new(CENTRE, number).unwrap(),
        name: "P-01",
        capability: Capability::Patrol,
        desk: false,
        travel_ms: 300_000,
        turnout_ms: 60_000,
        point: Some(HERE),
        kind: Some(Kind::Fight),
    }
}

/// Everything that is done from now on, with the time of each act.
fn run(crews: &mut Crews) -> Vec<(Moment, Act)> {
    let mut log = Vec::new();
    while let Some(due) = crews.next_due() {
        while let Some(act) = crews.poll(due) {
            if let Act::Report { order, act } = act {
                let to = OrderState::Issued.after(act, true).unwrap();
                crews.order_moved(due, order, to);
            }
            log.push((due, act));
        }
        assert!(log.len() < 10_000, "crews never come to an end");
    }
    log
}

fn acts(log: &[(Moment, Act)]) -> Vec<OrderAct> {
    log.iter()
        .filter_map(|(_, act)| match act {
            Act::Report { act, .. } => Some(*act),
            Act::Position { .. } | Act::Return { .. } => None,
        })
        .collect()
}

fn field() -> Behaviour {
    Behaviour::Field {
        positions: Positions::OnArrival,
    }
}

#[test]
fn a_crew_that_obeys_reports_every_step_at_its_time() {
    let mut crews = Crews::new(field(), 1);
    // The first orders of a seed may be taken badly; take one that is obeyed.
    let mut number = 0;
    while crews.counts().obeyed == 0 {
        number += 1;
        crews = Crews {
            missions: BTreeMap::new(),
            agenda: BTreeMap::new(),
            ..crews
        };
        crews.order_issued(Moment(0), &told(number));
    }
    let log = run(&mut crews);
    assert_eq!(
        acts(&log),
        [
            OrderAct::Acknowledge,
            OrderAct::SetOff,
            OrderAct::Arrive,
            OrderAct::Finish
        ]
    );
    let at = |index: usize| log[index].0.0;
    assert!((5_000..=25_000).contains(&at(0)));
    assert!((45_000..=63_000).contains(&at(1)));
    assert_eq!(
        log[2].1,
        Act::Position {
            unit: "P-01".into(),
            point: HERE
        }
    );
    assert!((240_000..=360_000).contains(&(at(3) - at(1))));
    assert!((600_000..=2_400_000).contains(&(at(4) - at(3))));
    assert_eq!(crews.open(), 0);
}

#[test]
fn bad_manners_are_late_to_say_yes_say_no_or_say_nothing() {
    let mut crews = Crews::new(field(), 9);
    for number in 1..=100 {
        crews.order_issued(Moment(0), &told(number));
    }
    assert_eq!(
        crews.counts(),
        Counts {
            obeyed: 91,
            late: 3,
            declined: 3,
            silent: 3
        }
    );
    // Half a minute without a word: the deputies are told, then the duty leaders, then the next units.
    let mut log = Vec::new();
    for (second, rung) in [
        (30, Rung::Deputy),
        (60, Rung::DutyLeader),
        (90, Rung::NextUnit),
    ] {
        let now = Moment(second * 1_000);
        while let Some(act) = crews.poll(now) {
            log.push((now, act));
        }
        let answered: Vec<OrderId> = log
            .iter()
            .filter_map(|(_, act)| match act {
                Act::Report { order, .. } => Some(*order),
                Act::Position { .. } | Act::Return { .. } => None,
            })
            .collect();
        for number in (1..=100)
            .map(order)
            .filter(|order| !answered.contains(order))
        {
            let next = (rung != Rung::NextUnit).then(|| now + Span::seconds(30));
            crews.ladder_climbed(now, number, rung, next);
            if rung == Rung::NextUnit {
                crews.order_moved(now, number, OrderState::Reassigned);
            }
        }
    }
    let late = log
        .iter()
        .filter(|(at, act)| {
            at.0 == 60_000
                && matches!(
                    act,
                    Act::Report {
                        act: OrderAct::Acknowledge,
                        ..
                    }
                )
        })
        .count();
    assert_eq!(
        late, 3,
        "acknowledged between the first rung and the second"
    );
    assert_eq!(
        acts(&log)
            .iter()
            .filter(|&&act| act == OrderAct::Decline)
            .count(),
        3
    );
    // Who was silent lost its order, says nothing of it, and comes back later.
    let returns = run(&mut crews)
        .iter()
        .filter(|(at, act)| matches!(act, Act::Return { .. }) && at.0 >= 90_000 + AWAY_MS.0)
        .count();
    assert_eq!(returns, 3);
}

/// Two centres that are compared issue other orders before; what is about the same thing is taken in the same way.
#[test]
fn an_order_about_the_same_thing_is_taken_the_same_whatever_was_issued_before() {
    let played = |before: u64, matter: u64| {
        let mut crews = Crews::new(field(), 1);
        for number in 1..=before {
            crews.order_issued_about(Moment(0), &told(number), 1_000 + number);
        }
        crews.order_issued_about(Moment(0), &told(before + 1), matter);
        let mut log = run(&mut crews);
        let own =
            |act: &Act| matches!(act, Act::Report { order: of, .. } if *of == order(before + 1));
        log.retain(|(_, act)| own(act));
        log.iter().map(|&(at, _)| at).collect::<Vec<Moment>>()
    };
    for matter in 0..50 {
        assert_eq!(played(0, matter), played(7, matter), "{matter}");
    }
    assert_ne!(played(0, 1), played(0, 2));
}

#[test]
fn a_desk_acknowledges_and_finishes() {
    let mut crews = Crews::new(field(), 1);
    for number in 1..=100 {
        let desk = Told {
            desk: true,
            travel_ms: 0,
            ..told(number)
        };
        crews.order_issued(Moment(0), &desk);
    }
    assert_eq!(crews.counts().obeyed, 100);
    let log = run(&mut crews);
    let acts = acts(&log);
    assert_eq!(acts.len(), 200);
    assert!(
        acts.iter()
            .all(|act| matches!(act, OrderAct::Acknowledge | OrderAct::Finish))
    );
}

#[test]
fn the_standard_crews_finish_within_a_second_by_one_report() {
    let mut crews = Crews::new(Behaviour::Standard, 1);
    for number in 1..=100 {
        crews.order_issued(Moment(0), &told(number));
    }
    let log = run(&mut crews);
    assert_eq!(acts(&log), [OrderAct::Finish; 100]);
    assert!(log.iter().all(|(at, _)| at.0 < 1_000));
}

#[test]
fn positions_lead_from_the_last_place_to_the_next() {
    let mut crews = Crews::new(
        Behaviour::Field {
            positions: Positions::Every(Span::seconds(30)),
        },
        4,
    );
    let mut issue = |from: u64, point: Point| {
        // Orders to one unit until one is obeyed.
        for number in from..from + 10 {
            let unit = UnitId::new(CENTRE, 1).unwrap();
            let now = Moment(from as i64 * 10_000_000);
            crews.order_issued(
                now,
                &Told {
                    unit,
                    point: Some(point),
                    ..told(number)
                },
            );
            let log = run(&mut crews);
            let positions: Vec<Point> = log
                .iter()
                .filter_map(|(_, act)| match act {
                    Act::Position { point, .. } => Some(*point),
                    Act::Report { .. } | Act::Return { .. } => None,
                })
                .collect();
            if !positions.is_empty() {
                return positions;
            }
        }
        panic!("nobody obeys");
    };
    let there = Point {
        lat_e7: HERE.lat_e7 + 1_000_000,
        ..HERE
    };
    assert_eq!(
        issue(1, HERE),
        [HERE],
        "from an unknown place only the arrival is said"
    );
    let way = issue(100, there);
    assert!((8..=13).contains(&way.len()), "{way:?}");
    assert!(way.is_sorted() && way[0] > HERE && way.last() == Some(&there));
}

#[test]
fn an_order_that_is_told_twice_or_withdrawn_makes_no_more_acts() {
    let mut crews = Crews::new(Behaviour::Standard, 1);
    crews.order_issued(Moment(0), &told(1));
    crews.order_issued(Moment(500), &told(1));
    crews.order_issued(Moment(0), &told(2));
    crews.order_moved(Moment(1), order(2), OrderState::Cancelled);
    assert_eq!(acts(&run(&mut crews)), [OrderAct::Finish]);
}

/// Somewhere some five kilometres to the north.
const POST: Point = Point {
    lat_e7: HERE.lat_e7 + 450_000,
    ..HERE
};

/// Crews that live at the post and drive 10 m a second.
fn with_a_home(seed: u64) -> Crews {
    let mut crews = Crews::new(field(), seed);
    let home = Home {
        post: POST,
        speed_mm_s: 10_000,
    };
    crews.live_at([("P-01".to_owned(), home)]);
    // Who obeys is what this is about.
    crews.take_as_long_as(Arc::new(seen()));
    crews
}

/// Twenty crews that needed 30 s, the way that was reckoned and 10 min.
fn seen() -> Observed {
    let one = crate::trace::observed::Response {
        call: "a".into(),
        at: None,
        matter: String::new(),
        kind: None,
        unit: String::new(),
        unit_type: String::new(),
        capability: None,
        handling: None,
        turnout: Some(Span::seconds(30)),
        travel: None,
        travel_percent: Some(100),
        stay: Some(Span::minutes(10)),
        arrival: None,
    };
    Observed::of(&vec![one; 20])
}

#[test]
fn a_crew_takes_as_long_as_others_were_seen_to_and_goes_home() {
    let mut crews = with_a_home(3);
    crews.order_issued(Moment(0), &told(1));
    let log = run(&mut crews);
    let at = |wanted: OrderAct| {
        let report = Act::Report {
            order: order(1),
            act: wanted,
        };
        log.iter().find(|(_, act)| *act == report).unwrap().0.0
    };
    assert_eq!(at(OrderAct::SetOff), 30_000);
    assert_eq!(at(OrderAct::Arrive), 330_000);
    assert_eq!(at(OrderAct::Finish), 930_000);
    let places: Vec<(i64, Point)> = log
        .iter()
        .filter_map(|(at, act)| match act {
            Act::Position { point, .. } => Some((at.0, *point)),
            Act::Report { .. } | Act::Return { .. } => None,
        })
        .collect();
    assert_eq!(places[0], (330_000, HERE));
    // 5 km × 1.3 at 10 m/s: 650 s, give or take a fifth; where it is, once a minute.
    let (home_at, home) = *places.last().unwrap();
    assert_eq!(home, POST);
    assert!(
        (930_000 + 520_000..=930_000 + 781_000).contains(&home_at),
        "{home_at}"
    );
    assert!((9..=14).contains(&(places.len() - 1)), "{places:?}");
    assert!(places.is_sorted_by_key(|&(_, point)| point));
}

#[test]
fn an_order_on_the_way_home_begins_where_the_crew_is() {
    let mut crews = with_a_home(3);
    crews.order_issued(Moment(0), &told(1));
    while let Some(due) = crews.next_due().filter(|&due| due.0 <= 930_000) {
        while let Some(act) = crews.poll(due) {
            if let Act::Report { order, act } = act {
                let to = OrderState::Issued.after(act, true).unwrap();
                crews.order_moved(due, order, to);
            }
        }
    }
    assert_eq!(crews.open(), 0);
    // Free, on the road, and half a minute past the last word of where it is.
    let now = Moment(930_000 + 210_000);
    let mut told_at = Vec::new();
    while let Some(Act::Position { point, .. }) = crews.poll(now) {
        told_at.push(point);
    }
    assert_eq!(told_at.len(), 3);
    let again = Told {
        unit: told(1).unit,
        travel_ms: 1,
        ..told(2)
    };
    crews.order_issued(now, &again);
    let Some(Act::Position { point: here, .. }) = crews.poll(now) else {
        panic!("it says where it is before anything else");
    };
    assert!(
        HERE < told_at[2] && told_at[2] < here && here < POST,
        "{here:?}"
    );
    let log = run(&mut crews);
    let arrived = log.iter().find(|(_, act)| {
        matches!(
            act,
            Act::Report {
                act: OrderAct::Arrive,
                ..
            }
        )
    });
    let took = now.until(arrived.unwrap().0).0;
    // What was reckoned from elsewhere does not count: it drives back all that it had driven, and need not get ready.
    assert!((205_000..=270_000).contains(&took), "{took}");
}

#[test]
fn a_crew_that_is_called_back_says_where_it_turned() {
    let mut crews = with_a_home(3);
    crews.order_issued(Moment(0), &told(1));
    let half = Moment(180_000);
    while crews.poll(half).is_some() {}
    crews.order_moved(half, order(1), OrderState::Cancelled);
    let Some(Act::Position { point, .. }) = crews.poll(half) else {
        panic!("it says where it is");
    };
    assert!(HERE < point && point < POST, "{point:?}");
    let log = run(&mut crews);
    let last = Act::Position {
        unit: "P-01".into(),
        point: POST,
    };
    assert_eq!(log.last().unwrap().1, last);
}

/// The same crew's next order.
fn told_next() -> Told<'static> {
    Told {
        unit: told(1).unit,
        point: Some(POST),
        ..told(2)
    }
}

/// R2: who is on the road to one thing and is called away to another need not get ready again, and comes from where it is.
#[test]
fn a_crew_that_is_called_away_on_the_road_does_not_turn_out_anew() {
    let mut crews = with_a_home(3);
    crews.order_issued(Moment(0), &told(1));
    let half = Moment(180_000);
    while crews.poll(half).is_some() {}
    crews.order_moved(half, order(1), OrderState::Preempted);
    crews.order_issued(half, &told_next());
    let Some(Act::Position { point, .. }) = crews.poll(half) else {
        panic!("it says where it is");
    };
    assert!(HERE < point && point < POST, "{point:?}");
    let log = run(&mut crews);
    let set_off = Act::Report {
        order: order(2),
        act: OrderAct::SetOff,
    };
    let set_off = log.iter().find(|(_, act)| *act == set_off).unwrap().0;
    assert!(half.until(set_off).0 <= 2_000, "{set_off:?}");
}

/// R2: who would not have answered and is called away is not away: it does not come back, nor goes home, in the middle of what it is
/// called to.
#[test]
fn a_silent_crew_that_is_called_away_is_there_for_what_it_is_called_to() {
    let home = Home {
        post: POST,
        speed_mm_s: 10_000,
    };
    let crews = (0..10_000).find_map(|seed| {
        let mut crews = Crews::new(field(), seed);
        crews.live_at([("P-01".to_owned(), home)]);
        crews.order_issued(Moment(0), &told(1));
        crews.order_moved(Moment(10_000), order(1), OrderState::Preempted);
        crews.order_issued(Moment(10_000), &told_next());
        let counts = crews.counts();
        (counts.silent == 1 && counts.obeyed == 1).then_some(crews)
    });
    let log = run(&mut crews.unwrap());
    assert_eq!(acts(&log).last(), Some(&OrderAct::Finish));
    let returns = |(_, act): &(Moment, Act)| matches!(act, Act::Return { .. });
    assert!(!log.iter().any(returns), "{log:?}");
}
