//! The figures that profiles name, held against what is generated: counts, shares, hours, the width of a burst, variety.

use super::profile::{PROFILES, named};
use super::*;
use engine::kind::Agency;
use engine::moment::Span;
use engine::place::datum::to_wgs84;
use std::collections::{BTreeMap, BTreeSet};

fn sized(days: Option<u64>, calls: Option<u64>) -> Size {
    Size { days, calls }
}

fn rows(name: &str, seed: u64, size: Size) -> Vec<Row> {
    generate(name, seed, size, &Ground::embedded().unwrap()).unwrap()
}

/// What calls are about, beside their rows.
fn drawn(name: &str, size: Size) -> Vec<(Kind, Row)> {
    let ground = Ground::embedded().unwrap();
    let (_, rows) = stream(name, 3, size, &ground).unwrap();
    let Rows::Mix(mut mix) = rows else {
        panic!("{name} is no mix");
    };
    std::iter::from_fn(|| mix.draw()).collect()
}

fn permille(rows: &[(Kind, Row)], of: impl Fn(Kind) -> bool) -> usize {
    rows.iter().filter(|(kind, _)| of(*kind)).count() * 1_000 / rows.len()
}

fn is_invalid(kind: Kind) -> bool {
    matches!(kind, Kind::Silent | Kind::Nuisance)
}

fn is_one_of(kinds: shares::Kinds) -> impl Fn(Kind) -> bool {
    move |kind| kinds.iter().any(|&(listed, _)| listed == kind)
}

/// Local hours since the profile's beginning.
fn hour(name: &str, row: &Row) -> i64 {
    let first = named(name).unwrap().first_day;
    let local = row.at + Span::minutes(engine::city::UTC_OFFSET_DEFAULT_MIN.into());
    first.until(local).0 / calendar::HOUR_MS
}

#[test]
fn a_seed_gives_the_same_rows_and_another_gives_others() {
    let some = sized(None, Some(500));
    for profile in PROFILES {
        let name = profile.name;
        assert_eq!(rows(name, 1, some), rows(name, 1, some), "{name}");
        assert_ne!(rows(name, 1, some), rows(name, 2, some), "{name}");
    }
}

#[test]
fn a_countys_year_has_its_calls_and_shares() {
    let year = drawn("xianju-2011", sized(Some(365), None));
    assert_eq!(year.len(), 78_471);
    assert!(year.is_sorted_by_key(|(_, row)| row.at));
    let keys: BTreeSet<&str> = year.iter().map(|(_, row)| row.key.as_str()).collect();
    assert_eq!(keys.len(), year.len());
    let valid = year.iter().filter(|(kind, _)| !is_invalid(*kind)).count();
    assert!((32_100..=32_400).contains(&valid), "{valid}");
    let count = |kinds| {
        let is = is_one_of(kinds);
        year.iter().filter(|(kind, _)| is(*kind)).count()
    };
    let (rescue, traffic) = (count(shares::RESCUE), count(shares::TRAFFIC));
    assert!((270..=320).contains(&rescue), "{rescue}");
    assert!((8_150..=8_350).contains(&traffic), "{traffic}");
}

#[test]
fn a_citys_week_and_month_have_their_calls_and_shares() {
    let week = drawn("city-ankang", Size::default());
    let valid = permille(&week, |kind| !is_invalid(kind));
    assert_eq!(week.len(), 9_585);
    assert!((350..=362).contains(&valid), "{valid}");
    let month = drawn("city-ankang-month", Size::default());
    let valid = permille(&month, |kind| !is_invalid(kind));
    assert_eq!(month.len(), 41_695);
    assert!((157..=164).contains(&valid), "{valid}");
}

#[test]
fn a_great_citys_day_is_a_third_traffic() {
    let day = drawn("guangzhou-2015", Size::default());
    assert_eq!(day.len(), 16_000);
    assert!(day.iter().all(|(_, row)| row.line == "110"));
    for (of, least, most) in [
        (permille(&day, is_one_of(shares::TRAFFIC)), 296, 304),
        (permille(&day, is_invalid), 296, 304),
        (permille(&day, is_one_of(shares::HELP)), 196, 206),
    ] {
        assert!((least..=most).contains(&of), "{of}");
    }
}

#[test]
fn a_provinces_day_is_1_3_calls_a_second() {
    let day = drawn("jiangsu-2015", Size::default());
    assert_eq!(day.len(), 111_699);
    let invalid = permille(&day, is_invalid);
    assert!((578..=582).contains(&invalid), "{invalid}");
    let of_hour = |of: i64| {
        day.iter()
            .filter(|(_, row)| hour("jiangsu-2015", row) == of)
            .count()
    };
    assert!(
        of_hour(20) > 3 * of_hour(4),
        "{} {}",
        of_hour(20),
        of_hour(4)
    );
}

/// Eleven months are 127 million calls, and their first are there at once: nothing holds them all.
#[test]
fn a_nations_year_streams() {
    let ground = Ground::embedded().unwrap();
    let (calls, mut rows) = stream("nation-110", 1, sized(Some(334), None), &ground).unwrap();
    assert_eq!(calls, 127_000_000);
    let mut centres: BTreeMap<u64, u64> = BTreeMap::new();
    for _ in 0..100_000 {
        let row = rows.next().unwrap();
        let centre = row.key.split('-').nth(3).unwrap();
        *centres.entry(centre.parse().unwrap()).or_default() += 1;
    }
    assert!(*centres.last_key_value().unwrap().0 <= 2_382);
    assert!(centres.len() > 2_300, "{}", centres.len());
    let of_cities: u64 = centres.range(2_089..).map(|(_, calls)| calls).sum();
    // 294 × 5 of 2 088 + 294 × 5.
    assert!((40_000..=43_000).contains(&of_cities), "{of_cities}");
    let Err(error) = generate("nation-110", 1, sized(Some(334), None), &ground) else {
        panic!("127 million rows in memory");
    };
    assert!(error.to_string().contains("row by row"), "{error}");
}

#[test]
fn fires_are_4_3_times_the_mean_when_the_year_begins() {
    let name = "new-year-fire";
    let all = drawn(name, sized(None, Some(160_000)));
    let fires: Vec<i64> = all
        .iter()
        .filter(|(kind, _)| matches!(kind, Kind::Wildfire | Kind::StructureFire))
        .map(|(_, row)| hour(name, row))
        .collect();
    // Both come with ordinary rescue too, which has no surge: 28 of 95 of a share as large as that of the fires' own 72 %.
    let within = fires.iter().filter(|hour| (36..60).contains(*hour)).count() as f64;
    let outside = (fires.len() as f64 - within) / 2.0;
    let own = 20.0 * 0.72;
    let ordinary = 20.0 * 28.0 / 95.0;
    let expected = (own * 4.3 + ordinary) / (own + ordinary);
    let times = within / outside;
    assert!(
        (times / expected - 1.0).abs() < 0.12,
        "{times} and not {expected}"
    );
    let midnight = fires.iter().filter(|hour| (47..49).contains(*hour)).count() as f64;
    assert!(
        midnight > within / 4.0,
        "{midnight} of {within} in the two hours around midnight"
    );
}

#[test]
fn ambulances_have_five_times_their_mean_for_a_week() {
    let name = "ambulance-overload";
    let all = drawn(name, Size::default());
    let ground = Ground::embedded().unwrap();
    let mean = ground.ambulances() * 33 / 10;
    assert!(ground.ambulances() > 5);
    let days = all.iter().fold([0_u64; 9], |mut days, (kind, row)| {
        let day = (hour(name, row) / 24).clamp(0, 8) as usize;
        days[day] += u64::from(!is_invalid(*kind));
        days
    });
    let surge = days[1..8].iter().sum::<u64>() / 7;
    let expected = mean * 9 / 10 * 5;
    assert!(
        (expected * 95 / 100..=expected * 105 / 100).contains(&surge),
        "{days:?}"
    );
    assert!(days[0] < surge / 3 && days[8] < surge / 3, "{days:?}");
    assert!(all.iter().all(|(_, row)| row.line == "120"));
}

/// Three rows under each key, word for word, within two seconds (N2).
#[test]
fn a_carrier_that_repeats_itself_sends_everything_three_times() {
    let all = rows("carrier-retry", 1, sized(None, Some(400)));
    assert_eq!(all.len(), 1_200);
    assert!(all.is_sorted_by_key(|row| row.at));
    let mut keys: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    all.iter()
        .for_each(|row| keys.entry(&row.key).or_default().push(row));
    assert_eq!(keys.len(), 400);
    for of_key in keys.values() {
        let [first, second, third] = of_key[..] else {
            panic!("{} rows under a key", of_key.len());
        };
        assert!(first.at < second.at && first.at.until(third.at) <= Span::seconds(2));
        let at = first.at;
        assert_eq!(
            (
                &Row {
                    at,
                    ..second.clone()
                },
                &Row {
                    at,
                    ..third.clone()
                }
            ),
            (first, first)
        );
    }
}

#[test]
fn places_lie_in_the_city_in_both_datums() {
    let ground = Ground::embedded().unwrap();
    let rows = rows("jiangsu-2015", 1, sized(None, Some(2_000)));
    let placed: Vec<&Row> = rows.iter().filter(|row| row.lat.is_some()).collect();
    assert!((1_850..2_000).contains(&placed.len()));
    for row in &placed {
        let (lat, lon, datum) = (row.lat.unwrap(), row.lon.unwrap(), row.datum.unwrap());
        let point = to_wgs84(lat, lon, datum).unwrap();
        assert!(ground.contains(point), "{row:?}");
    }
    let wgs84 = placed.iter().filter(|row| row.datum == Some(Datum::Wgs84));
    assert!((150..450).contains(&wgs84.count()));
}

/// Thousands of varied ones, not one line repeated: of ten thousand rows nearly all say something of their own, and no text
/// comes more than a handful of times.
#[test]
fn hardly_two_callers_say_the_same() {
    let large = PROFILES.map(|profile| profile.name).into_iter();
    for name in large
        .filter(|&name| name != "carrier-retry")
        .chain(["standard"])
    {
        let rows = rows(name, 1, sized(None, Some(10_000)));
        let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
        for text in rows.iter().filter_map(|row| row.text.as_deref()) {
            *texts.entry(text).or_default() += 1;
        }
        texts.remove("");
        let said: usize = texts.values().sum();
        let distinct = texts.len() * 1_000 / said;
        let (most, times) = texts.iter().max_by_key(|(_, times)| **times).unwrap();
        println!("{name}: {distinct} of a thousand distinct, `{most}` {times} times");
        assert!(
            distinct >= 980 && *times <= 6,
            "{name}: {distinct}, `{most}` {times} times"
        );
    }
}

/// Who is hurt brings the ambulance, whatever the kind, and is expected to.
#[test]
fn rows_expect_whom_their_words_concern() {
    let all = drawn("xianju-2011", sized(None, Some(40_000)));
    let hurt = all.iter().filter(|(kind, row)| {
        let text = row.text.as_deref().unwrap_or_default();
        *kind == Kind::ViolentCrime && text.contains("捅了")
    });
    let mut seen = 0;
    for (_, row) in hurt {
        assert!(
            row.expect_agencies.unwrap().contains(Agency::Medical),
            "{row:?}"
        );
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn what_cannot_be_generated_is_said() {
    let ground = Ground::embedded().unwrap();
    let asked = |name, calls| {
        let size = sized(None, Some(calls));
        generate(name, 1, size, &ground).unwrap_err().to_string()
    };
    let unknown = asked("atlantis", 1);
    for name in PROFILES
        .map(|profile| profile.name)
        .into_iter()
        .chain(["one-accident", "standard"])
    {
        assert!(unknown.contains(name), "{unknown}");
    }
    assert!(asked("xianju-2011", 0).contains("1 to 1000000000"));
    assert!(asked("standard", CALLS_MAX + 1).contains("1 to 1000000000"));
    assert!(asked("one-accident", 501).contains("10 to 500 calls, not 501"));
    assert!(asked("position-flood", 1).contains("--positions 1s"));
}

/// What callers say is mostly understood: texts are varied, not riddles. Of the standard load nearly all, since its shares lean on
/// that; of the rest most, in dialect and without punctuation too.
#[test]
fn words_are_mostly_understood() {
    use gateway::config::{Config, Overrides};
    use gateway::intake::{Desk, Intake};
    let intake = Intake::of(&Config::load(None, &Overrides::default()).unwrap()).unwrap();
    let phrases = Phrases::new().unwrap();
    let mut random = Random::new(5);
    let mut desk = Desk::default();
    let mut understood = |kind: Kind, plain: bool, random: &mut Random| {
        let mut met = 0;
        for _ in 0..200 {
            let place = words::place(random);
            let said = match plain {
                true => phrases.say_exactly(kind, &place, 46, random),
                false => phrases.say(kind, &place, random),
            };
            let row = Row {
                text: Some(said.text),
                ..Row::new(Moment(0), "k".into(), line(kind, random))
            };
            let words = crate::replay::words::call_words(&row, "k".into());
            let heard = intake.call(0, words, &mut desk).report.assessment;
            let wanted = said.agencies;
            let told = heard.agencies;
            let all = wanted.bits() & !told.bits() == 0 && (told.is_empty() || !wanted.is_empty());
            met += u32::from(all);
        }
        met / 2
    };
    let mut sum = 0;
    let said = Kind::ALL
        .iter()
        .filter(|&&kind| !matches!(kind, Kind::Unknown | Kind::Silent));
    for &kind in said.clone() {
        let percent = understood(kind, false, &mut random);
        println!("{kind} {percent} % understood");
        sum += percent;
    }
    let mean = sum / said.count() as u32;
    println!("{mean} % understood");
    assert!(mean >= 80, "{mean} % understood");
    for kind in standard::kinds() {
        let percent = understood(kind, true, &mut random);
        println!("standard: {kind} {percent} % understood");
        assert!(percent >= 60, "{kind}: {percent} %");
    }
}
