//! The stage of a world: time goes from one thing to the next, and whoever is due takes a turn.

use super::agenda::Agenda;
use super::callers::Calling;
use super::checks::Books;
use super::clients::{Clients, Token};
use super::counters::Counters;
use super::disk::{Lie, SimulatedDisk};
use super::ground::ground;
use super::machine::Machine;
use super::options::{Options, Planted};
use super::traffic::Source;
use engine::answer::Answer;
use engine::command::ClockMode;
use engine::event::Event;
use engine::id::{CallId, IncidentId, ObjectHash};
use engine::moment::{Moment, Span};
use engine::place::Point;
use engine::roads::atlas::Atlas;
use engine::runtime::ReleasedRecord;
use loadgen::crew::{Behaviour, Crews, Positions, Told};
use loadgen::random::Random;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// When every world begins: 21 November 2026, six in the evening in China, so that a shift and a night follow.
const BEGIN: Moment = Moment(1_795_255_200_000);
/// How long after the faults have stopped every call must have come to its end: a lapse of a day, twice, and an hour.
const PATIENCE_MS: i64 = 49 * 3_600_000;

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Thing {
    /// Somebody calls.
    Call(Source),
    /// A caller says more.
    Facts(CallId),
    /// A message reaches the centre, if it runs.
    Arrives(Token),
    /// An answer reaches a client.
    Answered(Token, Box<Answer>),
    /// A client has waited long enough.
    TimeOut(Token),
    /// A person acts.
    Person,
    /// Something odd happens in the field.
    Field,
    /// A person sends desk after desk to one incident.
    Overreach,
    /// The wall's clock steps.
    Jump,
    /// Somebody says something of the roads, and somebody will again.
    Roads,
    /// Somebody says something more of the roads.
    RoadNews,
    /// Somebody closes the road at a place.
    Close(Point),
    /// It is looked at whether the hour has other factors.
    Hour,
    /// A person brings another plan into force.
    ChangePlan,
    /// A person closes an incident that waits for that.
    Conclude(IncidentId),
    /// Everybody sends again what was answered already.
    Storm,
    /// The process is started.
    Start,
    /// Somebody makes room on the disk.
    Relief,
}

/// A world.
pub(super) struct World {
    pub(super) options: Options,
    pub(super) disk: SimulatedDisk,
    pub(super) machine: Machine,
    pub(super) books: Books,
    pub(super) clients: Clients,
    pub(super) crews: Crews,
    pub(super) calling: Calling,
    pub(super) agenda: Agenda<Thing>,
    pub(super) random: Random,
    /// Which of the ground's maps the configuration names.
    pub(super) map: usize,
    /// The map as it was last said to be.
    pub(super) road_desk: Option<Arc<Atlas>>,
    /// True time, in milliseconds.
    pub(super) now: i64,
    /// How far the wall's clock is off.
    pub(super) offset: i64,
    pub(super) wall: Arc<AtomicI64>,
    /// Faults have stopped.
    pub(super) is_calm: bool,
    pub(super) steps: u64,
}

/// What became of a world in which all held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// A hash over all that was released, and how often what was met.
    pub digest: ObjectHash,
    /// Records that were released.
    pub records: u64,
    /// How long it lasted, in milliseconds of its own time.
    pub lasted_ms: i64,
    /// What was met.
    pub counters: Counters,
}

/// What did not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// At which step.
    pub step: u64,
    /// When, in milliseconds since the world began.
    pub at_ms: i64,
    /// What.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, step, at) = (self.seed, self.step, self.at_ms / 1_000);
        write!(
            f,
            "seed {seed}, step {step}, {at} s after its beginning: {}",
            self.what
        )
    }
}

/// Lives through a world.
pub fn run(options: Options) -> Result<Report, Box<Failure>> {
    let mut world = World::new(options);
    let lived = world.live();
    lived.map_err(|what| Box::new(world.failure(what)))?;
    let records = world.books.records().len() as u64;
    let mut counters = world.books.counters.clone();
    for (&fault, &times) in world.disk.faults(|faults| faults.counts().clone()).iter() {
        counters.add(("fault", fault.code(), ""), times);
    }
    counters.hit("worlds", world.options.clock.code());
    let mut told = world.books.digest().to_string();
    told += &counters.to_string();
    Ok(Report {
        seed: world.options.seed,
        digest: ObjectHash::of(told.as_bytes()),
        records,
        lasted_ms: world.now - BEGIN.0,
        counters,
    })
}

/// Lives through a world, and takes a panic of the engine for what it is: something that did not hold.
pub fn run_caught(options: Options) -> Result<Report, Box<Failure>> {
    let seed = options.seed;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(options)));
    caught.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        Err(Box::new(Failure {
            seed,
            step: 0,
            at_ms: 0,
            what: format!("panicked: {}", text.unwrap_or("without a word")),
        }))
    })
}

impl World {
    fn new(options: Options) -> World {
        let seed = options.seed;
        let disk = SimulatedDisk::new(seed);
        if let Some(Planted::Lie(lie)) = options.planted {
            disk.lie(lie);
        }
        World {
            books: Books::new(ground(options.ground), &options),
            machine: Machine::default(),
            clients: Clients::default(),
            crews: crews(options.ground, seed),
            calling: Calling::new(seed),
            agenda: Agenda::new(),
            random: Random::stream(seed, 0x3081d),
            map: 0,
            road_desk: None,
            now: BEGIN.0,
            offset: 0,
            wall: Arc::new(AtomicI64::new(BEGIN.0)),
            is_calm: false,
            steps: 0,
            disk,
            options,
        }
    }

    fn failure(&self, what: String) -> Failure {
        Failure {
            seed: self.options.seed,
            step: self.steps,
            at_ms: self.now - BEGIN.0,
            what,
        }
    }

    fn live(&mut self) -> Result<(), String> {
        self.plan_day();
        self.agenda.note(self.now, Thing::Start);
        self.set_faults();
        let mut end = self.now + self.options.day_ms;
        loop {
            while self.now < end {
                self.turn(end)?;
            }
            if self.books.records().len() as u64 >= self.options.commands_min {
                break;
            }
            self.top_up();
            end += self.options.day_ms / 24;
        }
        self.calm_down();
        let patience = self.now + PATIENCE_MS;
        while !self.is_over() {
            if self.now >= patience {
                return Err(format!(
                    "liveness: not everything ended: {:?}; {} clients wait for an answer, the machine {}",
                    self.books.conservation(),
                    self.clients.waiting(),
                    if self.machine.is_idle() {
                        "rests"
                    } else {
                        "works"
                    },
                ));
            }
            self.turn(patience)?;
        }
        self.settle()
    }

    /// Time goes to the next thing, but not past `most`; all that is due then happens.
    fn turn(&mut self, most: i64) -> Result<(), String> {
        let crews_at = self.crews.next_due().map(|due| due.0);
        let callers_at = self.calling.next_due().map(|due| due.0);
        let next = [
            self.agenda.next_at(),
            crews_at,
            callers_at,
            self.machine.next_at(),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(most);
        self.now = self.now.max(next.min(most));
        self.tell_wall();
        while let Some(thing) = self.agenda.take(self.now) {
            self.steps += 1;
            self.happen(thing)?;
        }
        while let Some(act) = self.crews.poll(Moment(self.now)) {
            self.crew_acts(act);
        }
        self.callers_act();
        self.run_machine()
    }

    /// What the wall's clock shows, to whoever looks.
    pub(super) fn tell_wall(&self) {
        self.wall.store(self.now + self.offset, Ordering::Relaxed);
    }

    fn happen(&mut self, thing: Thing) -> Result<(), String> {
        match thing {
            Thing::Call(source) => self.somebody_calls(source),
            Thing::Facts(call) => self.say_more(call),
            Thing::Arrives(token) => self.arrives(token),
            Thing::Answered(token, answer) => self.answered(token, *answer),
            Thing::TimeOut(token) => self.time_out(token),
            Thing::Person => self.person_acts(),
            Thing::Field => self.field_acts(),
            Thing::Overreach => self.overreach(),
            Thing::Jump => self.wall_jumps(),
            Thing::Roads => self.watch_roads(),
            Thing::RoadNews => self.somebody_tells_of_roads(),
            Thing::Close(point) => self.close_road_at(point),
            Thing::Hour => self.keep_hour(),
            Thing::ChangePlan => self.change_plan()?,
            Thing::Conclude(incident) => self.concludes(incident),
            Thing::Storm => self.storm(),
            Thing::Start => self.start()?,
            Thing::Relief => self.disk.leave_free(None),
        }
        Ok(())
    }

    fn wall_jumps(&mut self) {
        let (deed, span) = match self.random.chance(500) {
            true => ("wall_forward", self.random.between(1_000, 3 * 3_600_000)),
            false => ("wall_back", -self.random.between(1_000, 3_600_000)),
        };
        if self.options.clock == ClockMode::Wall {
            self.books.counters.hit("world", deed);
            self.offset += span;
            self.machine.wake_writer(self.now);
        }
    }

    /// A record was released for the first time: crews and callers hear of it.
    pub(super) fn released(&mut self, record: &ReleasedRecord) {
        if self.options.planted == Some(Planted::SyncsStop) && record.sequence.0 == 200 {
            self.disk.lie(Lie::NoSync);
        }
        for event in &record.record.events {
            if let Event::OrderMoved { order, to, .. } = *event {
                self.crews.order_moved(Moment(self.now), order, to);
            } else if let Event::LadderClimbed {
                order,
                rung,
                next_due,
                ..
            } = *event
            {
                let left = next_due.map(|due| Moment(self.now + record.record.at.until(due).0));
                self.crews
                    .ladder_climbed(Moment(self.now), order, rung, left);
            } else if let Event::OrderIssued(issued) = *event {
                self.tell_crew(issued.order);
            } else if let Event::CloseAwaited { incident, .. } = *event {
                let at = self.after(Span::minutes(1), Span::minutes(90));
                self.agenda.note(at, Thing::Conclude(incident));
            }
        }
        self.calling.hear(Moment(self.now), record);
        self.clients.hear(record);
    }

    /// A crew is told of its order, perhaps not for the first time.
    pub(super) fn tell_crew(&mut self, order: engine::id::OrderId) {
        let view = self.books.view();
        let Some(known) = view.order(order) else {
            return;
        };
        let incident = view.incident(known.incident);
        let told = Told {
            order,
            unit: known.issued.unit,
            name: view.unit_name(known.issued.unit).unwrap_or_default(),
            capability: known.issued.capability,
            desk: known.issued.capability.is_desk(),
            travel_ms: known.issued.travel_ms,
            turnout_ms: known.issued.turnout_ms,
            point: incident
                .and_then(|incident| incident.place)
                .map(|place| place.point),
            kind: incident.map(|incident| incident.kind),
        };
        if self.options.planted != Some(Planted::NobodyObeys) {
            self.crews.order_issued(Moment(self.now), &told);
        }
    }

    /// Faults stop, crews obey, nobody calls any more.
    fn calm_down(&mut self) {
        self.is_calm = true;
        self.disk.faults(|faults| faults.cease());
        self.disk.leave_free(None);
        self.agenda.retain(|thing| match thing {
            Thing::Arrives(_)
            | Thing::Answered(..)
            | Thing::TimeOut(_)
            | Thing::Start
            | Thing::Conclude(_) => true,
            Thing::Call(_)
            | Thing::Facts(_)
            | Thing::Person
            | Thing::Field
            | Thing::Overreach
            | Thing::Jump
            | Thing::Roads
            | Thing::RoadNews
            | Thing::Close(_)
            | Thing::Hour
            | Thing::ChangePlan
            | Thing::Storm
            | Thing::Relief => false,
        });
        self.crews = Crews::new(Behaviour::Standard, self.options.seed);
        self.calling = Calling::new(self.options.seed);
        self.tell_crews_of_all();
        let view = self.books.view();
        let awaited = view
            .open_incidents_after(None)
            .filter(|(_, known)| known.conduct.close_awaited.is_some());
        let awaited: Vec<_> = awaited.map(|(incident, _)| incident).collect();
        for incident in awaited {
            self.agenda.note(self.now, Thing::Conclude(incident));
        }
        self.everybody_returns();
    }

    fn tell_crews_of_all(&mut self) {
        let open: Vec<_> = self
            .books
            .view()
            .open_orders()
            .map(|(order, _)| order)
            .collect();
        open.into_iter().for_each(|order| self.tell_crew(order));
    }

    /// What some have heard of is not so any more, and numbers that they know may be given again: they go by what is there now.
    pub(super) fn everybody_begins_anew(&mut self) {
        self.crews = crews(self.options.ground, self.options.seed);
        self.tell_crews_of_all();
    }

    fn is_over(&self) -> bool {
        let left = self.books.conservation();
        left.incidents_open == 0
            && left.orders_open == 0
            && left.needs_waiting == 0
            && self.clients.waiting() == 0
            && self.machine.is_idle()
    }

    /// A while later, for whoever draws it.
    pub(super) fn after(&mut self, least: Span, most: Span) -> i64 {
        self.now + self.random.between(least.0, most.0.max(least.0))
    }
}

/// Crews as in the field, who say where they are on arrival, and on their way home.
fn crews(index: usize, seed: u64) -> Crews {
    let mut crews = Crews::new(
        Behaviour::Field {
            positions: Positions::OnArrival,
        },
        seed,
    );
    crews.live_in(&ground(index).city);
    crews
}
