//! A thousand commands, and one call to the disk that goes wrong: every one in turn, or every few of them where the tests
//! are not built for speed. `BOUNDARY_STEP=1` meets every one, `BOUNDARY_STEP=n` every n-th.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

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
    let never = live(Wrong::Refused, u64::MAX, None).unwrap();
    assert!(never.is_whole && never.acts > 300, "{never:?}");
    let step = step(never.acts);
    for (wrong, first) in Wrong::ALL.into_iter().zip(0..) {
        let since = Instant::now();
        let (mut met, mut deaths) = (0, 0);
        // Each sort begins elsewhere, so that what one passes over another meets.
        for nth in (first * step / 4..never.acts).step_by(step as usize) {
            let lived = live(wrong, nth, None)
                .unwrap_or_else(|what| panic!("{wrong:?} at call {nth}: {what}"));
            assert!(!lived.is_whole, "{wrong:?} at call {nth} came never");
            met += 1;
            deaths += lived.deaths;
        }
        println!(
            "{wrong:?}: {met} of {} boundaries, {deaths} deaths, {:.1} s",
            never.acts,
            since.elapsed().as_secs_f64()
        );
        // The keeper survives what fails it, and what is refused at the very end is not missed.
        assert!(
            deaths * 2 > met,
            "{wrong:?}: {deaths} deaths at {met} boundaries"
        );
    }
}

/// A disk that says that all is durable and does nothing: the same runs see it.
#[test]
fn a_disk_that_lies_is_seen() {
    let acts = live(Wrong::Refused, u64::MAX, None).unwrap().acts;
    for lie in [Lie::NoSync, Lie::LateSync, Lie::NoFolderSync] {
        let mut nths = (acts / 2..acts).step_by((acts / 20) as usize);
        let is_seen = nths.any(|nth| live(Wrong::Dark, nth, Some(lie)).is_err());
        assert!(is_seen, "{lie:?}");
    }
}
