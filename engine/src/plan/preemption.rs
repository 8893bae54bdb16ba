//! Who may be called away from what, and for how much: rules of a plan (R2).

use super::compile::Critic;
use super::source::Preemption;
use crate::kind::Priority;

/// The most gain that can be asked for: an hour.
const GAIN_S_MAX: u32 = 3_600;
/// The most often that an incident can lose a unit.
const BUMPS_MAX: u8 = 16;

/// When a unit that is on its way is called away for something more urgent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreemptionRules {
    /// For each priority, those that it may take from: one bit each, 0 for priority 1.
    from: [u8; 4],
    /// It must be there so much sooner than whoever is free, in milliseconds.
    pub least_gain_ms: u32,
    /// So often may one incident lose a unit.
    pub bumps_max: u8,
}

impl PreemptionRules {
    /// Whether anybody is ever called away.
    pub fn is_empty(&self) -> bool {
        self.from == [0; 4] || self.bumps_max == 0
    }

    /// Whether something of this priority may take a unit from anything.
    pub fn takes(&self, priority: Priority) -> bool {
        !self.is_empty() && self.from[priority.index()] != 0
    }

    /// Whether something of this priority may lose a unit to anything.
    pub fn can_lose(&self, priority: Priority) -> bool {
        self.takers_from(priority) != 0
    }

    /// The priorities that may take from this one: one bit each.
    pub fn takers_from(&self, priority: Priority) -> u8 {
        let takes = |taker: &Priority| self.lets(*taker, priority);
        let takers = Priority::ALL.into_iter().filter(takes);
        takers.fold(0, |takers, taker| takers | taker.bit())
    }

    /// Whether something of one priority may take a unit from something of another.
    pub fn lets(&self, taker: Priority, from: Priority) -> bool {
        !self.is_empty() && self.from[taker.index()] & from.bit() != 0
    }
}

/// Each row names the priorities that one takes from; a row that is left out takes from none.
pub(super) fn preemption(source: &Preemption, critic: &mut Critic) -> PreemptionRules {
    let mut rules = PreemptionRules {
        from: [0; 4],
        least_gain_ms: critic.bounded(
            "preemption.least_gain_s",
            source.least_gain_s,
            0,
            GAIN_S_MAX,
        ) * 1_000,
        bumps_max: critic.bounded("preemption.bumps_max", source.bumps_max, 0, BUMPS_MAX),
    };
    let rows = [
        (
            "preemption.priority_1_from",
            Priority::P1,
            &source.priority_1_from,
        ),
        (
            "preemption.priority_2_from",
            Priority::P2,
            &source.priority_2_from,
        ),
        (
            "preemption.priority_3_from",
            Priority::P3,
            &source.priority_3_from,
        ),
    ];
    let names_any = rows.iter().any(|(.., row)| !row.is_empty());
    if names_any && source.bumps_max == 0 {
        critic.note(
            "preemption.bumps_max",
            "0, so nobody is ever called away, though rows name who may be; write how often one incident may lose a unit, or leave the rows empty",
        );
    }
    for (place, priority, row) in rows {
        for &number in row {
            match Priority::try_from(critic.bounded(place, number, 1, 4)) {
                Ok(from) if from > priority => {
                    rules.from[priority.index()] |= from.bit();
                }
                Ok(_) | Err(_) => critic.note(
                    place,
                    format!("{number} is as urgent or more; a unit is only called away for what is more urgent"),
                ),
            }
        }
    }
    rules
}
