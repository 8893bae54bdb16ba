//! A hospital: where patients can be taken, what it can take, and whether it takes anybody now.
//!
//! Defined by the city's files at the start and by a person later (H9). Nothing here chooses one.

use crate::kind::vocabulary;
use crate::name::Name;
use crate::place::Point;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What a hospital can take (J2): a hard filter, whatever the distance.
    HospitalCapability {
        /// 急诊
        Emergency = "emergency",
        /// 创伤
        Trauma = "trauma",
        /// 胸痛中心
        ChestPain = "chest_pain",
        /// 卒中中心
        Stroke = "stroke",
        /// 烧伤
        Burns = "burns",
        /// 产科
        Obstetric = "obstetric",
        /// 儿科
        Children = "children",
        /// 传染病
        Infectious = "infectious",
        /// 中毒救治
        Poisoning = "poisoning",
        /// 洗消
        Decontamination = "decontamination",
        /// 精神科
        Psychiatric = "psychiatric",
        /// 重症监护
        IntensiveCare = "intensive_care",
    }
}

const _: () = assert!(
    HospitalCapability::ALL.len() <= 16,
    "a capability is one bit of 16"
);

/// The number that a centre gave a hospital, counted from 1 in the order of definition; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HospitalId(pub u16);

/// Some of the hospital capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HospitalCapabilities(u16);

impl HospitalCapabilities {
    /// The set with one more.
    #[must_use]
    pub const fn with(self, capability: HospitalCapability) -> HospitalCapabilities {
        HospitalCapabilities(self.0 | 1 << capability as u16)
    }

    /// Whether the capability is in the set.
    pub const fn contains(self, capability: HospitalCapability) -> bool {
        self.0 & (1 << capability as u16) != 0
    }

    /// The capabilities of the set, in their numeric order.
    pub fn iter(self) -> impl Iterator<Item = HospitalCapability> {
        HospitalCapability::ALL
            .iter()
            .copied()
            .filter(move |&capability| self.contains(capability))
    }
}

impl FromIterator<HospitalCapability> for HospitalCapabilities {
    fn from_iter<I: IntoIterator<Item = HospitalCapability>>(all: I) -> HospitalCapabilities {
        all.into_iter()
            .fold(HospitalCapabilities::default(), HospitalCapabilities::with)
    }
}

impl Serialize for HospitalCapabilities {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for HospitalCapabilities {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HospitalCapabilities, D::Error> {
        if deserializer.is_human_readable() {
            let all = Vec::<HospitalCapability>::deserialize(deserializer)?;
            return Ok(all.into_iter().collect());
        }
        let bits = u16::deserialize(deserializer)?;
        if bits >> HospitalCapability::ALL.len() != 0 {
            return Err(serde::de::Error::custom("unknown hospital capability bit"));
        }
        Ok(HospitalCapabilities(bits))
    }
}

/// A hospital as it is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HospitalDefinition {
    /// Its name, unique in the centre. A definition under a known name replaces that hospital's.
    pub name: Name,
    /// Where it is.
    pub point: Point,
    /// What it can take.
    pub capabilities: HospitalCapabilities,
    /// How many beds it has for emergencies.
    pub beds: u32,
    /// Whether it takes patients now.
    pub open: bool,
}
