//! A crew on its way home: free, on the road, and saying now and then where it is, so that the next order finds it half-way.

use super::way::{Roads, Way};
use engine::moment::{Moment, Span};
use engine::place::Point;
use engine::roads::network::Profile;

/// Where a unit belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its post.
    pub post: Point,
    /// How fast it is where there is no road, in millimetres a second; 0 for a desk, which never leaves it.
    pub speed_mm_s: u32,
}

/// How often a crew says where it is when nobody said how often.
const PACE: Span = Span::minutes(1);

/// How far a crew that is free has come.
#[derive(Clone, Debug)]
pub enum Leg {
    /// It has just ended its order; another may come at the same time, and then no way home is reckoned.
    Ready {
        /// Whose crew it is.
        name: String,
        /// How many hundredths of what its way is reckoned it will need.
        percent: i64,
        /// Its order ended while it was on its way: whatever comes next, it need not get ready.
        on_the_road: bool,
    },
    /// It is on the road.
    Driving(Homeward),
}

/// One crew on its way home.
#[derive(Clone, Debug)]
pub struct Homeward {
    name: String,
    from: Point,
    home: Home,
    /// Once somebody wants to know where it is.
    way: Option<Way>,
    began_at: Moment,
    needed: Span,
    pace: Span,
}

impl Homeward {
    /// A crew sets off now and needs so many hundredths of what its way is reckoned; when it first says where it is.
    pub fn new(
        name: String,
        (from, home): (Point, Home),
        now: Moment,
        percent: i64,
        pace: Option<Span>,
        roads: &mut Roads,
    ) -> (Homeward, Moment) {
        let whole = roads.time(Profile::Normal, from, home.post, home.speed_mm_s);
        let homeward = Homeward {
            name,
            from,
            home,
            way: None,
            // A way of no length still takes a moment.
            needed: Span((whole.0 * percent / 100).max(1)),
            began_at: now,
            pace: pace.unwrap_or(PACE),
        };
        let first = homeward.after(now);
        (homeward, first)
    }

    /// Whose crew it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    pub fn place(&mut self, now: Moment, roads: &mut Roads) -> Option<Point> {
        if now >= self.home_at() {
            return Some(self.home.post);
        }
        let (from, home) = (self.from, self.home);
        let way = self
            .way
            .get_or_insert_with(|| roads.way(Profile::Normal, from, home.post, home.speed_mm_s));
        way.at(self.began_at.until(now), self.needed)
    }

    /// When it says again where it is; nothing once it is at home.
    pub fn next(&self, now: Moment) -> Option<Moment> {
        (now < self.home_at()).then(|| self.after(now))
    }

    fn after(&self, now: Moment) -> Moment {
        (now + self.pace).min(self.home_at())
    }

    fn home_at(&self) -> Moment {
        self.began_at + self.needed
    }
}
