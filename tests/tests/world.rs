//! The simulated world: a few seeds hold, a seed is the same world twice, and every checker sees the defect it is for.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::command::ClockMode;
use engine::journal::Durability;
use engine::moment::Span;
use std::collections::BTreeSet;
use tests::repository::root;
use tests::world::checks::AND;
use tests::world::counters::Counters;
use tests::world::disk::Lie;
use tests::world::{Failure, Options, Planted, Report, run_caught};

/// A world that is over soon, for tests without optimization.
fn short(seed: u64) -> Options {
    let mut options = Options::draw(seed);
    options.day_ms /= 8;
    options.commands_min = 600;
    options.traffic.calls = 100;
    options.breaks.restarts_max = options.breaks.restarts_max.min(5);
    options
}

fn live(options: Options) -> Report {
    run_caught(options).unwrap_or_else(|failure| panic!("{failure}"))
}

/// The seeds that once found a bug, each with a word on it.
fn kept_seeds() -> Vec<u64> {
    let text = std::fs::read_to_string(root().join("tests/seeds.txt")).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn worlds_hold() {
    for seed in 1..=2 {
        let report = live(short(seed));
        assert!(report.records >= 600, "seed {seed}: {}", report.records);
    }
}

#[test]
fn worlds_on_roads_hold() {
    let mut sum = Counters::default();
    // The first is attended by the checkers.
    for seed in [4, 18] {
        let report = live(short(seed));
        sum.merge(&report.counters);
    }
    println!("{sum}");
    for (which, least) in [
        ("by_road", 100),
        ("by_air", 1),
        ("by_line", 1),
        ("changed", 30),
        ("no_way", 1),
        ("not_by_metres", 1),
    ] {
        let times = sum.get("way", which);
        assert!(times >= least, "{which}: {times}");
    }
    assert!(sum.get("world", "hour_switch") >= 1);
}

/// The whole list runs in release, before new seeds; here each of its lines is read.
#[test]
fn seeds_that_found_a_bug_are_kept() {
    assert!(!kept_seeds().is_empty());
}

#[test]
fn a_seed_is_the_same_world_twice() {
    let (first, again) = (live(short(7)), live(short(7)));
    assert_eq!(first, again);
    assert_ne!(first.digest, live(short(8)).digest);
}

/// A world in which much breaks, so that a defect of the disk comes to light.
fn with(planted: Planted) -> Options {
    let mut options = short(13);
    options.planted = Some(planted);
    break_much(&mut options);
    options
}

/// The same in a town whose roads change all the time, attended by the checkers.
fn on_roads_with(planted: Option<Planted>) -> Options {
    let mut options = short(28);
    options.planted = planted;
    options.traffic.roads_min = 3;
    break_much(&mut options);
    options
}

fn break_much(options: &mut Options) {
    options.breaks.crash_one_in = 150;
    options.breaks.kill_one_in = 300;
    options.breaks.cut_one_in = 0;
    options.breaks.full_one_in = 0;
    options.breaks.faults.clear();
    options.breaks.restarts_max = 12;
    options.network.repeat_permille = 300;
    options.network.loss_permille = 100;
    options.capacities.calls_max = 4_096;
    options.shape.durability = Durability::Sync;
    // What stands before a snapshot is not read at a start.
    options.keeping.snapshot_records = u64::MAX;
    options.keeping.snapshot_age = Span::hours(10_000);
}

/// The same with a snapshot every so often, behind which the journal goes within the hour.
fn with_snapshots(planted: Option<Planted>) -> Options {
    let mut options = short(13);
    options.planted = planted;
    break_much(&mut options);
    // Until late, when the journal's beginning has gone.
    options.breaks.crash_one_in = 0;
    options.breaks.kill_one_in = 100;
    options.breaks.restarts_max = 60;
    options.breaks.rot = true;
    options.keeping.snapshot_records = 30;
    options.keeping.retention.kept = Span::minutes(10);
    options.shape.segment_bytes = 64 << 10;
    options.shape.batch_bytes = 32 << 10;
    options
}

/// The same where answers do not wait for the disk.
fn unsynced(planted: Option<Planted>) -> Options {
    let mut options = short(13);
    options.planted = planted;
    break_much(&mut options);
    options.shape.durability = Durability::Batch;
    options.breaks.restarts_max = 30;
    // The disk has seldom nothing to do.
    options.lag_ms = [0, 3_000, 0];
    options.traffic.calls = 300;
    options
}

#[test]
fn without_a_defect_the_same_worlds_hold() {
    let mut options = with(Planted::NobodyObeys);
    options.planted = None;
    let report = live(options);
    assert!(report.counters.get("world", "crash") >= 3);
    assert!(report.counters.get("world", "kill") >= 1);
}

#[test]
fn every_checker_sees_the_defect_it_is_for() {
    let defects = [
        (
            Planted::Lie(Lie::NoSync),
            &[
                "released and lost",
                "acknowledged and lost",
                "start:",
                "epoch:",
            ][..],
        ),
        (
            Planted::Lie(Lie::LateSync),
            &[
                "released and lost",
                "acknowledged and lost",
                "start:",
                "epoch:",
            ],
        ),
        (
            Planted::Lie(Lie::NoFolderSync),
            &[
                "released and lost",
                "acknowledged and lost",
                "start:",
                "epoch:",
            ],
        ),
        (Planted::RecordDropped, &["is told after"]),
        (Planted::ReplyAltered, &["is not what was answered"]),
        (
            Planted::ClockTwice,
            &["clocks: a clock fired that did not run"],
        ),
        (Planted::KeyTwice, &["keys: "]),
        (Planted::OrderJumps, &["orders: "]),
        (Planted::ViewMisses, &["view: "]),
        (Planted::NobodyObeys, &["liveness: "]),
    ];
    for (planted, says) in defects {
        is_seen(planted, &with, says);
    }
    let says = ["start: refused", "view: cannot read", "history is another"];
    is_seen(Planted::SecretFlip, &with, &says);
}

/// A world may never come to what is wrong in it, or end before it does; of these one must.
const SEEDS: std::ops::RangeInclusive<u64> = 14..=19;

fn is_seen(
    planted: Planted,
    world: &dyn Fn(Planted) -> Options,
    says: &[&str],
) -> BTreeSet<String> {
    let seeds = std::iter::once(world(planted).seed).chain(SEEDS);
    let mut failures = seeds.filter_map(|seed| {
        let options = Options {
            seed,
            ..world(planted)
        };
        run_caught(options).err()
    });
    let failure = failures
        .next()
        .unwrap_or_else(|| panic!("{planted:?} was not seen"));
    println!("{planted:?}: {failure:.300}");
    assert!(
        says.iter().any(|says| failure.what.contains(says)),
        "{planted:?}: {failure}"
    );
    who(&failure)
}

/// Who complained of the first record that was not as it ought to be.
fn who(failure: &Failure) -> BTreeSet<String> {
    let complaints = failure.what.split(AND);
    let names = complaints.filter_map(|complaint| complaint.split(':').next());
    names.map(str::to_owned).collect()
}

/// Each of these defects is seen by those who are for it, and by nobody else.
#[test]
fn a_defect_is_seen_by_whom_it_concerns_alone() {
    let alone = |planted, world: &dyn Fn(Planted) -> Options, names: &[&str], says: &str| {
        let seen = is_seen(planted, world, &[says]);
        let names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(seen, names, "{planted:?}");
    };
    // Each of those who know what ought to have happened, and whoever was answered otherwise.
    let all = ["model", "replies", "twin"];
    for says in ["the model says", "a centre that never crashed says"] {
        alone(Planted::EventAltered, &with, &all, says);
    }
    alone(
        Planted::StateOther,
        &with,
        &["twin"],
        "the state is another",
    );
    let restored = |planted| with_snapshots(Some(planted));
    let says = "the view in it is not what was released";
    alone(Planted::RestoredMisses, &restored, &["snapshot"], says);
    for (clock, says) in [
        (ClockMode::Driven, "the factors of another hour"),
        (ClockMode::Wall, "nobody gave the bulletin"),
    ] {
        let world = |planted| Options {
            clock,
            plan: 1,
            ..on_roads_with(Some(planted))
        };
        alone(Planted::HourOff, &world, &["bulletins"], says);
    }
}

/// A damaged snapshot is no reason to refuse a start, as long as another stands for it.
#[test]
fn an_older_snapshot_stands_for_one_that_is_damaged() {
    let report = live(with_snapshots(None));
    assert!(report.counters.get("world", "pruned") >= 1);
    assert!(report.counters.get("world", "restored") >= 3);
    let world = |planted| with_snapshots(Some(planted));
    is_seen(Planted::SnapshotsRot, &world, &["start: refused"]);
}

/// Where answers do not wait for the disk, a machine that stops takes some with it, and never one that was synced.
#[test]
fn what_is_answered_before_it_is_synced_may_be_lost_and_nothing_else() {
    let report = live(unsynced(None));
    assert!(report.counters.get("world", "unsynced_lost") >= 1);
    assert!(report.counters.get("world", "kill") >= 1);
    // A tail that is gone to the last byte is seen by what had been synced alone.
    let failures = SEEDS.filter_map(|seed| {
        let planted = unsynced(Some(Planted::SyncsStop));
        run_caught(Options { seed, ..planted }).err()
    });
    let whats: Vec<String> = failures.map(|failure| failure.what).collect();
    let says = |word: &str| whats.iter().filter(|what| what.contains(word)).count();
    let (lost, refused) = (says("synced and lost"), says("start: refused"));
    assert!(lost >= 1 && lost + refused == whats.len(), "{whats:#?}");
}

#[test]
fn a_checker_that_knows_other_roads_than_the_centre_says_so() {
    let report = live(on_roads_with(None));
    assert!(report.counters.get("world", "roads_closed") >= 5);
    assert!(report.counters.get("way", "changed") >= 30);
    let world = |planted| on_roads_with(Some(planted));
    let seen = |planted, says: &[&str]| drop(is_seen(planted, &world, says));
    // Nobody but the checker of the nearest is told less than the centre is.
    seen(Planted::ClosureUnknown, &["twin: nearest: "]);
    seen(Planted::StaleTimes, &["model: "]);
}
