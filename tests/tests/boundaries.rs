//! A thousand commands, and one call to the disk that goes wrong: every one in turn, or every few of them where the tests
//! are not built for speed. `BOUNDARY_STEP=1` meets every one, `BOUNDARY_STEP=n` every n-th.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use engine::journal::Durability;
use std::time::Instant;
use tests::boundary::{Wrong, live};
use tests::world::disk::Lie;

/// Boundaries of each sort that a debug build meets.
const FEW: u64 = 8;

/// How far it is from one boundary to the next.
fn step(acts: u64) -> u64 {
    match std::env::var("BOUNDARY_STEP") {
        Ok(text) => text.parse().unwrap(),
        Err(_) if cfg!(debug_assertions) => acts / FEW,
        Err(_) => 1,
    }
}

#[test]
fn whichever_call_to_the_disk_goes_wrong_nothing_is_lost() {
    assert_eq!(lose_at_each(Durability::Sync), [0; 4]);
}

/// Where answers do not wait for the disk: what is lost goes with the machine or a sync that failed, and was never synced.
#[test]
fn whichever_call_goes_wrong_only_what_was_not_synced_is_lost() {
    let [_, refused_then_dark, torn, dark] = lose_at_each(Durability::Batch);
    assert!(
        refused_then_dark > 0 && dark > 0,
        "{refused_then_dark} {dark}"
    );
    println!("torn: {torn} lost");
}

/// How many records were lost by each sort of wrong.
fn lose_at_each(durability: Durability) -> [u64; 4] {
    let never = live(Wrong::Refused, u64::MAX, None, durability).unwrap();
    assert!(never.is_whole && never.acts > 300, "{never:?}");
    let step = step(never.acts);
    let mut lost = [0; 4];
    for (wrong, first) in Wrong::ALL.into_iter().zip(0..) {
        let since = Instant::now();
        let (mut met, mut deaths) = (0, 0);
        // Each sort begins elsewhere, so that what one passes over another meets.
        for nth in (first * step / 4..never.acts).step_by(step as usize) {
            let lived = live(wrong, nth, None, durability)
                .unwrap_or_else(|what| panic!("{wrong:?} at call {nth}: {what}"));
            assert!(!lived.is_whole, "{wrong:?} at call {nth} came never");
            met += 1;
            deaths += lived.deaths;
            lost[first as usize] += lived.lost;
        }
        println!(
            "{wrong:?}: {met} of {} boundaries, {deaths} deaths, {:.1} s",
            never.acts,
            since.elapsed().as_secs_f64()
        );
        // The keeper survives what fails it, and what is refused at the very end is not missed.
        assert!(
            deaths * 3 > met,
            "{wrong:?}: {deaths} deaths at {met} boundaries"
        );
    }
    lost
}

/// A disk that says that all is durable and does nothing: the same runs see it.
#[test]
fn a_disk_that_lies_is_seen() {
    for durability in [Durability::Sync, Durability::Batch] {
        let acts = live(Wrong::Refused, u64::MAX, None, durability);
        let acts = acts.unwrap().acts;
        for lie in [Lie::NoSync, Lie::LateSync, Lie::NoFolderSync] {
            let mut nths = (acts / 2..acts).step_by((acts / 20) as usize);
            let is_seen = nths.any(|nth| live(Wrong::Dark, nth, Some(lie), durability).is_err());
            assert!(is_seen, "{lie:?}, {}", durability.code());
        }
    }
}
