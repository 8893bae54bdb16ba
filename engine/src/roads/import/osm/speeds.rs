//! How fast roads are driven where the map does not say: configuration with documented defaults, `speeds.toml`.

use crate::roads::network::RoadClass;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Faster is no road.
pub(super) const KMH_MAX: u64 = 300;
/// Millimetres in a kilometre: speeds are kept in millimetres an hour.
const MM_PER_KM: u64 = 1_000_000;

/// Why a file of speeds cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpeedsError {
    /// It is no TOML, or has a key or a value that there is not.
    #[error("{0}; `liandong roads speeds` prints all keys")]
    Toml(#[from] toml::de::Error),
    /// A number is out of bounds.
    #[error("{key} is {found}; it must be {least} to {most}")]
    Bounds {
        /// Which.
        key: String,
        /// What was found.
        found: u64,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    kmh: u64,
    link_kmh: u64,
    siren_percent: u64,
    siren_cap_kmh: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Siren {
    enters_private: bool,
}

/// Speeds by class, and what words of limits mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speeds {
    class: BTreeMap<RoadClass, Class>,
    limits: BTreeMap<String, u64>,
    siren: Siren,
}

/// A speed in millimetres an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Speed(pub u64);

impl Speed {
    pub fn of_kmh(kmh: u64) -> Speed {
        Speed(kmh * MM_PER_KM)
    }

    /// How long a length takes, in milliseconds, rounded half up.
    pub fn time_ms(self, length_mm: u32) -> u64 {
        let twice = u64::from(length_mm) * 3_600_000 * 2;
        (twice + self.0) / (2 * self.0)
    }
}

impl Speeds {
    /// The documented defaults, as a file.
    pub const DEFAULT: &str = include_str!("speeds.toml");

    /// The defaults, with what this file says instead.
    pub fn with(text: &str) -> Result<Speeds, SpeedsError> {
        let mut table: Table = toml::from_str(Speeds::DEFAULT)?;
        merge(&mut table, toml::from_str(text)?);
        let speeds: Speeds = Value::Table(table).try_into()?;
        speeds.check()?;
        Ok(speeds)
    }

    fn check(&self) -> Result<(), SpeedsError> {
        let within = |key: String, found: u64, least: u64, most: u64| {
            let bounds = SpeedsError::Bounds {
                key,
                found,
                least,
                most,
            };
            (least..=most).contains(&found).then_some(()).ok_or(bounds)
        };
        for (class, speeds) in &self.class {
            for (what, kmh) in [
                ("kmh", speeds.kmh),
                ("link_kmh", speeds.link_kmh),
                ("siren_cap_kmh", speeds.siren_cap_kmh),
            ] {
                within(format!("class.{class}.{what}"), kmh, 1, KMH_MAX)?;
            }
            let key = format!("class.{class}.siren_percent");
            within(key, speeds.siren_percent, 100, 300)?;
        }
        for (word, &kmh) in &self.limits {
            within(format!("limits.{word}"), kmh, 1, KMH_MAX)?;
        }
        Ok(())
    }

    fn class(&self, class: RoadClass) -> &Class {
        // `with` starts from a file that has every class, and a merge takes none away.
        &self.class[&class]
    }

    /// Where the map states no limit.
    pub(super) fn untold(&self, class: RoadClass, link: bool) -> Speed {
        let class = self.class(class);
        Speed::of_kmh(if link { class.link_kmh } else { class.kmh })
    }

    /// What the siren makes of the speed that holds for everybody.
    pub(super) fn siren(&self, class: RoadClass, normal: Speed) -> Speed {
        let class = self.class(class);
        let quick = Speed(normal.0 * class.siren_percent / 100);
        quick.min(Speed::of_kmh(class.siren_cap_kmh)).max(normal)
    }

    /// What a word of a limit means.
    pub(super) fn limit(&self, word: &str) -> Option<Speed> {
        self.limits.get(word).copied().map(Speed::of_kmh)
    }

    /// Whether the siren may use private roads.
    pub(super) fn siren_enters_private(&self) -> bool {
        self.siren.enters_private
    }
}

impl Default for Speeds {
    fn default() -> Speeds {
        match Speeds::with("") {
            Ok(speeds) => speeds,
            Err(error) => unreachable!("the embedded speeds are tested: {error}"),
        }
    }
}

/// What the second says instead of the first, table by table.
fn merge(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(held)), Value::Table(value)) => merge(held, value),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_every_class_and_a_file_changes_what_it_names() {
        let speeds = Speeds::default();
        for &class in RoadClass::ALL {
            let normal = speeds.untold(class, false);
            assert!(speeds.siren(class, normal) >= normal, "{class}");
        }
        let own =
            Speeds::with("[class.motorway]\nkmh = 100\n[limits]\n\"CN:town\" = 40\n").unwrap();
        assert_eq!(own.untold(RoadClass::Motorway, false), Speed::of_kmh(100));
        assert_eq!(own.untold(RoadClass::Motorway, true), Speed::of_kmh(60));
        assert_eq!(own.limit("CN:town"), Some(Speed::of_kmh(40)));
        assert_eq!(own.limit("urban"), Some(Speed::of_kmh(50)));
    }

    #[test]
    fn what_is_no_speed_is_refused() {
        for (text, expected) in [
            (
                "[class.motorway]\nkmh = 0\n",
                "class.motorway.kmh is 0; it must be 1 to 300",
            ),
            (
                "[class.motorway]\nsiren_percent = 90\n",
                "class.motorway.siren_percent is 90",
            ),
            ("[class.lane]\nkmh = 3\n", "unknown variant `lane`"),
            ("[class.motorway]\nspeed = 3\n", "unknown field `speed`"),
            ("[limits]\nurban = 900\n", "limits.urban is 900"),
            ("speed = 3\n", "unknown field `speed`"),
            ("[class", "TOML parse error"),
        ] {
            let error = Speeds::with(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn times_are_rounded_half_up() {
        assert_eq!(Speed::of_kmh(36).time_ms(10_000), 1_000);
        assert_eq!(Speed::of_kmh(36).time_ms(5), 1, "half a millisecond");
        assert_eq!(Speed::of_kmh(36).time_ms(4), 0);
        assert_eq!(Speed(1).time_ms(u32::MAX), u64::from(u32::MAX) * 3_600_000);
    }
}
