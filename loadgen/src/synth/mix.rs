//! Calls drawn from a profile, one hour after the other: as long a trace as is asked for, in the memory of its busiest hour.
//!
//! One happening is drawn after the other (what, where, when, how many see it), then each of its callers. What lags behind its
//! share of the calls so far is the likelier to come next, so that shares hold although some things are seen by many.

use super::calendar::{Calendar, HOUR_MS};
use super::phrase::Phrases;
use super::profile::{self, Lines, Profile};
use super::{caller, line, place, words};
use crate::ground::Ground;
use crate::random::Random;
use crate::trace::Row;
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::place::Point;
use std::collections::BTreeMap;

/// Whose place nobody knows (N4), of a thousand callers.
const NO_PLACE_PERMILLE: u64 = 40;
/// Who has said nothing yet when the call comes in.
const TEXT_LATER_PERMILLE: u64 = 15;
/// Whose call is silent, among the invalid.
const SILENT_PERMILLE: u64 = 350;
/// How long after the first another caller may ring about the same thing.
const ECHO_MS_MAX: i64 = 8 * 60_000;
/// How far apart callers stand who see the same thing.
const ECHO_M: i64 = 30;
/// When a carrier sends a call a second and a third time, after the first.
const RETRIES_MS: [(i64, i64); 2] = [(300, 900), (1_000, 2_000)];
/// A city's centre takes as many calls as so many of counties.
const CITY_CENTRE_WEIGHT: u64 = 5;

/// One thing that happens, which some people see.
struct Happening {
    kind: Kind,
    at: Moment,
    point: Point,
    place: String,
    centre: u64,
}

/// A row that waits for its time, and what it is about.
pub(super) struct Drawn {
    pub(super) kind: Kind,
    centre: u64,
    row: Row,
}

/// The calls of a profile, in the order of their times.
pub struct Mix<'a> {
    profile: Profile,
    seed: u64,
    ground: &'a Ground,
    phrases: Phrases,
    random: Random,
    calendar: Calendar,
    /// The calls of each hour that is still to come, the next one last.
    hours: Vec<u64>,
    hour: u64,
    /// Calls that this hour still owes; below 0 when the last happenings had more callers than were owed.
    owed: i64,
    /// Calls that are still to be drawn, over all hours.
    left: u64,
    /// By part, in millionths of a call: how many there should be so far less how many there are.
    behind: Vec<i64>,
    waiting: BTreeMap<(Moment, u64), Drawn>,
    serial: u64,
    keys: u64,
}

impl<'a> Mix<'a> {
    pub(super) fn new(
        profile: Profile,
        seed: u64,
        calls: u64,
        calendar: Calendar,
        ground: &'a Ground,
        phrases: Phrases,
    ) -> Mix<'a> {
        let scatter = calendar.scatter(calls, Random::stream(seed, 1));
        let mut hours: Vec<u64> = scatter.collect();
        hours.reverse();
        Mix {
            profile,
            seed,
            ground,
            phrases,
            random: Random::new(seed),
            calendar,
            hours,
            hour: 0,
            owed: 0,
            left: calls,
            behind: vec![0; profile.shares.len() + 1],
            waiting: BTreeMap::new(),
            serial: 0,
            keys: 0,
        }
    }

    /// When an hour begins.
    fn beginning(&self, hour: u64) -> Moment {
        let offset = Span::minutes(self.ground.utc_offset_min().into());
        self.profile.first_day + Span(hour as i64 * HOUR_MS) - offset
    }

    /// Draws the happenings of the next hour; `false` when there is none.
    fn next_hour(&mut self) -> bool {
        let Some(calls) = self.hours.pop() else {
            return false;
        };
        let weights: Vec<u64> = (0..self.behind.len())
            .map(|part| self.calendar.weight(self.hour, part))
            .collect();
        let all: u64 = weights.iter().sum();
        for (behind, weight) in self.behind.iter_mut().zip(weights) {
            let due = u128::from(calls) * 1_000_000 * u128::from(weight) / u128::from(all.max(1));
            *behind += due as i64;
        }
        self.owed += calls as i64;
        while self.owed > 0 && self.left > 0 {
            self.happening();
        }
        self.hour += 1;
        true
    }

    fn happening(&mut self) {
        let part = self.part();
        let kind = self.kind(part);
        let within = Span(self.random.below(HOUR_MS as u64) as i64);
        let happening = Happening {
            kind,
            at: self.beginning(self.hour) + within,
            point: self.ground.draw(&mut self.random),
            place: words::place(&mut self.random),
            centre: self.centre(),
        };
        let callers = self.callers(kind).min(self.left);
        self.left -= callers;
        self.owed -= callers as i64;
        self.behind[part] -= callers as i64 * 1_000_000;
        for caller in 0..callers {
            let row = self.call(&happening, caller > 0);
            let drawn = Drawn {
                kind,
                centre: happening.centre,
                row,
            };
            self.wait(drawn);
        }
    }

    fn wait(&mut self, drawn: Drawn) {
        self.serial += 1;
        self.waiting.insert((drawn.row.at, self.serial), drawn);
    }

    /// What the next happening is about: each part as likely as it lags behind.
    fn part(&mut self) -> usize {
        let behind = self.behind.iter().map(|&behind| behind.max(0) as u64);
        self.random.weighted(behind).unwrap_or(0)
    }

    fn kind(&mut self, part: usize) -> Kind {
        let share = part
            .checked_sub(1)
            .and_then(|share| self.profile.shares.get(share));
        let Some(share) = share else {
            return if self.random.chance(SILENT_PERMILLE) {
                Kind::Silent
            } else {
                Kind::Nuisance
            };
        };
        let weights = share.kinds.iter().map(|&(_, weight)| weight);
        let kind = self.random.weighted(weights).unwrap_or(0);
        share.kinds[kind].0
    }

    /// Which centre takes the calls about it, from 1; those of counties first.
    fn centre(&mut self) -> u64 {
        let Some((counties, cities)) = self.profile.centres else {
            return 0;
        };
        let drawn = self.random.below(counties + cities * CITY_CENTRE_WEIGHT);
        match drawn.checked_sub(counties) {
            None => drawn + 1,
            Some(beyond) => counties + beyond / CITY_CENTRE_WEIGHT + 1,
        }
    }

    /// How many call about it.
    fn callers(&mut self, kind: Kind) -> u64 {
        if !profile::is_public(kind) {
            return 1 + u64::from(self.random.chance(30));
        }
        match self.random.weighted([740, 150, 60, 35, 15].into_iter()) {
            Some(index @ 0..=2) => index as u64 + 1,
            Some(3) => 4 + self.random.below(3),
            Some(_) | None => 7 + self.random.below(6),
        }
    }

    fn call(&mut self, happening: &Happening, echo: bool) -> Row {
        let random = &mut self.random;
        let kind = happening.kind;
        let delay = if echo {
            random.between(5_000, ECHO_MS_MAX)
        } else {
            0
        };
        let point = if echo {
            self.ground.near(happening.point, ECHO_M, random)
        } else {
            happening.point
        };
        let said = self.phrases.say(kind, &happening.place, random);
        let valid = !matches!(kind, Kind::Silent | Kind::Nuisance);
        let later = valid && random.chance(TEXT_LATER_PERMILLE);
        let line = match self.profile.lines {
            Lines::Own => line(kind, random),
            Lines::One(line) => line,
        };
        let mut row = Row {
            caller: Some(caller(valid, random)),
            text: (!later).then_some(said.text),
            expect_agencies: (!later).then_some(said.agencies),
            ..Row::new(happening.at + Span(delay), String::new(), line)
        };
        if !random.chance(NO_PLACE_PERMILLE) {
            place(&mut row, point, random);
        }
        row
    }

    /// Gives the row its key; a carrier that repeats itself sends it again under the same.
    fn keyed(&mut self, mut drawn: Drawn) -> Drawn {
        if !drawn.row.key.is_empty() {
            return drawn;
        }
        self.keys += 1;
        let (name, seed, number) = (self.profile.name, self.seed, self.keys);
        drawn.row.key = match drawn.centre {
            0 => format!("{name}-{seed}-{number:07}"),
            centre => format!("{name}-{seed}-{centre:04}-{number:09}"),
        };
        if self.profile.retries {
            for (least, most) in RETRIES_MS {
                let after = Span(self.random.between(least, most));
                let again = Drawn {
                    kind: drawn.kind,
                    centre: drawn.centre,
                    row: Row {
                        at: drawn.row.at + after,
                        ..drawn.row.clone()
                    },
                };
                self.wait(again);
            }
        }
        drawn
    }

    /// The next call with what it is about.
    pub(super) fn draw(&mut self) -> Option<(Kind, Row)> {
        loop {
            // All that is before the hour that is still to be drawn is whole.
            let whole = self.beginning(self.hour);
            let ready = self.waiting.first_entry().filter(|first| {
                let (at, _) = *first.key();
                at < whole || self.hours.is_empty()
            });
            if let Some(first) = ready {
                let drawn = first.remove();
                let drawn = self.keyed(drawn);
                return Some((drawn.kind, drawn.row));
            }
            if !self.next_hour() {
                return None;
            }
        }
    }
}
