//! A centre, its callers and its crews on virtual time, in one thread, without a socket or a file.
//!
//! What decides is the engine itself, what looks at words is the gateway's own intake, and crews are those of a replay: only
//! time is made up. The next thing that happens is always the earliest: a clock of the centre, an act of a crew, a call.
//! The same trace under the same seed says the same, bit for bit: [`County::digest`].

use super::course::Course;
use crate::caller::behaviour::Behaviour as Calling;
use crate::caller::{self, CallerId, Callers, digest};
use crate::crew::observed::Observed;
use crate::crew::{Act, Behaviour, Crews, Positions, Told};
use crate::random::Random;
use crate::replay::repeats::Repeats;
use crate::replay::words::{call_words, facts_words};
use crate::trace::Row;
use engine::call::Outcome as Decided;
use engine::centre::{Centre, Prepared};
use engine::city::City;
use engine::command::{
    Activation, Actor, ClockMode, Command, Envelope, ObjectKind, Opening, OrderReport, UnitDuty,
    UnitPosition,
};
use engine::event::{Event, OrderIssued};
use engine::hospital::HospitalDefinition;
use engine::id::{IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::name::Name;
use engine::order::OrderState;
use engine::place::Point;
use engine::record::{LOGIC_VERSION, RecordRef};
use engine::roads::atlas::Atlas;
use engine::roads::bulletin::Bulletin;
use engine::unit::{Duty, UnitDefinition};
use gateway::config::Config;
use gateway::intake::{Desk, Intake};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Crews may take so long after the last call.
const SETTLE: Span = Span::hours(24);
/// The centre comes up so long before the first call.
const BEFORE: Span = Span::minutes(1);

/// What a county is made of, read once for all seeds.
pub struct Ground {
    config: Config,
    atlas: Option<Arc<Atlas>>,
    city_hash: ObjectHash,
    /// The map by the bulletins of the hours: the same few come again each day.
    hours: Mutex<HashMap<ObjectHash, Arc<Atlas>>>,
}

/// Without the configuration, which may hold secrets.
impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Ground");
        shown.field("city_hash", &self.city_hash);
        shown.finish_non_exhaustive()
    }
}

impl Ground {
    /// Of a checked configuration.
    ///
    /// # Errors
    /// Its city cannot be written as an object, or its map cannot be read.
    pub fn of(config: Config) -> Result<Ground, String> {
        let city = config.city.canonical_bytes();
        let city = city.map_err(|error| error.to_string())?;
        let atlas = match config.roads_bytes().map_err(|error| error.to_string())? {
            Some(bytes) => Some(Arc::new(Atlas::read(ObjectHash::of(&bytes), &bytes)?)),
            None => None,
        };
        Ok(Ground {
            city_hash: ObjectHash::of(&city),
            config,
            atlas,
            hours: Mutex::default(),
        })
    }

    /// The map under a bulletin, made once.
    fn under(&self, map: &Atlas, bulletin: Bulletin) -> Result<(ObjectHash, Arc<Atlas>), String> {
        let bytes = bulletin.canonical_bytes();
        let hash = ObjectHash::of(&bytes.map_err(|error| error.to_string())?);
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hours.get(&hash) {
            return Ok((hash, Arc::clone(known)));
        }
        let under = map
            .under(hash, bulletin)
            .map_err(|error| error.to_string())?;
        let under = Arc::new(under);
        hours.insert(hash, Arc::clone(&under));
        Ok((hash, under))
    }

    /// The city.
    pub fn city(&self) -> &City {
        &self.config.city
    }

    /// The map as it is where nothing else is said, if there is one.
    pub fn atlas(&self) -> Option<&Arc<Atlas>> {
        self.atlas.as_ref()
    }

    /// Crews that belong here: they know their posts, and drive by the map as it is where nothing else is said.
    pub fn crews(&self, behaviour: Behaviour, seed: u64) -> Crews {
        let mut crews = Crews::new(behaviour, seed);
        crews.live_in(self.city());
        crews.drive_by(self.atlas.clone(), self.config.plan.detour_permille);
        crews
    }
}

/// What is the same for every county and every seed of a run.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// How long crews were seen to take.
    pub observed: Option<Arc<Observed>>,
    /// The number of a call's matter, by the key of its row: first arrivals are kept apart by it.
    pub matters: HashMap<String, u16>,
    /// How callers behave; `None` where nobody does more than the trace says.
    pub callers: Option<Calling>,
}

/// What happens next by itself. Whoever else acts of their own accord gets a word here and is asked in [`County::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// A clock of the centre runs out.
    Clock,
    /// A crew does something.
    Crew,
    /// A caller does something.
    Caller,
}

/// What is known of an incident while it may still matter.
#[derive(Clone, Debug)]
struct Known {
    kind: Kind,
    place: Option<Point>,
    /// What its crews draw by: the same in whatever configuration the call is played.
    matter: u64,
    /// Orders so far, by the need they are for.
    attempts: BTreeMap<u8, u64>,
}

/// A centre with everything around it.
pub struct County<'a> {
    ground: &'a Ground,
    setting: &'a Setting,
    centre: Centre,
    intake: Intake,
    desk: Desk,
    crews: Crews,
    callers: Option<Callers>,
    /// Who waits for a decision, and what about.
    calling: Option<(CallerId, Kind)>,
    /// A number for the key of the call that is being decided.
    key: Option<u64>,
    repeats: Repeats,
    incidents: HashMap<IncidentId, Known>,
    names: HashMap<UnitId, Name>,
    /// The incidents of open orders.
    ordered: HashMap<OrderId, IncidentId>,
    now: Moment,
    events: Vec<Event>,
    record: Vec<u8>,
    digest: ObjectHash,
    course: Course,
    /// Until then the roads' factors are those of the hour.
    hour_until: Moment,
}

impl<'a> County<'a> {
    /// A county whose centre comes up shortly before `first`.
    ///
    /// # Errors
    /// The configuration's city cannot be written as an object.
    pub fn new(
        ground: &'a Ground,
        setting: &'a Setting,
        seed: u64,
        first: Moment,
    ) -> Result<County<'a>, String> {
        let config = &ground.config;
        let behaviour = Behaviour::Field {
            positions: Positions::OnArrival,
        };
        let mut county = County {
            ground,
            setting,
            centre: Centre::new(config.capacities),
            intake: Intake::of(config).map_err(|error| error.to_string())?,
            desk: Desk::default(),
            crews: ground.crews(behaviour, seed),
            callers: setting.callers.map(|behaviour| behaviour.callers(seed)),
            calling: None,
            key: None,
            repeats: Repeats::default(),
            incidents: HashMap::new(),
            names: HashMap::new(),
            ordered: HashMap::new(),
            now: Moment(first.0 - BEFORE.0),
            events: Vec::new(),
            record: Vec::new(),
            digest: ObjectHash::of(b""),
            course: Course::new(Moment(first.0 - BEFORE.0)),
            hour_until: Moment(i64::MIN),
        };
        county.open();
        Ok(county)
    }

    fn open(&mut self) {
        let ground = self.ground;
        let config = &ground.config;
        self.system(Command::OpenCentre(Opening {
            centre: config.centre,
            clock: ClockMode::Driven,
            logic_version: LOGIC_VERSION,
            capacities: config.capacities,
        }));
        let lexicon = ObjectHash::of(config.lexicon_text.as_bytes());
        let mut objects = vec![
            (
                ObjectKind::Plan,
                config.plan.hash,
                Prepared::Plan(Arc::clone(&config.plan)),
            ),
            (ObjectKind::Lexicon, lexicon, Prepared::Lexicon(lexicon)),
        ];
        if let Some(atlas) = &ground.atlas {
            let prepared = Prepared::Roads(Arc::clone(atlas));
            objects.push((ObjectKind::Roads, atlas.hash(), prepared));
        }
        let city = Prepared::City(ground.city_hash, Arc::clone(&config.city));
        objects.push((ObjectKind::City, ground.city_hash, city));
        for (object, hash, prepared) in objects {
            self.centre.prepare(prepared);
            self.system(Command::Activate(Activation { object, hash }));
        }
        for row in &config.city.units {
            self.system(Command::DefineUnit(UnitDefinition::from(row)));
        }
        for hospital in &config.city.hospitals {
            self.system(Command::DefineHospital(HospitalDefinition::from(hospital)));
        }
        let units = self.centre.units();
        self.names = units.map(|(id, unit)| (id, unit.definition.name)).collect();
        let units = self.centre.units();
        self.course
            .know_units(units.map(|(id, unit)| (id, &unit.definition)));
        if let Some(observed) = &self.setting.observed {
            self.crews.take_as_long_as(Arc::clone(observed));
        }
        self.tell_roads();
    }

    /// Crews drive by the times that the centre reckons by.
    fn tell_roads(&mut self) {
        let atlas = self.centre.atlas().cloned();
        let detour_permille = self.ground.config.plan.detour_permille;
        self.crews.drive_by(atlas, detour_permille);
    }

    /// Plays calls in the order of their times, lives on to the `last` of the whole trace, whoever gets it, then lets crews end
    /// what they have begun.
    ///
    /// # Errors
    /// The factors of an hour cannot be reckoned.
    pub fn play<'r>(
        mut self,
        rows: impl IntoIterator<Item = &'r Row>,
        last: Moment,
    ) -> Result<Course, String> {
        for row in rows {
            self.pass(row.at)?;
            self.call(row);
        }
        self.pass(last)?;
        let end = self.now + SETTLE;
        while self.crews.open() > 0 {
            let Some((next, _)) = self.next().filter(|&(next, _)| next <= end) else {
                break;
            };
            self.pass(next)?;
        }
        self.course
            .callers(self.callers.as_ref().map(Callers::counts));
        self.course.end(self.now, self.digest, self.crews.counts());
        Ok(self.course)
    }

    /// The next thing that happens by itself: the earliest; of several at one time the first in this list.
    fn next(&mut self) -> Option<(Moment, Happening)> {
        let callers = self.callers.as_ref().and_then(Callers::next_due);
        let all = [
            (self.centre.next_due(), Happening::Clock),
            (self.crews.next_due(), Happening::Crew),
            (callers, Happening::Caller),
        ];
        let known = all.into_iter();
        let known = known.filter_map(|(at, happening)| Some((at?, happening)));
        known.min_by_key(|&(at, _)| at)
    }

    /// Lets time pass; what happens by then happens at its own time.
    fn pass(&mut self, until: Moment) -> Result<(), String> {
        while let Some((next, happening)) = self.next().filter(|&(next, _)| next <= until) {
            self.now = self.now.max(next);
            self.keep_hour()?;
            match happening {
                Happening::Clock => self.system(Command::Tick),
                Happening::Crew => {
                    if let Some(act) = self.crews.poll(self.now) {
                        self.act(act);
                    }
                }
                Happening::Caller => {
                    let act = self.callers.as_mut().and_then(|it| it.poll(self.now));
                    act.into_iter().for_each(|act| self.caller_acts(act));
                }
            }
        }
        self.now = self.now.max(until);
        self.keep_hour()
    }

    /// The roads' factors of the hour come into force before the first thing that is decided in it.
    fn keep_hour(&mut self) -> Result<(), String> {
        if self.now < self.hour_until {
            return Ok(());
        }
        let next = self.centre.next_hour(self.now);
        self.hour_until = next.unwrap_or(Moment(i64::MAX));
        let due = self.centre.bulletin_due(self.now).zip(self.centre.atlas());
        let Some((bulletin, map)) = due else {
            return Ok(());
        };
        let (hash, map) = self.ground.under(map, bulletin)?;
        self.centre.prepare(Prepared::Roads(map));
        let object = ObjectKind::Bulletin;
        self.system(Command::Activate(Activation { object, hash }));
        self.tell_roads();
        Ok(())
    }

    fn call(&mut self, row: &Row) {
        if let Some(first) = self.repeats.of(row, 0) {
            // The carrier sends it again, word for word (N2).
            let words = call_words(&first.of(row), row.key.clone());
            let taken = self.intake.call(0, words, &mut self.desk);
            self.course.repeated();
            return self.say(Actor::Carrier(0), Command::TakeCall(taken.report));
        }
        let caller = self.callers.as_mut().map(|callers| callers.called(row));
        self.take(row, caller);
    }

    fn take(&mut self, row: &Row, caller: Option<CallerId>) {
        let words = call_words(row, row.key.clone());
        let taken = self.intake.call(0, words, &mut self.desk);
        let expected = row.expect_agencies;
        let assessment = taken.report.assessment;
        let matter = self.setting.matters.get(&row.key).copied();
        self.course
            .called(self.now, expected, assessment.agencies, matter);
        self.calling = caller.map(|caller| (caller, assessment.kind));
        self.key = Some(digest(&row.key));
        self.say(Actor::Carrier(0), Command::TakeCall(taken.report));
        self.key = None;
        self.course.hung_up();
        if let (Some((caller, _)), Some(callers)) = (self.calling.take(), &mut self.callers) {
            callers.refused(caller);
        }
    }

    fn caller_acts(&mut self, act: caller::Act) {
        match act {
            caller::Act::Call { caller, row } => self.take(&row, Some(caller)),
            caller::Act::End { call } => self.say(Actor::Carrier(0), Command::EndCall(call)),
            caller::Act::Facts { .. } => {
                if let Some(words) = facts_words(act) {
                    let taken = self.intake.facts(words, &mut self.desk);
                    self.say(Actor::Carrier(0), Command::AddFacts(taken.facts));
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Report { order, act } => {
                let report = Command::Report(OrderReport { order, act });
                self.system(report);
            }
            Act::Position { unit, point } => {
                if let Some(unit) = self.unit(&unit) {
                    let moved = Command::MoveUnit(UnitPosition { unit, point });
                    self.say(Actor::Unit(unit), moved);
                }
            }
            Act::Return { unit } => {
                if let Some(unit) = self.unit(&unit) {
                    let duty = Duty::OnCall;
                    let strength = None;
                    let duty = UnitDuty {
                        unit,
                        duty,
                        strength,
                    };
                    self.say(Actor::Unit(unit), Command::SetDuty(duty));
                }
            }
        }
    }

    fn unit(&self, name: &str) -> Option<UnitId> {
        let name = Name::new(name).ok()?;
        self.centre.unit_named(&name).map(|(id, _)| id)
    }

    fn system(&mut self, command: Command) {
        self.say(Actor::System, command);
    }

    fn say(&mut self, actor: Actor, command: Command) {
        let envelope = Envelope { actor, command };
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        self.centre.apply(self.now, &envelope, &mut events);
        self.record.clear();
        self.record.extend_from_slice(&self.digest.0);
        let record = RecordRef {
            at: self.now,
            envelope: &envelope,
            testimony: &[],
            events: &events,
        };
        record.encode(&mut self.record);
        self.digest = ObjectHash::of(&self.record);
        for event in &events {
            self.hear(event);
        }
        self.tell_callers(&events);
        self.course.hear(self.now, &events);
        self.events = events;
    }

    /// Tells crews what concerns them.
    fn hear(&mut self, event: &Event) {
        match *event {
            Event::IncidentOpened {
                incident,
                kind,
                place,
                ..
            } => {
                let place = place.map(|place| place.point);
                let known = Known {
                    kind,
                    place,
                    matter: self.key.unwrap_or(incident.bits()),
                    attempts: BTreeMap::new(),
                };
                self.incidents.insert(incident, known);
            }
            Event::IncidentPlaced { incident, place } => {
                if let Some(known) = self.incidents.get_mut(&incident) {
                    known.place = Some(place.point);
                }
            }
            Event::IncidentRaised { incident, kind, .. }
            | Event::IncidentReclassified { incident, kind, .. } => {
                if let Some(known) = self.incidents.get_mut(&incident) {
                    known.kind = kind;
                }
            }
            Event::IncidentClosed { incident, .. } => {
                self.incidents.remove(&incident);
            }
            Event::OrderIssued(issued) => self.tell(&issued),
            Event::OrderMoved { order, to, .. } => self.crews.order_moved(self.now, order, to),
            Event::LadderClimbed {
                order,
                rung,
                next_due,
                ..
            } => self.crews.ladder_climbed(self.now, order, rung, next_due),
            _ => {}
        }
    }

    /// Tells callers what concerns them; who has just called hears first what became of that.
    fn tell_callers(&mut self, events: &[Event]) {
        let Some(callers) = &mut self.callers else {
            return;
        };
        for event in events {
            match *event {
                Event::CallDecided {
                    call,
                    incident,
                    outcome,
                    ..
                } => {
                    if let Some((caller, kind)) = self.calling.take() {
                        let sent = outcome == Decided::Ordered;
                        callers.decided(self.now, caller, call, incident, kind, sent);
                    }
                }
                Event::OrderIssued(issued) => callers.ordered(issued.incident),
                Event::OrderMoved { order, to, .. } => {
                    if let Some(&incident) = self.ordered.get(&order) {
                        if to == OrderState::Arrived {
                            callers.arrived(incident);
                        }
                        if !to.is_open() {
                            self.ordered.remove(&order);
                        }
                    }
                }
                Event::IncidentRaised { incident, .. } => callers.raised(incident),
                Event::IncidentClosed { incident, .. } => callers.closed(incident),
                Event::IncidentMerged { from, into, .. } => callers.merged(from, into),
                _ => {}
            }
            if let Event::OrderIssued(issued) = event {
                self.ordered.insert(issued.order, issued.incident);
            }
        }
    }

    fn tell(&mut self, issued: &OrderIssued) {
        let matter = self.matter(issued);
        let known = self.incidents.get(&issued.incident);
        let name = self.names.get(&issued.unit);
        let told = Told {
            order: issued.order,
            unit: issued.unit,
            name: name.map_or("", |name| name.as_str()),
            capability: issued.capability,
            desk: issued.capability.is_desk(),
            travel_ms: issued.travel_ms,
            turnout_ms: issued.turnout_ms,
            point: known.and_then(|known| known.place),
            kind: known.map(|known| known.kind),
        };
        self.crews.order_issued_about(self.now, &told, matter);
    }

    /// What the crew of an order draws by: the call that opened the incident, the need, and how often somebody was sent for it. Numbers
    /// of orders would differ between two configurations from the first order on that only one of them has.
    fn matter(&mut self, issued: &OrderIssued) -> u64 {
        let Some(known) = self.incidents.get_mut(&issued.incident) else {
            return issued.order.bits();
        };
        let attempts = known.attempts.entry(issued.need).or_default();
        *attempts += 1;
        let nth = u64::from(issued.need) << 32 | *attempts;
        Random::stream(known.matter, nth).bits()
    }
}
