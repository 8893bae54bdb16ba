//! The core allocates nothing in steady state: after a warm-up, 100 000 commands of every kind, with merges, ladders
//! a full waiting list and all that people decide, and not one allocation.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::call::{Assessment, BodyDigest, CallFacts, CallReport, KeyDigest, Marks};
use engine::centre::{Centre, Prepared};
use engine::city::City;
use engine::city::generate::random::Random;
use engine::classify::{Lexicon, Scratch};
use engine::command::{
    Activation, Actor, Assignment, CallSplit, CallVerdict, ClockMode, Command, Envelope,
    Escalation, FollowUp, IncidentMerge, LevelRaise, ObjectKind, Opening, OrderReport, UnitDuty,
    UnitPosition, UpwardReport,
};
use engine::dispatch::shortlist::Shortlist;
use engine::event::{Choice, Event, Refusal};
use engine::hospital::HospitalDefinition;
use engine::id::{CallId, CentreId, IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::{Kind, Priority};
use engine::limits::{Capacities, EVENTS_PER_COMMAND_MAX};
use engine::line::Line;
use engine::major::{Level, UpwardField, UpwardFields, UpwardStage};
use engine::moment::{Moment, Span};
use engine::name::Name;
use engine::order::OrderAct;
use engine::place::{Place, PlaceSource, Point};
use engine::plan::Plan;
use engine::roads::conditions::{Change, Conditions};
use engine::roads::generate::{Layout, generate};
use engine::roads::metric::Metric;
use engine::roads::nearest::{FoundList, RoadUnits, SearchRoom, Wanted};
use engine::roads::network::{EdgeIndex, Profile};
use engine::roads::position::{Fraction, Position, Positions};
use engine::roads::road_map::RoadMap;
use engine::unit::{Duty, UnitDefinition};
use std::alloc::{GlobalAlloc, System};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what this thread asks for.
struct Counting;

fn count() {
    // A thread that is ending has no counter any more and is not measured.
    if ALLOCATIONS
        .try_with(|count| count.set(count.get() + 1))
        .is_err()
    {}
}

// SAFETY: every call goes on to the system's allocator unchanged; the counter allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: std::alloc::Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: std::alloc::Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, handed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CENTRE: CentreId = CentreId(1);

struct World {
    centre: Centre,
    prepared: Vec<Prepared>,
    city: Arc<City>,
    now: Moment,
    events: Vec<Event>,
    random: u64,
    keys: u64,
    calls: u64,
    orders: u64,
    incidents: u64,
    hospitals: Vec<HospitalDefinition>,
    /// Incidents that got an order lately.
    ordered: [Option<IncidentId>; 16],
    owner: Name,
    seen: [u64; SEEN.len()],
}

/// A thing that happens, and whether an event says so.
type Sighting = (&'static str, fn(&Event) -> bool);

/// What must have happened for the run to mean anything.
const SEEN: [Sighting; 22] = [
    ("merged", |event| {
        matches!(event, Event::IncidentJoined { .. })
    }),
    ("ladder", |event| {
        matches!(event, Event::LadderClimbed { .. })
    }),
    ("waits", |event| matches!(event, Event::NeedWaits { .. })),
    ("served from the waiting", |event| {
        chosen(event) == Some(Choice::Waiting)
    }),
    ("declined", |event| {
        let matter = engine::event::LedgerMatter::Declined;
        matches!(event, Event::LedgerEntered { matter: entered, .. } if *entered == matter)
    }),
    ("closed", |event| {
        matches!(event, Event::IncidentClosed { .. })
    }),
    ("full table", |event| {
        *event == Event::Refused(Refusal::IncidentsFull)
    }),
    ("silent", |event| matches!(event, Event::UnitSilent { .. })),
    ("reclassified", |event| {
        matches!(event, Event::IncidentReclassified { .. })
    }),
    ("moved", |event| {
        matches!(event, Event::IncidentPlaced { .. })
    }),
    ("merged by a person", |event| {
        matches!(event, Event::IncidentMerged { .. })
    }),
    ("transferred", |event| {
        matches!(event, Event::OrderTransferred { .. })
    }),
    ("split", |event| matches!(event, Event::CallSplit { .. })),
    ("dropped", |event| {
        matches!(event, Event::NeedDropped { .. })
    }),
    ("raised", |event| {
        matches!(event, Event::IncidentRaised { .. })
    }),
    ("sent by a person", |event| {
        chosen(event) == Some(Choice::Person)
    }),
    ("unit not free", |event| {
        *event == Event::Refused(Refusal::UnitNotFree)
    }),
    ("hospital", |event| {
        matches!(event, Event::HospitalDefined { .. })
    }),
    ("level", |event| matches!(event, Event::LevelRaised { .. })),
    ("told upward", |event| {
        matches!(event, Event::ReportedUpward { .. })
    }),
    ("situation report missed", |event| {
        matches!(event, Event::IncidentClockMissed { .. })
    }),
    ("follow-up", |event| {
        matches!(event, Event::FollowUpNamed { .. })
    }),
];

fn chosen(event: &Event) -> Option<Choice> {
    match event {
        Event::OrderIssued(issued) => Some(issued.choice),
        _ => None,
    }
}

impl World {
    fn new() -> World {
        let city = Arc::new(engine::city::generate(1, None).unwrap());
        // Whoever is any sooner is called away, again and again.
        let mut text = engine::plan::DEFAULT.to_owned();
        for (from, to) in [
            ("priority_1_from = [3, 4]", "priority_1_from = [2, 3, 4]"),
            ("priority_2_from = [4]", "priority_2_from = [3, 4]"),
            ("least_gain_s = 120", "least_gain_s = 0"),
            ("bumps_max = 1", "bumps_max = 16"),
        ] {
            assert!(text.contains(from), "the default plan has no `{from}`");
            text = text.replacen(from, to, 1);
        }
        let plan = Arc::new(Plan::load(&text).unwrap());
        let capacities = Capacities {
            units_max: 512,
            incidents_max: 1_024,
            orders_max: 8_192,
            calls_max: 4_096,
        };
        let mut centre = Centre::new(capacities);
        let city_hash = ObjectHash::of(&city.canonical_bytes().unwrap());
        let plan_hash = plan.hash;
        let prepared = vec![
            Prepared::City(city_hash, Arc::clone(&city)),
            Prepared::Plan(plan),
        ];
        for object in &prepared {
            centre.prepare(object.clone());
        }
        let hospitals = (0..64)
            .map(|number| HospitalDefinition {
                name: Name::new(&format!("hospital {number}")).unwrap(),
                point: city.posts[0].point,
                capabilities: Default::default(),
                beds: number,
                open: true,
            })
            .collect();
        let mut world = World {
            centre,
            prepared,
            city: Arc::clone(&city),
            now: "2026-11-21T02:00:00Z".parse().unwrap(),
            events: Vec::with_capacity(EVENTS_PER_COMMAND_MAX),
            random: 1,
            keys: 0,
            calls: 0,
            orders: 0,
            incidents: 0,
            hospitals,
            ordered: [None; 16],
            owner: Name::new("王芳").unwrap(),
            seen: [0; SEEN.len()],
        };
        let opening = Opening {
            centre: CENTRE,
            clock: ClockMode::Driven,
            logic_version: 1,
            capacities,
        };
        world.say(Command::OpenCentre(opening));
        world.say(Command::Activate(Activation {
            object: ObjectKind::Plan,
            hash: plan_hash,
        }));
        world.say(Command::Activate(Activation {
            object: ObjectKind::City,
            hash: city_hash,
        }));
        for row in &city.units {
            world.say(Command::DefineUnit(UnitDefinition::from(row)));
        }
        world
    }

    fn say(&mut self, command: Command) {
        self.events.clear();
        self.centre.apply(
            self.now,
            &Envelope {
                actor: Actor::System,
                command,
            },
            &mut self.events,
        );
        for event in &self.events {
            if let Event::CallTaken { call } = event {
                self.calls = call.number();
            } else if let Event::OrderIssued(issued) = event {
                self.orders = issued.order.number();
                self.ordered[self.orders as usize % 16] = Some(issued.incident);
            } else if let Event::IncidentOpened { incident, .. } = event {
                self.incidents = incident.number();
            }
            for ((_, is), seen) in SEEN.iter().zip(&mut self.seen) {
                *seen += u64::from(is(event));
            }
        }
    }

    /// SplitMix64.
    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    fn point(&mut self) -> Point {
        let post = self.random(self.city.posts.len() as u64) as usize;
        let point = self.city.posts[post].point;
        let north = self.random(60_000) as i32 - 30_000;
        let east = self.random(60_000) as i32 - 30_000;
        Point {
            lat_e7: point.lat_e7 + north,
            lon_e7: point.lon_e7 + east,
        }
    }

    fn place(&mut self) -> Place {
        let point = self.point();
        Place {
            point,
            radius_m: 20,
            source: PlaceSource::Caller,
            district: self.city.districts.at(point),
        }
    }

    fn kind(&mut self) -> Kind {
        Kind::ALL[self.random(Kind::ALL.len() as u64) as usize]
    }

    fn call(&mut self) -> Command {
        let again = self.random(10) == 0;
        self.keys += u64::from(!again);
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.keys.to_le_bytes());
        let placed = self.random(20) > 0;
        let place = self.place();
        Command::TakeCall(CallReport {
            key: KeyDigest(key),
            body: BodyDigest(self.random(2)),
            line: Line(110),
            place: placed.then_some(place),
            assessment: Assessment::stated(self.kind()),
            injured: 0,
            marks: Marks::default(),
        })
    }

    fn recent(&mut self, last: u64, window: u64) -> u64 {
        let back = self.random(window.min(last.max(1)));
        (last - back.min(last - 1)).max(1)
    }

    fn unit(&mut self) -> UnitId {
        let number = self.random(self.city.units.len() as u64) + 1;
        UnitId::new(CENTRE, number).unwrap()
    }

    fn command(&mut self) -> Command {
        match self.random(100) {
            0..40 => self.call(),
            40..70 => {
                let order = OrderId::new(CENTRE, self.recent(self.orders.max(1), 400)).unwrap();
                let act = OrderAct::ALL[self.random(OrderAct::ALL.len() as u64) as usize];
                Command::Report(OrderReport { order, act })
            }
            70..76 => {
                let call = self.recent_call();
                let assessment = Some(Assessment::stated(self.kind()));
                let place = Some(self.place());
                Command::AddFacts(CallFacts {
                    call,
                    place,
                    assessment,
                    injured: Some(2),
                    marks: Marks::default(),
                })
            }
            76..80 => Command::EndCall(self.recent_call()),
            80..88 => {
                let (unit, point) = (self.unit(), self.point());
                Command::MoveUnit(UnitPosition { unit, point })
            }
            88..92 => {
                let duty = Duty::ALL[self.random(Duty::ALL.len() as u64) as usize];
                Command::SetDuty(UnitDuty {
                    unit: self.unit(),
                    duty,
                    strength: None,
                })
            }
            92..94 => {
                let row = self.random(self.city.units.len() as u64) as usize;
                Command::DefineUnit(UnitDefinition::from(&self.city.units[row]))
            }
            94..96 => Command::CloseIncident(self.incident()),
            _ => Command::Tick,
        }
    }

    fn incident(&mut self) -> IncidentId {
        IncidentId::new(CENTRE, self.recent(self.incidents.max(1), 900)).unwrap()
    }

    fn recent_call(&mut self) -> CallId {
        CallId::new(CENTRE, self.recent(self.calls.max(1), 200)).unwrap()
    }

    /// What a person decides.
    fn decision(&mut self) -> Command {
        match self.random(11) {
            8 => Command::RaiseLevel(LevelRaise {
                incident: self.incident(),
                // What needs a follow-up is seldom closed here, and would fill the table.
                level: match self.random(16) {
                    0 => Level::II,
                    1..6 => Level::III,
                    _ => Level::IV,
                },
            }),
            9 => {
                let stage = UpwardStage::ALL[self.random(2) as usize];
                Command::ReportUpward(UpwardReport {
                    incident: self.incident(),
                    stage,
                    fields: UpwardFields::default().with(UpwardField::Time),
                })
            }
            10 if self.random(2) == 0 => Command::ReportSituation(self.incident()),
            10 => Command::CloseWithFollowUp(FollowUp {
                incident: self.incident(),
                unit: self.unit(),
                owner: self.owner,
            }),
            0 => {
                let (kind, place) = (self.kind(), self.place());
                Command::JudgeCall(CallVerdict {
                    call: self.recent_call(),
                    assessment: (self.random(4) > 0).then_some(Assessment::stated(kind)),
                    place: (self.random(2) == 0).then_some(place),
                })
            }
            1 => {
                let ordered = self.random(16) as usize;
                let near = self.recent(self.incidents.max(1), 40);
                let into = IncidentId::new(CENTRE, near).unwrap();
                let from = self.ordered[ordered].unwrap_or(into);
                Command::MergeIncidents(IncidentMerge { from, into })
            }
            2 | 3 => Command::SplitCall(CallSplit {
                call: self.recent_call(),
                assessment: Assessment::stated(self.kind()),
                injured: 1,
            }),
            4 => Command::EscalateIncident(Escalation {
                incident: self.incident(),
                priority: [Priority::P1, Priority::P2, Priority::P3][self.random(3) as usize],
            }),
            5 | 6 => Command::AssignUnit(Assignment {
                incident: self.incident(),
                unit: self.unit(),
                capability: None,
            }),
            _ => {
                let hospital = self.random(self.hospitals.len() as u64) as usize;
                let open = !self.hospitals[hospital].open;
                self.hospitals[hospital].open = open;
                Command::DefineHospital(self.hospitals[hospital])
            }
        }
    }

    fn step(&mut self) {
        let pause = self.random(700) as i64;
        let until = self.now + Span(pause);
        while let Some(due) = self.centre.next_due().filter(|&due| due <= until) {
            self.now = due;
            self.say(Command::Tick);
        }
        self.now = until;
        let command = match self.random(5) {
            0 => self.decision(),
            _ => self.command(),
        };
        self.say(command);
    }
}

#[test]
fn the_core_allocates_nothing_in_steady_state() {
    let mut world = World::new();
    for _ in 0..10_000 {
        world.step();
    }
    world.seen = [0; SEEN.len()];
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..100_000 {
        world.step();
    }
    let allocated = ALLOCATIONS.with(Cell::get) - before;
    for ((what, _), seen) in SEEN.iter().zip(world.seen) {
        assert!(
            seen > 100,
            "`{what}` came only {seen} times; the run shows nothing"
        );
    }
    assert_eq!(allocated, 0, "allocations in 100 000 commands");
    assert!(world.centre.conservation().holds());
}

/// R2: neither does it where whoever is on the way to a quarrel is called away, and everybody is done soon.
#[test]
fn calling_away_allocates_nothing_in_steady_state() {
    let mut world = World::new();
    let mut called = 0;
    let mut round = |world: &mut World| {
        let first = world.orders + 1;
        for kind in [Kind::Dispute, Kind::Dispute, Kind::Robbery, Kind::Fight] {
            let Command::TakeCall(report) = world.call() else {
                return;
            };
            world.say(Command::TakeCall(CallReport {
                assessment: Assessment::stated(kind),
                ..report
            }));
            let events = world.events.iter();
            let away = events.filter(|event| chosen(event) == Some(Choice::Preemption));
            called += away.count();
        }
        world.now = world.now + Span::seconds(20);
        for number in first..=world.orders {
            let order = OrderId::new(CENTRE, number).unwrap();
            let act = OrderAct::Finish;
            world.say(Command::Report(OrderReport { order, act }));
        }
    };
    (0..1_000).for_each(|_| round(&mut world));
    let before = ALLOCATIONS.with(Cell::get);
    (0..2_000).for_each(|_| round(&mut world));
    let allocated = ALLOCATIONS.with(Cell::get) - before;
    assert!(called > 100, "only {called} were called away");
    assert_eq!(allocated, 0, "allocations in 2 000 rounds");
}

/// A centre that was loaded has all its room again: it allocates nothing from the first command on.
#[test]
fn a_loaded_centre_allocates_nothing_in_steady_state() {
    let mut world = World::new();
    for _ in 0..3_000 {
        world.step();
    }
    let mut saved = Vec::new();
    world.centre.save(&mut saved);
    world.centre = Centre::load(&saved, world.prepared.clone()).unwrap();
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..40_000 {
        world.step();
    }
    let allocated = ALLOCATIONS.with(Cell::get) - before;
    assert_eq!(allocated, 0, "allocations in 40 000 commands");
}

/// Units by road: once both profiles and each need have been asked for, neither moves nor searches nor other times allocate.
#[test]
fn units_on_the_road_allocate_nothing_in_steady_state() {
    const UNITS: u32 = 300;
    let network = generate(Layout::TOWN, 1).unwrap();
    let edges = network.edges.len() as u32;
    let map = Arc::new(RoadMap::build(network).unwrap());
    let close = |edge| Conditions {
        changes: vec![Change::Close(EdgeIndex(edge))],
        ..Conditions::default()
    };
    let metrics = [1, edges / 2].map(|edge| Metric::new(map.clone(), &close(edge)));
    let mut units = RoadUnits::new(UNITS);
    let (mut room, mut found) = (SearchRoom::default(), FoundList::new(3));
    let mut list = Shortlist::new();
    let mut random = Random::new(1, "roads");
    for unit in 0..UNITS {
        units.set_capabilities(unit, 1 << (unit % 3));
        units.set_available(unit, true);
    }
    let mut step = |steps: std::ops::Range<u32>| {
        for step in steps {
            let mut place = || Position {
                edge: EdgeIndex(random.below(edges)),
                along: Fraction::new(random.below(1 << 20)),
            };
            let (at, to) = (place(), place());
            let unit = random.below(UNITS);
            units.place(unit, Positions::of_all(at));
            units.set_available(random.below(UNITS), step % 5 < 2);
            let wanted = Wanted {
                profile: Profile::ALL[step as usize % 2],
                to,
                need: 1 << (step % 3),
            };
            let metric = &metrics[step as usize / 1_000 % 2];
            units.nearest(metric, wanted, &mut room, |unit| unit % 7 != 0, &mut found);
            let extra = |unit| (unit % 7 != 0).then_some(unit % 5 * 30_000);
            list.begin(16);
            units.shortlist(metric, wanted, &mut room, extra, &mut list);
            std::hint::black_box(list.best());
        }
    };
    step(0..5_000);
    let before = ALLOCATIONS.with(Cell::get);
    step(5_000..20_000);
    let allocated = ALLOCATIONS.with(Cell::get) - before;
    assert_eq!(allocated, 0, "allocations in 15 000 moves and searches");
    assert_eq!(found.as_slice().len(), 3);
}

/// The counter counts: a test that could not fail would show nothing.
/// Words are judged without allocating, once a scratch has seen one as long.
#[test]
fn classifying_allocates_nothing_in_steady_state() {
    let lexicon = Lexicon::embedded();
    let mut scratch = Scratch::new();
    let long = "两车追尾，司机卡在车里流血，没人敢动。".repeat(60);
    let texts = [
        "水都漫到灶台了，我妈腿脚不好走不了",
        "兩車追尾，着火了 fire",
        "no injury, rear ended",
        "",
        long.as_str(),
    ];
    let line = Line::POLICE;
    for text in texts {
        lexicon.classify(line, Some(text), Some(2), &mut scratch);
    }
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..200 {
        for text in texts {
            lexicon.classify(line, Some(text), Some(2), &mut scratch);
        }
        lexicon.classify(line, None, None, &mut scratch);
    }
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
}

#[test]
fn an_allocation_is_counted() {
    let before = ALLOCATIONS.with(Cell::get);
    let boxed = std::hint::black_box(Box::new(1_u64));
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, *boxed);
}
