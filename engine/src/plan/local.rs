//! Plans of smaller tiers (分级预案), and exceptions by district, place and hour (L2, H10, R1).
//!
//! What a kind needs is looked up from the village upward, through township and county, to the plan itself: the first that
//! holds there and then and says something of the kind is taken. So is what a level adds, level by level. A local plan says
//! where it holds by the names of districts, by a circle, or both, and when by the local time; which of them hold for an incident is
//! for the centre to find, which knows its districts ([`LocalSet`]).

use super::compile::Critic;
use super::source::{KindRule, LocalRule};
use super::{NeedSpec, Plan};
use crate::kind::{Kind, vocabulary};
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::major::Level;
use crate::name::Name;
use crate::place::Point;
use std::collections::BTreeMap;

/// Local plans of one plan: as many as [`LocalSet`] has bits.
pub const LOCAL_PLANS_MAX: usize = 64;
/// The widest circle, in metres.
const RADIUS_M_MAX: u32 = 50_000;
const LEVELS: usize = Level::ALL.len();

vocabulary! {
    /// Whose plan it is; the smallest first.
    Tier {
        /// 村
        Village = "village",
        /// 乡镇
        Township = "township",
        /// 县
        County = "county",
    }
}

/// A circle on the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Its middle.
    pub middle: Point,
    /// From the middle to its edge, in decimetres.
    pub radius_dm: u32,
}

/// What one local plan says of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct LocalNeeds {
    base: Vec<NeedSpec>,
    /// By level; `None`: the tiers above are asked.
    levels: [Option<Vec<NeedSpec>>; LEVELS],
}

/// A plan that holds in a part of the area, or at some hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPlan {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tier: Tier,
    /// The districts where it holds, and all that are parts of them; empty: everywhere.
    pub districts: Vec<Name>,
    /// The circle in which it holds; `None`: everywhere.
    pub circle: Option<Circle>,
    /// The local minutes from which and before which it holds, over midnight too; `None`: always.
    pub hours: Option<(u16, u16)>,
    kinds: BTreeMap<Kind, LocalNeeds>,
}

impl LocalPlan {
    /// Whether it holds at this local minute.
    pub fn is_hour(&self, minute_of_day: u16) -> bool {
        match self.hours {
            None => true,
            Some((from, to)) if from < to => (from..to).contains(&minute_of_day),
            Some((from, to)) => minute_of_day >= from || minute_of_day < to,
        }
    }

    /// The kinds that it says something of.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.kinds.keys().copied()
    }

    /// What a kind needs by it; `None`: it says nothing of the kind.
    pub fn needs(&self, kind: Kind) -> Option<&[NeedSpec]> {
        self.kinds.get(&kind).map(|needs| needs.base.as_slice())
    }

    /// What a level adds for a kind by it; `None`: it says nothing of that.
    pub fn level_needs(&self, kind: Kind, level: Level) -> Option<&[NeedSpec]> {
        let needs = self.kinds.get(&kind)?;
        needs.levels[level as usize].as_deref()
    }
}

/// Which local plans of a plan hold for something, the smallest tier first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalSet(u64);

impl LocalSet {
    /// None of them.
    pub const NONE: LocalSet = LocalSet(0);

    /// Adds the local plan at this place of [`Plan::local`].
    #[must_use]
    pub const fn with(self, index: usize) -> LocalSet {
        LocalSet(self.0 | 1 << index)
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let index = left.trailing_zeros() as usize;
            left &= left.checked_sub(1)?;
            Some(index)
        })
    }
}

impl Plan {
    /// What a kind needs, by the smallest tier that says something of it.
    pub(super) fn base_needs(&self, kind: Kind, locals: LocalSet) -> &[NeedSpec] {
        let said = locals.iter().filter_map(|index| self.local.get(index));
        let mut said = said.filter_map(|local| local.needs(kind));
        said.next().unwrap_or(&self.needs[kind as usize])
    }

    /// What a level adds for a kind, by the smallest tier that says something of that.
    pub(super) fn level_needs(&self, kind: Kind, level: Level, locals: LocalSet) -> &[NeedSpec] {
        let said = locals.iter().filter_map(|index| self.local.get(index));
        let mut said = said.filter_map(|local| local.level_needs(kind, level));
        said.next()
            .unwrap_or_else(|| self.major.needs_at(kind, level))
    }
}

/// The local plans, the smallest tier first, in one tier as they are typed.
pub(super) fn local(rules: &[LocalRule], critic: &mut Critic) -> Vec<LocalPlan> {
    if rules.len() > LOCAL_PLANS_MAX {
        critic.note(
            "local",
            format!(
                "{} are typed; at most {LOCAL_PLANS_MAX} are possible",
                rules.len()
            ),
        );
        return Vec::new();
    }
    let mut plans: Vec<LocalPlan> = Vec::with_capacity(rules.len());
    for (index, rule) in rules.iter().enumerate() {
        let place = format!("local[{index}]");
        if plans.iter().any(|known| known.name == rule.name) {
            critic.note(
                format!("{place}.name"),
                format!("`{}` is the name of another; give each its own", rule.name),
            );
        }
        plans.extend(plan(&place, rule, critic));
    }
    plans.sort_by_key(|plan| plan.tier);
    plans
}

fn plan(place: &str, rule: &LocalRule, critic: &mut Critic) -> Option<LocalPlan> {
    let tier = critic.word(
        &format!("{place}.tier"),
        &rule.tier,
        Tier::from_code(&rule.tier),
        Tier::ALL.iter().map(|tier| tier.code()),
    );
    let mut districts = Vec::with_capacity(rule.districts.len());
    for text in &rule.districts {
        match Name::new(text) {
            Ok(name) => districts.push(name),
            Err(error) => critic.note(format!("{place}.districts"), error.to_string()),
        }
    }
    let circle = circle(place, rule, critic);
    let hours = hours(place, rule, critic);
    let says_where =
        rule.lat.is_some() || rule.lon.is_some() || rule.datum.is_some() || rule.radius_m.is_some();
    let says_when = rule.from.is_some() || rule.to.is_some();
    if rule.districts.is_empty() && !says_where && !says_when {
        critic.note(
            place,
            "it holds everywhere and always, as the plan itself; name `districts`, a circle (`lat`, `lon`, `radius_m`) or hours (`from`, `to`)",
        );
    }
    if rule.kind.is_empty() {
        critic.note(
            place,
            "it says nothing; add what a kind needs, [local.kind.KIND] with `needs`",
        );
    }
    let mut kinds = BTreeMap::new();
    for (code, rule) in &rule.kind {
        let place = format!("{place}.kind.{code}");
        if code == Kind::Unknown.code() {
            critic.note(
                place,
                "a call without words is no kind yet; its line's `orders_when_unknown` says who goes",
            );
            continue;
        }
        if let Some(kind) = critic.kind(&place, code) {
            kinds.insert(kind, needs(&place, rule, critic));
        }
    }
    Some(LocalPlan {
        name: rule.name.clone(),
        tier: tier?,
        districts,
        circle,
        hours,
        kinds,
    })
}

fn circle(place: &str, rule: &LocalRule, critic: &mut Critic) -> Option<Circle> {
    let (lat, lon, radius_m) = match (rule.lat, rule.lon, rule.radius_m) {
        (None, None, None) if rule.datum.is_none() => return None,
        (Some(lat), Some(lon), Some(radius_m)) => (lat, lon, radius_m),
        _ => {
            critic.note(
                place,
                "a circle has all of `lat`, `lon`, `datum` and `radius_m`",
            );
            return None;
        }
    };
    // N5. Another datum is not turned into this one here: two machines could come to two plans.
    if rule.datum.as_deref() != Some("wgs84") {
        critic.note(
            format!("{place}.datum"),
            "write datum = \"wgs84\", and the middle in it: a point off a Chinese map lies some hundred metres away",
        );
    }
    // What is no number is out of every range.
    let [lat, lon] = [lat, lon].map(|degrees| {
        if degrees.is_nan() {
            f64::INFINITY
        } else {
            degrees
        }
    });
    let lat = critic.bounded(&format!("{place}.lat"), lat, -85.0, 85.0);
    let lon = critic.bounded(&format!("{place}.lon"), lon, -180.0, 180.0);
    let radius_m = critic.bounded(&format!("{place}.radius_m"), radius_m, 1, RADIUS_M_MAX);
    let scaled = |degrees: f64| (degrees * 1e7).round() as i32;
    Some(Circle {
        middle: Point {
            lat_e7: scaled(lat),
            lon_e7: scaled(lon),
        },
        radius_dm: radius_m * 10,
    })
}

fn hours(place: &str, rule: &LocalRule, critic: &mut Critic) -> Option<(u16, u16)> {
    let (from, to) = match (&rule.from, &rule.to) {
        (None, None) => return None,
        (Some(from), Some(to)) => (from, to),
        _ => {
            critic.note(place, "hours have both `from` and `to`");
            return None;
        }
    };
    let from = critic.minute(&format!("{place}.from"), from);
    let to = critic.minute(&format!("{place}.to"), to);
    if from == to {
        critic.note(
            place,
            "no hour is meant; it holds from `from` to just before `to`, over midnight too",
        );
    }
    Some((from, to))
}

fn needs(place: &str, rule: &KindRule, critic: &mut Critic) -> LocalNeeds {
    let mut needs = LocalNeeds {
        base: critic.needs(&format!("{place}.needs"), &rule.needs),
        levels: Default::default(),
    };
    for (code, rule) in &rule.level {
        let place = format!("{place}.level.{code}");
        if let Some(level) = super::major::level(&place, code, critic) {
            let added = critic.needs(&format!("{place}.needs"), &rule.needs);
            needs.levels[level as usize] = Some(added);
        }
    }
    needs
}

/// Look-up mixes tiers: what is most at each step, by any of them, must have room together.
pub(super) fn note_what_is_too_much(plan: &Plan, critic: &mut Critic) {
    let units = |specs: &[NeedSpec]| {
        specs
            .iter()
            .map(|spec| usize::from(spec.count))
            .sum::<usize>()
    };
    let mut kinds: Vec<Kind> = plan.local.iter().flat_map(LocalPlan::kinds).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let locals = || plan.local.iter();
        let base = locals().filter_map(|local| local.needs(kind)).map(units);
        let mut most = base.fold(units(&plan.needs[kind as usize]), usize::max);
        for &level in Level::ALL {
            let added = locals().filter_map(|local| local.level_needs(kind, level));
            most += added
                .map(units)
                .fold(units(plan.major.needs_at(kind, level)), usize::max);
        }
        if most > NEEDS_PER_INCIDENT_MAX - 4 {
            critic.note(
                "local",
                format!(
                    "`{kind}` comes to {most} units in all at the gravest level, each step by the tier that asks for most; at most {} are possible",
                    NEEDS_PER_INCIDENT_MAX - 4
                ),
            );
        }
    }
}
