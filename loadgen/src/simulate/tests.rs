//! The same seed says the same, with any number of threads; more ambulances are never slower; crews go home; centres stand
//! beside each other.

use super::county::{Ground, Setting};
use super::difference::{compare, words};
use super::estimate::Estimate;
use super::outcome::Outcome;
use super::region::Region;
use super::{Played, play};
use crate::ground::Ground as Places;
use crate::synth::{Size, generate};
use crate::trace::Row;
use engine::capability::Capability;
use engine::id::ObjectHash;
use engine::kind::Agency;
use gateway::config::{Config, Overrides};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The digests of seeds 1 and 2, the same on every machine. Whatever changes decisions, words, crews or the county changes them: then this is to
/// be what the test found, and the changelog says why.
const SAID: [&str; 2] = [
    "75d01f45dc59f67e030af334bdfd29a873679478b061efedb340cf5b2447608d",
    "825b778b7268c37819a986ec952f947601b1a2f081ff1c98012bb923fdbb7efa",
];

fn rows(calls: u64, days: u64) -> Vec<Row> {
    let size = Size {
        days: Some(days),
        calls: Some(calls),
    };
    let places = Places::embedded().unwrap();
    generate("xianju-2011", 3, size, &places).unwrap()
}

fn embedded() -> Region {
    let config = Config::load(None, &Overrides::default()).unwrap();
    Region::alone(Ground::of(config).unwrap())
}

/// The embedded county with so many of its ambulances, of whatever agency.
fn with_ambulances(most: usize) -> Region {
    let mut config = Config::load(None, &Overrides::default()).unwrap();
    let mut city = (*config.city).clone();
    let mut ambulances = 0;
    city.units.retain(|unit| {
        let ambulance = unit.capabilities.contains(Capability::Ambulance);
        ambulances += usize::from(ambulance);
        !ambulance || ambulances <= most
    });
    assert!(ambulances > most, "{ambulances} of them");
    config.city = Arc::new(city);
    Region::alone(Ground::of(config).unwrap())
}

fn quiet(_: usize, _: usize) {}

fn on_threads(rows: &[Row], sides: &[&Region], seeds: &[u64], threads: usize) -> Vec<Played> {
    let threads = NonZeroUsize::new(threads).unwrap();
    play(rows, sides, &Setting::default(), seeds, threads, &quiet).unwrap()
}

fn digests(played: &Played) -> Vec<ObjectHash> {
    played
        .together
        .iter()
        .map(|outcome| outcome.digest)
        .collect()
}

#[test]
fn the_same_seed_says_the_same_and_another_something_else() {
    let rows = rows(300, 1);
    let region = embedded();
    let first = on_threads(&rows, &[&region], &[1, 2, 1], 2);
    let said = digests(&first[0]);
    assert_eq!(said[0], said[2]);
    assert_ne!(said[0], said[1]);
    let written = said[..2].iter().map(ToString::to_string);
    assert_eq!(written.collect::<Vec<_>>(), SAID, "see what SAID is");
    assert_eq!(
        digests(&on_threads(&rows, &[&region], &[2], 1)[0]),
        said[1..2]
    );
    let outcome = &first[0].together[0];
    assert_eq!(outcome.calls, 300);
    assert_eq!(outcome.decided.values().sum::<u64>(), 300);
    let orders = outcome.units.iter().map(|unit| unit.orders).sum::<u64>();
    assert!(orders > 50, "{orders}");
    let arrived = outcome.first_arrivals.values().map(|it| it.count);
    assert!(arrived.sum::<u64>() > 30);
    assert!(first[0].centres.is_empty());
}

#[test]
fn an_empty_trace_is_refused() {
    let (region, one) = (embedded(), NonZeroUsize::MIN);
    assert!(play(&[], &[&region], &Setting::default(), &[1], one, &quiet).is_err());
}

#[test]
fn centres_stand_beside_each_other_and_add_up_on_any_number_of_threads() {
    let rows = rows(400, 1);
    let region = Region::generated(3, None).unwrap();
    let one = on_threads(&rows, &[&region], &[5, 6], 1);
    let four = on_threads(&rows, &[&region], &[5, 6], 4);
    assert_eq!(digests(&one[0]), digests(&four[0]));
    let Played { together, centres } = &one[0];
    assert_eq!((together.len(), centres.len(), centres[2].len()), (2, 3, 2));
    for (seed, whole) in together.iter().enumerate() {
        let parts: Vec<u64> = centres.iter().map(|centre| centre[seed].calls).collect();
        assert_eq!(parts.iter().sum::<u64>(), whole.calls);
        assert!(parts.iter().all(|&part| part > 40), "{parts:?}");
        let arrived = |it: &super::outcome::Outcome| -> u64 {
            it.first_arrivals.values().map(|times| times.count).sum()
        };
        let parts: u64 = centres.iter().map(|centre| arrived(&centre[seed])).sum();
        assert_eq!(parts, arrived(whole));
        let units: usize = centres.iter().map(|centre| centre[seed].units.len()).sum();
        assert_eq!(units, whole.units.len());
        assert!(
            whole
                .units
                .iter()
                .any(|unit| unit.name.starts_with("county 3/"))
        );
    }
    assert_ne!(centres[0][0].digest, centres[1][0].digest);
}

/// A centre that gets no call lives as long as its neighbour: its units were idle all that time, not for a minute.
#[test]
fn all_centres_of_a_region_live_to_the_last_call() {
    let rows = rows(60, 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("region.toml");
    let text =
        "[[centre]]\nname = \"busy\"\nseed = 1\n[[centre]]\nname = \"idle\"\nseed = 2\nshare = 0\n";
    std::fs::write(&file, text).unwrap();
    let region = Region::read(&file).unwrap();
    let played = on_threads(&rows, &[&region], &[1], 1);
    let idle = &played[0].centres[1][0];
    let last = rows.iter().map(|row| row.at).max().unwrap();
    assert_eq!((idle.calls, idle.to), (0, last));
    assert!(
        idle.units
            .iter()
            .all(|unit| unit.whole_ms == idle.from.until(last).0)
    );
}

/// Something of which less is better, of a run.
type Figure = (&'static str, fn(&Outcome) -> f64);

/// What a further ambulance is judged by: two times and a count.
const FIGURES: [Figure; 3] = [
    ("first ambulance, mean, s", |it| {
        it.arrivals[&Agency::Medical].mean_s().unwrap()
    }),
    ("first ambulance, nine in ten, s", |it| {
        it.arrivals[&Agency::Medical].p90_s().unwrap()
    }),
    ("sent to and never reached", |it| {
        it.never.values().sum::<u64>() as f64
    }),
];

/// On paired seeds, ambulance by ambulance: the whole 95 % interval of what each further one changes lies below a fiftieth of the figure
/// before, or one incident; and most of them bring the first ambulance sooner.
#[test]
fn more_ambulances_are_never_slower() {
    const AMBULANCES: usize = 7;
    const MARGIN: f64 = 0.02;
    let rows = rows(1_200, 1);
    let regions: Vec<Region> = (1..=AMBULANCES).map(with_ambulances).collect();
    let all: Vec<&Region> = regions.iter().collect();
    let seeds: Vec<u64> = (1..=12).collect();
    let played = on_threads(&rows, &all, &seeds, 2);
    let mut sooner = 0;
    for (ambulances, pair) in (1..).zip(played.windows(2)) {
        let (first, second) = (&pair[0].together, &pair[1].together);
        for (number, (what, figure)) in FIGURES.into_iter().enumerate() {
            let before = first.iter().map(figure).sum::<f64>() / first.len() as f64;
            let pairs = first.iter().zip(second);
            let by = pairs.map(|(first, second)| figure(second) - figure(first));
            let by = Estimate::of(&by.collect::<Vec<f64>>()).unwrap();
            let most = by.mean + by.within.unwrap();
            let says = format!(
                "{what}: {before:.1}, with one more than {ambulances} by {}",
                by.text()
            );
            let margin = if number < 2 { before * MARGIN } else { 1.0 };
            assert!(most <= margin, "{says}");
            sooner += u32::from(number == 0 && most < 0.0);
        }
    }
    assert!(sooner >= 4, "only {sooner} of {} helped", AMBULANCES - 1);
}

/// What two configurations differ in is said in words: more ambulances where they are few are a gain.
#[test]
fn more_ambulances_are_a_gain_in_words() {
    let rows = rows(1_200, 1);
    let [few, many] = [1, 4].map(with_ambulances);
    let played = on_threads(&rows, &[&few, &many], &[1, 2, 3, 4], 2);
    let (first, second) = (&played[0].together, &played[1].together);
    let said = words(first, second, &compare(first, second));
    assert!(said.contains("units more ("), "{said}");
    let gained = said.split("It loses").next().unwrap_or_default();
    let gained = gained
        .split("show no difference in")
        .next()
        .unwrap_or_default();
    assert!(gained.contains("vehicle of medical, mean: "), "{said}");
    let same = compare(first, first);
    let said = words(first, first, &same);
    assert!(
        said.starts_with("These seeds show no difference between the two."),
        "{said}"
    );
    let one = words(&first[..1], &second[..1], &same);
    assert!(one.contains("give --seeds 10"), "{one}");
}
