//! Each checker passes what the engine says, and fails on the same stream with one event altered.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::command::Envelope;
use engine::event::{Choice, Event};
use engine::id::{CallId, Sequence, UnitId};
use engine::incident::Shortage;
use engine::major::LevelCause;
use engine::moment::{Moment, Span};
use engine::order::{OrderState, Step, StepSet};
use engine::runtime::port::Conservation;
use tests::checks::{
    Check, Clocks, Conduct, Heard, Idle, Keys, Nearest, OneOrder, Preemption, Sums, Transitions,
};
use tests::duel::scene::{CENTRE, Scene};
use tests::duel::{Duel, staged};

/// One command with all that a checker hears of it.
struct Said {
    sequence: Sequence,
    at: Moment,
    envelope: Envelope,
    events: Vec<Event>,
    conservation: Conservation,
}

/// What the engine says in a seed in which every checker has something to do.
fn stream(seed: u64) -> (Scene, Vec<Said>) {
    let (scene, mut author) = staged(seed);
    let mut duel = Duel::new(&scene);
    let mut stream = Vec::new();
    for _ in 0..500 {
        let (at, envelope) = author.next(duel.model.now(), duel.model.next_due());
        let events = duel
            .say(at, &envelope)
            .unwrap_or_else(|other| panic!("{other}"));
        author.hear(&events);
        stream.push(Said {
            sequence: duel.centre.sequence(),
            at: duel.centre.now(),
            envelope,
            events,
            conservation: duel.centre.conservation(),
        });
    }
    (scene, stream)
}

/// The first complaint of a checker about a stream.
fn complaint(check: &mut dyn Check, scene: &Scene, stream: &[Said]) -> Option<String> {
    stream.iter().find_map(|said| {
        if let Some(map) = scene.brought(&said.envelope.command) {
            check.prepare(&map);
        }
        let heard = Heard {
            sequence: said.sequence,
            at: said.at,
            envelope: &said.envelope,
            events: &said.events,
            conservation: said.conservation,
        };
        check.hear(&heard).err()
    })
}

/// Alters the first event that `doctor` has something for, in some seed, and gives what the checker says then. What it says
/// of the stream as it was must be nothing.
fn plant(
    check: impl Fn(&Scene) -> Box<dyn Check>,
    doctor: impl Fn(&Event) -> Option<Vec<Event>>,
) -> String {
    plant_among(1, check, doctor)
}

/// The same of one of the first so many: what is altered can be the last that is said of a matter, and then nothing shows it.
fn plant_among(
    most: usize,
    check: impl Fn(&Scene) -> Box<dyn Check>,
    doctor: impl Fn(&Event) -> Option<Vec<Event>>,
) -> String {
    for seed in 0..40 {
        let (scene, mut stream) = stream(seed);
        let told = complaint(&mut *check(&scene), &scene, &stream);
        assert_eq!(told, None, "seed {seed}");
        let places = stream.iter().enumerate().flat_map(|(at, said)| {
            let events = said.events.iter().enumerate();
            events.map(move |(index, event)| (at, index, *event))
        });
        let found: Vec<_> = places
            .filter_map(|(at, index, event)| Some((at, index, doctor(&event)?)))
            .take(most)
            .collect();
        for (at, index, altered) in found.iter().cloned() {
            let before = stream[at].events.clone();
            stream[at].events.splice(index..=index, altered);
            if let Some(told) = complaint(&mut *check(&scene), &scene, &stream) {
                return told;
            }
            stream[at].events = before;
        }
        assert!(
            found.len() < most,
            "seed {seed}: altered events went unseen"
        );
    }
    panic!("nothing to alter in any seed, or nothing that was seen");
}

#[test]
fn a_key_with_another_first_decision_is_seen() {
    let keys = |scene: &Scene| Box::new(Keys::new(scene.capacities.calls_max)) as Box<dyn Check>;
    let told = plant(keys, |event| match *event {
        Event::CallRepeated {
            first, conflict, ..
        } => Some(vec![Event::CallRepeated {
            call: CallId::new(CENTRE, 999_999).unwrap(),
            first,
            conflict,
        }]),
        _ => None,
    });
    assert!(
        told.contains("decided as") || told.contains("not answered"),
        "{told}"
    );
    let told = plant(keys, |event| {
        matches!(event, Event::CallDecided { .. }).then(Vec::new)
    });
    assert!(told.contains("decided as []"), "{told}");
}

#[test]
fn a_way_that_is_not_in_the_table_is_seen() {
    let check = |scene: &Scene| Box::new(Transitions::new(&scene.objects())) as Box<dyn Check>;
    let told = plant(check, |event| match *event {
        Event::OrderMoved {
            order,
            unit,
            from: OrderState::Issued,
            to: OrderState::Acknowledged,
            ..
        } => Some(vec![Event::OrderMoved {
            order,
            unit,
            from: OrderState::Issued,
            to: OrderState::Acknowledged,
            missing: StepSet::default().with(Step::SetOff),
        }]),
        _ => None,
    });
    assert!(told.contains("owed"), "{told}");
}

#[test]
fn a_second_order_for_a_unit_is_seen() {
    let check = |scene: &Scene| Box::new(OneOrder::new(&scene.objects())) as Box<dyn Check>;
    let told = plant(check, |event| match *event {
        Event::OrderIssued(issued) if !issued.capability.is_desk() => {
            let mut second = issued;
            second.order = engine::id::OrderId::new(CENTRE, 999_999).unwrap();
            Some(vec![*event, Event::OrderIssued(second)])
        }
        _ => None,
    });
    assert!(told.contains("open orders and gets"), "{told}");
}

#[test]
fn a_clock_that_fires_never_twice_or_early_is_seen() {
    let check = |_: &Scene| Box::new(Clocks::default()) as Box<dyn Check>;
    let missed = |event: &Event| matches!(event, Event::ClockMissed { .. });
    let told = plant(check, |event| missed(event).then(Vec::new));
    assert!(
        ["overdue", "runs on", "never fired", "the ladder"]
            .iter()
            .any(|word| told.contains(word)),
        "{told}"
    );
    let told = plant(check, |event| missed(event).then(|| vec![*event; 2]));
    assert!(told.contains("None was running"), "{told}");
    let told = plant(check, |event| match *event {
        Event::ClockMissed { order, clock, due } => Some(vec![Event::ClockMissed {
            order,
            clock,
            due: due - Span(1),
        }]),
        _ => None,
    });
    assert!(told.contains("was running"), "{told}");
}

/// X4, H6: what a major incident owes is neither forgotten nor told twice, and a level never falls.
#[test]
fn a_major_incident_that_is_let_off_is_seen() {
    let check = |_: &Scene| Box::new(Conduct::default()) as Box<dyn Check>;
    let missed = |event: &Event| matches!(event, Event::IncidentClockMissed { .. });
    let told = plant(check, |event| missed(event).then(|| vec![*event; 2]));
    assert!(
        told.contains("ran to") || told.contains("entered"),
        "{told}"
    );
    let entered = |event: &Event| matches!(event, Event::IncidentEntered { .. });
    let told = plant(check, |event| entered(event).then(Vec::new));
    assert!(told.contains("entered"), "{told}");
    let told = plant(check, |event| match *event {
        Event::LevelRaised { .. } => Some(vec![*event; 2]),
        _ => None,
    });
    assert!(told.contains("it rises from"), "{told}");
    let told = plant(check, |event| match *event {
        Event::LevelRaised {
            cause: LevelCause::Reopened,
            ..
        } => Some(Vec::new()),
        _ => None,
    });
    assert!(told.contains("handled again"), "{told}");
    let told = plant_among(3, check, |event| match *event {
        Event::IncidentClockMissed {
            incident,
            clock,
            due,
            next_due: Some(next),
        } => Some(vec![Event::IncidentClockMissed {
            incident,
            clock,
            due,
            next_due: Some(next + Span(1)),
        }]),
        _ => None,
    });
    assert!(!told.is_empty());
    let told = plant(check, |event| match *event {
        Event::ReportedUpward {
            incident,
            stage,
            due,
            delay_ms: Some(_),
            missing,
        } => Some(vec![Event::ReportedUpward {
            incident,
            stage,
            due,
            delay_ms: None,
            missing,
        }]),
        _ => None,
    });
    assert!(told.contains("measured"), "{told}");
    let told = plant(check, |event| match *event {
        Event::DutiesJoined { .. } => Some(Vec::new()),
        _ => None,
    });
    assert!(told.contains("nobody said"), "{told}");
    let told = plant(check, |event| match *event {
        Event::DutiesJoined { incident, .. } => Some(vec![Event::DutiesJoined {
            incident,
            deadlines: Default::default(),
        }]),
        _ => None,
    });
    assert!(told.contains("together they come to"), "{told}");
}

#[test]
fn a_sum_that_does_not_add_up_is_seen() {
    let check = |_: &Scene| Box::new(Sums::default()) as Box<dyn Check>;
    let told = plant(check, |event| {
        matches!(event, Event::IncidentClosed { .. }).then(Vec::new)
    });
    assert!(told.contains("add up"), "{told}");
}

#[test]
fn a_unit_that_is_not_the_nearest_is_seen() {
    let check = |scene: &Scene| Box::new(Nearest::new(&scene.objects())) as Box<dyn Check>;
    let told = plant(check, |event| match *event {
        Event::OrderIssued(mut issued) if issued.choice == Choice::Nearest => {
            let other = if issued.unit.number() == 1 { 2 } else { 1 };
            issued.unit = UnitId::new(CENTRE, other).unwrap();
            Some(vec![Event::OrderIssued(issued)])
        }
        _ => None,
    });
    assert!(!told.is_empty());
    let told = plant(check, |event| match *event {
        Event::OrderIssued(issued)
            if issued.choice == Choice::Waiting && issued.travel_ms < u32::MAX =>
        {
            let mut nearest = issued;
            nearest.travel_ms += 1;
            Some(vec![Event::OrderIssued(nearest)])
        }
        _ => None,
    });
    assert!(told.contains("takes"), "{told}");
}

#[test]
fn a_need_that_waits_beside_a_free_unit_is_seen() {
    let check = |scene: &Scene| Box::new(Idle::new(&scene.objects())) as Box<dyn Check>;
    let told = plant(check, |event| match *event {
        Event::OrderIssued(issued) if issued.choice == Choice::Nearest => {
            Some(vec![Event::NeedWaits {
                incident: issued.incident,
                need: issued.need,
                capability: issued.capability,
                shortage: Shortage::AllBusy,
                deadline: Moment(0),
            }])
        }
        _ => None,
    });
    assert!(told.contains("beside"), "{told}");
}

/// R2: whoever is called away was under way, is let go by the plan, and comes sooner; and it is said of whom it leaves.
#[test]
fn a_unit_that_is_called_away_and_should_not_be_is_seen() {
    let check = |scene: &Scene| Box::new(Preemption::new(&scene.objects())) as Box<dyn Check>;
    let called = |event: &Event| matches!(event, Event::UnitPreempted { .. });
    let told = plant(check, |event| called(event).then(Vec::new));
    assert!(told.contains("nobody was called away"), "{told}");
    let told = plant(check, |event| match *event {
        Event::OrderIssued(mut issued) if issued.choice == Choice::Nearest => {
            issued.choice = Choice::Preemption;
            Some(vec![Event::OrderIssued(issued)])
        }
        _ => None,
    });
    assert!(told.contains("nobody was called away"), "{told}");
    let told = plant(check, |event| match *event {
        Event::UnitPreempted {
            unit, order, from, ..
        } => Some(vec![Event::UnitPreempted {
            unit,
            order,
            from,
            into: from,
        }]),
        _ => None,
    });
    assert!(told.contains("takes"), "{told}");
    let told = plant(check, |event| called(event).then(|| vec![*event; 200]));
    assert!(told.contains("loses"), "{told}");
    // Few of those who had to wait were left by somebody.
    let told = plant_among(500, check, |event| match *event {
        Event::OrderIssued(mut issued) if issued.choice == Choice::Waiting => {
            let arrive = issued.deadlines.arrive?;
            issued.deadlines.arrive = Some(arrive + Span::hours(2));
            Some(vec![Event::OrderIssued(issued)])
        }
        _ => None,
    });
    assert!(told.contains("later than was owed"), "{told}");
}
