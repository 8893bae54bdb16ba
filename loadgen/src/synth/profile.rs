//! The profiles: how many calls, how many of them are no matter at all, what the others are about, and when they come.
//!
//! Totals and shares are the field's, with the source beside each; what no source gives (hours, weekdays, months, how a
//! share is split among kinds) is this project's estimate and says so. Next: [`shares`](super::shares) for the kinds,
//! [`calendar`](super::calendar) for how days and hours are weighed, [`mix`](super::mix) draws from them.

use super::shares::{
    CRIME, DISPUTES, HELP, HOURS, HOURS_IDLE, HOURS_MEDICAL, HOURS_OFFICE, HOURS_TRAFFIC, Hours,
    Kinds, MEDICAL, POLICE, RESCUE, SERVICE, TRAFFIC,
};
use engine::kind::Kind;
use engine::moment::Moment;

/// One part of the valid calls.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Of a thousand valid calls.
    pub permille: u64,
    /// The kinds it is made of, each with its weight.
    pub kinds: Kinds,
    /// When in the day they come.
    pub hours: Hours,
}

/// How many calls.
#[derive(Clone, Copy, Debug)]
pub enum Volume {
    /// So many calls in so many days, as the source counts them.
    Counted {
        /// Calls.
        calls: u64,
        /// Days.
        days: u64,
    },
    /// So many tenths of a run a day for each ambulance of the city.
    RunsPerAmbulance {
        /// Tenths of a run.
        tenths: u64,
    },
}

/// Which number is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Mostly the matter's own.
    Own,
    /// All that the profile counts came in on this one.
    One(&'static str),
}

/// More than the mean of one share for a while.
#[derive(Clone, Copy, Debug)]
pub struct Surge {
    /// Which of the shares.
    pub share: usize,
    /// Local hours from the beginning of the trace to that of the surge.
    pub from_hour: u64,
    /// How long, in hours: whole days.
    pub lasting_hours: u64,
    /// Thousandths of the share's mean, over each 24 hours of the surge.
    pub times_permille: u64,
    /// How its 24 hours are weighed, from its first hour on; `None`: as the share's own.
    pub hours: Option<Hours>,
}

/// What a day of calls is like.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// What `--profile` calls it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// How many calls.
    pub volume: Volume,
    /// Days where nothing else is asked for.
    pub days: u64,
    /// Local midnight of the first day, as if the place were on UTC.
    pub first_day: Moment,
    /// Silent, misdialled and prank calls, of a thousand.
    pub invalid_permille: u64,
    /// What the others are about.
    pub shares: &'static [Share],
    /// Monday to Sunday; the mean is 100.
    pub weekdays: [u64; 7],
    /// January to December; the mean is 100.
    pub months: [u64; 12],
    /// Which number is dialled.
    pub lines: Lines,
    /// More than the mean for a while.
    pub surge: Option<Surge>,
    /// Every call is sent three times within two seconds, under one key (N2).
    pub retries: bool,
    /// Centres that the calls are spread over, each row's key naming its own: those of counties, then those of cities.
    pub centres: Option<(u64, u64)>,
}

/// Monday, 5 January 2026.
const MONDAY: Moment = Moment(1_767_571_200_000);
/// Thursday, 1 January 2026.
const NEW_YEAR: Moment = Moment(1_767_225_600_000);
/// Sunday, 15 February 2026: the new year of the lunar calendar begins at the second midnight after this one.
const BEFORE_SPRING_FESTIVAL: Moment = Moment(1_771_113_600_000);

/// Fridays and Saturdays are busier, Sundays quieter: our estimate.
const WEEKDAYS: [u64; 7] = [100, 98, 98, 99, 105, 104, 96];
/// Summers are busier, the weeks around the spring festival quieter: our estimate.
const MONTHS: [u64; 12] = [95, 90, 96, 99, 103, 105, 108, 108, 104, 101, 97, 94];
/// Every day like the other.
const EVEN_WEEKDAYS: [u64; 7] = [100; 7];
/// Every month like the other.
const EVEN_MONTHS: [u64; 12] = [100; 12];

const fn share(permille: u64, kinds: Kinds, hours: Hours) -> Share {
    Share {
        permille,
        kinds,
        hours,
    }
}

/// What burns when a year begins: rockets on balconies, in woods and in cars. Our estimate.
const NEW_YEAR_FIRES: Kinds = &[
    (Kind::StructureFire, 46),
    (Kind::Wildfire, 26),
    (Kind::VehicleFire, 12),
    (Kind::SmokeAlarm, 12),
    (Kind::IndustrialFire, 4),
];
/// From noon to noon, highest in the two hours around midnight: our estimate.
const NEW_YEAR_HOURS: Hours = &[
    14, 14, 15, 17, 20, 28, 44, 58, 66, 70, 82, 150, 190, 110, 58, 32, 20, 14, 10, 9, 10, 12, 13,
    14,
];

const XIANJU: &[Share] = &[
    share(9, RESCUE, HOURS),
    share(256, TRAFFIC, HOURS_TRAFFIC),
    share(50, HELP, HOURS),
    share(545, POLICE, HOURS),
    share(110, MEDICAL, HOURS_MEDICAL),
    share(30, SERVICE, HOURS_OFFICE),
];
const CITY: &[Share] = &[
    share(12, RESCUE, HOURS),
    share(260, TRAFFIC, HOURS_TRAFFIC),
    share(180, HELP, HOURS),
    share(408, POLICE, HOURS),
    share(110, MEDICAL, HOURS_MEDICAL),
    share(30, SERVICE, HOURS_OFFICE),
];
const JIANGSU: &[Share] = &[
    share(84, CRIME, HOURS),
    share(289, TRAFFIC, HOURS_TRAFFIC),
    share(118, DISPUTES, HOURS),
    share(277, HELP, HOURS),
    share(22, RESCUE, HOURS),
    share(120, MEDICAL, HOURS_MEDICAL),
    share(90, SERVICE, HOURS_OFFICE),
];

/// A county's ordinary week; each profile says what is its own.
const ORDINARY: Profile = Profile {
    name: "",
    about: "",
    volume: Volume::Counted { calls: 1, days: 1 },
    days: 1,
    first_day: MONDAY,
    invalid_permille: 589,
    shares: XIANJU,
    weekdays: WEEKDAYS,
    months: MONTHS,
    lines: Lines::Own,
    surge: None,
    retries: false,
    centres: None,
};

/// What is drawn from shares, beside the standard load and the single scenes.
pub const PROFILES: [Profile; 9] = [
    // The county's own report of 2011: 78 471 calls on the merged lines, 32 278 of them valid (41.1 %); of these 306 rescue,
    // 8 249 traffic, 1 609 help. It counts the rest as police; a fifth of it stands here for 120 and the service lines.
    Profile {
        name: "xianju-2011",
        about: "a county's year: 78 471 calls, 41.1 % of them valid (the county's report of 2011)",
        volume: Volume::Counted {
            calls: 78_471,
            days: 365,
        },
        ..ORDINARY
    },
    // A city's figures for a week: 9 585 calls in a week, 3 410 of them valid. What they are about: our estimate, between the
    // county's and the province's.
    Profile {
        name: "city-ankang",
        about: "a city's week: 9 585 calls, 3 410 valid",
        volume: Volume::Counted {
            calls: 9_585,
            days: 7,
        },
        days: 7,
        invalid_permille: 644,
        shares: CITY,
        ..ORDINARY
    },
    // The same city's figures for a month: 41 695 calls, 6 689 of them valid. As many calls a day, most of them nothing.
    Profile {
        name: "city-ankang-month",
        about: "the same city's month of 41 695 calls with only 6 689 valid",
        volume: Volume::Counted {
            calls: 41_695,
            days: 30,
        },
        days: 30,
        invalid_permille: 840,
        shares: CITY,
        months: EVEN_MONTHS,
        ..ORDINARY
    },
    // Its 110 in 2015: 16 000 calls a day; traffic 30 %, crime and security 10 %, other help 20 %, invalid 30 %, other 10 %.
    // Of the valid that is 3/7, 1/7, 2/7 and 1/7; what "other" is: our estimate.
    Profile {
        name: "guangzhou-2015",
        about: "a great city's 110: 16 000 calls a day, 30 % traffic, 30 % invalid",
        volume: Volume::Counted {
            calls: 16_000,
            days: 1,
        },
        invalid_permille: 300,
        shares: &[
            share(429, TRAFFIC, HOURS_TRAFFIC),
            share(143, CRIME, HOURS),
            share(285, HELP, HOURS),
            share(53, DISPUTES, HOURS),
            share(20, RESCUE, HOURS),
            share(40, MEDICAL, HOURS_MEDICAL),
            share(30, SERVICE, HOURS_OFFICE),
        ],
        lines: Lines::One("110"),
        ..ORDINARY
    },
    // A province's 2015: 40.77 million calls, 58 % invalid; of the handled crime 8.4 %, traffic 28.9 %, disputes 11.8 %, help
    // 27.7 %. The rest is split among 119, 120 and the service lines: our estimate.
    Profile {
        name: "jiangsu-2015",
        about: "a province's year: 40.77 million calls, 1.3 a second, 58 % invalid",
        volume: Volume::Counted {
            calls: 40_770_000,
            days: 365,
        },
        invalid_permille: 580,
        shares: JIANGSU,
        ..ORDINARY
    },
    // All 110 of a nation in eleven months: 127 million calls, 2 088 county centres and 294 of cities. What they are about
    // and how many are invalid: as in the province, our estimate. A city's centre takes as much as five of counties: our
    // estimate. One ground for all; the key names the centre.
    Profile {
        name: "nation-110",
        about: "a nation's 110: 127 million calls in eleven months over 2 088 county and 294 city centres",
        volume: Volume::Counted {
            calls: 127_000_000,
            days: 334,
        },
        first_day: NEW_YEAR,
        invalid_permille: 580,
        shares: JIANGSU,
        lines: Lines::One("110"),
        centres: Some((2_088, 294)),
        ..ORDINARY
    },
    // Fire load at 4.3 × its mean when the year begins. A great city's volume with 4 % fire and rescue: our
    // estimate, so that the mean is large enough to be multiplied.
    Profile {
        name: "new-year-fire",
        about: "three days around the midnight of the new year: fire load at 4.3 × the mean",
        volume: Volume::Counted {
            calls: 16_000,
            days: 1,
        },
        days: 3,
        first_day: BEFORE_SPRING_FESTIVAL,
        invalid_permille: 300,
        shares: &[
            share(20, NEW_YEAR_FIRES, HOURS),
            share(20, RESCUE, HOURS),
            share(380, TRAFFIC, HOURS_TRAFFIC),
            share(150, CRIME, HOURS),
            share(270, HELP, HOURS),
            share(130, MEDICAL, HOURS_MEDICAL),
            share(30, SERVICE, HOURS_OFFICE),
        ],
        weekdays: EVEN_WEEKDAYS,
        months: EVEN_MONTHS,
        surge: Some(Surge {
            share: 0,
            // Noon of New Year's Eve.
            from_hour: 36,
            lasting_hours: 24,
            times_permille: 4_300,
            hours: Some(NEW_YEAR_HOURS),
        }),
        ..ORDINARY
    },
    // An emergency medical service in its worst week: 5 × the mean of its calls for seven days, crews whose mean is 3.3 runs a
    // day. So the mean follows from the city's ambulances. A day before and a day after: ours. One call in ten invalid: our
    // estimate.
    Profile {
        name: "ambulance-overload",
        about: "120 alone at 5 × the mean for a week; the mean is 3.3 runs a day for each ambulance of the city",
        volume: Volume::RunsPerAmbulance { tenths: 33 },
        days: 9,
        invalid_permille: 100,
        shares: &[share(1_000, MEDICAL, HOURS_MEDICAL)],
        weekdays: EVEN_WEEKDAYS,
        months: EVEN_MONTHS,
        lines: Lines::One("120"),
        surge: Some(Surge {
            share: 0,
            from_hour: 24,
            lasting_hours: 7 * 24,
            times_permille: 5_000,
            hours: None,
        }),
        ..ORDINARY
    },
    // The county's day behind a carrier that repeats itself.
    Profile {
        name: "carrier-retry",
        about: "the county's day, every call sent three times within 2 s under the same key",
        volume: Volume::Counted {
            calls: 78_471,
            days: 365,
        },
        retries: true,
        ..ORDINARY
    },
];

/// When calls that are no matter at all come.
pub const INVALID_HOURS: Hours = HOURS_IDLE;

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
            let weekdays: u64 = profile.weekdays.iter().sum();
            let months: u64 = profile.months.iter().sum();
            assert_eq!((weekdays, months), (700, 1_200), "{}", profile.name);
            // A profile of one matter has its own kinds alone.
            if profile.surge.is_some() {
                continue;
            }
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

    /// The first days are the days that they are said to be.
    #[test]
    fn first_days_are_midnights_of_the_right_weekday() {
        for (moment, text) in [
            (MONDAY, "2026-01-05T00:00:00.000Z"),
            (NEW_YEAR, "2026-01-01T00:00:00.000Z"),
            (BEFORE_SPRING_FESTIVAL, "2026-02-15T00:00:00.000Z"),
        ] {
            assert_eq!(moment.to_string(), text);
        }
    }
}
