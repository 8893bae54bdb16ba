//! What `/metrics` shows, in the OpenMetrics text format. Read off at each scrape; nothing is counted twice.

use crate::exchange::Exchange;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::runtime::Health;
use engine::runtime::port::Conservation;
use engine::view::Counters;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text::encode};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Answers a scrape.
pub async fn scrape(State(exchange): State<Arc<Exchange>>) -> Response {
    let mut registry = Registry::with_prefix("liandong");
    registry.register_collector(Box::new(Centre(exchange)));
    let mut text = String::with_capacity(16 * 1024);
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
        writer.gateway(&self.0)?;
        let (counters, conservation) = {
            let view = self.0.feed.view();
            (view.counters().clone(), view.conservation())
        };
        writer.calls(&counters, &conservation)?;
        writer.orders(&counters)
    }
}

struct Writer<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Writer<'_> {
    /// Values of one gauge by the values of one label.
    fn gauges<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (value, count) in values {
            let at = [(label, value)];
            ConstGauge::new(count as i64).encode(family.encode_family(&at)?)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value as i64).encode(metric)
    }

    /// Values of one counter by the values of one label.
    fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, count) in values {
            let at = [(label, value)];
            ConstCounter::new(count).encode(family.encode_family(&at)?)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(metric)
    }

    fn gateway(&mut self, exchange: &Exchange) -> fmt::Result {
        let running = &exchange.running;
        self.gauges(
            "build",
            "The program that runs; always 1",
            "version",
            [(env!("CARGO_PKG_VERSION"), 1)],
        )?;
        let healthy = running.health() == Health::Running;
        self.gauge("healthy", "1 while the centre serves", u64::from(healthy))?;
        let [(_, life), (_, urgent), (_, service)] = exchange.depths();
        let depths = [("life", life), ("urgent", urgent), ("service", service)];
        let depths = depths.map(|(lane, depth)| (lane, u64::from(depth)));
        self.gauges(
            "queue_depth",
            "Requests that wait for the writer",
            "lane",
            depths,
        )?;
        self.gauge(
            "requests_on_the_way",
            "Requests without an answer yet",
            exchange.on_the_way() as u64,
        )?;
        self.gauge(
            "streams",
            "QUIC streams that are open",
            exchange.streams.load(Ordering::Relaxed) as u64,
        )?;
        self.gauge(
            "durable_sequence",
            "The last record that is durable",
            running.durable().0,
        )?;
        self.gauge(
            "released_sequence",
            "The last record that readers have heard of",
            running.told().0,
        )?;
        self.gauge(
            "epoch",
            "Which start of the centre this is",
            running.epoch(),
        )?;
        self.counter(
            "clock_jumps",
            "Forward steps of the clock of over 60 s",
            running.clock_jumps(),
        )?;
        self.counter(
            "replies_dropped",
            "Replies without room in their ring",
            running.replies_dropped(),
        )?;
        let refused = &exchange.refused;
        let at_the_door = [
            ("overloaded", &refused.overloaded),
            ("unreadable", &refused.unreadable),
            ("bad_field", &refused.bad),
            ("not_serving", &refused.not_serving),
        ];
        let at_the_door =
            at_the_door.map(|(reason, count)| (reason, count.load(Ordering::Relaxed)));
        self.counters(
            "turned_away",
            "Requests refused before they reached the core",
            "reason",
            at_the_door,
        )
    }

    fn calls(&mut self, counters: &Counters, conservation: &Conservation) -> fmt::Result {
        let outcomes = counters
            .outcomes
            .iter()
            .map(|(outcome, &count)| (outcome.code(), count));
        self.counters(
            "calls",
            "New calls by what became of them",
            "outcome",
            outcomes,
        )?;
        let refusals = counters
            .refusals
            .iter()
            .map(|(refusal, &count)| (refusal.code(), count));
        self.counters(
            "refusals",
            "Commands that the core did not carry out",
            "reason",
            refusals,
        )?;
        self.counter("keys_repeated", "Keys that came again", counters.repeated)?;
        self.counter(
            "keys_conflicting",
            "Keys that came again with another body",
            counters.conflicts,
        )?;
        self.counter(
            "calls_accepted",
            "Keys that were taken for the first time",
            conservation.accepted,
        )?;
        self.gauge(
            "conservation_holds",
            "1 while every accepted key is exactly one of decided and refused",
            u64::from(conservation.holds()),
        )?;
        self.gauge(
            "needs_waiting",
            "Needs that have no unit now",
            conservation.needs_waiting,
        )?;
        self.gauge(
            "incidents_open",
            "Incidents that are open now",
            conservation.incidents_open,
        )?;
        self.gauge(
            "orders_open",
            "Orders that are open now",
            conservation.orders_open,
        )
    }

    fn orders(&mut self, counters: &Counters) -> fmt::Result {
        self.counter(
            "orders_issued",
            "Orders that were issued",
            counters.orders_issued,
        )?;
        let moved = counters
            .orders_moved
            .iter()
            .map(|(state, &count)| (state.code(), count));
        self.counters(
            "orders_moved",
            "Orders by the state they came to",
            "state",
            moved,
        )?;
        let met = counters
            .clocks_met
            .iter()
            .map(|(clock, &count)| (clock.code(), count));
        self.counters("clocks_met", "Deadlines that were kept", "clock", met)?;
        let missed = counters
            .clocks_missed
            .iter()
            .map(|(clock, &count)| (clock.code(), count));
        self.counters("clocks_missed", "Deadlines that ran out", "clock", missed)?;
        let rungs = counters
            .rungs
            .iter()
            .map(|(rung, &count)| (rung.code(), count));
        self.counters(
            "ladder_rungs",
            "Rungs of the ladder that were climbed",
            "rung",
            rungs,
        )?;
        let ledger = counters
            .ledger
            .iter()
            .map(|(matter, &count)| (matter.code(), count));
        self.counters("ledger_entries", "Entries of the ledger", "matter", ledger)
    }
}
