//! How often values came, in buckets that are fixed for ever: what a stage took, how large a group was.
//!
//! Counted in atomics, so that whoever counts never waits for whoever reads, and memory never grows. It holds whole
//! numbers in the caller's unit (nanoseconds, records, bytes), reads no clock and decides nothing. Who measures what is in
//! `runtime::Measures` and in the gateway's figures.

use std::sync::atomic::{AtomicU64, Ordering};

/// Twenty steps a decade, each at most a seventh above the last: the preferred numbers R20 of ISO 3, rounded.
const STEPS: [u64; 20] = [
    100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800,
    900,
];
/// Decades from 100 ns to 100 s.
const DECADES: usize = 9;

/// Upper bounds for durations in nanoseconds, from 100 ns to 100 s.
pub static DURATIONS: [u64; STEPS.len() * DECADES + 1] = durations();

/// Upper bounds for how many there are in a group, from 1 to 65 536.
pub static COUNTS: [u64; 17] = powers(1, 1);

/// Upper bounds for sizes in bytes, from 512 B to 128 MiB.
pub static BYTES: [u64; 10] = powers(512, 2);

const fn durations() -> [u64; STEPS.len() * DECADES + 1] {
    let mut bounds = [0; STEPS.len() * DECADES + 1];
    let (mut index, mut decade) = (0, 1);
    while index < bounds.len() {
        bounds[index] = STEPS[index % STEPS.len()] * decade;
        index += 1;
        if index % STEPS.len() == 0 {
            decade *= 10;
        }
    }
    bounds
}

/// `first`, and each `2^doublings` times the one before.
const fn powers<const N: usize>(first: u64, doublings: u32) -> [u64; N] {
    let mut bounds = [first; N];
    let mut index = 1;
    while index < N {
        bounds[index] = bounds[index - 1] << doublings;
        index += 1;
    }
    bounds
}

/// Values by bucket; a value belongs to the first bound that is not below it.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Nothing counted yet; the bounds rise.
    pub fn of(bounds: &'static [u64]) -> Histogram {
        assert!(bounds.is_sorted(), "the bounds of a histogram rise");
        Histogram {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Nothing counted yet, of [`DURATIONS`].
    pub fn of_durations() -> Histogram {
        Histogram::of(&DURATIONS)
    }

    /// Counts one value.
    pub fn record(&self, value: u64) {
        self.record_shared(value, 1);
    }

    /// Counts `times` values that are `total` together: each as the mean of them. Two additions, however many there are.
    pub fn record_shared(&self, total: u64, times: u64) {
        let Some(each) = total.checked_div(times) else {
            return;
        };
        let bucket = self.bounds.partition_point(|&bound| bound < each);
        // Relaxed: nothing is published by a count.
        self.counts[bucket].fetch_add(times, Ordering::Relaxed);
        self.sum.fetch_add(total, Ordering::Relaxed);
    }

    /// Forgets all. What is being counted meanwhile may be lost or kept.
    pub fn clear(&self) {
        self.counts
            .iter()
            .for_each(|count| count.store(0, Ordering::Relaxed));
        self.sum.store(0, Ordering::Relaxed);
    }

    /// What was counted, read off.
    pub fn read(&self) -> Distribution {
        Distribution {
            bounds: self.bounds,
            counts: self
                .counts
                .iter()
                .map(|count| count.load(Ordering::Relaxed))
                .collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// What a histogram had counted when it was read off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    bounds: &'static [u64],
    counts: Vec<u64>,
    sum: u64,
}

impl Distribution {
    /// The sum of all values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// How many values there are.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each bound with how many values belong to it alone; the last without a bound.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }

    /// The same with what another one of the same bounds counted.
    #[must_use]
    pub fn with(mut self, other: &Distribution) -> Distribution {
        assert_eq!(
            self.bounds, other.bounds,
            "only values of one kind add up to one distribution"
        );
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum += other.sum;
        self
    }

    /// The value that so many of a thousand do not exceed, interpolated in its bucket; at most the highest bound. `None`
    /// when nothing was counted.
    pub fn quantile(&self, permille: u64) -> Option<u64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let rank = (total * permille.min(1_000)).div_ceil(1_000).max(1);
        let (mut below, mut lower) = (0, 0);
        for (bound, count) in self.buckets() {
            let Some(upper) = bound else { break };
            if below + count >= rank {
                let share = u128::from(upper - lower) * u128::from(rank - below);
                return Some(lower + (share / u128::from(count)) as u64);
            }
            (below, lower) = (below + count, upper);
        }
        Some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_durations_are_round_and_close() {
        assert_eq!(DURATIONS.first(), Some(&100));
        assert_eq!(DURATIONS.last(), Some(&100_000_000_000));
        assert!(DURATIONS.contains(&5_000_000) && DURATIONS.contains(&2_000));
        for pair in DURATIONS.windows(2) {
            assert!(
                pair[0] < pair[1] && pair[1] * 100 <= pair[0] * 115,
                "{pair:?}"
            );
        }
        assert_eq!((COUNTS[16], BYTES[9]), (65_536, 128 << 20));
    }

    #[test]
    fn a_value_belongs_to_the_first_bound_that_is_not_below_it() {
        static BOUNDS: [u64; 2] = [10, 20];
        let histogram = Histogram::of(&BOUNDS);
        for value in [0, 10, 11, 20, 21, u64::MAX / 8] {
            histogram.record(value);
        }
        let read = histogram.read();
        let buckets: Vec<_> = read.buckets().collect();
        assert_eq!(buckets, [(Some(10), 2), (Some(20), 2), (None, 2)]);
        assert_eq!(read.sum(), 62 + u64::MAX / 8);
        histogram.clear();
        assert_eq!((histogram.read().total(), histogram.read().sum()), (0, 0));
    }

    #[test]
    fn values_that_share_a_time_are_counted_each_and_summed_exactly() {
        let histogram = Histogram::of_durations();
        histogram.record_shared(1_003, 10);
        histogram.record_shared(77, 0);
        let read = histogram.read();
        assert_eq!((read.total(), read.sum()), (10, 1_003));
        let full: Vec<_> = read.buckets().filter(|&(_, count)| count > 0).collect();
        assert_eq!(full, [(Some(100), 10)]);
    }

    /// Against the obvious way: sort all, take the one at the rank.
    #[test]
    fn a_quantile_is_within_a_step_of_the_sorted_values() {
        let histogram = Histogram::of_durations();
        let mut values: Vec<u64> = (1..=5_000_u64).map(|n| 1_000 + n * n * 37).collect();
        values.iter().for_each(|&value| histogram.record(value));
        values.sort_unstable();
        let read = histogram.read();
        for permille in [1, 10, 500, 900, 990, 999, 1_000] {
            let rank = (values.len() * permille as usize).div_ceil(1_000).max(1);
            let exact = values[rank - 1];
            let told = read.quantile(permille).unwrap();
            assert!(
                told * 100 <= exact * 115 && exact * 100 <= told * 115,
                "{permille}: {told}, not {exact}"
            );
        }
        assert_eq!(Histogram::of_durations().read().quantile(500), None);
    }

    #[test]
    fn what_is_above_all_bounds_is_told_as_the_highest() {
        let histogram = Histogram::of_durations();
        histogram.record(u64::MAX / 2);
        assert_eq!(histogram.read().quantile(990), Some(100_000_000_000));
        let both = histogram.read().with(&histogram.read());
        assert_eq!(both.total(), 2);
    }
}
