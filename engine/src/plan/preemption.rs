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

    /// Whether something of this priority may lose a unit to anything.
    pub fn can_lose(&self, priority: Priority) -> bool {
        !self.is_empty() && self.from.iter().any(|from| from & bit(priority) != 0)
    }

    /// The priorities that this one may take from, the most urgent first.
    pub fn takes_from(&self, priority: Priority) -> impl Iterator<Item = Priority> {
        let from = match self.is_empty() {
            true => 0,
            false => self.from[usize::from(priority.number() - 1)],
        };
        let all = Priority::ALL.iter().copied();
        all.filter(move |&other| from & bit(other) != 0)
    }
}

const fn bit(priority: Priority) -> u8 {
    1 << (priority.number() - 1)
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
    for (place, priority, row) in rows {
        for &number in row {
            match Priority::try_from(critic.bounded(place, number, 1, 4)) {
                Ok(from) if from > priority => {
                    rules.from[usize::from(priority.number() - 1)] |= bit(from);
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
