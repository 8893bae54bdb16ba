//! The way that a crew drives: through which places, and when it is where.
//!
//! On a map the way is the map's own quickest: from each crossing the road is taken from which the least is left, as the labels
//! of the map tell it. A turn that is banned may be cut so, which moves a point of the way and never its length: that is the
//! map's. Without a map, and far from every road, it is the straight line. Knows no clock; next: [`super::homeward`].

use engine::dispatch::travel::{StraightLine, Travel};
use engine::moment::Span;
use engine::place::Point;
use engine::place::projection::Projection;
use engine::roads::atlas::Atlas;
use engine::roads::labels::Cost;
use engine::roads::metric::ProfileTimes;
use engine::roads::network::{NodeIndex, Profile};
use engine::roads::position::{Fraction, Position};
use engine::roads::road_map::RoadMap;
use engine::roads::travel::{Destination, exits};
use std::sync::Arc;

/// Road over straight line, in thousandths, where nobody says otherwise: the default plan's.
const DETOUR_PERMILLE: u32 = 1_300;

/// A way, as places and the times from its beginning at which one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// At least its two ends; times never fall.
    places: Vec<(Point, i64)>,
    whole: Span,
}

impl Way {
    /// The straight line.
    pub fn straight(from: Point, to: Point, whole: Span) -> Way {
        let whole = Span(whole.0.max(0));
        Way {
            places: vec![(from, 0), (to, whole.0)],
            whole,
        }
    }

    /// How long it is reckoned to take.
    pub fn whole(&self) -> Span {
        self.whole
    }

    /// Where somebody is who has driven so long and needs so long for all of it.
    pub fn at(&self, gone: Span, needed: Span) -> Option<Point> {
        let last = self.places.last()?;
        if gone.0 >= needed.0 {
            return Some(last.0);
        }
        // Whoever is slower than was reckoned is slower everywhere.
        let reckoned = i128::from(gone.0.max(0)) * i128::from(last.1) / i128::from(needed.0.max(1));
        let reckoned = reckoned as i64;
        let behind = self.places.partition_point(|&(_, at)| at <= reckoned);
        let before = self.places.get(behind.checked_sub(1)?)?;
        let Some(next) = self.places.get(behind) else {
            return Some(last.0);
        };
        Some(between(
            before.0,
            next.0,
            reckoned - before.1,
            next.1 - before.1,
        ))
    }
}

/// The point on the straight line from one to another, so far of the whole.
fn between(from: Point, to: Point, gone: i64, whole: i64) -> Point {
    let along = |from: i32, to: i32| {
        let way = i64::from(to) - i64::from(from);
        (i64::from(from) + (i128::from(way) * i128::from(gone) / i128::from(whole.max(1))) as i64)
            as i32
    };
    Point {
        lat_e7: along(from.lat_e7, to.lat_e7),
        lon_e7: along(from.lon_e7, to.lon_e7),
    }
}

/// What crews know of the roads.
#[derive(Clone, Debug)]
pub struct Roads {
    atlas: Option<Arc<Atlas>>,
    detour_permille: u32,
    room: Destination<u32>,
}

impl Default for Roads {
    /// No map.
    fn default() -> Roads {
        Roads {
            atlas: None,
            detour_permille: DETOUR_PERMILLE,
            room: Destination::default(),
        }
    }
}

impl Roads {
    /// A map with the times that hold now, and what a straight line is taken for where it says nothing.
    pub fn learn(&mut self, atlas: Option<Arc<Atlas>>, detour_permille: u32) {
        self.atlas = atlas;
        self.detour_permille = detour_permille;
    }

    /// The way from one place to another; at this speed, in millimetres a second, where there is no road.
    pub fn way(&mut self, profile: Profile, from: Point, to: Point, speed_mm_s: u32) -> Way {
        if let Some(atlas) = self.atlas.clone()
            && let Some(way) = self.by_road(&atlas, profile, from, to)
        {
            return way;
        }
        Way::straight(from, to, self.straight(from, to, speed_mm_s))
    }

    /// How long that way is reckoned to take, without finding it.
    pub fn time(&mut self, profile: Profile, from: Point, to: Point, speed_mm_s: u32) -> Span {
        let by_road = self.atlas.clone().and_then(|atlas| {
            let (start, end) = ends(&atlas, profile, from, to)?;
            atlas.time_ms(profile, start, end, &mut self.room)
        });
        by_road.map_or_else(|| self.straight(from, to, speed_mm_s), |ms| Span(ms.into()))
    }

    fn straight(&self, from: Point, to: Point, speed_mm_s: u32) -> Span {
        let plane = Projection::new(from);
        let straight = StraightLine {
            detour_permille: self.detour_permille,
        };
        let whole_ms = straight.time_ms(plane.plane(from), plane.plane(to), speed_mm_s);
        Span(whole_ms.into())
    }

    fn by_road(&mut self, atlas: &Atlas, profile: Profile, from: Point, to: Point) -> Option<Way> {
        let (start, end) = ends(atlas, profile, from, to)?;
        let (map, times) = (&**atlas.metric().map(), atlas.metric().profile(profile));
        self.room.set(map, times, profile, end);
        let walk = Walk {
            map,
            times,
            end,
            room: &self.room,
        };
        let whole = walk.left(start)?;
        let mut places = vec![(from, 0)];
        walk.walk(start, whole, &mut places);
        let gone = places.last().map_or(0, |&(_, at)| at);
        let whole = i64::from(whole);
        places.push((to, whole.max(gone)));
        Some(Way {
            places,
            whole: Span(whole),
        })
    }
}

/// Both ends of a way on the roads; nothing where one is far from every road that the profile can use.
fn ends(atlas: &Atlas, profile: Profile, from: Point, to: Point) -> Option<(Position, Position)> {
    let on_road = |point| atlas.position(profile, point);
    on_road(from).zip(on_road(to))
}

/// One way, from crossing to crossing.
struct Walk<'a> {
    map: &'a RoadMap,
    times: &'a ProfileTimes<u32>,
    end: Position,
    room: &'a Destination<u32>,
}

impl Walk<'_> {
    /// What is left from a position.
    fn left(&self, position: Position) -> Option<u32> {
        let exits = exits(self.map, self.times, position);
        self.room.cost(self.map, self.times, position, &exits)
    }

    /// What is left from the end of an edge.
    fn left_after(&self, edge: engine::roads::network::EdgeIndex) -> Option<u32> {
        self.left(Position {
            edge,
            along: Fraction::END,
        })
    }

    /// Notes each crossing until the end's own edge.
    fn walk(&self, start: Position, whole: u32, places: &mut Vec<(Point, i64)>) {
        let (mut node, mut gone) = match self.map.node_at(start) {
            Some(node) => (node, 0),
            None => match self.come_off(start, whole) {
                Some((node, cost)) => {
                    places.push((self.point(node), cost.into()));
                    (node, i64::from(cost))
                }
                None => return,
            },
        };
        // What is left falls with each edge that takes any time; those that take none are bounded by the number of nodes.
        for _ in 0..self.map.network().nodes.len() {
            let Some((next, cost)) = self.onward(node) else {
                return;
            };
            node = next;
            gone += i64::from(cost);
            places.push((self.point(node), gone));
        }
    }

    fn point(&self, node: NodeIndex) -> Point {
        self.map.network().nodes[node.0 as usize].point
    }

    /// The end of the own edge by which one comes off it; none when the end is on it and reached along it.
    fn come_off(&self, start: Position, whole: u32) -> Option<(NodeIndex, u32)> {
        let sides = self.times.sides(start.edge);
        let both = [(sides.there, start.along), (sides.back, start.along.rest())];
        let open = both.into_iter().filter(|(side, _)| side.whole < u32::NEVER);
        let ends = open.filter_map(|(side, along)| {
            let cost = side.whole.less(side.whole.part(along));
            let left = self.left_after(side.edge)?;
            let node = self.map.edge(side.edge).to;
            Some((cost.plus(left), node, cost))
        });
        let (over, node, cost) = ends.min_by_key(|&(over, _, _)| over)?;
        (over <= whole).then_some((node, cost))
    }

    /// The next crossing of the quickest way from one; none where the end comes first.
    fn onward(&self, node: NodeIndex) -> Option<(NodeIndex, u32)> {
        if self.map.node_at(self.end) == Some(node) {
            return None;
        }
        let end = self.map.edge(self.end.edge);
        let edges = &self.map.network().edges;
        let first = edges.partition_point(|edge| edge.from < node);
        let mut best: Option<(u32, NodeIndex, u32)> = None;
        let mut arrival = u32::NEVER;
        let index = (first..).map(|index| engine::roads::network::EdgeIndex(index as u32));
        for (index, edge) in index.zip(&edges[first..]) {
            if edge.from != node {
                break;
            }
            let cost = self.times.sides(index).there.whole;
            if cost >= u32::NEVER {
                continue;
            }
            if (edge.from, edge.to) == (end.from, end.to) {
                arrival = arrival.min(cost.part(self.end.along));
            } else if (edge.from, edge.to) == (end.to, end.from) {
                arrival = arrival.min(cost.part(self.end.along.rest()));
            }
            let Some(left) = self.left_after(index) else {
                continue;
            };
            let over = cost.plus(left);
            if best.is_none_or(|(least, _, _)| over < least) {
                best = Some((over, edge.to, cost));
            }
        }
        let (over, next, cost) = best?;
        (over < arrival).then_some((next, cost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::ObjectHash;

    fn point(lat_e7: i32, lon_e7: i32) -> Point {
        Point { lat_e7, lon_e7 }
    }

    #[test]
    fn on_a_straight_line_half_the_time_is_half_the_way() {
        let way = Way::straight(point(0, 0), point(1_000, -2_000), Span(60));
        assert_eq!(way.at(Span(30), Span(60)), Some(point(500, -1_000)));
        // Whoever needs twice as long is half as far.
        assert_eq!(way.at(Span(30), Span(120)), Some(point(250, -500)));
        assert_eq!(way.at(Span(-5), Span(60)), Some(point(0, 0)));
        assert_eq!(way.at(Span(61), Span(60)), Some(point(1_000, -2_000)));
        let none = Way::straight(point(7, 7), point(7, 7), Span(0));
        assert_eq!(none.at(Span(0), Span(0)), Some(point(7, 7)));
    }

    /// Every part of the way is as long as the map says, and each place lies on a road.
    #[test]
    fn a_way_on_a_map_goes_along_its_roads_in_its_time() {
        let bytes = engine::city::generate::roads::map(1).unwrap();
        let atlas = Arc::new(Atlas::read(ObjectHash::of(&bytes), &bytes).unwrap());
        let city = engine::city::generate(1, None).unwrap();
        let mut roads = Roads::default();
        roads.learn(Some(Arc::clone(&atlas)), 1_300);
        let mut room = Destination::default();
        let (mut long, mut off_line) = (0, 0);
        let posts: Vec<Point> = city.posts.iter().map(|post| post.point).collect();
        for (&from, &to) in posts.iter().zip(posts.iter().skip(7)) {
            let (Some(start), Some(end)) = (
                atlas.position(Profile::Normal, from),
                atlas.position(Profile::Normal, to),
            ) else {
                continue;
            };
            let reckoned = atlas
                .time_ms(Profile::Normal, start, end, &mut room)
                .unwrap();
            let way = roads.way(Profile::Normal, from, to, 10_000);
            assert_eq!(way.whole(), Span(reckoned.into()));
            let time = roads.time(Profile::Normal, from, to, 10_000);
            assert_eq!(time, way.whole());
            assert_eq!((way.places[0].0, way.places.last().unwrap().0), (from, to));
            assert!(way.places.is_sorted_by_key(|&(_, at)| at));
            for &(place, at) in &way.places[1..way.places.len() - 1] {
                let here = atlas.position(Profile::Normal, place).unwrap();
                let left = atlas
                    .time_ms(Profile::Normal, here, end, &mut room)
                    .unwrap();
                let whole = at + i64::from(left);
                assert!(
                    (whole - i64::from(reckoned)).abs() <= 2,
                    "{whole} {reckoned}"
                );
            }
            long += usize::from(way.places.len() > 10);
            let middle = way.at(Span(way.whole().0 / 2), way.whole()).unwrap();
            let straight = Way::straight(from, to, way.whole());
            off_line +=
                usize::from(straight.at(Span(way.whole().0 / 2), way.whole()) != Some(middle));
        }
        assert!(long > 10 && off_line > 10, "{long} {off_line}");
    }
}
