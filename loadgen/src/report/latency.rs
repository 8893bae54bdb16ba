//! Latencies in HdrHistograms: how long answers took, in microseconds, with three digits kept.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// The longest latency that is told apart: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// Steps of a percentile table for each halving of what is left above.
const STEPS_PER_HALF: u32 = 10;

/// A distribution of latencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies(Option<Histogram<u64>>);

/// What people read of it, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Half were faster.
    pub p50_ms: f64,
    /// 90 in 100 were faster.
    pub p90_ms: f64,
    /// 99 in 100 were faster.
    pub p99_ms: f64,
    /// 999 in 1 000 were faster.
    pub p999_ms: f64,
    /// 9 999 in 10 000 were faster.
    pub p9999_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        // Fails only for bounds that are no bounds; these are.
        Latencies(Histogram::new_with_bounds(1, LONGEST_US, 3).ok())
    }
}

impl Latencies {
    /// Adds one; longer ones than an hour count as an hour.
    pub fn add(&mut self, latency: Duration) {
        if let Some(histogram) = &mut self.0 {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
            histogram.saturating_record(micros.max(1));
        }
    }

    /// The quantiles that a summary names.
    pub fn quantiles(&self) -> Quantiles {
        let Some(histogram) = &self.0 else {
            return Quantiles::default();
        };
        if histogram.is_empty() {
            return Quantiles::default();
        }
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Quantiles {
            count: histogram.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            p9999_ms: at(0.9999),
            max_ms: histogram.max() as f64 / 1_000.0,
        }
    }

    /// The mean in milliseconds; `None` when nothing was measured.
    pub fn mean_ms(&self) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.mean() / 1_000.0)
    }

    /// The latency in milliseconds that so large a share did not exceed, where so many more never came to an end; `None` when it is
    /// one of those, or nothing was measured.
    pub fn at_ms(&self, quantile: f64, unfinished: u64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        let count = histogram.len() as f64;
        // A hair less, so that 0.99 of 100 is the 99th and not, by a bit of rounding, the 100th.
        let rank = (quantile * (count + unfinished as f64) - 1e-6)
            .ceil()
            .max(1.0);
        (rank <= count).then(|| histogram.value_at_quantile(rank / count) as f64 / 1_000.0)
    }

    /// The whole distribution as CSV: at each percentile the latency, and how many were as fast. Finer towards 100.
    pub fn percentiles_csv(&self) -> String {
        let mut csv = String::from("percentile,latency_ms,count\n");
        let Some(histogram) = &self.0 else {
            return csv;
        };
        let mut count = 0;
        for step in histogram.iter_quantiles(STEPS_PER_HALF) {
            count += step.count_since_last_iteration();
            csv.push_str(&format!(
                "{},{},{count}\n",
                (step.quantile_iterated_to() * 1e8).round() / 1e6,
                step.value_iterated_to().min(histogram.max()) as f64 / 1_000.0,
            ));
        }
        csv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_added() {
        let mut latencies = Latencies::default();
        for micros in 1..=10_000 {
            latencies.add(Duration::from_micros(micros));
        }
        let quantiles = latencies.quantiles();
        assert_eq!(quantiles.count, 10_000);
        assert!((quantiles.p50_ms - 5.0).abs() < 0.01, "{quantiles:?}");
        assert!((quantiles.p99_ms - 9.9).abs() < 0.02, "{quantiles:?}");
        assert!((quantiles.max_ms - 10.0).abs() < 0.02, "{quantiles:?}");
        assert_eq!(Latencies::default().quantiles(), Quantiles::default());
    }

    #[test]
    fn the_percentile_table_rises_to_all_of_them() {
        let mut latencies = Latencies::default();
        for micros in 1..=10_000 {
            latencies.add(Duration::from_micros(micros));
        }
        let csv = latencies.percentiles_csv();
        let rows: Vec<Vec<f64>> = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
            .collect();
        assert!(rows.len() > 50, "{csv}");
        for pair in rows.windows(2) {
            let rises = pair[0].iter().zip(&pair[1]).all(|(one, next)| one <= next);
            assert!(rises, "{pair:?}");
        }
        assert_eq!(rows[rows.len() - 1][0], 100.0);
        assert_eq!(rows[rows.len() - 1][2], 10_000.0);
        let half = rows.iter().find(|row| row[0] >= 50.0).unwrap();
        assert!((half[1] - 5.0).abs() < 0.01, "{half:?}");
    }
}
