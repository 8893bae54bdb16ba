//! The same seed says the same, with any number of threads; more ambulances are never slower; crews go home; centres stand
//! beside each other.

use super::county::{Ground, Setting};
use super::difference::{compare, words};
use super::region::Region;
use super::{Played, play};
use crate::ground::Ground as Places;
use crate::synth::{Size, generate};
use crate::trace::Row;
use engine::capability::Capability;
use engine::id::ObjectHash;
use gateway::config::{Config, Overrides};
use std::cmp::Ordering;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The digests of seeds 1 and 2, the same on every machine. Whatever changes decisions, words, crews or the county changes them: then this is to
/// be what the test found, and the changelog says why.
const SAID: [&str; 2] = [
    "1d95d8fab628a4b9fa93353a79237e66699294a4ec60cb2e72ecd143d299a2de",
    "a599215ecca89ff90687023a61180eafe186c5b3f9fc31d7619e27140b23aeb4",
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

/// On paired seeds, with the whole 95 % interval: each further ambulance helps or changes nothing, and some help.
#[test]
fn more_ambulances_are_never_slower() {
    let rows = rows(1_200, 1);
    let regions: Vec<Region> = [1, 2, 4, 8].map(with_ambulances).into();
    let all: Vec<&Region> = regions.iter().collect();
    let played = on_threads(&rows, &all, &[1, 2, 3, 4], 2);
    let mut faster = 0;
    for pair in played.windows(2) {
        let (first, second) = (&pair[0].together, &pair[1].together);
        let differences = compare(first, second);
        let medical = differences
            .iter()
            .find(|it| it.what.contains("vehicle of medical"))
            .unwrap();
        assert_ne!(
            medical.by.side(),
            Some(Ordering::Greater),
            "{}",
            medical.says
        );
        let less = medical.by.side() == Some(Ordering::Less);
        faster += u32::from(less);
        let said = words(first, second, &differences);
        assert!(said.contains("units more ("), "{said}");
        let gained = said.split("It loses").next().unwrap_or_default();
        let gained = gained
            .split("show no difference in")
            .next()
            .unwrap_or_default();
        assert_eq!(
            gained.contains("vehicle of medical, mean: "),
            less,
            "{said}"
        );
    }
    assert!(faster >= 2, "only {faster} of 3 steps helped");
    let same = compare(&played[0].together, &played[0].together);
    let said = words(&played[0].together, &played[0].together, &same);
    assert!(
        said.starts_with("These seeds show no difference between the two."),
        "{said}"
    );
    let one = words(&played[0].together[..1], &played[1].together[..1], &same);
    assert!(one.contains("give --seeds 10"), "{one}");
}
