//! A centre: one state machine, one writer. Reads like the story of a call.
//!
//! [`Centre::apply`] takes one command at one time and says what happened; it knows no clock, file, socket,
//! thread or random number, and allocates nothing once it has warmed up. The chapters: `intake` (a call comes,
//! joins or opens an incident), `needs` (what it needs, and who is nearest), `orders` (the life of an order),
//! `due` (clocks run out), `units` (where units are and whether they may be sent), `acts` (what a person decides),
//! `major` (levels, what a major incident owes, who sees to what is left), `revival` (what was closed or merged is handled again).

mod acts;
mod by_road;
mod due;
mod foresight;
mod index;
mod intake;
mod keys;
mod local;
mod major;
mod needs;
mod orders;
mod pool;
mod preemption;
mod reserves;
mod revival;
mod ring;
mod snapshot;
mod soundness;
mod state;
#[cfg(test)]
mod tests;
mod units;

use crate::city::City;
use crate::command::{Activation, Actor, Command, Envelope, ObjectKind, Opening};
use crate::event::{Event, Refusal};
use crate::hospital::HospitalDefinition;
use crate::id::{ObjectHash, Sequence, UnitId};
use crate::limits::{Capacities, EVENTS_PER_COMMAND_MAX, EVENTS_PER_FOLLOW_UP_MAX, FOLLOW_UPS_MAX};
use crate::moment::{Moment, Span};
use crate::name::Name;
use crate::place::Point;
use crate::place::projection::distance_dm;
use crate::plan::Plan;
use crate::roads::atlas::Atlas;
use crate::roads::bulletin::Bulletin;
use crate::runtime::port::{Conservation, Inspection};
use index::Finder;
pub use snapshot::Unproved;
use state::{DueOf, State};
use std::sync::Arc;

/// An object that was prepared beside the writer and may be activated by a command.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// A plan, checked and compiled.
    Plan(Arc<Plan>),
    /// A city, checked, under its hash.
    City(ObjectHash, Arc<City>),
    /// A lexicon: the core only remembers which one is in force.
    Lexicon(ObjectHash),
    /// A road network with its times: the map's own, or those of a bulletin.
    Roads(Arc<Atlas>),
}

/// One command centre.
#[derive(Debug)]
pub struct Centre {
    state: State,
    finder: Option<Finder>,
    capacities: Capacities,
    plans: Vec<Arc<Plan>>,
    cities: Vec<(ObjectHash, Arc<City>)>,
    lexicons: Vec<ObjectHash>,
    atlases: Vec<Arc<Atlas>>,
}

impl Centre {
    /// A centre of which nothing has been said yet.
    pub fn new(capacities: Capacities) -> Centre {
        Centre {
            state: State::new(&capacities),
            finder: None,
            capacities,
            plans: Vec::new(),
            cities: Vec::new(),
            lexicons: Vec::new(),
            atlases: Vec::new(),
        }
    }

    /// Puts an object at hand, so that a later command may activate it. Changes no decision.
    pub fn prepare(&mut self, object: Prepared) {
        match object {
            Prepared::Plan(plan) => self.plans.push(plan),
            Prepared::City(hash, city) => self.cities.push((hash, city)),
            Prepared::Lexicon(hash) => self.lexicons.push(hash),
            Prepared::Roads(atlas) => {
                if !self.atlases.iter().any(|known| Arc::ptr_eq(known, &atlas)) {
                    self.atlases.push(atlas);
                }
            }
        }
    }

    /// Carries out one command at centre time `at` and appends what happened. Time never runs backward: an `at`
    /// before the last is taken as the last.
    pub fn apply(&mut self, at: Moment, envelope: &Envelope, events: &mut Vec<Event>) {
        self.state.sequence = self.state.sequence.next();
        self.state.now = self.state.now.max(at);
        if let Command::OpenCentre(opening) = envelope.command {
            return self.open(opening, events);
        }
        if self.state.opening.is_none() {
            return events.push(Event::Refused(Refusal::NotOpened));
        }
        if let Command::Activate(activation) = envelope.command {
            return self.activate(envelope.actor, activation, events);
        }
        match &mut self.finder {
            Some(finder) => Desk::new(&mut self.state, finder, events).carry_out(envelope),
            None => events.push(Event::Refused(Refusal::ObjectMissing)),
        }
    }

    fn open(&mut self, opening: Opening, events: &mut Vec<Event>) {
        if self.state.opening.is_some() {
            return events.push(Event::Refused(Refusal::AlreadyOpened));
        }
        self.state.opening = Some(opening);
        events.push(Event::CentreOpened(opening));
    }

    fn activate(&mut self, actor: Actor, activation: Activation, events: &mut Vec<Event>) {
        let hash = activation.hash;
        if !self.has(activation.object, hash) {
            return events.push(Event::Refused(Refusal::ObjectMissing));
        }
        match activation.object {
            ObjectKind::Plan => {
                self.state.plan = Some(hash);
                if actor == Actor::System {
                    self.state.plan_configured = Some(hash);
                }
            }
            ObjectKind::Lexicon => self.state.lexicon = Some(hash),
            ObjectKind::City => self.state.city = Some(hash),
            ObjectKind::Roads => {
                self.state.roads = Some(hash);
                // What was said of another map is said anew, or not at all.
                self.state.bulletin = None;
            }
            ObjectKind::Bulletin => self.state.bulletin = Some(hash),
        }
        events.push(Event::ObjectActivated(activation));
        match activation.object {
            ObjectKind::Plan if self.finder.is_some() => self.change_plan(hash),
            ObjectKind::Plan | ObjectKind::City => self.rebuild(),
            ObjectKind::Roads | ObjectKind::Bulletin => self.take_roads(),
            ObjectKind::Lexicon => {}
        }
        if let (ObjectKind::City, Some(finder)) = (activation.object, &mut self.finder) {
            Desk::new(&mut self.state, finder, events).read_rosters_anew();
        }
    }

    /// Whether an object is at hand.
    fn has(&self, kind: ObjectKind, hash: ObjectHash) -> bool {
        match kind {
            ObjectKind::Plan => self.plans.iter().any(|plan| plan.hash == hash),
            ObjectKind::Lexicon => self.lexicons.contains(&hash),
            ObjectKind::City => self.cities.iter().any(|&(known, _)| known == hash),
            // The same map under a bulletin is not the map as it is.
            ObjectKind::Roads => self
                .atlases
                .iter()
                .any(|atlas| (atlas.hash(), atlas.bulletin_hash()) == (hash, None)),
            ObjectKind::Bulletin => self.atlases.iter().any(|atlas| {
                Some(atlas.hash()) == self.state.roads && atlas.bulletin_hash() == Some(hash)
            }),
        }
    }

    /// Decides by another plan from here on. Clocks that run keep their deadlines, needs that stand stay.
    fn change_plan(&mut self, hash: ObjectHash) {
        let plan = self.plans.iter().find(|plan| plan.hash == hash);
        if let (Some(finder), Some(plan)) = (&mut self.finder, plan) {
            let rules = finder.plan.preemption;
            finder.change_plan(Arc::clone(plan));
            if rules != finder.plan.preemption {
                self.state.bind_all(finder);
            }
        }
    }

    /// Makes the indexes anew from the state and the objects in force; needs a plan and a city.
    fn rebuild(&mut self) {
        let plan = self
            .plans
            .iter()
            .find(|plan| Some(plan.hash) == self.state.plan);
        let city = self
            .cities
            .iter()
            .find(|(hash, _)| Some(*hash) == self.state.city);
        let (Some(plan), Some((_, city))) = (plan, city) else {
            return;
        };
        let mut finder = Finder::new(Arc::clone(city), Arc::clone(plan), &self.capacities);
        for (index, unit) in self.state.units.iter().enumerate() {
            finder.enter(index as u32, unit);
        }
        for (slot, _, incident) in self.state.incidents.iter() {
            if let (true, Some(plane)) = (intake::can_be_joined(incident), incident.place) {
                let plane = finder.plane(plane.point);
                finder.incidents.insert(slot.0, plane.x_dm, plane.y_dm);
            }
        }
        self.state.bind_all(&mut finder);
        self.finder = Some(finder);
        self.take_roads();
    }

    /// Decides by the map in force from here on, if there is one, and lets go of all others: each takes much room.
    fn take_roads(&mut self) {
        let (roads, bulletin) = (self.state.roads, self.state.bulletin);
        self.atlases
            .retain(|atlas| Some(atlas.hash()) == roads && atlas.bulletin_hash() == bulletin);
        if let (Some(finder), Some(atlas)) = (&mut self.finder, self.atlases.first()) {
            finder.take_roads(atlas, &self.capacities, self.state.units.iter());
        }
    }

    /// The map in force with its times.
    pub fn atlas(&self) -> Option<&Arc<Atlas>> {
        let mut atlases = self.atlases.iter();
        atlases.find(|atlas| {
            Some(atlas.hash()) == self.state.roads && atlas.bulletin_hash() == self.state.bulletin
        })
    }

    /// The bulletin that is due at a time because the hour has other factors than those in force; `None` while it has not.
    pub fn bulletin_due(&self, at: Moment) -> Option<Bulletin> {
        let (finder, atlas) = (self.finder.as_ref()?, self.atlas()?);
        let minute = at.minute_of_day(finder.city.utc_offset_min);
        let factors = *finder.plan.traffic.at_minute(minute);
        (factors != atlas.factors()).then(|| Bulletin {
            factors,
            ..atlas.bulletin()
        })
    }

    /// When other factors hold next, by the plan in force; `None` while there is no map, or no hour differs.
    pub fn next_hour(&self, after: Moment) -> Option<Moment> {
        let finder = self.finder.as_ref()?;
        self.atlas()?;
        let minute = after.minute_of_day(finder.city.utc_offset_min);
        let ahead = finder.plan.traffic.minutes_to_others(minute)?;
        let minute_began = Moment(after.0 - after.0.rem_euclid(Span::minutes(1).0));
        Some(minute_began + Span::minutes(i64::from(ahead)))
    }

    /// The next deadline, if any clock runs.
    pub fn next_due(&mut self) -> Option<Moment> {
        self.state.wheel.next_due()
    }

    /// Centre time of the last command.
    pub fn now(&self) -> Moment {
        self.state.now
    }

    /// How many commands have been applied.
    pub fn sequence(&self) -> Sequence {
        self.state.sequence
    }

    /// How the centre was opened.
    pub fn opening(&self) -> Option<Opening> {
        self.state.opening
    }

    /// The object of this kind that is in force.
    pub fn in_force(&self, object: ObjectKind) -> Option<ObjectHash> {
        match object {
            ObjectKind::Plan => self.state.plan,
            ObjectKind::Lexicon => self.state.lexicon,
            ObjectKind::City => self.state.city,
            ObjectKind::Roads => self.state.roads,
            ObjectKind::Bulletin => self.state.bulletin,
        }
    }

    /// The city in force.
    pub fn city(&self) -> Option<&Arc<City>> {
        self.finder.as_ref().map(|finder| &finder.city)
    }

    /// All units, in the order of definition.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, &crate::unit::Unit)> {
        let units = self.state.units.iter();
        (0..)
            .zip(units)
            .map(|(index, unit)| (self.state.unit_id(index), unit))
    }

    /// The plan in force, once there is one.
    pub fn plan(&self) -> Option<Arc<Plan>> {
        let mut plans = self.plans.iter();
        plans
            .find(|plan| Some(plan.hash) == self.state.plan)
            .cloned()
    }

    /// The plan that the centre's configuration last brought into force; a person may have activated another since.
    pub fn plan_configured(&self) -> Option<ObjectHash> {
        self.state.plan_configured
    }

    /// All hospitals, in the order of definition.
    pub fn hospitals(&self) -> impl Iterator<Item = &HospitalDefinition> {
        self.state.hospitals.iter()
    }

    /// The hospital of this name.
    pub fn hospital_named(&self, name: &Name) -> Option<&HospitalDefinition> {
        self.state
            .hospitals
            .iter()
            .find(|hospital| hospital.name == *name)
    }

    /// The unit of this name and its definition.
    pub fn unit_named(&self, name: &Name) -> Option<(UnitId, &crate::unit::Unit)> {
        let index = self.finder.as_ref()?.unit_named(name)?;
        Some((self.state.unit_id(index), &self.state.units[index as usize]))
    }

    /// The unit at an index, counted from 0 in the order of definition.
    pub fn unit_at(&self, index: u32) -> Option<&crate::unit::Unit> {
        self.state.units.get(index as usize)
    }

    /// Whether a position says something new: the unit moved at least `step_dm`, or was last heard of `age` ago. Gives
    /// the unit's id if so; `None` also where there is no such unit.
    pub fn worth_moving(
        &self,
        index: u32,
        point: Point,
        step_dm: u32,
        age: Span,
        now: Moment,
    ) -> Option<UnitId> {
        let (unit, finder) = (self.unit_at(index)?, self.finder.as_ref()?);
        let moved = distance_dm(finder.plane(unit.point), finder.plane(point));
        (moved >= step_dm || unit.point_at + age <= now).then(|| self.state.unit_id(index))
    }

    /// How calls add up now.
    pub fn conservation(&self) -> Conservation {
        let mut conservation = self.state.conservation;
        let queues = &self.state.queues;
        let waiting = (0..2 * crate::capability::Capability::ALL.len() as u32)
            .map(|queue| u64::from(queues.len(queue)));
        conservation.needs_waiting = waiting.sum();
        conservation
    }

    /// Sequence, state hash and conservation at this point. Reads the whole state: not for a hot path.
    pub fn inspect(&self) -> Inspection {
        Inspection {
            sequence: self.state.sequence,
            now: self.state.now,
            hash: self.state.hash(),
            conservation: self.conservation(),
        }
    }
}

/// What one command works with: the state, what finds things in it, and where events go.
struct Desk<'a> {
    state: &'a mut State,
    finder: &'a mut Finder,
    events: &'a mut Vec<Event>,
    /// Follow-ups that the command has caused.
    follow_ups: usize,
    /// Closed incidents that left to make room for its orders.
    evictions: usize,
    /// More is to be done now than one command may; the next tick goes on.
    continues: bool,
}

impl<'a> Desk<'a> {
    fn new(state: &'a mut State, finder: &'a mut Finder, events: &'a mut Vec<Event>) -> Desk<'a> {
        Desk {
            state,
            finder,
            events,
            follow_ups: 0,
            evictions: 0,
            continues: false,
        }
    }

    fn carry_out(&mut self, envelope: &Envelope) {
        match envelope.command {
            Command::TakeCall(report) => self.take_call(&report),
            Command::AddFacts(facts) => self.add_facts(&facts),
            Command::EndCall(call) => self.end_call(call),
            Command::CloseIncident(incident) => self.close_by_person(incident),
            Command::Report(report) => self.report(envelope.actor, report),
            Command::DefineUnit(definition) => self.define_unit(definition),
            Command::MoveUnit(position) => self.move_unit(envelope.actor, position),
            Command::SetDuty(duty) => self.set_duty(envelope.actor, duty),
            Command::Tick => self.tick(),
            Command::JudgeCall(verdict) => self.judge(&verdict),
            Command::MergeIncidents(merge) => self.merge(merge),
            Command::SplitCall(split) => self.split(&split),
            Command::EscalateIncident(escalation) => self.escalate(escalation),
            Command::AssignUnit(assignment) => self.assign(assignment),
            Command::DefineHospital(definition) => self.define_hospital(definition),
            Command::RaiseLevel(raise) => self.raise_by_person(raise),
            Command::ReportSituation(incident) => self.report_situation(incident),
            Command::ReportUpward(report) => self.report_upward(&report),
            Command::CloseWithFollowUp(follow_up) => self.close_with_follow_up(&follow_up),
            Command::ReopenIncident(incident) => self.reopen(incident),
            Command::UnmergeIncident(incident) => self.unmerge(incident),
            // Carried out before a desk is opened.
            Command::OpenCentre(_) | Command::Activate(_) => {}
        }
        self.say_whether_more_is_left();
    }

    /// Whether the command may cause one thing more, and still say so at its end.
    fn may_follow_up(&self) -> bool {
        self.follow_ups < FOLLOW_UPS_MAX
            && self.events.len() + EVENTS_PER_FOLLOW_UP_MAX < EVENTS_PER_COMMAND_MAX
    }

    /// Leaves a unit to the next tick: this command has done as much as it may.
    fn put_off(&mut self, unit: u32) {
        self.look_again(unit, self.state.now);
        self.continues = true;
    }

    /// Lets a unit look at what waits once more, then at the latest.
    fn look_again(&mut self, unit: u32, then: Moment) {
        let node = self.state.node(DueOf::Unit(unit));
        if self.state.wheel.due(node).is_none_or(|due| then < due) {
            self.state.wheel.arm(node, then);
        }
    }

    fn say_whether_more_is_left(&mut self) {
        if self.continues {
            let left = self.state.wheel.len();
            self.say(Event::Continues { left });
        }
    }

    fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.say(Event::Refused(refusal));
    }

    fn minute_of_day(&self) -> u16 {
        self.state
            .now
            .minute_of_day(self.finder.city.utc_offset_min)
    }
}
