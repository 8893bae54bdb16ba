//! Plans (预案): what each kind of call needs, when calls are one event, and every clock.
//!
//! A plan is typed as commented TOML (`default.toml` is the one a centre starts with), checked as a whole, and
//! compiled into tables that the core looks up by number. It is kept by the hash of its text; which plan is in
//! force is a command. Nothing here decides: [`Plan`] answers questions.

mod choice;
mod clocks;
mod compile;
mod local;
mod major;
mod preemption;
mod source;
mod traffic;

pub use choice::ChoiceRules;
pub use clocks::{ClockCase, Clocks, DayNight};
pub use compile::{PlanMistake, PlanMistakes};
pub use local::{Circle, LOCAL_PLANS_MAX, LocalPlan, LocalSet, Tier};
pub use major::{Commander, MajorRules, Owed};
pub use preemption::PreemptionRules;

use crate::call::Assessment;
use crate::capability::Capability;
use crate::id::ObjectHash;
use crate::kind::{Agency, Kind, Nature};
use crate::line::Line;
use crate::major::Level;
use crate::moment::Span;
use crate::roads::conditions::HourFactors;

/// The plan a centre starts with when it has none of its own.
pub const DEFAULT: &str = include_str!("default.toml");

/// So many units with one capability (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedSpec {
    /// What each unit must be able to do.
    pub capability: Capability,
    /// How many units.
    pub count: u8,
}

/// How a line's calls are taken (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineMode {
    /// On the emergency queues.
    Merged,
    /// On the service queue.
    Parallel,
    /// Only passed on, to this line.
    Forward(Line),
}

/// What a plan says of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePlan {
    /// The number.
    pub line: Line,
    /// Its name.
    pub name: String,
    /// How its calls are taken.
    pub mode: LineMode,
    /// What is sent while a call's words are not known; empty: nothing, a person first.
    pub orders_when_unknown: Vec<NeedSpec>,
}

/// When two calls are about one event (N1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeRule {
    /// Kinds of one group are compatible; `None`: never one event.
    pub group: Option<u8>,
    /// How far apart at most, in decimetres.
    pub radius_dm: u32,
    /// How long after the last word at most.
    pub window: Span,
}

/// A plan, checked and compiled.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The hash of its text.
    pub hash: ObjectHash,
    /// Road distance over straight line, in thousandths.
    pub detour_permille: u32,
    /// First minute of the local day.
    pub day_from_min: u16,
    /// First minute of the local night.
    pub day_to_min: u16,
    /// From one rung of the ladder to the next (X11).
    pub rung: Span,
    /// Of so many grants that are not danger to life, one is a service call's (C4).
    pub service_floor: u16,
    /// After so long without a word an incident with nothing open is closed.
    pub lapse: Span,
    /// Every clock.
    pub clocks: Clocks,
    /// What counts beside the time, when a unit is chosen.
    pub choice: ChoiceRules,
    /// Who may be called away from what.
    pub preemption: PreemptionRules,
    /// A patrol that was not heard of for so long is nowhere that one could reckon from.
    pub stale: Span,
    /// Factors on the times of the roads, by the hour.
    pub traffic: HourFactors,
    /// What makes an incident major, and what follows from it.
    pub major: MajorRules,
    /// What holds in a part of the area or at some hours, the smallest tier first.
    pub local: Vec<LocalPlan>,
    lines: Vec<LinePlan>,
    merge: Vec<MergeRule>,
    joins: Vec<NeedSpec>,
    needs: Vec<Vec<NeedSpec>>,
}

/// What an incident needs, in place, each capability once: so there is room for all that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedList {
    list: [Option<NeedSpec>; Capability::ALL.len()],
    len: usize,
}

impl NeedList {
    const EMPTY: NeedList = NeedList {
        list: [None; Capability::ALL.len()],
        len: 0,
    };

    /// Adds one; what a capability has been asked for already is only ever raised (N1).
    fn ask(&mut self, spec: NeedSpec) {
        let known = self.list[..self.len]
            .iter_mut()
            .flatten()
            .find(|known| known.capability == spec.capability);
        if let Some(known) = known {
            known.count = known.count.max(spec.count);
        } else {
            self.list[self.len] = Some(spec);
            self.len += 1;
        }
    }

    /// Adds to what has been asked for already (R1).
    fn add(&mut self, spec: NeedSpec) {
        let known = self.list[..self.len]
            .iter_mut()
            .flatten()
            .find(|known| known.capability == spec.capability);
        match known {
            Some(known) => known.count = known.count.saturating_add(spec.count),
            None => self.ask(spec),
        }
    }

    fn covers(&self, agency: Agency) -> bool {
        self.iter().any(|spec| spec.capability.agency() == agency)
    }

    /// What is needed.
    pub fn iter(&self) -> impl Iterator<Item = NeedSpec> {
        self.list[..self.len].iter().flatten().copied()
    }
}

impl Plan {
    /// The plan of this text, or every mistake in it.
    pub fn load(text: &str) -> Result<Plan, PlanMistakes> {
        compile::compile(text)
    }

    /// What the plan says of a line; `None`: no line of this centre.
    pub fn line(&self, line: Line) -> Option<&LinePlan> {
        self.lines.iter().find(|plan| plan.line == line)
    }

    /// All lines of the plan.
    pub fn lines(&self) -> &[LinePlan] {
        &self.lines
    }

    /// When calls of this kind are about one event.
    pub fn merge(&self, kind: Kind) -> &MergeRule {
        &self.merge[kind as usize]
    }

    /// What an incident of this assessment and level needs (R1, C2, C3), by the local plans that hold for it (L2, H10). `has` says
    /// whether the city has any unit with a capability; what it has not falls to the desk of the agency.
    pub fn needs(
        &self,
        assessment: &Assessment,
        level: Option<Level>,
        line: Option<Line>,
        locals: LocalSet,
        has: impl Fn(Capability) -> bool,
    ) -> NeedList {
        let mut needs = NeedList::EMPTY;
        if assessment.kind == Kind::Unknown {
            for &spec in line
                .and_then(|line| self.line(line))
                .map_or(&[][..], |plan| &plan.orders_when_unknown)
            {
                needs.ask(Plan::at_hand(spec, &has));
            }
            return needs;
        }
        match assessment.nature {
            Nature::Emergency | Nature::Help => {
                for &spec in self.base_needs(assessment.kind, locals) {
                    needs.ask(Plan::at_hand(spec, &has));
                }
                for agency in assessment.agencies.iter() {
                    if !needs.covers(agency) {
                        needs.ask(Plan::at_hand(self.joins[agency as usize], &has));
                    }
                }
                // R1: what a level asks for comes on top, level by level. A desk is asked once, however much it stands for.
                let reached = level.map_or(0, |level| level as usize + 1);
                let levels = Level::ALL[..reached].iter();
                let added =
                    levels.flat_map(|&level| self.level_needs(assessment.kind, level, locals));
                for &spec in added {
                    if has(spec.capability) {
                        needs.add(spec);
                    } else {
                        needs.ask(Plan::at_hand(spec, &has));
                    }
                }
            }
            // Only emergencies and help may consume a unit; the rest become work orders (C2).
            Nature::Enquiry | Nature::Complaint => {
                for agency in assessment.agencies.iter() {
                    needs.ask(NeedSpec {
                        capability: Capability::desk_of(agency),
                        count: 1,
                    });
                }
            }
            Nature::Invalid => {}
        }
        needs
    }

    fn at_hand(spec: NeedSpec, has: impl Fn(Capability) -> bool) -> NeedSpec {
        if has(spec.capability) {
            spec
        } else {
            NeedSpec {
                capability: Capability::desk_of(spec.capability.agency()),
                count: 1,
            }
        }
    }

    /// Day or night at this local minute.
    pub const fn day_night(&self, minute_of_day: u16) -> DayNight {
        if self.day_from_min <= minute_of_day && minute_of_day < self.day_to_min {
            DayNight::Day
        } else {
            DayNight::Night
        }
    }
}

#[cfg(test)]
mod tests;
