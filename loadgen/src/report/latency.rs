//! Latencies in HdrHistograms: how long answers took, in microseconds, with three digits kept.
//!
//! As quantiles, as CSV, and as the text that HdrHistogram's own plotter reads (`.hgrm`). [`packed`](super::packed) keeps
//! one in few bytes.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest latency that is told apart: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// Steps of a percentile table for each halving of what is left above.
const STEPS_PER_HALF: u32 = 10;

/// The same in a text of percentiles; what HdrHistogram's own tools write.
const HGRM_STEPS_PER_HALF: u32 = 5;
/// Of three digits: the power of two above 2 × 10³; and how often that is doubled to hold [`LONGEST_US`].
const SUB_BUCKETS: u64 = 2_048;
const BUCKETS: u32 = (LONGEST_US / SUB_BUCKETS).ilog2() + 2;

/// A distribution of latencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies(Option<Histogram<u64>>);

/// What people read of it, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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

    /// Adds one so many times, in microseconds.
    pub fn add_micros(&mut self, micros: u64, count: u64) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record_n(micros.max(1), count);
        }
    }

    /// Adds all that another has.
    pub fn merge(&mut self, other: &Latencies) {
        for (micros, count) in other.recorded() {
            self.add_micros(micros, count);
        }
    }

    /// What was added since an earlier state of this one.
    pub fn since(&self, earlier: &Latencies) -> Latencies {
        let mut since = self.clone();
        if let (Some(now), Some(before)) = (&mut since.0, &earlier.0)
            && now.subtract(before).is_err()
        {
            // No earlier state of this one: nothing can be said of the time between.
            now.reset();
        }
        since
    }

    /// Each latency that came, in microseconds, and how often; rising.
    pub fn recorded(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let histogram = self.0.iter();
        histogram.flat_map(|histogram| {
            let steps = histogram.iter_recorded();
            steps.map(|step| (step.value_iterated_to(), step.count_at_value()))
        })
    }

    /// The histogram itself, in microseconds.
    pub fn histogram(&self) -> Option<&Histogram<u64>> {
        self.0.as_ref()
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

    /// The distribution in milliseconds as HdrHistogram's own text of percentiles, which its plotter reads.
    pub fn hgrm(&self) -> String {
        let mut text = format!(
            "{:>12} {:>14} {:>10} {:>14}\n\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        );
        let Some(histogram) = &self.0 else {
            return text;
        };
        let ms = |micros: f64| micros / 1_000.0;
        let mut count = 0;
        for step in histogram.iter_quantiles(HGRM_STEPS_PER_HALF) {
            count += step.count_since_last_iteration();
            let value = ms(step.value_iterated_to().min(histogram.max()) as f64);
            let quantile = step.quantile_iterated_to();
            text.push_str(&format!("{value:>12.3} {quantile:>2.12} {count:>10}"));
            if quantile < 1.0 {
                text.push_str(&format!(" {:>14.2}", 1.0 / (1.0 - quantile)));
            }
            text.push('\n');
        }
        text.push_str(&format!(
            "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]\n#[Max     = {:>12.3}, Total count    = {:>12}]\n\
             #[Buckets = {:>12}, SubBuckets     = {:>12}]\n",
            ms(histogram.mean()),
            ms(histogram.stdev()),
            ms(histogram.max() as f64),
            histogram.len(),
            BUCKETS,
            SUB_BUCKETS,
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

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

    /// At the latencies of a quick centre, 0.1 to 20 ms, held against the nearest rank of the times themselves.
    #[test]
    fn percentiles_of_short_latencies_are_right_within_one_percent() {
        let mut random = Random::new(5);
        for (least_ns, most_ns) in [(100_000, 20_000_000), (100_000, 1_000_000)] {
            let mut latencies = Latencies::default();
            // As logarithms evenly spread, so that short ones are many.
            let span = (most_ns as f64 / least_ns as f64).ln();
            let mut times: Vec<Duration> = (0..20_000)
                .map(|_| least_ns as f64 * (span * random.fraction()).exp())
                .map(|ns| Duration::from_nanos(ns as u64))
                .collect();
            times.iter().for_each(|&time| latencies.add(time));
            times.sort();
            let quantiles = latencies.quantiles();
            let told = [
                (0.5, quantiles.p50_ms),
                (0.9, quantiles.p90_ms),
                (0.99, quantiles.p99_ms),
                (0.999, quantiles.p999_ms),
            ];
            for (quantile, summed_ms) in told {
                let rank = (quantile * times.len() as f64).ceil() as usize;
                let was_ms = times[rank - 1].as_secs_f64() * 1_000.0;
                for told_ms in [summed_ms, latencies.at_ms(quantile, 0).unwrap()] {
                    let off = told_ms / was_ms - 1.0;
                    assert!(off.abs() <= 0.01, "{quantile}: {told_ms} of {was_ms} ms");
                }
            }
        }
    }

    #[test]
    fn the_text_of_percentiles_is_what_the_plotter_reads() {
        let mut latencies = Latencies::default();
        for micros in 1..=10_000 {
            latencies.add(Duration::from_micros(micros));
        }
        let text = latencies.hgrm();
        assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
        // The plotter takes every line of four numbers: value and 1/(1-percentile).
        let points: Vec<Vec<f64>> = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.contains("Value"))
            .map(|line| {
                let cells = line.split_whitespace();
                cells.map(|cell| cell.parse().unwrap()).collect()
            })
            .filter(|cells: &Vec<f64>| cells.len() == 4)
            .collect();
        assert!(points.len() > 20, "{text}");
        for point in &points {
            assert!((point[3] - 1.0 / (1.0 - point[1])).abs() <= 0.005 * point[3]);
            assert!((point[0] - point[1] * 10.0).abs() < 0.02 * point[0].max(1.0));
        }
        let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        assert_eq!(last.split_whitespace().count(), 3, "{last}");
        assert!(text.contains("Total count    =        10000]"), "{text}");
        assert!(text.ends_with("#[Buckets =           22, SubBuckets     =         2048]\n"));
    }

    #[test]
    fn what_was_added_since_is_the_difference() {
        let mut latencies = Latencies::default();
        latencies.add(Duration::from_millis(900));
        let earlier = latencies.clone();
        latencies.add(Duration::from_millis(3));
        let since = latencies.since(&earlier).quantiles();
        assert_eq!(since.count, 1);
        assert!((since.max_ms - 3.0).abs() < 0.01, "{since:?}");
        assert_eq!(earlier.since(&latencies).quantiles().count, 0);
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
