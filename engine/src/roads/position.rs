//! A place on the network: an edge, and how far along it.
//!
//! Somebody on a two-way road may go off in either direction and be reached from either: then all edges between the
//! same two nodes are theirs. At an end of the edge they are at the node: any edge may be taken from there, and any way of
//! arriving counts. What is left of an edge's time is reckoned in integers, so that the parts before and behind a place add up to the whole.

use super::network::{EdgeIndex, Profile};
use crate::place::projection::Plane;

/// A part of an edge, in 2^-20.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fraction(u32);

impl Fraction {
    /// Nothing of it: at its beginning.
    pub const BEGINNING: Fraction = Fraction(0);
    /// All of it: at its end.
    pub const END: Fraction = Fraction(1 << 20);

    /// So many of 2^20; more than all is all.
    pub const fn new(parts: u32) -> Fraction {
        if parts > Fraction::END.0 {
            Fraction::END
        } else {
            Fraction(parts)
        }
    }

    /// How many of 2^20.
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// What is left.
    #[must_use]
    pub const fn rest(self) -> Fraction {
        Fraction(Fraction::END.0 - self.0)
    }

    /// This part of a time or length, rounded half up.
    pub const fn of(self, whole: u32) -> u32 {
        ((whole as u64 * self.0 as u64 + (1 << 19)) >> 20) as u32
    }
}

/// A place on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The edge, in either direction of a two-way road.
    pub edge: EdgeIndex,
    /// How far along it.
    pub along: Fraction,
}

/// Where a place is for each profile: nobody is put on a road that they may not use, so sirens may find one nearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    by_profile: [Option<Position>; 2],
}

impl Positions {
    /// By profile; `None` far from every road that it can use.
    pub const fn new(by_profile: [Option<Position>; 2]) -> Positions {
        Positions { by_profile }
    }

    /// The same for every profile.
    pub const fn of_all(position: Position) -> Positions {
        Positions::new([Some(position); 2])
    }

    /// That of one profile.
    pub const fn of(&self, profile: Profile) -> Option<Position> {
        self.by_profile[profile as usize]
    }

    /// Whether it is far from every road that anybody can use.
    pub fn are_none(&self) -> bool {
        self.by_profile.iter().all(Option::is_none)
    }
}

/// The place on the line from a to b, rounded down to whole decimetres.
pub fn between(a: Plane, b: Plane, along: Fraction) -> Plane {
    let coordinate = |a: i32, b: i32| {
        let whole = i64::from(b) - i64::from(a);
        (i64::from(a) + ((whole * i64::from(along.0)) >> 20)) as i32
    };
    Plane {
        x_dm: coordinate(a.x_dm, b.x_dm),
        y_dm: coordinate(a.y_dm, b.y_dm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_middle_of_a_time_is_rounded_half_up() {
        let half = Fraction::new(1 << 19);
        assert_eq!((half.of(3), half.of(4), half.rest()), (2, 2, half));
        assert_eq!(Fraction::END.of(u32::MAX), u32::MAX);
        assert_eq!(Fraction::BEGINNING.of(u32::MAX), 0);
        assert_eq!(Fraction::new(u32::MAX), Fraction::END);
    }

    proptest! {
        #[test]
        fn a_part_grows_with_its_fraction_and_never_exceeds_the_whole(whole: u32, a in 0u32..=1 << 20, b in 0u32..=1 << 20) {
            let (less, more) = (Fraction::new(a.min(b)), Fraction::new(a.max(b)));
            prop_assert!(less.of(whole) <= more.of(whole));
            prop_assert!(more.of(whole) <= whole);
        }

        #[test]
        fn a_place_between_lies_between(ax: i32, ay: i32, bx: i32, by: i32, parts in 0u32..=1 << 20) {
            let (a, b) = (Plane { x_dm: ax, y_dm: ay }, Plane { x_dm: bx, y_dm: by });
            let at = between(a, b, Fraction::new(parts));
            prop_assert!(ax.min(bx) <= at.x_dm && at.x_dm <= ax.max(bx));
            prop_assert!(ay.min(by) <= at.y_dm && at.y_dm <= ay.max(by));
            prop_assert_eq!(between(a, b, Fraction::END), b);
        }
    }
}
