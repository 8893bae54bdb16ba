//! The engine against its plain reference model: a fixed set of seeds, a crowd, and every small world.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use tests::duel::small_worlds::{CASTS, walk};
use tests::duel::{Coverage, run_crowd, run_seed};

/// Seeds of the fixed set; other sets are run by `SEEDS=from..to`, other lengths by `STEPS=n`.
const SEEDS: std::ops::Range<u64> = 0..48;
/// Commands of each seed.
const STEPS: usize = 500;
/// Steps of a small world, and of one where the tests are built for speed; others by `DEPTH=n`.
const DEPTH: usize = if cfg!(debug_assertions) { 4 } else { 7 };

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints the seeds first; a difference names its seed and step.
#[test]
fn the_engine_says_what_the_model_says() {
    let seeds = set("SEEDS").map_or(SEEDS, |text| {
        let (from, to) = text.split_once("..").unwrap();
        from.parse().unwrap()..to.parse().unwrap()
    });
    let steps = set("STEPS").map_or(STEPS, |text| text.parse().unwrap());
    println!("seeds {seeds:?}, {steps} commands each");
    let mut coverage = Coverage::default();
    for seed in seeds {
        match run_seed(seed, steps) {
            Ok(met) => coverage.join(&met),
            Err(difference) => panic!("{difference}"),
        }
    }
    println!("{coverage}");
    println!("fewer than 100: {:?}", coverage.rarer_than(100));
    // A crowd alone meets these two.
    let crowd = ["event Continues ", "refusal hospitals_full "];
    assert_eq!(
        coverage.rarer_than(1),
        crowd,
        "the streams do not meet these"
    );
}

#[test]
fn what_one_command_cannot_do_continues() {
    // Ten thousand hospitals by linear search take too long without optimisation.
    let hospitals = if cfg!(debug_assertions) { 10 } else { 10_001 };
    let met = run_crowd(hospitals).unwrap_or_else(|difference| panic!("{difference}"));
    assert!(met.of("event", "Continues", "") >= 3, "{met}");
    let full = met.of("refusal", "hospitals_full", "");
    assert_eq!(full, u64::from(!cfg!(debug_assertions)), "{met}");
}

#[test]
fn every_small_world_is_as_the_model_says() {
    let depth = set("DEPTH").map_or(DEPTH, |text| text.parse().unwrap());
    for cast in CASTS {
        let walk = walk(cast, depth).unwrap_or_else(|difference| panic!("{difference}"));
        println!("depth {depth}: {walk}");
        assert!(walk.worlds > 1_000, "{walk}");
    }
}
