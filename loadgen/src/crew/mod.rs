//! Crews in the field, sans-IO: told what a centre announces, they say what they do and when.
//!
//! Deterministic: the same orders under the same seed at the same times give the same acts. They know no clock and
//! no socket; the caller asks [`Crews::next_due`], waits as it likes, and takes acts from [`Crews::poll`]. Next:
//! [`manner`] for who obeys and who does not, [`mission`] for what one order makes a crew do.

pub mod manner;
pub mod mission;

use engine::id::{OrderId, UnitId};
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::order::{OrderAct, OrderState, Rung};
use engine::place::Point;
use manner::{Manner, Manners};
use mission::{Mission, Next};
use std::collections::BTreeMap;

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
    Return(String),
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

/// All crews of a centre.
#[derive(Clone, Debug)]
pub struct Crews {
    behaviour: Behaviour,
    manners: Manners,
    seed: u64,
    missions: BTreeMap<OrderId, (Mission, Option<(Moment, u64)>)>,
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
            missions: BTreeMap::new(),
            agenda: BTreeMap::new(),
            serial: 0,
            points: BTreeMap::new(),
            counts: Counts::default(),
        }
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

    /// An order was issued. The same order told again changes nothing.
    pub fn order_issued(&mut self, now: Moment, told: &Told<'_>) {
        if self.missions.contains_key(&told.order) {
            return;
        }
        let manner = match self.behaviour {
            Behaviour::Standard => Manner::Obey,
            Behaviour::Field { .. } if told.desk => Manner::Obey,
            Behaviour::Field { .. } => self.manners.next(),
        };
        let count = match manner {
            Manner::Obey => &mut self.counts.obeyed,
            Manner::Late => &mut self.counts.late,
            Manner::Decline => &mut self.counts.declined,
            Manner::Silent => &mut self.counts.silent,
        };
        *count += 1;
        let from = self.points.get(&told.unit).copied();
        let (mission, due) = Mission::new(told, now, manner, self.behaviour, from, self.seed);
        let key = self.note(due, Entry::Mission(told.order));
        self.missions.insert(told.order, (mission, Some(key)));
    }

    /// An order stands elsewhere. One that has ended is dropped, whatever the crew was about to do.
    pub fn order_moved(&mut self, now: Moment, order: OrderId, to: OrderState) {
        if to.is_open() {
            return;
        }
        let Some((mission, key)) = self.missions.remove(&order) else {
            return;
        };
        if let Some(key) = key {
            self.agenda.remove(&key);
        }
        if mission.manner() == Manner::Silent && to != OrderState::Finished {
            let mut random = mission.random();
            let back = now + Span(random.between(AWAY_MS.0, AWAY_MS.1));
            let (_, name) = mission.unit();
            self.note(back, Entry::Return(name.to_string()));
        }
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
                Entry::Return(unit) => return Some(Act::Return { unit }),
            };
            if let Some(act) = self.step(at, order) {
                return Some(act);
            }
        }
    }

    /// Does the next step of one order.
    fn step(&mut self, at: Moment, order: OrderId) -> Option<Act> {
        let (mission, _) = self.missions.get_mut(&order)?;
        let (act, next) = mission.step(at, order);
        if let Some(Act::Position { point, .. }) = &act {
            self.points.insert(mission.unit().0, *point);
        }
        let key = match next {
            Next::At(due) => Some(self.note(due, Entry::Mission(order))),
            Next::Wait => None,
            Next::Done => {
                self.missions.remove(&order);
                return act;
            }
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
