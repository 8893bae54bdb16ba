//! A plain reference model of a centre: what [`engine::centre::Centre`] must say, told with lists and loops.
//!
//! It is written to be read, not to be fast: no index, no grid, no wheel, no slab, no ring. Whatever can be counted
//! is counted anew each time it is asked for. It takes the same commands at the same times with the same prepared
//! objects and must give the same events, one for one. It shares the nouns' plain data with the engine (commands,
//! events, ids, the plan's tables, the city's rows, a map's nodes and edges) and none of the code that decides.
//!
//! The chapters: `state` (what is known), `ground` (distances), `ways` (who is there when, by road or beside it), `calls` (a call comes), `incidents` (what
//! it opens, raises and closes), `needs` (who is sent), `left_behind` (what that would take away), `preemption` (who is called
//! away for it), `waiting` (who is served when a unit comes free), `orders`
//! (the life of an order), `clocks` (what is due), `units`, `people` (what a person decides),
//! `major` (levels, what a major incident owes, who closes it).

mod calls;
mod clocks;
mod ground;
mod incidents;
mod left_behind;
mod major;
mod needs;
mod orders;
mod people;
mod preemption;
mod revival;
mod state;
mod units;
mod waiting;
mod ways;

pub use ways::Ways;

use crate::roads::Oracle;
use engine::call::{Assessment, Mark};
use engine::capability::Capability;
use engine::centre::Prepared;
use engine::city::City;
use engine::command::{Activation, Command, Envelope, ObjectKind, Opening};
use engine::event::{Event, Refusal};
use engine::hospital::HospitalDefinition;
use engine::id::{CentreId, IncidentId, ObjectHash, Sequence};
use engine::kind::Kind;
use engine::limits::{
    Capacities, EVENTS_PER_COMMAND_MAX, EVENTS_PER_FOLLOW_UP_MAX, FOLLOW_UPS_MAX,
};
use engine::line::Line;
use engine::moment::Moment;
use engine::place::Place;
use engine::plan::Plan;
use engine::runtime::port::Conservation;
use serde::Serialize;
use state::{KnownCall, KnownIncident, KnownOrder, KnownUnit, Places, Waiting};
use std::rc::Rc;
use std::sync::Arc;

/// One centre, as a reader of the rules would keep it on paper.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    #[serde(skip)]
    capacities: Capacities,
    #[serde(skip)]
    plans: Vec<Arc<Plan>>,
    #[serde(skip)]
    cities: Vec<(ObjectHash, Arc<City>)>,
    #[serde(skip)]
    lexicons: Vec<ObjectHash>,
    #[serde(skip)]
    maps: Vec<Rc<Oracle>>,
    opening: Option<Opening>,
    now: Moment,
    sequence: Sequence,
    plan: Option<ObjectHash>,
    city: Option<ObjectHash>,
    lexicon: Option<ObjectHash>,
    roads: Option<ObjectHash>,
    /// What holds on the roads beside what the map says.
    bulletin: Option<ObjectHash>,
    /// The calls of the window, oldest first.
    calls: Vec<KnownCall>,
    calls_given: u64,
    incidents: Vec<KnownIncident>,
    incidents_given: u64,
    incident_places: Places,
    orders: Vec<KnownOrder>,
    orders_given: u64,
    order_places: Places,
    /// Units in the order of definition: the first has the number 1.
    units: Vec<KnownUnit>,
    /// Closed incidents that are still known, and since when, oldest first.
    closed: Vec<(IncidentId, Moment)>,
    /// Needs that a unit which comes free may serve, in no order.
    waiting: Vec<Waiting>,
    hospitals: Vec<HospitalDefinition>,
    /// By capability: grants of priority 2 and 3 since the last to a service call, while one waited (C4).
    passed_over: Vec<u16>,
    /// How calls added up; what is open now is counted when it is asked for.
    counted: Conservation,
    /// How units came to their orders.
    #[serde(skip)]
    ways: Ways,
    /// What this command has said so far.
    #[serde(skip)]
    events: Vec<Event>,
    /// Things that this command has caused: deadlines that fired, waiting needs that were served.
    #[serde(skip)]
    follow_ups: usize,
    /// Closed incidents that left early to make room for the orders of this command.
    #[serde(skip)]
    evictions: usize,
    /// This command leaves something to the next tick.
    #[serde(skip)]
    continues: bool,
}

/// What is said of a matter when it opens or raises an incident.
#[derive(Clone, Copy)]
struct Said {
    assessment: Assessment,
    place: Option<Place>,
    injured: u16,
    line: Option<Line>,
    drill: bool,
}

impl Model {
    /// A centre of which nothing has been said yet.
    pub fn new(capacities: Capacities) -> Model {
        Model {
            capacities,
            plans: Vec::new(),
            cities: Vec::new(),
            lexicons: Vec::new(),
            maps: Vec::new(),
            opening: None,
            now: Moment(0),
            sequence: Sequence(0),
            plan: None,
            city: None,
            lexicon: None,
            roads: None,
            bulletin: None,
            calls: Vec::new(),
            calls_given: 0,
            incidents: Vec::new(),
            incidents_given: 0,
            incident_places: Places::default(),
            orders: Vec::new(),
            orders_given: 0,
            order_places: Places::default(),
            units: Vec::new(),
            closed: Vec::new(),
            waiting: Vec::new(),
            hospitals: Vec::new(),
            passed_over: vec![0; Capability::ALL.len()],
            counted: Conservation::default(),
            ways: Ways::default(),
            events: Vec::new(),
            follow_ups: 0,
            evictions: 0,
            continues: false,
        }
    }

    /// Puts an object at hand, so that a later command may activate it.
    pub fn prepare(&mut self, object: Prepared) {
        match object {
            Prepared::Plan(plan) => self.plans.push(plan),
            Prepared::City(hash, city) => self.cities.push((hash, city)),
            Prepared::Lexicon(hash) => self.lexicons.push(hash),
            Prepared::Roads(atlas) => {
                // Bulletins come and go; what is not in force is put at hand again before it comes into force again.
                let in_force = self.bulletin;
                self.maps
                    .retain(|map| map.bulletin().is_none_or(|it| Some(it) == in_force));
                if !self.has_map(Some(atlas.hash()), atlas.bulletin_hash()) {
                    self.maps.push(Rc::new(Oracle::of(&atlas)));
                }
            }
        }
    }

    /// What the centre must say to a command at a time. Time never runs backward.
    pub fn apply(&mut self, at: Moment, envelope: &Envelope) -> Vec<Event> {
        self.sequence = Sequence(self.sequence.0 + 1);
        self.now = self.now.max(at);
        (self.follow_ups, self.evictions, self.continues) = (0, 0, false);
        match envelope.command {
            Command::OpenCentre(opening) => self.open_centre(opening),
            _ if self.opening.is_none() => self.refuse(Refusal::NotOpened),
            Command::Activate(activation) => self.activate(activation),
            // A centre decides with a plan on a city; before it has both it decides nothing.
            _ if self.plan.is_none() || self.city.is_none() => self.refuse(Refusal::ObjectMissing),
            _ => {
                self.carry_out(envelope);
                self.say_whether_more_is_left();
            }
        }
        std::mem::take(&mut self.events)
    }

    fn carry_out(&mut self, envelope: &Envelope) {
        let actor = envelope.actor;
        match envelope.command {
            Command::TakeCall(report) => self.take_call(&report),
            Command::AddFacts(facts) => self.add_facts(&facts),
            Command::EndCall(call) => self.end_call(call),
            Command::CloseIncident(incident) => self.close_by_person(incident),
            Command::Report(report) => self.report(actor, report),
            Command::DefineUnit(definition) => self.define_unit(definition),
            Command::MoveUnit(position) => self.move_unit(actor, position),
            Command::SetDuty(duty) => self.set_duty(actor, duty),
            Command::Tick => self.tick(),
            Command::JudgeCall(verdict) => self.judge(&verdict),
            Command::MergeIncidents(merge) => self.merge(merge),
            Command::SplitCall(split) => self.split(&split),
            Command::EscalateIncident(escalation) => self.escalate(escalation),
            Command::AssignUnit(assignment) => self.assign(assignment),
            Command::DefineHospital(definition) => self.define_hospital(definition),
            Command::RaiseLevel(raise) => self.raise_by_person(raise.incident, raise.level),
            Command::ReportSituation(incident) => self.report_situation(incident),
            Command::ReportUpward(report) => self.report_upward(&report),
            Command::CloseWithFollowUp(follow_up) => self.close_with_follow_up(&follow_up),
            Command::ReopenIncident(incident) => self.reopen(incident),
            Command::UnmergeIncident(incident) => self.unmerge(incident),
            Command::OpenCentre(_) | Command::Activate(_) => {}
        }
    }

    fn open_centre(&mut self, opening: Opening) {
        if self.opening.is_some() {
            return self.refuse(Refusal::AlreadyOpened);
        }
        self.opening = Some(opening);
        self.say(Event::CentreOpened(opening));
    }

    /// An object comes into force. A plan changes nothing that stands: clocks that run keep their deadlines. A city
    /// may keep another local time, so that rosters are read anew.
    fn activate(&mut self, activation: Activation) {
        let hash = activation.hash;
        let (at_hand, in_force) = match activation.object {
            ObjectKind::Plan => (
                self.plans.iter().any(|plan| plan.hash == hash),
                &mut self.plan,
            ),
            ObjectKind::City => (
                self.cities.iter().any(|city| city.0 == hash),
                &mut self.city,
            ),
            ObjectKind::Lexicon => (self.lexicons.contains(&hash), &mut self.lexicon),
            ObjectKind::Roads => (self.has_map(Some(hash), None), &mut self.roads),
            ObjectKind::Bulletin => (self.has_map(self.roads, Some(hash)), &mut self.bulletin),
        };
        if !at_hand {
            return self.refuse(Refusal::ObjectMissing);
        }
        *in_force = Some(hash);
        if activation.object == ObjectKind::Roads {
            // What was said of another map is not said of this one.
            self.bulletin = None;
        }
        self.say(Event::ObjectActivated(activation));
        if activation.object == ObjectKind::City && self.plan.is_some() {
            self.read_rosters_anew();
        }
    }

    /// Whether a map is at hand, as a bulletin says or as it is itself.
    fn has_map(&self, map: Option<ObjectHash>, bulletin: Option<ObjectHash>) -> bool {
        let mut maps = self.maps.iter();
        maps.any(|known| Some(known.map()) == map && known.bulletin() == bulletin)
    }

    /// The next deadline, if any clock runs.
    pub fn next_due(&self) -> Option<Moment> {
        self.deadlines().into_iter().map(|(due, ..)| due).min()
    }

    /// Centre time of the last command.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// How units came to their orders so far.
    pub fn ways(&self) -> Ways {
        self.ways
    }

    /// How calls add up now.
    pub fn conservation(&self) -> Conservation {
        Conservation {
            needs_waiting: self.waiting.len() as u64,
            incidents_open: self.incidents.iter().filter(|known| known.open).count() as u64,
            orders_open: self.open_orders() as u64,
            ..self.counted
        }
    }

    fn centre(&self) -> CentreId {
        self.opening.map_or(CentreId(0), |opening| opening.centre)
    }

    fn plan_in_force(&self) -> Arc<Plan> {
        let mut plans = self.plans.iter();
        let plan = plans.find(|plan| Some(plan.hash) == self.plan);
        Arc::clone(known(plan))
    }

    fn city_in_force(&self) -> Arc<City> {
        let mut cities = self.cities.iter();
        let city = cities.find(|city| Some(city.0) == self.city);
        Arc::clone(&known(city).1)
    }

    /// Minute of the local day.
    fn minute(&self) -> u16 {
        self.now.minute_of_day(self.city_in_force().utc_offset_min)
    }

    fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.say(Event::Refused(refusal));
    }

    /// Whether the command may cause one thing more and still say so.
    fn may_follow_up(&self) -> bool {
        self.follow_ups < FOLLOW_UPS_MAX
            && self.events.len() + EVENTS_PER_FOLLOW_UP_MAX < EVENTS_PER_COMMAND_MAX
    }

    fn say_whether_more_is_left(&mut self) {
        if self.continues {
            let left = self.deadlines().len() as u32;
            self.say(Event::Continues { left });
        }
    }
}

/// What two assessments of one matter come to: words that say nothing add nothing; the more urgent one leads; the
/// priority and nature are the graver of both; agencies are joined. What follows an unknown matter replaces it.
fn raised(held: Assessment, said: Assessment) -> Assessment {
    if said.kind == Kind::Unknown {
        return held;
    }
    let agencies = held.agencies.union(said.agencies);
    if held.kind == Kind::Unknown {
        return Assessment { agencies, ..said };
    }
    let lead = if said.priority < held.priority {
        said
    } else {
        held
    };
    Assessment {
        priority: held.priority.min(said.priority),
        nature: held.nature.min(said.nature),
        agencies,
        ..lead
    }
}

/// Whether a place is taken over the one that is known: a first one, or the first inside the served area.
fn is_better(held: Option<Place>, said: &Place) -> bool {
    match held {
        None => true,
        Some(held) => held.district.is_none() && said.district.is_some(),
    }
}

/// Whether a call is marked as a drill.
fn is_drill(marks: engine::call::Marks) -> bool {
    marks.contains(Mark::Drill)
}

/// What must be there, or the model itself is wrong.
#[track_caller]
fn known<T>(found: Option<T>) -> T {
    match found {
        Some(found) => found,
        None => panic!("the model contradicts itself"),
    }
}
