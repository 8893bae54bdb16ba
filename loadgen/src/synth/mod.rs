//! Traces out of nothing but a seed: a profile's day on a city's ground.
//!
//! Deterministic: the same profile, seed, size and city give the same rows on every machine. One happening is
//! drawn after the other (kind, place, time, how many see it), then each of its callers. Next: [`profile`] for the
//! figures, [`phrase`] for what is said, [`standard`] for the load that end-to-end figures name.

pub mod phrase;
pub mod profile;
pub mod standard;
pub mod words;

use crate::ground::Ground;
use crate::random::Random;
use crate::trace::Row;
use engine::kind::{AgencySet, Kind};
use engine::moment::{Moment, Span};
use engine::place::Point;
use engine::place::datum::{Datum, from_wgs84};
use phrase::Phrases;
use profile::Profile;

/// The most rows a trace is made of in memory.
pub const CALLS_MAX: u64 = 20_000_000;

/// Local midnight of the first day: Monday, 5 January 2026, as if the place were on UTC.
const FIRST_DAY: Moment = Moment(1_767_571_200_000);
const DAY_MS: i64 = 86_400_000;

/// Of a thousand callers: who dials another number than the matter's own (C3).
const OTHER_LINE_PERMILLE: u64 = 60;
/// Whose place nobody knows (N4).
const NO_PLACE_PERMILLE: u64 = 40;
/// Who has said nothing yet when the call comes in.
const TEXT_LATER_PERMILLE: u64 = 15;
/// Whose phone gives its place in GCJ-02, as Chinese maps do.
const GCJ02_PERMILLE: u64 = 850;
/// Whose call is silent, among the invalid.
const SILENT_PERMILLE: u64 = 350;
/// How long after the first another caller may ring about the same thing.
const ECHO_MS_MAX: i64 = 8 * 60_000;
/// How far apart callers stand who see the same thing.
const ECHO_M: i64 = 30;

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// No such profile.
    #[error("there is no profile `{0}`; the profiles are: {known}, standard", known = known())]
    Profile(String),
    /// Nothing or too much asked for.
    #[error(
        "{0} calls cannot be generated; ask for 1 to {CALLS_MAX} (--calls, or --days times the profile's day)"
    )]
    Calls(u64),
    /// The built-in words are wrong.
    #[error("the built-in words cannot be read: {0}")]
    Phrases(#[from] phrase::PhraseError),
}

fn known() -> String {
    profile::PROFILES.map(|profile| profile.name).join(", ")
}

/// How much to generate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// So many days; 1 where neither is given.
    pub days: Option<u64>,
    /// So many calls, at the profile's own pace; over `days` where both are given.
    pub calls: Option<u64>,
}

impl Size {
    /// Calls and days, at so many calls a day.
    fn of(self, calls_per_day: u64) -> Result<(u64, u64), SynthError> {
        let days = self.days.unwrap_or_else(|| {
            self.calls
                .map_or(1, |calls| calls.div_ceil(calls_per_day).max(1))
        });
        let calls = self.calls.unwrap_or(days.saturating_mul(calls_per_day));
        if calls == 0 || calls > CALLS_MAX || days == 0 || days > 36_525 {
            return Err(SynthError::Calls(calls));
        }
        Ok((calls, days))
    }
}

/// The rows of a profile, in the order of their times.
pub fn generate(
    name: &str,
    seed: u64,
    size: Size,
    ground: &Ground,
) -> Result<Vec<Row>, SynthError> {
    let phrases = Phrases::new()?;
    if name == standard::NAME {
        let (calls, _) = size.of(standard::CALLS_PER_DAY)?;
        return Ok(standard::generate(seed, calls, ground, &phrases));
    }
    let profile = profile::named(name).ok_or_else(|| SynthError::Profile(name.to_string()))?;
    let (calls, days) = size.of(profile.calls_per_day)?;
    let mut day = Day {
        profile,
        days,
        ground,
        phrases,
        random: Random::new(seed),
        rows: Vec::with_capacity(calls as usize),
        counts: vec![0; profile.shares.len() + 1],
    };
    while day.rows.len() < calls as usize {
        day.happening();
    }
    let mut rows = day.rows;
    rows.truncate(calls as usize);
    rows.sort_by_key(|row| row.at);
    for (index, row) in rows.iter_mut().enumerate() {
        row.key = format!("{name}-{seed}-{:07}", index + 1);
    }
    Ok(rows)
}

/// One thing that happens, which some people see.
struct Happening {
    kind: Kind,
    at: Moment,
    point: Point,
    place: String,
}

/// A trace in the making.
struct Day<'a> {
    profile: Profile,
    days: u64,
    ground: &'a Ground,
    phrases: Phrases,
    random: Random,
    rows: Vec<Row>,
    /// Calls so far: the invalid, then one count a share.
    counts: Vec<u64>,
}

impl Day<'_> {
    fn happening(&mut self) {
        let part = self.part();
        let kind = self.kind(part);
        let happening = Happening {
            kind,
            at: self.moment(),
            point: self.ground.draw(&mut self.random),
            place: words::place(&mut self.random),
        };
        let callers = self.callers(kind);
        self.counts[part] += callers;
        for caller in 0..callers {
            let row = self.call(&happening, caller > 0);
            self.rows.push(row);
        }
    }

    /// The kind of the next happening. What lags furthest behind its share of the calls so far comes next, so that
    /// the shares hold although some things are seen by many.
    fn part(&self) -> usize {
        let total = self.rows.len() as i64 + 1;
        let valid_permille = 1_000 - self.profile.invalid_permille;
        let shares = self.profile.shares.iter();
        let targets = std::iter::once(1_000 * self.profile.invalid_permille)
            .chain(shares.map(|share| share.permille * valid_permille));
        targets
            .zip(&self.counts)
            .map(|(target, &count)| target as i64 * total - count as i64 * 1_000_000)
            .enumerate()
            .max_by_key(|&(part, behind)| (behind, std::cmp::Reverse(part)))
            .map_or(0, |(part, _)| part)
    }

    fn kind(&mut self, part: usize) -> Kind {
        let share = part
            .checked_sub(1)
            .and_then(|share| self.profile.shares.get(share));
        let Some(share) = share else {
            return if self.random.chance(SILENT_PERMILLE) {
                Kind::Silent
            } else {
                Kind::Nuisance
            };
        };
        let weights = share.kinds.iter().map(|&(_, weight)| weight);
        let kind = self.random.weighted(weights).unwrap_or(0);
        share.kinds[kind].0
    }

    /// How many call about it.
    fn callers(&mut self, kind: Kind) -> u64 {
        if !profile::is_public(kind) {
            return 1 + u64::from(self.random.chance(30));
        }
        match self.random.weighted([740, 150, 60, 35, 15].into_iter()) {
            Some(index @ 0..=2) => index as u64 + 1,
            Some(3) => 4 + self.random.below(3),
            Some(_) | None => 7 + self.random.below(6),
        }
    }

    fn moment(&mut self) -> Moment {
        let day = self.random.below(self.days) as i64;
        let hour = self.random.weighted(self.profile.hours.into_iter());
        let within = self.random.below(3_600_000) as i64;
        let local = day * DAY_MS + hour.unwrap_or(0) as i64 * 3_600_000 + within;
        FIRST_DAY + Span(local) - Span::minutes(self.ground.utc_offset_min().into())
    }

    fn call(&mut self, happening: &Happening, echo: bool) -> Row {
        let random = &mut self.random;
        let kind = happening.kind;
        let delay = if echo {
            random.between(5_000, ECHO_MS_MAX)
        } else {
            0
        };
        let point = if echo {
            self.ground.near(happening.point, ECHO_M, random)
        } else {
            happening.point
        };
        let text = self.phrases.say(kind, &happening.place, random);
        let valid = !matches!(kind, Kind::Silent | Kind::Nuisance);
        let later = valid && random.chance(TEXT_LATER_PERMILLE);
        let mut row = Row {
            caller: Some(caller(valid, random)),
            text: (!later).then_some(text),
            expect_agencies: (!later).then_some(expected(kind)),
            ..Row::new(
                happening.at + Span(delay),
                String::new(),
                line(kind, random),
            )
        };
        if !random.chance(NO_PLACE_PERMILLE) {
            place(&mut row, point, random);
        }
        row
    }
}

/// Whom a call of this kind concerns, when nothing is said that goes beyond the kind.
fn expected(kind: Kind) -> AgencySet {
    kind.row().agencies
}

/// The number that was dialled: mostly the matter's own.
fn line(kind: Kind, random: &mut Random) -> &'static str {
    let own = kind.row().line;
    if own == 0 {
        return match random.weighted([70, 10, 6, 10, 4].into_iter()) {
            Some(1) => "119",
            Some(2) => "122",
            Some(3) => "120",
            Some(4) => "12345",
            Some(_) | None => "110",
        };
    }
    if random.chance(OTHER_LINE_PERMILLE) {
        return "110";
    }
    match own {
        119 => "119",
        120 => "120",
        122 => "122",
        12_319 => "12319",
        12_320 => "12320",
        12_345 => "12345",
        12_365 => "12365",
        12_369 => "12369",
        _ => "110",
    }
}

/// A number that rings; pranksters have few and use them often.
fn caller(valid: bool, random: &mut Random) -> String {
    if !valid && random.chance(300) {
        return format!("+86137000000{:02}", random.below(20));
    }
    format!("+86139{:08}", random.below(100_000_000))
}

/// Where the phone says it is.
fn place(row: &mut Row, point: Point, random: &mut Random) {
    let datum = if random.chance(GCJ02_PERMILLE) {
        Datum::Gcj02
    } else {
        Datum::Wgs84
    };
    let (lat, lon) = from_wgs84(point, datum);
    // Seven decimals, 1 cm: what phones write.
    let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
    (row.lat, row.lon, row.datum) = (Some(rounded(lat)), Some(rounded(lon)), Some(datum));
    row.accuracy_m = Some(random.between(5, 60) as f64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::place::datum::to_wgs84;
    use std::collections::BTreeSet;

    fn rows(name: &str, seed: u64, calls: u64) -> Vec<Row> {
        let ground = Ground::embedded().unwrap();
        let size = Size {
            days: None,
            calls: Some(calls),
        };
        generate(name, seed, size, &ground).unwrap()
    }

    #[test]
    fn a_seed_gives_the_same_rows_and_another_gives_others() {
        assert_eq!(rows("xianju-2011", 1, 500), rows("xianju-2011", 1, 500));
        assert_ne!(rows("xianju-2011", 1, 500), rows("xianju-2011", 2, 500));
    }

    #[test]
    fn a_day_has_the_profiles_size_and_shares() {
        let ground = Ground::embedded().unwrap();
        let year = Size {
            days: Some(100),
            calls: None,
        };
        let rows = generate("xianju-2011", 3, year, &ground).unwrap();
        assert_eq!(rows.len(), 21_500);
        assert!(rows.is_sorted_by_key(|row| row.at));
        let span = rows[0].at.until(rows[rows.len() - 1].at);
        assert!((Span::hours(2_390)..=Span::hours(2_401)).contains(&span));
        let keys: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys.len(), rows.len());
        let permille = |of: &dyn Fn(&Row) -> bool| {
            rows.iter().filter(|row| of(row)).count() * 1_000 / rows.len()
        };
        let invalid = permille(&|row| row.expect_agencies == Some(AgencySet::EMPTY));
        assert!((583..=591).contains(&invalid), "{invalid}");
        let traffic = AgencySet::of(&[engine::kind::Agency::Traffic]);
        let traffic = permille(&|row| {
            row.expect_agencies
                .is_some_and(|set| set.bits() & traffic.bits() != 0)
        });
        // 25.6 % of 41.1 %, and the burning vehicles.
        assert!((100..=110).contains(&traffic), "{traffic}");
    }

    #[test]
    fn places_lie_in_the_city_in_both_datums() {
        let ground = Ground::embedded().unwrap();
        let rows = rows("jiangsu-2015", 1, 2_000);
        let placed: Vec<&Row> = rows.iter().filter(|row| row.lat.is_some()).collect();
        assert!((1_850..2_000).contains(&placed.len()));
        for row in &placed {
            let (lat, lon, datum) = (row.lat.unwrap(), row.lon.unwrap(), row.datum.unwrap());
            assert!(
                ground.contains(to_wgs84(lat, lon, datum).unwrap()),
                "{row:?}"
            );
        }
        let wgs84 = placed.iter().filter(|row| row.datum == Some(Datum::Wgs84));
        assert!((150..450).contains(&wgs84.count()));
    }

    #[test]
    fn what_cannot_be_generated_is_said() {
        let ground = Ground::embedded().unwrap();
        let asked = |name, calls| {
            let size = Size {
                days: None,
                calls: Some(calls),
            };
            generate(name, 1, size, &ground).unwrap_err().to_string()
        };
        assert!(asked("atlantis", 1).contains("xianju-2011, jiangsu-2015, standard"));
        assert!(asked("xianju-2011", 0).contains("1 to 20000000"));
        assert!(asked("standard", CALLS_MAX + 1).contains("1 to 20000000"));
    }
}
