//! What a unit can do, as plans ask for it and units offer it.
//!
//! A closed list in the field's own words, so that a plan and a unit can only mean the same thing. Each
//! capability belongs to one agency, whose clocks its orders run by. Numbers are part of the journal:
//! append, never reorder; at most 64, one bit each.

use crate::kind::{Agency, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// One thing a unit can do.
    Capability {
        /// 巡逻处警
        Patrol = "patrol",
        /// 刑侦
        Detective = "detective",
        /// 防暴
        Riot = "riot",
        /// 排爆
        BombDisposal = "bomb_disposal",
        /// 灭火
        FireEngine = "fire_engine",
        /// 抢险救援
        Rescue = "rescue",
        /// 登高
        Ladder = "ladder",
        /// 危化处置
        Hazmat = "hazmat",
        /// 水上救援
        Boat = "boat",
        /// 交通巡逻
        TrafficPatrol = "traffic_patrol",
        /// 清障拖车
        Tow = "tow",
        /// 急救转运
        Ambulance = "ambulance",
        /// 高级生命支持
        AdvancedCare = "advanced_care",
        /// 医疗队
        MedicalTeam = "medical_team",
        /// 森林消防
        ForestFire = "forest_fire",
        /// 环境监测
        EnvironmentCrew = "environment_crew",
        /// 燃气抢修
        GasCrew = "gas_crew",
        /// 电力抢修
        PowerCrew = "power_crew",
        /// 供水抢修
        WaterCrew = "water_crew",
        /// 市政抢修
        UrbanCrew = "urban_crew",
        /// 防汛抢险
        FloodTeam = "flood_team",
        /// 地质灾害
        GeologyCrew = "geology_crew",
        /// 疾控流调
        EpidemicTeam = "epidemic_team",
        /// 乡镇应急队
        TownshipTeam = "township_team",
        /// 民兵
        Militia = "militia",
        /// 专家组
        Expert = "expert",
        /// 公安值班席
        DeskPolice = "desk_police",
        /// 消防值班席
        DeskFire = "desk_fire",
        /// 交警值班席
        DeskTraffic = "desk_traffic",
        /// 急救值班席
        DeskMedical = "desk_medical",
        /// 林业值班席
        DeskForestry = "desk_forestry",
        /// 环保值班席
        DeskEnvironment = "desk_environment",
        /// 燃气值班席
        DeskGas = "desk_gas",
        /// 供电值班席
        DeskPower = "desk_power",
        /// 供水值班席
        DeskWater = "desk_water",
        /// 城管值班席
        DeskUrban = "desk_urban",
        /// 防汛值班席
        DeskFloodControl = "desk_flood_control",
        /// 地质值班席
        DeskGeology = "desk_geology",
        /// 卫健值班席
        DeskHealth = "desk_health",
        /// 质监值班席
        DeskQuality = "desk_quality",
        /// 政府值班席
        DeskGovernment = "desk_government",
        /// 航空救援
        Aircraft = "aircraft",
    }
}

vocabulary! {
    /// How a unit with a capability answers an order.
    CapabilityClass {
        /// Crew and vehicle stand ready: they set off.
        Vehicle = "vehicle",
        /// People are called together: they muster (X7).
        Team = "team",
        /// A desk: never travels.
        Desk = "desk",
    }
}

const _: () = assert!(Capability::ALL.len() <= 64, "a capability is one bit of 64");

impl Capability {
    /// Whether whoever is asked for this comes by road: boats and aircraft do not (L4).
    pub const fn comes_by_road(self) -> bool {
        !matches!(self, Capability::Boat | Capability::Aircraft)
    }

    /// The agency whose clocks and ledger an order for this capability runs by.
    pub const fn agency(self) -> Agency {
        use Capability::*;
        match self {
            Patrol | Detective | Riot | BombDisposal | Militia | DeskPolice => Agency::Police,
            FireEngine | Rescue | Ladder | Hazmat | Boat | Aircraft | DeskFire => Agency::Fire,
            TrafficPatrol | Tow | DeskTraffic => Agency::Traffic,
            Ambulance | AdvancedCare | MedicalTeam | DeskMedical => Agency::Medical,
            ForestFire | DeskForestry => Agency::Forestry,
            EnvironmentCrew | DeskEnvironment => Agency::Environment,
            GasCrew | DeskGas => Agency::Gas,
            PowerCrew | DeskPower => Agency::Power,
            WaterCrew | DeskWater => Agency::Water,
            UrbanCrew | DeskUrban => Agency::Urban,
            FloodTeam | DeskFloodControl => Agency::FloodControl,
            GeologyCrew | DeskGeology => Agency::Geology,
            EpidemicTeam | DeskHealth => Agency::Health,
            DeskQuality => Agency::Quality,
            TownshipTeam | Expert | DeskGovernment => Agency::Government,
        }
    }

    /// The desk of an agency: for what needs no vehicle.
    pub const fn desk_of(agency: Agency) -> Capability {
        use Capability::*;
        match agency {
            Agency::Police => DeskPolice,
            Agency::Fire => DeskFire,
            Agency::Traffic => DeskTraffic,
            Agency::Medical => DeskMedical,
            Agency::Forestry => DeskForestry,
            Agency::Environment => DeskEnvironment,
            Agency::Gas => DeskGas,
            Agency::Power => DeskPower,
            Agency::Water => DeskWater,
            Agency::Urban => DeskUrban,
            Agency::FloodControl => DeskFloodControl,
            Agency::Geology => DeskGeology,
            Agency::Health => DeskHealth,
            Agency::Quality => DeskQuality,
            Agency::Government => DeskGovernment,
        }
    }

    /// How it answers an order: clocks differ by this.
    pub const fn class(self) -> CapabilityClass {
        use Capability::*;
        match self {
            Riot | MedicalTeam | ForestFire | FloodTeam | TownshipTeam | Militia | Expert => {
                CapabilityClass::Team
            }
            Patrol | Detective | BombDisposal | FireEngine | Rescue | Ladder | Hazmat | Boat
            | TrafficPatrol | Tow | Ambulance | AdvancedCare | EnvironmentCrew | GasCrew
            | PowerCrew | WaterCrew | UrbanCrew | GeologyCrew | EpidemicTeam | Aircraft => {
                CapabilityClass::Vehicle
            }
            DeskPolice | DeskFire | DeskTraffic | DeskMedical | DeskForestry | DeskEnvironment
            | DeskGas | DeskPower | DeskWater | DeskUrban | DeskFloodControl | DeskGeology
            | DeskHealth | DeskQuality | DeskGovernment => CapabilityClass::Desk,
        }
    }

    /// Whether this is a desk: acknowledges and finishes, never travels.
    pub const fn is_desk(self) -> bool {
        matches!(self.class(), CapabilityClass::Desk)
    }
}

/// A set of capabilities, one bit each; written as a list of codes where people read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    /// Nothing.
    pub const EMPTY: CapabilitySet = CapabilitySet(0);

    /// The set whose bits are these; `None` when a bit names no capability.
    pub fn from_bits(bits: u64) -> Option<CapabilitySet> {
        (bits >> Capability::ALL.len() == 0).then_some(CapabilitySet(bits))
    }

    /// One bit a capability, by its number.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the capability is in the set.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u64) != 0
    }

    /// Whether whoever offers this goes through the air, whatever they are asked for (L4).
    pub const fn flies(self) -> bool {
        self.contains(Capability::Aircraft)
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> CapabilitySet {
        CapabilitySet(self.0 | 1 << capability as u64)
    }

    /// The capabilities, in their numeric order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let next = Capability::from_number(bits.trailing_zeros() as u8)?;
            bits &= bits - 1;
            Some(next)
        })
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> CapabilitySet {
        capabilities
            .into_iter()
            .fold(CapabilitySet::EMPTY, CapabilitySet::with)
    }
}

impl Serialize for CapabilitySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for CapabilitySet {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<CapabilitySet, D::Error> {
        if deserializer.is_human_readable() {
            Ok(Vec::<Capability>::deserialize(deserializer)?
                .into_iter()
                .collect())
        } else {
            let bits = u64::deserialize(deserializer)?;
            CapabilitySet::from_bits(bits)
                .ok_or_else(|| serde::de::Error::custom("unknown capability bit"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_from_both_its_forms() {
        let set: CapabilitySet = [Capability::Patrol, Capability::DeskGovernment]
            .into_iter()
            .collect();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [Capability::Patrol, Capability::DeskGovernment]
        );
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["patrol","desk_government"]"#);
        assert_eq!(serde_json::from_str::<CapabilitySet>(&json).unwrap(), set);
        assert_eq!(CapabilitySet::from_bits(1 << 63), None);
    }

    #[test]
    fn every_agency_has_its_own_desk() {
        for &agency in Agency::ALL {
            let desk = Capability::desk_of(agency);
            assert!(desk.is_desk());
            assert_eq!(desk.agency(), agency);
        }
        assert!(!Capability::Expert.is_desk());
        assert!(!Capability::Aircraft.is_desk(), "after the desks, and none");
    }
}
