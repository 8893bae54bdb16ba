//! Wakes the thread that sends, as near to the instant as the machine can.
//!
//! A plain sleep on Linux ends 50 µs late by design (the timer slack) and some more by the way to the processor. The slack is
//! taken away; and where at least two cores stay free beside those that work, the last bit is waited for awake. With fewer cores that
//! would take from the centre what it gives to the generator, so there it sleeps. What is late all the same is measured and
//! told, never hidden.

use std::time::{Duration, Instant};

/// What a sleep without slack is late by on a quiet machine, and a little more.
const AWAKE: Duration = Duration::from_micros(60);
/// Cores from which on one may be kept busy with waiting: the sender's own, two for answers, one for all others.
const CORES_TO_SPARE: usize = 4;

/// Waits until instants come.
#[derive(Clone, Copy, Debug)]
pub struct Alarm {
    awake: Duration,
}

impl Alarm {
    /// For the thread that asks, which must be the one that waits.
    pub fn of_this_thread() -> Alarm {
        take_slack_away();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let awake = if cores >= CORES_TO_SPARE {
            AWAKE
        } else {
            Duration::ZERO
        };
        Alarm { awake }
    }

    /// Returns at this instant, or a little later; at once when it is past.
    pub fn wait_until(self, instant: Instant) {
        let left = instant.saturating_duration_since(Instant::now());
        if left > self.awake {
            std::thread::sleep(left - self.awake);
        }
        while Instant::now() < instant {
            std::hint::spin_loop();
        }
    }
}

/// Where it cannot be done, sleeps are a little later.
#[cfg(target_os = "linux")]
fn take_slack_away() {
    let least = std::num::NonZeroU64::MIN;
    if let Err(error) = rustix::thread::set_current_timer_slack(Some(least)) {
        eprintln!("liandong-load: sleeps may end 0.05 ms late: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
const fn take_slack_away() {}

#[cfg(test)]
mod tests {
    use super::*;

    /// It never returns early, whether it sleeps all the time or waits the last bit awake.
    #[test]
    fn it_is_never_early() {
        for awake in [Duration::ZERO, AWAKE] {
            let alarm = Alarm { awake };
            for wait_us in [0, 10, 70, 900, 2_500] {
                let instant = Instant::now() + Duration::from_micros(wait_us);
                alarm.wait_until(instant);
                assert!(Instant::now() >= instant, "{wait_us}");
            }
        }
    }
}
