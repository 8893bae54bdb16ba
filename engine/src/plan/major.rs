//! Major incidents as the plan has them: what raises an incident to which level, what each level asks for and owes, who
//! commands at the scene, what makes a report upward complete, and which closes name a follow-up.
//!
//! Typed as the tables `level`, `major`, `commander`, `upward`, `close` and `kind.X.level.N`; a plan without them knows no
//! major incident. Tables only: `centre::major` acts by them.

use super::NeedSpec;
use super::compile::Critic;
use super::source::{NeedRule, Source};
use crate::call::Assessment;
use crate::kind::{Category, Kind, Nature};
use crate::limits::{LEVEL_RULES_MAX, NEEDS_PER_INCIDENT_MAX};
use crate::major::{Level, LevelCause, UpwardField, UpwardFields, UpwardStage};
use crate::moment::Span;
use crate::name::Name;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The longest of these clocks: a week.
const OWED_S_MAX: i64 = 7 * 86_400;
/// The quickest pace of situation reports.
const PACE_S_MIN: i64 = 60;
/// How many levels there are.
const LEVELS: usize = Level::ALL.len();

/// What raises an incident to a level, as typed. All that it names must be so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelRule {
    level: String,
    #[serde(default)]
    kinds: Vec<String>,
    injured: Option<u16>,
    calls: Option<u32>,
}

/// What a level owes, as typed; of a graver one no less than of a lesser one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwedRule {
    situation_report_s: Option<i64>,
    first_word_s: Option<i64>,
    written_report_s: Option<i64>,
}

/// Who commands at the scene, as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommanderRule {
    from: String,
    #[serde(default)]
    classes: Vec<String>,
    zh: String,
    en: String,
}

/// What makes reports upward complete, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpwardRule {
    #[serde(default)]
    first: Vec<String>,
    #[serde(default)]
    written: Vec<String>,
}

/// Which closes name a follow-up, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseRule {
    follow_up_from: Option<String>,
    #[serde(default)]
    follow_up_kinds: Vec<String>,
}

/// What a kind needs more at a level, as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelNeeds {
    pub needs: Vec<NeedRule>,
}

/// What raises an incident of one kind to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trigger {
    level: Level,
    injured: u16,
    calls: u32,
    cause: LevelCause,
}

/// What a level owes; `None`: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// From one situation report to the next (X4).
    pub situation_report: Option<Span>,
    /// The first word upward (H6).
    pub first_word: Option<Span>,
    /// The written report upward (H6).
    pub written_report: Option<Span>,
}

impl Owed {
    /// How long a report upward may take.
    pub const fn upward(&self, stage: UpwardStage) -> Option<Span> {
        match stage {
            UpwardStage::First => self.first_word,
            UpwardStage::Written => self.written_report,
        }
    }
}

/// An office, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commander {
    /// In Chinese.
    pub zh: Name,
    /// In English.
    pub en: Name,
}

/// All that a plan says of major incidents.
#[derive(Clone, Debug)]
pub struct MajorRules {
    /// By kind; the gravest first.
    triggers: Vec<Vec<Trigger>>,
    owed: [Owed; LEVELS],
    /// By level and class.
    commanders: [[Option<Commander>; Category::ALL.len()]; LEVELS],
    complete: [UpwardFields; UpwardStage::ALL.len()],
    follow_up_from: Option<Level>,
    follow_up_kinds: Vec<bool>,
    /// By kind and level: what is needed on top.
    needs: Vec<[Vec<NeedSpec>; LEVELS]>,
}

impl MajorRules {
    /// The gravest level that an incident has come to, and why (L1). Only emergencies and help are ever major by rule.
    pub fn level(
        &self,
        assessment: &Assessment,
        injured: u16,
        calls: u32,
    ) -> Option<(Level, LevelCause)> {
        match assessment.nature {
            Nature::Emergency | Nature::Help => {}
            Nature::Enquiry | Nature::Complaint | Nature::Invalid => return None,
        }
        let triggers = self.triggers[assessment.kind as usize].iter();
        let mut met = triggers.filter(|rule| injured >= rule.injured && calls >= rule.calls);
        met.next().map(|rule| (rule.level, rule.cause))
    }

    /// What a level owes.
    pub const fn owed(&self, level: Level) -> Owed {
        self.owed[level as usize]
    }

    /// Who commands at the scene of an incident of this class and level (X9).
    pub const fn commander(&self, category: Category, level: Level) -> Option<Commander> {
        self.commanders[level as usize][category as usize]
    }

    /// What a report upward says at least (C9).
    pub const fn complete(&self, stage: UpwardStage) -> UpwardFields {
        self.complete[stage as usize]
    }

    /// Whether the close of such an incident names who sees to what is left (X5).
    pub fn needs_follow_up(&self, assessment: &Assessment, level: Option<Level>) -> bool {
        let by_level = self.follow_up_from.is_some_and(|from| level >= Some(from));
        let by_kind = self.follow_up_kinds[assessment.kind as usize];
        // What a person has found to be nothing leaves nothing to see to.
        assessment.nature != Nature::Invalid && (by_level || by_kind)
    }

    /// What a level adds to what a kind needs; levels add to one another (R1).
    pub fn needs_at(&self, kind: Kind, level: Level) -> &[NeedSpec] {
        &self.needs[kind as usize][level as usize]
    }
}

/// The tables of a plan, with every mistake noted; `base` is what each kind needs without a level.
pub(super) fn major(source: &Source, base: &[Vec<NeedSpec>], critic: &mut Critic) -> MajorRules {
    MajorRules {
        triggers: triggers(&source.level, critic),
        owed: owed(&source.major, critic),
        commanders: commanders(&source.commander, critic),
        complete: [
            fields("upward.first", &source.upward.first, critic),
            fields("upward.written", &source.upward.written, critic),
        ],
        follow_up_from: {
            let from = source.close.follow_up_from.as_deref();
            from.and_then(|code| level("close.follow_up_from", code, critic))
        },
        follow_up_kinds: {
            let mut named = vec![false; Kind::ALL.len()];
            for code in &source.close.follow_up_kinds {
                if let Some(kind) = critic.kind("close.follow_up_kinds", code) {
                    named[kind as usize] = true;
                }
            }
            named
        },
        needs: level_needs(source, base, critic),
    }
}

pub(super) fn level(place: &str, code: &str, critic: &mut Critic) -> Option<Level> {
    let all = Level::ALL.iter().map(|level| level.code());
    critic.word(place, code, Level::from_code(code), all)
}

fn triggers(rules: &[LevelRule], critic: &mut Critic) -> Vec<Vec<Trigger>> {
    let mut triggers = vec![Vec::new(); Kind::ALL.len()];
    if rules.len() > LEVEL_RULES_MAX {
        let told = format!(
            "{} rules; at most {LEVEL_RULES_MAX} are possible",
            rules.len()
        );
        critic.note("level", told);
        return triggers;
    }
    for (index, rule) in rules.iter().enumerate() {
        let place = format!("level[{index}]");
        let reached = level(&format!("{place}.level"), &rule.level, critic);
        if rule.kinds.is_empty() && rule.injured.is_none() && rule.calls.is_none() {
            critic.note(
                place.clone(),
                "every incident would be of this level; name `kinds`, `injured` or `calls`",
            );
        }
        let (injured_place, calls_place) = (format!("{place}.injured"), format!("{place}.calls"));
        if rule.injured == Some(0) {
            critic.note(
                injured_place,
                "nobody hurt raises nothing; from 1 on, or leave it out",
            );
        }
        if rule.calls.is_some_and(|calls| calls < 2) {
            critic.note(
                calls_place,
                "every incident has one call; from 2 on, or leave it out",
            );
        }
        let injured = rule.injured.unwrap_or(0);
        let calls = rule.calls.unwrap_or(0);
        let cause = match (rule.injured, rule.calls) {
            (Some(_), _) => LevelCause::Injured,
            (None, Some(_)) => LevelCause::Calls,
            (None, None) => LevelCause::Kind,
        };
        let named: Vec<Kind> = rule
            .kinds
            .iter()
            .filter_map(|code| critic.kind(&format!("{place}.kinds"), code))
            .collect();
        let Some(level) = reached else { continue };
        let trigger = Trigger {
            level,
            injured,
            calls,
            cause,
        };
        for (&kind, list) in Kind::ALL.iter().zip(&mut triggers) {
            if rule.kinds.is_empty() || named.contains(&kind) {
                list.push(trigger);
            }
        }
    }
    for list in &mut triggers {
        list.sort_by_key(|trigger| std::cmp::Reverse(trigger.level));
    }
    triggers
}

fn owed(rules: &BTreeMap<String, OwedRule>, critic: &mut Critic) -> [Owed; LEVELS] {
    let mut owed = [Owed::default(); LEVELS];
    for (code, rule) in rules {
        let place = format!("major.{code}");
        let Some(level) = level(&place, code, critic) else {
            continue;
        };
        let mut span = |name: &str, seconds: Option<i64>, least: i64| {
            let seconds = seconds?;
            let place = format!("{place}.{name}");
            Some(Span::seconds(
                critic.bounded(&place, seconds, least, OWED_S_MAX),
            ))
        };
        owed[level as usize] = Owed {
            situation_report: span("situation_report_s", rule.situation_report_s, PACE_S_MIN),
            first_word: span("first_word_s", rule.first_word_s, 1),
            written_report: span("written_report_s", rule.written_report_s, 1),
        };
    }
    ensure_graver_owes_no_less(&owed, critic);
    owed
}

/// A graver level owes whatever a lesser one does, and as soon.
fn ensure_graver_owes_no_less(owed: &[Owed; LEVELS], critic: &mut Critic) {
    type Duty = (&'static str, fn(&Owed) -> Option<Span>);
    const DUTIES: [Duty; 3] = [
        ("situation_report_s", |owed| owed.situation_report),
        ("first_word_s", |owed| owed.first_word),
        ("written_report_s", |owed| owed.written_report),
    ];
    for levels in Level::ALL.windows(2) {
        let &[lesser, graver] = levels else { continue };
        for (name, duty) in DUTIES {
            let (asked, given) = (duty(&owed[lesser as usize]), duty(&owed[graver as usize]));
            let Some(asked) = asked.filter(|&asked| given.is_none_or(|given| given > asked)) else {
                continue;
            };
            let told = format!(
                "level {lesser} owes it within {} s; a graver one owes no less",
                asked.0 / 1_000
            );
            critic.note(format!("major.{graver}.{name}"), told);
        }
    }
}

/// Of rules that speak of the same class and level, the last one holds.
fn commanders(
    rules: &[CommanderRule],
    critic: &mut Critic,
) -> [[Option<Commander>; Category::ALL.len()]; LEVELS] {
    let mut commanders = [[None; Category::ALL.len()]; LEVELS];
    for (index, rule) in rules.iter().enumerate() {
        let place = format!("commander[{index}]");
        let from = level(&format!("{place}.from"), &rule.from, critic);
        let mut name = |field: &str, text: &str| match Name::new(text) {
            Ok(name) => Some(name),
            Err(error) => {
                critic.note(format!("{place}.{field}"), error.to_string());
                None
            }
        };
        let named = (name("zh", &rule.zh), name("en", &rule.en));
        let classes: Vec<Category> = rule
            .classes
            .iter()
            .filter_map(|code| {
                let all = Category::ALL.iter().map(|class| class.code());
                let found = Category::from_code(code);
                critic.word(&format!("{place}.classes"), code, found, all)
            })
            .collect();
        let (Some(from), (Some(zh), Some(en))) = (from, named) else {
            continue;
        };
        for by_class in &mut commanders[from as usize..] {
            for (&class, commander) in Category::ALL.iter().zip(by_class) {
                if rule.classes.is_empty() || classes.contains(&class) {
                    *commander = Some(Commander { zh, en });
                }
            }
        }
    }
    commanders
}

fn fields(place: &str, codes: &[String], critic: &mut Critic) -> UpwardFields {
    let field = |code: &String| {
        let all = UpwardField::ALL.iter().map(|field| field.code());
        critic.word(place, code, UpwardField::from_code(code), all)
    };
    codes.iter().filter_map(field).collect()
}

fn level_needs(
    source: &Source,
    base: &[Vec<NeedSpec>],
    critic: &mut Critic,
) -> Vec<[Vec<NeedSpec>; LEVELS]> {
    let mut needs = vec![[const { Vec::new() }; LEVELS]; Kind::ALL.len()];
    for (code, rule) in &source.kind {
        // What is no kind was noted where its own needs were read.
        let Some(kind) = Kind::from_code(code) else {
            continue;
        };
        let by_level = &mut needs[kind as usize];
        for (code_of_level, rule) in &rule.level {
            let place = format!("kind.{code}.level.{code_of_level}");
            if let Some(level) = level(&place, code_of_level, critic) {
                by_level[level as usize] = critic.needs(&format!("{place}.needs"), &rule.needs);
            }
        }
        let all = base[kind as usize].iter().chain(by_level.iter().flatten());
        let units: usize = all.map(|spec| usize::from(spec.count)).sum();
        if units > NEEDS_PER_INCIDENT_MAX - 4 {
            critic.note(
                format!("kind.{code}.level"),
                format!(
                    "{units} units in all at the gravest level; at most {} are possible",
                    NEEDS_PER_INCIDENT_MAX - 4
                ),
            );
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use crate::call::Assessment;
    use crate::kind::{Category, Kind, Nature};
    use crate::major::{Level, LevelCause, UpwardField, UpwardStage};
    use crate::moment::Span;
    use crate::plan::{DEFAULT, LocalSet, Plan};

    fn default() -> Plan {
        Plan::load(DEFAULT).unwrap()
    }

    /// L1: by kind, by injured, by calls; the gravest that is met holds, and an enquiry is never major.
    #[test]
    fn the_default_plan_raises_by_kind_injured_and_calls() {
        let plan = default();
        let level = |kind, injured, calls| {
            let assessment = Assessment::stated(kind);
            plan.major.level(&assessment, injured, calls)
        };
        assert_eq!(level(Kind::CrashDamage, 0, 1), None);
        assert_eq!(
            level(Kind::CrashInjury, 3, 1),
            Some((Level::IV, LevelCause::Injured))
        );
        assert_eq!(
            level(Kind::CrashInjury, 100, 1),
            Some((Level::I, LevelCause::Injured))
        );
        assert_eq!(
            level(Kind::Earthquake, 3, 1),
            Some((Level::III, LevelCause::Kind))
        );
        assert_eq!(
            level(Kind::StructureFire, 0, 30),
            Some((Level::IV, LevelCause::Calls))
        );
        let mut asked = Assessment::stated(Kind::Earthquake);
        asked.nature = Nature::Enquiry;
        assert_eq!(plan.major.level(&asked, 200, 200), None);
    }

    /// H6: level I and II owe the first word within the hour and four hours for the written report. X4: each level its pace.
    #[test]
    fn the_default_plan_has_the_fields_deadlines() {
        let plan = default();
        for level in [Level::I, Level::II] {
            let owed = plan.major.owed(level);
            assert_eq!(owed.first_word, Some(Span::minutes(60)));
            assert_eq!(owed.written_report, Some(Span::hours(4)));
        }
        assert_eq!(plan.major.owed(Level::IV).first_word, None);
        let paces = Level::ALL.iter().map(|&level| plan.major.owed(level));
        let paces: Vec<_> = paces.map(|owed| owed.situation_report.unwrap()).collect();
        assert!(paces.windows(2).all(|pair| pair[0] > pair[1]), "{paces:?}");
        let complete = plan.major.complete(UpwardStage::First);
        assert!(complete.contains(UpwardField::Time) && !complete.is_empty());
    }

    /// X9: by class and from which level.
    #[test]
    fn commanders_go_by_class() {
        let plan = default();
        let named = |class, level| plan.major.commander(class, level).unwrap().en;
        let security = named(Category::SocialSecurity, Level::III);
        assert_eq!(security.as_str(), "head of public security");
        let rescue = named(Category::Accident, Level::III);
        assert_eq!(rescue.as_str(), "vice-head in charge");
        let ordinary = named(Category::Accident, Level::IV);
        assert_eq!(ordinary.as_str(), "leader of the team");
    }

    /// R1: levels add to one another, and to what the kind needs anyway.
    #[test]
    fn levels_add_to_one_another() {
        let plan = default();
        let assessment = Assessment::stated(Kind::MassCasualty);
        let count = |level| {
            let needs = plan.needs(&assessment, level, None, LocalSet::NONE, |_| true);
            needs.iter().map(|spec| u32::from(spec.count)).sum::<u32>()
        };
        let counts = [None, Some(Level::IV), Some(Level::III), Some(Level::II)].map(count);
        assert!(counts[0] < counts[2] && counts[2] < counts[3], "{counts:?}");
        // What the city has not falls to one desk, however much more of it a level asks for.
        let desks = plan.needs(&assessment, Some(Level::I), None, LocalSet::NONE, |_| false);
        assert!(desks.iter().all(|spec| spec.count == 1), "{desks:?}");
    }

    /// L1, H6: a rule that every incident meets is none, and a graver level owes no less, and no later, than a lesser one.
    #[test]
    fn rules_that_say_nothing_and_lesser_duties_of_graver_levels_are_refused() {
        let at = DEFAULT.rfind("first_word_s = 3600").unwrap();
        let text = format!(
            "{}first_word_s = 7200{}\n[[level]]\nlevel = \"IV\"\ninjured = 0\n\
             [[level]]\nlevel = \"IV\"\nkinds = [\"noise\"]\ncalls = 1\n",
            &DEFAULT[..at],
            &DEFAULT[at + "first_word_s = 3600".len()..]
        );
        let mistakes = Plan::load(&text).unwrap_err().to_string();
        for told in ["nobody hurt raises nothing", "every incident has one call"] {
            assert!(mistakes.contains(told), "{told} in\n{mistakes}");
        }
        let less = "major.I.first_word_s: level II owes it within 3600 s";
        assert!(mistakes.contains(less), "{mistakes}");
        for (line, place) in [
            ("situation_report_s = ", "situation_report_s"),
            ("written_report_s = ", "written_report_s"),
        ] {
            // The last level that owes it does not any more.
            let at = DEFAULT.rfind(line).unwrap();
            let text = format!("{}# {}", &DEFAULT[..at], &DEFAULT[at..]);
            let mistakes = Plan::load(&text).unwrap_err().to_string();
            assert!(mistakes.contains(place), "{place} in\n{mistakes}");
        }
    }

    /// Every mistake is named by its place.
    #[test]
    fn mistakes_are_named() {
        let text = format!(
            "{DEFAULT}\n[[level]]\nlevel = \"V\"\nkinds = [\"dragon\"]\n[[level]]\nlevel = \"I\"\n\
             [[commander]]\nfrom = \"I\"\nclasses = [\"none\"]\nzh = \"\"\nen = \"x\"\n\
             [kind.noise]\nneeds = [{{ capability = \"patrol\", count = 1 }}]\n\
             [kind.noise.level.I]\nneeds = [{{ capability = \"patrol\", count = 8 }}, {{ capability = \"riot\", count = 8 }}]\n"
        );
        let mistakes = Plan::load(&text).unwrap_err().to_string();
        for told in [
            "`V` is unknown; possible are IV, III, II, I",
            "`dragon` is unknown",
            "every incident would be of this level",
            ".zh: a name is empty",
            "kind.noise.level",
        ] {
            assert!(mistakes.contains(told), "{told} in\n{mistakes}");
        }
    }
}
