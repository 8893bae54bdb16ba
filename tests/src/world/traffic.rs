//! What callers do in a day: a calm stream of calls, and the hours when everybody calls at once.

use super::ground::{ground, plans};
use super::stage::{Thing, World};
use engine::call::{
    Assessment, BodyDigest, CallFacts, CallReport, KeyDigest, Mark, Marks, Testimony,
};
use engine::command::{Actor, Command, Envelope, ObjectKind};
use engine::id::CallId;
use engine::kind::Kind;
use engine::line::Line;
use engine::moment::Span;
use engine::place::{Place, PlaceSource, Point};
use engine::runtime::port::Wish;

/// Why somebody calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// One of many things of a day.
    Usual,
    /// A storm over the whole county.
    Flood,
    /// One of hundreds who see the same accident.
    Accident(Point),
    /// Somebody who calls for fun, again and again.
    Prankster,
}

/// What people see of an accident.
const SEEN: [Kind; 4] = [
    Kind::CrashInjury,
    Kind::CrashDamage,
    Kind::HitAndRun,
    Kind::VehicleFire,
];

impl World {
    /// Notes what the day brings.
    pub(super) fn plan_day(&mut self) {
        let traffic = self.options.traffic.clone();
        let day = self.options.day_ms;
        for _ in 0..traffic.calls {
            let at = self.after(Span(1), Span(day));
            self.agenda.note(at, Thing::Call(Source::Usual));
        }
        for _ in 0..traffic.floods {
            let begin = self.random.between(0, day);
            self.burst(150, begin, Span::minutes(4), |_| Source::Flood);
            self.roads_suffer(begin);
        }
        for _ in 0..traffic.accidents {
            let point = self.somewhere();
            let begin = self.random.between(0, day);
            self.burst(180, begin, Span::minutes(9), |_| Source::Accident(point));
            self.road_is_closed(begin, point);
        }
        for _ in 0..traffic.pranksters {
            let begin = self.random.between(0, day);
            self.burst(40, begin, Span::hours(3), |_| Source::Prankster);
        }
        let mut note = |times: u64, thing: Thing| {
            for _ in 0..times {
                let at = self.after(Span::minutes(10), Span(day));
                self.agenda.note(at, thing.clone());
            }
        };
        note(traffic.storms, Thing::Storm);
        note(traffic.jumps, Thing::Jump);
        note(traffic.plans, Thing::ChangePlan);
        note(traffic.overreaches, Thing::Overreach);
        note(1, Thing::Person);
        note(1, Thing::Field);
        self.begin_roads();
    }

    /// A day in which too little happened goes on.
    pub(super) fn top_up(&mut self) {
        self.burst(60, 0, Span::hours(1), |_| Source::Usual);
    }

    /// So many calls within a while that begins so long from now.
    fn burst(
        &mut self,
        calls: u64,
        begin_ms: i64,
        within: Span,
        source: impl Fn(&World) -> Source,
    ) {
        for _ in 0..calls {
            let at = self.after(Span(begin_ms), Span(begin_ms + within.0));
            let source = source(self);
            self.agenda.note(at, Thing::Call(source));
        }
    }

    fn somewhere(&mut self) -> Point {
        let ground = ground(self.options.ground);
        let (city, around_e7) = (&ground.city, ground.around_e7);
        let middle = self
            .random
            .pick(&city.posts)
            .map_or(city.reference(), |post| post.point);
        let mut near = |at: i32| at + self.random.between(-around_e7, around_e7) as i32;
        Point {
            lat_e7: near(middle.lat_e7),
            lon_e7: near(middle.lon_e7),
        }
    }

    fn place(&mut self, point: Point) -> Place {
        Place {
            point,
            radius_m: 20,
            source: PlaceSource::Caller,
            district: ground(self.options.ground).city.district_at(point),
        }
    }

    /// A place that callers give; some give none, and some one that nobody can mean.
    pub(super) fn any_place(&mut self) -> Option<Place> {
        let point = match self.random.below(20) {
            0 => return None,
            1 => Point {
                lat_e7: self.random.between(-900_000_000, 900_000_000) as i32,
                lon_e7: self.random.between(-1_800_000_000, 1_800_000_000) as i32,
            },
            _ => self.somewhere(),
        };
        Some(self.place(point))
    }

    /// What somebody holds a thing to be.
    pub(super) fn any_assessment(&mut self) -> Assessment {
        let kind = self
            .random
            .pick(Kind::ALL)
            .copied()
            .unwrap_or(Kind::Unknown);
        let mut assessment = Assessment::stated(kind);
        assessment.human = self.random.chance(60);
        assessment
    }

    fn line_of(&mut self, kind: Kind) -> Line {
        let lines = plans()[0].plan.lines();
        match (kind.row().line, self.random.below(12)) {
            (_, 0) => self
                .random
                .pick(lines)
                .map_or(Line::POLICE, |line| line.line),
            (0, _) => Line::POLICE,
            (line, _) => Line::new(line).unwrap_or(Line::POLICE),
        }
    }

    pub(super) fn somebody_calls(&mut self, source: Source) {
        let (deed, mut report) = self.report(source);
        let number = self.random.bits();
        report.key = KeyDigest::of(0, &number.to_string());
        report.body = BodyDigest(number);
        self.books.counters.hit("world", deed);
        self.calling.called(self.now, &number.to_string(), report);
        let words = Testimony {
            key: Some(number.to_string()),
            text: Some("a call of a simulated world".into()),
            ..Testimony::default()
        };
        let envelope = Envelope {
            actor: Actor::Carrier(0),
            command: Command::TakeCall(report),
        };
        self.ask_command(envelope, words.encode());
    }

    fn report(&mut self, source: Source) -> (&'static str, CallReport) {
        let (deed, assessment, place) = match source {
            Source::Usual => ("call", self.any_assessment(), self.any_place()),
            Source::Flood => ("flood_call", self.any_assessment(), self.any_place()),
            Source::Accident(point) => {
                let seen = self
                    .random
                    .pick(&SEEN)
                    .copied()
                    .unwrap_or(Kind::CrashInjury);
                let mut near = |at: i32| at + self.random.between(-6_000, 6_000) as i32;
                let point = Point {
                    lat_e7: near(point.lat_e7),
                    lon_e7: near(point.lon_e7),
                };
                (
                    "accident_call",
                    Assessment::stated(seen),
                    Some(self.place(point)),
                )
            }
            Source::Prankster => {
                let kinds = [Kind::Silent, Kind::Nuisance, Kind::StructureFire];
                let kind = self.random.pick(&kinds).copied().unwrap_or(Kind::Silent);
                ("prank_call", Assessment::stated(kind), self.any_place())
            }
        };
        let mut marks = Marks::default();
        if place.is_none() {
            marks = marks.with(Mark::NoPlace);
        }
        if self.random.chance(30) {
            marks = marks.with(Mark::Drill);
        }
        if self.random.chance(30) {
            marks = marks.with(Mark::BadField);
        }
        let report = CallReport {
            key: KeyDigest([0; 16]),
            body: BodyDigest(0),
            line: self.line_of(assessment.kind),
            place,
            assessment,
            injured: self.random.below(4) as u16 * self.random.below(4) as u16,
            marks,
        };
        (deed, report)
    }

    /// A caller says more; what is said late is taken too.
    pub(super) fn say_more(&mut self, call: CallId) {
        self.books.counters.hit("world", "facts");
        let facts = CallFacts {
            call,
            place: if self.random.chance(400) {
                self.any_place()
            } else {
                None
            },
            assessment: self.random.chance(500).then(|| self.any_assessment_again()),
            injured: self.random.chance(300).then_some(2),
            marks: Marks::default(),
        };
        let envelope = Envelope {
            actor: Actor::Carrier(0),
            command: Command::AddFacts(facts),
        };
        self.ask_command(envelope, Box::default());
    }

    fn any_assessment_again(&mut self) -> Assessment {
        let kind = self
            .random
            .pick(&SEEN)
            .copied()
            .unwrap_or(Kind::CrashInjury);
        match self.random.chance(500) {
            true => Assessment::stated(kind),
            false => self.any_assessment(),
        }
    }

    /// A caller hangs up.
    pub(super) fn hang_up(&mut self, call: CallId) {
        self.books.counters.hit("world", "call_ended");
        let envelope = Envelope {
            actor: Actor::Carrier(0),
            command: Command::EndCall(call),
        };
        self.ask_command(envelope, Box::default());
    }

    /// A person brings another plan into force while calls come in.
    pub(super) fn change_plan(&mut self) -> Result<(), String> {
        let index = self.random.below(plans().len() as u64) as usize;
        let Some(centre) = self.machine.centre() else {
            return Ok(());
        };
        let stored = centre
            .running()
            .store(ObjectKind::Plan, plans()[index].text.as_bytes());
        match stored {
            Ok((activation, object)) => {
                self.books.counters.hit("world", "plan_change");
                self.ask(Wish::Activate {
                    actor: Actor::Dispatcher(0),
                    activation,
                    object,
                    testimony: Box::default(),
                });
            }
            // Nothing was promised; the next step of the process notices when the disk is gone.
            Err(_) => self.machine.wake_writer(self.now),
        }
        Ok(())
    }
}
