//! Single scenes: one accident that many call about, one prankster who calls on and on.
//!
//! A scene is small and made whole. It is played by itself, or laid over a day: write both, sort by `at`.

use super::phrase::Phrases;
use super::{FIRST_DAY, place, words};
use crate::ground::Ground;
use crate::random::Random;
use crate::trace::Row;
use engine::kind::Kind;
use engine::moment::{Moment, Span};

/// A scene that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Many callers about one crash.
    Accident,
    /// Many calls from one number.
    Prankster,
}

/// Callers about one accident: 10 to 500 within minutes (a city's count of its great crashes).
const WITNESSES: (u64, u64) = (10, 500);
/// Where nothing is said.
const WITNESSES_DEFAULT: u64 = 100;
/// Within so long all have called; most at once: our estimate.
const WITNESSES_MS: i64 = 8 * 60_000;
/// Callers stand so far around it.
const WITNESSES_M: i64 = 25;
/// 250 calls in two and a half hours from one number (a county's report).
const PRANKS_DEFAULT: u64 = 250;
const PRANKS_MAX: u64 = 10_000;
const PRANKS_MS: i64 = 150 * 60_000;
/// Of a thousand of the prankster's calls: how many say nothing. Our estimate.
const PRANKS_SILENT_PERMILLE: u64 = 400;
/// Half past five in the afternoon, when roads are full.
const ACCIDENT_AT: Span = Span::minutes(17 * 60 + 30);
/// Eight in the evening.
const PRANKS_AT: Span = Span::hours(20);

impl Scene {
    /// All of them.
    pub const ALL: [Scene; 2] = [Scene::Accident, Scene::Prankster];

    /// What `--profile` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Scene::Accident => "one-accident",
            Scene::Prankster => "one-prankster",
        }
    }

    /// What it is, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Scene::Accident => {
                "one crash at half past five, 10 to 500 callers about it within 8 minutes (--callers, 100)"
            }
            Scene::Prankster => "250 calls in 2.5 hours from one number",
        }
    }

    /// The scene of this name.
    pub fn named(name: &str) -> Option<Scene> {
        Scene::ALL.into_iter().find(|scene| scene.name() == name)
    }

    /// How many calls it has where nothing is said, and the least and the most.
    pub const fn calls(self) -> (u64, u64, u64) {
        match self {
            Scene::Accident => (WITNESSES_DEFAULT, WITNESSES.0, WITNESSES.1),
            Scene::Prankster => (PRANKS_DEFAULT, 1, PRANKS_MAX),
        }
    }

    /// Its rows, in the order of their times.
    pub fn rows(self, seed: u64, calls: u64, ground: &Ground, phrases: &Phrases) -> Vec<Row> {
        let mut random = Random::new(seed);
        let midnight = FIRST_DAY - Span::minutes(ground.utc_offset_min().into());
        let mut rows = match self {
            Scene::Accident => {
                accident(midnight + ACCIDENT_AT, calls, ground, phrases, &mut random)
            }
            Scene::Prankster => pranks(midnight + PRANKS_AT, calls, ground, phrases, &mut random),
        };
        rows.sort_by_key(|row| row.at);
        for (index, row) in rows.iter_mut().enumerate() {
            row.key = format!("{}-{seed}-{:07}", self.name(), index + 1);
        }
        rows
    }
}

fn accident(
    at: Moment,
    calls: u64,
    ground: &Ground,
    phrases: &Phrases,
    random: &mut Random,
) -> Vec<Row> {
    let crash = ground.draw(random);
    let street = words::place(random);
    let mut rows = Vec::new();
    for nth in 0..calls {
        // The least of three draws: half of all have called within a fifth of the time.
        let after = (0..3).map(|_| random.between(0, WITNESSES_MS)).min();
        let after = if nth == 0 { 0 } else { after.unwrap_or(0) };
        let said = phrases.say(Kind::CrashInjury, &street, random);
        let line = match random.weighted([55, 25, 20].into_iter()) {
            Some(0) => "122",
            Some(1) => "110",
            Some(_) | None => "120",
        };
        let mut row = Row {
            caller: Some(super::caller(true, random)),
            text: Some(said.text),
            expect_agencies: Some(said.agencies),
            ..Row::new(at + Span(after), String::new(), line)
        };
        let point = ground.near(crash, WITNESSES_M, random);
        place(&mut row, point, random);
        rows.push(row);
    }
    rows
}

fn pranks(
    at: Moment,
    calls: u64,
    ground: &Ground,
    phrases: &Phrases,
    random: &mut Random,
) -> Vec<Row> {
    let home = ground.draw(random);
    let number = super::caller(true, random);
    let mut rows = Vec::new();
    for _ in 0..calls {
        let kind = if random.chance(PRANKS_SILENT_PERMILLE) {
            Kind::Silent
        } else {
            Kind::Nuisance
        };
        let said = phrases.say(kind, "", random);
        let mut row = Row {
            caller: Some(number.clone()),
            text: Some(said.text),
            expect_agencies: Some(said.agencies),
            ..Row::new(
                at + Span(random.between(0, PRANKS_MS)),
                String::new(),
                "110",
            )
        };
        place(&mut row, home, random);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::kind::Agency;
    use engine::place::datum::to_wgs84;
    use engine::place::projection::{Projection, distance_dm};
    use std::collections::BTreeSet;

    fn rows(scene: Scene, calls: u64) -> Vec<Row> {
        let ground = Ground::embedded().unwrap();
        scene.rows(4, calls, &ground, &Phrases::new().unwrap())
    }

    /// 500 callers within minutes, near enough to each other to be one event (N1), each in other words.
    #[test]
    fn an_accident_has_many_callers_at_one_place_within_minutes() {
        let rows = rows(Scene::Accident, 500);
        assert_eq!(rows.len(), 500);
        let width = rows[0].at.until(rows[499].at);
        assert!((Span::minutes(3)..=Span::minutes(8)).contains(&width));
        let half = rows[0].at.until(rows[250].at);
        assert!(half < Span::seconds(120), "{half:?}");
        let points: Vec<_> = rows
            .iter()
            .map(|row| to_wgs84(row.lat.unwrap(), row.lon.unwrap(), row.datum.unwrap()).unwrap())
            .collect();
        let projection = Projection::new(points[0]);
        let first = projection.plane(points[0]);
        let far = points
            .iter()
            .map(|&point| distance_dm(first, projection.plane(point)));
        assert!(far.max().unwrap() < 800);
        let texts: BTreeSet<_> = rows.iter().map(|row| row.text.clone()).collect();
        assert!(texts.len() > 440, "{}", texts.len());
        for row in &rows {
            let expected = row.expect_agencies.unwrap();
            assert!(expected.contains(Agency::Traffic) && expected.contains(Agency::Medical));
        }
    }

    #[test]
    fn a_prankster_has_one_number_and_two_and_a_half_hours() {
        let rows = rows(Scene::Prankster, 250);
        let numbers: BTreeSet<_> = rows.iter().map(|row| row.caller.clone()).collect();
        assert_eq!((rows.len(), numbers.len()), (250, 1));
        let width = rows[0].at.until(rows[249].at);
        assert!((Span::minutes(140)..=Span::minutes(150)).contains(&width));
        assert!(
            rows.iter()
                .all(|row| row.expect_agencies.unwrap().is_empty())
        );
    }
}
