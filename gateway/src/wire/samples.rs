//! Requests and responses of every kind, for the tests of both forms.

use super::*;
use engine::call::{Marks, Outcome};
use engine::capability::Capability;
use engine::event::{Choice, OrderIssued};
use engine::id::{CallId, CentreId, EventId, IncidentId, OrderId, UnitId};
use engine::incident::Shortage;
use engine::kind::{Agency, AgencySet, Kind, Nature, Priority};
use engine::order::{Deadlines, OrderAct, Rung};
use engine::place::Point;
use engine::place::datum::Datum;
use engine::unit::Duty;
use proptest::prelude::*;

fn any_position() -> impl Strategy<Value = Position> {
    // 64ths of a degree: few enough digits for any reader of JSON to give the same number back.
    (-5_760..=5_760i32, -11_520..=11_520i32, 0..3u8)
        .prop_map(|(lat, lon, datum)| (f64::from(lat) / 64.0, f64::from(lon) / 64.0, datum))
        .prop_map(|(lat, lon, datum)| Position::new(lat, lon, Datum::from_number(datum)).unwrap())
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL)
}

prop_compose! {
    fn any_call()(
        key in "[a-z0-9-]{1,40}",
        line in prop::option::of(100..99_999u32),
        caller in prop::option::of("\\+[0-9]{1,14}"),
        at in prop::option::of(0..7_258_118_400_000i64),
        position in prop::option::of(any_position()),
        accuracy_m in prop::option::of(0..1_000_000u32),
        text in prop::option::of("[^\u{FFFD}]{0,60}"),
        kind in prop::option::of(any_kind()),
        injured in prop::option::of(any::<u16>()),
        cell in prop::option::of("[0-9-]{1,20}"),
        drill: bool,
    ) -> CallWords {
        CallWords {
            key, line, caller, at: at.map(Moment), position, accuracy_m, cell, text, kind, injured,
            hospital: None, drill, marks: Marks::default(),
        }
    }
}

fn any_facts() -> impl Strategy<Value = FactsWords> {
    (
        1..1_000_000u64,
        prop::option::of(any_position()),
        prop::option::of("\\PC{0,40}"),
        prop::option::of(any_kind()),
    )
        .prop_map(|(number, position, text, kind)| FactsWords {
            position,
            text: text.map(|text| text.replace('\u{FFFD}', "")),
            kind,
            injured: Some(2),
            ..FactsWords::of(CallId::new(CentreId(1), number).unwrap())
        })
}

/// A request of any kind.
pub fn request() -> impl Strategy<Value = Request> {
    let tag = || prop::option::of(any::<u64>());
    let order =
        || (1..u64::from(u32::MAX)).prop_map(|number| OrderId::new(CentreId(9), number).unwrap());
    let acts = vec![
        OrderAct::Acknowledge,
        OrderAct::Decline,
        OrderAct::SetOff,
        OrderAct::Arrive,
        OrderAct::Finish,
    ];
    prop_oneof![
        (tag(), any_call()).prop_map(|(tag, call)| Request::Call {
            tag,
            call: Box::new(call)
        }),
        (tag(), any_facts()).prop_map(|(tag, facts)| Request::Facts {
            tag,
            facts: Box::new(facts)
        }),
        (tag(), 1..9_999u64).prop_map(|(tag, number)| Request::End {
            tag,
            call: CallId::new(CentreId(1), number).unwrap()
        }),
        (
            tag(),
            order(),
            prop::sample::select(acts),
            prop::option::of("[a-z ]{0,20}")
        )
            .prop_map(|(tag, order, act, note)| Request::Order {
                tag,
                order,
                act,
                note
            }),
        (tag(), "[A-Z]-[0-9]{1,3}", any_position()).prop_map(|(tag, unit, position)| {
            Request::Position {
                tag,
                unit,
                position,
            }
        }),
        (tag(), "[A-Z]-[0-9]{1,3}", prop::option::of(any::<u16>())).prop_map(
            |(tag, unit, strength)| Request::Duty {
                tag,
                report: UnitReport {
                    unit,
                    duty: Duty::Patrolling,
                    strength
                }
            }
        ),
        (tag(), 0..7_258_118_400_000i64).prop_map(|(tag, to)| Request::Advance {
            tag,
            to: Moment(to)
        }),
        (
            tag(),
            prop::collection::vec("[A-Z]-[0-9]{1,3}", 0..4),
            prop::option::of(any::<u64>())
        )
            .prop_map(|(tag, units, sequence)| Request::Subscribe {
                tag,
                units,
                since: sequence.map(|sequence| EventId {
                    centre: CentreId(1),
                    sequence: Sequence(sequence),
                    index: 3
                })
            }),
    ]
}

fn event_id() -> EventId {
    EventId {
        centre: CentreId(1),
        sequence: Sequence(40_214),
        index: 2,
    }
}

fn note(announced: Announced) -> Response {
    Response::Event(EventNote {
        id: event_id(),
        at: Moment(1_000),
        redelivered: true,
        last: true,
        announced,
    })
}

fn decision() -> Decision {
    let centre = CentreId(1);
    Decision {
        call: CallId::new(centre, 17).unwrap(),
        incident: IncidentId::new(centre, 9),
        seq: Sequence(40_213),
        merged: false,
        outcome: Outcome::Ordered,
        kind: Kind::CrashInjury,
        priority: Priority::P1,
        nature: Nature::Emergency,
        agencies: AgencySet::of(&[Agency::Traffic, Agency::Medical]),
        confidence_permille: 970,
        human: false,
        evidence: vec![Evidence {
            text: "追尾".into(),
            rule: "crash/追尾".into(),
        }],
        forward: Forward {
            line: 122,
            seat: None,
        },
        orders: vec![OrderLine {
            order: OrderId::new(centre, 12).unwrap(),
            unit: "T-07".into(),
            agency: Agency::Traffic,
            travel_ms: 213_001,
            arrive_by: Some(Moment(1_200_000)),
            why: Choice::Nearest,
        }],
        short: vec![ShortLine {
            need: Capability::Ambulance,
            count: 1,
            reason: Shortage::AllBusy,
        }],
        foreseen_late: true,
        hospital: Some("县人民医院".into()),
        outside: false,
        conflict: false,
    }
}

/// A response of each kind; the first is the decision of the design.
pub fn responses() -> Vec<Response> {
    let centre = CentreId(1);
    let (order, unit) = (
        OrderId::new(centre, 12).unwrap(),
        UnitId::new(centre, 7).unwrap(),
    );
    let problem = Problem::new(ProblemKind::Overloaded, "the lane is full").about("lane");
    let issued = OrderIssued {
        order,
        incident: IncidentId::new(centre, 9).unwrap(),
        need: 1,
        unit,
        capability: Capability::TrafficPatrol,
        travel_ms: 10,
        turnout_ms: 20,
        deadlines: Deadlines {
            acknowledge: Some(Moment(30_000)),
            arrive: Some(Moment(60_000)),
            ..Deadlines::default()
        },
        previous: None,
        choice: Choice::Waiting,
        foreseen_late: true,
    };
    vec![
        Response::Decision {
            tag: Some(7),
            decision: Box::new(decision()),
        },
        Response::Problem {
            tag: Some(8),
            problem: problem.retry_after_ms(250),
        },
        Response::Done {
            tag: Some(9),
            seq: Sequence(3),
            state: Some(OrderState::SetOff),
        },
        Response::Done {
            tag: None,
            seq: Sequence(3),
            state: None,
        },
        Response::Advanced {
            tag: Some(1),
            now: Moment(5),
            seq: Sequence(2),
            next_due: Some(Moment(9)),
        },
        note(Announced::OrderIssued {
            issued,
            unit: "T-07".into(),
            point: Some(Point {
                lat_e7: 288_500_001,
                lon_e7: 1_207_300_000,
            }),
            kind: Some(Kind::CrashInjury),
        }),
        note(Announced::OrderMoved {
            order,
            unit_id: unit,
            unit: "T-07".into(),
            from: OrderState::Issued,
            to: OrderState::Acknowledged,
        }),
        note(Announced::LadderClimbed {
            order,
            unit_id: unit,
            unit: "T-07".into(),
            rung: Rung::Deputy,
            next_due: None,
        }),
        note(Announced::Other {
            json: r#"{"type":"call_ended","call":"1.17"}"#.into(),
        }),
    ]
}
