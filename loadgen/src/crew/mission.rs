//! What one order makes one crew do, step after step. Each step says when the next is due.

use super::manner::Manner;
use super::observed::{Observed, Part};
use super::way::{Roads, Way};
use super::{Act, Behaviour, Positions, Told};
use crate::random::Random;
use engine::id::{OrderId, UnitId};
use engine::kind::{Category, Kind, Priority};
use engine::moment::{Moment, Span};
use engine::order::{OrderAct, Rung};
use engine::place::Point;
use engine::roads::atlas::profile_for;
use engine::roads::network::Profile;

/// From the order to the acknowledgement of a crew that obeys.
const ACKNOWLEDGE_MS: (i64, i64) = (5_000, 25_000);
/// A desk reads its list every few minutes.
const DESK_ACKNOWLEDGE_MS: (i64, i64) = (20_000, 200_000);
/// What a desk needs for a matter.
const DESK_WORK_MS: (i64, i64) = (300_000, 1_800_000);
/// One report within a second, and not at once, so that a call about the same thing still finds the incident open: the
/// standard load.
const STANDARD_MS: (i64, i64) = (400, 950);
/// How far getting ready takes more or less time than was reckoned, in hundredths: most are in time, some are not.
const TURNOUT_PERCENT: (i64, i64) = (75, 105);
/// How far the way takes more or less time than was reckoned, in hundredths.
pub(super) const TRAVEL_PERCENT: (i64, i64) = (80, 120);
/// Even a crew that means to stay silent answers when it is still asked after so long.
const PATIENCE_MS: i64 = 2 * 3_600_000;

/// When the next step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At this time.
    At(Moment),
    /// When something happens.
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Acknowledge,
    Decline,
    SetOff,
    OnTheWay,
    Arrive,
    Finish,
}

/// One order in the hands of one crew.
#[derive(Clone, Debug)]
pub struct Mission {
    unit: UnitId,
    name: String,
    desk: bool,
    manner: Manner,
    stage: Stage,
    issued_at: Moment,
    turnout: Span,
    travel: Span,
    stay: Span,
    set_off_at: Moment,
    from: Option<Point>,
    to: Option<Point>,
    profile: Profile,
    speed_mm_s: u32,
    /// Once it is on it, and somebody wants to know.
    way: Option<Way>,
    positions: Positions,
    random: Random,
}

/// What a crew knows when it hears of an order.
#[derive(Clone, Copy, Debug)]
pub struct Outset<'a> {
    /// How crews behave.
    pub behaviour: Behaviour,
    /// What they were seen to do.
    pub observed: Option<&'a Observed>,
    /// Where it is, if that is known.
    pub from: Option<Point>,
    /// It is on the road: it need not get ready, and comes from where it is.
    pub on_the_road: bool,
    /// How fast it is where there is no road, in millimetres a second.
    pub speed_mm_s: u32,
    /// What decides all that is drawn, with `thing`.
    pub seed: u64,
    /// Which of all orders under this seed it is.
    pub thing: u64,
}

impl Mission {
    /// A crew hears of an order. When it does its first step.
    pub fn new(
        told: &Told<'_>,
        now: Moment,
        manner: Manner,
        outset: Outset<'_>,
        roads: &mut Roads,
    ) -> (Mission, Moment) {
        let Outset {
            behaviour, from, ..
        } = outset;
        let mut random = Random::stream(outset.seed, outset.thing);
        let mut within = |(least, most): (i64, i64)| Span(random.between(least, most));
        let (stage, wait, positions) = match behaviour {
            Behaviour::Standard => (Stage::Finish, within(STANDARD_MS), Positions::Never),
            Behaviour::Field { positions } => {
                let (stage, wait) = match manner {
                    Manner::Obey if told.desk => (Stage::Acknowledge, within(DESK_ACKNOWLEDGE_MS)),
                    Manner::Obey => (Stage::Acknowledge, within(ACKNOWLEDGE_MS)),
                    Manner::Decline => (Stage::Decline, within(ACKNOWLEDGE_MS)),
                    Manner::Late | Manner::Silent => (Stage::Acknowledge, Span(PATIENCE_MS)),
                };
                (stage, wait, positions)
            }
        };
        let turnout_ms = i64::from(told.turnout_ms) * within(TURNOUT_PERCENT).0 / 100;
        let percent = within(TRAVEL_PERCENT).0;
        let stay = if told.desk {
            within(DESK_WORK_MS)
        } else {
            within(stay_ms(told.kind))
        };
        let seen = outset.observed.filter(|_| !told.desk);
        let mut seen = |part, made_up| {
            let drawn = seen.and_then(|it| it.draw(part, told.capability, told.kind, &mut random));
            (drawn.unwrap_or(made_up), drawn.is_some())
        };
        let (turnout_ms, turnout_seen) = seen(Part::Turnout, turnout_ms);
        let (percent, _) = seen(Part::Travel, percent);
        let (stay_ms, _) = seen(Part::Stay, stay.0);
        let turnout_ms = if outset.on_the_road { 0 } else { turnout_ms };
        // Who is seen to set off says so before.
        let wait = if turnout_seen {
            Span(wait.0.min(turnout_ms))
        } else {
            wait
        };
        let profile = told
            .kind
            .map_or(Profile::Normal, |kind| profile_for(kind.row().priority));
        let mut way = None;
        let mut reckoned_ms = i64::from(told.travel_ms);
        if outset.on_the_road
            && let (Some(from), Some(to)) = (from, told.point)
        {
            // What was reckoned began where the crew last said it was.
            let driven = roads.way(profile, from, to, outset.speed_mm_s);
            reckoned_ms = driven.whole().0;
            way = Some(driven);
        }
        let mission = Mission {
            unit: told.unit,
            name: told.name.to_string(),
            desk: told.desk,
            manner,
            stage,
            issued_at: now,
            turnout: Span(turnout_ms),
            travel: Span(reckoned_ms * percent / 100),
            stay: Span(stay_ms),
            set_off_at: now,
            from,
            to: told.point,
            profile,
            speed_mm_s: outset.speed_mm_s,
            way,
            positions,
            random,
        };
        (mission, now + wait)
    }

    /// How the order is taken.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Whose it is.
    pub fn unit(&self) -> (UnitId, &str) {
        (self.unit, &self.name)
    }

    /// The rest of the numbers that were drawn for this order.
    pub fn random(&self) -> Random {
        self.random.clone()
    }

    /// The ladder climbed: who is late wakes up at the first rung, half-way to the next.
    pub fn woken(&mut self, now: Moment, rung: Rung, next_due: Option<Moment>) -> Option<Moment> {
        let wakes = self.manner == Manner::Late
            && self.stage == Stage::Acknowledge
            && matches!(rung, Rung::Deputy | Rung::DutyLeader);
        let half = next_due.map_or(5_000, |due| now.until(due).0.max(0) / 2);
        wakes.then(|| now + Span(half))
    }

    /// Does what is due at `at`: what the crew does, and when it does the next thing.
    pub fn step(&mut self, at: Moment, order: OrderId, roads: &mut Roads) -> (Option<Act>, Next) {
        let report = |act| Some(Act::Report { order, act });
        match self.stage {
            Stage::Decline => (report(OrderAct::Decline), Next::Wait),
            Stage::Acknowledge => {
                let next = if self.desk {
                    self.stage = Stage::Finish;
                    at + self.stay
                } else {
                    self.stage = Stage::SetOff;
                    (self.issued_at + self.turnout).max(at + Span(1_000))
                };
                (report(OrderAct::Acknowledge), Next::At(next))
            }
            Stage::SetOff => {
                self.set_off_at = at;
                self.stage = Stage::OnTheWay;
                (report(OrderAct::SetOff), self.on_the_way(at))
            }
            Stage::OnTheWay => (self.position(at, roads), self.on_the_way(at)),
            Stage::Arrive => {
                self.stage = Stage::Finish;
                (report(OrderAct::Arrive), Next::At(at + self.stay))
            }
            Stage::Finish => (report(OrderAct::Finish), Next::Wait),
        }
    }

    /// The next time on the way: the next position, or the arrival.
    fn on_the_way(&mut self, at: Moment) -> Next {
        let arrive_at = self.set_off_at + self.travel;
        if at >= arrive_at && self.stage == Stage::OnTheWay && at > self.set_off_at {
            // The position at the place has just been said.
            self.stage = Stage::Arrive;
            return Next::At(at);
        }
        let next = match self.positions {
            Positions::Every(pace) if pace.0 > 0 && self.from.is_some() => {
                (at + pace).min(arrive_at)
            }
            Positions::Never | Positions::OnArrival | Positions::Every(_) => arrive_at,
        };
        // A way of no length still takes a moment, so that the arrival follows the setting off.
        Next::At(next.max(at + Span(1)))
    }

    /// Where the crew says that it is; nothing when the place is not known.
    fn position(&mut self, at: Moment, roads: &mut Roads) -> Option<Act> {
        if self.positions == Positions::Never {
            return None;
        }
        Some(Act::Position {
            unit: self.name.clone(),
            point: self.on_its_way(at, roads)?,
        })
    }

    /// Where the crew is while it is on its way; nothing when the place is not known.
    fn on_its_way(&mut self, at: Moment, roads: &mut Roads) -> Option<Point> {
        let to = self.to?;
        let gone = self.set_off_at.until(at);
        let Some(from) = self.from.filter(|_| gone < self.travel) else {
            return Some(to);
        };
        let (profile, speed) = (self.profile, self.speed_mm_s);
        let way = self.way.get_or_insert_with(|| match speed {
            // Nobody said how fast it is: the order did.
            0 => Way::straight(from, to, self.travel),
            speed => roads.way(profile, from, to, speed),
        });
        way.at(gone, self.travel)
    }

    /// Where the crew is when its order ends, as far as that is known, and whether it has to say so.
    pub fn left_at(&mut self, now: Moment, roads: &mut Roads) -> (Option<Point>, bool) {
        match self.stage {
            Stage::Acknowledge | Stage::Decline | Stage::SetOff => (self.from, false),
            Stage::OnTheWay => (self.on_its_way(now, roads), true),
            Stage::Arrive | Stage::Finish => (self.to.or(self.from), false),
        }
    }
}

/// How long a crew stays on the scene, least and most: 10 to 40 min by what the matter is.
fn stay_ms(kind: Option<Kind>) -> (i64, i64) {
    const MINUTE_MS: i64 = 60_000;
    let Some(row) = kind.map(Kind::row) else {
        return (10 * MINUTE_MS, 25 * MINUTE_MS);
    };
    let (least, most) = match (row.category, row.priority) {
        (Category::NaturalDisaster, _) => (25, 40),
        (Category::Accident | Category::SocialSecurity, Priority::P1) => (20, 40),
        (Category::PublicHealth, Priority::P1) => (15, 30),
        (Category::Accident | Category::SocialSecurity | Category::PublicHealth, _) => (10, 25),
        (Category::Service | Category::None, _) => (10, 20),
    };
    (least * MINUTE_MS, most * MINUTE_MS)
}
