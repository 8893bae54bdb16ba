//! Writes a stream of commands from a seed: valid ones and invalid ones, repeats, conflicts, reports out of order, ticks at
//! their time and late. It knows only what the events told it, as any client does.

use super::coverage::CAPABILITIES;
use super::random::Random;
use super::scene::{self, MORNING, Scene};
use engine::call::{Assessment, BodyDigest, CallFacts, CallReport, KeyDigest, Mark, Marks};
use engine::capability::Capability;
use engine::command::{
    Actor, Assignment, CallSplit, CallVerdict, Command, Envelope, Escalation, FollowUp,
    IncidentMerge, LevelRaise, ObjectKind, OrderReport, UnitDuty, UnitPosition, UpwardReport,
};
use engine::event::Event;
use engine::hospital::{HospitalCapabilities, HospitalDefinition};
use engine::id::{CallId, CentreId, IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::{Agency, Kind, Nature, Priority};
use engine::line::Line;
use engine::major::{Level, UpwardField, UpwardStage};
use engine::moment::{Moment, Span};
use engine::order::{OrderAct, OrderState};
use engine::place::{DistrictId, Place};
use engine::unit::{Duty, UnitDefinition};
use std::collections::VecDeque;

/// Kinds that are drawn most, because they are near each other in what they need or may be one event.
const USUAL: &[Kind] = &[
    Kind::Fight,
    Kind::Robbery,
    Kind::ViolentCrime,
    Kind::Dispute,
    Kind::PublicHelp,
    Kind::CrashInjury,
    Kind::CrashDamage,
    Kind::StructureFire,
    Kind::IndustrialFire,
    Kind::SuicideRisk,
    Kind::CardiacArrest,
    Kind::Illness,
    Kind::Noise,
    Kind::GovernmentEnquiry,
    Kind::Silent,
    Kind::Unknown,
    Kind::TerrorExplosive,
    Kind::Earthquake,
    Kind::Wildfire,
    Kind::Landslide,
];

/// Lines: emergency, service, forwarded, of nobody.
const LINES: &[u32] = &[110, 110, 110, 119, 120, 122, 12_345, 12_395, 999];

/// What can be written, each with its weight before a seed's temper bends it.
const SUBJECTS: [usize; 23] = [
    30, 4, 8, 4, 3, 45, 3, 6, 4, 30, 6, 4, 4, 3, 3, 8, 1, 2, 2, 2, 3, 4, 1,
];

/// The author of one stream.
#[derive(Debug)]
pub struct Author {
    random: Random,
    scene: Scene,
    weights: Vec<usize>,
    /// Commands that are said first, whatever comes.
    script: VecDeque<Command>,
    reports: Vec<CallReport>,
    calls: Vec<CallId>,
    incidents: Vec<IncidentId>,
    open: Vec<IncidentId>,
    orders: Vec<(OrderId, UnitId)>,
    running: Vec<(OrderId, UnitId)>,
    units: Vec<UnitId>,
    /// Acts of crews by weight: acknowledge, decline, set off, arrive, finish, cancel, reassign.
    acts: [usize; 7],
    /// One incident gets nearly everything, so that it comes to need more than it can.
    heaps: bool,
}

impl Author {
    /// An author for a scene. The stream begins with the opening, now and then with something said too early.
    pub fn new(scene: Scene, mut random: Random) -> Author {
        let mut weights = SUBJECTS.map(|weight| weight * random.one(&[1, 2, 4, 8]));
        let mut acts = std::array::from_fn(|_| random.one(&[0, 1, 2, 6]) + 1);
        let heaps = random.percent(25);
        if heaps {
            // Nobody closes it, hardly anybody finishes, and time stands nearly still.
            (weights[4], weights[9], weights[10]) = (0, 20, 1);
            (weights[11], weights[12], weights[15]) = (60, 30, 200);
            acts = [4, 1, 4, 8, 1, 1, 1];
        }
        let mut script = VecDeque::from(scene.overture());
        if random.percent(20) {
            script.insert(random.below(3), Command::Tick);
            script.push_back(script[0]);
        }
        let mut author = Author {
            random,
            script,
            weights: weights.to_vec(),
            reports: Vec::new(),
            calls: Vec::new(),
            incidents: Vec::new(),
            open: Vec::new(),
            orders: Vec::new(),
            running: Vec::new(),
            units: Vec::new(),
            acts,
            heaps,
            scene,
        };
        author.muster();
        author
    }

    /// The units that the stream begins with: those of the city, or most that the small one has room for.
    fn muster(&mut self) {
        let city = &self.scene.cities[0].1;
        if city.units.is_empty() {
            let quarters = self.random.one(&[2, 3, 3, 4]);
            for number in 0..self.scene.capacities.units_max * quarters / 4 {
                let mut unit = self.definition();
                unit.name = scene::name(&format!("U-{number}"));
                self.script.push_back(Command::DefineUnit(unit));
            }
        } else {
            let rows = city.units.iter().map(UnitDefinition::from);
            self.script.extend(rows.map(Command::DefineUnit));
        }
    }

    /// What is said next, and when, given the centre's time and its next deadline.
    pub fn next(&mut self, now: Moment, due: Option<Moment>) -> (Moment, Envelope) {
        let now = now.max(MORNING);
        if let Some(command) = self.script.pop_front() {
            let actor = Actor::System;
            return (now, Envelope { actor, command });
        }
        let weights = std::mem::take(&mut self.weights);
        let subject = self.random.weighed(&weights);
        self.weights = weights;
        let command = match subject {
            0 => self.call(),
            1 => self.call_again(),
            2 => self.facts(),
            3 => Command::EndCall(self.call_id()),
            4 => Command::CloseIncident(self.incident()),
            5 => return self.report(now),
            6 => Command::DefineUnit(self.definition()),
            7 => self.position(),
            8 => self.duty(),
            9 | 10 => Command::Tick,
            11 => self.verdict(),
            12 => Command::MergeIncidents(IncidentMerge {
                from: self.incident(),
                into: self.incident(),
            }),
            13 => Command::SplitCall(CallSplit {
                call: self.call_id(),
                assessment: self.assessment(),
                injured: 0,
            }),
            14 => Command::EscalateIncident(Escalation {
                incident: self.incident(),
                priority: self.random.one(&Priority::ALL),
            }),
            15 => self.assignment(),
            16 => self.hospital(),
            17 => Command::RaiseLevel(LevelRaise {
                incident: self.incident(),
                level: self.random.one(Level::ALL),
            }),
            18 => Command::ReportSituation(self.incident()),
            19 => self.upward(),
            20 => Command::CloseWithFollowUp(FollowUp {
                incident: self.incident(),
                unit: self.unit(),
                owner: scene::name("王芳"),
            }),
            21 => match self.random.percent(50) {
                true => Command::ReopenIncident(self.any_incident()),
                false => Command::UnmergeIncident(self.any_incident()),
            },
            _ => self.activation(),
        };
        let at = match subject {
            9 => self.at_deadline(now, due),
            10 => now + self.late(),
            _ => self.soon(now, due),
        };
        let actor = self.actor(&command);
        (at, Envelope { actor, command })
    }

    /// Reads what was said, to know whom to speak of.
    pub fn hear(&mut self, events: &[Event]) {
        for event in events {
            if let Event::CallTaken { call } = event {
                self.calls.push(*call);
            }
            if let Event::IncidentOpened { incident, .. } = event {
                self.incidents.push(*incident);
                self.open.push(*incident);
            }
            if let Event::IncidentReopened { incident, .. } = event {
                self.open.push(*incident);
            }
            if let Event::IncidentClosed { incident, .. } = event {
                self.open.retain(|open| open != incident);
            }
            if let Event::UnitDefined { unit } = event
                && !self.units.contains(unit)
            {
                self.units.push(*unit);
            }
            if let Event::OrderIssued(issued) = event {
                self.orders.push((issued.order, issued.unit));
                self.running.push((issued.order, issued.unit));
            }
            if let Event::OrderMoved { order, to, .. } = event
                && !matches!(
                    to,
                    OrderState::Acknowledged | OrderState::SetOff | OrderState::Arrived
                )
            {
                self.running.retain(|(running, _)| running != order);
            }
        }
    }

    fn at_deadline(&mut self, now: Moment, due: Option<Moment>) -> Moment {
        let due = due.unwrap_or(now);
        if self.random.percent(5) {
            return due - Span(1);
        }
        due
    }

    fn late(&mut self) -> Span {
        let most = self.random.one(&[
            1_000, 60_000, 60_000, 300_000, 300_000, 300_000, 600_000, 600_000, 4_000_000,
            95_000_000,
        ]);
        Span(self.random.between(0, most))
    }

    /// Mostly some seconds later; at the deadline, at once, or before now.
    fn soon(&mut self, now: Moment, due: Option<Moment>) -> Moment {
        match self.random.below(20) {
            0..12 => now + Span(self.random.between(0, 20_000)),
            12..16 => now,
            16 | 17 => due.map_or(now, |due| due - Span(self.random.between(0, 1))),
            18 => now - Span(self.random.between(0, 90_000)),
            _ => now + Span(self.random.between(0, 600_000)),
        }
    }

    fn actor(&mut self, command: &Command) -> Actor {
        let unit = match command {
            Command::MoveUnit(position) => Some(position.unit),
            Command::SetDuty(duty) => Some(duty.unit),
            _ => None,
        };
        match self.random.below(10) {
            0 => Actor::System,
            1 => Actor::Carrier(7),
            2 => Actor::Unit(self.unit()),
            3..7 => unit.map_or(Actor::Dispatcher(1), Actor::Unit),
            _ => Actor::Dispatcher(1),
        }
    }

    fn place(&mut self) -> Option<Place> {
        if self.random.percent(6) {
            return None;
        }
        let x_m = self.random.one(&[-3_000, -2_000, 0, 0, 0, 3_200, 9_000]);
        let y_m = self.random.one(&[0, 0, 900]);
        // Some steps within the radius at which calls are one event, some just beyond it.
        let off = self.random.one(&[0, 0, 0, 0, 30, 79, 80, 81, 150]);
        let city = &self.scene.cities[0].1;
        let mut place = scene::place(city, scene::point(x_m + off, y_m));
        if self.random.percent(2) {
            place.district = Some(DistrictId(77));
        }
        Some(place)
    }

    fn assessment(&mut self) -> Assessment {
        let kind = if self.random.percent(85) {
            self.random.one(USUAL)
        } else {
            self.random.one(Kind::ALL)
        };
        let mut said = Assessment::stated(kind);
        if self.random.percent(15) {
            said.priority = self.random.one(&Priority::ALL);
        }
        if self.random.percent(6) {
            said.nature = self.random.one(Nature::ALL);
        }
        if self.random.percent(10) {
            said.agencies = said.agencies.with(self.random.one(Agency::ALL));
        }
        if self.random.percent(5) {
            said.human = true;
            said.confidence_permille = 400;
        }
        said
    }

    fn marks(&mut self) -> Marks {
        let mut marks = Marks::default();
        if self.random.percent(3) {
            marks = marks.with(self.random.one(Mark::ALL));
        }
        if self.random.percent(3) {
            marks = marks.with(Mark::Drill);
        }
        marks
    }

    fn call(&mut self) -> Command {
        let number = self.reports.len() as u64;
        let report = CallReport {
            key: KeyDigest::of(0, &number.to_string()),
            body: BodyDigest(number),
            line: Line(self.random.one(LINES)),
            place: self.place(),
            assessment: self.assessment(),
            injured: self.hurt(),
            marks: self.marks(),
        };
        self.reports.push(report);
        Command::TakeCall(report)
    }

    /// Mostly few, seldom so many that it is grave.
    fn hurt(&mut self) -> u16 {
        match self.random.below(30) {
            0 => self.random.one(&[3, 10, 50, 100]),
            _ => self.random.below(3) as u16,
        }
    }

    /// A key that came before: with the same body, or with another.
    fn call_again(&mut self) -> Command {
        let Some(mut report) = self.random.late(&self.reports) else {
            return self.call();
        };
        if self.random.percent(30) {
            report.body = BodyDigest(report.body.0 + 1_000_000);
        }
        Command::TakeCall(report)
    }

    fn facts(&mut self) -> Command {
        let call = self.call_id();
        let place = self.place().filter(|_| self.random.percent(50));
        let assessment = self.random.percent(60).then(|| self.assessment());
        let hurt = self.hurt();
        let injured = self.random.percent(30).then_some(hurt);
        let marks = self.marks();
        Command::AddFacts(CallFacts {
            call,
            place,
            assessment,
            injured,
            marks,
        })
    }

    fn verdict(&mut self) -> Command {
        let call = self.call_id();
        let place = self.place().filter(|_| self.random.percent(40));
        let assessment = self.random.percent(70).then(|| self.assessment());
        Command::JudgeCall(CallVerdict {
            call,
            assessment,
            place,
        })
    }

    /// What a crew reports, a person for it, or somebody who may not.
    fn report(&mut self, now: Moment) -> (Moment, Envelope) {
        let running = self.random.percent(80);
        let orders = if running { &self.running } else { &self.orders };
        let told = self.random.late(orders);
        let (order, unit) =
            told.unwrap_or_else(|| (known(OrderId::new(scene::CENTRE, 9)), self.unit()));
        let act = OrderAct::ALL[self.random.weighed(&self.acts)];
        let actor = match self.random.below(12) {
            0 => Actor::Unit(self.unit()),
            1..8 => Actor::Unit(unit),
            _ => Actor::Dispatcher(1),
        };
        let command = Command::Report(OrderReport { order, act });
        (self.soon(now, None), Envelope { actor, command })
    }

    fn definition(&mut self) -> UnitDefinition {
        let number = self
            .random
            .below(self.scene.capacities.units_max as usize + 2);
        let first = self.random.one(CAPABILITIES);
        let mut capabilities = vec![first];
        if !first.is_desk() && self.random.percent(30) {
            capabilities.push(self.random.one(&[
                Capability::Patrol,
                Capability::Rescue,
                Capability::Ambulance,
            ]));
        }
        let post = scene::point(
            self.random.between(-8, 8) as i32 * 500,
            self.random.between(-3, 3) as i32 * 500,
        );
        let mut unit = scene::unit(&format!("U-{number}"), &capabilities, post);
        unit.home = DistrictId(self.random.between(1, 3) as u32);
        if unit.speed_mm_s > 0 {
            unit.speed_mm_s = self.random.one(&[15_000, 15_000, 20_000, 1, 111_111]);
            unit.turnout_ms = self.random.one(&[0, 60_000, 60_000, 90_000, 86_400_000]);
        }
        if self.random.percent(25) {
            unit.roster_on_min = self.random.one(&[480, 600, 605, 1_080, 0]);
            unit.roster_off_min = self.random.one(&[1_080, 601, 480, 606, 1_439]);
        }
        unit.least_strength = self.random.one(&[1, 1, 1, 3, 4]);
        if self.random.percent(4) {
            unit.speed_mm_s = 15_000 - unit.speed_mm_s.min(15_000);
        }
        if self.random.percent(4) {
            unit.capacity = self.random.one(&[0, 2, 64]);
        }
        if self.random.percent(2) {
            unit.roster_on_min = 1_440;
        }
        if self.random.percent(2) {
            unit.capabilities = unit.capabilities.with(Capability::DeskFire);
        }
        unit
    }

    fn position(&mut self) -> Command {
        let unit = self.unit();
        let place = self.place().map(|place| place.point);
        let point = place.unwrap_or(scene::point(0, 0));
        Command::MoveUnit(UnitPosition { unit, point })
    }

    fn duty(&mut self) -> Command {
        let unit = self.unit();
        let duty = self
            .random
            .one(&[Duty::OnCall, Duty::Patrolling, Duty::Standby, Duty::Off]);
        let strength = self.random.percent(25).then(|| self.random.below(5) as u16);
        Command::SetDuty(UnitDuty {
            unit,
            duty,
            strength,
        })
    }

    fn assignment(&mut self) -> Command {
        let incident = self.incident();
        let unit = self.unit();
        let capability = self
            .random
            .percent(40)
            .then(|| self.random.one(CAPABILITIES));
        Command::AssignUnit(Assignment {
            incident,
            unit,
            capability,
        })
    }

    /// A report upward, seldom with all that it should say.
    fn upward(&mut self) -> Command {
        let incident = self.incident();
        let most = self.random.one(&[40, 100]);
        let fields = UpwardField::ALL.iter().copied();
        Command::ReportUpward(UpwardReport {
            incident,
            stage: self.random.one(UpwardStage::ALL),
            fields: fields.filter(|_| self.random.percent(most)).collect(),
        })
    }

    fn hospital(&mut self) -> Command {
        let number = self.random.below(4);
        Command::DefineHospital(HospitalDefinition {
            name: scene::name(&format!("H-{number}")),
            point: scene::point(0, 0),
            capabilities: HospitalCapabilities::default(),
            beds: self.random.below(9) as u32,
            open: self.random.percent(50),
        })
    }

    fn activation(&mut self) -> Command {
        match self.random.below(5) {
            0 => scene::activate(ObjectKind::Lexicon, ObjectHash::of(b"lexicon")),
            1 => {
                let object = self.random.one(ObjectKind::ALL);
                scene::activate(object, ObjectHash::of(b"nothing"))
            }
            2 if !self.scene.maps.is_empty() && self.random.percent(70) => {
                let at = self.random.below(self.scene.maps.len());
                scene::bring(&self.scene.maps[at])
            }
            2 => {
                let at = self.random.below(self.scene.cities.len());
                scene::activate(ObjectKind::City, self.scene.cities[at].0)
            }
            _ => {
                let at = self.random.below(self.scene.plans.len());
                scene::activate(ObjectKind::Plan, self.scene.plans[at].hash)
            }
        }
    }

    fn call_id(&mut self) -> CallId {
        let found = if self.heaps && self.random.percent(50) {
            self.calls.first().copied()
        } else {
            self.random.late(&self.calls)
        };
        let stranger = self.stranger();
        let found = found.filter(|_| self.random.percent(96));
        known(found.or(CallId::new(stranger.0, stranger.1)))
    }

    /// Mostly an open incident, often the oldest, so that one has much to bear; else any, or a stranger.
    /// One of the newest, open or not.
    fn any_incident(&mut self) -> IncidentId {
        match self.random.late(&self.incidents) {
            Some(incident) if self.random.percent(90) => incident,
            _ => self.incident(),
        }
    }

    fn incident(&mut self) -> IncidentId {
        let found = match self.random.below(20) {
            0..15 if self.heaps => self.open.first().copied(),
            0..8 => self.open.first().copied(),
            8..17 => self.random.late(&self.open),
            17 | 18 => self.random.late(&self.incidents),
            _ => None,
        };
        let stranger = self.stranger();
        known(found.or(IncidentId::new(stranger.0, stranger.1)))
    }

    fn unit(&mut self) -> UnitId {
        let stranger = self.stranger();
        if self.units.is_empty() || self.random.percent(3) {
            return known(UnitId::new(stranger.0, stranger.1));
        }
        self.random.one(&self.units)
    }

    /// A number that may be somebody's, of this centre or of another.
    fn stranger(&mut self) -> (CentreId, u64) {
        let centre = self.random.one(&[scene::CENTRE, CentreId(2)]);
        (centre, self.random.between(1, 400) as u64)
    }
}

/// An id whose number is known to be one.
fn known<T>(id: Option<T>) -> T {
    match id {
        Some(id) => id,
        None => unreachable!("a number from 1"),
    }
}
