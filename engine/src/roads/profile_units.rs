//! The units under one profile's times: where each comes onto the hierarchy, and for each need that was asked for who is first where.
//!
//! All of it follows from the units as `nearest` has them and from the times of the last question.

use super::departures::Departures;
use super::firsts::{Below, First, Firsts, Work};
use super::hierarchy::Whose;
use super::labels::Cost;
use super::metric::{Metric, ProfileTimes};
use super::nearest::{Found, NEEDS_KEPT, Wanted};
use super::network::Profile;
use super::position::{Position, Positions};
use super::road_map::RoadMap;
use super::travel::{Entries, Exit, exits};
use std::sync::Arc;

/// How many needs it is kept for.
const NEEDS_MAX: usize = if cfg!(test) { 3 } else { NEEDS_KEPT };

/// A unit as it was last told.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoadUnit {
    pub positions: Positions,
    pub turnout_ms: u32,
    pub available: bool,
    pub capabilities: u64,
}

/// What a search needs beside the units; kept and used again, it allocates nothing.
#[derive(Debug, Default)]
pub struct SearchRoom {
    entries: Entries<u32>,
    bounds: Vec<Bound>,
    /// Who was shown already, and is out of the lists until the search ends.
    shown: Vec<u32>,
    work: Work,
}

impl SearchRoom {
    /// How much the last search had to do.
    pub fn work(&self) -> Work {
        self.work
    }
}

/// A rank at which it is not known who is first.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// Nobody is at the destination sooner over this rank.
    least: First,
    rank: u32,
    /// From the rank to the destination.
    down_ms: u32,
}

/// The units under one profile's times.
#[derive(Debug)]
pub(super) struct ProfileUnits {
    ground: Ground,
    needs: Vec<NeedUnits>,
    /// Questions so far.
    asked: u64,
}

/// What is the same for every need.
#[derive(Debug)]
struct Ground {
    profile: Profile,
    map: Arc<RoadMap>,
    times: Arc<ProfileTimes<u32>>,
    departures: Departures,
}

/// The units that have what is needed.
#[derive(Debug)]
struct NeedUnits {
    firsts: Firsts,
    /// Whether it is of the times in force; what is not asked for under them stays as it was.
    in_force: bool,
    /// At which question it was last asked for.
    asked: u64,
}

impl ProfileUnits {
    pub fn new(metric: &Metric, profile: Profile, units: &[RoadUnit]) -> ProfileUnits {
        let map = metric.map().clone();
        let departures = Departures::new(map.hierarchy().len(), units.len());
        let mut new = ProfileUnits {
            ground: Ground {
                profile,
                departures,
                times: metric.shared_profile(profile).clone(),
                map,
            },
            needs: Vec::with_capacity(NEEDS_MAX),
            asked: 0,
        };
        new.ground.list_all(units);
        new
    }

    /// Takes in these times, if they are not those in force.
    pub fn take(&mut self, metric: &Metric, units: &[RoadUnit]) {
        let ground = &mut self.ground;
        let times = metric.shared_profile(ground.profile);
        if Arc::ptr_eq(times, &ground.times) {
            return;
        }
        (ground.map, ground.times) = (metric.map().clone(), times.clone());
        ground.departures.clear();
        ground.list_all(units);
        self.needs.iter_mut().for_each(|need| need.in_force = false);
    }

    /// Takes in a unit that has changed.
    pub fn renew(&mut self, number: u32, unit: &RoadUnit) {
        let ProfileUnits { ground, needs, .. } = self;
        for need in needs.iter_mut().filter(|need| need.in_force) {
            need.firsts.leave_for_good(ground.below(), number);
        }
        ground.departures.unlist(number);
        ground.list(number, unit);
        for need in needs.iter_mut().filter(|need| need.in_force) {
            need.firsts.enter(ground.below(), number);
        }
    }

    /// Finds out a little ahead of the searches for such as this unit.
    pub fn catch_up(&mut self, unit: &RoadUnit) {
        let ProfileUnits { ground, needs, .. } = self;
        let fits = |need: &&mut NeedUnits| need.in_force && need.firsts.fits(unit.capabilities);
        for need in needs.iter_mut().filter(fits) {
            need.firsts.catch_up(ground.below());
        }
    }

    /// Shows the units that can do what is wanted in the order in which they are there, as long as whoever looks wants more.
    pub fn search(
        &mut self,
        units: &[RoadUnit],
        wanted: Wanted,
        room: &mut SearchRoom,
        mut wants_more: impl FnMut(Found) -> bool,
    ) {
        self.asked += 1;
        let ground = &mut self.ground;
        let firsts = NeedUnits::of(&mut self.needs, ground, wanted.need, self.asked);
        firsts.work = Work::default();
        room.entries
            .set(&ground.map, &ground.times, ground.profile, wanted.to);
        loop {
            let first = ground.first(firsts, units, room);
            if first == First::NOBODY {
                break;
            }
            let number = first.unit();
            let travel_ms = first.ms() - u64::from(units[number as usize].turnout_ms);
            // What takes so long is out of reach, though somebody who sets off later may not be.
            let in_reach = travel_ms < u64::from(u32::NEVER);
            let found = Found {
                total_ms: u32::try_from(first.ms()).unwrap_or(u32::MAX),
                unit: number,
                travel_ms: travel_ms as u32,
            };
            if in_reach && !wants_more(found) {
                break;
            }
            firsts.leave(ground.below(), number);
            ground.departures.unlist(number);
            room.shown.push(number);
        }
        room.work = firsts.work;
        for number in room.shown.drain(..) {
            ground.list(number, &units[number as usize]);
            firsts.enter(ground.below(), number);
        }
    }
}

impl NeedUnits {
    /// Who is first of those that can do so much, under the times in force.
    fn of<'a>(
        needs: &'a mut Vec<NeedUnits>,
        ground: &Ground,
        need: u64,
        asked: u64,
    ) -> &'a mut Firsts {
        let ranks = ground.map.hierarchy().len();
        let ready_least_ms = ground.departures.ready_least_ms();
        let known = needs.iter().position(|it| it.firsts.need() == need);
        let place = known.unwrap_or_else(|| {
            if needs.len() < NEEDS_MAX {
                needs.push(NeedUnits {
                    firsts: Firsts::new(ranks, ground.departures.units_max()),
                    in_force: false,
                    asked,
                });
                return needs.len() - 1;
            }
            let oldest = (0..needs.len()).min_by_key(|&place| needs[place].asked);
            let place = oldest.unwrap_or(0);
            needs[place].in_force = false;
            place
        });
        let it = &mut needs[place];
        it.asked = asked;
        if !it.in_force {
            it.firsts.begin(need, ready_least_ms);
            it.in_force = true;
        }
        &mut it.firsts
    }
}

impl Ground {
    fn below(&self) -> Below<'_> {
        Below {
            hierarchy: self.map.hierarchy(),
            times: &self.times,
            departures: &self.departures,
        }
    }

    /// Where a unit is; `None` when it is not on the map.
    fn position(&self, unit: &RoadUnit) -> Option<Position> {
        unit.positions.of(self.profile)
    }

    fn list_all(&mut self, units: &[RoadUnit]) {
        let units = (0..).zip(units);
        units.for_each(|(number, unit)| self.list(number, unit));
    }

    /// Lists a unit that is not listed, if it can be ordered.
    fn list(&mut self, number: u32, unit: &RoadUnit) {
        if let Some(position) = self.position(unit).filter(|_| unit.available) {
            let exits = exits(&self.map, &self.times, position);
            self.departures
                .list(number, &exits, unit.turnout_ms, unit.capabilities);
        }
    }

    /// Who is first at the destination.
    fn first(&self, firsts: &mut Firsts, units: &[RoadUnit], room: &mut SearchRoom) -> First {
        let SearchRoom {
            entries, bounds, ..
        } = room;
        let mut least = self.first_along(firsts, units, entries);
        bounds.clear();
        bounds.reserve(entries.as_slice().len() * self.map.hierarchy().longest());
        for pair in entries.as_slice().chunks(2) {
            least = self.look(firsts, pair[0], pair.get(1), least, bounds);
        }
        for bound in bounds.iter() {
            if bound.least < least {
                let limit = least.sooner(bound.down_ms);
                let first = firsts.settle(self.below(), bound.rank, limit);
                if !first.is_bound() {
                    least = least.min(first.later(bound.down_ms));
                }
            }
        }
        least
    }

    /// Who is first of those on the same segment, along it.
    fn first_along(&self, firsts: &Firsts, units: &[RoadUnit], entries: &Entries<u32>) -> First {
        let mut least = First::NOBODY;
        for end in entries.ends() {
            for (number, departure) in self.departures.at(end) {
                let unit = &units[number as usize];
                let position = self.position(unit);
                let Some(position) = position.filter(|_| firsts.fits(departure.capabilities))
                else {
                    continue;
                };
                let travel_ms = entries.along(&self.map, position);
                if travel_ms < u32::NEVER {
                    let first = First::new(u64::from(unit.turnout_ms), number).later(travel_ms);
                    least = least.min(first);
                }
            }
        }
        least
    }

    /// Who is first over the ancestors of an entry or two, as far as it is known; where it is not, and could matter, goes to `bounds`.
    fn look(
        &self,
        firsts: &Firsts,
        entry: Exit<u32>,
        second: Option<&Exit<u32>>,
        mut least: First,
        bounds: &mut Vec<Bound>,
    ) -> First {
        let hierarchy = self.map.hierarchy();
        let falling = |entry: &Exit<u32>| Falling {
            costs: self.times.labels().down(hierarchy, entry.rank),
            rest: entry.cost,
        };
        let mut first = falling(&entry);
        let mut other = second.map_or(first, falling);
        let second = second.map(|second| second.rank);
        for (run, whose) in hierarchy.ways_up(entry.rank, second) {
            let begin = run.start;
            let firsts = firsts.run(run).iter();
            let count = firsts.len();
            let mut look = |place: usize, first: &First, down_ms: u32| {
                let there = first.later(down_ms);
                if there < least && down_ms < u32::NEVER {
                    match there.is_bound() {
                        true => bounds.push(Bound {
                            least: there,
                            rank: (begin + place) as u32,
                            down_ms,
                        }),
                        false => least = there,
                    }
                }
            };
            match whose {
                Whose::First => {
                    let each = firsts.zip(first.next(count)).enumerate();
                    each.for_each(|(place, (first, down_ms))| look(place, first, down_ms));
                }
                Whose::Second => {
                    let each = firsts.zip(other.next(count)).enumerate();
                    each.for_each(|(place, (first, down_ms))| look(place, first, down_ms));
                }
                Whose::Both => {
                    let each = firsts.zip(first.next(count).zip(other.next(count)));
                    let each = each.enumerate();
                    each.for_each(|(place, (first, (a, b)))| look(place, first, a.min(b)));
                }
            }
        }
        least
    }
}

/// The way down to an entry, from each of its ancestors.
#[derive(Clone, Copy)]
struct Falling<'a> {
    /// What is left of the label, root first.
    costs: &'a [u32],
    /// From the entry to the destination.
    rest: u32,
}

impl<'a> Falling<'a> {
    /// From the next few; [`Cost::NEVER`] or more where there is no way.
    #[inline(always)]
    fn next(&mut self, count: usize) -> impl Iterator<Item = u32> + use<'a> {
        let (above, own) = self.costs.split_at(self.costs.len() - count);
        self.costs = above;
        let rest = self.rest;
        own.iter().rev().map(move |&down| down + rest)
    }
}
