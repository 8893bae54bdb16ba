//! Traces out of nothing but a seed: a profile's days on a city's ground.
//!
//! Deterministic: the same profile, seed, size and city give the same rows on every machine. Rows come one after the other in
//! little memory, however many there are. Next: [`profile`] for the figures, [`mix`] for how calls are drawn from them,
//! [`scene`] for single scenes, [`standard`] for the load that end-to-end figures name, [`phrase`] for what is said.

pub mod calendar;
pub mod mix;
pub mod phrase;
pub mod profile;
pub mod scene;
pub mod shares;
pub mod speech;
pub mod standard;
pub mod words;

use crate::ground::Ground;
use crate::random::Random;
use crate::trace::Row;
use calendar::Calendar;
use engine::kind::Kind;
use engine::moment::Moment;
use engine::place::Point;
use engine::place::datum::{Datum, from_wgs84};
use mix::Mix;
use phrase::Phrases;
use profile::{Profile, Volume};
use scene::Scene;
use standard::Standard;

/// The most calls of a trace: a nation's seven years.
pub const CALLS_MAX: u64 = 1_000_000_000;
/// The most calls that are held in memory at once, some 400 bytes each; a trace that is written row by row may be longer.
pub const CALLS_HELD_MAX: u64 = 20_000_000;
/// The most days of a trace: a hundred years.
const DAYS_MAX: u64 = 36_525;

/// Local midnight of the first day: Monday, 5 January 2026, as if the place were on UTC.
const FIRST_DAY: Moment = Moment(1_767_571_200_000);

/// Of a thousand callers: who dials another number than the matter's own (C3).
const OTHER_LINE_PERMILLE: u64 = 60;
/// Whose phone gives its place in GCJ-02, as Chinese maps do.
const GCJ02_PERMILLE: u64 = 850;

/// What a flood of positions is, since no trace can be one.
const POSITION_FLOOD: &str = "position-flood is no trace, for positions come from units and not from callers; replay any trace on the wall \
     clock with crews that know where they set off, as in: liandong-load replay week.csv --to quic://127.0.0.1:4433 --rate 5 --crews \
     --positions 1s --config centre.toml";

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// No such profile.
    #[error("there is no profile `{0}`; the profiles are:\n{list}", list = list())]
    Profile(String),
    /// Nothing or too much asked for.
    #[error(
        "{0} calls cannot be generated; ask for 1 to {CALLS_MAX} (--calls, or --days times the profile's day, at most {DAYS_MAX} days)"
    )]
    Calls(u64),
    /// Too much to hold at once.
    #[error(
        "{0} calls cannot be held in memory; at most {CALLS_HELD_MAX} can, write them row by row instead"
    )]
    Held(u64),
    /// A scene of another size than there can be.
    #[error("{scene} has {least} to {most} calls, not {asked}; say --callers {usual}")]
    Scene {
        /// Which one.
        scene: &'static str,
        /// What was asked for.
        asked: u64,
        /// The fewest.
        least: u64,
        /// The most.
        most: u64,
        /// What it has where nothing is said.
        usual: u64,
    },
    /// Positions are not calls.
    #[error("{POSITION_FLOOD}")]
    Positions,
    /// The built-in words are wrong.
    #[error("the built-in words cannot be read: {0}")]
    Phrases(#[from] phrase::PhraseError),
}

/// Every profile with a line that says what it is.
pub fn list() -> String {
    let mixes = profile::PROFILES.map(|profile| (profile.name, profile.about));
    let scenes = Scene::ALL.map(|scene| (scene.name(), scene.about()));
    let others = [
        (
            "position-flood",
            "not a trace: replay any with --rate 5 --crews --positions 1s --config FILE",
        ),
        (standard::NAME, standard::ABOUT),
    ];
    let all = mixes.into_iter().chain(scenes).chain(others);
    let lines: Vec<String> = all
        .map(|(name, about)| format!("  {name:<20} {about}"))
        .collect();
    lines.join("\n")
}

/// How much to generate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// So many days; the profile's own where neither is given.
    pub days: Option<u64>,
    /// So many calls, at the profile's own pace; over `days` where both are given.
    pub calls: Option<u64>,
}

impl Size {
    /// Calls and days of a profile, and how its hours are weighed.
    fn of(self, profile: Profile, ground: &Ground) -> Result<(u64, Calendar), SynthError> {
        let (per, each) = match profile.volume {
            Volume::Counted { calls, days } => (calls, days),
            Volume::RunsPerAmbulance { tenths } => (ground.ambulances().max(1) * tenths, 10),
        };
        let days = self.days.unwrap_or_else(|| match self.calls {
            Some(calls) if profile.surge.is_none() => (calls.saturating_mul(each))
                .div_ceil(per)
                .clamp(1, DAYS_MAX),
            Some(_) | None => profile.days,
        });
        if days == 0 || days > DAYS_MAX {
            return Err(SynthError::Calls(0));
        }
        let calendar = Calendar::of(profile, days);
        let ordinary = (days * per + each / 2) / each;
        let calls = self.calls.unwrap_or_else(|| calendar.surged(ordinary));
        check(calls, CALLS_MAX)?;
        Ok((calls, calendar))
    }
}

fn check(calls: u64, most: u64) -> Result<(), SynthError> {
    if calls == 0 || calls > most {
        return Err(SynthError::Calls(calls));
    }
    Ok(())
}

/// The rows of a trace, one after the other.
pub enum Rows<'a> {
    /// Of a profile.
    Mix(Box<Mix<'a>>),
    /// Of the standard load.
    Standard(Box<Standard<'a>>),
    /// Of a scene.
    Scene(std::vec::IntoIter<Row>),
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        match self {
            Rows::Mix(mix) => mix.draw().map(|(_, row)| row),
            Rows::Standard(standard) => standard.next(),
            Rows::Scene(rows) => rows.next(),
        }
    }
}

/// The rows of a profile, in the order of their times, one after the other; and how many calls they are.
///
/// # Errors
/// There is no such profile, or not of this size.
pub fn stream<'a>(
    name: &str,
    seed: u64,
    size: Size,
    ground: &'a Ground,
) -> Result<(u64, Rows<'a>), SynthError> {
    let phrases = Phrases::new()?;
    if name == standard::NAME {
        let days = size.days.unwrap_or(1);
        let calls = size
            .calls
            .unwrap_or(days.saturating_mul(standard::CALLS_PER_DAY));
        check(calls, CALLS_MAX)?;
        let rows = Standard::new(seed, calls, ground, phrases);
        return Ok((calls, Rows::Standard(Box::new(rows))));
    }
    if name == "position-flood" {
        return Err(SynthError::Positions);
    }
    if let Some(scene) = Scene::named(name) {
        let (usual, least, most) = scene.calls();
        let calls = size.calls.unwrap_or(usual);
        if !(least..=most).contains(&calls) {
            return Err(SynthError::Scene {
                scene: scene.name(),
                asked: calls,
                least,
                most,
                usual,
            });
        }
        let rows = scene.rows(seed, calls, ground, &phrases);
        return Ok((calls, Rows::Scene(rows.into_iter())));
    }
    let profile = profile::named(name).ok_or_else(|| SynthError::Profile(name.to_string()))?;
    let (calls, calendar) = size.of(profile, ground)?;
    let mix = Mix::new(profile, seed, calls, calendar, ground, phrases);
    Ok((calls, Rows::Mix(Box::new(mix))))
}

/// The rows of a profile, all at once.
///
/// # Errors
/// There is no such profile, or not of this size, or it is more than can be held.
pub fn generate(
    name: &str,
    seed: u64,
    size: Size,
    ground: &Ground,
) -> Result<Vec<Row>, SynthError> {
    let (calls, rows) = stream(name, seed, size, ground)?;
    if calls > CALLS_HELD_MAX {
        return Err(SynthError::Held(calls));
    }
    Ok(rows.collect())
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
mod tests;
