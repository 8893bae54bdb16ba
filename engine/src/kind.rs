//! The kinds of call, and the words that describe one: agency, nature, category, priority.
//!
//! The table is the field's own (one row a kind: code, Chinese name, usual line, category, nature, priority,
//! agencies). It holds *defaults* only; a case departs from them by the classifier's rules or by a
//! person's word. Numbers here are part of the journal: append, never reorder.

use serde::{Deserialize, Serialize};

/// Declares a closed vocabulary: an enum, its codes, and the ways between them.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[repr(u8)]
        pub enum $name { $($(#[$item])* #[serde(rename = $code)] $variant,)+ }

        impl $name {
            /// All values, in their numeric order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The code that files and wires use.
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)+ }
            }

            /// The value with this code.
            pub fn from_code(code: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.code() == code)
            }

            /// The value with this number.
            pub fn from_number(number: u8) -> Option<$name> {
                $name::ALL.get(usize::from(number)).copied()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(crate) use vocabulary;

vocabulary! {
    /// Who is responsible for a matter. Every agency has a desk; only some have vehicles.
    Agency {
        /// 公安
        Police = "police",
        /// 消防
        Fire = "fire",
        /// 交警
        Traffic = "traffic",
        /// 急救
        Medical = "medical",
        /// 林业
        Forestry = "forestry",
        /// 环保
        Environment = "environment",
        /// 燃气
        Gas = "gas",
        /// 供电
        Power = "power",
        /// 供水
        Water = "water",
        /// 城管
        Urban = "urban",
        /// 防汛
        FloodControl = "flood_control",
        /// 地质
        Geology = "geology",
        /// 卫健
        Health = "health",
        /// 质监
        Quality = "quality",
        /// 政府
        Government = "government",
    }
}

vocabulary! {
    /// What a matter asks of the centre (C2): only the first two may consume a unit.
    Nature {
        /// 紧急事件
        Emergency = "emergency",
        /// 群众求助
        Help = "help",
        /// 问题咨询
        Enquiry = "enquiry",
        /// 效能投诉
        Complaint = "complaint",
        /// 无效
        Invalid = "invalid",
    }
}

vocabulary! {
    /// The class of GB/T 35561, with `service` and `none` for what is no emergency (L1).
    Category {
        /// 自然灾害
        NaturalDisaster = "natural_disaster",
        /// 事故灾难
        Accident = "accident",
        /// 公共卫生
        PublicHealth = "public_health",
        /// 社会安全
        SocialSecurity = "social_security",
        /// 公共服务
        Service = "service",
        /// 无
        None = "none",
    }
}

vocabulary! {
    /// What a call is about. `Unknown` is a call whose words are not known yet, never a verdict.
    Kind {
        /// 尚未明确
        Unknown = "unknown",
        /// 持械伤人杀人绑架等暴力犯罪
        ViolentCrime = "violent_crime",
        /// 抢劫抢夺(现行)
        Robbery = "robbery",
        /// 盗窃报案
        Theft = "theft",
        /// 诈骗
        Fraud = "fraud",
        /// 打架斗殴
        Fight = "fight",
        /// 家庭暴力
        DomesticViolence = "domestic_violence",
        /// 民间经济消费邻里纠纷
        Dispute = "dispute",
        /// 医患纠纷
        MedicalDispute = "medical_dispute",
        /// 黄赌毒举报
        Vice = "vice",
        /// 群体性事件聚集闹事
        PublicOrder = "public_order",
        /// 涉恐涉爆可疑物
        TerrorExplosive = "terror_explosive",
        /// 轻生自杀
        SuicideRisk = "suicide_risk",
        /// 人员走失
        MissingPerson = "missing_person",
        /// 醉酒滋事或醉倒
        Drunk = "drunk",
        /// 噪音扰民
        Noise = "noise",
        /// 动物伤人扰民
        Animal = "animal",
        /// 遗失物品
        LostProperty = "lost_property",
        /// 群众一般求助开锁送医等
        PublicHelp = "public_help",
        /// 建筑住宅火灾
        StructureFire = "structure_fire",
        /// 厂房仓库火灾
        IndustrialFire = "industrial_fire",
        /// 车辆火灾
        VehicleFire = "vehicle_fire",
        /// 山林草地火灾
        Wildfire = "wildfire",
        /// 冒烟焦味报警器响
        SmokeAlarm = "smoke_alarm",
        /// 危险化学品泄漏爆炸
        Hazmat = "hazmat",
        /// 燃气泄漏
        GasLeak = "gas_leak",
        /// 电梯井下高处受困
        Trapped = "trapped",
        /// 溺水落水水上遇险
        WaterRescue = "water_rescue",
        /// 房屋工地坍塌
        Collapse = "collapse",
        /// 电线断落漏电
        LiveWire = "live_wire",
        /// 马蜂窝取戒指动物被困等
        RescueMinor = "rescue_minor",
        /// 伤人交通事故
        CrashInjury = "crash_injury",
        /// 财损交通事故
        CrashDamage = "crash_damage",
        /// 肇事逃逸
        HitAndRun = "hit_and_run",
        /// 路障抛洒物信号灯故障
        RoadObstacle = "road_obstacle",
        /// 拥堵
        Congestion = "congestion",
        /// 违法停车
        IllegalParking = "illegal_parking",
        /// 心脏骤停呼吸停止
        CardiacArrest = "cardiac_arrest",
        /// 胸痛
        ChestPain = "chest_pain",
        /// 卒中偏瘫口齿不清
        Stroke = "stroke",
        /// 呼吸困难窒息
        Breathing = "breathing",
        /// 昏迷晕倒不醒
        Unconscious = "unconscious",
        /// 严重外伤大出血坠落
        MajorTrauma = "major_trauma",
        /// 一般外伤扭伤
        MinorTrauma = "minor_trauma",
        /// 临产产科急症
        Obstetric = "obstetric",
        /// 中毒
        Poisoning = "poisoning",
        /// 抽搐癫痫
        Seizure = "seizure",
        /// 烧烫伤电击
        Burn = "burn",
        /// 一般疾病发热腹痛
        Illness = "illness",
        /// 精神障碍发作
        Psychiatric = "psychiatric",
        /// 疑似急性传染病
        Infectious = "infectious",
        /// 批量伤病员
        MassCasualty = "mass_casualty",
        /// 转院回家转运
        Transfer = "transfer",
        /// 洪水内涝被淹
        Flood = "flood",
        /// 山体滑坡泥石流
        Landslide = "landslide",
        /// 地震
        Earthquake = "earthquake",
        /// 大风倒树广告牌坠落
        StormDamage = "storm_damage",
        /// 停水爆管
        WaterSupply = "water_supply",
        /// 停电
        PowerOutage = "power_outage",
        /// 停气
        GasSupply = "gas_supply",
        /// 井盖缺失污水外溢
        ManholeSewage = "manhole_sewage",
        /// 市容占道违建垃圾
        CityAppearance = "city_appearance",
        /// 环境污染投诉
        Pollution = "pollution",
        /// 产品质量消费投诉
        QualityComplaint = "quality_complaint",
        /// 食品药品投诉
        FoodSafety = "food_safety",
        /// 卫生健康咨询
        HealthEnquiry = "health_enquiry",
        /// 政务咨询
        GovernmentEnquiry = "government_enquiry",
        /// 机关效能投诉
        ConductComplaint = "conduct_complaint",
        /// 无声挂断
        Silent = "silent",
        /// 骚扰误拨试拨
        Nuisance = "nuisance",
    }
}

/// Urgency of dispatch, 1 (danger to life) to 4 (can wait). The order is that of urgency: `P1 < P4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Priority {
    /// Danger to life.
    P1 = 1,
    /// Urgent.
    P2 = 2,
    /// Ordinary.
    P3 = 3,
    /// Service: can wait, but is never starved (C4).
    P4 = 4,
}

impl Priority {
    /// All four, most urgent first.
    pub const ALL: [Priority; 4] = [Priority::P1, Priority::P2, Priority::P3, Priority::P4];

    /// The number, 1 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Position in tables by priority, 0 to 3.
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    /// Its bit in a set of priorities, the lowest for P1.
    pub const fn bit(self) -> u8 {
        1 << self.index()
    }

    /// `steps` more urgent, at most P1.
    pub fn raised(self, steps: u8) -> Priority {
        Priority::ALL[self.index().saturating_sub(usize::from(steps))]
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> u8 {
        priority.number()
    }
}

impl TryFrom<u8> for Priority {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Priority, Self::Error> {
        match number {
            1..=4 => Ok(Priority::ALL[usize::from(number) - 1]),
            _ => Err("a priority is 1, 2, 3 or 4"),
        }
    }
}

/// A set of agencies, one bit each; written as a list of codes where people read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AgencySet(u16);

impl AgencySet {
    /// No agency.
    pub const EMPTY: AgencySet = AgencySet(0);

    /// The set of the given agencies.
    pub const fn of(agencies: &[Agency]) -> AgencySet {
        let mut bits = 0;
        let mut i = 0;
        while i < agencies.len() {
            bits |= 1 << agencies[i] as u16;
            i += 1;
        }
        AgencySet(bits)
    }

    /// The set whose bits are these; `None` when a bit names no agency.
    pub fn from_bits(bits: u16) -> Option<AgencySet> {
        (bits >> Agency::ALL.len() == 0).then_some(AgencySet(bits))
    }

    /// One bit an agency, by its number.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether nobody is responsible.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the agency is in the set.
    pub const fn contains(self, agency: Agency) -> bool {
        self.0 & (1 << agency as u16) != 0
    }

    /// The set with one more agency.
    #[must_use]
    pub const fn with(self, agency: Agency) -> AgencySet {
        AgencySet(self.0 | 1 << agency as u16)
    }

    /// The set without an agency.
    #[must_use]
    pub const fn without(self, agency: Agency) -> AgencySet {
        AgencySet(self.0 & !(1 << agency as u16))
    }

    /// Both sets together (C3).
    #[must_use]
    pub const fn union(self, other: AgencySet) -> AgencySet {
        AgencySet(self.0 | other.0)
    }

    /// The agencies, in their numeric order.
    pub fn iter(self) -> impl Iterator<Item = Agency> {
        Agency::ALL
            .iter()
            .copied()
            .filter(move |&agency| self.contains(agency))
    }
}

impl FromIterator<Agency> for AgencySet {
    fn from_iter<I: IntoIterator<Item = Agency>>(agencies: I) -> AgencySet {
        agencies.into_iter().fold(AgencySet::EMPTY, AgencySet::with)
    }
}

impl Serialize for AgencySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for AgencySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<AgencySet, D::Error> {
        if deserializer.is_human_readable() {
            Ok(Vec::<Agency>::deserialize(deserializer)?
                .into_iter()
                .collect())
        } else {
            let bits = u16::deserialize(deserializer)?;
            AgencySet::from_bits(bits).ok_or_else(|| serde::de::Error::custom("unknown agency bit"))
        }
    }
}

/// The defaults of a kind: one row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRow {
    /// The kind.
    pub kind: Kind,
    /// Its Chinese name.
    pub zh: &'static str,
    /// The line that usually serves it; 0 where any line does.
    pub line: u32,
    /// GB/T 35561 class.
    pub category: Category,
    /// What it asks for.
    pub nature: Nature,
    /// Urgency of dispatch.
    pub priority: Priority,
    /// Who is responsible.
    pub agencies: AgencySet,
}

impl Kind {
    /// The defaults of this kind.
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }
}

use Agency::*;

#[rustfmt::skip]
const fn row(kind: Kind, zh: &'static str, line: u32, category: Category, nature: Nature, priority: Priority, agencies: &[Agency]) -> KindRow {
    KindRow { kind, zh, line, category, nature, priority, agencies: AgencySet::of(agencies) }
}

/// The table of kinds, indexed by the kind's number.
#[rustfmt::skip]
pub static KINDS: [KindRow; 70] = [
    row(Kind::Unknown, "尚未明确", 0, Category::None, Nature::Emergency, Priority::P2, &[]),
    row(Kind::ViolentCrime, "持械伤人杀人绑架等暴力犯罪", 110, Category::SocialSecurity, Nature::Emergency, Priority::P1, &[Police]),
    row(Kind::Robbery, "抢劫抢夺(现行)", 110, Category::SocialSecurity, Nature::Emergency, Priority::P1, &[Police]),
    row(Kind::Theft, "盗窃报案", 110, Category::SocialSecurity, Nature::Emergency, Priority::P3, &[Police]),
    row(Kind::Fraud, "诈骗", 110, Category::SocialSecurity, Nature::Emergency, Priority::P3, &[Police]),
    row(Kind::Fight, "打架斗殴", 110, Category::SocialSecurity, Nature::Emergency, Priority::P2, &[Police]),
    row(Kind::DomesticViolence, "家庭暴力", 110, Category::SocialSecurity, Nature::Emergency, Priority::P2, &[Police]),
    row(Kind::Dispute, "民间经济消费邻里纠纷", 110, Category::SocialSecurity, Nature::Help, Priority::P4, &[Police]),
    row(Kind::MedicalDispute, "医患纠纷", 110, Category::SocialSecurity, Nature::Help, Priority::P3, &[Police]),
    row(Kind::Vice, "黄赌毒举报", 110, Category::SocialSecurity, Nature::Complaint, Priority::P4, &[Police]),
    row(Kind::PublicOrder, "群体性事件聚集闹事", 110, Category::SocialSecurity, Nature::Emergency, Priority::P2, &[Police]),
    row(Kind::TerrorExplosive, "涉恐涉爆可疑物", 110, Category::SocialSecurity, Nature::Emergency, Priority::P1, &[Police, Fire, Medical]),
    row(Kind::SuicideRisk, "轻生自杀", 110, Category::SocialSecurity, Nature::Emergency, Priority::P1, &[Police, Fire, Medical]),
    row(Kind::MissingPerson, "人员走失", 110, Category::SocialSecurity, Nature::Help, Priority::P3, &[Police]),
    row(Kind::Drunk, "醉酒滋事或醉倒", 110, Category::SocialSecurity, Nature::Help, Priority::P3, &[Police]),
    row(Kind::Noise, "噪音扰民", 110, Category::SocialSecurity, Nature::Complaint, Priority::P4, &[Police]),
    row(Kind::Animal, "动物伤人扰民", 110, Category::SocialSecurity, Nature::Help, Priority::P3, &[Police]),
    row(Kind::LostProperty, "遗失物品", 110, Category::SocialSecurity, Nature::Help, Priority::P4, &[Police]),
    row(Kind::PublicHelp, "群众一般求助开锁送医等", 110, Category::SocialSecurity, Nature::Help, Priority::P4, &[Police]),
    row(Kind::StructureFire, "建筑住宅火灾", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire]),
    row(Kind::IndustrialFire, "厂房仓库火灾", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire, Police, Medical]),
    row(Kind::VehicleFire, "车辆火灾", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire, Traffic]),
    row(Kind::Wildfire, "山林草地火灾", 119, Category::NaturalDisaster, Nature::Emergency, Priority::P1, &[Fire, Forestry]),
    row(Kind::SmokeAlarm, "冒烟焦味报警器响", 119, Category::Accident, Nature::Emergency, Priority::P2, &[Fire]),
    row(Kind::Hazmat, "危险化学品泄漏爆炸", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire, Police, Medical, Environment]),
    row(Kind::GasLeak, "燃气泄漏", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire, Gas]),
    row(Kind::Trapped, "电梯井下高处受困", 119, Category::Accident, Nature::Emergency, Priority::P2, &[Fire]),
    row(Kind::WaterRescue, "溺水落水水上遇险", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire, Police, Medical]),
    row(Kind::Collapse, "房屋工地坍塌", 119, Category::Accident, Nature::Emergency, Priority::P1, &[Fire, Police, Medical]),
    row(Kind::LiveWire, "电线断落漏电", 119, Category::Accident, Nature::Emergency, Priority::P2, &[Fire, Power]),
    row(Kind::RescueMinor, "马蜂窝取戒指动物被困等", 119, Category::Accident, Nature::Help, Priority::P4, &[Fire]),
    row(Kind::CrashInjury, "伤人交通事故", 122, Category::Accident, Nature::Emergency, Priority::P1, &[Traffic, Medical]),
    row(Kind::CrashDamage, "财损交通事故", 122, Category::Accident, Nature::Emergency, Priority::P3, &[Traffic]),
    row(Kind::HitAndRun, "肇事逃逸", 122, Category::Accident, Nature::Emergency, Priority::P2, &[Traffic]),
    row(Kind::RoadObstacle, "路障抛洒物信号灯故障", 122, Category::Accident, Nature::Help, Priority::P3, &[Traffic]),
    row(Kind::Congestion, "拥堵", 122, Category::Accident, Nature::Enquiry, Priority::P4, &[Traffic]),
    row(Kind::IllegalParking, "违法停车", 122, Category::Accident, Nature::Complaint, Priority::P4, &[Traffic]),
    row(Kind::CardiacArrest, "心脏骤停呼吸停止", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::ChestPain, "胸痛", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::Stroke, "卒中偏瘫口齿不清", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::Breathing, "呼吸困难窒息", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::Unconscious, "昏迷晕倒不醒", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::MajorTrauma, "严重外伤大出血坠落", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::MinorTrauma, "一般外伤扭伤", 120, Category::PublicHealth, Nature::Emergency, Priority::P3, &[Medical]),
    row(Kind::Obstetric, "临产产科急症", 120, Category::PublicHealth, Nature::Emergency, Priority::P2, &[Medical]),
    row(Kind::Poisoning, "中毒", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical]),
    row(Kind::Seizure, "抽搐癫痫", 120, Category::PublicHealth, Nature::Emergency, Priority::P2, &[Medical]),
    row(Kind::Burn, "烧烫伤电击", 120, Category::PublicHealth, Nature::Emergency, Priority::P2, &[Medical]),
    row(Kind::Illness, "一般疾病发热腹痛", 120, Category::PublicHealth, Nature::Emergency, Priority::P3, &[Medical]),
    row(Kind::Psychiatric, "精神障碍发作", 120, Category::PublicHealth, Nature::Emergency, Priority::P2, &[Medical, Police]),
    row(Kind::Infectious, "疑似急性传染病", 120, Category::PublicHealth, Nature::Emergency, Priority::P2, &[Medical, Health]),
    row(Kind::MassCasualty, "批量伤病员", 120, Category::PublicHealth, Nature::Emergency, Priority::P1, &[Medical, Police, Fire]),
    row(Kind::Transfer, "转院回家转运", 120, Category::PublicHealth, Nature::Help, Priority::P4, &[Medical]),
    row(Kind::Flood, "洪水内涝被淹", 119, Category::NaturalDisaster, Nature::Emergency, Priority::P2, &[Fire, FloodControl]),
    row(Kind::Landslide, "山体滑坡泥石流", 119, Category::NaturalDisaster, Nature::Emergency, Priority::P1, &[Fire, Geology, Police, Medical]),
    row(Kind::Earthquake, "地震", 119, Category::NaturalDisaster, Nature::Emergency, Priority::P1, &[Fire, Police, Medical]),
    row(Kind::StormDamage, "大风倒树广告牌坠落", 119, Category::NaturalDisaster, Nature::Emergency, Priority::P3, &[Fire, Urban]),
    row(Kind::WaterSupply, "停水爆管", 12319, Category::Service, Nature::Help, Priority::P4, &[Water]),
    row(Kind::PowerOutage, "停电", 12319, Category::Service, Nature::Help, Priority::P4, &[Power]),
    row(Kind::GasSupply, "停气", 12319, Category::Service, Nature::Help, Priority::P4, &[Gas]),
    row(Kind::ManholeSewage, "井盖缺失污水外溢", 12319, Category::Service, Nature::Help, Priority::P4, &[Urban]),
    row(Kind::CityAppearance, "市容占道违建垃圾", 12319, Category::Service, Nature::Complaint, Priority::P4, &[Urban]),
    row(Kind::Pollution, "环境污染投诉", 12369, Category::Service, Nature::Complaint, Priority::P4, &[Environment]),
    row(Kind::QualityComplaint, "产品质量消费投诉", 12365, Category::Service, Nature::Complaint, Priority::P4, &[Quality]),
    row(Kind::FoodSafety, "食品药品投诉", 12365, Category::Service, Nature::Complaint, Priority::P4, &[Quality]),
    row(Kind::HealthEnquiry, "卫生健康咨询", 12320, Category::Service, Nature::Enquiry, Priority::P4, &[Health]),
    row(Kind::GovernmentEnquiry, "政务咨询", 12345, Category::Service, Nature::Enquiry, Priority::P4, &[Government]),
    row(Kind::ConductComplaint, "机关效能投诉", 12345, Category::Service, Nature::Complaint, Priority::P4, &[Government]),
    row(Kind::Silent, "无声挂断", 0, Category::None, Nature::Invalid, Priority::P4, &[]),
    row(Kind::Nuisance, "骚扰误拨试拨", 0, Category::None, Nature::Invalid, Priority::P4, &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_indexed_by_number() {
        for (number, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, number);
            assert_eq!(Kind::from_code(row.kind.code()), Some(row.kind));
        }
        assert_eq!(KINDS.len(), Kind::ALL.len());
    }

    #[test]
    fn a_set_reads_back_from_both_its_forms() {
        let set = AgencySet::of(&[Agency::Fire, Agency::FloodControl]);
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["fire","flood_control"]"#);
        assert_eq!(serde_json::from_str::<AgencySet>(&json).unwrap(), set);
        let bytes = postcard::to_stdvec(&set).unwrap();
        assert_eq!(postcard::from_bytes::<AgencySet>(&bytes).unwrap(), set);
        assert!(
            postcard::from_bytes::<AgencySet>(&postcard::to_stdvec(&0x8000u16).unwrap()).is_err()
        );
    }

    #[test]
    fn raising_stops_at_danger_to_life() {
        assert_eq!(Priority::P3.raised(1), Priority::P2);
        assert_eq!(Priority::P2.raised(5), Priority::P1);
    }
}
