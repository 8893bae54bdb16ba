//! Streams of commands against the reference model and the engine's own promises: to each command both say the same, with the same
//! deadline ahead; the counts add up, no unit has more open orders than it may have, nothing is said beyond the limits, and
//! readers who know the events alone count the same; at the end, the same commands give the same events and the same hash.
//!
//! A small city with little room, so that a few dozen commands fill every table.

use super::city;
use super::cursor::Cursor;
use crate::local_plans::LOCAL_PLANS;
use crate::model::Model;
use engine::answer::Answer;
use engine::call::{Assessment, BodyDigest, CallFacts, CallReport, KeyDigest, Mark, Marks};
use engine::capability::Capability;
use engine::centre::{Centre, Prepared};
use engine::city::City;
use engine::command::{
    Activation, Actor, Assignment, CallSplit, CallVerdict, ClockMode, Command, Envelope,
    Escalation, FollowUp, IncidentMerge, LevelRaise, ObjectKind, Opening, OrderReport, UnitDuty,
    UnitPosition, UpwardReport,
};
use engine::event::Event;
use engine::hospital::HospitalDefinition;
use engine::id::{CallId, CentreId, IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::{Agency, AgencySet, Category, Kind, Nature, Priority};
use engine::limits::{Capacities, EVENTS_PER_COMMAND_MAX};
use engine::line::Line;
use engine::major::{Level, UpwardField, UpwardFields, UpwardStage};
use engine::moment::{Moment, Span};
use engine::name::Name;
use engine::order::OrderAct;
use engine::place::{DistrictId, Place, PlaceSource, Point};
use engine::plan::Plan;
use engine::record::{LOGIC_VERSION, Record, RecordRef};
use engine::runtime::ReleasedRecord;
use engine::unit::{Duty, UnitDefinition};
use engine::view::View;
use std::sync::{Arc, LazyLock};

const CENTRE: CentreId = CentreId(7);
/// Seven in the evening in China, 21 November 2026: an hour before the small city's roster changes.
const EVENING: Moment = Moment(1_795_258_800_000);
const COMMANDS_MAX: usize = 300;
/// Ticks that one passing of time may take.
const TICKS_MAX: usize = 64;
const ROOM: Capacities = Capacities {
    units_max: 10,
    incidents_max: 8,
    orders_max: 12,
    calls_max: 16,
};

/// What everything is decided with.
struct Ground {
    city: Arc<City>,
    plan: Arc<Plan>,
    city_hash: ObjectHash,
    /// As `plan`, but everything merges wider, and smaller tiers have plans of their own.
    other_plan: Arc<Plan>,
}

static GROUND: LazyLock<Ground> = LazyLock::new(|| {
    let city = city::small();
    let other = engine::plan::DEFAULT.replace("radius_m = 80", "radius_m = 800") + LOCAL_PLANS;
    Ground {
        city_hash: ObjectHash::of(&city.canonical_bytes().expect("a document")),
        city: Arc::new(city),
        plan: Arc::new(Plan::load(engine::plan::DEFAULT).expect("the default plan")),
        other_plan: Arc::new(Plan::load(&other).expect("the other plan")),
    }
});

/// One command, and when it was said.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Centre time.
    pub at: Moment,
    /// Who says what.
    pub envelope: Envelope,
}

/// A centre with all that is at hand for it.
struct World {
    centre: Centre,
    model: Model,
    view: View,
    now: Moment,
    told: Vec<Told>,
    said: Vec<Event>,
    events: Vec<Event>,
    /// Open orders of each unit before the last command.
    open: Vec<u16>,
}

impl World {
    fn of(plan: &Arc<Plan>) -> World {
        let (mut centre, mut model) = (Centre::new(ROOM), Model::new(ROOM));
        for object in objects(plan) {
            centre.prepare(object.clone());
            model.prepare(object);
        }
        let mut world = World {
            centre,
            model,
            view: View::new(),
            now: EVENING,
            told: Vec::new(),
            said: Vec::new(),
            events: Vec::new(),
            open: Vec::new(),
        };
        world.open(plan.hash);
        world
    }

    fn open(&mut self, plan: ObjectHash) {
        self.say(Actor::System, Command::OpenCentre(opening()));
        let activate = |object, hash| Command::Activate(Activation { object, hash });
        self.say(Actor::System, activate(ObjectKind::Plan, plan));
        self.say(Actor::System, activate(ObjectKind::City, GROUND.city_hash));
        for row in &GROUND.city.units {
            self.say(
                Actor::System,
                Command::DefineUnit(UnitDefinition::from(row)),
            );
        }
    }

    /// Tells the centre one thing and checks what must hold after everything.
    fn say(&mut self, actor: Actor, command: Command) {
        let envelope = Envelope { actor, command };
        let told = Told {
            at: self.now,
            envelope,
        };
        self.events.clear();
        self.centre.apply(told.at, &told.envelope, &mut self.events);
        self.told.push(told);
        self.said.extend_from_slice(&self.events);
        let count = self.events.len();
        assert!(
            count <= EVENTS_PER_COMMAND_MAX,
            "{count} events of {command:?}"
        );
        assert!(
            count > 0 || command == Command::Tick,
            "nothing is said to {command:?}"
        );
        self.check_model(told);
        self.check_record(told);
        let conservation = self.centre.conservation();
        assert!(conservation.holds(), "{command:?}: {conservation:?}");
        assert_eq!(
            self.view.conservation(),
            conservation,
            "{command:?}: {:?}",
            self.events
        );
        self.check_units(&command);
    }

    /// The plain model says the same, and waits for the same deadline.
    fn check_model(&mut self, told: Told) {
        let command = &told.envelope.command;
        let said = self.model.apply(told.at, &told.envelope);
        assert_eq!(self.events, said, "the engine and its model: {command:?}");
        let due = (self.centre.next_due(), self.model.next_due());
        assert_eq!(due.0, due.1, "the next deadline after {command:?}");
        let sums = (self.centre.conservation(), self.model.conservation());
        assert_eq!(sums.0, sums.1, "the sums after {command:?}");
    }

    /// One order a unit, a desk's many; whoever was given less room than they have in hand gets no more.
    fn check_units(&mut self, command: &Command) {
        let mut open = Vec::with_capacity(self.open.len());
        for (index, (id, unit)) in self.centre.units().enumerate() {
            let name = unit.definition.name;
            let had = self.open.get(index).copied().unwrap_or(0);
            let may = unit.definition.capacity.max(had);
            assert!(unit.open_orders <= may, "{name}: {command:?}");
            let seen = self.view.unit(id).expect("a unit that was defined");
            assert_eq!(
                seen.orders.len(),
                usize::from(unit.open_orders),
                "{name}: {command:?}"
            );
            open.push(unit.open_orders);
        }
        self.open = open;
    }

    /// What was said goes through a record, as it would through the journal, to the view.
    fn check_record(&mut self, told: Told) {
        let mut bytes = Vec::new();
        let written = RecordRef {
            at: told.at,
            envelope: &told.envelope,
            testimony: &[],
            events: &self.events,
        };
        written.encode(&mut bytes);
        let record = Record::decode(&bytes).expect("a record that was written");
        assert_eq!((record.at, record.envelope), (told.at, told.envelope));
        assert_eq!(record.events, self.events);
        assert_eq!(Answer::of(&record.events), Answer::of(&self.events));
        let sequence = self.centre.sequence();
        self.view.hear(&ReleasedRecord { sequence, record });
    }

    /// Lets time pass; deadlines fire at their own time, as far as there is patience.
    fn pass(&mut self, until: Moment) {
        for _ in 0..TICKS_MAX {
            let Some(due) = self.centre.next_due().filter(|&due| due <= until) else {
                break;
            };
            self.now = self.now.max(due);
            self.say(Actor::System, Command::Tick);
        }
        self.now = self.now.max(until);
    }

    /// The same commands again: the same events, the same state.
    fn check_replay(self, plan: &Arc<Plan>) {
        let mut again = Centre::new(ROOM);
        objects(plan)
            .into_iter()
            .for_each(|object| again.prepare(object));
        let mut events = Vec::new();
        for told in &self.told {
            again.apply(told.at, &told.envelope, &mut events);
        }
        assert!(events == self.said, "the same commands, other events");
        let (before, after) = (self.centre.inspect(), again.inspect());
        assert_eq!(before.hash, after.hash, "the same commands, another state");
        assert_eq!(before.conservation, after.conservation);
    }
}

/// All that is at hand.
fn objects(plan: &Arc<Plan>) -> Vec<Prepared> {
    let ground = &*GROUND;
    vec![
        Prepared::City(ground.city_hash, Arc::clone(&ground.city)),
        Prepared::Plan(Arc::clone(plan)),
        Prepared::Plan(Arc::clone(&ground.other_plan)),
    ]
}

const fn opening() -> Opening {
    Opening {
        centre: CENTRE,
        clock: ClockMode::Driven,
        logic_version: LOGIC_VERSION,
        capacities: ROOM,
    }
}

/// Tells a centre what the bytes mean.
pub fn check(data: &[u8]) {
    let mut cursor = Cursor::new(data);
    let mut world = World::of(&GROUND.plan);
    while !cursor.is_empty() && world.told.len() < COMMANDS_MAX {
        step(&mut world, &mut cursor);
    }
    world.check_replay(&GROUND.plan);
}

/// Lets a centre decide by this plan: a call of every kind, and an hour.
pub fn decide_by(plan: Plan) {
    let plan = Arc::new(plan);
    let mut world = World::of(&plan);
    for (number, &kind) in (0..).zip(Kind::ALL) {
        let report = CallReport {
            key: KeyDigest([number; 16]),
            body: BodyDigest(0),
            line: Line::POLICE,
            place: Some(near(number, 0)),
            assessment: Assessment::stated(kind),
            injured: 1,
            marks: Marks::default(),
        };
        world.say(Actor::Carrier(0), Command::TakeCall(report));
    }
    world.pass(EVENING + Span::hours(1));
    world.check_replay(&plan);
}

/// A centre's state and its readers' view, as a snapshot holds them, after what the bytes mean.
pub fn saved(data: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut cursor = Cursor::new(data);
    let mut world = World::of(&GROUND.plan);
    while !cursor.is_empty() && world.told.len() < COMMANDS_MAX {
        step(&mut world, &mut cursor);
    }
    let (mut state, mut view) = (Vec::new(), Vec::new());
    world.centre.save(&mut state);
    world.view.save(&mut view);
    (state, view)
}

/// What a saved centre may name.
pub fn prepared() -> Vec<Prepared> {
    let ground = &*GROUND;
    vec![
        Prepared::City(ground.city_hash, Arc::clone(&ground.city)),
        Prepared::Plan(Arc::clone(&ground.plan)),
        Prepared::Plan(Arc::clone(&ground.other_plan)),
    ]
}

/// Records of every kind of command, as a journal holds them.
pub fn records(data: &[u8]) -> Vec<Vec<u8>> {
    let mut cursor = Cursor::new(data);
    let mut world = World::of(&GROUND.plan);
    while !cursor.is_empty() && world.told.len() < COMMANDS_MAX {
        step(&mut world, &mut cursor);
    }
    let mut again = World::of(&GROUND.plan);
    let opened = again.told.len();
    let mut records = Vec::new();
    for told in &world.told[opened..] {
        again.now = told.at;
        again.say(told.envelope.actor, told.envelope.command);
        let mut bytes = Vec::new();
        RecordRef {
            at: told.at,
            envelope: &told.envelope,
            testimony: &[],
            events: &again.events,
        }
        .encode(&mut bytes);
        records.push(bytes);
    }
    records
}

fn step(world: &mut World, cursor: &mut Cursor<'_>) {
    let op = cursor.below(22);
    let command = match op {
        0..=4 => Command::TakeCall(report(cursor)),
        5 => Command::AddFacts(CallFacts {
            call: call(cursor),
            place: cursor.maybe(place),
            assessment: cursor.maybe(assessment),
            injured: cursor.maybe(|cursor| cursor.below(4) as u16),
            marks: marks(cursor),
        }),
        6 => Command::EndCall(call(cursor)),
        7 => Command::CloseIncident(incident(cursor)),
        8..=10 => Command::Report(OrderReport {
            order: order(cursor),
            act: cursor.one_of(OrderAct::ALL),
        }),
        11 => Command::MoveUnit(UnitPosition {
            unit: unit(cursor),
            point: place(cursor).point,
        }),
        12 => Command::SetDuty(UnitDuty {
            unit: unit(cursor),
            duty: cursor.one_of(Duty::ALL),
            strength: cursor.maybe(|cursor| cursor.below(5) as u16),
        }),
        13 => Command::Tick,
        14 => {
            let span = Span::seconds(i64::from(cursor.u16()) * 4);
            return world.pass(world.now + span);
        }
        15 => Command::JudgeCall(CallVerdict {
            call: call(cursor),
            assessment: cursor.maybe(assessment),
            place: cursor.maybe(place),
        }),
        16 => Command::MergeIncidents(IncidentMerge {
            from: incident(cursor),
            into: incident(cursor),
        }),
        17 => Command::SplitCall(CallSplit {
            call: call(cursor),
            assessment: assessment(cursor),
            injured: cursor.below(3) as u16,
        }),
        18 => Command::EscalateIncident(Escalation {
            incident: incident(cursor),
            priority: priority(cursor),
        }),
        19 => Command::AssignUnit(Assignment {
            incident: incident(cursor),
            unit: unit(cursor),
            capability: cursor.maybe(|cursor| cursor.one_of(Capability::ALL)),
        }),
        20 => definition(cursor),
        _ => rare(world, cursor),
    };
    let actor = actor(cursor, op);
    world.say(actor, command);
}

fn upward_fields(cursor: &mut Cursor<'_>) -> UpwardFields {
    let bits = cursor.u16();
    let fields = (0..).zip(UpwardField::ALL);
    let fields = fields.filter(|(bit, _)| bits & (1 << bit) == 0);
    fields.map(|(_, &field)| field).collect()
}

/// What seldom comes: objects that change, hospitals, levels and what is told of them, time that jumps without a tick, a second opening.
fn rare(world: &mut World, cursor: &mut Cursor<'_>) -> Command {
    let activate = |object, hash| Command::Activate(Activation { object, hash });
    match cursor.below(14) {
        0 => activate(ObjectKind::Plan, GROUND.other_plan.hash),
        1 => activate(ObjectKind::Plan, GROUND.plan.hash),
        2 => activate(ObjectKind::City, GROUND.city_hash),
        3 => activate(cursor.one_of(ObjectKind::ALL), ObjectHash([9; 32])),
        4 => Command::OpenCentre(opening()),
        5 => {
            world.now = Moment(world.now.0 + i64::from(cursor.u32() as i32) / 4);
            Command::Tick
        }
        7 | 8 => Command::RaiseLevel(LevelRaise {
            incident: incident(cursor),
            level: cursor.one_of(Level::ALL),
        }),
        9 => Command::ReportSituation(incident(cursor)),
        10 | 11 => Command::ReportUpward(UpwardReport {
            incident: incident(cursor),
            stage: cursor.one_of(UpwardStage::ALL),
            fields: upward_fields(cursor),
        }),
        12 => Command::CloseWithFollowUp(FollowUp {
            incident: incident(cursor),
            unit: unit(cursor),
            owner: name("O", 1),
        }),
        6 => match cursor.u8() & 1 {
            0 => Command::ReopenIncident(incident(cursor)),
            _ => Command::UnmergeIncident(incident(cursor)),
        },
        _ => Command::DefineHospital(HospitalDefinition {
            name: name("H", cursor.below(3)),
            point: place(cursor).point,
            capabilities: Default::default(),
            beds: u32::from(cursor.u8()),
            open: cursor.u8() & 1 == 0,
        }),
    }
}

fn actor(cursor: &mut Cursor<'_>, op: usize) -> Actor {
    match op {
        0..=4 => Actor::Carrier(0),
        8..=12 => match cursor.below(3) {
            0 => Actor::Dispatcher(0),
            1 => Actor::System,
            _ => Actor::Unit(unit(cursor)),
        },
        _ => Actor::Dispatcher(0),
    }
}

/// A number that most often names something, and now and then nothing of this centre.
fn number(cursor: &mut Cursor<'_>, most: usize) -> (CentreId, u64) {
    match cursor.u8() {
        255 => (CentreId(8), 1),
        254 => (CENTRE, cursor.u64() >> 16),
        given => (CENTRE, 1 + u64::from(given) % most as u64),
    }
}

macro_rules! ids {
    ($($make:ident: $id:ident of $most:literal),+) => {
        $(fn $make(cursor: &mut Cursor<'_>) -> $id {
            let (centre, number) = number(cursor, $most);
            $id::new(centre, number.max(1)).unwrap_or_else(|| panic!("an id without bits"))
        })+
    };
}
ids!(call: CallId of 40, incident: IncidentId of 24, order: OrderId of 48, unit: UnitId of 11);

fn near(north: u8, east: u8) -> Place {
    let point = Point {
        lat_e7: 288_200_000 + i32::from(north) * 4_000,
        lon_e7: 1_206_400_000 + i32::from(east) * 4_000,
    };
    Place {
        point,
        radius_m: 20,
        source: PlaceSource::Caller,
        district: GROUND.city.district_at(point),
    }
}

fn place(cursor: &mut Cursor<'_>) -> Place {
    match cursor.u8() {
        255 => {
            let point = Point {
                lat_e7: cursor.u32() as i32 % 900_000_001,
                lon_e7: (i64::from(cursor.u32() as i32) % 1_800_000_001) as i32,
            };
            let (radius_m, source) = (cursor.u32(), PlaceSource::Cell);
            let district = GROUND.city.district_at(point);
            Place {
                point,
                radius_m,
                source,
                district,
            }
        }
        north => near(north, cursor.u8()),
    }
}

fn priority(cursor: &mut Cursor<'_>) -> Priority {
    cursor.one_of(&[Priority::P1, Priority::P2, Priority::P3, Priority::P4])
}

fn assessment(cursor: &mut Cursor<'_>) -> Assessment {
    let kind = cursor.one_of(Kind::ALL);
    let stated = Assessment::stated(kind);
    match cursor.u8() {
        0..=200 => stated,
        201..=220 => Assessment {
            human: true,
            ..stated
        },
        _ => Assessment {
            priority: priority(cursor),
            nature: cursor.one_of(Nature::ALL),
            category: cursor.one_of(Category::ALL),
            agencies: AgencySet::from_bits(cursor.u16() & 0x7FFF).unwrap_or(stated.agencies),
            ..stated
        },
    }
}

fn marks(cursor: &mut Cursor<'_>) -> Marks {
    match cursor.u8() {
        0..=200 => Marks::default(),
        given => Marks::default().with(Mark::ALL[usize::from(given) % Mark::ALL.len()]),
    }
}

fn report(cursor: &mut Cursor<'_>) -> CallReport {
    CallReport {
        key: KeyDigest([cursor.u8() % 48; 16]),
        body: BodyDigest(u64::from(cursor.u8() % 4 == 3)),
        line: Line::new(cursor.one_of(&[110, 119, 120, 122, 12_345, 12_395, 999]))
            .unwrap_or(Line::POLICE),
        place: match cursor.u8() {
            0..=15 => None,
            _ => Some(place(cursor)),
        },
        assessment: assessment(cursor),
        injured: cursor.below(4) as u16,
        marks: marks(cursor),
    }
}

fn name(prefix: &str, number: usize) -> Name {
    Name::new(&format!("{prefix}-{number}")).expect("a short name")
}

/// A unit as a person may define it: new, or one of the city's anew.
fn definition(cursor: &mut Cursor<'_>) -> Command {
    let rows = &GROUND.city.units;
    let known = UnitDefinition::from(&rows[cursor.below(rows.len())]);
    let definition = UnitDefinition {
        name: cursor
            .maybe(|cursor| name("N", cursor.below(5)))
            .unwrap_or(known.name),
        agency: cursor
            .maybe(|cursor| cursor.one_of(Agency::ALL))
            .unwrap_or(known.agency),
        capabilities: match cursor.maybe(|cursor| cursor.one_of(Capability::ALL)) {
            Some(one) => [one].into_iter().collect(),
            None => known.capabilities,
        },
        home: cursor
            .maybe(|cursor| DistrictId(u32::from(cursor.u8())))
            .unwrap_or(known.home),
        post: cursor
            .maybe(|cursor| place(cursor).point)
            .unwrap_or(known.post),
        speed_mm_s: cursor
            .maybe(|cursor| cursor.u32() % 111_112)
            .unwrap_or(known.speed_mm_s),
        turnout_ms: cursor
            .maybe(|cursor| cursor.u32() % 86_400_001)
            .unwrap_or(known.turnout_ms),
        strength: u16::from(cursor.u8()),
        least_strength: cursor.below(4) as u16,
        roster_on_min: cursor.u16() % 1_440,
        roster_off_min: cursor.u16() % 1_440,
        capacity: cursor.below(4) as u16,
    };
    Command::DefineUnit(definition)
}
