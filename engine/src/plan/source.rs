//! A plan as it is typed: the TOML file, before anything is checked against anything.

use super::major::{CloseRule, CommanderRule, LevelNeeds, LevelRule, OwedRule, UpwardRule};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub name: String,
    pub travel: Travel,
    pub day: Day,
    pub ladder: Ladder,
    pub waiting: Waiting,
    pub incident: IncidentRules,
    #[serde(default)]
    pub line: Vec<LineRule>,
    pub merge: Merge,
    #[serde(default)]
    pub agency: BTreeMap<String, AgencyRule>,
    #[serde(default)]
    pub kind: BTreeMap<String, KindRule>,
    #[serde(default)]
    pub clock: Vec<ClockRule>,
    #[serde(default)]
    pub choice: Choice,
    #[serde(default)]
    pub preemption: Preemption,
    #[serde(default)]
    pub positions: Positions,
    #[serde(default)]
    pub traffic: Vec<TrafficRule>,
    #[serde(default)]
    pub level: Vec<LevelRule>,
    #[serde(default)]
    pub major: BTreeMap<String, OwedRule>,
    #[serde(default)]
    pub commander: Vec<CommanderRule>,
    #[serde(default)]
    pub upward: UpwardRule,
    #[serde(default)]
    pub close: CloseRule,
    #[serde(default)]
    pub local: Vec<LocalRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalRule {
    pub name: String,
    pub tier: String,
    #[serde(default)]
    pub districts: Vec<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub datum: Option<String>,
    pub radius_m: Option<u32>,
    pub from: Option<String>,
    pub to: Option<String>,
    #[serde(default)]
    pub kind: BTreeMap<String, KindRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Choice {
    pub own_district_s: Vec<u32>,
    pub scarce_skill_s: Vec<u32>,
    pub coverage_s: Vec<u32>,
    pub compared: usize,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice {
            own_district_s: Vec::new(),
            scarce_skill_s: Vec::new(),
            coverage_s: Vec::new(),
            compared: 32,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Preemption {
    pub priority_1_from: Vec<u8>,
    pub priority_2_from: Vec<u8>,
    pub priority_3_from: Vec<u8>,
    pub least_gain_s: u32,
    pub bumps_max: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Positions {
    pub stale_s: i64,
}

impl Default for Positions {
    fn default() -> Positions {
        Positions { stale_s: 1_800 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrafficRule {
    pub from_hour: u8,
    pub to_hour: u8,
    #[serde(default)]
    pub classes: Vec<String>,
    pub normal_percent: Option<u16>,
    pub siren_percent: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Travel {
    pub detour_permille: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Day {
    pub from: String,
    pub to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ladder {
    pub rung_s: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    pub service_floor: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentRules {
    pub lapse_h: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineRule {
    pub number: u32,
    pub name: String,
    pub mode: String,
    pub forward_to: Option<u32>,
    #[serde(default)]
    pub orders_when_unknown: Vec<NeedRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    pub radius_m: u32,
    pub window_min: i64,
    #[serde(default)]
    pub never: Vec<String>,
    #[serde(default)]
    pub group: Vec<MergeGroup>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeGroup {
    pub kinds: Vec<String>,
    pub radius_m: Option<u32>,
    pub window_min: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgencyRule {
    pub joins: NeedRule,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindRule {
    pub needs: Vec<NeedRule>,
    #[serde(default)]
    pub level: BTreeMap<String, LevelNeeds>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NeedRule {
    pub capability: String,
    pub count: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockRule {
    pub clock: String,
    pub seconds: i64,
    pub agencies: Option<Vec<String>>,
    pub zones: Option<Vec<String>>,
    pub time: Option<String>,
    pub priorities: Option<Vec<u8>>,
    pub away: Option<bool>,
    pub class: Option<String>,
}
