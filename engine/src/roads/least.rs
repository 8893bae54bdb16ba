//! A time that no way undercuts, from the straight line alone: what lets a search leave the far ones out.
//!
//! Let the *pace* of an edge be its time over the straight line between its ends. Lengths do not come into it, as some maps
//! have them shorter than that. No way is quicker than the straight line at the least pace; but on a map with motorways that is little, and one
//! odd edge makes it nothing. So edges are sorted into three grades, and for each place it is known how long it takes at
//! least from the end of any edge of the second grade or better, of the third, and to the beginning of one: so long, at both ends together
//! `B2` and `B3`, one travels on lesser grades, or all the way. With v1 ≤ v2 ≤ v3 the highest speeds of the grades, a way of time T thus covers at most
//!
//! ```text
//! v1·T + (v2 - v1)·max(0, T - B2) + (v3 - v2)·max(0, T - B3)
//! ```
//!
//! and the least T for a distance follows, piece by piece. Where the grades begin is a matter of speed alone: any choice is
//! admissible. Against the least pace of all edges alone, units asked for their exact time a question (median, 999 of 1 000; 10 000 units, 60 %
//! busy): a made-up metro 16 and 110, with grades 4 and 27; Auckland, whose harbours no straight line knows, 5 and 222, with grades 3 and 193.

use super::hierarchy::Hierarchy;
use super::labels::{Cost, Neighbours};
use super::network::EdgeIndex;
use super::road_map::RoadMap;

/// How far off the straight line between two positions may be, in decimetres: each coordinate of either is rounded down.
const PLANE_ERROR_DM: u32 = 3;
/// How far the time of a way may be below what is reckoned: at both ends a part of an edge is rounded, by half a millisecond each,
/// and the part at its end is in the time to the grades once more.
const PARTS_ERROR_MS: u64 = 2;
/// Fraction bits of a pace.
const PACE_BITS: u32 = 20;
/// A grade begins where the pace is below so many fifths of the median of the grade before.
const GRADE_FIFTHS: u64 = 4;
/// What times ahead are rounded down to.
const AHEAD_MS: u32 = 256;
/// No edge has it.
const NO_PACE: u64 = u64::MAX;

/// Milliseconds a decimetre, times 2^20, rounded down; `None` where there is no straight line.
fn pace(ms: u32, straight_dm: u32) -> Option<u64> {
    (u64::from(ms) << PACE_BITS).checked_div(u64::from(straight_dm))
}

/// Below which paces the second grade begins, and the third.
pub fn grades(times_ms: impl Iterator<Item = u32>, straights_dm: &[u32]) -> [u64; 2] {
    let open = times_ms
        .zip(straights_dm)
        .filter(|(ms, _)| *ms < u32::NEVER);
    let mut paces: Vec<u64> = open.filter_map(|(ms, &dm)| pace(ms, dm)).collect();
    let mut begins = [0; 2];
    for begin in &mut begins {
        if paces.is_empty() {
            break;
        }
        let middle = paces.len() / 2;
        let (_, &mut median, _) = paces.select_nth_unstable(middle);
        *begin = median * GRADE_FIFTHS / 5;
        paces.retain(|pace| pace < begin);
    }
    begins
}

/// The grades of one profile's edges under some conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paces {
    /// The least pace of the first grade, of the first and second, of all.
    least: [u64; 3],
    /// For each rank, the least time from the end of any edge of the second grade or better, and of the third.
    behind: Vec<[u32; 2]>,
    /// The grade of each edge, 0 to 2.
    grade: Vec<u8>,
    /// For each edge, the least time from any place on it, either way, to the beginning of any edge of the second grade or
    /// better, and of the third; rounded down to [`AHEAD_MS`], so that a search reads few bytes a unit.
    ahead: Vec<[u16; 2]>,
}

impl Paces {
    /// Of these times of whole edges.
    pub(super) fn new(
        map: &RoadMap,
        begins: [u64; 2],
        own: &[u32],
        neighbours: &Neighbours<u32>,
    ) -> Paces {
        let mut least = [NO_PACE; 3];
        let edges = own.iter().zip(map.straights_dm());
        let grade: Vec<u8> = edges
            .map(|(&ms, &dm)| {
                let Some(pace) = pace(ms, dm).filter(|_| ms < u32::NEVER) else {
                    return 0;
                };
                let grade = begins.iter().filter(|&&begin| pace < begin).count();
                least[grade] = least[grade].min(pace);
                grade as u8
            })
            .collect();
        least[1] = least[1].min(least[0]);
        least[2] = least[2].min(least[1]);
        let arcs_of = |from: u8| {
            let arcs = map.turns().arcs().iter();
            let grade = &grade;
            arcs.filter(move |arc| grade[arc.edge.0 as usize] >= from)
        };
        let (hierarchy, rank) = (map.hierarchy(), |state| map.hierarchy().rank(state));
        let [second, third] = [1, 2].map(|from| {
            let ends = arcs_of(from).map(|arc| rank(arc.head));
            from_any(hierarchy, ends, |place| {
                (neighbours.up(place), neighbours.down(place))
            })
        });
        let behind = second.into_iter().zip(third);
        let behind = behind.map(|(second, third)| [second, third]).collect();
        let ahead = [1, 2].map(|from| {
            let beginnings = arcs_of(from).map(|arc| rank(arc.tail));
            from_any(hierarchy, beginnings, |place| {
                (neighbours.down(place), neighbours.up(place))
            })
        });
        let ahead = edges_ahead(map, &grade, &ahead);
        Paces {
            least: least.map(|pace| if pace == NO_PACE { 0 } else { pace }),
            behind,
            grade,
            ahead,
        }
    }

    /// The least time from the end of any edge of the second grade or better to a rank, and of the third.
    pub(super) fn behind(&self, rank: u32) -> [u32; 2] {
        self.behind[rank as usize]
    }

    /// The grade of an edge, 0 to 2.
    pub(super) fn grade(&self, edge: EdgeIndex) -> u8 {
        self.grade[edge.0 as usize]
    }
}

/// See [`Paces::ahead`], from the same for ranks.
fn edges_ahead(map: &RoadMap, grade: &[u8], ahead: &[Vec<u32>; 2]) -> Vec<[u16; 2]> {
    let edges = (0..).map(EdgeIndex).zip(&map.network().edges);
    edges
        .map(|(index, edge)| {
            let beside = map.alongside(index).chain(map.opposite(index));
            let own = beside.map(|edge| grade[edge.0 as usize]).max().unwrap_or(0);
            // From within an edge one comes to one of its nodes first; the state at a node from which every edge goes is the best.
            let ends = [edge.from, edge.to].map(|node| map.hierarchy().rank(node.0) as usize);
            [0, 1].map(|grade: usize| {
                if usize::from(own) > grade {
                    return 0;
                }
                let least = ahead[grade][ends[0]].min(ahead[grade][ends[1]]);
                (least / AHEAD_MS).min(u32::from(u16::MAX)) as u16
            })
        })
        .collect()
}

/// The least cost from any of some ranks to each, or to any of them from each, as `costs` gives it up and down: up, then down.
fn from_any(
    hierarchy: &Hierarchy,
    ranks: impl Iterator<Item = u32>,
    costs: impl Fn(usize) -> (u32, u32),
) -> Vec<u32> {
    let mut least = vec![u32::NEVER; hierarchy.len() as usize];
    ranks.for_each(|rank| least[rank as usize] = 0);
    let uppers = hierarchy.uppers();
    for rank in 0..hierarchy.len() {
        let own = least[rank as usize];
        if own < u32::NEVER {
            for place in hierarchy.upper_range(rank) {
                let upper = &mut least[uppers[place] as usize];
                *upper = (*upper).min(own.plus(costs(place).0));
            }
        }
    }
    for rank in (0..hierarchy.len()).rev() {
        let mut own = least[rank as usize];
        for place in hierarchy.upper_range(rank) {
            own = own.min(least[uppers[place] as usize].plus(costs(place).1));
        }
        least[rank as usize] = own;
    }
    least
}

/// Least times to one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeastTime {
    /// How far one comes on the first grade alone, and then on the first and second, in decimetres.
    far_dm: [u64; 2],
    /// The time that this takes, in milliseconds.
    ms: [u64; 2],
    least: [u64; 3],
}

impl LeastTime {
    /// To a place that no edge of the second grade or better, and none of the third, ends nearer to than this in time.
    pub(super) fn new(paces: &Paces, behind: [u32; 2]) -> LeastTime {
        let second = u64::from(behind[0]);
        let third = u64::from(behind[1]).max(second);
        // At no pace one comes anywhere at once.
        let covered = |ms: u64, pace: u64| {
            (ms << PACE_BITS)
                .checked_div(pace)
                .map_or(u64::MAX / 4, |dm| dm + 1)
        };
        let first_dm = covered(second, paces.least[0]);
        LeastTime {
            far_dm: [first_dm, first_dm + covered(third - second, paces.least[1])],
            ms: [second, third],
            least: paces.least,
        }
    }

    /// The same from an edge: what is spent on lesser grades there comes on top.
    #[inline]
    pub(super) fn between(paces: &Paces, to: LeastTime, from: EdgeIndex) -> LeastTime {
        let ahead =
            paces.ahead[from.0 as usize].map(|ahead| u64::from(ahead) * u64::from(AHEAD_MS));
        let never = u64::from(u32::NEVER);
        LeastTime::new(
            paces,
            [0, 1].map(|grade: usize| (to.ms[grade] + ahead[grade]).min(never) as u32),
        )
    }

    /// How far away somebody can be who travels so long, in decimetres, or less.
    pub(super) fn reach_dm(&self, travel_ms: u32) -> u64 {
        // Twice one more: the parts' error, and what rounding down took.
        let ms = u64::from(travel_ms) + PARTS_ERROR_MS + 1;
        let covered = |ms: u64, pace: u64| {
            let dm = (ms << PACE_BITS).checked_div(pace);
            dm.map_or(u64::from(u32::MAX), |dm| dm + 1)
        };
        let dm = if ms < self.ms[0] {
            covered(ms, self.least[0])
        } else if ms < self.ms[1] {
            self.far_dm[0].saturating_add(covered(ms - self.ms[0], self.least[1]))
        } else {
            self.far_dm[1].saturating_add(covered(ms - self.ms[1], self.least[2]))
        };
        (dm + u64::from(PLANE_ERROR_DM) + 1).min(u64::from(u32::MAX))
    }

    /// A time that no way from a position so far away undercuts; never falls with the distance.
    #[inline]
    pub fn ms(&self, distance_dm: u32) -> u32 {
        let surely = u64::from(distance_dm.saturating_sub(PLANE_ERROR_DM));
        let at = |dm: u64, pace: u64| dm.saturating_mul(pace) >> PACE_BITS;
        let least = if surely <= self.far_dm[0] {
            // The distance at which a grade ends is rounded up; what it takes until there is not.
            at(surely, self.least[0]).min(self.ms[0])
        } else if surely <= self.far_dm[1] {
            (self.ms[0] + at(surely - self.far_dm[0], self.least[1])).min(self.ms[1])
        } else {
            self.ms[1] + at(surely - self.far_dm[1], self.least[2])
        };
        least
            .saturating_sub(PARTS_ERROR_MS)
            .min(u64::from(u32::NEVER)) as u32
    }
}
