//! Figures over HTTP: sequence, state hash and conservation at one point, and how busy the way is.

use super::Shared;
use super::asking::WORKER;
use super::conduct::ConductFigures;
use super::query::Query;
use super::reply::{Answered, json};
use crate::channels::Outcome;
use crate::exchange::{Exchange, Pending};
use crate::figures::{Rates, Tally};
use crate::wire::{Problem, ProblemKind};
use axum::extract::{RawQuery, State};
use engine::city::contacts::ChannelKind;
use engine::histogram::Distribution;
use engine::id::ObjectHash;
use engine::moment::Moment;
use engine::runtime::port::Conservation;
use serde::Serialize;
use std::time::Duration;

/// How long the reading may wait.
const ANSWER_TIME: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Stats {
    version: &'static str,
    sequence: u64,
    now: Moment,
    clock: &'static str,
    durability: &'static str,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<ObjectHash>,
    conservation: Conservation,
    conservation_holds: bool,
    released: u64,
    durable: u64,
    queues: Queues,
    on_the_way: usize,
    snapshot: u64,
    disk: Disk,
    units: usize,
    rates: Rates,
    latency: Latency,
    conduct: ConductFigures,
    channels: Vec<ChannelJson>,
}

#[derive(Serialize)]
struct Queues {
    life: u32,
    urgent: u32,
    service: u32,
}

/// The disk that holds the journal.
#[derive(Serialize)]
struct Disk {
    free_bytes: u64,
    room: &'static str,
}

/// How long decisions of the last minute took, from the reading of the call to its answer on the way out.
#[derive(Serialize)]
struct Latency {
    /// `None` when there was none.
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    samples: u64,
}

/// One way to the people whom orders go to, since the start.
#[derive(Serialize)]
struct ChannelJson {
    channel: ChannelKind,
    told: u64,
    failed: u64,
    cancelled: u64,
    gave_way: u64,
    acknowledged: u64,
    waiting: u64,
    /// From the order until somebody was told; `None` when nobody was.
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// Read off by the writer with the hash of the whole state; with `hash=false` from the view, which costs the writer
/// nothing.
pub async fn stats(State(exchange): Shared, RawQuery(query): RawQuery) -> Answered {
    let mut query = Query::of(query.as_deref())?;
    let with_hash = query.flag("hash", true)?;
    query.finish()?;
    if !with_hash {
        let view = exchange.feed.view();
        let read = (view.sequence().0, view.now(), view.conservation());
        drop(view);
        return json(&stats_of(&exchange, read, None));
    }
    let mut pending = Pending::new(WORKER);
    let inspection = exchange.inspect(&mut pending);
    exchange.hand_over(&mut pending);
    match tokio::time::timeout(ANSWER_TIME, inspection).await {
        Ok(Ok(read)) => {
            let at = (read.sequence.0, read.now, read.conservation);
            json(&stats_of(&exchange, at, Some(read.hash)))
        }
        Ok(Err(_)) | Err(_) => {
            let detail = "the centre's state could not be read off in time";
            Err(Problem::new(ProblemKind::NotServing, detail)
                .retry_after_ms(1_000)
                .into())
        }
    }
}

fn stats_of(
    exchange: &Exchange,
    (sequence, now, conservation): (u64, Moment, Conservation),
    hash: Option<ObjectHash>,
) -> Stats {
    let [(_, life), (_, urgent), (_, service)] = exchange.depths();
    Stats {
        version: crate::VERSION,
        sequence,
        now,
        clock: exchange.running.clock().code(),
        durability: exchange.running.durability().code(),
        epoch: exchange.running.epoch(),
        hash,
        conservation,
        conservation_holds: conservation.holds(),
        released: exchange.running.told().0,
        durable: exchange.running.durable().0,
        queues: Queues {
            life,
            urgent,
            service,
        },
        on_the_way: exchange.on_the_way(),
        snapshot: exchange.running.kept().snapshot().0,
        disk: Disk {
            free_bytes: exchange.running.kept().free_bytes(),
            room: exchange.running.kept().room().code(),
        },
        units: exchange.feed.names().get().len(),
        rates: rates(exchange),
        latency: latency(exchange),
        conduct: exchange.feed.view().counters().into(),
        channels: ChannelKind::ALL
            .iter()
            .map(|&kind| channel(exchange, kind))
            .collect(),
    }
}

fn channel(exchange: &Exchange, channel: ChannelKind) -> ChannelJson {
    let figures = &exchange.channels.figures;
    let took = figures.took(channel).read();
    let counted = |outcome| figures.counted(channel, outcome);
    ChannelJson {
        channel,
        told: counted(Outcome::Told),
        failed: counted(Outcome::Failed),
        cancelled: counted(Outcome::Cancelled),
        gave_way: counted(Outcome::GaveWay),
        acknowledged: counted(Outcome::Acknowledged),
        waiting: figures.waiting(channel),
        p50_ms: quantile_ms(&took, 500),
        p99_ms: quantile_ms(&took, 990),
    }
}

fn rates(exchange: &Exchange) -> Rates {
    let figures = &exchange.figures;
    let tally: Tally = exchange.tally();
    figures.recent.rates(figures.uptime(), tally)
}

fn latency(exchange: &Exchange) -> Latency {
    let decisions = exchange.figures.recent.decisions();
    Latency {
        p50_ms: quantile_ms(&decisions, 500),
        p99_ms: quantile_ms(&decisions, 990),
        samples: decisions.total(),
    }
}

/// To the microsecond; finer than that nobody can tell.
fn quantile_ms(took: &Distribution, permille: u64) -> Option<f64> {
    let ns = took.quantile(permille)?;
    Some(ns.div_ceil(1_000) as f64 / 1_000.0)
}
