//! From the typed plan to tables, with every mistake named by its place.

use super::choice::choice;
use super::clocks::{ClockCase, Clocks, DayNight};
use super::local::{local, note_what_is_too_much};
use super::major::major;
use super::preemption::preemption;
use super::source::{ClockRule, Merge, NeedRule, Source};
use super::traffic::traffic;
use super::{LineMode, LinePlan, MergeRule, NeedSpec, Plan};
use crate::capability::{Capability, CapabilityClass};
use crate::id::ObjectHash;
use crate::kind::{Agency, Kind, Priority};
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::line::Line;
use crate::moment::Span;
use crate::order::OrderClock;
use crate::place::Zone;

/// Bytes that a plan may have.
const PLAN_BYTES_MAX: usize = 1024 * 1024;
/// The longest clock: a year.
const CLOCK_S_MAX: i64 = 366 * 86_400;
/// The widest merge radius, in metres.
const MERGE_RADIUS_M_MAX: u32 = 20_000;

/// One mistake in a plan: where, what, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plan: {place}: {what}")]
pub struct PlanMistake {
    /// Key path, or line and column.
    pub place: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// Every mistake in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanMistakes(pub Vec<PlanMistake>);

impl std::error::Error for PlanMistakes {}

impl std::fmt::Display for PlanMistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

/// Collects mistakes, so that a person mends them all at once.
#[derive(Default)]
pub(super) struct Critic(Vec<PlanMistake>);

impl Critic {
    pub fn note(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.0.push(PlanMistake {
            place: place.into(),
            what: what.into(),
        });
    }

    /// Holds a number against its bounds.
    pub fn bounded<T: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        place: &str,
        value: T,
        least: T,
        most: T,
    ) -> T {
        if value < least || value > most {
            self.note(
                place,
                format!("{value} is out of range; {least} to {most} is possible"),
            );
            return least;
        }
        value
    }

    /// A word of a closed vocabulary.
    pub fn word<T>(
        &mut self,
        place: &str,
        text: &str,
        found: Option<T>,
        all: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        if found.is_none() {
            let all: Vec<_> = all.collect();
            self.note(
                place,
                format!("`{text}` is unknown; possible are {}", all.join(", ")),
            );
        }
        found
    }

    pub fn kind(&mut self, place: &str, code: &str) -> Option<Kind> {
        self.word(
            place,
            code,
            Kind::from_code(code),
            Kind::ALL.iter().map(|kind| kind.code()),
        )
    }

    fn agency(&mut self, place: &str, code: &str) -> Option<Agency> {
        self.word(
            place,
            code,
            Agency::from_code(code),
            Agency::ALL.iter().map(|agency| agency.code()),
        )
    }

    fn need(&mut self, place: &str, rule: &NeedRule) -> Option<NeedSpec> {
        let count = self.bounded(&format!("{place}.count"), rule.count, 1, 8);
        let codes = Capability::ALL.iter().map(|capability| capability.code());
        let found = Capability::from_code(&rule.capability);
        let capability = self.word(
            &format!("{place}.capability"),
            &rule.capability,
            found,
            codes,
        )?;
        Some(NeedSpec { capability, count })
    }

    pub fn needs(&mut self, place: &str, rules: &[NeedRule]) -> Vec<NeedSpec> {
        let mut specs: Vec<NeedSpec> = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let place = format!("{place}[{index}]");
            let Some(spec) = self.need(&place, rule) else {
                continue;
            };
            if specs
                .iter()
                .any(|known| known.capability == spec.capability)
            {
                self.note(
                    place,
                    format!(
                        "`{}` is named twice; name it once with its count",
                        spec.capability
                    ),
                );
            }
            specs.push(spec);
        }
        let units: usize = specs.iter().map(|spec| usize::from(spec.count)).sum();
        // Joiners of the agencies need room beside them.
        if units > NEEDS_PER_INCIDENT_MAX - 4 {
            self.note(
                place,
                format!(
                    "{units} units in all; at most {} are possible",
                    NEEDS_PER_INCIDENT_MAX - 4
                ),
            );
        }
        specs
    }

    pub fn minute(&mut self, place: &str, text: &str) -> u16 {
        let parsed = text.split_once(':').and_then(|(hour, minute)| {
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        });
        if parsed.is_none() {
            self.note(
                place,
                format!("`{text}` is not a time of day; write HH:MM, as in 06:00"),
            );
        }
        parsed.unwrap_or(0)
    }
}

pub(super) fn compile(text: &str) -> Result<Plan, PlanMistakes> {
    let mut critic = Critic::default();
    if text.len() > PLAN_BYTES_MAX {
        critic.note(
            "file",
            format!(
                "{} bytes; at most {PLAN_BYTES_MAX} are possible",
                text.len()
            ),
        );
        return Err(PlanMistakes(critic.0));
    }
    let source: Source = match toml::from_str(text) {
        Ok(source) => source,
        Err(error) => {
            critic.note(place_of(text, &error), error.message());
            return Err(PlanMistakes(critic.0));
        }
    };
    let plan = build(text, &source, &mut critic);
    if critic.0.is_empty() {
        Ok(plan)
    } else {
        Err(PlanMistakes(critic.0))
    }
}

fn place_of(text: &str, error: &toml::de::Error) -> String {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or("");
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count());
    format!(
        "line {}, column {}",
        before.matches('\n').count() + 1,
        column + 1
    )
}

fn build(text: &str, source: &Source, critic: &mut Critic) -> Plan {
    let day_from_min = critic.minute("day.from", &source.day.from);
    let day_to_min = critic.minute("day.to", &source.day.to);
    if day_from_min >= day_to_min {
        critic.note(
            "day",
            "the day ends before it begins; `from` is before `to` on one local day",
        );
    }
    let needs = kind_needs(source, critic);
    let plan = Plan {
        name: source.name.clone(),
        hash: ObjectHash::of(text.as_bytes()),
        detour_permille: critic.bounded(
            "travel.detour_permille",
            source.travel.detour_permille,
            1_000,
            10_000,
        ),
        day_from_min,
        day_to_min,
        rung: Span::seconds(critic.bounded("ladder.rung_s", source.ladder.rung_s, 1, 86_400)),
        service_floor: critic.bounded(
            "waiting.service_floor",
            source.waiting.service_floor,
            2,
            1_000,
        ),
        lapse: Span::hours(critic.bounded(
            "incident.lapse_h",
            source.incident.lapse_h,
            1,
            24 * 366,
        )),
        clocks: clocks(&source.clock, critic),
        choice: choice(&source.choice, critic),
        preemption: preemption(&source.preemption, critic),
        stale: Span::seconds(critic.bounded(
            "positions.stale_s",
            source.positions.stale_s,
            60,
            7 * 86_400,
        )),
        traffic: traffic(&source.traffic, critic),
        lines: lines(source, critic),
        merge: merge(&source.merge, critic),
        joins: joins(source, critic),
        major: major(source, &needs, critic),
        local: local(&source.local, critic),
        needs,
    };
    note_what_is_too_much(&plan, critic);
    plan
}

fn lines(source: &Source, critic: &mut Critic) -> Vec<LinePlan> {
    let mut lines: Vec<LinePlan> = Vec::new();
    for (index, rule) in source.line.iter().enumerate() {
        let place = format!("line[{index}]");
        critic.bounded(&format!("{place}.number"), rule.number, 100, 99_999_999);
        let mode = match (rule.mode.as_str(), rule.forward_to) {
            ("merged", None) => LineMode::Merged,
            ("parallel", None) => LineMode::Parallel,
            ("forward", Some(to)) => LineMode::Forward(Line(to)),
            ("forward", None) => {
                critic.note(
                    place.clone(),
                    "a forward line names where to; add `forward_to`",
                );
                LineMode::Merged
            }
            ("merged" | "parallel", Some(_)) => {
                critic.note(
                    place.clone(),
                    "`forward_to` belongs to mode `forward` alone; take one of them away",
                );
                LineMode::Merged
            }
            (other, _) => {
                critic.note(
                    format!("{place}.mode"),
                    format!("`{other}` is unknown; possible are merged, parallel, forward"),
                );
                LineMode::Merged
            }
        };
        if lines.iter().any(|known| known.line == Line(rule.number)) {
            critic.note(
                place.clone(),
                format!("line {} is named twice", rule.number),
            );
        }
        let orders_when_unknown = critic.needs(
            &format!("{place}.orders_when_unknown"),
            &rule.orders_when_unknown,
        );
        lines.push(LinePlan {
            line: Line(rule.number),
            name: rule.name.clone(),
            mode,
            orders_when_unknown,
        });
    }
    if lines.is_empty() {
        critic.note(
            "line",
            "no line is named; a centre serves at least one, add a [[line]]",
        );
    }
    lines
}

fn merge(source: &Merge, critic: &mut Critic) -> Vec<MergeRule> {
    let radius_m = critic.bounded("merge.radius_m", source.radius_m, 1, MERGE_RADIUS_M_MAX);
    let window_min = critic.bounded("merge.window_min", source.window_min, 1, 7 * 24 * 60);
    let default = |kind: Kind| MergeRule {
        group: Some(kind as u8),
        radius_dm: radius_m * 10,
        window: Span::minutes(window_min),
    };
    let mut rules: Vec<MergeRule> = Kind::ALL.iter().map(|&kind| default(kind)).collect();
    let mut grouped = vec![false; Kind::ALL.len()];
    for (index, group) in source.group.iter().enumerate() {
        let place = format!("merge.group[{index}]");
        let radius_m = critic.bounded(
            &format!("{place}.radius_m"),
            group.radius_m.unwrap_or(radius_m),
            1,
            MERGE_RADIUS_M_MAX,
        );
        let window_min = critic.bounded(
            &format!("{place}.window_min"),
            group.window_min.unwrap_or(window_min),
            1,
            7 * 24 * 60,
        );
        // A group goes by the number of its first kind.
        let mut number = None;
        for code in &group.kinds {
            let Some(kind) = critic.kind(&format!("{place}.kinds"), code) else {
                continue;
            };
            if std::mem::replace(&mut grouped[kind as usize], true) {
                critic.note(
                    place.clone(),
                    format!("`{code}` is in two groups; a kind is in one"),
                );
            }
            let number = *number.get_or_insert(kind as u8);
            rules[kind as usize] = MergeRule {
                group: Some(number),
                radius_dm: radius_m * 10,
                window: Span::minutes(window_min),
            };
        }
    }
    for code in &source.never {
        let Some(kind) = critic.kind("merge.never", code) else {
            continue;
        };
        if grouped[kind as usize] {
            critic.note(
                "merge.never",
                format!("`{code}` is in a group as well; it is in one or the other"),
            );
        }
        rules[kind as usize].group = None;
    }
    rules
}

fn joins(source: &Source, critic: &mut Critic) -> Vec<NeedSpec> {
    for code in source.agency.keys() {
        critic.agency(&format!("agency.{code}"), code);
    }
    let desk = |agency| NeedSpec {
        capability: Capability::desk_of(agency),
        count: 1,
    };
    let mut joins = Vec::with_capacity(Agency::ALL.len());
    for &agency in Agency::ALL {
        let Some(rule) = source.agency.get(agency.code()) else {
            joins.push(desk(agency));
            continue;
        };
        let place = format!("agency.{agency}.joins");
        let spec = critic.need(&place, &rule.joins).unwrap_or(desk(agency));
        if spec.capability.agency() != agency {
            critic.note(
                place,
                format!(
                    "`{}` belongs to {}; name one of {agency}'s",
                    spec.capability,
                    spec.capability.agency()
                ),
            );
        }
        joins.push(spec);
    }
    joins
}

fn kind_needs(source: &Source, critic: &mut Critic) -> Vec<Vec<NeedSpec>> {
    let mut needs = vec![Vec::new(); Kind::ALL.len()];
    for (code, rule) in &source.kind {
        let place = format!("kind.{code}");
        let Some(kind) = critic.kind(&place, code) else {
            continue;
        };
        needs[kind as usize] = critic.needs(&format!("{place}.needs"), &rule.needs);
    }
    needs
}

fn clocks(rules: &[ClockRule], critic: &mut Critic) -> Clocks {
    let mut clocks = Clocks::none();
    for (index, rule) in rules.iter().enumerate() {
        let place = format!("clock[{index}]");
        let span = Span::seconds(critic.bounded(
            &format!("{place}.seconds"),
            rule.seconds,
            0,
            CLOCK_S_MAX,
        ));
        let codes = OrderClock::ALL.iter().map(|clock| clock.code());
        let found = OrderClock::from_code(&rule.clock);
        let clock = critic.word(&format!("{place}.clock"), &rule.clock, found, codes);
        let filter = Filter::of(rule, &place, critic);
        let Some(clock) = clock else { continue };
        for case in ClockCase::all().filter(|&case| filter.fits(case)) {
            clocks.set(clock, case, span);
        }
    }
    for case in ClockCase::all() {
        let missing = |clock| clocks.span(clock, case).is_none();
        if missing(OrderClock::Acknowledge) || missing(OrderClock::Result) {
            critic.note(
                "clock",
                format!(
                    "no acknowledge or no result clock runs for {case:?}; every order owes both"
                ),
            );
            break;
        }
    }
    clocks
}

/// The cases that one clock rule is about.
struct Filter {
    agencies: Option<Vec<Agency>>,
    zones: Option<Vec<Zone>>,
    time: Option<DayNight>,
    priorities: Option<Vec<Priority>>,
    away: Option<bool>,
    class: Option<CapabilityClass>,
}

impl Filter {
    fn of(rule: &ClockRule, place: &str, critic: &mut Critic) -> Filter {
        let agencies = rule.agencies.as_ref().map(|codes| {
            codes
                .iter()
                .filter_map(|code| critic.agency(&format!("{place}.agencies"), code))
                .collect()
        });
        let zones = rule.zones.as_ref().map(|codes| {
            let all = || Zone::ALL.iter().map(|zone| zone.code());
            let place = format!("{place}.zones");
            codes
                .iter()
                .filter_map(|code| critic.word(&place, code, Zone::from_code(code), all()))
                .collect()
        });
        let time = rule.time.as_ref().and_then(|code| {
            let all = DayNight::ALL.iter().map(|time| time.code());
            critic.word(
                &format!("{place}.time"),
                code,
                DayNight::from_code(code),
                all,
            )
        });
        let class = rule.class.as_ref().and_then(|code| {
            let all = CapabilityClass::ALL.iter().map(|class| class.code());
            critic.word(
                &format!("{place}.class"),
                code,
                CapabilityClass::from_code(code),
                all,
            )
        });
        let priorities = rule.priorities.as_ref().map(|numbers| {
            let place = format!("{place}.priorities");
            numbers
                .iter()
                .filter_map(|&number| Priority::try_from(critic.bounded(&place, number, 1, 4)).ok())
                .collect()
        });
        Filter {
            agencies,
            zones,
            time,
            priorities,
            away: rule.away,
            class,
        }
    }

    fn fits(&self, case: ClockCase) -> bool {
        self.agencies
            .as_ref()
            .is_none_or(|list| list.contains(&case.agency))
            && self
                .zones
                .as_ref()
                .is_none_or(|list| list.contains(&case.zone))
            && self.time.is_none_or(|time| time == case.day_night)
            && self
                .priorities
                .as_ref()
                .is_none_or(|list| list.contains(&case.priority))
            && self.away.is_none_or(|away| away == case.away)
            && self.class.is_none_or(|class| class == case.class)
    }
}
