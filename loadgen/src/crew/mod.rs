//! Crews in the field, sans-IO: told what a centre announces, they say what they do and when.
//!
//! Deterministic: the same orders under the same seed at the same times give the same acts. They know no clock and
//! no socket; the caller asks [`Crews::next_due`], waits as it likes, and takes acts from [`Crews::poll`]. Next:
//! [`manner`] for who obeys and who does not, [`mission`] for what one order makes a crew do, [`homeward`] for what it does after,
//! [`way`] for where it drives, [`observed`] for how long real ones took.

pub mod homeward;
pub mod manner;
pub mod mission;
pub mod observed;
pub mod way;

use crate::random::Random;
use engine::capability::Capability;
use engine::city::City;
use engine::id::{OrderId, UnitId};
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::order::{OrderAct, OrderState, Rung};
use engine::place::Point;
use engine::roads::atlas::Atlas;
use homeward::{Home, Homeward, Leg};
use manner::{Manner, Manners};
use mission::{Mission, Next, Outset, TRAVEL_PERCENT};
use observed::Observed;
use std::collections::BTreeMap;
use std::sync::Arc;
use way::Roads;

/// How crews behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// As in the field: acknowledge, set off, travel, arrive, stay, finish; some of them badly.
    Field {
        /// When they say where they are.
        positions: Positions,
    },
    /// The standard load: each order is finished within 1 s by one report.
    Standard,
}

/// When crews say where they are, beside their reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// Never; a report of arrival says where as well.
    Never,
    /// On arrival.
    OnArrival,
    /// Every so often on the way, where the way is known, and on arrival.
    Every(Span),
}

/// An order as a crew hears of it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The order.
    pub order: OrderId,
    /// Who is told.
    pub unit: UnitId,
    /// The unit's name.
    pub name: &'a str,
    /// What it is asked for.
    pub capability: Capability,
    /// A desk acknowledges and finishes and never travels.
    pub desk: bool,
    /// From the first metre to the place, in milliseconds.
    pub travel_ms: u32,
    /// From the order to the first metre, in milliseconds.
    pub turnout_ms: u32,
    /// Where to.
    pub point: Option<Point>,
    /// What the matter is held to be.
    pub kind: Option<Kind>,
}

/// What a crew does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It reports on its order.
    Report {
        /// The order.
        order: OrderId,
        /// What happened.
        act: OrderAct,
    },
    /// It says where it is.
    Position {
        /// The unit's name.
        unit: String,
        /// Where.
        point: Point,
    },
    /// It is there again after a silence.
    Return {
        /// The unit's name.
        unit: String,
    },
}

/// What is on the agenda.
#[derive(Clone, Debug)]
enum Entry {
    Mission(OrderId),
    Homeward(UnitId),
    /// A crew says where it is, for the last time on a way that it does not drive to its end.
    Here(String, Point),
    /// A crew is there again after a silence.
    Again(UnitId, String),
}

/// How many orders were taken in each manner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Obeyed.
    pub obeyed: u64,
    /// Acknowledged only after the ladder had climbed.
    pub late: u64,
    /// Declined.
    pub declined: u64,
    /// Never answered.
    pub silent: u64,
}

impl Counts {
    /// These and others together.
    pub fn add(&mut self, other: Counts) {
        self.obeyed += other.obeyed;
        self.late += other.late;
        self.declined += other.declined;
        self.silent += other.silent;
    }
}

/// All crews of a centre.
#[derive(Clone, Debug)]
pub struct Crews {
    behaviour: Behaviour,
    manners: Manners,
    seed: u64,
    observed: Option<Arc<Observed>>,
    roads: Roads,
    /// By the names of units; whoever is not here stays where its order ended.
    homes: BTreeMap<String, Home>,
    missions: BTreeMap<OrderId, (Mission, Option<(Moment, u64)>)>,
    homeward: BTreeMap<UnitId, (Leg, (Moment, u64))>,
    agenda: BTreeMap<(Moment, u64), Entry>,
    serial: u64,
    points: BTreeMap<UnitId, Point>,
    counts: Counts,
}

/// How long a crew that let its order run out stays away: 10 to 30 min.
const AWAY_MS: (i64, i64) = (600_000, 1_800_000);

impl Crews {
    /// Crews that have heard of nothing yet.
    pub fn new(behaviour: Behaviour, seed: u64) -> Crews {
        Crews {
            behaviour,
            manners: Manners::new(seed),
            seed,
            observed: None,
            roads: Roads::default(),
            homes: BTreeMap::new(),
            missions: BTreeMap::new(),
            homeward: BTreeMap::new(),
            agenda: BTreeMap::new(),
            serial: 0,
            points: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Where units belong, by their names: crews in the field that say where they are go home after each order.
    pub fn live_at(&mut self, homes: impl IntoIterator<Item = (String, Home)>) {
        self.homes.extend(homes);
    }

    /// The same of all units of a city.
    pub fn live_in(&mut self, city: &City) {
        self.live_at(city.units.iter().map(|unit| {
            let home = Home {
                post: unit.point,
                speed_mm_s: unit.speed_mm_s,
            };
            (unit.name.to_string(), home)
        }));
    }

    /// How long crews were seen to take. Then they obey: who was late has it in its times already.
    pub fn take_as_long_as(&mut self, observed: Arc<Observed>) {
        self.observed = Some(observed).filter(|observed| !observed.is_empty());
    }

    /// The map that crews drive by, with the times that hold now; `detour_permille` is for where it says nothing.
    pub fn drive_by(&mut self, atlas: Option<Arc<Atlas>>, detour_permille: u32) {
        self.roads.learn(atlas, detour_permille);
    }

    /// Orders that a crew still has something to do for.
    pub fn open(&self) -> usize {
        self.missions.len()
    }

    /// How the orders so far were taken.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// When a crew acts next, as far as is known now.
    pub fn next_due(&self) -> Option<Moment> {
        self.agenda.first_key_value().map(|(&(at, _), _)| at)
    }

    /// An order was issued. The same order told again changes nothing. Its crew draws by the order's number.
    pub fn order_issued(&mut self, now: Moment, told: &Told<'_>) {
        self.hear(now, told, None);
    }

    /// The same, by what the order is about: a number that two centres share which are compared, whatever orders each issued before.
    pub fn order_issued_about(&mut self, now: Moment, told: &Told<'_>, matter: u64) {
        self.hear(now, told, Some(matter));
    }

    fn hear(&mut self, now: Moment, told: &Told<'_>, matter: Option<u64>) {
        if self.missions.contains_key(&told.order) {
            return;
        }
        let manner = match (self.behaviour, matter) {
            (Behaviour::Standard, _) => Manner::Obey,
            (Behaviour::Field { .. }, _) if told.desk || self.observed.is_some() => Manner::Obey,
            (Behaviour::Field { .. }, Some(matter)) => Manner::drawn(self.seed, matter),
            (Behaviour::Field { .. }, None) => self.manners.of_next(),
        };
        let count = match manner {
            Manner::Obey => &mut self.counts.obeyed,
            Manner::Late => &mut self.counts.late,
            Manner::Decline => &mut self.counts.declined,
            Manner::Silent => &mut self.counts.silent,
        };
        *count += 1;
        let on_the_road = self.turn_back(now, told.unit);
        let home = self.homes.get(told.name).copied();
        let outset = Outset {
            behaviour: self.behaviour,
            observed: self.observed.as_deref(),
            from: self
                .points
                .get(&told.unit)
                .copied()
                .or(home.map(|home| home.post)),
            on_the_road,
            speed_mm_s: home.map_or(0, |home| home.speed_mm_s),
            seed: self.seed,
            thing: matter.unwrap_or(told.order.bits()),
        };
        let (mission, due) = Mission::new(told, now, manner, outset, &mut self.roads);
        let key = self.note(due, Entry::Mission(told.order));
        self.missions.insert(told.order, (mission, Some(key)));
    }

    /// A crew that is on its way home stops where it is, and says where that is. Whether it was on the road.
    fn turn_back(&mut self, now: Moment, unit: UnitId) -> bool {
        let Some((leg, key)) = self.homeward.remove(&unit) else {
            return false;
        };
        self.agenda.remove(&key);
        let mut homeward = match leg {
            Leg::Driving(homeward) => homeward,
            // Who was called away on the way is on the road, and has said where.
            Leg::Ready { on_the_road, .. } => return on_the_road,
        };
        let place = homeward.place(now, &mut self.roads);
        if let Some(place) = place.filter(|place| self.points.get(&unit) != Some(place)) {
            self.points.insert(unit, place);
            let name = homeward.name().to_string();
            self.note(now, Entry::Here(name, place));
        }
        true
    }

    /// An order stands elsewhere. One that has ended is dropped, whatever the crew was about to do.
    pub fn order_moved(&mut self, now: Moment, order: OrderId, to: OrderState) {
        if to.is_open() {
            return;
        }
        let Some((mut mission, key)) = self.missions.remove(&order) else {
            return;
        };
        if let Some(key) = key {
            self.agenda.remove(&key);
        }
        let (unit, name) = mission.unit();
        let name = name.to_string();
        let mut random = mission.random();
        // Who was called away has its new order in the same breath, however it would have taken the first.
        let stays_away = !matches!(to, OrderState::Finished | OrderState::Preempted);
        if mission.manner() == Manner::Silent && stays_away {
            let back = now + Span(random.between(AWAY_MS.0, AWAY_MS.1));
            self.note(back, Entry::Again(unit, name));
            return;
        }
        if !self.homes.contains_key(&name) {
            return;
        }
        let (place, on_the_road) = mission.left_at(now, &mut self.roads);
        if let Some(place) = place {
            self.points.insert(unit, place);
            if on_the_road && self.tells_positions().is_some() {
                self.note(now, Entry::Here(name.clone(), place));
            }
        }
        self.go_home(now, unit, name, on_the_road, &mut random);
    }

    /// When crews say where they are; `None`: never.
    fn tells_positions(&self) -> Option<Positions> {
        match self.behaviour {
            Behaviour::Standard => None,
            Behaviour::Field { positions } => Some(positions).filter(|&it| it != Positions::Never),
        }
    }

    /// A crew that is free sets off for its post once it is seen that nothing else is to be done at this time.
    fn go_home(
        &mut self,
        now: Moment,
        unit: UnitId,
        name: String,
        on_the_road: bool,
        random: &mut Random,
    ) {
        let known = self.homes.contains_key(&name) && self.points.contains_key(&unit);
        if known && self.tells_positions().is_some() {
            let percent = random.between(TRAVEL_PERCENT.0, TRAVEL_PERCENT.1);
            let key = self.note(now, Entry::Homeward(unit));
            let ready = Leg::Ready {
                name,
                percent,
                on_the_road,
            };
            self.homeward.insert(unit, (ready, key));
        }
    }

    /// A crew sets off for its post, if it is elsewhere.
    fn set_off_home(&mut self, now: Moment, unit: UnitId, name: String, percent: i64) {
        let (Some(home), Some(&from)) = (self.homes.get(&name), self.points.get(&unit)) else {
            return;
        };
        if from == home.post || home.speed_mm_s == 0 {
            return;
        }
        let pace = match self.tells_positions() {
            Some(Positions::Every(pace)) => Some(pace).filter(|pace| pace.0 > 0),
            Some(Positions::OnArrival | Positions::Never) | None => None,
        };
        let ends = (from, *home);
        let (homeward, first) = Homeward::new(name, ends, now, percent, pace, &mut self.roads);
        let key = self.note(first, Entry::Homeward(unit));
        self.homeward.insert(unit, (Leg::Driving(homeward), key));
    }

    /// Nobody acknowledged, and the next on the ladder is told.
    pub fn ladder_climbed(
        &mut self,
        now: Moment,
        order: OrderId,
        rung: Rung,
        next_due: Option<Moment>,
    ) {
        let Some((mission, key)) = self.missions.get_mut(&order) else {
            return;
        };
        let Some(due) = mission.woken(now, rung, next_due) else {
            return;
        };
        if let Some(key) = key.take() {
            self.agenda.remove(&key);
        }
        self.serial += 1;
        *key = Some((due, self.serial));
        self.agenda
            .insert((due, self.serial), Entry::Mission(order));
    }

    /// The next act that is due by now; call until there is none.
    pub fn poll(&mut self, now: Moment) -> Option<Act> {
        loop {
            let entry = self.agenda.first_entry()?;
            let (at, _) = *entry.key();
            if at > now {
                return None;
            }
            let order = match entry.remove() {
                Entry::Mission(order) => order,
                Entry::Here(unit, point) => return Some(Act::Position { unit, point }),
                // Who was sent somewhere meanwhile is there again already.
                Entry::Again(unit, _) if self.is_out(unit) => continue,
                Entry::Again(unit, name) => {
                    let mut random = Random::stream(self.seed, unit.bits() ^ at.0.unsigned_abs());
                    self.go_home(at, unit, name.clone(), false, &mut random);
                    return Some(Act::Return { unit: name });
                }
                Entry::Homeward(unit) => match self.drive_home(at, unit) {
                    Some(act) => return Some(act),
                    None => continue,
                },
            };
            if let Some(act) = self.step(at, order) {
                return Some(act);
            }
        }
    }

    /// Whether a crew has an order.
    fn is_out(&self, unit: UnitId) -> bool {
        let mut missions = self.missions.values();
        missions.any(|(mission, _)| mission.unit().0 == unit)
    }

    /// A crew sets off for home, or says where it is on its way there.
    fn drive_home(&mut self, at: Moment, unit: UnitId) -> Option<Act> {
        let (leg, _) = self.homeward.remove(&unit)?;
        let mut homeward = match leg {
            Leg::Driving(homeward) => homeward,
            Leg::Ready { name, percent, .. } => {
                self.set_off_home(at, unit, name, percent);
                return None;
            }
        };
        let place = homeward.place(at, &mut self.roads);
        let name = homeward.name().to_string();
        if let Some(next) = homeward.next(at) {
            let key = self.note(next, Entry::Homeward(unit));
            self.homeward.insert(unit, (Leg::Driving(homeward), key));
        }
        let point = place?;
        self.points.insert(unit, point);
        Some(Act::Position { unit: name, point })
    }

    /// Does the next step of one order.
    fn step(&mut self, at: Moment, order: OrderId) -> Option<Act> {
        let (mission, _) = self.missions.get_mut(&order)?;
        let (act, next) = mission.step(at, order, &mut self.roads);
        if let Some(Act::Position { point, .. }) = &act {
            self.points.insert(mission.unit().0, *point);
        }
        let key = match next {
            Next::At(due) => Some(self.note(due, Entry::Mission(order))),
            Next::Wait => None,
        };
        if let Some((_, slot)) = self.missions.get_mut(&order) {
            *slot = key;
        }
        act
    }

    fn note(&mut self, at: Moment, entry: Entry) -> (Moment, u64) {
        self.serial += 1;
        self.agenda.insert((at, self.serial), entry);
        (at, self.serial)
    }
}

#[cfg(test)]
mod tests;
