//! What the parts of a profile are made of, kind by kind, and when in the day each part comes.
//!
//! How a part is split among kinds is this project's own estimate; the parts' sizes stand in [`profile`](super::profile). The
//! hours are estimates too: no source gives them for these places.

use engine::kind::Kind;

/// Weights of kinds.
pub type Kinds = &'static [(Kind, u64)];
/// How likely a call is in each hour of the local day.
pub type Hours = &'static [u64; 24];

/// Quiet before dawn, busy in the forenoon, busiest in the evening.
pub const HOURS: Hours = &[
    26, 20, 15, 12, 11, 13, 22, 36, 50, 57, 58, 54, 48, 46, 48, 51, 54, 58, 60, 63, 64, 58, 45, 34,
];
/// The ways to work and back.
pub const HOURS_TRAFFIC: Hours = &[
    16, 11, 8, 7, 8, 14, 30, 66, 78, 62, 54, 52, 48, 46, 50, 54, 60, 76, 74, 58, 48, 40, 30, 22,
];
/// Flatter: illness keeps no hours, but mornings are worst.
pub const HOURS_MEDICAL: Hours = &[
    28, 24, 21, 20, 21, 26, 36, 48, 56, 58, 55, 51, 47, 45, 46, 47, 48, 50, 52, 53, 51, 46, 40, 33,
];
/// Offices' hours.
pub const HOURS_OFFICE: Hours = &[
    6, 4, 3, 3, 3, 5, 14, 40, 88, 104, 100, 84, 50, 56, 84, 88, 80, 62, 46, 36, 28, 20, 14, 9,
];
/// Evenings and nights: what is no matter at all.
pub const HOURS_IDLE: Hours = &[
    36, 28, 22, 18, 16, 16, 22, 32, 42, 48, 50, 52, 52, 50, 48, 48, 50, 54, 58, 62, 64, 62, 54, 44,
];

/// What a county's police are called for, disputes and crime together.
pub const POLICE: &[(Kind, u64)] = &[
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
/// Crime and breaches of the peace.
pub const CRIME: &[(Kind, u64)] = &[
    (Kind::ViolentCrime, 2),
    (Kind::Robbery, 4),
    (Kind::Theft, 55),
    (Kind::Fraud, 40),
    (Kind::Fight, 12),
    (Kind::Vice, 8),
    (Kind::PublicOrder, 1),
    (Kind::TerrorExplosive, 1),
];
/// Quarrels.
pub const DISPUTES: &[(Kind, u64)] = &[
    (Kind::Dispute, 70),
    (Kind::DomesticViolence, 14),
    (Kind::MedicalDispute, 2),
    (Kind::Noise, 24),
];
/// Traffic.
pub const TRAFFIC: &[(Kind, u64)] = &[
    (Kind::CrashInjury, 18),
    (Kind::CrashDamage, 52),
    (Kind::HitAndRun, 6),
    (Kind::RoadObstacle, 8),
    (Kind::Congestion, 6),
    (Kind::IllegalParking, 10),
];
/// Help that is no crime.
pub const HELP: &[(Kind, u64)] = &[
    (Kind::PublicHelp, 50),
    (Kind::LostProperty, 22),
    (Kind::MissingPerson, 12),
    (Kind::Animal, 8),
    (Kind::Drunk, 8),
    (Kind::SuicideRisk, 2),
];
/// Fire and rescue.
pub const RESCUE: &[(Kind, u64)] = &[
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
/// 120.
pub const MEDICAL: &[(Kind, u64)] = &[
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
/// The service lines.
pub const SERVICE: &[(Kind, u64)] = &[
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
