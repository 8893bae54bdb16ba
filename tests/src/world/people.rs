//! What people and units do beside their orders: acts that are wise, late, wrong or impossible.

use super::ground::ground;
use super::stage::{Thing, World};
use engine::capability::Capability;
use engine::command::{
    Activation, Actor, Assignment, CallSplit, CallVerdict, ClockMode, Command, Envelope,
    Escalation, FollowUp, IncidentMerge, LevelRaise, ObjectKind, Opening, OrderReport, UnitDuty,
    UnitPosition, UpwardReport,
};
use engine::hospital::{HospitalCapabilities, HospitalDefinition};
use engine::id::{CallId, CentreId, IncidentId, ObjectHash, OrderId, UnitId};
use engine::kind::Priority;
use engine::limits::{Capacities, NEEDS_PER_INCIDENT_MAX};
use engine::major::{Level, UpwardField, UpwardStage};
use engine::moment::Span;
use engine::name::Name;
use engine::order::OrderAct;
use engine::place::Point;
use engine::unit::{Duty, UnitDefinition};
use loadgen::crew::Act;

const CENTRE: CentreId = CentreId(1);

impl World {
    fn draw<T: Copy>(&mut self, list: impl Fn(&World) -> Vec<T>, unknown: Option<T>) -> Option<T> {
        if self.random.chance(30) {
            return unknown;
        }
        let list = list(self);
        self.random.pick(&list).copied()
    }

    fn any_call(&mut self) -> Option<CallId> {
        self.draw(
            |world| world.clients.calls.iter().copied().collect(),
            CallId::new(CENTRE, 9_999_999),
        )
    }

    fn any_incident(&mut self) -> Option<IncidentId> {
        let unknown = IncidentId::new(CENTRE, 9_999_999);
        // Mostly one of the newest, which are open.
        let newest = 1 + self.random.below(40) as usize;
        self.draw(
            |world| {
                world
                    .clients
                    .incidents
                    .iter()
                    .rev()
                    .take(newest)
                    .copied()
                    .collect()
            },
            unknown,
        )
    }

    fn any_order(&mut self) -> Option<OrderId> {
        let newest = 1 + self.random.below(60) as usize;
        self.draw(
            |world| {
                world
                    .clients
                    .orders
                    .iter()
                    .rev()
                    .take(newest)
                    .copied()
                    .collect()
            },
            OrderId::new(CENTRE, 9_999_999),
        )
    }

    fn any_unit(&mut self) -> Option<UnitId> {
        let units = ground(self.options.ground).city.units.len() as u64;
        let last = match self.options.traffic.strangers {
            true => units + u64::from(self.options.capacities.units_max),
            false => units,
        };
        let last = last + u64::from(self.random.chance(20));
        UnitId::new(CENTRE, 1 + self.random.below(last))
    }

    fn say(&mut self, actor: Actor, command: Command) {
        self.ask_command(Envelope { actor, command }, Box::default());
    }

    /// A person does something, and will again.
    pub(super) fn person_acts(&mut self) {
        let pause = Span::minutes(self.options.traffic.person_min);
        let at = self.after(Span::seconds(10), Span(2 * pause.0));
        self.agenda.note(at, Thing::Person);
        if let Some(command) = self.persons_choice() {
            self.books.counters.hit("world", "person_act");
            self.say(Actor::Dispatcher(0), command);
        }
    }

    /// A person sends desk after desk to one incident, until it has as many needs as it can have.
    pub(super) fn overreach(&mut self) {
        let view = self.books.view();
        let open = |incident: &&IncidentId| {
            view.incident(**incident)
                .is_some_and(|known| known.is_open())
        };
        let Some(&incident) = self.clients.incidents.iter().rev().find(open) else {
            return;
        };
        let city = &ground(self.options.ground).city;
        let desks = city.units.iter().filter(|unit| unit.speed_mm_s == 0);
        let desks: Vec<UnitId> = desks
            .filter_map(|desk| view.unit_named(desk.name.as_str()))
            .collect();
        self.books.counters.hit("world", "overreach");
        for &unit in desks.iter().cycle().take(2 * NEEDS_PER_INCIDENT_MAX) {
            let assignment = Assignment {
                incident,
                unit,
                capability: None,
            };
            self.say(Actor::Dispatcher(0), Command::AssignUnit(assignment));
        }
    }

    fn persons_choice(&mut self) -> Option<Command> {
        Some(match self.random.below(28) {
            0..=3 => Command::JudgeCall(CallVerdict {
                call: self.any_call()?,
                assessment: self.random.chance(700).then(|| self.any_assessment()),
                place: if self.random.chance(400) {
                    self.any_place()
                } else {
                    None
                },
            }),
            4..=6 => Command::MergeIncidents(IncidentMerge {
                from: self.any_incident()?,
                into: self.any_incident()?,
            }),
            7..=8 => Command::SplitCall(CallSplit {
                call: self.any_call()?,
                assessment: self.any_assessment(),
                injured: self.random.below(3) as u16,
            }),
            9..=10 => Command::EscalateIncident(Escalation {
                incident: self.any_incident()?,
                priority: self.random.pick(&Priority::ALL).copied()?,
            }),
            11..=14 => Command::AssignUnit(Assignment {
                incident: self.any_incident()?,
                unit: self.any_unit()?,
                capability: match self.random.chance(300) {
                    true => self.random.pick(Capability::ALL).copied(),
                    false => None,
                },
            }),
            15 => Command::CloseIncident(self.any_incident()?),
            16 => Command::SetDuty(UnitDuty {
                unit: self.any_unit()?,
                duty: self.random.pick(Duty::ALL).copied()?,
                strength: self
                    .random
                    .chance(300)
                    .then_some(self.random.below(6) as u16),
            }),
            17 => Command::DefineUnit(self.any_definition()?),
            18 => Command::DefineHospital(self.any_hospital()?),
            19..=20 => Command::RaiseLevel(LevelRaise {
                incident: self.any_incident()?,
                level: self.random.pick(Level::ALL).copied()?,
            }),
            21 => Command::ReportSituation(self.any_incident()?),
            22..=23 => self.told_upward()?,
            24 => Command::CloseWithFollowUp(FollowUp {
                incident: self.any_incident()?,
                unit: self.any_unit()?,
                owner: Name::new("王芳").ok()?,
            }),
            25 => Command::ReopenIncident(self.any_incident()?),
            26 => Command::UnmergeIncident(self.any_incident()?),
            _ => self.nonsense(),
        })
    }

    /// Mostly an incident that owes something upward.
    fn one_that_owes(&mut self) -> Option<IncidentId> {
        let owes = |world: &World| {
            let open = world.books.view().open_incidents_after(None);
            let owes = open.filter(|(_, known)| {
                let clocks = known.conduct.major.map(|major| major.clocks);
                clocks.is_some_and(|clocks| clocks.written_report.is_some())
            });
            owes.map(|(incident, _)| incident).collect()
        };
        match self.random.chance(200) {
            true => self.any_incident(),
            false => self.draw(owes, None),
        }
    }

    /// A report upward; half of them leave something out.
    fn told_upward(&mut self) -> Option<Command> {
        let incident = self.one_that_owes()?;
        let stage = self.random.pick(UpwardStage::ALL).copied()?;
        let chance = if self.random.chance(500) { 1_000 } else { 800 };
        let fields = UpwardField::ALL.iter().copied();
        let fields = fields.filter(|_| self.random.chance(chance)).collect();
        Some(Command::ReportUpward(UpwardReport {
            incident,
            stage,
            fields,
        }))
    }

    /// A person closes what waits for that, and names who sees to what is left.
    pub(super) fn concludes(&mut self, incident: IncidentId) {
        let unit = self.books.view().units().next().map(|(unit, _)| unit);
        if let (Some(unit), Ok(owner)) = (unit, Name::new("王芳")) {
            self.books.counters.hit("world", "concluded");
            let follow_up = FollowUp {
                incident,
                unit,
                owner,
            };
            self.say(Actor::Dispatcher(0), Command::CloseWithFollowUp(follow_up));
        }
    }

    /// What no interface lets through, and a centre refuses nevertheless.
    fn nonsense(&mut self) -> Command {
        if self.random.chance(500) {
            return Command::Activate(Activation {
                object: ObjectKind::Plan,
                hash: ObjectHash([7; 32]),
            });
        }
        Command::OpenCentre(Opening {
            centre: CENTRE,
            clock: ClockMode::Wall,
            logic_version: engine::record::LOGIC_VERSION,
            capacities: Capacities::NONE,
        })
    }

    /// A unit that is new, or another than it was; some contradict themselves.
    fn any_definition(&mut self) -> Option<UnitDefinition> {
        let row = self.random.pick(&ground(self.options.ground).city.units)?;
        let mut definition = UnitDefinition::from(row);
        match self.random.below(6) {
            0 => definition.capacity = 0,
            1 => definition.turnout_ms /= 2,
            2 if definition.speed_mm_s > 0 => definition.post = self.any_place()?.point,
            _ => definition.name = Name::new(&format!("added-{}", self.random.below(80))).ok()?,
        }
        Some(definition)
    }

    fn any_hospital(&mut self) -> Option<HospitalDefinition> {
        let point = self.any_place()?.point;
        Some(HospitalDefinition {
            name: Name::new(&format!("hospital-{}", self.random.below(300))).ok()?,
            point,
            capabilities: HospitalCapabilities::default(),
            beds: self.random.below(100) as u32,
            open: self.random.chance(800),
        })
    }

    /// Something odd happens in the field, and will again: reports out of order, twice, late, of others; positions that
    /// jump.
    pub(super) fn field_acts(&mut self) {
        let pause = Span::minutes(self.options.traffic.field_min);
        let at = self.after(Span::seconds(10), Span(2 * pause.0));
        self.agenda.note(at, Thing::Field);
        self.books.counters.hit("world", "field_oddity");
        match self.random.below(4) {
            0 => {
                for _ in 0..1 + self.random.below(8) {
                    self.position_jumps();
                }
            }
            1 => {
                if let (Some(unit), Some(duty)) =
                    (self.any_unit(), self.random.pick(Duty::ALL).copied())
                {
                    let duty = UnitDuty {
                        unit,
                        duty,
                        strength: None,
                    };
                    self.say(Actor::Unit(unit), Command::SetDuty(duty));
                }
            }
            _ => self.odd_report(),
        }
    }

    fn odd_report(&mut self) {
        let (Some(order), Some(act)) = (self.any_order(), self.random.pick(OrderAct::ALL).copied())
        else {
            return;
        };
        let own = self.unit_of(order);
        let actor = match self.random.below(8) {
            0 => self.any_unit().map(Actor::Unit),
            1 => Some(Actor::Dispatcher(0)),
            _ => own.map(Actor::Unit),
        };
        let Some(actor) = actor else { return };
        let command = Command::Report(OrderReport { order, act });
        self.say(actor, command);
        if self.random.chance(300) {
            self.say(actor, command);
        }
    }

    fn unit_of(&self, order: OrderId) -> Option<UnitId> {
        self.books
            .view()
            .order(order)
            .map(|order| order.issued.unit)
    }

    fn position_jumps(&mut self) {
        if let (Some(unit), Some(place)) = (self.any_unit(), self.any_place()) {
            self.position(unit, place.point);
        }
    }

    /// Where a unit is: into its slot on the wall's clock, a command on a driven one.
    fn position(&mut self, unit: UnitId, point: Point) {
        self.books.counters.hit("world", "position");
        match (self.options.clock, self.machine.centre()) {
            (ClockMode::Driven, _) => {
                self.say(
                    Actor::Unit(unit),
                    Command::MoveUnit(UnitPosition { unit, point }),
                );
            }
            (ClockMode::Wall, Some(centre)) => {
                centre.running().position(unit, point);
                self.machine.wake_writer(self.now);
            }
            (ClockMode::Wall, None) => {}
        }
    }

    /// A crew does something about its order.
    pub(super) fn crew_acts(&mut self, act: Act) {
        match act {
            Act::Report { order, act } => {
                if let Some(unit) = self.unit_of(order) {
                    self.say(
                        Actor::Unit(unit),
                        Command::Report(OrderReport { order, act }),
                    );
                }
            }
            Act::Position { unit, point } => {
                if let Some(unit) = self.books.view().unit_named(&unit) {
                    self.position(unit, point);
                }
            }
            Act::Return { unit } => {
                if let Some(unit) = self.books.view().unit_named(&unit) {
                    self.returns(unit);
                }
            }
        }
    }

    fn returns(&mut self, unit: UnitId) {
        let duty = UnitDuty {
            unit,
            duty: Duty::OnCall,
            strength: None,
        };
        self.say(Actor::Unit(unit), Command::SetDuty(duty));
    }

    /// Whoever is off duty, silent or too weak is there again, with a full crew.
    pub(super) fn everybody_returns(&mut self) {
        let units: Vec<UnitId> = self.books.view().units().map(|(unit, _)| unit).collect();
        for unit in units {
            let duty = UnitDuty {
                unit,
                duty: Duty::OnCall,
                strength: Some(20),
            };
            self.say(Actor::Dispatcher(0), Command::SetDuty(duty));
        }
    }
}
