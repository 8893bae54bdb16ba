//! How long each edge takes while a bulletin holds: the factors of the hour, roads that are closed, slow or under water.

use super::Manner;
use super::streets::Streets;
use engine::city::Polygon;
use engine::place::Point;
use engine::roads::bulletin::{Bulletin, Says, Stretch};
use engine::roads::network::{CLOSED_MS, Edge, Profile};

/// No edge takes longer, however slow it is: a day.
const SLOWEST_MS: u64 = 86_400_000;

/// How long each edge takes one manner of driving, `None` where it must not drive.
#[derive(Clone, Debug)]
pub struct Times {
    pub(super) manner: Manner,
    /// Of driving through.
    pub(super) through_ms: Vec<Option<u64>>,
    /// Of the whole edge, for whoever begins or ends on it: a closed road can be left, and be driven into.
    pub(super) own_ms: Vec<Option<u64>>,
}

impl Streets {
    /// How long the edges take while a bulletin holds.
    pub(super) fn times(&self, manner: Manner, bulletin: &Bulletin) -> Times {
        let edges = self.network.edges.iter();
        let (through_ms, own_ms) = edges
            .map(|edge| {
                let own_ms = self.own_ms(edge, manner, bulletin);
                let through_ms = own_ms.filter(|_| !self.is_closed(edge, bulletin));
                (through_ms, own_ms)
            })
            .unzip();
        Times {
            manner,
            through_ms,
            own_ms,
        }
    }

    /// The map's time × the factor of the hour × how slow the road is, rounded half up once.
    fn own_ms(&self, edge: &Edge, manner: Manner, bulletin: &Bulletin) -> Option<u64> {
        let map_ms = edge.time_ms[manner as usize];
        let profile = match manner {
            Manner::Normal => Profile::Normal,
            Manner::Siren => Profile::Siren,
        };
        let factor = bulletin.factors.of(profile, edge.class);
        let slow = bulletin.notices.iter().filter_map(|notice| {
            if let Says::Slow { roads, permille } = &notice.says {
                self.is_named(edge, roads).then_some(*permille)
            } else {
                None
            }
        });
        let slowest = slow.max().unwrap_or(1_000);
        let millionths = u128::from(map_ms) * u128::from(factor) * u128::from(slowest);
        let ms = (millionths + 500_000) / 1_000_000;
        (map_ms != CLOSED_MS).then(|| (ms as u64).min(SLOWEST_MS))
    }

    fn is_closed(&self, edge: &Edge, bulletin: &Bulletin) -> bool {
        bulletin.notices.iter().any(|notice| match &notice.says {
            Says::Closed(roads) => self.is_named(edge, roads),
            Says::Slow { .. } => false,
            Says::Flooded(area) => {
                let nodes = [edge.from, edge.to].map(|node| &self.network.nodes[node.0 as usize]);
                is_wet(area, nodes[0].point, nodes[1].point)
            }
        })
    }

    /// Whether an edge is among those that are named by the nodes at their ends.
    fn is_named(&self, edge: &Edge, roads: &[Stretch]) -> bool {
        let [from, to] = [edge.from, edge.to].map(|node| self.network.nodes[node.0 as usize].name);
        roads.contains(&Stretch { from, to })
    }
}

/// Whether a straight road lies in an area, with any of its points or those of the border.
fn is_wet(area: &Polygon, from: Point, to: Point) -> bool {
    let mut borders = area.rings().iter().flat_map(|ring| {
        let next = ring.iter().cycle().skip(1);
        ring.iter().zip(next)
    });
    let crosses = |(&one, &other): (&Point, &Point)| have_common_point((from, to), (one, other));
    // A road that meets no border is in the area with all of it or with nothing.
    borders.any(crosses) || is_inside(area, from)
}

/// Whether a point that lies on no border is inside: an odd number of borders lies east of it.
fn is_inside(area: &Polygon, point: Point) -> bool {
    let mut inside = false;
    for ring in area.rings() {
        for (one, other) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (low, high) = match one.lat_e7 <= other.lat_e7 {
                true => (one, other),
                false => (other, one),
            };
            let spans = low.lat_e7 <= point.lat_e7 && point.lat_e7 < high.lat_e7;
            inside ^= spans && side(*low, *high, point) > 0;
        }
    }
    inside
}

/// Whether two straight lines, ends included, have a point in common.
fn have_common_point(one: (Point, Point), other: (Point, Point)) -> bool {
    let between = |(a, b): (Point, Point), point: Point| {
        let lies = |a: i32, b: i32, at: i32| a.min(b) <= at && at <= a.max(b);
        side(a, b, point) == 0
            && lies(a.lat_e7, b.lat_e7, point.lat_e7)
            && lies(a.lon_e7, b.lon_e7, point.lon_e7)
    };
    let parts = |(a, b): (Point, Point), (c, d): (Point, Point)| side(a, b, c) * side(a, b, d) < 0;
    parts(one, other) && parts(other, one)
        || between(one, other.0)
        || between(one, other.1)
        || between(other, one.0)
        || between(other, one.1)
}

/// On which side of the line from one point to another a third lies: 1 left, -1 right, 0 on it.
fn side(from: Point, to: Point, point: Point) -> i128 {
    let way = |to: Point| {
        let north = i128::from(to.lat_e7) - i128::from(from.lat_e7);
        (i128::from(to.lon_e7) - i128::from(from.lon_e7), north)
    };
    let ((east, north), (point_east, point_north)) = (way(to), way(point));
    (east * point_north - north * point_east).signum()
}
