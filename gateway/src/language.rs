//! The language that people are answered in, and what it calls the field's own words.
//!
//! Chinese first: it is what the vocabularies were named in. English is the code with spaces. A vocabulary that grows
//! does not compile until it has its Chinese name here. Sentences are made where they are said (`explain`, `report`,
//! `board`), never here.

use engine::capability::Capability;
use engine::event::{Choice, LedgerMatter};
use engine::incident::Shortage;
use engine::kind::{Agency, Kind, Nature};
use engine::major::{IncidentClock, Level, UpwardStage};
use engine::order::{OrderClock, OrderState, Rung};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// 中文
    #[default]
    #[value(name = "zh")]
    Chinese,
    /// English
    #[value(name = "en")]
    English,
}

impl Language {
    /// The language of this code, `zh` or `en`.
    pub fn from_code(code: &str) -> Option<Language> {
        match code {
            "zh" => Some(Language::Chinese),
            "en" => Some(Language::English),
            _ => None,
        }
    }

    /// Of two wordings the one in this language.
    pub const fn of<T: Copy>(self, chinese: T, english: T) -> T {
        match self {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    /// What this language calls a term.
    pub fn call<T: Term>(self, term: T) -> String {
        match self {
            Language::Chinese => term.chinese().to_owned(),
            Language::English => term.code_of().replace('_', " "),
        }
    }
}

/// A word of the field.
pub trait Term: Copy {
    /// The code that files and wires use.
    fn code_of(self) -> &'static str;

    /// Its Chinese name.
    fn chinese(self) -> &'static str;
}

impl Term for Kind {
    fn code_of(self) -> &'static str {
        self.code()
    }

    fn chinese(self) -> &'static str {
        self.row().zh
    }
}

macro_rules! chinese {
    ($name:ident { $($variant:ident = $chinese:literal,)+ }) => {
        impl Term for $name {
            fn code_of(self) -> &'static str {
                self.code()
            }

            fn chinese(self) -> &'static str {
                match self { $($name::$variant => $chinese,)+ }
            }
        }
    };
}

chinese! { Agency {
    Police = "公安", Fire = "消防", Traffic = "交警", Medical = "急救", Forestry = "林业", Environment = "环保",
    Gas = "燃气", Power = "供电", Water = "供水", Urban = "城管", FloodControl = "防汛", Geology = "地质",
    Health = "卫健", Quality = "质监", Government = "政府",
}}

chinese! { Nature {
    Emergency = "紧急事件", Help = "群众求助", Enquiry = "问题咨询", Complaint = "效能投诉", Invalid = "无效",
}}

chinese! { Capability {
    Patrol = "巡逻处警", Detective = "刑侦", Riot = "防暴", BombDisposal = "排爆", FireEngine = "灭火", Rescue = "抢险救援",
    Ladder = "登高", Hazmat = "危化处置", Boat = "水上救援", TrafficPatrol = "交通巡逻", Tow = "清障拖车",
    Ambulance = "急救转运", AdvancedCare = "高级生命支持", MedicalTeam = "医疗队", ForestFire = "森林消防",
    EnvironmentCrew = "环境监测", GasCrew = "燃气抢修", PowerCrew = "电力抢修", WaterCrew = "供水抢修",
    UrbanCrew = "市政抢修", FloodTeam = "防汛抢险", GeologyCrew = "地质灾害", EpidemicTeam = "疾控流调",
    TownshipTeam = "乡镇应急队", Militia = "民兵", Expert = "专家组", DeskPolice = "公安值班席", DeskFire = "消防值班席",
    DeskTraffic = "交警值班席", DeskMedical = "急救值班席", DeskForestry = "林业值班席", DeskEnvironment = "环保值班席",
    DeskGas = "燃气值班席", DeskPower = "供电值班席", DeskWater = "供水值班席", DeskUrban = "城管值班席",
    DeskFloodControl = "防汛值班席", DeskGeology = "地质值班席", DeskHealth = "卫健值班席", DeskQuality = "质监值班席",
    DeskGovernment = "政府值班席", Aircraft = "航空救援",
}}

chinese! { OrderState {
    Issued = "已下达", Acknowledged = "已签收", SetOff = "已出动", Arrived = "已到场", Finished = "已办结",
    Declined = "已拒绝", Cancelled = "已撤销", Reassigned = "已改派", Preempted = "已被抢派",
}}

chinese! { OrderClock {
    Acknowledge = "签收", SetOff = "出动", Muster = "集结", Arrive = "到场", Result = "反馈",
}}

chinese! { Rung {
    Primary = "主责人", Deputy = "副职", DutyLeader = "值班领导", NextUnit = "下一力量",
}}

chinese! { Choice {
    Nearest = "最快到达", Waiting = "候派轮到", ServiceFloor = "服务类保底", Desk = "值班席", Person = "人工指派",
    Preemption = "抢派",
}}

chinese! { Shortage {
    AllBusy = "能派的都在忙", NobodyOnDuty = "无人在岗", NoSuchUnit = "辖区没有这种力量", NoPlace = "地点不明",
    Outside = "在辖区之外", AllAsked = "都已问过", Drill = "演练不派", NoRoom = "指令单已满",
}}

chinese! { LedgerMatter {
    NoAcknowledgement = "逾时未签收", PassedOn = "未签收已改派", Declined = "拒绝", LateSetOff = "逾时未出动",
    LateMuster = "逾时未集结", LateArrival = "逾时未到场", LateResult = "逾时未反馈",
    MissingAcknowledgement = "缺签收", MissingSetOff = "缺出动报告", MissingArrival = "缺到场报告",
    MissingSituationReport = "缺现场续报", LateFirstWord = "逾时未首报", LateWrittenReport = "逾时未书面报告",
    IncompleteFirstWord = "首报缺项", IncompleteWrittenReport = "书面报告缺项", MissingFirstWord = "未首报即结案",
    MissingWrittenReport = "未书面报告即结案", MissingFollowUp = "未明确后续责任即结案",
}}

chinese! { Level {
    IV = "一般", III = "较大", II = "重大", I = "特别重大",
}}

chinese! { IncidentClock {
    SituationReport = "现场续报", FirstWord = "首报", WrittenReport = "书面报告",
}}

chinese! { UpwardStage {
    First = "首报", Written = "书面报告",
}}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_have_a_name_in_both_languages() {
        assert_eq!(
            Language::Chinese.call(Capability::TrafficPatrol),
            "交通巡逻"
        );
        assert_eq!(
            Language::English.call(Capability::TrafficPatrol),
            "traffic patrol"
        );
        assert_eq!(Language::Chinese.call(Kind::Unknown), "尚未明确");
        assert_eq!(Language::from_code("en"), Some(Language::English));
        assert_eq!(Language::from_code("fr"), None);
    }
}
