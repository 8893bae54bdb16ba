//! For tests: a centre on the embedded county, played in driven time, and the journal it leaves.
//!
//! It begins at ten in the morning in China on 21 November 2026. Every step is answered and durable before the next.

use engine::call::{Assessment, BodyDigest, CallReport, KeyDigest, Marks};
use engine::capability::Capability;
use engine::city::City;
use engine::command::{Actor, ClockMode, Command, Envelope, OrderReport, UnitDuty, UnitPosition};
use engine::event::OrderIssued;
use engine::id::{CentreId, OrderId, UnitId};
use engine::kind::Kind;
use engine::lane::{Lane, LaneLimits};
use engine::limits::Capacities;
use engine::line::Line;
use engine::moment::{Moment, Span};
use engine::order::OrderAct;
use engine::place::{Place, PlaceSource, Point};
use engine::runtime::port::{Origin, Reply, ReplyBody, Submission, Wish};
use engine::runtime::{Release, ReleasedRecord, Running, Setup, start};
use engine::unit::{Duty, UnitDefinition};
use engine::view::View;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tempfile::TempDir;

/// Ten in the morning in China, 21 November 2026.
pub const MORNING: Moment = Moment(1_795_226_400_000);

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

/// A centre that is being played.
pub struct Played {
    folder: TempDir,
    running: Running,
    sink: Sink,
    pub city: Arc<City>,
    pub now: Moment,
    keys: u64,
}

impl Played {
    /// A new centre, opened at [`MORNING`].
    pub fn begin() -> Played {
        let folder = tempfile::tempdir().unwrap();
        let city = Arc::new(engine::city::generate(1, None).unwrap());
        let sink = Sink::default();
        let setup = Setup {
            data: folder.path().into(),
            centre: CentreId(1),
            clock: ClockMode::Driven,
            capacities: Capacities {
                units_max: 512,
                incidents_max: 1_024,
                orders_max: 4_096,
                calls_max: 4_096,
            },
            plan: engine::plan::DEFAULT.to_owned(),
            lexicon: engine::classify::Lexicon::source_embedded().to_owned(),
            city: Arc::clone(&city),
            roads: None,
            lanes: LaneLimits {
                life: 256,
                urgent: 256,
                service: 256,
            },
            shape: engine::journal::Shape {
                segment_bytes: 1 << 20,
                batch_bytes: 64 << 10,
                batch_records: 256,
                batches: 4,
                ..Default::default()
            },
            reply_ring_items: 256,
            keeping: Default::default(),
            wake: vec![Arc::new(|| {})],
        };
        let running = start(setup, Box::new(sink.clone())).unwrap();
        let mut played = Played {
            folder,
            running,
            sink,
            city,
            now: MORNING,
            keys: 0,
        };
        played.ask(Wish::Advance { to: MORNING });
        played
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// What is known after the last step.
    pub fn view(&self) -> MutexGuard<'_, View> {
        self.sink.0.lock().unwrap()
    }

    fn ask(&mut self, wish: Wish) -> Reply {
        let origin = Some(Origin {
            worker: 0,
            token: 0,
        });
        let mut submissions = vec![Submission { origin, wish }];
        self.running.submit(Lane::Life, &mut submissions).unwrap();
        let mut replies = Vec::new();
        for _ in 0..20_000 {
            self.running.replies(0, &mut replies);
            if let Some(reply) = replies.pop() {
                return reply;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        panic!("no reply: {:?}", self.running.health());
    }

    /// Says something and waits until it is durable and the view has heard it.
    pub fn say_as(&mut self, actor: Actor, command: Command) {
        let envelope = Envelope { actor, command };
        let reply = self.ask(Wish::Command {
            envelope,
            testimony: Box::default(),
        });
        assert!(
            matches!(reply.body, ReplyBody::Answer(_)),
            "{command:?}: {:?}",
            reply.body
        );
        for _ in 0..20_000 {
            if self.running.told() >= reply.sequence {
                return;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        panic!("the view is behind");
    }

    /// Says something as the centre.
    pub fn say(&mut self, command: Command) {
        self.say_as(Actor::System, command);
    }

    /// Lets time pass, every deadline firing at its own time.
    pub fn pass(&mut self, span: Span) {
        let until = self.now + span;
        loop {
            let reply = self.ask(Wish::Advance { to: self.now });
            let ReplyBody::Advanced { next_due, .. } = reply.body else {
                panic!("{:?}", reply.body);
            };
            let due = next_due.filter(|&due| due <= until).unwrap_or(until);
            self.now = due;
            self.ask(Wish::Advance { to: due });
            if due == until {
                return;
            }
        }
    }

    /// A call on a line about a kind, at a point.
    pub fn call(&mut self, line: u32, kind: Kind, point: Point) {
        self.keys += 1;
        let report = CallReport {
            key: KeyDigest::of(0, &self.keys.to_string()),
            body: BodyDigest(self.keys),
            line: Line::new(line).unwrap(),
            place: Some(Place {
                point,
                radius_m: 20,
                source: PlaceSource::Caller,
                district: self.city.districts.at(point),
            }),
            assessment: Assessment::stated(kind),
            injured: 0,
            marks: Marks::default(),
        };
        self.say_as(Actor::Carrier(0), Command::TakeCall(report));
    }

    /// A unit reports on its order.
    pub fn act(&mut self, order: OrderId, act: OrderAct) {
        self.say(Command::Report(OrderReport { order, act }));
    }

    /// A unit does something else when idle.
    pub fn duty(&mut self, unit: UnitId, duty: Duty) {
        self.say(Command::SetDuty(UnitDuty {
            unit,
            duty,
            strength: None,
        }));
    }

    /// A unit is here now.
    pub fn put(&mut self, unit: UnitId, point: Point) {
        self.say(Command::MoveUnit(UnitPosition { unit, point }));
    }

    /// All units with a capability.
    pub fn able(&self, capability: Capability) -> Vec<UnitId> {
        let view = self.view();
        let able = view
            .units()
            .filter(|(_, unit)| unit.definition.capabilities.contains(capability));
        able.map(|(id, _)| id).collect()
    }

    /// Leaves one unit with a capability on duty, at any hour: this one.
    pub fn leave_one(&mut self, capability: Capability) -> UnitId {
        let able = self.able(capability);
        for &unit in &able[1..] {
            self.duty(unit, Duty::Off);
        }
        let definition = self.view().unit(able[0]).unwrap().definition;
        self.say(Command::DefineUnit(UnitDefinition {
            roster_on_min: 0,
            roster_off_min: 0,
            ..definition
        }));
        able[0]
    }

    /// The newest order for a capability.
    pub fn newest(&self, capability: Capability) -> OrderIssued {
        let view = self.view();
        let orders = view.orders_after(None).map(|(_, order)| order.issued);
        let mut fitting: Vec<_> = orders
            .filter(|order| order.capability == capability)
            .collect();
        fitting.pop().unwrap()
    }

    /// The middle of the first post's ground, and a point so many metres north of it.
    pub fn north(&self, metres: i32) -> Point {
        let post = self.city.posts[0].point;
        Point {
            lat_e7: post.lat_e7 + metres * 90,
            ..post
        }
    }

    /// Ends the centre and flips one bit in its journal, so many bytes before its end.
    pub fn damaged(self, back: usize) -> TempDir {
        let folder = self.stop();
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut segments: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "log"))
            .collect();
        segments.sort();
        let mut bytes = std::fs::read(&segments[0]).unwrap();
        let held = bytes.iter().rposition(|&byte| byte != 0).unwrap();
        bytes[held.saturating_sub(back)] ^= 1;
        std::fs::write(&segments[0], bytes).unwrap();
        folder
    }

    /// Ends the centre; its journal stays as long as the folder is held.
    pub fn stop(self) -> TempDir {
        self.running.stop().unwrap();
        self.folder
    }
}
