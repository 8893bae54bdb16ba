//! What keeps the nearest unit from being the one that is sent: rules of a plan, to milliseconds by priority.

use super::compile::Critic;
use super::source::Choice;
use crate::kind::Priority;
use crate::limits::COMPARED_MAX;

/// The most that a rule may cost: five minutes.
const LOSS_S_MAX: u32 = 300;

/// How much longer a unit's way is reckoned than it is, for what its going would take away: by priority, in milliseconds. So
/// it is also the loss of time that is tolerated for sending another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoiceRules {
    /// It belongs to another district than the incident's: own jurisdiction first (C8).
    pub foreign_ms: [u32; 4],
    /// It has another skill that nobody else of its district has free; half of it where two have, and so on (H8).
    pub scarce_ms: [u32; 4],
    /// It is the last of its district that is free for this (R3).
    pub last_ms: [u32; 4],
    /// So many of those that are there first are compared; the soonest alone where nothing but the time counts.
    pub compared: usize,
}

impl ChoiceRules {
    /// Whether nothing but the time counts at this priority.
    pub fn is_time_alone(&self, priority: Priority) -> bool {
        let at = priority.index();
        [self.foreign_ms[at], self.scarce_ms[at], self.last_ms[at]] == [0; 3]
    }
}

/// Each list has one number of seconds for each priority; what is left out is 0 for all.
pub(super) fn choice(source: &Choice, critic: &mut Critic) -> ChoiceRules {
    let by_priority = |place: &str, seconds: &[u32], critic: &mut Critic| {
        let mut ms = [0; 4];
        if !seconds.is_empty() && seconds.len() != ms.len() {
            let what = format!(
                "{} numbers; write four, the seconds at priority 1, 2, 3 and 4",
                seconds.len()
            );
            critic.note(place, what);
        }
        for (ms, &seconds) in ms.iter_mut().zip(seconds) {
            *ms = critic.bounded(place, seconds, 0, LOSS_S_MAX) * 1_000;
        }
        ms
    };
    let rules = ChoiceRules {
        foreign_ms: by_priority("choice.own_district_s", &source.own_district_s, critic),
        scarce_ms: by_priority("choice.scarce_skill_s", &source.scarce_skill_s, critic),
        last_ms: by_priority("choice.coverage_s", &source.coverage_s, critic),
        compared: critic.bounded("choice.compared", source.compared, 1, COMPARED_MAX),
    };
    if rules.last_ms[0] != 0 {
        critic.note(
            "choice.coverage_s",
            "danger to life (priority 1) never waits for the sake of coverage; its number is 0",
        );
    }
    rules
}
