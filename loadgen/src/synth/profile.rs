//! The profiles: how many calls a day, how many of them are no matter at all, and what the others are about.
//!
//! Totals and shares are the field's (one source a profile, named beside it); how a share is split among kinds is
//! this project's own estimate. Next: `generate` in the parent draws from them.

use engine::kind::Kind;

/// One part of the valid calls.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Of a thousand valid calls.
    pub permille: u64,
    /// The kinds it is made of, each with its weight.
    pub kinds: &'static [(Kind, u64)],
}

/// What a day of calls is like.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// What `--profile` calls it.
    pub name: &'static str,
    /// Calls on an ordinary day.
    pub calls_per_day: u64,
    /// Silent, misdialled and prank calls, of a thousand.
    pub invalid_permille: u64,
    /// What the others are about.
    pub shares: &'static [Share],
    /// How likely a call is in each hour of the local day.
    pub hours: [u64; 24],
}

/// Quiet before dawn, busy in the forenoon, busiest in the evening.
const HOURS: [u64; 24] = [
    26, 20, 15, 12, 11, 13, 22, 36, 50, 57, 58, 54, 48, 46, 48, 51, 54, 58, 60, 63, 64, 58, 45, 34,
];

const POLICE: &[(Kind, u64)] = &[
    (Kind::ViolentCrime, 2),
    (Kind::Robbery, 4),
    (Kind::Theft, 60),
    (Kind::Fraud, 22),
    (Kind::Fight, 36),
    (Kind::DomesticViolence, 14),
    (Kind::Dispute, 70),
    (Kind::MedicalDispute, 2),
    (Kind::Vice, 10),
    (Kind::PublicOrder, 2),
    (Kind::TerrorExplosive, 1),
    (Kind::SuicideRisk, 3),
    (Kind::Drunk, 12),
    (Kind::Noise, 26),
    (Kind::Animal, 6),
];
const CRIME: &[(Kind, u64)] = &[
    (Kind::ViolentCrime, 2),
    (Kind::Robbery, 4),
    (Kind::Theft, 55),
    (Kind::Fraud, 40),
    (Kind::Fight, 12),
    (Kind::Vice, 8),
    (Kind::PublicOrder, 1),
    (Kind::TerrorExplosive, 1),
];
const DISPUTES: &[(Kind, u64)] = &[
    (Kind::Dispute, 70),
    (Kind::DomesticViolence, 14),
    (Kind::MedicalDispute, 2),
    (Kind::Noise, 24),
];
const TRAFFIC: &[(Kind, u64)] = &[
    (Kind::CrashInjury, 18),
    (Kind::CrashDamage, 52),
    (Kind::HitAndRun, 6),
    (Kind::RoadObstacle, 8),
    (Kind::Congestion, 6),
    (Kind::IllegalParking, 10),
];
const HELP: &[(Kind, u64)] = &[
    (Kind::PublicHelp, 50),
    (Kind::LostProperty, 22),
    (Kind::MissingPerson, 12),
    (Kind::Animal, 8),
    (Kind::Drunk, 8),
    (Kind::SuicideRisk, 2),
];
const RESCUE: &[(Kind, u64)] = &[
    (Kind::StructureFire, 22),
    (Kind::IndustrialFire, 4),
    (Kind::VehicleFire, 6),
    (Kind::Wildfire, 6),
    (Kind::SmokeAlarm, 12),
    (Kind::Hazmat, 1),
    (Kind::GasLeak, 6),
    (Kind::Trapped, 14),
    (Kind::WaterRescue, 4),
    (Kind::Collapse, 1),
    (Kind::LiveWire, 4),
    (Kind::RescueMinor, 24),
    (Kind::Flood, 4),
    (Kind::Landslide, 1),
    (Kind::Earthquake, 1),
    (Kind::StormDamage, 5),
];
const MEDICAL: &[(Kind, u64)] = &[
    (Kind::CardiacArrest, 3),
    (Kind::ChestPain, 12),
    (Kind::Stroke, 8),
    (Kind::Breathing, 9),
    (Kind::Unconscious, 12),
    (Kind::MajorTrauma, 6),
    (Kind::MinorTrauma, 20),
    (Kind::Obstetric, 4),
    (Kind::Poisoning, 4),
    (Kind::Seizure, 5),
    (Kind::Burn, 3),
    (Kind::Illness, 30),
    (Kind::Psychiatric, 3),
    (Kind::Infectious, 2),
    (Kind::MassCasualty, 1),
    (Kind::Transfer, 10),
];
const SERVICE: &[(Kind, u64)] = &[
    (Kind::WaterSupply, 10),
    (Kind::PowerOutage, 12),
    (Kind::GasSupply, 4),
    (Kind::ManholeSewage, 8),
    (Kind::CityAppearance, 14),
    (Kind::Pollution, 8),
    (Kind::QualityComplaint, 10),
    (Kind::FoodSafety, 6),
    (Kind::HealthEnquiry, 8),
    (Kind::GovernmentEnquiry, 16),
    (Kind::ConductComplaint, 4),
];

/// What can be generated, beside the standard load.
pub const PROFILES: [Profile; 2] = [
    // A county's year: 78 471 calls on the merged lines, 32 278 of them valid; of these 306 rescue, 8 249 traffic,
    // 1 609 help. The report counts the rest as police; a fifth of it stands here for 120 and the service lines.
    Profile {
        name: "xianju-2011",
        calls_per_day: 215,
        invalid_permille: 589,
        shares: &[
            Share {
                permille: 9,
                kinds: RESCUE,
            },
            Share {
                permille: 256,
                kinds: TRAFFIC,
            },
            Share {
                permille: 50,
                kinds: HELP,
            },
            Share {
                permille: 545,
                kinds: POLICE,
            },
            Share {
                permille: 110,
                kinds: MEDICAL,
            },
            Share {
                permille: 30,
                kinds: SERVICE,
            },
        ],
        hours: HOURS,
    },
    // A province's year: 40.77 million calls, 58 % invalid; of the handled crime 8.4 %, traffic 28.9 %,
    // disputes 11.8 %, help 27.7 %. The rest is split among 119, 120 and the service lines.
    Profile {
        name: "jiangsu-2015",
        calls_per_day: 111_699,
        invalid_permille: 580,
        shares: &[
            Share {
                permille: 84,
                kinds: CRIME,
            },
            Share {
                permille: 289,
                kinds: TRAFFIC,
            },
            Share {
                permille: 118,
                kinds: DISPUTES,
            },
            Share {
                permille: 277,
                kinds: HELP,
            },
            Share {
                permille: 22,
                kinds: RESCUE,
            },
            Share {
                permille: 120,
                kinds: MEDICAL,
            },
            Share {
                permille: 90,
                kinds: SERVICE,
            },
        ],
        hours: HOURS,
    },
];

/// The profile of this name.
pub fn named(name: &str) -> Option<Profile> {
    PROFILES.into_iter().find(|profile| profile.name == name)
}

/// Whether such a thing is seen by many, so that several people call about it.
pub fn is_public(kind: Kind) -> bool {
    (TRAFFIC
        .iter()
        .chain(RESCUE)
        .any(|&(public, _)| public == kind)
        && !matches!(kind, Kind::RescueMinor | Kind::IllegalParking))
        || matches!(
            kind,
            Kind::Fight
                | Kind::ViolentCrime
                | Kind::PublicOrder
                | Kind::SuicideRisk
                | Kind::Noise
                | Kind::Unconscious
                | Kind::MassCasualty
                | Kind::PowerOutage
                | Kind::WaterSupply
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_and_every_kind_comes_up() {
        for profile in PROFILES {
            let whole: u64 = profile.shares.iter().map(|share| share.permille).sum();
            assert_eq!(whole, 1_000, "{}", profile.name);
            for &kind in Kind::ALL {
                let drawn = profile
                    .shares
                    .iter()
                    .flat_map(|share| share.kinds)
                    .any(|&(listed, weight)| listed == kind && weight > 0);
                let elsewhere = matches!(kind, Kind::Unknown | Kind::Silent | Kind::Nuisance);
                assert_eq!(drawn, !elsewhere, "{}: {kind}", profile.name);
            }
        }
    }
}
