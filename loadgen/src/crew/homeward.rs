//! A crew on its way home: free, on the road, and saying now and then where it is, so that the next order finds it half-way.

use super::way::Way;
use engine::moment::{Moment, Span};
use engine::place::Point;

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

/// One crew on its way home.
#[derive(Clone, Debug)]
pub struct Homeward {
    name: String,
    way: Way,
    began_at: Moment,
    needed: Span,
    pace: Span,
}

impl Homeward {
    /// A crew sets off now and needs so many hundredths of what its way is reckoned; when it first says where it is.
    pub fn new(
        name: String,
        way: Way,
        now: Moment,
        percent: i64,
        pace: Option<Span>,
    ) -> (Homeward, Moment) {
        let homeward = Homeward {
            name,
            // A way of no length still takes a moment.
            needed: Span((way.whole().0 * percent / 100).max(1)),
            way,
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
    pub fn place(&self, now: Moment) -> Option<Point> {
        self.way.at(self.began_at.until(now), self.needed)
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
