//! Incidents that a call may still join (N1), by kind and place: a second witness to whether the centre merged what is one event.
//!
//! Looked up at every answer, so it must not grow with the rate: places lie in squares as wide as the reach, a question reads the
//! nine around it, and what is too old or closed is dropped by whoever meets it.

use super::events::Heard;
use super::table::Table;
use engine::id::IncidentId;
use engine::kind::Kind;
use engine::moment::{Moment, Span};
use engine::place::Point;
use engine::place::projection::{Plane, Projection, distance_dm};
use std::collections::VecDeque;

/// Two calls of one kind so near in place and time are one event.
const REACH_DM: u32 = 800;
const REACH: Span = Span(10 * 60_000);

/// A call that told of an incident.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Moment,
    place: Plane,
    incident: IncidentId,
}

/// A square of the ground, for one kind.
type Square = (Kind, i32, i32);

/// What calls told, as long as others may join it.
#[derive(Debug, Default)]
pub struct Joinable {
    squares: Table<Square, VecDeque<Told>>,
    projection: Option<Projection>,
}

impl Joinable {
    /// Whether a call at this place could have joined an incident of its kind that is open.
    pub fn is_any(&mut self, kind: Kind, point: Point, at: Moment, heard: &Heard) -> bool {
        let place = self.place(point);
        let (x, y) = square(place);
        for east in -1..=1 {
            for north in -1..=1 {
                let key = (kind, x.saturating_add(east), y.saturating_add(north));
                let Some(told) = self.squares.get_mut(&key) else {
                    continue;
                };
                drop_old(told, at);
                told.retain(|known| !heard.incident(known.incident).closed);
                if told
                    .iter()
                    .any(|known| distance_dm(known.place, place) <= REACH_DM)
                {
                    return true;
                }
            }
        }
        false
    }

    /// Remembers what a call told.
    pub fn told(&mut self, kind: Kind, point: Point, at: Moment, incident: IncidentId) {
        let place = self.place(point);
        let (x, y) = square(place);
        let key = (kind, x, y);
        // Squares with nobody to join are given back.
        self.squares.sweep(&key, |_, told| {
            drop_old(told, at);
            !told.is_empty()
        });
        let told = self.squares.of(key);
        drop_old(told, at);
        told.push_back(Told {
            at,
            place,
            incident,
        });
    }

    fn place(&mut self, point: Point) -> Plane {
        self.projection
            .get_or_insert_with(|| Projection::new(point))
            .plane(point)
    }
}

fn square(place: Plane) -> (i32, i32) {
    let wide = REACH_DM as i32;
    (place.x_dm.div_euclid(wide), place.y_dm.div_euclid(wide))
}

/// Answers come nearly in the order of their calls, so the oldest is at the front.
fn drop_old(told: &mut VecDeque<Told>, now: Moment) {
    let oldest = now - REACH;
    while told.front().is_some_and(|known| known.at < oldest) {
        told.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::CentreId;
    use proptest::prelude::*;

    /// Metres to the north and east of the first place, roughly.
    fn at(north_m: i32, east_m: i32) -> Point {
        Point {
            lat_e7: 288_500_000 + north_m * 90,
            lon_e7: 1_207_300_000 + east_m * 103,
        }
    }

    proptest! {
        /// The squares find what a plain look at everything finds.
        #[test]
        fn what_is_near_is_found_whichever_square_it_lies_in(
            calls in prop::collection::vec((0_i64..900, -300_i32..300, -300_i32..300), 1..80),
        ) {
            let heard = Heard::default();
            let mut joinable = Joinable::default();
            let projection = Projection::new(at(calls[0].1, calls[0].2));
            let mut now = Moment(0);
            let mut all: Vec<(Moment, Plane)> = Vec::new();
            for (serial, (wait_s, north, east)) in (1..).zip(calls) {
                now = now + Span(wait_s * 100);
                let (point, place) = (at(north, east), projection.plane(at(north, east)));
                let near = all.iter().any(|&(then, other)| {
                    then >= now - REACH && distance_dm(place, other) <= REACH_DM
                });
                prop_assert_eq!(joinable.is_any(Kind::Fight, point, now, &heard), near);
                prop_assert!(!joinable.is_any(Kind::Stroke, point, now, &heard));
                joinable.told(Kind::Fight, point, now, IncidentId::new(CentreId(1), serial).unwrap());
                all.push((now, place));
            }
        }
    }

    #[test]
    fn what_is_over_is_given_back() {
        let mut joinable = Joinable::default();
        for serial in 1..100_000 {
            let incident = IncidentId::new(CentreId(1), serial).unwrap();
            let now = Moment(serial as i64 * 1_000);
            joinable.told(Kind::Fight, at(serial as i32 * 200, 0), now, incident);
        }
        assert!(joinable.squares.len() < 6_000, "{}", joinable.squares.len());
    }
}
