//! A running centre: started, spoken to, stopped, started again.

mod city_change;
mod keeping;

use super::port::{Origin, Reply, ReplyBody, Submission, Wish};
use super::*;
use crate::answer::Answer;
use crate::call::{Assessment, BodyDigest, CallReport, KeyDigest, Marks, Testimony};
use crate::command::{Actor, Command, Envelope};
use crate::kind::Kind;
use crate::line::Line;
use crate::place::{Place, PlaceSource};
use crate::view::View;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<View>>);

impl Release for Sink {
    fn restored(&mut self, view: View) {
        *self.0.lock().unwrap() = view;
    }

    fn released(&mut self, records: &[ReleasedRecord]) {
        let mut view = self.0.lock().unwrap();
        records.iter().for_each(|record| view.hear(record));
    }
}

fn setup(data: &Path, clock: ClockMode) -> Setup {
    Setup {
        data: data.into(),
        centre: CentreId(1),
        clock,
        capacities: Capacities {
            units_max: 512,
            incidents_max: 1_024,
            orders_max: 4_096,
            calls_max: 4_096,
        },
        plan: crate::plan::DEFAULT.to_string(),
        lexicon: crate::classify::Lexicon::source_embedded().to_string(),
        city: Arc::new(crate::city::generate(1, None).unwrap()),
        roads: None,
        lanes: LaneLimits {
            life: 4_096,
            urgent: 4_096,
            service: 4_096,
        },
        shape: Shape {
            segment_bytes: 1 << 20,
            batch_bytes: 64 << 10,
            batch_records: 256,
            batches: 4,
            ..Shape::default()
        },
        reply_ring_items: 8_192,
        keeping: Keeping::default(),
        wake: vec![Arc::new(|| {})],
    }
}

fn call(city: &City, number: u64) -> Submission {
    let post = &city.posts[number as usize % city.posts.len()];
    let mut point = post.point;
    point.lat_e7 += (number * 977 % 40_000) as i32;
    let report = CallReport {
        key: KeyDigest::of(0, &number.to_string()),
        body: BodyDigest(number),
        line: Line(110),
        place: Some(Place {
            point,
            radius_m: 10,
            source: PlaceSource::Caller,
            district: city.districts.at(point),
        }),
        assessment: Assessment::stated(Kind::ALL[1 + number as usize % (Kind::ALL.len() - 1)]),
        injured: 0,
        marks: Marks::default(),
    };
    let testimony = Testimony {
        text: Some(format!("call {number}")),
        ..Testimony::default()
    };
    command(
        number,
        Actor::Carrier(0),
        Command::TakeCall(report),
        testimony.encode(),
    )
}

fn command(token: u64, actor: Actor, command: Command, testimony: Box<[u8]>) -> Submission {
    let origin = Some(Origin { worker: 0, token });
    Submission {
        origin,
        wish: Wish::Command {
            envelope: Envelope { actor, command },
            testimony,
        },
    }
}

fn wish(token: u64, wish: Wish) -> Submission {
    Submission {
        origin: Some(Origin { worker: 0, token }),
        wish,
    }
}

/// Submits and waits for as many replies.
fn ask(running: &Running, mut submissions: Vec<Submission>) -> Vec<Reply> {
    let count = submissions.len();
    let mut replies = Vec::new();
    running.submit(Lane::Life, &mut submissions).unwrap();
    for _ in 0..10_000 {
        running.replies(0, &mut replies);
        if replies.len() >= count {
            return replies;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    panic!(
        "{} of {count} replies came; {:?}",
        replies.len(),
        running.health()
    );
}

fn inspect(running: &Running) -> port::Inspection {
    match ask(running, vec![wish(0, Wish::Inspect)])[0].body {
        ReplyBody::Inspected(inspection) => inspection,
        ref other => panic!("{other:?}"),
    }
}

/// Every call is answered, and after a restart the state, the view and the first decisions are the same.
#[test]
fn a_restarted_centre_is_the_same_centre() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let running = start(
        setup(folder.path(), ClockMode::Driven),
        Box::new(sink.clone()),
    )
    .unwrap();
    let city = crate::city::generate(1, None).unwrap();
    let to = "2026-11-21T02:00:00Z".parse().unwrap();
    ask(&running, vec![wish(0, Wish::Advance { to })]);
    let first = ask(
        &running,
        (1..=600).map(|number| call(&city, number)).collect(),
    );
    assert!(
        first
            .iter()
            .all(|reply| matches!(reply.body, ReplyBody::Answer(Answer::Decided(_))))
    );
    let before = inspect(&running);
    assert!(before.conservation.holds());
    assert_eq!(before.conservation.accepted, 600);
    running.stop().unwrap();
    assert_eq!(sink.0.lock().unwrap().sequence(), before.sequence);
    assert_eq!(
        sink.0.lock().unwrap().conservation(),
        before.conservation,
        "the view counts as the state does"
    );

    let again = Sink::default();
    let running = start(
        setup(folder.path(), ClockMode::Driven),
        Box::new(again.clone()),
    )
    .unwrap();
    assert_eq!(running.epoch(), 2);
    assert_eq!(inspect(&running).hash, before.hash);
    assert_eq!(again.0.lock().unwrap().sequence(), before.sequence);
    let repeated = ask(&running, vec![call(&city, 17)]);
    let ReplyBody::Answer(Answer::Repeated {
        first: sequence,
        conflict,
        ..
    }) = repeated[0].body
    else {
        panic!("{:?}", repeated[0].body)
    };
    let original = first.iter().find(|reply| reply.origin.token == 17).unwrap();
    assert_eq!((sequence, conflict), (original.sequence, false), "N2");
    running.stop().unwrap();

    let replayed = Replay::new(folder.path()).unwrap();
    let centre = replayed.run(before.sequence).unwrap();
    assert_eq!(
        centre.inspect().hash,
        before.hash,
        "replay up to a sequence gives the state shown there"
    );
}

/// A driven centre's clocks fire at their own times, and it never goes back.
#[test]
fn time_is_driven() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(
        setup(folder.path(), ClockMode::Driven),
        Box::new(Sink::default()),
    )
    .unwrap();
    let city = crate::city::generate(1, None).unwrap();
    let start_at: Moment = "2026-11-21T02:00:00Z".parse().unwrap();
    let advance =
        |running: &Running, to| match ask(running, vec![wish(0, Wish::Advance { to })])[0].body {
            ReplyBody::Advanced { now, next_due } => Ok((now, next_due)),
            ReplyBody::NotAdvanced(refusal) => Err(refusal),
            ref other => panic!("{other:?}"),
        };
    assert_eq!(advance(&running, start_at).unwrap().0, start_at);
    ask(
        &running,
        (1..=5).map(|number| call(&city, number)).collect(),
    );
    let (now, next_due) = advance(&running, start_at + crate::moment::Span::seconds(1)).unwrap();
    assert_eq!(now, start_at + crate::moment::Span::seconds(1));
    let in_time = start_at + crate::moment::Span::seconds(30);
    assert_eq!(next_due, Some(in_time + crate::moment::Span(1)));
    assert_eq!(
        advance(&running, start_at),
        Err(port::AdvanceRefusal::Backward)
    );
    running.stop().unwrap();
}

/// The wall's time cannot be advanced, and a folder keeps its clock and centre.
#[test]
fn a_folder_keeps_its_clock() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(
        setup(folder.path(), ClockMode::Wall),
        Box::new(Sink::default()),
    )
    .unwrap();
    let replies = ask(&running, vec![wish(0, Wish::Advance { to: Moment(5) })]);
    assert!(matches!(
        replies[0].body,
        ReplyBody::NotAdvanced(port::AdvanceRefusal::WallClock)
    ));
    running.stop().unwrap();
    let other = start(
        setup(folder.path(), ClockMode::Driven),
        Box::new(Sink::default()),
    );
    assert!(matches!(other.err(), Some(StartError::Another(_))));
}

/// Positions on the wall clock: latest wins, a small step is not worth a record.
#[test]
fn positions_are_coalesced_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let running = start(
        setup(folder.path(), ClockMode::Wall),
        Box::new(sink.clone()),
    )
    .unwrap();
    let (unit, post) = {
        let view = sink.0.lock().unwrap();
        let (id, unit) = view.units().next().unwrap();
        (id, unit.point)
    };
    let far = crate::place::Point {
        lat_e7: post.lat_e7 + 100_000,
        ..post
    };
    let near = crate::place::Point {
        lat_e7: far.lat_e7 + 100,
        ..far
    };
    assert!(running.position(unit, far));
    let moved = |point| {
        (0..5_000).any(|_| {
            std::thread::park_timeout(Duration::from_millis(1));
            sink.0.lock().unwrap().unit(unit).map(|unit| unit.point) == Some(point)
        })
    };
    assert!(moved(far));
    running.position(unit, near);
    inspect(&running);
    inspect(&running);
    assert_eq!(
        sink.0.lock().unwrap().unit(unit).map(|unit| unit.point),
        Some(far),
        "one metre is no news"
    );
    running.stop().unwrap();
}

/// An object that is not at hand is refused, and the refusal is replayed without it.
#[test]
fn a_refused_activation_needs_no_object_ever_after() {
    let folder = tempfile::tempdir().unwrap();
    let begin = || {
        start(
            setup(folder.path(), ClockMode::Driven),
            Box::new(Sink::default()),
        )
    };
    let running = begin().unwrap();
    let activation = crate::command::Activation {
        object: crate::command::ObjectKind::City,
        hash: crate::id::ObjectHash([7; 32]),
    };
    let activate = Command::Activate(activation);
    let replies = ask(
        &running,
        vec![command(1, Actor::Dispatcher(0), activate, Box::default())],
    );
    assert!(matches!(
        replies[0].body,
        ReplyBody::Answer(Answer::Refused(crate::event::Refusal::ObjectMissing))
    ));
    running.stop().unwrap();
    begin().unwrap().stop().unwrap();
}
