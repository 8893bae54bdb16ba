//! A distribution in few bytes: each latency that came, in microseconds, and how often, as differences of varying length.
//!
//! A second of a run leaves some hundred bytes instead of the 180 KiB of a whole histogram, and two of them are merged in
//! one pass. Exactly what an HdrHistogram holds, no less: [`Packed::latencies`] gives it back.

use super::latency::Latencies;

/// A distribution that is not added to any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed(Vec<u8>);

impl Packed {
    /// Packs a distribution.
    pub fn of(latencies: &Latencies) -> Packed {
        let mut packed = Packing::default();
        for (micros, count) in latencies.recorded() {
            packed.add(micros, count);
        }
        packed.done()
    }

    /// Both together.
    pub fn merged(&self, other: &Packed) -> Packed {
        let mut packed = Packing::default();
        let (mut left, mut right) = (self.counts().peekable(), other.counts().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(one), Some(two)) if one.0 == two.0 => {
                    let both = (one.0, one.1 + two.1);
                    left.next();
                    right.next();
                    both
                }
                (Some(one), Some(two)) if one.0 > two.0 => {
                    let two = *two;
                    right.next();
                    two
                }
                (Some(one), _) => {
                    let one = *one;
                    left.next();
                    one
                }
                (None, Some(two)) => {
                    let two = *two;
                    right.next();
                    two
                }
                (None, None) => return packed.done(),
            };
            packed.add(next.0, next.1);
        }
    }

    /// Each latency in microseconds with how often it came, rising.
    pub fn counts(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut bytes = self.0.as_slice();
        let mut micros = 0;
        std::iter::from_fn(move || {
            let step = number(&mut bytes)?;
            let count = number(&mut bytes)?;
            micros += step;
            Some((micros, count))
        })
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts().map(|(_, count)| count).sum()
    }

    /// So much of it was as fast, in milliseconds; `None` when there is nothing.
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let rank = ((quantile * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.counts()
            .find(|(_, count)| {
                seen += count;
                seen >= rank
            })
            .map(|(micros, _)| micros as f64 / 1_000.0)
    }

    /// The same as a histogram.
    pub fn latencies(&self) -> Latencies {
        let mut latencies = Latencies::default();
        for (micros, count) in self.counts() {
            latencies.add_micros(micros, count);
        }
        latencies
    }
}

/// A distribution while it is packed.
#[derive(Default)]
struct Packing {
    bytes: Vec<u8>,
    last: u64,
}

impl Packing {
    fn add(&mut self, micros: u64, count: u64) {
        self.number(micros - self.last);
        self.number(count);
        self.last = micros;
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn done(mut self) -> Packed {
        self.bytes.shrink_to_fit();
        Packed(self.bytes)
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn latencies(micros: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for &micros in micros {
            latencies.add(Duration::from_micros(micros));
        }
        latencies
    }

    proptest! {
        #[test]
        fn nothing_is_lost_on_the_way(
            one in proptest::collection::vec(1_u64..4_000_000_000, 0..60),
            two in proptest::collection::vec(1_u64..50_000, 0..60),
        ) {
            let (left, right) = (latencies(&one), latencies(&two));
            let (first, second) = (Packed::of(&left), Packed::of(&right));
            prop_assert_eq!(first.latencies().quantiles(), left.quantiles());
            let both: Vec<u64> = one.iter().chain(&two).copied().collect();
            let whole = latencies(&both);
            let merged = first.merged(&second);
            prop_assert_eq!(&merged, &second.merged(&first));
            prop_assert_eq!(&merged, &Packed::of(&whole));
            prop_assert_eq!(merged.count(), both.len() as u64);
            if !both.is_empty() {
                prop_assert_eq!(merged.quantile_ms(0.5), Some(whole.quantiles().p50_ms));
                prop_assert_eq!(merged.quantile_ms(0.99), Some(whole.quantiles().p99_ms));
            }
        }
    }

    #[test]
    fn a_busy_second_takes_few_bytes() {
        let second: Vec<u64> = (0..5_000).map(|nth| 800 + nth * nth % 4_000).collect();
        assert!(Packed::of(&latencies(&second)).0.len() < 8_000);
        assert_eq!(Packed::default().quantile_ms(0.5), None);
    }
}
