//! What a unit costs beyond its way: the loss of time that a plan tolerates so that another is sent instead.
//!
//! Whoever is there first goes, unless somebody else is there a little later and does not leave so much behind: a unit of the
//! incident's own district (C8), one whose other skills are less scarce (H8), one that is not the last of its district (R3). Each of
//! these adds to the time that a unit is compared by, never to the time that is said. What is added is never below 0: so a search by
//! time may end as soon as the time alone is above the least sum.

use crate::kind::Priority;
use crate::plan::ChoiceRules;

/// What a unit's going would leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// It belongs to another district than the incident's.
    pub is_foreign: bool,
    /// Free units of its district that can do what is needed, itself included.
    pub free_at_home: u32,
    /// Free units of its district that have the scarcest of its other skills, itself included; `None` when it has no other.
    pub free_with_skill: Option<u32>,
}

/// What is added to a unit's time, in milliseconds, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surcharge {
    /// For belonging to another district (C8).
    pub foreign_ms: u32,
    /// For another skill that is scarce (H8).
    pub scarce_ms: u32,
    /// For being the last of its district (R3).
    pub last_ms: u32,
}

impl Surcharge {
    /// What a unit costs by a plan.
    pub fn of(rules: &ChoiceRules, priority: Priority, behind: Behind) -> Surcharge {
        let at = usize::from(priority.number() - 1);
        let when = |holds: bool, ms: u32| if holds { ms } else { 0 };
        let skilled = behind.free_with_skill;
        Surcharge {
            foreign_ms: when(behind.is_foreign, rules.foreign_ms[at]),
            scarce_ms: skilled.map_or(0, |free| rules.scarce_ms[at] / free.max(1)),
            last_ms: when(behind.free_at_home <= 1, rules.last_ms[at]),
        }
    }

    /// All of it.
    pub const fn total_ms(self) -> u32 {
        self.foreign_ms + self.scarce_ms + self.last_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ChoiceRules = ChoiceRules {
        foreign_ms: [0, 10, 20, 30],
        scarce_ms: [0, 60, 60, 60],
        last_ms: [0, 0, 100, 200],
        compared: 1,
    };

    fn behind(is_foreign: bool, free_at_home: u32, free_with_skill: Option<u32>) -> Behind {
        Behind {
            is_foreign,
            free_at_home,
            free_with_skill,
        }
    }

    #[test]
    fn each_reason_adds_its_own() {
        let cost = |behind| Surcharge::of(&RULES, Priority::P3, behind).total_ms();
        assert_eq!(cost(behind(false, 2, None)), 0);
        assert_eq!(cost(behind(true, 2, None)), 20);
        assert_eq!(cost(behind(false, 1, None)), 100);
        assert_eq!(cost(behind(true, 1, Some(1))), 20 + 100 + 60);
    }

    /// H8: the scarcer its skills are in the area, the later it is taken.
    #[test]
    fn the_scarcer_the_dearer() {
        let cost = |free| Surcharge::of(&RULES, Priority::P2, behind(false, 9, Some(free)));
        assert_eq!(cost(1).total_ms(), 60);
        assert_eq!(cost(2).total_ms(), 30);
        assert_eq!(cost(100).total_ms(), 0);
    }

    /// R3: never applied to danger to life.
    #[test]
    fn danger_to_life_looks_at_the_time_alone() {
        let dearest = behind(true, 1, Some(1));
        assert_eq!(
            Surcharge::of(&RULES, Priority::P1, dearest),
            Surcharge::default()
        );
    }
}
