//! Whose turn it is: strict precedence with a floor, so that danger to life goes first and service calls never starve.
//!
//! (C4) Of each 64 items the first 48 go to the highest lane that waits; of the last 16, twelve are kept for urgent and
//! four for service, as far as they wait and have not had as many already.

use super::Lane;

/// Items of a turn.
pub const TURN: u32 = 64;
/// (C4) How many of each turn the lanes get at least while they wait, in the order of the lanes. Danger to life needs
/// no floor: it is first.
pub const FLOORS: [u32; 3] = [0, 12, 4];
const _: () = assert!(
    FLOORS[0] + FLOORS[1] + FLOORS[2] <= TURN / 2,
    "most of a turn must go by precedence"
);

/// Items that are taken at most before the lanes are looked at again: what arrives in a higher lane waits for no more.
const RUN: u32 = 8;

#[derive(Debug)]
pub(super) struct Turn {
    left: u32,
    owed: [u32; 3],
}

impl Turn {
    pub fn new() -> Turn {
        Turn {
            left: TURN,
            owed: FLOORS,
        }
    }

    /// Which of the lanes that wait is next, and how many items it may give; `None` when none waits.
    pub fn next(&mut self, waits: [bool; 3]) -> Option<(Lane, u32)> {
        if self.left == 0 {
            *self = Turn::new();
        }
        let owed = |lane: Lane| {
            if waits[lane as usize] {
                self.owed[lane as usize]
            } else {
                0
            }
        };
        let kept: u32 = Lane::ALL.into_iter().map(owed).sum();
        let free = self.left.saturating_sub(kept);
        // When nothing is free something is kept, and then a lane that waits is owed it.
        let lane = Lane::ALL
            .into_iter()
            .find(|&lane| waits[lane as usize] && free + owed(lane) > 0)?;
        Some((lane, (free + owed(lane)).min(self.left).min(RUN)))
    }

    pub fn took(&mut self, lane: Lane, count: u32) {
        self.left = self.left.saturating_sub(count);
        self.owed[lane as usize] = self.owed[lane as usize].saturating_sub(count);
    }
}
