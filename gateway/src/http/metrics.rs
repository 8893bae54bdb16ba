//! What `/metrics` shows, in the OpenMetrics text format. Read off at each scrape; nothing is counted twice.
//!
//! `docs/metrics.md` explains every name, and a test holds it against a scrape. Labels come from closed vocabularies
//! alone: never an id, a name or a word of a caller. Here is how a metric is written; `way` tells of requests and records on
//! their way, `channels` of the people who are told, `field` of calls, orders and units, `conduct` of major incidents, `machine` of the process.

mod channels;
mod conduct;
mod field;
mod machine;
mod way;

use crate::exchange::Exchange;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::histogram::Distribution;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text::encode,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Answers a scrape.
pub async fn scrape(State(exchange): State<Arc<Exchange>>) -> Response {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Centre(exchange)));
    let mut text = String::with_capacity(64 * 1024);
    match encode(&mut text, &registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(fmt::Error) => (
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "metrics cannot be written\n",
        )
            .into_response(),
    }
}

struct Centre(Arc<Exchange>);

impl fmt::Debug for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Centre")
    }
}

impl Collector for Centre {
    fn encode(&self, encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut writer = Writer { encoder };
        let exchange = &*self.0;
        machine::write(&mut writer, exchange)?;
        way::write(&mut writer, exchange)?;
        channels::write(&mut writer, exchange)?;
        field::write(&mut writer, exchange)
    }
}

/// The labels of one value.
type Labels<'a, const N: usize> = [(&'a str, &'a str); N];

/// Writes metrics one after the other.
struct Writer<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Writer<'_> {
    /// Values of one gauge by labels.
    fn gauges<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, count) in values {
            ConstGauge::new(count as i64).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value as i64).encode(metric)
    }

    /// A gauge of a size in bytes or a time in seconds.
    fn measure(&mut self, name: &str, help: &str, unit: &Unit, value: f64) -> fmt::Result {
        let metric = self
            .encoder
            .encode_descriptor(name, help, Some(unit), MetricType::Gauge)?;
        ConstGauge::new(value).encode(metric)
    }

    /// Values of one counter by labels.
    fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, count) in values {
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(metric)
    }

    /// A counter of time, in seconds.
    fn durations_total(&mut self, name: &str, help: &str, spent: Duration) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let metric = self
            .encoder
            .encode_descriptor(name, help, unit, MetricType::Counter)?;
        ConstCounter::new(spent.as_secs_f64()).encode(metric)
    }

    /// Counters of time by one label, in seconds.
    fn durations_total_by<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, 1>, Duration)>,
    ) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut family = self
            .encoder
            .encode_descriptor(name, help, unit, MetricType::Counter)?;
        for (labels, spent) in values {
            let metric = family.encode_family(&labels)?;
            ConstCounter::new(spent.as_secs_f64()).encode(metric)?;
        }
        Ok(())
    }

    /// Distributions of durations by one label, in seconds.
    fn durations<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, 1>, Distribution)>,
    ) -> fmt::Result {
        self.durations_at(name, help, values, is_round)
    }

    /// The same of what takes milliseconds at the least, by fewer bounds.
    fn long_durations<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, 1>, Distribution)>,
    ) -> fmt::Result {
        self.durations_at(name, help, values, is_long_and_round)
    }

    fn durations_at<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, 1>, Distribution)>,
        is_shown: fn(u64) -> bool,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(
            name,
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (labels, distribution) in values {
            let metric = family.encode_family(&labels)?;
            write_distribution(metric, &distribution, 1e-9, is_shown)?;
        }
        Ok(())
    }

    /// A distribution of sizes.
    fn sizes(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        distribution: &Distribution,
    ) -> fmt::Result {
        let metric = self
            .encoder
            .encode_descriptor(name, help, unit, MetricType::Histogram)?;
        write_distribution(metric, distribution, 1.0, |_| true)
    }
}

/// 1, 2 and 5 of each decade: what is shown of the finer bounds that are counted by.
fn is_round(bound: u64) -> bool {
    let zeros = bound.max(1).ilog10();
    let unit = 10_u64.pow(zeros);
    bound.is_multiple_of(unit) && matches!(bound / unit, 1 | 2 | 5)
}

/// 1 and 5 of each decade, from a millisecond on.
fn is_long_and_round(bound_ns: u64) -> bool {
    let leading = bound_ns / 10_u64.pow(bound_ns.max(1).ilog10());
    bound_ns >= 1_000_000 && is_round(bound_ns) && leading != 2
}

fn write_distribution(
    mut metric: MetricEncoder<'_>,
    distribution: &Distribution,
    scale: f64,
    is_shown: impl Fn(u64) -> bool,
) -> fmt::Result {
    let mut shown = Vec::new();
    let mut count = 0;
    for (bound, more) in distribution.buckets() {
        count += more;
        if bound.is_none_or(&is_shown) {
            // By division where it shortens: 5_000 ns are 0.000005 s and not 0.000005000000000000001.
            let upper = bound.map_or(f64::INFINITY, |bound| bound as f64 / (1.0 / scale).round());
            shown.push((upper, std::mem::take(&mut count)));
        }
    }
    let sum = distribution.sum() as f64 * scale;
    metric.encode_histogram::<NoLabelSet>(sum, distribution.total(), &shown, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::histogram::{DURATIONS, Histogram};

    #[test]
    fn round_bounds_are_one_two_and_five_of_each_decade() {
        let round: Vec<_> = DURATIONS.iter().filter(|&&bound| is_round(bound)).collect();
        assert_eq!(round.len(), 3 * 9 + 1);
        assert_eq!(round[..4], [&100, &200, &500, &1_000]);
        let long: Vec<_> = DURATIONS
            .iter()
            .filter(|&&bound| is_long_and_round(bound))
            .collect();
        assert_eq!(long.len(), 2 * 5 + 1);
        assert_eq!(long[..3], [&1_000_000, &5_000_000, &10_000_000]);
    }

    /// What is shown is coarser than what is counted, and not a value is lost on the way.
    #[test]
    fn a_distribution_is_told_by_round_bounds_and_adds_up() {
        #[derive(Debug)]
        struct One(Distribution);
        impl Collector for One {
            fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
                let values = [([("stage", "decide")], self.0.clone())];
                Writer { encoder }.durations("t", "Times", values)
            }
        }
        let histogram = Histogram::of_durations();
        for ns in [150, 160, 4_900, 5_000, 5_001, 200_000_000_000] {
            histogram.record(ns);
        }
        let mut registry = Registry::default();
        registry.register_collector(Box::new(One(histogram.read())));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let value = |le: &str| {
            let named = text
                .lines()
                .filter_map(|line| line.strip_prefix("t_seconds_bucket{le=\""));
            let mut found = named.filter_map(|line| line.split_once("\",stage=\"decide\"} "));
            // As numbers, for there is more than one way to write a bound.
            let of = |bound: &str| bound.replace("+Inf", "inf").parse::<f64>().ok();
            found
                .find(|(bound, _)| of(bound) == of(le))
                .map(|(_, count)| count)
        };
        assert_eq!(value("1e-7"), Some("0"), "{text}");
        assert_eq!(value("2e-7"), Some("2"), "{text}");
        assert_eq!(value("5e-6"), Some("4"), "{text}");
        assert_eq!(value("0.00001"), Some("5"), "{text}");
        assert_eq!(value("100.0"), Some("5"), "{text}");
        assert_eq!(value("+Inf"), Some("6"), "{text}");
        assert!(text.contains("t_seconds_count{stage=\"decide\"} 6"));
    }
}
