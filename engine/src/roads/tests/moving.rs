//! Nearest-k against brute force on the naive twin, with units moving, busy, freed, and roads closing.

use super::super::conditions::Conditions;
use super::super::generate::{self, generate};
use super::super::metric::Metric;
use super::super::nearest::{Found, FoundList, RoadUnits, SearchRoom, Wanted};
use super::super::network::{EdgeIndex, Profile};
use super::super::position::{Fraction, Position, Positions};
use super::super::road_map::RoadMap;
use super::super::travel::{Destination, exits};
use super::random::{Layout, networks};
use super::{Naive, conditions_of};
use crate::city::generate::random::Random;
use crate::dispatch::shortlist::{Listed, Shortlist};
use proptest::prelude::*;
use std::sync::Arc;

const UNITS: u32 = 12;

#[derive(Clone, Debug)]
enum Act {
    /// For each profile an edge and how far along it; `None`: far from every road that it can use.
    Place(u32, [Option<(u32, u32)>; 2]),
    Capabilities(u32, u64),
    Available(u32, bool),
    Turnout(u32, u32),
    Roads(Vec<u32>, Vec<(u32, u32)>),
    Nearest {
        edge: u32,
        along: u32,
        need: u64,
        most: usize,
        siren: bool,
        declined: u32,
    },
    /// What is added to each unit's time; nothing for whoever is left out.
    Cheapest {
        edge: u32,
        along: u32,
        need: u64,
        siren: bool,
        extra: Vec<Option<u32>>,
        most: usize,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let along = prop_oneof![Just(0u32), Just(1 << 20), 0u32..=1 << 20];
    let slow = prop::collection::vec((any::<u32>(), 500u32..4_000), 0..3);
    let nearest = (
        any::<u32>(),
        along.clone(),
        0u64..8,
        1usize..5,
        any::<bool>(),
        0..UNITS,
    );
    let extra = prop_oneof![
        3 => Just(Some(0)),
        6 => (0u32..60_000).prop_map(Some),
        1 => Just(None),
        1 => Just(Some(u32::MAX)),
    ];
    let extra = prop::collection::vec(extra, UNITS as usize);
    let cheapest = (
        any::<u32>(),
        along.clone(),
        0u64..8,
        any::<bool>(),
        extra,
        1usize..6,
    );
    let spot = (any::<u32>(), along);
    let spots = prop_oneof![
        6 => spot.clone().prop_map(|spot| [Some(spot); 2]),
        1 => Just([None; 2]),
        2 => [prop::option::of(spot.clone()), prop::option::of(spot)],
    ];
    let act = prop_oneof![
        9 => (0..UNITS, spots).prop_map(|(unit, spots)| Act::Place(unit, spots)),
        3 => (0..UNITS, 0u64..8).prop_map(|(unit, set)| Act::Capabilities(unit, set)),
        5 => (0..UNITS, prop::bool::weighted(0.7)).prop_map(|(unit, yes)| Act::Available(unit, yes)),
        1 => (0..UNITS, 0u32..20_000).prop_map(|(unit, ms)| Act::Turnout(unit, ms)),
        1 => (prop::collection::vec(any::<u32>(), 0..4), slow).prop_map(|(closed, slow)| Act::Roads(closed, slow)),
        6 => nearest.prop_map(|(edge, along, need, most, siren, declined)| {
            Act::Nearest { edge, along, need, most, siren, declined }
        }),
        6 => cheapest.prop_map(|(edge, along, need, siren, extra, most)| {
            Act::Cheapest { edge, along, need, siren, extra, most }
        }),
    ];
    prop::collection::vec(act, 1..60)
}

/// A unit as the naive twin keeps it.
#[derive(Clone, Copy, Default)]
struct Plain {
    positions: Positions,
    capabilities: u64,
    available: bool,
    turnout_ms: u32,
}

fn turnout_ms(unit: u32) -> u32 {
    unit % 3 * 5_000
}

/// All of them, asked one by one.
fn brute(
    naive: &Naive<'_>,
    profile: Profile,
    plain: &[Plain],
    to: Position,
    need: u64,
    most: usize,
    declined: u32,
) -> Vec<Found> {
    let mut found: Vec<Found> = (0..)
        .zip(plain)
        .filter(|(unit, it)| *unit != declined && it.available && it.capabilities & need == need)
        .filter_map(|(unit, it)| {
            let from = it.positions.of(profile)?;
            let travel_ms = naive.to(&naive.from(from), from, to)?;
            Some(Found {
                total_ms: travel_ms + it.turnout_ms,
                unit,
                travel_ms,
            })
        })
        .collect();
    found.sort_unstable();
    found.truncate(most);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_nearest_are_those_of_brute_force(network in networks(Layout::SMALL), acts in acts()) {
        let edges = network.edges.len() as u32;
        prop_assume!(edges > 0);
        let map = Arc::new(RoadMap::build(network).unwrap());
        let position = |edge: u32, along| Position { edge: EdgeIndex(edge % edges), along: Fraction::new(along) };
        let mut conditions = Conditions::default();
        let mut metric = Metric::new(map.clone(), &conditions);
        let mut units = RoadUnits::new(UNITS);
        units.set_turnouts((0..UNITS).map(turnout_ms));
        let mut plain = [Plain::default(); UNITS as usize];
        (0..).zip(&mut plain).for_each(|(unit, it)| it.turnout_ms = turnout_ms(unit));
        let (mut room, mut list) = (SearchRoom::default(), Shortlist::new());
        for act in acts {
            match act {
                Act::Place(unit, spots) => {
                    let positions = Positions::new(spots.map(|spot| spot.map(|(edge, along)| position(edge, along))));
                    units.place(unit, positions);
                    plain[unit as usize].positions = positions;
                }
                Act::Capabilities(unit, set) => {
                    units.set_capabilities(unit, set);
                    plain[unit as usize].capabilities = set;
                }
                Act::Available(unit, yes) => {
                    units.set_available(unit, yes);
                    plain[unit as usize].available = yes;
                }
                Act::Turnout(unit, ms) => {
                    units.set_turnout(unit, ms);
                    plain[unit as usize].turnout_ms = ms;
                }
                Act::Roads(closed, slow) => {
                    conditions = conditions_of(&map, &closed, &slow);
                    metric = Metric::new(map.clone(), &conditions);
                }
                Act::Nearest { edge, along, need, most, siren, declined } => {
                    let profile = if siren { Profile::Siren } else { Profile::Normal };
                    let to = position(edge, along);
                    let mut found = FoundList::new(most);
                    units.nearest(&metric, Wanted { profile, to, need }, &mut room, |unit| unit != declined, &mut found);
                    let naive = Naive::new(&map, &conditions, profile);
                    let theirs = brute(&naive, profile, &plain, to, need, most, declined);
                    prop_assert_eq!(found.as_slice(), &theirs[..]);
                }
                Act::Cheapest { edge, along, need, siren, extra, most } => {
                    let profile = if siren { Profile::Siren } else { Profile::Normal };
                    let to = position(edge, along);
                    let wanted = Wanted { profile, to, need };
                    list.begin(most);
                    units.shortlist(&metric, wanted, &mut room, |unit| extra[unit as usize], &mut list);
                    let naive = Naive::new(&map, &conditions, profile);
                    let all = brute(&naive, profile, &plain, to, need, usize::MAX, u32::MAX);
                    let sums = all.into_iter().filter_map(|it| {
                        let extra_ms = extra[it.unit as usize]?;
                        Some((it.total_ms.saturating_add(extra_ms), it))
                    });
                    let best = sums.take(most).min_by_key(|&(sum_ms, it)| (sum_ms, it.unit));
                    let found = list.best().map(|it| {
                        let Listed { total_ms, unit, sum_ms, travel_ms } = it;
                        (sum_ms, Found { total_ms, unit, travel_ms })
                    });
                    prop_assert_eq!(found, best);
                }
            }
        }
    }
}

/// A town of 3 000 nodes, and places in it.
struct Town {
    map: Arc<RoadMap>,
    random: Random,
}

impl Town {
    fn new() -> Town {
        let network = generate(generate::Layout::TOWN, 1).unwrap();
        Town {
            map: Arc::new(RoadMap::build(network).unwrap()),
            random: Random::new(1, "town"),
        }
    }

    fn place(&mut self) -> Position {
        let edges = self.map.network().edges.len() as u32;
        Position {
            edge: EdgeIndex(self.random.below(edges)),
            along: Fraction::new(self.random.below(1 << 20)),
        }
    }
}

/// In a town that is larger than the naive twin can walk: every unit is asked for its time by the labels, which that twin checks. Roads
/// close and open again, and a search has little to find out once the first have been.
#[test]
fn in_a_town_the_nearest_are_those_of_all_and_cost_little_to_find() {
    const COUNT: u32 = 400;
    let mut town = Town::new();
    let map = town.map.clone();
    let mut place = || town.place();
    let closed = conditions_of(&map, &[5, 900, 1_700], &[]);
    let metrics =
        [Conditions::default(), closed].map(|conditions| Metric::new(map.clone(), &conditions));
    let mut units = RoadUnits::new(COUNT);
    units.set_turnouts((0..COUNT).map(turnout_ms));
    let mut positions: Vec<Position> = (0..COUNT).map(|_| place()).collect();
    for (unit, &position) in (0..).zip(&positions) {
        units.place(unit, Positions::of_all(position));
        units.set_capabilities(unit, 1 << (unit % 3));
        units.set_available(unit, unit % 5 != 4);
    }
    let (mut room, mut found) = (SearchRoom::default(), FoundList::new(3));
    let mut destination = Destination::default();
    let (mut settled, mut asked) = (0, 0);
    for step in 0..1_200_u32 {
        let unit = step * 7 % COUNT;
        positions[unit as usize] = place();
        units.place(unit, Positions::of_all(positions[unit as usize]));
        let metric = &metrics[(step / 400) as usize % 2];
        let (to, need) = (place(), 1 << (step % 3));
        let wanted = Wanted {
            profile: Profile::Siren,
            to,
            need,
        };
        units.nearest(metric, wanted, &mut room, |unit| unit % 11 != 0, &mut found);
        let times = metric.profile(Profile::Siren);
        destination.set(&map, times, Profile::Siren, to);
        let going =
            (0..COUNT).filter(|unit| unit % 3 == step % 3 && unit % 5 != 4 && unit % 11 != 0);
        let mut theirs: Vec<Found> = going
            .filter_map(|unit| {
                let from = positions[unit as usize];
                let travel_ms = destination.cost(&map, times, from, &exits(&map, times, from))?;
                let total_ms = travel_ms + turnout_ms(unit);
                Some(Found {
                    total_ms,
                    unit,
                    travel_ms,
                })
            })
            .collect();
        theirs.sort_unstable();
        theirs.truncate(3);
        assert_eq!(found.as_slice(), &theirs[..], "step {step}");
        if step % 400 >= 200 {
            settled += room.work().settled;
            asked += 1;
        }
    }
    assert!(
        settled <= 60 * asked,
        "{settled} ranks settled in {asked} searches"
    );
}

/// Moves find out who is first everywhere, though hardly anybody asks.
#[test]
fn what_nobody_asks_for_is_known_when_somebody_does() {
    const COUNT: u32 = 200;
    const MOVES: u32 = 100_000;
    let mut town = Town::new();
    let metric = Metric::new(town.map.clone(), &Conditions::default());
    let mut place = || town.place();
    let mut units = RoadUnits::new(COUNT);
    for unit in 0..COUNT {
        units.place(unit, Positions::of_all(place()));
        units.set_capabilities(unit, 1);
        units.set_available(unit, true);
    }
    let (mut room, mut found) = (SearchRoom::default(), FoundList::new(1));
    let mut ask = |units: &mut RoadUnits, to| {
        let wanted = Wanted {
            profile: Profile::Siren,
            to,
            need: 1,
        };
        units.nearest(&metric, wanted, &mut room, |_| true, &mut found);
        room.work().settled
    };
    assert!(ask(&mut units, place()) > 0, "new times");
    for step in 0..MOVES {
        units.place(step % COUNT, Positions::of_all(place()));
    }
    let settled: u32 = (0..200).map(|_| ask(&mut units, place())).sum();
    assert!(settled < 200, "{settled} ranks settled in 200 searches");
}
