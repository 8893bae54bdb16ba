//! Commands drawn at random: all that may be said to a centre, about what is there and what is not.

use super::*;
use crate::call::{ActKey, Testimony};
use crate::command::{
    Assignment, CallSplit, CallVerdict, Escalation, FollowUp, IncidentMerge, LevelRaise,
    UpwardReport,
};
use crate::hospital::HospitalDefinition;
use crate::kind::Priority;
use crate::major::{Level, UpwardField, UpwardStage};

/// SplitMix64.
pub(super) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// A number near the last that was given, now and then one that never was.
    fn recent(&mut self, last: u64, window: u64) -> u64 {
        let back = self.below(window.min(last + 1));
        (last + 1 - back).max(1)
    }

    fn place(&mut self, city: &City) -> Place {
        let posts = city.posts.len() as u64;
        let post = city.posts[self.below(posts) as usize].point;
        let point = Point {
            lat_e7: post.lat_e7 + self.below(60_000) as i32 - 30_000,
            lon_e7: post.lon_e7 + self.below(60_000) as i32 - 30_000,
        };
        Place {
            point,
            radius_m: 20,
            source: PlaceSource::Caller,
            district: city.districts.at(point),
        }
    }

    /// What may be said next.
    pub fn said(&mut self, centre: &Centre, city: &City) -> (Actor, Command) {
        let command = match self.below(6) {
            0 | 1 => self.decision(centre, city),
            _ => self.command(centre, city),
        };
        let actor = match self.below(6) {
            0 => Actor::Unit(self.unit(centre)),
            1 => Actor::Dispatcher(0),
            _ => Actor::System,
        };
        (actor, command)
    }

    /// Words that come with a command: a caller's, or the key of an act, which now and then comes again.
    pub fn testimony(&mut self, command: &Command) -> Vec<u8> {
        if self.below(3) > 0 {
            return Vec::new();
        }
        let act = ActKey {
            key: KeyDigest::of(0, &self.below(500).to_string()),
            body: BodyDigest(self.below(2)),
        };
        let of_a_call = matches!(command, Command::TakeCall(_));
        let testimony = Testimony {
            text: of_a_call.then(|| "追尾了".into()),
            act: (!of_a_call).then_some(act),
            ..Testimony::default()
        };
        testimony.encode().into_vec()
    }

    fn command(&mut self, centre: &Centre, city: &City) -> Command {
        let numbers = centre.state.numbers;
        match self.below(100) {
            0..40 => self.call(numbers.call, city),
            40..70 => Command::Report(OrderReport {
                order: OrderId::new(CentreId(1), self.recent(numbers.order, 60)).unwrap(),
                act: self.of(OrderAct::ALL),
            }),
            70..76 => Command::AddFacts(CallFacts {
                call: self.recent_call(centre),
                place: (self.below(2) == 0).then(|| self.place(city)),
                assessment: (self.below(3) > 0).then(|| Assessment::stated(self.of(Kind::ALL))),
                injured: Some(2),
                marks: Marks::default(),
            }),
            76..80 => Command::EndCall(self.recent_call(centre)),
            80..87 => Command::MoveUnit(UnitPosition {
                unit: self.unit(centre),
                point: self.place(city).point,
            }),
            87..91 => Command::SetDuty(UnitDuty {
                unit: self.unit(centre),
                duty: self.of(Duty::ALL),
                strength: (self.below(4) == 0).then(|| self.below(4) as u16),
            }),
            91..94 => {
                let row = self.below(city.units.len() as u64) as usize;
                Command::DefineUnit(UnitDefinition::from(&city.units[row]))
            }
            94 => Command::CloseIncident(self.incident(centre)),
            95 => self.conclusion(centre),
            96 => Command::Activate(Activation {
                object: ObjectKind::Plan,
                hash: centre.in_force(ObjectKind::Plan).unwrap(),
            }),
            97 => Command::Activate(Activation {
                object: ObjectKind::City,
                hash: centre.in_force(ObjectKind::City).unwrap(),
            }),
            _ => Command::Tick,
        }
    }

    fn call(&mut self, last: u64, city: &City) -> Command {
        let key = if self.below(10) == 0 {
            self.recent(last, 30)
        } else {
            1_000_000 + self.below(1 << 40)
        };
        let kind = self.of(Kind::ALL);
        Command::TakeCall(CallReport {
            key: KeyDigest::of(7, &key.to_string()),
            body: BodyDigest(self.below(2)),
            line: Line(110),
            place: (self.below(20) > 0).then(|| self.place(city)),
            assessment: Assessment::stated(kind),
            injured: self.below(3) as u16,
            marks: Marks::default(),
        })
    }

    /// What a person decides.
    fn decision(&mut self, centre: &Centre, city: &City) -> Command {
        match self.below(13) {
            8 => Command::RaiseLevel(LevelRaise {
                incident: self.incident(centre),
                // What needs a follow-up is seldom closed here, and would fill the table.
                level: self.of(&[
                    Level::IV,
                    Level::IV,
                    Level::III,
                    Level::III,
                    Level::II,
                    Level::I,
                ]),
            }),
            9 => self.word(centre),
            10 => self.conclusion(centre),
            11 => match self.below(2) {
                0 => Command::ReopenIncident(self.incident(centre)),
                _ => Command::UnmergeIncident(self.incident(centre)),
            },
            0 => Command::JudgeCall(CallVerdict {
                call: self.recent_call(centre),
                assessment: (self.below(4) > 0).then(|| Assessment::stated(self.of(Kind::ALL))),
                place: (self.below(2) == 0).then(|| self.place(city)),
            }),
            1 | 2 | 7 => Command::MergeIncidents(IncidentMerge {
                from: self.incident(centre),
                into: self.incident(centre),
            }),
            3 => Command::SplitCall(CallSplit {
                call: self.recent_call(centre),
                assessment: Assessment::stated(self.of(Kind::ALL)),
                injured: 1,
            }),
            4 => Command::EscalateIncident(Escalation {
                incident: self.incident(centre),
                priority: self.of(&Priority::ALL),
            }),
            5 | 6 => Command::AssignUnit(Assignment {
                incident: self.incident(centre),
                unit: self.unit(centre),
                capability: None,
            }),
            _ => Command::DefineHospital(HospitalDefinition {
                name: crate::name::Name::new(&format!("hospital {}", self.below(8))).unwrap(),
                point: city.posts[0].point,
                capabilities: Default::default(),
                beds: self.below(9) as u32,
                open: self.below(2) == 0,
            }),
        }
    }

    fn conclusion(&mut self, centre: &Centre) -> Command {
        Command::CloseWithFollowUp(FollowUp {
            incident: self.incident(centre),
            unit: self.unit(centre),
            owner: crate::name::Name::new("王芳").unwrap(),
        })
    }

    /// What a person says of an incident, here or upward.
    fn word(&mut self, centre: &Centre) -> Command {
        let incident = self.incident(centre);
        if self.below(2) == 0 {
            return Command::ReportSituation(incident);
        }
        let fields = UpwardField::ALL.iter().copied();
        Command::ReportUpward(UpwardReport {
            incident,
            stage: self.of(UpwardStage::ALL),
            fields: fields.filter(|_| self.below(5) > 0).collect(),
        })
    }

    fn unit(&mut self, centre: &Centre) -> UnitId {
        let units = centre.state.units.len() as u64;
        UnitId::new(CentreId(1), self.below(units) + 1).unwrap()
    }

    fn incident(&mut self, centre: &Centre) -> IncidentId {
        let last = centre.state.numbers.incident;
        IncidentId::new(CentreId(1), self.recent(last, 40)).unwrap()
    }

    fn recent_call(&mut self, centre: &Centre) -> CallId {
        let last = centre.state.numbers.call;
        CallId::new(CentreId(1), self.recent(last, 60)).unwrap()
    }
}

impl World {
    /// Lets a little time pass, seldom a day, and something be said.
    pub(super) fn step(&mut self, random: &mut Random) -> Vec<(Actor, Command, Moment)> {
        let pause = match random.below(400) {
            0 => 25 * 3_600_000,
            1..20 => random.below(600_000),
            _ => random.below(9_000),
        };
        let until = self.now + Span(pause as i64);
        let mut said = Vec::new();
        while let Some(due) = self.centre.next_due().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            said.push((Actor::System, Command::Tick, self.now));
            self.say(Command::Tick);
        }
        self.now = until;
        let city = Arc::clone(&self.city);
        let (actor, command) = random.said(&self.centre, &city);
        let testimony = random.testimony(&command);
        self.say_with(actor, command, testimony);
        said.push((actor, command, self.now));
        said
    }
}
