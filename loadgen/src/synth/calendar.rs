//! How many of a trace's calls come in each hour, by hour of the day, weekday, month and surge.
//!
//! The hours share the calls out by chance, as if each call drew its hour alone, and yet one hour after the other, so that a
//! trace of any length is made in little memory. Whole numbers only: a seed means the same on every machine.

use super::profile::{INVALID_HOURS, Profile, Surge};
use super::shares::Hours;
use crate::random::Random;
use engine::moment::Moment;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 1 January 1970 was a Thursday; Monday is 0.
const EPOCH_WEEKDAY: i64 = 3;

/// The weights of the hours of a trace.
pub struct Calendar {
    profile: Profile,
    /// The weight of all hours before each, and of all at the end.
    before: Vec<u64>,
    /// The weight of all hours if there were no surge.
    ordinary: u64,
}

impl Calendar {
    /// So many days of a profile.
    pub fn of(profile: Profile, days: u64) -> Calendar {
        let mut before = vec![0];
        let (mut sum, mut ordinary) = (0, 0);
        for hour in 0..days * 24 {
            for part in 0..=profile.shares.len() {
                sum += weight(&profile, hour, part, profile.surge);
                ordinary += weight(&profile, hour, part, None);
            }
            before.push(sum);
        }
        Calendar {
            profile,
            before,
            ordinary,
        }
    }

    /// How many hours there are.
    pub fn hours(&self) -> u64 {
        self.before.len() as u64 - 1
    }

    /// What an ordinary number of calls grows to by the surge.
    pub fn surged(&self, calls: u64) -> u64 {
        let all = self.before.last().copied().unwrap_or(0);
        let grown = u128::from(calls) * u128::from(all) / u128::from(self.ordinary.max(1));
        u64::try_from(grown).unwrap_or(u64::MAX)
    }

    /// The weight of a part of the calls in an hour: the invalid, then the shares.
    pub fn weight(&self, hour: u64, part: usize) -> u64 {
        weight(&self.profile, hour, part, self.profile.surge)
    }

    /// The calls of each hour, in order.
    pub fn scatter(&self, calls: u64, random: Random) -> Scatter<'_> {
        Scatter {
            before: &self.before,
            open: vec![(0, self.before.len() - 1, calls)],
            random,
        }
    }
}

fn weight(profile: &Profile, hour: u64, part: usize, surge: Option<Surge>) -> u64 {
    let (permille, hours) = match part.checked_sub(1).and_then(|at| profile.shares.get(at)) {
        Some(share) => (
            share.permille * (1_000 - profile.invalid_permille),
            share.hours,
        ),
        None => (1_000 * profile.invalid_permille, INVALID_HOURS),
    };
    let day = profile.first_day.0.div_euclid(DAY_MS) + (hour / 24) as i64;
    let weekday = profile.weekdays[(day + EPOCH_WEEKDAY).rem_euclid(7) as usize];
    let month = profile.months[month_of(profile.first_day, hour)];
    let surging = surge.filter(|surge| {
        let within = surge.from_hour..surge.from_hour + surge.lasting_hours;
        part == surge.share + 1 && within.contains(&hour)
    });
    let of_day = match surging {
        Some(Surge {
            hours: Some(hours),
            from_hour,
            ..
        }) => of_day(hours, (hour - from_hour) % 24),
        Some(_) | None => of_day(hours, hour % 24),
    };
    let times = surging.map_or(1_000, |surge| surge.times_permille);
    permille * of_day / 1_000 * times / 1_000 * weekday * month
}

/// The share of a day that falls into one of its hours, in millionths.
fn of_day(hours: Hours, hour: u64) -> u64 {
    let all: u64 = hours.iter().sum();
    hours[hour as usize] * 1_000_000 / all
}

/// January is 0.
fn month_of(first_day: Moment, hour: u64) -> usize {
    let at = first_day.0 + hour as i64 * HOUR_MS;
    let date = jiff::Timestamp::from_millisecond(at).map(|at| at.to_zoned(jiff::tz::TimeZone::UTC));
    date.map_or(0, |date| date.month() as usize - 1)
}

/// The calls of one hour after the other. Halves are told apart first, each with its chance, and their halves then.
pub struct Scatter<'a> {
    before: &'a [u64],
    open: Vec<(usize, usize, u64)>,
    random: Random,
}

impl Iterator for Scatter<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            let (from, to, calls) = self.open.pop()?;
            if to - from <= 1 {
                return Some(calls);
            }
            let middle = from.midpoint(to);
            let all = self.before[to] - self.before[from];
            let early = self.before[middle] - self.before[from];
            let early = binomial(calls, early, all, &mut self.random);
            self.open.push((middle, to, calls - early));
            self.open.push((from, middle, early));
        }
    }
}

/// How many of `count` things fall to a side that takes `part` of `whole`, each by its own chance. Each draws a number bit by
/// bit and is decided where its bits first differ from those of `part` ÷ `whole`: on average after two bits.
pub fn binomial(count: u64, part: u64, whole: u64, random: &mut Random) -> u64 {
    if part >= whole {
        return count;
    }
    let mut bits = ((u128::from(part) << 64) / u128::from(whole)) as u64;
    let (mut undecided, mut below) = (count, 0);
    while undecided > 0 && bits != 0 {
        let ones = heads(undecided, random);
        if bits >> 63 == 1 {
            below += undecided - ones;
            undecided = ones;
        } else {
            undecided -= ones;
        }
        bits <<= 1;
    }
    below
}

/// How many of so many coins show heads.
fn heads(coins: u64, random: &mut Random) -> u64 {
    let words = (0..coins / 64).map(|_| u64::from(random.bits().count_ones()));
    let heads: u64 = words.sum();
    let rest = coins % 64;
    let last = random.bits() & ((1 << rest) - 1);
    heads + u64::from(last.count_ones())
}

#[cfg(test)]
mod tests {
    use super::super::profile::named;
    use super::*;

    #[test]
    fn every_call_falls_into_an_hour_and_busy_hours_have_more() {
        let calendar = Calendar::of(named("jiangsu-2015").unwrap(), 7);
        let hours: Vec<u64> = calendar.scatter(700_000, Random::new(1)).collect();
        assert_eq!(hours.len(), 168);
        assert_eq!(hours.iter().sum::<u64>(), 700_000);
        assert!(hours[20] > 3 * hours[4], "{hours:?}");
        let day = |day: usize| hours[24 * day..24 * day + 24].iter().sum::<u64>();
        // Friday over Sunday as 105 to 96.
        let friday = day(4) * 100 / day(6);
        assert!((107..=111).contains(&friday), "{friday}");
    }

    /// Counts scatter as chance would have it: their variance is that of a binomial, not of a timetable.
    #[test]
    fn halves_scatter_as_chance_does() {
        let mut random = Random::new(7);
        let drawn: Vec<f64> = (0..4_000)
            .map(|_| binomial(1_000, 3, 10, &mut random) as f64)
            .collect();
        let mean = drawn.iter().sum::<f64>() / 4_000.0;
        let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 4_000.0;
        assert!((299.0..301.0).contains(&mean), "{mean}");
        // n p (1 - p) = 210.
        assert!((195.0..225.0).contains(&variance), "{variance}");
    }

    #[test]
    fn a_surge_is_as_large_as_it_says() {
        let profile = named("ambulance-overload").unwrap();
        let calendar = Calendar::of(profile, 9);
        // 900 of a thousand calls are its share: two days of 1, seven of 0.1 + 0.9 × 5.
        let grown = calendar.surged(9_000);
        assert!((34_190..=34_210).contains(&grown), "{grown}");
    }
}
