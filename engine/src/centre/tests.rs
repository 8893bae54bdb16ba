//! What a centre does, told as stories on the embedded county.

mod acts;
mod by_road;
mod choice;
mod city;
mod duties;
mod explaining;
mod fields;
mod local;
mod major;
mod maxima;
mod merging;
mod orders;
mod preemption;
mod random;
mod revival;
mod saving;
mod waiting;

use super::*;
use crate::answer::{Answer, Decision};
use crate::call::{Assessment, BodyDigest, CallFacts, CallReport, KeyDigest, Marks};
use crate::capability::Capability;
use crate::command::{Actor, ClockMode, OrderReport, UnitDuty, UnitPosition};
use crate::id::{CallId, CentreId, IncidentId, OrderId};
use crate::incident::Incident;
use crate::kind::Kind;
use crate::limits::EVICTIONS_PER_COMMAND_MAX;
use crate::line::Line;
use crate::major::UpwardStage;
use crate::order::OrderAct;
use crate::place::projection::Plane;
use crate::place::{Place, PlaceSource};
use crate::record::{LOGIC_VERSION, Record};
use crate::runtime::ReleasedRecord;
use crate::unit::{Duty, UnitDefinition};
use crate::view::View;

/// Ten in the morning in China, 21 November 2026.
const MORNING: Moment = Moment(1_795_226_400_000);

/// A centre, its clock, and all it has said.
pub(super) struct World {
    pub centre: Centre,
    pub city: Arc<City>,
    pub now: Moment,
    pub events: Vec<Event>,
    /// What readers would know.
    pub view: View,
    /// All that a journal would hold.
    pub records: Vec<ReleasedRecord>,
    /// The bytes of maps and bulletins that were in force.
    pub objects: Vec<Vec<u8>>,
    keys: u64,
}

impl World {
    pub fn new() -> World {
        World::with(Capacities {
            units_max: 512,
            incidents_max: 256,
            orders_max: 1_024,
            calls_max: 1_024,
        })
    }

    pub fn with(capacities: Capacities) -> World {
        let city = Arc::new(crate::city::generate(1, None).unwrap());
        World::of(city, capacities)
    }

    pub fn of(city: Arc<City>, capacities: Capacities) -> World {
        let plan = Arc::new(Plan::load(crate::plan::DEFAULT).unwrap());
        let city_hash = ObjectHash::of(&city.canonical_bytes().unwrap());
        let mut centre = Centre::new(capacities);
        centre.prepare(Prepared::City(city_hash, Arc::clone(&city)));
        let plan_hash = plan.hash;
        centre.prepare(Prepared::Plan(plan));
        let mut world = World {
            centre,
            city: Arc::clone(&city),
            now: MORNING,
            events: Vec::new(),
            view: View::new(),
            records: Vec::new(),
            objects: Vec::new(),
            keys: 0,
        };
        let opening = Opening {
            centre: CentreId(1),
            clock: ClockMode::Driven,
            logic_version: LOGIC_VERSION,
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

    /// Brings the plan of this text into force.
    pub fn bring_plan(&mut self, text: &str) {
        let plan = Arc::new(Plan::load(text).unwrap());
        let (object, hash) = (ObjectKind::Plan, plan.hash);
        self.centre.prepare(Prepared::Plan(plan));
        self.say(Command::Activate(Activation { object, hash }));
    }

    pub fn say_as(&mut self, actor: Actor, command: Command) -> Vec<Event> {
        self.say_with(actor, command, Vec::new())
    }

    pub fn say_with(&mut self, actor: Actor, command: Command, testimony: Vec<u8>) -> Vec<Event> {
        let mut events = Vec::new();
        let envelope = Envelope { actor, command };
        self.centre.apply(self.now, &envelope, &mut events);
        self.events.extend(&events);
        let released = ReleasedRecord {
            sequence: self.centre.sequence(),
            record: Record {
                at: self.now,
                envelope,
                testimony,
                events: events.clone(),
            },
        };
        self.view.hear(&released);
        self.records.push(released);
        events
    }

    pub fn say(&mut self, command: Command) -> Vec<Event> {
        self.say_as(Actor::System, command)
    }

    /// Lets time pass, every deadline firing at its own time.
    pub fn pass(&mut self, span: Span) -> Vec<Event> {
        let until = self.now + span;
        let mut events = Vec::new();
        while let Some(due) = self.centre.next_due().filter(|&due| due <= until) {
            self.now = due;
            events.extend(self.say(Command::Tick));
        }
        self.now = until;
        events
    }

    /// A place so many metres north of the town; 1e-7 degree of latitude is 1.11 cm.
    pub fn north(&self, metres: i32) -> Point {
        let town = self.town();
        Point {
            lat_e7: town.lat_e7 + metres * 90,
            ..town
        }
    }

    /// What is known of an incident now.
    pub fn state_of(&self, incident: IncidentId) -> Incident {
        let slot = self.centre.state.incident_slot(incident).unwrap();
        *self.centre.state.incident(slot)
    }

    /// The middle of the town: the first post of the city.
    pub fn town(&self) -> Point {
        self.city
            .posts
            .iter()
            .map(|post| post.point)
            .find(|&point| {
                self.city.districts.at(point).is_some_and(|id| {
                    self.city
                        .districts
                        .get(id)
                        .is_some_and(|district| district.zone == crate::place::Zone::Town)
                })
            })
            .unwrap()
    }

    pub fn report(&mut self, kind: Kind, point: Option<Point>) -> CallReport {
        self.keys += 1;
        CallReport {
            key: KeyDigest::of(0, &self.keys.to_string()),
            body: BodyDigest(self.keys),
            line: Line(110),
            place: point.map(|point| Place {
                point,
                radius_m: 20,
                source: PlaceSource::Caller,
                district: self.city.districts.at(point),
            }),
            assessment: Assessment::stated(kind),
            injured: 0,
            marks: Marks::default(),
        }
    }

    pub fn call(&mut self, kind: Kind, point: Point) -> Decision {
        let report = self.report(kind, Some(point));
        self.take(report)
    }

    pub fn take(&mut self, report: CallReport) -> Decision {
        let events = self.say_as(Actor::Carrier(0), Command::TakeCall(report));
        match Answer::of(&events) {
            Answer::Decided(decision) => decision,
            other => panic!("{other:?}"),
        }
    }

    /// So many calls of a kind in a row to the north, two kilometres apart, so that none joins another.
    pub fn calls_apart(&mut self, count: i32, kind: Kind) -> Vec<Decision> {
        (0..count)
            .map(|step| self.call(kind, self.north(step * 2_000)))
            .collect()
    }

    pub fn act(&mut self, order: OrderId, act: OrderAct) -> Vec<Event> {
        let unit = self
            .centre
            .state
            .order(self.centre.state.order_slot(order).unwrap())
            .unit;
        self.say_as(
            Actor::Unit(unit),
            Command::Report(OrderReport { order, act }),
        )
    }

    /// Sends every unit with a capability off duty, but for the first so many.
    pub fn keep_only(&mut self, capability: Capability, keep: usize) -> Vec<UnitId> {
        let able: Vec<UnitId> = (0..self.centre.state.units.len() as u32)
            .filter(|&index| {
                self.centre.state.units[index as usize]
                    .definition
                    .capabilities
                    .contains(capability)
            })
            .map(|index| self.centre.state.unit_id(index))
            .collect();
        let (kept, sent) = able.split_at(keep.min(able.len()));
        for &unit in sent {
            self.say(Command::SetDuty(UnitDuty {
                unit,
                duty: Duty::Off,
                strength: None,
            }));
        }
        for &unit in kept {
            let definition = self.centre.state.unit(unit).unwrap().definition;
            let fit = UnitDefinition {
                roster_on_min: 0,
                roster_off_min: 0,
                ..definition
            };
            self.say(Command::DefineUnit(fit));
        }
        kept.to_vec()
    }

    /// The slow twin of the search: the first unit in order of (time, number) among all that are free and able.
    pub fn nearest_by_hand(&self, capability: Capability, to: Point) -> Option<(u32, UnitId)> {
        let finder = self.centre.finder.as_ref().unwrap();
        let plane: Plane = finder.plane(to);
        let time = |unit: &crate::unit::Unit| {
            let way = u64::from(distance_dm(finder.plane(unit.point), plane)) * 1_300 * 100;
            (way / u64::from(unit.definition.speed_mm_s)) as u32 + unit.definition.turnout_ms
        };
        let units = self.centre.state.units.iter().enumerate();
        units
            .filter(|(_, unit)| {
                unit.is_available() && unit.definition.capabilities.contains(capability)
            })
            .map(|(index, unit)| (time(unit), self.centre.state.unit_id(index as u32)))
            .min()
    }

    /// What must hold after every command.
    pub fn check(&self) {
        self.check_view();
        assert_eq!(self.centre.state.ensure_sound(), Ok(()));
        let state = &self.centre.state;
        assert!(
            self.centre.conservation().holds(),
            "{:?}",
            self.centre.conservation()
        );
        for (index, unit) in state.units.iter().enumerate() {
            let id = state.unit_id(index as u32);
            let open = state
                .orders
                .iter()
                .filter(|(_, _, order)| order.unit == id && order.state.is_open())
                .count();
            assert_eq!(
                open,
                usize::from(unit.open_orders),
                "unit {}",
                unit.definition.name
            );
            assert!(
                open <= usize::from(unit.definition.capacity),
                "one order per unit: {}",
                unit.definition.name
            );
            if let Some(finder) = &self.centre.finder {
                let leaves = state.could_leave(index as u32, &finder.plan.preemption);
                assert_eq!(finder.leaves(index as u32), leaves, "{id}");
            }
        }
        for (_, number, incident) in state.incidents.iter() {
            for (index, need) in incident.needs.iter() {
                let serving = state.orders.iter().filter(|(_, _, order)| {
                    order.incident.number() == number
                        && order.need == index
                        && order.state.is_open()
                });
                assert!(
                    serving.count() <= 1,
                    "a need served twice: {number} {need:?}"
                );
            }
        }
    }
}

impl World {
    /// The view, which knows the events alone, must say what the state is.
    fn check_view(&self) {
        let (state, view) = (&self.centre.state, &self.view);
        assert_eq!(view.conservation(), self.centre.conservation());
        let minute = self.now.minute_of_day(self.city.utc_offset_min);
        for (index, unit) in state.units.iter().enumerate() {
            let seen = view.unit(state.unit_id(index as u32)).unwrap();
            assert_eq!(
                (seen.definition, seen.point, seen.duty, seen.silent),
                (unit.definition, unit.point, unit.duty, unit.silent)
            );
            assert_eq!(seen.is_available(minute), unit.is_available());
            assert_eq!(seen.orders.len(), usize::from(unit.open_orders));
        }
        for (slot, _, incident) in state.incidents.iter() {
            let seen = view.incident(state.incident_id(slot)).unwrap();
            let open = incident.state == crate::incident::IncidentState::Open;
            let known = &incident.assessment;
            assert_eq!(
                (seen.is_open(), seen.kind, seen.priority, seen.agencies),
                (open, known.kind, known.priority, known.agencies)
            );
            assert_eq!(
                (seen.place, seen.calls, seen.merged_into, seen.injured),
                (
                    incident.place,
                    incident.calls,
                    incident.merged_into,
                    incident.injured
                )
            );
            let owes = seen.conduct.major.map(|major| (major.level, major.clocks));
            assert_eq!(
                owes,
                incident.major.map(|major| (major.level, major.deadlines))
            );
            let awaits = seen.conduct.close_awaited.is_some();
            assert_eq!(awaits, open && incident.close_awaited);
            self.check_duties(incident, seen);
            let seen_needs = seen.needs.iter().map(|need| need.state);
            let needs = incident.needs.iter().map(|(_, need)| need.state);
            assert!(seen_needs.eq(needs));
        }
        for (slot, _, order) in state.orders.iter() {
            let seen = view.order(state.order_id(slot)).unwrap();
            assert_eq!(
                (seen.state, seen.rung, seen.incident, seen.need),
                (order.state, order.rung, order.incident, order.need)
            );
            assert_eq!(seen.clocks, order.deadlines);
        }
        let by_clock = view.incidents_by_clock(usize::MAX);
        assert_eq!(by_clock.len(), view.incidents_open());
    }

    /// What was told upward is seen; what was to be and has run out is overdue until it is told.
    fn check_duties(&self, incident: &Incident, seen: &crate::view::IncidentView) {
        let running = incident.major.map(|major| major.deadlines);
        let running = running.unwrap_or_default();
        for &stage in UpwardStage::ALL {
            let duty = incident.upward[stage as usize];
            let told = seen.conduct.upward[stage as usize].as_ref();
            assert!(told.is_some() == duty.told.is_some() || !seen.is_open());
            let due = running.get(stage.clock());
            let overdue = duty.awaited().filter(|_| due.is_none() && seen.is_open());
            let shown = seen.conduct.overdue.get(stage.clock());
            assert_eq!(shown, overdue.map(|owed| owed.due));
        }
    }
}

/// C7: the nearest available by time, exact, ties by number: the same as looking at every unit.
#[test]
fn the_nearest_free_unit_is_ordered() {
    let mut world = World::new();
    let mut seed = 1_u64;
    for _ in 0..60 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let posts = world.city.posts.len() as u64;
        let point = world.city.posts[(seed >> 33) as usize % posts as usize].point;
        let point = Point {
            lat_e7: point.lat_e7 + (seed % 4_001) as i32 * 10,
            ..point
        };
        let expected = world.nearest_by_hand(Capability::Ambulance, point);
        let inside = world.city.districts.at(point).is_some();
        let decision = world.call(Kind::ChestPain, point);
        let got = decision
            .orders
            .iter()
            .next()
            .map(|order| (order.travel_ms, order.unit));
        if !decision.merged && inside {
            assert_eq!(got, expected);
        }
        world.check();
    }
}

/// N2: one call and one decision, however often the key comes; another body is a conflict.
#[test]
fn a_key_is_decided_once() {
    let mut world = World::new();
    let town = world.town();
    let report = world.report(Kind::Robbery, Some(town));
    let decision = world.take(report);
    let first = world.centre.sequence();
    let again = world.say(Command::TakeCall(report));
    assert_eq!(
        again,
        [Event::CallRepeated {
            call: decision.call,
            first,
            conflict: false
        }]
    );
    let other = CallReport {
        body: BodyDigest(99),
        ..report
    };
    let again = world.say(Command::TakeCall(other));
    assert_eq!(
        again,
        [Event::CallRepeated {
            call: decision.call,
            first,
            conflict: true
        }]
    );
    assert_eq!(world.centre.conservation().accepted, 1);
    assert_eq!(world.centre.conservation().conflicts, 1);
}

/// N4: a call without a place is taken and put before a human; when the place comes, so does the order.
#[test]
fn a_call_without_a_place_waits_for_one() {
    let mut world = World::new();
    let report = world.report(Kind::ChestPain, None);
    let decision = world.take(report);
    assert!(decision.human && decision.orders.is_empty());
    assert_eq!(
        decision.short.iter().next().unwrap().shortage,
        crate::incident::Shortage::NoPlace
    );
    let town = world.town();
    let place = Place {
        point: town,
        radius_m: 10,
        source: PlaceSource::Person,
        district: world.city.districts.at(town),
    };
    let facts = CallFacts {
        call: decision.call,
        place: Some(place),
        assessment: None,
        injured: None,
        marks: Marks::default(),
    };
    let events = world.say(Command::AddFacts(facts));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::OrderIssued(_))),
        "{events:?}"
    );
    world.check();
}

/// A call outside the served area is taken, marked and shown to a human; nobody of ours is sent.
#[test]
fn outside_the_area_nobody_is_sent() {
    let mut world = World::new();
    let decision = world.call(
        Kind::StructureFire,
        Point {
            lat_e7: 100_000_000,
            lon_e7: 100_000_000,
        },
    );
    assert!(decision.outside && decision.human && decision.orders.is_empty());
    assert_eq!(decision.outcome, crate::call::Outcome::Human);
}

/// D1: a drill goes the whole way and sends nobody.
#[test]
fn a_drill_sends_nobody() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::StructureFire, Some(town));
    report.marks = report.marks.with(crate::call::Mark::Drill);
    let decision = world.take(report);
    assert!(decision.orders.is_empty() && decision.incident.is_some());
    let real = world.call(Kind::StructureFire, town);
    assert!(
        !real.merged && !real.orders.is_empty(),
        "a drill never swallows a real call"
    );
}

/// Two centres that hear the same say the same, bit for bit.
#[test]
fn the_same_commands_give_the_same_state() {
    let run = || {
        let mut world = World::new();
        let town = world.town();
        for kind in [Kind::Robbery, Kind::CrashInjury, Kind::Flood, Kind::Noise] {
            let decision = world.call(kind, town);
            if let Some(order) = decision.orders.iter().next() {
                world.act(order.order, OrderAct::Acknowledge);
            }
            world.pass(Span::seconds(45));
        }
        world.pass(Span::hours(3));
        (world.centre.inspect(), world.events)
    };
    let (one, other) = (run(), run());
    assert_eq!(one.0, other.0);
    assert_eq!(one.1, other.1);
}

/// X12: with the shift's end a unit may not be sent any more, with its beginning it may.
#[test]
fn shifts_begin_and_end() {
    let mut world = World::new();
    let staffed = |world: &World| {
        world
            .centre
            .state
            .units
            .iter()
            .filter(|unit| unit.staffed)
            .count()
    };
    let by_day = staffed(&world);
    let events = world.pass(Span::hours(12));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::UnitStaffed { .. }))
    );
    assert_ne!(staffed(&world), by_day);
    world.pass(Span::hours(12));
    assert_eq!(staffed(&world), by_day);
    for (index, unit) in world.centre.state.units.iter().enumerate() {
        assert_eq!(
            unit.staffed,
            unit.definition.is_staffed(world.now.minute_of_day(480)),
            "{index}"
        );
    }
}

/// Positions of others and reports on others' orders are refused.
#[test]
fn nobody_speaks_for_another_unit() {
    let mut world = World::new();
    let town = world.town();
    let decision = world.call(Kind::Robbery, town);
    let order = *decision.orders.iter().next().unwrap();
    let stranger = world
        .centre
        .state
        .unit_id(if order.unit.number() == 1 { 1 } else { 0 });
    let before = world.centre.state.hash();
    let report = Command::Report(OrderReport {
        order: order.order,
        act: OrderAct::Finish,
    });
    assert_eq!(
        world.say_as(Actor::Unit(stranger), report),
        [Event::Refused(Refusal::NotYours)]
    );
    let position = Command::MoveUnit(UnitPosition {
        unit: order.unit,
        point: town,
    });
    assert_eq!(
        world.say_as(Actor::Unit(stranger), position),
        [Event::Refused(Refusal::NotYours)]
    );
    assert_ne!(
        world.centre.state.hash(),
        before,
        "the sequence is part of the state"
    );
}

/// What is unknown is refused by name, and nothing changes but the sequence.
#[test]
fn the_unknown_is_refused() {
    let mut world = World::new();
    let centre = CentreId(1);
    let refused = |world: &mut World, command| match world.say(command)[..] {
        [Event::Refused(refusal)] => refusal,
        ref other => panic!("{other:?}"),
    };
    let order = OrderReport {
        order: OrderId::new(centre, 9).unwrap(),
        act: OrderAct::Finish,
    };
    assert_eq!(
        refused(&mut world, Command::Report(order)),
        Refusal::UnknownOrder
    );
    assert_eq!(
        refused(
            &mut world,
            Command::EndCall(CallId::new(centre, 9).unwrap())
        ),
        Refusal::UnknownCall
    );
    let incident = IncidentId::new(centre, 9).unwrap();
    assert_eq!(
        refused(&mut world, Command::CloseIncident(incident)),
        Refusal::UnknownIncident
    );
    let unit = UnitId::new(CentreId(2), 1).unwrap();
    let position = UnitPosition {
        unit,
        point: Point::default(),
    };
    assert_eq!(
        refused(&mut world, Command::MoveUnit(position)),
        Refusal::UnknownUnit
    );
    let opening = Opening {
        centre,
        clock: ClockMode::Wall,
        logic_version: 1,
        capacities: Capacities::NONE,
    };
    assert_eq!(
        refused(&mut world, Command::OpenCentre(opening)),
        Refusal::AlreadyOpened
    );
}

/// More is known of a call: what it is, how many are hurt.
pub(super) fn facts(call: CallId, kind: Option<Kind>, injured: Option<u16>) -> Command {
    Command::AddFacts(CallFacts {
        call,
        place: None,
        assessment: kind.map(Assessment::stated),
        injured,
        marks: Marks::default(),
    })
}
