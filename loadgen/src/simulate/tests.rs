//! The same seed says the same; more ambulances are never slower.

use super::county::Ground;
use super::play;
use super::verdict::compare;
use crate::ground::Ground as Places;
use crate::synth::{Size, generate};
use crate::trace::Row;
use engine::capability::Capability;
use gateway::config::{Config, Overrides};
use std::cmp::Ordering;
use std::sync::Arc;

fn rows(calls: u64, days: u64) -> Vec<Row> {
    let size = Size {
        days: Some(days),
        calls: Some(calls),
    };
    let places = Places::embedded().unwrap();
    generate("xianju-2011", 3, size, &places).unwrap()
}

/// The embedded county with so many of its ambulances, of whatever agency.
fn with_ambulances(most: usize) -> Ground {
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
    Ground::of(config).unwrap()
}

fn quiet(_: usize, _: usize) {}

#[test]
fn the_same_seed_says_the_same_and_another_something_else() {
    let rows = rows(300, 1);
    let config = Config::load(None, &Overrides::default()).unwrap();
    let ground = Ground::of(config).unwrap();
    let digests = |seeds: &[u64]| {
        let outcomes = play(&rows, &[&ground], seeds, &quiet).unwrap();
        let of = outcomes[0].iter().map(|outcome| outcome.digest);
        of.collect::<Vec<_>>()
    };
    let first = digests(&[1, 2, 1]);
    assert_eq!(first[0], first[2]);
    assert_ne!(first[0], first[1]);
    assert_eq!(digests(&[2]), first[1..2]);
    let outcome = &play(&rows, &[&ground], &[1], &quiet).unwrap()[0][0];
    assert_eq!(outcome.calls, 300);
    assert_eq!(outcome.decided.values().sum::<u64>(), 300);
    let orders = outcome.units.values().map(|unit| unit.orders).sum::<u64>();
    assert!(orders > 50, "{orders}");
    assert!(
        outcome
            .first_arrivals
            .values()
            .map(|it| it.count())
            .sum::<usize>()
            > 30
    );
}

#[test]
fn an_empty_trace_is_refused() {
    let config = Config::load(None, &Overrides::default()).unwrap();
    let ground = Ground::of(config).unwrap();
    assert!(play(&[], &[&ground], &[1], &quiet).is_err());
}

/// On paired seeds, with the whole 95 % interval: each further ambulance helps or changes nothing, and some help.
#[test]
fn more_ambulances_are_never_slower() {
    let rows = rows(1_200, 1);
    let grounds: Vec<Ground> = [1, 2, 4, 8].map(with_ambulances).into();
    let all: Vec<&Ground> = grounds.iter().collect();
    let outcomes = play(&rows, &all, &[1, 2, 3, 4], &quiet).unwrap();
    let mut faster = 0;
    for pair in outcomes.windows(2) {
        let differences = compare(&pair[0], &pair[1]);
        let medical = differences
            .iter()
            .find(|it| it.what.contains("medical"))
            .unwrap();
        assert_ne!(
            medical.by.side(),
            Some(Ordering::Greater),
            "{}",
            medical.says
        );
        faster += u32::from(medical.by.side() == Some(Ordering::Less));
    }
    assert!(faster >= 2, "only {faster} of 3 steps helped");
}
